//! How long a plate waits for a mover: `cargo run --release -p transport --example placement --
//! [MOVERS] [CALLS PER HOUR] [HOURS] [SEED]`.
//!
//! The hall's track. Plates call from docks, some far more often than others, and which ones changes
//! every two hours; the nearest empty mover comes, takes the plate to a dock by chance, and is empty
//! again. Empty movers stay where they are until their dock is needed; or they learn where calls come
//! from and wait near there. Both are served the same calls.
#![allow(clippy::unwrap_used)]

use quantity::{BerthId, Duration, Instant, Mass, MoverId, Rng, Seed};
use rand::RngExt;
use std::cmp::Reverse;
use std::collections::{BinaryHeap, VecDeque};
use std::sync::Arc;
use transport::layouts::{self, Plan};
use transport::placement::{Demand, better_place};
use transport::{BerthKind, Limits, MoverSpec, Traffic};

/// An arm takes a plate on or off in so long.
const HANDLING: Duration = Duration::from_secs(8);
/// Docks change how often they call this often.
const SHIFT_S: f64 = 7_200.0;
/// How long calls are remembered, and what a ride to a better place must save.
const MEMORY: Duration = Duration::from_secs(1_800);
const WORTH: f64 = 0.15;
/// Nobody can move now: looked at again after so long.
const AGAIN: Duration = Duration::from_millis(500);

#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Event {
    Call(usize),
    Free(MoverId),
    Look,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Job {
    Idle,
    /// On the way to a plate, by the number of its call.
    Fetch(usize),
    Bring(usize),
}

/// A call: when, where, and where the plate goes.
type Call = (Instant, BerthId, BerthId);

fn calls(docks: &[BerthId], per_hour: f64, hours: f64, rng: &mut Rng) -> Vec<Call> {
    let mut calls = Vec::new();
    let mut at = 0.0;
    let mut shift = -1.0;
    let mut busy: Vec<usize> = Vec::new();
    while at < hours * 3600.0 {
        if (at / SHIFT_S).floor() > shift {
            shift = (at / SHIFT_S).floor();
            busy = (0..6).map(|_| rng.random_range(0..docks.len())).collect();
        }
        at -= (1.0 - rng.random::<f64>()).ln() * 3600.0 / per_hour;
        // Two calls of three are from the busy docks.
        let from = if rng.random_bool(2.0 / 3.0) {
            busy[rng.random_range(0..busy.len())]
        } else {
            rng.random_range(0..docks.len())
        };
        let to = (from + rng.random_range(1..docks.len())) % docks.len();
        calls.push((
            Instant::EPOCH + Duration::from_secs_f64(at),
            docks[from],
            docks[to],
        ));
    }
    calls
}

/// What came of all calls.
struct Outcome {
    mean_wait: f64,
    longest: f64,
    rides: usize,
}

