//! The event core: a binary heap of moments with a tie-break that does not depend on the order in
//! which events were put in, so that a world rebuilt from a journal meets them in the same order.

use quantity::{CommandId, Instant, StationId};
use std::cmp::{Ordering, Reverse};
use std::collections::BinaryHeap;

/// Something that will happen by itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Event {
    /// A command comes to its end.
    End(CommandId),
    /// A station loses its connection or its power; numbered for each station.
    StationLeaves(StationId, u32),
    /// It answers again.
    StationJoins(StationId, u32),
}

impl Event {
    /// What orders events of one moment.
    fn rank(self) -> (u8, u64) {
        match self {
            Event::StationLeaves(station, _) => (0, u64::from(station.0)),
            Event::StationJoins(station, _) => (1, u64::from(station.0)),
            Event::End(command) => (2, command.0),
        }
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Entry {
    at: Instant,
    event: Event,
}

impl Ord for Entry {
    fn cmp(&self, other: &Self) -> Ordering {
        (self.at, self.event.rank()).cmp(&(other.at, other.event.rank()))
    }
}

impl PartialOrd for Entry {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

/// The events to come.
#[derive(Clone, Debug, Default)]
pub(crate) struct Heap {
    entries: BinaryHeap<Reverse<Entry>>,
}

impl Heap {
    pub(crate) fn push(&mut self, at: Instant, event: Event) {
        self.entries.push(Reverse(Entry { at, event }));
    }

    /// The next event that is due before a command with this id, issued at `until`, begins; or,
    /// without a command, at or before `until`.
    pub(crate) fn pop_before(
        &mut self,
        until: Instant,
        command: Option<CommandId>,
    ) -> Option<(Instant, Event)> {
        let limit = match command {
            Some(id) => (until, Event::End(id).rank()),
            None => (until, (u8::MAX, u64::MAX)),
        };
        let next = self.entries.peek()?.0;
        if (next.at, next.event.rank()) >= limit {
            return None;
        }
        self.entries.pop();
        Some((next.at, next.event))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn order_does_not_depend_on_insertion(mut events in prop::collection::vec((0_i64..5, 0_u64..40), 0..60)) {
            let drain = |events: &[(i64, u64)]| {
                let mut heap = Heap::default();
                for (at, id) in events {
                    heap.push(Instant::from_base(*at), Event::End(CommandId(*id)));
                }
                let mut out = Vec::new();
                while let Some(next) = heap.pop_before(Instant::MAX, None) {
                    out.push(next);
                }
                out
            };
            let forward = drain(&events);
            events.reverse();
            prop_assert_eq!(&forward, &drain(&events));
            prop_assert!(forward.is_sorted_by_key(|(at, _)| *at));
        }
    }

    #[test]
    fn a_command_begins_after_what_was_due_before_it() {
        let mut heap = Heap::default();
        let now = Instant::from_base(5);
        heap.push(now, Event::End(CommandId(7)));
        heap.push(now, Event::End(CommandId(2)));
        assert_eq!(
            heap.pop_before(now, Some(CommandId(5))),
            Some((now, Event::End(CommandId(2))))
        );
        assert_eq!(heap.pop_before(now, Some(CommandId(5))), None);
        assert_eq!(
            heap.pop_before(now, None),
            Some((now, Event::End(CommandId(7))))
        );
    }
}
