//! What happens to a plate: operations, steps, lags; checked and compiled to a task graph.
//!
//! This crate describes; it does nothing.
//!
//! - [`vocabulary`]: the words for what can be done to a plate, and what each needs.
//! - [`ProtocolFile`]: a protocol file, read and checked, with the places in it.
//! - [`Protocol`]: what it says; an [`Order`] is one protocol on one plate.
//! - [`check_worklists`]: whether what an order puts into wells fits.
//! - [`timing`]: whether the times of a protocol can all be kept, by itself or in a hall.
#![cfg_attr(test, allow(clippy::unwrap_used))]

pub mod check;
mod draft;
mod file;
mod filling;
mod graph;
mod lags;
pub mod limits;
mod operation;
mod order;
mod params;
mod step;
pub mod timing;
pub mod vocabulary;

pub use file::{ProtocolFile, ProtocolPlaces, StepPlaces};
pub use filling::{FillError, check_worklists};
pub use operation::{Operation, Params, Repeat, Transfer, Value, Worklist};
pub use order::Order;
pub use step::{Edge, Lag, Protocol, Step};
