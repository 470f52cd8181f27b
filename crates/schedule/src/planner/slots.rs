//! Which slot of a machine each stay gets.
//!
//! Timetables only count places; since stays are intervals, as many slots as the greatest count always
//! suffice when they are handed out in order of arrival (interval graphs are perfect). So a slot is
//! chosen when a stay is planned, and those of stays that are still to come are dealt anew where
//! the pieces left over don't fit.

use super::ready::Gap;
use crate::line::FAR;
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
    /// Some stays of one slot may overlap: reality put more plates in than there are slots for.
    doubled: bool,
}

impl Slots {
    pub(crate) fn new(count: u32) -> Self {
        Self {
            count,
            held: Vec::new(),
            doubled: false,
        }
    }

    /// Whether some stay had to be entered where another one is.
    pub(crate) fn doubled(&self) -> bool {
        self.doubled
    }

    fn free(&self, slot: usize, from: i64, until: i64) -> bool {
        let Some(held) = self.held.get(slot) else {
            return true;
        };
        let next = held.partition_point(|h| h.from < until);
        // Of stays that are disjoint, the last one ends last.
        let look = if self.doubled { next } else { next.min(1) };
        held[next - look..next].iter().all(|h| h.until <= from)
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
        self.doubled = self.doubled || !self.free(slot as usize, stay.from, stay.until);
        self.put(slot as usize, stay);
    }

    /// Removes the stay of an order's task, or of no order, that was entered with this begin.
    pub(crate) fn leave(&mut self, slot: u32, from: i64, by: Option<(OrderId, usize)>) {
        let remove = |held: &mut Vec<Held>| {
            let first = held.partition_point(|h| h.from < from);
            let same = held[first..].iter().take_while(|h| h.from == from);
            let found = same.enumerate().find(|(_, h)| h.by == by).map(|f| f.0);
            found.map(|at| held.remove(first + at)).is_some()
        };
        let here = self.held.get_mut(slot as usize).is_some_and(remove);
        if !here && self.doubled {
            // Who has all slots may have been dealt one of them twice.
            let _ = self.held.iter_mut().any(remove);
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
        self.deal_anew(now)
    }

    /// Deals all stays that begin after `now` anew: once room has come free, those that found none
    /// before do now. Returns those that changed: order, task, slot.
    pub(crate) fn deal_anew(&mut self, now: i64) -> Vec<(OrderId, usize, u32)> {
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
        self.doubled = self.overlap();
        let mut changed = Vec::new();
        let mut mine = 0;
        for (stay, old) in open {
            let wish = (old != u32::MAX).then_some(old);
            // Reality may put more plates into a machine than it has slots for; then any will do,
            // until a repair has moved somebody and they are dealt again.
            let slot = self.find(wish, stay.from, stay.until).unwrap_or_else(|| {
                self.doubled = true;
                wish.unwrap_or(0)
            });
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

    /// Whether two stays of one slot overlap.
    fn overlap(&self) -> bool {
        let disjoint = |held: &Vec<Held>| held.is_sorted_by(|a, b| a.until <= b.from);
        !self.held.iter().all(disjoint)
    }

    /// When slots are free after `floor`, in order; of slots that were never used only one is told. Nothing
    /// where the slots are overfull.
    pub(crate) fn gaps(&self, machine: usize, floor: i64) -> Vec<Gap> {
        let mut gaps = Vec::new();
        if self.doubled {
            return gaps;
        }
        let known = self.held.len() as u32;
        for slot in 0..self.count.min(known.saturating_add(1)) {
            let mut from = -FAR;
            let held = self.held.get(slot as usize);
            let ends = held.into_iter().flatten().map(|h| (h.from, h.until));
            for (until, next) in ends.chain([(FAR, FAR)]) {
                if until > from && until > floor {
                    gaps.push(Gap {
                        from,
                        until,
                        machine: machine as u32,
                        slot,
                    });
                }
                from = next;
            }
        }
        gaps.sort_unstable();
        gaps
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

#[cfg(test)]
mod tests {
    use super::*;

    fn held(order: u32, from: i64, until: i64) -> Held {
        Held {
            from,
            until,
            by: Some((OrderId(order), 0)),
        }
    }

    #[test]
    fn who_found_no_slot_gets_one_when_there_is_one() {
        let mut slots = Slots::new(2);
        slots.enter(0, held(1, 0, 100));
        slots.enter(1, held(2, 50, 150));
        // Order 3 is in slot 1 already, where nobody expected it: 2 finds no slot now.
        assert!(slots.claim(1, 10, held(3, 10, 120)).is_empty());
        assert!(slots.doubled());
        // It leaves before 2 comes: that is dealt anew, and nothing is doubled.
        slots.leave(1, 10, Some((OrderId(3), 0)));
        slots.enter(1, held(3, 10, 40));
        assert!(slots.deal_anew(10).is_empty());
        assert!(!slots.doubled());
        assert_eq!(slots.find(None, 60, 90), None);
        assert_eq!(slots.find(None, 100, 110), Some(0));
    }

    #[test]
    fn a_long_stay_is_seen_behind_many_short_ones() {
        let mut slots = Slots::new(1);
        slots.enter(0, held(1, 0, 1000));
        for n in 0..20 {
            slots.enter(0, held(2 + n, 10 + i64::from(n), 11 + i64::from(n)));
        }
        assert_eq!(slots.find(None, 500, 510), None);
    }
}
