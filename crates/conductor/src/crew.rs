//! Runs of several plates: who takes part, when they start, and who may come in.
//!
//! An instrument that works by the run ([`bus::Batch`]) spins whatever is in it. So a plate is let in only
//! while everybody there, or on the way there, is in the same run by the plan, and a run starts only
//! when all of its members are in and nobody else, with the lid closed. Whoever comes too late for that
//! goes home and is planned anew; a plate that is in a run's way always has a home to be cleared into. So no
//! run waits for ever, and no two plates wait for one another.
//!
//! A run is one command, with all its plates. What becomes of it becomes of every one of them.

use crate::commands::Owner;
use crate::conductor::Conductor;
use crate::order::{Goal, OrderState, Phase, Stage, Work, WorkStage};
use crate::waits::Want;
use bus::{Action, Companion};
use protocol::Operation;
use quantity::{CommandId, Instant, InstrumentId, NestId, OrderId};
use std::fmt::Write as _;
use std::sync::Arc;

/// Whether a run can start.
pub(crate) enum Crew {
    /// These take part with the one that asked.
    Ready(Vec<(OrderId, Companion)>),
    /// Something has to happen first.
    Wait(Want),
    /// Not before then.
    Until(Instant),
    /// Unlike work is waiting there too: this plate gives way.
    GiveWay,
}

/// The name of the kind of work that an operation is: runs are of one kind.
pub(crate) fn recipe(operation: &Operation) -> Arc<str> {
    let mut name = operation.capability.to_string();
    for (param, value) in &operation.params {
        let _ = write!(name, ", {param} {value}");
    }
    name.into()
}

impl Conductor {
    /// Whether an instrument works by the run.
    pub(crate) fn by_the_run(&self, instrument: InstrumentId) -> bool {
        self.hall.instrument(instrument).batch.is_some()
    }

    /// Who takes part in the run that an order's plate waits for in an instrument.
    pub(crate) fn crew(&self, o: &OrderState, work: Work) -> Crew {
        let instrument = self.hall.instrument(work.instrument);
        let Some(batch) = instrument.batch else {
            return Crew::Ready(Vec::new());
        };
        let wait = Crew::Wait(Want::Instrument(work.instrument));
        if self.health.instrument(work.instrument).running > 0 {
            return wait;
        }
        if self.handled_in(work.instrument) {
            return Crew::Wait(Want::Arm(instrument.station));
        }
        let mine = recipe(&o.order.protocol.steps[o.step].operation);
        let mut crew = Vec::new();
        let mut earliest = self.earliest_begin(o);
        for nest in instrument.nests.iter().copied() {
            let Some(plate) = self.places.plate_in(nest).filter(|p| *p != o.plate()) else {
                continue;
            };
            let order = self.plates.get(&plate).copied();
            let Some(other) = order.and_then(|order| self.order(order)) else {
                return wait;
            };
            let ready =
                matches!(&other.phase, Phase::Working(work) if work.stage == WorkStage::Ready);
            if !ready || other.goal != Goal::Steps || other.all_done() {
                return wait;
            }
            let step = &other.order.protocol.steps[other.step];
            if recipe(&step.operation) != mine {
                return if o.id() > other.id() {
                    Crew::GiveWay
                } else {
                    wait
                };
            }
            earliest = earliest.max(self.earliest_begin(other));
            let companion = Companion {
                nest,
                plate,
                step: step.id,
            };
            crew.push((other.id(), companion));
        }
        // Those that are still to come, by the plan.
        let planned = (o.planned_task().checked_sub(1)).filter(|_| o.planned);
        if let Some(run) = planned.and_then(|task| self.planner.run_of(o.id(), task)) {
            if run.members.iter().any(|member| !member.2) {
                return wait;
            }
            earliest = earliest.max(run.due);
        }
        if batch.counterweights_for(1 + crew.len() as u32).is_none() {
            return wait;
        }
        if earliest > self.now {
            return Crew::Until(earliest);
        }
        Crew::Ready(crew)
    }

