//! Finding the place of one job: which machines, and when.

use super::runs::Ride;
use super::sweep::sweep;
use super::tables::{Expected, Loose, ORIGIN, Tables, begin, chosen, end};
use crate::job::{Choice, Job, Where};
use crate::line::{FAR, Line};
use crate::shop::Shop;

/// Options of a task that are looked at; of more, this many are drawn in a fixed rotation.
const LOOK: usize = 24;

/// Runs that an order tries to join before it goes in one of its own.
const JOINS: usize = 4;

/// What is asked: a job, what has happened, and from when.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Ask<'a> {
    pub(crate) job: &'a Job,
    /// Times of the nodes that have happened.
    pub(crate) past: &'a [i64],
    /// Machines of the first tasks that can't be chosen any more.
    pub(crate) fixed: &'a [usize],
    /// Runs of these tasks that the plate is in, or was to be in.
    pub(crate) rides: &'a [Ride],
    pub(crate) now: i64,
    /// Lower bounds per node; may be short or empty.
    pub(crate) floor: &'a [i64],
    pub(crate) loose: &'a Loose,
    pub(crate) expected: Expected,
    /// The last time must not be after this.
    pub(crate) limit: i64,
    /// The plate is inside this machine, which is down until then.
    pub(crate) inside: Option<(usize, i64)>,
    /// Whether to move everything as late as possible without a later finish.
    pub(crate) tighten: bool,
}

/// A place: machines per task, times per node.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Placement {
    pub(crate) machines: Vec<usize>,
    pub(crate) times: Vec<i64>,
    /// The runs of tasks on machines that take plates by the run.
    pub(crate) rides: Vec<Ride>,
}

/// Why there is none.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Misfit {
    /// The limits contradict one another for every choice that was tried, or contradict what has
    /// happened.
    Contradiction,
    /// No machine will ever do this task.
    NoMachine(usize),
    /// Something that this task needs is never free while the limits hold.
    Crowded(usize),
}

/// Looks for the earliest finish; among choices of machines, two greedy ones.
pub(crate) fn place(shop: &Shop, tables: &Tables, ask: &Ask) -> Result<Placement, Misfit> {
    let open = ask.fixed.len() < ask.job.tasks.len()
        && ask.job.tasks[ask.fixed.len()..]
            .iter()
            .any(|t| t.options.len() > 1);
    let runs = tables.runs.any() && by_the_run(tables, ask);
    if open
        && !runs
        && let Some(way) = sweep(shop, tables, ask)
    {
        let mut floor = ask.floor.to_vec();
        floor.resize(floor.len().max(way.node + 1), -FAR);
        floor[way.node] = floor[way.node].max(way.depart);
        let ask = Ask {
            floor: &floor,
            ..*ask
        };
        let found = place_on(shop, tables, &ask, way.machines, &[]);
        if found.is_ok() {
            return found;
        }
    }
    let mut first = greedy(shop, tables, ask, None)?;
    if open && first == Err(Misfit::Contradiction) {
        first = place_on(shop, tables, ask, nearest(shop, ask), ask.rides);
    }
    if !open && !runs {
        return first;
    }
    // Again, with the times found as estimates of when each machine is really needed.
    if let Ok(found) = &first
        && let Ok(second) = greedy(shop, tables, ask, Some(found))?
        && second.times.last() < found.times.last()
    {
        return Ok(second);
    }
    first
}

/// Whether a task that can still be moved may be done by a machine that takes plates by the run.
fn by_the_run(tables: &Tables, ask: &Ask) -> bool {
    let coming = ask.job.tasks.iter().enumerate();
    coming
        .skip_while(|(task, _)| begin(*task) < ask.past.len())
        .any(|(_, task)| task.options.iter().any(|o| tables.runs.takes(o.machine)))
}

