//! A store in an SQLite file.
//!
//! The file is in WAL mode with `synchronous=FULL`: one `fsync` of the write-ahead log per commit
//! (<https://sqlite.org/wal.html>, <https://sqlite.org/pragma.html#pragma_synchronous>), and
//! readers in other processes never wait for the writer.

use crate::limits::{FORMAT, PAGE_BYTES_MAX, PAGE_EVENTS_MAX};
use crate::store::{Store, StoredSnapshot};
use crate::{Event, Hash, Head, Header, OpenError, StoreError, Version, chain};
use quantity::Instant;
use rusqlite::types::ValueRef;
use rusqlite::{Connection, ErrorCode, OpenFlags, OptionalExtension, Row, params};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

/// 'Nilo' in ASCII: the application id in the header of the SQLite file.
const APPLICATION_ID: i32 = 0x4e69_6c6f;

/// How long a reader or writer waits for another connection, in milliseconds.
const BUSY_MS: u64 = 5_000;

/// The first 16 bytes of every SQLite file (<https://sqlite.org/fileformat2.html>).
const MAGIC: &[u8; 16] = b"SQLite format 3\0";

const SCHEMA: &str = "
CREATE TABLE header (name TEXT PRIMARY KEY, value TEXT NOT NULL) STRICT, WITHOUT ROWID;
CREATE TABLE pair (name TEXT PRIMARY KEY, value TEXT NOT NULL) STRICT, WITHOUT ROWID;
CREATE TABLE head (
    id INTEGER PRIMARY KEY CHECK (id = 0),
    root BLOB NOT NULL,
    version INTEGER NOT NULL,
    hash BLOB NOT NULL
) STRICT;
CREATE TABLE event (
    version INTEGER PRIMARY KEY,
    at INTEGER NOT NULL,
    kind TEXT NOT NULL,
    body BLOB NOT NULL,
    hash BLOB NOT NULL
) STRICT;
CREATE TABLE snapshot (
    kind TEXT NOT NULL,
    version INTEGER NOT NULL,
    bytes BLOB NOT NULL,
    link BLOB NOT NULL,
    hash BLOB NOT NULL,
    PRIMARY KEY (kind, version)
) STRICT;
";

/// Keeps a journal in an SQLite file, or in SQLite's memory.
#[derive(Debug)]
pub struct SqliteStore {
    connection: Connection,
}

impl SqliteStore {
    /// An empty journal in memory.
    ///
    /// # Errors
    /// SQLite refuses.
    pub fn in_memory(header: &Header) -> Result<Self, StoreError> {
        let connection = Connection::open_in_memory()?;
        lay_out(&connection, header)?;
        Ok(Self { connection })
    }

    /// Makes the file, whole and durable, or not at all: it is written under another name and
    /// then renamed.
    pub(crate) fn create(path: &Path, header: &Header) -> Result<(), OpenError> {
        let io = |source| OpenError::Io {
            path: path.to_owned(),
            source,
        };
        let mut name = path.file_name().unwrap_or_default().to_owned();
        name.push(".new");
        let draft = path.with_file_name(name);
        if draft.exists() {
            std::fs::remove_file(&draft).map_err(io)?;
        }
        let made = Connection::open(&draft)
            .map_err(StoreError::from)
            .and_then(|connection| {
                connection.pragma_update(None, "synchronous", "FULL")?;
                lay_out(&connection, header)?;
                connection.close().map_err(|(_, error)| error.into())
            });
        if let Err(source) = made {
            // What is left of the draft is replaced by the next attempt.
            let _ = std::fs::remove_file(&draft);
            let path = path.to_owned();
            return Err(OpenError::Store { path, source });
        }
        std::fs::rename(&draft, path).map_err(io)?;
        sync_folder(path).map_err(io)
    }

