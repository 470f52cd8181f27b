//! The smoothly broken power law, and whether data identify it.
//!
//! Caballero, Gupta, Rish and Krueger 2023 (arXiv 2210.14891):
//! `y = a + b x^-c0 * prod_i (1 + (x/d_i)^(1/f_i))^(-c_i f_i)`, fitted by least squares on
//! `ln(1 + y)`. What lies beyond the data follows from the limit `a` and the last slope, which the
//! training error says nothing about: so [`assess`] walks along the limit, refits the rest, and
//! keeps all laws that the data can't tell from the best.

use crate::linear::{quantile, solve_spd};
use crate::{Interval, Table, TableError};
use quantity::Seed;
use rand::RngExt;

/// Starts of a fit.
const STARTS: u64 = 400;
/// Steps of one descent (Levenberg and Marquardt).
const STEPS_MAX: usize = 300;
/// Values of the limit at which the rest is refitted.
const PROFILE_POINTS: usize = 61;
/// Starts of each refit along the profile, besides its neighbour's optimum.
const PROFILE_STARTS: u64 = 12;
/// A law whose prediction at the end of the range asked for is uncertain by more than this, on
/// `ln(1 + y)`, is not identified there.
const IDENTIFIED_MAX: f64 = 0.1;

/// Parameters of a law with one break; more breaks multiply in the same way.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Broken {
    /// The limit.
    pub a: f64,
    /// The coefficient.
    pub b: f64,
    /// The exponent before the break.
    pub c0: f64,
    /// What the break adds to the exponent.
    pub c1: f64,
    /// Where it breaks.
    pub d1: f64,
    /// How soft the break is.
    pub f1: f64,
}

impl Broken {
    /// The law at `x`.
    #[must_use]
    pub fn value(&self, x: f64) -> f64 {
        self.a + log_part(&self.free(), x.ln()).0.exp()
    }

    /// The unbounded form: `ln b, c0, c1, ln d1, ln f1`.
    fn free(&self) -> [f64; 5] {
        [self.b.ln(), self.c0, self.c1, self.d1.ln(), self.f1.ln()]
    }

    fn from_free(a: f64, p: &[f64]) -> Self {
        Self {
            a,
            b: p[0].exp(),
            c0: p[1],
            c1: p[2],
            d1: p[3].exp(),
            f1: p[4].exp(),
        }
    }
}

/// Logarithm of `y - a`, with its derivatives by the free parameters.
fn log_part(p: &[f64; 5], log_x: f64) -> (f64, [f64; 5]) {
    let [log_b, c0, c1, log_d, log_f] = *p;
    let f = log_f.exp();
    let s = (log_x - log_d) / f;
    let soft = if s > 30.0 { s } else { s.exp().ln_1p() };
    let sigmoid = 1.0 / (1.0 + (-s).exp());
    let log = log_b - c0 * log_x - c1 * f * soft;
    (
        log,
        [
            1.0,
            -log_x,
            -f * soft,
            c1 * sigmoid,
            -c1 * f * (soft - s * sigmoid),
        ],
    )
}

/// A fit with its errors.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct BrokenFit {
    /// The law.
    pub law: Broken,
    /// What was minimised: the sum of squares of `ln(1 + y) - ln(1 + law)` on the rows fitted.
    pub objective: f64,
    /// Root mean square of `ln y - ln law` on the rows fitted.
    pub error: f64,
    /// Rows fitted.
    pub rows: usize,
}

/// Root mean square of `ln y - ln law` on a table with one resource; infinite where the law falls to
/// zero or below.
#[must_use]
pub fn error(law: &Broken, table: &Table) -> f64 {
    let sum: f64 = table
        .log_resource(0)
        .iter()
        .zip(table.response())
        .map(|(log_x, y)| {
            let predicted = law.value(log_x.exp());
            if predicted > 0.0 {
                (predicted.ln() - y.ln()).powi(2)
            } else {
                f64::INFINITY
            }
        })
        .sum();
    (sum / table.rows().max(1) as f64).sqrt()
}

