//! One `[[hypothesis]]`: a formula, a mechanism of the library, or some smooth response.

use design::{FactorKind, Space};
use mechanism::Mechanism;
use quantity::Seed;
use reason::rivals::{Axis, Formula, Hypothesis, Parameter, Source, Stated, Surrogate, span};
use source::{At, Item, Problem, Table};
use std::collections::BTreeMap;

/// The ways to say what a hypothesis is.
pub(super) const KINDS: &str = "one of formula = \"…\", mechanism = \"…\", surrogate = { }";
/// Points at which laws are asked what they expect, where a smooth response is to look.
const POINTS: usize = 64;
/// Least and greatest of shares of a range.
const SHARES: std::ops::RangeInclusive<f64> = 1e-3..=1e3;

/// A hypothesis as it was read: whole, or a smooth response that waits for what the others expect.
pub(super) enum Read {
    /// It predicts.
    Whole(Hypothesis),
    /// Some smooth response, with the range of its level where that is stated.
    Smooth {
        /// Its name, and where it stands.
        name: At<String>,
        /// How probable it is beforehand.
        prior: f64,
        /// The level where one is stated, and the rest.
        level: Option<(f64, f64)>,
        /// What varies.
        surrogate: Surrogate,
    },
}

/// Reads one hypothesis.
pub(super) fn read(table: Table, space: &Space) -> Option<Read> {
    let name = table.required::<String>("name");
    let prior = table
        .item("prior")
        .map_or(Some(1.0), |item| item.number_in(1e-9..=1e9));
    let kinds: Vec<&str> = ["formula", "mechanism", "surrogate"]
        .into_iter()
        .filter(|kind| table.has(kind))
        .collect();
    let found = match kinds[..] {
        ["formula"] => formula(&table, space, name.as_ref(), prior),
        ["mechanism"] => tied(&table, space, name.as_ref(), prior),
        ["surrogate"] => smooth(&table, space, name, prior),
        [] => {
            table.push(
                table
                    .problem("nothing says what this hypothesis expects")
                    .expected(KINDS),
            );
            let _ = table.entries();
            None
        }
        _ => {
            let several = kinds.join(" and ");
            table.push(
                table
                    .problem(format!("a hypothesis with {several}"))
                    .expected(KINDS),
            );
            let _ = table.entries();
            None
        }
    };
    table.finish();
    found
}

/// A range of two numbers.
fn range(item: &Item) -> Option<(f64, f64)> {
    let range: Option<Vec<f64>> = item
        .is_list()
        .then(|| item.list())
        .flatten()
        .and_then(|items| items.iter().map(Item::number).collect());
    if let Some([low, high]) = range.as_deref() {
        return Some((*low, *high));
    }
    item.push(
        item.problem("no range")
            .expected("its least and greatest value, such as [0.5, 4]"),
    );
    None
}

/// Why a factor is no number, where it is none.
fn unlike(space: &Space, at: usize) -> bool {
    matches!(
        space.factors[at].kind,
        FactorKind::Categorical { .. } | FactorKind::Sequence { .. }
    )
}

fn formula(
    table: &Table,
    space: &Space,
    name: Option<&At<String>>,
    prior: Option<f64>,
) -> Option<Read> {
    let text = table.required::<String>("formula");
    let mut parameters = Vec::new();
    let mut whole = true;
    if let Some(ranges) = table.table("parameters") {
        for (key, item) in ranges.entries() {
            match range(&item) {
                Some((low, high)) => parameters.push(Parameter::between(&key.value, low, high)),
                None => whole = false,
            }
        }
        ranges.finish();
    }
    let text = text?;
    let refuse = |what: String| table.push(Problem::error(what).at(&text.span));
    let (name, prior) = (name?, prior.filter(|_| whole)?);
    let formula = match Formula::parse(&text.value) {
        Ok(formula) => formula,
        Err(error) => {
            refuse(format!("the formula can't be read: {error}"));
            return None;
        }
    };
    let no_number =
        |used: &&String| (space.index(used)).is_some_and(|factor| unlike(space, factor));
    if let Some(used) = formula.names().iter().find(no_number) {
        refuse(format!(
            "the formula computes with '{used}', which is no number"
        ));
        return None;
    }
    let factors: Vec<&str> = space.factors.iter().map(|f| f.name.as_str()).collect();
    let found = Hypothesis::new(&name.value, prior, formula, parameters, &factors);
    found
        .map_err(|error| refuse(error.to_string()))
        .ok()
        .map(Read::Whole)
}

