//! The timetables of a shop, and the pattern of a job on them for a choice of machines.

use super::ready::Ready;
use super::runs::{Bounds, Fixed, Guest, Ride, Runs, Tie, bounds, tied, ties_lag};
use crate::job::{Choice, Edge, Job, Lag, Where};
use crate::line::{FAR, Line};
use crate::net::Net;
use crate::pattern::{ALWAYS, Does, FOR_GOOD, Need, Pattern};
use crate::profile::Profile;
use crate::shop::{STOCKS_MOST, Shop, UNLIMITED};
use std::collections::BTreeMap;

/// No timetable: the resource is never short.
const FREE: u32 = u32::MAX;

/// Weight with which a machine that is never full is blocked.
const WHOLE: u32 = 1 << 30;

/// Node of a job's network: departure from where the plate is on admission.
pub(crate) const ORIGIN: usize = 0;

/// Node: task `k` is loaded.
pub(crate) const fn begin(task: usize) -> usize {
    1 + 2 * task
}

/// Node: unloading of task `k` begins.
pub(crate) const fn end(task: usize) -> usize {
    2 + 2 * task
}

/// The node that an edge counts from.
pub(crate) const fn node(edge: (usize, Edge)) -> usize {
    match edge.1 {
        Edge::Begin | Edge::Done => begin(edge.0),
        Edge::End => end(edge.0),
    }
}

/// How long after its node an edge happens, at least and at most, on the machine that was chosen.
fn after_node(job: &Job, machines: &[usize], edge: (usize, Edge)) -> (i64, i64) {
    if edge.1 != Edge::Done {
        return (0, 0);
    }
    chosen(job, edge.0, machines[edge.0]).map_or((0, 0), |chosen| {
        ((chosen.stay - chosen.early).base(), chosen.stay.base())
    })
}

/// The least and the most time between the nodes of a lag, for a choice of machines; `None` where it
/// binds nothing.
pub(crate) fn between(job: &Job, machines: &[usize], lag: &Lag) -> Option<(i64, Option<i64>)> {
    if node(lag.from) == node(lag.to) || lag.from.0.max(lag.to.0) >= machines.len() {
        return None;
    }
    let from = after_node(job, machines, lag.from);
    let to = after_node(job, machines, lag.to);
    let least = lag.min.base() + from.1 - to.0;
    let most = lag.max.map(|most| most.base() + from.0 - to.1);
    Some((least, most))
}

/// All timetables of a shop.
#[derive(Clone, Debug)]
pub(crate) struct Tables {
    pub(crate) lines: Vec<Profile>,
    bay: Vec<u32>,
    gate: Vec<u32>,
    arm: Vec<u32>,
    movers: u32,
    /// By machine that needs set-ups: by family of work, the timetable of when that can't be done there,
    /// since the machine is or gets set up for another.
    families: Vec<BTreeMap<u32, u32>>,
    /// The other way round: machine and family of a timetable.
    family_of: BTreeMap<u32, (usize, u32)>,
    /// By machine: for each of its stocks, the timetable of what is used from one refill to the next.
    stocks: Vec<Vec<u32>>,
    /// By machine that takes plates by the run: the timetable of when somebody is in it.
    rounds: Vec<u32>,
    /// Runs of such machines.
    pub(crate) runs: Runs,
    /// Machines by when they are free for good, where there are many alike.
    pub(crate) ready: Ready,
}

/// What of a job's limits no longer binds, because reality has broken it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Loose {
    /// By index of the lag: its maximum.
    pub(crate) lags: Vec<usize>,
    /// By task: its longest stay.
    pub(crate) stays: Vec<usize>,
    /// By task: the longest wait on the mover that brings the plate there.
    pub(crate) waits: Vec<usize>,
}

/// Reality that replaces a nominal least time: this node will not happen before this moment, but then
/// it may, however long it was supposed to take.
pub(crate) type Expected = Option<(usize, i64)>;

