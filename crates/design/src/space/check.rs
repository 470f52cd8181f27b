//! What is wrong with a space, all of it at once.

use std::collections::BTreeSet;

use super::Space;
use super::factor::{Factor, FactorKind};
use super::rule::Condition;

/// Something that makes a space unusable.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum SpaceProblem {
    /// No factor at all.
    #[error("the space has no factor: name at least one thing to vary")]
    NoFactor,
    /// Two factors of one name.
    #[error("factor `{name}` is named twice: give each factor its own name")]
    NameTwice {
        /// The name.
        name: String,
    },
    /// A factor that can't be set to anything, or not as described.
    #[error("factor `{factor}`: {what}")]
    Factor {
        /// The factor's name.
        factor: String,
        /// What was found and what was expected.
        what: String,
    },
    /// A rule that names what is not there, or can't mean anything.
    #[error("{rule} {number}: {what}")]
    Rule {
        /// The kind of rule.
        rule: &'static str,
        /// Its place among its kind, counted from 1.
        number: usize,
        /// What was found and what was expected.
        what: String,
    },
    /// The mixture's bounds can't add up to 1.
    #[error(
        "mixture `{group}`: shares can add up to {low} at least and {high} at most, but must add up to 1"
    )]
    Mixture {
        /// The mixture's name.
        group: String,
        /// Sum of the lowest shares.
        low: f64,
        /// Sum of the highest shares.
        high: f64,
    },
    /// A row of the candidate table that is no point of the space.
    #[error("candidate row {row}: {what}")]
    Candidate {
        /// The row, counted from 1.
        row: usize,
        /// What was found and what was expected.
        what: String,
    },
    /// The candidate table is empty.
    #[error("the candidate table has no row: give at least one point")]
    NoCandidate,
}

/// Most candidate rows that are named one by one.
const CANDIDATES_NAMED_MAX: usize = 20;

impl Space {
    /// Every problem of the space; none means that it can be used. Whether any point keeps all rules
    /// together is [`Space::has_feasible_point`].
    #[must_use]
    pub fn check(&self) -> Vec<SpaceProblem> {
        let mut problems = Vec::new();
        if self.factors.is_empty() {
            problems.push(SpaceProblem::NoFactor);
        }
        let mut names = BTreeSet::new();
        for factor in &self.factors {
            if !names.insert(&factor.name) {
                problems.push(SpaceProblem::NameTwice {
                    name: factor.name.clone(),
                });
            }
            if let Some(what) = factor_problem(factor) {
                problems.push(SpaceProblem::Factor {
                    factor: factor.name.clone(),
                    what,
                });
            }
        }
        for (group, members) in self.mixtures() {
            let sum = |end: fn((f64, f64)) -> f64| -> f64 {
                members
                    .iter()
                    .filter_map(|&index| self.factors[index].range())
                    .map(end)
                    .sum()
            };
            let (low, high) = (sum(|range| range.0), sum(|range| range.1));
            if low > 1.0 + 1e-9 || high < 1.0 - 1e-9 {
                problems.push(SpaceProblem::Mixture {
                    group: group.into(),
                    low,
                    high,
                });
            }
        }
        self.check_rules(&mut problems);
        self.check_candidates(&mut problems);
        problems
    }

    fn check_rules(&self, problems: &mut Vec<SpaceProblem>) {
        let count = self.factors.len();
        let numeric = |index: usize| self.factors.get(index).is_some_and(|f| f.range().is_some());
        let missing = |index: usize| {
            format!("names factor number {index}, but there are only {count} factors")
        };
        let not_number = |index: usize| {
            format!(
                "`{}` is not a number and can't be added up",
                self.factors[index].name
            )
        };
        for (number, constraint) in self.constraints.iter().enumerate() {
            let mut add = |what| {
                problems.push(SpaceProblem::Rule {
                    rule: "constraint",
                    number: number + 1,
                    what,
                });
            };
            if constraint.terms.is_empty() {
                add("has no terms: name at least one factor".into());
            }
            if !constraint.bound.is_finite() {
                add(format!(
                    "bound {}: expected a finite number",
                    constraint.bound
                ));
            }
            for &(index, weight) in &constraint.terms {
                if index >= count {
                    add(missing(index));
                } else if !numeric(index) {
                    add(not_number(index));
                } else if !weight.is_finite() {
                    add(format!(
                        "weight {weight} of `{}`: expected a finite number",
                        self.factors[index].name
                    ));
                }
            }
        }
        for (number, exclusion) in self.exclusions.iter().enumerate() {
            let mut add = |what| {
                problems.push(SpaceProblem::Rule {
                    rule: "exclusion",
                    number: number + 1,
                    what,
                });
            };
            if exclusion.when.is_empty() {
                add("has no condition: name at least one factor".into());
            }
            for (index, condition) in &exclusion.when {
                let Some(factor) = self.factors.get(*index) else {
                    add(missing(*index));
                    continue;
                };
                match (condition, &factor.kind) {
                    (Condition::OneOf(chosen), FactorKind::Categorical { levels, .. }) => {
                        if let Some(level) = chosen.iter().find(|&&level| level >= levels.len()) {
                            add(format!(
                                "`{}` has no level number {level}, only {}",
                                factor.name,
                                levels.len()
                            ));
                        }
                    }
                    (Condition::OneOf(_), _) => {
                        add(format!(
                            "`{}` has no named levels: give a range",
                            factor.name
                        ));
                    }
                    (Condition::Within { low, high }, _) => {
                        if !numeric(*index) {
                            add(format!(
                                "`{}` is not a number: name its levels",
                                factor.name
                            ));
                        } else if low.is_nan() || high.is_nan() || low > high {
                            add(format!(
                                "range {low} to {high} of `{}` is empty",
                                factor.name
                            ));
                        }
                    }
                }
            }
        }
        if let Some(limit) = &self.cardinality {
            let mut add = |what| {
                problems.push(SpaceProblem::Rule {
                    rule: "cardinality",
                    number: 1,
                    what,
                })
            };
            for &index in &limit.factors {
                if index >= count {
                    add(missing(index));
                } else if !numeric(index) {
                    add(not_number(index));
                }
            }
            if limit.at_least > limit.at_most || limit.at_least > limit.factors.len() {
                add(format!(
                    "at least {} and at most {} of {} factors can't be met",
                    limit.at_least,
                    limit.at_most,
                    limit.factors.len()
                ));
            }
        }
    }

