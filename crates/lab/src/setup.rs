//! What an instrument needs between unlike work: cleaning, another temperature.
//!
//! ```toml
//! instruments = [
//!   { kind = "reagent_dispenser", setup = { between = "liquid", time = "4 min" } },
//!   { kind = "liquid_handler", setup = { between = "protocol", time = "10 min" } },
//!   { kind = "incubator", setup = { between = "temperature", time = "40 min", pairs = [
//!     { from = "30 °C", to = "37 °C", time = "20 min" },
//!   ] } },
//! ]
//! ```

use crate::kinds::Kind;
use bus::{Between, Role, Setup};
use protocol::vocabulary::{self, Form, Param};
use quantity::Duration;
use source::{Item, Problem, Table};
use std::collections::BTreeSet;
use std::sync::Arc;

/// The longest set-up.
const LONGEST: Duration = Duration::from_hours(24);

/// Reads `setup` of an instrument.
pub(crate) fn read(table: &Table<'_>, kind: Option<&Kind>) -> Option<Setup> {
    let setup = table.table("setup")?;
    if kind.is_some_and(|kind| kind.role != Role::Work) {
        setup.push(
            setup
                .problem("a hotel, waste or quarantine does no work that could be unlike")
                .help("leave 'setup' out here"),
        );
    }
    let between = setup.required::<String>("between");
    let time = time(&setup);
    // The parameter of that name, as each operation has it that the kind offers.
    let offers = || kind.into_iter().flat_map(|kind| kind.offers.keys());
    let params: Vec<&Param> = offers()
        .filter_map(|offer| vocabulary::word(offer))
        .flat_map(|word| word.params)
        .collect();
    let between = between.and_then(|name| match name.value.as_str() {
        "protocol" => Some((Between::Protocol, None)),
        "operation" => Some((Between::Operation, None)),
        "liquid"
            if offers()
                .filter_map(|o| vocabulary::word(o))
                .any(|w| w.adds_liquid) =>
        {
            Some((Between::Liquid, None))
        }
        own => match params.iter().find(|param| param.name == own) {
            Some(param) => Some((Between::Parameter(own.into()), Some(*param))),
            None => {
                let known: BTreeSet<&str> = params.iter().map(|p| p.name).collect();
                let known = ["protocol", "operation", "liquid"].into_iter().chain(known);
                let what = "difference between work on this instrument";
                setup.push(Problem::unknown_name(what, &name, known));
                None
            }
        },
    });
    let mut pairs = Vec::new();
    for pair in setup.tables("pairs") {
        let param = between.as_ref().and_then(|(_, param)| *param);
        let end = |key: &str| {
            pair.required_item(key, "the work before or after")
                .and_then(|i| work(&i, param))
        };
        let (from, to, short) = (end("from"), end("to"), self::time(&pair));
        if let (Some((Between::Liquid, _)), Some(_)) = (&between, &from) {
            pair.push(
                pair.problem("liquids have no names here, each protocol brings its own")
                    .help("leave 'pairs' out, and give the time that is enough for all liquids"),
            );
        }
        let span = pair.span();
        let sink = pair.sink();
        pair.finish();
        if let (Some(short), Some(time)) = (short, time)
            && (short > time || short + short < time)
        {
            sink.push(
                Problem::error("this time and that for all other pairs contradict each other")
                    .at(&span)
                    .expected(format!(
                        "from {} to {}: otherwise a way round by a third kind of work would be quicker",
                        protocol::check::spoken(time / 2),
                        protocol::check::spoken(time)
                    )),
            );
        }
        if let (Some(from), Some(to), Some(short)) = (from, to, short) {
            pairs.push((from, to, short));
        }
    }
    setup.finish();
    Some(Setup {
        between: between?.0,
        time: time?,
        pairs,
    })
}

fn time(table: &Table<'_>) -> Option<Duration> {
    let item = table.required_item("time", "how long it takes, such as \"5 min\"")?;
    let at = item.read::<Duration>()?;
    item.within(at.value, &(Duration::from_secs(1)..=LONGEST))
}

/// A kind of work as [`Setup::work`] names it: a value of the parameter, or a name.
fn work(item: &Item<'_>, param: Option<&Param>) -> Option<Arc<str>> {
    let value = match param.map(|param| &param.form) {
        Some(Form::Quantity(kind, ..)) => {
            protocol::Value::Quantity(*kind, item.quantity(*kind)?).to_string()
        }
        Some(Form::Integer(..)) => item.integer()?.to_string(),
        _ => item.read::<String>()?.value,
    };
    Some(value.into())
}
