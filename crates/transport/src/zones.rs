//! Who has which zone when: the windows of all zones, for quick answers in crowded traffic.
//!
//! Nearly every question is whether a zone is free in a short span, asked for all zones of a way in
//! turn, and nearly every answer is yes. What such a question costs is fetching memory, so what is
//! asked for together lies together: time is cut into rows, and a row holds something for each zone,
//! side by side. A mover comes through zones that follow each other within little time.
//!
//! - A word of 64 bits tells which 64th parts of the row are touched by a window; where all bits of a
//!   span are clear it is free.
//! - The windows that begin in the row are a chain in the row's log. A ride enters its windows one
//!   after the other, so they lie in the log in the order in which they will be asked for.
//!
//! Rows are a ring: a past one becomes the one furthest ahead. Windows that are too long or too far
//! ahead for the rows, and those of berths, where movers stand, are in a list for each zone.

use crate::run::FOREVER;
use crate::timeline::{Timeline, Window};
use crate::track::ZoneId;
use quantity::MoverId;

/// Length of a row: 2 to this power nanoseconds, 4.3 s. What is measured from its start fits 32 bits.
const ROW_BITS: u32 = 32;
/// Length of a slot, a 64th part of it: 67 ms.
const SLOT_BITS: u32 = ROW_BITS - 6;
/// Rows in the ring: 275 s, about as far ahead as departures are planned on a crowded track.
const ROWS: i64 = 64;
/// Rows whose words lie side by side for each zone, as much as is fetched from memory at once: a departure
/// that is put off again and again asks for one after the other. Such rows become past together.
const TOGETHER: i64 = 8;
/// Spans may begin this much in the past, in nanoseconds.
const BEHIND: i64 = 1_000_000_000;
/// The end of a chain.
const NONE: u32 = u32::MAX;

/// A window that begins in a row.
#[derive(Clone, Copy, Debug)]
struct Entry {
    /// Since the start of the row, and how long, in nanoseconds.
    enter: u32,
    lasts: u32,
    mover: MoverId,
    next: u32,
}

/// The windows of all zones.
#[derive(Clone, Debug)]
pub(crate) struct Zones {
    /// Windows that are not in the rows.
    lists: Vec<Timeline>,
    /// A bit for each zone that has such windows, or may have.
    listed: Vec<u64>,
    /// These zones, without those of berths.
    late: Vec<u32>,
    /// Zones from this one on are those of berths.
    berths: usize,
    /// The oldest row, counted from the beginning of time.
    oldest: i64,
    /// What is touched, for each row and zone; empty until the first moment is known.
    busy: Vec<u64>,
    /// Where chains begin, for each row and zone.
    heads: Vec<u32>,
    logs: Vec<Vec<Entry>>,
    horizon: i64,
}

impl Zones {
    /// So many zones, those from `berths` on being where movers stand.
    pub(crate) fn new(zones: usize, berths: usize) -> Self {
        let mut listed = vec![0; zones.div_ceil(64)];
        for zone in berths..zones {
            listed[zone / 64] |= 1 << (zone % 64);
        }
        Self {
            lists: vec![Timeline::default(); zones],
            listed,
            late: Vec::new(),
            berths,
            oldest: 0,
            busy: Vec::new(),
            heads: Vec::new(),
            logs: vec![Vec::new(); ROWS as usize],
            horizon: i64::MIN,
        }
    }

    /// The first window of another mover that overlaps `enter..leave`.
    pub(crate) fn conflict(
        &self,
        zone: ZoneId,
        enter: i64,
        leave: i64,
        mover: MoverId,
    ) -> Option<Window> {
        if self.is_clear(zone.index(), enter, leave) {
            return None;
        }
        self.first(zone.index(), enter, leave, mover)
    }

    #[inline(never)]
    fn first(&self, zone: usize, enter: i64, leave: i64, mover: MoverId) -> Option<Window> {
        let meets = |w: &Window| w.mover != mover && w.enter < leave && w.leave > enter;
        let (from, to) = self.rows(zone, enter, leave);
        let in_rows =
            (from..to).find_map(|row| self.chain(row, zone).filter(meets).min_by_key(|w| w.enter));
        let in_list = if self.is_listed(zone) {
            self.lists[zone].conflict(enter, leave, mover)
        } else {
            None
        };
        match (in_rows, in_list) {
            (Some(a), Some(b)) => Some(if a.enter <= b.enter { a } else { b }),
            (a, b) => a.or(b),
        }
    }

