//! A problem, and those that are built in.

use std::f64::consts::PI;
use std::sync::Arc;

use design::{Aim, Factor, Goal, Limit, Point, Question, Side, Space};

use crate::functions::{
    ackley, branin, dtlz2, ellipsoid, griewank, hartmann, hartmann_of_20, levy, michalewicz,
    rosenbrock, schwefel, styblinski, vehicle,
};
use crate::table::table;
use crate::unseen;
use crate::words::landscape;

pub struct Problem {
    pub space: Arc<Space>,
    pub question: Question,
    /// All responses at a point, without noise.
    pub truth: Box<dyn Fn(&Point) -> Vec<f64> + Send + Sync>,
    /// Regret of everything measured so far.
    pub score: Box<dyn Fn(&[Vec<f64>]) -> f64 + Send + Sync>,
    /// Share of the best 1 % found.
    pub found: Option<Box<dyn Fn(&[Vec<f64>]) -> f64 + Send + Sync>>,
    pub noise: f64,
    /// First plates by seed, where the problem's file gives them; elsewhere the engine chooses its first plate.
    pub starts: Vec<Vec<Point>>,
}

pub fn cube(d: usize, low: f64, high: f64) -> Arc<Space> {
    Arc::new(Space::new(
        (0..d)
            .map(|i| Factor::continuous(&format!("x{i}"), "", low, high))
            .collect(),
    ))
}

pub fn numbers(point: &Point) -> Vec<f64> {
    point
        .levels()
        .iter()
        .filter_map(design::Level::number)
        .collect()
}

pub fn lowest(optimum: f64) -> Box<dyn Fn(&[Vec<f64>]) -> f64 + Send + Sync> {
    Box::new(move |all| all.iter().map(|v| v[0]).fold(f64::INFINITY, f64::min) - optimum)
}

pub fn function(space: Arc<Space>, f: fn(&[f64]) -> f64, optimum: f64, noise: f64) -> Problem {
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

pub fn volume(front: &[Vec<f64>], reference: &[f64]) -> f64 {
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

pub fn several(
    space: Arc<Space>,
    f: fn(&[f64]) -> Vec<f64>,
    reference: &[f64],
    full: f64,
) -> Problem {
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

pub fn make(name: &str, q: usize) -> Problem {
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
            unseen::shekel,
            -10.536_443_153_483_53,
            0.0,
        ),
        "hartmann3" => function(
            cube(3, 0.0, 1.0),
            unseen::hartmann_of_3,
            -3.862_779_787_332_6,
            0.0,
        ),
        "camel2" => {
            let space = Space::new(vec![
                Factor::continuous("x0", "", -3.0, 3.0),
                Factor::continuous("x1", "", -2.0, 2.0),
            ]);
            function(Arc::new(space), unseen::camel, -1.031_628_453_489_877, 0.0)
        }
        "cosines8" => function(cube(8, -1.0, 1.0), unseen::cosines, -0.8, 0.0),
        "rastrigin5" => function(cube(5, -5.12, 5.12), unseen::rastrigin, 0.0, 0.0),
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
        other if let Some(problem) = landscape(other) => problem,
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
pub fn first_plates(space: &Space, name: &str, file: &str, q: usize) -> Vec<Vec<Point>> {
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
