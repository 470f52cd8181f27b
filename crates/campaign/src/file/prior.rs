//! `[prior]`: claims that say where to look first.

use super::files::Files;
use crate::prior::{Belief, Prior};
use design::{FactorKind, Space};
use reason::claims::Claim;
use reason::claims::record::ClaimRecord;
use reason::meta::{Effects, Tau2, Test, fit};
use source::{At, Problem, Table};
use std::collections::BTreeMap;

/// Reads the prior of a campaign about `response`.
pub(super) fn read(
    root: &Table,
    space: &Space,
    response: &str,
    files: &dyn Files,
    inputs: &mut Vec<(String, std::sync::Arc<str>)>,
) -> Option<Prior> {
    let table = root.table("prior")?;
    let file = table.required::<String>("claims");
    let baseline = table
        .required_item("baseline", "the response where no claim speaks")
        .and_then(|item| item.number());
    let claims = file
        .as_ref()
        .and_then(|file| claims(&table, file, files, inputs));
    table.finish();
    let (file, baseline, claims) = (file?, baseline?, claims?);
    let refuse = |what: String| {
        table_problem(root, &file, what);
    };
    let mut by: BTreeMap<String, Vec<Claim>> = BTreeMap::new();
    for claim in claims {
        if claim.outcome.eq_ignore_ascii_case(response) {
            by.entry(claim.intervention.clone())
                .or_default()
                .push(claim);
        }
    }
    if by.is_empty() {
        refuse(format!("none of the claims is about '{response}'"));
        return None;
    }
    let mut beliefs = Vec::new();
    for (words, claims) in by {
        match belief(space, &words, &claims) {
            Ok(belief) => beliefs.push(belief),
            Err(why) => {
                refuse(format!("the claim about '{words}': {why}"));
                return None;
            }
        }
    }
    Some(Prior { baseline, beliefs })
}

fn table_problem(root: &Table, file: &At<String>, what: String) {
    root.push(
        Problem::error(what)
            .at(&file.span)
            .help("docs/claims.md says how claims become a prior"),
    );
}

/// The claims of a file: a JSON list of records, or a record a line.
pub(super) fn claims(
    table: &Table,
    file: &At<String>,
    files: &dyn Files,
    inputs: &mut Vec<(String, std::sync::Arc<str>)>,
) -> Option<Vec<Claim>> {
    let refuse = |what: String, help: Option<String>| {
        let mut problem = Problem::error(format!("claims '{}': {what}", file.value)).at(&file.span);
        problem.help = help;
        table.push(problem);
    };
    let text = match files.beside(&file.value) {
        Ok((_, text)) => text,
        Err(error) => {
            refuse(error.what, error.help);
            return None;
        }
    };
    inputs.push((file.value.clone(), text.as_str().into()));
    let bodies: Vec<String> = if text.trim_start().starts_with('[') {
        match serde_json::from_str::<Vec<serde_json::Value>>(&text) {
            Ok(all) => all.iter().map(ToString::to_string).collect(),
            Err(why) => {
                refuse(format!("it is no JSON list of claims: {why}"), None);
                return None;
            }
        }
    } else {
        let lines = text.lines().filter(|line| !line.trim().is_empty());
        lines.map(str::to_owned).collect()
    };
    let mut all = Vec::new();
    for (at, body) in bodies.iter().enumerate() {
        match ClaimRecord::parse(body.as_bytes()).and_then(|record| record.claim()) {
            Ok(claim) => all.push(claim),
            Err(why) => {
                refuse(format!("claim {}: {why}", at + 1), None);
                return None;
            }
        }
    }
    Some(all)
}

/// `FACTOR = LEVEL`, or `FACTOR` for one that is a number.
fn belief(space: &Space, words: &str, claims: &[Claim]) -> Result<Belief, String> {
    let (name, level) = match words.split_once('=') {
        Some((name, level)) => (name.trim(), Some(level.trim())),
        None => (words.trim(), None),
    };
    let names = || space.factors.iter().map(|factor| factor.name.as_str());
    let near = |word: &str, names: Vec<&str>| {
        quantity::nearest(word, names)
            .map_or(String::new(), |near| format!("; did you mean '{near}'?"))
    };
    let factor = space.index(name).ok_or_else(|| {
        format!(
            "there is no factor '{name}'{}",
            near(name, names().collect())
        )
    })?;
    let level = match (&space.factors[factor].kind, level) {
        (FactorKind::Categorical { levels, .. }, Some(level)) => {
            let place = levels.iter().position(|own| own == level);
            Some(place.ok_or_else(|| {
                let known = levels.iter().map(String::as_str).collect();
                format!("'{name}' has no level '{level}'{}", near(level, known))
            })?)
        }
        (FactorKind::Categorical { .. }, None) => {
            return Err(format!("'{name}' has levels; expected '{name} = LEVEL'"));
        }
        (FactorKind::Sequence { .. }, _) => {
            return Err(format!(
                "'{name}' is a sequence, of which no claim can be used"
            ));
        }
        (_, Some(_)) => return Err(format!("'{name}' is a number; expected '{name}' alone")),
        (_, None) => None,
    };
    let sized: Vec<(f64, f64)> = claims
        .iter()
        .filter_map(|claim| claim.size.effect())
        .collect();
    let (estimate, sd) = match sized.as_slice() {
        [] => return Err("no source states an effect with its error".into()),
        [(estimate, variance)] => (*estimate, variance.sqrt()),
        _ => {
            let (y, v) = sized.iter().copied().unzip();
            let effects = Effects::new(y, v).map_err(|why| why.to_string())?;
            let fit =
                fit(&effects, Tau2::Restricted, Test::Normal).map_err(|why| why.to_string())?;
            let mean = fit.mean();
            (mean.estimate, mean.se.hypot(fit.heterogeneity.tau2.sqrt()))
        }
    };
    let sources = claims.iter().map(|claim| match claim.source.year {
        Some(year) => format!("{} ({year})", claim.source.name),
        None => claim.source.name.clone(),
    });
    Ok(Belief {
        words: words.to_owned(),
        factor,
        level,
        estimate,
        sd,
        sources: sources.collect(),
    })
}
