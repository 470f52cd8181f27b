//! Whether a protocol can be done in a hall, found out before anything moves.

use crate::{Hall, Kinds};
use bus::{Capability, Instrument, Range, Role};
use labware::{Cover, LabwareType};
use protocol::check::{contradiction_problem, spoken};
use protocol::{Edge, Lag, ProtocolFile, Step, Value, vocabulary};
use quantity::{Duration, Kind, Mass};
use source::{Problem, Problems, Sink};
use std::collections::{BTreeMap, BTreeSet};

use crate::ways::Ways;

/// A lag with less time to spare than this is kept only when nothing else is going on.
const TIGHT: Duration = Duration::from_secs(60);
/// Density of what is in wells, where it is not known: water.
const WATER_KG_PER_L: f64 = 1.0;

/// Looks for everything that makes a protocol impossible in a hall: steps that no instrument can
/// do, labware that fits nowhere, plates that no mover carries, lags that transport alone breaks.
#[must_use]
pub fn check(hall: &Hall, file: &ProtocolFile) -> Problems {
    let sink = Sink::new();
    homes(hall, file, &sink);
    payload(hall, file, &sink);
    let able = able(hall, file, &sink);
    if able.iter().all(|list| !list.is_empty()) {
        lags(hall, file, &able, &sink);
    }
    sink.into_problems()
}

/// Plates need a home, a waste and a quarantine that fit them.
fn homes(hall: &Hall, file: &ProtocolFile, sink: &Sink) {
    let labware = &file.protocol.labware;
    for (role, what) in [
        (Role::Storage, "hotel"),
        (Role::Waste, "waste"),
        (Role::Quarantine, "quarantine"),
    ] {
        let fits = hall
            .with_role(role)
            .any(|i| i.labware.contains(&labware.class));
        if !fits {
            sink.push(
                Problem::error(format!(
                    "no {what} of '{}' takes '{}'",
                    hall.name, labware.name
                ))
                .at(&file.places.labware)
                .help(format!(
                    "take other labware, or add a {what} with labware = [\"{}\"]",
                    labware.class.name()
                )),
            );
        }
    }
}

fn payload(hall: &Hall, file: &ProtocolFile, sink: &Sink) {
    let labware = &file.protocol.labware;
    let heaviest = heaviest(labware);
    let able = hall
        .movers
        .iter()
        .filter(|m| m.spec.payload >= heaviest)
        .count();
    if able == hall.movers.len() {
        return;
    }
    let message = format!(
        "a full '{}' weighs {heaviest}, and {} of {} movers in '{}' can't carry it",
        labware.name,
        hall.movers.len() - able,
        hall.movers.len(),
        hall.name
    );
    let problem = if able == 0 {
        Problem::error(message)
    } else {
        Problem::warning(message)
    };
    sink.push(
        problem
            .at(&file.places.labware)
            .help("take lighter labware, or movers with a greater payload"),
    );
}

fn heaviest(labware: &LabwareType) -> Mass {
    let litres = labware.well.max_volume.as_ul() * 1e-6 * labware.wells() as f64;
    labware.mass + Mass::from_kg(litres * WATER_KG_PER_L)
}

