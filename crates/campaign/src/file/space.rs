//! `[[factor]]`, and what else makes the space.

use super::candidates::{Candidates, distinct, numbers};
use super::files::Files;
use super::rules::{cardinality, constraint, exclusion};
use design::{Factor, FactorKind, Space};
use source::{Item, Problem, Sink, Span, Table};

/// A space with the places in the file that its parts come from.
#[derive(Debug)]
pub(super) struct SpaceFile {
    pub space: Space,
    /// Where each factor is named.
    pub factors: Vec<Span>,
}

/// The kinds of factor that a file may name.
#[derive(Clone, Copy, PartialEq)]
enum Kind {
    Continuous,
    Log,
    Integer,
    Ordinal,
    Categorical,
    Sequence,
    Mixture,
}

const KINDS: [(&str, Kind); 7] = [
    ("continuous", Kind::Continuous),
    ("log", Kind::Log),
    ("integer", Kind::Integer),
    ("ordinal", Kind::Ordinal),
    ("categorical", Kind::Categorical),
    ("sequence", Kind::Sequence),
    ("mixture", Kind::Mixture),
];

/// Most letters of a sequence.
const LETTERS_MAX: i64 = 1000;

pub(super) fn read(root: &Table, files: &dyn Files, sink: &Sink) -> Option<SpaceFile> {
    let before = sink.errors();
    let candidates = root
        .table("candidates")
        .and_then(|table| Candidates::open(table, files));
    let mut factors = Vec::new();
    let mut spans = Vec::new();
    let tables = root.tables("factor");
    if tables.is_empty() && !root.has("factor") {
        root.push(
            root.problem("no factor: nothing is varied")
                .expected("[[factor]] with name, kind and bounds or levels"),
        );
    }
    for table in tables {
        if let Some((factor, span)) = factor(table, candidates.as_ref()) {
            factors.push(factor);
            spans.push(span);
        }
    }
    let mut space = Space::new(factors);
    for table in root.tables("constraint") {
        space.constraints.extend(constraint(table, &space));
    }
    for table in root.tables("exclusion") {
        space.exclusions.extend(exclusion(table, &space));
    }
    if let Some(table) = root.table("cardinality") {
        space.cardinality = cardinality(table, &space);
    }
    if sink.errors() > before {
        return None;
    }
    if let Some(candidates) = candidates {
        let points = candidates.points(&space, sink)?;
        space = space.with_candidates(points);
    }
    for problem in space.check() {
        let span = match &problem {
            design::SpaceProblem::Factor { factor, .. }
            | design::SpaceProblem::NameTwice { name: factor } => space
                .factors
                .iter()
                .rposition(|f| f.name == *factor)
                .map(|at| spans[at].clone()),
            design::SpaceProblem::Mixture { group, .. } => space
                .factors
                .iter()
                .position(
                    |f| matches!(&f.kind, FactorKind::Mixture { group: of, .. } if of == group),
                )
                .map(|at| spans[at].clone()),
            _ => None,
        };
        let span = span.unwrap_or_else(|| root.span());
        sink.push(Problem::error(problem.to_string()).at(&span));
    }
    if sink.errors() > before {
        return None;
    }
    if let Err(why) = space.has_feasible_point() {
        let span = root
            .key_span("constraint")
            .or(root.key_span("exclusion"))
            .unwrap_or_else(|| root.span());
        sink.push(
            Problem::error(why.to_string())
                .at(&span)
                .help("nothing could ever be asked for: loosen one of them, or widen a factor"),
        );
        return None;
    }
    Some(SpaceFile {
        space,
        factors: spans,
    })
}

