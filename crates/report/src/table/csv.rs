//! The well table as CSV (RFC 4180): UTF-8, comma, a head, quotes where needed, empty for null.

use super::columns::{Values, columns};
use crate::Run;
use std::io::{Result, Write};

/// Writes one line for each filled well. The columns are those of [`crate::wells_parquet`];
/// numbers are written such that they read back to the same bits.
///
/// # Errors
/// The output can't be written.
pub fn wells_csv(run: &Run, out: &mut dyn Write) -> Result<()> {
    let columns = columns(run);
    let heads: Vec<String> = columns.iter().map(|column| field(&column.name)).collect();
    write!(out, "{}\r\n", heads.join(","))?;
    let rows = columns.first().map_or(0, |column| match &column.values {
        Values::Text(values) => values.len(),
        Values::Integer(values) => values.len(),
        Values::Number(values) => values.len(),
        Values::Truth(values) => values.len(),
    });
    for row in 0..rows {
        for (index, column) in columns.iter().enumerate() {
            if index > 0 {
                out.write_all(b",")?;
            }
            match &column.values {
                Values::Text(values) => {
                    if let Some(text) = &values[row] {
                        out.write_all(field(text).as_bytes())?;
                    }
                }
                Values::Integer(values) => {
                    values[row].map_or(Ok(()), |value| write!(out, "{value}"))?;
                }
                Values::Number(values) => {
                    values[row].map_or(Ok(()), |value| write!(out, "{value}"))?;
                }
                Values::Truth(values) => {
                    values[row].map_or(Ok(()), |value| write!(out, "{value}"))?;
                }
            }
        }
        out.write_all(b"\r\n")?;
    }
    Ok(())
}

/// A text as a field; an empty one is quoted, to tell it from null.
fn field(text: &str) -> String {
    if text.is_empty() || text.contains(['"', ',', '\r', '\n']) {
        format!("\"{}\"", text.replace('"', "\"\""))
    } else {
        text.to_owned()
    }
}
