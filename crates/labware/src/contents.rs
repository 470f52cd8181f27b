//! What liquid is where.

use crate::{LabwareType, Well};
use quantity::{ReagentId, Volume};
use std::fmt;
use std::sync::Arc;

/// The liquid in one well: how much of each reagent, by the volume that was put in.
///
/// Volumes add; evaporation and withdrawal take from every part in proportion.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub struct WellContents {
    /// Parts in order of reagent id, none of them zero.
    parts: Vec<(ReagentId, Volume)>,
}

impl WellContents {
    /// The parts in order of reagent id.
    #[must_use]
    pub fn parts(&self) -> &[(ReagentId, Volume)] {
        &self.parts
    }

    /// The sum of all parts.
    #[must_use]
    pub fn volume(&self) -> Volume {
        self.parts.iter().map(|(_, volume)| *volume).sum()
    }

    /// How much of one reagent there is.
    #[must_use]
    pub fn of(&self, reagent: ReagentId) -> Volume {
        self.parts
            .binary_search_by_key(&reagent, |(id, _)| *id)
            .map_or(Volume::ZERO, |at| self.parts[at].1)
    }

    /// Adds a reagent.
    pub fn add(&mut self, reagent: ReagentId, volume: Volume) {
        if volume <= Volume::ZERO {
            return;
        }
        match self.parts.binary_search_by_key(&reagent, |(id, _)| *id) {
            Ok(at) => self.parts[at].1 += volume,
            Err(at) => self.parts.insert(at, (reagent, volume)),
        }
    }

    /// Adds all of another liquid.
    pub fn pour(&mut self, other: &WellContents) {
        for (reagent, volume) in &other.parts {
            self.add(*reagent, *volume);
        }
    }

    /// Takes out `wanted` of the well-mixed liquid, or all there is.
    pub fn take(&mut self, wanted: Volume) -> WellContents {
        let total = self.volume();
        if wanted >= total {
            return std::mem::take(self);
        }
        let mut taken = WellContents::default();
        let (mut left_wanted, mut left_total) = (wanted.base(), total.base());
        for (reagent, volume) in &mut self.parts {
            // Sharing out what is left keeps the sum exact in whole nanolitres.
            let part = (i128::from(volume.base()) * i128::from(left_wanted)
                / i128::from(left_total.max(1))) as i64;
            left_wanted -= part;
            left_total -= volume.base();
            *volume -= Volume::from_base(part);
            taken.add(*reagent, Volume::from_base(part));
        }
        self.parts.retain(|(_, volume)| *volume > Volume::ZERO);
        taken
    }
}

/// Why liquid can't be put in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ContentsError {
    /// The plate has no such well.
    NoSuchWell {
        /// The well asked for.
        well: Well,
        /// The labware's name.
        labware: Arc<str>,
    },
    /// The well would hold more than its usable maximum.
    Overflow {
        /// The well.
        well: Well,
        /// What it would hold.
        would_hold: Volume,
        /// The most it may hold.
        max: Volume,
    },
}

impl fmt::Display for ContentsError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            ContentsError::NoSuchWell { well, labware } => {
                write!(f, "{labware} has no well {well}")
            }
            ContentsError::Overflow {
                well,
                would_hold,
                max,
            } => {
                write!(
                    f,
                    "well {well} would hold {would_hold}, and {max} is the most it may"
                )
            }
        }
    }
}

impl std::error::Error for ContentsError {}

/// The liquid in every well of one plate.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PlateContents {
    labware: Arc<LabwareType>,
    wells: Vec<WellContents>,
}

impl PlateContents {
    /// An empty plate.
    #[must_use]
    pub fn empty(labware: Arc<LabwareType>) -> Self {
        let wells = vec![WellContents::default(); labware.wells()];
        Self { labware, wells }
    }

    /// The plate's labware type.
    #[must_use]
    pub fn labware(&self) -> &Arc<LabwareType> {
        &self.labware
    }

    /// What is in a well; empty for a well that is not there.
    #[must_use]
    pub fn well(&self, well: Well) -> &WellContents {
        static NOTHING: WellContents = WellContents { parts: Vec::new() };
        if self.labware.has(well) {
            &self.wells[self.labware.index(well)]
        } else {
            &NOTHING
        }
    }

    /// What is in a well, to be changed without the check for overflow (liquid that was spilled in
    /// asks nobody); `None` for a well that is not there.
    pub fn well_mut(&mut self, well: Well) -> Option<&mut WellContents> {
        if self.labware.has(well) {
            self.wells.get_mut(self.labware.index(well))
        } else {
            None
        }
    }

    /// All wells in row-major order.
    #[must_use]
    pub fn wells(&self) -> &[WellContents] {
        &self.wells
    }

    /// Adds a reagent to a well.
    ///
    /// # Errors
    /// If there is no such well, or it would overflow; then nothing is added.
    pub fn add(
        &mut self,
        well: Well,
        reagent: ReagentId,
        volume: Volume,
    ) -> Result<(), ContentsError> {
        if !self.labware.has(well) {
            return Err(ContentsError::NoSuchWell {
                well,
                labware: self.labware.name.clone(),
            });
        }
        let index = self.labware.index(well);
        let would_hold = self.wells[index].volume() + volume;
        let max = self.labware.well.max_volume;
        if would_hold > max {
            return Err(ContentsError::Overflow {
                well,
                would_hold,
                max,
            });
        }
        self.wells[index].add(reagent, volume);
        Ok(())
    }

    /// The volume of the fullest well: what limits how fast the plate may travel.
    #[must_use]
    pub fn fullest(&self) -> Volume {
        self.wells
            .iter()
            .map(WellContents::volume)
            .max()
            .unwrap_or(Volume::ZERO)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Catalogue;

    #[test]
    fn taking_keeps_every_nanolitre() {
        let mut liquid = WellContents::default();
        liquid.add(ReagentId(3), Volume::from_base(7));
        liquid.add(ReagentId(1), Volume::from_base(10));
        liquid.add(ReagentId(3), Volume::from_base(4));
        let before = liquid.clone();
        let taken = liquid.take(Volume::from_base(5));
        assert_eq!(taken.volume(), Volume::from_base(5));
        assert_eq!(liquid.volume(), Volume::from_base(16));
        liquid.pour(&taken);
        assert_eq!(liquid, before);
    }

    #[test]
    fn overflow_is_refused_and_changes_nothing() {
        let kind = Catalogue::standard()
            .get("corning_384_wellplate_112ul_flat")
            .unwrap()
            .clone();
        let mut plate = PlateContents::empty(kind);
        let well = Well::new(15, 23);
        plate
            .add(well, ReagentId(0), Volume::from_ul(90.0))
            .unwrap();
        let refused = plate
            .add(well, ReagentId(0), Volume::from_ul(11.0))
            .unwrap_err();
        assert_eq!(
            refused.to_string(),
            "well P24 would hold 101 µL, and 100 µL is the most it may"
        );
        assert_eq!(plate.fullest(), Volume::from_ul(90.0));
        assert!(
            plate
                .add(Well::new(16, 0), ReagentId(0), Volume::from_ul(1.0))
                .is_err()
        );
    }
}
