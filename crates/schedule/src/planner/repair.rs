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
use super::tables::{Loose, ORIGIN, Tables, begin, end, node};
use super::{Entry, Planner};
use crate::job::Where;
use crate::line::{FAR, Line};
use crate::plan::{BrokenLag, Limit, Repair, Why};
use quantity::{Duration, Instant, OrderId};
use std::collections::BTreeSet;

/// From so many orders on, nobody but the rivals of an order steps aside for it: with all of them, a repair
/// would take seconds.
const LARGE: usize = 2_000;

/// Rivals that step aside together, and at most.
const ASIDE: usize = 8;
const RIVALS_MOST: usize = 48;

/// What a repair has done so far.
#[derive(Default)]
pub(super) struct Log {
    moved: BTreeSet<OrderId>,
    broken: Vec<BrokenLag>,
    stranded: Vec<(OrderId, Why)>,
    /// Orders found stranded, whether that is news or not.
    lost: BTreeSet<OrderId>,
}

/// A limit of an entry: a lag by index, or the stay in, or the wait before, a task.
#[derive(Clone, Copy, Debug)]
enum Bound {
    Lag(usize),
    Stay(usize),
    Wait(usize),
}

/// A limit that some times break.
#[derive(Clone, Copy, Debug)]
struct Broken {
    what: Bound,
    allowed: i64,
    planned: i64,
}

impl Planner {
    /// Makes the plan feasible from `now` on after events were reported, changing as little as it
    /// can. What has begun stays as it is; limits are broken only where reality or the orders under
    /// way leave nothing else, never for an order that has not started.
    pub fn repair(&mut self, now: Instant) -> Repair {
        let now = self.tell(now);
        let mut log = Log::default();
        let overdue = self.next.range(..(now, OrderId(0))).map(|&(_, id)| id);
        let mut todo: BTreeSet<OrderId> = overdue.collect();
        if std::mem::take(&mut self.retry) {
            todo.extend(&self.stranded);
        }
        // A plate that is stranded on the way hinders others, who are dirty then.
        // Who was found stranded is not tried again in this repair, so there is an end.
        loop {
            todo.append(&mut self.dirty);
            let mut round: Vec<OrderId> = std::mem::take(&mut todo)
                .into_iter()
                .filter(|id| self.jobs.contains_key(id) && !log.lost.contains(id))
                .collect();
            if round.is_empty() {
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
            (entry.past == 0, next, *id)
        });
    }

