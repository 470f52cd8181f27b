//! Solving job shops and flexible job shops for the least makespan.
//!
//! Tabu search from several starts, and from mixtures of the best solutions so far (path relinking, as
//! in Peng, Lü and Cheng, A tabu search/path relinking algorithm to solve the job shop scheduling
//! problem, Computers & Operations Research 53, 2015). A mixture is made on linear orders: sorted by a
//! weighted mean of the places in both, which keeps every order that both agree on and can't make a
//! circle.

mod bound;
mod dispatch;
mod graph;
mod moves;
mod tabu;

pub use bound::job_shop_bound;

use super::Effort;
use crate::formats::jobshop::{JobShop, Solution};
use crate::planner::Draw;
use dispatch::dispatch;
use graph::{Code, Flat, Graph};
use moves::Scratch;
use quantity::Seed;
use tabu::{Limits, Memory, tabu};

/// Solutions that are kept to be mixed.
const ELITE: usize = 12;

/// Moves without progress before a search ends.
const PATIENCE: u64 = 8_000;

/// Solves an instance; the solution and how many moves were made.
pub fn job_shop(shop: &JobShop, name: &str, effort: Effort) -> (Solution, u64) {
    let flat = Flat::new(shop);
    let bound = job_shop_bound(shop);
    let mut draw = Draw::new(Seed(effort.seed).derive("job shop", 0));
    let mut budget = effort.iterations;
    let mut search = Search {
        flat: &flat,
        memory: Memory::new(&flat, shop.is_plain()),
        scratch: Scratch::default(),
        bound,
        patience: PATIENCE,
        go_on: effort.go_on,
        budget: &mut budget,
    };
    let best = search.run(&mut draw);
    let graph = Graph::new(&flat, &best);
    (graph.solution(name, bound), effort.iterations - budget)
}

struct Search<'a> {
    flat: &'a Flat,
    memory: Memory,
    scratch: Scratch,
    bound: i64,
    patience: u64,
    go_on: &'a mut dyn FnMut() -> bool,
    budget: &'a mut u64,
}

impl Search<'_> {
    fn run(&mut self, draw: &mut Draw) -> Code {
        // The best of some dispatched starts first: on large instances that may be all there is time for.
        let mut starts: Vec<(i64, Code)> = Vec::new();
        for turn in 0..ELITE {
            let code = dispatch(self.flat, turn, draw);
            let makespan = Graph::new(self.flat, &code).makespan;
            starts.push((makespan, code));
            if makespan <= self.bound || !(self.go_on)() {
                break;
            }
        }
        starts.sort_by_key(|s| s.0);
        let mut pool: Vec<(i64, Code)> = Vec::new();
        let mut over = false;
        for (_, code) in &starts {
            let (found, makespan, ended) = self.improve(code, draw);
            pool.push((makespan, found));
            over = ended || makespan <= self.bound;
            if over {
                break;
            }
        }
        while !over && pool.len() > 1 {
            let a = draw.below(pool.len());
            let b = (a + 1 + draw.below(pool.len() - 1)) % pool.len();
            let share = 0.2 + 0.6 * draw.below(1001) as f64 / 1000.0;
            let child = mix(self.flat, &pool[a].1, &pool[b].1, share, draw);
            let (found, makespan, ended) = self.improve(&child, draw);
            over = ended || makespan <= self.bound;
            // It takes the place of the worst, or of one that is the same.
            if let Some(same) = pool
                .iter()
                .position(|p| p.0 == makespan && distance(self.flat, &p.1, &found) < 8)
            {
                pool[same] = (makespan, found);
            } else if let Some(worst) = (0..pool.len()).max_by_key(|&i| pool[i].0)
                && makespan <= pool[worst].0
            {
                pool[worst] = (makespan, found);
            }
            let (low, high) = pool
                .iter()
                .fold((i64::MAX, 0), |(l, h), p| (l.min(p.0), h.max(p.0)));
            if low == high && !over {
                // All alike: new blood for all but one.
                self.patience += self.patience / 2;
                for index in 1..pool.len() {
                    let code = dispatch(self.flat, ELITE + index, draw);
                    let (found, makespan, ended) = self.improve(&code, draw);
                    if makespan < low || index > pool.len() / 2 {
                        pool[index] = (makespan, found);
                    }
                    over = ended;
                    if over {
                        break;
                    }
                }
            }
        }
        pool.into_iter()
            .min_by_key(|p| p.0)
            .map_or_else(|| dispatch(self.flat, 0, draw), |p| p.1)
    }

    fn improve(&mut self, code: &Code, draw: &mut Draw) -> (Code, i64, bool) {
        let mut graph = Graph::new(self.flat, code);
        let mut limits = Limits {
            go_on: &mut *self.go_on,
            patience: self.patience,
            budget: &mut *self.budget,
            bound: self.bound,
        };
        tabu(
            &mut graph,
            &mut self.memory,
            &mut self.scratch,
            draw,
            &mut limits,
        )
    }
}

/// A solution between two: `share` of the second.
fn mix(flat: &Flat, a: &Code, b: &Code, share: f64, draw: &mut Draw) -> Code {
    let mut key = vec![0.0; flat.ops];
    for (place, &op) in a.order.iter().enumerate() {
        key[op as usize] = place as f64 * (1.0 - share);
    }
    for (place, &op) in b.order.iter().enumerate() {
        key[op as usize] += place as f64 * share;
    }
    let mut order = a.order.clone();
    // Stable, and operations of a job never have the same key in the wrong order.
    order.sort_by(|&x, &y| key[x as usize].total_cmp(&key[y as usize]));
    let machine = (0..flat.ops)
        .map(|op| {
            if (draw.below(1000) as f64) < share * 1000.0 {
                b.machine[op]
            } else {
                a.machine[op]
            }
        })
        .collect();
    Code { order, machine }
}

/// How many operations of two solutions have another one before them or another machine.
fn distance(flat: &Flat, a: &Code, b: &Code) -> usize {
    let before = |code: &Code| {
        let mut last = vec![flat.ops as u32; flat.machines];
        let mut before = vec![0; flat.ops];
        for &op in &code.order {
            let machine = code.machine[op as usize] as usize;
            before[op as usize] = std::mem::replace(&mut last[machine], op);
        }
        before
    };
    let (x, y) = (before(a), before(b));
    (0..flat.ops)
        .filter(|&op| x[op] != y[op] || a.machine[op] != b.machine[op])
        .count()
}
