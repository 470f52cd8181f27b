//! Movers: who has one, where it is, and the end of its runs over the track.
//!
//! Traffic control says where a mover may go and when; [`crate::ways`] asks it and tells the mover, and those that can't move are the
//! matter of [`crate::stuck`]. A mover without an order stands where it is until somebody needs the berth;
//! then it goes to its parking berth. So a berth is only ever kept by a mover that is served there.

use crate::conductor::Conductor;
use crate::effect::FaultEnd;
use crate::limits::{MOVERS_COMPARED, WAY_AGAIN};
use crate::order::{OpenFault, OrderState};
use crate::timers::Timer;
use crate::waits::Want;
use bus::Action;
use lab::Hall;
use labware::Place;
use quantity::{BerthId, CommandId, Duration, Instant, MoverId, OrderId, PersonTaskId, StationId};
use std::collections::{BTreeSet, VecDeque};
use transport::{Limits, Motion};

/// What is known of one mover.
#[derive(Clone, Debug, Default)]
pub(crate) struct MoverState {
    /// The order that has it.
    pub job: Option<OrderId>,
    /// Its travel command.
    pub ride: Option<CommandId>,
    /// Rides that follow the one under way, after it was stopped.
    pub rides: VecDeque<Motion>,
    /// The berth that it leaves on its run. Until it has arrived somewhere else it may still stand
    /// there, so nobody is sent there before.
    pub leaves: Option<BerthId>,
    /// It can't move.
    pub stuck: Option<Stuck>,
    /// It is to go home as soon as it has a way, since its berth is needed.
    pub evicted: bool,
}

/// A mover that can't move.
#[derive(Clone, Debug)]
pub(crate) struct Stuck {
    pub tries: u8,
    pub task: Option<PersonTaskId>,
    pub fault: OpenFault,
}

/// All movers.
#[derive(Clone, Debug)]
pub(crate) struct Fleet {
    pub movers: Vec<MoverState>,
    /// Movers without an order that stand in a berth.
    pub idle: BTreeSet<MoverId>,
    /// The station that each berth is a dock of.
    pub dock_of: Vec<Option<StationId>>,
    /// Runs to be made again once nobody else moves, as no way is reserved for them.
    pub again: VecDeque<(MoverId, Action)>,
    /// Runs of which it is not known whether they began; nobody sets out before it is.
    pub doubted: BTreeSet<CommandId>,
    /// When the last run that was made again has come to its end.
    pub quiet_from: Option<Instant>,
    /// Movers that were helped while nobody may set out, how, and what to say of it: they stay stuck
    /// until others may.
    pub helped: VecDeque<(MoverId, FaultEnd, &'static str)>,
}

impl Fleet {
    pub fn new(hall: &Hall) -> Self {
        let mut dock_of = vec![None; hall.track.berths().len()];
        for (station, docks) in hall.stations.iter().zip(&hall.docks) {
            for dock in docks {
                if let Some(slot) = dock_of.get_mut(dock.index()) {
                    *slot = Some(station.id);
                }
            }
        }
        Self {
            movers: vec![MoverState::default(); hall.movers.len()],
            idle: hall.movers.iter().map(|m| m.id).collect(),
            dock_of,
            again: VecDeque::new(),
            doubted: BTreeSet::new(),
            quiet_from: None,
            helped: VecDeque::new(),
        }
    }

    pub fn get(&self, id: MoverId) -> &MoverState {
        &self.movers[id.index()]
    }

    pub fn get_mut(&mut self, id: MoverId) -> &mut MoverState {
        &mut self.movers[id.index()]
    }
}

impl Conductor {
    /// The station at whose dock a mover stands.
    pub(crate) fn docked_at(&self, mover: MoverId) -> Option<StationId> {
        if self.fleet.get(mover).ride.is_some() {
            return None;
        }
        let berth = self.traffic.berth_of(mover, self.now)?;
        self.fleet.dock_of[berth.index()]
    }

    /// What limits a mover with this order's plate on it.
    pub(crate) fn loaded(&mut self, o: &OrderState, mover: MoverId) -> Limits {
        let spec = &self.hall.movers[mover.index()].spec;
        self.rides.limits(&o.believed, spec)
    }

    pub(crate) fn unloaded(&self, mover: MoverId) -> Limits {
        self.hall.movers[mover.index()].spec.limits
    }

