//! Many orders at once in an empty building: first for halls as wholes, then machine by machine.
//!
//! One by one, every order takes the gaps that are there, and between stays on hundreds of machines ever
//! more time is left over that is too short for anything. Here the machines of one kind in one zone are
//! first taken as one machine with all their places, so that no gap is ever too short: in a second planner
//! with such machines alone every plate finds its times. Then the stays are dealt to machines in order of
//! arrival, for which as many always suffice as are taken at a time (interval graphs are perfect, Golumbic
//! 1980). Ways are reckoned with the farthest machine of a kind, and what a plate is early it waits on its
//! mover. What does not fit exactly (a door, an arm) is planned one by one afterwards.

use super::tables::{ORIGIN, begin, end};
use super::{Entry, Planner};
use crate::job::{Choice, Job, Task, Where};
use crate::line::FAR;
use crate::plan::{JobPlan, Promise, Refusal};
use crate::shop::{Machine, Shop, StationNode, Travel, UNLIMITED};
use quantity::{Duration, Instant, OrderId};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// From so many orders at once on.
const CROWD: usize = 64;

/// A plate may wait inside a machine for its work divided by this, where it may wait at all.
const BLOCKING: i64 = 8;

/// Holes that plates alike have left are looked for so far back.
const BACK: Duration = Duration::from_secs(3_000);

/// Machines of one kind in one zone.
struct Site {
    machines: Vec<usize>,
    zone: u32,
}

/// What the options of a task are, as sites: by zone, the choices there.
type Offers = BTreeMap<u32, Arc<[Choice]>>;

/// The building as sites.
struct Building {
    sites: Vec<Site>,
    /// For each list of options, by its address and length.
    offers: BTreeMap<(usize, usize), Offers>,
    shop: Shop,
}

/// The way of a plate over sites.
#[derive(Clone)]
struct Way {
    sites: Vec<usize>,
    /// By node, as in the planner.
    times: Vec<i64>,
}

/// A stay at a site from the begin of loading to the end of unloading, and whose.
struct Stay {
    from: i64,
    until: i64,
    job: usize,
    task: usize,
}

fn address(options: &Arc<[Choice]>) -> (usize, usize) {
    let at = Arc::as_ptr(options).cast::<Choice>() as usize;
    (at, options.len())
}

impl Planner {
    /// Takes many orders, each as [`Planner::admit`] does, but looks at all of them before it promises
    /// the first: in an empty shop with many machines alike this packs far better than one by one.
    /// Answers are in the order of the jobs.
    pub fn admit_all(&mut self, jobs: Vec<Job>, now: Instant) -> Vec<Result<Promise, Refusal>> {
        let mut answers: Vec<Option<Result<Promise, Refusal>>> = Vec::new();
        answers.resize_with(jobs.len(), || None);
        let fresh = |job: &Job| {
            let comes = matches!(job.at, Where::Outside { .. });
            comes && !job.stays && job.progress.is_empty() && job.deadline.is_none()
        };
        let empty = self.jobs.is_empty()
            && self.holds.is_empty()
            && self.down.iter().all(Option::is_none)
            && !self.gone.contains(&true);
        if empty
            && jobs.len() >= CROWD
            && jobs.iter().all(fresh)
            && let Some(building) = Building::new(&self.shop, &jobs)
        {
            for (index, promise) in self.bulk(&building, &jobs, now) {
                answers[index] = Some(Ok(promise));
            }
        }
        (jobs.into_iter().zip(answers))
            .map(|(job, answer)| answer.unwrap_or_else(|| self.admit(job, now)))
            .collect()
    }

    /// Plans jobs at the sites of a building and lays those that fit machine by machine.
    fn bulk(&mut self, building: &Building, jobs: &[Job], now: Instant) -> Vec<(usize, Promise)> {
        let clock = self.tell(now);
        let Some(coarse) = building.plan(jobs, now) else {
            return Vec::new();
        };
        let mut machines = building.deal(&self.shop, &coarse);
        let mut taken = Vec::with_capacity(jobs.len());
        for (job, way) in coarse.into_iter().enumerate() {
            let Some(way) = way.filter(|_| !machines[job].is_empty()) else {
                continue;
            };
            let mut entry = Entry {
                plan: JobPlan {
                    job: jobs[job].id,
                    visits: Vec::new(),
                    finish: crate::FOREVER,
                },
                machines: std::mem::take(&mut machines[job]),
                times: way.times,
                rides: Vec::new(),
                past: 0,
                expected: None,
                loose: super::Loose::default(),
                promise: FAR,
                late: false,
                stranded: None,
                aside: None,
                turns: None,
                job: jobs[job].clone(),
            };
            if self.validate(&entry.job).is_err() || !self.sound(&entry, clock) {
                continue;
            }
            let finish = entry.finish();
            entry.promise = (entry.job.due).map_or(finish, |due| finish.max(due.base()));
            let promise = Instant::from_base(entry.promise);
            let id = entry.job.id;
            self.lay(entry);
            let plan = self.jobs[&id].plan.clone();
            taken.push((
                job,
                Promise {
                    plan,
                    finish: promise,
                },
            ));
        }
        taken
    }
}