    /// Opens the file to append to it.
    pub(crate) fn open(path: &Path) -> Result<Self, OpenError> {
        recognise(path)?;
        let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
        let store = Self::connect(path, path, flags)?;
        let set = || -> Result<(), StoreError> {
            // The answer is the mode that SQLite chose; it keeps the old one where WAL can't be.
            let mode: String =
                store
                    .connection
                    .pragma_update_and_check(None, "journal_mode", "WAL", |row| row.get(0))?;
            if mode != "wal" {
                return Err(StoreError::ReadOnly);
            }
            store
                .connection
                .pragma_update(None, "synchronous", "FULL")?;
            Ok(())
        };
        set().map_err(|source| OpenError::Store {
            path: path.to_owned(),
            source,
        })?;
        Ok(store)
    }

    /// Opens the file to read it, also while another process appends to it.
    pub(crate) fn open_read_only(path: &Path) -> Result<Self, OpenError> {
        recognise(path)?;
        let flags = OpenFlags::SQLITE_OPEN_READ_ONLY
            | OpenFlags::SQLITE_OPEN_NO_MUTEX
            | OpenFlags::SQLITE_OPEN_URI;
        match Self::connect(path, path, flags) {
            // Where the folder can't be written, SQLite can't make its shared memory file, and
            // nobody can be appending either: the file alone is all there is.
            Err(OpenError::Store {
                source: StoreError::ReadOnly | StoreError::Other(_) | StoreError::Io(_),
                ..
            }) if !beside(path, "-wal").exists() => Self::connect(path, &immutable(path), flags),
            other => other,
        }
    }

    fn connect(path: &Path, name: &Path, flags: OpenFlags) -> Result<Self, OpenError> {
        let wrong = |source| OpenError::Store {
            path: path.to_owned(),
            source,
        };
        let not_a_journal = |what: &str| OpenError::NotAJournal {
            path: path.to_owned(),
            what: what.to_owned(),
        };
        let connection =
            Connection::open_with_flags(name, flags).map_err(|error| wrong(error.into()))?;
        connection
            .busy_timeout(std::time::Duration::from_millis(BUSY_MS))
            .map_err(|error| wrong(error.into()))?;
        let number = |name: &str| -> Result<i64, StoreError> {
            Ok(connection.pragma_query_value(None, name, |row| row.get(0))?)
        };
        if number("application_id").map_err(wrong)? != i64::from(APPLICATION_ID) {
            return Err(not_a_journal("it is an SQLite database of another program"));
        }
        let format = number("user_version").map_err(wrong)?;
        match u32::try_from(format) {
            Ok(format) if format > FORMAT => Err(OpenError::Newer {
                path: path.to_owned(),
                format,
            }),
            Ok(1..=FORMAT) => Ok(Self { connection }),
            _ => Err(not_a_journal(&format!("it claims the format {format}"))),
        }
    }
}

/// `path` with `suffix` after its file name.
pub(crate) fn beside(path: &Path, suffix: &str) -> PathBuf {
    let mut name = path.file_name().unwrap_or_default().to_owned();
    name.push(suffix);
    path.with_file_name(name)
}

/// The name that tells SQLite that nobody writes the file (<https://sqlite.org/uri.html>).
fn immutable(path: &Path) -> PathBuf {
    let mut name = String::from("file:");
    for byte in path.as_os_str().as_encoded_bytes() {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'/' | b'.' | b'-' | b'_' => {
                name.push(char::from(*byte));
            }
            other => name.push_str(&format!("%{other:02X}")),
        }
    }
    name.push_str("?immutable=1");
    PathBuf::from(name)
}

/// Refuses what is not an SQLite file, by its first bytes, before SQLite touches it.
fn recognise(path: &Path) -> Result<(), OpenError> {
    use std::io::Read;
    let io = |source: std::io::Error| match source.kind() {
        std::io::ErrorKind::NotFound => OpenError::NotFound {
            path: path.to_owned(),
        },
        _ => OpenError::Io {
            path: path.to_owned(),
            source,
        },
    };
    let mut found = Vec::new();
    let file = std::fs::File::open(path).map_err(io)?;
    if file.metadata().map_err(io)?.is_dir() {
        return Err(OpenError::NotAJournal {
            path: path.to_owned(),
            what: "it is a folder".into(),
        });
    }
    file.take(MAGIC.len() as u64)
        .read_to_end(&mut found)
        .map_err(io)?;
    if found != MAGIC {
        let what = if found.is_empty() {
            "it is empty".into()
        } else {
            format!(
                "it begins with '{}', where an SQLite file begins with 'SQLite format 3'",
                String::from_utf8_lossy(&found).escape_debug()
            )
        };
        let path = path.to_owned();
        return Err(OpenError::NotAJournal { path, what });
    }
    Ok(())
}

