//! Every limit of this crate: what a report shows in full. The tables always hold everything.

use quantity::Duration;

/// Plates that are drawn as heat maps; the others are listed.
pub const PLATES_DRAWN_MAX: usize = 24;

/// How much of the beginning the nearer chart of operations shows: minutes, in which arms move.
pub const GANTT_NEAR: Duration = Duration::from_mins(30);

/// How much of the beginning the wider chart of operations shows: hours, in which plates wait.
pub const GANTT_SPAN: Duration = Duration::from_hours(6);

/// Operations that the chart of operations draws.
pub const GANTT_BARS_MAX: usize = 6_000;

/// Rows of one table; beyond, it says how many more there are.
pub const TABLE_ROWS_MAX: usize = 400;

/// Faults that are listed one by one without being asked for; beyond, they are summed by class.
pub const FAULTS_OPEN_MAX: usize = 12;

/// Dots of one chart; beyond, every so many is drawn, and lines stay whole.
pub const DOTS_MAX: usize = 4_000;

/// Candidates that are listed.
pub const CANDIDATES_MAX: usize = 10;

const _: () = assert!(PLATES_DRAWN_MAX > 0 && CANDIDATES_MAX > 0 && TABLE_ROWS_MAX > 0);
