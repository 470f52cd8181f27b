//! What is counted.

use quantity::Duration;

/// Counts since the start of the run.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Counters {
    /// Inputs taken.
    pub inputs: u64,
    /// Commands issued.
    pub commands: u64,
    /// Orders handed in.
    pub submitted: u64,
    /// Orders that completed.
    pub completed: u64,
    /// Orders that ended otherwise.
    pub ended_otherwise: u64,
    /// Orders that were refused.
    pub refused: u64,
    /// Steps carried out.
    pub steps: u64,
    /// Runs of instruments that work on several plates at once.
    pub shared_runs: u64,
    /// Plates in those.
    pub shared_plates: u64,
    /// Legs from nest to nest completed.
    pub legs: u64,
    /// Runs of movers, loaded or empty.
    pub runs: u64,
    /// Movers that came to a plate that had called them.
    pub fetched: u64,
    /// How long plates waited for those in all, from when they might have left.
    pub mover_wait: Duration,
    /// Rides of empty movers to where they will be needed.
    pub placed: u64,
    /// Faults noticed.
    pub faults: u64,
    /// Repairs of the plan.
    pub repairs: u64,
    /// Plates cleared away home although a step was due, so that others could go on.
    pub cleared: u64,
    /// Lags broken.
    pub lags_broken: u64,
}
