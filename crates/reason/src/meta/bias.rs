//! What may be missing: small-study effects.

use super::tails::*;
use super::tau2::Weighted;
use super::{Effects, Fit, MetaError, Tau2, Test, fit};

/// A regression of the effect on its standard error (PET) or variance (PEESE), where the intercept is the
/// effect that a source of infinite size would have.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Regression {
    /// The effect of an infinitely large source.
    pub limit: f64,
    /// Its standard error.
    pub limit_se: f64,
    /// Its p value.
    pub limit_p: f64,
    /// Its 95 % interval.
    pub limit_ci: (f64, f64),
    /// Slope on the standard error or variance.
    pub slope: f64,
    /// Its standard error.
    pub slope_se: f64,
    /// Its p value: the test for asymmetry of the funnel.
    pub slope_p: f64,
    /// The statistic of that test: Student's t.
    pub statistic: f64,
    /// Degrees of freedom.
    pub freedom: usize,
}

/// What the effect is regressed on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Precision {
    /// The standard error: Egger et al., BMJ 315 (1997) 629; PET.
    StandardError,
    /// The variance: PEESE (Stanley and Doucouliagos, Res. Synth. Methods 5 (2014) 60).
    Variance,
}

fn precision(effects: &Effects, on: Precision) -> (String, Vec<f64>) {
    match on {
        Precision::StandardError => (
            "standard error".into(),
            effects.v.iter().map(|v| v.sqrt()).collect(),
        ),
        Precision::Variance => ("variance".into(), effects.v.clone()),
    }
}

fn with_precision(effects: &Effects, on: Precision) -> Result<Effects, MetaError> {
    let (name, values) = precision(effects, on);
    effects
        .plain()
        .moderated(&name, values)
        .map_err(|_| MetaError::Singular)
}

/// Weighted least squares with a multiplicative spread: the classical Egger test, PET and PEESE.
///
/// # Errors
/// With three sources or fewer, or all of one size.
pub fn regression(effects: &Effects, on: Precision) -> Result<Regression, MetaError> {
    let design = with_precision(effects, on)?;
    super::model::usable(&design)?;
    let weighted = Weighted::between(&design, 0.0).ok_or(MetaError::Singular)?;
    let freedom = design.len() - 2;
    let spread = weighted.rss / freedom as f64;
    let se = |i: usize| (weighted.covariance.at(i, i) * spread).sqrt();
    let p = |i: usize| student_p(weighted.beta[i] / se(i), freedom as f64);
    let half = student_quantile(0.975, freedom as f64) * se(0);
    Ok(Regression {
        limit: weighted.beta[0],
        limit_se: se(0),
        limit_p: p(0),
        limit_ci: (weighted.beta[0] - half, weighted.beta[0] + half),
        slope: weighted.beta[1],
        slope_se: se(1),
        slope_p: p(1),
        statistic: weighted.beta[1] / se(1),
        freedom,
    })
}

/// The same with an additive variance between sources.
///
/// # Errors
/// With three sources or fewer, or all of one size.
pub fn mixed_regression(effects: &Effects, on: Precision, method: Tau2) -> Result<Fit, MetaError> {
    fit(&with_precision(effects, on)?, method, Test::Normal)
}

/// Begg and Mazumdar's rank correlation (Biometrics 50 (1994) 1088).
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct RankCorrelation {
    /// Kendall's tau-b of the standardised effects with their variances.
    pub tau: f64,
    /// Two-sided; exact without ties, normal otherwise.
    pub p: f64,
}

/// Rank correlation of effects with their variances.
///
/// # Errors
/// With two sources or fewer.
pub fn rank_correlation(effects: &Effects) -> Result<RankCorrelation, MetaError> {
    let plain = effects.plain();
    super::model::usable(&plain)?;
    let fixed = Weighted::between(&plain, 0.0).ok_or(MetaError::Singular)?;
    let (mean, spread) = (fixed.beta[0], fixed.covariance.at(0, 0));
    let standard: Vec<f64> = plain
        .y
        .iter()
        .zip(&plain.v)
        .map(|(y, v)| (y - mean) / (v - spread).sqrt())
        .collect();
    Ok(kendall(&standard, &plain.v))
}

fn sign(value: f64) -> i64 {
    if value > 0.0 {
        1
    } else {
        -i64::from(value < 0.0)
    }
}

fn ties(values: &[f64]) -> Vec<f64> {
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    sorted
        .chunk_by(|a, b| a == b)
        .map(|run| run.len() as f64)
        .filter(|n| *n > 1.0)
        .collect()
}

/// Kendall's tau-b with its p value (Kendall 1970; the variance with ties as in Hollander and Wolfe 1999).
fn kendall(x: &[f64], y: &[f64]) -> RankCorrelation {
    let n = x.len();
    let mut score = 0;
    for i in 0..n {
        for j in 0..i {
            score += sign(x[i] - x[j]) * sign(y[i] - y[j]);
        }
    }
    let (tx, ty) = (ties(x), ties(y));
    let pairs = (n * (n - 1)) as f64 / 2.0;
    let within = |t: &[f64]| t.iter().map(|t| t * (t - 1.0) / 2.0).sum::<f64>();
    let tau = score as f64 / ((pairs - within(&tx)) * (pairs - within(&ty))).sqrt();
    let p = if tx.is_empty() && ty.is_empty() {
        exact_kendall(n, score)
    } else {
        let n = n as f64;
        let sum = |t: &[f64], f: &dyn Fn(f64) -> f64| t.iter().map(|t| f(*t)).sum::<f64>();
        let cubic = |t: f64| t * (t - 1.0) * (2.0 * t + 5.0);
        let variance = (cubic(n) - sum(&tx, &cubic) - sum(&ty, &cubic)) / 18.0
            + sum(&tx, &|t| t * (t - 1.0)) * sum(&ty, &|t| t * (t - 1.0)) / (2.0 * n * (n - 1.0))
            + sum(&tx, &|t| t * (t - 1.0) * (t - 2.0)) * sum(&ty, &|t| t * (t - 1.0) * (t - 2.0))
                / (9.0 * n * (n - 1.0) * (n - 2.0));
        normal_p(score as f64 / variance.sqrt())
    };
    RankCorrelation { tau, p }
}

