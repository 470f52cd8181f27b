//! `nilo bench schedule`.

use super::clock::{Clock, ClockKind};
use crate::exit::{Exit, Failure};
use crate::output::Output;
use schedule::formats::lab::Lab;
use schedule::formats::{Instance, Solution};
use schedule::solve::{Effort, Moment, lab_online, solve};
use serde_json::{Value, json};
use std::path::{Path, PathBuf};

/// What to solve, and what it may cost.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// Instances
    #[arg(required = true)]
    files: Vec<PathBuf>,
    /// How long to search each of them
    #[arg(long, default_value_t = 10.0)]
    seconds: f64,
    /// Which clock the seconds are of: processor seconds don't depend on what else a machine does
    #[arg(long, value_enum, default_value_t = ClockKind::Wall)]
    clock: ClockKind,
    /// How many searches to run beside one another; the best result counts
    #[arg(long, default_value_t = 1, value_parser = clap::value_parser!(u64).range(1..=1024))]
    threads: u64,
    /// Where the random choices start
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// Where to write the solution (docs/solutions.md); a folder if there are several instances
    #[arg(long)]
    out: Option<PathBuf>,
    /// Plan for the least makespan with all plates known from the start, also where they arrive one by one
    #[arg(long)]
    at_once: bool,
}

/// Solves every instance that is named.
pub fn run(args: &Args, output: &Output) -> Result<Exit, Failure> {
    if !(args.seconds.is_finite() && args.seconds >= 0.0) {
        return Err(Failure::refused(format!(
            "--seconds {}: expected a number of 0 or more",
            args.seconds
        )));
    }
    let instances = args
        .files
        .iter()
        .map(|path| Ok((path, read(path)?)))
        .collect::<Result<Vec<_>, Failure>>()?;
    let mut lines = Vec::new();
    let mut results = Vec::new();
    let mut exit = Exit::Success;
    for (path, instance) in &instances {
        let name = name(path);
        let best = match instance {
            Instance::Lab(lab) if lab.arrives() && !args.at_once => serve(lab, &name, args)?,
            _ => search(instance, &name, args)?,
        };
        let wrong = instance.check(&best.solution);
        for line in &wrong {
            output.message(&format!("error: {name}: {line}"));
        }
        if !wrong.is_empty() {
            exit = Exit::Internal;
        }
        let (makespan, bound) = (best.solution.makespan(), best.solution.bound());
        let gap = if bound > 0 {
            100.0 * (makespan as f64 / bound as f64 - 1.0)
        } else {
            0.0
        };
        let mut line = format!(
            "{name}: {} makespan {makespan}, bound {bound}, gap {gap:.2} %, first after {:.1} ms, {} steps in {:.2} s",
            instance.kind(),
            best.first * 1e3,
            best.steps,
            best.seconds,
        );
        if let Some(served) = &best.served {
            line.push_str(&served.line());
        }
        if !output.is_json() && instances.len() > 1 {
            output.message(&line);
        }
        lines.push(line);
        let out = args.out.as_ref().map(|out| {
            if instances.len() > 1 {
                out.join(format!("{name}.json"))
            } else {
                out.clone()
            }
        });
        if let Some(out) = &out {
            write(out, &best.solution)?;
        }
        let mut result = json!({
            "file": path.display().to_string(),
            "format": instance.kind(),
            "makespan": makespan,
            "bound": bound,
            "gap_percent": gap,
            "optimal": makespan == bound,
            "valid": wrong.is_empty(),
            "steps": best.steps,
            "first_s": best.first,
            "seconds": best.seconds,
            "solution": out.map(|o| o.display().to_string()),
        });
        if let Some(served) = &best.served {
            result["online"] = served.json();
        }
        results.push(result);
    }
    output.result(
        "bench schedule",
        &lines.join("\n"),
        json!({ "ok": exit == Exit::Success, "instances": Value::Array(results) }),
    )?;
    Ok(exit)
}

struct Found {
    solution: Solution,
    steps: u64,
    /// Seconds until the first solution.
    first: f64,
    seconds: f64,
    /// For plates that arrive one by one.
    served: Option<Served>,
}

/// How plates that arrive one by one were served.
struct Served {
    flow: f64,
    tardiness: i64,
    broken: usize,
    /// Seconds that each promise took, sorted.
    promises: Vec<f64>,
}

impl Served {
    fn promise(&self, part: f64) -> f64 {
        let last = self.promises.len().saturating_sub(1);
        let at = (last as f64 * part).round() as usize;
        self.promises.get(at).copied().unwrap_or(0.0)
    }

    fn line(&self) -> String {
        format!(
            "\n  one by one: mean flow {:.0} s, weighted tardiness {}, {} of {} promises broken, a promise takes \
             {:.3} ms (median), {:.3} ms (99 %), {:.3} ms (slowest)",
            self.flow,
            self.tardiness,
            self.broken,
            self.promises.len(),
            self.promise(0.5) * 1e3,
            self.promise(0.99) * 1e3,
            self.promise(1.0) * 1e3,
        )
    }