/// Descends from a start; with `limit` given, `a` is held there.
fn descend(table: &Table, start: [f64; 6], limit_free: bool) -> ([f64; 6], f64) {
    let x = table.log_resource(0);
    let target: Vec<f64> = table.response().iter().map(|y| y.ln_1p()).collect();
    let skip = usize::from(!limit_free);
    let n = 6 - skip;
    let cost = |p: &[f64; 6]| -> f64 {
        x.iter()
            .zip(&target)
            .map(|(log_x, y)| {
                let value = p[0] + log_part(&[p[1], p[2], p[3], p[4], p[5]], *log_x).0.exp();
                if value > -1.0 {
                    (value.ln_1p() - y).powi(2)
                } else {
                    f64::INFINITY
                }
            })
            .sum()
    };
    let (mut at, mut best, mut damping) = (start, cost(&start), 1e-3);
    for _ in 0..STEPS_MAX {
        if !best.is_finite() {
            break;
        }
        let (mut gram, mut right) = (vec![0.0; n * n], vec![0.0; n]);
        for (log_x, y) in x.iter().zip(&target) {
            let (log, slopes) = log_part(&[at[1], at[2], at[3], at[4], at[5]], *log_x);
            let part = log.exp();
            let value = at[0] + part;
            let mut jacobian = [1.0, 0.0, 0.0, 0.0, 0.0, 0.0];
            slopes
                .iter()
                .enumerate()
                .for_each(|(i, slope)| jacobian[i + 1] = part * slope);
            jacobian.iter_mut().for_each(|j| *j /= 1.0 + value);
            let residual = y - value.ln_1p();
            for i in 0..n {
                right[i] += jacobian[i + skip] * residual;
                for j in 0..n {
                    gram[i * n + j] += jacobian[i + skip] * jacobian[j + skip];
                }
            }
        }
        let mut gained = None;
        while damping < 1e14 {
            let mut matrix = gram.clone();
            for i in 0..n {
                matrix[i * n + i] += damping * gram[i * n + i].max(1e-12);
            }
            if let Some(step) = solve_spd(&matrix, &right) {
                let mut next = at;
                for i in 0..n {
                    next[i + skip] += step[i].clamp(-1.0, 1.0);
                }
                let reached = cost(&next);
                if reached < best {
                    gained = Some((best - reached) / best.max(1e-300));
                    (at, best) = (next, reached);
                    damping = (damping * 0.2).max(1e-15);
                    break;
                }
            }
            damping *= 5.0;
        }
        if gained.is_none_or(|gain| gain < 1e-13) {
            break;
        }
    }
    (at, best)
}

fn starts(table: &Table, count: u64, seed: Seed) -> impl Iterator<Item = [f64; 6]> + '_ {
    let x = table.log_resource(0);
    let (low, high) = x
        .iter()
        .fold((f64::INFINITY, f64::NEG_INFINITY), |(l, h), v| {
            (l.min(*v), h.max(*v))
        });
    let least = table
        .response()
        .iter()
        .copied()
        .fold(f64::INFINITY, f64::min);
    let first = table.response().iter().copied().fold(0.0, f64::max);
    (0..count).map(move |number| {
        let mut rng = seed.derive("start", number).rng();
        let mut within = |from: f64, to: f64| from + (to - from) * rng.random::<f64>();
        let a = within(-0.2, 0.95) * least;
        let c0 = within(0.0, 0.8);
        let c1 = within(0.0, 6.0);
        let log_d = within(low, high);
        let log_f = within(0.03_f64.ln(), 1.0_f64.ln());
        [
            a,
            (first - a).max(1e-6).ln() + c0 * low,
            c0,
            c1,
            log_d,
            log_f,
        ]
    })
}

fn parameters_fit(table: &Table) -> Result<(), TableError> {
    if table.rows() <= 6 {
        Err(TableError::TooFew {
            rows: table.rows(),
            parameters: 6,
        })
    } else {
        Ok(())
    }
}

/// Fits one break by least squares on `ln(1 + y)` from many starts.
///
/// # Errors
/// With six rows or fewer.
pub fn fit(table: &Table, seed: Seed) -> Result<BrokenFit, TableError> {
    parameters_fit(table)?;
    let (best, cost) = starts(table, STARTS, seed)
        .map(|start| descend(table, start, true))
        .min_by(|a, b| a.1.total_cmp(&b.1))
        .ok_or(TableError::TooFew {
            rows: table.rows(),
            parameters: 6,
        })?;
    let law = Broken::from_free(best[0], &best[1..]);
    Ok(BrokenFit {
        law,
        objective: cost,
        error: error(&law, table),
        rows: table.rows(),
    })
}

/// What the data say of the law beyond them.
#[derive(Clone, Debug, PartialEq)]
pub struct Assessment {
    /// The best law.
    pub fit: BrokenFit,
    /// The limits `a` that the data can't rule out, as far as the profile was walked.
    pub limit: Interval,
    /// At each resource asked for: the predictions of all laws that the data can't rule out.
    pub predictions: Vec<(f64, Interval)>,
    /// Whether the predictions are narrow enough to be used.
    pub identified: bool,
}

