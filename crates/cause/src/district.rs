//! Variables with common hidden causes: their joint likelihood.
//!
//! A *group* is a set of variables whose own noise is correlated, since something that nobody measured
//! acts on them. Given the parents of each, `x_i = a_i + Σ b_ij x_j + e_i` with `e ~ N(0, Ω)`. Where a
//! variable was set from outside its equation is cut, so that rows tell of the other equations alone:
//! its noise is missing in them. Coefficients by generalised least squares given Ω, and Ω by expectation
//! over the missing noise, in turn (Meng and Rubin, Biometrika 80 (1993) 267, ECM), which is the method of
//! Drton, Eichler and Richardson (JMLR 10 (2009) 2329) for groups without inner structure, with
//! interventions.

use crate::cholesky;
use crate::data::Data;
use crate::moments::Moments;
use crate::nodes::Nodes;
use crate::score::cut;
use std::collections::BTreeMap;

/// The fitted equations of a group.
#[derive(Clone, Debug)]
pub struct GroupFit {
    /// The members in order.
    pub members: Vec<usize>,
    /// For each member its intercept and then the slope of each parent in order, in scaled units.
    pub slopes: Vec<Vec<f64>>,
    /// Standard errors of the same.
    pub errors: Vec<Vec<f64>>,
    /// Covariance of the members' noise, row-major.
    pub noise: Vec<f64>,
    /// Rows in which both of two members had their own mechanism, row-major.
    pub rows: Vec<f64>,
    /// Maximised log likelihood.
    pub log_likelihood: f64,
    /// Bayesian information criterion, as a log score: likelihood less ½ ln(rows) for each parameter.
    pub score: f64,
}

impl GroupFit {
    /// The correlation of two members' noise, with its 95 % interval by Fisher's z.
    #[must_use]
    pub fn correlation(&self, a: usize, b: usize) -> Option<(f64, f64, f64)> {
        let at = |node| self.members.iter().position(|m| *m == node);
        let (i, j, k) = (at(a)?, at(b)?, self.members.len());
        let r = self.noise[i * k + j] / (self.noise[i * k + i] * self.noise[j * k + j]).sqrt();
        let half = 1.959_964 / (self.rows[i * k + j] - 3.0).max(1.0).sqrt();
        let z = r.clamp(-0.999_999, 0.999_999).atanh();
        Some((r, (z - half).tanh(), (z + half).tanh()))
    }
}

/// Rows in which the same members kept their mechanism.
pub(crate) struct Block {
    /// Members that kept it, by place in the group.
    pub kept: Vec<usize>,
    pub rows: f64,
    /// Sums of products of (1, variables).
    pub products: Vec<f64>,
}

const STEPS: usize = 300;
const SETTLED: f64 = 1e-9;

