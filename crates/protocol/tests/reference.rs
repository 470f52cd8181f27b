//! `protocols/README.md` says what the vocabulary says, and its example is a sound protocol.
#![allow(clippy::unwrap_used)]

use labware::Catalogue;
use protocol::{ProtocolFile, vocabulary};
use std::path::PathBuf;

const HEADING: &str = "## What can be done\n\n";

#[test]
fn the_reference_is_not_stale() {
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../protocols/README.md");
    let text = std::fs::read_to_string(&path).unwrap();
    let (before, _) = text.split_once(HEADING).unwrap();
    let reference = vocabulary::reference();
    let right = format!("{before}{HEADING}{}\n", reference.trim_end());
    if std::env::var_os("NILO_UPDATE_DOCS").is_some() {
        std::fs::write(&path, right).unwrap();
    } else {
        assert!(
            text == right,
            "protocols/README.md is stale: run NILO_UPDATE_DOCS=1 cargo test -p protocol --test reference"
        );
    }
}

#[test]
fn the_example_is_sound() {
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../protocols/README.md");
    let text = std::fs::read_to_string(path).unwrap();
    let example = text.split("```toml\n").nth(1).unwrap();
    let example = example.split("```").next().unwrap();
    let read = ProtocolFile::parse("README.md", example, &Catalogue::standard());
    let (_, warnings) = read.unwrap_or_else(|problems| panic!("{problems}"));
    assert!(warnings.is_empty(), "{warnings}");
}
