//! Events: what happened, when, and where it stands in the chain.

use crate::Hash;
use quantity::Instant;
use std::fmt;

/// How many events a journal holds up to and including a given one.
///
/// Version 0 is a journal that holds nothing but its header; the first event has version 1.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Version(pub u64);

impl Version {
    /// Before the first event.
    pub const ZERO: Self = Self(0);
    /// Later than every event; as the end of a range it means 'all there is'.
    pub const MAX: Self = Self(i64::MAX as u64);

    /// The version that follows.
    #[must_use]
    pub const fn next(self) -> Self {
        Self(self.0 + 1)
    }

    /// The version before, or zero.
    #[must_use]
    pub const fn previous(self) -> Self {
        Self(self.0.saturating_sub(1))
    }
}

impl fmt::Display for Version {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&self.0, f)
    }
}

/// Something that happened, on its way into the journal.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewEvent {
    /// When it happened; never earlier than the event before it.
    pub at: Instant,
    /// A short tag that tells its writer how to read the body: 1 to
    /// [`KIND_BYTES_MAX`](crate::limits::KIND_BYTES_MAX) bytes.
    pub kind: String,
    /// What happened, in the writer's own encoding (by convention one JSON value in UTF-8, so
    /// that it can be printed), up to [`BODY_BYTES_MAX`](crate::limits::BODY_BYTES_MAX) bytes.
    pub body: Vec<u8>,
}

impl NewEvent {
    /// An event of `kind` at `at`.
    pub fn new(at: Instant, kind: impl Into<String>, body: impl Into<Vec<u8>>) -> Self {
        Self {
            at,
            kind: kind.into(),
            body: body.into(),
        }
    }
}

/// An event in its place in the chain.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Event {
    /// Its place: 1 for the first.
    pub version: Version,
    /// When it happened.
    pub at: Instant,
    /// The tag that tells how to read the body.
    pub kind: String,
    /// What happened.
    pub body: Vec<u8>,
    /// The chain's hash up to and including this event.
    pub hash: Hash,
}

/// The end of a chain: how many events there are and the hash over all of them.
///
/// Written down elsewhere (in a report, on paper), it proves later that nothing before it changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Head {
    /// The version of the last event.
    pub version: Version,
    /// The chain's hash there; the root of the header for an empty journal.
    pub hash: Hash,
}
