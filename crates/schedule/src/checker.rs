//! A slow, obvious check of a whole plan against shop and jobs: independent of how it was made.

use crate::job::{Choice, Edge, Job, Where};
use crate::plan::{JobPlan, Limit, Visit};
use crate::planner::{StockLeft, Trace};
use crate::shop::{FOREVER, Shop, UNLIMITED};
use quantity::{Duration, Instant};
use std::collections::BTreeMap;

/// One order to check.
#[derive(Clone, Debug)]
pub struct Item<'a> {
    /// What was asked.
    pub job: &'a Job,
    /// What is planned.
    pub plan: &'a JobPlan,
    /// How many of its edges have happened: departure, begin and end of each task, in this order.
    /// Between those nothing is checked.
    pub happened: usize,
    /// When the plate left where it was on admission, if it has: a plan that ended on the first leg
    /// has no visit to tell it.
    pub departed: Option<Instant>,
    /// The edge (counted the same way) whose time reality has set: its least time does not bind.
    pub expected: Option<usize>,
    /// The plan may end before the last task.
    pub stranded: bool,
    /// Limits that are known to be broken.
    pub excused: Vec<Limit>,
    /// The stock of its machine that it refills, if it is a refill.
    pub refills: Option<usize>,
}

impl<'a> Item<'a> {
    /// An order of which nothing has happened yet.
    #[must_use]
    pub fn fresh(job: &'a Job, plan: &'a JobPlan) -> Self {
        Self {
            job,
            plan,
            happened: 0,
            departed: None,
            expected: None,
            stranded: false,
            excused: Vec::new(),
            refills: None,
        }
    }
}

/// What is there beside the orders.
#[derive(Clone, Copy, Debug, Default)]
pub struct Past<'a> {
    /// Places (machine, slot) that are taken by no order, since when.
    pub held: &'a [(usize, u32, Instant)],
    /// What orders that are gone have done on machines that need set-ups.
    pub traces: &'a [Trace],
    /// What stocks held when that was known last; they were full at first where nothing is said.
    pub stocks: &'a [StockLeft],
}

/// Who is in a place that is taken by no order.
const HELD: &str = "held";

/// Uses of one resource.
type Uses = Vec<(Instant, Instant, String)>;

