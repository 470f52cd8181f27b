//! What responses are measured against: the controls and blanks of a plate, and how much of a response's
//! error all points of the plate share because of them.

use super::stats::{finite, median, sd};
use crate::assay::Normalise;

/// Standard error of a median over that of a mean, for a normal sample: √(π/2) (Kenney and Keeping,
/// *Mathematics of Statistics*, part 1, 1962, p. 211).
const MEDIAN_TO_MEAN: f64 = 1.253_314_137_315_500_3;

/// The middle of a few wells, and its standard error.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Level {
    /// The median; NaN of nothing.
    pub value: f64,
    /// Its standard error; NaN of fewer than two wells.
    pub error: f64,
}

impl Level {
    /// The level of some wells.
    #[must_use]
    pub fn of(values: &[f64]) -> Self {
        let count = finite(values).len() as f64;
        Self {
            value: median(values),
            error: MEDIAN_TO_MEAN * sd(values) / count.sqrt(),
        }
    }
}

/// The controls and blanks of one plate, and the rule by which they make a response of a value.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Reference {
    /// The rule.
    pub rule: Normalise,
    /// Positive controls.
    pub high: Level,
    /// Negative controls.
    pub low: Level,
    /// Blanks; no blank reads nothing.
    pub blank: Level,
}

impl Reference {
    /// From the wells of each kind.
    #[must_use]
    pub fn new(rule: Normalise, positive: &[f64], negative: &[f64], blanks: &[f64]) -> Self {
        let mut blank = Level::of(blanks);
        if blank.value.is_nan() {
            blank = Level {
                value: 0.0,
                error: 0.0,
            };
        }
        Self {
            rule,
            high: Level::of(positive),
            low: Level::of(negative),
            blank,
        }
    }

    /// The response that a value stands for.
    #[must_use]
    pub fn response(&self, value: f64) -> f64 {
        let (high, low, blank) = (self.high.value, self.low.value, self.blank.value);
        match self.rule {
            Normalise::None => value,
            Normalise::Blank => value - blank,
            Normalise::Controls => (value - low) / (high - low),
            Normalise::Negative => (value - blank) / (low - blank),
            Normalise::Inhibition => 1.0 - (value - blank) / (low - blank),
        }
    }

    /// The standard deviation of the error that a response shares with every other response of the plate,
    /// since controls and blanks were measured with errors (to first order). None where the
    /// controls are too few to tell.
    #[must_use]
    pub fn shared(&self, response: f64) -> Option<f64> {
        let (high, low, blank) = (self.high, self.low, self.blank);
        let shared = match self.rule {
            Normalise::None => 0.0,
            Normalise::Blank => blank.error,
            Normalise::Controls => {
                (response * high.error).hypot((1.0 - response) * low.error)
                    / (high.value - low.value).abs()
            }
            Normalise::Negative => {
                (response * low.error).hypot((1.0 - response) * blank.error)
                    / (low.value - blank.value).abs()
            }
            Normalise::Inhibition => {
                ((1.0 - response) * low.error).hypot(response * blank.error)
                    / (low.value - blank.value).abs()
            }
        };
        shared.is_finite().then_some(shared)
    }

    /// A level that ought to be the same on every plate, where the rule leaves it to be seen: the negative
    /// controls, or else the positive ones. What it does from plate to plate, every response does.
    #[must_use]
    pub fn standard(&self) -> Option<Level> {
        let offset = match self.rule {
            Normalise::None => 0.0,
            Normalise::Blank => self.blank.value,
            Normalise::Controls | Normalise::Negative | Normalise::Inhibition => return None,
        };
        [self.low, self.high]
            .into_iter()
            .find(|level| level.value.is_finite() && level.error.is_finite())
            .map(|level| Level {
                value: level.value - offset,
                error: level.error,
            })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use quantity::Seed;
    use rand::RngExt;

    /// About normal, with a standard deviation of one.
    fn normal(rng: &mut quantity::Rng) -> f64 {
        (0..12).map(|_| rng.random::<f64>()).sum::<f64>() - 6.0
    }

    #[test]
    fn what_is_shared_is_what_plates_differ_by() {
        // Many plates with the same true levels: a noiseless well of a point differs between them by
        // nothing but the errors of controls and blanks.
        let cases = [
            (Normalise::Blank, 4.0),
            (Normalise::Controls, 4.0),
            (Normalise::Negative, 4.0),
            (Normalise::Inhibition, 1.4),
        ];
        for (rule, value) in cases {
            let mut rng = Seed(7).derive("shared", 0).rng();
            let (mut responses, mut told) = (Vec::new(), Vec::new());
            for _ in 0..2000 {
                let mut wells = |n: usize, mean: f64, sd: f64| -> Vec<f64> {
                    (0..n).map(|_| mean + sd * normal(&mut rng)).collect()
                };
                let (positive, negative) = (wells(15, 9.0, 0.4), wells(21, 2.0, 0.1));
                let blanks = wells(9, 0.5, 0.03);
                let reference = Reference::new(rule, &positive, &negative, &blanks);
                responses.push(reference.response(value));
                told.push(reference.shared(reference.response(value)).unwrap().powi(2));
            }
            let true_sd = sd(&responses);
            let told = (told.iter().sum::<f64>() / told.len() as f64).sqrt();
            assert!(
                (told / true_sd - 1.0).abs() < 0.08,
                "{rule:?}: {told} for {true_sd}"
            );
        }
    }

    #[test]
    fn too_few_controls_say_nothing() {
        let reference = Reference::new(Normalise::Negative, &[], &[2.0], &[]);
        assert_eq!(reference.response(4.0), 2.0);
        assert_eq!(reference.shared(2.0), None);
        assert_eq!(reference.standard(), None);
        let raw = Reference::new(Normalise::None, &[], &[2.0, 2.2], &[]);
        assert_eq!((raw.response(4.0), raw.shared(4.0)), (4.0, Some(0.0)));
        assert_eq!(raw.standard().map(|level| level.value), Some(2.1));
    }
}
