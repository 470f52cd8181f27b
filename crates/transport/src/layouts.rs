//! Ready-made tracks: an oval, a ladder of lanes, a comb, a grid of one-way streets, a tile floor.
//!
//! All have docks `dock-1`, `dock-2`, … and parking berths `park-1`, `park-2`, … in the order in
//! which they lie along the track, and are made for generators, tests and races; a lab file may
//! name its own.

use crate::builder::{TrackBuilder, TrackError};
use crate::geometry::{Curve, Point, Shape};
use crate::track::{BerthKind, Footprint, NodeId, Track};
use quantity::Length;

/// What the ready-made tracks of rails have in common.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Plan {
    /// The largest mover.
    pub footprint: Footprint,
    /// From one berth to the next along the track.
    pub pitch: Length,
    /// Radius of curves.
    pub radius: Length,
    /// From the track to a berth.
    pub siding: Length,
}

impl Default for Plan {
    /// For movers of 155 mm, which carry any single plate.
    fn default() -> Self {
        Self {
            footprint: Footprint {
                length: Length::from_mm(155.0),
                width: Length::from_mm(155.0),
            },
            pitch: Length::from_mm(500.0),
            radius: Length::from_mm(500.0),
            siding: Length::from_mm(260.0),
        }
    }
}

/// Berths of both kinds, handed out along the track until they run out.
struct Berths {
    docks: usize,
    parks: usize,
    given: [usize; 2],
}

impl Berths {
    fn new(docks: usize, parks: usize) -> Self {
        Self {
            docks,
            parks,
            given: [0; 2],
        }
    }

    /// Puts a berth at a node, of the kind that is further behind its share.
    fn next(&mut self, builder: &mut TrackBuilder, node: NodeId, at: [f64; 2]) {
        let [docks, parks] = self.given;
        let dock_due = docks * self.parks <= parks * self.docks;
        let kind = if docks < self.docks && (dock_due || parks >= self.parks) {
            BerthKind::Dock
        } else {
            BerthKind::Parking
        };
        self.put(builder, kind, node, at);
    }

    fn put(&mut self, builder: &mut TrackBuilder, kind: BerthKind, node: NodeId, at: [f64; 2]) {
        let (word, most, given) = match kind {
            BerthKind::Dock => ("dock", self.docks, &mut self.given[0]),
            BerthKind::Parking => ("park", self.parks, &mut self.given[1]),
        };
        if *given < most {
            *given += 1;
            builder.spur(&format!("{word}-{given}"), kind, node, Point::of(at));
        }
    }
}

fn point(builder: &mut TrackBuilder, x: f64, y: f64) -> NodeId {
    builder.node(Point::from_m(x, y))
}

fn arc(radius: f64, left: bool) -> Shape {
    Shape::Arc {
        radius: Length::from_m(radius),
        left,
        far: false,
    }
}

/// A one-way oval, docks outside and parking berths inside of its two straights.
///
/// # Errors
/// [`TrackError`] if the plan's measures don't fit each other.
pub fn oval(plan: Plan, docks: usize, parking: usize) -> Result<Track, TrackError> {
    let (pitch, r, siding) = (plan.pitch.as_m(), plan.radius.as_m(), plan.siding.as_m());
    let slots = docks.max(parking).div_ceil(2).max(1);
    let length = pitch * (slots + 1) as f64;
    let mut builder = TrackBuilder::new(plan.footprint);
    let mut berths = Berths::new(docks, parking);
    let height = 2.0 * r;
    let mut starts = Vec::new();
    for (y, east) in [(0.0, true), (height, false)] {
        let x = |i: usize| {
            let x = pitch * i as f64;
            if east { x } else { length - x }
        };
        let mut last = point(&mut builder, x(0), y);
        starts.push(last);
        for i in 1..=slots + 1 {
            let node = point(&mut builder, x(i), y);
            builder.rail(last, node, Shape::Line)?;
            if i <= slots {
                let out = if east { -siding } else { siding };
                berths.put(&mut builder, BerthKind::Dock, node, [x(i), y + out]);
                berths.put(&mut builder, BerthKind::Parking, node, [x(i), y - out]);
            }
            last = node;
        }
        starts.push(last);
    }
    builder.rail(starts[1], starts[2], arc(r, true))?;
    builder.rail(starts[3], starts[0], arc(r, true))?;
    builder.build()
}

