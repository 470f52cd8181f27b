//! Random halls, orders, faults, kills and replays against the twin: what must hold always.
#![cfg_attr(test, allow(clippy::unwrap_used))]

mod customer;

pub use customer::Batch;
