//! Covariance of the response at two points.
//!
//! The sum of up to three parts, each with its own variance:
//! - *radial*: Matérn-5/2 of the scaled distance over all groups, a length scale each (ARD);
//! - *single*: the mean over groups of a Matérn-5/2 of that group alone, with length scales of its own;
//! - *paired*: the mean over pairs of groups of the product of two such.
//!
//! Matérn: Rasmussen and Williams, Gaussian Processes for Machine Learning (2006), equation 4.17.
//! Sums of low-order parts: Duvenaud, Nickisch and Rasmussen, NIPS 24 (2011).

use faer::Mat;

use super::matern::{Sides, dot, matern, matern_and_slope, total as sum_up, wide};
use crate::encode::{Group, Rows};

/// Which parts a kernel has.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Shape {
    /// The radial part alone.
    Radial,
    /// Radial and single.
    Single,
    /// Radial, single and paired.
    Paired,
}

/// Numbers per kernel are logarithms, in this order: radial variance, radial length scales, and, where
/// the shape has them, single variance, single length scales, paired variance.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Kernel {
    pub shape: Shape,
    pub groups: Vec<Group>,
    pub logs: Vec<f64>,
}

/// Rows by group: for each group the columns that it compares, contiguous over rows.
#[derive(Clone, Debug)]
pub(crate) struct Table {
    pub len: usize,
    columns: Vec<Vec<f64>>,
}

impl Table {
    pub(crate) fn new(rows: &Rows) -> Table {
        let len = rows.len();
        let columns = (0..rows.width)
            .map(|column| (0..len).map(|row| rows.row(row)[column]).collect())
            .collect();
        Table { len, columns }
    }

    /// Squared distances of the rows from `start` on to `x` in one group, as many as `out` has room for.
    #[inline(always)]
    pub(crate) fn squares(&self, group: Group, x: &[f64], start: usize, out: &mut [f64]) {
        let rows = start..start + out.len();
        match group {
            Group::Number { column } => {
                let at = x[column];
                for (out, value) in out.iter_mut().zip(&self.columns[column][rows.clone()]) {
                    *out = (value - at) * (value - at);
                }
            }
            Group::Code { column, .. } => {
                let at = x[column];
                for (out, value) in out.iter_mut().zip(&self.columns[column][rows.clone()]) {
                    *out = if *value == at { 0.0 } else { 1.0 };
                }
            }
            Group::Vector { start, end } => {
                out.fill(0.0);
                for column in start..end {
                    let at = x[column];
                    for (out, value) in out.iter_mut().zip(&self.columns[column][rows.clone()]) {
                        *out += (value - at) * (value - at);
                    }
                }
            }
        }
    }

    pub(crate) fn column(&self, column: usize) -> &[f64] {
        &self.columns[column]
    }
}

/// A kernel's numbers, out of the logarithm.
#[derive(Clone, Debug)]
pub(crate) struct Scales {
    /// Radial variance.
    pub radial: f64,
    /// One over the squared radial length scale of each group.
    pub radial_inverse: Vec<f64>,
    /// Single variance; zero where the shape has none.
    pub single: f64,
    /// One over the squared single length scale of each group.
    pub single_inverse: Vec<f64>,
    /// Paired variance; zero where the shape has none.
    pub paired: f64,
}

/// A kernel made ready for the rows of a table.
#[derive(Clone, Debug)]
pub(crate) struct Ready {
    pub scales: Scales,
    /// For each numeric group of a kernel with low-order parts.
    pub sides: Vec<Option<Sides>>,
}

impl Kernel {
    /// Makes ready for the rows of a table.
    pub(crate) fn ready(&self, table: &Table) -> Ready {
        let scales = self.scales();
        let sides = self
            .groups
            .iter()
            .zip(&scales.single_inverse)
            .map(|(group, &inverse)| match group {
                Group::Number { column } => Some(Sides::new(inverse, &table.columns[*column])),
                _ => None,
            })
            .collect();
        Ready { scales, sides }
    }

    /// How many numbers a kernel of this shape over so many groups has.
    pub(crate) fn count(shape: Shape, groups: usize) -> usize {
        match shape {
            Shape::Radial => 1 + groups,
            Shape::Single => 2 + 2 * groups,
            Shape::Paired => 3 + 2 * groups,
        }
    }

