//! Resets, and what people do.

use crate::arm::ARM_DOWN;
use crate::fault::FaultKind;
use crate::history::{Breach, Fact};
use crate::mover::MOVER_STUCK;
use crate::perform::INSTRUMENT_DOWN;
use crate::plate::Plate;
use crate::twin::{Job, Twin};
use bus::{Action, Command, Device, Fault, Known, Outcome, Report, Request};
use labware::Place;
use quantity::{Duration, Instant, NestId, PlateId};

impl Twin {
    pub(crate) fn begin_reset(&mut self, command: &Command, device: Device) {
        let devices = &self.config.physics.devices;
        let median = match device {
            Device::Mover(_) => devices.reset_mover,
            Device::Arm(_) => devices.reset_arm,
            Device::Instrument(_) => devices.reset_instrument,
            Device::Person => devices.answer,
        };
        let takes = self.draws("reset", command.id).spread(median, 0.1);
        self.start(Job::new(command, self.now, takes));
    }

    /// A reset clears what a reset can clear; commands that were running are forgotten.
    pub(crate) fn end_reset(&mut self, job: Job) {
        let Action::Reset { device } = job.action else {
            return;
        };
        let result = match device {
            Device::Mover(id) => match self.movers[id.index()].stuck {
                Some(true) => Err(Fault::NeedsService { code: MOVER_STUCK }),
                _ => {
                    self.movers[id.index()].stuck = None;
                    Ok(Outcome::Done)
                }
            },
            Device::Arm(id) => {
                let state = &mut self.arms[id.index()];
                if state.down {
                    Err(Fault::NeedsService { code: ARM_DOWN })
                } else {
                    state.error = false;
                    Ok(Outcome::Done)
                }
            }
            Device::Instrument(id) => {
                let state = &mut self.instruments[id.index()];
                if state.down {
                    Err(Fault::NeedsService {
                        code: INSTRUMENT_DOWN,
                    })
                } else {
                    state.error = false;
                    Ok(Outcome::Done)
                }
            }
            Device::Person => Ok(Outcome::Done),
        };
        self.finish(&job, result);
    }

    pub(crate) fn begin_ask(
        &mut self,
        command: &Command,
        request: &Request,
        fault: Option<FaultKind>,
    ) {
        let people = self.config.physics.people;
        let mut draws = self.draws("person", command.id);
        let takes = match request {
            Request::Bring { .. } => {
                let (low, high) = people.bring;
                Duration::from_secs_f64(draws.between(low.as_secs_f64(), high.as_secs_f64()))
            }
            Request::TakeAway { .. } => draws.spread(people.take_away, people.spread),
            Request::Service { .. } => draws.spread(people.service, people.spread),
            Request::Refill { .. } => draws.spread(people.refill, people.spread),
            Request::Free { .. } => draws.spread(people.free, people.spread),
            Request::Empty { .. } => draws.spread(people.empty, people.spread),
        };
        let mut job = Job::new(command, self.now, takes);
        let rates = &self.config.faults;
        let wrong = matches!(request, Request::Bring { .. })
            && draws.chance(rates.wrong_plate * rates.factor);
        job.fault = fault.or(wrong.then_some(FaultKind::WrongPlateBrought));
        self.start(job);
    }

