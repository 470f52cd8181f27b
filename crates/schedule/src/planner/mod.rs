//! The planner: a shop, its timetables, and the plan of every order in it.

mod bulk;
mod events;
mod families;
mod groups;
mod improve;
mod lay;
mod limits;
mod place;
mod ready;
mod rebuild;
mod refuse;
mod repair;
mod runs;
mod share;
mod shift;
mod slots;
mod stock;
mod sweep;
mod tables;

pub use families::Trace;
pub(crate) use improve::Draw;
pub(crate) use runs::Bounds;
pub use share::SharedRun;
pub use stock::{Refill, StockLeft};

use crate::checker::{Item, Past, check};
use crate::job::{Job, Where};
use crate::line::FAR;
use crate::plan::{JobPlan, Limit, Promise, Refusal, Run, Visit, Why};
use crate::shop::{Shop, Window};
use lay::gaps;
use place::{Ask, Misfit, Placement, place};
use quantity::{Instant, OrderId};
use runs::Ride;
use slots::Slots;
use std::collections::{BTreeMap, BTreeSet};
use stock::Stocks;
use tables::{Expected, Loose, ORIGIN, Tables, begin, end};

/// An order and its plan.
#[derive(Clone, Debug)]
struct Entry {
    job: Job,
    /// Machines of the tasks, as far as the plan goes.
    machines: Vec<usize>,
    /// Times of the nodes, as far as the plan goes.
    times: Vec<i64>,
    /// The runs of its tasks on machines that take plates by the run, in order.
    rides: Vec<Ride>,
    /// Nodes that have happened.
    past: usize,
    expected: Expected,
    loose: Loose,
    /// The promised finish.
    promise: i64,
    /// The promise was found broken and that was said.
    late: bool,
    /// Why the plan ends early, if it does.
    stranded: Option<Why>,
    /// While its claims are off the timetables during a repair: what they were.
    aside: Option<Placement>,
    /// Since reality differed from the plan and until the plan is right again: the times of the plan
    /// that was right last. They say who comes after whom.
    turns: Option<Vec<i64>>,
    plan: JobPlan,
}

impl Entry {
    /// Tasks whose machine is settled: begun, or on the way there.
    fn settled(&self) -> usize {
        if self.past == 0 {
            0
        } else {
            (1 + (self.past - 1) / 2).min(self.machines.len())
        }
    }

    fn finish(&self) -> i64 {
        self.times[self.times.len() - 1]
    }

    fn done(&self) -> bool {
        self.past == 1 + 2 * self.job.tasks.len()
    }
}

/// Plans orders in one shop; see the crate's documentation for the calls.
///
/// The plan is at every moment a complete value that a checker accepts, unless reality was reported
/// that breaks it; then [`Planner::repair`] makes it feasible again.
#[derive(Clone, Debug)]
pub struct Planner {
    shop: Shop,
    tables: Tables,
    slots: Vec<Slots>,
    jobs: BTreeMap<OrderId, Box<Entry>>,
    /// Next planned moment of every job that is not done.
    next: BTreeSet<(i64, OrderId)>,
    dirty: BTreeSet<OrderId>,
    stranded: BTreeSet<OrderId>,
    /// Machines in which two stays have one slot, since reality put too many plates there.
    overfull: BTreeSet<usize>,
    /// Something came free or came back since stranded jobs were last tried.
    retry: bool,
    /// By machine: the window in which it is down, beyond its calendar.
    down: Vec<Option<(i64, i64)>>,
    gone: Vec<bool>,
    stocks: Stocks,
    /// Some machine needs set-ups.
    set_up: bool,
    /// What orders that are gone have done on machines that need set-ups.
    traces: Vec<Trace>,
    /// Places taken by no order: machine and slot, since when.
    holds: BTreeMap<(usize, u32), i64>,
    /// The latest moment that was told.
    clock: i64,
    /// Counts calls of `improve`, so that each draws anew.
    rounds: u64,
}