    /// Takes the claims of orders that are to be mended and have not started off the timetables, so
    /// that those under way are not hindered by claims that won't last.
    fn yield_to_started(&mut self, todo: &[OrderId]) {
        if todo.iter().all(|id| self.jobs[id].past == 0) {
            return;
        }
        for id in todo {
            if self.jobs[id].past == 0
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
            self.lay(entry);
            return true;
        }
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
    fn search_inside(
        &mut self,
        entry: &Entry,
        inside: Option<(usize, i64)>,
        now: i64,
    ) -> Result<Placement, Misfit> {
        let window = inside.and_then(|(machine, _)| Some((machine, self.down[machine]?)));
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
    fn search(
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
            slid = place_on(&self.shop, &self.tables, &ask, entry.machines.clone()).ok();
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
        let net = Tables::net(
            &self.shop,
            &entry.job,
            &entry.machines,
            entry.past,
            &entry.loose,
            entry.expected,
        );
        let nodes = times.len();
        let kept = (0..nodes).all(|from| {
            (0..nodes).all(|to| from == to || times[to] - times[from] >= net.bound(from, to))
        });
        kept && self
            .tables
            .needs(&self.shop, &entry.job, &entry.machines)
            .iter()
            .all(|need| {
                let until = times[need.b as usize] + need.b_off;
                let from = (times[need.a as usize] + need.a_off).max(now);
                until <= from || self.tables.lines[need.line as usize].fit(from, until, 0) == from
            })
    }

    /// The machine that the plate is in, if that is down, and until when.
    fn inside(&self, entry: &Entry) -> Option<(usize, i64)> {
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
        self.down[machine].map(|(_, until)| (machine, until))
    }

    /// Lets go of limits that what has happened, or is known to come, breaks in any case.
    fn loosen(&self, entry: &mut Entry, inside: Option<(usize, i64)>, now: i64, log: &mut Log) {
        if entry.past == 0 || entry.stranded.is_some() {
            return;
        }
        let all = everything(entry);
        let mut net = Tables::net(
            &self.shop,
            &entry.job,
            &entry.machines,
            entry.past,
            &all,
            entry.expected,
        );
        if !net.close() {
            return;
        }
        let nodes = entry.times.len();
        let mut times = vec![-FAR; nodes];
        times[..entry.past].copy_from_slice(&entry.times[..entry.past]);
        for time in &mut times[entry.past..] {
            *time = now;
        }
        if let Some((node, at)) = entry.expected {
            times[node] = times[node].max(at);
        }
        if let Some((_, until)) = inside
            && entry.past < nodes
        {
            times[entry.past] = times[entry.past].max(until);
        }
        for node in 0..nodes {
            let value = times[node];
            net.raise(&mut times, node, value);
        }
        // A limit whose far end can't be early enough for its near end, which only happened ones
        // are: the others can still move.
        let past = entry.past;
        let happened = times.clone();
        self.note_broken(entry, &happened, |from| from < past, log);
    }

    /// Enters limits that these times break into the log, and lets go of them.
    fn note_broken(
        &self,
        entry: &mut Entry,
        times: &[i64],
        counts: impl Fn(usize) -> bool,
        log: &mut Log,
    ) {
        let job = entry.job.id;
        for broken in self.broken(entry, times, counts) {
            let (limit, loose) = match broken.what {
                Bound::Lag(index) => {
                    let lag = entry.job.lags[index];
                    let (from, to) = (lag.from, lag.to);
                    (Limit::Lag { from, to }, (&mut entry.loose.lags, index))
                }
                Bound::Stay(task) => (Limit::Stay { task }, (&mut entry.loose.stays, task)),
                Bound::Wait(task) => (Limit::MoverWait { task }, (&mut entry.loose.waits, task)),
            };
            loose.0.push(loose.1);
            log.broken.push(BrokenLag {
                job,
                limit,
                allowed: Duration::from_base(broken.allowed),
                planned: Duration::from_base(broken.planned),
            });
        }
    }

    /// The limits of an entry that still bind and that these times break, of those whose earlier node
    /// counts.
    fn broken(&self, entry: &Entry, times: &[i64], counts: impl Fn(usize) -> bool) -> Vec<Broken> {
        let mut all = Vec::new();
        for (index, lag) in entry.job.lags.iter().enumerate() {
            let (from, to) = (node(lag.from), node(lag.to));
            let Some(allowed) = lag.max.map(Duration::base) else {
                continue;
            };
            if from.max(to) >= times.len() || !counts(from) || entry.loose.lags.contains(&index) {
                continue;
            }
            let planned = times[to] - times[from];
            if planned > allowed {
                all.push(Broken {
                    what: Bound::Lag(index),
                    allowed,
                    planned,
                });
            }
        }
        for task in 0..entry.machines.len() {
            let planned = times[end(task)] - times[begin(task)];
            if let Some(allowed) = entry.job.tasks[task].stay_max.map(Duration::base)
                && counts(begin(task))
                && planned > allowed
                && !entry.loose.stays.contains(&task)
            {
                all.push(Broken {
                    what: Bound::Stay(task),
                    allowed,
                    planned,
                });
            }
            let before = if task > 0 { end(task - 1) } else { ORIGIN };
            let to = entry.machines[task];
            let least = match (task, entry.job.at) {
                (0, Where::On { .. }) => continue,
                (0, Where::Outside { station }) => {
                    let m = &self.shop.machines[to];
                    (self.shop.travel.time(station, m.station) + m.load).base()
                }
                (0, Where::In { machine, .. }) => self.shop.leg(machine, to).base(),
                _ => self.shop.leg(entry.machines[task - 1], to).base(),
            };
            let direct = match (task, entry.job.at) {
                (0, Where::In { machine, .. }) => self.shop.direct(machine, to),
                (0, _) => false,
                _ => self.shop.direct(entry.machines[task - 1], to),
            };
            let allowed = if direct {
                0
            } else {
                self.shop.mover_wait_max.base()
            };
            let planned = times[begin(task)] - times[before] - least;
            if counts(before)
                && begin(task) >= entry.past
                && planned > allowed
                && !entry.loose.waits.contains(&task)
            {
                all.push(Broken {
                    what: Bound::Wait(task),
                    allowed,
                    planned,
                });
            }
        }
        all
    }

    /// Gives an entry its new place.
    fn accept(&mut self, mut entry: Entry, placement: Placement, now: i64, log: &mut Log) {
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
    fn strand(&mut self, mut entry: Entry, why: Why, now: i64, log: &mut Log) {
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

    /// Steps 4 and 5: orders that have not started step aside; then those under way slide.
    fn rebuild(&mut self, mut hard: Vec<OrderId>, now: i64, log: &mut Log) {
        let mut aside = BTreeSet::new();
        if self.jobs.len() >= LARGE {
            self.make_room(hard, now, &mut aside, log);
            return self.come_back(aside, now, log);
        }
        let horizon = self.horizon();
        self.step_aside(horizon, &mut aside);
        let mut still = Vec::new();
        for id in std::mem::take(&mut hard) {
            if self.jobs[&id].past > 0 && !self.mend(id, now, log) {
                still.push(id);
            }
        }
        if !still.is_empty() {
            self.slide(now, &mut aside, log);
        }
        self.come_back(aside, now, log);
    }

    /// Those that stepped aside come back, each where it was if that is still free.
    fn come_back(&mut self, aside: BTreeSet<OrderId>, now: i64, log: &mut Log) {
        let mut back: Vec<(i64, OrderId)> = aside
            .into_iter()
            .filter_map(|id| self.jobs.get(&id).map(|e| (e.wanted(), id)))
            .collect();
        back.sort_unstable();
        for (_, id) in back {
            if !self.mend(id, now, log)
                && let Some(entry) = self.lift(id)
            {
                let why = match self.search(&entry, None, now) {
                    Err(misfit) => self.why(&entry.job, &entry.loose, misfit),
                    Ok(_) => Why::NoMover,
                };
                self.strand(entry, why, now, log);
            }
        }
    }

    /// Where there are very many orders: for each that can't go on, those that have not started and hold what
    /// its next task needs step aside. Where that does not do, its own limits give way, and nobody else's.
    fn make_room(
        &mut self,
        hard: Vec<OrderId>,
        now: i64,
        aside: &mut BTreeSet<OrderId>,
        log: &mut Log,
    ) {
        for id in hard {
            if self.jobs[&id].past == 0 {
                aside.insert(id);
                continue;
            }
            let rivals = self.rivals(id, now);
            let mut asked = 0;
            let mut done = false;
            while !done && asked < rivals.len() {
                for rival in rivals.iter().skip(asked).take(ASIDE) {
                    if let Some(mut entry) = self.lift(*rival) {
                        entry.park();
                        self.lay(entry);
                        aside.insert(*rival);
                    }
                }
                asked += ASIDE;
                done = self.mend(id, now, log);
            }
            if !done {
                self.give_way(id, now, log);
            }
        }
    }

    /// Orders that have not started and hold a machine that could do the next task of an order about when
    /// that is planned; the latest first, as they lose least.
    fn rivals(&self, id: OrderId, now: i64) -> Vec<OrderId> {
        let entry = &self.jobs[&id];
        let task = entry.settled();
        let (Some(asked), Some(&time)) = (entry.job.tasks.get(task), entry.times.get(begin(task)))
        else {
            return Vec::new();
        };
        let span = entry.times.get(end(task)).map_or(0, |&e| e - time);
        let (from, until) = (time.max(now), time.max(now) + 2 * span);
        let mut found = BTreeSet::new();
        for option in asked.options.iter() {
            for order in self.slots[option.machine].overlapping(from, until) {
                let other = self.jobs.get(&order);
                if let Some(other) = other.filter(|o| o.past == 0 && !o.parked()) {
                    found.insert((std::cmp::Reverse(other.times[ORIGIN]), order));
                }
            }
        }
        (found.into_iter().map(|(_, order)| order))
            .take(RIVALS_MOST)
            .collect()
    }

    /// Plans an order that is under way without its maximum limits, and says which are broken then.
    fn give_way(&mut self, id: OrderId, now: i64, log: &mut Log) {
        let Some(mut entry) = self.lift(id) else {
            return;
        };
        let inside = self.inside(&entry);
        let free = everything(&entry);
        let bound = std::mem::replace(&mut entry.loose, free);
        let found = self.search_inside(&entry, inside, now);
        let placement = match found {
            Ok(placement) => placement,
            Err(misfit) => {
                let why = self.why(&entry.job, &entry.loose, misfit);
                return self.strand(entry, why, now, log);
            }
        };
        entry.loose = bound;
        entry.machines.clone_from(&placement.machines);
        self.note_broken(&mut entry, &placement.times, |_| true, log);
        self.accept(entry, placement, now, log);
    }

    /// When the last order under way is done.
    fn horizon(&self) -> i64 {
        self.jobs
            .values()
            .filter(|e| e.past > 0 && e.stranded.is_none())
            .map(|e| e.finish().min(FAR - 1))
            .max()
            .unwrap_or(-FAR)
    }

    /// Takes all orders that have not started and would start before `horizon` off the timetables.
    fn step_aside(&mut self, horizon: i64, aside: &mut BTreeSet<OrderId>) {
        let ids: Vec<OrderId> = self
            .jobs
            .values()
            .filter(|e| e.past == 0 && e.stranded.is_none() && !aside.contains(&e.job.id))
            .filter(|e| e.parked() || e.times[ORIGIN] <= horizon)
            .map(|e| e.job.id)
            .collect();
        for id in ids {
            if let Some(mut entry) = self.lift(id) {
                entry.park();
                self.lay(entry);
                aside.insert(id);
            }
        }
    }

    /// Step 5.
    fn slide(&mut self, now: i64, aside: &mut BTreeSet<OrderId>, log: &mut Log) {
        let under_way: Vec<OrderId> = self
            .jobs
            .values()
            .filter(|e| e.past > 0 && e.stranded.is_none() && !e.done())
            .map(|e| e.job.id)
            .collect();
        let mut entries: Vec<Entry> = under_way.iter().filter_map(|&id| self.lift(id)).collect();
        // Whoever can't go on at all stays where he is, and the others slide without him.
        let slid = loop {
            let mut lost = None;
            let mut rerouted = Vec::new();
            for (index, entry) in entries.iter_mut().enumerate() {
                // All under way are off the timetables here: what is full now is full for good.
                match self.reroute(entry) {
                    Ok(true) => rerouted.push(index),
                    Ok(false) => {}
                    Err(why) => lost = Some((index, why)),
                }
            }
            if lost.is_none() {
                let inside: Vec<_> = entries.iter().map(|e| self.inside(e)).collect();
                let slid = self.shifted(&entries, &inside, now);
                let stuck: Vec<usize> = (0..slid.len()).filter(|&i| slid[i].is_none()).collect();
                let Some(&first) = stuck
                    .iter()
                    .find(|i| rerouted.contains(i))
                    .or(stuck.first())
                else {
                    break slid;
                };
                let entry = &entries[first];
                let task = entry.settled().min(entry.job.tasks.len() - 1);
                let by = entries.iter().map(|e| e.job.id);
                let by = by.filter(|&o| o != entry.job.id).collect();
                lost = Some((first, Why::Crowded { task, by }));
            }
            if let Some((index, why)) = lost {
                let entry = entries.swap_remove(index);
                self.strand(entry, why, now, log);
            }
        };
        let late = slid
            .iter()
            .flatten()
            .filter_map(|times| times.last())
            .max()
            .copied()
            .unwrap_or(-FAR);
        self.step_aside(late, aside);
        let mut again = Vec::new();
        for (mut entry, times) in entries.into_iter().zip(slid) {
            let id = entry.job.id;
            if let Some(times) = times {
                if times != entry.times {
                    log.moved.insert(id);
                }
                entry.times = times;
            }
            entry.outline();
            self.lay(entry);
            again.push(id);
        }
        // Where limits broke, try once more with everybody else where they are now.
        for id in again {
            let breaks = |entry: &Entry| !self.broken(entry, &entry.times, |_| true).is_empty();
            if !self.jobs.get(&id).is_some_and(|entry| breaks(entry)) {
                if let Some(entry) = self.jobs.get_mut(&id) {
                    entry.note_late(now, log);
                }
                continue;
            }
            let Some(mut entry) = self.lift(id) else {
                continue;
            };
            let inside = self.inside(&entry);
            if inside.is_none()
                && let Ok(placement) = self.search(&entry, inside, now)
            {
                self.accept(entry, placement, now, log);
                continue;
            }
            let times = entry.times.clone();
            self.note_broken(&mut entry, &times, |_| true, log);
            let placement = Placement {
                machines: entry.machines.clone(),
                times,
            };
            self.accept(entry, placement, now, log);
        }
    }

    /// Replaces machines that are gone in the rest of a plan: whether there were any, or why that is
    /// not possible.
    fn reroute(&self, entry: &mut Entry) -> Result<bool, Why> {
        let mut changed = false;
        for task in entry.past / 2..entry.machines.len() {
            if begin(task) < entry.past || !self.dead(entry.machines[task]) {
                continue;
            }
            let options = &entry.job.tasks[task].options;
            match options.iter().find(|o| !self.dead(o.machine)) {
                Some(option) => entry.machines[task] = option.machine,
                None => return Err(Why::NoMachine { task }),
            }
            changed = true;
        }
        Ok(changed)
    }

    fn dead(&self, machine: usize) -> bool {
        self.gone[machine]
            || self.down[machine].is_some_and(|(_, until)| until >= FAR)
            || self.tables.bay(machine).room() == 0
    }
}

/// All limits of an entry let go.
pub(super) fn everything(entry: &Entry) -> Loose {
    Loose {
        lags: (0..entry.job.lags.len()).collect(),
        stays: (0..entry.job.tasks.len()).collect(),
        waits: (0..entry.job.tasks.len()).collect(),
    }
}

impl Entry {
    /// Says once that the promised finish is broken.
    fn note_late(&mut self, now: i64, log: &mut Log) {
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
            });
        }
    }

    /// Back to what was planned, not laid yet.
    fn unpark(&mut self) {
        if let Some(placement) = self.aside.take() {
            self.machines = placement.machines;
            self.times = placement.times;
        }
    }

    pub(super) fn parked(&self) -> bool {
        self.aside.is_some()
    }

    /// When it was to start.
    fn wanted(&self) -> i64 {
        self.aside
            .as_ref()
            .map_or(self.times[ORIGIN], |p| p.times[ORIGIN])
    }
}