/// The place on machines that are chosen one after the other, with the times of one that was found before as
/// estimates; it has to differ from that. Where a run that is joined proves to be out of reach, another is
/// tried.
fn greedy(
    shop: &Shop,
    tables: &Tables,
    ask: &Ask,
    before: Option<&Placement>,
) -> Result<Result<Placement, Misfit>, Misfit> {
    let mut barred = Vec::new();
    let mut tries = 0;
    loop {
        let estimate = before.map_or(&[][..], |before| &before.times);
        let (machines, rides) = choose(shop, tables, ask, estimate, &barred)?;
        let joined: Vec<u32> = (rides.iter())
            .filter(|r| !r.inside && tables.runs.shared(r.run, ask.job.id))
            .map(|r| r.run)
            .collect();
        let known = |b: &Placement| {
            let runs = b.rides.iter().map(|r| r.run);
            let runs = runs.filter(|&run| tables.runs.shared(run, ask.job.id));
            b.machines == machines && runs.eq(joined.iter().copied())
        };
        if before.is_some_and(known) {
            return Ok(Err(Misfit::Contradiction));
        }
        let found = place_on(shop, tables, ask, machines, &rides);
        if found.is_ok() || joined.is_empty() {
            return Ok(found.map(|found| with_room(shop, tables, ask, found)));
        }
        barred.extend(joined);
        tries += 1;
        if tries == JOINS {
            barred.extend(tables.runs.all().map(|(number, _)| number));
        }
    }
}

/// Who opens a run right behind another one leaves the time in which the places that are left can be filled:
/// where plates queue for a machine, each run would have a single plate in it otherwise. If that is more than
/// its limits allow, it goes as early as it can.
fn with_room(shop: &Shop, tables: &Tables, ask: &Ask, found: Placement) -> Placement {
    let mut floor = ask.floor.to_vec();
    let mut later = false;
    let opened = |ride: &&Ride| !ride.inside && !tables.runs.shared(ride.run, ask.job.id);
    for ride in found.rides.iter().filter(opened) {
        let node = begin(ride.task);
        let (machine, at) = (found.machines[ride.task], found.times[node]);
        let m = &shop.machines[machine];
        let others = i64::from(m.run_most().unwrap_or(1)) - 1;
        // The arm brings a plate of the run before away, and fetches the next one.
        let exchange = 2 * (m.load + m.unload).base();
        let free = tables.runs.gap(machine, ride, at).0;
        let filled = free.saturating_add(m.load.base() + others * exchange);
        if node >= ask.past.len() && at < filled {
            floor.resize(floor.len().max(node + 1), -FAR);
            floor[node] = floor[node].max(filled);
            later = true;
        }
    }
    if !later {
        return found;
    }
    let ask = Ask {
        floor: &floor,
        ..*ask
    };
    place_on(shop, tables, &ask, found.machines.clone(), &found.rides).unwrap_or(found)
}

