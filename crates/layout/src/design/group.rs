//! Which instruments share a station, and an arm.
//!
//! Plates that go on within a station need no mover. Of a kind's flow a station keeps as much as both
//! ends can take: with `a` of all instruments of one kind and `b` of those of the next, `min(a, b)` of
//! the flow between them. Instruments are moved between stations to keep most, by annealing
//! (Kirkpatrick, Gelatt and Vecchi, Science 220 (1983)); people put like with like instead.

use super::need::Need;
use crate::sizes::{self, Zone};
use quantity::Seed;
use rand::RngExt;
use std::collections::BTreeMap;

/// What a station can hold.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Frame {
    /// Metres along its front.
    pub front: f64,
    /// Shelves above each other that its arm reaches; tall instruments take them all.
    pub levels: usize,
    /// The share of its time that its arm may work.
    pub arm: f64,
}

/// An instrument in its place in a station.
#[derive(Clone, Debug, PartialEq)]
pub struct Item {
    /// Its kind.
    pub kind: String,
    /// From the left end of the front, metres.
    pub at: f64,
    /// Its shelf, from below; none for one that takes them all.
    pub level: Option<usize>,
}

/// A station.
#[derive(Clone, Debug, PartialEq)]
pub struct Module {
    /// Its instruments.
    pub items: Vec<Item>,
    /// Metres of front that they take.
    pub front: f64,
}

impl Module {
    /// Puts instruments beside and above each other; none if they don't fit.
    fn pack(kinds: &[&str], frame: Frame) -> Option<Self> {
        let mut sorted = kinds.to_vec();
        let width = |kind: &str| sizes::of(kind).width;
        sorted.sort_by(|a, b| width(b).total_cmp(&width(a)).then(a.cmp(b)));
        let tall = |kind: &&str| sizes::of(kind).tall || frame.levels == 1;
        let mut items = Vec::new();
        let mut at = 0.0;
        for kind in sorted.iter().filter(|kind| tall(kind)) {
            items.push(Item {
                kind: (*kind).to_owned(),
                at,
                level: None,
            });
            at += width(kind);
        }
        let mut ends = vec![at; frame.levels];
        for kind in sorted.iter().filter(|kind| !tall(kind)) {
            let level = (0..ends.len()).min_by(|&a, &b| ends[a].total_cmp(&ends[b]))?;
            items.push(Item {
                kind: (*kind).to_owned(),
                at: ends[level],
                level: Some(level),
            });
            ends[level] += width(kind);
        }
        let front = ends.iter().copied().fold(at, f64::max);
        (front <= frame.front + 1e-9).then_some(Self { items, front })
    }

    /// How many instruments of a kind it has.
    #[must_use]
    pub fn count(&self, kind: &str) -> usize {
        self.items.iter().filter(|item| item.kind == kind).count()
    }
}

/// Seconds of an arm to put a plate in and take it out again (typical: 6 s to grip, 5 s to put down).
const VISIT_S: f64 = 22.0;
/// Turns of annealing for each instrument.
const TURNS: usize = 4_000;

/// Flows and counts by number of the kind.
struct Problem<'n> {
    kinds: Vec<&'n str>,
    counts: Vec<usize>,
    flows: Vec<(usize, usize, f64)>,
    /// Share of an arm's time for one instrument of each kind.
    arm: Vec<f64>,
    frame: Frame,
}

impl<'n> Problem<'n> {
    fn new(need: &'n Need, frame: Frame) -> Self {
        let kinds: Vec<&str> = need.counts.keys().map(String::as_str).collect();
        let number = |kind: &str| kinds.iter().position(|k| *k == kind);
        let flows: Vec<_> = need
            .flows
            .iter()
            .filter_map(|((a, b), flow)| Some((number(a)?, number(b)?, *flow)))
            .collect();
        let counts: Vec<usize> = need.counts.values().copied().collect();
        let arm = (0..kinds.len())
            .map(|k| {
                let out: f64 = flows.iter().filter(|f| f.0 == k).map(|f| f.2).sum();
                let into: f64 = flows.iter().filter(|f| f.1 == k).map(|f| f.2).sum();
                (out + into) / 2.0 * VISIT_S / 3600.0 / counts[k] as f64
            })
            .collect();
        Self {
            kinds,
            counts,
            flows,
            arm,
            frame,
        }
    }

    /// Plates an hour that stay within stations, less what is not allowed.
    fn score(&self, load: &[Vec<usize>]) -> f64 {
        load.iter().map(|module| self.score_of(module)).sum()
    }

    fn score_of(&self, module: &[usize]) -> f64 {
        let share = |k: usize| module[k] as f64 / self.counts[k] as f64;
        let kept: f64 = self
            .flows
            .iter()
            .map(|&(a, b, flow)| flow * share(a).min(share(b)))
            .sum();
        kept - self.excess(module) * 1e3
    }

