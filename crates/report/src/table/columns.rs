//! The columns of the well table, the same for CSV and Parquet.
//!
//! | column | type | what |
//! | --- | --- | --- |
//! | `campaign` | text | the campaign's name |
//! | `plate`, `order` | integer | ids |
//! | `barcode` | text | what the plate's barcode says |
//! | `well` | text | `B7` |
//! | `row`, `column` | integer | from 1 |
//! | `role` | text | `sample`, `positive`, `negative`, `control`, `blank` |
//! | `control` | text | the control's name |
//! | `point`, `replicate`, `batch` | integer | the experiment, which of its replicates, the ask |
//! | `policy` | text | the policy that asked |
//! | `factor.NAME` | number, integer or text | one for each factor, in its unit |
//! | `liquids_ul` | text | JSON object of microlitres by liquid, in the order of dispensing |
//! | `instrument` | text | what read the well |
//! | `began_s`, `ended_s` | number | the read, in seconds since the run's epoch |
//! | `raw`, `corrected` | number | the value as read, and after correction |
//! | `raw_unit`, `corrected_unit` | text | their units |
//! | `flags` | text | what casts doubt on it, separated by `; ` |
//! | `failed` | text | why the well has no value that counts |
//! | `counts` | boolean | whether the value counts: the plate was accepted and the well did not fail |
//!
//! What does not apply is null.

use crate::{Campaign, Device, FactorKind, Level, Plate, Role, Run, Verdict, Well};
use quantity::InstrumentId;
use std::collections::BTreeMap;

/// The values of a column, one per row.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Values {
    Text(Vec<Option<String>>),
    Integer(Vec<Option<i64>>),
    Number(Vec<Option<f64>>),
    Truth(Vec<Option<bool>>),
}

/// A column with its name.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Column {
    pub name: String,
    pub values: Values,
}

/// One row's well with where it belongs.
#[derive(Clone, Copy)]
struct Row<'a> {
    campaign: &'a Campaign,
    plate: &'a Plate,
    well: &'a Well,
}

/// All columns; every one has as many values as there are filled wells.
pub(crate) fn columns(run: &Run) -> Vec<Column> {
    let mut rows = Vec::new();
    for campaign in &run.campaigns {
        for plate in &campaign.plates {
            let filled = plate.wells.iter().filter(|well| well.role != Role::Empty);
            rows.extend(filled.map(|well| Row {
                campaign,
                plate,
                well,
            }));
        }
    }
    let names: BTreeMap<InstrumentId, &str> = run
        .hall
        .devices
        .iter()
        .filter_map(|info| match info.device {
            Device::Instrument(id) => Some((id, info.name.as_str())),
            _ => None,
        })
        .collect();
    let instrument = |row: &Row<'_>| {
        let id = row.well.reading?.instrument;
        Some(
            names
                .get(&id)
                .map_or_else(|| id.to_string(), |name| (*name).to_owned()),
        )
    };
    let text = |name: &str, of: &dyn Fn(&Row<'_>) -> Option<String>| Column {
        name: name.to_owned(),
        values: Values::Text(rows.iter().map(of).collect()),
    };
    let integer = |name: &str, of: &dyn Fn(&Row<'_>) -> Option<i64>| Column {
        name: name.to_owned(),
        values: Values::Integer(rows.iter().map(of).collect()),
    };
    let number = |name: &str, of: &dyn Fn(&Row<'_>) -> Option<f64>| Column {
        name: name.to_owned(),
        values: Values::Number(rows.iter().map(of).collect()),
    };
    let mut all = vec![
        text("campaign", &|r| Some(r.campaign.name.clone())),
        integer("plate", &|r| Some(i64::from(r.plate.id.0))),
        integer("order", &|r| Some(i64::from(r.plate.order.0))),
        text("barcode", &|r| Some(r.plate.barcode.clone())),
        text("well", &|r| {
            Some(Plate::well_name(r.well.row, r.well.column))
        }),
        integer("row", &|r| Some(i64::from(r.well.row) + 1)),
        integer("column", &|r| Some(i64::from(r.well.column) + 1)),
        text("role", &|r| Some(role(&r.well.role).0.to_owned())),
        text("control", &|r| role(&r.well.role).1.map(str::to_owned)),
        integer("point", &|r| Some(i64::from(r.well.point.as_ref()?.point))),
        integer("replicate", &|r| {
            Some(i64::from(r.well.point.as_ref()?.replicate))
        }),
        integer("batch", &|r| {
            Some(i64::from(r.well.point.as_ref()?.batch.0))
        }),
        text("policy", &|r| {
            r.well.point.as_ref().map(|_| r.plate.policy.clone())
        }),
    ];
    all.extend(factors(run, &rows));
    all.extend([
        text("liquids_ul", &|r| liquids(r.well)),
        text("instrument", &instrument),
        number("began_s", &|r| Some(r.well.reading?.began.as_secs_f64())),
        number("ended_s", &|r| Some(r.well.reading?.ended.as_secs_f64())),
        number("raw", &|r| Some(r.well.reading?.raw)),
        text("raw_unit", &|r| {
            r.well.reading.map(|_| r.plate.raw_unit.clone())
        }),
        number("corrected", &|r| r.well.reading?.corrected),
        text("corrected_unit", &|r| {
            r.well
                .reading?
                .corrected
                .map(|_| r.plate.corrected_unit.clone())
        }),
        text("flags", &|r| {
            (!r.well.flags.is_empty()).then(|| r.well.flags.join("; "))
        }),
        text("failed", &|r| r.well.failed.clone()),
        Column {
            name: "counts".into(),
            values: Values::Truth(rows.iter().map(|r| Some(counts(r))).collect()),
        },
    ]);
    all
}

