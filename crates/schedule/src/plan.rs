//! What the planner answers.

use crate::job::{Edge, Lag};
use quantity::{Duration, Instant, OrderId};

/// One stay of a plate in a machine, with the leg that brings it there.
///
/// The slot is held from `begin - load` to `end + unload`, the mover of the leg from `leg_start` to
/// `begin`, the arm (and the door) during `[begin - load, begin)` and `[end, end + unload)`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Visit {
    /// Index of the task in the job.
    pub task: usize,
    /// Index of the machine.
    pub machine: usize,
    /// The slot. It may still change until the plate is put there: read it when the arm is told.
    pub slot: u32,
    /// When unloading where the plate was before begins.
    pub leg_start: Instant,
    /// When the plate is loaded and work begins.
    pub begin: Instant,
    /// When unloading begins; the next visit's `leg_start`.
    pub end: Instant,
    /// The run that the plate takes part in, where the machine takes its plates by the run.
    pub run: Option<Run>,
}

/// A run of a machine that takes its plates by the run ([`crate::Batch`]).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Run {
    /// Its number, the same for all plates in it.
    pub number: u32,
    /// When it starts: all of its plates are loaded, and the work begins.
    pub start: Instant,
}

/// The whole way of one plate.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct JobPlan {
    /// The order.
    pub job: OrderId,
    /// Its visits, one per task, past ones included.
    pub visits: Vec<Visit>,
    /// When its last task ends.
    pub finish: Instant,
}

/// What an order that was taken is promised.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Promise {
    /// The plan as it stands now.
    pub plan: JobPlan,
    /// It will be finished by then, unless something breaks: the planned finish, or the due time
    /// where that is later. No order taken later and no improvement moves the finish beyond it.
    pub finish: Instant,
}

/// Why an order is not taken. Nothing changed in the plan.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Refusal {
    /// It can be done, but not by its deadline.
    TooLate {
        /// What was asked.
        deadline: Instant,
        /// The earliest finish that can be promised now.
        earliest: Instant,
    },
    /// It can't be done in this shop as it is.
    Impossible(Why),
}

/// What makes an order impossible.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Why {
    /// The job names something that the shop has not: what it is.
    Unknown(String),
    /// Its own limits contradict one another with the travel times of the shop: the lags named
    /// can't all be kept, whatever the load. Empty if stay limits alone contradict.
    Contradiction(Vec<Lag>),
    /// Every machine that could do this task is down or gone for good.
    NoMachine {
        /// Index of the task.
        task: usize,
    },
    /// The plate is in a machine that is down: it can be reached when that is up again.
    Locked {
        /// Index of the machine.
        machine: usize,
    },
    /// No slot, mover or arm that it needs comes free before its own limits run out, because of what
    /// others hold for good (stored plates, machines down without an end).
    Crowded {
        /// Index of the task that finds no room.
        task: usize,
        /// Orders that hold what it needs.
        by: Vec<OrderId>,
    },
    /// There is no mover left to carry it.
    NoMover,
}

/// A limit that reality has broken or will break: it could not be kept by any repair that was found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BrokenLag {
    /// The order.
    pub job: OrderId,
    /// Which limit.
    pub limit: Limit,
    /// The most that was allowed.
    pub allowed: Duration,
    /// What it is now planned to be.
    pub planned: Duration,
}

/// A limit of a job's plan.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Limit {
    /// The maximum of a lag, by its edges.
    Lag {
        /// Counted from.
        from: (usize, Edge),
        /// Counted to.
        to: (usize, Edge),
    },
    /// The longest stay in the machine of a task.
    Stay {
        /// Index of the task.
        task: usize,
    },
    /// The longest wait on a mover on the leg to a task.
    MoverWait {
        /// Index of the task.
        task: usize,
    },
    /// The promised finish.
    Finish,
}

/// What a repair did.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Repair {
    /// Orders whose plan changed, in id order.
    pub moved: Vec<OrderId>,
    /// Limits that can't be kept any more, newly known.
    pub broken: Vec<BrokenLag>,
    /// Orders that can't go on, with the reason: their plan ends where the plate is. A person, or a
    /// return of what is missing, is needed; until then they hold the slot where they are.
    pub stranded: Vec<(OrderId, Why)>,
}