impl Tables {
    pub(crate) fn new(shop: &Shop) -> Self {
        let mut tables = Self {
            lines: vec![Profile::new(if shop.movers == UNLIMITED {
                WHOLE
            } else {
                shop.movers
            })],
            bay: Vec::new(),
            gate: Vec::new(),
            arm: Vec::new(),
            movers: 0,
            families: Vec::new(),
            family_of: BTreeMap::new(),
            stocks: Vec::new(),
            rounds: Vec::new(),
            runs: Runs::default(),
            ready: Ready::default(),
        };
        for station in &shop.stations {
            let line = tables.add(station.arms, station.arms != UNLIMITED);
            tables.arm.push(line);
        }
        for machine in 0..shop.machines.len() {
            tables.add_machine(shop, machine);
        }
        tables
    }

    pub(crate) fn add_machine(&mut self, shop: &Shop, machine: usize) {
        let m = &shop.machines[machine];
        let bay = self.add(if m.slots == UNLIMITED { WHOLE } else { m.slots }, true);
        self.bay.push(bay);
        let gate = self.add(1, m.gate && m.slots > 1);
        self.gate.push(gate);
        self.families.push(BTreeMap::new());
        let stocks = m.stocks.iter().take(STOCKS_MOST);
        let stocks = stocks.map(|stock| self.add(stock.full, true)).collect();
        self.stocks.push(stocks);
        let round = self.add(1, m.batch.is_some());
        self.rounds.push(round);
        if m.batch.is_some() {
            self.runs.add_machine(machine);
        }
        self.ready.add_machine();
        for window in &m.down {
            self.block(machine, window.from.base(), window.until.base());
        }
    }

    fn add(&mut self, capacity: u32, limited: bool) -> u32 {
        if !limited {
            return FREE;
        }
        self.lines.push(Profile::new(capacity));
        (self.lines.len() - 1) as u32
    }

    /// Whether the timetable of a family on a machine that needs set-ups is missing.
    pub(crate) fn strange(&self, shop: &Shop, choice: &Choice) -> bool {
        shop.machines[choice.machine].setups.is_some()
            && !self.families[choice.machine].contains_key(&choice.family)
    }

    /// Adds the timetable of a family on a machine; its number.
    pub(crate) fn add_family(&mut self, machine: usize, family: u32) -> u32 {
        let line = self.add(1, true);
        self.families[machine].insert(family, line);
        self.family_of.insert(line, (machine, family));
        line
    }

    /// Families known on a machine, with their timetables.
    pub(crate) fn families(&self, machine: usize) -> &BTreeMap<u32, u32> {
        &self.families[machine]
    }

    /// Machine and family of a timetable, if it is one of those.
    pub(crate) fn family_of(&self, line: u32) -> Option<(usize, u32)> {
        self.family_of.get(&line).copied()
    }

    /// The least `a >= from` such that a machine has a place for this choice during
    /// `[a, max(until, a + least))`, and is set up for it.
    pub(crate) fn room(&self, choice: &Choice, from: i64, until: i64, least: i64) -> i64 {
        let bay = self.bay(choice.machine);
        let family = self.families[choice.machine].get(&choice.family);
        let stocks = &self.stocks[choice.machine];
        let round = self.rounds[choice.machine];
        if family.is_none() && stocks.is_empty() && round == FREE {
            return bay.fit(from, until, least);
        }
        let mut at = from;
        loop {
            let mut fit = bay.fit(at, until, least);
            if let Some(&line) = family {
                fit = self.lines[line as usize].fit(fit, until, least);
            }
            if round != FREE && fit < FAR {
                fit = self.lines[round as usize].fit(fit, until, least);
            }
            for (&line, &uses) in stocks.iter().zip(&choice.uses) {
                let line = &self.lines[line as usize];
                let uses = uses.min(line.capacity());
                if uses > 0 && fit < FAR {
                    fit = line.fit_units(fit, fit + 1, 1, uses);
                }
            }
            if fit == at || fit >= FAR {
                return fit;
            }
            at = fit;
        }
    }

    /// The timetables of a machine's stocks.
    pub(crate) fn stocks(&self, machine: usize) -> &[u32] {
        &self.stocks[machine]
    }

