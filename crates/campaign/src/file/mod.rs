//! Campaign files: a question, a space, an assay, a budget.
//!
//! Everything is checked before anything moves, and every problem is named with its place.

mod assay;
mod candidates;
mod causes;
mod check;
mod csv;
mod files;
mod graphs;
mod hall;
mod hypothesis;
mod nature;
mod part;
mod prior;
mod proposer;
mod reagents;
mod rivals;
mod rules;
mod space;

pub use files::{FileError, Files};
pub use nature::{NatureFile, Setting, TableFile};

use crate::assay::{Budget, Campaign, Confirm, PolicyChoice, Response};
use crate::numbers::Numbers;
use assay::AssayFile;
use design::{Aim, Effort};
use labware::Catalogue;
use protocol::{Protocol, ProtocolFile};
use quantity::{CampaignId, Duration, Seed};
use source::{At, Document, Problem, Problems, Sink, Span, Table};
use std::sync::Arc;

/// What a campaign file says.
#[derive(Debug)]
pub struct CampaignFile {
    /// The campaign, ready to be run in a lab that can do it.
    pub campaign: Campaign,
    /// The lab file, named relative to the campaign file.
    pub lab: At<String>,
    /// Who answers in the twin.
    pub nature: Option<NatureFile>,
    /// The channel of the reading that counts, where one is named.
    pub channel: Option<At<Arc<str>>>,
    /// Its channels that are the variables of a question for causes.
    pub channels: Vec<At<Arc<str>>>,
    /// How often things go wrong in the twin, times what is usual.
    pub faults: f64,
    /// The protocol with its places.
    pub protocol: ProtocolFile,
    /// The files that it was read from: name as written, and text.
    pub inputs: Vec<(String, Arc<str>)>,
    /// Where each reagent of the shelf is named.
    pub reagents: Vec<Span>,
    places: Places,
}

/// Where things stand that checks against a lab point at.
#[derive(Debug)]
pub(crate) struct Places {
    pub assay: Span,
    pub parts: Vec<Span>,
}

/// Plates in flight when a file says nothing.
const IN_FLIGHT: u32 = 2;
/// Most plates of a campaign.
const PLATES_MAX: i64 = 100_000;
/// Candidates that are confirmed, and wells for each, when a file says nothing.
const CONFIRM: Confirm = Confirm {
    candidates: 4,
    replicates: 6,
};

impl CampaignFile {
    /// Reads and checks a campaign file and the files that it names.
    ///
    /// # Errors
    /// Every problem that was found. Warnings come with the campaign.
    pub fn read(
        document: &Document,
        catalogue: &Catalogue,
        files: &dyn Files,
    ) -> Result<(CampaignFile, Problems), Problems> {
        let sink = Sink::new();
        let mut others = Problems::default();
        let found = read(document, catalogue, files, &sink, &mut others);
        let mut problems = sink.into_problems();
        problems.extend(others);
        match found {
            Some(file) if problems.errors() == 0 => Ok((file, problems)),
            _ => Err(problems),
        }
    }
}

/// What is asked of nature.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    /// Values: the best one, or all of them.
    Response,
    /// Which of several hypotheses holds.
    Discriminate,
    /// Who drives whom.
    Cause,
}

struct Head {
    name: Arc<str>,
    about: Option<String>,
    aim: Aim,
    kind: Kind,
    response: Response,
    lab: At<String>,
    seed: Seed,
}

fn head(table: Table) -> Option<Head> {
    let name = table.required::<Arc<str>>("name");
    let about = table.optional::<String>("about").map(|at| at.value);
    let aim = table.choice(
        "question",
        &[
            ("maximise", (Aim::Maximise, Kind::Response)),
            ("minimise", (Aim::Minimise, Kind::Response)),
            ("map", (Aim::Map, Kind::Response)),
            // What tells rivals apart may lie anywhere in the space, and no point of it is best.
            ("discriminate", (Aim::Map, Kind::Discriminate)),
            ("cause", (Aim::Map, Kind::Cause)),
        ],
    );
    let response = table.required::<Arc<str>>("response");
    let unit = table.or("unit", Arc::from(""));
    let lab = table.required::<String>("lab");
    let seed = table.or("seed", 0u64);
    table.finish();
    let (aim, kind) = aim?.value;
    Some(Head {
        name: name?.value,
        about,
        aim,
        kind,
        response: Response {
            name: response?.value,
            unit,
        },
        lab: lab?,
        seed: Seed(seed),
    })
}

