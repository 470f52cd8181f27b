//! Estimators of the variance between sources.

use super::Effects;
use crate::matrix::Square;

/// How the variance between sources is estimated. Sources: Veroniki et al., Res. Synth. Methods 7
/// (2016) 55, section 2, where each is given with its own reference.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Tau2 {
    /// Taken to be zero: all sources estimate one effect.
    Fixed,
    /// DerSimonian and Laird 1986: moments with fixed-effect weights.
    DerSimonianLaird,
    /// Hedges and Olkin 1985: moments without weights.
    Hedges,
    /// Hunter and Schmidt 1990.
    HunterSchmidt,
    /// Sidik and Jonkman 2005.
    SidikJonkman,
    /// Maximum likelihood.
    MaximumLikelihood,
    /// Restricted maximum likelihood.
    Restricted,
    /// Paule and Mandel 1982: generalised Q equals its expectation. The empirical Bayes estimator of
    /// Morris 1983 is the same value.
    PauleMandel,
}

/// Weighted least squares with weights `1/(v + tau2)`.
pub(crate) struct Weighted {
    pub weight: Vec<f64>,
    /// `(X'WX)^-1`.
    pub covariance: Square,
    pub log_determinant: f64,
    pub beta: Vec<f64>,
    pub residual: Vec<f64>,
    /// `y'Py`: the weighted residual sum of squares.
    pub rss: f64,
}

impl Weighted {
    pub fn new(effects: &Effects, weight: Vec<f64>) -> Option<Self> {
        let (k, p) = (effects.len(), effects.x.len());
        let mut gram = Square::zero(p);
        let mut right = vec![0.0; p];
        for i in 0..p {
            for j in 0..p {
                gram.a[i * p + j] = (0..k)
                    .map(|r| weight[r] * effects.x[i][r] * effects.x[j][r])
                    .sum();
            }
        }
        for (sum, column) in right.iter_mut().zip(&effects.x) {
            *sum = (0..k).map(|r| weight[r] * column[r] * effects.y[r]).sum();
        }
        let (covariance, log_determinant) = gram.inverse()?;
        let beta = covariance.times(&right);
        let residual: Vec<f64> = (0..k)
            .map(|r| effects.y[r] - (0..p).map(|j| beta[j] * effects.x[j][r]).sum::<f64>())
            .collect();
        let rss = (0..k).map(|r| weight[r] * residual[r] * residual[r]).sum();
        Some(Self {
            weight,
            covariance,
            log_determinant,
            beta,
            residual,
            rss,
        })
    }

    pub fn between(effects: &Effects, tau2: f64) -> Option<Self> {
        Self::new(
            effects,
            effects.v.iter().map(|v| 1.0 / (v + tau2)).collect(),
        )
    }

    /// `x_r' (X'WX)^-1 x_s`.
    pub fn leverage(&self, effects: &Effects, r: usize, s: usize) -> f64 {
        let p = effects.x.len();
        (0..p)
            .map(|i| {
                (0..p)
                    .map(|j| effects.x[i][r] * self.covariance.at(i, j) * effects.x[j][s])
                    .sum::<f64>()
            })
            .sum()
    }

    /// `tr(P diag(u))` with `P = W - W X (X'WX)^-1 X' W`.
    pub fn trace_p(&self, effects: &Effects, u: impl Fn(usize) -> f64) -> f64 {
        (0..effects.len())
            .map(|r| {
                (self.weight[r] - self.weight[r].powi(2) * self.leverage(effects, r, r)) * u(r)
            })
            .sum()
    }

    /// `tr(P P)`.
    fn trace_pp(&self, effects: &Effects) -> f64 {
        let k = effects.len();
        let mut sum = 0.0;
        for r in 0..k {
            for s in 0..k {
                let own = if r == s { self.weight[r] } else { 0.0 };
                let p = own - self.weight[r] * self.weight[s] * self.leverage(effects, r, s);
                sum += p * p;
            }
        }
        sum
    }

    /// `y'PPy`.
    fn rss_pp(&self) -> f64 {
        self.residual
            .iter()
            .zip(&self.weight)
            .map(|(e, w)| (e * w).powi(2))
            .sum()
    }
}

/// Scoring steps; each nearly doubles the digits.
const STEPS_MAX: usize = 500;

