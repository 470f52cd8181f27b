//! Plans orders on stations: lags, capacities, transport; insertion, repair, bounds, checker.
//!
//! Plain values in, a complete plan out: no clock, no input or output, no threads. The planner owns
//! the shop, the timetables of everything in it and the plan of every order:
//!
//! ```text
//! Planner::new(shop) -> Result<Planner, Why>
//! admit(&mut self, job: Job, now) -> Result<Promise, Refusal>      others' plans stay as they are
//! plan(&self, order) -> Option<&JobPlan>                           slots may change until put there
//! departed(order, at)              the first leg has begun (the plate left where it was on admission)
//! began(order, task, machine, slot, at)   loaded, work begins
//! ended(order, task, at)           unloading begins: the leg to the next task has begun
//! expect_begin(order, task, at)    the running leg will not end before `at`
//! expect_end(order, task, at)      the running task will not be done before `at`
//! machine_down(machine, now, until: Option<Instant>), machine_up(machine, now)
//! machine_added(Machine) -> usize, machine_removed(machine, now), movers_changed(movers)
//! refills() -> Vec<Refill>                         planned by itself: reported by began, ended, withdraw
//! stock_left(machine, stock, left, at)             what a machine says that it has
//! runs() -> Vec<SharedRun>, run_of(order, task)    of machines that take plates by the run
//! run_started(order, task, at)                     all that are in the machine take part
//! set_ups() -> Vec<(machine, Window)>              when machines are set up for unlike work
//! hold(machine, slot, from), release(machine, slot, at)            places taken by no order
//! withdraw(order, at)              ended, cancelled or quarantined: what it held from `at` on is free
//! repair(&mut self, now) -> Repair                 after any of the above: feasible again from `now`
//! improve(&mut self, now, effort: u64) -> bool     effort counts iterations, so the result is reproducible
//! forget_before(now)               drops the past from the timetables
//! ```
#![cfg_attr(test, allow(clippy::unwrap_used))]

mod bound;
pub mod checker;
pub mod formats;
mod grid;
mod job;
mod line;
mod net;
mod pattern;
mod plan;
mod planner;
mod profile;
mod shop;
pub mod solve;

pub use bound::{Bound, Limiting, bound};
pub use job::{Choice, Done, Edge, Job, Lag, Task, Where};
pub use plan::{BrokenLag, JobPlan, Limit, Promise, Refusal, Repair, Run, Visit, Why};
pub use planner::{Planner, Refill, SharedRun, StockLeft, Trace};
pub use shop::{
    Batch, FOREVER, Machine, STOCKS_MOST, Setups, Shop, StationNode, Stock, Travel, UNLIMITED,
    Window,
};
