//! The journal as JSON lines.

use crate::{Event, Journal, ReadError, Version};
use serde_json::{Value, json};
use std::io::Write;

/// An export ended early.
#[derive(Debug, thiserror::Error)]
pub enum ExportError {
    /// An event can't be read; all before it were written.
    #[error(transparent)]
    Read(#[from] ReadError),
    /// The output can't be written.
    #[error("the export can't be written: {0}")]
    Write(#[from] std::io::Error),
}

impl Journal {
    /// Writes the header and the events with `from <= version <= to` as JSON lines.
    ///
    /// The first line is `{"journal":1,"run":…,"pairs":{…},"version":…,"hash":…}` with the last
    /// durable version and its hash. Each other line is
    /// `{"version":…,"at":…,"kind":…,"body":…,"hash":…}`, `at` in nanoseconds since the run's
    /// epoch. A body that is JSON stands there as it is; one that is other text stands there as
    /// `"text":"…"` in place of `"body"`, and one that is not text as `"hex":"…"`.
    ///
    /// # Errors
    /// An event can't be read, or the output not be written.
    pub fn export(
        &self,
        from: Version,
        to: Version,
        out: &mut dyn Write,
    ) -> Result<(), ExportError> {
        let (header, head) = (self.header(), self.head());
        let first = json!({
            "journal": header.format(),
            "run": header.run(),
            "pairs": header.pairs(),
            "version": head.version.0,
            "hash": head.hash.to_string(),
        });
        writeln!(out, "{first}")?;
        for event in self.read(from, to)? {
            line(&event?, out)?;
        }
        Ok(out.flush()?)
    }
}

/// One event as a line of JSON, as [`Journal::export`] writes it.
///
/// # Errors
/// The output can't be written.
pub fn line(event: &Event, out: &mut dyn Write) -> std::io::Result<()> {
    write!(
        out,
        "{{\"version\":{},\"at\":{},\"kind\":{},",
        event.version,
        event.at.base(),
        Value::from(event.kind.as_str())
    )?;
    match body(&event.body) {
        Body::Json(text) => {
            write!(out, "\"body\":")?;
            // A line break can only stand between the tokens of valid JSON.
            for part in text.split_inclusive(['\n', '\r']) {
                let cut = part.trim_end_matches(['\n', '\r']);
                out.write_all(cut.as_bytes())?;
                if cut.len() < part.len() {
                    out.write_all(b" ")?;
                }
            }
        }
        Body::Text(text) => write!(out, "\"text\":{}", Value::from(text))?,
        Body::Bytes(bytes) => {
            write!(out, "\"hex\":\"")?;
            bytes
                .iter()
                .try_for_each(|byte| write!(out, "{byte:02x}"))?;
            write!(out, "\"")?;
        }
    }
    writeln!(out, ",\"hash\":\"{}\"}}", event.hash)
}

enum Body<'a> {
    Json(&'a str),
    Text(&'a str),
    Bytes(&'a [u8]),
}

fn body(bytes: &[u8]) -> Body<'_> {
    match std::str::from_utf8(bytes) {
        Ok(text) if serde_json::from_str::<serde::de::IgnoredAny>(text).is_ok() => {
            Body::Json(text.trim())
        }
        Ok(text) => Body::Text(text),
        Err(_) => Body::Bytes(bytes),
    }
}
