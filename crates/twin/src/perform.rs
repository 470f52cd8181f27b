//! Instruments at work.

use crate::arm::refused;
use crate::fault::FaultKind;
use crate::history::{Breach, Fact, values_hash};
use crate::liquid::{self, Clot, wells_touched};
use crate::nature::AMBIENT_CELSIUS;
use crate::random::Draws;
use crate::read::{Measurement, air_of};
use crate::twin::{Job, Twin};
use bus::{Action, Capability, Command, Companion, Device, Fault, Outcome, Report, cover_after};
use labware::{Place, Well};
use protocol::{Operation, Repeat, Worklist, vocabulary};
use quantity::{CommandId, Duration, Instant, InstrumentId, Kind, NestId, PlateId, Volume};
use std::sync::Arc;

/// An instrument's own codes.
const INSTRUMENT_RETRY: u32 = 31;
pub(crate) const INSTRUMENT_DOWN: u32 = 32;
const INSTRUMENT_SPOILT: u32 = 33;

impl Twin {
    pub(crate) fn begin_perform(&mut self, command: &Command, fault: Option<FaultKind>) {
        let Action::Perform {
            instrument,
            nest,
            plate,
            operation,
            worklist,
            with,
            ..
        } = &command.action
        else {
            return;
        };
        let (id, nest, meant) = (*instrument, *nest, *plate);
        let hall = self.hall.clone();
        let unit = &hall.instruments[id.index()];
        let place = Place::Nest(nest);
        let Some(capability) = unit.capability(&operation.capability) else {
            self.breach(command.id, Breach::NoSuchCapability { instrument: id });
            return self.refuse_why(command, "the instrument does not offer this");
        };
        if !unit.nests.contains(&nest) {
            self.breach(command.id, Breach::OutOfReach { place });
            return self.refuse_why(command, "the nest is not one of the instrument's");
        }
        let state = &self.instruments[id.index()];
        if state.down {
            return self.refuse(
                command,
                Fault::NeedsService {
                    code: INSTRUMENT_DOWN,
                },
            );
        }
        if state.error {
            return self.refuse(
                command,
                Fault::Retryable {
                    code: INSTRUMENT_RETRY,
                },
            );
        }
        let at_once = unit.batch.map_or(unit.simultaneous.max(1), |_| 1);
        if state.running.len() >= at_once as usize {
            let with = state.running[0];
            self.breach(command.id, Breach::Busy { with });
            return self.refuse_why(command, "the instrument is busy");
        }
        let Some(found) = self.truth.at(place) else {
            self.breach(command.id, Breach::NothingThere { place });
            return self.refuse_why(command, "there is no plate in the nest");
        };
        if found != meant {
            self.breach(command.id, Breach::WrongPlate { meant, found });
        }
        let Some(plate) = self.truth.plate(found) else {
            return;
        };
        if let Some(with) = plate.served_by {
            self.breach(command.id, Breach::Busy { with });
            return self.refuse_why(command, "the plate is being served");
        }
        if !capability.covers.contains(&plate.cover)
            || !capability.labware.contains(&plate.labware.class)
        {
            self.breach(command.id, Breach::Unfit { plate: found });
            return self.refuse_why(command, "the plate's cover or kind does not fit");
        }
        if self.run_is_refused(command, id, (nest, meant), with) {
            return;
        }
        let Some(plate) = self.truth.plate(found) else {
            return;
        };
        let wells = wells_touched(
            worklist.as_deref(),
            plate.labware.wells(),
            plate.labware.columns,
        );
        let mut draws = self.draws("perform", command.id);
        let model = &capability.duration;
        let stated = model.stated(operation);
        let handling = draws.spread(model.handling(wells), model.spread.as_f64());
        let takes = handling + stated;
        let fault = fault.or_else(|| {
            self.chance_at_instrument(capability, takes, unit.simultaneous, &mut draws)
        });
        if let Some(empty) = self.use_up(id, capability, wells, fault) {
            return self.refuse(command, Fault::ConsumableEmpty { consumable: empty });
        }
        let now = self.now;
        let mut job = Job::new(command, now, takes);
        job.fault = fault;
        job.on = Some(found);
        match fault {
            Some(FaultKind::Retryable | FaultKind::NeedsService | FaultKind::SampleLost) => {
                job.ends = now.saturating_add(takes.scale(draws.between(0.05, 0.95)));
            }
            Some(FaultKind::Silent { answer, .. }) => {
                job.muted = true;
                self.silence(Device::Instrument(id), answer);
            }
            _ => {}
        }
        for companion in with {
            if let Some(plate) = self.truth.plate_mut(companion.plate) {
                plate.served_by = Some(command.id);
            }
        }
        if let Some(plate) = self.truth.plate_mut(found) {
            plate.served_by = Some(command.id);
            if let Some((celsius, humid)) = air_of(operation) {
                liquid::evaporate(plate, &self.config.physics.liquid, now);
                plate.set_air(celsius, humid, now);
            }
        }
        self.instruments[id.index()].running.push(command.id);
        if unit.batch.is_some() {
            self.fact(Fact::Run {
                instrument: id,
                plates: 1 + with.len() as u32,
            });
        }
        self.start(job);
        self.report(
            Device::Instrument(id),
            Report::Started {
                command: command.id,
                expected: Some(model.median(operation, wells)),
            },
        );
    }

