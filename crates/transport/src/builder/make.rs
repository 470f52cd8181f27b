//! From rails, cells and berths to a checked track.

use super::berths::check_berths;
use super::near::{Groups, Near};
use super::number::along_streets;
use super::{COMPARE_EVERY, TrackBuilder, TrackError};
use crate::geometry::{Curve, dist, wrap};
use crate::track::{Berth, Block, Node, NodeId, Siding, Track, ZoneId};
use quantity::{BerthId, BlockId, Length};
use std::collections::BTreeMap;
use std::f64::consts::PI;

/// The sharpest turn from one block into the next, in radians: a right angle and a little.
const TURN_MAX: f64 = 100.0 / 180.0 * PI;
/// Blocks that part at a node but are too near to each other for more than this share of their
/// length share a zone; others part by a clearance at the node.
const JOIN_SHARE: f64 = 0.4;

impl TrackBuilder {
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
