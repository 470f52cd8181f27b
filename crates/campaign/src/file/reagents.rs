//! `[[reagent]]`: the liquids on the shelf.

use crate::reagent::{Reagent, Shelf, Strength, Substance};
use design::{FactorKind, Space};
use quantity::{Concentration, Kind, MassConcentration, Volume};
use source::{At, Item, Problem, Span, Table};

/// The shelf with the place of each reagent in the file.
#[derive(Debug, Default)]
pub(super) struct ShelfFile {
    pub shelf: Shelf,
    pub spans: Vec<Span>,
    /// Names of reagents with a problem of their own, which is enough said of them.
    pub broken: Vec<String>,
}

pub(super) fn read(root: &Table, space: &Space) -> ShelfFile {
    let mut file = ShelfFile::default();
    let tables = root.tables("reagent");
    if tables.is_empty() && !root.has("reagent") {
        root.push(
            root.problem("no reagent: nothing could be put into a well")
                .expected("[[reagent]] with a name and what it is"),
        );
    }
    for table in tables {
        let named = table
            .item("name")
            .filter(Item::is_text)
            .and_then(|item| item.read::<String>());
        let Some((name, what, amount)) = reagent(table, space) else {
            file.broken.extend(named.map(|at| at.value));
            continue;
        };
        if let Some(first) = file.shelf.named(&name.value) {
            let at = file
                .shelf
                .reagents
                .iter()
                .position(|r| r.id == first.id)
                .unwrap_or(0);
            root.push(
                Problem::error(format!("two reagents are called '{}'", name.value))
                    .at(&name.span)
                    .note(&file.spans[at], "the first one"),
            );
            continue;
        }
        let members = match what {
            Substance::Levels { factor } => space.factors[factor]
                .count()
                .map_or(1, |count| count as u32),
            Substance::Library { .. } => space
                .candidates
                .as_ref()
                .map_or(1, |table| table.len() as u32),
            _ => 1,
        };
        let id = file.shelf.next_id();
        file.shelf.reagents.push(Reagent {
            id,
            name: name.value.as_str().into(),
            what,
            members,
            amount,
        });
        file.spans.push(name.span);
    }
    file
}

/// The keys that say what a reagent is.
const WHAT: &str =
    "one of inert, culture, solution, electrolyte, intervention, component, levels, library";

fn reagent(table: Table, space: &Space) -> Option<(At<String>, Substance, Option<Volume>)> {
    let name = table.required::<String>("name");
    let amount = table.optional::<Volume>("amount").map(|at| at.value);
    let mut found: Vec<(Span, Option<Substance>)> = Vec::new();
    if let Some(item) = table.item("inert")
        && item.boolean() != Some(false)
    {
        found.push((item.span(), Some(Substance::Inert)));
    }
    if let Some(item) = table.item("culture") {
        let density = item.number_in(0.0..=100.0);
        found.push((
            item.span(),
            density.map(|density| Substance::Culture { density }),
        ));
    }
    if let Some(item) = table.item("solution") {
        let substance = item.read::<String>();
        let strength = table
            .required_item("strength", "\"2 mg/L\" or \"1 mmol/L\"")
            .and_then(|s| strength(&s));
        let what = substance
            .zip(strength)
            .map(|(substance, strength)| Substance::Solution {
                substance: substance.value.as_str().into(),
                strength,
            });
        found.push((item.span(), what));
    }
    if let Some(item) = table.item("electrolyte") {
        let what = item.table().and_then(|inner| {
            let (blend, salt) = (
                inner.required::<String>("blend"),
                inner.required::<Concentration>("salt"),
            );
            inner.finish();
            Some(Substance::Electrolyte {
                blend: blend?.value.as_str().into(),
                salt: salt?.value,
            })
        });
        found.push((item.span(), what));
    }
    if let Some(item) = table.item("intervention") {
        let what = item.table().and_then(|inner| {
            let gene = inner.required::<String>("gene");
            let (effect, strength) = (
                inner.required::<f64>("effect"),
                inner.required::<f64>("strength"),
            );
            inner.finish();
            Some(Substance::Intervention {
                gene: gene?.value.as_str().into(),
                effect: effect?.value,
                strength: strength?.value,
            })
        });
        found.push((item.span(), what));
    }
    if let Some(item) = table.item("component") {
        let factor = factor_of(&item, space, "a mixture", |kind| {
            matches!(kind, FactorKind::Mixture { .. })
        });
        found.push((
            item.span(),
            factor.map(|factor| Substance::Component { factor }),
        ));
    }
    if let Some(item) = table.item("levels") {
        let factor = factor_of(&item, space, "categorical or ordinal", |kind| {
            matches!(
                kind,
                FactorKind::Categorical { .. } | FactorKind::Ordinal { .. }
            )
        });
        found.push((
            item.span(),
            factor.map(|factor| Substance::Levels { factor }),
        ));
    }
    if let Some(item) = table.item("library") {
        let factor = factor_of(&item, space, "a sequence", |kind| {
            matches!(kind, FactorKind::Sequence { .. })
        });
        if space.candidates.is_none() {
            item.push(
                item.problem("a library needs the list of its members")
                    .expected("[candidates] with file and columns"),
            );
        }
        found.push((
            item.span(),
            factor.map(|factor| Substance::Library { factor }),
        ));
    }
    let what = match found.as_slice() {
        [(_, what)] => what.clone(),
        [] => {
            table.push(
                table
                    .problem("it isn't said what this reagent is")
                    .expected(WHAT),
            );
            None
        }
        [(first, _), .., (last, _)] => {
            table.push(
                Problem::error("this reagent is two things at once")
                    .at(last)
                    .note(first, "already said here")
                    .expected(WHAT),
            );
            None
        }
    };
    table.finish();
    Some((name?, what?, amount))
}

