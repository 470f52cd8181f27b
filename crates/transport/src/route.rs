//! Ways through the track: shortest by nominal time, from a berth or from a spot on the way.
//!
//! A berth on a street can only be reached over the street's beginning, apart from berths on the same
//! street that let out before it. So one tree of shortest ways to that beginning serves all berths
//! of the street, each with the rest of the way of its own; a way is then read off. Other ways (a
//! second one, or one round obstacles) are searched for with A* (Hart, Nilsson and Raphael 1968),
//! led by the tree where there is one.

use crate::builder::TrackError;
use crate::geometry::Curve;
use crate::stems::{NONE, Stems};
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
/// Trees of shortest ways kept, as forks in all of them (8 bytes each).
const TREE_FORKS_MAX: usize = 24_000_000;

/// Blocks of a way for which room is made at once.
const WAY_BLOCKS: usize = 128;

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

/// Shortest ways to one block or a few: for each fork the next block, and the cost from its start to
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
    /// The last blocks before the berth, each with its cost.
    goals: Vec<(u32, u32)>,
}

impl Guide {
    /// The next block and the cost from a block's start to the end of the last block before the
    /// berth; none where the berth cannot be reached.
    fn ahead(&self, stems: &Stems, block: u32) -> Option<(u32, u32)> {
        let (fork, down) = stems.fork_of(block);
        let direct = self
            .goals
            .iter()
            .filter(|(goal, _)| stems.passes(block, *goal))
            .map(|(goal, cost)| (down - stems.fork_of(*goal).1 + cost, *goal))
            .min();
        if let Some((cost, goal)) = direct {
            let next = stems.next(block).filter(|_| block != goal);
            return Some((next.unwrap_or(START), cost));
        }
        let beyond = self.tree.cost[fork as usize];
        (beyond < u32::MAX).then(|| {
            let next = stems.next(block).unwrap_or(self.tree.next[fork as usize]);
            (next, down.saturating_add(beyond).saturating_add(self.rest))
        })
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
    /// Blocks with one way on, on which only a mover from a berth can be, before it has met any
    /// other way.
    exits: Vec<bool>,
    stems: Stems,
    /// Trees by the blocks to which they lead.
    trees: HashMap<Vec<u32>, Arc<Tree>>,
    /// Guides by the berths to which they lead.
    guides: Vec<Option<Arc<Guide>>>,
    scratch: Scratch,
}

/// Arrays for a search, valid where the stamp is the current one.
#[derive(Clone, Debug)]
struct Scratch {
    stamp: Vec<u32>,
    cost: Vec<u32>,
    /// The fork from which a block was reached, and the block after that.
    from: Vec<(u32, u32)>,
    generation: u32,
    /// Estimate of the whole way, what is ahead of it (of equal ones the nearest to the goal goes
    /// first), and the block.
    heap: BinaryHeap<Reverse<(u32, u32, u32)>>,
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
        let costs: Vec<u32> = track.blocks.iter().map(cost).collect();
        Self {
            exits: exits(track, &before),
            stems: Stems::new(track, &costs, &before),
            costs,
            before,
            trees: HashMap::new(),
            guides: vec![None; track.berths.len()],
            scratch: Scratch {
                stamp: vec![0; n],
                cost: vec![0; n],
                from: vec![(0, 0); n],
                generation: 0,
                heap: BinaryHeap::new(),
            },
        }
    }

    /// The guide to a berth; none where there are trees enough already.
    fn guide(&mut self, track: &Track, to: BerthId) -> Option<Arc<Guide>> {
        if let Some(guide) = &self.guides[to.index()] {
            return Some(Arc::clone(guide));
        }
        let goals = &track.berth(to).entered_from;
        let (roots, rest) = match goals.as_slice() {
            [goal] => {
                let (root, rest) = self.street(goal.0);
                (vec![root], rest)
            }
            _ => (goals.iter().map(|b| b.0).collect(), 0),
        };
        let guide = Arc::new(Guide {
            tree: self.tree(roots)?,
            rest,
            goals: goals
                .iter()
                .map(|goal| (goal.0, self.costs[goal.index()]))
                .collect(),
        });
        self.guides[to.index()] = Some(Arc::clone(&guide));
        Some(guide)
    }

