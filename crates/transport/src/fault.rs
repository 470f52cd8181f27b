//! Movers that stop dead on the track, and how traffic goes on. The argument why this never
//! ends in a collision or a deadlock is in [`crate::traffic`].

use crate::motion::{Motion, Place};
use crate::profile::Limits;
use crate::run::{End, FOREVER, Run, Start};
use crate::timeline::Window;
use crate::track::{BerthKind, ZoneId};
use crate::traffic::{Dead, Rest, State, Traffic, TrafficError, closed};
use quantity::{BerthId, BlockId, Instant, MoverId};
use std::collections::{BTreeSet, VecDeque};
use std::sync::Arc;

/// What changed when a mover got stuck.
#[derive(Clone, Debug, PartialEq)]
pub struct Stopped {
    /// Where the stuck mover stands.
    pub place: Place,
    /// Rides broken off behind it: each replaces its mover's motion, is the same up to now, and
    /// ends at rest on the track.
    pub stopped: Vec<Motion>,
    /// Movers that had not departed and now stay where they are: in their berths, to be planned
    /// anew, or at rest on the track, to be resumed.
    pub called_off: Vec<MoverId>,
    /// New rides for movers that can go round, or to a parking berth, from where they come to
    /// rest: each follows its mover's motion in `stopped`. In an order in which they may be begun.
    pub resumed: Vec<Motion>,
}

/// A place within this distance of a rest place is the rest place, in metres.
const AT_REST: f64 = 1e-6;

impl Traffic {
    /// Notes that a mover stopped dead at a moment, which may be any time of its ride or in its
    /// berth. Everything planned that it is now in the way of is stopped or called off.
    ///
    /// # Errors
    /// [`TrafficError::NoMover`], or [`TrafficError::Stuck`] if it was stuck already.
    pub fn stuck(&mut self, mover: MoverId, at: Instant) -> Result<Stopped, TrafficError> {
        self.mover(mover)?;
        self.settle(mover, at);
        let now = at.base();
        let mut result = Stopped {
            place: Place::Berth(BerthId(0)),
            stopped: Vec::new(),
            called_off: Vec::new(),
            resumed: Vec::new(),
        };
        let mut changed = Vec::new();
        match self.movers[mover.index()].state.clone() {
            State::Berth(berth) => {
                self.movers[mover.index()].state = State::DeadInBerth(berth);
                result.place = Place::Berth(berth);
                return Ok(result);
            }
            State::Dead(_) | State::DeadInBerth(_) => return Err(TrafficError::Stuck(mover)),
            State::Gone => return Err(TrafficError::NoMover(mover)),
            State::Moving { motion, rest } if motion.depart > at => {
                self.release(&motion, i64::MIN);
                match (motion.from, rest) {
                    (Place::Berth(berth), _) => {
                        let zone = self.track.berth(berth).zone;
                        changed.push(self.hold_from(zone, mover, now));
                        self.movers[mover.index()].state = State::DeadInBerth(berth);
                        result.place = motion.from;
                    }
                    (Place::Track { .. }, Some(rest)) => {
                        // It is at rest, or still coming to rest.
                        for zone in self.zones_at_end(&rest.motion.run) {
                            self.hold(zone, mover, now);
                        }
                        result.place = rest.motion.place_at(at);
                        let held = self.hold_open(&rest.motion, now, &mut changed);
                        self.die(mover, *rest, at, held);
                    }
                    (Place::Track { .. }, None) => return Err(TrafficError::NoMover(mover)),
                }
            }
            State::Moving { motion, rest } => {
                let bound = match motion.to {
                    Place::Berth(berth) => berth,
                    Place::Track { .. } => rest.map_or(BerthId(0), |r| r.bound),
                };
                result.place = motion.place_at(at);
                let held = self.hold_open(&motion, now, &mut changed);
                self.die(mover, Rest { motion, bound }, at, held);
            }
            State::Resting(rest) => {
                result.place = rest.motion.place_at(at);
                let held = self.hold_open(&rest.motion, now, &mut changed);
                self.die(mover, rest, at, held);
                // It was an obstacle before.
                self.obstacles -= 1;
            }
        }
        self.stop_behind(mover, changed, at, &mut result);
        result.resumed = self.resume(at);
        Ok(result)
    }

