//! The standard labware.
//!
//! Outer sizes and well geometry: Opentrons shared-data labware definitions, schema 2 (Apache-2.0),
//! as facts. Footprint, pitch and first well: ANSI/SLAS 1-2004 and 4-2004. Usable and dead volumes of
//! the 96-well flat and PCR plates: Strateos container documentation; the others follow the same
//! shares of the total. Empty masses are typical figures.

use crate::{LabwareClass, LabwareType, WellGeometry, WellShape};
use quantity::{Length, Mass, Volume, nearest};
use std::fmt;
use std::sync::Arc;

/// Labware types by name.
#[derive(Clone, Debug)]
pub struct Catalogue {
    types: Vec<Arc<LabwareType>>,
}

/// A name that is not in the catalogue.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UnknownLabware {
    /// The name as it was found.
    pub name: String,
    /// The nearest name there is, if one is near.
    pub nearest: Option<Arc<str>>,
}

impl fmt::Display for UnknownLabware {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "no labware is called '{}'", self.name)?;
        if let Some(nearest) = &self.nearest {
            write!(f, " (did you mean '{nearest}'?)")?;
        }
        Ok(())
    }
}

impl std::error::Error for UnknownLabware {}

struct Row {
    name: &'static str,
    class: LabwareClass,
    outer_mm: [f64; 3],
    grid: (u8, u8),
    well_mm: Section,
    depth_mm: f64,
    /// Total, usable maximum, dead; microlitres.
    volume_ul: [f64; 3],
    bottom_mm: f64,
    mass_g: f64,
    source: &'static str,
}

enum Section {
    Round(f64),
    Rectangle(f64, f64),
}

use LabwareClass::{DeepWell, Pcr, Plate, Reservoir};
use Section::{Rectangle, Round};

const OPENTRONS: &str = "Opentrons shared-data labware definition 2";

const ROWS: [Row; 11] = [
    Row {
        name: "corning_96_wellplate_360ul_flat",
        class: Plate,
        outer_mm: [127.76, 85.47, 14.22],
        grid: (8, 12),
        well_mm: Round(6.86),
        depth_mm: 10.67,
        volume_ul: [360.0, 340.0, 25.0],
        bottom_mm: 3.55,
        mass_g: 45.0,
        source: OPENTRONS,
    },
    Row {
        name: "nest_96_wellplate_200ul_flat",
        class: Plate,
        outer_mm: [127.56, 85.36, 14.3],
        grid: (8, 12),
        well_mm: Round(6.85),
        depth_mm: 10.8,
        volume_ul: [200.0, 190.0, 25.0],
        bottom_mm: 3.5,
        mass_g: 45.0,
        source: OPENTRONS,
    },
    Row {
        name: "corning_384_wellplate_112ul_flat",
        class: Plate,
        outer_mm: [127.76, 85.47, 14.22],
        grid: (16, 24),
        well_mm: Rectangle(3.63, 3.63),
        depth_mm: 11.43,
        volume_ul: [112.0, 100.0, 8.0],
        bottom_mm: 2.79,
        mass_g: 60.0,
        source: OPENTRONS,
    },
    Row {
        name: "biorad_384_wellplate_50ul",
        class: Pcr,
        outer_mm: [127.76, 85.48, 10.4],
        grid: (16, 24),
        well_mm: Round(3.1),
        depth_mm: 9.35,
        volume_ul: [50.0, 40.0, 2.0],
        bottom_mm: 1.05,
        mass_g: 30.0,
        source: OPENTRONS,
    },
    Row {
        name: "appliedbiosystemsmicroamp_384_wellplate_40ul",
        class: Pcr,
        outer_mm: [127.8, 85.5, 9.7],
        grid: (16, 24),
        well_mm: Round(3.17),
        depth_mm: 9.09,
        volume_ul: [40.0, 30.0, 2.0],
        bottom_mm: 0.61,
        mass_g: 30.0,
        source: OPENTRONS,
    },
    Row {
        name: "nest_96_wellplate_100ul_pcr_full_skirt",
        class: Pcr,
        outer_mm: [127.76, 85.48, 15.7],
        grid: (8, 12),
        well_mm: Round(5.34),
        depth_mm: 14.78,
        volume_ul: [100.0, 80.0, 3.0],
        bottom_mm: 0.92,
        mass_g: 30.0,
        source: OPENTRONS,
    },
    Row {
        name: "biorad_96_wellplate_200ul_pcr",
        class: Pcr,
        outer_mm: [127.76, 85.48, 16.06],
        grid: (8, 12),
        well_mm: Round(5.46),
        depth_mm: 14.81,
        volume_ul: [200.0, 160.0, 3.0],
        bottom_mm: 1.25,
        mass_g: 30.0,
        source: OPENTRONS,
    },
    Row {
        name: "nest_96_wellplate_2ml_deep",
        class: DeepWell,
        outer_mm: [127.6, 85.3, 41.0],
        grid: (8, 12),
        well_mm: Rectangle(8.2, 8.2),
        depth_mm: 38.0,
        volume_ul: [2000.0, 1800.0, 30.0],
        bottom_mm: 3.0,
        mass_g: 90.0,
        source: OPENTRONS,
    },
    Row {
        name: "usascientific_96_wellplate_2.4ml_deep",
        class: DeepWell,
        outer_mm: [127.8, 85.5, 44.1],
        grid: (8, 12),
        well_mm: Rectangle(8.2, 8.2),
        depth_mm: 41.3,
        volume_ul: [2400.0, 2200.0, 30.0],
        bottom_mm: 2.8,
        mass_g: 95.0,
        source: OPENTRONS,
    },
    Row {
        name: "reservoir_1_wellplate_290ml",
        class: Reservoir,
        outer_mm: [127.76, 85.48, 44.0],
        grid: (1, 1),
        well_mm: Rectangle(108.0, 72.0),
        depth_mm: 40.0,
        volume_ul: [311_040.0, 280_000.0, 5000.0],
        bottom_mm: 4.0,
        mass_g: 110.0,
        source: "inner size of a typical single-well reservoir",
    },
    Row {
        name: "reservoir_12_wellplate_15ml",
        class: Reservoir,
        outer_mm: [127.76, 85.48, 31.4],
        grid: (1, 12),
        well_mm: Rectangle(8.2, 71.2),
        depth_mm: 26.85,
        volume_ul: [15_000.0, 14_000.0, 500.0],
        bottom_mm: 4.55,
        mass_g: 90.0,
        source: "inner size of a typical twelve-trough reservoir",
    },
];

