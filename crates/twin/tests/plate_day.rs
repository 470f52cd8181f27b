//! A plate's whole day, done by hand: brought, filled, warmed, read, thrown away.
#![allow(clippy::unwrap_used)]

mod common;

use bus::{Outcome, Report};
use common::{Hand, PLATE, calm, fill, quantity, wells};
use labware::Place;
use protocol::Worklist;
use quantity::{Duration, Kind, MassConcentration, Volume};
use twin::nature::{Antibiotics, Natures, Reagent, ReagentMeaning, Strength};
use twin::{Fact, TwinConfig};

const KIND: &str = "corning_384_wellplate_112ul_flat";

fn antibiotics() -> TwinConfig {
    let drug = |name: &str, mg_per_l| {
        Reagent::new(
            name,
            ReagentMeaning::Solution {
                substance: name.into(),
                strength: Strength::Mass(MassConcentration::from_mg_per_l(mg_per_l)),
            },
        )
    };
    TwinConfig {
        nature: Natures::from(Antibiotics::published()),
        reagents: vec![
            Reagent::new("medium", ReagentMeaning::Inert),
            Reagent::new("cells", ReagentMeaning::Culture { density: 0.01 }),
            drug("ampicillin", 34.0),
        ],
        ..calm()
    }
}

/// Brings, fills half of the plate with drug, incubates, reads and disposes of a plate.
fn day(config: TwinConfig) -> (Hand, Outcome) {
    let mut hand = Hand::new(config);
    let home = hand.nest("hotel");
    hand.bring(PLATE, KIND, home);
    let bulk = hand.nest("dispense");
    hand.carry(PLATE, home, bulk);
    let all = wells(KIND);
    let mut transfers = fill(all.clone(), 1, 20.0);
    transfers.extend(fill(all[..192].to_vec(), 0, 20.0));
    transfers.extend(fill(all[192..].to_vec(), 2, 20.0));
    let done = hand.must(hand.perform(PLATE, 0, "dispense", &[], Some(Worklist { transfers })));
    assert!(matches!(done, Outcome::Performed { ref readings, .. } if readings.is_empty()));
    let warm = hand.nest("incubate");
    hand.carry(PLATE, bulk, warm);
    hand.must(hand.perform(
        PLATE,
        1,
        "incubate",
        &[
            ("temperature", quantity(Kind::Temperature, "37 °C")),
            ("duration", quantity(Kind::Time, "5 h")),
        ],
        None,
    ));
    let reader = hand.nest("read_absorbance");
    hand.carry(PLATE, warm, reader);
    let read = hand.must(hand.perform(
        PLATE,
        2,
        "read_absorbance",
        &[("wavelength", quantity(Kind::Wavelength, "600 nm"))],
        None,
    ));
    let bin = hand.nest("waste");
    hand.carry(PLATE, reader, bin);
    (hand, read)
}

#[test]
fn a_day_gives_what_nature_says_with_the_reader_s_errors() {
    let (hand, read) = day(antibiotics());
    let Outcome::Performed {
        began, readings, ..
    } = read
    else {
        panic!()
    };
    let [reading] = &readings[..] else { panic!() };
    assert_eq!(&*reading.channel, "absorbance 600 nm");
    assert_eq!(&*reading.unit, "AU");
    assert!(began < reading.at && reading.values.len() == 384);
    let mean = |range: std::ops::Range<usize>| {
        let good: Vec<f64> = reading.values[range]
            .iter()
            .copied()
            .filter(|v| !v.is_nan())
            .collect();
        good.iter().sum::<f64>() / good.len() as f64
    };
    // 40 µL on 13.18 mm² is 0.304 cm of liquid, a little less after five humid hours; a density of
    // about 1.57 after the lag; over the background.
    let free = mean(0..192) - 0.042;
    assert!((0.42..0.52).contains(&free), "{free}");
    let held = mean(192..384) - 0.042;
    assert!(held.abs() < 0.01, "{held}");
    assert_eq!(hand.twin.place_of(PLATE), Some(Place::Outside));
    assert!(
        hand.twin.violations().is_empty(),
        "{:?}",
        hand.twin.violations()
    );
    assert!(hand.twin.custody_agrees());
    let facts = hand.twin.history();
    assert!(
        facts
            .iter()
            .any(|(_, fact)| matches!(fact, Fact::Measured { .. }))
    );
    assert_eq!(
        facts
            .iter()
            .filter(|(_, f)| matches!(f, Fact::Operated { .. }))
            .count(),
        3
    );
}