fn counts(row: &Row<'_>) -> bool {
    row.plate.verdict == Verdict::Accepted
        && row.well.failed.is_none()
        && row.well.reading.is_some()
}

fn role(role: &Role) -> (&'static str, Option<&str>) {
    match role {
        Role::Sample => ("sample", None),
        Role::Positive(name) => ("positive", Some(name)),
        Role::Negative(name) => ("negative", Some(name)),
        Role::Control(name) => ("control", Some(name)),
        Role::Blank => ("blank", None),
        Role::Empty => ("empty", None),
    }
}

/// One column for each name of a factor, by first appearance. Where campaigns disagree on the type
/// of a factor with the same name, its column is text.
fn factors(run: &Run, rows: &[Row<'_>]) -> Vec<Column> {
    let mut kinds: Vec<(&str, FactorKind)> = Vec::new();
    for factor in run.campaigns.iter().flat_map(|campaign| &campaign.factors) {
        match kinds.iter_mut().find(|(name, _)| *name == factor.name) {
            Some((_, kind)) if *kind != factor.kind => *kind = FactorKind::Text,
            Some(_) => {}
            None => kinds.push((&factor.name, factor.kind)),
        }
    }
    let level = |row: &Row<'_>, name: &str| -> Option<Level> {
        let index = row
            .campaign
            .factors
            .iter()
            .position(|factor| factor.name == name)?;
        row.well.point.as_ref()?.levels.get(index).cloned()
    };
    kinds
        .into_iter()
        .map(|(name, kind)| Column {
            name: format!("factor.{name}"),
            values: match kind {
                FactorKind::Number => Values::Number(
                    rows.iter()
                        .map(|row| match level(row, name)? {
                            Level::Number(value) => Some(value),
                            _ => None,
                        })
                        .collect(),
                ),
                FactorKind::Integer => Values::Integer(
                    rows.iter()
                        .map(|row| match level(row, name)? {
                            Level::Integer(value) => Some(value),
                            _ => None,
                        })
                        .collect(),
                ),
                FactorKind::Text => Values::Text(
                    rows.iter()
                        .map(|row| {
                            Some(match level(row, name)? {
                                Level::Number(value) => value.to_string(),
                                Level::Integer(value) => value.to_string(),
                                Level::Text(text) => text,
                            })
                        })
                        .collect(),
                ),
            },
        })
        .collect()
}

/// A JSON object of microlitres; what is dispensed twice is summed.
fn liquids(well: &Well) -> Option<String> {
    if well.liquids.is_empty() {
        return None;
    }
    let mut sums: Vec<(&str, i64)> = Vec::new();
    for liquid in &well.liquids {
        match sums.iter_mut().find(|(name, _)| *name == liquid.name) {
            Some((_, sum)) => *sum += liquid.volume.base(),
            None => sums.push((&liquid.name, liquid.volume.base())),
        }
    }
    let parts: Vec<String> = sums
        .iter()
        .map(|(name, nanolitres)| format!("{}:{}", quoted(name), *nanolitres as f64 / 1e3))
        .collect();
    Some(format!("{{{}}}", parts.join(",")))
}

/// A JSON string (RFC 8259, section 7).
fn quoted(text: &str) -> String {
    let mut quoted = String::from("\"");
    for c in text.chars() {
        match c {
            '"' => quoted.push_str("\\\""),
            '\\' => quoted.push_str("\\\\"),
            c if c < ' ' => quoted.push_str(&format!("\\u{:04x}", c as u32)),
            c => quoted.push(c),
        }
    }
    quoted.push('"');
    quoted
}
