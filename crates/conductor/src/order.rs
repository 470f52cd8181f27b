//! The state of one order.

use crate::believed::Believed;
use crate::compile::Compiled;

use crate::reservations::Promised;
use bus::Device;
use labware::Place;
use protocol::{Edge, Order};
use quantity::{
    CommandId, Instant, InstrumentId, MoverId, NestId, OrderId, PersonTaskId, PlateId, StationId,
    StepId,
};
use std::sync::Arc;

/// Where the plate is to go in the end, if nothing changes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Goal {
    /// Through its steps, then to waste.
    Steps,
    /// To waste: it is not wanted any more.
    Cancelled,
    /// To quarantine: something is wrong with it.
    Quarantine(Arc<str>),
}

/// A plate's home: a nest in a hotel.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Home {
    pub hotel: InstrumentId,
    pub nest: NestId,
}

/// What an order is at.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Phase {
    /// It waits to be admitted.
    Queued,
    /// A person brings its plate.
    Bringing(PersonTaskId),
    /// Its plate stands in a nest, and nothing is done to it.
    Resting,
    /// Its plate is in the instrument that is to do its next step.
    Working(Work),
    /// Its plate is on its way from one nest to another, or a mover is on its way to it.
    Leg(Leg),
    /// A person takes its plate out of the hall.
    TakenAway(PersonTaskId),
}

/// A step on its instrument.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Work {
    pub instrument: InstrumentId,
    pub nest: NestId,
    pub stage: WorkStage,
    /// Times that this step was tried again here.
    pub tries: u8,
}

/// How far a step is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum WorkStage {
    /// It waits for its time, or for the instrument.
    Ready,
    /// The command runs.
    Running(CommandId),
    /// The instrument is reset before the step is tried again.
    Resetting(CommandId),
}

/// The way of a plate from one nest to another.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Leg {
    /// Where it starts: a nest, or a mover when the plate was sent elsewhere on its way.
    pub from: Place,
    /// What it is for.
    pub aim: Aim,
    /// The nest that it ends in, once promised.
    pub to: Option<Promised>,
    /// The mover, once there is one.
    pub mover: Option<MoverId>,
    pub stage: Stage,
    /// The arm's work in progress.
    pub handling: Option<Handling>,
    /// Times that the arm tried again.
    pub tries: u8,
    /// Times that a person serviced an arm for it.
    pub services: u8,
    /// When it called its mover.
    pub called: Instant,
    /// When its mover was there and it waited for its nest.
    pub waiting_since: Option<Instant>,
}

/// What a leg is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Aim {
    /// The visit of this task in this instrument.
    Visit {
        task: usize,
        instrument: InstrumentId,
    },
    /// Cleared away into its home.
    Home,
    /// Into a waste, not by plan.
    Waste(InstrumentId),
    /// Into a quarantine.
    Quarantine(InstrumentId),
}

/// How far a leg is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Stage {
    /// It needs a mover.
    Call,
    /// Its mover is to come to the dock.
    Approach,
    /// The mover is there, or none is needed: it waits for its time, its nest and the arm.
    Ready,
    /// The arm lifts the plate onto the mover, or straight into the nest.
    Lift,
    /// The plate is on the mover and has no way yet.
    Away,
    /// The mover runs to the dock (or to its parking berth, to wait there).
    Ride,
    /// At the dock: it waits for the nest to be empty and the arm.
    Arrived,
    /// The arm takes the plate from the mover into the nest.
    Lower,
}

/// What an arm is at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Handling {
    pub station: StationId,
    pub from: Place,
    pub to: Place,
    pub command: Option<CommandId>,
    /// The plate goes back where it came from, as its barcode is not right.
    pub back: bool,
}

/// A fault that has not come to its end.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct OpenFault {
    pub id: u64,
    pub class: Arc<str>,
    pub device: Option<Device>,
    pub command: Option<CommandId>,
    pub recovery: Arc<str>,
    pub noticed: Instant,
}

/// An order that was submitted and has not ended.
#[derive(Debug)]
pub(crate) struct OrderState {
    pub order: Arc<Order>,
    pub compiled: Arc<Compiled>,
    pub phase: Phase,
    pub goal: Goal,
    pub home: Option<Home>,
    /// The planner's task that is next to be visited.
    pub task: usize,
    /// The task that is the first of the planner's job: those before were done before it was planned
    /// anew.
    pub first: usize,
    /// The step that is next to be done.
    pub step: usize,
    /// When each step began and ended.
    pub edges: Vec<[Option<Instant>; 2]>,
    pub believed: Believed,
    pub scanned: bool,
    pub faults: Vec<OpenFault>,
    /// Whether the planner has it.
    pub planned: bool,
    /// The finish that was promised last.
    pub promised: Option<Instant>,
    /// Whether the planner was told that the plate left where its last task was.
    pub told_departed: bool,
    /// Whether the plate is in the instrument of its last visit, for that visit.
    pub visiting: bool,
    /// Times that its next step was moved to another instrument or begun again after service.
    pub moves: u8,
    /// It was admitted, and its plate has not left home yet.
    pub unbegun: bool,
    /// It is to be cleared away home before anything else.
    pub clear: bool,
    /// The planner's machine and slot that is held for the plate although it is not planned.
    pub hold: Option<(usize, u32)>,
}

impl OrderState {
    pub fn id(&self) -> OrderId {
        self.order.id
    }

    pub fn plate(&self) -> PlateId {
        self.order.plate
    }

    /// When an edge of a step was, if it was.
    pub fn edge(&self, step: StepId, edge: Edge) -> Option<Instant> {
        let at = match edge {
            Edge::Begin => 0,
            Edge::End => 1,
        };
        self.edges.get(step.index()).and_then(|edges| edges[at])
    }

    /// The index of its next task in the planner's job.
    pub fn planned_task(&self) -> usize {
        self.task - self.first
    }

    /// Whether all steps are done.
    pub fn all_done(&self) -> bool {
        self.step >= self.order.protocol.steps.len()
    }
}
