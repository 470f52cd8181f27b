//! What the data say of causes, all together: the one call behind the command line and the loop.

use crate::data::Data;
use crate::enumerate::MAX_ENUMERATED;
use crate::exact;
use crate::graph::{Dag, Essential};
use crate::mixed::{Mixed, MixedScore};
use crate::nodes::Nodes;
use crate::predict::{Effect, Fitted};
use crate::sample::{self, Length};
use crate::score::{Gaussian, GaussianScore, LocalScore, arrow_cost};
use crate::search::{self, Effort};
use quantity::Seed;

/// The most variables among which hidden common causes are sought.
pub const MAX_HIDDEN: usize = 20;
/// The most variables whose graphs are sampled; above, only the best graph is given.
pub const MAX_SAMPLED: usize = 40;

/// What to allow for, and how hard to look.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Options {
    /// Whether variables may have hidden common causes. Not above [`MAX_HIDDEN`] variables, and not
    /// with regimes of unknown targets.
    pub hidden: bool,
    /// The score of graphs without hidden causes; those with are always scored by BIC.
    pub score: Gaussian,
    /// How much less likely every arrow makes a graph beforehand, in nats; by [`arrow_cost`] if not given.
    pub arrow_cost: Option<f64>,
    /// The same for every pair with hidden causes; by [`arrow_cost`] if not given.
    pub hidden_cost: Option<f64>,
    /// The size of a typical effect, where graphs with hidden causes are weighed: see [`MixedScore::typical`].
    pub typical: Option<f64>,
    /// The search for the best graph.
    pub effort: Effort,
    /// The sample of graphs.
    pub length: Length,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            hidden: true,
            score: Gaussian::Bic,
            arrow_cost: None,
            hidden_cost: None,
            typical: None,
            effort: Effort::default(),
            length: Length::default(),
        }
    }
}

/// How probabilities were found.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Method {
    /// Every graph was weighed.
    Exact,
    /// Graphs were drawn; the chains differ by at most so much in any probability.
    Sampled {
        /// Greatest difference between chains.
        disagreement: f64,
    },
    /// There are too many variables: only the best graph that was found, with probabilities one and zero.
    Best,
}

/// What the data say.
#[derive(Clone, Debug)]
pub struct Belief {
    variables: usize,
    arrows: Vec<f64>,
    hidden: Vec<f64>,
    together: f64,
    /// The graph of the highest score.
    pub best: Mixed,
    /// Its score, and whether no graph without hidden causes has a higher one, for certain.
    pub score: (f64, bool),
    /// What no amount of such data can tell of the best graph is left open here.
    pub settled: Essential,
    /// Effects of the best graph's arrows, with errors; empty where they can't be fitted.
    pub effects: Vec<Effect>,
    /// Likely graphs with their probabilities, most likely first.
    pub graphs: Vec<(Mixed, f64)>,
    /// How probabilities were found.
    pub method: Method,
    /// Whether hidden causes were allowed for.
    pub allowed_hidden: bool,
}

impl Belief {
    /// The probability of an arrow.
    #[must_use]
    pub fn arrow(&self, from: usize, to: usize) -> f64 {
        self.arrows[from * self.variables + to]
    }

    /// The probability that two variables have a hidden common cause.
    #[must_use]
    pub fn hidden(&self, a: usize, b: usize) -> f64 {
        self.hidden[a * self.variables + b]
    }

    /// What joins two variables, with its probability: the likeliest of no arrow, either arrow.
    #[must_use]
    pub fn verdict(&self, a: usize, b: usize) -> (Link, f64) {
        let (to, back) = (self.arrow(a, b), self.arrow(b, a));
        [
            (Link::None, 1.0 - to - back),
            (Link::Forth, to),
            (Link::Back, back),
        ]
        .into_iter()
        .reduce(|best, next| if next.1 > best.1 { next } else { best })
        .unwrap_or((Link::None, 0.0))
    }

    /// The least certain of all verdicts, hidden causes included.
    #[must_use]
    pub fn certainty(&self) -> f64 {
        let n = self.variables;
        (0..n)
            .flat_map(|a| (0..a).map(move |b| (a, b)))
            .map(|(a, b)| {
                let h = self.hidden(a, b);
                self.verdict(a, b).1.min(h.max(1.0 - h))
            })
            .fold(1.0, f64::min)
    }

    /// The probability that all verdicts hold together, hidden causes included.
    #[must_use]
    pub fn together(&self) -> f64 {
        self.together
    }

    /// Likely graphs with their fitted equations for [`crate::next::choose`], at most so many: drawn at
    /// even steps of the cumulated probability, so that they stand for all.
    #[must_use]
    pub fn rivals(&self, data: &Data, most: usize) -> Vec<(Fitted, f64)> {
        let score = MixedScore::new(data);
        let total: f64 = self.graphs.iter().map(|(_, share)| share).sum();
        let step = total / most.max(1) as f64;
        let (mut passed, mut next) = (0.0, 0.5 * step);
        let mut fitted: Vec<(Fitted, f64)> = Vec::new();
        for (graph, share) in &self.graphs {
            passed += share;
            let mut weight = 0.0;
            while next < passed {
                weight += 1.0;
                next += step;
            }
            if weight > 0.0 {
                fitted.extend(Fitted::new(&score, graph).map(|fit| (fit, weight)));
            }
        }
        let sum: f64 = fitted.iter().map(|(_, weight)| weight).sum();
        for (_, weight) in &mut fitted {
            *weight /= sum;
        }
        fitted
    }
}

