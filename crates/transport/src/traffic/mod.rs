//! Traffic control: who may go where, and when.
//!
//! # Why no two movers ever touch
//!
//! A mover departs only with a reservation of every zone on its way, each for a window of time
//! that begins when the mover could no longer stop short of the zone and ends when its tail is
//! past the zone's border (see [`crate::run`]). Windows of one zone are disjoint between movers.
//! A mover's body lies in zones whose windows are open, so two bodies are never in one zone; and
//! whatever stops, stops within zones that are open for it, so no stop can cause a collision.
//!
//! # Why nobody ever waits for good
//!
//! *Moving.* A motion never stops on the way and ends in a berth that is reserved for it without
//! end, so every moving mover arrives. Waiting is done in berths, and a mover in a berth is in
//! nobody's way. So after some time all movers stand in berths.
//!
//! *Berths.* There are at least as many parking berths as movers ([`Traffic::new`] checks it).
//! When all stand, each holds one berth; a mover at a dock leaves at most n - 1 movers for n
//! parking berths, so one is free. The track is empty and every berth can be reached from every
//! other ([`crate::TrackBuilder::build`] checks it), so that mover can go and park. Any dock can be
//! freed like this, and then be given to whoever needs it: no circle of movers, each waiting for
//! the dock of the next, ever has to stand.
//!
//! *Stuck.* When a mover stops dead, those that have a window after it in a zone that it now holds
//! stop too, each at the next rest place, where it holds the zone of one block only; and so on for
//! those that have windows behind these. Others go on as planned. To clear the track, look back
//! from a free parking berth along the blocks: the first standing mover met has a free way to the
//! berth, for anyone in its way would have been met before. It goes there; then the next. So the
//! movers can leave the track one by one, except those that only a dead one keeps from every
//! berth, and they can as soon as it moves again or is lifted off ([`Traffic::resume`]).

mod depart;
mod error;
mod state;
mod ways;

pub use error::TrafficError;
pub(crate) use state::{Dead, Mover, Rest, State};
pub(crate) use ways::closed;

use crate::mix::Mix;
use crate::motion::{Motion, Place};
use crate::profile::Limits;
use crate::route::Routes;
use crate::run::{FOREVER, Run};
use crate::timeline::Window;
use crate::track::{BerthKind, Track, ZoneId};
use crate::zones::Zones;
use quantity::{BerthId, Duration, Instant, Length, Mass, MoverId};
use std::collections::HashMap;
use std::hash::BuildHasherDefault;
use std::sync::Arc;

/// A wait longer than this in the berth is worth looking for a way round.
pub const WAY_ROUND_AFTER: Duration = Duration::from_millis(500);
/// How many ways round are tried, each round the place where the last one waits longest.
const WAYS_ROUND: usize = 1;

/// A kind of mover.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct MoverSpec {
    /// Its length along the way; at most the track's footprint.
    pub length: Length,
    /// Its own mass.
    pub mass: Mass,
    /// What it can carry.
    pub payload: Mass,
    /// What its motors can do.
    pub limits: Limits,
}

/// Key of a run asked for before: from, to, limits, a zone to avoid.
type RunKey = (BerthId, BerthId, Limits, Option<ZoneId>);

/// The state of all movers of one hall and all reservations.
#[derive(Clone, Debug)]
pub struct Traffic {
    pub(crate) track: Arc<Track>,
    pub(crate) movers: Vec<Mover>,
    pub(crate) zones: Zones,
    pub(crate) routes: Routes,
    runs: HashMap<RunKey, Option<Arc<Run>>, BuildHasherDefault<Mix>>,
    run_windows: usize,
    /// Whether anything stands on the track, so that kept ways may be blocked.
    pub(crate) obstacles: usize,
}

