//! Machines that use something up and are refilled, held against the independent checker in random halls
//! with faults, and against optima that are known.
#![allow(clippy::unwrap_used, missing_docs)]

mod common;

use common::{Special, admitted_and_improved, config, now, reality, sound};
use proptest::prelude::*;
use quantity::{Duration, OrderId};
use schedule::{
    Choice, Edge, Job, Lag, Machine, Planner, Shop, StationNode, Stock, Task, Travel, UNLIMITED,
    Where, Why,
};

/// Most machines use up one thing or two, and work on them takes some of it.
const STOCKED: Special = Special {
    shop: |dice, shop| {
        for machine in &mut shop.machines[1..] {
            if dice.chance(70) {
                let stock = |name: &str, full, refill| Stock {
                    name: name.to_owned(),
                    full,
                    refill,
                };
                let full = 16 + dice.below(10) as u32;
                machine.stocks = vec![stock("tips", full, dice.secs(20, 300))];
                if dice.chance(30) {
                    let full = 5 + dice.below(3) as u32;
                    machine
                        .stocks
                        .push(stock("seals", full, dice.secs(20, 100)));
                }
            }
        }
    },
    job: |dice, job| {
        let count = job.tasks.len() - 1;
        for task in &mut job.tasks[..count] {
            let mut options = task.options.to_vec();
            for option in &mut options {
                option.uses = [dice.below(4) as u32, dice.below(2) as u32, 0];
            }
            task.options = options.into();
        }
    },
    lost: 0,
};

proptest! {
    #![proptest_config(config())]

    #[test]
    fn orders_are_inserted_and_improved_with_their_refills(seed in any::<u64>()) {
        admitted_and_improved(seed, STOCKED);
    }

    #[test]
    fn reality_with_faults_never_runs_out(seed in any::<u64>()) {
        reality(seed, STOCKED);
    }
}

/// One machine with a stock, in a hall where ways and handling take no time.
fn bench(full: u32, refill: i64) -> Shop {
    let machine = |name: &str, slots| Machine {
        name: name.into(),
        slots,
        ..Machine::default()
    };
    Shop {
        machines: vec![
            machine("hotel", UNLIMITED),
            Machine {
                stocks: vec![Stock {
                    name: "tips".into(),
                    full,
                    refill: Duration::from_secs(refill),
                }],
                ..machine("handler", 1)
            },
            machine("reader", 1),
        ],
        stations: vec![StationNode {
            arms: UNLIMITED,
            direct: false,
        }],
        movers: UNLIMITED,
        travel: Travel::matrix(1, |_, _| Duration::ZERO),
        mover_wait_max: Duration::ZERO,
    }
}

fn task(machine: usize, stay: i64, uses: u32) -> Task {
    Task {
        options: [Choice {
            machine,
            stay: Duration::from_secs(stay),
            uses: [uses, 0, 0],
            ..Choice::default()
        }]
        .into(),
        stay_max: None,
    }
}

fn plate(id: u32, release: i64, tasks: Vec<Task>) -> Job {
    Job {
        id: OrderId(id),
        release: now(release),
        due: Some(now(100_000)),
        deadline: None,
        priority: 1,
        at: Where::In {
            machine: 0,
            slot: id,
        },
        tasks,
        lags: vec![],
        stays: false,
        progress: vec![],
    }
}

/// Ten plates of 100 s use 3 of 10 pieces each: three for a filling, so three refills of 50 s, and nothing
/// else is in the way: 10 x 100 + 3 x 50 s is the best there is.
#[test]
fn three_plates_for_each_filling() {
    let mut planner = Planner::new(bench(10, 50)).unwrap();
    let mut last = now(0);
    for id in 0..10 {
        let promise = planner
            .admit(plate(id, 0, vec![task(1, 100, 3)]), now(0))
            .unwrap();
        last = last.max(promise.finish.min(promise.plan.finish));
        sound(&planner, now(-1), "after admission");
    }
    assert_eq!(last, now(1_150));
    let refills: Vec<_> = planner
        .refills()
        .iter()
        .map(|r| (r.when.from, r.when.until))
        .collect();
    let at = |k: i64| (now(k), now(k + 50));
    assert_eq!(refills[..3], [at(300), at(650), at(1_000)]);
}

