//! What is asked of the space.

use crate::space::{Level, Point};

/// What one response should do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Aim {
    /// Be as high as possible somewhere.
    Maximise,
    /// Be as low as possible somewhere.
    Minimise,
    /// Be known everywhere: make the model's error small over the whole space.
    Map,
}

/// A response, and what it should do.
#[derive(Clone, Debug, PartialEq)]
pub struct Goal {
    /// The response's name.
    pub name: String,
    /// What it should do.
    pub aim: Aim,
}

/// A response that must stay on one side of a bound for a point to count.
#[derive(Clone, Debug, PartialEq)]
pub struct Limit {
    /// The response's name.
    pub name: String,
    /// Which side counts.
    pub side: Side,
    /// The bound, in the response's unit.
    pub bound: f64,
}

/// A side of a bound.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Side {
    /// The bound and below.
    AtMost,
    /// The bound and above.
    AtLeast,
}

/// What is asked. The values of a trial are one per goal, then one per limit, in this order.
#[derive(Clone, Debug, PartialEq)]
pub struct Question {
    /// The responses to steer, at least one.
    pub goals: Vec<Goal>,
    /// The responses that only must keep a bound.
    pub limits: Vec<Limit>,
    /// How many batches, this one included, are still to be asked for, where that is known: the last
    /// ones then explore less.
    pub rounds: Option<u32>,
    /// Several goals: the response values that a point must beat in every goal to count, one per goal.
    pub reference: Option<Vec<f64>>,
    /// With [`Aim::Map`]: find where the response crosses this value, in its unit, and let the rest be.
    pub level: Option<f64>,
    /// What measuring a point costs, where points differ by it.
    pub costs: Option<Costs>,
    /// Levels of factors at which the goals count: the dear assay, the cell line that matters, this
    /// campaign and not an earlier one. Points elsewhere can be told, and teach; asked for are points there.
    pub target: Vec<(usize, Level)>,
    /// Whether points off the target may be asked for where they teach more for their cost.
    pub cheaper: bool,
}

/// What measuring a point costs: a constant, a weighted sum of numeric factors, and a price to each level
/// of categorical ones, in any unit.
#[derive(Clone, Debug, PartialEq, Default)]
pub struct Costs {
    /// What every point costs.
    pub base: f64,
    /// Numeric factors and their cost per unit.
    pub terms: Vec<(usize, f64)>,
    /// Categorical factors and the cost of each of their levels.
    pub levels: Vec<(usize, Vec<f64>)>,
}

/// Least share of the base, or of one, that a point is taken to cost: nothing is free.
const COST_SHARE_MIN: f64 = 1e-3;

impl Costs {
    /// The cost of a point, above zero.
    #[must_use]
    pub fn of(&self, point: &Point) -> f64 {
        let levels = point.levels();
        let terms = self.terms.iter().map(|(factor, unit)| {
            unit * levels.get(*factor).and_then(Level::number).unwrap_or(0.0)
        });
        let prices = self
            .levels
            .iter()
            .map(|(factor, prices)| match levels.get(*factor) {
                Some(Level::Category(level)) => prices.get(*level).copied().unwrap_or(0.0),
                _ => 0.0,
            });
        let cost = self.base + terms.sum::<f64>() + prices.sum::<f64>();
        let least = COST_SHARE_MIN * if self.base > 0.0 { self.base } else { 1.0 };
        if cost.is_finite() {
            cost.max(least)
        } else {
            least
        }
    }
}

impl Question {
    /// Make one response as high as possible.
    #[must_use]
    pub fn maximise(name: &str) -> Question {
        Question::one(name, Aim::Maximise)
    }

    /// Make one response as low as possible.
    #[must_use]
    pub fn minimise(name: &str) -> Question {
        Question::one(name, Aim::Minimise)
    }

    /// Learn one response everywhere.
    #[must_use]
    pub fn map(name: &str) -> Question {
        Question::one(name, Aim::Map)
    }

    fn one(name: &str, aim: Aim) -> Question {
        let goals = vec![Goal {
            name: name.into(),
            aim,
        }];
        Question {
            goals,
            limits: Vec::new(),
            rounds: None,
            reference: None,
            level: None,
            costs: None,
            target: Vec::new(),
            cheaper: false,
        }
    }

    /// The number of values that a trial holds.
    #[must_use]
    pub fn responses(&self) -> usize {
        self.goals.len() + self.limits.len()
    }
}
