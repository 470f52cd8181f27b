//! Machines with calendars and maintenance, due times, deadlines and priorities, held against the independent
//! checker in random halls.
#![allow(clippy::unwrap_used)]

use quantity::{Duration, Instant, OrderId};
use schedule::{
    Choice, Edge, Job, Lag, Limit, Machine, Planner, Refusal, Shop, StationNode, Task, Travel,
    UNLIMITED, Where, Window,
};

/// Whole random numbers, splitmix64 (Steele, Lea and Flood, OOPSLA 2014).
struct Dice(u64);

impl Dice {
    fn below(&mut self, count: u64) -> i64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        ((z ^ (z >> 31)) % count) as i64
    }
}

fn at(seconds: i64) -> Instant {
    Instant::EPOCH + Duration::from_secs(seconds)
}

/// A hotel, and two machines of each of three kinds; each machine is closed now and then.
fn shop(dice: &mut Dice) -> Shop {
    let machine = |name: String, station, slots, down| Machine {
        name,
        station,
        slots,
        load: Duration::from_secs(5),
        unload: Duration::from_secs(5),
        gate: slots == 2,
        down,
        ..Machine::default()
    };
    let mut machines = vec![machine("hotel".to_owned(), 0, UNLIMITED, Vec::new())];
    for number in 0..6_usize {
        let mut down = Vec::new();
        let mut from = 0;
        for _ in 0..4 {
            from += 300 + dice.below(1_500);
            let until = from + 60 + dice.below(600);
            down.push(Window {
                from: at(from),
                until: at(until),
            });
            from = until;
        }
        let slots = if number < 2 { 2 } else { 1 };
        machines.push(machine(
            format!("machine {number}"),
            1 + number,
            slots,
            down,
        ));
    }
    let station = StationNode {
        arms: 1,
        direct: false,
    };
    Shop {
        machines,
        stations: vec![station; 7],
        movers: 2,
        travel: Travel::matrix(7, |a, b| Duration::from_secs(if a == b { 0 } else { 10 })),
        mover_wait_max: Duration::from_secs(30),
    }
}

fn job(number: u32, dice: &mut Dice) -> Job {
    let tasks: Vec<Task> = (0..3)
        .map(|kind| {
            let stay = 60 + dice.below(200);
            // The second machine of a kind is slower.
            let choice = |second: i64| Choice {
                machine: 1 + 2 * kind + second as usize,
                stay: Duration::from_secs(stay + 40 * second),
                early: Duration::from_secs(10 * second),
                ..Choice::default()
            };
            Task {
                options: [choice(0), choice(1)].into(),
                stay_max: (dice.below(2) == 0).then(|| Duration::from_secs(stay + 200)),
            }
        })
        .collect();
    Job {
        id: OrderId(number),
        release: at(dice.below(1_000)),
        due: (dice.below(2) == 0).then(|| at(1_000 + dice.below(6_000))),
        deadline: (dice.below(3) == 0).then(|| at(2_000 + dice.below(6_000))),
        priority: 1 + dice.below(3) as u32,
        at: Where::In {
            machine: 0,
            slot: number,
        },
        tasks,
        lags: vec![Lag {
            from: (
                0,
                if dice.below(2) == 0 {
                    Edge::End
                } else {
                    Edge::Done
                },
            ),
            to: (1, Edge::Begin),
            min: Duration::from_secs(20),
            max: Some(Duration::from_secs(90)),
        }],
        stays: false,
        progress: Vec::new(),
    }
}

