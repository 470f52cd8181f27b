//! The loop by itself, against made-up readings whose truth is known: plates that fail, plates in
//! flight together, dose-response, position effects, and every policy.
#![allow(clippy::unwrap_used)]

use campaign::{CampaignFile, Content, FileError, Files, Loop, PlateState};
use conductor::{Customer, Effect, Ending, Input, Turn};
use labware::Catalogue;
use protocol::Order;
use quantity::{Duration, Instant, InstrumentId, OrderId};
use source::Document;
use std::collections::{BTreeSet, VecDeque};
use std::path::PathBuf;
use std::sync::Arc;

const FILE: &str = r#"
[campaign]
name = "loop"
question = "QUESTION"
response = "growth inhibition"
lab = "bench.toml"

[budget]
plates = 3
spare = 2
in_flight = 1

[policy]
name = "POLICY"

[confirm]
candidates = CANDIDATES
replicates = 6

[[factor]]
name = "ampicillin"
kind = "continuous"
unit = "mg/L"
low = 0
high = 1.5

[[factor]]
name = "rifampin"
kind = "continuous"
unit = "mg/L"
low = 0
high = 3

[[reagent]]
name = "ampicillin stock"
solution = "ampicillin"
strength = "34 mg/L"

[[reagent]]
name = "rifampin stock"
solution = "rifampin"
strength = "120 mg/L"

[[reagent]]
name = "streptomycin stock"
solution = "streptomycin"
strength = "185 mg/L"

[[reagent]]
name = "broth"
inert = true

[[reagent]]
name = "culture"
culture = 0.01

[assay]
protocol = "growth-inhibition.toml"
volume = "90 µL"
drop = "2.5 nL"
replicates = REPLICATES
blanks = 6

[[assay.part]]
worklist = "drugs"
reagent = "ampicillin stock"
dose = "ampicillin"

[[assay.part]]
worklist = "drugs"
reagent = "rifampin stock"
dose = "rifampin"

# SERIES

[[assay.part]]
worklist = "drugs"
reagent = "broth"
fill = true

[[assay.part]]
worklist = "culture"
reagent = "culture"
volume = "80 µL"
into = ["points", "controls"]

[[assay.control]]
kind = "negative"
wells = 24

[[assay.control]]
kind = "positive"
wells = 10
levels = { ampicillin = 2 }

[assay.analysis]
reading = "od600"
normalise = "inhibition"
position = "none"

[assay.limits]
z_prime = 0.4
"#;

/// The protocols that ship; no data.
struct Shipped;

impl Files for Shipped {
    fn beside(&self, name: &str) -> Result<(PathBuf, String), FileError> {
        let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../protocols");
        let text = std::fs::read_to_string(folder.join(name)).unwrap();
        Ok((name.into(), text))
    }

    fn data(&self, _: &str) -> Result<(PathBuf, String), FileError> {
        unreachable!("no table is named")
    }
}

fn campaign(edits: &[(&str, &str)]) -> Loop {
    let mut text = FILE.to_owned();
    for (from, to) in edits {
        assert!(text.contains(from), "{from}");
        text = text.replace(from, to);
    }
    for (from, to) in [
        ("QUESTION", "maximise"),
        ("POLICY", "sobol"),
        ("CANDIDATES", "0"),
        ("REPLICATES", "2"),
    ] {
        text = text.replace(from, to);
    }
    let document = Document::parse("loop.toml", text).unwrap();
    let (file, _) = CampaignFile::read(&document, &Catalogue::standard(), &Shipped)
        .unwrap_or_else(|problems| panic!("{problems}"));
    Loop::new(Arc::new(file.campaign)).unwrap()
}

/// The levels of a well's point.
fn levels(cycle: &Loop, plate: &PlateState, seat: u32) -> Vec<f64> {
    let point = &cycle.state().points[plate.seats[seat as usize] as usize].point;
    point.0.iter().filter_map(design::Level::number).collect()
}

