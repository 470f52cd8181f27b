//! The track: blocks joined at nodes, and berths off the thoroughfare.
//!
//! A *block* is a directed piece of track; a *node* is a point where blocks meet; a *berth* is a
//! place to stand, reached from a node over a siding of its own, so that a mover in a berth is in
//! nobody's way. A *zone* is what one mover has to itself: a block has one, blocks that lie on or
//! across each other (the two directions of a rail, the ways through a floor cell) share one, a
//! node where ways cross has one, and so has a berth.

use crate::geometry::{Curve, Point, Pose};
use quantity::{Angle, BerthId, BlockId, Length};
use std::collections::BTreeMap;

/// Length (along the way) and width of the largest mover that uses the track.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Footprint {
    /// Along the direction of travel.
    pub length: Length,
    /// Across it.
    pub width: Length,
}

impl Footprint {
    /// From corner to corner, in metres.
    pub(crate) fn diagonal(self) -> f64 {
        self.length.as_m().hypot(self.width.as_m())
    }
}

/// A node: an index into [`Track::nodes`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct NodeId(pub u32);

impl NodeId {
    /// The id as an index.
    #[must_use]
    pub const fn index(self) -> usize {
        self.0 as usize
    }
}

/// What one mover has to itself: an index, blocks and nodes first, berths last.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ZoneId(pub u32);

impl ZoneId {
    /// The id as an index.
    #[must_use]
    pub const fn index(self) -> usize {
        self.0 as usize
    }
}

/// A point where blocks and sidings meet.
#[derive(Clone, Debug, PartialEq)]
pub struct Node {
    /// Where it is.
    pub point: Point,
    /// How far from the node a mover's end must be so that others may pass the node.
    pub clearance: Length,
    /// Its own zone, where two ways through it share no other.
    pub zone: Option<ZoneId>,
}

/// A directed piece of track.
#[derive(Clone, Debug, PartialEq)]
pub struct Block {
    /// Its id: its place in [`Track::blocks`].
    pub id: BlockId,
    /// Where it starts.
    pub from: NodeId,
    /// Where it ends.
    pub to: NodeId,
    /// Its length along the centre line.
    pub length: Length,
    /// What a mover on it has to itself.
    pub zone: ZoneId,
    /// Radius of its curve, if it is one.
    pub radius: Option<Length>,
    /// Blocks that a mover may go on to.
    pub next: Vec<BlockId>,
    /// Where along the block a mover's centre comes to rest when it must stop on the way; none on
    /// blocks where a mover would be in the way of others.
    pub rest: Option<Length>,
    /// Whether it is a way through a tile.
    pub(crate) cell: bool,
    pub(crate) curve: Curve,
}

/// What a berth is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum BerthKind {
    /// Where an arm reaches the mover.
    Dock,
    /// Where a mover waits that is not needed.
    Parking,
}

/// A way between a node and a berth.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Siding {
    /// Where it meets the track.
    pub node: NodeId,
    /// Its length to the berth.
    pub length: Length,
    pub(crate) curve: Curve,
}

/// A place off the thoroughfare where a mover may stand.
#[derive(Clone, Debug, PartialEq)]
pub struct Berth {
    /// Its id: its place in [`Track::berths`].
    pub id: BerthId,
    /// Its name in the lab file.
    pub name: String,
    /// What it is for.
    pub kind: BerthKind,
    /// Where a mover's centre stands.
    pub position: Point,
    /// The way in.
    pub enter: Siding,
    /// The way out; at a spur the way in, backwards.
    pub leave: Siding,
    /// Its zone.
    pub zone: ZoneId,
    /// Blocks a mover goes on to from here.
    pub leaves_to: Vec<BlockId>,
    /// Blocks from which a mover turns in here.
    pub entered_from: Vec<BlockId>,
}

/// The magnetic road of one hall. Built and checked by [`crate::TrackBuilder`].
#[derive(Clone, Debug, PartialEq)]
pub struct Track {
    pub(crate) footprint: Footprint,
    pub(crate) gap: Length,
    pub(crate) nodes: Vec<Node>,
    pub(crate) blocks: Vec<Block>,
    pub(crate) berths: Vec<Berth>,
    pub(crate) zones: usize,
    /// Blocks of each zone that has any.
    pub(crate) zone_blocks: Vec<Vec<BlockId>>,
    pub(crate) names: BTreeMap<String, BerthId>,
    /// Whether movers keep their heading and shift sideways, as on a tile floor.
    pub(crate) keeps_heading: bool,
}

impl Track {
    /// The largest mover it is made for.
    #[must_use]
    pub fn footprint(&self) -> Footprint {
        self.footprint
    }

