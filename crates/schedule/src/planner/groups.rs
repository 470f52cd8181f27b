//! Runs while all plans slide: which orders share one, and what that puts between their times.

use super::runs::{NEW, Tie};
use super::shift::{Cross, Sliding};
use super::tables::{begin, chosen, end};
use super::{Entry, Planner};
use crate::line::FAR;
use std::collections::BTreeMap;

/// Orders that share a run, by their index among those that slide.
#[derive(Clone, Debug)]
pub(super) struct Group {
    machine: usize,
    run: u32,
    /// Order and task.
    pub(super) members: Vec<(usize, usize)>,
    /// When the run has started, if it has.
    started: Option<i64>,
    /// When the first plate was loaded, if one was.
    inside: Option<i64>,
    /// When the first is loaded by its turn.
    turn: i64,
    /// How long the work takes.
    work: i64,
    /// The machine can't be used before.
    shut: i64,
}

impl Planner {
    /// The runs of orders that slide, in the order in which each machine does them. Who has given way and is
    /// not in the machine yet goes alone.
    pub(super) fn groups(
        &self,
        entries: &[Entry],
        turns: &[Vec<i64>],
        yields: &[u32],
    ) -> Vec<Group> {
        if !self.tables.runs.any() {
            return Vec::new();
        }
        let mut found: BTreeMap<(usize, u32, usize), Group> = BTreeMap::new();
        for (job, entry) in entries.iter().enumerate() {
            for ride in &entry.rides {
                let Some(&machine) = entry.machines.get(ride.task) else {
                    continue;
                };
                let alone = ride.run == NEW || (yields[job] > 0 && !ride.inside);
                let key = (machine, ride.run, if alone { 1 + job } else { 0 });
                let choice = chosen(&entry.job, ride.task, machine);
                let own = choice.map_or(0, |o| o.stay.base());
                let turn = turns[job][begin(ride.task)];
                let shut = self.down[machine].map_or(-FAR, |w| w.1);
                let group = found.entry(key).or_insert_with(|| Group {
                    machine,
                    run: if alone { NEW } else { ride.run },
                    members: Vec::new(),
                    started: None,
                    inside: None,
                    turn,
                    work: 0,
                    shut: if shut < FAR { shut } else { -FAR },
                });
                group.members.push((job, ride.task));
                group.turn = group.turn.min(turn);
                group.work = group.work.max(own);
                if ride.begun {
                    group.started = Some(ride.start);
                }
                if ride.inside {
                    let loaded = entry.times[begin(ride.task)];
                    group.inside = Some(group.inside.map_or(loaded, |other| other.min(loaded)));
                }
            }
        }
        let mut groups: Vec<Group> = found.into_values().collect();
        groups.sort_by_key(|g| (g.machine, g.inside.unwrap_or(FAR), g.turn, g.run));
        groups
    }
}

impl Group {
    /// The earliest start: now, where somebody waits in the machine.
    fn floor(&self, now: i64) -> i64 {
        if self.inside.is_some() {
            now.max(self.shut)
        } else {
            -FAR
        }
    }

    /// When the run starts at these times of its members.
    pub(super) fn start<'a>(&self, now: i64, times: impl Fn(usize) -> Option<&'a [i64]>) -> i64 {
        let loaded = self.members.iter().filter_map(|&(job, task)| {
            let times = times(job)?;
            times.get(begin(task)).copied()
        });
        let last = loaded.max().unwrap_or(-FAR);
        self.started.unwrap_or(last.max(self.floor(now)))
    }

    /// Gives the runs of orders that have slid, which begin when the last one is in.
    pub(super) fn settle(&self, entries: &mut [Entry], start: i64) {
        for &(job, task) in &self.members {
            for ride in entries[job].rides.iter_mut().filter(|r| r.task == task) {
                ride.run = self.run;
                ride.start = start;
            }
        }
    }

    /// The number of the run, if it has one.
    pub(super) fn run(&self) -> Option<u32> {
        (self.run != NEW && self.started.is_none()).then_some(self.run)
    }
}

/// How the work of orders that slide begins after their loading.
pub(super) fn ties(groups: &[Group], job: usize, entry: &Entry) -> Vec<Tie> {
    let mut ties = Vec::new();
    for group in groups {
        for &(_, task) in group.members.iter().filter(|m| m.0 == job) {
            let loaded = entry.times[begin(task)];
            match group.started {
                Some(start) => ties.push(Tie::Delayed(task, start - loaded)),
                None if group.members.len() > 1 || group.inside.is_some() => {
                    ties.push(Tie::Open(task, group.work));
                }
                None => {}
            }
        }
    }
    ties
}

/// The earliest unloading of orders that are in a run which goes on, or waits.
pub(super) fn hold_back(groups: &[Group], entries: &[Entry], sliding: &mut [Sliding], now: i64) {
    for group in groups.iter().filter(|g| g.inside.is_some()) {
        let done = group.started.unwrap_or(group.floor(now)) + group.work;
        for &(job, task) in &group.members {
            let entry = &entries[job];
            let nominal = entry.expected.is_none_or(|e| e.0 != end(task));
            if end(task) >= entry.past && (nominal || group.started.is_none()) {
                let time = &mut sliding[job].times[end(task)];
                *time = (*time).max(done);
            }
        }
    }
}

/// Enters that each one of a run is unloaded after all are loaded and the work, and that runs of a machine
/// come one after the other.
pub(super) fn chain_runs(
    planner: &Planner,
    groups: &[Group],
    entries: &[Entry],
    sliding: &mut [Sliding],
    turns: &[Vec<i64>],
) {
    let soft = |(job, task): (usize, usize)| begin(task) >= entries[job].past;
    for group in groups.iter().filter(|g| g.started.is_none()) {
        for &(first, from) in &group.members {
            for &(job, task) in &group.members {
                sliding[first].out.push(Cross {
                    turn: (job != first && soft((first, from))).then_some(1),
                    from: begin(from),
                    job,
                    to: end(task),
                    lag: group.work,
                });
            }
        }
    }
    for pair in groups.windows(2).filter(|p| p[0].machine == p[1].machine) {
        let m = &planner.shop.machines[pair[0].machine];
        for &(first, from) in &pair[0].members {
            for &(job, task) in &pair[1].members {
                if job == first {
                    continue;
                }
                let (since, turn) = (turns[first][begin(from)], turns[job][begin(task)]);
                let last = from + 1 == entries[first].machines.len();
                let out = match (last, entries[first].job.stays) {
                    (true, true) => continue,
                    (true, false) => 0,
                    (false, _) => m.unload.base(),
                };
                sliding[first].out.push(Cross {
                    turn: soft((first, from)).then(|| (turn - since).max(0) + 1),
                    from: end(from),
                    job,
                    to: begin(task),
                    lag: out + m.load.base(),
                });
            }
        }
    }
}
