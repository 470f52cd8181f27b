//! A hall in virtual time: instruments, arms, movers, liquid, faults and natures.
