//! Arms: picking, placing, scanning.

use crate::fault::FaultKind;
use crate::history::{Breach, Fact};
use crate::random::Draws;
use crate::twin::{Job, Twin};
use bus::{Action, Command, Device, Fault, Outcome, PoseError, Role};
use labware::Place;
use quantity::{Angle, ArmId, CommandId, Length, PlateId, StationId};

/// An arm's own code for: reset me.
pub(crate) const ARM_NEEDS_RESET: u32 = 11;
/// An arm's own code for: a person is needed.
pub(crate) const ARM_DOWN: u32 = 12;

impl Twin {
    pub(crate) fn begin_arm(&mut self, command: &Command, arm: ArmId, fault: Option<FaultKind>) {
        let state = self.arms[arm.index()];
        if let Some(with) = state.running {
            self.breach(command.id, Breach::Busy { with });
            return self.refuse_why(command, "the arm is busy");
        }
        if state.down {
            return self.refuse(command, Fault::NeedsService { code: ARM_DOWN });
        }
        if state.error {
            return self.refuse(
                command,
                Fault::Retryable {
                    code: ARM_NEEDS_RESET,
                },
            );
        }
        let mut draws = self.draws("arm", command.id);
        let fault = fault.or_else(|| self.chance_at_arm(&command.action, &mut draws));
        let times = &self.hall.stations[arm.index()].arm;
        let pose = &self.config.physics.pose;
        let mut tries = 1;
        let median = match &command.action {
            Action::Pick { .. } => {
                if draws.chance(pose.second_try) {
                    tries = 2;
                }
                times.pick + times.regrip * i64::from(tries - 1)
            }
            Action::Place { .. } => times.place,
            _ => self.config.physics.devices.scan,
        };
        let takes = draws.spread(median, pose.time_spread);
        let mut job = Job::new(command, self.now, takes);
        job.fault = fault;
        job.tries = tries;
        if let Some(FaultKind::Silent { answer, .. }) = fault {
            job.muted = true;
            self.silence(Device::Arm(arm), answer);
        }
        self.arms[arm.index()].running = Some(command.id);
        self.start(job);
    }

    fn chance_at_arm(&self, action: &Action, draws: &mut Draws) -> Option<FaultKind> {
        let rates = &self.config.faults;
        let u = draws.unit() / rates.factor.max(1e-12);
        let mut below = 0.0;
        let mut hit = |rate: f64| {
            below += rate;
            u < below
        };
        if hit(rates.arm_silent) {
            return Some(self.some_silence(draws));
        }
        match action {
            Action::Pick { .. } => {
                if hit(rates.pose_off) {
                    return Some(FaultKind::PoseOff {
                        lasting: draws.chance(0.3),
                    });
                }
                if hit(rates.grip_failed) {
                    return Some(FaultKind::GripFailed);
                }
                hit(rates.dropped).then_some(FaultKind::Dropped)
            }
            Action::Place { .. } => hit(rates.dropped).then_some(FaultKind::Dropped),
            Action::Scan { .. } => {
                if hit(rates.barcode_unreadable) {
                    return Some(FaultKind::BarcodeUnreadable {
                        lasting: draws.chance(0.3),
                    });
                }
                hit(rates.barcode_misread).then_some(FaultKind::BarcodeMisread)
            }
            _ => None,
        }
    }

    /// Whether an arm reaches a place now: a nest of its station, or a mover that stands at its dock.
    fn reaches(&self, arm: ArmId, place: Place) -> bool {
        match place {
            Place::Nest(nest) => {
                nest.index() < self.hall.nests.len()
                    && self.hall.station_of(nest) == StationId(arm.0)
            }
            Place::Mover(mover) => self
                .movers
                .get(mover.index())
                .and_then(|mover| mover.berth())
                .is_some_and(|berth| self.hall.docks[arm.index()].contains(&berth)),
            _ => false,
        }
    }

    /// The arm lets its job go; what it should have done does not happen.
    fn undone(job: &Job) -> bool {
        matches!(
            job.fault,
            Some(FaultKind::Silent { done: false, .. } | FaultKind::OutcomeUnknown { done: false })
        )
    }

    /// What an arm's job ends with, given what came of it in truth.
    fn finish_arm(&mut self, job: &Job, result: Result<Outcome, Fault>) {
        let result = match job.fault {
            Some(FaultKind::OutcomeUnknown { .. }) => Err(Fault::OutcomeUnknown),
            Some(FaultKind::Silent { done: false, .. }) => Err(Fault::Retryable {
                code: ARM_NEEDS_RESET,
            }),
            _ => result,
        };
        self.finish(job, result);
    }