/// Two-sided p of a concordance score by counting permutations by their inversions.
fn exact_kendall(n: usize, score: i64) -> f64 {
    let mut share = vec![1.0];
    for size in 2..=n {
        let mut next = vec![0.0; share.len() + size - 1];
        for (inversions, part) in share.iter().enumerate() {
            for extra in 0..size {
                next[inversions + extra] += part / size as f64;
            }
        }
        share = next;
    }
    let pairs = (n * (n - 1) / 2) as i64;
    let concordant = ((score + pairs) / 2) as usize;
    let below: f64 = share[..=concordant].iter().sum();
    let above: f64 = share[concordant..].iter().sum();
    (2.0 * below.min(above)).min(1.0)
}

/// Duval and Tweedie's estimators of the number of missing sources.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Missing {
    /// From the sum of ranks.
    L0,
    /// From the longest run.
    R0,
}

/// The funnel trimmed and filled.
#[derive(Clone, Debug, PartialEq)]
pub struct Filled {
    /// Estimated number of missing sources.
    pub missing: usize,
    /// Its standard error.
    pub missing_se: f64,
    /// Whether they are missing on the side of larger effects.
    pub on_right: bool,
    /// The sources with the filled ones after them.
    pub effects: Effects,
    /// The model of those.
    pub fit: Fit,
}

/// Trim and fill (Duval and Tweedie, Biometrics 56 (2000) 455). The side is that against which effects
/// grow with their standard error.
///
/// # Errors
/// With three sources or fewer.
pub fn trim_and_fill(
    effects: &Effects,
    method: Tau2,
    estimator: Missing,
) -> Result<Filled, MetaError> {
    const ROUNDS_MAX: usize = 100;
    let plain = effects.plain();
    let slope = mixed_regression(&plain, Precision::StandardError, method)
        .or_else(|_| mixed_regression(&plain, Precision::StandardError, Tau2::Fixed))?
        .coefficients[1]
        .estimate;
    let on_right = slope < 0.0;
    let turn = if on_right { -1.0 } else { 1.0 };
    let mut order: Vec<usize> = (0..plain.len()).collect();
    order.sort_by(|a, b| (turn * plain.y[*a]).total_cmp(&(turn * plain.y[*b])));
    let mut turned = plain.select(&order);
    turned.y.iter_mut().for_each(|y| *y *= turn);

    let k = turned.len();
    let n = k as f64;
    let (mut missing, mut se, mut centre) = (0_usize, 0.0, 0.0);
    for round in 0..ROUNDS_MAX {
        let kept: Vec<usize> = (0..k - missing).collect();
        centre = fit(&turned.select(&kept), method, Test::Normal)?
            .mean()
            .estimate;
        let from: Vec<f64> = turned.y.iter().map(|y| y - centre).collect();
        let mut by_size: Vec<usize> = (0..k).collect();
        by_size.sort_by(|a, b| from[*a].abs().total_cmp(&from[*b].abs()));
        let mut ranks = vec![0.0; k];
        by_size
            .iter()
            .enumerate()
            .for_each(|(rank, &at)| ranks[at] = (rank + 1) as f64);
        let estimate = match estimator {
            Missing::R0 => {
                let longest = (0..k)
                    .filter(|&i| from[i] < 0.0)
                    .map(|i| ranks[i])
                    .fold(0.0, f64::max);
                let estimate = n - longest - 1.0;
                se = (2.0 * estimate.max(0.0) + 2.0).sqrt();
                estimate
            }
            Missing::L0 => {
                let sum: f64 = (0..k).filter(|&i| from[i] > 0.0).map(|i| ranks[i]).sum();
                let m = (4.0 * sum - n * (n + 1.0)) / (2.0 * n - 1.0);
                let variance =
                    (n * (n + 1.0) * (2.0 * n + 1.0) + 10.0 * m.powi(3) + 27.0 * m * m + 17.0 * m
                        - 18.0 * n * m * m
                        - 18.0 * n * m
                        + 6.0 * n * n * m)
                        / 24.0;
                se = 4.0 * variance.max(0.0).sqrt() / (2.0 * n - 1.0);
                m
            }
        };
        let next = (estimate.max(0.0).round_ties_even() as usize).min(k.saturating_sub(2));
        if next == missing && round > 0 {
            break;
        }
        missing = next;
    }
    let mut filled = plain.clone();
    for at in k - missing..k {
        filled.y.push(turn * (2.0 * centre - turned.y[at]));
        filled.v.push(turned.v[at]);
        filled.x[0].push(1.0);
    }
    let fit = fit(&filled, method, Test::Normal)?;
    Ok(Filled {
        missing,
        missing_se: se,
        on_right,
        effects: filled,
        fit,
    })
}

/// Rosenthal's fail-safe number (Psychol. Bull. 86 (1979) 638): unpublished null results that would take
/// the combined one-sided p above 0.05.
#[must_use]
pub fn fail_safe_number(effects: &Effects) -> usize {
    let z: f64 = effects
        .y
        .iter()
        .zip(&effects.v)
        .map(|(y, v)| y / v.sqrt())
        .sum::<f64>()
        .abs();
    let critical = normal_quantile(0.95);
    (z * z / (critical * critical) - effects.len() as f64)
        .max(0.0)
        .ceil() as usize
}