/// Parallel lanes, in turn eastward and westward, joined at both ends and by crossovers after
/// every `every` berths. Berths lie on both sides of each lane.
///
/// # Errors
/// [`TrackError`] if the plan's measures don't fit each other.
pub fn ladder(
    plan: Plan,
    lanes: usize,
    every: usize,
    docks: usize,
    parking: usize,
) -> Result<Track, TrackError> {
    let lanes = lanes.max(1);
    let every = every.max(1);
    let berths_per_lane = (docks + parking).div_ceil(lanes).div_ceil(2).max(1);
    let bays = berths_per_lane.div_ceil(every);
    streets(
        plan,
        lanes.next_multiple_of(2),
        bays + 1,
        every,
        docks,
        parking,
    )
}

/// A grid of one-way streets, as in a town: rows in turn eastward and westward, columns in turn
/// southward and northward, crossing with turns; berths on both sides of the row streets, `each`
/// places between two crossings.
///
/// # Errors
/// [`TrackError`] if the plan's measures don't fit each other.
pub fn streets(
    plan: Plan,
    rows: usize,
    columns: usize,
    each: usize,
    docks: usize,
    parking: usize,
) -> Result<Track, TrackError> {
    let (pitch, r, siding) = (plan.pitch.as_m(), plan.radius.as_m(), plan.siding.as_m());
    // The outer streets must form a circle: an even number of each.
    let (rows, columns) = (
        rows.max(2).next_multiple_of(2),
        columns.max(2).next_multiple_of(2),
    );
    let each = each.max(1);
    let width = 2.0 * r + pitch * (each + 1) as f64;
    let side = plan
        .footprint
        .length
        .as_m()
        .max(plan.footprint.width.as_m());
    // Rows must leave room for two berths back to back.
    let height = (2.0 * r + pitch).max(2.0 * siding + 2.0 * side);
    let mut builder = TrackBuilder::new(plan.footprint);
    let mut berths = Berths::new(docks, parking);
    let east = |row: usize| row.is_multiple_of(2);
    // With the bottom row eastward, the rightmost column northward closes the circle.
    let north = |column: usize| column % 2 == 1;
    let at = |row: usize, column: usize| (width * column as f64, height * row as f64);
    for row in 0..rows {
        for column in 0..columns {
            let (x, y) = at(row, column);
            let dx = if east(row) { r } else { -r };
            let dy = if north(column) { r } else { -r };
            let row_in = column != if east(row) { 0 } else { columns - 1 };
            let row_out = column != if east(row) { columns - 1 } else { 0 };
            let column_in = row != if north(column) { 0 } else { rows - 1 };
            let column_out = row != if north(column) { rows - 1 } else { 0 };
            let left_from_row = (dx > 0.0) == (dy > 0.0);
            let mut node = |x: f64, y: f64| point(&mut builder, x, y);
            let (a, b) = (node(x - dx, y), node(x + dx, y));
            let (c, d) = (node(x, y - dy), node(x, y + dy));
            if row_in && row_out {
                builder.rail(a, b, Shape::Line)?;
            }
            if column_in && column_out {
                builder.rail(c, d, Shape::Line)?;
            }
            if row_in && column_out {
                builder.rail(a, d, arc(r, left_from_row))?;
            }
            if column_in && row_out {
                builder.rail(c, b, arc(r, !left_from_row))?;
            }
            if column_out {
                let (_, next) = at(if north(column) { row + 1 } else { row - 1 }, column);
                let to = point(&mut builder, x, next - dy);
                if (next - dy - (y + dy)).abs() > 1e-9 {
                    builder.rail(d, to, Shape::Line)?;
                }
            }
            if row_out {
                let mut last = b;
                for k in 1..=each + 1 {
                    let x = x + dx + dx.signum() * pitch * k as f64;
                    let node = point(&mut builder, x, y);
                    builder.rail(last, node, Shape::Line)?;
                    if k <= each {
                        berths.next(&mut builder, node, [x, y + siding]);
                        berths.next(&mut builder, node, [x, y - siding]);
                    }
                    last = node;
                }
            }
        }
    }
    builder.build()
}

