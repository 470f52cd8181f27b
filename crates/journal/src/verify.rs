//! Checking the chain, and naming the first event that is wrong and how.

use crate::chain::{self, Chain};
use crate::limits::DISPLACED_MAX;
use crate::store::{Store, StoredSnapshot};
use crate::{Event, Fault, Hash, Head, SnapshotError, StoreError, Version};

/// A chain that was walked and found sound.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Verified {
    /// Its end.
    pub head: Head,
    /// How many snapshots belong to it.
    pub snapshots: usize,
}

/// A look at the two ends only: the header against the root, the last event against the
/// recorded head. Cheap enough for every opening.
pub(crate) fn end(store: &dyn Store, chain: &Chain) -> Result<Option<Fault>, StoreError> {
    if let Some(fault) = header(store)? {
        return Ok(Some(fault));
    }
    let (last, recorded) = (store.last()?, store.head()?);
    if let Some(fault) = length(last, recorded.version) {
        return Ok(Some(fault));
    }
    if last == Version::ZERO {
        return Ok((recorded.hash != store.root()?).then_some(Fault::Head {
            version: last,
            recorded: recorded.hash,
            found: store.root()?,
        }));
    }
    let previous = match last.previous() {
        Version::ZERO => store.root()?,
        version => match one(store, version)? {
            Ok(event) => event.hash,
            Err(fault) => return Ok(Some(fault)),
        },
    };
    let event = match one(store, last)? {
        Ok(event) => event,
        Err(fault) => return Ok(Some(fault)),
    };
    if !follows(chain, &previous, last, &event, &event.hash) {
        return Ok(Some(Fault::Changed { version: last }));
    }
    Ok((event.hash != recorded.hash).then_some(Fault::Head {
        version: last,
        recorded: recorded.hash,
        found: event.hash,
    }))
}

/// Everything, from the header to the last snapshot.
pub(crate) fn whole(
    store: &dyn Store,
    chain: &Chain,
    known: Option<Head>,
) -> Result<Result<Verified, Fault>, StoreError> {
    if let Some(fault) = header(store)? {
        return Ok(Err(fault));
    }
    // The last event is looked up before the recorded head, so that a writer in another process
    // can only make the head the later of the two.
    let last = store.last()?;
    let recorded = store.head()?;
    let last = last.max(recorded.version.min(store.last()?));
    let mut head = Head {
        version: Version::ZERO,
        hash: store.root()?,
    };
    let mut known_here = known.is_none_or(|known| known == head);
    'pages: while head.version < last {
        let from = head.version.next();
        let page = match store.page(from, last) {
            Ok(page) => page,
            Err(StoreError::BadRow { version, what }) if version == from => {
                return Ok(Err(Fault::Unreadable { version, what }));
            }
            // A row before the bad one is missing, or was put in its place.
            Err(StoreError::BadRow { version, .. }) => {
                let (version, next) = (from, version);
                return Ok(Err(Fault::Missing { version, next }));
            }
            Err(error) => return Err(error),
        };
        if page.is_empty() {
            break 'pages;
        }
        for event in page {
            let version = head.version.next();
            if version > recorded.version {
                let recorded = recorded.version;
                return Ok(Err(Fault::Surplus { version, recorded }));
            }
            if event.version != version {
                let next = event.version;
                return Ok(Err(Fault::Missing { version, next }));
            }
            if !follows(chain, &head.hash, version, &event, &event.hash) {
                return explain(store, chain, &head.hash, &event, last).map(Err);
            }
            head = Head {
                version,
                hash: event.hash,
            };
            if let Some(known) = known.filter(|known| known.version == version) {
                if known.hash != head.hash {
                    return Ok(Err(Fault::OtherHistory {
                        version,
                        expected: known.hash,
                        found: head.hash,
                    }));
                }
                known_here = true;
            }
        }
    }
    if let Some(fault) = length(head.version, recorded.version) {
        return Ok(Err(fault));
    }
    if head.hash != recorded.hash {
        return Ok(Err(Fault::Head {
            version: head.version,
            recorded: recorded.hash,
            found: head.hash,
        }));
    }
    if let (Some(known), false) = (known, known_here) {
        return Ok(Err(if known.version == Version::ZERO {
            Fault::OtherHistory {
                version: known.version,
                expected: known.hash,
                found: store.root()?,
            }
        } else {
            Fault::Truncated {
                last: head.version,
                recorded: known.version,
            }
        }));
    }
    let snapshots = match snapshots(store, chain, head)? {
        Ok(count) => count,
        Err(fault) => return Ok(Err(fault)),
    };
    Ok(Ok(Verified { head, snapshots }))
}

