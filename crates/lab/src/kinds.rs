//! Kinds of instrument: the catalogue that ships, and what a lab file changes or adds.

use bus::{Capability, Consumable, DurationModel, Range, Role, Use};
use labware::{Cover, LabwareClass};
use protocol::vocabulary::{self, Form, Word};
use quantity::{Duration, Kind as QuantityKind, Ratio};
use source::{At, Document, Item, Problem, Problems, Sink, Table};
use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::sync::{Arc, OnceLock};

use crate::limits::{MAX_NESTS, MAX_PLANNED, MAX_STOCK};

/// The catalogue as it stands in the source tree.
const SHIPPED: &str = include_str!("instruments.toml");

const ROLES: [(&str, Role); 4] = [
    ("work", Role::Work),
    ("storage", Role::Storage),
    ("waste", Role::Waste),
    ("quarantine", Role::Quarantine),
];

/// A kind of instrument.
#[derive(Clone, Debug, PartialEq)]
pub struct Kind {
    /// What it is, for people.
    pub about: String,
    /// What it is for in the hall.
    pub role: Role,
    /// How many nests it has.
    pub nests: u32,
    /// Whether it works on all its nests at once, or how many.
    pub simultaneous: Simultaneous,
    /// Whether it has a door.
    pub door: bool,
    /// The classes of labware that fit its nests.
    pub labware: Vec<LabwareClass>,
    /// The covers with which it works.
    pub covers: Vec<Cover>,
    /// What it offers, by the word of the vocabulary.
    pub offers: BTreeMap<Arc<str>, Offer>,
    /// What it uses up, with the pieces when full.
    pub consumables: BTreeMap<Arc<str>, (u32, Option<Duration>)>,
}

/// How many plates an instrument works on at once.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Simultaneous {
    /// As many as it has nests.
    All,
    /// So many.
    Some(u32),
}

/// What an instrument offers under one word.
#[derive(Clone, Debug, PartialEq)]
pub struct Offer {
    /// Parameters that are limited.
    pub limits: BTreeMap<Arc<str>, Range>,
    /// How long it takes.
    pub duration: DurationModel,
    /// What it uses up.
    pub uses: Option<Use>,
}

/// Kinds of instrument by name.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Kinds(BTreeMap<Arc<str>, Kind>);

impl Kinds {
    /// The kinds that ship with Nilometer.
    ///
    /// # Errors
    /// None with the catalogue that ships; a test reads it.
    pub fn standard() -> Result<&'static Self, &'static Problems> {
        static KINDS: OnceLock<Result<Kinds, Problems>> = OnceLock::new();
        KINDS
            .get_or_init(|| {
                let document = Document::parse("instruments.toml", SHIPPED)?;
                let sink = Sink::new();
                let mut kinds = Kinds::default();
                let root = document.root(&sink);
                for (name, item) in root.entries() {
                    kinds.add(&name, &item);
                }
                root.finish();
                sink.finish(kinds).map(|(kinds, _)| kinds)
            })
            .as_ref()
    }

    /// The kind with this name.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&Kind> {
        self.0.get(name)
    }

    /// Every name.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.0.keys().map(|name| &**name)
    }

    /// Every kind with its name.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &Kind)> {
        self.0.iter().map(|(name, kind)| (&**name, kind))
    }

    /// The kinds as Markdown: what `labs/README.md` ends with.
    #[must_use]
    pub fn reference(&self) -> String {
        let mut out = String::from(
            "| kind | what it is | nests | labware | offers (time for one plate of 96 wells, beside its own) |\n| --- | --- | --- | --- | --- |\n",
        );
        for (name, kind) in self.iter() {
            let offers: Vec<String> = kind
                .offers
                .iter()
                .map(|(word, offer)| {
                    let time = offer.duration.handling(96);
                    format!("`{word}` ({})", protocol::check::spoken(time))
                })
                .collect();
            let labware: Vec<&str> = kind.labware.iter().map(|class| class.name()).collect();
            let _ = writeln!(
                out,
                "| `{name}` | {} | {} | {} | {} |",
                kind.about,
                kind.nests,
                labware.join(", "),
                offers.join(", ")
            );
        }
        out
    }

    /// Reads a kind that a file describes, on the base of the one that it is `like`, if it says so.
    pub(crate) fn add(&mut self, name: &At<String>, item: &Item<'_>) {
        let Some(table) = item.table() else { return };
        let like = table.optional::<String>("like");
        let base = match &like {
            None => None,
            Some(like) => match self.get(like) {
                Some(kind) => Some(kind.clone()),
                None => {
                    table.push(Problem::unknown_name(
                        "kind of instrument",
                        like,
                        self.names(),
                    ));
                    return;
                }
            },
        };
        if self.get(name).is_some() {
            table.push(
                Problem::error(format!(
                    "there is a kind of instrument called '{}' already",
                    name.value
                ))
                .at(&name.span)
                .help("give yours another name, and say like = \"…\" to start from the other"),
            );
        }
        table.optional::<String>("source");
        let kind = read(&table, base.as_ref());
        table.finish();
        if let Some(kind) = kind {
            self.0.insert(name.value.as_str().into(), kind);
        }
    }
}

