//! A makespan that no plan of these jobs in this shop can beat, and what it comes from.

use crate::job::{Choice, Job, Where};
use crate::shop::{Shop, UNLIMITED};
use crate::solve::parallel;
use quantity::{Duration, Instant};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

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
    let mut sets = Sets::default();
    let mut uses: Vec<(usize, (i64, i64, i64))> = Vec::new();
    // Of each use: the family of its work, if that is the same on all machines.
    let mut works: Vec<Option<u32>> = Vec::new();
    let mut legs: Items = Vec::new();
    for (index, job) in jobs.iter().enumerate() {
        let steps = ways(shop, job, &mut sets);
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
            let taken = step.load.0 + step.stay + out;
            uses.push((step.set, (head - step.load.1, taken, tail.max(0))));
            let mut options = job.tasks[task].options.iter().map(|o| o.family);
            let family = options.next();
            works.push(family.filter(|family| options.all(|other| other == *family)));
            head += step.stay;
        }
    }
    for (index, set) in sets.sets.iter().enumerate() {
        // What only they can do, by whatever list.
        let within = |other: &[usize]| other.iter().all(|m| set.binary_search(m).is_ok());
        let inside: Vec<bool> = sets.sets.iter().map(|other| within(other)).collect();
        let items: Items = (uses.iter().filter(|u| inside[u.0]).map(|u| u.1)).collect();
        debug_assert!(inside[index]);
        let places = set.iter().try_fold(0_i64, |sum, &m| {
            // Where plates are worked on by the run, no more than can share one.
            let machine = &shop.machines[m];
            let slots = machine.run_most().unwrap_or(machine.slots);
            (slots != UNLIMITED).then(|| sum + i64::from(slots))
        });
        if let Some(places) = places {
            raise(parallel(&items, places), Limiting::Machines(set.clone()));
            let families = (uses.iter().zip(&works)).filter(|(u, _)| inside[u.0]);
            let families: Option<BTreeSet<u32>> = families.map(|(_, family)| *family).collect();
            if let Some(families) = families
                && let Some(finish) = with_set_ups(shop, set, &items, families.len() as i64)
            {
                raise(finish, Limiting::Machines(set.clone()));
            }
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

/// Work of so many families on machines that all need set-ups: each machine begins with one family, and for
/// every other family some machine is set up once, empty, between two stays. `None` if there is one that
/// needs none.
fn with_set_ups(shop: &Shop, set: &[usize], items: &Items, families: i64) -> Option<i64> {
    let changes = families - set.len() as i64;
    let mut places = 0;
    let mut least = i64::MAX;
    for &machine in set {
        let m = &shop.machines[machine];
        let setups = m.setups.as_ref()?;
        let pairs = setups.pairs.iter().map(|pair| pair.2);
        let time = pairs.fold(setups.usual, Duration::min).base();
        least = least.min(time * i64::from(m.slots));
        places += i64::from(m.slots);
    }
    if changes <= 0 {
        return None;
    }
    let head = items.iter().map(|i| i.0).min()?;
    let tail = items.iter().map(|i| i.2).min()?;
    let work = items.iter().map(|i| i.1).sum::<i64>() + changes * least;
    Some(head + (work + places - 1) / places + tail)
}

/// The least that a task can take, over all machines that can do it.
struct Least {
    /// Number of the set of these machines.
    set: usize,
    /// From where the plate was to the end of loading.
    leg: i64,
    /// Whether the leg takes a mover in any case.
    carried: bool,
    /// Of all machines, the least and the most.
    load: (i64, i64),
    stay: i64,
    unload: (i64, i64),
}

/// Lists of options and what they have in common. Jobs of one protocol share theirs, so what was found of
/// a list is found again by its address, which stays its own as long as the jobs are there.
#[derive(Default)]
struct Sets {
    /// Different sets of machines, each sorted.
    sets: Vec<Vec<usize>>,
    numbers: BTreeMap<Vec<usize>, usize>,
    lists: BTreeMap<(usize, usize), List>,
    /// Least leg, and whether it takes a mover, from one list (or station) to another.
    legs: BTreeMap<(From, (usize, usize)), (i64, bool)>,
}

/// What is known of a list.
#[derive(Clone, Copy)]
struct List {
    set: usize,
    load: (i64, i64),
    stay: i64,
    unload: (i64, i64),
}

/// Where a leg begins.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum From {
    Machine(usize),
    Station(usize),
    List((usize, usize)),
}

fn address(options: &Arc<[Choice]>) -> (usize, usize) {
    (
        Arc::as_ptr(options).cast::<Choice>() as usize,
        options.len(),
    )
}

impl Sets {
    fn list(&mut self, shop: &Shop, options: &Arc<[Choice]>) -> List {
        let address = address(options);
        if let Some(known) = self.lists.get(&address) {
            return *known;
        }
        let mut set: Vec<usize> = options.iter().map(|o| o.machine).collect();
        set.sort_unstable();
        set.dedup();
        let next = self.sets.len();
        let number = *self.numbers.entry(set.clone()).or_insert(next);
        let list = List {
            set: number,
            load: span(&set, |m| shop.machines[m].load),
            stay: (options.iter().map(|o| o.stay.base()).min()).unwrap_or(0),
            unload: span(&set, |m| shop.machines[m].unload),
        };
        if number == next {
            self.sets.push(set);
        }
        self.lists.insert(address, list);
        list
    }

    fn leg(&mut self, shop: &Shop, from: From, options: &Arc<[Choice]>) -> (i64, bool) {
        let key = (from, address(options));
        if let Some(known) = self.legs.get(&key) {
            return *known;
        }
        let machines = match from {
            From::Machine(machine) => vec![machine],
            From::Station(_) => Vec::new(),
            From::List(list) => {
                (self.lists.get(&list)).map_or_else(Vec::new, |list| self.sets[list.set].clone())
            }
        };
        let to = || options.iter().map(|o| o.machine);
        let found = if let From::Station(station) = from {
            let least = to().map(|to| {
                let m = &shop.machines[to];
                (shop.travel.time(station, m.station) + m.load).base()
            });
            (least.min().unwrap_or(0), true)
        } else {
            let legs = to().flat_map(|to| machines.iter().map(move |&a| shop.leg(a, to).base()));
            let here = |to: usize| machines.iter().any(|&a| a == to || shop.direct(a, to));
            (legs.min().unwrap_or(0), !to().any(here))
        };
        self.legs.insert(key, found);
        found
    }
}

fn ways(shop: &Shop, job: &Job, sets: &mut Sets) -> Vec<Least> {
    let mut before = match job.at {
        Where::In { machine, .. } => From::Machine(machine),
        Where::On { station } | Where::Outside { station } => From::Station(station),
        Where::Nowhere => return Vec::new(),
    };
    let mut all = Vec::with_capacity(job.tasks.len());
    for task in &job.tasks {
        let list = sets.list(shop, &task.options);
        let (leg, carried) = sets.leg(shop, before, &task.options);
        all.push(Least {
            set: list.set,
            leg,
            carried,
            load: list.load,
            stay: list.stay,
            unload: list.unload,
        });
        before = From::List(address(&task.options));
    }
    all
}

/// The least and the most of a time of these machines.
fn span(machines: &[usize], of: impl Fn(usize) -> Duration) -> (i64, i64) {
    let times = || machines.iter().map(|&m| of(m).base());
    (times().min().unwrap_or(0), times().max().unwrap_or(0))
}