    fn json(&self) -> Value {
        json!({
            "mean_flow": self.flow,
            "weighted_tardiness": self.tardiness,
            "promises": self.promises.len(),
            "broken": self.broken,
            "promise_median_s": self.promise(0.5),
            "promise_p99_s": self.promise(0.99),
            "promise_slowest_s": self.promise(1.0),
        })
    }
}

/// Feeds plates one by one; the seconds are spread evenly over the arrivals.
fn serve(lab: &Lab, name: &str, args: &Args) -> Result<Found, Failure> {
    let clock = Clock::start(args.clock);
    let share = args.seconds / lab.plates.len().max(1) as f64;
    let (mut asked, mut promises) = (0.0, Vec::with_capacity(lab.plates.len()));
    let mut watch = |moment| match moment {
        Moment::Asked => {
            asked = clock.seconds();
            true
        }
        Moment::Promised => {
            promises.push(clock.seconds() - asked);
            true
        }
        Moment::Idle => clock.seconds() < asked + share,
    };
    let service = lab_online(lab, args.seed, u64::MAX, &mut watch)
        .map_err(|why| Failure::refused(format!("{name} has no solution: {why}")))?;
    promises.sort_by(f64::total_cmp);
    Ok(Found {
        steps: service.steps,
        first: promises.first().copied().unwrap_or(0.0),
        seconds: clock.seconds(),
        served: Some(Served {
            flow: service.flow,
            tardiness: service.tardiness,
            broken: service.broken,
            promises,
        }),
        solution: Solution::Lab(service.solution),
    })
}

/// One search on each thread, each with its own seed; the best result.
fn search(instance: &Instance, name: &str, args: &Args) -> Result<Found, Failure> {
    let one = |thread: u64| {
        let clock = Clock::start(args.clock);
        let mut first = None;
        let mut go_on = || {
            let now = clock.seconds();
            first.get_or_insert(now);
            now < args.seconds
        };
        let effort = Effort {
            go_on: &mut go_on,
            iterations: u64::MAX,
            seed: args.seed.wrapping_add(thread << 32),
        };
        let (solution, steps) = solve(instance, name, effort)?;
        let seconds = clock.seconds();
        Ok::<Found, String>(Found {
            solution,
            steps,
            first: first.unwrap_or(seconds),
            seconds,
            served: None,
        })
    };
    let mut found = Vec::new();
    std::thread::scope(|scope| {
        let others: Vec<_> = (1..args.threads)
            .map(|thread| scope.spawn(move || one(thread)))
            .collect();
        found.push(one(0));
        for other in others {
            found.push(
                other
                    .join()
                    .unwrap_or_else(|_| Err("a search broke down".to_owned())),
            );
        }
    });
    let found = found
        .into_iter()
        .collect::<Result<Vec<Found>, String>>()
        .map_err(|why| Failure::refused(format!("{name} has no solution: {why}")))?;
    found
        .into_iter()
        .min_by_key(|f| f.solution.makespan())
        .ok_or_else(|| Failure::internal("no search was run"))
}

/// What solutions and messages call an instance: its file without the ending; for a folder with the one
/// around it.
fn name(path: &Path) -> String {
    let part = |p: &Path| {
        p.file_stem()
            .map_or_else(String::new, |s| s.to_string_lossy().into_owned())
    };
    match path.parent() {
        Some(parent) if path.is_dir() => format!("{}-{}", part(parent), part(path)),
        _ => part(path),
    }
}

fn read(path: &Path) -> Result<Instance, Failure> {
    let text = |path: &Path| {
        std::fs::read_to_string(path)
            .map_err(|error| Failure::io(format!("{} can't be read: {error}", path.display())))
    };
    let read = if path.is_dir() {
        let table = |name: &str| text(&path.join(name));
        Instance::read_tables(
            &table("machines.tsv")?,
            &table("operations.tsv")?,
            &table("dependency.tsv")?,
            &table("tcmb.tsv")?,
        )
    } else {
        Instance::read(&text(path)?)
    };
    read.map_err(|why| {
        Failure::refused(format!("{}: {why}", path.display())).help(
            "give a labsched-1 file, a job shop or flexible job shop in text, or an S-LAB folder \
             (docs/solutions.md)",
        )
    })
}

fn write(path: &Path, solution: &Solution) -> Result<(), Failure> {
    let text = serde_json::to_string(solution).map_err(Failure::internal)?;
    if let Some(folder) = path.parent().filter(|f| !f.as_os_str().is_empty()) {
        std::fs::create_dir_all(folder)
            .map_err(|error| Failure::io(format!("{}: {error}", folder.display())))?;
    }
    std::fs::write(path, text)
        .map_err(|error| Failure::io(format!("{} can't be written: {error}", path.display())))
}
