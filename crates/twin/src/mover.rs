//! Movers on the track: rides, halts, getting stuck, and whether two were ever in one place.

use crate::fault::FaultKind;
use crate::history::{Breach, Fact, mix};
use crate::liquid;
use crate::twin::{Job, Twin};
use bus::{Action, Command, Device, Fault, Known, Outcome, Report};
use lab::Hall;
use labware::Place;
use quantity::{BerthId, BlockId, CommandId, Duration, Instant, Length, MoverId};
use std::collections::HashMap;
use std::sync::Arc;
use transport::{Limits, Run};

/// A mover's own code for: stuck, reset me.
pub(crate) const MOVER_STUCK: u32 = 21;

/// How long it is remembered who was where on the track; longer than any ride.
const TRACK_MEMORY: Duration = Duration::from_mins(15);
/// Presences in one zone after which those that are too old are forgotten.
const PRESENCES: usize = 256;
/// Rides kept for commands that are the same; beyond that all are forgotten and made again.
const RIDES_MAX: usize = 20_000;

/// Where a mover is.
#[derive(Clone, Debug)]
pub(crate) enum Spot {
    /// It stands in a berth.
    Berth(BerthId),
    /// It runs, or is about to.
    Running(CommandId),
    /// It stands on the way, somewhere along this path.
    Way(Arc<[BlockId]>),
}

/// A mover.
#[derive(Clone, Debug)]
pub(crate) struct MoverState {
    pub spot: Spot,
    /// The berth that it left last.
    pub left: Option<BerthId>,
    /// The berth that it was sent to last.
    pub bound: Option<BerthId>,
    /// Its ride, if it is known in detail (from berth to berth), and when it set or sets off.
    ride: Option<Arc<Ride>>,
    start: Instant,
    /// It was told to stop, and stands at this distance when its job ends.
    halted: Option<Length>,
    /// Stuck; true if only a person can free it.
    pub stuck: Option<bool>,
    pub silent_until: Instant,
}

impl MoverState {
    pub(crate) fn parked(home: BerthId) -> Self {
        Self {
            spot: Spot::Berth(home),
            left: None,
            bound: None,
            ride: None,
            start: Instant::EPOCH,
            halted: None,
            stuck: None,
            silent_until: Instant::EPOCH,
        }
    }

    /// The berth that it stands in.
    pub(crate) fn berth(&self) -> Option<BerthId> {
        match self.spot {
            Spot::Berth(berth) => Some(berth),
            _ => None,
        }
    }
}

/// A ride in detail.
#[derive(Debug)]
struct Ride {
    run: Run,
    /// Since departure: when the centre is at the start of each block, and at the end of the last.
    times: Vec<Duration>,
}

impl Ride {
    fn of(run: Run) -> Self {
        let times = run
            .block_places()
            .map(|place| run.profile().time_at(place))
            .collect();
        Self { run, times }
    }
}

/// A mover's centre was in a zone for a while.
#[derive(Clone, Copy, Debug)]
struct Presence {
    mover: MoverId,
    enter: Instant,
    leave: Instant,
    /// When its ride ended and it was written down.
    noted: Instant,
}

/// Who was where on the track lately. Rides are written down as they end, when it is known where
/// they led, so two that overlap are found when the later one ends.
#[derive(Clone, Debug)]
pub(crate) struct TrackBook {
    /// By zone, in order of `noted`.
    zones: Vec<Vec<Presence>>,
    /// Movers that stand on the way: who, in which zone, since when.
    standing: Vec<(MoverId, usize, Instant)>,
    rides: HashMap<(BerthId, BerthId, Limits, u64), Arc<Ride>>,
}

impl TrackBook {
    pub(crate) fn new(hall: &Hall) -> Self {
        Self {
            zones: vec![Vec::new(); hall.track.zones()],
            standing: Vec::new(),
            rides: HashMap::new(),
        }
    }

