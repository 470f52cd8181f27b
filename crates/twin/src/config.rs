//! What a twin is made of besides its hall.

use crate::fault::{FaultPlan, FaultRates};
use crate::nature::{Natures, Reagent};
use crate::physics::Physics;
use quantity::Seed;

/// Everything that a twin is made of besides its hall.
#[derive(Clone, Debug)]
pub struct TwinConfig {
    /// Every draw follows from it, the command and the purpose.
    pub seed: Seed,
    /// How often things go wrong by chance.
    pub faults: FaultRates,
    /// What goes wrong by script.
    pub plan: FaultPlan,
    /// The ground truth, or one for each question that is asked in the hall.
    pub nature: Natures,
    /// The stock liquids and library members, by reagent id.
    pub reagents: Vec<Reagent>,
    /// How liquid, instruments, arms and people behave.
    pub physics: Physics,
    /// Whether the list of physical facts is kept, beside its hash.
    pub keep_history: bool,
    /// Whether the liquid of plates that left the hall is kept, for tests.
    pub keep_contents: bool,
}

impl Default for TwinConfig {
    /// Typical faults, no reagents, and a nature that answers nothing.
    fn default() -> Self {
        Self {
            seed: Seed(1),
            faults: FaultRates::default(),
            plan: FaultPlan::default(),
            nature: Natures::default(),
            reagents: Vec::new(),
            physics: Physics::default(),
            keep_history: false,
            keep_contents: false,
        }
    }
}
