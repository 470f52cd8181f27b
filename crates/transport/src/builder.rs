//! Building a track from rails or floor cells, and checking it.

use crate::geometry::{Curve, Point, Shape, dist, wrap};
use crate::track::{Berth, BerthKind, Block, Footprint, Node, NodeId, Siding, Track, ZoneId};
use quantity::{BerthId, BlockId, Length};
use std::collections::BTreeMap;
use std::f64::consts::PI;
use thiserror::Error;

/// The least distance between two movers, unless told otherwise.
pub const DEFAULT_GAP_UM: i64 = 20_000;
/// Rails are cut into blocks of about this length, unless told otherwise: longer blocks need
/// fewer reservations, shorter ones let movers follow closer.
pub const DEFAULT_BLOCK_UM: i64 = 500_000;
/// The sharpest turn from one block into the next, in radians: a right angle and a little.
const TURN_MAX: f64 = 100.0 / 180.0 * PI;
/// Blocks that part at a node but are too near to each other for more than this share of their
/// length share a zone; others part by a clearance at the node.
const JOIN_SHARE: f64 = 0.4;
/// Step with which curves are compared, in metres.
const COMPARE_EVERY: f64 = 0.02;

/// Why something is not a track.
#[derive(Clone, Debug, PartialEq, Error)]
pub enum TrackError {
    /// There is nowhere to go.
    #[error("the track has no {0}")]
    Empty(&'static str),
    /// No such arc.
    #[error(
        "no arc of radius {radius_mm} mm joins two points {chord_mm} mm apart; the radius must be at least half the distance"
    )]
    Arc {
        /// Radius asked for, mm.
        radius_mm: i64,
        /// Distance of the ends, mm.
        chord_mm: i64,
    },
    /// A rail from a point to itself, or shorter than can be cut.
    #[error(
        "the rail at ({x_mm}, {y_mm}) mm is only {length_mm} mm long; it must be at least {least_mm} mm"
    )]
    Short {
        /// Where it starts, mm.
        x_mm: i64,
        /// Where it starts, mm.
        y_mm: i64,
        /// Its length, mm.
        length_mm: i64,
        /// The least length, mm.
        least_mm: i64,
    },
    /// Two berths of one name.
    #[error("two berths are named `{0}`")]
    SameName(String),
    /// A berth whose mover would stand in the way of passing ones.
    #[error(
        "berth `{berth}` is {found_mm} mm from {other}; a mover in it needs {least_mm} mm to be in nobody's way"
    )]
    TooNear {
        /// The berth.
        berth: String,
        /// What it is too near to.
        other: String,
        /// The distance, mm.
        found_mm: i64,
        /// The least distance, mm.
        least_mm: i64,
    },
    /// A siding that leaves its mover in the way.
    #[error(
        "the siding of berth `{berth}` is {found_mm} mm long; a mover in it is in nobody's way from {least_mm} mm on"
    )]
    ShortSiding {
        /// The berth.
        berth: String,
        /// Its length, mm.
        found_mm: i64,
        /// The least length, mm.
        least_mm: i64,
    },
    /// A berth that cannot be left or entered.
    #[error("berth `{berth}` {how}: no rail {which} the point where its siding joins the track")]
    Loose {
        /// The berth.
        berth: String,
        /// `cannot be left` or `cannot be entered`.
        how: &'static str,
        /// `starts at` or `ends at`.
        which: &'static str,
    },
    /// Two berths without a way between them.
    #[error("no way leads from berth `{from}` to berth `{to}`; rails are one-way: close the loop")]
    NoWay {
        /// From here.
        from: String,
        /// To there.
        to: String,
    },
}

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

    /// Checks everything and makes the track.
    ///
    /// # Errors
    /// The first thing that is wrong with it, see [`TrackError`].
    pub fn build(self) -> Result<Track, TrackError> {
        if self.pieces.is_empty() {
            return Err(TrackError::Empty("rails"));
        }
        if self.berths.is_empty() {
            return Err(TrackError::Empty("berths"));
        }
        let apart = self.apart();
        let length = self.footprint.length.as_m();
        let gap = self.gap.as_m();
        let n = self.points.len();

        let mut ends: Vec<Vec<usize>> = vec![Vec::new(); n];
        let mut starts: Vec<Vec<usize>> = vec![Vec::new(); n];
        for (i, piece) in self.pieces.iter().enumerate() {
            starts[piece.from.index()].push(i);
            ends[piece.to.index()].push(i);
        }
        let sidings: Vec<(Siding, Siding)> = self
            .berths
            .iter()
            .map(|(_, _, position, enter, leave)| {
                let way = |node: NodeId, inwards: bool| {
                    let at = self.points[node.index()].xy();
                    let curve = if inwards {
                        Curve::line(at, position.xy())
                    } else {
                        Curve::line(position.xy(), at)
                    };
                    Siding {
                        node,
                        length: Length::from_m(curve.length()),
                        curve,
                    }
                };
                (way(*enter, true), way(*leave, false))
            })
            .collect();
        let mut at_node: Vec<Vec<usize>> = vec![Vec::new(); n];
        for (i, (enter, leave)) in sidings.iter().enumerate() {
            at_node[enter.node.index()].push(i);
            if leave.node != enter.node {
                at_node[leave.node.index()].push(i);
            }
        }

        // Ways that come too near to each other without meeting at a node share a zone.
        let mut groups = Groups::new(self.groups as usize);
        self.join_near(&mut groups, apart);
        let mut nodes: Vec<Node> = Vec::with_capacity(n);
        for (i, point) in self.points.iter().enumerate() {
            let mut arms: Vec<(Curve, Option<usize>)> = Vec::new();
            for &p in starts[i].iter().chain(&ends[i]) {
                let piece = &self.pieces[p];
                let group = Some(groups.find(piece.group as usize));
                if !arms.contains(&(piece.curve, group)) {
                    arms.push((piece.curve, group));
                }
            }
            // The two directions of a rail are one arm.
            let mut lines: Vec<u32> = starts[i]
                .iter()
                .chain(&ends[i])
                .map(|&p| self.pieces[p].group)
                .collect();
            lines.sort_unstable();
            lines.dedup();
            let lines = lines.len() + at_node[i].len();
            for &b in &at_node[i] {
                let (enter, leave) = &sidings[b];
                let siding = if enter.node.index() == i {
                    enter
                } else {
                    leave
                };
                arms.push((siding.curve, None));
            }
            let cells = starts[i]
                .iter()
                .chain(&ends[i])
                .all(|p| self.pieces[*p].cell);
            let mut clearance = gap;
            for (arm, _) in &arms {
                if let Curve::Arc { radius, .. } = arm {
                    clearance = clearance.max(self.clearance_in_curve(*radius));
                }
            }
            if lines > 2 && !cells {
                for (a, zone_a) in &arms {
                    for (b, zone_b) in &arms {
                        if a != b && (zone_a.is_none() || zone_a != zone_b) {
                            let fouls = fouling(a, b, point.xy(), apart);
                            clearance = clearance.max(fouls - length / 2.0 + gap);
                        }
                    }
                }
            }
            nodes.push(Node {
                point: *point,
                clearance: Length::from_m(clearance),
                zone: None,
            });
        }

        let mut zone_of_group: BTreeMap<usize, ZoneId> = BTreeMap::new();
        let mut zones = 0_u32;
        let mut blocks: Vec<Block> = Vec::with_capacity(self.pieces.len());
        for (i, piece) in self.pieces.iter().enumerate() {
            let zone = *zone_of_group
                .entry(groups.find(piece.group as usize))
                .or_insert_with(|| {
                    zones += 1;
                    ZoneId(zones - 1)
                });
            blocks.push(Block {
                id: BlockId(i as u32),
                from: piece.from,
                to: piece.to,
                length: Length::from_m(piece.curve.length()),
                zone,
                radius: piece.radius,
                next: Vec::new(),
                rest: None,
                cell: piece.cell,
                curve: piece.curve,
            });
        }
        for i in 0..blocks.len() {
            let (_, out) = blocks[i].curve.at(blocks[i].curve.length());
            let next: Vec<BlockId> = starts[blocks[i].to.index()]
                .iter()
                .filter(|&&p| {
                    let (_, into) = self.pieces[p].curve.at(0.0);
                    self.pieces[p].group != self.pieces[i].group
                        && wrap(into - out).abs() <= TURN_MAX
                })
                .map(|&p| BlockId(p as u32))
                .collect();
            blocks[i].next = next;
        }

        let mut berths: Vec<Berth> = Vec::with_capacity(self.berths.len());
        let mut names: BTreeMap<String, BerthId> = BTreeMap::new();
        for (i, (name, kind, position, enter, leave)) in self.berths.iter().enumerate() {
            let id = BerthId(i as u32);
            if names.insert(name.clone(), id).is_some() {
                return Err(TrackError::SameName(name.clone()));
            }
            let ids = |list: &[usize]| list.iter().map(|p| BlockId(*p as u32)).collect::<Vec<_>>();
            let berth = Berth {
                id,
                name: name.clone(),
                kind: *kind,
                position: *position,
                enter: sidings[i].0,
                leave: sidings[i].1,
                zone: ZoneId(0),
                leaves_to: ids(&starts[leave.index()]),
                entered_from: ids(&ends[enter.index()]),
            };
            for (list, how, which) in [
                (&berth.leaves_to, "cannot be left", "starts at"),
                (&berth.entered_from, "cannot be entered", "ends at"),
            ] {
                if list.is_empty() {
                    return Err(TrackError::Loose {
                        berth: name.clone(),
                        how,
                        which,
                    });
                }
            }
            berths.push(berth);
        }

        // Ways through a node that share no other zone share the node's.
        for (i, node) in nodes.iter_mut().enumerate() {
            let mut ways: Vec<[usize; 2]> = Vec::new();
            let block_zone = |p: usize| blocks[p].zone.index();
            let berth_zone = |b: usize| usize::MAX - b;
            for &p in &ends[i] {
                ways.extend(
                    blocks[p]
                        .next
                        .iter()
                        .map(|q| [block_zone(p), block_zone(q.index())]),
                );
                for &b in &at_node[i] {
                    if sidings[b].0.node.index() == i {
                        ways.push([block_zone(p), berth_zone(b)]);
                    }
                }
            }
            for &b in &at_node[i] {
                if sidings[b].1.node.index() == i {
                    ways.extend(starts[i].iter().map(|&q| [berth_zone(b), block_zone(q)]));
                }
            }
            ways.sort_unstable();
            ways.dedup();
            let apart = ways.iter().enumerate().any(|(k, a)| {
                ways[k + 1..]
                    .iter()
                    .any(|b| !a.iter().any(|zone| b.contains(zone)))
            });
            if apart {
                node.zone = Some(ZoneId(zones));
                zones += 1;
            }
        }
        along_streets(&mut blocks, &mut nodes, zones as usize);
        for berth in &mut berths {
            berth.zone = ZoneId(zones);
            zones += 1;
        }

        let mut zone_blocks: Vec<Vec<BlockId>> = vec![Vec::new(); zones as usize];
        for block in &blocks {
            zone_blocks[block.zone.index()].push(block.id);
        }
        for i in 0..blocks.len() {
            let block = &blocks[i];
            let (head, tail) = (
                nodes[block.from.index()].clearance.as_m(),
                nodes[block.to.index()].clearance.as_m(),
            );
            let total = block.curve.length();
            let rest = if self.pieces[i].cell {
                total / 2.0
            } else {
                total - tail - length / 2.0
            };
            let fits =
                rest - length / 2.0 >= head - 1e-9 && rest + length / 2.0 <= total - tail + 1e-9;
            let here = block.curve.at(rest.max(0.0)).0;
            let shared = zone_blocks[block.zone.index()]
                .iter()
                .all(|b| blocks[b.index()].curve.nearest(here).1 < 1e-3);
            blocks[i].rest = (fits && shared).then(|| Length::from_m(rest));
        }

        let track = Track {
            footprint: self.footprint,
            gap: self.gap,
            nodes,
            blocks,
            berths,
            zones: zones as usize,
            zone_blocks,
            names,
            keeps_heading: self.keeps_heading,
        };
        check_berths(&track, apart)?;
        crate::route::check_reach(&track)?;
        Ok(track)
    }

    /// Joins the groups of pieces that come nearer than `apart` away from a common node.
    fn join_near(&self, groups: &mut Groups, apart: f64) {
        let mut grid = Near::new(apart.max(0.5));
        for (i, piece) in self.pieces.iter().enumerate() {
            if !piece.cell {
                grid.add(i, piece.curve.bounds(), apart);
            }
        }
        let mut pairs = grid.pairs();
        pairs.retain(|&(a, b)| self.pieces[a].group != self.pieces[b].group);
        for (a, b) in pairs {
            let (p, q) = (&self.pieces[a], &self.pieces[b]);
            let shared = [p.from, p.to]
                .into_iter()
                .find(|node| *node == q.from || *node == q.to);
            let conflict = match shared {
                None => p.curve.gap(&q.curve, COMPARE_EVERY) + 1e-6 < apart,
                // One goes on into the other: movers follow each other.
                Some(node) if (p.to == node) != (q.to == node) => false,
                // Both come from the node, or both lead to it: they must part on the way.
                Some(node) => {
                    let at = self.points[node.index()].xy();
                    let room = p.curve.length().min(q.curve.length());
                    fouling(&p.curve, &q.curve, at, apart) >= JOIN_SHARE * room
                }
            };
            if conflict {
                groups.join(p.group as usize, q.group as usize);
            }
        }
    }
}

