//! `[[factor]]`, `[[constraint]]`, `[[exclusion]]`, `[cardinality]` and `[candidates]`: the space.

use super::csv::{self, Csv};
use super::files::Files;
use design::{
    Cardinality, Condition, Exclusion, Factor, FactorKind, Level, LinearConstraint, Point,
    Relation, Space,
};
use source::{At, Item, Problem, Sink, Span, Table};
use std::collections::BTreeMap;

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

fn index(space: &Space, name: &At<String>, sink: &Sink) -> Option<usize> {
    let found = space.index(&name.value);
    if found.is_none() {
        let names = space.factors.iter().map(|factor| factor.name.as_str());
        sink.push(Problem::unknown_name("factor", name, names));
    }
    found
}

fn constraint(table: Table, space: &Space) -> Option<LinearConstraint> {
    let mut terms = Vec::new();
    if let Some(weights) = table.required_table("terms") {
        for (name, item) in weights.entries() {
            let weight = item.number();
            terms.extend(index(space, &name, table.sink()).zip(weight));
        }
    }
    let sides = [
        ("at_most", Relation::AtMost),
        ("at_least", Relation::AtLeast),
        ("equal", Relation::Equal),
    ];
    let mut bounds: Vec<(Relation, f64)> = Vec::new();
    for (key, relation) in sides {
        bounds.extend(
            table
                .optional::<f64>(key)
                .map(|bound| (relation, bound.value)),
        );
    }
    let bound = match bounds.as_slice() {
        [one] => Some(*one),
        _ => {
            table.push(
                table
                    .problem(format!("{} bounds in one constraint", bounds.len()))
                    .expected("one of at_most, at_least, equal")
                    .help("write a [[constraint]] for each side"),
            );
            None
        }
    };
    table.finish();
    let (relation, bound) = bound?;
    Some(LinearConstraint {
        terms,
        relation,
        bound,
    })
}

fn exclusion(table: Table, space: &Space) -> Option<Exclusion> {
    let mut when = Vec::new();
    if let Some(conditions) = table.required_table("when") {
        for (name, item) in conditions.entries() {
            let Some(at) = index(space, &name, table.sink()) else {
                continue;
            };
            if item.is_table() {
                let Some(range) = item.table() else { continue };
                let low = range.or("low", f64::NEG_INFINITY);
                let high = range.or("high", f64::INFINITY);
                range.finish();
                when.push((at, Condition::Within { low, high }));
                continue;
            }
            let FactorKind::Categorical { levels, .. } = &space.factors[at].kind else {
                item.push(
                    item.problem(format!("'{}' is not categorical", name.value))
                        .expected("{ low = …, high = … }, or one of them"),
                );
                continue;
            };
            let items = if item.is_list() {
                item.list().unwrap_or_default()
            } else {
                vec![item]
            };
            let mut chosen = Vec::new();
            for item in items {
                let Some(level) = item.read::<String>() else {
                    continue;
                };
                match levels.iter().position(|known| *known == level.value) {
                    Some(at) => chosen.push(at),
                    None => item.push(Problem::unknown_name(
                        "level",
                        &level,
                        levels.iter().map(String::as_str),
                    )),
                }
            }
            when.push((at, Condition::OneOf(chosen)));
        }
    }
    table.finish();
    Some(Exclusion { when })
}

fn cardinality(table: Table, space: &Space) -> Option<Cardinality> {
    let names = table
        .required_item("factors", "[\"a\", \"b\"]")
        .and_then(|item| item.list());
    let factors = names.map(|items| {
        let names = items.iter().filter_map(Item::read::<String>);
        names
            .filter_map(|name| index(space, &name, table.sink()))
            .collect::<Vec<usize>>()
    });
    let at_least = table.or("at_least", 0usize);
    let at_most = table.required::<usize>("at_most");
    table.finish();
    Some(Cardinality {
        factors: factors?,
        at_least,
        at_most: at_most?.value,
    })
}

/// The table of points that exist.
pub(super) struct Candidates {
    csv: Csv,
    /// Column of each factor by name.
    columns: BTreeMap<String, usize>,
    span: Span,
}

