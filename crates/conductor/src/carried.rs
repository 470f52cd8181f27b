//! A plate on a mover: on its way, waiting for a way or a berth, or at the dock where it is to be put down.
//!
//! Where it can't be put down where it was to, it goes home: a home is always free.

use crate::conductor::{Conductor, Flow};
use crate::order::{Aim, OrderState, Phase, Stage};
use crate::waits::Want;
use crate::ways::Sent;
use labware::Place;
use quantity::{NestId, StationId};

impl Conductor {
    /// The plate is on its mover and needs a berth where it is to go.
    pub(crate) fn away(&mut self, o: &mut OrderState) -> Flow {
        let Phase::Leg(leg) = &o.phase else {
            return Flow::Again;
        };
        let (Some(mover), Some(to)) = (leg.mover, leg.to.as_ref()) else {
            return self.divert_home(o);
        };
        let there = self.hall.station_of(to.nest());
        if self.health.is_gone(there) {
            return self.divert(o, there);
        }
        let limits = self.loaded(o, mover);
        match self.send(mover, there, limits) {
            Sent::There => {
                if let Some(leg) = self.leg(o) {
                    leg.stage = Stage::Arrived;
                }
                Flow::Again
            }
            Sent::Going => {
                if let Some(leg) = self.leg(o) {
                    leg.stage = Stage::Ride;
                }
                Flow::Stop
            }
            Sent::NoBerth => {
                self.yield_berth(o, mover);
                self.wait_away(o, Want::Berth(there))
            }
            Sent::NoWay => self.wait_away(o, Want::Way),
        }
    }

    /// A loaded mover that waits for a way or a berth: riding to park, or standing.
    pub(crate) fn wait_away(&mut self, o: &mut OrderState, want: Want) -> Flow {
        let riding = match &o.phase {
            Phase::Leg(leg) => leg
                .mover
                .is_some_and(|mover| self.fleet.get(mover).ride.is_some()),
            _ => false,
        };
        if riding {
            if let Some(leg) = self.leg(o) {
                leg.stage = Stage::Ride;
            }
            return Flow::Stop;
        }
        self.wait(o, want)
    }

    /// A loaded mover that can't go on yet leaves a dock that somebody else waits for.
    pub(crate) fn yield_berth(&mut self, o: &mut OrderState, mover: quantity::MoverId) {
        if let Some(station) = self.docked_at(mover)
            && self.waits.any(Want::Berth(station))
        {
            let limits = self.loaded(o, mover);
            self.park(mover, limits);
        }
    }

    /// The station where the plate is to go is gone while it is under way.
    pub(crate) fn divert(&mut self, o: &mut OrderState, there: StationId) -> Flow {
        let home_gone = o
            .home
            .is_none_or(|home| self.health.is_gone(self.station_of_instrument(home.hotel)));
        let Phase::Leg(leg) = &o.phase else {
            return Flow::Again;
        };
        if leg.aim == Aim::Home || home_gone {
            if let Some(mover) = leg.mover {
                self.yield_berth(o, mover);
            }
            return self.wait_away(o, Want::Station(there));
        }
        self.divert_home(o)
    }

    /// A plate on a mover goes home instead.
    pub(crate) fn divert_home(&mut self, o: &mut OrderState) -> Flow {
        let Some(home) = o.home else {
            return Flow::Stop;
        };
        if let Some(leg) = self.leg(o) {
            leg.aim = Aim::Home;
            leg.stage = Stage::Away;
            leg.waiting_since = None;
            if let Some(promised) = leg.to.take() {
                self.give_back(promised);
            }
        }
        let promised = self.places.promise_home(o.plate(), home.nest);
        debug_assert!(promised.is_some(), "the home of {} is not free", o.plate());
        let Some(promised) = promised else {
            return Flow::Stop;
        };
        if let Some(leg) = self.leg(o) {
            leg.to = Some(promised);
        }
        self.clear_home(o);
        Flow::Again
    }

    /// On the way: where has the mover come to?
    pub(crate) fn riding(&mut self, o: &mut OrderState) -> Flow {
        let Phase::Leg(leg) = &o.phase else {
            return Flow::Again;
        };
        let Some(mover) = leg.mover else {
            return Flow::Stop;
        };
        let state = self.fleet.get(mover);
        if state.ride.is_some() || state.stuck.is_some() {
            return Flow::Stop;
        }
        if self.traffic.berth_of(mover, self.now).is_none() {
            return self.wait(o, Want::Way);
        }
        if let Some(leg) = self.leg(o) {
            leg.stage = Stage::Away;
        }
        Flow::Again
    }

    /// At the dock: the plate is put down as soon as its nest is empty and the arm free.
    pub(crate) fn arrived(&mut self, o: &mut OrderState) -> Flow {
        let Phase::Leg(leg) = &o.phase else {
            return Flow::Again;
        };
        let (Some(mover), Some(to)) = (leg.mover, leg.to.as_ref()) else {
            return self.divert_home(o);
        };
        let nest = to.nest();
        let there = self.hall.station_of(nest);
        if self.health.is_gone(there) {
            // It can't be unloaded; it can't be sent elsewhere either unless home is elsewhere.
            return self.divert(o, there);
        }
        if !self.places.is_empty(to) {
            if self.places.is_leaving(nest) || self.being_lifted(nest) {
                let instrument = self.hall.instrument_of(nest).id;
                return self.wait(o, Want::Nest(instrument));
            }
            return self.divert_home(o);
        }
        let instrument = self.hall.instrument_of(nest).id;
        if matches!(leg.aim, Aim::Visit { .. }) && !self.lets_in(o, instrument, true) {
            let mut nests = self.hall.instrument(instrument).nests.iter();
            let busy = self.health.instrument(instrument).running > 0;
            let staying = |nest: &NestId| {
                let there = self.places.plate_in(*nest).is_some();
                there && !self.places.is_leaving(*nest) && !self.being_lifted(*nest)
            };
            // Where all others are about to leave it waits for that; a run is too long to wait for here.
            return if busy || nests.any(staying) {
                self.divert_home(o)
            } else {
                self.wait(o, Want::Nest(instrument))
            };
        }
        if !self.health.arm(there).is_free() {
            return self.wait(o, Want::Arm(there));
        }
        if let Some(leg) = self.leg(o) {
            leg.stage = Stage::Lower;
        }
        self.handle(o, there, Place::Mover(mover), Place::Nest(nest));
        Flow::Stop
    }

    /// Whether the plate in a nest is in the hands of the arm.
    pub(crate) fn being_lifted(&self, nest: NestId) -> bool {
        self.places
            .plate_in(nest)
            .and_then(|plate| self.plates.get(&plate))
            .and_then(|order| self.order(*order))
            .is_some_and(|o| matches!(&o.phase, Phase::Leg(leg) if leg.stage == Stage::Lift))
    }
}