/// Centre of A1 (from left, from top) and pitch (along columns, along rows), millimetres.
fn grid_mm(rows: u8, columns: u8) -> ([f64; 2], [f64; 2]) {
    match (rows, columns) {
        (8, 12) => ([14.38, 11.24], [9.0, 9.0]),
        (16, 24) => ([12.13, 8.99], [4.5, 4.5]),
        (1, 12) => ([14.38, 42.74], [9.0, 0.0]),
        _ => ([63.88, 42.74], [0.0, 0.0]),
    }
}

impl Catalogue {
    /// The labware that ships with Nilometer.
    #[must_use]
    pub fn standard() -> Self {
        let types = ROWS
            .iter()
            .map(|row| {
                let (first, pitch) = grid_mm(row.grid.0, row.grid.1);
                let shape = match row.well_mm {
                    Round(diameter) => WellShape::Round {
                        diameter: Length::from_mm(diameter),
                    },
                    Rectangle(x, y) => WellShape::Rectangular {
                        x: Length::from_mm(x),
                        y: Length::from_mm(y),
                    },
                };
                Arc::new(LabwareType {
                    name: row.name.into(),
                    class: row.class,
                    outer: row.outer_mm.map(Length::from_mm),
                    rows: row.grid.0,
                    columns: row.grid.1,
                    first_well: first.map(Length::from_mm),
                    pitch: pitch.map(Length::from_mm),
                    well: WellGeometry {
                        shape,
                        depth: Length::from_mm(row.depth_mm),
                        volume: Volume::from_ul(row.volume_ul[0]),
                        max_volume: Volume::from_ul(row.volume_ul[1]),
                        dead_volume: Volume::from_ul(row.volume_ul[2]),
                        bottom: Length::from_mm(row.bottom_mm),
                    },
                    mass: Mass::from_kg(row.mass_g / 1e3),
                    source: row.source.into(),
                })
            })
            .collect();
        Self { types }
    }

    /// The labware type with this name.
    ///
    /// # Errors
    /// Names the nearest one there is.
    pub fn get(&self, name: &str) -> Result<&Arc<LabwareType>, UnknownLabware> {
        self.types
            .iter()
            .find(|t| &*t.name == name)
            .ok_or_else(|| UnknownLabware {
                name: name.to_owned(),
                nearest: nearest(name, self.types.iter().map(|t| &*t.name)).map(Into::into),
            })
    }

    /// Every labware type, in catalogue order.
    pub fn iter(&self) -> impl Iterator<Item = &Arc<LabwareType>> {
        self.types.iter()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_type_fits_together() {
        for kind in Catalogue::standard().iter() {
            let volumes = [
                kind.well.dead_volume,
                kind.well.max_volume,
                kind.well.volume,
            ];
            assert!(volumes.is_sorted(), "{}", kind.name);
            assert!(
                kind.well.depth + kind.well.bottom <= kind.outer[2] + Length::from_mm(0.1),
                "{}",
                kind.name
            );
            let last = kind.first_well[0] + kind.pitch[0] * i64::from(kind.columns - 1);
            assert!(last < kind.outer[0], "{}", kind.name);
            // A well's total volume can't exceed its box.
            let area_mm2 = match kind.well.shape {
                WellShape::Round { diameter } => {
                    std::f64::consts::PI * diameter.as_mm().powi(2) / 4.0
                }
                WellShape::Rectangular { x, y } => x.as_mm() * y.as_mm(),
            };
            assert!(
                kind.well.volume.as_ul() <= area_mm2 * kind.well.depth.as_mm() * 1.01,
                "{}",
                kind.name
            );
        }
    }

    #[test]
    fn unknown_names_get_the_nearest() {
        let catalogue = Catalogue::standard();
        assert_eq!(
            catalogue
                .get("corning_384_wellplate_112ul_flat")
                .unwrap()
                .wells(),
            384
        );
        let wrong = catalogue
            .get("corning_384_welplate_112ul_flat")
            .unwrap_err();
        assert_eq!(
            wrong.nearest.as_deref(),
            Some("corning_384_wellplate_112ul_flat")
        );
    }
}
