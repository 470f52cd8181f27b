//! How much faster, and how much better, a policy was than random.

use super::runs::{Judge, Outcome};
use campaign::analysis::gain::{Progress, acceleration, enhancement};
use design::{Aim, Effort};
use quantity::{Rng, Seed};
use rand::RngExt;
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::fmt::Write;

/// Resamples of runs for the intervals.
const RESAMPLES: usize = 400;
/// Ends of the interval among them, in percent.
const ENDS: (usize, usize) = (5, 95);

/// A factor with its 90 % interval over resampled runs.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Factor {
    pub value: f64,
    /// Nothing where most resamples have no value.
    pub interval: Option<(f64, f64)>,
}

/// A policy against random.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Factors {
    policy: String,
    /// Runs of random at each budget, at least.
    reference: usize,
    /// A level that random reached: what it is, random's experiments for it over those of the policy, and
    /// whether the policy was there with the least budget already, so that the factor is at least this.
    acceleration: Vec<(f64, Factor, bool)>,
    /// Experiments, and what the policy reached over what random did.
    enhancement: Vec<(f64, Factor)>,
    error: bool,
}

/// Runs by budget: experiments and what was reached, higher being better.
type Runs = BTreeMap<u32, Vec<(f64, f64)>>;

/// The means of the runs, each budget's runs drawn anew where there is somebody to draw.
fn progress(runs: &Runs, mut rng: Option<&mut Rng>) -> (Progress, f64) {
    let mut points = Vec::new();
    for own in runs.values() {
        let (mut n, mut level) = (0.0, 0.0);
        for at in 0..own.len() {
            let drawn = match &mut rng {
                Some(rng) => rng.random_range(0..own.len()),
                None => at,
            };
            n += own[drawn].0;
            level += own[drawn].1;
        }
        points.push((n / own.len() as f64, level / own.len() as f64));
    }
    // More experiments never make what was reached less: a later mean below an earlier one is noise of runs.
    let mut top = f64::NEG_INFINITY;
    points.iter_mut().for_each(|point| {
        top = top.max(point.1);
        point.1 = top;
    });
    let first = points.first().map_or(f64::NAN, |point| point.0);
    (Progress::new(points), first)
}

