//! Carries a schedule out and reacts to what happens: a state machine without I/O, and the shell that performs its commands.
