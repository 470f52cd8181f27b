//! What was measured, and what is proposed.

use crate::space::Point;

/// What came of a point.
#[derive(Clone, Debug, PartialEq)]
pub enum Outcome {
    /// The responses were measured.
    Measured {
        /// One value per goal, then one per limit, in the question's order.
        values: Vec<f64>,
        /// The standard deviation of the first value's error, where known.
        sd: Option<f64>,
        /// How many wells the values are the mean of; at least 1.
        replicates: u32,
    },
    /// Nothing came of it: a failed well, a lost plate.
    Failed,
}

/// A point and what came of it.
#[derive(Clone, Debug, PartialEq)]
pub struct Trial {
    /// The setting.
    pub point: Point,
    /// What came of it.
    pub outcome: Outcome,
    /// The batch that it was measured in (a plate, say): trials of one batch may share an offset.
    pub batch: u64,
}

impl Trial {
    /// One measured value of one well.
    #[must_use]
    pub fn measured(point: Point, value: f64, batch: u64) -> Trial {
        let outcome = Outcome::Measured {
            values: vec![value],
            sd: None,
            replicates: 1,
        };
        Trial {
            point,
            outcome,
            batch,
        }
    }

    /// A point that gave nothing.
    #[must_use]
    pub fn failed(point: Point, batch: u64) -> Trial {
        Trial {
            point,
            outcome: Outcome::Failed,
            batch,
        }
    }
}

/// What a model expects of a point's first response, in the response's own unit.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Prediction {
    /// Expected value of the response, without measuring noise.
    pub mean: f64,
    /// Standard deviation of that expectation, measuring noise left out.
    pub sd: f64,
    /// Standard deviation of one measurement about the response.
    pub noise: f64,
    /// Lower end of the interval that holds one measurement with 90 % probability.
    pub low: f64,
    /// Its upper end.
    pub high: f64,
}

/// The 95 % point of the standard normal.
pub(crate) const NORMAL_95: f64 = 1.644_853_626_951_472_7;

impl Prediction {
    /// A normal expectation of a response that is measured without error.
    #[must_use]
    pub fn normal(mean: f64, sd: f64) -> Prediction {
        Prediction {
            mean,
            sd,
            noise: 0.0,
            low: mean - NORMAL_95 * sd,
            high: mean + NORMAL_95 * sd,
        }
    }

    /// The same for the response with its sign turned.
    pub(crate) fn turned(self) -> Prediction {
        Prediction {
            mean: -self.mean,
            low: -self.high,
            high: -self.low,
            ..self
        }
    }
}

/// Why a point is proposed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Why {
    /// Part of an even design, before anything is known.
    Baseline,
    /// Likely to beat the best so far.
    Improve,
    /// To learn where little is known.
    Explore,
    /// To measure again what was measured.
    Replicate,
}

impl Why {
    /// One word, lower case.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Why::Baseline => "baseline",
            Why::Improve => "improve",
            Why::Explore => "explore",
            Why::Replicate => "replicate",
        }
    }
}

/// A point to measure next.
#[derive(Clone, Debug, PartialEq)]
pub struct Proposal {
    /// The setting.
    pub point: Point,
    /// What the model expects there, where there is a model.
    pub predicted: Option<Prediction>,
    /// Why it is proposed.
    pub why: Why,
}