    /// The timetable of a machine's places.
    pub(crate) fn bay(&self, machine: usize) -> &Profile {
        &self.lines[self.bay[machine] as usize]
    }

    /// Whether there is no mover at all.
    pub(crate) fn movers_none(&self) -> bool {
        self.lines[self.movers as usize].capacity() == 0
    }

    pub(crate) fn set_movers(&mut self, movers: u32) {
        let capacity = if movers == UNLIMITED { WHOLE } else { movers };
        self.lines[self.movers as usize].set_capacity(capacity);
    }

    /// Stretches in which more movers are taken than there are.
    pub(crate) fn crowded(&self) -> Vec<(i64, i64)> {
        self.lines[self.movers as usize].crowded()
    }

    /// A machine that is gone has no places any more.
    pub(crate) fn remove_machine(&mut self, machine: usize) {
        self.lines[self.bay[machine] as usize].set_capacity(0);
    }

    /// Keeps everyone out of a machine.
    pub(crate) fn block(&mut self, machine: usize, from: i64, until: i64) {
        self.lines[self.bay[machine] as usize].take(from, until, WHOLE);
    }

    pub(crate) fn unblock(&mut self, machine: usize, from: i64, until: i64) {
        self.lines[self.bay[machine] as usize].give(from, until, WHOLE);
    }

    /// One place of a machine that is taken by something else than a job, for good.
    pub(crate) fn hold(&mut self, machine: usize, slot: u32, from: i64) {
        self.lines[self.bay[machine] as usize].take(from, FAR, 1);
        if self.rounds[machine] != FREE {
            self.lines[self.rounds[machine] as usize].take(from, FAR, 1);
            (self.runs).guest(machine, Guest::Place(slot), Some((from, FAR)));
        }
    }

    pub(crate) fn release(&mut self, machine: usize, slot: u32, from: i64) {
        self.lines[self.bay[machine] as usize].give(from, FAR, 1);
        if self.rounds[machine] != FREE {
            self.lines[self.rounds[machine] as usize].give(from, FAR, 1);
            self.runs.guest(machine, Guest::Place(slot), None);
        }
    }

    pub(crate) fn forget_before(&mut self, time: i64) {
        for line in &mut self.lines {
            line.forget_before(time);
        }
    }

