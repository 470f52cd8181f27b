//! Which instrument, added to a hall, would help most; and what is lost when one fails.

use crate::bound::{Impossible, loads};
use crate::load::Mix;
use crate::more;
use crate::simulate::{Request, SimulateError, simulate};
use lab::Hall;
use std::sync::Arc;
use thiserror::Error;

/// What one thing more would bring, or one less would cost.
#[derive(Clone, Debug, PartialEq)]
pub struct Change {
    /// The kind of instrument, or `mover`.
    pub kind: String,
    /// Plates an hour then.
    pub plates_per_hour: f64,
    /// Whether that is by simulation; else it is by the bound.
    pub simulated: bool,
}

/// Why changes can't be judged.
#[derive(Debug, Error)]
pub enum NextError {
    /// The hall can't do the load at all.
    #[error(transparent)]
    Impossible(#[from] Impossible),
    /// The twin can't run it.
    #[error(transparent)]
    Simulate(#[from] SimulateError),
}

/// Judges one more of each kind, at most `most` of them by simulation: those first whose absence
/// limits the hall most by the bound. A kind without which the bound is no higher than what the hall
/// does already can't help, and is not tried. The best comes first.
///
/// # Errors
/// See [`NextError`].
pub fn one_more(
    hall: &Arc<Hall>,
    mix: &Mix,
    request: Request,
    now: f64,
    most: usize,
) -> Result<Vec<Change>, NextError> {
    let mut candidates: Vec<(f64, String, Hall)> = Vec::new();
    for kind in more::kinds(hall) {
        if let Some(hall) = more::one_more(hall, &kind) {
            let bound = loads(&hall, mix)?
                .first()
                .map_or(0.0, |l| l.plates_per_hour);
            if bound > now {
                candidates.push((bound, kind, hall));
            }
        }
    }
    // The one that is missed most has the highest bound; of equals, the one that is busiest now.
    let tight = loads(hall, mix)?;
    let place = |kind: &String| {
        let at = tight.iter().position(|load| load.kinds.contains(kind));
        at.unwrap_or(tight.len())
    };
    candidates.sort_by(|a, b| b.0.total_cmp(&a.0).then(place(&a.1).cmp(&place(&b.1))));
    candidates.truncate(most);
    if most > 0
        && let Some(hall) = more::one_more_mover(hall)
    {
        candidates.push((f64::INFINITY, "mover".to_owned(), hall));
    }
    let mut changes = Vec::new();
    for (_, kind, hall) in candidates {
        let outcome = simulate(&Arc::new(hall), mix, request)?;
        changes.push(Change {
            kind,
            plates_per_hour: outcome.plates_per_hour(),
            simulated: true,
        });
    }
    changes.sort_by(|a, b| b.plates_per_hour.total_cmp(&a.plates_per_hour));
    Ok(changes)
}

/// What the hall would still do with one instrument of each kind out of order, by the bound; the
/// worst first. Protocols that can't be done without it count as nothing.
#[must_use]
pub fn one_less(hall: &Hall, mix: &Mix) -> Vec<Change> {
    let mut changes: Vec<Change> = more::kinds(hall)
        .into_iter()
        .filter_map(|kind| {
            let out = hall.instruments.iter().find(|i| *i.kind == *kind)?.id;
            let less = more::without(hall, out);
            let possible: Vec<_> = mix
                .parts()
                .filter(|(recipe, _)| crate::bound::able(&less, recipe).is_ok())
                .map(|(recipe, share)| (recipe.clone(), share))
                .collect();
            let share: f64 = possible.iter().map(|(_, share)| share).sum();
            let rate = loads(&less, &Mix::new(possible)).ok();
            let rate = rate.and_then(|l| l.first().map(|l| l.plates_per_hour));
            // What is left of the mix runs at its own rate, and is only that share of the plates.
            Some(Change {
                kind,
                plates_per_hour: rate.map_or(0.0, |rate| rate * share.min(1.0)),
                simulated: false,
            })
        })
        .collect();
    changes.sort_by(|a, b| a.plates_per_hour.total_cmp(&b.plates_per_hour));
    changes
}
