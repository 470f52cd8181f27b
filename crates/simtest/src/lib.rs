//! Random halls, orders, faults, kills and replays against the twin: what must hold always.
//!
//! [`check_seed`] makes a [`World`] from a number, runs it, and judges it: no two plates in one
//! place and none in no place, no irreversible operation twice, no lag broken without being told
//! and its wells flagged, no observation lost, every order ended in bounded time, a journal that
//! verifies and replays to the same state. A world with kills is run three times: whole; killed and
//! rebuilt from its journal, which must come to the same journal and the same physical history;
//! and with the conductor killed alone while the world goes on.
#![cfg_attr(test, allow(clippy::unwrap_used))]

mod customer;
mod judge;
mod run;
mod sweep;
mod told;
mod truth;
mod world;

pub use customer::{Batch, Told};
pub use run::{Failure, Summary, check_seed, tell};
pub use sweep::{Sweep, Swept, sweep};
pub use world::{ORDERS_MAX, STATIONS_MAX, TIME_MAX, World};