/// A plate must be back in the machine within 30 s: the refill of 200 s is not put in between, but before
/// both visits.
#[test]
fn a_refill_is_not_put_into_a_tight_lag() {
    let mut planner = Planner::new(bench(10, 200)).unwrap();
    planner
        .admit(plate(0, 0, vec![task(1, 100, 7)]), now(0))
        .unwrap();
    let mut tight = plate(1, 0, vec![task(1, 100, 2), task(2, 20, 0), task(1, 100, 2)]);
    tight.lags.push(Lag {
        from: (0, Edge::End),
        to: (2, Edge::Begin),
        min: Duration::ZERO,
        max: Some(Duration::from_secs(30)),
    });
    let promise = planner.admit(tight, now(0)).unwrap();
    let visits = &promise.plan.visits;
    assert_eq!((visits[0].begin, visits[2].begin), (now(300), now(420)));
    assert_eq!(planner.refills()[0].when.from, now(100));
    sound(&planner, now(-1), "at the end");
}

/// Half of a filling is used when there is a long idle time: the refill is put there, and the plates that
/// come later all go through without a pause.
#[test]
fn a_refill_is_put_into_an_idle_time() {
    let mut planner = Planner::new(bench(10, 50)).unwrap();
    let mut begin = |id, release| {
        let promise = planner
            .admit(plate(id, release, vec![task(1, 100, 3)]), now(0))
            .unwrap();
        (
            promise.plan.visits[0].begin,
            planner.refills().first().map(|r| r.when.from),
        )
    };
    assert_eq!(begin(0, 0), (now(0), None));
    assert_eq!(begin(1, 0).0, now(100));
    assert_eq!(begin(2, 1_000).0, now(1_000));
    // Nothing was left for a fourth: between the second and the third the machine is idle.
    assert_eq!(begin(3, 1_100), (now(1_100), Some(now(200))));
    assert_eq!(begin(4, 1_200), (now(1_200), Some(now(200))));
    sound(&planner, now(-1), "at the end");
}

/// Less is left than was thought: a refill comes before the plate that would go without.
#[test]
fn what_is_missing_is_refilled_first() {
    let mut planner = Planner::new(bench(10, 50)).unwrap();
    for id in 0..3 {
        planner
            .admit(plate(id, 0, vec![task(1, 100, 3)]), now(0))
            .unwrap();
    }
    planner.departed(OrderId(0), now(0));
    planner.began(OrderId(0), 0, 1, 0, now(0));
    planner.ended(OrderId(0), 0, now(100));
    planner.withdraw(OrderId(0), now(100));
    planner.stock_left(1, 0, 4, now(100));
    let repair = planner.repair(now(100));
    assert!(repair.stranded.is_empty());
    sound(&planner, now(100), "after the repair");
    let begin = |id| planner.plan(OrderId(id)).unwrap().visits[0].begin;
    let refill = planner.refills()[0];
    assert_eq!(
        (begin(1), refill.when.from, begin(2)),
        (now(100), now(200), now(250))
    );
    // It is done: the machine is full again.
    planner.departed(OrderId(1), now(100));
    planner.began(OrderId(1), 0, 1, 0, now(100));
    planner.ended(OrderId(1), 0, now(200));
    planner.withdraw(OrderId(1), now(200));
    planner.began(refill.order, 0, 1, 0, now(200));
    planner.expect_end(refill.order, 0, now(400));
    planner.repair(now(260));
    sound(&planner, now(260), "while it takes longer");
    assert_eq!(planner.plan(OrderId(2)).unwrap().visits[0].begin, now(400));
    planner.ended(refill.order, 0, now(400));
    planner.withdraw(refill.order, now(400));
    planner.repair(now(400));
    sound(&planner, now(400), "after the refill");
    assert!(planner.refills().iter().all(|r| r.when.from >= now(500)));
    assert_eq!(planner.stocks_left()[0].left, 10);
}

#[test]
fn a_machine_that_is_never_full_has_no_stocks() {
    let mut hall = bench(10, 50);
    hall.machines[1].slots = UNLIMITED;
    let refused = Planner::new(hall).unwrap_err();
    assert!(matches!(refused, Why::Unknown(what) if what.contains("handler")));
}

/// Worlds that a planner of before ended with less in stock than was needed.
#[test]
fn worlds_that_once_ran_out() {
    for seed in [10_150_776_716_316_375_719, 16_322_052_145_517_443_056] {
        reality(seed, STOCKED);
    }
}
