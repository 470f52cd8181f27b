//! The posterior of the normal-normal model under stated priors, by quadrature.
//!
//! Given `tau` everything is normal and exact; only `tau` is integrated, by Gauss and Legendre on panels of
//! `ln tau`. Röver, J. Stat. Softw. 93(6) (2020) for the model.

use super::tails::normal_cdf;
use super::{Effects, MetaError};
use std::f64::consts::PI;

/// A prior of the standard deviation between sources.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum TauPrior {
    /// Half-normal with this scale.
    HalfNormal(f64),
    /// Half-Cauchy with this scale.
    HalfCauchy(f64),
}

impl TauPrior {
    /// The density at `tau`.
    #[must_use]
    pub fn density(self, tau: f64) -> f64 {
        match self {
            TauPrior::HalfNormal(scale) => {
                (2.0 / PI).sqrt() / scale * (-0.5 * (tau / scale).powi(2)).exp()
            }
            TauPrior::HalfCauchy(scale) => 2.0 / (PI * scale * (1.0 + (tau / scale).powi(2))),
        }
    }

    fn scale(self) -> f64 {
        match self {
            TauPrior::HalfNormal(scale) | TauPrior::HalfCauchy(scale) => scale,
        }
    }
}

/// A normal prior of the mean.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct MeanPrior {
    /// Its mean.
    pub mean: f64,
    /// Its standard deviation.
    pub sd: f64,
}

/// The posterior as a mixture of normals over `tau`.
#[derive(Clone, Debug, PartialEq)]
pub struct Posterior {
    nodes: Vec<Node>,
    /// Logarithm of the marginal likelihood.
    pub log_marginal: f64,
    /// Bayes factor for `mean = 0` against the prior of the mean.
    pub bayes_factor_zero: f64,
}

#[derive(Clone, Copy, Debug, PartialEq)]
struct Node {
    tau: f64,
    /// Posterior probability of this node.
    share: f64,
    mean: f64,
    sd: f64,
}

/// Panels of `ln tau` and their span, relative to the prior's scale and the data's.
const PANELS: usize = 500;
const LOG_LOW: f64 = -25.0;
const LOG_HIGH: f64 = 14.0;
/// Gauss-Legendre nodes and weights of order 5 on [-1, 1] (Abramowitz and Stegun 25.4).
pub(crate) const GAUSS: [(f64, f64); 5] = [
    (-0.906_179_845_938_664, 0.236_926_885_056_189_08),
    (-0.538_469_310_105_683_1, 0.478_628_670_499_366_47),
    (0.0, 0.568_888_888_888_888_9),
    (0.538_469_310_105_683_1, 0.478_628_670_499_366_47),
    (0.906_179_845_938_664, 0.236_926_885_056_189_08),
];

/// Log-likelihood of `y` given `tau`, with the mean integrated over its prior, and the mean's posterior given
/// `tau`: `(log likelihood, mean, sd, log likelihood with the mean at zero)`.
fn given_tau(
    effects: &Effects,
    wells: Option<&Effects>,
    tau: f64,
    prior: MeanPrior,
) -> (f64, f64, f64, f64) {
    let (mut precision, mut sum, mut log_at_zero) = (
        1.0 / (prior.sd * prior.sd),
        prior.mean / (prior.sd * prior.sd),
        0.0,
    );
    let papers = effects
        .y
        .iter()
        .zip(&effects.v)
        .map(|(y, v)| (y, v + tau * tau));
    let wells = wells
        .into_iter()
        .flat_map(|wells| wells.y.iter().zip(wells.v.iter().copied()));
    for (y, spread) in papers.chain(wells) {
        precision += 1.0 / spread;
        sum += y / spread;
        log_at_zero -= 0.5 * ((2.0 * PI * spread).ln() + y * y / spread);
    }
    let (mean, sd) = (sum / precision, precision.recip().sqrt());
    // Chib's identity at mean = 0: likelihood x prior / posterior.
    let log_normal =
        |x: f64, m: f64, s: f64| -0.5 * ((x - m) / s).powi(2) - s.ln() - 0.5 * (2.0 * PI).ln();
    let log = log_at_zero + log_normal(0.0, prior.mean, prior.sd) - log_normal(0.0, mean, sd);
    (log, mean, sd, log_at_zero)
}

