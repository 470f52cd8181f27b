//! Graphs drawn by their probability, with or without hidden common causes.
//!
//! A Markov chain over graphs (Madigan and York, Int. Stat. Rev. 63 (1995) 215): an arrow is added, taken
//! away or turned, or a variable changes its group of hidden causes. Chains start at the best graph and
//! at the empty one. Rows of strong interventions make the graphs between two likely ones very unlikely, and a
//! chain may never leave the region that it came to; so each chain counts for as much as the graphs that it met are
//! worth together, which is the same for chains that met the same ones. How far the probabilities of those that count
//! differ is reported, since a chain that has not met the others yet is not a sample of anything.

use crate::fold::Fold;
use crate::graph::Dag;
use crate::mixed::{Mixed, MixedScore};
use crate::score::LocalScore;
use quantity::{Rng, Seed};
use rand::RngExt;
use std::collections::HashMap;

/// How long to sample.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Length {
    /// Chains.
    pub chains: usize,
    /// Steps of each that are thrown away.
    pub burn_in: usize,
    /// Steps of each that count.
    pub steps: usize,
    /// Steps between graphs that are kept.
    pub every: usize,
}

impl Default for Length {
    fn default() -> Self {
        Self {
            chains: 4,
            burn_in: 5_000,
            steps: 25_000,
            every: 10,
        }
    }
}

/// Graphs drawn by their probability.
#[derive(Clone, Debug)]
pub struct Sample {
    /// Different graphs with their share, most frequent first.
    pub graphs: Vec<(Mixed, f64)>,
    /// Greatest difference between chains in the probability of any arrow or common cause.
    pub disagreement: f64,
}

impl Sample {
    /// The probability of whatever is asked of a graph.
    pub fn probability(&self, holds: impl Fn(&Mixed) -> bool) -> f64 {
        self.graphs
            .iter()
            .filter(|(graph, _)| holds(graph))
            .map(|(_, share)| share)
            .sum()
    }

    /// The probability of an arrow.
    #[must_use]
    pub fn arrow(&self, from: usize, to: usize) -> f64 {
        self.probability(|graph| graph.dag.parents(to).has(from))
    }

    /// The probability that two variables have a hidden common cause.
    #[must_use]
    pub fn confounded(&self, a: usize, b: usize) -> f64 {
        self.probability(|graph| graph.group(a).has(b))
    }
}

/// What a chain needs of a score.
trait Weight {
    /// Its logarithm at the second graph less that at the first.
    fn gain(&self, from: &Mixed, to: &Mixed) -> f64;
    /// Its logarithm.
    fn of(&self, graph: &Mixed) -> f64;
    /// Whether hidden causes may be.
    fn hidden(&self) -> bool;
}

struct Plain<'a, S>(&'a S);

impl<S: LocalScore> Weight for Plain<'_, S> {
    fn gain(&self, from: &Mixed, to: &Mixed) -> f64 {
        (0..from.dag.variables())
            .filter(|node| from.dag.parents(*node) != to.dag.parents(*node))
            .map(|node| {
                self.0.local(node, to.dag.parents(node))
                    - self.0.local(node, from.dag.parents(node))
            })
            .sum()
    }

    fn of(&self, graph: &Mixed) -> f64 {
        let parents = (0..graph.dag.variables()).map(|node| graph.dag.parents(node));
        crate::score::total(self.0, parents)
    }

    fn hidden(&self) -> bool {
        false
    }
}

impl Weight for MixedScore<'_> {
    fn gain(&self, from: &Mixed, to: &Mixed) -> f64 {
        MixedScore::gain(self, from, to)
    }

    fn of(&self, graph: &Mixed) -> f64 {
        MixedScore::of(self, graph)
    }

    fn hidden(&self) -> bool {
        true
    }
}

/// Draws graphs without hidden causes.
#[must_use]
pub fn graphs(score: &impl LocalScore, best: &Dag, length: Length, seed: Seed) -> Sample {
    draw(&Plain(score), &Mixed::open(best.clone()), length, seed)
}

/// Draws graphs with hidden causes.
#[must_use]
pub fn mixed(score: &MixedScore<'_>, best: &Mixed, length: Length, seed: Seed) -> Sample {
    draw(score, best, length, seed)
}