fn budget(table: Table) -> Option<Budget> {
    let plates = table
        .required_item("plates", "the number of plates")
        .and_then(|item| item.integer_in(1..=PLATES_MAX))
        .map(|plates| plates as u32);
    let spare = table.optional::<u32>("spare").map(|at| at.value);
    let in_flight = table.item("in_flight").map_or(Some(IN_FLIGHT), |item| {
        item.integer_in(1..=PLATES_MAX).map(|count| count as u32)
    });
    let hours = table
        .item("hours")
        .and_then(|item| item.number_in(0.0..=1e6));
    table.finish();
    let plates = plates?;
    Some(Budget {
        plates,
        spare: spare.unwrap_or_else(|| plates.div_ceil(2).max(2)),
        in_flight: in_flight?,
        time: hours.map(|hours| Duration::from_secs_f64(hours * 3600.0)),
    })
}

fn policy(table: Option<Table>) -> Option<PolicyChoice> {
    let Some(table) = table else {
        return Some(PolicyChoice {
            name: "gp".into(),
            repeats: false,
            effort: Effort::default(),
        });
    };
    let name = table.required_item("name", "one of random, sobol, grid, gp, passive");
    let choices: Vec<(&str, usize)> = design::POLICIES.iter().copied().zip(0..).collect();
    let name = name.and_then(|item| item.choice(&choices));
    let repeats = table.or("repeats", false);
    let effort = table.item("effort").map_or(Some(1.0), |item| {
        item.number_in(Effort::LEAST..=Effort::MOST)
    });
    table.finish();
    Some(PolicyChoice {
        name: design::POLICIES[name?.value].into(),
        repeats,
        effort: Effort::new(effort?).unwrap_or_default(),
    })
}

fn confirm(table: Option<Table>, aim: Aim) -> Confirm {
    let Some(table) = table else {
        return if aim == Aim::Map {
            Confirm {
                candidates: 0,
                replicates: 0,
            }
        } else {
            CONFIRM
        };
    };
    if aim == Aim::Map {
        table.push(
            Problem::warning("a map has no best point to confirm")
                .at(&table.span())
                .help("leave it out"),
        );
    }
    let candidates = table.or("candidates", CONFIRM.candidates);
    let replicates = table.or("replicates", CONFIRM.replicates);
    table.finish();
    let candidates = if aim == Aim::Map || replicates == 0 {
        0
    } else {
        candidates
    };
    Confirm {
        candidates,
        replicates,
    }
}

fn protocol(
    name: &At<String>,
    catalogue: &Catalogue,
    files: &dyn Files,
    sink: &Sink,
    others: &mut Problems,
    inputs: &mut Vec<(String, Arc<str>)>,
) -> Option<ProtocolFile> {
    let (path, text) = match files.beside(&name.value) {
        Ok(found) => found,
        Err(error) => {
            let mut problem =
                Problem::error(format!("protocol '{}': {}", name.value, error.what)).at(&name.span);
            problem.help = error.help;
            sink.push(problem);
            return None;
        }
    };
    inputs.push((name.value.clone(), text.as_str().into()));
    match ProtocolFile::parse(&path.display().to_string(), &text, catalogue) {
        Ok((file, warnings)) => {
            others.extend(warnings);
            Some(file)
        }
        Err(problems) => {
            others.extend(problems);
            None
        }
    }
}

