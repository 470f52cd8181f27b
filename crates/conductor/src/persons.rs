//! What persons are asked for.

use crate::commands::Owner;
use crate::conductor::Conductor;
use crate::effect::FaultEnd;
use crate::limits::{BRING_TIME, PERSON_TIME};
use crate::order::{OrderState, Phase};
use crate::waits::Want;
use crate::{Effect, Ending};
use bus::{Action, Device, Request};
use labware::Place;
use quantity::{CommandId, InstrumentId, MoverId, OrderId, PersonTaskId, PlateId, StationId};
use std::collections::BTreeMap;
use std::sync::Arc;

/// What goes on when a person is done.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Purpose {
    /// The order's plate is in its home.
    Bring(OrderId),
    /// The order's plate is out of the hall, and the order ends.
    EndOrder(OrderId, Ending),
    /// A plate without an order is out of the hall.
    Clear(PlateId),
    /// The instrument is fit.
    Instrument(InstrumentId),
    /// The arm is fit; where its plate is was looked at.
    Arm(StationId),
    /// The mover is fit.
    Mover(MoverId),
    /// The consumable is full.
    Refill(InstrumentId, Arc<str>),
}

/// A task that is open.
#[derive(Clone, Debug)]
pub(crate) struct Task {
    pub purpose: Purpose,
    pub request: Request,
    pub command: CommandId,
}

/// All open tasks.
#[derive(Clone, Debug, Default)]
pub(crate) struct Persons {
    next: u32,
    pub open: BTreeMap<PersonTaskId, Task>,
}

impl Conductor {
    /// Asks a person.
    pub(crate) fn ask(
        &mut self,
        request: Request,
        purpose: Purpose,
        order: Option<OrderId>,
        why: impl Into<Arc<str>>,
    ) -> PersonTaskId {
        let task = PersonTaskId(self.persons.next);
        self.persons.next += 1;
        self.emit(Effect::PersonTask {
            task,
            request: request.clone(),
            why: why.into(),
        });
        let expected = match request {
            Request::Bring { .. } => BRING_TIME,
            _ => PERSON_TIME,
        };
        let command = self.issue(
            Action::Ask {
                task,
                request: request.clone(),
            },
            order,
            Owner::Task(task),
            expected,
        );
        self.persons.open.insert(
            task,
            Task {
                purpose,
                request,
                command,
            },
        );
        task
    }

    /// A person is asked again: the request may not have reached one.
    pub(crate) fn remind(&mut self, task: PersonTaskId) {
        let Some(open) = self.persons.open.get(&task) else {
            return;
        };
        let request = open.request.clone();
        let order = match open.purpose {
            Purpose::Bring(order) | Purpose::EndOrder(order, _) => Some(order),
            _ => None,
        };
        let command = self.issue(
            Action::Ask { task, request },
            order,
            Owner::Task(task),
            PERSON_TIME,
        );
        if let Some(open) = self.persons.open.get_mut(&task) {
            open.command = command;
        }
    }

    /// A person did what was asked.
    pub(crate) fn task_done(&mut self, task: PersonTaskId, found: Option<Place>) {
        let Some(open) = self.persons.open.remove(&task) else {
            return;
        };
        self.close(open.command);
        self.emit(Effect::PersonTaskDone { task });
        match open.purpose {
            Purpose::Bring(order) => self.brought(order),
            Purpose::EndOrder(order, ending) => {
                self.with(order, |this, o| {
                    this.close_faults(o, FaultEnd::PlateGivenUp);
                    this.end(o, ending);
                });
            }
            Purpose::Clear(plate) => self.cleared_away(plate),
            Purpose::Instrument(instrument) => self.instrument_serviced(instrument),
            Purpose::Arm(station) => self.arm_serviced(station, found),
            Purpose::Mover(mover) => self.mover_freed(mover),
            Purpose::Refill(instrument, consumable) => self.refilled(instrument, &consumable),
        }
    }

    fn brought(&mut self, order: OrderId) {
        self.with(order, |this, o| {
            let Some(home) = o.home else { return };
            if this
                .places
                .hand_off(o.plate(), Place::Outside, Place::Nest(home.nest))
                .is_ok()
            {
                o.phase = Phase::Resting;
            }
        });
        self.look_at(order);
    }

    /// A plate that belongs to no order any more is out of the hall.
    fn cleared_away(&mut self, plate: PlateId) {
        let from = self.places.place(plate);
        if self.places.hand_off(plate, from, Place::Outside).is_ok() {
            self.vacated(from);
        }
    }

    /// A place has been left by its plate: whoever waits for it may have it.
    pub(crate) fn vacated(&mut self, place: Place) {
        match place {
            Place::Nest(nest) => {
                let instrument = self.hall.instrument_of(nest).id;
                self.freed(Want::Nest(instrument));
                if self.by_the_run(instrument) {
                    self.freed(Want::Instrument(instrument));
                }
                self.freed(Want::Home);
            }
            Place::Mover(mover) => self.mover_emptied(mover),
            Place::Arm(arm) => self.release_arm(StationId(arm.0)),
            Place::Floor(_) | Place::Outside => {}
        }
    }

    /// The order ends without its plate moving any more: a person takes it away from where it is.
    pub(crate) fn take_away(&mut self, o: &mut OrderState, ending: Ending, why: &str) {
        let place = self.places.place(o.plate());
        let task = self.ask(
            Request::TakeAway {
                plate: o.plate(),
                place,
            },
            Purpose::EndOrder(o.id(), ending),
            Some(o.id()),
            why,
        );
        o.phase = Phase::TakenAway(task);
    }

    /// Asks for service of an instrument, unless that was done already.
    pub(crate) fn ask_service(&mut self, instrument: InstrumentId, why: &str) {
        if self.health.instrument(instrument).service.is_some() {
            return;
        }
        let task = self.ask(
            Request::Service {
                device: Device::Instrument(instrument),
            },
            Purpose::Instrument(instrument),
            None,
            why,
        );
        self.health.instrument_mut(instrument).service = Some(task);
        self.planner
            .machine_down(instrument.index(), self.now, None);
        self.repair_wanted = true;
    }
}
