//! Random tracks, random requests, random failures: no two bodies ever overlap, nobody is ever
//! stuck for good.
#![allow(clippy::unwrap_used)]

use proptest::prelude::*;
use quantity::{BerthId, BlockId, Duration, Instant, Length, Mass, MoverId, Rng, Seed};
use rand::RngExt;
use std::collections::BTreeSet;
use std::sync::Arc;
use transport::check::Watch;
use transport::layouts::{self, Plan};
use transport::sweep::Sweep;
use transport::{
    BerthKind, Limits, Motion, MoverSpec, Place, Point, Shape, Stopped, Track, TrackBuilder,
    Traffic, TrafficError,
};

fn tracks() -> Vec<Arc<Track>> {
    let plan = Plan::default();
    let tight = Plan {
        radius: Length::from_mm(360.0),
        pitch: Length::from_mm(320.0),
        ..plan
    };
    [
        layouts::oval(plan, 6, 6),
        layouts::oval(tight, 4, 5),
        layouts::streets(plan, 4, 4, 2, 20, 14),
        layouts::streets(tight, 2, 4, 1, 5, 9),
        layouts::comb(plan, 4, 16, 12),
        layouts::open_floor(plan.footprint, Length::from_mm(240.0), 6, 5, 10, 12),
        layouts::open_floor(plan.footprint, Length::from_mm(200.0), 3, 4, 4, 9),
    ]
    .into_iter()
    .map(|track| Arc::new(track.unwrap()))
    .collect()
}

struct World {
    traffic: Traffic,
    watch: Watch,
    sweep: Sweep,
    rng: Rng,
    now: Instant,
    dead: BTreeSet<MoverId>,
    gone: BTreeSet<MoverId>,
    rides: usize,
    stops: usize,
}

impl World {
    fn new(track: &Arc<Track>, movers: usize, seed: u64) -> Self {
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
        let movers: Vec<_> = homes.iter().map(|h| (spec, *h)).collect();
        let watch = Watch::new(Arc::clone(track), &homes);
        Self {
            traffic: Traffic::new(Arc::clone(track), &movers).unwrap(),
            sweep: Sweep::new(&watch, Instant::EPOCH),
            watch,
            rng: Seed(seed).derive("traffic", 0).rng(),
            now: Instant::EPOCH,
            dead: BTreeSet::new(),
            gone: BTreeSet::new(),
            rides: 0,
            stops: 0,
        }
    }

    fn limits(&mut self) -> Limits {
        match self.rng.random_range(0..4) {
            0 => Limits::from_si(2.0, 10.0, 100.0),
            1 => Limits::from_si(2.0, 3.0, 60.0),
            2 => Limits::from_si(1.0, 0.7, 1.7),
            _ => Limits::from_si(1.5, 1.6, 15.0),
        }
    }

    fn announce(&mut self, motions: &[Motion]) {
        for motion in motions {
            self.watch.rides(motion);
            self.rides += 1;
        }
    }

    fn stopped(&mut self, mover: MoverId, stopped: &Stopped) {
        self.watch.died(mover, self.now);
        for called_off in &stopped.called_off {
            self.watch.called_off(*called_off, self.now);
        }
        for motion in &stopped.stopped {
            self.watch.called_off(motion.mover, self.now);
            self.stops += 1;
        }
        self.announce(&stopped.stopped);
        self.announce(&stopped.resumed);
    }

    /// A random thing happens.
    fn act(&mut self, faults: bool) {
        let mover = MoverId(self.rng.random_range(0..self.traffic.movers() as u32));
        if self.gone.contains(&mover) {
            if self.rng.random_bool(0.1) {
                self.set_down(mover);
            }
            return;
        }
        if self.dead.contains(&mover) {
            if self.rng.random_bool(0.1) {
                let motions = if self.rng.random_bool(0.2) {
                    self.gone.insert(mover);
                    self.watch.lifted(mover, self.now);
                    self.traffic.removed(mover, self.now).unwrap()
                } else {
                    self.traffic.recovered(mover, self.now).unwrap()
                };
                self.dead.remove(&mover);
                self.announce(&motions);
            }
            return;
        }
        if faults && self.dead.len() < 3 && self.rng.random_bool(0.03) {
            let stopped = self.traffic.stuck(mover, self.now).unwrap();
            self.dead.insert(mover);
            self.stopped(mover, &stopped);
            return;
        }
        let berths = self.traffic.track().berths().len() as u32;
        let to = BerthId(self.rng.random_range(0..berths));
        let limits = self.limits();
        let wait = Duration::from_millis(self.rng.random_range(0..2000));
        match self
            .traffic
            .plan(mover, to, limits, self.now + wait, self.now)
        {
            Ok(motion) => {
                assert!(motion.depart >= self.now + wait);
                self.announce(&[motion]);
            }
            Err(
                TrafficError::Taken { .. }
                | TrafficError::OnTheWay { .. }
                | TrafficError::There { .. }
                | TrafficError::Blocked { .. },
            ) => {}
            Err(other) => panic!("{other}"),
        }
    }

