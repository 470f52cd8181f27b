//! Sources that share an origin: three levels.

use super::minimum::minimise;
use super::tails::{normal_p, normal_quantile};
use super::{Coefficient, Effects, MetaError};
use crate::matrix::Square;

/// A three-level model: estimates within groups, groups differ, and estimates within a group differ.
#[derive(Clone, Debug, PartialEq)]
pub struct LevelsFit {
    /// The coefficients.
    pub coefficients: Vec<Coefficient>,
    /// Variance between groups.
    pub between_groups: f64,
    /// Variance between estimates within a group.
    pub within_groups: f64,
    /// The restricted log-likelihood.
    pub log_likelihood: f64,
}

struct Sums {
    covariance: Square,
    beta: Vec<f64>,
    log_likelihood: f64,
}

/// Generalised least squares at given variances: the covariance of a group is `diag(v + within)` plus
/// `between` everywhere, inverted by Sherman and Morrison's formula.
fn sums(effects: &Effects, groups: &[Vec<usize>], between: f64, within: f64) -> Option<Sums> {
    let p = effects.x.len();
    let mut gram = Square::zero(p);
    let (mut right, mut square, mut log_v) = (vec![0.0; p], 0.0, 0.0);
    for group in groups {
        let weight: Vec<f64> = group
            .iter()
            .map(|&r| 1.0 / (effects.v[r] + within))
            .collect();
        let total: f64 = weight.iter().sum();
        let shrink = between / (1.0 + between * total);
        log_v += (1.0 + between * total).ln() - weight.iter().map(|w| w.ln()).sum::<f64>();
        let inner = |a: &[f64], b: &[f64]| -> f64 {
            let direct: f64 = group
                .iter()
                .zip(&weight)
                .map(|(&r, w)| w * a[r] * b[r])
                .sum();
            let sum = |c: &[f64]| {
                group
                    .iter()
                    .zip(&weight)
                    .map(|(&r, w)| w * c[r])
                    .sum::<f64>()
            };
            direct - shrink * sum(a) * sum(b)
        };
        for i in 0..p {
            for j in 0..p {
                gram.add(i, j, inner(&effects.x[i], &effects.x[j]));
            }
        }
        for (sum, column) in right.iter_mut().zip(&effects.x) {
            *sum += inner(column, &effects.y);
        }
        square += inner(&effects.y, &effects.y);
    }
    let (covariance, log_gram) = gram.inverse()?;
    let beta = covariance.times(&right);
    let rss = square - beta.iter().zip(&right).map(|(b, r)| b * r).sum::<f64>();
    let mut design = Square::zero(p);
    for i in 0..p {
        for j in 0..p {
            design.a[i * p + j] = effects.x[i]
                .iter()
                .zip(&effects.x[j])
                .map(|(a, b)| a * b)
                .sum();
        }
    }
    let freedom = (effects.len() - p) as f64;
    let log_likelihood = -0.5
        * (freedom * (2.0 * std::f64::consts::PI).ln() - design.inverse()?.1
            + log_v
            + log_gram
            + rss);
    Some(Sums {
        covariance,
        beta,
        log_likelihood,
    })
}

/// Fits by restricted maximum likelihood (Konstantopoulos, Res. Synth. Methods 2 (2011) 61); `group` names
/// the group of each estimate.
///
/// # Errors
/// If there are too few estimates, or moderators that can't be told apart.
pub fn fit_levels(effects: &Effects, group: &[u32]) -> Result<LevelsFit, MetaError> {
    super::model::usable(effects)?;
    let mut names: Vec<u32> = group.to_vec();
    names.sort_unstable();
    names.dedup();
    let groups: Vec<Vec<usize>> = names
        .iter()
        .map(|name| {
            (0..effects.len())
                .filter(|&r| group.get(r) == Some(name))
                .collect()
        })
        .collect();
    // Searched as square roots, whose squares reach zero.
    let cost = |x: &[f64]| {
        sums(effects, &groups, x[0] * x[0], x[1] * x[1])
            .map_or(f64::INFINITY, |s| -s.log_likelihood)
    };
    let spread = (effects.v.iter().sum::<f64>() / effects.len() as f64).sqrt();
    let best = [[1.0, 1.0], [0.1, 1.0], [1.0, 0.1]]
        .iter()
        .map(|start| minimise(&[start[0] * spread, start[1] * spread], 0.3 * spread, &cost))
        .min_by(|a, b| a.1.total_cmp(&b.1))
        .ok_or(MetaError::Singular)?;
    let (between, within) = (best.0[0] * best.0[0], best.0[1] * best.0[1]);
    let fitted = sums(effects, &groups, between, within).ok_or(MetaError::Singular)?;
    let critical = normal_quantile(0.975);
    let coefficients = (0..fitted.beta.len())
        .map(|i| {
            let (estimate, se) = (fitted.beta[i], fitted.covariance.at(i, i).sqrt());
            let statistic = estimate / se;
            let ci = (estimate - critical * se, estimate + critical * se);
            Coefficient {
                name: effects.names[i].clone(),
                estimate,
                se,
                statistic,
                p: normal_p(statistic),
                ci,
            }
        })
        .collect();
    Ok(LevelsFit {
        coefficients,
        between_groups: between,
        within_groups: within,
        log_likelihood: fitted.log_likelihood,
    })
}
