//! Laws of what runs came to: of experiments alone, and of experiments and computing.

use super::Measure;
use quantity::Seed;
use scaling::split::{Reducible, share_interval};
use scaling::{Bootstrap, Loss, Table, Terms, TermsFit, bootstrap, choose};
use serde_json::{Value, json};
use std::fmt::Write;

/// Points of a drawn curve.
const CURVE: usize = 60;
/// How far a drawn curve goes beyond the data, as a factor.
const BEYOND: f64 = 4.0;
/// A law with computing in it is believed where its criterion is lower by this: weaker evidence is none (Burnham and
/// Anderson 2002, p. 70).
const SUPPORT: f64 = 2.0;
/// Two-sided 95 % of a normal distribution.
const Z95: f64 = 1.959_964;

/// A law of experiments with its band at even steps of the logarithm.
pub(super) struct Law {
    pub fit: TermsFit,
    /// Experiments, and the 95 % interval of the error there.
    pub band: Vec<(f64, (f64, f64))>,
}

/// Mean error at each number of experiments, and of how many runs.
pub(super) fn means(points: &[(f64, f64)]) -> Vec<(f64, f64, usize)> {
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

/// The law of experiments and error, by least squares of the logarithm.
///
/// # Errors
/// Why there is none.
pub(super) fn of_experiments(args: &Measure, points: &[(f64, f64)]) -> Result<Law, String> {
    // An error of zero has no logarithm: such a run found the best, as far as can be told.
    let kept: Vec<(f64, f64)> = points.iter().copied().filter(|p| p.1 > 0.0).collect();
    if means(&kept).len() < 3 {
        return Err("a law needs runs at three budgets or more that leave an error".into());
    }
    let (x, y): (Vec<f64>, Vec<f64>) = kept.iter().copied().unzip();
    let table = Table::new(vec![("experiments".into(), x.clone())], ("error", y))
        .map_err(|why| why.to_string())?;
    // A floor beside a slope is seen with a budget to spare, not with as many as it has parameters.
    let laws = if means(&kept).len() > 3 {
        vec![Terms::power(), Terms::power_with_floor()]
    } else {
        vec![Terms::power()]
    };
    let choice =
        choose::choose(&laws, &table, Loss::SQUARES, 0.0).map_err(|why| why.to_string())?;
    let fit = choice.candidates[choice.best].fit.clone();
    let draws = bootstrap(&fit, &table, args.resamples.max(10), Seed(0));
    let low = x.iter().copied().fold(f64::INFINITY, f64::min);
    let high = x.iter().copied().fold(0.0, f64::max) * BEYOND;
    let step = (high / low).ln() / (CURVE - 1) as f64;
    let band = (0..CURVE)
        .map(|i| low * (step * i as f64).exp())
        .map(|at| {
            let interval = draws.interval(0.95, |draw| value(&fit, draw, &[at]));
            (at, (interval.low, interval.high))
        })
        .collect();
    Ok(Law { fit, band })
}

/// The law with readable parameters, at these resources.
fn value(fit: &TermsFit, readable: &[f64], at: &[f64]) -> f64 {
    let mut parameters = readable.to_vec();
    let mut place = 0;
    for term in &fit.law.terms {
        parameters[place] = parameters[place].ln();
        place += 1 + term.resources.len();
    }
    let log_x: Vec<f64> = at.iter().map(|x| x.ln()).collect();
    fit.law.log_value(&parameters, &log_x).exp()
}

/// A parameter for people: four decimals, or its power of ten where those say nothing.
fn shown(value: f64) -> String {
    if value != 0.0 && !(1e-3..1e6).contains(&value.abs()) {
        format!("{value:.3e}")
    } else {
        format!("{value:.4}")
    }
}

/// Says a law in words and for programs.
pub(super) fn describe(args: &Measure, law: &TermsFit, text: &mut String, fields: &mut Value) {
    let names = law.law.names();
    let values = law.law.readable(&law.parameters);
    let shown: Vec<String> = names
        .iter()
        .zip(&values)
        .map(|(n, v)| format!("{n} {}", shown(*v)))
        .collect();
    // Writing to a String does not fail.
    let _ = writeln!(
        text,
        "  {}: {} (least squares of the logarithm over {} runs)",
        law.law.name,
        shown.join(", "),
        law.rows
    );
    fields["law"] = json!(law.law.name);
    fields["parameters"] = names
        .into_iter()
        .zip(values)
        .map(|(n, v)| (n, json!(v)))
        .collect();
    fields["resamples"] = json!(args.resamples);
}

/// One run on two axes.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Spent {
    pub experiments: f64,
    pub effort: f64,
    pub error: f64,
    /// Budget and number of the run: the same at every effort.
    pub pair: (u32, u64),
}