/// The true inhibition by a point: 1 minus a product of two Hill curves.
fn truth(levels: &[f64]) -> f64 {
    let kept = |dose: f64, half: f64| 1.0 / (1.0 + (dose / half).powi(2));
    1.0 - kept(levels[0], 0.9) * kept(levels[1], 4.0)
}

/// A well of a plate that was handled well: blanks read 0.04, unhindered growth 1.04.
fn sound(cycle: &Loop, plate: &PlateState, content: Content) -> f64 {
    let inhibition = match content {
        Content::Empty | Content::Blank => return 0.04,
        Content::Control(0) => 0.0,
        Content::Control(_) => 1.0,
        Content::Sample { seat, .. } => truth(&levels(cycle, plate, seat)),
    };
    1.04 - inhibition
}

/// The orders that a turn hands in.
fn orders(turn: &Turn) -> Vec<Arc<Order>> {
    turn.inputs()
        .map(|input| match input {
            Input::Submit(order) => order.clone(),
            other => panic!("{other:?}"),
        })
        .collect()
}

/// The reading of a plate, and its end.
fn come_back(
    cycle: &mut Loop,
    order: OrderId,
    now: Instant,
    read: impl Fn(&Loop, &PlateState, Content, usize) -> f64,
) -> Turn {
    let plate = cycle.state().plate(order).unwrap();
    let values: Arc<[f64]> = plate
        .map
        .iter()
        .enumerate()
        .map(|(index, (_, content))| read(cycle, plate, content, index))
        .collect();
    let protocol = &cycle.campaign().assay.protocol;
    let step = protocol.named("od600").unwrap().id;
    let reading = bus::Reading {
        plate: plate.plate,
        step,
        instrument: InstrumentId(0),
        channel: "absorbance 600 nm".into(),
        unit: "AU".into(),
        at: now,
        values,
    };
    let mut turn = Turn::default();
    cycle.on_effect(&Effect::Reading { order, reading }, now, &mut turn);
    let how = Ending::Completed;
    cycle.on_effect(&Effect::OrderEnded { order, how }, now, &mut turn);
    turn
}

/// Runs to the end; plates come back in the order in which they were handed in.
fn play(cycle: &mut Loop, read: impl Fn(&Loop, &PlateState, Content, usize) -> f64) {
    let mut now = Instant::EPOCH;
    let mut turn = Turn::default();
    cycle.start(now, &mut turn);
    let mut flying: VecDeque<Arc<Order>> = orders(&turn).into();
    while let Some(order) = flying.pop_front() {
        now += Duration::from_hours(7);
        let turn = come_back(cycle, order.id, now, &read);
        flying.extend(orders(&turn));
        assert_eq!(cycle.broken(), None);
    }
    assert!(cycle.finished());
}

#[test]
fn a_plate_that_fails_is_run_again_and_its_wells_do_not_count() {
    let mut cycle = campaign(&[]);
    // On the second plate the culture did not grow: nothing tells its controls apart.
    play(&mut cycle, |cycle, plate, content, index| {
        if plate.plate.0 == 1 {
            0.05 + 0.001 * (index % 7) as f64
        } else {
            sound(cycle, plate, content)
        }
    });
    let state = cycle.state();
    let failed = &state.plates[1];
    let why = &failed.analysed.as_ref().unwrap().rejected;
    assert_eq!(why.len(), 1, "{why:?}");
    assert!(why[0].starts_with("Z′ is "), "{why:?}");
    assert!(!failed.counts());
    let again = &state.plates[2];
    assert_eq!(
        again.seats, failed.seats,
        "the same points on the next plate"
    );
    assert_ne!(again.map, failed.map, "in other wells");
    for (_, asked, value) in state.answered() {
        let levels: Vec<f64> = asked
            .point
            .0
            .iter()
            .filter_map(design::Level::number)
            .collect();
        assert!(
            (value - truth(&levels)).abs() < 1e-9,
            "{value} at {levels:?}"
        );
    }
    let answer = cycle.answer().unwrap();
    assert_eq!(
        (answer.plates, answer.rejected, answer.unanswered),
        (3, 1, 0)
    );
    assert_eq!(state.plates.len(), 4);
}

