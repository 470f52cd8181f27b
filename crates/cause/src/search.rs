//! The graph of the best score.
//!
//! Up to [`MAX_OPTIMUM`] variables the best graph is found for certain, by dynamic programming over
//! sets of variables (Silander and Myllymäki, UAI 2006). Above, a tabu search over graphs (arrows added,
//! taken away, turned) and a search over orders that is started again and again from the disturbed best
//! one take turns: hill climbing over classes, as GES and GIES do, stops where one step no longer helps,
//! which is often far below the best.

use crate::graph::Dag;
use crate::nodes::Nodes;
use crate::order::Orders;
use crate::score::{LocalScore, total};
use quantity::Seed;
use std::collections::VecDeque;

/// The most variables whose best graph is found for certain.
pub const MAX_OPTIMUM: usize = 14;

/// How hard to search above [`MAX_OPTIMUM`] variables.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Effort {
    /// Starts from a disturbed best order that bring nothing new, after which the search ends.
    pub patience: usize,
    /// Starts in all.
    pub starts: usize,
    /// Steps over single arrows that bring nothing new, after which these end.
    pub steps: usize,
    /// Steps for which a move may not be undone.
    pub tabu: usize,
    /// The most parents of a variable.
    pub parents: usize,
}

impl Default for Effort {
    fn default() -> Self {
        Self {
            patience: 8,
            starts: 40,
            steps: 60,
            tabu: 20,
            parents: 12,
        }
    }
}

/// A graph and its score.
#[derive(Clone, Debug, PartialEq)]
pub struct Found {
    /// The graph.
    pub dag: Dag,
    /// Its score.
    pub score: f64,
    /// Whether no graph has a higher one, for certain.
    pub optimal: bool,
}

/// The best graph: for certain where that is possible, else the best of a search.
#[must_use]
pub fn best(score: &impl LocalScore, effort: &Effort, seed: Seed) -> Found {
    if score.variables() <= MAX_OPTIMUM {
        optimum(score)
    } else {
        search(score, effort, seed)
    }
}

