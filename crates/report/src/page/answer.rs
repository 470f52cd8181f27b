//! The answer, how sure it is, and on which wells it rests.

use super::table::{Cell, chip, headed, pairs, table};
use crate::chart::intervals;
use crate::limits::CANDIDATES_MAX;
use crate::markup::Markup;
use crate::number::{count, interval, level, named, number, uncertain, with_unit};
use crate::{Campaign, Candidate, Evidence, Goal, Plate, score};
use quantity::PlateId;
use std::collections::BTreeSet;

pub(super) fn write(m: &mut Markup, campaign: &Campaign) {
    m.within("div", &[("class", &"card answer")], |m| {
        match campaign.answer.candidates.first() {
            Some(best) if campaign.goal != Goal::Map => found(m, campaign, best),
            _ => mapped(m, campaign),
        }
    });
    if campaign.goal != Goal::Map && campaign.answer.candidates.len() > 1 {
        candidates(m, campaign);
    }
}

fn found(m: &mut Markup, campaign: &Campaign, best: &Candidate) {
    let superlative = match campaign.goal {
        Goal::Minimise => "smallest",
        _ => "largest",
    };
    m.within("div", &[], |m| {
        let kicker = format!("The {superlative} {} found", campaign.response);
        m.element("p", &[("class", &"kicker")], kicker);
        m.within("p", &[("class", &"big")], |m| {
            m.text(&uncertain(best.estimate, best.sd));
            if !campaign.unit.is_empty() {
                m.text(&" ");
                m.element("small", &[], &campaign.unit);
            }
        });
        let ends = with_unit(interval(best.interval), &campaign.unit);
        m.element(
            "p",
            &[("class", &"sub")],
            format!("95\u{202f}% interval {ends}"),
        );
        m.element("h3", &[], "at");
        let rows: Vec<(String, String)> = campaign
            .factors
            .iter()
            .zip(&best.levels)
            .map(|(factor, setting)| (factor.name.clone(), level(setting, Some(factor))))
            .collect();
        pairs(m, &rows);
    });
    m.within("div", &[], |m| {
        m.element("p", &[("class", &"kicker")], "How sure is that");
        for sentence in sureness(campaign, best) {
            m.element("p", &[], sentence);
        }
        m.element("p", &[("class", &"kicker")], "Its wells");
        wells(m, campaign, best);
    });
}

/// How the answer was verified and what casts doubt on it, in words.
fn sureness(campaign: &Campaign, best: &Candidate) -> Vec<String> {
    let mut said = Vec::new();
    let unit = |text: String| with_unit(text, &campaign.unit);
    let confirming = best.wells.iter().filter(|well| well.confirms).count();
    let measured = campaign
        .experiments
        .iter()
        .filter(|e| e.measured.is_some())
        .count();
    match best.confirmed {
        Some(confirmed) => {
            let mut text = format!(
                "Confirmed: after {} it was put into {}, and their mean is {}.",
                count(measured, "experiment", "experiments"),
                count(confirming, "fresh well", "fresh wells"),
                unit(number(confirmed))
            );
            if let Some(before) = best.before {
                text.push_str(&format!(
                    " Its earlier wells had given {}; what is chosen for being the best tends to look better than it is, so only the fresh wells count. Candidates that differ by no more than their wells scatter are drawn together.",
                    unit(number(before))
                ));
            }
            said.push(text);
        }
        None => said.push(format!(
            "Not confirmed on fresh wells: it was chosen for being the best of {}, so it is likely to be somewhat worse than it looks.",
            count(measured, "experiment", "experiments")
        )),
    }
    if let Some(model) = best.model {
        let half = score::Z90 * model.sd;
        let ends = interval((model.mean - half, model.mean + half));
        said.push(format!(
            "Before that, the model expected {} (90\u{202f}% interval {ends}).",
            unit(number(model.mean))
        ));
    }
    let near = rivals(campaign, best);
    if near > 0 {
        said.push(format!(
            "{} with an interval that reaches into this one: the wells do not tell them apart.",
            match near {
                1 => "There is 1 other candidate".to_owned(),
                many => format!("There are {many} other candidates"),
            }
        ));
    }
    said.extend(common(campaign));
    said
}

fn rivals(campaign: &Campaign, best: &Candidate) -> usize {
    let others = campaign.answer.candidates.iter().skip(1);
    let reaches = |other: &&Candidate| {
        other.interval.1 >= best.interval.0 && other.interval.0 <= best.interval.1
    };
    others.filter(reaches).count()
}

/// What is said of every answer.
fn common(campaign: &Campaign) -> Vec<String> {
    let mut said = Vec::new();
    let answer = &campaign.answer;
    if answer.unanswered > 0 {
        said.push(format!(
            "{} asked for and never got a value.",
            match answer.unanswered {
                1 => "1 experiment was".to_owned(),
                many => format!("{many} experiments were"),
            }
        ));
    }
    said.extend(
        answer
            .early
            .iter()
            .map(|why| format!("The campaign ended before its budget was spent: {why}")),
    );
    said.extend(answer.notes.iter().cloned());
    said.push("What nature would answer beyond these wells is not known to this report.".into());
    said
}

