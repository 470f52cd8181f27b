//! What the models say: how wide they are, and how likely the fit makes the data.

use std::collections::BTreeSet;

use design::{Options, Outcome, Point, Trial, plain_fit, policy};
use quantity::Seed;
use rand::RngExt;

use crate::table::table;
use crate::timing::thread_seconds;

/// Prints for each table how many of the rows not told lie in the interval stated for them, with 96 and 288
/// rows told at random.
pub fn calibration(paths: &[String]) {
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
pub fn likelihood(paths: &[String]) {
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
