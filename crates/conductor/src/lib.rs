//! Carries the plans of a hall out, and reacts to what happens.
//!
//! - [`Conductor`]: a deterministic state machine without I/O. [`Conductor::step`] takes one
//!   [`Input`] at a moment and gives [`Effect`]s; [`Conductor::next_wake`] says when it wants to be
//!   called if nothing happens before.
//! - [`Shell`]: performs its commands through a [`bus::Driver`], keeps inputs and effects in a
//!   [`journal::Journal`], and lets a [`Customer`] hand in orders and hear what became of them.
#![cfg_attr(test, allow(clippy::unwrap_used))]

mod admission;
mod arms;
mod believed;
mod commands;
mod compile;
mod conductor;
mod counters;
mod customer;
mod doubts;
mod effect;
mod faults;
mod health;
mod input;
mod invariants;
mod legs;
pub mod limits;
mod movers;
mod order;
mod persons;
pub mod record;
mod repair;
mod reservations;
mod ride;
mod shell;
mod shop;
mod stations;
mod stock;
mod timers;
mod waits;
mod work;

pub use conductor::{Conductor, HallError};
pub use counters::Counters;
pub use customer::{Customer, Note, Turn};
pub use effect::{Effect, Ending, FaultEnd, FaultHandled};
pub use input::Input;
pub use shell::{Shell, ShellError, Stop};
