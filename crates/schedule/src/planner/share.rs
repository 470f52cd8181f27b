//! Orders that share runs: how they get in and out, start, and wait for one another (see [`super::runs`]).

use super::place::{Ask, leaves, leg, place_on};
use super::repair::Log;
use super::runs::{Guest, Ride};
use super::tables::{ORIGIN, begin, between, chosen, end, node};
use super::{Entry, Planner};
use crate::job::{Choice, Edge, Job, Where};
use crate::line::FAR;
use crate::plan::Why;
use crate::shop::{Machine, UNLIMITED};
use quantity::{Instant, OrderId};

/// Starts that are tried for a run that waits for somebody.
const WAITS: usize = 3;

/// A run as planned, or as it goes on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SharedRun {
    /// Its number, as in [`crate::Run`].
    pub number: u32,
    /// Index of the machine.
    pub machine: usize,
    /// When it starts, or has started.
    pub start: Instant,
    /// It need not wait for this start: from then on it breaks no limit, once all are in.
    pub due: Instant,
    /// When its work is done.
    pub end: Instant,
    /// It has started.
    pub begun: bool,
    /// Its members: order, task, and whether the plate is in the machine or was.
    pub members: Vec<(OrderId, usize, bool)>,
}

/// What is wrong with how a machine takes plates by the run.
pub(super) fn wrong(machine: &Machine) -> Option<Why> {
    let batch = machine.batch?;
    let name = &machine.name;
    let what = if machine.slots == UNLIMITED {
        format!("{name} takes its plates by the run and is never full")
    } else if batch.most(machine.slots) == 0 {
        format!(
            "a plate alone can't go in {name}: {} places, at least {} filled{}, {} counterweights",
            machine.slots,
            batch.least,
            if batch.even { ", an even number" } else { "" },
            batch.weights
        )
    } else {
        return None;
    };
    Some(Why::Unknown(what))
}

impl Entry {
    /// How a task takes part in a run.
    pub(super) fn ride(&self, task: usize) -> Option<&Ride> {
        self.rides.iter().find(|ride| ride.task == task)
    }

    /// How long after its loading the work of a task begins, at these times.
    pub(super) fn delay(&self, task: usize, times: &[i64]) -> i64 {
        let ride = self.ride(task).filter(|ride| ride.start > -FAR);
        ride.map_or(0, |ride| (ride.start - times[begin(task)]).max(0))
    }
}

impl Planner {
    /// The run that a task of an order takes part in.
    #[must_use]
    pub fn run_of(&self, order: OrderId, task: usize) -> Option<SharedRun> {
        self.shared_run(self.jobs.get(&order)?.ride(task)?.run)
    }

    /// All runs of machines that take plates by the run, in order of start.
    #[must_use]
    pub fn runs(&self) -> Vec<SharedRun> {
        let all = self.tables.runs.all();
        let mut all: Vec<SharedRun> = all.filter_map(|(n, _)| self.shared_run(n)).collect();
        all.sort_by_key(|run| (run.start, run.machine, run.number));
        all
    }

    fn shared_run(&self, number: u32) -> Option<SharedRun> {
        let run = self.tables.runs.get(number)?;
        let mut due = -FAR;
        let mut members = Vec::new();
        for (order, task) in run.members() {
            let entry = self.jobs.get(&order)?;
            let times = &entry.times;
            members.push((order, task, begin(task) < entry.past));
            due = due.max(times[begin(task)]);
            for (index, lag) in entry.job.lags.iter().enumerate() {
                let Some((least, most)) = between(&entry.job, &entry.machines, lag) else {
                    continue;
                };
                let works = |edge: (usize, Edge)| edge.0 == task && edge.1 != Edge::End;
                let time = |edge: (usize, Edge)| {
                    let delay = if edge.1 == Edge::End {
                        0
                    } else {
                        entry.delay(edge.0, times)
                    };
                    times.get(node(edge)).map(|time| time + delay)
                };
                if works(lag.from)
                    && let (Some(most), Some(to)) = (most, time(lag.to))
                    && !entry.loose.lags.contains(&index)
                    && to < FAR
                {
                    due = due.max(to - most);
                } else if works(lag.to)
                    && let Some(from) = time(lag.from)
                {
                    due = due.max(from + least);
                }
            }
        }
        Some(SharedRun {
            number,
            machine: run.machine,
            start: Instant::from_base(run.start),
            due: Instant::from_base(due.min(run.start)),
            end: Instant::from_base(run.start + run.work()),
            begun: run.begun,
            members,
        })
    }

    /// The run that a task of an order takes part in has started, with all members that are in the machine.
    /// Others look for another run at the next repair.
    pub fn run_started(&mut self, order: OrderId, task: usize, at: Instant) {
        let at = self.tell(at);
        let ride = self.jobs.get(&order).and_then(|entry| entry.ride(task));
        let Some(run) = ride.map(|ride| ride.run) else {
            return;
        };
        let Some(found) = self.tables.runs.get(run) else {
            return;
        };
        if found.begun {
            return;
        }
        let members: Vec<(OrderId, usize)> = found.members().collect();
        for (id, task) in members {
            if self.jobs.get(&id).is_some_and(|e| begin(task) >= e.past)
                && let Some(mut entry) = self.lift(id)
            {
                entry.rides.retain(|ride| ride.task != task);
                self.lay(entry);
                self.dirty.insert(id);
            }
        }
        self.set_start(run, at, true);
    }

