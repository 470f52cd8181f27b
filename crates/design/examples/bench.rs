//! Runs the engine on problems with known answers, many seeds at a time, and prints what it reached.
//!
//! `bench speed N D Q` times one ask after N trials in D dimensions.
//!
//! `bench scale N M Q` times one ask of Q out of M candidates, of which N are measured.
//!
//! `bench likelihood TABLE...` prints, as a line of JSON for each table, what the fit of the plainest model to its
//! first plates reaches, for `bench/design/likelihood.py`.
//!
//! `bench PROBLEM[,PROBLEM...] [q] [rounds] [seeds] [policy]`, where a problem is a built-in function or
//! a file of `{"init": ..., "outcomes": [[...], ...]}` with the table of a finite problem. One line per
//! problem: median and quartiles over seeds of the final regret, and for tables the share of the best
//! 1 % found, averaged over rounds. A file may give the first plate of each seed as `"starts"`; a function takes
//! them from the file after an `@`, as `hartmann6@starts.json`.

// A bench stops at the first thing that is wrong.
#![allow(clippy::unwrap_used, clippy::type_complexity)]

mod functions;

use std::collections::BTreeSet;
use std::f64::consts::{PI, TAU};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use design::{
    Aim, AskError, Factor, Goal, Limit, Options, Outcome, Point, Question, Side, Space, Trial,
    plain_fit, policy, read_task,
};
use quantity::Seed;
use rand::RngExt;

struct Problem {
    space: Arc<Space>,
    question: Question,
    /// All responses at a point, without noise.
    truth: Box<dyn Fn(&Point) -> Vec<f64> + Send + Sync>,
    /// Regret of everything measured so far.
    score: Box<dyn Fn(&[Vec<f64>]) -> f64 + Send + Sync>,
    /// Share of the best 1 % found.
    found: Option<Box<dyn Fn(&[Vec<f64>]) -> f64 + Send + Sync>>,
    noise: f64,
    /// First plates by seed, where the problem's file gives them; elsewhere the engine chooses its first plate.
    starts: Vec<Vec<Point>>,
}

fn cube(d: usize, low: f64, high: f64) -> Arc<Space> {
    Arc::new(Space::new(
        (0..d)
            .map(|i| Factor::continuous(&format!("x{i}"), "", low, high))
            .collect(),
    ))
}

fn numbers(point: &Point) -> Vec<f64> {
    point
        .levels()
        .iter()
        .filter_map(design::Level::number)
        .collect()
}

fn hartmann(x: &[f64]) -> f64 {
    const A: [[f64; 6]; 4] = [
        [10.0, 3.0, 17.0, 3.5, 1.7, 8.0],
        [0.05, 10.0, 17.0, 0.1, 8.0, 14.0],
        [3.0, 3.5, 1.7, 10.0, 17.0, 8.0],
        [17.0, 8.0, 0.05, 10.0, 0.1, 14.0],
    ];
    const P: [[f64; 6]; 4] = [
        [1312.0, 1696.0, 5569.0, 124.0, 8283.0, 5886.0],
        [2329.0, 4135.0, 8307.0, 3736.0, 1004.0, 9991.0],
        [2348.0, 1451.0, 3522.0, 2883.0, 3047.0, 6650.0],
        [4047.0, 8828.0, 8732.0, 5743.0, 1091.0, 381.0],
    ];
    let weights = [1.0, 1.2, 3.0, 3.2];
    -(0..4)
        .map(|k| {
            weights[k]
                * (-(0..6)
                    .map(|i| A[k][i] * (x[i] - 1e-4 * P[k][i]).powi(2))
                    .sum::<f64>())
                .exp()
        })
        .sum::<f64>()
}

fn ackley(x: &[f64]) -> f64 {
    let d = x.len() as f64;
    let square = x.iter().map(|x| x * x).sum::<f64>() / d;
    let cosine = x.iter().map(|x| (TAU * x).cos()).sum::<f64>() / d;
    -20.0 * (-0.2 * square.sqrt()).exp() - cosine.exp() + 20.0 + 1_f64.exp()
}

