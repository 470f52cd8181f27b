//! Causes on the clock and against random interventions.
//!
//! `bench-cause network [SEEDS]`: plates with interventions until the gene network of the twin, hidden
//! cause included, is known, with interventions chosen by expected information and at random; after one
//! plate of observation.
//! `bench-cause plates FORM WELLS REPLICATES COMBINE CONTROLS FIRST LAST PERCENT`: the loop until it says that all is settled, for these
//! seeds, designed and by lot; with `tell` plate by plate.
//! `bench-cause hundred`: 100 variables and 10,000 rows.

mod plates;

use cause::belief::{Belief, Link, Options, believe};
use cause::next::{Batch, choose};
use cause::sample::Length;
use cause::search::{Effort, search};
use cause::{Dag, Data, Gaussian, GaussianScore, Intervention, LocalScore, Nodes, Regime, total};
use quantity::{Rng, Seed};
use rand::RngExt;
use std::time::Instant;
use twin::nature::{Form, Network};

fn normal(rng: &mut Rng) -> f64 {
    let (u, v): (f64, f64) = (rng.random(), rng.random());
    (-2.0 * (1.0 - u).ln()).sqrt() * (2.0 * std::f64::consts::PI * v).cos()
}

/// What a reader adds to a gene's signal.
const READING: f64 = 0.02;
/// Wells of the first plate, on which nothing is done.
const OBSERVED: usize = 12;
/// Plates after which a run is given up.
const PLATES_MAX: usize = 30;

/// One well of the network with some genes silenced.
fn well(net: &Network, silenced: Option<usize>, rng: &mut Rng) -> Vec<f64> {
    let n = net.genes().len();
    let mut factors = vec![1.0; n];
    if let Some(g) = silenced {
        factors[g] = 0.0;
    }
    let hidden = normal(rng);
    let noise: Vec<f64> = (0..n).map(|_| normal(rng)).collect();
    let x = net.expression(&factors, hidden, &noise);
    x.into_iter().map(|v| v + READING * normal(rng)).collect()
}

/// For each pair of genes what is believed of its arrow and of a hidden cause: with what probability, and whether it is so.
fn said(net: &Network, belief: &Belief) -> Vec<(f64, bool)> {
    let n = net.genes().len();
    let drives: Vec<(usize, usize)> = net.drives().map(|d| (d.from, d.to)).collect();
    let mut all = Vec::new();
    for a in 0..n {
        for b in a + 1..n {
            let link = if drives.contains(&(a, b)) {
                Link::Forth
            } else if drives.contains(&(b, a)) {
                Link::Back
            } else {
                Link::None
            };
            let (verdict, probability) = belief.verdict(a, b);
            all.push((probability, verdict == link));
            let hidden = net.genes()[a].hidden != 0.0 && net.genes()[b].hidden != 0.0;
            let of = belief.hidden(a, b);
            all.push((of.max(1.0 - of), (of > 0.5) == hidden));
        }
    }
    all
}

/// Whether every arrow, and every hidden cause, is as in truth.
fn right(net: &Network, belief: &Belief) -> bool {
    said(net, belief).iter().all(|(_, so)| *so)
}

/// Plates with interventions until all is right.
fn plates(net: &Network, batch: &Batch, designed: bool, seed: Seed) -> usize {
    let n = net.genes().len();
    let mut rng = seed.derive("nature", 0).rng();
    let mut regimes = vec![Regime::observation()];
    regimes.extend((0..n).map(|g| Regime::setting(Nodes::one(g), format!("g{}", g + 1))));
    let interventions: Vec<Intervention> = (0..n)
        .map(|g| Intervention {
            name: format!("g{} silenced", g + 1),
            targets: vec![(g, 0.0)],
            soft: false,
        })
        .collect();
    let options = Options {
        length: Length {
            chains: 2,
            burn_in: 4_000,
            steps: 16_000,
            every: 10,
        },
        ..Options::default()
    };
    // The first plate is the same for both: nothing is done.
    let mut rows: Vec<(usize, Vec<f64>)> = (0..OBSERVED)
        .map(|_| (0, well(net, None, &mut rng)))
        .collect();
    let mut belief: Option<(Data, Belief)> = None;
    for plate in 0..=PLATES_MAX {
        if let (true, Some((data, belief))) = (plate > 0, &belief) {
            let plan = choose(
                &belief.rivals(data, 150),
                &interventions,
                batch,
                seed.derive("plate", plate as u64),
            );
            let mut chosen: Vec<Option<usize>> = plan
                .wells
                .iter()
                .map(|arm| plan.arms[*arm].intervention)
                .collect();
            if !designed {
                // As many wells with interventions and as many controls, targets by lot.
                let controls = chosen.iter().filter(|target| target.is_none()).count();
                chosen = vec![None; controls];
                while chosen.len() < batch.wells {
                    let target = rng.random_range(0..n);
                    chosen.extend(vec![Some(target); batch.replicates]);
                }
            }
            for target in chosen {
                rows.push((target.map_or(0, |g| g + 1), well(net, target, &mut rng)));
            }
        }
        let names = net
            .genes()
            .iter()
            .map(|gene| gene.name.to_string())
            .collect();
        let Ok(data) = Data::new(names, regimes.clone(), rows.clone()) else {
            continue;
        };
        let found = believe(&data, &options, seed.derive("belief", plate as u64));
        if right(net, &found) {
            return plate;
        }
        belief = Some((data, found));
    }
    PLATES_MAX + 1
}

