//! Which next trial would tell most.
//!
//! Two explanations of one set of effects are held at once: sources differ for no reason that was written down
//! (the plain model), or a condition explains part of it (one regression for each condition). A trial is worth
//! what it is expected to tell about which explanation holds and about its coefficients:
//!
//! `EIG = I(model; y) + sum_m P(m) 0.5 ln(1 + x' S_m x / (v + tau2_m))`
//!
//! with `S_m` the covariance of the coefficients and `tau2_m` plugged in (Lindley, Ann. Math. Statist. 27 (1956)
//! 986); `P(m)` from equal priors and the Schwarz approximation (Kass and Raftery, J. Am. Stat. Assoc. 90 (1995)
//! 773) on maximum likelihoods.

use super::{Claim, effects};
use crate::meta::{Effects, Fit, MetaError, Tau2, Test, fit, gain};
use std::collections::BTreeSet;

/// What a next trial would be.
#[derive(Clone, Debug, PartialEq)]
pub enum NextKind {
    /// One more under the conditions that trials have had on the average.
    Repeat,
    /// One at this value of a condition.
    At {
        /// The condition.
        moderator: String,
        /// Its value.
        value: f64,
    },
}

/// A next trial, and what it is expected to tell.
#[derive(Clone, Debug, PartialEq)]
pub struct Next {
    /// What it would be.
    pub kind: NextKind,
    /// Expected information, nats.
    pub nats: f64,
    /// Expected information for its cost, nats.
    pub per_cost: f64,
    /// The most that a perfectly precise one could tell about the mean, if sources differ for no written reason: nats.
    pub ceiling: f64,
    /// Why, in words.
    pub words: String,
}

/// A condition that may explain: its name, and its value for each effect.
type Moderator = (String, Vec<f64>);

/// An explanation: the model, its probability, and the column of its condition.
struct Explanation {
    moderator: Option<Moderator>,
    fit: Fit,
    share: f64,
}

impl Explanation {
    /// Mean and variance of the effect expected at a value of its condition.
    fn expects(&self, at: Option<f64>) -> (f64, f64) {
        let x: Vec<f64> = match (&self.moderator, at) {
            (None, _) => vec![1.0],
            (Some(_), Some(value)) => vec![1.0, value],
            (Some((_, column)), None) => vec![1.0, mean(column)],
        };
        let p = x.len();
        let estimate = (0..p)
            .map(|i| x[i] * self.fit.coefficients[i].estimate)
            .sum();
        let variance = (0..p)
            .flat_map(|i| (0..p).map(move |j| (i, j)))
            .map(|(i, j)| x[i] * x[j] * self.fit.covariance[i * p + j])
            .sum();
        (estimate, variance)
    }
}

fn mean(values: &[f64]) -> f64 {
    values.iter().sum::<f64>() / values.len() as f64
}

/// Ranks the next trials about a pair: one more of the same, and one at the ends of each numeric condition that all
/// effects state. `variance` is that of the next trial's own estimate; `cost` what each kind costs.
///
/// # Errors
/// If fewer than three claims state an effect with its error.
pub fn rank(
    claims: &[&Claim],
    variance: f64,
    cost: impl Fn(&NextKind) -> f64,
) -> Result<Vec<Next>, MetaError> {
    let (found, at) = effects(claims);
    let too_few = MetaError::TooFew {
        sources: at.len(),
        coefficients: 2,
    };
    let Some(all) = found.filter(|all| all.len() >= 3) else {
        return Err(too_few);
    };
    let explanations = explanations(&all, claims, &at)?;
    let plain = &explanations[0].fit;
    let ceiling = gain::expected_information(plain, 0.0, 1.0);
    let mut kinds = vec![NextKind::Repeat];
    for e in &explanations {
        if let Some((name, column)) = &e.moderator {
            let low = column.iter().copied().fold(f64::INFINITY, f64::min);
            let high = column.iter().copied().fold(f64::NEG_INFINITY, f64::max);
            for value in [low, high] {
                kinds.push(NextKind::At {
                    moderator: name.clone(),
                    value,
                });
            }
        }
    }
    let mut ranked: Vec<Next> = kinds
        .into_iter()
        .map(|kind| {
            let nats = information(&explanations, &kind, variance);
            let words = words(&explanations, &kind, nats, ceiling, variance);
            Next {
                per_cost: nats / cost(&kind),
                nats,
                ceiling,
                words,
                kind,
            }
        })
        .collect();
    ranked.sort_by(|a, b| b.per_cost.total_cmp(&a.per_cost));
    Ok(ranked)
}

