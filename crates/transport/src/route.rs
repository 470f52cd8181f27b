//! Ways through the track: shortest by nominal time, from a berth or from a spot on the way.
//!
//! A berth on a street can only be reached over the street's beginning, apart from berths on the same
//! street that let out before it. So one tree of shortest ways to that beginning serves all berths
//! of the street, each with the rest of the way of its own; a way is then read off. Other ways (a
//! second one, or one round obstacles) are searched for with A* (Hart, Nilsson and Raphael 1968),
//! led by the tree where there is one.

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

/// Shortest ways to one block or a few: for each block the next one, and the cost from its start to
/// their end.
#[derive(Debug)]
struct Tree {
    next: Vec<u32>,
    cost: Vec<u32>,
}

/// Shortest ways to one berth: to the beginning of its street by the tree that all berths of the
/// street share, then along the street.
#[derive(Debug)]
struct Guide {
    tree: Arc<Tree>,
    /// From the end of the tree's ways to the end of the last block before the berth.
    rest: u32,
    /// Blocks from which the way does not lead over the beginning of the street, and that
    /// beginning itself, in order: each with the next one and the cost to the end.
    direct: Vec<(u32, u32, u32)>,
}

impl Guide {
    /// The next block and the cost from a block's start to the end of the last block before the
    /// berth; none where the berth cannot be reached.
    fn ahead(&self, block: u32) -> Option<(u32, u32)> {
        let i = block as usize;
        let by_tree = (self.tree.cost[i] < u32::MAX).then(|| {
            (
                self.tree.next[i],
                self.tree.cost[i].saturating_add(self.rest),
            )
        });
        let direct = self.direct.binary_search_by_key(&block, |d| d.0);
        match (direct, by_tree) {
            (Ok(d), Some((_, cost))) if self.direct[d].2 > cost => by_tree,
            (Ok(d), _) => Some((self.direct[d].1, self.direct[d].2)),
            (Err(_), by_tree) => by_tree,
        }
    }
}

/// A way and the berth to which it leads.
pub(crate) type Way = (Vec<BlockId>, BerthId);

