//! Language models that a campaign asks: they propose, wells judge, and their record says what the next proposal
//! is worth.
//!
//! Nothing here does I/O. A loop that wants proposals says so ([`crate::Loop::question`]) and waits; whoever runs it
//! asks the model and hands in what came back ([`crate::Loop::answered`]), an answer or why there is none. Either
//! is kept in the journal, so a restart or a replay needs no model.

mod record;
mod settle;

pub use record::{Kept, KeptSource, KeptWhat, Proposed, Settled};
pub(crate) use settle::{at_answer, at_plate};

use crate::answer::CONFIRM;
use crate::assay::Campaign;
use crate::state::State;
use design::{Aim, Point};
use reason::claims::Claim;
use reason::language::propose::{MEASURED_MAX, Proposing};
use reason::language::track;
use std::sync::Arc;

/// Most of a plate's new points that all proposers together get.
pub const SHARE_MAX: f64 = 0.5;
/// Asked so often in a row without an answer, a proposer is asked no more.
const FAILURES_MAX: usize = 3;
/// Why a proposed point is asked.
pub(crate) const PROPOSED: &str = "proposed";

/// A language model that a campaign asks.
#[derive(Clone, Debug, PartialEq)]
pub struct Proposer {
    /// The model's name, as its endpoint knows it.
    pub model: Arc<str>,
    /// An address, or the environment variable that holds it.
    pub address: Arc<str>,
    /// The environment variable that holds its key.
    pub key: Arc<str>,
    /// Most of a plate's new points that it gets.
    pub share: f64,
    /// What else it is told.
    pub about: Option<String>,
    /// Claims that it may cite.
    pub claims: Vec<Claim>,
    /// Texts that it may quote: name and text.
    pub texts: Vec<(String, Arc<str>)>,
}

/// Which proposer is to be asked now, if any is: its place among the campaign's.
pub(crate) fn wanted(campaign: &Campaign, state: &State) -> Option<usize> {
    campaign.proposers.iter().position(|own| {
        !state.proposed.iter().any(|p| of(p, own, state.batches)) && !given_up(own, state)
    })
}

fn of(record: &Proposed, proposer: &Proposer, batch: u32) -> bool {
    record.batch == batch && *record.model == *proposer.model
}

/// Whether a proposer failed to answer too often, or its points are worth nothing any more.
fn given_up(proposer: &Proposer, state: &State) -> bool {
    let own = || {
        state
            .proposed
            .iter()
            .filter(|p| *p.model == *proposer.model)
    };
    let silent = own()
        .rev()
        .take_while(|record| record.failed.is_some())
        .count();
    silent >= FAILURES_MAX || state.track.weigh(&proposer.model, "point", 1.0) <= track::POINT_BASE
}

/// Points of a plate of `count` new ones that a proposer may have at most.
fn bound(campaign: &Campaign, proposer: &Proposer, count: usize) -> usize {
    let all: f64 = campaign.proposers.iter().map(|own| own.share).sum();
    let share = proposer.share * (SHARE_MAX / all).min(1.0);
    (share * count as f64).floor() as usize
}

/// The question for a proposer.
pub(crate) fn question(
    campaign: &Campaign,
    state: &State,
    proposer: &Proposer,
    count: usize,
) -> Proposing {
    let mut measured: Vec<(Vec<String>, f64)> = state
        .answered()
        .map(|(_, asked, value)| (asked.levels.clone(), value))
        .collect();
    measured.sort_by(|a, b| match campaign.aim {
        Aim::Minimise => a.1.total_cmp(&b.1),
        _ => b.1.total_cmp(&a.1),
    });
    measured.truncate(MEASURED_MAX);
    let about = campaign.about.clone().into_iter();
    let words: Vec<String> = about.chain(proposer.about.clone()).collect();
    let unit = &campaign.response.unit;
    Proposing {
        question: words.join(". "),
        aim: campaign.aim,
        response: if unit.is_empty() {
            campaign.response.name.to_string()
        } else {
            format!("{} in {unit}", campaign.response.name)
        },
        space: campaign.space.clone(),
        rivals: campaign
            .rivals
            .iter()
            .flat_map(|rivals| &rivals.hypotheses)
            .map(|own| own.name.clone())
            .collect(),
        claims: (1u64..).zip(proposer.claims.iter().cloned()).collect(),
        texts: proposer.texts.clone(),
        measured,
        record: record_in_words(state, &proposer.model),
        points: bound(campaign, proposer, count),
    }
}

fn record_in_words(state: &State, model: &str) -> String {
    let Some(standing) = state.track.models.get(model) else {
        return String::new();
    };
    let score = standing.all;
    let (Some(brier), Some(log)) = (score.brier(), score.log()) else {
        return String::new();
    };
    format!(
        "{} of {} settled proposals came true; Brier score {brier:.3}, log score {log:.3} nats",
        score.came_true, score.settled
    )
}

/// A point of a proposer that joins a plate.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Seat {
    pub point: Point,
    /// The model, and the proposal's place in its answer.
    pub by: (String, u32),
}

/// The points that join a plate of `count` new ones: of each proposer the best by worth, as many as its record allows.
pub(crate) fn seats(campaign: &Campaign, state: &State, count: usize) -> Vec<Seat> {
    let mut found: Vec<Seat> = Vec::new();
    for proposer in &campaign.proposers {
        let Some(record) = state
            .proposed
            .iter()
            .find(|record| of(record, proposer, state.batches))
        else {
            continue;
        };
        let mut points: Vec<(f64, Seat)> = Vec::new();
        for (place, kept) in (0u32..).zip(&record.taken) {
            let KeptWhat::Point { levels } = &kept.what else {
                continue;
            };
            let texts: Vec<&str> = levels.iter().map(String::as_str).collect();
            let Ok(point) = campaign.space.parse(&texts) else {
                continue;
            };
            let mut others = points.iter().map(|(_, seat)| seat).chain(&found);
            let known = state.points.iter().any(|asked| asked.point == point);
            if known || others.any(|seat| seat.point == point) {
                continue;
            }
            // What the record says now, not when it was asked: plates may have come back since.
            let worth = state.track.weigh(&record.model, "point", kept.confidence);
            let by = (record.model.clone(), place);
            points.push((worth, Seat { point, by }));
        }
        let worths: Vec<f64> = points.iter().map(|(worth, _)| *worth).collect();
        let most = track::seats(&worths, bound(campaign, proposer, count));
        // Stable: of equal worth, the first one said.
        points.sort_by(|a, b| b.0.total_cmp(&a.0));
        found.extend(points.into_iter().take(most).map(|(_, seat)| seat));
    }
    found
}

/// Responses of a plate's points that the campaign chose itself.
fn own_choice(state: &State, told: &[crate::record::ToldPoint]) -> Vec<f64> {
    told.iter()
        .filter_map(|point| {
            let asked = state.points.get(point.id as usize)?;
            let own = asked.proposal.is_none() && &*asked.why != CONFIRM;
            point.value.filter(|_| own)
        })
        .collect()
}
