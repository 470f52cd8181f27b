//! What is known of a smooth response: its Gaussian process conditioned on wells, for settings of its size and reaches (and
//! of the errors that are learned), each weighed by how well it foretold the wells.
//!
//! Given the settings the likelihood is that of a normal distribution, with the same errors of wells as every other rival's.
//! Over the settings it is integrated by importance sampling that adapts its proposal (Cappé, Guillin, Marin and Robert, J.
//! Comput. Graph. Stat. 13 (2004) 907), all draws weighed against the mixture of all proposals (Owen and Zhou, J. Am. Stat.
//! Assoc. 95 (2000) 135). An error of a dose becomes one of the response by the slope that wells show there (McHutchon and
//! Rasmussen, NIPS 2011).

use super::noise::Noise;
use super::pooled::Pooled;
use super::proposal::{DEFENSIVE, Proposal, balanced, log_even, logistic, logit};
use super::readings::spread;
use super::{Datum, Hypothesis, Spread, Surrogate};
use crate::matrix::{Lower, dot};
use quantity::Rng;
use rand::RngExt;

/// Draws of one round, and rounds: the first time, and when what was known before is a place to begin.
const DRAWS: usize = 48;
const ROUNDS: (usize, usize) = (6, 4);
/// Settings that stand for all where something is predicted.
const SETTINGS: usize = 16;
/// Readings that are taken in together. Above twice this, each such block is foretold from the one before it alone (Stein,
/// Chi and Welty, J. R. Stat. Soc. B 66 (2004) 275).
const BLOCK: usize = 300;

/// Readings as a process takes them.
#[derive(Clone, Debug, Default)]
struct Rows {
    x: Vec<Vec<f64>>,
    y: Vec<f64>,
    errors: Errors,
    /// Logarithm of the density that does not depend on the response.
    constant: f64,
}

#[derive(Clone, Debug)]
enum Errors {
    /// Variances as stated.
    Stated(Vec<f64>),
    /// Wells of each reading, whose error is learned.
    Learned(Vec<Spread>),
}

impl Default for Errors {
    fn default() -> Self {
        Errors::Stated(Vec::new())
    }
}

impl Rows {
    fn of(data: &[Datum], learned: bool) -> Self {
        if learned {
            return Self {
                x: data.iter().map(|d| d.x.clone()).collect(),
                y: data.iter().map(|d| d.y).collect(),
                errors: Errors::Learned(data.iter().map(spread).collect()),
                constant: 0.0,
            };
        }
        let (x, y, variances, constant) = Pooled::of(data).rows();
        Self {
            x,
            y,
            errors: Errors::Stated(variances),
            constant,
        }
    }
}

/// The process at one setting, conditioned on some rows.
struct Fit {
    x: Vec<Vec<f64>>,
    values: Vec<f64>,
    factor: Lower,
    /// Covariance inverse times residuals from the middle.
    weights: Vec<f64>,
    log_density: f64,
}

/// What is known of a surrogate.
#[derive(Clone, Debug)]
pub(super) struct Process {
    /// Weights of sum one, and places of the parameters and of the errors that are learned.
    settings: Vec<(f64, Vec<f64>)>,
    log_evidence: f64,
    rows: Rows,
}

impl Process {
    pub(super) fn new(h: &Hypothesis, noise: Option<&Noise>, rng: &mut Rng) -> Self {
        let free = h.parameters.len() + noise.map_or(0, Noise::free);
        let even = 1.0 / DRAWS as f64;
        let settings = (0..DRAWS)
            .map(|_| (even, (0..free).map(|_| rng.random::<f64>()).collect()))
            .collect();
        Self {
            settings,
            log_evidence: 0.0,
            rows: Rows::default(),
        }
    }

    pub(super) fn log_evidence(&self) -> f64 {
        self.log_evidence
    }

    pub(super) fn weighted(&self) -> impl Iterator<Item = (f64, &[f64])> {
        self.settings
            .iter()
            .map(|(w, places)| (*w, places.as_slice()))
    }

