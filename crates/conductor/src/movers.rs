//! Movers: who has one, where it is, and its runs over the track.
//!
//! Traffic control says where a mover may go and when; this module asks it, tells the mover, and
//! keeps both in step. A mover without an order stands where it is until somebody needs the berth;
//! then it goes to its parking berth. So a berth is only ever kept by a mover that is served there.

use crate::Effect;
use crate::commands::Owner;
use crate::conductor::Conductor;
use crate::effect::{FaultEnd, FaultHandled};
use crate::limits::{MOVER_RETRIES, MOVERS_COMPARED, WAY_AGAIN};
use crate::order::{OpenFault, OrderState, Phase, Stage};
use crate::persons::Purpose;
use crate::timers::Timer;
use crate::waits::Want;
use bus::{Action, Device, Request};
use lab::Hall;
use labware::Place;
use quantity::{
    BerthId, CommandId, Duration, Instant, Length, MoverId, OrderId, PersonTaskId, StationId,
};
use std::collections::{BTreeSet, VecDeque};
use transport::{BerthKind, Limits, Motion, TrafficError};

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
    fn settle_mover(&mut self, mover: MoverId) {
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
    fn make_room(&mut self, station: StationId, for_mover: MoverId) -> bool {
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
    fn evict(&mut self, mover: MoverId, for_loaded: bool) -> bool {
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
    fn has_left(&mut self, mover: MoverId) {
        let left = self.fleet.get_mut(mover).leaves.take();
        if let Some(station) = left.and_then(|berth| self.fleet.dock_of[berth.index()]) {
            self.freed(Want::Berth(station));
        }
    }

    /// A mover stopped on the track, as it was told.
    pub(crate) fn mover_stopped(&mut self, command: CommandId, _at: Length) {
        let Some(flight) = self.commands.get(command) else {
            return;
        };
        let Owner::Ride(mover) = flight.owner else {
            return;
        };
        self.close(command);
        self.fleet.get_mut(mover).ride = None;
        self.has_left(mover);
        self.next_ride(mover);
    }

    /// After a run: the next one, or whoever has the mover goes on.
    fn next_ride(&mut self, mover: MoverId) {
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

    /// A mover can't move.
    pub(crate) fn mover_stuck(&mut self, command: CommandId, _at: Length) {
        let Some(flight) = self.commands.get(command) else {
            return;
        };
        let Owner::Ride(mover) = flight.owner else {
            return;
        };
        self.close(command);
        self.has_left(mover);
        self.strand_mover(mover, command, "mover stuck");
    }

    /// A mover stands still on the track for an unknown time: traffic goes round it or waits.
    pub(crate) fn strand_mover(&mut self, mover: MoverId, command: CommandId, class: &str) {
        self.fleet.get_mut(mover).ride = None;
        self.fleet.get_mut(mover).rides.clear();
        self.fleet.idle.remove(&mover);
        let fault = self.notice(class, Some(Device::Mover(mover)), Some(command));
        self.fleet.get_mut(mover).stuck = Some(Stuck {
            tries: 0,
            task: None,
            fault,
        });
        if let Ok(stopped) = self.traffic.stuck(mover, self.now) {
            for motion in &stopped.stopped {
                self.fleet.get_mut(motion.mover).rides.clear();
                self.issue(
                    Action::Halt {
                        mover: motion.mover,
                    },
                    None,
                    Owner::Halt,
                    Duration::ZERO,
                );
            }
            for called_off in stopped.called_off {
                self.called_off(called_off);
            }
            self.follow(stopped.resumed);
        }
        self.reset_mover(mover);
    }

    /// A departure was called off: the mover stays where it is and is sent anew.
    fn called_off(&mut self, mover: MoverId) {
        self.issue(Action::Halt { mover }, None, Owner::Halt, Duration::ZERO);
        if let Some(ride) = self.fleet.get_mut(mover).ride.take() {
            self.close(ride);
        }
        self.fleet.get_mut(mover).leaves = None;
        self.timers.sooner(Timer::Ways, self.now + WAY_AGAIN);
        match self.fleet.get(mover).job {
            Some(order) => self.look_at(order),
            None => self.settle_mover(mover),
        }
    }

    /// Rides that traffic control found for movers that wait on the track. A ride that ends on the
    /// track is told together with the one that goes on from there.
    fn follow(&mut self, motions: Vec<Motion>) {
        for motion in motions {
            if let transport::Place::Track { .. } = motion.to {
                continue;
            }
            let state = self.fleet.get_mut(motion.mover);
            if state.ride.is_some() {
                state.rides.push_back(motion);
            } else {
                self.ride(motion);
            }
        }
    }

    fn reset_mover(&mut self, mover: MoverId) {
        let Some(stuck) = &mut self.fleet.get_mut(mover).stuck else {
            return;
        };
        stuck.tries += 1;
        if stuck.tries <= MOVER_RETRIES {
            self.issue(
                Action::Reset {
                    device: Device::Mover(mover),
                },
                None,
                Owner::ResetMover(mover),
                Duration::ZERO,
            );
        } else if stuck.task.is_none() {
            let task = self.ask(
                Request::Free { mover },
                Purpose::Mover(mover),
                None,
                "the mover does not move",
            );
            if let Some(stuck) = &mut self.fleet.get_mut(mover).stuck {
                stuck.task = Some(task);
            }
        }
    }

    /// A reset of a stuck mover helped, or not.
    pub(crate) fn mover_reset(&mut self, mover: MoverId, helped: bool) {
        if helped {
            self.mover_moves(mover, FaultEnd::Recovered, "reset");
        } else {
            self.reset_mover(mover);
        }
    }

    /// A person sees to a mover that does not answer: it can be heard again, and stands in the
    /// berth that it was last sent to.
    pub(crate) fn free_mover(&mut self, mover: MoverId, why: &str) {
        self.ask(Request::Free { mover }, Purpose::Mover(mover), None, why);
    }

    /// A person freed a mover.
    pub(crate) fn mover_freed(&mut self, mover: MoverId) {
        if self.fleet.get(mover).stuck.is_none() {
            return self.ask_again(Device::Mover(mover));
        }
        self.mover_moves(mover, FaultEnd::ByPerson, "freed by a person");
    }

    /// Movers that were helped while nobody might set out go on, if others may by now.
    pub(crate) fn let_helped_go(&mut self) {
        if self.fleet.helped.is_empty() || self.held() {
            return;
        }
        for (mover, ended, recovery) in std::mem::take(&mut self.fleet.helped) {
            self.mover_moves(mover, ended, recovery);
        }
    }

    fn mover_moves(&mut self, mover: MoverId, ended: FaultEnd, recovery: &'static str) {
        if self.held() {
            // For a run that is made again no way is reserved: it could meet this one.
            return self.fleet.helped.push_back((mover, ended, recovery));
        }
        let Some(stuck) = self.fleet.get_mut(mover).stuck.take() else {
            return;
        };
        let order = self.fleet.get(mover).job;
        self.emit(Effect::FaultHandled(FaultHandled {
            id: stuck.fault.id,
            class: stuck.fault.class.clone(),
            device: stuck.fault.device,
            command: stuck.fault.command,
            order,
            recovery: recovery.into(),
            ended,
            noticed: stuck.fault.noticed,
        }));
        if let Ok(motions) = self.traffic.recovered(mover, self.now) {
            self.follow(motions);
        }
        self.freed(Want::Way);
        if self.fleet.get(mover).ride.is_none() {
            self.next_ride(mover);
        }
    }

    /// Movers that are on the way to nowhere look again, after ways were blocked.
    pub(crate) fn send_home(&mut self) {
        if !self.held() {
            let motions = self.traffic.resume(self.now);
            self.follow(motions);
        }
        let resting = (0..self.fleet.movers.len() as u32).any(|m| {
            let state = self.fleet.get(MoverId(m));
            state.ride.is_none()
                && state.stuck.is_none()
                && self.traffic.berth_of(MoverId(m), self.now).is_none()
        });
        if resting {
            self.timers.sooner(Timer::Ways, self.now + WAY_AGAIN);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Input;
    use bus::{Outcome, Received, Report};
    use lab::LabFile;
    use std::sync::Arc;

    fn conductor() -> Conductor {
        let text = include_str!("../../../labs/bench.toml");
        let (file, _) = LabFile::parse("bench", text).unwrap();
        Conductor::new(Arc::clone(&file.hall)).unwrap()
    }

    fn at(seconds: f64) -> Instant {
        Instant::from_secs_f64(seconds)
    }

    fn report(conductor: &mut Conductor, report: Report, now: Instant) -> Vec<Effect> {
        let mut out = Vec::new();
        let received = Received {
            at: now,
            from: None,
            report,
        };
        conductor.step(Input::Report(received), now, &mut out);
        out
    }

    /// The movers that are told to run, and the last command that is a reset.
    fn told(out: &[Effect]) -> (Vec<MoverId>, Option<CommandId>) {
        let mut runs = Vec::new();
        let mut reset = None;
        for effect in out {
            if let Effect::Command(command) = effect {
                match command.action {
                    Action::Travel { mover, .. } => runs.push(mover),
                    Action::Reset { .. } => reset = Some(command.id),
                    _ => {}
                }
            }
        }
        (runs, reset)
    }

    #[test]
    fn a_mover_that_was_helped_waits_until_a_run_is_made_again() {
        let mut conductor = conductor();
        let mover = MoverId(0);
        let limits = conductor.unloaded(mover);
        conductor.now = at(1.0);
        assert_eq!(conductor.send(mover, StationId(3), limits), Sent::Going);
        let ride = conductor.fleet.get(mover).ride.unwrap();
        conductor.out.clear();
        let stuck = Report::MoverStuck {
            command: ride,
            at: Length::ZERO,
        };
        let (_, reset) = told(&report(&mut conductor, stuck, at(2.0)));
        // Meanwhile a run is being made again, for which no way is reserved, until a minute from now.
        conductor.fleet.quiet_from = Some(at(62.0));
        let helped = Report::Done {
            command: reset.unwrap(),
            outcome: Outcome::Done,
        };
        assert_eq!(told(&report(&mut conductor, helped, at(3.0))).0, []);
        let mut runs = Vec::new();
        while runs.is_empty() {
            let wake = conductor.next_wake().unwrap();
            let mut out = Vec::new();
            conductor.step(Input::Wake, wake, &mut out);
            runs = told(&out).0;
            assert!(
                runs.is_empty() || wake >= at(62.0),
                "{runs:?} set out at {wake}"
            );
            assert!(wake < at(120.0), "nobody ever goes on");
        }
        assert_eq!(runs, [mover]);
        assert!(conductor.fleet.get(mover).stuck.is_none());
    }
}
