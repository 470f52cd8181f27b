//! The journal itself.

mod open;

use crate::chain::Chain;
use crate::limits::{
    BODY_BYTES_MAX, GROUP_BYTES_MAX, GROUP_EVENTS_MAX, KIND_BYTES_MAX, SNAPSHOT_BYTES_MAX,
};
use crate::lock::WriterLock;
use crate::store::{Store, StoredSnapshot};
use crate::{
    AppendError, CommitError, Event, Events, Fault, Head, Header, NewEvent, ReadError,
    SnapshotError, StoreError, Verified, Version, verify,
};
use quantity::Instant;

/// When appended events are committed without being asked for it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct GroupPolicy {
    /// Waiting events, at least 1.
    pub events_max: usize,
    /// Bytes of waiting bodies.
    pub bytes_max: usize,
}

impl Default for GroupPolicy {
    fn default() -> Self {
        Self {
            events_max: GROUP_EVENTS_MAX,
            bytes_max: GROUP_BYTES_MAX,
        }
    }
}

/// A state at a version, as somebody saved it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Snapshot {
    /// The version whose state it is.
    pub version: Version,
    /// The state.
    pub bytes: Vec<u8>,
}

/// The one record of what happened.
///
/// [`append`](Journal::append) takes events into a group in memory; [`commit`](Journal::commit)
/// makes the group durable with one `fsync`, whole or not at all. Before a command is performed
/// the events that say so must be durable. What was not committed when the value is dropped is
/// as if it had not been appended; [`close`](Journal::close) commits first.
#[derive(Debug)]
pub struct Journal {
    // Fields are dropped in this order: the store before the lock that protects it.
    store: Box<dyn Store>,
    lock: Option<WriterLock>,
    read_only: bool,
    header: Header,
    chain: Chain,
    policy: GroupPolicy,
    durable: Head,
    newest: Head,
    last_at: Instant,
    pending: Vec<Event>,
    pending_bytes: usize,
    unusable: Option<StoreError>,
}

impl Journal {
    /// With another group policy.
    #[must_use]
    pub fn with_policy(mut self, policy: GroupPolicy) -> Self {
        self.policy = policy;
        self
    }

    /// What the journal is of.
    #[must_use]
    pub fn header(&self) -> &Header {
        &self.header
    }

    /// The version of the last event, durable or not.
    #[must_use]
    pub fn version(&self) -> Version {
        self.newest.version
    }

    /// The version of the last event that survives whatever happens now.
    #[must_use]
    pub fn durable_version(&self) -> Version {
        self.durable.version
    }

    /// Version and hash of the last durable event.
    #[must_use]
    pub fn head(&self) -> Head {
        self.durable
    }

    /// When the last event happened; none in an empty journal.
    #[must_use]
    pub fn last_at(&self) -> Option<Instant> {
        (self.last_at.base() != i64::MIN).then_some(self.last_at)
    }

    /// Takes events into the group that the next commit makes durable, all of them or none.
    /// `expected` is the version that the decision behind them rests on. A group that has reached
    /// the [policy](GroupPolicy) is committed first.
    ///
    /// # Errors
    /// `expected` is not the newest version, time goes back, an event is over a limit, or a full
    /// group could not be committed.
    pub fn append(
        &mut self,
        expected: Version,
        events: Vec<NewEvent>,
    ) -> Result<Version, AppendError> {
        if self.read_only {
            return Err(CommitError::ReadOnly.into());
        }
        if expected != self.newest.version {
            return Err(AppendError::Stale {
                expected,
                found: self.newest.version,
            });
        }
        self.check(&events)?;
        if self.pending.len() >= self.policy.events_max
            || self.pending_bytes >= self.policy.bytes_max
        {
            self.commit()?;
        }
        for NewEvent { at, kind, body } in events {
            let version = self.newest.version.next();
            let hash = self
                .chain
                .event(&self.newest.hash, version, at, &kind, &body);
            self.newest = Head { version, hash };
            self.last_at = at;
            self.pending_bytes += body.len();
            self.pending.push(Event {
                version,
                at,
                kind,
                body,
                hash,
            });
        }
        Ok(self.newest.version)
    }

