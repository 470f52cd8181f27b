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

use super::lanes::{LANES, Lane, Look, Points, Ready, Seen, Sums, Table};
use super::matern::{matern, wide};
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

impl Kernel {
    /// Makes ready for the rows of a table.
    pub(crate) fn ready(&self, table: &Table) -> Ready {
        Ready::new(self, table)
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
        let look = Look {
            groups: &self.groups,
            ready,
            table,
            point,
        };
        let shares = self.shares(&ready.scales);
        let mut out = out;
        for lane in rows.start / LANES..rows.end.div_ceil(LANES) {
            let (all, _) = match self.shape {
                Shape::Radial => covary::<false>(&look, shares, lane),
                _ => covary::<true>(&look, shares, lane),
            };
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
        self.write_square(rows, table, &mut out, None);
        out
    }

    /// The same, written to the lower half of `out`; what it was made of is written to `kept`, for
    /// [`Kernel::gradient`], as is what is returned.
    pub(crate) fn write_square(
        &self,
        rows: &Rows,
        table: &Table,
        out: &mut Mat<f64>,
        mut kept: Option<&mut Made>,
    ) -> Ready {
        let ready = self.ready(table);
        let points = ready.own_points(rows);
        if let Some(Made(kept)) = &mut kept {
            kept.clear();
        }
        let kept = kept.map(|Made(kept)| kept);
        wide(
            #[inline(always)]
            || match self.shape {
                Shape::Radial => self.square_in_step::<false>(&ready, table, &points, out, kept),
                _ => self.square_in_step::<true>(&ready, table, &points, out, kept),
            },
        );
        ready
    }

    #[inline(always)]
    fn square_in_step<const LOW: bool>(
        &self,
        ready: &Ready,
        table: &Table,
        points: &Points<'_>,
        out: &mut Mat<f64>,
        mut kept: Option<&mut Vec<Lane>>,
    ) {
        let n = table.len;
        let shares = self.shares(&ready.scales);
        // A lane of points with a lane of rows, so that both stay in the fastest memory.
        for first in 0..n.div_ceil(LANES) {
            for lane in first..n.div_ceil(LANES) {
                let start = lane * LANES;
                for j in first * LANES..n.min((first + 1) * LANES) {
                    let look = Look {
                        groups: &self.groups,
                        ready,
                        table,
                        point: &points.at(j),
                    };
                    let (all, sums) = covary::<LOW>(&look, shares, lane);
                    let (from, to) = (j.max(start), n.min(start + LANES));
                    let own = &all[from - start..to - start];
                    out.col_as_slice_mut(j)[from..to].copy_from_slice(own);
                    if let Some(kept) = &mut kept {
                        kept.push(Lane(sums.total));
                        if LOW {
                            kept.extend([Lane(sums.single), Lane(sums.squared)]);
                        }
                    }
                }
            }
        }
    }

    /// Covariance of the table's rows with each of `points`: one column per point.
    pub(crate) fn cross(&self, table: &Table, points: &Rows) -> Mat<f64> {
        self.cross_ready(&self.ready(table), table, points)
    }

    /// The same of a kernel that was made ready for the table.
    pub(crate) fn cross_ready(&self, ready: &Ready, table: &Table, points: &Rows) -> Mat<f64> {
        let mut out = Mat::zeros(table.len, points.len());
        let points = ready.points(points);
        wide(
            #[inline(always)]
            || match self.shape {
                Shape::Radial => self.cross_in_step::<false>(ready, table, &points, &mut out),
                _ => self.cross_in_step::<true>(ready, table, &points, &mut out),
            },
        );
        out
    }

    #[inline(always)]
    fn cross_in_step<const LOW: bool>(
        &self,
        ready: &Ready,
        table: &Table,
        points: &Points<'_>,
        out: &mut Mat<f64>,
    ) {
        let (n, m) = (table.len, out.ncols());
        let shares = self.shares(&ready.scales);
        for first in (0..m).step_by(LANES) {
            for lane in 0..n.div_ceil(LANES) {
                let (from, to) = (lane * LANES, n.min((lane + 1) * LANES));
                for j in first..m.min(first + LANES) {
                    let look = Look {
                        groups: &self.groups,
                        ready,
                        table,
                        point: &points.at(j),
                    };
                    let (all, _) = covary::<LOW>(&look, shares, lane);
                    out.col_as_slice_mut(j)[from..to].copy_from_slice(&all[..to - from]);
                }
            }
        }
    }
}

/// What a covariance of rows with themselves was made of, as its gradient needs it: see [`Sums`].
#[derive(Clone, Debug, Default)]
pub(crate) struct Made(pub(super) Vec<Lane>);

/// Covariances of a point with the rows of one lane, and the sums that they are made of.
#[inline(always)]
fn covary<const LOW: bool>(
    look: &Look<'_>,
    (first, second): (f64, f64),
    lane: usize,
) -> ([f64; LANES], Sums) {
    let radial = look.ready.scales.radial;
    let sums = look.sums::<LOW, false>(lane, &mut []);
    let mut all = [0.0; LANES];
    for i in 0..LANES {
        all[i] = if LOW {
            let (single, squared) = (sums.single[i], sums.squared[i]);
            let pairs = single.mul_add(single, -squared);
            let low = first.mul_add(single, second * pairs);
            radial.mul_add(matern(sums.total[i]), low)
        } else {
            radial * matern(sums.total[i])
        };
    }
    (all, sums)
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
        let table = Table::new(&rows, &kernel.groups);
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