impl Traffic {
    /// All movers standing in their homes.
    ///
    /// # Errors
    /// If two movers share a home, a mover is too long for the track, or the parking berths are
    /// fewer than the movers.
    pub fn new(track: Arc<Track>, movers: &[(MoverSpec, BerthId)]) -> Result<Self, TrafficError> {
        let homes = |why: String| TrafficError::Homes {
            movers: movers.len(),
            why,
        };
        let parking = track
            .berths()
            .iter()
            .filter(|b| b.kind == BerthKind::Parking)
            .count();
        if parking < movers.len() {
            return Err(homes(format!("there are only {parking} parking berths")));
        }
        let mut traffic = Self {
            routes: Routes::new(&track),
            zones: Zones::new(track.zones(), track.zones() - track.berths().len()),
            movers: Vec::with_capacity(movers.len()),
            runs: HashMap::default(),
            run_windows: 0,
            obstacles: 0,
            track,
        };
        for (i, (spec, home)) in movers.iter().enumerate() {
            let id = MoverId(i as u32);
            let berth = traffic
                .track
                .berths()
                .get(home.index())
                .ok_or(TrafficError::NoBerth(*home))?;
            if spec.length > traffic.track.footprint().length {
                return Err(TrafficError::TooLong {
                    mover: id,
                    found_mm: spec.length.base() / 1000,
                    most_mm: traffic.track.footprint().length.base() / 1000,
                });
            }
            if !spec.limits.moves() {
                return Err(TrafficError::Still(id));
            }
            let zone = berth.zone;
            if let Some(other) = traffic.zones.holder(zone) {
                return Err(homes(format!("{other} and {id} share {home}")));
            }
            traffic.hold(zone, id, i64::MIN);
            traffic.movers.push(Mover {
                spec: *spec,
                state: State::Berth(*home),
            });
        }
        Ok(traffic)
    }

    /// The track.
    #[must_use]
    pub fn track(&self) -> &Arc<Track> {
        &self.track
    }

    /// How many movers there are, those lifted off included.
    #[must_use]
    pub fn movers(&self) -> usize {
        self.movers.len()
    }

    /// A mover's specification.
    ///
    /// # Errors
    /// [`TrafficError::NoMover`].
    pub fn spec(&self, mover: MoverId) -> Result<&MoverSpec, TrafficError> {
        self.mover(mover).map(|m| &m.spec)
    }

    /// The berth where a mover stands; none while it is on its way, on the track, or gone.
    #[must_use]
    pub fn berth_of(&self, mover: MoverId, now: Instant) -> Option<BerthId> {
        match &self.movers.get(mover.index())?.state {
            State::Berth(berth) | State::DeadInBerth(berth) => Some(*berth),
            State::Moving { motion, .. } => match (motion.from, motion.to) {
                (_, Place::Berth(to)) if now >= motion.arrive => Some(to),
                (Place::Berth(from), _) if now < motion.depart => Some(from),
                _ => None,
            },
            _ => None,
        }
    }

    /// The berth where a mover stands or for which it is bound.
    #[must_use]
    pub fn bound_for(&self, mover: MoverId) -> Option<BerthId> {
        match &self.movers.get(mover.index())?.state {
            State::Berth(berth) | State::DeadInBerth(berth) => Some(*berth),
            State::Moving { motion, .. } => match motion.to {
                Place::Berth(berth) => Some(berth),
                Place::Track { .. } => None,
            },
            State::Resting(rest) => Some(rest.bound),
            State::Dead(dead) => Some(dead.bound),
            State::Gone => None,
        }
    }

    /// The motion that a mover has, if it is not standing in a berth.
    #[must_use]
    pub fn motion_of(&self, mover: MoverId) -> Option<&Motion> {
        match &self.movers.get(mover.index())?.state {
            State::Moving { motion, .. } | State::Resting(Rest { motion, .. }) => Some(motion),
            _ => None,
        }
    }

    /// Who holds a berth from some time on without end: stands there with no departure planned,
    /// or is bound for it. A berth without holder may be planned for.
    #[must_use]
    pub fn holder_of(&self, berth: BerthId) -> Option<MoverId> {
        let zone = self.track.berths().get(berth.index())?.zone;
        self.zones.holder(zone)
    }

    /// The berths of a kind that nobody holds, in order of id.
    pub fn free_berths(&self, kind: BerthKind) -> impl Iterator<Item = BerthId> {
        self.track
            .berths()
            .iter()
            .filter(move |b| b.kind == kind && self.zones.holder(b.zone).is_none())
            .map(|b| b.id)
    }

    /// The parking berth that nobody holds with the shortest way from a berth.
    pub fn nearest_parking(&mut self, from: BerthId) -> Option<BerthId> {
        let free: Vec<BerthId> = self
            .free_berths(BerthKind::Parking)
            .filter(|b| *b != from)
            .collect();
        self.routes.nearest(&self.track, from, &free)
    }

