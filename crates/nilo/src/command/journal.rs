//! `nilo journal`: what happened, event by event.

use crate::cli::{Export, Journal as Command};
use crate::exit::{Exit, Failure};
use crate::folder::Folder;
use crate::joint::Joint;
use crate::output::Output;
use crate::words::Words;
use journal::{Journal, Version};
use serde_json::{Value, json};
use std::fs::File;
use std::io::{BufWriter, Write};
use std::path::Path;

/// Runs a command on a journal.
pub fn journal(command: Command, output: &Output) -> Result<Exit, Failure> {
    match command {
        Command::Verify { run } => verify(&run, output),
        Command::Tail { run, count } => tail(&run, count, output),
        Command::Show { run, version } => show(&run, version, output),
        Command::Export(export) => write(&export, output),
    }
}

/// Opens the journal of a run's folder, or one that is named itself, for reading.
pub fn open(run: &Path) -> Result<Journal, Failure> {
    if run.is_file() {
        return Journal::open_read_only(run)
            .map_err(|error| Failure::refused(format!("{}: {error}", run.display())));
    }
    Folder::named(run).read()
}

fn verify(run: &Path, output: &Output) -> Result<Exit, Failure> {
    let journal = open(run)?;
    match journal.verify(None).map_err(Failure::io)? {
        Ok(sound) => {
            let text = format!(
                "sound: {} events, {} snapshots, head {}",
                sound.head.version, sound.snapshots, sound.head.hash
            );
            let fields = json!({
                "events": sound.head.version.0,
                "snapshots": sound.snapshots,
                "head": sound.head.hash.to_string(),
            });
            output.result("journal verify", &text, fields)?;
            Ok(Exit::Success)
        }
        Err(fault) => {
            output.message(&format!("not sound: {fault}"));
            let fields = json!({
                "ok": false,
                "fault": fault.to_string(),
                "version": fault.version().map(|version| version.0),
            });
            output.result("journal verify", "", fields)?;
            Ok(Exit::Found)
        }
    }
}

fn line(event: &journal::Event) -> Result<String, Failure> {
    let mut bytes = Vec::new();
    journal::line(event, &mut bytes).map_err(Failure::io)?;
    Ok(String::from_utf8_lossy(&bytes).trim_end().to_owned())
}

/// The names that the files of a run give to things, if they are still there as they were.
fn words(run: &Path, journal: &Journal) -> Words {
    let header = journal.header();
    let Ok(joint) = Joint::of(header) else {
        return Words::default();
    };
    let wanted = joint.header(&Folder::named(run));
    if crate::folder::difference(header, &wanted).is_some() {
        return Words::default();
    }
    let steps = joint.each().iter().map(|one| {
        let steps = &one.campaign().assay.protocol.steps;
        steps.iter().map(|step| step.name.to_string()).collect()
    });
    Words::new(Some(joint.hall().clone()), steps.collect())
}

/// An event on one line for people: version, time, and what happened; kind and the beginning of the
/// body if there are no words for it.
fn brief(event: &journal::Event, words: &mut Words) -> String {
    const SHOWN: usize = 160;
    let said = words.of(event).unwrap_or_else(|| {
        let body = String::from_utf8_lossy(&event.body);
        format!("{}  {body}", event.kind)
    });
    let mut shown: String = said.chars().take(SHOWN).collect();
    if said.chars().count() > SHOWN {
        shown.push('…');
    }
    // In a column, so that times can be compared.
    let at = event.at.to_string();
    format!("{:>8}  {at:>15}  {shown}", event.version.to_string())
}

fn tail(run: &Path, count: u64, output: &Output) -> Result<Exit, Failure> {
    let journal = open(run)?;
    let (mut lines, mut events) = (Vec::new(), Vec::new());
    let first = Version((journal.version().0 + 1).saturating_sub(count).max(1));
    let mut words = words(run, &journal);
    words.look_back(&journal, first).map_err(Failure::io)?;
    for event in journal.tail(count).map_err(Failure::io)? {
        let event = event.map_err(Failure::io)?;
        lines.push(brief(&event, &mut words));
        if output.is_json() {
            events.push(parsed(&event)?);
        }
    }
    output.result(
        "journal tail",
        &lines.join("\n"),
        json!({ "events": events }),
    )?;
    Ok(Exit::Success)
}

fn parsed(event: &journal::Event) -> Result<Value, Failure> {
    serde_json::from_str(&line(event)?).map_err(Failure::internal)
}

fn show(run: &Path, version: u64, output: &Output) -> Result<Exit, Failure> {
    let journal = open(run)?;
    let last = journal.version();
    if version == 0 || Version(version) > last {
        return Err(Failure::refused(format!(
            "there is no event {version}: the journal has 1 to {last}"
        )));
    }
    let event = journal.get(Version(version)).map_err(Failure::io)?;
    let value = parsed(&event)?;
    let mut words = words(run, &journal);
    words
        .look_back(&journal, Version(version))
        .map_err(Failure::io)?;
    let body = serde_json::to_string_pretty(&value).map_err(Failure::internal)?;
    let text = match words.of(&event) {
        Some(said) => format!("{}: {said}\n{body}", event.at),
        None => body,
    };
    output.result("journal show", &text, json!({ "event": value }))?;
    Ok(Exit::Success)
}

fn write(export: &Export, output: &Output) -> Result<Exit, Failure> {
    let journal = open(&export.run)?;
    let (from, to) = (
        Version(export.from),
        export.to.map_or(Version::MAX, Version),
    );
    let failed = |error: journal::ExportError| Failure::io(error);
    match &export.out {
        None => {
            let mut out = BufWriter::new(std::io::stdout().lock());
            match journal.export(from, to, &mut out) {
                Err(journal::ExportError::Write(error))
                    if error.kind() == std::io::ErrorKind::BrokenPipe => {}
                done => done.map_err(failed)?,
            }
        }
        Some(path) => {
            let named = |error: std::io::Error| Failure::io(format!("{}: {error}", path.display()));
            let mut out = BufWriter::new(File::create(path).map_err(named)?);
            journal.export(from, to, &mut out).map_err(failed)?;
            out.flush().map_err(named)?;
            let line = format!(
                "{}: events {} to {}",
                path.display(),
                from,
                to.min(journal.version())
            );
            output.result("journal export", &line, json!({ "file": path }))?;
        }
    }
    Ok(Exit::Success)
}
