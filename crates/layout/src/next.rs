//! Which instrument, added to a hall, would help most; and what is lost when one fails.

use crate::bound::{Impossible, loads};
use crate::load::Mix;
use crate::more;
use crate::simulate::{Request, SimulateError, simulate};
use lab::Hall;
use quantity::Seed;
use std::num::NonZero;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use thiserror::Error;

/// What a change brings, by runs with and without it that have the same draws.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Gain {
    /// Plates an hour more, in the mean.
    pub mean: f64,
    /// Half of the interval that holds the true mean with 90 % (Student's t of the differences).
    pub within: f64,
}

impl Gain {
    /// From the differences of at least two runs.
    fn of(gains: &[f64]) -> Self {
        let count = gains.len() as f64;
        let mean = mean(gains);
        let squares: f64 = gains.iter().map(|g| (g - mean).powi(2)).sum();
        let error = (squares / (count - 1.0).max(1.0) / count).sqrt();
        Self {
            mean,
            within: error * student(gains.len().saturating_sub(1)),
        }
    }

    /// Whether the runs show that it makes a difference.
    #[must_use]
    pub fn shows(&self) -> bool {
        self.mean.abs() > self.within
    }
}

/// What Student's t stays below with 95 %, with so many degrees of freedom: a table, and from ten on the
/// expansion of Abramowitz and Stegun, 26.7.5.
fn student(freedom: usize) -> f64 {
    const TABLE: [f64; 9] = [
        6.314, 2.920, 2.353, 2.132, 2.015, 1.943, 1.895, 1.860, 1.833,
    ];
    match freedom {
        0 => f64::INFINITY,
        1..=9 => TABLE[freedom - 1],
        _ => {
            let (z, n) = (1.644_853_6_f64, freedom as f64);
            z + (z.powi(3) + z) / (4.0 * n)
                + (5.0 * z.powi(5) + 16.0 * z.powi(3) + 3.0 * z) / (96.0 * n * n)
        }
    }
}

/// What one thing more would bring, or one less would cost.
#[derive(Clone, Debug, PartialEq)]
pub struct Change {
    /// The kind of instrument, or `mover`.
    pub kind: String,
    /// Plates an hour then; by simulation the mean of all runs.
    pub plates_per_hour: f64,
    /// How many more than the hall does as it is; none by the bound.
    pub gain: Option<Gain>,
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
/// does already can't help, and is not tried. What a hall gets done differs by some percent from run to
/// run, so each change is judged in as many `runs` (two at least), each with the same draws as one of the hall as
/// it is, on as many threads as there are processors. What the hall does as it is, in the mean of
/// these runs, and the changes, the best first.
///
/// # Errors
/// See [`NextError`].
pub fn one_more(
    hall: &Arc<Hall>,
    mix: &Mix,
    request: Request,
    most: usize,
    runs: u64,
) -> Result<(f64, Vec<Change>), NextError> {
    let runs = runs.max(2);
    let now = rates(std::slice::from_ref(hall), mix, request, runs)?;
    let now = &now[0];
    let usual = mean(now);
    let mut candidates: Vec<(f64, String, Arc<Hall>)> = Vec::new();
    for kind in more::kinds(hall) {
        if let Some(hall) = more::one_more(hall, &kind) {
            let bound = loads(&hall, mix)?
                .first()
                .map_or(0.0, |l| l.plates_per_hour);
            if bound > usual {
                candidates.push((bound, kind, Arc::new(hall)));
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
        candidates.push((f64::INFINITY, "mover".to_owned(), Arc::new(hall)));
    }
    let halls: Vec<Arc<Hall>> = candidates.iter().map(|c| c.2.clone()).collect();
    let then = rates(&halls, mix, request, runs)?;
    let mut changes: Vec<Change> = (candidates.into_iter().zip(then))
        .map(|((_, kind, _), then)| {
            let gains: Vec<f64> = then.iter().zip(now).map(|(then, now)| then - now).collect();
            Change {
                kind,
                plates_per_hour: mean(&then),
                gain: Some(Gain::of(&gains)),
            }
        })
        .collect();
    changes.sort_by(|a, b| b.plates_per_hour.total_cmp(&a.plates_per_hour));
    Ok((usual, changes))
}

fn mean(all: &[f64]) -> f64 {
    all.iter().sum::<f64>() / all.len().max(1) as f64
}

/// Plates an hour of each hall in each of the runs.
fn rates(
    halls: &[Arc<Hall>],
    mix: &Mix,
    request: Request,
    runs: u64,
) -> Result<Vec<Vec<f64>>, SimulateError> {
    let all: Vec<(usize, Seed)> = (0..halls.len())
        .flat_map(|hall| (0..runs).map(move |run| (hall, request.seed.derive("next", run))))
        .collect();
    let threads = std::thread::available_parallelism().map_or(1, NonZero::get);
    let turn = AtomicUsize::new(0);
    let work = || {
        let mut done = Vec::new();
        while let Some((hall, seed)) = all.get(turn.fetch_add(1, Ordering::Relaxed)).copied() {
            let request = Request { seed, ..request };
            let outcome = simulate(&halls[hall], mix, request);
            done.push((hall, seed, outcome.map(|o| o.plates_per_hour())));
        }
        done
    };
    let mut found = std::thread::scope(|scope| {
        let workers: Vec<_> = (0..threads.min(all.len()))
            .map(|_| scope.spawn(work))
            .collect();
        (workers.into_iter())
            .flat_map(|worker| match worker.join() {
                Ok(done) => done,
                Err(panic) => std::panic::resume_unwind(panic),
            })
            .collect::<Vec<_>>()
    });
    // In the order in which they were asked for, whoever did them.
    let place = |hall: usize, seed: Seed| all.iter().position(|run| *run == (hall, seed));
    found.sort_by_key(|(hall, seed, _)| place(*hall, *seed));
    let mut rates = vec![Vec::new(); halls.len()];
    for (hall, _, rate) in found {
        rates[hall].push(rate?);
    }
    Ok(rates)
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
                gain: None,
            })
        })
        .collect();
    changes.sort_by(|a, b| a.plates_per_hour.total_cmp(&b.plates_per_hour));
    changes
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_gain_shows_where_runs_agree() {
        // Differences 1, 2, 3: mean 2, standard error 1/sqrt(3), t of two degrees 2.92.
        let gain = Gain::of(&[1.0, 2.0, 3.0]);
        assert!((gain.mean - 2.0).abs() < 1e-12);
        assert!((gain.within - 2.920 / 3f64.sqrt()).abs() < 1e-9);
        assert!(gain.shows());
        assert!(!Gain::of(&[-1.0, 2.0, 3.0]).shows());
        assert!(Gain::of(&[-3.0, -3.1, -2.9]).shows());
        // One run tells nothing.
        assert!(!Gain::of(&[5.0]).shows());
    }

    #[test]
    fn students_t_as_in_tables() {
        for (freedom, known) in [
            (1, 6.314),
            (4, 2.132),
            (10, 1.812),
            (30, 1.697),
            (120, 1.658),
        ] {
            assert!((student(freedom) - known).abs() < 1e-3, "{freedom}");
        }
    }
}
