//! Looking elsewhere once a top is known.
//!
//! Where the model expects next to nothing of more points on the hill whose top it knows, what is left of a batch
//! looks for other hills, in the order of what they promise: a model may be sure that there is no higher
//! top and be wrong, and more digits of a known top are worth nothing.

use std::collections::BTreeSet;

use quantity::Seed;

use super::model::Model;
use crate::acquire::{Source, elsewhere_pool, on_hills};
use crate::space::Point;
use crate::surrogate::Surrogate;

/// What points must promise together to be worth measuring on a hill whose top is known: a share of the spread
/// of the values.
const LEAST_SHARE: f64 = 3e-5;
/// So many points of a batch stay there as long as the whole batch promises that much; afterwards one in so many.
const REFINING: usize = 8;
/// Hills whose tops are taken to be known, at most.
const HILLS: usize = 4;
/// What a batch must promise of another hill's top to go on climbing it: a share of what that is behind.
const BEHIND_SHARE: f64 = 0.02;

/// Points, the best first, that are looked at for whether they lie on a hill, at most.
const LOOKED_MAX: usize = 512;

impl Model {
    /// How many points of a batch are worth measuring where it was chosen, given the gains expected of them: all but
    /// the last ones that together promise too little.
    pub(super) fn worth_measuring(&self, model: &Surrogate, best: &Point, gains: &[f64]) -> usize {
        let least = self.least_gain(model, best);
        let mut promised = 0.0;
        let last = gains.iter().rev().take_while(|&&gain| {
            promised += gain;
            promised < least
        });
        let worth = gains.len() - last.count();
        let refining = match gains.len() {
            q if worth > 0 => q.min(REFINING),
            // Of single points every third looks elsewhere.
            1 => (self.record.trials.len() % 3).min(1),
            q => q.div_ceil(REFINING),
        };
        worth.max(refining)
    }

    /// The least gain that is worth a measurement near a point, in the response's own unit.
    fn least_gain(&self, model: &Surrogate, near: &Point) -> f64 {
        LEAST_SHARE * (-model.warp.log_slope(self.expected(model, near))).exp()
    }

    fn expected(&self, model: &Surrogate, point: &Point) -> f64 {
        let rows = self.encoding.rows(std::slice::from_ref(point));
        model.warp.back(model.means(&rows)[0])
    }

    /// Up to `q` points, none of them taken, away from hills whose tops are known: half of them where all but one factor
    /// are as at a known top, if that promises most, since a better top has most factors in common with it
    /// where factors act each on its own; the others where factors act together.
    pub(super) fn elsewhere(
        &self,
        source: &Source<'_>,
        pending: &[Point],
        taken: &BTreeSet<Point>,
        q: usize,
        seed: Seed,
    ) -> Vec<Point> {
        let mut batch = self.on_other_hills(source, pending, taken, true, q.div_ceil(2), seed);
        let mut taken = taken.clone();
        taken.extend(batch.iter().cloned());
        let waiting: Vec<Point> = pending.iter().chain(&batch).cloned().collect();
        let rest = q - batch.len();
        if rest > 0 {
            let seed = seed.derive("together", 0);
            batch.extend(self.on_other_hills(source, &waiting, &taken, false, rest, seed));
        }
        batch
    }

    fn on_other_hills(
        &self,
        source: &Source<'_>,
        pending: &[Point],
        taken: &BTreeSet<Point>,
        across: bool,
        q: usize,
        seed: Seed,
    ) -> Vec<Point> {
        let model = &source.models[0];
        let groups = &self.encoding.groups;
        let off = |points: &[Point], tops: &[Point]| -> Vec<Point> {
            let points = &points[..points.len().min(LOOKED_MAX)];
            let (rows, tops) = (self.encoding.rows(points), self.encoding.rows(tops));
            let on = on_hills(model, groups, &rows, &tops);
            let points = points.iter().zip(on);
            points
                .filter(|(_, on)| !on)
                .map(|(point, _)| point.clone())
                .collect()
        };
        let highest = self.expected(model, &source.leaders[0]);
        let mut tops = vec![source.leaders[0].clone()];
        let mut batch = Vec::new();
        for hill in 0..HILLS {
            let seed = seed.derive("hill", hill as u64);
            let others = off(source.leaders, &tops);
            let waiting = off(pending, &tops);
            let pool = elsewhere_pool(source, taken, &tops, across, q, seed);
            let chosen = self.by_samples(
                source.models,
                source.utility,
                &pool,
                &others,
                &waiting,
                q,
                seed,
            );
            let most = chosen.first().map_or(0.0, |first| first.1);
            batch = chosen
                .into_iter()
                .map(|(place, _)| pool.points[place].clone())
                .collect();
            let Some(next) = others.first() else { break };
            let behind = highest - self.expected(model, next);
            if most >= self.least_gain(model, next).max(BEHIND_SHARE * behind) {
                break;
            }
            tops.push(next.clone());
        }
        batch
    }
}
