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
    for (command, arguments) in commands {
        assert_documented(command, &arguments);
    }
}

/// What a command prints with `--json`.
fn printed(command: &str, arguments: &[&str]) -> serde_json::Value {
    let mut all: Vec<&str> = command.split(' ').collect();
    all.extend(arguments);
    all.push("--json");
    let object = json(&nilo(&all).output().unwrap());
    assert_eq!(object["schema"], 1);
    assert_eq!(object["command"], command);
    object
}

/// The names of the fields that are the command's own.
fn fields(command: &str, object: &serde_json::Value) -> BTreeSet<String> {
    let mut printed: BTreeSet<String> = object.as_object().unwrap().keys().cloned().collect();
    for common in ["schema", "command", "ok"] {
        assert!(printed.remove(common), "{command}: {common}");
    }
    printed
}

fn assert_documented(command: &str, arguments: &[&str]) {
    let object = printed(command, arguments);
    assert_eq!(
        Some(&fields(command, &object)),
        documented().get(command),
        "left: what `nilo {command} --json` prints; right: docs/json.md"
    );
}

/// The names in the row of a field of a command, between backticks.
fn named_in_row(command: &str, field: &str) -> BTreeSet<String> {
    let page = std::fs::read_to_string(root().join("docs/json.md")).unwrap();
    let section = page
        .split("\n## ")
        .find(|section| section.starts_with(&format!("`nilo {command}`")))
        .unwrap();
    let row = section
        .lines()
        .find(|line| line.starts_with(&format!("| `{field}`")))
        .unwrap();
    row.split('`')
        .skip(1)
        .step_by(2)
        .map(str::to_owned)
        .collect()
}

#[test]
fn what_computes_prints_the_documented_fields() {
    let folder = tempfile::tempdir().unwrap();
    let qap = folder.path().join("three.dat");
    // Flows and distances of three units; any placement will do.
    std::fs::write(&qap, "3\n0 5 2\n5 0 3\n2 3 0\n0 8 15\n8 0 13\n15 13 0\n").unwrap();
    let qap = qap.to_str().unwrap();
    assert_documented("bench qap", &[qap, "--seconds", "0.1"]);
    let solved = printed("bench qap", &[qap, "--seconds", "0.1"]);
    let row = fields_of(&solved["instances"][0]);
    let mut named = named_in_row("bench qap", "instances");
    named.remove("instances");
    assert_eq!(row, named);

    assert_documented("simtest", &["--seeds", "900000..900002", "--threads", "1"]);
    let load = [
        "labs/bench.toml",
        "protocols/growth-inhibition.toml",
        "--hours",
        "12",
        "--next",
        "1",
    ];
    assert_documented("lab simulate", &load);
    let result = fields_of(&printed("lab simulate", &load)["result"]);
    let named = named_in_row("lab simulate", "result");
    assert!(result.is_subset(&named), "{result:?} {named:?}");
}

fn fields_of(object: &serde_json::Value) -> BTreeSet<String> {
    object.as_object().unwrap().keys().cloned().collect()
}

#[test]
fn claims_print_the_documented_fields() {
    let folder = tempfile::tempdir().unwrap();
    let effects = folder.path().join("effects.csv");
    // Log risk ratios of six trials at different latitudes.
    let rows = "source,estimate,variance,latitude\nA,-0.89,0.33,44\nB,-1.59,0.19,55\nC,-1.35,0.42,42\n\
                D,-1.44,0.02,52\nE,-0.22,0.05,13\nF,-0.79,0.007,44\n";
    std::fs::write(&effects, rows).unwrap();
    let ledger = folder.path().join("ledger.sqlite");
    let (effects, ledger) = (effects.to_str().unwrap(), ledger.to_str().unwrap());
    let set = ["--set", "intervention=vaccine", "--set", "outcome=disease"];
    let import = [&[ledger, effects][..], &set, &["--context", "latitude"]].concat();
    assert_documented("claims import", &import);
    assert_documented("claims list", &[ledger]);
    assert_documented("claims debate", &[ledger]);
    assert_documented("claims rank", &[ledger]);
    for (command, list) in [
        ("claims list", "claims"),
        ("claims debate", "debates"),
        ("claims rank", "next"),
    ] {
        let row = fields_of(&printed(command, &[ledger])[list][0]);
        let named = named_in_row(command, list);
        assert!(row.is_subset(&named), "{command}: {row:?} {named:?}");
    }
    let meta = printed(
        "claims meta",
        &[effects, "--yi", "estimate", "--vi", "variance"],
    );
    // What follows from the data and the options may be absent; nothing else may be there.
    let named = documented().remove("claims meta").unwrap();
    let fields = fields("claims meta", &meta);
    assert!(fields.is_subset(&named), "{fields:?} {named:?}");
    for always in [
        "file",
        "sources",
        "effect",
        "left_out",
        "model",
        "bias",
        "posterior",
    ] {
        assert!(fields.contains(always), "{always}");
    }
    let page = std::fs::read_to_string(root().join("docs/json.md")).unwrap();
    let section = page.split("## `nilo claims meta`").nth(1).unwrap();
    let section = section.split("\n## ").next().unwrap();
    let mut below = vec![&meta];
    while let Some(value) = below.pop() {
        below.extend(value.as_array().into_iter().flatten());
        for (name, child) in value.as_object().into_iter().flatten() {
            let common = ["schema", "command", "ok"].contains(&name.as_str());
            assert!(common || section.contains(&format!("`{name}`")), "{name}");
            below.push(child);
        }
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
