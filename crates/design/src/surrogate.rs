//! The model of one response: a Gaussian process over warped values, its form chosen by how well it
//! predicts what it has not seen.

use quantity::{Rng, Seed};
use rand::RngExt;

use crate::encode::{Group, Rows};
use crate::gp::{Data, Exact, Fit, Shape, fit, prior_means};
use crate::warp::{Form, Warp};

/// A response's values at encoded points, oriented so that more is better.
#[derive(Clone, Debug)]
pub(crate) struct Observed {
    pub rows: Rows,
    pub values: Vec<f64>,
    /// One over the number of replicates of each value; 0 where the error is known.
    pub noise_share: Vec<f64>,
    /// Known error variance, in the response's unit squared.
    pub noise_known: Vec<f64>,
}

/// A fitted model of one response.
#[derive(Clone, Debug)]
pub(crate) struct Surrogate {
    pub warp: Warp,
    pub process: Exact,
    pub data: Data,
    /// What to begin the next fit from.
    pub memory: Memory,
    /// Cross-validated mean log density of a value, in the response's own unit.
    pub score: f64,
}

/// What one fit leaves for the next: the form chosen and its numbers.
#[derive(Clone, Debug, Default)]
pub(crate) struct Memory {
    shape: Option<Shape>,
    bend: Bend,
    numbers: Vec<f64>,
    /// Rows at the last choice of the form.
    chosen_at: usize,
}

/// A family of warps.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Bend {
    #[default]
    Straight,
    Power,
    Log,
}

impl Bend {
    fn warp(self, values: &[f64]) -> Warp {
        match self {
            Bend::Straight => Warp::straight(values),
            Bend::Power => Warp::power(values),
            Bend::Log => Warp::log(values),
        }
    }
}

/// Fewest rows with which warps and shapes are compared; below, the plainest is taken.
const ROWS_TO_CHOOSE: usize = 8;
/// Rows that the form and the kernel's numbers are chosen on; with more, a part of them is used.
const CHOICE_ROWS: usize = 288;
const FIT_ROWS: usize = 512;
/// Evaluations of the likelihood while choosing the form, and afterwards.
const CHOICE_EVALUATIONS: usize = 40;
const FIT_EVALUATIONS: usize = 20;
/// Most groups for which pairs are considered.
const PAIRED_GROUPS_MAX: usize = 40;

impl Surrogate {
    /// Fits to what was observed. `memory` is what an earlier fit to the same response left.
    pub(crate) fn new(
        observed: &Observed,
        groups: &[Group],
        memory: &Memory,
        seed: Seed,
    ) -> Option<Surrogate> {
        let n = observed.values.len();
        let mut rng = seed.derive("surrogate", n as u64).rng();
        let mut memory = memory.clone();
        // The form is chosen anew whenever the data have grown by half.
        if memory.shape.is_none() || n * 2 > memory.chosen_at * 3 {
            let part = part(&observed.values, CHOICE_ROWS, &mut rng);
            let (shape, bend, fitted) = choose(observed, &part, groups)?;
            memory = Memory {
                shape: Some(shape),
                bend,
                numbers: fitted.numbers(),
                chosen_at: n,
            };
        }
        let shape = memory.shape?;
        let warp = memory.bend.warp(&observed.values);
        let data = warped(observed, &warp);
        let rows = part(&observed.values, FIT_ROWS, &mut rng);
        let fitted = fit(
            &data.pick(&rows),
            shape,
            groups,
            Some(&memory.numbers),
            FIT_EVALUATIONS,
        )?;
        memory.numbers = fitted.numbers();
        let process = Exact::new(&data, &fitted)?;
        let fitted_on: Vec<f64> = rows.iter().map(|&row| observed.values[row]).collect();
        let score = upper_score(&fitted, &warp, &fitted_on);
        Some(Surrogate {
            warp,
            process,
            data,
            memory,
            score,
        })
    }

    /// Mean and standard deviation of the response at encoded points, noise left out.
    pub(crate) fn predict(&self, points: &Rows) -> Vec<(f64, f64)> {
        let (means, variances) = self.process.predict(points);
        means
            .iter()
            .zip(&variances)
            .map(|(&mean, &variance)| self.warp.moments_back(mean, variance.sqrt()))
            .collect()
    }

    /// The form, in words.
    pub(crate) fn describe(&self) -> String {
        let shape = match self.process.kernel.shape {
            Shape::Radial => "all factors together",
            Shape::Single => "all factors together and each alone",
            Shape::Paired => "all factors together, each alone and in pairs",
        };
        let warp = match self.warp.form() {
            Form::Straight => String::new(),
            Form::Power(power) => format!(", response to the power {power:.1}"),
            Form::Log { start, .. } => format!(", logarithm of the response, start {start}"),
        };
        let noise = (0.5 * self.process.noise).exp();
        format!(
            "Gaussian process of {shape}{warp}, noise {noise:.1e} of the spread, score {:.3}",
            self.score
        )
    }
}