impl Building {
    /// `None` if machines with a calendar, set-ups, stocks or runs are among the options, or kinds overlap.
    fn new(shop: &Shop, jobs: &[Job]) -> Option<Self> {
        let mut sites: Vec<Site> = Vec::new();
        let mut known: BTreeMap<Vec<usize>, usize> = BTreeMap::new();
        let mut of: BTreeMap<usize, usize> = BTreeMap::new();
        let mut offers: BTreeMap<(usize, usize), Offers> = BTreeMap::new();
        for options in jobs.iter().flat_map(|j| &j.tasks).map(|t| &t.options) {
            if offers.contains_key(&address(options)) {
                continue;
            }
            // Of machines with one place by zone; one with many is never short of gaps.
            let mut alike: BTreeMap<(u32, Option<usize>), Vec<Choice>> = BTreeMap::new();
            for option in options.iter() {
                let machine = shop.machines.get(option.machine)?;
                let plain = machine.down.is_empty()
                    && machine.setups.is_none()
                    && machine.stocks.is_empty()
                    && machine.batch.is_none();
                if !plain || machine.slots == UNLIMITED {
                    return None;
                }
                let zone = shop.travel.zone(machine.station);
                let alone = (machine.slots > 1).then_some(option.machine);
                alike.entry((zone, alone)).or_default().push(*option);
            }
            let mut here: BTreeMap<u32, Vec<Choice>> = BTreeMap::new();
            for ((zone, _), all) in alike {
                // As slow as the slowest of them, as early as the quickest.
                let Some(stay) = all.iter().map(|o| o.stay).max() else {
                    continue;
                };
                let quick = all.iter().map(|o| o.stay - o.early).min().unwrap_or(stay);
                let mut machines: Vec<usize> = all.iter().map(|o| o.machine).collect();
                machines.sort_unstable();
                machines.dedup();
                let site = *known.entry(machines.clone()).or_insert(sites.len());
                if site == sites.len() {
                    for &machine in &machines {
                        if of.insert(machine, site).is_some() {
                            return None;
                        }
                    }
                    sites.push(Site { machines, zone });
                }
                let machine = site;
                let choice = Choice {
                    machine,
                    stay,
                    early: stay - quick,
                    ..Choice::default()
                };
                here.entry(zone).or_default().push(choice);
            }
            let here = here.into_iter().map(|(zone, all)| (zone, all.into()));
            let here: Offers = here.collect();
            offers.insert(address(options), here);
        }
        let shop = Self::coarse(shop, &sites);
        Some(Self {
            sites,
            offers,
            shop,
        })
    }

    /// A shop with a machine for each site. Its stations are those of the shop, and one for each site.
    fn coarse(shop: &Shop, sites: &[Site]) -> Shop {
        let travel = &shop.travel;
        let mut docks: Vec<(u32, Duration)> = (0..shop.stations.len())
            .map(|s| (travel.zone(s), travel.access(s)))
            .collect();
        let mut machines = Vec::with_capacity(sites.len());
        // How much shorter a way may be than it is reckoned.
        let mut spread = Duration::ZERO;
        for (number, site) in sites.iter().enumerate() {
            let all = || site.machines.iter().map(|&m| &shop.machines[m]);
            let most = |of: &dyn Fn(&Machine) -> Duration| all().map(of).max();
            let access = most(&|m| travel.access(m.station)).unwrap_or(Duration::ZERO);
            let near = all().map(|m| travel.access(m.station)).min();
            spread = spread.max(access - near.unwrap_or(access));
            docks.push((site.zone, access));
            machines.push(Machine {
                name: format!("site {number}"),
                station: shop.stations.len() + number,
                slots: all().map(|m| m.slots).sum(),
                load: most(&|m| m.load).unwrap_or(Duration::ZERO),
                unload: most(&|m| m.unload).unwrap_or(Duration::ZERO),
                gate: all().all(|m| m.gate && m.slots > 1),
                down: Vec::new(),
                ..Machine::default()
            });
        }
        let free = StationNode {
            arms: UNLIMITED,
            direct: false,
        };
        let between = |a: usize, b: usize| travel.between(a as u32, b as u32);
        Shop {
            stations: vec![free; docks.len()],
            machines,
            movers: shop.movers,
            travel: Travel::zoned(&docks, travel.zones(), between),
            mover_wait_max: (shop.mover_wait_max - spread - spread).max(Duration::ZERO),
        }
    }

