//! Instances of others in the formats of their files, solutions, and an independent checker for each.
//! The formats of solutions are described in `FORMATS.md` beside this crate.

pub mod lab;
