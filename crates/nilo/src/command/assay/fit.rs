//! `nilo assay fit`: four-parameter curves.

use crate::columns::{Columns, counted};
use crate::exit::{Exit, Failure};
use crate::output::Output;
use campaign::analysis::dose::{self, DoseResponse};
use clap::Args;
use report::figure::{Axis, Curves, Mark, Series};
use serde_json::{Value, json};
use std::fmt::Write;
use std::path::PathBuf;

/// What to fit.
#[derive(Clone, Debug, Args)]
pub struct Fit {
    /// A CSV file with one row for each well
    pub file: PathBuf,
    /// The column of doses; of a file with two columns, the first
    #[arg(
        long,
        value_name = "COLUMN",
        requires = "response",
        default_value = "",
        hide_default_value = true
    )]
    pub dose: String,
    /// The column of responses; of a file with two columns, the second
    #[arg(
        long,
        value_name = "COLUMN",
        requires = "dose",
        default_value = "",
        hide_default_value = true
    )]
    pub response: String,
    /// A column that says which curve a row belongs to
    #[arg(long, value_name = "COLUMN")]
    pub group: Option<String>,
    /// Effective doses to report, in per cent
    #[arg(long, value_delimiter = ',', default_value = "10,50,90")]
    pub ed: Vec<f64>,
    /// Write the curves
    #[arg(long, value_name = "FILE.svg")]
    pub plot: Option<PathBuf>,
}

struct Group {
    name: String,
    doses: Vec<f64>,
    responses: Vec<f64>,
}

/// Fits the curves.
pub fn fit(args: &Fit, output: &Output) -> Result<Exit, Failure> {
    let mut args = args.clone();
    if args.dose.is_empty() {
        (args.dose, args.response) = Columns::read(&args.file)?.pair("--dose and --response")?;
    }
    let args = &args;
    if let Some(bad) = args.ed.iter().find(|p| !(**p > 0.0 && **p < 100.0)) {
        return Err(Failure::refused(format!(
            "--ed {bad}: an effective dose lies between 0 and 100 %"
        )));
    }
    let (groups, without) = groups(args)?;
    let mut text = String::new();
    let (mut curves, mut found) = (Vec::new(), Vec::new());
    let mut failed = 0;
    for group in &groups {
        if !group.name.is_empty() {
            let _ = writeln!(text, "{}", group.name);
        }
        match dose::fit(&group.doses, &group.responses) {
            Ok(fit) => {
                describe(args, &fit, &mut text);
                found.push(fields(args, group, &fit));
                curves.push(Some(fit));
            }
            Err(why) => {
                failed += 1;
                let _ = writeln!(text, "  no curve: {why}");
                found.push(json!({ "group": group.name, "rows": group.doses.len(), "error": why.to_string() }));
                curves.push(None);
            }
        }
    }
    if without > 0 {
        let _ = writeln!(text, "{} without a value left out", counted(without, "row"));
    }
    if let Some(path) = &args.plot {
        std::fs::write(path, picture(args, &groups, &curves).svg())
            .map_err(|why| Failure::io(format!("{}: {why}", path.display())))?;
    }
    let whole = json!({ "curves": found, "without_values": without, "plot": args.plot });
    output.result("assay fit", text.trim_end(), whole)?;
    Ok(if failed == 0 {
        Exit::Success
    } else {
        Exit::Found
    })
}

fn groups(args: &Fit) -> Result<(Vec<Group>, usize), Failure> {
    let table = Columns::read(&args.file)?;
    let (doses, responses) = (table.numbers(&args.dose)?, table.numbers(&args.response)?);
    let labels = match &args.group {
        Some(name) => table.texts(name)?,
        None => vec![""; table.len()],
    };
    let mut groups: Vec<Group> = Vec::new();
    let mut without = 0;
    for (label, pair) in labels.into_iter().zip(doses.into_iter().zip(responses)) {
        let (Some(dose), Some(response)) = pair else {
            without += 1;
            continue;
        };
        let at = groups.iter().position(|group| group.name == label);
        let at = at.unwrap_or_else(|| {
            groups.push(Group {
                name: label.into(),
                doses: Vec::new(),
                responses: Vec::new(),
            });
            groups.len() - 1
        });
        groups[at].doses.push(dose);
        groups[at].responses.push(response);
    }
    Ok((groups, without))
}

