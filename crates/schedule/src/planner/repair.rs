//! Making the plan feasible again after reality differed, with as little change as possible.
//!
//! In steps, each only where the one before did not do:
//! 1. the order's plan still holds with the times that happened: nothing changes;
//! 2. its coming times slide later on the same machines, everybody else stays;
//! 3. it is planned anew from where it is, everybody else stays;
//! 4. orders that have not started step aside and are planned anew afterwards;
//! 5. all orders that are under way slide later in the order in which they use each place, which is
//!    always possible (see [`super::shift`]); limits that this breaks are named.

use super::place::{Ask, Misfit, Placement, place, place_on};
use super::tables::{ORIGIN, Tables, begin, end};
use super::{Entry, Planner};
use crate::job::Where;
use crate::line::FAR;
use crate::plan::{BrokenLag, Limit, Repair, Why};
use quantity::{Duration, Instant, OrderId};
use std::collections::{BTreeMap, BTreeSet};

/// What a repair has done so far.
#[derive(Default)]
pub(super) struct Log {
    pub(super) moved: BTreeSet<OrderId>,
    pub(super) broken: Vec<BrokenLag>,
    pub(super) stranded: Vec<(OrderId, Why)>,
    /// Orders found stranded, whether that is news or not.
    pub(super) lost: BTreeSet<OrderId>,
}

impl Planner {
    /// Makes the plan feasible from `now` on after events were reported, changing as little as it
    /// can. What has begun stays as it is; limits are broken only where reality or the orders under
    /// way leave nothing else, never for an order that has not started.
    pub fn repair(&mut self, now: Instant) -> Repair {
        let now = self.tell(now);
        let mut log = Log::default();
        if self.tables.runs.any() {
            self.postpone_runs(now);
        }
        let overdue = self.next.range(..(now, OrderId(0))).map(|&(_, id)| id);
        let mut todo: BTreeSet<OrderId> = overdue.collect();
        if std::mem::take(&mut self.retry) {
            todo.extend(&self.stranded);
        }
        // A plate that is stranded on the way hinders others, who are dirty then.
        // Who was found stranded is not tried again in this repair, so there is an end.
        let mut forced = BTreeMap::new();
        loop {
            todo.append(&mut self.dirty);
            let mut round: Vec<OrderId> = std::mem::take(&mut todo)
                .into_iter()
                .filter(|id| self.jobs.contains_key(id) && !log.lost.contains(id))
                .collect();
            if round.is_empty() {
                if self.tend_stocks(&mut forced, now, &mut log) {
                    continue;
                }
                break;
            }
            self.sort_for_repair(&mut round);
            self.yield_to_started(&round);
            let mut hard = Vec::new();
            for id in round {
                if !self.mend(id, now, &mut log) {
                    hard.push(id);
                }
            }
            if !hard.is_empty() {
                self.rebuild(hard, now, &mut log);
            }
        }
        self.deal_anew();
        log.moved.retain(|id| !self.stocks.refills.contains_key(id));
        log.broken
            .retain(|b| !self.stocks.refills.contains_key(&b.job));
        log.stranded
            .retain(|s| !self.stocks.refills.contains_key(&s.0));
        Repair {
            moved: log.moved.into_iter().collect(),
            broken: log.broken,
            stranded: log.stranded,
        }
    }

    /// Started orders first, then by the next moment of their plan.
    fn sort_for_repair(&self, orders: &mut [OrderId]) {
        orders.sort_by_key(|id| {
            let entry = &self.jobs[id];
            let next = entry.times.get(entry.past).copied().unwrap_or(FAR);
            (entry.past == 0 && !entry.service(), next, *id)
        });
    }

    /// Takes the claims of orders that are to be mended and have not started off the timetables, so
    /// that those under way are not hindered by claims that won't last.
    fn yield_to_started(&mut self, todo: &[OrderId]) {
        let open = |entry: &Entry| entry.past == 0 && !entry.service();
        if todo.iter().all(|id| open(&self.jobs[id])) {
            return;
        }
        for id in todo {
            if open(&self.jobs[id])
                && self.jobs[id].stranded.is_none()
                && let Some(mut entry) = self.lift(*id)
            {
                entry.park();
                self.lay(entry);
            }
        }
    }

