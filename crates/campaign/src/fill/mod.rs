//! What a campaign found and how it went, as the value that a report is made of.

mod causes;
mod happened;
mod plate;
mod promises;
mod proposers;
mod rivals;
mod shared;

pub use happened::in_words;
pub use shared::fill_shared;

use crate::Campaign;
use crate::answer::CONFIRM;
use crate::judge::Judgement;
use crate::map::Content;
use crate::record::{self, Candidate};
use crate::state::{AskedFor, State};
use crate::turn::Loop;
use design::{Aim, FactorKind, Level, Point};
use happened::{faults, losses, of_hall, tasks};
use lab::Hall;
use plate::of_plate;
use protocol::Protocol;
use quantity::{BatchId, Instant, OrderId};
use report::Device;

/// Everything that a report says of a run with one campaign. `work` is what arms and movers did;
/// what instruments did is known here.
#[must_use]
pub fn fill(
    cycle: &Loop,
    hall: &Hall,
    provenance: report::Provenance,
    work: Vec<report::Work>,
) -> report::Run {
    let (campaign, state) = (cycle.campaign(), cycle.state());
    let mut work = work;
    for plate in &state.plates {
        for step in &plate.steps {
            work.push(report::Work {
                device: Device::Instrument(step.instrument),
                plate: Some(plate.plate),
                operation: operation(&campaign.assay.protocol, step.step),
                began: step.began,
                ended: step.ended.unwrap_or(state.now),
                done: step.ended.is_some(),
            });
        }
    }
    work.sort_by_key(|work| (work.began, work.ended, work.device));
    let ended = state
        .plates
        .iter()
        .filter_map(|plate| plate.ended.as_ref().map(|ended| ended.1))
        .max();
    report::Run {
        title: campaign.name.to_string(),
        campaigns: vec![of_campaign(campaign, state)],
        hall: of_hall(hall),
        began: state.began.unwrap_or(Instant::EPOCH),
        ended: ended
            .unwrap_or(state.now)
            .max(state.began.unwrap_or(Instant::EPOCH)),
        work,
        faults: faults(state, hall),
        losses: losses(campaign, state),
        tasks: tasks(state, hall),
        provenance,
    }
}

fn operation(protocol: &Protocol, step: quantity::StepId) -> String {
    protocol.step(step).map_or_else(
        || step.to_string(),
        |step| step.operation.capability.replace('_', " "),
    )
}

fn levels(point: &Point, campaign: &Campaign) -> Vec<report::Level> {
    campaign
        .space
        .factors
        .iter()
        .zip(&point.0)
        .map(|(factor, level)| match level {
            Level::Real(value) => report::Level::Number(*value),
            Level::Integer(value) => report::Level::Integer(*value),
            other => report::Level::Text(factor.print(other)),
        })
        .collect()
}

/// What a campaign asks, in words.
fn question(campaign: &Campaign) -> String {
    let names: Vec<&str> = campaign
        .space
        .factors
        .iter()
        .map(|factor| factor.name.as_str())
        .collect();
    campaign.about.clone().unwrap_or_else(|| {
        let verb = match campaign.aim {
            Aim::Maximise => "is highest",
            Aim::Minimise => "is lowest",
            Aim::Map => "is how high",
        };
        format!(
            "Where in {} {} {verb}?",
            names.join(", "),
            campaign.response.name
        )
    })
}

fn of_campaign(campaign: &Campaign, state: &State) -> report::Campaign {
    let goal = match campaign.aim {
        Aim::Maximise => report::Goal::Maximise,
        Aim::Minimise => report::Goal::Minimise,
        Aim::Map => report::Goal::Map,
    };
    let factors = campaign
        .space
        .factors
        .iter()
        .map(|factor| report::Factor {
            name: factor.name.clone(),
            unit: factor.unit.clone(),
            kind: match factor.kind {
                FactorKind::Integer { .. } => report::FactorKind::Integer,
                FactorKind::Categorical { .. } | FactorKind::Sequence { .. } => {
                    report::FactorKind::Text
                }
                _ => report::FactorKind::Number,
            },
        })
        .collect();
    let judged: Vec<Judgement> = state
        .plates
        .iter()
        .map(|plate| plate.judgement(&campaign.assay))
        .collect();
    report::Campaign {
        id: campaign.id,
        name: campaign.name.to_string(),
        question: question(campaign),
        goal,
        response: campaign.response.name.to_string(),
        unit: campaign.response.unit.to_string(),
        factors,
        answer: of_answer(campaign, state, &judged),
        experiments: experiments(campaign, state),
        plates: state
            .plates
            .iter()
            .zip(&judged)
            .map(|(plate, judged)| of_plate(campaign, state, plate, judged))
            .collect(),
        proposers: proposers::report(campaign, state),
        promises: promises::report(campaign, state),
    }
}

