//! The campaign's own events as they stand in the journal: JSON with a version.
//!
//! | kind | when |
//! | --- | --- |
//! | `proposed` | a language model was asked for proposals, and answered or did not |
//! | `asked` | a policy chose points |
//! | `plated` | points were given wells, and the order was handed in |
//! | `analysed` | a plate came to its end and was judged |
//! | `told` | the policy was told what its points gave |
//! | `answered` | the campaign is over |
//!
//! Points are numbered through the campaign in the order in which they are asked; their levels are
//! texts, as [`design::Factor::print`] writes them, so that a number comes back to the last bit.

pub use crate::causes::CausesFound;
use crate::map::{Content, PlateMap};
pub use crate::prior::{Fate, PriorFound, Speaks};
pub use crate::proposer::{Kept, KeptSource, KeptWhat, Proposed, Settled};
pub use crate::rivals::{RivalFit, RivalFits};
use serde::{Deserialize, Serialize};

/// The version that is written.
pub const VERSION: u32 = 1;

/// One event.
#[derive(Clone, Debug, PartialEq)]
pub enum Record {
    /// A language model was asked for proposals.
    Proposed(Proposed),
    /// A policy chose points.
    Asked(Asked),
    /// Points were given wells, and the order was handed in.
    Plated(Plated),
    /// A plate came to its end and was judged.
    Analysed(Analysed),
    /// The policy was told.
    Told(Told),
    /// The campaign is over.
    Answered(Answer),
}

/// A point that was asked for.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct AskedPoint {
    /// Its number in the campaign.
    pub id: u32,
    /// The text of each level.
    pub levels: Vec<String>,
    /// What the model expected, and its standard deviation.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub predicted: Option<(f64, f64)>,
    /// Why it was asked: `baseline`, `improve`, `explore`, `replicate`, `confirm`, `proposed`.
    pub why: String,
    /// The model that proposed it, and its place in that answer, if one did.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub proposal: Option<(String, u32)>,
}

/// A policy chose points.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Asked {
    /// Layout version.
    pub v: u32,
    /// Batches are numbered from 0.
    pub batch: u32,
    /// The policy's name.
    pub policy: String,
    /// The version of the program that held it.
    pub program: String,
    /// The seed that it was given.
    pub seed: u64,
    /// Trials that it had been told.
    pub told: u32,
    /// Points that were still being measured.
    pub pending: u32,
    /// What the policy says of itself.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub note: Option<String>,
    /// The points.
    pub points: Vec<AskedPoint>,
}

/// Points were given wells, and the order was handed in.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Plated {
    /// Layout version.
    pub v: u32,
    /// The order.
    pub order: u32,
    /// The plate.
    pub plate: u32,
    /// What its barcode says.
    pub barcode: String,
    /// Whether candidates are confirmed on it.
    pub confirms: bool,
    /// The points by seat.
    pub seats: Vec<u32>,
    /// Replicates of each.
    pub replicates: Vec<u32>,
    /// The seed of the map.
    pub seed: u64,
    /// What each well holds, row-major: `s<seat>.<replicate>.<dose>`, `c<control>`, `b` or `-`.
    pub wells: Vec<String>,
}

/// A plate came to its end and was judged.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Analysed {
    /// Layout version.
    pub v: u32,
    /// The order.
    pub order: u32,
    /// How the order ended.
    pub ending: String,
    /// Z′ of the controls, where both are there.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub z_prime: Option<f64>,
    /// The same with medians.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub robust_z_prime: Option<f64>,
    /// Strictly standardised mean difference.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ssmd: Option<f64>,
    /// Coefficient of variation of the negative controls.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub control_cv: Option<f64>,
    /// Pooled standard deviation of replicates.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub replicate_sd: Option<f64>,
    /// Level and standard error of controls that ought to be the same on every plate, where
    /// responses are not in relation to them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub standard: Option<(f64, f64)>,
    /// Wells that gave a value that counts.
    pub valid: u32,
    /// Wells that were to give one.
    pub wanted: u32,
    /// Why the plate does not count; nothing if it does.
    pub rejected: Vec<String>,
}