    /// How long a ride takes on a free track; none between a berth and itself takes no time.
    ///
    /// # Errors
    /// [`TrafficError::NoBerth`], or [`TrafficError::Still`] for limits that let nothing move.
    pub fn estimate(
        &mut self,
        from: BerthId,
        to: BerthId,
        limits: Limits,
    ) -> Result<Duration, TrafficError> {
        for berth in [from, to] {
            if berth.index() >= self.track.berths().len() {
                return Err(TrafficError::NoBerth(berth));
            }
        }
        if from == to {
            return Ok(Duration::ZERO);
        }
        if !limits.moves() {
            return Err(TrafficError::Still(MoverId(0)));
        }
        self.run(from, to, limits, None)
            .map(|run| run.profile.duration())
            .ok_or(TrafficError::Blocked { to, by: None })
    }

    /// The time over the shortest way at a nominal speed, to compare berths by: much quicker to tell
    /// than [`Traffic::estimate`], which works out the ride. None where it isn't known.
    pub fn nominal(&mut self, from: BerthId, to: BerthId) -> Option<Duration> {
        let known = |berth: BerthId| berth.index() < self.track.berths().len();
        if !known(from) || !known(to) {
            return None;
        }
        if from == to {
            return Some(Duration::ZERO);
        }
        let micros = self.routes.nominal(&self.track, from, to)?;
        Some(Duration::from_base(i64::from(micros) * 1_000))
    }

    /// Plans and reserves a motion to a berth that nobody holds, departing as soon as a free run
    /// fits, at `not_before` or later. A mover that waits on the track may be planned as well; its
    /// ride begins where it rests.
    ///
    /// The state is unchanged after an error.
    ///
    /// # Errors
    /// See [`TrafficError`].
    pub fn plan(
        &mut self,
        mover: MoverId,
        to: BerthId,
        limits: Limits,
        not_before: Instant,
        now: Instant,
    ) -> Result<Motion, TrafficError> {
        if to.index() >= self.track.berths().len() {
            return Err(TrafficError::NoBerth(to));
        }
        let spec = self.mover(mover)?.spec;
        let limits = limits.min(spec.limits);
        if !limits.moves() {
            return Err(TrafficError::Still(mover));
        }
        self.settle(mover, now);
        let from = match &self.mover(mover)?.state {
            State::Berth(berth) => *berth,
            State::Resting(rest) => {
                let since = rest.motion.arrive.max(not_before).max(now);
                return self.plan_from_rest(mover, Some(to), limits, since);
            }
            State::Moving { motion, .. } => {
                return Err(TrafficError::OnTheWay {
                    mover,
                    until_s: motion.arrive.base() / 1_000_000_000,
                });
            }
            State::Dead(_) | State::DeadInBerth(_) => return Err(TrafficError::Stuck(mover)),
            State::Gone => return Err(TrafficError::NoMover(mover)),
        };
        if from == to {
            return Err(TrafficError::There { mover, berth: to });
        }
        if let Some(by) = self.holder_of(to) {
            return Err(TrafficError::Taken { berth: to, by });
        }
        let earliest = not_before.max(now).base();
        let mut best = match self.run(from, to, limits, None) {
            Some(run) => match self.earliest(&run, mover, earliest, FOREVER) {
                Ok(fit) => Ok((fit, run)),
                Err(by) => Err(by),
            },
            None => Err(None),
        };
        // Where somebody stands in the way for good, any way round will do.
        if best.is_err()
            && self.obstacles > 0
            && let Some(run) = self.way_round(from, to, limits)
        {
            best = match self.earliest(&run, mover, earliest, FOREVER) {
                Ok(fit) => Ok((fit, run)),
                Err(by) => Err(by),
            };
        }
        // Where the wait is for others that pass, a way round their place may be sooner.
        let mut tries = WAYS_ROUND;
        while tries > 0
            && let Ok((fit, run)) = &best
            && fit.depart - earliest > WAY_ROUND_AFTER.base()
            && fit.longest * 4 > fit.depart - earliest
            && let Some(zone) = fit.waits_for
        {
            tries -= 1;
            let arrives = fit.depart + run.profile.duration().base();
            let other = self.run(from, to, limits, Some(zone));
            let Some(other) = other else { break };
            let before = arrives - other.profile.duration().base();
            match self.earliest(&other, mover, earliest, before) {
                Ok(fit) => best = Ok((fit, other)),
                Err(_) => break,
            }
        }
        match best {
            Ok((fit, run)) => {
                let depart = fit.depart;
                let motion = Motion {
                    mover,
                    from: Place::Berth(from),
                    to: Place::Berth(to),
                    depart: Instant::from_base(depart),
                    arrive: Instant::from_base(depart) + run.profile.duration(),
                    limits,
                    run,
                };
                self.reserve(&motion);
                self.movers[mover.index()].state = State::Moving {
                    motion: motion.clone(),
                    rest: None,
                };
                Ok(motion)
            }
            Err(by) => Err(TrafficError::Blocked { to, by }),
        }
    }

