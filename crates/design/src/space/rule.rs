//! Rules across factors.

use super::point::{Level, Point};

/// How a sum stands to its bound.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Relation {
    /// At most the bound.
    AtMost,
    /// At least the bound.
    AtLeast,
    /// The bound itself.
    Equal,
}

/// A weighted sum of numeric factors against a bound.
#[derive(Clone, Debug, PartialEq)]
pub struct LinearConstraint {
    /// Factor index and weight.
    pub terms: Vec<(usize, f64)>,
    /// How the sum stands to the bound.
    pub relation: Relation,
    /// The bound.
    pub bound: f64,
}

/// Share of the sum's magnitude by which a linear constraint may be missed: rounding in its terms.
const LINEAR_SLACK: f64 = 1e-8;

impl LinearConstraint {
    /// Whether the point keeps it, up to rounding.
    #[must_use]
    pub fn holds(&self, point: &Point) -> bool {
        let mut sum = 0.0;
        let mut magnitude = self.bound.abs();
        for &(factor, weight) in &self.terms {
            let Some(value) = point.0.get(factor).and_then(Level::number) else {
                return false;
            };
            sum += weight * value;
            magnitude += (weight * value).abs();
        }
        let slack = LINEAR_SLACK * magnitude;
        match self.relation {
            Relation::AtMost => sum <= self.bound + slack,
            Relation::AtLeast => sum >= self.bound - slack,
            Relation::Equal => (sum - self.bound).abs() <= slack,
        }
    }
}

/// A condition on one factor.
#[derive(Clone, Debug, PartialEq)]
pub enum Condition {
    /// A categorical factor has one of these level indices.
    OneOf(Vec<usize>),
    /// A numeric factor lies in this range, both ends included.
    Within {
        /// Lower end.
        low: f64,
        /// Upper end.
        high: f64,
    },
}

/// A combination that must not be made: all conditions together.
#[derive(Clone, Debug, PartialEq)]
pub struct Exclusion {
    /// Factor index and condition; the point is excluded when all hold.
    pub when: Vec<(usize, Condition)>,
}

impl Exclusion {
    /// Whether the point is excluded by it. An exclusion without conditions excludes nothing.
    #[must_use]
    pub fn hits(&self, point: &Point) -> bool {
        !self.when.is_empty()
            && self.when.iter().all(
                |(factor, condition)| match (condition, point.0.get(*factor)) {
                    (Condition::OneOf(levels), Some(Level::Category(index))) => {
                        levels.contains(index)
                    }
                    (Condition::Within { low, high }, Some(level)) => level
                        .number()
                        .is_some_and(|value| value >= *low && value <= *high),
                    _ => false,
                },
            )
    }
}

/// How many of some numeric factors may differ from zero.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cardinality {
    /// The factors that count.
    pub factors: Vec<usize>,
    /// Fewest that differ from zero.
    pub at_least: usize,
    /// Most that differ from zero.
    pub at_most: usize,
}

impl Cardinality {
    /// Whether the point keeps the limit.
    #[must_use]
    pub fn holds(&self, point: &Point) -> bool {
        let used = self
            .factors
            .iter()
            .filter(|&&factor| {
                point
                    .0
                    .get(factor)
                    .and_then(Level::number)
                    .is_some_and(|value| value != 0.0)
            })
            .count();
        (self.at_least..=self.at_most).contains(&used)
    }
}
