//! `nilo scaling fit`: a law with its uncertainty, from a table of anyone's runs.

use crate::columns::Columns;
use crate::exit::{Exit, Failure};
use crate::output::Output;
use clap::{Args, ValueEnum};
use quantity::Seed;
use report::figure::{Axis, Curves, Mark, Series};
use scaling::split::{Reducible, share_interval};
use scaling::{
    Bootstrap, Interval, Loss, Shape, Table, Terms, TermsFit, bootstrap, broken, choose, fit_terms,
    shapes,
};
use serde_json::{Value, json};
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

/// Least absolute deviations: a corner this narrow is one for any data that are worth a fit.
const LEAST_ABSOLUTE: f64 = 1e-9;
/// Points of a drawn curve.
const CURVE: usize = 120;
/// How far a drawn curve goes beyond the data, as a factor.
const BEYOND: f64 = 4.0;

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
        "{} rows used, {dropped} of the highest left out, {left_out} without values",
        table.rows()
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

struct Report {
    text: String,
    fields: Value,
    shape: Option<Shape>,
}

impl Default for Report {
    fn default() -> Self {
        Self {
            text: String::new(),
            fields: json!({}),
            shape: None,
        }
    }
}

impl Report {
    fn shape(&mut self, found: &scaling::Shapes) {
        let finite = |v: f64| v.is_finite().then_some(v);
        let best = found.best();
        let words = match best {
            Shape::Power => "a plain power law",
            Shape::Saturating => "saturation at a floor",
            Shape::Broken => "a break",
        };
        let _ = writeln!(self.text, "the data speak for {words}");
        self.shape = Some(best);
        self.fields["shape"] = json!({
            "best": words,
            "aicc": {
                "power": finite(found.power),
                "floor": finite(found.floor),
                "broken": finite(found.broken),
            },
        });
    }

    fn broken(&mut self, args: &Fit, table: &Table) -> Result<Curves, scaling::TableError> {
        let ends = table.log_resource(0).iter().copied();
        let last = ends.fold(f64::NEG_INFINITY, f64::max).exp();
        let mut beyond = args.beyond.clone();
        if beyond.is_empty() {
            beyond = vec![2.0 * last, BEYOND * last];
        }
        let asked = beyond.len();
        // The plot's band, from the last row to the farthest scale asked for.
        let farthest = beyond.iter().copied().fold(last, f64::max);
        let steps = 12;
        let factor = (farthest / last).ln() / f64::from(steps);
        beyond.extend((0..=steps).map(|i| last * (factor * f64::from(i)).exp()));
        let mut found = broken::assess(table, &beyond, args.level, Seed(args.seed))?;
        let band = found.predictions.split_off(asked);
        let law = found.fit.law;
        let _ = writeln!(
            self.text,
            "y = a + b x^-c0 (1 + (x/d)^(1/f))^(-c1 f), least squares of ln(1 + y)\n  a {:.6}  b {:.6}  c0 {:.6}  c1 {:.5}  d {:.3}  f {:.6}\n  training error {:.4e} (rms of ln y)\n  limit between {:.3} and {:.3}",
            law.a,
            law.b,
            law.c0,
            law.c1,
            law.d1,
            law.f1,
            found.fit.error,
            found.limit.low,
            found.limit.high
        );
        let verdict = if found.identified {
            "identified at the scales asked for"
        } else {
            "not identified: laws that fit as well say very different things at larger scale"
        };
        let _ = writeln!(self.text, "  {verdict}");
        for (x, interval) in &found.predictions {
            let _ = writeln!(
                self.text,
                "  at {x:.4}: {:.5} ({:.5} to {:.5})",
                law.value(*x),
                interval.low,
                interval.high
            );
        }
        self.fields["law"] = json!("broken");
        self.fields["loss"] = json!("least squares of ln(1 + y)");
        self.fields["parameters"] = json!({
            "a": law.a, "b": law.b, "c0": law.c0, "c1": law.c1, "d1": law.d1, "f1": law.f1,
        });
        self.fields["training_error"] = json!(found.fit.error);
        self.fields["limit"] = json!([found.limit.low, found.limit.high]);
        self.fields["identified"] = json!(found.identified);
        self.fields["predictions"] = found
            .predictions
            .iter()
            .map(|(x, i)| json!({ "x": x, "y": law.value(*x), "interval": [i.low, i.high] }))
            .collect();
        let mut plot = plot(args, table, format!("A law with a break: {verdict}"));
        let (xs, inside) = grid(table, last);
        plot.series
            .push(line("law", Mark::Line, &xs[..inside], |x| law.value(x)));
        plot.series.push(Series {
            name: format!("beyond the data, {:.0} % interval", 100.0 * args.level),
            mark: Mark::Broken,
            colour: 1,
            points: band.iter().map(|(x, _)| (*x, law.value(*x))).collect(),
            intervals: band.iter().map(|(_, i)| (i.low, i.high)).collect(),
        });
        plot.series.rotate_left(1);
        Ok(plot)
    }