fn levy(x: &[f64]) -> f64 {
    let w: Vec<f64> = x.iter().map(|x| 1.0 + (x - 1.0) / 4.0).collect();
    let last = w[w.len() - 1];
    (PI * w[0]).sin().powi(2)
        + w[..w.len() - 1]
            .iter()
            .map(|w| (w - 1.0).powi(2) * (1.0 + 10.0 * (PI * w + 1.0).sin().powi(2)))
            .sum::<f64>()
        + (last - 1.0).powi(2) * (1.0 + (TAU * last).sin().powi(2))
}

fn branin(x: &[f64]) -> f64 {
    let (b, c, t) = (5.1 / (4.0 * PI * PI), 5.0 / PI, 1.0 / (8.0 * PI));
    (x[1] - b * x[0] * x[0] + c * x[0] - 6.0).powi(2) + 10.0 * (1.0 - t) * x[0].cos() + 10.0
}

fn rosenbrock(x: &[f64]) -> f64 {
    x.windows(2)
        .map(|w| 100.0 * (w[1] - w[0] * w[0]).powi(2) + (1.0 - w[0]).powi(2))
        .sum()
}

fn griewank(x: &[f64]) -> f64 {
    let square = x.iter().map(|x| x * x).sum::<f64>() / 4_000.0;
    let waves = x.iter().enumerate();
    1.0 + square
        - waves
            .map(|(i, x)| (x / (i as f64 + 1.0).sqrt()).cos())
            .product::<f64>()
}

fn styblinski(x: &[f64]) -> f64 {
    x.iter()
        .map(|x| 0.5 * (x.powi(4) - 16.0 * x * x + 5.0 * x))
        .sum()
}

fn michalewicz(x: &[f64]) -> f64 {
    let each = x.iter().enumerate();
    -each
        .map(|(i, x)| x.sin() * ((i as f64 + 1.0) * x * x / PI).sin().powi(20))
        .sum::<f64>()
}

fn schwefel(x: &[f64]) -> f64 {
    418.982_887_272_433_8 * x.len() as f64 - x.iter().map(|x| x * x.abs().sqrt().sin()).sum::<f64>()
}

/// A quadratic bowl out of the middle, ten times as steep along its last axis as along its first, mirrored so that
/// no axis is a factor's.
fn ellipsoid(x: &[f64]) -> f64 {
    let d = x.len() as f64;
    let normal: Vec<f64> = (0..x.len()).map(|i| (1.7 * i as f64 + 0.5).sin()).collect();
    let long = normal.iter().map(|n| n * n).sum::<f64>();
    let from: Vec<f64> = x
        .iter()
        .enumerate()
        .map(|(i, x)| x - 0.5 - 0.3 * (2.3 * i as f64).cos())
        .collect();
    let along = 2.0 * from.iter().zip(&normal).map(|(a, b)| a * b).sum::<f64>() / long;
    let turned = from.iter().zip(&normal).map(|(a, b)| a - along * b);
    turned
        .enumerate()
        .map(|(i, y)| 10_f64.powf(i as f64 / (d - 1.0)) * y * y)
        .sum()
}

fn hartmann_of_20(x: &[f64]) -> f64 {
    hartmann(&[x[1], x[4], x[7], x[10], x[13], x[16]])
}

fn lowest(optimum: f64) -> Box<dyn Fn(&[Vec<f64>]) -> f64 + Send + Sync> {
    Box::new(move |all| all.iter().map(|v| v[0]).fold(f64::INFINITY, f64::min) - optimum)
}

fn function(space: Arc<Space>, f: fn(&[f64]) -> f64, optimum: f64, noise: f64) -> Problem {
    Problem {
        space,
        question: Question::minimise("y"),
        truth: Box::new(move |point| vec![f(&numbers(point))]),
        score: lowest(optimum),
        found: None,
        noise,
        starts: Vec::new(),
    }
}