/// What computing bought, and how to divide a budget.
pub(super) struct Two {
    /// From the least effort to the greatest, the error is multiplied by this, with its 95 % interval over pairs of
    /// runs in the same world.
    pub ratio: Option<(f64, (f64, f64))>,
    /// Least and greatest effort.
    pub ends: (f64, f64),
    /// Criterion of the best law with computing less that of the best without.
    pub gain: f64,
    pub fit: TermsFit,
    draws: Bootstrap,
    /// Experiments and effort at which the exchange is stated: geometric means of the runs.
    middle: (f64, f64),
}

/// Fits laws of both.
///
/// # Errors
/// Why there is none.
pub(super) fn of_both(args: &Measure, runs: &[Spent]) -> Result<Two, String> {
    let kept: Vec<Spent> = runs.iter().copied().filter(|run| run.error > 0.0).collect();
    let distinct = |of: &dyn Fn(&Spent) -> f64| {
        let mut values: Vec<f64> = kept.iter().map(of).collect();
        values.sort_by(f64::total_cmp);
        values.dedup();
        values
    };
    let efforts = distinct(&|run| run.effort);
    if efforts.len() < 3 || distinct(&|run| run.experiments).len() < 3 {
        return Err(
            "a law of two resources needs three budgets and three efforts or more that leave an error"
                .into(),
        );
    }
    let column = |of: &dyn Fn(&Spent) -> f64| kept.iter().map(of).collect::<Vec<f64>>();
    let resources = vec![
        ("experiments".to_owned(), column(&|run| run.experiments)),
        ("effort".to_owned(), column(&|run| run.effort)),
    ];
    let table = Table::new(resources, ("error", column(&|run| run.error)))
        .map_err(|why| why.to_string())?;
    let least = |laws: &[Terms]| {
        choose::choose(laws, &table, Loss::SQUARES, 0.0)
            .map_err(|why| why.to_string())
            .map(|choice| choice.candidates[choice.best].clone())
    };
    let alone = least(&[Terms::power(), Terms::power_with_floor()])?;
    let both = least(&[Terms::two_resources_without_floor(), Terms::two_resources()])?;
    let draws = bootstrap(&both.fit, &table, args.resamples.max(10), Seed(0));
    let (low, high) = (efforts[0], efforts[efforts.len() - 1]);
    let at = |effort: f64| kept.iter().filter(move |run| run.effort == effort);
    let differences: Vec<f64> = at(high)
        .filter_map(|run| {
            let other = at(low).find(|other| other.pair == run.pair)?;
            Some((run.error / other.error).ln())
        })
        .collect();
    let geometric = |of: &dyn Fn(&Spent) -> f64| {
        (kept.iter().map(|run| of(run).ln()).sum::<f64>() / kept.len() as f64).exp()
    };
    Ok(Two {
        ratio: mean_ratio(&differences),
        ends: (low, high),
        gain: both.aicc - alone.aicc,
        fit: both.fit,
        draws,
        middle: (
            geometric(&|run| run.experiments),
            geometric(&|run| run.effort),
        ),
    })
}

