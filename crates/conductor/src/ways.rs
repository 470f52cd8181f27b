//! Ways: sending movers to docks and parking berths, and making room for them there.
//!
//! A berth is kept only by a mover that is served there: any other is sent to park when somebody needs its berth. While a run is
//! made again for which no way is reserved, nobody sets out.

use crate::commands::Owner;
use crate::conductor::Conductor;
use crate::limits::WAY_AGAIN;
use crate::order::{Phase, Stage};
use crate::timers::Timer;
use crate::waits::Want;
use bus::Action;
use labware::Place;
use quantity::{BerthId, MoverId, StationId};
use transport::{BerthKind, Limits, Motion, TrafficError};

/// What came of sending a mover somewhere.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Sent {
    /// It is there already.
    There,
    /// It is on its way.
    Going,
    /// All berths there are kept by movers that are being served.
    NoBerth,
    /// It has no way now.
    NoWay,
}

impl Conductor {
    /// Sends a mover to the dock of a station.
    pub(crate) fn send(&mut self, mover: MoverId, station: StationId, limits: Limits) -> Sent {
        if self.docked_at(mover) == Some(station) {
            return Sent::There;
        }
        if self.fleet.get(mover).stuck.is_some() || self.fleet.get(mover).ride.is_some() {
            return Sent::NoWay;
        }
        if self.held() {
            return Sent::NoWay;
        }
        let mut sent = Sent::NoBerth;
        for pass in 0..2 {
            for at in 0..self.hall.docks[station.index()].len() {
                let dock = self.hall.docks[station.index()][at];
                if self.may_stand_in(dock, mover) {
                    continue;
                }
                match self.traffic.plan(mover, dock, limits, self.now, self.now) {
                    Ok(motion) => {
                        self.ride(motion);
                        return Sent::Going;
                    }
                    Err(TrafficError::Taken { .. }) => {}
                    Err(_) => sent = Sent::NoWay,
                }
            }
            if pass == 0 && !self.make_room(station, mover) {
                break;
            }
        }
        if sent == Sent::NoWay {
            self.timers.sooner(Timer::Ways, self.now + WAY_AGAIN);
        }
        sent
    }

    /// Whether another mover that is to have left a berth may not have done so.
    pub(crate) fn may_stand_in(&self, berth: BerthId, but: MoverId) -> bool {
        self.fleet
            .movers
            .iter()
            .enumerate()
            .any(|(at, state)| at != but.index() && state.leaves == Some(berth))
    }

    /// Whether nobody may set out for now: a run is to be made again, or is being made, for which no
    /// way is reserved.
    pub(crate) fn held(&mut self) -> bool {
        let again = self.fleet.quiet_from.is_some_and(|from| from > self.now);
        let held = again || !self.fleet.again.is_empty() || !self.fleet.doubted.is_empty();
        if held {
            self.timers.sooner(Timer::Ways, self.now + WAY_AGAIN);
        }
        held
    }

    /// Makes the next run that is to be made again, if nobody else moves by now.
    pub(crate) fn ride_in_quiet(&mut self) {
        if self.fleet.again.is_empty() {
            return;
        }
        let moving = (0..self.fleet.movers.len() as u32)
            .map(MoverId)
            .filter(|mover| self.fleet.get(*mover).ride.is_some())
            .filter_map(|mover| self.traffic.motion_of(mover))
            .map(|motion| motion.arrive)
            .max()
            .filter(|arrive| *arrive > self.now);
        let quiet = moving.max(self.fleet.quiet_from.filter(|from| *from > self.now));
        if let Some(quiet) = quiet {
            self.timers
                .sooner(Timer::Ways, quiet.max(self.now + WAY_AGAIN));
            return;
        }
        if !self.fleet.doubted.is_empty() {
            self.timers.sooner(Timer::Ways, self.now + WAY_AGAIN);
            return;
        }
        if let Some((mover, action)) = self.fleet.again.pop_front() {
            self.ride_again(mover, action);
        }
        self.timers.sooner(Timer::Ways, self.now + WAY_AGAIN);
    }

    /// Sends a mover to a parking berth: its own, or the nearest that is free.
    pub(crate) fn park(&mut self, mover: MoverId, limits: Limits) -> bool {
        let state = self.fleet.get(mover);
        if state.stuck.is_some() || state.ride.is_some() || self.held() {
            return false;
        }
        let Some(from) = self.traffic.berth_of(mover, self.now) else {
            return false;
        };
        if self.traffic.track().berth(from).kind == BerthKind::Parking {
            return false;
        }
        let home = self.hall.movers[mover.index()].home;
        let free = self.traffic.holder_of(home).is_none();
        let to = if free {
            Some(home)
        } else {
            self.traffic.nearest_parking(from)
        };
        let Some(to) = to else { return false };
        if self.may_stand_in(to, mover) {
            self.timers.sooner(Timer::Ways, self.now + WAY_AGAIN);
            return false;
        }
        match self.traffic.plan(mover, to, limits, self.now, self.now) {
            Ok(motion) => {
                self.ride(motion);
                true
            }
            Err(_) => {
                self.timers.sooner(Timer::Ways, self.now + WAY_AGAIN);
                false
            }
        }
    }

