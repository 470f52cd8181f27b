//! The plan is kept in step with what happens.

use crate::conductor::Conductor;
use crate::limits::{ANSWER_TIME, LATE_TOLERANCE, REPAIR_INTERVAL};
use crate::order::{OrderState, Phase, Stage, WorkStage};
use crate::timers::Timer;
use crate::waits::Want;
use quantity::{Duration, Instant, OrderId};

impl Conductor {
    /// The plan is made feasible again from now on, and orders whose plan changed look at it.
    pub(crate) fn repair(&mut self) {
        self.repair_wanted = false;
        self.last_repair = self.now;
        self.counters.repairs += 1;
        self.tell_lateness();
        let repair = self.planner.repair(self.now);
        if self.hall.planning.in_turn && repair.moved.iter().any(|order| self.put_off(*order)) {
            self.plan_in_turn();
        }
        for order in repair.moved {
            self.with(order, |this, o| {
                if let Some(finish) = this.planner.plan(o.id()).map(|plan| plan.finish) {
                    this.promise_finish(o, finish);
                }
            });
            self.look_at(order);
        }
        for (order, _) in repair.stranded {
            self.look_at(order);
        }
        if self.waits.any(Want::Plan) {
            self.freed(Want::Plan);
        }
        self.look_at_runs();
    }

    /// Sets the moment at which the plan is found late if nothing happens before.
    pub(crate) fn watch_plan(&mut self) {
        let earliest = self.last_repair + REPAIR_INTERVAL;
        match self.planner.next_moment() {
            Some(next) => {
                let at = (next + LATE_TOLERANCE).max(earliest);
                self.timers.set(Timer::Repair, at.max(self.now));
            }
            None => self.timers.stop(Timer::Repair),
        }
        self.watch_refills();
    }

    /// Tells the planner of what takes longer than it thinks.
    fn tell_lateness(&mut self) {
        let late: Vec<(OrderId, usize, bool, Instant)> = self
            .orders
            .values()
            .flatten()
            .filter(|o| o.planned)
            .filter_map(|o| self.lateness(o))
            .collect();
        self.tell_late_refills();
        for (order, task, begin, at) in late {
            if begin {
                self.planner.expect_begin(order, task, at);
            } else {
                self.planner.expect_end(order, task, at);
            }
        }
    }

    /// The next edge of an order's plan that is overdue through something under way: its task,
    /// whether it is the begin, and when it may be expected.
    fn lateness(&self, o: &OrderState) -> Option<(OrderId, usize, bool, Instant)> {
        let plan = self.planner.plan(o.id())?;
        let soon = |span: Duration| self.now + span;
        match &o.phase {
            Phase::Leg(leg) if o.told_departed => {
                let planned = plan.visits.get(o.planned_task())?.begin;
                if planned > self.now {
                    return None;
                }
                let left = match leg.stage {
                    Stage::Lower => Duration::from_secs(20),
                    Stage::Ride | Stage::Arrived => Duration::from_secs(40),
                    _ => Duration::from_secs(90),
                };
                let stuck = leg
                    .mover
                    .is_some_and(|mover| self.fleet.get(mover).stuck.is_some());
                let struck = if o.faults.is_empty() && !stuck {
                    Duration::ZERO
                } else {
                    ANSWER_TIME * 10
                };
                Some((o.id(), o.planned_task(), true, soon(left + struck)))
            }
            Phase::Working(work) => {
                let task = o.planned_task().checked_sub(1)?;
                let planned = plan.visits.get(task)?.end;
                let left = match work.stage {
                    WorkStage::Running(command) => {
                        let flight = self.commands.get(command)?;
                        let end = flight.issued + flight.expected;
                        end.since(self.now).max(Duration::from_secs(30))
                    }
                    _ => ANSWER_TIME,
                };
                (planned < self.now).then(|| (o.id(), task, false, soon(left)))
            }
            _ => None,
        }
    }
}