impl Tau2 {
    /// The estimate, cut at zero; `None` if the design is singular.
    pub(crate) fn estimate(self, effects: &Effects) -> Option<f64> {
        let (k, p) = (effects.len() as f64, effects.x.len() as f64);
        let value = match self {
            Tau2::Fixed => 0.0,
            Tau2::DerSimonianLaird => {
                let fixed = Weighted::between(effects, 0.0)?;
                (fixed.rss - (k - p)) / fixed.trace_p(effects, |_| 1.0)
            }
            Tau2::Hedges => {
                let plain = Weighted::new(effects, vec![1.0; effects.len()])?;
                (plain.rss - plain.trace_p(effects, |r| effects.v[r])) / (k - p)
            }
            Tau2::HunterSchmidt => {
                let fixed = Weighted::between(effects, 0.0)?;
                (fixed.rss - k) / fixed.weight.iter().sum::<f64>()
            }
            Tau2::SidikJonkman => {
                let mean = effects.y.iter().sum::<f64>() / k;
                let crude = effects.y.iter().map(|y| (y - mean).powi(2)).sum::<f64>() / k;
                crude * Weighted::between(effects, crude)?.rss / (k - p)
            }
            Tau2::MaximumLikelihood | Tau2::Restricted => return self.by_likelihood(effects),
            Tau2::PauleMandel => return solve_q(effects, k - p),
        };
        Some(value.max(0.0))
    }

    /// Fisher scoring, halved until the likelihood rises; several starts, since it may have several
    /// maxima.
    fn by_likelihood(self, effects: &Effects) -> Option<f64> {
        let mut best: Option<(f64, f64)> = None;
        let spread = Tau2::Hedges
            .estimate(effects)?
            .max(Tau2::DerSimonianLaird.estimate(effects)?);
        for start in [spread, 0.0, spread * 10.0 + 1e-3] {
            let mut at = start;
            let mut here = self.log_likelihood(effects, at)?;
            for _ in 0..STEPS_MAX {
                let fit = Weighted::between(effects, at)?;
                let (score, information) = match self {
                    Tau2::Restricted => (
                        fit.rss_pp() - fit.trace_p(effects, |_| 1.0),
                        fit.trace_pp(effects),
                    ),
                    _ => (
                        fit.rss_pp() - fit.weight.iter().sum::<f64>(),
                        fit.weight.iter().map(|w| w * w).sum::<f64>(),
                    ),
                };
                let mut step = score / information;
                let mut moved = false;
                for _ in 0..60 {
                    let next = (at + step).max(0.0);
                    let reached = self.log_likelihood(effects, next)?;
                    if reached >= here && next != at {
                        moved = (next - at).abs() > 1e-14 * (1.0 + at);
                        (at, here) = (next, reached);
                        break;
                    }
                    step *= 0.5;
                }
                if !moved {
                    break;
                }
            }
            if best.is_none_or(|(_, value)| here > value) {
                best = Some((at, here));
            }
        }
        best.map(|(at, _)| at)
    }

    /// The log-likelihood that belongs to the estimator: the restricted one (with the term of the
    /// design, Harville 1974) for [`Tau2::Restricted`], the full one for the others.
    pub(crate) fn log_likelihood(self, effects: &Effects, tau2: f64) -> Option<f64> {
        let fit = Weighted::between(effects, tau2)?;
        let (k, p) = (effects.len() as f64, effects.x.len() as f64);
        let log_v: f64 = effects.v.iter().map(|v| (v + tau2).ln()).sum();
        let two_pi = (2.0 * std::f64::consts::PI).ln();
        Some(match self {
            Tau2::Restricted => {
                let design = Weighted::new(effects, vec![1.0; effects.len()])?.log_determinant;
                -0.5 * ((k - p) * two_pi - design + log_v + fit.log_determinant + fit.rss)
            }
            _ => -0.5 * (k * two_pi + log_v + fit.rss),
        })
    }
}

/// The `tau2` at which the generalised Q statistic equals `target`; zero if it is below that already.
pub(crate) fn solve_q(effects: &Effects, target: f64) -> Option<f64> {
    let q = |tau2: f64| Weighted::between(effects, tau2).map(|fit| fit.rss);
    if q(0.0)? <= target {
        return Some(0.0);
    }
    let (mut low, mut high) = (0.0, 1.0);
    while q(high)? > target {
        (low, high) = (high, high * 4.0);
        if high > 1e12 {
            return None;
        }
    }
    for _ in 0..200 {
        let middle = 0.5 * (low + high);
        if q(middle)? > target {
            low = middle
        } else {
            high = middle
        }
    }
    Some(0.5 * (low + high))
}
