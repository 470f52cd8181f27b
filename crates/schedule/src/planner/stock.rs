//! What machines use up, and refills at the best moment.
//!
//! Refills cut the time of a stock into fillings. For every stock there is a timetable of how much of each
//! filling is spoken for, from its refill to the next; work asks for what it uses when its plate is put in,
//! and so goes into a filling that has enough for it. A refill is an order of the planner's own, without a
//! plate: it takes all places of the machine for a while. Before any order is looked at, there is a last
//! filling with enough for whatever comes: where there is not, a refill is planned in a time in which nobody
//! is in the machine, so no limit of any plate is touched by it. Where half of a filling is used by then, an
//! idle time in between does; else it is behind the last work.
//!
//! Refills count as under way from the beginning: they never step aside, and where plans slide they keep
//! their turn, so that no work comes to use what was meant for another. Where less is there than was thought,
//! a refill is put before the first work that would go without.

use super::place::{Ask, place_on};
use super::repair::Log;
use super::tables::{Loose, ORIGIN, begin, chosen, end};
use super::{Entry, Planner};
use crate::job::{Choice, Job, Task, Where};
use crate::line::{FAR, Line};
use crate::plan::{JobPlan, Why};
use crate::profile::Profile;
use crate::shop::{FOREVER, Machine, STOCKS_MOST, Shop, UNLIMITED, Window};
use quantity::{Instant, OrderId};
use std::collections::BTreeMap;

/// Refills that one repair puts before one order that would go without, at most.
const FORCED_MOST: u32 = 3;

/// More than any stock holds.
const BARRED: u32 = 1 << 31;

/// A refill of a machine as planned.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Refill {
    /// As what it is planned: for [`Planner::began`], [`Planner::expect_end`], [`Planner::ended`] and, when
    /// it is done, [`Planner::withdraw`].
    pub order: OrderId,
    /// Index of the machine.
    pub machine: usize,
    /// Index of the stock in [`Machine::stocks`].
    pub stock: usize,
    /// When.
    pub when: Window,
    /// It has begun.
    pub begun: bool,
}

/// What a stock held at some moment, before all work that begins then or later.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct StockLeft {
    /// Index of the machine.
    pub machine: usize,
    /// Index of the stock.
    pub stock: usize,
    /// Pieces.
    pub left: u32,
    /// When.
    pub since: Instant,
}

/// All stocks, and who refills them.
#[derive(Clone, Debug, Default)]
pub(super) struct Stocks {
    /// By machine: of each of its stocks, what was left and since when that counts.
    left: BTreeMap<usize, Vec<(u32, i64)>>,
    /// By machine and stock: the most that one piece of work has asked for.
    most: BTreeMap<(usize, usize), u32>,
    /// Refills that are planned: machine and stock.
    pub(super) refills: BTreeMap<OrderId, (usize, usize)>,
    /// Refills that were ever planned.
    count: u32,
}

/// One filling: from when to when, and how much of it is spoken for.
#[derive(Clone, Copy, Debug)]
struct Filling {
    from: i64,
    until: i64,
    used: u32,
    /// The refill that it begins with; none for what was there.
    by: Option<OrderId>,
}

/// Work that uses a stock: begin of loading, end of unloading, order, task, pieces.
type Work = (i64, i64, OrderId, usize, u32);

impl Stocks {
    pub(super) fn new(shop: &Shop) -> Self {
        let mut stocks = Self::default();
        for (machine, m) in shop.machines.iter().enumerate() {
            stocks.add(machine, m);
        }
        stocks
    }

    /// A mark for [`Stocks::since`].
    pub(super) fn mark(&self) -> u32 {
        self.count
    }

    /// Refills that were planned since a mark.
    pub(super) fn since(&self, mark: u32) -> Vec<OrderId> {
        let new = self.refills.range(..OrderId(u32::MAX - mark));
        new.map(|(&id, _)| id).collect()
    }

    pub(super) fn add(&mut self, machine: usize, m: &Machine) {
        if !m.stocks.is_empty() {
            let full = m.stocks.iter().map(|stock| (stock.full, -FAR));
            self.left.insert(machine, full.collect());
        }
    }
}

