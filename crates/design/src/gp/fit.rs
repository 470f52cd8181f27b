//! A kernel's numbers from data.

use faer::Mat;

use super::kernel::{Kernel, Made, Shape};
use super::lanes::{Ready, Table};
use super::lbfgs::{Bending, minimise_in_box};
use super::prior::{Normal, prior_means, priors};
use super::trend::centre;
use crate::effort::Effort;
use crate::encode::{Group, Rows};
use crate::linear_algebra::{cholesky, factorise, inverse_from_factor, invert_factor, solve};

/// What a process is fitted to: responses of about zero mean and unit variance.
#[derive(Clone, Debug)]
pub(crate) struct Data {
    pub rows: Rows,
    pub values: Vec<f64>,
    /// By how much the fitted noise variance counts at each row: one over the replicates; 0 where the
    /// error is known.
    pub noise_share: Vec<f64>,
    /// Known error variance of each row.
    pub noise_known: Vec<f64>,
    /// The terms of the mean's trend at each row; none where the mean is the same everywhere.
    pub terms: Vec<Vec<f64>>,
}

impl Data {
    /// The rows at these places.
    pub(crate) fn pick(&self, places: &[usize]) -> Data {
        let choose = |all: &[f64]| places.iter().map(|&place| all[place]).collect();
        Data {
            rows: self.rows.pick(places),
            values: choose(&self.values),
            noise_share: choose(&self.noise_share),
            noise_known: choose(&self.noise_known),
            terms: self.terms.iter().map(|term| choose(term)).collect(),
        }
    }

    /// The error variance of a row, given the noise variance.
    pub(crate) fn noise(&self, row: usize, variance: f64) -> f64 {
        self.noise_share[row] * variance + self.noise_known[row] + NOISE_FLOOR
    }
}

/// Error variance that every row has: it keeps matrices of repeated rows factorable.
pub(crate) const NOISE_FLOOR: f64 = 1e-9;

/// A kernel and noise chosen for data.
#[derive(Clone, Debug)]
pub(crate) struct Fit {
    pub kernel: Kernel,
    /// Logarithm of the noise variance.
    pub noise: f64,
    /// Log density of each value given all the others.
    pub leave_one_out: Vec<f64>,
    /// The negative log posterior.
    pub height: f64,
    /// How the negative log posterior was seen to bend.
    pub bending: Bending,
}

/// What a fit begins from: numbers, how the likelihood of so many rows bends there.
#[derive(Clone, Debug, Default)]
pub(crate) struct Start {
    numbers: Vec<f64>,
    bending: Bending,
    rows: usize,
}

impl Start {
    /// The prior's means, but for all length scales and the noise by so much more, in the logarithm.
    fn beside(shape: Shape, groups: &[Group], longer: f64, noisier: f64) -> Start {
        let mut numbers = prior_means(shape, groups);
        numbers[1..=groups.len()]
            .iter_mut()
            .for_each(|log| *log += longer);
        if let Some(noise) = numbers.last_mut() {
            *noise += noisier;
        }
        Start {
            numbers,
            bending: Bending::default(),
            rows: 0,
        }
    }
}

/// Where fits begin beside the prior's mean, by how much longer and noisier: likelihoods often have tops
/// there.
const BESIDE: [(f64, f64); 2] = [(1.0, 0.0), (-1.0, 3.0)];
/// Rows from which on not every start is followed to its end.
const MANY_ROWS: usize = 128;

/// The best of the fits from several starts: the prior's mean, longer length scales, shorter ones with
/// much noise. With `soon`, where rows are many, only what is best after a few evaluations goes on: starts mostly
/// end at the same top then.
pub(crate) fn fit_widely(
    data: &Data,
    shape: Shape,
    groups: &[Group],
    evaluations: usize,
    soon: bool,
) -> Option<Fit> {
    let many = soon && data.values.len() >= MANY_ROWS;
    let first = if many {
        evaluations.div_ceil(4)
    } else {
        evaluations
    };
    let mut best = fit(data, shape, groups, None, first);
    for (longer, noisier) in BESIDE {
        let start = Start::beside(shape, groups, longer, noisier);
        let other = fit(data, shape, groups, Some(&start), first);
        let height = best.as_ref().map_or(f64::INFINITY, |best| best.height);
        if let Some(other) = other.filter(|other| other.height < height) {
            best = Some(other);
        }
    }
    if many && evaluations > first {
        let start = best?.start(shape);
        best = fit(data, shape, groups, Some(&start), evaluations - first);
    }
    best
}