/// The instruments that can do each step, in the order of the steps.
fn able<'h>(
    hall: &'h Hall,
    file: &'h ProtocolFile,
    sink: &Sink,
) -> Vec<Vec<(&'h Instrument, &'h Capability)>> {
    let mut cover = Cover::Open;
    // A word that nobody offers is one problem, however many steps use it.
    let mut absent: BTreeMap<&str, (Problem, usize)> = BTreeMap::new();
    let mut able = Vec::with_capacity(file.protocol.steps.len());
    for step in &file.protocol.steps {
        let word = &*step.operation.capability;
        let mut fit = Vec::new();
        let mut misfits = Misfits::default();
        for (instrument, offer) in hall.offering(word) {
            if misfits.note(instrument, offer, step, &file.protocol.labware, cover) {
                fit.push((instrument, offer));
            }
        }
        if fit.is_empty() && misfits.offers > 0 {
            sink.push(misfits.problem(hall, file, step));
        } else if fit.is_empty() {
            let entry = absent.entry(word);
            let entry = entry.or_insert_with(|| (nobody(hall, file, step), 0));
            entry.1 += 1;
        }
        if let Some(problem) = short_of_stock(file, step, &fit) {
            sink.push(problem);
        }
        if let Some(leaves) = vocabulary::word(word).and_then(|word| word.leaves) {
            cover = leaves;
        }
        able.push(fit);
    }
    for (_, (problem, steps)) in absent {
        sink.push(if steps > 1 {
            problem.remark(format!("{steps} steps need it"))
        } else {
            problem
        });
    }
    able
}

/// A full plate may need more of a consumable than any instrument holds.
fn short_of_stock(
    file: &ProtocolFile,
    step: &Step,
    fit: &[(&Instrument, &Capability)],
) -> Option<Problem> {
    let wells = file.protocol.labware.wells() as u64;
    let short = |(instrument, offer): &(&Instrument, &Capability)| {
        let uses = offer.uses.as_ref()?;
        let needs = u64::from(uses.per_plate) + u64::from(uses.per_well) * wells;
        let holds = instrument
            .consumables
            .iter()
            .find(|c| c.name == uses.consumable)?
            .stock;
        (needs > u64::from(holds)).then(|| {
            format!(
                "{} holds {holds} {}, and a full plate takes {needs}",
                instrument.kind, uses.consumable
            )
        })
    };
    let reasons: Option<BTreeSet<String>> = fit.iter().map(short).collect();
    let reasons = reasons.filter(|reasons| !reasons.is_empty())?;
    let places = &file.places.steps[step.id.index()];
    let mut problem = Problem::warning(format!(
        "'{}' can't be done on a full plate without a refill in the middle",
        step.name
    ))
    .at(&places.action);
    for reason in reasons {
        problem = problem.remark(reason);
    }
    Some(problem.help("use fewer wells, or give an instrument a larger stock"))
}

/// No instrument at all offers what a step does.
fn nobody(hall: &Hall, file: &ProtocolFile, step: &Step) -> Problem {
    let word = &step.operation.capability;
    let kinds = kinds_that_offer(word);
    Problem::error(format!("no instrument in '{}' can '{word}'", hall.name))
        .at(&file.places.steps[step.id.index()].action)
        .help(if kinds.is_empty() {
            "run it in another hall".to_owned()
        } else {
            format!(
                "run it in another hall, or add an instrument of kind {}",
                kinds.join(" or ")
            )
        })
}

/// Why instruments that offer an operation can't do a step, each reason once.
#[derive(Default)]
struct Misfits {
    reasons: BTreeSet<String>,
    /// The parameter that is out of everybody's reach, with the nearest value that somebody can do.
    nearest: BTreeMap<String, (i64, Kind, i64)>,
    offers: usize,
}

impl Misfits {
    /// Whether the instrument can do the step; if not, keeps why.
    fn note(
        &mut self,
        instrument: &Instrument,
        offer: &Capability,
        step: &Step,
        labware: &LabwareType,
        cover: Cover,
    ) -> bool {
        self.offers += 1;
        let kind = &instrument.kind;
        let mut fits = true;
        let mut refuse = |reason: String| {
            fits = false;
            self.reasons.insert(reason);
        };
        if !offer.labware.contains(&labware.class) {
            let takes: Vec<&str> = offer.labware.iter().map(|c| c.name()).collect();
            refuse(format!(
                "{kind} takes labware of class {}, and this is '{}'",
                takes.join(", "),
                labware.class.name()
            ));
        }
        if !offer.covers.contains(&cover) {
            let takes: Vec<&str> = offer.covers.iter().map(|c| c.adjective()).collect();
            refuse(format!(
                "{kind} takes plates that are {}, and here the plate is {}",
                takes.join(" or "),
                cover.adjective()
            ));
        }
        for (name, range) in &offer.limits {
            let Some(value) = step.operation.params.get(name) else {
                continue;
            };
            if let Some(reason) = outside(name, range, value) {
                refuse(format!("{kind} {reason}"));
                if let (Range::Quantity(kind, from, to), Value::Quantity(_, base)) = (range, value)
                {
                    let near = (*base).clamp(*from, *to);
                    let entry = (near, *kind, (near - base).abs());
                    let best = self.nearest.entry(name.to_string()).or_insert(entry);
                    if entry.2 < best.2 {
                        *best = entry;
                    }
                }
            }
        }
        fits
    }

