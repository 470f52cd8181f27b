//! Which slot of a machine each stay gets.
//!
//! Timetables only count places; since stays are intervals, as many slots as the greatest count always
//! suffice when they are handed out in order of arrival (interval graphs are perfect). So a slot is
//! chosen when a stay is planned, and those of stays that are still to come are dealt anew where
//! the pieces left over don't fit.

use quantity::OrderId;

/// A stay in a slot.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Held {
    pub(crate) from: i64,
    pub(crate) until: i64,
    /// Order and task; `None` where it is held by no order.
    pub(crate) by: Option<(OrderId, usize)>,
}

/// The slots of one machine.
#[derive(Clone, Debug, Default)]
pub(crate) struct Slots {
    count: u32,
    /// Stays per slot, sorted by `from`; slots that were never used are missing.
    held: Vec<Vec<Held>>,
}

impl Slots {
    pub(crate) fn new(count: u32) -> Self {
        Self {
            count,
            held: Vec::new(),
        }
    }

    fn free(&self, slot: usize, from: i64, until: i64) -> bool {
        let Some(held) = self.held.get(slot) else {
            return true;
        };
        let next = held.partition_point(|h| h.from < until);
        next == 0 || held[..next].iter().rev().take(8).all(|h| h.until <= from)
    }

    fn put(&mut self, slot: usize, stay: Held) {
        while self.held.len() <= slot {
            self.held.push(Vec::new());
        }
        let held = &mut self.held[slot];
        let at = held.partition_point(|h| h.from <= stay.from);
        held.insert(at, stay);
    }

    /// A slot that is free for a whole stay; prefers `wish`.
    pub(crate) fn find(&self, wish: Option<u32>, from: i64, until: i64) -> Option<u32> {
        if let Some(wish) = wish
            && wish < self.count
            && self.free(wish as usize, from, until)
        {
            return Some(wish);
        }
        let known = self.held.len() as u32;
        (0..self.count.min(known.saturating_add(1))).find(|&s| self.free(s as usize, from, until))
    }

    /// Enters a stay in a slot.
    pub(crate) fn enter(&mut self, slot: u32, stay: Held) {
        self.put(slot as usize, stay);
    }

    /// Removes the stay of an order's task, or of no order, that was entered with this begin.
    pub(crate) fn leave(&mut self, slot: u32, from: i64, by: Option<(OrderId, usize)>) {
        if let Some(held) = self.held.get_mut(slot as usize) {
            let first = held.partition_point(|h| h.from < from);
            let same = held[first..].iter().take_while(|h| h.from == from);
            if let Some(at) = same.enumerate().find(|(_, h)| h.by == by) {
                held.remove(first + at.0);
            }
        }
    }

    /// Enters a stay that is in its slot already; stays to come that want the same slot are dealt
    /// anew. Returns those that changed: order, task, slot.
    pub(crate) fn claim(&mut self, slot: u32, now: i64, stay: Held) -> Vec<(OrderId, usize, u32)> {
        let free = self.free(slot as usize, stay.from, stay.until);
        self.put(slot as usize, stay);
        if free {
            return Vec::new();
        }
        self.deal_open(now, None).1
    }

    /// Deals all stays that begin after `now`, and one more, anew in order of arrival. Returns the
    /// slot of the one more and those that changed: order, task, slot.
    pub(crate) fn deal(&mut self, now: i64, more: Held) -> (u32, Vec<(OrderId, usize, u32)>) {
        self.deal_open(now, Some(more))
    }

    fn deal_open(&mut self, now: i64, more: Option<Held>) -> (u32, Vec<(OrderId, usize, u32)>) {
        let mut open: Vec<(Held, u32)> = more.iter().map(|m| (*m, u32::MAX)).collect();
        for (slot, held) in self.held.iter_mut().enumerate() {
            held.retain(|h| {
                let keep = h.from <= now || h.by.is_none();
                if !keep {
                    open.push((*h, slot as u32));
                }
                keep
            });
        }
        open.sort_by_key(|(h, _)| (h.from, h.until, h.by));
        let mut changed = Vec::new();
        let mut mine = 0;
        for (stay, old) in open {
            let wish = (old != u32::MAX).then_some(old);
            // Reality may put more plates into a machine than it has slots for; then any will do.
            let slot = self.find(wish, stay.from, stay.until).unwrap_or(0);
            self.put(slot as usize, stay);
            if Some(stay) == more {
                mine = slot;
            } else if slot != old
                && let Some((order, task)) = stay.by
            {
                changed.push((order, task, slot));
            }
        }
        (mine, changed)
    }

    /// All stays.
    pub(crate) fn stays(&self) -> impl Iterator<Item = &Held> {
        self.held.iter().flatten()
    }

    /// Orders with a stay that overlaps `[from, until)`.
    pub(crate) fn overlapping(&self, from: i64, until: i64) -> impl Iterator<Item = OrderId> + '_ {
        self.held
            .iter()
            .flatten()
            .filter(move |h| h.from < until && h.until > from)
            .filter_map(|h| h.by.map(|(order, _)| order))
    }

    pub(crate) fn forget_before(&mut self, time: i64) {
        for held in &mut self.held {
            held.retain(|h| h.until > time);
        }
    }
}
