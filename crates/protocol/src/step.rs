//! Protocols: the steps that a plate goes through.

use crate::Operation;
use labware::LabwareType;
use quantity::{Duration, StepId};
use std::sync::Arc;

/// The begin or the end of a step: an operation begins when the instrument starts it with the plate
/// in its nest, and ends when the instrument is done with it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Edge {
    /// The instrument starts.
    Begin,
    /// The instrument is done.
    End,
}

/// A limit on the time between two edges of steps: `min <= time(to) - time(from) <= max`.
///
/// A no-wait pair is a lag whose maximum is what transport needs; `nilo check` refuses one that
/// transport alone breaks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Lag {
    /// The earlier edge.
    pub from: (StepId, Edge),
    /// The later edge.
    pub to: (StepId, Edge),
    /// At least this long.
    pub min: Duration,
    /// At most this long, if there is a limit.
    pub max: Option<Duration>,
}

/// One step: an operation on the plate.
#[derive(Clone, Debug, PartialEq)]
pub struct Step {
    /// Its place in the protocol.
    pub id: StepId,
    /// Its name in the file, unique in the protocol.
    pub name: Arc<str>,
    /// What is done.
    pub operation: Operation,
    /// The steps that must have ended before it begins.
    pub after: Vec<StepId>,
    /// The name of the worklist that each order brings for it, for a step that puts liquid in.
    pub worklist: Option<Arc<str>>,
    /// The name under which what it measures is kept, for a step that measures.
    pub reading: Option<Arc<str>>,
}

/// What a plate goes through: steps as a directed acyclic graph, with lags.
///
/// A plate is in one place at a time, so the steps of one plate run one after another in the order
/// of [`Protocol::steps`], which is a topological order of `after`.
#[derive(Clone, Debug, PartialEq)]
pub struct Protocol {
    /// Its name.
    pub name: Arc<str>,
    /// The labware that it runs on.
    pub labware: Arc<LabwareType>,
    /// Steps in a topological order; `steps[i].id == StepId(i)`.
    pub steps: Vec<Step>,
    /// Limits between steps.
    pub lags: Vec<Lag>,
}

impl Protocol {
    /// The step with this id.
    #[must_use]
    pub fn step(&self, id: StepId) -> Option<&Step> {
        self.steps.get(id.index())
    }

    /// The step with this name.
    #[must_use]
    pub fn named(&self, name: &str) -> Option<&Step> {
        self.steps.iter().find(|step| &*step.name == name)
    }
}