    /// Mends one order while all others stay as they are. False if that is not possible.
    pub(super) fn mend(&mut self, id: OrderId, now: i64, log: &mut Log) -> bool {
        let Some(mut entry) = self.lift(id) else {
            return true;
        };
        entry.unpark();
        if entry.service() && entry.stranded.is_some() {
            // Its machine is gone or shut: one is planned anew when it is wanted.
            self.lay(entry);
            self.drop_refill(id);
            return true;
        }
        if entry.done() {
            self.lay(entry);
            return true;
        }
        let inside = self.inside(&entry);
        if let Some((machine, until)) = inside
            && until >= FAR
        {
            self.strand(entry, Why::Locked { machine }, now, log);
            return true;
        }
        self.loosen(&mut entry, inside, now, log);
        if entry.stranded.is_none() && inside.is_none() && self.sound(&entry, now) {
            entry.turns = None;
            self.lay(entry);
            return true;
        }
        if entry.service() && entry.past == 0 {
            // A refill keeps its turn: it may only slide.
            self.lay(entry);
            return false;
        }
        if !entry.rides.is_empty() && self.await_late(&entry, now, log) {
            self.stranded.remove(&id);
            return true;
        }
        self.provide(&entry.job);
        match self.search_inside(&entry, inside, now) {
            Ok(placement) => {
                self.accept(entry, placement, now, log);
                true
            }
            Err(Misfit::NoMachine(task)) => {
                self.strand(entry, Why::NoMachine { task }, now, log);
                true
            }
            Err(_) => {
                if entry.past == 0 {
                    entry.park();
                }
                self.lay(entry);
                false
            }
        }
    }

    /// The same as [`Planner::search`] for a plate that may be in a machine that is down.
    pub(super) fn search_inside(
        &mut self,
        entry: &Entry,
        inside: Option<(usize, i64)>,
        now: i64,
    ) -> Result<Placement, Misfit> {
        let window =
            inside.and_then(|(machine, _)| self.shut(entry, machine).map(|w| (machine, w)));
        if let Some((machine, (from, until))) = window {
            self.tables.unblock(machine, from, until);
        }
        let found = self.search(entry, inside, now);
        if let Some((machine, (from, until))) = window {
            self.tables.block(machine, from, until);
        }
        found
    }

    /// A place for an order with everybody else fixed: sliding first, then anew.
    pub(super) fn search(
        &self,
        entry: &Entry,
        inside: Option<(usize, i64)>,
        now: i64,
    ) -> Result<Placement, Misfit> {
        let settled = entry.settled();
        let past = entry.past.min(entry.times.len());
        let mut ask = Ask {
            job: &entry.job,
            past: &entry.times[..past],
            fixed: &entry.machines[..settled],
            rides: &entry.rides,
            now,
            floor: &entry.times,
            loose: &entry.loose,
            expected: entry.expected,
            limit: FAR,
            inside,
            tighten: false,
        };
        let mut slid = None;
        if entry.stranded.is_none()
            && entry.machines.len() == entry.job.tasks.len()
            && !entry.parked()
        {
            let machines = entry.machines.clone();
            slid = place_on(&self.shop, &self.tables, &ask, machines, &entry.rides).ok();
            // Waiting for a machine to come back is only right where no other one is sooner.
            let finish = slid.as_ref().and_then(|p| p.times.last().copied());
            let waits = finish.is_some_and(|at| at > entry.promise)
                && entry.machines[settled..]
                    .iter()
                    .any(|&m| self.down[m].is_some());
            if let Some(found) = slid.take_if(|_| !waits) {
                return Ok(found);
            }
        }
        ask.floor = &[];
        ask.tighten = true;
        let anew = place(&self.shop, &self.tables, &ask);
        if let Some(slid) = slid {
            return match anew {
                Ok(other) if other.times.last() < slid.times.last() => Ok(other),
                _ => Ok(slid),
            };
        }
        if anew.is_ok() || past.is_multiple_of(2) || settled == 0 {
            return anew;
        }
        // On the way to a machine: somewhere else, then.
        ask.fixed = &entry.machines[..settled - 1];
        place(&self.shop, &self.tables, &ask)
    }

    /// Whether an entry that is not laid fits as it is.
    pub(super) fn sound(&self, entry: &Entry, now: i64) -> bool {
        let times = &entry.times;
        if times.len() != 1 + 2 * entry.job.tasks.len()
            || times[entry.past..].iter().any(|&t| t < now)
            || (entry.past == 0 && times[ORIGIN] < entry.job.release.base())
            || entry.expected.is_some_and(|(n, at)| times[n] < at)
        {
            return false;
        }
        let (ties, bounds) = self.tables.settled(
            &self.shop,
            &entry.job,
            (&entry.machines, &entry.rides),
            entry.past,
            (&entry.loose, entry.expected),
        );
        let net = Tables::net(
            &self.shop,
            &entry.job,
            &entry.machines,
            entry.past,
            &entry.loose,
            entry.expected,
            &ties,
        );
        let nodes = times.len();
        let kept = (0..nodes).all(|from| {
            (0..nodes).all(|to| from == to || times[to] - times[from] >= net.bound(from, to))
        });
        let needs = (self.tables).needs(&self.shop, &entry.job, &entry.machines, &entry.rides);
        kept && bounds.kept(times)
            && (needs.iter().filter(|need| need.does.asks())).all(|need| {
                let until = times[need.b as usize] + need.b_off;
                let from = (times[need.a as usize] + need.a_off).max(now);
                let fit = || need.fit((&needs, times), &self.tables.lines, (from, until, 0));
                until <= from || fit() == from
            })
    }

