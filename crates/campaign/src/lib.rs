//! The loop: ask, plate, order, conduct, analyse, control quality, tell.