    /// An instrument that works by the run looks at what is in it: all plates that are meant and no other, as
    /// many as can be balanced, each fit for the work, and its lid shut. Whether it has refused.
    fn run_is_refused(
        &mut self,
        command: &Command,
        id: InstrumentId,
        (nest, meant): (NestId, PlateId),
        with: &[Companion],
    ) -> bool {
        let hall = self.hall.clone();
        let unit = &hall.instruments[id.index()];
        let Some(batch) = unit.batch else {
            if !with.is_empty() {
                self.breach(command.id, Breach::NoSuchCapability { instrument: id });
                self.refuse_why(command, "the instrument works plate by plate");
                return true;
            }
            return false;
        };
        let in_arm = self.arms[unit.station.index()].running;
        let in_arm = in_arm.and_then(|with| Some((with, self.job(with)?.action.clone())));
        if let Some((with, Action::Pick { from: place, .. } | Action::Place { to: place, .. })) =
            in_arm
            && matches!(place, Place::Nest(nest) if unit.nests.contains(&nest))
        {
            self.breach(command.id, Breach::Busy { with });
            self.refuse_why(command, "the lid is open: the arm is there");
            return true;
        }
        let mut expected: Vec<(NestId, PlateId)> = with.iter().map(|c| (c.nest, c.plate)).collect();
        expected.push((nest, meant));
        let mut plates = 0;
        for &nest in &unit.nests {
            let meant = expected.iter().find(|e| e.0 == nest).map(|e| e.1);
            let found = self.truth.at(Place::Nest(nest));
            plates += u32::from(found.is_some());
            let wrong = match (meant, found) {
                (None, None) => continue,
                (Some(meant), Some(found)) if meant == found => {
                    let plate = self.truth.plate(found);
                    let capability = match &command.action {
                        Action::Perform { operation, .. } => unit.capability(&operation.capability),
                        _ => None,
                    };
                    let fits = plate.zip(capability).is_some_and(|(plate, capability)| {
                        capability.covers.contains(&plate.cover)
                            && capability.labware.contains(&plate.labware.class)
                            && plate.served_by.is_none()
                    });
                    if fits {
                        continue;
                    }
                    Breach::Unfit { plate: found }
                }
                (Some(meant), Some(found)) => Breach::WrongPlate { meant, found },
                (Some(_), None) => Breach::NothingThere {
                    place: Place::Nest(nest),
                },
                (None, Some(found)) => Breach::WrongPlate {
                    meant: expected[expected.len() - 1].1,
                    found,
                },
            };
            self.breach(command.id, wrong);
            self.refuse_why(command, "what is in it is not what the run is for");
            return true;
        }
        if batch.counterweights_for(plates).is_none() || plates as usize != expected.len() {
            self.breach(command.id, Breach::Unbalanced { plates });
            self.refuse_why(command, "it is not balanced");
            return true;
        }
        false
    }

