//! Legs: a plate on its way from one nest to another.
//!
//! A leg between two stations calls a mover, waits until it is there, its time has come, a nest is
//! promised and the arm is free; lifts the plate; rides; and puts it down. A leg within a station is
//! the arm's alone. Each stage says what it waits for, and each of those comes:
//!
//! | stage | waits for | which comes because |
//! | --- | --- | --- |
//! | call | a mover | movers get rid of their plates (below), or are freed by a person |
//! | approach | a berth | berths are kept only by movers that are served, others are sent to park |
//! | ready | its time, a nest | the plate there goes home if nothing else; homes are always free |
//! | ready, arrived | the arm | an arm acts only when both ends are ready; it ends or is serviced |
//! | away | a berth | as above; meanwhile it parks if its own berth is needed |
//! | arrived | the nest to be empty | it was promised empty or leaving; if not, the plate goes home |

use crate::Ending;
use crate::conductor::{Conductor, Flow};
use crate::limits::TURN_KEPT;
use crate::limits::{CALL_HOLD, CLEAR_AFTER};
use crate::movers::Sent;
use crate::order::{Aim, Goal, Leg, OrderState, Phase, Stage};
use crate::reservations::Promised;
use crate::waits::Want;
use bus::Role;
use labware::Place;
use quantity::{Instant, InstrumentId, NestId, OrderId, StationId};
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

    pub(crate) fn give_back(&mut self, promised: Promised) {
        let instrument = self.hall.instrument_of(promised.nest()).id;
        self.places.give_back(promised);
        self.freed(Want::Nest(instrument));
    }

    /// The instrument of this role that is nearest to a station, among those that are there.
    fn nearest(&self, role: Role, from: StationId, plate_fits: bool) -> Option<InstrumentId> {
        self.hall
            .with_role(role)
            .filter(|i| !self.health.is_gone(i.station))
            .filter(|i| {
                !plate_fits
                    || i.nests
                        .iter()
                        .any(|nest| self.places.plate_in(*nest).is_none())
            })
            .min_by_key(|i| {
                let travel = &self.planner.shop().travel;
                (travel.time(from.index(), i.station.index()), i.id)
            })
            .map(|i| i.id)
    }

    /// A plate in a nest: what is next?
    pub(crate) fn rest(&mut self, o: &mut OrderState) -> Flow {
        let Place::Nest(nest) = self.places.place(o.plate()) else {
            debug_assert!(
                false,
                "{} rests at {}",
                o.plate(),
                self.places.place(o.plate())
            );
            return Flow::Stop;
        };
        let here = self.hall.instrument_of(nest);
        let (station, instrument) = (here.station, here.id);
        if self.health.is_gone(station) {
            return self.wait(o, Want::Station(station));
        }
        match &o.goal {
            Goal::Quarantine(why) => {
                let why = why.clone();
                if here.role == Role::Quarantine {
                    return self.in_quarantine(o);
                }
                match self.nearest(Role::Quarantine, station, true) {
                    Some(to) => self.start(o, nest, Aim::Quarantine(to)),
                    None => {
                        self.take_away(o, Ending::Quarantined(why.clone()), &why);
                        Flow::Stop
                    }
                }
            }
            Goal::Cancelled => {
                self.leave_plan(o);
                match self.nearest(Role::Waste, station, false) {
                    Some(to) => self.start(o, nest, Aim::Waste(to)),
                    None => {
                        self.take_away(o, Ending::Cancelled, "the hall has no waste that is there");
                        Flow::Stop
                    }
                }
            }
            Goal::Steps if o.clear => {
                if o.home.is_some_and(|home| home.nest == nest) {
                    o.clear = false;
                    o.visiting = false;
                    return Flow::Again;
                }
                self.start(o, nest, Aim::Home)
            }
            Goal::Steps => {
                if let Some(task) = o.task.checked_sub(1)
                    && o.compiled.tasks[task].steps.contains(&o.step)
                    && o.compiled.can(task, instrument)
                    && o.visiting
                {
                    return self.begin_work(o, nest);
                }
                let Some(visit) = self.next_visit(o) else {
                    return self.strand(o, nest);
                };
                let aim = Aim::Visit {
                    task: o.task,
                    instrument: InstrumentId(visit.machine as u32),
                };
                let to = self.hall.instruments[visit.machine].station;
                let at = if to == station {
                    visit.leg_start
                } else {
                    visit.leg_start - self.call_time[station.index()]
                };
                if at > self.now {
                    return self.wait_until(o, at);
                }
                self.start(o, nest, aim)
            }
        }
    }

    /// The plan has no way on for a plate now: it waits, at home if its nest is in others' way.
    fn strand(&mut self, o: &mut OrderState, nest: NestId) -> Flow {
        match o.home {
            Some(home) if home.nest == nest => self.plan_anew(o, home),
            _ => {
                self.clear_home(o);
                Flow::Again
            }
        }
    }

    fn start(&mut self, o: &mut OrderState, nest: NestId, aim: Aim) -> Flow {
        o.phase = Phase::Leg(Leg {
            from: Place::Nest(nest),
            aim,
            to: None,
            mover: None,
            stage: Stage::Call,
            handling: None,
            tries: 0,
            services: 0,
            called: self.now,
            waiting_since: None,
        });
        Flow::Again
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

    fn leg<'a>(&self, o: &'a mut OrderState) -> Option<&'a mut Leg> {
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

    /// When the plate may leave where it is.
    fn due(&self, o: &OrderState, aim: Aim) -> Instant {
        match aim {
            Aim::Visit { .. } => self.next_visit(o).map_or(self.now, |visit| visit.leg_start),
            _ => self.now,
        }
    }

    /// Whether the plate would take the nest of one that is planned to be there before it and is not
    /// late by much; if so, until when it holds back. Out of turn, both would come late.
    fn holds_back(&self, o: &OrderState, aim: Aim, to: InstrumentId) -> Option<Instant> {
        let Aim::Visit { .. } = aim else { return None };
        // In a waste nobody is in another's way.
        if self.hall.instrument(to).role == Role::Waste && self.hall.planning.careful {
            return None;
        }
        let mine = self.next_visit(o)?.begin;
        let mut ahead = 0;
        // Of another run in the same instrument, which has to be over first.
        let mut others = false;
        let mut until = Instant::EPOCH;
        // Who kept its turn until now and no longer was to be gone by then.
        let since = self.now - TURN_KEPT;
        for (order, visit) in self.planner.ahead(to.index(), mine, since) {
            if visit.leg_start <= since {
                continue;
            }
            let given_up = visit.leg_start + TURN_KEPT;
            // The order that looks here is out of its box, and not ahead of itself.
            let Some(other) = self.order(order) else {
                continue;
            };
            let waits = match &other.phase {
                Phase::Leg(leg) => leg.to.is_none() && matches!(leg.aim, Aim::Visit { .. }),
                Phase::Resting | Phase::Working(_) => true,
                _ => false,
            };
            let next = visit.task == other.planned_task();
            if waits && next && other.planned && other.goal == Goal::Steps {
                ahead += 1;
                others |= self.other_run(o, to, order);
                until = until.max(given_up);
            }
        }
        if ahead == 0 {
            return None;
        }
        let nests = self.hall.instrument(to).nests.iter();
        let free = nests.filter(|nest| self.places.is_vacant(**nest)).count();
        (free <= ahead || others).then_some(until)
    }

    /// Has a nest promised to the plate, if it has none yet.
    fn secure_nest(&mut self, o: &mut OrderState, aim: Aim, to: InstrumentId) -> bool {
        if !matches!(&o.phase, Phase::Leg(leg) if leg.to.is_none()) {
            return true;
        }
        if let Some(until) = self.holds_back(o, aim, to) {
            self.look_again(o, until);
            return false;
        }
        if matches!(aim, Aim::Visit { .. }) && !self.lets_in(o, to, false) {
            return false;
        }
        let promised = match (aim, o.home) {
            (Aim::Home, Some(home)) => self.places.promise_home(o.plate(), home.nest),
            _ => {
                let wished = self.wished(o, aim, to);
                self.places.promise(o.plate(), to, wished, &self.hall)
            }
        };
        let Some(promised) = promised else {
            return false;
        };
        if let Some(leg) = self.leg(o) {
            leg.to = Some(promised);
            leg.waiting_since = None;
        }
        // Those who held back for this one may go now.
        self.freed(Want::Nest(to));
        true
    }

    /// Somebody waits for a mover: those who hold one and have no nest to go to give it free.
    fn free_movers(&mut self) {
        let holders: Vec<OrderId> = self
            .fleet
            .movers
            .iter()
            .filter_map(|state| state.job)
            .filter(|order| {
                self.order(*order).is_some_and(|o| {
                    matches!(&o.phase, Phase::Leg(leg)
                        if leg.stage == Stage::Ready && leg.to.is_none()
                            && leg.waiting_since.is_some())
                })
            })
            .collect();
        for order in holders {
            self.with(order, |this, o| {
                this.waits.cancel(o.id());
                this.drop_mover(o);
                this.look_at(o.id());
            });
        }
    }

    /// The nest whose slot the plan has for a visit.
    fn wished(&self, o: &OrderState, aim: Aim, to: InstrumentId) -> Option<NestId> {
        let Aim::Visit { .. } = aim else { return None };
        let visit = self.next_visit(o)?;
        self.hall
            .instrument(to)
            .nests
            .get(visit.slot as usize)
            .copied()
    }

    /// No nest is free where the plate is to go. If that lasts, it gives its own free: whoever
    /// waits for that one may be the one that this one waits for.
    fn no_nest(&mut self, o: &mut OrderState, nest: NestId, to: InstrumentId) -> Flow {
        let since = {
            let now = self.now;
            let Some(leg) = self.leg(o) else {
                return Flow::Again;
            };
            *leg.waiting_since.get_or_insert(now)
        };
        let at_home = o.home.is_some_and(|home| home.nest == nest);
        let Phase::Leg(leg) = &o.phase else {
            return Flow::Again;
        };
        if matches!(leg.aim, Aim::Quarantine(_)) {
            // Quarantine is emptied by a person, who may as well take this one along.
            self.call_off(o);
            let Goal::Quarantine(why) = &o.goal else {
                return Flow::Again;
            };
            let why = why.clone();
            self.take_away(o, Ending::Quarantined(why.clone()), &why);
            return Flow::Stop;
        }
        if !at_home && o.home.is_some() && matches!(leg.aim, Aim::Visit { .. }) {
            let clear_at = since + CLEAR_AFTER;
            if self.now >= clear_at {
                self.call_off(o);
                self.clear_home(o);
                return Flow::Again;
            }
            self.look_again(o, clear_at);
        }
        if self.waits.any(Want::Mover) {
            self.drop_mover(o);
        }
        self.wait(o, Want::Nest(to))
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
    fn tell_departure(&mut self, o: &mut OrderState) {
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

    /// The plate is on its mover and needs a berth where it is to go.
    fn away(&mut self, o: &mut OrderState) -> Flow {
        let Phase::Leg(leg) = &o.phase else {
            return Flow::Again;
        };
        let (Some(mover), Some(to)) = (leg.mover, leg.to.as_ref()) else {
            return self.divert_home(o);
        };
        let there = self.hall.station_of(to.nest());
        if self.health.is_gone(there) {
            return self.divert(o, there);
        }
        let limits = self.loaded(o, mover);
        match self.send(mover, there, limits) {
            Sent::There => {
                if let Some(leg) = self.leg(o) {
                    leg.stage = Stage::Arrived;
                }
                Flow::Again
            }
            Sent::Going => {
                if let Some(leg) = self.leg(o) {
                    leg.stage = Stage::Ride;
                }
                Flow::Stop
            }
            Sent::NoBerth => {
                self.yield_berth(o, mover);
                self.wait_away(o, Want::Berth(there))
            }
            Sent::NoWay => self.wait_away(o, Want::Way),
        }
    }

    /// A loaded mover that waits for a way or a berth: riding to park, or standing.
    fn wait_away(&mut self, o: &mut OrderState, want: Want) -> Flow {
        let riding = match &o.phase {
            Phase::Leg(leg) => leg
                .mover
                .is_some_and(|mover| self.fleet.get(mover).ride.is_some()),
            _ => false,
        };
        if riding {
            if let Some(leg) = self.leg(o) {
                leg.stage = Stage::Ride;
            }
            return Flow::Stop;
        }
        self.wait(o, want)
    }

    /// A loaded mover that can't go on yet leaves a dock that somebody else waits for.
    fn yield_berth(&mut self, o: &mut OrderState, mover: quantity::MoverId) {
        if let Some(station) = self.docked_at(mover)
            && self.waits.any(Want::Berth(station))
        {
            let limits = self.loaded(o, mover);
            self.park(mover, limits);
        }
    }

    /// The station where the plate is to go is gone while it is under way.
    fn divert(&mut self, o: &mut OrderState, there: StationId) -> Flow {
        let home_gone = o
            .home
            .is_none_or(|home| self.health.is_gone(self.station_of_instrument(home.hotel)));
        let Phase::Leg(leg) = &o.phase else {
            return Flow::Again;
        };
        if leg.aim == Aim::Home || home_gone {
            if let Some(mover) = leg.mover {
                self.yield_berth(o, mover);
            }
            return self.wait_away(o, Want::Station(there));
        }
        self.divert_home(o)
    }

    /// A plate on a mover goes home instead.
    pub(crate) fn divert_home(&mut self, o: &mut OrderState) -> Flow {
        let Some(home) = o.home else {
            return Flow::Stop;
        };
        if let Some(leg) = self.leg(o) {
            leg.aim = Aim::Home;
            leg.stage = Stage::Away;
            leg.waiting_since = None;
            if let Some(promised) = leg.to.take() {
                self.give_back(promised);
            }
        }
        let promised = self.places.promise_home(o.plate(), home.nest);
        debug_assert!(promised.is_some(), "the home of {} is not free", o.plate());
        let Some(promised) = promised else {
            return Flow::Stop;
        };
        if let Some(leg) = self.leg(o) {
            leg.to = Some(promised);
        }
        self.clear_home(o);
        Flow::Again
    }

    /// The plate is to go home, whatever was planned; there it is planned anew.
    pub(crate) fn clear_home(&mut self, o: &mut OrderState) {
        o.clear = true;
        self.counters.cleared += 1;
        self.leave_plan(o);
    }

    /// On the way: where has the mover come to?
    fn riding(&mut self, o: &mut OrderState) -> Flow {
        let Phase::Leg(leg) = &o.phase else {
            return Flow::Again;
        };
        let Some(mover) = leg.mover else {
            return Flow::Stop;
        };
        let state = self.fleet.get(mover);
        if state.ride.is_some() || state.stuck.is_some() {
            return Flow::Stop;
        }
        if self.traffic.berth_of(mover, self.now).is_none() {
            return self.wait(o, Want::Way);
        }
        if let Some(leg) = self.leg(o) {
            leg.stage = Stage::Away;
        }
        Flow::Again
    }

    /// At the dock: the plate is put down as soon as its nest is empty and the arm free.
    fn arrived(&mut self, o: &mut OrderState) -> Flow {
        let Phase::Leg(leg) = &o.phase else {
            return Flow::Again;
        };
        let (Some(mover), Some(to)) = (leg.mover, leg.to.as_ref()) else {
            return self.divert_home(o);
        };
        let nest = to.nest();
        let there = self.hall.station_of(nest);
        if self.health.is_gone(there) {
            // It can't be unloaded; it can't be sent elsewhere either unless home is elsewhere.
            return self.divert(o, there);
        }
        if !self.places.is_empty(to) {
            if self.places.is_leaving(nest) || self.being_lifted(nest) {
                let instrument = self.hall.instrument_of(nest).id;
                return self.wait(o, Want::Nest(instrument));
            }
            return self.divert_home(o);
        }
        let instrument = self.hall.instrument_of(nest).id;
        if matches!(leg.aim, Aim::Visit { .. }) && !self.lets_in(o, instrument, true) {
            let mut nests = self.hall.instrument(instrument).nests.iter();
            let busy = self.health.instrument(instrument).running > 0;
            let staying = |nest: &NestId| {
                let there = self.places.plate_in(*nest).is_some();
                there && !self.places.is_leaving(*nest) && !self.being_lifted(*nest)
            };
            // Where all others are about to leave it waits for that; a run is too long to wait for here.
            return if busy || nests.any(staying) {
                self.divert_home(o)
            } else {
                self.wait(o, Want::Nest(instrument))
            };
        }
        if !self.health.arm(there).is_free() {
            return self.wait(o, Want::Arm(there));
        }
        if let Some(leg) = self.leg(o) {
            leg.stage = Stage::Lower;
        }
        self.handle(o, there, Place::Mover(mover), Place::Nest(nest));
        Flow::Stop
    }

    /// Whether the plate in a nest is in the hands of the arm.
    fn being_lifted(&self, nest: NestId) -> bool {
        self.places
            .plate_in(nest)
            .and_then(|plate| self.plates.get(&plate))
            .and_then(|order| self.order(*order))
            .is_some_and(|o| matches!(&o.phase, Phase::Leg(leg) if leg.stage == Stage::Lift))
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

    /// The plate is in quarantine: a person looks at it, and the order has ended.
    fn in_quarantine(&mut self, o: &mut OrderState) -> Flow {
        let Goal::Quarantine(why) = &o.goal else {
            return Flow::Stop;
        };
        let why = why.clone();
        let place = self.places.place(o.plate());
        self.ask(
            bus::Request::TakeAway {
                plate: o.plate(),
                place,
            },
            crate::persons::Purpose::Clear(o.plate()),
            Some(o.id()),
            why.clone(),
        );
        self.end(o, Ending::Quarantined(why))
    }
}
