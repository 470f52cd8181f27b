//! Environment variables, all of them.

use std::path::PathBuf;

/// Where measured data lies; `../shared/data` if it is not set.
pub const NILO_DATA: &str = "NILO_DATA";

/// Address of a language model that speaks the OpenAI protocol, up to and with `/v1`.
pub const NILO_LLM_URL: &str = "NILO_LLM_URL";

/// Its key, if it wants one.
pub const NILO_LLM_KEY: &str = "NILO_LLM_KEY";

/// The model's name.
pub const NILO_LLM_MODEL: &str = "NILO_LLM_MODEL";

/// Seconds to wait for one answer.
pub const NILO_LLM_TIMEOUT: &str = "NILO_LLM_TIMEOUT";

/// A variable's text, if it is set and not empty.
pub fn text(name: &str) -> Option<String> {
    std::env::var(name).ok().filter(|text| !text.is_empty())
}

/// Where measured data lies when nothing is said.
const DATA_DEFAULT: &str = "../shared/data";

/// The folder of measured data, and whether somebody named it.
pub fn data() -> (PathBuf, bool) {
    match std::env::var_os(NILO_DATA) {
        Some(folder) if !folder.is_empty() => (PathBuf::from(folder), true),
        _ => (PathBuf::from(DATA_DEFAULT), false),
    }
}
