//! `nilo scaling measure`: what experiments and computing buy, measured on a campaign in the twin.

mod factors;
mod laws;
mod runs;

use crate::exit::{Exit, Failure};
use crate::loading::Loaded;
use crate::output::Output;
use clap::Args;
use design::{Aim, Effort};
use factors::Factors;
use laws::Spent;
use report::figure::{Axis, Curves, Mark, Series};
use runs::{Judge, Outcome};
use serde_json::{Value, json};
use std::fmt::Write;
use std::path::{Path, PathBuf};

/// What to measure.
#[derive(Debug, Args)]
pub struct Measure {
    /// The campaign file
    pub campaign: PathBuf,
    /// Budgets in plates
    #[arg(long, value_delimiter = ',', default_value = "2,3,5,8,12")]
    pub plates: Vec<u32>,
    /// How much computing an ask may spend, as multiples of the usual; three or more give a law of both resources
    #[arg(long, value_delimiter = ',', default_value = "1")]
    pub effort: Vec<f64>,
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
    /// Take the runs from a file that --out has written, and run nothing
    #[arg(long, value_name = "FILE.csv")]
    pub runs: Option<PathBuf>,
    /// Divide this budget between experiments and effort
    #[arg(long, requires = "price")]
    pub budget: Option<f64>,
    /// The price of an experiment, and of a unit of effort
    #[arg(long, value_delimiter = ',', value_name = "P1,P2", requires = "budget")]
    pub price: Vec<f64>,
    /// Write what every run came to
    #[arg(long, value_name = "FILE.csv")]
    pub out: Option<PathBuf>,
    /// Write a plot of the error against experiments, on logarithmic axes
    #[arg(long, value_name = "FILE.svg")]
    pub plot: Option<PathBuf>,
    /// Write a plot of the error against effort, on logarithmic axes
    #[arg(long, value_name = "FILE.svg")]
    pub plot_effort: Option<PathBuf>,
}

/// Runs the campaign at every budget, and fits what came of it.
pub fn measure(args: &Measure, output: &Output) -> Result<Exit, Failure> {
    let loaded = Loaded::open(&args.campaign)?;
    check(args, &loaded)?;
    let campaign = &loaded.file.campaign;
    let own = campaign.policy.name.clone();
    let (policies, outcomes) = match &args.runs {
        Some(path) => runs::read(path)?,
        None => (args.policies.clone(), runs::run(args, &own, output)?),
    };
    let aim = campaign.aim;
    let judge = Judge {
        aim,
        best: args.best.or_else(|| Judge::guess(aim, &outcomes)),
    };
    if let Some(path) = &args.out {
        runs::write(path, &policies, &outcomes, judge)?;
    }
    let response = &campaign.response;
    let unit = match &*response.unit {
        "" => String::new(),
        unit => format!(", {unit}"),
    };
    let what = if aim == Aim::Map {
        format!("error of the model of {}{unit}", response.name)
    } else {
        format!("regret of {}{unit}", response.name)
    };
    let mut text = format!("{what} against experiments");
    if let (Some(best), true) = (judge.best, aim != Aim::Map) {
        let how = if args.best.is_some() {
            "given"
        } else {
            "upper end of the best estimate of all runs"
        };
        // Writing to a String does not fail.
        let _ = write!(text, "; the best there is: {best:.5} ({how})");
    }
    text.push('\n');
    let (mut series, mut found) = (Vec::new(), Vec::new());
    for (at, policy) in policies.iter().enumerate() {
        let spent = spent(&outcomes, at, judge);
        found.push(one(
            args,
            (at, policy),
            &own,
            &spent,
            &mut text,
            &mut series,
        ));
    }
    let computing = computing(args, &policies, &outcomes, judge, &mut text);
    let factors = factors::factors(&policies, &outcomes, judge);
    for of in &factors {
        of.tell(&mut text);
    }
    let name = &campaign.name;
    if let Some(path) = &args.plot {
        let title = format!("What experiments buy: {name}");
        draw(path, &title, "experiments", &what, series)?;
    }
    if let Some(path) = &args.plot_effort {
        let title = format!("What computing buys: {name}");
        let label = "effort, as a multiple of the usual";
        draw(
            path,
            &title,
            label,
            &what,
            by_effort(&policies, &outcomes, judge),
        )?;
    }
    let fields = json!({
        "campaign": &**name,
        "error": what,
        "best": judge.best,
        "policies": found,
        "computing": computing,
        "against_random": factors.iter().map(Factors::json).collect::<Vec<_>>(),
        "plot": args.plot,
        "plot_effort": args.plot_effort,
        "out": args.out,
    });
    output.result("scaling measure", text.trim_end(), fields)?;
    Ok(Exit::Success)
}

