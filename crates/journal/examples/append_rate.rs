//! Measures appends: events of 256 bytes, 1 and 64 to a commit, each commit with its fsync.
//!
//! `cargo run --release -p journal --example append_rate [FOLDER]`
//!
//! Beside the journal runs a plain loop of inserts into SQLite with the same durability and no
//! chain, so that the ratio says what the chain costs whatever the disk. Rounds alternate, since
//! a shared disk changes from second to second.

use journal::{Header, Journal, NewEvent, Version};
use quantity::Instant;
use rusqlite::{Connection, params};
use std::error::Error;
use std::path::Path;
use std::time::Instant as Wall;

const BODY_BYTES: usize = 256;
const ROUNDS: usize = 5;

fn journal_rate(folder: &Path, round: usize, group: usize, groups: usize) -> Rate {
    let path = folder.join(format!("journal-{group}-{round}.db"));
    let mut journal = Journal::create(&path, Header::new("rate"))?;
    let mut version = Version::ZERO;
    let start = Wall::now();
    for number in 0..groups {
        for place in 0..group {
            let at = Instant::from_base((number * group + place) as i64);
            let event = NewEvent::new(at, "well.read", vec![b'x'; BODY_BYTES]);
            version = journal.append(version, vec![event])?;
        }
        journal.commit()?;
    }
    let rate = (groups * group) as f64 / start.elapsed().as_secs_f64();
    journal.close()?;
    Ok(rate)
}

fn plain_rate(folder: &Path, round: usize, group: usize, groups: usize) -> Rate {
    let path = folder.join(format!("plain-{group}-{round}.db"));
    let mut connection = Connection::open(&path)?;
    connection.pragma_update(None, "journal_mode", "WAL")?;
    connection.pragma_update(None, "synchronous", "FULL")?;
    connection.execute_batch(
        "CREATE TABLE event (version INTEGER PRIMARY KEY, at INTEGER, kind TEXT, body BLOB)",
    )?;
    let body = vec![b'x'; BODY_BYTES];
    let start = Wall::now();
    for number in 0..groups {
        let transaction = connection.transaction()?;
        {
            let mut insert =
                transaction.prepare_cached("INSERT INTO event VALUES (?1, ?2, ?3, ?4)")?;
            for place in 0..group {
                let version = (number * group + place) as i64;
                insert.execute(params![version + 1, version, "well.read", body])?;
            }
        }
        transaction.commit()?;
    }
    Ok((groups * group) as f64 / start.elapsed().as_secs_f64())
}

type Rate = Result<f64, Box<dyn Error>>;

fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    values[values.len() / 2]
}

fn main() -> Result<(), Box<dyn Error>> {
    let folder = std::env::args_os()
        .nth(1)
        .map_or_else(std::env::temp_dir, Into::into)
        .join(format!("append-rate-{}", std::process::id()));
    std::fs::create_dir_all(&folder)?;
    println!("events of {BODY_BYTES} bytes, each commit with fsync; median of {ROUNDS} rounds");
    println!("| events to a commit | journal, events/s | plain SQLite, events/s | ratio |");
    println!("| ---: | ---: | ---: | ---: |");
    for (group, groups) in [(1, 400), (64, 400), (1024, 60)] {
        let (mut ours, mut plain) = (Vec::new(), Vec::new());
        for round in 0..ROUNDS {
            ours.push(journal_rate(&folder, round, group, groups)?);
            plain.push(plain_rate(&folder, round, group, groups)?);
        }
        let (ours, plain) = (median(ours), median(plain));
        println!("| {group} | {ours:.0} | {plain:.0} | {:.2} |", ours / plain);
    }
    let path = folder.join("journal-1024-0.db");
    let journal = Journal::open_read_only(&path)?;
    let start = Wall::now();
    let verified = journal.verify(None)?.map_err(|fault| fault.to_string())?;
    let seconds = start.elapsed().as_secs_f64();
    println!(
        "verify: {:.0} events/s",
        verified.head.version.0 as f64 / seconds
    );
    let mut memory = Journal::in_memory(Header::new("rate"));
    let start = Wall::now();
    for number in 0..200_000_u64 {
        let event = NewEvent::new(Instant::EPOCH, "well.read", vec![b'x'; BODY_BYTES]);
        memory.append(Version(number), vec![event])?;
    }
    memory.commit()?;
    println!(
        "in memory: {:.0} events/s",
        200_000.0 / start.elapsed().as_secs_f64()
    );
    std::fs::remove_dir_all(&folder)?;
    Ok(())
}