impl Planner {
    /// A planner for an empty shop.
    ///
    /// # Errors
    /// What in the shop refers to something that is not there.
    pub fn new(shop: Shop) -> Result<Self, Why> {
        if shop.travel.stations() != shop.stations.len() {
            return Err(Why::Unknown(format!(
                "travel times for {} stations, but the shop has {}",
                shop.travel.stations(),
                shop.stations.len()
            )));
        }
        for machine in &shop.machines {
            if machine.station >= shop.stations.len() {
                return Err(Why::Unknown(format!(
                    "machine {} stands at station {}, but the shop has {} stations",
                    machine.name,
                    machine.station,
                    shop.stations.len()
                )));
            }
            if let Some(why) = families::wrong(machine)
                .or_else(|| stock::wrong(machine))
                .or_else(|| share::wrong(machine))
            {
                return Err(why);
            }
        }
        Ok(Self {
            tables: Tables::new(&shop),
            set_up: shop.machines.iter().any(|m| m.setups.is_some()),
            traces: Vec::new(),
            stocks: Stocks::new(&shop),
            slots: shop.machines.iter().map(|m| Slots::new(m.slots)).collect(),
            down: vec![None; shop.machines.len()],
            gone: vec![false; shop.machines.len()],
            shop,
            jobs: BTreeMap::new(),
            next: BTreeSet::new(),
            dirty: BTreeSet::new(),
            stranded: BTreeSet::new(),
            overfull: BTreeSet::new(),
            retry: false,
            holds: BTreeMap::new(),
            clock: -FAR,
            rounds: 0,
        })
    }

    /// The shop as it is now.
    #[must_use]
    pub fn shop(&self) -> &Shop {
        &self.shop
    }

    /// Checks the whole plan from `now` on with the slow, obvious checker; nothing if all is well.
    #[must_use]
    pub fn audit(&self, now: Instant) -> Vec<String> {
        let items: Vec<Item> = self
            .jobs
            .values()
            .map(|entry| Item {
                job: &entry.job,
                plan: &entry.plan,
                happened: entry.past,
                departed: (entry.past > 0).then(|| Instant::from_base(entry.times[ORIGIN])),
                expected: entry.expected.map(|e| e.0),
                stranded: entry.stranded.is_some(),
                excused: entry.excused(),
                refills: self.stocks.refills.get(&entry.job.id).map(|of| of.1),
            })
            .collect();
        let mut shop = self.shop.clone();
        for (machine, down) in self.down.iter().enumerate() {
            if let Some((from, until)) = *down {
                shop.machines[machine].down.push(Window {
                    from: Instant::from_base(from),
                    until: Instant::from_base(until),
                });
            }
        }
        let held: Vec<_> = self
            .holds
            .iter()
            .map(|(&(machine, slot), &from)| (machine, slot, Instant::from_base(from)))
            .collect();
        let past = Past {
            held: &held,
            traces: &self.traces,
            stocks: &self.stocks_left(),
        };
        check(&shop, &items, &past, now)
    }

    /// The plan of an order.
    #[must_use]
    pub fn plan(&self, order: OrderId) -> Option<&JobPlan> {
        self.jobs.get(&order).map(|entry| &entry.plan)
    }