/// The posterior of the mean and of `tau`.
///
/// # Errors
/// Without sources.
pub fn posterior(
    effects: &Effects,
    mean: MeanPrior,
    tau: TauPrior,
) -> Result<Posterior, MetaError> {
    over_tau(effects, None, mean, tau)
}

/// The same where some sources are wells, which estimate the mean itself: `tau` is between the other sources only.
///
/// # Errors
/// Without other sources.
pub fn posterior_with_wells(
    effects: &Effects,
    wells: &Effects,
    mean: MeanPrior,
    tau: TauPrior,
) -> Result<Posterior, MetaError> {
    over_tau(effects, Some(wells), mean, tau)
}

fn over_tau(
    effects: &Effects,
    wells: Option<&Effects>,
    mean: MeanPrior,
    tau: TauPrior,
) -> Result<Posterior, MetaError> {
    if effects.is_empty() {
        return Err(MetaError::TooFew {
            sources: 0,
            coefficients: 0,
        });
    }
    let plain = effects.plain();
    let centre = tau.scale().ln();
    let h = (LOG_HIGH - LOG_LOW) / PANELS as f64;
    let mut raw = Vec::with_capacity(PANELS * GAUSS.len());
    for panel in 0..PANELS {
        for (at, weight) in GAUSS {
            let log_tau = centre + LOG_LOW + h * (panel as f64 + 0.5 + 0.5 * at);
            let value = log_tau.exp();
            let (log, m, sd, log_zero) = given_tau(&plain, wells, value, mean);
            let log_prior = tau.density(value).ln() + log_tau + (0.5 * h * weight).ln();
            raw.push((value, log + log_prior, log_zero + log_prior, m, sd));
        }
    }
    let log_marginal = log_sum(raw.iter().map(|node| node.1));
    let log_zero = log_sum(raw.iter().map(|node| node.2));
    let nodes = raw
        .iter()
        .map(|(tau, log, _, mean, sd)| Node {
            tau: *tau,
            share: (log - log_marginal).exp(),
            mean: *mean,
            sd: *sd,
        })
        .collect();
    Ok(Posterior {
        nodes,
        log_marginal,
        bayes_factor_zero: (log_zero - log_marginal).exp(),
    })
}

impl Posterior {
    fn average(&self, of: impl Fn(&Node) -> f64) -> f64 {
        self.nodes.iter().map(|node| node.share * of(node)).sum()
    }

    /// Posterior mean of the mean effect.
    #[must_use]
    pub fn mean(&self) -> f64 {
        self.average(|node| node.mean)
    }

    /// Posterior standard deviation of the mean effect.
    #[must_use]
    pub fn sd(&self) -> f64 {
        let mean = self.mean();
        self.average(|node| node.sd * node.sd + (node.mean - mean).powi(2))
            .sqrt()
    }

    /// Probability that the mean effect is below `x`.
    #[must_use]
    pub fn below(&self, x: f64) -> f64 {
        self.average(|node| normal_cdf((x - node.mean) / node.sd))
    }

    /// Probability that the effect in a new source is below `x`.
    #[must_use]
    pub fn new_below(&self, x: f64) -> f64 {
        self.average(|node| normal_cdf((x - node.mean) / node.sd.hypot(node.tau)))
    }

    /// The `q` quantile of the mean effect.
    #[must_use]
    pub fn quantile(&self, q: f64) -> f64 {
        let (centre, sd) = (self.mean(), self.sd());
        bisect(centre - 60.0 * sd, centre + 60.0 * sd, |x| {
            self.below(x) < q
        })
    }

    /// Posterior mean of `tau`.
    #[must_use]
    pub fn tau_mean(&self) -> f64 {
        self.average(|node| node.tau)
    }

