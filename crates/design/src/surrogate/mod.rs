//! The model of one response: a Gaussian process over warped values, its form chosen by how well it
//! predicts what it has not seen.

mod blend;
mod form;
mod settle;
mod works;

use faer::Mat;
use quantity::{Rng, Seed};

use crate::effort::Effort;
use crate::encode::{Group, Rows};
use crate::gp::{Data, Exact, Fit, Shape, Solved, Start, fit, fit_last, plausible};
use crate::linear_algebra;
use crate::outlier::set_aside;
use crate::scatter::Scatter;
use crate::trial::{NORMAL_95, Prediction};
use crate::warp::{Form, Warp};
use blend::Blend;
use form::{CHOICE_EVALUATIONS, Choice, choose, part, upper_score};
use settle::{believe_guesses, settle_noise};

pub(crate) use form::warped;

/// A response's values at encoded points, oriented so that more is better.
#[derive(Clone, Debug)]
pub(crate) struct Observed {
    /// Whether the points there are were listed: then a model needs no slopes to be of use.
    pub listed: bool,
    /// Share of the values, best first, whose prediction the form of the model is chosen by.
    pub judged: f64,
    pub rows: Rows,
    pub values: Vec<f64>,
    /// One over the number of replicates of each value; 0 where the error is known.
    pub noise_share: Vec<f64>,
    /// Known error variance, in the response's unit squared.
    pub noise_known: Vec<f64>,
    /// What somebody expects at points, before they are measured.
    pub guesses: (Rows, Vec<f64>),
}

/// A fitted model of one response.
#[derive(Clone, Debug)]
pub(crate) struct Surrogate {
    pub warp: Warp,
    pub process: Exact,
    /// The same with other numbers that the data leave open: each as likely as the one above.
    pub others: Vec<Exact>,
    /// A forest of trees, where it predicts better than the process.
    blend: Option<Blend>,
    /// Measured rows first, then guesses where they are believed.
    pub data: Data,
    /// How many of the data's rows were measured.
    pub measured: usize,
    /// How many of those the kernel's numbers were fitted to.
    fitted_on: usize,
    /// What to begin the next fit from.
    pub memory: Memory,
    /// Cross-validated mean log density of the values that forms are judged by, in the response's own unit.
    pub score: f64,
    /// By how much the mean log density of a value, given all others, is higher than with the mean and the spread of
    /// the others alone, less the standard error of that.
    pub told: f64,
    /// How the noise varies, where it does.
    scatter: Option<Scatter>,
    /// Places of measured rows that are taken for gross errors, in order.
    pub outliers: Vec<usize>,
    /// Standard deviation that guesses are believed with, in the spread of the values.
    trust: Option<f64>,
}

/// What one fit leaves for the next: the form chosen and its numbers. A function of the first
/// `chosen_at` rows alone, so that what is proposed doesn't depend on how often was asked before.
#[derive(Clone, Debug, Default)]
pub(crate) struct Memory {
    choice: Option<Choice>,
    start: Start,
    chosen_at: usize,
}

/// Up to so many rows the form is chosen anew whenever there are more: a form chosen on the first plate
/// alone keeps part of the runs from the optimum. Beyond, whenever the data have grown by a factor.
const CHOICE_ALWAYS: usize = 512;
const CHOICE_GROWTH: f64 = 1.3;
/// Rows that the form and the kernel's numbers are chosen on; with more, a part of them is used.
const CHOICE_ROWS: usize = 256;
const FIT_ROWS: usize = 384;
/// Evaluations of the likelihood once the form is chosen.
const FIT_EVALUATIONS: usize = 12;
/// Largest share of the rows that as many fitted numbers are taken to use up: priors hold more in check.
const FITTED_SHARE_MAX: f64 = 0.2;
/// Most rows of an exact process; beyond, what they say is held at fewer points.
const EXACT_MAX: usize = 5_000;
/// Points that hold what more rows say.
const INDUCING: usize = 768;
/// Most rows with which outliers and uneven noise are looked for.
const SCATTER_ROWS: usize = 400;
/// Standard deviations, in the spread of the values, that guesses are tried with.
const TRUSTS: [f64; 3] = [0.1, 0.3, 1.0];
/// Most guesses that are used.
const GUESSES_MAX: usize = 256;
/// How often a kernel's numbers are drawn from what the data leave open, and the rows, cubed, times
/// evaluations that this may cost.
const DRAWN: usize = 7;
const DRAWN_WORK: f64 = 1e9;

