//! Tables of a page.

use crate::limits::TABLE_ROWS_MAX;
use crate::markup::{Attribute, Markup};
use crate::number::count;

/// Most columns that a narrow screen shows side by side.
const COLUMNS_NARROW: usize = 3;

/// What stands in a cell.
pub(crate) enum Cell {
    /// Words.
    Text(String),
    /// Words that stay on one line.
    Short(String),
    /// A number, to the right.
    Number(String),
    /// A state with its colour.
    Chip(&'static str, String),
    /// Another page, and what it is called.
    Link(String, String),
}

/// A table with a head. Beyond the limit it says how many rows more there are.
pub(crate) fn table(m: &mut Markup, heads: &[&str], rows: &[Vec<Cell>]) {
    m.open("div", &[("class", &"scroll")]);
    // On a narrow screen a row of many columns becomes a list of its cells, each with its head.
    let stack = heads.len() > COLUMNS_NARROW;
    let class = if stack { "stack" } else { "" };
    m.within("table", &[("class", &class)], |m| {
        m.within("thead", &[], |m| {
            m.within("tr", &[], |m| {
                for (index, head) in heads.iter().enumerate() {
                    let right = rows
                        .first()
                        .and_then(|row| row.get(index))
                        .is_some_and(|cell| matches!(cell, Cell::Number(_)));
                    let class = if right { "n" } else { "" };
                    m.element("th", &[("scope", &"col"), ("class", &class)], head);
                }
            });
        });
        m.within("tbody", &[], |m| {
            for row in rows.iter().take(TABLE_ROWS_MAX) {
                m.within("tr", &[], |m| {
                    for (at, one) in row.iter().enumerate() {
                        let head = heads.get(at).copied().filter(|_| stack);
                        cell(m, one, head.unwrap_or_default());
                    }
                });
            }
        });
    });
    m.close("div");
    if let Some(more) = rows
        .len()
        .checked_sub(TABLE_ROWS_MAX)
        .filter(|more| *more > 0)
    {
        let text = format!("and {} more, in the journal", count(more, "row", "rows"));
        m.element("p", &[("class", &"sub")], text);
    }
}

fn cell(m: &mut Markup, cell: &Cell, head: &str) {
    match cell {
        Cell::Text(text) => m.element("td", &headed(&"", &head), text),
        Cell::Short(text) => m.element("td", &headed(&"t", &head), text),
        Cell::Number(text) => m.element("td", &headed(&"n", &head), text),
        Cell::Link(to, text) => m.within("td", &headed(&"t", &head), |m| {
            m.element("a", &[("href", to)], text);
        }),
        Cell::Chip(class, text) => m.within("td", &headed(&"t", &head), |m| chip(m, class, text)),
    }
}

/// Attributes of a cell of a class, under a head; nothing of either where it is empty.
pub(crate) fn headed<'a>(class: &'a &'static str, head: &'a &str) -> Vec<Attribute<'a>> {
    let mut all: Vec<Attribute<'a>> = Vec::new();
    if !class.is_empty() {
        all.push(("class", class));
    }
    if !head.is_empty() {
        all.push(("data-head", head));
    }
    all
}

/// A state with its colour.
pub(crate) fn chip(m: &mut Markup, class: &str, text: &str) {
    let class = format!("chip {class}");
    m.element("span", &[("class", &class)], text);
}

/// A table of names and values.
pub(crate) fn pairs(m: &mut Markup, rows: &[(String, String)]) {
    m.within("table", &[("class", &"plain")], |m| {
        m.within("tbody", &[], |m| {
            for (name, value) in rows {
                m.within("tr", &[], |m| {
                    m.element("th", &[("scope", &"row")], name);
                    m.element("td", &[], value);
                });
            }
        });
    });
}

/// A chart with its caption, what its marks mean, and the same data as a table.
pub(crate) fn figure(
    m: &mut Markup,
    (title, note): (&str, &str),
    keys: &[(&'static str, &str)],
    chart: impl FnOnce(&mut Markup),
    data: Option<(&[&str], Vec<Vec<Cell>>)>,
) {
    m.within("figure", &[], |m| {
        m.within("figcaption", &[], |m| {
            m.element("b", &[], title);
            m.within("span", &[], |m| {
                m.text(&note);
                for (class, text) in keys {
                    m.text(&" ");
                    m.within(
                        "span",
                        &[("style", &"display:inline-block;margin-right:12px")],
                        |m| {
                            let class = format!("key {class}");
                            m.element("i", &[("class", &class)], "");
                            m.text(text);
                        },
                    );
                }
            });
        });
        m.within("div", &[("class", &"scroll")], chart);
        if let Some((heads, rows)) = data {
            m.within("details", &[], |m| {
                m.element("summary", &[], "the same as a table");
                table(m, heads, &rows);
            });
        }
    });
}
