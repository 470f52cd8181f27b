//! How a weighted sum of covariances changes with a kernel's numbers.

use faer::Mat;

use super::kernel::{Kernel, Made, Shape};
use super::lanes::{LANES, Lane, Ready, Table, Weights};
use super::matern::{matern_and_slope, total as sum_up, wide};
use crate::encode::Rows;

impl Kernel {
    /// Adds to `gradient`, for each of the kernel's numbers, the sum over all pairs of rows, both ways
    /// and the diagonal included, of `weight` times the derivative of the covariance by that number.
    /// Of `weight` the lower half is read; `ready` and `made` are what [`Kernel::write_square`] left.
    pub(crate) fn gradient(
        &self,
        ready: &Ready,
        rows: &Rows,
        table: &Table,
        made: &Made,
        weight: &Mat<f64>,
        gradient: &mut [f64],
    ) {
        wide(
            #[inline(always)]
            || match self.shape {
                Shape::Radial => {
                    self.gradient_in_step::<false>(ready, rows, table, made, weight, gradient);
                }
                _ => self.gradient_in_step::<true>(ready, rows, table, made, weight, gradient),
            },
        );
    }

    #[inline(always)]
    fn gradient_in_step<const LOW: bool>(
        &self,
        ready: &Ready,
        rows: &Rows,
        table: &Table,
        Made(made): &Made,
        weight: &Mat<f64>,
        gradient: &mut [f64],
    ) {
        let (n, g) = (table.len, self.groups.len());
        let scales = &ready.scales;
        let (first_share, second) = self.shares(scales);
        let mut made = made.chunks_exact(if LOW { 3 } else { 1 });
        // Sums by lane, added up across lanes only at the end.
        let (mut by_radial, mut by_single) = (vec![Lane::ZERO; g], vec![Lane::ZERO; g]);
        let (mut radial, mut single, mut paired) = ([0.0; LANES], [0.0; LANES], [0.0; LANES]);
        let mut all = [Weights::ZERO; LANES];
        for first in 0..n.div_ceil(LANES) {
            for lane in first..n.div_ceil(LANES) {
                let start = lane * LANES;
                for (k, weights) in all.iter_mut().enumerate() {
                    let j = first * LANES + k;
                    if j >= n {
                        *weights = Weights::ZERO;
                        continue;
                    }
                    let Some(sums) = made.next() else { return };
                    let mut w = [0.0; LANES];
                    let own = &weight.col_as_slice(j)[start..n.min(start + LANES)];
                    for (w, weight) in w.iter_mut().zip(own) {
                        *w = 2.0 * weight;
                    }
                    if lane == first {
                        w[..k].fill(0.0);
                        w[k] *= 0.5;
                    }
                    for i in 0..LANES {
                        let (base, slope) = matern_and_slope(sums[0].0[i]);
                        weights.falls[i] = w[i] * slope;
                        radial[i] = w[i].mul_add(base, radial[i]);
                    }
                    if LOW {
                        for i in 0..LANES {
                            let (sum, squared) = (sums[1].0[i], sums[2].0[i]);
                            single[i] = w[i].mul_add(sum, single[i]);
                            let pairs = sum.mul_add(sum, -squared);
                            paired[i] = w[i].mul_add(pairs, paired[i]);
                            weights.outer[i] = w[i] * (2.0 * second).mul_add(sum, first_share);
                            weights.inner[i] = 2.0 * second * w[i];
                        }
                    }
                }
                // Sums are copied, so that the compiler knows them for apart from all else.
                let each = ready.numbers.len();
                for (at, number) in ready.numbers.iter().enumerate() {
                    let Lane(mut radial) = by_radial[number.index];
                    let (own, other) = (lane * each + at, first * each + at);
                    if LOW {
                        let Lane(mut single) = by_single[number.index];
                        let (own, points) = (&ready.sides[own], &ready.sides[other]);
                        for (k, weights) in all.iter().enumerate() {
                            let point = points.at(k);
                            for i in 0..LANES {
                                let pair = own.pair(i, point);
                                radial[i] = weights.falls[i].mul_add(pair.square, radial[i]);
                                let share = weights.inner[i].mul_add(-pair.base, weights.outer[i]);
                                single[i] = share.mul_add(pair.fall * pair.square, single[i]);
                            }
                        }
                        by_single[number.index] = Lane(single);
                    } else {
                        let (Lane(own), Lane(points)) = (ready.scaled[own], ready.scaled[other]);
                        for (weights, point) in all.iter().zip(points) {
                            for i in 0..LANES {
                                let apart = own[i] - point;
                                radial[i] = weights.falls[i].mul_add(apart * apart, radial[i]);
                            }
                        }
                    }
                    by_radial[number.index] = Lane(radial);
                }
                for &index in &ready.others {
                    let group = &self.groups[index];
                    let Lane(mut radial) = by_radial[index];
                    let Lane(mut single) = by_single[index];
                    for (k, weights) in all.iter().enumerate() {
                        let j = (first * LANES + k).min(n - 1);
                        let squares = table.squares(group, rows.row(j), lane);
                        for i in 0..LANES {
                            radial[i] = weights.falls[i].mul_add(squares[i], radial[i]);
                        }
                        if LOW {
                            let (bases, slopes) = ready.single_of(group, index, &squares);
                            for i in 0..LANES {
                                let slope = slopes[i] * squares[i];
                                let share = weights.inner[i].mul_add(-bases[i], weights.outer[i]);
                                single[i] = share.mul_add(slope, single[i]);
                            }
                        }
                    }
                    (by_radial[index], by_single[index]) = (Lane(radial), Lane(single));
                }
                for site in &ready.sites {
                    let codes = table.codes(site.column, lane);
                    let Lane(mut radial) = by_radial[site.described];
                    let Lane(mut single) = by_single[site.described];
                    let mut own = [[0.0; LANES]; 3];
                    for (k, weights) in all.iter().enumerate() {
                        let j = (first * LANES + k).min(n - 1);
                        site.own(rows.row(j)[site.column], codes, &mut own);
                        let [squares, bases, slopes] = &own;
                        for i in 0..LANES {
                            radial[i] = weights.falls[i].mul_add(squares[i], radial[i]);
                        }
                        if LOW {
                            for i in 0..LANES {
                                let share = weights.inner[i].mul_add(-bases[i], weights.outer[i]);
                                single[i] = share.mul_add(slopes[i], single[i]);
                            }
                        }
                    }
                    let sums = (Lane(radial), Lane(single));
                    (by_radial[site.described], by_single[site.described]) = sums;
                }
            }
        }
        // What the sums of each group are in: squared distances, and those times the slope of the kernel.
        let mut units: Vec<(f64, f64)> = (0..g)
            .map(|index| {
                let single = scales.single_inverse.get(index).copied();
                (scales.radial_inverse[index], single.unwrap_or_default())
            })
            .collect();
        for number in &ready.numbers {
            // Of pairs the square is five times the scaled one, the fall six fifths.
            units[number.index] = (number.ratio, 1.0 / 6.0);
        }
        // A squared distance shrinks by twice its size per unit of the log length scale.
        gradient[0] += scales.radial * sum_up(&radial);
        for (index, (unit, single)) in units.into_iter().enumerate() {
            gradient[1 + index] += 2.0 * scales.radial * unit * sum_up(&by_radial[index].0);
            if LOW {
                gradient[2 + g + index] += 2.0 * single * sum_up(&by_single[index].0);
            }
        }
        if LOW {
            gradient[1 + g] += first_share * sum_up(&single);
        }
        if self.shape == Shape::Paired {
            gradient[2 + 2 * g] += second * sum_up(&paired);
        }
    }
}
