//! Steps: an instrument does an operation on the plate in its nest.

use crate::Effect;
use crate::believed::touched;
use crate::commands::Owner;
use crate::compile::{step_time, uses};
use crate::conductor::{Conductor, Flow};
use crate::crew::Crew;
use crate::effect::FaultEnd;
use crate::families;
use crate::limits::{LATE_QUANTILE, WORK_MOVES, WORK_RETRIES};
use crate::order::{Goal, OrderState, Phase, Work, WorkStage};
use crate::waits::Want;
use bus::{Action, Device, Fault, Flag, Outcome, cover_after};
use labware::Well;
use protocol::{Edge, Repeat};
use quantity::{CommandId, Duration, Instant, InstrumentId, NestId, OrderId, Volume};

impl Conductor {
    /// The plate is where its next step can be done.
    pub(crate) fn begin_work(&mut self, o: &mut OrderState, nest: NestId) -> Flow {
        o.phase = Phase::Working(Work {
            instrument: self.hall.instrument_of(nest).id,
            nest,
            stage: WorkStage::Ready,
            tries: 0,
        });
        Flow::Again
    }

    /// A step looks at whether it can begin.
    pub(crate) fn work(&mut self, o: &mut OrderState) -> Flow {
        let Phase::Working(work) = o.phase else {
            return Flow::Again;
        };
        if work.stage != WorkStage::Ready {
            return Flow::Stop;
        }
        if o.goal != Goal::Steps || o.all_done() {
            o.phase = Phase::Resting;
            return Flow::Again;
        }
        let hall = self.hall.clone();
        let instrument = hall.instrument(work.instrument);
        if self.health.is_gone(instrument.station) {
            return self.wait(o, Want::Station(instrument.station));
        }
        let state = self.health.instrument(work.instrument);
        let full = if instrument.batch.is_some() {
            1
        } else {
            instrument.simultaneous.max(1)
        };
        if state.service.is_some() || state.running >= full {
            return self.wait(o, Want::Instrument(work.instrument));
        }
        if self.in_refill(work.instrument) {
            return self.wait(o, Want::Instrument(work.instrument));
        }
        let earliest = self.earliest_begin(o);
        if earliest > self.now {
            return self.wait_until(o, earliest);
        }
        let protocol = o.order.protocol.clone();
        let step = &protocol.steps[o.step];
        let Some(offer) = instrument.capability(&step.operation.capability) else {
            self.give_up(
                o,
                format!("{} does not offer {} any more", instrument.name, step.name),
            );
            o.phase = Phase::Resting;
            return Flow::Again;
        };
        let wells = o.compiled.wells[o.step];
        if let Some((consumable, pieces)) = uses(offer, wells)
            && self.lacks(work.instrument, &consumable, pieces)
        {
            return self.wait(o, Want::Instrument(work.instrument));
        }
        let ready = match self.set_up_for(o, work.instrument) {
            Some(ready) => ready,
            // Unlike work is going on there.
            None => return self.wait(o, Want::Instrument(work.instrument)),
        };
        if ready > self.now {
            return self.wait_until(o, ready);
        }
        let time = |z| {
            let at = (o.step, wells);
            step_time(&o.order, &hall, &self.durations, at, work.instrument, z)
        };
        let (planned, late) = (time(hall.planning.z), time(LATE_QUANTILE));
        let open = instrument.open_for(self.now, planned);
        if open > self.now {
            return self.wait_until(o, open);
        }
        let crew = match self.crew(o, work) {
            Crew::Ready(crew) => crew,
            Crew::Wait(want) => return self.wait(o, want),
            Crew::Until(at) => return self.wait_until(o, at),
            Crew::GiveWay => {
                // What it came for is still to be done.
                o.task = o.task.saturating_sub(1);
                o.phase = Phase::Resting;
                self.clear_home(o);
                return Flow::Again;
            }
        };
        let repeat = offer.repeat;
        let worklist = o.order.worklists.get(&step.id).cloned();
        let command = self.issue(
            Action::Perform {
                instrument: work.instrument,
                nest: work.nest,
                plate: o.plate(),
                step: step.id,
                operation: step.operation.clone(),
                worklist,
                repeat,
                with: crew.iter().map(|member| member.1).collect(),
            },
            Some(o.id()),
            Owner::Work(o.id()),
            late,
        );
        let set_for = families::work(&o.order, &hall, o.step, work.instrument);
        let state = self.health.instrument_mut(work.instrument);
        state.running += 1;
        state.set_for = set_for;
        o.phase = Phase::Working(Work {
            stage: WorkStage::Running(command),
            ..work
        });
        if instrument.batch.is_some() {
            self.start_crew(o, &crew, command);
        }
        Flow::Stop
    }

