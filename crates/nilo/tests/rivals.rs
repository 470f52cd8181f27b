//! Rival hypotheses told apart in the twin: the campaign that ships.
#![allow(clippy::unwrap_used)]

use serde_json::Value;
use std::path::Path;
use std::process::Command;

fn run(campaign: &str) -> Value {
    let folder = tempfile::tempdir().unwrap();
    let file = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("../../campaigns")
        .join(campaign);
    let output = Command::new(env!("CARGO_BIN_EXE_nilo"))
        .args(["run", "--json", "--out"])
        .arg(folder.path().join("run"))
        .arg(file)
        .output()
        .unwrap();
    let text = String::from_utf8_lossy(&output.stdout);
    let last = text.lines().last().unwrap_or_default();
    let report = std::fs::read_to_string(folder.path().join("run/report.html")).unwrap_or_default();
    assert!(
        report.contains("after each plate"),
        "{text}{}",
        String::from_utf8_lossy(&output.stderr)
    );
    serde_json::from_str(last).unwrap_or_else(|error| {
        panic!("{error}: {text}{}", String::from_utf8_lossy(&output.stderr))
    })
}

/// The answer, wherever it stands in what was printed.
fn answer(printed: &Value) -> &Value {
    match printed {
        Value::Object(fields) if fields.contains_key("verdict") => printed,
        Value::Object(fields) => fields
            .values()
            .map(answer)
            .find(|v| !v.is_null())
            .unwrap_or(&Value::Null),
        Value::Array(items) => items
            .iter()
            .map(answer)
            .find(|v| !v.is_null())
            .unwrap_or(&Value::Null),
        _ => &Value::Null,
    }
}

#[test]
fn the_law_that_nature_follows_is_found() {
    let printed = run("which-kinetics.toml");
    let found = answer(&printed);
    let verdict = found["verdict"]
        .as_str()
        .unwrap_or_else(|| panic!("{printed}"));
    assert!(
        verdict.starts_with("of these hypotheses, 'pharmacodynamic' holds with probability"),
        "{verdict}"
    );
    assert_eq!(found["question"], "discriminate");
    for rival in found["rivals"].as_array().unwrap() {
        let last = rival["probabilities"]
            .as_array()
            .unwrap()
            .last()
            .unwrap()
            .as_f64()
            .unwrap();
        assert_eq!(last > 0.99, rival["name"] == "pharmacodynamic", "{rival}");
    }
}
