//! `nilo runs` and `nilo show`.

use crate::answers::{setting, short};
use crate::exit::{Exit, Failure};
use crate::folder::{self, Folder, key};
use crate::joint::{CAMPAIGNS_MAX, numbered};
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
    /// Each campaign; most runs have one.
    each: Vec<Part>,
    program: String,
    version: u64,
    hash: String,
    at: Instant,
    /// Class, recovery, how it ended.
    faults: Vec<(Instant, String, String, String)>,
}

/// A campaign of a run.
#[derive(Debug, Default)]
struct Part {
    /// Its name and what its notes begin with, where several share the hall.
    named: Option<(String, String)>,
    /// Its file.
    campaign: String,
    seed: String,
    /// Plates handed in: order, barcode.
    plated: Vec<(u32, String)>,
    analysed: BTreeMap<u32, Analysed>,
    told: Vec<Told>,
    answer: Option<campaign::record::Answer>,
    asked: usize,
}

impl Part {
    fn state(&self) -> &'static str {
        match self.answer {
            Some(_) => "answered",
            None => "interrupted",
        }
    }

    fn best(&self) -> Option<f64> {
        let best = self.answer.as_ref()?.candidates.first()?;
        Some(best.estimate)
    }
}

impl Summary {
    fn state(&self) -> &'static str {
        let all = self.each.iter().all(|own| own.answer.is_some());
        if all { "answered" } else { "interrupted" }
    }
}

/// The campaigns that the header of a journal names.
fn parts(header: &journal::Header) -> Vec<Part> {
    let text = |key: &str| header.get(key).unwrap_or("?").to_owned();
    if header.get(key::CAMPAIGN).is_some() {
        return vec![Part {
            campaign: text(key::CAMPAIGN),
            seed: text(key::SEED),
            ..Part::default()
        }];
    }
    let each = (0..CAMPAIGNS_MAX).map_while(|place| {
        let named = |key: &str| numbered(key, place);
        Some(Part {
            campaign: header.get(&named(key::CAMPAIGN))?.to_owned(),
            named: Some((text(&named(key::NAME)), text(&named(key::STEM)))),
            seed: text(&named(key::SEED)),
            ..Part::default()
        })
    });
    each.collect()
}