fn volume(front: &[Vec<f64>], reference: &[f64]) -> f64 {
    // Slices along the last goal; all goals are minimised.
    let last = reference.len() - 1;
    let inside: Vec<&Vec<f64>> = front
        .iter()
        .filter(|p| p.iter().zip(reference).all(|(a, r)| a < r))
        .collect();
    if last == 0 {
        return inside
            .iter()
            .map(|p| reference[0] - p[0])
            .fold(0.0, f64::max);
    }
    let mut cuts: Vec<f64> = inside.iter().map(|p| p[last]).collect();
    cuts.sort_by(f64::total_cmp);
    cuts.dedup();
    let mut total = 0.0;
    for (i, &cut) in cuts.iter().enumerate() {
        let next = cuts.get(i + 1).copied().unwrap_or(reference[last]);
        let slice: Vec<Vec<f64>> = inside
            .iter()
            .filter(|p| p[last] <= cut)
            .map(|p| p[..last].to_vec())
            .collect();
        total += (next - cut) * volume(&slice, &reference[..last]);
    }
    total
}

fn several(space: Arc<Space>, f: fn(&[f64]) -> Vec<f64>, reference: &[f64], full: f64) -> Problem {
    let goals = (0..reference.len())
        .map(|i| Goal {
            name: format!("f{i}"),
            aim: Aim::Minimise,
        })
        .collect();
    let reference = reference.to_vec();
    Problem {
        space,
        question: Question {
            goals,
            reference: Some(reference.clone()),
            ..Question::minimise("f")
        },
        truth: Box::new(move |point| f(&numbers(point))),
        score: Box::new(move |all| {
            let front: Vec<Vec<f64>> = all
                .iter()
                .filter(|a| {
                    !all.iter()
                        .any(|b| b != *a && b.iter().zip(*a).all(|(x, y)| x <= y))
                })
                .cloned()
                .collect();
            (full - volume(&front, &reference)) / full
        }),
        found: None,
        noise: 0.0,
        starts: Vec::new(),
    }
}

fn dtlz2(x: &[f64]) -> Vec<f64> {
    let g: f64 = x[1..].iter().map(|x| (x - 0.5).powi(2)).sum();
    vec![
        (1.0 + g) * (x[0] * PI / 2.0).cos(),
        (1.0 + g) * (x[0] * PI / 2.0).sin(),
    ]
}

fn vehicle(x: &[f64]) -> Vec<f64> {
    let [a, b, c, d, e] = [x[0], x[1], x[2], x[3], x[4]];
    vec![
        1640.2823 + 2.3573285 * a + 2.3220035 * b + 4.5688768 * c + 7.7213633 * d + 4.4559504 * e,
        6.5856 + 1.15 * a - 1.0427 * b + 0.9738 * c + 0.8364 * d - 0.3695 * a * d
            + 0.0861 * a * e
            + 0.3628 * b * d
            - 0.1106 * a * a
            - 0.3437 * c * c
            + 0.1764 * d * d,
        -0.0551 + 0.0181 * a + 0.1024 * b + 0.0421 * c - 0.0073 * a * b + 0.024 * b * c
            - 0.0118 * b * d
            - 0.0204 * c * d
            - 0.008 * c * e
            - 0.0241 * b * b
            + 0.0109 * d * d,
    ]
}