    /// A mover that was lifted off is back, in a parking berth if there is one.
    fn set_down(&mut self, mover: MoverId) {
        let free: Vec<BerthId> = self.traffic.free_berths(BerthKind::Parking).collect();
        let Some(berth) = free
            .into_iter()
            .find(|b| self.traffic.set_down(mover, *b, self.now).is_ok())
        else {
            return;
        };
        assert_eq!(
            self.traffic.set_down(mover, berth, self.now),
            Err(TrafficError::NoMover(mover)),
            "who is there is not set down again"
        );
        assert_eq!(self.traffic.berth_of(mover, self.now), Some(berth));
        self.watch.set_down(mover, berth, self.now);
        self.gone.remove(&mover);
    }

    fn advance(&mut self, span: Duration) {
        let to = self.now + span;
        let looks = Duration::from_millis(17);
        // What is announced is looked at ahead; what was done, in all of the time.
        if let Err(fault) = self.watch.clone().check(self.now, to, looks) {
            panic!("{fault}");
        }
        if let Err(fault) = self.sweep.until(&mut self.watch, to) {
            panic!("{fault}");
        }
        self.now = to;
        self.traffic.forget_before(to);
    }

    /// All faults are cleared; then all movers must get home, one after the other.
    fn home(&mut self) {
        for mover in std::mem::take(&mut self.dead) {
            let motions = self.traffic.recovered(mover, self.now).unwrap();
            self.announce(&motions);
            self.advance(Duration::from_millis(300));
        }
        for _ in 0..6 {
            self.advance(Duration::from_secs(20));
            let motions = self.traffic.resume(self.now);
            self.announce(&motions);
        }
        self.advance(Duration::from_secs(120));
        for i in 0..self.traffic.movers() {
            let mover = MoverId(i as u32);
            if self.gone.contains(&mover) {
                continue;
            }
            let at = self.traffic.berth_of(mover, self.now);
            let at = at.unwrap_or_else(|| panic!("{mover} is not in a berth"));
            if self.traffic.track().berth(at).kind == BerthKind::Dock {
                let park = self.traffic.nearest_parking(at).unwrap();
                let limits = self.limits();
                let motion = self
                    .traffic
                    .plan(mover, park, limits, self.now, self.now)
                    .unwrap();
                self.announce(&[motion]);
                self.advance(Duration::from_secs(1));
            }
        }
        self.advance(Duration::from_secs(60));
        for i in 0..self.traffic.movers() {
            let mover = MoverId(i as u32);
            if !self.gone.contains(&mover) {
                let at = self.traffic.berth_of(mover, self.now).unwrap();
                assert_eq!(self.traffic.track().berth(at).kind, BerthKind::Parking);
            }
        }
    }
}

fn live(track: &Arc<Track>, movers: usize, seed: u64, faults: bool, acts: usize) -> (usize, usize) {
    let mut world = World::new(track, movers, seed);
    for _ in 0..acts {
        for _ in 0..world.rng.random_range(1..6) {
            world.act(faults);
        }
        let span = Duration::from_millis(world.rng.random_range(50..1500));
        world.advance(span);
    }
    world.home();
    (world.rides, world.stops)
}

#[test]
fn no_collision_and_everyone_gets_home() {
    let mut rides = 0;
    for (i, track) in tracks().iter().enumerate() {
        let parking = track
            .berths()
            .iter()
            .filter(|b| b.kind == BerthKind::Parking)
            .count();
        let (rode, stops) = live(track, parking, i as u64, false, 150);
        assert_eq!(stops, 0, "without faults nobody stops on the way");
        rides += rode;
    }
    assert!(rides > 500, "{rides} rides");
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 40, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn nor_with_movers_that_stop_dead(seed in any::<u64>(), track in 0..7_usize, share in 0.3..1.0_f64) {
        let track = &tracks()[track];
        let parking = track.berths().iter().filter(|b| b.kind == BerthKind::Parking).count();
        let movers = ((parking as f64 * share) as usize).max(2);
        live(track, movers, seed, true, 80);
    }
}

#[test]
fn a_mover_gets_stuck_again_while_it_rolls_clear() {
    let track = &tracks()[2];
    live(track, 4, 18_319_459_365_890_804_158, true, 80);
}