    /// Notes that a stuck mover moves again: it goes on to a place where it is out of the way of
    /// a junction, and then to its berth or a parking berth as soon as a way is free, as do those
    /// that waited. In an order in which they may be begun; several rides of one mover follow each
    /// other.
    ///
    /// # Errors
    /// [`TrafficError::NoMover`] if it is not there or not stuck.
    pub fn recovered(&mut self, mover: MoverId, now: Instant) -> Result<Vec<Motion>, TrafficError> {
        let dead = match self.mover(mover)?.state.clone() {
            State::DeadInBerth(berth) => {
                self.movers[mover.index()].state = State::Berth(berth);
                return Ok(Vec::new());
            }
            State::Dead(dead) => dead,
            _ => return Err(TrafficError::NoMover(mover)),
        };
        let mut motions = Vec::new();
        let run = &dead.motion.run;
        let rest = run
            .rests
            .iter()
            .find(|(k, place, _)| {
                *place >= dead.place - AT_REST
                    && dead.held.contains(&self.track.block(run.path[*k]).zone)
            })
            .copied();
        let stands = rest.is_some_and(|(_, place, _)| (place - dead.place).abs() <= AT_REST);
        let motion = if stands {
            Motion {
                arrive: now,
                ..self.cut(&dead)
            }
        } else {
            let roll = self.roll(mover, &dead, rest.map(|(k, place, _)| (k, place)), now);
            motions.push(roll.clone());
            roll
        };
        for zone in &dead.held {
            let used = !stands && motion.run.uses.iter().any(|u| u.zone == *zone);
            let stays = stands && self.zones_at_end(&motion.run).contains(zone);
            if !used && !stays {
                self.zones.close(*zone, mover, now.base());
            }
        }
        if !stands {
            self.reserve(&motion);
        }
        self.movers[mover.index()].state = match motion.to {
            Place::Berth(_) => {
                self.obstacles -= 1;
                State::Moving { motion, rest: None }
            }
            Place::Track { .. } => State::Resting(Rest {
                motion,
                bound: dead.bound,
            }),
        };
        motions.extend(self.resume(now));
        Ok(motions)
    }

    /// Notes that a mover was lifted off the track by a person. Those that waited for it go on.
    ///
    /// # Errors
    /// [`TrafficError::NoMover`], or [`TrafficError::OnTheWay`] if it is moving: a mover is
    /// stopped before a hand reaches for it.
    pub fn removed(&mut self, mover: MoverId, now: Instant) -> Result<Vec<Motion>, TrafficError> {
        self.mover(mover)?;
        self.settle(mover, now);
        match self.movers[mover.index()].state.clone() {
            State::Moving { motion, .. } => {
                return Err(TrafficError::OnTheWay {
                    mover,
                    until_s: motion.arrive.base() / 1_000_000_000,
                });
            }
            State::Berth(berth) | State::DeadInBerth(berth) => {
                let zone = self.track.berth(berth).zone;
                self.zones.close(zone, mover, now.base());
            }
            State::Resting(rest) => {
                if rest.motion.arrive > now {
                    return Err(TrafficError::OnTheWay {
                        mover,
                        until_s: rest.motion.arrive.base() / 1_000_000_000,
                    });
                }
                for zone in self.zones_at_end(&rest.motion.run) {
                    self.zones.close(zone, mover, now.base());
                }
                self.obstacles -= 1;
            }
            State::Dead(dead) => {
                for zone in dead.held {
                    self.zones.close(zone, mover, now.base());
                }
                self.obstacles -= 1;
            }
            State::Gone => return Err(TrafficError::NoMover(mover)),
        }
        self.movers[mover.index()].state = State::Gone;
        Ok(self.resume(now))
    }

