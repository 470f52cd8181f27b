//! Who has a zone when: disjoint windows in order of time.

use crate::run::FOREVER;
use quantity::MoverId;

/// One mover's time in a zone, in nanoseconds of the run's clock; the end may be never.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Window {
    pub enter: i64,
    pub leave: i64,
    pub mover: MoverId,
}

/// The windows of one zone. Disjoint between movers except while a stop is being worked out.
#[derive(Clone, Debug, Default)]
pub(crate) struct Timeline(Vec<Window>);

impl Timeline {
    /// The first window of another mover that overlaps `enter..leave`.
    pub(crate) fn conflict(&self, enter: i64, leave: i64, mover: MoverId) -> Option<Window> {
        let first = self.0.partition_point(|w| w.leave <= enter);
        self.0[first..]
            .iter()
            .take_while(|w| w.enter < leave)
            .find(|w| w.mover != mover)
            .copied()
    }

    /// Adds a window, forgetting those that ended before `horizon`.
    pub(crate) fn insert(&mut self, window: Window, horizon: i64) {
        if self.0.first().is_some_and(|w| w.leave < horizon) {
            self.0.retain(|w| w.leave >= horizon);
        }
        let at = self.0.partition_point(|w| w.enter <= window.enter);
        self.0.insert(at, window);
    }

    /// Removes the windows of a mover that end after `after`.
    pub(crate) fn remove(&mut self, mover: MoverId, after: i64) {
        self.0.retain(|w| w.mover != mover || w.leave <= after);
    }

    /// Gives the never-ending window of a mover an end; whether there was one.
    pub(crate) fn close(&mut self, mover: MoverId, leave: i64) -> bool {
        match self
            .0
            .iter_mut()
            .find(|w| w.mover == mover && w.leave == FOREVER)
        {
            Some(window) => {
                window.leave = leave;
                true
            }
            None => false,
        }
    }

    /// Who stands in the zone for good.
    pub(crate) fn holder(&self) -> Option<MoverId> {
        self.0.iter().find(|w| w.leave == FOREVER).map(|w| w.mover)
    }

    pub(crate) fn into_windows(self) -> Vec<Window> {
        self.0
    }

    pub(crate) fn windows(&self) -> &[Window] {
        &self.0
    }
}
