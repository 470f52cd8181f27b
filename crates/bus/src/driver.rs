//! The border between the conductor's shell and whatever performs commands.

use crate::{Command, Received};
use quantity::Instant;

/// Whether what a driver did survives what the journal lost.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Durability {
    /// What was done stays done: a command must be in the journal, synced, before it is performed.
    Outlives,
    /// The driver's world is itself rebuilt from the journal: commands may be performed before the
    /// group that they belong to is synced.
    FollowsJournal,
}

/// Performs commands and tells what became of them.
///
/// A driver remembers the id of every command that it got: the same id is never performed twice.
pub trait Driver {
    /// Whether what this driver did survives what the journal lost.
    fn durability(&self) -> Durability;

    /// Takes a command on, at this moment. Its outcome comes later as a report.
    fn perform(&mut self, command: &Command, now: Instant);

    /// The next report that arrives at or before `until`, with its time; `None` if there is none by then.
    /// A driver in real time waits; one in virtual time jumps.
    fn next(&mut self, until: Instant) -> Option<Received>;
}
