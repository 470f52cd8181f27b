//! `[cause]`: which variables are related, and what acts on them.

use crate::assay::Causes;
use design::{FactorKind, Space};
use reason::causes::{Act, CauseOptions};
use source::{At, Problem, Table};
use std::sync::Arc;

/// The probability at which a link is settled when a file says nothing.
const CERTAINTY: f64 = 0.9;
/// Wells of one intervention on a plate when a file says nothing.
const REPLICATES: i64 = 2;
/// Most wells of a plate.
const WELLS_MAX: i64 = 1536;
/// Most variables: those among which hidden causes are sought.
const VARIABLES_MAX: usize = reason::causes::VARIABLES_MAX;

/// What a question for causes is about, and the places of its variables.
type Read = (Causes, Vec<At<Arc<str>>>);

/// Reads the question.
pub(super) fn read(root: &Table, space: &Space, asked: bool) -> Option<Read> {
    if !asked {
        if let Some(table) = root.table("cause") {
            table.push(
                Problem::error("variables to be related, where nobody asks who drives whom")
                    .at(&table.span())
                    .expected("question = \"cause\", or graphs that compete: question = \"discriminate\" with [[hypothesis]] of graph = […]"),
            );
            let _ = table.entries();
            table.finish();
        }
        return None;
    }
    let table = root.required_table("cause")?;
    let variables = table.list::<Arc<str>>("variables");
    let count = variables.as_ref().map_or(0, Vec::len);
    if !(2..=VARIABLES_MAX).contains(&count) {
        table.push(
            table
                .problem(format!("{count} variables, and causes among them"))
                .expected(format!(
                    "variables = [\"…\", \"…\"], 2 to {VARIABLES_MAX} channels of the reading"
                )),
        );
    }
    let variables = variables.unwrap_or_default();
    let acts = acts(&table, space, &variables);
    let soft = table.optional_choice("kind", &[("hard", false), ("soft", true)]);
    let share = |key: &str, default: f64, range: std::ops::RangeInclusive<f64>| {
        table
            .item(key)
            .map_or(Some(default), |item| item.number_in(range))
    };
    let leaves = share("leaves", 0.0, 0.0..=100.0);
    let certainty = share("certainty", CERTAINTY, 0.5..=0.999_999);
    let whole = |key: &str, default: i64, range: std::ops::RangeInclusive<i64>| {
        table
            .item(key)
            .map_or(Some(default), |item| item.integer_in(range))
    };
    let combine = whole("combine", 2, 1..=3);
    let replicates = whole("replicates", REPLICATES, 1..=WELLS_MAX);
    let wells = table
        .item("wells")
        .map(|item| item.integer_in(4..=WELLS_MAX));
    let hidden = table.or("hidden", true);
    table.finish();
    let wells = match wells {
        Some(wells) => Some(wells? as u32),
        None => None,
    };
    (2..=VARIABLES_MAX)
        .contains(&variables.len())
        .then_some(())?;
    Some((
        Causes {
            variables: variables.iter().map(|name| name.value.clone()).collect(),
            acts: acts?,
            rivals: Vec::new(),
            wells,
            options: CauseOptions {
                certainty: certainty?,
                hidden,
                soft: soft.is_some_and(|soft| soft.value),
                leaves: leaves?,
                combine: combine? as usize,
                replicates: replicates? as usize,
                controls: 0,
                by_lot: false,
            },
        },
        variables,
    ))
}

/// Which factor acts on which variable.
fn acts(table: &Table, space: &Space, variables: &[At<Arc<str>>]) -> Option<Vec<Act>> {
    let map = table.required_table("acts")?;
    let mut found = Vec::new();
    let mut whole = true;
    for (factor, item) in map.entries() {
        let at = space.index(&factor.value);
        match at {
            None => {
                let names = space.factors.iter().map(|factor| factor.name.as_str());
                item.push(Problem::unknown_name("factor", &factor, names));
            }
            Some(at)
                if matches!(
                    space.factors[at].kind,
                    FactorKind::Categorical { .. } | FactorKind::Sequence { .. }
                ) =>
            {
                item.push(
                    item.problem(format!("'{}' has no high and low end", factor.value))
                        .expected("a factor that is a number, nothing at its low end"),
                );
                whole = false;
            }
            Some(_) => {}
        }
        let on = item.read::<String>();
        let variable = on.as_ref().and_then(|on| {
            let found = variables.iter().position(|own| *own.value == *on.value);
            if found.is_none() {
                let names = variables.iter().map(|own| &*own.value);
                item.push(Problem::unknown_name("variable", on, names));
            }
            found
        });
        match (at, variable) {
            (Some(factor), Some(variable)) => found.push(Act { factor, variable }),
            _ => whole = false,
        }
    }
    if found.is_empty() && whole {
        map.push(
            map.problem("nothing acts on any variable")
                .expected("acts = { \"g1 down\" = \"g1\" }: a factor, and what it acts on"),
        );
        whole = false;
    }
    map.finish();
    whole.then_some(found)
}
