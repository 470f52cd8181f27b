//! `nilo replay`: the state of any moment, folded from the journal alone.

use crate::cli::Replay;
use crate::exit::{Exit, Failure};
use crate::folder::{Folder, key};
use crate::loading::Loaded;
use crate::output::Output;
use crate::running::failed;
use campaign::Loop;
use conductor::record::{EFFECT, INPUT, NOTE, Reader};
use conductor::{Conductor, Customer, Effect, Note};
use journal::Version;
use lab::Hall;
use labware::Place;
use quantity::{Duration, Instant};
use serde_json::{Value, json};
use source::Problem;
use std::collections::VecDeque;
use std::fmt::Write;
use std::path::PathBuf;
use std::sync::Arc;

/// Rebuilds a moment of a run.
///
/// # Errors
/// If there is no such run or moment, or the files that it was made from have changed.
pub fn replay(args: &Replay, output: &Output) -> Result<Exit, Failure> {
    let folder = Folder::named(&args.run);
    let journal = folder.read()?;
    let lost = |error: journal::ReadError| Failure::new(Exit::Lost, error);
    let last = journal.version();
    let version = match (&args.at, args.version) {
        (Some(at), _) => {
            let span: Duration = at.parse().map_err(|why: quantity::QuantityError| {
                Failure::problem(Problem::error(format!("--at: {why}")))
            })?;
            journal.at(Instant::EPOCH + span).map_err(lost)?
        }
        (None, Some(version)) if version <= last.0 => Version(version),
        (None, Some(version)) => {
            return Err(Failure::problem(
                Problem::error(format!("there is no version {version}"))
                    .expected(format!("--version up to {last}")),
            ));
        }
        (None, None) => last,
    };
    let path = PathBuf::from(journal.header().get(key::CAMPAIGN).unwrap_or_default());
    let seed = journal
        .header()
        .get(key::SEED)
        .and_then(|seed| seed.parse().ok());
    let loaded = Loaded::open(&path)?.with_seed(seed);
    let wanted = crate::folder::header(&folder, &path, &loaded);
    if let Some(why) = crate::folder::difference(journal.header(), &wanted) {
        return Err(Failure::problem(
            Problem::error(format!("the run can't be rebuilt: {why}"))
                .help("put the file back as it was; the journal holds its hash"),
        ));
    }
    let internal = |why: String| Failure::internal(why);
    let mut conductor = Conductor::new(crate::folder::planned(&loaded.hall, journal.header()))
        .map_err(|why| internal(why.to_string()))?;
    let mut cycle = Loop::new(Arc::new(loaded.file.campaign.clone()))
        .map_err(|why| internal(why.to_string()))?;
    let mut reader = Reader::default();
    let mut queue: VecDeque<Effect> = VecDeque::new();
    let mut out = Vec::new();
    let mut now = Instant::EPOCH;
    for event in journal.read(Version(1), version).map_err(lost)? {
        let event = event.map_err(lost)?;
        now = event.at;
        if event.kind.starts_with(INPUT) {
            let input = reader
                .input(&event.kind, &event.body, event.at)
                .map_err(|why| {
                    Failure::new(Exit::Lost, format!("event {}: {why}", event.version))
                })?;
            if let Some(input) = input {
                conductor.step(input, event.at, &mut out);
                queue.extend(out.drain(..));
            }
        } else if event.kind.starts_with(EFFECT) {
            if let Some(effect) = queue.pop_front()
                && !matches!(effect, Effect::Command(_))
            {
                cycle.replay_effect(&effect, event.at);
            }
        } else if let Some(kind) = event.kind.strip_prefix(NOTE) {
            let note = Note {
                kind: kind.to_owned(),
                body: event.body,
            };
            cycle.replay_note(&note, event.at).map_err(|why| {
                failed(conductor::ShellError::Note {
                    version: event.version,
                    why,
                })
            })?;
        }
    }
    let (text, fields) = said(&folder, version, now, &loaded, &conductor, &cycle);
    output.result("replay", &text, fields)?;
    Ok(Exit::Success)
}

