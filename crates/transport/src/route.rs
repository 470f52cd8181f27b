//! Ways through the track: shortest by time, from a berth or from a spot on the way.

use crate::builder::TrackError;
use crate::geometry::Curve;
use crate::track::{Block, Track};
use quantity::{BerthId, BlockId};
use std::cmp::Reverse;
use std::collections::BinaryHeap;

/// Speed and acceleration of the ride by which ways are compared: a plate on a long way.
const NOMINAL_SPEED: f64 = 1.5;
const NOMINAL_ACCELERATION: f64 = 3.0;
/// What a sharp corner costs in seconds: slowing down for it and up again.
const CORNER_COST: f64 = 0.5;

/// Nominal time over a block in microseconds.
fn cost(block: &Block) -> u64 {
    let length = block.length.as_m();
    let seconds = match block.curve {
        Curve::Line { .. } => length / NOMINAL_SPEED,
        Curve::Arc { radius, .. } => {
            let speed = (crate::run::LATERAL_SHARE * NOMINAL_ACCELERATION * radius).sqrt();
            length / speed.min(NOMINAL_SPEED)
        }
        Curve::Corner { .. } => length / NOMINAL_SPEED + CORNER_COST,
    };
    (seconds * 1e6) as u64 + 1
}

/// Costs of all blocks of a track and the tree of shortest ways from one place.
#[derive(Clone, Debug)]
pub(crate) struct Costs(Vec<u64>);

impl Costs {
    pub(crate) fn new(track: &Track) -> Self {
        Self(track.blocks.iter().map(cost).collect())
    }

    /// The same with some blocks several times as dear.
    pub(crate) fn dearer(&self, blocks: &[BlockId], factor: u64) -> Self {
        let mut costs = self.clone();
        for block in blocks {
            costs.0[block.index()] *= factor;
        }
        costs
    }
}

/// Shortest ways from one place: for each block the one before it, and the cost to its end.
#[derive(Clone, Debug)]
pub(crate) struct Tree {
    before: Vec<u32>,
    cost: Vec<u64>,
}

const NONE: u32 = u32::MAX;
const START: u32 = u32::MAX - 1;

impl Tree {
    /// From any of `starts`, each with its cost so far, never through a closed block.
    pub(crate) fn from(
        track: &Track,
        costs: &Costs,
        starts: impl IntoIterator<Item = (BlockId, u64)>,
        closed: impl Fn(&Block) -> bool,
    ) -> Self {
        let n = track.blocks.len();
        let mut tree = Self {
            before: vec![NONE; n],
            cost: vec![u64::MAX; n],
        };
        let mut heap = BinaryHeap::new();
        for (block, so_far) in starts {
            if so_far < tree.cost[block.index()] {
                tree.cost[block.index()] = so_far;
                tree.before[block.index()] = START;
                heap.push(Reverse((so_far, block.0)));
            }
        }
        while let Some(Reverse((so_far, b))) = heap.pop() {
            if so_far > tree.cost[b as usize] {
                continue;
            }
            for next in &track.blocks[b as usize].next {
                let block = &track.blocks[next.index()];
                let total = so_far + costs.0[next.index()];
                if total < tree.cost[next.index()] && !closed(block) {
                    tree.cost[next.index()] = total;
                    tree.before[next.index()] = b;
                    heap.push(Reverse((total, next.0)));
                }
            }
        }
        tree
    }

    /// The tree from a berth.
    pub(crate) fn from_berth(
        track: &Track,
        costs: &Costs,
        berth: BerthId,
        closed: impl Fn(&Block) -> bool,
    ) -> Self {
        let starts: Vec<(BlockId, u64)> = track
            .berth(berth)
            .leaves_to
            .iter()
            .filter(|b| !closed(track.block(**b)))
            .map(|b| (*b, costs.0[b.index()]))
            .collect();
        Self::from(track, costs, starts, closed)
    }

    /// The cost to a berth, if there is a way.
    pub(crate) fn cost_to(&self, track: &Track, berth: BerthId) -> Option<u64> {
        self.last(track, berth).map(|b| self.cost[b.index()])
    }

    fn last(&self, track: &Track, berth: BerthId) -> Option<BlockId> {
        track
            .berth(berth)
            .entered_from
            .iter()
            .copied()
            .filter(|b| self.cost[b.index()] < u64::MAX)
            .min_by_key(|b| (self.cost[b.index()], b.0))
    }

    /// The blocks of the way to a berth.
    pub(crate) fn path(&self, track: &Track, berth: BerthId) -> Option<Vec<BlockId>> {
        let mut at = self.last(track, berth)?.0;
        let mut path = vec![BlockId(at)];
        while self.before[at as usize] != START {
            at = self.before[at as usize];
            path.push(BlockId(at));
        }
        path.reverse();
        Some(path)
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
    let costs = Costs::new(track);
    let tree = Tree::from_berth(track, &costs, BerthId(0), |_| false);
    for berth in &track.berths {
        if tree.cost_to(track, berth.id).is_none() && track.berths.len() > 1 {
            return no_way(0, berth.id.index());
        }
    }
    // Backwards: blocks from which the first berth can be reached.
    let n = track.blocks.len();
    let mut before: Vec<Vec<usize>> = vec![Vec::new(); n];
    for block in &track.blocks {
        for next in &block.next {
            before[next.index()].push(block.id.index());
        }
    }
    let mut reaches = vec![false; n];
    let mut stack: Vec<usize> = track.berths[0]
        .entered_from
        .iter()
        .map(|b| b.index())
        .collect();
    for &b in &stack {
        reaches[b] = true;
    }
    while let Some(b) = stack.pop() {
        for &p in &before[b] {
            if !reaches[p] {
                reaches[p] = true;
                stack.push(p);
            }
        }
    }
    for berth in &track.berths[1..] {
        if !berth.leaves_to.iter().any(|b| reaches[b.index()]) {
            return no_way(berth.id.index(), 0);
        }
    }
    Ok(())
}
