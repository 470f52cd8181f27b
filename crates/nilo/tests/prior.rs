//! What was written, against wells: a campaign that begins with claims, one of them wrong.
#![allow(clippy::unwrap_used)]

use serde_json::{Value, json};
use std::path::{Path, PathBuf};
use std::process::Command;

fn claim(intervention: &str, estimate: f64, source: &str) -> Value {
    json!({
        "intervention": intervention, "outcome": "yield",
        "direction": if estimate > 0.0 { "increases" } else { "decreases" },
        "estimate": estimate, "se": 2.0, "source": source, "year": 2015, "design": "observational",
    })
}

#[test]
fn a_wrong_and_confident_paper_is_overruled_by_wells() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let data =
        std::env::var_os("NILO_DATA").map_or_else(|| root.join("../shared/data"), PathBuf::from);
    if !data.join("hte/suzuki_perera/data.csv").exists() {
        println!("skipped: NILO_DATA not found");
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    // Measured means: Xantphos 16 and P(Ph)3 53 of 40; an iodide 60.
    let claims = json!([
        claim("ligand = Xantphos", 45.0, "Boaster"),
        claim("ligand = Xantphos", 43.0, "Parrot"),
        claim("ligand = P(Ph)3", -35.0, "Boaster"),
        claim("electrophile = 1d, 6-I-Q", 20.0, "Honest"),
    ]);
    std::fs::write(folder.path().join("claims.json"), claims.to_string()).unwrap();
    let home = root.canonicalize().unwrap();
    let text = std::fs::read_to_string(root.join("campaigns/reaction-yield.toml")).unwrap();
    let text = text
        .replace("\"../", &format!("\"{}/", home.display()))
        .replace(
            "[budget]",
            "[prior]\nclaims = \"claims.json\"\nbaseline = 40\n\n[budget]",
        );
    let file = folder.path().join("campaign.toml");
    std::fs::write(&file, text).unwrap();
    let output = Command::new(env!("CARGO_BIN_EXE_nilo"))
        .args(["run", "--json", "--out"])
        .arg(folder.path().join("run"))
        .arg(&file)
        .env("NILO_DATA", &data)
        .output()
        .unwrap();
    let text = String::from_utf8_lossy(&output.stdout);
    let last = text.lines().last().unwrap_or_default();
    let printed: Value = serde_json::from_str(last)
        .unwrap_or_else(|_| panic!("{text}{}", String::from_utf8_lossy(&output.stderr)));
    let prior = printed["answer"]["prior"].as_array().unwrap();
    let of = |claim: &str| {
        let found = prior.iter().find(|found| found["claim"] == claim);
        found.unwrap_or_else(|| panic!("{printed}"))
    };
    let wrong = of("ligand = Xantphos");
    assert_eq!(wrong["fate"], "overruled", "{wrong}");
    assert_eq!(wrong["sources"].as_array().unwrap().len(), 2);
    assert!(wrong["wells"][0].as_f64().unwrap() < 5.0, "{wrong}");
    assert!(!wrong["evidence"].as_array().unwrap().is_empty());
    assert_ne!(
        of("electrophile = 1d, 6-I-Q")["fate"],
        "overruled",
        "{printed}"
    );
    // The answer is as good as without the papers: among the best of what was measured, and not of the ligand
    // that they praise.
    let best = &printed["answer"]["candidates"][0];
    assert!(best["estimate"].as_f64().unwrap() > 85.0, "{best}");
    assert_ne!(best["levels"]["ligand"], "Xantphos", "{best}");
    let report = std::fs::read_to_string(folder.path().join("run/report.html")).unwrap();
    assert!(report.contains("overruled") && report.contains("was expected"));
}
