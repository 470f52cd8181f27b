//! A run: one way with one speed profile, and the windows in which it uses zones.
//!
//! Places are distances of the mover's centre along the way, in metres from where the run starts.
//!
//! *Brick-wall rule.* A zone is opened for a mover as soon as the mover could no longer stop short
//! of it, and is left when the mover's end has passed its border by the clearance there. Since the
//! windows of a zone are disjoint between movers, a mover can always stop without touching another
//! one, even one that stops dead (the rule of track-circuit blocks on railways, and of "brick-wall
//! headway" on automated guideways). The places to stop at are the rest places of the blocks:
//! there a mover stands in its block's zone alone.

use crate::geometry::{Curve, Pose};
use crate::profile::{Limits, Profile, Stretch};
use crate::track::{Siding, Track, ZoneId};
use quantity::{BerthId, BlockId, Duration, Length};

/// The share of the acceleration limit that a curve may take: a curve's lateral acceleration
/// comes at once, to which liquid answers 1.84 times as strongly as to one that grows over a
/// slosh period.
pub(crate) const LATERAL_SHARE: f64 = 0.5;
/// A mover rounds a sharp corner, or the turn into a siding, on a circle of about this radius.
pub(crate) const CORNER_RADIUS: f64 = 0.06;
/// Windows are widened by this much at both ends, in seconds, for clocks and controllers.
const TIMING_SLACK: f64 = 0.010;
/// Times of windows that never end.
pub(crate) const FOREVER: i64 = i64::MAX;

/// Where a run starts.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Start {
    Berth(BerthId),
    /// On the first block of the path; below zero: still on the siding out of the berth.
    Track {
        offset: f64,
        siding: Option<BerthId>,
    },
}

/// Where a run ends.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum End {
    Berth(BerthId),
    /// On the last block of the path.
    Track(f64),
}

/// The window of a zone, in nanoseconds since departure.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Use {
    pub zone: ZoneId,
    pub enter: i64,
    pub leave: i64,
}

impl Use {
    /// When it ends for a departure.
    pub(crate) fn leave_from(&self, depart: i64) -> i64 {
        if self.leave == FOREVER {
            FOREVER
        } else {
            depart + self.leave
        }
    }
}

/// A way, a profile, and the windows that follow from them.
#[derive(Clone, Debug, PartialEq)]
pub struct Run {
    pub(crate) start: Start,
    pub(crate) end: End,
    pub(crate) path: Vec<BlockId>,
    /// Place of the start of each block, and of the end of the last.
    pub(crate) places: Vec<f64>,
    pub(crate) profile: Profile,
    pub(crate) uses: Vec<Use>,
    /// Rest places ahead: index in the path, place, and the time (s) after which it is passed.
    pub(crate) rests: Vec<(usize, f64, f64)>,
    footprint: f64,
}

impl Run {
    /// The fastest run along a path within limits.
    pub(crate) fn new(
        track: &Track,
        start: Start,
        path: Vec<BlockId>,
        end: End,
        limits: Limits,
    ) -> Self {
        let places = places(track, start, &path);
        let stretches = stretches(track, start, &path, end, &places, limits);
        let profile = Profile::over_stretches(&stretches, limits);
        Self::with_profile(track, start, path, end, places, profile)
    }

    fn with_profile(
        track: &Track,
        start: Start,
        path: Vec<BlockId>,
        end: End,
        places: Vec<f64>,
        profile: Profile,
    ) -> Self {
        let half = track.footprint.length.as_m() / 2.0;
        let length = profile.length_m();
        let mut rests: Vec<(usize, f64, f64)> = Vec::with_capacity(path.len());
        for (k, block) in path.iter().enumerate() {
            if let Some(rest) = track.block(*block).rest {
                let place = places[k] + rest.as_m();
                // Standing there, or past it, is not on the way.
                if place > 1e-6 && place < length + 1e-6 {
                    rests.push((k, place, 0.0));
                }
            }
        }
        let at: Vec<f64> = rests.iter().map(|r| r.1).collect();
        for (rest, time) in rests.iter_mut().zip(profile.commit_times(&at)) {
            rest.2 = time;
        }

        let enter_ns = |t: f64| ((t - TIMING_SLACK) * 1e9).floor() as i64;
        let leave_ns = |place: f64| {
            if place > length + 1e-6 {
                FOREVER
            } else {
                ((profile.time(place) + TIMING_SLACK) * 1e9).ceil() as i64
            }
        };
        let mut uses: Vec<Use> = Vec::with_capacity(2 * path.len() + 4);
        let first = enter_ns(0.0);
        let clear_of = |k: usize| {
            let node = if k == 0 {
                track.block(path[0]).from
            } else {
                track.block(path[k - 1]).to
            };
            places[k] + half + track.node(node).clearance.as_m()
        };
        let berth_before = match start {
            Start::Berth(berth) => Some(berth),
            Start::Track { siding, .. } => siding.filter(|_| clear_of(0) > 1e-6),
        };
        if let Some(berth) = berth_before {
            uses.push(Use {
                zone: track.berth(berth).zone,
                enter: first,
                leave: leave_ns(clear_of(0)),
            });
        }
        let mut rest = 0;
        let mut opens = first;
        // A block is left when the node at its end is.
        let mut left = leave_ns(clear_of(0));
        for (k, block) in path.iter().enumerate() {
            while rest < rests.len() && rests[rest].0 < k {
                opens = enter_ns(rests[rest].2);
                rest += 1;
            }
            let block = track.block(*block);
            let past = k == 0 && matches!(start, Start::Track { siding: None, .. });
            if let Some(zone) = track.node(block.from).zone
                && !(past && clear_of(0) <= 1e-6)
            {
                uses.push(Use {
                    zone,
                    enter: opens,
                    leave: left,
                });
            }
            left = leave_ns(clear_of(k + 1));
            uses.push(Use {
                zone: block.zone,
                enter: opens,
                leave: left,
            });
        }
        if let End::Berth(berth) = end {
            while rest < rests.len() {
                opens = enter_ns(rests[rest].2);
                rest += 1;
            }
            let berth = track.berth(berth);
            if let Some(zone) = track.node(berth.enter.node).zone {
                uses.push(Use {
                    zone,
                    enter: opens,
                    leave: left,
                });
            }
            uses.push(Use {
                zone: berth.zone,
                enter: opens,
                leave: FOREVER,
            });
        }
        merge(&mut uses);
        Self {
            start,
            end,
            path,
            places,
            profile,
            uses,
            rests,
            footprint: half,
        }
    }

