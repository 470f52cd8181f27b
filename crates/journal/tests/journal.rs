//! Appending, reading, snapshots and folds, at the crate's border.

#![allow(clippy::unwrap_used)]

use journal::limits::{BODY_BYTES_MAX, KIND_BYTES_MAX};
use journal::store::StoredSnapshot;
use journal::{
    AppendError, CommitError, Event, Fold, GroupPolicy, Hash, Head, Header, Journal, MemoryStore,
    NewEvent, ReadError, ReplayError, SnapshotError, Store, StoreError, Version,
};
use proptest::prelude::*;
use quantity::Instant;

fn at(base: i64) -> Instant {
    Instant::from_base(base)
}

fn tick(base: i64) -> NewEvent {
    NewEvent::new(at(base), "tick", base.to_string())
}

fn ticks(count: u64) -> Journal {
    let mut journal = Journal::in_memory(Header::new("run"));
    for number in 0..count {
        let event = tick(number as i64 * 10);
        journal.append(Version(number), vec![event]).unwrap();
    }
    journal
}

fn versions(journal: &Journal, from: u64, to: u64) -> Vec<u64> {
    journal
        .read(Version(from), Version(to))
        .unwrap()
        .map(|event| event.unwrap().version.0)
        .collect()
}

#[test]
fn a_stale_decision_is_refused() {
    let mut journal = ticks(3);
    let error = journal.append(Version(2), vec![tick(99)]).unwrap_err();
    assert_eq!(
        error,
        AppendError::Stale {
            expected: Version(2),
            found: Version(3)
        }
    );
    assert_eq!(
        error.to_string(),
        "the journal is at version 3, but these events follow version 2: read what happened since and decide again"
    );
    assert_eq!(journal.version(), Version(3));
    assert!(journal.append(Version(4), vec![tick(99)]).is_err());
}

#[test]
fn a_bad_event_refuses_all_that_come_with_it() {
    let mut journal = ticks(3);
    let bad = [
        tick(19),
        NewEvent::new(at(30), "", ""),
        NewEvent::new(at(30), "k".repeat(KIND_BYTES_MAX + 1), ""),
        NewEvent::new(at(30), "k", vec![0; BODY_BYTES_MAX + 1]),
    ];
    for event in bad {
        let good = tick(20);
        assert!(journal.append(Version(3), vec![good, event]).is_err());
        assert_eq!(journal.version(), Version(3));
    }
    let error = journal.append(Version(3), vec![tick(25_000_000), tick(24_000_000)]);
    assert_eq!(
        error.unwrap_err().to_string(),
        "event 5 is at 00:00:00.024, before event 4 at 00:00:00.025: time never goes back in a journal"
    );
}

#[test]
fn only_what_was_committed_is_durable() {
    let mut journal = ticks(3);
    assert_eq!(journal.durable_version(), Version::ZERO);
    assert_eq!(journal.commit(), Ok(Version(3)));
    journal
        .append(Version(3), vec![tick(40), tick(50)])
        .unwrap();
    assert_eq!(journal.durable_version(), Version(3));
    assert_eq!(journal.head().version, Version(3));
    let journal = Journal::on_store(journal.into_store()).unwrap();
    assert_eq!(journal.version(), Version(3));
    assert_eq!(journal.last_at(), Some(at(20)));
}

#[test]
fn a_full_group_commits_itself_and_is_never_torn() {
    let mut journal = Journal::in_memory(Header::new("run")).with_policy(GroupPolicy {
        events_max: 4,
        bytes_max: 1 << 20,
    });
    let mut version = Version::ZERO;
    for number in 0..5 {
        let three = vec![tick(number), tick(number), tick(number)];
        version = journal.append(version, three).unwrap();
        assert_eq!(journal.durable_version().0 % 3, 0);
        assert!(version.0 - journal.durable_version().0 <= 6);
    }
    assert_eq!(journal.durable_version(), Version(12));

    let mut journal = Journal::in_memory(Header::new("run")).with_policy(GroupPolicy {
        events_max: 1000,
        bytes_max: 10,
    });
    let long = |number| NewEvent::new(at(number), "long", vec![0; 10]);
    journal.append(Version(0), vec![long(1)]).unwrap();
    journal.append(Version(1), vec![long(2)]).unwrap();
    assert_eq!(journal.durable_version(), Version(1));
}