    /// When an instrument is set up for the next step of an order: cleaned since the last unlike work, at
    /// the temperature asked for. `None` while it does unlike work.
    fn set_up_for(&self, o: &OrderState, instrument: InstrumentId) -> Option<Instant> {
        let state = self.health.instrument(instrument);
        let setup = self.hall.instrument(instrument).setup.as_ref();
        let next = families::work(&o.order, &self.hall, o.step, instrument);
        let (Some(setup), Some(last), Some(next)) = (setup, &state.set_for, next) else {
            return Some(self.now);
        };
        if *last == next {
            return Some(self.now);
        }
        (state.running == 0).then(|| state.idle_since + setup.time_between(last, &next))
    }

    /// The earliest moment that the least lags allow the next step to begin.
    pub(crate) fn earliest_begin(&self, o: &OrderState) -> Instant {
        let next = o.order.protocol.steps[o.step].id;
        o.order
            .protocol
            .lags
            .iter()
            .filter(|lag| lag.to == (next, Edge::Begin))
            .filter_map(|lag| Some(o.edge(lag.from.0, lag.from.1)? + lag.min))
            .max()
            .unwrap_or(self.now)
    }

    /// An edge of a step has happened: the lags that end there are judged.
    fn edge(&mut self, o: &mut OrderState, step: usize, edge: Edge, at: Instant) {
        let index = match edge {
            Edge::Begin => 0,
            Edge::End => 1,
        };
        o.edges[step][index] = Some(at);
        let protocol = o.order.protocol.clone();
        let id = protocol.steps[step].id;
        for (index, lag) in protocol.lags.iter().enumerate() {
            if lag.to != (id, edge) {
                continue;
            }
            let Some(from) = o.edge(lag.from.0, lag.from.1) else {
                continue;
            };
            let actual = at.since(from);
            let allowed = match lag.max {
                Some(max) if actual > max => max,
                _ if actual < lag.min => lag.min,
                _ => continue,
            };
            self.counters.lags_broken += 1;
            self.emit(Effect::LagBroken {
                order: o.id(),
                lag: index,
                allowed,
                actual,
            });
            let wells = o.believed.wells().collect();
            self.mark(o, Some(id), wells, Flag::LagBroken);
        }
    }

    /// An operation was carried out. Of several plates that share a run the first tells what it took.
    pub(crate) fn work_done(
        &mut self,
        order: OrderId,
        issued: Instant,
        outcome: Outcome,
        first: bool,
    ) {
        let (began, ended, readings, flagged, left) = match outcome {
            Outcome::Performed {
                began,
                ended,
                readings,
                flagged,
                left,
            } => (began, ended, readings, flagged, left),
            _ => (issued, None, Vec::new(), Vec::new(), Vec::new()),
        };
        // A device that was asked tells of what was long ago; none tells of what is to come.
        let timed = ended.is_some();
        let ended = ended.unwrap_or(self.now).min(self.now);
        let span = (began.min(ended), ended);
        self.with(order, |this, o| {
            let Phase::Working(work) = o.phase else {
                return;
            };
            this.instrument_done(work.instrument);
            for (consumable, left) in left {
                this.note_stock(work.instrument, &consumable, left);
            }
            this.carried_out(o, work, span, &[]);
            if timed && first && this.hall.planning.learn {
                this.learn(o, work.instrument, span.1.since(span.0));
            }
            for reading in readings.into_iter().filter(|_| first) {
                this.emit(Effect::Reading {
                    order: o.id(),
                    reading,
                });
            }
            let step = o.order.protocol.steps[o.step].id;
            for (well, flag) in flagged.into_iter().filter(|_| first) {
                this.mark(o, Some(step), vec![well], flag);
            }
            this.close_faults(o, FaultEnd::Recovered);
            this.step_done(o, work, span);
        });
        self.look_at(order);
    }

