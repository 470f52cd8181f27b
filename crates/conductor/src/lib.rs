//! Carries the plans of a hall out, and reacts to what happens.
//!
//! - [`Conductor`]: a deterministic state machine without I/O. [`Conductor::step`] takes one
//!   [`Input`] at a moment and gives [`Effect`]s; [`Conductor::next_wake`] says when it wants to be
//!   called if nothing happens before.
//! - [`Shell`]: performs its commands through a [`bus::Driver`], keeps inputs and effects in a
//!   [`journal::Journal`], and lets a [`Customer`] hand in orders and hear what became of them.
//! - [`record`]: what the journal holds of both.
//!
//! # Why the hall is never stuck
//!
//! Four rules, kept by the types of `reservations` and checked by [`Conductor::check_invariants`]:
//!
//! 1. A plate leaves a nest only with a promised nest to come to, which is empty, or is being left
//!    by a plate that needs nothing more but the arm. So a mover that carries a plate always gets rid
//!    of it, and an arm that holds one does.
//! 2. Every plate has a home in a hotel that is kept free for it. So a plate that waits too long for
//!    its next nest is cleared home, and gives its own nest free; a circle of plates, each waiting for
//!    the nest of the next, does not last.
//! 3. A mover keeps a berth only while it is served there: an idle one is sent to park when the berth
//!    is needed, an empty one makes room for a loaded one, a loaded one that has nowhere to go waits
//!    in a parking berth. A mover is given up by a plate that has no nest to go to. Traffic control
//!    does the rest (see [`transport::traffic`]).
//! 4. Every command has a deadline. What is in doubt after it is asked about, and what nobody can
//!    tell is for a person, who always comes. A plate behind a broken device waits for that person,
//!    and nobody waits for that plate: others are planned round it, or wait in their homes.
#![cfg_attr(test, allow(clippy::unwrap_used))]

mod admission;
mod ahead;
mod arms;
mod believed;
mod carried;
mod commands;
mod compile;
mod conductor;
mod counters;
mod crew;
mod customer;
mod dated;
mod doubts;
mod durations;
mod effect;
mod families;
mod faults;
mod forecast;
mod health;
mod in_turn;
mod input;
mod invariants;
mod legs;
pub mod limits;
mod movers;
mod order;
mod persons;
mod placing;
mod queue;
pub mod record;
mod repair;
mod reservations;
mod rest;
mod ride;
mod shell;
mod shop;
mod spare;
mod stations;
mod stock;
mod stuck;
mod timers;
mod turns;
mod waits;
mod ways;
mod work;

pub use conductor::{Conductor, HallError};
pub use counters::Counters;
pub use customer::{Customer, Note, Turn};
pub use effect::{Effect, Ending, FaultEnd, FaultHandled};
pub use forecast::{Forecast, Planned, Refused, forecast};
pub use input::Input;
pub use shell::{Shell, ShellError, Stop};
