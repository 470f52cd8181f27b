//! What is counted.

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
    /// Legs from nest to nest completed.
    pub legs: u64,
    /// Runs of movers, loaded or empty.
    pub runs: u64,
    /// Faults noticed.
    pub faults: u64,
    /// Repairs of the plan.
    pub repairs: u64,
    /// Plates cleared away home although a step was due, so that others could go on.
    pub cleared: u64,
    /// Lags broken.
    pub lags_broken: u64,
}
