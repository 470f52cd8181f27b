//! A timetable over unbounded time: the steps of 'how many units are taken', in chunks.
//!
//! Searching skips whole chunks that are full (or empty) by their least and most use, so that a
//! timetable with a million steps is searched and changed in microseconds.

use crate::line::{FAR, Line};

/// Steps in a chunk before it is split in two.
const CHUNK: usize = 128;

/// Changes of a chunk after which its least and most use are found anew.
const MEASURE_EVERY: u8 = 32;

/// From `at` on, `used` units are taken, until the next step.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Step {
    at: i64,
    used: u32,
}

/// `least` and `most` are bounds: they hold always, and are tight after [`Chunk::measure`].
#[derive(Clone, Debug)]
struct Chunk {
    steps: Vec<Step>,
    least: u32,
    most: u32,
    changes: u8,
}

impl Chunk {
    fn new(steps: Vec<Step>) -> Self {
        let mut chunk = Self {
            steps,
            least: 0,
            most: 0,
            changes: 0,
        };
        chunk.measure();
        chunk
    }

    fn measure(&mut self) {
        self.least = u32::MAX;
        self.most = 0;
        self.changes = 0;
        for step in &self.steps {
            self.least = self.least.min(step.used);
            self.most = self.most.max(step.used);
        }
    }
}

/// How many units of a resource with some capacity are taken, over all time.
#[derive(Clone, Debug)]
pub(crate) struct Profile {
    capacity: u32,
    /// Before this nothing is known any more.
    floor: i64,
    /// First moment of every chunk; the first is the beginning of time.
    keys: Vec<i64>,
    chunks: Vec<Chunk>,
}

impl Profile {
    pub(crate) fn new(capacity: u32) -> Self {
        Self {
            capacity,
            floor: i64::MIN,
            keys: vec![i64::MIN],
            chunks: vec![Chunk::new(vec![Step {
                at: i64::MIN,
                used: 0,
            }])],
        }
    }

    pub(crate) fn set_capacity(&mut self, capacity: u32) {
        self.capacity = capacity;
    }

    pub(crate) fn capacity(&self) -> u32 {
        self.capacity
    }

    /// Drops what lies before `time`.
    pub(crate) fn forget_before(&mut self, time: i64) {
        if time <= self.floor {
            return;
        }
        self.floor = time;
        let (c, i) = self.locate(time);
        self.keys.drain(..c);
        self.chunks.drain(..c);
        let first = &mut self.chunks[0];
        first.steps.drain(..i);
        first.steps[0].at = i64::MIN;
        first.measure();
        self.keys[0] = i64::MIN;
    }

    /// Units that nobody has taken for good.
    pub(crate) fn room(&self) -> u32 {
        let (c, i) = self.locate(FAR - 1);
        self.capacity.saturating_sub(self.chunks[c].steps[i].used)
    }

    /// Stretches in which more is taken than there is, in order.
    pub(crate) fn crowded(&self) -> Vec<(i64, i64)> {
        let mut stretches: Vec<(i64, i64)> = Vec::new();
        let mut open = None;
        for step in self.chunks.iter().flat_map(|c| &c.steps) {
            match (open, step.used > self.capacity) {
                (None, true) => open = Some(step.at),
                (Some(from), false) => {
                    stretches.push((from, step.at));
                    open = None;
                }
                _ => {}
            }
        }
        stretches.extend(open.map(|from| (from, i64::MAX)));
        stretches
    }

    /// The step in force at `time`: chunk and index.
    fn locate(&self, time: i64) -> (usize, usize) {
        let c = self.keys.partition_point(|&k| k <= time) - 1;
        let i = self.chunks[c].steps.partition_point(|s| s.at <= time) - 1;
        (c, i)
    }