    fn terms(&mut self, args: &Fit, table: &Table) -> Result<Curves, scaling::TableError> {
        let delta = if args.delta == 0.0 {
            LEAST_ABSOLUTE
        } else {
            args.delta
        };
        let loss = Loss { delta };
        let laws = laws(args);
        let (fit, choice) = if laws.len() == 1 {
            (fit_terms(&laws[0], table, loss)?, None)
        } else {
            let choice = choose::choose(&laws, table, loss, args.hold_out)?;
            (choice.candidates[choice.best].fit.clone(), Some(choice))
        };
        let draws = bootstrap(&fit, table, args.resamples, Seed(args.seed));
        let loss_words = match args.delta {
            0.0 => "least absolute deviations of ln y".to_owned(),
            d if d.is_infinite() => "least squares of ln y".to_owned(),
            d => format!("summed Huber loss of ln y, delta {d}"),
        };
        let _ = writeln!(
            self.text,
            "{}; {loss_words}, objective {:.10}\n  {} of {} starts end here",
            fit.law.name, fit.objective, fit.agreeing_starts.0, fit.agreeing_starts.1
        );
        let names = fit.law.names();
        let values = fit.law.readable(&fit.parameters);
        let mut parameters = serde_json::Map::new();
        for (at, (name, value)) in names.iter().zip(&values).enumerate() {
            let error = draws.standard_error(at);
            let interval = draws.interval(args.level, |d| d[at]);
            let _ = writeln!(
                self.text,
                "  {name:<8} {value:>12.6}  standard error {error:.5}  {:.0} % {:.5} to {:.5}",
                100.0 * args.level,
                interval.low,
                interval.high
            );
            parameters.insert(
                name.clone(),
                json!({ "value": value, "standard_error": error, "interval": [interval.low, interval.high] }),
            );
        }
        self.fields["law"] = json!(fit.law.name);
        self.fields["loss"] = json!(loss_words);
        self.fields["objective"] = json!(fit.objective);
        self.fields["agreeing_starts"] = json!([fit.agreeing_starts.0, fit.agreeing_starts.1]);
        self.fields["parameters"] = Value::Object(parameters);
        self.fields["resamples"] = json!(args.resamples);
        if let Some(choice) = choice {
            self.candidates(&choice);
        }
        self.held_out(args, table, &fit);
        self.split(args, &fit, &draws);
        Ok(self.predict(args, table, &fit, &draws))
    }

    fn candidates(&mut self, choice: &choose::Choice) {
        self.text.push_str("laws compared\n");
        let mut all = Vec::new();
        for candidate in &choice.candidates {
            let name = candidate.fit.law.name;
            let beyond = candidate
                .extrapolation
                .map_or("not to be had".to_owned(), |e| format!("{e:.4}"));
            let _ = writeln!(
                self.text,
                "  {name}: AICc {:.2}, error on held-out larger scale {beyond}",
                candidate.aicc
            );
            all.push(json!({
                "law": name,
                "aicc": candidate.aicc,
                "held_out_error": candidate.extrapolation,
            }));
        }
        self.fields["candidates"] = Value::Array(all);
    }