/// Everything that is wrong with a plan, as sentences; empty if it is right. Resources are checked
/// from `from` on (what began then or before is reality).
#[must_use]
pub fn check(shop: &Shop, items: &[Item], past: &Past, from: Instant) -> Vec<String> {
    let mut wrong = Vec::new();
    let mut movers: Uses = Vec::new();
    let mut arms: BTreeMap<usize, Uses> = BTreeMap::new();
    let mut doors: BTreeMap<usize, Uses> = BTreeMap::new();
    let mut places: BTreeMap<usize, Uses> = BTreeMap::new();
    let mut slots: BTreeMap<(usize, u32), Uses> = BTreeMap::new();
    for &(machine, slot, since) in past.held {
        let entry = (since, FOREVER, HELD.to_owned());
        places.entry(machine).or_default().push(entry.clone());
        slots.entry((machine, slot)).or_default().push(entry);
    }
    for item in items {
        check_job(shop, item, &mut wrong);
        let (job, plan) = (item.job, item.plan);
        let name = |task: usize| format!("{} task {task}", job.id);
        if job.at == Where::Nowhere {
            // Work on the machine itself: all of its places, and nothing else.
            for visit in &plan.visits {
                let all = (visit.begin, visit.end, name(0));
                for slot in 0..shop.machines[visit.machine].slots {
                    places.entry(visit.machine).or_default().push(all.clone());
                    slots
                        .entry((visit.machine, slot))
                        .or_default()
                        .push(all.clone());
                }
            }
            continue;
        }
        let mut before = match job.at {
            Where::In { machine, slot } if job.progress.is_empty() => {
                let leaves = match plan.visits.first() {
                    Some(visit) => visit.leg_start,
                    None => item.departed.unwrap_or(FOREVER),
                };
                let until = leaves.saturating_add(shop.machines[machine].unload);
                let stay = (Instant::from_base(i64::MIN), until, name(0));
                places.entry(machine).or_default().push(stay.clone());
                slots.entry((machine, slot)).or_default().push(stay);
                Some(machine)
            }
            Where::In { machine, .. } => Some(machine),
            Where::On { .. } | Where::Outside { .. } | Where::Nowhere => None,
        };
        for (index, visit) in plan.visits.iter().enumerate() {
            let m = &shop.machines[visit.machine];
            let last = index + 1 == plan.visits.len();
            let out = match (last && !item.stranded, job.stays) {
                (true, true) => FOREVER,
                (true, false) => visit.end,
                (false, _) => visit.end.saturating_add(m.unload),
            };
            let stay = (visit.begin - m.load, out, name(index));
            places.entry(visit.machine).or_default().push(stay.clone());
            slots
                .entry((visit.machine, visit.slot))
                .or_default()
                .push(stay);
            let load = (visit.begin - m.load, visit.begin, name(index));
            doors.entry(visit.machine).or_default().push(load.clone());
            let leg = (visit.leg_start, visit.begin, name(index));
            match before {
                Some(b) => {
                    let unloaded = visit.leg_start + shop.machines[b].unload;
                    let unload = (visit.leg_start, unloaded, name(index));
                    doors.entry(b).or_default().push(unload.clone());
                    if shop.direct(b, visit.machine) {
                        arms.entry(m.station).or_default().push(leg);
                    } else {
                        arms.entry(shop.machines[b].station)
                            .or_default()
                            .push(unload);
                        arms.entry(m.station).or_default().push(load);
                        movers.push(leg);
                    }
                }
                None => {
                    arms.entry(m.station).or_default().push(load);
                    movers.push(leg);
                }
            }
            before = Some(visit.machine);
        }
    }
    over(&mut wrong, "movers", &movers, shop.movers, from);
    for (station, uses) in &arms {
        let what = format!("arms of station {station}");
        over(&mut wrong, &what, uses, shop.stations[*station].arms, from);
    }
    for (machine, uses) in &doors {
        if shop.machines[*machine].gate {
            let what = format!("door of {}", shop.machines[*machine].name);
            over(&mut wrong, &what, uses, 1, from);
        }
    }
    for (machine, uses) in &places {
        let m = &shop.machines[*machine];
        over(
            &mut wrong,
            &format!("places of {}", m.name),
            uses,
            m.slots,
            from,
        );
        for window in &m.down {
            // A plate that belongs to no order stays where it is.
            for (a, b, who) in uses.iter().filter(|u| u.2 != HELD) {
                // Who was in when it went down stays in.
                let start = (*a).max(from);
                if *a > window.from && start < window.until && *b > window.from && *b > from {
                    wrong.push(format!("{who} is in {} while that is down", m.name));
                }
            }
        }
    }
    for ((machine, slot), uses) in &slots {
        let m = &shop.machines[*machine];
        if m.slots == UNLIMITED {
            continue;
        }
        if *slot >= m.slots {
            wrong.push(format!("{} has no slot {slot}", m.name));
        }
        over(
            &mut wrong,
            &format!("slot {slot} of {}", m.name),
            uses,
            1,
            from,
        );
    }
    check_setups(shop, items, past, from, &mut wrong);
    check_stocks(shop, items, past, from, &mut wrong);
    check_runs(shop, items, past, from, &mut wrong);
    wrong
}

/// A plate's stay in a machine that takes plates by the run.
struct Ridden<'a> {
    from: Instant,
    until: Instant,
    visit: &'a Visit,
    choice: Choice,
    /// Its loading is still to come, or its unloading; the latter at the time that the work asks for.
    coming: (bool, bool),
    who: String,
}

