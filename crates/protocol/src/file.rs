//! Protocol files.
//!
//! ```toml
//! name = "growth"
//! labware = "corning_96_wellplate_360ul_flat"
//!
//! [[step]]
//! name = "culture"          # left out: the word of `do`
//! do = "dispense"
//! volume = "100 µL"         # parameters stand beside the step's own keys
//! worklist = "culture"      # left out: the step's name
//!
//! [[step]]
//! do = "lid"
//! within = "10 min"         # begins at most so long after the step before has ended
//!
//! [[step]]
//! name = "grow"
//! do = "incubate"
//! temperature = "37 °C"
//! duration = "18 h"
//! after = ["lid"]           # left out: the step before
//! at_least = "1 min"        # begins at least so long after; `no_wait = true` is a very short `within`
//!
//! [[lag]]                   # any other limit
//! from = "culture.end"
//! to = "grow.begin"
//! max = "30 min"
//! ```

use crate::draft::{Draft, draft};
use crate::lags::{lag, step_lags};
use crate::limits::{MAX_LAGS, MAX_STEPS};
use crate::{Lag, Protocol, Step, check, graph};
use labware::{Catalogue, LabwareType};
use quantity::StepId;
use source::{At, Document, Problem, Problems, Sink, Span};
use std::collections::BTreeMap;
use std::sync::Arc;

/// A protocol with the places in its file, for checks that come after reading.
#[derive(Clone, Debug)]
pub struct ProtocolFile {
    /// What the file says.
    pub protocol: Arc<Protocol>,
    /// One sentence for people, if the file has one.
    pub about: Option<String>,
    /// Where it says so.
    pub places: ProtocolPlaces,
}

/// Where things stand in a protocol file.
#[derive(Clone, Debug)]
pub struct ProtocolPlaces {
    /// The whole.
    pub start: Span,
    /// The labware's name.
    pub labware: Span,
    /// Each step, in the order of [`Protocol::steps`].
    pub steps: Vec<StepPlaces>,
    /// Each lag, in the order of [`Protocol::lags`].
    pub lags: Vec<Span>,
}

/// Where a step stands.
#[derive(Clone, Debug)]
pub struct StepPlaces {
    /// Its header.
    pub step: Span,
    /// The word that says what is done.
    pub action: Span,
    /// Each parameter that is given.
    pub params: BTreeMap<Arc<str>, Span>,
}

impl ProtocolFile {
    /// Reads and checks a protocol file.
    ///
    /// # Errors
    /// Every problem that the file has; see [`crate::check`] for what is looked at. Warnings come
    /// with the protocol.
    pub fn read(document: &Document, catalogue: &Catalogue) -> Result<(Self, Problems), Problems> {
        let sink = Sink::new();
        let file = read(document, catalogue, &sink);
        match sink.finish(file)? {
            (Some(file), warnings) => Ok((file, warnings)),
            (None, warnings) => Err(warnings),
        }
    }

    /// Reads and checks a protocol from text; `path` is what problems call it.
    ///
    /// # Errors
    /// As [`Self::read`], and what is not TOML.
    pub fn parse(
        path: &str,
        text: &str,
        catalogue: &Catalogue,
    ) -> Result<(Self, Problems), Problems> {
        Self::read(&Document::parse(path, text)?, catalogue)
    }
}

fn read(document: &Document, catalogue: &Catalogue, sink: &Sink) -> Option<ProtocolFile> {
    let root = document.root(sink);
    let name = root.required::<String>("name");
    let about = root.optional::<String>("about").map(|at| at.value);
    let labware = root.required::<String>("labware").and_then(|name| {
        let kind = labware_named(&name, catalogue, sink)?;
        Some(name.map(|_| kind))
    });
    root.required_item_or("step", || {
        let expected = "[[step]] with do = what is to be done";
        ("this protocol has no step".to_owned(), expected.to_owned())
    });
    let steps = root.tables("step");
    let lags = root.tables("lag");
    for (what, found, most) in [
        ("steps", steps.len(), MAX_STEPS),
        ("lags", lags.len(), MAX_LAGS),
    ] {
        if found > most {
            sink.push(
                Problem::error(format!("{found} {what} are more than a protocol may have"))
                    .at(&document.start())
                    .expected(format!("at most {most}")),
            );
            return None;
        }
    }
    root.finish();
    let drafts: Vec<Option<Draft>> = steps.into_iter().map(draft).collect();
    let known: Vec<&Draft> = drafts.iter().flatten().collect();
    let names = unique_names(&known, sink);
    // Steps that could not be read would make every later check complain about their absence.
    let whole = known.len() == drafts.len() && !known.is_empty();
    let after = whole
        .then(|| predecessors(&known, &names, sink))
        .flatten()?;
    let order = match graph::order(&after) {
        Ok(order) => order,
        Err(circle) => {
            sink.push(circle_problem(&known, &circle));
            return None;
        }
    };
    let mut place = vec![StepId(0); order.len()];
    for (index, &file_index) in order.iter().enumerate() {
        place[file_index] = StepId(index as u16);
    }
    let mut limits: Vec<(Lag, Span)> = Vec::new();
    let (mut steps, mut step_places) = (Vec::new(), Vec::new());
    for &i in &order {
        let draft = known[i];
        for &before in &after[i] {
            limits.extend(step_lags(draft, place[before], place[i]));
        }
        if after[i].is_empty() {
            for limit in draft.within.iter().chain(&draft.at_least) {
                sink.push(
                    Problem::error(format!("'{}' comes after no step", draft.name.value))
                        .at(&limit.span)
                        .help("a time since the step before needs one; leave it out"),
                );
            }
        }
        steps.push(Step {
            id: place[i],
            name: draft.name.value.as_str().into(),
            operation: draft.operation.clone(),
            after: after[i].iter().map(|&j| place[j]).collect(),
            worklist: draft.worklist.clone(),
            reading: draft.reading.clone(),
        });
        step_places.push(StepPlaces {
            step: draft.span.clone(),
            action: draft.action.span.clone(),
            params: draft.params.clone(),
        });
    }
    let by_name = |name: &str| names.get(name).map(|&i| place[i]);
    for table in lags {
        limits.extend(lag(table, &by_name, &names));
    }
    let (lags, lag_places) = limits.into_iter().unzip();
    let labware = labware?;
    let file = ProtocolFile {
        protocol: Arc::new(Protocol {
            name: name?.value.into(),
            labware: labware.value,
            steps,
            lags,
        }),
        about,
        places: ProtocolPlaces {
            start: document.start(),
            labware: labware.span,
            steps: step_places,
            lags: lag_places,
        },
    };
    check::protocol(&file, sink);
    Some(file)
}

