//! `nilo scaling measure`: what experiments buy, measured on a campaign in the twin.

use crate::exit::{Exit, Failure};
use crate::folder::Folder;
use crate::loading::Loaded;
use crate::output::Output;
use crate::running::{self, Request, Watcher};
use campaign::{Campaign, Loop};
use clap::Args;
use design::Aim;
use quantity::Seed;
use report::figure::{Axis, Curves, Mark, Series};
use scaling::{Loss, Table, Terms, TermsFit, bootstrap, choose};
use serde_json::{Value, json};
use std::fmt::Write;
use std::path::PathBuf;

/// What to measure.
#[derive(Debug, Args)]
pub struct Measure {
    /// The campaign file
    pub campaign: PathBuf,
    /// Budgets in plates
    #[arg(long, value_delimiter = ',', default_value = "2,3,5,8,12")]
    pub plates: Vec<u32>,
    /// Runs of each budget
    #[arg(long, default_value_t = 3)]
    pub seeds: u64,
    /// Who chooses: 'loop' for the campaign's own policy, or a policy by name
    #[arg(long, value_delimiter = ',', default_value = "loop,random,passive")]
    pub policies: Vec<String>,
    /// The best value there is, if it is known; the upper end of the best estimate of all runs if not
    #[arg(long)]
    pub best: Option<f64>,
    /// Resamples for the uncertainty of the laws
    #[arg(long, default_value_t = 300)]
    pub resamples: usize,
    /// Write what every run came to
    #[arg(long, value_name = "FILE.csv")]
    pub out: Option<PathBuf>,
    /// Write a plot on logarithmic axes
    #[arg(long, value_name = "FILE.svg")]
    pub plot: Option<PathBuf>,
}

/// What one run came to.
struct Outcome {
    policy: usize,
    plates: u32,
    seed: u64,
    experiments: u32,
    /// Estimate of the best candidate with its interval; nothing for a map.
    estimate: Option<(f64, (f64, f64))>,
    /// Error of the model on points that it had not seen.
    model_error: Option<f64>,
}

/// Nobody watches.
struct Quiet;

impl Watcher for Quiet {
    fn begins(&mut self, _: &Campaign, _: &Folder, _: u64) {}
    fn sees(&mut self, _: &Loop, _: quantity::Instant) {}
}