/// How many evaluations of a likelihood may be spent on what the data leave open.
fn left_open(data: &Data) -> usize {
    (DRAWN_WORK / (data.values.len() as f64).powi(3)) as usize
}

/// The process of this fit, through a part of the rows where they are many, chosen by these values; and those of
/// other numbers that the data leave open.
fn processes(
    data: &Data,
    fitted: &Fit,
    values: &[f64],
    effort: Effort,
    rng: &mut Rng,
) -> Option<(Exact, Vec<Exact>)> {
    let process = if data.values.len() <= EXACT_MAX {
        Exact::new(data, fitted)?
    } else {
        let places = part(values, INDUCING, rng);
        Exact::inducing(data, fitted, &places)?
    };
    let open = plausible(data, fitted, effort.of(DRAWN), left_open(data), rng);
    let others = open.iter().filter_map(|fit| Exact::new(data, fit));
    Some((process, others.collect()))
}

/// See [`Surrogate::told`]; `densities` are the logarithms of those by the model.
fn told(densities: &[f64], values: &[f64]) -> f64 {
    let n = values.len() as f64;
    let (sum, squares) = values
        .iter()
        .fold((0.0, 0.0), |(sum, squares), v| (sum + v, squares + v * v));
    let gain = |(density, value): (&f64, &f64)| {
        let mean = (sum - value) / (n - 1.0);
        let variance = (squares - value * value - (n - 1.0) * mean * mean) / (n - 2.0);
        // That of a new value, whose mean is known as well as the others tell it.
        let variance = variance * n / (n - 1.0);
        let off = (value - mean).powi(2) / variance;
        density + 0.5 * (variance * std::f64::consts::TAU).ln() + 0.5 * off
    };
    let gains: Vec<f64> = densities.iter().zip(values).map(gain).collect();
    let mean = gains.iter().sum::<f64>() / n;
    let variance = gains.iter().map(|gain| (gain - mean).powi(2)).sum::<f64>() / n;
    // Of several forms the best is chosen, so that noise seems to tell a little, too.
    let gain = mean - (variance / n).sqrt();
    // Values that are all alike tell nothing.
    if gain.is_finite() { gain } else { 0.0 }
}

/// The number of rows, of `n`, that the form is chosen on.
fn checkpoint(n: usize) -> usize {
    if n <= CHOICE_ALWAYS {
        return n;
    }
    let mut at = CHOICE_ALWAYS as f64;
    while (at * CHOICE_GROWTH).round() as usize <= n {
        at *= CHOICE_GROWTH;
    }
    at.round() as usize
}

