//! What will happen, in order of time: a hierarchical timing wheel over all of a 64-bit clock.
//!
//! An event is kept in the slot of the highest digit (of six bits) in which its time differs from the
//! time of the event that was taken last; when a slot's turn comes, its events are dealt to the digits
//! below (Varghese and Lauck, SOSP 1987; as a radix heap: Ahuja, Mehlhorn, Orlin and Tarjan, JACM 37
//! (1990)). An event moves down a few times in all, whatever the number that waits, where a binary heap
//! moves through a path of its tree, each time in another place of memory. Events of one time come in
//! their own order, so the result does not depend on the order in which they were put in.

/// Bits of a digit.
const DIGIT: u32 = 6;

/// Slots of a digit.
const SLOTS: usize = 1 << DIGIT;

/// Digits of a time.
const LEVELS: usize = (u64::BITS as usize).div_ceil(DIGIT as usize);

/// Events to come. None may be put in before the one that was taken last.
#[derive(Clone, Debug)]
pub struct Wheel<E> {
    /// The time of the event that was taken last.
    last: u64,
    /// Events of that time, the first of them at the end.
    now: Vec<E>,
    /// By digit and its value.
    slots: Vec<Vec<(u64, E)>>,
    /// By digit: which slots are not empty.
    used: [u64; LEVELS],
    /// The least time in the slots, where it is known.
    next: Option<u64>,
    count: usize,
}

impl<E: Copy + Ord> Default for Wheel<E> {
    fn default() -> Self {
        Self {
            last: 0,
            now: Vec::new(),
            slots: vec![Vec::new(); LEVELS * SLOTS],
            used: [0; LEVELS],
            next: None,
            count: 0,
        }
    }
}

/// Times before and after zero, in order.
fn key(time: i64) -> u64 {
    time.cast_unsigned() ^ (1 << 63)
}

fn time(key: u64) -> i64 {
    (key ^ (1 << 63)).cast_signed()
}

impl<E: Copy + Ord> Wheel<E> {
    /// Events that wait.
    #[must_use]
    pub fn len(&self) -> usize {
        self.count
    }

    /// Whether none waits.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.count == 0
    }

    /// Puts an event in. One that would be before the one taken last comes next, at that time.
    pub fn push(&mut self, at: i64, event: E) {
        self.count += 1;
        let at = key(at).max(self.last);
        if at == self.last {
            let place = self.now.partition_point(|other| *other > event);
            self.now.insert(place, event);
            return;
        }
        self.next = match self.next {
            Some(next) => Some(next.min(at)),
            None if self.count == self.now.len() + 1 => Some(at),
            None => None,
        };
        self.deal(at, event);
    }

    /// Into the slot of the highest digit in which it differs from the last time, which it must.
    fn deal(&mut self, at: u64, event: E) {
        let level = (63 - (at ^ self.last).leading_zeros()) / DIGIT;
        let slot = (at >> (level * DIGIT)) as usize % SLOTS;
        self.used[level as usize] |= 1 << slot;
        self.slots[level as usize * SLOTS + slot].push((at, event));
    }

    /// The slot whose turn is next: its digit and value.
    fn turn(&self) -> Option<(usize, usize)> {
        let level = self.used.iter().position(|&used| used != 0)?;
        Some((level, self.used[level].trailing_zeros() as usize))
    }

    /// The next event and its time, which is not taken.
    pub fn peek(&mut self) -> Option<(i64, E)> {
        if let Some(&event) = self.now.last() {
            return Some((time(self.last), event));
        }
        let (level, slot) = self.turn()?;
        let waiting = &self.slots[level * SLOTS + slot];
        let first = waiting.iter().min().copied()?;
        self.next = Some(first.0);
        Some((time(first.0), first.1))
    }

    /// The time of the next event.
    pub fn next_time(&mut self) -> Option<i64> {
        if !self.now.is_empty() {
            return Some(time(self.last));
        }
        if self.next.is_none() {
            let (level, slot) = self.turn()?;
            let waiting = &self.slots[level * SLOTS + slot];
            self.next = waiting.iter().map(|e| e.0).min();
        }
        self.next.map(time)
    }

    /// Takes the next event out.
    pub fn pop(&mut self) -> Option<(i64, E)> {
        if self.now.is_empty() {
            self.advance()?;
        }
        self.count -= 1;
        let event = self.now.pop()?;
        Some((time(self.last), event))
    }

    /// Goes to the time of the next event.
    fn advance(&mut self) -> Option<()> {
        let (level, slot) = self.turn()?;
        self.used[level] &= !(1 << slot);
        let place = level * SLOTS + slot;
        let mut waiting = std::mem::take(&mut self.slots[place]);
        self.last = match self.next.take() {
            Some(next) => next,
            None => waiting.iter().map(|e| e.0).min()?,
        };
        for (at, event) in waiting.drain(..) {
            if at == self.last {
                self.now.push(event);
            } else {
                self.deal(at, event);
            }
        }
        self.now.sort_unstable_by(|a, b| b.cmp(a));
        // Its memory is used again.
        self.slots[place] = waiting;
        Some(())
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::cmp::Reverse;
    use std::collections::BinaryHeap;

    proptest! {
        #[test]
        fn agrees_with_a_binary_heap(
            steps in prop::collection::vec((0_i64..2, 0_u32..62, any::<u64>(), 0_u32..9), 1..300),
        ) {
            let mut wheel = Wheel::default();
            let mut heap = BinaryHeap::new();
            let mut now = i64::MIN / 4;
            for (pop, bits, noise, event) in steps {
                if pop == 1 {
                    let expected = heap.pop().map(|Reverse(e)| e);
                    prop_assert_eq!(wheel.next_time(), expected.map(|e: (i64, u32)| e.0));
                    prop_assert_eq!(wheel.peek(), expected);
                    prop_assert_eq!(wheel.pop(), expected);
                    if let Some((at, _)) = expected {
                        now = at;
                    }
                } else {
                    let at = now + (noise % (1 << bits)) as i64;
                    wheel.push(at, event);
                    heap.push(Reverse((at, event)));
                }
                prop_assert_eq!(wheel.len(), heap.len());
                prop_assert_eq!(wheel.is_empty(), heap.is_empty());
            }
            while let Some(Reverse(expected)) = heap.pop() {
                prop_assert_eq!(wheel.pop(), Some(expected));
            }
            prop_assert_eq!(wheel.pop(), None);
        }
    }

    #[test]
    fn who_comes_too_late_comes_next() {
        let mut wheel = Wheel::default();
        wheel.push(10, 1);
        assert_eq!(wheel.pop(), Some((10, 1)));
        wheel.push(3, 2);
        wheel.push(11, 3);
        assert_eq!(wheel.pop(), Some((10, 2)));
        assert_eq!(wheel.pop(), Some((11, 3)));
    }
}
