//! The stations of a lab file.
//!
//! ```toml
//! [[station]]
//! name = "read"
//! count = 3                       # left out: one; else read-1, read-2, read-3
//! docks = 2                       # left out: one; or names of docks on the track
//! arm = { pick = "5 s" }          # left out: as [arm] says, or a typical arm
//! instruments = [
//!   { kind = "absorbance_reader" },
//!   { kind = "hotel", name = "shelf", count = 2, nests = 40 },
//!   { kind = "incubator", setup = { between = "temperature", time = "30 min" } },   # see `setup.rs`
//!   { kind = "centrifuge", nests = 4, batch = { plates = 4 } },   # see `batch.rs`
//!   { kind = "lcms", closed = [{ from = "6 h", until = "7 h" }] },   # see `closed.rs`
//! ]
//! ```

use crate::batch;
use crate::closed;
use crate::kinds::{self, Kind, Kinds};
use crate::limits::{MAX_DOCKS, MAX_HALL_NESTS, MAX_INSTRUMENTS, MAX_STATIONS};
use crate::setup;
use crate::track::in_range;
use bus::{Batch, Closed, Setup};
use quantity::Duration;
use source::{At, Item, Problem, Span, Table};
use std::collections::BTreeMap;
use std::sync::Arc;

/// Times of an arm.
#[derive(Clone, Copy, Debug)]
pub(crate) struct ArmTimes {
    pub pick: Duration,
    pub place: Duration,
    pub regrip: Duration,
}

impl Default for ArmTimes {
    /// Typical: 8 to 20 s for a pick, a way and a place within a cell; a regrip 5 s.
    fn default() -> Self {
        Self {
            pick: Duration::from_secs(6),
            place: Duration::from_secs(5),
            regrip: Duration::from_secs(5),
        }
    }
}

/// Which docks a station has.
#[derive(Clone, Debug)]
pub(crate) enum Docks {
    /// So many of those that nobody names.
    Count(usize),
    /// These.
    Named(Vec<At<String>>),
}

impl Docks {
    pub fn len(&self) -> usize {
        match self {
            Docks::Count(count) => *count,
            Docks::Named(names) => names.len(),
        }
    }
}

/// A station as the file has it, one for each of its `count`.
#[derive(Clone, Debug)]
pub(crate) struct Draft {
    pub name: Arc<str>,
    pub arm: ArmTimes,
    pub docks: Docks,
    pub instruments: Arc<[InstrumentDraft]>,
    pub span: Span,
}

/// An instrument as the file has it, one for each of its `count`.
#[derive(Clone, Debug)]
pub(crate) struct InstrumentDraft {
    /// Unique in its station.
    pub name: Arc<str>,
    pub kind_name: Arc<str>,
    pub kind: Arc<Kind>,
    /// When it can't be used.
    pub closed: Arc<[Closed]>,
    /// What it needs between unlike work.
    pub setup: Option<Setup>,
    /// How it works by the run, if it does.
    pub batch: Option<Batch>,
    pub span: Span,
}

/// Reads all stations. `None` if one of them could not be read at all.
pub(crate) fn read(root: &Table<'_>, kinds: &Kinds) -> Option<Vec<Draft>> {
    let arm = root
        .table("arm")
        .map_or_else(ArmTimes::default, |table| arm(table, ArmTimes::default()));
    root.required_item_or("station", || {
        let expected = "[[station]] with a name and its instruments";
        ("this lab has no station".to_owned(), expected.to_owned())
    });
    let tables = root.tables("station");
    if tables.is_empty() {
        return None;
    }
    let mut drafts = Vec::new();
    let mut sound = true;
    for table in tables {
        match station(table, kinds, arm) {
            Some(list) => drafts.extend(list),
            None => sound = false,
        }
        if drafts.len() > MAX_STATIONS {
            root.push(
                root.problem(format!("more than {MAX_STATIONS} stations"))
                    .help("split the hall in two, joined by a portal"),
            );
            return None;
        }
    }
    let instruments: usize = drafts.iter().map(|draft| draft.instruments.len()).sum();
    let nests: usize = drafts
        .iter()
        .flat_map(|draft| draft.instruments.iter())
        .map(|instrument| instrument.kind.nests as usize)
        .sum();
    for (found, most, what) in [
        (instruments, MAX_INSTRUMENTS, "instruments"),
        (nests, MAX_HALL_NESTS, "nests"),
    ] {
        if found > most {
            root.push(
                root.problem(format!("{found} {what} are more than a hall may have"))
                    .expected(format!("at most {most}"))
                    .help("split the hall in two, joined by a portal"),
            );
            return None;
        }
    }
    sound &= unique(root, &drafts);
    sound.then_some(drafts)
}

fn arm(table: Table<'_>, default: ArmTimes) -> ArmTimes {
    let range = Duration::from_millis(100)..=Duration::from_mins(10);
    let time = |key: &str, default: Duration| {
        let item = table.item(key);
        item.and_then(|item| in_range(&item, &range))
            .unwrap_or(default)
    };
    let times = ArmTimes {
        pick: time("pick", default.pick),
        place: time("place", default.place),
        regrip: time("regrip", default.regrip),
    };
    table.finish();
    times
}