/// The graph of the highest score, for certain.
///
/// # Panics
/// If there are more than [`MAX_OPTIMUM`] variables.
#[must_use]
pub fn optimum(score: &impl LocalScore) -> Found {
    let n = score.variables();
    assert!(n <= MAX_OPTIMUM, "{n} variables are too many for certainty");
    let size = 1_usize << n;
    // For each variable and each set of others: the best parents among them.
    let mut best: Vec<Vec<(f64, u32)>> = Vec::with_capacity(n);
    for node in 0..n {
        let mut table = vec![(f64::NEG_INFINITY, 0_u32); size];
        for set in 0..size {
            if set >> node & 1 == 1 {
                continue;
            }
            let own = score.local(node, Nodes(set as u128));
            let mut top = (own, set as u32);
            for other in Nodes(set as u128).iter() {
                let smaller = table[set & !(1 << other)];
                if smaller.0 > top.0 {
                    top = smaller;
                }
            }
            table[set] = top;
        }
        best.push(table);
    }
    // For each set: the best graph on it, and which variable comes last.
    let mut whole = vec![(f64::NEG_INFINITY, 0_usize); size];
    whole[0] = (0.0, 0);
    for set in 1..size {
        for last in Nodes(set as u128).iter() {
            let rest = set & !(1 << last);
            let value = whole[rest].0 + best[last][rest].0;
            if value > whole[set].0 {
                whole[set] = (value, last);
            }
        }
    }
    let mut dag = Dag::empty(n);
    let mut set = size - 1;
    while set != 0 {
        let last = whole[set].1;
        set &= !(1 << last);
        dag.set_parents(last, Nodes(u128::from(best[last][set].1)));
    }
    let score = whole[size - 1].0;
    Found {
        dag,
        score,
        optimal: true,
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Move {
    Add(usize, usize),
    Remove(usize, usize),
    Turn(usize, usize),
}

/// A graph under search, with the gain of every single change of a parent set.
struct Climber<'a, S> {
    score: &'a S,
    dag: Dag,
    above: Vec<Nodes>,
    local: Vec<f64>,
    /// What the term of `to` gains by adding or taking away `from`: `gain[to * n + from]`.
    gain: Vec<f64>,
    most: usize,
}

impl<'a, S: LocalScore> Climber<'a, S> {
    fn new(score: &'a S, dag: Dag, most: usize) -> Self {
        let n = dag.variables();
        let mut climber = Self {
            score,
            above: dag.ancestors(),
            dag,
            local: vec![0.0; n],
            gain: vec![0.0; n * n],
            most,
        };
        for node in 0..n {
            climber.renew(node);
        }
        climber
    }

    fn total(&self) -> f64 {
        self.local.iter().sum()
    }

    fn renew(&mut self, to: usize) {
        let n = self.dag.variables();
        let parents = self.dag.parents(to);
        self.local[to] = self.score.local(to, parents);
        for from in 0..n {
            self.gain[to * n + from] = if from == to {
                f64::NEG_INFINITY
            } else if parents.has(from) {
                self.score.local(to, parents.without(from)) - self.local[to]
            } else if parents.len() < self.most {
                self.score.local(to, parents.with(from)) - self.local[to]
            } else {
                f64::NEG_INFINITY
            };
        }
    }

    /// Every move that makes no circle, with what it gains.
    fn moves(&self, mut visit: impl FnMut(Move, f64)) {
        let n = self.dag.variables();
        for to in 0..n {
            let parents = self.dag.parents(to);
            for from in 0..n {
                if parents.has(from) {
                    let remove = self.gain[to * n + from];
                    visit(Move::Remove(from, to), remove);
                    // Turned, it closes a circle if there is another way from `from` to `to`.
                    let other = parents
                        .without(from)
                        .iter()
                        .any(|between| self.above[between].has(from));
                    if !other {
                        visit(Move::Turn(from, to), remove + self.gain[from * n + to]);
                    }
                } else if from != to && !self.above[from].has(to) {
                    visit(Move::Add(from, to), self.gain[to * n + from]);
                }
            }
        }
    }

    fn make(&mut self, step: Move) {
        let dag = &mut self.dag;
        match step {
            Move::Add(from, to) => {
                dag.set_parents(to, dag.parents(to).with(from));
                self.renew(to);
            }
            Move::Remove(from, to) => {
                dag.set_parents(to, dag.parents(to).without(from));
                self.renew(to);
            }
            Move::Turn(from, to) => {
                dag.set_parents(to, dag.parents(to).without(from));
                dag.set_parents(from, dag.parents(from).with(to));
                self.renew(to);
                self.renew(from);
            }
        }
        self.above = self.dag.ancestors();
    }

    /// Takes the best move that is not forbidden, again and again; leaves the best graph on the way.
    fn climb(&mut self, effort: &Effort) {
        let mut top = (self.total(), self.dag.clone());
        let mut forbidden: VecDeque<(usize, usize)> = VecDeque::new();
        let mut idle = 0;
        while idle < effort.steps {
            let now = self.total();
            let mut next: Option<(f64, Move)> = None;
            self.moves(|step, gain| {
                let (Move::Add(a, b) | Move::Remove(a, b) | Move::Turn(a, b)) = step;
                let pair = (a.min(b), a.max(b));
                // A forbidden move is taken all the same if it leads to a new best.
                let barred = forbidden.contains(&pair) && now + gain <= top.0 + 1e-9;
                if !barred && gain.is_finite() && next.is_none_or(|(g, _)| gain > g) {
                    next = Some((gain, step));
                }
            });
            let Some((_, step)) = next else { break };
            let (Move::Add(a, b) | Move::Remove(a, b) | Move::Turn(a, b)) = step;
            self.make(step);
            forbidden.push_back((a.min(b), a.max(b)));
            if forbidden.len() > effort.tabu {
                forbidden.pop_front();
            }
            idle += 1;
            if self.total() > top.0 + 1e-9 {
                top = (self.total(), self.dag.clone());
                idle = 0;
            }
        }
        *self = Self::new(self.score, top.1, self.most);
    }
}

/// The best graph of a search: single arrows first, then orders from the disturbed best one, and single
/// arrows again at the end.
#[must_use]
pub fn search(score: &impl LocalScore, effort: &Effort, seed: Seed) -> Found {
    let n = score.variables();
    let mut rng = seed.derive("search", 0).rng();
    let mut climber = Climber::new(score, Dag::empty(n), effort.parents);
    climber.climb(effort);
    let mut top = (climber.total(), climber.dag.clone());
    let mut orders = Orders::new(score, &climber.dag, effort.parents);
    let mut best = orders.start(climber.dag.order());
    orders.climb(&mut best, &mut rng);
    let mut idle = 0;
    for _ in 1..effort.starts {
        if idle >= effort.patience {
            break;
        }
        let mut next = best.clone();
        orders.disturb(&mut next, 3 + n / 20, &mut rng);
        orders.climb(&mut next, &mut rng);
        if next.total() > best.total() + 1e-6 {
            best = next;
            idle = 0;
        } else {
            idle += 1;
        }
    }
    let mut climber = Climber::new(score, best.dag(), effort.parents);
    climber.climb(effort);
    if climber.total() > top.0 {
        top = (climber.total(), climber.dag.clone());
    }
    let dag = top.1;
    let value = total(score, (0..n).map(|node| dag.parents(node)));
    Found {
        dag,
        score: value,
        optimal: false,
    }
}