fn said(
    folder: &Folder,
    version: Version,
    now: Instant,
    loaded: &Loaded,
    conductor: &Conductor,
    cycle: &Loop,
) -> (String, Value) {
    let hall = &loaded.hall;
    let state = cycle.state();
    let mut text = format!("{} at {now} (version {version})\n", folder.name());
    let mut plates: Vec<Value> = Vec::new();
    for (plate, place) in conductor.custody().iter() {
        let whose = state.plates.iter().find(|known| known.plate == plate);
        let doing = whose.map_or("of no order".to_owned(), |known| doing(known, cycle));
        let ended = whose.is_some_and(|known| known.ended.is_some());
        let at = whereabouts(place, ended, hall);
        // Writing to a String does not fail.
        let _ = writeln!(text, "  {plate} {at}; {doing}");
        plates.push(
            json!({ "plate": plate.0, "place": place.to_string(), "at": at, "doing": doing }),
        );
    }
    let orders: Vec<u32> = conductor.orders().map(|order| order.0).collect();
    let faults: Vec<Value> = state
        .chronicle
        .faults
        .iter()
        .map(|(fault, at)| json!({ "class": &*fault.class, "recovery": &*fault.recovery, "at_s": at.as_secs_f64() }))
        .collect();
    let tasks: Vec<&campaign::Task> = state
        .chronicle
        .tasks
        .iter()
        .filter(|task| task.done.is_none())
        .collect();
    let _ = writeln!(
        text,
        "  {} under way; {} asked, {} answered; {} so far",
        counted(orders.len(), "order"),
        counted(state.points.len(), "point"),
        state.answered().count(),
        counted(faults.len(), "fault")
    );
    for task in &tasks {
        let _ = writeln!(
            text,
            "  waits for a person: {} ({})",
            campaign::in_words(&task.request, hall),
            task.why
        );
    }
    let json = json!({
        "run": folder.name(),
        "version": version.0,
        "at_s": now.as_secs_f64(),
        "plates": plates,
        "orders": orders,
        "asked": state.points.len(),
        "answered": state.answered().count(),
        "faults": faults,
        "waits_for_person": tasks.iter().map(|task| campaign::in_words(&task.request, hall)).collect::<Vec<_>>(),
    });
    (text.trim_end().to_owned(), json)
}

/// `1 order`, `3 orders`.
fn counted(count: usize, what: &str) -> String {
    let s = if count == 1 { "" } else { "s" };
    format!("{count} {what}{s}")
}

/// Where a plate is, as one would say it of it: `is in warm/incubator (nest 4)`.
fn whereabouts(place: Place, ended: bool, hall: &Hall) -> String {
    match place {
        Place::Nest(nest) => format!("is in {} ({nest})", hall.instrument_of(nest).name),
        Place::Mover(mover) => format!("rides on {mover}"),
        // Arms have the numbers of their stations.
        Place::Arm(arm) => format!("is held by the arm of {}", hall.stations[arm.index()].name),
        Place::Floor(station) => format!(
            "lies on the floor of {}",
            hall.stations[station.index()].name
        ),
        Place::Outside if ended => "has left the hall".into(),
        Place::Outside => "has not been brought yet".into(),
    }
}

/// What goes on with a plate.
fn doing(plate: &campaign::PlateState, cycle: &Loop) -> String {
    if let Some((how, _)) = &plate.ended {
        return format!("its order is {how}");
    }
    let protocol = &cycle.campaign().assay.protocol;
    let name = |step: quantity::StepId| protocol.steps[step.index()].name.to_string();
    match plate.steps.last() {
        None => "waits for its first step".into(),
        Some(step) if step.ended.is_none() => format!("in step '{}'", name(step.step)),
        Some(step) => format!("after step '{}'", name(step.step)),
    }
}