    /// A fault by chance: instruments fail by working time; liquid, lids and seals by the plate.
    fn chance_at_instrument(
        &self,
        capability: &Capability,
        takes: Duration,
        simultaneous: u32,
        draws: &mut Draws,
    ) -> Option<FaultKind> {
        let rates = &self.config.faults;
        let u = draws.unit() / rates.factor.max(1e-12);
        let mut below = 0.0;
        let mut hit = |rate: f64| {
            below += rate;
            u < below
        };
        let work = takes.ratio(rates.between_instrument_faults) / f64::from(simultaneous.max(1));
        let shares = rates.instrument_shares;
        if hit(work * shares.retryable) {
            return Some(FaultKind::Retryable);
        }
        if hit(work * shares.needs_service) {
            return Some(FaultKind::NeedsService);
        }
        if hit(work * shares.sample_lost) {
            return Some(FaultKind::SampleLost);
        }
        if hit(work * shares.outcome_unknown) {
            let done = draws.chance(0.5);
            return Some(FaultKind::OutcomeUnknown { done });
        }
        if hit(work * shares.silent) {
            return Some(self.some_silence(draws));
        }
        if capability.uses.is_some() && hit(rates.consumable_empty) {
            return Some(FaultKind::ConsumableEmpty);
        }
        match &*capability.name {
            "lid" | "delid" if hit(rates.lid_failed) => Some(FaultKind::LidFailed),
            "seal" | "peel" if hit(rates.seal_failed) => Some(FaultKind::SealFailed),
            "dispense" | "transfer" | "acoustic_transfer" if hit(rates.volume_short) => {
                let noticed = draws.chance(0.8);
                Some(FaultKind::VolumeShort { noticed })
            }
            _ => None,
        }
    }

    /// Takes what an operation uses from the stock; the consumable's name if there is too little.
    fn use_up(
        &mut self,
        id: InstrumentId,
        capability: &Capability,
        wells: usize,
        fault: Option<FaultKind>,
    ) -> Option<Arc<str>> {
        let uses = capability.uses.as_ref()?;
        let unit = &self.hall.instruments[id.index()];
        let at = unit
            .consumables
            .iter()
            .position(|c| c.name == uses.consumable)?;
        let stock = &mut self.instruments[id.index()].stock[at];
        if fault == Some(FaultKind::ConsumableEmpty) {
            *stock = 0;
        }
        let need = uses.per_plate + uses.per_well * wells as u32;
        if *stock < need || *stock == 0 {
            return Some(uses.consumable.clone());
        }
        *stock -= need;
        None
    }

