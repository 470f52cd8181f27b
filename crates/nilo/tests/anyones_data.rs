//! `nilo cause`, `nilo scaling` and `nilo assay` on files of anyone's data.
#![allow(clippy::unwrap_used)]

use serde_json::Value;
use std::fmt::Write;
use std::path::{Path, PathBuf};
use std::process::Command;

fn nilo(folder: &Path, arguments: &[&str]) -> (i32, Value, String) {
    let out = Command::new(env!("CARGO_BIN_EXE_nilo"))
        .args(arguments)
        .arg("--json")
        .current_dir(folder)
        .output()
        .unwrap();
    let text = String::from_utf8(out.stdout).unwrap();
    let object: Value = serde_json::from_str(&text).unwrap_or_else(|why| panic!("{why}: {text}"));
    if let Some(command) = object["command"].as_str() {
        documented(command, &object);
    }
    (
        out.status.code().unwrap(),
        object,
        String::from_utf8(out.stderr).unwrap(),
    )
}

fn file(folder: &Path, name: &str, text: &str) -> PathBuf {
    let path = folder.join(name);
    std::fs::write(&path, text).unwrap();
    path
}

/// The names of all fields of an object and of what lies below it, but for those that the data give: of parameters, and of
/// the doses that were asked for.
fn names<'a>(value: &'a Value, all: &mut Vec<&'a str>) {
    match value {
        Value::Object(fields) => {
            for (name, child) in fields {
                all.push(name);
                let given = ["parameters", "effective_doses", "aicc"].contains(&name.as_str());
                match child.as_object().filter(|_| given) {
                    Some(own) => own.values().for_each(|child| names(child, all)),
                    None => names(child, all),
                }
            }
        }
        Value::Array(items) => items.iter().for_each(|item| names(item, all)),
        _ => {}
    }
}

/// Every field, at any depth, is in the command's part of `docs/json.md`.
fn documented(command: &str, object: &Value) {
    let page = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/json.md");
    let page = std::fs::read_to_string(page).unwrap();
    let heading = format!("## `nilo {command}`\n");
    let (_, part) = page
        .split_once(&heading)
        .unwrap_or_else(|| panic!("no part {heading}"));
    let part = part.split("\n## ").next().unwrap();
    let mut all = Vec::new();
    names(object, &mut all);
    for field in all {
        let common = ["schema", "command", "ok"].contains(&field);
        assert!(
            common || part.contains(&format!("`{field}`")),
            "{command}: {field}"
        );
    }
}

/// A number between -1 and 1 that looks random and never changes.
fn noise(i: usize) -> f64 {
    let mut z = (i as u64).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    ((z ^ (z >> 31)) >> 11) as f64 / (1_u64 << 52) as f64 - 1.0
}

#[test]
fn causes_are_learned_and_the_next_plate_is_written() {
    let folder = tempfile::tempdir().unwrap();
    // a → b → c; each was set in some rows.
    let mut csv = String::from("a,b,c,acted\n");
    for i in 0..160 {
        let acted = ["", "a", "b", "c"][i % 4];
        let a = if acted == "a" { 2.0 } else { 0.0 } + noise(i) + noise(i + 1000);
        let b = if acted == "b" {
            2.0 + noise(i + 2000)
        } else {
            0.9 * a + 0.5 * noise(i + 3000)
        };
        let c = if acted == "c" { -2.0 } else { -0.8 * b } + 0.5 * noise(i + 4000);
        let _ = writeln!(csv, "{a},{b},{c},{acted}");
    }
    file(folder.path(), "rows.csv", &csv);
    let (exit, found, _) = nilo(
        folder.path(),
        &[
            "cause",
            "fit",
            "rows.csv",
            "--target",
            "acted",
            "--plot",
            "graph.svg",
        ],
    );
    assert_eq!(exit, 0);
    let probability = |from: &str, to: &str| {
        let arrows = found["arrows"].as_array().unwrap();
        let of = arrows.iter().find(|a| a["from"] == from && a["to"] == to);
        of.map_or(0.0, |a| a["probability"].as_f64().unwrap())
    };
    assert!(
        probability("a", "b") > 0.9 && probability("b", "c") > 0.9,
        "{found}"
    );
    assert!(
        probability("c", "b") < 0.1 && probability("b", "a") < 0.1,
        "{found}"
    );
    assert_eq!(found["settled"][0]["by"], "a");
    assert!(
        std::fs::read_to_string(folder.path().join("graph.svg"))
            .unwrap()
            .contains("<svg")
    );

    let next = [
        "cause", "next", "rows.csv", "--target", "acted", "--can", "a=2", "--can", "b=2+c=0",
    ];
    let (exit, plan, _) = nilo(
        folder.path(),
        &[&next[..], &["--wells", "12", "--plan", "plate.csv"]].concat(),
    );
    assert_eq!(exit, 0);
    assert_eq!(plan["wells"].as_array().unwrap().len(), 12);
    let plate = std::fs::read_to_string(folder.path().join("plate.csv")).unwrap();
    assert_eq!(plate.lines().count(), 13);
    assert!(plate.contains("control"));

    let (exit, _, said) = nilo(
        folder.path(),
        &["cause", "fit", "rows.csv", "--target", "actedd"],
    );
    assert_eq!(exit, 2);
    assert!(said.contains("expected: one of a, b, c, acted"), "{said}");
    let (exit, _, said) = nilo(
        folder.path(),
        &["cause", "next", "rows.csv", "--can", "d=1"],
    );
    assert!(
        exit == 2 && said.contains("there is no variable 'd'"),
        "{said}"
    );
    let unused =
        "column 'acted' holds words and is left out; --target acted if it says what was acted on";
    assert!(said.contains(unused), "{said}");
}

