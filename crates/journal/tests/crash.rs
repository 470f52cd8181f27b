//! Killed at any moment: what was acknowledged is there, and no group is torn.

#![allow(clippy::unwrap_used)]

use journal::{Header, Journal, NewEvent, OpenError, Version};
use quantity::{Instant, Seed};
use rand::RngExt;
use std::io::{BufRead, BufReader, Write};
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Duration;

const PATH: &str = "NILO_CRASH_TEST_JOURNAL";
/// Kills, and more of them as long as no child came far enough to acknowledge anything, as on a
/// machine that is very busy.
const ROUNDS: u64 = 12;
const ROUNDS_MAX: u64 = 40;
const RUN_MS_MAX: u64 = 120;

/// Each body names its group, its place in it and its size, so that a torn group shows.
fn group(number: u64, size: u64) -> Vec<NewEvent> {
    (0..size)
        .map(|place| {
            let body = format!("{{\"group\":{number},\"place\":{place},\"size\":{size}}}");
            NewEvent::new(Instant::from_base(number as i64), "part", body)
        })
        .collect()
}

/// The child: appends groups for ever and prints each version that is durable.
#[test]
#[ignore = "only as a child of the tests below"]
fn child() {
    let Ok(path) = std::env::var(PATH) else {
        return;
    };
    let mut journal = Journal::open_or_create(path, Header::new("crash")).unwrap();
    let mut out = std::io::stdout();
    writeln!(out, "\nstarted {}", journal.version()).unwrap();
    let start = journal.last_at().map_or(0, |at| at.base() as u64 + 1);
    let mut version = journal.version();
    for number in start.. {
        version = journal
            .append(version, group(number, 1 + number % 90))
            .unwrap();
        if number % 3 == 0 {
            let durable = journal.commit().unwrap();
            writeln!(out, "durable {durable}").unwrap();
        }
        if number % 50 == 0 {
            journal
                .put_snapshot(version, "state", vec![number as u8; 20_000])
                .unwrap();
        }
    }
}

fn spawn(path: &Path) -> std::process::Child {
    Command::new(std::env::current_exe().unwrap())
        .args(["child", "--exact", "--ignored", "--nocapture"])
        .env(PATH, path)
        .stdout(Stdio::piped())
        .stderr(Stdio::inherit())
        .spawn()
        .unwrap()
}

/// Every group in the journal is whole, and the chain is sound.
fn check(journal: &Journal) {
    journal.verify(None).unwrap().unwrap();
    let mut open: Option<(u64, u64, u64)> = None;
    for event in journal.read(Version(1), Version::MAX).unwrap() {
        let body: serde_json::Value = serde_json::from_slice(&event.unwrap().body).unwrap();
        let [group, place, size] =
            ["group", "place", "size"].map(|name| body[name].as_u64().unwrap());
        match open {
            Some((same, last, _)) if last + 1 < size && same == group => {
                assert_eq!(place, last + 1)
            }
            Some((before, last, whole)) => {
                assert_eq!((last + 1, before + 1, 0), (whole, group, place));
            }
            None => assert_eq!((group, place), (0, 0)),
        }
        open = Some((group, place, size));
    }
    if let Some((_, last, size)) = open {
        assert_eq!(last + 1, size, "the last group is torn");
    }
}

#[test]
fn what_was_acknowledged_survives_a_kill() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("journal.db");
    let mut rng = Seed(3).derive("kill", 0).rng();
    let mut durable = 0;
    for round in 0..ROUNDS_MAX {
        if round >= ROUNDS && durable > 0 {
            break;
        }
        let run_ms_max = RUN_MS_MAX * (1 + round / ROUNDS * 4);
        let mut child = spawn(&path);
        let output = BufReader::new(child.stdout.take().unwrap());
        let reader = std::thread::spawn(move || {
            let mut last = 0;
            for line in output.lines().map_while(Result::ok) {
                // A line that the kill cut in two acknowledges nothing.
                if let Some(version) = line.strip_prefix("durable ") {
                    last = version.parse().unwrap_or(last);
                }
            }
            last
        });
        // The moment of the kill is the one thing that is left to chance here; early ones also
        // fall into the creation of the file.
        std::thread::sleep(Duration::from_millis(rng.random_range(0..run_ms_max)));
        child.kill().unwrap();
        child.wait().unwrap();
        durable = reader.join().unwrap().max(durable);

        match Journal::open(&path) {
            Ok(journal) => {
                assert!(
                    journal.version() >= Version(durable),
                    "round {round}: {durable} was acknowledged, the journal is at {}",
                    journal.version()
                );
                durable = journal.version().0;
                check(&journal);
            }
            Err(OpenError::NotFound { .. }) => assert_eq!(durable, 0),
            Err(error) => panic!("round {round}: {error}"),
        }
    }
    assert!(durable > 0, "no child came far enough to be killed");
}

#[test]
fn another_process_is_refused_while_the_first_lives() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("journal.db");
    let mut child = spawn(&path);
    let output = BufReader::new(child.stdout.take().unwrap());
    let started = output
        .lines()
        .map_while(Result::ok)
        .find(|line| line.starts_with("durable"));
    assert!(started.is_some());
    let error = Journal::open(&path).unwrap_err();
    let owner = format!("is being written by process {} on ", child.id());
    assert!(error.to_string().contains(&owner), "{error}");
    // Readers are welcome.
    let reader = Journal::open_read_only(&path).unwrap();
    assert!(reader.version() > Version::ZERO);
    reader.verify(None).unwrap().unwrap();
    child.kill().unwrap();
    child.wait().unwrap();
    check(&Journal::open(&path).unwrap());
}

/// As after a power cut: the write-ahead log ends anywhere, or holds rubbish from some point on.
#[test]
fn a_torn_write_ahead_log_loses_whole_groups_only() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("journal.db");
    let mut journal = Journal::create(&path, Header::new("crash")).unwrap();
    let mut version = Version::ZERO;
    for number in 0..30 {
        version = journal
            .append(version, group(number, 1 + number % 90))
            .unwrap();
        journal.commit().unwrap();
    }
    let (file, log) = (
        std::fs::read(&path).unwrap(),
        std::fs::read(folder.path().join("journal.db-wal")).unwrap(),
    );
    assert!(log.len() > 50_000);
    drop(journal);
    let mut rng = Seed(4).derive("cut", 0).rng();
    let mut seen = std::collections::BTreeSet::new();
    for round in 0..40 {
        let torn = folder.path().join(format!("{round}.db"));
        let cut = rng.random_range(0..=log.len());
        let mut log = log.clone();
        if round % 2 == 0 {
            log.truncate(cut);
        } else {
            log[cut..].fill(0x5a);
        }
        std::fs::write(&torn, &file).unwrap();
        std::fs::write(folder.path().join(format!("{round}.db-wal")), log).unwrap();
        let journal = Journal::open(&torn).unwrap();
        check(&journal);
        seen.insert(journal.version());
    }
    assert!(seen.len() > 10, "{seen:?}");
}
