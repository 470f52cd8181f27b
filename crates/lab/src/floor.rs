//! Tile floors: a full one with berths all around, or one drawn as a map.
//!
//! ```toml
//! [track]
//! kind = "floor"
//! map = """
//! d.d.d
//! .....
//! p.#.p      # '.' a tile, '#' none, 'd' a dock beside the tiles, 'p' a parking berth
//! """
//! ```

use crate::track::{Needs, length, or_problem, parking};
use quantity::Length;
use source::Table;
use transport::layouts::{self, FloorBerth};
use transport::{BerthKind, Track};

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
                        item.problem(format!(
                            "'{other}' in line {}, column {} of the map means nothing",
                            r + 1,
                            c + 1
                        ))
                        .expected("'.' a tile, '#' no tile, 'd' a dock, 'p' a parking berth"),
                    );
                    sound = false;
                    continue;
                }
            };
            *count += 1;
            // The map's first line is the northernmost: side 1 of a tile is up in the map.
            let beside = [(-1, 0, 0), (0, 1, 1), (1, 0, 2), (0, -1, 3)];
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
                        item.problem(format!(
                            "the {word} in line {}, column {} of the map has no tile beside it",
                            r + 1,
                            c + 1
                        ))
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
    or_problem(table, track)
}
