//! The loop as a campaign runs it, without the hall: plates of few wells beside the controls that every plate has,
//! a reader with its noise, and wells that it disturbs unnoticed. Until the policy says that all is settled.

use crate::normal;
use design::{Factor, Level, Outcome, Policy, Space, Trial};
use quantity::{Rng, Seed};
use rand::RngExt;
use reason::causes::{Act, CauseOptions, CausePolicy};
use std::sync::Arc;
use twin::nature::{Form, Network};

/// What a race is about.
#[derive(Clone, Copy, Debug)]
pub struct Plates {
    /// Wells of a plate that the policy asks for.
    pub wells: usize,
    /// Wells of a plate where nothing is done: what vouches for it.
    pub controls: usize,
    /// Wells of one intervention.
    pub replicates: usize,
    /// Most genes silenced in one well.
    pub combine: usize,
    /// The probability at which a link is settled.
    pub certainty: f64,
    /// Odds that a value is disturbed and nobody notices.
    pub defect: f64,
}

/// Plates after which a run is given up.
const PLATES_MAX: usize = 30;
/// What an unbound reagent leaves of a gene at the campaign's highest dose.
const LEFT: f64 = 1.0 / 31.0;

/// How a run ended.
#[derive(Clone, Debug, PartialEq)]
pub struct Ended {
    /// Plates that it took.
    pub plates: usize,
    /// For each pair of genes, what was said of its arrow and then of a hidden cause: with what probability, and whether it is so.
    pub said: Vec<(f64, bool)>,
}

impl Ended {
    fn at(plates: usize, net: &Network, policy: &CausePolicy) -> Self {
        let said = policy.belief();
        Self {
            plates,
            said: said.map_or_else(Vec::new, |(_, belief)| crate::said(net, belief)),
        }
    }

    /// Whether every arrow and every hidden cause, or its absence, is as in truth.
    fn right(&self) -> bool {
        !self.said.is_empty() && self.said.iter().all(|(_, so)| *so)
    }
}

/// Upper ends of the classes of probabilities in which what was said is held against what is so.
const CLASSES: [f64; 5] = [0.9, 0.95, 0.99, 0.999, 1.0];

/// Of what was said with a probability of each class: how much is wrong, and how much should be.
fn calibration(ended: &[Ended]) -> Vec<String> {
    let mut from = 0.0;
    let mut lines = Vec::new();
    for to in CLASSES {
        let said = ended.iter().flat_map(|e| &e.said);
        let of: Vec<_> = said
            .filter(|(p, _)| *p > from && *p <= to.max(from))
            .collect();
        let expected: f64 = of.iter().map(|(p, _)| 1.0 - p).sum();
        let wrong = of.iter().filter(|(_, so)| !so).count();
        lines.push(format!(
            "{from}-{to}: {wrong} of {} wrong, {expected:.1} expected",
            of.len()
        ));
        from = to;
    }
    lines
}

/// What a fluorescence reader of the twin makes of a well.
fn read(net: &Network, silenced: &[bool], gain: f64, defect: f64, rng: &mut Rng) -> Vec<f64> {
    let factors: Vec<f64> = silenced
        .iter()
        .map(|down| if *down { LEFT } else { 1.0 })
        .collect();
    let hidden = normal(rng);
    let noise: Vec<f64> = silenced.iter().map(|_| normal(rng)).collect();
    let mut of = |x: f64| {
        let mut value = (1000.0 * x + 120.0) * gain * (1.0 + 0.03 * normal(rng));
        value += 15.0 * normal(rng);
        if rng.random::<f64>() < defect {
            value *= 1.1 + 0.5 * rng.random::<f64>();
        }
        value - 120.0
    };
    net.expression(&factors, hidden, &noise)
        .into_iter()
        .map(&mut of)
        .collect()
}