    /// The stretch in which the machine that a plate is in is down, or closed before the plate can be out.
    fn shut(&self, entry: &Entry, machine: usize) -> Option<(i64, i64)> {
        if let Some(window) = self.down[machine] {
            return Some(window);
        }
        let down = &self.shop.machines[machine].down;
        let next = down.partition_point(|w| w.until.base() <= self.clock);
        let (from, until) = down.get(next).map(|w| (w.from.base(), w.until.base()))?;
        let task = (entry.past / 2).checked_sub(1)?;
        let options = &entry.job.tasks.get(task)?.options;
        let stay = (options.iter().find(|o| o.machine == machine)).map_or(0, |o| o.stay.base());
        let done = match entry.expected {
            Some((node, at)) if node == end(task) => at,
            _ => entry.times[begin(task)] + entry.delay(task, &entry.times) + stay,
        };
        let out = done.max(self.clock) + self.shop.machines[machine].unload.base();
        (out > from).then_some((from, until))
    }

    /// The machine that the plate is in, if that is down, and until when.
    pub(super) fn inside(&self, entry: &Entry) -> Option<(usize, i64)> {
        let machine = if entry.past == 0 {
            match entry.job.at {
                Where::In { machine, .. } => machine,
                _ => return None,
            }
        } else if entry.past.is_multiple_of(2) {
            *entry.machines.get(entry.past / 2 - 1)?
        } else {
            return None;
        };
        self.shut(entry, machine).map(|(_, until)| (machine, until))
    }

    /// Gives an entry its new place.
    pub(super) fn accept(
        &mut self,
        mut entry: Entry,
        placement: Placement,
        now: i64,
        log: &mut Log,
    ) {
        let id = entry.job.id;
        if entry.machines != placement.machines || entry.times != placement.times {
            log.moved.insert(id);
        }
        self.stranded.remove(&id);
        entry.set(placement);
        entry.note_late(now, log);
        self.lay(entry);
    }

    /// Ends an order's plan where its plate is.
    pub(super) fn strand(&mut self, mut entry: Entry, why: Why, now: i64, log: &mut Log) {
        let id = entry.job.id;
        if entry.stranded.as_ref() != Some(&why) {
            log.stranded.push((id, why.clone()));
            log.moved.insert(id);
        }
        log.lost.insert(id);
        entry.aside = None;
        entry.strand(why);
        self.stranded.insert(id);
        let stays = self.stays(&entry, &entry.times);
        let carried = entry.past % 2 == 1;
        self.lay(entry);
        for (_, machine, _, stay) in stays {
            let touched = self.slots[machine].overlapping(stay.from.max(now), stay.until);
            self.dirty.extend(touched.filter(|&other| other != id));
        }
        if carried {
            self.crowd_out();
        }
    }
}

impl Entry {
    /// Says once that the promised finish is broken.
    pub(super) fn note_late(&mut self, now: i64, log: &mut Log) {
        let finish = self.finish();
        if self.promise >= FAR {
            self.promise = finish;
        } else if finish > self.promise && !self.late {
            self.late = true;
            log.broken.push(BrokenLag {
                job: self.job.id,
                limit: Limit::Finish,
                allowed: Duration::from_base(self.promise - now),
                planned: Duration::from_base(finish - now),
            });
        }
    }

    /// Off the timetables but for the place where the plate is; what was planned is remembered.
    pub(super) fn park(&mut self) {
        if !self.parked() {
            self.aside = Some(Placement {
                machines: std::mem::take(&mut self.machines),
                times: std::mem::replace(&mut self.times, vec![FAR - 1]),
                rides: std::mem::take(&mut self.rides),
            });
        }
    }

    /// Back to what was planned, not laid yet.
    pub(super) fn unpark(&mut self) {
        if let Some(placement) = self.aside.take() {
            self.machines = placement.machines;
            self.times = placement.times;
            self.rides = placement.rides;
        }
    }

    pub(super) fn parked(&self) -> bool {
        self.aside.is_some()
    }

    /// When it was to start.
    pub(super) fn wanted(&self) -> i64 {
        self.aside
            .as_ref()
            .map_or(self.times[ORIGIN], |p| p.times[ORIGIN])
    }
}
