//! Why a motion is not planned.

use quantity::{BerthId, MoverId};
use thiserror::Error;

/// Why a motion is not planned.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum TrafficError {
    /// No mover of that number, or it was lifted off.
    #[error("{0} is not on the track")]
    NoMover(MoverId),
    /// No berth of that number.
    #[error("the track has no {0}")]
    NoBerth(BerthId),
    /// Home berths must be different, and parking must be enough.
    #[error("{movers} movers need as many parking berths and homes of their own: {why}")]
    Homes {
        /// How many movers.
        movers: usize,
        /// What is missing.
        why: String,
    },
    /// It is longer than the track was made for.
    #[error("{mover} is {found_mm} mm long, the track is made for at most {most_mm} mm")]
    TooLong {
        /// The mover.
        mover: MoverId,
        /// Its length, mm.
        found_mm: i64,
        /// The greatest length, mm.
        most_mm: i64,
    },
    /// A speed, acceleration or jerk of zero.
    #[error(
        "the limits of {0} do not let it move: speed, acceleration and jerk must be above zero"
    )]
    Still(MoverId),
    /// It is on its way.
    #[error("{mover} is on its way until {until_s} s")]
    OnTheWay {
        /// The mover.
        mover: MoverId,
        /// When it arrives, whole seconds.
        until_s: i64,
    },
    /// It does not move any more.
    #[error("{0} is stuck")]
    Stuck(MoverId),
    /// It is there already.
    #[error("{mover} stands in {berth} already")]
    There {
        /// The mover.
        mover: MoverId,
        /// The berth.
        berth: BerthId,
    },
    /// Another mover stands in the berth, or is to stand there, with no departure planned.
    #[error("{berth} is held by {by}")]
    Taken {
        /// The berth.
        berth: BerthId,
        /// Who holds it.
        by: MoverId,
    },
    /// Every way is blocked by movers that stand on the track.
    #[error("every way to {to} is blocked{}", .by.map_or(String::new(), |by| format!(" by {by}")))]
    Blocked {
        /// Where to.
        to: BerthId,
        /// One that blocks.
        by: Option<MoverId>,
    },
    /// Its departure cannot be called off: it has left, or its berth is promised to another.
    #[error("the departure of {mover} cannot be called off: {why}")]
    TooLate {
        /// The mover.
        mover: MoverId,
        /// Why.
        why: &'static str,
    },
}
