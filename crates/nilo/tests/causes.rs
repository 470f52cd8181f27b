//! Who drives whom, asked in the twin: the campaign that ships.
#![allow(clippy::unwrap_used)]

use serde_json::Value;
use std::path::Path;
use std::process::Command;

#[test]
fn the_gene_network_and_its_hidden_cause_are_found() {
    let folder = tempfile::tempdir().unwrap();
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../campaigns/gene-causes.toml");
    let output = Command::new(env!("CARGO_BIN_EXE_nilo"))
        .args(["run", "--json", "--out"])
        .arg(folder.path().join("run"))
        .arg(file)
        .output()
        .unwrap();
    let text = String::from_utf8_lossy(&output.stdout);
    let last = text.lines().last().unwrap_or_default();
    let printed: Value = serde_json::from_str(last)
        .unwrap_or_else(|_| panic!("{text}{}", String::from_utf8_lossy(&output.stderr)));
    let answer = &printed["answer"];
    assert_eq!(answer["question"], "cause");
    let verdict = answer["verdict"].as_str().unwrap_or_default();
    // The truth of the twin: crates/twin/src/nature/network.rs.
    assert!(
        verdict.starts_with(
            "g1 → g2, g1 → g8, g2 → g3, g3 → g7, g4 → g6, g5 → g6, g6 → g7; a hidden common cause moves g4 and g5;"
        ),
        "{printed}"
    );
    let causes = &answer["causes"];
    let drives = [
        ("g1", "g2", 0.9),
        ("g2", "g3", 0.8),
        ("g4", "g6", 0.7),
        ("g6", "g7", -0.4),
    ];
    for (from, to, weight) in drives {
        let arrow = causes["arrows"]
            .as_array()
            .unwrap()
            .iter()
            .find(|arrow| arrow["from"] == from && arrow["to"] == to)
            .unwrap();
        let effect = arrow["effect"].as_f64().unwrap();
        assert!((effect - weight).abs() < 0.25, "{arrow}");
    }
    // Few plates, each of which says what was done on it.
    let plates = causes["plates"].as_array().unwrap();
    assert!(plates.len() <= 8, "{causes}");
    assert!(plates.iter().skip(1).all(|plate| {
        let arms = plate["arms"].as_object().unwrap();
        arms.contains_key("nothing done") && arms.len() > 1
    }));
    let report = std::fs::read_to_string(folder.path().join("run/report.html")).unwrap();
    assert!(report.contains("What each intervention settled") && report.contains("data:image/svg"));
}
