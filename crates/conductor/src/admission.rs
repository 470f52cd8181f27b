//! From an order that was handed in to a plate in its home; and how orders end.

use crate::believed::Believed;
use crate::compile::compile;
use crate::conductor::{Conductor, Flow};
use crate::effect::FaultEnd;
use crate::limits::{
    BRING_TIME, PLAN_AGAIN, PROMISE_MARGIN, PROMISE_SHARE, UNBEGUN_LEAST, UNBEGUN_LEAST_SHARED,
    UNBEGUN_SHARE, UNBEGUN_SHARE_SHARED,
};
use crate::order::{Goal, Home, OrderState, Phase};
use crate::persons::Purpose;
use crate::spare;
use crate::timers::Timer;
use crate::waits::Want;
use crate::{Effect, Ending};
use bus::{Instrument, Request, Role};
use lab::Hall;
use labware::Place;
use protocol::Order;
use quantity::{Duration, Instant, InstrumentId, OrderId};
use schedule::{Choice, Refusal, Travel, Where, Why};
use std::sync::Arc;

/// What a home in a hotel costs a plate that is to go first to one of these, in time: nothing if it has
/// none that is free.
pub(crate) fn home_cost(
    hall: &Hall,
    travel: &Travel,
    first: &[Choice],
    hotel: &Instrument,
    free: u32,
) -> Option<Duration> {
    if free == 0 {
        return None;
    }
    let ways = first.iter().map(|choice| {
        let to = hall.instruments[choice.machine].station;
        travel.time(hotel.station.index(), to.index())
    });
    let near = ways.min().unwrap_or(Duration::ZERO);
    // A minute of way is worth as much as a quarter of the hotel's homes.
    let full = 1.0 - f64::from(free) / hotel.nests.len() as f64;
    Some(near + Duration::from_secs(240).scale(full))
}

/// What is promised an order that is planned to be finished then: later by a margin, which grows with how
/// far ahead that is. One that must be finished by a deadline, and was planned to be, is promised no
/// later; one that is wanted by some time is promised no sooner.
pub(crate) fn promise(hall: &Hall, planned: Instant, now: Instant, order: &Order) -> Instant {
    let ahead = if hall.planning.careful {
        planned.since(now).scale(PROMISE_SHARE)
    } else {
        Duration::ZERO
    };
    let least = planned + PROMISE_MARGIN;
    let most = order.deadline.unwrap_or(Instant::MAX);
    let finish = (least + ahead).min(most.max(least));
    order.due.map_or(finish, |due| finish.max(due))
}

impl Conductor {
    pub(crate) fn admit_or_refuse(&mut self, order: Arc<Order>) {
        self.counters.submitted += 1;
        let id = order.id;
        let refuse = |this: &mut Self, why: String| {
            this.counters.refused += 1;
            this.emit(Effect::Refused {
                order: id,
                why: why.into(),
                earliest: None,
            });
        };
        if !self.known_orders.insert(id) {
            return refuse(self, format!("{id} was handed in before"));
        }
        if let Some(other) = self.plates.get(&order.plate) {
            let why = format!("{} is or was the plate of {other}", order.plate);
            return refuse(self, why);
        }
        let compiled = match compile(&order, &self.hall, &mut self.families, &self.durations) {
            Ok(compiled) => compiled,
            Err(why) => return refuse(self, why),
        };
        self.plates.insert(order.plate, id);
        let state = OrderState {
            edges: vec![[None, None]; order.protocol.steps.len()],
            believed: Believed::fresh(order.protocol.labware.clone()),
            order,
            compiled: Arc::new(compiled),
            phase: Phase::Queued,
            goal: Goal::Steps,
            home: None,
            task: 0,
            first: 0,
            step: 0,
            scanned: false,
            faults: Vec::new(),
            planned: false,
            promised: None,
            told_departed: false,
            visiting: false,
            moves: 0,
            clear: false,
            hold: None,
            unbegun: false,
        };
        self.orders.insert(id, Some(Box::new(state)));
        self.look_at(id);
    }

    /// The hotel whose free home is nearest to where the plate is to go first; the fuller of two
    /// comes last.
    pub(crate) fn choose_hotel(&self, o: &OrderState) -> Option<InstrumentId> {
        let first = &o.compiled.tasks[0].options;
        let travel = &self.planner.shop().travel;
        self.hall
            .with_role(Role::Storage)
            .filter(|hotel| !self.health.is_gone(hotel.station))
            .filter_map(|hotel| {
                let free = self.places.free_homes(hotel.id);
                home_cost(&self.hall, travel, first, hotel, free).map(|cost| (cost, hotel))
            })
            .min_by_key(|(cost, hotel)| (*cost, hotel.id))
            .map(|(_, hotel)| hotel.id)
    }

    pub(crate) fn try_admit(&mut self, o: &mut OrderState) -> Flow {
        let flow = self.admit(o);
        if self.waits.of(o.id()) != Some(Want::Home) {
            // There may be room for the next as well.
            self.freed(Want::Home);
        }
        flow
    }

