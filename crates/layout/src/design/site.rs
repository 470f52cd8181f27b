//! Tracks with slots for stations, written as a lab file has them.
//!
//! On a tile floor stations stand on both sides of a spine two tiles wide, on which movers go both
//! ways; several spines are joined at both ends. A loop of rails goes one way round; a ladder has
//! lanes in turn one way and the other.

use super::Style;
use std::fmt::Write as _;

/// The side of a tile, metres (planar motor systems: 240 mm).
pub const TILE: f64 = 0.24;
/// Tiles across a spine.
const LANES: usize = 2;
/// Tiles across the ways that join spines.
const CROSS: usize = 2;
/// From a rail to the middle of a berth, metres: the ready-made tracks' own.
const SIDING: f64 = 0.26;
/// Half a mover and a gap, metres.
const MOVER: f64 = 0.12;

/// The form of a track.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Form {
    /// A tile floor with so many spines.
    Tiles(usize),
    /// A one-way loop of rails.
    Loop,
    /// So many lanes of rails.
    Ladder(usize),
}

impl std::fmt::Display for Form {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Form::Tiles(1) => f.write_str("tiles, 1 spine"),
            Form::Tiles(n) => write!(f, "tiles, {n} spines"),
            Form::Loop => f.write_str("loop of rails"),
            Form::Ladder(n) => write!(f, "ladder of {n} lanes"),
        }
    }
}

/// A track with slots.
#[derive(Clone, Debug, PartialEq)]
pub struct Site {
    /// Its form.
    pub form: Form,
    /// The table `[track]` of a lab file.
    pub text: String,
    /// The docks of each slot.
    pub slots: Vec<Vec<String>>,
    /// From one slot to the next, metres.
    pub pitch: f64,
}

/// A track with so many slots, and so many parking berths.
pub fn site(form: Form, slots: usize, parking: usize, style: &Style) -> Site {
    match form {
        Form::Tiles(spines) => tiles(spines.max(1), slots, parking, style),
        Form::Loop => rails(form, slots, parking, style),
        Form::Ladder(_) => rails(form, slots, parking, style),
    }
}

fn rails(form: Form, slots: usize, parking: usize, style: &Style) -> Site {
    let pitch = style.frame.front;
    let text = match form {
        Form::Ladder(lanes) => {
            // A lane has stations to its north and parking berths to its south, in turn.
            let parking = parking.max(slots);
            let apart = style.depth + style.path + 2.0 * (SIDING + MOVER);
            let radius = ((apart - pitch) / 2.0).max(0.5);
            let every = slots.div_ceil(lanes).max(1);
            format!(
                "kind = \"ladder\"\nlanes = {lanes}\nevery = {every}\npitch = \"{pitch:.2} m\"\n\
                 radius = \"{radius:.2} m\"\ndocks = {slots}\nparking = {parking}\n"
            )
        }
        _ => format!(
            "kind = \"loop\"\npitch = \"{pitch:.2} m\"\ndocks = {slots}\nparking = {}\n",
            parking.max(slots)
        ),
    };
    Site {
        form,
        text,
        slots: (1..=slots).map(|n| vec![format!("dock-{n}")]).collect(),
        pitch,
    }
}

/// What a column of a row of berths is, by its place in its slot: two docks about the middle, parking
/// between or beside them.
fn berth(at: usize, pitch: usize, parks: usize) -> char {
    let wide = 2 + pitch % 2;
    let first = (pitch - wide) / 2;
    let between = (wide == 3).then_some(first + 1);
    let beside = [between.or(Some(first + wide)), first.checked_sub(1)];
    if at == first || at == first + wide - 1 {
        'd'
    } else if beside.iter().take(parks).any(|b| *b == Some(at)) {
        'p'
    } else {
        ' '
    }
}

fn tiles(spines: usize, slots: usize, parking: usize, style: &Style) -> Site {
    let pitch = ((style.frame.front / TILE) - 1e-9).ceil().max(4.0) as usize;
    let side = slots.div_ceil(2 * spines).max(1);
    let cross = if spines > 1 { CROSS } else { 0 };
    let gap = ((2.0 * style.depth + style.path) / TILE - 1e-9).ceil() as usize;
    let columns = side * pitch + 2 * cross;
    let joined = |middle: &dyn Fn(usize) -> char, joins: bool| -> String {
        let at = |c: usize| {
            let outside = c < cross || c >= columns - cross;
            match (outside, joins) {
                (true, true) => '.',
                (true, false) => ' ',
                (false, _) => middle(c - cross),
            }
        };
        (0..columns).map(at).collect()
    };
    let mut rows: Vec<String> = Vec::new();
    let mut names: Vec<Vec<String>> = Vec::new();
    let mut docks = 0;
    for spine in 0..spines {
        for north in [true, false] {
            let first = (2 * spine + usize::from(!north)) * side;
            // Parking is spread evenly over the slots.
            let parks = |slot: usize| (slot + 1) * parking / slots - slot * parking / slots;
            let cell = |c: usize| match first + c / pitch {
                slot if slot < slots => berth(c % pitch, pitch, parks(slot)),
                _ => ' ',
            };
            let inner = if north { spine > 0 } else { spine + 1 < spines };
            let row = joined(&cell, inner);
            if north {
                rows.push(row);
                rows.extend((0..LANES).map(|_| joined(&|_| '.', true)));
            } else {
                rows.push(row);
            }
            for _ in first..slots.min(first + side) {
                names.push((1..=2).map(|k| format!("dock-{}", docks + k)).collect());
                docks += 2;
            }
        }
        if spine + 1 < spines {
            rows.extend((0..gap).map(|_| joined(&|_| ' ', true)));
        }
    }
    let mut text = String::from("kind = \"floor\"\ntile = \"240 mm\"\nmap = \"\"\"\n");
    for row in &rows {
        let _ = writeln!(text, "{}", row.trim_end());
    }
    text.push_str("\"\"\"\n");
    Site {
        form: Form::Tiles(spines),
        text,
        slots: names,
        pitch: pitch as f64 * TILE,
    }
}

/// The most parking berths of a tile floor with so many slots.
pub fn parking_max(form: Form, slots: usize) -> usize {
    match form {
        Form::Tiles(_) => 2 * slots,
        _ => usize::MAX,
    }
}
