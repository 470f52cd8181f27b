//! What happened: reality entered into the plan.
//!
//! Every call keeps the timetables equal to the plan; where reality differs from it, the order is
//! remembered for the next [`Planner::repair`].

use super::tables::{ORIGIN, begin, end};
use super::{Entry, Planner};
use crate::line::FAR;
use crate::pattern::{Need, give, take};
use crate::plan::Why;
use crate::planner::slots::{Held, Slots};
use crate::shop::{Machine, UNLIMITED};
use quantity::{Instant, OrderId};

impl Planner {
    /// The first leg of an order has begun: unloading where the plate was on admission.
    pub fn departed(&mut self, order: OrderId, at: Instant) {
        self.happen(order, ORIGIN, at, None);
    }

    /// The plate is loaded and the task's work begins. The machine and slot may differ from the plan.
    pub fn began(&mut self, order: OrderId, task: usize, machine: usize, slot: u32, at: Instant) {
        if machine < self.shop.machines.len() {
            self.happen(order, begin(task), at, Some((task, machine, slot)));
        }
    }

    /// Unloading begins after a task: with it the leg to the next task.
    pub fn ended(&mut self, order: OrderId, task: usize, at: Instant) {
        self.happen(order, end(task), at, None);
    }

    /// The plate will not be loaded for this task before `at`; by then it can be.
    pub fn expect_begin(&mut self, order: OrderId, task: usize, at: Instant) {
        self.expect(order, begin(task), at);
    }

    /// The work of this task will not be done before `at`; by then it is.
    pub fn expect_end(&mut self, order: OrderId, task: usize, at: Instant) {
        self.expect(order, end(task), at);
    }

    /// A machine can't be used from `now` until it is up again, or until the moment named. A plate
    /// inside stays inside meanwhile.
    pub fn machine_down(&mut self, machine: usize, now: Instant, until: Option<Instant>) {
        if machine >= self.down.len() || self.gone[machine] {
            return;
        }
        self.machine_up(machine, now);
        let window = (self.tell(now), until.map_or(FAR, Instant::base));
        self.tables.block(machine, window.0, window.1);
        self.down[machine] = Some(window);
        let touched: Vec<OrderId> = self.slots[machine]
            .overlapping(window.0, window.1)
            .collect();
        self.dirty.extend(touched);
        self.refresh(machine);
    }

    /// A machine can be used again.
    pub fn machine_up(&mut self, machine: usize, now: Instant) {
        self.tell(now);
        if let Some(window) = self.down.get_mut(machine).and_then(Option::take) {
            self.tables.unblock(machine, window.0, window.1);
            self.retry = true;
            self.refresh(machine);
        }
    }

    /// A new machine at a station of the shop; its index. Jobs name it in their options to use it.
    pub fn machine_added(&mut self, machine: Machine) -> usize {
        let index = self.shop.machines.len();
        self.slots.push(Slots::new(machine.slots));
        self.stocks.add(index, &machine);
        self.set_up = self.set_up || machine.setups.is_some();
        self.shop.machines.push(machine);
        self.tables.add_machine(&self.shop, index);
        self.down.push(None);
        self.gone.push(false);
        self.retry = true;
        index
    }

    /// A machine is gone for good, with what is in it. Its index is not used again.
    pub fn machine_removed(&mut self, machine: usize, now: Instant) {
        self.machine_down(machine, now, None);
        if let Some(gone) = self.gone.get_mut(machine) {
            *gone = true;
            self.tables.remove_machine(machine);
            self.refresh(machine);
        }
    }

    /// There are more or fewer movers now. With fewer, orders that can wait are moved first.
    pub fn movers_changed(&mut self, movers: u32) {
        let fewer = movers < self.shop.movers;
        self.shop.movers = movers;
        self.tables.set_movers(movers);
        if fewer {
            self.crowd_out();
        } else {
            self.retry = true;
        }
    }

