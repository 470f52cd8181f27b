//! Building a track from rails or floor cells, and checking it.

mod berths;
mod error;
mod make;
mod near;
mod number;

pub use error::TrackError;

use crate::geometry::{Curve, Point, Shape};
use crate::track::{BerthKind, Footprint, NodeId};
use quantity::{BerthId, Length};
use std::collections::BTreeMap;

/// The least distance between two movers, unless told otherwise.
pub const DEFAULT_GAP_UM: i64 = 20_000;
/// Rails are cut into blocks of about this length, unless told otherwise: longer blocks need
/// fewer reservations, shorter ones let movers follow closer.
pub const DEFAULT_BLOCK_UM: i64 = 500_000;
/// Step with which curves are compared, in metres.
const COMPARE_EVERY: f64 = 0.02;

struct Piece {
    from: NodeId,
    to: NodeId,
    curve: Curve,
    radius: Option<Length>,
    /// Pieces that belong together share a number: the two directions of a rail, a cell.
    group: u32,
    cell: bool,
}

/// Collects nodes, rails, cells and berths; [`Self::build`] makes a checked [`Track`].
pub struct TrackBuilder {
    footprint: Footprint,
    gap: Length,
    block: Length,
    points: Vec<Point>,
    by_point: BTreeMap<Point, NodeId>,
    pieces: Vec<Piece>,
    groups: u32,
    berths: Vec<(String, BerthKind, Point, NodeId, NodeId)>,
    pub(crate) keeps_heading: bool,
}

impl std::fmt::Debug for TrackBuilder {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("TrackBuilder")
            .field("nodes", &self.points.len())
            .field("blocks", &self.pieces.len())
            .field("berths", &self.berths.len())
            .finish()
    }
}

impl TrackBuilder {
    /// A track for movers of at most this size.
    #[must_use]
    pub fn new(footprint: Footprint) -> Self {
        Self {
            footprint,
            gap: Length::from_base(DEFAULT_GAP_UM),
            block: Length::from_base(DEFAULT_BLOCK_UM),
            points: Vec::new(),
            by_point: BTreeMap::new(),
            pieces: Vec::new(),
            groups: 0,
            berths: Vec::new(),
            keeps_heading: false,
        }
    }

    /// Sets the least distance between two movers.
    #[must_use]
    pub fn with_gap(mut self, gap: Length) -> Self {
        self.gap = gap;
        self
    }

    /// Sets the length that rails are cut into.
    #[must_use]
    pub fn with_block_length(mut self, block: Length) -> Self {
        self.block = block;
        self
    }

    /// The node at a point: the same one for the same point.
    pub fn node(&mut self, point: Point) -> NodeId {
        let next = NodeId(self.points.len() as u32);
        *self.by_point.entry(point).or_insert_with(|| {
            self.points.push(point);
            next
        })
    }

    /// A one-way rail between two nodes, cut into blocks.
    ///
    /// # Errors
    /// If there is no such arc, or the rail is shorter than a mover is wide.
    pub fn rail(&mut self, from: NodeId, to: NodeId, shape: Shape) -> Result<(), TrackError> {
        self.lay(from, to, shape, false)
    }

    /// A rail to be used in both directions, cut into blocks.
    ///
    /// # Errors
    /// As [`Self::rail`].
    pub fn two_way_rail(
        &mut self,
        from: NodeId,
        to: NodeId,
        shape: Shape,
    ) -> Result<(), TrackError> {
        self.lay(from, to, shape, true)
    }

    /// One-way straight rails through points; closed if the last point is the first.
    ///
    /// # Errors
    /// As [`Self::rail`].
    pub fn rails(&mut self, points: &[Point]) -> Result<Vec<NodeId>, TrackError> {
        let nodes: Vec<NodeId> = points.iter().map(|p| self.node(*p)).collect();
        for pair in nodes.windows(2) {
            self.rail(pair[0], pair[1], Shape::Line)?;
        }
        Ok(nodes)
    }