    /// The next step of an order has taken so long.
    fn learn(&mut self, o: &OrderState, instrument: InstrumentId, took: Duration) {
        let operation = &o.order.protocol.steps[o.step].operation;
        let found = self.hall.instrument(instrument);
        if let Some(offer) = found.capability(&operation.capability) {
            let wells = o.compiled.wells[o.step];
            (self.durations).observe(instrument, offer, operation, wells, took);
        }
    }

    /// What an operation did to the plate is noted.
    fn carried_out(
        &mut self,
        o: &mut OrderState,
        work: Work,
        (began, ended): (Instant, Instant),
        short: &[(Well, Volume)],
    ) {
        let protocol = o.order.protocol.clone();
        let step = &protocol.steps[o.step];
        let worklist = o.order.worklists.get(&step.id).cloned();
        o.believed
            .performed(&step.operation, worklist.as_deref(), short);
        self.emit(Effect::StepBegan {
            order: o.id(),
            step: step.id,
            instrument: work.instrument,
        });
        self.edge(o, o.step, Edge::Begin, began);
        self.edge(o, o.step, Edge::End, ended);
    }

    fn step_done(&mut self, o: &mut OrderState, work: Work, (began, ended): (Instant, Instant)) {
        self.counters.steps += 1;
        let step = o.order.protocol.steps[o.step].id;
        self.emit(Effect::StepDone {
            order: o.id(),
            step,
            instrument: work.instrument,
            began,
            ended,
        });
        o.step += 1;
        o.moves = 0;
        o.phase = Phase::Resting;
    }

    /// The instrument works on one plate fewer.
    pub(crate) fn instrument_done(&mut self, instrument: InstrumentId) {
        let now = self.now;
        let state = self.health.instrument_mut(instrument);
        state.running = state.running.saturating_sub(1);
        state.idle_since = now;
        self.freed(Want::Instrument(instrument));
    }

    /// An operation was not carried out as asked.
    pub(crate) fn work_failed(
        &mut self,
        order: OrderId,
        command: CommandId,
        issued: Instant,
        fault: &Fault,
    ) {
        self.with(order, |this, o| {
            let Phase::Working(work) = &mut o.phase else {
                return;
            };
            work.stage = WorkStage::Ready;
            let work = *work;
            this.instrument_done(work.instrument);
            let device = Some(Device::Instrument(work.instrument));
            let class = fault.class();
            let command = Some(command);
            match fault {
                Fault::VolumeShort { wells } => {
                    this.open_fault(o, class, device, command, "wells flagged");
                    let span = (issued, this.now);
                    this.carried_out(o, work, span, wells);
                    let step = o.order.protocol.steps[o.step].id;
                    let short: Vec<Well> = wells.iter().map(|(well, _)| *well).collect();
                    this.mark(o, Some(step), short, Flag::VolumeShort);
                    this.close_faults(o, FaultEnd::Degraded);
                    this.step_done(o, work, span);
                }
                Fault::SampleLost { .. } => {
                    this.open_fault(o, class, device, command, "quarantine");
                    this.give_up(o, "the instrument spoilt its sample");
                }
                Fault::ConsumableEmpty { consumable } => {
                    this.open_fault(o, class, device, command, "refill");
                    this.note_stock(work.instrument, consumable, 0);
                }
                Fault::NeedsService { .. } => {
                    this.open_fault(o, class, device, command, "service");
                    this.ask_service(work.instrument, "the instrument asks for service");
                    this.count_move(o);
                }
                Fault::OutcomeUnknown => this.work_in_doubt(o, work, command, class),
                Fault::Refused { why } => {
                    this.open_fault(o, class, device, command, "quarantine");
                    this.give_up(o, format!("the instrument refused: {why}"));
                }
                // The sample is as it was: a reset and another try, then service.
                _ if work.tries < WORK_RETRIES => {
                    this.open_fault(o, class, device, command, "reset, again");
                    this.reset_and_again(o, work);
                }
                Fault::LidFailed | Fault::SealFailed => {
                    this.open_fault(o, class, device, command, "quarantine");
                    this.give_up(o, format!("{class}, tried {} times", WORK_RETRIES + 1));
                }
                _ => {
                    this.open_fault(o, class, device, command, "service");
                    this.ask_service(work.instrument, "the instrument fails again and again");
                    this.count_move(o);
                }
            }
        });
        self.look_at(order);
    }