impl Surrogate {
    /// Fits to what was observed. `memory` is what an earlier fit to the same response left.
    pub(crate) fn new(
        observed: &Observed,
        groups: &[Group],
        memory: &Memory,
        effort: Effort,
        seed: Seed,
    ) -> Option<Surrogate> {
        let n = observed.values.len();
        if n == 0 {
            return Surrogate::of_guesses(observed, groups);
        }
        let mut observed = observed.clone();
        let far_out = set_aside(&mut observed, groups);
        let observed = &observed;
        let mut memory = memory.clone();
        let checkpoint = checkpoint(n);
        let mut warp = None;
        if memory.choice.is_none() || memory.chosen_at != checkpoint {
            let mut rng = seed.derive("choice", checkpoint as u64).rng();
            let most = effort.side(CHOICE_ROWS);
            let part = part(&observed.values[..checkpoint], most, &mut rng);
            let (choice, fitted, found) =
                choose(observed, checkpoint, &part, groups, effort, &mut rng)?;
            warp = (checkpoint == n).then_some(found);
            memory = Memory {
                choice: Some(choice),
                start: fitted.start(choice.shape),
                chosen_at: checkpoint,
            };
        }
        let Choice { shape, bend, trend } = memory.choice?;
        let warp = warp.unwrap_or_else(|| bend.warp(&observed.values));
        let mut data = warped(observed, &warp, trend, groups);
        let mut rng = seed.derive("surrogate", n as u64).rng();
        let rows = part(&observed.values, effort.side(FIT_ROWS), &mut rng);
        let picked = data.pick(&rows);
        let (start, listed) = (&memory.start, observed.listed);
        let mut fitted = fit_last(&picked, shape, groups, start, listed, effort)?;
        let fitted_on: Vec<f64> = rows.iter().map(|&row| observed.values[row]).collect();
        let score = upper_score(&fitted, &warp, &fitted_on, observed.judged);
        let told = told(&fitted.leave_one_out, &picked.values);
        let (mut scatter, mut outliers) = (None, Vec::new());
        if n <= SCATTER_ROWS {
            (scatter, outliers) = settle_noise(&mut data, &mut fitted, groups, observed.judged);
        }
        outliers.extend(far_out);
        outliers.sort_unstable();
        outliers.dedup();
        let trust = believe_guesses(observed, &warp, &mut data, &rows, &mut fitted, groups);
        let (process, others) = processes(&data, &fitted, &observed.values, effort, &mut rng)?;
        let blend = if observed.listed && trust.is_none() {
            Blend::new(observed, &data, &rows, &fitted, groups, &mut rng)
        } else {
            None
        };
        let score = score + blend.as_ref().map_or(0.0, |blend| blend.1);
        Some(Surrogate {
            warp,
            process,
            others,
            blend: blend.map(|blend| blend.0),
            data,
            measured: n,
            fitted_on: rows.len(),
            memory,
            score,
            told,
            scatter,
            outliers,
            trust,
        })
    }

    /// A model of guesses alone.
    fn of_guesses(observed: &Observed, groups: &[Group]) -> Option<Surrogate> {
        let (rows, values) = &observed.guesses;
        let warp = Warp::straight(values);
        let most = values.len().min(GUESSES_MAX);
        let places: Vec<usize> = (0..most).map(|i| i * values.len() / most.max(1)).collect();
        let trust = TRUSTS[1];
        let data = Data {
            rows: rows.pick(&places),
            values: places.iter().map(|&i| warp.forward(values[i])).collect(),
            noise_share: vec![0.0; most],
            noise_known: vec![trust * trust; most],
            terms: Vec::new(),
        };
        let fitted = fit(&data, Shape::Radial, groups, None, CHOICE_EVALUATIONS)?;
        Some(Surrogate {
            warp,
            process: Exact::new(&data, &fitted)?,
            others: Vec::new(),
            blend: None,
            data,
            measured: 0,
            fitted_on: 0,
            memory: Memory::default(),
            score: 0.0,
            told: 0.0,
            scatter: None,
            outliers: Vec::new(),
            trust: Some(trust),
        })
    }

    /// The process and its likely others.
    pub(crate) fn processes(&self) -> impl Iterator<Item = &Exact> {
        std::iter::once(&self.process).chain(&self.others)
    }

    /// How many processes there are.
    pub(crate) fn count(&self) -> usize {
        1 + self.others.len()
    }

    /// Whether one process is all there is.
    pub(crate) fn is_one_process(&self) -> bool {
        self.others.is_empty() && self.blend.is_none()
    }

    /// The models besides the processes with their share.
    fn share(&self) -> f64 {
        self.blend.as_ref().map_or(0.0, |blend| blend.share)
    }

    /// Expected values at encoded points, as the process sees them.
    pub(crate) fn means(&self, points: &Rows) -> Vec<f64> {
        self.mixed_means(points, |process| process.means(points))
    }

