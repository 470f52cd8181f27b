//! What a response is expected to be before its process: the same everywhere, or changing towards the edges.
//!
//! In many dimensions nearly all of a space is far from all data, where a process falls back on its mean: with
//! a constant mean, corners seem as good as any other place, and are far less certain. How much a response
//! changes towards the edges, for all factors alike, is a matter of two numbers, which one plate tells.

use faer::Mat;

use super::fit::Data;
use crate::encode::{Group, Rows};
use crate::linear_algebra::{cholesky, solve};

/// Which trend a mean has.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Trend {
    /// The same everywhere.
    #[default]
    Level,
    /// Plus multiples of the sums over numeric columns of the second and fourth power of the distance from the
    /// middle, in half ranges, over the root of the number of groups.
    Edges,
}

/// Powers of the distance from the middle: even ones, so that no side of a factor is favoured.
const POWERS: [i32; 2] = [2, 4];
/// Fewest numeric factors for which a trend is looked for: with fewer, plates reach the edges themselves.
const FACTORS_MIN: usize = 4;
/// Standard deviation, before any data, of the multiples of the terms, in the spread of the values.
const MULTIPLE_SD: f64 = 10.0;

impl Trend {
    /// Whether most of the space is far from what a plate can measure, so that edges must be told of.
    pub(crate) fn useful(groups: &[Group]) -> bool {
        let number = |group: &&Group| matches!(group, Group::Number { .. });
        groups.iter().filter(number).count() >= FACTORS_MIN
    }

    /// Each term of the trend at all rows.
    pub(crate) fn terms(self, groups: &[Group], rows: &Rows) -> Vec<Vec<f64>> {
        let term = |power: i32| {
            let at = |row: usize| sum(groups, rows.row(row), power);
            (0..rows.len()).map(at).collect()
        };
        match self {
            Trend::Level => Vec::new(),
            Trend::Edges => POWERS.into_iter().map(term).collect(),
        }
    }
}

/// Distance from the middle of a numeric column, in half its range.
fn off(x: f64) -> f64 {
    2.0 * x - 1.0
}

/// The sum of a power of the distances from the middle, over the root of the number of groups.
fn sum(groups: &[Group], x: &[f64], power: i32) -> f64 {
    let numbers = groups.iter().filter_map(|group| match group {
        Group::Number { column } => Some(off(x[*column]).powi(power)),
        _ => None,
    });
    numbers.sum::<f64>() / (groups.len() as f64).sqrt()
}

/// The mean of a process.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(crate) struct Mean {
    /// Its value where no term of the trend counts.
    pub level: f64,
    /// What each term of the trend is multiplied by.
    multiples: [f64; POWERS.len()],
}

impl Mean {
    /// Whether it is the same everywhere.
    pub(crate) fn is_level(&self) -> bool {
        self.multiples.iter().all(|multiple| *multiple == 0.0)
    }

    /// The mean at an encoded point.
    pub(crate) fn at(&self, groups: &[Group], x: &[f64]) -> f64 {
        if self.is_level() {
            return self.level;
        }
        let terms = POWERS.into_iter().zip(self.multiples);
        self.level
            + terms
                .map(|(power, multiple)| multiple * sum(groups, x, power))
                .sum::<f64>()
    }

    /// The same, its slope along numeric columns added to `slope`.
    pub(crate) fn at_with_slope(&self, groups: &[Group], x: &[f64], slope: &mut [f64]) -> f64 {
        if self.is_level() {
            return self.level;
        }
        let root = (groups.len() as f64).sqrt();
        for group in groups {
            let &Group::Number { column } = group else {
                continue;
            };
            let off = off(x[column]);
            for (power, multiple) in POWERS.into_iter().zip(self.multiples) {
                slope[column] += multiple * 2.0 * f64::from(power) * off.powi(power - 1) / root;
            }
        }
        self.at(groups, x)
    }

    /// Logarithm of the density of the multiples before any data, without its constant.
    pub(crate) fn log_prior(&self) -> f64 {
        let squares = self.multiples.iter().map(|multiple| multiple * multiple);
        -0.5 * squares.sum::<f64>() / (MULTIPLE_SD * MULTIPLE_SD)
    }

