//! Runs of machines that take their plates by the run, as the timetables see them.
//!
//! # The model
//!
//! A run is a number with a machine, a moment at which it starts, and its members: tasks of orders, each
//! with the stay that its plan has in the machine. Nothing else is kept, so whatever holds for orders
//! holds for runs: they come to be when a member is planned, and are gone with the last one.
//!
//! - **A member** is loaded by the start and unloaded from the end of the work on; the end is the start and
//!   the longest work of all members. Loading and unloading go by the arm, the door and the mover as in any
//!   other machine, so they take their time one after the other without more being said.
//! - **Runs never meet.** From the first loading to the last unloading a run has the machine to itself: one
//!   timetable of the machine says when somebody is in it. Who opens a run asks it to be free; who joins
//!   one asks nothing and keeps between the runs before and after ([`Fixed`]). As all stays of one run have
//!   its work in common, they leave no gap that another could slip into.
//! - **Joining** leaves the start and all members as they are: the plate is in by the start, waits in the
//!   machine, and can bear the wait. So no promise is touched. A plate that can't is first in a run of its own.
//! - **Opening** a run behind another one leaves room for as many loadings as there are places left, if the
//!   limits of who opens it allow that: plates that queue for the machine join it then.
//! - **What counts from the work** ([`Edge::Begin`], [`Edge::Done`]) counts from the start of the run. For a
//!   member of a run that others share this is a fixed moment, and its limits are bounds on single times
//!   ([`Bounds`]); they are closed under taking the earlier of two solutions like all the others, so
//!   the search for the earliest place stays complete. Who is alone in a run and not in the machine yet
//!   starts it by being loaded, as everywhere else.
//! - **Balance** is no condition on who shares a run: counterweights make up for any plate that is missing
//!   ([`crate::Batch::most`]). So a run never has to wait, and losing a member never stops the others.
//! - **Repair**: who comes late is waited for where all others can bear it and no longer than another run would
//!   take ([`Planner::await_late`]), else leaves the run. Where all slide, the start is when the last one is
//!   in: each one's unloading comes after every one's loading and the work. Who would close a circle by that
//!   is left behind, and goes in a run of its own.
//!
//! [`Planner::await_late`]: super::Planner

use super::tables::{begin, between, chosen, end, node};
use crate::job::{Choice, Edge, Job, Lag};
use crate::line::FAR;
use crate::shop::Shop;
use quantity::OrderId;
use std::collections::{BTreeMap, BTreeSet};

/// A run that has no number yet.
pub(crate) const NEW: u32 = 0;

/// How a task of an order takes part in a run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Ride {
    pub(crate) task: usize,
    /// Number of the run, or [`NEW`].
    pub(crate) run: u32,
    /// When it starts.
    pub(crate) start: i64,
    /// The plate has been loaded.
    pub(crate) inside: bool,
    /// The run has started.
    pub(crate) begun: bool,
}

impl Ride {
    /// In a run of its own, which nobody knows yet.
    pub(crate) fn new(task: usize) -> Self {
        Self {
            task,
            run: NEW,
            start: -FAR,
            inside: false,
            begun: false,
        }
    }
}

/// A member of a run, and its stay in the machine as planned.
#[derive(Clone, Copy, Debug)]
struct Member {
    from: i64,
    /// Unloading begins.
    end: i64,
    until: i64,
    work: i64,
    inside: bool,
}

/// A run.
#[derive(Clone, Debug)]
pub(crate) struct Run {
    pub(crate) machine: usize,
    family: u32,
    pub(crate) start: i64,
    pub(crate) begun: bool,
    /// It stays while its members are planned anew, and its work takes so long.
    kept: Option<i64>,
    members: BTreeMap<(OrderId, usize), Member>,
}

impl Run {
    /// Orders in it, and their tasks.
    pub(crate) fn members(&self) -> impl Iterator<Item = (OrderId, usize)> + '_ {
        self.members.keys().copied()
    }

    /// Whether somebody is in the machine and waits for its start.
    pub(crate) fn waited_for(&self) -> bool {
        !self.begun && self.members.values().any(|m| m.inside)
    }

    /// How long its work takes.
    pub(crate) fn work(&self) -> i64 {
        let longest = self.members.values().map(|m| m.work).max();
        longest.max(self.kept).unwrap_or(0)
    }

    /// From the first loading to the last unloading.
    fn span(&self) -> Option<(i64, i64)> {
        let from = self.members.values().map(|m| m.from).min()?;
        let until = self.members.values().map(|m| m.until).max()?;
        Some((from, until))
    }
}