    /// The beginning of the street that ends in a block: back along blocks that are entered from
    /// one block and from berths only, as far as there is nothing to choose. With the cost from the
    /// beginning's end to the block's end.
    fn street(&self, goal: u32) -> (u32, u32) {
        let (mut at, mut total) = (goal, 0_u32);
        loop {
            let mut ways = self.before[at as usize]
                .iter()
                .filter(|b| !self.exits[**b as usize]);
            let (Some(&only), None) = (ways.next(), ways.next()) else {
                return (at, total);
            };
            if self.stems.next(only) != Some(at) {
                return (at, total);
            }
            total = total.saturating_add(self.costs[at as usize]);
            at = only;
        }
    }

    fn tree(&mut self, roots: Vec<u32>) -> Option<Arc<Tree>> {
        if let Some(tree) = self.trees.get(&roots) {
            return Some(Arc::clone(tree));
        }
        let n = self.stems.forks();
        if (self.trees.len() + 1) * n > TREE_FORKS_MAX {
            return None;
        }
        let mut tree = Tree {
            next: vec![NONE; n],
            cost: vec![u32::MAX; n],
        };
        let mut heap = BinaryHeap::new();
        let offer = |fork: u32, next: u32, cost: u32, tree: &mut Tree, heap: &mut BinaryHeap<_>| {
            if cost < tree.cost[fork as usize] {
                tree.cost[fork as usize] = cost;
                tree.next[fork as usize] = next;
                heap.push(Reverse((cost, fork)));
            }
        };
        for &root in &roots {
            let own = self.costs[root as usize];
            let (fork, below) = self.stems.fork_of(root);
            if self.stems.next(root).is_none() {
                offer(fork, START, own, &mut tree, &mut heap);
            }
            // Forks with a stem over the root.
            let mut back = vec![root];
            while let Some(b) = back.pop() {
                for &p in &self.before[b as usize] {
                    if self.stems.next(p).is_some() {
                        back.push(p);
                    } else {
                        let cost = self.costs[p as usize] + (self.stems.fork_of(b).1 - below) + own;
                        offer(self.stems.fork_of(p).0, b, cost, &mut tree, &mut heap);
                    }
                }
            }
        }
        while let Some(Reverse((so_far, fork))) = heap.pop() {
            if so_far > tree.cost[fork as usize] {
                continue;
            }
            for &(from, next, cost) in self.stems.ways_to(fork) {
                offer(
                    from,
                    next,
                    so_far.saturating_add(cost),
                    &mut tree,
                    &mut heap,
                );
            }
        }
        let tree = Arc::new(tree);
        self.trees.insert(roots, Arc::clone(&tree));
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
            return self.search_to(track, from, to, u32::MAX, |_| false);
        };
        let (_, first, mut next) = track
            .berth(from)
            .leaves_to
            .iter()
            .filter_map(|b| {
                let (next, cost) = guide.ahead(&self.stems, b.0)?;
                Some((cost, b.0, next))
            })
            .min()?;
        let mut path = Vec::with_capacity(WAY_BLOCKS);
        path.push(BlockId(first));
        while next != START {
            path.push(BlockId(next));
            // Up to a fork there is nothing to choose, unless the berth comes before it.
            let mut at = next;
            while guide
                .goals
                .iter()
                .all(|(goal, _)| !self.stems.passes(at, *goal))
                && let Some(only) = self.stems.next(at)
            {
                path.push(BlockId(only));
                at = only;
            }
            next = guide.ahead(&self.stems, at)?.0;
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
            .filter_map(|block| guide.ahead(&self.stems, block.0).map(|(_, cost)| cost))
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
        self.search_to(track, from, to, DETOUR_COST_MAX, |block| {
            block.zone == zone || track.node(block.from).zone == Some(zone)
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
        self.search_to(track, from, to, u32::MAX, closed)
    }

    fn search_to(
        &mut self,
        track: &Track,
        from: BerthId,
        to: BerthId,
        extra: u32,
        closed: impl Fn(&Block) -> bool,
    ) -> Option<Vec<BlockId>> {
        let starts: Vec<(BlockId, u32)> = track
            .berth(from)
            .leaves_to
            .iter()
            .filter(|b| !closed(track.block(**b)))
            .map(|b| (*b, self.costs[b.index()]))
            .collect();
        self.search(track, &starts, &[to], extra, closed)
            .map(|(path, _)| path)
    }

    /// The nearest of some berths from any of some blocks, each with what it costs to pass it, over
    /// blocks that are not closed. Nothing dearer than the first guess and `extra` is looked at.
    pub(crate) fn search(
        &mut self,
        track: &Track,
        starts: &[(BlockId, u32)],
        to: &[BerthId],
        extra: u32,
        closed: impl Fn(&Block) -> bool,
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
        let (costs, stems) = (&self.costs, &self.stems);
        // What is still ahead after a block, at least; nothing where it cannot be reached.
        let ahead = |b: u32| match &guide {
            Some(guide) => guide
                .ahead(stems, b)
                .map(|(_, cost)| cost.saturating_sub(costs[b as usize])),
            None => Some(0),
        };
        let Scratch {
            stamp,
            cost: best,
            from,
            generation,
            heap,
        } = &mut self.scratch;
        *generation += 1;
        let now = *generation;
        heap.clear();
        // On from a block, `so_far` at its end, to a goal or where there is a choice.
        let mut follow = |first: u32,
                          so_far: u32,
                          before: u32,
                          heap: &mut BinaryHeap<_>,
                          best: &mut Vec<u32>,
                          from: &mut Vec<(u32, u32)>| {
            let (mut b, mut so_far) = (first, so_far);
            while goals.binary_search_by_key(&b, |goal| goal.0).is_err() {
                let Some(next) = stems.next(b) else { break };
                if closed(&track.blocks[next as usize]) {
                    return;
                }
                b = next;
                so_far = so_far.saturating_add(costs[b as usize]);
            }
            let i = b as usize;
            if (stamp[i] != now || so_far < best[i])
                && let Some(rest) = ahead(b)
            {
                stamp[i] = now;
                best[i] = so_far;
                from[i] = (before, first);
                heap.push(Reverse((so_far.saturating_add(rest), rest, b)));
            }
        };
        for (block, so_far) in starts {
            follow(block.0, *so_far, START, heap, best, from);
        }
        let most = heap
            .peek()
            .map_or(0, |Reverse((estimate, ..))| estimate.saturating_add(extra));
        while let Some(Reverse((estimate, rest, b))) = heap.pop() {
            if estimate > most {
                return None;
            }
            let so_far = best[b as usize];
            if estimate > so_far.saturating_add(rest) {
                continue;
            }
            if let Ok(i) = goals.binary_search_by_key(&b, |goal| goal.0) {
                return Some((way_back(stems, from, b), goals[i].1));
            }
            for next in &track.blocks[b as usize].next {
                if !closed(track.block(*next)) {
                    let so_far = so_far.saturating_add(costs[next.index()]);
                    follow(next.0, so_far, b, heap, best, from);
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
        self.search(track, &starts, to, u32::MAX, |_| false)
            .map(|(_, berth)| berth)
    }
}

/// The way on which a search came to a block.
fn way_back(stems: &Stems, from: &[(u32, u32)], goal: u32) -> Vec<BlockId> {
    let mut path = Vec::new();
    let mut end = goal;
    while end != START {
        let (before, first) = from[end as usize];
        // Stems can only be followed forwards.
        let begun = path.len();
        let mut b = first;
        path.push(BlockId(b));
        while b != end
            && let Some(next) = stems.next(b)
        {
            b = next;
            path.push(BlockId(b));
        }
        path[begun..].reverse();
        end = before;
    }
    path.reverse();
    path
}

/// Blocks with one way on that can only be reached from a berth over blocks of the same sort.
fn exits(track: &Track, before: &[Vec<u32>]) -> Vec<bool> {
    let mut open: Vec<usize> = before.iter().map(Vec::len).collect();
    let mut exits = vec![false; before.len()];
    let mut stack: Vec<u32> = (0..before.len() as u32)
        .filter(|b| open[*b as usize] == 0)
        .collect();
    while let Some(b) = stack.pop() {
        if track.blocks[b as usize].next.len() != 1 {
            continue;
        }
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
                    .search(&track, &starts, &goals, u32::MAX, |_| false)
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