#[test]
fn reading_covers_what_is_durable_and_what_waits() {
    let mut journal = ticks(1500);
    journal.commit().unwrap();
    for number in 1500..1510 {
        let event = tick(number * 10);
        journal.append(Version(number as u64), vec![event]).unwrap();
    }
    let all: Vec<u64> = (1..=1510).collect();
    assert_eq!(versions(&journal, 0, u64::MAX), all);
    assert_eq!(versions(&journal, 1, 1510), all);
    assert_eq!(versions(&journal, 1499, 1502), [1499, 1500, 1501, 1502]);
    assert_eq!(versions(&journal, 1505, 1506), [1505, 1506]);
    for (from, to) in [(7, 6), (1511, 1600), (1600, 1700)] {
        assert!(versions(&journal, from, to).is_empty());
    }
    let last: Vec<u64> = journal
        .tail(3)
        .unwrap()
        .map(|event| event.unwrap().version.0)
        .collect();
    assert_eq!(last, [1508, 1509, 1510]);
    assert_eq!(journal.tail(9999).unwrap().count(), 1510);
    assert_eq!(journal.tail(0).unwrap().count(), 0);
    assert_eq!(journal.get(Version(1507)).unwrap().at, at(15_060));
    assert!(journal.get(Version(1511)).is_err());
    assert!(journal.get(Version(0)).is_err());
}

#[test]
fn a_moment_has_a_version() {
    let mut journal = Journal::in_memory(Header::new("run"));
    assert_eq!(journal.at(at(5)).unwrap(), Version(0));
    let events = [10, 10, 20, 20, 20, 30].map(tick).to_vec();
    journal.append(Version(0), events).unwrap();
    let expected = [(9, 0), (10, 2), (19, 2), (20, 5), (29, 5), (30, 6), (99, 6)];
    for (moment, version) in expected {
        assert_eq!(
            journal.at(at(moment)).unwrap(),
            Version(version),
            "{moment}"
        );
    }
}

#[test]
fn a_reader_does_not_write() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("journal.db");
    let mut writer = Journal::create(&path, Header::new("run")).unwrap();
    writer.append(Version(0), vec![tick(1)]).unwrap();
    writer.commit().unwrap();
    let mut reader = Journal::open_read_only(&path).unwrap();
    assert_eq!(
        reader.append(Version(1), vec![tick(2)]),
        Err(AppendError::Commit(CommitError::ReadOnly))
    );
    assert!(reader.put_snapshot(Version(1), "sum", vec![]).is_err());

    // It sees what is appended beside it when it asks for it.
    writer.append(Version(1), vec![tick(2), tick(3)]).unwrap();
    assert_eq!(reader.refresh(), Ok(Version(1)));
    writer.commit().unwrap();
    assert_eq!(reader.version(), Version(1));
    assert_eq!(reader.refresh(), Ok(Version(3)));
    assert_eq!(reader.last_at(), Some(at(3)));
    assert_eq!(versions(&reader, 1, 9), [1, 2, 3]);
    assert!(reader.verify(None).unwrap().is_ok());
}

/// The sum of the numbers in the bodies.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Sum(i64);

impl Fold for Sum {
    type Error = std::num::ParseIntError;
    const KIND: &'static str = "sum.1";

    fn apply(&mut self, event: &Event) -> Result<(), Self::Error> {
        self.0 += String::from_utf8_lossy(&event.body).parse::<i64>()?;
        Ok(())
    }

    fn save(&self) -> Vec<u8> {
        self.0.to_string().into_bytes()
    }

    fn load(_: &Self, bytes: &[u8]) -> Result<Self, Self::Error> {
        String::from_utf8_lossy(bytes).parse().map(Sum)
    }
}

#[test]
fn state_is_a_fold_from_the_latest_snapshot() {
    let mut journal = ticks(100);
    let sum = |to: i64| Sum((0..to).map(|number| number * 10).sum());
    let whole = journal.replay(Sum(0), Version::MAX).unwrap();
    assert_eq!((whole.state, whole.from), (sum(100), Version(0)));
    for version in [30, 60] {
        let state = journal.replay(Sum(0), Version(version)).unwrap().state;
        journal
            .put_snapshot(Version(version), Sum::KIND, state.save())
            .unwrap();
    }
    for (to, from) in [(29, 0), (30, 30), (59, 30), (60, 60), (100, 60)] {
        let replayed = journal.replay(Sum(0), Version(to)).unwrap();
        assert_eq!(replayed.state, sum(to as i64));
        assert_eq!(
            (replayed.version, replayed.from),
            (Version(to), Version(from))
        );
        assert!(replayed.refused.is_empty());
    }
    let moment = journal.replay_at(Sum(0), at(495)).unwrap();
    assert_eq!((moment.state, moment.version), (sum(50), Version(50)));
    journal.save(&sum(100)).unwrap();
    assert_eq!(
        journal.replay(Sum(0), Version::MAX).unwrap().from,
        Version(100)
    );
}

