//! A store in memory, for simulation.

use crate::limits::{PAGE_BYTES_MAX, PAGE_EVENTS_MAX};
use crate::store::{Store, StoredSnapshot};
use crate::{Event, Hash, Head, Header, StoreError, Version, chain};
use std::collections::BTreeMap;

/// Keeps a journal in memory; it lives as long as the value.
#[derive(Clone, Debug)]
pub struct MemoryStore {
    header: Header,
    root: Hash,
    events: Vec<Event>,
    snapshots: BTreeMap<(String, Version), StoredSnapshot>,
}

impl MemoryStore {
    /// An empty journal with this header.
    #[must_use]
    pub fn new(header: Header) -> Self {
        Self {
            root: chain::root(&header),
            header,
            events: Vec::new(),
            snapshots: BTreeMap::new(),
        }
    }
}

impl Store for MemoryStore {
    fn header(&self) -> Result<Header, StoreError> {
        Ok(self.header.clone())
    }

    fn root(&self) -> Result<Hash, StoreError> {
        Ok(self.root)
    }

    fn head(&self) -> Result<Head, StoreError> {
        Ok(Head {
            version: Version(self.events.len() as u64),
            hash: self.events.last().map_or(self.root, |event| event.hash),
        })
    }

    fn last(&self) -> Result<Version, StoreError> {
        Ok(Version(self.events.len() as u64))
    }

    fn write(&mut self, expected: Version, events: &mut Vec<Event>) -> Result<(), StoreError> {
        let found = self.last()?;
        if found != expected {
            return Err(StoreError::Conflict { expected, found });
        }
        self.events.append(events);
        Ok(())
    }

    fn page(&self, from: Version, to: Version) -> Result<Vec<Event>, StoreError> {
        let first = from.previous().0 as usize;
        let mut bytes = 0;
        Ok(self
            .events
            .iter()
            .skip(first)
            .take_while(|event| event.version <= to)
            .take(PAGE_EVENTS_MAX)
            .take_while(|event| {
                let go_on = bytes < PAGE_BYTES_MAX;
                bytes += event.body.len();
                go_on
            })
            .cloned()
            .collect())
    }

    fn put_snapshot(&mut self, snapshot: &StoredSnapshot) -> Result<(), StoreError> {
        self.snapshots
            .insert((snapshot.kind.clone(), snapshot.version), snapshot.clone());
        Ok(())
    }

    fn snapshot(
        &self,
        kind: &str,
        at_or_before: Version,
    ) -> Result<Option<StoredSnapshot>, StoreError> {
        Ok(self
            .snapshots
            .range((kind.to_owned(), Version::ZERO)..=(kind.to_owned(), at_or_before))
            .next_back()
            .map(|(_, snapshot)| snapshot.clone()))
    }

    fn snapshots(&self) -> Result<Vec<(String, Version)>, StoreError> {
        Ok(self.snapshots.keys().cloned().collect())
    }
}