impl Candidates {
    fn open(table: Table, files: &dyn Files) -> Option<Candidates> {
        let file = table.required::<String>("file");
        let header = table.or("header", true);
        let span = table.span();
        let csv = file.and_then(|file| csv::open(&file, header, files, table.sink()));
        let mut columns = BTreeMap::new();
        if let Some(map) = table.required_table("columns") {
            for (factor, item) in map.entries() {
                let column = csv.as_ref().and_then(|csv| csv.column(&item));
                columns.extend(column.map(|column| (factor.value, column)));
            }
        }
        table.finish();
        Some(Candidates {
            csv: csv?,
            columns,
            span,
        })
    }

    /// The cells of a factor's column.
    fn column(&self, factor: &str) -> Option<Vec<&str>> {
        let column = *self.columns.get(factor)?;
        Some(
            self.csv
                .rows
                .iter()
                .map(|row| row.get(column).map_or("", String::as_str))
                .collect(),
        )
    }

    /// Every different row as a point, in the order of the file.
    fn points(&self, space: &Space, sink: &Sink) -> Option<Vec<Point>> {
        /// Rows that are named one by one.
        const NAMED: usize = 5;
        let before = sink.errors();
        let mut columns = Vec::new();
        for factor in &space.factors {
            match self.columns.get(&factor.name) {
                Some(column) => columns.push(*column),
                None => sink.push(
                    Problem::error(format!("no column is given for factor '{}'", factor.name))
                        .at(&self.span)
                        .expected(format!(
                            "{} = \"<name of a column>\" under columns",
                            factor.name
                        )),
                ),
            }
        }
        if sink.errors() > before {
            return None;
        }
        let mut seen = std::collections::BTreeSet::new();
        let mut points = Vec::new();
        let mut wrong = 0;
        let mut rest = None;
        for (number, row) in self.csv.rows.iter().enumerate() {
            let cells: Vec<&str> = columns
                .iter()
                .map(|column| row.get(*column).map_or("", String::as_str))
                .collect();
            let parsed = space
                .parse(&cells)
                .map(snap(space))
                .map_err(|errors| errors[0].to_string());
            match parsed {
                Ok(point) => {
                    if seen.insert(point.clone()) {
                        points.push(point);
                    }
                }
                Err(why) => {
                    wrong += 1;
                    if wrong <= NAMED {
                        let span = self.csv.span(number);
                        sink.push(Problem::error(why).at(&span));
                    } else {
                        rest.get_or_insert(number);
                    }
                }
            }
        }
        if let Some(first) = rest {
            let said = match wrong - NAMED {
                1 => "this row is no point either".to_owned(),
                more => format!("this row and {} below are no points either", more - 1),
            };
            sink.push(Problem::error(said).at(&self.csv.span(first)));
        }
        (sink.errors() == before).then_some(points)
    }
}

/// Makes the shares of each mixture add up to 1 where rounding in a file leaves them a little off.
fn snap(space: &Space) -> impl Fn(Point) -> Point + '_ {
    /// Rounding to three decimals of up to ten shares.
    const ROUNDING: f64 = 0.005;
    move |mut point: Point| {
        let mut groups: BTreeMap<&str, Vec<usize>> = BTreeMap::new();
        for (at, factor) in space.factors.iter().enumerate() {
            if let FactorKind::Mixture { group, .. } = &factor.kind {
                groups.entry(group).or_default().push(at);
            }
        }
        for members in groups.values() {
            let sum: f64 = members.iter().filter_map(|at| point.0[*at].number()).sum();
            if (sum - 1.0).abs() <= ROUNDING && sum != 1.0 {
                for at in members {
                    if let Level::Real(share) = &mut point.0[*at] {
                        *share /= sum;
                    }
                }
            }
        }
        point
    }
}

fn distinct(cells: &[&str]) -> Vec<String> {
    let mut seen = std::collections::BTreeSet::new();
    cells
        .iter()
        .filter(|cell| seen.insert(**cell))
        .map(|cell| (*cell).to_owned())
        .collect()
}

fn numbers(cells: &[&str]) -> Vec<f64> {
    cells.iter().filter_map(|cell| cell.parse().ok()).collect()
}
