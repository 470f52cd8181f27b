//! Rival hypotheses: how probable each became, and what each says of the wells.

use super::table::{Cell, chip, figure, table};
use crate::Campaign;
use crate::chart::rivals as picture;
use crate::markup::Markup;
use crate::number::{chance, uncertain};
use crate::{Rival, RivalVerdict, Rivals};

pub(super) fn write(m: &mut Markup, campaign: &Campaign, found: &Rivals) {
    m.open("div", &[("class", &"card")]);
    m.open("div", &[("class", &"pair")]);
    let names = || {
        let own = found.each.iter().map(|rival| rival.name.as_str());
        own.chain(["none of these"]).map(str::to_owned)
    };
    let keys: Vec<(&'static str, String)> = names()
        .enumerate()
        .map(|(at, name)| (picture::colour(at, found.each.len()), name))
        .collect();
    let keys: Vec<(&'static str, &str)> = keys.iter().map(|(c, n)| (*c, n.as_str())).collect();
    let note =
        "After each plate; at 0 before any well. The dashed line is where one is taken for true.";
    m.within("div", &[("class", &"column")], |m| {
        figure(
            m,
            ("How probable each is", note),
            &keys,
            |m| picture::probabilities(m, found),
            None,
        );
    });
    if found.each.iter().any(|rival| !rival.curve.is_empty()) {
        let note = "Each dot is an experiment. A line is what a hypothesis expects with the parameters that fit it best; the band holds 95\u{202f}% of what the most probable one expects.";
        m.within("div", &[("class", &"column")], |m| {
            figure(
                m,
                ("What each says of the wells", note),
                &[],
                |m| picture::curves(m, campaign, found),
                None,
            );
        });
    }
    m.close("div");
    m.close("div");
    m.open("div", &[("class", &"scroll")]);
    let whole: f64 = found.each.iter().map(|rival| rival.prior).sum();
    let mut rows: Vec<Vec<Cell>> = found
        .each
        .iter()
        .map(|rival| {
            vec![
                Cell::Text(rival.name.clone()),
                Cell::Number(chance(rival.prior / whole)),
                Cell::Number(
                    rival
                        .probabilities
                        .last()
                        .copied()
                        .map_or("–".into(), chance),
                ),
                Cell::Text(parameters(rival)),
                Cell::Text(says(rival)),
            ]
        })
        .collect();
    // Some smooth response, whichever, stands for all that no law says.
    let graphs = found.each.iter().any(|rival| rival.kind == "graph");
    if found.each.iter().all(|rival| rival.kind != "surrogate") {
        rows.push(vec![
            Cell::Text("none of these".into()),
            Cell::Number(String::new()),
            Cell::Number(found.none.last().copied().map_or("–".into(), chance)),
            Cell::Text(String::new()),
            Cell::Text(
                if graphs {
                    "a graph is right that is one arrow or hidden cause away from the best of them"
                } else {
                    "nature lies a fortieth of what responses span away from each of them, somewhere"
                }
                .into(),
            ),
        ]);
    }
    let heads = [
        "hypothesis",
        "probability before",
        "now",
        "parameters",
        "what it says",
    ];
    table(m, &heads, &rows);
    m.close("div");
}

/// A formula speaks for itself.
fn says(rival: &Rival) -> String {
    match rival.kind.as_str() {
        "formula" | "" => rival.says.clone(),
        kind => format!("{kind}: {}", rival.says),
    }
}

fn parameters(rival: &Rival) -> String {
    let each = rival.parameters.iter();
    let each = each.map(|(name, mean, sd)| format!("{name} {}", uncertain(*mean, *sd)));
    each.collect::<Vec<_>>().join(", ")
}

/// The left side of the answer: which of them holds.
pub(super) fn verdict(m: &mut Markup, found: &Rivals) {
    let (kicker, big) = match found.verdict {
        RivalVerdict::Holds(at) => (
            "The hypothesis that holds",
            found.each.get(at).map_or("–", |rival| rival.name.as_str()),
        ),
        RivalVerdict::NoneFits => ("Of these hypotheses", "none fits"),
        RivalVerdict::Open => ("Between the hypotheses", "nothing is settled"),
    };
    m.element("p", &[("class", &"kicker")], kicker);
    m.element("p", &[("class", &"big")], big);
    if let RivalVerdict::Holds(at) = found.verdict
        && let Some(rival) = found.each.get(at)
    {
        let share = rival.probabilities.last().copied().unwrap_or(0.0);
        let text = format!(
            "with probability {}; {} was asked for",
            chance(share),
            found.wanted
        );
        m.element("p", &[("class", &"sub")], text);
        if !rival.parameters.is_empty() {
            m.element("h3", &[], "with");
            let rows: Vec<(String, String)> = rival
                .parameters
                .iter()
                .map(|(name, mean, sd)| (name.clone(), uncertain(*mean, *sd)))
                .collect();
            super::table::pairs(m, &rows);
        }
    }
    if found.verdict == RivalVerdict::NoneFits {
        chip(m, "bad", "another hypothesis is needed");
    }
}