/// A backbone loop with U-shaped teeth on both sides: berths on both sides of every tooth.
/// Movers between berths of one tooth pass the backbone only once.
///
/// # Errors
/// [`TrackError`] if the plan's measures don't fit each other.
pub fn comb(plan: Plan, teeth: usize, docks: usize, parking: usize) -> Result<Track, TrackError> {
    let (pitch, r, siding) = (plan.pitch.as_m(), plan.radius.as_m(), plan.siding.as_m());
    let teeth = teeth.max(2).next_multiple_of(2);
    let side = plan
        .footprint
        .length
        .as_m()
        .max(plan.footprint.width.as_m());
    // Legs of a tooth, and neighbouring teeth, leave room for two berths back to back.
    let leg = (2.0 * r + pitch).max(2.0 * siding + 2.0 * side);
    let slots = (docks + parking).div_ceil(teeth).div_ceil(4).max(1);
    let reach = pitch * (slots + 1) as f64;
    let per_side = teeth / 2;
    let length = 2.0 * leg * per_side as f64;
    let mut builder = TrackBuilder::new(plan.footprint);
    let mut berths = Berths::new(docks, parking);
    let height = leg;
    let mut ends = Vec::new();
    for (y, sign) in [(0.0, 1.0), (height, -1.0)] {
        // Along the bottom eastward with teeth to the south; along the top westward, to the north.
        let x_at = |s: f64| if sign > 0.0 { s } else { length - s };
        let mut last = point(&mut builder, x_at(0.0), y);
        ends.push(last);
        for tooth in 0..per_side {
            let s0 = 2.0 * leg * tooth as f64 + (2.0 * leg - leg - 2.0 * r) / 2.0;
            // Off the backbone at s0, down at s0 + r, back up at s0 + r + leg, on again.
            let out = point(&mut builder, x_at(s0), y);
            if out != last {
                builder.rail(last, out, Shape::Line)?;
            }
            let on = point(&mut builder, x_at(s0 + leg + 2.0 * r), y);
            builder.rail(out, on, Shape::Line)?;
            let away = |d: f64| y - sign * (r + d);
            let (down, up) = (x_at(s0 + r), x_at(s0 + r + leg));
            let mut at = point(&mut builder, down, away(0.0));
            builder.rail(out, at, arc(r, false))?;
            for (x, back) in [(down, false), (up, true)] {
                for k in 1..=slots + 1 {
                    let d = if back {
                        reach - pitch * k as f64
                    } else {
                        pitch * k as f64
                    };
                    let node = point(&mut builder, x, away(d));
                    builder.rail(at, node, Shape::Line)?;
                    if k <= slots {
                        berths.next(&mut builder, node, [x - siding, away(d)]);
                        berths.next(&mut builder, node, [x + siding, away(d)]);
                    }
                    at = node;
                }
                if !back {
                    // Around the far end: a quarter, a straight, a quarter.
                    let sx = sign;
                    let a = point(&mut builder, down + sx * r, away(reach + r));
                    let b = point(&mut builder, up - sx * r, away(reach + r));
                    let c = point(&mut builder, up, away(reach));
                    builder.rail(at, a, arc(r, true))?;
                    builder.rail(a, b, Shape::Line)?;
                    builder.rail(b, c, arc(r, true))?;
                    at = c;
                }
            }
            builder.rail(at, on, arc(r, false))?;
            last = on;
        }
        let end = point(&mut builder, x_at(length), y);
        builder.rail(last, end, Shape::Line)?;
        ends.push(end);
    }
    for (from, to, x, out) in [(1, 2, length, r), (3, 0, 0.0, -r)] {
        let (y0, y1) = if from == 1 {
            (0.0, height)
        } else {
            (height, 0.0)
        };
        let turn = (y1 - y0).signum() * r;
        let a = point(&mut builder, x + out, y0 + turn);
        let b = point(&mut builder, x + out, y1 - turn);
        builder.rail(ends[from], a, arc(r, true))?;
        builder.rail(a, b, Shape::Line)?;
        builder.rail(b, ends[to], arc(r, true))?;
    }
    builder.build()
}

/// A berth beside a tile of a floor.
#[derive(Clone, Debug, PartialEq)]
pub struct FloorBerth {
    /// Its name.
    pub name: String,
    /// What it is for.
    pub kind: BerthKind,
    /// Column and row of the tile in front of it, from the south-west corner.
    pub tile: (usize, usize),
    /// On which side of the tile: 0 east, 1 north, 2 west, 3 south. There must be no open tile.
    pub side: usize,
}