#[test]
fn a_snapshot_that_cannot_be_used_is_passed_over_and_named() {
    let mut journal = ticks(20);
    for (version, bytes) in [(5, "100"), (10, "not a number")] {
        journal
            .put_snapshot(Version(version), Sum::KIND, bytes.into())
            .unwrap();
    }
    let replayed = journal.replay(Sum(0), Version::MAX).unwrap();
    assert_eq!((replayed.state, replayed.from), (Sum(1900), Version(5)));
    assert_eq!(
        replayed.refused,
        ["the snapshot 'sum.1' of version 10 can't be read: invalid digit found in string"]
    );
}

#[test]
fn a_snapshot_of_another_history_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("journal.db");
    let mut journal = Journal::create(&path, Header::new("run")).unwrap();
    let events = (1..=10).map(tick).collect();
    journal.append(Version(0), events).unwrap();
    journal
        .put_snapshot(Version(4), Sum::KIND, "10".into())
        .unwrap();
    journal
        .put_snapshot(Version(8), Sum::KIND, "36".into())
        .unwrap();
    let raw = rusqlite::Connection::open(&path).unwrap();
    raw.execute_batch("UPDATE snapshot SET link = zeroblob(32) WHERE version = 8")
        .unwrap();
    let error = journal
        .latest_snapshot(Sum::KIND, Version::MAX)
        .unwrap_err();
    assert!(matches!(error, SnapshotError::Refused { .. }));
    assert_eq!(
        error.to_string(),
        "the snapshot 'sum.1' of version 8 is refused: it was taken of another history"
    );
    let replayed = journal.replay(Sum(0), Version::MAX).unwrap();
    assert_eq!((replayed.state, replayed.from), (Sum(55), Version(4)));
    assert_eq!(replayed.refused, [error.to_string()]);
}

#[test]
fn snapshots_have_limits() {
    let mut journal = ticks(2);
    assert_eq!(
        journal.put_snapshot(Version(3), "sum", vec![]),
        Err(SnapshotError::NoSuchVersion {
            version: Version(3),
            found: Version(2)
        })
    );
    assert!(journal.put_snapshot(Version(2), "", vec![]).is_err());
    journal.put_snapshot(Version(0), "sum", vec![1]).unwrap();
    assert_eq!(
        journal
            .latest_snapshot("sum", Version(0))
            .unwrap()
            .unwrap()
            .bytes,
        [1]
    );
    // What a snapshot rests on is durable first.
    journal.put_snapshot(Version(2), "sum", vec![2]).unwrap();
    assert_eq!(journal.durable_version(), Version(2));
}

#[test]
fn an_event_that_does_not_fit_is_named() {
    let mut journal = ticks(2);
    let odd = NewEvent::new(at(50), "odd", "x");
    journal.append(Version(2), vec![odd]).unwrap();
    let error = journal.replay(Sum(0), Version::MAX).unwrap_err();
    assert!(matches!(error, ReplayError::Apply { .. }));
    assert_eq!(
        error.to_string(),
        "event 3 ('odd') does not fit what happened before it: invalid digit found in string"
    );
}

#[test]
fn an_export_is_one_json_value_a_line() {
    let mut journal = Journal::in_memory(Header::new("run \"1\"").with("seed", "7"));
    let bodies: [&[u8]; 5] = [
        b"{\"a\":\r\n [1, 2],\n \"b\": \"\\n\"}\n",
        b"plain \"text\"",
        b"",
        &[0xff, 0x00],
        b"1.50",
    ];
    let events = bodies
        .iter()
        .map(|body| NewEvent::new(at(5), "k\u{1}", *body))
        .collect();
    journal.append(Version(0), events).unwrap();
    journal.commit().unwrap();
    let mut out = Vec::new();
    journal.export(Version(1), Version::MAX, &mut out).unwrap();
    let text = String::from_utf8(out).unwrap();
    for line in text.lines() {
        serde_json::from_str::<serde_json::Value>(line).unwrap();
    }
    let hashless: Vec<&str> = text
        .lines()
        .map(|line| line.split(",\"hash\"").next().unwrap())
        .collect();
    assert_eq!(
        hashless[1..],
        [
            r#"{"version":1,"at":5,"kind":"k\u0001","body":{"a":   [1, 2],  "b": "\n"}"#,
            r#"{"version":2,"at":5,"kind":"k\u0001","text":"plain \"text\"""#,
            r#"{"version":3,"at":5,"kind":"k\u0001","text":"""#,
            r#"{"version":4,"at":5,"kind":"k\u0001","hex":"ff00""#,
            r#"{"version":5,"at":5,"kind":"k\u0001","body":1.50"#,
        ]
    );
    let first: serde_json::Value = serde_json::from_str(text.lines().next().unwrap()).unwrap();
    assert_eq!(first["run"], "run \"1\"");
    assert_eq!(first["pairs"]["seed"], "7");
    assert_eq!(first["hash"], journal.head().hash.to_string());
}

/// A store whose next writes fail as told.
#[derive(Debug)]
struct Failing(MemoryStore, Vec<StoreError>);

