//! Machines that need a set-up between unlike work, held against the independent checker in random halls
//! with faults, and against optima that are known.
#![allow(clippy::unwrap_used, missing_docs)]

mod common;

use common::{Special, admitted_and_improved, config, now, reality, sound};
use proptest::prelude::*;
use quantity::{Duration, OrderId};
use schedule::{
    Choice, Job, Machine, Planner, Setups, Shop, StationNode, Task, Travel, UNLIMITED, Where, Why,
    Window,
};

/// Most machines need set-ups, some pairs of families shorter ones; all work has a family.
const SET_UP: Special = Special {
    shop: |dice, shop| {
        for machine in &mut shop.machines[1..] {
            if dice.chance(70) {
                let usual = dice.secs(10, 120);
                // A way round is never quicker: every time is at least half of the longest.
                let pairs = (0..dice.below(3)).map(|_| {
                    let (a, b) = (dice.below(4) as u32, dice.below(4) as u32);
                    (a, b, Duration::from_base(usual.base() / 2))
                });
                let pairs = pairs.collect();
                machine.setups = Some(Setups { usual, pairs });
            }
        }
    },
    job: |dice, job| {
        for task in &mut job.tasks {
            let mut options = task.options.to_vec();
            for option in &mut options {
                option.family = dice.below(4) as u32;
            }
            task.options = options.into();
        }
    },
    lost: 0,
};

proptest! {
    #![proptest_config(config())]

    #[test]
    fn orders_are_inserted_and_improved_with_their_set_ups(seed in any::<u64>()) {
        admitted_and_improved(seed, SET_UP);
    }

    #[test]
    fn reality_with_faults_keeps_set_ups(seed in any::<u64>()) {
        reality(seed, SET_UP);
    }
}

/// One machine that needs a set-up, in a hall where ways and handling take no time.
fn bench(slots: u32, setups: Setups) -> Shop {
    let machine = |name: &str, slots| Machine {
        name: name.into(),
        slots,
        ..Machine::default()
    };
    Shop {
        machines: vec![
            machine("hotel", UNLIMITED),
            Machine {
                setups: Some(setups),
                ..machine("dispenser", slots)
            },
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

/// A plate that needs 100 s there.
fn plate(id: u32, family: u32) -> Job {
    Job {
        id: OrderId(id),
        release: now(0),
        due: Some(now(10_000)),
        deadline: None,
        priority: 1,
        at: Where::In {
            machine: 0,
            slot: id,
        },
        tasks: vec![Task {
            options: [Choice {
                machine: 1,
                stay: Duration::from_secs(100),
                family,
                ..Choice::default()
            }]
            .into(),
            stay_max: None,
        }],
        lags: vec![],
        stays: false,
        progress: vec![],
    }
}

fn cleaning(seconds: i64) -> Setups {
    Setups {
        usual: Duration::from_secs(seconds),
        pairs: Vec::new(),
    }
}

/// Six plates of two kinds that come in turn: in their order they take five cleanings, and as none can be
/// saved within a kind, the best is all of one kind and then all of the other: 6 x 100 s and one cleaning.
#[test]
fn improvement_puts_like_to_like() {
    let mut planner = Planner::new(bench(1, cleaning(60))).unwrap();
    for id in 0..6 {
        planner.admit(plate(id, id % 2), now(0)).unwrap();
    }
    let last = |planner: &Planner| {
        let ends = (0..6).map(|id| planner.plan(OrderId(id)).unwrap().finish);
        ends.max().unwrap()
    };
    assert!(last(&planner) > now(660));
    for _ in 0..20 {
        planner.improve(now(-1), 100);
    }
    sound(&planner, now(-1), "after improvement");
    assert_eq!(last(&planner), now(660));
    let jobs: Vec<Job> = (0..6).map(|id| plate(id, id % 2)).collect();
    assert_eq!(
        schedule::bound(planner.shop(), &jobs).unwrap().finish,
        now(660)
    );
    let change = planner.set_ups();
    assert_eq!(
        change,
        [(
            1,
            Window {
                from: now(300),
                until: now(360)
            }
        )]
    );
}

/// A machine with two places has one temperature: like plates share it, the unlike one waits for both and
/// the change.
#[test]
fn unlike_plates_never_share_a_machine() {
    let setups = Setups {
        usual: Duration::from_secs(30),
        pairs: vec![(7, 9, Duration::from_secs(20))],
    };
    let mut planner = Planner::new(bench(2, setups)).unwrap();
    let begin = |planner: &mut Planner, id, family| {
        let promise = planner.admit(plate(id, family), now(0)).unwrap();
        promise.plan.visits[0].begin
    };
    assert_eq!(begin(&mut planner, 0, 7), now(0));
    assert_eq!(begin(&mut planner, 1, 7), now(0));
    assert_eq!(begin(&mut planner, 2, 9), now(120));
    assert_eq!(begin(&mut planner, 3, 7), now(250));
    sound(&planner, now(-1), "at the end");
}

/// What a plate that is gone has left in a machine is cleaned away before the next unlike one, also one of
/// a family that nobody knew then.
#[test]
fn what_is_gone_has_left_its_trace() {
    let mut planner = Planner::new(bench(1, cleaning(60))).unwrap();
    planner.admit(plate(0, 1), now(0)).unwrap();
    planner.departed(OrderId(0), now(0));
    planner.began(OrderId(0), 0, 1, 0, now(0));
    planner.ended(OrderId(0), 0, now(100));
    planner.withdraw(OrderId(0), now(100));
    let begin = |planner: &mut Planner, id, family| {
        let promise = planner.admit(plate(id, family), now(100)).unwrap();
        promise.plan.visits[0].begin
    };
    assert_eq!(begin(&mut planner, 1, 2), now(160));
    assert_eq!(begin(&mut planner, 2, 1), now(320));
    planner.withdraw(OrderId(1), now(110));
    planner.withdraw(OrderId(2), now(110));
    assert_eq!(begin(&mut planner, 3, 1), now(100));
}

/// Somebody is late: who comes after him with unlike work waits for his end and the cleaning.
#[test]
fn a_late_end_moves_the_cleaning() {
    let mut planner = Planner::new(bench(1, cleaning(60))).unwrap();
    planner.admit(plate(0, 1), now(0)).unwrap();
    planner.admit(plate(1, 2), now(0)).unwrap();
    planner.departed(OrderId(0), now(0));
    planner.began(OrderId(0), 0, 1, 0, now(0));
    planner.expect_end(OrderId(0), 0, now(150));
    planner.repair(now(100));
    sound(&planner, now(100), "after the repair");
    assert_eq!(planner.plan(OrderId(1)).unwrap().visits[0].begin, now(210));
}

#[test]
fn a_way_round_that_is_quicker_is_refused() {
    let setups = Setups {
        usual: Duration::from_secs(10),
        pairs: vec![(1, 2, Duration::from_secs(30))],
    };
    let refused = Planner::new(bench(1, setups)).unwrap_err();
    assert!(matches!(refused, Why::Unknown(what) if what.contains("dispenser from family 1 to 2")));
}
