//! Graphs with hidden common causes: arrows among what is measured, and groups of variables that
//! something unmeasured moves together.

use crate::data::Data;
use crate::district::{self, GroupFit};
use crate::fold::Fold;
use crate::graph::Dag;
use crate::nodes::Nodes;
use std::cell::RefCell;
use std::collections::HashMap;

/// A graph with hidden common causes.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Mixed {
    /// The arrows.
    pub dag: Dag,
    /// For each variable, its group: those that share its hidden causes, and itself.
    groups: Vec<Nodes>,
}

impl Mixed {
    /// A graph without hidden causes.
    #[must_use]
    pub fn open(dag: Dag) -> Self {
        let groups = (0..dag.variables()).map(Nodes::one).collect();
        Self { dag, groups }
    }

    /// A graph in which these pairs (and whoever is joined through them) have hidden common causes.
    #[must_use]
    pub fn confounded(dag: Dag, pairs: &[(usize, usize)]) -> Self {
        let mut mixed = Self::open(dag);
        for &(a, b) in pairs {
            let joint = mixed.groups[a].or(mixed.groups[b]);
            for node in joint.iter() {
                mixed.groups[node] = joint;
            }
        }
        mixed
    }

    /// The variables that share hidden causes with one, itself included.
    #[must_use]
    pub fn group(&self, node: usize) -> Nodes {
        self.groups[node]
    }

    /// The groups of more than one.
    pub fn confounded_groups(&self) -> impl Iterator<Item = Nodes> + '_ {
        self.groups
            .iter()
            .enumerate()
            .filter(|(node, set)| set.len() > 1 && set.iter().next() == Some(*node))
            .map(|(_, set)| *set)
    }

    /// All groups, each once.
    fn each_group(&self) -> impl Iterator<Item = Nodes> + '_ {
        self.groups
            .iter()
            .enumerate()
            .filter(|(node, set)| set.iter().next() == Some(*node))
            .map(|(_, set)| *set)
    }

    /// Moves a variable to another's group, or to one of its own.
    #[must_use]
    pub fn moved(&self, node: usize, to: Option<usize>) -> Self {
        let mut next = self.clone();
        for other in self.groups[node].without(node).iter() {
            next.groups[other] = next.groups[other].without(node);
        }
        let joint = to.map_or(Nodes::NONE, |to| next.groups[to]).with(node);
        for member in joint.iter() {
            next.groups[member] = joint;
        }
        next
    }

    /// With other parents of one variable; `None` if that makes a circle.
    #[must_use]
    pub fn with_parents(&self, node: usize, parents: Nodes) -> Option<Self> {
        let sets = (0..self.dag.variables())
            .map(|at| {
                if at == node {
                    parents
                } else {
                    self.dag.parents(at)
                }
            })
            .collect();
        Some(Self {
            dag: Dag::from_parents(sets)?,
            groups: self.groups.clone(),
        })
    }

    /// With one arrow turned; `None` if that makes a circle.
    #[must_use]
    pub fn turned(&self, from: usize, to: usize) -> Option<Self> {
        let sets = (0..self.dag.variables())
            .map(|at| {
                let parents = self.dag.parents(at);
                match at {
                    at if at == to => parents.without(from),
                    at if at == from => parents.with(to),
                    _ => parents,
                }
            })
            .collect();
        Some(Self {
            dag: Dag::from_parents(sets)?,
            groups: self.groups.clone(),
        })
    }
}

/// A group with the parents of its members.
type Key = (Nodes, Vec<Nodes>);

/// The score of graphs with hidden causes on data: the Bayesian information criterion of the fitted
/// equations, group by group. Graphs that the data can't tell apart score alike.
#[derive(Debug)]
pub struct MixedScore<'a> {
    data: &'a Data,
    arrow_cost: f64,
    hidden_cost: f64,
    typical: Option<f64>,
    cache: RefCell<HashMap<Key, f64, Fold>>,
}

