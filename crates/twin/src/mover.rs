//! Movers on the track.

use crate::arm::refused;
use crate::fault::FaultKind;
use crate::history::{Breach, Fact};
use crate::liquid;
use crate::twin::{Job, Twin};
use bus::{Action, Command, Device, Fault, Outcome, Report};
use labware::Place;
use quantity::{BerthId, BlockId, CommandId, Duration, Instant, Length, MoverId};
use std::sync::Arc;

/// A mover's own code for: stuck, reset me.
pub(crate) const MOVER_STUCK: u32 = 21;

/// Where a mover is.
#[derive(Clone, Debug)]
pub(crate) enum Spot {
    /// It stands in a berth.
    Berth(BerthId),
    /// It runs.
    Running(CommandId),
    /// It stands on the way, somewhere along this path.
    Way(Arc<[BlockId]>),
}

#[derive(Clone, Debug)]
pub(crate) struct MoverState {
    pub spot: Spot,
    /// The berth that it left last.
    pub left: Option<BerthId>,
    /// The berth that it was sent to last.
    pub bound: Option<BerthId>,
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

impl Twin {
    pub(crate) fn begin_travel(&mut self, command: &Command, fault: Option<FaultKind>) {
        let Action::Travel {
            mover,
            to,
            depart,
            arrive,
            path,
            ..
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
        if to.index() >= self.berths.len() || !self.leads(&state.spot, path, to) {
            self.breach(command.id, Breach::BrokenPath { mover });
            return self.refuse_why(command, "the path does not lead from here to the berth");
        }
        if let Some(plate) = self.truth.at(Place::Mover(mover)) {
            self.disturb(command.id, plate);
        }
        let start = self.now.max(*depart);
        let ride = arrive.since(*depart).max(Duration::from_base(1));
        let mut job = Job::new(command, self.now, start.since(self.now) + ride);
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
                let part = ride.scale(draws.between(0.1, 0.9));
                job.ends = start.saturating_add(part);
            }
            Some(FaultKind::Silent { answer, .. }) => {
                job.muted = true;
                self.silence(Device::Mover(mover), answer);
            }
            _ => {}
        }
        self.movers[mover.index()].left = self.movers[mover.index()].berth();
        if let Some(berth) = self.movers[mover.index()].left {
            self.berths[berth.index()] = None;
        }
        self.movers[mover.index()].spot = Spot::Running(command.id);
        self.movers[mover.index()].bound = Some(to);
        self.start(job);
    }

    /// Whether a path leads from where a mover stands to a berth without a gap. A mover that stopped
    /// on the way may start from any block of the way that it was on.
    fn leads(&self, from: &Spot, path: &[BlockId], to: BerthId) -> bool {
        let track = &self.hall.track;
        let known = path
            .iter()
            .all(|block| block.index() < track.blocks().len());
        let (Some(first), Some(last), true) = (path.first(), path.last(), known) else {
            return path.is_empty() && matches!(from, Spot::Berth(berth) if *berth == to);
        };
        let starts = match from {
            Spot::Berth(berth) => track.berth(*berth).leaves_to.contains(first),
            // The other direction of the same piece of track is the same place.
            Spot::Way(way) => way
                .iter()
                .any(|block| track.block(*block).zone == track.block(*first).zone),
            Spot::Running(_) => false,
        };
        starts
            && path
                .windows(2)
                .all(|pair| track.block(pair[0]).next.contains(&pair[1]))
            && track.berth(to).entered_from.contains(last)
    }

