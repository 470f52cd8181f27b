//! Whether what worklists put into wells fits.

use crate::{Protocol, Worklist, vocabulary};
use labware::Well;
use quantity::{Kind, StepId, Volume};
use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

/// Something wrong with the worklists of an order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum FillError {
    /// A step puts liquid in, and no worklist says what.
    Missing {
        /// The step.
        step: Arc<str>,
        /// The worklist's name.
        worklist: Arc<str>,
    },
    /// A worklist for a step that is not there or puts no liquid in.
    Surplus {
        /// The step's id.
        step: StepId,
    },
    /// A well that the plate does not have.
    NoWell {
        /// The step.
        step: Arc<str>,
        /// The well.
        well: Well,
        /// The labware.
        labware: Arc<str>,
    },
    /// A volume of zero or less.
    NoVolume {
        /// The step.
        step: Arc<str>,
        /// The well.
        well: Well,
    },
    /// A step puts more into a well than it says it does at most.
    AboveStated {
        /// The step.
        step: Arc<str>,
        /// The well.
        well: Well,
        /// What it would put in.
        volume: Volume,
        /// What it says.
        stated: Volume,
    },
    /// A well would hold more than it can.
    Overflow {
        /// The step with which it overflows.
        step: Arc<str>,
        /// The well.
        well: Well,
        /// How many wells overflow at this step.
        wells: usize,
        /// What it would hold.
        volume: Volume,
        /// What it takes at most.
        most: Volume,
    },
}

impl fmt::Display for FillError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Missing { step, worklist } => {
                write!(
                    f,
                    "'{step}' puts liquid in, and nothing says what: worklist '{worklist}' is missing"
                )
            }
            Self::Surplus { step } => {
                write!(f, "there is a worklist for {step}, which puts no liquid in")
            }
            Self::NoWell {
                step,
                well,
                labware,
            } => {
                write!(
                    f,
                    "'{step}' puts liquid into {well}, a well that '{labware}' does not have"
                )
            }
            Self::NoVolume { step, well } => write!(f, "'{step}' puts no volume into {well}"),
            Self::AboveStated {
                step,
                well,
                volume,
                stated,
            } => write!(
                f,
                "'{step}' puts {volume} into {well}, and says that it puts in at most {stated}"
            ),
            Self::Overflow {
                step,
                well,
                wells,
                volume,
                most,
            } => {
                write!(
                    f,
                    "{well} would hold {volume} after '{step}', and takes at most {most}"
                )?;
                match wells {
                    1 => Ok(()),
                    2 => f.write_str(" (and 1 other well too)"),
                    more => write!(f, " (and {} other wells too)", more - 1),
                }
            }
        }
    }
}

impl std::error::Error for FillError {}

/// Checks what an order's worklists put into the wells of a fresh plate, step by step; at most one
/// overflow is reported for each step.
#[must_use]
pub fn check_worklists(
    protocol: &Protocol,
    worklists: &BTreeMap<StepId, Arc<Worklist>>,
) -> Vec<FillError> {
    let labware = &protocol.labware;
    let mut errors = Vec::new();
    let mut held = vec![Volume::ZERO; labware.wells()];
    for step in worklists.keys() {
        let takes = protocol
            .step(*step)
            .is_some_and(|step| step.worklist.is_some());
        if !takes {
            errors.push(FillError::Surplus { step: *step });
        }
    }
    for step in &protocol.steps {
        if vocabulary::word(&step.operation.capability).is_some_and(|word| word.empties) {
            held.fill(Volume::ZERO);
        }
        let Some(name) = &step.worklist else { continue };
        let Some(worklist) = worklists.get(&step.id) else {
            errors.push(FillError::Missing {
                step: Arc::clone(&step.name),
                worklist: Arc::clone(name),
            });
            continue;
        };
        let mut added: BTreeMap<Well, Volume> = BTreeMap::new();
        for transfer in &worklist.transfers {
            let (step, well) = (Arc::clone(&step.name), transfer.well);
            if !labware.has(well) {
                let labware = Arc::clone(&labware.name);
                errors.push(FillError::NoWell {
                    step,
                    well,
                    labware,
                });
            } else if transfer.volume <= Volume::ZERO {
                errors.push(FillError::NoVolume { step, well });
            } else {
                *added.entry(well).or_default() += transfer.volume;
            }
        }
        let stated = step
            .operation
            .base("volume", Kind::Volume)
            .map(Volume::from_base);
        let mut over: Vec<(Well, Volume)> = Vec::new();
        for (&well, &volume) in &added {
            if let Some(stated) = stated
                && volume > stated
            {
                let step = Arc::clone(&step.name);
                errors.push(FillError::AboveStated {
                    step,
                    well,
                    volume,
                    stated,
                });
            }
            let held = &mut held[labware.index(well)];
            *held += volume;
            if *held > labware.well.max_volume {
                over.push((well, *held));
            }
        }
        if let Some(&(well, volume)) = over.iter().max_by_key(|(_, volume)| *volume) {
            errors.push(FillError::Overflow {
                step: Arc::clone(&step.name),
                well,
                wells: over.len(),
                volume,
                most: labware.well.max_volume,
            });
        }
    }
    errors
}