    /// The least distance between two movers.
    #[must_use]
    pub fn gap(&self) -> Length {
        self.gap
    }

    /// All nodes.
    #[must_use]
    pub fn nodes(&self) -> &[Node] {
        &self.nodes
    }

    /// All blocks, in order of id.
    #[must_use]
    pub fn blocks(&self) -> &[Block] {
        &self.blocks
    }

    /// All berths, in order of id.
    #[must_use]
    pub fn berths(&self) -> &[Berth] {
        &self.berths
    }

    /// How many zones there are.
    #[must_use]
    pub fn zones(&self) -> usize {
        self.zones
    }

    /// A node of this track.
    #[must_use]
    pub fn node(&self, id: NodeId) -> &Node {
        &self.nodes[id.index()]
    }

    /// A block of this track.
    #[must_use]
    pub fn block(&self, id: BlockId) -> &Block {
        &self.blocks[id.index()]
    }

    /// A berth of this track.
    #[must_use]
    pub fn berth(&self, id: BerthId) -> &Berth {
        &self.berths[id.index()]
    }

    /// The berth of a name.
    #[must_use]
    pub fn berth_named(&self, name: &str) -> Option<BerthId> {
        self.names.get(name).copied()
    }

    /// Whether movers keep their heading and shift sideways, as on a tile floor.
    #[must_use]
    pub fn keeps_heading(&self) -> bool {
        self.keeps_heading
    }

    /// The pose on a block at a distance from its start.
    #[must_use]
    pub fn pose_on(&self, block: BlockId, offset: Length) -> Pose {
        self.pose(&self.block(block).curve, offset.as_m())
    }

    /// The pose of a mover that stands in a berth.
    #[must_use]
    pub fn pose_in(&self, berth: BerthId) -> Pose {
        let berth = self.berth(berth);
        let mut pose = self.pose(&berth.enter.curve, berth.enter.length.as_m());
        pose.point = berth.position;
        pose
    }

    pub(crate) fn pose(&self, curve: &Curve, s: f64) -> Pose {
        let (point, heading) = curve.at(s);
        Pose {
            point: Point::of(point),
            heading: Angle::from_rad(if self.keeps_heading { 0.0 } else { heading }),
        }
    }

    /// The centre line of a block as points at most `every` apart, for drawing.
    #[must_use]
    pub fn outline(&self, block: BlockId, every: Length) -> Vec<Point> {
        outline(&self.block(block).curve, every.as_m())
    }

    /// The way into a berth as points at most `every` apart, from the node to the berth.
    #[must_use]
    pub fn siding_outline(&self, berth: BerthId, every: Length) -> Vec<Point> {
        outline(&self.berth(berth).enter.curve, every.as_m())
    }

    /// The corners of the least upright rectangle that holds all blocks and berths.
    #[must_use]
    pub fn bounds(&self) -> (Point, Point) {
        let mut bounds = [
            f64::INFINITY,
            f64::INFINITY,
            f64::NEG_INFINITY,
            f64::NEG_INFINITY,
        ];
        let mut widen = |b: [f64; 4]| {
            bounds = [
                bounds[0].min(b[0]),
                bounds[1].min(b[1]),
                bounds[2].max(b[2]),
                bounds[3].max(b[3]),
            ];
        };
        for block in &self.blocks {
            widen(block.curve.bounds());
        }
        for berth in &self.berths {
            let [x, y] = berth.position.xy();
            widen([x, y, x, y]);
        }
        (
            Point::from_m(bounds[0], bounds[1]),
            Point::from_m(bounds[2], bounds[3]),
        )
    }

    /// The length of all track, blocks of one zone counted once, sidings included: what is to be
    /// bought.
    #[must_use]
    pub fn rail_length(&self) -> Length {
        let blocks: Length = self
            .zone_blocks
            .iter()
            .filter_map(|blocks| blocks.iter().map(|b| self.block(*b).length).max())
            .sum();
        let sidings: Length = self
            .berths
            .iter()
            .map(|b| {
                if b.enter.node == b.leave.node {
                    b.enter.length
                } else {
                    b.enter.length + b.leave.length
                }
            })
            .sum();
        blocks + sidings
    }
}

fn outline(curve: &Curve, every: f64) -> Vec<Point> {
    let length = curve.length();
    let pieces = match curve {
        Curve::Line { .. } => 1,
        _ => (length / every.max(1e-3)).ceil().max(2.0) as usize,
    };
    (0..=pieces)
        .map(|i| Point::of(curve.at(length * i as f64 / pieces as f64).0))
        .collect()
}
