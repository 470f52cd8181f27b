//! Plate maps: which well holds which point, control or blank; randomised and blocked.

use crate::assay::{Assay, Rim};
use labware::Well;
use quantity::Seed;
use rand::RngExt;
use std::collections::BTreeSet;

/// What a well holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Content {
    /// A point of the plate.
    Sample {
        /// Which of the plate's points.
        seat: u32,
        /// Which of its replicates.
        replicate: u32,
        /// Which dose of the series; 0 without one.
        dose: u32,
    },
    /// A control, by its place in the assay.
    Control(u32),
    /// A blank.
    Blank,
    /// Nothing.
    Empty,
}

/// What every well of a plate holds, row-major.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PlateMap {
    /// The contents.
    pub wells: Vec<Content>,
    /// Columns of the plate.
    pub columns: u8,
}

/// A plate that is asked to hold more than it can.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{wanted} wells are wanted, and {usable} can be used")]
pub struct TooFull {
    /// Wells wanted.
    pub wanted: usize,
    /// Wells that can be used.
    pub usable: usize,
}

impl PlateMap {
    /// A map for points with these numbers of replicates.
    ///
    /// Controls and blanks are dealt evenly to the blocks, the replicates of a point to as many
    /// different blocks as there are, and places in a block are shuffled.
    ///
    /// # Errors
    /// If there are more wells to fill than the plate has.
    pub fn randomised(assay: &Assay, replicates: &[u32], seed: Seed) -> Result<PlateMap, TooFull> {
        let labware = assay.labware();
        let mut rng = seed.rng();
        let doses = assay.series.as_ref().map_or(1, |series| series.doses.len()) as u32;
        let mut free = blocks(assay);
        let usable = free.iter().map(Vec::len).sum();
        let samples: usize = replicates
            .iter()
            .map(|count| (count * doses) as usize)
            .sum();
        let wanted = samples + assay.wells_for_controls();
        if wanted > usable {
            return Err(TooFull { wanted, usable });
        }
        for block in &mut free {
            shuffle(block, &mut rng);
        }
        let mut map = PlateMap {
            wells: vec![Content::Empty; labware.wells()],
            columns: labware.columns,
        };
        let mut put = |free: &mut Vec<Vec<Well>>, block: usize, content: Content| {
            let blocks = free.len();
            // The block whose turn it is, or the next one with room.
            let block = (0..blocks)
                .map(|k| (block + k) % blocks)
                .find(|b| !free[*b].is_empty());
            if let Some(well) = block.and_then(|block| free[block].pop()) {
                map.wells[labware.index(well)] = content;
            }
        };
        for (index, control) in assay.controls.iter().enumerate() {
            for well in 0..control.wells as usize {
                let turn = well % free.len();
                put(&mut free, turn, Content::Control(index as u32));
            }
        }
        for well in 0..assay.blanks as usize {
            // Blanks begin where the first control did not, so that small numbers spread out.
            let turn = (well + free.len() / 2) % free.len();
            put(&mut free, turn, Content::Blank);
        }
        for (seat, count) in replicates.iter().enumerate() {
            for dose in 0..doses {
                let start = fullest(&free);
                for replicate in 0..*count {
                    let turn = (start + replicate as usize) % free.len();
                    put(
                        &mut free,
                        turn,
                        Content::Sample {
                            seat: seat as u32,
                            replicate,
                            dose,
                        },
                    );
                }
            }
        }
        Ok(map)
    }

    /// The well at a row-major index.
    #[must_use]
    pub fn well(&self, index: usize) -> Well {
        Well::from_index(index, self.columns)
    }

    /// Every well with its content, in row-major order.
    pub fn iter(&self) -> impl Iterator<Item = (Well, Content)> + '_ {
        self.wells
            .iter()
            .enumerate()
            .map(|(index, content)| (self.well(index), *content))
    }

    /// Everything that is wrong with this map for the assay: the slow and obvious check of
    /// [`PlateMap::randomised`].
    #[must_use]
    pub fn problems(&self, assay: &Assay, replicates: &[u32]) -> Vec<String> {
        let mut problems = Vec::new();
        let labware = assay.labware();
        if self.wells.len() != labware.wells() {
            return vec![format!(
                "{} wells on a plate of {}",
                self.wells.len(),
                labware.wells()
            )];
        }
        let count = |content: Content| self.wells.iter().filter(|c| **c == content).count();
        for (index, control) in assay.controls.iter().enumerate() {
            let found = count(Content::Control(index as u32));
            if found != control.wells as usize {
                problems.push(format!(
                    "control {index} has {found} wells, not {}",
                    control.wells
                ));
            }
        }
        if count(Content::Blank) != assay.blanks as usize {
            problems.push(format!(
                "{} blanks, not {}",
                count(Content::Blank),
                assay.blanks
            ));
        }
        let doses = assay.series.as_ref().map_or(1, |series| series.doses.len()) as u32;
        let mut wanted = BTreeSet::new();
        for (seat, count) in replicates.iter().enumerate() {
            for replicate in 0..*count {
                wanted.extend((0..doses).map(|dose| Content::Sample {
                    seat: seat as u32,
                    replicate,
                    dose,
                }));
            }
        }
        for (well, content) in self.iter() {
            if matches!(content, Content::Sample { .. }) && !wanted.remove(&content) {
                problems.push(format!(
                    "{well} holds {content:?}, which is not wanted or there twice"
                ));
            }
            if content != Content::Empty && assay.rim == Rim::Empty && labware.is_edge(well) {
                problems.push(format!("{well} is on the rim and not empty"));
            }
        }
        problems.extend(
            wanted
                .iter()
                .map(|content| format!("{content:?} is nowhere")),
        );
        problems
    }
}

/// The wells that are used, in blocks of neighbouring columns.
fn blocks(assay: &Assay) -> Vec<Vec<Well>> {
    let labware = assay.labware();
    let count = (assay.blocks.max(1) as usize).min(usize::from(labware.columns));
    let mut blocks = vec![Vec::new(); count];
    for well in labware.each_well() {
        if assay.rim == Rim::Used || !labware.is_edge(well) {
            blocks[usize::from(well.column) * count / usize::from(labware.columns)].push(well);
        }
    }
    blocks.retain(|block| !block.is_empty());
    blocks
}

/// The first of the blocks with most room.
fn fullest(free: &[Vec<Well>]) -> usize {
    let most = free.iter().map(Vec::len).max().unwrap_or(0);
    free.iter()
        .position(|block| block.len() == most)
        .unwrap_or(0)
}

/// Fisher and Yates.
fn shuffle(wells: &mut [Well], rng: &mut quantity::Rng) {
    for i in (1..wells.len()).rev() {
        wells.swap(i, rng.random_range(0..=i));
    }
}
