//! The marginal likelihood of a graph, hidden common causes included: how probable the data are under it, all weights, levels
//! and noises integrated out.
//!
//! Without hidden causes that is the score of Geiger and Heckerman ([`crate::Gaussian::Bge`]). The members of a group with hidden
//! causes have correlated noise `Σ`: given `Σ` their weights are jointly normal under the same prior, and are integrated
//! analytically, rows in which some members were set from outside included; over `Σ`, whose prior is the inverse Wishart
//! distribution that the same normal-Wishart prior implies, by importance sampling round what fits best. So two variables that a
//! hidden cause moves together are exactly as probable as one that drives the other, until somebody acts on them.

use crate::cholesky;
use crate::data::Data;
use crate::district::{self, Block};
use crate::mixed::Mixed;
use crate::nodes::Nodes;
use crate::score::{Gaussian, GaussianScore, LocalScore, ln_gamma};
use quantity::{Rng, Seed};
use rand::RngExt;
use std::cell::RefCell;
use std::collections::BTreeMap;

/// Draws of the noise of a group.
const DRAWS: usize = 2000;
/// The precision of the mean and the scale of the noise beforehand, as the score of Geiger and Heckerman has them here.
const ALPHA_MU: f64 = 1.0;
const T: f64 = 0.5;
/// How much broader than the fit draws are made: its degrees of freedom times this.
const BROADER: f64 = 0.6;

/// Marginal likelihoods of graphs on data.
#[derive(Debug)]
pub struct MarginalScore<'a> {
    data: &'a Data,
    alone: GaussianScore,
    groups: RefCell<BTreeMap<(Nodes, Vec<Nodes>), f64>>,
}

impl<'a> MarginalScore<'a> {
    /// For these data.
    #[must_use]
    pub fn new(data: &'a Data) -> Self {
        Self {
            data,
            alone: GaussianScore::new(Gaussian::Bge, data),
            groups: RefCell::default(),
        }
    }

    /// Logarithm of the marginal likelihood of a graph; minus infinity where a group with hidden causes can't be fitted.
    #[must_use]
    pub fn of(&self, graph: &Mixed) -> f64 {
        let alone = (0..self.data.variables())
            .filter(|node| graph.group(*node).len() == 1)
            .map(|node| self.alone.local(node, graph.dag.parents(node)));
        let groups = graph.confounded_groups().map(|group| {
            let parents: Vec<Nodes> = group.iter().map(|m| graph.dag.parents(m)).collect();
            let key = (group, parents.clone());
            if let Some(known) = self.groups.borrow().get(&key) {
                return *known;
            }
            let all: Vec<Nodes> = (0..self.data.variables())
                .map(|node| graph.dag.parents(node))
                .collect();
            let value = group_marginal(self.data, group, &all);
            self.groups.borrow_mut().insert(key, value);
            value
        });
        alone.sum::<f64>() + groups.sum::<f64>()
    }
}

/// The equations of a group: for each member the columns of its weights among (1, variables).
struct Equations {
    columns: Vec<Vec<usize>>,
    own: Vec<usize>,
    starts: Vec<usize>,
    size: usize,
    width: usize,
    /// Degrees of freedom of the noise beforehand.
    freedom: f64,
}

/// Logarithm of the marginal likelihood of a group.
fn group_marginal(data: &Data, group: Nodes, parents: &[Nodes]) -> f64 {
    let Some(fit) = district::fit(data, group, parents) else {
        return f64::NEG_INFINITY;
    };
    let k = fit.members.len();
    let used: Nodes = fit.members.iter().fold(group, |set, m| set.or(parents[*m]));
    let variables: Vec<usize> = used.iter().collect();
    let place = |node: usize| variables.iter().position(|v| *v == node).map(|at| at + 1);
    let columns: Vec<Vec<usize>> = fit
        .members
        .iter()
        .map(|m| {
            let drivers = parents[*m].iter().filter_map(place);
            std::iter::once(0).chain(drivers).collect()
        })
        .collect();
    let starts: Vec<usize> = columns
        .iter()
        .scan(0, |sum, own: &Vec<usize>| {
            *sum += own.len();
            Some(*sum - own.len())
        })
        .collect();
    let equations = Equations {
        size: columns.iter().map(Vec::len).sum(),
        own: fit.members.iter().filter_map(|m| place(*m)).collect(),
        starts,
        columns,
        width: variables.len() + 1,
        freedom: 2.0 + used.len() as f64,
    };
    let blocks = district::blocks(data, &fit.members, &variables);
    // The proposal: inverse Wishart round the fit, prior included, with the rows of the pair that has fewest.
    let rows = fit.rows.iter().copied().fold(f64::INFINITY, f64::min);
    let freedom = (BROADER * (rows + equations.freedom)).max(k as f64 + 3.0);
    let mut scale: Vec<f64> = fit.noise.iter().map(|n| n * freedom).collect();
    for i in 0..k {
        scale[i * k + i] += T;
    }
    let mut rng = Seed(0).derive("noise of a group", 0).rng();
    let mut logs = Vec::with_capacity(DRAWS);
    for _ in 0..DRAWS {
        let value = inverse_wishart(freedom, &scale, k, &mut rng).and_then(|noise| {
            let likelihood = given_noise(&equations, &blocks, &noise, k)?;
            let prior = log_inverse_wishart(&noise, equations.freedom, &diagonal(T, k), k)?;
            let proposed = log_inverse_wishart(&noise, freedom, &scale, k)?;
            Some(likelihood + prior - proposed)
        });
        logs.push(value.unwrap_or(f64::NEG_INFINITY));
    }
    let top = logs.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    if top == f64::NEG_INFINITY {
        return top;
    }
    let sum: f64 = logs.iter().map(|log| (log - top).exp()).sum();
    top + (sum / DRAWS as f64).ln()
}

