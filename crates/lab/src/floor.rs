//! Tile floors: a full one with berths all around, or one drawn as a map.
//!
//! ```toml
//! [track]
//! kind = "floor"
//! map = """
//! d.d.d
//! .....
//! p.#.p
//! """
//! ```
//!
//! `.` is a tile, `#` none, `d` a dock beside the tiles, `p` a parking berth; north is up.

use crate::limits::MAX_TILES;
use crate::track::{Needs, length, or_problem, parking, too_large};
use quantity::Length;
use source::{Item, Problem, Span, Table};
use transport::layouts::{self, FloorBerth};
use transport::{BerthKind, Track, TrackError};

/// The usual tile of planar motor systems: 240 mm (facts of XPlanar and its family).
const TILE_MM: f64 = 240.0;

pub(crate) fn read(table: &Table<'_>, needs: Needs) -> Option<Track> {
    let tile = length(table, "tile", [0.1, 2.0], Length::from_mm(TILE_MM));
    let largest = needs.footprint.length.max(needs.footprint.width);
    if tile < largest {
        table.push(
            table
                .problem(format!(
                    "a tile of {tile} is smaller than a mover of {largest}"
                ))
                .help("use larger tiles or smaller movers"),
        );
        return None;
    }
    if table.has("map") {
        return map(table, needs, tile);
    }
    let parking = parking(table, needs.movers);
    let berths = needs.docks + parking;
    let count = |key: &str, default: usize| {
        let item = table.item(key);
        item.and_then(|item| item.integer_in(1..=2000))
            .map_or(default, |n| n as usize)
    };
    let columns = count("columns", berths.div_ceil(3).max(2));
    let rows = count(
        "rows",
        berths.saturating_sub(2 * columns).div_ceil(2).max(2),
    );
    too_large(table, columns * rows, MAX_TILES, "tiles")?;
    let track = layouts::open_floor(needs.footprint, tile, columns, rows, needs.docks, parking);
    or_problem(table, track)
}

fn map(table: &Table<'_>, needs: Needs, tile: Length) -> Option<Track> {
    let item = table.item("map")?;
    let text = item.read::<String>()?;
    let lines: Vec<Vec<char>> = text
        .lines()
        .map(|line| line.trim_end().chars().collect())
        .collect();
    let rows = lines.len();
    let columns = lines.iter().map(Vec::len).max().unwrap_or(0);
    too_large(table, columns * rows, MAX_TILES, "tiles")?;
    let at = |c: i64, r: i64| -> char {
        let line = usize::try_from(r).ok().and_then(|r| lines.get(r));
        let cell = line
            .zip(usize::try_from(c).ok())
            .and_then(|(line, c)| line.get(c));
        cell.copied().unwrap_or(' ')
    };
    let mut berths = Vec::new();
    let mut given = [0_usize; 2];
    let mut sound = true;
    for (r, line) in lines.iter().enumerate() {
        for (c, &cell) in line.iter().enumerate() {
            let (word, kind, count) = match cell {
                'd' => ("dock", BerthKind::Dock, &mut given[0]),
                'p' => ("park", BerthKind::Parking, &mut given[1]),
                '.' | '#' | ' ' => continue,
                other => {
                    item.push(
                        Problem::error(format!("'{other}' means nothing in a map"))
                            .at(&cell_span(&item, r, c))
                            .expected("'.' a tile, '#' no tile, 'd' a dock, 'p' a parking berth"),
                    );
                    sound = false;
                    continue;
                }
            };
            *count += 1;
            // The map's first line is the northernmost: side 1 of a tile is up in the map.
            let beside = [(-1, 0, 0), (0, 1, 1), (1, 0, 2), (0, -1, 3)];
            let span = cell_span(&item, r, c);
            let (c, r) = (c as i64, r as i64);
            let door = beside
                .into_iter()
                .find(|&(dc, dr, _)| at(c + dc, r + dr) == '.');
            match door {
                Some((dc, dr, side)) => berths.push(FloorBerth {
                    name: format!("{word}-{count}"),
                    kind,
                    tile: ((c + dc) as usize, rows - 1 - (r + dr) as usize),
                    side,
                }),
                None => {
                    item.push(
                        Problem::error(format!("this {word} has no tile beside it"))
                            .at(&span)
                            .help("put a '.' left, right, above or below it"),
                    );
                    sound = false;
                }
            }
        }
    }
    if !sound {
        return None;
    }
    let open = |c: usize, r: usize| at(c as i64, (rows - 1 - r) as i64) == '.';
    let track = layouts::floor(needs.footprint, tile, columns, rows, open, &berths);
    match track {
        Err(TrackError::NoWay { from, to }) => {
            item.push(
                item.problem(if from == to {
                    format!("a mover that leaves {from} can't come back to it")
                } else {
                    format!("no way leads from {from} to {to}")
                })
                .help("join all tiles, in ways at least two tiles wide or in circles: movers don't turn round on a tile"),
            );
            None
        }
        track => or_problem(table, track),
    }
}

/// Where a character of the map stands in the file. Maps have no escapes, so lines are lines.
fn cell_span(item: &Item<'_>, row: usize, column: usize) -> Span {
    let span = item.span();
    let raw = span.text();
    let quotes = raw.len() - raw.trim_start_matches(['"', '\'']).len();
    let opening = if quotes >= 3 { 3 } else { 1 };
    let body = raw.get(opening..).unwrap_or_default();
    let body = body
        .strip_prefix("\r\n")
        .or(body.strip_prefix('\n'))
        .unwrap_or(body);
    let mut at = raw.len() - body.len();
    for (index, line) in body.split('\n').enumerate() {
        if index == row {
            let before: usize = line.chars().take(column).map(char::len_utf8).sum();
            let here = line.chars().nth(column).map_or(0, char::len_utf8);
            return span.part(at + before..at + before + here);
        }
        at += line.len() + 1;
    }
    span
}
