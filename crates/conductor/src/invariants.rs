//! A slow and obvious checker of the conductor's state, and who waits for whom.

use crate::conductor::Conductor;
use crate::order::{OrderState, Phase, Stage, WorkStage};
use crate::timers::Timer;
use crate::waits::Want;
use bus::Role;
use labware::Place;
use quantity::{ArmId, OrderId, PlateId};
use std::collections::{BTreeMap, BTreeSet};

impl Conductor {
    /// What is wrong with the state, in words; empty if nothing is. Meant for tests, after each
    /// step.
    #[must_use]
    pub fn check_invariants(&self) -> Vec<String> {
        let mut wrong = Vec::new();
        self.check_places(&mut wrong);
        self.check_nests(&mut wrong);
        self.check_orders(&mut wrong);
        self.check_arms_and_movers(&mut wrong);
        for id in self.planner.orders() {
            if !self.order(id).is_some_and(|o| o.planned) {
                wrong.push(format!("{id} is planned for and not conducted"));
            }
        }
        for (id, flight) in self.commands.iter() {
            let asked = flight.question.is_some() || flight.suspended;
            let watched = self.timers.of(Timer::Deadline(id)).is_some();
            if !asked && !watched && !flight.person {
                wrong.push(format!("{id} has no deadline"));
            }
        }
        wrong
    }

    /// Every plate is in exactly one place, and every place but the roomy ones holds at most one.
    fn check_places(&self, wrong: &mut Vec<String>) {
        let mut seen: BTreeMap<Place, PlateId> = BTreeMap::new();
        for (plate, place) in self.places.custody().iter() {
            if place.is_roomy() {
                continue;
            }
            if let Some(other) = seen.insert(place, plate) {
                wrong.push(format!("{place} holds {other} and {plate}"));
            }
            if self.places.custody().plate_at(place) != Some(plate) {
                wrong.push(format!("{place} does not know of {plate}"));
            }
        }
    }

    /// A nest is promised to one plate, and homes are kept for those whose they are.
    fn check_nests(&self, wrong: &mut Vec<String>) {
        for (nest, promised, home) in self.places.nests() {
            let inside = self.places.plate_in(nest);
            if let (Some(owner), Some(inside)) = (home, inside)
                && owner != inside
            {
                wrong.push(format!("{nest} is the home of {owner} and holds {inside}"));
            }
            if let (Some(owner), Some(promised)) = (home, promised)
                && owner != promised
            {
                wrong.push(format!(
                    "{nest} is the home of {owner} and promised to {promised}"
                ));
            }
            let holders: Vec<OrderId> = self
                .orders
                .values()
                .flatten()
                .filter(|o| {
                    matches!(&o.phase, Phase::Leg(leg)
                        if leg.to.as_ref().is_some_and(|p| p.nest() == nest))
                })
                .map(|o| o.id())
                .collect();
            let any = self.places.is_bottomless(nest);
            if !any && holders.len() != usize::from(promised.is_some()) {
                wrong.push(format!(
                    "{nest} is promised to {promised:?} and held by {holders:?}"
                ));
            }
        }
        for o in self.orders.values().flatten() {
            let Some(home) = o.home else {
                if o.phase != Phase::Queued {
                    wrong.push(format!("{} has no home", o.id()));
                }
                continue;
            };
            if self.hall.instrument(home.hotel).role != Role::Storage {
                wrong.push(format!("the home of {} is not in a hotel", o.id()));
            }
        }
    }

    /// Every order has something that will come: a command, a timer, somebody who gives free what it
    /// waits for, or a person.
    fn check_orders(&self, wrong: &mut Vec<String>) {
        for o in self.orders.values().flatten() {
            let id = o.id();
            let timer = self.timers.of(Timer::Order(id)).is_some();
            let waits = self.waits.of(id);
            let under_way = match &o.phase {
                Phase::Queued => false,
                Phase::Bringing(task) | Phase::TakenAway(task) => {
                    self.persons.open.contains_key(task)
                }
                Phase::Resting => false,
                Phase::Working(work) => match work.stage {
                    WorkStage::Ready => false,
                    WorkStage::Running(command) | WorkStage::Resetting(command) => {
                        self.commands.get(command).is_some()
                    }
                },
                Phase::Leg(leg) => {
                    let riding = leg.mover.is_some_and(|mover| {
                        let state = self.fleet.get(mover);
                        state.ride.is_some() || state.stuck.is_some()
                    });
                    let handled = leg.handling.is_some_and(|handling| {
                        let arm = self.health.arm(handling.station);
                        handling
                            .command
                            .is_some_and(|command| self.commands.get(command).is_some())
                            || arm.reset.is_some()
                            || arm.service.is_some()
                    });
                    (matches!(leg.stage, Stage::Approach | Stage::Ride) && riding) || handled
                }
            };
            if !timer && waits.is_none() && !under_way {
                wrong.push(format!("{id} waits for nothing: {:?}", o.phase));
            }
            if let Some(want) = waits
                && !self.will_come(want)
            {
                wrong.push(format!(
                    "{id} waits for {want}, which is there: {:?}",
                    o.phase
                ));
            }
        }
    }