fn of_answer(campaign: &Campaign, state: &State, judged: &[Judgement]) -> report::Answer {
    let Some(answer) = &state.answer else {
        return report::Answer::default();
    };
    let mut notes = Vec::new();
    let settled = answer.verdict.as_deref();
    if let Some(verdict) = settled {
        notes.push(format!("Settled: {verdict}."));
    } else if campaign.discriminates() {
        notes.push("Nothing is settled between the hypotheses.".into());
    } else if campaign.causes.is_some() {
        notes.push("Not every link between the variables is settled.".into());
    }
    notes.extend(answer.prior.iter().map(record::PriorFound::words));
    if let (Some(error), Some(noise)) = (answer.model_error, answer.noise) {
        notes.push(format!(
            "On the points of the last plate, before it had seen them, the model was off by {error:.3} (root mean square), of which {noise:.3} is the noise of measuring."
        ));
    }
    if let Some(covered) = answer.covered {
        notes.push(format!(
            "Of those points {:.0} % lay within the model's 95 % intervals.",
            100.0 * covered
        ));
    }
    if campaign.aim != Aim::Map
        && answer
            .candidates
            .iter()
            .all(|candidate| candidate.confirmed.is_none())
    {
        notes.push("No candidate was measured again: the best of many noisy values is likely to be a lucky one.".into());
    }
    report::Answer {
        candidates: answer
            .candidates
            .iter()
            .map(|candidate| of_candidate(campaign, state, judged, candidate))
            .collect(),
        unanswered: answer.unanswered,
        early: answer.early.clone(),
        notes,
        causes: answer.causes.as_deref().map(causes::report),
        rivals: rivals::report(campaign, answer),
    }
}

fn of_candidate(
    campaign: &Campaign,
    state: &State,
    judged: &[Judgement],
    candidate: &Candidate,
) -> report::Candidate {
    let texts: Vec<&str> = candidate.levels.iter().map(String::as_str).collect();
    let point = campaign.space.parse(&texts).unwrap_or(Point(Vec::new()));
    let ids: Vec<u32> = (0u32..)
        .zip(&state.points)
        .filter(|(_, asked)| asked.point == point)
        .map(|(id, _)| id)
        .collect();
    let mut wells = Vec::new();
    for (plate, judged) in state
        .plates
        .iter()
        .zip(judged)
        .filter(|(plate, _)| plate.counts())
    {
        for ((well, content), result) in plate.map.iter().zip(&judged.wells) {
            let Content::Sample { seat, .. } = content else {
                continue;
            };
            let id = plate.seats[seat as usize];
            if ids.contains(&id) && result.valid {
                wells.push(report::Evidence {
                    plate: plate.plate,
                    row: well.row,
                    column: well.column,
                    value: result.response,
                    confirms: &*state.points[id as usize].why == CONFIRM,
                });
            }
        }
    }
    report::Candidate {
        levels: levels(&point, campaign),
        estimate: candidate.estimate,
        sd: candidate.sd,
        interval: candidate.interval,
        model: candidate
            .model
            .map(|(mean, sd)| report::Prediction { mean, sd }),
        before: candidate.before,
        confirmed: candidate.confirmed,
        wells,
    }
}

fn experiments(campaign: &Campaign, state: &State) -> Vec<report::Experiment> {
    let mut order: Vec<usize> = (0..state.points.len()).collect();
    order.sort_by_key(|id| {
        let asked = &state.points[*id];
        let told = asked
            .told
            .as_ref()
            .map_or(Instant::from_base(i64::MAX), |told| told.1);
        (told, asked.order.unwrap_or(OrderId(u32::MAX)), *id)
    });
    order
        .into_iter()
        .map(|id| experiment(campaign, state, id as u32, &state.points[id]))
        .collect()
}

fn experiment(campaign: &Campaign, state: &State, id: u32, asked: &AskedFor) -> report::Experiment {
    let told = asked.told.as_ref();
    let measured = told.and_then(|(told, _)| {
        Some(report::Measured {
            value: told.value?,
            sd: told.sd,
            wells: told.wells,
        })
    });
    report::Experiment {
        point: id,
        batch: BatchId(asked.batch),
        policy: asked.policy.to_string(),
        why: asked.why.to_string(),
        plate: asked
            .order
            .and_then(|order| state.plate(order))
            .map(|plate| plate.plate),
        told: told.map(|told| told.1),
        levels: levels(&asked.point, campaign),
        expected: told
            .and_then(|told| told.0.expected)
            .map(|(mean, sd)| report::Prediction { mean, sd }),
        measured,
        failed: told.and_then(|told| told.0.failed.clone()),
    }
}