/// Whether a snapshot is whole and belongs to a chain with hash `link` at its version.
pub(crate) fn snapshot(
    chain: &Chain,
    stored: &StoredSnapshot,
    link: &Hash,
) -> Result<(), SnapshotError> {
    let refused = |what: &str| SnapshotError::Refused {
        kind: stored.kind.clone(),
        version: stored.version,
        what: what.to_owned(),
    };
    if stored.link != *link {
        return Err(refused("it was taken of another history"));
    }
    if chain.snapshot(stored.version, &stored.kind, &stored.link, &stored.bytes) != stored.hash {
        return Err(refused("it was changed"));
    }
    Ok(())
}

fn header(store: &dyn Store) -> Result<Option<Fault>, StoreError> {
    let (expected, found) = (store.root()?, chain::root(&store.header()?));
    Ok((expected != found).then_some(Fault::Header { expected, found }))
}

fn length(last: Version, recorded: Version) -> Option<Fault> {
    match last.cmp(&recorded) {
        std::cmp::Ordering::Equal => None,
        std::cmp::Ordering::Less => Some(Fault::Truncated { last, recorded }),
        std::cmp::Ordering::Greater => Some(Fault::Surplus {
            version: recorded.next(),
            recorded,
        }),
    }
}

fn one(store: &dyn Store, version: Version) -> Result<Result<Event, Fault>, StoreError> {
    match store.page(version, version) {
        Ok(page) => Ok(page.into_iter().next().ok_or(Fault::Missing {
            version,
            next: version.next(),
        })),
        Err(StoreError::BadRow { version, what }) => Ok(Err(Fault::Unreadable { version, what })),
        Err(error) => Err(error),
    }
}

/// Whether `event`, put at `version` after `previous`, has the hash `hash`.
fn follows(chain: &Chain, previous: &Hash, version: Version, event: &Event, hash: &Hash) -> bool {
    chain.event(previous, version, event.at, &event.kind, &event.body) == *hash
}

/// Why `bad` does not follow `previous`: something else belongs here, or it was changed.
fn explain(
    store: &dyn Store,
    chain: &Chain,
    previous: &Hash,
    bad: &Event,
    last: Version,
) -> Result<Fault, StoreError> {
    let version = bad.version;
    let to = Version(version.0.saturating_add(DISPLACED_MAX)).min(last);
    let later = match store.page(version.next(), to) {
        Ok(page) => page,
        Err(StoreError::BadRow { .. }) => Vec::new(),
        Err(error) => return Err(error),
    };
    // With its own hash or with the one that stayed in its place: rows or contents were swapped.
    let displaced = later.iter().find(|event| {
        follows(chain, previous, version, event, &event.hash)
            || follows(chain, previous, version, event, &bad.hash)
    });
    if let Some(event) = displaced {
        return Ok(Fault::Reordered {
            version,
            stands_at: event.version,
        });
    }
    // The two events that stand here follow one another under later versions.
    if let Some(next) = later.first() {
        let shift = (1..=DISPLACED_MAX).find(|shift| {
            let was = Version(next.version.0 + shift);
            follows(chain, &bad.hash, was, next, &next.hash)
        });
        if let Some(count) = shift {
            return Ok(Fault::Removed { version, count });
        }
    }
    Ok(Fault::Changed { version })
}

fn snapshots(
    store: &dyn Store,
    chain: &Chain,
    head: Head,
) -> Result<Result<usize, Fault>, StoreError> {
    let all = store.snapshots()?;
    for (kind, version) in &all {
        let refused = |what: String| {
            Fault::Snapshot(SnapshotError::Refused {
                kind: kind.clone(),
                version: *version,
                what,
            })
        };
        let stored = match store.snapshot(kind, *version) {
            Ok(Some(stored)) => stored,
            Ok(None) => continue,
            Err(StoreError::Damaged(what)) => return Ok(Err(refused(what))),
            Err(error) => return Err(error),
        };
        let link = match *version {
            Version::ZERO => store.root()?,
            version if version > head.version => {
                // Taken by a writer in another process after the walk began, or put there.
                match one(store, version)? {
                    Ok(event) => event.hash,
                    Err(_) => return Ok(Err(refused("there is no such version".into()))),
                }
            }
            version => match one(store, version)? {
                Ok(event) => event.hash,
                Err(fault) => return Ok(Err(fault)),
            },
        };
        if let Err(error) = snapshot(chain, &stored, &link) {
            return Ok(Err(Fault::Snapshot(error)));
        }
    }
    Ok(Ok(all.len()))
}
