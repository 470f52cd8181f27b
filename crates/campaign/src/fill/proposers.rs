//! Language models, for the report.

use crate::Campaign;
use crate::record::{Kept, KeptSource, KeptWhat, Proposed};
use crate::state::State;
use report::ProposalFate;

/// What the report shows of language models; nothing where none was asked.
pub(super) fn report(campaign: &Campaign, state: &State) -> Vec<report::Proposer> {
    campaign
        .proposers
        .iter()
        .map(|proposer| {
            let own = || {
                let all = state.proposed.iter();
                all.filter(|record| *record.model == *proposer.model)
            };
            let standing = state.track.models.get(&*proposer.model);
            let score = standing.map(|standing| standing.all).unwrap_or_default();
            let each =
                own().flat_map(|record| (0u32..).zip(&record.taken).map(move |k| (record, k)));
            report::Proposer {
                model: proposer.model.to_string(),
                asked: own().count() as u32,
                unanswered: own().filter_map(|record| record.failed.clone()).collect(),
                settled: (score.settled, score.came_true),
                brier: score.brier(),
                log: score.log(),
                proposals: each
                    .map(|(record, (place, kept))| proposal(campaign, state, record, place, kept))
                    .collect(),
                rejected: own().flat_map(|record| record.rejected.clone()).collect(),
            }
        })
        .collect()
}

fn proposal(
    campaign: &Campaign,
    state: &State,
    record: &Proposed,
    place: u32,
    kept: &Kept,
) -> report::Proposal {
    let settled = state.settled.iter().find(|one| {
        one.model == record.model && one.batch == record.batch && one.proposal == place
    });
    let seated = state.points.iter().any(|asked| {
        let by = asked.proposal.as_ref();
        asked.batch == record.batch && by.is_some_and(|by| by.0 == record.model && by.1 == place)
    });
    let fate = match (settled, &kept.what) {
        (Some(one), _) if one.came_true => ProposalFate::True,
        (Some(_), _) => ProposalFate::False,
        (None, KeptWhat::Point { .. }) if !seated => ProposalFate::NotMeasured,
        _ => ProposalFate::Open,
    };
    let words = match &kept.what {
        KeptWhat::Point { levels } => {
            let factors = campaign.space.factors.iter().zip(levels);
            let each: Vec<String> = factors
                .map(
                    |(factor, level)| match (factor.range(), level.parse::<f64>()) {
                        (Some(_), Ok(value)) => format!("{} {value:.4}", factor.name),
                        _ => format!("{} {level}", factor.name),
                    },
                )
                .collect();
            each.join(", ")
        }
        other => other.words(),
    };
    report::Proposal {
        kind: kept.what.kind().to_owned(),
        words,
        confidence: kept.confidence,
        worth: kept.worth,
        sources: kept
            .sources
            .iter()
            .map(|source| match source {
                KeptSource::Claim { claim } => format!("claim {claim}"),
                KeptSource::Quote { text, quote } => format!("“{quote}” ({text})"),
            })
            .collect(),
        fate,
        why: settled.map_or(String::new(), |one| one.why.clone()),
    }
}
