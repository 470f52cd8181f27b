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

/// Effects that a condition explains, and one source that is against.
const EFFECTS: &str = "author,year,yi,vi,latitude
A,1950,-1.5,0.05,55
B,1960,-1.3,0.04,50
C,1970,-0.7,0.05,35
D,1975,-0.6,0.06,33
E,1980,-0.1,0.02,15
F,1985,0.1,0.03,13
";

#[test]
fn a_ledger_is_filled_debated_ranked_and_sound() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("effects.csv"), EFFECTS).unwrap();
    let import = [
        "claims",
        "import",
        "ledger.sqlite",
        "effects.csv",
        "--map",
        "estimate=yi",
        "--map",
        "variance=vi",
        "--map",
        "source=author",
        "--set",
        "intervention=vaccine",
        "--set",
        "outcome=disease",
        "--context",
        "latitude",
        "--json",
    ];
    assert_eq!(json(&nilo(folder.path(), &import))["imported"], 6);
    // The same again adds nothing.
    let again = json(&nilo(folder.path(), &import));
    assert_eq!(
        (&again["imported"], &again["known"]),
        (&Value::from(0), &Value::from(6))
    );
    let sound = json(&nilo(
        folder.path(),
        &["journal", "verify", "ledger.sqlite", "--json"],
    ));
    assert_eq!(sound["events"], 6);

    let debate = json(&nilo(
        folder.path(),
        &["claims", "debate", "ledger.sqlite", "--json"],
    ));
    let voices = debate["debates"][0]["voices"].as_array().unwrap();
    assert_eq!(voices.len(), 6);
    assert_eq!(
        voices
            .iter()
            .filter(|v| v["side"] == "it raises it")
            .count(),
        1
    );

    let rank = nilo(folder.path(), &["claims", "rank", "ledger.sqlite"]);
    let text = String::from_utf8_lossy(&rank.stdout).into_owned();
    let (at, repeat) = (
        text.find("a trial at latitude").unwrap(),
        text.find("one more trial").unwrap(),
    );
    assert!(
        at < repeat && text.contains("however large it is"),
        "{text}"
    );

    std::fs::write(
        folder.path().join("wrong.jsonl"),
        r#"{"intervention":"x","outcome":"y","direction":"up","source":"z"}"#,
    )
    .unwrap();
    let refused = nilo(
        folder.path(),
        &["claims", "import", "ledger.sqlite", "wrong.jsonl"],
    );
    assert_eq!(refused.status.code(), Some(2));
    let said = String::from_utf8_lossy(&refused.stderr);
    assert!(
        said.contains("wrong.jsonl:1: 'direction' is 'up'; expected increases"),
        "{said}"
    );
}