    /// The law fitted to all but the largest scale, tried there.
    fn held_out(&mut self, args: &Fit, table: &Table, fit: &TermsFit) {
        let order = choose::by_scale(table);
        let kept = ((1.0 - args.hold_out) * table.rows() as f64).floor() as usize;
        let (train, test) = (table.select(&order[..kept]), table.select(&order[kept..]));
        if test.rows() == 0 {
            return;
        }
        if let Ok(early) = fit_terms(&fit.law, &train, fit.loss) {
            let error = early.log_error(&test);
            let _ = writeln!(
                self.text,
                "fitted to the {} rows of smaller scale, it predicts the other {} within {:.2} % (rms of ln y {error:.5})",
                train.rows(),
                test.rows(),
                100.0 * error.exp_m1()
            );
            self.fields["held_out"] =
                json!({ "train": train.rows(), "test": test.rows(), "error": error });
        }
    }

    fn split(&mut self, args: &Fit, fit: &TermsFit, draws: &Bootstrap) {
        let (Some(budget), [first, second]) = (args.budget, args.price.as_slice()) else {
            return;
        };
        let of = |name| fit.parameter(name);
        let (Some(a), Some(alpha), Some(b), Some(beta)) =
            (of("A"), of("alpha"), of("B"), of("beta"))
        else {
            return;
        };
        let law = Reducible { a, alpha, b, beta };
        let Some(split) = law.divide(budget, *first, *second) else {
            self.text
                .push_str("one resource buys nothing: the budget can't be divided\n");
            self.fields["split"] = Value::Null;
            return;
        };
        // Draws are in the order E, A, alpha, B, beta; a law without floor has no E.
        let padded = Bootstrap {
            draws: draws
                .draws
                .iter()
                .map(|d| {
                    if d.len() == 4 {
                        [&[0.0], d.as_slice()].concat()
                    } else {
                        d.clone()
                    }
                })
                .collect(),
        };
        let share = share_interval(&padded, args.level, budget, *first, *second);
        let _ = writeln!(
            self.text,
            "a budget of {budget}: {:.4} of {} and {:.4} of {}, {:.1} % for the first ({:.1} to {:.1} %)",
            split.first,
            args.x[0],
            split.second,
            args.x[1],
            100.0 * split.share_first,
            100.0 * share.low,
            100.0 * share.high
        );
        self.fields["split"] = json!({
            "budget": budget,
            "first": split.first,
            "second": split.second,
            "share_first": split.share_first,
            "share_interval": [share.low, share.high],
            "reducible": split.reducible,
        });
    }