    /// How far a module is from being allowed: 0 if it is.
    fn excess(&self, module: &[usize]) -> f64 {
        let mut tall = 0.0;
        let mut rest = Vec::new();
        let mut arm = 0.0;
        for (k, &count) in module.iter().enumerate().filter(|(_, c)| **c > 0) {
            let size = sizes::of(self.kinds[k]);
            arm += self.arm[k] * count as f64;
            if size.tall || self.frame.levels == 1 {
                tall += size.width * count as f64;
            } else {
                rest.extend(std::iter::repeat_n(size.width, count));
            }
        }
        rest.sort_by(|a, b| b.total_cmp(a));
        let mut ends = vec![tall; self.frame.levels];
        for width in rest {
            if let Some(end) = ends.iter_mut().min_by(|a, b| a.total_cmp(b)) {
                *end += width;
            }
        }
        let front = ends.iter().copied().fold(tall, f64::max);
        let present = |k: &usize| module[*k] > 0;
        let mut clashes = 0;
        for a in (0..module.len()).filter(present) {
            for b in (a..module.len()).filter(present) {
                clashes += u32::from(!sizes::together(self.kinds[a], self.kinds[b]));
            }
        }
        (front - self.frame.front).max(0.0) + (arm - self.frame.arm).max(0.0) + f64::from(clashes)
    }

    fn module(&self, load: &[usize]) -> Option<Module> {
        let kinds: Vec<&str> = load
            .iter()
            .enumerate()
            .flat_map(|(k, &count)| std::iter::repeat_n(self.kinds[k], count))
            .collect();
        Module::pack(&kinds, self.frame)
    }
}

/// Stations in which plates can go on, as few as hold everything.
#[must_use]
pub fn by_flow(need: &Need, frame: Frame, seed: Seed) -> Vec<Module> {
    let problem = Problem::new(need, frame);
    let units: Vec<usize> = (0..problem.kinds.len())
        .flat_map(|k| std::iter::repeat_n(k, problem.counts[k]))
        .collect();
    let area: f64 = units
        .iter()
        .map(|&k| {
            let size = sizes::of(problem.kinds[k]);
            let share = if size.tall { 1.0 } else { frame.levels as f64 };
            size.width / share
        })
        .sum();
    let least = ((area / frame.front).ceil() as usize).clamp(1, units.len());
    for count in least..=units.len() {
        let load = anneal(&problem, &units, count, seed.derive("group", count as u64));
        if load.iter().all(|module| problem.excess(module) == 0.0) {
            return load
                .iter()
                .filter(|module| module.iter().any(|c| *c > 0))
                .filter_map(|module| problem.module(module))
                .collect();
        }
    }
    alone(need)
}

/// A station for each instrument: what always works.
fn alone(need: &Need) -> Vec<Module> {
    let each = need
        .counts
        .iter()
        .flat_map(|(kind, count)| std::iter::repeat_n(kind, *count));
    each.map(|kind| Module {
        front: sizes::of(kind).width,
        items: vec![Item {
            kind: kind.clone(),
            at: 0.0,
            level: None,
        }],
    })
    .collect()
}

fn anneal(problem: &Problem<'_>, units: &[usize], count: usize, seed: Seed) -> Vec<Vec<usize>> {
    let mut rng = seed.rng();
    let mut place: Vec<usize> = (0..units.len())
        .map(|_| rng.random_range(0..count))
        .collect();
    let mut load = vec![vec![0; problem.kinds.len()]; count];
    for (unit, &module) in place.iter().enumerate() {
        load[module][units[unit]] += 1;
    }
    let mut scores: Vec<f64> = load.iter().map(|m| problem.score_of(m)).collect();
    let most: f64 = problem.flows.iter().map(|f| f.2).sum::<f64>().max(1.0);
    let mut best = (problem.score(&load), load.clone());
    let turns = TURNS * units.len();
    for turn in 0..turns {
        // From a tenth of all flow down to a thousandth of it.
        let heat = most * 0.1 * 0.01_f64.powf(turn as f64 / turns as f64);
        let unit = rng.random_range(0..units.len());
        let other = rng.random_range(0..units.len());
        let swap = rng.random::<bool>();
        let from = place[unit];
        let to = if swap {
            place[other]
        } else {
            rng.random_range(0..count)
        };
        if from == to || swap && units[unit] == units[other] {
            continue;
        }
        let shift = |load: &mut [Vec<usize>], back: bool| {
            let (from, to) = if back { (to, from) } else { (from, to) };
            load[from][units[unit]] -= 1;
            load[to][units[unit]] += 1;
            if swap {
                load[to][units[other]] -= 1;
                load[from][units[other]] += 1;
            }
        };
        shift(&mut load, false);
        let new = [problem.score_of(&load[from]), problem.score_of(&load[to])];
        let gain = new[0] + new[1] - scores[from] - scores[to];
        if gain >= 0.0 || rng.random::<f64>() < (gain / heat).exp() {
            (scores[from], scores[to]) = (new[0], new[1]);
            place[unit] = to;
            if swap {
                place[other] = from;
            }
            let score: f64 = scores.iter().sum();
            if score > best.0 + 1e-12 {
                best = (score, load.clone());
            }
        } else {
            shift(&mut load, true);
        }
    }
    best.1
}