impl Fit {
    /// What the next fit begins from, for a shape with as many parts or more: what is new begins at the
    /// prior's mean.
    pub(crate) fn start(&self, shape: Shape) -> Start {
        let mut numbers = self.kernel.logs.clone();
        let means = prior_means(shape, &self.kernel.groups);
        let from = numbers.len().min(means.len() - 1);
        let more = &means[from..means.len() - 1];
        numbers.extend_from_slice(more);
        numbers.push(self.noise);
        Start {
            numbers,
            bending: self.bending.grown(1.0, from, more.len()),
            rows: self.leave_one_out.len(),
        }
    }
}

/// The kernel and noise of highest posterior density, from one start; the prior's mean when none is
/// given. Takes at most so many evaluations. Nothing when there is no data or nothing can be factored.
pub(crate) fn fit(
    data: &Data,
    shape: Shape,
    groups: &[Group],
    start: Option<&Start>,
    evaluations: usize,
) -> Option<Fit> {
    fit_until(data, shape, groups, start, evaluations, ROUGH)
}

/// The last fit of an ask: where rows are few, with every step that still gains anything. `listed` is whether
/// points are to be chosen from a finite list.
pub(crate) fn fit_last(
    data: &Data,
    shape: Shape,
    groups: &[Group],
    start: &Start,
    listed: bool,
    effort: Effort,
) -> Option<Fit> {
    let (evaluations, tolerance) = if data.values.len() <= CLOSE_ROWS {
        (CLOSE_EVALUATIONS, CLOSE)
    } else {
        let evaluations = if listed {
            LAST_LISTED
        } else {
            LAST_EVALUATIONS
        };
        (evaluations, ROUGH)
    };
    let evaluations = effort.of(evaluations);
    fit_until(data, shape, groups, Some(start), evaluations, tolerance)
}

/// What a step must gain in log posterior for a fit to go on.
const ROUGH: f64 = 1e-2;
const CLOSE: f64 = 1e-6;
/// Evaluations of the likelihood by the last fit; and by one to so few rows that they cost next to nothing.
const LAST_EVALUATIONS: usize = 5;
const LAST_LISTED: usize = 12;
const CLOSE_EVALUATIONS: usize = 60;
const CLOSE_ROWS: usize = 192;

fn fit_until(
    data: &Data,
    shape: Shape,
    groups: &[Group],
    start: Option<&Start>,
    evaluations: usize,
    tolerance: f64,
) -> Option<Fit> {
    if data.values.is_empty() {
        return None;
    }
    let mut problem = Problem::new(data, shape, groups);
    let default: Vec<f64> = problem.priors.iter().map(|prior| prior.mean).collect();
    let start = start.filter(|start| start.numbers.len() == default.len());
    // A likelihood bends in proportion to the rows.
    let bending = start.map_or_else(Bending::default, |start| {
        let factor = data.values.len() as f64 / start.rows.max(1) as f64;
        start.bending.grown(factor, 0, 0)
    });
    let start = start.map_or(&default, |start| &start.numbers);
    let low: Vec<f64> = problem.priors.iter().map(|prior| prior.low).collect();
    let high: Vec<f64> = problem.priors.iter().map(|prior| prior.high).collect();
    let found = minimise_in_box(
        |numbers, gradient| problem.value(numbers, Some(gradient)),
        start,
        &low,
        &high,
        evaluations,
        tolerance,
        bending,
    );
    if !found.value.is_finite() {
        return None;
    }
    let mut fit = problem.fit(&found.x);
    fit.leave_one_out = match problem.best.take().filter(|best| best.numbers == found.x) {
        Some(best) => densities(&best.alpha, &best.precisions),
        None => left_out(data, &problem.table, &fit.kernel, fit.noise)
            .and_then(|(alpha, precisions)| densities(&alpha, &precisions)),
    }?;
    fit.height = found.value;
    fit.bending = found.bending;
    Some(fit)
}

/// The negative log posterior of a kernel's numbers and the log noise variance, given data.
#[derive(Clone, Debug)]
pub(super) struct Problem<'a> {
    data: &'a Data,
    table: Table,
    kernel: Kernel,
    /// What is believed of each number before any data.
    pub priors: Vec<Normal>,
    room: Room,
    /// The evaluation with a slope of lowest value.
    best: Option<Best>,
}