/// Numbers the zones of blocks and nodes anew, in the order in which a mover that goes straight on
/// comes through them: what is asked for one after the other will lie side by side.
fn along_streets(blocks: &mut [Block], nodes: &mut [Node], zones: usize) {
    let mut numbers: Vec<Option<u32>> = vec![None; zones];
    let mut next = 0;
    let mut number = |zone: ZoneId| {
        if numbers[zone.index()].is_none() {
            numbers[zone.index()] = Some(next);
            next += 1;
        }
    };
    let mut passed = vec![false; blocks.len()];
    for first in 0..blocks.len() {
        let mut at = Some(first);
        while let Some(i) = at.filter(|i| !passed[*i]) {
            passed[i] = true;
            let block = &blocks[i];
            nodes[block.from.index()]
                .zone
                .iter()
                .copied()
                .for_each(&mut number);
            number(block.zone);
            let out = block.curve.at(block.curve.length()).1;
            let turn = |next: usize| wrap(blocks[next].curve.at(0.0).1 - out).abs();
            at = block
                .next
                .iter()
                .map(|next| next.index())
                .min_by(|a, b| turn(*a).total_cmp(&turn(*b)));
        }
    }
    // A node at which all ways end is left over.
    nodes
        .iter()
        .filter_map(|node| node.zone)
        .for_each(&mut number);
    let renumber = |zone: &mut ZoneId| *zone = numbers[zone.index()].map_or(*zone, ZoneId);
    blocks
        .iter_mut()
        .for_each(|block| renumber(&mut block.zone));
    let of_nodes = nodes.iter_mut().filter_map(|node| node.zone.as_mut());
    of_nodes.for_each(renumber);
}

