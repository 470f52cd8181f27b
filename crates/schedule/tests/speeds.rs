//! Instruments of unlike speed for one task, and limits that count from when their work is done.
#![allow(clippy::unwrap_used)]

use quantity::{Duration, Instant, OrderId};
use schedule::{Choice, Edge, Job, Lag, Machine, Planner, Shop, StationNode, Task, Travel, Where};

/// How long the quick and the slow machine work, in seconds, and by how much they may be early.
const QUICK: (i64, i64) = (100, 10);
const SLOW: (i64, i64) = (1_000, 150);
/// Seconds within which the next task has to begin.
const SOON: i64 = 240;

fn secs(seconds: i64) -> Duration {
    Duration::from_secs(seconds)
}

fn choice(machine: usize, (stay, early): (i64, i64)) -> Choice {
    Choice {
        machine,
        stay: secs(stay),
        early: secs(early),
        ..Choice::default()
    }
}

/// A store, a quick and a slow machine for the first task, and one for the second.
fn shop() -> Shop {
    let machine = |slots: u32| Machine {
        name: "machine".into(),
        station: 0,
        slots,
        load: secs(5),
        unload: secs(5),
        gate: false,
        down: Vec::new(),
        ..Machine::default()
    };
    Shop {
        machines: vec![machine(50), machine(1), machine(1), machine(2)],
        stations: vec![StationNode {
            arms: 1,
            direct: true,
        }],
        movers: 2,
        travel: Travel::matrix(1, |_, _| secs(0)),
        mover_wait_max: secs(60),
    }
}

fn job(number: u32, due: Edge) -> Job {
    let task = |options: Vec<Choice>| Task {
        options: options.into(),
        stay_max: None,
    };
    Job {
        id: OrderId(number),
        release: Instant::EPOCH,
        due: None,
        deadline: None,
        priority: 1,
        at: Where::In {
            machine: 0,
            slot: number,
        },
        tasks: vec![
            task(vec![choice(1, QUICK), choice(2, SLOW)]),
            task(vec![choice(3, (50, 0))]),
            task(vec![choice(0, (0, 0))]),
        ],
        lags: vec![Lag {
            from: (0, due),
            to: (1, Edge::Begin),
            min: Duration::ZERO,
            max: Some(secs(SOON)),
        }],
        stays: true,
        progress: Vec::new(),
    }
}

#[test]
fn a_limit_counts_from_the_end_of_work_on_the_machine_that_was_chosen() {
    let mut planner = Planner::new(shop()).unwrap();
    let (mut quick, mut slow) = (0, 0);
    for number in 0..14 {
        planner
            .admit(job(number, Edge::Done), Instant::EPOCH)
            .unwrap();
        let plan = planner.plan(OrderId(number)).unwrap();
        let (first, second) = (plan.visits[0], plan.visits[1]);
        let (stay, early) = match first.machine {
            1 => QUICK,
            _ => SLOW,
        };
        quick += u32::from(first.machine == 1);
        slow += u32::from(first.machine == 2);
        let begun = second.begin - first.begin;
        assert!(begun >= secs(stay), "{number}: {begun}");
        // However early the work is done, the limit holds.
        assert!(begun <= secs(stay - early + SOON), "{number}: {begun}");
    }
    // Nobody waits on the quick one for as long as the slow one would have taken, and the slow one
    // is used as soon as the queue before the quick one is longer than its work.
    assert!(quick > 8 && slow > 0, "{quick} and {slow}");
    assert_eq!(planner.audit(Instant::EPOCH), Vec::<String>::new());
}

#[test]
fn a_machine_that_may_be_too_early_for_the_limit_is_not_taken() {
    let mut planner = Planner::new(shop()).unwrap();
    for number in 0..6 {
        let mut job = job(number, Edge::Done);
        job.lags[0].max = Some(secs(100));
        planner.admit(job, Instant::EPOCH).unwrap();
        let plan = planner.plan(OrderId(number)).unwrap();
        // 150 s early and 10 s of handling are more than 100 s.
        assert_eq!(plan.visits[0].machine, 1);
    }
}
