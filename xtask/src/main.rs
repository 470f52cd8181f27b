//! Checks and generators of the repository itself.
//!
//! `cargo run -p xtask -- tidy` holds the rules that a machine can hold; the same rules run as a
//! test, and every message names what to do instead.
#![cfg_attr(test, allow(clippy::unwrap_used))]

mod map;
mod text;

use std::path::{Path, PathBuf};
use std::process::ExitCode;

fn main() -> ExitCode {
    match std::env::args().nth(1).as_deref() {
        Some("tidy") => tidy(),
        _ => {
            eprintln!("usage: cargo run -p xtask -- tidy");
            ExitCode::from(2)
        }
    }
}

fn tidy() -> ExitCode {
    let root = root();
    let findings = findings(&root);
    for finding in &findings {
        eprintln!("{finding}");
    }
    let errors = findings.iter().filter(|finding| finding.is_error()).count();
    println!(
        "tidy: {errors} errors, {} warnings",
        findings.len() - errors
    );
    if errors == 0 {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    }
}

/// The root of the repository.
fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

fn findings(root: &Path) -> Vec<Finding> {
    let mut findings = map::compare(root);
    findings.extend(text::scan(root));
    findings
}

/// Something that a rule is against.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Finding {
    /// Must be put right.
    Error(String),
    /// Should be looked at.
    Warning(String),
}

impl Finding {
    fn is_error(&self) -> bool {
        matches!(self, Finding::Error(_))
    }
}

impl std::fmt::Display for Finding {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Finding::Error(text) => write!(f, "error: {text}"),
            Finding::Warning(text) => write!(f, "warning: {text}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_repository_is_tidy() {
        let errors: Vec<Finding> = findings(&root())
            .into_iter()
            .filter(Finding::is_error)
            .collect();
        assert!(errors.is_empty(), "{errors:#?}");
    }
}