    /// The mean of highest posterior density: generalised least squares, given the columns' products with each
    /// other (the first of which is of ones) and with the values, the inverse covariance between (Rasmussen and
    /// Williams (2006), section 2.7). Nothing where the products have no solution.
    pub(crate) fn least_squares(products: Mat<f64>, with_values: &[f64]) -> Option<Mean> {
        let mut products = products;
        for term in 1..products.nrows() {
            products[(term, term)] += 1.0 / (MULTIPLE_SD * MULTIPLE_SD);
        }
        let found = solve(&cholesky(products)?, with_values);
        if !found.iter().all(|number| number.is_finite()) {
            return None;
        }
        let mut mean = Mean {
            level: found[0],
            ..Mean::default()
        };
        for (multiple, found) in mean.multiples.iter_mut().zip(&found[1..]) {
            *multiple = *found;
        }
        Some(mean)
    }
}

impl Mean {
    /// What is left of a linear function of the values (0) less that of the mean: of ones (1), and of each term
    /// of the trend (from 2 on).
    pub(crate) fn less(&self, of: impl Fn(usize) -> f64) -> f64 {
        let used = self.multiples.iter().enumerate();
        let used = used.filter(|(_, multiple)| **multiple != 0.0);
        let trend: f64 = used.map(|(term, multiple)| multiple * of(2 + term)).sum();
        of(0) - self.level * of(1) - trend
    }
}

/// The mean of highest posterior density given the covariance's factor, and the values less it.
pub(crate) fn centre(factor: &Mat<f64>, data: &Data) -> (Mean, Vec<f64>) {
    let values = &data.values;
    let dot = |a: &[f64], b: &[f64]| a.iter().zip(b).map(|(a, b)| a * b).sum::<f64>();
    let mut columns = vec![vec![1.0; values.len()]];
    columns.extend_from_slice(&data.terms);
    let solved: Vec<Vec<f64>> = columns.iter().map(|column| solve(factor, column)).collect();
    let count = columns.len();
    let products = Mat::from_fn(count, count, |i, j| dot(&solved[i], &columns[j]));
    let with_values: Vec<f64> = solved.iter().map(|column| dot(column, values)).collect();
    let mean = Mean::least_squares(products, &with_values).unwrap_or_default();
    let residual = (0..values.len()).map(|row| {
        mean.less(|column| match column {
            0 => values[row],
            1 => 1.0,
            term => data.terms[term - 2][row],
        })
    });
    (mean, residual.collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn groups() -> Vec<Group> {
        vec![
            Group::Number { column: 0 },
            Group::Code {
                column: 1,
                levels: 3,
            },
            Group::Number { column: 2 },
        ]
    }

    #[test]
    fn a_mean_is_what_its_terms_say_and_slopes_agree_with_differences() {
        let groups = groups();
        let mean = Mean {
            level: 0.5,
            multiples: [2.0, -3.0],
        };
        let x = [0.9, 2.0, 0.2];
        let root = 3_f64.sqrt();
        let expected = 0.5 + 2.0 * (0.64 + 0.36) / root - 3.0 * (0.4096 + 0.1296) / root;
        assert!((mean.at(&groups, &x) - expected).abs() < 1e-12);
        let mut slope = vec![0.0; 3];
        mean.at_with_slope(&groups, &x, &mut slope);
        for column in 0..3 {
            let at = |by: f64| {
                let mut moved = x;
                moved[column] += by;
                mean.at(&groups, &moved)
            };
            let difference = (at(1e-6) - at(-1e-6)) / 2e-6;
            let difference = if column == 1 { 0.0 } else { difference };
            assert!((difference - slope[column]).abs() < 1e-8, "{column}");
        }
    }

    #[test]
    fn a_trend_is_found_under_independent_errors() {
        let groups = groups();
        let mut rows = Rows::new(3);
        for i in 0..60 {
            let i = f64::from(i);
            rows.push(&[(0.37 * i).fract(), i % 3.0, (0.61 * i).fract()]);
        }
        let truth = Mean {
            level: -1.0,
            multiples: [1.5, 0.7],
        };
        let values = (0..60).map(|i| truth.at(&groups, rows.row(i))).collect();
        let data = Data {
            terms: Trend::Edges.terms(&groups, &rows),
            rows,
            values,
            noise_share: vec![1.0; 60],
            noise_known: vec![0.0; 60],
        };
        let factor = Mat::from_fn(60, 60, |i, j| if i == j { 1e-3 } else { 0.0 });
        let (mean, residual) = centre(&factor, &data);
        assert!((mean.level + 1.0).abs() < 1e-6, "{mean:?}");
        assert!((mean.multiples[0] - 1.5).abs() < 1e-5, "{mean:?}");
        assert!((mean.multiples[1] - 0.7).abs() < 1e-5, "{mean:?}");
        assert!(residual.iter().all(|r| r.abs() < 1e-6));
    }
}
