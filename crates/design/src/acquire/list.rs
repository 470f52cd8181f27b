//! The rows of a finite list that a batch is chosen from.

use std::collections::BTreeSet;

use quantity::Seed;
use rand::RngExt;

use super::pool::{Pool, Source, doubts, promising, top};
use crate::encode::Rows;
use crate::space::Point;

/// Rows that are looked at for a level.
const CROSSING_LOOKS_TABLE: usize = 20_000;

/// A pool for a question about the whole of a finite list: free rows at random; where a level is looked for, also
/// those that are likeliest to be on the wrong side of it by the model.
pub(crate) fn even_table_pool(
    source: &Source<'_>,
    free: &mut [usize],
    points: &[Point],
    rows: &Rows,
    q: usize,
    level: Option<f64>,
    seed: Seed,
) -> Pool {
    let most = source.effort.side(SAMPLED).max(2 * q);
    if free.len() > most {
        let mut rng = seed.derive("even pool", 0).rng();
        for i in 0..most {
            let j = rng.random_range(i..free.len());
            free.swap(i, j);
        }
    }
    let mut kept: BTreeSet<usize> = free.iter().copied().take(most).collect();
    if let (Some(level), [model, ..]) = (level, source.models) {
        let looked = &free[..free.len().min(CROSSING_LOOKS_TABLE)];
        let doubts = doubts(model, &rows.pick(looked), level);
        kept.extend(top(looked, &doubts, most / 2));
    }
    let points = kept.iter().map(|&place| points[place].clone()).collect();
    Pool::new(source.encoding, points)
}

/// Rows of a table whose variance is computed, at most.
const SHORTLIST: usize = 6_000;
/// Rows of a table that are sampled together, at most.
const SAMPLED: usize = 1_600;

/// A pool for a finite list of points: those that may be best.
pub(crate) fn table_pool(
    source: &Source<'_>,
    free: &[usize],
    points: &[Point],
    rows: &Rows,
    q: usize,
) -> Pool {
    let most = source.effort.side(SAMPLED).max(4 * q);
    let mut places: Vec<usize> = free.to_vec();
    for (response, model) in source.models.iter().enumerate() {
        // Several responses: any of them may make a row worth sampling, so all rows stay.
        if response > 0 || source.models.len() > 1 {
            break;
        }
        if places.len() > SHORTLIST {
            let means = model.rough_means(&rows.pick(&places));
            places = top(&places, &means, SHORTLIST.max(4 * q));
        }
        if places.len() > most {
            let (means, variances) = model.moments(&rows.pick(&places));
            places = promising(&places, &means, &variances, most);
        }
    }
    if places.len() > most {
        // Several responses: by expected utility over a few directions and hopes.
        let chosen = rows.pick(&places);
        let predictions: Vec<(Vec<f64>, Vec<f64>)> = source
            .models
            .iter()
            .map(|model| model.moments(&chosen))
            .collect();
        let mut rng = Seed(places.len() as u64).derive("directions", 0).rng();
        let mut kept = BTreeSet::new();
        let looks = 24;
        for look in 0..looks {
            let direction = source.utility.direction(&mut rng);
            let hope = [0.0, 1.0, 2.0][look % 3];
            let scores: Vec<f64> = (0..places.len())
                .map(|i| {
                    let values: Vec<f64> = source
                        .models
                        .iter()
                        .zip(&predictions)
                        .map(|(model, (means, variances))| {
                            model.warp.back(means[i] + hope * variances[i].sqrt())
                        })
                        .collect();
                    source.utility.of(&values, &direction)
                })
                .collect();
            kept.extend(top(&places, &scores, most / looks));
        }
        places = kept.into_iter().collect();
    }
    Pool::new(
        source.encoding,
        places.iter().map(|&place| points[place].clone()).collect(),
    )
}
