//! Tabu search on one solution.

use super::graph::{Code, Flat, Graph, Op};
use super::moves::{Move, Scratch, anywhere, blocks, path};
use crate::planner::Draw;

/// Operations of a longest path that are looked at in a flexible shop, at most.
const LOOK: usize = 60;

/// What may not be done again for a while.
pub(super) struct Memory {
    plain: bool,
    /// Plain: by machine, operation and other operation: until when it may not be put before the other
    /// again. Flexible: by operation and machine, until when it may not go there.
    until: Vec<u64>,
    rank: Vec<u32>,
    base: Vec<usize>,
    width: Vec<u32>,
    now: u64,
}

impl Memory {
    pub(super) fn new(flat: &Flat, plain: bool) -> Self {
        let mut width = vec![0_u32; flat.machines];
        let mut rank = vec![0; flat.ops];
        let mut base = vec![0; flat.machines];
        if !plain {
            return Self {
                plain,
                until: vec![0; flat.ops * flat.machines],
                rank,
                base,
                width,
                now: 0,
            };
        }
        for (rank, options) in rank.iter_mut().zip(&flat.options) {
            let machine = options[0].0 as usize;
            *rank = width[machine];
            width[machine] += 1;
        }
        let mut cells = 0;
        for machine in 0..flat.machines {
            base[machine] = cells;
            cells += (width[machine] as usize).pow(2);
        }
        Self {
            plain,
            until: vec![0; cells],
            rank,
            base,
            width,
            now: 0,
        }
    }

    fn cell(&self, machine: u32, first: Op, second: Op) -> usize {
        let m = machine as usize;
        self.base[m]
            + self.rank[first as usize] as usize * self.width[m] as usize
            + self.rank[second as usize] as usize
    }

    /// Whether a move brings back what was left not long ago.
    fn forbids(&self, graph: &Graph, step: &Move) -> bool {
        if !self.plain {
            let flat = graph.flat;
            return self.until[step.op as usize * flat.machines + step.machine as usize] > self.now;
        }
        // The orders that it makes: of the moved one and those that it passes.
        let mut other = step.over;
        loop {
            let cell = if step.later {
                self.cell(step.machine, other, step.op)
            } else {
                self.cell(step.machine, step.op, other)
            };
            if self.until[cell] > self.now {
                return true;
            }
            other = if step.later {
                graph.pm[other as usize]
            } else {
                graph.sm[other as usize]
            };
            if other == step.op {
                return false;
            }
        }
    }

    /// Remembers what a move leaves, before it is done.
    fn remember(&mut self, graph: &Graph, step: &Move, long: u64) {
        let until = self.now + long;
        if !self.plain {
            let old = graph.machine[step.op as usize] as usize;
            self.until[step.op as usize * graph.flat.machines + old] = until;
            return;
        }
        let mut other = step.over;
        while other != step.op {
            let cell = if step.later {
                self.cell(step.machine, step.op, other)
            } else {
                self.cell(step.machine, other, step.op)
            };
            self.until[cell] = until;
            other = if step.later {
                graph.pm[other as usize]
            } else {
                graph.sm[other as usize]
            };
        }
    }
}

/// When a search ends.
pub(super) struct Limits<'a> {
    pub(super) go_on: &'a mut dyn FnMut() -> bool,
    /// Moves without a better solution.
    pub(super) patience: u64,
    /// Moves in all; counted down.
    pub(super) budget: &'a mut u64,
    /// No solution is better.
    pub(super) bound: i64,
}

/// The best solution from a start on; whether it was the clock that ended the search.
pub(super) fn tabu(
    graph: &mut Graph,
    memory: &mut Memory,
    scratch: &mut Scratch,
    draw: &mut Draw,
    limits: &mut Limits,
) -> (Code, i64, bool) {
    let flat = graph.flat;
    let jobs = flat.first.len() - 1;
    let mut best = graph.code();
    let mut best_makespan = graph.makespan;
    let mut idle = 0;
    memory.now += 1 << 20;
    // Zhang et al. 2007: ten and the ratio of jobs to machines, up to half as much again.
    let least = 10 + jobs / flat.machines;
    let more = if jobs <= 2 * flat.machines {
        least * 2 / 5
    } else {
        least / 2
    };
    while idle < limits.patience && best_makespan > limits.bound {
        if *limits.budget == 0 || idle % 128 == 0 && !(limits.go_on)() {
            return (best, best_makespan, true);
        }
        *limits.budget -= 1;
        memory.now += 1;
        idle += 1;
        path(graph, draw, &mut scratch.path);
        if memory.plain {
            blocks(graph, scratch);
        } else {
            anywhere(graph, scratch, draw, LOOK);
        }
        let mut chosen: Option<Move> = None;
        let mut ties = 0;
        for step in &scratch.moves {
            if let Some(other) = &chosen
                && step.estimate > other.estimate
            {
                continue;
            }
            if memory.forbids(graph, step) && step.estimate >= best_makespan {
                continue;
            }
            if chosen.as_ref().is_none_or(|c| step.estimate < c.estimate) {
                ties = 0;
            }
            ties += 1;
            if draw.below(ties) == 0 {
                chosen = Some(*step);
            }
        }
        let step = match chosen {
            Some(step) => step,
            None if scratch.moves.is_empty() => break,
            None => scratch.moves[draw.below(scratch.moves.len())],
        };
        let long = if memory.plain {
            least + draw.below(more + 1)
        } else {
            let path = scratch.path.len();
            6 + draw.below(path.max(4))
        };
        memory.remember(graph, &step, long as u64);
        if !graph.shift(step.op, step.machine, step.left) {
            continue;
        }
        if graph.makespan < best_makespan {
            best_makespan = graph.makespan;
            best.order.clone_from(&graph.topo);
            best.machine.clone_from(&graph.machine);
            idle = 0;
        }
    }
    (best, best_makespan, false)
}
