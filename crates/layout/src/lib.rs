//! Where things stand: the quadratic assignment problem.
#![cfg_attr(test, allow(clippy::unwrap_used))]

pub mod qap;