/// Places of at most `most` values: the better half of them the best, the rest at random.
fn part(values: &[f64], most: usize, rng: &mut Rng) -> Vec<usize> {
    let n = values.len();
    let mut order: Vec<usize> = (0..n).collect();
    if n <= most {
        return order;
    }
    order.sort_by(|&a, &b| values[b].total_cmp(&values[a]).then(a.cmp(&b)));
    let best = most / 2;
    for i in best..most {
        let j = rng.random_range(i..n);
        order.swap(i, j);
    }
    order.truncate(most);
    order.sort_unstable();
    order
}

fn warped(observed: &Observed, warp: &Warp) -> Data {
    let values: Vec<f64> = observed
        .values
        .iter()
        .map(|&value| warp.forward(value))
        .collect();
    let noise_known = observed
        .values
        .iter()
        .zip(&observed.noise_known)
        // A known error is carried through the warp by its slope.
        .map(|(&value, &known)| {
            if known > 0.0 {
                known * (2.0 * warp.log_slope(value)).exp()
            } else {
                0.0
            }
        })
        .collect();
    Data {
        rows: observed.rows.clone(),
        values,
        noise_share: observed.noise_share.clone(),
        noise_known,
    }
}

/// Mean log density of the better half of the values, each given all others, in the response's own unit.
/// What decides a search is how well the model knows the good end; a warp can buy density at the bad end
/// by blurring the good one.
fn upper_score(fit: &Fit, warp: &Warp, values: &[f64]) -> f64 {
    let mut order: Vec<usize> = (0..values.len()).collect();
    order.sort_by(|&a, &b| values[b].total_cmp(&values[a]).then(a.cmp(&b)));
    order.truncate((values.len() / 2).max(4));
    let total: f64 = order
        .iter()
        .map(|&i| fit.leave_one_out[i] + warp.log_slope(values[i]))
        .sum();
    total / order.len().max(1) as f64
}

/// The kernel's shape, the warp, and the fit, of highest cross-validated score. First the warp is chosen
/// with the plainest shape, then the shape; each fit begins where the one before it ended.
fn choose(observed: &Observed, part: &[usize], groups: &[Group]) -> Option<(Shape, Bend, Fit)> {
    let values: Vec<f64> = part.iter().map(|&place| observed.values[place]).collect();
    let mut best: Option<(Shape, Bend, Fit, f64)> = None;
    let mut consider = |shape: Shape, bend: Bend, start: Option<Fit>, evaluations: usize| {
        let warp = bend.warp(&observed.values);
        let data = warped(observed, &warp).pick(part);
        let start = start.map(|start| extended(&start, shape, groups.len()));
        let fitted = fit(&data, shape, groups, start.as_deref(), evaluations)?;
        let score = upper_score(&fitted, &warp, &values);
        if best.as_ref().is_none_or(|best| score > best.3) {
            best = Some((shape, bend, fitted.clone(), score));
        }
        let bend = best.as_ref().map_or(Bend::Straight, |best| best.1);
        Some((fitted, bend, best.as_ref().map(|best| best.2.clone())))
    };
    let (plain, _, _) = consider(Shape::Radial, Bend::Straight, None, CHOICE_EVALUATIONS)?;
    if values.len() >= ROWS_TO_CHOOSE {
        consider(
            Shape::Radial,
            Bend::Power,
            Some(plain.clone()),
            CHOICE_EVALUATIONS / 2,
        );
        let (_, bend, leader) = consider(
            Shape::Radial,
            Bend::Log,
            Some(plain),
            CHOICE_EVALUATIONS / 2,
        )?;
        if groups.len() > 1 {
            let (single, ..) = consider(Shape::Single, bend, leader, CHOICE_EVALUATIONS)?;
            if groups.len() <= PAIRED_GROUPS_MAX {
                consider(Shape::Paired, bend, Some(single), CHOICE_EVALUATIONS / 2);
            }
        }
    }
    best.map(|(shape, bend, fitted, _)| (shape, bend, fitted))
}

/// A fit's numbers as a start for a shape with more parts: what is new begins at the prior's mean.
fn extended(fit: &Fit, shape: Shape, groups: usize) -> Vec<f64> {
    let mut numbers = fit.kernel.logs.clone();
    let means = prior_means(shape, groups);
    let from = numbers.len().min(means.len() - 1);
    numbers.extend_from_slice(&means[from..means.len() - 1]);
    numbers.push(fit.noise);
    numbers
}