    fn check(&self, events: &[NewEvent]) -> Result<(), AppendError> {
        let mut last = self.last_at;
        let mut version = self.newest.version;
        for event in events {
            version = version.next();
            if event.at < last {
                return Err(AppendError::BackInTime {
                    version,
                    at: event.at,
                    last,
                });
            }
            last = event.at;
            if event.kind.is_empty() || event.kind.len() > KIND_BYTES_MAX {
                return Err(AppendError::Kind {
                    kind: event.kind.clone(),
                });
            }
            if event.body.len() > BODY_BYTES_MAX {
                return Err(AppendError::Body {
                    kind: event.kind.clone(),
                    bytes: event.body.len(),
                });
            }
        }
        Ok(())
    }

    /// Makes everything appended durable, in one transaction.
    ///
    /// # Errors
    /// Nothing of the group was written. After [`StoreError::Full`] and [`StoreError::Busy`] it
    /// may be tried again. After others the journal refuses to go on, because what the device
    /// holds is not known (a failed `fsync` can't be repeated: Rebello et al., 'Can applications
    /// recover from fsync failures?', USENIX ATC 2020), and must be opened again.
    pub fn commit(&mut self) -> Result<Version, CommitError> {
        if let Some(error) = &self.unusable {
            return Err(CommitError::Unusable(error.clone()));
        }
        if !self.pending.is_empty() {
            if let Err(error) = self.store.write(self.durable.version, &mut self.pending) {
                if !matches!(error, StoreError::Full | StoreError::Busy) {
                    self.unusable = Some(error.clone());
                }
                return Err(error.into());
            }
            self.durable = self.newest;
            debug_assert!(self.pending.is_empty(), "a store takes what it writes");
            self.pending_bytes = 0;
        }
        Ok(self.durable.version)
    }

    /// Commits, and gives the journal back to others.
    ///
    /// # Errors
    /// As [`commit`](Journal::commit).
    pub fn close(mut self) -> Result<Head, CommitError> {
        if !self.read_only {
            self.commit()?;
        }
        Ok(self.durable)
    }

    /// Takes notice of what another process appended since this journal was opened for reading.
    ///
    /// # Errors
    /// The store can't be read.
    pub fn refresh(&mut self) -> Result<Version, StoreError> {
        if self.read_only {
            let head = self.store.head()?;
            if let Some(event) = self.store.page(head.version, head.version)?.first() {
                self.last_at = event.at;
            }
            (self.durable, self.newest) = (head, head);
        }
        Ok(self.newest.version)
    }

