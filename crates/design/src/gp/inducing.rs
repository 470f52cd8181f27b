//! A process for many data: what all of them say is held at fewer points, the inducing ones.
//!
//! The fully independent training conditional of Snelson and Ghahramani (NIPS 18 (2006) 1257): each value
//! is independent of the others given the process at the inducing points, with the variance that these
//! leave open added to its error. Near the inducing points the process is as sharp as an exact one. The
//! cost grows with the number of data times the square of the number of inducing points, the memory
//! with their square.

use faer::Mat;
use quantity::Rng;

use super::exact::Exact;
use super::fit::{Data, Fit};
use super::lanes::Table;
use super::normals::normals;
use super::trend::Mean;
use crate::encode::Rows;
use crate::linear_algebra::{
    add_product, cholesky, cholesky_jittered, inverse_from_factor, solve, solve_lower,
    solve_lower_transposed,
};

/// What draws of whole functions need of a process with inducing points.
#[derive(Clone, Debug)]
pub(crate) struct Inducing {
    pub rows: Rows,
    /// Cholesky factor of the prior covariance at the inducing points.
    root: Mat<f64>,
    /// Cholesky factor of the information that the data add, in units of the prior.
    inner: Mat<f64>,
}

/// Data taken in at a time.
const BLOCK: usize = 1024;
/// Share of the variance that is added to the inducing points' own covariance.
const JITTER: f64 = 1e-8;

impl Exact {
    /// The process given all data, held at the rows at `places`.
    pub(crate) fn inducing(data: &Data, fit: &Fit, places: &[usize]) -> Option<Exact> {
        let kernel = &fit.kernel;
        let scales = kernel.scales();
        let prior = kernel.variance(&scales);
        let rows = data.rows.pick(places);
        let table = Table::new(&rows, &kernel.groups);
        let m = rows.len();
        let mut own = kernel.square(&rows, &table);
        (0..m).for_each(|i| own[(i, i)] += JITTER * prior);
        let root = cholesky_jittered(&own)?;
        let variance = fit.noise.exp();
        let mut information = Mat::from_fn(m, m, |i, j| f64::from(u8::from(i == j)));
        // The values, ones, and the terms of the trend; their products with each other, and with what the
        // inducing points see.
        let count = 2 + data.terms.len();
        let mut seen_sums = Mat::zeros(m, count);
        let mut products = Mat::zeros(count, count);
        let all: Vec<usize> = (0..data.values.len()).collect();
        for block in all.chunks(BLOCK) {
            let mut seen = kernel.cross(&table, &data.rows.pick(block));
            solve_lower(&root, seen.as_mut());
            let mut columns = Mat::zeros(block.len(), count);
            for (j, &row) in block.iter().enumerate() {
                let column = seen.col_as_slice_mut(j);
                let explained: f64 = column.iter().map(|v| v * v).sum();
                let error = data.noise(row, variance) + (prior - explained).max(0.0);
                let weight = error.sqrt().recip();
                column.iter_mut().for_each(|v| *v *= weight);
                columns[(j, 0)] = weight * data.values[row];
                columns[(j, 1)] = weight;
                for (term, values) in data.terms.iter().enumerate() {
                    columns[(j, 2 + term)] = weight * values[row];
                }
            }
            add_product(information.as_mut(), seen.as_ref(), seen.transpose(), 1.0);
            add_product(seen_sums.as_mut(), seen.as_ref(), columns.as_ref(), 1.0);
            add_product(
                products.as_mut(),
                columns.transpose(),
                columns.as_ref(),
                1.0,
            );
        }
        let inner = cholesky(information)?;
        // The mean by generalised least squares, through the matrix inversion lemma.
        let dot = |a: &[f64], b: &[f64]| a.iter().zip(b).map(|(a, b)| a * b).sum::<f64>();
        let spread: Vec<Vec<f64>> = (0..count)
            .map(|column| solve(&inner, seen_sums.col_as_slice(column)))
            .collect();
        let left =
            |i: usize, j: usize| products[(i, j)] - dot(&spread[i], seen_sums.col_as_slice(j));
        let own = Mat::from_fn(count - 1, count - 1, |i, j| left(i + 1, j + 1));
        let with_values: Vec<f64> = (1..count).map(|i| left(i, 0)).collect();
        let mean = Mean::least_squares(own, &with_values).unwrap_or_default();
        let residual: Vec<f64> = (0..m)
            .map(|i| mean.less(|column| seen_sums[(i, column)]))
            .collect();
        let told = solve(&inner, &residual);
        let mut alpha = Mat::from_fn(m, 1, |i, _| told[i]);
        solve_lower_transposed(&root, alpha.as_mut());
        let factor = explaining_factor(&root, &inner)?;
        Some(Exact {
            kernel: kernel.clone(),
            ready: kernel.ready(&table),
            noise: fit.noise,
            mean,
            table,
            alpha: alpha.col_as_slice(0).to_vec(),
            factor,
            inducing: Some(Inducing { rows, root, inner }),
        })
    }
}

