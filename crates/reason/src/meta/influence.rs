//! What each source does to the result.

use super::tau2::Weighted;
use super::{Effects, MetaError, Tau2, Test, fit};

/// What one source does to the result.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Influence {
    /// The mean without it.
    pub mean_without: f64,
    /// The standard error of that mean.
    pub se_without: f64,
    /// The variance between sources without it.
    pub tau2_without: f64,
    /// Its residual from the model without it, over that residual's standard error.
    pub studentised: f64,
    /// How far all fitted values move without it (Cook 1977).
    pub cook: f64,
    /// Its weight on its own fitted value.
    pub leverage: f64,
    /// How far its own fitted value moves without it, in standard errors.
    pub dffits: f64,
}

/// Leaves each source out in turn (Viechtbauer and Cheung, Res. Synth. Methods 1 (2010) 112).
///
/// # Errors
/// With two sources or fewer.
pub fn leave_one_out(effects: &Effects, method: Tau2) -> Result<Vec<Influence>, MetaError> {
    let plain = effects.plain();
    let all = fit(&plain, method, Test::Normal)?;
    let weighted = Weighted::between(&plain, all.heterogeneity.tau2).ok_or(MetaError::Singular)?;
    let mean = all.mean().estimate;
    (0..plain.len())
        .map(|own| {
            let others: Vec<usize> = (0..plain.len()).filter(|row| *row != own).collect();
            let without = fit(&plain.select(&others), method, Test::Normal)?;
            let (m, se, tau2) = (
                without.mean().estimate,
                without.mean().se,
                without.heterogeneity.tau2,
            );
            let leverage = weighted.weight[own] * weighted.leverage(&plain, own, own);
            let spread = plain.v[own] + tau2;
            Ok(Influence {
                mean_without: m,
                se_without: se,
                tau2_without: tau2,
                studentised: (plain.y[own] - m) / (spread + se * se).sqrt(),
                cook: (mean - m).powi(2) / (all.mean().se * all.mean().se),
                leverage,
                dffits: (mean - m) / (leverage * spread).sqrt(),
            })
        })
        .collect()
}

/// The mean, its standard error and the variance between sources as sources come in this order.
///
/// # Errors
/// If a model can't be fitted.
pub fn cumulative(
    effects: &Effects,
    order: &[usize],
    method: Tau2,
) -> Result<Vec<(f64, f64, f64)>, MetaError> {
    (1..=order.len())
        .map(|count| {
            if count == 1 {
                return Ok((effects.y[order[0]], effects.v[order[0]].sqrt(), 0.0));
            }
            let so_far = fit(
                &effects.plain().select(&order[..count]),
                method,
                Test::Normal,
            )?;
            Ok((
                so_far.mean().estimate,
                so_far.mean().se,
                so_far.heterogeneity.tau2,
            ))
        })
        .collect()
}
