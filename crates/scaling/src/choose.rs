//! Which law: by penalised likelihood, and by the prediction of larger scale that was held out.

use crate::fit::residuals;
use crate::{Loss, Table, TableError, Terms, TermsFit, fit_terms};

/// A law as a candidate.
#[derive(Clone, Debug, PartialEq)]
pub struct Candidate {
    /// Its fit to all rows.
    pub fit: TermsFit,
    /// Akaike's criterion with the correction for small samples (Hurvich and Tsai, Biometrika 76 (1989)
    /// 297), for Laplace errors on the logarithm when the loss is linear, normal ones when it is quadratic.
    pub aicc: f64,
    /// Root mean square logarithmic error on the rows of largest scale, fitted to the others; `None` if too
    /// few rows are left to fit.
    pub extrapolation: Option<f64>,
}

/// The candidates with the choice.
#[derive(Clone, Debug, PartialEq)]
pub struct Choice {
    /// In the order in which they were given.
    pub candidates: Vec<Candidate>,
    /// Index of the one that predicts the held-out scale best among those whose criterion does not rule
    /// them out.
    pub best: usize,
}

/// A law this much above the least criterion has essentially no support (Burnham and Anderson 2002, p. 70).
const NO_SUPPORT: f64 = 10.0;

/// Log-likelihood at the best scale of the errors.
fn log_likelihood(fit: &TermsFit, table: &Table) -> f64 {
    let residuals = residuals(&fit.law, &fit.parameters, table);
    let n = residuals.len() as f64;
    let spread = residuals.iter().map(|r| r * r).sum::<f64>() / n;
    if fit.loss.delta * fit.loss.delta > spread {
        -0.5 * n * ((2.0 * std::f64::consts::PI * spread).ln() + 1.0)
    } else {
        let deviation = residuals.iter().map(|r| r.abs()).sum::<f64>() / n;
        -n * ((2.0 * deviation).ln() + 1.0)
    }
}

/// Rows in order of scale: the sum of the logarithms of all resources.
#[must_use]
pub fn by_scale(table: &Table) -> Vec<usize> {
    let scale = |row: usize| {
        (0..table.resources().len())
            .map(|r| table.log_resource(r)[row])
            .sum::<f64>()
    };
    let mut rows: Vec<usize> = (0..table.rows()).collect();
    rows.sort_by(|a, b| scale(*a).total_cmp(&scale(*b)));
    rows
}

/// Fits each law to all rows and to all but the share of largest scale, and chooses.
///
/// # Errors
/// If no law can be fitted: the first reason.
pub fn choose(
    laws: &[Terms],
    table: &Table,
    loss: Loss,
    held_out: f64,
) -> Result<Choice, TableError> {
    let order = by_scale(table);
    let kept = ((1.0 - held_out.clamp(0.0, 0.9)) * table.rows() as f64).floor() as usize;
    let (train, test) = (table.select(&order[..kept]), table.select(&order[kept..]));
    let mut candidates = Vec::new();
    let mut first_error = None;
    for law in laws {
        match fit_terms(law, table, loss) {
            Ok(fit) => {
                // The scale of the errors is a parameter too.
                let (n, k) = (table.rows() as f64, law.parameters() as f64 + 1.0);
                let correction = if n > k + 1.0 {
                    2.0 * k * (k + 1.0) / (n - k - 1.0)
                } else {
                    f64::INFINITY
                };
                let aicc = 2.0 * k - 2.0 * log_likelihood(&fit, table) + correction;
                let extrapolation = match test.rows() {
                    0 => None,
                    _ => fit_terms(law, &train, loss)
                        .ok()
                        .map(|fit| fit.log_error(&test)),
                };
                candidates.push(Candidate {
                    fit,
                    aicc,
                    extrapolation,
                });
            }
            Err(error) => first_error = first_error.or(Some(error)),
        }
    }
    let least = candidates
        .iter()
        .map(|c| c.aicc)
        .fold(f64::INFINITY, f64::min);
    let rank = |c: &Candidate| {
        let ruled_out = c.aicc > least + NO_SUPPORT;
        (ruled_out, c.extrapolation.unwrap_or(f64::INFINITY), c.aicc)
    };
    let best = (0..candidates.len()).min_by(|&a, &b| {
        let (a, b) = (rank(&candidates[a]), rank(&candidates[b]));
        a.0.cmp(&b.0)
            .then(a.1.total_cmp(&b.1))
            .then(a.2.total_cmp(&b.2))
    });
    match best {
        Some(best) => Ok(Choice { candidates, best }),
        None => Err(first_error.unwrap_or(TableError::TooFew {
            rows: table.rows(),
            parameters: 1,
        })),
    }
}
