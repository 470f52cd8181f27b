//! `[[constraint]]`, `[[exclusion]]` and `[cardinality]`: what points must keep.

use design::{Cardinality, Condition, Exclusion, FactorKind, LinearConstraint, Relation, Space};
use source::{At, Item, Problem, Sink, Table};

fn index(space: &Space, name: &At<String>, sink: &Sink) -> Option<usize> {
    let found = space.index(&name.value);
    if found.is_none() {
        let names = space.factors.iter().map(|factor| factor.name.as_str());
        sink.push(Problem::unknown_name("factor", name, names));
    }
    found
}

pub(super) fn constraint(table: Table, space: &Space) -> Option<LinearConstraint> {
    let mut terms = Vec::new();
    if let Some(weights) = table.required_table("terms") {
        for (name, item) in weights.entries() {
            let weight = item.number();
            terms.extend(index(space, &name, table.sink()).zip(weight));
        }
    }
    let sides = [
        ("at_most", Relation::AtMost),
        ("at_least", Relation::AtLeast),
        ("equal", Relation::Equal),
    ];
    let mut bounds: Vec<(Relation, f64)> = Vec::new();
    for (key, relation) in sides {
        bounds.extend(
            table
                .optional::<f64>(key)
                .map(|bound| (relation, bound.value)),
        );
    }
    let bound = match bounds.as_slice() {
        [one] => Some(*one),
        _ => {
            table.push(
                table
                    .problem(format!("{} bounds in one constraint", bounds.len()))
                    .expected("one of at_most, at_least, equal")
                    .help("write a [[constraint]] for each side"),
            );
            None
        }
    };
    table.finish();
    let (relation, bound) = bound?;
    Some(LinearConstraint {
        terms,
        relation,
        bound,
    })
}

pub(super) fn exclusion(table: Table, space: &Space) -> Option<Exclusion> {
    let mut when = Vec::new();
    if let Some(conditions) = table.required_table("when") {
        for (name, item) in conditions.entries() {
            let Some(at) = index(space, &name, table.sink()) else {
                continue;
            };
            if item.is_table() {
                let Some(range) = item.table() else { continue };
                let low = range.or("low", f64::NEG_INFINITY);
                let high = range.or("high", f64::INFINITY);
                range.finish();
                when.push((at, Condition::Within { low, high }));
                continue;
            }
            let FactorKind::Categorical { levels, .. } = &space.factors[at].kind else {
                item.push(
                    item.problem(format!("'{}' is not categorical", name.value))
                        .expected("{ low = …, high = … }, or one of them"),
                );
                continue;
            };
            let items = if item.is_list() {
                item.list().unwrap_or_default()
            } else {
                vec![item]
            };
            let mut chosen = Vec::new();
            for item in items {
                let Some(level) = item.read::<String>() else {
                    continue;
                };
                match levels.iter().position(|known| *known == level.value) {
                    Some(at) => chosen.push(at),
                    None => item.push(Problem::unknown_name(
                        "level",
                        &level,
                        levels.iter().map(String::as_str),
                    )),
                }
            }
            when.push((at, Condition::OneOf(chosen)));
        }
    }
    table.finish();
    Some(Exclusion { when })
}

pub(super) fn cardinality(table: Table, space: &Space) -> Option<Cardinality> {
    let names = table
        .required_item("factors", "[\"a\", \"b\"]")
        .and_then(|item| item.list());
    let factors = names.map(|items| {
        let names = items.iter().filter_map(Item::read::<String>);
        names
            .filter_map(|name| index(space, &name, table.sink()))
            .collect::<Vec<usize>>()
    });
    let at_least = table.or("at_least", 0usize);
    let at_most = table.required::<usize>("at_most");
    table.finish();
    Some(Cardinality {
        factors: factors?,
        at_least,
        at_most: at_most?.value,
    })
}
