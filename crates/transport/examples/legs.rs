//! How many rides a second of computing plans: `cargo run --release -p transport --example legs
//! -- [hall|building|floor] [LEGS] [FAULTS PER MILLION LEGS] [SEED]`.
//!
//! Movers ride between random docks and wait there for a few seconds. Some stop dead, wherever they
//! are, and stand in the way for a minute; then most move again, and some are lifted off and set
//! down in a parking berth after ten more. The independent checker looks at all bodies all of the
//! time, and nobody but the dead and those lifted off may be without an arrival for an hour.
#![allow(clippy::unwrap_used)]

use quantity::{BerthId, Duration, Instant, Length, Mass, MoverId, Seed};
use rand::RngExt;
use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::sync::Arc;
use transport::check::Watch;
use transport::layouts::{self, Plan};
use transport::sweep::{FINEST, Sweep};
use transport::{BerthKind, Limits, Motion, MoverSpec, Track, Traffic, TrafficError};

/// What bodies did is checked once in every such period.
const CHECK_EVERY: Duration = Duration::from_secs(100);
/// Says how far it came whenever so many legs are done.
const TELL_EVERY: usize = 250_000;
/// A mover that was lifted off is back after this.
const BACK_AFTER: Duration = Duration::from_secs(600);
/// Who has not arrived anywhere for so long is stuck for good.
const NEVER: Duration = Duration::from_secs(3_600);
/// Of so many movers that stopped dead one is lifted off.
const LIFTED: u32 = 20;

#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Event {
    Free(MoverId),
    Recover(MoverId),
    SetDown(MoverId),
    Look,
}

struct Race {
    traffic: Traffic,
    watch: Watch,
    heap: BinaryHeap<Reverse<(Instant, u32, Event)>>,
    /// Events of a mover from before its motion was replaced are void.
    serial: Vec<u32>,
    legs: usize,
}

impl Race {
    fn ride(&mut self, motion: &Motion, dwell: Duration) {
        self.watch.rides(motion);
        let serial = &mut self.serial[motion.mover.index()];
        *serial += 1;
        self.legs += usize::from(matches!(motion.to, transport::Place::Berth(_)));
        self.heap.push(Reverse((
            motion.arrive + dwell,
            *serial,
            Event::Free(motion.mover),
        )));
    }
}

/// Processor time of this thread: the machine may be busy with other things.
fn cpu_seconds() -> f64 {
    let now = rustix::time::clock_gettime(rustix::time::ClockId::ThreadCPUTime);
    now.tv_sec as f64 + now.tv_nsec as f64 / 1e9
}

