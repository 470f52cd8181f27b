//! Lab files: from text to an enumerated hall.
//!
//! A lab file has a name, a `[track]` ([`crate`] docs list its forms), `[movers]`, stations with an
//! arm and instruments, and may change or add kinds of instrument under `[kinds]`. Stations take
//! docks along the track in the order of the file, unless they name them.

use crate::kinds::Kinds;
use crate::movers::Group;
use crate::stations::{Docks, Draft};
use crate::track::Needs;
use crate::{Hall, Mover, check, movers, planning, stations, track};
use bus::{Arm, Instrument, Station};
use quantity::{ArmId, BerthId, InstrumentId, Length, MoverId, NestId, StationId};
use source::{Document, Problem, Problems, Sink, Span};
use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;
use transport::{BerthKind, Track};

/// A hall with the places in its file, for checks that come after reading.
#[derive(Clone, Debug)]
pub struct LabFile {
    /// What the file says.
    pub hall: Arc<Hall>,
    /// One sentence for people, if the file has one.
    pub about: Option<String>,
    /// Where it says so.
    pub places: LabPlaces,
}

/// Where things stand in a lab file.
#[derive(Clone, Debug)]
pub struct LabPlaces {
    /// The whole.
    pub start: Span,
    /// The track.
    pub track: Span,
    /// Each station, by id.
    pub stations: Vec<Span>,
    /// Each instrument, by id.
    pub instruments: Vec<Span>,
    /// Each mover, by id.
    pub movers: Vec<Span>,
}

impl LabFile {
    /// Reads and checks a lab file.
    ///
    /// # Errors
    /// Every problem that the file has. Warnings come with the hall.
    pub fn read(document: &Document) -> Result<(Self, Problems), Problems> {
        let kinds = Kinds::standard().map_err(Problems::clone)?;
        let sink = Sink::new();
        let lab = read(document, kinds, &sink);
        match sink.finish(lab)? {
            (Some(lab), warnings) => Ok((lab, warnings)),
            (None, warnings) => Err(warnings),
        }
    }

    /// Reads and checks a lab from text; `path` is what problems call it.
    ///
    /// # Errors
    /// As [`Self::read`], and what is not TOML.
    pub fn parse(path: &str, text: &str) -> Result<(Self, Problems), Problems> {
        Self::read(&Document::parse(path, text)?)
    }
}

fn read(document: &Document, standard: &Kinds, sink: &Sink) -> Option<LabFile> {
    let root = document.root(sink);
    let name = root.required::<Arc<str>>("name");
    let about = root.optional::<String>("about").map(|at| at.value);
    let mut kinds = standard.clone();
    if let Some(table) = root.table("kinds") {
        for (name, item) in table.entries() {
            kinds.add(&name, &item);
        }
    }
    let drafts = stations::read(&root, &kinds);
    let groups = movers::read(&root, sink);
    let table = root.required_table("track");
    let track_span = table.as_ref().map(source::Table::span);
    let needs = drafts
        .as_ref()
        .zip(movers::footprint(&groups))
        .map(|(drafts, footprint)| Needs {
            footprint,
            docks: drafts.iter().map(|draft| draft.docks.len()).sum(),
            movers: groups.iter().map(|group| group.count).sum(),
        });
    let track = table.and_then(|table| track::read(table, needs));
    let planning = planning::read(&root);
    root.finish();
    let (drafts, track, track_span) = (drafts?, track?, track_span?);
    let docks = docks(&drafts, &track, sink)?;
    let (movers, mover_places) = homes(&groups, &track);
    let mut hall = Hall {
        name: name?.value,
        track,
        movers,
        stations: Vec::with_capacity(drafts.len()),
        docks,
        instruments: Vec::new(),
        nests: Vec::new(),
        planning,
    };
    let mut places = LabPlaces {
        start: document.start(),
        track: track_span,
        stations: Vec::with_capacity(drafts.len()),
        instruments: Vec::new(),
        movers: mover_places,
    };
    for draft in &drafts {
        enumerate(draft, &mut hall, &mut places);
    }
    let lab = LabFile {
        hall: Arc::new(hall),
        about,
        places,
    };
    check::hall(&lab, sink);
    Some(lab)
}

/// Puts a station with its instruments and nests behind those that are there.
fn enumerate(draft: &Draft, hall: &mut Hall, places: &mut LabPlaces) {
    let index = hall.stations.len() as u32;
    let station = StationId(index);
    let mut instruments = Vec::with_capacity(draft.instruments.len());
    for one in draft.instruments.iter() {
        let id = InstrumentId(hall.instruments.len() as u32);
        let first = hall.nests.len() as u32;
        hall.nests.extend((0..one.kind.nests).map(|_| id));
        hall.instruments.push(Instrument {
            id,
            station,
            name: format!("{}/{}", draft.name, one.name).into(),
            kind: Arc::clone(&one.kind_name),
            role: one.kind.role,
            nests: (first..first + one.kind.nests).map(NestId).collect(),
            labware: one.kind.labware.clone(),
            simultaneous: (one.batch).map_or(one.kind.at_once(), |batch| batch.plates),
            door: one.kind.door,
            capabilities: one.kind.capabilities(),
            consumables: one.kind.stock(),
            closed: one.closed.to_vec(),
            setup: one.setup.clone(),
            batch: one.batch,
        });
        places.instruments.push(one.span.clone());
        instruments.push(id);
    }
    hall.stations.push(Station {
        id: station,
        name: Arc::clone(&draft.name),
        arm: Arm {
            id: ArmId(index),
            pick: draft.arm.pick,
            place: draft.arm.place,
            regrip: draft.arm.regrip,
        },
        instruments,
    });
    places.stations.push(draft.span.clone());
}

