//! Models of what was never published: a source is seen with a probability that depends on its p value.
//!
//! Vevea and Hedges, Psychometrika 60 (1995) 419 (steps); Citkowicz and Vevea, Psychol. Methods 22
//! (2017) 28 (beta); Preston, Ashby and Smyth, J. Eval. Clin. Pract. 10 (2004) 313 (the smooth ones).
//! The likelihood has several maxima: every fit starts from many places and keeps the highest.

use super::bayes::GAUSS;
use super::minimum::{curvature, look, minimise};
use super::tails::*;
use super::{Effects, MetaError, Tau2};
use crate::matrix::Square;

/// The sign of the effects that are thought to be published more easily.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Favoured {
    /// Large positive effects: one-sided p is `P(Z > y / sqrt v)`.
    Greater,
    /// Large negative effects.
    Less,
}

/// How the probability of being seen depends on the one-sided p value, relative to p = 0.
#[derive(Clone, Debug, PartialEq)]
pub enum Selection {
    /// A constant on each interval between cuts; that of the first is 1, the others are estimated.
    Steps(Vec<f64>),
    /// Constants on each interval, given beforehand (Vevea and Woods, Psychol. Methods 10 (2005) 428): cut, weight.
    FixedSteps(Vec<(f64, f64)>),
    /// `p^(a-1) (1-p)^(b-1)`.
    Beta,
    /// `exp(-d p^2)`.
    HalfNormal,
    /// `exp(-d p)`.
    NegativeExponential,
    /// `2 exp(-d p) / (1 + exp(-d p))`.
    Logistic,
    /// `(1-p)^d`.
    Power,
}

/// A fitted selection model.
#[derive(Clone, Debug, PartialEq)]
pub struct SelectionFit {
    /// The mean effect, had all sources been seen.
    pub mean: f64,
    /// Its standard error; `None` if the curvature at the maximum does not give one.
    pub mean_se: Option<f64>,
    /// Variance between sources.
    pub tau2: f64,
    /// The parameters of the selection that were estimated, and their standard errors.
    pub selection: Vec<(f64, Option<f64>)>,
    /// The log-likelihood.
    pub log_likelihood: f64,
    /// Twice its gain over the model without selection.
    pub likelihood_ratio: f64,
    /// p of that gain, `None` where nothing was estimated.
    pub p: Option<f64>,
    /// Starts that ended at this maximum, of those descended in full.
    pub agreeing_starts: (usize, usize),
}

/// p values are kept this far from 0 and 1 where a weight may be infinite there.
const P_MIN: f64 = 1e-5;
/// How many standard deviations the integral over a source's possible effects spans on each side.
const SPAN: f64 = 8.0;
/// Longest step of that integral, in standard deviations, and in standard errors of the source: its chance of being
/// seen changes within one of those.
const STEP_SPREAD: f64 = 0.25;
const STEP_ERROR: f64 = 0.3;
/// Longest panel where it has kinks, in the same two.
const PANEL_SPREAD: f64 = 0.8;
const PANEL_ERROR: f64 = 1.0;
/// A source so precise that its steps would be more is integrated in this many.
const NODES_MAX: f64 = 4000.0;
/// Starts that are descended in full after a first look at all; the smooth forms have fewer maxima.
const DESCENTS: usize = 6;
const DESCENTS_SMOOTH: usize = 3;
/// Logarithms of each selection parameter that starts combine.
const LEVELS: [f64; 4] = [0.0, -1.5, -4.0, 1.0];
/// Estimated logarithms of the smooth selection parameters stay within these: beyond, nothing changes.
const LOG_MAX: f64 = 12.0;

impl Selection {
    fn is_smooth(&self) -> bool {
        !matches!(self, Selection::Steps(_) | Selection::FixedSteps(_))
    }

    fn parameters(&self) -> usize {
        match self {
            Selection::Steps(cuts) => cuts.len(),
            Selection::FixedSteps(_) => 0,
            Selection::Beta => 2,
            _ => 1,
        }
    }

    /// Relative probability of being seen, for the smooth forms.
    fn weight(&self, p: f64, free: &[f64]) -> f64 {
        match self {
            Selection::Beta => {
                let p = p.clamp(P_MIN, 1.0 - P_MIN);
                p.powf(free[0] - 1.0) * (1.0 - p).powf(free[1] - 1.0)
            }
            Selection::HalfNormal => (-free[0] * p * p).exp(),
            Selection::NegativeExponential => (-free[0] * p).exp(),
            Selection::Logistic => 2.0 * (-free[0] * p).exp() / (1.0 + (-free[0] * p).exp()),
            Selection::Power => (1.0 - p).max(0.0).powf(free[0]),
            Selection::Steps(_) | Selection::FixedSteps(_) => f64::NAN,
        }
    }

