//! Moments at which the conductor wants to be called.

use quantity::{CommandId, Instant, OrderId};
use std::collections::{BTreeMap, BTreeSet};

/// What a moment is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Timer {
    /// An order looks at its plan again.
    Order(OrderId),
    /// A command should have had its final report.
    Deadline(CommandId),
    /// The plan is repaired.
    Repair,
    /// Ways over the track that were not there are looked for again.
    Ways,
    /// An instrument is refilled as planned.
    Refill,
    /// Orders that found no room in the plan are tried again.
    Plan,
}

/// The moments, each kind of timer at most once.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Timers {
    queue: BTreeSet<(Instant, Timer)>,
    set: BTreeMap<Timer, Instant>,
}

impl Timers {
    /// Sets a timer, in place of what it was set to.
    pub fn set(&mut self, timer: Timer, at: Instant) {
        if let Some(old) = self.set.insert(timer, at) {
            if old == at {
                return;
            }
            self.queue.remove(&(old, timer));
        }
        self.queue.insert((at, timer));
    }

    /// Sets a timer unless it is set to an earlier moment.
    pub fn sooner(&mut self, timer: Timer, at: Instant) {
        if self.set.get(&timer).is_none_or(|old| *old > at) {
            self.set(timer, at);
        }
    }

    /// Stops a timer.
    pub fn stop(&mut self, timer: Timer) {
        if let Some(old) = self.set.remove(&timer) {
            self.queue.remove(&(old, timer));
        }
    }

    /// The moment of a timer, if it is set.
    pub fn of(&self, timer: Timer) -> Option<Instant> {
        self.set.get(&timer).copied()
    }

    /// The first moment.
    pub fn next(&self) -> Option<Instant> {
        self.queue.first().map(|(at, _)| *at)
    }

    /// Takes the first timer that is due.
    pub fn due(&mut self, now: Instant) -> Option<Timer> {
        let (at, timer) = *self.queue.first()?;
        if at > now {
            return None;
        }
        self.queue.pop_first();
        self.set.remove(&timer);
        Some(timer)
    }
}