/// Makes a new or renamed entry of the folder durable.
fn sync_folder(path: &Path) -> std::io::Result<()> {
    if cfg!(unix) {
        let folder = path.parent().filter(|p| !p.as_os_str().is_empty());
        std::fs::File::open(folder.unwrap_or(Path::new(".")))?.sync_all()?;
    }
    Ok(())
}

fn lay_out(connection: &Connection, header: &Header) -> Result<(), StoreError> {
    let root = chain::root(header);
    let transaction = connection.unchecked_transaction()?;
    transaction.execute_batch(SCHEMA)?;
    transaction.execute(
        "INSERT INTO header VALUES ('run', ?1)",
        params![header.run()],
    )?;
    for (name, value) in header.pairs() {
        transaction.execute("INSERT INTO pair VALUES (?1, ?2)", params![name, value])?;
    }
    transaction.execute(
        "INSERT INTO head (id, root, version, hash) VALUES (0, ?1, 0, ?1)",
        params![root.0],
    )?;
    transaction.pragma_update(None, "application_id", APPLICATION_ID)?;
    transaction.pragma_update(None, "user_version", header.format())?;
    transaction.commit()?;
    Ok(())
}

/// SQLite's integers are signed; a version never comes near their end.
fn signed(version: Version) -> i64 {
    i64::try_from(version.0).unwrap_or(i64::MAX)
}

fn unsigned(value: i64) -> Version {
    Version(u64::try_from(value).unwrap_or(0))
}

fn hash_column(row: &Row<'_>, column: usize) -> Result<Hash, String> {
    match row.get_ref(column) {
        Ok(ValueRef::Blob(bytes)) => Hash::from_slice(bytes)
            .ok_or_else(|| format!("its hash has {} bytes and not 32", bytes.len())),
        _ => Err("its hash is not bytes".into()),
    }
}

fn event(row: &Row<'_>) -> Result<Event, StoreError> {
    let version = unsigned(row.get(0)?);
    let bad = |what: String| StoreError::BadRow { version, what };
    let kind = match row.get_ref(2)? {
        ValueRef::Text(bytes) => {
            std::str::from_utf8(bytes).map_err(|_| bad("its kind is not UTF-8".into()))?
        }
        _ => return Err(bad("its kind is not text".into())),
    };
    Ok(Event {
        version,
        at: Instant::from_base(row.get(1)?),
        kind: kind.to_owned(),
        body: row.get(3)?,
        hash: hash_column(row, 4).map_err(bad)?,
    })
}

impl Store for SqliteStore {
    fn header(&self) -> Result<Header, StoreError> {
        let connection = &self.connection;
        let format: i64 = connection.pragma_query_value(None, "user_version", |row| row.get(0))?;
        let run: Option<String> = connection
            .query_row("SELECT value FROM header WHERE name = 'run'", [], |row| {
                row.get(0)
            })
            .optional()?;
        let mut statement = connection.prepare("SELECT name, value FROM pair")?;
        let pairs = statement
            .query_map([], |row| Ok((row.get(0)?, row.get(1)?)))?
            .collect::<Result<BTreeMap<String, String>, _>>()?;
        Ok(Header::stored(
            u32::try_from(format).unwrap_or(0),
            run.unwrap_or_default(),
            pairs,
        ))
    }

    fn root(&self) -> Result<Hash, StoreError> {
        self.connection
            .query_row("SELECT root FROM head", [], |row| Ok(hash_column(row, 0)))
            .optional()?
            .unwrap_or_else(|| Err("the recorded head is missing".into()))
            .map_err(StoreError::Damaged)
    }