    /// Sets the start of a run, and tells its members, who have to look at their plans if it has changed.
    pub(super) fn set_start(&mut self, run: u32, start: i64, begun: bool) {
        let Some(found) = self.tables.runs.get(run) else {
            return;
        };
        let members: Vec<(OrderId, usize)> = found.members().collect();
        let changed = found.start != start;
        self.tables.runs.set_start(run, start, begun);
        for (id, task) in members {
            let Some(entry) = self.jobs.get_mut(&id) else {
                continue;
            };
            for ride in entry.rides.iter_mut().filter(|ride| ride.task == task) {
                ride.start = start;
                ride.begun |= begun;
            }
            entry.outline();
            if changed {
                self.dirty.insert(id);
            }
        }
    }

    /// A run in which somebody waits does not start in the past, nor while its machine can't be used.
    pub(super) fn postpone_runs(&mut self, now: i64) {
        let mut late = Vec::new();
        for (number, run) in self.tables.runs.all() {
            if !run.waited_for() {
                continue;
            }
            let mut start = run.start.max(now);
            if let Some((_, until)) = self.down[run.machine] {
                start = start.max(until);
            }
            for window in &self.shop.machines[run.machine].down {
                if start + run.work() > window.from.base() {
                    start = start.max(window.until.base());
                }
            }
            if start > run.start && start < FAR {
                late.push((number, start));
            }
        }
        for (number, start) in late {
            self.set_start(number, start, false);
        }
    }

    /// A plate was loaded at `at`: the run starts no earlier.
    pub(super) fn loaded(&mut self, order: OrderId, task: usize, at: i64) {
        let ride = self.jobs.get(&order).and_then(|entry| entry.ride(task));
        if let Some(&Ride { run, start, .. }) = ride
            && start < at
        {
            self.set_start(run, at, false);
        }
    }

    /// Rides of tasks that are done or running when an order is taken: the plate is in the run of those that
    /// are in the machine with it.
    pub(super) fn boarded_already(&self, job: &Job, past: &[i64]) -> Vec<Ride> {
        let machines: Vec<usize> = job.progress.iter().map(|d| d.machine).collect();
        let mut rides = self.tables.runs.rides(&machines, &[]);
        for ride in &mut rides {
            let loaded = past[begin(ride.task)];
            ride.inside = true;
            ride.start = loaded;
            if past.len() <= end(ride.task) {
                let with = self.tables.runs.with(machines[ride.task], loaded);
                ride.run = with.unwrap_or(ride.run);
            }
        }
        rides
    }

    /// Enters an order into the runs of its plan.
    pub(super) fn board(&mut self, entry: &mut Entry) {
        let id = entry.job.id;
        let mut rides = self.tables.runs.rides(&entry.machines, &entry.rides);
        rides.retain(|ride| entry.times[begin(ride.task)] < FAR);
        for ride in &mut rides {
            let task = ride.task;
            let loaded = entry.times[begin(task)];
            let alone = !self.tables.runs.shared(ride.run, id);
            if begin(task) < entry.past {
                if !ride.inside && (alone || ride.start <= -FAR) {
                    ride.start = loaded;
                }
                ride.inside = true;
            } else if alone {
                // Others that were in it may come back, so it does not start sooner.
                ride.start = ride.start.max(loaded);
            }
            let machine = entry.machines[task];
            let m = &self.shop.machines[machine];
            let last = task + 1 == entry.machines.len();
            let until = match (last, entry.job.stays) {
                (true, true) => FAR,
                (true, false) => entry.times[end(task)],
                (false, _) => entry.times[end(task)].saturating_add(m.unload.base()),
            };
            let end = entry.times[end(task)];
            let stay = (loaded - m.load.base(), end, until.min(FAR));
            let none = Choice {
                machine,
                ..Choice::default()
            };
            let choice = chosen(&entry.job, task, machine).unwrap_or(&none);
            (self.tables.runs).enter((machine, choice), id, ride, stay);
        }
        entry.rides = rides;
        if let Where::In { machine, .. } = entry.job.at
            && entry.job.progress.is_empty()
        {
            let out = entry.times[ORIGIN].saturating_add(self.shop.machines[machine].unload.base());
            let stay = Some((-FAR, out.min(FAR)));
            self.tables.runs.guest(machine, Guest::Order(id), stay);
        }
    }

    /// Takes an order out of the runs of its plan.
    pub(super) fn alight(&mut self, entry: &Entry) {
        for ride in &entry.rides {
            self.tables.runs.leave(entry.job.id, ride);
        }
        if let Where::In { machine, .. } = entry.job.at {
            let guest = Guest::Order(entry.job.id);
            self.tables.runs.guest(machine, guest, None);
        }
    }

