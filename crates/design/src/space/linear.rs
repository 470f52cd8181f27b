//! Boxes cut by linear rules: a point deep inside, and random points.

use quantity::Rng;
use rand::RngExt;

use super::rule::Relation;

/// One rule over the polytope's own variables.
#[derive(Clone, Debug)]
pub(crate) struct Row {
    pub weights: Vec<f64>,
    pub relation: Relation,
    pub bound: f64,
}

/// All `x` with `low <= x <= high` that keep every row.
#[derive(Clone, Debug)]
pub(crate) struct Polytope {
    pub low: Vec<f64>,
    pub high: Vec<f64>,
    pub rows: Vec<Row>,
}

impl Polytope {
    /// The centre of the largest ball, in units of the box's sides, that keeps all inequalities;
    /// nothing when no point keeps the rows.
    pub(crate) fn centre(&self) -> Option<Vec<f64>> {
        let n = self.low.len();
        let side: Vec<f64> = (0..n).map(|i| self.high[i] - self.low[i]).collect();
        // Variables: position within the box side (0 to 1), then the ball's radius.
        let mut rows = Vec::new();
        for row in &self.rows {
            let mut weights: Vec<f64> = (0..n).map(|i| row.weights[i] * side[i]).collect();
            let offset: f64 = (0..n).map(|i| row.weights[i] * self.low[i]).sum();
            let norm = weights.iter().map(|w| w * w).sum::<f64>().sqrt();
            let size = norm.max(offset.abs()).max(row.bound.abs());
            if size == 0.0 {
                continue;
            }
            weights.push(match row.relation {
                Relation::AtMost => norm,
                Relation::AtLeast => -norm,
                Relation::Equal => 0.0,
            });
            let scale = 1.0 / size;
            weights.iter_mut().for_each(|w| *w *= scale);
            rows.push(Row {
                weights,
                relation: row.relation,
                bound: (row.bound - offset) * scale,
            });
        }
        for i in 0..n {
            // A side without length has no room for a ball: its variable stays at zero.
            let room = if side[i] > 0.0 { 1.0 } else { 0.0 };
            let mut upper = vec![0.0; n + 1];
            upper[i] = 1.0;
            upper[n] = room;
            rows.push(Row {
                weights: upper,
                relation: Relation::AtMost,
                bound: room,
            });
            if room > 0.0 {
                let mut lower = vec![0.0; n + 1];
                lower[i] = 1.0;
                lower[n] = -1.0;
                rows.push(Row {
                    weights: lower,
                    relation: Relation::AtLeast,
                    bound: 0.0,
                });
            }
        }
        let mut radius = vec![0.0; n + 1];
        radius[n] = 1.0;
        let solved = maximise(&radius, &rows)?;
        Some(
            (0..n)
                .map(|i| (self.low[i] + side[i] * solved[i]).clamp(self.low[i], self.high[i]))
                .collect(),
        )
    }