    pub(crate) fn scales(&self) -> Scales {
        let g = self.groups.len();
        let inverse = |logs: &[f64]| logs.iter().map(|log| (-2.0 * log).exp()).collect();
        let low_order = self.shape != Shape::Radial;
        Scales {
            radial: self.logs[0].exp(),
            radial_inverse: inverse(&self.logs[1..=g]),
            single: if low_order {
                self.logs[1 + g].exp()
            } else {
                0.0
            },
            single_inverse: if low_order {
                inverse(&self.logs[2 + g..2 + 2 * g])
            } else {
                Vec::new()
            },
            paired: if self.shape == Shape::Paired && g > 1 {
                self.logs[2 + 2 * g].exp()
            } else {
                0.0
            },
        }
    }

    /// Covariance of the first `count` rows of the table that was made ready for with `x`, written to `out`.
    pub(crate) fn against(
        &self,
        ready: &Ready,
        table: &Table,
        x: &[f64],
        count: usize,
        work: &mut Work,
        out: &mut [f64],
    ) {
        wide(
            #[inline(always)]
            || self.against_in_step(ready, table, x, count, work, out),
        );
    }

    #[inline(always)]
    fn against_in_step(
        &self,
        ready: &Ready,
        table: &Table,
        x: &[f64],
        count: usize,
        work: &mut Work,
        out: &mut [f64],
    ) {
        let scales = &ready.scales;
        let g = self.groups.len() as f64;
        work.resize(count);
        let out = &mut out[..count];
        let (square, total, single, singles_squared) = (
            &mut work.square[..count],
            &mut work.total[..count],
            &mut work.single[..count],
            &mut work.squared[..count],
        );
        total.fill(0.0);
        single.fill(0.0);
        singles_squared.fill(0.0);
        let low_order = self.shape != Shape::Radial;
        for (index, &group) in self.groups.iter().enumerate() {
            table.squares(group, x, 0, square);
            let inverse = scales.radial_inverse[index];
            for (total, square) in total.iter_mut().zip(&*square) {
                *total += inverse * square;
            }
            if low_order {
                let inverse = scales.single_inverse[index];
                if let (Group::Number { column }, Some(sides)) = (group, &ready.sides[index]) {
                    sides.each(&table.columns[column], x[column], 0..count, |j, k| {
                        single[j] += k;
                        singles_squared[j] += k * k;
                    });
                } else if let Group::Code { .. } = group {
                    let different = matern(inverse);
                    for j in 0..count {
                        let k = if square[j] == 0.0 { 1.0 } else { different };
                        single[j] += k;
                        singles_squared[j] += k * k;
                    }
                } else {
                    for j in 0..count {
                        let k = matern(inverse * square[j]);
                        single[j] += k;
                        singles_squared[j] += k * k;
                    }
                }
            }
        }
        for (out, total) in out.iter_mut().zip(&*total) {
            *out = scales.radial * matern(*total);
        }
        if low_order {
            let (first, second) = (scales.single / g, scales.paired / (g * (g - 1.0)).max(1.0));
            for j in 0..count {
                let s = single[j];
                out[j] += first * s + second * (s * s - singles_squared[j]);
            }
        }
    }

    /// The variance at any point.
    pub(crate) fn variance(&self, scales: &Scales) -> f64 {
        scales.radial + scales.single + scales.paired
    }

    /// Covariance of the rows with themselves: the lower half.
    pub(crate) fn square(&self, rows: &Rows, table: &Table) -> Mat<f64> {
        let mut out = Mat::zeros(rows.len(), rows.len());
        self.write_square(rows, table, &mut out);
        out
    }

    /// The same, written to the lower half of `out`.
    pub(crate) fn write_square(&self, rows: &Rows, table: &Table, out: &mut Mat<f64>) {
        let n = rows.len();
        let mut work = Work::default();
        let mut line = vec![0.0; n];
        // Column j of the upper half, mirrored into row j of the lower half block by block would
        // stride; instead each column of the lower half is computed as the rows after it.
        let reversed = table.reversed();
        let ready = self.ready(&reversed);
        for j in 0..n {
            let count = n - j;
            self.against(&ready, &reversed, rows.row(j), count, &mut work, &mut line);
            let column = out.col_as_slice_mut(j);
            for (cell, value) in column[j..].iter_mut().zip(line[..count].iter().rev()) {
                *cell = *value;
            }
        }
    }

