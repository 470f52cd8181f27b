//! Who says what, under which conditions, and how much each source is worth.

use super::{Claim, Direction, Stance, effects};
use crate::meta::{Fit, Tau2, Test, fit};

/// Which side a source is on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Side {
    /// It says that the intervention raises the outcome.
    Raises,
    /// It says that it lowers it.
    Lowers,
    /// It says that it does nothing, or is against the claim.
    Nothing,
    /// It says that it depends.
    Depends,
}

impl Side {
    /// In words.
    #[must_use]
    pub fn words(self) -> &'static str {
        match self {
            Side::Raises => "it raises it",
            Side::Lowers => "it lowers it",
            Side::Nothing => "it does nothing",
            Side::Depends => "it depends",
        }
    }
}

/// One source in a debate.
#[derive(Clone, Debug, PartialEq)]
pub struct Voice {
    /// Its place among the claims that were given.
    pub at: usize,
    /// Its side.
    pub side: Side,
    /// Its share of the weight on the mean effect, from 0 to 1; zero where it states no effect with an error.
    pub weight: f64,
    /// Information about the mean effect that would be lost without it, nats.
    pub worth: f64,
}

/// A debate about one intervention and outcome.
#[derive(Clone, Debug, PartialEq)]
pub struct Debate {
    /// The sources, the most valuable first.
    pub voices: Vec<Voice>,
    /// What those that state an effect come to, if there are at least two.
    pub fit: Option<Fit>,
}

fn side(claim: &Claim) -> Side {
    match (&claim.stance, claim.direction) {
        (Stance::Conditional(_), _) => Side::Depends,
        (Stance::Against, _) | (_, Direction::NoEffect) => Side::Nothing,
        (Stance::For, Direction::Increases) => Side::Raises,
        (Stance::For, Direction::Decreases) => Side::Lowers,
    }
}

/// The debate that claims about one pair make. What a source is worth is `ln(se without it / se)` of the
/// random-effects mean at the spread that all sources show: a count of sources would let ten small
/// ones outvote a large one.
#[must_use]
pub fn debate(claims: &[&Claim]) -> Debate {
    let (effects, sized) = effects(claims);
    let fitted = effects
        .as_ref()
        .and_then(|effects| fit(effects, Tau2::Restricted, Test::Normal).ok());
    let tau2 = fitted.as_ref().map_or(0.0, |fit| fit.heterogeneity.tau2);
    let weights: Vec<f64> = effects
        .iter()
        .flat_map(|effects| effects.variances().iter().map(|v| 1.0 / (v + tau2)))
        .collect();
    let whole: f64 = weights.iter().sum();
    let mut voices: Vec<Voice> = claims
        .iter()
        .enumerate()
        .map(|(at, claim)| {
            let weight = sized
                .iter()
                .position(|own| *own == at)
                .map_or(0.0, |place| weights[place] / whole);
            Voice {
                at,
                side: side(claim),
                weight,
                // With one source alone everything hangs on it; no number says that better than its weight.
                worth: if weight < 1.0 {
                    -0.5 * (-weight).ln_1p()
                } else {
                    f64::INFINITY
                },
            }
        })
        .collect();
    voices.sort_by(|a, b| b.weight.total_cmp(&a.weight).then(a.at.cmp(&b.at)));
    Debate {
        voices,
        fit: fitted,
    }
}
