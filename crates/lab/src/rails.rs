//! Tracks laid by hand: points, rails between them, docks and parking berths.
//!
//! ```toml
//! [track]
//! kind = "rails"
//! rail = [
//!   { through = ["sw", "se"] },                               # straight, one-way
//!   { through = ["se", "ne"], radius = "1 m", turn = "left" },
//!   { through = ["ne", "nw"] },
//!   { through = ["nw", "sw"], radius = "1 m", turn = "left" },
//! ]
//! dock    = [{ name = "west", at = "a", place = ["1 m", "-0.3 m"] }]
//! parking = [{ name = "p1", at = "b", place = ["2 m", "0.3 m"] }]
//!
//! [track.point]
//! sw = ["0 m", "0 m"]
//! se = ["6 m", "0 m"]
//! # …
//! ```

use crate::limits::{MAX_BLOCKS, MAX_TRACK_PARTS};
use crate::track::{Needs, in_range, length, or_problem_at, too_large};
use quantity::Length;
use source::{At, Item, Problem, Span, Table};
use std::collections::BTreeMap;
use std::f64::consts::TAU;
use transport::{
    BerthKind, DEFAULT_BLOCK_UM, DEFAULT_GAP_UM, NodeId, Point, Shape, Track, TrackBuilder,
};

/// Halls are not larger than this, each way.
const FAR_M: f64 = 2_000.0;

pub(crate) fn read(table: &Table<'_>, needs: Needs) -> Option<Track> {
    let gap = length(table, "gap", [0.0, 1.0], Length::from_base(DEFAULT_GAP_UM));
    let block = length(
        table,
        "block",
        [0.1, 20.0],
        Length::from_base(DEFAULT_BLOCK_UM),
    );
    let mut builder = TrackBuilder::new(needs.footprint)
        .with_gap(gap)
        .with_block_length(block);
    let points = points(table);
    let mut places: BTreeMap<String, Span> = BTreeMap::new();
    let rails = table.tables("rail");
    let docks = table.tables("dock");
    let parking = table.tables("parking");
    let most = [points.len(), rails.len(), docks.len(), parking.len()];
    if most.iter().any(|&n| n > MAX_TRACK_PARTS) {
        table.push(
            table
                .problem("this track has too many parts")
                .expected(format!("at most {MAX_TRACK_PARTS} of each")),
        );
        return None;
    }
    if rails.is_empty() {
        table.push(
            table.problem("this track has no rails").expected(
                "rail = [{ through = [\"a\", \"b\"] }, …] between points of [track.point]",
            ),
        );
        return None;
    }
    let mut sound = true;
    let mut blocks = 0.0;
    for rail_table in rails {
        match rail(rail_table, &points, &mut builder, &mut blocks, block) {
            Some(()) => too_large(table, blocks as usize, MAX_BLOCKS, "blocks")?,
            None => sound = false,
        }
    }
    for (tables, kind) in [(docks, BerthKind::Dock), (parking, BerthKind::Parking)] {
        for berth_table in tables {
            sound &= berth(berth_table, kind, &points, &mut builder, &mut places).is_some();
        }
    }
    if !sound {
        return None;
    }
    or_problem_at(table, builder.build(), |berth| places.get(berth).cloned())
}

/// Points by name; none for one that could not be read.
type Points = BTreeMap<String, Option<Point>>;

fn points(table: &Table<'_>) -> Points {
    let mut points = Points::new();
    if let Some(list) = table.required_table("point") {
        for (name, item) in list.entries() {
            points.insert(name.value, point(&item));
        }
    }
    points
}

fn point(item: &Item<'_>) -> Option<Point> {
    let items = item.list()?;
    if items.len() != 2 {
        item.push(
            item.problem("a point has two lengths, east and north")
                .found(format!("{} of them", items.len()))
                .expected("[east, north], such as [\"2 m\", \"0.5 m\"]"),
        );
        return None;
    }
    let range = Length::from_m(-FAR_M)..=Length::from_m(FAR_M);
    let x = in_range(&items[0], &range);
    let y = in_range(&items[1], &range);
    Some(Point { x: x?, y: y? })
}

