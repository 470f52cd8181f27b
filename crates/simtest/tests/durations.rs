//! An instrument that takes longer than it says: plans learn that, and promises hold again.
#![allow(clippy::unwrap_used)]

mod hall;

use conductor::{Conductor, Shell, Stop};
use hall::{changed, orders, twin_of};
use journal::{Header, Journal};
use quantity::Instant;
use simtest::Batch;
use std::collections::BTreeMap;
use std::sync::Arc;
use twin::{FaultRates, TwinConfig};

/// Plates through a bench whose dearest instrument for them takes 30 % longer than it says: of the last
/// ones, how many were promised a finish that held, and how many there were.
fn kept(planning: &str) -> (usize, usize) {
    let told = changed("bench", "[movers]", &format!("{planning}\n[movers]"));
    let mut truth = (*told).clone();
    for instrument in &mut truth.instruments {
        if &*instrument.kind == "conductivity_meter" {
            for offer in &mut instrument.capabilities {
                offer.duration.fixed = offer.duration.fixed.scale(1.3);
                offer.duration.per_well = offer.duration.per_well.scale(1.3);
            }
        }
    }
    let config = TwinConfig {
        faults: FaultRates::scaled(0.0),
        ..TwinConfig::default()
    };
    let twin = twin_of(Arc::new(truth), config);
    let list = orders("electrolyte", 90, 0);
    let customer = Batch::new(list.clone(), BTreeMap::new());
    let journal = Journal::in_memory(Header::new("test"));
    let conductor = Conductor::new(told).unwrap();
    let mut shell = Shell::open(conductor, twin, customer, journal).unwrap();
    let stop = shell.run(Instant::from_secs_f64(20.0 * 86400.0)).unwrap();
    assert_eq!(stop, Stop::Finished);
    let told = shell.customer().told();
    let late: Vec<f64> = (list.iter().skip(60))
        .map(|order| {
            let told = &told[&order.id];
            let (finish, _) = told.promised.unwrap();
            (told.ended_at.unwrap() - finish).as_secs_f64()
        })
        .collect();
    println!("{planning:?}: late by {late:.0?} s");
    (late.iter().filter(|late| **late <= 0.0).count(), late.len())
}

#[test]
fn promises_hold_again_once_it_is_known_how_long_it_takes() {
    let (held, of) = kept("");
    assert_eq!(held, of);
    let (held, of) = kept("[planning]\nlearn = false\n");
    assert!(held * 4 < of, "{held} of {of} held without learning");
}
