//! `nilo runs` and `nilo show`.

use crate::answers::{setting, short};
use crate::exit::{Exit, Failure};
use crate::folder::{self, Folder, key};
use crate::loading::Loaded;
use crate::output::Output;
use crate::progress::lab_time;
use campaign::record::{Analysed, Record, Told};
use conductor::record::NOTE;
use journal::{Journal, Version};
use quantity::Instant;
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::fmt::Write;
use std::path::Path;

/// A run as its journal tells it, without the files that it was made from.
#[derive(Debug)]
struct Summary {
    campaign: String,
    seed: String,
    program: String,
    version: u64,
    hash: String,
    at: Instant,
    /// Plates handed in: order, barcode.
    plated: Vec<(u32, String)>,
    analysed: BTreeMap<u32, Analysed>,
    told: Vec<Told>,
    answer: Option<campaign::record::Answer>,
    asked: usize,
    /// Class, recovery, how it ended.
    faults: Vec<(Instant, String, String, String)>,
}

fn summary(journal: &Journal) -> Result<Summary, Failure> {
    let lost = |error: journal::ReadError| Failure::new(Exit::Lost, error);
    let header = journal.header();
    let text = |key: &str| header.get(key).unwrap_or("?").to_owned();
    let head = journal.head();
    let mut found = Summary {
        campaign: text(key::CAMPAIGN),
        seed: text(key::SEED),
        program: text(key::PROGRAM),
        version: head.version.0,
        hash: head.hash.to_string(),
        at: journal.last_at().unwrap_or(Instant::EPOCH),
        plated: Vec::new(),
        analysed: BTreeMap::new(),
        told: Vec::new(),
        answer: None,
        asked: 0,
        faults: Vec::new(),
    };
    for event in journal.read(Version(1), Version::MAX).map_err(lost)? {
        let event = event.map_err(lost)?;
        if let Some(kind) = event.kind.strip_prefix(NOTE) {
            match Record::read(kind, &event.body).map_err(|why| Failure::new(Exit::Lost, why))? {
                Record::Proposed(_) => {}
                Record::Asked(asked) => found.asked += asked.points.len(),
                Record::Plated(plated) => found.plated.push((plated.order, plated.barcode)),
                Record::Analysed(analysed) => {
                    found.analysed.insert(analysed.order, analysed);
                }
                Record::Told(told) => found.told.push(told),
                Record::Answered(answer) => found.answer = Some(answer),
            }
        } else if event.kind == "out.fault" {
            let body: Value = serde_json::from_slice(&event.body).unwrap_or_default();
            let word = |key: &str| body[key].as_str().unwrap_or("?").replace('_', " ");
            found
                .faults
                .push((event.at, word("class"), word("recovery"), word("ended")));
        }
    }
    Ok(found)
}

/// Every run in a folder.
///
/// # Errors
/// None: a run that can't be read is listed as such.
pub fn list(below: &Path, output: &Output) -> Result<Exit, Failure> {
    let mut text = String::new();
    let mut listed = Vec::new();
    for run in folder::all(below) {
        let name = run.name();
        match run.read().and_then(|journal| summary(&journal)) {
            Ok(found) => {
                let state = if found.answer.is_some() {
                    "answered"
                } else {
                    "interrupted"
                };
                let best = found
                    .answer
                    .as_ref()
                    .and_then(|answer| answer.candidates.first());
                let best_text = best.map_or(String::new(), |best| {
                    format!(", best {}", short(best.estimate))
                });
                // Writing to a String does not fail.
                let _ = writeln!(
                    text,
                    "{name}  {state} after {}, {} plates{best_text}  ({}, seed {})",
                    lab_time(found.at),
                    found.plated.len(),
                    found.campaign,
                    found.seed
                );
                listed.push(json!({
                    "run": name,
                    "folder": run.0,
                    "state": state,
                    "campaign": found.campaign,
                    "seed": found.seed.parse::<u64>().ok(),
                    "plates": found.plated.len(),
                    "lab_time_s": found.at.as_secs_f64(),
                    "best": best.map(|best| best.estimate),
                }));
            }
            Err(failure) => {
                let _ = writeln!(text, "{name}  can't be read: {}", failure.what);
                listed.push(json!({ "run": name, "folder": run.0, "state": "unreadable", "why": failure.what }));
            }
        }
    }
    if listed.is_empty() {
        text = format!("no run in {}", below.display());
    }
    output.result("runs", text.trim_end(), json!({ "runs": listed }))?;
    Ok(Exit::Success)
}