#[test]
fn nobody_is_in_a_machine_that_is_closed_and_every_promise_is_kept() {
    let (mut refused, mut spanned) = (0, 0);
    for seed in 0..40 {
        let mut dice = Dice(seed);
        let shop = shop(&mut dice);
        let windows: Vec<Vec<Window>> = shop.machines.iter().map(|m| m.down.clone()).collect();
        let mut planner = Planner::new(shop).unwrap();
        let mut promised = Vec::new();
        for number in 0..30 {
            let job = job(number, &mut dice);
            let (id, deadline) = (job.id, job.deadline);
            match planner.admit(job, Instant::EPOCH) {
                Ok(promise) => {
                    assert!(deadline.is_none_or(|d| promise.finish <= d));
                    promised.push((id, promise.finish));
                }
                Err(Refusal::TooLate { deadline, earliest }) => {
                    assert!(earliest > deadline);
                    refused += 1;
                }
                Err(other) => panic!("seed {seed}: {other:?}"),
            }
        }
        planner.improve(Instant::EPOCH, 200);
        assert_eq!(
            planner.audit(Instant::EPOCH),
            Vec::<String>::new(),
            "seed {seed}"
        );
        for (order, finish) in promised {
            let plan = planner.plan(order).unwrap();
            assert!(plan.finish <= finish, "seed {seed}: {order}");
            for visit in &plan.visits {
                let closed = windows[visit.machine].iter();
                let hit = closed.filter(|w| visit.begin < w.until && visit.end > w.from);
                assert_eq!(hit.count(), 0, "seed {seed}: {order}");
                spanned += usize::from(
                    windows[visit.machine]
                        .iter()
                        .any(|w| w.until <= visit.begin),
                );
            }
        }
    }
    // Some were refused for their deadline, and many were planned behind a closed time.
    assert!(refused > 10 && spanned > 100, "{refused} {spanned}");
}

#[test]
fn a_plate_that_is_inside_when_a_machine_fails_waits_and_the_limit_is_named() {
    let mut dice = Dice(7);
    let mut hall = shop(&mut dice);
    for machine in &mut hall.machines {
        machine.down.clear();
    }
    let mut planner = Planner::new(hall).unwrap();
    let mut job = job(1, &mut dice);
    (job.release, job.due, job.deadline) = (Instant::EPOCH, None, None);
    job.tasks[0].stay_max = Some(job.tasks[0].options[1].stay);
    let promise = planner.admit(job, Instant::EPOCH).unwrap();
    let visit = promise.plan.visits[0];
    planner.departed(OrderId(1), visit.leg_start);
    planner.began(OrderId(1), 0, visit.machine, visit.slot, visit.begin);
    let now = visit.begin + Duration::from_secs(10);
    planner.machine_down(visit.machine, now, Some(now + Duration::from_secs(1_000)));
    let repair = planner.repair(now);
    assert!(
        repair
            .broken
            .iter()
            .any(|b| b.limit == Limit::Stay { task: 0 })
    );
    assert!(planner.plan(OrderId(1)).unwrap().visits[0].end >= now + Duration::from_secs(1_000));
    assert_eq!(planner.audit(now), Vec::<String>::new());
}

/// A plate that goes in late is inside when its machine closes: it stays in until the machine opens, its
/// promise is named as broken, and it goes on after that.
#[test]
fn a_plate_that_is_inside_when_a_machine_closes_stays_and_goes_on() {
    let mut dice = Dice(7);
    let mut hall = shop(&mut dice);
    for machine in &mut hall.machines {
        machine.down.clear();
    }
    let mut job = job(1, &mut dice);
    (job.release, job.due, job.deadline) = (Instant::EPOCH, None, None);
    let mut open = Planner::new(hall.clone()).unwrap();
    let first = open.admit(job.clone(), Instant::EPOCH).unwrap().plan.visits[0];
    // It closes as soon as the plate is out.
    let closes = first.end + hall.machines[first.machine].unload;
    let opens = closes + Duration::from_secs(5_000);
    hall.machines[first.machine].down = vec![schedule::Window {
        from: closes,
        until: opens,
    }];
    let mut planner = Planner::new(hall).unwrap();
    planner.admit(job, Instant::EPOCH).unwrap();
    let visit = planner.plan(OrderId(1)).unwrap().visits[0];
    assert_eq!((visit.machine, visit.end), (first.machine, first.end));
    planner.departed(OrderId(1), visit.leg_start);
    planner.began(OrderId(1), 0, visit.machine, visit.slot, visit.begin);
    let late = visit.end + Duration::from_secs(60);
    planner.expect_end(OrderId(1), 0, late);
    let repair = planner.repair(visit.end);
    assert!(repair.stranded.is_empty(), "{:?}", repair.stranded);
    assert!(repair.broken.iter().any(|b| b.limit == Limit::Finish));
    let plan = planner.plan(OrderId(1)).unwrap();
    assert!(plan.visits[0].end >= opens && plan.finish < schedule::FOREVER);
    assert_eq!(planner.audit(visit.end), Vec::<String>::new());
}