    /// The events with `from <= version <= to`, appended ones included, in order, a page at a
    /// time in memory. The chain is checked on the way.
    ///
    /// # Errors
    /// The event before `from` can't be read; each item tells of its own.
    pub fn read(&self, from: Version, to: Version) -> Result<Events<'_>, ReadError> {
        let (from, to) = (from.max(Version(1)), to.min(self.newest.version));
        let previous = if from > to {
            self.newest.hash
        } else {
            self.hash_at(from.previous())?
        };
        Ok(Events::new(
            self.store.as_ref(),
            &self.chain,
            &self.pending,
            previous,
            from,
            to,
        ))
    }

    /// The last `count` events, in order.
    ///
    /// # Errors
    /// As [`read`](Journal::read).
    pub fn tail(&self, count: u64) -> Result<Events<'_>, ReadError> {
        let from = Version(self.newest.version.0.saturating_sub(count)).next();
        self.read(from, self.newest.version)
    }

    /// One event.
    ///
    /// # Errors
    /// As [`read`](Journal::read); there is none with this version.
    pub fn get(&self, version: Version) -> Result<Event, ReadError> {
        let missing = || ReadError::Broken {
            version,
            what: format!("there is none; the journal ends at {}", self.newest.version),
        };
        self.read(version, version)?
            .next()
            .unwrap_or_else(|| Err(missing()))
    }

    /// The version at a moment: that of the last event that happened at or before it.
    ///
    /// # Errors
    /// As [`read`](Journal::read).
    pub fn at(&self, moment: Instant) -> Result<Version, ReadError> {
        // Times never go back, so the events at or before the moment are a prefix.
        let (mut low, mut high) = (0, self.newest.version.0);
        while low < high {
            let middle = low + (high - low).div_ceil(2);
            if self.peek(Version(middle))?.0 <= moment {
                low = middle;
            } else {
                high = middle - 1;
            }
        }
        Ok(Version(low))
    }

    /// Time and hash of an event, as they are kept.
    fn peek(&self, version: Version) -> Result<(Instant, crate::Hash), ReadError> {
        if version > self.durable.version {
            let at = (version.0 - self.durable.version.0 - 1) as usize;
            if let Some(event) = self.pending.get(at) {
                return Ok((event.at, event.hash));
            }
        }
        let page = self.store.page(version, version)?;
        let event = page.first().ok_or_else(|| ReadError::Broken {
            version,
            what: "it is missing".into(),
        })?;
        Ok((event.at, event.hash))
    }

    /// The chain's hash at a version: the root at version 0.
    ///
    /// # Errors
    /// There is no such event, or the store can't be read.
    pub fn hash_at(&self, version: Version) -> Result<crate::Hash, ReadError> {
        if version == Version::ZERO {
            return Ok(self.store.root()?);
        }
        if version > self.newest.version {
            return Err(ReadError::Broken {
                version,
                what: format!("the journal ends at {}", self.newest.version),
            });
        }
        Ok(self.peek(version)?.1)
    }

    /// Walks the whole durable chain and every snapshot. `known` is a head that was written down
    /// elsewhere, such as in a report; with it, a chain that was rewritten as a whole is found too.
    ///
    /// # Errors
    /// The store can't be read. That something is wrong with the chain is not an error but a
    /// [`Fault`].
    pub fn verify(&self, known: Option<Head>) -> Result<Result<Verified, Fault>, StoreError> {
        verify::whole(self.store.as_ref(), &self.chain, known)
    }

    /// Saves the state at a version, linked to the chain there. What goes before it is committed
    /// first.
    ///
    /// # Errors
    /// There is no such version, a limit is passed, or it can't be written.
    pub fn put_snapshot(
        &mut self,
        version: Version,
        kind: &str,
        bytes: Vec<u8>,
    ) -> Result<(), SnapshotError> {
        if self.read_only {
            return Err(CommitError::ReadOnly.into());
        }
        if version > self.newest.version {
            return Err(SnapshotError::NoSuchVersion {
                version,
                found: self.newest.version,
            });
        }
        if kind.is_empty() || kind.len() > KIND_BYTES_MAX {
            return Err(SnapshotError::Kind { kind: kind.into() });
        }
        if bytes.len() > SNAPSHOT_BYTES_MAX {
            return Err(SnapshotError::TooLong {
                kind: kind.into(),
                bytes: bytes.len(),
            });
        }
        self.commit()?;
        let link = self.link(kind, version)?;
        let hash = self.chain.snapshot(version, kind, &link, &bytes);
        self.store.put_snapshot(&StoredSnapshot {
            version,
            kind: kind.to_owned(),
            bytes,
            link,
            hash,
        })?;
        Ok(())
    }

    /// The newest snapshot of a kind at or before a version.
    ///
    /// # Errors
    /// [`SnapshotError::Refused`] if that one was changed or is of another chain.
    pub fn latest_snapshot(
        &self,
        kind: &str,
        at_or_before: Version,
    ) -> Result<Option<Snapshot>, SnapshotError> {
        let Some(stored) = self
            .store
            .snapshot(kind, at_or_before.min(self.durable.version))?
        else {
            return Ok(None);
        };
        let link = self.link(kind, stored.version)?;
        verify::snapshot(&self.chain, &stored, &link)?;
        Ok(Some(Snapshot {
            version: stored.version,
            bytes: stored.bytes,
        }))
    }

    fn link(&self, kind: &str, version: Version) -> Result<crate::Hash, SnapshotError> {
        self.hash_at(version).map_err(|error| match error {
            ReadError::Store(error) => error.into(),
            ReadError::Broken { what, .. } => SnapshotError::Refused {
                kind: kind.to_owned(),
                version,
                what,
            },
        })
    }
}
