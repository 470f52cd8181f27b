//! State as a fold over events.

use crate::{Event, Journal, ReadError, SnapshotError, Version};
use quantity::Instant;

/// A state that follows from events alone.
pub trait Fold: Sized {
    /// Why an event can't be applied, or a snapshot not be read.
    type Error: std::error::Error + 'static;

    /// The kind of this state's snapshots. Change it when the layout changes: snapshots of
    /// another kind are left alone, and the state is folded from the events again.
    const KIND: &'static str;

    /// Takes one event into the state.
    ///
    /// # Errors
    /// The event is not one that can happen in this state.
    fn apply(&mut self, event: &Event) -> Result<(), Self::Error>;

    /// The state as bytes.
    fn save(&self) -> Vec<u8>;

    /// The state that [`save`](Fold::save) wrote; `empty` is the state before the first event.
    ///
    /// # Errors
    /// The bytes are not such a state.
    fn load(empty: &Self, bytes: &[u8]) -> Result<Self, Self::Error>;
}

/// A state and how it came about.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Replayed<F> {
    /// The state.
    pub state: F,
    /// The version that it is the state of.
    pub version: Version,
    /// The snapshot that it was folded from; 0 if from the first event.
    pub from: Version,
    /// Snapshots that were passed over because they could not be used, and why.
    pub refused: Vec<String>,
}

/// A state could not be rebuilt.
#[derive(Debug, thiserror::Error)]
pub enum ReplayError<E: std::error::Error + 'static> {
    /// The events can't be read.
    #[error(transparent)]
    Read(#[from] ReadError),
    /// The snapshots can't be read.
    #[error(transparent)]
    Snapshot(#[from] SnapshotError),
    /// The state refuses an event.
    #[error("event {version} ('{kind}') does not fit what happened before it: {source}")]
    Apply {
        /// The event.
        version: Version,
        /// Its kind.
        kind: String,
        /// Why.
        source: E,
    },
}

impl Journal {
    /// Rebuilds the state at a version ([`Version::MAX`]: the newest) from the latest snapshot
    /// that can be used, else from the first event. `empty` is the state before the first event.
    ///
    /// # Errors
    /// The events can't be read, or the state refuses one.
    pub fn replay<F: Fold>(
        &self,
        empty: F,
        to: Version,
    ) -> Result<Replayed<F>, ReplayError<F::Error>> {
        let to = to.min(self.version());
        let mut refused = Vec::new();
        let mut before = Some(to);
        let mut start = None;
        while let Some(at) = before {
            match self.latest_snapshot(F::KIND, at) {
                Ok(None) => break,
                Ok(Some(snapshot)) => match F::load(&empty, &snapshot.bytes) {
                    Ok(state) => {
                        start = Some((state, snapshot.version));
                        break;
                    }
                    Err(error) => {
                        refused.push(format!(
                            "the snapshot '{}' of version {} can't be read: {error}",
                            F::KIND,
                            snapshot.version
                        ));
                        before = snapshot.version.0.checked_sub(1).map(Version);
                    }
                },
                Err(SnapshotError::Refused {
                    kind,
                    version,
                    what,
                }) => {
                    before = version.0.checked_sub(1).map(Version);
                    let error = SnapshotError::Refused {
                        kind,
                        version,
                        what,
                    };
                    refused.push(error.to_string());
                }
                Err(error) => return Err(error.into()),
            }
        }
        let (mut state, from) = start.unwrap_or((empty, Version::ZERO));
        for event in self.read(from.next(), to)? {
            let event = event?;
            state.apply(&event).map_err(|source| ReplayError::Apply {
                version: event.version,
                kind: event.kind,
                source,
            })?;
        }
        Ok(Replayed {
            state,
            version: to,
            from,
            refused,
        })
    }

    /// Rebuilds the state at a moment: after the last event at or before it.
    ///
    /// # Errors
    /// As [`replay`](Journal::replay).
    pub fn replay_at<F: Fold>(
        &self,
        empty: F,
        moment: Instant,
    ) -> Result<Replayed<F>, ReplayError<F::Error>> {
        let to = self.at(moment)?;
        self.replay(empty, to)
    }

    /// Saves a state at the newest version.
    ///
    /// # Errors
    /// As [`put_snapshot`](Journal::put_snapshot).
    pub fn save<F: Fold>(&mut self, state: &F) -> Result<(), SnapshotError> {
        self.put_snapshot(self.version(), F::KIND, state.save())
    }
}