    fn check_candidates(&self, problems: &mut Vec<SpaceProblem>) {
        let Some(table) = &self.candidates else {
            return;
        };
        if table.is_empty() {
            problems.push(SpaceProblem::NoCandidate);
        }
        let mut named = 0;
        for (row, point) in table.points().iter().enumerate() {
            let what = if point.0.len() != self.factors.len() {
                format!(
                    "has {} levels, expected {}",
                    point.0.len(),
                    self.factors.len()
                )
            } else if let Some((factor, level)) = self
                .factors
                .iter()
                .zip(&point.0)
                .find(|(factor, level)| !factor.contains(level))
            {
                let found = factor.print(level);
                format!(
                    "`{}` is {found}, expected {}",
                    factor.name,
                    factor.expected()
                )
            } else if !self.keeps_rules(point) {
                "breaks a constraint, an exclusion or the cardinality limit".into()
            } else {
                continue;
            };
            problems.push(SpaceProblem::Candidate { row: row + 1, what });
            named += 1;
            if named == CANDIDATES_NAMED_MAX {
                break;
            }
        }
    }
}

fn factor_problem(factor: &Factor) -> Option<String> {
    if factor.name.is_empty() {
        return Some("has no name".into());
    }
    let range = |low: f64, high: f64| {
        if !low.is_finite() || !high.is_finite() {
            Some(format!("range {low} to {high}: expected finite numbers"))
        } else if low > high {
            Some(format!("low {low} is above high {high}"))
        } else if !(high - low).is_finite() {
            Some(format!("range {low} to {high} is wider than numbers go"))
        } else {
            None
        }
    };
    match &factor.kind {
        FactorKind::Continuous { low, high, log } => range(*low, *high).or_else(|| {
            (*log && *low <= 0.0).then(|| format!("low {low}: a log factor needs a low above 0"))
        }),
        FactorKind::Integer { low, high } => {
            (low > high).then(|| format!("low {low} is above high {high}"))
        }
        FactorKind::Ordinal { levels } => {
            if levels.is_empty() {
                Some("has no levels".into())
            } else if levels.iter().any(|level| !level.is_finite()) {
                Some("has a level that is no finite number".into())
            } else {
                levels
                    .windows(2)
                    .find(|pair| pair[0] >= pair[1])
                    .map(|pair| format!("levels {} and {} are not ascending", pair[0], pair[1]))
            }
        }
        FactorKind::Categorical {
            levels,
            descriptors,
        } => {
            let mut seen = BTreeSet::new();
            if levels.is_empty() {
                return Some("has no levels".into());
            }
            if let Some(level) = levels.iter().find(|&level| !seen.insert(level)) {
                return Some(format!("level `{level}` is named twice"));
            }
            let descriptors = descriptors.as_ref()?;
            if descriptors.len() != levels.len() {
                return Some(format!(
                    "{} descriptors for {} levels",
                    descriptors.len(),
                    levels.len()
                ));
            }
            let width = descriptors.first().map_or(0, Vec::len);
            if descriptors.iter().any(|row| row.len() != width) {
                return Some("descriptors differ in length".into());
            }
            descriptors
                .iter()
                .flatten()
                .any(|value| !value.is_finite())
                .then(|| "a descriptor is no finite number".into())
        }
        FactorKind::Sequence {
            alphabet,
            shortest,
            longest,
        } => {
            let mut seen = BTreeSet::new();
            if alphabet.is_empty() || alphabet.len() > 256 {
                Some(format!(
                    "alphabet has {} letters, expected 1 to 256",
                    alphabet.len()
                ))
            } else if let Some(letter) = alphabet.iter().find(|&letter| !seen.insert(letter)) {
                Some(format!("letter {letter} is in the alphabet twice"))
            } else if shortest > longest {
                Some(format!("shortest {shortest} is above longest {longest}"))
            } else if *longest == 0 {
                Some("has no letters: longest is 0".into())
            } else {
                None
            }
        }
        FactorKind::Mixture { low, high, .. } => range(*low, *high).or_else(|| {
            (*low < 0.0 || *high > 1.0)
                .then(|| format!("share {low} to {high}: expected within 0 to 1"))
        }),
    }
}
