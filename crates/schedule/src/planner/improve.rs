//! Improving the plan of orders that have not started: take a few out, put them back in another order.

use super::place::{Ask, Placement, place};
use super::tables::{ORIGIN, chosen};
use super::{Entry, Planner};
use crate::line::FAR;
use quantity::{Instant, OrderId, Seed};

/// Orders that are taken out together, at most.
const GROUP: usize = 6;

/// They are drawn from this many neighbours in time.
const SPAN: usize = 24;

impl Planner {
    /// Tries `effort` times to plan a few orders that have not started better: less weighted
    /// lateness, then earlier finishes. What has started and every promise stays as it is. The same
    /// calls give the same plan. Whether anything changed.
    pub fn improve(&mut self, now: Instant, effort: u64) -> bool {
        let now = self.tell(now);
        self.rounds += 1;
        let mut rng = Draw::new(Seed(0x1e_a51e).derive("improve", self.rounds));
        let mut waiting: Vec<(i64, OrderId)> = self
            .jobs
            .values()
            .filter(|e| e.past == 0 && e.stranded.is_none() && e.times[ORIGIN] > now)
            .filter(|e| !e.service())
            .map(|e| (e.times[ORIGIN], e.job.id))
            .collect();
        waiting.sort_unstable();
        if waiting.len() < 2 {
            return false;
        }
        let mut changed = false;
        for _ in 0..effort {
            let span = SPAN.min(waiting.len());
            let first = rng.below(waiting.len() - span + 1);
            let mut group: Vec<OrderId> = Vec::with_capacity(GROUP);
            for _ in 0..2 + rng.below(GROUP - 1) {
                let id = waiting[first + rng.below(span)].1;
                if !group.contains(&id) {
                    group.push(id);
                }
            }
            if (self.set_up || self.tables.runs.any()) && rng.below(2) == 0 {
                self.sort_alike(&mut group);
            }
            if self.reinsert(&group, now) {
                changed = true;
                for place in &mut waiting[first..first + span] {
                    place.0 = self.jobs[&place.1].times[ORIGIN];
                }
                waiting.sort_unstable();
            }
        }
        self.spare_all_refills();
        changed
    }

    /// Puts orders with like work on machines that need set-ups, or take plates by the run, one after the
    /// other, the family of the first of them first.
    fn sort_alike(&self, group: &mut [OrderId]) {
        let families = |id: &OrderId| -> Vec<u32> {
            let entry = &self.jobs[id];
            let tasks = entry.machines.iter().enumerate();
            tasks
                .filter(|&(_, &machine)| {
                    let m = &self.shop.machines[machine];
                    m.setups.is_some() || m.batch.is_some()
                })
                .filter_map(|(task, &machine)| chosen(&entry.job, task, machine))
                .map(|choice| choice.family)
                .collect()
        };
        let mut first: Vec<Vec<u32>> = Vec::new();
        for id in group.iter() {
            let mine = families(id);
            if !first.contains(&mine) {
                first.push(mine);
            }
        }
        group.sort_by_cached_key(|id| {
            let mine = families(id);
            first.iter().position(|f| *f == mine)
        });
    }

    /// Takes a group out and plans it anew in this order; undone unless that is better.
    fn reinsert(&mut self, group: &[OrderId], now: i64) -> bool {
        let mut before: Vec<Entry> = group.iter().filter_map(|&id| self.lift(id)).collect();
        let old: i128 = before.iter().map(cost).sum();
        let mut new = 0;
        let mut laid = Vec::with_capacity(group.len());
        let mut better = true;
        let refills = self.stocks.mark();
        for entry in &before {
            self.provide(&entry.job);
            let ask = Ask {
                job: &entry.job,
                past: &[],
                fixed: &[],
                rides: &[],
                now,
                floor: &[],
                loose: &entry.loose,
                expected: None,
                limit: if entry.late { FAR } else { entry.promise },
                inside: None,
                tighten: true,
            };
            let Ok(placement) = place(&self.shop, &self.tables, &ask) else {
                better = false;
                break;
            };
            let mut next = entry.clone();
            next.set(Placement { ..placement });
            new += cost(&next);
            if new >= old {
                better = false;
                break;
            }
            laid.push(entry.job.id);
            self.lay(next);
        }
        if !better {
            for id in laid {
                self.lift(id);
            }
            // They stand where those come back to.
            for id in self.stocks.since(refills) {
                self.drop_refill(id);
            }
            for entry in before.drain(..) {
                self.lay(entry);
            }
        }
        better
    }
}

/// Weighted lateness counts most, then the finish.
fn cost(entry: &Entry) -> i128 {
    let finish = entry.finish();
    let late = entry.job.due.map_or(0, |due| (finish - due.base()).max(0));
    i128::from(late) * i128::from(entry.job.priority) * 8
        + i128::from(finish) * i128::from(entry.job.priority)
}

/// Whole random numbers.
pub(crate) struct Draw(u64);

impl Draw {
    pub(crate) fn new(seed: Seed) -> Self {
        Self(seed.0 | 1)
    }

    /// The next number below `count`, which is above zero.
    pub(crate) fn below(&mut self, count: usize) -> usize {
        // splitmix64 (Steele, Lea and Flood, OOPSLA 2014).
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^= z >> 31;
        ((u128::from(z) * count as u128) >> 64) as usize
    }
}
