//! What can go wrong, in words for people.

use crate::limits::{BODY_BYTES_MAX, FORMAT, KIND_BYTES_MAX, SNAPSHOT_BYTES_MAX};
use crate::{Hash, Version};
use quantity::Instant;
use std::path::PathBuf;

/// A store could not do what it was asked for.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum StoreError {
    /// Somebody else appended in between.
    #[error(
        "the journal ends at version {found} but was expected to end at {expected}: another writer appended to it"
    )]
    Conflict {
        /// Where the writer believed the end to be.
        expected: Version,
        /// Where it is.
        found: Version,
    },
    /// No space left. Nothing was written; the same commit may be tried again.
    #[error("the disk is full: nothing of this group was written; free some space and try again")]
    Full,
    /// The file or its folder can't be written.
    #[error("the journal can't be written: the file, its folder or the file system is read-only")]
    ReadOnly,
    /// Another connection holds the file. Nothing was written; it may be tried again.
    #[error("the journal is in use by another program and did not become free in time")]
    Busy,
    /// The file is not a whole database any more.
    #[error("the journal file is damaged: {0}")]
    Damaged(String),
    /// A row that no version of this program wrote.
    #[error("event {version} can't be read: {what}")]
    BadRow {
        /// The event.
        version: Version,
        /// Which field, and what is wrong with it.
        what: String,
    },
    /// The device failed while reading or writing; what is on it is not known until it is reopened.
    #[error("reading or writing the journal failed: {0}")]
    Io(String),
    /// Anything else that the store refused.
    #[error("the journal's store failed: {0}")]
    Other(String),
}

/// A journal could not be opened or made.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// Nothing is there.
    #[error("there is no journal at {}", path.display())]
    NotFound {
        /// Where it was looked for.
        path: PathBuf,
    },
    /// Something is there already.
    #[error("{} exists already: a journal is never overwritten; open it, or choose another path", path.display())]
    Exists {
        /// What is in the way.
        path: PathBuf,
    },
    /// The file is something else.
    #[error("{} is not a journal: {what}", path.display())]
    NotAJournal {
        /// The file.
        path: PathBuf,
        /// What it looks like.
        what: String,
    },
    /// The file was written by a newer program.
    #[error("{} is a journal of format {format}, and this program reads up to format {FORMAT}: use a newer nilo", path.display())]
    Newer {
        /// The file.
        path: PathBuf,
        /// Its format.
        format: u32,
    },
    /// Another process is writing this journal.
    #[error("{} is being written by {owner}: wait until it has ended, or stop it; a process that was killed holds no lock", path.display())]
    Locked {
        /// The file.
        path: PathBuf,
        /// Process and machine, as far as known.
        owner: String,
    },
    /// The journal's end is not what was recorded.
    #[error("{} was changed outside of this program: {fault}; 'nilo journal verify' names the first bad event", path.display())]
    Tampered {
        /// The file.
        path: PathBuf,
        /// What was found.
        fault: String,
    },
    /// The folder or the lock file can't be used.
    #[error("{} can't be opened: {source}", path.display())]
    Io {
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: std::io::Error,
    },
    /// The store failed.
    #[error("{}: {source}", path.display())]
    Store {
        /// The file.
        path: PathBuf,
        /// Why.
        source: StoreError,
    },
}

/// Events were not accepted; none of them is in the journal.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum AppendError {
    /// The caller decided on a state that is not the newest.
    #[error(
        "the journal is at version {found}, but these events follow version {expected}: read what happened since and decide again"
    )]
    Stale {
        /// The version that the caller's decision rests on.
        expected: Version,
        /// The version that the journal is at.
        found: Version,
    },
    /// An event lies before the one that it follows.
    #[error("event {version} is at {at}, before event {} at {last}: time never goes back in a journal", version.previous())]
    BackInTime {
        /// The version that the event would have had.
        version: Version,
        /// Its time.
        at: Instant,
        /// The time of the event before it.
        last: Instant,
    },
    /// A kind is empty or too long.
    #[error("'{kind}' is not a kind: expected 1 to {KIND_BYTES_MAX} bytes, found {}", kind.len())]
    Kind {
        /// The kind.
        kind: String,
    },
    /// A body is too long.
    #[error("an event of kind '{kind}' has a body of {bytes} bytes: the most is {BODY_BYTES_MAX}")]
    Body {
        /// The event's kind.
        kind: String,
        /// The length of its body.
        bytes: usize,
    },
    /// A full group had to be written first, and that failed.
    #[error(transparent)]
    Commit(#[from] CommitError),
}

