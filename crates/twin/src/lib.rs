//! A hall in virtual time: instruments, arms, movers, liquid, people, faults and natures.
//!
//! [`Twin`] is a [`bus::Driver`]: it performs the conductor's commands on a physical truth of its
//! own, which the conductor only learns of by reports. It has no clock: a moment comes in with
//! every call, and in between it jumps from event to event. Nothing in it is drawn from a running
//! stream: every draw follows from the seed, the command's id and the purpose, so the same commands
//! at the same moments give the same world, bit for bit.
//!
//! What is reported:
//! - [`bus::Report::Started`] for [`bus::Action::Perform`] only; arms, movers and people say
//!   nothing until they end.
//! - One final report for each command: `Done` or `Failed`; `TaskDone` for what a person was asked;
//!   `Status` for a query; `MoverStuck` for a ride that got stuck, `MoverStopped` for one that was
//!   halted (and `Done` for the halt, once it stands).
//! - Nothing from a device that is silent or whose station is gone: such commands never reached it
//!   ([`bus::Known::Never`]), and what it does meanwhile is not reported later unless it is asked.
//!
//! A plate that is placed into a nest of a waste falls through into the bin: it is
//! [`labware::Place::Outside`] and the nest is free again.
//!
//! Physical nonsense that is asked for happens physically and is noted in [`Twin::violations`].
#![cfg_attr(test, allow(clippy::unwrap_used))]

mod agenda;
mod arm;
mod config;
mod detect;
mod fault;
mod history;
mod liquid;
mod mover;
pub mod nature;
mod perform;
mod person;
mod physics;
mod plate;
mod query;
mod random;
mod read;
mod truth;
mod twin;
mod wheel;

pub use config::TwinConfig;
pub use detect::{DetectorConstants, DetectorPhysics};
pub use fault::{
    Answer, FaultKind, FaultPlan, FaultRates, InstrumentShares, Outage, Rule, StationLoss, Target,
    kind_of,
};
pub use history::{Breach, Fact, Violation, values_hash};
pub use liquid::wells_touched;
pub use physics::{DevicePhysics, LiquidPhysics, PeoplePhysics, Physics, PosePhysics};
pub use twin::Twin;
pub use wheel::Wheel;