/// What an evaluation leaves for what is told of a fit.
#[derive(Clone, Debug)]
struct Best {
    value: f64,
    numbers: Vec<f64>,
    /// See [`Room`].
    alpha: Vec<f64>,
    precisions: Vec<f64>,
}

impl<'a> Problem<'a> {
    pub(super) fn new(data: &'a Data, shape: Shape, groups: &[Group]) -> Problem<'a> {
        Problem {
            data,
            table: Table::new(&data.rows, groups),
            kernel: Kernel {
                shape,
                groups: groups.to_vec(),
                logs: vec![0.0; Kernel::count(shape, groups.len())],
            },
            priors: priors(shape, groups),
            room: Room::new(data.values.len()),
            best: None,
        }
    }

    /// Its value, and its slope where that is wanted; infinite where nothing can be factored.
    pub(super) fn value(&mut self, numbers: &[f64], mut gradient: Option<&mut [f64]>) -> f64 {
        let last = numbers.len() - 1;
        self.kernel.logs.copy_from_slice(&numbers[..last]);
        let score = likelihood(
            self.data,
            &self.table,
            &self.kernel,
            numbers[last],
            &mut self.room,
            gradient.as_deref_mut(),
        );
        let sloped = gradient.is_some();
        let value = match score {
            Some(score) => posterior(score, &self.priors, numbers, gradient),
            None => f64::INFINITY,
        };
        if sloped && self.best.as_ref().is_none_or(|best| value < best.value) {
            self.best = Some(Best {
                value,
                numbers: numbers.to_vec(),
                alpha: self.room.alpha.clone(),
                precisions: self.room.precisions.clone(),
            });
        }
        value
    }

    /// The kernel and noise that these numbers stand for.
    pub(super) fn fit(&self, numbers: &[f64]) -> Fit {
        let last = numbers.len() - 1;
        Fit {
            kernel: Kernel {
                logs: numbers[..last].to_vec(),
                ..self.kernel.clone()
            },
            noise: numbers[last],
            leave_one_out: Vec::new(),
            height: f64::INFINITY,
            bending: Bending::default(),
        }
    }
}

/// Turns a log likelihood and its gradient into the negative log posterior and its gradient.
fn posterior(score: f64, priors: &[Normal], numbers: &[f64], gradient: Option<&mut [f64]>) -> f64 {
    let logs = priors.iter().zip(numbers);
    let value = -score - logs.map(|(prior, number)| prior.log(*number)).sum::<f64>();
    for ((prior, number), slope) in priors
        .iter()
        .zip(numbers)
        .zip(gradient.into_iter().flatten())
    {
        *slope = -*slope - prior.slope(*number);
    }
    value
}

/// Covariance of the values: kernel and noise; the lower half.
pub(crate) fn covariance(data: &Data, table: &Table, kernel: &Kernel, noise: f64) -> Mat<f64> {
    let n = data.values.len();
    let mut out = Mat::zeros(n, n);
    write_covariance(data, table, kernel, noise, &mut out, None);
    out
}

fn write_covariance(
    data: &Data,
    table: &Table,
    kernel: &Kernel,
    noise: f64,
    out: &mut Mat<f64>,
    made: Option<&mut Made>,
) -> Ready {
    let ready = kernel.write_square(&data.rows, table, out, made);
    let variance = noise.exp();
    for i in 0..data.values.len() {
        out[(i, i)] += data.noise(i, variance);
    }
    ready
}

/// Matrices that the evaluations of a likelihood share: to get new memory of this size from the system takes
/// longer than to factor it.
#[derive(Clone, Debug)]
pub(crate) struct Room {
    factor: Mat<f64>,
    inverted: Mat<f64>,
    weight: Mat<f64>,
    made: Made,
    /// After an evaluation with a gradient: the covariance's inverse times the values less the mean, and that
    /// inverse's diagonal.
    alpha: Vec<f64>,
    precisions: Vec<f64>,
}

impl Room {
    /// For so many values.
    pub(crate) fn new(n: usize) -> Room {
        Room {
            factor: Mat::zeros(n, n),
            inverted: Mat::zeros(n, n),
            weight: Mat::zeros(n, n),
            made: Made::default(),
            alpha: Vec::new(),
            precisions: Vec::new(),
        }
    }
}

/// Log marginal likelihood with the mean at its best, what is believed of its trend included (Rasmussen and Williams (2006), equation 5.8);
/// fills the gradient by the kernel's numbers and the log noise variance (equation 5.9; the mean's own
/// derivative vanishes at its best). Nothing when the covariance can't be factored.
pub(crate) fn likelihood(
    data: &Data,
    table: &Table,
    kernel: &Kernel,
    noise: f64,
    room: &mut Room,
    gradient: Option<&mut [f64]>,
) -> Option<f64> {
    let n = data.values.len();
    let Room {
        factor,
        inverted,
        weight,
        made,
        alpha,
        precisions,
    } = room;
    let wanted = gradient.is_some().then_some(&mut *made);
    let ready = write_covariance(data, table, kernel, noise, factor, wanted);
    factorise(factor)?;
    let (mean, residual) = centre(factor, data);
    *alpha = solve(factor, &residual);
    let fit: f64 = alpha.iter().zip(&residual).map(|(a, r)| a * r).sum();
    let logs: f64 = (0..n).map(|i| factor[(i, i)].ln()).sum();
    let spread = 0.5 * n as f64 * std::f64::consts::TAU.ln();
    let value = mean.log_prior() - 0.5 * fit - logs - spread;
    if let Some(gradient) = gradient {
        invert_factor(factor, inverted, weight);
        precisions.clear();
        precisions.extend((0..n).map(|i| weight[(i, i)]));
        for j in 0..n {
            let column = weight.col_as_slice_mut(j);
            for i in j..n {
                column[i] = 0.5 * (alpha[i] * alpha[j] - column[i]);
            }
        }
        gradient.fill(0.0);
        let last = gradient.len() - 1;
        kernel.gradient(
            &ready,
            &data.rows,
            table,
            made,
            weight,
            &mut gradient[..last],
        );
        let variance = noise.exp();
        gradient[last] = (0..n)
            .map(|i| weight[(i, i)] * data.noise_share[i] * variance)
            .sum();
    }
    value.is_finite().then_some(value)
}

/// The log marginal likelihood of a fit, and the same plus the log density of the prior without its constant.
pub(crate) fn log_likelihood(data: &Data, fit: &Fit) -> Option<(f64, f64)> {
    let (shape, groups) = (fit.kernel.shape, &fit.kernel.groups);
    let mut problem = Problem::new(data, shape, groups);
    let mut numbers = fit.kernel.logs.clone();
    numbers.push(fit.noise);
    let posterior = -problem.value(&numbers, None);
    let logs = problem.priors.iter().zip(&numbers);
    let prior: f64 = logs.map(|(prior, number)| prior.log(*number)).sum();
    posterior
        .is_finite()
        .then_some((posterior - prior, posterior))
}

/// What each value is off by when predicted from all the others, and the standard deviation of that
/// (Rasmussen and Williams (2006), equations 5.10 to 5.12).
pub(crate) fn leave_one_out(data: &Data, fit: &Fit) -> Option<(Vec<f64>, Vec<f64>)> {
    let table = Table::new(&data.rows, &fit.kernel.groups);
    let (alpha, precisions) = left_out(data, &table, &fit.kernel, fit.noise)?;
    let errors = alpha.iter().zip(&precisions).map(|(a, p)| a / p).collect();
    let sds = precisions.iter().map(|p| p.recip().sqrt()).collect();
    Some((errors, sds))
}

/// The covariance's inverse times the values less the mean, and that inverse's diagonal. Nothing when they
/// aren't finite.
fn left_out(
    data: &Data,
    table: &Table,
    kernel: &Kernel,
    noise: f64,
) -> Option<(Vec<f64>, Vec<f64>)> {
    let factor = cholesky(covariance(data, table, kernel, noise))?;
    let (_, residual) = centre(&factor, data);
    let alpha = solve(&factor, &residual);
    let inverse = inverse_from_factor(&factor);
    let precisions: Vec<f64> = (0..alpha.len()).map(|i| inverse[(i, i)]).collect();
    sound(&alpha, &precisions).then_some((alpha, precisions))
}

/// Whether errors and their spread can be told from these.
fn sound(alpha: &[f64], precisions: &[f64]) -> bool {
    let mut all = alpha.iter().zip(precisions);
    all.all(|(a, p)| (a / p).is_finite() && *p > 0.0)
}

/// Log density of each value given all the others.
fn densities(alpha: &[f64], precisions: &[f64]) -> Option<Vec<f64>> {
    let density =
        |(a, p): (&f64, &f64)| -0.5 * std::f64::consts::TAU.ln() + 0.5 * p.ln() - 0.5 * a * a / p;
    sound(alpha, precisions).then(|| alpha.iter().zip(precisions).map(density).collect())
}

#[cfg(test)]
mod tests {
    use super::*;
    use quantity::Seed;
    use rand::RngExt;

