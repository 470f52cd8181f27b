//! `nilo check`: every problem of every file, before anything moves.

use crate::exit::{Exit, Failure};
use crate::files;
use crate::loading::Loaded;
use crate::output::{Output, plain};
use lab::LabFile;
use labware::Catalogue;
use protocol::ProtocolFile;
use serde_json::json;
use source::{Document, Problem, Problems};
use std::path::{Path, PathBuf};

/// What a file turned out to be.
enum Checked {
    Lab(Box<LabFile>),
    Protocol(Box<ProtocolFile>),
    Campaign,
}

impl Checked {
    fn kind(&self) -> &'static str {
        match self {
            Checked::Lab(_) => "lab",
            Checked::Protocol(_) => "protocol",
            Checked::Campaign => "campaign",
        }
    }
}

/// Checks files of any kind.
pub fn check(paths: &[PathBuf], output: &Output) -> Result<Exit, Failure> {
    let catalogue = Catalogue::standard();
    let mut problems = Problems::default();
    let mut sound = Vec::new();
    for path in paths {
        match files::document(path).and_then(|document| one(path, &document, &catalogue)) {
            Ok((checked, warnings)) => {
                problems.extend(warnings);
                sound.push((path, checked));
            }
            Err(Failure {
                problems: Some(found),
                ..
            }) => problems.extend(found),
            Err(failure) => {
                let mut problem = Problem::error(failure.what);
                if let Some(help) = failure.help {
                    problem = problem.help(help);
                }
                problems.extend([problem].into_iter().collect());
            }
        }
    }
    // A protocol by itself may be sound, and still not be possible in a lab that is named beside it.
    for (_, lab) in &sound {
        let Checked::Lab(lab) = lab else { continue };
        for (_, protocol) in &sound {
            if let Checked::Protocol(protocol) = protocol {
                problems.extend(lab::check(&lab.hall, protocol));
            }
        }
    }
    if !problems.is_empty() {
        output.message(&problems.to_string());
    }
    let exit = if problems.errors() == 0 {
        Exit::Success
    } else {
        Exit::Found
    };
    let lines: Vec<String> = sound
        .iter()
        .map(|(path, checked)| format!("{}: {}", path.display(), describe(checked)))
        .collect();
    let text = match exit {
        Exit::Success => lines.join("\n"),
        _ => String::new(),
    };
    let kinds: Vec<_> = sound
        .iter()
        .map(
            |(path, checked)| json!({ "file": path.display().to_string(), "kind": checked.kind() }),
        )
        .collect();
    output.result(
        "check",
        &text,
        json!({ "ok": exit == Exit::Success, "files": kinds, "problems": plain(&problems) }),
    )?;
    Ok(exit)
}

fn describe(checked: &Checked) -> String {
    match checked {
        Checked::Lab(lab) => {
            let hall = &lab.hall;
            format!(
                "a sound lab: {} stations, {} instruments, {} movers",
                hall.stations.len(),
                hall.instruments.len(),
                hall.movers.len()
            )
        }
        Checked::Protocol(file) => {
            format!("a sound protocol of {} steps", file.protocol.steps.len())
        }
        Checked::Campaign => "a sound campaign, possible in its lab".to_owned(),
    }
}

/// The kind follows from what only files of that kind have.
fn one(
    path: &Path,
    document: &Document,
    catalogue: &Catalogue,
) -> Result<(Checked, Problems), Failure> {
    let sink = source::Sink::new();
    let root = document.root(&sink);
    if root.has("campaign") {
        let loaded = Loaded::open(path)?;
        loaded.world()?;
        return Ok((Checked::Campaign, loaded.warnings));
    }
    if root.has("station") || root.has("track") {
        let (lab, warnings) = LabFile::read(document).map_err(Failure::problems)?;
        return Ok((Checked::Lab(Box::new(lab)), warnings));
    }
    if root.has("step") {
        let (protocol, warnings) =
            ProtocolFile::read(document, catalogue).map_err(Failure::problems)?;
        return Ok((Checked::Protocol(Box::new(protocol)), warnings));
    }
    let problem = Problem::error("this is no file that Nilometer knows")
        .in_file(&path.display().to_string())
        .expected(
            "[campaign] of a campaign, [[step]] of a protocol, or [track] and [[station]] of a lab",
        )
        .help("see labs/, protocols/ and campaigns/ for one of each kind");
    Err(Failure::problems([problem].into_iter().collect()))
}