fn main() {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let arg = |i: usize| args.get(i).map(String::as_str);
    let kind = arg(0).unwrap_or("hall").to_owned();
    let legs: usize = arg(1).map_or(100_000, |a| a.parse().unwrap());
    let faults: f64 = arg(2).map_or(0.0, |a| a.parse().unwrap());
    let seed: u64 = arg(3).map_or(1, |a| a.parse().unwrap());

    let plan = Plan::default();
    let (track, movers): (Track, usize) = match kind.as_str() {
        "hall" => (layouts::streets(plan, 4, 6, 3, 60, 44).unwrap(), 40),
        "building" => (layouts::streets(plan, 40, 42, 3, 4000, 2000).unwrap(), 1000),
        "floor" => (
            layouts::open_floor(plan.footprint, Length::from_mm(240.0), 40, 30, 60, 44).unwrap(),
            40,
        ),
        other => panic!("no track `{other}`: hall, building or floor"),
    };
    let track = Arc::new(track);
    let homes: Vec<BerthId> = track
        .berths()
        .iter()
        .filter(|b| b.kind == BerthKind::Parking)
        .map(|b| b.id)
        .take(movers)
        .collect();
    let spec = MoverSpec {
        length: track.footprint().length,
        mass: Mass::from_kg(1.24),
        payload: Mass::from_kg(1.5),
        limits: Limits::from_si(2.0, 10.0, 100.0),
    };
    let fleet: Vec<_> = homes.iter().map(|h| (spec, *h)).collect();
    let classes = [
        Limits::from_si(2.0, 10.0, 100.0),
        Limits::from_si(2.0, 3.0, 60.0),
        Limits::from_si(2.0, 1.5, 17.0),
    ];
    println!(
        "{kind}: {} blocks, {} berths, {:.0} m of track, {movers} movers",
        track.blocks().len(),
        track.berths().len(),
        track.rail_length().as_m(),
    );
    let mut race = Race {
        traffic: Traffic::new(Arc::clone(&track), &fleet).unwrap(),
        watch: Watch::new(Arc::clone(&track), &homes),
        heap: BinaryHeap::new(),
        serial: vec![0; movers],
        legs: 0,
    };
    let mut sweep = Sweep::new(&race.watch, Instant::EPOCH);
    let mut rng = Seed(seed).derive("legs", 0).rng();
    for i in 0..movers {
        race.heap
            .push(Reverse((Instant::EPOCH, 0, Event::Free(MoverId(i as u32)))));
    }
    race.heap
        .push(Reverse((Instant::EPOCH + CHECK_EVERY, 0, Event::Look)));
    let berths = track.berths().len() as u32;
    let start = cpu_seconds();
    let mut checking = 0.0;
    let (mut refused, mut stuck, mut waited, mut now) = (0_u64, 0_u64, 0.0_f64, Instant::EPOCH);
    let mut dead = vec![false; movers];
    let mut arrived = vec![Instant::EPOCH; movers];
    let (mut lifted, mut longest) = (0, Duration::ZERO);
    let mut rode = Duration::ZERO;
    let mut tell = TELL_EVERY;
    while race.legs < legs {
        if race.legs >= tell {
            tell += TELL_EVERY;
            let (spent, lab) = (cpu_seconds() - start, now.as_secs_f64());
            println!(
                "{} legs, {stuck} stuck and {lifted} of them lifted off, longest without an arrival {:.0} s; {lab:.0} s of lab time in {:.1} s of processor time: {:.0} times real time (checking apart: {checking:.1} s, until {:.0} s)",
                race.legs,
                longest.as_secs_f64(),
                spent - checking,
                lab / (spent - checking),
                sweep.checked_until().as_secs_f64(),
            );
        }
        let Reverse((at, serial, event)) = race.heap.pop().unwrap();
        now = at;
        race.traffic.forget_before(now);
        match event {
            Event::Look => {
                let clock = cpu_seconds();
                sweep
                    .until(&mut race.watch, now)
                    .unwrap_or_else(|fault| panic!("{fault}"));
                for (since, dead) in arrived.iter_mut().zip(&dead) {
                    if *dead {
                        *since = now;
                    }
                    longest = longest.max(now.since(*since));
                }
                assert!(longest < NEVER, "a mover has not arrived for {longest:?}");
                checking += cpu_seconds() - clock;
                race.heap.push(Reverse((now + CHECK_EVERY, 0, Event::Look)));
            }
            Event::Recover(mover) if rng.random_ratio(1, LIFTED) => {
                lifted += 1;
                race.watch.lifted(mover, now);
                let event = Event::SetDown(mover);
                race.heap.push(Reverse((now + BACK_AFTER, 0, event)));
                for motion in race.traffic.removed(mover, now).unwrap() {
                    race.ride(&motion, Duration::from_secs(3));
                }
            }
            Event::Recover(mover) => {
                dead[mover.index()] = false;
                for motion in race.traffic.recovered(mover, now).unwrap() {
                    race.ride(&motion, Duration::from_secs(3));
                }
                if race.traffic.berth_of(mover, now).is_some() {
                    race.heap.push(Reverse((
                        now,
                        race.serial[mover.index()],
                        Event::Free(mover),
                    )));
                }
            }
            Event::SetDown(mover) => {
                let free: Vec<BerthId> = race.traffic.free_berths(BerthKind::Parking).collect();
                let berth = free
                    .into_iter()
                    .find(|b| race.traffic.set_down(mover, *b, now).is_ok());
                let serial = &mut race.serial[mover.index()];
                *serial += 1;
                let (at, event) = match berth {
                    Some(berth) => {
                        race.watch.set_down(mover, berth, now);
                        dead[mover.index()] = false;
                        (now, Event::Free(mover))
                    }
                    // Every parking berth has somebody who has yet to leave it.
                    None => (now + Duration::from_secs(10), Event::SetDown(mover)),
                };
                race.heap.push(Reverse((at, *serial, event)));
            }
            Event::Free(mover) if serial == race.serial[mover.index()] && !dead[mover.index()] => {
                if race.traffic.berth_of(mover, now).is_some() {
                    arrived[mover.index()] = now;
                }
                let limits = classes[rng.random_range(0..3)];
                let mut planned = None;
                for _ in 0..4 {
                    let to = BerthId(rng.random_range(0..berths));
                    match race.traffic.plan(mover, to, limits, now, now) {
                        Ok(motion) => {
                            planned = Some(motion);
                            break;
                        }
                        Err(TrafficError::NoMover(_) | TrafficError::Stuck(_)) => break,
                        Err(_) => refused += 1,
                    }
                }
                let Some(motion) = planned else {
                    race.heap.push(Reverse((
                        now + Duration::from_secs(2),
                        serial,
                        Event::Free(mover),
                    )));
                    continue;
                };
                waited += motion.depart.since(now).as_secs_f64();
                rode += motion.duration();
                let dwell = Duration::from_millis(rng.random_range(2_000..8_000));
                race.ride(&motion, dwell);
                if rng.random_bool((faults / 1e6).min(1.0)) {
                    let victim = MoverId(rng.random_range(0..movers as u32));
                    if dead[victim.index()] {
                        continue;
                    }
                    let stopped = race.traffic.stuck(victim, now).unwrap();
                    stuck += 1;
                    dead[victim.index()] = true;
                    race.watch.died(victim, now);
                    race.heap.push(Reverse((
                        now + Duration::from_secs(60),
                        0,
                        Event::Recover(victim),
                    )));
                    for mover in &stopped.called_off {
                        race.watch.called_off(*mover, now);
                        if race.traffic.berth_of(*mover, now).is_some() {
                            let serial = &mut race.serial[mover.index()];
                            *serial += 1;
                            let event = Event::Free(*mover);
                            race.heap
                                .push(Reverse((now + Duration::from_secs(1), *serial, event)));
                        }
                    }
                    for motion in stopped.stopped.iter().chain(&stopped.resumed) {
                        race.ride(motion, Duration::from_secs(3));
                    }
                }
            }
            Event::Free(_) => {}
        }
    }
    let spent = cpu_seconds() - start - checking;
    let clock = cpu_seconds();
    sweep
        .until(&mut race.watch, now)
        .unwrap_or_else(|fault| panic!("{fault}"));
    checking += cpu_seconds() - clock;
    let seen = sweep.swept();
    let lab = now.as_secs_f64();
    println!(
        "{} legs, {stuck} stuck and {lifted} of them lifted off, {refused} refused, mean ride {:.1} s, mean wait {:.2} s, longest without an arrival {:.0} s",
        race.legs,
        rode.as_secs_f64() / race.legs as f64,
        waited / race.legs as f64,
        longest.as_secs_f64()
    );
    println!(
        "{lab:.0} s of lab time in {spent:.2} s of processor time: {:.0} times real time, {:.1} us a leg, {:.0} legs/s (checking apart: {checking:.2} s, {:.0} times real time with it)",
        lab / spent,
        spent / race.legs as f64 * 1e6,
        race.legs as f64 / spent,
        lab / (spent + checking),
    );
    println!(
        "checked all of the time: {} close pairs, {} spans of at most {:?} told by their ends alone, never nearer than {:.2} mm",
        seen.close,
        seen.unproven,
        FINEST,
        seen.least * 1e3
    );
}
