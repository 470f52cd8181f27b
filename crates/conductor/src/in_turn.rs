//! Plates that have not begun are done in the turn of their promises.
//!
//! A repair of the plan that finds no place for a plate where it was, since all has become some minutes later, gives it the first place that
//! nobody has: behind all that are planned, which can be hours. So where a plate that is still at home would come later than promised, all
//! that are still at home are planned anew in the turn of their promises, each a little later.

use crate::conductor::Conductor;
use crate::limits::STEP_BACK_MOST;
use crate::order::OrderState;
use crate::spare;
use quantity::{Instant, OrderId};
use schedule::Job;

/// Whether the place of an order in the plan is free to be changed: nothing of it has begun, and nothing of it must be done by some time.
fn steps_back(o: &OrderState) -> bool {
    o.unbegun && o.planned && !o.told_departed && o.order.deadline.is_none()
}

impl Conductor {
    /// Whether an order that has not begun is planned to be finished later than promised.
    pub(crate) fn put_off(&self, order: OrderId) -> bool {
        let Some(o) = self.order(order).filter(|o| steps_back(o)) else {
            return false;
        };
        let finish = self.planner.plan(order).map(|plan| plan.finish);
        finish
            .zip(o.promised)
            .is_some_and(|(finish, promised)| finish > promised)
    }

    /// Plans orders that have not begun anew, in the turn of their promises.
    pub(crate) fn plan_in_turn(&mut self) {
        let mut waiting: Vec<(Instant, OrderId)> = (self.orders.values().flatten())
            .filter(|o| steps_back(o))
            .filter_map(|o| {
                let leaves = self.planner.plan(o.id())?.visits.first()?.leg_start;
                (leaves > self.now).then_some((o.promised?, o.id()))
            })
            .collect();
        if waiting.len() > STEP_BACK_MOST {
            return;
        }
        waiting.sort_unstable();
        let jobs: Vec<Job> = (waiting.iter())
            .filter_map(|(_, order)| self.planner.withdraw(*order, self.now))
            .collect();
        for mut job in jobs {
            let order = job.id;
            if let Some(other) = self.order(order) {
                job.lags = other.compiled.lags_from(other.first);
            }
            // Without what was only wished when it was planned.
            let found = spare::admit(&mut self.planner, &self.hall, &job, self.now);
            self.with(order, |this, o| match found {
                Ok(promise) => this.promise_finish(o, promise.plan.finish),
                // It looks for a place by itself.
                Err(_) => o.planned = false,
            });
            self.look_at(order);
        }
    }
}
