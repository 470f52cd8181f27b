//! The model of one response: a Gaussian process over warped values, its form chosen by how well it
//! predicts what it has not seen.

use quantity::{Rng, Seed};
use rand::RngExt;

use crate::effort::Effort;
use crate::encode::{Group, Rows};
use crate::gp::{Data, Exact, Fit, Shape, Start, fit};
use crate::linear_algebra;
use crate::outlier::set_aside;
use crate::scatter::{Residuals, Scatter, gross};
use crate::trial::{NORMAL_95, Prediction};
use crate::warp::{Form, Warp};

/// A response's values at encoded points, oriented so that more is better.
#[derive(Clone, Debug)]
pub(crate) struct Observed {
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
    shape: Option<Shape>,
    bend: Bend,
    start: Start,
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
/// Up to so many rows the form is chosen anew whenever there are more: a form chosen on the first plate
/// alone keeps part of the runs from the optimum. Beyond, whenever the data have grown by a factor.
const CHOICE_ALWAYS: usize = 512;
const CHOICE_GROWTH: f64 = 1.3;
/// Rows that the form and the kernel's numbers are chosen on; with more, a part of them is used.
const CHOICE_ROWS: usize = 256;
/// A part of those that each form is fitted to first, where there are more than half as many again: a fit to
/// half the rows costs an eighth.
const COARSE_ROWS: usize = 128;
const FIT_ROWS: usize = 384;
/// Evaluations of the likelihood while choosing the form, and afterwards.
const CHOICE_EVALUATIONS: usize = 40;
const REFINING_EVALUATIONS: usize = 4;
const FIT_EVALUATIONS: usize = 12;
/// Largest share of the rows that as many fitted numbers are taken to use up: priors hold more in check.
const FITTED_SHARE_MAX: f64 = 0.2;
/// Most groups for which pairs are considered.
const PAIRED_GROUPS_MAX: usize = 40;
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
/// By how much a change of the noise or a belief in guesses must raise the cross-validated mean log density.
const WORTHWHILE: f64 = 0.02;

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
        if memory.shape.is_none() || memory.chosen_at != checkpoint {
            let mut rng = seed.derive("choice", checkpoint as u64).rng();
            let most = effort.side(CHOICE_ROWS);
            let part = part(&observed.values[..checkpoint], most, &mut rng);
            let (shape, bend, fitted) =
                choose(observed, checkpoint, &part, groups, effort, &mut rng)?;
            memory = Memory {
                shape: Some(shape),
                bend,
                start: fitted.start(shape),
                chosen_at: checkpoint,
            };
        }
        let shape = memory.shape?;
        let warp = memory.bend.warp(&observed.values);
        let mut data = warped(observed, &warp);
        let mut rng = seed.derive("surrogate", n as u64).rng();
        let rows = part(&observed.values, effort.side(FIT_ROWS), &mut rng);
        let picked = data.pick(&rows);
        let start = Some(&memory.start);
        let evaluations = effort.of(FIT_EVALUATIONS);
        let mut fitted = fit(&picked, shape, groups, start, evaluations)?;
        let fitted_on: Vec<f64> = rows.iter().map(|&row| observed.values[row]).collect();
        let score = upper_score(&fitted, &warp, &fitted_on, observed.judged);
        let (mut scatter, mut outliers) = (None, Vec::new());
        if n <= SCATTER_ROWS {
            (scatter, outliers) = settle_noise(&mut data, &mut fitted, groups, observed.judged);
        }
        outliers.extend(far_out);
        outliers.sort_unstable();
        outliers.dedup();
        let trust = believe_guesses(observed, &warp, &mut data, &rows, &mut fitted, groups);
        let process = if data.values.len() <= EXACT_MAX {
            Exact::new(&data, &fitted)?
        } else {
            let places = part(&observed.values, INDUCING, &mut rng);
            Exact::inducing(&data, &fitted, &places)?
        };
        Some(Surrogate {
            warp,
            process,
            data,
            measured: n,
            fitted_on: rows.len(),
            memory,
            score,
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
        };
        let fitted = fit(&data, Shape::Radial, groups, None, CHOICE_EVALUATIONS)?;
        Some(Surrogate {
            warp,
            process: Exact::new(&data, &fitted)?,
            data,
            measured: 0,
            fitted_on: 0,
            memory: Memory::default(),
            score: 0.0,
            scatter: None,
            outliers: Vec::new(),
            trust: Some(trust),
        })
    }

