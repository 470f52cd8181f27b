//! Points, poses and the shapes of track pieces.

use quantity::{Angle, Length};
use std::f64::consts::{PI, TAU};

/// A point of the hall's floor plan.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Point {
    /// East of the hall's origin.
    pub x: Length,
    /// North of the hall's origin.
    pub y: Length,
}

impl Point {
    /// From metres east and north of the origin.
    #[must_use]
    pub fn from_m(x: f64, y: f64) -> Self {
        Self {
            x: Length::from_m(x),
            y: Length::from_m(y),
        }
    }

    /// The straight distance to another point.
    #[must_use]
    pub fn distance(self, other: Self) -> Length {
        Length::from_m(dist(self.xy(), other.xy()))
    }

    pub(crate) fn xy(self) -> [f64; 2] {
        [self.x.as_m(), self.y.as_m()]
    }

    pub(crate) fn of(xy: [f64; 2]) -> Self {
        Self::from_m(xy[0], xy[1])
    }
}

/// Where a mover's centre is and which way it faces.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Pose {
    /// The centre of the mover.
    pub point: Point,
    /// Counter-clockwise from east, in -180 to 180 degrees.
    pub heading: Angle,
}

/// The centre line of a piece of track.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Shape {
    /// Straight from end to end.
    Line,
    /// Part of a circle, left (counter-clockwise) or right from the first end to the second.
    Arc {
        /// Radius of the centre line; at least half the distance of the ends.
        radius: Length,
        /// Whether it bends to the left.
        left: bool,
        /// Whether it takes the longer way round the circle.
        far: bool,
    },
    /// Straight to a corner and straight on in another direction, as a planar mover turns.
    Corner {
        /// The corner.
        via: Point,
    },
}

/// A curve by arc length, in metres: the inner form of [`Shape`].
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Curve {
    Line {
        from: [f64; 2],
        heading: f64,
        length: f64,
    },
    Arc {
        centre: [f64; 2],
        radius: f64,
        start: f64,
        /// Signed: positive turns left.
        sweep: f64,
    },
    Corner {
        from: [f64; 2],
        heading: f64,
        first: f64,
        via: [f64; 2],
        after: f64,
        second: f64,
    },
}

impl Curve {
    pub(crate) fn line(from: [f64; 2], to: [f64; 2]) -> Self {
        Self::Line {
            from,
            heading: direction(from, to),
            length: dist(from, to),
        }
    }

    /// The curve of a shape between two ends; `None` if no such arc exists.
    pub(crate) fn new(shape: Shape, from: [f64; 2], to: [f64; 2]) -> Option<Self> {
        match shape {
            Shape::Line => Some(Self::line(from, to)),
            Shape::Corner { via } => {
                let via = via.xy();
                Some(Self::Corner {
                    from,
                    heading: direction(from, via),
                    first: dist(from, via),
                    via,
                    after: direction(via, to),
                    second: dist(via, to),
                })
            }
            Shape::Arc { radius, left, far } => {
                let radius = radius.as_m();
                let chord = dist(from, to);
                // A micrometre of rounding in the ends of a half circle is no reason to refuse it.
                if radius <= 0.0 || chord <= 0.0 || chord > 2.0 * radius + 4e-6 {
                    return None;
                }
                let half = (chord / (2.0 * radius)).min(1.0).asin();
                let turn = if far { TAU - 2.0 * half } else { 2.0 * half };
                let side = if left { 1.0 } else { -1.0 };
                let middle = [(from[0] + to[0]) / 2.0, (from[1] + to[1]) / 2.0];
                let along = direction(from, to);
                let depth = (radius * radius - chord * chord / 4.0).max(0.0).sqrt();
                let depth = if far { -depth } else { depth };
                let centre = [
                    middle[0] - side * depth * along.sin(),
                    middle[1] + side * depth * along.cos(),
                ];
                Some(Self::Arc {
                    centre,
                    radius,
                    start: direction(centre, from),
                    sweep: side * turn,
                })
            }
        }
    }

    pub(crate) fn length(&self) -> f64 {
        match *self {
            Self::Line { length, .. } => length,
            Self::Arc { radius, sweep, .. } => radius * sweep.abs(),
            Self::Corner { first, second, .. } => first + second,
        }
    }

    /// Point and heading at a distance from the first end.
    pub(crate) fn at(&self, s: f64) -> ([f64; 2], f64) {
        match *self {
            Self::Line { from, heading, .. } => (step(from, heading, s), heading),
            Self::Arc {
                centre,
                radius,
                start,
                sweep,
            } => {
                let angle = start + s / radius * sweep.signum();
                (
                    step(centre, angle, radius),
                    wrap(angle + PI / 2.0 * sweep.signum()),
                )
            }
            Self::Corner {
                from,
                heading,
                first,
                via,
                after,
                ..
            } => {
                if s <= first {
                    (step(from, heading, s), heading)
                } else {
                    (step(via, after, s - first), after)
                }
            }
        }
    }

    /// The part between two distances.
    pub(crate) fn part(&self, s0: f64, s1: f64) -> Self {
        match *self {
            Self::Line { heading, .. } => Self::Line {
                from: self.at(s0).0,
                heading,
                length: s1 - s0,
            },
            Self::Arc {
                centre,
                radius,
                start,
                sweep,
            } => Self::Arc {
                centre,
                radius,
                start: start + s0 / radius * sweep.signum(),
                sweep: (s1 - s0) / radius * sweep.signum(),
            },
            Self::Corner { .. } => *self,
        }
    }

