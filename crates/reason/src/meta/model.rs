//! Effects put together: coefficients, heterogeneity, tests and intervals.

use super::tails::*;
use super::tau2::{Weighted, solve_q};
use super::{Effects, Tau2};
use thiserror::Error;

/// Why a model can't be fitted.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum MetaError {
    /// Not more sources than coefficients.
    #[error("too few sources: {sources}, and at least {} are needed", coefficients + 1)]
    TooFew {
        /// Sources there are.
        sources: usize,
        /// Coefficients asked for.
        coefficients: usize,
    },
    /// A moderator follows from the others.
    #[error(
        "the moderators can't be told apart: one of them is constant or follows from the others"
    )]
    Singular,
    /// The data have no maximum of the likelihood inside the range of the parameters.
    #[error("not estimable: {0}")]
    NotEstimable(&'static str),
}

/// How coefficients are tested.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Test {
    /// Standard normal.
    Normal,
    /// Student's t with the variance scaled by the generalised Q (Knapp and Hartung, Stat. Med. 22 (2003)
    /// 2693).
    KnappHartung,
}

/// A coefficient of the model.
#[derive(Clone, Debug, PartialEq)]
pub struct Coefficient {
    /// `intercept` or the moderator's name.
    pub name: String,
    /// The estimate.
    pub estimate: f64,
    /// Its standard error.
    pub se: f64,
    /// Estimate over standard error: z, or t.
    pub statistic: f64,
    /// Two-sided.
    pub p: f64,
    /// 95 % confidence interval.
    pub ci: (f64, f64),
}

/// How much sources differ.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Heterogeneity {
    /// Variance between sources.
    pub tau2: f64,
    /// Cochran's Q of the residuals, with fixed-effect weights.
    pub q: f64,
    /// Its degrees of freedom.
    pub freedom: usize,
    /// Its p value.
    pub q_p: f64,
    /// Share of the variance that lies between sources, per cent.
    pub i2: f64,
    /// Total variance over that within sources.
    pub h2: f64,
}

/// A fitted model.
#[derive(Clone, Debug, PartialEq)]
pub struct Fit {
    /// How the variance between sources was estimated.
    pub method: Tau2,
    /// How coefficients were tested.
    pub test: Test,
    /// The number of sources.
    pub sources: usize,
    /// The coefficients; the first is the intercept.
    pub coefficients: Vec<Coefficient>,
    /// Covariance of the coefficients, row-major.
    pub covariance: Vec<f64>,
    /// How much sources differ.
    pub heterogeneity: Heterogeneity,
    /// The restricted log-likelihood for [`Tau2::Restricted`], the full one otherwise.
    pub log_likelihood: f64,
    /// Wald test that all moderators do nothing: statistic, p; `None` without moderators.
    pub moderators: Option<(f64, f64)>,
    /// Share of the variance between sources that the moderators explain, per cent.
    pub r2: Option<f64>,
}

impl Fit {
    /// The intercept: the mean effect where there are no moderators.
    #[must_use]
    pub fn mean(&self) -> &Coefficient {
        &self.coefficients[0]
    }

    /// The coefficient with this name.
    #[must_use]
    pub fn coefficient(&self, name: &str) -> Option<&Coefficient> {
        self.coefficients.iter().find(|c| c.name == name)
    }
}

pub(crate) fn usable(effects: &Effects) -> Result<(), MetaError> {
    if effects.len() <= effects.x.len() {
        return Err(MetaError::TooFew {
            sources: effects.len(),
            coefficients: effects.x.len(),
        });
    }
    Ok(())
}

/// Within-source variance that is typical for the set: `(k-p) / tr(P)` with fixed-effect weights
/// (Higgins and Thompson, Stat. Med. 21 (2002) 1539, generalised to moderators).
fn typical_variance(effects: &Effects, fixed: &Weighted) -> f64 {
    (effects.len() - effects.x.len()) as f64 / fixed.trace_p(effects, |_| 1.0)
}

