//! One suite that every store passes.

use crate::chain::Chain;
use crate::limits::{PAGE_BYTES_MAX, PAGE_EVENTS_MAX};
use crate::store::{Store, StoredSnapshot};
use crate::{
    Event, Hash, Head, Header, Journal, MemoryStore, NewEvent, SqliteStore, StoreError, Version,
    chain,
};
use quantity::Instant;

/// Makes an empty store with a header.
type Make<'a> = &'a dyn Fn(&Header) -> Box<dyn Store>;

fn check(make: Make<'_>) {
    keeps_its_header(make);
    keeps_events(make);
    refuses_what_does_not_follow(make);
    pages_end_early(make);
    keeps_snapshots(make);
    carries_a_journal(make);
}

fn header() -> Header {
    Header::new("run-1").with("seed", "7").with("ü", "'; --")
}

/// Events that form a chain on `header()`.
fn events(count: u64, body: usize) -> Vec<Event> {
    let chain = Chain::new();
    let mut previous = chain::root(&header());
    (1..=count)
        .map(|number| {
            let (version, at) = (Version(number), Instant::from_base(number as i64 * 10));
            let (kind, body) = (format!("kind-{}", number % 3), vec![number as u8; body]);
            previous = chain.event(&previous, version, at, &kind, &body);
            Event {
                version,
                at,
                kind,
                body,
                hash: previous,
            }
        })
        .collect()
}

fn keeps_its_header(make: Make<'_>) {
    let store = make(&header());
    assert_eq!(store.header().unwrap(), header());
    let root = chain::root(&header());
    assert_eq!(store.root().unwrap(), root);
    let empty = Head {
        version: Version::ZERO,
        hash: root,
    };
    assert_eq!(store.head().unwrap(), empty);
    assert_eq!(store.last().unwrap(), Version::ZERO);
    assert_eq!(store.page(Version(1), Version::MAX).unwrap(), []);
}

fn keeps_events(make: Make<'_>) {
    let mut store = make(&header());
    let mut all = events(10, 5);
    all[4].at = Instant::from_base(i64::MIN);
    all[5].at = Instant::from_base(i64::MAX);
    all[6].kind = "ä \0 '".into();
    all[7].body = Vec::new();
    store.write(Version::ZERO, &mut all[..3].to_vec()).unwrap();
    store.write(Version(3), &mut Vec::new()).unwrap();
    store.write(Version(3), &mut all[3..].to_vec()).unwrap();
    assert_eq!(store.last().unwrap(), Version(10));
    assert_eq!(store.head().unwrap().version, Version(10));
    assert_eq!(store.head().unwrap().hash, all[9].hash);
    assert_eq!(store.page(Version(1), Version::MAX).unwrap(), all);
    assert_eq!(store.page(Version(4), Version(6)).unwrap(), all[3..6]);
    assert_eq!(store.page(Version(11), Version::MAX).unwrap(), []);
    assert_eq!(store.page(Version(6), Version(5)).unwrap(), []);
}

fn refuses_what_does_not_follow(make: Make<'_>) {
    let mut store = make(&header());
    let all = events(4, 5);
    store.write(Version::ZERO, &mut all[..2].to_vec()).unwrap();
    for expected in [Version::ZERO, Version(1), Version(3)] {
        assert_eq!(
            store.write(expected, &mut all[2..].to_vec()),
            Err(StoreError::Conflict {
                expected,
                found: Version(2)
            })
        );
    }
    assert_eq!(store.page(Version(1), Version::MAX).unwrap(), all[..2]);
    store.write(Version(2), &mut all[2..].to_vec()).unwrap();
}

fn pages_end_early(make: Make<'_>) {
    let mut store = make(&header());
    let many = PAGE_EVENTS_MAX as u64 + 10;
    store.write(Version::ZERO, &mut events(many, 1)).unwrap();
    let page = store.page(Version(1), Version::MAX).unwrap();
    assert_eq!(page.len(), PAGE_EVENTS_MAX);

    let mut store = make(&header());
    store
        .write(Version::ZERO, &mut events(5, PAGE_BYTES_MAX / 2 + 1))
        .unwrap();
    assert_eq!(store.page(Version(1), Version::MAX).unwrap().len(), 2);
}

fn keeps_snapshots(make: Make<'_>) {
    let mut store = make(&header());
    store.write(Version::ZERO, &mut events(5, 1)).unwrap();
    let snapshot = |kind: &str, version, byte: u8| StoredSnapshot {
        version: Version(version),
        kind: kind.into(),
        bytes: vec![byte; 3],
        link: Hash([byte; 32]),
        hash: Hash([byte + 1; 32]),
    };
    for (kind, version, byte) in [("b", 4, 1), ("a", 2, 2), ("a", 4, 3), ("a", 4, 4)] {
        store.put_snapshot(&snapshot(kind, version, byte)).unwrap();
    }
    let at = |version| store.snapshot("a", Version(version)).unwrap();
    assert_eq!(at(1), None);
    assert_eq!(at(3), Some(snapshot("a", 2, 2)));
    assert_eq!(at(4), Some(snapshot("a", 4, 4)));
    assert_eq!(store.snapshot("c", Version::MAX).unwrap(), None);
    let (a, b) = ("a".to_owned(), "b".to_owned());
    assert_eq!(
        store.snapshots().unwrap(),
        [(a.clone(), Version(2)), (a, Version(4)), (b, Version(4))]
    );
}

fn carries_a_journal(make: Make<'_>) {
    let mut journal = Journal::on_store(make(&header())).unwrap();
    let mut version = journal.version();
    for group in 0..7 {
        for number in 0..100 {
            let at = Instant::from_base(group * 100 + number);
            version = journal
                .append(version, vec![NewEvent::new(at, "tick", vec![7; 40])])
                .unwrap();
        }
        journal.commit().unwrap();
    }
    journal
        .put_snapshot(Version(650), "sum", b"state".to_vec())
        .unwrap();
    let before: Vec<Event> = journal
        .read(Version(1), Version::MAX)
        .unwrap()
        .map(Result::unwrap)
        .collect();
    let at = Instant::from_base(9_000);
    journal
        .append(version, vec![NewEvent::new(at, "lost", "")])
        .unwrap();
    let head = journal.head();

    let again = Journal::on_store(journal.into_store()).unwrap();
    assert_eq!(again.head(), head);
    assert_eq!(again.version(), Version(700));
    assert_eq!(again.verify(Some(head)).unwrap().unwrap().head, head);
    let after: Vec<Event> = again
        .read(Version(1), Version::MAX)
        .unwrap()
        .map(Result::unwrap)
        .collect();
    assert_eq!(before, after);
    let saved = again.latest_snapshot("sum", Version::MAX).unwrap().unwrap();
    assert_eq!(
        (saved.version, &saved.bytes[..]),
        (Version(650), &b"state"[..])
    );
}

#[test]
fn memory() {
    check(&|header| Box::new(MemoryStore::new(header.clone())));
}

#[test]
fn sqlite_in_memory() {
    check(&|header| Box::new(SqliteStore::in_memory(header).unwrap()));
}

#[test]
fn sqlite_file() {
    let folder = tempfile::tempdir().unwrap();
    let count = std::cell::Cell::new(0);
    check(&|header| {
        count.set(count.get() + 1);
        let path = folder.path().join(format!("{}.db", count.get()));
        SqliteStore::create(&path, header).unwrap();
        Box::new(SqliteStore::open(&path).unwrap())
    });
}