impl<'a> MixedScore<'a> {
    /// For these data, every graph equally likely before them.
    #[must_use]
    pub fn new(data: &'a Data) -> Self {
        Self::sparse(data, 0.0)
    }

    /// For these data, where every arrow and every pair with hidden causes makes a graph less likely
    /// beforehand by so many nats (see [`crate::arrow_cost`]).
    #[must_use]
    pub fn sparse(data: &'a Data, arrow_cost: f64) -> Self {
        Self {
            data,
            arrow_cost,
            hidden_cost: arrow_cost,
            typical: None,
            cache: RefCell::default(),
        }
    }

    /// The same where a pair with hidden causes makes a graph less likely beforehand by so many nats of its own.
    #[must_use]
    pub fn hidden_cost(mut self, nats: f64) -> Self {
        self.hidden_cost = nats;
        self.cache.get_mut().clear();
        self
    }

    /// The same where an effect well below a typical size (in standard deviations of the driven for one of the driver;
    /// for hidden causes, a correlation) is unlikely beforehand, with a density that falls to nothing at
    /// no effect: a moment prior (Johnson and Rossell, J. R. Stat. Soc. B 72 (2010) 143; for graphs Altomare, Consonni
    /// and La Rocca, Biometrics 69 (2013) 478). Under the criterion of Schwarz alone the odds of an arrow that is not
    /// there fall with the root of the rows; with it they fall with their power of three halves.
    #[must_use]
    pub fn typical(mut self, effect: Option<f64>) -> Self {
        self.typical = effect;
        self.cache.get_mut().clear();
        self
    }

    /// The data.
    #[must_use]
    pub fn data(&self) -> &'a Data {
        self.data
    }

    /// The log score of a graph; minus infinity where the data can't fit it.
    #[must_use]
    pub fn of(&self, graph: &Mixed) -> f64 {
        graph
            .each_group()
            .map(|group| self.part(graph, group))
            .sum()
    }

    /// How much higher the second graph scores than the first.
    #[must_use]
    pub fn gain(&self, from: &Mixed, to: &Mixed) -> f64 {
        let same = |group: Nodes, one: &Mixed, other: &Mixed| {
            group
                .iter()
                .all(|m| other.group(m) == group && one.dag.parents(m) == other.dag.parents(m))
        };
        let sum = |one: &Mixed, other: &Mixed| -> f64 {
            one.each_group()
                .filter(|group| !same(*group, one, other))
                .map(|group| self.part(one, group))
                .sum()
        };
        let (after, before) = (sum(to, from), sum(from, to));
        if after == f64::NEG_INFINITY {
            return after;
        }
        after - before
    }

    /// What one group adds to the score.
    fn part(&self, graph: &Mixed, group: Nodes) -> f64 {
        let parents: Vec<Nodes> = group.iter().map(|m| graph.dag.parents(m)).collect();
        let arrows: usize = parents.iter().map(|set| set.len()).sum();
        let pairs = group.len() * (group.len() - 1) / 2;
        let key = (group, parents);
        if let Some(known) = self.cache.borrow().get(&key) {
            return *known;
        }
        let value = self.group(graph, group).map_or(f64::NEG_INFINITY, |fit| {
            fit.score + self.typical.map_or(0.0, |size| smallness(&fit, size))
        }) - self.arrow_cost * arrows as f64
            - self.hidden_cost * pairs as f64;
        self.cache.borrow_mut().insert(key, value);
        value
    }

    fn group(&self, graph: &Mixed, group: Nodes) -> Option<GroupFit> {
        let parents: Vec<Nodes> = (0..graph.dag.variables())
            .map(|node| graph.dag.parents(node))
            .collect();
        district::fit(self.data, group, &parents)
    }

    /// The fitted equations of every group; `None` if the data can't fit the graph.
    #[must_use]
    pub fn fit(&self, graph: &Mixed) -> Option<Vec<GroupFit>> {
        graph
            .each_group()
            .map(|group| self.group(graph, group))
            .collect()
    }
}

