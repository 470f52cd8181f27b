//! Who waits for what.

use quantity::{Instant, InstrumentId, OrderId, StationId};
use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

/// What an order can wait for that somebody else has to give free. Whoever gives one free calls
/// [`Waits::freed`], so that no waiting order is forgotten.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Want {
    /// A free nest in a hotel, for a plate that is to come into the hall.
    Home,
    /// Room in the plan.
    Plan,
    /// An empty nest in this instrument.
    Nest(InstrumentId),
    /// This instrument to work on one plate fewer, or to be fit again.
    Instrument(InstrumentId),
    /// An empty mover.
    Mover,
    /// A free berth at the dock of this station.
    Berth(StationId),
    /// A way over the track.
    Way,
    /// The arm of this station.
    Arm(StationId),
    /// The whole station, which was pulled or lost power.
    Station(StationId),
}

impl Want {
    /// What kind of thing it is, for counts of how long orders wait for each.
    pub fn cause(self) -> &'static str {
        match self {
            Want::Home => "a home in a hotel",
            Want::Plan => "room in the plan",
            Want::Nest(_) => "an instrument's nest",
            Want::Instrument(_) => "an instrument",
            Want::Mover => "a mover",
            Want::Berth(_) => "a dock",
            Want::Way => "the track",
            Want::Arm(_) => "an arm",
            Want::Station(_) => "a station",
        }
    }
}

impl fmt::Display for Want {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Want::Home => f.write_str("a free nest in a hotel"),
            Want::Plan => f.write_str("room in the plan"),
            Want::Nest(instrument) => write!(f, "an empty nest in {instrument}"),
            Want::Instrument(instrument) => write!(f, "{instrument} to be ready"),
            Want::Mover => f.write_str("an empty mover"),
            Want::Berth(station) => write!(f, "a free berth at {station}"),
            Want::Way => f.write_str("a way over the track"),
            Want::Arm(station) => write!(f, "the arm of {station}"),
            Want::Station(station) => write!(f, "{station} to join again"),
        }
    }
}

/// Waiting orders by what they wait for; first those whose plan is earliest.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Waits {
    queues: BTreeMap<Want, BTreeSet<(Instant, OrderId)>>,
    by_order: BTreeMap<OrderId, (Want, Instant)>,
}

impl Waits {
    /// An order waits; it waits for one thing at a time. `since` orders the queue.
    pub fn wait(&mut self, order: OrderId, want: Want, rank: Instant) {
        self.cancel(order);
        self.queues.entry(want).or_default().insert((rank, order));
        self.by_order.insert(order, (want, rank));
    }

    /// An order waits no more.
    pub fn cancel(&mut self, order: OrderId) {
        if let Some((want, rank)) = self.by_order.remove(&order)
            && let Some(queue) = self.queues.get_mut(&want)
        {
            queue.remove(&(rank, order));
            if queue.is_empty() {
                self.queues.remove(&want);
            }
        }
    }

    /// What an order waits for.
    pub fn of(&self, order: OrderId) -> Option<Want> {
        self.by_order.get(&order).map(|(want, _)| *want)
    }

    /// Whether anybody waits for this.
    pub fn any(&self, want: Want) -> bool {
        self.queues.contains_key(&want)
    }

    /// Moves all that wait for this into `ready`, in their order.
    pub fn freed(&mut self, want: Want, ready: &mut BTreeSet<(Instant, OrderId)>) {
        if let Some(queue) = self.queues.remove(&want) {
            for (rank, order) in queue {
                self.by_order.remove(&order);
                ready.insert((rank, order));
            }
        }
    }
}
