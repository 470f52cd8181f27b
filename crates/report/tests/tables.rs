//! The well tables: what is written is read back.

#![allow(clippy::unwrap_used)]

mod sample;
mod tiny;

use parquet::file::reader::{FileReader, SerializedFileReader};
use parquet::record::Field;
use report::{FactorKind, Level, Role, Run, wells_csv, wells_parquet};
use std::collections::BTreeMap;

type Row = BTreeMap<String, Field>;

fn parquet(run: &Run) -> Vec<Row> {
    let mut file = tempfile::tempfile().unwrap();
    wells_parquet(run, &mut file).unwrap();
    let reader = SerializedFileReader::new(file).unwrap();
    reader
        .into_iter()
        .map(|row| {
            let row = row.unwrap();
            row.get_column_iter()
                .map(|(name, field)| (name.clone(), field.clone()))
                .collect()
        })
        .collect()
}

/// Records of fields; a field is `None` where nothing stands, not even quotes.
fn csv(run: &Run) -> Vec<Vec<Option<String>>> {
    let mut out = Vec::new();
    wells_csv(run, &mut out).unwrap();
    let text = String::from_utf8(out).unwrap();
    let (mut records, mut record, mut field) = (Vec::new(), Vec::new(), None::<String>);
    let mut quoted = false;
    let mut chars = text.chars().peekable();
    while let Some(c) = chars.next() {
        match (c, quoted) {
            ('"', true) if chars.peek() == Some(&'"') => {
                chars.next();
                field.get_or_insert_default().push('"');
            }
            ('"', _) => {
                quoted = !quoted;
                field.get_or_insert_default();
            }
            (',', false) => record.push(field.take()),
            ('\r', false) => {}
            ('\n', false) => {
                record.push(field.take());
                records.push(std::mem::take(&mut record));
            }
            (c, _) => field.get_or_insert_default().push(c),
        }
    }
    records
}

#[test]
fn a_well_is_a_row() {
    let rows = parquet(&tiny::run());
    assert_eq!(rows.len(), 12);
    let text = |text: &str| Field::Str(text.into());
    let row = &rows[4];
    let expected = [
        ("campaign", text("small")),
        ("plate", Field::Long(1)),
        ("order", Field::Long(1)),
        ("barcode", text("NL1")),
        ("well", text("B2")),
        ("row", Field::Long(2)),
        ("column", Field::Long(2)),
        ("role", text("sample")),
        ("control", Field::Null),
        ("point", Field::Long(4)),
        ("replicate", Field::Long(0)),
        ("batch", Field::Long(0)),
        ("policy", text("gp")),
        ("factor.dose", Field::Double(2.0)),
        ("factor.times", Field::Long(3)),
        ("factor.medium", text("LB")),
        (
            "liquids_ul",
            text("{\"medium\":42.5,\"drug \\\"A\\\"\":0.5}"),
        ),
        ("instrument", text("reader-1")),
        ("began_s", Field::Double(1800.0)),
        ("ended_s", Field::Double(1920.0)),
        ("raw", Field::Double(1.2 - 0.75)),
        ("raw_unit", text("OD600")),
        ("corrected", Field::Double(0.75)),
        ("corrected_unit", text("%")),
        ("flags", text("saturated")),
        ("failed", Field::Null),
        ("counts", Field::Bool(true)),
    ];
    for (name, value) in &expected {
        assert_eq!(row[*name], *value, "{name}");
    }
    assert_eq!(row.len(), expected.len());
    assert_eq!(rows[0]["role"], text("positive"));
    assert_eq!(rows[0]["control"], text("high"));
    assert_eq!(rows[0]["factor.dose"], Field::Null);
    assert_eq!(rows[2]["corrected"], Field::Null);
    assert_eq!(rows[5]["failed"], text("the tip was empty"));
    assert_eq!(rows[5]["raw"], Field::Null);
    // What fails, and what stands on a plate that does not count, does not count.
    let counts: Vec<bool> = rows
        .iter()
        .map(|row| row["counts"] == Field::Bool(true))
        .collect();
    assert_eq!(
        counts,
        [
            true, true, true, true, true, false, false, false, false, false, false, false
        ]
    );
}