    /// Makes sure that a step starts at `time`; its place.
    fn split(&mut self, time: i64) -> (usize, usize) {
        let (mut c, mut i) = self.locate(time);
        let step = self.chunks[c].steps[i];
        if step.at == time {
            return (c, i);
        }
        self.chunks[c].steps.insert(
            i + 1,
            Step {
                at: time,
                used: step.used,
            },
        );
        i += 1;
        if self.chunks[c].steps.len() > CHUNK {
            let tail = self.chunks[c].steps.split_off(CHUNK / 2);
            self.chunks[c].measure();
            self.keys.insert(c + 1, tail[0].at);
            self.chunks.insert(c + 1, Chunk::new(tail));
            if i >= CHUNK / 2 {
                c += 1;
                i -= CHUNK / 2;
            }
        }
        (c, i)
    }

    /// Removes the step at `time` if it changes nothing.
    fn join(&mut self, time: i64) {
        let (c, i) = self.locate(time);
        let step = self.chunks[c].steps[i];
        if step.at != time || time == i64::MIN {
            return;
        }
        let before = if i > 0 {
            self.chunks[c].steps[i - 1].used
        } else {
            let previous = &self.chunks[c - 1].steps;
            previous[previous.len() - 1].used
        };
        if before != step.used {
            return;
        }
        self.chunks[c].steps.remove(i);
        if self.chunks[c].steps.is_empty() {
            self.chunks.remove(c);
            self.keys.remove(c);
        } else {
            if i == 0 {
                self.keys[c] = self.chunks[c].steps[0].at;
            }
        }
    }

    fn change(&mut self, from: i64, until: i64, by: impl Fn(u32) -> u32) {
        let from = from.max(self.floor);
        if until <= from {
            return;
        }
        self.split(until);
        let (mut c, mut i) = self.split(from);
        'all: loop {
            let chunk = &mut self.chunks[c];
            let mut inside = true;
            for step in &mut chunk.steps[i..] {
                if step.at >= until {
                    inside = false;
                    break;
                }
                step.used = by(step.used);
                chunk.least = chunk.least.min(step.used);
                chunk.most = chunk.most.max(step.used);
            }
            chunk.changes += 1;
            if chunk.changes >= MEASURE_EVERY {
                chunk.measure();
            }
            c += 1;
            i = 0;
            if !inside || c == self.chunks.len() || self.keys[c] >= until {
                break 'all;
            }
        }
        self.join(until);
        self.join(from);
    }
}

impl Profile {
    /// [`Line::fit`] where fewer than `cap` units may be taken.
    fn fit_below(&self, from: i64, until: i64, least: i64, cap: u32) -> i64 {
        let (mut c, mut i) = self.locate(from);
        let mut a = from;
        let mut need = until.max(from + least);
        loop {
            // Go to the first step that is not full.
            if self.chunks[c].steps[i].used >= cap {
                'free: loop {
                    let steps = &self.chunks[c].steps;
                    while i < steps.len() {
                        if steps[i].used < cap {
                            break 'free;
                        }
                        i += 1;
                    }
                    loop {
                        c += 1;
                        if c == self.chunks.len() {
                            return FAR;
                        }
                        if self.chunks[c].least < cap {
                            break;
                        }
                    }
                    i = 0;
                }
                a = self.chunks[c].steps[i].at;
                need = until.max(a + least);
            }
            // Go to the first step that is full, or behind what is needed.
            'full: loop {
                let steps = &self.chunks[c].steps;
                while i < steps.len() {
                    if steps[i].at >= need {
                        return a;
                    }
                    if steps[i].used >= cap {
                        break 'full;
                    }
                    i += 1;
                }
                loop {
                    c += 1;
                    if c == self.chunks.len() || self.keys[c] >= need {
                        return a;
                    }
                    if self.chunks[c].most >= cap {
                        break;
                    }
                }
                i = 0;
            }
        }
    }

    /// [`Line::fit_back`] where fewer than `cap` units may be taken.
    fn fit_back_below(&self, from: i64, until: i64, least: i64, cap: u32) -> i64 {
        let (mut c, mut i) = self.locate(until - 1);
        let mut b = until;
        let mut need = from.min(until - least);
        loop {
            // Go back to a step that is not full; its end is the new `b`.
            if self.chunks[c].steps[i].used >= cap {
                loop {
                    b = self.chunks[c].steps[i].at;
                    if b == i64::MIN {
                        return -FAR;
                    }
                    if i == 0 {
                        c -= 1;
                        i = self.chunks[c].steps.len();
                    }
                    i -= 1;
                    if self.chunks[c].steps[i].used < cap {
                        break;
                    }
                }
                need = from.min(b - least);
            }
            // Go back to a full step, or to one that starts before what is needed.
            loop {
                let step = self.chunks[c].steps[i];
                if step.used >= cap {
                    break;
                }
                if step.at <= need {
                    return b;
                }
                if i == 0 {
                    c -= 1;
                    i = self.chunks[c].steps.len();
                }
                i -= 1;
            }
        }
    }

    /// So many units must be taken at least for there to be too few left.
    fn cap(&self, units: u32) -> u32 {
        (self.capacity + 1).saturating_sub(units)
    }
}