fn table(path: &str) -> Problem {
    let text = std::fs::read_to_string(path).unwrap_or_else(|error| panic!("{path}: {error}"));
    let file: serde_json::Value = serde_json::from_str(&text).unwrap();
    let task = read_task(&file["init"]).unwrap();
    let outcomes: Vec<Vec<f64>> = file["outcomes"]
        .as_array()
        .unwrap()
        .iter()
        .map(|row| {
            row.as_array()
                .unwrap()
                .iter()
                .map(|v| v.as_f64().unwrap())
                .collect()
        })
        .collect();
    let space = Arc::new(task.space);
    let rows = space.candidates.as_ref().unwrap().points();
    let starts: Vec<Vec<Point>> = file["starts"]
        .as_array()
        .into_iter()
        .flatten()
        .map(|plate| {
            let places = plate.as_array().unwrap().iter();
            places
                .map(|v| rows[v.as_u64().unwrap() as usize].clone())
                .collect()
        })
        .collect();
    let shared = space.clone();
    let values = outcomes.clone();
    let truth = Box::new(move |point: &Point| {
        values[shared.candidates.as_ref().unwrap().position(point).unwrap()].clone()
    });
    if task.question.goals.len() > 1 {
        let signs: Vec<f64> = task
            .question
            .goals
            .iter()
            .map(|g| if g.aim == Aim::Minimise { 1.0 } else { -1.0 })
            .collect();
        let flip = move |all: &[Vec<f64>]| -> Vec<Vec<f64>> {
            let turned: Vec<Vec<f64>> = all
                .iter()
                .map(|v| v.iter().zip(&signs).map(|(v, s)| v * s).collect())
                .collect();
            turned
                .iter()
                .filter(|a| {
                    !turned
                        .iter()
                        .any(|b| b != *a && b.iter().zip(*a).all(|(x, y)| x <= y))
                })
                .cloned()
                .collect()
        };
        let reference = task.question.reference.clone().unwrap();
        let reference = flip(&[reference])[0].clone();
        let full = volume(&flip(&outcomes), &reference);
        return Problem {
            space,
            question: task.question,
            truth,
            score: Box::new(move |all| (full - volume(&flip(all), &reference)) / full),
            found: None,
            noise: 0.0,
            starts,
        };
    }
    let sign = if task.question.goals[0].aim == Aim::Minimise {
        -1.0
    } else {
        1.0
    };
    let mut sorted: Vec<f64> = outcomes.iter().map(|v| sign * v[0]).collect();
    sorted.sort_by(|a, b| b.total_cmp(a));
    let top = ((0.01 * sorted.len() as f64).round() as usize).max(1);
    let (best, cut) = (sorted[0], sorted[top - 1]);
    Problem {
        space,
        question: task.question,
        truth,
        score: Box::new(move |all| {
            best - all
                .iter()
                .map(|v| sign * v[0])
                .fold(f64::NEG_INFINITY, f64::max)
        }),
        found: Some(Box::new(move |all| {
            (all.iter().filter(|v| sign * v[0] >= cut).count() as f64 / top as f64).min(1.0)
        })),
        noise: 0.0,
        starts,
    }
}

