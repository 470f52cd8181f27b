//! What reagents are.

use quantity::{Concentration, MassConcentration};
use std::fmt;
use std::sync::Arc;

/// A stock liquid or library member as the twin knows it.
#[derive(Clone, Debug, PartialEq)]
pub struct Reagent {
    /// Its name, for messages.
    pub name: Arc<str>,
    /// What it is.
    pub meaning: ReagentMeaning,
}

impl Reagent {
    /// A reagent with a name and a meaning.
    #[must_use]
    pub fn new(name: &str, meaning: ReagentMeaning) -> Self {
        Self {
            name: name.into(),
            meaning,
        }
    }
}

/// What a stock liquid is in truth.
#[derive(Clone, Debug, PartialEq)]
pub enum ReagentMeaning {
    /// Water, buffer, medium: it only dilutes.
    Inert,
    /// A growing culture.
    Culture {
        /// Optical density at 600 nm and 1 cm.
        density: f64,
    },
    /// A solution of one substance: a drug, a salt, a dye.
    Solution {
        /// The substance.
        substance: Arc<str>,
        /// How strong it is.
        strength: Strength,
    },
    /// A salt in a blend of solvents; zero salt for the blend alone.
    Electrolyte {
        /// The blend of solvents: `EC:EMC 3:7`.
        blend: Arc<str>,
        /// Salt.
        salt: Concentration,
    },
    /// A member of a library: a protein variant, a DNA word.
    Variant {
        /// Its sequence.
        sequence: Arc<str>,
    },
    /// One option of a categorical factor: a ligand, a base, a temperature block.
    Level {
        /// The factor.
        factor: Arc<str>,
        /// The option, as the table spells it.
        level: Arc<str>,
    },
    /// A component of a mixture: what counts is its share of all components by volume.
    Component {
        /// Its factor.
        factor: Arc<str>,
    },
    /// A reagent that knocks a gene down (below zero) or drives it up (above).
    Intervention {
        /// The gene.
        gene: Arc<str>,
        /// Effect at saturating dose: -1 silences it, +1 doubles its drive.
        effect: f64,
        /// Strength of the stock relative to its half-effective concentration.
        strength: f64,
    },
}

/// How strong a solution is.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Strength {
    /// Amount of substance.
    Molar(Concentration),
    /// Mass.
    Mass(MassConcentration),
}

impl fmt::Display for ReagentMeaning {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            ReagentMeaning::Inert => f.write_str("an inert liquid"),
            ReagentMeaning::Culture { .. } => f.write_str("a culture"),
            ReagentMeaning::Solution { substance, .. } => write!(f, "a solution of {substance}"),
            ReagentMeaning::Electrolyte { blend, .. } => write!(f, "an electrolyte in {blend}"),
            ReagentMeaning::Variant { sequence } => write!(f, "the variant {sequence}"),
            ReagentMeaning::Level { factor, level } => write!(f, "{factor} = {level}"),
            ReagentMeaning::Component { factor } => write!(f, "the component {factor}"),
            ReagentMeaning::Intervention { gene, .. } => write!(f, "an intervention on {gene}"),
        }
    }
}

/// A reagent as one nature understands it: which of its substances, how strong.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Bound {
    /// The nature's own number for the substance; [`Bound::INERT`] for what only dilutes.
    pub slot: u32,
    /// How strong the stock is, in the nature's own unit.
    pub strength: f64,
    /// A second number where a nature needs one: what the substance does at saturating dose.
    pub effect: f64,
}

impl Bound {
    /// What only dilutes.
    pub const INERT: Self = Self {
        slot: u32::MAX,
        strength: 0.0,
        effect: 0.0,
    };

    /// So much of a substance.
    #[must_use]
    pub fn of(slot: u32, strength: f64) -> Self {
        Self {
            slot,
            strength,
            effect: 0.0,
        }
    }

    /// Whether it only dilutes.
    #[must_use]
    pub fn is_inert(self) -> bool {
        self.slot == u32::MAX
    }
}