fn named(table: &Table<'_>, name: &At<String>, points: &Points) -> Option<Point> {
    let point = points.get(&name.value);
    if point.is_none() {
        table.push(Problem::unknown_name(
            "point",
            name,
            points.keys().map(String::as_str),
        ));
    }
    point.copied().flatten()
}

/// Lays a rail, and counts at most how many blocks it is cut into.
fn rail(
    table: Table<'_>,
    points: &Points,
    builder: &mut TrackBuilder,
    blocks: &mut f64,
    block: Length,
) -> Option<()> {
    let through = table.required_item("through", "a list of two or more points");
    let names: Vec<At<String>> = through
        .and_then(|item| item.list())
        .unwrap_or_default()
        .iter()
        .filter_map(Item::read)
        .collect();
    let two_way = table.or("two_way", false);
    let range = Length::from_m(0.1)..=Length::from_m(FAR_M);
    let radius = table
        .item("radius")
        .and_then(|item| in_range(&item, &range));
    let left = table.optional_choice("turn", &[("left", true), ("right", false)]);
    let long = table.or("long", false);
    let shape = match (radius, left) {
        (Some(radius), Some(left)) => Shape::Arc {
            radius,
            left: left.value,
            far: long,
        },
        (None, None) => Shape::Line,
        (Some(_), None) => {
            table.push(
                table
                    .problem("this rail has a radius, and says not to which side it turns")
                    .expected("turn = \"left\" or turn = \"right\""),
            );
            return None;
        }
        (None, Some(turn)) => {
            if !table.has("radius") {
                table.push(
                    Problem::error("this rail turns, and says not how sharply")
                        .at(&turn.span)
                        .expected("radius = a length such as \"0.5 m\""),
                );
            }
            return None;
        }
    };
    if through.is_some() && names.len() < 2 {
        table.push(
            table
                .problem("a rail needs a point where it begins and one where it ends")
                .expected("through = [\"a\", \"b\"]"),
        );
        return None;
    }
    let ends: Vec<Option<Point>> = names
        .iter()
        .map(|name| named(&table, name, points))
        .collect();
    let ends: Vec<Point> = ends.into_iter().collect::<Option<_>>()?;
    for pair in ends.windows(2) {
        let length = match shape {
            Shape::Arc { radius, .. } => radius.as_m() * TAU,
            _ => pair[0].distance(pair[1]).as_m(),
        };
        *blocks += (length / block.as_m()).ceil() + 1.0;
    }
    if *blocks > MAX_BLOCKS as f64 {
        return Some(());
    }
    let nodes: Vec<NodeId> = ends.into_iter().map(|point| builder.node(point)).collect();
    for (pair, ends) in nodes.windows(2).zip(names.windows(2)) {
        let laid = if two_way {
            builder.two_way_rail(pair[0], pair[1], shape)
        } else {
            builder.rail(pair[0], pair[1], shape)
        };
        if let Err(error) = laid {
            table.push(
                table
                    .problem(format!(
                        "the rail from '{}' to '{}' can't be laid: {error}",
                        ends[0].value, ends[1].value
                    ))
                    .help("move the points, or change the radius"),
            );
            return None;
        }
    }
    table.finish();
    Some(())
}

fn berth(
    table: Table<'_>,
    kind: BerthKind,
    points: &Points,
    builder: &mut TrackBuilder,
    places: &mut BTreeMap<String, Span>,
) -> Option<()> {
    let name = table.required::<String>("name");
    let enter = table.required::<String>("at");
    let leave = table.optional::<String>("leave");
    let place = table
        .required_item("place", "[east, north] where the mover stands")
        .and_then(|item| point(&item));
    let enter = enter.and_then(|name| named(&table, &name, points));
    let leave = match leave {
        Some(name) => named(&table, &name, points),
        None => enter,
    };
    table.finish();
    let (name, enter, leave, place) = (name?, enter?, leave?, place?);
    let (enter, leave) = (builder.node(enter), builder.node(leave));
    builder.siding(&name.value, kind, enter, place, leave);
    places.insert(name.value, name.span);
    Some(())
}
