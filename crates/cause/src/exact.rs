//! Exact probabilities of every graph over up to [`MAX_ENUMERATED`] variables.

use crate::enumerate::{MAX_ENUMERATED, graphs};
use crate::graph::{Dag, Essential};
use crate::nodes::Nodes;
use crate::score::LocalScore;
use std::collections::HashMap;

/// Probabilities of graphs, every acyclic one equally likely before the data.
#[derive(Clone, Debug)]
pub struct Posterior {
    variables: usize,
    /// Probability of the arrow `from → to`: `arrows[from * n + to]`.
    arrows: Vec<f64>,
    /// Probability that `from` acts on `to`, directly or through others: `acts[from * n + to]`.
    acts: Vec<f64>,
    /// Classes that the interventions so far can't take apart, most likely first: one member, how many
    /// there are, and their joint probability.
    pub classes: Vec<Class>,
    /// Natural logarithm of the sum of all scores over the number of graphs: the evidence.
    pub evidence: f64,
}

/// Graphs that no amount of the kinds of data so far takes apart.
#[derive(Clone, Debug)]
pub struct Class {
    /// What is settled of the arrows.
    pub graph: Essential,
    /// A member.
    pub member: Dag,
    /// How many members.
    pub members: u64,
    /// Their joint probability.
    pub probability: f64,
}

/// Classes that are kept by name; the rest is in the totals.
const CLASSES_KEPT: usize = 64;

impl Posterior {
    /// The probability of an arrow.
    #[must_use]
    pub fn arrow(&self, from: usize, to: usize) -> f64 {
        self.arrows[from * self.variables + to]
    }

    /// The probability that one variable acts on another, directly or through others.
    #[must_use]
    pub fn acts(&self, from: usize, to: usize) -> f64 {
        self.acts[from * self.variables + to]
    }
}

/// Weighs every graph.
///
/// # Panics
/// If there are more than [`MAX_ENUMERATED`] variables.
#[must_use]
pub fn posterior(score: &impl LocalScore) -> Posterior {
    let n = score.variables();
    assert!(
        n <= MAX_ENUMERATED,
        "{n} variables are too many to enumerate"
    );
    let size = 1_usize << n;
    let table: Vec<f64> = (0..n)
        .flat_map(|node| (0..size).map(move |set| (node, set)))
        .map(|(node, set)| {
            if set >> node & 1 == 1 {
                f64::NEG_INFINITY
            } else {
                score.local(node, Nodes(set as u128))
            }
        })
        .collect();
    let of = |parents: &[Nodes]| -> f64 {
        parents
            .iter()
            .enumerate()
            .map(|(node, set)| table[node * size + set.0 as usize])
            .sum()
    };
    let (mut top, mut count) = (f64::NEG_INFINITY, 0_u64);
    graphs(n, |parents| {
        top = top.max(of(parents));
        count += 1;
    });
    let mut sum = 0.0;
    let mut arrows = vec![0.0; n * n];
    let mut acts = vec![0.0; n * n];
    let mut classes: HashMap<Essential, Class> = HashMap::new();
    let targets = score.targets();
    graphs(n, |parents| {
        let weight = (of(parents) - top).exp();
        sum += weight;
        // What weighs less than rounding of the sum changes no printed figure.
        if weight < 1e-12 {
            return;
        }
        let Some(dag) = Dag::from_parents(parents.to_vec()) else {
            return;
        };
        for (to, above) in dag.ancestors().iter().enumerate() {
            for from in dag.parents(to).iter() {
                arrows[from * n + to] += weight;
            }
            for from in above.iter() {
                acts[from * n + to] += weight;
            }
        }
        let class = classes
            .entry(dag.essential(&targets))
            .or_insert_with_key(|graph| Class {
                graph: graph.clone(),
                member: dag,
                members: 0,
                probability: 0.0,
            });
        class.members += 1;
        class.probability += weight;
    });
    for value in arrows.iter_mut().chain(&mut acts) {
        *value /= sum;
    }
    let mut classes: Vec<Class> = classes.into_values().collect();
    for class in &mut classes {
        class.probability /= sum;
    }
    // Ties in an order that does not depend on the hash map.
    classes.sort_by(|a, b| {
        let arrows = |class: &Class| class.member.arrows().collect::<Vec<_>>();
        b.probability
            .total_cmp(&a.probability)
            .then_with(|| arrows(a).cmp(&arrows(b)))
    });
    classes.truncate(CLASSES_KEPT);
    Posterior {
        variables: n,
        arrows,
        acts,
        classes,
        evidence: top + sum.ln() - (count as f64).ln(),
    }
}