/// An arrow taken for a hidden cause, or the other way round: what most often is in doubt, and what single
/// changes would have to go through an unlikely graph for. The way back is the same choice.
fn exchanged(graph: &Mixed, a: usize, b: usize) -> Option<Mixed> {
    let into = graph.dag.parents(b);
    if into.has(a) && graph.group(a).len() == 1 {
        return Some(graph.with_parents(b, into.without(a))?.moved(a, Some(b)));
    }
    if graph.group(a).has(b) && !into.has(a) && !graph.dag.parents(a).has(b) {
        return graph.moved(a, None).with_parents(b, into.with(a));
    }
    None
}

/// A neighbour and the logarithm of how much likelier the way back is; `None` where nothing changes.
/// Additions and removals are proposed alike, turns both ways alike; only groups differ.
fn neighbour(graph: &Mixed, hidden: bool, rng: &mut Rng) -> Option<(Mixed, f64)> {
    let n = graph.dag.variables();
    let a = rng.random_range(0..n);
    if hidden && rng.random::<f64>() < 0.2 {
        let to = rng.random_range(0..n);
        let before = graph.group(a).len() - 1;
        let next = graph.moved(a, (to != a).then_some(to));
        if next == *graph {
            return None;
        }
        let after = next.group(a).len() - 1;
        // A group of g others is reached by g of the n choices, solitude by one.
        let ways = |others: usize| others.max(1) as f64;
        return Some((next, (ways(before) / ways(after)).ln()));
    }
    let mut b = rng.random_range(0..n - 1);
    b += usize::from(b >= a);
    let into = graph.dag.parents(b);
    if hidden && rng.random::<f64>() < 0.15 {
        return exchanged(graph, a, b).map(|g| (g, 0.0));
    }
    let half = rng.random::<f64>() < 0.5;
    if into.has(a) {
        if half {
            return graph.with_parents(b, into.without(a)).map(|g| (g, 0.0));
        }
        return graph.turned(a, b).map(|g| (g, 0.0));
    }
    if graph.dag.parents(a).has(b) || half {
        return None;
    }
    graph.with_parents(b, into.with(a)).map(|g| (g, 0.0))
}

/// Weight below which a chain does not count where chains are compared.
const COUNTS_MIN: f64 = 0.01;

/// What one chain met.
struct Chain {
    counts: HashMap<Mixed, usize, Fold>,
    /// Share of its graphs with each arrow, and with each common cause.
    seen: Vec<f64>,
    kept: usize,
    /// Logarithm of what its graphs are worth together.
    worth: f64,
}

fn walk(weight: &impl Weight, start: Mixed, length: Length, seed: Seed) -> Chain {
    let n = start.dag.variables();
    let mut rng = seed.rng();
    let mut graph = start;
    let mut counts: HashMap<Mixed, usize, Fold> = HashMap::default();
    let mut seen = vec![0.0; 2 * n * n];
    let mut kept = 0_usize;
    for step in 0..length.burn_in + length.steps {
        if let Some((next, ratio)) = neighbour(&graph, weight.hidden(), &mut rng) {
            let gain = weight.gain(&graph, &next);
            if rng.random::<f64>().ln() < gain + ratio {
                graph = next;
            }
        }
        if step >= length.burn_in && step % length.every == 0 {
            kept += 1;
            *counts.entry(graph.clone()).or_default() += 1;
            for (from, to) in graph.dag.arrows() {
                seen[from * n + to] += 1.0;
            }
            for node in 0..n {
                for other in graph.group(node).iter() {
                    seen[n * n + node * n + other] += 1.0;
                }
            }
        }
    }
    for count in &mut seen {
        *count /= kept.max(1) as f64;
    }
    // In order, so that rounding does not depend on the hash map.
    let mut scores: Vec<f64> = counts.keys().map(|graph| weight.of(graph)).collect();
    scores.sort_by(f64::total_cmp);
    let top = scores.last().copied().unwrap_or(f64::NEG_INFINITY);
    let sum: f64 = scores.iter().map(|score| (score - top).exp()).sum();
    Chain {
        counts,
        seen,
        kept,
        worth: top + sum.ln(),
    }
}

