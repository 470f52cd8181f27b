//! What is looked at in a protocol once it can be read: covers, volumes, lags.

use crate::file::{ProtocolFile, StepPlaces};
use crate::timing::{Condition, Contradiction, contradiction};
use crate::vocabulary::{self, Word};
use crate::{Edge, Lag, Protocol, Step};
use labware::Cover;
use quantity::{Duration, Kind, Volume};
use source::{Problem, Sink, Span};

/// Every check of a protocol by itself.
pub(crate) fn protocol(file: &ProtocolFile, sink: &Sink) {
    covers(file, sink);
    volumes(file, sink);
    readings(file, sink);
    let before = sink.errors();
    for (lag, span) in file.protocol.lags.iter().zip(&file.places.lags) {
        lag_direction(&file.protocol, lag, span, sink);
    }
    if sink.errors() == before {
        let found = contradiction(
            &file.protocol,
            |id| stated(&file.protocol.steps[id.index()]),
            |_, _| Duration::ZERO,
        );
        if let Some(found) = found {
            sink.push(contradiction_problem(file, &found, ""));
        }
    }
}

/// The time that a step states: an instrument takes at least that.
#[must_use]
pub fn stated(step: &Step) -> Duration {
    step.operation
        .duration("duration")
        .unwrap_or(Duration::ZERO)
}

fn each(file: &ProtocolFile) -> impl Iterator<Item = (&Step, &'static Word, &StepPlaces)> {
    file.protocol
        .steps
        .iter()
        .zip(&file.places.steps)
        .filter_map(|(step, places)| {
            vocabulary::word(&step.operation.capability).map(|word| (step, word, places))
        })
}

/// A plate starts open; each step needs a cover it can work with.
fn covers(file: &ProtocolFile, sink: &Sink) {
    let mut cover = Cover::Open;
    let mut by: Option<(&Step, &Span)> = None;
    for (step, word, places) in each(file) {
        if !word.covers.contains(&cover) {
            let needed: Vec<&str> = word.covers.iter().map(|c| c.adjective()).collect();
            let mut problem = Problem::error(format!(
                "'{}' needs the plate {}, and here it is {}",
                step.name,
                needed.join(" or "),
                cover.adjective()
            ))
            .at(&places.action);
            if let Some((by, span)) = by {
                problem =
                    problem.note(span, format!("'{}' left it {}", by.name, cover.adjective()));
            }
            let remedy = match (cover, word.covers) {
                (Cover::Seal, _) => "put a step with do = \"peel\" before it",
                (Cover::Lid, _) => "put a step with do = \"delid\" before it",
                (Cover::Open, [Cover::Lid]) => "put a step with do = \"lid\" before it",
                (Cover::Open, [Cover::Seal]) => {
                    "put a step with do = \"seal\" before it, or leave this one out"
                }
                (Cover::Open, _) => "put a step with do = \"seal\" or do = \"lid\" before it",
            };
            sink.push(problem.help(remedy));
            // What it leaves is what the later steps find.
            cover = word.covers.first().copied().unwrap_or(cover);
            by = None;
        }
        if let Some(leaves) = word.leaves {
            cover = leaves;
            by = Some((step, &places.action));
        }
    }
}

/// What the steps say that they put into a well at most must fit.
fn volumes(file: &ProtocolFile, sink: &Sink) {
    let well = &file.protocol.labware.well;
    let mut sum = Volume::ZERO;
    let mut given: Vec<(&Span, Volume)> = Vec::new();
    for (step, word, places) in each(file) {
        let volume = step
            .operation
            .base("volume", Kind::Volume)
            .map(Volume::from_base);
        if word.empties {
            sum = Volume::ZERO;
            given.clear();
        }
        let (Some(volume), Some(span)) = (volume, places.params.get("volume")) else {
            continue;
        };
        let filled = sum + volume;
        if filled > well.max_volume {
            let mut problem = Problem::error(format!(
                "a well of '{}' would hold {filled} after '{}', and takes at most {}",
                file.protocol.labware.name, step.name, well.max_volume
            ))
            .at(span);
            for (span, volume) in &given {
                problem = problem.note(span, format!("{volume} are in it already"));
            }
            let room = well.max_volume - sum;
            let help = if room > Volume::ZERO {
                format!("put in at most {room} here, or take labware with larger wells")
            } else {
                "empty the plate before, or take labware with larger wells".to_owned()
            };
            sink.push(problem.help(help));
            return;
        }
        if word.adds_liquid {
            sum = filled;
            given.push((span, volume));
        }
    }
}

/// A protocol that measures nothing answers nothing.
fn readings(file: &ProtocolFile, sink: &Sink) {
    if file
        .protocol
        .steps
        .iter()
        .all(|step| step.reading.is_none())
    {
        sink.push(
            Problem::warning("no step of this protocol measures anything")
                .at(&file.places.start)
                .help("a campaign needs a reading: add a step such as do = \"read_absorbance\""),
        );
    }
}