    /// Predictions for one resource, and the plot.
    fn predict(&mut self, args: &Fit, table: &Table, fit: &TermsFit, draws: &Bootstrap) -> Curves {
        let value = |draw: &[f64], x: f64| -> f64 {
            let mut parameters = draw.to_vec();
            let mut at = 0;
            for term in &fit.law.terms {
                parameters[at] = parameters[at].ln();
                at += 1 + term.resources.len();
            }
            fit.law.log_value(&parameters, &[x.ln()]).exp()
        };
        if table.resources().len() > 1 {
            // Against each other's scale there is no one curve: measured against fitted.
            let mut plot = plot(args, table, fit.law.name.to_owned());
            plot.x.label = format!("{} by the law", args.y);
            plot.series[0].points = (0..table.rows())
                .map(|row| {
                    let at: Vec<f64> = (0..2).map(|r| table.log_resource(r)[row].exp()).collect();
                    (fit.value(&at), table.response()[row])
                })
                .collect();
            let ends = plot.series[0].points.iter().map(|p| p.0);
            let low = ends.clone().fold(f64::INFINITY, f64::min);
            let high = ends.fold(f64::NEG_INFINITY, f64::max);
            plot.series.insert(
                0,
                line("measured as fitted", Mark::Line, &[low, high], |x| x),
            );
            return plot;
        }
        let mut predictions = Vec::new();
        for &x in &args.beyond {
            let interval = draws.interval(args.level, |d| value(d, x));
            let _ = writeln!(
                self.text,
                "  at {x}: {:.5} ({:.5} to {:.5})",
                fit.value(&[x]),
                interval.low,
                interval.high
            );
            predictions.push(
                json!({ "x": x, "y": fit.value(&[x]), "interval": [interval.low, interval.high] }),
            );
        }
        self.fields["predictions"] = Value::Array(predictions);
        let mut plot = plot(args, table, fit.law.name.to_owned());
        let last = table
            .log_resource(0)
            .iter()
            .copied()
            .fold(f64::NEG_INFINITY, f64::max)
            .exp();
        let (xs, inside) = grid(table, last);
        let band = |xs: &[f64], name: &str, mark: Mark| {
            let mut series = line(name, mark, xs, |x| fit.value(&[x]));
            series.intervals = xs
                .iter()
                .map(|x| {
                    let Interval { low, high } = draws.interval(args.level, |d| value(d, *x));
                    (low, high)
                })
                .collect();
            series
        };
        let percent = 100.0 * args.level;
        plot.series.insert(
            0,
            band(
                &xs[..inside],
                &format!("law, {percent:.0} % interval"),
                Mark::Line,
            ),
        );
        plot.series
            .insert(1, band(&xs[inside - 1..], "beyond the data", Mark::Broken));
        plot
    }
}

fn laws(args: &Fit) -> Vec<Terms> {
    match args.law {
        Law::Power => vec![Terms::power()],
        Law::Floor => vec![Terms::power_with_floor()],
        Law::Two => vec![Terms::two_resources()],
        Law::TwoFree => vec![Terms::two_resources_without_floor()],
        Law::Interacting => vec![Terms::two_resources_interacting()],
        Law::Auto | Law::Broken if args.x.len() == 1 => {
            vec![Terms::power(), Terms::power_with_floor()]
        }
        Law::Auto | Law::Broken => vec![
            Terms::two_resources_without_floor(),
            Terms::two_resources(),
            Terms::two_resources_interacting(),
        ],
    }
}

/// The measured points on logarithmic axes.
fn plot(args: &Fit, table: &Table, title: String) -> Curves {
    Curves {
        description: format!(
            "{} rows of {} against {}",
            table.rows(),
            args.y,
            args.x.join(" and ")
        ),
        title,
        x: Axis {
            label: args.x[0].clone(),
            logarithmic: true,
        },
        y: Axis {
            label: args.y.clone(),
            logarithmic: true,
        },
        series: vec![Series {
            name: "measured".into(),
            mark: Mark::Points,
            colour: 0,
            points: table
                .log_resource(0)
                .iter()
                .zip(table.response())
                .map(|(x, y)| (x.exp(), *y))
                .collect(),
            intervals: Vec::new(),
        }],
    }
}

/// Even steps on the logarithm, from the first row to beyond the last; how many lie within the data.
fn grid(table: &Table, last: f64) -> (Vec<f64>, usize) {
    let first = table
        .log_resource(0)
        .iter()
        .copied()
        .fold(f64::INFINITY, f64::min)
        .exp();
    let end = last * BEYOND;
    let step = (end / first).ln() / (CURVE - 1) as f64;
    let mut xs: Vec<f64> = (0..CURVE)
        .map(|i| first * (step * i as f64).exp())
        .collect();
    let inside = xs.partition_point(|x| *x < last);
    xs.insert(inside, last);
    (xs, inside + 1)
}

fn line(name: &str, mark: Mark, xs: &[f64], of: impl Fn(f64) -> f64) -> Series {
    Series {
        name: name.into(),
        mark,
        colour: 1,
        points: xs.iter().map(|x| (*x, of(*x))).collect(),
        intervals: Vec::new(),
    }
}
