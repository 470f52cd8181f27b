//! A small building planned from empty, with an order and a failure in the middle of it, held against the
//! independent checker.
#![allow(clippy::unwrap_used)]

use quantity::{Duration, Instant, OrderId};
use schedule::formats::building::{PLATES, building};
use schedule::{Limiting, Planner, bound};

const STATIONS: usize = 220;

#[test]
fn a_building_is_packed_close_to_its_bottleneck_and_goes_on_after_a_failure() {
    let (shop, jobs) = building(STATIONS, 3);
    let least = bound(&shop, &jobs).unwrap();
    assert!(
        matches!(&least.by, Limiting::Machines(m) if shop.machines[m[0]].name.starts_with("liquid"))
    );
    let mut late = jobs[17].clone();
    let mut planner = Planner::new(shop).unwrap();
    let promises = planner.admit_all(jobs, Instant::EPOCH);
    assert_eq!(promises.len(), STATIONS * PLATES);
    let mut makespan = Instant::EPOCH;
    for (number, promise) in promises.into_iter().enumerate() {
        let promise = promise.unwrap();
        assert_eq!(promise.plan.job, OrderId(number as u32));
        makespan = makespan.max(promise.plan.finish);
    }
    assert_eq!(planner.audit(Instant::EPOCH), Vec::<String>::new());
    let over =
        (makespan - Instant::EPOCH).as_secs_f64() / (least.finish - Instant::EPOCH).as_secs_f64();
    assert!((1.0..1.16).contains(&over), "{over} times the bound");

    // As planned until a quarter is over.
    let now = Instant::from_base(makespan.base() / 4);
    for order in planner.orders().collect::<Vec<_>>() {
        let visits = planner.plan(order).unwrap().visits.clone();
        for visit in visits {
            if visit.task == 0 && visit.leg_start <= now {
                planner.departed(order, visit.leg_start);
            }
            if visit.begin <= now {
                let slot = planner.plan(order).unwrap().visits[visit.task].slot;
                planner.began(order, visit.task, visit.machine, slot, visit.begin);
            }
            if visit.end <= now {
                planner.ended(order, visit.task, visit.end);
            }
        }
    }
    late.id = OrderId((STATIONS * PLATES) as u32);
    late.release = now;
    let promise = planner.admit(late, now).unwrap();
    assert!(promise.finish >= now && promise.plan.finish <= promise.finish);
    assert_eq!(planner.audit(now), Vec::<String>::new());

    let failed = 0;
    let back = now + Duration::from_hours(4);
    planner.machine_down(failed, now, Some(back));
    let repair = planner.repair(now);
    assert!(!repair.moved.is_empty());
    assert_eq!(planner.audit(now), Vec::<String>::new());
    // Others do the work meanwhile: nobody who has not come yet waits for the machine.
    let waits = planner.orders().filter(|&order| {
        let plan = planner.plan(order).unwrap();
        let coming = |v: &&schedule::Visit| v.machine == failed && v.begin > now;
        plan.visits
            .iter()
            .find(coming)
            .is_some_and(|v| v.begin < back)
    });
    assert_eq!(waits.count(), 0);
}
