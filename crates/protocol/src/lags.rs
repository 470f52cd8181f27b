//! Lags: those that steps state, and those that stand for themselves.

use crate::draft::Draft;
use crate::limits::MAX_LAG;
use crate::{Edge, Lag};
use quantity::{Duration, StepId};
use source::{At, Item, Problem, Span, Table};
use std::collections::BTreeMap;

/// The time under a key, if it is there and a lag may be so long.
pub(crate) fn time(table: &Table<'_>, key: &str) -> Option<At<Duration>> {
    let item = table.item(key)?;
    let at = item.read::<Duration>()?;
    item.within(at.value, &(Duration::ZERO..=MAX_LAG))
        .map(|_| at)
}

/// The lag that a step's `within` and `at_least` make with one step before it.
pub(crate) fn step_lags(draft: &Draft, before: StepId, step: StepId) -> Option<(Lag, Span)> {
    let span = draft
        .within
        .as_ref()
        .or(draft.at_least.as_ref())?
        .span
        .clone();
    let lag = Lag {
        from: (before, Edge::End),
        to: (step, Edge::Begin),
        min: draft
            .at_least
            .as_ref()
            .map_or(Duration::ZERO, |at| at.value),
        max: draft.within.as_ref().map(|at| at.value),
    };
    Some((lag, span))
}

/// Reads a `[[lag]]`.
pub(crate) fn lag(
    table: Table<'_>,
    by_name: &dyn Fn(&str) -> Option<StepId>,
    names: &BTreeMap<String, usize>,
) -> Option<(Lag, Span)> {
    let span = table.span();
    let edge = |key| {
        let item = table.required_item(key, "a step and an edge, such as \"grow.end\"")?;
        edge(
            &item,
            if key == "from" { "end" } else { "begin" },
            by_name,
            names,
        )
    };
    let (from, to) = (edge("from"), edge("to"));
    let (min, max) = (time(&table, "min"), time(&table, "max"));
    if min.is_none() && max.is_none() && !table.has("min") && !table.has("max") {
        table.push(
            table
                .problem("this lag limits nothing")
                .expected("min = a time, max = a time, or both"),
        );
    }
    table.finish();
    let lag = Lag {
        from: from?,
        to: to?,
        min: min.as_ref().map_or(Duration::ZERO, |at| at.value),
        max: max.as_ref().map(|at| at.value),
    };
    Some((lag, max.or(min).map_or(span, |at| at.span)))
}

fn edge(
    item: &Item<'_>,
    usual: &str,
    by_name: &dyn Fn(&str) -> Option<StepId>,
    names: &BTreeMap<String, usize>,
) -> Option<(StepId, Edge)> {
    let text = item.read::<String>()?;
    let (name, edge) = text.rsplit_once('.').unwrap_or((&text, ""));
    let edge = match edge {
        "begin" => Edge::Begin,
        "end" => Edge::End,
        _ => {
            let near = quantity::nearest(edge, ["begin", "end"]).unwrap_or(usual);
            item.push(
                item.problem(format!(
                    "'{}' says not which edge of the step is meant",
                    text.value
                ))
                .expected("the name of a step with '.begin' or '.end'")
                .nearest(Some(format!("{name}.{near}"))),
            );
            return None;
        }
    };
    let id = by_name(name);
    if id.is_none() {
        let name = text.clone().map(|_| name.to_owned());
        item.push(Problem::unknown_name(
            "step",
            &name,
            names.keys().map(String::as_str),
        ));
    }
    Some((id?, edge))
}
