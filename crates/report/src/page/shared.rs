//! The page of a hall in which campaigns ran side by side.

use super::table::{Cell, table};
use super::{document, of_the_hall, promises, section};
use crate::markup::Markup;
use crate::number::{count, moment, percent, span};
use crate::{Member, Shared};

/// The page of a shared hall as one HTML document.
#[must_use]
pub fn shared_html(shared: &Shared) -> String {
    let run = &shared.run;
    let links = [
        ("campaigns", "Campaigns"),
        ("operations", "Operations"),
        ("faults", "Faults"),
        ("losses", "Lost"),
        ("tasks", "Persons"),
        ("provenance", "Provenance"),
    ];
    let links = links.map(|(id, title)| (format!("#{id}"), title.to_owned()));
    document(run, &links, |m| {
        tiles(m, shared);
        section(m, "campaigns", "Campaigns side by side", |m| {
            campaigns(m, shared)
        });
        of_the_hall(m, run);
    })
}

fn tiles(m: &mut Markup, shared: &Shared) {
    let (run, members) = (&shared.run, &shared.members);
    m.open("div", &[("class", &"tiles")]);
    let mut tile = |value: String, text: &str| {
        m.within("div", &[("class", &"tile")], |m| {
            m.element("b", &[], value);
            m.element("span", &[], text);
        });
    };
    tile(members.len().to_string(), "campaigns");
    let plates: u32 = members.iter().map(|one| one.plates).sum();
    tile(plates.to_string(), "plates passed quality control");
    tile(span(run.ended.since(run.began)), "in the hall");
    let (kept, late) = members.iter().fold((0, 0), |(kept, late), one| {
        (kept + one.promises.kept, late + one.promises.late)
    });
    tile(
        format!("{kept} of {}", kept + late),
        "plates finished when first promised",
    );
    tile(run.faults.len().to_string(), "faults");
    m.close("div");
}

fn campaigns(m: &mut Markup, shared: &Shared) {
    m.open("div", &[("class", &"card")]);
    let rows: Vec<Vec<Cell>> = shared.members.iter().map(row).collect();
    let heads = [
        "campaign",
        "asks",
        "",
        "plates",
        "of",
        "share by weight",
        "share had",
        "first promises kept",
    ];
    table(m, &heads, &rows);
    if let Some(kind) = &shared.bottleneck {
        let text = format!(
            "Shares are of the time of the busiest instruments, {} ({}), which were in use for {} of the time until {}, \
             when the first campaign had no plate in the hall any more. A share that one leaves unused, for it waits for its \
             own results, the others have.",
            kind.kind,
            count(kind.instruments, "instrument", "instruments"),
            percent(kind.used),
            moment(shared.until)
        );
        m.element("p", &[("class", &"sub")], text);
    }
    m.close("div");
    for member in &shared.members {
        let promised = &member.promises;
        if promised.late > 0 || promised.deadline.is_some() || !promised.refused.is_empty() {
            m.element("h3", &[], &member.name);
            promises::write(m, promised);
        }
    }
}

fn row(member: &Member) -> Vec<Cell> {
    let Member { promises, .. } = member;
    let class = match member.state.as_str() {
        "answered" => "good",
        _ => "bad",
    };
    vec![
        Cell::Link(member.page.clone(), member.name.clone()),
        Cell::Text(member.question.clone()),
        Cell::Chip(class, member.state.clone()),
        Cell::Number(member.plates.to_string()),
        Cell::Number(member.budget.to_string()),
        Cell::Number(percent(member.due)),
        Cell::Number(percent(member.had)),
        Cell::Number(format!(
            "{} of {}",
            promises.kept,
            promises.kept + promises.late
        )),
    ]
}
