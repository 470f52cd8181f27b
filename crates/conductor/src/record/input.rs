//! Inputs on the wire: written, and read back whole.

use super::order::OrderWire;
use super::report::ReceivedWire;
use super::{INPUT, VERSION};
use crate::Input;
use labware::Catalogue;
use protocol::Protocol;
use quantity::{Instant, OrderId};
use std::sync::Arc;
use thiserror::Error;

/// Why an input can't be read from the journal.
#[derive(Debug, Error)]
pub enum InputError {
    /// Not JSON, or not of this shape.
    #[error("an input '{kind}' can't be read as version {VERSION}: {source}")]
    Shape {
        /// Its kind.
        kind: String,
        /// What is wrong.
        source: serde_json::Error,
    },
    /// A kind that this program does not know.
    #[error("no input is called '{0}' in version {VERSION}")]
    Kind(String),
    /// It names something that is not there.
    #[error("{0}")]
    Unknown(String),
}

/// Writes inputs; remembers which protocols were written already.
#[derive(Debug, Default)]
pub struct Writer {
    protocols: Vec<Arc<Protocol>>,
}

impl Writer {
    /// Kind and body of an input.
    pub fn input(&mut self, input: &Input) -> (&'static str, Vec<u8>) {
        // Writing to memory does not fail, and these types have no key that is not text.
        let body = |value: serde_json::Result<Vec<u8>>| value.unwrap_or_default();
        match input {
            Input::Submit(order) => {
                let known = self.number(&order.protocol);
                let number = known.unwrap_or(self.protocols.len());
                if known.is_none() {
                    self.protocols.push(order.protocol.clone());
                }
                let wire = OrderWire::new(order, number, known.is_none());
                ("in.submit", body(serde_json::to_vec(&wire)))
            }
            Input::Cancel(order) => ("in.cancel", body(serde_json::to_vec(&order.0))),
            Input::Report(received) => (
                "in.report",
                body(serde_json::to_vec(&ReceivedWire::from(received))),
            ),
            Input::Restarted => ("in.restarted", b"null".to_vec()),
            Input::Wake => ("in.wake", b"null".to_vec()),
        }
    }

    fn number(&self, protocol: &Arc<Protocol>) -> Option<usize> {
        self.protocols
            .iter()
            .position(|known| Arc::ptr_eq(known, protocol) || known == protocol)
    }
}

/// Reads inputs back, in the order in which they were written.
#[derive(Debug)]
pub struct Reader {
    catalogue: Catalogue,
    protocols: Vec<Arc<Protocol>>,
}

impl Default for Reader {
    fn default() -> Self {
        Self {
            catalogue: Catalogue::standard(),
            protocols: Vec::new(),
        }
    }
}

impl Reader {
    /// Reads an input; `None` for a kind that is not one.
    ///
    /// # Errors
    /// See [`InputError`].
    pub fn input(
        &mut self,
        kind: &str,
        body: &[u8],
        _at: Instant,
    ) -> Result<Option<Input>, InputError> {
        if !kind.starts_with(INPUT) {
            return Ok(None);
        }
        let shape = |source| InputError::Shape {
            kind: kind.to_owned(),
            source,
        };
        let input = match kind {
            "in.submit" => {
                let mut wire: OrderWire = serde_json::from_slice(body).map_err(shape)?;
                if let Some(define) = wire.define.take() {
                    let protocol = define.read(&self.catalogue).map_err(InputError::Unknown)?;
                    self.protocols.push(Arc::new(protocol));
                }
                let protocol = self.protocols.get(wire.protocol).cloned().ok_or_else(|| {
                    InputError::Unknown(format!("no protocol has the number {}", wire.protocol))
                })?;
                Input::Submit(Arc::new(wire.read(protocol)))
            }
            "in.cancel" => Input::Cancel(OrderId(serde_json::from_slice(body).map_err(shape)?)),
            "in.report" => {
                let wire: ReceivedWire = serde_json::from_slice(body).map_err(shape)?;
                Input::Report(wire.into())
            }
            "in.restarted" => Input::Restarted,
            "in.wake" => Input::Wake,
            other => return Err(InputError::Kind(other.to_owned())),
        };
        Ok(Some(input))
    }

    /// A writer that goes on where this reader ended.
    #[must_use]
    pub fn into_writer(self) -> Writer {
        Writer {
            protocols: self.protocols,
        }
    }
}