    /// Notes that a mover that was lifted off was set down in a berth that nobody has or comes to.
    ///
    /// # Errors
    /// [`TrafficError::NoMover`] if it is on the track or was never there, [`TrafficError::NoBerth`],
    /// or [`TrafficError::Taken`] if another has the berth or is yet to leave it.
    pub fn set_down(
        &mut self,
        mover: MoverId,
        berth: BerthId,
        now: Instant,
    ) -> Result<(), TrafficError> {
        if !matches!(
            self.movers.get(mover.index()).map(|m| &m.state),
            Some(State::Gone)
        ) {
            return Err(TrafficError::NoMover(mover));
        }
        let at = self.track.berths().get(berth.index());
        let zone = at.ok_or(TrafficError::NoBerth(berth))?.zone;
        if let Some(other) = self.zones.conflict(zone, now.base(), FOREVER, mover) {
            let by = other.mover;
            return Err(TrafficError::Taken { berth, by });
        }
        self.hold(zone, mover, now.base());
        self.movers[mover.index()].state = State::Berth(berth);
        Ok(())
    }

    /// Plans rides for all movers at rest on the track that have a free way: to the berths for
    /// which they were bound, and if nobody can get there, one at a time to the nearest free
    /// parking berth. In an order in which they may be begun.
    pub fn resume(&mut self, now: Instant) -> Vec<Motion> {
        let mut motions = Vec::new();
        if self.obstacles == 0 {
            return motions;
        }
        loop {
            let waiting: Vec<(MoverId, Limits, Instant, BerthId)> = self
                .movers
                .iter()
                .enumerate()
                .filter_map(|(i, mover)| match &mover.state {
                    State::Resting(rest) => Some((
                        MoverId(i as u32),
                        rest.motion.limits,
                        rest.motion.arrive.max(now),
                        rest.bound,
                    )),
                    _ => None,
                })
                .collect();
            let before = motions.len();
            for (mover, limits, since, bound) in &waiting {
                motions.extend(
                    self.plan_from_rest(*mover, Some(*bound), *limits, *since)
                        .ok(),
                );
            }
            if motions.len() == before {
                let parked = waiting.iter().find_map(|(mover, limits, since, _)| {
                    self.plan_from_rest(*mover, None, *limits, *since).ok()
                });
                match parked {
                    Some(motion) => motions.push(motion),
                    None => return motions,
                }
            }
        }
    }

    /// Plans a ride from a rest on the track, to a berth or to the nearest free parking berth.
    pub(crate) fn plan_from_rest(
        &mut self,
        mover: MoverId,
        to: Option<BerthId>,
        limits: Limits,
        since: Instant,
    ) -> Result<Motion, TrafficError> {
        let State::Resting(rest) = self.mover(mover)?.state.clone() else {
            return Err(TrafficError::NoMover(mover));
        };
        if let Some(to) = to
            && let Some(by) = self.holder_of(to)
        {
            return Err(TrafficError::Taken { berth: to, by });
        }
        let run = &rest.motion.run;
        let End::Track(offset) = run.end else {
            return Err(TrafficError::NoMover(mover));
        };
        let block = run.path[run.path.len() - 1];
        let starts = self.blocks_at_rest(block, offset);
        let left: Vec<(BlockId, u32)> = starts
            .iter()
            .map(|(b, offset)| {
                let length = self.track.block(*b).curve.length() - offset;
                (*b, (length * 1e6) as u32)
            })
            .collect();
        let goals: Vec<BerthId> = match to {
            Some(to) => vec![to],
            None => self.free_berths(BerthKind::Parking).collect(),
        };
        let blocked = |by| TrafficError::Blocked {
            to: to.unwrap_or(rest.bound),
            by,
        };
        let (track, zones) = (&self.track, &self.zones);
        let (path, goal) = self
            .routes
            .search(track, &left, &goals, u32::MAX, |block| {
                closed(track, zones, block, Some(mover))
            })
            .ok_or_else(|| blocked(None))?;
        let offset = starts
            .iter()
            .find(|(b, _)| *b == path[0])
            .map_or(offset, |(_, o)| *o);
        let run = Arc::new(Run::new(
            &self.track,
            Start::Track {
                offset,
                siding: None,
            },
            path,
            End::Berth(goal),
            limits,
        ));
        let depart = self
            .earliest(&run, mover, since.base(), FOREVER)
            .map_err(blocked)?;
        let depart = Instant::from_base(depart.depart);
        let motion = Motion {
            mover,
            from: rest.motion.to,
            to: Place::Berth(goal),
            depart,
            arrive: depart + run.profile.duration(),
            limits,
            run,
        };
        self.reserve(&motion);
        self.obstacles -= 1;
        self.movers[mover.index()].state = State::Moving {
            motion: motion.clone(),
            rest: Some(Box::new(rest)),
        };
        Ok(motion)
    }