/// Runs the loop once.
pub fn run(form: Form, race: &Plates, by_lot: bool, seed: Seed, tell: bool) -> Option<Ended> {
    let net = Network::example(form).ok()?;
    let n = net.genes().len();
    let factors = (0..n).map(|g| Factor::continuous(&format!("g{} down", g + 1), "", 0.0, 30.0));
    let space = Arc::new(Space::new(factors.collect()));
    let acts = (0..n)
        .map(|g| Act {
            factor: g,
            variable: g,
        })
        .collect();
    let options = CauseOptions {
        certainty: race.certainty,
        hidden: true,
        soft: false,
        leaves: 0.03,
        combine: race.combine,
        replicates: race.replicates,
        controls: race.controls,
        by_lot,
    };
    let names = net.genes().iter().map(|g| g.name.to_string()).collect();
    let mut policy = CausePolicy::new(space, names, acts, options, seed.derive("policy", 0));
    let mut rng = seed.derive("nature", 0).rng();
    for plate in 1..=PLATES_MAX {
        let asked = policy
            .ask(race.wells, &[], seed.derive("ask", plate as u64))
            .ok()?;
        let mut points: Vec<_> = asked.into_iter().map(|p| p.point).collect();
        points.extend(vec![
            design::Point(vec![Level::Real(0.0); n]);
            race.controls
        ]);
        let gain = 1.0 + 0.01 * normal(&mut rng);
        let trials: Vec<Trial> = points
            .into_iter()
            .map(|point| {
                let down: Vec<bool> = point
                    .levels()
                    .iter()
                    .map(|level| level.number().is_some_and(|dose| dose > 15.0))
                    .collect();
                let values = read(&net, &down, gain, race.defect, &mut rng);
                Trial {
                    point,
                    outcome: Outcome::Measured {
                        values,
                        sd: None,
                        replicates: 1,
                    },
                    batch: plate as u64,
                }
            })
            .collect();
        policy.tell(&trials).ok()?;
        if tell && let Some(found) = policy.findings() {
            let stage = found.stages.last();
            println!("  {plate}: {:?}", stage.map(|s| (&s.arms, s.certainty)));
            let open = found
                .links
                .iter()
                .filter(|l| l.probability < 0.9)
                .map(|l| format!("{}>{} {:.2}", l.from, l.to, l.probability))
                .chain(
                    found
                        .hidden
                        .iter()
                        .filter(|h| h.2 < 0.9)
                        .map(|h| format!("{}~{} {:.2}", h.0, h.1, h.2)),
                );
            println!(
                "     open {}; left out {}",
                open.collect::<Vec<_>>().join(", "),
                found.disturbed
            );
        }
        if let Some(words) = policy.settled() {
            if tell {
                println!("  {words}");
            }
            return Some(Ended::at(plate, &net, &policy));
        }
    }
    Some(Ended::at(PLATES_MAX, &net, &policy))
}

/// Runs both ways on many seeds and prints how they compare.
pub fn race(form: Form, race: &Plates, seeds: std::ops::Range<u64>, tell: bool) {
    let mut sums = [0; 2];
    for (way, by_lot) in [("designed", false), ("by lot", true)] {
        let mut all = Vec::new();
        for seed in seeds.clone() {
            if tell {
                println!("{way}, seed {seed}");
            }
            if let Some(ended) = run(form, race, by_lot, Seed(seed), tell) {
                all.push(ended);
            }
        }
        sums[usize::from(by_lot)] = all.iter().map(|e| e.plates).sum();
        let counts: Vec<String> = all
            .iter()
            .map(|e| format!("{}{}", e.plates, if e.right() { "" } else { "!" }))
            .collect();
        let wrong = all.iter().filter(|e| !e.right()).count();
        println!(
            "{form:?} {way}: {} plates, {wrong} of {} wrong: {}",
            sums[usize::from(by_lot)],
            all.len(),
            counts.join(" ")
        );
        for line in calibration(&all) {
            println!("  {line}");
        }
    }
    println!("ratio {:.2}", sums[0] as f64 / sums[1].max(1) as f64);
}
