//! The independent look at all of the time: no two bodies overlap at any moment, not only at those
//! looked at.
//!
//! Time goes by in slices. What a body covers in a slice lies in a box that follows from where it is
//! at both ends and how far it goes between them. Two bodies whose boxes meet are looked at closer:
//! they are apart in the whole of a span if at one end of it they are further apart than both
//! together move in it; where that doesn't tell, each half of the span is looked at, down to
//! [`FINEST`]. Like [`crate::check`] this knows nothing of zones, windows or rules.

use crate::check::{Doing, Fault, Watch, separation};
use crate::geometry::{Pose, wrap};
use crate::track::Footprint;
use quantity::{Duration, Instant, MoverId};
use std::f64::consts::PI;

/// Boxes are made for spans of this length.
const SLICE: Duration = Duration::from_millis(250);
/// Spans are halved until they are this short; then the bodies at both ends decide.
pub const FINEST: Duration = Duration::from_base(250_000);
/// No mover is faster, in metres a second.
const FASTEST: f64 = 6.0;
/// Where one motion ends and the next begins, poses differ at most by this, in metres.
const REST: f64 = 1e-3;
/// The resolution of poses is a micrometre each.
const RESOLUTION: f64 = 4e-6;
/// No curve of a track is tighter, in metres; sharper corners are turned on the spot.
const TIGHTEST: f64 = 0.05;

/// What was seen.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Swept {
    /// Pairs of bodies that were looked at closer, in so many slices.
    pub close: u64,
    /// Spans of at most [`FINEST`] for which only the bodies at both ends tell that they were apart.
    pub unproven: u64,
    /// The least distance of two bodies at any moment looked at, in metres.
    pub least: f64,
}

/// What a body covers in a span of time.
#[derive(Clone, Copy, Debug)]
struct Cover {
    /// At the beginning and at the end; none if it was not on the track.
    ends: [Option<Pose>; 2],
    /// No point of it is further from where it is at either end, in metres.
    moves: f64,
    low: [f64; 2],
    high: [f64; 2],
}

/// Follows a [`Watch`] and looks at every span of time once.
#[derive(Clone, Debug)]
pub struct Sweep {
    footprint: Footprint,
    until: Instant,
    covers: Vec<Option<Cover>>,
    /// Movers by the west end of what they cover; nearly in order from slice to slice.
    order: Vec<usize>,
    swept: Swept,
}

impl Sweep {
    /// Looks at what happens from a moment on.
    #[must_use]
    pub fn new(watch: &Watch, from: Instant) -> Self {
        let movers = watch.doing.len();
        Self {
            footprint: watch.track.footprint(),
            until: from,
            covers: vec![None; movers],
            order: (0..movers).collect(),
            swept: Swept {
                close: 0,
                unproven: 0,
                least: f64::INFINITY,
            },
        }
    }

    /// What was seen so far.
    #[must_use]
    pub fn swept(&self) -> Swept {
        self.swept
    }

    /// Until when all was looked at.
    #[must_use]
    pub fn checked_until(&self) -> Instant {
        self.until
    }

    /// Looks at all that happened until a moment; the watch forgets what was before it.
    ///
    /// # Errors
    /// The first fault seen.
    pub fn until(&mut self, watch: &mut Watch, to: Instant) -> Result<(), Fault> {
        while self.until < to {
            let end = (self.until + SLICE).min(to);
            self.slice(watch, self.until, end)?;
            self.until = end;
        }
        watch.forget(to);
        Ok(())
    }

    fn slice(&mut self, watch: &Watch, from: Instant, to: Instant) -> Result<(), Fault> {
        for (i, cover) in self.covers.iter_mut().enumerate() {
            let stands = cover.is_some_and(|c| c.moves == 0.0) && stands(watch, i, from, to);
            if !stands {
                *cover = Cover::new(watch, self.footprint, i, from, to)?;
            }
        }
        let west = |covers: &[Option<Cover>], i: usize| {
            covers[i].as_ref().map_or(f64::INFINITY, |c| c.low[0])
        };
        for k in 1..self.order.len() {
            let (mut at, mover) = (k, self.order[k]);
            let key = west(&self.covers, mover);
            while at > 0 && west(&self.covers, self.order[at - 1]) > key {
                self.order[at] = self.order[at - 1];
                at -= 1;
            }
            self.order[at] = mover;
        }
        for k in 0..self.order.len() {
            let i = self.order[k];
            let Some(a) = self.covers[i] else { break };
            for n in k + 1..self.order.len() {
                let j = self.order[n];
                let Some(b) = self.covers[j].filter(|b| b.low[0] <= a.high[0]) else {
                    break;
                };
                if b.low[1] <= a.high[1] && a.low[1] <= b.high[1] {
                    self.swept.close += 1;
                    self.apart(watch, [i, j], [a, b], from, to)?;
                }
            }
        }
        Ok(())
    }

