//! A plate that rests in a nest: what is next for it.
//!
//! It is worked on where it is, or a leg begins to where its plan, its home, the waste or quarantine is.

use crate::Ending;
use crate::conductor::{Conductor, Flow};
use crate::order::{Aim, Goal, Leg, OrderState, Phase, Stage};
use crate::reservations::Promised;
use crate::waits::Want;
use bus::Role;
use labware::Place;
use quantity::{InstrumentId, NestId, StationId};

impl Conductor {
    /// A promised nest is not needed any more: somebody else may have it.
    pub(crate) fn give_back(&mut self, promised: Promised) {
        let instrument = self.hall.instrument_of(promised.nest()).id;
        self.places.give_back(promised);
        self.freed(Want::Nest(instrument));
    }

    /// The instrument of this role that is nearest to a station, among those that are there.
    pub(crate) fn nearest(
        &self,
        role: Role,
        from: StationId,
        plate_fits: bool,
    ) -> Option<InstrumentId> {
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
    pub(crate) fn strand(&mut self, o: &mut OrderState, nest: NestId) -> Flow {
        match o.home {
            Some(home) if home.nest == nest => self.plan_anew(o, home),
            _ => {
                self.clear_home(o);
                Flow::Again
            }
        }
    }

    pub(crate) fn start(&mut self, o: &mut OrderState, nest: NestId, aim: Aim) -> Flow {
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

    /// The plate is to go home, whatever was planned; there it is planned anew.
    pub(crate) fn clear_home(&mut self, o: &mut OrderState) {
        o.clear = true;
        self.counters.cleared += 1;
        self.leave_plan(o);
    }

    /// The plate is in quarantine: a person looks at it, and the order has ended.
    pub(crate) fn in_quarantine(&mut self, o: &mut OrderState) -> Flow {
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