    /// What a job needs on which timetable; `machines` may be shorter than the tasks (a plan that
    /// ends early).
    pub(crate) fn needs(
        &self,
        shop: &Shop,
        job: &Job,
        machines: &[usize],
        rides: &[Ride],
    ) -> Vec<Need> {
        let mut needs = Vec::with_capacity(6 * machines.len() + 3);
        if job.at == Where::Nowhere {
            for (task, &machine) in machines.iter().enumerate() {
                let stay = chosen(job, task, machine).map_or(0, |o| o.stay.base());
                needs.push(Need {
                    does: Does::Use,
                    units: self.bay(machine).capacity().max(1),
                    line: self.bay[machine],
                    a: begin(task) as u16,
                    b: end(task) as u16,
                    least: stay,
                    ..Need::default()
                });
            }
            return needs;
        }
        let mut add = |line: u32, a: usize, a_off: i64, b: usize, b_off: i64, least: i64| {
            if line != FREE && (b_off > a_off || a != b) {
                needs.push(Need {
                    does: Does::Use,
                    units: 1,
                    line,
                    a: a as u16,
                    b: b as u16,
                    a_off,
                    b_off,
                    least,
                });
            }
        };
        if let Where::In { machine, .. } = job.at
            && job.progress.is_empty()
        {
            let unload = shop.machines[machine].unload.base();
            add(self.bay[machine], ORIGIN, ALWAYS, ORIGIN, unload, unload);
        }
        for (task, &machine) in machines.iter().enumerate() {
            let m = &shop.machines[machine];
            let (load, unload) = (m.load.base(), m.unload.base());
            let arm = self.arm[m.station];
            let (b, e) = (begin(task), end(task));
            let last = task + 1 == machines.len();

            // The leg that brings it here.
            let from = if task > 0 {
                Some(machines[task - 1])
            } else {
                match job.at {
                    Where::In { machine, .. } => Some(machine),
                    Where::On { .. } | Where::Outside { .. } | Where::Nowhere => None,
                }
            };
            let before = if task > 0 { end(task - 1) } else { ORIGIN };
            if let Some(from) = from {
                let out = shop.machines[from].unload.base();
                let leg = shop.leg(from, machine).base();
                add(self.gate[from], before, 0, before, out, out);
                if shop.direct(from, machine) {
                    add(arm, before, 0, b, 0, leg);
                } else {
                    let there = self.arm[shop.machines[from].station];
                    add(there, before, 0, before, out, out);
                    add(self.movers, before, 0, b, 0, leg);
                    add(arm, b, -load, b, 0, load);
                }
            } else {
                let since = match job.at {
                    Where::On { .. } => ALWAYS,
                    Where::In { .. } | Where::Outside { .. } | Where::Nowhere => 0,
                };
                add(self.movers, before, since, b, 0, load);
                add(arm, b, -load, b, 0, load);
            }
            add(self.gate[machine], b, -load, b, 0, load);

            let choice = chosen(job, task, machine);
            let stay = choice.map_or(0, |o| o.stay.base());
            let after = match (last, job.stays) {
                (true, true) => FOR_GOOD,
                (true, false) => 0,
                (false, _) => unload,
            };
            add(
                self.bay[machine],
                b,
                -load,
                e,
                after,
                load + stay + after.min(unload),
            );
        }
        self.add_set_up(shop, job, machines, &mut needs);
        self.add_spending(shop, job, machines, &mut needs);
        if self.runs.any() {
            self.add_rounds(shop, job, (machines, rides), &mut needs);
        }
        needs
    }

    /// The stay in a machine among the needs of a job.
    fn stay_in(&self, machine: usize, task: usize, needs: &[Need]) -> Option<Need> {
        let nodes = (begin(task), end(task));
        let stay = needs.iter().find(|need| {
            need.line == self.bay[machine] && (need.a as usize, need.b as usize) == nodes
        });
        stay.copied()
    }

    /// Whether a timetable says when somebody is in a machine that takes plates by the run.
    pub(crate) fn is_round(&self, line: u32) -> bool {
        self.runs.any() && self.rounds.contains(&line)
    }

    /// Adds to the needs of a job that a machine which takes plates by the run is its own meanwhile, but for
    /// who shares the run.
    fn add_rounds(
        &self,
        shop: &Shop,
        job: &Job,
        (machines, rides): (&[usize], &[Ride]),
        needs: &mut Vec<Need>,
    ) {
        if let Where::In { machine, .. } = job.at
            && self.rounds[machine] != FREE
            && job.progress.is_empty()
        {
            let unload = shop.machines[machine].unload.base();
            needs.push(Need {
                does: Does::Block,
                units: 1,
                line: self.rounds[machine],
                a: ORIGIN as u16,
                b: ORIGIN as u16,
                a_off: ALWAYS,
                b_off: unload,
                least: unload,
            });
        }
        for (task, &machine) in machines.iter().enumerate() {
            if self.rounds[machine] == FREE {
                continue;
            }
            let Some(stay) = self.stay_in(machine, task, needs) else {
                continue;
            };
            let ride = rides.iter().find(|ride| ride.task == task);
            let alone = ride.is_none_or(|r| !r.inside && !self.runs.shared(r.run, job.id));
            needs.push(Need {
                does: if alone { Does::Use } else { Does::Block },
                line: self.rounds[machine],
                ..stay
            });
        }
    }