/// What is wrong with the stocks of a machine.
pub(super) fn wrong(machine: &Machine) -> Option<Why> {
    let name = &machine.name;
    let what = if machine.stocks.len() > STOCKS_MOST {
        format!("{name} has more than {STOCKS_MOST} stocks")
    } else if machine.slots == UNLIMITED && !machine.stocks.is_empty() {
        format!("{name} is never full, so it can't be refilled while it is empty")
    } else {
        let wrong = |full: u32| !(1..BARRED / 2).contains(&full);
        let odd = machine.stocks.iter().find(|stock| wrong(stock.full))?;
        format!("{name} holds {} {}", odd.full, odd.name)
    };
    Some(Why::Unknown(what))
}

impl Entry {
    /// Whether it is work on a machine itself, without a plate.
    pub(super) fn service(&self) -> bool {
        self.job.at == Where::Nowhere
    }
}

impl Planner {
    /// Refills as planned, in order of time.
    #[must_use]
    pub fn refills(&self) -> Vec<Refill> {
        let refills = self
            .stocks
            .refills
            .iter()
            .filter_map(|(&order, &(machine, stock))| {
                let entry = self.jobs.get(&order)?;
                (entry.times.len() > end(0)).then(|| Refill {
                    order,
                    machine,
                    stock,
                    when: Window {
                        from: Instant::from_base(entry.times[begin(0)]),
                        until: Instant::from_base(entry.times[end(0)]),
                    },
                    begun: entry.past > 0,
                })
            });
        let mut refills: Vec<Refill> = refills.collect();
        refills.sort_unstable_by_key(|r| (r.when, r.order));
        refills
    }

    /// A stock holds so much at `at`: after all work that began before, and before all that begins then or
    /// later.
    pub fn stock_left(&mut self, machine: usize, stock: usize, left: u32, at: Instant) {
        let at = self.tell(at);
        let full = match self
            .shop
            .machines
            .get(machine)
            .and_then(|m| m.stocks.get(stock))
        {
            Some(stock) => stock.full,
            None => return,
        };
        let work = self.work(machine, stock);
        let Some(known) = self
            .stocks
            .left
            .get_mut(&machine)
            .and_then(|all| all.get_mut(stock))
        else {
            return;
        };
        let spent = work.iter().filter(|w| w.0 >= known.1 && w.0 < at);
        let thought = spent.fold(known.0, |left, w| left.saturating_sub(w.4));
        *known = (left.min(full), at);
        if thought != left {
            self.count_up(vec![machine]);
        }
    }

    /// One plate does not use up more than a machine holds.
    pub(super) fn validate_uses(&self, job: &Job) -> Result<(), Why> {
        if self.stocks.left.is_empty() {
            return Ok(());
        }
        let options = || job.tasks.iter().flat_map(|task| task.options.iter());
        for (index, machine) in options().map(|o| (o.machine, &self.shop.machines[o.machine])) {
            for (stock, kind) in machine.stocks.iter().enumerate() {
                let here = options().filter(|o| o.machine == index);
                let uses = here.fold(0_u32, |all, o| all.saturating_add(o.uses[stock]));
                if uses > kind.full {
                    return Err(Why::Unknown(format!(
                        "{} uses {uses} {} in {}, and that holds {}",
                        job.id, kind.name, machine.name, kind.full
                    )));
                }
            }
        }
        Ok(())
    }

    /// What each stock held when that was known last.
    #[must_use]
    pub fn stocks_left(&self) -> Vec<StockLeft> {
        let all = self.stocks.left.iter().flat_map(|(&machine, all)| {
            all.iter()
                .enumerate()
                .map(move |(stock, &(left, since))| StockLeft {
                    machine,
                    stock,
                    left,
                    since: Instant::from_base(since),
                })
        });
        all.collect()
    }

    /// Machines with stocks that an entry's plan visits.
    pub(super) fn stocked(&self, entry: &Entry) -> Vec<usize> {
        if self.stocks.left.is_empty() {
            return Vec::new();
        }
        let mut machines = entry.machines.clone();
        machines.retain(|machine| self.stocks.left.contains_key(machine));
        machines.sort_unstable();
        machines.dedup();
        machines
    }

    /// All work that uses a stock and whose order is planned, in order of time.
    fn work(&self, machine: usize, stock: usize) -> Vec<Work> {
        let full = self.shop.machines[machine].stocks[stock].full;
        let stays = self.slots[machine].stays().filter_map(|held| {
            let (order, task) = held.by?;
            let entry = self.jobs.get(&order).filter(|entry| !entry.service())?;
            let machine = *entry.machines.get(task)?;
            let uses = chosen(&entry.job, task, machine)?.uses[stock].min(full);
            (uses > 0).then_some((held.from, held.until, order, task, uses))
        });
        let mut work: Vec<Work> = stays.collect();
        work.sort_unstable();
        work
    }

