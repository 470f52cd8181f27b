//! A timetable over whole units of time from zero, as counters and a bitmap of what is full.
//!
//! For instances in whole seconds over a day or two this is far faster than a list of steps: a search
//! reads 64 moments at a time.

use crate::line::{FAR, Line};

/// The greatest capacity of a grid.
pub(crate) const CAPACITY_MOST: u8 = 120;

/// Digits of a count, which stays below 128.
const DIGITS: usize = 7;

/// How many units of a resource are taken, moment by moment.
#[derive(Clone, Debug)]
pub(crate) struct Grid {
    capacity: u8,
    /// How many are taken at each moment, in binary: for each digit one bit for each of 64 moments, as
    /// in bit-sliced arithmetic. Empty for a resource of one unit, where the bitmap says it all.
    used: Vec<[u64; DIGITS]>,
    /// Digits that counts had so far, or the capacity has.
    digits: usize,
    /// Bit `t % 64` of word `t / 64`: full at `t`. Everything behind the end is free.
    full: Vec<u64>,
}

impl Grid {
    /// Of more than [`CAPACITY_MOST`] units only that many are used.
    pub(crate) fn new(capacity: u8) -> Self {
        let capacity = capacity.min(CAPACITY_MOST);
        Self {
            capacity,
            used: Vec::new(),
            digits: (8 - capacity.leading_zeros()) as usize,
            full: Vec::new(),
        }
    }

    /// Gives everything back.
    pub(crate) fn clear(&mut self) {
        self.used.fill([0; DIGITS]);
        self.full.fill(0);
    }

    /// The first moment from `at` on that is not full.
    fn next_free(&self, at: i64) -> i64 {
        let mut word = (at >> 6) as usize;
        let Some(&first) = self.full.get(word) else {
            return at;
        };
        let mut free = !first & (u64::MAX << (at & 63));
        while free == 0 {
            word += 1;
            match self.full.get(word) {
                Some(&bits) => free = !bits,
                None => return (word as i64) << 6,
            }
        }
        ((word as i64) << 6) + i64::from(free.trailing_zeros())
    }

    /// The first full moment in `[at, until)`, or `until`.
    fn next_full(&self, at: i64, until: i64) -> i64 {
        let mut word = (at >> 6) as usize;
        let last = ((until - 1) >> 6) as usize;
        let Some(&first) = self.full.get(word) else {
            return until;
        };
        let mut full = first & (u64::MAX << (at & 63));
        while full == 0 {
            word += 1;
            if word > last {
                return until;
            }
            match self.full.get(word) {
                Some(&bits) => full = bits,
                None => return until,
            }
        }
        (((word as i64) << 6) + i64::from(full.trailing_zeros())).min(until)
    }

    /// The end of the last moment before `at` that is not full: greatest `b <= at` with `b - 1` free.
    fn last_free(&self, at: i64) -> i64 {
        let mut word = ((at - 1) >> 6) as usize;
        if at <= 0 || word >= self.full.len() {
            return at;
        }
        let mut free = !self.full[word] & (u64::MAX >> (63 - ((at - 1) & 63)));
        while free == 0 {
            if word == 0 {
                return 0;
            }
            word -= 1;
            free = !self.full[word];
        }
        ((word as i64) << 6) + 64 - i64::from(free.leading_zeros())
    }

    /// The end of the last full moment in `[from, at)`, or `from`.
    fn last_full(&self, from: i64, at: i64) -> i64 {
        if at <= from || self.full.is_empty() {
            return from;
        }
        let at = at.min((self.full.len() as i64) << 6);
        if at <= from.max(0) {
            return from;
        }
        let mut word = ((at - 1) >> 6) as usize;
        let first = (from.max(0) >> 6) as usize;
        let mut full = self.full[word] & (u64::MAX >> (63 - ((at - 1) & 63)));
        while full == 0 {
            if word <= first {
                return from;
            }
            word -= 1;
            full = self.full[word];
        }
        (((word as i64) << 6) + 64 - i64::from(full.leading_zeros())).max(from)
    }