#[test]
fn plates_that_fail_for_ever_end_the_campaign_with_a_reason() {
    let mut cycle = campaign(&[]);
    play(&mut cycle, |_, _, _, _| f64::NAN);
    let answer = cycle.answer().unwrap();
    assert_eq!((answer.plates, answer.points), (0, 0));
    assert!(answer.candidates.is_empty());
    let early = answer.early.as_deref().unwrap();
    assert!(early.contains("the spare ones are used up"), "{early}");
    let why = &cycle.state().plates[0].analysed.as_ref().unwrap().rejected;
    assert_eq!(
        *why,
        ["0 of 384 wells gave a value, and at least 50 % must"]
    );
}

#[test]
fn plates_fly_together_and_what_is_pending_is_not_asked_again() {
    let mut cycle = campaign(&[
        ("in_flight = 1", "in_flight = 2"),
        ("plates = 3", "plates = 4"),
    ]);
    let mut turn = Turn::default();
    cycle.start(Instant::EPOCH, &mut turn);
    let first = orders(&turn);
    assert_eq!(first.len(), 2, "room for two is used at once");
    let at = Instant::EPOCH + Duration::from_hours(7);
    let turn = come_back(&mut cycle, first[0].id, at, |cycle, plate, content, _| {
        sound(cycle, plate, content)
    });
    assert_eq!(orders(&turn).len(), 1, "the next one, with one still out");
    let asked: Vec<serde_json::Value> = turn
        .notes()
        .filter(|note| note.kind == "asked")
        .map(|note| serde_json::from_slice(&note.body).unwrap())
        .collect();
    let plate = cycle.state().plates[1].seats.len();
    assert_eq!(asked.len(), 1);
    assert_eq!(asked[0]["pending"], plate, "the policy knew of them");
    let points: BTreeSet<_> = cycle
        .state()
        .points
        .iter()
        .map(|asked| &asked.point)
        .collect();
    assert_eq!(points.len(), 3 * plate, "no point twice");
}

#[test]
fn a_series_of_doses_gives_the_half_effective_one() {
    const SERIES: &str = r#"[assay.series]
reagent = "streptomycin stock"
unit = "mg/L"
doses = [0, 0.5, 1, 1.5, 2.5, 4, 6]
take = "log-ed50"

[[assay.part]]
worklist = "drugs"
reagent = "streptomycin stock"
series = true
into = ["points"]"#;
    let mut cycle = campaign(&[
        ("# SERIES", SERIES),
        ("normalise = \"inhibition\"", "normalise = \"none\""),
        ("plates = 3", "plates = 1"),
    ]);
    let half = |levels: &[f64]| 2.0 + levels[0] + 0.3 * levels[1];
    play(&mut cycle, |cycle, plate, content, _| match content {
        Content::Sample { seat, dose, .. } => {
            let doses = &cycle.campaign().assay.series.as_ref().unwrap().doses;
            let ed50 = half(&levels(cycle, plate, seat));
            0.1 + 0.9 / (1.0 + (doses[dose as usize] / ed50).powf(1.8))
        }
        other => sound(cycle, plate, other),
    });
    let mut answered = 0;
    for (_, asked, value) in cycle.state().answered() {
        let levels: Vec<f64> = asked
            .point
            .0
            .iter()
            .filter_map(design::Level::number)
            .collect();
        let expected = half(&levels).log10();
        assert!(
            (value - expected).abs() < 1e-4,
            "{value}, not {expected}, at {levels:?}"
        );
        answered += 1;
    }
    // 384 wells less 40 of controls and blanks, seven doses twice each.
    assert_eq!(answered, 344 / 14);
}

