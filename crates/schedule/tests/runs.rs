//! Machines that take their plates by the run, held against the independent checker in random halls with
//! faults, and against optima that are known.
#![allow(clippy::unwrap_used, missing_docs)]

mod common;

use common::{Special, admitted_and_improved, config, now, reality, sound};
use proptest::prelude::*;
use quantity::{Duration, Instant, OrderId};
use schedule::{
    Batch, Choice, Edge, Job, Lag, Machine, Planner, Refusal, Shop, StationNode, Task, Travel,
    UNLIMITED, Where, Why,
};

/// Most machines are centrifuges of some kind, and most work on them is alike.
const BY_THE_RUN: Special = Special {
    shop: |dice, shop| {
        for machine in &mut shop.machines[1..] {
            if dice.chance(70) {
                let even = dice.chance(70);
                // So that nobody is loaded in the moment in which another one leaves, or does not.
                machine.load = dice.secs(1, 10);
                machine.unload = dice.secs(1, 10);
                machine.slots = 1 + dice.below(4) as u32 + u32::from(even);
                let least = dice.below(3) as u32;
                let weights = 1 + dice.below(2) as u32;
                let batch = Batch {
                    least: least.min(2),
                    even,
                    weights,
                };
                machine.batch = (batch.most(machine.slots) > 0).then_some(batch);
            }
        }
    },
    job: |dice, job| {
        for task in &mut job.tasks {
            let mut options = task.options.to_vec();
            for option in &mut options {
                option.family = dice.below(2) as u32;
                if dice.chance(60) {
                    option.stay = Duration::from_secs(60);
                    option.early = Duration::ZERO;
                }
            }
            task.options = options.into();
        }
        if job.tasks.len() > 2 && dice.chance(50) {
            let a = dice.below(job.tasks.len() as u64 - 2) as usize;
            let edges = [Edge::Begin, Edge::Done, Edge::End];
            let from = edges[dice.below(3) as usize];
            let to = edges[dice.below(3) as usize];
            job.lags.push(Lag {
                from: (a, from),
                to: (a + 1, to),
                min: dice.secs(0, 40),
                max: Some(dice.secs(400, 900)),
            });
        }
    },
    lost: 10,
};

proptest! {
    #![proptest_config(config())]

    #[test]
    fn orders_are_inserted_and_improved_with_their_runs(seed in any::<u64>()) {
        admitted_and_improved(seed, BY_THE_RUN);
    }

    #[test]
    fn reality_with_faults_keeps_runs_whole(seed in any::<u64>()) {
        reality(seed, BY_THE_RUN);
    }
}

/// Worlds that a planner of before got wrong.
#[test]
fn worlds_that_once_failed() {
    for seed in [
        12_000_810_869_602_811_820,
        1_049_773_478_275_322_121,
        11_062_365_179_321_836_541,
    ] {
        reality(seed, BY_THE_RUN);
    }
}

/// A centrifuge with four places and a counterweight, in a hall where ways and handling take no time unless
/// said.
fn bench(batch: Batch, slots: u32, handling: i64) -> Shop {
    let machine = |name: &str, slots| Machine {
        name: name.into(),
        slots,
        ..Machine::default()
    };
    let handling = Duration::from_secs(handling);
    Shop {
        machines: vec![
            machine("hotel", UNLIMITED),
            Machine {
                batch: Some(batch),
                load: handling,
                unload: handling,
                ..machine("centrifuge", slots)
            },
        ],
        stations: vec![StationNode {
            arms: 1,
            direct: true,
        }],
        movers: UNLIMITED,
        travel: Travel::matrix(1, |_, _| Duration::ZERO),
        mover_wait_max: Duration::ZERO,
    }
}

fn balanced() -> Batch {
    Batch {
        least: 0,
        even: true,
        weights: 1,
    }
}

