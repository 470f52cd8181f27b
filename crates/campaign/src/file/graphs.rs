//! `[[hypothesis]]` with `graph = […]`: causal graphs that compete. What is related and acted on stands in `[cause]`.

use super::causes;
use crate::assay::Causes;
use design::Space;
use reason::causes::GraphRival;
use reason::rivals::RIVALS_MAX;
use source::{At, Problem, Table};
use std::sync::Arc;

/// The probability at which a graph is taken for true when a file says nothing.
const CERTAINTY: f64 = 0.99;
/// Most wells of a plate.
const WELLS_MAX: i64 = 1536;

/// Whether hypotheses are graphs.
pub(super) fn are_asked(tables: &[Table]) -> bool {
    tables.iter().any(|table| table.has("graph"))
}

/// Reads graphs that compete.
pub(super) fn read(
    root: &Table,
    tables: Vec<Table>,
    space: &Space,
) -> Option<(Causes, Vec<At<Arc<str>>>)> {
    let found = causes::read(root, space, true);
    let count = tables.len();
    if !(2..=RIVALS_MAX).contains(&count) {
        root.push(
            root.problem(format!("{count} hypotheses, and a question between them"))
                .expected(format!(
                    "2 to {RIVALS_MAX} of [[hypothesis]], each with a name and graph = [\"a -> b\", …]"
                )),
        );
    }
    let names: Vec<&str> = match &found {
        Some((causes, _)) => causes.variables.iter().map(|name| &**name).collect(),
        None => Vec::new(),
    };
    let rivals: Vec<Option<GraphRival>> = tables
        .into_iter()
        .map(|table| rival(table, &names))
        .collect();
    let (mut certainty, mut wells) = (Some(CERTAINTY), None);
    if let Some(table) = root.table("discriminate") {
        if let Some(item) = table.item("certainty") {
            certainty = item.number_in(0.5..=0.999_999);
        }
        wells = table
            .item("points")
            .and_then(|item| item.integer_in(1..=WELLS_MAX));
        table.finish();
    }
    let (mut causes, channels) = found?;
    causes.rivals = rivals.into_iter().collect::<Option<Vec<_>>>()?;
    (2..=RIVALS_MAX)
        .contains(&causes.rivals.len())
        .then_some(())?;
    causes.options.certainty = certainty?;
    causes.wells = wells.map(|wells| wells as u32).or(causes.wells);
    Some((causes, channels))
}

fn rival(table: Table, variables: &[&str]) -> Option<GraphRival> {
    let name = table.required::<String>("name");
    let prior = table
        .item("prior")
        .map_or(Some(1.0), |item| item.number_in(1e-9..=1e9));
    let other = ["formula", "mechanism", "surrogate"]
        .into_iter()
        .find(|kind| table.has(kind));
    if let Some(kind) = other {
        table.push(
            table
                .problem(format!("a {kind} beside graphs"))
                .expected("graphs only: they foretell every variable, and a formula, mechanism or surrogate one response"),
        );
        let _ = table.entries();
        table.finish();
        return None;
    }
    let span = table.key_span("graph");
    let arrows = table
        .required_item(
            "graph",
            "[\"a -> b\", …], or [] where nothing drives anything",
        )
        .and_then(|item| item.list())
        .map(|items| items.iter().map(|item| item.read::<String>()).collect());
    let arrows: Option<Vec<At<String>>> = arrows?;
    let (name, prior, arrows) = (name?, prior?, arrows?);
    if variables.is_empty() {
        // What is wrong with [cause] has been said.
        return None;
    }
    let all: Vec<&str> = arrows.iter().map(|arrow| arrow.value.as_str()).collect();
    let found = GraphRival::new(&name.value, prior, &all, variables)
        .map_err(|error| {
            // The first arrow that is wrong by itself, else all of them together.
            let wrong = arrows.iter().find(|arrow| {
                GraphRival::new("", 1.0, &[arrow.value.as_str()], variables).is_err()
            });
            let place = wrong.map(|arrow| &arrow.span).or(span.as_ref());
            let problem = Problem::error(format!("hypothesis '{}': {error}", name.value));
            table.push(match place {
                Some(place) => problem.at(place),
                None => problem,
            });
        })
        .ok();
    table.finish();
    found
}