    fn die(&mut self, mover: MoverId, rest: Rest, at: Instant, held: Vec<ZoneId>) {
        let place = rest.motion.gone_at(at).as_m();
        self.obstacles += 1;
        self.movers[mover.index()].state = State::Dead(Dead {
            place,
            motion: rest.motion,
            bound: rest.bound,
            held,
        });
    }

    /// The zones in which a mover stays at the end of a run.
    fn zones_at_end(&self, run: &Run) -> Vec<ZoneId> {
        run.uses
            .iter()
            .filter(|u| u.leave == FOREVER)
            .map(|u| u.zone)
            .collect()
    }

    fn hold_from(&mut self, zone: ZoneId, mover: MoverId, since: i64) -> (ZoneId, Window) {
        self.hold(zone, mover, since);
        let window = Window {
            enter: since,
            leave: FOREVER,
            mover,
        };
        (zone, window)
    }

    /// Keeps the zones that are open for a motion at a moment for good and lets go of the others.
    fn hold_open(
        &mut self,
        motion: &Motion,
        now: i64,
        changed: &mut Vec<(ZoneId, Window)>,
    ) -> Vec<ZoneId> {
        let depart = motion.depart.base();
        let open: Vec<(ZoneId, i64)> = motion
            .run
            .uses
            .iter()
            .filter(|u| depart + u.enter <= now && (u.leave == FOREVER || depart + u.leave > now))
            .map(|u| (u.zone, depart + u.enter))
            .collect();
        self.release(motion, now);
        for (zone, enter) in &open {
            changed.push(self.hold_from(*zone, motion.mover, *enter));
        }
        open.into_iter().map(|(zone, _)| zone).collect()
    }