    /// Whether two bodies are apart in a whole span.
    fn apart(
        &mut self,
        watch: &Watch,
        pair: [usize; 2],
        covers: [Cover; 2],
        from: Instant,
        to: Instant,
    ) -> Result<(), Fault> {
        let [a, b] = covers;
        if (0..2).any(|axis| a.low[axis] > b.high[axis] || b.low[axis] > a.high[axis]) {
            return Ok(());
        }
        for (end, at) in [from, to].into_iter().enumerate() {
            if let (Some(pose_a), Some(pose_b)) = (a.ends[end], b.ends[end]) {
                let distance = separation(self.footprint, pose_a, pose_b);
                self.swept.least = self.swept.least.min(distance);
                if distance < -RESOLUTION {
                    return Err(Fault::Overlap {
                        a: MoverId(pair[0] as u32),
                        b: MoverId(pair[1] as u32),
                        at,
                        pose_a,
                        pose_b,
                    });
                }
                if distance > a.moves + b.moves + RESOLUTION {
                    return Ok(());
                }
            }
        }
        if to.since(from) <= FINEST {
            self.swept.unproven += 1;
            return Ok(());
        }
        let middle = from + Duration::from_base(to.since(from).base() / 2);
        for (from, to) in [(from, middle), (middle, to)] {
            let new = |i: usize| Cover::new(watch, self.footprint, i, from, to);
            let (Some(a), Some(b)) = (new(pair[0])?, new(pair[1])?) else {
                continue;
            };
            self.apart(watch, pair, [a, b], from, to)?;
        }
        Ok(())
    }
}

/// Whether a mover that stood so far still stands there in a whole span.
fn stands(watch: &Watch, mover: usize, from: Instant, to: Instant) -> bool {
    let doing = &watch.doing[mover];
    let i = doing.partition_point(|(since, _)| *since <= from).max(1) - 1;
    let next = doing.get(i + 1).is_some_and(|(since, _)| *since <= to);
    !next
        && doing[i].0 < from
        && match &doing[i].1 {
            Doing::Stands(_) => true,
            Doing::Rides(motion) => motion.arrive < from || motion.depart >= to,
            Doing::Gone => false,
        }
}

impl Cover {
    /// What a mover covers in a span; none if it is not on the track.
    fn new(
        watch: &Watch,
        footprint: Footprint,
        mover: usize,
        from: Instant,
        to: Instant,
    ) -> Result<Option<Self>, Fault> {
        let id = MoverId(mover as u32);
        let ends = [watch.pose(id, from), watch.pose(id, to)];
        let goes = goes(watch, mover, from, to)?;
        let half = footprint.diagonal() / 2.0;
        let (a, b) = match ends {
            [Some(a), Some(b)] => (a, b),
            // Lifted off or set down in the span.
            [Some(a), None] | [None, Some(a)] => {
                let ([x, y], reach) = (a.point.xy(), half + goes);
                return Ok(Some(Self {
                    ends,
                    moves: goes + 2.0 * half,
                    low: [x - reach, y - reach],
                    high: [x + reach, y + reach],
                }));
            }
            [None, None] => return Ok(None),
        };
        let ([ax, ay], [bx, by]) = (a.point.xy(), b.point.xy());
        let chord = (bx - ax).hypot(by - ay);
        let straight = goes - chord <= RESOLUTION;
        // A square looks the same after a quarter turn, any other rectangle after half a turn.
        let same = if footprint.length == footprint.width {
            PI / 2.0
        } else {
            PI
        };
        let turned = wrap(a.heading.as_rad() - b.heading.as_rad()).rem_euclid(same);
        let turned = turned.min(same - turned);
        let turns = if straight {
            turned
        } else {
            turned.max((goes / TIGHTEST).min(PI))
        };
        // The centre stays in the ellipse about both ends from which the way is as long as it goes.
        let aside = (goes * goes - chord * chord).max(0.0).sqrt() / 2.0;
        let (sin, cos) = a.heading.as_rad().sin_cos();
        let (sin, cos) = (sin.abs(), cos.abs());
        let (l, w) = (footprint.length.as_m() / 2.0, footprint.width.as_m() / 2.0);
        let reach = if turns < 1e-6 {
            [cos * l + sin * w, sin * l + cos * w]
        } else {
            [half, half]
        };
        let aside = if straight { RESOLUTION } else { aside };
        Ok(Some(Self {
            ends,
            moves: goes + half * turns,
            low: [ax.min(bx) - aside - reach[0], ay.min(by) - aside - reach[1]],
            high: [ax.max(bx) + aside + reach[0], ay.max(by) + aside + reach[1]],
        }))
    }
}

/// How far a mover goes in a span, in metres; a fault if it jumps on the way.
fn goes(watch: &Watch, mover: usize, from: Instant, to: Instant) -> Result<f64, Fault> {
    let doing = &watch.doing[mover];
    let mut i = doing.partition_point(|(since, _)| *since <= from).max(1) - 1;
    let (mut goes, mut at) = (0.0, from);
    let pose_at = |doing: &Doing, at: Instant| match doing {
        Doing::Stands(pose) => Some(*pose),
        Doing::Rides(motion) => Some(motion.pose_at(&watch.track, at)),
        Doing::Gone => None,
    };
    loop {
        let next = doing.get(i + 1).filter(|(since, _)| *since <= to);
        let end = next.map_or(to, |(since, _)| *since);
        let jump = |from: Pose, to: Pose| Fault::Jump {
            mover: MoverId(mover as u32),
            at: end,
            from,
            to,
        };
        if let Doing::Rides(motion) = &doing[i].1 {
            let gone = motion.gone_at(end).as_m() - motion.gone_at(at).as_m();
            if !(-RESOLUTION..=FASTEST * end.since(at).as_secs_f64() + REST).contains(&gone) {
                return Err(jump(
                    motion.pose_at(&watch.track, at),
                    motion.pose_at(&watch.track, end),
                ));
            }
            goes += gone;
        }
        let Some((_, after)) = next else {
            return Ok(goes);
        };
        if let (Some(was), Some(is)) = (pose_at(&doing[i].1, end), pose_at(after, end)) {
            let apart = was.point.distance(is.point).as_m();
            if apart > REST {
                return Err(jump(was, is));
            }
            goes += apart;
        }
        (i, at) = (i + 1, end);
    }
}
