//! The nest in which a leg is to end: when it is promised, and to whom first.
//!
//! Plates take the nests of an instrument in the turn that the plan has for them, unless one is late by much: out of turn, both
//! would come late. Who finds no nest for long gives its own free, as do those who hold a mover meanwhile.

use crate::Ending;
use crate::conductor::{Conductor, Flow};
use crate::limits::{CLEAR_AFTER, TURN_KEPT};
use crate::order::{Aim, Goal, OrderState, Phase, Stage};
use crate::waits::Want;
use bus::Role;
use quantity::{Instant, InstrumentId, NestId, OrderId};

impl Conductor {
    /// When the plate may leave where it is.
    pub(crate) fn due(&self, o: &OrderState, aim: Aim) -> Instant {
        match aim {
            Aim::Visit { .. } => self.next_visit(o).map_or(self.now, |visit| visit.leg_start),
            _ => self.now,
        }
    }

    /// Whether the plate would take the nest of one that is planned to be there before it and is not
    /// late by much; if so, until when it holds back. Out of turn, both would come late.
    pub(crate) fn holds_back(&self, o: &OrderState, aim: Aim, to: InstrumentId) -> Option<Instant> {
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
    pub(crate) fn secure_nest(&mut self, o: &mut OrderState, aim: Aim, to: InstrumentId) -> bool {
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
    pub(crate) fn free_movers(&mut self) {
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
    pub(crate) fn wished(&self, o: &OrderState, aim: Aim, to: InstrumentId) -> Option<NestId> {
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
    pub(crate) fn no_nest(&mut self, o: &mut OrderState, nest: NestId, to: InstrumentId) -> Flow {
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
}