    /// The fillings of a stock and how much of each is spoken for.
    fn fillings(&self, machine: usize, stock: usize, work: &[Work]) -> Vec<Filling> {
        let full = self.shop.machines[machine].stocks[stock].full;
        let (left, since) = self.stocks.left[&machine][stock];
        let refills = self
            .stocks
            .refills
            .iter()
            .filter(|(_, of)| **of == (machine, stock));
        let mut cuts: Vec<(i64, OrderId)> = refills
            .filter_map(|(&id, _)| Some((*self.jobs.get(&id)?.times.get(begin(0))?, id)))
            .collect();
        cuts.sort_unstable();
        let mut fillings = vec![Filling {
            from: -FAR,
            until: FAR,
            used: full - left.min(full),
            by: None,
        }];
        for (at, id) in cuts {
            if let Some(last) = fillings.last_mut() {
                last.until = at;
            }
            fillings.push(Filling {
                from: at,
                until: FAR,
                used: 0,
                by: Some(id),
            });
        }
        for &(from, _, _, _, uses) in work.iter().filter(|w| w.0 >= since) {
            let filling = fillings.partition_point(|f| f.from <= from).max(1) - 1;
            fillings[filling].used = fillings[filling].used.saturating_add(uses);
        }
        fillings
    }

    /// Enters anew how much is spoken for on these machines.
    pub(super) fn count_up(&mut self, machines: Vec<usize>) {
        for machine in machines {
            for stock in 0..self.shop.machines[machine].stocks.len() {
                let work = self.work(machine, stock);
                let fillings = self.fillings(machine, stock, &work);
                let mut line = Profile::new(self.shop.machines[machine].stocks[stock].full);
                for filling in fillings {
                    line.take(filling.from, filling.until, filling.used);
                    if filling.by.is_some() {
                        // So that it is seen which work is before a refill and which after.
                        line.take(filling.from, filling.from + 1, BARRED);
                    }
                }
                let at = self.tables.stocks(machine)[stock] as usize;
                self.tables.lines[at] = line;
            }
        }
    }

    /// Orders with work to come that uses stocks of a machine have to look whether there is enough for them.
    pub(super) fn look_at_stock(&mut self, machine: usize, now: i64) {
        for stock in 0..self.shop.machines[machine].stocks.len() {
            let work = self.work(machine, stock);
            let coming = work.iter().filter(|w| w.0 >= now).map(|w| w.2);
            self.dirty.extend(coming);
        }
    }

    /// Plans refills so that the last filling of each stock that a job may use has enough for it.
    pub(super) fn provide(&mut self, job: &Job) {
        if self.stocks.left.is_empty() || job.at == Where::Nowhere {
            return;
        }
        for choice in job.tasks.iter().flat_map(|task| task.options.iter()) {
            let machine = choice.machine;
            for stock in 0..self.shop.machines[machine].stocks.len() {
                let full = self.shop.machines[machine].stocks[stock].full;
                // All that one job may do on a machine is asked for together.
                let all = job.tasks.iter().flat_map(|t| t.options.iter());
                let all = all
                    .filter(|o| o.machine == machine)
                    .map(|o| o.uses[stock].min(full));
                let all = all.fold(0, u32::saturating_add).min(full);
                if all == 0 {
                    continue;
                }
                let most = self.stocks.most.entry((machine, stock)).or_default();
                *most = (*most).max(all);
                self.refill_last(machine, stock);
            }
        }
    }

