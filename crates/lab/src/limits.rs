//! Limits of halls.

/// The most stations of a hall.
pub const MAX_STATIONS: usize = 20_000;
/// The most movers of a hall.
pub const MAX_MOVERS: usize = 20_000;
/// The most nests of one instrument.
pub const MAX_NESTS: i64 = 2_000;
/// The most docks of one station: as many movers as an arm can sensibly reach.
pub const MAX_DOCKS: i64 = 4;
/// The most instruments of a hall.
pub const MAX_INSTRUMENTS: usize = 200_000;
/// The most nests of a hall, all instruments together.
pub const MAX_HALL_NESTS: usize = 2_000_000;
/// The most points, rails and berths that a lab file lays by hand, each.
pub const MAX_TRACK_PARTS: usize = 100_000;
/// The most tiles of a floor; each has up to twelve blocks.
pub const MAX_TILES: usize = 40_000;
/// The most times that one instrument is closed.
pub const MAX_CLOSINGS: usize = 1_000;
/// The most blocks of a track, and places for berths along ready-made ones.
pub const MAX_BLOCKS: usize = 500_000;

const _: () = assert!(MAX_STATIONS * MAX_DOCKS as usize <= MAX_TRACK_PARTS);
const _: () = assert!(MAX_TRACK_PARTS < MAX_BLOCKS && MAX_STATIONS < MAX_INSTRUMENTS);
const _: () = assert!(MAX_HALL_NESTS < u32::MAX as usize);

/// Pieces of a consumable in an instrument, at most.
pub(crate) const MAX_STOCK: i64 = 1_000_000_000;
/// Consumables of one instrument whose refills are planned, at most: as many as a plan counts.
pub(crate) const MAX_PLANNED: usize = 3;
/// The most cautious plan: what this share of operations stays within.
pub const MAX_QUANTILE: f64 = 0.999;
/// The same in standard deviations.
pub const MAX_QUANTILE_Z: f64 = 3.1;