fn diagonal(value: f64, k: usize) -> Vec<f64> {
    (0..k * k)
        .map(|at| if at / k == at % k { value } else { 0.0 })
        .collect()
}

/// Logarithm of the likelihood of all rows given the noise, weights integrated out.
fn given_noise(equations: &Equations, blocks: &[Block], noise: &[f64], k: usize) -> Option<f64> {
    let Equations {
        columns,
        own,
        starts,
        size,
        width,
        ..
    } = equations;
    let (size, width) = (*size, *width);
    let mut h = prior_precision(equations, noise, k)?;
    let (_, log_prior) = cholesky::inverse(&h, size)?;
    let mut rhs = vec![0.0; size];
    let mut log = 0.5 * log_prior;
    for block in blocks {
        let u = block.kept.len();
        let part = district::sub(noise, k, &block.kept);
        let (weights, log_det) = cholesky::inverse(&part, u)?;
        let c = &block.products;
        let mut square = 0.0;
        for (ki, &i) in block.kept.iter().enumerate() {
            for (kj, &j) in block.kept.iter().enumerate() {
                let w = weights[ki * u + kj];
                square += w * c[own[i] * width + own[j]];
                for (p, &cp) in columns[i].iter().enumerate() {
                    let row = starts[i] + p;
                    rhs[row] += w * c[cp * width + own[j]];
                    for (q, &cq) in columns[j].iter().enumerate() {
                        h[row * size + starts[j] + q] += w * c[cp * width + cq];
                    }
                }
            }
        }
        let each = u as f64 * (2.0 * std::f64::consts::PI).ln() + log_det;
        log -= 0.5 * (block.rows * each + square);
    }
    let log_det = cholesky::factor(&mut h, size)?;
    cholesky::forward(&h, size, &mut rhs);
    let explained: f64 = rhs.iter().map(|r| r * r).sum();
    Some(log + 0.5 * (explained - log_det))
}

/// The precision of the weights beforehand: those of one parent have the covariance of the noise over [`T`], intercepts over
/// [`ALPHA_MU`].
fn prior_precision(equations: &Equations, noise: &[f64], k: usize) -> Option<Vec<f64>> {
    let size = equations.size;
    let mut out = vec![0.0; size * size];
    for column in 0..equations.width {
        let with: Vec<(usize, usize)> = (0..k)
            .filter_map(|i| {
                let at = equations.columns[i].iter().position(|c| *c == column)?;
                Some((i, equations.starts[i] + at))
            })
            .collect();
        if with.is_empty() {
            continue;
        }
        let members: Vec<usize> = with.iter().map(|(i, _)| *i).collect();
        let (inverse, _) = cholesky::inverse(&district::sub(noise, k, &members), members.len())?;
        let scale = if column == 0 { ALPHA_MU } else { T };
        for (a, (_, row)) in with.iter().enumerate() {
            for (b, (_, other)) in with.iter().enumerate() {
                out[row * size + other] = scale * inverse[a * members.len() + b];
            }
        }
    }
    Some(out)
}