/// The earliest place on given machines.
pub(crate) fn place_on(
    shop: &Shop,
    tables: &Tables,
    ask: &Ask,
    machines: Vec<usize>,
    rides: &[Ride],
) -> Result<Placement, Misfit> {
    let mut rides = tables.runs.rides(&machines, rides);
    let pattern = tables
        .pattern(
            shop,
            ask.job,
            (&machines, &rides),
            ask.past.len(),
            ask.loose,
            ask.expected,
        )
        .ok_or(Misfit::Contradiction)?;
    let nodes = 1 + 2 * machines.len();
    let past = ask.past.len();
    let mut times = vec![-FAR; nodes];
    for (node, time) in times.iter_mut().enumerate().skip(past) {
        *time = ask.now.max(ask.floor.get(node).copied().unwrap_or(-FAR));
    }
    if past == 0 {
        times[ORIGIN] = times[ORIGIN].max(ask.job.release.base());
    }
    times[..past].copy_from_slice(ask.past);
    if let Some((node, at)) = ask.expected {
        times[node] = times[node].max(at);
    }
    if let Some((down, until)) = ask.inside {
        if past == 0 {
            times[ORIGIN] = times[ORIGIN].max(until);
        }
        for (task, &machine) in machines.iter().enumerate() {
            if machine == down {
                let load = shop.machines[machine].load.base();
                if begin(task) >= past {
                    times[begin(task)] = times[begin(task)].max(until + load);
                } else if end(task) >= past {
                    times[end(task)] = times[end(task)].max(until);
                }
            }
        }
    }
    for &(node, least) in &pattern.bounds.least {
        times[node] = times[node].max(least);
    }
    for node in 0..nodes {
        let value = times[node];
        pattern.net.raise(&mut times, node, value);
    }
    if times[..past] != *ask.past || !pattern.bounds.below(&times) {
        return Err(Misfit::Contradiction);
    }
    if times[nodes - 1] > ask.limit {
        return Err(Misfit::Crowded(machines.len() - 1));
    }
    pattern
        .earliest(&tables.lines, &mut times, past, ask.now, ask.limit)
        .map_err(|stuck| {
            let node = pattern.needs[stuck.need].b as usize;
            Misfit::Crowded(node.saturating_sub(1) / 2)
        })?;
    if ask.tighten {
        let mut late = vec![FAR; nodes];
        pattern.net.lower(&mut late, nodes - 1, times[nodes - 1]);
        for &(node, most) in &pattern.bounds.most {
            pattern.net.lower(&mut late, node, most);
        }
        for (node, &at) in ask.past.iter().enumerate() {
            pattern.net.lower(&mut late, node, at);
        }
        if pattern
            .latest(&tables.lines, &mut late, past, ask.now)
            .is_some()
            && late.iter().zip(&times).all(|(l, e)| l >= e)
        {
            times = late;
        }
    }
    for ride in &mut rides {
        if tables.runs.shared(ride.run, ask.job.id) {
            ride.start = tables
                .runs
                .get(ride.run)
                .map_or(ride.start, |run| run.start);
        } else if !ride.inside {
            ride.start = times[begin(ride.task)];
        }
    }
    Ok(Placement {
        machines,
        times,
        rides,
    })
}

/// When the plate can leave the last machine that is settled, or else where it is.
pub(super) fn leaves(shop: &Shop, ask: &Ask) -> i64 {
    let job = ask.job;
    let known = |node: usize| ask.past.get(node).copied();
    let mut free = known(ORIGIN).unwrap_or_else(|| ask.now.max(job.release.base()));
    for (task, &machine) in ask.fixed.iter().enumerate() {
        let leg = leg(shop, job, ask.fixed, task, machine);
        let loaded = known(begin(task)).unwrap_or_else(|| ask.now.max(free + leg));
        let options = &job.tasks[task].options;
        let stay = (options.iter().find(|o| o.machine == machine)).map_or(0, |o| o.stay.base());
        free = known(end(task)).unwrap_or_else(|| ask.now.max(loaded + stay));
    }
    free
}

/// Greedy: for each task the machine, or the run, that has done it first, given those before.
fn choose(
    shop: &Shop,
    tables: &Tables,
    ask: &Ask,
    estimate: &[i64],
    barred: &[u32],
) -> Result<(Vec<usize>, Vec<Ride>), Misfit> {
    let job = ask.job;
    let mut machines = ask.fixed.to_vec();
    let mut rides = ask.rides.to_vec();
    if tables.runs.any() {
        rides.retain(|ride| ride.task < machines.len());
        choose_again(shop, tables, ask, &mut rides, barred);
    }
    let mut free = leaves(shop, ask);
    for one in tables.runs.fixed(job, ask.fixed, &rides) {
        if end(one.task) >= ask.past.len() {
            free = free.max(one.start + one.work);
        }
    }
    for task in ask.fixed.len()..job.tasks.len() {
        let mut best: Option<(i64, i64, usize, Option<u32>)> = None;
        let mut offer = |done: i64, leg: i64, machine: usize, run: Option<u32>| {
            if best.is_none_or(|b| (done, leg) <= (b.0, b.1)) {
                best = Some((done, leg, machine, run));
            }
        };
        for option in options(job, task) {
            let m = &shop.machines[option.machine];
            let (load, stay) = (m.load.base(), option.stay.base());
            let leg = leg(shop, job, &machines, task, option.machine);
            let loaded = ask
                .now
                .max(free + leg)
                .max(estimate.get(begin(task)).copied().unwrap_or(-FAR));
            let until = if task + 1 == job.tasks.len() && job.stays {
                FAR
            } else {
                loaded + stay
            };
            let fit = tables.room(option, loaded - load, until, load + stay);
            if fit < FAR {
                offer(fit + load + stay, leg, option.machine, None);
            }
            for (run, done) in tables.runs.open(shop, option, job.id, loaded) {
                if !barred.contains(&run) {
                    offer(done, leg, option.machine, Some(run));
                }
            }
        }
        let Some((done, _, machine, run)) = best else {
            let gone = job.tasks[task]
                .options
                .iter()
                .all(|o| tables.bay(o.machine).fit(ask.now, ask.now, 1) >= FAR);
            return Err(if gone {
                Misfit::NoMachine(task)
            } else {
                Misfit::Crowded(task)
            });
        };
        machines.push(machine);
        rides.extend(run.map(|run| Ride {
            run,
            ..Ride::new(task)
        }));
        free = done;
    }
    Ok((machines, rides))
}

