//! What requests may hold beyond the protocol of the optimiser bench.

use serde_json::Value;

use super::message::{Reader, list, number, present, short, text, unknown};
use crate::question::{Costs, Question};
use crate::space::{Cardinality, Condition, Exclusion, Factor, FactorKind, Level, Space};

fn place(name: &str, space: &Space) -> Result<usize, String> {
    space.index(name).ok_or_else(|| unknown(name, space))
}

/// Adds the exclusions and the cardinality limit that the request's space has.
pub(super) fn rules(request: &Value, space: &mut Space) -> Result<(), String> {
    for exclusion in list(request, "exclusions")?.into_iter().flatten() {
        let conditions = list(exclusion, "when")?.ok_or("an exclusion has no `when`")?;
        let when = conditions
            .iter()
            .map(|condition| self::condition(condition, space))
            .collect::<Result<Vec<_>, _>>()?;
        space.exclusions.push(Exclusion { when });
    }
    let Some(limit) = present(request, "cardinality") else {
        return Ok(());
    };
    let names = list(limit, "params")?.ok_or("`cardinality` has no `params`")?;
    let factors = names
        .iter()
        .map(|name| {
            let name = name
                .as_str()
                .ok_or_else(|| format!("`cardinality` names {}, expected texts", short(name)))?;
            place(name, space)
        })
        .collect::<Result<Vec<_>, _>>()?;
    let bound = |key: &str, default: usize| match present(limit, key) {
        None => Ok(default),
        Some(value) => value.as_u64().map(|count| count as usize).ok_or_else(|| {
            format!(
                "`{key}` of `cardinality` is {}, expected a whole number",
                short(value)
            )
        }),
    };
    let (at_least, at_most) = (bound("at_least", 0)?, bound("at_most", factors.len())?);
    space.cardinality = Some(Cardinality {
        factors,
        at_least,
        at_most,
    });
    Ok(())
}

fn condition(condition: &Value, space: &Space) -> Result<(usize, Condition), String> {
    let name = text(condition, "param", "an exclusion's condition")?;
    let index = place(name, space)?;
    let factor = &space.factors[index];
    if let Some(levels) = list(condition, "in")? {
        let reader = Reader::new(factor);
        let levels = levels
            .iter()
            .map(|value| match reader.level(value)? {
                Level::Category(level) => Ok(level),
                _ => Err(format!(
                    "an exclusion has `in` for `{name}`, which is not categorical: give `low` and `high`"
                )),
            })
            .collect::<Result<Vec<_>, _>>()?;
        return Ok((index, Condition::OneOf(levels)));
    }
    if matches!(factor.kind, FactorKind::Categorical { .. }) {
        return Err(format!("an exclusion's condition on `{name}` has no `in`"));
    }
    let end = |key: &str, open: f64| match present(condition, key) {
        None => Ok(open),
        Some(_) => number(condition, key, "an exclusion's condition"),
    };
    let (low, high) = (end("low", f64::NEG_INFINITY)?, end("high", f64::INFINITY)?);
    Ok((index, Condition::Within { low, high }))
}

/// Reads levels of some factors: `{"assay": "full", "ph": 7}`.
pub(super) fn held(levels: &Value, space: &Space) -> Result<Vec<(usize, Level)>, String> {
    let levels = levels
        .as_object()
        .ok_or_else(|| format!("found {}, expected an object of levels", short(levels)))?;
    levels
        .iter()
        .map(|(name, value)| {
            let index = place(name, space)?;
            let factor = &space.factors[index];
            let level = Reader::new(factor).level(value)?;
            if factor.contains(&level) {
                Ok((index, level))
            } else {
                let (found, expected) = (factor.print(&level), factor.expected());
                Err(format!("`{name}` is {found}, expected {expected}"))
            }
        })
        .collect()
}

/// Adds what the request asks beyond objectives and outcome constraints.
pub(super) fn question(
    request: &Value,
    space: &Space,
    question: &mut Question,
) -> Result<(), String> {
    let first = list(request, "objectives")?.and_then(|goals| goals.first());
    if let Some(goal) = first.filter(|goal| present(goal, "level").is_some()) {
        question.level = Some(number(goal, "level", "an objective")?);
    }
    if let Some(target) = present(request, "target") {
        question.target = held(target, space).map_err(|why| format!("`target`: {why}"))?;
    }
    question.cheaper = present(request, "cheaper") == Some(&Value::Bool(true));
    let Some(costs) = present(request, "costs") else {
        return Ok(());
    };
    let mut read = Costs::default();
    if present(costs, "base").is_some() {
        read.base = number(costs, "base", "`costs`")?;
    }
    for term in list(costs, "terms")?.into_iter().flatten() {
        let index = place(text(term, "param", "a term of `costs`")?, space)?;
        read.terms
            .push((index, number(term, "coef", "a term of `costs`")?));
    }
    if let Some(levels) = present(costs, "levels") {
        let levels = levels
            .as_object()
            .ok_or("`levels` of `costs` is no object")?;
        for (name, prices) in levels {
            let index = place(name, space)?;
            read.levels
                .push((index, self::prices(prices, &space.factors[index])?));
        }
    }
    question.costs = Some(read);
    Ok(())
}

fn prices(prices: &Value, factor: &Factor) -> Result<Vec<f64>, String> {
    let name = &factor.name;
    let FactorKind::Categorical { levels, .. } = &factor.kind else {
        return Err(format!(
            "`costs` has prices for the levels of `{name}`, which is not categorical: give it a term"
        ));
    };
    levels
        .iter()
        .map(|level| match prices.get(level) {
            None => Ok(0.0),
            Some(_) => number(prices, level, "`costs`"),
        })
        .collect()
}
