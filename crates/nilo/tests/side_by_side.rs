//! Campaigns side by side in one hall: each ends as it would alone, whatever becomes of the others.
#![allow(clippy::unwrap_used)]

mod common;

use common::{history, json, nilo, root};
use serde_json::Value;
use std::path::{Path, PathBuf};
use std::process::{Child, Stdio};
use std::time::Instant;

/// Two drugs with a model, and salt without one; ten and four times the usual faults.
const DRUGS: &str = "crates/nilo/tests/again.toml";
const SALT: &str = "scenarios/quick.toml";

fn start(files: &[&str], out: &Path) -> Child {
    nilo(&["run", "--json", "--out", out.to_str().unwrap()])
        .args(files)
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .unwrap()
}

fn finish(files: &[&str], out: &Path) -> Value {
    let output = start(files, out).wait_with_output().unwrap();
    assert!(output.status.success(), "{output:?}");
    json(&output)
}

fn wells(out: &Path, name: &str) -> Vec<u8> {
    std::fs::read(out.join(name).join("data/wells.csv")).unwrap()
}

#[test]
fn killed_again_and_again_both_come_to_the_end_that_they_had() {
    let folder = tempfile::tempdir().unwrap();
    let (whole, broken) = (folder.path().join("a/run"), folder.path().join("b/run"));
    let clock = Instant::now();
    let found = finish(&[DRUGS, SALT], &whole);
    let takes = clock.elapsed();
    let each = found["campaigns"].as_array().unwrap();
    let names: Vec<&Value> = each.iter().map(|own| &own["campaign"]).collect();
    assert_eq!(names, ["again", "quick"]);
    for own in each {
        assert!(own["answer"]["points"].as_u64() > Some(0), "{own}");
        assert!(Path::new(own["report"].as_str().unwrap()).exists());
    }
    // In the other order they are the same run.
    let mut killed = 0;
    for share in [0.1, 0.35, 0.6, 0.5, 0.8, 0.4, 0.7] {
        let mut child = start(&[SALT, DRUGS], &broken);
        std::thread::sleep(takes.mul_f64(share));
        if child.try_wait().unwrap().is_none() {
            child.kill().unwrap();
            killed += 1;
        }
        child.wait().unwrap();
    }
    assert!(killed > 0, "the run was over before it could be killed");
    let again = finish(&[SALT, DRUGS], &broken);
    assert!(again["resumed_at"].as_u64() > Some(0), "it began anew");
    assert_eq!(again["journal"], found["journal"]);
    assert_eq!(history(&broken), history(&whole));
    for (own, other) in each.iter().zip(again["campaigns"].as_array().unwrap()) {
        assert_eq!(own["answer"], other["answer"]);
        assert_eq!(own["hall"], other["hall"]);
        let name = own["campaign"].as_str().unwrap();
        assert_eq!(wells(&whole, name), wells(&broken, name));
    }
    look_into(&whole);
}