    /// All windows of other movers that overlap `enter..leave`, also where windows overlap.
    pub(crate) fn conflicts(
        &self,
        zone: ZoneId,
        enter: i64,
        leave: i64,
        mover: MoverId,
    ) -> impl Iterator<Item = Window> {
        let zone = zone.index();
        let (from, to) = self.rows(zone, enter, leave);
        (from..to)
            .flat_map(move |row| self.chain(row, zone))
            .chain(self.lists[zone].windows().iter().copied())
            .filter(move |w| w.mover != mover && w.enter < leave && w.leave > enter)
    }

    /// The windows of a zone, those long over left out, in order of time.
    pub(crate) fn windows(&self, zone: ZoneId) -> Vec<Window> {
        let zone = zone.index();
        let (from, to) = self.rows(zone, i64::MIN, FOREVER);
        let mut windows = self.lists[zone].windows().to_vec();
        windows.extend((from..to).flat_map(|row| self.chain(row, zone)));
        windows.sort_by_key(|w| w.enter);
        windows
    }

    /// Who stands in a zone for good.
    pub(crate) fn holder(&self, zone: ZoneId) -> Option<MoverId> {
        if !self.is_listed(zone.index()) {
            return None;
        }
        self.lists[zone.index()].holder()
    }

    /// Adds a window; those that were over before the horizon may be forgotten.
    pub(crate) fn insert(&mut self, zone: ZoneId, window: Window) {
        let zone = zone.index();
        let row = window.enter >> ROW_BITS;
        let fits = zone < self.berths
            && !self.busy.is_empty()
            && (self.oldest..self.oldest + ROWS - 1).contains(&row)
            && window.leave - window.enter <= i64::from(u32::MAX);
        if !fits {
            self.lists[zone].insert(window, self.horizon);
            if !self.is_listed(zone) {
                self.listed[zone / 64] |= 1 << (zone % 64);
                self.late.push(zone as u32);
            }
            return;
        }
        let at = self.at(row, zone);
        let log = &mut self.logs[(row & (ROWS - 1)) as usize];
        log.push(Entry {
            enter: (window.enter - (row << ROW_BITS)) as u32,
            lasts: (window.leave - window.enter) as u32,
            mover: window.mover,
            next: std::mem::replace(&mut self.heads[at], log.len() as u32),
        });
        self.touch(zone, window);
    }

    /// Removes the windows of a mover in a zone that end after `after`, where those begin at `enter` or
    /// have begun and are not over then.
    pub(crate) fn remove(&mut self, zone: ZoneId, mover: MoverId, enter: i64, after: i64) {
        let zone = zone.index();
        if self.is_listed(zone) {
            self.lists[zone].remove(mover, after);
        }
        let (from, to) = self.rows(zone, enter, enter + 1);
        if from >= to {
            return;
        }
        for row in from..to {
            self.unlink(row, zone, |w| w.mover == mover && w.leave > after);
        }
        // What others touch in these rows and in the next.
        let to = (to + 1).min(self.oldest + ROWS);
        for row in from..to {
            let at = self.at(row, zone);
            self.busy[at] = 0;
        }
        for row in (from - 1).max(self.oldest)..to {
            let windows: Vec<Window> = self.chain(row, zone).collect();
            for window in windows {
                self.touch(zone, window);
            }
        }
    }

    /// Takes windows of a zone out of a row.
    fn unlink(&mut self, row: i64, zone: usize, goes: impl Fn(&Window) -> bool) {
        let head = self.at(row, zone);
        let mut last = NONE;
        let mut i = self.heads[head];
        for window in self.chain(row, zone).collect::<Vec<_>>() {
            let log = &mut self.logs[(row & (ROWS - 1)) as usize];
            let next = log[i as usize].next;
            if !goes(&window) {
                last = i;
            } else if last == NONE {
                self.heads[head] = next;
            } else {
                log[last as usize].next = next;
            }
            i = next;
        }
    }

    /// Gives the never-ending window of a mover an end; whether there was one.
    pub(crate) fn close(&mut self, zone: ZoneId, mover: MoverId, leave: i64) -> bool {
        self.is_listed(zone.index()) && self.lists[zone.index()].close(mover, leave)
    }