/// Reads what a table says of a kind; what it leaves out is as in `base`. The caller finishes the table.
pub(crate) fn read(table: &Table<'_>, base: Option<&Kind>) -> Option<Kind> {
    let mut kind = base.cloned().unwrap_or_else(|| Kind {
        about: String::new(),
        role: Role::Work,
        nests: 1,
        simultaneous: Simultaneous::Some(1),
        door: false,
        labware: Vec::new(),
        covers: Cover::NAMES.iter().map(|(_, cover)| *cover).collect(),
        offers: BTreeMap::new(),
        consumables: BTreeMap::new(),
    });
    if let Some(about) = table.optional::<String>("about") {
        kind.about = about.value;
    }
    if let Some(role) = table.optional_choice("role", &ROLES) {
        kind.role = role.value;
    }
    if let Some(nests) = table
        .item("nests")
        .and_then(|item| item.integer_in(1..=MAX_NESTS))
    {
        kind.nests = nests as u32;
    }
    if let Some(item) = table.item("simultaneous") {
        let read = if item.is_text() {
            item.choice(&[("all", Simultaneous::All)])
                .map(|at| at.value)
        } else {
            let most = i64::from(kind.nests);
            item.integer_in(1..=most)
                .map(|n| Simultaneous::Some(n as u32))
        };
        kind.simultaneous = read.unwrap_or(kind.simultaneous);
    }
    kind.door = table.or("door", kind.door);
    if let Some(classes) = words(table, "labware", &LabwareClass::NAMES) {
        kind.labware = classes;
    }
    if let Some(covers) = words(table, "covers", &Cover::NAMES) {
        kind.covers = covers;
    }
    if let Some(stock) = table.table("consumables") {
        for (name, item) in stock.entries() {
            if let Some(stock) = stocked(&item) {
                kind.consumables.insert(name.value.into(), stock);
            }
        }
        let planned = kind.consumables.values().filter(|c| c.1.is_some()).count();
        if planned > MAX_PLANNED {
            stock.push(
                stock
                    .problem(format!("refills of {planned} consumables"))
                    .expected(format!("a refill time for at most {MAX_PLANNED} of them")),
            );
        }
        stock.finish();
    }
    if let Some(offers) = table.table("offers") {
        for (name, item) in offers.entries() {
            offer(&name, &item, &mut kind);
        }
    }
    for name in table.list::<String>("without").unwrap_or_default() {
        if kind.offers.remove(name.value.as_str()).is_none() {
            table.push(Problem::unknown_name(
                "offer of this kind",
                &name,
                kind.offers.keys().map(|k| &**k),
            ));
        }
    }
    let said = if base.is_some() { None } else { Some(table) };
    if let Some(table) = said {
        if kind.labware.is_empty() && !table.has("labware") {
            let names: Vec<&str> = LabwareClass::NAMES.iter().map(|(name, _)| *name).collect();
            table.push(
                table
                    .problem("'labware' is missing: which plates fit its nests")
                    .expected(format!("labware = a list of {}", names.join(", "))),
            );
        }
        if kind.offers.is_empty() && kind.role == Role::Work && !table.has("offers") {
            table.push(
                table
                    .problem("this kind of instrument offers nothing")
                    .expected("offers = { image = { fixed = \"30 s\" } } with what it can do, or role = \"storage\""),
            );
        }
    }
    Some(kind)
}

