//! Work of unlike families on machines that need set-ups in between.
//!
//! For every such machine and family there is a timetable of when that family's work can't be there. A stay
//! asks for its own family's and blocks those of all others, from a set-up before it to a set-up after it.
//! So a set-up is kept between any two unlike stays, and the search for a place is the same as for places
//! and doors.

use super::tables::{begin, chosen, end};
use super::{Entry, Planner};
use crate::job::Job;
use crate::line::{FAR, Line};
use crate::pattern::Does;
use crate::plan::Why;
use crate::shop::{Machine, Setups, Window};
use quantity::{Duration, Instant, OrderId};

/// Families of work on one machine, at most.
pub(super) const FAMILIES_MOST: usize = 256;

/// The last work that orders which are gone have done on a machine: what comes next needs a set-up after it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Trace {
    /// Index of the machine.
    pub machine: usize,
    /// The family of the work.
    pub family: u32,
    /// When loading began.
    pub from: Instant,
    /// When unloading was over.
    pub until: Instant,
}

/// What is wrong with the set-ups of a machine.
pub(super) fn wrong(machine: &Machine) -> Option<Why> {
    let (a, b, c) = machine.setups.as_ref()?.shortcut()?;
    Some(Why::Unknown(format!(
        "set-ups of {} from family {a} to {c} take longer than by way of {b}; give the shorter time",
        machine.name
    )))
}

impl Planner {
    /// Makes the timetables of families that a job brings along.
    pub(super) fn learn_families(&mut self, job: &Job) -> Result<(), Why> {
        if !self.set_up {
            return Ok(());
        }
        for choice in job.tasks.iter().flat_map(|task| task.options.iter()) {
            if !self.tables.strange(&self.shop, choice) {
                continue;
            }
            let (machine, family) = (choice.machine, choice.family);
            if self.tables.families(machine).len() >= FAMILIES_MOST {
                let name = &self.shop.machines[machine].name;
                return Err(Why::Unknown(format!(
                    "more than {FAMILIES_MOST} families of work on {name}"
                )));
            }
            let line = self.tables.add_family(machine, family);
            // Not from the slots: these may have forgotten what is out, and the machine is not set up since.
            let there = self.jobs.values().filter(|e| e.machines.contains(&machine));
            for entry in there {
                let needs =
                    (self.tables).needs(&self.shop, &entry.job, &entry.machines, &entry.rides);
                for need in needs
                    .iter()
                    .filter(|n| n.line == line && n.does == Does::Block)
                {
                    let (from, until) = need.span(&entry.times);
                    self.tables.lines[line as usize].take(from, until, 1);
                }
            }
            let traces = self.traces.clone();
            for trace in traces.iter().filter(|t| t.machine == machine) {
                self.block_after(trace, Some(family));
            }
        }
        Ok(())
    }

    /// Remembers what an order that is taken out has done on machines that need set-ups.
    pub(super) fn leave_traces(&mut self, entry: &Entry, at: i64) {
        if !self.set_up {
            return;
        }
        for (task, &machine) in entry.machines.iter().enumerate() {
            let m = &self.shop.machines[machine];
            if begin(task) >= entry.past || m.setups.is_none() {
                continue;
            }
            let Some(family) = chosen(&entry.job, task, machine).map(|o| o.family) else {
                continue;
            };
            let gone = entry.times[end(task)].saturating_add(m.unload.base());
            let until = if end(task) < entry.past {
                gone
            } else {
                at.min(gone)
            };
            let trace = Trace {
                machine,
                family,
                from: Instant::from_base(entry.times[begin(task)] - m.load.base()),
                until: Instant::from_base(until),
            };
            self.block_after(&trace, None);
            self.traces.push(trace);
        }
    }

    /// Blocks the timetable of one family, or of all, after work that has been done.
    fn block_after(&mut self, trace: &Trace, only: Option<u32>) {
        let Some(setups) = &self.shop.machines[trace.machine].setups else {
            return;
        };
        let families = self.tables.families(trace.machine).clone();
        for (family, line) in families {
            if family != trace.family && only.is_none_or(|only| only == family) {
                let until = trace.until + setups.between(trace.family, family);
                let line = &mut self.tables.lines[line as usize];
                line.take(trace.from.base(), until.base(), 1);
            }
        }
    }

    /// An order's stay may be earlier, or longer, than planned: who comes right after it, or before, has
    /// to look whether there is still time for a set-up.
    pub(super) fn disturb(&mut self, order: OrderId) {
        if self.tables.runs.any() {
            self.crowd_runs(order);
        }
        if !self.set_up {
            return;
        }
        let Some(entry) = self.jobs.get(&order) else {
            return;
        };
        let Some(task) = entry
            .past
            .checked_sub(1)
            .map(|node| node.saturating_sub(1) / 2)
        else {
            return;
        };
        let Some(&machine) = entry.machines.get(task) else {
            return;
        };
        let m = &self.shop.machines[machine];
        let Some(setups) = &m.setups else { return };
        let far = setups.longest().base();
        let from = entry.times[begin(task)].saturating_sub(m.load.base() + far);
        let until = entry.times[end(task)].saturating_add(m.unload.base() + far);
        let near = self.slots[machine].overlapping(from, until.min(FAR));
        let near: Vec<OrderId> = near.filter(|&id| id != order).collect();
        self.dirty.extend(near);
    }

    /// When machines are set up for other work in the plan, in order of machine and time: machine, begin
    /// and end. It begins as soon as nothing is in the machine any more.
    #[must_use]
    pub fn set_ups(&self) -> Vec<(usize, Window)> {
        let mut all = Vec::new();
        for (machine, m) in self.shop.machines.iter().enumerate() {
            let Some(setups) = &m.setups else { continue };
            let traces = self.traces.iter().filter(|t| t.machine == machine);
            let mut stays: Vec<(i64, i64, u32)> = traces
                .map(|t| (t.from.base(), t.until.base(), t.family))
                .collect();
            for held in self.slots[machine].stays() {
                let found = held.by.and_then(|(order, task)| {
                    let entry = self.jobs.get(&order)?;
                    chosen(&entry.job, task, *entry.machines.get(task)?)
                });
                if let Some(choice) = found {
                    stays.push((held.from, held.until, choice.family));
                }
            }
            stays.sort_unstable();
            let mut out = i64::MIN;
            for pair in stays.windows(2) {
                out = out.max(pair[0].1);
                if pair[0].2 != pair[1].2 && pair[1].0 < FAR {
                    let from = Instant::from_base(out);
                    let until = from + setups.between(pair[0].2, pair[1].2);
                    all.push((machine, Window { from, until }));
                }
            }
        }
        all
    }

    /// The longest set-up of all machines.
    pub(super) fn longest_setup(&self) -> i64 {
        if !self.set_up {
            return 0;
        }
        let all = self.shop.machines.iter().filter_map(|m| m.setups.as_ref());
        let longest = all.map(Setups::longest).max();
        longest.map_or(0, Duration::base)
    }

    /// Drops traces that no set-up depends on any more.
    pub(super) fn forget_traces(&mut self, time: i64) {
        let machines = &self.shop.machines;
        self.traces.retain(|trace| {
            let setups = machines[trace.machine].setups.as_ref();
            let longest = setups.map_or(Duration::ZERO, Setups::longest);
            (trace.until + longest).base() > time
        });
    }
}
