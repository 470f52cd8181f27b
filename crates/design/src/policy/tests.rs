use std::collections::BTreeSet;
use std::sync::Arc;

use quantity::Seed;

use super::*;
use crate::question::Question;
use crate::space::{Factor, LinearConstraint, Point, Relation};
use crate::trial::Outcome;

fn mixed() -> Space {
    Space::new(vec![
        Factor::continuous("t", "°C", 20.0, 80.0),
        Factor::log("c", "mol/L", 1e-6, 1.0),
        Factor::integer("n", 1, 5),
        Factor::ordinal("dose", "mL", &[0.5, 1.0, 2.0]),
        Factor::categorical("solvent", &["a", "b", "c"]),
        Factor::sequence("site", "ACGT", 3),
        Factor::mixture("x", "m"),
        Factor::mixture("y", "m"),
    ])
}

fn make(name: &str, space: Space) -> Box<dyn Policy> {
    let space = Arc::new(space);
    policy(
        name,
        space,
        Question::maximise("y"),
        Options::default(),
        Seed(1),
    )
    .unwrap()
}

/// Asks, tells some and leaves some pending, twice; every point must be new and in the space.
fn check(name: &str, space: &Space, q: usize) -> Vec<Point> {
    let mut chooser = make(name, space.clone());
    let mut seen = BTreeSet::new();
    let mut pending: Vec<Point> = Vec::new();
    for round in 0..3 {
        let proposals = chooser.ask(q, &pending, Seed(round)).unwrap();
        assert_eq!(proposals.len(), q);
        for (i, proposal) in proposals.into_iter().enumerate() {
            assert!(
                space.contains(&proposal.point),
                "{name}: {}",
                space.print(&proposal.point)
            );
            assert!(
                seen.insert(proposal.point.clone()),
                "{name}: {} again",
                space.print(&proposal.point)
            );
            match i % 3 {
                0 => pending.push(proposal.point),
                1 => chooser
                    .tell(&[Trial::failed(proposal.point, round)])
                    .unwrap(),
                _ => {
                    let value = (i % 7) as f64;
                    chooser
                        .tell(&[Trial::measured(proposal.point, value, round)])
                        .unwrap();
                }
            }
        }
    }
    seen.into_iter().collect()
}

#[test]
fn every_policy_serves_a_mixed_space() {
    for name in POLICIES {
        let points = check(name, &mixed(), 13);
        assert_eq!(
            points,
            check(name, &mixed(), 13),
            "{name} is not deterministic"
        );
    }
}

#[test]
fn every_policy_keeps_constraints() {
    let sum = LinearConstraint {
        terms: vec![(0, 1.0), (2, 10.0)],
        relation: Relation::AtMost,
        bound: 60.0,
    };
    for name in POLICIES {
        check(name, &mixed().with_constraint(sum.clone()), 9);
    }
}

#[test]
fn a_small_space_is_used_up_and_then_refused() {
    for name in POLICIES {
        let space = Space::new(vec![
            Factor::integer("n", 1, 4),
            Factor::categorical("c", &["a", "b"]),
        ]);
        let mut chooser = make(name, space);
        let first = chooser.ask(5, &[], Seed(1)).unwrap();
        let points: Vec<Point> = first.into_iter().map(|proposal| proposal.point).collect();
        let second = chooser.ask(3, &points, Seed(2)).unwrap();
        let mut all: BTreeSet<Point> = points.iter().cloned().collect();
        all.extend(second.into_iter().map(|proposal| proposal.point));
        assert_eq!(all.len(), 8, "{name}");
        let left = chooser.ask(4, &points, Seed(3)).unwrap_err();
        assert_eq!(left, AskError::Exhausted { asked: 4, left: 3 }, "{name}");
    }
}

#[test]
fn candidates_are_the_only_points() {
    let space = mixed();
    let mut rng = Seed(9).rng();
    let rows: Vec<Point> = (0..40).map(|_| space.sample(&mut rng).unwrap()).collect();
    for name in POLICIES {
        check(name, &space.clone().with_candidates(rows.clone()), 13);
    }
}