    /// Marks the orders that take part in using more movers than there are.
    pub(super) fn crowd_out(&mut self) {
        let crowded = self.tables.crowded();
        let open: Vec<OrderId> = self
            .jobs
            .iter()
            .filter(|(_, e)| e.stranded.is_none() && self.crowds(e, &crowded))
            .map(|(&id, _)| id)
            .collect();
        self.dirty.extend(open);
    }

    /// Whether a coming leg of an entry falls into one of these stretches.
    fn crowds(&self, entry: &Entry, stretches: &[(i64, i64)]) -> bool {
        (0..entry.machines.len()).any(|task| {
            let before = if task > 0 { end(task - 1) } else { ORIGIN };
            let (from, until) = (entry.times[before], entry.times[begin(task)]);
            if begin(task) < entry.past {
                return false;
            }
            let next = stretches.partition_point(|s| s.1 <= from);
            stretches.get(next).is_some_and(|s| s.0 < until)
        })
    }

    /// A place is taken by something that is no order of this planner, for example a stored plate.
    pub fn hold(&mut self, machine: usize, slot: u32, from: Instant) {
        if machine >= self.slots.len() || self.holds.contains_key(&(machine, slot)) {
            return;
        }
        self.tables.hold(machine, slot, from.base());
        let held = Held {
            from: from.base(),
            until: FAR,
            by: None,
        };
        let key = self.slot_key(machine, slot);
        self.slots[machine].enter(key, held);
        if self.shop.machines[machine].slots != UNLIMITED && self.slots[machine].doubled() {
            self.overfull.insert(machine);
        }
        self.holds.insert((machine, slot), from.base());
        self.refresh(machine);
        let touched: Vec<OrderId> = self.slots[machine].overlapping(from.base(), FAR).collect();
        self.dirty.extend(touched);
    }

    /// A place that was held is free from `at` on.
    pub fn release(&mut self, machine: usize, slot: u32, at: Instant) {
        self.tell(at);
        if let Some(from) = self.holds.remove(&(machine, slot)) {
            self.tables.release(machine, slot, from);
            let key = self.slot_key(machine, slot);
            self.slots[machine].leave(key, from, None);
            self.refresh(machine);
            self.retry = true;
        }
    }

    fn slot_key(&self, machine: usize, slot: u32) -> u32 {
        if self.shop.machines[machine].slots == UNLIMITED {
            0
        } else {
            slot
        }
    }

    fn expect(&mut self, order: OrderId, node: usize, at: Instant) {
        let Some(entry) = self.jobs.get_mut(&order) else {
            return;
        };
        if node != entry.past || node >= entry.times.len() {
            return;
        }
        entry.expected = Some((node, at.base()));
        if entry.times[node] < at.base() {
            self.dirty.insert(order);
        }
    }

    fn happen(
        &mut self,
        order: OrderId,
        node: usize,
        at: Instant,
        place: Option<(usize, usize, u32)>,
    ) {
        let at = self.tell(at);
        let Some(known) = self.jobs.get(&order) else {
            return;
        };
        if node < known.past || node > 2 * known.job.tasks.len() {
            return;
        }
        let nodes = known.times.len();
        let elsewhere = place.is_some_and(|(task, machine, _)| {
            task < known.machines.len() && known.machines[task] != machine
        });
        let as_planned = node < nodes && !elsewhere && !known.parked();
        if as_planned && known.rides.is_empty() {
            return self.happen_as_planned(order, node, at, place);
        }
        if !as_planned || known.times[node] != at {
            self.dirty.insert(order);
        }
        let Some(mut entry) = self.lift(order) else {
            return;
        };
        if let Some((task, machine, slot)) = place {
            if task < entry.machines.len() {
                entry.machines[task] = machine;
            }
            if let Some(visit) = entry.plan.visits.get_mut(task) {
                visit.machine = machine;
                visit.slot = slot;
            }
        }
        if node < nodes {
            entry.reached(node, at);
        } else {
            // A stranded plate moved on all the same.
            entry.go_on(node, at, place);
            if entry.expected.is_some_and(|e| e.0 <= node) {
                entry.expected = None;
            }
        }
        // Taken out before the run has started, it was in none.
        (entry.rides).retain(|ride| ride.begun || node != end(ride.task));
        entry.outline();
        if let Some((task, _, slot)) = place
            && let Some(visit) = entry.plan.visits.get_mut(task)
        {
            visit.slot = slot;
        }
        self.lay(entry);
        if let Some((task, ..)) = place {
            self.loaded(order, task, at);
        }
        self.disturb(order);
    }