    /// What became of an operation can't be told by its instrument.
    pub(crate) fn work_in_doubt(
        &mut self,
        o: &mut OrderState,
        work: Work,
        command: Option<CommandId>,
        class: &str,
    ) {
        let device = Some(Device::Instrument(work.instrument));
        let step = &o.order.protocol.steps[o.step];
        let id = step.id;
        let repeat = self
            .hall
            .instrument(work.instrument)
            .capability(&step.operation.capability)
            .map_or(Repeat::Irreversible, |offer| offer.repeat);
        // A lid or seal that may be on or off already is for a person to look at.
        let covers = cover_after(&step.operation.capability).is_some();
        if repeat == Repeat::Irreversible || covers {
            self.open_fault(o, class, device, command, "wells in doubt, quarantine");
            let worklist = o.order.worklists.get(&id).cloned();
            let wells = touched(worklist.as_deref(), o.believed.labware());
            self.mark(o, Some(id), wells, Flag::InDoubt);
            self.give_up(o, "it is not known whether an operation was carried out");
        } else if work.tries < WORK_RETRIES {
            // A reading or a look does no harm if it is done twice.
            self.open_fault(o, class, device, command, "done again");
            self.reset_and_again(o, work);
        } else {
            self.open_fault(o, class, device, command, "service");
            self.ask_service(work.instrument, "the instrument does not know what it did");
            self.count_move(o);
        }
    }

    fn reset_and_again(&mut self, o: &mut OrderState, work: Work) {
        let reset = self.issue(
            Action::Reset {
                device: Device::Instrument(work.instrument),
            },
            Some(o.id()),
            Owner::ResetWork(o.id(), work.instrument),
            Duration::ZERO,
        );
        o.phase = Phase::Working(Work {
            stage: WorkStage::Resetting(reset),
            tries: work.tries + 1,
            ..work
        });
    }

    /// A reset before another try helped, or not.
    pub(crate) fn work_reset(&mut self, order: OrderId, helped: bool) {
        self.with(order, |this, o| {
            if let Phase::Working(work) = &mut o.phase {
                work.stage = WorkStage::Ready;
                let instrument = work.instrument;
                if !helped {
                    this.ask_service(instrument, "a reset did not help");
                    this.count_move(o);
                }
            }
        });
        self.look_at(order);
    }

    /// A step is begun again after service; not for ever.
    fn count_move(&mut self, o: &mut OrderState) {
        o.moves += 1;
        if let Phase::Working(work) = &mut o.phase {
            work.tries = 0;
        }
        if o.moves > WORK_MOVES {
            let step = o.order.protocol.steps[o.step].name.clone();
            self.give_up(o, format!("step '{step}' failed again and again"));
        }
    }

    /// A person serviced an instrument.
    pub(crate) fn instrument_serviced(&mut self, instrument: InstrumentId) {
        self.health.instrument_mut(instrument).service = None;
        let station = self.station_of_instrument(instrument);
        self.up_again(station);
        self.freed(Want::Instrument(instrument));
        self.freed(Want::Nest(instrument));
        self.freed(Want::Plan);
        // Commands that it did not answer for are asked about once more.
        self.ask_again(Device::Instrument(instrument));
    }
}