/// Fits a group. `None` if the data can't determine its equations.
#[must_use]
pub fn fit(data: &Data, group: Nodes, parents: &[Nodes]) -> Option<GroupFit> {
    let members: Vec<usize> = group.iter().collect();
    let k = members.len();
    let used: Nodes = members.iter().fold(group, |set, m| set.or(parents[*m]));
    let variables: Vec<usize> = used.iter().collect();
    let place = |node: usize| variables.iter().position(|v| *v == node);
    // Columns of (1, variables) in each member's equation, and its own column.
    let mut columns: Vec<Vec<usize>> = Vec::with_capacity(k);
    let mut own = Vec::with_capacity(k);
    for m in &members {
        let mut of = vec![0];
        for parent in parents[*m].iter() {
            of.push(place(parent)? + 1);
        }
        columns.push(of);
        own.push(place(*m)? + 1);
    }
    let blocks = blocks(data, &members, &variables);
    let rows_of = |i: usize, j: usize| -> f64 {
        blocks
            .iter()
            .filter(|b| b.kept.contains(&i) && b.kept.contains(&j))
            .map(|b| b.rows)
            .sum()
    };
    let rows: Vec<f64> = (0..k * k).map(|at| rows_of(at / k, at % k)).collect();
    if (0..k).any(|i| rows[i * k + i] <= (columns[i].len() + k) as f64)
        || (0..k * k).any(|at| rows[at] <= (k + 1) as f64)
    {
        return None;
    }
    let total: f64 = blocks.iter().map(|b| b.rows).sum();
    let mut noise = vec![0.0; k * k];
    for i in 0..k {
        noise[i * k + i] = 1.0;
    }
    let starts: Vec<usize> = columns
        .iter()
        .scan(0, |sum, c| {
            let start = *sum;
            *sum += c.len();
            Some(start)
        })
        .collect();
    let size: usize = columns.iter().map(Vec::len).sum();
    let width = variables.len() + 1;
    let (mut slopes, mut covariance, mut before) = (Vec::new(), Vec::new(), f64::NEG_INFINITY);
    for _ in 0..STEPS {
        // Coefficients, given the noise.
        let (mut h, mut rhs) = (vec![0.0; size * size], vec![0.0; size]);
        for block in &blocks {
            let (weights, _) = cholesky::inverse(&sub(&noise, k, &block.kept), block.kept.len())?;
            let c = &block.products;
            for (ki, &i) in block.kept.iter().enumerate() {
                for (kj, &j) in block.kept.iter().enumerate() {
                    let w = weights[ki * block.kept.len() + kj];
                    for (p, &cp) in columns[i].iter().enumerate() {
                        let row = starts[i] + p;
                        rhs[row] += w * c[cp * width + own[j]];
                        for (q, &cq) in columns[j].iter().enumerate() {
                            h[row * size + starts[j] + q] += w * c[cp * width + cq];
                        }
                    }
                }
            }
        }
        let (inverse, _) = cholesky::inverse(&h, size)?;
        slopes = (0..size)
            .map(|a| (0..size).map(|b| inverse[a * size + b] * rhs[b]).sum())
            .collect();
        covariance = inverse;
        // The noise, given the coefficients; and the likelihood of what stands so far.
        let mut next = vec![0.0; k * k];
        let mut likelihood = 0.0;
        for block in &blocks {
            let u = block.kept.len();
            let residual = residuals(block, &columns, &own, &starts, &slopes, width);
            let kept = sub(&noise, k, &block.kept);
            let (inv, log_det) = cholesky::inverse(&kept, u)?;
            let trace: f64 = inv.iter().zip(&residual).map(|(a, b)| a * b).sum();
            likelihood -= 0.5
                * (block.rows * (u as f64 * (2.0 * std::f64::consts::PI).ln() + log_det) + trace);
            expect(&mut next, &noise, k, block, &inv, &residual);
        }
        if (likelihood - before).abs() <= SETTLED * likelihood.abs().max(1.0) {
            before = likelihood;
            break;
        }
        before = likelihood;
        noise = next.into_iter().map(|v| v / total).collect();
    }
    let mut score = before;
    for i in 0..k {
        // Intercept, slopes and variance of each; a covariance for each pair.
        score -= 0.5 * (columns[i].len() + 1) as f64 * rows[i * k + i].ln();
        for j in 0..i {
            score -= 0.5 * rows[i * k + j].ln();
        }
    }
    let split = |of: &dyn Fn(usize) -> f64| -> Vec<Vec<f64>> {
        (0..k)
            .map(|i| (0..columns[i].len()).map(|p| of(starts[i] + p)).collect())
            .collect()
    };
    Some(GroupFit {
        slopes: split(&|at| slopes[at]),
        errors: split(&|at| covariance[at * size + at].sqrt()),
        members,
        noise,
        rows,
        log_likelihood: before,
        score,
    })
    .filter(|fit| fit.score.is_finite())
}

