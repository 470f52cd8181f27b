//! A step as the file has it, before the order of steps is known.

use crate::Operation;
use crate::lags;
use crate::limits::NO_WAIT;
use crate::params::{self, Places};
use crate::vocabulary::{self, DISPOSE, Reading, Word};
use quantity::Duration;
use source::{At, Problem, Span, Table};
use std::sync::Arc;

/// A step as the file has it, before the order is known.
pub(crate) struct Draft {
    pub name: At<String>,
    pub action: At<String>,
    pub operation: Operation,
    pub params: Places,
    pub after: Option<Vec<At<String>>>,
    pub worklist: Option<Arc<str>>,
    pub reading: Option<Arc<str>>,
    pub within: Option<At<Duration>>,
    pub at_least: Option<At<Duration>>,
    pub span: Span,
}

/// Reads a step. A problem in a parameter still gives a draft; an unknown word gives none.
pub(crate) fn draft(table: Table<'_>) -> Option<Draft> {
    let span = table.span();
    let name = table.optional::<String>("name");
    let action = table.required::<String>("do");
    let after = table.item("after").map(|item| {
        let one = item
            .is_text()
            .then(|| item.read::<String>().into_iter().collect());
        one.unwrap_or_else(|| table.list::<String>("after").unwrap_or_default())
    });
    let mut within = lags::time(&table, "within");
    let at_least = lags::time(&table, "at_least");
    if let Some(no_wait) = table.optional::<bool>("no_wait")
        && no_wait.value
    {
        if let Some(within) = &within {
            table.push(
                Problem::error("'no_wait' and 'within' both say how soon this step begins")
                    .at(&no_wait.span)
                    .note(&within.span, "here too")
                    .help("keep one of them"),
            );
        }
        within = Some(no_wait.map(|_| NO_WAIT));
    }
    let worklist = table.optional::<String>("worklist");
    let reading = table.optional::<String>("reading");
    let Some(word) = action
        .as_ref()
        .and_then(|action| known_word(action, &table))
    else {
        // Its parameters can't be told from typing errors.
        drop(table.entries());
        table.finish();
        return None;
    };
    let action = action?;
    let (params, places) = params::read(word, &table);
    let name = name.unwrap_or_else(|| action.clone());
    if name.is_empty() || name.contains('.') {
        table.push(
            Problem::error(format!("'{}' can't be the name of a step", name.value))
                .at(&name.span)
                .expected("a name without a dot, such as 'grow'"),
        );
    }
    let own = || Arc::from(name.as_str());
    let worklist = match worklist {
        Some(worklist) if !word.adds_liquid => {
            table.push(
                Problem::error(format!("'{}' puts no liquid into wells", word.name))
                    .at(&worklist.span)
                    .help("leave the worklist out"),
            );
            None
        }
        Some(worklist) => Some(worklist.value.into()),
        None => word.adds_liquid.then(own),
    };
    let reading = match (reading, word.reading) {
        (Some(reading), Reading::Never) => {
            let readers: Vec<&str> = vocabulary::WORDS
                .iter()
                .filter(|w| w.reading == Reading::Always)
                .map(|w| w.name)
                .collect();
            table.push(
                Problem::error(format!("'{}' measures nothing", word.name))
                    .at(&reading.span)
                    .expected(format!(
                        "a reading at a step that measures: {}",
                        readers.join(", ")
                    )),
            );
            None
        }
        (Some(reading), _) => Some(reading.value.into()),
        (None, Reading::Always) => Some(own()),
        (None, _) => None,
    };
    table.finish();
    Some(Draft {
        operation: Operation {
            capability: word.name.into(),
            params,
        },
        name,
        action,
        params: places,
        after,
        worklist,
        reading,
        within,
        at_least,
        span,
    })
}

fn known_word(action: &At<String>, table: &Table<'_>) -> Option<&'static Word> {
    let word = vocabulary::word(action);
    if word.is_none() {
        table.push(if action.value == DISPOSE {
            Problem::error("a plate is disposed of without being asked")
                .at(&action.span)
                .help("leave this step out: after its last step each plate goes to the waste")
        } else {
            let words = vocabulary::WORDS.iter().map(|word| word.name);
            Problem::unknown_name("operation", action, words)
        });
    }
    word
}