/// The lower triangular L for which the variance explained at a point of covariance k is |L^-1 k|^2. With
/// the prior's root R and information B it is R^-T (I - B^-1) R^-1, and I - B^-1 = U U^T with U upper
/// triangular gives L = R U^-T.
fn explaining_factor(root: &Mat<f64>, inner: &Mat<f64>) -> Option<Mat<f64>> {
    let m = root.nrows();
    let inverse = inverse_from_factor(inner);
    // In reversed order an upper factor is a lower one.
    let reversed = Mat::from_fn(m, m, |i, j| {
        let (a, b) = (m - 1 - i, m - 1 - j);
        let unit = if i == j { 1.0 + 1e-10 } else { 0.0 };
        unit - inverse[(a.max(b), a.min(b))]
    });
    let lower = cholesky_jittered(&reversed)?;
    let mut right = Mat::from_fn(m, m, |i, j| root[(j, m - 1 - i)]);
    solve_lower(&lower, right.as_mut());
    Some(Mat::from_fn(m, m, |i, j| {
        if j <= i { right[(m - 1 - j, i)] } else { 0.0 }
    }))
}

impl Inducing {
    /// Turns draws of the prior at the inducing points, one to a column, into what each inducing point
    /// adds to the prior draw, so that the sum is a draw given the data.
    pub(crate) fn update(&self, alpha: &[f64], prior: &Mat<f64>, rng: &mut Rng) -> Mat<f64> {
        let (m, count) = (prior.nrows(), prior.ncols());
        let mut fresh = Mat::zeros(m, count);
        for s in 0..count {
            normals(fresh.col_as_slice_mut(s), rng);
        }
        solve_lower_transposed(&self.inner, fresh.as_mut());
        let mut drawn = prior.clone();
        solve_lower(&self.root, drawn.as_mut());
        let mut out = Mat::from_fn(m, count, |i, s| fresh[(i, s)] - drawn[(i, s)]);
        solve_lower_transposed(&self.root, out.as_mut());
        for s in 0..count {
            out.col_as_slice_mut(s)
                .iter_mut()
                .zip(alpha)
                .for_each(|(cell, a)| *cell += a);
        }
        out
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::encode::Group;
    use crate::gp::fit::fit;
    use crate::gp::kernel::Shape;
    use crate::space::normal;
    use quantity::Seed;
    use rand::RngExt;

    fn data(n: usize) -> Data {
        let mut rng = Seed(3).rng();
        let mut rows = Rows::new(2);
        let mut values = Vec::new();
        for _ in 0..n {
            let row = [rng.random::<f64>(), rng.random::<f64>()];
            values.push((5.0 * row[0]).sin() + row[1] * row[1] + 0.1 * normal(&mut rng));
            rows.push(&row);
        }
        Data {
            rows,
            values,
            noise_share: vec![1.0; n],
            noise_known: vec![0.0; n],
            terms: Vec::new(),
        }
    }

    #[test]
    fn with_every_row_inducing_it_is_the_exact_process() {
        let data = data(60);
        let groups = [Group::Number { column: 0 }, Group::Number { column: 1 }];
        let fitted = fit(&data, Shape::Radial, &groups, None, 30).unwrap();
        let exact = Exact::new(&data, &fitted).unwrap();
        let all: Vec<usize> = (0..60).collect();
        let held = Exact::inducing(&data, &fitted, &all).unwrap();
        let mut points = Rows::new(2);
        [[0.1, 0.9], [0.5, 0.5], [1.0, 0.0], [2.0, -1.0]]
            .iter()
            .for_each(|p| points.push(p));
        let (a, b) = (exact.predict(&points), held.predict(&points));
        for i in 0..4 {
            assert!((a.0[i] - b.0[i]).abs() < 1e-4, "{a:?} {b:?}");
            assert!((a.1[i] - b.1[i]).abs() < 1e-4, "{a:?} {b:?}");
        }
    }

    #[test]
    fn few_inducing_rows_hold_what_many_data_say() {
        let data = data(2_000);
        let groups = [Group::Number { column: 0 }, Group::Number { column: 1 }];
        let part: Vec<usize> = (0..200).collect();
        let fitted = fit(&data.pick(&part), Shape::Radial, &groups, None, 30).unwrap();
        let held = Exact::inducing(&data, &fitted, &part[..80]).unwrap();
        let few = Exact::new(&data.pick(&part[..80]), &fitted).unwrap();
        let mut points = Rows::new(2);
        let mut truth = Vec::new();
        for i in 0..100 {
            let row = [
                0.05 + 0.9 * f64::from(i % 10) / 9.0,
                0.05 + 0.09 * f64::from(i / 10),
            ];
            truth.push((5.0 * row[0]).sin() + row[1] * row[1]);
            points.push(&row);
        }
        let error = |process: &Exact| -> f64 {
            let means = process.means(&points);
            let total: f64 = means.iter().zip(&truth).map(|(m, t)| (m - t).powi(2)).sum();
            (total / 100.0).sqrt()
        };
        assert!(error(&held) < 0.03, "{}", error(&held));
        assert!(
            error(&held) < 0.6 * error(&few),
            "{} {}",
            error(&held),
            error(&few)
        );
    }
}
