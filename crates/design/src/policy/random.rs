//! Uniformly random points.

use std::collections::BTreeSet;

use quantity::{Rng, Seed};
use rand::RngExt;

use super::{AskError, Policy, Record, TellError};
use crate::space::{Level, Point, Space};
use crate::trial::{Prediction, Proposal, Trial, Why};

pub(super) struct Random {
    record: Record,
}

impl Random {
    pub(super) fn new(record: Record) -> Random {
        Random { record }
    }
}

impl Policy for Random {
    fn name(&self) -> &'static str {
        "random"
    }

    fn ask(&mut self, q: usize, pending: &[Point], seed: Seed) -> Result<Vec<Proposal>, AskError> {
        let mut taken = self.record.spoken_for(pending);
        self.record.room(q, &taken)?;
        let mut rng = seed.derive("random", 0).rng();
        let points = fresh(
            &self.record.space,
            q,
            &mut taken,
            self.record.options.repeats,
            &mut rng,
        )?;
        Ok(points
            .into_iter()
            .map(|point| Proposal {
                point,
                predicted: None,
                why: Why::Explore,
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

/// Largest finite space that is listed in full when random points keep hitting taken ones.
const LISTED_MAX: u64 = 2_000_000;

/// `q` random feasible points that are not taken, and now are.
pub(crate) fn fresh(
    space: &Space,
    q: usize,
    taken: &mut BTreeSet<Point>,
    repeats: bool,
    rng: &mut Rng,
) -> Result<Vec<Point>, AskError> {
    let mut points = Vec::with_capacity(q);
    let mut misses = 0;
    while points.len() < q {
        let point = space.sample(rng)?;
        if repeats || taken.insert(point.clone()) {
            points.push(point);
            continue;
        }
        misses += 1;
        if misses < 20 * q + 1000 {
            continue;
        }
        // Nearly all points are taken: list those that are not, where that can be done.
        let mut rest = match listed(space) {
            Some(all) => all
                .into_iter()
                .filter(|point| !taken.contains(point))
                .collect(),
            None => Vec::new(),
        };
        let need = q - points.len();
        if rest.len() < need {
            return Err(AskError::Exhausted {
                asked: q,
                left: points.len() + rest.len(),
            });
        }
        for i in 0..need {
            let j = rng.random_range(i..rest.len());
            rest.swap(i, j);
            taken.insert(rest[i].clone());
            points.push(rest[i].clone());
        }
    }
    Ok(points)
}

/// Every feasible point of a small finite space.
pub(crate) fn listed(space: &Space) -> Option<Vec<Point>> {
    if let Some(table) = &space.candidates {
        let distinct: BTreeSet<&Point> = table.points().iter().collect();
        return Some(distinct.into_iter().cloned().collect());
    }
    space.size().filter(|&size| size <= LISTED_MAX)?;
    let mut all: Vec<Vec<Level>> = vec![Vec::new()];
    for factor in &space.factors {
        let levels = factor.levels()?;
        all = all
            .into_iter()
            .flat_map(|start| {
                levels.iter().map(move |level| {
                    let mut point = start.clone();
                    point.push(level.clone());
                    point
                })
            })
            .collect();
    }
    Some(
        all.into_iter()
            .map(Point)
            .filter(|point| space.contains(point))
            .collect(),
    )
}
