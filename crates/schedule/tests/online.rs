//! Random halls, orders and faults: the plan is always right, promises hold, nobody gets stuck.
#![allow(clippy::unwrap_used, missing_docs)]

use proptest::prelude::*;
use proptest::test_runner::RngSeed;
use quantity::{Duration, Instant, OrderId};
use schedule::{
    Choice, Edge, FOREVER, Job, Lag, Machine, Planner, Refusal, Shop, StationNode, Task, Travel,
    UNLIMITED, Where,
};
use std::collections::BTreeMap;

struct Dice(u64);

impl Dice {
    fn below(&mut self, n: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (z ^ (z >> 31)) % n
    }
    fn secs(&mut self, from: u64, to: u64) -> Duration {
        Duration::from_secs((from + self.below(to - from + 1)) as i64)
    }
    fn chance(&mut self, percent: u64) -> bool {
        self.below(100) < percent
    }
}

fn shop(dice: &mut Dice) -> Shop {
    let stations = 2 + dice.below(4) as usize;
    let mut machines = vec![Machine {
        name: "hotel".into(),
        station: 0,
        slots: if dice.chance(50) { UNLIMITED } else { 60 },
        load: dice.secs(0, 10),
        unload: dice.secs(0, 10),
        gate: dice.chance(30),
        down: vec![],
    }];
    for index in 0..3 + dice.below(6) {
        machines.push(Machine {
            name: format!("m{index}"),
            station: dice.below(stations as u64) as usize,
            slots: 1 + dice.below(4) as u32 * dice.below(2) as u32,
            load: dice.secs(0, 10),
            unload: dice.secs(0, 10),
            gate: dice.chance(50),
            down: vec![],
        });
    }
    let nodes = (0..stations)
        .map(|_| StationNode {
            arms: if dice.chance(20) { UNLIMITED } else { 1 },
            direct: dice.chance(50),
        })
        .collect();
    let times: Vec<Duration> = (0..stations * stations).map(|_| dice.secs(5, 40)).collect();
    Shop {
        machines,
        stations: nodes,
        movers: 1 + dice.below(4) as u32,
        travel: Travel::matrix(stations, |a, b| times[a * stations + b]),
        mover_wait_max: dice.secs(0, 60),
    }
}

fn job(dice: &mut Dice, shop: &Shop, id: u32, now: Instant) -> Job {
    let mut tasks = Vec::new();
    let count = 1 + dice.below(5);
    for _ in 0..count {
        let stay = dice.secs(10, 300);
        let mut options = Vec::new();
        for machine in 1..shop.machines.len() {
            if dice.chance(35) {
                options.push(Choice {
                    machine,
                    stay: stay + dice.secs(0, 30),
                    early: dice.secs(0, 10),
                });
            }
        }
        if options.is_empty() {
            options.push(Choice {
                machine: 1,
                stay,
                early: Duration::ZERO,
            });
        }
        tasks.push(Task {
            options: options.into(),
            stay_max: dice.chance(50).then(|| stay + dice.secs(40, 200)),
        });
    }
    tasks.push(Task {
        options: vec![Choice {
            machine: 0,
            stay: Duration::ZERO,
            early: Duration::ZERO,
        }]
        .into(),
        stay_max: None,
    });
    let mut lags = Vec::new();
    if count > 1 && dice.chance(60) {
        let a = dice.below(count - 1) as usize;
        lags.push(Lag {
            from: (
                a,
                if dice.chance(50) {
                    Edge::End
                } else {
                    Edge::Done
                },
            ),
            to: (a + 1, Edge::Begin),
            min: Duration::ZERO,
            max: Some(dice.secs(90, 300)),
        });
    }
    Job {
        id: OrderId(id),
        release: now,
        due: dice.chance(50).then(|| now + dice.secs(1000, 9000)),
        deadline: None,
        priority: 1 + dice.below(4) as u32,
        at: Where::In {
            machine: 0,
            slot: id % 60,
        },
        tasks,
        lags,
        stays: true,
        progress: vec![],
    }
}

fn sound(planner: &Planner, now: Instant, when: &str) {
    let wrong = planner.audit(now);
    assert!(wrong.is_empty(), "{when} at {now:?}: {wrong:#?}");
}

fn now(secs: i64) -> Instant {
    Instant::EPOCH + Duration::from_secs(secs)
}

fn cases() -> u32 {
    let asked = std::env::var("PROPTEST_CASES").ok();
    asked.and_then(|c| c.parse().ok()).unwrap_or(60)
}

/// The same worlds every time, so that a red test is about the change at hand; `PROPTEST_RNG_SEED`
/// and `PROPTEST_CASES` ask for others and more.
fn config() -> ProptestConfig {
    let default = ProptestConfig::default();
    let rng_seed = match default.rng_seed {
        RngSeed::Random => RngSeed::Fixed(1),
        asked => asked,
    };
    ProptestConfig {
        cases: cases(),
        failure_persistence: None,
        max_shrink_iters: 0,
        rng_seed,
        ..default
    }
}