/// Who is in a machine without taking part in a run.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Guest {
    /// A plate that is there when its order is taken.
    Order(OrderId),
    /// A place taken by no order.
    Place(u32),
}

/// All runs of a shop.
#[derive(Clone, Debug, Default)]
pub(crate) struct Runs {
    all: BTreeMap<u32, Run>,
    /// By machine that takes plates by the run.
    of: BTreeMap<usize, BTreeSet<u32>>,
    guests: BTreeMap<(usize, Guest), (i64, i64)>,
    last: u32,
}

/// A task whose work begins at a moment that is settled by others.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Fixed {
    pub(crate) task: usize,
    pub(crate) start: i64,
    pub(crate) work: i64,
    begun: bool,
    inside: bool,
    /// The machine is free of others from then on, and until then.
    after: i64,
    before: i64,
    /// Somebody in the run leaves before the work of this one is done.
    brief: bool,
}

/// How lags that count from the work of a task enter the network of its order.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Tie {
    /// Not at all: the moment is known ([`Bounds`]).
    Known(usize),
    /// The work of the task begins so long after its loading.
    Delayed(usize, i64),
    /// The work takes so long and begins some time after loading.
    Open(usize, i64),
}

impl Tie {
    pub(crate) fn task(self) -> usize {
        match self {
            Self::Known(task) | Self::Delayed(task, _) | Self::Open(task, _) => task,
        }
    }
}

/// Bounds on single times.
#[derive(Clone, Debug, Default)]
pub(crate) struct Bounds {
    pub(crate) least: Vec<(usize, i64)>,
    pub(crate) most: Vec<(usize, i64)>,
    /// They can't be kept, whatever the times.
    pub(crate) never: bool,
}

impl Bounds {
    /// Whether these times keep them.
    pub(crate) fn kept(&self, times: &[i64]) -> bool {
        !self.never
            && self.least.iter().all(|&(node, least)| times[node] >= least)
            && self.below(times)
    }

    /// Whether these times are early enough.
    pub(crate) fn below(&self, times: &[i64]) -> bool {
        self.most.iter().all(|&(node, most)| times[node] <= most)
    }
}

impl Runs {
    pub(crate) fn add_machine(&mut self, machine: usize) {
        self.of.insert(machine, BTreeSet::new());
    }

    /// Whether there are machines that take plates by the run.
    pub(crate) fn any(&self) -> bool {
        !self.of.is_empty()
    }

    pub(crate) fn get(&self, run: u32) -> Option<&Run> {
        self.all.get(&run)
    }

    pub(crate) fn all(&self) -> impl Iterator<Item = (u32, &Run)> {
        self.all.iter().map(|(&number, run)| (number, run))
    }

    /// Whether a machine takes plates by the run.
    pub(crate) fn takes(&self, machine: usize) -> bool {
        self.of.contains_key(&machine)
    }

    /// Whether others than this order are in a run.
    pub(crate) fn shared(&self, run: u32, order: OrderId) -> bool {
        let others = |run: &Run| run.kept.is_some() || run.members().any(|m| m.0 != order);
        self.all.get(&run).is_some_and(others)
    }

    /// Sets the start of a run.
    pub(crate) fn set_start(&mut self, run: u32, start: i64, begun: bool) {
        if let Some(run) = self.all.get_mut(&run) {
            run.start = start;
            run.begun |= begun;
        }
    }

    /// Keeps a run while its members are planned anew, or no longer.
    pub(crate) fn keep(&mut self, run: u32, keep: bool) {
        if let Some(found) = self.all.get_mut(&run) {
            found.kept = keep.then(|| found.work());
            if !keep && found.members.is_empty() {
                self.remove(run);
            }
        }
    }

    fn remove(&mut self, run: u32) {
        if let Some(gone) = self.all.remove(&run)
            && let Some(of) = self.of.get_mut(&gone.machine)
        {
            of.remove(&run);
        }
    }

    /// Enters a member with the stay that it plans. A run that has no number gets one.
    pub(crate) fn enter(
        &mut self,
        (machine, choice): (usize, &Choice),
        order: OrderId,
        ride: &mut Ride,
        (from, end, until): (i64, i64, i64),
    ) {
        if ride.run == NEW {
            self.last += 1;
            ride.run = self.last;
        }
        let run = self.all.entry(ride.run).or_insert_with(|| Run {
            machine,
            family: choice.family,
            start: ride.start,
            begun: ride.begun,
            kept: None,
            members: BTreeMap::new(),
        });
        (ride.start, ride.begun) = (run.start, run.begun);
        let member = Member {
            from,
            end,
            until,
            work: choice.stay.base(),
            inside: ride.inside,
        };
        run.members.insert((order, ride.task), member);
        self.of.entry(machine).or_default().insert(ride.run);
    }

