//! Making and opening journals, on files and on any store.

use super::{GroupPolicy, Journal};
use crate::chain::{self, Chain};
use crate::lock::WriterLock;
use crate::sqlite::SqliteStore;
use crate::store::Store;
use crate::{Head, Header, MemoryStore, OpenError, StoreError, Version, verify};
use quantity::Instant;
use std::path::Path;

impl Journal {
    /// Makes a journal file and opens it for appending.
    ///
    /// # Errors
    /// Something is at `path` already, or it can't be written.
    pub fn create(path: impl AsRef<Path>, header: Header) -> Result<Self, OpenError> {
        let path = path.as_ref();
        let lock = WriterLock::take(path)?;
        if path.exists() {
            return Err(OpenError::Exists {
                path: path.to_owned(),
            });
        }
        SqliteStore::create(path, &header)?;
        Self::writer(path, lock)
    }

    /// Opens a journal file for appending. Only one process at a time can; the others may
    /// [read](Journal::open_read_only).
    ///
    /// # Errors
    /// There is no journal, it is of a newer format, somebody else is appending to it, its end
    /// is not the recorded one, or it can't be written.
    pub fn open(path: impl AsRef<Path>) -> Result<Self, OpenError> {
        let path = path.as_ref();
        if !path.exists() {
            return Err(OpenError::NotFound {
                path: path.to_owned(),
            });
        }
        Self::writer(path, WriterLock::take(path)?)
    }

    /// Opens the journal file if it is there, and makes it if it is not, for appending. Compare
    /// the [header](Journal::header) to know whether it is of the same run.
    ///
    /// # Errors
    /// As [`create`](Journal::create) and [`open`](Journal::open).
    pub fn open_or_create(path: impl AsRef<Path>, header: Header) -> Result<Self, OpenError> {
        let path = path.as_ref();
        let lock = WriterLock::take(path)?;
        if !path.exists() {
            SqliteStore::create(path, &header)?;
        }
        Self::writer(path, lock)
    }

    fn writer(path: &Path, lock: WriterLock) -> Result<Self, OpenError> {
        let mut journal = Self::on(path, Box::new(SqliteStore::open(path)?))?;
        journal.lock = Some(lock);
        Ok(journal)
    }

    /// Opens a journal file for reading, also while it is being written.
    ///
    /// # Errors
    /// There is no journal, it is of a newer format, or it can't be read.
    pub fn open_read_only(path: impl AsRef<Path>) -> Result<Self, OpenError> {
        let path = path.as_ref();
        let mut journal = Self::unchecked(path, Box::new(SqliteStore::open_read_only(path)?))?;
        journal.read_only = true;
        Ok(journal)
    }

    /// An empty journal that lives as long as the value.
    #[must_use]
    pub fn in_memory(header: Header) -> Self {
        let head = Head {
            version: Version::ZERO,
            hash: chain::root(&header),
        };
        Self::start(
            Box::new(MemoryStore::new(header.clone())),
            header,
            head,
            Instant::from_base(i64::MIN),
        )
    }

    /// A journal on any store, for appending. Where several writers share a store, the slower of
    /// two learns it from its commit.
    ///
    /// # Errors
    /// The store can't be read, or its end is not the recorded one.
    pub fn on_store(store: Box<dyn Store>) -> Result<Self, OpenError> {
        Self::on(Path::new("the journal's store"), store)
    }

    /// The store with what is durable; what was not committed is lost, as when a process is killed.
    #[must_use]
    pub fn into_store(self) -> Box<dyn Store> {
        self.store
    }

    fn on(path: &Path, store: Box<dyn Store>) -> Result<Self, OpenError> {
        let journal = Self::unchecked(path, store)?;
        match verify::end(journal.store.as_ref(), &journal.chain) {
            Ok(None) => Ok(journal),
            Ok(Some(fault)) => Err(OpenError::Tampered {
                path: path.to_owned(),
                fault: fault.to_string(),
            }),
            Err(source) => Err(OpenError::Store {
                path: path.to_owned(),
                source,
            }),
        }
    }

    fn unchecked(path: &Path, store: Box<dyn Store>) -> Result<Self, OpenError> {
        let wrong = |source| OpenError::Store {
            path: path.to_owned(),
            source,
        };
        let header = store.header().map_err(wrong)?;
        let head = store.head().map_err(wrong)?;
        let last_at = match store.page(head.version, head.version) {
            Ok(page) => page.first().map(|event| event.at),
            // It can still be verified, and read up to there.
            Err(StoreError::BadRow { .. }) => None,
            Err(source) => return Err(wrong(source)),
        };
        let last_at = last_at.unwrap_or(Instant::from_base(i64::MIN));
        Ok(Self::start(store, header, head, last_at))
    }

    fn start(store: Box<dyn Store>, header: Header, head: Head, last_at: Instant) -> Self {
        Self {
            store,
            lock: None,
            read_only: false,
            header,
            chain: Chain::new(),
            policy: GroupPolicy::default(),
            durable: head,
            newest: head,
            last_at,
            pending: Vec::new(),
            pending_bytes: 0,
            unusable: None,
        }
    }
}
