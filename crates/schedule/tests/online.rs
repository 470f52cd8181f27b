//! Random halls, orders and faults: the plan is always right, promises hold, nobody gets stuck.
#![allow(clippy::unwrap_used, missing_docs)]

mod common;

use common::{PLAIN, admitted_and_improved, config, now, reality, sound};
use proptest::prelude::*;
use quantity::{Duration, OrderId};
use schedule::{
    Choice, Edge, FOREVER, Job, Lag, Machine, Planner, Shop, StationNode, Task, Travel, UNLIMITED,
    Where,
};

proptest! {
    #![proptest_config(config())]

    #[test]
    fn admitting_keeps_all_other_plans(seed in any::<u64>()) {
        admitted_and_improved(seed, PLAIN);
    }

    #[test]
    fn reality_with_faults_never_gets_stuck(seed in any::<u64>()) {
        reality(seed, PLAIN);
    }
}

/// Worlds that a planner of before ended with an overfull resource.
#[test]
fn worlds_that_once_failed() {
    for seed in [
        13_798_156_536_944_305_224,
        18_148_053_941_882_276_222,
        3_420_753_793_150_501_559,
    ] {
        reality(seed, PLAIN);
    }
}

/// A plate appears in an instrument that is not its own; whoever is planned there finds no slot at
/// first. It leaves before anything was repaired: the plan of the other one is not touched, and it must
/// have a slot of its own all the same.
#[test]
fn who_found_no_slot_has_one_after_the_repair() {
    let machine = |name: &str, slots| Machine {
        name: name.into(),
        station: 0,
        slots,
        load: Duration::ZERO,
        unload: Duration::ZERO,
        gate: false,
        down: vec![],
        ..Machine::default()
    };
    let shop = Shop {
        machines: vec![
            machine("hotel", UNLIMITED),
            machine("shared", 2),
            machine("own", 1),
        ],
        stations: vec![StationNode {
            arms: UNLIMITED,
            direct: false,
        }],
        movers: UNLIMITED,
        travel: Travel::matrix(1, |_, _| Duration::from_secs(1)),
        mover_wait_max: Duration::ZERO,
    };
    let job = |id: u32, release: i64, options: &[(usize, i64)]| {
        let task = |options: &[(usize, i64)]| Task {
            options: options
                .iter()
                .map(|&(machine, stay)| Choice {
                    machine,
                    stay: Duration::from_secs(stay),
                    early: Duration::ZERO,
                    ..Choice::default()
                })
                .collect(),
            stay_max: None,
        };
        Job {
            id: OrderId(id),
            release: now(release),
            due: None,
            deadline: None,
            priority: 1,
            at: Where::In {
                machine: 0,
                slot: id,
            },
            tasks: vec![task(options), task(&[(0, 0)])],
            lags: vec![],
            stays: true,
            progress: vec![],
        }
    };
    let mut planner = Planner::new(shop).unwrap();
    planner.admit(job(1, 0, &[(1, 2000)]), now(0)).unwrap();
    planner.admit(job(2, 500, &[(1, 300)]), now(0)).unwrap();
    planner
        .admit(job(3, 10, &[(2, 900), (1, 2500)]), now(0))
        .unwrap();
    let slot = |planner: &Planner, id| planner.plan(OrderId(id)).unwrap().visits[0].slot;
    planner.departed(OrderId(1), now(0));
    planner.began(OrderId(1), 0, 1, slot(&planner, 1), now(1));
    planner.departed(OrderId(3), now(10));
    // Somebody put it into the shared instrument, where it would be long after order 2 comes.
    planner.began(OrderId(3), 0, 1, 1 - slot(&planner, 1), now(11));
    planner.ended(OrderId(3), 0, now(400));
    planner.repair(now(400));
    sound(&planner, now(400), "after it left");
    assert_ne!(slot(&planner, 1), slot(&planner, 2));
}

/// Order 1 is to be first in an instrument, and order 2, which is early, is let in before it. Order 1 waits
/// on its mover longer than its lag allows; the turns of the plan have become a circle (2 leaves by the
/// arm after 1, and 1 enters after 2), and nobody may be given up for that.
#[test]
fn who_was_overtaken_waits_and_goes_on() {
    let machine = |name: &str, station, slots| Machine {
        name: name.into(),
        station,
        slots,
        load: Duration::from_secs(5),
        unload: Duration::from_secs(5),
        gate: false,
        down: vec![],
        ..Machine::default()
    };
    let shop = Shop {
        machines: vec![
            machine("hotel", 0, UNLIMITED),
            machine("first", 1, 2),
            machine("second", 2, 1),
        ],
        stations: vec![
            StationNode {
                arms: 1,
                direct: false,
            };
            3
        ],
        movers: 4,
        travel: Travel::matrix(3, |_, _| Duration::from_secs(10)),
        mover_wait_max: Duration::from_secs(30),
    };
    let task = |machine, stay| Task {
        options: [Choice {
            machine,
            stay: Duration::from_secs(stay),
            early: Duration::ZERO,
            ..Choice::default()
        }]
        .into(),
        stay_max: None,
    };
    let job = |id: u32, tasks: Vec<Task>, lags: Vec<Lag>| Job {
        id: OrderId(id),
        release: now(0),
        due: None,
        deadline: None,
        priority: 1,
        at: Where::In {
            machine: 0,
            slot: id,
        },
        tasks,
        lags,
        stays: true,
        progress: vec![],
    };
    let soon = Lag {
        from: (0, Edge::End),
        to: (1, Edge::Begin),
        min: Duration::ZERO,
        max: Some(Duration::from_secs(60)),
    };
    let (one, two) = (OrderId(1), OrderId(2));
    let mut planner = Planner::new(shop).unwrap();
    planner
        .admit(
            job(1, vec![task(1, 100), task(2, 500), task(0, 0)], vec![soon]),
            now(0),
        )
        .unwrap();
    planner
        .admit(job(2, vec![task(2, 500), task(0, 0)], vec![]), now(0))
        .unwrap();
    let visit = |planner: &Planner, order, task: usize| planner.plan(order).unwrap().visits[task];
    assert!(visit(&planner, one, 1).end < visit(&planner, two, 0).begin);
    let first = visit(&planner, one, 0);
    planner.departed(one, first.leg_start);
    planner.began(one, 0, 1, first.slot, first.begin);
    planner.departed(two, first.end - Duration::from_secs(10));
    planner.ended(one, 0, first.end);
    let there = first.end + Duration::from_secs(10);
    planner.began(two, 0, 2, 0, there);
    let repair = planner.repair(there);
    sound(&planner, there, "after the overtaking");
    assert!(repair.stranded.is_empty(), "{:?}", repair.stranded);
    assert!(repair.broken.iter().any(|b| b.job == one));
    assert!(visit(&planner, one, 1).begin > visit(&planner, two, 0).end);
    assert!(planner.plan(one).unwrap().finish < FOREVER);
}
