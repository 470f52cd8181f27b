//! Limits of halls.

/// The most stations of a hall.
pub const MAX_STATIONS: usize = 20_000;
/// The most movers of a hall.
pub const MAX_MOVERS: usize = 20_000;
/// The most nests of one instrument.
pub const MAX_NESTS: i64 = 2_000;
/// The most docks of one station: as many movers as an arm can sensibly reach.
pub const MAX_DOCKS: i64 = 4;
/// The most points, rails and berths that a lab file lays by hand, each.
pub const MAX_TRACK_PARTS: usize = 100_000;

const _: () = assert!(MAX_STATIONS * MAX_DOCKS as usize <= MAX_TRACK_PARTS);