    /// Whether the arm is putting a plate into an instrument, or taking one out.
    fn handled_in(&self, instrument: InstrumentId) -> bool {
        let nests = &self.hall.instrument(instrument).nests;
        let arm = self.health.arm(self.hall.instrument(instrument).station);
        let handled = arm.holder.and_then(|order| self.order(order));
        handled.is_some_and(|o| match &o.phase {
            Phase::Leg(leg) => {
                let from = matches!(leg.from, labware::Place::Nest(nest) if nests.contains(&nest));
                let to = leg.to.as_ref().is_some_and(|to| nests.contains(&to.nest()));
                (from && leg.stage == Stage::Lift) || (to && leg.handling.is_some())
            }
            _ => true,
        })
    }

    /// All who take part begin with the command of the one that asked.
    pub(crate) fn start_crew(
        &mut self,
        o: &OrderState,
        crew: &[(OrderId, Companion)],
        command: CommandId,
    ) {
        self.counters.shared_runs += 1;
        self.counters.shared_plates += 1 + crew.len() as u64;
        self.run_starts(o);
        for &(order, _) in crew {
            self.waits.cancel(order);
            self.timers.stop(crate::timers::Timer::Order(order));
            self.with(order, |this, other| {
                if let Phase::Working(work) = &mut other.phase {
                    work.stage = WorkStage::Running(command);
                    this.health.instrument_mut(work.instrument).running += 1;
                }
                this.run_starts(other);
            });
        }
    }

    fn run_starts(&mut self, o: &OrderState) {
        if let Some(task) = (o.planned_task().checked_sub(1)).filter(|_| o.planned) {
            self.planner.run_started(o.id(), task, self.now);
            self.repair_wanted = true;
        }
    }

    /// The orders whose plates a command works on, the one that it belongs to first.
    pub(crate) fn crew_of(&self, command: CommandId, order: OrderId) -> Vec<OrderId> {
        let mut all = vec![order];
        if let Some(flight) = self.commands.get(command)
            && let Action::Perform { with, .. } = &flight.command.action
            && matches!(flight.owner, Owner::Work(_))
        {
            let orders = with.iter().filter_map(|c| self.plates.get(&c.plate));
            all.extend(orders.filter(|other| {
                self.order(**other).is_some_and(|o| {
                    matches!(&o.phase, Phase::Working(work) if work.stage == WorkStage::Running(command))
                })
            }));
        }
        all
    }

    /// Whether an order's plate may come into an instrument that works by the run: nobody else is there, or on
    /// the way, but members of its run. One that is about to leave counts only at the door.
    pub(crate) fn lets_in(
        &self,
        o: &OrderState,
        instrument: InstrumentId,
        at_the_door: bool,
    ) -> bool {
        if !self.by_the_run(instrument) {
            return true;
        }
        if at_the_door && self.health.instrument(instrument).running > 0 {
            return false;
        }
        let run = (self.planner.run_of(o.id(), o.planned_task())).filter(|_| o.planned);
        let member = |order: OrderId| {
            let all = run.as_ref().map_or(&[][..], |run| &run.members);
            all.iter().any(|member| member.0 == order)
        };
        let nests = self.hall.instrument(instrument).nests.iter().copied();
        let others = |nest: NestId| {
            let there = self.places.plate_in(nest);
            let leaving = self.places.is_leaving(nest) && !at_the_door;
            let coming = self.places.promised_to(nest).filter(|_| !at_the_door);
            [there.filter(|_| !leaving), coming]
        };
        let mut plates = nests.flat_map(others).flatten();
        plates.all(|plate| {
            let order = self.plates.get(&plate).copied();
            plate == o.plate() || order.is_some_and(member)
        }) && run.is_none_or(|run| !run.begun)
    }

    /// Whether plates of another run are planned to come to an instrument before an order's, and wait for it.
    pub(crate) fn other_run(
        &self,
        o: &OrderState,
        instrument: InstrumentId,
        order: OrderId,
    ) -> bool {
        if !self.by_the_run(instrument) || !o.planned {
            return false;
        }
        let run = self.planner.run_of(o.id(), o.planned_task());
        run.is_none_or(|run| run.members.iter().all(|member| member.0 != order))
    }

    /// Something has changed that runs may wait for.
    pub(crate) fn look_at_runs(&mut self) {
        for at in 0..self.hall.instruments.len() {
            let instrument = &self.hall.instruments[at];
            if instrument.batch.is_some() {
                let id = instrument.id;
                self.freed(Want::Instrument(id));
                self.freed(Want::Nest(id));
            }
        }
    }
}