    pub(crate) fn end_ask(&mut self, job: Job) {
        let Action::Ask { task, request } = &job.action else {
            return;
        };
        let found = match request {
            Request::Bring {
                plate,
                labware,
                barcode,
                nest,
            } => {
                let mut fresh = Plate::new(labware.clone(), barcode.clone(), self.now);
                if job.fault == Some(FaultKind::WrongPlateBrought) {
                    fresh.barcode = format!("{barcode}-other").into();
                }
                Some(self.bring(&job, *plate, fresh, *nest))
            }
            Request::TakeAway { plate, .. } => {
                let found = self.truth.place_of(*plate);
                if found.is_some_and(|place| place != Place::Outside) {
                    self.disturb(job.id, *plate);
                    self.carry(job.id, *plate, Place::Outside);
                    if !self.config.keep_contents {
                        self.truth.drop_contents(*plate);
                    }
                }
                found
            }
            Request::Service { device } => {
                self.service(*device);
                match device {
                    // The person looks into the gripper.
                    Device::Arm(arm) => self.truth.at(Place::Arm(*arm)).map(|_| Place::Arm(*arm)),
                    _ => None,
                }
            }
            Request::Refill {
                instrument,
                consumable,
            } => {
                if let Some(unit) = self.hall.instruments.get(instrument.index())
                    && let Some(at) = unit.consumables.iter().position(|c| c.name == *consumable)
                {
                    let stock = unit.consumables[at].stock;
                    self.instruments[instrument.index()].stock[at] = stock;
                }
                None
            }
            Request::Free { mover } => {
                self.push_home(*mover);
                self.service(Device::Mover(*mover));
                None
            }
            Request::Empty { instrument } => {
                let nests: Vec<NestId> = self
                    .hall
                    .instruments
                    .get(instrument.index())
                    .map(|unit| unit.nests.clone())
                    .unwrap_or_default();
                for nest in nests {
                    if let Some(plate) = self.truth.at(Place::Nest(nest)) {
                        self.disturb(job.id, plate);
                        self.carry(job.id, plate, Place::Outside);
                        if !self.config.keep_contents {
                            self.truth.drop_contents(plate);
                        }
                    }
                }
                None
            }
        };
        self.records[job.id.0 as usize] = crate::twin::Record::Ended(Known::Done(Outcome::Done));
        self.report(Device::Person, Report::TaskDone { task: *task, found });
    }

    /// Puts a fresh plate into a nest; the place where it was put in truth.
    fn bring(&mut self, job: &Job, id: PlateId, plate: Plate, nest: NestId) -> Place {
        let place = Place::Nest(nest);
        if self.truth.plate(id).is_some() || self.truth.is_far(id) || !self.truth.exists(place) {
            self.breach(job.id, Breach::NoSuchThing);
            return self.truth.place_of(id).unwrap_or(Place::Outside);
        }
        if let Some(by) = self.truth.at(place) {
            self.breach(
                job.id,
                Breach::PlaceTaken {
                    place,
                    plate: id,
                    by,
                },
            );
            return Place::Outside;
        }
        self.truth.enter(id, plate);
        // The place was just seen to be free.
        let _ = self.truth.shift(id, place);
        self.fact(Fact::Brought { plate: id, nest });
        place
    }

    /// Everything about a device is set right; it is heard again. A plate that lies askew in it is put
    /// straight.
    fn service(&mut self, device: Device) {
        self.set_silent_until(device, Instant::EPOCH);
        match device {
            Device::Mover(id) if id.index() < self.movers.len() => {
                self.movers[id.index()].stuck = None;
            }
            Device::Arm(id) if id.index() < self.arms.len() => {
                let state = &mut self.arms[id.index()];
                (state.down, state.error) = (false, false);
                for unit in &self.hall.stations[id.index()].instruments {
                    for nest in &self.hall.instruments[unit.index()].nests {
                        if let Some(plate) = self.truth.at(Place::Nest(*nest))
                            && let Some(plate) = self.truth.plate_mut(plate)
                        {
                            plate.pose = [0.0; 3];
                        }
                    }
                }
                for berth in &self.hall.docks[id.index()] {
                    if let Some(mover) = self.berths[berth.index()]
                        && let Some(plate) = self.truth.at(Place::Mover(mover))
                        && let Some(plate) = self.truth.plate_mut(plate)
                    {
                        plate.pose = [0.0; 3];
                    }
                }
            }
            Device::Instrument(id) if id.index() < self.instruments.len() => {
                let state = &mut self.instruments[id.index()];
                (state.down, state.error) = (false, false);
                for nest in &self.hall.instruments[id.index()].nests {
                    if let Some(plate) = self.truth.at(Place::Nest(*nest))
                        && let Some(plate) = self.truth.plate_mut(plate)
                    {
                        plate.pose = [0.0; 3];
                    }
                }
            }
            _ => {}
        }
    }
}