fn tied(
    table: &Table,
    space: &Space,
    name: Option<&At<String>>,
    prior: Option<f64>,
) -> Option<Read> {
    let known = table.required::<String>("mechanism");
    let inputs = table.table("inputs");
    let parameters = table.table("parameters");
    let Some(own) = known.as_ref().and_then(|at| mechanism::named(&at.value)) else {
        if let Some(at) = &known {
            let names = mechanism::ALL.iter().map(|own| own.name);
            table.push(Problem::unknown_name("mechanism", at, names));
        }
        for rest in inputs.into_iter().chain(parameters) {
            let _ = rest.entries();
            rest.finish();
        }
        return None;
    };
    let known = known?;
    let (given, right) = taken(inputs, space, own, &known);
    let stated = stated(parameters, own);
    let (name, prior) = (name?, prior.filter(|_| right)?);
    let found = Hypothesis::of_mechanism(&name.value, prior, own, &given, &stated?);
    found
        .map_err(|error| {
            let takes: Vec<&str> = own.inputs.iter().map(|input| input.name).collect();
            table.push(
                Problem::error(error.to_string())
                    .at(&known.span)
                    .expected(format!(
                        "inputs = {{ {} = \"a factor, or a number\" }}",
                        takes.join(" = …, ")
                    )),
            );
        })
        .ok()
        .map(Read::Whole)
}

/// Where the inputs of a mechanism come from: as stated, else the factor of the same name.
fn taken(
    inputs: Option<Table>,
    space: &Space,
    own: &'static Mechanism,
    known: &At<String>,
) -> (BTreeMap<&'static str, Source>, bool) {
    let (mut given, mut right) = (BTreeMap::new(), true);
    let mut tie = |input: &mechanism::Input, factor: usize, refuse: &dyn Fn(String)| {
        let unit = &space.factors[factor].unit;
        if unlike(space, factor) {
            refuse(format!(
                "'{}' is no number, and the mechanism takes one",
                space.factors[factor].name
            ));
            return false;
        }
        if !unit.is_empty() && !input.unit.is_empty() && unit != input.unit {
            refuse(format!(
                "'{}' is in {unit}, and the mechanism takes its {} in {}",
                space.factors[factor].name, input.name, input.unit
            ));
            return false;
        }
        given.insert(input.name, Source::Factor(factor));
        true
    };
    let mut fixed = Vec::new();
    let mut said = Vec::new();
    if let Some(table) = inputs {
        for (key, item) in table.entries() {
            let Some(input) = own.inputs.iter().find(|input| input.name == key.value) else {
                let names = own.inputs.iter().map(|input| input.name);
                item.push(Problem::unknown_name(
                    &format!("input of {}", own.name),
                    &key,
                    names,
                ));
                right = false;
                continue;
            };
            said.push(input.name);
            if item.is_number() {
                fixed.extend(item.number().map(|value| (input.name, value)));
                continue;
            }
            let Some(factor) = item.read::<String>() else {
                right = false;
                continue;
            };
            match space.index(&factor.value) {
                Some(at) => {
                    let refuse = |what: String| item.push(Problem::error(what).at(&factor.span));
                    right &= tie(input, at, &refuse);
                }
                None => {
                    let names = space.factors.iter().map(|factor| factor.name.as_str());
                    item.push(Problem::unknown_name("factor", &factor, names));
                    right = false;
                }
            }
        }
        for input in own.inputs.iter().filter(|own| !said.contains(&own.name)) {
            if let Some(at) = space.index(input.name) {
                let refuse = |what: String| table.push(Problem::error(what).at(&known.span));
                right &= tie(input, at, &refuse);
            }
        }
        table.finish();
    } else {
        for input in own.inputs {
            if let Some(at) = space.index(input.name) {
                // Whatever is wrong with it shows as an input that nothing gives.
                let _ = tie(input, at, &|_| {});
            }
        }
    }
    let fixed = fixed
        .into_iter()
        .map(|(name, value)| (name, Source::Fixed(value)));
    given.extend(fixed);
    (given, right)
}

