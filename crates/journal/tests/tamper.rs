//! Whatever is changed in the file from outside is found, and the first bad event is named.

#![allow(clippy::unwrap_used)]

use journal::{Fault, Head, Header, Journal, NewEvent, OpenError, Version};
use quantity::Instant;
use rusqlite::Connection;
use std::path::{Path, PathBuf};

const EVENTS: u64 = 12;

/// A journal file with twelve events and a snapshot of the tenth.
fn made(folder: &Path) -> (PathBuf, Head) {
    let path = folder.join("journal.db");
    let mut journal = Journal::create(&path, Header::new("run-1").with("seed", "7")).unwrap();
    for number in 0..EVENTS {
        let body = format!("{{\"number\":{number}}}");
        let event = NewEvent::new(Instant::from_base(number as i64 * 1_000), "tick", body);
        journal.append(Version(number), vec![event]).unwrap();
    }
    journal
        .put_snapshot(Version(10), "sum", b"state".to_vec())
        .unwrap();
    let head = journal.close().unwrap();
    (path, head)
}

/// What `verify` says after `sql` was run on the file.
fn check(sql: &str) -> Fault {
    let folder = tempfile::tempdir().unwrap();
    let (path, _) = made(folder.path());
    let connection = Connection::open(&path).unwrap();
    connection.execute_batch(sql).unwrap();
    connection.close().unwrap();
    let journal = Journal::open_read_only(&path).unwrap();
    let fault = journal.verify(None).unwrap().unwrap_err();

    // A reader stops before the first bad event, and hands out every good one before it.
    if let Some(version) = fault
        .version()
        .filter(|_| !matches!(fault, Fault::Head { .. }))
    {
        let good = journal
            .read(Version(1), Version::MAX)
            .unwrap()
            .take_while(Result::is_ok)
            .count() as u64;
        assert_eq!(Version(good).next(), version, "{sql}");
    }
    fault
}

#[test]
fn an_untouched_journal_is_sound() {
    let folder = tempfile::tempdir().unwrap();
    let (path, head) = made(folder.path());
    let journal = Journal::open_read_only(&path).unwrap();
    for known in [None, Some(head)] {
        let verified = journal.verify(known).unwrap().unwrap();
        assert_eq!((verified.head, verified.snapshots), (head, 1));
    }
}

#[test]
fn every_field_of_an_event_counts() {
    for sql in [
        "UPDATE event SET at = at + 1 WHERE version = 5",
        "UPDATE event SET kind = 'tock' WHERE version = 5",
        "UPDATE event SET body = CAST('{\"number\":9}' AS BLOB) WHERE version = 5",
        "UPDATE event SET body = x'' WHERE version = 5",
        "UPDATE event SET hash = zeroblob(32) WHERE version = 5",
        "UPDATE event SET body = (SELECT body FROM event WHERE version = 4) WHERE version = 5",
    ] {
        let fault = check(sql);
        let version = Version(5);
        assert_eq!(fault, Fault::Changed { version }, "{sql}");
        assert_eq!(
            fault.to_string(),
            "event 5 was changed: its content or its hash is not what was written"
        );
    }
}

#[test]
fn what_cannot_be_read_was_changed() {
    let fault = check("UPDATE event SET hash = x'00ff' WHERE version = 5");
    assert_eq!(
        fault.to_string(),
        "event 5 was changed: its hash has 2 bytes and not 32"
    );
    let fault = check("UPDATE event SET kind = CAST(x'ff' AS TEXT) WHERE version = 5");
    assert_eq!(
        fault.to_string(),
        "event 5 was changed: its kind is not UTF-8"
    );
}

#[test]
fn a_missing_event_is_named() {
    let fault = check("DELETE FROM event WHERE version IN (5, 6)");
    assert_eq!(
        fault,
        Fault::Missing {
            version: Version(5),
            next: Version(7)
        }
    );
    assert_eq!(fault.to_string(), "event 5 is missing: the next one is 7");
    assert_eq!(
        check("DELETE FROM event WHERE version = 1"),
        Fault::Missing {
            version: Version(1),
            next: Version(2)
        }
    );
}

#[test]
fn renumbering_does_not_hide_a_missing_event() {
    let fault = check(
        "DELETE FROM event WHERE version IN (5, 6);
         UPDATE event SET version = version - 2 WHERE version > 6;
         UPDATE head SET version = version - 2",
    );
    assert_eq!(
        fault.to_string(),
        "event 5 is missing: 2 taken out here, and the later ones renumbered"
    );
}

#[test]
fn reordered_events_are_named() {
    let rows = "UPDATE event SET version = -1 WHERE version = 5;
                UPDATE event SET version = 5 WHERE version = 8;
                UPDATE event SET version = 8 WHERE version = -1";
    let contents = "CREATE TEMP TABLE old AS SELECT * FROM event;
        UPDATE event SET at = (SELECT at FROM old WHERE version = 13 - event.version),
                         body = (SELECT body FROM old WHERE version = 13 - event.version)
        WHERE version IN (5, 8)";
    for sql in [rows, contents] {
        assert_eq!(
            check(sql).to_string(),
            "events were reordered: what belongs at 5 stands at 8",
            "{sql}"
        );
    }
}

