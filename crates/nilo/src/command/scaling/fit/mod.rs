//! `nilo scaling fit`: a law with its uncertainty, from a table of anyone's runs.

mod picture;
mod said;

use crate::columns::{Columns, counted};
use crate::exit::{Exit, Failure};
use crate::output::Output;
use clap::{Args, ValueEnum};
use quantity::Seed;
use said::Report;
use scaling::{Shape, Table, shapes};
use serde_json::json;
use source::Problem;
use std::fmt::Write;
use std::path::PathBuf;

/// Which law.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Law {
    /// Whichever predicts held-out larger scale best among those that the data do not rule out
    Auto,
    /// A x^-alpha
    Power,
    /// E + A x^-alpha
    Floor,
    /// A smooth break: a + b x^-c0 (1 + (x/d)^(1/f))^(-c1 f)
    Broken,
    /// E + A x^-alpha + B z^-beta
    Two,
    /// A x^-alpha + B z^-beta
    TwoFree,
    /// E + A x^-alpha + B z^-beta + G x^-gamma z^-delta
    Interacting,
}

/// What to fit.
#[derive(Clone, Debug, Args)]
pub struct Fit {
    /// A CSV file with one row for each run
    pub file: PathBuf,
    /// The column of a resource that was spent; give it twice for two resources. Of a file with two columns it is the
    /// first
    #[arg(long, value_name = "COLUMN", requires = "y")]
    pub x: Vec<String>,
    /// The column of what came of it; lower is better, and above zero. Of a file with two columns it is the second
    #[arg(
        long,
        value_name = "COLUMN",
        requires = "x",
        default_value = "",
        hide_default_value = true
    )]
    pub y: String,
    /// Which law
    #[arg(long, value_enum, default_value_t = Law::Auto)]
    pub law: Law,
    /// Where Huber's loss of the logarithm turns from quadratic to linear; 0 for least absolute
    /// deviations, inf for least squares
    #[arg(long, default_value_t = 1e-3)]
    pub delta: f64,
    /// Leave out so many of the highest results
    #[arg(long, default_value_t = 0)]
    pub drop_highest: usize,
    /// Resamples for the uncertainty
    #[arg(long, default_value_t = 1000)]
    pub resamples: usize,
    /// Level of intervals
    #[arg(long, default_value_t = 0.95)]
    pub level: f64,
    /// Share of rows of largest scale that is held out to test prediction
    #[arg(long, default_value_t = 0.2)]
    pub hold_out: f64,
    /// Scales at which to predict, for one resource
    #[arg(long, value_delimiter = ',', value_name = "X,...")]
    pub beyond: Vec<f64>,
    /// Divide this budget between two resources
    #[arg(long, requires = "price")]
    pub budget: Option<f64>,
    /// The price of a unit of each of the two resources
    #[arg(long, value_delimiter = ',', value_name = "P1,P2")]
    pub price: Vec<f64>,
    /// Seed of the resamples
    #[arg(long, default_value_t = 0)]
    pub seed: u64,
    /// Write a plot on logarithmic axes
    #[arg(long, value_name = "FILE.svg")]
    pub plot: Option<PathBuf>,
}

/// Fits a law.
pub fn fit(args: &Fit, output: &Output) -> Result<Exit, Failure> {
    let mut args = args.clone();
    if args.x.is_empty() {
        let (x, y) = Columns::read(&args.file)?.pair("--x and --y")?;
        args.x.push(x);
        args.y = y;
    }
    let args = &args;
    check(args)?;
    let (all, left_out) = table(args)?;
    let table = all.select(&all.without_highest(args.drop_highest));
    let dropped = all.rows() - table.rows();
    let refused = |why: scaling::TableError| {
        Failure::problem(Problem::error(why.to_string()).in_file(&args.file.to_string_lossy()))
    };
    let mut report = Report::default();
    let _ = writeln!(
        report.text,
        "{} used, {dropped} of the highest left out, {left_out} without values",
        counted(table.rows(), "row")
    );
    if args.x.len() == 1 && args.law == Law::Auto {
        let found = shapes(&table, Seed(args.seed)).map_err(refused)?;
        report.shape(&found);
    }
    let single = args.x.len() == 1;
    let is_broken =
        args.law == Law::Broken || (args.law == Law::Auto && report.shape == Some(Shape::Broken));
    let plot = if is_broken && single {
        report.broken(args, &table).map_err(refused)?
    } else {
        report.terms(args, &table).map_err(refused)?
    };
    if let Some(path) = &args.plot {
        std::fs::write(path, plot.svg())
            .map_err(|why| Failure::io(format!("{}: {why}", path.display())))?;
    }
    report.fields["rows"] = json!(table.rows());
    report.fields["dropped_highest"] = json!(dropped);
    report.fields["without_values"] = json!(left_out);
    report.fields["plot"] = json!(args.plot);
    output.result("scaling fit", report.text.trim_end(), report.fields)?;
    Ok(Exit::Success)
}