fn make(name: &str, q: usize) -> Problem {
    match name {
        "branin2" => {
            let space = Space::new(vec![
                Factor::continuous("x0", "", -5.0, 10.0),
                Factor::continuous("x1", "", 0.0, 15.0),
            ]);
            function(Arc::new(space), branin, 0.397_887_357_729_738_16, 0.0)
        }
        "hartmann6" => function(cube(6, 0.0, 1.0), hartmann, -3.322_368_011_415_514_7, 0.0),
        "hartmann6_noisy" => function(cube(6, 0.0, 1.0), hartmann, -3.322_368_011_415_514_7, 0.1),
        "ackley10" => function(cube(10, -5.0, 10.0), ackley, 0.0, 0.0),
        "levy20" => function(cube(20, -5.0, 10.0), levy, 0.0, 0.0),
        "ackley20" => function(cube(20, -5.0, 10.0), ackley, 0.0, 0.0),
        "rosenbrock10" => function(cube(10, -5.0, 10.0), rosenbrock, 0.0, 0.0),
        "griewank10" => function(cube(10, -600.0, 600.0), griewank, 0.0, 0.0),
        "shekel4" => function(
            cube(4, 0.0, 10.0),
            functions::shekel,
            -10.536_443_153_483_53,
            0.0,
        ),
        "hartmann3" => function(
            cube(3, 0.0, 1.0),
            functions::hartmann_of_3,
            -3.862_779_787_332_6,
            0.0,
        ),
        "camel2" => {
            let space = Space::new(vec![
                Factor::continuous("x0", "", -3.0, 3.0),
                Factor::continuous("x1", "", -2.0, 2.0),
            ]);
            function(
                Arc::new(space),
                functions::camel,
                -1.031_628_453_489_877,
                0.0,
            )
        }
        "cosines8" => function(cube(8, -1.0, 1.0), functions::cosines, -0.8, 0.0),
        "rastrigin5" => function(cube(5, -5.12, 5.12), functions::rastrigin, 0.0, 0.0),
        "styblinski8" => {
            let lowest = -39.166_165_703_771_42 * 8.0;
            function(cube(8, -5.0, 5.0), styblinski, lowest, 0.0)
        }
        "styblinski20" => {
            let lowest = -39.166_165_703_771_42 * 20.0;
            function(cube(20, -5.0, 5.0), styblinski, lowest, 0.0)
        }
        "michalewicz10" => function(cube(10, 0.0, PI), michalewicz, -9.660_151_715_641_35, 0.0),
        "schwefel10" => function(cube(10, -500.0, 500.0), schwefel, 0.0, 0.0),
        "ellipsoid12" => function(cube(12, 0.0, 1.0), ellipsoid, 0.0, 0.0),
        "hartmann6_of_20" => {
            let lowest = -3.322_368_011_415_514_7;
            function(cube(20, 0.0, 1.0), hartmann_of_20, lowest, 0.0)
        }
        "ackley10c" => {
            let limit = |name: &str| Limit {
                name: name.into(),
                side: Side::AtMost,
                bound: 0.0,
            };
            let mut problem = function(cube(10, -5.0, 10.0), ackley, 0.0, 0.0);
            problem.question.limits = vec![limit("c1"), limit("c2")];
            problem.truth = Box::new(|point| {
                let x = numbers(point);
                let norm = x.iter().map(|x| x * x).sum::<f64>().sqrt();
                vec![ackley(&x), x.iter().sum(), norm - 5.0]
            });
            problem.score = Box::new(|all| {
                all.iter()
                    .filter(|v| v[1] <= 0.0 && v[2] <= 0.0)
                    .map(|v| v[0])
                    .fold(f64::INFINITY, f64::min)
            });
            problem
        }
        "dtlz2" => several(cube(6, 0.0, 1.0), dtlz2, &[1.1, 1.1], 1.21 - PI / 4.0),
        "vehicle" => several(
            cube(5, 1.0, 3.0),
            vehicle,
            &[1864.72022, 11.81993945, 0.2903999384],
            246.816_070_811_870_02,
        ),
        other => match other.split_once('@') {
            Some((name, file)) => {
                let mut problem = make(name, q);
                problem.starts = first_plates(&problem.space, name, file, q);
                problem
            }
            None => table(other),
        },
    }
}

/// The first plates of `q` points by seed that a file of `tables.py` gives for a function.
fn first_plates(space: &Space, name: &str, file: &str, q: usize) -> Vec<Vec<Point>> {
    let text = std::fs::read_to_string(file).unwrap_or_else(|error| panic!("{file}: {error}"));
    let file: serde_json::Value = serde_json::from_str(&text).unwrap();
    let plates = file[name][q.to_string()].as_array();
    let plates = plates.unwrap_or_else(|| panic!("no first plates of {q} for {name}"));
    let number = |v: &serde_json::Value| design::Level::Real(v.as_f64().unwrap());
    let point = |row: &serde_json::Value| {
        let levels = row.as_array().unwrap().iter().map(number).collect();
        let point = Point(levels);
        assert!(space.contains(&point));
        point
    };
    let plate = |plate: &serde_json::Value| plate.as_array().unwrap().iter().map(point).collect();
    plates.iter().map(plate).collect()
}

struct Run {
    regret: f64,
    found: f64,
    seconds: f64,
    note: String,
}