    /// Whether what is waited for is really missing now, so that somebody will announce it.
    fn will_come(&self, want: Want) -> bool {
        match want {
            Want::Mover => self.fleet.idle.is_empty(),
            Want::Arm(station) => !self.health.arm(station).is_free(),
            Want::Station(station) => self.health.is_gone(station),
            Want::Instrument(id) => {
                let state = self.health.instrument(id);
                let full = self.hall.instrument(id).simultaneous.max(1);
                // One that has to be set up between unlike work may be waited for by unlike work.
                let unlike = state.running > 0 && self.hall.instrument(id).setup.is_some();
                // One that works by the run may be waited for until all plates of the run are in.
                unlike
                    || self.by_the_run(id)
                    || state.service.is_some()
                    || state.running >= full
                    || state.stock.values().any(|stock| stock.refill.is_some())
            }
            Want::Way => self.timers.of(Timer::Ways).is_some(),
            Want::Home | Want::Plan | Want::Nest(_) | Want::Berth(_) => true,
        }
    }

    fn check_arms_and_movers(&self, wrong: &mut Vec<String>) {
        for (at, arm) in self.health.arms.iter().enumerate() {
            let Some(order) = arm.holder else { continue };
            let holds = self.order(order).is_some_and(|o| match &o.phase {
                Phase::Leg(leg) => leg.handling.is_some_and(|h| h.station.index() == at),
                // A person is to take it out of the gripper.
                Phase::TakenAway(_) => self.places.place(o.plate()) == Place::Arm(ArmId(at as u32)),
                _ => false,
            });
            if !holds {
                wrong.push(format!(
                    "arm {at} is held by {order}, which does not use it"
                ));
            }
        }
        let mut jobs: BTreeSet<OrderId> = BTreeSet::new();
        for (at, state) in self.fleet.movers.iter().enumerate() {
            let Some(order) = state.job else { continue };
            if !jobs.insert(order) {
                wrong.push(format!("{order} has two movers"));
            }
            let has = self.order(order).is_some_and(|o| {
                matches!(&o.phase, Phase::Leg(leg)
                    if leg.mover.is_some_and(|mover| mover.index() == at))
            });
            if !has {
                wrong.push(format!(
                    "mover {at} is kept by {order}, which does not use it"
                ));
            }
        }
    }

    /// Who waits for what, for people: a line for each order that has not ended.
    #[must_use]
    pub fn explain_waiting(&self) -> Vec<String> {
        self.orders
            .values()
            .flatten()
            .map(|o| format!("{}: {}", o.id(), self.explain(o)))
            .collect()
    }

    /// How many orders wait for each kind of thing now: of those that somebody else has to give
    /// free, and of those whose time in the plan has not come, or that are not admitted yet.
    #[must_use]
    pub fn waiting(&self) -> BTreeMap<&'static str, usize> {
        let mut counts = BTreeMap::new();
        for o in self.orders.values().flatten() {
            let cause = match (&o.phase, self.waits.of(o.id())) {
                (_, Some(want)) => want.cause(),
                (Phase::Queued, None) => "admission",
                (Phase::Resting, None) => "its turn in the plan",
                _ => continue,
            };
            *counts.entry(cause).or_default() += 1;
        }
        counts
    }

    fn explain(&self, o: &OrderState) -> String {
        let place = self.places.place(o.plate());
        let what = match &o.phase {
            Phase::Queued => "not admitted yet".to_owned(),
            Phase::Bringing(task) => format!("a person brings its plate ({task})"),
            Phase::TakenAway(task) => format!("a person takes its plate away ({task})"),
            Phase::Resting => format!("{} stands in {place}", o.plate()),
            Phase::Working(work) => format!(
                "step {} in {} ({:?})",
                o.order.protocol.steps[o.step].name,
                self.hall.instrument(work.instrument).name,
                work.stage
            ),
            Phase::Leg(leg) => format!(
                "{} at {place} on its way, {:?}, {:?}, nest {:?}, {:?}",
                o.plate(),
                leg.aim,
                leg.stage,
                leg.to.as_ref().map(|p| p.nest()),
                leg.mover
            ),
        };
        let waits = self.waits.of(o.id()).map(|want| {
            let by: Vec<String> = match want {
                Want::Nest(instrument) => self
                    .hall
                    .instrument(instrument)
                    .nests
                    .iter()
                    .filter_map(|nest| {
                        let plate = self.places.plate_in(*nest);
                        let promised = self.places.promised_to(*nest);
                        plate.or(promised).map(|plate| plate.to_string())
                    })
                    .collect(),
                Want::Arm(station) => self
                    .health
                    .arm(station)
                    .holder
                    .iter()
                    .map(ToString::to_string)
                    .collect(),
                _ => Vec::new(),
            };
            let by = if by.is_empty() {
                String::new()
            } else {
                format!(" (kept by {})", by.join(", "))
            };
            format!("; waits for {want}{by}")
        });
        let timer = self
            .timers
            .of(Timer::Order(o.id()))
            .map(|at| format!("; looks again at {} s", at.as_secs_f64()));
        let plan = self.next_visit(o).map(|visit| {
            format!(
                "; planned to leave at {} s and to be in {} at {} s",
                visit.leg_start.as_secs_f64(),
                self.planner.shop().machines[visit.machine].name,
                visit.begin.as_secs_f64()
            )
        });
        let goal = format!("{}; goal {:?}", plan.unwrap_or_default(), o.goal);
        format!(
            "{what}{}{}{goal}",
            waits.unwrap_or_default(),
            timer.unwrap_or_default()
        )
    }
}
