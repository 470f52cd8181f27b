//! The last steps of a repair: orders that have not started step aside, and those under way slide.

use super::limits::everything;
use super::place::Placement;
use super::repair::Log;
use super::tables::{ORIGIN, begin, end};
use super::{Entry, Planner};
use crate::line::FAR;
use crate::plan::Why;
use quantity::OrderId;
use std::collections::BTreeSet;

/// From so many orders on, nobody but the rivals of an order steps aside for it: with all of them, a repair
/// would take seconds.
const LARGE: usize = 2_000;

/// Rivals that step aside together, and at most.
const ASIDE: usize = 8;
const RIVALS_MOST: usize = 48;

impl Planner {
    /// Steps 4 and 5: orders that have not started step aside; then those under way slide.
    pub(super) fn rebuild(&mut self, mut hard: Vec<OrderId>, now: i64, log: &mut Log) {
        let mut aside = BTreeSet::new();
        if self.jobs.len() >= LARGE {
            self.make_room(hard, now, &mut aside, log);
            return self.come_back(aside, now, log);
        }
        let horizon = self.horizon();
        self.step_aside(horizon, &mut aside);
        let mut still = Vec::new();
        for id in std::mem::take(&mut hard) {
            let entry = &self.jobs[&id];
            if (entry.past > 0 || entry.service()) && !self.mend(id, now, log) {
                still.push(id);
            }
        }
        if !still.is_empty() {
            self.slide(now, &mut aside, log);
        }
        self.come_back(aside, now, log);
    }

    /// Those that stepped aside come back, each where it was if that is still free.
    pub(super) fn come_back(&mut self, aside: BTreeSet<OrderId>, now: i64, log: &mut Log) {
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
    pub(super) fn make_room(
        &mut self,
        hard: Vec<OrderId>,
        now: i64,
        aside: &mut BTreeSet<OrderId>,
        log: &mut Log,
    ) {
        for id in hard {
            if self.jobs[&id].service() {
                if !self.mend(id, now, log) {
                    self.slide(now, aside, log);
                }
                continue;
            }
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
    pub(super) fn rivals(&self, id: OrderId, now: i64) -> Vec<OrderId> {
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
                if let Some(other) = other.filter(|o| o.past == 0 && !o.parked() && !o.service()) {
                    found.insert((std::cmp::Reverse(other.times[ORIGIN]), order));
                }
            }
        }
        (found.into_iter().map(|(_, order)| order))
            .take(RIVALS_MOST)
            .collect()
    }

    /// Plans an order that is under way without its maximum limits, and says which are broken then.
    pub(super) fn give_way(&mut self, id: OrderId, now: i64, log: &mut Log) {
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
        entry.rides.clone_from(&placement.rides);
        self.note_broken(&mut entry, &placement.times, |_| true, log);
        self.accept(entry, placement, now, log);
    }

    /// When the last order under way is done.
    pub(super) fn horizon(&self) -> i64 {
        self.jobs
            .values()
            .filter(|e| e.past > 0 && e.stranded.is_none())
            .map(|e| e.finish().min(FAR - 1))
            .max()
            .map_or(-FAR, |last| last.saturating_add(self.longest_setup()))
    }

    /// Takes all orders that have not started and would start before `horizon` off the timetables.
    pub(super) fn step_aside(&mut self, horizon: i64, aside: &mut BTreeSet<OrderId>) {
        let ids: Vec<OrderId> = self
            .jobs
            .values()
            .filter(|e| e.past == 0 && e.stranded.is_none() && !aside.contains(&e.job.id))
            .filter(|e| !e.service())
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

    /// Orders that have not started leave the runs of those that have.
    fn leave_to_started(&mut self, aside: &mut BTreeSet<OrderId>) {
        let runs = self.tables.runs.all().map(|(_, run)| run);
        let started = |id: OrderId| self.jobs.get(&id).is_some_and(|e| e.past > 0);
        let mixed = runs.filter(|run| !run.begun && run.members().any(|m| started(m.0)));
        let waiting = mixed.flat_map(|run| run.members().map(|m| m.0));
        let leaving: BTreeSet<OrderId> = waiting.filter(|&id| !started(id)).collect();
        for id in leaving {
            if let Some(mut entry) = self.lift(id) {
                entry.park();
                self.lay(entry);
                aside.insert(id);
            }
        }
    }

    /// Step 5.
    pub(super) fn slide(&mut self, now: i64, aside: &mut BTreeSet<OrderId>, log: &mut Log) {
        self.leave_to_started(aside);
        let under_way: Vec<OrderId> = self
            .jobs
            .values()
            .filter(|e| (e.past > 0 || e.service()) && e.stranded.is_none() && !e.done())
            .map(|e| e.job.id)
            .collect();
        let mut entries: Vec<Entry> = under_way.iter().filter_map(|&id| self.lift(id)).collect();
        // Whoever can't go on at all stays where he is, and the others slide without him.
        let (slid, groups) = loop {
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
                let (slid, groups) = self.shifted(&entries, &inside, now);
                let stuck: Vec<usize> = (0..slid.len()).filter(|&i| slid[i].is_none()).collect();
                let Some(&first) = stuck
                    .iter()
                    .find(|i| rerouted.contains(i))
                    .or(stuck.first())
                else {
                    break (slid, groups);
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
            .map_or(-FAR, |&last| last.saturating_add(self.longest_setup()));
        self.step_aside(late, aside);
        for group in groups {
            let times = |job: usize| slid[job].as_deref();
            let start = group.start(now, times);
            group.settle(&mut entries, start);
            if let Some(run) = group.run() {
                self.set_start(run, start, false);
            }
        }
        let mut again = Vec::new();
        for (mut entry, times) in entries.into_iter().zip(slid) {
            let id = entry.job.id;
            let mut disturbed = Vec::new();
            if let Some(times) = times {
                if times != entry.times {
                    log.moved.insert(id);
                    disturbed = self.stocked(&entry);
                }
                entry.times = times;
            }
            entry.turns = None;
            entry.outline();
            self.lay(entry);
            for machine in disturbed {
                self.look_at_stock(machine, now);
            }
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
                rides: entry.rides.clone(),
            };
            self.accept(entry, placement, now, log);
        }
    }

    /// Replaces machines that are gone in the rest of a plan: whether there were any, or why that is
    /// not possible.
    pub(super) fn reroute(&self, entry: &mut Entry) -> Result<bool, Why> {
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
            // In a run of its own, if it is one that takes plates by the run.
            entry.rides.retain(|ride| ride.task != task);
            entry.rides = self.tables.runs.rides(&entry.machines, &entry.rides);
            changed = true;
        }
        Ok(changed)
    }

    pub(super) fn dead(&self, machine: usize) -> bool {
        self.gone[machine]
            || self.down[machine].is_some_and(|(_, until)| until >= FAR)
            || self.tables.bay(machine).room() == 0
    }
}
