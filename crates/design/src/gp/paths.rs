//! Whole functions drawn from a process: values and slopes anywhere.
//!
//! A draw from the prior by random Fourier features, corrected by the data (Matheron's rule): Wilson,
//! Borovitskiy, Terenin, Mostowsky and Deisenroth, JMLR 22 (2021), 105. Matérn-5/2 frequencies are
//! Student-t with 5 degrees of freedom (Rasmussen and Williams (2006), section 4.2.1).

use faer::Mat;
use quantity::Rng;
use rand::RngExt;

use super::exact::Exact;
use super::fit::Data;
use super::kernel::{matern_and_slope, wide};
use crate::encode::{Group, Rows};
use crate::linear_algebra::{add_product, solve_lower, solve_lower_transposed};
use crate::space::normal;

/// One cosine: which groups it sees and how fast it turns along them.
#[derive(Clone, Debug)]
struct Feature {
    phase: f64,
    amplitude: f64,
    /// Column and frequency of numeric columns.
    turns: Vec<(usize, f64)>,
    /// Column and phase by level.
    codes: Vec<(usize, Vec<f64>)>,
}

impl Feature {
    fn angle(&self, x: &[f64]) -> f64 {
        let mut angle = self.phase;
        for &(column, turn) in &self.turns {
            angle += turn * x[column];
        }
        for (column, phases) in &self.codes {
            angle += phases[x[*column] as usize];
        }
        angle
    }
}

/// Draws from a process given its data.
#[derive(Clone, Debug)]
pub(crate) struct Paths<'a> {
    process: &'a Exact,
    features: Vec<Feature>,
    /// Feature weights: one column per draw.
    weights: Mat<f64>,
    /// Weights of the covariance with each row of data: one column per draw.
    update: Mat<f64>,
}

/// How many features each part of the kernel gets.
const RADIAL_FEATURES: usize = 256;
const SINGLE_FEATURES: usize = 24;
const PAIRED_FEATURES: usize = 192;