/// Where plates are worked on by the run: all of one run are in by its start and leave after the longest of
/// their work, do the same work, are no more than there is room for and can be balanced; and nobody else is
/// in the machine meanwhile.
fn check_runs(shop: &Shop, items: &[Item], past: &Past, from: Instant, wrong: &mut Vec<String>) {
    for (machine, m) in shop.machines.iter().enumerate() {
        let Some(batch) = m.batch else { continue };
        let mut stays: Vec<Ridden> = Vec::new();
        // Who is there without a run, since when and until when.
        let held = past.held.iter().filter(|h| h.0 == machine);
        let mut others: Vec<(Instant, Instant)> = held.map(|h| (h.2, FOREVER)).collect();
        for item in items {
            if item.job.at == Where::Nowhere {
                continue;
            }
            if let Where::In { machine: first, .. } = item.job.at
                && first == machine
                && item.job.progress.is_empty()
            {
                let leaves = item.plan.visits.first().map(|v| v.leg_start);
                let leaves = leaves.or(item.departed).unwrap_or(FOREVER);
                let out = leaves.saturating_add(m.unload);
                others.push((Instant::from_base(i64::MIN), out));
            }
            for (index, visit) in item.plan.visits.iter().enumerate() {
                if visit.machine != machine || visit.begin >= FOREVER {
                    continue;
                }
                let mut options = item.job.tasks[index].options.iter();
                let Some(choice) = options.find(|option| option.machine == machine) else {
                    continue;
                };
                let last = index + 1 == item.plan.visits.len();
                let until = match (last && !item.stranded, item.job.stays) {
                    (true, true) => FOREVER,
                    (true, false) => visit.end,
                    (false, _) => visit.end.saturating_add(m.unload),
                };
                let (b, e) = (1 + 2 * index, 2 + 2 * index);
                stays.push(Ridden {
                    from: visit.begin - m.load,
                    until,
                    visit,
                    choice: *choice,
                    coming: (
                        b >= item.happened,
                        e >= item.happened && item.expected != Some(e),
                    ),
                    who: format!("{} task {index}", item.job.id),
                });
            }
        }
        for stay in stays.iter().filter(|stay| stay.visit.run.is_none()) {
            wrong.push(format!("{} is in {} and in no run", stay.who, m.name));
        }
        let mut runs: BTreeMap<u32, Vec<&Ridden>> = BTreeMap::new();
        for stay in &stays {
            if let Some(run) = stay.visit.run {
                runs.entry(run.number).or_default().push(stay);
            }
        }
        for (number, members) in &runs {
            let name = format!("run {number} of {}", m.name);
            let plates = members.len() as u32;
            let balanced = (0..=batch.weights).map(|w| plates + w).any(|filled| {
                filled <= m.slots && filled >= batch.least && !(batch.even && filled % 2 == 1)
            });
            if !balanced {
                wrong.push(format!("{name} can't be balanced with {plates} plates"));
            }
            let first = members[0];
            let start = first.visit.run.map(|run| run.start);
            if members
                .iter()
                .any(|s| s.visit.run.map(|r| r.start) != start)
            {
                wrong.push(format!("{name} starts at several times"));
            }
            let alike = |s: &&&Ridden| s.choice.family != first.choice.family;
            if let Some(other) = members.iter().find(alike) {
                let (a, b) = (&first.who, &other.who);
                wrong.push(format!("{name} does unlike work for {a} and {b}"));
            }
            let work = members.iter().map(|s| s.choice.stay).max();
            let (Some(work), Some(start)) = (work, start) else {
                continue;
            };
            for stay in members {
                let waits = start > from && stay.visit.begin > from;
                if (stay.coming.0 || waits) && stay.visit.begin > start {
                    wrong.push(format!("{} is loaded after the start of {name}", stay.who));
                }
                if stay.coming.1 && stay.visit.end < start + work {
                    wrong.push(format!("{} is unloaded before the end of {name}", stay.who));
                }
            }
        }
        for later in stays.iter().filter(|stay| stay.from > from) {
            for earlier in stays.iter().filter(|stay| stay.from <= later.from) {
                let number = |s: &Ridden| s.visit.run.map(|run| run.number);
                if number(earlier) != number(later) && later.from < earlier.until {
                    let (a, b) = (&later.who, &earlier.who);
                    wrong.push(format!("{a} comes to {} during the run of {b}", m.name));
                }
            }
            if others.iter().any(|o| o.0 <= later.from && later.from < o.1) {
                let who = &later.who;
                wrong.push(format!("{who} comes to {} while a plate is there", m.name));
            }
        }
    }
}

