//! Solves instances as `nilo bench schedule --clock cpu` does, without the rest of Nilometer:
//! `bench [--seconds S] [--seed N] FILE...`
#![allow(missing_docs)]

use schedule::formats::Instance;
use schedule::solve::{Effort, solve};
use std::path::Path;
use std::time::Instant;

/// Processor seconds of this thread, where the system tells: a shared machine does not count then.
fn cpu_seconds() -> Option<f64> {
    let text = std::fs::read_to_string("/proc/thread-self/schedstat").ok()?;
    let nanos: f64 = text.split(' ').next()?.parse().ok()?;
    Some(nanos * 1e-9)
}

fn read(file: &str) -> Result<Instance, String> {
    let path = Path::new(file);
    let text =
        |path: &Path| std::fs::read_to_string(path).map_err(|e| format!("{}: {e}", path.display()));
    if path.is_dir() {
        let table = |name: &str| text(&path.join(name));
        return Instance::read_tables(
            &table("machines.tsv")?,
            &table("operations.tsv")?,
            &table("dependency.tsv")?,
            &table("tcmb.tsv")?,
        );
    }
    Instance::read(&text(path)?)
}

fn main() -> Result<(), String> {
    let mut args = std::env::args().skip(1);
    let (mut seconds, mut seed) = (10.0, 1);
    let mut files = Vec::new();
    while let Some(arg) = args.next() {
        let mut number = || args.next().and_then(|v| v.parse::<f64>().ok());
        match arg.as_str() {
            "--seconds" => seconds = number().ok_or("--seconds needs a number")?,
            "--seed" => seed = number().ok_or("--seed needs a number")? as u64,
            _ => files.push(arg),
        }
    }
    for file in files {
        let instance = read(&file)?;
        let start = Instant::now();
        let spent_cpu = cpu_seconds().unwrap_or(0.0);
        let cpu = || cpu_seconds().map_or(start.elapsed().as_secs_f64(), |s| s - spent_cpu);
        let mut go_on = || cpu() < seconds;
        let effort = Effort {
            go_on: &mut go_on,
            iterations: u64::MAX,
            seed,
        };
        let (solution, steps) = solve(&instance, &file, effort)?;
        let wrong = instance.check(&solution);
        let (makespan, bound) = (solution.makespan(), solution.bound());
        println!(
            "{file}: makespan {makespan} bound {bound} gap {:.2} % in {:.2} CPU s, {steps} steps, {}",
            100.0 * (makespan as f64 / bound as f64 - 1.0),
            cpu(),
            if wrong.is_empty() {
                "valid".to_owned()
            } else {
                format!("{wrong:?}")
            }
        );
    }
    Ok(())
}
