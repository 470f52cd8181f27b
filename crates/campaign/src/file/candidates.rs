//! `[candidates]`: the table of points that exist.

use super::csv::{self, Csv};
use super::files::Files;
use design::{FactorKind, Level, Point, Space};
use source::{Problem, Sink, Span, Table};
use std::collections::BTreeMap;

/// The table of points that exist.
pub(super) struct Candidates {
    csv: Csv,
    /// Column of each factor by name.
    columns: BTreeMap<String, usize>,
    span: Span,
}

impl Candidates {
    pub(super) fn open(table: Table, files: &dyn Files) -> Option<Candidates> {
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
    pub(super) fn column(&self, factor: &str) -> Option<Vec<&str>> {
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
    pub(super) fn points(&self, space: &Space, sink: &Sink) -> Option<Vec<Point>> {
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

pub(super) fn distinct(cells: &[&str]) -> Vec<String> {
    let mut seen = std::collections::BTreeSet::new();
    cells
        .iter()
        .filter(|cell| seen.insert(**cell))
        .map(|cell| (*cell).to_owned())
        .collect()
}

pub(super) fn numbers(cells: &[&str]) -> Vec<f64> {
    cells.iter().filter_map(|cell| cell.parse().ok()).collect()
}