    fn problem(self, hall: &Hall, file: &ProtocolFile, step: &Step) -> Problem {
        let places = &file.places.steps[step.id.index()];
        // If one parameter is to blame, the message stands at it.
        let blamed = self
            .nearest
            .iter()
            .next()
            .filter(|_| self.nearest.len() == 1);
        let (span, help) = match blamed {
            Some((name, (near, kind, _))) => (
                places.params.get(name.as_str()).unwrap_or(&places.action),
                format!(
                    "the nearest that is done in '{}': {name} = \"{}\"",
                    hall.name,
                    kind.show(*near)
                ),
            ),
            None => (
                &places.action,
                "change the step, or run it in a hall whose instruments can do it".to_owned(),
            ),
        };
        let mut problem = Problem::error(format!(
            "no instrument in '{}' can do '{}' as it is written",
            hall.name, step.name
        ))
        .at(span);
        for reason in self.reasons {
            problem = problem.remark(reason);
        }
        problem.help(help)
    }
}

fn kinds_that_offer(word: &str) -> Vec<String> {
    let Ok(kinds) = Kinds::standard() else {
        return Vec::new();
    };
    kinds
        .iter()
        .filter(|(_, kind)| kind.offers.contains_key(word))
        .map(|(name, _)| name.to_owned())
        .collect()
}

/// Why a value is outside a range, if it is: `does temperature from 4 °C to 70 °C, and this is 80 °C`.
fn outside(name: &str, range: &Range, value: &Value) -> Option<String> {
    let (inside, can) = match (range, value) {
        (Range::Quantity(kind, from, to), Value::Quantity(found, base)) => (
            kind == found && (*from..=*to).contains(base),
            format!("from {} to {}", kind.show(*from), kind.show(*to)),
        ),
        (Range::Integer(from, to), Value::Integer(found)) => (
            (*from..=*to).contains(found),
            format!("from {from} to {to}"),
        ),
        (Range::OneOf(words), Value::Text(found)) => (words.contains(found), words.join(", ")),
        _ => (false, "of another kind".to_owned()),
    };
    (!inside).then(|| format!("does {name} {can}, and this is {value}"))
}

type Able<'h> = [Vec<(&'h Instrument, &'h Capability)>];

/// The fastest way through some steps: how long, and by which instruments.
struct Fastest<'h> {
    time: Duration,
    by: Vec<(&'h Instrument, Duration)>,
}