/// What came of one point.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ToldPoint {
    /// The point's number.
    pub id: u32,
    /// The response, if there is one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub value: Option<f64>,
    /// What every variable gave, where several are asked for; `value` is the first.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub values: Vec<f64>,
    /// Standard deviation of the response's error, where known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sd: Option<f64>,
    /// Standard deviation of the error that it shares with its plate through the controls.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub shared: Option<f64>,
    /// Standard deviation of its wells among themselves, where rivals are told apart, who learn their error from it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub spread: Option<f64>,
    /// Wells that it is the mean of.
    pub wells: u32,
    /// What the model expected just before it was told, and its standard deviation, widened by what its
    /// errors on the plates before called for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expected: Option<(f64, f64)>,
    /// Why there is no response.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub failed: Option<String>,
}

/// The policy was told.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Told {
    /// Layout version.
    pub v: u32,
    /// The order.
    pub order: u32,
    /// What the policy was told.
    pub points: Vec<ToldPoint>,
    /// Points that are asked again on a plate to come.
    pub again: Vec<u32>,
    /// What every variable gave in controls where nothing was done, where several are asked for.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub controls: Vec<Vec<f64>>,
    /// Proposals of language models that this plate settled.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub settled: Vec<Settled>,
}

/// A candidate for the answer.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Candidate {
    /// The levels as text.
    pub levels: Vec<String>,
    /// What the model expected before the confirmation, and its standard deviation.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub model: Option<(f64, f64)>,
    /// Mean over all wells before the confirmation; chosen for being good, so likely too good.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub before: Option<f64>,
    /// Mean over the confirmation wells.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub confirmed: Option<f64>,
    /// Confirmation wells.
    pub wells: u32,
    /// The estimate: from the confirmation wells of all candidates together, if there are any.
    pub estimate: f64,
    /// Its standard deviation, with what plates differ by.
    pub sd: f64,
    /// The part of `sd` that more wells on the same plate would not make smaller: the errors of its
    /// controls, and what plates differ by.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub plate_sd: Option<f64>,
    /// The 95 % interval of the estimate.
    pub interval: (f64, f64),
}

/// The campaign is over.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Answer {
    /// Layout version.
    pub v: u32,
    /// The best first; none where nothing was measured, or the question is a map.
    pub candidates: Vec<Candidate>,
    /// Root mean square of measured minus expected, on points that the model had not seen.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub model_error: Option<f64>,
    /// The part of `model_error` that is measuring noise.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub noise: Option<f64>,
    /// Share of those points whose value lay within the model's 95 % interval.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub covered: Option<f64>,
    /// What was settled between rival hypotheses, in words.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub verdict: Option<String>,
    /// Rival hypotheses, and their probability after each plate.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub rivals: Vec<(String, Vec<f64>)>,
    /// The same hypotheses in the same order: what each says, once wells have fitted it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub fits: Option<RivalFits>,
    /// Who drives whom, where that was the question.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub causes: Option<Box<CausesFound>>,
    /// What became of the claims that the campaign began with.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub prior: Vec<PriorFound>,
    /// Proposals of language models that only the answer settles.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub settled: Vec<Settled>,
    /// Points with a response.
    pub points: u32,
    /// Plates that counted.
    pub plates: u32,
    /// Plates that did not.
    pub rejected: u32,
    /// Points that were asked and never answered.
    pub unanswered: u32,
    /// Why the campaign ended before its budget was spent, if it did.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub early: Option<String>,
}

/// A note that this program can't read.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum RecordError {
    /// A kind that no campaign writes.
    #[error("a campaign writes no `{0}`")]
    Kind(String),
    /// A later version.
    #[error("`{kind}` in version {found}, and this program reads up to {VERSION}: use a newer one")]
    Version {
        /// The kind.
        kind: String,
        /// The version found.
        found: u64,
    },
    /// A body that is not what its kind promises.
    #[error("`{kind}` can't be read: {why}")]
    Body {
        /// The kind.
        kind: String,
        /// Why.
        why: String,
    },
}