fn run(problem: &Problem, q: usize, rounds: usize, policy_name: &str, number: usize) -> Run {
    let seed = Seed(number as u64);
    let mut question = problem.question.clone();
    question.rounds = Some(rounds as u32);
    let made = policy(
        policy_name,
        problem.space.clone(),
        question,
        Options::default(),
        seed,
    );
    let mut chooser = made.unwrap_or_else(|error| panic!("{error}"));
    let mut rng = seed.derive("noise", 0).rng();
    let (mut truths, mut found, mut seconds) = (Vec::new(), 0.0, 0.0);
    for round in 0..rounds {
        let before = thread_seconds();
        let given = problem.starts.get(number).filter(|_| round == 0);
        let points: Vec<Point> = match given {
            Some(plate) => plate.iter().take(q).cloned().collect(),
            None => {
                let proposals = match chooser.ask(q, &[], seed.derive("ask", round as u64)) {
                    // The last plate of a small table takes what is left.
                    Err(AskError::Exhausted { left, .. }) => {
                        chooser.ask(left, &[], seed.derive("ask", round as u64))
                    }
                    answer => answer,
                };
                proposals
                    .unwrap()
                    .into_iter()
                    .map(|proposal| proposal.point)
                    .collect()
            }
        };
        if round > 0 {
            seconds += (thread_seconds() - before) / (rounds - 1) as f64;
        }
        let trials: Vec<Trial> = points
            .into_iter()
            .map(|point| {
                let mut values = (problem.truth)(&point);
                truths.push(values.clone());
                let (u, v): (f64, f64) = (rng.random(), rng.random());
                values[0] += problem.noise * (-2.0 * (1.0 - u).ln()).sqrt() * (TAU * v).cos();
                let outcome = Outcome::Measured {
                    values,
                    sd: None,
                    replicates: 1,
                };
                Trial {
                    point,
                    outcome,
                    batch: round as u64,
                }
            })
            .collect();
        chooser.tell(&trials).unwrap();
        if std::env::var("BENCH_TRACE").is_ok() {
            eprintln!(
                "round {round} regret {:.4} found {:.3} {}",
                (problem.score)(&truths),
                problem.found.as_ref().map_or(0.0, |share| share(&truths)),
                chooser.note().unwrap_or_default()
            );
        }
        if let Some(share) = &problem.found {
            found += share(&truths) / rounds as f64;
        }
    }
    Run {
        regret: (problem.score)(&truths),
        found,
        seconds,
        note: chooser.note().unwrap_or_default(),
    }
}

fn quartiles(mut values: Vec<f64>) -> [f64; 3] {
    values.sort_by(f64::total_cmp);
    [0.25, 0.5, 0.75].map(|share| {
        let at = share * (values.len() - 1) as f64;
        let (low, high) = (values[at.floor() as usize], values[at.ceil() as usize]);
        low + (high - low) * at.fract()
    })
}

/// CPU seconds that this thread has spent.
fn thread_seconds() -> f64 {
    // Nanoseconds on the processor come first.
    let text = std::fs::read_to_string("/proc/thread-self/schedstat").unwrap_or_default();
    let first = text.split_whitespace().next();
    first
        .and_then(|text| text.parse::<f64>().ok())
        .unwrap_or(0.0)
        * 1e-9
}

/// CPU seconds that this process has spent, and its peak memory in megabytes.
fn spent() -> (f64, f64) {
    let stat = std::fs::read_to_string("/proc/self/stat").unwrap_or_default();
    let fields: Vec<&str> = stat
        .rsplit(')')
        .next()
        .unwrap_or("")
        .split_whitespace()
        .collect();
    let ticks = |place: usize| {
        fields
            .get(place)
            .and_then(|text| text.parse().ok())
            .unwrap_or(0.0)
    };
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let peak = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    let peak = peak
        .and_then(|text| text.split_whitespace().next()?.parse().ok())
        .unwrap_or(0.0);
    // The kernel counts in hundredths of a second.
    ((ticks(11) + ticks(12)) / 100.0, peak / 1024.0)
}

/// CPU seconds of the first ask after `n` trials of a function in `d` dimensions are told.
fn speed(n: usize, d: usize, q: usize) {
    let space = cube(d, -5.0, 10.0);
    let made = policy(
        "gp",
        space.clone(),
        Question::minimise("y"),
        Options::default(),
        Seed(1),
    );
    let mut chooser = made.unwrap_or_else(|error| panic!("{error}"));
    let mut rng = Seed(2).rng();
    let trials: Vec<Trial> = (0..n)
        .map(|_| {
            let point = space.sample(&mut rng).unwrap();
            let value = levy(&numbers(&point));
            Trial::measured(point, value, 0)
        })
        .collect();
    chooser.tell(&trials).unwrap();
    for ask in 0..2 {
        let before = spent().0;
        chooser.ask(q, &[], Seed(ask)).unwrap();
        let (after, peak) = spent();
        println!(
            "n {n} d {d} q {q}, ask {ask}: {:.2} CPU s, peak {peak:.0} MB",
            after - before
        );
    }
    println!("{}", chooser.note().unwrap_or_default());
}