    /// Weighs settings on all data.
    pub(super) fn tell(
        &mut self,
        h: &Hypothesis,
        surrogate: &Surrogate,
        noise: Option<&Noise>,
        data: &[Datum],
        rng: &mut Rng,
    ) {
        let noise = noise.filter(|noise| noise.shown.is_some());
        let begun = !self.rows.x.is_empty();
        self.rows = Rows::of(data, noise.is_some());
        if data.is_empty() {
            return;
        }
        let free = self.settings[0].1.len();
        let mut proposals: Vec<Option<Proposal>> = vec![if begun {
            let draws: Vec<Vec<f64>> = self.logits();
            let logs: Vec<f64> = self.settings.iter().map(|(w, _)| w.ln()).collect();
            Proposal::from(&draws, &logs)
        } else {
            None
        }];
        let (mut draws, mut targets): (Vec<Vec<f64>>, Vec<f64>) = (Vec::new(), Vec::new());
        let rounds = if begun { ROUNDS.1 } else { ROUNDS.0 };
        let mut logs = Vec::new();
        for round in 0..rounds {
            let proposal = proposals[round].clone();
            for _ in 0..DRAWS {
                let z = match &proposal {
                    Some(own) if rng.random::<f64>() >= DEFENSIVE => own.draw(rng),
                    _ => (0..free).map(|_| logit(rng.random::<f64>())).collect(),
                };
                let places: Vec<f64> = z.iter().map(|z| logistic(*z)).collect();
                targets.push(log_even(&z) + self.log_likelihood(h, surrogate, noise, &places));
                draws.push(z);
            }
            logs = balanced(&draws, &targets, &proposals);
            proposals.push(Proposal::from(&draws, &logs));
        }
        let top = logs.iter().copied().fold(f64::NEG_INFINITY, f64::max);
        if !top.is_finite() {
            self.log_evidence = f64::NEG_INFINITY;
            return;
        }
        let sum: f64 = logs.iter().map(|l| (l - top).exp()).sum();
        self.log_evidence = top + (sum / logs.len() as f64).ln();
        self.settings = draws
            .iter()
            .zip(&logs)
            .map(|(z, log)| {
                let places = z.iter().map(|z| logistic(*z)).collect();
                ((log - top).exp() / sum, places)
            })
            .filter(|(weight, _)| *weight > 1e-9)
            .collect();
    }

    fn logits(&self) -> Vec<Vec<f64>> {
        let inside = |place: &f64| logit(place.clamp(1e-9, 1.0 - 1e-9));
        let each = self.settings.iter();
        each.map(|(_, places)| places.iter().map(inside).collect())
            .collect()
    }

    /// Logarithm of the likelihood at one setting, by blocks.
    fn log_likelihood(
        &self,
        h: &Hypothesis,
        surrogate: &Surrogate,
        noise: Option<&Noise>,
        places: &[f64],
    ) -> f64 {
        let n = self.rows.y.len();
        let density = |from: usize, to: usize| {
            let found = self.fit(h, surrogate, noise, places, from, to);
            found.map_or(-1e9, |fit| fit.log_density)
        };
        let first = if n <= 2 * BLOCK { n } else { BLOCK };
        let mut sum = self.rows.constant + density(0, first);
        let mut from = first;
        while from < n {
            let to = if n - from < 2 * BLOCK {
                n
            } else {
                from + BLOCK
            };
            sum += density(from - BLOCK, to) - density(from - BLOCK, from);
            from = to;
        }
        if sum.is_nan() { -1e9 } else { sum.max(-1e9) }
    }

