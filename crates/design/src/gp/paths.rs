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
use super::matern::{matern_and_slope, total as sum_up, wide};
use crate::encode::{Group, Rows};
use crate::linear_algebra::{add_product, solve_lower, solve_lower_transposed};
use crate::space::normal;

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
            let column = weights.col_as_slice_mut(s).iter_mut();
            column
                .zip(&features.amplitudes)
                .for_each(|(cell, amplitude)| *cell = amplitude * normal(rng));
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
        for s in 0..count {
            let column = update.col_as_slice_mut(s);
            for (i, cell) in column.iter_mut().enumerate() {
                *cell =
                    data.values[i] - process.mean - data.noise(i, variance).sqrt() * normal(rng);
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
        let mean = self.process.mean;
        let mut out = Mat::from_fn(points.len(), self.weights.ncols(), |_, _| mean);
        let table = self.features.cosines(points);
        add_product(out.as_mut(), table.transpose(), self.weights.as_ref(), 1.0);
        let cross = self.process.kernel.cross(&self.process.table, points);
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
    square: Vec<f64>,
    total: Vec<f64>,
    sum: Vec<f64>,
    sum_squared: Vec<f64>,
    bases: Vec<Vec<f64>>,
    slopes: Vec<Vec<f64>>,
}

impl SlopeWork {
    fn resize(&mut self, n: usize, groups: usize) {
        if self.square.len() == n && self.bases.len() == groups {
            return;
        }
        for buffer in [
            &mut self.square,
            &mut self.total,
            &mut self.sum,
            &mut self.sum_squared,
        ] {
            buffer.resize(n, 0.0);
        }
        self.bases = vec![vec![0.0; n]; groups];
        self.slopes = vec![vec![0.0; n]; groups];
    }
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
        || weighted_slope_in_step(process, weights, x, work, slope),
    )
}

#[inline(always)]
fn weighted_slope_in_step(
    process: &Exact,
    weights: &[f64],
    x: &[f64],
    work: &mut SlopeWork,
    slope: &mut [f64],
) -> f64 {
    let kernel = &process.kernel;
    let scales = &process.ready.scales;
    let (n, g) = (process.table.len, kernel.groups.len());
    let weights = &weights[..n];
    let low_order = scales.single > 0.0 || scales.paired > 0.0;
    let second = scales.paired / ((g * (g - 1)) as f64).max(1.0);
    let first = scales.single / g as f64;
    work.resize(n, g);
    let square = &mut work.square[..n];
    let (total, sum) = (&mut work.total[..n], &mut work.sum[..n]);
    let sum_squared = &mut work.sum_squared[..n];
    total.fill(0.0);
    sum.fill(0.0);
    sum_squared.fill(0.0);
    for (index, &group) in kernel.groups.iter().enumerate() {
        process.table.squares(group, x, 0, square);
        let inverse = scales.radial_inverse[index];
        for j in 0..n {
            total[j] += inverse * square[j];
        }
        if low_order {
            let inverse = scales.single_inverse[index];
            let (base, slopes) = (&mut work.bases[index][..n], &mut work.slopes[index][..n]);
            let mut take = |j: usize, k: f64, slope: f64| {
                base[j] = k;
                slopes[j] = slope;
                sum[j] += k;
                sum_squared[j] += k * k;
            };
            if let (Group::Number { column }, Some(sides)) = (group, &process.ready.sides[index]) {
                let values = process.table.column(column);
                sides.each_with_slope(values, x[column], sides.at(x[column]), 0..n, take);
            } else if let Group::Code { .. } = group {
                let (different, _) = matern_and_slope(inverse);
                for j in 0..n {
                    let k = if square[j] == 0.0 { 1.0 } else { different };
                    take(j, k, 0.0);
                }
            } else {
                for j in 0..n {
                    let (k, slope) = matern_and_slope(inverse * square[j]);
                    take(j, k, slope);
                }
            }
        }
    }
    let mut value = process.mean;
    for j in 0..n {
        let (k, slope) = matern_and_slope(total[j]);
        let weight = weights[j] * scales.radial;
        square[j] = weight * k
            + weights[j] * (first * sum[j] + second * (sum[j] * sum[j] - sum_squared[j]));
        total[j] = weight * slope;
    }
    value += sum_up(square);
    for (index, &group) in kernel.groups.iter().enumerate() {
        let Group::Number { column } = group else {
            continue;
        };
        let at = x[column];
        let data = &process.table.column(column)[..n];
        for j in 0..n {
            square[j] = total[j] * (at - data[j]);
        }
        slope[column] -= 2.0 * scales.radial_inverse[index] * sum_up(square);
        if low_order {
            let (slopes, base) = (&work.slopes[index][..n], &work.bases[index][..n]);
            for j in 0..n {
                let outer = first + 2.0 * second * (sum[j] - base[j]);
                square[j] = weights[j] * outer * slopes[j] * (at - data[j]);
            }
            slope[column] -= 2.0 * scales.single_inverse[index] * sum_up(square);
        }
    }
    value
}