impl Line for Profile {
    fn fit(&self, from: i64, until: i64, least: i64) -> i64 {
        self.fit_below(from, until, least, self.capacity)
    }

    fn fit_units(&self, from: i64, until: i64, least: i64, units: u32) -> i64 {
        self.fit_below(from, until, least, self.cap(units))
    }

    fn barred(&self, from: i64, until: i64) -> bool {
        self.fit_below(from, until + 1, 1, self.capacity + 1) != from
    }

    fn fit_back(&self, from: i64, until: i64, least: i64) -> i64 {
        self.fit_back_below(from, until, least, self.capacity)
    }

    fn fit_back_units(&self, from: i64, until: i64, least: i64, units: u32) -> i64 {
        self.fit_back_below(from, until, least, self.cap(units))
    }

    fn take(&mut self, from: i64, until: i64, weight: u32) {
        self.change(from, until, |used| used.saturating_add(weight));
    }

    fn give(&mut self, from: i64, until: i64, weight: u32) {
        self.change(from, until, |used| used.saturating_sub(weight));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// The same by counting moment by moment over a short span.
    struct Slow {
        used: Vec<u32>,
        capacity: u32,
    }

    impl Slow {
        fn free(&self, from: i64, until: i64) -> bool {
            (from..until).all(|t| {
                t < 0 || t >= self.used.len() as i64 || self.used[t as usize] < self.capacity
            })
        }
        fn fit(&self, from: i64, until: i64, least: i64) -> i64 {
            (from..)
                .find(|&a| self.free(a, until.max(a + least)))
                .unwrap()
        }
        fn fit_back(&self, from: i64, until: i64, least: i64) -> i64 {
            (-1000..=until)
                .rev()
                .find(|&b| self.free(from.min(b - least), b))
                .unwrap()
        }
    }

    proptest! {
        #[test]
        fn agrees_with_counting(
            capacity in 1_u32..4,
            takes in prop::collection::vec((0_i64..300, 1_i64..40, any::<bool>()), 1..300),
            asks in prop::collection::vec((0_i64..300, 0_i64..30, 1_i64..20), 30),
        ) {
            let mut fast = Profile::new(capacity);
            let mut slow = Slow { used: vec![0; 400], capacity };
            let mut held = Vec::new();
            for (from, len, drop) in takes {
                if drop && !held.is_empty() {
                    let (a, b): (i64, i64) = held.swap_remove(from as usize % held.len());
                    fast.give(a, b, 1);
                    for t in a..b { slow.used[t as usize] -= 1; }
                } else {
                    held.push((from, from + len));
                    fast.take(from, from + len, 1);
                    for t in from..from + len { slow.used[t as usize] += 1; }
                }
            }
            for (from, len, least) in asks {
                prop_assert_eq!(fast.fit(from, from + len, least), slow.fit(from, from + len, least));
                prop_assert_eq!(fast.fit_back(from, from + len, least), slow.fit_back(from, from + len, least));
            }
            for (a, b) in held { fast.give(a, b, 1); }
            prop_assert_eq!(fast.chunks.iter().map(|c| c.steps.len()).sum::<usize>(), 1);
        }
    }
}
