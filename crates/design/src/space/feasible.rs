//! Points that keep every rule: whether there is one, and random ones.

use quantity::{Rng, Seed};
use rand::RngExt;

use super::factor::{Factor, FactorKind};
use super::linear::{Polytope, Row};
use super::point::{Level, Point};
use super::{LinearConstraint, Space};

/// Lowest and highest number of each factor.
type Bounds = Vec<(f64, f64)>;

/// Why a space has no point.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum WhyNot {
    /// These rules can't hold together inside the factors' bounds; leaving out any one would do.
    #[error("no point keeps these together: {}", .0.join("; "))]
    Conflict(Vec<String>),
    /// None was found; there may be one.
    #[error(
        "no point that keeps all rules was found in {tries} tries: loosen a constraint, an exclusion or the cardinality limit"
    )]
    NotFound {
        /// How many settings were tried.
        tries: usize,
    },
    /// The candidate table is empty.
    #[error("the candidate table has no row")]
    NoCandidate,
}

/// Plain random settings tried before constraints are solved for.
const REJECTION_TRIES: usize = 64;
/// Settings of the factors that are not continuous, tried with constraints solved for the rest.
const STRUCTURED_TRIES: usize = 200;
/// Steps of the random walk, per dimension, between two samples of a constrained space.
const WALK_STEPS_PER_DIMENSION: usize = 12;
/// Nodes of the search for whole numbers that keep the linear rules.
const BRANCHES_MAX: usize = 400;

impl Space {
    /// A point that keeps every rule.
    ///
    /// # Errors
    /// Which rules conflict, or that none was found.
    pub fn has_feasible_point(&self) -> Result<Point, WhyNot> {
        if let Some(table) = &self.candidates {
            return table.points().first().cloned().ok_or(WhyNot::NoCandidate);
        }
        let bounds = self.bounds();
        let rules = self.linear_rules();
        if self.polytope(&bounds, &rules).centre().is_none() {
            return Err(WhyNot::Conflict(self.conflict(&bounds, rules)));
        }
        self.sample(&mut Seed(0).derive("feasible point", 0).rng())
    }

    /// A random point that keeps every rule: uniform over the levels and, as sensible, over the region
    /// that the constraints leave.
    ///
    /// # Errors
    /// When none was found.
    pub fn sample(&self, rng: &mut Rng) -> Result<Point, WhyNot> {
        if let Some(table) = &self.candidates {
            if table.is_empty() {
                return Err(WhyNot::NoCandidate);
            }
            return Ok(table.points()[rng.random_range(0..table.len())].clone());
        }
        for _ in 0..REJECTION_TRIES {
            let point = self.draw(rng);
            if self.shaped(&point) && self.keeps_rules(&point) {
                return Ok(point);
            }
        }
        let rules = self.linear_rules();
        for attempt in 0..STRUCTURED_TRIES {
            // First keep the drawn levels of what is not continuous; later leave whole numbers free
            // too, for rules that few combinations of them keep.
            let free_discrete = attempt % 2 == 1;
            let mut point = self.draw(rng);
            let mut bounds = self.bounds();
            for (index, factor) in self.factors.iter().enumerate() {
                let continuous = matches!(
                    factor.kind,
                    FactorKind::Continuous { .. } | FactorKind::Mixture { .. }
                );
                if let Some(value) = point.0[index].number()
                    && !continuous
                    && !free_discrete
                {
                    bounds[index] = (value, value);
                }
            }
            self.fix_unused(&point, &mut bounds);
            let Some(found) = self.whole(&rules, bounds) else {
                continue;
            };
            let (bounds, start) = found;
            let polytope = self.polytope(&bounds, &rules);
            let steps = WALK_STEPS_PER_DIMENSION * self.factors.len();
            self.place(&mut point, &polytope.walk(start, steps, rng));
            if self.shaped(&point) && self.keeps_rules(&point) {
                return Ok(point);
            }
        }
        Err(WhyNot::NotFound {
            tries: REJECTION_TRIES + STRUCTURED_TRIES,
        })
    }

