//! What a kind of labware is: outer size, well grid, well geometry.

use crate::Well;
use quantity::{Length, Mass, Volume};
use std::sync::Arc;

/// The horizontal cross-section of a well at its opening.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum WellShape {
    /// A circle.
    Round {
        /// Diameter.
        diameter: Length,
    },
    /// A rectangle; `x` runs along the columns (long side of the plate), `y` along the rows.
    Rectangular {
        /// Size along the long side of the plate.
        x: Length,
        /// Size along the short side of the plate.
        y: Length,
    },
}

/// The geometry of each well of a labware type.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct WellGeometry {
    /// Cross-section.
    pub shape: WellShape,
    /// From rim to bottom.
    pub depth: Length,
    /// Up to the rim.
    pub volume: Volume,
    /// The most that may be put in.
    pub max_volume: Volume,
    /// What a pipette can't take out.
    pub dead_volume: Volume,
    /// Height of the well bottom above the plate's base.
    pub bottom: Length,
}

/// What a labware type is used as; instruments state which classes they take.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum LabwareClass {
    /// Flat or round bottom microplate of standard height.
    Plate,
    /// Deep-well plate.
    DeepWell,
    /// PCR plate.
    Pcr,
    /// Reservoir.
    Reservoir,
}

impl LabwareClass {
    /// Every class with the name that files use.
    pub const NAMES: [(&'static str, LabwareClass); 4] = [
        ("plate", LabwareClass::Plate),
        ("deep-well", LabwareClass::DeepWell),
        ("pcr", LabwareClass::Pcr),
        ("reservoir", LabwareClass::Reservoir),
    ];

    /// The name that files use.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            LabwareClass::Plate => "plate",
            LabwareClass::DeepWell => "deep-well",
            LabwareClass::Pcr => "pcr",
            LabwareClass::Reservoir => "reservoir",
        }
    }
}

/// What covers the wells of a plate.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub enum Cover {
    /// Nothing: liquid can spill and evaporate.
    #[default]
    Open,
    /// A loose lid: slows evaporation, stops most droplets.
    Lid,
    /// A heat or adhesive seal: nothing gets out or in until it is peeled or pierced.
    Seal,
}

impl Cover {
    /// Every cover with the name that files use.
    pub const NAMES: [(&'static str, Cover); 3] = [
        ("open", Cover::Open),
        ("lid", Cover::Lid),
        ("seal", Cover::Seal),
    ];

    /// The name that files use.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Cover::Open => "open",
            Cover::Lid => "lid",
            Cover::Seal => "seal",
        }
    }

    /// How a plate with this cover is described: `open`, `lidded`, `sealed`.
    #[must_use]
    pub fn adjective(self) -> &'static str {
        match self {
            Cover::Open => "open",
            Cover::Lid => "lidded",
            Cover::Seal => "sealed",
        }
    }
}

/// A kind of labware.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LabwareType {
    /// The name in files, unique in the catalogue.
    pub name: Arc<str>,
    /// What it is used as.
    pub class: LabwareClass,
    /// Outer size: long side, short side, height.
    pub outer: [Length; 3],
    /// Rows of wells (along the short side).
    pub rows: u8,
    /// Columns of wells (along the long side).
    pub columns: u8,
    /// Centre of `A1` from the left and top edges.
    pub first_well: [Length; 2],
    /// Distance between neighbouring well centres; along columns, along rows.
    pub pitch: [Length; 2],
    /// Geometry of each well.
    pub well: WellGeometry,
    /// Mass when empty, without cover.
    pub mass: Mass,
    /// Where the figures come from.
    pub source: Arc<str>,
}

impl LabwareType {
    /// The number of wells.
    #[must_use]
    pub fn wells(&self) -> usize {
        usize::from(self.rows) * usize::from(self.columns)
    }

    /// The wells in row-major order.
    pub fn each_well(&self) -> impl Iterator<Item = Well> + use<> {
        let columns = self.columns;
        (0..self.wells()).map(move |index| Well::from_index(index, columns))
    }

    /// Whether this well exists here.
    #[must_use]
    pub fn has(&self, well: Well) -> bool {
        well.row < self.rows && well.column < self.columns
    }

    /// The well's index in row-major order.
    #[must_use]
    pub fn index(&self, well: Well) -> usize {
        well.index(self.columns)
    }

    /// The wells beside this one: left, right, above, below.
    pub fn neighbours(&self, well: Well) -> impl Iterator<Item = Well> + use<> {
        let (rows, columns) = (i16::from(self.rows), i16::from(self.columns));
        let (row, column) = (i16::from(well.row), i16::from(well.column));
        [(0, -1), (0, 1), (-1, 0), (1, 0)]
            .into_iter()
            .filter_map(move |(dr, dc)| {
                let (r, c) = (row + dr, column + dc);
                ((0..rows).contains(&r) && (0..columns).contains(&c))
                    .then(|| Well::new(r as u8, c as u8))
            })
    }

    /// Whether this well lies on the rim of the plate.
    #[must_use]
    pub fn is_edge(&self, well: Well) -> bool {
        well.row == 0
            || well.column == 0
            || well.row + 1 == self.rows
            || well.column + 1 == self.columns
    }
}