impl Record {
    /// The kind under which it is kept.
    #[must_use]
    pub fn kind(&self) -> &'static str {
        match self {
            Record::Proposed(_) => "proposed",
            Record::Asked(_) => "asked",
            Record::Plated(_) => "plated",
            Record::Analysed(_) => "analysed",
            Record::Told(_) => "told",
            Record::Answered(_) => "answered",
        }
    }

    /// The body.
    #[must_use]
    pub fn body(&self) -> Vec<u8> {
        let written = match self {
            Record::Proposed(record) => serde_json::to_vec(record),
            Record::Asked(record) => serde_json::to_vec(record),
            Record::Plated(record) => serde_json::to_vec(record),
            Record::Analysed(record) => serde_json::to_vec(record),
            Record::Told(record) => serde_json::to_vec(record),
            Record::Answered(record) => serde_json::to_vec(record),
        };
        // Plain structs of numbers and texts always serialise.
        written.unwrap_or_default()
    }

    /// Reads one back.
    ///
    /// # Errors
    /// If the kind is not one of a campaign, the version is newer, or the body is not as it should be.
    pub fn read(kind: &str, body: &[u8]) -> Result<Record, RecordError> {
        fn parse<T: for<'a> Deserialize<'a>>(kind: &str, body: &[u8]) -> Result<T, RecordError> {
            let wrong = |why: serde_json::Error| RecordError::Body {
                kind: kind.into(),
                why: why.to_string(),
            };
            let value: serde_json::Value = serde_json::from_slice(body).map_err(wrong)?;
            match value.get("v").and_then(serde_json::Value::as_u64) {
                Some(found) if found > u64::from(VERSION) => {
                    return Err(RecordError::Version {
                        kind: kind.into(),
                        found,
                    });
                }
                _ => {}
            }
            serde_json::from_value(value).map_err(wrong)
        }
        Ok(match kind {
            "proposed" => Record::Proposed(parse(kind, body)?),
            "asked" => Record::Asked(parse(kind, body)?),
            "plated" => Record::Plated(parse(kind, body)?),
            "analysed" => Record::Analysed(parse(kind, body)?),
            "told" => Record::Told(parse(kind, body)?),
            "answered" => Record::Answered(parse(kind, body)?),
            _ => return Err(RecordError::Kind(kind.into())),
        })
    }
}

/// The text of a well's content in a `plated` record.
#[must_use]
pub fn write_content(content: Content) -> String {
    match content {
        Content::Sample {
            seat,
            replicate,
            dose,
        } => format!("s{seat}.{replicate}.{dose}"),
        Content::Control(index) => format!("c{index}"),
        Content::Blank => "b".into(),
        Content::Empty => "-".into(),
    }
}

/// Reads what [`write_content`] wrote.
#[must_use]
pub fn read_content(text: &str) -> Option<Content> {
    match text {
        "b" => return Some(Content::Blank),
        "-" => return Some(Content::Empty),
        _ => {}
    }
    if let Some(index) = text.strip_prefix('c') {
        return index.parse().ok().map(Content::Control);
    }
    let mut numbers = text.strip_prefix('s')?.split('.').map(str::parse);
    let mut next = || numbers.next()?.ok();
    Some(Content::Sample {
        seat: next()?,
        replicate: next()?,
        dose: next()?,
    })
}

impl Plated {
    /// The map that it records.
    #[must_use]
    pub fn map(&self, columns: u8) -> Option<PlateMap> {
        let wells: Option<Vec<Content>> =
            self.wells.iter().map(|text| read_content(text)).collect();
        wells.map(|wells| PlateMap { wells, columns })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_is_read() {
        let asked = Record::Asked(Asked {
            v: VERSION,
            batch: 3,
            policy: "gp".into(),
            program: "0.1.0".into(),
            seed: u64::MAX,
            told: 96,
            pending: 24,
            note: None,
            points: vec![AskedPoint {
                id: 7,
                levels: vec!["0.1".into(), "VDGV".into()],
                predicted: Some((0.1 + 0.2, 1e-300)),
                why: "explore".into(),
                proposal: Some(("a model".into(), 2)),
            }],
        });
        assert_eq!(Record::read(asked.kind(), &asked.body()), Ok(asked));
        for content in [
            Content::Blank,
            Content::Empty,
            Content::Control(2),
            Content::Sample {
                seat: 12,
                replicate: 1,
                dose: 3,
            },
        ] {
            assert_eq!(read_content(&write_content(content)), Some(content));
        }
        assert_eq!(read_content("s1.2"), None);
    }

    #[test]
    fn what_can_not_be_read_says_why() {
        let newer = Record::read("told", br#"{"v":2}"#).unwrap_err();
        assert_eq!(
            newer.to_string(),
            "`told` in version 2, and this program reads up to 1: use a newer one"
        );
        assert!(
            Record::read("told", br#"{"v":1}"#)
                .unwrap_err()
                .to_string()
                .contains("missing field")
        );
        assert!(Record::read("sung", b"{}").is_err());
    }
}