    /// Adds to the needs of a job what it uses up.
    fn add_spending(&self, shop: &Shop, job: &Job, machines: &[usize], needs: &mut Vec<Need>) {
        for (task, &machine) in machines.iter().enumerate() {
            for (index, &line) in self.stocks[machine].iter().enumerate() {
                let full = self.lines[line as usize].capacity();
                let uses = |task: usize| {
                    let choice = chosen(job, task, machine);
                    choice.map_or(0, |o| o.uses[index].min(full))
                };
                if uses(task) == 0 {
                    continue;
                }
                let load = shop.machines[machine].load.base();
                needs.push(Need {
                    does: Does::Spend,
                    units: uses(task),
                    line,
                    a: begin(task) as u16,
                    b: begin(task) as u16,
                    a_off: -load,
                    b_off: 1 - load,
                    least: 1,
                });
            }
        }
    }

    /// Adds to the needs of a job that machines are set up for its work, and meanwhile for no other.
    fn add_set_up(&self, shop: &Shop, job: &Job, machines: &[usize], needs: &mut Vec<Need>) {
        for (task, &machine) in machines.iter().enumerate() {
            let Some(setups) = &shop.machines[machine].setups else {
                continue;
            };
            let Some(choice) = chosen(job, task, machine) else {
                continue;
            };
            let Some(stay) = self.stay_in(machine, task, needs) else {
                continue;
            };
            let mine = choice.family;
            for (&family, &line) in &self.families[machine] {
                let (does, before, after) = if family == mine {
                    (Does::Ask, 0, 0)
                } else {
                    // What comes before has to be out early enough to set up for this, and the other
                    // way round.
                    let before = setups.between(family, mine).base();
                    (Does::Block, before, setups.between(mine, family).base())
                };
                needs.push(Need {
                    does,
                    line,
                    a_off: stay.a_off - before,
                    b_off: stay.b_off + after,
                    ..stay
                });
            }
        }
    }

    /// The network of a job, not closed yet. Between nodes that have happened nothing binds.
    pub(crate) fn net(
        shop: &Shop,
        job: &Job,
        machines: &[usize],
        past: usize,
        loose: &Loose,
        expected: Expected,
        ties: &[Tie],
    ) -> Net {
        let mut net = Future {
            net: Net::new(1 + 2 * machines.len()),
            past,
        };
        let wait = shop.mover_wait_max.base();
        let nominal = |node: usize| expected.is_none_or(|e| e.0 != node);
        for (task, &machine) in machines.iter().enumerate() {
            let m = &shop.machines[machine];
            let before = if task > 0 { end(task - 1) } else { ORIGIN };
            let (least, most) = match (task, job.at) {
                (0, Where::In { machine: from, .. }) => span(shop, from, machine, wait),
                (0, Where::On { station }) => {
                    ((shop.travel.time(station, m.station) + m.load).base(), FAR)
                }
                (0, Where::Outside { station }) => {
                    let least = (shop.travel.time(station, m.station) + m.load).base();
                    (least, least.saturating_add(wait))
                }
                (0, Where::Nowhere) => (0, 0),
                _ => span(shop, machines[task - 1], machine, wait),
            };
            let (b, e) = (begin(task), end(task));
            if nominal(b) {
                net.at_least(before, b, least);
            } else {
                net.at_least(before, b, 0);
            }
            if most < FAR && !loose.waits.contains(&task) {
                net.at_most(before, b, most);
            }
            let stay = chosen(job, task, machine).map_or(0, |o| o.stay.base());
            net.at_least(b, e, if nominal(e) { stay } else { 0 });
            if let Some(setups) = &m.setups {
                // The plate itself may come back for other work.
                let family = |task| chosen(job, task, machine).map_or(0, |o| o.family);
                for earlier in (0..task).filter(|&t| machines[t] == machine) {
                    let change = setups.between(family(earlier), family(task));
                    let apart = (m.unload + change + m.load).base();
                    net.at_least(end(earlier), b, apart);
                }
            }
            if let Some(most) = job.tasks[task].stay_max
                && !loose.stays.contains(&task)
            {
                net.at_most(b, e, most.base());
            }
        }
        for (index, lag) in job.lags.iter().enumerate() {
            let Some((least, most)) = between(job, machines, lag) else {
                continue;
            };
            let most = most.filter(|_| !loose.lags.contains(&index));
            if ties_lag(ties, lag) {
                net.tied(ties, lag, least, most);
                continue;
            }
            let (from, to) = (node(lag.from), node(lag.to));
            net.at_least(from, to, least);
            if let Some(most) = most {
                net.at_most(from, to, most);
            }
        }
        net.net
    }

