//! Which interventions next: a batch of wells chosen by what they are expected to tell apart.
//!
//! The graphs that are still likely, each with its fitted equations, foresee the wells of an
//! intervention as a normal distribution. How much a batch tells about which graph is right is bounded
//! from below by the mixture's pairwise distances (Kolchinsky and Tracey, Entropy 19 (2017) 361, equation
//! 10 with Bhattacharyya distances): `I >= -Σ w_i ln Σ_j w_j exp(-Σ_wells D_ij)`. Distances of wells add
//! up, so that a batch is put together greedily, replicates and combinations included. That the
//! equations themselves are uncertain is left out; the next batch sees what this one changed.

use crate::cholesky;
use crate::predict::{Expected, Fitted, Intervention};
use quantity::Seed;
use rand::RngExt;

/// What a batch should be.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Batch {
    /// Wells in all, controls that are chosen included.
    pub wells: usize,
    /// Controls that are there anyway, beside these wells.
    pub given: usize,
    /// Fewest wells of one intervention on a plate.
    pub replicates: usize,
    /// Blocks of wells over which each intervention is spread.
    pub blocks: usize,
}

/// Wells of one intervention.
#[derive(Clone, Debug, PartialEq)]
pub struct Arm {
    /// Which: its place in the list that was given, or none for controls.
    pub intervention: Option<usize>,
    /// Wells.
    pub wells: usize,
    /// Information that these wells add to those chosen before them, nats; nothing for controls.
    pub information: f64,
}

/// A batch of wells.
#[derive(Clone, Debug, PartialEq)]
pub struct Plan {
    /// Its arms, in the order in which they were chosen, controls first.
    pub arms: Vec<Arm>,
    /// Which arm each well belongs to, in random order within blocks.
    pub wells: Vec<usize>,
    /// What the batch is expected to tell, nats, at least.
    pub information: f64,
    /// What there is to know about which graph is right, nats.
    pub entropy: f64,
}

/// Information below which an arm is not worth more than any other, nats: what is foreseen rests on
/// equations fitted to few rows, and is rather too sure of telling graphs apart.
const WORTH_MIN: f64 = 0.05;

/// Controls for each well of an arm, by the number of arms: Dunnett's rule (J. Am. Stat. Assoc. 50 (1955)
/// 1096), since every arm is compared with them.
fn controls(arms: usize) -> f64 {
    (arms as f64).sqrt()
}

/// Whether so many wells of so many arms fit, with the controls that they call for.
fn fits(batch: &Batch, wells: usize, arms: usize) -> bool {
    let controls = (controls(arms) * wells as f64 / arms as f64).floor() as usize;
    wells + controls.saturating_sub(batch.given) <= batch.wells
}

/// Chooses a batch. `graphs` are the likely ones with their probabilities.
#[must_use]
pub fn choose(
    graphs: &[(Fitted, f64)],
    interventions: &[Intervention],
    batch: &Batch,
    seed: Seed,
) -> Plan {
    let count = graphs.len();
    let weights: Vec<f64> = graphs.iter().map(|(_, w)| *w).collect();
    let entropy = -weights
        .iter()
        .filter(|w| **w > 0.0)
        .map(|w| w * w.ln())
        .sum::<f64>();
    let each = distances(graphs, interventions);
    let step = batch.replicates.max(1);
    let mut taken = vec![0_usize; interventions.len()];
    let mut order: Vec<(usize, f64)> = Vec::new();
    let mut so_far = vec![0.0; count * count];
    let mut known = 0.0;
    loop {
        let arms = taken.iter().filter(|w| **w > 0).count();
        let used: usize = taken.iter().sum();
        let mut best: Option<(usize, f64)> = None;
        for (at, apart) in each.iter().enumerate() {
            let arms = arms + usize::from(taken[at] == 0);
            if !fits(batch, used + step, arms) {
                continue;
            }
            let with: Vec<f64> = so_far
                .iter()
                .zip(apart)
                .map(|(a, d)| a + d * step as f64)
                .collect();
            let information = information(&weights, &with);
            if best.is_none_or(|(_, most)| information > most + 1e-12) {
                best = Some((at, information));
            }
        }
        let Some((at, information)) = best else { break };
        // Once nothing is foreseen to tell more, the wells go to whatever was touched least.
        let at = if information - known > WORTH_MIN {
            at
        } else {
            let room = |at: &usize| {
                let arms = arms + usize::from(taken[*at] == 0);
                fits(batch, used + step, arms)
            };
            match (0..taken.len()).filter(room).min_by_key(|at| taken[*at]) {
                Some(least) => least,
                None => break,
            }
        };
        for (sum, d) in so_far.iter_mut().zip(&each[at]) {
            *sum += d * step as f64;
        }
        taken[at] += step;
        let gain = self::information(&weights, &so_far) - known;
        known += gain;
        match order.iter_mut().find(|(a, _)| *a == at) {
            Some((_, sum)) => *sum += gain,
            None => order.push((at, gain)),
        }
    }
    let used: usize = taken.iter().sum();
    let mut arms = vec![Arm {
        intervention: None,
        wells: batch.wells - used,
        information: 0.0,
    }];
    arms.extend(order.into_iter().map(|(at, information)| Arm {
        intervention: Some(at),
        wells: taken[at],
        information,
    }));
    Plan {
        wells: randomise(&arms, batch.blocks.max(1), seed),
        arms,
        information: known,
        entropy,
    }
}

