//! Reading events in order, a page at a time.

use crate::chain::Chain;
use crate::store::Store;
use crate::{Event, Hash, ReadError, StoreError, Version};

/// A run of events, checked against the chain one by one. It ends after the first error.
#[derive(Debug)]
pub struct Events<'a> {
    store: &'a dyn Store,
    chain: &'a Chain,
    pending: &'a [Event],
    previous: Hash,
    next: Version,
    to: Version,
    page: std::vec::IntoIter<Event>,
    failed: bool,
}

impl<'a> Events<'a> {
    pub(crate) fn new(
        store: &'a dyn Store,
        chain: &'a Chain,
        pending: &'a [Event],
        previous: Hash,
        from: Version,
        to: Version,
    ) -> Self {
        Self {
            store,
            chain,
            pending,
            previous,
            next: from,
            to,
            page: Vec::new().into_iter(),
            failed: false,
        }
    }

    fn fetch(&mut self) -> Result<Option<Event>, StoreError> {
        if let Some(event) = self.page.next() {
            return Ok(Some(event));
        }
        if let Some(first) = self.pending.first()
            && self.next >= first.version
        {
            let at = (self.next.0 - first.version.0) as usize;
            return Ok(self.pending.get(at).cloned());
        }
        let to = self
            .pending
            .first()
            .map_or(self.to, |first| self.to.min(first.version.previous()));
        self.page = self.store.page(self.next, to)?.into_iter();
        Ok(self.page.next())
    }

    fn checked(&mut self) -> Result<Event, ReadError> {
        let version = self.next;
        let broken = |what: &str| ReadError::Broken {
            version,
            what: what.to_owned(),
        };
        let event = match self.fetch() {
            Ok(Some(event)) => event,
            Ok(None) => return Err(broken("it is missing")),
            Err(StoreError::BadRow { version, what }) => {
                return Err(ReadError::Broken { version, what });
            }
            Err(error) => return Err(error.into()),
        };
        if event.version != version {
            return Err(broken("it is missing"));
        }
        let hash = self
            .chain
            .event(&self.previous, version, event.at, &event.kind, &event.body);
        if hash != event.hash {
            return Err(broken("its hash does not follow from the one before it"));
        }
        self.previous = hash;
        self.next = version.next();
        Ok(event)
    }
}

impl Iterator for Events<'_> {
    type Item = Result<Event, ReadError>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.failed || self.next > self.to {
            return None;
        }
        let item = self.checked();
        self.failed = item.is_err();
        Some(item)
    }
}