/// Walks the limit `a`, refits the rest at each, and keeps all laws within the likelihood-ratio region
/// at `level` (normal errors on `ln(1 + y)` with unknown variance: residual sum within
/// `1 + F(level; 1, n - 6) / (n - 6)` of the least). The predictions of those laws at `beyond`, widened
/// by the error of a single observation, are the interval.
///
/// # Errors
/// With seven rows or fewer: no degree of freedom is left.
pub fn assess(
    table: &Table,
    beyond: &[f64],
    level: f64,
    seed: Seed,
) -> Result<Assessment, TableError> {
    let best = fit(table, seed)?;
    let freedom = table.rows().checked_sub(6).filter(|f| *f > 0);
    let Some(freedom) = freedom else {
        return Err(TableError::TooFew {
            rows: table.rows(),
            parameters: 6,
        });
    };
    let t = student_quantile(0.5 + level / 2.0, freedom as f64);
    let least = best.objective;
    let allowed = least * (1.0 + t * t / freedom as f64);
    let sigma = (least / freedom as f64).sqrt();

    let smallest = table
        .response()
        .iter()
        .copied()
        .fold(f64::INFINITY, f64::min);
    let mut kept = vec![best.law];
    for direction in [-1.0, 1.0] {
        let mut near = [best.law.a, 0.0, 0.0, 0.0, 0.0, 0.0];
        near[1..].copy_from_slice(&best.law.free());
        // Downwards the limit may go well below zero (the response can't, but an unidentified law can);
        // upwards it ends at the smallest response.
        let end = if direction < 0.0 {
            best.law.a - 3.0 * smallest - 1.0
        } else {
            smallest
        };
        for step in 1..=PROFILE_POINTS {
            let share = step as f64 / PROFILE_POINTS as f64;
            near[0] = best.law.a + (end - best.law.a) * share * share;
            let others = starts(table, PROFILE_STARTS, seed.derive("profile", step as u64));
            let limit = near[0];
            let (found, cost) = others
                .map(|mut start| {
                    start[0] = limit;
                    start
                })
                .chain([near])
                .map(|start| descend(table, start, false))
                .min_by(|x, y| x.1.total_cmp(&y.1))
                .unwrap_or((near, f64::INFINITY));
            if cost > allowed {
                break;
            }
            near = found;
            kept.push(Broken::from_free(found[0], &found[1..]));
        }
    }
    let limit = kept.iter().fold(
        Interval {
            low: f64::INFINITY,
            high: f64::NEG_INFINITY,
        },
        |i, law| Interval {
            low: i.low.min(law.a),
            high: i.high.max(law.a),
        },
    );
    let mut widest = 0.0_f64;
    let predictions = beyond
        .iter()
        .map(|&x| {
            let mut values: Vec<f64> = kept.iter().map(|law| law.value(x)).collect();
            values.sort_by(f64::total_cmp);
            let to_log = |y: f64| y.max(-1.0 + 1e-12).ln_1p();
            let (low, high) = (
                to_log(quantile(&values, 0.0)) - t * sigma,
                to_log(quantile(&values, 1.0)) + t * sigma,
            );
            widest = widest.max(high - low);
            (
                x,
                Interval {
                    low: low.exp_m1(),
                    high: high.exp_m1(),
                },
            )
        })
        .collect();
    Ok(Assessment {
        fit: best,
        limit,
        predictions,
        identified: widest <= 2.0 * IDENTIFIED_MAX,
    })
}

/// Quantile of Student's t by bisection on its distribution function, which is integrated by Simpson's
/// rule on `t = tan(u)`-free substitution `x = sqrt(v) tan(w)`: the density becomes `cos(w)^(v-1)`.
fn student_quantile(p: f64, freedom: f64) -> f64 {
    let simpson = |to: f64| {
        const PIECES: usize = 2000;
        let h = to / PIECES as f64;
        (0..=PIECES)
            .map(|i| {
                let weight = if i == 0 || i == PIECES {
                    1.0
                } else if i % 2 == 1 {
                    4.0
                } else {
                    2.0
                };
                weight * (h * i as f64).cos().powf(freedom - 1.0)
            })
            .sum::<f64>()
            * h
            / 3.0
    };
    let half = std::f64::consts::FRAC_PI_2;
    let total = simpson(half);
    let (mut low, mut high) = (0.0, half);
    for _ in 0..80 {
        let middle = 0.5 * (low + high);
        if 0.5 + 0.5 * simpson(middle) / total < p {
            low = middle
        } else {
            high = middle
        }
    }
    freedom.sqrt() * (0.5 * (low + high)).tan()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn student_quantiles_match_tables() {
        for (p, freedom, expected) in [
            (0.975, 6.0, 2.446_911_8),
            (0.95, 8.0, 1.859_548),
            (0.975, 1.0, 12.706_205),
        ] {
            assert!(
                (student_quantile(p, freedom) - expected).abs() < 1e-4,
                "{p} {freedom}"
            );
        }
    }

    #[test]
    fn derivatives_match_differences() {
        let p = [0.8, 0.06, 5.0, 6.4, -2.8];
        for log_x in [5.0, 6.3, 6.5, 7.0] {
            let (_, slopes) = log_part(&p, log_x);
            for i in 0..5 {
                let (mut up, mut down) = (p, p);
                up[i] += 1e-6;
                down[i] -= 1e-6;
                let difference = (log_part(&up, log_x).0 - log_part(&down, log_x).0) / 2e-6;
                assert!(
                    (difference - slopes[i]).abs() < 1e-5 * (1.0 + slopes[i].abs()),
                    "{i} at {log_x}"
                );
            }
        }
    }
}