    pub(crate) fn end_travel(&mut self, job: Job) {
        let Action::Travel {
            mover,
            to,
            depart,
            arrive,
            path,
            acceleration,
            jerk,
            ..
        } = &job.action
        else {
            return;
        };
        let (mover, to) = (*mover, *to);
        if !matches!(job.fault, Some(FaultKind::Silent { done: false, .. })) {
            self.ride_plate(mover, acceleration.as_m_per_s2(), jerk.as_m_per_s3());
        }
        match job.fault {
            Some(FaultKind::MoverStuck { hard }) => {
                let ride = arrive.since(*depart).max(Duration::from_base(1));
                let start = job.began.max(*depart);
                let at = self
                    .length_of(path)
                    .scale(gone_share(self.now.since(start).ratio(ride)));
                let state = &mut self.movers[mover.index()];
                state.stuck = Some(hard);
                state.spot = Spot::Way(path.clone());
                self.records[job.id.0 as usize] =
                    crate::twin::Record::Ended(bus::Known::Failed(Fault::Retryable {
                        code: MOVER_STUCK,
                    }));
                self.report(
                    Device::Mover(mover),
                    Report::MoverStuck {
                        command: job.id,
                        at,
                    },
                );
            }
            Some(FaultKind::Silent { done: false, .. }) => {
                // It never started: it stands where it stood.
                self.stay(mover, path);
                self.finish(&job, Err(Fault::Retryable { code: MOVER_STUCK }));
            }
            _ => {
                if let Some(with) = self.berths[to.index()] {
                    self.breach(job.id, Breach::Collision { mover, with });
                    let state = &mut self.movers[mover.index()];
                    state.stuck = Some(true);
                    state.spot = Spot::Way(path.clone());
                    let at = self.length_of(path);
                    self.finish(&job, Err(refused("the berth is taken")));
                    self.report(
                        Device::Mover(mover),
                        Report::MoverStuck {
                            command: job.id,
                            at,
                        },
                    );
                    return;
                }
                self.berths[to.index()] = Some(mover);
                self.movers[mover.index()].spot = Spot::Berth(to);
                self.fact(Fact::Arrived { mover, berth: to });
                self.finish(&job, Ok(Outcome::Done));
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
        let Some(state) = self.movers.get_mut(mover.index()) else {
            return;
        };
        let (Some(bound), None) = (state.bound, state.stuck) else {
            return;
        };
        if matches!(state.spot, Spot::Running(_)) || self.berths[bound.index()].is_some() {
            return;
        }
        if let Some(berth) = self.movers[mover.index()].berth() {
            self.berths[berth.index()] = None;
        }
        self.berths[bound.index()] = Some(mover);
        self.movers[mover.index()].spot = Spot::Berth(bound);
        self.fact(Fact::Arrived {
            mover,
            berth: bound,
        });
    }

    pub(crate) fn begin_halt(&mut self, command: &Command, mover: MoverId) {
        let state = &self.movers[mover.index()];
        let Spot::Running(running) = state.spot else {
            // It stands already.
            let answer = self.config.physics.devices.answer;
            return self.start(Job::new(command, self.now, answer));
        };
        let Some(job) = self.job(running).cloned() else {
            return;
        };
        let Action::Travel {
            depart,
            arrive,
            path,
            speed,
            acceleration,
            jerk,
            ..
        } = &job.action
        else {
            return;
        };
        let ride = arrive.since(*depart).max(Duration::from_base(1));
        let start = job.began.max(*depart);
        let length = self.length_of(path);
        let share = gone_share((self.now.since(start).ratio(ride)).clamp(0.0, 1.0));
        // An S-curve from the top speed to rest.
        let v = speed.as_m_per_s();
        let a = acceleration.as_m_per_s2().max(1e-3);
        let brake_time = v / a + a / jerk.as_m_per_s3().max(1e-3);
        let brake = Length::from_m(v * brake_time / 2.0);
        let at = (length.scale(share) + brake).min(length);
        let takes = Duration::from_secs_f64(brake_time)
            .min(job.ends.since(self.now).max(Duration::from_base(1)));
        let path = path.clone();
        self.ride_plate(mover, acceleration.as_m_per_s2(), jerk.as_m_per_s3());
        self.take_job(running);
        self.records[running.0 as usize] =
            crate::twin::Record::Ended(bus::Known::Failed(Fault::Retryable { code: MOVER_STUCK }));
        self.movers[mover.index()].spot = Spot::Way(path);
        self.report(
            Device::Mover(mover),
            Report::MoverStopped {
                command: running,
                at,
            },
        );
        self.start(Job::new(command, self.now, takes));
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
