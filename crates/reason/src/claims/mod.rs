//! The ledger of claims: who says what, under which conditions, with what evidence.
//!
//! A [`Claim`] is a statement about a pair of intervention and outcome. [`Ledger`] holds claims in the order in
//! which they came, and is a fold over records that are only ever appended. [`debate`] shows both
//! sides of a pair and what each source is worth; [`rank()`] says which next trial would tell most.
//! [`record`] is how claims are written.

mod debate;
mod ledger;
mod rank;
pub mod record;

pub use debate::{Debate, Side, Voice, debate};
pub use ledger::{Ledger, Pair};
pub use rank::{Next, NextKind, rank};

use crate::meta::Effects;

/// Which way an outcome goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Direction {
    /// The intervention raises the outcome.
    Increases,
    /// The intervention lowers it.
    Decreases,
    /// It does nothing that matters.
    NoEffect,
}

/// Whether a source is for the claim that the intervention works.
#[derive(Clone, Debug, PartialEq)]
pub enum Stance {
    /// For.
    For,
    /// Against.
    Against,
    /// Only under these conditions, in the source's words.
    Conditional(String),
}

/// How a source came to what it says; later ones can be believed less.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum StudyDesign {
    /// Measured in wells of this laboratory, with their own precision and nothing unpublished.
    Wells,
    /// Randomised.
    Randomised,
    /// Controlled, not randomised.
    Controlled,
    /// Only observed.
    Observational,
    /// Computed.
    Simulation,
    /// Not stated.
    Unknown,
}

impl StudyDesign {
    /// How it is written.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            StudyDesign::Wells => "wells",
            StudyDesign::Randomised => "randomised",
            StudyDesign::Controlled => "controlled",
            StudyDesign::Observational => "observational",
            StudyDesign::Simulation => "simulation",
            StudyDesign::Unknown => "unknown",
        }
    }
}

/// How large an effect is, and how sure.
#[derive(Clone, Copy, Debug, PartialEq, Default)]
pub struct Size {
    /// The effect, on a scale on which effects add: a difference, or the logarithm of a ratio.
    pub estimate: Option<f64>,
    /// Its standard error.
    pub se: Option<f64>,
    /// How many it rests on.
    pub n: Option<f64>,
    /// Its two-sided p value.
    pub p: Option<f64>,
}

impl Size {
    /// The effect and its variance: from the standard error or, without it, from p by the normal distribution
    /// (Cochrane Handbook 6.5, chapter 6.3). `None` where neither is stated or p tells nothing.
    #[must_use]
    pub fn effect(&self) -> Option<(f64, f64)> {
        let estimate = self.estimate?;
        let se = match (self.se, self.p) {
            (Some(se), _) => se,
            (None, Some(p)) if p > 0.0 && p < 1.0 && estimate != 0.0 => {
                estimate.abs() / crate::meta::normal_quantile(1.0 - p / 2.0)
            }
            _ => return None,
        };
        (se.is_finite() && se > 0.0).then_some((estimate, se * se))
    }
}

/// A condition under which something was found.
#[derive(Clone, Debug, PartialEq)]
pub enum Condition {
    /// A number, with its unit.
    Number(f64, String),
    /// A name.
    Text(String),
}

/// Where a claim was found.
#[derive(Clone, Debug, PartialEq, Default)]
pub struct Source {
    /// Who wrote it: author, title or run.
    pub name: String,
    /// When.
    pub year: Option<i32>,
    /// Where it can be found: a DOI, an address, a journal's version.
    pub locator: Option<String>,
    /// The sentence that says it, word for word.
    pub quote: Option<String>,
    /// Which program or model took it from there, if one did.
    pub reader: Option<String>,
}

/// What a source says.
#[derive(Clone, Debug, PartialEq)]
pub struct Claim {
    /// What is done.
    pub intervention: String,
    /// What it is done to.
    pub outcome: String,
    /// Which way it goes.
    pub direction: Direction,
    /// How large, where stated.
    pub size: Size,
    /// Under which conditions, by name.
    pub context: Vec<(String, Condition)>,
    /// Who says so.
    pub source: Source,
    /// How they came to it.
    pub design: StudyDesign,
    /// Whether they are for it.
    pub stance: Stance,
}

impl Claim {
    /// A condition by its name.
    #[must_use]
    pub fn condition(&self, name: &str) -> Option<&Condition> {
        self.context
            .iter()
            .find(|(own, _)| own == name)
            .map(|(_, value)| value)
    }

    /// The numeric value of a condition.
    #[must_use]
    pub fn number(&self, name: &str) -> Option<f64> {
        match self.condition(name) {
            Some(Condition::Number(value, _)) => Some(*value),
            _ => None,
        }
    }
}

/// The effects of the claims that state one, with their places among `claims`.
pub(crate) fn effects(claims: &[&Claim]) -> (Option<Effects>, Vec<usize>) {
    let sized: Vec<(usize, (f64, f64))> = claims
        .iter()
        .enumerate()
        .filter_map(|(at, claim)| claim.size.effect().map(|effect| (at, effect)))
        .collect();
    let (y, v) = sized.iter().map(|(_, effect)| *effect).unzip();
    let at = sized.iter().map(|(at, _)| *at).collect();
    (
        Effects::new(y, v)
            .ok()
            .filter(|effects| !effects.is_empty()),
        at,
    )
}