#[test]
fn both_tables_say_the_same() {
    let mut hostile = tiny::run();
    hostile.campaigns[0].name = "a,\"b\"\r\nc".into();
    hostile.campaigns[0].plates[0].policy = String::new();
    hostile.campaigns[0].factors[0].name = "dose, \"A\".<x>".into();
    for run in [tiny::run(), hostile, sample::run()] {
        let (rows, mut records) = (parquet(&run), csv(&run));
        let heads: Vec<String> = records.remove(0).into_iter().map(Option::unwrap).collect();
        assert_eq!(rows.len(), records.len());
        for (row, record) in rows.iter().zip(&records) {
            assert_eq!(heads.len(), row.len());
            for (head, field) in heads.iter().zip(record) {
                let same = match (&row[head], field.as_deref()) {
                    (Field::Null, None) => true,
                    (Field::Str(value), Some(field)) => value == field,
                    (Field::Long(value), Some(field)) => Ok(*value) == field.parse(),
                    (Field::Bool(value), Some(field)) => Ok(*value) == field.parse(),
                    (Field::Double(value), Some(field)) => {
                        field.parse::<f64>().unwrap().to_bits() == value.to_bits()
                    }
                    _ => false,
                };
                assert!(same, "{head}: {} and {field:?}", row[head]);
            }
        }
    }
}

#[test]
fn every_filled_well_is_there() {
    let run = sample::run();
    let wells = run.campaigns[0]
        .plates
        .iter()
        .flat_map(|plate| &plate.wells);
    let filled = wells.filter(|well| well.role != Role::Empty).count();
    assert_eq!(parquet(&run).len(), filled);
    let mut none = tiny::run();
    none.campaigns[0].plates.clear();
    assert_eq!(parquet(&none).len(), 0);
    none.campaigns.clear();
    assert_eq!(parquet(&none).len(), 0);
}

#[test]
fn campaigns_that_disagree_on_a_factor_share_a_column_of_text() {
    let mut run = tiny::run();
    let mut other = run.campaigns[0].clone();
    other.factors[0].kind = FactorKind::Text;
    other.factors[1].name = "extra".into();
    for plate in &mut other.plates {
        for point in plate
            .wells
            .iter_mut()
            .filter_map(|well| well.point.as_mut())
        {
            point.levels[0] = Level::Text("much".into());
        }
    }
    run.campaigns.push(other);
    let rows = parquet(&run);
    let text = |text: &str| Field::Str(text.into());
    assert_eq!(rows[3]["factor.dose"], text("1.5"));
    assert_eq!(rows[15]["factor.dose"], text("much"));
    assert_eq!(
        (&rows[3]["factor.extra"], &rows[15]["factor.extra"]),
        (&Field::Null, &Field::Long(3))
    );
}

#[test]
fn the_file_says_where_it_comes_from() {
    let mut file = tempfile::tempfile().unwrap();
    wells_parquet(&tiny::run(), &mut file).unwrap();
    let reader = SerializedFileReader::new(file).unwrap();
    let about = reader.metadata().file_metadata();
    let pairs = about.key_value_metadata().unwrap();
    let get = |key: &str| {
        pairs
            .iter()
            .find(|p| p.key == key)
            .unwrap()
            .value
            .clone()
            .unwrap()
    };
    assert_eq!(get("nilo.run"), "small-1");
    assert_eq!(get("nilo.journal.version"), "12");
    assert_eq!(get("nilo.journal.hash"), "abcd");
}

#[test]
fn a_folder_gets_three_whole_files() {
    let folder = tempfile::tempdir().unwrap();
    let place = folder.path().join("runs/small");
    let written = report::write(&tiny::run(), &place).unwrap();
    let again = report::write(&tiny::run(), &place).unwrap();
    assert_eq!(written, again);
    for file in [&written.html, &written.parquet, &written.csv] {
        assert!(std::fs::metadata(file).unwrap().len() > 500);
    }
    assert_eq!(std::fs::read_dir(place.join("data")).unwrap().count(), 2);
    std::fs::write(folder.path().join("file"), "").unwrap();
    let error = report::write(&tiny::run(), &folder.path().join("file")).unwrap_err();
    assert!(
        error
            .to_string()
            .contains("wells.parquet can't be written: "),
        "{error}"
    );
}
