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
use super::lanes::{Kept, LANES, Lane, Look};
use super::matern::{Side, matern_and_slope, total as sum_up, wide};
use super::normals::normals;
use crate::encode::{Group, Rows};
use crate::linear_algebra::{add_product, solve_lower, solve_lower_transposed};

/// Draws from a process given its data.
#[derive(Clone, Debug)]
pub(crate) struct Paths<'a> {
    process: &'a Exact,
    features: Features,
    /// Feature weights, amplitudes included: one column per draw.
    weights: Mat<f64>,
    /// Weights of the covariance with each row of data: one column per draw.
    update: Mat<f64>,
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

/// Buffers for slopes.
#[derive(Clone, Debug, Default)]
pub(crate) struct SlopeWork {
    angles: Angles,
    sides: Vec<Side>,
    kept: Kept,
    /// By group, of the radial part and of the others.
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
    let (n, g) = (table.len, kernel.groups.len());
    let (first, second) = kernel.shares(scales);
    if work.kept.groups() != g {
        work.kept = Kept::new(g);
        work.slopes = vec![[Lane::ZERO; 2]; g];
    }
    let SlopeWork {
        sides,
        kept,
        slopes,
        ..
    } = work;
    slopes.fill([Lane::ZERO; 2]);
    let point = process.ready.point(&kernel.groups, x, sides);
    let look = Look {
        groups: &kernel.groups,
        ready: &process.ready,
        table,
        point: &point,
    };
    let mut value = [0.0; LANES];
    for lane in 0..n.div_ceil(LANES) {
        let start = lane * LANES;
        let mut w = [0.0; LANES];
        let own = &weights[start..n.min(start + LANES)];
        w[..own.len()].copy_from_slice(own);
        let sums = look.sums::<LOW, true>(lane, kept);
        let (mut falls, mut outer, mut inner) = ([0.0; LANES], [0.0; LANES], [0.0; LANES]);
        for i in 0..LANES {
            let (k, fall) = matern_and_slope(sums.total[i]);
            let weight = w[i] * scales.radial;
            falls[i] = weight * fall;
            value[i] = weight.mul_add(k, value[i]);
            if LOW {
                let sum = sums.single[i];
                let pairs = sum.mul_add(sum, -sums.squared[i]);
                let low = first.mul_add(sum, second * pairs);
                value[i] = w[i].mul_add(low, value[i]);
                outer[i] = w[i] * (2.0 * second).mul_add(sum, first);
                inner[i] = 2.0 * second * w[i];
            }
        }
        let groups = kernel.groups.iter().zip(slopes.iter_mut());
        for ((&group, slopes), [Lane(apart), Lane(bases), Lane(own)]) in groups.zip(kept.all()) {
            let Group::Number { column } = group else {
                continue;
            };
            // Copies, so that the compiler knows them for apart from all else.
            let [Lane(mut radial), Lane(mut others)] = *slopes;
            if LOW {
                for i in 0..LANES {
                    radial[i] = falls[i].mul_add(apart[i], radial[i]);
                    let share = inner[i].mul_add(-bases[i], outer[i]);
                    others[i] = share.mul_add(own[i], others[i]);
                }
            } else {
                let (at, Lane(values)) = (x[column], &table.column(column)[lane]);
                for i in 0..LANES {
                    radial[i] = falls[i].mul_add(at - values[i], radial[i]);
                }
            }
            *slopes = [Lane(radial), Lane(others)];
        }
    }
    for (index, &group) in kernel.groups.iter().enumerate() {
        let Group::Number { column } = group else {
            continue;
        };
        let [Lane(radial), Lane(others)] = &slopes[index];
        let sum = scales.radial_inverse[index] * sum_up(radial);
        slope[column] -= 2.0
            * match process.ready.sides.get(index) {
                // Differences are scaled, and falls are six fifths of the slope's.
                Some(Some(sides)) => {
                    let own = 5.0 / 6.0 * scales.single_inverse[index] * sum_up(others);
                    (sum + own) / sides.rate
                }
                _ => sum,
            };
    }
    process.mean.at_with_slope(&kernel.groups, x, slope) + sum_up(&value)
}
