//! How far measured values lie from what all others say of them: gross errors, and noise that varies.

use crate::encode::Rows;
use crate::gp::{Data, Exact, Fit, leave_one_out};
use crate::linear_algebra::{cholesky_jittered, solve};

/// What each value is off by, when predicted from all others.
#[derive(Clone, Debug)]
pub(crate) struct Residuals {
    /// Value less expectation.
    pub errors: Vec<f64>,
    /// Standard deviation of that, noise included.
    pub sds: Vec<f64>,
    /// Expected values given all data.
    pub means: Vec<f64>,
}

impl Residuals {
    pub(crate) fn new(data: &Data, fit: &Fit) -> Option<Residuals> {
        let (errors, sds) = leave_one_out(data, fit)?;
        let means = Exact::new(data, fit)?.means(&data.rows);
        Some(Residuals { errors, sds, means })
    }

    /// Mean log density of the values at `rows`.
    pub(crate) fn density(&self, rows: &[usize]) -> f64 {
        let kept: Vec<f64> = rows
            .iter()
            .map(|&row| {
                let z = self.errors[row] / self.sds[row];
                -0.5 * (std::f64::consts::TAU).ln() - self.sds[row].ln() - 0.5 * z * z
            })
            .collect();
        kept.iter().sum::<f64>() / kept.len().max(1) as f64
    }
}

/// Standard deviations from what is expected beyond which a value is a gross error, for values that are
/// too bad to be true and too good to be true: what looks too good is what is looked for.
const GROSS_LOW: f64 = 4.5;
const GROSS_HIGH: f64 = 6.0;
/// A gross error is at least this large, in the spread of all values, where at most this is left open.
const GROSS_SIZE: f64 = 1.0;
const GROSS_OPEN: f64 = 0.75;
/// Largest share of the values that are set aside, and fewest values with which any is.
const GROSS_SHARE: f64 = 0.04;
const GROSS_ROWS_MIN: usize = 16;

/// Places of gross errors: far off where the others leave little open.
pub(crate) fn gross(residuals: &Residuals) -> Vec<usize> {
    let n = residuals.errors.len();
    if n < GROSS_ROWS_MIN {
        return Vec::new();
    }
    let mut found: Vec<usize> = (0..n)
        .filter(|&row| {
            let (error, sd) = (residuals.errors[row], residuals.sds[row]);
            let far = if error < 0.0 { GROSS_LOW } else { GROSS_HIGH };
            error.abs() > far * sd && error.abs() > GROSS_SIZE && sd < GROSS_OPEN
        })
        .collect();
    let off = |row: usize| (residuals.errors[row] / residuals.sds[row]).abs();
    found.sort_by(|&a, &b| off(b).total_cmp(&off(a)).then(a.cmp(&b)));
    found.truncate(((n as f64 * GROSS_SHARE) as usize).max(1));
    found.sort_unstable();
    found
}

/// Noise that varies with the factors and with the response: the logarithm of its variance is linear in
/// them, fitted to the logarithms of squared residuals (Harvey, Econometrica 44 (1976) 461).
#[derive(Clone, Debug)]
pub(crate) struct Scatter {
    /// Constant, then one coefficient for each column used, then one for the response.
    coefficients: Vec<f64>,
    columns: Vec<usize>,
}

/// Fewest rows with which varying noise is looked for: on the first plate of a table it hides good rows as
/// often as it tells of noise (bench/design/README.md).
const SCATTER_ROWS_MIN: usize = 150;
/// Least noise variance, in the spread of the values, that is worth a look.
const SCATTER_NOISE_MIN: f64 = 1e-4;
/// Most columns whose influence on the noise is fitted.
const SCATTER_COLUMNS: usize = 12;
/// Prior precision of the coefficients, in rows.
const SCATTER_RIDGE: f64 = 8.0;
/// Farthest from the mean noise variance, as a factor.
const SCATTER_FACTOR: f64 = 20.0;

impl Scatter {
    pub(crate) fn new(
        data: &Data,
        fit: &Fit,
        residuals: &Residuals,
        outliers: &[usize],
    ) -> Option<Scatter> {
        let n = data.values.len();
        if n < SCATTER_ROWS_MIN || fit.noise.exp() < SCATTER_NOISE_MIN {
            return None;
        }
        let columns: Vec<usize> = numeric(&data.rows);
        let width = columns.len() + 2;
        let mut gram = faer::Mat::<f64>::zeros(width, width);
        let mut right = vec![0.0; width];
        for row in (0..n).filter(|row| !outliers.contains(row) && data.noise_share[*row] > 0.0) {
            let x = features(&columns, data.rows.row(row), residuals.means[row]);
            // The share of the error that is noise, as a logarithm.
            let (error, sd) = (residuals.errors[row], residuals.sds[row]);
            let y = ((error / sd).powi(2)).max(1e-4).ln();
            for i in 0..width {
                right[i] += x[i] * y;
                for j in 0..=i {
                    gram[(i, j)] += x[i] * x[j];
                }
            }
        }
        (1..width).for_each(|i| gram[(i, i)] += SCATTER_RIDGE);
        let coefficients = solve(&cholesky_jittered(&gram)?, &right);
        let finite = coefficients.iter().all(|c| c.is_finite());
        let mut scatter = Scatter {
            coefficients,
            columns,
        };
        // Shares are about one on average.
        scatter.coefficients[0] = 0.0;
        let logs: f64 = (0..n)
            .map(|row| scatter.share(data.rows.row(row), residuals.means[row]).ln())
            .sum();
        scatter.coefficients[0] = -logs / n as f64;
        finite.then_some(scatter)
    }

    /// The noise variance at an encoded point where `mean` is expected, over its mean.
    pub(crate) fn share(&self, row: &[f64], mean: f64) -> f64 {
        let x = features(&self.columns, row, mean);
        let log: f64 = self.coefficients.iter().zip(&x).map(|(c, x)| c * x).sum();
        log.exp().clamp(1.0 / SCATTER_FACTOR, SCATTER_FACTOR)
    }

    /// Lets the noise of the data vary so.
    pub(crate) fn apply(&self, data: &mut Data, residuals: &Residuals) {
        for row in 0..data.values.len() {
            let share = self.share(data.rows.row(row), residuals.means[row]);
            data.noise_share[row] *= share;
        }
    }
}

fn features(columns: &[usize], row: &[f64], mean: f64) -> Vec<f64> {
    let mut x = vec![1.0];
    x.extend(columns.iter().map(|&column| 2.0 * row[column] - 1.0));
    x.push(mean);
    x
}

/// Columns that hold more than two values, all from 0 to 1: factors with an order.
fn numeric(rows: &Rows) -> Vec<usize> {
    let many = |column: usize| {
        let mut seen: Vec<f64> = Vec::new();
        for row in 0..rows.len() {
            let value = rows.row(row)[column];
            if !(0.0..=1.0).contains(&value) {
                return false;
            }
            if seen.len() < 3 && !seen.contains(&value) {
                seen.push(value);
            }
        }
        seen.len() > 2
    };
    let found = (0..rows.width).filter(|&column| many(column));
    found.take(SCATTER_COLUMNS).collect()
}
