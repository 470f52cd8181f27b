//! Climbing along the faces that linear rules cut: projected gradient ascent.
//!
//! Where levels share a limit on their sum, or are parts of a mixture, the best points lie on the
//! limit, and the straight way up leads out of the space at once. Here each step is taken back to
//! the rules by projecting on them in turn (Bregman, USSR Comput. Math. Math. Phys. 7 (1967) 200), so
//! that what one level gives up another may take.

use super::surface::Height;
use crate::encode::{Continuous, Encoding};
use crate::space::{Level, Point, Relation, Space};

/// A linear rule over unit coordinates: `sum of weight x coordinate` against the bound.
#[derive(Clone, Debug)]
struct Face {
    weights: Vec<f64>,
    norm: f64,
    relation: Relation,
    bound: f64,
}

/// The real factors of a space with the rules that bind them.
#[derive(Clone, Debug)]
pub(super) struct Faces {
    reals: Vec<Continuous>,
    faces: Vec<Face>,
}

/// Rounds of projection.
const ROUNDS: usize = 60;
/// A rule that is missed by no more than this is kept.
const SLACK: f64 = 1e-12;
/// The first step, in units of the box's sides, the longest, and the one at which a climb ends.
const STEP: f64 = 0.15;
const STEP_MAX: f64 = 0.5;
const STEP_MIN: f64 = 1e-4;

impl Faces {
    /// The faces of a space; none where no linear rule binds two real factors.
    pub(super) fn of(space: &Space, encoding: &Encoding) -> Option<Faces> {
        let reals = encoding.reals(space);
        let mut faces = Vec::new();
        for rule in space.linear_rules() {
            let mut weights = vec![0.0; reals.len()];
            let mut bound = rule.bound;
            let mut whole = true;
            for (factor, weight) in &rule.terms {
                match reals.iter().position(|real| real.factor == *factor) {
                    Some(at) => {
                        let (low, high) = reals[at].bounds();
                        weights[at] += weight * (high - low);
                        bound -= weight * low;
                    }
                    None => whole = false,
                }
            }
            let norm: f64 = weights.iter().map(|w| w * w).sum();
            // A rule with factors that don't slide is watched by the space alone.
            if whole && norm > 0.0 {
                faces.push(Face {
                    weights,
                    norm,
                    relation: rule.relation,
                    bound,
                });
            }
        }
        (!faces.is_empty()).then_some(Faces { reals, faces })
    }

    /// Takes unit coordinates back to the box and the rules.
    fn project(&self, x: &mut [f64]) {
        for _ in 0..ROUNDS {
            let mut kept = true;
            for face in &self.faces {
                let sum: f64 = face.weights.iter().zip(x.iter()).map(|(w, x)| w * x).sum();
                let over = sum - face.bound;
                let missed = match face.relation {
                    Relation::AtMost => over > SLACK,
                    Relation::AtLeast => over < -SLACK,
                    Relation::Equal => over.abs() > SLACK,
                };
                if missed {
                    kept = false;
                    for (x, w) in x.iter_mut().zip(&face.weights) {
                        *x -= over * w / face.norm;
                    }
                }
            }
            for x in x.iter_mut() {
                *x = x.clamp(0.0, 1.0);
            }
            if kept {
                return;
            }
        }
    }

    fn point(&self, from: &Point, x: &[f64]) -> Point {
        let mut point = from.clone();
        for (real, x) in self.reals.iter().zip(x) {
            let (low, high) = real.bounds();
            point.0[real.factor] = Level::Real((low + x * (high - low)).clamp(low, high));
        }
        point
    }

    fn coordinates(&self, point: &Point) -> Vec<f64> {
        let unit = |real: &Continuous| {
            let (low, high) = real.bounds();
            point.0[real.factor]
                .number()
                .map_or(0.0, |value| (value - low) / (high - low))
        };
        self.reals.iter().map(unit).collect()
    }