/// A list of words, each of which stands for something.
fn words<T: Copy>(table: &Table<'_>, key: &str, names: &[(&str, T)]) -> Option<Vec<T>> {
    let items = table.item(key)?.list()?;
    let found: Vec<Option<T>> = items
        .iter()
        .map(|item| item.choice(names).map(|at| at.value))
        .collect();
    found.into_iter().collect()
}

fn offer(name: &At<String>, item: &Item<'_>, kind: &mut Kind) {
    let Some(word) = vocabulary::word(name) else {
        let words = vocabulary::WORDS.iter().map(|word| word.name);
        item.push(Problem::unknown_name("operation", name, words));
        return;
    };
    let Some(table) = item.table() else { return };
    let base = kind.offers.get(word.name).cloned();
    let fresh = base.is_none();
    let mut offer = base.unwrap_or_else(|| Offer {
        limits: BTreeMap::new(),
        duration: DurationModel {
            fixed: Duration::ZERO,
            per_well: Duration::ZERO,
            parameter: word.param("duration").map(|param| param.name.into()),
            spread: Ratio::from_f64(0.05),
        },
        uses: None,
    });
    let time = |key: &str, now: Duration| {
        let item = table.item(key);
        let read = item.and_then(|item| {
            let at = item.read::<Duration>()?;
            item.within(at.value, &(Duration::ZERO..=Duration::from_hours(24 * 30)))
        });
        read.unwrap_or(now)
    };
    if fresh && !table.has("fixed") && !table.has("per_well") {
        table.push(
            table
                .problem(format!("how long does '{}' take here?", word.name))
                .expected("fixed = a time, per_well = a time, or both"),
        );
    }
    offer.duration.fixed = time("fixed", offer.duration.fixed);
    offer.duration.per_well = time("per_well", offer.duration.per_well);
    if let Some(item) = table.item("spread")
        && let Some(at) = item.read::<Ratio>()
        && let Some(spread) = item.within(at.value, &(Ratio::ZERO..=Ratio::from_f64(1.0)))
    {
        offer.duration.spread = spread;
    }
    if let Some(adds) = table.optional::<String>("adds") {
        let times = word
            .params
            .iter()
            .filter(|p| matches!(p.form, Form::Quantity(QuantityKind::Time, ..)));
        let names: Vec<&str> = times.map(|param| param.name).collect();
        if names.contains(&adds.value.as_str()) {
            offer.duration.parameter = Some(adds.value.into());
        } else {
            let what = format!("time among the parameters of '{}'", word.name);
            table.push(Problem::unknown_name(&what, &adds, names));
        }
    }
    if let Some(uses) = table.table("uses") {
        offer.uses = consumption(uses, kind);
    }
    if let Some(limits) = table.table("limits") {
        for (name, item) in limits.entries() {
            if let Some(range) = limit(word, &name, &item) {
                offer.limits.insert(name.value.into(), range);
            }
        }
    }
    table.finish();
    kind.offers.insert(word.name.into(), offer);
}

/// What is there of a consumable when it is full: `100`, or `{ full = 100, refill = "10 min" }` where refills
/// are to be planned.
fn stocked(item: &Item<'_>) -> Option<(u32, Option<Duration>)> {
    let pieces = |item: &Item<'_>| item.integer_in(1..=MAX_STOCK).map(|n| n as u32);
    if !item.is_table() {
        return Some((pieces(item)?, None));
    }
    let table = item.table()?;
    let full = table.required_item("full", "pieces when full, such as 100");
    let full = full.and_then(|item| pieces(&item));
    let refill = table.required_item("refill", "how long a refill takes, such as \"10 min\"");
    let refill = refill.and_then(|item| {
        let at = item.read::<Duration>()?;
        item.within(
            at.value,
            &(Duration::from_secs(1)..=Duration::from_hours(24)),
        )
    });
    table.finish();
    Some((full?, Some(refill?)))
}

