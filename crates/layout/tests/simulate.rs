//! Halls under a load: what is measured agrees with what was handed in, and with the bound.
#![allow(clippy::unwrap_used)]

use labware::Catalogue;
use layout::bound::loads;
use layout::load::{Mix, Recipe};
use layout::simulate::{Outcome, Request, simulate};
use layout::{more, next};
use protocol::ProtocolFile;
use std::sync::Arc;

const READ: &str = r#"
name = "read"
labware = "corning_96_wellplate_360ul_flat"
[[step]]
do = "dispense"
volume = "50 µL"
[[step]]
do = "incubate"
temperature = "37 °C"
duration = "20 min"
[[step]]
do = "read_luminescence"
integration = "0.5 s"
within = "30 min"
"#;

const LAB: &str = r#"
name = "small"
[track]
kind = "loop"
[movers]
count = 3
[[station]]
name = "drops"
instruments = [{ kind = "reagent_dispenser" }]
[[station]]
name = "warm"
instruments = [{ kind = "incubator" }]
[[station]]
name = "read"
instruments = [{ kind = "luminescence_reader" }]
[[station]]
name = "shelves"
instruments = [{ kind = "hotel" }]
[[station]]
name = "exit"
instruments = [{ kind = "waste" }, { kind = "quarantine" }]
"#;

fn hall() -> Arc<lab::Hall> {
    lab::LabFile::parse("small", LAB).unwrap().0.hall
}

fn mix() -> Mix {
    let (file, _) = ProtocolFile::parse("read", READ, &Catalogue::standard()).unwrap();
    Mix::new(vec![(Recipe::new(file.protocol, 2), 1.0)])
}

fn run(rate: Option<f64>) -> Outcome {
    let request = Request {
        rate,
        hours: 9.0,
        warm_up: 3.0,
        ..Request::default()
    };
    simulate(&hall(), &mix(), request).unwrap()
}

#[test]
fn a_steady_stream_comes_out_as_it_went_in() {
    let outcome = run(Some(10.0));
    assert!(
        (outcome.plates_per_hour() - 10.0).abs() < 0.4,
        "{outcome:?}"
    );
    assert_eq!((outcome.breaches, outcome.compliance()), (0, 1.0));
    // A reading takes 16 s and 0.6 s for each of 96 wells.
    let reader = outcome
        .instruments
        .iter()
        .find(|i| i.kind == "luminescence_reader");
    let expected = 10.0 * (16.0 + 0.6 * 96.0) / 3600.0;
    assert!(
        (reader.unwrap().share - expected).abs() < 0.02,
        "{outcome:?}"
    );
    // Every plate rides from its home to the dispenser, the incubator, the reader and the waste.
    let loaded: f64 = outcome.trips.values().map(|t| t[0]).sum();
    assert!(
        (loaded / outcome.plates_per_hour() - 4.0).abs() < 0.2,
        "{outcome:?}"
    );
    assert!(outcome.metres_per_plate[0] > 4.0 && outcome.metres_per_plate[1] > 0.0);
    assert_eq!(outcome, run(Some(10.0)), "the same seed, the same day");
}

#[test]
fn a_full_hall_stays_below_the_bound_and_near_it() {
    let outcome = run(None);
    let bound = loads(&hall(), &mix()).unwrap().remove(0);
    assert_eq!(bound.kinds, ["luminescence_reader"]);
    assert!((bound.plates_per_hour - 3600.0 / 73.6).abs() < 0.1);
    let share = outcome.plates_per_hour() / bound.plates_per_hour;
    assert!((0.4..=1.01).contains(&share), "{share}: {outcome:?}");
    assert_eq!(outcome.breaches, 0);
}

#[test]
fn one_more_reader_is_what_helps() {
    let hall = hall();
    let more = more::one_more(&hall, "luminescence_reader").unwrap();
    let bound = |hall| loads(hall, &mix()).unwrap()[0].plates_per_hour;
    assert!(bound(&more) > 1.5 * bound(&hall));
    assert!(more::one_more(&hall, "sequencer").is_none());
    let request = Request {
        hours: 6.0,
        warm_up: 2.0,
        ..Request::default()
    };
    let now = simulate(&hall, &mix(), request).unwrap().plates_per_hour();
    let (usual, changes) = next::one_more(&hall, &mix(), request, 2, 3).unwrap();
    assert!((usual / now - 1.0).abs() < 0.2, "{usual} {now}");
    // On any number of threads the same is found.
    assert_eq!(
        next::one_more(&hall, &mix(), request, 2, 3).unwrap(),
        (usual, changes.clone())
    );
    let best = &changes[0];
    let gain = best.gain.unwrap();
    assert!(gain.shows() && gain.mean > 0.0, "{changes:?}");
    assert_eq!(changes.len(), 3, "{changes:?}");
    assert_eq!(best.kind, "luminescence_reader", "{changes:?}");
    assert!(best.plates_per_hour > 1.1 * now, "{now} {changes:?}");
    // There is one of each: without it nothing is finished.
    assert!(
        next::one_less(&hall, &mix())
            .iter()
            .all(|c| c.plates_per_hour == 0.0)
    );
}