/// CPU seconds of an ask of `q` of `m` listed candidates in six dimensions, of which `n` are measured.
fn scale(n: usize, m: usize, q: usize) {
    let bare = cube(6, 0.0, 1.0);
    let mut rng = Seed(2).rng();
    let rows: Vec<Point> = (0..m).map(|_| bare.sample(&mut rng).unwrap()).collect();
    let trials: Vec<Trial> = rows[..n]
        .iter()
        .map(|point| Trial::measured(point.clone(), hartmann(&numbers(point)), 0))
        .collect();
    let best = |points: &[Point]| {
        let values = points.iter().map(|point| hartmann(&numbers(point)));
        values.fold(f64::INFINITY, f64::min)
    };
    let (told, all) = (best(&rows[..n]), best(&rows));
    let space = Arc::new((*bare).clone().with_candidates(rows));
    let began = std::time::Instant::now();
    let before = spent().0;
    let question = Question::minimise("y");
    let made = policy("gp", space, question, Options::default(), Seed(1));
    let mut chooser = made.unwrap_or_else(|error| panic!("{error}"));
    chooser.tell(&trials).unwrap();
    let proposals = chooser.ask(q, &[], Seed(3)).unwrap();
    let (after, peak) = spent();
    let points: Vec<Point> = proposals.into_iter().map(|p| p.point).collect();
    println!(
        "n {n} of {m} candidates, q {q}: {:.1} CPU s, {:.1} s, peak {peak:.0} MB; best told {told:.4}, \
         proposed {:.4}, of all {all:.4}",
        after - before,
        began.elapsed().as_secs_f64(),
        best(&points)
    );
    println!("{}", chooser.note().unwrap_or_default());
}

/// Prints for each table how many of the rows not told lie in the interval stated for them, with 96 and 288
/// rows told at random.
fn calibration(paths: &[String]) {
    for path in paths {
        let problem = table(path);
        let short = path.rsplit('/').next().unwrap_or(path);
        let points = problem.space.candidates.as_ref().unwrap().points();
        print!("{short:28}");
        for told in [96, 288] {
            let (mut inside, mut all) = (0, 0);
            for number in 0..5 {
                let seed = Seed(number);
                let mut rng = seed.derive("told", told as u64).rng();
                let mut order: Vec<usize> = (0..points.len()).collect();
                for i in 0..order.len() {
                    let j = rng.random_range(i..order.len());
                    order.swap(i, j);
                }
                if points.len() < told + 20 {
                    continue;
                }
                let (known, rest) = order.split_at(told);
                let trials: Vec<Trial> = known
                    .iter()
                    .map(|&row| Trial {
                        point: points[row].clone(),
                        outcome: Outcome::Measured {
                            values: (problem.truth)(&points[row]),
                            sd: None,
                            replicates: 1,
                        },
                        batch: 0,
                    })
                    .collect();
                let (space, question) = (problem.space.clone(), problem.question.clone());
                let made = policy("gp", space, question, Options::default(), seed);
                let mut chooser = made.unwrap_or_else(|error| panic!("{error}"));
                chooser.tell(&trials).unwrap();
                chooser.refit();
                let rest: Vec<Point> = rest
                    .iter()
                    .take(1_000)
                    .map(|&r| points[r].clone())
                    .collect();
                let stated = chooser.predict(&rest).unwrap();
                for (point, stated) in rest.iter().zip(&stated) {
                    let value = (problem.truth)(point)[0];
                    all += 1;
                    inside += usize::from(stated.low <= value && value <= stated.high);
                }
            }
            match all {
                0 => print!("  {told}: too few rows"),
                _ => print!("  {told}: {:.3}", inside as f64 / all as f64),
            }
        }
        println!();
    }
}

