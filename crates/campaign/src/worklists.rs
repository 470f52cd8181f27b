//! From a plate map to what is dispensed: orders' worklists and barcodes.

use crate::assay::{Campaign, ControlContent};
use crate::map::Content;
use crate::recipe::Purpose;
use crate::state::{PlateState, State};
use protocol::{Transfer, Worklist};
use quantity::{ReagentId, StepId, Volume};
use std::collections::BTreeMap;
use std::sync::Arc;

/// Up to twelve letters and digits of a campaign's name.
pub(crate) fn barcode_stem(name: &str) -> String {
    let stem: String = name
        .chars()
        .filter(char::is_ascii_alphanumeric)
        .take(12)
        .map(|c| c.to_ascii_uppercase())
        .collect();
    if stem.is_empty() {
        "PLATE".into()
    } else {
        stem
    }
}

/// What a well of a plate gets, in the order of dispensing; nothing if the recipe can't make it.
#[must_use]
pub(crate) fn additions(
    campaign: &Campaign,
    state: &State,
    plate: &PlateState,
    content: Content,
) -> Vec<crate::recipe::Addition> {
    let assay = &campaign.assay;
    let made = match content {
        Content::Empty => return Vec::new(),
        Content::Blank => assay.recipe.make(Purpose::Blank),
        Content::Control(index) => match &assay.controls[index as usize].content {
            ControlContent::Levels(levels) => assay.recipe.make(Purpose::Levels(levels)),
            ControlContent::Reagent(id, volume) => assay.recipe.make(Purpose::Extra(*id, *volume)),
        },
        Content::Sample { seat, dose, .. } => {
            let point = &state.points[plate.seats[seat as usize] as usize].point;
            let dose = assay
                .series
                .as_ref()
                .map(|series| series.doses[dose as usize]);
            assay.recipe.make(Purpose::Point(point, dose))
        }
    };
    made.unwrap_or_default()
}

/// What each liquid-handling step puts where: reagent by reagent, wells in row-major order.
pub(crate) fn worklists(
    campaign: &Campaign,
    state: &State,
    plate: &PlateState,
) -> BTreeMap<StepId, Arc<Worklist>> {
    let protocol = &campaign.assay.protocol;
    let mut by_name: BTreeMap<Arc<str>, Vec<(usize, Transfer)>> = BTreeMap::new();
    for (well, content) in plate.map.iter() {
        for addition in additions(campaign, state, plate, content) {
            let turn = rank(campaign, addition.reagent);
            let transfer = Transfer {
                well,
                reagent: campaign.numbers.reagent(addition.reagent),
                volume: addition.volume,
            };
            if addition.volume > Volume::ZERO {
                by_name
                    .entry(addition.worklist)
                    .or_default()
                    .push((turn, transfer));
            }
        }
    }
    let mut worklists = BTreeMap::new();
    for step in &protocol.steps {
        if let Some(name) = &step.worklist {
            let mut transfers = by_name.remove(name).unwrap_or_default();
            transfers.sort_by_key(|(turn, _)| *turn);
            let transfers = transfers
                .into_iter()
                .map(|(_, transfer)| transfer)
                .collect();
            worklists.insert(step.id, Arc::new(Worklist { transfers }));
        }
    }
    worklists
}

/// The place of a reagent among the parts of the recipe.
fn rank(campaign: &Campaign, reagent: ReagentId) -> usize {
    let recipe = &campaign.assay.recipe;
    let family = recipe.shelf.find(reagent).map(|(family, _)| family.id);
    recipe
        .parts
        .iter()
        .position(|part| Some(part.reagent) == family)
        .unwrap_or(usize::MAX)
}