/// Two movers that know nothing of each other drive through each other: whoever looks all the time
/// sees it, whoever looks now and then does not.
#[test]
fn what_happens_between_two_looks_is_seen() {
    let track = Arc::new(layouts::oval(Plan::default(), 12, 12).unwrap());
    let parking: Vec<BerthId> = track
        .berths()
        .iter()
        .filter(|b| b.kind == BerthKind::Parking)
        .map(|b| b.id)
        .collect();
    let spec = MoverSpec {
        length: track.footprint().length,
        mass: Mass::from_kg(1.24),
        payload: Mass::from_kg(1.5),
        limits: Limits::from_si(2.0, 10.0, 100.0),
    };
    let ways: [[BerthId; 2]; 2] = [[parking[0], parking[7]], [parking[3], parking[9]]];
    let ride = |way: [BerthId; 2], depart: Instant| {
        let mut alone = Traffic::new(Arc::clone(&track), &[(spec, way[0])]).unwrap();
        let limits = spec.limits;
        alone
            .plan(MoverId(0), way[1], limits, depart, depart)
            .unwrap()
    };
    let (mut seen, mut apart, mut missed) = (0, 0, 0);
    let mut slow = ride(ways[1], Instant::EPOCH + Duration::from_secs(10));
    slow.mover = MoverId(1);
    for wait in 0..60 {
        // The one comes past at one time after another while the other leaves its berth.
        let wait = Duration::from_millis(8_000 + 50 * wait);
        let fast = ride(ways[0], Instant::EPOCH + wait);
        let mut watch = Watch::new(Arc::clone(&track), &[ways[0][0], ways[1][0]]);
        watch.rides(&fast);
        watch.rides(&slow);
        let mut sweep = Sweep::new(&watch, Instant::EPOCH);
        let end = Instant::EPOCH + Duration::from_secs(30);
        // The truth: a look every half a millisecond.
        let fine = Duration::from_base(500_000);
        let truth = watch.clone().check(Instant::EPOCH, end, fine);
        let rare = Duration::from_secs(1);
        let rarely = watch.clone().check(Instant::EPOCH, end, rare);
        let always = sweep.until(&mut watch, end);
        assert_eq!(
            always.is_err(),
            truth.is_err(),
            "{wait:?}: {always:?} {truth:?}"
        );
        seen += usize::from(always.is_err());
        apart += usize::from(always.is_ok());
        missed += usize::from(always.is_err() && rarely.is_ok());
        assert_eq!(sweep.swept().unproven, 0);
    }
    assert!(
        seen > 3 && apart > 3 && missed > 0,
        "{seen} {apart} {missed}"
    );
}

/// A one-way loop with berths along its back, and in front two ways side by side.
fn loop_with_a_siding() -> Track {
    let mut builder = TrackBuilder::new(Plan::default().footprint);
    let m = |x: f64, y: f64| Point::from_m(x, y);
    let quarter = |left: bool| Shape::Arc {
        radius: Length::from_mm(500.0),
        left,
        far: false,
    };
    let front = [m(0.0, 0.0), m(1.0, 0.0), m(5.0, 0.0), m(6.0, 0.0)].map(|p| builder.node(p));
    let beside = [m(1.5, -0.5), m(2.0, -1.0), m(4.0, -1.0), m(4.5, -0.5)].map(|p| builder.node(p));
    let back: Vec<_> = (0..=12)
        .map(|i| builder.node(m(6.0 - 0.5 * f64::from(i), 1.0)))
        .collect();
    for pair in front.windows(2).chain(back.windows(2)) {
        builder.rail(pair[0], pair[1], Shape::Line).unwrap();
    }
    builder.rail(front[3], back[0], quarter(true)).unwrap();
    builder.rail(back[12], front[0], quarter(true)).unwrap();
    builder.rail(front[1], beside[0], quarter(false)).unwrap();
    builder.rail(beside[0], beside[1], quarter(true)).unwrap();
    builder.rail(beside[1], beside[2], Shape::Line).unwrap();
    builder.rail(beside[2], beside[3], quarter(true)).unwrap();
    builder.rail(beside[3], front[2], quarter(false)).unwrap();
    for (i, node) in back[1..12].iter().enumerate() {
        let x = 5.5 - 0.5 * i as f64;
        let (out, inside) = (m(x, 1.26), m(x, 0.74));
        builder.spur(&format!("dock-{i}"), BerthKind::Dock, *node, out);
        builder.spur(&format!("park-{i}"), BerthKind::Parking, *node, inside);
    }
    builder.build().unwrap()
}