    pub(crate) fn end_perform(&mut self, mut job: Job) {
        let Action::Perform {
            instrument,
            step,
            operation,
            worklist,
            repeat,
            with,
            ..
        } = job.action.clone()
        else {
            return;
        };
        if let Some(verdict) = job.verdict.take() {
            return self.finish(&job, Err(verdict));
        }
        let now = self.now;
        self.instruments[instrument.index()]
            .running
            .retain(|running| *running != job.id);
        let Some(id) = job.on else { return };
        // Those that share the run and have not been taken out of it.
        let mut crew: Vec<Measurement> = Vec::new();
        for companion in &with {
            if let Some(plate) = self.truth.plate_mut(companion.plate) {
                liquid::evaporate(plate, &self.config.physics.liquid, now);
                if plate.served_by == Some(job.id) {
                    plate.served_by = None;
                    crew.push(Measurement {
                        command: job.id,
                        plate: companion.plate,
                        step: companion.step,
                        instrument,
                    });
                }
            }
        }
        let mut tempered = false;
        if let Some(plate) = self.truth.plate_mut(id) {
            liquid::evaporate(plate, &self.config.physics.liquid, now);
            if plate.served_by == Some(job.id) {
                plate.served_by = None;
                tempered = air_of(&operation).is_some();
            }
        }
        if job.ruined {
            self.leave_to_cool(id, tempered);
            return self.finish(
                &job,
                Err(Fault::SampleLost {
                    code: INSTRUMENT_SPOILT,
                }),
            );
        }
        let who = Measurement {
            command: job.id,
            plate: id,
            step,
            instrument,
        };
        let result = match job.fault {
            Some(FaultKind::Retryable) => {
                self.instruments[instrument.index()].error = true;
                Err(Fault::Retryable {
                    code: INSTRUMENT_RETRY,
                })
            }
            Some(FaultKind::NeedsService) => {
                self.instruments[instrument.index()].down = true;
                Err(Fault::NeedsService {
                    code: INSTRUMENT_DOWN,
                })
            }
            Some(FaultKind::SampleLost) => {
                self.note_done(who, job.began, repeat);
                if let Some(plate) = self.truth.plate_mut(id) {
                    plate.spoilt = true;
                }
                self.fact(Fact::Spoilt { plate: id });
                for other in crew {
                    self.note_done(other, job.began, repeat);
                    if let Some(plate) = self.truth.plate_mut(other.plate) {
                        plate.spoilt = true;
                    }
                    self.fact(Fact::Spoilt { plate: other.plate });
                }
                Err(Fault::SampleLost {
                    code: INSTRUMENT_SPOILT,
                })
            }
            Some(FaultKind::LidFailed) => Err(Fault::LidFailed),
            Some(FaultKind::SealFailed) => Err(Fault::SealFailed),
            Some(FaultKind::OutcomeUnknown { done }) => {
                if done {
                    // What it measured is forgotten with the rest.
                    let _ = self.carry_out(&job, who, &operation, worklist.as_deref(), repeat);
                    self.carry_along(crew, job.began, &operation, repeat);
                }
                Err(Fault::OutcomeUnknown)
            }
            Some(FaultKind::Silent { done: false, .. }) => Err(Fault::Retryable {
                code: INSTRUMENT_RETRY,
            }),
            _ => {
                self.carry_along(crew, job.began, &operation, repeat);
                self.carry_out(&job, who, &operation, worklist.as_deref(), repeat)
            }
        };
        // What is measured at a temperature is measured before the plate leaves it.
        self.leave_to_cool(id, tempered);
        self.finish(&job, result);
    }

    /// The plate comes back to the air of the hall, if an instrument had kept it at a temperature.
    fn leave_to_cool(&mut self, id: PlateId, tempered: bool) {
        let now = self.now;
        if tempered && let Some(plate) = self.truth.plate_mut(id) {
            plate.set_air(AMBIENT_CELSIUS, false, now);
        }
    }

    /// What an operation does to the plates that share a run.
    fn carry_along(
        &mut self,
        crew: Vec<Measurement>,
        began: Instant,
        operation: &Operation,
        repeat: Repeat,
    ) {
        for other in crew {
            self.note_done(other, began, repeat);
            self.change_plate(other.plate, operation);
        }
    }

    /// Notes that an operation was carried out on a plate, once.
    fn note_done(&mut self, who: Measurement, began: Instant, repeat: Repeat) {
        let Measurement {
            command,
            plate: id,
            step,
            instrument,
        } = who;
        let mut twice = false;
        if repeat == Repeat::Irreversible
            && let Some(plate) = self.truth.plate_mut(id)
        {
            twice = plate.irreversible.contains(&step);
            plate.irreversible.push(step);
        }
        if twice {
            self.breach(command, Breach::IrreversibleTwice { plate: id, step });
        }
        self.fact(Fact::Operated {
            plate: id,
            step,
            instrument,
            began,
        });
    }

    /// What an operation does to the plate, and what the instrument says of it.
    fn carry_out(
        &mut self,
        job: &Job,
        who: Measurement,
        operation: &Operation,
        worklist: Option<&Worklist>,
        repeat: Repeat,
    ) -> Result<Outcome, Fault> {
        let id = who.plate;
        self.note_done(who, job.began, repeat);
        let mut short = Vec::new();
        if let Some(worklist) = worklist {
            short = self.dispense(job, who, worklist);
        }
        let (readings, flagged) = self.measure(who, operation);
        if !readings.is_empty() {
            let values = values_hash(readings.iter().flat_map(|reading| reading.values.iter()));
            self.fact(Fact::Measured {
                plate: id,
                step: who.step,
                values,
            });
        }
        self.change_plate(id, operation);
        let noticed = !matches!(job.fault, Some(FaultKind::VolumeShort { noticed: false }));
        if !short.is_empty() && noticed {
            return Err(Fault::VolumeShort { wells: short });
        }
        Ok(Outcome::Performed {
            began: job.began,
            ended: Some(self.now),
            readings,
            flagged,
            left: self.left(who.instrument),
        })
    }

