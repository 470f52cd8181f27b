//! What wells said, as a likelihood: with errors as they were stated, or with errors that are learned with the law.

use super::noise::{Moments, Noise, Spread};
use super::{Datum, Hypothesis, Pooled, Scratch, columns};

/// Readings, and how they are judged.
#[derive(Clone, Debug)]
pub(super) struct Readings<'a> {
    data: &'a [Datum],
    columns: Vec<Vec<f64>>,
    /// Errors that are learned, where wells of a point show them.
    noise: Option<&'a Noise>,
    pooled: Pooled,
}

/// One well alone shows nothing of its spread.
pub(super) fn spread(datum: &Datum) -> Spread {
    datum.spread.unwrap_or(Spread {
        wells: 1.0,
        sd: 0.0,
    })
}

impl<'a> Readings<'a> {
    pub(super) fn of(data: &'a [Datum], noise: Option<&'a Noise>) -> Self {
        let noise = noise.filter(|noise| noise.shown.is_some());
        let rows: Vec<Vec<f64>> = match noise {
            Some(_) => data.iter().map(|d| d.x.clone()).collect(),
            None => Vec::new(),
        };
        Self {
            data,
            columns: columns(&rows),
            noise,
            pooled: noise.map_or_else(|| Pooled::of(data), |_| Pooled::default()),
        }
    }

    /// What a law expects of each reading, and the variance of a well that is not the dose's; `None` where errors are
    /// those stated.
    fn expected(
        &self,
        law: &Hypothesis,
        places: &[f64],
        scratch: &mut Scratch,
    ) -> Option<(Moments, f64)> {
        let noise = self.noise?;
        let moments = noise.moments(law, &self.columns, places, scratch);
        Some((moments, noise.at(law, places).0.powi(2)))
    }

    /// Sum of squared residuals of a law over their errors; infinite where the law has no value.
    pub(super) fn squares(&self, law: &Hypothesis, places: &[f64], scratch: &mut Scratch) -> f64 {
        let Some((moments, own)) = self.expected(law, places, scratch) else {
            return self.pooled.squares(law, places, scratch);
        };
        let each = self.data.iter().enumerate().map(|(at, datum)| {
            let residual = datum.y - moments.means[at];
            residual * residual / spread(datum).variance(own + moments.variances[at])
        });
        let sum: f64 = each.sum();
        if sum.is_finite() { sum } else { f64::INFINITY }
    }

    /// Logarithm of the likelihood, up to what no law and no error changes.
    pub(super) fn log_likelihood(
        &self,
        law: &Hypothesis,
        places: &[f64],
        scratch: &mut Scratch,
    ) -> f64 {
        let Some((moments, own)) = self.expected(law, places, scratch) else {
            return self.pooled.log_likelihood(law, places, scratch);
        };
        let each = self.data.iter().enumerate().map(|(at, datum)| {
            let residual = datum.y - moments.means[at];
            spread(datum).log_density(residual, own + moments.variances[at])
        });
        let sum: f64 = each.sum();
        // A formula without a value predicts nothing.
        if sum.is_nan() { -1e9 } else { sum.max(-1e9) }
    }

    /// The data with the errors that a law at `places` gives them.
    pub(super) fn judged_by(&self, law: &Hypothesis, places: &[f64]) -> Vec<Datum> {
        let Some((moments, own)) = self.expected(law, places, &mut Scratch::default()) else {
            return self.data.to_vec();
        };
        let each = self.data.iter().zip(&moments.variances);
        let each = each.map(|(datum, variance)| Datum {
            sd: spread(datum).variance(own + variance).sqrt(),
            ..datum.clone()
        });
        each.collect()
    }

    /// Each reading less what a law expects of it; `None` where errors are those stated.
    pub(super) fn residuals(
        &self,
        law: &Hypothesis,
        places: &[f64],
        scratch: &mut Scratch,
    ) -> Option<Vec<f64>> {
        let (moments, _) = self.expected(law, places, scratch)?;
        let each = self.data.iter().zip(&moments.means);
        Some(each.map(|(datum, mean)| datum.y - mean).collect())
    }
}
