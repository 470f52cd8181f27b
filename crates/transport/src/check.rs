//! An independent look at what movers do: their bodies as rectangles, at fine time steps.
//!
//! Knows nothing of zones, windows or rules; it follows the motions that were announced and says
//! whether two bodies ever overlap, or one jumps. [`crate::sweep`] looks at all of the time instead.

use crate::geometry::Pose;
use crate::motion::Motion;
use crate::track::{Footprint, Track};
use quantity::{BerthId, Duration, Instant, MoverId};
use std::sync::Arc;
use thiserror::Error;

/// What must never be seen.
#[derive(Clone, Debug, PartialEq, Error)]
pub enum Fault {
    /// Two bodies overlap.
    #[error("{a} at {pose_a:?} and {b} at {pose_b:?} overlap at {at:?}")]
    Overlap {
        /// One mover.
        a: MoverId,
        /// The other.
        b: MoverId,
        /// When.
        at: Instant,
        /// Where the one is.
        pose_a: Pose,
        /// Where the other is.
        pose_b: Pose,
    },
    /// A mover is not where it was a moment ago, and cannot have come there.
    #[error("{mover} jumps from {from:?} to {to:?} at {at:?}")]
    Jump {
        /// The mover.
        mover: MoverId,
        /// When.
        at: Instant,
        /// Where it was.
        from: Pose,
        /// Where it is.
        to: Pose,
    },
}

/// Whether two bodies of one size overlap: separating axes of two rectangles.
#[must_use]
pub fn overlap(footprint: Footprint, a: Pose, b: Pose) -> bool {
    let ([ax, ay], [bx, by]) = (a.point.xy(), b.point.xy());
    if (bx - ax).hypot(by - ay) >= footprint.diagonal() {
        return false;
    }
    // A micrometre is the resolution of poses.
    separation(footprint, a, b) < -2e-6
}

/// How far apart two bodies of one size are at least, in metres: the greatest gap between their
/// shadows on the axes of both rectangles; below zero where they overlap.
#[must_use]
pub fn separation(footprint: Footprint, a: Pose, b: Pose) -> f64 {
    let (l, w) = (footprint.length.as_m() / 2.0, footprint.width.as_m() / 2.0);
    let ([ax, ay], [bx, by]) = (a.point.xy(), b.point.xy());
    let (dx, dy) = (bx - ax, by - ay);
    let axes = |heading: f64| {
        let (s, c) = heading.sin_cos();
        [([c, s], l), ([-s, c], w)]
    };
    let (of_a, of_b) = (axes(a.heading.as_rad()), axes(b.heading.as_rad()));
    let reach = |axes: &[([f64; 2], f64); 2], n: [f64; 2]| {
        axes.iter()
            .map(|(e, half)| (e[0] * n[0] + e[1] * n[1]).abs() * half)
            .sum::<f64>()
    };
    of_a.iter()
        .chain(&of_b)
        .map(|(n, _)| (dx * n[0] + dy * n[1]).abs() - reach(&of_a, *n) - reach(&of_b, *n))
        .fold(f64::NEG_INFINITY, f64::max)
}

/// The first pair of overlapping bodies.
#[must_use]
pub fn first_overlap(
    footprint: Footprint,
    poses: &[(MoverId, Pose)],
) -> Option<((MoverId, Pose), (MoverId, Pose))> {
    let reach = footprint.diagonal();
    let mut order: Vec<usize> = (0..poses.len()).collect();
    order.sort_unstable_by_key(|&i| (poses[i].1.point, poses[i].0));
    for (k, &i) in order.iter().enumerate() {
        let x = poses[i].1.point.x.as_m();
        for &j in &order[k + 1..] {
            if poses[j].1.point.x.as_m() - x > reach {
                break;
            }
            if overlap(footprint, poses[i].1, poses[j].1) {
                return Some((poses[i], poses[j]));
            }
        }
    }
    None
}

/// What a mover does from some moment on.
#[derive(Clone, Debug)]
pub(crate) enum Doing {
    Stands(Pose),
    Rides(Box<Motion>),
    Gone,
}

/// Follows announced motions and checks the bodies.
#[derive(Clone, Debug)]
pub struct Watch {
    pub(crate) track: Arc<Track>,
    /// Per mover, in order of time: from when it does what.
    pub(crate) doing: Vec<Vec<(Instant, Doing)>>,
    last: Vec<Option<(Instant, Pose)>>,
}

impl Watch {
    /// All movers standing in their homes.
    #[must_use]
    pub fn new(track: Arc<Track>, homes: &[BerthId]) -> Self {
        let doing = homes
            .iter()
            .map(|home| {
                let pose = track.pose_in(*home);
                vec![(Instant::from_base(i64::MIN), Doing::Stands(pose))]
            })
            .collect();
        Self {
            track,
            doing,
            last: vec![None; homes.len()],
        }
    }

