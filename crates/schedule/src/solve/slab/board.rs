//! Placing blocks in an order: as early as they can be, or as late.

use super::model::{Model, Variant};
use crate::grid::Grid;
use crate::line::{FAR, Line};
use crate::pattern::Need;

/// What a schedule is made from.
#[derive(Clone, Default)]
pub(super) struct Recipe {
    /// Blocks with lower keys are placed first.
    pub(super) key: Vec<i64>,
    /// Which of its patterns a block is placed by, if that fits.
    pub(super) variant: Vec<usize>,
    pub(super) holds: Vec<Hold>,
}

/// An operation that waits, although it may not have to, until one of another block is done.
///
/// A block goes as early as it can be among the blocks placed before it. With greatest lags within
/// blocks, an order alone doesn't reach every schedule that matters: what could begin earlier may have
/// to leave the place to a block that can only come there later.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) struct Hold {
    pub(super) block: usize,
    pub(super) node: usize,
    /// Block and node that it waits for, where these are placed before it.
    pub(super) behind: (usize, usize),
}

/// A block as it was placed going forward, and the makespan up to it.
#[derive(Clone, Copy)]
struct Step {
    block: usize,
    /// The pattern that it was to be placed by, and the one that it was placed by.
    variant: usize,
    used: usize,
    makespan: i64,
}

/// A schedule under construction.
pub(super) struct Board<'a> {
    pub(super) model: &'a Model,
    lines: Vec<Grid>,
    /// Begin of every operation of every block.
    pub(super) times: Vec<Vec<i64>>,
    /// What is on the timetables, if it was placed going forward.
    steps: Vec<Step>,
    holds: Vec<Hold>,
}

impl<'a> Board<'a> {
    pub(super) fn new(model: &'a Model) -> Self {
        Self {
            lines: model.capacities.iter().map(|&c| Grid::new(c)).collect(),
            times: vec![Vec::new(); model.blocks.len()],
            model,
            steps: Vec::new(),
            holds: Vec::new(),
        }
    }

    /// Takes everything off.
    pub(super) fn clear(&mut self) {
        self.lines.iter_mut().for_each(Grid::clear);
        self.steps.clear();
        for times in &mut self.times {
            times.clear();
        }
    }

    /// Takes the needs of a block, each of which fits, if they fit together.
    fn take(&mut self, variant: &Variant, times: &[i64]) -> bool {
        let needs: &[Need] = &variant.pattern.needs;
        for (index, need) in needs.iter().enumerate() {
            let (from, until) = need.span(times);
            let line = &mut self.lines[need.line as usize];
            if from < 0 || variant.shares && line.fit(from, until, 1) != from {
                for need in &needs[..index] {
                    let (from, until) = need.span(times);
                    self.lines[need.line as usize].give(from, until, 1);
                }
                return false;
            }
            line.take(from, until, 1);
        }
        true
    }

    /// Keeps what this order begins with, as it was placed the last time; how many blocks that are.
    fn rewind(&mut self, order: &[usize], recipe: &Recipe) -> usize {
        if self.steps.is_empty() {
            self.times.iter_mut().for_each(Vec::clear);
        }
        let held = |holds: &[Hold], b: usize| -> Vec<Hold> {
            holds.iter().filter(|h| h.block == b).copied().collect()
        };
        let changed = self.holds != recipe.holds;
        let same = self
            .steps
            .iter()
            .zip(order)
            .take_while(|&(step, &b)| {
                step.block == b
                    && step.variant == recipe.variant[b]
                    && (!changed || held(&self.holds, b) == held(&recipe.holds, b))
            })
            .count();
        for step in self.steps.drain(same..) {
            let b = step.block;
            for need in &self.model.blocks[b].variants[step.used].pattern.needs {
                let (from, until) = need.span(&self.times[b]);
                self.lines[need.line as usize].give(from, until, 1);
            }
            self.times[b].clear();
        }
        self.holds.clone_from(&recipe.holds);
        same
    }