    /// The process at a setting, conditioned on rows `from..to`.
    fn fit(
        &self,
        h: &Hypothesis,
        surrogate: &Surrogate,
        noise: Option<&Noise>,
        places: &[f64],
        from: usize,
        to: usize,
    ) -> Option<Fit> {
        let values = values(h, places);
        let x = &self.rows.x[from..to];
        let n = x.len();
        let middle = surrogate.middle().0;
        let residuals: Vec<f64> = self.rows.y[from..to].iter().map(|y| y - middle).collect();
        let mut kernel = vec![0.0; n * n];
        for i in 0..n {
            for j in 0..=i {
                kernel[i * n + j] = surrogate.covariance(&x[i], &x[j], &values);
            }
        }
        let with = |variances: &[f64]| {
            let mut whole = kernel.clone();
            let tiny = 1e-10 * values[0] * values[0];
            for (i, variance) in variances.iter().enumerate() {
                whole[i * n + i] += variance + tiny;
            }
            let factor = Lower::of(whole, n)?;
            let mut weights = residuals.clone();
            factor.solve(&mut weights);
            Some((factor, weights))
        };
        let mut rest = 0.0;
        let (factor, weights) = match &self.rows.errors {
            Errors::Stated(variances) => with(&variances[from..to])?,
            Errors::Learned(spreads) => {
                let spreads = &spreads[from..to];
                let (sd, cv) = noise?.at(h, places);
                let plain = |s: &Spread| s.variance(sd * sd);
                let mut found = with(&spreads.iter().map(plain).collect::<Vec<_>>())?;
                let mut own = vec![sd * sd; n];
                let doses = noise.map_or(&[][..], |noise| &noise.doses);
                if cv > 0.0 && !doses.is_empty() {
                    for (at, own) in own.iter_mut().enumerate() {
                        *own += dose_variance(surrogate, &values, &x[at], x, &found.1, doses, cv);
                    }
                    let each = spreads.iter().zip(&own);
                    found = with(&each.map(|(s, own)| s.variance(*own)).collect::<Vec<_>>())?;
                }
                // Of the density of each reading's wells, what a normal density of its mean leaves out.
                for (spread, own) in spreads.iter().zip(&own) {
                    rest += spread.log_density(0.0, *own) + 0.5 * spread.variance(*own).ln();
                }
                found
            }
        };
        let mut log_density = rest - 0.5 * (dot(&residuals, &weights) + factor.log_determinant());
        if matches!(self.rows.errors, Errors::Stated(_)) {
            log_density -= 0.5 * n as f64 * (2.0 * std::f64::consts::PI).ln();
        }
        Some(Fit {
            x: x.to_vec(),
            values,
            factor,
            weights,
            log_density,
        })
    }

    /// Few settings that stand for all, each conditioned on the last readings, with even weights.
    fn fits(&self, h: &Hypothesis, surrogate: &Surrogate, noise: Option<&Noise>) -> Vec<Drawn> {
        let noise = noise.filter(|noise| noise.shown.is_some());
        let n = self.rows.y.len();
        let from = n.saturating_sub(2 * BLOCK);
        let step = 1.0 / SETTINGS as f64;
        let (mut passed, mut next) = (0.0, 0.5 * step);
        let mut found: Vec<Drawn> = Vec::new();
        for (weight, places) in &self.settings {
            passed += weight;
            let mut times = 0.0;
            while next < passed && next < 1.0 {
                times += step;
                next += step;
            }
            if times > 0.0
                && let Some(fit) = self.fit(h, surrogate, noise, places, from, n)
            {
                found.push(Drawn {
                    weight: times,
                    fit,
                    errors: noise.map(|noise| noise.at(h, places)),
                });
            }
        }
        let sum: f64 = found.iter().map(|drawn| drawn.weight).sum();
        found.iter_mut().for_each(|drawn| drawn.weight /= sum);
        found
    }