    /// Independent random levels, with mixtures adding up and the cardinality limit kept where it can
    /// be.
    fn draw(&self, rng: &mut Rng) -> Point {
        let mut levels: Vec<Level> = self
            .factors
            .iter()
            .map(|factor| draw_level(factor, rng))
            .collect();
        if let Some(limit) = &self.cardinality {
            let mut order = limit.factors.clone();
            for i in (1..order.len()).rev() {
                order.swap(i, rng.random_range(0..=i));
            }
            // Factors that can't be zero come first.
            order.sort_by_key(|&index| {
                self.factors[index]
                    .range()
                    .is_none_or(|(low, high)| low <= 0.0 && high >= 0.0)
            });
            let most = limit.at_most.min(order.len());
            let used = rng.random_range(limit.at_least.min(most)..=most);
            for &index in &order[used..] {
                levels[index] = zero_like(&levels[index]);
            }
        }
        for members in self.mixtures().values() {
            // Exponential shares divided by their sum are uniform on the simplex.
            let mut shares: Vec<f64> = members
                .iter()
                .map(|&index| match levels[index] {
                    Level::Real(0.0) if self.cardinality.is_some() => 0.0,
                    _ => -(1.0 - rng.random::<f64>()).ln(),
                })
                .collect();
            let total: f64 = shares.iter().sum();
            if total > 0.0 {
                shares.iter_mut().for_each(|share| *share /= total);
                for (&index, share) in members.iter().zip(&shares) {
                    levels[index] = Level::Real(*share);
                }
            }
        }
        Point(levels)
    }

    /// Holds at zero the factors that the drawn point doesn't use, where the cardinality limits them.
    fn fix_unused(&self, point: &Point, bounds: &mut [(f64, f64)]) {
        let Some(limit) = &self.cardinality else {
            return;
        };
        for &index in &limit.factors {
            if point.0[index].number() == Some(0.0) {
                bounds[index] = (0.0, 0.0);
            }
        }
    }

    /// The lowest and highest number of each factor; zero for factors that are no numbers.
    fn bounds(&self) -> Bounds {
        self.factors
            .iter()
            .map(|factor| factor.range().unwrap_or((0.0, 0.0)))
            .collect()
    }

    fn polytope(&self, bounds: &[(f64, f64)], rules: &[LinearConstraint]) -> Polytope {
        let rows = rules
            .iter()
            .map(|rule| {
                let mut weights = vec![0.0; bounds.len()];
                for &(index, weight) in &rule.terms {
                    weights[index] += weight;
                }
                Row {
                    weights,
                    relation: rule.relation,
                    bound: rule.bound,
                }
            })
            .collect();
        Polytope {
            low: bounds.iter().map(|range| range.0).collect(),
            high: bounds.iter().map(|range| range.1).collect(),
            rows,
        }
    }

    /// Narrows the bounds until every factor with separate levels stands on one, and the rules can
    /// still be kept: branch and bound, depth first.
    fn whole(&self, rules: &[LinearConstraint], bounds: Bounds) -> Option<(Bounds, Vec<f64>)> {
        let mut open = vec![bounds];
        for _ in 0..BRANCHES_MAX {
            let mut bounds = open.pop()?;
            let Some(centre) = self.polytope(&bounds, rules).centre() else {
                continue;
            };
            let split = self.factors.iter().enumerate().find_map(|(index, factor)| {
                if bounds[index].0 == bounds[index].1 {
                    return None;
                }
                around(factor, centre[index]).map(|pair| (index, pair))
            });
            let Some((index, (below, above))) = split else {
                return Some((bounds, centre));
            };
            if below == above {
                // On a level already: hold it there, and try elsewhere only if that fails.
                let mut other = bounds.clone();
                let range = other[index];
                bounds[index] = (below, below);
                if below > range.0
                    && let Some((down, _)) =
                        around(&self.factors[index], below - 1e-9 * (range.1 - range.0))
                {
                    other[index] = (range.0, down);
                    open.push(other.clone());
                }
                if above < range.1
                    && let Some((_, up)) =
                        around(&self.factors[index], above + 1e-9 * (range.1 - range.0))
                {
                    other[index] = (up, range.1);
                    open.push(other);
                }
                open.push(bounds);
            } else {
                let mut lower = bounds.clone();
                lower[index].1 = below;
                let mut upper = bounds;
                upper[index].0 = above;
                let near_lower = centre[index] - below < above - centre[index];
                let (first, second) = if near_lower {
                    (lower, upper)
                } else {
                    (upper, lower)
                };
                for side in [second, first] {
                    if side[index].0 <= side[index].1 {
                        open.push(side);
                    }
                }
            }
        }
        None
    }

