//! Runs of a campaign at every budget, and what each came to.

use super::Measure;
use crate::command::bench::clock::{Clock, ClockKind};
use crate::exit::Failure;
use crate::folder::Folder;
use crate::loading::Loaded;
use crate::output::Output;
use crate::running::{self, Request, Watcher};
use campaign::{Campaign, Campaigns};
use design::{Aim, Effort};
use quantity::Seed;
use source::Problem;
use std::collections::BTreeMap;
use std::fmt::Write;
use std::path::Path;

/// What one run came to.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Outcome {
    /// Who chose, by place among the policies.
    pub policy: usize,
    /// Plates that it might spend.
    pub plates: u32,
    /// Computing that an ask might spend, as a multiple of the usual.
    pub effort: f64,
    /// Number of the run among those of its budget; the same number is the same world.
    pub seed: u64,
    /// Points that were measured.
    pub experiments: u32,
    /// Estimate of the best candidate with its interval; nothing for a map.
    pub estimate: Option<(f64, (f64, f64))>,
    /// Error of the model on points that it had not seen.
    pub model_error: Option<f64>,
    /// Processor seconds of the whole run, twin included; unknown where it comes from an old file.
    pub cpu: Option<f64>,
}

/// Nobody watches.
struct Quiet;

impl Watcher for Quiet {
    fn begins(&mut self, _: &[&Campaign], _: &Folder, _: u64) {}
    fn sees(&mut self, _: &Campaigns, _: quantity::Instant) {}
}

/// What each run is judged by.
#[derive(Clone, Copy, Debug)]
pub(super) struct Judge {
    /// What should become of the response.
    pub aim: Aim,
    /// The best value there is, as far as known.
    pub best: Option<f64>,
}

impl Judge {
    /// Higher is better.
    pub fn sign(self) -> f64 {
        if self.aim == Aim::Minimise { -1.0 } else { 1.0 }
    }

    /// How far a run stayed behind: its regret, or for a map the error of its model.
    pub fn error(self, of: &Outcome) -> Option<f64> {
        let error = if self.aim == Aim::Map {
            of.model_error?
        } else {
            self.sign() * (self.best? - of.estimate?.0)
        };
        error.is_finite().then_some(error)
    }

    /// The upper end of the best estimate of all runs: what the best may be, where nobody knows.
    pub fn guess(aim: Aim, all: &[Outcome]) -> Option<f64> {
        let sign = if aim == Aim::Minimise { -1.0 } else { 1.0 };
        all.iter()
            .filter_map(|outcome| outcome.estimate)
            .max_by(|a, b| (sign * a.0).total_cmp(&(sign * b.0)))
            .map(|(_, (low, high))| if sign > 0.0 { high } else { low })
    }
}

/// Every policy at every budget and effort with every seed, each in a folder of its own that is thrown away.
pub(super) fn run(args: &Measure, own: &str, output: &Output) -> Result<Vec<Outcome>, Failure> {
    let mut outcomes = Vec::new();
    let folder = std::env::temp_dir().join(format!("nilo-measure-{}", std::process::id()));
    for (policy, name) in args.policies.iter().enumerate() {
        for &plates in &args.plates {
            for &effort in &args.effort {
                // Whoever computes nothing gains nothing by computing more of it: one run serves all.
                let usual = Effort::default().factor();
                if name != "loop" && name != "gp" && effort != usual && args.effort.contains(&usual)
                {
                    continue;
                }
                for seed in 0..args.seeds {
                    let mut loaded = Loaded::open(&args.campaign)?;
                    let campaign = &mut loaded.file.campaign;
                    let derived = campaign.seed.derive("measure", seed);
                    campaign.seed = Seed(derived.0);
                    campaign.budget.plates = plates;
                    campaign.policy.name = if name == "loop" { own } else { name.as_str() }.into();
                    campaign.policy.effort =
                        Effort::new(effort).map_err(|why| Failure::refused(why.to_string()))?;
                    let request = Request {
                        campaigns: vec![args.campaign.clone()],
                        out: Some(folder.clone()),
                        seed: None,
                        fresh: true,
                    };
                    let clock = Clock::start(ClockKind::Cpu);
                    let finished = running::run_loaded(loaded, &request, &mut Quiet);
                    let cpu = clock.seconds();
                    // The run is only a number here; its folder would be in the way of the next.
                    let _ = std::fs::remove_dir_all(&folder);
                    let finished = finished?;
                    let answer = finished.cycle().answer();
                    let candidate = answer.and_then(|answer| answer.candidates.first());
                    let outcome = Outcome {
                        policy,
                        plates,
                        effort,
                        seed,
                        experiments: answer.map_or(0, |answer| answer.points),
                        estimate: candidate.map(|c| (c.estimate, (c.interval.0, c.interval.1))),
                        model_error: answer.and_then(|answer| answer.model_error),
                        cpu: Some(cpu),
                    };
                    let estimate = outcome.estimate.map(|(e, _)| format!("{e:.5}"));
                    output.message(&format!(
                        "{name}, {plates} plates, effort {effort}, run {}: {} experiments, estimate {}, {cpu:.1} s",
                        seed + 1,
                        outcome.experiments,
                        estimate.unwrap_or_else(|| "-".into())
                    ));
                    outcomes.push(outcome);
                }
            }
        }
    }
    Ok(outcomes)
}