/// How far from the node along `a` the two curves are nearer than `apart`.
fn fouling(a: &Curve, b: &Curve, node: [f64; 2], apart: f64) -> f64 {
    let length = a.length();
    let outwards = dist(a.at(0.0).0, node) < dist(a.at(length).0, node);
    let steps = (length / COMPARE_EVERY).ceil();
    let mut last = 0.0;
    for i in 0..=steps as usize {
        let s = length * i as f64 / steps;
        let place = if outwards { s } else { length - s };
        if b.nearest(a.at(place).0).1 < apart {
            last = s;
        } else if s > last + 2.0 * apart {
            break;
        }
    }
    if last >= length {
        length
    } else {
        last + COMPARE_EVERY.min(length - last)
    }
}

fn check_berths(track: &Track, apart: f64) -> Result<(), TrackError> {
    let mut grid = Near::new(apart.max(0.5));
    // A mover on a tile stays within the tile, however near the next one is.
    for (i, block) in track.blocks.iter().enumerate() {
        if !block.cell {
            grid.add(i, block.curve.bounds(), apart);
        }
    }
    let near = |berth: &Berth, other: String, found: f64| TrackError::TooNear {
        berth: berth.name.clone(),
        other,
        found_mm: (found * 1e3) as i64,
        least_mm: (apart * 1e3).ceil() as i64,
    };
    for berth in &track.berths {
        let at = berth.position.xy();
        for i in grid.at(at) {
            let found = track.blocks[i].curve.nearest(at).1;
            if found + 1e-6 < apart {
                return Err(near(berth, "the track".to_owned(), found));
            }
        }
        for siding in [&berth.enter, &berth.leave] {
            // The mover in the berth must have its end past the clearance of the node.
            let clear = track.node(siding.node).clearance + track.footprint.length / 2;
            if siding.length < clear {
                return Err(TrackError::ShortSiding {
                    berth: berth.name.clone(),
                    found_mm: siding.length.base() / 1000,
                    least_mm: (clear.base() + 999) / 1000,
                });
            }
            let steps = (siding.length.as_m() / COMPARE_EVERY).ceil();
            for step in 0..=steps as usize {
                let spot = siding
                    .curve
                    .at(siding.length.as_m() * step as f64 / steps)
                    .0;
                for i in grid.at(spot) {
                    let block = &track.blocks[i];
                    let found = block.curve.nearest(spot).1;
                    let meets = [block.from, block.to].contains(&siding.node);
                    if !meets && found + 1e-6 < apart {
                        return Err(near(berth, "a rail beside its siding".to_owned(), found));
                    }
                }
            }
        }
    }
    let mut grid = Near::new(apart.max(0.5));
    for (i, berth) in track.berths.iter().enumerate() {
        let [x, y] = berth.position.xy();
        grid.add(i, [x, y, x, y], apart);
    }
    for (i, berth) in track.berths.iter().enumerate() {
        for j in grid.at(berth.position.xy()) {
            let other = &track.berths[j];
            let found = berth.position.distance(other.position).as_m();
            if j > i && found + 1e-6 < apart {
                return Err(near(berth, format!("berth `{}`", other.name), found));
            }
            for siding in [&other.enter, &other.leave] {
                let found = siding.curve.nearest(berth.position.xy()).1;
                if j != i && found + 1e-6 < apart {
                    return Err(near(
                        berth,
                        format!("the siding of `{}`", other.name),
                        found,
                    ));
                }
            }
        }
    }
    Ok(())
}

