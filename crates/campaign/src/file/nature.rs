//! `[nature]` and `[faults]`: what stands where the lab's nature and its bad luck would be.

use super::csv;
use super::files::Files;
use design::Space;
use source::{At, Problem, Span, Table};
use std::sync::Arc;

/// Who answers in the twin. A real lab has no such thing, and a campaign file without it needs one.
#[derive(Clone, Debug)]
pub enum NatureFile {
    /// A mechanism with published constants.
    Mechanism {
        /// Its name.
        name: At<String>,
        /// Settings of the mechanism: a number or a word each.
        settings: Vec<(At<String>, Setting)>,
    },
    /// A table of what was measured.
    Table(TableFile),
}

/// A setting of a mechanism.
#[derive(Clone, Debug, PartialEq)]
pub enum Setting {
    /// A number.
    Number(f64),
    /// A word.
    Word(String),
}

/// A table of what was measured, with what its columns mean.
#[derive(Clone, Debug)]
pub struct TableFile {
    /// Where the campaign file names it.
    pub span: Span,
    /// Its path, for messages.
    pub path: String,
    /// Its text.
    pub text: Arc<str>,
    /// Whether the first line names the columns.
    pub header: bool,
    /// For each factor of the space in order: its name and column, from 0.
    pub columns: Vec<(String, usize)>,
    /// The column of the response, from 0.
    pub value: usize,
    /// What the instrument shows for one unit of the value: response × scale + offset.
    pub scale: f64,
    /// See `scale`.
    pub offset: f64,
}

pub(super) fn read(table: Table, space: &Space, files: &dyn Files) -> Option<NatureFile> {
    if table.has("table") {
        return read_table(table, space, files).map(NatureFile::Table);
    }
    let name = table.required::<String>("mechanism");
    let mut settings = Vec::new();
    if let Some(inner) = table.table("settings") {
        for (key, item) in inner.entries() {
            let setting = if item.is_number() {
                item.number().map(Setting::Number)
            } else {
                item.read::<String>().map(|text| Setting::Word(text.value))
            };
            settings.extend(setting.map(|setting| (key, setting)));
        }
    }
    table.finish();
    Some(NatureFile::Mechanism {
        name: name?,
        settings,
    })
}

fn read_table(table: Table, space: &Space, files: &dyn Files) -> Option<TableFile> {
    let file = table.required::<String>("table");
    let header = table.or("header", true);
    let csv = file
        .as_ref()
        .and_then(|file| csv::open(file, header, files, table.sink()));
    let mut columns: Vec<Option<usize>> = vec![None; space.factors.len()];
    if let Some(map) = table.required_table("columns") {
        for (factor, item) in map.entries() {
            match space.index(&factor.value) {
                Some(at) => columns[at] = csv.as_ref().and_then(|csv| csv.column(&item)),
                None => {
                    let names = space.factors.iter().map(|factor| factor.name.as_str());
                    item.push(Problem::unknown_name("factor", &factor, names));
                }
            }
        }
        for (factor, column) in space.factors.iter().zip(&columns) {
            if column.is_none() && csv.is_some() {
                map.push(
                    map.problem(format!("no column is given for factor '{}'", factor.name))
                        .expected(format!("{} = \"<name of a column>\"", factor.name)),
                );
            }
        }
    }
    let value = table
        .required_item("value", "the column of the response")
        .and_then(|item| csv.as_ref().and_then(|csv| csv.column(&item)));
    let (scale, offset) = (table.or("scale", 1.0), table.or("offset", 0.0));
    table.finish();
    let (file, csv) = (file?, csv?);
    let columns: Option<Vec<(String, usize)>> = space
        .factors
        .iter()
        .zip(columns)
        .map(|(factor, column)| Some((factor.name.clone(), column?)))
        .collect();
    Some(TableFile {
        span: file.span,
        path: csv.path().to_owned(),
        text: csv.text(),
        header,
        columns: columns?,
        value: value?,
        scale,
        offset,
    })
}
