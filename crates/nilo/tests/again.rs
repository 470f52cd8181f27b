//! The same command gives the same history: on any number of threads, and however often it was killed.
#![allow(clippy::unwrap_used)]

mod common;

use common::{history, json, nilo};
use std::path::Path;
use std::process::{Child, Stdio};
use std::time::{Duration, Instant};

/// A campaign with a model, plates in flight together, and ten times the usual faults.
const CAMPAIGN: &str = "crates/nilo/tests/again.toml";

fn start(out: &Path, threads: &str) -> Child {
    nilo(&["run", CAMPAIGN, "--json", "--out", out.to_str().unwrap()])
        .env("RAYON_NUM_THREADS", threads)
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .unwrap()
}

/// Runs to the end: how long it took, and what it printed, without what may differ.
fn finish(out: &Path, threads: &str) -> (Duration, serde_json::Value) {
    let clock = Instant::now();
    let output = start(out, threads).wait_with_output().unwrap();
    assert!(output.status.success(), "{output:?}");
    (clock.elapsed(), json(&output))
}

fn data(out: &Path) -> Vec<u8> {
    std::fs::read(out.join("data/wells.csv")).unwrap()
}

#[test]
fn the_same_seed_gives_the_same_journal_whatever_the_threads() {
    let folder = tempfile::tempdir().unwrap();
    let (one, many) = (folder.path().join("a/run"), folder.path().join("b/run"));
    let (_, first) = finish(&one, "1");
    let (_, second) = finish(&many, "7");
    assert_eq!(first["journal"], second["journal"], "the same head");
    assert_eq!(history(&one), history(&many));
    assert_eq!(data(&one), data(&many));
    // And another seed gives another one, or the comparison says nothing.
    let other = folder.path().join("c/run");
    let output = nilo(&["run", CAMPAIGN, "--seed", "2", "--json", "--out"])
        .arg(&other)
        .output()
        .unwrap();
    assert_ne!(first["journal"]["hash"], json(&output)["journal"]["hash"]);
}

#[test]
fn a_run_that_is_killed_goes_on_to_the_same_end() {
    let folder = tempfile::tempdir().unwrap();
    let whole = folder.path().join("a/run");
    let (takes, never_killed) = finish(&whole, "1");
    let expected = history(&whole);
    // Moments spread over the run, a few of them in its first tenth, where it is set up.
    let signals = ["KILL", "INT"];
    for (round, signal) in signals.iter().enumerate() {
        let broken = folder.path().join(format!("{signal}/run"));
        let mut killed = 0;
        for at in 0..7 {
            let share = [0.05, 0.3, 0.55, 0.8, 0.4, 0.7, 0.9][(at + 3 * round) % 7];
            let mut child = start(&broken, "1");
            std::thread::sleep(takes.mul_f64(share));
            if child.try_wait().unwrap().is_none() {
                let sent = std::process::Command::new("kill")
                    .args([&format!("-{signal}"), &child.id().to_string()])
                    .status()
                    .unwrap();
                assert!(sent.success());
                killed += 1;
            }
            child.wait().unwrap();
        }
        assert!(killed > 0, "the run was over before it could be killed");
        let (_, found) = finish(&broken, "1");
        assert!(found["resumed_at"].as_u64() > Some(0), "it began anew");
        assert_eq!(found["answer"], never_killed["answer"]);
        assert_eq!(found["journal"], never_killed["journal"]);
        assert_eq!(history(&broken), expected);
        assert_eq!(data(&broken), data(&whole));
    }
}
