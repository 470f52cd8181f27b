//! Search over orders of variables.
//!
//! Given an order, every variable picks its parents among those before it, without any regard to
//! circles. Moving one variable to another place changes only the choices of those it passes, and of
//! these only where one is a candidate of the other (Teyssier and Koller, UAI 2005; insertion moves as in
//! Scanagatta et al., NeurIPS 2015). Such a move turns and re-chooses many arrows at once, which single
//! arrows can't.

use crate::fold::Fold;
use crate::graph::Dag;
use crate::nodes::Nodes;
use crate::score::LocalScore;
use quantity::Rng;
use rand::RngExt;
use std::collections::HashMap;

/// Candidates that each variable has besides its neighbours: those that alone explain it best.
const ALONE: usize = 8;

pub(crate) struct Orders<'a, S> {
    score: &'a S,
    candidates: Vec<Nodes>,
    most: usize,
    /// Best parents found among allowed ones.
    known: HashMap<(usize, Nodes), (f64, Nodes), Fold>,
}

/// An order with the parents that each variable picks in it.
#[derive(Clone)]
pub(crate) struct Ordered {
    order: Vec<usize>,
    picks: Vec<(f64, Nodes)>,
}

impl Ordered {
    pub(crate) fn total(&self) -> f64 {
        self.picks.iter().map(|pick| pick.0).sum()
    }

    pub(crate) fn dag(&self) -> Dag {
        let mut dag = Dag::empty(self.picks.len());
        for (node, pick) in self.picks.iter().enumerate() {
            dag.set_parents(node, pick.1);
        }
        dag
    }
}

impl<'a, S: LocalScore> Orders<'a, S> {
    pub(crate) fn new(score: &'a S, start: &Dag, most: usize) -> Self {
        let n = score.variables();
        let mut search = Self {
            score,
            candidates: vec![Nodes::first(n); n],
            most,
            known: HashMap::default(),
        };
        let chosen: Vec<Nodes> = (0..n)
            .map(|node| {
                let others = Nodes::first(n).without(node);
                let mut alone: Vec<(f64, usize)> = others
                    .iter()
                    .map(|other| (score.local(node, Nodes::one(other)), other))
                    .collect();
                alone.sort_by(|a, b| b.0.total_cmp(&a.0));
                let near: Nodes = alone.iter().take(ALONE).map(|(_, other)| *other).collect();
                // What explains it best of all others: parents, children and their parents.
                let blanket = search.pick(node, others).1;
                near.or(blanket)
                    .or(start.parents(node))
                    .or(start.children(node))
            })
            .collect();
        // Whoever is a candidate of the other may be turned.
        let mut both = chosen.clone();
        for (node, set) in chosen.iter().enumerate() {
            for other in set.iter() {
                both[other] = both[other].with(node);
            }
        }
        search.candidates = both;
        search.known.clear();
        search
    }

    /// The best parents among the allowed ones, by adding and taking away one at a time.
    fn pick(&mut self, node: usize, allowed: Nodes) -> (f64, Nodes) {
        let allowed = allowed.and(self.candidates[node]);
        if let Some(known) = self.known.get(&(node, allowed)) {
            return *known;
        }
        let mut top = (self.score.local(node, Nodes::NONE), Nodes::NONE);
        loop {
            let grow = allowed.minus(top.1).iter().map(|other| top.1.with(other));
            let shrink = top.1.iter().map(|other| top.1.without(other));
            let next = grow
                .filter(|set| set.len() <= self.most)
                .chain(shrink)
                .map(|set| (self.score.local(node, set), set))
                .max_by(|a, b| a.0.total_cmp(&b.0));
            match next {
                Some(better) if better.0 > top.0 + 1e-9 => top = better,
                _ => break,
            }
        }
        self.known.insert((node, allowed), top);
        top
    }

    pub(crate) fn start(&mut self, order: Vec<usize>) -> Ordered {
        let mut picks = vec![(0.0, Nodes::NONE); order.len()];
        let mut before = Nodes::NONE;
        for &node in &order {
            picks[node] = self.pick(node, before);
            before = before.with(node);
        }
        Ordered { order, picks }
    }

    /// Moves every variable to its best place, again and again, until none gains.
    pub(crate) fn climb(&mut self, state: &mut Ordered, rng: &mut Rng) {
        let n = state.order.len();
        loop {
            let mut gained = false;
            let mut turn: Vec<usize> = (0..n).collect();
            for i in (1..n).rev() {
                turn.swap(i, rng.random_range(0..=i));
            }
            for node in turn {
                gained |= self.place(state, node);
            }
            if !gained {
                return;
            }
        }
    }

    /// Moves one variable to its best place; whether that gained.
    fn place(&mut self, state: &mut Ordered, node: usize) -> bool {
        let Some(from) = state.order.iter().position(|v| *v == node) else {
            return false;
        };
        let mut best = (1e-9, from);
        for forwards in [false, true] {
            let (mut at, mut gain) = (from, 0.0);
            // What was passed picks anew; `own` is what the moving variable picks now.
            let mut before: Nodes = state.order[..from].iter().copied().collect();
            let mut own = state.picks[node].0;
            loop {
                let passed = if forwards { at + 1 } else { at.wrapping_sub(1) };
                let Some(&other) = state.order.get(passed) else {
                    break;
                };
                before = if forwards {
                    before.with(other)
                } else {
                    before.without(other)
                };
                if self.candidates[node].has(other) {
                    let now = self.pick(node, before).0;
                    gain += now - own;
                    own = now;
                }
                if self.candidates[other].has(node) {
                    let ahead: Nodes = state.order[..passed]
                        .iter()
                        .copied()
                        .filter(|v| *v != node)
                        .collect();
                    let ahead = if forwards { ahead } else { ahead.with(node) };
                    gain += self.pick(other, ahead).0 - state.picks[other].0;
                }
                at = passed;
                if gain > best.0 {
                    best = (gain, at);
                }
            }
        }
        if best.1 == from {
            return false;
        }
        state.order.remove(from);
        state.order.insert(best.1, node);
        let (low, high) = (from.min(best.1), from.max(best.1));
        let mut before: Nodes = state.order[..low].iter().copied().collect();
        for at in low..=high {
            let other = state.order[at];
            state.picks[other] = self.pick(other, before);
            before = before.with(other);
        }
        true
    }

    /// Moves some variables to places by lot.
    pub(crate) fn disturb(&mut self, state: &mut Ordered, moves: usize, rng: &mut Rng) {
        let n = state.order.len();
        let mut order = state.order.clone();
        for _ in 0..moves {
            let node = order.remove(rng.random_range(0..n));
            order.insert(rng.random_range(0..n), node);
        }
        *state = self.start(order);
    }
}