    /// The ride from a berth along a path.
    fn ride(
        &mut self,
        hall: &Hall,
        from: BerthId,
        path: &[BlockId],
        to: BerthId,
        limits: Limits,
    ) -> Option<Arc<Ride>> {
        let hash = path
            .iter()
            .fold(path.len() as u64, |hash, block| mix(hash, block.0.into()));
        let key = (from, to, limits, hash);
        if let Some(ride) = self.rides.get(&key) {
            return Some(ride.clone());
        }
        let run = Run::between(&hall.track, from, path, to, limits)?;
        let ride = Arc::new(Ride::of(run));
        if self.rides.len() >= RIDES_MAX {
            self.rides.clear();
        }
        self.rides.insert(key, ride.clone());
        Some(ride)
    }

    /// Writes a mover's presence in a zone down, on a ride that started at a moment; another mover
    /// that was there meanwhile, if any.
    fn note(&mut self, zone: usize, presence: Presence, started: Instant) -> Option<MoverId> {
        let overlaps = |mover: MoverId, enter: Instant, leave: Instant| {
            mover != presence.mover && enter < presence.leave && presence.enter < leave
        };
        let list = &mut self.zones[zone];
        // What was written down before this ride started had ended by then.
        let met = list
            .iter()
            .rev()
            .take_while(|other| other.noted > started)
            .find(|other| overlaps(other.mover, other.enter, other.leave))
            .map(|other| other.mover);
        let met = met.or_else(|| {
            self.standing
                .iter()
                .find(|(mover, at, since)| *at == zone && overlaps(*mover, *since, Instant::MAX))
                .map(|(mover, ..)| *mover)
        });
        if list.len() >= PRESENCES {
            list.retain(|old| old.noted + TRACK_MEMORY > presence.noted);
        }
        list.push(presence);
        met
    }

    /// A mover that stood on the way moves off.
    fn release(&mut self, mover: MoverId, now: Instant) {
        let mut left = Vec::new();
        self.standing.retain(|(who, zone, since)| {
            if *who == mover {
                left.push((*zone, *since));
            }
            *who != mover
        });
        for (zone, since) in left {
            self.zones[zone].push(Presence {
                mover,
                enter: since,
                leave: now,
                noted: now,
            });
        }
    }
}

impl Twin {
    pub(crate) fn begin_travel(&mut self, command: &Command, fault: Option<FaultKind>) {
        let Action::Travel {
            mover,
            to,
            depart,
            arrive,
            path,
            speed,
            acceleration,
            jerk,
        } = &command.action
        else {
            return;
        };
        let (mover, to) = (*mover, *to);
        let state = &self.movers[mover.index()];
        if let Spot::Running(with) = state.spot {
            self.breach(command.id, Breach::Busy { with });
            return self.refuse_why(command, "the mover is on its way");
        }
        if state.stuck.is_some() {
            return self.refuse(command, Fault::Retryable { code: MOVER_STUCK });
        }
        let limits = Limits {
            speed: *speed,
            acceleration: *acceleration,
            jerk: *jerk,
        };
        let (ride, leads) = match &state.spot {
            Spot::Berth(berth) if path.is_empty() => (None, *berth == to),
            Spot::Berth(berth) => {
                let ride = self.book.ride(&self.hall, *berth, path, to, limits);
                let leads = ride.is_some();
                (ride, leads)
            }
            Spot::Way(way) => (None, self.goes_on(way, path, to)),
            Spot::Running(_) => (None, false),
        };
        if !leads {
            self.breach(command.id, Breach::BrokenPath { mover });
            return self.refuse_why(command, "the path does not lead from here to the berth");
        }
        if let Some(plate) = self.truth.at(Place::Mover(mover)) {
            self.disturb(command.id, plate);
        }
        let start = self.now.max(*depart);
        let takes = match &ride {
            Some(ride) => ride.run.profile().duration(),
            None => arrive.since(*depart).max(Duration::from_base(1)),
        };
        let mut job = Job::new(command, self.now, start.since(self.now) + takes);
        let mut draws = self.draws("ride", command.id);
        let rates = &self.config.faults;
        let u = draws.unit() / rates.factor.max(1e-12);
        job.fault = fault.or_else(|| {
            if u < rates.mover_stuck {
                let hard = draws.chance(0.3);
                Some(FaultKind::MoverStuck { hard })
            } else if u < rates.mover_stuck + rates.mover_silent {
                Some(self.some_silence(&mut draws))
            } else {
                None
            }
        });
        match job.fault {
            Some(FaultKind::MoverStuck { .. }) => {
                // It stops somewhere in the middle.
                job.ends = start.saturating_add(takes.scale(draws.between(0.1, 0.9)));
            }
            Some(FaultKind::Silent { answer, .. }) => {
                job.muted = true;
                self.silence(Device::Mover(mover), answer);
            }
            _ => {}
        }
        if matches!(self.movers[mover.index()].spot, Spot::Way(_)) {
            self.book.release(mover, self.now);
        }
        let state = &mut self.movers[mover.index()];
        state.left = state.berth();
        state.ride = ride;
        state.start = start;
        state.halted = None;
        state.spot = Spot::Running(command.id);
        state.bound = Some(to);
        if let Some(berth) = state.left {
            self.berths[berth.index()] = None;
        }
        self.start(job);
    }