    fn lay(
        &mut self,
        from: NodeId,
        to: NodeId,
        shape: Shape,
        both: bool,
    ) -> Result<(), TrackError> {
        let (a, b) = (self.points[from.index()], self.points[to.index()]);
        let curve = Curve::new(shape, a.xy(), b.xy()).ok_or_else(|| TrackError::Arc {
            radius_mm: match shape {
                Shape::Arc { radius, .. } => radius.base() / 1000,
                _ => 0,
            },
            chord_mm: a.distance(b).base() / 1000,
        })?;
        let least = self.apart() + 2.0 * COMPARE_EVERY;
        if curve.length() < least {
            return Err(TrackError::Short {
                x_mm: a.x.base() / 1000,
                y_mm: a.y.base() / 1000,
                length_mm: (curve.length() * 1e3) as i64,
                least_mm: (least * 1e3).ceil() as i64,
            });
        }
        let length = curve.length();
        let pieces = (length / self.block.as_m())
            .round()
            .clamp(1.0, (length / least).floor());
        let radius = match shape {
            Shape::Arc { radius, .. } => Some(radius),
            _ => None,
        };
        let mut last = from;
        for i in 0..pieces as usize {
            let (s0, s1) = (length * i as f64 / pieces, length * (i + 1) as f64 / pieces);
            let node = if i + 1 == pieces as usize {
                to
            } else {
                self.node(Point::of(curve.at(s1).0))
            };
            let group = self.group();
            let part = curve.part(s0, s1);
            self.piece(last, node, part, radius, group, false);
            if both {
                let back = match part {
                    Curve::Arc {
                        centre,
                        radius,
                        start,
                        sweep,
                    } => Curve::Arc {
                        centre,
                        radius,
                        start: start + sweep,
                        sweep: -sweep,
                    },
                    _ => Curve::line(part.at(part.length()).0, part.at(0.0).0),
                };
                self.piece(node, last, back, radius, group, false);
            }
            last = node;
        }
        Ok(())
    }

    pub(crate) fn group(&mut self) -> u32 {
        self.groups += 1;
        self.groups - 1
    }

    pub(crate) fn piece(
        &mut self,
        from: NodeId,
        to: NodeId,
        curve: Curve,
        radius: Option<Length>,
        group: u32,
        cell: bool,
    ) {
        self.pieces.push(Piece {
            from,
            to,
            curve,
            radius,
            group,
            cell,
        });
    }

    /// A berth at the end of a spur: entered from and left to the same node.
    pub fn spur(&mut self, name: &str, kind: BerthKind, node: NodeId, position: Point) -> BerthId {
        self.siding(name, kind, node, position, node)
    }

    /// A berth on a siding that leaves the track at one node and joins it at another.
    pub fn siding(
        &mut self,
        name: &str,
        kind: BerthKind,
        enter: NodeId,
        position: Point,
        leave: NodeId,
    ) -> BerthId {
        self.berths
            .push((name.to_owned(), kind, position, enter, leave));
        BerthId(self.berths.len() as u32 - 1)
    }

    /// The distance between centre lines from which on two movers on them cannot touch, whatever
    /// their headings: half a diagonal and half a width.
    fn apart(&self) -> f64 {
        let (l, w) = (self.footprint.length.as_m(), self.footprint.width.as_m());
        (l.hypot(w) + l.min(w)) / 2.0
    }

    /// Clearance at a node in a curve: two movers one behind the other, each half a length and a
    /// clearance from the node, touch at their inner corners first.
    fn clearance_in_curve(&self, radius: f64) -> f64 {
        let (l, w) = (self.footprint.length.as_m(), self.footprint.width.as_m());
        let inner = (radius - w / 2.0).max(w / 4.0);
        let turn = 2.0 * (l / 2.0 / inner).atan();
        (radius * turn - l) / 2.0 + self.gap.as_m()
    }
}
