//! The policy with models: Gaussian processes, and batches from their joint samples.

use std::collections::BTreeSet;

use faer::Mat;
use quantity::Seed;

use super::random::{fresh, listed};
use super::sobol::Sequence;
use super::{AskError, Policy, Record, TellError};
use crate::acquire::{Pool, Source, Utility, best_sum, least_error, open_pool, table_pool};
use crate::encode::{Encoding, Rows};
use crate::question::Aim;
use crate::space::Point;
use crate::surrogate::{Memory, Observed, Surrogate};
use crate::trial::{Outcome, Prediction, Proposal, Trial, Why};

pub(super) struct Model {
    record: Record,
    encoding: Encoding,
    sequence: Sequence,
    seed: Seed,
    fitted: Option<Fitted>,
    memories: Vec<Memory>,
    /// Every point of a small finite space, encoded.
    table: Option<(Vec<Point>, Rows)>,
    rounds: Option<u32>,
}

/// Points, for each response its oriented values, noise shares, and known error variances.
type Measured<'a> = (Vec<&'a Point>, Vec<Vec<f64>>, Vec<f64>, Vec<f64>);

/// The models, and how many trials they know.
struct Fitted {
    trials: usize,
    models: Vec<Surrogate>,
}

/// Joint samples that a batch is chosen by, at least; more for larger batches.
const SAMPLES: usize = 512;
/// Largest finite space that is treated as a table though it was not given as one.
const TABLE_MAX: u64 = 200_000;
/// Trials with a response from which on a model is trusted at all.
const TRIALS_MIN: usize = 3;
/// Most pending points that are sampled with the pool.
const PENDING_MAX: usize = 2_000;
/// Most rows of a table that a batch is chosen to raise together.
const TOP_MAX: usize = 16;
/// Measured points that are sampled with the pool.
const KNOWN_MAX: usize = 64;

impl Model {
    pub(super) fn new(record: Record, seed: Seed) -> Model {
        let encoding = Encoding::new(&record.space);
        let small = record.space.candidates.is_some()
            || record.space.size().is_some_and(|size| size <= TABLE_MAX);
        let table = small
            .then(|| listed(&record.space))
            .flatten()
            .map(|points| {
                let rows = encoding.rows(&points);
                (points, rows)
            });
        let rounds = record.question.rounds;
        let memories = vec![Memory::default(); record.question.responses()];
        let sequence = Sequence::new(seed);
        Model {
            record,
            encoding,
            sequence,
            seed,
            fitted: None,
            memories,
            table,
            rounds,
        }
    }