/// The mean of logarithms as a factor, with its 95 % interval; nothing of fewer than three.
fn mean_ratio(logs: &[f64]) -> Option<(f64, (f64, f64))> {
    let n = logs.len() as f64;
    if logs.len() < 3 {
        return None;
    }
    let mean = logs.iter().sum::<f64>() / n;
    let variance = logs.iter().map(|v| (v - mean).powi(2)).sum::<f64>() / (n - 1.0);
    let reach = Z95 * (variance / n).sqrt();
    Some((mean.exp(), ((mean - reach).exp(), (mean + reach).exp())))
}

impl Two {
    /// Whether runs show that computing buys anything.
    pub fn identified(&self) -> bool {
        let falls = self.fit.parameter("beta").is_some_and(|beta| beta > 0.0);
        self.gain < -SUPPORT && falls && self.ratio.is_some_and(|(_, (_, high))| high < 1.0)
    }

    /// The part that spending can reduce.
    fn reducible(&self) -> Option<Reducible> {
        let of = |name: &str| self.fit.parameter(name);
        Some(Reducible {
            a: of("A")?,
            alpha: of("alpha")?,
            b: of("B")?,
            beta: of("beta")?,
        })
    }

    /// By what factor more experiments would do as much as twice the effort, at the middle of the runs; with its 95 %
    /// interval over the resamples in which there is such a factor.
    fn exchange(&self) -> Option<(f64, (f64, f64))> {
        let names = self.fit.law.names();
        let place = |name: &str| names.iter().position(|own| own == name);
        let (a, alpha, b, beta) = (place("A")?, place("alpha")?, place("B")?, place("beta")?);
        let of = |p: &[f64]| {
            let first = p[a] * self.middle.0.powf(-p[alpha]);
            let second = p[b] * self.middle.1.powf(-p[beta]);
            let left = first - second * (1.0 - 2f64.powf(-p[beta]));
            // Experiments can't make good what no number of them would.
            if left > 0.0 && p[alpha] > 0.0 {
                (left / first).powf(-1.0 / p[alpha])
            } else {
                f64::INFINITY
            }
        };
        let value = of(&self.fit.law.readable(&self.fit.parameters));
        let interval = self.draws.interval(0.95, of);
        Some((value, (interval.low, interval.high)))
    }

    /// Says what it found.
    pub fn describe(&self, args: &Measure, text: &mut String) -> Value {
        let mut fields = json!({ "identified": self.identified(), "criterion_gain": self.gain });
        // Writing to a String does not fail.
        if let Some((ratio, (low, high))) = self.ratio {
            let _ = writeln!(
                text,
                "  effort {} to {}: the error is multiplied by {ratio:.3} (95 % {low:.3} to {high:.3}, pairs of runs in the same world)",
                self.ends.0, self.ends.1
            );
            fields["ratio"] = json!({ "from": self.ends.0, "to": self.ends.1, "factor": ratio, "interval": [low, high] });
        }
        if !self.identified() {
            // Parameters of a law that is not seen would be read as if it were; programs have them.
            describe(args, &self.fit, &mut String::new(), &mut fields);
            let _ = writeln!(
                text,
                "  what computing buys is not identified: a law without it explains these runs as well (AICc {:+.1} with it); no budget is divided by it",
                self.gain
            );
            return fields;
        }
        describe(args, &self.fit, text, &mut fields);
        if let Some((factor, (low, high))) = self.exchange() {
            let _ = writeln!(
                text,
                "  at {:.0} experiments and effort {:.2}, twice the effort does as much as {factor:.2} times the experiments (95 % {low:.2} to {high:.2})",
                self.middle.0, self.middle.1
            );
            fields["exchange"] = json!({
                "experiments": self.middle.0, "effort": self.middle.1,
                "factor": factor, "interval": [low, high],
            });
        }
        if let (Some(budget), [first, second]) = (args.budget, &args.price[..]) {
            let split = self
                .reducible()
                .and_then(|law| law.divide(budget, *first, *second));
            if let Some(split) = split {
                let interval = self.share(budget, *first, *second);
                let _ = writeln!(
                    text,
                    "  a budget of {budget} at {first} an experiment and {second} a unit of effort: {:.1} % for experiments (95 % {:.1} to {:.1} %), that is {:.0} experiments at effort {:.2}",
                    100.0 * split.share_first,
                    100.0 * interval.0,
                    100.0 * interval.1,
                    split.first,
                    split.second
                );
                fields["split"] = json!({
                    "budget": budget, "price": [first, second], "share_experiments": split.share_first,
                    "interval": [interval.0, interval.1], "experiments": split.first, "effort": split.second,
                });
            }
        }
        fields
    }

