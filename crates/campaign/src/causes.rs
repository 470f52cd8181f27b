//! The question who drives whom: several variables for each well to a policy that chooses interventions, and what it
//! found as it stands in the journal.

use crate::assay::{Assay, Campaign, Causes, ControlContent};
use crate::judge::{PlateData, PointResult, judge};
use crate::map::Content;
use crate::state::{PlateState, State};
use design::{FactorKind, Level, Outcome, Point, Policy, Space, Trial};
use quantity::{Instant, OrderId};
use reason::causes::{CauseOptions, CausePolicy, Findings, GraphPolicy, Link, Stage};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::sync::Arc;

/// The policy of a campaign for causes, or for graphs that compete.
pub(crate) fn asked(campaign: &Campaign, causes: &Causes) -> Box<dyn Policy> {
    if causes.rivals.is_empty() {
        return Box::new(policy(campaign, causes));
    }
    Box::new(GraphPolicy::new(
        campaign.space.clone(),
        causes.variables.iter().map(ToString::to_string).collect(),
        causes.acts.clone(),
        causes.rivals.clone(),
        options(campaign, causes),
        campaign.seed.derive("policy", 0),
    ))
}

fn options(campaign: &Campaign, causes: &Causes) -> CauseOptions {
    CauseOptions {
        by_lot: &*campaign.policy.name == "random",
        controls: (campaign.assay.controls.iter())
            .filter(|control| idle(&campaign.space, &control.content))
            .map(|control| control.wells as usize)
            .sum(),
        ..causes.options
    }
}

fn policy(campaign: &Campaign, causes: &Causes) -> CausePolicy {
    CausePolicy::new(
        campaign.space.clone(),
        causes.variables.iter().map(ToString::to_string).collect(),
        causes.acts.clone(),
        options(campaign, causes),
        campaign.seed.derive("policy", 0),
    )
}

/// The point at which nothing is done: every factor at its low end.
fn nothing(space: &Space) -> Point {
    let low = space.factors.iter().map(|factor| {
        let low = factor.range().map_or(0.0, |(low, _)| low);
        match factor.kind {
            FactorKind::Integer { .. } => Level::Integer(low as i64),
            _ => Level::Real(low),
        }
    });
    Point(low.collect())
}

/// Whether a control is a well like any other where nothing is done, and so a row of the table.
fn idle(space: &Space, content: &ControlContent) -> bool {
    let ControlContent::Levels(levels) = content else {
        return false;
    };
    let low = nothing(space);
    let zero = Level::Real(0.0);
    levels.iter().zip(low.levels()).all(|(level, low)| {
        let found = level.as_ref().unwrap_or(&zero).number();
        found.is_some() && found == low.number()
    })
}

/// What the variables of a plate's wells gave.
pub(crate) struct Values {
    /// For each seat every variable, judged like a response of its own; nothing where one gave no value.
    pub seats: Vec<Option<Vec<f64>>>,
    /// The same of each control where nothing is done.
    pub controls: Vec<Vec<f64>>,
}

/// Judges every variable of a plate.
pub(crate) fn values(campaign: &Campaign, variables: &[Arc<str>], plate: &PlateState) -> Values {
    let assay: &Assay = &campaign.assay;
    let mut all: Vec<Option<Vec<f64>>> = vec![Some(Vec::new()); plate.seats.len()];
    let is_idle = |content: &Content| match content {
        Content::Control(at) => {
            let control = assay.controls.get(*at as usize);
            control.is_some_and(|control| idle(&campaign.space, &control.content))
        }
        _ => false,
    };
    let wells: Vec<usize> = (0..plate.map.wells.len())
        .filter(|well| is_idle(&plate.map.wells[*well]))
        .collect();
    let mut controls: Vec<Option<Vec<f64>>> = vec![Some(Vec::new()); wells.len()];
    for variable in variables {
        let mut data = PlateData {
            channels: BTreeMap::new(),
            ..plate.data.clone()
        };
        if let Some(values) = plate.data.channels.get(variable) {
            data.readings
                .insert(assay.analysis.reading.clone(), values.clone());
        }
        let known = plate.data.channels.contains_key(variable);
        let judged = judge(assay, &plate.map, plate.seats.len(), &data);
        let add = |of: &mut Option<Vec<f64>>, value: Option<f64>| match (value, of.as_mut()) {
            (Some(value), Some(of)) if known && value.is_finite() => of.push(value),
            _ => *of = None,
        };
        for (of, point) in all.iter_mut().zip(&judged.points) {
            let value = match point {
                PointResult::Value { value, .. } => Some(*value),
                _ => None,
            };
            add(of, value);
        }
        for (of, well) in controls.iter_mut().zip(&wells) {
            let well = &judged.wells[*well];
            add(of, well.valid.then_some(well.response));
        }
    }
    Values {
        seats: all,
        controls: controls.into_iter().flatten().collect(),
    }
}

/// A plate's controls where nothing was done, as trials.
pub(crate) fn controls(campaign: &Campaign, values: &[Vec<f64>], order: u32) -> Vec<Trial> {
    let trial = |values: &Vec<f64>| Trial {
        point: nothing(&campaign.space),
        outcome: Outcome::Measured {
            values: values.clone(),
            sd: None,
            replicates: 1,
        },
        batch: u64::from(order),
    };
    values.iter().map(trial).collect()
}