    /// Oriented values of each response, and the points they belong to, in the order told.
    fn measured(&self) -> Measured<'_> {
        let responses = self.record.question.responses();
        let (mut points, mut shares, mut known) = (Vec::new(), Vec::new(), Vec::new());
        let mut values = vec![Vec::new(); responses];
        for trial in &self.record.trials {
            let Outcome::Measured {
                values: found,
                sd,
                replicates,
            } = &trial.outcome
            else {
                continue;
            };
            points.push(&trial.point);
            for (response, value) in found.iter().enumerate() {
                let minimise = self
                    .record
                    .question
                    .goals
                    .get(response)
                    .is_some_and(|goal| goal.aim == Aim::Minimise);
                values[response].push(if minimise { -value } else { *value });
            }
            shares.push(if sd.is_some() {
                0.0
            } else {
                1.0 / f64::from(*replicates)
            });
            known.push(sd.map_or(0.0, |sd| sd * sd / f64::from(*replicates)));
        }
        (points, values, shares, known)
    }

    fn fit(&mut self) {
        let trials = self.record.trials.len();
        if self
            .fitted
            .as_ref()
            .is_some_and(|fitted| fitted.trials == trials)
        {
            return;
        }
        let (points, values, shares, known) = self.measured();
        if points.len() < TRIALS_MIN {
            self.fitted = None;
            return;
        }
        let mut rows = Rows::new(self.encoding.width);
        points
            .iter()
            .for_each(|point| rows.push(&self.encoding.row(point)));
        let mut models = Vec::new();
        for (response, values) in values.into_iter().enumerate() {
            // A known error is the first response's; the others' errors are learned.
            let (noise_share, noise_known) = if response == 0 {
                (shares.clone(), known.clone())
            } else {
                (vec![1.0; shares.len()], vec![0.0; shares.len()])
            };
            let observed = Observed {
                rows: rows.clone(),
                values,
                noise_share,
                noise_known,
            };
            let seed = self.seed.derive("model", response as u64);
            match Surrogate::new(
                &observed,
                &self.encoding.groups,
                &self.memories[response],
                seed,
            ) {
                Some(model) => models.push(model),
                None => break,
            }
        }
        if models.len() < self.record.question.responses() {
            self.fitted = None;
            return;
        }
        self.memories = models.iter().map(|model| model.memory.clone()).collect();
        self.fitted = Some(Fitted { trials, models });
    }

    /// How many of the best a batch is chosen to raise together. In a table, whose rows are what there
    /// is to be found, up to a hundredth of them; otherwise the one best.
    fn top(&self, q: usize) -> usize {
        match &self.record.space.candidates {
            Some(table) => (table.distinct() / 100).clamp(1, TOP_MAX.min(q.max(1))),
            None => 1,
        }
    }

    fn choose(
        &self,
        models: &[Surrogate],
        q: usize,
        pending: &[Point],
        taken: &mut BTreeSet<Point>,
        seed: Seed,
    ) -> Vec<Point> {
        let (points, values, _, _) = self.measured();
        let utility = Utility::new(&self.record.question, &values);
        let leaders = leaders(models, &utility, &points, &values);
        let source = Source {
            space: &self.record.space,
            encoding: &self.encoding,
            models,
            utility: &utility,
            leaders: &leaders,
        };
        let pool = match &self.table {
            Some((points, rows)) => {
                let free: Vec<usize> = (0..points.len())
                    .filter(|&i| !taken.contains(&points[i]))
                    .collect();
                table_pool(&source, &free, points, rows, q)
            }
            None => open_pool(&source, taken, q, seed),
        };
        if pool.points.is_empty() {
            return Vec::new();
        }
        let map = self.record.question.goals[0].aim == Aim::Map;
        let chosen = if map {
            self.for_the_map(&models[0], &pool, pending, q)
        } else {
            self.by_samples(models, &utility, &pool, &leaders, pending, q, seed)
        };
        chosen
            .into_iter()
            .map(|place| pool.points[place].clone())
            .collect()
    }

    fn for_the_map(
        &self,
        model: &Surrogate,
        pool: &Pool,
        pending: &[Point],
        q: usize,
    ) -> Vec<usize> {
        let mut rows = pool.rows.clone();
        let (_, mut covariance) = model.process.joint(&rows);
        if !pending.is_empty() {
            // Pending points are measured in thought: what they will teach is taken away first.
            pending
                .iter()
                .take(PENDING_MAX)
                .for_each(|point| rows.push(&self.encoding.row(point)));
            (_, covariance) = model.process.joint(&rows);
            let noise = model.process.noise.exp();
            for place in pool.points.len()..rows.len() {
                let column: Vec<f64> = (0..rows.len())
                    .map(|i| covariance[(i.max(place), i.min(place))])
                    .collect();
                let scale = 1.0 / (column[place].max(0.0) + noise.max(1e-12));
                for j in 0..rows.len() {
                    for i in j..rows.len() {
                        covariance[(i, j)] -= scale * column[i] * column[j];
                    }
                }
            }
        }
        least_error(&covariance, model.process.noise.exp(), pool.points.len(), q)
    }

    #[allow(clippy::too_many_arguments)]
    fn by_samples(
        &self,
        models: &[Surrogate],
        utility: &Utility,
        pool: &Pool,
        leaders: &[Point],
        pending: &[Point],
        q: usize,
        seed: Seed,
    ) -> Vec<usize> {
        let mut rng = seed.derive("samples", 0).rng();
        let mut rows = pool.rows.clone();
        let top = self.top(q);
        let known = leaders
            .iter()
            .take(KNOWN_MAX.max(2 * top))
            .chain(pending.iter().take(PENDING_MAX));
        known.for_each(|point| rows.push(&self.encoding.row(point)));
        let count = SAMPLES.max(2 * q);
        let samples: Option<Vec<Mat<f64>>> = models
            .iter()
            .map(|model| model.process.samples(&rows, count, &mut rng))
            .collect();
        let Some(samples) = samples else {
            return (0..q.min(pool.points.len())).collect();
        };
        let directions: Vec<Vec<f64>> = (0..count).map(|_| utility.direction(&mut rng)).collect();
        let mut values = vec![0.0; models.len()];
        let mut at = |i: usize, j: usize| {
            for (response, model) in models.iter().enumerate() {
                values[response] = model.warp.back(samples[response][(i, j)]);
            }
            utility.of(&values, &directions[j])
        };
        let m = pool.points.len();
        let free = Mat::from_fn(m, count, &mut at);
        let known = Mat::from_fn(rows.len() - m, count, |i, j| at(m + i, j));
        best_sum(&free, &known, q, top)
    }
}