/// Acceleration and enhancement of every policy against random, at the usual effort; nothing without random runs at two
/// budgets or more.
pub(super) fn factors(policies: &[String], outcomes: &[Outcome], judge: Judge) -> Vec<Factors> {
    let usual = Effort::default().factor();
    let map = judge.aim == Aim::Map;
    let reached = |policy: usize| -> Runs {
        let mut runs = Runs::new();
        for o in outcomes
            .iter()
            .filter(|o| o.policy == policy && o.effort == usual)
        {
            let level = if map {
                o.model_error.map(|error| -error)
            } else {
                o.estimate.map(|(estimate, _)| judge.sign() * estimate)
            };
            if let Some(level) = level {
                let own = runs.entry(o.plates).or_default();
                own.push((f64::from(o.experiments), level));
            }
        }
        runs
    };
    let Some(random) = policies.iter().position(|name| name == "random") else {
        return Vec::new();
    };
    let base = reached(random);
    if base.len() < 2 {
        return Vec::new();
    }
    let reference = progress(&base, None).0;
    let others = policies.iter().enumerate().filter(|(at, _)| *at != random);
    others
        .filter_map(|(at, policy)| {
            let own = reached(at);
            (own.len() >= 2).then_some(())?;
            let (mean, first) = progress(&own, None);
            let mut rng = Seed(0).derive("factors", at as u64).rng();
            let resampled: Vec<(Progress, Progress)> = (0..RESAMPLES)
                .map(|_| {
                    let of = progress(&own, Some(&mut rng)).0;
                    (of, progress(&base, Some(&mut rng)).0)
                })
                .collect();
            let interval = |of: &dyn Fn(&Progress, &Progress) -> Option<f64>| {
                let each = resampled.iter().filter_map(|(own, base)| of(own, base));
                let mut values: Vec<f64> = each.filter(|v| v.is_finite()).collect();
                values.sort_by(f64::total_cmp);
                let place = |percent: usize| values[(values.len() - 1) * percent / 100];
                (2 * values.len() > RESAMPLES).then(|| (place(ENDS.0), place(ENDS.1)))
            };
            // An error, or a response to be made small, is better by how often it goes into the other's.
            let ratio = |of: &Progress, base: &Progress, n: f64| {
                if judge.aim == Aim::Maximise {
                    return enhancement(of, base, n);
                }
                let (own, other) = (-of.at(n)?, -base.at(n)?);
                (own > 0.0 && other > 0.0).then_some(other / own)
            };
            let mean_of =
                |runs: &[(f64, f64)]| runs.iter().map(|run| run.0).sum::<f64>() / runs.len() as f64;
            let levels = base.values().skip(1);
            let mut levels: Vec<f64> = levels
                .filter_map(|runs| reference.at(mean_of(runs)))
                .collect();
            // A budget more that reached nothing more is no level of its own.
            levels.dedup();
            let faster = levels.iter().filter_map(|level| {
                let of = |own: &Progress, base: &Progress| acceleration(own, base, *level);
                let factor = Factor {
                    value: of(&mean, &reference)?,
                    interval: interval(&of),
                };
                Some((
                    judge_level(judge, *level),
                    factor,
                    mean.needed(*level)? <= first,
                ))
            });
            let better = own.values().filter_map(|runs| {
                let n = mean_of(runs);
                let of = |own: &Progress, base: &Progress| ratio(own, base, n);
                let factor = Factor {
                    value: of(&mean, &reference)?,
                    interval: interval(&of),
                };
                Some((n, factor))
            });
            Some(Factors {
                policy: policy.clone(),
                reference: base.values().map(Vec::len).min().unwrap_or(0),
                acceleration: faster.collect(),
                enhancement: better.collect(),
                error: map,
            })
        })
        .collect()
}

/// A level as people know it.
fn judge_level(judge: Judge, level: f64) -> f64 {
    if judge.aim == Aim::Maximise {
        level
    } else {
        -level
    }
}

impl Factors {
    /// For people.
    pub fn tell(&self, text: &mut String) {
        // Writing to a String does not fail.
        let _ = writeln!(
            text,
            "{} against random (points at random over the space in the same plates, with the same controls and confirmation; means of {} runs at each budget; 90 % intervals)",
            self.policy, self.reference
        );
        let shown = |factor: &Factor| {
            let ends = factor
                .interval
                .map(|(low, high)| format!(" ({low:.2} to {high:.2})"));
            format!("{:.2}{}", factor.value, ends.unwrap_or_default())
        };
        let what = if self.error { "an error of " } else { "" };
        for (level, factor, least) in &self.acceleration {
            let least = if *least { "at least " } else { "" };
            let shown = shown(factor);
            let _ = writeln!(
                text,
                "  acceleration: {what}{level:.5} is reached {least}{shown} times as fast"
            );
        }
        for (n, factor) in &self.enhancement {
            let shown = shown(factor);
            let _ = writeln!(
                text,
                "  enhancement: after {n:.0} experiments {shown} times as good"
            );
        }
    }

    /// For programs.
    pub fn json(&self) -> Value {
        json!({
            "policy": self.policy,
            "reference": "random",
            "reference_runs": self.reference,
            "acceleration": self.acceleration.iter().map(|(level, factor, least)| json!({
                "level": level, "factor": factor.value, "interval": factor.interval, "at_least": least,
            })).collect::<Vec<_>>(),
            "enhancement": self.enhancement.iter().map(|(n, factor)| json!({
                "experiments": n, "factor": factor.value, "interval": factor.interval,
            })).collect::<Vec<_>>(),
        })
    }
}
