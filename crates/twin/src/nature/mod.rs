//! Natures: the ground truth that answers.
//!
//! A [`Nature`] sees what is truly in a well (after spills, short volumes and evaporation) and
//! what the well went through, and says what an ideal detector would see. It never sees the
//! point that somebody meant to put there.

mod antibiotics;
mod csv;
mod electrolyte;
mod meaning;
mod natures;
mod network;
mod optimum;
mod sample;
mod table;

pub use antibiotics::{Antibiotics, Drug, Growth};
pub use electrolyte::{BLENDS, Blend, Electrolyte};
pub use meaning::{Bound, Reagent, ReagentMeaning, Strength};
pub use natures::Natures;
pub use network::{Drive, Form, Gene, Network};
pub use optimum::{Optimum, maximise_in_box, maximise_on_simplex};
pub use sample::{AMBIENT_CELSIUS, Channel, Detector, Exposure, Sample, Signal};
pub use table::{Key, Mapping, Table};

use quantity::nearest;
use std::fmt;
use std::sync::Arc;

/// The ground truth of one question.
pub trait Nature: fmt::Debug + Send + Sync {
    /// What a reagent is to this nature.
    ///
    /// # Errors
    /// If the nature doesn't know a substance, sequence or level; the message names the nearest one.
    fn bind(&self, meaning: &ReagentMeaning) -> Result<Bound, NatureError>;

    /// What an ideal detector sees of a well in a channel.
    fn respond(&self, sample: &Sample<'_>, channel: &Channel) -> Signal;

    /// The channels that a detector reads at once, beyond the one that the operation names: the
    /// genes of a sequencing run. Empty for the operation's own single channel.
    fn channels(&self, detector: Detector) -> Vec<Arc<str>> {
        let _ = detector;
        Vec::new()
    }
}

/// A nature that answers nothing: for halls that are run without a question.
#[derive(Clone, Copy, Debug, Default)]
pub struct Void;

impl Nature for Void {
    fn bind(&self, _: &ReagentMeaning) -> Result<Bound, NatureError> {
        Ok(Bound::INERT)
    }

    fn respond(&self, _: &Sample<'_>, _: &Channel) -> Signal {
        Signal::Value(0.0)
    }
}

/// Why a nature can't be made or a reagent means nothing to it.
#[derive(Clone, Debug, PartialEq)]
pub enum NatureError {
    /// A name that the nature doesn't know.
    Unknown {
        /// What kind of thing was named.
        what: &'static str,
        /// The name.
        name: Arc<str>,
        /// The nearest name it knows.
        nearest: Option<Arc<str>>,
    },
    /// A kind of reagent that has no meaning here.
    Meaningless {
        /// The reagent, in words.
        reagent: String,
        /// What this nature takes.
        takes: &'static str,
    },
    /// A table that can't be read.
    Table {
        /// Line of the file, from one; zero where it is about the whole.
        line: usize,
        /// What is wrong and what was expected.
        problem: String,
    },
    /// Numbers that don't make a nature.
    Parameters(String),
}

impl NatureError {
    pub(crate) fn unknown<'a>(
        what: &'static str,
        name: &str,
        known: impl IntoIterator<Item = &'a str>,
    ) -> Self {
        NatureError::Unknown {
            what,
            name: name.into(),
            nearest: nearest(name, known).map(Into::into),
        }
    }
}

impl fmt::Display for NatureError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            NatureError::Unknown {
                what,
                name,
                nearest,
            } => {
                write!(f, "this nature knows no {what} '{name}'")?;
                if let Some(nearest) = nearest {
                    write!(f, " (did you mean '{nearest}'?)")?;
                }
                Ok(())
            }
            NatureError::Meaningless { reagent, takes } => {
                write!(
                    f,
                    "{reagent} means nothing to this nature, which takes {takes}"
                )
            }
            NatureError::Table { line: 0, problem } => f.write_str(problem),
            NatureError::Table { line, problem } => write!(f, "line {line}: {problem}"),
            NatureError::Parameters(problem) => f.write_str(problem),
        }
    }
}

impl std::error::Error for NatureError {}