/// What a file says of a mechanism's parameters: a number fixes one, a range leaves it open.
fn stated(
    parameters: Option<Table>,
    own: &'static Mechanism,
) -> Option<BTreeMap<&'static str, Stated>> {
    let (mut found, mut right) = (BTreeMap::new(), true);
    if let Some(table) = parameters {
        for (key, item) in table.entries() {
            let parameter = own.parameters.iter().find(|own| own.name == key.value);
            let Some(parameter) = parameter else {
                let names = own.parameters.iter().map(|parameter| parameter.name);
                item.push(Problem::unknown_name(
                    &format!("parameter of {}", own.name),
                    &key,
                    names,
                ));
                right = false;
                continue;
            };
            let stated = if item.is_number() {
                item.number().map(Stated::Fixed)
            } else {
                range(&item).map(|(low, high)| Stated::Open(low, high))
            };
            match stated {
                Some(stated) => {
                    found.insert(parameter.name, stated);
                }
                None => right = false,
            }
        }
        table.finish();
    }
    right.then_some(found)
}

fn smooth(
    table: &Table,
    space: &Space,
    name: Option<At<String>>,
    prior: Option<f64>,
) -> Option<Read> {
    let settings = table.table("surrogate")?;
    let factors = settings.list::<String>("factors");
    let mut right = true;
    let mut places: Vec<usize> = Vec::new();
    match &factors {
        None => places.extend(0..space.factors.len()),
        Some(list) => {
            for factor in list {
                match space.index(&factor.value) {
                    Some(at) if !places.contains(&at) => places.push(at),
                    Some(_) => {}
                    None => {
                        let names = space.factors.iter().map(|factor| factor.name.as_str());
                        settings.push(Problem::unknown_name("factor", factor, names));
                        right = false;
                    }
                }
            }
        }
    }
    let sequence = places
        .iter()
        .find(|at| matches!(space.factors[**at].kind, FactorKind::Sequence { .. }));
    if let Some(at) = sequence {
        settings.push(settings.problem(format!(
            "'{}' is a sequence, along which nothing is smooth here",
            space.factors[*at].name
        )));
        right = false;
    }
    let mut pair = |key: &str, shares: bool| -> Option<(f64, f64)> {
        let item = settings.item(key)?;
        let (low, high) = range(&item).or_else(|| {
            right = false;
            None
        })?;
        let inside = !shares || (SHARES.contains(&low) && SHARES.contains(&high));
        if low < high && inside {
            return Some((low, high));
        }
        right = false;
        item.push(item.problem("no range").expected(if shares {
            "the lower first, both above zero: shares of a range"
        } else {
            "the lower first"
        }));
        None
    };
    let level = pair("level", false);
    let (size, reach) = (pair("size", true), pair("reach", true));
    settings.finish();
    let axes = places.iter().map(|at| {
        let factor = &space.factors[*at];
        Axis {
            factor: *at,
            name: factor.name.clone(),
            range: factor.range().unwrap_or((0.0, 1.0)),
            names: matches!(factor.kind, FactorKind::Categorical { .. }),
        }
    });
    let mut surrogate = Surrogate::new(axes.collect(), level.unwrap_or((0.0, 1.0)));
    surrogate.size = size.unwrap_or(surrogate.size);
    surrogate.reach = reach.unwrap_or(surrogate.reach);
    let (name, prior) = (name?, prior.filter(|_| right)?);
    Some(Read::Smooth {
        name,
        prior,
        level,
        surrogate,
    })
}

/// Hypotheses that predict: a smooth response looks where the laws beside it expect responses.
pub(super) fn whole(read: Vec<Read>, space: &Space, root: &Table) -> Option<Vec<Hypothesis>> {
    let laws: Vec<Hypothesis> = read
        .iter()
        .filter_map(|own| match own {
            Read::Whole(own) => Some(own.clone()),
            Read::Smooth { .. } => None,
        })
        .collect();
    let mut rng = Seed(0).derive("span", 0).rng();
    let points: Vec<Vec<f64>> = (0..POINTS)
        .filter_map(|_| space.sample(&mut rng).ok())
        .map(|point| reason::rivals::numbers(&point))
        .collect();
    let expected = span(&laws, &points, &mut rng);
    let each = read.into_iter().map(|own| match own {
        Read::Whole(own) => Some(own),
        Read::Smooth {
            name,
            prior,
            level,
            mut surrogate,
        } => match level.or(expected) {
            Some(level) => {
                surrogate.level = level;
                Some(Hypothesis::smooth(&name.value, prior, surrogate))
            }
            None => {
                root.push(
                    Problem::error(format!(
                        "nothing says where '{}' is to look: no formula or mechanism beside it expects anything",
                        name.value
                    ))
                    .at(&name.span)
                    .expected("surrogate = { level = [0, 1] }: between what values most responses lie"),
                );
                None
            }
        },
    });
    each.collect()
}
