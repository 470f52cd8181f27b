//! Spaces: what may be varied, and which settings are allowed.

mod candidates;
mod check;
mod factor;
mod feasible;
mod linear;
mod point;
mod rule;
mod unit;

use std::collections::BTreeMap;

pub use candidates::CandidateTable;
pub use check::SpaceProblem;
pub use factor::{Factor, FactorKind};
pub use feasible::WhyNot;
pub(crate) use linear::normal;
pub(crate) use point::moved;
pub use point::{Level, LevelError, Point};
pub use rule::{Cardinality, Condition, Exclusion, LinearConstraint, Relation};

/// The factors, and the rules that a point of them must keep.
///
/// Build one with [`Space::new`] and the `with_*` methods, then [`Space::check`] it: everything else
/// expects a space without problems.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Space {
    /// What is varied. A point holds one level for each, in this order.
    pub factors: Vec<Factor>,
    /// Weighted sums of numeric factors that must hold.
    pub constraints: Vec<LinearConstraint>,
    /// Combinations that must not be made.
    pub exclusions: Vec<Exclusion>,
    /// How many of some factors may differ from zero.
    pub cardinality: Option<Cardinality>,
    /// The only points that exist, where that is so.
    pub candidates: Option<CandidateTable>,
}

impl Space {
    /// A space of factors without further rules.
    #[must_use]
    pub fn new(factors: Vec<Factor>) -> Space {
        Space {
            factors,
            ..Space::default()
        }
    }

    /// The same space with one more linear constraint.
    #[must_use]
    pub fn with_constraint(mut self, constraint: LinearConstraint) -> Space {
        self.constraints.push(constraint);
        self
    }

    /// The same space with one more exclusion.
    #[must_use]
    pub fn with_exclusion(mut self, exclusion: Exclusion) -> Space {
        self.exclusions.push(exclusion);
        self
    }

    /// The same space with a limit on how many factors differ from zero.
    #[must_use]
    pub fn with_cardinality(mut self, cardinality: Cardinality) -> Space {
        self.cardinality = Some(cardinality);
        self
    }

    /// The same space in which only these points exist.
    #[must_use]
    pub fn with_candidates(mut self, points: Vec<Point>) -> Space {
        self.candidates = Some(CandidateTable::new(points));
        self
    }

    /// The index of the factor of that name.
    #[must_use]
    pub fn index(&self, name: &str) -> Option<usize> {
        self.factors.iter().position(|factor| factor.name == name)
    }

    /// Whether the point is one of this space: right kinds, inside all bounds, every rule kept, and
    /// in the candidate table where there is one.
    #[must_use]
    pub fn contains(&self, point: &Point) -> bool {
        if !self.shaped(point) {
            return false;
        }
        match &self.candidates {
            Some(table) => table.position(point).is_some(),
            None => self.keeps_rules(point),
        }
    }

    /// Whether the point has one level of the right kind, inside its bounds, for each factor.
    pub(crate) fn shaped(&self, point: &Point) -> bool {
        point.0.len() == self.factors.len()
            && self
                .factors
                .iter()
                .zip(&point.0)
                .all(|(factor, level)| factor.contains(level))
    }

    /// Whether mixtures add up and constraints, exclusions and cardinality hold.
    pub(crate) fn keeps_rules(&self, point: &Point) -> bool {
        self.linear_rules().iter().all(|rule| rule.holds(point))
            && !self
                .exclusions
                .iter()
                .any(|exclusion| exclusion.hits(point))
            && self
                .cardinality
                .as_ref()
                .is_none_or(|limit| limit.holds(point))
    }

    /// The linear constraints, and one equation for each mixture.
    pub(crate) fn linear_rules(&self) -> Vec<LinearConstraint> {
        let mut rules = self.constraints.clone();
        for members in self.mixtures().values() {
            rules.push(LinearConstraint {
                terms: members.iter().map(|&factor| (factor, 1.0)).collect(),
                relation: Relation::Equal,
                bound: 1.0,
            });
        }
        rules
    }

    /// The factors of each mixture, by the mixture's name.
    pub(crate) fn mixtures(&self) -> BTreeMap<&str, Vec<usize>> {
        let mut groups: BTreeMap<&str, Vec<usize>> = BTreeMap::new();
        for (index, factor) in self.factors.iter().enumerate() {
            if let FactorKind::Mixture { group, .. } = &factor.kind {
                groups.entry(group).or_default().push(index);
            }
        }
        groups
    }

    /// The number of points, where it is finite: exact for a candidate table and for a space without
    /// rules, otherwise the number of combinations before rules. Above 2^64 it is `u64::MAX`.
    #[must_use]
    pub fn size(&self) -> Option<u64> {
        if let Some(table) = &self.candidates {
            return Some(table.len() as u64);
        }
        let product = self
            .factors
            .iter()
            .map(Factor::count)
            .try_fold(1.0, |product, count| count.map(|count| product * count))?;
        Some(product as u64)
    }

    /// The text of a point, a name and a level for each factor: `salt=1.2 solvent=EC`.
    #[must_use]
    pub fn print(&self, point: &Point) -> String {
        let texts: Vec<String> = self
            .factors
            .iter()
            .zip(&point.0)
            .map(|(factor, level)| format!("{}={}", factor.name, factor.print(level)))
            .collect();
        texts.join(" ")
    }

    /// The point whose levels have these texts, one for each factor in order.
    ///
    /// # Errors
    /// Every level that its factor does not take. Rules across factors are not checked here; see
    /// [`Space::contains`].
    pub fn parse(&self, texts: &[&str]) -> Result<Point, Vec<LevelError>> {
        let mut levels = Vec::with_capacity(self.factors.len());
        let mut errors = Vec::new();
        for (index, factor) in self.factors.iter().enumerate() {
            match factor.parse(texts.get(index).copied().unwrap_or("")) {
                Ok(level) => levels.push(level),
                Err(error) => errors.push(error),
            }
        }
        if errors.is_empty() {
            Ok(Point(levels))
        } else {
            Err(errors)
        }
    }
}