impl Store for Failing {
    fn header(&self) -> Result<Header, StoreError> {
        self.0.header()
    }
    fn root(&self) -> Result<Hash, StoreError> {
        self.0.root()
    }
    fn head(&self) -> Result<Head, StoreError> {
        self.0.head()
    }
    fn last(&self) -> Result<Version, StoreError> {
        self.0.last()
    }
    fn write(&mut self, expected: Version, events: &mut Vec<Event>) -> Result<(), StoreError> {
        match self.1.pop() {
            Some(error) => Err(error),
            None => self.0.write(expected, events),
        }
    }
    fn page(&self, from: Version, to: Version) -> Result<Vec<Event>, StoreError> {
        self.0.page(from, to)
    }
    fn put_snapshot(&mut self, snapshot: &StoredSnapshot) -> Result<(), StoreError> {
        self.0.put_snapshot(snapshot)
    }
    fn snapshot(&self, kind: &str, to: Version) -> Result<Option<StoredSnapshot>, StoreError> {
        self.0.snapshot(kind, to)
    }
    fn snapshots(&self) -> Result<Vec<(String, Version)>, StoreError> {
        self.0.snapshots()
    }
}

#[test]
fn a_refused_write_is_tried_again_and_a_failed_one_never() {
    let failing = |error| {
        let store = Failing(MemoryStore::new(Header::new("run")), vec![error]);
        let mut journal = Journal::on_store(Box::new(store)).unwrap();
        journal.append(Version(0), vec![tick(1)]).unwrap();
        journal.append(Version(1), vec![tick(2)]).unwrap();
        journal
    };
    for error in [StoreError::Full, StoreError::Busy] {
        let mut journal = failing(error.clone());
        assert_eq!(journal.commit(), Err(CommitError::Store(error)));
        assert_eq!(journal.durable_version(), Version(0));
        journal.append(Version(2), vec![tick(3)]).unwrap();
        assert_eq!(journal.commit(), Ok(Version(3)));
    }
    let conflict = StoreError::Conflict {
        expected: Version(0),
        found: Version(1),
    };
    for error in [StoreError::Io("fsync".into()), conflict] {
        let mut journal = failing(error.clone());
        assert_eq!(journal.commit(), Err(CommitError::Store(error.clone())));
        let unusable = Err(CommitError::Unusable(error));
        assert_eq!(journal.commit(), unusable);
        assert_eq!(journal.commit(), unusable);
        assert_eq!(journal.durable_version(), Version(0));
    }
}

#[test]
fn a_full_group_that_cannot_be_written_refuses_the_next_events() {
    let store = Failing(MemoryStore::new(Header::new("run")), vec![StoreError::Full]);
    let mut journal = Journal::on_store(Box::new(store))
        .unwrap()
        .with_policy(GroupPolicy {
            events_max: 1,
            bytes_max: 100,
        });
    journal.append(Version(0), vec![tick(1)]).unwrap();
    assert_eq!(
        journal.append(Version(1), vec![tick(2)]),
        Err(AppendError::Commit(CommitError::Store(StoreError::Full)))
    );
    assert_eq!(journal.version(), Version(1));
    assert_eq!(journal.append(Version(1), vec![tick(2)]), Ok(Version(2)));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    /// However events are grouped, the chain and what is read are the same.
    #[test]
    fn grouping_does_not_matter(
        bodies in proptest::collection::vec(proptest::collection::vec(any::<u8>(), 0..40), 1..60),
        cuts in proptest::collection::vec(any::<bool>(), 60),
    ) {
        let event = |(number, body): (usize, &Vec<u8>)| {
            NewEvent::new(at(number as i64), "any", body.clone())
        };
        let mut one = Journal::in_memory(Header::new("run"));
        let all: Vec<NewEvent> = bodies.iter().enumerate().map(event).collect();
        one.append(Version(0), all.clone()).unwrap();
        one.commit().unwrap();
        let mut many = Journal::in_memory(Header::new("run"));
        for (number, event) in all.iter().enumerate() {
            many.append(Version(number as u64), vec![event.clone()]).unwrap();
            if cuts[number] {
                many.commit().unwrap();
            }
        }
        many.commit().unwrap();
        prop_assert_eq!(one.head(), many.head());
        let read = |journal: &Journal| -> Result<Vec<Event>, ReadError> {
            journal.read(Version(1), Version::MAX)?.collect()
        };
        let events = read(&many).unwrap();
        prop_assert_eq!(&read(&one).unwrap(), &events);
        for (found, written) in events.iter().zip(&all) {
            prop_assert_eq!(&found.body, &written.body);
        }
        prop_assert_eq!(many.verify(Some(one.head())).unwrap().unwrap().head, one.head());
    }
}
