//! Stock liquids and libraries: what stands on the shelf.

use design::{FactorKind, Space};
use quantity::{Concentration, MassConcentration, ReagentId, Volume};
use std::sync::Arc;

/// A stock liquid, or a family of liquids whose ids follow one another.
#[derive(Clone, Debug, PartialEq)]
pub struct Reagent {
    /// Its id; that of the first member for a family.
    pub id: ReagentId,
    /// Its name.
    pub name: Arc<str>,
    /// What it is.
    pub what: Substance,
    /// How many members: 1 for a plain liquid.
    pub members: u32,
    /// How much of it there is for the whole campaign, of each member for a family; `None` if it is
    /// filled up as needed.
    pub amount: Option<Volume>,
}

/// What a liquid is.
#[derive(Clone, Debug, PartialEq)]
pub enum Substance {
    /// Water, buffer, medium: it only dilutes.
    Inert,
    /// A growing culture.
    Culture {
        /// Optical density at 600 nm and 1 cm.
        density: f64,
    },
    /// A solution.
    Solution {
        /// Of what.
        substance: Arc<str>,
        /// How strong.
        strength: Strength,
    },
    /// A salt in a blend of solvents.
    Electrolyte {
        /// The blend of solvents.
        blend: Arc<str>,
        /// Salt.
        salt: Concentration,
    },
    /// A reagent that knocks a gene down (below zero) or drives it up (above).
    Intervention {
        /// The gene.
        gene: Arc<str>,
        /// Effect at saturating dose.
        effect: f64,
        /// Strength of the stock relative to its half-effective concentration.
        strength: f64,
    },
    /// A component of a mixture, by the factor that says its share.
    Component {
        /// The factor's index.
        factor: usize,
    },
    /// A family: one liquid for each level of a categorical or ordinal factor.
    Levels {
        /// The factor's index.
        factor: usize,
    },
    /// A family: one liquid for each candidate point; what it holds is the word of a sequence factor.
    Library {
        /// The factor's index.
        factor: usize,
    },
}

/// How strong a solution is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Strength {
    /// Amount of substance.
    Molar(Concentration),
    /// Mass.
    Mass(MassConcentration),
}

/// Every liquid of a campaign, by id.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Shelf {
    /// In order of id.
    pub reagents: Vec<Reagent>,
}

impl Shelf {
    /// The id that the next reagent gets.
    #[must_use]
    pub fn next_id(&self) -> ReagentId {
        self.reagents
            .last()
            .map_or(ReagentId(0), |last| ReagentId(last.id.0 + last.members))
    }

    /// The liquid or family with this name.
    #[must_use]
    pub fn named(&self, name: &str) -> Option<&Reagent> {
        self.reagents.iter().find(|reagent| &*reagent.name == name)
    }

    /// The liquid or family that an id belongs to, and its place in the family.
    #[must_use]
    pub fn find(&self, id: ReagentId) -> Option<(&Reagent, u32)> {
        let after = self.reagents.partition_point(|reagent| reagent.id <= id);
        let reagent = &self.reagents[after.checked_sub(1)?];
        let place = id.0 - reagent.id.0;
        (place < reagent.members).then_some((reagent, place))
    }

    /// What a person calls a liquid: a family's member by its level or word.
    #[must_use]
    pub fn name(&self, id: ReagentId, space: &Space) -> String {
        match self.find(id) {
            None => id.to_string(),
            Some((reagent, place)) => match member(reagent, place, space) {
                None => reagent.name.to_string(),
                Some(member) => member,
            },
        }
    }
}

/// The text of a family's member: the level or word that it stands for.
#[must_use]
pub fn member(reagent: &Reagent, place: u32, space: &Space) -> Option<String> {
    let place = place as usize;
    match reagent.what {
        Substance::Levels { factor } => match &space.factors.get(factor)?.kind {
            FactorKind::Categorical { levels, .. } => levels.get(place).cloned(),
            FactorKind::Ordinal { levels } => levels.get(place).map(ToString::to_string),
            _ => None,
        },
        Substance::Library { factor } => {
            let point = space.candidates.as_ref()?.points().get(place)?;
            Some(space.factors.get(factor)?.print(point.0.get(factor)?))
        }
        _ => None,
    }
}
