//! How good the model was on wells that it had not seen, and how the best value grew.

use crate::{Campaign, Experiment, Goal, Measured, Prediction};
use quantity::PlateId;

/// Half the width of a 90 % interval of the normal distribution, in standard deviations.
pub(crate) const Z90: f64 = 1.644_853_626_951_472_7;

/// The same of a 95 % interval.
pub(crate) const Z95: f64 = 1.959_963_984_540_054;

/// An experiment whose response was predicted before it was measured.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Foretold {
    pub expected: Prediction,
    pub measured: Measured,
}

impl Foretold {
    pub(crate) fn of(experiment: &Experiment) -> Option<Self> {
        let (expected, measured) = (experiment.expected?, experiment.measured?);
        let finite = expected.mean.is_finite() && measured.value.is_finite();
        finite.then_some(Self { expected, measured })
    }

    pub(crate) fn error(&self) -> f64 {
        self.measured.value - self.expected.mean
    }

    /// Half the width of the 90 % interval of what is measured: the model's doubt and the noise.
    pub(crate) fn half_width(&self) -> f64 {
        Z90 * self.expected.sd.hypot(self.measured.sd.unwrap_or(0.0))
    }

    pub(crate) fn covered(&self) -> bool {
        self.error().abs() <= self.half_width()
    }
}

/// The model's error on one plate.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct PlateScore {
    pub plate: Option<PlateId>,
    /// Experiments measured up to and including this plate.
    pub measured: usize,
    /// Those of this plate that had been predicted.
    pub foretold: usize,
    /// Root mean square of measured minus predicted.
    pub rmse: f64,
    /// Share of measured values within the 90 % interval.
    pub covered: f64,
}

/// The model's error plate by plate, in the order in which they were told.
pub(crate) fn by_plate(experiments: &[Experiment]) -> Vec<PlateScore> {
    let mut scores: Vec<PlateScore> = Vec::new();
    let (mut measured, mut squares, mut covered) = (0, 0.0, 0usize);
    let told = experiments.iter().filter(|e| e.measured.is_some());
    let mut told = told.peekable();
    let mut foretold = 0;
    while let Some(experiment) = told.next() {
        measured += 1;
        if let Some(pair) = Foretold::of(experiment) {
            foretold += 1;
            squares += pair.error().powi(2);
            covered += usize::from(pair.covered());
        }
        if told
            .peek()
            .is_none_or(|next| next.plate != experiment.plate)
        {
            if foretold > 0 {
                scores.push(PlateScore {
                    plate: experiment.plate,
                    measured,
                    foretold,
                    rmse: (squares / foretold as f64).sqrt(),
                    covered: covered as f64 / foretold as f64,
                });
            }
            (foretold, squares, covered) = (0, 0.0, 0);
        }
    }
    scores
}

/// The measured values in the order of telling, and the best of them so far.
pub(crate) fn best_so_far(campaign: &Campaign) -> Vec<(f64, f64)> {
    let mut best: Option<f64> = None;
    campaign
        .experiments
        .iter()
        .filter_map(|experiment| experiment.measured)
        .filter(|measured| measured.value.is_finite())
        .map(|Measured { value, .. }| {
            let so_far = match (best, campaign.goal) {
                (None, _) => value,
                (Some(best), Goal::Minimise) => best.min(value),
                (Some(best), Goal::Maximise | Goal::Map) => best.max(value),
            };
            best = Some(so_far);
            (value, so_far)
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use quantity::BatchId;

    fn experiment(plate: u32, expected: Option<(f64, f64)>, value: Option<f64>) -> Experiment {
        Experiment {
            point: 0,
            batch: BatchId(0),
            policy: "gp".into(),
            why: "explore".into(),
            plate: Some(PlateId(plate)),
            told: None,
            levels: vec![],
            expected: expected.map(|(mean, sd)| Prediction { mean, sd }),
            measured: value.map(|value| Measured {
                value,
                sd: Some(0.3),
                wells: 1,
            }),
            failed: None,
        }
    }

    #[test]
    fn the_error_of_a_plate_is_that_of_what_was_foretold() {
        let scores = by_plate(&[
            experiment(1, None, Some(1.0)),
            experiment(1, None, Some(2.0)),
            experiment(2, Some((1.0, 0.4)), Some(1.8)),
            experiment(2, Some((1.0, 0.4)), Some(0.0)),
            experiment(2, Some((1.0, 0.4)), None),
            experiment(3, None, Some(9.0)),
            experiment(3, Some((5.0, 0.0)), Some(5.4)),
        ]);
        assert_eq!(scores.len(), 2);
        // 90 % interval: 1.645 · √(0.4² + 0.3²) = 0.822; errors 0.8 and −1.
        assert_eq!((scores[0].plate, scores[0].measured), (Some(PlateId(2)), 4));
        assert!((scores[0].rmse - 0.82_f64.sqrt()).abs() < 1e-12);
        assert_eq!(scores[0].covered, 0.5);
        assert_eq!((scores[1].foretold, scores[1].covered), (1, 1.0));
        assert!((scores[1].rmse - 0.4).abs() < 1e-12);
    }
}
