//! The model of one response: a Gaussian process over warped values, its form chosen by how well it
//! predicts what it has not seen.

use quantity::{Rng, Seed};
use rand::RngExt;

use crate::encode::{Group, Rows};
use crate::gp::{Data, Exact, Fit, Shape, fit};
use crate::warp::Warp;

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
    bent: bool,
    numbers: Vec<f64>,
    /// Rows at the last choice of the form.
    chosen_at: usize,
}

/// Rows that the form and the kernel's numbers are chosen on; with more, a part of them is used.
const CHOICE_ROWS: usize = 320;
const FIT_ROWS: usize = 640;
/// Evaluations of the likelihood while choosing the form, and afterwards.
const CHOICE_EVALUATIONS: usize = 40;
const FIT_EVALUATIONS: usize = 30;
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
        let straight = Warp::straight(&observed.values);
        let bent = Warp::most_normal(&observed.values);
        // The form is chosen anew whenever the data have grown by half.
        if memory.shape.is_none() || n * 2 > memory.chosen_at * 3 {
            let part = part(&observed.values, CHOICE_ROWS, &mut rng);
            let (shape, warped, fitted) = choose(observed, &part, groups, straight, bent)?;
            memory = Memory {
                shape: Some(shape),
                bent: warped,
                numbers: fitted.numbers(),
                chosen_at: n,
            };
        }
        let shape = memory.shape?;
        let warp = if memory.bent { bent } else { straight };
        let data = warped(observed, &warp);
        let mut fitted = None;
        if n <= FIT_ROWS {
            fitted = fit(&data, shape, groups, Some(&memory.numbers), FIT_EVALUATIONS);
        } else {
            let part = part(&observed.values, FIT_ROWS, &mut rng);
            fitted = fit(
                &data.pick(&part),
                shape,
                groups,
                Some(&memory.numbers),
                FIT_EVALUATIONS,
            )
            .or(fitted);
        }
        let fitted = fitted?;
        memory.numbers = fitted.numbers();
        let process = Exact::new(&data, &fitted)?;
        let score = fitted.leave_one_out + mean_log_slope(&warp, &observed.values);
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
        let warp = if self.warp.is_straight() {
            String::new()
        } else {
            format!(", response bent by {:.1}", self.warp.bend())
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

fn mean_log_slope(warp: &Warp, values: &[f64]) -> f64 {
    values
        .iter()
        .map(|&value| warp.log_slope(value))
        .sum::<f64>()
        / values.len().max(1) as f64
}

/// The kernel's shape, whether to bend, and the fit, of highest cross-validated score.
fn choose(
    observed: &Observed,
    part: &[usize],
    groups: &[Group],
    straight: Warp,
    bent: Warp,
) -> Option<(Shape, bool, Fit)> {
    let values: Vec<f64> = part.iter().map(|&place| observed.values[place]).collect();
    let score = |fit: &Fit, warp: &Warp| fit.leave_one_out + mean_log_slope(warp, &values);
    let mut best: Option<(Shape, bool, Fit, f64)> = None;
    let mut consider = |shape: Shape, warped_by: bool, start: Option<&[f64]>| {
        let warp = if warped_by { bent } else { straight };
        let data = warped(observed, &warp).pick(part);
        let fitted = fit(&data, shape, groups, start, CHOICE_EVALUATIONS)?;
        let score = score(&fitted, &warp);
        if best.as_ref().is_none_or(|best| score > best.3) {
            best = Some((shape, warped_by, fitted, score));
        }
        Some(())
    };
    consider(Shape::Radial, false, None);
    if (bent.bend() - 1.0).abs() > 0.15 && values.len() >= 8 {
        consider(Shape::Radial, true, None);
    }
    let (_, warped_by, _, _) = best.clone()?;
    if groups.len() > 1 && values.len() >= 8 {
        let mut consider = |shape: Shape| {
            let warp = if warped_by { bent } else { straight };
            let data = warped(observed, &warp).pick(part);
            let fitted = fit(&data, shape, groups, None, CHOICE_EVALUATIONS)?;
            let score = score(&fitted, &warp);
            if best.as_ref().is_none_or(|best| score > best.3) {
                best = Some((shape, warped_by, fitted, score));
            }
            Some(())
        };
        consider(Shape::Single);
        if groups.len() <= PAIRED_GROUPS_MAX {
            consider(Shape::Paired);
        }
    }
    best.map(|(shape, warped_by, fitted, _)| (shape, warped_by, fitted))
}