/// Logarithm of the density of an inverse Wishart distribution.
fn log_inverse_wishart(noise: &[f64], freedom: f64, scale: &[f64], k: usize) -> Option<f64> {
    let (inverse, log_det) = cholesky::inverse(noise, k)?;
    let mut l = scale.to_vec();
    let log_scale = cholesky::factor(&mut l, k)?;
    let trace: f64 = inverse.iter().zip(scale).map(|(a, b)| a * b).sum();
    let kf = k as f64;
    let log_gamma: f64 = 0.25 * kf * (kf - 1.0) * std::f64::consts::PI.ln()
        + (0..k)
            .map(|i| ln_gamma(0.5 * (freedom - i as f64)))
            .sum::<f64>();
    Some(
        0.5 * freedom * log_scale
            - 0.5 * freedom * kf * std::f64::consts::LN_2
            - log_gamma
            - 0.5 * (freedom + kf + 1.0) * log_det
            - 0.5 * trace,
    )
}

/// A draw from an inverse Wishart distribution (Bartlett's decomposition).
fn inverse_wishart(freedom: f64, scale: &[f64], k: usize, rng: &mut Rng) -> Option<Vec<f64>> {
    let (inverse, _) = cholesky::inverse(scale, k)?;
    let mut l = inverse;
    cholesky::factor(&mut l, k)?;
    let mut a = vec![0.0; k * k];
    for i in 0..k {
        a[i * k + i] = (2.0 * gamma(0.5 * (freedom - i as f64), rng)).sqrt();
        for j in 0..i {
            a[i * k + j] = normal(rng);
        }
    }
    let mut la = vec![0.0; k * k];
    for i in 0..k {
        for j in 0..=i {
            la[i * k + j] = (j..=i).map(|m| l[i * k + m] * a[m * k + j]).sum();
        }
    }
    let precision: Vec<f64> = (0..k * k)
        .map(|at| {
            let (i, j) = (at / k, at % k);
            (0..=i.min(j)).map(|m| la[i * k + m] * la[j * k + m]).sum()
        })
        .collect();
    Some(cholesky::inverse(&precision, k)?.0)
}

/// A normal number from two even ones (Box and Muller 1958).
fn normal(rng: &mut Rng) -> f64 {
    let radius = (-2.0 * (1.0 - rng.random::<f64>()).ln()).sqrt();
    radius * (2.0 * std::f64::consts::PI * rng.random::<f64>()).cos()
}