/// Measured points, best first by what the models expect there.
fn leaders(
    models: &[Surrogate],
    utility: &Utility,
    points: &[&Point],
    values: &[Vec<f64>],
) -> Vec<Point> {
    let expected: Vec<Vec<f64>> = models
        .iter()
        .map(|model| {
            let means = model.process.means(&model.data.rows);
            means.iter().map(|&mean| model.warp.back(mean)).collect()
        })
        .collect();
    let mut rng = Seed(values[0].len() as u64).derive("leaders", 0).rng();
    let mut order: Vec<usize> = (0..points.len()).collect();
    let goals = utility.direction(&mut rng).len();
    if goals == 1 {
        let score: Vec<f64> = order
            .iter()
            .map(|&i| {
                let at: Vec<f64> = expected.iter().map(|e| e[i]).collect();
                utility.of(&at, &[1.0])
            })
            .collect();
        order.sort_by(|&a, &b| score[b].total_cmp(&score[a]).then(a.cmp(&b)));
    } else {
        // The best in each of many directions come first, in turn.
        let mut ranked = Vec::new();
        let mut seen = BTreeSet::new();
        for _ in 0..200 {
            let direction = utility.direction(&mut rng);
            let best = order
                .iter()
                .map(|&i| {
                    let at: Vec<f64> = expected.iter().map(|e| e[i]).collect();
                    (utility.of(&at, &direction), i)
                })
                .max_by(|a, b| a.0.total_cmp(&b.0).then(b.1.cmp(&a.1)));
            if let Some((_, i)) = best
                && seen.insert(i)
            {
                ranked.push(i);
            }
        }
        ranked.extend(order.iter().copied().filter(|i| !seen.contains(i)));
        order = ranked;
    }
    let mut seen = BTreeSet::new();
    order
        .into_iter()
        .map(|i| points[i].clone())
        .filter(|point| seen.insert(point.clone()))
        .collect()
}

impl Policy for Model {
    fn name(&self) -> &'static str {
        "gp"
    }

    fn ask(&mut self, q: usize, pending: &[Point], seed: Seed) -> Result<Vec<Proposal>, AskError> {
        let mut taken = self.record.spoken_for(pending);
        self.record.room(q, &taken)?;
        if q == 0 {
            return Ok(Vec::new());
        }
        let repeats = self.record.options.repeats;
        self.fit();
        let Some(fitted) = self.fitted.take() else {
            let points = self
                .sequence
                .points(&self.record.space, q, &mut taken, repeats, seed)?;
            return Ok(points
                .into_iter()
                .map(|point| Proposal {
                    point,
                    predicted: None,
                    why: Why::Baseline,
                })
                .collect());
        };
        let mut points = self.choose(&fitted.models, q, pending, &mut taken, seed);
        self.fitted = Some(fitted);
        if points.len() < q {
            taken.extend(points.iter().cloned());
            let mut rng = seed.derive("fill", 0).rng();
            let rest = q - points.len();
            points.extend(fresh(
                &self.record.space,
                rest,
                &mut taken,
                repeats,
                &mut rng,
            )?);
        }
        self.rounds = self.rounds.map(|rounds| rounds.saturating_sub(1));
        let predictions = self.predict(&points).unwrap_or_default();
        let minimise = self.record.question.goals[0].aim == Aim::Minimise;
        let sign = if minimise { -1.0 } else { 1.0 };
        let best = self.measured().1[0]
            .iter()
            .copied()
            .fold(f64::NEG_INFINITY, f64::max);
        let map = self.record.question.goals[0].aim == Aim::Map;
        Ok(points
            .into_iter()
            .enumerate()
            .map(|(i, point)| {
                let predicted = predictions.get(i).copied();
                // Likely to beat the best: within one standard deviation of it.
                let near = predicted.is_some_and(|p| sign * p.mean + p.sd >= best);
                let why = if near && !map {
                    Why::Improve
                } else {
                    Why::Explore
                };
                Proposal {
                    point,
                    predicted,
                    why,
                }
            })
            .collect())
    }

    fn tell(&mut self, trials: &[Trial]) -> Result<(), TellError> {
        self.record.tell(trials)
    }

    fn refit(&mut self) {
        self.fit();
    }

    fn predict(&self, points: &[Point]) -> Option<Vec<Prediction>> {
        let model = &self.fitted.as_ref()?.models[0];
        let minimise = self.record.question.goals[0].aim == Aim::Minimise;
        let predictions = model.predict(&self.encoding.rows(points));
        Some(
            predictions
                .into_iter()
                .map(|(mean, sd)| Prediction {
                    mean: if minimise { -mean } else { mean },
                    sd,
                })
                .collect(),
        )
    }

    fn note(&self) -> Option<String> {
        let models = &self.fitted.as_ref()?.models;
        let texts: Vec<String> = models.iter().map(Surrogate::describe).collect();
        Some(texts.join("; "))
    }
}
