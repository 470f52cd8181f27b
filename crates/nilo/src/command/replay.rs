//! `nilo replay`: the state of any moment, folded from the journal alone.

use crate::cli::Replay;
use crate::exit::{Exit, Failure};
use crate::folder::Folder;
use crate::joint::Joint;
use crate::output::Output;
use crate::running::failed;
use campaign::{Campaigns, Loop};
use conductor::record::{EFFECT, INPUT, NOTE, Reader};
use conductor::{Conductor, Customer, Effect, Note};
use journal::Version;
use lab::Hall;
use labware::Place;
use quantity::{Duration, Instant};
use serde_json::{Value, json};
use source::Problem;
use std::collections::{BTreeMap, VecDeque};
use std::fmt::Write;

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
    let joint = Joint::of(journal.header())?;
    if let Some(why) = crate::folder::difference(journal.header(), &joint.header(&folder)) {
        return Err(Failure::problem(
            Problem::error(format!("the run can't be rebuilt: {why}"))
                .help("put the file back as it was; the journal holds its hash"),
        ));
    }
    let internal = |why: String| Failure::internal(why);
    let mut conductor = Conductor::new(crate::folder::planned(joint.hall(), journal.header()))
        .map_err(|why| internal(why.to_string()))?;
    let mut cycles = joint.customer()?;
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
                cycles.replay_effect(&effect, event.at);
            }
        } else if let Some(kind) = event.kind.strip_prefix(NOTE) {
            let note = Note {
                kind: kind.to_owned(),
                body: event.body,
            };
            cycles.replay_note(&note, event.at).map_err(|why| {
                failed(conductor::ShellError::Note {
                    version: event.version,
                    why,
                })
            })?;
        }
    }
    let (text, fields) = said(&folder, version, now, joint.hall(), &conductor, &cycles);
    output.result("replay", &text, fields)?;
    Ok(Exit::Success)
}

fn said(
    folder: &Folder,
    version: Version,
    now: Instant,
    hall: &Hall,
    conductor: &Conductor,
    cycles: &Campaigns,
) -> (String, Value) {
    let each = cycles.each();
    let mut text = format!("{} at {now} (version {version})\n", folder.name());
    let mut plates: Vec<Value> = Vec::new();
    for (plate, place) in conductor.custody().iter() {
        let whose = each.iter().find_map(|own| {
            let mut plates = own.state().plates.iter();
            Some((own, plates.find(|known| known.plate == plate)?))
        });
        let mut doing = whose.map_or("of no order".to_owned(), |(own, known)| doing(known, own));
        if let (Some((own, _)), true) = (whose, each.len() > 1) {
            doing = format!("of '{}', {doing}", own.campaign().name);
        }
        let ended = whose.is_some_and(|(_, known)| known.ended.is_some());
        let at = whereabouts(place, ended, hall);
        // Writing to a String does not fail.
        let _ = writeln!(text, "  {plate} {at}; {doing}");
        plates.push(
            json!({ "plate": plate.0, "place": place.to_string(), "at": at, "doing": doing }),
        );
    }
    let orders: Vec<u32> = conductor.orders().map(|order| order.0).collect();
    // What struck no plate each of them knows of.
    let all = each.iter().flat_map(|own| &own.state().chronicle.faults);
    let faults: BTreeMap<u64, _> = all.map(|(fault, at)| (fault.id, (fault, at))).collect();
    let faults: Vec<Value> = faults
        .values()
        .map(|(fault, at)| json!({ "class": &*fault.class, "recovery": &*fault.recovery, "at_s": at.as_secs_f64() }))
        .collect();
    let all = each.iter().flat_map(|own| &own.state().chronicle.tasks);
    let tasks: BTreeMap<_, &campaign::Task> = all
        .filter(|task| task.done.is_none())
        .map(|task| (task.id, task))
        .collect();
    let asked: usize = each.iter().map(|own| own.state().points.len()).sum();
    let answered: usize = each.iter().map(|own| own.state().answered().count()).sum();
    let _ = writeln!(
        text,
        "  {} under way; {} asked, {} answered; {} so far",
        counted(orders.len(), "order"),
        counted(asked, "point"),
        answered,
        counted(faults.len(), "fault")
    );
    if each.len() > 1 {
        for own in each {
            let state = own.state();
            let _ = writeln!(
                text,
                "  '{}': {} done, {} asked, {} answered{}",
                own.campaign().name,
                counted(state.counted(), "plate"),
                counted(state.points.len(), "point"),
                state.answered().count(),
                if state.answer.is_some() {
                    "; it has its answer"
                } else {
                    ""
                }
            );
        }
    }
    for task in tasks.values() {
        let _ = writeln!(
            text,
            "  waits for a person: {} ({})",
            campaign::in_words(&task.request, hall),
            task.why
        );
    }
    let mut json = json!({
        "run": folder.name(),
        "version": version.0,
        "at_s": now.as_secs_f64(),
        "plates": plates,
        "orders": orders,
        "asked": asked,
        "answered": answered,
        "faults": faults,
        "waits_for_person": tasks.values().map(|task| campaign::in_words(&task.request, hall)).collect::<Vec<_>>(),
    });
    if each.len() > 1 {
        let each = each.iter().map(|own| {
            json!({
                "campaign": &*own.campaign().name,
                "plates": own.state().plates.len(),
                "counted": own.state().counted(),
                "asked": own.state().points.len(),
                "answered": own.state().answered().count(),
                "finished": own.answer().is_some(),
            })
        });
        json["campaigns"] = each.collect();
    }
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
