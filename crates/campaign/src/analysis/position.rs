//! Position effects of a plate: rows, columns and rim.
//!
//! Two estimators, for two kinds of plate:
//!
//! - [`median_polish`] and [`b_scores`] assume that most wells are alike (a screen with few hits).
//!   Rows and columns take freedom from the residuals, so their spread is smaller than the noise: on
//!   8 × 12 wells a B-score beyond 3 is common by chance (4 false ones in the worked 96-well example).
//! - [`Trend::fit`] assumes nothing of the sample wells: it fits gradients and a rim effect to control
//!   wells alone, and shrinks what the controls don't show clearly. It is for plates whose wells are
//!   chosen by a policy, where rows of good points are no position effect.

use super::stats::{finite, mad, median};

/// A two-way fit by medians: value = overall + row + column + residual.
#[derive(Clone, Debug, PartialEq)]
pub struct Polish {
    /// The common level.
    pub overall: f64,
    /// What each row adds.
    pub rows: Vec<f64>,
    /// What each column adds.
    pub columns: Vec<f64>,
    /// What is left, row-major; NaN where there was no value.
    pub residuals: Vec<f64>,
}

/// Sweeps after which median polish stops if the residuals still shrink.
const SWEEPS_MAX: usize = 200;

/// Median polish (Tukey, Exploratory Data Analysis, 1977, chapter 11), rows first, until the sum of
/// absolute residuals changes by less than a share of `tolerance`.
#[must_use]
pub fn median_polish(values: &[f64], columns: usize, tolerance: f64) -> Polish {
    let rows = values.len() / columns.max(1);
    let mut polish = Polish {
        overall: 0.0,
        rows: vec![0.0; rows],
        columns: vec![0.0; columns],
        residuals: values.to_vec(),
    };
    let mut before = f64::INFINITY;
    for _ in 0..SWEEPS_MAX {
        for row in 0..rows {
            let line: Vec<f64> = polish.residuals[row * columns..(row + 1) * columns].to_vec();
            let level = level(&line);
            polish.rows[row] += level;
            for value in &mut polish.residuals[row * columns..(row + 1) * columns] {
                *value -= level;
            }
        }
        centre(&mut polish.columns, &mut polish.overall);
        for column in 0..columns {
            let line: Vec<f64> = (0..rows)
                .map(|row| polish.residuals[row * columns + column])
                .collect();
            let level = level(&line);
            polish.columns[column] += level;
            for row in 0..rows {
                polish.residuals[row * columns + column] -= level;
            }
        }
        centre(&mut polish.rows, &mut polish.overall);
        let sum: f64 = finite(&polish.residuals).iter().map(|r| r.abs()).sum();
        if sum == 0.0 || (before - sum).abs() < tolerance * sum {
            break;
        }
        before = sum;
    }
    polish
}

/// The median of a line, or nothing for a line without values.
fn level(line: &[f64]) -> f64 {
    let level = median(line);
    if level.is_nan() { 0.0 } else { level }
}

fn centre(effects: &mut [f64], overall: &mut f64) {
    let level = level(effects);
    effects.iter_mut().for_each(|effect| *effect -= level);
    *overall += level;
}

/// B-scores (Brideau et al., J. Biomol. Screen. 8 (2003) 634): median-polish residuals over 1.4826 MAD.
/// See the caveat of this module.
#[must_use]
pub fn b_scores(values: &[f64], columns: usize) -> Vec<f64> {
    let polish = median_polish(values, columns, 1e-9);
    let spread = mad(&polish.residuals);
    polish
        .residuals
        .iter()
        .map(|residual| residual / spread)
        .collect()
}

/// A smooth position effect: gradients along rows and columns, and a step at the rim.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Trend {
    /// From the plate's middle to its last row.
    pub row: f64,
    /// From the plate's middle to its last column.
    pub column: f64,
    /// What wells on the rim have more than those inside.
    pub rim: f64,
}