fn factor(table: Table, candidates: Option<&Candidates>) -> Option<(Factor, Span)> {
    let name = table.required::<String>("name");
    let kind = table.choice("kind", &KINDS);
    let unit = table.or("unit", String::new());
    let column = name
        .as_ref()
        .zip(candidates)
        .and_then(|(name, from)| from.column(&name.value));
    let kind = kind.and_then(|kind| match kind.value {
        Kind::Continuous | Kind::Log => {
            let (low, high) = bounds(&table)?;
            Some(FactorKind::Continuous {
                low,
                high,
                log: kind.value == Kind::Log,
            })
        }
        Kind::Integer => {
            let (low, high) = (table.required::<i64>("low"), table.required::<i64>("high"));
            Some(FactorKind::Integer {
                low: low?.value,
                high: high?.value,
            })
        }
        Kind::Ordinal => {
            let levels = match (table.list::<f64>("levels"), &column) {
                (Some(levels), _) => Some(levels.into_iter().map(|level| level.value).collect()),
                (None, Some(column)) if !table.has("levels") => Some(numbers(column)),
                _ => table.required_item("levels", "[1, 2, 5]").and(None),
            };
            let mut levels: Vec<f64> = levels?;
            levels.sort_by(f64::total_cmp);
            levels.dedup();
            Some(FactorKind::Ordinal { levels })
        }
        Kind::Categorical => {
            let levels = match (table.list::<String>("levels"), &column) {
                (Some(levels), _) => Some(levels.into_iter().map(|level| level.value).collect()),
                (None, Some(column)) if !table.has("levels") => Some(distinct(column)),
                _ => table.required_item("levels", "[\"a\", \"b\"]").and(None),
            };
            let levels: Vec<String> = levels?;
            let descriptors = table.table("descriptors").map(|d| descriptors(d, &levels));
            let descriptors = match descriptors {
                Some(None) => return None,
                other => other.flatten(),
            };
            Some(FactorKind::Categorical {
                levels,
                descriptors,
            })
        }
        Kind::Sequence => {
            let alphabet = table.required::<String>("alphabet");
            let length = table
                .item("length")
                .and_then(|item| item.integer_in(1..=LETTERS_MAX));
            let (shortest, longest) = match length {
                Some(length) => (Some(length), Some(length)),
                None if table.has("shortest") || table.has("longest") => (
                    table.required::<i64>("shortest").map(|at| at.value),
                    table.required::<i64>("longest").map(|at| at.value),
                ),
                None => {
                    table.required_item("length", "4");
                    (None, None)
                }
            };
            Some(FactorKind::Sequence {
                alphabet: alphabet?.value.chars().collect(),
                shortest: usize::try_from(shortest?).ok()?,
                longest: usize::try_from(longest?).ok()?,
            })
        }
        Kind::Mixture => {
            let group = table.or("mixture", "mixture".to_owned());
            let low = table
                .item("low")
                .map_or(Some(0.0), |item| item.number_in(0.0..=1.0));
            let high = table
                .item("high")
                .map_or(Some(1.0), |item| item.number_in(0.0..=1.0));
            Some(FactorKind::Mixture {
                group,
                low: low?,
                high: high?,
            })
        }
    });
    table.finish();
    let name = name?;
    Some((
        Factor {
            name: name.value,
            unit,
            kind: kind?,
        },
        name.span,
    ))
}

/// `low` and `high`, the first below the second.
fn bounds(table: &Table) -> Option<(f64, f64)> {
    let (low, high) = (table.required::<f64>("low"), table.required::<f64>("high"));
    let (low, high) = (low?, high?);
    if low.value > high.value {
        table.push(
            Problem::error(format!("low is {} and high is {}", low.value, high.value))
                .at(&low.span)
                .expected("low below high")
                .note(&high.span, "high"),
        );
        return None;
    }
    Some((low.value, high.value))
}

fn descriptors(table: Table, levels: &[String]) -> Option<Vec<Vec<f64>>> {
    let mut found: Vec<Option<Vec<f64>>> = vec![None; levels.len()];
    let mut sound = true;
    for (key, item) in table.entries() {
        let Some(at) = levels.iter().position(|level| *level == key.value) else {
            let names = levels.iter().map(String::as_str);
            item.push(Problem::unknown_name("level", &key, names));
            sound = false;
            continue;
        };
        found[at] = item
            .list()
            .map(|items| items.iter().filter_map(Item::number).collect());
        sound &= found[at].is_some();
    }
    let width = found.iter().flatten().map(Vec::len).next().unwrap_or(0);
    for (level, values) in levels.iter().zip(&found) {
        if values.as_ref().is_none_or(|values| values.len() != width) && sound {
            table.push(
                table
                    .problem(format!(
                        "level '{level}' has not the same number of descriptors as the others"
                    ))
                    .expected(format!("{width} numbers for each level")),
            );
            sound = false;
        }
    }
    table.finish();
    if sound {
        found.into_iter().collect()
    } else {
        None
    }
}
