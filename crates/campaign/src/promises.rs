//! What the hall promised a campaign, and what became of it.

use crate::assay::Campaign;
use crate::state::{PlateState, State};
use quantity::{Duration, Instant, PlateId};
use std::sync::Arc;

/// The promises of a run so far.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Promises {
    /// Plates that were finished by when they were promised first.
    pub kept: u32,
    /// Plates that were finished later.
    pub late: u32,
    /// By how much the latest of them.
    pub worst: Duration,
    /// Plates finished after the campaign's deadline, of those.
    pub after_deadline: u32,
    /// Plates whose orders were not taken.
    pub refused: Vec<Refused>,
}

/// A plate whose order was not taken.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refused {
    /// The plate.
    pub plate: PlateId,
    /// Why, for a person.
    pub why: Arc<str>,
    /// The earliest finish that could be promised, where that was the reason.
    pub earliest: Option<Instant>,
}

impl State {
    /// When every plate is to be finished by, once the campaign has begun.
    #[must_use]
    pub fn deadline(&self, campaign: &Campaign) -> Option<Instant> {
        Some(self.began? + campaign.hall.deadline?)
    }

    /// What was promised, and what became of it.
    #[must_use]
    pub fn promises(&self, campaign: &Campaign) -> Promises {
        let deadline = self.deadline(campaign);
        let mut promises = Promises::default();
        for plate in &self.plates {
            if let Some((why, earliest)) = &plate.refused {
                promises.refused.push(Refused {
                    plate: plate.plate,
                    why: why.clone(),
                    earliest: *earliest,
                });
            }
            let (Some(promised), Some((_, ended))) = (plate.promised_first, &plate.ended) else {
                continue;
            };
            if *ended <= promised {
                promises.kept += 1;
                continue;
            }
            promises.late += 1;
            promises.worst = promises.worst.max(ended.since(promised));
            if deadline.is_some_and(|deadline| *ended > deadline) {
                promises.after_deadline += 1;
            }
        }
        promises
    }

    /// The earliest finish that the hall could promise the plate that it refused for the deadline.
    pub(crate) fn too_late(&self) -> Option<Instant> {
        let refused = self.plates.iter().rev().find_map(|p| p.refused.as_ref());
        refused.and_then(|(_, earliest)| *earliest)
    }

    /// The longest that a plate has taken from its order to its end, or is promised to take.
    pub(crate) fn turnaround(&self) -> Duration {
        let taken = |plate: &PlateState| {
            let ended = plate.ended.as_ref().map(|(_, at)| *at).or(plate.promised)?;
            plate
                .refused
                .is_none()
                .then(|| ended.since(plate.submitted))
        };
        let all = self.plates.iter().filter_map(taken);
        all.max().unwrap_or(Duration::ZERO)
    }
}