    /// Writes the numbers into the point's numeric levels.
    fn place(&self, point: &mut Point, numbers: &[f64]) {
        for (level, number) in point.0.iter_mut().zip(numbers) {
            match level {
                Level::Real(value) => *value = *number,
                Level::Integer(value) => *value = number.round() as i64,
                Level::Category(_) | Level::Sequence(_) => {}
            }
        }
    }

    /// A smallest set of rules that can't hold together: leave out each rule in turn, and keep it out
    /// if the rest still conflicts (Chinneck and Dravnieks, ORSA J. Computing 3 (1991) 157).
    fn conflict(&self, bounds: &[(f64, f64)], mut rules: Vec<LinearConstraint>) -> Vec<String> {
        let mut index = 0;
        while index < rules.len() {
            let rule = rules.remove(index);
            if self.polytope(bounds, &rules).centre().is_some() {
                rules.insert(index, rule);
                index += 1;
            }
        }
        rules.iter().map(|rule| self.print_rule(rule)).collect()
    }

    /// The text of a linear constraint.
    fn print_rule(&self, rule: &LinearConstraint) -> String {
        let terms: Vec<String> = rule
            .terms
            .iter()
            .map(|&(index, weight)| {
                let name = self
                    .factors
                    .get(index)
                    .map_or("?", |factor| factor.name.as_str());
                if weight == 1.0 {
                    name.to_string()
                } else {
                    format!("{weight} {name}")
                }
            })
            .collect();
        let relation = match rule.relation {
            super::Relation::AtMost => "<=",
            super::Relation::AtLeast => ">=",
            super::Relation::Equal => "=",
        };
        format!("{} {relation} {}", terms.join(" + "), rule.bound)
    }
}

/// The levels on both sides of a number, for factors with separate numeric levels; the same one twice
/// when the number is a level.
fn around(factor: &Factor, value: f64) -> Option<(f64, f64)> {
    match &factor.kind {
        FactorKind::Integer { .. } => {
            let near = value.round();
            let whole = (value - near).abs() < 1e-9;
            Some(if whole {
                (near, near)
            } else {
                (value.floor(), value.ceil())
            })
        }
        FactorKind::Ordinal { levels } => {
            let slack = 1e-12 * (levels.last()? - levels.first()?).abs();
            let below = levels.iter().rev().find(|&&level| level <= value + slack)?;
            let above = levels.iter().find(|&&level| level >= value - slack)?;
            Some((*below, *above))
        }
        _ => None,
    }
}

fn zero_like(level: &Level) -> Level {
    match level {
        Level::Integer(_) => Level::Integer(0),
        _ => Level::Real(0.0),
    }
}