fn draw(weight: &impl Weight, best: &Mixed, length: Length, seed: Seed) -> Sample {
    let n = best.dag.variables();
    let chains: Vec<Chain> = (0..length.chains)
        .map(|chain| {
            let start = if chain % 2 == 0 {
                best.clone()
            } else {
                Mixed::open(Dag::empty(n))
            };
            walk(weight, start, length, seed.derive("chain", chain as u64))
        })
        .collect();
    let worths: Vec<f64> = chains.iter().map(|chain| chain.worth).collect();
    let weights = crate::mixed::normalise(&worths);
    let mut shares: HashMap<Mixed, f64, Fold> = HashMap::default();
    for (chain, weight) in chains.iter().zip(&weights) {
        for (graph, count) in &chain.counts {
            *shares.entry(graph.clone()).or_default() += weight * *count as f64 / chain.kept as f64;
        }
    }
    let disagreement = (0..2 * n * n)
        .map(|at| {
            let counting = chains
                .iter()
                .zip(&weights)
                .filter(|(_, w)| **w >= COUNTS_MIN);
            let values = counting.map(|(chain, _)| chain.seen[at]);
            let (low, high) = values.fold((1.0_f64, 0.0_f64), |(l, h), v| (l.min(v), h.max(v)));
            (high - low).max(0.0)
        })
        .fold(0.0, f64::max);
    let mut graphs: Vec<(Mixed, f64)> = shares.into_iter().collect();
    // Ties in an order that does not depend on the hash map.
    graphs.sort_by(|a, b| {
        let arrows = |g: &Mixed| g.dag.arrows().collect::<Vec<_>>();
        let groups = |g: &Mixed| g.confounded_groups().collect::<Vec<_>>();
        b.1.total_cmp(&a.1)
            .then_with(|| arrows(&a.0).cmp(&arrows(&b.0)))
            .then_with(|| groups(&a.0).cmp(&groups(&b.0)))
    });
    Sample {
        graphs,
        disagreement,
    }
}

/// The best graph with hidden causes: a search that takes the best of all single changes, may go down for
/// a while, and starts anew from the disturbed best one.
#[must_use]
pub fn best_mixed(
    score: &MixedScore<'_>,
    start: &Mixed,
    rounds: usize,
    seed: Seed,
) -> (Mixed, f64) {
    let n = start.dag.variables();
    let mut rng = seed.derive("mixed", 0).rng();
    let mut top = (start.clone(), score.of(start));
    let mut current = start.clone();
    for round in 0..rounds.max(1) {
        if round > 0 {
            current = top.0.clone();
            for _ in 0..4 {
                if let Some((next, _)) = neighbour(&current, true, &mut rng)
                    && score.of(&next).is_finite()
                {
                    current = next;
                }
            }
        }
        let mut value = score.of(&current);
        loop {
            let mut next: Option<(Mixed, f64)> = None;
            let mut consider = |graph: Option<Mixed>| {
                if let Some(graph) = graph {
                    let of = score.of(&graph);
                    if of > next.as_ref().map_or(value + 1e-7, |(_, v)| *v) {
                        next = Some((graph, of));
                    }
                }
            };
            for a in 0..n {
                for b in 0..n {
                    if a == b {
                        consider(Some(current.moved(a, None)));
                        continue;
                    }
                    let into = current.dag.parents(b);
                    if into.has(a) {
                        consider(current.with_parents(b, into.without(a)));
                        consider(current.turned(a, b));
                        // An arrow taken for what a hidden cause does, and the other way round.
                        let cut = current.with_parents(b, into.without(a));
                        consider(cut.map(|g| g.moved(a, Some(b))));
                    } else {
                        consider(current.with_parents(b, into.with(a)));
                        if current.group(a).has(b) {
                            let apart = current.moved(a, None);
                            consider(apart.with_parents(b, into.with(a)));
                        } else {
                            consider(Some(current.moved(a, Some(b))));
                        }
                    }
                }
            }
            match next {
                Some(better) => (current, value) = better,
                None => break,
            }
        }
        if value > top.1 {
            top = (current.clone(), value);
        }
    }
    top
}
