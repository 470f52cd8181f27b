//! How claims are written: one JSON object each, with a version (docs/claims.md).

use super::{Claim, Condition, Direction, Size, Source, Stance, StudyDesign};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use thiserror::Error;

/// The version in which claims are written.
pub const VERSION: u32 = 1;
/// Longest text of a claim, in bytes.
pub const TEXT_MAX: usize = 20_000;

/// Why a record is no claim.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum RecordError {
    /// Not the JSON that was expected.
    #[error("{0}")]
    Json(String),
    /// From a later version of the program.
    #[error("a claim in version {0}, and this program reads up to {VERSION}: use a newer one")]
    Newer(u32),
    /// A field that says something else than it may.
    #[error("'{field}' is {found}; expected {expected}")]
    Field {
        /// The field.
        field: &'static str,
        /// What it says.
        found: String,
        /// What it may say.
        expected: &'static str,
    },
    /// It supersedes a claim that isn't there.
    #[error("it supersedes claim {0}, which is not in the ledger")]
    Supersedes(u64),
}

/// A claim as it is written.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ClaimRecord {
    /// The version; 1 if it is left out.
    #[serde(default = "first")]
    pub v: u32,
    /// What is done.
    pub intervention: String,
    /// What it is done to.
    pub outcome: String,
    /// `increases`, `decreases` or `no effect`.
    pub direction: String,
    /// The effect, on a scale on which effects add.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub estimate: Option<f64>,
    /// Its standard error.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub se: Option<f64>,
    /// How many it rests on.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub n: Option<f64>,
    /// Its two-sided p value.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub p: Option<f64>,
    /// Conditions: a number, a text, or a number with its unit.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub context: BTreeMap<String, ConditionRecord>,
    /// Who says so.
    pub source: String,
    /// When.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub year: Option<i32>,
    /// Where it can be found.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub locator: Option<String>,
    /// The sentence that says it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub quote: Option<String>,
    /// What took it from there.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reader: Option<String>,
    /// `wells`, `randomised`, `controlled`, `observational`, `simulation` or `unknown`.
    #[serde(default = "unknown")]
    pub design: String,
    /// `for`, `against`, or `conditional`.
    #[serde(default = "in_favour")]
    pub stance: String,
    /// The conditions of a conditional stance, in words.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub condition: Option<String>,
    /// The number of the claim that this one corrects.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub supersedes: Option<u64>,
}

/// A condition as it is written.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum ConditionRecord {
    /// A number.
    Number(f64),
    /// A text.
    Text(String),
    /// A number with its unit.
    Measured {
        /// The number.
        value: f64,
        /// The unit.
        unit: String,
    },
}

fn first() -> u32 {
    1
}

fn unknown() -> String {
    "unknown".into()
}

fn in_favour() -> String {
    "for".into()
}

const DIRECTIONS: &str = "increases, decreases or no effect";
const DESIGNS: [StudyDesign; 6] = [
    StudyDesign::Wells,
    StudyDesign::Randomised,
    StudyDesign::Controlled,
    StudyDesign::Observational,
    StudyDesign::Simulation,
    StudyDesign::Unknown,
];

impl ClaimRecord {
    /// Reads a record.
    ///
    /// # Errors
    /// If it is not JSON, has a field too many or too few, or is of a later version.
    pub fn parse(body: &[u8]) -> Result<Self, RecordError> {
        #[derive(Deserialize)]
        struct Versioned {
            #[serde(default = "first")]
            v: u32,
        }
        let json = |error: serde_json::Error| RecordError::Json(error.to_string());
        let Versioned { v } = serde_json::from_slice(body).map_err(json)?;
        if v > VERSION {
            return Err(RecordError::Newer(v));
        }
        serde_json::from_slice(body).map_err(json)
    }

    /// As it is written.
    #[must_use]
    pub fn body(&self) -> Vec<u8> {
        // A struct of texts and numbers always has a JSON form; numbers that are not finite are refused by `claim`.
        serde_json::to_vec(self).unwrap_or_default()
    }

    /// The claim that it writes.
    ///
    /// # Errors
    /// Names the field that can't be used.
    pub fn claim(&self) -> Result<Claim, RecordError> {
        let field = |field, found: String, expected| RecordError::Field {
            field,
            found,
            expected,
        };
        for (name, text) in [
            ("intervention", &self.intervention),
            ("outcome", &self.outcome),
            ("source", &self.source),
        ] {
            if text.trim().is_empty() || text.len() > TEXT_MAX {
                let found = format!("{} bytes long", text.len());
                return Err(field(
                    name,
                    found,
                    "a text of up to 20000 bytes that is not empty",
                ));
            }
        }
        for (name, value, lowest) in [("se", self.se, 0.0), ("n", self.n, 0.0), ("p", self.p, 0.0)]
        {
            if let Some(value) = value
                && !(value.is_finite() && value > lowest)
            {
                return Err(field(name, value.to_string(), "a number above zero"));
            }
        }
        if let Some(p) = self.p.filter(|p| *p > 1.0) {
            return Err(field("p", p.to_string(), "a number up to 1"));
        }
        if let Some(estimate) = self.estimate.filter(|estimate| !estimate.is_finite()) {
            return Err(field("estimate", estimate.to_string(), "a finite number"));
        }
        let direction = match self.direction.as_str() {
            "increases" => Direction::Increases,
            "decreases" => Direction::Decreases,
            "no effect" | "no_effect" => Direction::NoEffect,
            other => return Err(field("direction", format!("'{other}'"), DIRECTIONS)),
        };
        let design = DESIGNS
            .into_iter()
            .find(|design| design.name() == self.design)
            .ok_or_else(|| {
                let expected =
                    "wells, randomised, controlled, observational, simulation or unknown";
                field("design", format!("'{}'", self.design), expected)
            })?;
        let stance = match (self.stance.as_str(), &self.condition) {
            ("for", _) => Stance::For,
            ("against", _) => Stance::Against,
            ("conditional", words) => Stance::Conditional(words.clone().unwrap_or_default()),
            (other, _) => {
                return Err(field(
                    "stance",
                    format!("'{other}'"),
                    "for, against or conditional",
                ));
            }
        };
        let context = self.context.iter().map(|(name, value)| {
            let value = match value {
                ConditionRecord::Number(value) => Condition::Number(*value, String::new()),
                ConditionRecord::Text(text) => Condition::Text(text.clone()),
                ConditionRecord::Measured { value, unit } => {
                    Condition::Number(*value, unit.clone())
                }
            };
            (name.clone(), value)
        });
        Ok(Claim {
            intervention: self.intervention.trim().to_owned(),
            outcome: self.outcome.trim().to_owned(),
            direction,
            size: Size {
                estimate: self.estimate,
                se: self.se,
                n: self.n,
                p: self.p,
            },
            context: context.collect(),
            source: Source {
                name: self.source.clone(),
                year: self.year,
                locator: self.locator.clone(),
                quote: self.quote.clone(),
                reader: self.reader.clone(),
            },
            design,
            stance,
        })
    }
}