    /// Posterior median of `tau`.
    #[must_use]
    pub fn tau_median(&self) -> f64 {
        self.tau_quantile(0.5)
    }

    /// The `q` quantile of `tau`: the panel that holds it, and within that the polynomial through its nodes.
    #[must_use]
    pub fn tau_quantile(&self, q: f64) -> f64 {
        let mut before = 0.0;
        for panel in self.nodes.chunks(GAUSS.len()) {
            let share: f64 = panel.iter().map(|node| node.share).sum();
            if before + share < q {
                before += share;
                continue;
            }
            // The density on [-1, 1], at each node by its share.
            let density = |x: f64| -> f64 {
                (0..GAUSS.len())
                    .map(|i| {
                        let others = (0..GAUSS.len()).filter(|j| *j != i);
                        let basis: f64 = others
                            .map(|j| (x - GAUSS[j].0) / (GAUSS[i].0 - GAUSS[j].0))
                            .product();
                        basis * panel[i].share / GAUSS[i].1
                    })
                    .sum()
            };
            let up_to = |x: f64| -> f64 {
                let half = 0.5 * (x + 1.0);
                let part = |(at, weight): &(f64, f64)| weight * density(half * (at + 1.0) - 1.0);
                half * GAUSS.iter().map(part).sum::<f64>()
            };
            let x = bisect(-1.0, 1.0, |x| before + up_to(x) < q);
            let (low, high) = (panel[0].tau.ln(), panel[GAUSS.len() - 1].tau.ln());
            let slope = (high - low) / (GAUSS[GAUSS.len() - 1].0 - GAUSS[0].0);
            return (low + (x - GAUSS[0].0) * slope).exp();
        }
        self.nodes.last().map_or(0.0, |node| node.tau)
    }

    /// Posterior mean of the true effect of one source of these.
    #[must_use]
    pub fn shrunk(&self, estimate: f64, variance: f64) -> f64 {
        self.average(|node| {
            let t2 = node.tau * node.tau;
            (estimate * t2 + node.mean * variance) / (t2 + variance)
        })
    }
}

fn log_sum(logs: impl Iterator<Item = f64> + Clone) -> f64 {
    let top = logs.clone().fold(f64::NEG_INFINITY, f64::max);
    top + logs.map(|log| (log - top).exp()).sum::<f64>().ln()
}

fn bisect(mut low: f64, mut high: f64, rises: impl Fn(f64) -> bool) -> f64 {
    for _ in 0..200 {
        let middle = 0.5 * (low + high);
        if rises(middle) {
            low = middle
        } else {
            high = middle
        }
    }
    0.5 * (low + high)
}

/// One draw from the posterior.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Draw {
    /// The mean effect.
    pub mean: f64,
    /// The standard deviation between sources.
    pub tau: f64,
    /// The true effect in a new source.
    pub new: f64,
}

impl Posterior {
    /// Independent draws from the joint posterior of mean, spread and the effect in a new source. `uniform`
    /// gives numbers in [0, 1); the same numbers give the same draws. `tau` is drawn from the nodes of the
    /// quadrature, which lie about 2 % apart.
    pub fn draws(&self, count: usize, mut uniform: impl FnMut() -> f64) -> Vec<Draw> {
        let mut so_far = 0.0;
        let reach: Vec<f64> = self
            .nodes
            .iter()
            .map(|node| {
                so_far += node.share;
                so_far
            })
            .collect();
        // Kept from the ends, where the normal quantile is infinite.
        let normal = |uniform: &mut dyn FnMut() -> f64| {
            super::tails::normal_quantile(uniform().clamp(1e-16, 1.0 - 1e-16))
        };
        (0..count)
            .map(|_| {
                let at = uniform() * so_far;
                let place = reach
                    .partition_point(|r| *r <= at)
                    .min(self.nodes.len() - 1);
                let node = self.nodes[place];
                let mean = node.mean + node.sd * normal(&mut uniform);
                Draw {
                    mean,
                    tau: node.tau,
                    new: mean + node.tau * normal(&mut uniform),
                }
            })
            .collect()
    }
}