    /// Covariance of the table's rows with each of `points`: one column per point.
    pub(crate) fn cross(&self, table: &Table, points: &Rows) -> Mat<f64> {
        let ready = self.ready(table);
        let mut work = Work::default();
        let mut out = Mat::zeros(table.len, points.len());
        for j in 0..points.len() {
            self.against(
                &ready,
                table,
                points.row(j),
                table.len,
                &mut work,
                out.col_as_slice_mut(j),
            );
        }
        out
    }

    /// Adds to `gradient`, for each of the kernel's numbers, the sum over all pairs of rows, both ways
    /// and the diagonal included, of `weight` times the derivative of the covariance by that number.
    /// Of `weight` the lower half is read.
    pub(crate) fn gradient(
        &self,
        rows: &Rows,
        table: &Table,
        weight: &Mat<f64>,
        gradient: &mut [f64],
    ) {
        wide(
            #[inline(always)]
            || self.gradient_in_step(rows, table, weight, gradient),
        );
    }

    #[inline(always)]
    fn gradient_in_step(
        &self,
        rows: &Rows,
        table: &Table,
        weight: &Mat<f64>,
        gradient: &mut [f64],
    ) {
        let n = rows.len();
        let g = self.groups.len();
        let reversed = table.reversed();
        let ready = self.ready(&reversed);
        let scales = &ready.scales;
        let low_order = self.shape != Shape::Radial;
        let (first, second) = (
            scales.single / g as f64,
            scales.paired / ((g * (g - 1)) as f64).max(1.0),
        );
        // A block of rows at a time, so that what is kept of each group stays in the nearest cache.
        let empty = [0.0; BLOCK];
        let mut squares = vec![empty; g];
        let mut bases = vec![empty; if low_order { g } else { 0 }];
        let mut slopes = bases.clone();
        let (mut total, mut w, mut factor) = (empty, empty, empty);
        let (mut sum, mut sum_squared) = (empty, empty);
        for j in 0..n {
            // Rows n-1 down to j, so that they are a prefix of the reversed table; the last is j itself.
            let weights = weight.col_as_slice(j);
            let x = rows.row(j);
            for start in (0..n - j).step_by(BLOCK) {
                let count = BLOCK.min(n - j - start);
                for i in 0..count {
                    w[i] = 2.0 * weights[n - 1 - start - i];
                }
                if start + count == n - j {
                    w[count - 1] *= 0.5;
                }
                let w = &w[..count];
                total[..count].fill(0.0);
                sum[..count].fill(0.0);
                sum_squared[..count].fill(0.0);
                for (index, &group) in self.groups.iter().enumerate() {
                    let square = &mut squares[index][..count];
                    reversed.squares(group, x, start, square);
                    let inverse = scales.radial_inverse[index];
                    for (total, square) in total[..count].iter_mut().zip(&*square) {
                        *total += inverse * square;
                    }
                    if !low_order {
                        continue;
                    }
                    let inverse = scales.single_inverse[index];
                    let (base, slopes) = (&mut bases[index][..count], &mut slopes[index][..count]);
                    let (sum, sum_squared) = (&mut sum[..count], &mut sum_squared[..count]);
                    let mut take = |i: usize, k: f64, slope: f64| {
                        base[i] = k;
                        slopes[i] = slope * square[i];
                        sum[i] += k;
                        sum_squared[i] += k * k;
                    };
                    if let (Group::Number { column }, Some(sides)) = (group, &ready.sides[index]) {
                        let values = &reversed.columns[column];
                        // This row's own place among the reversed ones.
                        let at = sides.at_place(n - 1 - j);
                        sides.each_with_slope(values, x[column], at, start..start + count, take);
                    } else if let Group::Code { .. } = group {
                        let (different, fall) = matern_and_slope(inverse);
                        for i in 0..count {
                            let k = if square[i] == 0.0 { 1.0 } else { different };
                            take(i, k, fall);
                        }
                    } else {
                        for i in 0..count {
                            let (k, slope) = matern_and_slope(inverse * square[i]);
                            take(i, k, slope);
                        }
                    }
                }
                {
                    let (total, factor) = (&mut total[..count], &mut factor[..count]);
                    for i in 0..count {
                        let (k, slope) = matern_and_slope(total[i]);
                        factor[i] = w[i] * slope;
                        total[i] = k;
                    }
                    gradient[0] += scales.radial * dot(w, total);
                }
                for index in 0..g {
                    // The squared distance shrinks by twice its size per unit of the log length scale.
                    let slope = dot(&factor[..count], &squares[index][..count]);
                    gradient[1 + index] +=
                        2.0 * scales.radial * scales.radial_inverse[index] * slope;
                }
                if !low_order {
                    continue;
                }
                let sum = &mut sum[..count];
                gradient[1 + g] += first * dot(w, sum);
                if self.shape == Shape::Paired {
                    let (pairs, sum_squared) = (&mut total[..count], &sum_squared[..count]);
                    for i in 0..count {
                        pairs[i] = sum[i] * sum[i] - sum_squared[i];
                    }
                    gradient[2 + 2 * g] += second * dot(w, pairs);
                }
                // What a group's own part is multiplied by, less the share of the group itself.
                let (outer, inner) = (&mut factor[..count], sum);
                for i in 0..count {
                    outer[i] = w[i] * (first + 2.0 * second * inner[i]);
                    inner[i] = 2.0 * second * w[i];
                }
                for index in 0..g {
                    let (base, slopes) = (&bases[index][..count], &mut slopes[index][..count]);
                    for i in 0..count {
                        slopes[i] *= outer[i] - inner[i] * base[i];
                    }
                    gradient[2 + g + index] += 2.0 * scales.single_inverse[index] * sum_up(slopes);
                }
            }
        }
    }
}