/// Rows gathered by which members kept their own mechanism.
pub(crate) fn blocks(data: &Data, members: &[usize], variables: &[usize]) -> Vec<Block> {
    let mut sums: BTreeMap<Vec<usize>, Moments> = BTreeMap::new();
    for (regime, moments) in data.regimes().iter().zip(data.moments()) {
        let targets = regime.targets();
        let kept: Vec<usize> = (0..members.len())
            .filter(|i| !targets.has(members[*i]))
            .collect();
        if kept.is_empty() || moments.rows == 0.0 {
            continue;
        }
        let part = cut(moments, variables);
        sums.entry(kept)
            .and_modify(|sum| sum.add(&part))
            .or_insert(part);
    }
    sums.into_iter()
        .map(|(kept, m)| {
            let width = variables.len() + 1;
            let mut products = vec![0.0; width * width];
            products[0] = m.rows;
            for a in 0..variables.len() {
                products[a + 1] = m.rows * m.mean[a];
                products[(a + 1) * width] = m.rows * m.mean[a];
                for b in 0..variables.len() {
                    products[(a + 1) * width + b + 1] = m.at(a, b) + m.rows * m.mean[a] * m.mean[b];
                }
            }
            Block {
                kept,
                rows: m.rows,
                products,
            }
        })
        .collect()
}

pub(crate) fn sub(matrix: &[f64], n: usize, of: &[usize]) -> Vec<f64> {
    of.iter()
        .flat_map(|a| of.iter().map(move |b| matrix[a * n + b]))
        .collect()
}

/// Sums of products of the residuals of the members that kept their mechanism.
fn residuals(
    block: &Block,
    columns: &[Vec<usize>],
    own: &[usize],
    starts: &[usize],
    slopes: &[f64],
    width: usize,
) -> Vec<f64> {
    let line = |i: usize| {
        let mut a = vec![0.0; width];
        for (p, c) in columns[i].iter().enumerate() {
            a[*c] -= slopes[starts[i] + p];
        }
        a[own[i]] += 1.0;
        a
    };
    let lines: Vec<Vec<f64>> = block.kept.iter().map(|i| line(*i)).collect();
    let u = lines.len();
    let mut out = vec![0.0; u * u];
    for i in 0..u {
        let through: Vec<f64> = (0..width)
            .map(|b| {
                (0..width)
                    .map(|a| lines[i][a] * block.products[a * width + b])
                    .sum()
            })
            .collect();
        for j in 0..u {
            out[i * u + j] = through.iter().zip(&lines[j]).map(|(t, l)| t * l).sum();
        }
    }
    out
}

/// Adds the expected products of the whole group's noise in one block.
fn expect(next: &mut [f64], noise: &[f64], k: usize, block: &Block, inv: &[f64], seen: &[f64]) {
    let u = block.kept.len();
    let missing: Vec<usize> = (0..k).filter(|i| !block.kept.contains(i)).collect();
    for (a, &i) in block.kept.iter().enumerate() {
        for (b, &j) in block.kept.iter().enumerate() {
            next[i * k + j] += seen[a * u + b];
        }
    }
    // The regression of each missing noise on those that are seen.
    let weights: Vec<Vec<f64>> = missing
        .iter()
        .map(|m| {
            (0..u)
                .map(|b| {
                    (0..u)
                        .map(|a| noise[m * k + block.kept[a]] * inv[a * u + b])
                        .sum()
                })
                .collect()
        })
        .collect();
    for (mi, &m) in missing.iter().enumerate() {
        let cross: Vec<f64> = (0..u)
            .map(|b| (0..u).map(|a| weights[mi][a] * seen[a * u + b]).sum())
            .collect();
        for (b, &j) in block.kept.iter().enumerate() {
            next[m * k + j] += cross[b];
            next[j * k + m] += cross[b];
        }
        for (ni, &n) in missing.iter().enumerate() {
            let mean: f64 = cross.iter().zip(&weights[ni]).map(|(c, w)| c * w).sum();
            let explained: f64 = (0..u)
                .map(|a| weights[mi][a] * noise[n * k + block.kept[a]])
                .sum();
            next[m * k + n] += mean + block.rows * (noise[m * k + n] - explained);
        }
    }
}
