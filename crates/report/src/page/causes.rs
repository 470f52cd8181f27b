//! Who drives whom: the graph, how sure each link is, and what each intervention settled.

use super::table::{Cell, table};
use crate::Causes;
use crate::markup::Markup;
use crate::number::{count, interval, number};
use std::fmt::Write;

pub(super) fn write(m: &mut Markup, found: &Causes) {
    m.element(
        "p",
        &[],
        format!(
            "From {}{}. An arrow means: acting on the one moves the other, by no other measured way. A dashed arc means: something that was not measured moves both. Each link, and the absence of each other one, has probability {} or more{}; settled is what has {}.",
            count(found.wells as usize, "well", "wells"),
            match found.disturbed {
                0 => String::new(),
                left => format!(
                    "; {} left out, which no likely graph accounts for",
                    count(left as usize, "more was", "more were")
                ),
            },
            number(found.certainty),
            found.together.map_or_else(String::new, |all| format!(", and all of it together {}", number(all))),
            number(found.wanted)
        ),
    );
    m.within("div", &[("class", &"card scroll")], |m| {
        let source = data_uri(&found.graph.svg());
        let alternative = words(found);
        m.open(
            "img",
            &[
                ("src", &source),
                ("alt", &alternative),
                ("style", &"max-width:max(100%, 380px);height:auto"),
            ],
        );
    });
    m.element("h3", &[], "Links");
    let mut rows: Vec<Vec<Cell>> = found
        .arrows
        .iter()
        .map(|arrow| {
            let (effect, ends) = arrow.effect.map_or_else(
                || (String::new(), String::new()),
                |(effect, ends)| (number(effect), interval(ends)),
            );
            vec![
                Cell::Short(format!("{} \u{2192} {}", arrow.from, arrow.to)),
                Cell::Number(format!("{:.3}", arrow.probability)),
                Cell::Number(effect),
                Cell::Short(ends),
                Cell::Text(if arrow.open { "direction open" } else { "" }.into()),
            ]
        })
        .collect();
    rows.extend(found.hidden.iter().map(|(a, b, probability)| {
        vec![
            Cell::Short(format!("{a} \u{2194} {b}")),
            Cell::Number(format!("{probability:.3}")),
            Cell::Number(String::new()),
            Cell::Short(String::new()),
            Cell::Text("a hidden common cause".into()),
        ]
    }));
    let heads = [
        "link",
        "probability",
        "direct effect",
        "95\u{202f}% interval",
        "",
    ];
    table(m, &heads, &rows);
    m.element("h3", &[], "What each plate settled");
    let rows: Vec<Vec<Cell>> = found
        .plates
        .iter()
        .map(|plate| {
            let arms: Vec<String> = plate
                .arms
                .iter()
                .map(|(arm, wells)| format!("{arm} \u{d7} {wells}"))
                .collect();
            let mut settled = plate.settled.clone();
            if plate.ruled_out > 0 {
                let pairs = count(plate.ruled_out as usize, "pair", "pairs");
                settled.push(format!("no arrow in {pairs}"));
            }
            vec![
                Cell::Short(plate.plate.to_string()),
                Cell::Text(arms.join(", ")),
                Cell::Text(settled.join("; ")),
                Cell::Number(format!("{:.3}", plate.certainty)),
            ]
        })
        .collect();
    let heads = ["plate", "done, in wells", "settled", "least certain link"];
    table(m, &heads, &rows);
    m.element("h3", &[], "What each intervention settled of the graph");
    let rows: Vec<Vec<Cell>> = found
        .by_intervention
        .iter()
        .map(|(intervention, arrows)| {
            let arrows = if arrows.is_empty() {
                "no direction that was still open".to_owned()
            } else {
                arrows.join(", ")
            };
            vec![Cell::Short(intervention.clone()), Cell::Text(arrows)]
        })
        .collect();
    table(m, &["intervention", "directions"], &rows);
    m.within("details", &[], |m| {
        m.element("summary", &[], "What interventions did, without any graph");
        let rows: Vec<Vec<Cell>> = found
            .changes
            .iter()
            .map(|change| {
                vec![
                    Cell::Short(change.intervention.clone()),
                    Cell::Short(change.variable.clone()),
                    Cell::Number(number(change.difference)),
                    Cell::Short(interval(change.interval)),
                ]
            })
            .collect();
        let heads = ["intervention", "variable", "change", "95\u{202f}% interval"];
        table(m, &heads, &rows);
    });
}

/// The graph in words, for those who can't see it.
fn words(found: &Causes) -> String {
    let arrows = found.graph.arrows.iter().filter_map(|arrow| {
        let (from, to) = (
            found.graph.names.get(arrow.from)?,
            found.graph.names.get(arrow.to)?,
        );
        Some(format!("{from} drives {to}"))
    });
    arrows.collect::<Vec<_>>().join(", ")
}

/// A picture as the address of an image, so that its style stays its own.
fn data_uri(svg: &str) -> String {
    let mut uri = String::from("data:image/svg+xml;charset=utf-8,");
    for byte in svg.bytes() {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' => {
                uri.push(char::from(byte));
            }
            _ => {
                let _ = write!(uri, "%{byte:02X}");
            }
        }
    }
    uri
}