    fn head(&self) -> Result<Head, StoreError> {
        let (version, hash) = self
            .connection
            .prepare_cached("SELECT version, hash FROM head")?
            .query_row([], |row| Ok((row.get::<_, i64>(0)?, hash_column(row, 1))))
            .optional()?
            .unwrap_or_else(|| (0, Err("the recorded head is missing".into())));
        Ok(Head {
            version: unsigned(version),
            hash: hash.map_err(StoreError::Damaged)?,
        })
    }

    fn last(&self) -> Result<Version, StoreError> {
        let last: Option<i64> = self
            .connection
            .prepare_cached("SELECT max(version) FROM event")?
            .query_row([], |row| row.get(0))?;
        Ok(unsigned(last.unwrap_or(0)))
    }

    fn write(&mut self, expected: Version, events: &mut Vec<Event>) -> Result<(), StoreError> {
        let Some(last) = events.last() else {
            return Ok(());
        };
        let transaction = self
            .connection
            .transaction_with_behavior(rusqlite::TransactionBehavior::Immediate)?;
        {
            let found: i64 = transaction
                .prepare_cached("SELECT version FROM head")?
                .query_row([], |row| row.get(0))?;
            let found = unsigned(found);
            if found != expected {
                return Err(StoreError::Conflict { expected, found });
            }
            let mut insert = transaction.prepare_cached(
                "INSERT INTO event (version, at, kind, body, hash) VALUES (?1, ?2, ?3, ?4, ?5)",
            )?;
            for event in events.iter() {
                insert.execute(params![
                    signed(event.version),
                    event.at.base(),
                    event.kind,
                    event.body,
                    event.hash.0,
                ])?;
            }
            transaction
                .prepare_cached("UPDATE head SET version = ?1, hash = ?2")?
                .execute(params![signed(last.version), last.hash.0])?;
        }
        transaction.commit()?;
        events.clear();
        Ok(())
    }

    fn page(&self, from: Version, to: Version) -> Result<Vec<Event>, StoreError> {
        let mut statement = self.connection.prepare_cached(
            "SELECT version, at, kind, body, hash FROM event
             WHERE version BETWEEN ?1 AND ?2 ORDER BY version",
        )?;
        let mut rows = statement.query(params![signed(from), signed(to)])?;
        let (mut page, mut bytes) = (Vec::new(), 0);
        while page.len() < PAGE_EVENTS_MAX && bytes < PAGE_BYTES_MAX {
            let Some(row) = rows.next()? else { break };
            match event(row) {
                Ok(event) => {
                    bytes += event.body.len();
                    page.push(event);
                }
                Err(bad) if page.is_empty() => return Err(bad),
                Err(_) => break,
            }
        }
        Ok(page)
    }

    fn put_snapshot(&mut self, snapshot: &StoredSnapshot) -> Result<(), StoreError> {
        self.connection
            .prepare_cached(
                "INSERT OR REPLACE INTO snapshot (kind, version, bytes, link, hash)
                 VALUES (?1, ?2, ?3, ?4, ?5)",
            )?
            .execute(params![
                snapshot.kind,
                signed(snapshot.version),
                snapshot.bytes,
                snapshot.link.0,
                snapshot.hash.0,
            ])?;
        Ok(())
    }

    fn snapshot(
        &self,
        kind: &str,
        at_or_before: Version,
    ) -> Result<Option<StoredSnapshot>, StoreError> {
        let damaged = |what: String| {
            StoreError::Damaged(format!("a snapshot '{kind}' can't be read: {what}"))
        };
        self.connection
            .prepare_cached(
                "SELECT version, bytes, link, hash FROM snapshot
                 WHERE kind = ?1 AND version <= ?2 ORDER BY version DESC LIMIT 1",
            )?
            .query_row(params![kind, signed(at_or_before)], |row| {
                Ok((
                    unsigned(row.get(0)?),
                    row.get(1)?,
                    hash_column(row, 2),
                    hash_column(row, 3),
                ))
            })
            .optional()?
            .map(|(version, bytes, link, hash)| {
                Ok(StoredSnapshot {
                    version,
                    kind: kind.to_owned(),
                    bytes,
                    link: link.map_err(damaged)?,
                    hash: hash.map_err(damaged)?,
                })
            })
            .transpose()
    }