    /// The distance along the curve at which it comes nearest to a point, and how near.
    pub(crate) fn nearest(&self, point: [f64; 2]) -> (f64, f64) {
        let at = |s: f64| (s, dist(self.at(s).0, point));
        let on_line = |from: [f64; 2], heading: f64, length: f64| {
            let along = (point[0] - from[0]) * heading.cos() + (point[1] - from[1]) * heading.sin();
            along.clamp(0.0, length)
        };
        match *self {
            Self::Line {
                from,
                heading,
                length,
            } => at(on_line(from, heading, length)),
            Self::Corner {
                from,
                heading,
                first,
                via,
                after,
                second,
            } => {
                let a = at(on_line(from, heading, first));
                let b = at(first + on_line(via, after, second));
                if a.1 <= b.1 { a } else { b }
            }
            Self::Arc {
                centre,
                radius,
                start,
                sweep,
            } => {
                let turn = (direction(centre, point) - start) * sweep.signum();
                let turn = turn.rem_euclid(TAU);
                let length = self.length();
                let (a, b) = (at(0.0), at(length));
                let ends = if a.1 <= b.1 { a } else { b };
                if turn <= sweep.abs() {
                    let c = at(turn * radius);
                    if c.1 <= ends.1 { c } else { ends }
                } else {
                    ends
                }
            }
        }
    }

    /// The smallest distance of two curves, by sampling the shorter one every `every` metres: at
    /// most half of `every` too large.
    pub(crate) fn gap(&self, other: &Self, every: f64) -> f64 {
        let pieces = (self.length() / every).ceil().max(1.0);
        (0..=pieces as usize)
            .map(|i| {
                other
                    .nearest(self.at(self.length() * i as f64 / pieces).0)
                    .1
            })
            .fold(f64::INFINITY, f64::min)
    }

    /// The axis-parallel box that holds the curve: least x, least y, greatest x, greatest y.
    pub(crate) fn bounds(&self) -> [f64; 4] {
        let pieces = match self {
            Self::Line { .. } => 1,
            Self::Corner { .. } => 2,
            Self::Arc { .. } => 16,
        };
        let slack = if pieces == 16 {
            self.length() / 16.0
        } else {
            0.0
        };
        let mut bounds = [
            f64::INFINITY,
            f64::INFINITY,
            f64::NEG_INFINITY,
            f64::NEG_INFINITY,
        ];
        for i in 0..=pieces {
            let [x, y] = self.at(self.length() * f64::from(i) / f64::from(pieces)).0;
            bounds[0] = bounds[0].min(x - slack);
            bounds[1] = bounds[1].min(y - slack);
            bounds[2] = bounds[2].max(x + slack);
            bounds[3] = bounds[3].max(y + slack);
        }
        bounds
    }
}

pub(crate) fn dist(a: [f64; 2], b: [f64; 2]) -> f64 {
    (a[0] - b[0]).hypot(a[1] - b[1])
}

pub(crate) fn direction(a: [f64; 2], b: [f64; 2]) -> f64 {
    (b[1] - a[1]).atan2(b[0] - a[0])
}

/// An angle in -pi to pi.
pub(crate) fn wrap(angle: f64) -> f64 {
    let angle = angle.rem_euclid(TAU);
    if angle > PI { angle - TAU } else { angle }
}

fn step(from: [f64; 2], heading: f64, s: f64) -> [f64; 2] {
    [from[0] + s * heading.cos(), from[1] + s * heading.sin()]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_half_circle_turns_round() {
        let arc = Shape::Arc {
            radius: Length::from_m(0.5),
            left: true,
            far: false,
        };
        let curve = Curve::new(arc, [0.0, 0.0], [0.0, 1.0]).unwrap();
        assert!((curve.length() - PI / 2.0).abs() < 1e-9);
        let (end, heading) = curve.at(curve.length());
        assert!(dist(end, [0.0, 1.0]) < 1e-9 && (wrap(heading).abs() - PI).abs() < 1e-9);
        let (middle, up) = curve.at(curve.length() / 2.0);
        assert!(dist(middle, [0.5, 0.5]) < 1e-9 && (up - PI / 2.0).abs() < 1e-9);
    }

    #[test]
    fn the_long_way_round_is_the_rest_of_the_circle() {
        for left in [true, false] {
            let near = Shape::Arc {
                radius: Length::from_m(1.0),
                left,
                far: false,
            };
            let far = Shape::Arc {
                radius: Length::from_m(1.0),
                left,
                far: true,
            };
            let (a, b) = ([0.0, 0.0], [1.0, 1.0]);
            let near = Curve::new(near, a, b).unwrap();
            let far = Curve::new(far, a, b).unwrap();
            assert!((near.length() + far.length() - TAU).abs() < 1e-9);
            assert!(dist(far.at(far.length()).0, b) < 1e-9);
            assert!(dist(near.at(near.length()).0, b) < 1e-9);
        }
    }

    #[test]
    fn nearest_agrees_with_sampling() {
        let shapes = [
            Shape::Line,
            Shape::Arc {
                radius: Length::from_m(1.2),
                left: false,
                far: true,
            },
            Shape::Corner {
                via: Point::from_m(1.0, -0.5),
            },
        ];
        for shape in shapes {
            let curve = Curve::new(shape, [0.0, 0.0], [1.0, 1.0]).unwrap();
            for (x, y) in [(0.3, 2.0), (-1.0, 0.4), (0.6, 0.5), (2.0, -1.0)] {
                let sampled = (0..=20_000)
                    .map(|i| dist(curve.at(curve.length() * f64::from(i) / 2e4).0, [x, y]))
                    .fold(f64::INFINITY, f64::min);
                assert!((curve.nearest([x, y]).1 - sampled).abs() < 1e-3);
            }
        }
    }
}