fn station(table: Table<'_>, kinds: &Kinds, default: ArmTimes) -> Option<Vec<Draft>> {
    let span = table.span();
    let name = table.required::<String>("name");
    let count = table.item("count");
    let count = match count {
        Some(item) => item
            .integer_in(1..=MAX_STATIONS as i64)
            .map(|n| (n as usize, true)),
        None => Some((1, false)),
    };
    let arm = table
        .table("arm")
        .map_or(default, |table| arm(table, default));
    let docks = table
        .item("docks")
        .map_or(Some(Docks::Count(1)), |item| docks(&item));
    let none = || {
        let expected = "instruments = [{ kind = \"…\" }, …]";
        (
            "this station has no instrument".to_owned(),
            expected.to_owned(),
        )
    };
    let listed = table.required_item_or("instruments", none);
    let instruments = table.tables("instruments");
    if let Some(listed) = listed
        && listed.is_list()
        && instruments.is_empty()
    {
        let (message, expected) = none();
        listed.push(listed.problem(message).expected(expected));
    }
    let several = instruments.len();
    let read: Vec<Vec<InstrumentDraft>> = instruments
        .into_iter()
        .filter_map(|table| instrument(table, kinds))
        .collect();
    let whole = read.len() == several && several > 0;
    let instruments = number(read.into_iter().flatten().collect());
    let sink = table.sink();
    table.finish();
    let (name, (count, numbered), docks) = (name?, count?, docks?);
    if count > 1 && matches!(docks, Docks::Named(_)) {
        sink.push(
            Problem::error(format!(
                "the {count} stations '{}' can't all have the same docks",
                name.value
            ))
            .at(&span)
            .help("leave 'docks' out, or write the stations one by one"),
        );
        return None;
    }
    if name.contains('/') || name.is_empty() {
        sink.push(
            Problem::error(format!("'{}' can't be the name of a station", name.value))
                .at(&name.span)
                .expected("a name without a '/', such as 'read'"),
        );
        return None;
    }
    if !whole {
        return None;
    }
    let one = |name: String| Draft {
        name: name.into(),
        arm,
        docks: docks.clone(),
        instruments: Arc::clone(&instruments),
        span: span.clone(),
    };
    Some(if numbered {
        (1..=count)
            .map(|n| one(format!("{}-{n}", name.value)))
            .collect()
    } else {
        vec![one(name.value.clone())]
    })
}

fn docks(item: &Item<'_>) -> Option<Docks> {
    if item.is_number() {
        return item
            .integer_in(1..=MAX_DOCKS)
            .map(|n| Docks::Count(n as usize));
    }
    let names: Vec<At<String>> = if item.is_text() {
        vec![item.read()?]
    } else {
        let items = item.list()?;
        let names: Vec<At<String>> = items.iter().filter_map(Item::read).collect();
        if names.len() < items.len() {
            return None;
        }
        names
    };
    if names.is_empty() || names.len() > MAX_DOCKS as usize {
        item.push(
            item.problem(format!("{} docks", names.len()))
                .expected(format!(
                    "1 to {MAX_DOCKS} docks that the station's arm reaches"
                )),
        );
        return None;
    }
    Some(Docks::Named(names))
}

fn instrument(table: Table<'_>, kinds: &Kinds) -> Option<Vec<InstrumentDraft>> {
    let span = table.span();
    let kind_name = table.required::<String>("kind");
    let name = table.optional::<String>("name");
    let count = match table.item("count") {
        Some(item) => item.integer_in(1..=100).map(|n| n as usize),
        None => Some(1),
    };
    let kind = kind_name.as_ref().and_then(|name| {
        let kind = kinds.get(name);
        if kind.is_none() {
            table.push(Problem::unknown_name(
                "kind of instrument",
                name,
                kinds.names(),
            ));
        }
        kind
    });
    let Some(base) = kind else {
        drop(table.entries());
        table.finish();
        return None;
    };
    let kind = kinds::read(&table, Some(base)).map(Arc::new);
    let closed = closed::read(&table, kind.as_ref().map(|kind| kind.role)).into();
    let setup = setup::read(&table, kind.as_deref());
    let batch = batch::read(&table, kind.as_deref());
    if let Some(name) = &name
        && (name.contains('/') || name.is_empty())
    {
        table.push(
            Problem::error(format!(
                "'{}' can't be the name of an instrument",
                name.value
            ))
            .at(&name.span)
            .expected("a name without a '/', such as 'reader'"),
        );
    }
    table.finish();
    let (kind_name, kind) = (kind_name?, kind?);
    let kind_name: Arc<str> = kind_name.value.into();
    let own: Arc<str> = name.map_or_else(|| Arc::clone(&kind_name), |name| name.value.into());
    let one = InstrumentDraft {
        name: own,
        kind_name,
        kind,
        closed,
        setup,
        batch,
        span,
    };
    Some(vec![one; count?])
}

/// Instruments of one name in a station get numbers.
fn number(mut instruments: Vec<InstrumentDraft>) -> Arc<[InstrumentDraft]> {
    let mut counts: BTreeMap<Arc<str>, usize> = BTreeMap::new();
    for draft in &instruments {
        *counts.entry(Arc::clone(&draft.name)).or_default() += 1;
    }
    let mut given: BTreeMap<Arc<str>, usize> = BTreeMap::new();
    for draft in &mut instruments {
        if counts.get(&draft.name).is_some_and(|&n| n > 1) {
            let n = given.entry(Arc::clone(&draft.name)).or_default();
            *n += 1;
            draft.name = format!("{}-{n}", draft.name).into();
        }
    }
    instruments.into()
}

fn unique(root: &Table<'_>, drafts: &[Draft]) -> bool {
    let mut seen: BTreeMap<&str, &Draft> = BTreeMap::new();
    let mut sound = true;
    for draft in drafts {
        if let Some(first) = seen.insert(&draft.name, draft) {
            sound = false;
            root.push(
                Problem::error(format!("two stations are called '{}'", draft.name))
                    .at(&draft.span)
                    .note(&first.span, "the other one")
                    .help("give each a name of its own, or write one with count = 2"),
            );
        }
    }
    sound
}
