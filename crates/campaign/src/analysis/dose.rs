//! Four-parameter logistic dose-response curves.
//!
//! y = c + (d - c) / (1 + exp(b (ln x - ln e))): `d` is the level at dose zero (for b > 0), `c` the level
//! at a great dose, `e` the dose half way, `b` the slope. A dose of zero gives `d` exactly.

use super::stats::{finite, median};

/// A point of the curve.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Curve {
    /// Slope; positive where the response falls with the dose.
    pub b: f64,
    /// Level at a great dose.
    pub c: f64,
    /// Level at dose zero.
    pub d: f64,
    /// Dose half way, in the doses' unit.
    pub e: f64,
}

impl Curve {
    /// The response at a dose.
    #[must_use]
    pub fn at(&self, dose: f64) -> f64 {
        self.c + (self.d - self.c) * share(self.b, dose, self.e.ln()).0
    }

    /// The dose that takes away this share (0 to 1) of what lies between `d` and `c`.
    #[must_use]
    pub fn effective_dose(&self, share: f64) -> f64 {
        self.e * (share / (1.0 - share)).powf(1.0 / self.b)
    }
}

/// Standard errors of a curve's parameters.
pub type CurveErrors = Curve;

/// A fitted curve.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct DoseResponse {
    /// The curve.
    pub curve: Curve,
    /// Standard errors from J′J (expected information), the usual choice for nonlinear least squares.
    pub errors: CurveErrors,
    /// Standard errors from the observed Hessian of the residual sum of squares, as R's `drc` prints.
    pub observed_errors: CurveErrors,
    /// Residual sum of squares.
    pub rss: f64,
    /// Residual standard deviation.
    pub residual_sd: f64,
    /// Degrees of freedom that are left.
    pub freedom: usize,
}

/// Why there is no curve.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum DoseError {
    /// Not enough values.
    #[error(
        "{found} values at {doses} doses: a four-parameter curve needs more than 4 values, at 4 doses or more"
    )]
    TooFew {
        /// Values found.
        found: usize,
        /// Different doses.
        doses: usize,
    },
    /// A dose is negative or no number.
    #[error("dose {0}: expected a number from 0 up")]
    BadDose(f64),
    /// The values do not determine all four parameters.
    #[error(
        "the values do not determine a curve: they lie flat, or the doses lie on one side of it"
    )]
    NotIdentified,
}

/// Steps of Levenberg-Marquardt for each start.
const STEPS_MAX: usize = 400;

/// Share of the curve that is left at a dose, its derivative and second derivative by z = b (ln x - l),
/// and ln x - l; at dose zero, where z is infinite, the derivatives vanish and the last is 0.
fn share(b: f64, dose: f64, log_e: f64) -> (f64, f64, f64, f64) {
    if dose == 0.0 {
        let whole = if b > 0.0 {
            1.0
        } else if b < 0.0 {
            0.0
        } else {
            0.5
        };
        return (whole, 0.0, 0.0, 0.0);
    }
    let away = dose.ln() - log_e;
    let g = 1.0 / (1.0 + (b * away).exp());
    (g, -g * (1.0 - g), g * (1.0 - g) * (1.0 - 2.0 * g), away)
}

/// b, c, d, ln e.
type Theta = [f64; 4];

fn residuals(theta: &Theta, data: &[(f64, f64)]) -> f64 {
    data.iter()
        .map(|&(x, y)| {
            let g = share(theta[0], x, theta[3]).0;
            (y - theta[1] - (theta[2] - theta[1]) * g).powi(2)
        })
        .sum()
}

/// J′J, J′r, and the second-order part -Σ r ∇²f of half the Hessian.
fn derivatives(theta: &Theta, data: &[(f64, f64)]) -> ([[f64; 4]; 4], Theta, [[f64; 4]; 4]) {
    let [b, c, d, l] = *theta;
    let mut jj = [[0.0; 4]; 4];
    let mut jr = [0.0; 4];
    let mut second = [[0.0; 4]; 4];
    for &(x, y) in data {
        let (g, g1, g2, away) = share(b, x, l);
        let span = d - c;
        let residual = y - c - span * g;
        let row = [span * g1 * away, 1.0 - g, g, -span * g1 * b];
        for i in 0..4 {
            for j in 0..4 {
                jj[i][j] += row[i] * row[j];
            }
            jr[i] += row[i] * residual;
        }
        let mut add = |i: usize, j: usize, value: f64| {
            second[i][j] -= residual * value;
            if i != j {
                second[j][i] -= residual * value;
            }
        };
        add(0, 0, span * g2 * away * away);
        add(0, 1, -g1 * away);
        add(0, 2, g1 * away);
        add(0, 3, -span * (g2 * away * b + g1));
        add(1, 3, g1 * b);
        add(2, 3, -g1 * b);
        add(3, 3, span * g2 * b * b);
    }
    (jj, jr, second)
}