    /// What happened is what the plan has next, on the machine that it names: only the times of few
    /// nodes differ, and only what depends on these is entered anew.
    fn happen_as_planned(
        &mut self,
        order: OrderId,
        node: usize,
        at: i64,
        place: Option<(usize, usize, u32)>,
    ) {
        let Some(entry) = self.jobs.get_mut(&order) else {
            return;
        };
        let before = entry.times.clone();
        if before[node] != at {
            self.dirty.insert(order);
        }
        let next = (before.get(entry.past)).map(|&time| (time, order));
        entry.reached(node, at);
        let coming = (entry.times.get(entry.past)).map(|&time| (time, order));
        let entry = &self.jobs[&order];
        let stays = self.stays(entry, &before);
        let needs = (self.tables).needs(&self.shop, &entry.job, &entry.machines, &entry.rides);
        let moved = |need: &Need| need.span(&before) != need.span(&entry.times);
        let moved: Vec<Need> = needs.into_iter().filter(moved).collect();
        give(&moved, &mut self.tables.lines, &before);
        take(&moved, &mut self.tables.lines, &entry.times);
        let Some(entry) = self.jobs.get_mut(&order) else {
            return;
        };
        entry.outline();
        if let Some((task, _, slot)) = place
            && let Some(visit) = entry.plan.visits.get_mut(task)
        {
            visit.slot = slot;
        }
        let entry = &self.jobs[&order];
        let (mut left, mut entered) = (stays, self.stays(entry, &entry.times));
        // A stay that goes on as it was is not touched, unless it is the one that began just now.
        let began = place.map(|(task, _, _)| task);
        let same: Vec<_> = left
            .iter()
            .filter(|stay| Some(stay.0) != began && entered.contains(stay))
            .copied()
            .collect();
        left.retain(|stay| !same.contains(stay));
        entered.retain(|stay| !same.contains(stay));
        let past = entry.past;
        for (_, machine, slot, stay) in left {
            self.slots[machine].leave(slot, stay.from, stay.by);
            self.refresh(machine);
        }
        self.seat(order, past, entered);
        self.count_up(self.stocked(&self.jobs[&order]));
        self.disturb(order);
        if next != coming {
            if let Some(next) = next {
                self.next.remove(&next);
            }
            if let Some(coming) = coming {
                self.next.insert(coming);
            }
        }
    }
}

impl Entry {
    /// A node of the plan happened.
    fn reached(&mut self, node: usize, at: i64) {
        if self.times[node] != at && self.turns.is_none() {
            self.turns = Some(self.times.clone());
        }
        self.times[node] = at;
        for earlier in 0..node {
            self.times[earlier] = self.times[earlier].min(at);
        }
        for later in node + 1..self.times.len() {
            self.times[later] = self.times[later].max(self.times[later - 1]);
        }
        self.past = node + 1;
        if self.expected.is_some_and(|e| e.0 <= node) {
            self.expected = None;
        }
    }

    /// Extends a plan that ended early by what happened beyond its end.
    fn go_on(&mut self, node: usize, at: i64, place: Option<(usize, usize, u32)>) {
        for time in &mut self.times {
            *time = (*time).min(at);
        }
        while self.times.len() <= node {
            let task = self.machines.len();
            let machine = match place {
                Some((t, machine, _)) if t == task => machine,
                _ => self.job.tasks[task].options[0].machine,
            };
            self.machines.push(machine);
            self.times.extend([at, at]);
        }
        self.past = node + 1;
        self.strand(self.stranded.clone().unwrap_or(Why::NoMover));
    }
}
