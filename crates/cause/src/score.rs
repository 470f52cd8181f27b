//! How well a set of parents explains a variable: scores that add up over the variables of a graph.
//!
//! Rows in which a variable was set from outside say nothing of its mechanism and are left out of its
//! term (Cooper and Yoo, UAI 1999); rows with a changed mechanism get parameters of their own.

use crate::cholesky;
use crate::data::Data;
use crate::fold::Fold;
use crate::moments::Moments;
use crate::nodes::Nodes;
use std::collections::HashMap;
use std::sync::{Arc, Mutex};

/// A score that is a sum over variables of a term for each with its parents: a log marginal likelihood
/// or an approximation of one.
pub trait LocalScore {
    /// How many variables.
    fn variables(&self) -> usize;
    /// The term of a variable with these parents; minus infinity where it can't be estimated.
    fn local(&self, node: usize, parents: Nodes) -> f64;
    /// The sets of targets of the data, for essential graphs.
    fn targets(&self) -> Vec<Nodes>;
}

/// Which Gaussian score.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Gaussian {
    /// Maximised log likelihood less half the logarithm of the rows for each parameter (Schwarz, Ann.
    /// Statist. 6 (1978) 461). Equal for graphs that observation can't tell apart.
    #[default]
    Bic,
    /// The marginal likelihood under a normal-Wishart prior (Geiger and Heckerman, Ann. Statist. 30
    /// (2002) 1412, as corrected by Kuipers, Moffa and Heckerman, Ann. Statist. 42 (2014) 1689) with
    /// α_μ = 1, α_w = p + 2 and T = ½ I in units of standard deviations. Equal for graphs that
    /// observation can't tell apart.
    Bge,
}

/// The cost of an arrow, in nats: among many possible arrows some fit by chance, and the criterion of
/// Schwarz alone lets them in (extended criterion of Chen and Chen, Biometrika 95 (2008) 759, with γ = 1; for
/// graphs Foygel and Drton, NIPS 2010).
#[must_use]
pub fn arrow_cost(variables: usize) -> f64 {
    2.0 * (variables.max(2) as f64 - 1.0).ln()
}

/// A Gaussian score of data with interventions.
#[derive(Debug)]
pub struct GaussianScore {
    kind: Gaussian,
    variables: usize,
    /// Rows that share a variable's mechanism, by variable; then those with a mechanism of their own.
    pooled: Vec<Arc<Moments>>,
    own: Vec<Vec<Arc<Moments>>>,
    /// Regimes that may have changed any mechanism.
    unknown: Vec<(usize, Arc<Moments>)>,
    targets: Vec<Nodes>,
    arrow_cost: f64,
    cache: Mutex<HashMap<(usize, Nodes), f64, Fold>>,
}

impl GaussianScore {
    /// For these data.
    #[must_use]
    pub fn new(kind: Gaussian, data: &Data) -> Self {
        let p = data.variables();
        let used = |at: &usize| data.moments()[*at].rows > 0.0;
        let regimes: Vec<usize> = (0..data.regimes().len()).filter(used).collect();
        let known = |at: &&usize| !data.regimes()[**at].unknown;
        let mut made: HashMap<Vec<usize>, Arc<Moments>> = HashMap::new();
        let mut pooled = Vec::with_capacity(p);
        let mut own = Vec::with_capacity(p);
        for node in 0..p {
            let shared: Vec<usize> = regimes
                .iter()
                .filter(known)
                .copied()
                .filter(|at| !data.regimes()[*at].targets().has(node))
                .collect();
            pooled.push(
                made.entry(shared.clone())
                    .or_insert_with(|| {
                        let mut sum = Moments::none(p);
                        for at in &shared {
                            sum.add(&data.moments()[*at]);
                        }
                        Arc::new(sum)
                    })
                    .clone(),
            );
            own.push(
                regimes
                    .iter()
                    .filter(|at| {
                        let regime = &data.regimes()[**at];
                        regime.soft.has(node) && !regime.hard.has(node)
                    })
                    .map(|at| Arc::new(data.moments()[*at].clone()))
                    .collect(),
            );
        }
        Self {
            kind,
            variables: p,
            pooled,
            own,
            unknown: regimes
                .iter()
                .filter(|at| data.regimes()[**at].unknown)
                .map(|at| (*at, Arc::new(data.moments()[*at].clone())))
                .collect(),
            targets: data.targets(),
            arrow_cost: 0.0,
            cache: Mutex::default(),
        }
    }

    /// Every arrow makes a graph less likely beforehand by so many nats; see [`arrow_cost`].
    #[must_use]
    pub fn sparse(mut self, arrow_cost: f64) -> Self {
        self.arrow_cost = arrow_cost;
        self.cache = Mutex::default();
        self
    }

    /// The regimes of unknown target that changed a variable's mechanism, given its parents, and by how
    /// much the score speaks for it (natural logarithm of the odds). The best set is found by adding one
    /// regime after the other while the score rises.
    #[must_use]
    pub fn changed(&self, node: usize, parents: Nodes) -> Vec<(usize, f64)> {
        self.family(node, parents).1
    }