/// A plate that comes at some time and is spun for 100 s.
fn plate(id: u32, release: i64, family: u32) -> Job {
    let task = |machine, stay| Task {
        options: [Choice {
            machine,
            stay: Duration::from_secs(stay),
            family,
            ..Choice::default()
        }]
        .into(),
        stay_max: None,
    };
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
        tasks: vec![task(1, 100), task(0, 0)],
        lags: vec![],
        stays: true,
        progress: vec![],
    }
}

fn start(planner: &Planner, id: u32) -> Instant {
    planner.run_of(OrderId(id), 0).unwrap().start
}

/// A plate alone goes with the counterweight; who comes while that runs opens the next run, which others
/// join up to the places that there are; unlike work waits for a run of its own.
#[test]
fn plates_share_a_run_if_their_work_is_alike() {
    let mut planner = Planner::new(bench(balanced(), 4, 0)).unwrap();
    let mut starts = Vec::new();
    for id in 0..6 {
        planner.admit(plate(id, i64::from(id), 1), now(0)).unwrap();
        starts.push(start(&planner, id));
    }
    assert_eq!(starts, [0, 100, 100, 100, 100, 200].map(now));
    planner.admit(plate(6, 6, 2), now(0)).unwrap();
    assert_eq!(start(&planner, 6), now(300));
    planner.admit(plate(7, 7, 1), now(0)).unwrap();
    assert_eq!(start(&planner, 7), now(200));
    sound(&planner, now(-1), "at the end");
    let jobs: Vec<Job> = (0..8).map(|id| plate(id, 0, 1)).collect();
    let bound = schedule::bound(planner.shop(), &jobs).unwrap();
    assert_eq!(
        bound.finish,
        now(200),
        "eight plates of four places are two runs"
    );
}

/// Loading takes its time, one plate after the other, and so does unloading: 10 s each by the one arm.
#[test]
fn all_are_loaded_before_the_start_and_unloaded_after_the_end() {
    let mut planner = Planner::new(bench(balanced(), 2, 10)).unwrap();
    planner.admit(plate(0, 50, 1), now(0)).unwrap();
    planner.admit(plate(1, 0, 1), now(0)).unwrap();
    let visit = |id| planner.plan(OrderId(id)).unwrap().visits[0];
    // The second one comes first: for one plate alone the centrifuge has no time before.
    assert_eq!((visit(0).begin, visit(0).end), (now(60), now(160)));
    assert_eq!((visit(1).begin, visit(1).end), (now(50), now(170)));
    assert_eq!(visit(0).run, visit(1).run);
    sound(&planner, now(-1), "at the end");
}

/// A plate waits for a partner as long as its own limits allow: here 40 s from the hotel to the spin.
#[test]
fn nobody_waits_longer_than_he_can_bear() {
    let within = |id, seconds| Job {
        lags: vec![Lag {
            from: (0, Edge::Begin),
            to: (1, Edge::Begin),
            min: Duration::ZERO,
            max: Some(Duration::from_secs(seconds)),
        }],
        ..plate(id, 0, 1)
    };
    let mut planner = Planner::new(bench(balanced(), 4, 10)).unwrap();
    planner.admit(plate(0, 50, 1), now(0)).unwrap();
    // 100 s of work, and the first one is taken out before it: 10 s, and 10 s for itself.
    planner.admit(within(2, 120), now(0)).unwrap();
    assert_eq!(start(&planner, 2), start(&planner, 0));
    // The third to be taken out.
    planner.admit(within(1, 129), now(0)).unwrap();
    assert_ne!(start(&planner, 1), start(&planner, 0));
    sound(&planner, now(-1), "at the end");
}

/// Plates with their own runs are brought together where that lets all of them be done sooner.
#[test]
fn improvement_fills_runs() {
    let mut planner = Planner::new(bench(balanced(), 2, 0)).unwrap();
    // Alternating kinds: the first of each kind opens a run when nobody else is there.
    for id in 0..8 {
        planner.admit(plate(id, 0, id % 4), now(0)).unwrap();
    }
    for _ in 0..20 {
        planner.improve(now(-1), 100);
    }
    sound(&planner, now(-1), "after improvement");
    let last = (0..8)
        .map(|id| planner.plan(OrderId(id)).unwrap().finish)
        .max();
    assert_eq!(
        last,
        Some(now(400)),
        "eight plates of four kinds are four runs of two"
    );
}

