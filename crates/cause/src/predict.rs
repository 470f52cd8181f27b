//! What a fitted graph expects of an intervention.

use crate::data::Data;
use crate::district::GroupFit;
use crate::mixed::{Mixed, MixedScore};
use crate::nodes::Nodes;

/// An intervention that could be made.
#[derive(Clone, Debug, PartialEq)]
pub struct Intervention {
    /// What people call it.
    pub name: String,
    /// The variables it acts on, and with what, in the variable's own unit: the value that it is set to
    /// (hard), or by how much it moves (soft).
    pub targets: Vec<(usize, f64)>,
    /// Whether the drivers of its targets go on acting.
    pub soft: bool,
}

impl Intervention {
    /// Nothing is done: a control.
    #[must_use]
    pub fn none() -> Self {
        Self {
            name: "control".into(),
            targets: Vec::new(),
            soft: false,
        }
    }
}

/// Mean and covariance of all variables, in scaled units.
#[derive(Clone, Debug)]
pub struct Expected {
    /// Mean of each variable.
    pub mean: Vec<f64>,
    /// Covariance, row-major.
    pub covariance: Vec<f64>,
}

/// A graph with its fitted equations.
#[derive(Clone, Debug)]
pub struct Fitted {
    /// The graph.
    pub graph: Mixed,
    groups: Vec<GroupFit>,
    /// For each variable its intercept, its parents with their slopes, all in scaled units.
    equations: Vec<(f64, Vec<(usize, f64)>)>,
    /// Covariance of all noise, row-major.
    noise: Vec<f64>,
    units: Vec<(f64, f64)>,
}

/// The effect of an arrow.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Effect {
    /// The driver.
    pub from: usize,
    /// The driven.
    pub to: usize,
    /// Units of `to` for one unit of `from`.
    pub slope: f64,
    /// Its standard error.
    pub error: f64,
}

impl Effect {
    /// The 95 % interval.
    #[must_use]
    pub fn interval(&self) -> (f64, f64) {
        let half = 1.959_964 * self.error;
        (self.slope - half, self.slope + half)
    }
}

impl Fitted {
    /// Fits a graph; `None` where the data can't determine it.
    #[must_use]
    pub fn new(score: &MixedScore<'_>, graph: &Mixed) -> Option<Self> {
        let groups = score.fit(graph)?;
        let n = graph.dag.variables();
        let mut equations = vec![(0.0, Vec::new()); n];
        let mut noise = vec![0.0; n * n];
        for fit in &groups {
            let k = fit.members.len();
            for (i, &node) in fit.members.iter().enumerate() {
                let slopes = &fit.slopes[i];
                let parents = graph.dag.parents(node).iter().zip(&slopes[1..]);
                equations[node] = (slopes[0], parents.map(|(p, s)| (p, *s)).collect());
                for (j, &other) in fit.members.iter().enumerate() {
                    noise[node * n + other] = fit.noise[i * k + j];
                }
            }
        }
        let data: &Data = score.data();
        Some(Self {
            graph: graph.clone(),
            groups,
            equations,
            noise,
            units: (0..n).map(|node| data.unit(node)).collect(),
        })
    }

    /// The effect of every arrow, in the variables' own units.
    #[must_use]
    pub fn effects(&self) -> Vec<Effect> {
        let mut all = Vec::new();
        for fit in &self.groups {
            for (i, &to) in fit.members.iter().enumerate() {
                for (at, from) in self.graph.dag.parents(to).iter().enumerate() {
                    let unit = self.units[to].1 / self.units[from].1;
                    all.push(Effect {
                        from,
                        to,
                        slope: fit.slopes[i][at + 1] * unit,
                        error: fit.errors[i][at + 1] * unit,
                    });
                }
            }
        }
        all.sort_by_key(|effect| (effect.from, effect.to));
        all
    }

    /// The correlation of what hidden causes do to two variables, with its 95 % interval.
    #[must_use]
    pub fn hidden(&self, a: usize, b: usize) -> Option<(f64, f64, f64)> {
        self.groups.iter().find_map(|fit| fit.correlation(a, b))
    }

    /// What each variable's own equation leaves unexplained of a row in the variables' own units, in scaled units;
    /// nothing for variables that were acted on.
    #[must_use]
    pub fn residuals(&self, values: &[f64], acted: Nodes) -> Vec<Option<f64>> {
        let scaled = |node: usize| (values[node] - self.units[node].0) / self.units[node].1;
        let of = |node: usize| {
            let (intercept, parents) = &self.equations[node];
            let driven: f64 = parents.iter().map(|(p, slope)| slope * scaled(*p)).sum();
            (!acted.has(node)).then(|| scaled(node) - intercept - driven)
        };
        (0..self.equations.len()).map(of).collect()
    }

    /// What it expects of wells with an intervention.
    #[must_use]
    pub fn expect(&self, intervention: &Intervention) -> Expected {
        let n = self.units.len();
        let mut noise = self.noise.clone();
        let mut mean = vec![0.0; n];
        // Each variable as a sum of noises: `through[node * n + source]`.
        let mut through = vec![0.0; n * n];
        for node in self.graph.dag.order() {
            let (centre, scale) = self.units[node];
            let acted = intervention.targets.iter().find(|(t, _)| *t == node);
            if let (Some((_, value)), false) = (acted, intervention.soft) {
                mean[node] = (value - centre) / scale;
                for other in 0..n {
                    noise[node * n + other] = 0.0;
                    noise[other * n + node] = 0.0;
                }
                through[node * n + node] = 1.0;
                continue;
            }
            let (intercept, parents) = &self.equations[node];
            mean[node] = intercept + acted.map_or(0.0, |(_, shift)| shift / scale);
            through[node * n + node] = 1.0;
            for &(parent, slope) in parents {
                mean[node] += slope * mean[parent];
                for source in 0..n {
                    through[node * n + source] += slope * through[parent * n + source];
                }
            }
        }
        let mut half = vec![0.0; n * n];
        for a in 0..n {
            for s in 0..n {
                let t = through[a * n + s];
                if t != 0.0 {
                    for b in 0..n {
                        half[a * n + b] += t * noise[s * n + b];
                    }
                }
            }
        }
        let mut covariance = vec![0.0; n * n];
        for a in 0..n {
            for b in 0..n {
                covariance[a * n + b] = (0..n).map(|s| half[a * n + s] * through[b * n + s]).sum();
            }
        }
        Expected { mean, covariance }
    }
}
