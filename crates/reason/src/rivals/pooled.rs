//! Wells of one point taken together: of a law with known noise they say no more than their weighted mean.

use super::{Datum, Hypothesis, Scratch, columns};
use std::collections::BTreeMap;

/// Data by point: precisions and weighted means, and what a likelihood has besides.
#[derive(Clone, Debug, Default)]
pub(super) struct Pooled {
    columns: Vec<Vec<f64>>,
    means: Vec<f64>,
    precisions: Vec<f64>,
    /// Sum of squares, over their errors, of wells round the mean of their point.
    within: f64,
    wells: usize,
    /// Logarithm of the density that does not depend on the law.
    constant: f64,
}

impl Pooled {
    pub(super) fn of(data: &[Datum]) -> Self {
        // By the bits of the levels: the same point, not a near one.
        let mut places: BTreeMap<Vec<u64>, usize> = BTreeMap::new();
        let mut points: Vec<Vec<f64>> = Vec::new();
        let (mut sums, mut precisions) = (Vec::new(), Vec::new());
        let (mut squares, mut constant) = (0.0, 0.0);
        for datum in data {
            let key = datum.x.iter().map(|x| x.to_bits()).collect();
            let at = *places.entry(key).or_insert_with(|| {
                points.push(datum.x.clone());
                sums.push(0.0);
                precisions.push(0.0);
                points.len() - 1
            });
            let precision = datum.sd.powi(-2);
            sums[at] += precision * datum.y;
            precisions[at] += precision;
            squares += precision * datum.y * datum.y;
            constant -= datum.sd.ln() + 0.918_938_533_204_672_8;
        }
        let means: Vec<f64> = sums.iter().zip(&precisions).map(|(s, p)| s / p).collect();
        let explained: f64 = sums.iter().zip(&means).map(|(s, mean)| s * mean).sum();
        Self {
            columns: columns(&points),
            means,
            precisions,
            within: (squares - explained).max(0.0),
            wells: data.len(),
            constant,
        }
    }

    /// Points, means and their variances, and the logarithm of the density of all wells that a normal density of the means
    /// leaves out.
    pub(super) fn rows(self) -> (Vec<Vec<f64>>, Vec<f64>, Vec<f64>, f64) {
        let points = (0..self.means.len())
            .map(|row| self.columns.iter().map(|column| column[row]).collect())
            .collect();
        let log_densities = self.precisions.iter();
        let log_densities = log_densities.map(|p| 0.918_938_533_204_672_8 - 0.5 * p.ln());
        let constant = self.constant - 0.5 * self.within + log_densities.sum::<f64>();
        let variances = self.precisions.iter().map(|p| p.recip()).collect();
        (points, self.means, variances, constant)
    }

    /// Variance of wells of the same point over what was stated, and its degrees of freedom.
    pub(super) fn within(&self) -> (f64, usize) {
        let freedom = self.wells - self.means.len();
        (self.within / freedom.max(1) as f64, freedom)
    }

    /// Sum of squared residuals of a law over their errors; infinite where the law has no value.
    pub(super) fn squares(&self, h: &Hypothesis, places: &[f64], scratch: &mut Scratch) -> f64 {
        if self.means.is_empty() {
            return 0.0;
        }
        let mut responses = vec![0.0; self.means.len()];
        h.responses(&self.columns, places, &mut responses, scratch);
        let sum: f64 = responses
            .iter()
            .zip(&self.means)
            .zip(&self.precisions)
            .map(|((response, mean), precision)| precision * (mean - response).powi(2))
            .sum();
        if sum.is_finite() {
            self.within + sum
        } else {
            f64::INFINITY
        }
    }

    /// Logarithm of the likelihood.
    pub(super) fn log_likelihood(
        &self,
        h: &Hypothesis,
        places: &[f64],
        scratch: &mut Scratch,
    ) -> f64 {
        // A formula without a value predicts nothing.
        (self.constant - 0.5 * self.squares(h, places, scratch)).max(-1e9)
    }
}