/// Runs to join for tasks whose machine is settled and where the plate has not come yet.
fn choose_again(shop: &Shop, tables: &Tables, ask: &Ask, rides: &mut Vec<Ride>, barred: &[u32]) {
    for (task, &machine) in ask.fixed.iter().enumerate() {
        if begin(task) < ask.past.len() || !tables.runs.takes(machine) {
            continue;
        }
        rides.retain(|ride| ride.task != task);
        let before = Ask {
            fixed: &ask.fixed[..task],
            ..*ask
        };
        let loaded = leaves(shop, &before) + leg(shop, ask.job, ask.fixed, task, machine);
        let Some(choice) = chosen(ask.job, task, machine) else {
            continue;
        };
        let runs = tables
            .runs
            .open(shop, choice, ask.job.id, loaded.max(ask.now));
        let first = runs
            .filter(|(run, _)| !barred.contains(run))
            .min_by_key(|&(run, done)| (done, run));
        rides.extend(first.map(|(run, _)| Ride {
            run,
            ..Ride::new(task)
        }));
    }
}

/// The choice with the shortest way: the last resort where tight lags rule far machines out.
fn nearest(shop: &Shop, ask: &Ask) -> Vec<usize> {
    let mut machines = ask.fixed.to_vec();
    let open = machines.len();
    // Shortest way to every option of every open task, and where it came from.
    let mut reach: Vec<Vec<(i64, usize, usize)>> = Vec::new();
    for task in open..ask.job.tasks.len() {
        let row: Vec<_> = options(ask.job, task)
            .map(|option| {
                if task == open {
                    let leg = leg(shop, ask.job, &machines, task, option.machine);
                    return (leg + option.stay.base(), option.machine, 0);
                }
                let (cost, from) = reach[task - open - 1]
                    .iter()
                    .enumerate()
                    .map(|(i, r)| (r.0 + shop.leg(r.1, option.machine).base(), i))
                    .min()
                    .unwrap_or((0, 0));
                (cost + option.stay.base(), option.machine, from)
            })
            .collect();
        reach.push(row);
    }
    let mut at = reach
        .last()
        .and_then(|row| (0..row.len()).min_by_key(|&i| row[i].0))
        .unwrap_or(0);
    let mut back = Vec::new();
    for row in reach.iter().rev() {
        back.push(row[at].1);
        at = row[at].2;
    }
    machines.extend(back.iter().rev());
    machines
}

/// The options of a task that are looked at.
fn options(job: &Job, task: usize) -> impl Iterator<Item = &Choice> {
    let all = &job.tasks[task].options;
    let count = all.len();
    let first = if count > LOOK {
        (job.id.index().wrapping_mul(7919) + task * 104_729) % count
    } else {
        0
    };
    (0..count.min(LOOK)).map(move |i| &all[(first + i) % count])
}

/// Time of the leg to a task on a machine.
pub(super) fn leg(shop: &Shop, job: &Job, machines: &[usize], task: usize, to: usize) -> i64 {
    if task > 0 {
        return shop.leg(machines[task - 1], to).base();
    }
    match job.at {
        Where::Nowhere => 0,
        Where::In { machine, .. } => shop.leg(machine, to).base(),
        Where::On { station } | Where::Outside { station } => {
            let m = &shop.machines[to];
            (shop.travel.time(station, m.station) + m.load).base()
        }
    }
}
