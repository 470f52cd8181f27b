//! Ways through the track: shortest by nominal time, from a berth or from a spot on the way.
//!
//! For each berth asked for, a tree of shortest ways to it is kept; a way is then read off. Other
//! ways (a second one, or one round obstacles) are searched for with A* (Hart, Nilsson and
//! Raphael 1968), led by the tree where there is one.

use crate::builder::TrackError;
use crate::geometry::Curve;
use crate::track::{Block, Track, ZoneId};
use quantity::{BerthId, BlockId};
use std::cmp::Reverse;
use std::collections::{BinaryHeap, HashMap};
use std::sync::Arc;

/// Speed and acceleration of the ride by which ways are compared: a plate on a long way.
const NOMINAL_SPEED: f64 = 1.5;
const NOMINAL_ACCELERATION: f64 = 3.0;
/// What a sharp corner costs in seconds: slowing down for it and up again.
const CORNER_COST: f64 = 0.5;
/// A detour may cost this much more than the shortest way, microseconds.
const DETOUR_COST_MAX: u32 = 8_000_000;
/// Trees of shortest ways kept, as blocks in all of them (8 bytes each).
const TREE_BLOCKS_MAX: usize = 24_000_000;

const NONE: u32 = u32::MAX;
const START: u32 = u32::MAX - 1;

/// Nominal time over a block in microseconds.
fn cost(block: &Block) -> u32 {
    let length = block.length.as_m();
    let seconds = match block.curve {
        Curve::Line { .. } => length / NOMINAL_SPEED,
        Curve::Arc { radius, .. } => {
            let speed = (crate::run::LATERAL_SHARE * NOMINAL_ACCELERATION * radius).sqrt();
            length / speed.min(NOMINAL_SPEED)
        }
        Curve::Corner { .. } => length / NOMINAL_SPEED + CORNER_COST,
    };
    (seconds * 1e6) as u32 + 1
}

/// Shortest ways to one berth: for each block the next one, and the cost from its start.
#[derive(Debug)]
struct Tree {
    next: Vec<u32>,
    cost: Vec<u32>,
}

/// A way and the berth to which it leads.
pub(crate) type Way = (Vec<BlockId>, BerthId);

/// Finds ways; remembers trees.
#[derive(Clone, Debug)]
pub(crate) struct Routes {
    costs: Vec<u32>,
    /// Blocks before each block.
    before: Vec<Vec<u32>>,
    trees: HashMap<BerthId, Arc<Tree>>,
    scratch: Scratch,
}

/// Arrays for a search, valid where the stamp is the current one.
#[derive(Clone, Debug)]
struct Scratch {
    stamp: Vec<u32>,
    cost: Vec<u32>,
    from: Vec<u32>,
    generation: u32,
    heap: BinaryHeap<Reverse<(u32, u32)>>,
}

impl Routes {
    pub(crate) fn new(track: &Track) -> Self {
        let n = track.blocks.len();
        let mut before = vec![Vec::new(); n];
        for block in &track.blocks {
            for next in &block.next {
                before[next.index()].push(block.id.0);
            }
        }
        Self {
            costs: track.blocks.iter().map(cost).collect(),
            before,
            trees: HashMap::new(),
            scratch: Scratch {
                stamp: vec![0; n],
                cost: vec![0; n],
                from: vec![0; n],
                generation: 0,
                heap: BinaryHeap::new(),
            },
        }
    }

    fn tree(&mut self, track: &Track, to: BerthId) -> Option<Arc<Tree>> {
        if let Some(tree) = self.trees.get(&to) {
            return Some(Arc::clone(tree));
        }
        let n = track.blocks.len();
        if (self.trees.len() + 1) * n > TREE_BLOCKS_MAX {
            return None;
        }
        let mut tree = Tree {
            next: vec![NONE; n],
            cost: vec![u32::MAX; n],
        };
        let mut heap = BinaryHeap::new();
        for block in &track.berth(to).entered_from {
            let c = self.costs[block.index()];
            tree.cost[block.index()] = c;
            tree.next[block.index()] = START;
            heap.push(Reverse((c, block.0)));
        }
        while let Some(Reverse((so_far, b))) = heap.pop() {
            if so_far > tree.cost[b as usize] {
                continue;
            }
            for &p in &self.before[b as usize] {
                let total = so_far.saturating_add(self.costs[p as usize]);
                if total < tree.cost[p as usize] {
                    tree.cost[p as usize] = total;
                    tree.next[p as usize] = b;
                    heap.push(Reverse((total, p)));
                }
            }
        }
        let tree = Arc::new(tree);
        self.trees.insert(to, Arc::clone(&tree));
        Some(tree)
    }

    /// The shortest way between two berths.
    pub(crate) fn first(
        &mut self,
        track: &Track,
        from: BerthId,
        to: BerthId,
    ) -> Option<Vec<BlockId>> {
        let Some(tree) = self.tree(track, to) else {
            return self.search_to(track, from, to, u32::MAX, |_, cost| Some(cost));
        };
        let first = track
            .berth(from)
            .leaves_to
            .iter()
            .filter(|b| tree.cost[b.index()] < u32::MAX)
            .min_by_key(|b| (tree.cost[b.index()], b.0))?;
        let mut path = vec![*first];
        let mut at = first.0;
        while tree.next[at as usize] != START {
            at = tree.next[at as usize];
            path.push(BlockId(at));
        }
        Some(path)
    }

    /// The shortest way that avoids a zone, if it is not much longer than the shortest of all.
    pub(crate) fn detour(
        &mut self,
        track: &Track,
        from: BerthId,
        to: BerthId,
        zone: ZoneId,
    ) -> Option<Vec<BlockId>> {
        let closed =
            |block: &Block| block.zone == zone || track.node(block.from).zone == Some(zone);
        self.search_to(track, from, to, DETOUR_COST_MAX, |block, cost| {
            (!closed(block)).then_some(cost)
        })
    }