/// Of every stock there must be enough for each piece of work that begins after `from`, from one refill to
/// the next.
fn check_stocks(shop: &Shop, items: &[Item], past: &Past, from: Instant, wrong: &mut Vec<String>) {
    for (machine, m) in shop.machines.iter().enumerate() {
        for (stock, kind) in m.stocks.iter().enumerate() {
            let known = past
                .stocks
                .iter()
                .find(|s| (s.machine, s.stock) == (machine, stock));
            let (mut left, since) = known.map_or((kind.full, Instant::from_base(i64::MIN)), |s| {
                (s.left, s.since)
            });
            // When, whether it is work (refills come first), pieces, and who.
            let mut events: Vec<(Instant, bool, u32, String)> = Vec::new();
            for item in items {
                for (task, visit) in item.plan.visits.iter().enumerate() {
                    if visit.machine != machine {
                        continue;
                    }
                    let mut options = item.job.tasks[task].options.iter();
                    let choice = options.find(|option| option.machine == machine);
                    let name = format!("{} task {task}", item.job.id);
                    if item.refills == Some(stock) {
                        events.push((visit.begin, false, kind.full, name));
                    } else if let Some(choice) = choice.filter(|_| item.job.at != Where::Nowhere) {
                        let uses = choice.uses[stock].min(kind.full);
                        events.push((visit.begin - m.load, true, uses, name));
                    }
                }
            }
            events.sort_unstable();
            for (at, work, pieces, who) in events.into_iter().filter(|e| !e.1 || e.0 >= since) {
                if !work {
                    left = pieces;
                } else if pieces <= left {
                    left -= pieces;
                } else {
                    if at > from {
                        wrong.push(format!(
                            "{who} finds {left} {} in {}, and needs {pieces}",
                            kind.name, m.name
                        ));
                    }
                    left = 0;
                }
            }
        }
    }
}

/// Between unlike work on a machine there must be time for its set-up: every stay that begins after `from`
/// is held against every other one.
fn check_setups(shop: &Shop, items: &[Item], past: &Past, from: Instant, wrong: &mut Vec<String>) {
    let mut stays: BTreeMap<usize, Vec<(Instant, Instant, u32, String)>> = BTreeMap::new();
    for trace in past.traces {
        let stay = (trace.from, trace.until, trace.family, "who is gone".into());
        stays.entry(trace.machine).or_default().push(stay);
    }
    for item in items {
        for (index, visit) in item.plan.visits.iter().enumerate() {
            let m = &shop.machines[visit.machine];
            let mut options = item.job.tasks[index].options.iter();
            let choice = options.find(|option| option.machine == visit.machine);
            let (Some(choice), true) = (choice, m.setups.is_some()) else {
                continue;
            };
            let last = index + 1 == item.plan.visits.len();
            let out = match (last && !item.stranded, item.job.stays) {
                (true, true) => FOREVER,
                (true, false) => visit.end,
                (false, _) => visit.end.saturating_add(m.unload),
            };
            let name = format!("{} task {index}", item.job.id);
            let stay = (visit.begin - m.load, out, choice.family, name);
            stays.entry(visit.machine).or_default().push(stay);
        }
    }
    for (machine, all) in &stays {
        let m = &shop.machines[*machine];
        let Some(setups) = &m.setups else { continue };
        for later in all.iter().filter(|stay| stay.0 > from) {
            for earlier in all.iter().filter(|stay| stay.0 <= later.0) {
                let free = earlier.1.saturating_add(setups.between(earlier.2, later.2));
                if earlier.2 != later.2 && later.0 < free {
                    wrong.push(format!(
                        "{} comes to {} before that is set up for it after {}",
                        later.3, m.name, earlier.3
                    ));
                }
            }
        }
    }
}

/// Whether more is used at a time than there is. Uses that began at or before `from` are reality; of them
/// there may be more.
fn over(wrong: &mut Vec<String>, what: &str, uses: &Uses, capacity: u32, from: Instant) {
    if capacity == UNLIMITED {
        return;
    }
    let mut edges: Vec<(Instant, i32, &str)> = Vec::new();
    let mut used = 0_i64;
    for (a, b, who) in uses {
        if *b > (*a).max(from) {
            if *a <= from {
                used += 1;
            } else {
                edges.push((*a, 1, who));
            }
            edges.push((*b, -1, who));
        }
    }
    edges.sort_unstable();
    for (at, by, who) in edges {
        used += i64::from(by);
        if by > 0 && used > i64::from(capacity) {
            let at = at.as_secs_f64();
            wrong.push(format!(
                "{what}: {used} of {capacity} taken at {at} s by {who}"
            ));
            return;
        }
    }
}

