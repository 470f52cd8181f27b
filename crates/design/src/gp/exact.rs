//! The process given data: predictions, joint samples.

use faer::Mat;
use quantity::Rng;

use super::fit::{Data, Fit, covariance};
use super::inducing::Inducing;
use super::kernel::Kernel;
use super::lanes::{Ready, Table};
use super::normals::normals;
use super::trend::{Mean, centre};
use crate::encode::Rows;
use crate::linear_algebra::{
    add_lower_product, cholesky_jittered, cholesky_raised, solve, solve_lower, subtract_gram,
};

/// Share of the prior variance that a posterior one is taken to be known to.
const ROUNDING: f64 = 1e-6;

/// A Gaussian process conditioned on data.
#[derive(Clone, Debug)]
pub(crate) struct Exact {
    pub kernel: Kernel,
    /// The kernel made ready for the table.
    pub ready: Ready,
    /// Logarithm of the noise variance.
    pub noise: f64,
    pub mean: Mean,
    pub table: Table,
    /// Covariance of the data, inverted, times the data less the mean.
    pub alpha: Vec<f64>,
    pub factor: Mat<f64>,
    /// Set where the data are held at fewer points: those are the table's rows then.
    pub inducing: Option<Inducing>,
}

/// What the data say of points: expected values, and the covariances with the data solved by the factor, one
/// column per point.
#[derive(Clone, Debug)]
pub(crate) struct Solved {
    means: Vec<f64>,
    columns: Mat<f64>,
}

impl Solved {
    /// Of some of the points.
    pub(crate) fn pick(&self, places: &[usize]) -> Solved {
        let rows = self.columns.nrows();
        let mut columns = Mat::zeros(rows, places.len());
        for (to, &from) in places.iter().enumerate() {
            let column = self.columns.col_as_slice(from);
            columns.col_as_slice_mut(to).copy_from_slice(column);
        }
        let means = places.iter().map(|&place| self.means[place]).collect();
        Solved { means, columns }
    }
}

impl Exact {
    pub(crate) fn new(data: &Data, fit: &Fit) -> Option<Exact> {
        let table = Table::new(&data.rows, &fit.kernel.groups);
        let factor = cholesky_jittered(&covariance(data, &table, &fit.kernel, fit.noise))?;
        let (mean, residual) = centre(&factor, data);
        let alpha = solve(&factor, &residual);
        Some(Exact {
            kernel: fit.kernel.clone(),
            ready: fit.kernel.ready(&table),
            noise: fit.noise,
            mean,
            table,
            alpha,
            factor,
            inducing: None,
        })
    }

    /// Expected values.
    pub(crate) fn means(&self, points: &Rows) -> Vec<f64> {
        let mut sides = Vec::new();
        let mut line = vec![0.0; self.table.len];
        (0..points.len())
            .map(|j| {
                let groups = &self.kernel.groups;
                let point = self.ready.point(points.row(j), &mut sides);
                let rows = 0..self.table.len;
                self.kernel
                    .against(&self.ready, &self.table, &point, rows, &mut line);
                self.mean.at(groups, points.row(j))
                    + line
                        .iter()
                        .zip(&self.alpha)
                        .map(|(k, a)| k * a)
                        .sum::<f64>()
            })
            .collect()
    }

    /// Expected values at the rows of the data that it was made from: the values less what their noise is
    /// taken for. Nothing where the data are held at fewer points.
    pub(crate) fn means_told(&self, data: &Data) -> Option<Vec<f64>> {
        if self.inducing.is_some() {
            return None;
        }
        let variance = self.noise.exp();
        let told = data.values.iter().zip(&self.alpha).enumerate();
        let mean = |(row, (value, alpha)): (usize, (&f64, &f64))| {
            value - data.noise(row, variance) * alpha
        };
        Some(told.map(mean).collect())
    }

    /// What the data say of points.
    pub(crate) fn solved(&self, points: &Rows) -> Solved {
        let mut columns = self.kernel.cross_ready(&self.ready, &self.table, points);
        let means = (0..points.len())
            .map(|j| {
                let covariances = columns.col_as_slice(j).iter().zip(&self.alpha);
                let off: f64 = covariances.map(|(k, a)| k * a).sum();
                self.mean.at(&self.kernel.groups, points.row(j)) + off
            })
            .collect();
        solve_lower(&self.factor, columns.as_mut());
        Solved { means, columns }
    }

    /// Expected values and variances where the data are told of, noise left out.
    pub(crate) fn moments(&self, solved: &Solved) -> (Vec<f64>, Vec<f64>) {
        let prior = self.kernel.variance(&self.ready.scales);
        let variance = |j: usize| {
            let explained: f64 = solved.columns.col_as_slice(j).iter().map(|v| v * v).sum();
            (prior - explained).max(1e-12 * prior)
        };
        let variances = (0..solved.means.len()).map(variance).collect();
        (solved.means.clone(), variances)
    }

    /// Expected values and variances, noise left out.
    pub(crate) fn predict(&self, points: &Rows) -> (Vec<f64>, Vec<f64>) {
        let (mut means, mut variances) = (Vec::new(), Vec::new());
        // Blocks keep the memory small for many points.
        let places: Vec<usize> = (0..points.len()).collect();
        for block in places.chunks(512) {
            let (own, own_variances) = self.moments(&self.solved(&points.pick(block)));
            means.extend(own);
            variances.extend(own_variances);
        }
        (means, variances)
    }

    /// Expected values and covariance of points together; of the covariance the lower half. What the data say of
    /// the first of the points may be known.
    pub(crate) fn joint(&self, points: &Rows, known: Option<&Solved>) -> (Vec<f64>, Mat<f64>) {
        let solved = match known {
            None => self.solved(points),
            Some(known) => {
                let (m, first) = (points.len(), known.means.len());
                let places: Vec<usize> = (first..m).collect();
                let rest = self.solved(&points.pick(&places));
                let mut columns = Mat::zeros(self.factor.nrows(), m);
                for j in 0..m {
                    let column = match j.checked_sub(first) {
                        None => known.columns.col_as_slice(j),
                        Some(place) => rest.columns.col_as_slice(place),
                    };
                    columns.col_as_slice_mut(j).copy_from_slice(column);
                }
                let means = known.means.iter().chain(&rest.means).copied().collect();
                Solved { means, columns }
            }
        };
        let mut covariance = self
            .kernel
            .square(points, &Table::new(points, &self.kernel.groups));
        subtract_gram(covariance.as_mut(), solved.columns.as_ref());
        (solved.means, covariance)
    }

    /// Joint samples at points, noise left out: one column per sample. What the data say of the first of the
    /// points may be known. Nothing when the covariance can't be factored.
    pub(crate) fn samples(
        &self,
        points: &Rows,
        known: Option<&Solved>,
        count: usize,
        rng: &mut Rng,
    ) -> Option<Mat<f64>> {
        let (means, covariance) = self.joint(points, known);
        let m = points.len();
        // Where nearly all is known, what is left is a small difference of large numbers.
        let left = (0..m).map(|i| covariance[(i, i)]).sum::<f64>() / m.max(1) as f64;
        let prior = self.kernel.variance(&self.ready.scales);
        let factor = cholesky_raised(&covariance, left.max(ROUNDING * prior))?;
        let mut standard = Mat::zeros(m, count);
        for s in 0..count {
            normals(standard.col_as_slice_mut(s), rng);
        }
        let mut out = Mat::from_fn(m, count, |i, _| means[i]);
        add_lower_product(out.as_mut(), factor.as_ref(), standard.as_ref());
        Some(out)
    }
}
