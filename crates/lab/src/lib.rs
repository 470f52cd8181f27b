//! A hall: what a lab file describes, enumerated.
#![cfg_attr(test, allow(clippy::unwrap_used))]

mod hall;

pub use hall::{Hall, Mover};