    pub(crate) fn leave(&mut self, order: OrderId, ride: &Ride) {
        if let Some(run) = self.all.get_mut(&ride.run) {
            run.members.remove(&(order, ride.task));
            if run.members.is_empty() && run.kept.is_none() {
                self.remove(ride.run);
            }
        }
    }

    /// Somebody who takes part in no run is in a machine; `None` if not any more.
    pub(crate) fn guest(&mut self, machine: usize, guest: Guest, stay: Option<(i64, i64)>) {
        if !self.takes(machine) {
            return;
        }
        match stay {
            Some(stay) => self.guests.insert((machine, guest), stay),
            None => self.guests.remove(&(machine, guest)),
        };
    }

    /// Runs that an order could join with a choice if it is loaded at `loaded`: number, and when their work
    /// is done.
    pub(crate) fn open<'a>(
        &'a self,
        shop: &'a Shop,
        choice: &'a Choice,
        order: OrderId,
        loaded: i64,
    ) -> impl Iterator<Item = (u32, i64)> + 'a {
        let of = self.of.get(&choice.machine).into_iter().flatten();
        let most = shop.machines[choice.machine].run_most().unwrap_or(0);
        of.filter_map(move |&number| {
            let run = &self.all[&number];
            let fits = !run.begun
                && run.family == choice.family
                && run.start >= loaded
                && run.members.len() < most as usize
                && choice.stay.base() <= run.work()
                && run.members.values().all(|m| m.until < FAR)
                && run.members().all(|m| m.0 != order);
            fits.then(|| (number, run.start + run.work()))
        })
    }

    /// The run of those that are in a machine at some time and have not left it since.
    pub(crate) fn with(&self, machine: usize, at: i64) -> Option<u32> {
        let of = self.of.get(&machine)?;
        let there = |m: &Member| m.inside && m.until > at;
        let found = of
            .iter()
            .find(|run| self.all[run].members.values().any(there));
        found.copied()
    }

    /// Orders in other runs of a machine that are in it at some time in `[from, until)`.
    pub(crate) fn near(&self, machine: usize, run: u32, (from, until): (i64, i64)) -> Vec<OrderId> {
        let of = self.of.get(&machine).into_iter().flatten();
        let others = of.filter(|&&other| other != run).map(|n| &self.all[n]);
        let met = others.filter(|r| r.span().is_some_and(|s| s.0 < until && s.1 > from));
        met.flat_map(Run::members).map(|m| m.0).collect()
    }

    /// The rides of a plan on these machines: those that are known and still fit, and new ones.
    pub(crate) fn rides(&self, machines: &[usize], known: &[Ride]) -> Vec<Ride> {
        if !self.any() {
            return Vec::new();
        }
        let tasks = machines.iter().enumerate().filter(|m| self.takes(*m.1));
        tasks
            .map(|(task, &machine)| {
                let here = |ride: &&Ride| {
                    let run = self.all.get(&ride.run);
                    ride.task == task && run.is_none_or(|run| run.machine == machine)
                };
                known
                    .iter()
                    .find(here)
                    .copied()
                    .unwrap_or_else(|| Ride::new(task))
            })
            .collect()
    }

    /// Tasks of an order whose work begins when others, or what has happened, say. The order takes no part
    /// in its runs at the moment.
    pub(crate) fn fixed(&self, job: &Job, machines: &[usize], rides: &[Ride]) -> Vec<Fixed> {
        let settled = rides
            .iter()
            .filter(|ride| ride.inside || self.shared(ride.run, job.id));
        settled
            .filter_map(|ride| {
                let machine = *machines.get(ride.task)?;
                let run = self.all.get(&ride.run);
                let own = chosen(job, ride.task, machine).map_or(0, |o| o.stay.base());
                let start = run.map_or(ride.start, |run| run.start);
                let (after, before) = self.gap(machine, ride, start);
                let work = run.map_or(0, Run::work).max(own);
                let leaves = |run: &Run| run.members.values().any(|m| m.end < start + work);
                Some(Fixed {
                    task: ride.task,
                    start,
                    work,
                    brief: !ride.inside && run.is_some_and(leaves),
                    begun: run.map_or(ride.begun, |run| run.begun),
                    inside: ride.inside,
                    after,
                    before,
                })
            })
            .collect()
    }

    /// From when on, and until when, a machine is free of other runs round a start; who is inside already
    /// does not mind who else is.
    pub(crate) fn gap(&self, machine: usize, ride: &Ride, start: i64) -> (i64, i64) {
        let (mut after, mut before) = (-FAR, FAR);
        let mut keep = |earlier: bool, (from, until): (i64, i64)| {
            if earlier {
                after = after.max(until);
            } else {
                before = before.min(from);
            }
        };
        let of = self.of.get(&machine).into_iter().flatten();
        for other in of.filter(|&&other| other != ride.run).map(|n| &self.all[n]) {
            if let Some(span) = other.span() {
                keep(other.start <= start, span);
            }
        }
        let guests = (machine, Guest::Order(OrderId(0)))..(machine + 1, Guest::Order(OrderId(0)));
        for (_, &span) in self.guests.range(guests).filter(|_| !ride.inside) {
            keep(span.0 <= start, span);
        }
        (after, before)
    }
}