    fn free_arm(&mut self, arm: ArmId) {
        self.arms[arm.index()].running = None;
    }

    pub(crate) fn end_pick(&mut self, job: Job) {
        let Action::Pick { arm, plate, from } = job.action else {
            return;
        };
        self.free_arm(arm);
        if Self::undone(&job) {
            return self.finish_arm(&job, Err(Fault::GripFailed));
        }
        if let Some(holds) = self.truth.at(Place::Arm(arm)) {
            self.breach(job.id, Breach::GripperState { holds: Some(holds) });
            return self.finish_arm(&job, Err(refused("the gripper holds a plate")));
        }
        if !self.truth.exists(from) || !self.reaches(arm, from) {
            self.breach(job.id, Breach::OutOfReach { place: from });
            return self.finish_arm(&job, Err(Fault::GripFailed));
        }
        let Some(found) = self.truth.at(from) else {
            self.breach(job.id, Breach::NothingThere { place: from });
            return self.finish_arm(&job, Err(Fault::GripFailed));
        };
        if found != plate {
            self.breach(
                job.id,
                Breach::WrongPlate {
                    meant: plate,
                    found,
                },
            );
        }
        let measured = self.measure_pose(&job, found);
        let pose = self.config.physics.pose;
        let outside = |[x, y, turn]: [f64; 3]| {
            x.abs().max(y.abs()) > pose.capture_mm || turn.abs() > pose.capture_mrad
        };
        match job.fault {
            Some(FaultKind::GripFailed) => {
                return self.finish_arm(&job, Err(Fault::GripFailed));
            }
            Some(FaultKind::Dropped) => return self.drop_plate(&job, arm, found),
            _ if outside(measured) => {
                return self.finish_arm(&job, Err(Fault::PoseOutOfTolerance(pose_error(measured))));
            }
            _ => {}
        }
        self.disturb(job.id, found);
        self.carry(job.id, found, Place::Arm(arm));
        let outcome = Outcome::Picked {
            pose: pose_error(measured),
            tries: job.tries,
        };
        self.finish_arm(&job, Ok(outcome));
    }

    /// What the arm measures of a plate's pose before it grips.
    fn measure_pose(&mut self, job: &Job, plate: PlateId) -> [f64; 3] {
        let physics = self.config.physics.pose;
        let mut draws = self.draws("pose", job.id);
        let Some(plate) = self.truth.plate_mut(plate) else {
            return [0.0; 3];
        };
        let askew = if draws.chance(0.5) {
            physics.askew_mm
        } else {
            -physics.askew_mm
        };
        let mut measured = plate.pose;
        match job.fault {
            Some(FaultKind::PoseOff { lasting: true }) => {
                plate.pose[0] = askew;
                measured = plate.pose;
            }
            Some(FaultKind::PoseOff { lasting: false }) => measured[0] = askew,
            _ => {}
        }
        for axis in &mut measured[..2] {
            *axis += physics.measure_mm * draws.normal();
        }
        measured
    }

    pub(crate) fn end_place(&mut self, job: Job) {
        let Action::Place { arm, plate, to } = job.action else {
            return;
        };
        self.free_arm(arm);
        if Self::undone(&job) {
            return self.finish_arm(&job, Err(Fault::GripFailed));
        }
        let Some(held) = self.truth.at(Place::Arm(arm)) else {
            self.breach(job.id, Breach::GripperState { holds: None });
            return self.finish_arm(&job, Err(refused("the gripper holds no plate")));
        };
        if held != plate {
            self.breach(job.id, Breach::GripperState { holds: Some(held) });
        }
        if !self.truth.exists(to) || !self.reaches(arm, to) {
            self.breach(job.id, Breach::OutOfReach { place: to });
            return self.finish_arm(&job, Err(refused("that place is out of reach")));
        }
        if job.fault == Some(FaultKind::Dropped) {
            return self.drop_plate(&job, arm, held);
        }
        if let Some(by) = self.truth.at(to) {
            self.breach(
                job.id,
                Breach::PlaceTaken {
                    place: to,
                    plate: held,
                    by,
                },
            );
            return self.drop_plate(&job, arm, held);
        }
        if let Place::Nest(nest) = to {
            let unit = self.hall.instrument_of(nest);
            let running = &self.instruments[unit.id.index()].running;
            if let (Some(_), Some(&with)) = (unit.batch, running.first()) {
                self.breach(job.id, Breach::LidShut { with });
            }
        }
        self.carry(job.id, held, to);
        let physics = self.config.physics.pose;
        let mut draws = self.draws("pose", job.id);
        let pose = [
            physics.place_mm * draws.normal(),
            physics.place_mm * draws.normal(),
            physics.place_mrad * draws.normal(),
        ];
        if let Some(plate) = self.truth.plate_mut(held) {
            plate.pose = pose;
        }
        let bin =
            matches!(to, Place::Nest(nest) if self.hall.instrument_of(nest).role == Role::Waste);
        if bin {
            // It falls through into the bin, and the nest is free again.
            self.carry(job.id, held, Place::Outside);
            if !self.config.keep_contents {
                self.truth.drop_contents(held);
            }
        }
        self.finish_arm(
            &job,
            Ok(Outcome::Placed {
                pose: pose_error(pose),
            }),
        );
    }