    fn dispense(
        &mut self,
        job: &Job,
        who: Measurement,
        worklist: &Worklist,
    ) -> Vec<(Well, Volume)> {
        let mut draws = self.draws("dispense", job.id);
        let liquid = self.config.physics.liquid;
        let clot = matches!(job.fault, Some(FaultKind::VolumeShort { .. })).then(|| {
            // A channel that this worklist uses.
            let transfer = worklist
                .transfers
                .get(draws.below(worklist.transfers.len()));
            Clot {
                channel: transfer.map_or(0, |t| t.well.row % liquid.channels.max(1)),
                share: draws.between(liquid.short_share.0, liquid.short_share.1),
            }
        });
        let known = self.bound.len();
        let unknown = worklist
            .transfers
            .iter()
            .any(|transfer| transfer.reagent.index() >= known);
        let biases = &self.instruments[who.instrument.index()].biases;
        let Some(plate) = self.truth.plate_mut(who.plate) else {
            return Vec::new();
        };
        let out = liquid::dispense(plate, worklist, &liquid, biases, clot, &mut draws, self.now);
        self.fact(Fact::Dispensed {
            plate: who.plate,
            volume: out.total,
        });
        if out.overflow {
            self.breach(job.id, Breach::Overflow { plate: who.plate });
        }
        if out.missing {
            self.breach(job.id, Breach::Unfit { plate: who.plate });
        }
        if unknown {
            self.breach(job.id, Breach::UnknownReagent { plate: who.plate });
        }
        out.short
    }

    /// Covers, emptying and sampling.
    fn change_plate(&mut self, id: PlateId, operation: &Operation) {
        let Some(plate) = self.truth.plate_mut(id) else {
            return;
        };
        if let Some(cover) = cover_after(&operation.capability) {
            plate.cover = cover;
        }
        let empties = vocabulary::word(&operation.capability).is_some_and(|word| word.empties);
        let taken = operation
            .base("injection", Kind::Volume)
            .map(Volume::from_base)
            .unwrap_or(Volume::ZERO);
        if !empties && taken <= Volume::ZERO {
            return;
        }
        let wells: Vec<Well> = plate.labware.each_well().collect();
        for (index, well) in wells.into_iter().enumerate() {
            let before = plate.contents.wells()[index].volume();
            if before <= Volume::ZERO {
                continue;
            }
            let share = if empties {
                1.0
            } else {
                (taken.as_ul() / plate.volume_ul(index).max(1e-9)).min(1.0)
            };
            if let Some(liquid) = plate.contents.well_mut(well) {
                plate.lost += liquid.take(before.scale(share)).volume();
            }
            plate.evaporated[index] *= 1.0 - share;
        }
    }

    fn left(&self, id: InstrumentId) -> Vec<(Arc<str>, u32)> {
        self.hall.instruments[id.index()]
            .consumables
            .iter()
            .zip(&self.instruments[id.index()].stock)
            .map(|(consumable, stock)| (consumable.name.clone(), *stock))
            .collect()
    }

    /// Gives an operation up: it is as if it had not been, unless it can't be undone.
    pub(crate) fn begin_abort(&mut self, command: &Command) {
        let Action::Abort { command: about, .. } = command.action else {
            return;
        };
        self.abort(about);
        let answer = self.config.physics.devices.answer;
        self.start(Job::new(command, self.now, answer));
    }

    fn abort(&mut self, about: CommandId) {
        let Some(mut job) = self.take_job(about) else {
            return;
        };
        let Action::Perform { repeat, .. } = &job.action else {
            return self.finish(&job, Err(refused("only operations can be given up")));
        };
        job.fault = Some(match repeat {
            Repeat::Irreversible => {
                let done = self.draws("abort", about).chance(0.5);
                FaultKind::OutcomeUnknown { done }
            }
            _ => FaultKind::Silent {
                done: false,
                answer: crate::fault::Answer::After(Duration::ZERO),
            },
        });
        job.verdict = None;
        self.end_perform(job);
    }
}
