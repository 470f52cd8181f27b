//! The header: what a journal is of, and the root of its chain.

use crate::limits::FORMAT;
use std::collections::BTreeMap;

/// What a journal is of. It is written once and is the root of the hash chain.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Header {
    format: u32,
    run: String,
    pairs: BTreeMap<String, String>,
}

impl Header {
    /// The header of a new journal for `run`, in the newest format.
    pub fn new(run: impl Into<String>) -> Self {
        Self::stored(FORMAT, run.into(), BTreeMap::new())
    }

    /// A header as a store found it.
    #[must_use]
    pub fn stored(format: u32, run: String, pairs: BTreeMap<String, String>) -> Self {
        Self { format, run, pairs }
    }

    /// With one more fact about the run: seed, program version, hash of an input file.
    #[must_use]
    pub fn with(mut self, key: impl Into<String>, value: impl Into<String>) -> Self {
        self.pairs.insert(key.into(), value.into());
        self
    }

    /// The format that the journal is written in.
    #[must_use]
    pub fn format(&self) -> u32 {
        self.format
    }

    /// The identity of the run.
    #[must_use]
    pub fn run(&self) -> &str {
        &self.run
    }

    /// The facts about the run, in the order of their keys.
    #[must_use]
    pub fn pairs(&self) -> &BTreeMap<String, String> {
        &self.pairs
    }

    /// One fact about the run.
    #[must_use]
    pub fn get(&self, key: &str) -> Option<&str> {
        self.pairs.get(key).map(String::as_str)
    }
}