    /// Frees a berth at a station from movers that are not being served there: idle ones, and for
    /// a mover that carries a plate also empty ones that wait for theirs. Those go to park; their
    /// orders call another. Whether a berth was freed.
    pub(crate) fn make_room(&mut self, station: StationId, for_mover: MoverId) -> bool {
        let loaded = self
            .places
            .custody()
            .plate_at(Place::Mover(for_mover))
            .is_some();
        for at in 0..self.hall.docks[station.index()].len() {
            let dock = self.hall.docks[station.index()][at];
            let Some(holder) = self.traffic.holder_of(dock) else {
                continue;
            };
            if holder != for_mover && self.evict(holder, loaded) {
                return true;
            }
        }
        false
    }

    /// Sends a mover away from its dock unless it is being served there.
    pub(crate) fn evict(&mut self, mover: MoverId, for_loaded: bool) -> bool {
        let state = self.fleet.get(mover);
        if state.ride.is_some() || state.stuck.is_some() {
            return false;
        }
        let Some(order) = state.job else {
            let carries = self
                .places
                .custody()
                .plate_at(Place::Mover(mover))
                .is_some();
            let limits = self.unloaded(mover);
            if carries || !self.park(mover, limits) {
                return false;
            }
            self.fleet.idle.remove(&mover);
            return true;
        };
        if self.order(order).is_none() {
            return false;
        }
        self.with(order, |this, o| {
            let Phase::Leg(leg) = &mut o.phase else {
                return false;
            };
            match leg.stage {
                // An empty mover that waits for its plate: the plate calls another.
                Stage::Ready
                    if leg.mover == Some(mover)
                        && (for_loaded || (leg.to.is_none() && leg.waiting_since.is_some())) =>
                {
                    if let Place::Nest(nest) = leg.from
                        && this.places.is_leaving(nest)
                    {
                        return false;
                    }
                    let limits = this.unloaded(mover);
                    if !this.park(mover, limits) {
                        return false;
                    }
                    leg.mover = None;
                    leg.stage = Stage::Call;
                    if let Some(promised) = leg.to.take() {
                        this.give_back(promised);
                    }
                    this.fleet.get_mut(mover).job = None;
                    this.look_at(o.id());
                    true
                }
                // An empty mover that has no berth to go to yet waits for one in a parking berth:
                // in a dock it could keep out the one that its own waits for.
                Stage::Approach if leg.mover == Some(mover) => {
                    let limits = this.unloaded(mover);
                    if !this.park(mover, limits) {
                        return false;
                    }
                    this.waits.cancel(o.id());
                    true
                }
                // A loaded mover that has no berth to go to waits in its parking berth.
                Stage::Away => {
                    let limits = this.loaded(o, mover);
                    if !this.park(mover, limits) {
                        return false;
                    }
                    if let Phase::Leg(leg) = &mut o.phase {
                        leg.stage = Stage::Ride;
                    }
                    this.waits.cancel(o.id());
                    true
                }
                _ => false,
            }
        })
        .unwrap_or(false)
    }

    /// Tells a mover to make a motion that traffic control has reserved.
    pub(crate) fn ride(&mut self, motion: Motion) {
        let mover = motion.mover;
        let left = match motion.from {
            transport::Place::Berth(berth) => self.fleet.dock_of[berth.index()],
            transport::Place::Track { .. } => None,
        };
        let to = match motion.to {
            transport::Place::Berth(berth) => berth,
            transport::Place::Track { .. } => self
                .traffic
                .bound_for(mover)
                .unwrap_or(self.hall.movers[mover.index()].home),
        };
        self.fleet.idle.remove(&mover);
        self.counters.runs += 1;
        let order = self.fleet.get(mover).job;
        let command = self.issue(
            Action::Travel {
                mover,
                to,
                depart: motion.depart,
                arrive: motion.arrive,
                path: motion.path().into(),
                speed: motion.limits.speed,
                acceleration: motion.limits.acceleration,
                jerk: motion.limits.jerk,
            },
            order,
            Owner::Ride(mover),
            motion.arrive.since(self.now),
        );
        self.fleet.get_mut(mover).ride = Some(command);
        if let transport::Place::Berth(berth) = motion.from {
            self.fleet.get_mut(mover).leaves = Some(berth);
        }
        // The berth that it leaves can be planned for from now on.
        if let Some(station) = left {
            self.freed(Want::Berth(station));
        }
    }
}
