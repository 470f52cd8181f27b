//! `nilo plan`, as a person or a program calls it.
#![allow(clippy::unwrap_used)]

use serde_json::Value;
use std::path::Path;
use std::process::{Command, Output};

fn nilo(words: &str) -> Output {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let mut command = Command::new(env!("CARGO_BIN_EXE_nilo"));
    command.current_dir(root);
    command.args(words.split(' ')).output().unwrap()
}

fn json(output: &Output) -> Value {
    let complaint = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{complaint}");
    serde_json::from_slice(&output.stdout).unwrap()
}

fn seconds(value: &Value) -> f64 {
    value.as_f64().unwrap()
}

#[test]
fn a_plan_keeps_its_limits_and_is_drawn() {
    let folder = tempfile::tempdir().unwrap();
    let drawing = folder.path().join("plan.svg");
    let words = "plan labs/hall.toml protocols/qpcr.toml=5 protocols/elisa.toml=2 --json --svg";
    let plan = json(&nilo(&format!("{words} {}", drawing.display())));
    let orders = plan["orders"].as_array().unwrap();
    assert_eq!(orders.len(), 7);
    let mut instruments: Vec<(&str, f64, f64, u64)> = Vec::new();
    let mut last = 0.0_f64;
    for order in orders {
        assert!(seconds(&order["slack_s"]) >= 0.0, "{order}");
        assert_eq!(
            seconds(&order["promised_s"]) - seconds(&order["finish_s"]),
            seconds(&order["slack_s"])
        );
        last = last.max(seconds(&order["finish_s"]));
        let visits = order["visits"].as_array().unwrap();
        for pair in visits.windows(2) {
            assert_eq!(pair[0]["end_s"], pair[1]["leg_start_s"]);
        }
        for visit in visits {
            if let Some(name) = visit["instrument"].as_str() {
                let (begin, end) = (seconds(&visit["begin_s"]), seconds(&visit["end_s"]));
                assert!(begin <= end);
                instruments.push((name, begin, end, visit["slot"].as_u64().unwrap()));
            }
        }
        let lags = order["lags"].as_array().unwrap();
        assert!(!lags.is_empty());
        for lag in lags {
            assert!(seconds(&lag["planned_s"]) >= seconds(&lag["min_s"]) - 1e-6);
            assert!(seconds(&lag["spare_s"]) >= -1e-6, "{lag}");
        }
    }
    assert_eq!(seconds(&plan["makespan_s"]), last);
    assert!(seconds(&plan["bound_s"]) <= last);
    // Nobody is in a place where somebody is.
    instruments.sort_by(|a, b| (a.0, a.3).cmp(&(b.0, b.3)).then(a.1.total_cmp(&b.1)));
    for pair in instruments.windows(2) {
        let same = (pair[0].0, pair[0].3) == (pair[1].0, pair[1].3);
        assert!(!same || pair[0].2 <= pair[1].1, "{pair:?}");
    }
    let drawn = std::fs::read_to_string(drawing).unwrap();
    assert!(drawn.starts_with("<svg") && drawn.ends_with("</svg>\n"));
    for order in orders {
        let name = order["order"].as_str().unwrap();
        assert!(drawn.contains(&format!("{name} ")), "{name}");
    }
}

/// Two protocols on one reader that has to be set up between them: the plan keeps it free for that, and says so.
#[test]
fn set_ups_are_planned_and_shown() {
    let folder = tempfile::tempdir().unwrap();
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let hall = std::fs::read_to_string(root.join("labs/hall.toml")).unwrap();
    let kinds = ["thermocycler", "absorbance_reader", "plate_reader"];
    let hall = kinds.iter().fold(hall, |text, kind| {
        let set_up =
            format!("kind = \"{kind}\", setup = {{ between = \"protocol\", time = \"50 min\" }}");
        text.replace(&format!("kind = \"{kind}\""), &set_up)
    });
    let lab = folder.path().join("set-up.toml");
    std::fs::write(&lab, hall).unwrap();
    let words = "protocols/growth-inhibition.toml=6 protocols/elisa.toml=6";
    let plan = json(&nilo(&format!("plan {} {words} --json", lab.display())));
    let mut set_ups = 0;
    for row in plan["instruments"].as_array().unwrap() {
        for service in row["services"].as_array().unwrap() {
            assert_eq!(service["what"], "set-up");
            let (from, until) = (seconds(&service["from_s"]), seconds(&service["until_s"]));
            assert!((until - from - 3_000.0).abs() < 1e-6, "{service}");
            for order in plan["orders"].as_array().unwrap() {
                for visit in order["visits"].as_array().unwrap() {
                    let there = visit["instrument"] == row["instrument"];
                    let apart =
                        seconds(&visit["end_s"]) <= from || seconds(&visit["begin_s"]) >= until;
                    assert!(!there || apart, "{visit} {service}");
                }
            }
            set_ups += 1;
        }
    }
    assert!(set_ups > 0, "no set-up was planned");
    let told = nilo(&format!("plan {} {words}", lab.display()));
    let told = String::from_utf8(told.stdout).unwrap();
    assert!(
        told.contains(&format!("~ set-up: {set_ups} times")),
        "{told}"
    );
}

