//! The ledger of claims as a journal: opened, folded, and only ever appended to.

use crate::exit::Failure;
use journal::{Header, Journal, NewEvent, Version};
use quantity::Instant;
use reason::claims::Ledger;
use reason::claims::record::ClaimRecord;
use std::path::Path;

/// Kind of a claim's event, and what the journal's header says of itself.
const KIND: &str = "claim";
const OF: &str = "claims";

/// Opens a ledger and folds it.
pub(super) fn open(path: &Path) -> Result<(Journal, Ledger), Failure> {
    let named = |error: &dyn std::fmt::Display| format!("{}: {error}", path.display());
    if !path.exists() {
        return Err(Failure::refused(named(&"there is no such ledger"))
            .help("nilo claims import makes one"));
    }
    let journal = Journal::open_read_only(path).map_err(|e| Failure::refused(named(&e)))?;
    let ledger = fold(&journal).map_err(|what| Failure::refused(named(&what)))?;
    Ok((journal, ledger))
}

fn fold(journal: &Journal) -> Result<Ledger, String> {
    if journal.header().run() != OF {
        return Err("this is the journal of a run, not a ledger of claims".into());
    }
    let mut ledger = Ledger::default();
    for event in journal
        .read(Version(1), Version::MAX)
        .map_err(|e| e.to_string())?
    {
        let event = event.map_err(|e| e.to_string())?;
        if event.kind == KIND {
            ledger
                .apply(event.version.0, &event.body)
                .map_err(|error| format!("claim {}: {error}", event.version))?;
        }
    }
    Ok(ledger)
}

/// Appends records to a ledger: all of them, or none where one is no claim. Those that stand there already are
/// counted, and not taken in twice.
///
/// # Errors
/// If the ledger can't be opened or written, or a record is refused, with its place.
pub fn append(path: &Path, records: &[(ClaimRecord, String)]) -> Result<(u64, u64), Failure> {
    let named = |error: &dyn std::fmt::Display| format!("{}: {error}", path.display());
    for (record, place) in records {
        record
            .claim()
            .map_err(|error| Failure::refused(format!("{place}: {error}")))?;
    }
    let header = Header::new(OF).with("program", env!("CARGO_PKG_VERSION"));
    let mut journal =
        Journal::open_or_create(path, header).map_err(|e| Failure::refused(named(&e)))?;
    let mut ledger = fold(&journal).map_err(|what| Failure::refused(named(&what)))?;
    let clock = std::time::SystemTime::now()
        .duration_since(std::time::UNIX_EPOCH)
        .map_or(0.0, |since| since.as_secs_f64());
    let now = Instant::from_secs_f64(clock);
    let now = journal.last_at().map_or(now, |last| last.max(now));
    let (mut new, mut known) = (Vec::new(), 0);
    let mut number = journal.version().0;
    for (record, place) in records {
        let claim = record.claim().map_err(Failure::refused)?;
        if ledger.holds(&claim) {
            known += 1;
            continue;
        }
        number += 1;
        let body = record.body();
        ledger
            .apply(number, &body)
            .map_err(|error| Failure::refused(format!("{place}: {error}")))?;
        new.push(NewEvent::new(now, KIND, body));
    }
    let count = new.len() as u64;
    if count > 0 {
        journal
            .append(journal.version(), new)
            .map_err(|e| Failure::io(named(&e)))?;
        journal.commit().map_err(|e| Failure::io(named(&e)))?;
    }
    Ok((count, known))
}