    /// A motion was announced. One with the departure of an earlier one replaces it.
    pub fn rides(&mut self, motion: &Motion) {
        let doing = &mut self.doing[motion.mover.index()];
        doing.retain(|(since, _)| *since < motion.depart);
        doing.push((motion.depart, Doing::Rides(Box::new(motion.clone()))));
    }

    /// What was announced to begin after a moment will not be.
    pub fn called_off(&mut self, mover: MoverId, at: Instant) {
        self.doing[mover.index()].retain(|(since, _)| *since <= at);
    }

    /// A mover stopped dead.
    pub fn died(&mut self, mover: MoverId, at: Instant) {
        self.called_off(mover, at);
        if let Some(pose) = self.pose(mover, at) {
            self.doing[mover.index()].push((at, Doing::Stands(pose)));
        }
    }

    /// A mover was lifted off.
    pub fn lifted(&mut self, mover: MoverId, at: Instant) {
        self.called_off(mover, at);
        self.doing[mover.index()].push((at, Doing::Gone));
    }

    /// A mover that was lifted off was set down in a berth.
    pub fn set_down(&mut self, mover: MoverId, berth: BerthId, at: Instant) {
        let pose = self.track.pose_in(berth);
        self.last[mover.index()] = None;
        self.doing[mover.index()].push((at, Doing::Stands(pose)));
    }

    /// Where a mover is at a moment; none if it was lifted off.
    #[must_use]
    pub fn pose(&self, mover: MoverId, at: Instant) -> Option<Pose> {
        let doing = &self.doing[mover.index()];
        let i = doing.partition_point(|(since, _)| *since <= at).max(1) - 1;
        match &doing[i].1 {
            Doing::Stands(pose) => Some(*pose),
            Doing::Rides(motion) => Some(motion.pose_at(&self.track, at)),
            Doing::Gone => None,
        }
    }

    /// Where all movers are at a moment.
    #[must_use]
    pub fn poses(&self, at: Instant) -> Vec<(MoverId, Pose)> {
        (0..self.doing.len())
            .filter_map(|i| {
                let mover = MoverId(i as u32);
                Some((mover, self.pose(mover, at)?))
            })
            .collect()
    }

    /// Looks at every step of a span; forgets what was over before it.
    ///
    /// # Errors
    /// The first fault seen.
    pub fn check(&mut self, from: Instant, to: Instant, step: Duration) -> Result<(), Fault> {
        let mut at = from;
        while at <= to {
            let poses = self.poses(at);
            for &(mover, pose) in &poses {
                if let Some((then, was)) = self.last[mover.index()] {
                    let seconds = at.since(then).as_secs_f64().max(0.0);
                    let moved = was.point.distance(pose.point).as_m();
                    // No mover is faster than 6 m/s; a millimetre is for rest places.
                    if moved > 6.0 * seconds + 1e-3 {
                        return Err(Fault::Jump {
                            mover,
                            at,
                            from: was,
                            to: pose,
                        });
                    }
                }
                self.last[mover.index()] = Some((at, pose));
            }
            if let Some((a, b)) = first_overlap(self.track.footprint(), &poses) {
                return Err(Fault::Overlap {
                    a: a.0,
                    b: b.0,
                    at,
                    pose_a: a.1,
                    pose_b: b.1,
                });
            }
            at += step;
        }
        self.forget(to);
        Ok(())
    }

    /// Lets go of what was over before a moment.
    pub(crate) fn forget(&mut self, before: Instant) {
        for doing in &mut self.doing {
            let keep = doing.partition_point(|(since, _)| *since <= before).max(1) - 1;
            doing.drain(..keep);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::geometry::Point;
    use quantity::{Angle, Length};

    fn pose(x: f64, y: f64, degrees: f64) -> Pose {
        Pose {
            point: Point::from_m(x, y),
            heading: Angle::from_rad(degrees.to_radians()),
        }
    }

    #[test]
    fn rectangles_overlap_or_not() {
        let footprint = Footprint {
            length: Length::from_mm(200.0),
            width: Length::from_mm(100.0),
        };
        let a = pose(0.0, 0.0, 0.0);
        for (b, expected) in [
            (pose(0.199, 0.0, 0.0), true),
            (pose(0.201, 0.0, 0.0), false),
            (pose(0.0, 0.101, 0.0), false),
            (pose(0.0, 0.101, 90.0), true),
            (pose(0.15, 0.151, 90.0), false),
            (pose(0.14, 0.09, 45.0), true),
            (pose(0.19, 0.14, 45.0), false),
        ] {
            assert_eq!(overlap(footprint, a, b), expected, "{b:?}");
            assert_eq!(overlap(footprint, b, a), expected, "{b:?}");
        }
    }
}