fn wells(m: &mut Markup, campaign: &Campaign, best: &Candidate) {
    let plates: BTreeSet<PlateId> = best.wells.iter().map(|well| well.plate).collect();
    let text = format!(
        "{} on {}.",
        count(best.wells.len(), "well", "wells"),
        count(plates.len(), "plate", "plates")
    );
    let rows: Vec<Vec<Cell>> = best
        .wells
        .iter()
        .map(|well| {
            vec![
                Cell::Short(well.plate.to_string()),
                Cell::Short(Plate::well_name(well.row, well.column)),
                Cell::Number(number(well.value)),
                Cell::Text(
                    if well.confirms {
                        "to confirm it"
                    } else {
                        "to find it"
                    }
                    .into(),
                ),
            ]
        })
        .collect();
    let head = named(&campaign.response, &campaign.unit);
    if rows.len() <= 4 {
        m.element("p", &[], text);
        table(m, &["plate", "well", &head, "asked"], &rows);
    } else {
        m.within("details", &[], |m| {
            m.element("summary", &[], text);
            table(m, &["plate", "well", &head, "asked"], &rows);
        });
    }
}

fn mapped(m: &mut Markup, campaign: &Campaign) {
    m.within("div", &[], |m| {
        if let Some(found) = &campaign.answer.rivals {
            return super::rivals::verdict(m, found);
        }
        let measured = campaign
            .experiments
            .iter()
            .filter(|e| e.measured.is_some())
            .count();
        let (kicker, big) = if measured == 0 {
            ("The answer", "no answer".to_owned())
        } else if campaign.answer.causes.is_some() {
            ("A graph from", count(measured, "experiment", "experiments"))
        } else if campaign.goal == Goal::Map {
            ("A map from", count(measured, "experiment", "experiments"))
        } else {
            ("The answer", "no candidate".to_owned())
        };
        m.element("p", &[("class", &"kicker")], kicker);
        m.element("p", &[("class", &"big")], big);
    });
    m.within("div", &[], |m| {
        m.element("p", &[("class", &"kicker")], "How sure is that");
        for sentence in common(campaign) {
            m.element("p", &[], sentence);
        }
    });
}

fn candidates(m: &mut Markup, campaign: &Campaign) {
    let shown = &campaign.answer.candidates;
    let shown = &shown[..shown.len().min(CANDIDATES_MAX)];
    let range = intervals::range(shown);
    m.element("h3", &[], "The best candidates");
    m.open("div", &[("class", &"card scroll")]);
    m.within("table", &[("class", &"stack")], |m| {
        m.within("thead", &[], |m| {
            m.within("tr", &[], |m| {
                m.element("th", &[("class", &"n"), ("scope", &"col")], "rank");
                for factor in &campaign.factors {
                    m.element(
                        "th",
                        &[("scope", &"col")],
                        named(&factor.name, &factor.unit),
                    );
                }
                let head = named(&campaign.response, &campaign.unit);
                m.element("th", &[("class", &"n"), ("scope", &"col")], head);
                for head in ["95\u{202f}% interval", "", "wells", ""] {
                    m.element("th", &[("scope", &"col")], head);
                }
            });
        });
        m.within("tbody", &[], |m| {
            for (index, candidate) in shown.iter().enumerate() {
                m.within("tr", &[], |m| {
                    m.element("td", &headed(&"n", &"rank"), index + 1);
                    for (factor, setting) in campaign.factors.iter().zip(&candidate.levels) {
                        let head = named(&factor.name, &factor.unit);
                        m.element("td", &headed(&"", &head.as_str()), level(setting, None));
                    }
                    let value = uncertain(candidate.estimate, candidate.sd);
                    let head = named(&campaign.response, &campaign.unit);
                    m.element("td", &headed(&"n", &head.as_str()), value);
                    let range_head = "95\u{202f}% interval";
                    let shown = interval(candidate.interval);
                    m.element("td", &headed(&"t", &range_head), shown);
                    m.within("td", &[], |m| intervals::draw(m, candidate, &range));
                    // The estimate of a confirmed one rests on the wells of the confirmation.
                    let counts = |well: &&Evidence| candidate.confirmed.is_none() || well.confirms;
                    let wells = candidate.wells.iter().filter(counts).count();
                    m.element("td", &headed(&"n", &"wells"), wells);
                    m.within("td", &[], |m| match candidate.confirmed {
                        Some(_) => chip(m, "good", "confirmed"),
                        None => chip(m, "mute", "not confirmed"),
                    });
                });
            }
        });
    });
    m.close("div");
}