    fn share(&self, budget: f64, first: f64, second: f64) -> (f64, f64) {
        // Draws in the order that the split reads them, with a floor first.
        let floorless = self.fit.law.names().first().is_some_and(|name| name != "E");
        let draws = if floorless {
            let each = self.draws.draws.iter();
            Bootstrap {
                draws: each
                    .map(|draw| [&[0.0], draw.as_slice()].concat())
                    .collect(),
            }
        } else {
            self.draws.clone()
        };
        let interval = share_interval(&draws, 0.95, budget, first, second);
        (interval.low, interval.high)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn args() -> Measure {
        Measure {
            campaign: "none.toml".into(),
            plates: Vec::new(),
            effort: Vec::new(),
            seeds: 1,
            policies: Vec::new(),
            best: None,
            resamples: 60,
            runs: None,
            budget: Some(1000.0),
            price: vec![1.0, 20.0],
            out: None,
            plot: None,
            plot_effort: None,
        }
    }

    /// Runs of a known law, with errors of a tenth.
    fn runs(beta: f64) -> Vec<Spent> {
        let mut all = Vec::new();
        for (at, experiments) in [50.0, 100.0, 200.0, 400.0].into_iter().enumerate() {
            for effort in [0.1, 0.3, 1.0, 3.0] {
                for seed in 0..3 {
                    let wiggle = [0.1, -0.06, -0.04][seed as usize];
                    let law = 20.0 * f64::powf(experiments, -0.7) + 0.3 * f64::powf(effort, -beta);
                    all.push(Spent {
                        experiments,
                        effort,
                        error: law * f64::exp(wiggle * (1.0 + 0.3 * effort)),
                        pair: (at as u32, seed),
                    });
                }
            }
        }
        all
    }

    #[test]
    fn a_budget_is_divided_where_computing_buys_something() {
        let two = of_both(&args(), &runs(0.6)).unwrap();
        assert!(two.identified(), "{:?} {}", two.ratio, two.gain);
        assert!((two.fit.parameter("beta").unwrap() - 0.6).abs() < 0.2);
        let mut text = String::new();
        let fields = two.describe(&args(), &mut text);
        let share = fields["split"]["share_experiments"].as_f64().unwrap();
        let (low, high) = two.share(1000.0, 1.0, 20.0);
        assert!(
            low <= share && share <= high && low > 0.0 && high < 1.0,
            "{text}"
        );
        assert!(text.contains("twice the effort"), "{text}");
    }

    #[test]
    fn parameters_are_read_by_people() {
        assert_eq!(shown(0.4504), "0.4504");
        assert_eq!(shown(0.0), "0.0000");
        assert_eq!(shown(2_975_354_804_440.7), "2.975e12");
    }

    #[test]
    fn where_it_buys_nothing_that_is_said_and_nothing_is_divided() {
        let two = of_both(&args(), &runs(0.0)).unwrap();
        let mut text = String::new();
        let fields = two.describe(&args(), &mut text);
        assert!(!two.identified(), "{text}");
        assert!(
            text.contains("not identified") && fields["split"].is_null(),
            "{text}"
        );
        let (ratio, (low, high)) = two.ratio.unwrap();
        assert!(low <= 1.0 && 1.0 <= high && (ratio - 1.0).abs() < 0.2);
        assert!(of_both(&args(), &runs(0.6)[..3]).is_err());
    }
}