    /// Upper ends of the intervals of p with their weights, for the step forms.
    fn steps(&self, free: &[f64]) -> Option<Vec<(f64, f64)>> {
        match self {
            Selection::Steps(cuts) => {
                let mut steps = vec![(cuts[0], 1.0)];
                steps.extend(
                    (0..cuts.len()).map(|i| (cuts.get(i + 1).copied().unwrap_or(1.0), free[i])),
                );
                Some(steps)
            }
            Selection::FixedSteps(steps) => Some(steps.clone()),
            _ => None,
        }
    }
}

struct Problem<'a> {
    y: Vec<f64>,
    v: &'a [f64],
    selection: &'a Selection,
}

impl Problem<'_> {
    /// The log-likelihood, with effects turned so that large ones are favoured.
    fn log_likelihood(&self, mean: f64, tau2: f64, free: &[f64]) -> f64 {
        let steps = self.selection.steps(free);
        self.y
            .iter()
            .zip(self.v)
            .map(|(y, v)| {
                let spread = (v + tau2).sqrt();
                let p = normal_cdf(-y / v.sqrt());
                let (weight, seen) = match &steps {
                    Some(steps) => {
                        let at = steps
                            .partition_point(|(end, _)| *end < p)
                            .min(steps.len() - 1);
                        (steps[at].1, seen_by_steps(steps, mean, spread, v.sqrt()))
                    }
                    None => (
                        self.selection.weight(p, free),
                        self.seen(mean, spread, v.sqrt(), free),
                    ),
                };
                weight.ln() + normal_density((y - mean) / spread).ln() - spread.ln() - seen.ln()
            })
            .sum()
    }

    /// The chance of being seen. By the trapezium rule over the possible effects, which converges
    /// exponentially for a smooth bell that ends at zero; between kinks by Gauss and Legendre's rule.
    fn seen(&self, mean: f64, spread: f64, se: f64, free: &[f64]) -> f64 {
        let at = |z: f64| {
            let p = normal_cdf(-(mean + z * spread) / se);
            normal_density(z) * self.selection.weight(p, free)
        };
        let ratio = se / spread;
        if *self.selection == Selection::Beta {
            // The weight is cut off where p is P_MIN from either end.
            let reach = se * normal_quantile(1.0 - P_MIN);
            let kink = |x: f64| ((x - mean) / spread).clamp(-SPAN, SPAN);
            let ends = [-SPAN, kink(-reach), kink(reach), SPAN];
            return ends
                .windows(2)
                .map(|pair| panels(pair[0], pair[1], PANEL_SPREAD.min(PANEL_ERROR * ratio), &at))
                .sum();
        }
        let h = STEP_SPREAD
            .min(STEP_ERROR * ratio)
            .max(2.0 * SPAN / NODES_MAX);
        let steps = (2.0 * SPAN / h).ceil() as usize;
        let h = 2.0 * SPAN / steps as f64;
        (0..=steps).map(|i| at(-SPAN + h * i as f64)).sum::<f64>() * h
    }
}

/// An integral by Gauss and Legendre's rule of order 5 on panels no longer than `longest`.
fn panels(from: f64, to: f64, longest: f64, f: &impl Fn(f64) -> f64) -> f64 {
    let count = ((to - from) / longest).ceil().clamp(1.0, NODES_MAX / 5.0) as usize;
    let half = 0.5 * (to - from) / count as f64;
    (0..count)
        .map(|panel| {
            let middle = from + half * (2 * panel + 1) as f64;
            GAUSS
                .iter()
                .map(|(at, weight)| weight * f(middle + half * at))
                .sum::<f64>()
        })
        .sum::<f64>()
        * half
}

fn seen_by_steps(steps: &[(f64, f64)], mean: f64, spread: f64, se: f64) -> f64 {
    // Effects above `se * z(1 - p)` have p below the cut.
    let mut above = 0.0;
    let mut sum = 0.0;
    for (end, weight) in steps {
        let reach = if *end >= 1.0 {
            1.0
        } else {
            normal_cdf((mean - se * normal_quantile(1.0 - end)) / spread)
        };
        sum += weight * (reach - above);
        above = reach;
    }
    sum
}

