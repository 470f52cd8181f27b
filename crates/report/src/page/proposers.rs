//! Language models: what they proposed, and what wells made of it.

use super::table::{Cell, table};
use crate::markup::Markup;
use crate::number::{chance, count, number};
use crate::{ProposalFate, Proposer};

/// Longest text of a rejected proposal that is shown, in characters.
const SAID_MAX: usize = 300;

pub(super) fn write(m: &mut Markup, proposers: &[Proposer]) {
    let note = "A language model is an index of what was written, and no judge. A proposed point comes true if its response is better than three in four of the points that the campaign chose itself for the same plate. The Brier score is 0 for who always knows, and 0.25 for a coin; the log score is 0 at best.";
    m.element("p", &[], note);
    let rows: Vec<Vec<Cell>> = proposers
        .iter()
        .map(|own| {
            let score = |value: Option<f64>| value.map_or("–".into(), number);
            vec![
                Cell::Text(own.model.clone()),
                Cell::Number(own.asked.to_string()),
                Cell::Number(own.proposals.len().to_string()),
                Cell::Number(own.rejected.len().to_string()),
                Cell::Number(format!("{} of {}", own.settled.1, own.settled.0)),
                Cell::Number(score(own.brier)),
                Cell::Number(score(own.log)),
            ]
        })
        .collect();
    let heads = [
        "model",
        "asked",
        "proposals taken",
        "rejected",
        "came true, of settled",
        "Brier score",
        "log score, nats",
    ];
    table(m, &heads, &rows);
    for own in proposers {
        one(m, own);
    }
}

fn one(m: &mut Markup, own: &Proposer) {
    if let Some(why) = own.unanswered.last() {
        let times = count(own.unanswered.len(), "time", "times");
        let text = format!("{} did not answer {times}: {why}.", own.model);
        m.element("p", &[("class", &"sub")], text);
    }
    if !own.proposals.is_empty() {
        m.element("h3", &[], format!("What {} proposed", own.model));
        let rows: Vec<Vec<Cell>> = own
            .proposals
            .iter()
            .map(|proposal| {
                let (class, fate) = match proposal.fate {
                    ProposalFate::True => ("good", "came true"),
                    ProposalFate::False => ("bad", "did not"),
                    ProposalFate::Open => ("", "open"),
                    ProposalFate::NotMeasured => ("", "no seat"),
                };
                vec![
                    Cell::Short(proposal.kind.clone()),
                    Cell::Text(proposal.words.clone()),
                    Cell::Number(chance(proposal.confidence)),
                    Cell::Number(chance(proposal.worth)),
                    Cell::Chip(class, fate.into()),
                    Cell::Text(proposal.why.clone()),
                    Cell::Text(proposal.sources.join("; ")),
                ]
            })
            .collect();
        let heads = [
            "kind",
            "proposal",
            "its confidence",
            "worth",
            "",
            "wells",
            "sources",
        ];
        table(m, &heads, &rows);
    }
    if !own.rejected.is_empty() {
        m.element("h3", &[], format!("What was not taken from {}", own.model));
        let rows: Vec<Vec<Cell>> = own
            .rejected
            .iter()
            .map(|(said, why)| {
                let mut shown: String = said.chars().take(SAID_MAX).collect();
                if shown.len() < said.len() {
                    shown.push('…');
                }
                vec![Cell::Text(why.clone()), Cell::Text(shown)]
            })
            .collect();
        table(m, &["why", "what it said"], &rows);
    }
}