    fn grow(&mut self, until: i64) {
        let words = ((until + 63) >> 6) as usize;
        if words > self.full.len() {
            let words = words + words / 4 + 16;
            self.full.resize(words, 0);
            if self.capacity > 1 {
                self.used.resize(words, [0; DIGITS]);
            }
        }
    }

    /// Sets or clears bits `[from, until)` for a resource of one unit.
    fn mark(&mut self, from: i64, until: i64, set: bool) {
        let (mut word, last) = ((from >> 6) as usize, ((until - 1) >> 6) as usize);
        let mut mask = u64::MAX << (from & 63);
        let tail = u64::MAX >> (63 - ((until - 1) & 63));
        loop {
            if word == last {
                mask &= tail;
            }
            if set {
                self.full[word] |= mask;
            } else {
                self.full[word] &= !mask;
            }
            if word == last {
                return;
            }
            word += 1;
            mask = u64::MAX;
        }
    }

    /// Adds or subtracts one unit during `[from, until)`, and renews the bits there.
    fn count(&mut self, from: i64, until: i64, add: bool) {
        let (first, last) = ((from >> 6) as usize, ((until - 1) >> 6) as usize);
        let mut mask = u64::MAX << (from & 63);
        for index in first..=last {
            if index == last {
                mask &= u64::MAX >> (63 - ((until - 1) & 63));
            }
            let used = &mut self.used[index];
            let (mut carry, mut digit) = (mask, 0);
            while carry != 0 {
                let was = used[digit];
                used[digit] = was ^ carry;
                carry &= if add { was } else { !was };
                digit += 1;
            }
            self.digits = self.digits.max(digit);
            // From the highest digit down: above the capacity already, or the same as it so far.
            let (mut above, mut same) = (0, u64::MAX);
            for digit in (0..self.digits).rev() {
                let wanted = u64::from(self.capacity >> digit & 1).wrapping_neg();
                above |= same & used[digit] & !wanted;
                same &= !(used[digit] ^ wanted);
            }
            self.full[index] = above | same;
            mask = u64::MAX;
        }
    }
}

impl Line for Grid {
    fn fit(&self, from: i64, until: i64, least: i64) -> i64 {
        let mut a = from.max(0);
        loop {
            a = self.next_free(a);
            let need = until.max(a + least);
            let full = self.next_full(a, need);
            if full >= need {
                return a;
            }
            a = full;
        }
    }

    fn fit_back(&self, from: i64, until: i64, least: i64) -> i64 {
        let mut b = until;
        loop {
            b = self.last_free(b);
            let need = from.min(b - least);
            if need < 0 {
                return -FAR;
            }
            let full = self.last_full(need, b);
            if full <= need {
                return b;
            }
            b = full;
        }
    }

    fn take(&mut self, from: i64, until: i64, _weight: u32) {
        let from = from.max(0);
        if until <= from {
            return;
        }
        self.grow(until);
        if self.capacity == 1 {
            self.mark(from, until, true);
            return;
        }
        self.count(from, until, true);
    }

    fn give(&mut self, from: i64, until: i64, _weight: u32) {
        let from = from.max(0);
        if until <= from {
            return;
        }
        if self.capacity == 1 {
            self.mark(from, until, false);
            return;
        }
        self.count(from, until, false);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::profile::Profile;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn agrees_with_the_profile(
            capacity in 1_u8..4,
            takes in prop::collection::vec((0_i64..600, 1_i64..150), 1..60),
            asks in prop::collection::vec((0_i64..900, 0_i64..90, 1_i64..70), 40),
        ) {
            let mut grid = Grid::new(capacity);
            let mut profile = Profile::new(u32::from(capacity));
            for (from, len) in takes {
                // One unit can't be taken twice in a bitmap.
                if capacity > 1 || profile.fit(from, from + len, len) == from {
                    grid.take(from, from + len, 1);
                    profile.take(from, from + len, 1);
                }
            }
            for (from, len, least) in asks {
                prop_assert_eq!(grid.fit(from, from + len, least), profile.fit(from, from + len, least));
                let back = profile.fit_back(from, from + len, least);
                let expected = if from.min(back - least) < 0 { -FAR } else { back };
                prop_assert_eq!(grid.fit_back(from, from + len, least), expected);
            }
        }
    }
}
