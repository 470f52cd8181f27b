//! A full grid, evenly thinned.

use quantity::Seed;

use super::random::fresh;
use super::{AskError, Policy, Record, TellError};
use crate::space::{Factor, FactorKind, Level, Point, Space};
use crate::trial::{Prediction, Proposal, Trial, Why};

pub(super) struct Grid {
    record: Record,
}

impl Grid {
    pub(super) fn new(record: Record) -> Grid {
        Grid { record }
    }
}

impl Policy for Grid {
    fn name(&self) -> &'static str {
        "grid"
    }

    fn ask(&mut self, q: usize, pending: &[Point], seed: Seed) -> Result<Vec<Proposal>, AskError> {
        let mut taken = self.record.spoken_for(pending);
        self.record.room(q, &taken)?;
        let mut steps = 2;
        let mut points: Vec<Point> = Vec::new();
        // Refine until the grid holds enough points that are free; a finite space stops refining.
        loop {
            let grid = full(&self.record.space, steps);
            let total = grid.len();
            points.clear();
            points.extend(grid.into_iter().filter(|point| !taken.contains(point)));
            if points.len() >= q || steps > STEPS_MAX || total > GRID_MAX {
                break;
            }
            steps += 1;
        }
        if points.len() > q {
            let every = points.len() as f64 / q as f64;
            points = (0..q)
                .map(|i| points[((i as f64 + 0.5) * every) as usize].clone())
                .collect();
        }
        if points.len() < q {
            taken.extend(points.iter().cloned());
            let mut rng = seed.derive("grid rest", 0).rng();
            let repeats = self.record.options.repeats;
            let rest = q - points.len();
            points.extend(fresh(
                &self.record.space,
                rest,
                &mut taken,
                repeats,
                &mut rng,
            )?);
        }
        Ok(points
            .into_iter()
            .map(|point| Proposal {
                point,
                predicted: None,
                why: Why::Baseline,
            })
            .collect())
    }

    fn tell(&mut self, trials: &[Trial]) -> Result<(), TellError> {
        self.record.tell(trials)
    }

    fn check(&self, trials: &[Trial]) -> Result<(), TellError> {
        self.record.check(trials)
    }

    fn predict(&self, _: &[Point]) -> Option<Vec<Prediction>> {
        None
    }
}

/// Most levels of a continuous factor in a grid.
const STEPS_MAX: usize = 4096;
/// Most points that a grid is made of before rules; beyond it the grid is drawn as a sample of itself.
const GRID_MAX: usize = 200_000;

/// The points of the grid with at most `steps` levels to a factor, that keep every rule, in order.
fn full(space: &Space, steps: usize) -> Vec<Point> {
    if let Some(table) = &space.candidates {
        let mut rows: Vec<&Point> = table.points().iter().collect();
        rows.sort();
        rows.dedup();
        return rows.into_iter().cloned().collect();
    }
    let axes: Vec<Vec<Level>> = space
        .factors
        .iter()
        .map(|factor| axis(factor, steps))
        .collect();
    let mixture_last: Vec<Option<Vec<usize>>> = (0..space.factors.len())
        .map(|index| {
            space
                .mixtures()
                .into_values()
                .find(|members| members.last() == Some(&index))
        })
        .collect();
    let count: f64 = axes.iter().map(|axis| axis.len() as f64).product();
    let stride = (count / GRID_MAX as f64).max(1.0);
    let mut points = Vec::new();
    let mut at = 0.5;
    while at < count {
        let mut rest = at.floor();
        let mut levels: Vec<Level> = axes
            .iter()
            .rev()
            .map(|axis| {
                let digit = rest % axis.len() as f64;
                rest = ((rest - digit) / axis.len() as f64).floor();
                axis[digit as usize].clone()
            })
            .collect();
        levels.reverse();
        // The last member of a mixture is what the others leave; only its first level is kept so that
        // each composition comes once.
        let mut once = true;
        for (index, members) in mixture_last.iter().enumerate() {
            let Some(members) = members else { continue };
            once &= levels[index] == axes[index][0];
            let others: f64 = members
                .iter()
                .filter(|&&member| member != index)
                .filter_map(|&member| levels[member].number())
                .sum();
            levels[index] = Level::Real(1.0 - others);
        }
        let point = Point(levels);
        if once && space.contains(&point) {
            points.push(point);
        }
        at += stride;
    }
    points
}

/// Evenly spaced levels of a factor, at most `steps` of them; all levels of a categorical.
fn axis(factor: &Factor, steps: usize) -> Vec<Level> {
    match &factor.kind {
        FactorKind::Continuous { low, high, .. } | FactorKind::Mixture { low, high, .. } => {
            if low == high {
                return vec![Level::Real(*low)];
            }
            let log = matches!(factor.kind, FactorKind::Continuous { log: true, .. });
            (0..steps)
                .map(|i| {
                    let share = i as f64 / (steps - 1) as f64;
                    let value = if log {
                        (low.ln() + share * (high.ln() - low.ln())).exp()
                    } else {
                        low + share * (high - low)
                    };
                    Level::Real(value.clamp(*low, *high))
                })
                .collect()
        }
        FactorKind::Integer { low, high } => {
            let width = high.saturating_sub(*low);
            let count = (steps as i64 - 1).min(width).max(0);
            if count == 0 {
                return vec![Level::Integer(*low)];
            }
            (0..=count)
                .map(|i| {
                    let share = i as f64 / count as f64;
                    Level::Integer(
                        low.saturating_add((share * width as f64).round() as i64)
                            .min(*high),
                    )
                })
                .collect()
        }
        FactorKind::Sequence {
            alphabet, shortest, ..
        } => {
            // Words of the shortest length with one letter throughout: longer grids of a sequence
            // space are beyond counting, and random words fill the rest.
            (0..alphabet.len())
                .map(|letter| Level::Sequence(vec![letter as u8; *shortest]))
                .collect()
        }
        FactorKind::Ordinal { .. } | FactorKind::Categorical { .. } => {
            let levels = factor.levels().unwrap_or_default();
            if matches!(factor.kind, FactorKind::Categorical { .. }) || levels.len() <= steps {
                return levels;
            }
            (0..steps)
                .map(|i| levels[i * (levels.len() - 1) / (steps - 1)].clone())
                .collect()
        }
    }
}
