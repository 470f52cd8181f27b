//! Whole functions drawn from a process: values and slopes anywhere.
//!
//! A draw from the prior by random Fourier features, corrected by the data (Matheron's rule): Wilson,
//! Borovitskiy, Terenin, Mostowsky and Deisenroth, JMLR 22 (2021), 105. Matérn-5/2 frequencies are
//! Student-t with 5 degrees of freedom (Rasmussen and Williams (2006), section 4.2.1).

use faer::Mat;
use quantity::Rng;

use super::exact::Exact;
use super::features::{Angles, Features};
use super::fit::Data;
use super::kernel::Shape;
use super::lanes::{Kept, LANES, Lane, Look, Weights};
use super::matern::{Side, matern_and_slope, total as sum_up, wide};
use super::normals::normals;
use crate::encode::Rows;
use crate::linear_algebra::{add_product, solve_lower, solve_lower_transposed};

/// Draws from a process given its data.
#[derive(Clone, Debug)]
pub(crate) struct Paths<'a> {
    pub(super) process: &'a Exact,
    pub(super) features: Features,
    /// Feature weights, amplitudes included: one column per draw.
    pub(super) weights: Mat<f64>,
    /// Weights of the covariance with each row of data: one column per draw.
    pub(super) update: Mat<f64>,
}