/// Rows that a gradient takes in at a time.
const BLOCK: usize = 64;

impl Table {
    /// The same rows, last first: then the rows from any place to the end are a prefix.
    fn reversed(&self) -> Table {
        let columns = self
            .columns
            .iter()
            .map(|column| column.iter().rev().copied().collect())
            .collect();
        Table {
            len: self.len,
            columns,
        }
    }
}

/// Buffers that kernel evaluations share.
#[derive(Clone, Debug, Default)]
pub(crate) struct Work {
    square: Vec<f64>,
    total: Vec<f64>,
    single: Vec<f64>,
    squared: Vec<f64>,
}

impl Work {
    fn resize(&mut self, count: usize) {
        if self.square.len() < count {
            for buffer in [
                &mut self.square,
                &mut self.total,
                &mut self.single,
                &mut self.squared,
            ] {
                buffer.resize(count, 0.0);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn square_and_cross_agree_with_the_definition() {
        let groups = vec![
            Group::Number { column: 0 },
            Group::Code {
                column: 1,
                levels: 3,
            },
            Group::Vector { start: 2, end: 4 },
        ];
        let kernel = Kernel {
            shape: Shape::Paired,
            groups,
            logs: vec![0.3, -0.5, 0.2, 0.1, -0.7, -0.2, 0.4, 0.6, -0.9],
        };
        let mut rows = Rows::new(4);
        rows.push(&[0.1, 0.0, 0.3, 0.9]);
        rows.push(&[0.6, 2.0, 0.1, 0.2]);
        rows.push(&[0.6, 0.0, 0.8, 0.2]);
        let table = Table::new(&rows);
        let square = kernel.square(&rows, &table);
        let cross = kernel.cross(&table, &rows);
        let m = |d2: f64, log: f64| matern(d2 * (-2.0 * log).exp());
        let (a, b) = ([0.25, 1.0, 0.04 + 0.49], [0.0, 1.0, 0.49]);
        for (d, (i, j)) in [(a, (1, 0)), (b, (2, 1))] {
            let total: f64 = (0..3)
                .map(|g| d[g] * (-2.0 * kernel.logs[1 + g]).exp())
                .sum();
            let k: Vec<f64> = (0..3).map(|g| m(d[g], kernel.logs[5 + g])).collect();
            let expected = 0.3_f64.exp() * matern(total)
                + (-0.7_f64).exp() * k.iter().sum::<f64>() / 3.0
                + (-0.9_f64).exp() * (k[0] * k[1] + k[0] * k[2] + k[1] * k[2]) / 3.0;
            assert!((square[(i, j)] - expected).abs() < 1e-14);
            assert!((cross[(i, j)] - expected).abs() < 1e-14);
            assert!((cross[(j, i)] - expected).abs() < 1e-14);
        }
    }
}