fn factor_of(
    item: &Item,
    space: &Space,
    wanted: &str,
    fits: impl Fn(&FactorKind) -> bool,
) -> Option<usize> {
    let name = item.read::<String>()?;
    let Some(at) = space.index(&name.value) else {
        item.push(Problem::unknown_name(
            "factor",
            &name,
            space.factors.iter().map(|f| f.name.as_str()),
        ));
        return None;
    };
    if !fits(&space.factors[at].kind) {
        item.push(
            item.problem(format!("factor '{}' is not {wanted}", name.value))
                .expected(format!("the name of a factor that is {wanted}")),
        );
        return None;
    }
    Some(at)
}

fn strength(item: &Item) -> Option<Strength> {
    let text = item.read::<String>()?;
    // The unit decides between amount and mass; what is neither gets the message for mass.
    if let Ok(base) = Kind::Concentration.parse(&text.value) {
        return Some(Strength::Molar(Concentration::from_base(base)));
    }
    item.read::<MassConcentration>()
        .map(|mass| Strength::Mass(mass.value))
}

/// The strength of a stock in the unit of a factor or a dose series; a problem at `item` if it has
/// none in that unit.
pub(super) fn stock(reagent: &Reagent, unit: &str, item: &Item) -> Option<f64> {
    let (kind, base) = match &reagent.what {
        Substance::Solution {
            strength: Strength::Molar(molar),
            ..
        } => (Kind::Concentration, molar.base()),
        Substance::Solution {
            strength: Strength::Mass(mass),
            ..
        } => (Kind::MassConcentration, mass.base()),
        Substance::Electrolyte { salt, .. } => (Kind::Concentration, salt.base()),
        Substance::Intervention { strength, .. } if unit.is_empty() => return Some(*strength),
        Substance::Culture { density } if unit.is_empty() => return Some(*density),
        _ => {
            item.push(
                item.problem(format!("'{}' has no strength in '{unit}'", reagent.name))
                    .expected("a reagent that is a solution, an electrolyte or an intervention"),
            );
            return None;
        }
    };
    match kind.unit(unit) {
        Some(unit) if base > 0 => Some(unit.from_base(base as f64)),
        Some(_) => {
            item.push(item.problem(format!(
                "'{}' has strength zero: no dose can be made of it",
                reagent.name
            )));
            None
        }
        None => {
            let units: Vec<&str> = kind.units().iter().map(|unit| unit.symbol).collect();
            item.push(
                item.problem(format!(
                    "'{}' is a {} and the level is in '{unit}'",
                    reagent.name,
                    kind.name()
                ))
                .expected(format!("unit = one of {}", units.join(", ")))
                .help("give the factor a unit of the same kind as the stock's strength"),
            );
            None
        }
    }
}
