//! What is asked of the planner: one plate and its way through machines.

use crate::shop::STOCKS_MOST;
use quantity::{Duration, Instant, OrderId};
use std::sync::Arc;

/// One plate with the tasks that it goes through, in order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Job {
    /// The order that it carries out.
    pub id: OrderId,
    /// The earliest moment that its first leg may start.
    pub release: Instant,
    /// When it should be finished; a wish that weighs in improvement.
    pub due: Option<Instant>,
    /// When it must be finished: an order that can't be is refused, with the earliest time possible.
    pub deadline: Option<Instant>,
    /// Weight of lateness and order of repair: more is more urgent; 1 is usual.
    pub priority: u32,
    /// Where the plate is on admission.
    pub at: Where,
    /// What is done with it, in this order. The plate stays where its last task was.
    pub tasks: Vec<Task>,
    /// Least and most time between edges of tasks.
    pub lags: Vec<Lag>,
    /// The plate keeps its last slot after the last task until the job is withdrawn (storage).
    /// Otherwise it leaves the shop when the last task ends (waste, hand-over), and the slot is free.
    pub stays: bool,
    /// Tasks that are done or running on admission (after a restart), in order; empty if none.
    pub progress: Vec<Done>,
}

/// Where a plate is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Where {
    /// In a slot of a machine, which stays taken until the first leg has unloaded it.
    In {
        /// Index of the machine.
        machine: usize,
        /// The slot, below [`crate::Machine::slots`].
        slot: u32,
    },
    /// On a mover at a station (or on its way there); the mover stays taken until the leg ends.
    On {
        /// Index of the station.
        station: usize,
    },
    /// Outside: it comes in at a station by a mover that is not taken before `release`.
    Outside {
        /// Index of the station where it comes in.
        station: usize,
    },
    /// There is no plate: the only task is work on the machine itself (a refill, maintenance). It takes all
    /// places of the machine, and neither arm nor mover.
    Nowhere,
}

/// A stay of the plate in one machine.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Task {
    /// Machines that can do it; shared between the jobs of one protocol. Never empty.
    pub options: Arc<[Choice]>,
    /// The longest that the plate may be in the machine between the end of loading and the begin of
    /// unloading; `None` if it does no harm (it blocks the slot all the same).
    pub stay_max: Option<Duration>,
}

/// One machine that can do a task.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Choice {
    /// Index of the machine.
    pub machine: usize,
    /// The least time between the end of loading and the begin of unloading: the work itself.
    pub stay: Duration,
    /// The work may be done by this much before `stay` is over, where plans allow for slow work.
    /// Limits that count from the end of work ([`Edge::Done`]) hold for every end in between.
    pub early: Duration,
    /// Which work this is where the machine needs a set-up between unlike work
    /// ([`crate::Machine::setups`]); of no meaning elsewhere.
    pub family: u32,
    /// Pieces that the work takes of each of the machine's [`crate::Machine::stocks`], when the plate is
    /// put in. All tasks of a job together may use as much of a stock as it holds, not more.
    pub uses: [u32; STOCKS_MOST],
}

/// An edge of a task.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Edge {
    /// The plate is loaded; work begins.
    Begin,
    /// The work is done, the plate may stay: [`Choice::stay`] after the begin, or up to
    /// [`Choice::early`] before that. It depends on the machine that was chosen.
    Done,
    /// Unloading begins.
    End,
}

/// A least and a most time from one edge to another: `min <= time(to) - time(from) <= max`. Within one
/// task only the stay is limited: a lag between its begin and its being done says nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Lag {
    /// Index of the task and edge that it counts from.
    pub from: (usize, Edge),
    /// Index of the task and edge that it counts to.
    pub to: (usize, Edge),
    /// At least this.
    pub min: Duration,
    /// At most this, if it matters.
    pub max: Option<Duration>,
}

/// A task that has begun.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Done {
    /// Index of the machine.
    pub machine: usize,
    /// The slot in the machine.
    pub slot: u32,
    /// When the plate was loaded.
    pub begin: Instant,
    /// When unloading began; `None` while the plate is in the machine.
    pub end: Option<Instant>,
}