#[test]
fn what_the_place_on_the_plate_does_is_taken_out() {
    let error = |position: &str| {
        let mut cycle = campaign(&[
            ("position = \"none\"", position),
            ("plates = 3", "plates = 1"),
        ]);
        // Up to 12 % less to the right, and 3 % more growth downwards.
        play(&mut cycle, |cycle, plate, content, index| {
            let (row, column) = (index / 24, index % 24);
            let place = 1.0 - 0.12 * column as f64 / 23.0 + 0.03 * row as f64 / 15.0;
            sound(cycle, plate, content) * place
        });
        let errors: Vec<f64> = cycle
            .state()
            .answered()
            .map(|(_, asked, value)| {
                let levels: Vec<f64> = asked
                    .point
                    .0
                    .iter()
                    .filter_map(design::Level::number)
                    .collect();
                (value - truth(&levels)).powi(2)
            })
            .collect();
        (errors.iter().sum::<f64>() / errors.len() as f64).sqrt()
    };
    let (without, with) = (error("position = \"none\""), error("position = \"trend\""));
    assert!(without > 0.015, "{without}");
    assert!(with < 0.4 * without, "{with} with, {without} without");
}

#[test]
fn every_policy_runs_a_campaign() {
    for name in design::POLICIES {
        let mut cycle = campaign(&[("POLICY", name), ("CANDIDATES", "3"), ("REPLICATES", "8")]);
        play(&mut cycle, |cycle, plate, content, _| {
            sound(cycle, plate, content)
        });
        let answer = cycle.answer().unwrap();
        assert_eq!((answer.plates, answer.rejected), (3, 0), "{name}");
        assert_eq!(answer.candidates.len(), 3, "{name}");
        let best = &answer.candidates[0];
        let levels: Vec<f64> = best
            .levels
            .iter()
            .map(|level| level.parse().unwrap())
            .collect();
        assert!(
            (best.estimate - truth(&levels)).abs() < 0.01,
            "{name}: {best:?}"
        );
        // The best there is: both drugs at their most.
        let top = truth(&[1.5, 3.0]);
        let least = if *name == "gp" { 0.999 } else { 0.9 };
        assert!(truth(&levels) >= least * top, "{name}: {best:?}, {top}");
    }
}

#[test]
fn a_map_is_answered_by_what_was_measured() {
    let mut cycle = campaign(&[
        ("QUESTION", "map"),
        ("[confirm]\ncandidates = CANDIDATES\nreplicates = 6\n", ""),
    ]);
    play(&mut cycle, |cycle, plate, content, _| {
        sound(cycle, plate, content)
    });
    let answer = cycle.answer().unwrap();
    assert!(answer.candidates.is_empty());
    assert_eq!(answer.points as usize, cycle.state().points.len());
}

/// Takes an order if its deadline leaves it eight hours, which every plate takes.
fn take_until(cycle: &mut Loop, plates: usize) -> (Vec<Arc<Order>>, Instant) {
    let took = Duration::from_hours(8);
    let (mut now, mut turn) = (Instant::EPOCH, Turn::default());
    cycle.start(now, &mut turn);
    let mut all: Vec<Arc<Order>> = Vec::new();
    let mut open: VecDeque<(Instant, Arc<Order>)> = VecDeque::new();
    let mut fresh = orders(&turn);
    while !fresh.is_empty() || !open.is_empty() {
        for order in std::mem::take(&mut fresh) {
            all.push(order.clone());
            let finish = now + took;
            let mut turn = Turn::default();
            let late = order.deadline.is_some_and(|deadline| finish > deadline);
            let order_id = order.id;
            let answer = if late {
                Effect::Refused {
                    order: order_id,
                    why: "it can't be finished in time".into(),
                    earliest: Some(finish),
                }
            } else {
                open.push_back((finish, order));
                Effect::Promise {
                    order: order_id,
                    finish,
                }
            };
            cycle.on_effect(&answer, now, &mut turn);
            fresh.extend(orders(&turn));
        }
        if let Some((at, order)) = open.pop_front().filter(|_| fresh.is_empty()) {
            now = at;
            let read = |cycle: &Loop, plate: &PlateState, content, _| sound(cycle, plate, content);
            fresh.extend(orders(&come_back(cycle, order.id, now, read)));
        }
        assert!(all.len() <= plates, "{} orders", all.len());
    }
    (all, now)
}