/// Levenberg-Marquardt with Marquardt's scaling (J. SIAM 11 (1963) 431).
fn descend(mut theta: Theta, data: &[(f64, f64)]) -> (Theta, f64) {
    let mut rss = residuals(&theta, data);
    let mut damping = 1e-3;
    for _ in 0..STEPS_MAX {
        let (jj, jr, _) = derivatives(&theta, data);
        let mut damped = jj;
        for (i, row) in damped.iter_mut().enumerate() {
            row[i] += damping * jj[i][i].max(1e-12);
        }
        let Some(inverse) = invert(damped) else {
            damping *= 10.0;
            if damping > 1e12 {
                break;
            }
            continue;
        };
        let mut next = theta;
        for i in 0..4 {
            next[i] += (0..4).map(|j| inverse[i][j] * jr[j]).sum::<f64>();
        }
        let next_rss = residuals(&next, data);
        if next_rss.is_finite() && next_rss <= rss {
            let gain = rss - next_rss;
            let moved = (0..4)
                .map(|i| (next[i] - theta[i]).abs() / (theta[i].abs() + 1e-6))
                .fold(0.0, f64::max);
            theta = next;
            rss = next_rss;
            damping = (damping * 0.2).max(1e-15);
            if gain <= 1e-15 * rss && moved < 1e-10 {
                break;
            }
        } else {
            damping *= 5.0;
            if damping > 1e12 {
                break;
            }
        }
    }
    (theta, rss)
}

/// Fits a curve to doses and responses by least squares, from several starts.
///
/// # Errors
/// If there are too few values, a dose is negative, or the values do not determine the curve.
pub fn fit(doses: &[f64], responses: &[f64]) -> Result<DoseResponse, DoseError> {
    if let Some(bad) = doses
        .iter()
        .find(|dose| !(dose.is_finite() && **dose >= 0.0))
    {
        return Err(DoseError::BadDose(*bad));
    }
    let data: Vec<(f64, f64)> = doses
        .iter()
        .zip(responses)
        .filter(|(_, y)| y.is_finite())
        .map(|(x, y)| (*x, *y))
        .collect();
    let mut distinct: Vec<f64> = data.iter().map(|(x, _)| *x).collect();
    distinct.sort_by(f64::total_cmp);
    distinct.dedup();
    if data.len() <= 4 || distinct.len() < 4 {
        return Err(DoseError::TooFew {
            found: data.len(),
            doses: distinct.len(),
        });
    }
    let level = |dose: f64| {
        median(
            &data
                .iter()
                .filter(|(x, _)| *x == dose)
                .map(|(_, y)| *y)
                .collect::<Vec<_>>(),
        )
    };
    let levels: Vec<f64> = finite(&distinct.iter().map(|dose| level(*dose)).collect::<Vec<_>>());
    let positive: Vec<f64> = distinct
        .iter()
        .copied()
        .filter(|dose| *dose > 0.0)
        .collect();
    let (first, last) = (levels[0], levels[levels.len() - 1]);
    let mut best: Option<(Theta, f64)> = None;
    for dose in &positive {
        for slope in [1.0, 3.0] {
            let found = descend([slope, last, first, dose.ln()], &data);
            if found.1.is_finite() && best.as_ref().is_none_or(|best| found.1 < best.1) {
                best = Some(found);
            }
        }
    }
    let (mut theta, rss) = best.ok_or(DoseError::NotIdentified)?;
    if theta[0] < 0.0 {
        // The same curve with its levels named the other way round.
        theta = [-theta[0], theta[2], theta[1], theta[3]];
    }
    let (jj, _, second) = derivatives(&theta, &data);
    let mut observed = jj;
    for (i, row) in observed.iter_mut().enumerate() {
        for (j, cell) in row.iter_mut().enumerate() {
            *cell += second[i][j];
        }
    }
    let freedom = data.len() - 4;
    let variance = rss / freedom as f64;
    let e = theta[3].exp();
    let errors = |information| -> Option<CurveErrors> {
        let inverse = invert(information)?;
        let se = |i: usize| (variance * inverse[i][i]).sqrt();
        Some(Curve {
            b: se(0),
            c: se(1),
            d: se(2),
            e: e * se(3),
        })
    };
    let expected = errors(jj).ok_or(DoseError::NotIdentified)?;
    let range = distinct[distinct.len() - 1] / positive[0];
    if !(e.is_finite() && e < distinct[distinct.len() - 1] * range && e * range > positive[0]) {
        return Err(DoseError::NotIdentified);
    }
    Ok(DoseResponse {
        curve: Curve {
            b: theta[0],
            c: theta[1],
            d: theta[2],
            e,
        },
        errors: expected,
        observed_errors: errors(observed).unwrap_or(Curve {
            b: f64::NAN,
            c: f64::NAN,
            d: f64::NAN,
            e: f64::NAN,
        }),
        rss,
        residual_sd: variance.sqrt(),
        freedom,
    })
}