fn network(seeds: u64) {
    for (wells, replicates) in [(8, 2), (12, 2), (12, 1)] {
        let batch = Batch {
            wells,
            given: 0,
            replicates,
            blocks: 1,
        };
        for (name, form) in [("linear", Form::Linear), ("Hill", Form::Hill)] {
            let Ok(net) = Network::example(form) else {
                return;
            };
            let of = |designed: bool| -> Vec<usize> {
                (0..seeds)
                    .map(|seed| plates(&net, &batch, designed, Seed(seed)))
                    .collect()
            };
            let (designed, random) = (of(true), of(false));
            let mean = |counts: &[usize]| counts.iter().sum::<usize>() as f64 / seeds as f64;
            println!(
                "{name}, plates of {wells} wells, {replicates} an intervention: {:.2} designed, {:.2} random, ratio {:.2}\n  designed {designed:?}\n  random   {random:?}",
                mean(&designed),
                mean(&random),
                mean(&designed) / mean(&random)
            );
        }
    }
}

/// A random sparse linear system: two arrows a variable, weights of ±[0.5, 1.5], as in the data of the
/// five small ones.
fn hundred() {
    const P: usize = 100;
    const ROWS: usize = 10_000;
    let mut rng = Seed(7).rng();
    let mut order: Vec<usize> = (0..P).collect();
    for i in (1..P).rev() {
        order.swap(i, rng.random_range(0..=i));
    }
    let mut weights: Vec<Vec<(usize, f64)>> = vec![Vec::new(); P];
    let mut arrows = Vec::new();
    for at in 1..P {
        for _ in 0..2 {
            let from = order[rng.random_range(0..at)];
            if weights[order[at]].iter().all(|(f, _)| *f != from) {
                let sign = if rng.random::<f64>() < 0.5 { -1.0 } else { 1.0 };
                weights[order[at]].push((from, sign * (0.5 + rng.random::<f64>())));
                arrows.push((from, order[at]));
            }
        }
    }
    let Some(truth) = Dag::from_arrows(P, &arrows) else {
        return;
    };
    // Half the rows are observation; the other half are fifty for each variable that is set.
    let mut regimes = vec![Regime::observation()];
    regimes.extend((0..P).map(|g| Regime::setting(Nodes::one(g), format!("x{g}"))));
    let mut rows = Vec::with_capacity(ROWS);
    for row in 0..ROWS {
        let target = (row >= ROWS / 2).then(|| (row - ROWS / 2) % P);
        let mut x = vec![0.0; P];
        for &v in &order {
            x[v] = if target == Some(v) {
                2.0 + normal(&mut rng)
            } else {
                normal(&mut rng) + weights[v].iter().map(|(f, w)| w * x[*f]).sum::<f64>()
            };
        }
        rows.push((target.map_or(0, |t| t + 1), x));
    }
    let names = (0..P).map(|g| format!("x{g}")).collect();
    let began = Instant::now();
    let Ok(data) = Data::new(names, regimes, rows) else {
        return;
    };
    let score = GaussianScore::new(Gaussian::Bic, &data).sparse(cause::arrow_cost(P));
    let found = search(&score, &Effort::default(), Seed(1));
    let seconds = began.elapsed().as_secs_f64();
    let targets = score.targets();
    let distance = found
        .dag
        .essential(&targets)
        .distance(&truth.essential(&targets));
    let of_truth = total(&score, (0..P).map(|v| truth.parents(v)));
    println!(
        "{P} variables, {ROWS} rows, {} arrows: {seconds:.1} s, distance {distance}, score {:.1} above the true graph's",
        arrows.len(),
        found.score - of_truth
    );
}

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    match arguments.first().map(String::as_str) {
        Some("network") => network(arguments.get(1).and_then(|s| s.parse().ok()).unwrap_or(10)),
        Some("hundred") => hundred(),
        Some("plates") => {
            let number = |at: usize, default: usize| {
                arguments
                    .get(at)
                    .and_then(|text| text.parse().ok())
                    .unwrap_or(default)
            };
            let race = plates::Plates {
                wells: number(2, 8),
                replicates: number(3, 2),
                combine: number(4, 2),
                controls: number(5, 8),
                certainty: number(8, 90) as f64 / 100.0,
                defect: 5e-4,
            };
            let form = match arguments.get(1).map(String::as_str) {
                Some("hill") => Form::Hill,
                _ => Form::Linear,
            };
            let seeds = number(6, 1) as u64..number(7, 6) as u64 + 1;
            plates::race(form, &race, seeds, arguments.iter().any(|a| a == "tell"));
        }
        _ => eprintln!("bench-cause network [SEEDS] | bench-cause hundred"),
    }
}