#[test]
fn the_same_seed_and_commands_give_the_same_day() {
    let (a, read_a) = day(antibiotics());
    let (b, read_b) = day(antibiotics());
    assert_eq!(a.twin.history_hash(), b.twin.history_hash());
    assert_eq!(format!("{read_a:?}"), format!("{read_b:?}"));
    let other = TwinConfig {
        seed: quantity::Seed(2),
        ..antibiotics()
    };
    let (c, _) = day(other);
    assert_ne!(a.twin.history_hash(), c.twin.history_hash());
}

/// The same commands at the same moments, without asking for reports in between: the world of a
/// restarted process.
#[test]
fn a_world_rebuilt_from_commands_is_the_same() {
    use bus::Driver;
    let (live, _) = day(antibiotics());
    let mut again = Hand::new(antibiotics());
    for (command, at) in &live.issued {
        again.twin.perform(command, *at);
    }
    while again.twin.next(live.now).is_some() {}
    assert_eq!(again.twin.history_hash(), live.twin.history_hash());
    // An id is never performed twice.
    let (first, _) = &live.issued[0];
    again.twin.perform(first, live.now);
    while again
        .twin
        .next(live.now + Duration::from_hours(1))
        .is_some()
    {}
    assert_eq!(again.twin.history_hash(), live.twin.history_hash());
    assert_eq!(again.twin.violations().len(), 1);
}

#[test]
fn liquid_is_conserved() {
    let mut hand = Hand::new(antibiotics());
    let nest = hand.nest("dispense");
    hand.bring(PLATE, KIND, nest);
    let transfers = fill(wells(KIND), 1, 60.0);
    hand.must(hand.perform(PLATE, 0, "dispense", &[], Some(Worklist { transfers })));
    let total = |hand: &Hand| -> Volume {
        let contents = hand.twin.contents(PLATE).unwrap();
        contents.wells().iter().map(|w| w.volume()).sum()
    };
    let dispensed = hand
        .twin
        .history()
        .iter()
        .find_map(|(_, fact)| match fact {
            Fact::Dispensed { volume, .. } => Some(*volume),
            _ => None,
        })
        .unwrap();
    assert_eq!(total(&hand), dispensed);
    assert!((dispensed.as_ul() / (384.0 * 60.0) - 1.0).abs() < 0.02);
    // Too much: wells run over, and what ran over is known.
    let transfers = fill(wells(KIND), 0, 60.0);
    hand.must(hand.perform(PLATE, 1, "dispense", &[], Some(Worklist { transfers })));
    let poured: Volume = hand
        .twin
        .history()
        .iter()
        .filter_map(|(_, fact)| match fact {
            Fact::Dispensed { volume, .. } => Some(*volume),
            _ => None,
        })
        .sum();
    let lost = hand.twin.lost_liquid(PLATE).unwrap();
    assert!(lost > Volume::ZERO);
    assert_eq!(total(&hand) + lost, poured);
    assert_eq!(hand.twin.violations().len(), 1);
}

#[test]
fn started_comes_with_an_expectation() {
    let (hand, _) = day(antibiotics());
    let started: Vec<_> = hand
        .heard
        .iter()
        .filter_map(|r| match r.report {
            Report::Started { expected, .. } => expected,
            _ => None,
        })
        .collect();
    assert_eq!(started.len(), 3);
    // 12 s and 17.4 ms a well; five hours and 25 s; 16 s or so and so much a well.
    assert_eq!(started[0], Duration::from_secs_f64(12.0 + 0.0174 * 384.0));
    assert_eq!(
        started[1],
        Duration::from_hours(5) + Duration::from_secs(25)
    );
}