    /// The same at the measured rows, which are `points`.
    pub(crate) fn means_told(&self, points: &Rows) -> Vec<f64> {
        self.mixed_means(points, |process| {
            let told = process.means_told(&self.data);
            let mut told = told.unwrap_or_else(|| process.means(points));
            told.truncate(self.measured);
            told
        })
    }

    /// What all models expect at points, given what each process does.
    fn mixed_means(&self, points: &Rows, own: impl Fn(&Exact) -> Vec<f64>) -> Vec<f64> {
        let mut means = own(&self.process);
        let mut mix = |share: f64, others: Vec<f64>| {
            for (mean, own) in means.iter_mut().zip(others) {
                *mean += share * (own - *mean);
            }
        };
        for (number, other) in self.others.iter().enumerate() {
            mix(1.0 / (number + 2) as f64, own(other));
        }
        if let Some(blend) = &self.blend {
            mix(blend.share, blend.forest.means(points));
        }
        means
    }

    /// The same without the processes' others, for lists that are only to be shortened.
    pub(crate) fn rough_means(&self, points: &Rows) -> Vec<f64> {
        let mut means = self.process.means(points);
        if let Some(blend) = &self.blend {
            let forest = blend.forest.means(points);
            for (mean, own) in means.iter_mut().zip(forest) {
                *mean += blend.share * (own - *mean);
            }
        }
        means
    }

    /// Expected values and variances, noise left out, as the process sees them: those of the mixture of all
    /// models.
    pub(crate) fn moments(&self, points: &Rows) -> (Vec<f64>, Vec<f64>) {
        let (mut means, mut variances) = self.process.predict(points);
        let mut mix = |share: f64, (own, own_variances): (Vec<f64>, Vec<f64>)| {
            for i in 0..means.len() {
                let apart = own[i] - means[i];
                means[i] += share * apart;
                variances[i] += share * (own_variances[i] - variances[i])
                    + share * (1.0 - share) * apart * apart;
            }
        };
        for (number, other) in self.others.iter().enumerate() {
            mix(1.0 / (number + 2) as f64, other.predict(points));
        }
        if let Some(blend) = &self.blend {
            mix(blend.share, blend.forest.predict(points));
        }
        (means, variances)
    }

    /// Joint samples at encoded points, noise left out, as the process sees them: one column per sample,
    /// of each model its share. What the data say of the first of the points may be known. Nothing when a
    /// covariance can't be factored.
    pub(crate) fn samples(
        &self,
        points: &Rows,
        known: Option<&Solved>,
        count: usize,
        rng: &mut Rng,
    ) -> Option<Mat<f64>> {
        if self.is_one_process() {
            return self.process.samples(points, known, count, rng);
        }
        // Every so many columns one is the forest's.
        let share = self.share();
        let grown = |column: usize| {
            ((column + 1) as f64 * share) as usize > (column as f64 * share) as usize
        };
        let (wood, open): (Vec<usize>, Vec<usize>) = (0..count).partition(|&column| grown(column));
        let mut all = Mat::zeros(points.len(), count);
        let mut put = |columns: &[usize], samples: Mat<f64>| {
            for (from, &to) in columns.iter().enumerate() {
                let column = samples.col_as_slice(from);
                all.col_as_slice_mut(to).copy_from_slice(column);
            }
        };
        for (first, process) in self.processes().enumerate() {
            let columns: Vec<usize> = open
                .iter()
                .copied()
                .skip(first)
                .step_by(self.count())
                .collect();
            put(&columns, process.samples(points, None, columns.len(), rng)?);
        }
        if let Some(blend) = &self.blend {
            put(&wood, blend.forest.samples(points, wood.len(), rng));
        }
        Some(all)
    }