    pub(crate) fn end_scan(&mut self, job: Job) {
        let Action::Scan { arm, plate, .. } = job.action else {
            return;
        };
        self.free_arm(arm);
        if Self::undone(&job) {
            return self.finish_arm(&job, Err(Fault::BarcodeUnreadable));
        }
        let Some(held) = self.truth.at(Place::Arm(arm)) else {
            self.breach(job.id, Breach::GripperState { holds: None });
            return self.finish_arm(&job, Err(Fault::BarcodeUnreadable));
        };
        if held != plate {
            self.breach(job.id, Breach::GripperState { holds: Some(held) });
        }
        let Some(truth) = self.truth.plate_mut(held) else {
            return;
        };
        match job.fault {
            Some(FaultKind::BarcodeUnreadable { lasting }) => {
                truth.label_readable &= !lasting;
                self.finish_arm(&job, Err(Fault::BarcodeUnreadable));
            }
            Some(FaultKind::BarcodeMisread) => {
                let text = format!("{}?", truth.barcode).into();
                self.finish_arm(&job, Ok(Outcome::Scanned { text }));
            }
            _ if !truth.label_readable => self.finish_arm(&job, Err(Fault::BarcodeUnreadable)),
            _ => {
                let text = truth.barcode.clone();
                self.finish_arm(&job, Ok(Outcome::Scanned { text }));
            }
        }
    }

    fn drop_plate(&mut self, job: &Job, arm: ArmId, plate: PlateId) {
        self.disturb(job.id, plate);
        self.carry(job.id, plate, Place::Floor(StationId(arm.0)));
        if let Some(plate) = self.truth.plate_mut(plate)
            && plate.cover != labware::Cover::Seal
        {
            // It lies upside down more often than not.
            plate.spoilt = true;
        }
        self.arms[arm.index()].error = true;
        self.finish_arm(job, Err(Fault::PlateDropped));
    }

    /// A plate is taken while something is being done to it.
    pub(crate) fn disturb(&mut self, by: CommandId, plate: PlateId) {
        let Some(command) = self.truth.plate(plate).and_then(|p| p.served_by) else {
            return;
        };
        self.breach(by, Breach::MovedInProcess { plate, command });
        if let Some(job) = self.job_mut(command) {
            job.ruined = true;
        }
        if let Some(plate) = self.truth.plate_mut(plate) {
            plate.spoilt = true;
            plate.served_by = None;
        }
    }

    /// Moves a plate to a place known to be free.
    pub(crate) fn carry(&mut self, by: CommandId, plate: PlateId, to: Place) {
        match self.truth.shift(plate, to) {
            Ok(from) => self.fact(Fact::Moved { plate, from, to }),
            Err(other) => self.breach(
                by,
                Breach::PlaceTaken {
                    place: to,
                    plate,
                    by: other,
                },
            ),
        }
    }

    pub(crate) fn refuse_why(&mut self, command: &Command, why: &str) {
        self.refuse(command, refused(why));
    }
}

pub(crate) fn refused(why: &str) -> Fault {
    Fault::Refused { why: why.into() }
}

fn pose_error([x, y, turn]: [f64; 3]) -> PoseError {
    PoseError {
        x: Length::from_mm(x),
        y: Length::from_mm(y),
        theta: Angle::from_rad(turn * 1e-3),
    }
}
