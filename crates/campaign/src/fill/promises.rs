//! What the hall promised, for the report.

use crate::Campaign;
use crate::state::State;

pub(super) fn report(campaign: &Campaign, state: &State) -> report::Promises {
    let promises = state.promises(campaign);
    let refused = promises.refused.into_iter();
    report::Promises {
        weight: campaign.hall.weight,
        deadline: state.deadline(campaign),
        kept: promises.kept,
        late: promises.late,
        worst: promises.worst,
        after_deadline: promises.after_deadline,
        refused: refused
            .map(|refused| (refused.plate, refused.why.to_string(), refused.earliest))
            .collect(),
    }
}