    /// The shortest way between two berths over blocks that are not closed.
    pub(crate) fn avoiding(
        &mut self,
        track: &Track,
        from: BerthId,
        to: BerthId,
        closed: impl Fn(&Block) -> bool,
    ) -> Option<Vec<BlockId>> {
        self.search_to(track, from, to, u32::MAX, |block, cost| {
            (!closed(block)).then_some(cost)
        })
    }

    fn search_to(
        &mut self,
        track: &Track,
        from: BerthId,
        to: BerthId,
        extra: u32,
        cost: impl Fn(&Block, u32) -> Option<u32>,
    ) -> Option<Vec<BlockId>> {
        let starts: Vec<(BlockId, u32)> = track
            .berth(from)
            .leaves_to
            .iter()
            .filter_map(|b| Some((*b, cost(track.block(*b), self.costs[b.index()])?)))
            .collect();
        self.search(track, &starts, &[to], extra, cost)
            .map(|(path, _)| path)
    }

    /// The nearest of some berths from any of some blocks, each with what it costs to pass it.
    /// `cost` changes the cost of a block, or closes it. Nothing dearer than the first guess and
    /// `extra` is looked at.
    pub(crate) fn search(
        &mut self,
        track: &Track,
        starts: &[(BlockId, u32)],
        to: &[BerthId],
        extra: u32,
        cost: impl Fn(&Block, u32) -> Option<u32>,
    ) -> Option<Way> {
        let tree = match to {
            [only] => self.tree(track, *only),
            _ => None,
        };
        let mut goals: Vec<(u32, BerthId)> = to
            .iter()
            .flat_map(|berth| {
                let blocks = &track.berth(*berth).entered_from;
                blocks.iter().map(|b| (b.0, *berth))
            })
            .collect();
        goals.sort_unstable();
        // What is still ahead after a block, at least; nothing where it cannot be reached.
        let costs = &self.costs;
        let ahead = |b: u32| match &tree {
            Some(tree) if tree.cost[b as usize] == u32::MAX => None,
            Some(tree) => Some(tree.cost[b as usize] - costs[b as usize]),
            None => Some(0),
        };
        let scratch = &mut self.scratch;
        scratch.generation += 1;
        let now = scratch.generation;
        scratch.heap.clear();
        let Scratch {
            stamp,
            cost: best,
            from,
            heap,
            ..
        } = scratch;
        let mut offer = |b: u32,
                         so_far: u32,
                         before: u32,
                         heap: &mut BinaryHeap<_>,
                         best: &mut Vec<u32>,
                         from: &mut Vec<u32>| {
            let i = b as usize;
            if (stamp[i] != now || so_far < best[i])
                && let Some(rest) = ahead(b)
            {
                stamp[i] = now;
                best[i] = so_far;
                from[i] = before;
                heap.push(Reverse((so_far.saturating_add(rest), b)));
            }
        };
        for (block, so_far) in starts {
            offer(block.0, *so_far, START, heap, best, from);
        }
        let most = heap
            .peek()
            .map_or(0, |Reverse((estimate, _))| estimate.saturating_add(extra));
        while let Some(Reverse((estimate, b))) = heap.pop() {
            if estimate > most {
                return None;
            }
            let so_far = best[b as usize];
            if ahead(b).is_none_or(|rest| estimate > so_far.saturating_add(rest)) {
                continue;
            }
            if let Ok(i) = goals.binary_search_by_key(&b, |goal| goal.0) {
                let mut path = vec![BlockId(b)];
                let mut at = b;
                while from[at as usize] != START {
                    at = from[at as usize];
                    path.push(BlockId(at));
                }
                path.reverse();
                return Some((path, goals[i].1));
            }
            for next in &track.blocks[b as usize].next {
                if let Some(c) = cost(track.block(*next), costs[next.index()]) {
                    offer(next.0, so_far.saturating_add(c), b, heap, best, from);
                }
            }
        }
        None
    }

    /// The nearest of some berths from a berth.
    pub(crate) fn nearest(
        &mut self,
        track: &Track,
        from: BerthId,
        to: &[BerthId],
    ) -> Option<BerthId> {
        let starts: Vec<(BlockId, u32)> = track
            .berth(from)
            .leaves_to
            .iter()
            .map(|b| (*b, self.costs[b.index()]))
            .collect();
        self.search(track, &starts, to, u32::MAX, |_, cost| Some(cost))
            .map(|(_, berth)| berth)
    }
}

/// Every berth must be reachable from every other: from the first to all and from all to it.
pub(crate) fn check_reach(track: &Track) -> Result<(), TrackError> {
    let no_way = |from: usize, to: usize| {
        Err(TrackError::NoWay {
            from: track.berths[from].name.clone(),
            to: track.berths[to].name.clone(),
        })
    };
    let mut routes = Routes::new(track);
    let first = BerthId(0);
    // Forwards: blocks that can be reached from the first berth.
    let mut reached = vec![false; track.blocks.len()];
    let mut stack = track.berths[0].leaves_to.clone();
    while let Some(b) = stack.pop() {
        if !std::mem::replace(&mut reached[b.index()], true) {
            stack.extend_from_slice(&track.block(b).next);
        }
    }
    for berth in &track.berths[1..] {
        if !berth.entered_from.iter().any(|b| reached[b.index()]) {
            return no_way(0, berth.id.index());
        }
        if routes.first(track, berth.id, first).is_none() {
            return no_way(berth.id.index(), 0);
        }
    }
    Ok(())
}