    /// The visits to a machine that are planned to begin before a moment, to end after another, and
    /// have not begun, each with its order, in no particular order.
    pub fn ahead(
        &self,
        machine: usize,
        before: Instant,
        after: Instant,
    ) -> impl Iterator<Item = (OrderId, &Visit)> + '_ {
        let slots = self.slots.get(machine);
        let stays = slots
            .into_iter()
            .flat_map(Slots::stays)
            .filter(move |held| held.until > after.base() && held.from < before.base());
        stays.filter_map(move |held| {
            let (order, task) = held.by?;
            let entry = self.jobs.get(&order)?;
            let visit = entry.plan.visits.get(task)?;
            let coming = begin(task) >= entry.past && visit.begin < before;
            coming.then_some((order, visit))
        })
    }

    /// The job of an order, as it was admitted.
    #[must_use]
    pub fn job(&self, order: OrderId) -> Option<&Job> {
        self.jobs.get(&order).map(|entry| &entry.job)
    }

    /// All orders, in id order; refills are none ([`Planner::refills`]).
    pub fn orders(&self) -> impl Iterator<Item = OrderId> + '_ {
        let all = self.jobs.keys().copied();
        all.filter(|order| !self.stocks.refills.contains_key(order))
    }

    /// The promised finish of an order.
    #[must_use]
    pub fn promised(&self, order: OrderId) -> Option<Instant> {
        self.jobs
            .get(&order)
            .map(|entry| Instant::from_base(entry.promise))
    }

    /// When the plan next expects something to happen: the time for the next look at it.
    #[must_use]
    pub fn next_moment(&self) -> Option<Instant> {
        self.next.first().map(|&(at, _)| Instant::from_base(at))
    }

    /// Takes an order and promises when it is finished. Plans of other orders stay as they are.
    ///
    /// A job with progress is reality and is always taken; if it can't go on, its plan ends where the
    /// plate is and its finish is [`crate::FOREVER`]; call [`Planner::repair`] then.
    ///
    /// # Errors
    /// Why it can't be done at all, or not by its deadline.
    pub fn admit(&mut self, job: Job, now: Instant) -> Result<Promise, Refusal> {
        self.validate(&job).map_err(Refusal::Impossible)?;
        self.learn_families(&job).map_err(Refusal::Impossible)?;
        let now = self.tell(now);
        for task in &job.tasks {
            let (slots, down, gone) = (&self.slots, &self.down, &self.gone);
            let free = |machine: usize| gaps(slots, down, gone, machine, now);
            self.tables.ready.learn(&self.shop, &task.options, free);
        }
        self.provide(&job);
        let past = past_of(&self.shop, &job);
        let fixed: Vec<usize> = job.progress.iter().map(|d| d.machine).collect();
        let rides = self.boarded_already(&job, &past);
        let loose = Loose::default();
        let mut ask = Ask {
            job: &job,
            past: &past,
            fixed: &fixed,
            rides: &rides,
            now,
            floor: &[],
            loose: &loose,
            expected: None,
            limit: job.deadline.map_or(FAR, Instant::base),
            inside: None,
            tighten: true,
        };
        let mut found = place(&self.shop, &self.tables, &ask);
        if let (Err(Misfit::Crowded(_)), Some(deadline)) = (&found, job.deadline)
            && job.progress.is_empty()
        {
            // The first machines tried may have been too late where others are not: without the limit
            // they are told apart.
            ask.limit = FAR;
            if let Ok(later) = place(&self.shop, &self.tables, &ask) {
                let earliest = Instant::from_base(later.times[later.times.len() - 1]);
                if earliest > deadline {
                    return Err(Refusal::TooLate { deadline, earliest });
                }
                found = Ok(later);
            }
        }
        let placement = match found {
            Ok(placement) => Some(placement),
            Err(_) if !job.progress.is_empty() => None,
            Err(misfit) => {
                return Err(Refusal::Impossible(self.why(&job, &loose, misfit)));
            }
        };
        let mut entry = Entry {
            plan: JobPlan {
                job: job.id,
                visits: Vec::new(),
                finish: crate::FOREVER,
            },
            machines: fixed.clone(),
            times: Vec::new(),
            rides: rides.clone(),
            past: past.len(),
            expected: None,
            loose,
            promise: FAR,
            late: false,
            stranded: None,
            aside: None,
            turns: None,
            job,
        };
        match placement {
            Some(placement) => {
                entry.machines = placement.machines;
                entry.times = placement.times;
                entry.rides = placement.rides;
                let finish = entry.finish();
                entry.promise = entry.job.due.map_or(finish, |due| finish.max(due.base()));
                if let Some(deadline) = entry.job.deadline {
                    entry.promise = entry.promise.min(deadline.base());
                }
            }
            None => {
                entry.times = past;
                entry.strand(Why::NoMover);
                self.stranded.insert(entry.job.id);
                self.dirty.insert(entry.job.id);
            }
        }
        let promise = Instant::from_base(entry.promise);
        let id = entry.job.id;
        self.lay(entry);
        Ok(Promise {
            plan: self.jobs[&id].plan.clone(),
            finish: promise,
        })
    }

    /// Takes an order out: it ended, was cancelled, or is somebody else's concern now. What it held
    /// from `at` on is free; if its plate still stands somewhere, [`Planner::hold`] that place.
    pub fn withdraw(&mut self, order: OrderId, at: Instant) -> Option<Job> {
        self.tell(at);
        let entry = self.lift(order)?;
        self.leave_traces(&entry, at.base());
        self.settle_stock(&entry);
        self.dirty.remove(&order);
        self.stranded.remove(&order);
        self.retry = true;
        self.deal_anew();
        Some(entry.job)
    }

    /// Drops the past from the timetables; what happened before `time` is no longer looked at.
    pub fn forget_before(&mut self, time: Instant) {
        self.tables.forget_before(time.base());
        self.forget_traces(time.base());
        self.settle_stocks_before(time.base());
        for slots in &mut self.slots {
            slots.forget_before(time.base());
        }
    }

    fn tell(&mut self, now: Instant) -> i64 {
        self.clock = self.clock.max(now.base());
        now.base()
    }
}

