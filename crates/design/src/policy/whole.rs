//! Choosing a batch for a question about the whole of the space: what the response is everywhere, or where
//! it crosses a level.

use faer::Mat;

use super::choose::PENDING_MAX;
use super::model::Model;
use crate::acquire::{Pool, least_error};
use crate::space::Point;
use crate::surrogate::Surrogate;

impl Model {
    /// Places in the pool of the points after which the model is least unsure of the rest. `level` is given as
    /// the process sees it.
    pub(super) fn for_the_map(
        &self,
        model: &Surrogate,
        pool: &Pool,
        pending: &[Point],
        q: usize,
        level: Option<f64>,
    ) -> Vec<usize> {
        let mut rows = pool.rows.clone();
        let pending = pending.iter().take(PENDING_MAX);
        pending.for_each(|point| rows.push(&self.encoding.row(point)));
        let (means, mut covariance) = model.process.joint(&rows, None);
        let noise = model.process.noise.exp();
        // Pending points are measured in thought: what they will teach is taken away first.
        for place in pool.points.len()..rows.len() {
            let column: Vec<f64> = (0..rows.len())
                .map(|i| covariance[(i.max(place), i.min(place))])
                .collect();
            let scale = 1.0 / (column[place].max(0.0) + noise.max(1e-12));
            for j in 0..rows.len() {
                for i in j..rows.len() {
                    covariance[(i, j)] -= scale * column[i] * column[j];
                }
            }
        }
        let mut weights = vec![0.0; rows.len()];
        for i in 0..pool.points.len() {
            weights[i] = level.map_or(1.0, |level| crossing(means[i], &covariance, i, level));
        }
        least_error(&covariance, &weights, noise, pool.points.len(), q)
    }
}

/// How much it matters to know a point better that may lie on either side of `level`: the density at the
/// level of what is expected there, times its spread.
fn crossing(mean: f64, covariance: &Mat<f64>, place: usize, level: f64) -> f64 {
    let variance = covariance[(place, place)].max(1e-12);
    // A little everywhere keeps the choice defined where all is clear.
    (-0.5 * (mean - level).powi(2) / variance).exp() + 1e-9
}