/// The inverse of a 4 × 4 matrix by Gauss-Jordan with pivots; `None` if singular to rounding. Rows
/// and columns are scaled by the diagonal first, since parameters have different units.
fn invert(mut m: [[f64; 4]; 4]) -> Option<[[f64; 4]; 4]> {
    let scale: Theta = std::array::from_fn(|i| m[i][i].abs().sqrt());
    if scale.iter().any(|s| !s.is_finite() || *s == 0.0) {
        return None;
    }
    for (i, row) in m.iter_mut().enumerate() {
        for (j, cell) in row.iter_mut().enumerate() {
            *cell /= scale[i] * scale[j];
        }
    }
    let mut inverse: [[f64; 4]; 4] =
        std::array::from_fn(|i| std::array::from_fn(|j| f64::from(u8::from(i == j))));
    for column in 0..4 {
        let pivot =
            (column..4).max_by(|a, b| m[*a][column].abs().total_cmp(&m[*b][column].abs()))?;
        if m[pivot][column].abs() < 1e-14 {
            return None;
        }
        m.swap(column, pivot);
        inverse.swap(column, pivot);
        let by = m[column][column];
        for j in 0..4 {
            m[column][j] /= by;
            inverse[column][j] /= by;
        }
        for i in (0..4).filter(|i| *i != column) {
            let times = m[i][column];
            for j in 0..4 {
                m[i][j] -= times * m[column][j];
                inverse[i][j] -= times * inverse[column][j];
            }
        }
    }
    for (i, row) in inverse.iter_mut().enumerate() {
        for (j, cell) in row.iter_mut().enumerate() {
            *cell /= scale[i] * scale[j];
        }
    }
    Some(inverse)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_known_curve_comes_back() {
        let curve = Curve {
            b: 2.0,
            c: 0.1,
            d: 1.0,
            e: 5.0,
        };
        let doses = [0.0, 0.5, 1.0, 2.0, 4.0, 8.0, 16.0, 64.0];
        let responses: Vec<f64> = doses.iter().map(|dose| curve.at(*dose)).collect();
        let found = fit(&doses, &responses).unwrap();
        assert!((found.curve.b - 2.0).abs() < 1e-6 && (found.curve.e - 5.0).abs() < 1e-6);
        assert!(found.rss < 1e-18);
        assert_eq!(curve.at(0.0), 1.0);
        assert!((curve.at(curve.effective_dose(0.9)) - 0.19).abs() < 1e-12);
    }

    #[test]
    fn rising_curves_have_their_levels_the_other_way_round() {
        let curve = Curve {
            b: 1.5,
            c: 2.0,
            d: 0.0,
            e: 1.0,
        };
        let doses = [0.0, 0.1, 0.3, 1.0, 3.0, 10.0];
        let responses: Vec<f64> = doses.iter().map(|dose| curve.at(*dose)).collect();
        let found = fit(&doses, &responses).unwrap();
        assert!((found.curve.c - 2.0).abs() < 1e-6 && found.curve.d.abs() < 1e-6);
    }

    #[test]
    fn what_is_no_curve_is_refused() {
        assert_eq!(
            fit(&[0.0, 1.0, 2.0], &[1.0; 3]),
            Err(DoseError::TooFew { found: 3, doses: 3 })
        );
        let flat = fit(&[0.0, 1.0, 2.0, 4.0, 8.0], &[1.0; 5]);
        assert_eq!(flat, Err(DoseError::NotIdentified));
        assert_eq!(fit(&[-1.0], &[1.0]), Err(DoseError::BadDose(-1.0)));
    }
}