    /// Gives the order the idle mover that is nearest to a station.
    pub(crate) fn take_mover(&mut self, order: OrderId, station: StationId) -> Option<MoverId> {
        let dock = self.hall.docks[station.index()][0];
        let mut free: Vec<(Duration, MoverId, BerthId)> = Vec::new();
        for mover in &self.fleet.idle {
            let Some(from) = self.traffic.berth_of(*mover, self.now) else {
                continue;
            };
            let there = self.fleet.dock_of[from.index()] == Some(station);
            let nominal = if there {
                Some(Duration::ZERO)
            } else {
                self.traffic.nominal(from, dock)
            };
            free.push((nominal.unwrap_or(Duration::MAX), *mover, from));
        }
        // Working out a ride is dear: only what is near at a nominal speed may be nearest.
        if free.len() > MOVERS_COMPARED {
            free.select_nth_unstable(MOVERS_COMPARED);
            free.truncate(MOVERS_COMPARED);
        }
        let mut best: Option<(Duration, MoverId)> = None;
        for (_, mover, from) in free {
            let time = if self.fleet.dock_of[from.index()] == Some(station) {
                Duration::ZERO
            } else {
                let limits = self.hall.movers[mover.index()].spec.limits;
                match self.traffic.estimate(from, dock, limits) {
                    Ok(time) => time,
                    Err(_) => continue,
                }
            };
            if best.is_none_or(|least| (time, mover) < least) {
                best = Some((time, mover));
            }
        }
        let (_, mover) = best?;
        self.fleet.idle.remove(&mover);
        let state = self.fleet.get_mut(mover);
        state.job = Some(order);
        state.evicted = false;
        Some(mover)
    }

    /// The order has no use for its mover any more.
    pub(crate) fn release_mover(&mut self, mover: MoverId) {
        self.fleet.get_mut(mover).job = None;
        self.settle_mover(mover);
    }

    /// A plate was taken off a mover that no order has.
    pub(crate) fn mover_emptied(&mut self, mover: MoverId) {
        if self.fleet.get(mover).job.is_none() {
            self.settle_mover(mover);
        }
    }

    /// A mover without an order stands free for the next, if it stands and is empty.
    pub(crate) fn settle_mover(&mut self, mover: MoverId) {
        let state = self.fleet.get(mover);
        let carries = self
            .places
            .custody()
            .plate_at(Place::Mover(mover))
            .is_some();
        if state.job.is_some() || state.stuck.is_some() || carries {
            return;
        }
        if state.ride.is_some() || self.traffic.berth_of(mover, self.now).is_none() {
            return;
        }
        self.fleet.idle.insert(mover);
        self.placing.emptied.insert(mover);
        self.freed(Want::Mover);
        if let Some(station) = self.docked_at(mover)
            && self.waits.any(Want::Berth(station))
        {
            self.freed(Want::Berth(station));
        }
    }

    /// A mover's run came to its end: it stands where the run was to end.
    pub(crate) fn rode(&mut self, mover: MoverId) {
        // A device's clock may be a little ahead of the plan.
        let at = self
            .traffic
            .motion_of(mover)
            .map_or(self.now, |motion| motion.arrive.max(self.now));
        let _ = self.traffic.arrived(mover, at);
        self.fleet.get_mut(mover).ride = None;
        self.has_left(mover);
        self.next_ride(mover);
    }

    /// A mover is known to be away from the berth that it left.
    pub(crate) fn has_left(&mut self, mover: MoverId) {
        let left = self.fleet.get_mut(mover).leaves.take();
        if let Some(station) = left.and_then(|berth| self.fleet.dock_of[berth.index()]) {
            self.freed(Want::Berth(station));
        }
    }

    /// After a run: the next one, or whoever has the mover goes on.
    pub(crate) fn next_ride(&mut self, mover: MoverId) {
        if let Some(motion) = self.fleet.get_mut(mover).rides.pop_front() {
            self.ride(motion);
            return;
        }
        if self.traffic.berth_of(mover, self.now).is_none()
            && self.traffic.motion_of(mover).is_some()
        {
            // It rests on the track until whoever blocks its way moves.
            self.timers.sooner(Timer::Ways, self.now + WAY_AGAIN);
            if let Some(order) = self.fleet.get(mover).job {
                self.look_at(order);
            }
            return;
        }
        match self.fleet.get(mover).job {
            Some(order) => self.look_at(order),
            None => self.settle_mover(mover),
        }
    }
}