    /// Stops everybody who has a window that overlaps changed ones, and so on.
    fn stop_behind(
        &mut self,
        cause: MoverId,
        changed: Vec<(ZoneId, Window)>,
        at: Instant,
        result: &mut Stopped,
    ) {
        let now = at.base();
        let mut done: BTreeSet<MoverId> = BTreeSet::from([cause]);
        let mut queue: VecDeque<(ZoneId, Window)> = changed.into();
        while let Some((zone, window)) = queue.pop_front() {
            let behind: BTreeSet<MoverId> = self
                .zones
                .conflicts(zone, window.enter.max(now), window.leave, window.mover)
                .map(|w| w.mover)
                .filter(|m| !done.contains(m))
                .collect();
            for mover in behind {
                let State::Moving { motion, rest } = self.movers[mover.index()].state.clone()
                else {
                    continue;
                };
                if motion.depart > at {
                    done.insert(mover);
                    self.release(&motion, i64::MIN);
                    result.called_off.push(mover);
                    let (state, held) = match (motion.from, rest) {
                        (Place::Berth(berth), _) => {
                            (State::Berth(berth), vec![self.track.berth(berth).zone])
                        }
                        (Place::Track { .. }, Some(rest)) => {
                            self.obstacles += 1;
                            let held = self.zones_at_end(&rest.motion.run);
                            (State::Resting(*rest), held)
                        }
                        (Place::Track { .. }, None) => continue,
                    };
                    self.movers[mover.index()].state = state;
                    for zone in held {
                        queue.push_back(self.hold_from(zone, mover, now));
                    }
                    continue;
                }
                let since = at.since(motion.depart).as_secs_f64();
                let (Some(run), Place::Berth(bound)) =
                    (motion.run.stopped(&self.track, since), motion.to)
                else {
                    continue;
                };
                done.insert(mover);
                self.release(&motion, now);
                let run = Arc::new(run);
                for u in &run.uses {
                    let window = Window {
                        enter: motion.depart.base() + u.enter,
                        leave: u.leave_from(motion.depart.base()),
                        mover,
                    };
                    if window.leave > now {
                        self.zones.insert(u.zone, window);
                        queue.push_back((u.zone, window));
                    }
                }
                let place = run.profile.length_m();
                let (k, _) = run.spot(place);
                let stop = Motion {
                    to: Place::Track {
                        block: run.path[k],
                        offset: quantity::Length::from_m(place - run.places[k]),
                    },
                    arrive: motion.depart + run.profile.duration(),
                    run,
                    ..motion
                };
                self.obstacles += 1;
                result.stopped.push(stop.clone());
                self.movers[mover.index()].state = State::Resting(Rest {
                    motion: stop,
                    bound,
                });
            }
        }
    }

    /// The broken-off ride, ending where the mover stands, which is a rest place.
    fn cut(&self, dead: &Dead) -> Motion {
        let run = &dead.motion.run;
        let (k, offset) = run.spot(dead.place);
        let start = Start::Track {
            offset,
            siding: None,
        };
        let run = Run::new(
            &self.track,
            start,
            vec![run.path[k]],
            End::Track(offset),
            dead.motion.limits,
        );
        Motion {
            to: Place::Track {
                block: run.path[0],
                offset: quantity::Length::from_m(offset),
            },
            run: Arc::new(run),
            ..dead.motion.clone()
        }
    }

    /// The ride of a mover from where it got stuck to a rest place ahead, or into its berth.
    fn roll(
        &self,
        mover: MoverId,
        dead: &Dead,
        rest: Option<(usize, f64)>,
        now: Instant,
    ) -> Motion {
        let run = &dead.motion.run;
        let half = run.half_length();
        // From the first block that its tail has not left.
        let first = (0..run.path.len())
            .find(|k| {
                let node = self.track.block(run.path[*k]).to;
                run.places[k + 1] + half + self.track.node(node).clearance.as_m() > dead.place
            })
            .unwrap_or(run.path.len() - 1);
        let siding = match run.start {
            Start::Berth(berth) => Some(berth),
            Start::Track { siding, .. } => siding,
        }
        .filter(|_| first == 0);
        let (last, end, to) = match rest {
            Some((k, place)) => {
                let offset = place - run.places[k];
                let to = Place::Track {
                    block: run.path[k],
                    offset: quantity::Length::from_m(offset),
                };
                (k, End::Track(offset), to)
            }
            None => (run.path.len() - 1, run.end, dead.motion.to),
        };
        let start = Start::Track {
            offset: dead.place - run.places[first],
            siding,
        };
        let path = run.path[first..=last].to_vec();
        let run = Arc::new(Run::new(&self.track, start, path, end, dead.motion.limits));
        let from = dead.motion.run.spot(dead.place);
        Motion {
            mover,
            from: Place::Track {
                block: dead.motion.run.path[from.0],
                offset: quantity::Length::from_m(from.1),
            },
            to,
            depart: now,
            arrive: now + run.profile.duration(),
            limits: dead.motion.limits,
            run,
        }
    }
}