fn edge_name(protocol: &Protocol, (step, edge): (quantity::StepId, Edge)) -> String {
    let edge = match edge {
        Edge::Begin => "begin",
        Edge::End => "end",
    };
    format!("{}.{edge}", protocol.steps[step.index()].name)
}

fn lag_direction(protocol: &Protocol, lag: &Lag, span: &Span, sink: &Sink) {
    let (from, to) = (edge_name(protocol, lag.from), edge_name(protocol, lag.to));
    if lag.from == lag.to {
        sink.push(
            Problem::error(format!("a lag from '{from}' to itself"))
                .at(span)
                .expected("two different edges"),
        );
    } else if lag.from > lag.to {
        sink.push(
            Problem::error(format!(
                "this lag runs backwards: '{from}' comes after '{to}'"
            ))
            .at(span)
            .help("swap 'from' and 'to'; a plate goes through its steps one after another"),
        );
    }
    if let Some(max) = lag.max
        && max < lag.min
    {
        sink.push(
            Problem::error(format!(
                "at least {} and at most {max} from '{from}' to '{to}' can't both be",
                lag.min
            ))
            .at(span)
            .expected(format!("a maximum of {} or more", lag.min)),
        );
    }
}

/// A time for people, rounded: `24.8 s`, `4 min 5 s`, `16 h 20 min`.
#[must_use]
pub fn spoken(time: Duration) -> String {
    let tenths = (time.as_secs_f64() * 10.0).round() as i64;
    let secs = (tenths + 5) / 10;
    let (small, large, names) = match secs {
        ..60 if tenths % 10 == 0 => return format!("{} s", tenths / 10),
        ..60 => return format!("{}.{} s", tenths / 10, tenths % 10),
        60..3600 => (secs % 60, secs / 60, ["min", "s"]),
        _ => (secs / 60 % 60, secs / 3600, ["h", "min"]),
    };
    if small == 0 {
        format!("{large} {}", names[0])
    } else {
        format!("{large} {} {small} {}", names[0], names[1])
    }
}

/// A contradiction as a person should read it; `place` is empty where the file says how long steps
/// take, and ` in 'hall'` where its instruments do.
#[must_use]
pub fn contradiction_problem(file: &ProtocolFile, found: &Contradiction, place: &str) -> Problem {
    let protocol = &file.protocol;
    let lag_of = |index: usize| (&protocol.lags[index], &file.places.lags[index]);
    let between = |lag: &Lag| {
        let (from, to) = (edge_name(protocol, lag.from), edge_name(protocol, lag.to));
        format!("from '{from}' to '{to}'")
    };
    // The maximum is what a person will change, so the message stands there.
    let broken = found
        .conditions
        .iter()
        .find_map(|condition| match condition {
            Condition::AtMost(index) => Some(lag_of(*index)),
            _ => None,
        });
    let message = match broken {
        Some((lag, _)) => format!(
            "at most {} {} can't be kept{place}: {} too little",
            spoken(lag.max.unwrap_or_default()),
            between(lag),
            spoken(found.excess)
        ),
        None => "the times of this protocol contradict one another".to_owned(),
    };
    let span = broken.map_or(&file.places.start, |(_, span)| span);
    let mut problem = Problem::error(message).at(span);
    for condition in &found.conditions {
        problem = match condition {
            Condition::Lasts(step, time) if *time > Duration::ZERO => {
                let places = &file.places.steps[step.index()];
                let span = places.params.get("duration").unwrap_or(&places.action);
                let name = &protocol.steps[step.index()].name;
                problem.note(
                    span,
                    format!("'{name}' takes at least {}{place}", spoken(*time)),
                )
            }
            Condition::Gap(from, to, time) if *time > Duration::ZERO => {
                let [from, to] = [from, to].map(|id| &protocol.steps[id.index()].name);
                problem.remark(format!(
                    "from '{from}' to '{to}' the plate needs at least {}{place}",
                    spoken(*time)
                ))
            }
            Condition::AtLeast(index) if lag_of(*index).0.min > Duration::ZERO => {
                let (lag, span) = lag_of(*index);
                problem.note(
                    span,
                    format!("at least {} {}", spoken(lag.min), between(lag)),
                )
            }
            Condition::AtMost(index) if broken.is_none_or(|(lag, _)| lag != lag_of(*index).0) => {
                let (lag, span) = lag_of(*index);
                let max = spoken(lag.max.unwrap_or_default());
                problem.note(span, format!("at most {max} {}", between(lag)))
            }
            _ => problem,
        };
    }
    problem.help("allow more time, or take out what lies between")
}
