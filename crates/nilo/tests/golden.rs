//! A journal that an earlier version wrote is read as it was by the version that wrote it.
//!
//! `golden/` holds a run of 378 events with two plates that count, one that does not, and two faults, made before
//! records told of shared errors and standards; and in `told.json` what that version said of it. A
//! change that makes this test fail makes every run there is unreadable: give the records another
//! version instead, and go on reading this one.
#![allow(clippy::unwrap_used)]

mod common;

use common::{json, root};
use serde_json::Value;
use std::path::Path;
use std::process::Command;

/// The golden run in a folder of its own, since reading takes a lock beside the journal.
fn desk() -> tempfile::TempDir {
    let desk = tempfile::tempdir().unwrap();
    let golden = root().join("crates/nilo/tests/golden");
    std::fs::create_dir(desk.path().join("run")).unwrap();
    for name in [
        "quick.toml",
        "bench.toml",
        "electrolyte.toml",
        "run/journal.sqlite",
    ] {
        std::fs::copy(golden.join(name), desk.path().join(name)).unwrap();
    }
    desk
}

fn said(desk: &Path, arguments: &[&str]) -> Value {
    let mut command = Command::new(env!("CARGO_BIN_EXE_nilo"));
    let output = command
        .args(arguments)
        .arg("--json")
        .current_dir(desk)
        .output()
        .unwrap();
    assert!(output.status.success(), "{arguments:?}: {output:?}");
    json(&output)
}

/// Takes out what is said in words, and so may be said better.
fn without_words(value: &mut Value) {
    match value {
        Value::Object(fields) => {
            if fields.contains_key("doing") {
                fields.retain(|name, _| name != "doing" && name != "at");
            }
            fields.values_mut().for_each(without_words);
        }
        Value::Array(all) => all.iter_mut().for_each(without_words),
        _ => {}
    }
}

#[test]
fn an_earlier_journal_tells_what_it_told() {
    let desk = desk();
    let told = root().join("crates/nilo/tests/golden/told.json");
    let told: Value = serde_json::from_str(&std::fs::read_to_string(told).unwrap()).unwrap();
    for case in told.as_array().unwrap() {
        let arguments: Vec<&str> = case["arguments"]
            .as_array()
            .unwrap()
            .iter()
            .map(|word| word.as_str().unwrap())
            .collect();
        let (mut found, mut before) = (said(desk.path(), &arguments), case["object"].clone());
        without_words(&mut found);
        without_words(&mut before);
        assert_eq!(found, before, "nilo {}", arguments.join(" "));
    }
}

#[test]
fn an_earlier_journal_has_no_bit_too_many() {
    // The test above is worth something only if a changed journal is noticed.
    let desk = desk();
    let path = desk.path().join("run/journal.sqlite");
    let mut bytes = std::fs::read(&path).unwrap();
    let at = bytes
        .windows(6)
        .rposition(|window| window == b"placed")
        .unwrap();
    bytes[at] = b'q';
    std::fs::write(&path, bytes).unwrap();
    let mut command = Command::new(env!("CARGO_BIN_EXE_nilo"));
    let output = command
        .args(["journal", "verify", "run"])
        .current_dir(desk.path())
        .output();
    assert_eq!(output.unwrap().status.code(), Some(1));
}

#[test]
fn every_event_has_words() {
    let desk = desk();
    let mut command = Command::new(env!("CARGO_BIN_EXE_nilo"));
    let output = command
        .args(["journal", "tail", "run", "--count", "9999"])
        .current_dir(desk.path())
        .output()
        .unwrap();
    let told = String::from_utf8(output.stdout).unwrap();
    assert!(!told.contains("  in.") && !told.contains("  out.") && !told.contains("  note."));
    // What it says of the plate that fell, and what came of it: see `golden/told.json`.
    let fault = told
        .lines()
        .position(|line| line.contains("a fault of"))
        .unwrap();
    let story: Vec<&str> = told.lines().skip(fault - 30).take(45).collect();
    insta::assert_snapshot!(story.join("\n"));
    // Once a file has changed, names are not to be had; numbers are.
    std::fs::remove_file(desk.path().join("quick.toml")).unwrap();
    let mut command = Command::new(env!("CARGO_BIN_EXE_nilo"));
    let output = command
        .args(["journal", "tail", "run", "--count", "40"])
        .current_dir(desk.path())
        .output()
        .unwrap();
    let told = String::from_utf8(output.stdout).unwrap();
    assert!(told.contains("done: mover-"), "{told}");
    assert!(told.contains("(nest-") || told.contains("nest-"), "{told}");
}