/// What is known of causes: the policy told once more what it was told, so that a restart says the same.
pub(crate) fn found(campaign: &Campaign, state: &State) -> Option<CausesFound> {
    let causes = campaign
        .causes
        .as_ref()
        .filter(|own| own.rivals.is_empty())?;
    let mut policy = policy(campaign, causes);
    let mut plates: BTreeMap<(Instant, OrderId), Vec<Trial>> = BTreeMap::new();
    for asked in &state.points {
        let (Some((told, at)), Some(order)) = (&asked.told, asked.order) else {
            continue;
        };
        if told.value.is_some() && !told.values.is_empty() {
            plates.entry((*at, order)).or_default().push(Trial {
                point: asked.point.clone(),
                outcome: Outcome::Measured {
                    values: told.values.clone(),
                    sd: None,
                    replicates: 1,
                },
                batch: u64::from(order.0),
            });
        }
    }
    for ((_, order), trials) in &mut plates {
        if let Some(plate) = state.plate(*order) {
            trials.extend(controls(campaign, &plate.controls, order.0));
        }
        policy.tell(trials).ok()?;
    }
    policy.findings().map(CausesFound::from)
}

/// An arrow as it is written.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ArrowFound {
    /// The driver.
    pub from: String,
    /// The driven.
    pub to: String,
    /// Its probability.
    pub probability: f64,
    /// Whether it is the likeliest of forth, back and none.
    pub believed: bool,
    /// What of the driven one unit of the driver adds, directly.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub effect: Option<f64>,
    /// Its 95 % interval.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub interval: Option<(f64, f64)>,
    /// Whether its direction is open.
    pub open: bool,
}

/// A hidden common cause as it is written.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct HiddenFound {
    /// One variable.
    pub a: String,
    /// The other.
    pub b: String,
    /// Its probability.
    pub probability: f64,
}

/// A plate of interventions as it is written.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct StageFound {
    /// The order of the plate.
    pub order: u64,
    /// Wells of each intervention.
    pub arms: BTreeMap<String, u32>,
    /// The probability of the least certain link after it.
    pub certainty: f64,
    /// What was certain after it and not before.
    pub settled: Vec<String>,
    /// Pairs newly known to have no arrow.
    pub ruled_out: u32,
}

/// What an intervention did to a variable, as it is written.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ChangeFound {
    /// The intervention.
    pub intervention: String,
    /// The variable.
    pub variable: String,
    /// Mean there less mean where nothing was done.
    pub difference: f64,
    /// Its 95 % interval.
    pub interval: (f64, f64),
}

/// What one intervention oriented, as it is written.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct SettledBy {
    /// The intervention.
    pub intervention: String,
    /// Arrows of the likeliest graph.
    pub arrows: Vec<String>,
}

/// Who drives whom, as it stands in the journal.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct CausesFound {
    /// The variables.
    pub variables: Vec<String>,
    /// Arrows.
    pub arrows: Vec<ArrowFound>,
    /// Hidden common causes.
    pub hidden: Vec<HiddenFound>,
    /// The probability of the least certain link.
    pub certainty: f64,
    /// The probability that all links and all absences of one are as said; earlier journals don't say.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub together: Option<f64>,
    /// The probability at which a link counts as settled.
    pub wanted: f64,
    /// Plate by plate.
    pub plates: Vec<StageFound>,
    /// What each intervention oriented that was open before it.
    pub by_intervention: Vec<SettledBy>,
    /// What interventions did.
    pub changes: Vec<ChangeFound>,
    /// Wells that counted.
    pub wells: u32,
    /// Wells that were left out as disturbed.
    pub disturbed: u32,
    /// Greatest difference in a probability between chains of the sample.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub disagreement: Option<f64>,
}

impl From<Link> for ArrowFound {
    fn from(link: Link) -> Self {
        Self {
            from: link.from,
            to: link.to,
            probability: link.probability,
            believed: link.believed,
            effect: link.effect.map(|(effect, _)| effect),
            interval: link.effect.map(|(_, interval)| interval),
            open: link.open,
        }
    }
}

impl From<Stage> for StageFound {
    fn from(stage: Stage) -> Self {
        Self {
            order: stage.batch,
            arms: stage.arms,
            certainty: stage.certainty,
            settled: stage.settled,
            ruled_out: stage.ruled_out,
        }
    }
}

impl From<Findings> for CausesFound {
    fn from(found: Findings) -> Self {
        Self {
            variables: found.variables,
            arrows: found.links.into_iter().map(Into::into).collect(),
            hidden: found
                .hidden
                .into_iter()
                .map(|(a, b, probability)| HiddenFound { a, b, probability })
                .collect(),
            certainty: found.certainty,
            together: Some(found.together),
            wanted: found.wanted,
            plates: found.stages.into_iter().map(Into::into).collect(),
            by_intervention: found
                .by_intervention
                .into_iter()
                .map(|(intervention, arrows)| SettledBy {
                    intervention,
                    arrows,
                })
                .collect(),
            changes: found
                .changes
                .into_iter()
                .map(
                    |(intervention, variable, difference, interval)| ChangeFound {
                        intervention,
                        variable,
                        difference,
                        interval,
                    },
                )
                .collect(),
            wells: found.wells,
            disturbed: found.disturbed,
            disagreement: found.disagreement,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use design::Factor;

    #[test]
    fn a_control_is_a_row_only_where_nothing_is_done() {
        let space = Space::new(vec![
            Factor::continuous("a", "", 0.0, 30.0),
            Factor::continuous("b", "", 2.0, 30.0),
        ]);
        let control = |a, b| ControlContent::Levels(vec![a, b]);
        let real = |value| Some(Level::Real(value));
        assert!(idle(&space, &control(None, real(2.0))));
        assert!(idle(&space, &control(real(0.0), real(2.0))));
        assert!(!idle(&space, &control(real(30.0), real(2.0))));
        // Nothing of a factor is less than its low end.
        assert!(!idle(&space, &control(None, None)));
    }
}
