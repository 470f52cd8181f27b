//! Each thing that is judged is found when facts or what was told are forged.

use super::*;
use conductor::Ending;
use labware::Catalogue;
use protocol::ProtocolFile;
use quantity::{CampaignId, InstrumentId, MoverId, NestId, OrderId};
use std::sync::Arc;

const PLATE: PlateId = PlateId(0);
const NEST: Place = Place::Nest(NestId(3));
const VALUES: u64 = 77;

fn order() -> Order {
    let text = r#"
name = "two"
labware = "corning_96_wellplate_360ul_flat"

[[step]]
name = "fill"
do = "dispense"
volume = "40 µL"

[[step]]
name = "read"
do = "read_absorbance"
wavelength = "600 nm"
within = "10 min"
"#;
    let (file, _) = ProtocolFile::parse("two", text, &Catalogue::standard()).unwrap();
    Order {
        id: OrderId(0),
        campaign: CampaignId(0),
        plate: PLATE,
        barcode: "P0".into(),
        protocol: file.protocol,
        worklists: BTreeMap::new(),
        release: Instant::EPOCH,
        due: None,
        deadline: None,
        priority: 1,
        weight: 1,
    }
}

fn at(seconds: u32) -> Instant {
    Instant::from_secs_f64(f64::from(seconds))
}

fn operated(step: u16, from: u32, to: u32) -> (Instant, Fact) {
    let fact = Fact::Operated {
        plate: PLATE,
        step: StepId(step),
        instrument: InstrumentId(0),
        began: at(from),
    };
    (at(to), fact)
}

fn moved(seconds: u32, plate: u32, from: Place, to: Place) -> (Instant, Fact) {
    let plate = PlateId(plate);
    (at(seconds), Fact::Moved { plate, from, to })
}

/// A plate that is brought, filled, moved, read, and thrown away.
fn facts() -> Vec<(Instant, Fact)> {
    let brought = Fact::Brought {
        plate: PLATE,
        nest: NestId(0),
    };
    let measured = Fact::Measured {
        plate: PLATE,
        step: StepId(1),
        values: VALUES,
    };
    vec![
        (at(10), brought),
        operated(0, 20, 50),
        moved(60, 0, Place::Nest(NestId(0)), Place::Mover(MoverId(1))),
        moved(90, 0, Place::Mover(MoverId(1)), NEST),
        operated(1, 100, 130),
        (at(130), measured),
        moved(140, 0, NEST, Place::Outside),
    ]
}

fn told() -> Told {
    Told {
        ended: Some(Ending::Completed),
        done: vec![StepId(0), StepId(1)],
        measured: vec![(StepId(1), VALUES)],
        ..Told::default()
    }
}

fn found(facts: &[(Instant, Fact)], told: &Told) -> String {
    let mut wrong = String::new();
    let truth = Truth::of(facts, &mut wrong);
    judge_order(&order(), told, &truth, &mut wrong);
    wrong
}

#[track_caller]
fn finds(facts: &[(Instant, Fact)], told: &Told, what: &str) {
    let wrong = found(facts, told);
    assert!(wrong.contains(what), "'{what}' is not in: {wrong}");
}

#[test]
fn what_is_right_passes() {
    assert_eq!(found(&facts(), &told()), "");
}

#[test]
fn two_plates_in_one_place() {
    let mut facts = facts();
    let nest = NestId(3);
    let plate = PlateId(1);
    facts.insert(4, (at(95), Fact::Brought { plate, nest }));
    finds(&facts, &told(), "where plate-0 is");
}

#[test]
fn a_plate_that_leaves_where_it_is_not() {
    let mut facts = facts();
    facts.remove(3);
    finds(&facts, &told(), "plate-0 left");
}

#[test]
fn a_plate_in_no_place() {
    let mut wrong = String::new();
    let truth = Truth::of(&facts()[1..2], &mut wrong);
    assert_eq!(truth.place(PLATE), None);
}

#[test]
fn an_irreversible_operation_twice() {
    let mut facts = facts();
    facts.insert(2, operated(0, 52, 58));
    finds(&facts, &told(), "truly done 2 times");
}

#[test]
fn a_repeatable_operation_may_be_repeated() {
    let mut facts = facts();
    facts.insert(4, operated(1, 92, 98));
    assert_eq!(found(&facts, &told()), "");
}

#[test]
fn a_step_that_was_told_and_never_done() {
    let mut facts = facts();
    facts.remove(1);
    finds(&facts, &told(), "told and never done");
}

#[test]
fn an_observation_that_is_lost() {
    let mut told = told();
    told.measured.clear();
    finds(&facts(), &told, "is lost");
}

#[test]
fn an_observation_that_is_another() {
    let mut told = told();
    told.measured[0].1 += 1;
    finds(&facts(), &told, "never measured");
    finds(&facts(), &told, "is lost");
}

#[test]
fn a_broken_lag_that_was_not_told() {
    let mut facts = facts();
    facts.retain(|(_, fact)| !matches!(fact, Fact::Operated { step, .. } if *step == StepId(1)));
    facts.push(operated(1, 50 + 601, 50 + 630));
    let mut told = told();
    finds(&facts, &told, "and that was not told");
    told.lags.push(0);
    assert_eq!(found(&facts, &told), "");
}

#[test]
fn facts_out_of_order() {
    let mut facts = facts();
    facts.swap(5, 6);
    facts[5].0 = at(150);
    finds(&facts, &told(), "before");
}

#[test]
fn what_was_told_is_judged_too() {
    let order = Arc::new(order());
    let wrong_of = |change: fn(&mut Told)| {
        let mut told = told();
        told.readings = vec![(StepId(1), 96)];
        change(&mut told);
        let mut wrong = String::new();
        crate::told::judge_order(&order, &told, &mut wrong);
        wrong
    };
    assert_eq!(wrong_of(|_| {}), "");
    type Forgery = (fn(&mut Told), &'static str);
    let forgeries: [Forgery; 8] = [
        (|t| t.ended = None, "has not ended"),
        (|t| t.after_end = true, "after its end"),
        (|t| t.lost_twice = true, "lost twice"),
        (|t| t.done.push(StepId(1)), "done twice"),
        (|t| t.done.truncate(1), "completed with steps"),
        (|t| t.readings.clear(), "no reading"),
        (|t| t.ended = Some(Ending::Lost("x".into())), "wells lost"),
        (|t| t.lags.push(0), "not flagged"),
    ];
    for (change, what) in forgeries {
        let wrong = wrong_of(change);
        assert!(wrong.contains(what), "'{what}' is not in: {wrong}");
    }
}
