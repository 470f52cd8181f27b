//! `docs/json.md` says what `--json` prints: the fields of each command, no more and no less.
#![allow(clippy::unwrap_used)]

mod common;

use common::{json, nilo, root};
use std::collections::{BTreeMap, BTreeSet};

/// The fields in the first table below each heading "## `nilo …`".
fn documented() -> BTreeMap<String, BTreeSet<String>> {
    let page = std::fs::read_to_string(root().join("docs/json.md")).unwrap();
    let mut all: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    let (mut command, mut in_table, mut seen) = (None, false, false);
    for line in page.lines() {
        if let Some(heading) = line.strip_prefix("## ") {
            let name = heading
                .strip_prefix("`nilo ")
                .and_then(|h| h.strip_suffix('`'));
            command = name.map(str::to_owned);
            (in_table, seen) = (false, false);
            if let Some(name) = &command {
                all.insert(name.clone(), BTreeSet::new());
            }
        }
        let is_row = line.starts_with('|');
        // Only the first table of a command lists its own fields.
        if !is_row {
            seen |= in_table;
            in_table = false;
            continue;
        }
        in_table = true;
        let Some(command) = command.as_ref().filter(|_| !seen) else {
            continue;
        };
        let first = line.trim_matches('|').split('|').next().unwrap();
        for name in first.split(',') {
            if let Some(name) = name
                .trim()
                .strip_prefix('`')
                .and_then(|n| n.strip_suffix('`'))
            {
                all.get_mut(command).unwrap().insert(name.to_owned());
            }
        }
    }
    all
}

#[test]
fn every_command_prints_the_documented_fields() {
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name).to_str().unwrap().to_owned();
    let (run, lab, journal) = (path("quick"), path("lab.toml"), path("journal.jsonl"));
    let below = folder.path().to_str().unwrap();
    let commands: [(&str, Vec<&str>); 11] = [
        ("check", vec!["labs/bench.toml", "protocols/elisa.toml"]),
        ("run", vec!["scenarios/quick.toml", "--out", &run]),
        ("runs", vec![below]),
        ("show", vec![&run]),
        ("journal verify", vec![&run]),
        ("journal tail", vec![&run, "--count", "3"]),
        ("journal show", vec![&run, "1"]),
        ("journal export", vec![&run, "--out", &journal]),
        ("replay", vec![&run, "--at", "1 h"]),
        ("lab generate", vec!["--stations", "8", "--out", &lab]),
        ("lab show", vec!["labs/bench.toml"]),
    ];
    let documented = documented();
    for (command, arguments) in commands {
        let mut all: Vec<&str> = command.split(' ').collect();
        all.extend(arguments);
        all.push("--json");
        let output = nilo(&all).output().unwrap();
        let object = json(&output);
        assert_eq!(object["schema"], 1);
        assert_eq!(object["command"], command);
        let mut printed: BTreeSet<String> = object.as_object().unwrap().keys().cloned().collect();
        for common in ["schema", "command", "ok"] {
            assert!(printed.remove(common), "{command}: {common}");
        }
        assert_eq!(
            Some(&printed),
            documented.get(command),
            "left: what `nilo {command} --json` prints; right: docs/json.md"
        );
    }
}

#[test]
fn failures_are_objects_with_their_exit_code() {
    let folder = tempfile::tempdir().unwrap();
    let nowhere = folder.path().join("nowhere");
    for (arguments, code) in [
        (vec!["show", nowhere.to_str().unwrap()], 2),
        (vec!["run", "campaigns/no-such-thing.toml"], 2),
        (vec!["lab", "generate", "--stations", "1"], 2),
    ] {
        let output = nilo(&arguments).arg("--json").output().unwrap();
        assert_eq!(output.status.code(), Some(code), "{arguments:?}");
        let object = json(&output);
        let keys: Vec<&str> = object
            .as_object()
            .unwrap()
            .keys()
            .map(String::as_str)
            .collect();
        assert_eq!(keys, ["error", "exit", "help", "ok", "problems", "schema"]);
        assert_eq!(
            (&object["ok"], &object["exit"]),
            (&false.into(), &code.into())
        );
        assert!(!output.stderr.is_empty(), "a person is told too");
    }
}

#[test]
fn a_check_that_finds_something_says_where() {
    let output = nilo(&[
        "check",
        "crates/nilo/tests/broken/factor-misspelt.toml",
        "--json",
    ])
    .output()
    .unwrap();
    assert_eq!(output.status.code(), Some(1));
    let object = json(&output);
    assert_eq!(object["ok"], false);
    let problem = &object["problems"][0];
    assert_eq!(problem["severity"], "error");
    assert_eq!(problem["nearest"], "ampicillin");
    assert_eq!(problem["path"], "assay.part[0].dose");
    assert!(problem["line"].is_u64() && problem["column"].is_u64());
}
