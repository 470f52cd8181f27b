//! When an instrument is closed: maintenance and calendars.
//!
//! ```toml
//! instruments = [
//!   { kind = "plate_reader", closed = [
//!     { from = "6 h", until = "7 h" },                               # once, counted from the start of a run
//!     { from = "20 h", until = "32 h", every = "24 h", times = 30 }, # each night for a month
//!   ] },
//! ]
//! ```

use crate::limits::MAX_CLOSINGS;
use bus::{Closed, Role};
use quantity::{Duration, Instant};
use source::Table;

/// Reads `closed` of an instrument: sorted and disjoint.
pub(crate) fn read(table: &Table<'_>, role: Option<Role>) -> Vec<Closed> {
    let mut all = Vec::new();
    for window in table.tables("closed") {
        let at = window.span();
        if role.is_some_and(|role| role != Role::Work) {
            window.push(
                window
                    .problem("a hotel, waste or quarantine can't be closed: every plate must always have a place to go to")
                    .help("leave 'closed' out here"),
            );
        }
        let from = window.required::<Duration>("from");
        let until = window.required::<Duration>("until");
        let every = window.optional::<Duration>("every");
        let times = window.item("times");
        let times = match (&times, &every) {
            (Some(item), _) => item.integer_in(1..=MAX_CLOSINGS as i64),
            (None, None) => Some(1),
            (None, Some(_)) => {
                window.push(
                    window
                        .problem("'times' is missing: how often it is closed")
                        .expected("every = \"24 h\", times = 30"),
                );
                None
            }
        };
        let sink = window.sink();
        window.finish();
        let (Some(from), Some(until), Some(times)) = (from, until, times) else {
            continue;
        };
        let span = until.value - from.value;
        let wrong = |message: &str, expected: String| {
            sink.push(source::Problem::error(message).at(&at).expected(expected));
        };
        if from.value < Duration::ZERO || span <= Duration::ZERO {
            wrong(
                "this closed time has no length",
                "an 'until' after 'from', both counted from the start of a run".to_owned(),
            );
            continue;
        }
        let every = every.map_or(Duration::ZERO, |every| every.value);
        if times > 1 && every <= span {
            wrong(
                "these closed times leave no time in between",
                "an 'every' that is longer than from 'from' until 'until'".to_owned(),
            );
            continue;
        }
        all.extend((0..times).map(|turn| {
            let begin = Instant::EPOCH + from.value + every * turn;
            Closed {
                from: begin,
                until: begin + span,
            }
        }));
    }
    all.sort_unstable();
    let mut joined: Vec<Closed> = Vec::with_capacity(all.len());
    for one in all {
        match joined.last_mut() {
            Some(last) if one.from <= last.until => last.until = last.until.max(one.until),
            _ => joined.push(one),
        }
    }
    if joined.len() > MAX_CLOSINGS {
        table.push(
            table
                .problem(format!("{} closed times", joined.len()))
                .expected(format!("at most {MAX_CLOSINGS}")),
        );
        joined.truncate(MAX_CLOSINGS);
    }
    joined
}
