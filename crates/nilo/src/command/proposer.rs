//! `nilo proposer`: language models that propose, and how well what they said held.

use crate::exit::{Exit, Failure};
use crate::folder::Folder;
use crate::output::Output;
use campaign::record::{Proposed, Record, Settled};
use clap::Subcommand;
use conductor::record::NOTE;
use journal::Version;
use reason::language::track;
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::fmt::Write;
use std::path::PathBuf;

/// Language models.
#[derive(Debug, Subcommand)]
pub enum Proposer {
    /// How well each model's proposals held against wells, over one run or several
    Scores {
        /// Names or folders of runs
        #[arg(required = true)]
        runs: Vec<PathBuf>,
    },
}

/// Carries a command out.
pub fn proposer(command: &Proposer, output: &Output) -> Result<Exit, Failure> {
    match command {
        Proposer::Scores { runs } => scores(runs, output),
    }
}

/// What a model did in all runs.
#[derive(Default)]
struct Done {
    asked: usize,
    unanswered: usize,
    taken: usize,
    rejected: usize,
    measured: usize,
    settled: Vec<Settled>,
}

fn scores(runs: &[PathBuf], output: &Output) -> Result<Exit, Failure> {
    let mut models: BTreeMap<String, Done> = BTreeMap::new();
    let mut record = track::Record::default();
    for run in runs {
        fold(&Folder::named(run), &mut models, &mut record)?;
    }
    let mut text = String::new();
    let mut listed = Vec::new();
    for (model, done) in &models {
        let standing = record.models.get(model).cloned().unwrap_or_default();
        let score = standing.all;
        // Writing to a String does not fail.
        let _ = writeln!(
            text,
            "{model}: asked {} times ({} without an answer); {} proposals taken, {} rejected, {} points measured",
            done.asked, done.unanswered, done.taken, done.rejected, done.measured
        );
        match (score.brier(), score.log()) {
            (Some(brier), Some(log)) => {
                let _ = writeln!(
                    text,
                    "  {} of {} settled came true; Brier score {brier:.3} (0 is best, 0.25 is a coin's), log score {log:.3} nats; 90 % from it is now worth {:.0} % for a point",
                    score.came_true,
                    score.settled,
                    100.0 * standing.weigh("point", 0.9)
                );
            }
            _ => text.push_str("  wells have settled nothing yet\n"),
        }
        for (kind, own) in &standing.kinds {
            if let (Some(brier), Some(log)) = (own.brier(), own.log()) {
                let _ = writeln!(
                    text,
                    "    {kind:<10} {} of {}, Brier {brier:.3}, log {log:.3}",
                    own.came_true, own.settled
                );
            }
        }
        listed.push(json!({
            "model": model,
            "asked": done.asked,
            "unanswered": done.unanswered,
            "taken": done.taken,
            "rejected": done.rejected,
            "measured": done.measured,
            "settled": score.settled,
            "came_true": score.came_true,
            "brier": score.brier(),
            "log": score.log(),
            "worth_of_90": standing.weigh("point", 0.9),
            "kinds": standing.kinds.iter().map(|(kind, own)| json!({
                "kind": kind, "settled": own.settled, "came_true": own.came_true,
                "brier": own.brier(), "log": own.log(),
            })).collect::<Vec<Value>>(),
            "proposals": done.settled.iter().map(|one| json!({
                "kind": one.kind, "batch": one.batch, "confidence": one.confidence,
                "came_true": one.came_true, "why": one.why,
            })).collect::<Vec<Value>>(),
        }));
    }
    if models.is_empty() {
        text.push_str("no language model was asked");
    }
    output.result(
        "proposer scores",
        text.trim_end(),
        json!({ "models": listed }),
    )?;
    Ok(Exit::Success)
}

/// What the journal of a run says of models.
fn fold(
    folder: &Folder,
    models: &mut BTreeMap<String, Done>,
    record: &mut track::Record,
) -> Result<(), Failure> {
    let journal = folder.read()?;
    let lost = |error: journal::ReadError| Failure::new(Exit::Lost, error);
    for event in journal.read(Version(1), Version::MAX).map_err(lost)? {
        let event = event.map_err(lost)?;
        let Some(kind) = event.kind.strip_prefix(NOTE) else {
            continue;
        };
        let (_, kind) = campaign::kind_of(kind);
        let read = Record::read(kind, &event.body);
        let settled = match read.map_err(|why| Failure::new(Exit::Lost, why))? {
            Record::Proposed(Proposed {
                model,
                failed,
                taken,
                rejected,
                ..
            }) => {
                let done = models.entry(model).or_default();
                done.asked += 1;
                done.unanswered += usize::from(failed.is_some());
                done.taken += taken.len();
                done.rejected += rejected.len();
                continue;
            }
            Record::Asked(asked) => {
                for (model, _) in asked.points.into_iter().filter_map(|p| p.proposal) {
                    models.entry(model).or_default().measured += 1;
                }
                continue;
            }
            Record::Told(told) => told.settled,
            Record::Answered(answer) => answer.settled,
            _ => continue,
        };
        for one in settled {
            record.settle(&one.model, &one.kind, one.confidence, one.came_true);
            let done = models.entry(one.model.clone()).or_default();
            done.settled.push(one);
        }
    }
    Ok(())
}
