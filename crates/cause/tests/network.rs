//! The gene network of the twin, written down once more: linear, with a hidden cause of g4 and g5.
#![allow(clippy::unwrap_used)]

use cause::belief::{Link, Options, believe};
use cause::next::{Batch, choose, worth};
use cause::{Dag, Data, Intervention, Nodes, Regime};
use quantity::{Rng, Seed};
use rand::RngExt;

const DRIVES: [(usize, usize, f64); 7] = [
    (0, 1, 0.9),
    (1, 2, 0.8),
    (3, 5, 0.7),
    (4, 5, 0.6),
    (2, 6, 0.7),
    (5, 6, -0.4),
    (0, 7, -0.5),
];
const BASAL: [f64; 8] = [1.0, 0.3, 0.3, 1.0, 1.0, 0.4, 0.5, 0.8];

fn normal(rng: &mut Rng) -> f64 {
    let (u, v): (f64, f64) = (rng.random(), rng.random());
    (-2.0 * (1.0 - u).ln()).sqrt() * (2.0 * std::f64::consts::PI * v).cos()
}

/// A well in which one gene is silenced, or none.
fn well(silenced: Option<usize>, rng: &mut Rng) -> Vec<f64> {
    let hidden = normal(rng);
    let mut x = vec![0.0; 8];
    // Genes are numbered such that drivers come first.
    for g in 0..8 {
        let drive: f64 = DRIVES
            .iter()
            .filter(|d| d.1 == g)
            .map(|d| d.2 * x[d.0])
            .sum();
        let own = if g == 3 || g == 4 { 0.4 * hidden } else { 0.0 };
        x[g] = BASAL[g] + drive + own + 0.1 * normal(rng);
        if silenced == Some(g) {
            x[g] = 0.01 * normal(rng);
        }
    }
    x
}

fn regimes() -> Vec<Regime> {
    let mut all = vec![Regime::observation()];
    all.extend((0..8).map(|g| Regime::setting(Nodes::one(g), format!("g{} silenced", g + 1))));
    all
}

#[test]
fn the_network_and_its_hidden_cause_are_found() {
    let mut rng = Seed(3).rng();
    let mut rows: Vec<(usize, Vec<f64>)> = (0..40).map(|_| (0, well(None, &mut rng))).collect();
    for g in 0..8 {
        rows.extend((0..6).map(|_| (g + 1, well(Some(g), &mut rng))));
    }
    let names: Vec<String> = (1..=8).map(|g| format!("g{g}")).collect();
    let data = Data::new(names, regimes(), rows).unwrap();
    let belief = believe(&data, &Options::default(), Seed(1));
    let arrows: Vec<(usize, usize)> = DRIVES.iter().map(|d| (d.0, d.1)).collect();
    let truth = Dag::from_arrows(8, &arrows).unwrap();
    for a in 0..8 {
        for b in 0..a {
            let expected = if truth.parents(b).has(a) {
                Link::Forth
            } else if truth.parents(a).has(b) {
                Link::Back
            } else {
                Link::None
            };
            let (link, probability) = belief.verdict(a, b);
            assert_eq!(link, expected, "g{} g{}: {probability}", a + 1, b + 1);
            let confounded = belief.hidden(a, b);
            assert_eq!(
                confounded > 0.5,
                (a, b) == (4, 3),
                "g{} g{}: {confounded}",
                a + 1,
                b + 1
            );
        }
    }
    let drive = belief
        .effects
        .iter()
        .find(|e| (e.from, e.to) == (5, 6))
        .unwrap();
    let (low, high) = drive.interval();
    assert!(low < -0.4 && -0.4 < high && high - low < 0.3, "{drive:?}");
}

#[test]
fn a_designed_batch_tells_more_than_a_random_one() {
    let mut rng = Seed(3).rng();
    let rows: Vec<(usize, Vec<f64>)> = (0..60).map(|_| (0, well(None, &mut rng))).collect();
    let names: Vec<String> = (1..=8).map(|g| format!("g{g}")).collect();
    let data = Data::new(names, regimes(), rows).unwrap();
    let belief = believe(&data, &Options::default(), Seed(1));
    let interventions: Vec<Intervention> = (0..8)
        .map(|g| Intervention {
            name: format!("g{} silenced", g + 1),
            targets: vec![(g, 0.0)],
            soft: false,
        })
        .collect();
    let rivals = belief.rivals(&data, 60);
    let batch = Batch {
        wells: 24,
        given: 0,
        replicates: 3,
        blocks: 3,
    };
    let plan = choose(&rivals, &interventions, &batch, Seed(1));
    assert_eq!(plan.wells.len(), 24);
    assert_eq!(plan.arms.iter().map(|a| a.wells).sum::<usize>(), 24);
    // Controls are at least as many as the wells of any arm.
    assert!(plan.arms[1..].iter().all(|a| a.wells % 3 == 0));
    assert!(plan.arms[0].wells >= 3);
    assert!(
        plan.information > 0.5 && plan.information <= plan.entropy + 1e-9,
        "{plan:?}"
    );
    let wells = |of: &dyn Fn(usize) -> usize| (0..8).map(of).collect::<Vec<_>>();
    let designed = wells(&|g| {
        plan.arms
            .iter()
            .filter(|a| a.intervention == Some(g))
            .map(|a| a.wells)
            .sum()
    });
    let acted: usize = designed.iter().sum();
    assert!((worth(&rivals, &interventions, &designed) - plan.information).abs() < 1e-9);
    let mut random = 0.0;
    for _ in 0..20 {
        let mut drawn = [0; 8];
        for _ in 0..acted / 3 {
            drawn[rng.random_range(0..8)] += 3;
        }
        random += worth(&rivals, &interventions, &drawn) / 20.0;
    }
    println!(
        "designed {:.3}, random {random:.3}, of {:.3}",
        plan.information, plan.entropy
    );
    assert!(plan.information > random);
    assert_eq!(plan, choose(&rivals, &interventions, &batch, Seed(1)));
}