#[test]
fn a_cut_tail_is_named() {
    let fault = check("DELETE FROM event WHERE version > 9");
    assert_eq!(
        fault.to_string(),
        "the end was cut off: event 10 is missing, the recorded end is 12 and the last event is 9"
    );
    assert_eq!(fault.version(), Some(Version(10)));
    let fault = check("DELETE FROM event");
    assert_eq!(fault.version(), Some(Version(1)));
}

#[test]
fn a_tail_cut_with_its_record_is_found_by_a_head_written_down_elsewhere() {
    let folder = tempfile::tempdir().unwrap();
    let (path, head) = made(folder.path());
    let connection = Connection::open(&path).unwrap();
    connection
        .execute_batch(
            "DELETE FROM snapshot; DELETE FROM event WHERE version > 9;
             UPDATE head SET version = 9, hash = (SELECT hash FROM event WHERE version = 9)",
        )
        .unwrap();
    connection.close().unwrap();
    let journal = Journal::open_read_only(&path).unwrap();
    assert!(journal.verify(None).unwrap().is_ok());
    assert_eq!(
        journal.verify(Some(head)).unwrap(),
        Err(Fault::Truncated {
            last: Version(9),
            recorded: Version(12)
        })
    );
}

#[test]
fn a_chain_that_was_rewritten_as_a_whole_is_another_history() {
    let folder = tempfile::tempdir().unwrap();
    let (_, known) = made(folder.path());
    let mut other = Journal::in_memory(Header::new("run-1").with("seed", "7"));
    for number in 0..EVENTS + 3 {
        let event = NewEvent::new(Instant::from_base(number as i64), "tick", "forged");
        other.append(Version(number), vec![event]).unwrap();
    }
    other.commit().unwrap();
    assert!(other.verify(None).unwrap().is_ok());
    let fault = other.verify(Some(known)).unwrap().unwrap_err();
    assert!(matches!(
        fault,
        Fault::OtherHistory {
            version: Version(12),
            ..
        }
    ));

    let empty = Journal::in_memory(Header::new("run-2"));
    let known = Journal::in_memory(Header::new("run-1")).head();
    assert!(matches!(
        empty.verify(Some(known)).unwrap(),
        Err(Fault::OtherHistory { .. })
    ));
}

#[test]
fn events_added_from_outside_are_named() {
    let fault = check("INSERT INTO event VALUES (13, 99000, 'tick', x'', zeroblob(32))");
    assert_eq!(
        fault.to_string(),
        "event 13 was added from outside: the recorded end is 12"
    );
}

#[test]
fn the_recorded_head_counts() {
    assert!(matches!(
        check("UPDATE head SET hash = zeroblob(32)"),
        Fault::Head {
            version: Version(12),
            ..
        }
    ));
    assert!(matches!(
        check("UPDATE head SET version = 11"),
        Fault::Surplus {
            version: Version(12),
            ..
        }
    ));
    assert!(matches!(
        check("UPDATE head SET version = 13"),
        Fault::Truncated {
            last: Version(12),
            ..
        }
    ));
}

#[test]
fn every_field_of_the_header_counts() {
    for sql in [
        "UPDATE header SET value = 'run-2'",
        "DELETE FROM header",
        "UPDATE pair SET value = '8'",
        "UPDATE pair SET name = 'sead'",
        "INSERT INTO pair VALUES ('more', '')",
        "UPDATE head SET root = zeroblob(32)",
    ] {
        assert!(matches!(check(sql), Fault::Header { .. }), "{sql}");
    }
}

#[test]
fn every_field_of_a_snapshot_counts() {
    for (sql, what) in [
        ("UPDATE snapshot SET bytes = x'00'", "it was changed"),
        ("UPDATE snapshot SET hash = zeroblob(32)", "it was changed"),
        ("UPDATE snapshot SET kind = 'sun'", "it was changed"),
        ("UPDATE snapshot SET version = 9", "another history"),
        ("UPDATE snapshot SET link = zeroblob(32)", "another history"),
        ("UPDATE snapshot SET version = 13", "no such version"),
        ("UPDATE snapshot SET hash = x'00'", "1 bytes and not 32"),
    ] {
        let fault = check(sql);
        assert!(matches!(fault, Fault::Snapshot(_)), "{sql}: {fault}");
        assert!(fault.to_string().contains(what), "{sql}: {fault}");
    }
}

#[test]
fn a_journal_with_a_bad_end_is_not_appended_to() {
    for sql in [
        "DELETE FROM event WHERE version = 12",
        "UPDATE event SET body = x'00' WHERE version = 12",
        "UPDATE head SET version = 11",
        "UPDATE header SET value = 'run-2'",
    ] {
        let folder = tempfile::tempdir().unwrap();
        let (path, _) = made(folder.path());
        let connection = Connection::open(&path).unwrap();
        connection.execute_batch(sql).unwrap();
        connection.close().unwrap();
        let error = Journal::open(&path).unwrap_err();
        assert!(
            matches!(error, OpenError::Tampered { .. }),
            "{sql}: {error}"
        );
    }
}
