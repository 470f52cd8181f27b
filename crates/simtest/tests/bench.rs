//! Plates through the bench hall that ships, on the twin.
#![allow(clippy::unwrap_used)]

mod hall;

use conductor::Shell;
use hall::{orders, run_with};
use protocol::Order;
use quantity::OrderId;
use simtest::Batch;
use std::sync::Arc;
use twin::{FaultRates, Twin, TwinConfig};

fn run(lab: &str, orders: Vec<Arc<Order>>, faults: f64) -> Shell<Twin, Batch> {
    let config = TwinConfig {
        faults: FaultRates::scaled(faults),
        ..TwinConfig::default()
    };
    run_with(lab, orders, config)
}

#[test]
fn one_plate_goes_through_every_step() {
    let shell = run("bench", orders("growth-inhibition", 1, 0), 0.0);
    assert_eq!(shell.customer().completed(), 1);
    assert_eq!(shell.driver().violations(), []);
    let told = &shell.customer().told()[&OrderId(0)];
    assert_eq!(told.done.len(), 6);
    assert_eq!(told.lags, [] as [usize; 0]);
}

#[test]
fn many_plates_share_the_bench() {
    let mut list = orders("growth-inhibition", 8, 0);
    list.extend(orders("electrolyte", 8, 8));
    let shell = run("bench", list, 0.0);
    assert_eq!(shell.customer().completed(), 16);
    assert_eq!(shell.driver().violations(), []);
}

#[test]
fn faults_are_recovered_from() {
    let mut list = orders("growth-inhibition", 8, 0);
    list.extend(orders("electrolyte", 8, 8));
    let shell = run("bench", list, 20.0);
    assert_eq!(shell.driver().violations(), []);
}
