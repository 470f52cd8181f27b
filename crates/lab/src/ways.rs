//! How long a plate takes from instrument to instrument when nothing is in its way.

use crate::Hall;
use bus::{Capability, Instrument};
use quantity::{BerthId, Duration, Length, StationId};
use std::collections::BTreeMap;
use std::sync::Arc;
use transport::{Limits, Traffic};

/// Least times between instruments of a hall.
#[derive(Debug)]
pub(crate) struct Ways<'h> {
    hall: &'h Hall,
    /// None if the movers or the track do not go together; that is a problem of the lab file.
    traffic: Option<Traffic>,
    /// The best of all movers in each respect.
    limits: Option<Limits>,
    known: BTreeMap<(StationId, StationId), Duration>,
}

impl<'h> Ways<'h> {
    /// Of more pairs of instruments than this, some stand side by side.
    pub const PAIRS: usize = 4_000;

    pub fn new(hall: &'h Hall) -> Self {
        let movers: Vec<_> = hall.movers.iter().map(|m| (m.spec, m.home)).collect();
        let best = |a: Limits, b: Limits| Limits {
            speed: a.speed.max(b.speed),
            acceleration: a.acceleration.max(b.acceleration),
            jerk: a.jerk.max(b.jerk),
        };
        Self {
            hall,
            traffic: Traffic::new(Arc::clone(&hall.track), &movers).ok(),
            limits: hall.movers.iter().map(|m| m.spec.limits).reduce(best),
            known: BTreeMap::new(),
        }
    }

    /// From one instrument's nest into the other's: nothing within one instrument, one arm's pick
    /// and place within a station, else both arms and the ride.
    pub fn between(&mut self, from: &Instrument, to: &Instrument) -> Duration {
        if from.id == to.id {
            return Duration::ZERO;
        }
        let arm = |station: StationId| {
            let arm = &self.hall.station(station).arm;
            arm.pick + arm.place
        };
        if from.station == to.station {
            return arm(from.station);
        }
        arm(from.station) + arm(to.station) + self.ride(from.station, to.station)
    }

    /// The least over all pairs; of very many, what the quickest arm takes.
    pub fn least(
        &mut self,
        from: &[(&'h Instrument, &'h Capability)],
        to: &[(&'h Instrument, &'h Capability)],
    ) -> Duration {
        let mut least = Duration::MAX;
        if from.len() * to.len() > Self::PAIRS {
            let arms = self.hall.stations.iter().map(|s| s.arm.pick + s.arm.place);
            return arms.min().unwrap_or_default();
        }
        for (a, _) in from {
            for (b, _) in to {
                least = least.min(self.between(a, b));
            }
        }
        if least == Duration::MAX {
            Duration::ZERO
        } else {
            least
        }
    }

    fn ride(&mut self, from: StationId, to: StationId) -> Duration {
        if let Some(known) = self.known.get(&(from, to)) {
            return *known;
        }
        let hall = self.hall;
        let mut least = Duration::MAX;
        for &a in &hall.docks[from.index()] {
            for &b in &hall.docks[to.index()] {
                least = least.min(self.way(a, b));
            }
        }
        let least = if least == Duration::MAX {
            Duration::ZERO
        } else {
            least
        };
        self.known.insert((from, to), least);
        least
    }

    /// The ride over the free track; the straight distance if there is no estimate.
    fn way(&mut self, from: BerthId, to: BerthId) -> Duration {
        let Some(limits) = self.limits else {
            return Duration::ZERO;
        };
        if let Some(traffic) = &mut self.traffic
            && let Ok(time) = traffic.estimate(from, to, limits)
        {
            return time;
        }
        let place = |berth: BerthId| self.hall.track.berth(berth).position;
        let straight: Length = place(from).distance(place(to));
        Duration::from_secs_f64(straight.as_m() / limits.speed.as_m_per_s())
    }
}