/// The bounds on the times of an order that come from tasks whose start is settled.
pub(crate) fn bounds(
    shop: &Shop,
    job: &Job,
    machines: &[usize],
    fixed: &[Fixed],
    past: usize,
    (loose, expected): (&super::Loose, super::Expected),
) -> Bounds {
    let mut bounds = Bounds::default();
    for one in fixed {
        let (b, e) = (begin(one.task), end(one.task));
        let m = &shop.machines[machines[one.task]];
        if !one.inside && b >= past {
            bounds.never |= one.brief;
            bounds
                .least
                .push((b, one.after.saturating_add(m.load.base())));
            bounds.most.push((b, one.start));
        }
        if e >= past {
            if expected.is_none_or(|x| x.0 != e) {
                bounds.least.push((e, one.start + one.work));
            }
            let last = one.task + 1 == machines.len() && !job.stays;
            let out = if last { 0 } else { m.unload.base() };
            if one.before < FAR {
                bounds.most.push((e, one.before - out));
            }
        }
    }
    if fixed.is_empty() {
        return bounds;
    }
    let settled = |edge: (usize, Edge)| {
        let one = fixed.iter().find(|f| f.task == edge.0)?;
        (edge.1 != Edge::End).then_some(one)
    };
    for (index, lag) in job.lags.iter().enumerate() {
        let (from, to) = (settled(lag.from), settled(lag.to));
        if from.is_none() && to.is_none() {
            continue;
        }
        let Some((least, most)) = between(job, machines, lag) else {
            continue;
        };
        let most = most.filter(|_| !loose.lags.contains(&index));
        let (a, b) = (node(lag.from), node(lag.to));
        match (from, to) {
            (Some(from), None) if b >= past => {
                bounds.least.push((b, from.start + least));
                bounds.most.extend(most.map(|most| (b, from.start + most)));
            }
            (None, Some(to)) if a >= past => {
                bounds.most.push((a, to.start - least));
                bounds.least.extend(most.map(|most| (a, to.start - most)));
            }
            _ => {
                // Where the other one has happened, a run that has not started may still start too late.
                let open = |f: Option<&Fixed>| f.is_some_and(|f| !f.begun);
                if from.is_some() && to.is_some() && (open(from) || open(to)) {
                    let apart = to.map_or(0, |f| f.start) - from.map_or(0, |f| f.start);
                    bounds.never |= apart < least || most.is_some_and(|most| apart > most);
                } else if let (None, Some(to)) = (from, to)
                    && !to.begun
                {
                    bounds.most.push((a, to.start - least));
                    bounds.least.extend(most.map(|most| (a, to.start - most)));
                }
            }
        }
    }
    bounds
}

/// Whether a lag counts from, or to, the work of a task: that tie.
pub(crate) fn tied(ties: &[Tie], edge: (usize, Edge)) -> Option<Tie> {
    let tie = ties.iter().find(|tie| tie.task() == edge.0)?;
    (edge.1 != Edge::End).then_some(*tie)
}

/// Whether some lag is among those that a tie changes.
pub(crate) fn ties_lag(ties: &[Tie], lag: &Lag) -> bool {
    !ties.is_empty() && (tied(ties, lag.from).is_some() || tied(ties, lag.to).is_some())
}
