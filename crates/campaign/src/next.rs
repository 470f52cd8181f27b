//! What a campaign does next: a plate, the confirmation, nothing yet, or its answer.

use crate::turn::Loop;
use design::Aim;
use quantity::Instant;

/// What to do next.
#[derive(Debug, PartialEq)]
pub(crate) enum Next {
    /// Hand a plate in: with new points, or only with points to be asked again.
    Plate { fresh: bool },
    /// Hand in the plate of the confirmation.
    Confirm,
    /// Wait for plates in flight.
    Wait,
    /// Give the answer, and why early.
    Answer(Option<String>),
}

impl Loop {
    /// Decided from what is known now.
    pub(crate) fn next(&self, now: Instant) -> Next {
        let (state, budget) = (&self.state, &self.campaign.budget);
        let flying = state.in_flight() as u32;
        let (made, rejected) = (state.plates.len() as u32, state.rejected() as u32);
        let opened = made - rejected;
        let left = made < budget.plates + budget.spare;
        let late = budget
            .time
            .zip(state.began)
            .is_some_and(|(time, began)| now.since(began) >= time);
        let wait_or = |next: Next| if flying > 0 { Next::Wait } else { next };
        if late {
            return wait_or(Next::Answer(Some("its time was up".into())));
        }
        if self.policy.settled().is_some() {
            return wait_or(Next::Answer(None));
        }
        if let Some(earliest) = state.too_late() {
            return wait_or(Next::Answer(Some(format!(
                "its deadline leaves no room for another plate, which could be finished by {earliest} at the \
                 earliest"
            ))));
        }
        if opened < budget.plates {
            if !left {
                return wait_or(Next::Answer(Some(format!(
                    "{rejected} plates were lost or failed quality control, and the spare ones are used up"
                ))));
            }
            let confirms = self.campaign.confirm.candidates > 0
                && self.campaign.aim != Aim::Map
                && budget.plates > 1;
            if confirms && opened + 1 == budget.plates {
                return wait_or(Next::Confirm);
            }
            if let Some(deadline) = state.deadline(&self.campaign).filter(|_| confirms) {
                let mut made = state.plates.iter();
                if made.any(|plate| plate.confirms && (plate.analysed.is_none() || plate.counts()))
                {
                    return wait_or(Next::Answer(Some(format!(
                        "its deadline left room for {opened} of {} plates",
                        budget.plates
                    ))));
                }
                // A plate more, and the confirmation would come too late.
                if opened > 0 && now + state.turnaround() * 2 > deadline {
                    return wait_or(Next::Confirm);
                }
            }
            return if flying < budget.in_flight {
                Next::Plate { fresh: true }
            } else {
                Next::Wait
            };
        }
        if !state.again.is_empty() && left {
            return wait_or(Next::Plate { fresh: false });
        }
        wait_or(Next::Answer(None))
    }
}