fn labware_named(
    name: &At<String>,
    catalogue: &Catalogue,
    sink: &Sink,
) -> Option<Arc<LabwareType>> {
    match catalogue.get(name) {
        Ok(kind) => Some(Arc::clone(kind)),
        Err(_) => {
            let names: Vec<&str> = catalogue.iter().map(|kind| &*kind.name).collect();
            sink.push(Problem::unknown_name("labware", name, names));
            None
        }
    }
}

/// Each step's place in the file by name; a second of a name is a problem.
fn unique_names(drafts: &[&Draft], sink: &Sink) -> BTreeMap<String, usize> {
    let mut names: BTreeMap<String, usize> = BTreeMap::new();
    for (index, draft) in drafts.iter().enumerate() {
        if let Some(&first) = names.get(&draft.name.value) {
            sink.push(
                Problem::error(format!("two steps are called '{}'", draft.name.value))
                    .at(&draft.name.span)
                    .note(&drafts[first].name.span, "the other one")
                    .help("give each step a name of its own: name = \"…\""),
            );
        } else {
            names.insert(draft.name.value.clone(), index);
        }
    }
    for (what, of) in [
        (
            "reading",
            (|draft| draft.reading.as_ref()) as fn(&Draft) -> Option<&Arc<str>>,
        ),
        ("worklist", |draft| draft.worklist.as_ref()),
    ] {
        let mut seen: BTreeMap<&str, &Draft> = BTreeMap::new();
        for &draft in drafts {
            let Some(name) = of(draft) else { continue };
            if let Some(first) = seen.insert(name, draft)
                && first.name.value != draft.name.value
            {
                sink.push(
                    Problem::error(format!("two steps have a {what} called '{name}'"))
                        .at(&draft.span)
                        .note(&first.span, "the other one")
                        .help(format!("give each a name of its own: {what} = \"…\"")),
                );
            }
        }
    }
    names
}

/// The steps that each step comes after, as places in the file; `None` after an unknown name.
fn predecessors(
    drafts: &[&Draft],
    names: &BTreeMap<String, usize>,
    sink: &Sink,
) -> Option<Vec<Vec<usize>>> {
    let mut sound = names.len() == drafts.len();
    let after = drafts
        .iter()
        .enumerate()
        .map(|(index, draft)| match &draft.after {
            None => index.checked_sub(1).into_iter().collect(),
            Some(list) => {
                let mut found = Vec::new();
                for name in list {
                    match names.get(&name.value) {
                        Some(&i) if !found.contains(&i) => found.push(i),
                        Some(_) => {}
                        None => {
                            sound = false;
                            let others = names.keys().map(String::as_str);
                            sink.push(Problem::unknown_name("step", name, others));
                        }
                    }
                }
                found
            }
        })
        .collect();
    sound.then_some(after)
}

fn circle_problem(drafts: &[&Draft], circle: &[usize]) -> Problem {
    let names: Vec<String> = circle
        .iter()
        .chain(circle.first())
        .map(|&i| format!("'{}'", drafts[i].name.value))
        .collect();
    let first = drafts[circle[0]];
    let place = |draft: &Draft| {
        let after = draft.after.as_ref().and_then(|list| list.first());
        after.map_or_else(|| draft.span.clone(), |at| at.span.clone())
    };
    let mut problem = if circle.len() == 1 {
        Problem::error(format!("{} waits for itself", names[0])).at(&place(first))
    } else {
        Problem::error(format!(
            "steps wait for one another: {}",
            names.join(" after ")
        ))
        .at(&place(first))
    };
    for &i in circle.iter().skip(1) {
        let draft = drafts[i];
        problem = problem.note(&place(draft), format!("'{}' waits here", draft.name.value));
    }
    problem.help("take one of them out of 'after'; without 'after' a step comes after the one before it in the file")
}
