//! The plates: what was read, what was made of it, and how good it was.

use super::table::{Cell, chip, table};
use crate::chart::heat::{self, Value};
use crate::limits::PLATES_DRAWN_MAX;
use crate::markup::Markup;
use crate::number::{digits, moment, percent};
use crate::{Campaign, Plate, Verdict, Well};

pub(super) fn write(m: &mut Markup, campaign: &Campaign) {
    if campaign.plates.is_empty() {
        m.element("p", &[("class", &"sub")], "No plate was made.");
        return;
    }
    m.within("div", &[("class", &"card")], |m| {
        let rows: Vec<Vec<Cell>> = campaign.plates.iter().map(row).collect();
        let heads = [
            "plate",
            "verdict",
            "Z′",
            "robust Z′",
            "SSMD",
            "control CV",
            "replicate sd",
            "wells that count",
            "filled and read",
            "for",
        ];
        table(m, &heads, &rows);
    });
    m.within("p", &[("class", &"sub wide")], |m| {
        m.text(&"Colours have one scale for all plates of the campaign. In a well: + positive control, − negative control, c other control, b blank; ");
        m.element("i", &[("class", &"key hatch")], "");
        m.text(&"flagged or without a value that counts; empty frame: not read.");
    });
    let raw = heat::range(&campaign.plates, Value::Raw);
    let corrected = heat::range(&campaign.plates, Value::Corrected);
    m.open("div", &[("class", &"plates")]);
    for plate in drawn(&campaign.plates) {
        m.open("div", &[("class", &"card plate")]);
        head(m, plate);
        m.open("div", &[("class", &"pair")]);
        for (value, range) in [(Value::Raw, raw), (Value::Corrected, corrected)] {
            let any = plate.wells.iter().any(|well| value.of(well).is_some());
            let title = match value {
                Value::Raw => "as read",
                Value::Corrected => "corrected for blank, position and controls",
            };
            m.within("figure", &[], |m| {
                m.within("figcaption", &[], |m| m.element("span", &[], title));
                if any {
                    heat::draw(m, plate, campaign, value, range);
                } else {
                    m.element("p", &[("class", &"sub")], "no values");
                }
            });
        }
        m.close("div");
        grid(m, plate);
        m.close("div");
    }
    m.close("div");
    if let Some(more) = campaign
        .plates
        .len()
        .checked_sub(PLATES_DRAWN_MAX)
        .filter(|more| *more > 0)
    {
        let text = format!(
            "{more} more plates are not drawn here; all their wells are in data/wells.parquet."
        );
        m.element("p", &[("class", &"sub")], text);
    }
}

/// The plates to draw: all, or where there are too many those that do not count and the earliest.
fn drawn(plates: &[Plate]) -> Vec<&Plate> {
    let mut chosen: Vec<usize> = (0..plates.len()).collect();
    chosen.sort_by_key(|index| (plates[*index].verdict == Verdict::Accepted, *index));
    chosen.truncate(PLATES_DRAWN_MAX);
    chosen.sort_unstable();
    chosen.into_iter().map(|index| &plates[index]).collect()
}

fn verdict(verdict: &Verdict) -> (&'static str, String) {
    match verdict {
        Verdict::Accepted => ("good", "accepted".into()),
        Verdict::Repeated(_) => ("bad", "repeated".into()),
        Verdict::Lost(_) => ("bad", "lost".into()),
        Verdict::Unfinished => ("mute", "unfinished".into()),
    }
}

fn row(plate: &Plate) -> Vec<Cell> {
    let (class, text) = verdict(&plate.verdict);
    let two = |value: Option<f64>| Cell::Number(value.map_or("–".into(), |value| digits(value, 2)));
    let quality = &plate.quality;
    let times = match (plate.began, plate.ended) {
        (Some(began), Some(ended)) => format!("{} to {}", moment(began), moment(ended)),
        (Some(began), None) => format!("from {}", moment(began)),
        _ => "–".into(),
    };
    vec![
        Cell::Short(plate.id.to_string()),
        Cell::Chip(class, text),
        two(quality.z_prime),
        two(quality.robust_z_prime),
        two(quality.ssmd),
        Cell::Number(quality.control_cv.map_or("–".into(), percent)),
        two(quality.replicate_sd),
        Cell::Number(format!("{} of {}", quality.valid, quality.wanted)),
        Cell::Short(times),
        Cell::Text(
            plate
                .purpose
                .clone()
                .or(plate.batch.map(|batch| batch.to_string()))
                .unwrap_or_default(),
        ),
    ]
}

fn head(m: &mut Markup, plate: &Plate) {
    m.element("h4", &[], plate.id);
    let (class, text) = verdict(&plate.verdict);
    chip(m, class, &text);
    let mut facts = vec![
        plate.labware.clone(),
        format!("barcode {}", plate.barcode),
        plate.order.to_string(),
    ];
    facts.extend(plate.purpose.clone());
    facts.extend(
        plate
            .batch
            .map(|batch| format!("{batch} of {}", plate.policy)),
    );
    let quality = &plate.quality;
    facts.extend(quality.z_prime.map(|z| format!("Z′ {}", digits(z, 2))));
    facts.extend(
        quality
            .control_cv
            .map(|cv| format!("control CV {}", percent(cv))),
    );
    m.element("p", &[("class", &"facts")], facts.join(" · "));
    match &plate.verdict {
        Verdict::Repeated(why) if !why.is_empty() => {
            let text = format!("Its wells do not count: {}.", why.join("; "));
            m.element("p", &[("class", &"bad")], text);
        }
        Verdict::Lost(why) => m.element("p", &[("class", &"bad")], format!("Lost: {why}")),
        _ => {}
    }
}

/// The values as they lie on the plate, for those who can't see colours.
fn grid(m: &mut Markup, plate: &Plate) {
    let value = |well: &Well| Value::Corrected.of(well).or(Value::Raw.of(well));
    if plate.wells.iter().all(|well| value(well).is_none()) {
        return;
    }
    let mut cells = vec![String::new(); usize::from(plate.rows) * usize::from(plate.columns)];
    for well in &plate.wells {
        let index = usize::from(well.row) * usize::from(plate.columns) + usize::from(well.column);
        let inside = well.column < plate.columns;
        if let Some(cell) = cells.get_mut(index).filter(|_| inside) {
            let text = value(well).map_or(String::new(), |v| digits(v, 3));
            let doubt = if well.flags.is_empty() && well.failed.is_none() {
                ""
            } else {
                "*"
            };
            *cell = format!("{}{text}{doubt}", heat::mark(&well.role));
        }
    }
    m.within("details", &[], |m| {
        m.element(
            "summary",
            &[],
            "the same as a table (corrected, or raw where there is no corrected value; * flagged)",
        );
        m.open("div", &[("class", &"scroll")]);
        m.within("table", &[("class", &"grid-table")], |m| {
            m.within("tr", &[], |m| {
                m.element("th", &[], "");
                (0..plate.columns).for_each(|column| m.element("th", &[], u16::from(column) + 1));
            });
            for (row, values) in cells.chunks(usize::from(plate.columns.max(1))).enumerate() {
                m.within("tr", &[], |m| {
                    let name = Plate::well_name(row as u8, 0);
                    m.element("th", &[], name.trim_end_matches('1'));
                    values.iter().for_each(|value| m.element("td", &[], value));
                });
            }
        });
        m.close("div");
    });
}
