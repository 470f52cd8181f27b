//! Legs: a plate on its way from one nest to another.
//!
//! A leg between two stations calls a mover, waits until it is there, its time has come, a nest is
//! promised and the arm is free; lifts the plate; rides; and puts it down. A leg within a station is
//! the arm's alone. Each stage says what it waits for, and each of those comes:
//!
//! | stage | waits for | which comes because |
//! | --- | --- | --- |
//! | call | a mover | movers get rid of their plates ([`crate::carried`]), or are freed by a person |
//! | approach | a berth | berths are kept only by movers that are served, others are sent to park |
//! | ready | its time, a nest | the plate there goes home if nothing else; homes are always free |
//! | ready, arrived | the arm | an arm acts only when both ends are ready; it ends or is serviced |
//! | away | a berth | as above; meanwhile it parks if its own berth is needed |
//! | arrived | the nest to be empty | it was promised empty or leaving; if not, the plate goes home |
//!
//! Here a leg is taken up to where the plate is lifted, and closed. The nest at its end is the matter of [`crate::turns`], the ride that of
//! [`crate::carried`], and what comes before and after it that of [`crate::rest`].

use crate::Ending;
use crate::conductor::{Conductor, Flow};
use crate::limits::CALL_HOLD;
use crate::order::{Aim, Goal, Leg, OrderState, Phase, Stage};
use crate::waits::Want;
use crate::ways::Sent;
use bus::Role;
use labware::Place;
use quantity::{InstrumentId, NestId, StationId};
use schedule::Visit;

impl Conductor {
    /// The planned visit that is next for an order.
    pub(crate) fn next_visit(&self, o: &OrderState) -> Option<Visit> {
        self.planner
            .plan(o.id())?
            .visits
            .get(o.planned_task())
            .copied()
    }

    /// The instrument that a leg leads to.
    pub(crate) fn destination(&self, o: &OrderState, aim: Aim) -> Option<InstrumentId> {
        match aim {
            Aim::Visit { instrument, .. }
            | Aim::Waste(instrument)
            | Aim::Quarantine(instrument) => Some(instrument),
            Aim::Home => o.home.map(|home| home.hotel),
        }
    }

