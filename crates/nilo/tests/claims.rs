//! `nilo claims` from the outside: files in, text and JSON out.
#![allow(clippy::unwrap_used)]

use serde_json::Value;
use std::path::Path;
use std::process::{Command, Output};

fn nilo(folder: &Path, arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_nilo"))
        .args(arguments)
        .current_dir(folder)
        .output()
        .unwrap()
}

fn json(output: &Output) -> Value {
    serde_json::from_slice(&output.stdout).unwrap_or_else(|error| {
        panic!(
            "{error}: {}{}",
            String::from_utf8_lossy(&output.stdout),
            String::from_utf8_lossy(&output.stderr)
        )
    })
}

/// Counts of four trials, one of them with an empty cell and one without any event.
const TRIALS: &str = "author,year,ai,n1i,ci,n2i,dose
A,1990,12,120,24,118,1
B,1995,0,40,5,41,2
C,2001,30,300,41,310,4
D,2004,0,20,0,22,4
E,2008,18,150,26,149,8
";

#[test]
fn counts_become_effects_and_pictures() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("trials.csv"), TRIALS).unwrap();
    let arguments = [
        "claims",
        "meta",
        "trials.csv",
        "--measure",
        "or",
        "--n1i",
        "n1i",
        "--n2i",
        "n2i",
        "--moderator",
        "dose",
        "--plot",
        "forest.svg",
        "--funnel",
        "funnel.svg",
        "--json",
    ];
    let output = nilo(folder.path(), &arguments);
    let found = json(&output);
    assert_eq!(found["sources"], 4);
    assert_eq!(
        found["left_out"][0][0], 5,
        "the line of the trial without events"
    );
    // Computed by hand: A alone is ln(12 * 94 / (108 * 24)) = -0.832, the mean lies near it.
    let mean = found["model"]["coefficients"][0]["estimate"]
        .as_f64()
        .unwrap();
    assert!((-0.9..-0.3).contains(&mean), "{mean}");
    assert_eq!(found["moderated"]["coefficients"][1]["name"], "dose");
    for name in ["forest.svg", "funnel.svg"] {
        let picture = std::fs::read_to_string(folder.path().join(name)).unwrap();
        assert!(
            picture.starts_with("<svg xmlns=") && picture.contains("A 1990"),
            "{name}"
        );
    }
}

#[test]
fn a_wrong_column_is_refused_with_the_right_ones() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("trials.csv"), TRIALS).unwrap();
    let output = nilo(folder.path(), &["claims", "meta", "trials.csv"]);
    assert_eq!(output.status.code(), Some(2));
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(
        said.contains("there is no column 'yi'") && said.contains("n1i"),
        "{said}"
    );
}
