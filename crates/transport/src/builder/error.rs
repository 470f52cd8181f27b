//! What is wrong with a track.

use thiserror::Error;

/// Why something is not a track.
#[derive(Clone, Debug, PartialEq, Error)]
pub enum TrackError {
    /// There is nowhere to go.
    #[error("the track has no {0}")]
    Empty(&'static str),
    /// No such arc.
    #[error(
        "no arc of radius {radius_mm} mm joins two points {chord_mm} mm apart; the radius must be at least half the distance"
    )]
    Arc {
        /// Radius asked for, mm.
        radius_mm: i64,
        /// Distance of the ends, mm.
        chord_mm: i64,
    },
    /// A rail from a point to itself, or shorter than can be cut.
    #[error(
        "the rail at ({x_mm}, {y_mm}) mm is only {length_mm} mm long; it must be at least {least_mm} mm"
    )]
    Short {
        /// Where it starts, mm.
        x_mm: i64,
        /// Where it starts, mm.
        y_mm: i64,
        /// Its length, mm.
        length_mm: i64,
        /// The least length, mm.
        least_mm: i64,
    },
    /// Two berths of one name.
    #[error("two berths are named `{0}`")]
    SameName(String),
    /// A berth whose mover would stand in the way of passing ones.
    #[error(
        "berth `{berth}` is {found_mm} mm from {other}; a mover in it needs {least_mm} mm to be in nobody's way"
    )]
    TooNear {
        /// The berth.
        berth: String,
        /// What it is too near to.
        other: String,
        /// The distance, mm.
        found_mm: i64,
        /// The least distance, mm.
        least_mm: i64,
    },
    /// A siding that leaves its mover in the way.
    #[error(
        "the siding of berth `{berth}` is {found_mm} mm long; a mover in it is in nobody's way from {least_mm} mm on"
    )]
    ShortSiding {
        /// The berth.
        berth: String,
        /// Its length, mm.
        found_mm: i64,
        /// The least length, mm.
        least_mm: i64,
    },
    /// A berth that cannot be left or entered.
    #[error("berth `{berth}` {how}: no rail {which} the point where its siding joins the track")]
    Loose {
        /// The berth.
        berth: String,
        /// `cannot be left` or `cannot be entered`.
        how: &'static str,
        /// `starts at` or `ends at`.
        which: &'static str,
    },
    /// Two berths without a way between them.
    #[error("no way leads from berth `{from}` to berth `{to}`; rails are one-way: close the loop")]
    NoWay {
        /// From here.
        from: String,
        /// To there.
        to: String,
    },
}
