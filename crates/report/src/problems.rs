//! What does not fit together in a run.

use crate::{Campaign, Device, Factor, FactorKind, Level, Plate, Run};
use quantity::PlateId;
use std::collections::BTreeSet;

impl Run {
    /// Everything that does not fit together; none for a run that was filled in right. What is
    /// named here is rendered as well as it can be.
    #[must_use]
    pub fn problems(&self) -> Vec<String> {
        let mut found = Vec::new();
        if self.ended < self.began {
            found.push(format!(
                "the run ends at {}, before it begins at {}",
                self.ended, self.began
            ));
        }
        let known: BTreeSet<Device> = self.hall.devices.iter().map(|info| info.device).collect();
        let mut unknown = BTreeSet::new();
        for work in &self.work {
            if !known.contains(&work.device) {
                unknown.insert(work.device);
            }
            if work.ended < work.began {
                found.push(format!(
                    "'{}' at {} ends before it begins",
                    work.operation, work.began
                ));
            }
        }
        for campaign in &self.campaigns {
            check(campaign, &known, &mut unknown, &mut found);
        }
        found.extend(
            unknown
                .iter()
                .map(|device| format!("{device:?} is not in the hall")),
        );
        found
    }
}

fn check(
    campaign: &Campaign,
    known: &BTreeSet<Device>,
    unknown: &mut BTreeSet<Device>,
    found: &mut Vec<String>,
) {
    let name = &campaign.name;
    let mut say = |text: String| found.push(format!("campaign '{name}': {text}"));
    for (index, candidate) in campaign.answer.candidates.iter().enumerate() {
        if let Some(why) = misfit(&candidate.levels, &campaign.factors) {
            say(format!("candidate {}: {why}", index + 1));
        }
        let (low, high) = candidate.interval;
        if low.is_nan() || high.is_nan() || low > high {
            say(format!(
                "candidate {}: its interval ends before it begins",
                index + 1
            ));
        }
    }
    for experiment in &campaign.experiments {
        if let Some(why) = misfit(&experiment.levels, &campaign.factors) {
            say(format!("experiment {}: {why}", experiment.point));
        }
    }
    let mut plates: BTreeSet<PlateId> = BTreeSet::new();
    for plate in &campaign.plates {
        let id = plate.id;
        if !plates.insert(id) {
            say(format!("{id} is there twice"));
        }
        let mut places = BTreeSet::new();
        for well in &plate.wells {
            let at = Plate::well_name(well.row, well.column);
            if well.row >= plate.rows || well.column >= plate.columns {
                say(format!(
                    "{id} has no well {at}: it is {} by {}",
                    plate.rows, plate.columns
                ));
            }
            if !places.insert((well.row, well.column)) {
                say(format!("{id} has well {at} twice"));
            }
            if let Some(why) = well
                .point
                .as_ref()
                .and_then(|p| misfit(&p.levels, &campaign.factors))
            {
                say(format!("{id} {at}: {why}"));
            }
            if let Some(reading) = well.reading {
                let device = Device::Instrument(reading.instrument);
                if !known.contains(&device) {
                    unknown.insert(device);
                }
            }
        }
    }
}

/// Why levels are not settings of these factors.
fn misfit(levels: &[Level], factors: &[Factor]) -> Option<String> {
    if levels.len() != factors.len() {
        return Some(format!(
            "{} levels for {} factors",
            levels.len(),
            factors.len()
        ));
    }
    let wrong = levels.iter().zip(factors).find(|(level, factor)| {
        !matches!(
            (level, factor.kind),
            (Level::Number(_), FactorKind::Number)
                | (Level::Integer(_), FactorKind::Integer)
                | (Level::Text(_), FactorKind::Text)
        )
    });
    wrong.map(|(level, factor)| {
        format!(
            "{level:?} is not a level of '{}' ({:?})",
            factor.name, factor.kind
        )
    })
}