    /// A random point after `steps` steps of hit-and-run from `start` (Smith, Operations Research
    /// 32 (1984) 1296): uniform over the polytope in the limit.
    pub(crate) fn walk(&self, start: Vec<f64>, steps: usize, rng: &mut Rng) -> Vec<f64> {
        let n = self.low.len();
        let side: Vec<f64> = (0..n).map(|i| self.high[i] - self.low[i]).collect();
        let mut equations: Vec<Vec<f64>> = Vec::new();
        for row in self
            .rows
            .iter()
            .filter(|row| row.relation == Relation::Equal)
        {
            let mut vector: Vec<f64> = (0..n).map(|i| row.weights[i] * side[i]).collect();
            for _ in 0..2 {
                for known in &equations {
                    remove(&mut vector, known);
                }
            }
            let norm = vector.iter().map(|v| v * v).sum::<f64>().sqrt();
            if norm > 1e-12 {
                vector.iter_mut().for_each(|v| *v /= norm);
                equations.push(vector);
            }
        }
        let mut x = start;
        for _ in 0..steps {
            let mut direction: Vec<f64> = (0..n)
                .map(|i| if side[i] > 0.0 { normal(rng) } else { 0.0 })
                .collect();
            for _ in 0..2 {
                for equation in &equations {
                    remove(&mut direction, equation);
                }
            }
            let (mut from, mut to) = (f64::NEG_INFINITY, f64::INFINITY);
            for i in 0..n {
                let step = direction[i] * side[i];
                if step.abs() > 1e-14 * side[i] && side[i] > 0.0 {
                    let (a, b) = ((self.low[i] - x[i]) / step, (self.high[i] - x[i]) / step);
                    from = from.max(a.min(b));
                    to = to.min(a.max(b));
                }
            }
            for row in self
                .rows
                .iter()
                .filter(|row| row.relation != Relation::Equal)
            {
                let slope: f64 = (0..n)
                    .map(|i| row.weights[i] * direction[i] * side[i])
                    .sum();
                let value: f64 = (0..n).map(|i| row.weights[i] * x[i]).sum();
                let norm: f64 = (0..n).map(|i| (row.weights[i] * side[i]).abs()).sum();
                if slope.abs() > 1e-14 * norm {
                    let limit = (row.bound - value) / slope;
                    if (row.relation == Relation::AtMost) == (slope > 0.0) {
                        to = to.min(limit);
                    } else {
                        from = from.max(limit);
                    }
                }
            }
            if !(from.is_finite() && to.is_finite()) || to <= from {
                continue;
            }
            let t = from + (to - from) * rng.random::<f64>();
            for i in 0..n {
                x[i] = (x[i] + t * direction[i] * side[i]).clamp(self.low[i], self.high[i]);
            }
        }
        x
    }
}

fn remove(vector: &mut [f64], unit: &[f64]) {
    let along: f64 = vector.iter().zip(unit).map(|(v, u)| v * u).sum();
    vector
        .iter_mut()
        .zip(unit)
        .for_each(|(v, u)| *v -= along * u);
}

/// A standard normal number (Box and Muller, Ann. Math. Stat. 29 (1958) 610).
pub(crate) fn normal(rng: &mut Rng) -> f64 {
    let u: f64 = 1.0 - rng.random::<f64>();
    let v: f64 = rng.random();
    (-2.0 * u.ln()).sqrt() * (std::f64::consts::TAU * v).cos()
}

/// Maximises a linear form over `x >= 0` that keeps the rows: the two-phase tableau method with
/// Bland's rule against cycling (Chvatal, Linear Programming (1983), chapters 3 and 8). Nothing when
/// no `x` keeps the rows; an unbounded form ends where it was found to be so.
pub(crate) fn maximise(form: &[f64], rows: &[Row]) -> Option<Vec<f64>> {
    const TINY: f64 = 1e-10;
    let n = form.len();
    let m = rows.len();
    let slacks = rows
        .iter()
        .filter(|row| row.relation != Relation::Equal)
        .count();
    let width = n + slacks + m + 1;
    let artificial = n + slacks;
    let mut table = vec![vec![0.0; width]; m];
    let mut basis = vec![0; m];
    let mut slack = n;
    for (i, row) in rows.iter().enumerate() {
        let sign = if row.bound < 0.0 { -1.0 } else { 1.0 };
        for (cell, weight) in table[i].iter_mut().zip(&row.weights) {
            *cell = sign * weight;
        }
        table[i][width - 1] = sign * row.bound;
        basis[i] = artificial + i;
        if row.relation != Relation::Equal {
            let own = if row.relation == Relation::AtMost {
                sign
            } else {
                -sign
            };
            table[i][slack] = own;
            if own > 0.0 {
                basis[i] = slack;
            }
            slack += 1;
        }
        if basis[i] >= artificial {
            table[i][artificial + i] = 1.0;
        }
    }
    let mut run = |cost: &[f64], columns: usize| {
        // Far more pivots than any problem of this size needs; rounding could cycle despite Bland.
        for _ in 0..50 * (m + width) {
            let reduced = |j: usize, table: &[Vec<f64>], basis: &[usize]| -> f64 {
                cost[j] - (0..m).map(|i| cost[basis[i]] * table[i][j]).sum::<f64>()
            };
            let Some(enter) = (0..columns).find(|&j| reduced(j, &table, &basis) > TINY) else {
                break;
            };
            let mut leave: Option<(usize, f64)> = None;
            for i in 0..m {
                if table[i][enter] > TINY {
                    let ratio = table[i][width - 1] / table[i][enter];
                    let better = leave.is_none_or(|(row, best)| {
                        ratio < best - TINY || (ratio < best + TINY && basis[i] < basis[row])
                    });
                    if better {
                        leave = Some((i, ratio));
                    }
                }
            }
            let Some((row, _)) = leave else { break };
            let pivot = table[row][enter];
            table[row].iter_mut().for_each(|cell| *cell /= pivot);
            let pivot_row = table[row].clone();
            for (i, other) in table.iter_mut().enumerate() {
                let factor = other[enter];
                if i != row && factor != 0.0 {
                    other
                        .iter_mut()
                        .zip(&pivot_row)
                        .for_each(|(cell, p)| *cell -= factor * p);
                }
            }
            basis[row] = enter;
        }
        let mut x = vec![0.0; width - 1];
        for i in 0..m {
            x[basis[i]] = table[i][width - 1];
        }
        x
    };
    let mut missing = vec![0.0; width - 1];
    missing[artificial..]
        .iter_mut()
        .for_each(|cost| *cost = -1.0);
    let first = run(&missing, width - 1);
    if first[artificial..].iter().sum::<f64>() > 1e-8 {
        return None;
    }
    // An artificial variable may stay in the basis at zero; a large cost keeps it there.
    let mut cost = vec![0.0; width - 1];
    cost[..n].copy_from_slice(form);
    let scale = form.iter().fold(1.0_f64, |a, b| a.max(b.abs()));
    cost[artificial..]
        .iter_mut()
        .for_each(|c| *c = -1e6 * scale);
    Some(run(&cost, artificial)[..n].to_vec())
}

