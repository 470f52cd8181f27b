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

#[test]
fn two_genes_that_move_together_have_a_hidden_cause() {
    let printed = run("gene-graphs.toml", |text| text);
    let found = answer(&printed);
    let verdict = found["verdict"].as_str().unwrap_or_default();
    assert!(
        verdict.starts_with("of these hypotheses, 'a hidden cause of both' holds"),
        "{printed}"
    );
    assert_eq!(found["question"], "discriminate");
    assert_eq!(standing(found)[0].1, "graph");
}

#[test]
fn a_graph_that_nobody_wrote_down_is_said_to_be_missing() {
    let printed = run("gene-graphs.toml", |text| {
        without(&text, "a hidden cause of both")
    });
    let verdict = answer(&printed)["verdict"].as_str().unwrap_or_default();
    assert!(
        verdict.starts_with("none of the hypotheses fits")
            && verdict.ends_with("with a hidden cause of g4 and g5"),
        "{printed}"
    );
}

/// What `nilo check` says of a campaign that ships, after its text was changed.
fn refused(campaign: &str, from: &str, to: &str) -> String {
    let folder = tempfile::tempdir().unwrap();
    let text = std::fs::read_to_string(root().join("campaigns").join(campaign)).unwrap();
    assert!(text.contains(from), "{from}");
    let home = root().canonicalize().unwrap();
    let text = text
        .replacen(from, to, 1)
        .replace("\"../", &format!("\"{}/", home.display()));
    let file = folder.path().join(campaign);
    std::fs::write(&file, text).unwrap();
    let output = Command::new(env!("CARGO_BIN_EXE_nilo"))
        .arg("check")
        .arg(&file)
        .output()
        .unwrap();
    assert!(!output.status.success());
    format!(
        "{}{}",
        String::from_utf8_lossy(&output.stdout),
        String::from_utf8_lossy(&output.stderr)
    )
}

#[test]
fn what_is_no_hypothesis_is_named_with_what_there_is() {
    let law = |from: &str, to: &str| refused("which-law.toml", from, to);
    let said = law(
        "mechanism = \"pharmacodynamic\"",
        "mechanism = \"pharmacodynamics\"",
    );
    assert!(
        said.contains("no mechanism is called 'pharmacodynamics'")
            && said.contains("drug-combination, conductivity, activation, repression")
            && said.contains("which-law.toml:")
            && said.contains("did you mean: pharmacodynamic"),
        "{said}"
    );
    let said = law("{ zmic = [4, 60] }", "{ mic = [4, 60] }");
    assert!(
        said.contains("no parameter of pharmacodynamic is called 'mic'")
            && said.contains("growth, kill, zmic, kappa, hours, room"),
        "{said}"
    );
    let said = law("{ dose = \"streptomycin\" }", "{ doze = \"streptomycin\" }");
    assert!(
        said.contains("no input of pharmacodynamic is called 'doze'"),
        "{said}"
    );
    let said = law("inputs = { dose = \"streptomycin\" }\n", "");
    assert!(
        said.contains("nothing says what 'dose' of the mechanism is"),
        "{said}"
    );
    let said = law("unit = \"mg/L\"", "unit = \"µg/L\"");
    assert!(
        said.contains("'streptomycin' is in µg/L, and the mechanism takes its dose in mg/L"),
        "{said}"
    );
    let said = law("surrogate = { }", "surrogate = { reach = [2, 1] }");
    assert!(said.contains("the lower first, both above zero"), "{said}");
    let said = law("surrogate = { }", "surrogate = { }\nformula = \"1\"");
    assert!(
        said.contains("a hypothesis with formula and surrogate"),
        "{said}"
    );
    let graph = |from: &str, to: &str| refused("gene-graphs.toml", from, to);
    let said = graph("\"g4 -> g5\"", "\"g4 -> g7\"");
    assert!(
        said.contains("no variable is called 'g7'; expected one of g4, g5, g6"),
        "{said}"
    );
    let said = graph("\"g4 -> g5\"", "\"g4 -> g5 -> g4\"");
    assert!(said.contains("the arrows go in a circle"), "{said}");
    let said = graph("graph = [\"g4 -> g6 -> g5\"]", "formula = \"1\"");
    assert!(said.contains("a formula beside graphs"), "{said}");
}
