//! The one record of what happened: append-only, hash-chained, on SQLite.
//!
//! A [`Journal`] holds events; an event has a time, a kind and a body, and what they mean is not
//! its business. Each event's hash covers the one before it, down to the header, so that a change
//! anywhere is found by [`Journal::verify`]. All state is a [`Fold`] over events: a restart is a
//! [`Journal::replay`]. What it is kept in stands behind [`Store`]: an SQLite file, or memory.
//!
//! ```
//! use journal::{Header, Journal, NewEvent, Version};
//! use quantity::Instant;
//!
//! let mut journal = Journal::in_memory(Header::new("run-1").with("seed", "7"));
//! let began = NewEvent::new(Instant::EPOCH, "began", "{}");
//! let version = journal.append(Version::ZERO, vec![began])?;
//! journal.commit()?; // one transaction, one fsync: from here on it survives
//! assert_eq!(journal.durable_version(), version);
//! assert_eq!(journal.read(Version(1), Version::MAX)?.count(), 1);
//! assert!(journal.verify(None)?.is_ok());
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
#![cfg_attr(test, allow(clippy::unwrap_used))]

mod chain;
#[cfg(test)]
mod conformance;
mod error;
mod event;
mod export;
mod fold;
mod header;
mod journal;
pub mod limits;
mod lock;
mod memory;
mod read;
mod sqlite;
pub mod store;
mod verify;

pub use chain::{Hash, HashError};
pub use error::{AppendError, CommitError, Fault, OpenError, ReadError, SnapshotError, StoreError};
pub use event::{Event, Head, NewEvent, Version};
pub use export::{ExportError, line};
pub use fold::{Fold, ReplayError, Replayed};
pub use header::Header;
pub use journal::{GroupPolicy, Journal, Snapshot};
pub use memory::MemoryStore;
pub use read::Events;
pub use sqlite::SqliteStore;
pub use store::Store;
pub use verify::Verified;