    /// The closed pattern; `None` if the limits contradict one another for these machines.
    pub(crate) fn pattern(
        &self,
        shop: &Shop,
        job: &Job,
        (machines, rides): (&[usize], &[Ride]),
        past: usize,
        loose: &Loose,
        expected: Expected,
    ) -> Option<Pattern> {
        let (ties, bounds) = self.settled(shop, job, (machines, rides), past, (loose, expected));
        let mut net = Self::net(shop, job, machines, past, loose, expected, &ties);
        (!bounds.never && net.close()).then(|| {
            let mut needs = self.needs(shop, job, machines, rides);
            needs.retain(|need| need.does.asks());
            Pattern { net, needs, bounds }
        })
    }

    /// What others settle of the times of a job by the runs that they share.
    pub(crate) fn settled(
        &self,
        shop: &Shop,
        job: &Job,
        (machines, rides): (&[usize], &[Ride]),
        past: usize,
        limits: (&Loose, Expected),
    ) -> (Vec<Tie>, Bounds) {
        if rides.is_empty() {
            return (Vec::new(), Bounds::default());
        }
        let fixed: Vec<Fixed> = self.runs.fixed(job, machines, rides);
        let ties = fixed.iter().map(|f| Tie::Known(f.task)).collect();
        (ties, bounds(shop, job, machines, &fixed, past, limits))
    }
}

/// What a task is on a machine, if it can be done there.
pub(crate) fn chosen(job: &Job, task: usize, machine: usize) -> Option<&Choice> {
    let mut options = job.tasks[task].options.iter();
    options.find(|option| option.machine == machine)
}

/// A network under construction that leaves out what binds only the past.
struct Future {
    net: Net,
    past: usize,
}

impl Future {
    fn at_least(&mut self, from: usize, to: usize, least: i64) {
        if from.max(to) >= self.past {
            self.net.at_least(from, to, least);
        }
    }

    fn at_most(&mut self, from: usize, to: usize, most: i64) {
        if from.max(to) >= self.past {
            self.net.at_most(from, to, most);
        }
    }
}

impl Future {
    /// A lag that counts from, or to, work that begins some time after loading. Where that time is open, it is
    /// taken for granted that the plate leaves when the work is done: its minimum is kept for certain then.
    fn tied(&mut self, ties: &[Tie], lag: &Lag, least: i64, most: Option<i64>) {
        let (from, to) = (tied(ties, lag.from), tied(ties, lag.to));
        if [from, to]
            .iter()
            .flatten()
            .any(|t| matches!(t, Tie::Known(_)))
        {
            return;
        }
        let delay = |tie: Option<Tie>| match tie {
            Some(Tie::Delayed(_, by)) => by,
            _ => 0,
        };
        let shift = delay(from) - delay(to);
        let (a, b) = (node(lag.from), node(lag.to));
        // The work ends when unloading begins, or before.
        let (since, before) = match from {
            Some(Tie::Open(task, work)) if b != end(task) => (end(task), work),
            _ => (a, 0),
        };
        match to {
            Some(Tie::Open(task, work)) => {
                self.at_least(since, end(task), least + shift - before + work);
            }
            _ => self.at_least(since, b, least + shift - before),
        }
        match (from, most) {
            (_, None) => {}
            (Some(Tie::Open(task, work)), Some(most)) => {
                if b != end(task) {
                    self.at_most(end(task), b, most + shift - work);
                }
            }
            (_, Some(most)) => self.at_most(a, b, most + shift),
        }
    }
}

/// Least and most time of a leg between two machines.
fn span(shop: &Shop, from: usize, to: usize, wait: i64) -> (i64, i64) {
    let least = shop.leg(from, to).base();
    if shop.direct(from, to) {
        (least, least)
    } else {
        (least, least.saturating_add(wait))
    }
}