/// Whoever asks later finds both.
fn look_into(run: &Path) {
    let run_name = run.to_str().unwrap();
    let show = json(&nilo(&["show", run_name, "--json"]).output().unwrap());
    let of = |value: &Value, key: &str| -> Vec<String> {
        let each = value["campaigns"].as_array().unwrap().iter();
        each.map(|own| own[key].as_str().unwrap().to_owned())
            .collect()
    };
    assert_eq!(of(&show, "name"), ["again", "quick"]);
    assert_eq!(of(&show, "state"), ["answered", "answered"]);
    for own in show["campaigns"].as_array().unwrap() {
        assert!(own["plates"].as_array().unwrap().len() > 1);
        let plates = own["plates"].as_array().unwrap().iter();
        // Every other order is the one's.
        let places: Vec<u64> = plates.map(|p| p["order"].as_u64().unwrap() % 2).collect();
        assert!(places.iter().all(|place| *place == places[0]));
    }
    let below = run.parent().unwrap().to_str().unwrap();
    let runs = json(&nilo(&["runs", below, "--json"]).output().unwrap());
    assert_eq!(of(&runs["runs"][0], "name"), ["again", "quick"]);
    let replayed = json(
        &nilo(&["replay", run_name, "--at", "3 h", "--json"])
            .output()
            .unwrap(),
    );
    assert_eq!(of(&replayed, "campaign"), ["again", "quick"]);
    let doing = replayed["plates"].as_array().unwrap().iter();
    let doing: Vec<&str> = doing
        .map(|plate| plate["doing"].as_str().unwrap())
        .collect();
    assert!(
        doing.iter().any(|said| said.starts_with("of 'again'")),
        "{doing:?}"
    );
    assert!(
        doing.iter().any(|said| said.starts_with("of 'quick'")),
        "{doing:?}"
    );
    let tail = nilo(&["journal", "tail", run_name, "-c", "100000"])
        .output()
        .unwrap();
    let tail = String::from_utf8(tail.stdout).unwrap();
    // Each step is named by its own protocol, and each note says whose it is.
    for said in ["'grow'", "'conductivity'", "AGAIN: ", "QUICK: "] {
        assert!(tail.contains(said), "no {said} in the journal");
    }
    let page = std::fs::read_to_string(run.join("report.html")).unwrap();
    assert!(
        page.contains("href=\"again/report.html\"") && page.contains("href=\"quick/report.html\"")
    );
}

/// The salt campaign with other lines, in a folder beside labs and protocols.
fn variant(folder: &Path, name: &str, changes: &[(&str, &str)]) -> PathBuf {
    let mut text = std::fs::read_to_string(root().join(SALT)).unwrap();
    for (from, to) in changes {
        assert!(text.contains(from), "{from}");
        text = text.replace(from, to);
    }
    let text = text.replace("name = \"quick\"", &format!("name = \"{name}\""));
    let path = folder.join("campaigns").join(format!("{name}.toml"));
    std::fs::create_dir_all(path.parent().unwrap()).unwrap();
    for beside in ["labs", "protocols"] {
        let to = folder.join(beside);
        std::fs::create_dir_all(&to).unwrap();
        for entry in std::fs::read_dir(root().join(beside)).unwrap() {
            let entry = entry.unwrap();
            std::fs::copy(entry.path(), to.join(entry.file_name())).unwrap();
        }
    }
    std::fs::write(&path, text).unwrap();
    path
}

fn refused(files: &[&Path], said: &[&str]) {
    let folder = tempfile::tempdir().unwrap();
    let out = folder.path().join("run");
    let output = nilo(&["run", "--out", out.to_str().unwrap()])
        .args(files)
        .output()
        .unwrap();
    assert_eq!(output.status.code(), Some(2), "{output:?}");
    let error = String::from_utf8(output.stderr).unwrap();
    for part in said {
        assert!(error.contains(part), "no '{part}' in: {error}");
    }
    assert!(!out.exists(), "something was begun");
}

#[test]
fn what_can_not_share_a_hall_is_refused_with_what_to_do() {
    let folder = tempfile::tempdir().unwrap();
    let (salt, drugs) = (root().join(SALT), root().join(DRUGS));
    refused(
        &[&salt, &salt],
        &["both named 'quick'", "another [campaign] name"],
    );
    let elsewhere = variant(
        folder.path(),
        "elsewhere",
        &[("labs/bench.toml", "labs/hall.toml")],
    );
    refused(
        &[&elsewhere, &drugs],
        &[
            "elsewhere.toml:8",
            "different lab files",
            "bench.toml",
            "share one hall",
        ],
    );
    // A run with one campaign is not gone on with by two.
    let out = folder.path().join("run");
    assert!(
        nilo(&["run", SALT, "--out", out.to_str().unwrap()])
            .status()
            .unwrap()
            .success()
    );
    let output = nilo(&["run", SALT, DRUGS, "--out", out.to_str().unwrap()])
        .output()
        .unwrap();
    assert_eq!(output.status.code(), Some(2));
    let error = String::from_utf8(output.stderr).unwrap();
    assert!(
        error.contains("it is of one campaign, not of 'again' and 'quick'"),
        "{error}"
    );
}

