//! Covariance of the response at two points.
//!
//! The sum of up to three parts, each with its own variance:
//! - *radial*: Matérn-5/2 of the scaled distance over all groups, a length scale each (ARD);
//! - *single*: the mean over groups of a Matérn-5/2 of that group alone, with length scales of its own;
//! - *paired*: the mean over pairs of groups of the product of two such.
//!
//! Matérn: Rasmussen and Williams, Gaussian Processes for Machine Learning (2006), equation 4.17.
//! Sums of low-order parts: Duvenaud, Nickisch and Rasmussen, NIPS 24 (2011).

use std::ops::Range;

use faer::Mat;

use super::lanes::{Kept, LANES, Lane, Look, Seen, Table};
use super::matern::{Sides, matern, matern_and_slope, total as sum_up, wide};
use crate::encode::{Group, Rows};

/// Which parts a kernel has.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Shape {
    /// The radial part alone.
    #[default]
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
                Group::Number { column } => Some(Sides::new(inverse, table.column(*column))),
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

    /// Covariance of these rows of the table that was made ready for with a point, written to `out`.
    pub(crate) fn against(
        &self,
        ready: &Ready,
        table: &Table,
        point: &Seen<'_>,
        rows: Range<usize>,
        out: &mut [f64],
    ) {
        wide(
            #[inline(always)]
            || self.against_in_step(ready, table, point, rows, out),
        );
    }

    #[inline(always)]
    fn against_in_step(
        &self,
        ready: &Ready,
        table: &Table,
        point: &Seen<'_>,
        rows: Range<usize>,
        out: &mut [f64],
    ) {
        let scales = &ready.scales;
        let (first, second) = self.shares(scales);
        let look = Look {
            groups: &self.groups,
            ready,
            table,
            point,
        };
        let mut out = out;
        for lane in rows.start / LANES..rows.end.div_ceil(LANES) {
            let mut all = [0.0; LANES];
            if self.shape == Shape::Radial {
                let sums = look.sums::<false, false>(lane, &mut Kept::default());
                for i in 0..LANES {
                    all[i] = scales.radial * matern(sums.total[i]);
                }
            } else {
                let sums = look.sums::<true, false>(lane, &mut Kept::default());
                for i in 0..LANES {
                    let (single, squared) = (sums.single[i], sums.squared[i]);
                    let pairs = single.mul_add(single, -squared);
                    let low = first.mul_add(single, second * pairs);
                    all[i] = scales.radial.mul_add(matern(sums.total[i]), low);
                }
            }
            let first = rows.start.saturating_sub(lane * LANES);
            let own = &all[first..(rows.end - lane * LANES).min(LANES)];
            let (now, rest) = out.split_at_mut(own.len());
            now.copy_from_slice(own);
            out = rest;
        }
    }

    /// What one group's single part, and one pair of groups, is multiplied by.
    pub(super) fn shares(&self, scales: &Scales) -> (f64, f64) {
        let g = self.groups.len() as f64;
        (scales.single / g, scales.paired / (g * (g - 1.0)).max(1.0))
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
        let ready = self.ready(table);
        let mut sides = Vec::new();
        for j in 0..n {
            let point = ready.row(rows, j, &mut sides);
            let column = &mut out.col_as_slice_mut(j)[j..];
            self.against(&ready, table, &point, j..n, column);
        }
    }

    /// Covariance of the table's rows with each of `points`: one column per point.
    pub(crate) fn cross(&self, table: &Table, points: &Rows) -> Mat<f64> {
        let ready = self.ready(table);
        let mut sides = Vec::new();
        let mut out = Mat::zeros(table.len, points.len());
        for j in 0..points.len() {
            let point = ready.point(&self.groups, points.row(j), &mut sides);
            let column = out.col_as_slice_mut(j);
            self.against(&ready, table, &point, 0..table.len, column);
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
            || match self.shape {
                Shape::Radial => self.gradient_in_step::<false>(rows, table, weight, gradient),
                _ => self.gradient_in_step::<true>(rows, table, weight, gradient),
            },
        );
    }

    #[inline(always)]
    fn gradient_in_step<const LOW: bool>(
        &self,
        rows: &Rows,
        table: &Table,
        weight: &Mat<f64>,
        gradient: &mut [f64],
    ) {
        let (n, g) = (rows.len(), self.groups.len());
        let ready = self.ready(table);
        let scales = &ready.scales;
        let (first, second) = self.shares(scales);
        let mut kept = Kept::new(g);
        // Sums by lane, added up across lanes only at the end.
        let (mut by_radial, mut by_single) = (vec![Lane::ZERO; g], vec![Lane::ZERO; g]);
        let (mut radial, mut single, mut paired) = ([0.0; LANES], [0.0; LANES], [0.0; LANES]);
        let mut sides = Vec::new();
        for j in 0..n {
            let point = ready.row(rows, j, &mut sides);
            let look = Look {
                groups: &self.groups,
                ready: &ready,
                table,
                point: &point,
            };
            let weights = weight.col_as_slice(j);
            for lane in j / LANES..n.div_ceil(LANES) {
                let mut w = [0.0; LANES];
                let start = lane * LANES;
                for (w, weight) in w.iter_mut().zip(&weights[start..n.min(start + LANES)]) {
                    *w = 2.0 * weight;
                }
                if let Some(own) = j.checked_sub(start) {
                    w[..own].fill(0.0);
                    w[own] *= 0.5;
                }
                let sums = look.sums::<LOW, true>(lane, &mut kept);
                let mut falls = [0.0; LANES];
                for i in 0..LANES {
                    let (k, slope) = matern_and_slope(sums.total[i]);
                    falls[i] = w[i] * slope;
                    radial[i] = w[i].mul_add(k, radial[i]);
                }
                // Sums are copied, so that the compiler knows them for apart from all else.
                if !LOW {
                    for (sums, &group) in by_radial.iter_mut().zip(&self.groups) {
                        let squares = table.squares(group, point.x, lane);
                        let Lane(mut own) = *sums;
                        for i in 0..LANES {
                            own[i] = falls[i].mul_add(squares[i], own[i]);
                        }
                        *sums = Lane(own);
                    }
                    continue;
                }
                // What a group's own part is multiplied by, less the share of the group itself.
                let (mut outer, mut inner) = ([0.0; LANES], [0.0; LANES]);
                for i in 0..LANES {
                    let sum = sums.single[i];
                    single[i] = w[i].mul_add(sum, single[i]);
                    let pairs = sum.mul_add(sum, -sums.squared[i]);
                    paired[i] = w[i].mul_add(pairs, paired[i]);
                    outer[i] = w[i] * (2.0 * second).mul_add(sum, first);
                    inner[i] = 2.0 * second * w[i];
                }
                let all = by_radial.iter_mut().zip(&mut by_single).zip(kept.all());
                for ((by_radial, by_single), [Lane(squares), Lane(bases), Lane(slopes)]) in all {
                    let (Lane(mut radial), Lane(mut single)) = (*by_radial, *by_single);
                    for i in 0..LANES {
                        radial[i] = falls[i].mul_add(squares[i], radial[i]);
                        let slope = slopes[i] * squares[i];
                        let share = inner[i].mul_add(-bases[i], outer[i]);
                        single[i] = share.mul_add(slope, single[i]);
                    }
                    (*by_radial, *by_single) = (Lane(radial), Lane(single));
                }
            }
        }
        // A squared distance shrinks by twice its size per unit of the log length scale.
        gradient[0] += scales.radial * sum_up(&radial);
        for index in 0..g {
            let inverse = scales.radial_inverse[index];
            gradient[1 + index] += 2.0 * scales.radial * inverse * sum_up(&by_radial[index].0);
        }
        if LOW {
            gradient[1 + g] += first * sum_up(&single);
            for index in 0..g {
                let inverse = scales.single_inverse[index];
                gradient[2 + g + index] += 2.0 * inverse * sum_up(&by_single[index].0);
            }
        }
        if self.shape == Shape::Paired {
            gradient[2 + 2 * g] += second * sum_up(&paired);
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
