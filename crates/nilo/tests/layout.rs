//! `nilo lab design`, `nilo lab simulate` and `nilo bench qap`, as a person or a program calls them.
#![allow(clippy::unwrap_used)]

use serde_json::Value;
use std::path::Path;
use std::process::{Command, Output};

const PROTOCOL: &str = r#"
name = "short"
labware = "corning_96_wellplate_360ul_flat"
[[step]]
do = "dispense"
volume = "50 µL"
[[step]]
do = "shake"
speed = "600 rpm"
duration = "2 min"
[[step]]
do = "read_absorbance"
wavelength = "600 nm"
within = "20 min"
"#;

fn nilo(folder: &Path, words: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_nilo"));
    command.current_dir(folder).args(words).output().unwrap()
}

fn json(output: &Output) -> Value {
    assert!(
        output.status.success(),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
    serde_json::from_slice(&output.stdout).unwrap()
}

#[test]
fn a_lab_is_designed_checked_and_simulated() {
    let folder = tempfile::tempdir().unwrap();
    let at = folder.path();
    std::fs::write(at.join("short.toml"), PROTOCOL).unwrap();
    let words = "lab design short.toml --rate 10 --track tiles --out lab.toml --compare --json";
    let designed = json(&nilo(at, &words.split(' ').collect::<Vec<_>>()));
    assert_eq!(designed["suffices"], true);
    assert_eq!(designed["designs"].as_array().unwrap().len(), 3);
    assert!(designed["benches"]["floor_m2"].as_f64() > designed["designs"][0]["floor_m2"].as_f64());
    let drawing = std::fs::read_to_string(at.join("lab.svg")).unwrap();
    assert!(drawing.starts_with("<svg"));
    let checked = nilo(at, &["check", "lab.toml", "short.toml"]);
    assert!(checked.status.success() && checked.stderr.is_empty());
    let words = "lab simulate lab.toml short.toml=2 --rate 10 --hours 5 --next 1 --json";
    let seen = json(&nilo(at, &words.split(' ').collect::<Vec<_>>()));
    let rate = seen["result"]["plates_per_hour"].as_f64().unwrap();
    assert!((rate - 10.0).abs() < 1.0, "{seen}");
    assert!(seen["bounds"][0]["plates_per_hour"].as_f64().unwrap() >= rate);
    assert!(seen["one_more"].as_array().unwrap().len() <= 2);
    let words = "lab simulate lab.toml short.toml --hours 3 --next 0";
    let text = nilo(at, &words.split(' ').collect::<Vec<_>>());
    let text = String::from_utf8(text.stdout).unwrap();
    for word in [
        "kept full",
        "bottleneck:",
        "orders that wait",
        "out of order",
    ] {
        assert!(text.contains(word), "{word}: {text}");
    }
}

#[test]
fn what_is_wrong_is_said() {
    let folder = tempfile::tempdir().unwrap();
    let at = folder.path();
    std::fs::write(at.join("short.toml"), PROTOCOL).unwrap();
    let cases = [
        (
            "lab design short.toml=x --rate 3",
            "'x' is not a share of plates",
        ),
        ("lab design short.toml --rate=-3", "expected plates an hour"),
        ("lab design shirt.toml --rate 3", "did you mean short.toml"),
        ("bench qap short.toml", "line 2: found 'name'"),
    ];
    for (words, expected) in cases {
        let words: Vec<&str> = words.split(' ').collect();
        let output = nilo(at, &words);
        let said = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(2), "{words:?} {said}");
        assert!(said.contains(expected), "{words:?}: {said}");
    }
}

#[test]
fn an_assignment_is_solved_and_written() {
    let folder = tempfile::tempdir().unwrap();
    let at = folder.path();
    // Three units whose two busy pairs share the middle: 2 x (9 x 1 + 9 x 1 + 1 x 2).
    let text = "3 40 40\n0 9 1\n9 0 9\n1 9 0\n\n0 2 1\n2 0 1\n1 1 0\n";
    std::fs::write(at.join("tiny.qap"), text).unwrap();
    let words = "bench qap tiny.qap --threads 2 --seconds 5 --out tiny.sln --json";
    let solved = json(&nilo(at, &words.split(' ').collect::<Vec<_>>()));
    assert_eq!(solved["instances"][0]["cost"], 40);
    assert_eq!(solved["instances"][0]["gap_percent"], 0.0);
    let written = std::fs::read_to_string(at.join("tiny.sln")).unwrap();
    let numbers: Vec<i64> = written
        .split_whitespace()
        .map(|word| word.parse().unwrap())
        .collect();
    assert_eq!(numbers[..2], [3, 40]);
    // The unit with both busy pairs is in the middle, place 3.
    assert_eq!(numbers[3], 3);
}