fn explanations(
    all: &Effects,
    claims: &[&Claim],
    at: &[usize],
) -> Result<Vec<Explanation>, MetaError> {
    let names: BTreeSet<&str> = at
        .iter()
        .flat_map(|place| claims[*place].context.iter().map(|(name, _)| name.as_str()))
        .collect();
    let mut candidates: Vec<(Option<Moderator>, Effects)> = vec![(None, all.clone())];
    for name in names {
        let values: Option<Vec<f64>> = at.iter().map(|place| claims[*place].number(name)).collect();
        if let Some(values) = values
            && let Ok(moderated) = all.clone().moderated(name, values.clone())
        {
            candidates.push((Some((name.to_owned(), values)), moderated));
        }
    }
    let mut explanations = Vec::new();
    for (moderator, effects) in candidates {
        let fits = fit(&effects, Tau2::Restricted, Test::Normal).and_then(|restricted| {
            Ok((
                restricted,
                fit(&effects, Tau2::MaximumLikelihood, Test::Normal)?,
            ))
        });
        match (fits, &moderator) {
            (Ok((restricted, full)), _) => {
                // The spread is a parameter of every model, and weighs nothing against the others.
                let parameters = restricted.coefficients.len() as f64;
                let score = full.log_likelihood - 0.5 * parameters * (all.len() as f64).ln();
                explanations.push(Explanation {
                    moderator,
                    fit: restricted,
                    share: score,
                });
            }
            (Err(error), None) => return Err(error),
            // A condition that never varied explains nothing.
            (Err(_), Some(_)) => {}
        }
    }
    let top = explanations
        .iter()
        .map(|e| e.share)
        .fold(f64::NEG_INFINITY, f64::max);
    explanations
        .iter_mut()
        .for_each(|e| e.share = (e.share - top).exp());
    let whole: f64 = explanations.iter().map(|e| e.share).sum();
    explanations.iter_mut().for_each(|e| e.share /= whole);
    Ok(explanations)
}

/// Expected information of a trial about which explanation holds, and about its coefficients.
fn information(explanations: &[Explanation], kind: &NextKind, variance: f64) -> f64 {
    let parts: Vec<(f64, f64, f64, f64)> = explanations
        .iter()
        .map(|e| {
            let value = match (kind, &e.moderator) {
                (NextKind::At { moderator, value }, Some((own, _))) if own == moderator => {
                    Some(*value)
                }
                _ => None,
            };
            let (m, s2) = e.expects(value);
            let noise = variance + e.fit.heterogeneity.tau2;
            (e.share, m, (s2 + noise).sqrt(), 0.5 * (s2 / noise).ln_1p())
        })
        .collect();
    let about_coefficients: f64 = parts.iter().map(|(share, _, _, gain)| share * gain).sum();
    about_coefficients + between(&parts)
}

/// Mutual information between which bell was drawn from and what was drawn, by the trapezium rule.
fn between(parts: &[(f64, f64, f64, f64)]) -> f64 {
    const POINTS: usize = 2001;
    let low = parts
        .iter()
        .map(|p| p.1 - 9.0 * p.2)
        .fold(f64::INFINITY, f64::min);
    let high = parts
        .iter()
        .map(|p| p.1 + 9.0 * p.2)
        .fold(f64::NEG_INFINITY, f64::max);
    let h = (high - low) / (POINTS - 1) as f64;
    let bell = |y: f64, m: f64, s: f64| {
        (-0.5 * ((y - m) / s).powi(2)).exp() / (s * (2.0 * std::f64::consts::PI).sqrt())
    };
    (0..POINTS)
        .map(|i| {
            let y = low + h * i as f64;
            let mixed: f64 = parts.iter().map(|p| p.0 * bell(y, p.1, p.2)).sum();
            parts
                .iter()
                .map(|p| {
                    let own = bell(y, p.1, p.2);
                    if own > 0.0 && mixed > 0.0 {
                        p.0 * own * (own / mixed).ln()
                    } else {
                        0.0
                    }
                })
                .sum::<f64>()
        })
        .sum::<f64>()
        * h
}

fn words(
    explanations: &[Explanation],
    kind: &NextKind,
    nats: f64,
    ceiling: f64,
    variance: f64,
) -> String {
    let plain = &explanations[0].fit;
    match kind {
        NextKind::Repeat => {
            let own = gain::expected_information(plain, variance, 1.0);
            format!(
                "one more trial like those there are tells {own:.4} nats about the mean effect, and never more than {ceiling:.4} however large it is, since trials differ by {:.2} for reasons that it does not vary; {nats:.3} nats in all",
                plain.heterogeneity.tau2.sqrt()
            )
        }
        NextKind::At { moderator, value } => {
            let own = explanations.iter().find(|e| {
                e.moderator
                    .as_ref()
                    .is_some_and(|(name, _)| name == moderator)
            });
            let explains = own.and_then(|e| e.fit.r2).map_or(String::new(), |r2| {
                format!(", which explains {r2:.0} % of what trials differ by")
            });
            let probability = own.map_or(0.0, |e| e.share);
            format!(
                "a trial at {moderator} {value} tells {nats:.3} nats about how the effect hangs on {moderator}{explains} (probability {probability:.2} that it does)"
            )
        }
    }
}
