//! LaCAM: depth-first search over configurations with lazily added constraints.

use super::pibt::Stepper;
use super::{Cell, Distances, Instance, Plan};
use quantity::{Rng, Seed};
use rand::RngExt;
use std::collections::{HashMap, VecDeque};

/// How far a search is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Progress {
    /// Not done; ask for more expansions.
    Searching,
    /// A solution.
    Solved(Plan),
    /// There is no solution.
    Impossible,
}

struct Node {
    at: Box<[Cell]>,
    parent: u32,
    /// Agents by falling priority, and the priorities.
    order: Box<[u32]>,
    priorities: Box<[f32]>,
    /// Constraint sets still to be tried: who goes where.
    constraints: VecDeque<Vec<(u32, Cell)>>,
}

/// A search for a first solution.
pub struct Lacam<'a> {
    instance: &'a Instance,
    distances: &'a [Distances],
    nodes: Vec<Node>,
    seen: HashMap<u64, Vec<u32>>,
    open: Vec<u32>,
    stepper: Stepper,
    rng: Rng,
    /// One random number per agent; a configuration's hash mixes them with the cells.
    salt: Vec<u64>,
}

impl std::fmt::Debug for Lacam<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Lacam")
            .field("nodes", &self.nodes.len())
            .field("open", &self.open.len())
            .finish()
    }
}

impl<'a> Lacam<'a> {
    /// A search that begins at the starts. `distances` are those to the goals, by agent, in steps or
    /// by a [`super::Guidance`]; agents go by them, and a solution is found for any.
    #[must_use]
    pub fn new(instance: &'a Instance, distances: &'a [Distances], seed: Seed) -> Self {
        let mut rng = seed.derive("lacam", 0).rng();
        let agents = instance.starts.len();
        let salt = (0..agents).map(|_| rng.random::<u64>() | 1).collect();
        let mut search = Self {
            instance,
            distances,
            nodes: Vec::new(),
            seen: HashMap::new(),
            open: Vec::new(),
            stepper: Stepper::new(instance.grid.cells(), &instance.goals),
            rng,
            salt,
        };
        let priorities: Vec<f32> = (0..agents)
            .map(|i| f32::from(distances[i].from(instance.starts[i])) / 65_536.0)
            .collect();
        let start = instance.starts.clone().into_boxed_slice();
        let hash = search.hash(&start);
        search.add(start, u32::MAX, priorities, hash);
        search
    }

    fn hash(&self, at: &[Cell]) -> u64 {
        at.iter().zip(&self.salt).fold(0, |hash, (cell, salt)| {
            let mixed = (u64::from(*cell) + 1).wrapping_mul(*salt);
            hash ^ mixed ^ (mixed >> 29)
        })
    }

    fn add(&mut self, at: Box<[Cell]>, parent: u32, priorities: Vec<f32>, hash: u64) {
        // Most keep their rank, and what is nearly in order is sorted fast.
        let mut order: Vec<u32> = match self.nodes.get(parent as usize) {
            Some(parent) => parent.order.to_vec(),
            None => (0..at.len() as u32).collect(),
        };
        order.sort_by(|a, b| priorities[*b as usize].total_cmp(&priorities[*a as usize]));
        let id = self.nodes.len() as u32;
        self.nodes.push(Node {
            at,
            parent,
            order: order.into_boxed_slice(),
            priorities: priorities.into_boxed_slice(),
            constraints: VecDeque::from([Vec::new()]),
        });
        self.seen.entry(hash).or_default().push(id);
        self.open.push(id);
    }

    /// Goes on for at most so many expansions.
    pub fn search(&mut self, expansions: usize) -> Progress {
        for _ in 0..expansions {
            let Some(&top) = self.open.last() else {
                return Progress::Impossible;
            };
            let node = &mut self.nodes[top as usize];
            if *node.at == *self.instance.goals {
                return Progress::Solved(self.solution(top));
            }
            let Some(bound) = node.constraints.pop_front() else {
                self.open.pop();
                continue;
            };
            if bound.len() < node.order.len() {
                let agent = node.order[bound.len()];
                let here = node.at[agent as usize];
                let mut options: Vec<Cell> = self.instance.grid.neighbours(here).to_vec();
                options.push(here);
                for k in (1..options.len()).rev() {
                    options.swap(k, self.rng.random_range(0..=k));
                }
                for cell in options {
                    let mut more = bound.clone();
                    more.push((agent, cell));
                    node.constraints.push_back(more);
                }
            }
            let node = &self.nodes[top as usize];
            let Some(next) = self.stepper.step(
                &self.instance.grid,
                self.distances,
                &node.at,
                &node.order,
                &bound,
                &mut self.rng,
            ) else {
                continue;
            };
            let hash = self.hash(&next);
            let known = self.seen.get(&hash).and_then(|ids| {
                ids.iter()
                    .copied()
                    .find(|id| self.nodes[*id as usize].at == next)
            });
            if let Some(id) = known {
                if id != top {
                    self.open.push(id);
                }
                continue;
            }
            let priorities: Vec<f32> = (0..next.len())
                .map(|i| {
                    let before = self.nodes[top as usize].priorities[i];
                    if next[i] == self.instance.goals[i] {
                        before.fract()
                    } else {
                        before + 1.0
                    }
                })
                .collect();
            self.add(next, top, priorities, hash);
        }
        Progress::Searching
    }

    fn solution(&self, last: u32) -> Plan {
        let mut configurations = Vec::new();
        let mut id = last;
        while id != u32::MAX {
            configurations.push(self.nodes[id as usize].at.clone());
            id = self.nodes[id as usize].parent;
        }
        configurations.reverse();
        Plan::from_configurations(&configurations)
    }
}