    /// Plans a refill if the last filling has not enough for the most that may come.
    fn refill_last(&mut self, machine: usize, stock: usize) {
        let Some(&most) = self.stocks.most.get(&(machine, stock)) else {
            return;
        };
        let full = self.shop.machines[machine].stocks[stock].full;
        let work = self.work(machine, stock);
        let fillings = self.fillings(machine, stock, &work);
        let last = fillings[fillings.len() - 1];
        if last.used.saturating_add(most) <= full || self.gone[machine] {
            return;
        }
        let (_, since) = self.stocks.left[&machine][stock];
        let mine = || work.iter().filter(|w| w.0 >= last.from.max(since));
        // Idle times in which a refill fits, and how much is used after each.
        let time = self.shop.machines[machine].stocks[stock].refill.base();
        let mut busy: Vec<(i64, i64)> = (self.slots[machine].stays())
            .filter(|held| held.until > last.from.max(self.clock))
            .map(|held| (held.from, held.until))
            .collect();
        busy.sort_unstable();
        let mut floor = mine()
            .map(|w| w.1)
            .max()
            .unwrap_or(last.from)
            .max(self.clock);
        let mut out = last.from.max(self.clock);
        for (from, until) in busy {
            if from - out >= time {
                let after = mine()
                    .filter(|w| w.0 >= from)
                    .fold(0, |sum: u32, w| sum + w.4);
                if after <= full / 2 && after + most <= full {
                    floor = out;
                }
            }
            out = out.max(until);
        }
        if floor < FAR {
            self.plan_refill(machine, stock, floor, false);
        }
    }

    /// Plans a refill in the first time from `floor` on in which nobody is in the machine; or, if it is forced,
    /// right then: whoever is planned there has to give way.
    fn plan_refill(&mut self, machine: usize, stock: usize, floor: i64, forced: bool) {
        let time = self.shop.machines[machine].stocks[stock].refill;
        self.stocks.count += 1;
        let id = OrderId(u32::MAX - self.stocks.count);
        let floor = floor.max(self.clock);
        let choice = Choice {
            machine,
            stay: time,
            ..Choice::default()
        };
        let job = Job {
            id,
            release: Instant::from_base(floor),
            due: None,
            deadline: None,
            priority: u32::MAX,
            at: Where::Nowhere,
            tasks: vec![Task {
                options: [choice].into(),
                stay_max: None,
            }],
            lags: Vec::new(),
            stays: false,
            progress: Vec::new(),
        };
        let loose = Loose::default();
        let ask = Ask {
            job: &job,
            past: &[],
            fixed: &[],
            rides: &[],
            now: floor,
            floor: &[],
            loose: &loose,
            expected: None,
            limit: FAR,
            inside: None,
            tighten: false,
        };
        let found = place_on(&self.shop, &self.tables, &ask, vec![machine], &[]);
        let times = match found {
            Ok(placement) if !forced => placement.times,
            _ if forced => vec![floor, floor, floor + time.base()],
            // Somebody is in it for good, or it is down: nothing to plan.
            _ => return,
        };
        let mut entry = Entry {
            plan: JobPlan {
                job: id,
                visits: Vec::new(),
                finish: FOREVER,
            },
            machines: vec![machine],
            rides: Vec::new(),
            promise: FAR,
            past: 0,
            expected: None,
            loose,
            late: true,
            stranded: None,
            aside: None,
            turns: forced.then(|| vec![floor - 1; 3]),
            times,
            job,
        };
        entry.outline();
        self.stocks.refills.insert(id, (machine, stock));
        self.lay(entry);
        if forced {
            self.dirty.insert(id);
        }
    }

    /// Puts a refill before work that would go without, and takes out refills that nobody needs. Whether
    /// somebody has to be planned anew for that.
    pub(super) fn tend_stocks(
        &mut self,
        forced: &mut BTreeMap<OrderId, u32>,
        now: i64,
        log: &mut Log,
    ) -> bool {
        let all: Vec<(usize, usize)> = self.stocks.most.keys().copied().collect();
        for (machine, stock) in all {
            self.spare_refills(machine, stock);
            let full = self.shop.machines[machine].stocks[stock].full;
            let work = self.work(machine, stock);
            let (_, since) = self.stocks.left[&machine][stock];
            for filling in self.fillings(machine, stock, &work) {
                if filling.used <= full || self.gone[machine] {
                    continue;
                }
                let first = full.saturating_sub(self.stocks.left[&machine][stock].0);
                let mut used = if filling.by.is_none() { first } else { 0 };
                let inside = |w: &&Work| w.0 >= filling.from.max(since) && w.0 < filling.until;
                let short = work.iter().filter(inside).find(|w| {
                    used = used.saturating_add(w.4);
                    used > full && w.0 > self.clock
                });
                let Some(&(from, _, order, task, _)) = short else {
                    continue;
                };
                let tries = forced.entry(order).or_default();
                *tries += 1;
                let bay = self.tables.bay(machine);
                if bay.room() == bay.capacity() && *tries <= FORCED_MOST {
                    self.plan_refill(machine, stock, from, true);
                    self.dirty.insert(order);
                } else if let Some(entry) = self.lift(order) {
                    // A plate is in it for good, or one that waits for the place where this one is: nobody
                    // can refill it until a person has helped.
                    let by = self.slots[machine].overlapping(FAR - 1, FAR).collect();
                    self.strand(entry, Why::Crowded { task, by }, now, log);
                }
            }
        }
        !self.dirty.is_empty()
    }

