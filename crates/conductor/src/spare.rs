//! Plans keep away from the most that a lag may be.
//!
//! A plan that is as good as it can be uses every lag up to its last second: the plate is peeled ten
//! minutes before its reader comes free where ten minutes are allowed, and then whatever takes a minute
//! longer than planned breaks the limit. So a place is looked for first that leaves a part of each
//! greatest lag unused; only where there is none, one that uses them up. What is left is for reality:
//! for limits that are in danger the planner lets go of this wish before it lets go of the limit.

use crate::limits::{SPARE_MOST, SPARE_SHARE};
use lab::Hall;
use quantity::Instant;
use schedule::{Job, Lag, Planner, Promise, Refusal, Why};

/// The lags of a job and, for each with a greatest time, one that leaves a part of it unused.
fn spared(lags: &[Lag]) -> Vec<Lag> {
    let wishes = lags.iter().filter_map(|lag| {
        let most = lag.max?;
        let max = most - most.scale(SPARE_SHARE).min(SPARE_MOST);
        (max > lag.min && max < most).then_some(Lag {
            max: Some(max),
            ..*lag
        })
    });
    lags.iter().copied().chain(wishes).collect()
}

/// Whether an order that was refused so may be taken where nothing needs to be spared. It may not where no machine or
/// mover can do it at all.
fn needs_none(refusal: &Refusal) -> bool {
    match refusal {
        Refusal::TooLate { .. } => true,
        Refusal::Impossible(why) => {
            !matches!(why, Why::Unknown(_) | Why::NoMachine { .. } | Why::NoMover)
        }
    }
}

/// Has a job planned, with lags to spare if that can be.
///
/// # Errors
/// Why it can't be planned even where all lags are used up.
pub(crate) fn admit(
    planner: &mut Planner,
    hall: &Hall,
    job: &Job,
    now: Instant,
) -> Result<Promise, Refusal> {
    let lags = spared(&job.lags);
    if hall.planning.careful && lags.len() > job.lags.len() {
        let careful = Job {
            lags,
            ..job.clone()
        };
        match planner.admit(careful, now) {
            Err(why) if needs_none(&why) => {}
            done => return done,
        }
    }
    planner.admit(job.clone(), now)
}
