//! A makespan that no plan of these jobs in this shop can beat, and what it comes from.

use crate::job::{Job, Where};
use crate::shop::{Shop, UNLIMITED};
use crate::solve::parallel;
use quantity::{Duration, Instant};
use std::collections::BTreeMap;

/// What limits the makespan.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Limiting {
    /// The way of one plate through the empty shop: index of its job.
    Plate(usize),
    /// These machines, which can do one another's work.
    Machines(Vec<usize>),
    /// The movers.
    Movers,
}

/// A bound on the makespan.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Bound {
    /// No plan is finished before.
    pub finish: Instant,
    /// Where that comes from.
    pub by: Limiting,
}

/// Least head, occupation and tail of the uses of one pool of places.
type Items = Vec<(i64, i64, i64)>;

/// The greatest of three kinds of bounds: the shortest way of each plate; for each set of machines that
/// some task may use, the work that can be done nowhere else, as identical machines with one place each
/// (Carlier 1987); and the same for the movers. `None` without jobs.
#[must_use]
pub fn bound(shop: &Shop, jobs: &[Job]) -> Option<Bound> {
    let mut best: Option<(i64, Limiting)> = None;
    let mut raise = |finish: i64, by: Limiting| {
        if best.as_ref().is_none_or(|b| finish > b.0) {
            best = Some((finish, by));
        }
    };
    // Sets of machines in the order in which they are met: what only they can do.
    let mut pools: BTreeMap<Vec<usize>, Items> = BTreeMap::new();
    let mut uses: Vec<(Vec<usize>, (i64, i64, i64))> = Vec::new();
    let mut legs: Items = Vec::new();
    for (index, job) in jobs.iter().enumerate() {
        let steps = ways(shop, job);
        let whole: i64 = steps.iter().map(|s| s.leg + s.stay).sum();
        let release = job.release.base();
        raise(release + whole, Limiting::Plate(index));
        let mut head = release;
        for (task, step) in steps.iter().enumerate() {
            if step.carried {
                legs.push((head, step.leg, release + whole - head - step.leg));
            }
            head += step.leg;
            let last = task + 1 == steps.len();
            // The place is taken from the begin of loading to the end of unloading.
            let out = if last { 0 } else { step.unload.0 };
            // Machines may take unlike times to load and unload: the longest of them leaves the least.
            let tail = release + whole - head - step.stay - if last { 0 } else { step.unload.1 };
            let mut set: Vec<usize> = job.tasks[task].options.iter().map(|o| o.machine).collect();
            set.sort_unstable();
            set.dedup();
            pools.entry(set.clone()).or_default();
            let taken = step.load.0 + step.stay + out;
            uses.push((set, (head - step.load.1, taken, tail.max(0))));
            head += step.stay;
        }
    }
    for (set, items) in &mut pools {
        let within = |other: &[usize]| other.iter().all(|m| set.binary_search(m).is_ok());
        items.extend(uses.iter().filter(|u| within(&u.0)).map(|u| u.1));
    }
    for (set, items) in pools {
        let places = set.iter().try_fold(0_i64, |sum, &m| {
            let slots = shop.machines[m].slots;
            (slots != UNLIMITED).then(|| sum + i64::from(slots))
        });
        if let Some(places) = places {
            raise(parallel(&items, places), Limiting::Machines(set));
        }
    }
    if shop.movers != UNLIMITED {
        raise(parallel(&legs, i64::from(shop.movers)), Limiting::Movers);
    }
    best.map(|(finish, by)| Bound {
        finish: Instant::from_base(finish),
        by,
    })
}

/// The least that a task can take, over all machines that can do it.
struct Least {
    /// From where the plate was to the end of loading.
    leg: i64,
    /// Whether the leg takes a mover in any case.
    carried: bool,
    /// Of all machines, the least and the most.
    load: (i64, i64),
    stay: i64,
    unload: (i64, i64),
}

fn ways(shop: &Shop, job: &Job) -> Vec<Least> {
    let mut before: Option<Vec<usize>> = match job.at {
        Where::In { machine, .. } => Some(vec![machine]),
        Where::On { .. } | Where::Outside { .. } => None,
    };
    let mut all = Vec::with_capacity(job.tasks.len());
    for task in &job.tasks {
        let machines: Vec<usize> = task.options.iter().map(|o| o.machine).collect();
        let least = |of: &dyn Fn(usize) -> Duration| {
            let least = machines.iter().map(|&m| of(m).base()).min();
            least.unwrap_or(0)
        };
        let (leg, carried) = match (&before, job.at) {
            (Some(from), _) => (
                least(&|to| {
                    let legs = from.iter().map(|&a| shop.leg(a, to));
                    legs.min().unwrap_or(Duration::ZERO)
                }),
                !(machines.iter()).any(|&to| from.iter().any(|&a| a == to || shop.direct(a, to))),
            ),
            (None, Where::Outside { station } | Where::On { station }) => (
                least(&|to| {
                    let m = &shop.machines[to];
                    shop.travel.time(station, m.station) + m.load
                }),
                true,
            ),
            (None, Where::In { .. }) => (0, false),
        };
        all.push(Least {
            leg,
            carried,
            load: span(&machines, |m| shop.machines[m].load),
            stay: (task.options.iter().map(|o| o.stay.base()).min()).unwrap_or(0),
            unload: span(&machines, |m| shop.machines[m].unload),
        });
        before = Some(machines);
    }
    all
}

/// The least and the most of a time of these machines.
fn span(machines: &[usize], of: impl Fn(usize) -> Duration) -> (i64, i64) {
    let times = || machines.iter().map(|&m| of(m).base());
    (times().min().unwrap_or(0), times().max().unwrap_or(0))
}