fn lags(hall: &Hall, file: &ProtocolFile, able: &Able<'_>, sink: &Sink) {
    let mut ways = Ways::new(hall);
    let protocol = &file.protocol;
    let before = sink.errors();
    for (lag, span) in protocol.lags.iter().zip(&file.places.lags) {
        let Some(max) = lag.max else { continue };
        let fastest = fastest(protocol, lag, able, &mut ways);
        let name = |(step, edge): (quantity::StepId, Edge)| {
            let edge = if edge == Edge::Begin { "begin" } else { "end" };
            format!("'{}.{edge}'", protocol.steps[step.index()].name)
        };
        let between = format!("from {} to {}", name(lag.from), name(lag.to));
        let mut problem = if fastest.time > max {
            Problem::error(format!(
                "at most {} {between} can't be kept in '{}': with nothing in the way it takes {}",
                spoken(max),
                hall.name,
                spoken(fastest.time)
            ))
        } else if fastest.time + TIGHT > max {
            Problem::warning(format!(
                "at most {} {between} leaves {} to spare in '{}': any wait breaks it",
                spoken(max),
                spoken(max - fastest.time),
                hall.name
            ))
        } else {
            continue;
        };
        for (step, (instrument, arrives)) in
            protocol.steps[lag.from.0.index()..].iter().zip(&fastest.by)
        {
            problem = problem.remark(format!(
                "'{}' at {}, from {} on",
                step.name,
                instrument.name,
                spoken(*arrives)
            ));
        }
        sink.push(
            problem.at(span).help(
                "allow more time, or put the instruments of these steps nearer to one another",
            ),
        );
    }
    if sink.errors() > before {
        return;
    }
    let lasts = |id: quantity::StepId| {
        let step = &protocol.steps[id.index()];
        let times = able[id.index()].iter().map(|(_, offer)| time(offer, step));
        times.min().unwrap_or_default()
    };
    let gaps: Vec<Duration> = able
        .windows(2)
        .map(|pair| ways.least(&pair[0], &pair[1]))
        .collect();
    let found = protocol::timing::contradiction(protocol, lasts, |a, _| gaps[a.index()]);
    if let Some(found) = found {
        let place = format!(" in '{}'", hall.name);
        sink.push(contradiction_problem(file, &found, &place));
    }
}

/// The median time of a step on one well: more wells only take longer.
fn time(offer: &Capability, step: &Step) -> Duration {
    offer.duration.median(&step.operation, 1)
}

/// The least time between the edges of a lag, over every choice of instruments.
fn fastest<'h>(
    protocol: &protocol::Protocol,
    lag: &Lag,
    able: &Able<'h>,
    ways: &mut Ways<'h>,
) -> Fastest<'h> {
    let (first, last) = (lag.from.0.index(), lag.to.0.index());
    // For each instrument of each step on the way: the least time to the step's begin, and from where.
    let mut layers: Vec<Vec<(Duration, usize)>> =
        vec![vec![(Duration::ZERO, 0); able[first].len()]];
    let spent = |at: usize, index: usize| {
        let step = &protocol.steps[at];
        let counts = at != last || lag.to.1 == Edge::End;
        let begun = at != first || lag.from.1 == Edge::Begin;
        if counts && begun {
            time(able[at][index].1, step)
        } else {
            Duration::ZERO
        }
    };
    for at in first + 1..=last {
        let behind = &layers[at - 1 - first];
        let ends: Vec<Duration> = (0..able[at - 1].len())
            .map(|i| behind[i].0 + spent(at - 1, i))
            .collect();
        let (from, to) = (&able[at - 1], &able[at]);
        let layer = if from.len() * to.len() > Ways::PAIRS {
            // So many that some stand side by side; which, does not matter.
            let (end, i) = ends.iter().copied().zip(0..).min().unwrap_or_default();
            vec![(end + ways.least(from, to), i); to.len()]
        } else {
            let reach = |to: &Instrument| {
                let from = from.iter().enumerate();
                from.map(|(i, (from, _))| (ends[i] + ways.between(from, to), i))
                    .min()
                    .unwrap_or_default()
            };
            to.iter().map(|(to, _)| *to).map(reach).collect()
        };
        layers.push(layer);
    }
    let end = |i: usize| layers[last - first][i].0 + spent(last, i);
    let mut index = (0..able[last].len())
        .min_by_key(|&i| (end(i), i))
        .unwrap_or(0);
    let time = end(index);
    let mut by = Vec::new();
    for at in (first..=last).rev() {
        let (arrives, from) = layers[at - first][index];
        by.push((able[at][index].0, arrives));
        index = from;
    }
    by.reverse();
    Fastest { time, by }
}