/// A gamma number of a shape of at least one (Marsaglia and Tsang, ACM Trans. Math. Softw. 26 (2000) 363).
fn gamma(shape: f64, rng: &mut Rng) -> f64 {
    let d = shape.max(1.0) - 1.0 / 3.0;
    let c = 1.0 / (9.0 * d).sqrt();
    loop {
        let x = normal(rng);
        let v = (1.0 + c * x).powi(3);
        if v <= 0.0 {
            continue;
        }
        let u: f64 = 1.0 - rng.random::<f64>();
        if u.ln() < 0.5 * x * x + d * (1.0 - v + v.ln()) {
            return d * v;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::data::Regime;
    use crate::graph::Dag;

    /// Rows of two variables, one driving the other, and of a third; some with one of the two set from outside.
    fn rows(acted: bool) -> Data {
        let mut rng = Seed(11).rng();
        let mut rows = Vec::new();
        for at in 0..30 {
            let regime = if acted { at % 3 } else { 0 };
            let c = normal(&mut rng);
            let a = if regime == 1 {
                2.0
            } else {
                0.5 * c + normal(&mut rng)
            };
            let b = if regime == 2 {
                -1.0
            } else {
                0.8 * a + 0.5 * normal(&mut rng)
            };
            rows.push((regime, vec![a, b, c]));
        }
        let mut regimes = vec![Regime::observation()];
        if acted {
            regimes.push(Regime::setting(Nodes::one(0), "set a"));
            regimes.push(Regime::setting(Nodes::one(1), "set b"));
        }
        let names = ["a", "b", "c"].map(String::from).to_vec();
        Data::new(names, regimes, rows).unwrap()
    }

    fn dag(parents: [Nodes; 3]) -> Dag {
        Dag::from_parents(parents.to_vec()).unwrap()
    }

    #[test]
    fn observation_can_not_tell_a_hidden_cause_from_an_arrow() {
        let data = rows(false);
        let score = MarginalScore::new(&data);
        let (none, one) = (Nodes::NONE, Nodes::one);
        let forth = score.of(&Mixed::open(dag([none, one(0), none])));
        let back = score.of(&Mixed::open(dag([one(1), none, none])));
        let hidden = score.of(&Mixed::confounded(dag([none; 3]), &[(0, 1)]));
        assert!((forth - back).abs() < 1e-9, "{forth} {back}");
        assert!((forth - hidden).abs() < 0.1, "{forth} {hidden}");
        // The same where both have a parent in common.
        let forth = score.of(&Mixed::open(dag([one(2), one(0).with(2), none])));
        let both = dag([one(2), one(2), none]);
        let hidden = score.of(&Mixed::confounded(both, &[(0, 1)]));
        assert!((forth - hidden).abs() < 0.1, "{forth} {hidden}");
    }

    /// Against a grid over the noise of two variables whose levels are known to integrate by hand: rows in which both
    /// moved freely, and rows in which one was set.
    #[test]
    fn rows_with_one_member_set_count_for_the_other_alone() {
        let data = rows(true);
        let score = MarginalScore::new(&data);
        let empty = dag([Nodes::NONE; 3]);
        let found = score.of(&Mixed::confounded(empty.clone(), &[(0, 1)]))
            - score.alone.local(2, Nodes::NONE);
        // Scaled rows, by regime.
        let scaled = |regime: usize, node: usize| -> Vec<f64> {
            let (mean, sd) = data.unit(node);
            let of = data.values(regime, node);
            of.iter().map(|v| (v - mean) / sd).collect()
        };
        let (n, mut logs) = (60, Vec::new());
        for i in 0..n {
            for j in 0..n {
                for r in 0..n {
                    let at = |m: usize| (m as f64 + 0.5) / n as f64;
                    let (s1, s2) = (0.02 * 500f64.powf(at(i)), 0.02 * 500f64.powf(at(j)));
                    let rho = 2.0 * at(r) - 1.0;
                    let cross = rho * (s1 * s2).sqrt();
                    let noise = [s1, cross, cross, s2];
                    // Steps of logarithms, and of the correlation: the density of the covariance times its Jacobian.
                    let step = 500f64.ln() / n as f64;
                    let area = step * step * (2.0 / n as f64) * s1 * s2 * (s1 * s2).sqrt();
                    let prior = log_inverse_wishart(&noise, 4.0, &diagonal(0.5, 2), 2).unwrap();
                    // Levels are normal with the noise's covariance: row by row, as a Kalman filter of a constant.
                    let (mut m, mut p) = ([0.0; 2], noise);
                    let mut log = prior + area.ln();
                    let mut see = |k: usize, y: f64| {
                        let s = p[k * 2 + k] + noise[k * 2 + k];
                        let e = y - m[k];
                        log -= 0.5 * ((2.0 * std::f64::consts::PI * s).ln() + e * e / s);
                        let gain = [p[k] / s, p[2 + k] / s];
                        let row = [p[k * 2], p[k * 2 + 1]];
                        for a in 0..2 {
                            m[a] += gain[a] * e;
                            for b in 0..2 {
                                p[a * 2 + b] -= gain[a] * row[b];
                            }
                        }
                    };
                    scaled(1, 1).into_iter().for_each(|y| see(1, y));
                    scaled(2, 0).into_iter().for_each(|y| see(0, y));
                    for (a, b) in scaled(0, 0).into_iter().zip(scaled(0, 1)) {
                        // Both at once: a two by two innovation.
                        let s = [
                            p[0] + noise[0],
                            p[1] + noise[1],
                            p[2] + noise[2],
                            p[3] + noise[3],
                        ];
                        let det = s[0] * s[3] - s[1] * s[2];
                        let inv = [s[3] / det, -s[1] / det, -s[2] / det, s[0] / det];
                        let e = [a - m[0], b - m[1]];
                        let square = e[0] * (inv[0] * e[0] + inv[1] * e[1])
                            + e[1] * (inv[2] * e[0] + inv[3] * e[1]);
                        log -= 0.5 * (2.0 * (2.0 * std::f64::consts::PI).ln() + det.ln() + square);
                        let times = |x: [f64; 4], y: [f64; 4]| {
                            [
                                x[0] * y[0] + x[1] * y[2],
                                x[0] * y[1] + x[1] * y[3],
                                x[2] * y[0] + x[3] * y[2],
                                x[2] * y[1] + x[3] * y[3],
                            ]
                        };
                        let gain = times(p, inv);
                        m[0] += gain[0] * e[0] + gain[1] * e[1];
                        m[1] += gain[2] * e[0] + gain[3] * e[1];
                        let away = times(gain, p);
                        for (p, away) in p.iter_mut().zip(away) {
                            *p -= away;
                        }
                    }
                    logs.push(log);
                }
            }
        }
        let top = logs.iter().copied().fold(f64::NEG_INFINITY, f64::max);
        let by_grid = top + logs.iter().map(|l| (l - top).exp()).sum::<f64>().ln();
        assert!((found - by_grid).abs() < 0.1, "{found} {by_grid}");
    }
}
