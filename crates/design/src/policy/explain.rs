//! What the models' expectations rest on.

use quantity::Seed;

use super::model::Model;
use crate::encode::Rows;
use crate::space::{Point, moved};
use crate::trial::Outcome;

/// Points that factor shares are estimated on, and points of a table taken for it.
const SHARE_POINTS: usize = 256;

impl Model {
    /// Trials by their weight in the expected first response at a point, heaviest first.
    pub(super) fn bearing_on(&self, point: &Point) -> Option<Vec<(usize, f64)>> {
        let model = &self.fitted.as_ref()?.models[0];
        let weights = model.weights(&self.encoding.row(point))?;
        let measured = (0..self.record.trials.len())
            .filter(|&trial| matches!(self.record.trials[trial].outcome, Outcome::Measured { .. }));
        let mut all: Vec<(usize, f64)> = measured
            .zip(weights.into_iter().take(model.measured))
            .collect();
        all.sort_by(|a, b| b.1.abs().total_cmp(&a.1.abs()).then(a.0.cmp(&b.0)));
        Some(all)
    }

    /// Total effect of each factor on what is expected of the first response (Jansen, Comput. Phys.
    /// Commun. 117 (1999) 35): half the mean square of what changes when that factor alone is drawn anew,
    /// over the variance. Where rules tie factors together a draw may leave the space; the model is
    /// asked there all the same.
    pub(super) fn factor_shares(&self) -> Option<Vec<f64>> {
        let model = &self.fitted.as_ref()?.models[0];
        let mut rng = Seed(0).derive("importance", 0).rng();
        let mut draw = || -> Option<Vec<Point>> {
            (0..SHARE_POINTS)
                .map(|_| self.record.space.sample(&mut rng).ok())
                .map(|point| point.map(|point| moved(point, &self.held)))
                .collect()
        };
        let (base, other) = (draw()?, draw()?);
        let expect = |points: &[Point]| {
            let mut rows = Rows::new(self.encoding.width);
            points
                .iter()
                .for_each(|point| rows.push(&self.encoding.row(point)));
            // As the weights of trials, by the likeliest numbers of the kernel.
            model.process.means(&rows)
        };
        let values = expect(&base);
        let mean = values.iter().sum::<f64>() / SHARE_POINTS as f64;
        let variance = values.iter().map(|v| (v - mean).powi(2)).sum::<f64>();
        let shares = (0..self.record.space.factors.len()).map(|factor| {
            let turned: Vec<Point> = base
                .iter()
                .zip(&other)
                .map(|(point, other)| moved(point.clone(), &[(factor, other.0[factor].clone())]))
                .collect();
            let change: f64 = expect(&turned)
                .iter()
                .zip(&values)
                .map(|(a, b)| (a - b).powi(2))
                .sum();
            if variance > 0.0 {
                0.5 * change / variance
            } else {
                0.0
            }
        });
        Some(shares.collect())
    }
}
