//! Movers that can't move: traffic goes round them or waits, and they are reset, or freed by a person.

use crate::Effect;
use crate::commands::Owner;
use crate::conductor::Conductor;
use crate::effect::{FaultEnd, FaultHandled};
use crate::limits::{MOVER_RETRIES, WAY_AGAIN};
use crate::movers::Stuck;
use crate::persons::Purpose;
use crate::timers::Timer;
use crate::waits::Want;
use bus::{Action, Device, Request};
use quantity::{CommandId, Duration, Length, MoverId};
use transport::Motion;

impl Conductor {
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
    pub(crate) fn called_off(&mut self, mover: MoverId) {
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
    pub(crate) fn follow(&mut self, motions: Vec<Motion>) {
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

    pub(crate) fn reset_mover(&mut self, mover: MoverId) {
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

    pub(crate) fn mover_moves(&mut self, mover: MoverId, ended: FaultEnd, recovery: &'static str) {
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
    use crate::ways::Sent;
    use bus::{Outcome, Received, Report};
    use lab::LabFile;
    use quantity::{Instant, StationId};
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