#[test]
fn rows_of_a_list_asked_one_at_a_time_are_the_best_ones() {
    // A hill with a ripple that no model of so few rows can tell from noise.
    let height = |i: usize| {
        let (x, y) = ((i % 11) as f64 / 10.0, (i / 11) as f64 / 10.0);
        let hill = (-8.0 * ((x - 0.7).powi(2) + (y - 0.3).powi(2))).exp();
        hill + 0.15 * (97.0 * x + 61.0 * y * y + i as f64).sin()
    };
    let point = |i: usize| {
        let at = |place: usize| Level::Real(place as f64 / 10.0);
        Point(vec![at(i % 11), at(i / 11)])
    };
    let rows: Vec<Point> = (0..121).map(point).collect();
    let mut order: Vec<usize> = (0..121).collect();
    order.sort_by(|&a, &b| height(b).total_cmp(&height(a)));
    let space = Space::new(vec![
        Factor::continuous("x", "", 0.0, 1.0),
        Factor::continuous("y", "", 0.0, 1.0),
    ]);
    let mut chooser = make("gp", space.with_candidates(rows.clone()));
    let mut told = Vec::new();
    for ask in 0..28 {
        let row = match ask {
            0 => 0,
            1 => 60,
            2 => 113,
            _ => {
                let asked = chooser.ask(1, &[], Seed(ask)).unwrap();
                let same = |row: &Point| *row == asked[0].point;
                rows.iter().position(same).unwrap()
            }
        };
        let trial = Trial::measured(rows[row].clone(), height(row), ask);
        chooser.tell(&[trial]).unwrap();
        told.push(row);
    }
    let found = order[..12].iter().filter(|row| told.contains(row)).count();
    assert!(found >= 9, "{found} of the best 12 among 28 asked for");
}

#[test]
fn sobol_is_more_even_than_random() {
    let space = Space::new(vec![
        Factor::continuous("x", "", 0.0, 1.0),
        Factor::continuous("y", "", 0.0, 1.0),
    ]);
    let points = make("sobol", space).ask(64, &[], Seed(1)).unwrap();
    let cells: BTreeSet<(usize, usize)> = points
        .iter()
        .map(|proposal| {
            let at = |i: usize| (proposal.point.0[i].number().unwrap() * 8.0) as usize;
            (at(0), at(1))
        })
        .collect();
    assert_eq!(
        cells.len(),
        64,
        "a (0, 6, 2)-net has one point in each of 8 x 8 cells"
    );
}

#[test]
fn grid_is_a_full_grid_where_it_fits() {
    let space = Space::new(vec![
        Factor::continuous("x", "", 0.0, 1.0),
        Factor::integer("n", 0, 2),
    ]);
    let points = make("grid", space.clone()).ask(9, &[], Seed(1)).unwrap();
    let texts: Vec<String> = points
        .iter()
        .map(|proposal| space.print(&proposal.point))
        .collect();
    assert_eq!(texts[..4], ["x=0 n=0", "x=0 n=1", "x=0 n=2", "x=0.5 n=0"]);
}

#[test]
fn unusable_trials_are_refused_together() {
    let space = Space::new(vec![Factor::integer("n", 1, 4)]);
    let mut chooser = make("random", space);
    let point = |n| Point(vec![crate::space::Level::Integer(n)]);
    let error = chooser
        .tell(&[
            Trial::measured(point(1), 1.0, 0),
            Trial::measured(point(9), 1.0, 0),
            Trial::measured(point(2), f64::NAN, 0),
            Trial {
                point: point(2),
                outcome: Outcome::Measured {
                    values: vec![],
                    sd: None,
                    replicates: 1,
                },
                batch: 0,
            },
        ])
        .unwrap_err();
    assert_eq!(
        error.to_string(),
        "3 of the trials can't be used: trial 1: `n` is 9, expected a whole number from 1 to 4; \
         trial 2: measured NaN, expected a finite number: tell it as failed; \
         trial 3: has 0 values, expected 1"
    );
    assert_eq!(chooser.ask(4, &[], Seed(1)).unwrap().len(), 4);
}