    fn family(&self, node: usize, parents: Nodes) -> (f64, Vec<(usize, f64)>) {
        let members: Vec<usize> = parents.iter().chain([node]).collect();
        let mut shared = cut(&self.pooled[node], &members);
        let unknown: Vec<(usize, Moments)> = self
            .unknown
            .iter()
            .map(|(at, moments)| (*at, cut(moments, &members)))
            .collect();
        let fixed: f64 = self.own[node]
            .iter()
            .map(|moments| self.term(&cut(moments, &members)))
            .sum();
        let sum = |parts: &[bool], base: &Moments| {
            let mut all = base.clone();
            let mut total = 0.0;
            for (apart, (_, moments)) in parts.iter().zip(&unknown) {
                if *apart {
                    total += self.term(moments);
                } else {
                    all.add(moments);
                }
            }
            total + self.term(&all)
        };
        if unknown.is_empty() {
            return (fixed + self.term(&shared), Vec::new());
        }
        let mut apart = vec![false; unknown.len()];
        let mut best = sum(&apart, &shared);
        // At least one group must keep the common mechanism.
        let keep = usize::from(shared.rows == 0.0);
        while apart.iter().filter(|a| !**a).count() > keep {
            let next = (0..apart.len())
                .filter(|at| !apart[*at])
                .map(|at| {
                    let mut with = apart.clone();
                    with[at] = true;
                    (sum(&with, &shared), at)
                })
                .max_by(|a, b| a.0.total_cmp(&b.0));
            match next {
                Some((value, at)) if value > best => {
                    best = value;
                    apart[at] = true;
                }
                _ => break,
            }
        }
        let changed = (0..apart.len())
            .filter(|at| apart[*at])
            .map(|at| {
                let mut without = apart.clone();
                without[at] = false;
                (unknown[at].0, best - sum(&without, &shared))
            })
            .collect();
        shared.rows = 0.0;
        (fixed + best, changed)
    }

    /// One group of rows: parents first, the variable last.
    fn term(&self, moments: &Moments) -> f64 {
        if moments.rows == 0.0 {
            return 0.0;
        }
        match self.kind {
            Gaussian::Bic => bic(moments),
            Gaussian::Bge => bge(moments, self.variables),
        }
    }
}

impl LocalScore for GaussianScore {
    fn variables(&self) -> usize {
        self.variables
    }

    fn local(&self, node: usize, parents: Nodes) -> f64 {
        let key = (node, parents);
        let known = self.cache.lock().ok().and_then(|c| c.get(&key).copied());
        known.unwrap_or_else(|| {
            let cost = self.arrow_cost * parents.len() as f64;
            let value = self.family(node, parents).0 - cost;
            if let Ok(mut cache) = self.cache.lock() {
                cache.insert(key, value);
            }
            value
        })
    }

    fn targets(&self) -> Vec<Nodes> {
        self.targets.clone()
    }
}

/// The moments of some variables.
pub(crate) fn cut(moments: &Moments, members: &[usize]) -> Moments {
    let mut scatter = Vec::with_capacity(members.len() * members.len());
    for &a in members {
        scatter.extend(members.iter().map(|&b| moments.at(a, b)));
    }
    Moments {
        rows: moments.rows,
        mean: members.iter().map(|&m| moments.mean[m]).collect(),
        scatter,
    }
}

fn bic(moments: &Moments) -> f64 {
    let size = moments.mean.len();
    let parents = size - 1;
    let n = moments.rows;
    // Slopes, an intercept and a variance.
    let parameters = (parents + 2) as f64;
    if n <= parameters {
        return f64::NEG_INFINITY;
    }
    let mut l = moments.scatter.clone();
    if cholesky::factor(&mut l, size).is_none() {
        return f64::NEG_INFINITY;
    }
    // The last pivot squared is the residual sum of squares.
    let last = l[size * size - 1];
    let rss = last * last;
    -0.5 * n * ((rss / n).ln() + 1.0 + (2.0 * std::f64::consts::PI).ln())
        - 0.5 * parameters * n.ln()
}

fn bge(moments: &Moments, variables: usize) -> f64 {
    let size = moments.mean.len();
    let (l, p, n) = ((size - 1) as f64, variables as f64, moments.rows);
    let (alpha_mu, alpha_w) = (1.0, p + 2.0);
    let t: f64 = alpha_mu * (alpha_w - p - 1.0) / (alpha_mu + 1.0);
    let weight = n * alpha_mu / (n + alpha_mu);
    let mut r = moments.scatter.clone();
    for a in 0..size {
        for b in 0..size {
            r[a * size + b] += weight * moments.mean[a] * moments.mean[b];
        }
        r[a * size + a] += t;
    }
    if cholesky::factor(&mut r, size).is_none() {
        return f64::NEG_INFINITY;
    }
    let log_det = |count: usize| -> f64 { (0..count).map(|i| 2.0 * r[i * size + i].ln()).sum() };
    let (with, without) = (log_det(size), log_det(size - 1));
    0.5 * (alpha_mu / (n + alpha_mu)).ln() - 0.5 * n * std::f64::consts::PI.ln()
        + ln_gamma(0.5 * (n + alpha_w - p + l + 1.0))
        - ln_gamma(0.5 * (alpha_w - p + l + 1.0))
        + 0.5 * (alpha_w - p + 2.0 * l + 1.0) * t.ln()
        + 0.5 * (n + alpha_w - p + l) * without
        - 0.5 * (n + alpha_w - p + l + 1.0) * with
}