fn check_job(shop: &Shop, item: &Item, wrong: &mut Vec<String>) {
    let (job, plan) = (item.job, item.plan);
    let id = job.id;
    if plan.visits.len() != job.tasks.len() && !item.stranded {
        wrong.push(format!(
            "{id} has {} visits for {} tasks",
            plan.visits.len(),
            job.tasks.len()
        ));
    }
    let happened = item.happened;
    let binds = |node: usize| node >= happened && item.expected != Some(node);
    let excused = |limit: Limit| item.excused.contains(&limit);
    if happened == 0
        && let Some(first) = plan.visits.first()
        && first.leg_start < job.release
    {
        wrong.push(format!("{id} leaves before its release"));
    }
    for (task, visit) in plan.visits.iter().enumerate() {
        let (b, e) = (1 + 2 * task, 2 + 2 * task);
        if visit.task != task {
            wrong.push(format!("{id} visit {task} is for task {}", visit.task));
        }
        let Some(choice) = job.tasks[task]
            .options
            .iter()
            .find(|o| o.machine == visit.machine)
        else {
            if b >= happened {
                wrong.push(format!("{id} task {task} is on a machine that can't do it"));
            }
            continue;
        };
        let m = &shop.machines[visit.machine];
        let (least, most) = match (task, job.at) {
            (0, Where::On { station }) => {
                (shop.travel.time(station, m.station) + m.load, Duration::MAX)
            }
            (0, Where::Outside { station }) => {
                let least = shop.travel.time(station, m.station) + m.load;
                (least, least + shop.mover_wait_max)
            }
            (0, Where::In { machine, .. }) => leg(shop, machine, visit.machine),
            (0, Where::Nowhere) => (Duration::ZERO, Duration::ZERO),
            _ => leg(shop, plan.visits[task - 1].machine, visit.machine),
        };
        let took = visit.begin - visit.leg_start;
        if binds(b) && took < least {
            wrong.push(format!("{id} leg to task {task} is too short"));
        }
        if b >= happened && took > most && !excused(Limit::MoverWait { task }) {
            wrong.push(format!(
                "{id} waits too long on its mover before task {task}"
            ));
        }
        let stay = visit.end - visit.begin;
        if binds(e) && stay < choice.stay {
            wrong.push(format!("{id} task {task} is too short"));
        }
        if let Some(most) = job.tasks[task].stay_max
            && e >= happened
            && !item.stranded
            && stay > most
            && !excused(Limit::Stay { task })
        {
            wrong.push(format!("{id} stays too long at task {task}"));
        }
        if let Some(next) = plan.visits.get(task + 1)
            && next.leg_start != visit.end
        {
            wrong.push(format!("{id} is nowhere after task {task}"));
        }
    }
    for lag in &job.lags {
        // The earliest and the latest moment of the edge.
        let time = |edge: (usize, Edge)| {
            let v = plan.visits.get(edge.0)?;
            let mut options = job.tasks[edge.0].options.iter();
            // Work that several plates have in common begins when their run starts.
            let begin = v.run.map_or(v.begin, |run| run.start);
            Some(match edge.1 {
                Edge::Begin => (begin, begin, 1 + 2 * edge.0),
                Edge::Done => {
                    let chosen = options.find(|option| option.machine == v.machine);
                    let (stay, early) =
                        chosen.map_or((Duration::ZERO, Duration::ZERO), |c| (c.stay, c.early));
                    (begin + stay - early, begin + stay, 1 + 2 * edge.0)
                }
                Edge::End => (v.end, v.end, 2 + 2 * edge.0),
            })
        };
        let (Some(a), Some(b)) = (time(lag.from), time(lag.to)) else {
            continue;
        };
        if a.2.max(b.2) < happened || item.stranded || a.2 == b.2 {
            continue;
        }
        if b.0 - a.1 < lag.min {
            wrong.push(format!(
                "{id} lag {:?} to {:?} is too short",
                lag.from, lag.to
            ));
        }
        let limit = Limit::Lag {
            from: lag.from,
            to: lag.to,
        };
        if lag.max.is_some_and(|most| b.1 - a.0 > most) && !excused(limit) {
            wrong.push(format!(
                "{id} lag {:?} to {:?} is too long",
                lag.from, lag.to
            ));
        }
    }
    if let Some(last) = plan.visits.last()
        && !item.stranded
        && plan.finish != last.end
    {
        wrong.push(format!("{id} does not finish when its last task ends"));
    }
}

fn leg(shop: &Shop, from: usize, to: usize) -> (Duration, Duration) {
    let least = shop.leg(from, to);
    if shop.direct(from, to) {
        (least, least)
    } else {
        (least, least + shop.mover_wait_max)
    }
}
