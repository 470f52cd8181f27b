//! Measuring off the target where that tells more for its cost.

use std::collections::BTreeSet;

use quantity::Seed;

use super::model::Model;
use crate::acquire::Pool;
use crate::normal::{cumulative, density};
use crate::space::{Factor, FactorKind, Level, Point, moved};
use crate::surrogate::Surrogate;

/// Levels of a numeric target factor that are weighed as cheaper ones.
const CHEAPER_LEVELS: usize = 5;
/// Joint samples of the highest value there is, points that they are taken at, and quantiles of them that
/// stand for all.
const SAMPLES: usize = 256;
const SAMPLED: usize = 512;
const QUANTILES: usize = 8;
/// Steps of the integral over what may be measured, and how far it reaches in standard deviations.
const STEPS: usize = 96;
const REACH: f64 = 5.0;

impl Model {
    /// Moves points off the target where, for its cost, a measurement there tells more of the highest value
    /// that the response has at the target: information over cost, each point by itself (Takeno and others,
    /// ICML 2020, section 3).
    pub(super) fn go_cheaper(
        &self,
        model: &Surrogate,
        pool: &Pool,
        leaders: &[Point],
        batch: &mut [Point],
        taken: &BTreeSet<Point>,
        seed: Seed,
    ) {
        let (Some(costs), Some((factor, level))) = (&self.record.question.costs, self.held.first())
        else {
            return;
        };
        let others: Vec<Level> = levels(&self.record.space.factors[*factor])
            .into_iter()
            .filter(|other| other != level)
            .collect();
        let tops = self.tops(model, pool, leaders, batch, seed);
        let noise = model.process.noise.exp();
        let mut used: BTreeSet<Point> = batch.iter().cloned().collect();
        for point in batch {
            let mut choices = vec![point.clone()];
            for other in &others {
                let choice = moved(point.clone(), &[(*factor, other.clone())]);
                let free = !taken.contains(&choice) && !used.contains(&choice);
                if free && self.record.space.contains(&choice) {
                    choices.push(choice);
                }
            }
            let (means, covariance) = model.process.joint(&self.encoding.rows(&choices), None);
            let own = covariance[(0, 0)].max(1e-12);
            let worth = |i: usize| {
                let all = covariance[(i, i)].max(0.0) + noise;
                let share = (covariance[(i, 0)] / (own * all).sqrt()).clamp(-1.0, 1.0);
                let told = tops
                    .iter()
                    .map(|top| told((top - means[0]) / own.sqrt(), share));
                told.sum::<f64>() / costs.of(&choices[i])
            };
            let worths: Vec<f64> = (0..choices.len()).map(worth).collect();
            let best =
                (0..choices.len()).max_by(|&a, &b| worths[a].total_cmp(&worths[b]).then(b.cmp(&a)));
            if let Some(best) = best.filter(|&best| best > 0) {
                used.insert(choices[best].clone());
                *point = choices[best].clone();
            }
        }
    }

    /// Quantiles of the highest value at the target, as the process sees it.
    fn tops(
        &self,
        model: &Surrogate,
        pool: &Pool,
        leaders: &[Point],
        batch: &[Point],
        seed: Seed,
    ) -> Vec<f64> {
        let points = batch.iter().chain(leaders).chain(&pool.points);
        let points: Vec<Point> = points.take(SAMPLED).cloned().collect();
        let mut rng = seed.derive("tops", 0).rng();
        let rows = self.encoding.rows(&points);
        let Some(samples) = model.samples(&rows, None, SAMPLES, &mut rng) else {
            return vec![model.means(&rows).into_iter().fold(0.0, f64::max)];
        };
        let mut tops: Vec<f64> = (0..SAMPLES)
            .map(|sample| {
                let values = samples.col_as_slice(sample).iter();
                values.copied().fold(f64::NEG_INFINITY, f64::max)
            })
            .collect();
        tops.sort_by(f64::total_cmp);
        (0..QUANTILES)
            .map(|i| tops[(2 * i + 1) * SAMPLES / (2 * QUANTILES)])
            .collect()
    }
}

/// What a measurement tells of a normal value that is known to lie below a top: the divergence of what is
/// measured, given that, from what is measured without. `top` is in standard deviations of the value above
/// its mean, `share` the correlation of measurement and value. Its mean over tops is the mutual information;
/// unlike that of the value itself it stays finite without noise.
fn told(top: f64, share: f64) -> f64 {
    let below = cumulative(top).max(1e-300);
    let rest = (1.0 - share * share).max(1e-9).sqrt();
    let width = 2.0 * REACH / STEPS as f64;
    let (mut total, mut weight) = (0.0, 0.0);
    for step in 0..STEPS {
        let z = -REACH + width * (step as f64 + 0.5);
        let chance = cumulative((top - share * z) / rest);
        let part = density(z) * chance;
        weight += part;
        if part > 0.0 {
            total += part * (chance / below).ln();
        }
    }
    if weight > 0.0 {
        (total / weight).max(0.0)
    } else {
        0.0
    }
}

/// Levels of a factor; of a numeric one a few, evenly spaced.
fn levels(factor: &Factor) -> Vec<Level> {
    match (&factor.kind, factor.range()) {
        (FactorKind::Continuous { .. }, Some((low, high))) => (0..CHEAPER_LEVELS)
            .map(|i| i as f64 / (CHEAPER_LEVELS - 1) as f64)
            .map(|share| Level::Real((low + share * (high - low)).clamp(low, high)))
            .collect(),
        _ => factor.levels().unwrap_or_default(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_measurement_tells_more_the_closer_it_follows_and_the_likelier_the_top() {
        // Of a value measured without error: a truncated normal's divergence, minus the logarithm of the share
        // that is left.
        assert!(
            (told(0.0, 1.0) - 2.0_f64.ln()).abs() < 0.01,
            "{}",
            told(0.0, 1.0)
        );
        let shares = [0.0, 0.3, 0.6, 0.9, 1.0].map(|share| told(0.5, share));
        assert!(shares.is_sorted(), "{shares:?}");
        assert!(shares[0] < 1e-9);
        let tops = [0.0, 1.0, 2.0, 4.0].map(|top| -told(top, 0.9));
        assert!(tops.is_sorted(), "{tops:?}");
        assert!(told(-40.0, 0.5).is_finite());
    }
}
