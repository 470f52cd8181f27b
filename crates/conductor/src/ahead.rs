//! A plate that has begun goes before those that have not.
//!
//! One that lost its place in the plan (it was cleared home, or its instrument broke) would get the first
//! place that nobody has, behind every plate that is planned and still at home: hours late, with its
//! liquid mixed. So where that breaks its promise, those that have not begun and need the same
//! instruments step back, it is planned, and they are planned again in their order, each a little later.

use crate::conductor::Conductor;
use crate::limits::STEP_BACK_MOST;
use crate::order::OrderState;
use crate::spare;
use bus::Role;
use quantity::{Instant, OrderId};
use schedule::Job;
use std::collections::BTreeSet;

impl Conductor {
    /// Plans an order anew, ahead of those that have not begun. When it is finished then; `None` if that was
    /// not tried, and its plan is as it was.
    pub(crate) fn go_ahead(&mut self, o: &OrderState, job: &Job) -> Option<Instant> {
        let needed: BTreeSet<usize> = (job.tasks.iter())
            .flat_map(|task| task.options.iter().map(|choice| choice.machine))
            .filter(|machine| self.hall.instruments[*machine].role == Role::Work)
            .collect();
        let mut behind: Vec<(Instant, OrderId)> = (self.orders.values().flatten())
            .filter(|other| other.unbegun && other.planned && !other.told_departed)
            .filter(|other| other.order.deadline.is_none() && other.id() != o.id())
            .filter_map(|other| {
                let visits = &self.planner.plan(other.id())?.visits;
                let meets = visits.iter().any(|visit| needed.contains(&visit.machine));
                let leaves = visits.first()?.leg_start;
                (meets && leaves > self.now).then_some((leaves, other.id()))
            })
            .collect();
        if behind.is_empty() || behind.len() > STEP_BACK_MOST {
            return None;
        }
        behind.sort_unstable();
        self.planner.withdraw(o.id(), self.now);
        let mut stepped: Vec<Job> = (behind.iter())
            .filter_map(|(_, other)| self.planner.withdraw(*other, self.now))
            .collect();
        for job in &mut stepped {
            // Without what was only wished when it was planned.
            if let Some(other) = self.order(job.id) {
                job.lags = other.compiled.lags_from(other.first);
            }
        }
        let finish = spare::admit(&mut self.planner, &self.hall, job, self.now).ok();
        for job in stepped {
            let other = job.id;
            let found = spare::admit(&mut self.planner, &self.hall, &job, self.now);
            self.with(other, |this, o| match found {
                Ok(promise) => this.promise_finish(o, promise.plan.finish),
                // As when a repair finds no place for it: it looks for one by itself.
                Err(_) => o.planned = false,
            });
            self.look_at(other);
        }
        finish.map(|promise| promise.plan.finish)
    }
}