    /// Climbs from `best`, at most so many evaluations.
    pub(super) fn climb(
        &self,
        space: &Space,
        encoding: &Encoding,
        best: &mut Point,
        value: &mut f64,
        height: &mut dyn Height,
        evaluations: usize,
    ) {
        let mut row = encoding.row(best);
        let mut slope = vec![0.0; row.len()];
        let mut x = self.coordinates(best);
        height.slope(&row, &mut slope);
        let mut uphill = self.uphill(&slope, &x);
        let mut step = STEP;
        for _ in 1..evaluations {
            let steepest = uphill.iter().fold(0.0_f64, |most, g| most.max(g.abs()));
            if steepest <= 0.0 || !steepest.is_finite() || step < STEP_MIN {
                return;
            }
            let mut next: Vec<f64> = x
                .iter()
                .zip(&uphill)
                .map(|(x, g)| x + step * g / steepest)
                .collect();
            self.project(&mut next);
            let point = self.point(best, &next);
            if !space.contains(&point) {
                step *= 0.4;
                continue;
            }
            encoding.write(&point, &mut row);
            let found = height.slope(&row, &mut slope);
            if found > *value {
                (*best, *value, x) = (point, found, next);
                uphill = self.uphill(&slope, &x);
                step = (1.4 * step).min(STEP_MAX);
            } else {
                step *= 0.4;
            }
        }
    }

    /// The slope along unit coordinates.
    fn uphill(&self, slope: &[f64], x: &[f64]) -> Vec<f64> {
        let along = |(real, x): (&Continuous, &f64)| slope[real.column] * real.stretch(*x);
        self.reals.iter().zip(x).map(along).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::space::{Factor, LinearConstraint};

    /// The top of -(x - 0.9)² - (y - 0.5)² where x + y may be 0.8 at most is (0.6, 0.2), by Lagrange.
    #[test]
    fn a_climb_slides_along_a_limit() {
        let space = Space::new(vec![
            Factor::continuous("x", "", 0.0, 1.0),
            Factor::continuous("y", "", 0.0, 1.0),
        ])
        .with_constraint(LinearConstraint {
            terms: vec![(0, 1.0), (1, 1.0)],
            relation: Relation::AtMost,
            bound: 0.8,
        });
        let encoding = Encoding::new(&space);
        let faces = Faces::of(&space, &encoding).unwrap();
        let mut height = |row: &[f64], slope: &mut [f64]| {
            slope[0] = -2.0 * (row[0] - 0.9);
            slope[1] = -2.0 * (row[1] - 0.5);
            -(row[0] - 0.9).powi(2) - (row[1] - 0.5).powi(2)
        };
        // From a corner of the limit, where the straight way up leads out.
        let mut best = Point(vec![Level::Real(0.0), Level::Real(0.8)]);
        let mut value = -0.9;
        faces.climb(&space, &encoding, &mut best, &mut value, &mut height, 60);
        let at: Vec<f64> = best.0.iter().filter_map(Level::number).collect();
        assert!(
            (at[0] - 0.6).abs() < 0.01 && (at[1] - 0.2).abs() < 0.01,
            "{at:?}"
        );
        assert!(space.contains(&best));
    }

    #[test]
    fn a_climb_keeps_a_mixture_whole() {
        let share = |name: &str| Factor {
            name: name.into(),
            unit: String::new(),
            kind: crate::space::FactorKind::Mixture {
                group: "mixture".into(),
                low: 0.0,
                high: 1.0,
            },
        };
        let space = Space::new(vec![share("a"), share("b"), share("c")]);
        let encoding = Encoding::new(&space);
        let faces = Faces::of(&space, &encoding).unwrap();
        let mut height = |row: &[f64], slope: &mut [f64]| {
            slope.copy_from_slice(&[1.0, -1.0, -2.0 * (row[2] - 0.3)]);
            row[0] - row[1] - (row[2] - 0.3).powi(2)
        };
        let third = 1.0 / 3.0;
        let mut best = Point(vec![Level::Real(third); 3]);
        let mut value = -1.0;
        faces.climb(&space, &encoding, &mut best, &mut value, &mut height, 80);
        let at: Vec<f64> = best.0.iter().filter_map(Level::number).collect();
        // b is of no use; a gains 1 for what c loses, and c's loss is 2 (0.3 - c) < 1 down to nothing.
        assert!(at[0] > 0.97 && at[1] < 0.01, "{at:?}");
        assert!((at.iter().sum::<f64>() - 1.0).abs() < 1e-9);
    }
}