    pub(crate) fn leg<'a>(&self, o: &'a mut OrderState) -> Option<&'a mut Leg> {
        match &mut o.phase {
            Phase::Leg(leg) => Some(leg),
            _ => None,
        }
    }

    /// A leg looks at what it can do now.
    pub(crate) fn go_on(&mut self, o: &mut OrderState) -> Flow {
        let Phase::Leg(leg) = &o.phase else {
            return Flow::Again;
        };
        match leg.stage {
            Stage::Call | Stage::Approach | Stage::Ready => self.before_lift(o),
            Stage::Lift | Stage::Lower => self.arm_again(o),
            Stage::Away => self.away(o),
            Stage::Ride => self.riding(o),
            Stage::Arrived => self.arrived(o),
        }
    }

    /// Before the plate is touched a leg can still be called off or lead elsewhere.
    fn before_lift(&mut self, o: &mut OrderState) -> Flow {
        let Phase::Leg(leg) = &o.phase else {
            return Flow::Again;
        };
        let (from, aim, stage, mover) = (leg.from, leg.aim, leg.stage, leg.mover);
        let Place::Nest(nest) = from else {
            return Flow::Stop;
        };
        let here = self.hall.instrument_of(nest).station;
        if self.health.is_gone(here) || !self.still_wanted(o, aim) {
            self.call_off(o);
            return Flow::Again;
        }
        let Some(to) = self.destination(o, aim) else {
            self.call_off(o);
            return Flow::Again;
        };
        // A repair may have put the leg off by hours: others have use for its mover and berth.
        let rides = mover.is_some_and(|m| self.fleet.get(m).ride.is_some());
        if !rides && self.due(o, aim) > self.now + self.call_time[here.index()] + CALL_HOLD {
            self.call_off(o);
            return Flow::Again;
        }
        let there = self.hall.instrument(to).station;
        let direct = here == there;
        match stage {
            Stage::Call if direct => {
                if let Some(leg) = self.leg(o) {
                    leg.stage = Stage::Ready;
                }
                Flow::Again
            }
            Stage::Call => {
                // A plate that is late gets its nest first, so that nobody holds a mover only to
                // wait for a nest that needs the mover to come free.
                if self.due(o, aim) <= self.now && !self.secure_nest(o, aim, to) {
                    return self.no_nest(o, nest, to);
                }
                let mut mover = self.take_mover(o.id(), here);
                if mover.is_none() {
                    self.free_movers();
                    mover = self.take_mover(o.id(), here);
                }
                let Some(mover) = mover else {
                    return self.wait(o, Want::Mover);
                };
                let now = self.now;
                if let Some(leg) = self.leg(o) {
                    leg.mover = Some(mover);
                    leg.stage = Stage::Approach;
                    leg.called = now;
                }
                self.placing.called(here, now);
                Flow::Again
            }
            Stage::Approach => {
                let Some(mover) = mover else {
                    return Flow::Stop;
                };
                let state = self.fleet.get(mover);
                if state.ride.is_some() {
                    return Flow::Stop;
                }
                if state.stuck.is_some() {
                    // Another one may be nearer than the person who frees it.
                    self.drop_mover(o);
                    return Flow::Again;
                }
                let limits = self.hall.movers[mover.index()].spec.limits;
                match self.send(mover, here, limits) {
                    Sent::There => {
                        let due = self.due(o, aim);
                        if let Some(leg) = self.leg(o) {
                            let since = due.max(leg.called);
                            self.counters.fetched += 1;
                            self.counters.mover_wait += self.now.since(since.min(self.now));
                        }
                        if let Some(leg) = self.leg(o) {
                            leg.stage = Stage::Ready;
                            leg.waiting_since = None;
                        }
                        Flow::Again
                    }
                    Sent::Going => Flow::Stop,
                    Sent::NoBerth => self.wait(o, Want::Berth(here)),
                    Sent::NoWay => self.wait(o, Want::Way),
                }
            }
            _ => self.lift_off(o, nest, here, to, direct),
        }
    }

    /// Everything is there but the nest and the arm.
    fn lift_off(
        &mut self,
        o: &mut OrderState,
        nest: NestId,
        here: StationId,
        to: InstrumentId,
        direct: bool,
    ) -> Flow {
        let Phase::Leg(leg) = &o.phase else {
            return Flow::Again;
        };
        let aim = leg.aim;
        let due = self.due(o, aim);
        if due > self.now {
            return self.wait_until(o, due);
        }
        if !self.secure_nest(o, aim, to) {
            return self.no_nest(o, nest, to);
        }
        if !direct && !self.places.is_leaving(nest) {
            self.places.set_leaving(nest, true);
            let instrument = self.hall.instrument_of(nest).id;
            self.freed(Want::Nest(instrument));
        }
        let Phase::Leg(leg) = &o.phase else {
            return Flow::Again;
        };
        let ready = leg.to.as_ref().is_some_and(|to| self.places.is_empty(to));
        let ready = ready && (!matches!(aim, Aim::Visit { .. }) || self.lets_in(o, to, true));
        if direct && !ready {
            return self.no_nest(o, nest, to);
        }
        if !self.health.arm(here).is_free() {
            return self.wait(o, Want::Arm(here));
        }
        let onto = match leg.mover {
            Some(mover) => Place::Mover(mover),
            None => match &leg.to {
                Some(promised) => Place::Nest(promised.nest()),
                None => return Flow::Stop,
            },
        };
        self.tell_departure(o);
        if let Some(leg) = self.leg(o) {
            leg.stage = Stage::Lift;
        }
        self.handle(o, here, Place::Nest(nest), onto);
        Flow::Stop
    }

    /// Whether a leg that has not touched its plate is still what the order wants.
    fn still_wanted(&self, o: &OrderState, aim: Aim) -> bool {
        match (&o.goal, aim) {
            (Goal::Steps, Aim::Visit { task, instrument }) => {
                !o.clear
                    && task == o.task
                    && self
                        .next_visit(o)
                        .is_some_and(|visit| visit.machine == instrument.index())
            }
            (Goal::Steps, Aim::Home) => o.clear,
            (Goal::Cancelled, Aim::Waste(to)) | (Goal::Quarantine(_), Aim::Quarantine(to)) => {
                !self.health.is_gone(self.station_of_instrument(to))
            }
            _ => false,
        }
    }

    /// The leg's mover goes to others.
    pub(crate) fn drop_mover(&mut self, o: &mut OrderState) {
        if let Phase::Leg(leg) = &mut o.phase
            && let Some(mover) = leg.mover.take()
        {
            leg.stage = Stage::Call;
            self.release_mover(mover);
        }
    }

    /// A leg is given up before its plate was touched.
    pub(crate) fn call_off(&mut self, o: &mut OrderState) {
        self.drop_mover(o);
        let phase = std::mem::replace(&mut o.phase, Phase::Resting);
        let Phase::Leg(leg) = phase else { return };
        if let Some(promised) = leg.to {
            self.give_back(promised);
        }
        if let Place::Nest(nest) = leg.from {
            self.places.set_leaving(nest, false);
            // Those who were promised this nest look again at what they do.
            self.look_at_nest(nest);
        }
    }

    /// Whoever has a nest promised that is not leaving any more must know.
    fn look_at_nest(&mut self, nest: NestId) {
        if let Some(plate) = self.places.promised_to(nest)
            && let Some(order) = self.plates.get(&plate).copied()
        {
            self.look_at(order);
        }
    }

    /// The planner learns that the plate leaves the place where it is.
    pub(crate) fn tell_departure(&mut self, o: &mut OrderState) {
        self.begun(o);
        self.release_hold(o);
        if !o.planned || o.told_departed {
            return;
        }
        match o.planned_task().checked_sub(1) {
            None => self.planner.departed(o.id(), self.now),
            Some(task) => self.planner.ended(o.id(), task, self.now),
        }
        o.told_departed = true;
    }

    /// The plate is in the nest where its leg was to end.
    pub(crate) fn leg_done(&mut self, o: &mut OrderState) {
        self.counters.legs += 1;
        let phase = std::mem::replace(&mut o.phase, Phase::Resting);
        let Phase::Leg(leg) = phase else { return };
        if let Some(promised) = leg.to {
            // Used up on arrival, or the plate was put back where it came from.
            self.give_back(promised);
        }
        if let Some(mover) = leg.mover {
            self.release_mover(mover);
        }
        let Place::Nest(nest) = self.places.place(o.plate()) else {
            return;
        };
        o.visiting = false;
        match leg.aim {
            Aim::Visit { task, instrument } => {
                let slot = self.next_visit(o).map_or(0, |visit| visit.slot);
                let first = o.first;
                self.planner
                    .began(o.id(), task - first, instrument.index(), slot, self.now);
                o.told_departed = false;
                o.task = task + 1;
                o.visiting = true;
                if self.by_the_run(instrument) {
                    self.freed(Want::Instrument(instrument));
                }
                if o.all_done() && self.hall.instrument_of(nest).role == Role::Waste {
                    self.planner.ended(o.id(), task - first, self.now);
                    self.end(o, Ending::Completed);
                }
            }
            Aim::Home => {}
            Aim::Waste(_) => {
                let how = match o.goal {
                    Goal::Steps => Ending::Completed,
                    _ => Ending::Cancelled,
                };
                self.end(o, how);
            }
            Aim::Quarantine(_) => {
                self.in_quarantine(o);
            }
        }
        if self.orders.contains_key(&o.id()) {
            self.look_at(o.id());
        }
    }
}