/// Runs the campaign at every budget, and fits what came of it.
pub fn measure(args: &Measure, output: &Output) -> Result<Exit, Failure> {
    let loaded = Loaded::open(&args.campaign)?;
    if args.plates.is_empty() || args.plates.contains(&0) || args.seeds == 0 {
        return Err(Failure::refused(
            "give budgets of a plate or more, and a seed or more",
        ));
    }
    let own = loaded.file.campaign.policy.name.clone();
    for name in args.policies.iter().filter(|name| *name != "loop") {
        if !design::POLICIES.contains(&name.as_str()) {
            let near = quantity::nearest(name, design::POLICIES.iter().copied());
            let known = design::POLICIES.join(", ");
            let failure = Failure::refused(format!("there is no policy '{name}'"));
            return Err(failure.help(near.map_or_else(
                || format!("one of loop, {known}"),
                |near| format!("did you mean '{near}'? There are loop, {known}"),
            )));
        }
    }
    let aim = loaded.file.campaign.aim;
    let outcomes = runs(args, &own, output)?;
    let sign = if aim == Aim::Minimise { -1.0 } else { 1.0 };
    let best = args.best.or_else(|| {
        outcomes
            .iter()
            .filter_map(|o| o.estimate)
            .max_by(|a, b| (sign * a.0).total_cmp(&(sign * b.0)))
            .map(|(_, (low, high))| if sign > 0.0 { high } else { low })
    });
    let response = &loaded.file.campaign.response;
    let what = if aim == Aim::Map {
        format!("error of the model of {}", response.name)
    } else {
        format!("regret of {}", response.name)
    };
    let error = |o: &Outcome| -> Option<f64> {
        let of = if aim == Aim::Map {
            o.model_error?
        } else {
            sign * (best? - o.estimate?.0)
        };
        of.is_finite().then_some(of)
    };
    if let Some(path) = &args.out {
        let mut csv = String::from("policy,plates,seed,experiments,estimate,low,high,error\n");
        for o in &outcomes {
            let number = |v: Option<f64>| v.map_or(String::new(), |v| v.to_string());
            let _ = writeln!(
                csv,
                "{},{},{},{},{},{},{},{}",
                args.policies[o.policy],
                o.plates,
                o.seed,
                o.experiments,
                number(o.estimate.map(|e| e.0)),
                number(o.estimate.map(|e| e.1.0)),
                number(o.estimate.map(|e| e.1.1)),
                number(error(o))
            );
        }
        std::fs::write(path, csv)
            .map_err(|why| Failure::io(format!("{}: {why}", path.display())))?;
    }
    let mut text = format!("{what} against experiments");
    if let (Some(best), true) = (best, aim != Aim::Map) {
        let how = if args.best.is_some() {
            "given"
        } else {
            "upper end of the best estimate of all runs"
        };
        let _ = write!(text, "; the best there is: {best:.5} ({how})");
    }
    text.push('\n');
    let (mut series, mut found) = (Vec::new(), Vec::new());
    for (at, policy) in args.policies.iter().enumerate() {
        let points: Vec<(f64, f64)> = outcomes
            .iter()
            .filter(|o| o.policy == at && o.experiments > 0)
            .filter_map(|o| Some((f64::from(o.experiments), error(o)?)))
            .collect();
        series.push(Series {
            name: policy.clone(),
            mark: Mark::Points,
            colour: at,
            points: points.clone(),
            intervals: Vec::new(),
        });
        let mut fields = json!({
            "policy": if policy == "loop" { &*own } else { policy },
            "label": policy,
            "runs": points.iter().map(|(x, y)| json!({ "experiments": x, "error": y })).collect::<Vec<_>>(),
        });
        let _ = writeln!(text, "{policy}");
        for (x, mean, count) in means(&points) {
            let _ = writeln!(text, "  {x:>6} experiments: {mean:.5} (mean of {count})");
        }
        match law(args, &points) {
            Ok((fit, band)) => {
                describe(args, &fit, &points, &mut text, &mut fields);
                series.push(Series {
                    name: String::new(),
                    mark: Mark::Line,
                    colour: at,
                    points: band.iter().map(|(x, _)| (*x, fit.value(&[*x]))).collect(),
                    intervals: band.iter().map(|(_, i)| *i).collect(),
                });
            }
            Err(why) => {
                let _ = writeln!(text, "  no law: {why}");
                fields["no_law"] = json!(why);
            }
        }
        found.push(fields);
    }
    if let Some(path) = &args.plot {
        let figure = Curves {
            title: format!("What experiments buy: {}", loaded.file.campaign.name),
            description: text.lines().next().unwrap_or_default().to_owned(),
            x: Axis {
                label: "experiments".into(),
                logarithmic: true,
            },
            y: Axis {
                label: what.clone(),
                logarithmic: true,
            },
            series,
        };
        std::fs::write(path, figure.svg())
            .map_err(|why| Failure::io(format!("{}: {why}", path.display())))?;
    }
    let fields = json!({
        "campaign": &*loaded.file.campaign.name,
        "error": what,
        "best": best,
        "policies": found,
        "plot": args.plot,
        "out": args.out,
    });
    output.result("scaling measure", text.trim_end(), fields)?;
    Ok(Exit::Success)
}

/// Every policy at every budget with every seed, each in a folder of its own that is thrown away.
fn runs(args: &Measure, own: &str, output: &Output) -> Result<Vec<Outcome>, Failure> {
    let mut outcomes = Vec::new();
    let folder = std::env::temp_dir().join(format!("nilo-measure-{}", std::process::id()));
    for (policy, name) in args.policies.iter().enumerate() {
        for &plates in &args.plates {
            for seed in 0..args.seeds {
                let mut loaded = Loaded::open(&args.campaign)?;
                let campaign = &mut loaded.file.campaign;
                let derived = campaign.seed.derive("measure", seed);
                campaign.seed = Seed(derived.0);
                campaign.budget.plates = plates;
                campaign.policy.name = if name == "loop" { own } else { name.as_str() }.into();
                let request = Request {
                    campaign: args.campaign.clone(),
                    out: Some(folder.clone()),
                    seed: None,
                    fresh: true,
                };
                let finished = running::run_loaded(loaded, &request, &mut Quiet);
                // The run is only a number here; its folder would be in the way of the next.
                let _ = std::fs::remove_dir_all(&folder);
                let finished = finished?;
                let answer = finished.cycle.answer();
                let candidate = answer.and_then(|answer| answer.candidates.first());
                let outcome = Outcome {
                    policy,
                    plates,
                    seed,
                    experiments: answer.map_or(0, |answer| answer.points),
                    estimate: candidate.map(|c| (c.estimate, (c.interval.0, c.interval.1))),
                    model_error: answer.and_then(|answer| answer.model_error),
                };
                output.message(&format!(
                    "{name}, {plates} plates, run {}: {} experiments, estimate {}",
                    seed + 1,
                    outcome.experiments,
                    outcome
                        .estimate
                        .map_or("-".into(), |(e, _)| format!("{e:.5}"))
                ));
                outcomes.push(outcome);
            }
        }
    }
    Ok(outcomes)
}