fn summary(journal: &Journal) -> Result<Summary, Failure> {
    let lost = |error: journal::ReadError| Failure::new(Exit::Lost, error);
    let header = journal.header();
    let text = |key: &str| header.get(key).unwrap_or("?").to_owned();
    let head = journal.head();
    let mut found = Summary {
        each: parts(header),
        program: text(key::PROGRAM),
        version: head.version.0,
        hash: head.hash.to_string(),
        at: journal.last_at().unwrap_or(Instant::EPOCH),
        faults: Vec::new(),
    };
    for event in journal.read(Version(1), Version::MAX).map_err(lost)? {
        let event = event.map_err(lost)?;
        if let Some(kind) = event.kind.strip_prefix(NOTE) {
            let (stem, kind) = campaign::kind_of(kind);
            let whose = |part: &&mut Part| part.named.as_ref().map(|named| &*named.1) == stem;
            let Some(own) = found.each.iter_mut().find(whose) else {
                continue;
            };
            match Record::read(kind, &event.body).map_err(|why| Failure::new(Exit::Lost, why))? {
                Record::Proposed(_) => {}
                Record::Asked(asked) => own.asked += asked.points.len(),
                Record::Plated(plated) => own.plated.push((plated.order, plated.barcode)),
                Record::Analysed(analysed) => {
                    own.analysed.insert(analysed.order, analysed);
                }
                Record::Told(told) => own.told.push(told),
                Record::Answered(answer) => own.answer = Some(answer),
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
                let (said, json) = listed_run(&name, &run, &found);
                text += &said;
                listed.push(json);
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

/// A run on one line, with one for each of its campaigns where there are several; and the same for programs.
fn listed_run(name: &str, run: &Folder, found: &Summary) -> (String, Value) {
    let line = |own: &Part| {
        let best = own
            .best()
            .map_or(String::new(), |best| format!(", best {}", short(best)));
        (
            format!("{} plates{best}", own.plated.len()),
            format!("({}, seed {})", own.campaign, own.seed),
        )
    };
    let json = |own: &Part| {
        json!({
            "state": own.state(),
            "campaign": own.campaign,
            "seed": own.seed.parse::<u64>().ok(),
            "plates": own.plated.len(),
            "best": own.best(),
        })
    };
    let (state, at) = (found.state(), lab_time(found.at));
    let mut fields = match found.each.as_slice() {
        [own] => json(own),
        _ => json!({ "state": state }),
    };
    fields["run"] = name.into();
    fields["folder"] = json!(run.0);
    fields["lab_time_s"] = found.at.as_secs_f64().into();
    let text = match found.each.as_slice() {
        [own] => {
            let (plates, whence) = line(own);
            format!("{name}  {state} after {at}, {plates}  {whence}\n")
        }
        each => {
            fields["campaigns"] = each
                .iter()
                .map(|own| {
                    let mut fields = json(own);
                    fields["name"] = own.named.as_ref().map(|named| named.0.clone()).into();
                    fields
                })
                .collect();
            let mut text = format!("{name}  {state} after {at}, {} campaigns\n", each.len());
            for own in each {
                let (plates, whence) = line(own);
                let name = own.named.as_ref().map_or("?", |named| &named.0);
                // Writing to a String does not fail.
                let _ = writeln!(text, "  {name}  {}, {plates}  {whence}", own.state());
            }
            text
        }
    };
    (text, fields)
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
    let mut text = String::new();
    let mut each = Vec::new();
    // Writing to a String does not fail.
    if let [own] = found.each.as_slice() {
        let _ = writeln!(
            text,
            "{}: {} with seed {}, by nilo {}",
            folder.name(),
            own.campaign,
            own.seed,
            found.program
        );
        let _ = writeln!(
            text,
            "{} after {} in the lab",
            own.state(),
            lab_time(found.at)
        );
        let (said, fields) = shown(own);
        text += &said;
        each.push(fields);
    } else {
        let (state, at) = (found.state(), lab_time(found.at));
        let _ = writeln!(
            text,
            "{}: {} campaigns, by nilo {}\n{state} after {at} in the lab",
            folder.name(),
            found.each.len(),
            found.program
        );
        for own in &found.each {
            let name = own.named.as_ref().map_or("?", |named| &named.0);
            let _ = writeln!(
                text,
                "== {name}: {} with seed {}, {}",
                own.campaign,
                own.seed,
                own.state()
            );
            let (said, mut fields) = shown(own);
            text += &said;
            fields["name"] = name.into();
            each.push(fields);
        }
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
    let mut json = match found.each.len() {
        1 => each.remove(0),
        _ => json!({ "state": found.state(), "campaigns": each }),
    };
    json["run"] = folder.name().into();
    json["folder"] = json!(folder.0);
    json["program"] = found.program.clone().into();
    json["lab_time_s"] = found.at.as_secs_f64().into();
    json["faults"] = faults.into();
    json["journal"] = json!({ "version": found.version, "hash": found.hash });
    output.result("show", text.trim_end(), json)?;
    Ok(Exit::Success)
}

/// A campaign's answer and its plates; and the same for programs.
fn shown(own: &Part) -> (String, Value) {
    // With the campaign file at hand the answer speaks of factors; without it, of levels alone.
    let campaign = Loaded::open(Path::new(&own.campaign)).ok();
    let levels = |levels: &[String]| match &campaign {
        Some(loaded) => setting(&loaded.file.campaign, levels),
        None => bare(levels),
    };
    let mut text = String::new();
    if let Some(answer) = &own.answer {
        for (place, candidate) in answer.candidates.iter().enumerate() {
            // Writing to a String does not fail.
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
    for (order, barcode) in &own.plated {
        let verdict = match own.analysed.get(order) {
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
            "analysed": own.analysed.get(order).and_then(|a| serde_json::to_value(a).ok()),
        }));
    }
    let json = json!({
        "campaign": own.campaign,
        "seed": own.seed.parse::<u64>().ok(),
        "state": own.state(),
        "asked": own.asked,
        "told": own.told.iter().map(|told| told.points.len()).sum::<usize>(),
        "answer": own.answer.as_ref().and_then(|answer| serde_json::to_value(answer).ok()),
        "plates": plates,
    });
    (text, json)
}
