//! Parameters of a step, as the vocabulary wants them.

use crate::vocabulary::{Form, Given, Param, Word};
use crate::{Params, Value};
use quantity::Kind;
use source::{Item, Problem, Span, Table};
use std::collections::BTreeMap;
use std::sync::Arc;

/// Where each given parameter stands.
pub(crate) type Places = BTreeMap<Arc<str>, Span>;

/// Reads the parameters of an operation; what is wrong goes to the table's sink. Defaults are filled in.
pub(crate) fn read(word: &Word, table: &Table<'_>) -> (Params, Places) {
    let (mut params, mut places) = (Params::new(), Places::new());
    for param in word.params {
        let name: Arc<str> = param.name.into();
        let item = match param.given {
            Given::Required => table.required_item_or(param.name, || {
                (
                    format!("'{}' needs '{}': {}", word.name, param.name, param.about),
                    format!("{} = {}", param.name, param.form.describe()),
                )
            }),
            _ => table.item(param.name),
        };
        match (item, param.given) {
            (Some(item), _) => {
                if let Some(value) = value(param, &item) {
                    params.insert(Arc::clone(&name), value);
                }
                places.insert(name, item.span());
            }
            (None, Given::Default(text)) => {
                if let Some(value) = default(param, text) {
                    params.insert(name, value);
                }
            }
            (None, Given::Required | Given::Optional) => {}
        }
    }
    if let Some((first, second)) = word.together {
        pair(word, &params, &places, (first, second), table);
    }
    (params, places)
}

fn value(param: &Param, item: &Item<'_>) -> Option<Value> {
    match param.form {
        Form::Quantity(kind, from, to) => {
            let base = item.quantity(kind)?;
            let range = (kind.parse(from).ok()?, kind.parse(to).ok()?);
            if (range.0..=range.1).contains(&base) {
                return Some(Value::Quantity(kind, base));
            }
            let (side, limit) = if base < range.0 {
                ("below", from)
            } else {
                ("above", to)
            };
            item.push(
                item.problem(format!("{} is {side} {limit}", kind.show(base)))
                    .expected(format!("{}: {}", param.about, param.form.describe())),
            );
            None
        }
        Form::Integer(from, to) => item.integer_in(from..=to).map(Value::Integer),
        Form::OneOf(words) => {
            let choices: Vec<(&str, &str)> = words.iter().map(|w| (*w, *w)).collect();
            item.choice(&choices).map(|at| Value::Text(at.value.into()))
        }
    }
}

fn default(param: &Param, text: &str) -> Option<Value> {
    match param.form {
        Form::Quantity(kind, ..) => kind
            .parse(text)
            .ok()
            .map(|base| Value::Quantity(kind, base)),
        Form::Integer(..) => text.parse().ok().map(Value::Integer),
        Form::OneOf(_) => Some(Value::Text(text.into())),
    }
}

/// Two parameters that only make sense together, the first of them not longer than the second.
fn pair(word: &Word, params: &Params, places: &Places, names: (&str, &str), table: &Table<'_>) {
    let (first, second) = names;
    match (places.get(first), places.get(second)) {
        (Some(there), None) | (None, Some(there)) => {
            let (has, lacks) = if places.contains_key(first) {
                (first, second)
            } else {
                (second, first)
            };
            table.push(
                Problem::error(format!("'{has}' without '{lacks}'"))
                    .at(there)
                    .expected(format!(
                        "both for a kinetic reading, none of them for a single '{}'",
                        word.name
                    )),
            );
        }
        (Some(there), Some(whole)) => {
            let time = |name: &str| match params.get(name) {
                Some(Value::Quantity(Kind::Time, base)) => Some(*base),
                _ => None,
            };
            if let (Some(part), Some(all)) = (time(first), time(second))
                && part > all
            {
                table.push(
                    Problem::error(format!(
                        "the {first} of {} is longer than the {second} of {}",
                        Kind::Time.show(part),
                        Kind::Time.show(all)
                    ))
                    .at(there)
                    .note(whole, format!("the {second}"))
                    .help(format!("leave both out for a single '{}'", word.name)),
                );
            }
        }
        (None, None) => {}
    }
}