/// A floor of square tiles over which movers go in all four directions. `open` says whether
/// there is a tile at a column and row. Berths are tiles beside it that nobody passes.
///
/// # Errors
/// [`TrackError`] if a berth has no open tile in front of it or the floor falls apart.
pub fn floor(
    footprint: Footprint,
    tile: Length,
    columns: usize,
    rows: usize,
    open: impl Fn(usize, usize) -> bool,
    berths: &[FloorBerth],
) -> Result<Track, TrackError> {
    const STEP: [(i64, i64); 4] = [(1, 0), (0, 1), (-1, 0), (0, -1)];
    let size = tile.as_m();
    let is_open = |c: i64, r: i64| {
        c >= 0
            && r >= 0
            && (c as usize) < columns
            && (r as usize) < rows
            && open(c as usize, r as usize)
    };
    let middle = |c: i64, r: i64| [(c as f64 + 0.5) * size, (r as f64 + 0.5) * size];
    let edge = |c: i64, r: i64, side: usize| {
        let [x, y] = middle(c, r);
        let (dx, dy) = STEP[side];
        [x + dx as f64 * size / 2.0, y + dy as f64 * size / 2.0]
    };
    let mut builder = TrackBuilder::new(footprint);
    builder.keeps_heading = true;
    let mut doors: Vec<(i64, i64, usize)> = Vec::with_capacity(berths.len());
    for berth in berths {
        let (c, r) = (berth.tile.0 as i64, berth.tile.1 as i64);
        let side = berth.side % 4;
        doors.push((c, r, side));
        let node = builder.node(Point::of(edge(c, r, side)));
        let (dx, dy) = STEP[side];
        let position = Point::of(middle(c + dx, r + dy));
        builder.spur(&berth.name, berth.kind, node, position);
    }
    doors.sort_unstable();
    for r in 0..rows as i64 {
        for c in 0..columns as i64 {
            if !is_open(c, r) {
                continue;
            }
            let group = builder.group();
            let ways: Vec<usize> = (0..4)
                .filter(|&side| {
                    let (dx, dy) = STEP[side];
                    is_open(c + dx, r + dy) || doors.binary_search(&(c, r, side)).is_ok()
                })
                .collect();
            for &a in &ways {
                for &b in &ways {
                    if a == b {
                        continue;
                    }
                    let (from, to) = (edge(c, r, a), edge(c, r, b));
                    let (i, j) = (builder.node(Point::of(from)), builder.node(Point::of(to)));
                    let shape = if (a + 2) % 4 == b {
                        Shape::Line
                    } else {
                        Shape::Corner {
                            via: Point::of(middle(c, r)),
                        }
                    };
                    if let Some(curve) = Curve::new(shape, from, to) {
                        builder.piece(i, j, curve, None, group, true);
                    }
                }
            }
        }
    }
    builder.build()
}

/// A full floor with berths all around it, docks and parking mixed.
///
/// # Errors
/// As [`floor`]; too few places around it shows as missing berths.
pub fn open_floor(
    footprint: Footprint,
    tile: Length,
    columns: usize,
    rows: usize,
    docks: usize,
    parking: usize,
) -> Result<Track, TrackError> {
    let places = (0..columns)
        .map(|c| ((c, 0), 3))
        .chain((0..rows).map(|r| ((columns - 1, r), 0)))
        .chain((0..columns).rev().map(|c| ((c, rows - 1), 1)))
        .chain((0..rows).rev().map(|r| ((0, r), 2)));
    let mut given = [0_usize; 2];
    let mut berths = Vec::with_capacity(docks + parking);
    for (tile, side) in places {
        let dock =
            given[0] < docks && (given[0] * parking <= given[1] * docks || given[1] >= parking);
        let (word, kind, count) = if dock {
            ("dock", BerthKind::Dock, &mut given[0])
        } else if given[1] < parking {
            ("park", BerthKind::Parking, &mut given[1])
        } else {
            break;
        };
        *count += 1;
        berths.push(FloorBerth {
            name: format!("{word}-{count}"),
            kind,
            tile,
            side,
        });
    }
    floor(footprint, tile, columns, rows, |_, _| true, &berths)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn count(track: &Track, kind: BerthKind) -> usize {
        track.berths().iter().filter(|b| b.kind == kind).count()
    }

    #[test]
    fn all_layouts_are_tracks() {
        let plan = Plan::default();
        let tracks = [
            oval(plan, 6, 4).unwrap(),
            ladder(plan, 4, 3, 24, 20).unwrap(),
            streets(plan, 4, 6, 2, 30, 20).unwrap(),
            comb(plan, 6, 40, 30).unwrap(),
            open_floor(plan.footprint, Length::from_mm(240.0), 8, 6, 12, 10).unwrap(),
        ];
        for (track, (docks, parking)) in
            tracks
                .iter()
                .zip([(6, 4), (24, 20), (30, 20), (40, 30), (12, 10)])
        {
            assert_eq!(count(track, BerthKind::Dock), docks);
            assert_eq!(count(track, BerthKind::Parking), parking);
            let rests = track.blocks().iter().filter(|b| b.rest.is_some()).count();
            assert!(
                rests * 3 > track.blocks().len(),
                "{rests} of {} blocks let a mover rest",
                track.blocks().len()
            );
        }
    }
}