/// What a campaign that only measures says beyond the salt campaign's file.
fn many(plates: u32, in_flight: u32, hall: &str) -> Vec<(&'static str, String)> {
    vec![
        ("plates = 2\n", format!("plates = {plates}\n")),
        ("in_flight = 1", format!("in_flight = {in_flight}")),
        ("hours = 72\n", String::new()),
        ("candidates = 3", "candidates = 0".to_owned()),
        ("scale = 4.0", "scale = 0.0".to_owned()),
        ("[policy]", format!("[hall]\n{hall}\n\n[policy]")),
    ]
}

fn run(folder: &Path, files: &[(&str, Vec<(&'static str, String)>)]) -> Value {
    let files: Vec<PathBuf> = files
        .iter()
        .map(|(name, changes)| {
            let changes: Vec<(&str, &str)> = changes.iter().map(|(a, b)| (*a, &**b)).collect();
            variant(folder, name, &changes)
        })
        .collect();
    let files: Vec<&str> = files.iter().map(|file| file.to_str().unwrap()).collect();
    finish(&files, &folder.join("run"))
}

#[test]
fn full_halls_are_shared_by_weight_and_what_one_leaves_the_other_has() {
    let folder = tempfile::tempdir().unwrap();
    let (heavy, light) = (many(40, 40, "weight = 2"), many(40, 40, "weight = 1"));
    let both = run(folder.path(), &[("heavy", heavy), ("light", light)]);
    let share = |place: usize, key: &str| both["campaigns"][place]["share"][key].as_f64().unwrap();
    assert!((share(0, "due") - 2.0 / 3.0).abs() < 1e-9);
    assert!((share(0, "had") - 2.0 / 3.0).abs() < 0.03, "{both}");
    let ratio = share(0, "plates") / share(1, "plates");
    assert!((ratio - 2.0).abs() < 0.15, "{ratio}: {both}");
    let used = |found: &Value| found["bottleneck"]["used"].as_f64().unwrap();
    let full = used(&both);
    // One that waits for its own results leaves its share to the other.
    let folder = tempfile::tempdir().unwrap();
    let (slow, busy) = (many(8, 1, "weight = 1"), many(40, 40, "weight = 1"));
    let both = run(folder.path(), &[("busy", busy), ("slow", slow)]);
    assert!(used(&both) > 0.95 * full, "{full}: {both}");
    let share = |place: usize| {
        both["campaigns"][place]["share"]["plates"]
            .as_f64()
            .unwrap()
    };
    assert!(share(0) > 2.0 * share(1), "{both}");
    // And does not wait behind all that the other has: it is done first.
    assert!(share(1) >= 8.0 && share(0) < 40.0, "{both}");
}

#[test]
fn a_campaign_with_a_deadline_goes_ahead_when_it_must_and_breaks_no_promise() {
    let folder = tempfile::tempdir().unwrap();
    let (hurry, rest) = (
        many(6, 6, "deadline = \"8 h\""),
        many(40, 40, "weight = 100"),
    );
    let both = run(folder.path(), &[("hurry", hurry), ("rest", rest)]);
    let of = |place: usize| &both["campaigns"][place]["hall"];
    assert_eq!(of(0)["after_deadline"], 0, "{both}");
    assert_eq!(of(0)["refused"].as_array().unwrap().len(), 0, "{both}");
    assert_eq!(both["campaigns"][0]["answer"]["plates"], 6);
    assert_eq!(of(1)["late"], 0, "{both}");
    assert_eq!(both["campaigns"][1]["answer"]["plates"], 40);
}