    /// Notes that a mover has arrived in its berth. Planning its next ride at or after its
    /// planned arrival notes it as well.
    ///
    /// # Errors
    /// [`TrafficError::NoMover`], or [`TrafficError::OnTheWay`] before the planned arrival.
    pub fn arrived(&mut self, mover: MoverId, at: Instant) -> Result<(), TrafficError> {
        self.mover(mover)?;
        self.settle(mover, at);
        match &self.movers[mover.index()].state {
            State::Moving { motion, .. } => Err(TrafficError::OnTheWay {
                mover,
                until_s: motion.arrive.base() / 1_000_000_000,
            }),
            _ => Ok(()),
        }
    }

    /// Calls off a motion that has not departed; the mover stays in its berth.
    ///
    /// # Errors
    /// [`TrafficError::TooLate`] if it has departed or its berth has been promised to another.
    pub fn cancel(&mut self, mover: MoverId, now: Instant) -> Result<(), TrafficError> {
        let State::Moving { motion, .. } = &self.mover(mover)?.state else {
            return Err(TrafficError::TooLate {
                mover,
                why: "it has no departure ahead",
            });
        };
        let Place::Berth(from) = motion.from else {
            return Err(TrafficError::TooLate {
                mover,
                why: "it stands on the track",
            });
        };
        if motion.depart <= now {
            return Err(TrafficError::TooLate {
                mover,
                why: "it has left",
            });
        }
        let motion = motion.clone();
        let zone = self.track.berth(from).zone;
        if self
            .zones
            .conflict(zone, motion.depart.base(), FOREVER, mover)
            .is_some()
        {
            return Err(TrafficError::TooLate {
                mover,
                why: "its berth is promised to another",
            });
        }
        self.release(&motion, i64::MIN);
        self.hold(zone, mover, now.base());
        self.movers[mover.index()].state = State::Berth(from);
        Ok(())
    }

    /// Lets go of what happened before a moment, so that memory does not grow.
    pub fn forget_before(&mut self, now: Instant) {
        self.zones.forget_before(now.base());
    }

    /// The windows of a zone: who has it from when to when; for checks.
    pub fn windows(&self, zone: ZoneId) -> impl Iterator<Item = (MoverId, Instant, Instant)> {
        self.zones.windows(zone).into_iter().map(|w| {
            (
                w.mover,
                Instant::from_base(w.enter),
                Instant::from_base(w.leave),
            )
        })
    }
}

/// Inner steps.
impl Traffic {
    pub(crate) fn mover(&self, mover: MoverId) -> Result<&Mover, TrafficError> {
        self.movers
            .get(mover.index())
            .filter(|m| !matches!(m.state, State::Gone))
            .ok_or(TrafficError::NoMover(mover))
    }

    /// A motion whose arrival has passed has arrived.
    pub(crate) fn settle(&mut self, mover: MoverId, now: Instant) {
        let state = &mut self.movers[mover.index()].state;
        if let State::Moving { motion, .. } = state
            && motion.arrive <= now
            && let Place::Berth(berth) = motion.to
        {
            *state = State::Berth(berth);
        }
    }

    pub(crate) fn hold(&mut self, zone: ZoneId, mover: MoverId, since: i64) {
        let window = Window {
            enter: since,
            leave: FOREVER,
            mover,
        };
        self.zones.insert(zone, window);
    }
}
