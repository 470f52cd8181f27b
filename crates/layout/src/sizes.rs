//! How much room instruments take, what they cost, and what may not stand beside what.
//!
//! Footprints are typical of devices of each kind, from memory of vendors' data sheets, rounded up to
//! 5 cm with their cables; prices are list prices of the order of magnitude, in thousands of euros.
//! They are defaults to plan with: check them against an offer before anything is bought.

/// What people would put together in a laboratory, in the order in which plates meet it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Zone {
    /// Shelves for plates.
    Storage,
    /// Liquid handling.
    Liquid,
    /// Lids and seals.
    Cover,
    /// Spinning, shaking, heating of single plates.
    Bench,
    /// Incubators.
    Warm,
    /// Refrigerators and freezers.
    Cold,
    /// Whatever measures.
    Read,
    /// Waste and quarantine.
    Exit,
}

/// What a kind of instrument needs around it.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Size {
    /// Along the front of a station, metres.
    pub width: f64,
    /// Away from the front, metres.
    pub depth: f64,
    /// So high that nothing fits above it within an arm's reach.
    pub tall: bool,
    /// Thousands of euros.
    pub price: f64,
    /// Where people put it.
    pub zone: Zone,
    /// Gives off heat that cold stores have to fight.
    pub hot: bool,
    /// Shakes its station.
    pub shakes: bool,
    /// Weighs or doses so finely that it must stand still.
    pub still: bool,
}

const fn size(width: f64, depth: f64, tall: bool, price: f64, zone: Zone) -> Size {
    Size {
        width,
        depth,
        tall,
        price,
        zone,
        hot: false,
        shakes: false,
        still: false,
    }
}

const fn hot(mut of: Size) -> Size {
    of.hot = true;
    of
}

const fn shakes(mut of: Size) -> Size {
    of.shakes = true;
    of
}

const fn still(mut of: Size) -> Size {
    of.still = true;
    of
}

/// The kinds that ship.
const SIZES: [(&str, Size); 27] = [
    (
        "liquid_handler",
        size(1.10, 0.75, true, 120.0, Zone::Liquid),
    ),
    (
        "liquid_handler_96",
        size(1.10, 0.75, true, 140.0, Zone::Liquid),
    ),
    (
        "acoustic_dispenser",
        still(size(0.65, 0.65, false, 300.0, Zone::Liquid)),
    ),
    (
        "reagent_dispenser",
        size(0.30, 0.45, false, 20.0, Zone::Liquid),
    ),
    ("washer", size(0.40, 0.45, false, 20.0, Zone::Liquid)),
    ("sealer", size(0.25, 0.50, false, 25.0, Zone::Cover)),
    ("peeler", size(0.30, 0.50, false, 35.0, Zone::Cover)),
    ("lid_handler", size(0.20, 0.20, false, 8.0, Zone::Cover)),
    ("incubator", hot(size(0.65, 0.75, true, 60.0, Zone::Warm))),
    ("shaker", shakes(size(0.25, 0.30, false, 5.0, Zone::Bench))),
    (
        "heater_shaker_bank",
        hot(shakes(size(0.60, 0.50, false, 25.0, Zone::Bench))),
    ),
    (
        "centrifuge",
        shakes(size(0.55, 0.65, false, 70.0, Zone::Bench)),
    ),
    (
        "thermocycler",
        hot(size(0.30, 0.50, false, 40.0, Zone::Bench)),
    ),
    (
        "absorbance_reader",
        size(0.35, 0.45, false, 20.0, Zone::Read),
    ),
    (
        "fluorescence_reader",
        size(0.45, 0.50, false, 45.0, Zone::Read),
    ),
    (
        "luminescence_reader",
        size(0.40, 0.45, false, 35.0, Zone::Read),
    ),
    ("plate_reader", size(0.50, 0.55, false, 70.0, Zone::Read)),
    ("imager", still(size(0.60, 0.70, false, 250.0, Zone::Read))),
    (
        "sequencer",
        still(size(0.60, 0.70, true, 200.0, Zone::Read)),
    ),
    ("lcms", size(1.00, 0.75, true, 350.0, Zone::Read)),
    (
        "conductivity_meter",
        size(0.50, 0.50, false, 40.0, Zone::Read),
    ),
    ("balance", still(size(0.30, 0.30, false, 8.0, Zone::Read))),
    ("barcode_reader", size(0.15, 0.15, false, 3.0, Zone::Read)),
    ("cold_store", size(0.65, 0.75, true, 40.0, Zone::Cold)),
    ("freezer", size(0.80, 0.80, true, 60.0, Zone::Cold)),
    ("hotel", size(0.30, 0.30, false, 5.0, Zone::Storage)),
    ("waste", size(0.35, 0.35, false, 1.0, Zone::Exit)),
];

/// Quarantine, and kinds that a lab file adds.
const OTHER: Size = size(0.30, 0.40, false, 30.0, Zone::Exit);

/// The size of a kind.
#[must_use]
pub fn of(kind: &str) -> Size {
    SIZES
        .iter()
        .find(|(name, _)| *name == kind)
        .map_or(OTHER, |(_, size)| *size)
}

/// Whether two kinds may share a station: nothing hot beside what keeps plates cold, nothing that
/// shakes beside what must stand still.
#[must_use]
pub fn together(one: &str, other: &str) -> bool {
    let (a, b) = (of(one), of(other));
    let cold = |size: Size| size.zone == Zone::Cold;
    let clash = |a: Size, b: Size| a.hot && cold(b) || a.shakes && b.still;
    !clash(a, b) && !clash(b, a)
}

/// An arm with its gripper, thousands of euros.
pub const ARM_PRICE: f64 = 30.0;
/// The frame of a station with power, air and network, thousands of euros.
pub const FRAME_PRICE: f64 = 10.0;
/// A mover, thousands of euros.
pub const MOVER_PRICE: f64 = 4.0;
/// A tile of a planar motor of 240 mm, thousands of euros.
pub const TILE_PRICE: f64 = 2.5;
/// A metre of rail with its motors, thousands of euros.
pub const RAIL_PRICE: f64 = 4.0;
/// A square metre of fitted laboratory floor, thousands of euros.
pub const FLOOR_PRICE: f64 = 5.0;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_kind_that_ships_has_a_size_but_quarantine() {
        let kinds = lab::Kinds::standard().unwrap();
        let without: Vec<&str> = kinds
            .names()
            .filter(|kind| !SIZES.iter().any(|(name, _)| name == kind))
            .collect();
        assert_eq!(without, ["quarantine"]);
    }

    #[test]
    fn hot_and_cold_shaking_and_still_stand_apart() {
        assert!(!together("incubator", "freezer") && !together("freezer", "incubator"));
        assert!(!together("centrifuge", "imager") && together("sealer", "centrifuge"));
    }
}
