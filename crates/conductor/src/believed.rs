//! What is believed to be on a plate: volumes, cover, marks.

use bus::{Flag, cover_after};
use labware::{Cover, LabwareType, Well};
use protocol::{Operation, Worklist};
use quantity::Volume;
use std::collections::BTreeSet;
use std::sync::Arc;

/// The believed state of one plate.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Believed {
    labware: Arc<LabwareType>,
    volumes: Vec<Volume>,
    fullest: Volume,
    cover: Cover,
    lost: BTreeSet<Well>,
    flags: BTreeSet<(Well, Flag)>,
}

impl Believed {
    /// A fresh plate.
    pub fn fresh(labware: Arc<LabwareType>) -> Self {
        Self {
            volumes: vec![Volume::ZERO; labware.wells()],
            labware,
            fullest: Volume::ZERO,
            cover: Cover::Open,
            lost: BTreeSet::new(),
            flags: BTreeSet::new(),
        }
    }

    pub fn labware(&self) -> &Arc<LabwareType> {
        &self.labware
    }

    pub fn cover(&self) -> Cover {
        self.cover
    }

    /// The volume of the fullest well.
    pub fn fullest(&self) -> Volume {
        self.fullest
    }

    /// An operation was carried out; `short` of what its worklist says in these wells.
    pub fn performed(
        &mut self,
        operation: &Operation,
        worklist: Option<&Worklist>,
        short: &[(Well, Volume)],
    ) {
        if let Some(cover) = cover_after(&operation.capability) {
            self.cover = cover;
        }
        for transfer in worklist.iter().flat_map(|list| &list.transfers) {
            self.change(transfer.well, transfer.volume);
        }
        for (well, volume) in short {
            self.change(*well, -*volume);
        }
    }

    fn change(&mut self, well: Well, by: Volume) {
        if self.labware.has(well) {
            let index = self.labware.index(well);
            self.volumes[index] = (self.volumes[index] + by).max(Volume::ZERO);
            self.fullest = self.fullest.max(self.volumes[index]);
        }
    }

    /// Marks wells; gives back those that did not have the mark.
    pub fn flag(&mut self, wells: impl IntoIterator<Item = Well>, flag: Flag) -> Vec<Well> {
        wells
            .into_iter()
            .filter(|well| self.flags.insert((*well, flag)))
            .collect()
    }

    /// Notes wells as lost; gives back those that were not.
    pub fn lose(&mut self, wells: impl IntoIterator<Item = Well>) -> Vec<Well> {
        wells
            .into_iter()
            .filter(|well| self.lost.insert(*well))
            .collect()
    }

    /// Every well of the plate.
    pub fn wells(&self) -> impl Iterator<Item = Well> + use<> {
        self.labware.each_well()
    }
}

/// The wells that an operation touches: those of its worklist, or all of the plate.
pub(crate) fn touched(worklist: Option<&Worklist>, labware: &LabwareType) -> Vec<Well> {
    match worklist {
        Some(list) => {
            let mut wells: Vec<Well> = list.transfers.iter().map(|t| t.well).collect();
            wells.sort_unstable();
            wells.dedup();
            wells
        }
        None => labware.each_well().collect(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use labware::Catalogue;
    use protocol::{Params, Transfer};
    use quantity::ReagentId;

    #[test]
    fn volumes_add_up_and_marks_are_given_once() {
        let labware = Catalogue::standard()
            .get("corning_96_wellplate_360ul_flat")
            .unwrap()
            .clone();
        let mut plate = Believed::fresh(labware);
        let (a, b) = (Well::new(0, 0), Well::new(7, 11));
        let transfer = |well, volume| Transfer {
            well,
            reagent: ReagentId(0),
            volume: Volume::from_ul(volume),
        };
        let list = Worklist {
            transfers: vec![transfer(a, 50.0), transfer(b, 80.0), transfer(a, 20.0)],
        };
        let operation = |name: &str| Operation {
            capability: name.into(),
            params: Params::new(),
        };
        plate.performed(
            &operation("dispense"),
            Some(&list),
            &[(b, Volume::from_ul(30.0))],
        );
        assert_eq!(plate.fullest(), Volume::from_ul(80.0));
        plate.performed(&operation("seal"), None, &[]);
        assert_eq!(plate.cover(), Cover::Seal);
        assert_eq!(plate.lose([a, b]), vec![a, b]);
        assert_eq!(plate.lose([a]), vec![]);
        assert_eq!(touched(Some(&list), plate.labware()), vec![a, b]);
    }
}
