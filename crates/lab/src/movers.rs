//! The movers of a lab file.
//!
//! ```toml
//! [movers]             # or several groups: [[movers]]
//! count = 3
//! speed = "2 m/s"      # what follows may be left out
//! ```

use crate::limits::MAX_MOVERS;
use crate::track::{in_range, length};
use quantity::{Acceleration, Jerk, Length, Mass, Speed};
use source::{Sink, Span, Table};
use std::sync::Arc;
use transport::{Footprint, Limits, MoverSpec};

/// Movers of a kind, before they have homes.
#[derive(Clone, Debug)]
pub(crate) struct Group {
    /// How the movers are called, before their number.
    pub name: Arc<str>,
    /// How many.
    pub count: usize,
    /// What they can do.
    pub spec: MoverSpec,
    /// Across the way.
    pub width: Length,
    /// Where it stands in the file.
    pub span: Span,
}

/// Reads `[movers]`, or `[[movers]]`.
pub(crate) fn read(root: &Table<'_>, sink: &Sink) -> Vec<Group> {
    let missing = || {
        let expected = "[movers] with count = how many";
        ("this lab has no movers".to_owned(), expected.to_owned())
    };
    let Some(item) = root.required_item_or("movers", missing) else {
        return Vec::new();
    };
    let tables: Vec<Table<'_>> = if item.is_table() {
        item.table().into_iter().collect()
    } else {
        root.tables("movers")
    };
    let several = tables.len() > 1;
    let groups: Vec<Group> = tables
        .into_iter()
        .enumerate()
        .filter_map(|(index, table)| {
            let default = if several {
                format!("mover-{}", char::from(b'a' + (index % 26) as u8))
            } else {
                "mover".to_owned()
            };
            group(table, &default)
        })
        .collect();
    let sum: usize = groups.iter().map(|group| group.count).sum();
    if sum > MAX_MOVERS {
        let problem = item.problem(format!("{sum} movers are more than a hall may have"));
        sink.push(problem.expected(format!("at most {MAX_MOVERS}")));
        return Vec::new();
    }
    groups
}

/// Planar and linear movers for one plate: 0.6 kg, 2 m/s, 20 m/s² by their motors (typical of the
/// 155 mm class); how fast a plate may go follows from its liquid.
fn group(table: Table<'_>, default: &str) -> Option<Group> {
    let span = table.span();
    let count = table.required_item("count", "a whole number");
    let count = count.and_then(|item| item.integer_in(1..=MAX_MOVERS as i64));
    let name = table.or("name", Arc::from(default));
    let mass = |key: &str, default: f64| {
        let range = Mass::from_kg(0.01)..=Mass::from_kg(100.0);
        let item = table.item(key);
        item.and_then(|item| in_range(&item, &range))
            .unwrap_or(Mass::from_kg(default))
    };
    let side = [0.05, 2.0];
    let normal = Length::from_mm(155.0);
    let width = length(&table, "width", side, normal);
    let speed = Speed::from_m_per_s(0.01)..=Speed::from_m_per_s(10.0);
    let acceleration = Acceleration::from_m_per_s2(0.01)..=Acceleration::from_m_per_s2(200.0);
    let jerk = Jerk::from_m_per_s3(0.01)..=Jerk::from_m_per_s3(100_000.0);
    let default = Limits::from_si(2.0, 20.0, 400.0);
    let limits = Limits {
        speed: table
            .item("speed")
            .and_then(|i| in_range(&i, &speed))
            .unwrap_or(default.speed),
        acceleration: table
            .item("acceleration")
            .and_then(|i| in_range(&i, &acceleration))
            .unwrap_or(default.acceleration),
        jerk: table
            .item("jerk")
            .and_then(|i| in_range(&i, &jerk))
            .unwrap_or(default.jerk),
    };
    let spec = MoverSpec {
        length: length(&table, "length", side, normal),
        mass: mass("mass", 1.2),
        payload: mass("payload", 1.0),
        limits,
    };
    table.finish();
    Some(Group {
        name,
        count: count? as usize,
        spec,
        width,
        span,
    })
}

/// The largest length and width.
pub(crate) fn footprint(groups: &[Group]) -> Option<Footprint> {
    Some(Footprint {
        length: groups.iter().map(|g| g.spec.length).max()?,
        width: groups.iter().map(|g| g.width).max()?,
    })
}