fn serve(calls: &[Call], movers: usize, places: bool) -> Outcome {
    let plan = Plan::default();
    let track = Arc::new(layouts::streets(plan, 4, 6, 3, 60, 44).unwrap());
    let of_kind = |kind| {
        let berths = track.berths().iter().filter(move |b| b.kind == kind);
        berths.map(|b| b.id).collect::<Vec<BerthId>>()
    };
    let docks = of_kind(BerthKind::Dock);
    let limits = Limits::from_si(2.0, 10.0, 100.0);
    let loaded = Limits::from_si(2.0, 1.5, 17.0);
    let spec = MoverSpec {
        length: track.footprint().length,
        mass: Mass::from_kg(1.24),
        payload: Mass::from_kg(1.5),
        limits,
    };
    let fleet: Vec<_> = of_kind(BerthKind::Parking)
        .into_iter()
        .take(movers)
        .map(|home| (spec, home))
        .collect();
    let mut traffic = Traffic::new(Arc::clone(&track), &fleet).unwrap();
    let mut demand = Demand::new(docks.len(), MEMORY, Instant::EPOCH);
    let mut jobs = vec![Job::Idle; movers];
    let mut waiting: VecDeque<usize> = VecDeque::new();
    let mut heap = BinaryHeap::new();
    for (i, call) in calls.iter().enumerate() {
        heap.push(Reverse((call.0, Event::Call(i))));
    }
    let (mut waits, mut rides) = (Vec::new(), 0);
    while let Some(Reverse((now, event))) = heap.pop() {
        traffic.forget_before(now);
        let mut settled = None;
        match event {
            Event::Call(i) => {
                waiting.push_back(i);
                let dock = docks.iter().position(|d| *d == calls[i].1).unwrap();
                demand.called(dock, now);
            }
            Event::Look => {}
            Event::Free(mover) => match jobs[mover.index()] {
                // It has the plate, and brings it as soon as the dock is free.
                Job::Fetch(call) => {
                    let to = calls[call].2;
                    let freed = make_room(
                        &mut traffic,
                        &mut jobs,
                        to,
                        limits,
                        now,
                        &mut heap,
                        &mut rides,
                    );
                    if freed && let Ok(motion) = traffic.plan(mover, to, loaded, now, now) {
                        rides += 1;
                        jobs[mover.index()] = Job::Bring(call);
                        heap.push(Reverse((motion.arrive + HANDLING, event)));
                    } else {
                        // Two that wait for each other's docks would do so for good.
                        let here = traffic.berth_of(mover, now).unwrap();
                        let at_dock = docks.contains(&here);
                        let park = if at_dock {
                            traffic.nearest_parking(here)
                        } else {
                            None
                        };
                        let aside =
                            park.and_then(|p| traffic.plan(mover, p, loaded, now, now).ok());
                        rides += usize::from(aside.is_some());
                        let again = aside.map_or(now, |motion| motion.arrive) + AGAIN;
                        heap.push(Reverse((again, event)));
                    }
                }
                Job::Bring(_) => {
                    jobs[mover.index()] = Job::Idle;
                    settled = Some(mover);
                }
                Job::Idle => {}
            },
        }
        // Oldest call first, by the nearest empty mover.
        let mut later = VecDeque::new();
        while let Some(call) = waiting.pop_front() {
            let dock = calls[call].1;
            let nearest = (0..movers)
                .filter(|m| jobs[*m] == Job::Idle)
                .filter_map(|m| {
                    let mover = MoverId(m as u32);
                    let from = traffic.berth_of(mover, now)?;
                    // Not one that is about to leave.
                    let stays = traffic.bound_for(mover) == Some(from);
                    Some((traffic.nominal(from, dock).filter(|_| stays)?, m))
                })
                .min();
            let Some((_, m)) = nearest else {
                later.push_back(call);
                continue;
            };
            let mover = MoverId(m as u32);
            let arrive = if traffic.berth_of(mover, now) == Some(dock) {
                Some(now)
            } else if make_room(
                &mut traffic,
                &mut jobs,
                dock,
                limits,
                now,
                &mut heap,
                &mut rides,
            ) {
                traffic
                    .plan(mover, dock, limits, now, now)
                    .ok()
                    .map(|motion| motion.arrive)
            } else {
                None
            };
            let Some(arrive) = arrive else {
                later.push_back(call);
                continue;
            };
            rides += usize::from(arrive > now);
            jobs[m] = Job::Fetch(call);
            waits.push(arrive.since(calls[call].0).as_secs_f64());
            heap.push(Reverse((arrive + HANDLING, Event::Free(mover))));
        }
        waiting = later;
        if !waiting.is_empty() {
            heap.push(Reverse((now + AGAIN, Event::Look)));
        }
        if places
            && let Some(mover) = settled
            && jobs[mover.index()] == Job::Idle
            && let Some(here) = traffic.berth_of(mover, now)
        {
            let others: Vec<BerthId> = (0..movers)
                .filter(|m| jobs[*m] == Job::Idle && *m != mover.index())
                .filter_map(|m| traffic.bound_for(MoverId(m as u32)))
                .collect();
            let free: Vec<BerthId> = traffic.free_berths(BerthKind::Parking).collect();
            let place = better_place(
                here,
                &free,
                &others,
                &docks,
                demand.of_docks(),
                WORTH,
                |from, to| traffic.nominal(from, to),
            );
            if let Some(place) = place
                && let Ok(motion) = traffic.plan(mover, place, limits, now, now)
            {
                rides += 1;
                heap.push(Reverse((motion.arrive, Event::Look)));
            }
        }
    }
    assert_eq!(waits.len(), calls.len(), "every plate is fetched");
    Outcome {
        mean_wait: waits.iter().sum::<f64>() / waits.len() as f64,
        longest: waits.iter().copied().fold(0.0, f64::max),
        rides,
    }
}

/// Sends an empty mover away from a berth that another needs; whether the berth may be planned for.
fn make_room(
    traffic: &mut Traffic,
    jobs: &mut [Job],
    berth: BerthId,
    limits: Limits,
    now: Instant,
    heap: &mut BinaryHeap<Reverse<(Instant, Event)>>,
    rides: &mut usize,
) -> bool {
    let Some(holder) = traffic.holder_of(berth) else {
        return true;
    };
    if jobs[holder.index()] != Job::Idle || traffic.berth_of(holder, now) != Some(berth) {
        return false;
    }
    let Some(park) = traffic.nearest_parking(berth) else {
        return false;
    };
    match traffic.plan(holder, park, limits, now, now) {
        Ok(motion) => {
            *rides += 1;
            heap.push(Reverse((motion.arrive, Event::Look)));
            true
        }
        Err(_) => false,
    }
}

fn main() {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let arg = |i: usize, or: f64| args.get(i).map_or(or, |a| a.parse().unwrap());
    let (movers, per_hour, hours) = (arg(0, 12.0) as usize, arg(1, 600.0), arg(2, 48.0));
    let track = layouts::streets(Plan::default(), 4, 6, 3, 60, 44).unwrap();
    let docks: Vec<BerthId> = track
        .berths()
        .iter()
        .filter(|b| b.kind == BerthKind::Dock)
        .map(|b| b.id)
        .collect();
    let mut rng = Seed(arg(3, 1.0) as u64).derive("calls", 0).rng();
    let calls = calls(&docks, per_hour, hours, &mut rng);
    println!("{movers} movers, {} calls in {hours} h", calls.len());
    for (name, places) in [
        ("stay where they are", false),
        ("wait where calls come from", true),
    ] {
        let outcome = serve(&calls, movers, places);
        println!(
            "empty movers {name}: mean wait {:.2} s, longest {:.1} s, {} rides",
            outcome.mean_wait, outcome.longest, outcome.rides
        );
    }
}