    /// Takes out refills that nobody needs any more.
    pub(super) fn spare_all_refills(&mut self) {
        let all: Vec<(usize, usize)> = self.stocks.most.keys().copied().collect();
        for (machine, stock) in all {
            self.spare_refills(machine, stock);
        }
    }

    /// Takes out refills that have not begun and between whose fillings all fits into one.
    fn spare_refills(&mut self, machine: usize, stock: usize) {
        let full = self.shop.machines[machine].stocks[stock].full;
        let most = self
            .stocks
            .most
            .get(&(machine, stock))
            .copied()
            .unwrap_or(0);
        loop {
            let work = self.work(machine, stock);
            let fillings = self.fillings(machine, stock, &work);
            let count = fillings.len();
            let spare = (1..count).rev().find(|&index| {
                let more = if index + 1 == count { most } else { 0 };
                let all = fillings[index - 1]
                    .used
                    .saturating_add(fillings[index].used);
                let begun = fillings[index].by.and_then(|id| self.jobs.get(&id));
                begun.is_some_and(|entry| entry.past == 0) && all.saturating_add(more) <= full
            });
            let Some(id) = spare.and_then(|index| fillings[index].by) else {
                return;
            };
            self.drop_refill(id);
        }
    }

    /// A refill is not wanted any more.
    pub(super) fn drop_refill(&mut self, id: OrderId) {
        self.lift(id);
        if let Some((machine, _)) = self.stocks.refills.remove(&id) {
            self.count_up(vec![machine]);
        }
        self.dirty.remove(&id);
        self.stranded.remove(&id);
    }

    /// An order is taken out: what it has used stays used, and what it has refilled is there.
    pub(super) fn settle_stock(&mut self, entry: &Entry) {
        if let Some((machine, stock)) = self.stocks.refills.remove(&entry.job.id) {
            let full = self.shop.machines[machine].stocks[stock].full;
            if entry.past > end(0)
                && let Some(all) = self.stocks.left.get_mut(&machine)
            {
                all[stock] = (full, entry.times[begin(0)]);
            }
            self.count_up(vec![machine]);
            return;
        }
        for (task, &machine) in entry.machines.iter().enumerate() {
            let load = self.shop.machines[machine].load.base();
            if begin(task) >= entry.past {
                continue;
            }
            if let (Some(all), Some(choice)) = (
                self.stocks.left.get_mut(&machine),
                chosen(&entry.job, task, machine),
            ) {
                for (left, uses) in all.iter_mut().zip(choice.uses) {
                    if entry.times[begin(task)] - load >= left.1 {
                        left.0 = left.0.saturating_sub(uses);
                    }
                }
            }
        }
        self.count_up(self.stocked(entry));
    }

    /// What began before `time` is settled, as it is to be forgotten.
    pub(super) fn settle_stocks_before(&mut self, time: i64) {
        let machines: Vec<usize> = self.stocks.left.keys().copied().collect();
        for &machine in &machines {
            for stock in 0..self.shop.machines[machine].stocks.len() {
                // Not beyond a refill that is going on.
                let going = self
                    .stocks
                    .refills
                    .iter()
                    .filter(|(_, of)| **of == (machine, stock));
                let begun = going.filter_map(|(id, _)| self.jobs.get(id).filter(|e| e.past > 0));
                let until = begun.map(|e| e.times[ORIGIN]).fold(time, i64::min);
                let work = self.work(machine, stock);
                if let Some(all) = self.stocks.left.get_mut(&machine) {
                    let since = all[stock].1;
                    let spent = work.iter().filter(|w| w.0 >= since && w.0 < until);
                    let left = spent.fold(all[stock].0, |left, w| left.saturating_sub(w.4));
                    all[stock] = (left, since.max(until));
                }
            }
        }
    }
}