fn check(args: &Measure, loaded: &Loaded) -> Result<(), Failure> {
    let campaign = &loaded.file.campaign;
    if campaign.rivals.is_some() || campaign.causes.is_some() {
        return Err(Failure::refused(format!(
            "'{}' asks which of several explanations holds, and such an answer has no error that falls",
            campaign.name
        ))
        .help("run it with [policy] name = \"random\" too, and compare the plates until each is settled"));
    }
    if args.plates.is_empty() || args.plates.contains(&0) || args.seeds == 0 {
        return Err(Failure::refused(
            "give budgets of a plate or more, and a seed or more",
        ));
    }
    if let Some(why) = args.effort.iter().find_map(|e| Effort::new(*e).err()) {
        return Err(Failure::refused(why.to_string()));
    }
    if args.effort.is_empty() {
        return Err(Failure::refused("give an effort or more"));
    }
    if !args.price.is_empty()
        && (args.price.len() != 2 || args.price.iter().any(|p| !(p.is_finite() && *p > 0.0)))
    {
        return Err(Failure::refused(format!("--price is {:?}", args.price))
            .help("give two prices above zero: of an experiment, and of a unit of effort"));
    }
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
    Ok(())
}

/// What the runs of a policy spent, and how far each stayed behind.
fn spent(outcomes: &[Outcome], policy: usize, judge: Judge) -> Vec<Spent> {
    outcomes
        .iter()
        .filter(|o| o.policy == policy && o.experiments > 0)
        .filter_map(|o| {
            Some(Spent {
                experiments: f64::from(o.experiments),
                effort: o.effort,
                error: judge.error(o)?,
                pair: (o.plates, o.seed),
            })
        })
        .collect()
}

/// A policy at the usual effort: its runs, and their law.
fn one(
    args: &Measure,
    (at, policy): (usize, &str),
    own: &str,
    spent: &[Spent],
    text: &mut String,
    series: &mut Vec<Series>,
) -> Value {
    // Where the usual effort was not run, the nearest to it.
    let usual = Effort::default().factor();
    let nearest = spent
        .iter()
        .map(|run| run.effort)
        .min_by(|a, b| (a / usual).ln().abs().total_cmp(&(b / usual).ln().abs()));
    let points: Vec<(f64, f64)> = spent
        .iter()
        .filter(|run| Some(run.effort) == nearest)
        .map(|run| (run.experiments, run.error))
        .collect();
    series.push(Series {
        name: policy.to_owned(),
        mark: Mark::Points,
        colour: at,
        points: points.clone(),
        intervals: Vec::new(),
    });
    let mut fields = json!({
        "policy": if policy == "loop" { own } else { policy },
        "label": policy,
        "effort": nearest,
        "runs": points.iter().map(|(x, y)| json!({ "experiments": x, "error": y })).collect::<Vec<_>>(),
    });
    let _ = writeln!(text, "{policy}");
    for (x, mean, count) in laws::means(&points) {
        let _ = writeln!(text, "  {x:>6} experiments: {mean:.5} (mean of {count})");
    }
    match laws::of_experiments(args, &points) {
        Ok(law) => {
            laws::describe(args, &law.fit, text, &mut fields);
            series.push(Series {
                name: format!("law of {policy}, 95 % interval"),
                mark: Mark::Line,
                colour: at,
                points: law
                    .band
                    .iter()
                    .map(|(x, _)| (*x, law.fit.value(&[*x])))
                    .collect(),
                intervals: law.band.iter().map(|(_, i)| *i).collect(),
            });
        }
        Err(why) => {
            let _ = writeln!(text, "  no law: {why}");
            fields["no_law"] = json!(why);
        }
    }
    fields
}

