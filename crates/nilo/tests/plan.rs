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
