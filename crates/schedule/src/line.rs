//! A timetable of one resource: how much of it is taken when.

/// The moment that never comes, in base units of time.
pub(crate) const FAR: i64 = i64::MAX / 4;

/// A timetable that answers where an interval fits. Times are in one base unit that the caller
/// chooses; an interval is closed on the left and open on the right.
pub trait Line {
    /// The least `a >= from` such that `[a, max(until, a + least))` is free; [`i64::MAX`] / 4 if none.
    fn fit(&self, from: i64, until: i64, least: i64) -> i64;

    /// The same for several units at once.
    fn fit_units(&self, from: i64, until: i64, least: i64, units: u32) -> i64 {
        debug_assert!(units == 1, "this timetable counts single units");
        self.fit(from, until, least)
    }

    /// Whether a moment between two others, or one of them, is barred to everyone (the refill of a stock).
    fn barred(&self, from: i64, until: i64) -> bool {
        let _ = (from, until);
        false
    }

    /// The same as [`Line::fit_back`] for several units at once.
    fn fit_back_units(&self, from: i64, until: i64, least: i64, units: u32) -> i64 {
        debug_assert!(units == 1, "this timetable counts single units");
        self.fit_back(from, until, least)
    }

    /// The most `b <= until` such that `[min(from, b - least), b)` is free; minus [`i64::MAX`] / 4 if
    /// none.
    fn fit_back(&self, from: i64, until: i64, least: i64) -> i64;

    /// Takes `weight` units during `[from, until)`, also beyond the capacity.
    fn take(&mut self, from: i64, until: i64, weight: u32);

    /// Gives back what [`Line::take`] took.
    fn give(&mut self, from: i64, until: i64, weight: u32);
}
