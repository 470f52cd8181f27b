//! The track of a lab file: a ready-made form with its measures, or points and rails by hand.
//!
//! ```toml
//! [track]
//! kind = "ladder"      # loop, ladder, streets, comb, floor, rails
//! lanes = 4
//! ```

use crate::floor;
use crate::limits::{MAX_BLOCKS, MAX_TRACK_PARTS};
use crate::rails;
use quantity::Length;
use source::{At, Item, Problem, Read, Span, Table};
use std::ops::RangeInclusive;
use std::sync::Arc;
use transport::layouts::{self, Plan};
use transport::{BerthKind, Footprint, Track, TrackError};

/// What a track must have room for.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Needs {
    /// The largest mover.
    pub footprint: Footprint,
    /// Docks of all stations.
    pub docks: usize,
    /// Movers, each of which needs a parking berth.
    pub movers: usize,
}

#[derive(Clone, Copy, Debug, PartialEq)]
enum Form {
    Loop,
    Ladder,
    Streets,
    Comb,
    Floor,
    Rails,
}

const FORMS: [(&str, Form); 6] = [
    ("loop", Form::Loop),
    ("ladder", Form::Ladder),
    ("streets", Form::Streets),
    ("comb", Form::Comb),
    ("floor", Form::Floor),
    ("rails", Form::Rails),
];

/// Reads `[track]` and lays it; what is wrong goes to the table's sink.
pub(crate) fn read(table: Table<'_>, needs: Option<Needs>) -> Option<Arc<Track>> {
    let form = table.choice("kind", &FORMS);
    let Some((form, needs)) = form.map(|form| form.value).zip(needs) else {
        // What the form would read can't be told from typing errors.
        drop(table.entries());
        table.finish();
        return None;
    };
    let track = match form {
        Form::Rails => rails::read(&table, needs),
        Form::Floor => floor::read(&table, needs),
        _ => ready_made(&table, form, needs),
    };
    let span = table.span();
    let sink = table.sink();
    table.finish();
    let track = track?;
    let docks = berths(&track, BerthKind::Dock);
    let parking = berths(&track, BerthKind::Parking);
    for (what, found, needed, whose) in [
        ("docks", docks, needs.docks, "stations"),
        ("parking berths", parking, needs.movers, "movers"),
    ] {
        if found < needed {
            sink.push(
                Problem::error(format!(
                    "the {whose} need {needed} {what}, and this track has {found}"
                ))
                .at(&span)
                .help(match form {
                    Form::Rails => format!("add {what} to the track, or take {whose} out"),
                    Form::Floor => format!("make the floor larger or add {what} to its map"),
                    _ => format!("raise the number of {what}, or leave it out"),
                }),
            );
        }
    }
    (docks >= needs.docks && parking >= needs.movers).then(|| Arc::new(track))
}

fn berths(track: &Track, kind: BerthKind) -> usize {
    track.berths().iter().filter(|b| b.kind == kind).count()
}

/// A length in a range.
pub(crate) fn length(table: &Table<'_>, key: &str, range: [f64; 2], default: Length) -> Length {
    let range = Length::from_m(range[0])..=Length::from_m(range[1]);
    table
        .item(key)
        .and_then(|item| in_range(&item, &range))
        .unwrap_or(default)
}

pub(crate) fn in_range<T: Read + PartialOrd + std::fmt::Display + Copy>(
    item: &Item<'_>,
    range: &RangeInclusive<T>,
) -> Option<T> {
    let at: At<T> = item.read()?;
    item.within(at.value, range)
}

/// Parking berths: one for each mover, and a few to move about.
pub(crate) fn parking(table: &Table<'_>, movers: usize) -> usize {
    let spare = movers + movers.div_ceil(10);
    table
        .item("parking")
        .and_then(|item| item.integer_in(1..=MAX_TRACK_PARTS as i64))
        .map_or(spare, |n| n as usize)
}

