//! What happens to a plate: operations, steps, lags; checked and compiled to a task graph.
//!
//! This crate describes; it does nothing. A [`Protocol`] is what a protocol file says, checked
//! against the vocabulary of capabilities; an [`Order`] is one protocol on one plate.
#![cfg_attr(test, allow(clippy::unwrap_used))]

mod operation;
mod order;
mod step;

pub use operation::{Operation, Params, Repeat, Transfer, Value, Worklist};
pub use order::Order;
pub use step::{Edge, Lag, Protocol, Step};