#[test]
fn a_campaign_is_planned_with_what_it_keeps_in_flight_or_as_told() {
    let plan = json(&nilo("plan campaigns/electrolyte.toml=3 --json"));
    assert_eq!(plan["orders"].as_array().unwrap().len(), 3);
    let text = nilo("plan campaigns/antibiotics.toml --columns 40");
    let text = String::from_utf8(text.stdout).unwrap();
    assert!(text.starts_with("bench: 1 plates, done after "), "{text}");
    let refused = nilo("plan labs/bench.toml=3 protocols/growth-inhibition.toml");
    assert_eq!(refused.status.code(), Some(2));
}

#[test]
fn a_deadline_is_promised_or_told_when() {
    let words = "plan labs/hall.toml protocols/qpcr.toml=2 protocols/elisa.toml=1@5min --json";
    let output = nilo(words);
    assert_eq!(output.status.code(), Some(1));
    let plan: Value = serde_json::from_slice(&output.stdout).unwrap();
    let refused = plan["refused"].as_array().unwrap();
    assert_eq!(refused.len(), 1);
    let earliest = seconds(&refused[0]["earliest_s"]);
    assert!(earliest > 300.0);
    // By then it can be promised.
    let by = earliest.ceil();
    let words =
        format!("plan labs/hall.toml protocols/qpcr.toml=2 protocols/elisa.toml=1@{by}s --json");
    let plan = json(&nilo(&words));
    let orders = plan["orders"].as_array().unwrap();
    assert_eq!(orders.len(), 3);
    let dated: Vec<&Value> = orders
        .iter()
        .filter(|o| !o["deadline_s"].is_null())
        .collect();
    assert_eq!(dated.len(), 1);
    assert_eq!(seconds(&dated[0]["deadline_s"]), by);
    assert!(seconds(&dated[0]["promised_s"]) <= by);
    let refused = nilo("plan labs/bench.toml protocols/qpcr.toml --deadline soon");
    assert_eq!(refused.status.code(), Some(2));
}

#[test]
fn plates_that_find_no_home_wait_for_one() {
    let folder = tempfile::tempdir().unwrap();
    let lab = folder.path().join("small.toml");
    let text = std::fs::read_to_string(
        Path::new(env!("CARGO_MANIFEST_DIR")).join("../../labs/bench.toml"),
    );
    let homes = "{ kind = \"hotel\", count = 2 }";
    let few = "{ kind = \"hotel\", nests = 3 }";
    std::fs::write(&lab, text.unwrap().replace(homes, few)).unwrap();
    let words = format!("plan {} protocols/electrolyte.toml=7 --json", lab.display());
    let plan = json(&nilo(&words));
    let orders = plan["orders"].as_array().unwrap();
    assert_eq!(orders.len(), 7);
    // At no moment are more than three in the hall: each comes after one is done.
    let mut finishes: Vec<f64> = orders.iter().map(|o| seconds(&o["promised_s"])).collect();
    finishes.sort_by(f64::total_cmp);
    let mut releases: Vec<f64> = orders.iter().map(|o| seconds(&o["release_s"])).collect();
    releases.sort_by(f64::total_cmp);
    for (at, release) in releases.iter().enumerate().skip(3) {
        let before = orders.iter().filter(|o| seconds(&o["finish_s"]) < *release);
        assert!(before.count() + 3 > at, "{releases:?} {finishes:?}");
    }
    assert!(releases[6] > releases[0]);
}