impl<'a> Paths<'a> {
    pub(crate) fn draw(process: &'a Exact, data: &Data, count: usize, rng: &mut Rng) -> Paths<'a> {
        let features = features(process, rng);
        let n = data.values.len();
        let mut weights = Mat::zeros(features.len(), count);
        for s in 0..count {
            weights
                .col_as_slice_mut(s)
                .iter_mut()
                .for_each(|cell| *cell = normal(rng));
        }
        if let Some(inducing) = &process.inducing {
            let table = values(&features, &inducing.rows);
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
        let table = values(&features, &data.rows);
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
        let table = values(&self.features, points);
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
        let mut value = 0.0;
        let weights = self.weights.col_as_slice(draw);
        for (feature, weight) in self.features.iter().zip(weights) {
            let (sin, cos) = feature.angle(x).sin_cos();
            let scaled = weight * feature.amplitude;
            value += scaled * cos;
            for &(column, turn) in &feature.turns {
                slope[column] -= scaled * sin * turn;
            }
        }
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
    let scales = &process.scales;
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
        process.table.squares(group, x, n, square);
        let inverse = scales.radial_inverse[index];
        for j in 0..n {
            total[j] += inverse * square[j];
        }
        if low_order {
            let inverse = scales.single_inverse[index];
            let (base, slopes) = (&mut work.bases[index][..n], &mut work.slopes[index][..n]);
            for j in 0..n {
                let (k, slope) = matern_and_slope(inverse * square[j]);
                base[j] = k;
                slopes[j] = slope;
                sum[j] += k;
                sum_squared[j] += k * k;
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
    value += square.iter().sum::<f64>();
    for (index, &group) in kernel.groups.iter().enumerate() {
        let Group::Number { column } = group else {
            continue;
        };
        let at = x[column];
        let data = &process.table.column(column)[..n];
        for j in 0..n {
            square[j] = total[j] * (at - data[j]);
        }
        slope[column] -= 2.0 * scales.radial_inverse[index] * square.iter().sum::<f64>();
        if low_order {
            let (slopes, base) = (&work.slopes[index][..n], &work.bases[index][..n]);
            for j in 0..n {
                let outer = first + 2.0 * second * (sum[j] - base[j]);
                square[j] = weights[j] * outer * slopes[j] * (at - data[j]);
            }
            slope[column] -= 2.0 * scales.single_inverse[index] * square.iter().sum::<f64>();
        }
    }
    value
}

/// Values of all features: one row per feature, one column per point.
fn values(features: &[Feature], points: &Rows) -> Mat<f64> {
    let mut out = Mat::zeros(features.len(), points.len());
    for j in 0..points.len() {
        let x = points.row(j);
        for (cell, feature) in out.col_as_slice_mut(j).iter_mut().zip(features) {
            *cell = feature.amplitude * feature.angle(x).cos();
        }
    }
    out
}

fn features(process: &Exact, rng: &mut Rng) -> Vec<Feature> {
    let kernel = &process.kernel;
    let scales = kernel.scales();
    let g = kernel.groups.len();
    let all: Vec<usize> = (0..g).collect();
    let mut features = Vec::new();
    let amplitude = |variance: f64, count: usize| (2.0 * variance / count as f64).sqrt();
    for _ in 0..RADIAL_FEATURES {
        let inverses: Vec<f64> = scales.radial_inverse.clone();
        // One common draw of the chi-squared makes the frequencies jointly Student-t.
        let stretch = student_stretch(rng);
        let stretches = vec![stretch; g];
        let height = amplitude(scales.radial, RADIAL_FEATURES);
        features.push(feature(
            kernel.groups.as_slice(),
            &all,
            &inverses,
            &stretches,
            height,
            rng,
        ));
    }
    if scales.single > 0.0 {
        let height = amplitude(scales.single / g as f64, SINGLE_FEATURES);
        for index in 0..g {
            for _ in 0..SINGLE_FEATURES {
                let stretches = vec![student_stretch(rng); g];
                let inverses = &scales.single_inverse;
                features.push(feature(
                    &kernel.groups,
                    &[index],
                    inverses,
                    &stretches,
                    height,
                    rng,
                ));
            }
        }
    }
    if scales.paired > 0.0 {
        let height = amplitude(scales.paired, PAIRED_FEATURES);
        for _ in 0..PAIRED_FEATURES {
            let a = rng.random_range(0..g);
            let b = (a + rng.random_range(1..g)) % g;
            let stretches: Vec<f64> = (0..g).map(|_| student_stretch(rng)).collect();
            let inverses = &scales.single_inverse;
            features.push(feature(
                &kernel.groups,
                &[a, b],
                inverses,
                &stretches,
                height,
                rng,
            ));
        }
    }
    features
}

/// The factor that turns a normal number into a Student-t one with 5 degrees of freedom.
fn student_stretch(rng: &mut Rng) -> f64 {
    let chi: f64 = (0..5).map(|_| normal(rng).powi(2)).sum();
    (5.0 / chi).sqrt()
}

fn feature(
    groups: &[Group],
    chosen: &[usize],
    inverses: &[f64],
    stretches: &[f64],
    amplitude: f64,
    rng: &mut Rng,
) -> Feature {
    let mut feature = Feature {
        phase: std::f64::consts::TAU * rng.random::<f64>(),
        amplitude,
        turns: Vec::new(),
        codes: Vec::new(),
    };
    for &index in chosen {
        let scale = inverses[index].sqrt() * stretches[index];
        match groups[index] {
            Group::Number { column } => feature.turns.push((column, scale * normal(rng))),
            Group::Vector { start, end } => {
                for column in start..end {
                    feature.turns.push((column, scale * normal(rng)));
                }
            }
            // Levels as corners at a squared distance of 1: each has its own direction, of length 1/2.
            Group::Code { column, levels } => {
                let half = scale * std::f64::consts::FRAC_1_SQRT_2;
                let phases = (0..levels).map(|_| half * normal(rng)).collect();
                feature.codes.push((column, phases));
            }
        }
    }
    feature
}