    fn example(groups: &[Group], width: usize, n: usize) -> Data {
        let mut rng = Seed(7).rng();
        let mut rows = Rows::new(width);
        let mut values = Vec::new();
        for _ in 0..n {
            let mut row: Vec<f64> = (0..width).map(|_| rng.random()).collect();
            for group in groups {
                if let Group::Code { column, levels } = group {
                    row[*column] = (row[*column] * *levels as f64).floor();
                }
            }
            values.push((6.0 * row[0]).sin() + row.iter().sum::<f64>() + 0.1 * rng.random::<f64>());
            rows.push(&row);
        }
        Data {
            rows,
            values,
            noise_share: vec![1.0; n],
            noise_known: vec![0.0; n],
            terms: Vec::new(),
        }
    }

    #[test]
    fn gradients_agree_with_finite_differences() {
        let groups = [
            Group::Number { column: 0 },
            Group::Code {
                column: 1,
                levels: 3,
            },
            Group::Vector { start: 2, end: 4 },
        ];
        let data = example(&groups, 4, 23);
        let table = Table::new(&data.rows, &groups);
        for shape in [Shape::Radial, Shape::Single, Shape::Paired] {
            let count = Kernel::count(shape, 3);
            let logs: Vec<f64> = (0..count)
                .map(|i| 0.3 * (i as f64 * 1.7).sin() - 0.2)
                .collect();
            let value = |logs: &[f64], noise: f64, gradient: Option<&mut [f64]>| {
                let kernel = Kernel {
                    shape,
                    groups: groups.to_vec(),
                    logs: logs.to_vec(),
                };
                likelihood(&data, &table, &kernel, noise, &mut Room::new(23), gradient).unwrap()
            };
            let mut gradient = vec![0.0; count + 1];
            value(&logs, -3.0, Some(&mut gradient));
            let step = 1e-5;
            for i in 0..=count {
                let at = |shift: f64| {
                    let mut moved = logs.clone();
                    let mut noise = -3.0;
                    if i < count {
                        moved[i] += shift
                    } else {
                        noise += shift
                    }
                    value(&moved, noise, None)
                };
                let difference = (at(step) - at(-step)) / (2.0 * step);
                assert!(
                    (difference - gradient[i]).abs() < 1e-6 * (1.0 + difference.abs()),
                    "{shape:?} {i}: {difference} {}",
                    gradient[i]
                );
            }
        }
    }

    #[test]
    fn a_fit_beats_its_start_and_finds_the_noise() {
        let groups = [Group::Number { column: 0 }, Group::Number { column: 1 }];
        let data = example(&groups, 2, 120);
        let fitted = fit(&data, Shape::Radial, &groups, None, 60).unwrap();
        // The uniform error of width 0.1 has a standard deviation of 0.029.
        let sd = (0.5 * fitted.noise).exp();
        assert!((0.02..0.04).contains(&sd), "{sd}");
    }

    #[test]
    fn repeated_rows_and_constant_columns_can_be_fitted() {
        let groups = [Group::Number { column: 0 }, Group::Number { column: 1 }];
        let mut rows = Rows::new(2);
        for _ in 0..8 {
            rows.push(&[0.5, 0.0]);
        }
        let data = Data {
            rows,
            values: vec![0.0; 8],
            noise_share: vec![1.0; 8],
            noise_known: vec![0.0; 8],
            terms: Vec::new(),
        };
        let fitted = fit(&data, Shape::Single, &groups, None, 40).unwrap();
        let logs = &fitted.kernel.logs;
        assert!(logs.iter().all(|number| number.is_finite()) && fitted.noise.is_finite());
    }
}