#[test]
fn a_wrong_name_gets_the_nearest_right_one() {
    let space = Arc::new(Space::new(vec![Factor::integer("n", 1, 4)]));
    let error = policy(
        "sobel",
        space,
        Question::maximise("y"),
        Options::default(),
        Seed(1),
    )
    .err()
    .unwrap();
    assert!(
        error.to_string().contains("did you mean `sobol`?"),
        "{error}"
    );
}

/// What is proposed after ten trials of a bumpy function, with this effort.
fn with_effort(effort: Effort) -> Vec<Point> {
    let space = Arc::new(Space::new(vec![
        Factor::continuous("x", "", 0.0, 1.0),
        Factor::continuous("y", "", 0.0, 1.0),
    ]));
    let options = Options {
        effort,
        ..Options::default()
    };
    let question = Question::maximise("z");
    let mut chooser = policy("gp", space.clone(), question, options, Seed(3)).unwrap();
    let trials: Vec<Trial> = (0..10)
        .map(|i| {
            let (x, y) = (f64::from(i) / 9.0, f64::from(i * 7 % 10) / 9.0);
            let levels = vec![crate::space::Level::Real(x), crate::space::Level::Real(y)];
            Trial::measured(Point(levels), (9.0 * x).sin() + y, 0)
        })
        .collect();
    chooser.tell(&trials).unwrap();
    let proposals = chooser.ask(6, &[], Seed(4)).unwrap();
    proposals.into_iter().map(|p| p.point).collect()
}

#[test]
fn effort_changes_what_is_looked_at_and_one_is_the_usual() {
    let of = |factor| with_effort(Effort::new(factor).unwrap());
    assert_eq!(of(1.0), with_effort(Effort::default()));
    assert_eq!(of(0.1), of(0.1));
    assert_ne!(of(0.1), of(1.0));
    assert_ne!(of(4.0), of(1.0));
}

/// Once more points where they were expected to be best bring next to nothing, most of a batch looks elsewhere.
#[test]
fn a_known_top_is_left_for_others() {
    let space = Space::new(vec![
        Factor::continuous("x", "", 0.0, 1.0),
        Factor::continuous("y", "", 0.0, 1.0),
    ]);
    let hill = |x: f64, y: f64, left: f64, wide: f64| {
        (-((x - left).powi(2) + (y - 0.3).powi(2)) / wide).exp()
    };
    // A broad hill, and a narrow one that is higher and of which nothing is known.
    let height = |point: &Point| {
        let (x, y) = (point.0[0].number().unwrap(), point.0[1].number().unwrap());
        hill(x, y, 0.25, 0.1) + 1.2 * hill(x, y, 0.8, 0.03)
    };
    let at = |x: f64, y: f64| Point(vec![Level::Real(x), Level::Real(y)]);
    let mut points = vec![at(0.25, 0.3)];
    for step in 0..24 {
        let turn = f64::from(step) * 2.4;
        let reach = [0.002, 0.02, 0.1, 0.3][step as usize % 4];
        points.push(at(
            (0.25 + reach * turn.cos()).clamp(0.0, 0.5),
            (0.3 + reach * turn.sin()).clamp(0.0, 1.0),
        ));
    }
    let mut chooser = make("gp", space);
    let told: Vec<Trial> = points
        .into_iter()
        .map(|point| {
            let value = height(&point);
            Trial::measured(point, value, 0)
        })
        .collect();
    chooser.tell(&told).unwrap();
    let (mut best, mut near) = (f64::NEG_INFINITY, 0);
    let mut asked = 0;
    for round in 0..12 {
        let batch = chooser.ask(8, &[], Seed(round)).unwrap();
        let mut trials = Vec::new();
        for proposal in batch {
            let value = height(&proposal.point);
            best = best.max(value);
            asked += 1;
            near += usize::from((0.99..1.01).contains(&value));
            trials.push(Trial::measured(proposal.point, value, round));
        }
        chooser.tell(&trials).unwrap();
        if best > 1.19 {
            break;
        }
    }
    assert!(
        2 * near < asked,
        "{near} of {asked} stayed at the known top"
    );
    assert!(best > 1.19, "the best found is {best}");
}
