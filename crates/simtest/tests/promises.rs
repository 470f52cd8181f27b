//! Orders with a deadline are promised at once or told when, and promises hold.
#![allow(clippy::unwrap_used)]

mod hall;

use conductor::Ending;
use hall::{changed, orders, run_in, run_with};
use protocol::Order;
use quantity::{Duration, Instant};
use simtest::Told;
use std::sync::Arc;
use twin::{FaultRates, TwinConfig};

fn calm() -> TwinConfig {
    TwinConfig {
        faults: FaultRates::scaled(0.0),
        ..TwinConfig::default()
    }
}

fn hours(hours: f64) -> Instant {
    Instant::from_secs_f64(hours * 3600.0)
}

/// The same order, to be finished by then.
fn by(order: &Arc<Order>, deadline: Instant) -> Arc<Order> {
    Arc::new(Order {
        deadline: Some(deadline),
        ..(**order).clone()
    })
}

/// It was promised as soon as it was handed in, and it was finished by when it was to be.
fn kept(told: &Told, deadline: Instant) {
    let (finish, at) = told.promised.unwrap();
    assert_eq!(at, Instant::EPOCH);
    assert!(finish <= deadline, "{finish} promised for {deadline}");
    assert_eq!(told.ended, Some(Ending::Completed));
    let ended = told.ended_at.unwrap();
    assert!(ended <= finish, "ended at {ended}, promised for {finish}");
}

#[test]
fn what_cannot_be_done_in_time_is_told_when_it_can() {
    let list = orders("electrolyte", 3, 0);
    let tight = hours(0.1);
    let shell = run_with("bench", vec![list[0].clone(), by(&list[1], tight)], calm());
    let told = shell.customer().told();
    let earliest = told[&list[1].id].earliest.unwrap();
    assert!(earliest > tight);
    assert!(told[&list[1].id].done.is_empty());
    // Asked for by then, it is promised, and finished.
    let again = vec![list[0].clone(), by(&list[1], earliest)];
    let shell = run_with("bench", again, calm());
    kept(&shell.customer().told()[&list[1].id], earliest);
    // A moment before is too early.
    let before = earliest - Duration::from_secs(1);
    let again = vec![list[0].clone(), by(&list[1], before)];
    let shell = run_with("bench", again, calm());
    assert_eq!(
        shell.customer().told()[&list[1].id].earliest,
        Some(earliest)
    );
}

#[test]
fn a_long_queue_is_passed_by_an_order_with_a_deadline() {
    let mut list = orders("electrolyte", 40, 0);
    let last = list.len() - 1;
    let id = list[last].id;
    let deadline = hours(30.0);
    list[last] = by(&list[last], deadline);
    let shell = run_with("bench", list.clone(), calm());
    let told = shell.customer().told();
    kept(&told[&id], deadline);
    let after = list
        .iter()
        .filter(|o| told[&o.id].ended_at > told[&id].ended_at);
    assert!(after.count() > 0);
    // Others were promised something as their turn came, and none was refused.
    assert!(told[&list[last - 1].id].promised.unwrap().1 > Instant::EPOCH);
    assert_eq!(shell.customer().completed(), list.len());
}

#[test]
fn an_order_with_a_deadline_gets_the_home_that_comes_free_first() {
    let hall = changed(
        "bench",
        "{ kind = \"hotel\", count = 2 }",
        "{ kind = \"hotel\", nests = 4 }",
    );
    let mut list = orders("electrolyte", 10, 0);
    let deadline = hours(40.0);
    for at in [7, 8] {
        list[at] = by(&list[at], deadline);
    }
    let shell = run_in(hall, list.clone(), calm());
    let told = shell.customer().told();
    for at in [7, 8] {
        kept(&told[&list[at].id], deadline);
    }
    // Those before it in the queue that had no home yet came after it.
    let ended = |at: usize| told[&list[at].id].ended_at.unwrap();
    assert!(ended(4) > ended(7) && ended(6) > ended(8));
    assert_eq!(shell.customer().completed(), list.len());
}