#[test]
fn a_law_is_fitted_and_a_budget_divided() {
    let folder = tempfile::tempdir().unwrap();
    let mut one = String::from("wells,regret\n");
    let mut two = String::from("gpu,wells,loss\n");
    for i in 0..36 {
        let (x, z) = (
            10f64.powf(1.0 + (i % 6) as f64 / 2.0),
            10f64.powf(1.0 + (i / 6) as f64 / 2.0),
        );
        let error = 1.0 + 0.003 * noise(i);
        let w = 10f64.powf(1.0 + i as f64 / 9.0);
        let _ = writeln!(one, "{w},{}", (0.2 + 3.0 * w.powf(-0.5)) * error);
        let _ = writeln!(
            two,
            "{x},{z},{}",
            (0.1 + 5.0 * x.powf(-0.3) + 8.0 * z.powf(-0.5)) * error
        );
    }
    file(folder.path(), "one.csv", &one);
    file(folder.path(), "two.csv", &two);
    let fit = [
        "scaling", "fit", "one.csv", "--x", "wells", "--y", "regret", "--delta", "inf",
    ];
    let (exit, found, _) = nilo(
        folder.path(),
        &[
            &fit[..],
            &["--resamples", "50", "--beyond", "1e6", "--plot", "law.svg"],
        ]
        .concat(),
    );
    assert_eq!(exit, 0);
    assert_eq!(found["shape"]["best"], "saturation at a floor", "{found}");
    let floor = &found["parameters"]["E"];
    let ends = [&floor["interval"][0], &floor["interval"][1]].map(|v| v.as_f64().unwrap());
    assert!(
        ends[0] < 0.2 && 0.2 < ends[1] && ends[1] - ends[0] < 0.05,
        "{floor}"
    );
    assert!(folder.path().join("law.svg").exists());

    // Two columns need no names; three do.
    let short = ["scaling", "fit", "one.csv", "--resamples", "20"];
    let (exit, alone, _) = nilo(folder.path(), &short);
    assert_eq!(exit, 0);
    let named = [&short[..], &["--x", "wells", "--y", "regret"]].concat();
    let (_, named, _) = nilo(folder.path(), &named);
    assert_eq!(alone["parameters"], named["parameters"]);
    let (exit, _, said) = nilo(folder.path(), &["scaling", "fit", "two.csv"]);
    assert!(
        exit == 2 && said.contains("gpu, wells, loss") && said.contains("--x and --y"),
        "{said}"
    );

    let fit = [
        "scaling", "fit", "two.csv", "--x", "gpu", "--x", "wells", "--y", "loss",
    ];
    let (exit, found, _) = nilo(
        folder.path(),
        &[
            &fit[..],
            &[
                "--law",
                "two",
                "--resamples",
                "20",
                "--budget",
                "1e4",
                "--price",
                "1,50",
            ],
        ]
        .concat(),
    );
    assert_eq!(exit, 0);
    // The true law's split: 29.0 % for the first.
    let share = found["split"]["share_first"].as_f64().unwrap();
    assert!((share - 0.29).abs() < 0.03, "{found}");

    let (exit, _, said) = nilo(
        folder.path(),
        &["scaling", "fit", "one.csv", "--x", "wels", "--y", "regret"],
    );
    assert!(exit == 2 && said.contains("did you mean: wells"), "{said}");
}