/// Levels with the digits that a person reads.
fn bare(levels: &[String]) -> String {
    let shown: Vec<String> = levels
        .iter()
        .map(|level| match level.parse::<f64>() {
            Ok(number) if number.is_finite() => short(number),
            _ => level.clone(),
        })
        .collect();
    shown.join(", ")
}

/// One run.
///
/// # Errors
/// If there is no such run, or its journal can't be read.
pub fn show(run: &Path, output: &Output) -> Result<Exit, Failure> {
    let folder = Folder::named(run);
    let found = summary(&folder.read()?)?;
    // With the campaign file at hand the answer speaks of factors; without it, of levels alone.
    let campaign = Loaded::open(Path::new(&found.campaign)).ok();
    let levels = |levels: &[String]| match &campaign {
        Some(loaded) => setting(&loaded.file.campaign, levels),
        None => bare(levels),
    };
    let mut text = format!(
        "{}: {} with seed {}, by nilo {}\n",
        folder.name(),
        found.campaign,
        found.seed,
        found.program
    );
    let _ = writeln!(
        text,
        "{} after {} in the lab",
        if found.answer.is_some() {
            "answered"
        } else {
            "interrupted"
        },
        lab_time(found.at)
    );
    if let Some(answer) = &found.answer {
        for (place, candidate) in answer.candidates.iter().enumerate() {
            let _ = writeln!(
                text,
                "  {}. {} (95 % {} to {}, {} wells) at {}",
                place + 1,
                short(candidate.estimate),
                short(candidate.interval.0),
                short(candidate.interval.1),
                candidate.wells,
                levels(&candidate.levels)
            );
        }
        let _ = writeln!(
            text,
            "{} points measured, {} never answered",
            answer.points, answer.unanswered
        );
        if let Some(early) = &answer.early {
            let _ = writeln!(text, "ended early: {early}");
        }
    }
    text += "plates:\n";
    let mut plates = Vec::new();
    for (order, barcode) in &found.plated {
        let verdict = match found.analysed.get(order) {
            None => "under way".to_owned(),
            Some(a) if a.rejected.is_empty() => {
                let z = a.z_prime.map_or(String::new(), |z| format!(", Z′ {z:.2}"));
                format!("counts: {} of {} wells{z}", a.valid, a.wanted)
            }
            Some(a) => format!("does not count: {}", a.rejected.join("; ")),
        };
        let _ = writeln!(text, "  {barcode}  {verdict}");
        plates.push(json!({
            "order": order,
            "barcode": barcode,
            "analysed": found.analysed.get(order).and_then(|a| serde_json::to_value(a).ok()),
        }));
    }
    let _ = writeln!(text, "faults: {}", found.faults.len());
    for (at, class, recovery, ended) in &found.faults {
        let _ = writeln!(text, "  {at}  {class}: {recovery}, {ended}");
    }
    if folder.report().exists() {
        let _ = writeln!(text, "report: {}", folder.report().display());
    }
    let faults: Vec<Value> = found
        .faults
        .iter()
        .map(|(at, class, recovery, ended)| {
            json!({ "at_s": at.as_secs_f64(), "class": class, "recovery": recovery, "ended": ended })
        })
        .collect();
    let json = json!({
        "run": folder.name(),
        "folder": folder.0,
        "campaign": found.campaign,
        "seed": found.seed.parse::<u64>().ok(),
        "program": found.program,
        "state": if found.answer.is_some() { "answered" } else { "interrupted" },
        "lab_time_s": found.at.as_secs_f64(),
        "asked": found.asked,
        "told": found.told.iter().map(|told| told.points.len()).sum::<usize>(),
        "answer": found.answer.as_ref().and_then(|answer| serde_json::to_value(answer).ok()),
        "plates": plates,
        "faults": faults,
        "journal": { "version": found.version, "hash": found.hash },
    });
    output.result("show", text.trim_end(), json)?;
    Ok(Exit::Success)
}
