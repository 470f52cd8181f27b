//! What language models proposed and what wells made of it, as the journal keeps it.

use crate::assay::Campaign;
use design::FactorKind;
use reason::language::{Proposal, Proposals, Proposed as What, Source};
use reason::rivals::Parameter;
use serde::{Deserialize, Serialize};

/// A language model was asked before a batch, and what came of it. A replay reads this, and asks nobody.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Proposed {
    /// Layout version.
    pub v: u32,
    /// The batch that it was asked for.
    pub batch: u32,
    /// The model's name.
    pub model: String,
    /// The seed that it was given.
    pub seed: u64,
    /// Why there is no answer, if there is none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub failed: Option<String>,
    /// What was taken, in the answer's order.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub taken: Vec<Kept>,
    /// What was not: as the model said it, and why.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub rejected: Vec<(String, String)>,
}

/// A proposal that was taken.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Kept {
    /// What is proposed.
    #[serde(flatten)]
    pub what: KeptWhat,
    /// The probability that the model gave it.
    pub confidence: f64,
    /// What it was worth, by the model's record at that moment.
    pub worth: f64,
    /// Claims and sentences that it rests on.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub sources: Vec<KeptSource>,
}

/// What is proposed, with factors and levels as texts.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum KeptWhat {
    /// See [`What::Point`].
    Point {
        /// The text of each level.
        levels: Vec<String>,
    },
    /// See [`What::Range`].
    Range {
        /// The factor's name.
        factor: String,
        /// The least value.
        low: f64,
        /// The greatest.
        high: f64,
    },
    /// See [`What::Effect`].
    Effect {
        /// The factor's name.
        factor: String,
        /// The level's name, where levels are names.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        level: Option<String>,
        /// Whether it raises the response.
        increases: bool,
    },
    /// See [`What::Hypothesis`].
    Hypothesis {
        /// In words.
        words: String,
        /// The campaign's hypothesis that it is.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        rival: Option<String>,
        /// The formula, where it has one.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        formula: Option<String>,
        /// The formula's open parameters: name, least and greatest value.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        parameters: Vec<(String, f64, f64)>,
    },
    /// See [`What::Factor`].
    Factor {
        /// Its name.
        name: String,
        /// The range to look in.
        range: (f64, f64),
    },
}

/// A source of a proposal.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum KeptSource {
    /// A claim, by its number.
    Claim {
        /// The number.
        claim: u64,
    },
    /// A sentence.
    Quote {
        /// The text's name.
        text: String,
        /// The sentence.
        quote: String,
    },
}

/// Wells settled a proposal.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Settled {
    /// The model.
    pub model: String,
    /// The batch that it was proposed for.
    pub batch: u32,
    /// Its place in that answer, from 0.
    pub proposal: u32,
    /// Its kind.
    pub kind: String,
    /// The probability that it was given.
    pub confidence: f64,
    /// Whether it came true.
    pub came_true: bool,
    /// What wells said, in words.
    pub why: String,
}

impl KeptWhat {
    /// The kind's name.
    #[must_use]
    pub fn kind(&self) -> &'static str {
        match self {
            KeptWhat::Point { .. } => "point",
            KeptWhat::Range { .. } => "range",
            KeptWhat::Effect { .. } => "effect",
            KeptWhat::Hypothesis { .. } => "hypothesis",
            KeptWhat::Factor { .. } => "factor",
        }
    }

    /// In words, without the point's levels, which need the campaign's factors.
    #[must_use]
    pub fn words(&self) -> String {
        match self {
            KeptWhat::Point { levels } => levels.join(", "),
            KeptWhat::Range { factor, low, high } => {
                format!("the best point has {factor} between {low} and {high}")
            }
            KeptWhat::Effect {
                factor,
                level,
                increases,
            } => {
                let verb = if *increases { "raises" } else { "lowers" };
                match level {
                    Some(level) => format!("{factor} = {level} {verb} the response"),
                    None => format!("more {factor} {verb} the response"),
                }
            }
            KeptWhat::Hypothesis { words, formula, .. } => match formula {
                Some(formula) => format!("{words} ({formula})"),
                None => words.clone(),
            },
            KeptWhat::Factor { name, range } => {
                format!("vary {name} too, from {} to {}", range.0, range.1)
            }
        }
    }

    pub(crate) fn write(what: &What, campaign: &Campaign) -> KeptWhat {
        let factors = &campaign.space.factors;
        match what {
            What::Point(point) => KeptWhat::Point {
                levels: factors
                    .iter()
                    .zip(&point.0)
                    .map(|(factor, level)| factor.print(level))
                    .collect(),
            },
            What::Range { factor, low, high } => KeptWhat::Range {
                factor: factors[*factor].name.clone(),
                low: *low,
                high: *high,
            },
            What::Effect {
                factor,
                level,
                increases,
            } => KeptWhat::Effect {
                factor: factors[*factor].name.clone(),
                level: level.and_then(|at| match &factors[*factor].kind {
                    FactorKind::Categorical { levels, .. } => levels.get(at).cloned(),
                    _ => None,
                }),
                increases: *increases,
            },
            What::Hypothesis { words, rival, law } => KeptWhat::Hypothesis {
                words: words.clone(),
                rival: rival
                    .and_then(|at| campaign.rivals.as_ref()?.hypotheses.get(at))
                    .map(|own| own.name.clone()),
                formula: law.as_ref().map(|(formula, _)| formula.clone()),
                parameters: law.iter().flat_map(|(_, p)| p).map(bare).collect(),
            },
            What::Factor { name, range } => KeptWhat::Factor {
                name: name.clone(),
                range: *range,
            },
        }
    }
}

fn bare(parameter: &Parameter) -> (String, f64, f64) {
    (parameter.name.clone(), parameter.low, parameter.high)
}

impl Proposed {
    /// An answer as it is kept; `worth` says what a confidence in a kind is worth now. What the model proposed in `earlier`
    /// answers counts once.
    pub(crate) fn new(
        campaign: &Campaign,
        (batch, model, seed): (u32, &str, u64),
        answer: Result<Proposals, String>,
        earlier: &[Proposed],
        worth: impl Fn(&str, f64) -> f64,
    ) -> Proposed {
        let (said, mut rejected, failed) = match answer {
            Ok(all) => (all.taken, all.rejected, None),
            Err(why) => (Vec::new(), Vec::new(), Some(why)),
        };
        let keep = |proposal: &Proposal| Kept {
            what: KeptWhat::write(&proposal.what, campaign),
            confidence: proposal.confidence,
            worth: worth(proposal.what.kind(), proposal.confidence),
            sources: proposal
                .sources
                .iter()
                .map(|source| match source {
                    Source::Claim(claim) => KeptSource::Claim { claim: *claim },
                    Source::Quote { text, quote } => KeptSource::Quote {
                        text: text.clone(),
                        quote: quote.clone(),
                    },
                })
                .collect(),
        };
        let own = earlier.iter().filter(|record| record.model == model);
        let known: Vec<&KeptWhat> = own.flat_map(|r| &r.taken).map(|kept| &kept.what).collect();
        let mut taken: Vec<Kept> = Vec::new();
        for kept in said.iter().map(keep) {
            let again =
                known.contains(&&kept.what) || taken.iter().any(|other| other.what == kept.what);
            if again && kept.what.kind() != "point" {
                rejected.push((
                    kept.what.words(),
                    "it was proposed before, and counts once".into(),
                ));
            } else {
                taken.push(kept);
            }
        }
        Proposed {
            v: crate::record::VERSION,
            batch,
            model: model.to_owned(),
            seed,
            failed,
            taken,
            rejected,
        }
    }
}