/// A hash-free grid of boxes: which things are near which.
struct Near {
    cell: f64,
    cells: BTreeMap<(i64, i64), Vec<usize>>,
}

impl Near {
    fn new(cell: f64) -> Self {
        Self {
            cell,
            cells: BTreeMap::new(),
        }
    }

    fn key(&self, x: f64, y: f64) -> (i64, i64) {
        (
            (x / self.cell).floor() as i64,
            (y / self.cell).floor() as i64,
        )
    }

    fn add(&mut self, i: usize, b: [f64; 4], margin: f64) {
        let low = self.key(b[0] - margin, b[1] - margin);
        let high = self.key(b[2] + margin, b[3] + margin);
        for x in low.0..=high.0 {
            for y in low.1..=high.1 {
                self.cells.entry((x, y)).or_default().push(i);
            }
        }
    }

    fn at(&self, [x, y]: [f64; 2]) -> impl Iterator<Item = usize> {
        self.cells
            .get(&self.key(x, y))
            .into_iter()
            .flatten()
            .copied()
    }

    fn pairs(&self) -> Vec<(usize, usize)> {
        let mut pairs: Vec<(usize, usize)> = self
            .cells
            .values()
            .flat_map(|list| {
                list.iter().enumerate().flat_map(move |(k, &a)| {
                    list[k + 1..].iter().map(move |&b| (a.min(b), a.max(b)))
                })
            })
            .collect();
        pairs.sort_unstable();
        pairs.dedup();
        pairs
    }
}

/// Sets that can be joined.
struct Groups(Vec<usize>);

impl Groups {
    fn new(n: usize) -> Self {
        Self((0..n).collect())
    }

    fn find(&mut self, mut i: usize) -> usize {
        while self.0[i] != i {
            self.0[i] = self.0[self.0[i]];
            i = self.0[i];
        }
        i
    }

    fn join(&mut self, a: usize, b: usize) {
        let (a, b) = (self.find(a), self.find(b));
        self.0[a.max(b)] = a.min(b);
    }
}