impl<'a> Paths<'a> {
    pub(crate) fn draw(process: &'a Exact, data: &Data, count: usize, rng: &mut Rng) -> Paths<'a> {
        let features = Features::draw(&process.kernel, rng);
        let n = data.values.len();
        let mut weights = Mat::zeros(features.len(), count);
        for s in 0..count {
            let column = weights.col_as_slice_mut(s);
            normals(column, rng);
            let column = column.iter_mut().zip(&features.amplitudes);
            column.for_each(|(cell, amplitude)| *cell *= amplitude);
        }
        if let Some(inducing) = &process.inducing {
            let table = features.cosines(&inducing.rows);
            let mut prior = Mat::zeros(inducing.rows.len(), count);
            add_product(prior.as_mut(), table.transpose(), weights.as_ref(), 1.0);
            let update = inducing.update(&process.alpha, &prior, rng);
            return Paths {
                process,
                features,
                weights,
                update,
            };
        }
        let mut update = Mat::zeros(n, count);
        let variance = process.noise.exp();
        let groups = &process.kernel.groups;
        for s in 0..count {
            let column = update.col_as_slice_mut(s);
            normals(column, rng);
            for (i, cell) in column.iter_mut().enumerate() {
                let mean = process.mean.at(groups, data.rows.row(i));
                *cell = data.values[i] - mean - data.noise(i, variance).sqrt() * *cell;
            }
        }
        let table = features.cosines(&data.rows);
        add_product(update.as_mut(), table.transpose(), weights.as_ref(), -1.0);
        solve_lower(&process.factor, update.as_mut());
        solve_lower_transposed(&process.factor, update.as_mut());
        Paths {
            process,
            features,
            weights,
            update,
        }
    }

    /// Values of all draws at points: one row per point, one column per draw.
    pub(crate) fn at(&self, points: &Rows) -> Mat<f64> {
        let (mean, groups) = (self.process.mean, &self.process.kernel.groups);
        let means: Vec<f64> = (0..points.len())
            .map(|i| mean.at(groups, points.row(i)))
            .collect();
        let mut out = Mat::from_fn(points.len(), self.weights.ncols(), |i, _| means[i]);
        let table = self.features.cosines(points);
        add_product(out.as_mut(), table.transpose(), self.weights.as_ref(), 1.0);
        let Exact { kernel, ready, .. } = self.process;
        let cross = kernel.cross_ready(ready, &self.process.table, points);
        add_product(out.as_mut(), cross.transpose(), self.update.as_ref(), 1.0);
        out
    }

    /// Value of one draw at a point, and its slope along numeric columns written to `slope` (other
    /// columns are left at zero).
    pub(crate) fn slope(
        &self,
        draw: usize,
        x: &[f64],
        work: &mut SlopeWork,
        slope: &mut [f64],
    ) -> f64 {
        slope.fill(0.0);
        let weights = self.weights.col_as_slice(draw);
        let value = self.features.sum(weights, x, &mut work.angles, slope);
        value + weighted_slope(self.process, self.update.col_as_slice(draw), x, work, slope)
    }
}

/// The process's expected value at a point, and its slope along numeric columns.
pub(crate) fn mean_slope(
    process: &Exact,
    x: &[f64],
    work: &mut SlopeWork,
    slope: &mut [f64],
) -> f64 {
    slope.fill(0.0);
    weighted_slope(process, &process.alpha, x, work, slope)
}

/// Lanes of rows that slopes are summed over together.
const BLOCK: usize = 2;

/// Buffers for slopes.
#[derive(Clone, Debug, Default)]
pub(crate) struct SlopeWork {
    angles: Angles,
    sides: Vec<Side>,
    /// By lane of a block, then by numeric group.
    kept: Vec<Kept>,
    /// By numeric group, of the radial part and of the others.
    slopes: Vec<[Lane; 2]>,
}

/// The mean plus the weighted sum of covariances with the data's rows, and its slope added to `slope`.
fn weighted_slope(
    process: &Exact,
    weights: &[f64],
    x: &[f64],
    work: &mut SlopeWork,
    slope: &mut [f64],
) -> f64 {
    wide(
        #[inline(always)]
        || match process.kernel.shape {
            Shape::Radial => weighted_slope_in_step::<false>(process, weights, x, work, slope),
            _ => weighted_slope_in_step::<true>(process, weights, x, work, slope),
        },
    )
}

#[inline(always)]
fn weighted_slope_in_step<const LOW: bool>(
    process: &Exact,
    weights: &[f64],
    x: &[f64],
    work: &mut SlopeWork,
    slope: &mut [f64],
) -> f64 {
    let (kernel, table) = (&process.kernel, &process.table);
    let scales = &process.ready.scales;
    let numbers = &process.ready.numbers;
    let (n, each) = (table.len, numbers.len());
    let (first, second) = kernel.shares(scales);
    work.kept.resize(each * BLOCK, Kept::ZERO);
    work.slopes.resize(each, [Lane::ZERO; 2]);
    let SlopeWork {
        sides,
        kept,
        slopes,
        ..
    } = work;
    slopes.fill([Lane::ZERO; 2]);
    let point = process.ready.point(x, sides);
    let look = Look {
        groups: &kernel.groups,
        ready: &process.ready,
        table,
        point: &point,
    };
    let mut value = [0.0; LANES];
    let mut all = [Weights::ZERO; BLOCK];
    // Some lanes for all groups, then some lanes of one group after the other, whose sums stay in registers.
    let lanes = n.div_ceil(LANES);
    for block in (0..lanes).step_by(BLOCK) {
        let all = &mut all[..BLOCK.min(lanes - block)];
        for (place, all) in all.iter_mut().enumerate() {
            let start = (block + place) * LANES;
            let mut w = [0.0; LANES];
            let own = &weights[start..n.min(start + LANES)];
            w[..own.len()].copy_from_slice(own);
            let kept = &mut kept[place * each..(place + 1) * each];
            let sums = look.sums::<LOW, true>(block + place, kept);
            for i in 0..LANES {
                let (k, fall) = matern_and_slope(sums.total[i]);
                let weight = w[i] * scales.radial;
                all.falls[i] = weight * fall;
                value[i] = weight.mul_add(k, value[i]);
                if LOW {
                    let sum = sums.single[i];
                    let pairs = sum.mul_add(sum, -sums.squared[i]);
                    let low = first.mul_add(sum, second * pairs);
                    value[i] = w[i].mul_add(low, value[i]);
                    all.outer[i] = w[i] * (2.0 * second).mul_add(sum, first);
                    all.inner[i] = 2.0 * second * w[i];
                }
            }
        }
        for (number, slopes) in slopes.iter_mut().enumerate() {
            // Copies, so that the compiler knows them for apart from all else.
            let [Lane(mut radial), Lane(mut others)] = *slopes;
            let at = point.sides[number].scaled;
            for (place, all) in all.iter().enumerate() {
                let own = (block + place) * each + number;
                let Lane(scaled) = match LOW {
                    true => &process.ready.sides[own].scaled,
                    false => &process.ready.scaled[own],
                };
                for i in 0..LANES {
                    radial[i] = all.falls[i].mul_add(at - scaled[i], radial[i]);
                }
                if LOW {
                    let Kept { bases, falls } = &kept[place * each + number];
                    for i in 0..LANES {
                        let share = all.inner[i].mul_add(-bases.0[i], all.outer[i]);
                        others[i] = share.mul_add(falls.0[i], others[i]);
                    }
                }
            }
            *slopes = [Lane(radial), Lane(others)];
        }
    }
    for (number, [Lane(radial), Lane(others)]) in numbers.iter().zip(slopes.iter()) {
        let mut sum = scales.radial_inverse[number.index] * sum_up(radial);
        if LOW {
            // Falls are six fifths of the slope's.
            sum += 5.0 / 6.0 * scales.single_inverse[number.index] * sum_up(others);
        }
        // Differences are scaled.
        slope[number.column] -= 2.0 * sum / number.rate;
    }
    process.mean.at_with_slope(&kernel.groups, x, slope) + sum_up(&value)
}
