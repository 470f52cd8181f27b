//! Environment variables, all of them.

use std::path::PathBuf;

/// Where measured data lies; `../shared/data` if it is not set.
pub const NILO_DATA: &str = "NILO_DATA";

/// Where measured data lies when nothing is said.
const DATA_DEFAULT: &str = "../shared/data";

/// The folder of measured data, and whether somebody named it.
pub fn data() -> (PathBuf, bool) {
    match std::env::var_os(NILO_DATA) {
        Some(folder) if !folder.is_empty() => (PathBuf::from(folder), true),
        _ => (PathBuf::from(DATA_DEFAULT), false),
    }
}
