//! Plans entered into timetables and slots, and taken out again.

use super::ready::Gap;
use super::slots::{Held, Slots};
use super::tables::{ORIGIN, begin, end};
use super::{Entry, Planner};
use crate::job::Where;
use crate::line::FAR;
use crate::pattern::{give, take};
use crate::shop::UNLIMITED;
use quantity::OrderId;

/// As the task of a stay: where the plate was on admission.
const AT_ORIGIN: usize = usize::MAX;

/// A stay in a slot: task, machine, slot, when.
pub(super) type Stay = (usize, usize, u32, Held);

impl Planner {
    /// Takes everything that an entry's plan needs and keeps the entry.
    pub(super) fn lay(&mut self, mut entry: Entry) {
        let (id, past) = (entry.job.id, entry.past);
        if self.tables.runs.any() {
            self.board(&mut entry);
        }
        if entry.plan.visits.is_empty() || !entry.rides.is_empty() {
            entry.outline();
        }
        let needs = (self.tables).needs(&self.shop, &entry.job, &entry.machines, &entry.rides);
        take(&needs, &mut self.tables.lines, &entry.times);
        if let Some(&at) = entry.times.get(past) {
            self.next.insert((at, id));
        }
        let stays = self.stays(&entry, &entry.times);
        let stocked = self.stocked(&entry);
        self.jobs.insert(id, Box::new(entry));
        self.seat(id, past, stays);
        self.count_up(stocked);
    }

    /// Enters stays of an order into slots, and into its plan which these are. Those that have begun
    /// get the slot that they are in; others that want it are dealt anew.
    pub(super) fn seat(&mut self, order: OrderId, past: usize, stays: Vec<Stay>) {
        let mut dealt = Vec::new();
        for (task, machine, slot, stay) in stays {
            let unlimited = self.shop.machines[machine].slots == UNLIMITED;
            let settled = task == AT_ORIGIN || begin(task) < past;
            let slots = &mut self.slots[machine];
            let slot = if unlimited {
                slots.enter(slot, stay);
                slot
            } else if settled {
                dealt.extend(slots.claim(slot, self.clock, stay));
                slot
            } else if let Some(free) = slots.find(Some(slot), stay.from, stay.until) {
                slots.enter(free, stay);
                free
            } else {
                let (mine, changed) = slots.deal(self.clock, stay);
                dealt.extend(changed);
                mine
            };
            if !unlimited && self.slots[machine].doubled() {
                self.overfull.insert(machine);
            }
            self.refresh(machine);
            if task != AT_ORIGIN {
                dealt.push((order, task, slot));
            }
        }
        self.write_slots(dealt);
    }

    /// Deals the slots of machines anew that reality had overfilled: room may have come free.
    pub(super) fn deal_anew(&mut self) {
        for machine in std::mem::take(&mut self.overfull) {
            let dealt = self.slots[machine].deal_anew(self.clock);
            if self.slots[machine].doubled() {
                self.overfull.insert(machine);
            }
            self.refresh(machine);
            self.write_slots(dealt);
        }
    }

    /// Tells the lists of machines that the places of one have changed.
    pub(super) fn refresh(&mut self, machine: usize) {
        if self.tables.ready.watches(machine) {
            let gaps = gaps(&self.slots, &self.down, &self.gone, machine, self.clock);
            self.tables.ready.set(machine, gaps);
        }
    }

    /// Enters slots into the plans: order, task, slot.
    pub(super) fn write_slots(&mut self, dealt: Vec<(OrderId, usize, u32)>) {
        for (order, task, slot) in dealt {
            if let Some(visit) = self
                .jobs
                .get_mut(&order)
                .and_then(|e| e.plan.visits.get_mut(task))
            {
                visit.slot = slot;
            }
        }
    }

    /// Gives everything back that an order's plan holds and takes the entry out.
    pub(super) fn lift(&mut self, order: OrderId) -> Option<Entry> {
        let entry = *self.jobs.remove(&order)?;
        let needs = (self.tables).needs(&self.shop, &entry.job, &entry.machines, &entry.rides);
        give(&needs, &mut self.tables.lines, &entry.times);
        for (_, machine, slot, stay) in self.stays(&entry, &entry.times) {
            self.slots[machine].leave(slot, stay.from, stay.by);
            self.refresh(machine);
        }
        if let Some(&at) = entry.times.get(entry.past) {
            self.next.remove(&(at, order));
        }
        self.count_up(self.stocked(&entry));
        if self.tables.runs.any() {
            self.alight(&entry);
        }
        Some(entry)
    }

    /// The stays of an entry in slots at these times of its nodes.
    pub(super) fn stays(&self, entry: &Entry, times: &[i64]) -> Vec<Stay> {
        let mut stays = Vec::with_capacity(entry.machines.len() + 1);
        if entry.service() {
            let all = entry.machines.iter().filter(|_| times[end(0)] < FAR);
            for &machine in all {
                let held = Held {
                    from: times[begin(0)],
                    until: times[end(0)],
                    by: Some((entry.job.id, 0)),
                };
                let slots = self.shop.machines[machine].slots;
                let slots = if slots == UNLIMITED { 1 } else { slots };
                stays.extend((0..slots).map(|slot| (0, machine, slot, held)));
            }
            return stays;
        }
        if let Where::In { machine, slot } = entry.job.at
            && entry.job.progress.is_empty()
        {
            let until = times[ORIGIN] + self.shop.machines[machine].unload.base();
            let held = Held {
                from: -FAR,
                until,
                by: Some((entry.job.id, AT_ORIGIN)),
            };
            stays.push((AT_ORIGIN, machine, slot, held));
        }
        for (task, &machine) in entry.machines.iter().enumerate() {
            let m = &self.shop.machines[machine];
            let last = task + 1 == entry.machines.len();
            let until = match (last, entry.job.stays) {
                (true, true) => FAR,
                (true, false) => times[end(task)],
                (false, _) => times[end(task)] + m.unload.base(),
            };
            if times[begin(task)] >= FAR {
                continue;
            }
            let held = Held {
                from: times[begin(task)] - m.load.base(),
                until,
                by: Some((entry.job.id, task)),
            };
            let slot = match entry.plan.visits.get(task) {
                Some(visit) if m.slots != UNLIMITED => visit.slot,
                _ => 0,
            };
            stays.push((task, machine, slot, held));
        }
        stays
    }
}

/// When a machine has a place, from `now` on.
pub(super) fn gaps(
    slots: &[Slots],
    down: &[Option<(i64, i64)>],
    gone: &[bool],
    machine: usize,
    now: i64,
) -> Vec<Gap> {
    if gone[machine] {
        return Vec::new();
    }
    let mut gaps = slots[machine].gaps(machine, now);
    if let Some((_, until)) = down[machine] {
        gaps.retain_mut(|gap| {
            gap.from = gap.from.max(until);
            gap.from < gap.until
        });
        gaps.sort_unstable();
    }
    gaps
}
