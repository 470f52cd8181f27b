//! Files that are missing, foreign, newer, locked, full or read-only: what a person is told.

#![allow(clippy::unwrap_used)]

use journal::{Header, Journal, NewEvent, OpenError, StoreError, Version};
use quantity::Instant;
use rusqlite::Connection;
use std::path::Path;

fn event() -> NewEvent {
    NewEvent::new(Instant::EPOCH, "tick", vec![7; 2000])
}

/// The message, with the folder cut away.
fn message(folder: &Path, error: &OpenError) -> String {
    error
        .to_string()
        .replace(&format!("{}/", folder.display()), "")
}

fn check(write: impl FnOnce(&Path), expected: &str) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("journal.db");
    write(&path);
    let before = std::fs::read(&path).ok();
    for error in [
        Journal::open(&path).unwrap_err(),
        Journal::open_read_only(&path).unwrap_err(),
    ] {
        assert_eq!(message(folder.path(), &error), expected);
    }
    assert_eq!(std::fs::read(&path).ok(), before, "the file was changed");
}

#[test]
fn a_file_that_is_no_journal() {
    check(|_| {}, "there is no journal at journal.db");
    check(
        |path| std::fs::write(path, "").unwrap(),
        "journal.db is not a journal: it is empty",
    );
    check(
        |path| std::fs::write(path, "# Read me\nplease, it is long").unwrap(),
        "journal.db is not a journal: it begins with '# Read me\\nplease', where an SQLite file begins with 'SQLite format 3'",
    );
    check(
        |path| std::fs::create_dir(path).unwrap(),
        "journal.db is not a journal: it is a folder",
    );
    check(
        |path| {
            let other = Connection::open(path).unwrap();
            other.execute_batch("CREATE TABLE t (x)").unwrap();
        },
        "journal.db is not a journal: it is an SQLite database of another program",
    );
}

#[test]
fn a_journal_of_a_newer_or_unknown_format() {
    let format = |number: i32| {
        move |path: &Path| {
            Journal::create(path, Header::new("run"))
                .unwrap()
                .close()
                .unwrap();
            let raw = Connection::open(path).unwrap();
            raw.pragma_update(None, "user_version", number).unwrap();
        }
    };
    check(
        format(2),
        "journal.db is a journal of format 2, and this program reads up to format 1: use a newer nilo",
    );
    check(
        format(0),
        "journal.db is not a journal: it claims the format 0",
    );
    check(
        format(-1),
        "journal.db is not a journal: it claims the format -1",
    );
}

#[test]
fn a_file_that_was_cut_or_overwritten() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("journal.db");
    let mut journal = Journal::create(&path, Header::new("run")).unwrap();
    for version in 0..200 {
        journal.append(Version(version), vec![event()]).unwrap();
    }
    journal.close().unwrap();
    let whole = std::fs::read(&path).unwrap();

    std::fs::write(&path, &whole[..whole.len() / 2]).unwrap();
    let error = Journal::open(&path).unwrap_err();
    assert!(
        matches!(
            error,
            OpenError::Store {
                source: StoreError::Damaged(_),
                ..
            }
        ),
        "{error}"
    );

    let mut torn = whole.clone();
    let middle = torn.len() / 2;
    torn[middle..middle + 5000].fill(0xa5);
    std::fs::write(&path, &torn).unwrap();
    let journal = Journal::open_read_only(&path).unwrap();
    let found = journal.verify(None);
    assert!(!matches!(found, Ok(Ok(_))), "{found:?}");
}

#[test]
fn nothing_is_overwritten() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("journal.db");
    std::fs::write(&path, "precious").unwrap();
    let error = Journal::create(&path, Header::new("run")).unwrap_err();
    assert_eq!(
        message(folder.path(), &error),
        "journal.db exists already: a journal is never overwritten; open it, or choose another path"
    );
    assert_eq!(std::fs::read(&path).unwrap(), b"precious");
}

#[test]
fn a_creation_that_was_killed_is_done_again() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("journal.db");
    std::fs::write(folder.path().join("journal.db.new"), "half a file").unwrap();
    let journal = Journal::open_or_create(&path, Header::new("run")).unwrap();
    assert_eq!(journal.version(), Version::ZERO);
    drop(journal);
    let again = Journal::open_or_create(&path, Header::new("other")).unwrap();
    assert_eq!(again.header().run(), "run");
}

#[test]
fn a_second_writer_is_told_who_the_first_is() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("journal.db");
    let first = Journal::create(&path, Header::new("run")).unwrap();
    for error in [
        Journal::open(&path).unwrap_err(),
        Journal::open_or_create(&path, Header::new("run")).unwrap_err(),
        Journal::create(&path, Header::new("run")).unwrap_err(),
    ] {
        let text = message(folder.path(), &error);
        assert!(matches!(error, OpenError::Locked { .. }), "{text}");
        let owner = format!("is being written by process {} on ", std::process::id());
        assert!(text.contains(&owner), "{text}");
    }
    Journal::open_read_only(&path).unwrap();
    drop(first);
    Journal::open(&path).unwrap();
}

#[test]
fn a_missing_folder() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("no/journal.db");
    let error = Journal::create(&path, Header::new("run")).unwrap_err();
    assert!(matches!(error, OpenError::Io { .. }));
    let error = Journal::open(&path).unwrap_err();
    assert!(matches!(error, OpenError::NotFound { .. }));
}

#[cfg(unix)]
#[test]
fn a_read_only_folder_is_read_and_not_written() {
    use std::os::unix::fs::PermissionsExt;
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("journal ?ü.db");
    let mut journal = Journal::create(&path, Header::new("run")).unwrap();
    journal.append(Version(0), vec![event()]).unwrap();
    journal.close().unwrap();
    let mode = |bits| std::fs::set_permissions(folder.path(), PermissionsExt::from_mode(bits));
    std::fs::set_permissions(&path, PermissionsExt::from_mode(0o444)).unwrap();
    mode(0o555).unwrap();
    let allowed = std::fs::write(folder.path().join("probe"), "").is_ok();
    let reader = Journal::open_read_only(&path).unwrap();
    assert!(reader.verify(None).unwrap().is_ok());
    if allowed {
        println!("skipped: this user may write read-only folders");
    } else {
        assert!(Journal::open(&path).is_err());
    }
    mode(0o755).unwrap();
}
