//! What instruments plug into: descriptors, capabilities, commands and their life, health.
//!
//! The bus never decides what to run, and never claims an outcome that it does not know.
#![cfg_attr(test, allow(clippy::unwrap_used))]

mod command;
mod descriptor;
mod driver;
mod report;

pub use command::{Action, Command, Companion, Device, Request, cover_after, list_wells};
pub use descriptor::{
    Arm, Batch, Between, Capability, Closed, Consumable, DurationModel, Instrument, Range, Role,
    Setup, Station, Use,
};
pub use driver::{Driver, Durability};
pub use report::{Fault, Flag, Known, Outcome, PoseError, Reading, Received, Report};