fn draw_level(factor: &Factor, rng: &mut Rng) -> Level {
    match &factor.kind {
        FactorKind::Continuous {
            low,
            high,
            log: false,
        }
        | FactorKind::Mixture { low, high, .. } => {
            Level::Real((low + (high - low) * rng.random::<f64>()).clamp(*low, *high))
        }
        FactorKind::Continuous {
            low,
            high,
            log: true,
        } => {
            let exponent = low.ln() + (high.ln() - low.ln()) * rng.random::<f64>();
            Level::Real(exponent.exp().clamp(*low, *high))
        }
        FactorKind::Integer { low, high } => Level::Integer(rng.random_range(*low..=*high)),
        FactorKind::Ordinal { levels } => Level::Real(levels[rng.random_range(0..levels.len())]),
        FactorKind::Categorical { levels, .. } => {
            Level::Category(rng.random_range(0..levels.len()))
        }
        FactorKind::Sequence {
            alphabet,
            shortest,
            longest,
        } => {
            let length = rng.random_range(*shortest..=*longest);
            Level::Sequence(
                (0..length)
                    .map(|_| rng.random_range(0..alphabet.len()) as u8)
                    .collect(),
            )
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::{Cardinality, Condition, Exclusion, Relation};
    use super::*;

    fn check(space: &Space) {
        assert_eq!(space.check(), vec![]);
        let mut rng = Seed(5).rng();
        for _ in 0..100 {
            let point = space.sample(&mut rng).unwrap();
            assert!(space.contains(&point), "{}", space.print(&point));
        }
        assert!(space.contains(&space.has_feasible_point().unwrap()));
    }

    fn sum(terms: &[(usize, f64)], relation: Relation, bound: f64) -> LinearConstraint {
        LinearConstraint {
            terms: terms.to_vec(),
            relation,
            bound,
        }
    }

    #[test]
    fn a_thin_corner_is_found() {
        let factors = (0..8)
            .map(|i| Factor::continuous(&format!("x{i}"), "", 0.0, 1.0))
            .collect();
        let all: Vec<(usize, f64)> = (0..8).map(|i| (i, 1.0)).collect();
        check(&Space::new(factors).with_constraint(sum(&all, Relation::AtMost, 0.01)));
    }

    #[test]
    fn whole_numbers_keep_an_equation() {
        let mut factors: Vec<Factor> = (0..5)
            .map(|i| Factor::integer(&format!("n{i}"), 0, 40))
            .collect();
        factors.push(Factor::continuous("x", "", 0.0, 0.5));
        let all: Vec<(usize, f64)> = (0..5).map(|i| (i, 1.0)).collect();
        check(&Space::new(factors).with_constraint(sum(&all, Relation::Equal, 7.0)));
    }

    #[test]
    fn ordinals_mixtures_and_few_ingredients() {
        let mut factors: Vec<Factor> = (0..6)
            .map(|i| Factor::mixture(&format!("m{i}"), "salt"))
            .collect();
        factors.push(Factor::ordinal("dose", "mL", &[0.5, 1.0, 4.0]));
        factors.push(Factor::categorical("solvent", &["a", "b"]));
        let space = Space::new(factors)
            .with_cardinality(Cardinality {
                factors: (0..6).collect(),
                at_least: 2,
                at_most: 3,
            })
            .with_constraint(sum(&[(0, 1.0), (6, 0.1)], Relation::AtMost, 0.3))
            .with_exclusion(Exclusion {
                when: vec![
                    (7, Condition::OneOf(vec![0])),
                    (
                        6,
                        Condition::Within {
                            low: 0.9,
                            high: 9.0,
                        },
                    ),
                ],
            });
        check(&space);
    }

    #[test]
    fn a_conflict_names_its_rules() {
        let factors = vec![
            Factor::continuous("a", "", 0.0, 1.0),
            Factor::continuous("b", "", 0.0, 1.0),
        ];
        let space = Space::new(factors)
            .with_constraint(sum(&[(0, 1.0), (1, 1.0)], Relation::AtMost, 0.5))
            .with_constraint(sum(&[(0, 1.0)], Relation::AtMost, 0.9))
            .with_constraint(sum(&[(1, 2.0)], Relation::AtLeast, 1.5));
        let why = space.has_feasible_point().unwrap_err();
        assert_eq!(
            why.to_string(),
            "no point keeps these together: a + b <= 0.5; 2 b >= 1.5"
        );
    }
}