/// ln Γ(x) for x > 0: Stirling's series with the argument raised above 10 (Abramowitz and Stegun
/// 6.1.41); relative error below 1e-12.
pub(crate) fn ln_gamma(mut x: f64) -> f64 {
    let mut below = 0.0;
    while x < 10.0 {
        below += x.ln();
        x += 1.0;
    }
    let inv = 1.0 / x;
    let square = inv * inv;
    let series = inv
        * (1.0 / 12.0
            - square
                * (1.0 / 360.0
                    - square * (1.0 / 1260.0 - square * (1.0 / 1680.0 - square / 1188.0))));
    (x - 0.5) * x.ln() - x + 0.5 * (2.0 * std::f64::consts::PI).ln() + series - below
}

/// The score of a whole graph.
pub fn total(score: &(impl LocalScore + ?Sized), parents: impl Iterator<Item = Nodes>) -> f64 {
    parents
        .enumerate()
        .map(|(node, set)| score.local(node, set))
        .sum()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::data::Regime;
    use quantity::Seed;
    use rand::RngExt;

    #[test]
    fn ln_gamma_at_known_values() {
        assert!((ln_gamma(0.5) - 0.5 * std::f64::consts::PI.ln()).abs() < 1e-12);
        assert!((ln_gamma(10.0) - 362_880f64.ln()).abs() < 1e-11);
        assert!(ln_gamma(1.0).abs() < 1e-12);
    }

    /// BGe of one variable is the marginal likelihood of a normal-gamma model; here by brute quadrature.
    #[test]
    fn bge_is_the_marginal_likelihood() {
        let x = [0.3, -0.8, 1.1, 0.2];
        let rows: Vec<Vec<f64>> = x.iter().map(|v| vec![*v]).collect();
        let moments = Moments::of(1, rows.iter().map(Vec::as_slice));
        // p = 1: α_w = 3, T = ½: precision λ ~ Wishart(3, T⁻¹) = Gamma(3/2, rate ¼), μ | λ ~ N(0, 1/λ).
        let mut sum = 0.0;
        let (steps, top) = (20_000, 60.0);
        for i in 0..steps {
            let lambda: f64 = (i as f64 + 0.5) * top / steps as f64;
            let prior = 0.25f64.powf(1.5) / (0.5 * std::f64::consts::PI.sqrt())
                * lambda.sqrt()
                * (-0.25 * lambda).exp();
            // μ integrated out: rows given λ are normal with covariance (I + 11')/λ.
            let n = x.len() as f64;
            let s1: f64 = x.iter().sum();
            let s2: f64 = x.iter().map(|v| v * v).sum();
            let quad = s2 - s1 * s1 / (n + 1.0);
            let like = (lambda / (2.0 * std::f64::consts::PI)).powf(n / 2.0) / (n + 1.0).sqrt()
                * (-0.5 * lambda * quad).exp();
            sum += prior * like * top / steps as f64;
        }
        assert!(
            (bge(&moments, 1) - sum.ln()).abs() < 1e-4,
            "{} {}",
            bge(&moments, 1),
            sum.ln()
        );
    }

    #[test]
    fn observation_scores_equivalent_graphs_alike() {
        let mut rng = Seed(5).rng();
        let rows = (0..40)
            .map(|_| {
                let a: f64 = rng.random::<f64>();
                let b = 0.7 * a + rng.random::<f64>();
                (0, vec![a, b, a - b + rng.random::<f64>()])
            })
            .collect();
        let names = ["a", "b", "c"].map(String::from).to_vec();
        let data = Data::new(names, vec![Regime::observation()], rows).unwrap();
        for kind in [Gaussian::Bic, Gaussian::Bge] {
            let score = GaussianScore::new(kind, &data);
            let of = |parents: [Nodes; 3]| total(&score, parents.into_iter());
            let (none, one) = (Nodes::NONE, Nodes::one);
            let chain = of([none, one(0), one(1)]);
            let fork = of([one(1), none, one(1)]);
            let collider = of([none, one(0).with(2), none]);
            assert!((chain - fork).abs() < 1e-9, "{kind:?}: {chain} {fork}");
            assert!((chain - collider).abs() > 1e-3, "{kind:?}");
        }
    }
}
