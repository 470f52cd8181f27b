//! Where to look among settings: a normal proposal over the logits of places in the unit cube, made of the draws before it.

use super::choose::normal;
use crate::matrix::{Lower, dot};
use quantity::Rng;

/// Share of draws from what is believed before any well, so that nothing is overlooked.
pub(super) const DEFENSIVE: f64 = 0.2;
/// Draws that are to count where the next proposal is made of them.
const EFFECTIVE_MIN: f64 = 10.0;

/// A normal proposal over the logits of places.
#[derive(Clone, Debug)]
pub(super) struct Proposal {
    mean: Vec<f64>,
    factor: Lower,
}

pub(super) fn logit(place: f64) -> f64 {
    (place / (1.0 - place)).ln()
}

pub(super) fn logistic(z: f64) -> f64 {
    1.0 / (1.0 + (-z).exp())
}

/// Logarithm of the density of logits of places that are even.
pub(super) fn log_even(z: &[f64]) -> f64 {
    let each = z.iter().map(|z| {
        let u = logistic(*z);
        (u * (1.0 - u)).max(1e-300).ln()
    });
    each.sum()
}

impl Proposal {
    /// From draws with logarithms of weights, evened out until enough of them count.
    pub(super) fn from(draws: &[Vec<f64>], logs: &[f64]) -> Option<Self> {
        let top = logs.iter().copied().fold(f64::NEG_INFINITY, f64::max);
        if !top.is_finite() {
            return None;
        }
        let weights = |power: f64| -> Vec<f64> {
            let raised: Vec<f64> = logs.iter().map(|l| (power * (l - top)).exp()).collect();
            let sum: f64 = raised.iter().sum();
            raised.into_iter().map(|w| w / sum).collect()
        };
        let counts = |w: &[f64]| 1.0 / w.iter().map(|w| w * w).sum::<f64>();
        let wanted = EFFECTIVE_MIN.min(0.5 * draws.len() as f64);
        let (mut low, mut high) = (0.0, 1.0);
        if counts(&weights(1.0)) < wanted {
            for _ in 0..40 {
                let middle = 0.5 * (low + high);
                if counts(&weights(middle)) < wanted {
                    high = middle;
                } else {
                    low = middle;
                }
            }
        } else {
            low = 1.0;
        }
        let weights = weights(low);
        let n = draws[0].len();
        let mut mean = vec![0.0; n];
        for (weight, draw) in weights.iter().zip(draws) {
            mean.iter_mut()
                .zip(draw)
                .for_each(|(m, z)| *m += weight * z);
        }
        let mut covariance = vec![0.0; n * n];
        for (weight, draw) in weights.iter().zip(draws) {
            for i in 0..n {
                for j in 0..n {
                    covariance[i * n + j] += weight * (draw[i] - mean[i]) * (draw[j] - mean[j]);
                }
            }
        }
        // Wider than what was found, since few draws find too little.
        covariance.iter_mut().for_each(|c| *c *= 1.5);
        for i in 0..n {
            covariance[i * n + i] += 0.02;
        }
        Some(Self {
            mean,
            factor: Lower::of(covariance, n)?,
        })
    }

    pub(super) fn draw(&self, rng: &mut Rng) -> Vec<f64> {
        let errors: Vec<f64> = self.mean.iter().map(|_| normal(rng)).collect();
        (0..self.mean.len())
            .map(|i| self.mean[i] + dot(&self.factor.row(i)[..=i], &errors[..=i]))
            .collect()
    }

    fn log_density(&self, z: &[f64]) -> f64 {
        let mut apart: Vec<f64> = z.iter().zip(&self.mean).map(|(z, m)| z - m).collect();
        self.factor.forward(&mut apart);
        let n = z.len() as f64;
        -0.5 * (dot(&apart, &apart)
            + self.factor.log_determinant()
            + n * (2.0 * std::f64::consts::PI).ln())
    }
}

/// Logarithms of the weights of draws against the mixture of all proposals that they came from.
pub(super) fn balanced(
    draws: &[Vec<f64>],
    targets: &[f64],
    proposals: &[Option<Proposal>],
) -> Vec<f64> {
    let share = 1.0 / proposals.len() as f64;
    let each = draws.iter().zip(targets).map(|(z, target)| {
        let even = log_even(z);
        let logs = proposals.iter().map(|proposal| match proposal {
            None => even,
            Some(own) => {
                let (a, b) = (
                    DEFENSIVE.ln() + even,
                    (1.0 - DEFENSIVE).ln() + own.log_density(z),
                );
                a.max(b) + (1.0 + (-(a - b).abs()).exp()).ln()
            }
        });
        let logs: Vec<f64> = logs.collect();
        let top = logs.iter().copied().fold(f64::NEG_INFINITY, f64::max);
        let sum: f64 = logs.iter().map(|l| (l - top).exp()).sum();
        target - (top + (share * sum).ln())
    });
    each.collect()
}