impl Entry {
    /// Limits that no longer bind.
    fn excused(&self) -> Vec<Limit> {
        let lags = self.loose.lags.iter().map(|&index| {
            let lag = self.job.lags[index];
            Limit::Lag {
                from: lag.from,
                to: lag.to,
            }
        });
        let stays = self.loose.stays.iter().map(|&task| Limit::Stay { task });
        let waits = self
            .loose
            .waits
            .iter()
            .map(|&task| Limit::MoverWait { task });
        lags.chain(stays).chain(waits).collect()
    }

    /// Writes the plan from machines and times; slots are kept.
    fn outline(&mut self) {
        let upto = if self.stranded.is_some() {
            // Only stays that have begun.
            self.past / 2
        } else {
            self.machines.len()
        };
        let instant = Instant::from_base;
        let old = std::mem::take(&mut self.plan.visits);
        for task in 0..upto {
            let slot = match (old.get(task), self.job.progress.get(task)) {
                (Some(visit), _) if visit.machine == self.machines[task] => visit.slot,
                (_, Some(done)) => done.slot,
                _ => 0,
            };
            let before = if task > 0 { end(task - 1) } else { ORIGIN };
            self.plan.visits.push(Visit {
                task,
                machine: self.machines[task],
                slot,
                leg_start: instant(self.times[before]),
                begin: instant(self.times[begin(task)]),
                end: instant(self.times[end(task)]),
                run: self.ride(task).map(|ride| Run {
                    number: ride.run,
                    start: instant(ride.start),
                }),
            });
        }
        self.plan.finish = instant(if self.stranded.is_some() {
            FAR
        } else {
            self.finish()
        });
    }

    /// Ends the plan where the plate is: it stays there for good.
    fn strand(&mut self, why: Why) {
        let machines = self.settled();
        self.turns = None;
        self.machines.truncate(machines);
        self.times.truncate(self.past);
        self.times.resize(1 + 2 * self.machines.len(), FAR);
        self.rides.retain(|ride| ride.inside);
        self.stranded = Some(why);
        self.outline();
    }

    fn set(&mut self, placement: Placement) {
        self.machines = placement.machines;
        self.times = placement.times;
        self.rides = placement.rides;
        self.turns = None;
        self.stranded = None;
        self.outline();
    }
}

/// Times that have happened, from the progress of a job.
fn past_of(shop: &Shop, job: &Job) -> Vec<i64> {
    let mut past = Vec::new();
    for (task, done) in job.progress.iter().enumerate() {
        if task == 0 {
            let leg = match job.at {
                Where::In { .. } | Where::Nowhere => 0,
                Where::On { station } | Where::Outside { station } => {
                    let m = &shop.machines[done.machine];
                    (shop.travel.time(station, m.station) + m.load).base()
                }
            };
            past.push(done.begin.base() - leg);
        }
        past.push(done.begin.base());
        match done.end {
            Some(at) => past.push(at.base()),
            None => break,
        }
    }
    past
}