fn check(args: &Fit) -> Result<(), Failure> {
    let two = matches!(args.law, Law::Two | Law::TwoFree | Law::Interacting);
    let one = matches!(args.law, Law::Power | Law::Floor | Law::Broken);
    let wrong = match args.x.len() {
        1 if two => Some("this law has two resources; give --x twice"),
        2 if one => Some("this law has one resource; give --x once"),
        1 if args.budget.is_some() => Some("one resource leaves nothing to divide; give --x twice"),
        1 | 2 => None,
        _ => Some("give --x once or twice"),
    };
    let wrong = wrong.or(match (args.budget, args.price.as_slice()) {
        (Some(budget), [a, b]) if budget > 0.0 && *a > 0.0 && *b > 0.0 => None,
        (None, _) => None,
        _ => Some("--budget takes two prices above zero: --price P1,P2"),
    });
    let wrong = wrong
        .or((args.delta.is_nan() || args.delta < 0.0).then_some("--delta is a number from 0 up"));
    let wrong = wrong.or((!(args.level > 0.0 && args.level < 1.0))
        .then_some("--level lies between 0 and 1, such as 0.95"));
    let wrong = wrong
        .or((!(0.0..=0.9).contains(&args.hold_out)).then_some("--hold-out lies between 0 and 0.9"));
    let wrong = wrong.or((args.resamples < 10).then_some("--resamples must be 10 or more"));
    let wrong = wrong.or(args
        .beyond
        .iter()
        .any(|x| !(x.is_finite() && *x > 0.0))
        .then_some("--beyond takes scales above zero"));
    let wrong = wrong.or((!args.beyond.is_empty() && args.x.len() > 1).then_some(
        "--beyond takes scales of one resource, and there are two: leave it out, or one --x",
    ));
    wrong.map_or(Ok(()), |why| Err(Failure::refused(why)))
}

/// Rows that have all values, and how many have not.
fn table(args: &Fit) -> Result<(Table, usize), Failure> {
    let columns = Columns::read(&args.file)?;
    let mut wanted = Vec::new();
    for name in args.x.iter().chain([&args.y]) {
        wanted.push(columns.numbers(name)?);
    }
    let mut values: Vec<Vec<f64>> = vec![Vec::new(); wanted.len()];
    let mut without = 0;
    for row in 0..columns.len() {
        let cells: Option<Vec<f64>> = wanted.iter().map(|column| column[row]).collect();
        let Some(cells) = cells else {
            without += 1;
            continue;
        };
        for ((value, own), name) in cells
            .iter()
            .zip(&mut values)
            .zip(args.x.iter().chain([&args.y]))
        {
            if *value <= 0.0 {
                return Err(Failure::problem(
                    Problem::error(format!("{value} in column '{name}' has no logarithm"))
                        .at(&columns.line(row))
                        .expected("resources and results above zero"),
                ));
            }
            own.push(*value);
        }
    }
    let y = values.pop().unwrap_or_default();
    let resources = args.x.iter().cloned().zip(values).collect();
    let table = Table::new(resources, (&args.y, y))
        .map_err(|why| Failure::problem(Problem::error(why.to_string()).in_file(columns.path())))?;
    Ok((table, without))
}