/// Benches as people fill them: zone after zone in the order in which plates meet them, like beside
/// like, the next bench when one is full.
#[must_use]
pub fn by_kind(need: &Need, frame: Frame) -> Vec<Module> {
    let mut zones: BTreeMap<Zone, Vec<&str>> = BTreeMap::new();
    for (kind, count) in &need.counts {
        let zone = zones.entry(sizes::of(kind).zone).or_default();
        zone.extend(std::iter::repeat_n(kind.as_str(), *count));
    }
    let problem = Problem::new(need, frame);
    // Not more than fits, nothing that must stand apart, no arm busier than planned.
    let fits = |bench: &[&str]| {
        let count = |kind: &&str| bench.iter().filter(|k| *k == kind).count();
        let load: Vec<usize> = problem.kinds.iter().map(count).collect();
        problem.excess(&load) == 0.0 && Module::pack(bench, frame).is_some()
    };
    let mut modules = Vec::new();
    let mut bench: Vec<&str> = Vec::new();
    for kind in zones.into_values().flatten() {
        bench.push(kind);
        if bench.len() > 1 && !fits(&bench) {
            bench.pop();
            modules.extend(Module::pack(&bench, frame));
            bench = vec![kind];
        }
    }
    modules.extend(Module::pack(&bench, frame));
    modules
}

/// Plates an hour from module to module, if as much as can be stays within, and the rest is shared
/// out in proportion.
#[must_use]
pub fn flows_between(need: &Need, modules: &[Module]) -> Vec<Vec<f64>> {
    let n = modules.len();
    let mut flows = vec![vec![0.0; n]; n];
    for ((a, b), flow) in &need.flows {
        let share = |kind: &str| -> Vec<f64> {
            let total: usize = modules.iter().map(|m| m.count(kind)).sum();
            modules
                .iter()
                .map(|m| m.count(kind) as f64 / total.max(1) as f64)
                .collect()
        };
        let (out, into) = (share(a), share(b));
        let kept: Vec<f64> = out.iter().zip(&into).map(|(x, y)| x.min(*y)).collect();
        let rest = 1.0 - kept.iter().sum::<f64>();
        if rest <= 1e-12 {
            continue;
        }
        for i in 0..n {
            for j in 0..n {
                let (x, y) = (out[i] - kept[i], into[j] - kept[j]);
                flows[i][j] += flow * x * y / rest;
            }
        }
    }
    flows
}

#[cfg(test)]
mod tests {
    use super::*;

    fn need(counts: &[(&str, usize)], flows: &[(&str, &str, f64)]) -> Need {
        Need {
            counts: counts.iter().map(|(k, n)| ((*k).to_owned(), *n)).collect(),
            flows: flows
                .iter()
                .map(|(a, b, f)| (((*a).to_owned(), (*b).to_owned()), *f))
                .collect(),
            busy: BTreeMap::new(),
            flow_hours: 1.0,
        }
    }

    const FRAME: Frame = Frame {
        front: 1.2,
        levels: 2,
        arm: 0.6,
    };

    #[test]
    fn what_follows_on_each_other_shares_a_station() {
        let need = need(
            &[
                ("sealer", 2),
                ("peeler", 2),
                ("acoustic_dispenser", 2),
                ("reagent_dispenser", 2),
            ],
            &[
                ("acoustic_dispenser", "reagent_dispenser", 30.0),
                ("reagent_dispenser", "sealer", 30.0),
            ],
        );
        let modules = by_flow(&need, FRAME, Seed(1));
        let flows = flows_between(&need, &modules);
        let out: f64 = flows.iter().flatten().sum();
        assert!(out < 1e-9, "{modules:?} {flows:?}");
        for module in &modules {
            assert!(module.front <= FRAME.front);
        }
        let held: usize = modules.iter().map(|m| m.items.len()).sum();
        assert_eq!(held, 8);
    }

    #[test]
    fn people_put_like_beside_like() {
        let need = need(&[("incubator", 3), ("sealer", 1), ("freezer", 1)], &[]);
        let bench = Frame {
            front: 1.8,
            levels: 1,
            arm: 1.0,
        };
        let kinds: Vec<Vec<String>> = by_kind(&need, bench)
            .into_iter()
            .map(|m| m.items.into_iter().map(|i| i.kind).collect())
            .collect();
        // The sealer stands with two incubators; nothing cold stands with the third.
        let expected: [&[&str]; 3] = [
            &["incubator", "incubator", "sealer"],
            &["incubator"],
            &["freezer"],
        ];
        assert_eq!(kinds, expected);
    }
}