#[test]
fn a_deadline_ends_the_campaign_with_a_confirmation_in_time() {
    let hall = "[confirm]\ncandidates = 2";
    let with = |hours: u32, plates: u32| {
        let share = format!("[hall]\nweight = 3\ndeadline = \"{hours} h\"\n\n{hall}");
        let budget = format!("plates = {plates}");
        let edits = [
            ("[confirm]\ncandidates = CANDIDATES", &*share),
            ("plates = 3", &*budget),
        ];
        let mut cycle = campaign(&edits);
        let (orders, ended) = take_until(&mut cycle, plates as usize);
        (cycle, orders, ended)
    };
    // Thirty hours are three plates of eight, of which the last confirms.
    let (cycle, orders, ended) = with(30, 8);
    assert_eq!(orders.len(), 3);
    let deadline = Instant::EPOCH + Duration::from_hours(30);
    assert!(
        orders
            .iter()
            .all(|o| o.weight == 3 && o.deadline == Some(deadline))
    );
    assert!(ended <= deadline);
    let confirms: Vec<bool> = cycle.state().plates.iter().map(|p| p.confirms).collect();
    assert_eq!(confirms, [false, false, true]);
    let answer = cycle.answer().unwrap();
    assert!(
        answer.early.as_ref().unwrap().contains("3 of 8 plates"),
        "{answer:?}"
    );
    let promises = cycle.state().promises(cycle.campaign());
    assert_eq!(
        (promises.kept, promises.late, promises.refused.len()),
        (3, 0, 0)
    );
    // With time for all it is as if there was none.
    let (cycle, orders, _) = with(100, 4);
    assert_eq!(orders.len(), 4);
    assert_eq!(cycle.answer().unwrap().early, None);
    // No plate at all by then: refused with the earliest, and that is the answer.
    let (cycle, orders, _) = with(7, 4);
    assert_eq!(orders.len(), 1);
    let early = cycle.answer().unwrap().early.clone().unwrap();
    assert!(early.contains("its deadline leaves no room"), "{early}");
    let refused = &cycle.state().promises(cycle.campaign()).refused;
    assert_eq!(
        refused[0].earliest,
        Some(Instant::EPOCH + Duration::from_hours(8))
    );
}

#[test]
fn a_share_of_the_hall_that_makes_no_sense_is_refused_with_its_place() {
    let wrong = |hall: &str| {
        let text = FILE
            .replace("QUESTION", "maximise")
            .replace("POLICY", "sobol")
            .replace("CANDIDATES", "0")
            .replace("REPLICATES", "2")
            .replace("[policy]", &format!("[hall]\n{hall}\n\n[policy]"));
        let document = Document::parse("loop.toml", text).unwrap();
        CampaignFile::read(&document, &Catalogue::standard(), &Shipped)
            .unwrap_err()
            .to_string()
    };
    for (hall, said) in [
        ("weight = 0", "weight"),
        ("weight = 101", "101"),
        ("deadline = \"0 h\"", "above zero"),
        ("deadline = 36", "36"),
        ("deadline = \"1 h\"", "no plate comes back in time"),
        ("wieght = 3", "weight"),
    ] {
        let problems = wrong(hall);
        assert!(problems.contains(said), "{hall}: {problems}");
        assert!(problems.contains("loop.toml"), "{problems}");
    }
}
