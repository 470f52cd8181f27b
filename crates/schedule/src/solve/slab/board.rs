//! Placing blocks in an order: as early as they can be, or as late.

use super::model::Model;
use crate::grid::Grid;
use crate::line::{FAR, Line};
use crate::pattern::Need;

/// A schedule under construction.
pub(super) struct Board<'a> {
    pub(super) model: &'a Model,
    lines: Vec<Grid>,
    /// Begin of every operation of every block.
    pub(super) times: Vec<Vec<i64>>,
}

impl<'a> Board<'a> {
    pub(super) fn new(model: &'a Model) -> Self {
        Self {
            lines: model.capacities.iter().map(|&c| Grid::new(c)).collect(),
            times: vec![Vec::new(); model.blocks.len()],
            model,
        }
    }

    fn clear(&mut self) {
        self.lines.iter_mut().for_each(Grid::clear);
        for times in &mut self.times {
            times.clear();
        }
    }

    /// Takes the needs of a block if they really fit together.
    fn take(&mut self, needs: &[Need], times: &[i64]) -> bool {
        for (index, need) in needs.iter().enumerate() {
            let (from, until) = need.span(times);
            let line = &mut self.lines[need.line as usize];
            if from < 0 || line.fit(from, until, 1) != from {
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

    /// Places all blocks as early as they can be, in this order. The makespan; none if one fits nowhere.
    pub(super) fn forward(&mut self, order: &[usize], variant: &[usize]) -> Option<i64> {
        let model = self.model;
        self.clear();
        let mut makespan = 0;
        for &b in order {
            let block = &model.blocks[b];
            let mut placed = false;
            for turn in 0..block.variants.len() {
                let pattern = &block.variants[(variant[b] + turn) % block.variants.len()];
                let mut times = std::mem::take(&mut self.times[b]);
                times.resize(block.ops.len(), 0);
                for node in 0..times.len() {
                    let value = times[node];
                    pattern.net.raise(&mut times, node, value);
                }
                for &(node, other, there, least) in &block.after {
                    let value = self.times[other][there] + least;
                    pattern.net.raise(&mut times, node, value);
                }
                let fits = pattern
                    .earliest(&self.lines, &mut times, 0, i64::MIN, FAR)
                    .is_ok();
                if fits && self.take(&pattern.needs, &times) {
                    for (&o, &t) in block.ops.iter().zip(&times) {
                        makespan = makespan.max(t + model.times[o]);
                    }
                    self.times[b] = times;
                    placed = true;
                    break;
                }
            }
            if !placed {
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
                let pattern = &block.variants[(variant[b] + turn) % block.variants.len()];
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
                if fits && self.take(&pattern.needs, &times) {
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