    /// Whether a mover that stands on a way can go on along a path to a berth: from any block of the
    /// way that it was on, without a gap.
    fn goes_on(&self, way: &[BlockId], path: &[BlockId], to: BerthId) -> bool {
        let track = &self.hall.track;
        let known = to.index() < track.berths().len()
            && path
                .iter()
                .all(|block| block.index() < track.blocks().len());
        match (path.first(), path.last()) {
            (Some(first), Some(last)) if known => {
                // The other direction of the same piece of track is the same place.
                way.iter()
                    .any(|block| track.block(*block).zone == track.block(*first).zone)
                    && path
                        .windows(2)
                        .all(|pair| track.block(pair[0]).next.contains(&pair[1]))
                    && track.berth(to).entered_from.contains(last)
            }
            _ => false,
        }
    }

    pub(crate) fn end_travel(&mut self, job: Job) {
        let Action::Travel {
            mover,
            to,
            path,
            acceleration,
            jerk,
            ..
        } = &job.action
        else {
            return;
        };
        let (mover, to) = (*mover, *to);
        if matches!(job.fault, Some(FaultKind::Silent { done: false, .. })) {
            // It never set off.
            self.stay(mover, path);
            return self.finish(&job, Err(Fault::Retryable { code: MOVER_STUCK }));
        }
        self.ride_plate(mover, acceleration.as_m_per_s2(), jerk.as_m_per_s3());
        let halted = self.movers[mover.index()].halted;
        if let Some(at) = halted {
            self.stand_on_way(&job, mover, path);
            self.records[job.id.0 as usize] = stopped_record();
            if !job.muted {
                let command = job.id;
                self.report(Device::Mover(mover), Report::MoverStopped { command, at });
            }
            return;
        }
        if let Some(FaultKind::MoverStuck { hard }) = job.fault {
            let at = self.gone(mover, &job);
            self.movers[mover.index()].stuck = Some(hard);
            self.stand_on_way(&job, mover, path);
            return self.say_stuck(&job, mover, at);
        }
        self.note_ride(&job, mover, path, None);
        if let Some(with) = self.berths[to.index()] {
            self.breach(job.id, Breach::Collision { mover, with });
            let at = self.gone(mover, &job);
            self.movers[mover.index()].stuck = Some(true);
            self.movers[mover.index()].spot = Spot::Way(path.clone());
            return self.say_stuck(&job, mover, at);
        }
        self.berths[to.index()] = Some(mover);
        self.movers[mover.index()].spot = Spot::Berth(to);
        self.fact(Fact::Arrived { mover, berth: to });
        self.finish(&job, Ok(Outcome::Done));
    }

    fn say_stuck(&mut self, job: &Job, mover: MoverId, at: Length) {
        self.records[job.id.0 as usize] = stopped_record();
        let command = job.id;
        self.report(Device::Mover(mover), Report::MoverStuck { command, at });
    }