fn ready_made(table: &Table<'_>, form: Form, needs: Needs) -> Option<Track> {
    let count = |key: &str, range: RangeInclusive<i64>, default: usize| {
        let item = table.item(key);
        item.and_then(|item| item.integer_in(range))
            .map_or(default, |n| n as usize)
    };
    let normal = Plan::default();
    let plan = Plan {
        footprint: needs.footprint,
        pitch: length(table, "pitch", [0.2, 10.0], Length::from_m(0.8)),
        radius: length(table, "radius", [0.2, 10.0], normal.radius),
        siding: length(table, "siding", [0.15, 5.0], normal.siding),
    };
    let parking = parking(table, needs.movers);
    let docks = count("docks", 1..=MAX_TRACK_PARTS as i64, needs.docks);
    let berths = docks + parking;
    let track = match form {
        Form::Ladder => {
            let lanes = count("lanes", 2..=200, 2 + 2 * (berths / 100));
            let every = count("every", 1..=1000, 4);
            let places = lanes * (every + berths.div_ceil(2 * lanes));
            too_large(table, places, MAX_BLOCKS, "places for berths")?;
            layouts::ladder(plan, lanes, every, docks, parking)
        }
        Form::Streets => {
            // As wide as high: a street is about half as far from the next as a block is long.
            let each = count("each", 1..=1000, 3);
            let side = (berths as f64 / (2 * each) as f64).sqrt();
            let rows = count("rows", 2..=1000, ((side * 1.4).ceil() as usize).max(2));
            let streets = rows.next_multiple_of(2);
            let columns = berths.div_ceil(2 * each * streets) + 1;
            let columns = count("columns", 2..=1000, columns.max(2));
            too_large(
                table,
                rows * columns * each,
                MAX_BLOCKS,
                "places for berths",
            )?;
            layouts::streets(plan, rows, columns, each, docks, parking)
        }
        Form::Comb => {
            let teeth = count("teeth", 2..=1000, 2 * berths.div_ceil(24).max(1));
            layouts::comb(plan, teeth, docks, parking)
        }
        _ => layouts::oval(plan, docks, parking),
    };
    or_problem(table, track)
}

/// Refuses what would take more memory than any real track.
pub(crate) fn too_large(table: &Table<'_>, found: usize, most: usize, what: &str) -> Option<()> {
    if found <= most {
        return Some(());
    }
    table.push(
        table
            .problem(format!("this track would have {found} {what}"))
            .expected(format!("at most {most}")),
    );
    None
}

/// The track, or what is wrong with it as a problem of the whole table.
pub(crate) fn or_problem(table: &Table<'_>, track: Result<Track, TrackError>) -> Option<Track> {
    or_problem_at(table, track, |_| None)
}

/// As [`or_problem`], at the place of the berth that is to blame where `place` knows it by name.
pub(crate) fn or_problem_at(
    table: &Table<'_>,
    track: Result<Track, TrackError>,
    place: impl Fn(&str) -> Option<Span>,
) -> Option<Track> {
    track
        .map_err(|error| {
            let berth = match &error {
                TrackError::TooNear { berth, .. }
                | TrackError::ShortSiding { berth, .. }
                | TrackError::Loose { berth, .. }
                | TrackError::NoWay { from: berth, .. }
                | TrackError::SameName(berth) => Some(berth),
                _ => None,
            };
            let span = berth
                .and_then(|berth| place(berth))
                .unwrap_or_else(|| table.span());
            let help = match &error {
                TrackError::NoWay { .. } => {
                    "rails are one-way unless two_way = true, and movers don't turn round on them: close the loop"
                }
                TrackError::TooNear { .. } | TrackError::ShortSiding { .. } => {
                    "lengthen the sidings, or lay the rails further apart"
                }
                TrackError::Short { .. } => "lengthen 'pitch' or 'radius', or use smaller movers",
                TrackError::Arc { .. } => "raise the radius, or leave it out for a straight rail",
                TrackError::Loose { .. } => "join the berth to a point that rails pass through",
                TrackError::SameName(_) => "give each berth a name of its own",
                TrackError::Empty(_) => "lay rails and berths",
            };
            table.push(
                Problem::error(format!("this track can't be laid: {error}"))
                    .at(&span)
                    .help(help),
            );
        })
        .ok()
}
