//! What the conductor does and tells.

use bus::{Command, Device, Flag, Reading, Request};
use labware::Well;
use quantity::{
    CommandId, Duration, Instant, InstrumentId, OrderId, PersonTaskId, PlateId, StepId,
};
use std::fmt;
use std::sync::Arc;

/// One consequence of an input: a command to perform, or something that a customer, the report or
/// a person wants to know. Effects are journaled in the order in which they are given.
#[derive(Clone, Debug, PartialEq)]
pub enum Effect {
    /// A physical action to be performed by a driver.
    Command(Command),
    /// The order was taken: it will be finished by then, unless something breaks. Given again,
    /// with a later finish, when something did.
    Promise {
        /// The order.
        order: OrderId,
        /// When it will be finished.
        finish: Instant,
    },
    /// The order is not taken, and never will be: nothing of it was or will be done.
    Refused {
        /// The order.
        order: OrderId,
        /// Why, for a person.
        why: Arc<str>,
        /// The earliest finish that could be promised when it was refused for its deadline.
        earliest: Option<Instant>,
    },
    /// A step of the order began on an instrument.
    StepBegan {
        /// The order.
        order: OrderId,
        /// The step.
        step: StepId,
        /// Where.
        instrument: InstrumentId,
    },
    /// A step of the order was carried out. Its readings come first, as [`Effect::Reading`].
    StepDone {
        /// The order.
        order: OrderId,
        /// The step.
        step: StepId,
        /// Where.
        instrument: InstrumentId,
        /// When the operation began.
        began: Instant,
        /// When it ended.
        ended: Instant,
    },
    /// Something was measured on the order's plate.
    Reading {
        /// The order.
        order: OrderId,
        /// What was measured.
        reading: Reading,
    },
    /// Wells, or what is measured in them from now on, are marked.
    WellsFlagged {
        /// The order.
        order: OrderId,
        /// Its plate.
        plate: PlateId,
        /// The step at which it happened, if at one.
        step: Option<StepId>,
        /// The wells.
        wells: Vec<Well>,
        /// The mark.
        flag: Flag,
    },
    /// What these wells were to tell will never be known from this plate: whoever wants it has to
    /// ask for it again on a new plate. Given at most once for each well of a plate.
    WellsLost {
        /// The order.
        order: OrderId,
        /// Its plate.
        plate: PlateId,
        /// The wells.
        wells: Vec<Well>,
        /// Why, for a person.
        why: Arc<str>,
    },
    /// A lag of the order's protocol was broken: its wells are flagged as an effect that follows.
    LagBroken {
        /// The order.
        order: OrderId,
        /// Index of the lag in [`protocol::Protocol::lags`].
        lag: usize,
        /// Its limit: the maximum if `actual` is above it, else the minimum.
        allowed: Duration,
        /// What it was.
        actual: Duration,
    },
    /// A fault came to an end: it was recovered from, or given up on.
    FaultHandled(FaultHandled),
    /// The order came to an end. Nothing about it follows.
    OrderEnded {
        /// The order.
        order: OrderId,
        /// How.
        how: Ending,
    },
    /// A person is asked for something, by a command that follows.
    PersonTask {
        /// The task.
        task: PersonTaskId,
        /// What is asked.
        request: Request,
        /// Why, for the person.
        why: Arc<str>,
    },
    /// A person did what was asked.
    PersonTaskDone {
        /// The task.
        task: PersonTaskId,
    },
}

/// A fault, what was done about it, and how that ended.
#[derive(Clone, Debug, PartialEq)]
pub struct FaultHandled {
    /// Faults are numbered in the order in which they are noticed.
    pub id: u64,
    /// Its class, as [`bus::Fault::class`] names it.
    pub class: Arc<str>,
    /// The device that it came from, if from one.
    pub device: Option<Device>,
    /// The command that it struck, if one.
    pub command: Option<CommandId>,
    /// The order that it struck, if one.
    pub order: Option<OrderId>,
    /// What was done: `gripped again`, `other instrument`.
    pub recovery: Arc<str>,
    /// How that ended.
    pub ended: FaultEnd,
    /// When it was noticed.
    pub noticed: Instant,
}

/// How a fault ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum FaultEnd {
    /// The work goes on as if it had not been.
    Recovered,
    /// The work goes on with wells flagged, or by another instrument.
    Degraded,
    /// A person set it right.
    ByPerson,
    /// The plate went to quarantine or was lost.
    PlateGivenUp,
}

/// How an order ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Ending {
    /// All steps were carried out, and the plate was disposed of.
    Completed,
    /// Something is wrong with its plate, which waits in quarantine for a person or was taken out
    /// by one.
    Quarantined(Arc<str>),
    /// Its plate is lost.
    Lost(Arc<str>),
    /// It was cancelled, and its plate cleared away.
    Cancelled,
}

impl fmt::Display for Ending {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Ending::Completed => f.write_str("completed"),
            Ending::Quarantined(why) => write!(f, "quarantined: {why}"),
            Ending::Lost(why) => write!(f, "lost: {why}"),
            Ending::Cancelled => f.write_str("cancelled"),
        }
    }
}