/// What computing bought each policy that was run at several efforts.
fn computing(
    args: &Measure,
    policies: &[String],
    outcomes: &[Outcome],
    judge: Judge,
    text: &mut String,
) -> Vec<Value> {
    let mut found = Vec::new();
    for (at, policy) in policies.iter().enumerate() {
        let mut own: Vec<&Outcome> = outcomes.iter().filter(|o| o.policy == at).collect();
        own.sort_by(|a, b| a.effort.total_cmp(&b.effort));
        let efforts: Vec<&[&Outcome]> = own.chunk_by(|a, b| a.effort == b.effort).collect();
        if efforts.len() < 2 {
            continue;
        }
        let _ = writeln!(text, "{policy}, by computing");
        let mut levels = Vec::new();
        for same in efforts {
            let errors: Vec<f64> = same.iter().filter_map(|o| judge.error(o)).collect();
            let seconds: Vec<f64> = same.iter().filter_map(|o| o.cpu).collect();
            let mean = |all: &[f64]| all.iter().sum::<f64>() / all.len() as f64;
            let (effort, error) = (same[0].effort, mean(&errors));
            let cpu = (!seconds.is_empty()).then(|| mean(&seconds));
            let spent = cpu.map_or(String::new(), |s| {
                format!(", {s:.1} processor seconds a run")
            });
            let _ = writeln!(
                text,
                "  effort {effort:>5}: {error:.5} (mean of {}){spent}",
                errors.len()
            );
            levels.push(
                json!({ "effort": effort, "error": error, "runs": errors.len(), "cpu_s": cpu }),
            );
        }
        let mut fields = match laws::of_both(args, &spent(outcomes, at, judge)) {
            Ok(two) => two.describe(args, text),
            Err(why) => {
                let _ = writeln!(text, "  no law: {why}");
                json!({ "identified": false, "no_law": why })
            }
        };
        fields["policy"] = json!(policy);
        fields["levels"] = json!(levels);
        found.push(fields);
    }
    found
}

/// The error against effort, a series for each budget of each policy that was run at several.
fn by_effort(policies: &[String], outcomes: &[Outcome], judge: Judge) -> Vec<Series> {
    let mut series = Vec::new();
    for (at, policy) in policies.iter().enumerate() {
        let mut own: Vec<&Outcome> = outcomes.iter().filter(|o| o.policy == at).collect();
        own.sort_by_key(|o| o.plates);
        for same in own.chunk_by(|a, b| a.plates == b.plates) {
            let points: Vec<(f64, f64)> = same
                .iter()
                .filter_map(|o| Some((o.effort, judge.error(o)?)))
                .collect();
            let means = laws::means(&points);
            if means.len() < 2 {
                continue;
            }
            let colour = series.len() / 2;
            series.push(Series {
                name: format!("{policy}, {} plates", same[0].plates),
                mark: Mark::Points,
                colour,
                points,
                intervals: Vec::new(),
            });
            series.push(Series {
                name: String::new(),
                mark: Mark::Line,
                colour,
                points: means.iter().map(|(x, mean, _)| (*x, *mean)).collect(),
                intervals: Vec::new(),
            });
        }
    }
    series
}

fn draw(path: &Path, title: &str, x: &str, y: &str, series: Vec<Series>) -> Result<(), Failure> {
    let axis = |label: &str| Axis {
        label: label.to_owned(),
        logarithmic: true,
    };
    let figure = Curves {
        title: title.to_owned(),
        description: format!("{y} against {x}"),
        x: axis(x),
        y: axis(y),
        series,
    };
    std::fs::write(path, figure.svg())
        .map_err(|why| Failure::io(format!("{}: {why}", path.display())))
}
