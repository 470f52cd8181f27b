//! Causal graphs as rivals: worlds that look alike until somebody acts.
#![allow(clippy::unwrap_used)]

use design::{Factor, Level, Outcome, Policy, Space, Trial};
use quantity::Seed;
use rand::RngExt;
use reason::causes::{Act, CauseOptions, GraphError, GraphPolicy, GraphRival};
use std::sync::Arc;

const NAMES: [&str; 3] = ["a", "b", "c"];

fn gauss(rng: &mut quantity::Rng) -> f64 {
    (-2.0 * (1.0 - rng.random::<f64>()).ln()).sqrt()
        * (2.0 * std::f64::consts::PI * rng.random::<f64>()).cos()
}

fn graph(name: &str, arrows: &[&str]) -> GraphRival {
    GraphRival::new(name, 1.0, arrows, &NAMES).unwrap()
}

fn worlds() -> Vec<GraphRival> {
    vec![
        graph("a drives b", &["a -> b"]),
        graph("b drives a", &["a <- b"]),
        graph("a hidden cause", &["a <-> b"]),
        graph("c drives both", &["a <- c -> b"]),
    ]
}

fn policy(rivals: Vec<GraphRival>) -> GraphPolicy {
    let factors = NAMES.map(|name| Factor::continuous(&format!("{name} down"), "", 0.0, 1.0));
    let acts = (0..3).map(|at| Act {
        factor: at,
        variable: at,
    });
    let options = CauseOptions {
        certainty: 0.99,
        hidden: true,
        soft: false,
        leaves: 0.0,
        combine: 1,
        replicates: 2,
        controls: 8,
        by_lot: false,
    };
    GraphPolicy::new(
        Arc::new(Space::new(factors.into())),
        NAMES.map(String::from).into(),
        acts.collect(),
        rivals,
        options,
        Seed(1),
    )
}

/// Which mechanism nature has: what each variable is, given the others, a hidden cause and its own noise.
type World = fn(f64, [f64; 3], [bool; 3]) -> [f64; 3];

fn set(at: usize, value: f64, acted: [bool; 3]) -> f64 {
    if acted[at] { 0.05 } else { value }
}

fn a_drives_b(_: f64, e: [f64; 3], acted: [bool; 3]) -> [f64; 3] {
    let a = set(0, 1.0 + 0.4 * e[0], acted);
    let b = set(1, 0.3 + 0.8 * a + 0.2 * e[1], acted);
    [a, b, set(2, 1.0 + 0.3 * e[2], acted)]
}

fn hidden(u: f64, e: [f64; 3], acted: [bool; 3]) -> [f64; 3] {
    let a = set(0, 1.0 + 0.4 * u + 0.1 * e[0], acted);
    let b = set(1, 1.0 + 0.4 * u + 0.1 * e[1], acted);
    [a, b, set(2, 1.0 + 0.3 * e[2], acted)]
}

/// A plate: eight wells where nothing is done, and those of points.
fn plate(
    world: World,
    points: &[design::Point],
    order: u64,
    rng: &mut quantity::Rng,
) -> Vec<Trial> {
    let idle = design::Point(vec![Level::Real(0.0); 3]);
    let all = std::iter::repeat_n(&idle, 8).chain(points);
    all.map(|point| {
        let acted = [0, 1, 2].map(|at| point.levels()[at].number().unwrap() > 0.5);
        let e = [gauss(rng), gauss(rng), gauss(rng)];
        Trial {
            point: point.clone(),
            outcome: Outcome::Measured {
                values: world(gauss(rng), e, acted).to_vec(),
                sd: None,
                replicates: 1,
            },
            batch: order,
        }
    })
    .collect()
}

/// Plates until it is settled, at most ten.
fn run(world: World, rivals: Vec<GraphRival>, seed: u64) -> (GraphPolicy, u64) {
    let mut policy = policy(rivals);
    let mut rng = Seed(seed).rng();
    for order in 0..10 {
        let asked = policy.ask(6, &[], Seed(seed).derive("ask", order)).unwrap();
        let points: Vec<design::Point> = asked.into_iter().map(|p| p.point).collect();
        policy
            .tell(&plate(world, &points, order, &mut rng))
            .unwrap();
        if policy.settled().is_some() {
            return (policy, order + 1);
        }
    }
    (policy, 10)
}

#[test]
fn observation_leaves_worlds_that_look_alike_as_they_were() {
    let mut policy = policy(worlds());
    let mut rng = Seed(3).rng();
    for order in 0..8 {
        let idle = vec![design::Point(vec![Level::Real(0.0); 3]); 6];
        policy.tell(&plate(hidden, &idle, order, &mut rng)).unwrap();
    }
    let (shares, _) = policy.standing().unwrap();
    for pair in shares[..3].windows(2) {
        assert!((pair[0] / pair[1]).ln().abs() < 0.1, "{shares:?}");
    }
    assert!(shares[3] < 0.01, "{shares:?}");
    assert!(policy.settled().is_none());
}

#[test]
fn acting_tells_them_apart() {
    for seed in 1..4 {
        let (policy, plates) = run(a_drives_b, worlds(), seed);
        let said = policy.settled().unwrap_or_default();
        assert!(
            said.starts_with("of these hypotheses, 'a drives b' holds") && plates <= 8,
            "{seed}: {plates} plates: {said}"
        );
        let (policy, plates) = run(hidden, worlds(), seed);
        let said = policy.settled().unwrap_or_default();
        assert!(
            said.starts_with("of these hypotheses, 'a hidden cause' holds") && plates <= 8,
            "{seed}: {plates} plates: {said}"
        );
    }
}

#[test]
fn a_graph_that_is_missing_is_said_to_be() {
    for seed in 1..4 {
        let mut left = worlds();
        left.remove(2);
        let (policy, _) = run(hidden, left, seed);
        let said = policy.settled().unwrap_or_default();
        assert!(
            said.starts_with("none of the hypotheses fits"),
            "{seed}: {said}"
        );
        assert!(policy.rivals().unwrap().none_fits);
    }
}

#[test]
fn effects_come_with_their_errors() {
    let (policy, _) = run(a_drives_b, worlds(), 5);
    let found = policy.rivals().unwrap();
    let (name, slope, error) = &found.each[0].parameters[0];
    assert_eq!(name, "a → b");
    assert!((slope - 0.8).abs() < 4.0 * error, "{slope} ± {error}");
}

#[test]
fn arrows_are_read_as_they_are_written() {
    let said = |arrows: &[&str]| GraphRival::new("x", 1.0, arrows, &NAMES).unwrap_err();
    assert_eq!(said(&["a => b"]), GraphError::Arrow("a => b".into()));
    assert_eq!(said(&["a -> a"]), GraphError::Itself("a".into()));
    assert_eq!(said(&["a -> b", "b -> a"]), GraphError::Circle);
    assert!(
        said(&["a -> bb"])
            .to_string()
            .contains("no variable is called 'bb'; expected one of a, b, c; did you mean 'b'?")
    );
    let names = NAMES.map(String::from);
    assert_eq!(graph("x", &["a -> b <-> c"]).text(&names), "a → b, b ↔ c");
    assert_eq!(graph("x", &[]).text(&names), "nothing drives anything");
}