    fn admit(&mut self, o: &mut OrderState) -> Flow {
        if o.goal == Goal::Cancelled {
            return self.end(o, Ending::Cancelled);
        }
        if o.planned {
            return self.await_home(o);
        }
        if o.order.deadline.is_some() {
            return self.admit_dated(o);
        }
        self.queue.enter(&o.order, self.now);
        let (share, least) = match self.queue.is_shared() {
            true => (UNBEGUN_SHARE_SHARED, UNBEGUN_LEAST_SHARED),
            false => (UNBEGUN_SHARE, UNBEGUN_LEAST),
        };
        let most = least.max(self.hall.stations.len() * share / 100);
        if self.unbegun >= most || self.queue.first(self.now) != Some(o.id()) {
            return self.wait(o, Want::Home);
        }
        let Some(hotel) = self.choose_hotel(o) else {
            return self.wait(o, Want::Home);
        };
        self.reckon_anew(o);
        let release = o.order.release.max(self.now + BRING_TIME);
        let at = Where::In {
            machine: hotel.index(),
            slot: 0,
        };
        let job = o.compiled.job(&o.order, 0, at, release);
        match spare::admit(&mut self.planner, &self.hall, &job, self.now) {
            Ok(promise) => {
                self.taken(o, promise.plan.finish);
                self.bring(o, hotel)
            }
            Err(Refusal::Impossible(why @ (Why::Unknown(_) | Why::Contradiction(_)))) => {
                self.refuse(o, crate::forecast::why(&why), None)
            }
            Err(_) => {
                // Others are not kept waiting meanwhile.
                self.queue.leave(&o.order);
                self.timers.sooner(Timer::Plan, self.now + PLAN_AGAIN);
                self.wait(o, Want::Plan)
            }
        }
    }

    /// Before an order is planned: with what operations take as it is known now.
    pub(crate) fn reckon_anew(&mut self, o: &mut OrderState) {
        let known = (&mut self.families, &self.durations);
        if let Some(anew) = o.compiled.anew(&o.order, &self.hall, known.0, known.1) {
            o.compiled = Arc::new(anew);
        }
    }

    /// The planner took the order.
    pub(crate) fn taken(&mut self, o: &mut OrderState, finish: Instant) {
        o.planned = true;
        o.unbegun = true;
        self.unbegun += 1;
        self.queue.served(&o.order, o.compiled.share);
        self.promise_finish(o, finish);
    }

    /// A home is kept for the order's plate, and a person or an intake asked for it.
    pub(crate) fn bring(&mut self, o: &mut OrderState, hotel: InstrumentId) -> Flow {
        let Some(nest) = self.places.move_in(o.plate(), hotel, &self.hall) else {
            // Shut nests are counted as free homes; another hotel may do.
            self.queue.await_home(o.id(), self.now);
            return self.wait(o, Want::Home);
        };
        o.home = Some(Home { hotel, nest });
        let task = self.ask(
            Request::Bring {
                plate: o.plate(),
                labware: o.order.protocol.labware.clone(),
                barcode: o.order.barcode.clone(),
                nest,
            },
            Purpose::Bring(o.id()),
            Some(o.id()),
            "the order needs a fresh plate",
        );
        o.phase = Phase::Bringing(task);
        Flow::Stop
    }

    /// A plate at home whose plan is gone is planned anew, from the task that is next. Lags that
    /// count from what is done already can't be planned for any more: they are judged as they come.
    pub(crate) fn plan_anew(&mut self, o: &mut OrderState, home: Home) -> Flow {
        if o.planned {
            self.planner.withdraw(o.id(), self.now);
            o.planned = false;
        }
        self.release_hold(o);
        let at = Where::In {
            machine: home.hotel.index(),
            slot: 0,
        };
        self.reckon_anew(o);
        let mut job = o.compiled.job(&o.order, o.task, at, self.now);
        // What has begun is finished, late if need be.
        job.due = job.due.or(o.order.deadline);
        match spare::admit(&mut self.planner, &self.hall, &job, self.now) {
            Ok(promise) => {
                let mut finish = promise.plan.finish;
                if !o.unbegun && o.promised.is_some_and(|promised| finish > promised) {
                    finish = self.go_ahead(o, &job).unwrap_or(finish);
                }
                o.planned = self.planner.plan(o.id()).is_some();
                o.first = o.task;
                o.told_departed = false;
                self.promise_finish(o, finish);
                if !o.planned {
                    self.timers.sooner(Timer::Plan, self.now + PLAN_AGAIN);
                    return self.wait(o, Want::Plan);
                }
                Flow::Again
            }
            Err(_) => {
                self.timers.sooner(Timer::Plan, self.now + PLAN_AGAIN);
                self.wait(o, Want::Plan)
            }
        }
    }

    pub(crate) fn refuse(
        &mut self,
        o: &mut OrderState,
        why: String,
        earliest: Option<Instant>,
    ) -> Flow {
        self.counters.refused += 1;
        self.emit(Effect::Refused {
            order: o.id(),
            why: why.into(),
            earliest,
        });
        self.forget(o);
        Flow::Stop
    }

