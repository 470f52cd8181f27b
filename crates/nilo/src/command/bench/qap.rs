//! `nilo bench qap`: quadratic assignment instances of QAPLIB.

use crate::exit::{Exit, Failure};
use crate::files;
use crate::output::Output;
use layout::qap::{self, Instance, Progress, Solution, Stated};
use quantity::Seed;
use serde_json::json;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Instant;

/// Which instances, and how long.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// Instances: n, flows and distances (.dat), or with the best known cost in the first line (.qap)
    #[arg(required = true)]
    files: Vec<PathBuf>,
    /// Seconds for each instance; less if a stated optimum is reached
    #[arg(long, default_value_t = 5.0)]
    seconds: f64,
    /// Threads, each with a search of its own
    #[arg(long, default_value_t = 1, value_parser = clap::value_parser!(u64).range(1..=1024))]
    threads: u64,
    /// The seed of every random choice
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// Where to write the solution (n, cost, the place of each unit from 1); with several
    /// instances, a folder
    #[arg(long)]
    out: Option<PathBuf>,
}

/// Solves them.
pub fn run(args: &Args, output: &Output) -> Result<Exit, Failure> {
    if !(args.seconds.is_finite() && args.seconds > 0.0) {
        return Err(Failure::refused(format!(
            "--seconds {}: expected a number above zero",
            args.seconds
        )));
    }
    let mut text = format!(
        "{:<12} {:>5} {:>14} {:>14} {:>8} {:>8} {:>12}",
        "instance", "n", "best known", "found", "gap %", "s", "turns"
    );
    let mut rows = Vec::new();
    for path in &args.files {
        let (instance, stated) = qap::read_instance(&files::text(path)?)
            .map_err(|why| Failure::refused(format!("{}: {why}", path.display())))?;
        let solved = solve(&instance, stated, args);
        if !solved.solution.holds(&instance) {
            return Err(Failure::internal(format!(
                "{}: the solution is not one",
                path.display()
            )));
        }
        let name = path.file_stem().unwrap_or_default().to_string_lossy();
        if let Some(out) = &args.out {
            let to = if args.files.len() > 1 {
                out.join(format!("{name}.sln"))
            } else {
                out.clone()
            };
            write(&to, &solved.solution)?;
        }
        let best = stated.optimum.or(stated.best_known);
        let cost = solved.solution.cost;
        let gap = best
            .filter(|best| *best != 0)
            .map(|best| (cost - best) as f64 / best as f64 * 100.0);
        let show = |number: Option<String>| number.unwrap_or_else(|| "-".to_owned());
        text.push_str(&format!(
            "\n{name:<12} {:>5} {:>14} {cost:>14} {:>8} {:>8.2} {:>12}",
            instance.size(),
            show(best.map(|best| best.to_string())),
            show(gap.map(|gap| format!("{gap:.3}"))),
            solved.found_s,
            solved.turns,
        ));
        rows.push(json!({
            "instance": name,
            "n": instance.size(),
            "cost": cost,
            "places": solved.solution.places.iter().map(|p| p + 1).collect::<Vec<_>>(),
            "optimum": stated.optimum,
            "best_known": stated.best_known,
            "bound": stated.bound,
            "gap_percent": gap,
            "found_s": solved.found_s,
            "turns": solved.turns,
        }));
    }
    let fields = json!({ "seconds": args.seconds, "threads": args.threads, "seed": args.seed, "instances": rows });
    output.result("bench qap", &text, fields)?;
    Ok(Exit::Success)
}

struct Solved {
    solution: Solution,
    found_s: f64,
    turns: u64,
}

/// Each thread searches alone from a seed of its own; the best counts, of equals the first thread's.
fn solve(instance: &Instance, stated: Stated, args: &Args) -> Solved {
    let begun = Instant::now();
    let done = AtomicBool::new(false);
    let search = |thread: u64| {
        let mut solved = (i64::MAX, 0.0, 0);
        let mut go_on = |progress: Progress| {
            let now = begun.elapsed().as_secs_f64();
            if progress.cost < solved.0 {
                solved.0 = progress.cost;
                solved.1 = now;
            }
            solved.2 = progress.turns;
            if stated.optimum.is_some_and(|least| progress.cost <= least) {
                done.store(true, Ordering::Relaxed);
            }
            now < args.seconds && !done.load(Ordering::Relaxed)
        };
        let seed = Seed(args.seed).derive("thread", thread);
        let solution = qap::solve(instance, seed, &mut go_on);
        Solved {
            solution,
            found_s: solved.1,
            turns: solved.2,
        }
    };
    std::thread::scope(|scope| {
        let search = &search;
        let others: Vec<_> = (1..args.threads)
            .map(|thread| scope.spawn(move || search(thread)))
            .collect();
        let mut best = search(0);
        for other in others {
            let Ok(other) = other.join() else { continue };
            let turns = best.turns + other.turns;
            if other.solution.cost < best.solution.cost {
                best = other;
            }
            best.turns = turns;
        }
        best
    })
}

fn write(path: &Path, solution: &Solution) -> Result<(), Failure> {
    let cannot = |error| Failure::io(format!("{}: {error}", path.display()));
    if let Some(folder) = path.parent().filter(|f| !f.as_os_str().is_empty()) {
        std::fs::create_dir_all(folder).map_err(cannot)?;
    }
    std::fs::write(path, qap::write_solution(solution)).map_err(cannot)
}
