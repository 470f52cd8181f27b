//! What a language model proposes, and when wells settle it.

use crate::rivals::Parameter;
use design::Point;

/// What is proposed. Factors and levels are places in the campaign's space.
#[derive(Clone, Debug, PartialEq)]
pub enum Proposed {
    /// A point, whose response is to be better than three in four of those that the campaign chose itself for the
    /// same plate.
    Point(Point),
    /// A range of a factor in which the best point is to lie.
    Range {
        /// The factor.
        factor: usize,
        /// Its least value.
        low: f64,
        /// Its greatest.
        high: f64,
    },
    /// What a factor does to the response.
    Effect {
        /// The factor.
        factor: usize,
        /// The level that does it, where levels are names; more of the factor otherwise.
        level: Option<usize>,
        /// Whether it raises the response.
        increases: bool,
    },
    /// An explanation.
    Hypothesis {
        /// In words.
        words: String,
        /// Which of the campaign's hypotheses it is, if it is one.
        rival: Option<usize>,
        /// The response as a formula of factors and open parameters, where it has one.
        law: Option<(String, Vec<Parameter>)>,
    },
    /// A factor that the campaign does not vary; for a person, since no well of this campaign settles it.
    Factor {
        /// Its name.
        name: String,
        /// The range to look in.
        range: (f64, f64),
    },
}

impl Proposed {
    /// The kind's name, as answers and journals write it.
    #[must_use]
    pub fn kind(&self) -> &'static str {
        match self {
            Proposed::Point(_) => "point",
            Proposed::Range { .. } => "range",
            Proposed::Effect { .. } => "effect",
            Proposed::Hypothesis { .. } => "hypothesis",
            Proposed::Factor { .. } => "factor",
        }
    }
}

/// What a proposal rests on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Source {
    /// A claim of the ledger, by its number.
    Claim(u64),
    /// A sentence of a text, word for word.
    Quote {
        /// The text's name.
        text: String,
        /// The sentence.
        quote: String,
    },
}

/// A proposal.
#[derive(Clone, Debug, PartialEq)]
pub struct Proposal {
    /// What is proposed.
    pub what: Proposed,
    /// The probability that the model gives it.
    pub confidence: f64,
    /// What it rests on.
    pub sources: Vec<Source>,
}

/// What came of an answer.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Proposals {
    /// What can be put to nature.
    pub taken: Vec<Proposal>,
    /// What can't, as the model said it, and why.
    pub rejected: Vec<(String, String)>,
}