/// What a batch of so many wells of each intervention is expected to tell about which graph is right, in
/// nats, at least.
#[must_use]
pub fn worth(graphs: &[(Fitted, f64)], interventions: &[Intervention], wells: &[usize]) -> f64 {
    let weights: Vec<f64> = graphs.iter().map(|(_, w)| *w).collect();
    let mut apart = vec![0.0; weights.len() * weights.len()];
    for (each, wells) in distances(graphs, interventions).iter().zip(wells) {
        for (sum, d) in apart.iter_mut().zip(each) {
            *sum += d * *wells as f64;
        }
    }
    information(&weights, &apart)
}

/// Distances of all pairs of graphs, for one well of each intervention.
fn distances(graphs: &[(Fitted, f64)], interventions: &[Intervention]) -> Vec<Vec<f64>> {
    let count = graphs.len();
    interventions
        .iter()
        .map(|intervention| {
            let expected: Vec<Expected> = graphs
                .iter()
                .map(|(graph, _)| graph.expect(intervention))
                .collect();
            let skip: Vec<usize> = if intervention.soft {
                Vec::new()
            } else {
                intervention.targets.iter().map(|(t, _)| *t).collect()
            };
            let mut apart = vec![0.0; count * count];
            for i in 0..count {
                for j in 0..i {
                    let d = distance(&expected[i], &expected[j], &skip);
                    apart[i * count + j] = d;
                    apart[j * count + i] = d;
                }
            }
            apart
        })
        .collect()
}

/// Spreads the wells of each arm evenly over the blocks and shuffles within each.
#[must_use]
pub fn randomise(arms: &[Arm], blocks: usize, seed: Seed) -> Vec<usize> {
    let mut rng = seed.derive("wells", 0).rng();
    let all: Vec<usize> = arms
        .iter()
        .enumerate()
        .flat_map(|(at, arm)| std::iter::repeat_n(at, arm.wells))
        .collect();
    let mut parts: Vec<Vec<usize>> = vec![Vec::new(); blocks];
    for (at, arm) in all.into_iter().enumerate() {
        parts[at % blocks].push(arm);
    }
    for part in &mut parts {
        for i in (1..part.len()).rev() {
            part.swap(i, rng.random_range(0..=i));
        }
    }
    parts.into_iter().flatten().collect()
}

fn information(weights: &[f64], apart: &[f64]) -> f64 {
    let n = weights.len();
    let mut sum = 0.0;
    for i in 0..n {
        if weights[i] > 0.0 {
            let near: f64 = (0..n).map(|j| weights[j] * (-apart[i * n + j]).exp()).sum();
            sum -= weights[i] * near.ln();
        }
    }
    sum
}

/// Bhattacharyya distance of two normal distributions, over the variables that are not set.
fn distance(a: &Expected, b: &Expected, skip: &[usize]) -> f64 {
    let n = a.mean.len();
    let kept: Vec<usize> = (0..n).filter(|v| !skip.contains(v)).collect();
    let k = kept.len();
    let part = |of: &Expected| -> Vec<f64> {
        kept.iter()
            .flat_map(|i| kept.iter().map(move |j| of.covariance[i * n + j]))
            .collect()
    };
    let (one, other) = (part(a), part(b));
    let mut middle: Vec<f64> = one.iter().zip(&other).map(|(x, y)| 0.5 * (x + y)).collect();
    let (mut l1, mut l2) = (one, other);
    let (Some(log1), Some(log2)) = (cholesky::factor(&mut l1, k), cholesky::factor(&mut l2, k))
    else {
        return 0.0;
    };
    let Some(log) = cholesky::factor(&mut middle, k) else {
        return 0.0;
    };
    let mut apart: Vec<f64> = kept.iter().map(|v| a.mean[*v] - b.mean[*v]).collect();
    cholesky::forward(&middle, k, &mut apart);
    let square: f64 = apart.iter().map(|d| d * d).sum();
    (0.125 * square + 0.5 * (log - 0.5 * (log1 + log2))).max(0.0)
}
