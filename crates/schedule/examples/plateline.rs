//! The plate line of `formats::plateline` at the sizes of the race: `plateline [SECONDS [PLATES]]`, processor seconds for
//! each, all sizes or the one with so many plates.
#![allow(missing_docs)]

use schedule::formats::lab::check;
use schedule::formats::plateline::plate_line;
use schedule::solve::{Effort, lab};
use std::time::Instant;

/// Processor seconds of this thread, where the system tells: a shared machine does not count then.
fn cpu_seconds() -> Option<f64> {
    let text = std::fs::read_to_string("/proc/thread-self/schedstat").ok()?;
    let nanos: f64 = text.split(' ').next()?.parse().ok()?;
    Some(nanos * 1e-9)
}

fn main() -> Result<(), String> {
    let seconds: f64 = std::env::args()
        .nth(1)
        .and_then(|a| a.parse().ok())
        .unwrap_or(5.0);
    let only: Option<u32> = std::env::args().nth(2).and_then(|a| a.parse().ok());
    println!("plates cyclers arms window | first in ms | makespan bound gap % in s");
    for (plates, cyclers, arms) in [
        (8, 4, 1),
        (16, 4, 1),
        (32, 8, 1),
        (128, 32, 1),
        (256, 64, 2),
    ] {
        if only.is_some_and(|only| only != plates) {
            continue;
        }
        for window in [None, Some(60)] {
            let instance = plate_line(plates, cyclers, arms, window);
            let begun = Instant::now();
            let spent = cpu_seconds().unwrap_or(0.0);
            let elapsed = || cpu_seconds().map_or(begun.elapsed().as_secs_f64(), |s| s - spent);
            let (mut first, mut asked) = (None, 0);
            let mut go_on = || {
                asked += 1;
                let now = elapsed();
                first.get_or_insert(begun.elapsed().as_secs_f64());
                now < seconds
            };
            let effort = Effort {
                go_on: &mut go_on,
                iterations: u64::MAX,
                seed: 1,
            };
            let (solution, _) = lab(&instance, effort)?;
            let took = elapsed();
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