/// Mean error at each number of experiments, and of how many runs.
fn means(points: &[(f64, f64)]) -> Vec<(f64, f64, usize)> {
    let mut sorted = points.to_vec();
    sorted.sort_by(|a, b| a.0.total_cmp(&b.0));
    sorted
        .chunk_by(|a, b| a.0 == b.0)
        .map(|same| {
            let sum: f64 = same.iter().map(|p| p.1).sum();
            (same[0].0, sum / same.len() as f64, same.len())
        })
        .collect()
}

/// Points of a drawn curve.
const CURVE: usize = 60;

/// A law of the runs with its band at even steps of the logarithm, up to four times the most.
type Law = (TermsFit, Vec<(f64, (f64, f64))>);

fn law(args: &Measure, points: &[(f64, f64)]) -> Result<Law, String> {
    // An error of zero has no logarithm: such a run found the best, as far as can be told.
    let kept: Vec<(f64, f64)> = points.iter().copied().filter(|p| p.1 > 0.0).collect();
    if means(&kept).len() < 3 {
        return Err("a law needs runs at three budgets or more that leave an error".into());
    }
    let (x, y): (Vec<f64>, Vec<f64>) = kept.iter().copied().unzip();
    let table = Table::new(vec![("experiments".into(), x.clone())], ("error", y))
        .map_err(|why| why.to_string())?;
    let laws = [Terms::power(), Terms::power_with_floor()];
    let choice =
        choose::choose(&laws, &table, Loss::SQUARES, 0.0).map_err(|why| why.to_string())?;
    let fit = choice.candidates[choice.best].fit.clone();
    let draws = bootstrap(&fit, &table, args.resamples.max(10), Seed(0));
    let low = x.iter().copied().fold(f64::INFINITY, f64::min);
    let high = x.iter().copied().fold(0.0, f64::max) * 4.0;
    let step = (high / low).ln() / (CURVE - 1) as f64;
    let band = (0..CURVE)
        .map(|i| low * (step * i as f64).exp())
        .map(|at| {
            let interval = draws.interval(0.95, |draw| {
                let mut parameters = draw.to_vec();
                let mut place = 0;
                for term in &fit.law.terms {
                    parameters[place] = parameters[place].ln();
                    place += 1 + term.resources.len();
                }
                fit.law.log_value(&parameters, &[at.ln()]).exp()
            });
            (at, (interval.low, interval.high))
        })
        .collect();
    Ok((fit, band))
}

fn describe(
    args: &Measure,
    fit: &TermsFit,
    points: &[(f64, f64)],
    text: &mut String,
    fields: &mut Value,
) {
    let names = fit.law.names();
    let values = fit.law.readable(&fit.parameters);
    let shown: Vec<String> = names
        .iter()
        .zip(&values)
        .map(|(n, v)| format!("{n} {v:.4}"))
        .collect();
    let scatter = points.iter().filter(|p| p.1 > 0.0).count();
    let _ = writeln!(
        text,
        "  {}: {} (least squares of the logarithm over {scatter} runs)",
        fit.law.name,
        shown.join(", ")
    );
    fields["law"] = json!(fit.law.name);
    fields["parameters"] = names
        .into_iter()
        .zip(values)
        .map(|(n, v)| (n, json!(v)))
        .collect();
    fields["resamples"] = json!(args.resamples);
}