/// The docks of each station: those that it names, or the next along the track that nobody names.
fn docks(drafts: &[Draft], track: &Track, sink: &Sink) -> Option<Vec<Vec<BerthId>>> {
    let mut owner: BTreeMap<BerthId, &Draft> = BTreeMap::new();
    let mut sound = true;
    for draft in drafts {
        let Docks::Named(names) = &draft.docks else {
            continue;
        };
        for name in names {
            let found = track
                .berth_named(name)
                .filter(|id| track.berth(*id).kind == BerthKind::Dock);
            let Some(berth) = found else {
                sound = false;
                let all = track.berths().iter().filter(|b| b.kind == BerthKind::Dock);
                sink.push(Problem::unknown_name(
                    "dock",
                    name,
                    all.map(|b| b.name.as_str()),
                ));
                continue;
            };
            if let Some(first) = owner.insert(berth, draft) {
                sound = false;
                sink.push(
                    Problem::error(format!("dock '{}' is at two stations", name.value))
                        .at(&name.span)
                        .note(&first.span, format!("'{}' has it too", first.name))
                        .help("an arm must have its docks for itself: give each station its own"),
                );
            }
        }
    }
    let mut free: VecDeque<BerthId> = track
        .berths()
        .iter()
        .filter(|berth| berth.kind == BerthKind::Dock && !owner.contains_key(&berth.id))
        .map(|berth| berth.id)
        .collect();
    let mut docks = Vec::with_capacity(drafts.len());
    for draft in drafts {
        let own: Vec<BerthId> = match &draft.docks {
            Docks::Named(names) => names.iter().filter_map(|n| track.berth_named(n)).collect(),
            Docks::Count(count) => together(&mut free, *count, track),
        };
        if own.len() < draft.docks.len() && sound {
            sound = false;
            sink.push(
                Problem::error(format!("no dock is left for station '{}'", draft.name))
                    .at(&draft.span)
                    .help("add docks to the track, or name fewer elsewhere"),
            );
        }
        docks.push(own);
    }
    sound.then_some(docks)
}

/// Takes the next free dock along the track. For a station with several, the next that has others
/// beside it or across the track, where one arm reaches them all.
fn together(free: &mut VecDeque<BerthId>, count: usize, track: &Track) -> Vec<BerthId> {
    /// Docks further along than this are not looked at.
    const NEAR: usize = 8;
    /// An arm between docks reaches this far from one to the other.
    const REACH: Length = Length::from_base(1_200_000);
    let around = |first: usize| {
        let at = track.berth(free[first]).position;
        let mut near: Vec<(Length, usize)> = (first..free.len().min(first + NEAR))
            .map(|i| (track.berth(free[i]).position.distance(at), i))
            .collect();
        near.sort_unstable();
        near.truncate(count);
        near
    };
    let within =
        |near: &[(Length, usize)]| near.len() == count && near.iter().all(|(far, _)| *far <= REACH);
    let starts = 0..free.len().min(NEAR);
    let found = starts.map(around).find(|near| within(near));
    let mut take: Vec<usize> = match found {
        Some(near) => near.into_iter().map(|(_, i)| i).collect(),
        None => (0..free.len().min(count)).collect(),
    };
    take.sort_unstable();
    let own = take.iter().map(|&i| free[i]).collect();
    for i in take.into_iter().rev() {
        free.remove(i);
    }
    own
}

/// Movers with their homes, spread evenly over the parking berths.
fn homes(groups: &[Group], track: &Track) -> (Vec<Mover>, Vec<Span>) {
    let parking: Vec<BerthId> = track
        .berths()
        .iter()
        .filter(|berth| berth.kind == BerthKind::Parking)
        .map(|berth| berth.id)
        .collect();
    let all: usize = groups.iter().map(|group| group.count).sum();
    let mut movers = Vec::with_capacity(all);
    let mut places = Vec::with_capacity(all);
    for group in groups {
        for n in 1..=group.count {
            let index = movers.len();
            movers.push(Mover {
                id: MoverId(index as u32),
                name: format!("{}-{n}", group.name).into(),
                spec: group.spec,
                home: parking[index * parking.len() / all],
            });
            places.push(group.span.clone());
        }
    }
    (movers, places)
}