    /// The same run stopped from time `t` (s) on at the first rest place that can still be kept;
    /// none if the mover is already bound to arrive.
    pub(crate) fn stopped(&self, track: &Track, t: f64) -> Option<Self> {
        // It goes on as planned until the last moment: it rests at the same place whenever it
        // begins to brake, is there sooner, and never takes a curve faster than planned.
        let &(k, place, until) = self.rests.iter().find(|r| r.2 > t)?;
        let path = self.path[..=k].to_vec();
        let places = self.places[..=k + 1].to_vec();
        let profile = self.profile.stopping(until, place);
        let end = End::Track(place - self.places[k]);
        Some(Self::with_profile(
            track, self.start, path, end, places, profile,
        ))
    }

    /// Where the centre is at a place of the run: the index of the block in the path and the
    /// offset on it, below zero or beyond its length on a siding.
    pub(crate) fn spot(&self, place: f64) -> (usize, f64) {
        let last = self.path.len() - 1;
        let k = self.places[..=last].partition_point(|p| *p <= place).max(1) - 1;
        (k, place - self.places[k])
    }

    /// The pose at a place of the run.
    pub(crate) fn pose(&self, track: &Track, place: f64) -> Pose {
        let (k, offset) = self.spot(place);
        let block = track.block(self.path[k]);
        let berth = match self.start {
            Start::Berth(berth) => Some(berth),
            Start::Track { siding, .. } => siding,
        };
        if offset < 0.0
            && let Some(berth) = berth
        {
            let siding = &track.berth(berth).leave;
            return pose_on_siding(track, siding, siding.curve.length() + offset);
        }
        if let End::Berth(berth) = self.end
            && k + 1 == self.path.len()
            && place > self.places[k + 1]
        {
            return pose_on_siding(track, &track.berth(berth).enter, place - self.places[k + 1]);
        }
        track.pose(&block.curve, offset.clamp(0.0, block.curve.length()))
    }

    /// The speed profile.
    #[must_use]
    pub fn profile(&self) -> &Profile {
        &self.profile
    }

    /// The blocks, in order.
    #[must_use]
    pub fn path(&self) -> &[BlockId] {
        &self.path
    }

    /// The distance.
    #[must_use]
    pub fn length(&self) -> Length {
        self.profile.length()
    }

    /// The run of a mover that leaves a berth along a path to another, made again from what it was
    /// told; `None` if the path does not lead there without a gap.
    #[must_use]
    pub fn between(
        track: &Track,
        from: BerthId,
        path: &[BlockId],
        to: BerthId,
        limits: Limits,
    ) -> Option<Self> {
        let known = path.iter().all(|block| block.index() < track.blocks.len())
            && from.index() < track.berths.len()
            && to.index() < track.berths.len();
        let (first, last) = (path.first()?, path.last()?);
        let joined = known
            && limits.moves()
            && track.berth(from).leaves_to.contains(first)
            && track.berth(to).entered_from.contains(last)
            && path
                .windows(2)
                .all(|pair| track.block(pair[0]).next.contains(&pair[1]));
        joined.then(|| {
            Self::new(
                track,
                Start::Berth(from),
                path.to_vec(),
                End::Berth(to),
                limits,
            )
        })
    }

    /// The ride as it goes if the mover is told to stop at a time since departure: to the first rest place that it can
    /// still keep; `None` if it is bound to arrive.
    #[must_use]
    pub fn halted(&self, track: &Track, since: Duration) -> Option<Self> {
        self.stopped(track, since.as_secs_f64())
    }