proptest! {
    #![proptest_config(config())]

    #[test]
    fn admitting_keeps_all_other_plans(seed in any::<u64>()) {
        let mut dice = Dice(seed);
        let shop = shop(&mut dice);
        let mut planner = Planner::new(shop.clone()).unwrap();
        let mut plans = BTreeMap::new();
        for id in 0..25 {
            let job = job(&mut dice, &shop, id, now(0));
            match planner.admit(job, now(0)) {
                Ok(promise) => { plans.insert(OrderId(id), promise); }
                Err(Refusal::Impossible(_)) => {}
                Err(other) => panic!("{other:?}"),
            }
            for (order, promise) in &plans {
                let plan = planner.plan(*order).unwrap();
                for (old, new) in promise.plan.visits.iter().zip(&plan.visits) {
                    prop_assert_eq!((old.machine, old.begin, old.end), (new.machine, new.begin, new.end));
                }
            }
        }
        sound(&planner, now(-1), "after admission");
        for _ in 0..3 {
            planner.improve(now(0), 60);
            sound(&planner, now(-1), "after improvement");
        }
        for (order, promise) in &plans {
            prop_assert!(planner.plan(*order).unwrap().finish <= promise.finish);
        }
    }

    #[test]
    fn reality_with_faults_never_gets_stuck(seed in any::<u64>()) {
        reality(seed);
    }
}

/// One random hall, its orders and faults, until everything is done or stranded.
fn reality(seed: u64) {
    let mut dice = Dice(seed);
    let shop = shop(&mut dice);
    let mut planner = Planner::new(shop.clone()).unwrap();
    let mut node: BTreeMap<OrderId, usize> = BTreeMap::new();
    let mut time = now(0);
    let mut next_id = 0;
    let mut down: Vec<usize> = Vec::new();
    let mut steps = 0;
    loop {
        steps += 1;
        assert!(steps < 5000, "no end");
        while next_id < 20 && (node.len() < 4 || dice.chance(20)) {
            let job = job(&mut dice, &shop, next_id, time);
            next_id += 1;
            let id = job.id;
            if planner.admit(job, time).is_ok() {
                node.insert(id, 0);
                sound(&planner, time, "after admission");
            }
        }
        // The next thing that is planned to happen.
        let due = node
            .iter()
            .filter_map(|(&id, &n)| {
                let plan = planner.plan(id).unwrap();
                let at = match n {
                    0 => plan.visits.first().map(|v| v.leg_start),
                    n if n % 2 == 1 => plan.visits.get(n / 2).map(|v| v.begin),
                    n => plan.visits.get(n / 2 - 1).map(|v| v.end),
                };
                // A leg ends before another begins: the arm must be free first.
                at.filter(|&at| at < FOREVER)
                    .map(|at| (at, n % 2 == 0, id, n))
            })
            .min();
        let Some((at, _, id, n)) = due else {
            if let Some(machine) = down.pop() {
                planner.machine_up(machine, time);
                planner.repair(time);
                sound(&planner, time, "after coming back");
                continue;
            }
            break;
        };
        assert!(at >= time, "{id} planned in the past");
        time = at;
        if dice.chance(10) {
            // It takes longer.
            let later = at + dice.secs(1, 200);
            if n % 2 == 1 {
                planner.expect_begin(id, n / 2, later)
            } else if n > 0 {
                planner.expect_end(id, n / 2 - 1, later)
            }
        } else {
            let visit = planner
                .plan(id)
                .unwrap()
                .visits
                .get(n.saturating_sub(1) / 2)
                .copied()
                .unwrap();
            match n {
                0 => planner.departed(id, at),
                n if n % 2 == 1 => planner.began(id, n / 2, visit.machine, visit.slot, at),
                n => planner.ended(id, n / 2 - 1, at),
            }
            let tasks = planner.job(id).unwrap().tasks.len();
            if n == 2 * tasks {
                node.remove(&id);
                let visit = *planner.plan(id).unwrap().visits.last().unwrap();
                planner.withdraw(id, at);
                if dice.chance(50) && shop.machines[0].slots == UNLIMITED {
                    planner.hold(visit.machine, visit.slot, at);
                }
            } else {
                node.insert(id, n + 1);
            }
        }
        if dice.chance(3) && down.len() < 2 {
            let machine = 1 + dice.below(shop.machines.len() as u64 - 1) as usize;
            let until = dice.chance(60).then(|| time + dice.secs(10, 2000));
            planner.machine_down(machine, time, until);
            if until.is_none() {
                down.push(machine);
            }
        }
        if dice.chance(3) && !down.is_empty() {
            planner.machine_up(down.pop().unwrap(), time);
        }
        if dice.chance(2) {
            planner.movers_changed(1 + dice.below(4) as u32);
        }
        planner.repair(time);
        sound(&planner, time, "after repair");
        if dice.chance(10) {
            planner.improve(time, 10);
            sound(&planner, time, "after improvement");
        }
        if dice.chance(10) {
            planner.forget_before(time);
        }
    }
    assert!(
        node.is_empty()
            || !planner
                .orders()
                .all(|id| planner.plan(id).unwrap().finish < FOREVER)
    );
}

/// Worlds that a planner of before ended with an overfull resource.
#[test]
fn worlds_that_once_failed() {
    for seed in [
        13_798_156_536_944_305_224,
        18_148_053_941_882_276_222,
        3_420_753_793_150_501_559,
    ] {
        reality(seed);
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
