//! What the next sources would tell.

use super::Fit;

/// Expected information (nats) about the mean effect from `count` new sources of variance `variance` each,
/// with the variance between sources as fitted: `0.5 ln(1 + count se^2 / (variance + tau2))`
/// (Lindley, Ann. Math. Statist. 27 (1956) 986, for the normal model). Heterogeneity caps it: an infinitely
/// precise source still differs from the mean by `tau`.
#[must_use]
pub fn expected_information(fit: &Fit, variance: f64, count: f64) -> f64 {
    let se = fit.mean().se;
    0.5 * (count * se * se / (variance + fit.heterogeneity.tau2)).ln_1p()
}

/// The standard error of the mean effect after `count` such sources.
#[must_use]
pub fn se_after(fit: &Fit, variance: f64, count: f64) -> f64 {
    let se = fit.mean().se;
    (1.0 / (1.0 / (se * se) + count / (variance + fit.heterogeneity.tau2))).sqrt()
}
