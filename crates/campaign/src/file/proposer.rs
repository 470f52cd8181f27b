//! `[[proposer]]`: language models that propose, for wells to judge.

use super::files::Files;
use super::prior::claims;
use crate::proposer::{Proposer, SHARE_MAX};
use quantity::Ratio;
use source::{Item, Problem, Table};
use std::sync::Arc;

/// Share of a plate's new points when a file says nothing.
const SHARE: f64 = 0.25;
/// Most proposers of a campaign.
const PROPOSERS_MAX: usize = 8;
/// Environment variables that hold address and key when a file says nothing.
const ADDRESS: &str = "NILO_LLM_URL";
const KEY: &str = "NILO_LLM_KEY";

/// Reads the proposers of a campaign.
pub(super) fn read(
    root: &Table,
    files: &dyn Files,
    inputs: &mut Vec<(String, Arc<str>)>,
) -> Option<Vec<Proposer>> {
    let tables = root.tables("proposer");
    if tables.len() > PROPOSERS_MAX {
        root.push(
            root.problem(format!("{} proposers", tables.len()))
                .expected(format!("at most {PROPOSERS_MAX}")),
        );
    }
    let mut found: Vec<Proposer> = Vec::new();
    let mut whole = true;
    for table in tables {
        let span = table.span();
        match one(table, files, inputs) {
            Some(own) if found.iter().any(|other| other.model == own.model) => {
                root.push(
                    Problem::error(format!("two proposers are the model '{}'", own.model))
                        .at(&span)
                        .help("its record could not say whose it is"),
                );
                whole = false;
            }
            Some(own) => found.push(own),
            None => whole = false,
        }
    }
    whole.then_some(found)
}

fn one(table: Table, files: &dyn Files, inputs: &mut Vec<(String, Arc<str>)>) -> Option<Proposer> {
    let model = table.required::<Arc<str>>("model");
    let address = table.or("address", Arc::<str>::from(ADDRESS));
    let key = table
        .item("key")
        .map_or(Some(KEY.into()), |item| variable(&item));
    let stated = table.optional::<Ratio>("share");
    let share = stated.as_ref().map_or(SHARE, |at| at.value.as_f64());
    if let Some(at) = stated.filter(|_| !(0.0..=SHARE_MAX).contains(&share)) {
        table.push(
            Problem::error("too large a share of a plate's new points")
                .at(&at.span)
                .expected(format!("0 % to {:.0} %", 100.0 * SHARE_MAX))
                .help("what wells are compared with must be chosen by the campaign itself"),
        );
    }
    let about = table.optional::<String>("about").map(|at| at.value);
    let ledger = table
        .optional::<String>("claims")
        .map_or(Some(Vec::new()), |file| {
            claims(&table, &file, files, inputs)
        });
    let texts = texts(&table, files, inputs);
    table.finish();
    Some(Proposer {
        model: model?.value,
        address,
        key: key?,
        share,
        about,
        claims: ledger?,
        texts: texts?,
    })
}

/// The name of an environment variable: a secret has no place in a file.
fn variable(item: &Item) -> Option<Arc<str>> {
    let name = item.read::<String>()?;
    let plain = |c: char| c.is_ascii_uppercase() || c.is_ascii_digit() || c == '_';
    if name.value.is_empty() || !name.value.chars().all(plain) {
        item.push(
            item.problem("this is no name of an environment variable")
                .expected("capital letters, digits and underscores, such as NILO_LLM_KEY")
                .help("keep the key itself out of files: put it into a variable and name that"),
        );
        return None;
    }
    Some(name.value.as_str().into())
}

/// What it may quote.
fn texts(
    table: &Table,
    files: &dyn Files,
    inputs: &mut Vec<(String, Arc<str>)>,
) -> Option<Vec<(String, Arc<str>)>> {
    let Some(items) = table.item("texts").map(|item| item.list()) else {
        return Some(Vec::new());
    };
    let mut found = Vec::new();
    for item in items? {
        let name = item.read::<String>()?;
        match files.beside(&name.value) {
            Ok((_, text)) => {
                let text: Arc<str> = text.into();
                inputs.push((name.value.clone(), text.clone()));
                found.push((name.value, text));
            }
            Err(error) => {
                let mut problem =
                    Problem::error(format!("text '{}': {}", name.value, error.what)).at(&name.span);
                problem.help = error.help;
                item.push(problem);
                return None;
            }
        }
    }
    Some(found)
}
