//! What a fit found, in words, in numbers and as a figure.

use super::picture::{BEYOND, grid, line, plot};
use super::{Fit, Law};
use quantity::Seed;
use report::figure::{Curves, Mark, Series};
use scaling::split::{Reducible, share_interval};
use scaling::{
    Bootstrap, Interval, Loss, Shape, Table, Terms, TermsFit, bootstrap, broken, choose, fit_terms,
};
use serde_json::{Value, json};
use std::fmt::Write;

/// Least absolute deviations: a corner this narrow is one for any data that are worth a fit.
const LEAST_ABSOLUTE: f64 = 1e-9;
/// What is said of a fit, for people and for programs.
pub(super) struct Report {
    pub text: String,
    pub fields: Value,
    pub shape: Option<Shape>,
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
    pub fn shape(&mut self, found: &scaling::Shapes) {
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

    pub fn broken(&mut self, args: &Fit, table: &Table) -> Result<Curves, scaling::TableError> {
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

    pub fn terms(&mut self, args: &Fit, table: &Table) -> Result<Curves, scaling::TableError> {
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
