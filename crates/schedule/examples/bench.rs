//! Solves an instance: `bench FILE [--seconds S] [--seed N] [--iterations N] [--out SOLUTION]`.
#![allow(missing_docs)]

use schedule::formats::lab::{Lab, check};
use schedule::solve::{Effort, lab, lab_bound};
use std::time::Instant;

/// Processor seconds of this thread, where the system tells: a shared machine does not count then.
fn cpu_seconds() -> Option<f64> {
    let text = std::fs::read_to_string("/proc/thread-self/schedstat").ok()?;
    let nanos: f64 = text.split(' ').next()?.parse().ok()?;
    Some(nanos * 1e-9)
}

fn main() -> Result<(), String> {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let option = |name: &str| {
        args.iter()
            .position(|a| a == name)
            .and_then(|i| args.get(i + 1))
            .cloned()
    };
    let number =
        |name: &str, default: f64| option(name).and_then(|v| v.parse().ok()).unwrap_or(default);
    let seconds = number("--seconds", 10.0);
    let file = args.first().ok_or("name an instance file")?;
    let text = std::fs::read_to_string(file).map_err(|e| format!("{file}: {e}"))?;
    let instance = Lab::read(&text)?;
    let start = Instant::now();
    let spent_cpu = cpu_seconds().unwrap_or(0.0);
    let cpu = || cpu_seconds().map_or(start.elapsed().as_secs_f64(), |s| s - spent_cpu);
    let mut go_on = || cpu() < seconds;
    let (solution, spent) = lab(
        &instance,
        Effort {
            go_on: &mut go_on,
            iterations: number("--iterations", 1e18) as u64,
            seed: number("--seed", 1.0) as u64,
        },
    )?;
    let took = cpu();
    let wrong = check(&instance, &solution);
    println!(
        "{}: makespan {} bound {} gap {:.2} % in {took:.2} CPU s, {spent} iterations, {}",
        instance.name,
        solution.makespan,
        lab_bound(&instance),
        100.0 * (solution.makespan as f64 / solution.bound as f64 - 1.0),
        if wrong.is_empty() {
            "valid".to_owned()
        } else {
            format!("{wrong:?}")
        }
    );
    if let Some(out) = option("--out") {
        let json = serde_json::to_string(&solution).map_err(|e| e.to_string())?;
        std::fs::write(&out, json).map_err(|e| format!("{out}: {e}"))?;
    }
    Ok(())
}