/// Fewest control wells on which a trend is fitted.
const TREND_WELLS_MIN: usize = 8;

impl Trend {
    /// Fits the trend to wells that should be alike within their group, by least squares with a mean
    /// for each group. Each coefficient is shrunk by `max(0, 1 - (se / coefficient)²)` (positive-part
    /// James-Stein), so that a trend that the wells don't show is none.
    ///
    /// `wells` holds row, column, group and value; groups are numbered from 0.
    #[must_use]
    pub fn fit(wells: &[(u8, u8, usize, f64)], rows: u8, columns: u8) -> Trend {
        let wells: Vec<_> = wells.iter().filter(|well| well.3.is_finite()).collect();
        let groups = wells.iter().map(|well| well.2 + 1).max().unwrap_or(0);
        if wells.len() < TREND_WELLS_MIN.max(groups + 5) {
            return Trend::default();
        }
        // Subtracting group means from regressors and values fits the groups exactly (Frisch-Waugh).
        let basis: Vec<[f64; 3]> = wells
            .iter()
            .map(|w| basis(w.0, w.1, rows, columns))
            .collect();
        let mut sums = vec![([0.0; 3], 0.0, 0usize); groups];
        for (well, x) in wells.iter().zip(&basis) {
            let sum = &mut sums[well.2];
            for (total, x) in sum.0.iter_mut().zip(x) {
                *total += x;
            }
            sum.1 += well.3;
            sum.2 += 1;
        }
        let mut normal = [[0.0; 3]; 3];
        let mut right = [0.0; 3];
        let mut centred = Vec::with_capacity(wells.len());
        for (well, x) in wells.iter().zip(&basis) {
            let sum = &sums[well.2];
            let count = sum.2 as f64;
            let x = [0, 1, 2].map(|k| x[k] - sum.0[k] / count);
            let y = well.3 - sum.1 / count;
            for (i, row) in normal.iter_mut().enumerate() {
                for (entry, other) in row.iter_mut().zip(&x) {
                    *entry += x[i] * other;
                }
                right[i] += x[i] * y;
            }
            centred.push((x, y));
        }
        let Some(inverse) = invert3(normal) else {
            return Trend::default();
        };
        let mut effect = [0.0; 3];
        for i in 0..3 {
            effect[i] = (0..3).map(|j| inverse[i][j] * right[j]).sum();
        }
        let squares: f64 = centred
            .iter()
            .map(|(x, y)| (y - (0..3).map(|k| x[k] * effect[k]).sum::<f64>()).powi(2))
            .sum();
        let used = sums.iter().filter(|sum| sum.2 > 0).count() + 3;
        if wells.len() <= used {
            return Trend::default();
        }
        let variance = squares / (wells.len() - used) as f64;
        let shrunk = |k: usize| {
            let keep = 1.0 - variance * inverse[k][k] / effect[k].powi(2);
            if keep > 0.0 { keep * effect[k] } else { 0.0 }
        };
        Trend {
            row: shrunk(0),
            column: shrunk(1),
            rim: shrunk(2),
        }
    }

    /// The effect in a well.
    #[must_use]
    pub fn at(&self, row: u8, column: u8, rows: u8, columns: u8) -> f64 {
        let x = basis(row, column, rows, columns);
        self.row * x[0] + self.column * x[1] + self.rim * x[2]
    }
}

/// Row and column from -1 to 1, and 1 on the rim; the rim's mean over the plate is taken out so that
/// the correction keeps the plate's level.
fn basis(row: u8, column: u8, rows: u8, columns: u8) -> [f64; 3] {
    let across = |at: u8, of: u8| 2.0 * f64::from(at) / f64::from(of.max(2) - 1) - 1.0;
    let is_rim = row == 0 || column == 0 || row + 1 == rows || column + 1 == columns;
    let all = f64::from(rows) * f64::from(columns);
    let inside = f64::from(rows.saturating_sub(2)) * f64::from(columns.saturating_sub(2));
    let share = (all - inside) / all;
    [
        across(row, rows),
        across(column, columns),
        f64::from(u8::from(is_rim)) - share,
    ]
}