/// What effects below a typical size take from a group's score: the moment prior's factor `β² / size²`, expected under
/// what is known of β, and no more than one.
fn smallness(fit: &GroupFit, size: f64) -> f64 {
    let factor = |square: f64| (square / (size * size)).min(1.0).ln();
    let k = fit.members.len();
    let mut sum = 0.0;
    for i in 0..k {
        let slopes = fit.slopes[i][1..].iter().zip(&fit.errors[i][1..]);
        sum += slopes
            .map(|(slope, error)| factor(slope * slope + error * error))
            .sum::<f64>();
        for j in 0..i {
            let square = fit.noise[i * k + j] * fit.noise[i * k + j];
            let of = fit.noise[i * k + i] * fit.noise[j * k + j];
            sum += factor(square / of + 1.0 / fit.rows[i * k + j]);
        }
    }
    sum
}

/// The probabilities of rival graphs, given what each was worth before the data; priors need not sum
/// to one.
#[must_use]
pub fn weigh(score: &MixedScore<'_>, rivals: &[(Mixed, f64)]) -> Vec<f64> {
    let logs: Vec<f64> = rivals
        .iter()
        .map(|(graph, prior)| score.of(graph) + prior.ln())
        .collect();
    normalise(&logs)
}

/// Probabilities from logarithms of weights.
pub(crate) fn normalise(logs: &[f64]) -> Vec<f64> {
    let top = logs.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    let weights: Vec<f64> = logs.iter().map(|log| (log - top).exp()).collect();
    let sum: f64 = weights.iter().sum();
    weights.into_iter().map(|w| w / sum).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::data::Regime;
    use crate::score::{Gaussian, GaussianScore, total};
    use quantity::Seed;
    use rand::RngExt;

    fn normal(rng: &mut quantity::Rng) -> f64 {
        let (u, v): (f64, f64) = (rng.random(), rng.random());
        (-2.0 * (1.0 - u).ln()).sqrt() * (2.0 * std::f64::consts::PI * v).cos()
    }

    #[test]
    fn without_hidden_causes_it_is_the_plain_score() {
        let mut rng = Seed(2).rng();
        let mut rows = Vec::new();
        for i in 0..90 {
            let regime = i % 3;
            let mut x = [0.0; 3];
            x[0] = if regime == 1 {
                2.0 + normal(&mut rng)
            } else {
                normal(&mut rng)
            };
            x[1] = 0.8 * x[0] + normal(&mut rng);
            x[2] = if regime == 2 {
                -1.0 + normal(&mut rng)
            } else {
                x[0] - x[1] + normal(&mut rng)
            };
            rows.push((regime, x.to_vec()));
        }
        let regimes = vec![
            Regime::observation(),
            Regime::setting(Nodes::one(0), "a"),
            Regime::setting(Nodes::one(2), "c"),
        ];
        let data = Data::new(["a", "b", "c"].map(String::from).to_vec(), regimes, rows).unwrap();
        let plain = GaussianScore::new(Gaussian::Bic, &data);
        let mixed = MixedScore::new(&data);
        for arrows in [&[][..], &[(0, 1)], &[(0, 1), (0, 2), (1, 2)], &[(2, 1)]] {
            let dag = Dag::from_arrows(3, arrows).unwrap();
            let one = total(&plain, (0..3).map(|n| dag.parents(n)));
            let other = mixed.of(&Mixed::open(dag));
            assert!((one - other).abs() < 1e-6, "{one} {other}");
        }
    }

    #[test]
    fn a_bow_is_recovered_with_its_hidden_cause() {
        // a → b with slope 0.5 and a hidden cause of both; observation alone would say 1.0.
        let mut rng = Seed(4).rng();
        let mut rows = Vec::new();
        for i in 0..4000 {
            let regime = usize::from(i % 2 == 1);
            let u = normal(&mut rng);
            let a = if regime == 1 {
                2.0 * normal(&mut rng)
            } else {
                u + normal(&mut rng)
            };
            let b = 0.5 * a + u + 0.5 * normal(&mut rng);
            rows.push((regime, vec![a, b]));
        }
        let regimes = vec![
            Regime::observation(),
            Regime::setting(Nodes::one(0), "do(a)"),
        ];
        let data = Data::new(["a", "b"].map(String::from).to_vec(), regimes, rows).unwrap();
        let score = MixedScore::new(&data);
        let dag = Dag::from_arrows(2, &[(0, 1)]).unwrap();
        let bow = Mixed::confounded(dag.clone(), &[(0, 1)]);
        assert!(score.of(&bow) > score.of(&Mixed::open(dag)) + 50.0);
        let fit = &score.fit(&bow).unwrap()[0];
        let slope = fit.slopes[1][1] * data.unit(1).1 / data.unit(0).1;
        assert!((slope - 0.5).abs() < 0.03, "{slope}");
        let (r, low, high) = fit.correlation(0, 1).unwrap();
        // Correlation of u + e and u + e/2: 1 / √(2 · 1.25) = 0.632.
        assert!(
            low < 0.632 && 0.632 < high && (r - 0.632).abs() < 0.05,
            "{r} {low} {high}"
        );
    }

    #[test]
    fn arrows_and_hidden_causes_have_costs_of_their_own() {
        let mut rng = Seed(8).rng();
        let rows = (0..40)
            .map(|_| {
                (
                    0,
                    vec![normal(&mut rng), normal(&mut rng), normal(&mut rng)],
                )
            })
            .collect();
        let names = ["a", "b", "c"].map(String::from).to_vec();
        let data = Data::new(names, vec![Regime::observation()], rows).unwrap();
        let (free, dear) = (
            MixedScore::new(&data),
            MixedScore::sparse(&data, 2.0).hidden_cost(5.0),
        );
        let loss = |graph: &Mixed| free.of(graph) - dear.of(graph);
        let dag = Dag::from_arrows(3, &[(0, 1)]).unwrap();
        assert!((loss(&Mixed::open(dag.clone())) - 2.0).abs() < 1e-9);
        assert!((loss(&Mixed::confounded(Dag::empty(3), &[(1, 2)])) - 5.0).abs() < 1e-9);
        assert!((loss(&Mixed::confounded(dag, &[(1, 2)])) - 7.0).abs() < 1e-9);
    }

    #[test]
    fn a_typical_size_of_effects_rules_out_weak_ones_and_keeps_strong_ones() {
        let mut rng = Seed(6).rng();
        let rows = (0..60)
            .map(|_| {
                let a = normal(&mut rng);
                (0, vec![a, a + normal(&mut rng), normal(&mut rng)])
            })
            .collect();
        let names = ["a", "b", "c"].map(String::from).to_vec();
        let data = Data::new(names, vec![Regime::observation()], rows).unwrap();
        let (plain, typical) = (
            MixedScore::new(&data),
            MixedScore::new(&data).typical(Some(0.5)),
        );
        let none = Mixed::open(Dag::empty(3));
        let arrow = |from, to| Mixed::open(Dag::from_arrows(3, &[(from, to)]).unwrap());
        // What is there is as long as a typical effect; what is not loses more than two nats.
        let strong = |score: &MixedScore<'_>| score.gain(&none, &arrow(0, 1));
        assert!((strong(&plain) - strong(&typical)).abs() < 1e-9);
        let weak = |score: &MixedScore<'_>| score.gain(&none, &arrow(0, 2));
        assert!(
            weak(&typical) < weak(&plain) - 2.0,
            "{} {}",
            weak(&plain),
            weak(&typical)
        );
        let hidden = Mixed::confounded(Dag::empty(3), &[(1, 2)]);
        assert!(typical.gain(&none, &hidden) < plain.gain(&none, &hidden) - 1.0);
        // Observation can't tell these two apart, whatever is typical.
        assert!((typical.of(&arrow(0, 1)) - typical.of(&arrow(1, 0))).abs() < 1e-6);
    }
}