    /// Nobody asks for anything before a moment any more.
    pub(crate) fn forget_before(&mut self, now: i64) {
        self.horizon = self.horizon.max(now);
        // Windows reach at most into the next row.
        let oldest = (self.horizon.saturating_sub(BEHIND) >> ROW_BITS) - 1;
        let oldest = oldest - oldest.rem_euclid(TOGETHER);
        if self.busy.is_empty() || oldest >= self.oldest + ROWS {
            if self.busy.is_empty() {
                self.late = (0..self.berths as u32).collect();
            }
            let cells = ROWS as usize * self.berths;
            self.busy.clear();
            self.busy.resize(cells, 0);
            self.heads.clear();
            self.heads.resize(cells, NONE);
            self.logs.iter_mut().for_each(Vec::clear);
            self.oldest = oldest;
        } else if oldest <= self.oldest {
            return;
        }
        while self.oldest < oldest {
            // All that rows which lie together have lies in one piece.
            let from = self.at(self.oldest, 0);
            let cells = from..from + self.berths * TOGETHER as usize;
            self.busy[cells.clone()].fill(0);
            self.heads[cells].fill(NONE);
            for row in self.oldest..self.oldest + TOGETHER {
                self.logs[(row & (ROWS - 1)) as usize].clear();
            }
            self.oldest += TOGETHER;
        }
        // What was too far ahead may be near enough now.
        for zone in std::mem::take(&mut self.late) {
            self.listed[zone as usize / 64] &= !(1 << (zone % 64));
            for window in std::mem::take(&mut self.lists[zone as usize]).into_windows() {
                if window.leave >= self.horizon {
                    self.insert(ZoneId(zone), window);
                }
            }
        }
    }

    /// A moment until which, at least, somebody is in a zone who is there in `enter..leave`: none of the spans
    /// of this length that begin between `enter` and that moment is free.
    pub(crate) fn taken_until(&self, zone: ZoneId, enter: i64, leave: i64) -> Option<i64> {
        let zone = zone.index();
        // Slots that lie in the span whole: who touches one is in the way.
        let first = (enter + (1 << SLOT_BITS) - 1) >> SLOT_BITS;
        let last = (leave >> SLOT_BITS) - 1;
        let (mut row, end) = (last >> 6, first >> 6);
        if zone >= self.berths || end < self.oldest || row >= self.oldest + ROWS || first > last {
            return None;
        }
        let mut mask = u64::MAX >> (63 - (last & 63));
        loop {
            if row == end {
                mask &= u64::MAX << (first & 63);
            }
            let taken = self
                .busy
                .get(self.at(row, zone))
                .map_or(0, |word| word & mask);
            if taken != 0 {
                let slot = (row << 6) + i64::from(63 - taken.leading_zeros());
                return Some((slot << SLOT_BITS) + 1);
            }
            if row == end {
                return None;
            }
            (row, mask) = (row - 1, u64::MAX);
        }
    }

    /// Whether no window touches `enter..leave` for certain.
    fn is_clear(&self, zone: usize, enter: i64, leave: i64) -> bool {
        let (first, last) = (enter >> SLOT_BITS, leave.saturating_sub(1) >> SLOT_BITS);
        let (row, end) = (first >> 6, last >> 6);
        if row < self.oldest || end >= self.oldest + ROWS || self.is_listed(zone) {
            return false;
        }
        let head = u64::MAX << (first & 63);
        let tail = u64::MAX >> (63 - (last & 63));
        let word = |row: i64| {
            self.busy
                .get(self.at(row, zone))
                .copied()
                .unwrap_or(u64::MAX)
        };
        if row == end {
            return word(row) & head & tail == 0;
        }
        word(row) & head == 0
            && word(end) & tail == 0
            && (row + 1..end).all(|between| word(between) == 0)
    }

    fn is_listed(&self, zone: usize) -> bool {
        self.listed[zone / 64] >> (zone % 64) & 1 == 1
    }

    /// Where a row has what it has for a zone.
    fn at(&self, row: i64, zone: usize) -> usize {
        let (group, row) = ((row & (ROWS - 1)) / TOGETHER, row & (TOGETHER - 1));
        (group as usize * self.berths + zone) * TOGETHER as usize + row as usize
    }

    /// The rows with windows of a zone that overlap a span.
    fn rows(&self, zone: usize, enter: i64, leave: i64) -> (i64, i64) {
        if zone >= self.berths || self.busy.is_empty() {
            return (0, 0);
        }
        // Windows reach at most into the next row.
        let from = ((enter >> ROW_BITS) - 1).max(self.oldest);
        let last = leave.saturating_sub(1) >> ROW_BITS;
        (from, (last + 1).min(self.oldest + ROWS))
    }