    /// How far along its way a mover is now.
    fn gone(&self, mover: MoverId, job: &Job) -> Length {
        let Action::Travel {
            depart,
            arrive,
            path,
            ..
        } = &job.action
        else {
            return Length::ZERO;
        };
        let state = &self.movers[mover.index()];
        let since = self.now.since(state.start).max(Duration::ZERO);
        match &state.ride {
            Some(ride) => ride.run.profile().position_at(since),
            None => {
                let ride = arrive.since(*depart).max(Duration::from_base(1));
                self.length_of(path).scale(gone_share(since.ratio(ride)))
            }
        }
    }

    /// A mover comes to a stand on its way, now.
    fn stand_on_way(&mut self, job: &Job, mover: MoverId, path: &Arc<[BlockId]>) {
        self.note_ride(job, mover, path, Some(self.now));
        self.movers[mover.index()].spot = Spot::Way(path.clone());
    }

    /// Writes down where a mover was on the ride that ends now; if it stands, it stays where it is.
    fn note_ride(&mut self, job: &Job, mover: MoverId, path: &[BlockId], stands: Option<Instant>) {
        let state = &self.movers[mover.index()];
        let Some(ride) = state.ride.clone() else {
            return;
        };
        let start = state.start;
        let blocks = ride.times.len().saturating_sub(1);
        for (k, block) in path.iter().enumerate() {
            let (Some(enter), Some(leave)) = (ride.times.get(k), ride.times.get(k + 1)) else {
                break;
            };
            let (enter, mut leave) = (start + *enter, start + *leave);
            let zone = self.hall.track.block(*block).zone.index();
            let last = stands.is_some_and(|now| leave >= now || k + 1 == blocks);
            if last {
                leave = self.now;
                self.book.standing.push((mover, zone, self.now));
            }
            let presence = Presence {
                mover,
                enter,
                leave,
                noted: self.now,
            };
            if let Some(with) = self.book.note(zone, presence, start) {
                self.breach(job.id, Breach::Collision { mover, with });
            }
            if last {
                break;
            }
        }
    }

    /// A mover that did not go: it stands where it stood, unless another came there meanwhile.
    fn stay(&mut self, mover: MoverId, path: &Arc<[BlockId]>) {
        let home = self.movers[mover.index()]
            .left
            .filter(|berth| self.berths[berth.index()].is_none());
        self.movers[mover.index()].spot = match home {
            Some(berth) => {
                self.berths[berth.index()] = Some(mover);
                Spot::Berth(berth)
            }
            None => Spot::Way(path.clone()),
        };
    }

    /// A person who frees a mover that is not stuck on the way pushes it into the berth that it was
    /// last sent to, so that everybody knows where it is.
    pub(crate) fn push_home(&mut self, mover: MoverId) {
        let Some(state) = self.movers.get(mover.index()) else {
            return;
        };
        let (Some(bound), None) = (state.bound, state.stuck) else {
            return;
        };
        if matches!(state.spot, Spot::Running(_)) || self.berths[bound.index()].is_some() {
            return;
        }
        if let Some(berth) = state.berth() {
            self.berths[berth.index()] = None;
        }
        if matches!(self.movers[mover.index()].spot, Spot::Way(_)) {
            self.book.release(mover, self.now);
        }
        self.berths[bound.index()] = Some(mover);
        self.movers[mover.index()].spot = Spot::Berth(bound);
        self.fact(Fact::Arrived {
            mover,
            berth: bound,
        });
    }