#[cfg(test)]
mod tests {
    use super::*;
    use quantity::Seed;

    fn triangle() -> Polytope {
        Polytope {
            low: vec![0.0, 0.0],
            high: vec![1.0, 1.0],
            rows: vec![Row {
                weights: vec![1.0, 1.0],
                relation: Relation::AtMost,
                bound: 1.0,
            }],
        }
    }

    #[test]
    fn centre_of_a_triangle_is_the_centre_of_its_inscribed_circle() {
        let centre = triangle().centre().unwrap();
        let r = 1.0 / (2.0 + std::f64::consts::SQRT_2);
        assert!(
            (centre[0] - r).abs() < 1e-9 && (centre[1] - r).abs() < 1e-9,
            "{centre:?}"
        );
    }

    #[test]
    fn an_empty_polytope_has_no_centre() {
        let mut polytope = triangle();
        polytope.rows.push(Row {
            weights: vec![1.0, 1.0],
            relation: Relation::AtLeast,
            bound: 1.5,
        });
        assert!(polytope.centre().is_none());
    }

    #[test]
    fn walks_are_uniform() {
        let polytope = triangle();
        let mut rng = Seed(3).rng();
        let mut x = polytope.centre().unwrap();
        let (mut mean, count) = ([0.0; 2], 4000);
        for _ in 0..count {
            x = polytope.walk(x, 8, &mut rng);
            assert!(x[0] + x[1] <= 1.0 + 1e-12);
            mean[0] += x[0] / f64::from(count);
            mean[1] += x[1] / f64::from(count);
        }
        assert!(
            (mean[0] - 1.0 / 3.0).abs() < 0.02 && (mean[1] - 1.0 / 3.0).abs() < 0.02,
            "{mean:?}"
        );
    }

    #[test]
    fn equations_hold_along_a_walk() {
        let polytope = Polytope {
            low: vec![0.0; 3],
            high: vec![1.0; 3],
            rows: vec![Row {
                weights: vec![1.0; 3],
                relation: Relation::Equal,
                bound: 1.0,
            }],
        };
        let mut rng = Seed(4).rng();
        let x = polytope.walk(polytope.centre().unwrap(), 500, &mut rng);
        assert!((x.iter().sum::<f64>() - 1.0).abs() < 1e-9, "{x:?}");
    }
}