    /// Means and covariances at points for each of a few settings, and the error variance of one well that is learned.
    pub(super) fn pictures(
        &self,
        h: &Hypothesis,
        surrogate: &Surrogate,
        noise: Option<&Noise>,
        points: &[Vec<f64>],
    ) -> Vec<Picture> {
        let middle = surrogate.middle().0;
        let m = points.len();
        let each = self.fits(h, surrogate, noise).into_iter().map(|drawn| {
            let Drawn {
                weight,
                fit,
                errors,
            } = drawn;
            let n = fit.x.len();
            let mut means = vec![middle; m];
            let mut reduced: Vec<Vec<f64>> = Vec::with_capacity(m);
            for (at, point) in points.iter().enumerate() {
                let across = fit.x.iter();
                let mut across: Vec<f64> = across
                    .map(|x| surrogate.covariance(point, x, &fit.values))
                    .collect();
                means[at] += dot(&across, &fit.weights);
                if n > 0 {
                    fit.factor.forward(&mut across);
                }
                reduced.push(across);
            }
            let mut covariance = vec![0.0; m * m];
            for i in 0..m {
                for j in 0..=i {
                    let prior = surrogate.covariance(&points[i], &points[j], &fit.values);
                    let left = prior - dot(&reduced[i], &reduced[j]);
                    covariance[i * m + j] = left;
                    covariance[j * m + i] = left;
                }
            }
            let doses = noise.map_or(&[][..], |noise| &noise.doses);
            let errors = errors.map(|(sd, cv)| {
                let of = |point: &Vec<f64>| {
                    let steep = dose_variance(
                        surrogate,
                        &fit.values,
                        point,
                        &fit.x,
                        &fit.weights,
                        doses,
                        cv,
                    );
                    sd * sd + steep
                };
                points.iter().map(of).collect()
            });
            Picture {
                weight,
                means,
                covariance,
                errors,
            }
        });
        each.collect()
    }

    /// Each reading's distance from what all others say of it, over its standard deviation: `K⁻¹y / √diag K⁻¹`
    /// (Rasmussen and Williams, section 5.4.2), for a few settings.
    pub(super) fn left_out(
        &self,
        h: &Hypothesis,
        surrogate: &Surrogate,
        noise: Option<&Noise>,
    ) -> Vec<(f64, Vec<f64>)> {
        let each = self.fits(h, surrogate, noise).into_iter().map(|drawn| {
            let n = drawn.fit.x.len();
            let mut diagonal = vec![0.0; n];
            for column in 0..n {
                let mut unit = vec![0.0; n];
                unit[column] = 1.0;
                drawn.fit.factor.forward(&mut unit);
                diagonal[column] = dot(&unit, &unit);
            }
            let each = drawn.fit.weights.iter().zip(&diagonal);
            (drawn.weight, each.map(|(w, d)| w / d.sqrt()).collect())
        });
        each.collect()
    }
}

/// A setting that stands for some.
struct Drawn {
    weight: f64,
    fit: Fit,
    /// Error of a well and relative error of doses, where they are learned.
    errors: Option<(f64, f64)>,
}

/// What one setting says of points.
pub(super) struct Picture {
    pub weight: f64,
    pub means: Vec<f64>,
    pub covariance: Vec<f64>,
    /// Variance of one well at each point, where it is learned.
    pub errors: Option<Vec<f64>>,
}

/// The size and the reaches at places of their ranges.
fn values(h: &Hypothesis, places: &[f64]) -> Vec<f64> {
    let each = h.parameters.iter().zip(places);
    each.map(|(parameter, place)| parameter.at(*place))
        .collect()
}

/// What an error of doses makes of the response at a point, by the slope there.
fn dose_variance(
    surrogate: &Surrogate,
    values: &[f64],
    point: &[f64],
    x: &[Vec<f64>],
    weights: &[f64],
    doses: &[usize],
    cv: f64,
) -> f64 {
    let along = surrogate.axes.iter().enumerate();
    let along = along.filter(|(_, axis)| doses.contains(&axis.factor));
    let each = along.map(|(at, axis)| {
        let parts = x.iter().zip(weights);
        let slope: f64 = parts
            .map(|(x, w)| w * surrogate.slope(point, x, values, at))
            .sum();
        (cv * point[axis.factor] * slope).powi(2)
    });
    each.sum()
}