    fn snapshots(&self) -> Result<Vec<(String, Version)>, StoreError> {
        let mut statement = self
            .connection
            .prepare("SELECT kind, version FROM snapshot ORDER BY kind, version")?;
        let rows = statement.query_map([], |row| Ok((row.get(0)?, unsigned(row.get(1)?))))?;
        Ok(rows.collect::<Result<_, _>>()?)
    }
}

impl From<rusqlite::Error> for StoreError {
    fn from(error: rusqlite::Error) -> Self {
        let text = error.to_string();
        match error.sqlite_error_code() {
            Some(ErrorCode::DiskFull) => StoreError::Full,
            Some(ErrorCode::ReadOnly | ErrorCode::PermissionDenied) => StoreError::ReadOnly,
            Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked) => StoreError::Busy,
            Some(ErrorCode::DatabaseCorrupt | ErrorCode::NotADatabase) => StoreError::Damaged(text),
            Some(ErrorCode::SystemIoFailure) => StoreError::Io(text),
            _ => StoreError::Other(text),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{CommitError, Journal, NewEvent};

    #[test]
    fn sqlite_errors_have_a_class() {
        let class = |code| {
            StoreError::from(rusqlite::Error::SqliteFailure(
                rusqlite::ffi::Error::new(code),
                None,
            ))
        };
        assert_eq!(class(rusqlite::ffi::SQLITE_FULL), StoreError::Full);
        assert_eq!(class(rusqlite::ffi::SQLITE_READONLY), StoreError::ReadOnly);
        assert_eq!(class(rusqlite::ffi::SQLITE_PERM), StoreError::ReadOnly);
        assert_eq!(class(rusqlite::ffi::SQLITE_BUSY), StoreError::Busy);
        assert!(matches!(
            class(rusqlite::ffi::SQLITE_IOERR_FSYNC),
            StoreError::Io(_)
        ));
        assert!(matches!(
            class(rusqlite::ffi::SQLITE_CORRUPT),
            StoreError::Damaged(_)
        ));
    }

    #[test]
    fn a_full_disk_refuses_a_group_whole_and_it_can_be_tried_again() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("journal.db");
        SqliteStore::create(&path, &Header::new("run")).unwrap();
        let limit = |pages: i64| {
            let store = SqliteStore::open(&path).unwrap();
            store
                .connection
                .pragma_update(None, "max_page_count", pages)
                .unwrap();
            Journal::on_store(Box::new(store)).unwrap()
        };
        let mut journal = limit(40);
        let event = || NewEvent::new(Instant::EPOCH, "tick", vec![7; 2000]);
        let mut version = Version::ZERO;
        let error = loop {
            version = journal.append(version, vec![event(), event()]).unwrap();
            match journal.commit() {
                Ok(durable) => assert_eq!(durable, version),
                Err(error) => break error,
            }
            assert!(version.0 < 1000);
        };
        assert_eq!(error, CommitError::Store(StoreError::Full));
        assert_eq!(
            error.to_string(),
            "the disk is full: nothing of this group was written; free some space and try again"
        );
        assert_eq!(journal.durable_version(), Version(version.0 - 2));
        assert_eq!(journal.commit(), Err(CommitError::Store(StoreError::Full)));
        assert!(journal.verify(None).unwrap().is_ok());

        let raw = Connection::open(&path).unwrap();
        let count: i64 = raw
            .query_row("SELECT count(*) FROM event", [], |row| row.get(0))
            .unwrap();
        assert_eq!(count as u64, version.0 - 2);
        drop(journal);
        let mut journal = limit(1000);
        let more = vec![event(), event()];
        journal.append(Version(count as u64), more).unwrap();
        assert_eq!(journal.commit(), Ok(version));
    }

    #[test]
    fn any_path_becomes_a_name_for_sqlite() {
        assert_eq!(
            immutable(Path::new("/a b/ü?.db")),
            Path::new("file:/a%20b/%C3%BC%3F.db?immutable=1")
        );
    }
}