/// A run waits a little for a member that is late, and not for one that is very late.
#[test]
fn a_late_partner_is_waited_for_or_left_behind() {
    for (late, together) in [(30, true), (900, false)] {
        let mut planner = Planner::new(bench(balanced(), 2, 0)).unwrap();
        planner.admit(plate(0, 10, 1), now(0)).unwrap();
        planner.admit(plate(1, 0, 1), now(0)).unwrap();
        assert_eq!(start(&planner, 1), now(10));
        planner.departed(OrderId(1), now(10));
        planner.began(OrderId(1), 0, 1, 1, now(10));
        planner.departed(OrderId(0), now(10));
        planner.expect_begin(OrderId(0), 0, now(10 + late));
        let repair = planner.repair(now(10));
        sound(&planner, now(10), "after the repair");
        assert!(repair.broken.iter().all(|b| b.job == OrderId(0)));
        assert!(repair.stranded.is_empty());
        let (first, second) = (start(&planner, 1), start(&planner, 0));
        assert_eq!(first == second, together);
        assert_eq!(first, now(if together { 10 + late } else { 10 }));
        // The run that starts without it takes those that are in the machine.
        if !together {
            planner.run_started(OrderId(1), 0, now(11));
            planner.repair(now(11));
            sound(&planner, now(11), "after the start");
            let run = planner.run_of(OrderId(1), 0).unwrap();
            assert_eq!((run.begun, run.members.len()), (true, 1));
        }
    }
}

/// A plate that is lost where it stands: the others of the run go on, and nobody else comes in until it is
/// taken away.
#[test]
fn a_lost_plate_does_not_stop_the_others() {
    let mut planner = Planner::new(bench(balanced(), 4, 0)).unwrap();
    for id in 0..3 {
        planner.admit(plate(id, 0, 1), now(0)).unwrap();
    }
    for id in 1..3 {
        planner.departed(OrderId(id), now(100));
        let slot = planner.plan(OrderId(id)).unwrap().visits[0].slot;
        planner.began(OrderId(id), 0, 1, slot, now(100));
    }
    planner.withdraw(OrderId(0), now(100));
    let lost = planner.plan(OrderId(2)).unwrap().visits[0].slot;
    planner.withdraw(OrderId(2), now(100));
    planner.hold(1, lost, now(100));
    planner.repair(now(100));
    planner.run_started(OrderId(1), 0, now(100));
    let repair = planner.repair(now(100));
    assert!(repair.stranded.is_empty(), "{:?}", repair.stranded);
    sound(&planner, now(100), "after the loss");
    assert_eq!(planner.plan(OrderId(1)).unwrap().visits[0].end, now(200));
    let refused = planner.admit(plate(3, 0, 1), now(100));
    assert!(matches!(
        refused,
        Err(Refusal::Impossible(
            Why::Crowded { .. } | Why::NoMachine { .. }
        ))
    ));
    planner.release(1, lost, now(150));
    planner.admit(plate(4, 0, 1), now(150)).unwrap();
    assert_eq!(start(&planner, 4), now(200));
    sound(&planner, now(150), "at the end");
}

#[test]
fn a_machine_in_which_a_plate_alone_can_t_go_is_refused() {
    let lone = Batch {
        weights: 0,
        ..balanced()
    };
    let refused = Planner::new(bench(lone, 4, 0)).unwrap_err();
    assert!(matches!(refused, Why::Unknown(what) if what.contains("a plate alone can't go")));
    let three = Batch {
        least: 4,
        even: true,
        weights: 3,
    };
    assert_eq!([4, 5].map(|slots| three.most(slots)), [4, 4]);
    assert_eq!(
        (1..5).map(|n| three.weights_for(n, 4)).collect::<Vec<_>>(),
        [Some(3), Some(2), Some(1), Some(0)]
    );
    assert_eq!(balanced().most(3), 2);
}