#[test]
fn of_a_file_with_two_columns_the_first_is_the_dose() {
    let folder = tempfile::tempdir().unwrap();
    let mut two = String::from("mg/L,inhibition\n");
    for dose in [0.0, 1.0, 3.0, 10.0, 30.0, 100.0, 300.0] {
        let response = 100.0 * dose / (dose + 10.0);
        writeln!(two, "{dose},{response:.3}").unwrap();
    }
    std::fs::write(folder.path().join("two.csv"), &two).unwrap();
    let (exit, found, _) = nilo(folder.path(), &["assay", "fit", "two.csv"]);
    assert_eq!(exit, 0, "{found}");
    let half = found["curves"][0]["effective_doses"]["ED50"].as_f64();
    assert!((half.unwrap() - 10.0).abs() < 0.5, "{found}");
    let three = two.replace(",inhibition", ",inhibition,plate");
    let three = three.replace('\n', ",1\n").replace("plate,1", "plate");
    std::fs::write(folder.path().join("three.csv"), three).unwrap();
    let (exit, found, _) = nilo(folder.path(), &["assay", "fit", "three.csv"]);
    assert_eq!(exit, 2);
    let (error, help) = (&found["error"], &found["help"]);
    assert!(
        error.as_str().unwrap().contains("mg/L, inhibition, plate"),
        "{found}"
    );
    assert!(
        help.as_str().unwrap().contains("--dose and --response"),
        "{found}"
    );
}

#[test]
fn curves_are_fitted_and_plates_judged() {
    let folder = tempfile::tempdir().unwrap();
    let mut csv = String::from("dose,drug,y\n");
    for i in 0..48 {
        let dose = [0.0, 1.0, 3.0, 10.0, 30.0, 100.0][i % 6];
        let y = 1.0 + 9.0 / (1.0 + (dose / 10.0_f64).powi(2)) + 0.1 * noise(i);
        let _ = writeln!(csv, "{dose},x,{y}");
    }
    csv.push_str("1,flat,2\n2,flat,2\n");
    file(folder.path(), "dose.csv", &csv);
    let arguments = [
        "assay",
        "fit",
        "dose.csv",
        "--dose",
        "dose",
        "--response",
        "y",
        "--group",
        "drug",
    ];
    let (exit, found, _) = nilo(
        folder.path(),
        &[&arguments[..], &["--plot", "dose.svg"]].concat(),
    );
    // The second curve can't be fitted, which is found and said.
    assert_eq!(exit, 1);
    let half = found["curves"][0]["effective_doses"]["ED50"]
        .as_f64()
        .unwrap();
    assert!((half - 10.0).abs() < 1.0, "{found}");
    assert!(
        found["curves"][1]["error"]
            .as_str()
            .unwrap()
            .contains("4 doses")
    );
    assert!(folder.path().join("dose.svg").exists());

    let mut csv = String::from("well,holds,signal\n");
    for row in 0..8 {
        for column in 0..12 {
            let at = row * 12 + column;
            let holds = ["positive", "sample", "negative"]
                [usize::from(column > 0) + usize::from(column == 11)];
            let level = match holds {
                "positive" => 20.0,
                "negative" => 100.0,
                _ if at == 40 => 60.0,
                _ => 100.0 + row as f64,
            };
            let well = char::from(b'A' + row as u8);
            let _ = writeln!(csv, "{well}{},{holds},{}", column + 1, level + noise(at));
        }
    }
    file(folder.path(), "plate.csv", &csv);
    let arguments = [
        "assay",
        "qc",
        "plate.csv",
        "--value",
        "signal",
        "--well",
        "well",
        "--role",
        "holds",
    ];
    let roles = [
        "--positive",
        "positive",
        "--negative",
        "negative",
        "--out",
        "scores.csv",
    ];
    let (exit, found, _) = nilo(folder.path(), &[&arguments[..], &roles[..]].concat());
    assert_eq!(exit, 0);
    assert!(found["plates"][0]["z_prime"].as_f64().unwrap() > 0.9);
    let hits = found["plates"][0]["hits"].as_array().unwrap();
    let planted = hits.iter().find(|hit| hit["well"] == "D5").unwrap();
    assert!(planted["b_score"].as_f64().unwrap() < -20.0, "{hits:?}");
    let scores = std::fs::read_to_string(folder.path().join("scores.csv")).unwrap();
    assert_eq!(scores.lines().count(), 97);
    // A demand that the plate does not meet is found.
    let (exit, _, _) = nilo(
        folder.path(),
        &[&arguments[..], &roles[..4], &["--z-prime", "0.99"]].concat(),
    );
    assert_eq!(exit, 1);
}
