//! Whole runs, and what is told of many.

use std::f64::consts::TAU;
use std::sync::atomic::{AtomicUsize, Ordering};

use design::{AskError, Options, Outcome, Point, Trial, policy};
use quantity::Seed;
use rand::RngExt;

use crate::problem::{Problem, make};
use crate::timing::thread_seconds;
use crate::words::genetic;

pub struct Run {
    pub regret: f64,
    pub found: f64,
    pub seconds: f64,
    pub note: String,
}

pub fn run(problem: &Problem, q: usize, rounds: usize, policy_name: &str, number: usize) -> Run {
    let seed = Seed(number as u64);
    if policy_name == "genetic" {
        return genetic(problem, q, rounds, seed);
    }
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

pub fn quartiles(mut values: Vec<f64>) -> [f64; 3] {
    values.sort_by(f64::total_cmp);
    [0.25, 0.5, 0.75].map(|share| {
        let at = share * (values.len() - 1) as f64;
        let (low, high) = (values[at.floor() as usize], values[at.ceil() as usize]);
        low + (high - low) * at.fract()
    })
}

/// Runs a problem with so many seeds, on so many threads, and prints what was reached.
pub fn report(
    name: &str,
    q: usize,
    rounds: usize,
    seeds: usize,
    policy_name: &str,
    threads: usize,
) {
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