/// A group was not made durable.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CommitError {
    /// The journal was opened for reading.
    #[error("this journal was opened for reading only")]
    ReadOnly,
    /// An earlier write failed in a way that leaves the end of the journal unknown.
    #[error("the journal must be opened again, because an earlier write failed: {0}")]
    Unusable(StoreError),
    /// The store failed now.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// Events could not be read.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ReadError {
    /// The chain is broken here: nothing from this event on can be trusted.
    #[error("event {version} is not what was written: {what}; 'nilo journal verify' tells more")]
    Broken {
        /// The first bad event.
        version: Version,
        /// What was found.
        what: String,
    },
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// A snapshot was not stored or can't be used.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SnapshotError {
    /// The version lies after the end of the journal.
    #[error("there is no version {version} to take a snapshot of: the journal is at {found}")]
    NoSuchVersion {
        /// The version.
        version: Version,
        /// The end of the journal.
        found: Version,
    },
    /// A kind is empty or too long.
    #[error("'{kind}' is not a kind: expected 1 to {KIND_BYTES_MAX} bytes, found {}", kind.len())]
    Kind {
        /// The kind.
        kind: String,
    },
    /// Too long.
    #[error("a snapshot of kind '{kind}' has {bytes} bytes: the most is {SNAPSHOT_BYTES_MAX}")]
    TooLong {
        /// The snapshot's kind.
        kind: String,
        /// Its length.
        bytes: usize,
    },
    /// The snapshot does not belong to this chain, or was changed.
    #[error("the snapshot '{kind}' of version {version} is refused: {what}")]
    Refused {
        /// The snapshot's kind.
        kind: String,
        /// Its version.
        version: Version,
        /// Why.
        what: String,
    },
    /// What goes before it could not be made durable.
    #[error(transparent)]
    Commit(#[from] CommitError),
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// What `verify` found to be wrong, the first of all faults in the order of the chain.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Fault {
    /// The header is not the one that the chain starts from.
    #[error("the header was changed: its hash is {found}, and the chain starts from {expected}")]
    Header {
        /// The root that was recorded.
        expected: Hash,
        /// The hash of the header as it is.
        found: Hash,
    },
    /// The event's time, kind, body or hash is not what was written.
    #[error("event {version} was changed: its content or its hash is not what was written")]
    Changed {
        /// The first bad event.
        version: Version,
    },
    /// The event can't even be read.
    #[error("event {version} was changed: {what}")]
    Unreadable {
        /// The first bad event.
        version: Version,
        /// Which field, and what is wrong with it.
        what: String,
    },
    /// There is no such event, but there are later ones.
    #[error("event {version} is missing: the next one is {next}")]
    Missing {
        /// The first missing event.
        version: Version,
        /// The first that is there again.
        next: Version,
    },
    /// Events were taken out, and those after them were renumbered.
    #[error("event {version} is missing: {count} taken out here, and the later ones renumbered")]
    Removed {
        /// The first missing event.
        version: Version,
        /// How many.
        count: u64,
    },
    /// The event stands in another place.
    #[error("events were reordered: what belongs at {version} stands at {stands_at}")]
    Reordered {
        /// The first bad place.
        version: Version,
        /// Where its event is.
        stands_at: Version,
    },
    /// The end was cut off.
    #[error("the end was cut off: event {} is missing, the recorded end is {recorded} and the last event is {last}", last.next())]
    Truncated {
        /// The last event there is.
        last: Version,
        /// The last event that was recorded.
        recorded: Version,
    },
    /// There are more events than were recorded.
    #[error("event {version} was added from outside: the recorded end is {recorded}")]
    Surplus {
        /// The first event that was not recorded.
        version: Version,
        /// The recorded end.
        recorded: Version,
    },
    /// The recorded head disagrees with the last event.
    #[error(
        "the recorded head was changed: it has hash {recorded}, and event {version} has {found}"
    )]
    Head {
        /// The last event.
        version: Version,
        /// The hash that was recorded.
        recorded: Hash,
        /// The hash of the event.
        found: Hash,
    },
    /// The chain is sound in itself, but is not the one that the caller knows.
    #[error(
        "this is another history: at version {version} the hash is {found}, and {expected} was expected"
    )]
    OtherHistory {
        /// The version of the head that the caller knows.
        version: Version,
        /// The hash that the caller knows.
        expected: Hash,
        /// The hash here.
        found: Hash,
    },
    /// A snapshot was changed or does not belong to this chain.
    #[error("{0}")]
    Snapshot(SnapshotError),
}

impl Fault {
    /// The first bad event, if the fault is one of an event.
    #[must_use]
    pub fn version(&self) -> Option<Version> {
        match self {
            Fault::Changed { version }
            | Fault::Unreadable { version, .. }
            | Fault::Missing { version, .. }
            | Fault::Removed { version, .. }
            | Fault::Reordered { version, .. }
            | Fault::Surplus { version, .. }
            | Fault::Head { version, .. }
            | Fault::OtherHistory { version, .. } => Some(*version),
            Fault::Truncated { last, .. } => Some(last.next()),
            Fault::Header { .. } | Fault::Snapshot(_) => None,
        }
    }
}