/// Puts effects together.
///
/// # Errors
/// If there are too few sources, or moderators that can't be told apart.
pub fn fit(effects: &Effects, method: Tau2, test: Test) -> Result<Fit, MetaError> {
    usable(effects)?;
    let tau2 = method.estimate(effects).ok_or(MetaError::Singular)?;
    let fixed = Weighted::between(effects, 0.0).ok_or(MetaError::Singular)?;
    let weighted = Weighted::between(effects, tau2).ok_or(MetaError::Singular)?;
    let (k, p) = (effects.len(), effects.x.len());
    let freedom = k - p;
    let scale = match test {
        Test::Normal => 1.0,
        Test::KnappHartung => weighted.rss / freedom as f64,
    };
    let critical = match test {
        Test::Normal => normal_quantile(0.975),
        Test::KnappHartung => student_quantile(0.975, freedom as f64),
    };
    let covariance: Vec<f64> = weighted.covariance.a.iter().map(|c| c * scale).collect();
    let coefficients = (0..p)
        .map(|i| {
            let (estimate, se) = (weighted.beta[i], covariance[i * p + i].sqrt());
            let statistic = estimate / se;
            let p_value = match test {
                Test::Normal => normal_p(statistic),
                Test::KnappHartung => student_p(statistic, freedom as f64),
            };
            let ci = (estimate - critical * se, estimate + critical * se);
            Coefficient {
                name: effects.names[i].clone(),
                estimate,
                se,
                statistic,
                p: p_value,
                ci,
            }
        })
        .collect();
    let (i2, h2) = match method {
        Tau2::Fixed => {
            let h2 = fixed.rss / freedom as f64;
            (100.0 * (1.0 - 1.0 / h2).max(0.0), h2)
        }
        _ => {
            let typical = typical_variance(effects, &fixed);
            (100.0 * tau2 / (typical + tau2), tau2 / typical + 1.0)
        }
    };
    let moderators = (p > 1).then(|| {
        let keep: Vec<usize> = (1..p).collect();
        let statistic = weighted
            .covariance
            .part(&keep)
            .inverse()
            .map_or(f64::NAN, |(inverse, _)| {
                inverse.quadratic(&weighted.beta[1..]) / scale
            });
        match test {
            Test::Normal => (statistic, chi_squared_p(statistic, keep.len() as f64)),
            Test::KnappHartung => {
                let f = statistic / keep.len() as f64;
                (f, fisher_p(f, keep.len() as f64, freedom as f64))
            }
        }
    });
    let r2 = match (p > 1, method) {
        (true, Tau2::Fixed) | (false, _) => None,
        (true, _) => method
            .estimate(&effects.plain())
            .filter(|all| *all > 0.0)
            .map(|all| 100.0 * ((all - tau2) / all).max(0.0)),
    };
    Ok(Fit {
        method,
        test,
        sources: k,
        coefficients,
        covariance,
        heterogeneity: Heterogeneity {
            tau2,
            q: fixed.rss,
            freedom,
            q_p: chi_squared_p(fixed.rss, freedom as f64),
            i2,
            h2,
        },
        log_likelihood: method
            .log_likelihood(effects, tau2)
            .ok_or(MetaError::Singular)?,
        moderators,
        r2,
    })
}

/// The 95 % interval of the effect in a new source like these: `mu +- q sqrt(se^2 + tau2)`, `q` normal or
/// Student's t with `k - p` degrees of freedom by the model's test (Riley et al., BMJ 342 (2011) d549).
#[must_use]
pub fn prediction_interval(fit: &Fit) -> (f64, f64) {
    let mean = fit.mean();
    let critical = match fit.test {
        Test::Normal => normal_quantile(0.975),
        Test::KnappHartung => student_quantile(0.975, fit.heterogeneity.freedom as f64),
    };
    let half = critical * (mean.se * mean.se + fit.heterogeneity.tau2).sqrt();
    (mean.estimate - half, mean.estimate + half)
}

/// A 95 % interval of the heterogeneity.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct HeterogeneityInterval {
    /// Of the variance between sources.
    pub tau2: (f64, f64),
    /// Of its share of the whole, per cent.
    pub i2: (f64, f64),
}

/// The 95 % interval of `tau2` by the Q-profile (Viechtbauer, Stat. Med. 26 (2007) 37), with the matching
/// interval of I², per cent.
///
/// # Errors
/// If there are too few sources, or moderators that can't be told apart.
pub fn profile_tau2(effects: &Effects) -> Result<HeterogeneityInterval, MetaError> {
    usable(effects)?;
    let freedom = (effects.len() - effects.x.len()) as f64;
    let bound =
        |p: f64| solve_q(effects, chi_squared_quantile(p, freedom)).ok_or(MetaError::Singular);
    let (low, high) = (bound(0.975)?, bound(0.025)?);
    let fixed = Weighted::between(effects, 0.0).ok_or(MetaError::Singular)?;
    let typical = typical_variance(effects, &fixed);
    let share = |tau2: f64| 100.0 * tau2 / (typical + tau2);
    Ok(HeterogeneityInterval {
        tau2: (low, high),
        i2: (share(low), share(high)),
    })
}