/// Columns of a table of runs, in the order in which they are written.
const COLUMNS: [&str; 11] = [
    "policy",
    "plates",
    "effort",
    "seed",
    "experiments",
    "estimate",
    "low",
    "high",
    "model_error",
    "cpu_s",
    "error",
];

/// Writes what every run came to.
pub(super) fn write(
    path: &Path,
    policies: &[String],
    outcomes: &[Outcome],
    judge: Judge,
) -> Result<(), Failure> {
    let mut csv = format!("{}\n", COLUMNS.join(","));
    for o in outcomes {
        let number = |v: Option<f64>| v.map_or(String::new(), |v| v.to_string());
        // Writing to a String does not fail.
        let _ = writeln!(
            csv,
            "{},{},{},{},{},{},{},{},{},{},{}",
            policies[o.policy],
            o.plates,
            o.effort,
            o.seed,
            o.experiments,
            number(o.estimate.map(|e| e.0)),
            number(o.estimate.map(|e| e.1.0)),
            number(o.estimate.map(|e| e.1.1)),
            number(o.model_error),
            number(o.cpu),
            number(judge.error(o))
        );
    }
    std::fs::write(path, csv).map_err(|why| Failure::io(format!("{}: {why}", path.display())))
}

/// Reads what [`write`] wrote; the policies in the order in which they first occur, and their runs.
///
/// # Errors
/// If a column is missing, or a value is none.
pub(super) fn read(path: &Path) -> Result<(Vec<String>, Vec<Outcome>), Failure> {
    let text = crate::files::text(path)?;
    let mut lines = text.lines().enumerate();
    let heads: Vec<&str> = lines
        .next()
        .map_or(Vec::new(), |(_, line)| line.split(',').collect());
    let places: BTreeMap<&str, usize> = heads.iter().copied().zip(0..).collect();
    let name = path.display().to_string();
    for needed in [
        "policy",
        "plates",
        "seed",
        "experiments",
        "estimate",
        "low",
        "high",
    ] {
        if !places.contains_key(needed) {
            return Err(Failure::problem(
                Problem::error(format!("there is no column '{needed}'"))
                    .in_file(&name)
                    .expected(format!("what --out writes: {}", COLUMNS.join(", "))),
            ));
        }
    }
    let (mut policies, mut outcomes): (Vec<String>, Vec<Outcome>) = (Vec::new(), Vec::new());
    for (at, line) in lines.filter(|(_, line)| !line.trim().is_empty()) {
        let fields: Vec<&str> = line.split(',').map(str::trim).collect();
        let field = |column: &str| {
            let at = places.get(column);
            at.and_then(|at| fields.get(*at)).copied().unwrap_or("")
        };
        let number = |column: &str| -> Result<Option<f64>, Failure> {
            let text = field(column);
            if text.is_empty() {
                return Ok(None);
            }
            let value = text.parse().ok().filter(|v: &f64| v.is_finite());
            value.map(Some).ok_or_else(|| {
                Failure::problem(
                    Problem::error(format!("line {}: '{text}' in column '{column}'", at + 1))
                        .in_file(&name)
                        .expected("a number"),
                )
            })
        };
        let needed = |column: &str| -> Result<f64, Failure> {
            number(column)?.ok_or_else(|| {
                Failure::problem(
                    Problem::error(format!("line {}: no '{column}'", at + 1)).in_file(&name),
                )
            })
        };
        let policy = field("policy");
        let place = policies.iter().position(|own| own == policy);
        let place = place.unwrap_or_else(|| {
            policies.push(policy.to_owned());
            policies.len() - 1
        });
        let interval = number("low")?.zip(number("high")?);
        outcomes.push(Outcome {
            policy: place,
            plates: needed("plates")? as u32,
            effort: number("effort")?.unwrap_or_else(|| Effort::default().factor()),
            seed: needed("seed")? as u64,
            experiments: needed("experiments")? as u32,
            estimate: number("estimate")?.zip(interval),
            model_error: number("model_error")?,
            cpu: number("cpu_s")?,
        });
    }
    Ok((policies, outcomes))
}