/// Finds ways; remembers trees.
#[derive(Clone, Debug)]
pub(crate) struct Routes {
    costs: Vec<u32>,
    /// Blocks before each block.
    before: Vec<Vec<u32>>,
    /// Blocks on which only a mover from a berth can be, before it has met any other way.
    exits: Vec<bool>,
    /// Blocks from which there is one way on.
    single: Vec<bool>,
    /// Trees by the blocks to which they lead.
    trees: HashMap<Vec<u32>, Arc<Tree>>,
    guides: HashMap<BerthId, Arc<Guide>>,
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
            exits: exits(track, &before),
            single: track.blocks.iter().map(|b| b.next.len() == 1).collect(),
            before,
            trees: HashMap::new(),
            guides: HashMap::new(),
            scratch: Scratch {
                stamp: vec![0; n],
                cost: vec![0; n],
                from: vec![0; n],
                generation: 0,
                heap: BinaryHeap::new(),
            },
        }
    }

    /// The guide to a berth; none where there are trees enough already.
    fn guide(&mut self, track: &Track, to: BerthId) -> Option<Arc<Guide>> {
        if let Some(guide) = self.guides.get(&to) {
            return Some(Arc::clone(guide));
        }
        let goals = &track.berth(to).entered_from;
        let guide = match goals.as_slice() {
            [goal] => {
                let (root, rest, direct) = self.street(goal.0);
                Guide {
                    tree: self.tree(vec![root])?,
                    rest,
                    direct,
                }
            }
            _ => Guide {
                tree: self.tree(goals.iter().map(|b| b.0).collect())?,
                rest: 0,
                direct: Vec::new(),
            },
        };
        let guide = Arc::new(guide);
        self.guides.insert(to, Arc::clone(&guide));
        Some(guide)
    }

    /// The beginning of the street that ends in a block: back along blocks that are entered from
    /// one block and from berths only. With the cost from the beginning's end to the block's end,
    /// and all blocks from which the way is along the street (see [`Guide::direct`]).
    fn street(&self, goal: u32) -> (u32, u32, Vec<(u32, u32, u32)>) {
        let mut direct = Vec::new();
        let (mut at, mut next, mut total) = (goal, START, self.costs[goal as usize]);
        let rest = loop {
            direct.push((at, next, total));
            let mut ways = self.before[at as usize]
                .iter()
                .filter(|b| !self.exits[**b as usize]);
            let (Some(&only), None) = (ways.next(), ways.next()) else {
                break total - self.costs[at as usize];
            };
            // A street in a ring begins anywhere.
            if direct.iter().any(|d| d.0 == only) {
                break total - self.costs[at as usize];
            }
            (next, at) = (at, only);
            total = total.saturating_add(self.costs[only as usize]);
        };
        // Ways out of berths that meet the street after its beginning.
        let mut i = 0;
        let on_the_street = direct.len();
        while i < direct.len() {
            let (block, _, cost) = direct[i];
            // What comes in before the beginning goes by the tree.
            if i + 1 != on_the_street {
                for &exit in &self.before[block as usize] {
                    if self.exits[exit as usize] {
                        let total = cost.saturating_add(self.costs[exit as usize]);
                        direct.push((exit, block, total));
                    }
                }
            }
            i += 1;
        }
        direct.sort_unstable_by_key(|d| (d.0, d.2));
        direct.dedup_by_key(|d| d.0);
        (at, rest, direct)
    }

    fn tree(&mut self, goals: Vec<u32>) -> Option<Arc<Tree>> {
        if let Some(tree) = self.trees.get(&goals) {
            return Some(Arc::clone(tree));
        }
        let n = self.costs.len();
        if (self.trees.len() + 1) * n > TREE_BLOCKS_MAX {
            return None;
        }
        let mut tree = Tree {
            next: vec![NONE; n],
            cost: vec![u32::MAX; n],
        };
        let mut heap = BinaryHeap::new();
        for &block in &goals {
            let c = self.costs[block as usize];
            tree.cost[block as usize] = c;
            tree.next[block as usize] = START;
            heap.push(Reverse((c, block)));
        }
        let mut settled = Vec::new();
        while let Some(Reverse((so_far, b))) = heap.pop() {
            if so_far > tree.cost[b as usize] {
                continue;
            }
            settled.push((so_far, b));
            while let Some((so_far, b)) = settled.pop() {
                for &p in &self.before[b as usize] {
                    let total = so_far.saturating_add(self.costs[p as usize]);
                    if total < tree.cost[p as usize] {
                        tree.cost[p as usize] = total;
                        tree.next[p as usize] = b;
                        // Most blocks have one block after them: no other way is shorter.
                        if self.single[p as usize] {
                            settled.push((total, p));
                        } else {
                            heap.push(Reverse((total, p)));
                        }
                    }
                }
            }
        }
        let tree = Arc::new(tree);
        self.trees.insert(goals, Arc::clone(&tree));
        Some(tree)
    }

    /// The shortest way between two berths.
    pub(crate) fn first(
        &mut self,
        track: &Track,
        from: BerthId,
        to: BerthId,
    ) -> Option<Vec<BlockId>> {
        let Some(guide) = self.guide(track, to) else {
            return self.search_to(track, from, to, u32::MAX, |_, cost| Some(cost));
        };
        let (_, first, mut next) = track
            .berth(from)
            .leaves_to
            .iter()
            .filter_map(|b| guide.ahead(b.0).map(|(next, cost)| (cost, b.0, next)))
            .min()?;
        let mut path = vec![BlockId(first)];
        while next != START {
            path.push(BlockId(next));
            next = guide.ahead(next)?.0;
        }
        Some(path)
    }

    /// The nominal time of the shortest way between two berths in microseconds, read off a tree; none
    /// where there is no way, or no tree.
    pub(crate) fn nominal(&mut self, track: &Track, from: BerthId, to: BerthId) -> Option<u32> {
        let guide = self.guide(track, to)?;
        let starts = &track.berth(from).leaves_to;
        starts
            .iter()
            .filter_map(|block| guide.ahead(block.0).map(|(_, cost)| cost))
            .min()
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
        let guide = match to {
            [only] => self.guide(track, *only),
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
        let ahead = |b: u32| match &guide {
            Some(guide) => guide
                .ahead(b)
                .map(|(_, cost)| cost.saturating_sub(costs[b as usize])),
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

/// Blocks that can only be reached from a berth over blocks of the same sort.
fn exits(track: &Track, before: &[Vec<u32>]) -> Vec<bool> {
    let mut open: Vec<usize> = before.iter().map(Vec::len).collect();
    let mut exits = vec![false; before.len()];
    let mut stack: Vec<u32> = (0..before.len() as u32)
        .filter(|b| open[*b as usize] == 0)
        .collect();
    while let Some(b) = stack.pop() {
        exits[b as usize] = true;
        for next in &track.blocks[b as usize].next {
            open[next.index()] -= 1;
            if open[next.index()] == 0 {
                stack.push(next.0);
            }
        }
    }
    exits
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::layouts::{self, Plan};

    #[test]
    fn guided_ways_are_as_short_as_plainly_searched_ones() {
        let track = layouts::streets(Plan::default(), 4, 6, 3, 60, 44).unwrap();
        let mut routes = Routes::new(&track);
        let total = |routes: &Routes, path: &[BlockId]| -> u32 {
            path.iter().map(|b| routes.costs[b.index()]).sum()
        };
        for from in &track.berths {
            for to in &track.berths {
                if from.id == to.id {
                    continue;
                }
                let guided = routes.first(&track, from.id, to.id).unwrap();
                let starts: Vec<_> = from
                    .leaves_to
                    .iter()
                    .map(|b| (*b, routes.costs[b.index()]))
                    .collect();
                // Two goals, though the same: no guide leads the search.
                let goals = [to.id, to.id];
                let (plain, _) = routes
                    .search(&track, &starts, &goals, u32::MAX, |_, cost| Some(cost))
                    .unwrap();
                assert_eq!(total(&routes, &guided), total(&routes, &plain));
                for pair in guided.windows(2) {
                    assert!(track.block(pair[0]).next.contains(&pair[1]));
                }
            }
        }
        assert!(routes.trees.len() < track.berths.len());
    }
}
