//! The event core: a wheel of moments with a tie-break that does not depend on the order in
//! which events were put in, so that a world rebuilt from a journal meets them in the same order.

use crate::wheel::Wheel;
use quantity::{CommandId, Instant, StationId};
use std::cmp::Ordering;

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

impl Ord for Event {
    fn cmp(&self, other: &Self) -> Ordering {
        self.rank().cmp(&other.rank())
    }
}

impl PartialOrd for Event {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

/// The events to come.
#[derive(Clone, Debug, Default)]
pub(crate) struct Agenda {
    wheel: Wheel<Event>,
}

impl Agenda {
    pub(crate) fn push(&mut self, at: Instant, event: Event) {
        self.wheel.push(at.base(), event);
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
        if self.wheel.next_time()? > until.base() {
            return None;
        }
        let (at, event) = self.wheel.peek()?;
        if (Instant::from_base(at), event.rank()) >= limit {
            return None;
        }
        self.wheel.pop();
        Some((Instant::from_base(at), event))
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
                let mut agenda = Agenda::default();
                for (at, id) in events {
                    agenda.push(Instant::from_base(*at), Event::End(CommandId(*id)));
                }
                let mut out = Vec::new();
                while let Some(next) = agenda.pop_before(Instant::MAX, None) {
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
        let mut agenda = Agenda::default();
        let now = Instant::from_base(5);
        agenda.push(now, Event::End(CommandId(7)));
        agenda.push(now, Event::End(CommandId(2)));
        assert_eq!(
            agenda.pop_before(now, Some(CommandId(5))),
            Some((now, Event::End(CommandId(2))))
        );
        assert_eq!(agenda.pop_before(now, Some(CommandId(5))), None);
        assert_eq!(
            agenda.pop_before(now, None),
            Some((now, Event::End(CommandId(7))))
        );
    }
}