fn read(
    document: &Document,
    catalogue: &Catalogue,
    files: &dyn Files,
    sink: &Sink,
    others: &mut Problems,
) -> Option<CampaignFile> {
    let root = document.root(sink);
    let mut inputs = vec![(
        document.file().path().to_owned(),
        Arc::from(document.file().text()),
    )];
    let head = root.required_table("campaign").and_then(head);
    let budget_table = root.required_table("budget");
    let hours = budget_table
        .as_ref()
        .and_then(|table| table.key_span("hours"));
    let budget = budget_table.and_then(budget);
    let share = hall::read(root.table("hall"));
    let policy = policy(root.table("policy"));
    let confirm = confirm(
        root.table("confirm"),
        head.as_ref().map_or(Aim::Maximise, |head| head.aim),
    );
    let space_file = space::read(&root, files, sink);
    let faults = root.table("faults").map_or(Some(1.0), |table| {
        let scale = table
            .item("scale")
            .map_or(Some(1.0), |item| item.number_in(0.0..=1e4));
        table.finish();
        scale
    });
    let assay_table = root.required_table("assay");
    let protocol = assay_table.as_ref().and_then(|table| {
        let name = table.required::<String>("protocol")?;
        protocol(&name, catalogue, files, sink, others, &mut inputs)
    });
    let plan: Option<Arc<Protocol>> = protocol.as_ref().map(|file| file.protocol.clone());
    // What stands on factors can't be judged without them: their names are asked for all the same,
    // so that a problem of the space is not followed by complaints about everything else.
    let Some(space_file) = space_file else {
        for key in [
            "reagent",
            "nature",
            "constraint",
            "exclusion",
            "cardinality",
            "candidates",
            "hypothesis",
            "discriminate",
            "cause",
            "prior",
            "proposer",
        ] {
            let _ = root.has(key);
        }
        if let Some(table) = assay_table {
            let _ = table.entries();
            table.finish();
        }
        root.finish();
        return None;
    };
    let space = Arc::new(space_file.space);
    let kind = head.as_ref().map_or(Kind::Response, |head| head.kind);
    let hypotheses = root.tables("hypothesis");
    let discriminate = kind == Kind::Discriminate;
    let (rivals, related) = if discriminate && graphs::are_asked(&hypotheses) {
        (None, graphs::read(&root, hypotheses, &space))
    } else {
        let rivals = rivals::read(&root, hypotheses, &space, discriminate);
        (rivals, causes::read(&root, &space, kind == Kind::Cause))
    };
    let (causes, channels) = match related {
        Some((causes, channels)) => (Some(causes), channels),
        None => (None, Vec::new()),
    };
    let response = head.as_ref().map_or("", |head| &head.response.name);
    let prior = prior::read(&root, &space, response, files, &mut inputs);
    let proposers = proposer::read(&root, files, &mut inputs);
    let shelf = reagents::read(&root, &space);
    let assay = assay_table.and_then(|table| assay::read(table, &space, shelf, plan));
    let nature = match root.table("nature") {
        Some(table) => Some(nature::read(table, &space, files)?),
        None => None,
    };
    root.finish();
    let AssayFile {
        assay,
        span,
        parts,
        replicates,
        reagents,
        controls,
        channel,
    } = assay?;
    let (head, budget, share) = (head?, budget?, share?);
    let campaign = Campaign {
        id: CampaignId(0),
        numbers: Numbers::alone(&head.name),
        name: head.name,
        about: head.about,
        aim: head.aim,
        response: head.response,
        space,
        assay,
        budget,
        hall: share.value,
        policy: policy?,
        rivals,
        causes,
        prior,
        proposers: proposers?,
        confirm,
        seed: head.seed,
    };
    if let Some(NatureFile::Table(table)) = &nature {
        inputs.push((table.path.clone(), table.text.clone()));
    }
    let places = check::CheckPlaces {
        assay: &span,
        parts: &parts,
        replicates: &replicates,
        factors: &space_file.factors,
        reagents: &reagents,
        controls: &controls,
        hours: hours.as_ref(),
        deadline: share.deadline.as_ref(),
    };
    check::campaign(&campaign, &places, sink);
    Some(CampaignFile {
        campaign,
        lab: head.lab,
        nature,
        channel,
        channels,
        reagents,
        faults: faults?,
        protocol: protocol?,
        inputs,
        places: Places { assay: span, parts },
    })
}
