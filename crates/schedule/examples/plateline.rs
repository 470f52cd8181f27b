//! The plate line of `formats::plateline` at the sizes of the race: `plateline [seconds]`.
#![allow(missing_docs)]

use schedule::formats::lab::check;
use schedule::formats::plateline::plate_line;
use schedule::solve::{Effort, lab};
use std::time::Instant;

fn main() -> Result<(), String> {
    let seconds: f64 = std::env::args()
        .nth(1)
        .and_then(|a| a.parse().ok())
        .unwrap_or(5.0);
    println!("plates cyclers arms window | first in ms | makespan bound gap % in s");
    for (plates, cyclers, arms) in [
        (8, 4, 1),
        (16, 4, 1),
        (32, 8, 1),
        (128, 32, 1),
        (256, 64, 2),
    ] {
        for window in [None, Some(60)] {
            let instance = plate_line(plates, cyclers, arms, window);
            let begun = Instant::now();
            let (mut first, mut asked) = (None, 0);
            let mut go_on = || {
                asked += 1;
                let now = begun.elapsed().as_secs_f64();
                first.get_or_insert(now);
                now < seconds
            };
            let effort = Effort {
                go_on: &mut go_on,
                iterations: u64::MAX,
                seed: 1,
            };
            let (solution, _) = lab(&instance, effort)?;
            let took = begun.elapsed().as_secs_f64();
            let wrong = check(&instance, &solution);
            println!(
                "{plates:>6} {cyclers:>7} {arms:>4} {:>6} | {:>8.1} | {} {} {:.2} {took:.2} {}",
                window.map_or("none".to_owned(), |w| w.to_string()),
                first.unwrap_or(took) * 1e3,
                solution.makespan,
                solution.bound,
                100.0 * (solution.makespan as f64 / solution.bound as f64 - 1.0),
                if wrong.is_empty() { "valid" } else { "WRONG" }
            );
        }
    }
    Ok(())
}