/// Fits a selection model by maximum likelihood from many starts.
///
/// # Errors
/// If there are too few sources, or an interval between cuts in which the weight is estimated holds none.
pub fn fit_selection(
    effects: &Effects,
    selection: &Selection,
    favoured: Favoured,
) -> Result<SelectionFit, MetaError> {
    let plain = effects.plain();
    let turn = if favoured == Favoured::Greater {
        1.0
    } else {
        -1.0
    };
    let problem = Problem {
        y: plain.y.iter().map(|y| y * turn).collect(),
        v: &plain.v,
        selection,
    };
    let count = selection.parameters();
    if plain.len() <= count + 2 {
        return Err(MetaError::TooFew {
            sources: plain.len(),
            coefficients: count + 2,
        });
    }
    let without = super::fit(&plain, Tau2::MaximumLikelihood, super::Test::Normal)?;
    // tau and the selection parameters are searched on scales without bounds; tau through its square root's
    // square, so that zero is reached.
    let unpack = |x: &[f64]| -> (f64, f64, Vec<f64>) {
        (
            x[0],
            x[1] * x[1],
            x[2..]
                .iter()
                .map(|l| l.clamp(-LOG_MAX, LOG_MAX).exp())
                .collect(),
        )
    };
    let cost = |x: &[f64]| {
        let (mean, tau2, free) = unpack(x);
        let value = problem.log_likelihood(mean, tau2, &free);
        if value.is_finite() {
            -value
        } else {
            f64::INFINITY
        }
    };
    let mean = turn * without.mean().estimate;
    let tau = without.heterogeneity.tau2.sqrt();
    let mut looks = Vec::new();
    // The smooth forms cost an integral for each source; their likelihoods have fewer maxima.
    let means: &[f64] = if problem.selection.is_smooth() {
        &[mean, 0.2 * mean]
    } else {
        &[mean, 0.0, 0.5 * mean]
    };
    for &mean in means {
        for tau in [0.05 + tau, 0.05 * (tau + 0.05)] {
            for code in 0..LEVELS.len().pow(count as u32) {
                let level = |i: usize| LEVELS[code / LEVELS.len().pow(i as u32) % LEVELS.len()];
                let mut start = vec![mean, tau];
                start.extend((0..count).map(level));
                looks.push(look(&start, 0.3, &cost));
            }
        }
    }
    looks.sort_by(|a, b| a.1.total_cmp(&b.1));
    let ends: Vec<(Vec<f64>, f64)> = looks
        .iter()
        .take(if selection.is_smooth() {
            DESCENTS_SMOOTH
        } else {
            DESCENTS
        })
        .map(|(start, _)| minimise(start, 0.3, &cost))
        .collect();
    let Some((at, least)) = ends.iter().min_by(|a, b| a.1.total_cmp(&b.1)).cloned() else {
        return Err(MetaError::NotEstimable(
            "the likelihood has no finite value",
        ));
    };
    if !least.is_finite() {
        return Err(MetaError::NotEstimable(
            "the likelihood has no finite value",
        ));
    }
    let tried = ends.len();
    let agreeing = ends
        .iter()
        .filter(|(_, value)| *value < least + 1e-4)
        .count();
    let (mean, mut tau2, free) = unpack(&at);
    if -problem.log_likelihood(mean, 0.0, &free) <= least + 1e-9 {
        tau2 = 0.0;
    }
    let log_likelihood = problem.log_likelihood(mean, tau2, &free);

    let errors = standard_errors(&problem, mean, tau2, &free);
    let (mean_se, selection_se) = match errors {
        Some(errors) => (
            Some(errors[0]),
            errors[1..].iter().map(|e| Some(*e)).collect(),
        ),
        None => (None, vec![None; count]),
    };
    let likelihood_ratio = (2.0 * (log_likelihood - without.log_likelihood)).max(0.0);
    Ok(SelectionFit {
        mean: turn * mean,
        mean_se,
        tau2,
        selection: free.into_iter().zip(selection_se).collect(),
        log_likelihood,
        likelihood_ratio,
        p: (count > 0).then(|| chi_squared_p(likelihood_ratio, count as f64)),
        agreeing_starts: (agreeing, tried),
    })
}

/// Standard errors of the mean and the selection parameters from the observed information; `tau2` is held
/// where it lies on its bound. `None` where the information is not positive definite.
fn standard_errors(problem: &Problem, mean: f64, tau2: f64, free: &[f64]) -> Option<Vec<f64>> {
    let on_bound = tau2 < 1e-6;
    let mut at = vec![mean];
    at.extend_from_slice(free);
    if !on_bound {
        at.push(tau2);
    }
    let cost = |x: &[f64]| {
        let tau2 = if on_bound { tau2 } else { x[x.len() - 1] };
        -problem.log_likelihood(x[0], tau2, &x[1..=free.len()])
    };
    let scale = problem
        .v
        .iter()
        .copied()
        .fold(f64::INFINITY, f64::min)
        .sqrt();
    let steps: Vec<f64> = at
        .iter()
        .enumerate()
        .map(|(i, x)| {
            if i == 0 {
                scale * 1e-2
            } else {
                x.abs().max(1e-6) * 1e-3
            }
        })
        .collect();
    let (inverse, _) = Square {
        n: at.len(),
        a: curvature(&at, &steps, &cost),
    }
    .inverse()?;
    (0..=free.len())
        .map(|i| (inverse.at(i, i) > 0.0).then(|| inverse.at(i, i).sqrt()))
        .collect()
}