fn consumption(table: Table<'_>, kind: &Kind) -> Option<Use> {
    let name = table.required::<String>("consumable");
    let (per_plate, per_well) = (table.or("per_plate", 0_u32), table.or("per_well", 0_u32));
    if per_plate == 0 && per_well == 0 {
        table.push(
            table
                .problem("this uses nothing up")
                .expected("per_plate = a whole number, per_well = one, or both"),
        );
    }
    let name = name.filter(|name| {
        let there = kind.consumables.contains_key(name.value.as_str());
        if !there {
            let names = kind.consumables.keys().map(|k| &**k);
            table.push(
                Problem::unknown_name("consumable of this kind", name, names).help(format!(
                    "say what it holds when full: consumables = {{ {} = 100 }}",
                    name.value
                )),
            );
        }
        there
    });
    table.finish();
    Some(Use {
        consumable: name?.value.into(),
        per_plate,
        per_well,
    })
}

/// The values of a parameter that an instrument can do: `["4 °C", "70 °C"]`, `[1, 60]` or words.
fn limit(word: &Word, name: &At<String>, item: &Item<'_>) -> Option<Range> {
    let Some(param) = word.param(name) else {
        let what = format!("parameter of '{}'", word.name);
        item.push(Problem::unknown_name(
            &what,
            name,
            word.params.iter().map(|p| p.name),
        ));
        return None;
    };
    let items = item.list()?;
    let two = |what: String| {
        if items.len() == 2 {
            return true;
        }
        item.push(
            item.problem("a range has two values, from and to")
                .found(format!("{} of them", items.len()))
                .expected(format!("[from, to], each {what}")),
        );
        false
    };
    let order = |from: i64, to: i64| {
        if from > to {
            item.push(
                item.problem("this range ends before it begins")
                    .expected("[from, to] with the smaller value first"),
            );
        }
        from <= to
    };
    match param.form {
        Form::Quantity(kind, ..) => {
            if !two(kind.described()) {
                return None;
            }
            let (from, to) = (items[0].quantity(kind)?, items[1].quantity(kind)?);
            order(from, to).then_some(Range::Quantity(kind, from, to))
        }
        Form::Integer(..) => {
            if !two("a whole number".to_owned()) {
                return None;
            }
            let (from, to) = (items[0].integer()?, items[1].integer()?);
            order(from, to).then_some(Range::Integer(from, to))
        }
        Form::OneOf(words) => {
            let choices: Vec<(&str, &str)> = words.iter().map(|w| (*w, *w)).collect();
            let found = items.iter().filter_map(|item| item.choice(&choices));
            Some(Range::OneOf(found.map(|at| at.value.into()).collect()))
        }
    }
}

impl Kind {
    /// What an instrument of this kind offers, as it says when it is plugged in.
    #[must_use]
    pub fn capabilities(&self) -> Vec<Capability> {
        self.offers
            .iter()
            .filter_map(|(name, offer)| {
                let word = vocabulary::word(name)?;
                Some(Capability {
                    name: Arc::clone(name),
                    limits: offer.limits.clone(),
                    labware: self.labware.clone(),
                    covers: word
                        .covers
                        .iter()
                        .copied()
                        .filter(|cover| self.covers.contains(cover))
                        .collect(),
                    repeat: word.repeat,
                    duration: offer.duration.clone(),
                    uses: offer.uses.clone(),
                })
            })
            .collect()
    }

    /// What it uses up.
    #[must_use]
    pub fn stock(&self) -> Vec<Consumable> {
        self.consumables
            .iter()
            .map(|(name, (stock, refill))| Consumable {
                name: Arc::clone(name),
                stock: *stock,
                refill: *refill,
            })
            .collect()
    }

    /// How many plates it works on at once.
    #[must_use]
    pub fn at_once(&self) -> u32 {
        match self.simultaneous {
            Simultaneous::All => self.nests,
            Simultaneous::Some(count) => count.min(self.nests),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_catalogue_is_sound_and_offers_every_word() {
        let kinds = Kinds::standard().unwrap();
        for word in vocabulary::WORDS {
            let offered = kinds
                .iter()
                .any(|(_, kind)| kind.offers.contains_key(word.name));
            assert!(offered, "nothing offers {}", word.name);
        }
        for (name, kind) in kinds.iter() {
            assert!(!kind.about.is_empty() && !kind.labware.is_empty(), "{name}");
            for capability in kind.capabilities() {
                assert!(!capability.covers.is_empty(), "{name} {}", capability.name);
            }
        }
    }

    #[test]
    fn words_and_the_bus_agree_on_covers() {
        for word in vocabulary::WORDS {
            assert_eq!(word.leaves, bus::cover_after(word.name), "{}", word.name);
        }
    }
}
