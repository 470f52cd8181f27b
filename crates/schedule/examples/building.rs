//! A building planned from empty, then met with orders and failures: `building [--stations N]...`.
//!
//! For each size: processor seconds and memory of planning all plates at once, how far the makespan is
//! above what the bottleneck needs, and whether the independent checker finds anything wrong; then how long
//! a new order takes to be promised and a failed station's plates to be planned anew, in the middle of it,
//! in milliseconds.
#![allow(missing_docs)]

use quantity::{Duration, Instant, OrderId};
use schedule::formats::building::{PLATES, building};
use schedule::{Limit, Limiting, Planner, bound};

/// Processor seconds of this thread.
fn cpu() -> f64 {
    let text = std::fs::read_to_string("/proc/thread-self/schedstat").unwrap_or_default();
    let nanos = text.split(' ').next().and_then(|n| n.parse::<f64>().ok());
    nanos.unwrap_or(0.0) * 1e-9
}

/// Short times: of the clock, or of the processor where other work was in between; the latter is counted in
/// steps of 4 ms.
struct Watch(std::time::Instant, f64);

impl Watch {
    fn start() -> Self {
        Self(std::time::Instant::now(), cpu())
    }

    fn milliseconds(&self) -> f64 {
        let clock = self.0.elapsed().as_secs_f64() * 1e3;
        let processor = (cpu() - self.1) * 1e3;
        if clock < 8.0 {
            clock
        } else {
            clock.min(processor)
        }
    }
}

/// The most memory that this process ever had, in MiB.
fn memory() -> f64 {
    let text = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = text.lines().find_map(|l| l.strip_prefix("VmHWM:"));
    let kib = line.and_then(|l| l.trim().split(' ').next()?.parse::<f64>().ok());
    kib.unwrap_or(0.0) / 1024.0
}

/// An event of the plan as it was made.
#[derive(Clone, Copy)]
enum Happens {
    Departs,
    Begins(usize),
    Ends(usize),
}

fn main() -> Result<(), String> {
    let mut sizes: Vec<usize> = (std::env::args().skip(1))
        .filter_map(|a| a.parse().ok())
        .collect();
    if sizes.is_empty() {
        sizes = vec![100, 1_000, 10_000];
    }
    println!(
        "stations   plates | CPU s  us/plate  MiB | makespan   bound  gap % | order p50 p99 max ms | fault p50 max ms (plates) | check"
    );
    for stations in sizes {
        measure(stations)?;
    }
    Ok(())
}

fn measure(stations: usize) -> Result<(), String> {
    let (shop, jobs) = building(stations, 1);
    let least = bound(&shop, &jobs).ok_or("no jobs")?;
    let kind = match &least.by {
        Limiting::Machines(machines) => shop.machines[machines[0]].name.clone(),
        other => format!("{other:?}"),
    };
    let count = jobs.len();
    let more: Vec<_> = jobs.iter().take(2_000).cloned().collect();
    let mut planner = Planner::new(shop).map_err(|why| format!("{why:?}"))?;
    let begun = cpu();
    let mut makespan = Instant::EPOCH;
    for promise in planner.admit_all(jobs, Instant::EPOCH) {
        let promise = promise.map_err(|why| format!("{why:?}"))?;
        makespan = makespan.max(promise.plan.finish);
    }
    let took = cpu() - begun;
    let wrong = planner.audit(Instant::EPOCH);
    let memory = memory();

    // Everything goes as planned until a third of the time is over.
    let now = Instant::from_base((makespan.base()) / 3);
    let mut events: Vec<(Instant, OrderId, Happens)> = Vec::new();
    for order in planner.orders() {
        let visits = planner.plan(order).map_or(&[][..], |p| &p.visits[..]);
        for visit in visits {
            if visit.task == 0 {
                events.push((visit.leg_start, order, Happens::Departs));
            }
            events.push((visit.begin, order, Happens::Begins(visit.task)));
            events.push((visit.end, order, Happens::Ends(visit.task)));
        }
    }
    events.retain(|e| e.0 <= now);
    events.sort_by_key(|e| (e.0, e.1));
    for (at, order, what) in events {
        match what {
            Happens::Departs => planner.departed(order, at),
            Happens::Begins(task) => {
                let visit = planner.plan(order).map(|p| p.visits[task]);
                if let Some(visit) = visit {
                    planner.began(order, task, visit.machine, visit.slot, at);
                }
            }
            Happens::Ends(task) => planner.ended(order, task, at),
        }
    }
    planner.forget_before(now);

    let mut orders = Vec::with_capacity(more.len());
    for (job, number) in more.into_iter().zip(count..) {
        let mut job = job;
        job.id = OrderId(number as u32);
        job.release = now;
        let begun = Watch::start();
        planner.admit(job, now).map_err(|why| format!("{why:?}"))?;
        orders.push(begun.milliseconds());
    }
    orders.sort_by(f64::total_cmp);

    let (mut faults, mut moved, mut limits, mut stranded) = (Vec::new(), 0, 0, 0);
    for turn in 0..40 {
        let machine = turn * 7_919 % stations;
        let begun = Watch::start();
        planner.machine_down(machine, now, Some(now + Duration::from_hours(4)));
        let repair = planner.repair(now);
        faults.push(begun.milliseconds());
        moved += repair.moved.len();
        stranded += repair.stranded.len();
        limits += (repair.broken.iter().filter(|b| b.limit != Limit::Finish)).count();
    }
    faults.sort_by(f64::total_cmp);
    let wrong_later = planner.audit(now);
    let (makespan, least) = (
        (makespan - Instant::EPOCH).as_secs_f64(),
        (least.finish - Instant::EPOCH).as_secs_f64(),
    );
    println!(
        "{stations:>8} {count:>8} | {took:>5.2} {:>8.0} {memory:>5.0} | {makespan:>8.0} {least:>7.0} {:>6.2} | {:.3} {:.3} {:.2} | \
         {:.2} {:.2} ({:.0} each, {limits} limits broken, {stranded} stranded in all) | {}, bound by {kind}",
        took / count as f64 * 1e6,
        (makespan / least - 1.0) * 100.0,
        orders[orders.len() / 2],
        orders[orders.len() * 99 / 100],
        orders[orders.len() - 1],
        faults[faults.len() / 2],
        faults[faults.len() - 1],
        f64::from(moved as u32) / faults.len() as f64,
        match (wrong.first(), wrong_later.first()) {
            (None, None) => "valid".to_owned(),
            (a, b) => format!("WRONG: {a:?} {b:?}"),
        }
    );
    assert_eq!(count, stations * PLATES);
    Ok(())
}