    /// Places all blocks as early as they can be, in this order. The makespan; none if one fits nowhere,
    /// or as soon as it is sure to be above `most`.
    pub(super) fn forward(&mut self, order: &[usize], recipe: &Recipe, most: i64) -> Option<i64> {
        let model = self.model;
        let same = self.rewind(order, recipe);
        let mut makespan = self.steps.last().map_or(0, |s| s.makespan);
        for &b in &order[same..] {
            let block = &model.blocks[b];
            let mut placed = None;
            for turn in 0..block.variants.len() {
                let used = (recipe.variant[b] + turn) % block.variants.len();
                let variant = &block.variants[used];
                let pattern = &variant.pattern;
                let mut times = std::mem::take(&mut self.times[b]);
                times.clone_from(&variant.earliest);
                for &(node, other, there, least) in &block.after {
                    let value = self.times[other][there] + least;
                    if value > times[node] {
                        pattern.net.raise(&mut times, node, value);
                    }
                }
                for hold in recipe.holds.iter().filter(|h| h.block == b) {
                    let (other, there) = hold.behind;
                    if let Some(&begin) = self.times[other].get(there) {
                        let value = begin + model.takes(other, there);
                        pattern.net.raise(&mut times, hold.node, value);
                    }
                }
                let fits = pattern
                    .earliest(&self.lines, &mut times, 0, i64::MIN, FAR)
                    .is_ok();
                if fits && self.take(variant, &times) {
                    for (&o, &t) in block.ops.iter().zip(&times) {
                        makespan = makespan.max(t + model.times[o]);
                    }
                    self.times[b] = times;
                    placed = Some(used);
                    break;
                }
            }
            self.steps.push(Step {
                block: b,
                variant: recipe.variant[b],
                used: placed?,
                makespan,
            });
            let late = |(t, tail): (&i64, &i64)| t + tail > most;
            if self.times[b].iter().zip(&block.tails).any(late) {
                return None;
            }
        }
        Some(makespan)
    }

    /// Places all blocks as late as they can be before `end`, in this order. Whether that went well.
    pub(super) fn backward(&mut self, order: &[usize], variant: &[usize], end: i64) -> bool {
        let model = self.model;
        self.clear();
        for &b in order {
            let block = &model.blocks[b];
            let mut placed = false;
            for turn in 0..block.variants.len() {
                let variant = &block.variants[(variant[b] + turn) % block.variants.len()];
                let pattern = &variant.pattern;
                let mut times = std::mem::take(&mut self.times[b]);
                times.resize(block.ops.len(), FAR);
                for (node, &o) in block.ops.iter().enumerate() {
                    pattern.net.lower(&mut times, node, end - model.times[o]);
                }
                for &(node, other, there, least) in &block.before {
                    let value = self.times[other][there] - least;
                    pattern.net.lower(&mut times, node, value);
                }
                let fits = pattern
                    .latest(&self.lines, &mut times, 0, i64::MIN)
                    .is_some();
                if fits && self.take(variant, &times) {
                    self.times[b] = times;
                    placed = true;
                    break;
                }
            }
            if !placed {
                return false;
            }
        }
        true
    }

    pub(super) fn first(&self, block: usize) -> i64 {
        self.times[block].iter().copied().min().unwrap_or(0)
    }

    pub(super) fn last(&self, block: usize) -> i64 {
        self.model.blocks[block]
            .ops
            .iter()
            .zip(&self.times[block])
            .map(|(&o, &t)| t + self.model.times[o])
            .max()
            .unwrap_or(0)
    }
}

/// Sorts blocks by keys that change little from one time to the next, but puts none before what it waits for.
pub(super) struct Sorter {
    pub(super) order: Vec<usize>,
    /// The greatest key of each block and those that it waits for.
    late: Vec<i64>,
}

impl Sorter {
    pub(super) fn new(model: &Model) -> Self {
        Self {
            order: model.ranks.1.clone(),
            late: vec![0; model.blocks.len()],
        }
    }

    pub(super) fn sort(&mut self, model: &Model, key: &[i64]) {
        let (rank, ranked) = &model.ranks;
        for &b in ranked {
            let others = model.blocks[b].after.iter().map(|link| self.late[link.1]);
            self.late[b] = others.fold(key[b], i64::max);
        }
        // By insertion, as most are where they were.
        let place = |b: usize, late: &[i64]| (late[b], rank[b]);
        for i in 1..self.order.len() {
            let b = self.order[i];
            let mut at = i;
            while at > 0 && place(self.order[at - 1], &self.late) > place(b, &self.late) {
                self.order[at] = self.order[at - 1];
                at -= 1;
            }
            self.order[at] = b;
        }
    }
}

/// Sorts by a key, but puts nothing before what it waits for.
pub(super) fn sorted(model: &Model, key: &[i64], backward: bool) -> Vec<usize> {
    let mut left: Vec<usize> = model
        .blocks
        .iter()
        .map(|b| {
            if backward {
                b.before.len()
            } else {
                b.after.len()
            }
        })
        .collect();
    let mut heap: std::collections::BinaryHeap<std::cmp::Reverse<(i64, usize)>> = left
        .iter()
        .enumerate()
        .filter(|&(_, &count)| count == 0)
        .map(|(b, _)| std::cmp::Reverse((key[b], b)))
        .collect();
    let mut order = Vec::with_capacity(key.len());
    while let Some(std::cmp::Reverse((_, b))) = heap.pop() {
        order.push(b);
        let block = &model.blocks[b];
        for link in if backward {
            &block.after
        } else {
            &block.before
        } {
            left[link.1] -= 1;
            if left[link.1] == 0 {
                heap.push(std::cmp::Reverse((key[link.1], link.1)));
            }
        }
    }
    order
}
