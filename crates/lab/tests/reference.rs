//! `labs/README.md` says what the catalogue says, and its examples are sound.
#![allow(clippy::unwrap_used)]

use lab::{Kinds, LabFile};
use std::path::PathBuf;

const HEADING: &str = "## Kinds of instrument\n\n";

fn readme() -> (PathBuf, String) {
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../labs/README.md");
    let text = std::fs::read_to_string(&path).unwrap();
    (path, text)
}

#[test]
fn the_reference_is_not_stale() {
    let (path, text) = readme();
    let (before, _) = text.split_once(HEADING).unwrap();
    let right = format!(
        "{before}{HEADING}{}",
        Kinds::standard().unwrap().reference()
    );
    if std::env::var_os("NILO_UPDATE_DOCS").is_some() {
        std::fs::write(&path, right).unwrap();
    } else {
        assert!(
            text == right,
            "labs/README.md is stale: run NILO_UPDATE_DOCS=1 cargo test -p lab --test reference"
        );
    }
}

#[test]
fn the_examples_are_sound() {
    let (_, text) = readme();
    let examples: Vec<&str> = text
        .split("```toml\n")
        .skip(1)
        .filter_map(|rest| rest.split("```").next())
        .collect();
    let (first, tracks) = examples.split_first().unwrap();
    let check = |text: &str| {
        let (lab, warnings) =
            LabFile::parse("README.md", text).unwrap_or_else(|problems| panic!("{problems}"));
        assert!(warnings.is_empty(), "{warnings}");
        lab
    };
    assert_eq!(check(first).hall.stations.len(), 5);
    let (planning, tracks): (Vec<&str>, Vec<&str>) = tracks
        .iter()
        .partition(|text| text.starts_with("[planning]"));
    assert_eq!(planning.len(), 1);
    let (tracks, instruments): (Vec<&str>, Vec<&str>) =
        tracks.iter().partition(|text| text.starts_with("[track]"));
    for some in &instruments {
        let others = "{ kind = \"hotel\" }, { kind = \"waste\" }, { kind = \"quarantine\" }";
        let all = some.replacen("instruments = [", &format!("instruments = [{others},"), 1);
        check(&format!(
            "name = \"x\"\n[track]\nkind = \"loop\"\n[movers]\ncount = 1\n[[station]]\nname = \"all\"\n{all}"
        ));
    }
    assert_eq!((tracks.len(), instruments.len()), (2, 3));
    let others = planning
        .iter()
        .map(|text| format!("[track]\nkind = \"loop\"\n{text}"));
    let tracks = tracks.iter().map(ToString::to_string).chain(others);
    for track in tracks {
        check(&format!(
            "name = \"x\"\n{track}\n[movers]\ncount = 1\n[[station]]\nname = \"all\"\n\
             instruments = [{{ kind = \"hotel\" }}, {{ kind = \"waste\" }}, {{ kind = \"quarantine\" }}]\n"
        ));
    }
}