/// Which arrow joins two variables.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Link {
    /// None.
    None,
    /// From the first to the second.
    Forth,
    /// From the second to the first.
    Back,
}

/// A regime, and the arrows that it oriented.
pub type Settled = (usize, Vec<(usize, usize)>);

/// For each intervention that was made, in the order of the regimes: the arrows of a graph that it oriented and
/// that nothing before it had.
#[must_use]
pub fn settled_by(data: &Data, dag: &Dag) -> Vec<Settled> {
    let mut so_far = vec![Nodes::NONE];
    let mut before = dag.essential(&so_far);
    let mut all = Vec::new();
    for (at, regime) in data.regimes().iter().enumerate() {
        if regime.targets().is_empty() || data.moments()[at].rows == 0.0 {
            continue;
        }
        so_far.push(regime.targets());
        let after = dag.essential(&so_far);
        let newly = dag
            .arrows()
            .filter(|(a, b)| before.neighbours(*a).has(*b) && !after.neighbours(*a).has(*b));
        all.push((at, newly.collect()));
        before = after;
    }
    all
}

/// Graphs that a sample's belief keeps.
const GRAPHS_KEPT: usize = 2000;

/// Weighs graphs on data.
#[must_use]
pub fn believe(data: &Data, options: &Options, seed: Seed) -> Belief {
    let n = data.variables();
    let unknown = data.regimes().iter().any(|regime| regime.unknown);
    let hidden = options.hidden && n <= MAX_HIDDEN && !unknown;
    let cost = options.arrow_cost.unwrap_or_else(|| arrow_cost(n));
    let plain = GaussianScore::new(options.score, data).sparse(cost);
    let found = search::best(&plain, &options.effort, seed);
    let targets = plain.targets();
    let mixed = MixedScore::sparse(data, cost)
        .hidden_cost(options.hidden_cost.unwrap_or_else(|| arrow_cost(n)))
        .typical(options.typical);
    let (best, score, graphs, method) = if hidden {
        let open = Mixed::open(found.dag.clone());
        let (mut best, mut value) = sample::best_mixed(&mixed, &open, 6, seed);
        let drawn = sample::mixed(&mixed, &best, options.length, seed);
        // A graph on the way may beat the searched one.
        for (graph, _) in drawn.graphs.iter().take(100) {
            let of = mixed.of(graph);
            if of > value + 1e-9 {
                (best, value) = (graph.clone(), of);
            }
        }
        let disagreement = drawn.disagreement;
        (
            best,
            (value, false),
            drawn.graphs,
            Method::Sampled { disagreement },
        )
    } else {
        let open = Mixed::open(found.dag.clone());
        let score = (found.score, found.optimal);
        if n <= MAX_ENUMERATED {
            let graphs = members(&exact::posterior(&plain), &targets);
            (open, score, graphs, Method::Exact)
        } else if n <= MAX_SAMPLED {
            let drawn = sample::graphs(&plain, &found.dag, options.length, seed);
            let disagreement = drawn.disagreement;
            (open, score, drawn.graphs, Method::Sampled { disagreement })
        } else {
            (open.clone(), score, vec![(open, 1.0)], Method::Best)
        }
    };
    let (mut arrows, mut joint) = (vec![0.0; n * n], vec![0.0; n * n]);
    let sum: f64 = graphs.iter().map(|(_, share)| share).sum();
    for (graph, share) in &graphs {
        for (from, to) in graph.dag.arrows() {
            arrows[from * n + to] += share / sum;
        }
        for node in 0..n {
            for other in graph.group(node).without(node).iter() {
                joint[node * n + other] += share / sum;
            }
        }
    }
    let effects = if unknown {
        Vec::new()
    } else {
        Fitted::new(&mixed, &best).map_or_else(Vec::new, |fitted| fitted.effects())
    };
    let mut believed = Belief {
        variables: n,
        arrows,
        hidden: joint,
        together: 0.0,
        settled: best.dag.essential(&targets),
        best,
        score,
        effects,
        graphs,
        method,
        allowed_hidden: hidden,
    };
    let as_believed = |graph: &Mixed| {
        (0..n)
            .flat_map(|a| (0..a).map(move |b| (a, b)))
            .all(|(a, b)| {
                let link = if graph.dag.parents(b).has(a) {
                    Link::Forth
                } else if graph.dag.parents(a).has(b) {
                    Link::Back
                } else {
                    Link::None
                };
                believed.verdict(a, b).0 == link
                    && (believed.hidden(a, b) > 0.5) == graph.group(a).has(b)
            })
    };
    let of = believed
        .graphs
        .iter()
        .filter(|(graph, _)| as_believed(graph));
    believed.together = of.map(|(_, share)| share / sum).sum();
    believed.graphs.truncate(GRAPHS_KEPT);
    believed
}

/// All members of the likely classes, each with its share of the class's probability.
fn members(posterior: &exact::Posterior, targets: &[Nodes]) -> Vec<(Mixed, f64)> {
    let mut all = Vec::new();
    for class in &posterior.classes {
        let members = class.member.essential(targets).members(GRAPHS_KEPT);
        let share = class.probability / members.len() as f64;
        all.extend(members.into_iter().map(|dag| (Mixed::open(dag), share)));
    }
    all
}
