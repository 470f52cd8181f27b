//! What a journal is kept in.

use crate::Hash;
use crate::{Event, Head, Header, StoreError, Version};

/// A snapshot as it is kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StoredSnapshot {
    /// The version whose state it is.
    pub version: Version,
    /// Whose state, and in which layout.
    pub kind: String,
    /// The state.
    pub bytes: Vec<u8>,
    /// The chain's hash at that version.
    pub link: Hash,
    /// The hash over all of the above.
    pub hash: Hash,
}

/// Keeps the header, the events, the recorded head and the snapshots of one journal.
///
/// A store knows nothing of chains: hashes are bytes to it. It promises that a write is done
/// whole or not at all, and survives the power going off once the call has returned (a store in
/// memory: as long as the process). One suite in this crate holds every store to that.
pub trait Store: std::fmt::Debug + Send {
    /// The header, written when the store was made.
    ///
    /// # Errors
    /// The store can't be read.
    fn header(&self) -> Result<Header, StoreError>;

    /// The root hash that was recorded when the store was made.
    ///
    /// # Errors
    /// The store can't be read.
    fn root(&self) -> Result<Hash, StoreError>;

    /// The recorded head: that of the last write, or version 0 with the root.
    ///
    /// # Errors
    /// The store can't be read.
    fn head(&self) -> Result<Head, StoreError>;

    /// The version of the last event there is, whatever was recorded; 0 for none.
    ///
    /// # Errors
    /// The store can't be read.
    fn last(&self) -> Result<Version, StoreError>;

    /// Takes the events, which follow `expected`, and records the last one as head: all or none. After
    /// an error they are left where they were.
    ///
    /// # Errors
    /// [`StoreError::Conflict`] if the recorded head has another version; else why not.
    fn write(&mut self, expected: Version, events: &mut Vec<Event>) -> Result<(), StoreError>;

    /// The events with `from <= version <= to` in order, at least one if there is any, up to
    /// [`PAGE_EVENTS_MAX`](crate::limits::PAGE_EVENTS_MAX) or about
    /// [`PAGE_BYTES_MAX`](crate::limits::PAGE_BYTES_MAX).
    ///
    /// # Errors
    /// [`StoreError::BadRow`] if the first of them can't be read; one that comes later ends the
    /// page before it.
    fn page(&self, from: Version, to: Version) -> Result<Vec<Event>, StoreError>;

    /// Keeps a snapshot, in place of one with the same kind and version.
    ///
    /// # Errors
    /// The store can't be written.
    fn put_snapshot(&mut self, snapshot: &StoredSnapshot) -> Result<(), StoreError>;

    /// The newest snapshot of `kind` with a version of at most `at_or_before`.
    ///
    /// # Errors
    /// The store can't be read.
    fn snapshot(
        &self,
        kind: &str,
        at_or_before: Version,
    ) -> Result<Option<StoredSnapshot>, StoreError>;

    /// Kind and version of every snapshot, in that order.
    ///
    /// # Errors
    /// The store can't be read.
    fn snapshots(&self) -> Result<Vec<(String, Version)>, StoreError>;
}
