//! Rival hypotheses told apart in the twin: the campaigns that ship.
#![allow(clippy::unwrap_used)]

use serde_json::Value;
use std::path::{Path, PathBuf};
use std::process::Command;

/// The repository.
fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

/// Runs a campaign that ships, after its text was changed.
fn run(campaign: &str, change: impl Fn(String) -> String) -> Value {
    let folder = tempfile::tempdir().unwrap();
    let text = std::fs::read_to_string(root().join("campaigns").join(campaign)).unwrap();
    let home = root().canonicalize().unwrap();
    let text = change(text).replace("\"../", &format!("\"{}/", home.display()));
    let file = folder.path().join(campaign);
    std::fs::write(&file, text).unwrap();
    let output = Command::new(env!("CARGO_BIN_EXE_nilo"))
        .args(["run", "--json", "--out"])
        .arg(folder.path().join("run"))
        .arg(&file)
        .output()
        .unwrap();
    let text = String::from_utf8_lossy(&output.stdout);
    let last = text.lines().last().unwrap_or_default();
    let report = std::fs::read_to_string(folder.path().join("run/report.html")).unwrap_or_default();
    assert!(
        report.contains("How probable each is"),
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
    let printed = run("which-kinetics.toml", |text| text);
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

/// The text without a hypothesis.
fn without(text: &str, name: &str) -> String {
    let begin = text
        .find(&format!("[[hypothesis]]\nname = \"{name}\""))
        .unwrap();
    let length = text[begin + 1..].find("\n[[").unwrap() + 1;
    format!("{}{}", &text[..begin], &text[begin + length..])
}

#[test]
fn a_law_that_nobody_wrote_down_is_said_to_be_missing() {
    // Nature kills as pharmacodynamics say; neither law that is left describes it.
    for seed in [1, 2] {
        let printed = run("which-kinetics.toml", |text| {
            let text = without(&without(&text, "pharmacodynamic"), "proportional");
            text.replace("seed = 3", &format!("seed = {seed}"))
        });
        let verdict = answer(&printed)["verdict"].as_str().unwrap_or_default();
        assert!(
            verdict.starts_with("none of the hypotheses fits"),
            "{seed}: {printed}"
        );
    }
}

/// The last probability of each rival, by name.
fn standing(found: &Value) -> Vec<(String, String, f64)> {
    let rivals = found["rivals"].as_array().unwrap();
    let last = |rival: &Value| rival["probabilities"].as_array()?.last()?.as_f64();
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    rivals
        .iter()
        .map(|r| (text(&r["name"]), text(&r["kind"]), last(r).unwrap()))
        .collect()
}

#[test]
fn a_mechanism_is_found_among_formulas_and_any_smooth_response() {
    let printed = run("which-law.toml", |text| text);
    let found = answer(&printed);
    let verdict = found["verdict"].as_str().unwrap_or_default();
    assert!(
        verdict.starts_with("of these hypotheses, 'pharmacodynamic' holds with probability"),
        "{printed}"
    );
    let kinds: Vec<String> = standing(found)
        .into_iter()
        .map(|(_, kind, _)| kind)
        .collect();
    assert_eq!(
        kinds,
        ["formula", "formula", "mechanism", "surrogate", ""],
        "{found}"
    );
}

#[test]
fn what_no_law_says_is_the_smooth_response() {
    // Nature kills as pharmacodynamics say, and nobody wrote that down.
    let printed = run("which-law.toml", |text| without(&text, "pharmacodynamic"));
    let found = answer(&printed);
    let verdict = found["verdict"].as_str().unwrap_or_default();
    assert!(
        verdict.starts_with("of these hypotheses, 'some smooth response' holds")
            && verdict.ends_with("wells follow no formula or mechanism among them"),
        "{printed}"
    );
    let standing = standing(found);
    assert!(standing[2].2 > 0.99, "{standing:?}");
}
