//! A whole building: halls of stations, plates of eight steps, as many as one likes.
//!
//! What the planner is measured with at scale. Nine kinds of instruments, one at each station; three
//! protocols that use them in unlike orders, with limits between some steps; ten plates for each station,
//! brought to random docks. The numbers of instruments follow from the work: one kind is the bottleneck,
//! the others have some time to spare, as they do in any real lab.

use crate::job::{Choice, Edge, Job, Lag, Task, Where};
use crate::shop::{Machine, Shop, StationNode, Travel};
use quantity::{Duration, Instant, OrderId, Seed};
use std::sync::Arc;

/// Stations of a hall.
pub const HALL: usize = 100;

/// Plates for each station.
pub const PLATES: usize = 10;

/// An instrument kind: name, places, handling (load and unload, seconds), whether it has one door, and
/// which part of its time is work if the bottleneck never rests.
struct Kind {
    name: &'static str,
    slots: u32,
    handling: i64,
    gate: bool,
    share: f64,
}

const fn kind(name: &'static str, slots: u32, handling: i64, gate: bool, share: f64) -> Kind {
    Kind {
        name,
        slots,
        handling,
        gate,
        share,
    }
}

const KINDS: [Kind; 9] = [
    kind("liquid handler", 1, 12, false, 1.0),
    kind("dispenser", 1, 10, false, 0.75),
    kind("sealer", 1, 8, false, 0.5),
    kind("peeler", 1, 8, false, 0.5),
    kind("thermocycler", 1, 12, false, 0.8),
    kind("washer", 1, 10, false, 0.75),
    kind("incubator", 20, 15, true, 0.75),
    kind("imager", 1, 10, false, 0.8),
    kind("reader", 1, 10, false, 0.7),
];

/// Steps of the protocols: kind and seconds of work.
const PROTOCOLS: [[(usize, i64); 8]; 3] = [
    // A stained assay: transfer, seal, incubate, peel, wash, stain, image, read.
    [
        (0, 420),
        (2, 20),
        (6, 1500),
        (3, 25),
        (5, 240),
        (1, 120),
        (7, 480),
        (8, 90),
    ],
    // An amplification: transfer, seal, cycle, peel, add, incubate, wash, read.
    [
        (0, 540),
        (2, 20),
        (4, 1200),
        (3, 25),
        (1, 150),
        (6, 900),
        (5, 200),
        (8, 120),
    ],
    // A treatment: wash, image, transfer, seal, incubate, peel, add, read.
    [
        (5, 180),
        (7, 300),
        (0, 480),
        (2, 20),
        (6, 1800),
        (3, 25),
        (1, 180),
        (8, 60),
    ],
];

/// Limits: protocol, from the end of this step to the begin of that, at most so many seconds.
const LIMITS: [(usize, usize, usize, i64); 6] = [
    (0, 0, 1, 240),
    (0, 3, 5, 900),
    (1, 1, 2, 240),
    (1, 3, 4, 240),
    (2, 2, 3, 300),
    (2, 5, 6, 240),
];

/// How much longer than its work a plate may stay in an incubator, as a part of the work.
const LINGER: i64 = 4;

/// A building with so many stations, and [`PLATES`] times as many plates.
#[must_use]
pub fn building(stations: usize, seed: u64) -> (Shop, Vec<Job>) {
    // Work of a plate on each kind, in seconds for each place, by the mean of the protocols.
    let mut work = [0.0; KINDS.len()];
    for (kind, seconds) in PROTOCOLS.iter().flatten() {
        let taken = seconds + 2 * KINDS[*kind].handling;
        work[*kind] += taken as f64 / f64::from(KINDS[*kind].slots) / 3.0;
    }
    let wanted: Vec<f64> = (KINDS.iter().zip(work))
        .map(|(kind, work)| work / kind.share)
        .collect();
    let all: f64 = wanted.iter().sum();
    let mut kinds: Vec<usize> = Vec::with_capacity(stations);
    // Evenly mixed, so that every hall has all of them: the kind that is furthest behind is next.
    let mut built = [0_usize; KINDS.len()];
    for number in 1..=stations {
        let behind = |k: &usize| wanted[*k] / all * number as f64 - built[*k] as f64;
        let next = (0..KINDS.len()).max_by(|a, b| behind(a).total_cmp(&behind(b)));
        let next = next.unwrap_or(0);
        built[next] += 1;
        kinds.push(next);
    }
    let machines: Vec<Machine> = (kinds.iter().enumerate())
        .map(|(station, &kind)| Machine {
            name: format!("{} {station}", KINDS[kind].name),
            station,
            slots: KINDS[kind].slots,
            load: Duration::from_secs(KINDS[kind].handling),
            unload: Duration::from_secs(KINDS[kind].handling),
            gate: KINDS[kind].gate,
            down: Vec::new(),
            ..Machine::default()
        })
        .collect();
    let mut random = crate::planner::Draw::new(Seed(seed).derive("building", stations as u64));
    let halls = stations.div_ceil(HALL);
    let wide = (halls as f64).sqrt().ceil() as usize;
    let docks: Vec<(u32, Duration)> = (0..stations)
        .map(|s| {
            let access = Duration::from_secs(5 + random.below(11) as i64);
            ((s / HALL) as u32, access)
        })
        .collect();
    let travel = Travel::zoned(&docks, halls, |a, b| {
        let steps = (a % wide).abs_diff(b % wide) + (a / wide).abs_diff(b / wide);
        if steps == 0 {
            Duration::ZERO
        } else {
            Duration::from_secs(15 + 10 * steps as i64)
        }
    });
    let shop = Shop {
        machines,
        stations: vec![
            StationNode {
                arms: 1,
                direct: false
            };
            stations
        ],
        movers: (stations / 3) as u32,
        travel,
        mover_wait_max: Duration::from_secs(60),
    };
    let lists: Vec<Vec<Arc<[Choice]>>> = (PROTOCOLS.iter())
        .map(|steps| {
            let able = |&(kind, seconds): &(usize, i64)| {
                let choice = |machine| Choice {
                    machine,
                    stay: Duration::from_secs(seconds),
                    early: Duration::ZERO,
                    ..Choice::default()
                };
                let fit = (0..stations).filter(|&m| kinds[m] == kind);
                fit.map(choice).collect()
            };
            steps.iter().map(able).collect()
        })
        .collect();
    let jobs = (0..stations * PLATES)
        .map(|number| job(number, &lists, random.below(stations)))
        .collect();
    (shop, jobs)
}

/// One plate, which waits outside a station.
fn job(number: usize, lists: &[Vec<Arc<[Choice]>>], station: usize) -> Job {
    let protocol = number % PROTOCOLS.len();
    let tasks = (PROTOCOLS[protocol].iter().zip(&lists[protocol]))
        .map(|(&(kind, seconds), options)| Task {
            options: options.clone(),
            stay_max: (KINDS[kind].slots > 1)
                .then(|| Duration::from_secs(seconds + seconds / LINGER)),
        })
        .collect();
    let lags = (LIMITS.iter().filter(|l| l.0 == protocol))
        .map(|&(_, from, to, most)| Lag {
            from: (from, Edge::End),
            to: (to, Edge::Begin),
            min: Duration::ZERO,
            max: Some(Duration::from_secs(most)),
        })
        .collect();
    Job {
        id: OrderId(number as u32),
        release: Instant::EPOCH,
        due: None,
        deadline: None,
        priority: 1,
        at: Where::Outside { station },
        tasks,
        lags,
        stays: false,
        progress: Vec::new(),
    }
}