/// The inverse of a symmetric positive definite 3 × 3 matrix by its adjugate; `None` if singular.
fn invert3(m: [[f64; 3]; 3]) -> Option<[[f64; 3]; 3]> {
    let minor = |i: usize, j: usize| {
        let (a, b) = ((i + 1) % 3, (i + 2) % 3);
        let (c, d) = ((j + 1) % 3, (j + 2) % 3);
        m[a][c] * m[b][d] - m[a][d] * m[b][c]
    };
    let determinant: f64 = (0..3).map(|j| m[0][j] * minor(0, j)).sum();
    let scale = m[0][0].abs().max(m[1][1].abs()).max(m[2][2].abs()).powi(3);
    if determinant.abs() <= 1e-10 * scale {
        return None;
    }
    let mut inverse = [[0.0; 3]; 3];
    for (i, row) in inverse.iter_mut().enumerate() {
        for (j, cell) in row.iter_mut().enumerate() {
            *cell = minor(j, i) / determinant;
        }
    }
    Some(inverse)
}

#[cfg(test)]
mod tests {
    use super::*;
    use rand::RngExt;

    #[test]
    fn tukeys_example() {
        // Infant mortality rates, the textbook's 5 × 3 table (R's `deaths`).
        let values = [
            14.0, 15.0, 14.0, 7.0, 4.0, 7.0, 8.0, 2.0, 10.0, 15.0, 9.0, 10.0, 0.0, 2.0, 0.0,
        ];
        let polish = median_polish(&values, 3, 0.01);
        assert_eq!(polish.overall, 8.0);
        assert_eq!(polish.rows, [6.0, -1.0, 0.0, 2.0, -8.0]);
        assert_eq!(polish.columns, [0.0, -1.0, 0.0]);
        assert_eq!(polish.residuals.iter().map(|r| r.abs()).sum::<f64>(), 19.0);
    }

    #[test]
    fn a_gap_stays_a_gap() {
        let mut values: Vec<f64> = (0..24)
            .map(|i| f64::from(i % 6) + 10.0 * f64::from(i / 6))
            .collect();
        values[7] = f64::NAN;
        let polish = median_polish(&values, 6, 1e-9);
        assert!(polish.residuals[7].is_nan());
        assert!(
            polish
                .residuals
                .iter()
                .enumerate()
                .all(|(i, r)| i == 7 || r.abs() < 1e-9)
        );
    }

    #[test]
    fn a_trend_is_found_and_noise_is_not_taken_for_one() {
        let planted = Trend {
            row: 0.2,
            column: -0.1,
            rim: 0.15,
        };
        let mut rng = quantity::Seed(4).rng();
        let mut false_size = 0.0f64;
        for planted in [planted, Trend::default()] {
            let wells: Vec<_> = (0..96u8)
                .filter(|index| index % 3 == 0)
                .map(|index| {
                    let (row, column, group) = (index / 12, index % 12, usize::from(index % 2));
                    let noise = 0.02 * (rng.random::<f64>() - 0.5);
                    (
                        row,
                        column,
                        group,
                        group as f64 + planted.at(row, column, 8, 12) + noise,
                    )
                })
                .collect();
            let found = Trend::fit(&wells, 8, 12);
            for (a, b) in [
                (found.row, planted.row),
                (found.column, planted.column),
                (found.rim, planted.rim),
            ] {
                assert!((a - b).abs() < 0.01, "{found:?}");
                if planted == Trend::default() {
                    false_size = false_size.max(a.abs());
                }
            }
        }
        assert!(false_size < 0.005, "{false_size}");
    }

    #[test]
    fn too_few_controls_give_no_trend() {
        assert_eq!(
            Trend::fit(&[(0, 0, 0, 1.0), (3, 3, 0, 9.0)], 8, 12),
            Trend::default()
        );
    }
}