    pub(crate) fn begin_halt(&mut self, command: &Command, mover: MoverId) {
        let answer = self.config.physics.devices.answer;
        let state = &self.movers[mover.index()];
        let (Spot::Running(running), start) = (&state.spot, state.start) else {
            // It stands already.
            return self.start(Job::new(command, self.now, answer));
        };
        let running = *running;
        if self.now < start {
            // It has not set off, and stays.
            if let Some(job) = self.take_job(running) {
                if let Action::Travel { path, .. } = &job.action {
                    self.stay(mover, path);
                }
                self.records[running.0 as usize] = stopped_record();
                let (command, at) = (running, Length::ZERO);
                self.report(Device::Mover(mover), Report::MoverStopped { command, at });
            }
            return self.start(Job::new(command, self.now, answer));
        }
        let Some(job) = self.job(running) else { return };
        let halted = state.ride.as_ref().map(|ride| {
            let run = ride.run.halted(&self.hall.track, self.now.since(start));
            run.map(|run| Arc::new(Ride::of(run)))
        });
        let stop = match &halted {
            Some(ride) => (ride.as_ref())
                .map(|ride| (ride.run.profile().duration(), ride.run.profile().length())),
            None => self.brake(mover, job),
        };
        let Some((since, at)) = stop else {
            // It is bound to arrive.
            return self.start(Job::new(command, self.now, answer));
        };
        let stands = start
            .saturating_add(since)
            .max(self.now + Duration::from_base(1));
        if stands < job.ends {
            let state = &mut self.movers[mover.index()];
            state.halted = Some(at);
            // It comes to the rest place later than it would have passed it.
            if let Some(ride) = halted.flatten() {
                state.ride = Some(ride);
            }
            self.end_at(running, stands);
        }
        self.start(Job::new(command, self.now, stands.since(self.now)));
    }

    /// Where and when a mover stands that brakes now, for a ride that is not known in detail: an
    /// S-curve from the top speed to rest.
    fn brake(&self, mover: MoverId, job: &Job) -> Option<(Duration, Length)> {
        let Action::Travel {
            path,
            speed,
            acceleration,
            jerk,
            ..
        } = &job.action
        else {
            return None;
        };
        let v = speed.as_m_per_s();
        let a = acceleration.as_m_per_s2().max(1e-3);
        let time = v / a + a / jerk.as_m_per_s3().max(1e-3);
        let at = (self.gone(mover, job) + Length::from_m(v * time / 2.0)).min(self.length_of(path));
        let since = self.now.since(self.movers[mover.index()].start);
        Some((since + Duration::from_secs_f64(time), at))
    }

    /// The length of a path, without its sidings.
    fn length_of(&self, path: &[BlockId]) -> Length {
        path.iter()
            .map(|block| self.hall.track.block(*block).length)
            .sum()
    }

    /// What a ride does to the plate on a mover.
    fn ride_plate(&mut self, mover: MoverId, acceleration: f64, jerk: f64) {
        let Some(id) = self.truth.at(Place::Mover(mover)) else {
            return;
        };
        let now = self.now;
        let physics = &self.config.physics;
        let Some(plate) = self.truth.plate_mut(id) else {
            return;
        };
        liquid::evaporate(plate, &physics.liquid, now);
        let spill = liquid::slosh(plate, acceleration, jerk, &physics.liquid);
        if spill.excess > 0.0 {
            plate.pose[0] += physics.pose.slip_mm * spill.excess;
            self.fact(Fact::Spilled {
                plate: id,
                volume: spill.volume,
            });
        }
    }
}

/// What a mover says of a ride that it did not finish.
fn stopped_record() -> crate::twin::Record {
    crate::twin::Record::Ended(Known::Failed(Fault::Retryable { code: MOVER_STUCK }))
}

/// The share of the way that is gone after a share of the time of a ride from rest to rest; a
/// quarter of the time each for speeding up and slowing down.
fn gone_share(time: f64) -> f64 {
    let t = time.clamp(0.0, 1.0);
    let (ramp, top) = (0.25, 1.0 / 0.75);
    if t < ramp {
        top * t * t / (2.0 * ramp)
    } else if t > 1.0 - ramp {
        1.0 - top * (1.0 - t).powi(2) / (2.0 * ramp)
    } else {
        top * (t - ramp / 2.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_share_of_the_way_is_smooth() {
        assert_eq!((gone_share(0.0), gone_share(1.0)), (0.0, 1.0));
        assert!((gone_share(0.5) - 0.5).abs() < 1e-12);
        assert!(
            (0..100)
                .all(|i| gone_share(f64::from(i) / 100.0) < gone_share(f64::from(i + 1) / 100.0))
        );
    }
}
