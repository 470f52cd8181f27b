//! Machines that can do the same work, sorted by when they are free.
//!
//! Where a task may be done by hundreds of machines, asking each one's timetable costs too much, and
//! asking a few at random leaves gaps. From these lists the gap is found at once that begins last before
//! a plate comes (the best fit: the least time is lost in front of it), and where nothing is free, the one
//! that begins first. Machines are apart by the zone that they stand in and by their speed.

use crate::job::Choice;
use crate::line::FAR;
use crate::shop::Shop;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// From so many options of a task on, they are kept in a list. Fewer are all asked.
pub(crate) const MANY: usize = 32;

/// Lists, at most; tasks with options beyond are planned without.
const POOLS_MOST: usize = 4_096;

/// Machines of one pool in one zone that take the same time.
#[derive(Clone, Debug)]
pub(crate) struct Class {
    pub(crate) zone: u32,
    pub(crate) stay: i64,
    /// The family of their work there.
    pub(crate) family: u32,
    /// Least time from the border of the zone to the end of loading.
    pub(crate) entry: i64,
    /// Least time of loading.
    pub(crate) load: i64,
    /// Gaps that are long enough, and end.
    pub(crate) gaps: BTreeSet<Gap>,
    /// The last gap of each place, which does not end.
    pub(crate) open: BTreeSet<Gap>,
}

impl Class {
    fn list(&mut self, gap: &Gap) -> &mut BTreeSet<Gap> {
        if gap.until >= FAR {
            &mut self.open
        } else {
            &mut self.gaps
        }
    }
}

/// A place of a machine that nobody has meanwhile. In order of time.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Gap {
    pub(crate) from: i64,
    pub(crate) until: i64,
    pub(crate) machine: u32,
    pub(crate) slot: u32,
}

/// All machines of one list of options.
#[derive(Clone, Debug)]
struct Pool {
    options: Arc<[Choice]>,
    classes: Vec<Class>,
}

/// The pools of a shop.
#[derive(Clone, Debug, Default)]
pub(crate) struct Ready {
    pools: Vec<Pool>,
    /// Pools by what is quickly told of a list: length, first and last machine.
    known: BTreeMap<(usize, usize, usize), Vec<usize>>,
    /// By machine: pool and class.
    member: Vec<Vec<Member>>,
    /// By machine that is in some pool: its gaps, in order.
    gaps: Vec<Vec<Gap>>,
}

/// A machine in a class of a pool.
#[derive(Clone, Copy, Debug)]
struct Member {
    pool: u32,
    class: u32,
    /// The least gap that its work needs.
    least: i64,
}

impl Ready {
    /// One more machine, in no pool.
    pub(crate) fn add_machine(&mut self) {
        self.member.push(Vec::new());
        self.gaps.push(Vec::new());
    }

    /// Whether a machine is in some pool.
    pub(crate) fn watches(&self, machine: usize) -> bool {
        !self.member[machine].is_empty()
    }

    /// A machine has these gaps now, in order.
    pub(crate) fn set(&mut self, machine: usize, gaps: Vec<Gap>) {
        let old = std::mem::replace(&mut self.gaps[machine], gaps);
        let new = &self.gaps[machine];
        let (mut left, mut come) = (old.iter().peekable(), new.iter().peekable());
        loop {
            let (gap, add) = match (left.peek(), come.peek()) {
                (Some(a), Some(b)) if a == b => {
                    left.next();
                    come.next();
                    continue;
                }
                (Some(a), b) if b.is_none_or(|b| *a < *b) => (left.next(), false),
                (_, Some(_)) => (come.next(), true),
                _ => break,
            };
            let Some(gap) = gap else { break };
            for member in &self.member[machine] {
                if gap.until.saturating_sub(gap.from) < member.least {
                    continue;
                }
                let class = &mut self.pools[member.pool as usize].classes[member.class as usize];
                let list = class.list(gap);
                if add {
                    list.insert(*gap);
                } else {
                    list.remove(gap);
                }
            }
        }
    }

    fn index(&self, options: &Arc<[Choice]>) -> Option<usize> {
        let (first, last) = (options.first()?, options.last()?);
        let same = |pool: &&usize| {
            let known = &self.pools[**pool].options;
            Arc::ptr_eq(known, options) || known == options
        };
        let alike = self
            .known
            .get(&(options.len(), first.machine, last.machine));
        alike?.iter().find(same).copied()
    }

    /// The classes of a list that is kept.
    pub(crate) fn classes(&self, options: &Arc<[Choice]>) -> Option<&[Class]> {
        (options.len() >= MANY)
            .then(|| self.index(options))?
            .map(|pool| &self.pools[pool].classes[..])
    }

    /// Keeps a list of options if it is long; `gaps` says when a machine is free.
    pub(crate) fn learn(
        &mut self,
        shop: &Shop,
        options: &Arc<[Choice]>,
        gaps: impl Fn(usize) -> Vec<Gap>,
    ) {
        let (Some(first), Some(last)) = (options.first(), options.last()) else {
            return;
        };
        if options.len() < MANY || self.pools.len() >= POOLS_MOST || self.index(options).is_some() {
            return;
        }
        let number = self.pools.len();
        let mut places: BTreeMap<(u32, i64, u32), usize> = BTreeMap::new();
        let mut classes: Vec<Class> = Vec::new();
        for option in options.iter() {
            let machine = &shop.machines[option.machine];
            let zone = shop.travel.zone(machine.station);
            let (stay, entry) = (option.stay.base(), {
                (shop.travel.access(machine.station) + machine.load).base()
            });
            let at = *places
                .entry((zone, stay, option.family))
                .or_insert(classes.len());
            if at == classes.len() {
                classes.push(Class {
                    zone,
                    stay,
                    family: option.family,
                    entry,
                    load: machine.load.base(),
                    gaps: BTreeSet::new(),
                    open: BTreeSet::new(),
                });
            }
            let class = &mut classes[at];
            class.entry = class.entry.min(entry);
            class.load = class.load.min(machine.load.base());
            let member = Member {
                pool: number as u32,
                class: at as u32,
                least: (machine.load + machine.unload).base() + stay,
            };
            if !self.watches(option.machine) {
                self.gaps[option.machine] = gaps(option.machine);
            }
            self.member[option.machine].push(member);
            for gap in &self.gaps[option.machine] {
                if gap.until.saturating_sub(gap.from) >= member.least {
                    class.list(gap).insert(*gap);
                }
            }
        }
        let key = (options.len(), first.machine, last.machine);
        self.known.entry(key).or_default().push(number);
        let options = options.clone();
        self.pools.push(Pool { options, classes });
    }
}