    /// Others who have a run of a machine before or after an order's have to look whether it is still free.
    pub(super) fn crowd_runs(&mut self, order: OrderId) {
        let Some(entry) = self.jobs.get(&order) else {
            return;
        };
        let mut near = Vec::new();
        for ride in &entry.rides {
            let Some(&machine) = entry.machines.get(ride.task) else {
                continue;
            };
            let m = &self.shop.machines[machine];
            let from = entry.times[begin(ride.task)] - m.load.base();
            let until = entry.times[end(ride.task)].saturating_add(m.unload.base());
            near.extend(self.tables.runs.near(machine, ride.run, (from, until)));
        }
        near.retain(|&id| id != order);
        self.dirty.extend(near);
    }

    /// A run waits for a member that comes late, if that breaks no limit and no promise of the others, and no
    /// longer than another run would take. The order is not laid; whether it is then, and all is mended.
    pub(super) fn await_late(&mut self, entry: &Entry, now: i64, log: &mut Log) -> bool {
        let late = entry.rides.iter().find(|ride| {
            let coming = !ride.begun && begin(ride.task) >= entry.past;
            coming && self.tables.runs.shared(ride.run, entry.job.id)
        });
        let (Some(ride), None, false) = (late.copied(), &entry.stranded, entry.parked()) else {
            return false;
        };
        let Some(run) = self.tables.runs.get(ride.run) else {
            return false;
        };
        let planned = run.start;
        let others: Vec<OrderId> = run.members().map(|m| m.0).collect();
        let movable = |id: &OrderId| {
            let found = self.jobs.get(id);
            found.is_some_and(|e| e.stranded.is_none() && self.inside(e).is_none())
        };
        let m = &self.shop.machines[run.machine];
        let last = planned + run.work() + (m.load + m.unload).base();
        let step = (m.load + m.unload).base().max(1);
        if !others.iter().all(movable) || self.inside(entry).is_some() {
            return false;
        }
        let (slid, machines) = (self.ask_again(entry, now, FAR), entry.machines.clone());
        if place_on(&self.shop, &self.tables, &slid, machines, &entry.rides).is_ok() {
            return false;
        }
        // When it can be there.
        let fixed = &entry.machines[..ride.task];
        let ask = self.ask_again(entry, now, FAR);
        let leaves = leaves(&self.shop, &Ask { fixed, ..ask });
        let way = leg(&self.shop, &entry.job, fixed, ride.task, run.machine);
        let mut start = planned.max(now).max(leaves + way);
        if let Some((node, at)) = entry.expected
            && node == begin(ride.task)
        {
            start = start.max(at);
        }
        self.tables.runs.keep(ride.run, true);
        let mut all: Vec<Entry> = others.iter().filter_map(|&id| self.lift(id)).collect();
        all.sort_by_key(|e| (e.times[e.past.min(e.times.len() - 1)], e.job.id));
        all.insert(0, entry.clone());
        let mut done = false;
        for _ in 0..WAITS {
            if start > last {
                break;
            }
            self.tables.runs.set_start(ride.run, start, false);
            done = self.replace(&all, now, log);
            if done {
                break;
            }
            start += step;
        }
        if !done {
            self.tables.runs.set_start(ride.run, planned, false);
            for other in all.drain(1..) {
                self.lay(other);
            }
        }
        self.tables.runs.keep(ride.run, false);
        done
    }

    /// What is asked for an order that keeps its machines and comes no earlier than it is planned.
    fn ask_again<'a>(&self, entry: &'a Entry, now: i64, limit: i64) -> Ask<'a> {
        let past = entry.past.min(entry.times.len());
        Ask {
            job: &entry.job,
            past: &entry.times[..past],
            fixed: &entry.machines,
            rides: &entry.rides,
            now,
            floor: &entry.times,
            loose: &entry.loose,
            expected: entry.expected,
            limit,
            inside: None,
            tighten: false,
        }
    }

    /// Plans orders anew on their machines, in this order, and lays them; nothing if one does not fit. All but
    /// the first keep their promises.
    fn replace(&mut self, all: &[Entry], now: i64, log: &mut Log) -> bool {
        let mut laid = Vec::new();
        for (turn, entry) in all.iter().enumerate() {
            let limit = if turn == 0 || entry.late {
                FAR
            } else {
                entry.promise
            };
            let ask = self.ask_again(entry, now, limit);
            let machines = entry.machines.clone();
            let Ok(found) = place_on(&self.shop, &self.tables, &ask, machines, &entry.rides) else {
                for id in laid {
                    self.lift(id);
                }
                return false;
            };
            let mut next = entry.clone();
            next.set(found);
            laid.push(entry.job.id);
            self.lay(next);
        }
        for entry in all {
            let id = entry.job.id;
            if let Some(new) = self.jobs.get_mut(&id) {
                new.note_late(now, log);
                if new.times != entry.times {
                    log.moved.insert(id);
                }
            }
        }
        true
    }
}