/// Fits the plainest model to the rows of each table's first two plates.
fn likelihood(paths: &[String]) {
    for path in paths {
        let problem = table(path);
        let listed = problem.space.candidates.as_ref().unwrap();
        let plates = problem.starts.iter().take(2).flatten();
        let rows: BTreeSet<usize> = plates.map(|p| listed.position(p).unwrap()).collect();
        let points: Vec<Point> = rows.iter().map(|&r| listed.points()[r].clone()).collect();
        let values: Vec<f64> = points.iter().map(|p| (problem.truth)(p)[0]).collect();
        let before = thread_seconds();
        let fit = plain_fit(&problem.space, &points, &values).unwrap();
        println!(
            "{}",
            serde_json::json!({
                "table": path, "rows": rows, "log_likelihood": fit.log_likelihood,
                "log_posterior": fit.log_posterior, "log_variance": fit.log_variance,
                "log_lengths": fit.log_lengths, "log_noise": fit.log_noise,
                "cpu_s": thread_seconds() - before,
            })
        );
    }
}

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    if arguments[0] == "calibration" {
        calibration(&arguments[1..]);
        return;
    }
    if arguments[0] == "likelihood" {
        likelihood(&arguments[1..]);
        return;
    }
    let number = |place: usize, default: usize| {
        arguments
            .get(place)
            .map_or(default, |text| text.parse().unwrap())
    };
    let (q, rounds, seeds) = (number(1, 96), number(2, 5), number(3, 10));
    if arguments[0] == "speed" {
        speed(q, number(2, 20), number(3, 96));
        return;
    }
    if arguments[0] == "scale" {
        scale(q, number(2, 1_000_000), number(3, 96));
        return;
    }
    let policy_name = arguments.get(4).map_or("gp", String::as_str);
    let threads = std::env::var("BENCH_THREADS").map_or(2, |text| text.parse().unwrap());
    for name in arguments[0].split(',') {
        let problem = make(name, q);
        let next = AtomicUsize::new(0);
        let mut runs: Vec<(usize, Run)> = std::thread::scope(|scope| {
            let workers: Vec<_> = (0..threads)
                .map(|_| {
                    scope.spawn(|| {
                        let mut done = Vec::new();
                        loop {
                            let seed = next.fetch_add(1, Ordering::Relaxed);
                            if seed >= seeds {
                                return done;
                            }
                            done.push((seed, run(&problem, q, rounds, policy_name, seed)));
                        }
                    })
                })
                .collect();
            workers
                .into_iter()
                .flat_map(|worker| worker.join().unwrap())
                .collect()
        });
        runs.sort_by_key(|run| run.0);
        let regrets = quartiles(runs.iter().map(|run| run.1.regret).collect());
        let short = name.rsplit('/').next().unwrap_or(name);
        print!(
            "{short:18} {policy_name} q {q} x {rounds}, {seeds} seeds: regret {:.4} ({:.4}-{:.4})",
            regrets[1], regrets[0], regrets[2]
        );
        let count = runs.len() as f64;
        let each: Vec<String> = runs
            .iter()
            .map(|run| format!("{:.4}", run.1.regret))
            .collect();
        eprintln!("regret by seed: {}", each.join(" "));
        if problem.found.is_some() {
            let found = runs.iter().map(|run| run.1.found).sum::<f64>() / count;
            let mean = runs.iter().map(|run| run.1.regret).sum::<f64>() / count;
            print!(", mean regret {mean:.4}, best 1 % found {found:.3}");
            let middle = quartiles(runs.iter().map(|run| run.1.found).collect());
            print!(" (median {:.3})", middle[1]);
            let each: Vec<String> = runs
                .iter()
                .map(|run| format!("{:.3}", run.1.found))
                .collect();
            eprintln!("by seed: {}", each.join(" "));
        }
        let seconds = runs.iter().map(|run| run.1.seconds).sum::<f64>() / count;
        println!(", {seconds:.2} CPU s an ask; {}", runs[0].1.note);
    }
}