fn describe(args: &Fit, fit: &DoseResponse, text: &mut String) {
    let _ = writeln!(
        text,
        "  {:<26} {:>12}  {:>14}  {:>20}",
        "", "value", "error from J'J", "from observed Hessian"
    );
    let rows = [
        ("slope b", fit.curve.b, fit.errors.b, fit.observed_errors.b),
        (
            "level at great dose c",
            fit.curve.c,
            fit.errors.c,
            fit.observed_errors.c,
        ),
        (
            "level at dose zero d",
            fit.curve.d,
            fit.errors.d,
            fit.observed_errors.d,
        ),
        (
            "dose half way e (ED50)",
            fit.curve.e,
            fit.errors.e,
            fit.observed_errors.e,
        ),
    ];
    for (name, value, error, observed) in rows {
        let _ = writeln!(
            text,
            "  {name:<26} {value:>12.6}  {error:>14.5}  {observed:>20.5}"
        );
    }
    let doses: Vec<String> = args
        .ed
        .iter()
        .map(|p| format!("ED{p} {:.5}", fit.curve.effective_dose(p / 100.0)))
        .collect();
    let _ = writeln!(
        text,
        "  {}\n  residual sum of squares {:.6}, residual standard deviation {:.6} with {} of freedom",
        doses.join(", "),
        fit.rss,
        fit.residual_sd,
        counted(fit.freedom, "degree")
    );
}

fn fields(args: &Fit, group: &Group, fit: &DoseResponse) -> Value {
    let four = |of: &dose::Curve| json!({ "b": of.b, "c": of.c, "d": of.d, "e": of.e });
    let doses: serde_json::Map<String, Value> = args
        .ed
        .iter()
        .map(|p| (format!("ED{p}"), json!(fit.curve.effective_dose(p / 100.0))))
        .collect();
    json!({
        "group": group.name,
        "rows": group.doses.len(),
        "curve": four(&fit.curve),
        "errors": four(&fit.errors),
        "observed_errors": four(&fit.observed_errors),
        "effective_doses": doses,
        "rss": fit.rss,
        "residual_sd": fit.residual_sd,
        "freedom": fit.freedom,
    })
}

/// Points of a drawn curve.
const CURVE: usize = 160;

/// Dots and curves on a logarithmic dose; rows without dose stand at the left end, a step below the
/// lowest dose.
fn picture(args: &Fit, groups: &[Group], curves: &[Option<DoseResponse>]) -> Curves {
    let given = groups
        .iter()
        .flat_map(|g| &g.doses)
        .copied()
        .filter(|d| *d > 0.0);
    let low = given.clone().fold(f64::INFINITY, f64::min);
    let high = given.fold(0.0, f64::max);
    let none = groups.iter().any(|group| group.doses.contains(&0.0));
    let left = low / 4.0;
    let mut series = Vec::new();
    for (colour, (group, curve)) in groups.iter().zip(curves).enumerate() {
        let named = if group.name.is_empty() {
            "wells"
        } else {
            &group.name
        };
        series.push(Series {
            name: named.to_owned(),
            mark: Mark::Points,
            colour,
            points: group
                .doses
                .iter()
                .zip(&group.responses)
                .map(|(d, r)| (if *d > 0.0 { *d } else { left }, *r))
                .collect(),
            intervals: Vec::new(),
        });
        if let Some(fit) = curve {
            let from = if none { left } else { low };
            let step = (high / from).ln() / (CURVE - 1) as f64;
            series.push(Series {
                name: String::new(),
                mark: Mark::Line,
                colour,
                points: (0..CURVE)
                    .map(|i| from * (step * i as f64).exp())
                    .map(|x| (x, fit.curve.at(x)))
                    .collect(),
                intervals: Vec::new(),
            });
        }
    }
    Curves {
        title: "Dose and response".into(),
        description: format!("{} four-parameter curves", curves.iter().flatten().count()),
        x: Axis {
            label: if none {
                format!("{} (dose zero at the left end)", args.dose)
            } else {
                args.dose.clone()
            },
            logarithmic: true,
        },
        y: Axis {
            label: args.response.clone(),
            logarithmic: false,
        },
        series,
    }
}