    /// What is expected at encoded points, in the response's own unit.
    pub(crate) fn predict(&self, points: &Rows) -> Vec<Prediction> {
        let (means, variances) = self.process.predict(points);
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
        share * self.process.noise.exp()
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
        let warp = match self.warp.form() {
            Form::Straight => String::new(),
            Form::Power(power) => format!(", response to the power {power:.1}"),
            Form::Log { start, .. } => format!(", logarithm of the response, start {start}"),
        };
        let noise = (0.5 * self.process.noise).exp();
        let mut text = format!(
            "Gaussian process of {shape}{warp}, noise {noise:.1e} of the spread, score {:.3}",
            self.score
        );
        if self.process.inducing.is_some() {
            text.push_str(&format!(
                ", {} trials held at {INDUCING} points",
                self.measured
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

/// Sets gross errors aside and lets the noise vary, where that makes the rest better predicted: the rest as
/// a whole, and for varying noise also the share of the values, best first, that the model's form is judged
/// by. Noise that grows towards the best values otherwise blurs them to predict the rest.
fn settle_noise(
    data: &mut Data,
    fitted: &mut Fit,
    groups: &[Group],
    judged: f64,
) -> (Option<Scatter>, Vec<usize>) {
    let shape = fitted.kernel.shape;
    let Some(residuals) = Residuals::new(data, fitted) else {
        return (None, Vec::new());
    };
    let again = |data: &Data, fitted: &Fit| -> Option<(Fit, Residuals)> {
        let start = fitted.start(shape);
        let next = fit(data, shape, groups, Some(&start), FIT_EVALUATIONS)?;
        let residuals = Residuals::new(data, &next)?;
        Some((next, residuals))
    };
    let mut outliers = gross(&residuals);
    let mut current = residuals;
    let rest = |outliers: &[usize]| -> Vec<usize> {
        (0..data.values.len())
            .filter(|row| !outliers.contains(row))
            .collect()
    };
    let mut kept = rest(&outliers);
    if !outliers.is_empty() {
        let mut tamed = data.clone();
        for &row in &outliers {
            tamed.noise_known[row] += current.errors[row] * current.errors[row];
        }
        match again(&tamed, fitted) {
            Some((next, residuals))
                if residuals.density(&kept) > current.density(&kept) + WORTHWHILE =>
            {
                (*data, *fitted, current) = (tamed, next, residuals);
            }
            _ => {
                outliers.clear();
                kept = (0..data.values.len()).collect();
            }
        }
    }
    let mut scatter = None;
    if let Some(found) = Scatter::new(data, fitted, &current, &outliers) {
        let mut uneven = data.clone();
        found.apply(&mut uneven, &current);
        let mut best = kept.clone();
        best.sort_by(|&a, &b| data.values[b].total_cmp(&data.values[a]).then(a.cmp(&b)));
        best.truncate(((kept.len() as f64 * judged) as usize).max(4));
        if let Some((next, residuals)) = again(&uneven, fitted)
            && [&kept, &best]
                .iter()
                .all(|rows| residuals.density(rows) > current.density(rows) + WORTHWHILE)
        {
            (*data, *fitted) = (uneven, next);
            scatter = Some(found);
        }
    }
    (scatter, outliers)
}

/// Adds the guesses to the data, as values with an error, where they make the measured values better
/// predicted; the error is the one with which they do most so.
fn believe_guesses(
    observed: &Observed,
    warp: &Warp,
    data: &mut Data,
    rows: &[usize],
    fitted: &mut Fit,
    groups: &[Group],
) -> Option<f64> {
    let (points, values) = &observed.guesses;
    if values.is_empty() {
        return None;
    }
    let most = values.len().min(GUESSES_MAX);
    let places: Vec<usize> = (0..most).map(|i| i * values.len() / most).collect();
    let mut best = (WORTHWHILE, None);
    let picked = data.pick(rows);
    for trust in TRUSTS {
        let with = |data: &Data| {
            let mut data = data.clone();
            for &place in &places {
                data.rows.push(points.row(place));
                data.values.push(warp.forward(values[place]));
                data.noise_share.push(0.0);
                data.noise_known.push(trust * trust);
            }
            data
        };
        let shape = fitted.kernel.shape;
        let start = fitted.start(shape);
        let Some(next) = fit(&with(&picked), shape, groups, Some(&start), FIT_EVALUATIONS) else {
            continue;
        };
        let gains: Vec<f64> = next.leave_one_out[..rows.len()]
            .iter()
            .zip(&fitted.leave_one_out)
            .map(|(with, without)| with - without)
            .collect();
        // What the mean gain is at least: two standard errors below it, since few values agree with wrong
        // guesses by chance.
        let n = gains.len() as f64;
        let mean = gains.iter().sum::<f64>() / n;
        let variance = gains.iter().map(|gain| (gain - mean).powi(2)).sum::<f64>() / n;
        let gain = mean - 2.0 * (variance / n).sqrt();
        if gain > best.0 {
            best = (gain, Some((trust, next, with(data))));
        }
    }
    let (trust, next, with) = best.1?;
    (*fitted, *data) = (next, with);
    Some(trust)
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

pub(crate) fn warped(observed: &Observed, warp: &Warp) -> Data {
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

/// Mean log density of a share of the values, best first, each given all others, in the response's own
/// unit.
fn upper_score(fit: &Fit, warp: &Warp, values: &[f64], share: f64) -> f64 {
    let mut order: Vec<usize> = (0..values.len()).collect();
    order.sort_by(|&a, &b| values[b].total_cmp(&values[a]).then(a.cmp(&b)));
    order.truncate(((values.len() as f64 * share) as usize).max(4));
    let total: f64 = order
        .iter()
        .map(|&i| fit.leave_one_out[i] + warp.log_slope(values[i]))
        .sum();
    total / order.len().max(1) as f64
}

/// The kernel's shape, the warp, and the fit, of highest cross-validated score on the rows at `place` of the
/// first `count`. First the warp is chosen with the plainest shape, then the shape; each fit begins where
/// the one before it ended.
fn choose(
    observed: &Observed,
    count: usize,
    place: &[usize],
    groups: &[Group],
    effort: Effort,
    rng: &mut Rng,
) -> Option<(Shape, Bend, Fit)> {
    let values: Vec<f64> = place.iter().map(|&place| observed.values[place]).collect();
    let rows = effort.side(COARSE_ROWS);
    let coarse = (2 * place.len() > 3 * rows).then(|| part(&values, rows, rng));
    let many = effort.of(CHOICE_EVALUATIONS);
    let fewer = effort.of(CHOICE_EVALUATIONS / 2);
    let mut best: Option<(Shape, Bend, Fit, f64)> = None;
    let mut consider = |shape: Shape, bend: Bend, start: Option<Fit>, evaluations: usize| {
        let warp = bend.warp(&observed.values[..count]);
        let data = warped(observed, &warp).pick(place);
        let mut start = start.map(|start| start.start(shape));
        let mut evaluations = evaluations;
        if let Some(coarse) = &coarse {
            let fitted = fit(
                &data.pick(coarse),
                shape,
                groups,
                start.as_ref(),
                evaluations,
            )?;
            start = Some(fitted.start(shape));
            evaluations = effort.of(REFINING_EVALUATIONS);
        }
        let fitted = fit(&data, shape, groups, start.as_ref(), evaluations)?;
        let score = upper_score(&fitted, &warp, &values, observed.judged);
        if best.as_ref().is_none_or(|best| score > best.3) {
            best = Some((shape, bend, fitted.clone(), score));
        }
        let bend = best.as_ref().map_or(Bend::Straight, |best| best.1);
        Some((fitted, bend, best.as_ref().map(|best| best.2.clone())))
    };
    let (plain, _, _) = consider(Shape::Radial, Bend::Straight, None, many)?;
    if values.len() >= ROWS_TO_CHOOSE {
        consider(Shape::Radial, Bend::Power, Some(plain.clone()), fewer);
        let (_, bend, leader) = consider(Shape::Radial, Bend::Log, Some(plain), fewer)?;
        if groups.len() > 1 {
            let (single, ..) = consider(Shape::Single, bend, leader, many)?;
            if groups.len() <= PAIRED_GROUPS_MAX {
                consider(Shape::Paired, bend, Some(single), fewer);
            }
        }
    }
    best.map(|(shape, bend, fitted, _)| (shape, bend, fitted))
}