/// Movers ride at random; one dies on a block that `there` picks, and stays for a while; then it is
/// lifted off. How many berths could not be reached meanwhile.
fn ride_round_a_dead_mover(
    track: Track,
    movers: usize,
    there: impl Fn(&Track, BlockId) -> bool,
) -> usize {
    let track = Arc::new(track);
    let berths = track.berths().len() as u32;
    let mut world = World::new(&track, movers, 5);
    let mut rode = vec![0; movers];
    let mut blocked = BTreeSet::new();
    let send = |world: &mut World, rode: &mut Vec<usize>, blocked: &mut BTreeSet<BerthId>| {
        for (i, rode) in rode.iter_mut().enumerate() {
            let mover = MoverId(i as u32);
            if world.traffic.berth_of(mover, world.now).is_none() {
                continue;
            }
            for _ in 0..8 {
                let to = BerthId(world.rng.random_range(0..berths));
                let limits = world.limits();
                let now = world.now;
                match world.traffic.plan(mover, to, limits, now, now) {
                    Ok(motion) => {
                        world.announce(&[motion]);
                        *rode += 1;
                        break;
                    }
                    Err(TrafficError::Blocked { to, .. }) => {
                        blocked.insert(to);
                    }
                    Err(TrafficError::Taken { .. } | TrafficError::There { .. }) => {}
                    Err(TrafficError::OnTheWay { .. }) => break,
                    Err(other) => panic!("{other}"),
                }
            }
        }
    };
    let dead = loop {
        send(&mut world, &mut rode, &mut blocked);
        world.advance(Duration::from_millis(100));
        assert!(
            world.now < Instant::EPOCH + Duration::from_secs(600),
            "nobody came there"
        );
        let there = (0..movers as u32).map(MoverId).find(|mover| {
            world.traffic.motion_of(*mover).is_some_and(|motion| {
                motion.depart < world.now
                    && matches!(motion.place_at(world.now), Place::Track { block, .. } if there(&track, block))
            })
        });
        if let Some(mover) = there {
            break mover;
        }
    };
    assert!(blocked.is_empty(), "nothing is in the way yet");
    let stopped = world.traffic.stuck(dead, world.now).unwrap();
    world.stopped(dead, &stopped);
    rode.fill(0);
    for _ in 0..20 {
        world.advance(Duration::from_secs(10));
        send(&mut world, &mut rode, &mut blocked);
    }
    // Time for the slowest, and for those who wait for them.
    world.advance(Duration::from_secs(200));
    for (i, rode) in rode.iter().enumerate() {
        let mover = MoverId(i as u32);
        if mover != dead {
            assert!(
                world.traffic.berth_of(mover, world.now).is_some(),
                "{mover} has not arrived"
            );
            assert!(
                *rode >= 4,
                "{mover} has ridden {} times round the dead one",
                rode
            );
        }
    }
    world.watch.lifted(dead, world.now);
    let motions = world.traffic.removed(dead, world.now).unwrap();
    world.announce(&motions);
    let unreachable = blocked.len();
    blocked.clear();
    rode.fill(0);
    for _ in 0..8 {
        send(&mut world, &mut rode, &mut blocked);
        world.advance(Duration::from_secs(10));
    }
    assert!(blocked.is_empty(), "what lay in the way is gone");
    unreachable
}

#[test]
fn a_mover_that_dies_on_a_loop_is_passed_on_the_siding() {
    let in_front = |track: &Track, block: BlockId| {
        let block = track.block(block);
        let [from, to] = [block.from, block.to].map(|node| track.node(node).point);
        let on_the_line = from.y == Length::ZERO && to.y == Length::ZERO;
        on_the_line && from.x >= Length::from_m(2.0) && to.x <= Length::from_m(4.0)
    };
    assert_eq!(
        ride_round_a_dead_mover(loop_with_a_siding(), 6, in_front),
        0
    );
}

#[test]
fn a_mover_that_dies_on_a_floor_is_driven_round() {
    let plan = Plan::default();
    let floor = layouts::open_floor(plan.footprint, Length::from_mm(240.0), 8, 6, 10, 12).unwrap();
    let off_the_berths = |track: &Track, block: BlockId| {
        let zone = track.block(block).zone;
        let beside = |berth: &transport::Berth| {
            let blocks = berth.entered_from.iter().chain(&berth.leaves_to);
            blocks.clone().any(|b| track.block(*b).zone == zone)
        };
        !track.berths().iter().any(beside)
    };
    assert_eq!(ride_round_a_dead_mover(floor, 8, off_the_berths), 0);
}