    /// The way of each job over sites, if it found one.
    fn plan(&self, jobs: &[Job], now: Instant) -> Option<Vec<Option<Way>>> {
        let mut planner = Planner::new(self.shop.clone()).ok()?;
        let travel = &self.shop.travel;
        let mut ways = vec![None; jobs.len()];
        // Jobs alike in one zone leave one after the other: by lists of options, the last departure there.
        let mut left: BTreeMap<Vec<(usize, usize)>, BTreeMap<u32, i64>> = BTreeMap::new();
        for (index, job) in jobs.iter().enumerate() {
            let Where::Outside { station } = job.at else {
                continue;
            };
            let lists: Vec<_> = job.tasks.iter().map(|t| address(&t.options)).collect();
            let left = left.entry(lists.clone()).or_insert_with(|| {
                let all = self.sites.iter().map(|s| s.zone).collect::<BTreeSet<u32>>();
                let able = |zone: &u32| lists.iter().all(|l| self.offers[l].contains_key(zone));
                all.into_iter()
                    .filter(able)
                    .map(|z| (z, now.base()))
                    .collect()
            });
            let home = travel.zone(station);
            let cost = |zone: u32, since: i64| {
                since.max(job.release.base()) + 2 * travel.between(home, zone).base()
            };
            let best = left.iter().map(|(&z, &since)| (cost(z, since), z)).min();
            let Some((_, zone)) = best else { continue };
            let tasks = (job.tasks.iter().zip(&lists))
                .map(|(task, list)| {
                    let options = self.offers[list][&zone].clone();
                    let stay = options.iter().map(|o| o.stay).max();
                    let stay = stay.unwrap_or(Duration::ZERO);
                    // Places of which there are many are waited in as long as the plate bears it.
                    let many = (options.iter()).all(|o| self.shop.machines[o.machine].gate);
                    let part = if many { 1 } else { BLOCKING };
                    let brief = stay + Duration::from_base(stay.base() / part);
                    let most = task.stay_max.map_or(brief, |most| most.min(brief));
                    let stay_max = Some(most.max(stay));
                    Task { options, stay_max }
                })
                .collect();
            let last = left.get_mut(&zone)?;
            let since = *last - BACK.base();
            let coarse = Job {
                id: OrderId(index as u32),
                release: job.release.max(Instant::from_base(since)),
                due: None,
                tasks,
                ..job.clone()
            };
            let Ok(promise) = planner.admit(coarse, now) else {
                continue;
            };
            let visits = &promise.plan.visits;
            let sites = visits.iter().map(|v| v.machine).collect();
            let mut times = vec![visits[0].leg_start.base()];
            times.extend(visits.iter().flat_map(|v| [v.begin.base(), v.end.base()]));
            *last = (*last).max(times[ORIGIN]);
            ways[index] = Some(Way { sites, times });
        }
        Some(ways)
    }

    /// A machine for every task of every job, in order of arrival at each site; none for a job for which
    /// there is none.
    fn deal(&self, shop: &Shop, ways: &[Option<Way>]) -> Vec<Vec<usize>> {
        let mut stays: Vec<Vec<Stay>> = Vec::new();
        stays.resize_with(self.sites.len(), Vec::new);
        let mut machines = vec![Vec::new(); ways.len()];
        for (job, way) in ways.iter().enumerate() {
            let Some(way) = way else { continue };
            machines[job] = vec![usize::MAX; way.sites.len()];
            for (task, &site) in way.sites.iter().enumerate() {
                let kind = &self.shop.machines[site];
                let last = task + 1 == way.sites.len();
                let end = way.times[end(task)];
                stays[site].push(Stay {
                    from: way.times[begin(task)] - kind.load.base(),
                    until: end + if last { 0 } else { kind.unload.base() },
                    job,
                    task,
                });
            }
        }
        for (site, mut stays) in self.sites.iter().zip(stays) {
            stays.sort_unstable_by_key(|s| (s.from, s.until, s.job));
            let mut dealer = Dealer::new(shop, site);
            for stay in stays {
                machines[stay.job][stay.task] = dealer.next(&stay).unwrap_or(usize::MAX);
            }
        }
        for way in &mut machines {
            if way.contains(&usize::MAX) {
                way.clear();
            }
        }
        machines
    }
}

/// Deals the stays of one site.
struct Dealer {
    /// Places: free from, machine, slot.
    free: BTreeSet<(i64, usize, u32)>,
}

impl Dealer {
    fn new(shop: &Shop, site: &Site) -> Self {
        let places = site.machines.iter().flat_map(|&machine| {
            (0..shop.machines[machine].slots).map(move |slot| (-FAR, machine, slot))
        });
        Self {
            free: places.collect(),
        }
    }

    /// The machine that is free for the shortest time before.
    fn next(&mut self, stay: &Stay) -> Option<usize> {
        let mut before = self.free.range(..=(stay.from, usize::MAX, u32::MAX));
        let place = *before.next_back()?;
        self.free.remove(&place);
        let (_, machine, slot) = place;
        self.free.insert((stay.until, machine, slot));
        Some(machine)
    }
}
