//! What is looked at in a hall by itself once it can be read.

use crate::LabFile;
use bus::{Range, Role};
use quantity::Mass;
use source::{Problem, Sink};
use std::collections::BTreeMap;

/// A deep-well plate filled to the brim weighs about this (typical).
const HEAVIEST_PLATE_KG: f64 = 0.35;

/// Every check of a hall by itself.
pub(crate) fn hall(lab: &LabFile, sink: &Sink) {
    roles(lab, sink);
    names(lab, sink);
    movers(lab, sink);
    instruments(lab, sink);
}

/// Plates need homes, and somewhere to go when they are done or when something is wrong.
fn roles(lab: &LabFile, sink: &Sink) {
    for (role, kind, why) in [
        (Role::Storage, "hotel", "no plate has a home"),
        (Role::Waste, "waste", "no plate can leave"),
        (
            Role::Quarantine,
            "quarantine",
            "a plate that something is wrong with has no place",
        ),
    ] {
        if lab.hall.with_role(role).next().is_none() {
            sink.push(
                Problem::error(format!("this lab has no {kind}: {why}"))
                    .at(&lab.places.start)
                    .expected(format!("an instrument with kind = \"{kind}\" at a station")),
            );
        }
    }
    let homes: usize = lab
        .hall
        .with_role(Role::Storage)
        .map(|i| i.nests.len())
        .sum();
    let busy: usize = lab
        .hall
        .with_role(Role::Work)
        .map(|i| i.simultaneous as usize)
        .sum();
    if homes > 0 && homes * 4 < busy {
        sink.push(
            Problem::warning(format!(
                "{homes} homes for plates, and instruments that could work on {busy} at once"
            ))
            .at(&lab.places.start)
            .help("each plate keeps its home while it is elsewhere: with more hotels, or more nests in them, fewer instruments stand idle"),
        );
    }
}

fn names(lab: &LabFile, sink: &Sink) {
    let mut seen: BTreeMap<&str, usize> = BTreeMap::new();
    for (index, instrument) in lab.hall.instruments.iter().enumerate() {
        if let Some(first) = seen.insert(&instrument.name, index) {
            sink.push(
                Problem::error(format!("two instruments are called '{}'", instrument.name))
                    .at(&lab.places.instruments[index])
                    .note(&lab.places.instruments[first], "the other one")
                    .help("give each a name of its own: name = \"…\""),
            );
        }
    }
    let mut seen: BTreeMap<&str, usize> = BTreeMap::new();
    for (index, mover) in lab.hall.movers.iter().enumerate() {
        if let Some(first) = seen.insert(&mover.name, index) {
            sink.push(
                Problem::error(format!("two movers are called '{}'", mover.name))
                    .at(&lab.places.movers[index])
                    .note(&lab.places.movers[first], "the other one")
                    .help("give each group of movers a name of its own"),
            );
            return;
        }
    }
}

fn movers(lab: &LabFile, sink: &Sink) {
    let heavy = Mass::from_kg(HEAVIEST_PLATE_KG);
    let mut last = None;
    for (mover, place) in lab.hall.movers.iter().zip(&lab.places.movers) {
        if mover.spec.payload < heavy && last != Some(place) {
            sink.push(
                Problem::warning(format!(
                    "'{}' carries {}, and a full deep-well plate weighs up to {heavy}",
                    mover.name, mover.spec.payload
                ))
                .at(place)
                .help("check that heavy plates are not used, or raise 'payload'"),
            );
        }
        last = Some(place);
    }
}

fn instruments(lab: &LabFile, sink: &Sink) {
    for (instrument, place) in lab.hall.instruments.iter().zip(&lab.places.instruments) {
        if instrument.labware.is_empty() {
            sink.push(
                Problem::error(format!(
                    "no labware fits the nests of '{}'",
                    instrument.name
                ))
                .at(place)
                .expected("labware = a list with at least one class of labware"),
            );
        }
        if instrument.role == Role::Work && instrument.capabilities.is_empty() {
            sink.push(
                Problem::error(format!("'{}' offers nothing", instrument.name))
                    .at(place)
                    .help("leave one of its offers in"),
            );
        }
        for capability in &instrument.capabilities {
            if capability.covers.is_empty() {
                let word = protocol::vocabulary::word(&capability.name);
                let needed: Vec<&str> = word.map_or_else(Vec::new, |word| {
                    word.covers.iter().map(|cover| cover.name()).collect()
                });
                sink.push(
                    Problem::error(format!(
                        "'{}' takes no plate that it could '{}'",
                        instrument.name, capability.name
                    ))
                    .at(place)
                    .expected(format!("covers = a list with {}", needed.join(" or "))),
                );
            }
            if capability
                .limits
                .values()
                .any(|range| matches!(range, Range::OneOf(words) if words.is_empty()))
            {
                sink.push(
                    Problem::error(format!(
                        "a limit of '{}' in '{}' leaves nothing",
                        capability.name, instrument.name
                    ))
                    .at(place)
                    .help("name at least one word, or leave the limit out"),
                );
            }
        }
    }
}