    /// What is expected at encoded points, in the response's own unit.
    pub(crate) fn predict(&self, points: &Rows) -> Vec<Prediction> {
        let (means, variances) = self.moments(points);
        let reach = NORMAL_95 * self.widening();
        (0..points.len())
            .map(|i| {
                let (centre, spread) = (means[i], variances[i].sqrt());
                let (mean, sd) = self.warp.moments_back(centre, spread);
                let wide = (variances[i] + self.noise_at(points.row(i), centre)).sqrt();
                let (_, total) = self.warp.moments_back(centre, wide);
                Prediction {
                    mean,
                    sd,
                    // As a product: squares of the largest numbers are none.
                    noise: (total - sd).max(0.0).sqrt() * (total + sd).min(f64::MAX).sqrt(),
                    low: self.warp.back(centre - reach * wide),
                    high: self.warp.back(centre + reach * wide),
                }
            })
            .collect()
    }

    /// By how much intervals are wider than the process says, since its numbers were fitted to the same rows:
    /// the root of the final prediction error over the error seen (Akaike, Ann. Inst. Statist. Math. 21
    /// (1969) 243).
    fn widening(&self) -> f64 {
        let rows = self.fitted_on as f64;
        let numbers = (self.process.kernel.logs.len() + 1) as f64;
        let numbers = numbers.min(rows * FITTED_SHARE_MAX);
        if rows > 0.0 {
            ((rows + numbers) / (rows - numbers)).sqrt()
        } else {
            1.0
        }
    }

    /// Error variance of one measurement at an encoded point where the process expects `mean`.
    fn noise_at(&self, row: &[f64], mean: f64) -> f64 {
        let share = self
            .scatter
            .as_ref()
            .map_or(1.0, |scatter| scatter.share(row, mean));
        let forest = self.blend.as_ref().map_or(0.0, |blend| blend.forest.noise);
        (1.0 - self.share()) * share * self.process.noise.exp() + self.share() * forest
    }

    /// The weight of each row of the data in what is expected at an encoded point: by how much the
    /// expectation grows when that value grows by one, both as the process sees them. Nothing where the
    /// data are held at fewer points.
    pub(crate) fn weights(&self, row: &[f64]) -> Option<Vec<f64>> {
        if self.process.inducing.is_some() {
            return None;
        }
        let mut point = Rows::new(self.data.rows.width);
        point.push(row);
        let cross = self.process.kernel.cross(&self.process.table, &point);
        Some(linear_algebra::solve(
            &self.process.factor,
            cross.col_as_slice(0),
        ))
    }

    /// The form, in words.
    pub(crate) fn describe(&self) -> String {
        let shape = match self.process.kernel.shape {
            Shape::Radial => "all factors together",
            Shape::Single => "all factors together and each alone",
            Shape::Paired => "all factors together, each alone and in pairs",
        };
        let trend = match self.process.mean.is_level() {
            true => "",
            false => ", about a trend towards the edges",
        };
        let warp = match self.warp.form() {
            Form::Straight => String::new(),
            Form::Power(power) => format!(", response to the power {power:.1}"),
            Form::Log { start, .. } => format!(", logarithm of the response, start {start}"),
        };
        let noise = (0.5 * self.process.noise).exp();
        let mut text = format!(
            "Gaussian process of {shape}{trend}{warp}, noise {noise:.1e} of the spread, score {:.3}",
            self.score
        );
        if self.process.inducing.is_some() {
            text.push_str(&format!(
                ", {} trials held at {INDUCING} points",
                self.measured
            ));
        }
        if let Some(blend) = &self.blend {
            text.push_str(&format!(
                ", a forest of trees with a weight of {:.2}",
                blend.share
            ));
        }
        if self.scatter.is_some() {
            text.push_str(", noise uneven");
        }
        if !self.outliers.is_empty() {
            text.push_str(&format!(", {} gross errors set aside", self.outliers.len()));
        }
        match self.trust {
            Some(trust) => text.push_str(&format!(", guesses believed to {trust} of the spread")),
            None if self.measured == self.data.values.len() => {}
            None => text.push_str(", guesses not believed"),
        }
        text
    }
}
