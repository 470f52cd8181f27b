//! Where movers that no order has wait: near the docks to which they will be called.

use crate::conductor::Conductor;
use crate::limits::{CALL_MEMORY, PLACED_BERTHS, PLACED_WORTH};
use lab::Hall;
use quantity::{BerthId, Duration, Instant, MoverId, StationId};
use std::collections::BTreeSet;
use transport::placement::{Demand, better_place};
use transport::{BerthKind, Traffic};

/// Where calls come from, and which movers to place.
#[derive(Clone, Debug)]
pub(crate) struct Placing {
    demand: Demand,
    /// Movers that came free since they were last placed.
    pub emptied: BTreeSet<MoverId>,
    /// Nominal time from each berth to the first dock of each station, by berths.
    times: Vec<Option<Duration>>,
}

impl Placing {
    pub fn new(hall: &Hall) -> Self {
        Self {
            demand: Demand::new(hall.stations.len(), CALL_MEMORY, Instant::EPOCH),
            emptied: BTreeSet::new(),
            times: Vec::new(),
        }
    }

    /// A mover was called to a station.
    pub fn called(&mut self, station: StationId, now: Instant) {
        self.demand.called(station.index(), now);
    }

    /// Works the times out, once. In a hall with very many berths nobody is placed: mover pools there are
    /// dense, and the times of all ways would take long to work out.
    fn prepare(&mut self, hall: &Hall, traffic: &mut Traffic) -> bool {
        let berths = hall.track.berths().len();
        if berths * hall.docks.len() > PLACED_BERTHS {
            return false;
        }
        if self.times.is_empty() {
            let ways = (0..berths as u32).flat_map(|from| {
                hall.docks
                    .iter()
                    .map(move |docks| (BerthId(from), docks[0]))
            });
            self.times = ways
                .map(|(from, to)| {
                    if from == to {
                        Some(Duration::ZERO)
                    } else {
                        traffic.nominal(from, to)
                    }
                })
                .collect();
        }
        true
    }
}

impl Conductor {
    /// Movers that came free and that nobody took go to where they will be called from.
    pub(crate) fn place_empty(&mut self) {
        if !self.hall.planning.place_movers {
            self.placing.emptied.clear();
        }
        if self.placing.emptied.is_empty() {
            return;
        }
        for mover in std::mem::take(&mut self.placing.emptied) {
            if self.fleet.idle.contains(&mover) && !self.held() {
                self.place(mover);
            }
        }
    }

    fn place(&mut self, mover: MoverId) {
        let hall = self.hall.clone();
        if !self.placing.prepare(&hall, &mut self.traffic) {
            return;
        }
        let Some(here) = self.traffic.berth_of(mover, self.now) else {
            return;
        };
        let places: Vec<BerthId> = (hall.track.berths().iter())
            .filter(|berth| berth.kind == BerthKind::Parking)
            .map(|berth| berth.id)
            .filter(|berth| self.traffic.holder_of(*berth).is_none())
            .filter(|berth| !self.may_stand_in(*berth, mover))
            .collect();
        let others: Vec<BerthId> = (0..self.fleet.movers.len() as u32)
            .map(MoverId)
            .filter(|other| *other != mover)
            .filter(|other| {
                let state = self.fleet.get(*other);
                state.job.is_none() && state.stuck.is_none()
            })
            .filter_map(|other| {
                let stands = self.traffic.berth_of(other, self.now);
                stands.or_else(|| self.traffic.bound_for(other))
            })
            .collect();
        let docks: Vec<BerthId> = hall.docks.iter().map(|docks| docks[0]).collect();
        let times = &self.placing.times;
        let station = |dock: BerthId| self.fleet.dock_of[dock.index()];
        let time = |from: BerthId, to: BerthId| {
            let at = from.index() * docks.len() + station(to)?.index();
            times.get(at).copied().flatten()
        };
        let demand = self.placing.demand.of_docks();
        let Some(to) = better_place(here, &places, &others, &docks, demand, PLACED_WORTH, time)
        else {
            return;
        };
        let limits = self.unloaded(mover);
        if let Ok(motion) = self.traffic.plan(mover, to, limits, self.now, self.now) {
            self.counters.placed += 1;
            self.ride(motion);
        }
    }
}