    /// Distance of the mover's centre along the way at the start of each block of the path, and at
    /// the end of the last.
    pub fn block_places(&self) -> impl Iterator<Item = Length> + '_ {
        self.places.iter().map(|place| Length::from_m(*place))
    }

    /// Half of the length of the mover for which the windows were made, in metres.
    pub(crate) fn half_length(&self) -> f64 {
        self.footprint
    }
}

fn pose_on_siding(track: &Track, siding: &Siding, s: f64) -> Pose {
    track.pose(&siding.curve, s.clamp(0.0, siding.curve.length()))
}

fn places(track: &Track, start: Start, path: &[BlockId]) -> Vec<f64> {
    let mut place = match start {
        Start::Berth(berth) => track.berth(berth).leave.curve.length(),
        Start::Track { offset, .. } => -offset,
    };
    let mut places = Vec::with_capacity(path.len() + 1);
    places.push(place);
    for block in path {
        place += track.block(*block).curve.length();
        places.push(place);
    }
    places
}

/// The speed at which a curve of a radius is taken.
fn curve_speed(radius: f64, limits: Limits) -> f64 {
    (LATERAL_SHARE * limits.acceleration.as_m_per_s2() * radius).sqrt()
}

/// The radius on which a mover turns into or out of a siding: where the siding goes straight on
/// from the block there is no turn.
fn turn(siding: &Curve, block: &Curve, leaving: bool) -> f64 {
    let (a, b) = if leaving {
        (siding.at(siding.length()).1, block.at(0.0).1)
    } else {
        (block.at(block.length()).1, siding.at(0.0).1)
    };
    let angle = crate::geometry::wrap(a - b).abs();
    if angle < 0.1 {
        f64::INFINITY
    } else {
        CORNER_RADIUS / (angle / 2.0).tan().clamp(0.05, 1.0)
    }
}

fn stretches(
    track: &Track,
    start: Start,
    path: &[BlockId],
    end: End,
    places: &[f64],
    limits: Limits,
) -> Vec<Stretch> {
    let corner = CORNER_RADIUS;
    let free = f64::INFINITY;
    let mut list: Vec<Stretch> = Vec::with_capacity(path.len() + 6);
    let push = |list: &mut Vec<Stretch>, length: f64, speed: f64| {
        if length > 0.0 {
            list.push(Stretch { length, speed });
        }
    };
    let berth_out = match start {
        Start::Berth(berth) => Some(berth),
        Start::Track { siding, .. } => siding,
    };
    if let (Some(berth), true) = (berth_out, places[0] > 0.0) {
        let siding = &track.berth(berth).leave.curve;
        let speed = curve_speed(turn(siding, &track.block(path[0]).curve, true), limits);
        push(&mut list, places[0] - corner, free);
        push(&mut list, places[0].min(corner), speed);
    }
    for (k, block) in path.iter().enumerate() {
        let curve = &track.block(*block).curve;
        let from = (-places[k]).max(0.0);
        let to = match end {
            End::Track(offset) if k + 1 == path.len() => offset,
            _ => curve.length(),
        };
        match *curve {
            Curve::Line { .. } => push(&mut list, to - from, free),
            Curve::Arc { radius, .. } => push(&mut list, to - from, curve_speed(radius, limits)),
            Curve::Corner { first, .. } => {
                let speed = curve_speed(corner, limits);
                for (a, b, speed) in [
                    (0.0, first - corner, free),
                    (first - corner, first + corner, speed),
                    (first + corner, curve.length(), free),
                ] {
                    push(&mut list, b.min(to) - a.max(from), speed);
                }
            }
        }
    }
    if let End::Berth(berth) = end {
        let siding = &track.berth(berth).enter.curve;
        let last = &track.block(path[path.len() - 1]).curve;
        let begun = (-places[path.len()]).max(0.0);
        let speed = curve_speed(turn(siding, last, false), limits);
        push(&mut list, corner.min(siding.length()) - begun, speed);
        push(&mut list, siding.length() - corner.max(begun), free);
    }
    list
}

/// Whether no zone is used twice, as on nearly every way; not told of the longest ways.
fn all_differ(uses: &[Use]) -> bool {
    const SLOTS: usize = 1024;
    const FREE: u32 = u32::MAX;
    if uses.len() > SLOTS / 2 {
        return false;
    }
    let mut met = [FREE; SLOTS];
    uses.iter().all(|u| {
        let mut slot = u.zone.index() % SLOTS;
        while met[slot] != FREE && met[slot] != u.zone.0 {
            slot = (slot + 1) % SLOTS;
        }
        std::mem::replace(&mut met[slot], u.zone.0) == FREE
    })
}

/// Joins windows of one zone that overlap or touch. Windows are in order of their beginning.
fn merge(uses: &mut Vec<Use>) {
    if all_differ(uses) {
        return;
    }
    let mut i = 0;
    while i < uses.len() {
        let mut j = i + 1;
        while j < uses.len() && uses[j].enter <= uses[i].leave {
            if uses[j].zone == uses[i].zone {
                uses[i].leave = uses[i].leave.max(uses[j].leave);
                uses.remove(j);
            } else {
                j += 1;
            }
        }
        i += 1;
    }
}
