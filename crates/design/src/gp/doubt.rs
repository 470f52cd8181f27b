//! Other numbers of a kernel that the data leave open.

use faer::{Mat, Side};
use quantity::Rng;
use rand::RngExt;

use super::fit::{Data, Fit, Problem};
use crate::space::normal;

/// Step, in each number, over which the change of the gradient is taken for a second derivative.
const STEP: f64 = 0.1;
/// Draws from the normal density about the fit, for each that is kept.
const TRIED: usize = 4;
/// Curvature that is believed at least: less than that of any prior.
const CURVATURE_MIN: f64 = 0.1;

/// Kernels and noises drawn from what the data leave open about a fit's numbers: from the normal density
/// with the posterior's curvature at the fit (Laplace's approximation), thinned by how much more or less
/// the posterior says (sampling, importance resampling: Rubin, Bayesian Statistics 3 (1988) 395). At most
/// `count`, the fit itself not among them. `evaluations` bounds the likelihoods that may be computed: with
/// fewer than there are numbers there is nothing to draw from.
pub(crate) fn plausible(
    data: &Data,
    fit: &Fit,
    count: usize,
    evaluations: usize,
    rng: &mut Rng,
) -> Vec<Fit> {
    let mut centre = fit.kernel.logs.clone();
    centre.push(fit.noise);
    let p = centre.len();
    // Before room is made for matrices as large as the data.
    if count == 0 || p + 1 + TRIED * count > evaluations {
        return Vec::new();
    }
    let mut problem = Problem::new(data, fit.kernel.shape, &fit.kernel.groups);
    if problem.priors.len() != p {
        return Vec::new();
    }
    let mut gradient = vec![0.0; p];
    let height = problem.value(&centre, Some(&mut gradient));
    if !height.is_finite() {
        return Vec::new();
    }
    let mut bend = Mat::zeros(p, p);
    let mut moved = vec![0.0; p];
    for i in 0..p {
        let mut at = centre.clone();
        // Into the box.
        let step = if at[i] + STEP > problem.priors[i].high {
            -STEP
        } else {
            STEP
        };
        at[i] += step;
        if !problem.value(&at, Some(&mut moved)).is_finite() {
            return Vec::new();
        }
        for j in 0..p {
            bend[(j, i)] = (moved[j] - gradient[j]) / step;
        }
    }
    let bend = Mat::from_fn(p, p, |i, j| 0.5 * (bend[(i, j)] + bend[(j, i)]));
    let Ok(parts) = bend.self_adjoint_eigen(Side::Lower) else {
        return Vec::new();
    };
    let (directions, curvatures) = (parts.U(), parts.S());
    let widths: Vec<f64> = (0..p)
        .map(|k| curvatures[k].max(CURVATURE_MIN).sqrt().recip())
        .collect();
    let mut tried: Vec<(Vec<f64>, f64)> = Vec::new();
    for _ in 0..TRIED * count {
        let z: Vec<f64> = (0..p).map(|_| normal(rng)).collect();
        let numbers: Vec<f64> = (0..p)
            .map(|i| {
                let along = (0..p).map(|k| directions[(i, k)] * widths[k] * z[k]);
                let prior = problem.priors[i];
                (centre[i] + along.sum::<f64>()).clamp(prior.low, prior.high)
            })
            .collect();
        let value = problem.value(&numbers, None);
        let density = 0.5 * z.iter().map(|z| z * z).sum::<f64>();
        tried.push((numbers, height - value + density));
    }
    resample(&tried, count, rng)
        .into_iter()
        .map(|place| problem.fit(&tried[place].0))
        .collect()
}

/// Places of `count` of the weighted, heavier ones likelier, none twice: systematic resampling.
fn resample(tried: &[(Vec<f64>, f64)], count: usize, rng: &mut Rng) -> Vec<usize> {
    let largest = tried
        .iter()
        .map(|tried| tried.1)
        .filter(|weight| weight.is_finite())
        .fold(f64::NEG_INFINITY, f64::max);
    let weights: Vec<f64> = tried
        .iter()
        .map(|tried| {
            let weight = (tried.1 - largest).exp();
            if weight.is_finite() { weight } else { 0.0 }
        })
        .collect();
    let total: f64 = weights.iter().sum();
    let mut chosen = Vec::new();
    let (mut sum, mut next) = (0.0, rng.random::<f64>() * total / count as f64);
    for (place, weight) in weights.iter().enumerate() {
        sum += weight;
        if sum > next && *weight > 0.0 {
            chosen.push(place);
            while next < sum {
                next += total / count as f64;
            }
        }
    }
    chosen
}