    /// The order is planned to be finished then: what is promised is kept as long as it can be, else it
    /// is promised anew.
    pub(crate) fn promise_finish(&mut self, o: &mut OrderState, planned: Instant) {
        let broken = o.promised.is_none_or(|promised| planned > promised);
        if !broken || planned >= schedule::FOREVER {
            return;
        }
        let finish = promise(&self.hall, planned, self.now, &o.order);
        o.promised = Some(finish);
        self.emit(Effect::Promise {
            order: o.id(),
            finish,
        });
    }

    /// The order is not wanted any more.
    pub(crate) fn cancel(&mut self, id: OrderId) {
        self.with(id, |_, o| {
            if o.goal == Goal::Steps {
                o.goal = Goal::Cancelled;
            }
        });
        self.look_at(id);
    }

    /// The order has ended: its plate is out of the hall, or in quarantine, or on the floor.
    pub(crate) fn end(&mut self, o: &mut OrderState, how: Ending) -> Flow {
        debug_assert!(o.faults.is_empty(), "{} ends with open faults", o.id());
        if how == Ending::Completed {
            self.counters.completed += 1;
        } else {
            self.counters.ended_otherwise += 1;
        }
        self.emit(Effect::OrderEnded { order: o.id(), how });
        let place = self.places.place(o.plate());
        let stays = match place {
            Place::Nest(nest) => self.hall.instrument_of(nest).role == Role::Quarantine,
            Place::Floor(_) => true,
            _ => false,
        };
        if stays {
            // Its person task is open; the plate is out of the hall when that is done.
        } else if self
            .places
            .hand_off(o.plate(), place, Place::Outside)
            .is_ok()
        {
            self.vacated(place);
        }
        self.forget(o);
        Flow::Stop
    }

    /// The order's plate has left its home for the first time, or never will: another order can be
    /// planned.
    pub(crate) fn begun(&mut self, o: &mut OrderState) {
        if std::mem::take(&mut o.unbegun) {
            self.unbegun -= 1;
            self.freed(Want::Home);
        }
    }

    /// Gives everything free that the order still has.
    fn forget(&mut self, o: &mut OrderState) {
        self.begun(o);
        if o.phase == Phase::Queued {
            self.queue.leave(&o.order);
            self.freed(Want::Home);
        }
        if let Some(home) = o.home.take() {
            self.places.move_out(o.plate(), home.nest, home.hotel);
            self.freed(Want::Home);
        }
        if o.planned {
            self.planner.withdraw(o.id(), self.now);
            o.planned = false;
        }
        self.release_hold(o);
        self.timers.stop(Timer::Order(o.id()));
        self.waits.cancel(o.id());
        self.orders.remove(&o.id());
        // Room came free in the plan as well.
        self.freed(Want::Plan);
    }

    /// What the planner was told to hold for the plate is free.
    pub(crate) fn release_hold(&mut self, o: &mut OrderState) {
        if let Some((machine, slot)) = o.hold.take() {
            self.planner.release(machine, slot, self.now);
        }
    }

    /// The plate goes through no more steps: wells that wait for something are lost, and it goes
    /// to quarantine as soon as it can be moved.
    pub(crate) fn give_up(&mut self, o: &mut OrderState, why: impl Into<Arc<str>>) {
        let why = why.into();
        if matches!(o.goal, Goal::Quarantine(_)) {
            return;
        }
        let all: Vec<_> = o.believed.wells().collect();
        self.lose(o, all, why.clone());
        o.goal = Goal::Quarantine(why);
        o.clear = false;
        self.close_faults(o, FaultEnd::PlateGivenUp);
        self.leave_plan(o);
    }

    /// The planner plans no more for the order; the place where its plate stands is held.
    pub(crate) fn leave_plan(&mut self, o: &mut OrderState) {
        if !o.planned {
            return;
        }
        let standing = match &o.phase {
            Phase::Working(work) => Some(work.nest),
            Phase::Resting | Phase::Leg(_) => match self.places.place(o.plate()) {
                Place::Nest(nest) => Some(nest),
                _ => None,
            },
            _ => None,
        };
        let visit = self
            .planner
            .plan(o.id())
            .and_then(|plan| plan.visits.get(o.planned_task().wrapping_sub(1)))
            .map(|visit| (visit.machine, visit.slot));
        self.planner.withdraw(o.id(), self.now);
        o.planned = false;
        self.repair_wanted = true;
        if let (Some(nest), Some((machine, slot))) = (standing, visit) {
            let instrument = self.hall.instrument_of(nest);
            if instrument.id.index() == machine && instrument.role == Role::Work {
                self.planner.hold(machine, slot, self.now);
                o.hold = Some((machine, slot));
            }
        }
    }

    /// Wells are lost: told once for each well.
    pub(crate) fn lose(&mut self, o: &mut OrderState, wells: Vec<labware::Well>, why: Arc<str>) {
        let wells = o.believed.lose(wells);
        if !wells.is_empty() {
            self.emit(Effect::WellsLost {
                order: o.id(),
                plate: o.plate(),
                wells,
                why,
            });
        }
    }
}