    /// The windows of a zone that begin in a row.
    fn chain(&self, row: i64, zone: usize) -> impl Iterator<Item = Window> {
        let start = row << ROW_BITS;
        let log = &self.logs[(row & (ROWS - 1)) as usize];
        let mut i = self.heads[self.at(row, zone)];
        std::iter::from_fn(move || {
            // The end of a chain is beyond every log.
            let entry = log.get(i as usize)?;
            i = entry.next;
            let enter = start + i64::from(entry.enter);
            Some(Window {
                enter,
                leave: enter + i64::from(entry.lasts),
                mover: entry.mover,
            })
        })
    }

    /// Marks what a window touches.
    fn touch(&mut self, zone: usize, window: Window) {
        let (first, last) = (window.enter >> SLOT_BITS, (window.leave - 1) >> SLOT_BITS);
        let (row, end) = (first >> 6, last >> 6);
        let (head, tail) = (u64::MAX << (first & 63), u64::MAX >> (63 - (last & 63)));
        let at = self.at(row, zone);
        if row >= end {
            self.busy[at] |= head & tail;
            return;
        }
        self.busy[at] |= head;
        let at = self.at(end, zone);
        self.busy[at] |= tail;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use quantity::Seed;
    use rand::RngExt;

    const SECOND: i64 = 1_000_000_000;

    #[test]
    fn answers_are_those_of_the_windows_alone() {
        let zones = 3_u32;
        let mut rng = Seed(5).derive("zones", 0).rng();
        let mut told = 0;
        for _ in 0..20 {
            let mut quick = Zones::new(zones as usize, 2);
            let mut plain = vec![Timeline::default(); zones as usize];
            // Far from the beginning of time, and at first before any moment is known.
            let mut now = rng.random_range(0..1_000_000) * SECOND;
            let mut horizon = i64::MIN;
            for step in 0..1_500 {
                let zone = ZoneId(rng.random_range(0..zones));
                let line = &mut plain[zone.index()];
                let some = rng.random_range(0..line.windows().len().max(1));
                let mover = line.windows().get(some).map_or(MoverId(0), |w| w.mover);
                let enter = now + rng.random_range(-SECOND / 50..400 * SECOND);
                match rng.random_range(0..20) {
                    0 if step > 100 => {
                        now += rng.random_range(0..20) * SECOND;
                        if rng.random_ratio(1, 50) {
                            now += 1_000 * SECOND;
                        }
                        horizon = now;
                        quick.forget_before(now);
                    }
                    1 => {
                        if let Some(w) = line.windows().get(some).copied()
                            && w.leave > now
                        {
                            line.remove(mover, w.enter);
                            quick.remove(zone, mover, w.enter, w.enter);
                        }
                    }
                    2 => {
                        let held = line.windows().iter().find(|w| w.leave == FOREVER);
                        let mover = held.map_or(mover, |w| w.mover);
                        let leave = held.map_or(enter, |w| w.enter.max(now)) + SECOND;
                        assert_eq!(line.close(mover, leave), quick.close(zone, mover, leave));
                    }
                    3..=5 => {
                        let leave = match rng.random_range(0..20) {
                            0 => FOREVER,
                            1 => enter + 500 * SECOND,
                            _ => enter + rng.random_range(1..3 * SECOND),
                        };
                        let window = Window {
                            enter,
                            leave,
                            mover: MoverId(step),
                        };
                        if line.conflict(enter, leave, MoverId(99)).is_none() {
                            line.insert(window, horizon);
                            quick.insert(zone, window);
                        }
                    }
                    _ => {
                        let leave = enter + rng.random_range(1..12 * SECOND);
                        let found = line.conflict(enter, leave, mover);
                        assert_eq!(found, quick.conflict(zone, enter, leave, mover));
                        told += u32::from(quick.is_clear(zone.index(), enter, leave));
                        if let Some(until) = quick.taken_until(zone, enter, leave) {
                            told += 1;
                            let begins = rng.random_range(enter..until);
                            let ends = begins + (leave - enter);
                            assert_ne!(line.conflict(begins, ends, MoverId(99)), None);
                        }
                        assert_eq!(line.holder(), quick.holder(zone));
                    }
                }
                let kept = |windows: &[Window]| {
                    let kept = windows.iter().filter(|w| w.leave >= horizon).copied();
                    kept.collect::<Vec<Window>>()
                };
                assert_eq!(kept(line.windows()), kept(&quick.windows(zone)));
            }
        }
        assert!(told > 1_000, "only {told} told by the rows");
    }
}
