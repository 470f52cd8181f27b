//! The policy with models: Gaussian processes, and batches from their joint samples.

use std::collections::BTreeSet;

use quantity::Seed;

use super::choose::believed;
use super::random::{fresh, listed};
use super::sobol::Sequence;
use super::{AskError, Policy, Record, TellError};
use crate::encode::{Encoding, Rows};
use crate::question::Aim;
use crate::space::{Level, Point, moved};
use crate::surrogate::{Memory, Observed, Surrogate};
use crate::trial::{Outcome, Prediction, Proposal, Trial, Why};

pub(super) struct Model {
    pub(super) record: Record,
    pub(super) encoding: Encoding,
    /// Factors that stay at a level in the asks to come.
    pub(super) held: Vec<(usize, Level)>,
    sequence: Sequence,
    seed: Seed,
    pub(super) fitted: Option<Fitted>,
    memories: Vec<Memory>,
    /// Every point of a small finite space, encoded.
    pub(super) table: Option<(Vec<Point>, Rows)>,
    pub(super) rounds: Option<u32>,
}

/// Points, for each response its oriented values, noise shares, and known error variances.
pub(super) type Measured<'a> = (Vec<&'a Point>, Vec<Vec<f64>>, Vec<f64>, Vec<f64>);

/// The models, and how many trials they know.
pub(super) struct Fitted {
    trials: usize,
    /// One for each response, then, where failures show where they come from, one of where trials work.
    pub models: Vec<Surrogate>,
    /// How many there are for responses.
    responses: usize,
}

impl Fitted {
    /// The models of the responses.
    pub(super) fn of_responses(&self) -> &[Surrogate] {
        &self.models[..self.responses]
    }
}

/// Largest finite space that is treated as a table though it was not given as one.
const TABLE_MAX: u64 = 200_000;
/// Points of a batch that are chosen together, and how many such parts a batch has; what is beyond them is
/// spread evenly.
const PART_MAX: usize = 1_536;
const PARTS_MAX: u64 = 4;
/// Fewest values, and values to each factor, from which on it counts that they say nothing of each other; and by
/// how much a value's mean log density must be raised by the others for them to say something.
const NOTHING_ROWS: usize = 12;
const NOTHING_ROWS_EACH: usize = 2;
const NOTHING_TOLD: f64 = 0.02;
/// Trials with a response from which on a model is trusted at all.
const TRIALS_MIN: usize = 3;

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
        let held = record.question.target.clone();
        Model {
            record,
            encoding,
            held,
            sequence,
            seed,
            fitted: None,
            memories,
            table,
            rounds,
        }
    }

    /// Oriented values of each response, and the points they belong to, in the order told.
    pub(super) fn measured(&self) -> Measured<'_> {
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
                values[response].push(self.sign(response) * value);
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

    /// What turns a response so that more is better.
    pub(super) fn sign(&self, response: usize) -> f64 {
        let goal = self.record.question.goals.get(response);
        if goal.is_some_and(|goal| goal.aim == Aim::Minimise) {
            -1.0
        } else {
            1.0
        }
    }

    /// Guesses, for each response: encoded points and oriented values.
    fn guesses(&self) -> Vec<(Rows, Vec<f64>)> {
        let responses = self.record.question.responses();
        let mut all = vec![(Rows::new(self.encoding.width), Vec::new()); responses];
        for guess in &self.record.guesses {
            let Outcome::Measured { values, .. } = &guess.outcome else {
                continue;
            };
            let row = self.encoding.row(&guess.point);
            for (response, value) in values.iter().enumerate() {
                all[response].0.push(&row);
                all[response].1.push(self.sign(response) * value);
            }
        }
        all
    }

    fn fit(&mut self) {
        let trials = self.record.trials.len() + self.record.guesses.len();
        if self
            .fitted
            .as_ref()
            .is_some_and(|fitted| fitted.trials == trials)
        {
            return;
        }
        let (mut points, mut values, mut shares, mut known) = self.measured();
        let guesses = self.guesses();
        if points.len() < TRIALS_MIN {
            if self.record.guesses.is_empty() {
                self.fitted = None;
                return;
            }
            // Until more is measured there are only guesses to go by.
            points.clear();
            values.iter_mut().for_each(Vec::clear);
            shares.clear();
            known.clear();
        }
        let mut rows = Rows::new(self.encoding.width);
        points
            .iter()
            .for_each(|point| rows.push(&self.encoding.row(point)));
        // A table is asked for many good rows: how well the better half is known counts, and a warp that
        // blurs it to predict the rest is no help. Elsewhere one peak is looked for, and all that leads there
        // counts. Both as measured: bench/design/README.md.
        let judged = if self.record.space.candidates.is_some() {
            0.5
        } else {
            1.0
        };
        let mut models = Vec::new();
        for (response, (values, guesses)) in values.into_iter().zip(guesses).enumerate() {
            // A known error is the first response's; the others' errors are learned.
            let (noise_share, noise_known) = if response == 0 {
                (shares.clone(), known.clone())
            } else {
                (vec![1.0; shares.len()], vec![0.0; shares.len()])
            };
            let observed = Observed {
                listed: self.table.is_some(),
                judged,
                rows: rows.clone(),
                values,
                noise_share,
                noise_known,
                guesses,
            };
            let seed = self.seed.derive("model", response as u64);
            match Surrogate::new(
                &observed,
                &self.encoding.groups,
                &self.memories[response],
                self.record.options.effort,
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
        let responses = models.len();
        models.extend(self.works());
        self.fitted = Some(Fitted {
            trials,
            models,
            responses,
        });
    }

    /// A model of where trials work, where some failed and it tells more than that some do.
    fn works(&self) -> Option<Surrogate> {
        let trials = &self.record.trials;
        let worked: Vec<bool> = trials
            .iter()
            .map(|trial| matches!(trial.outcome, Outcome::Measured { .. }))
            .collect();
        if worked.iter().all(|&worked| worked) {
            return None;
        }
        let mut rows = Rows::new(self.encoding.width);
        trials
            .iter()
            .for_each(|trial| rows.push(&self.encoding.row(&trial.point)));
        let (groups, effort) = (&self.encoding.groups, self.record.options.effort);
        Surrogate::of_failures(&rows, &worked, groups, effort, self.seed)
    }

    /// Whether more values than a model needs are known, and say no more of each other than that they are alike.
    /// What such a model hopes for lies where it is least sure, in the corners; a narrow hill lies anywhere.
    fn knows_nothing(&self, models: &[Surrogate]) -> bool {
        let factors = self.record.space.factors.len();
        let enough =
            |model: &Surrogate| model.measured >= NOTHING_ROWS.max(NOTHING_ROWS_EACH * factors);
        models
            .iter()
            .all(|model| enough(model) && model.told < NOTHING_TOLD)
    }

    /// Evenly spread points where factors are held, that are not taken, and now are.
    fn even(
        &mut self,
        q: usize,
        taken: &mut BTreeSet<Point>,
        seed: Seed,
    ) -> Result<Vec<Point>, AskError> {
        let repeats = self.record.options.repeats;
        let space = self.record.space.clone();
        if self.held.is_empty() {
            return self.sequence.points(&space, q, taken, repeats, seed);
        }
        let mut rng = seed.derive("held", 0).rng();
        let mut points = Vec::new();
        if let Some((all, _)) = &self.table {
            let fits = |point: &&Point| {
                moved((*point).clone(), &self.held) == **point && !taken.contains(*point)
            };
            let mut free: Vec<&Point> = all.iter().filter(fits).collect();
            if free.len() < q {
                let left = free.len();
                return Err(AskError::Exhausted { asked: q, left });
            }
            for i in 0..q {
                let j = rand::RngExt::random_range(&mut rng, i..free.len());
                free.swap(i, j);
            }
            points.extend(free.into_iter().take(q).cloned());
        } else {
            let width = space.unit_width();
            for attempt in 0..200 * q + 2_000 {
                if points.len() == q {
                    break;
                }
                let drawn = if attempt < 20 * q + 200 {
                    space.at_unit(&self.sequence.next(width))
                } else {
                    fresh(&space, 1, &mut BTreeSet::new(), true, &mut rng)?.swap_remove(0)
                };
                let point = moved(drawn, &self.held);
                let new = repeats || !taken.contains(&point) && !points.contains(&point);
                if new && space.contains(&point) {
                    points.push(point);
                }
            }
            if points.len() < q {
                let left = points.len();
                return Err(AskError::Exhausted { asked: q, left });
            }
        }
        taken.extend(points.iter().cloned());
        Ok(points)
    }
}

fn baseline(point: Point) -> Proposal {
    Proposal {
        point,
        predicted: None,
        why: Why::Baseline,
    }
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
        self.fit();
        let Some(fitted) = self.fitted.take() else {
            let points = self.even(q, &mut taken, seed)?;
            return Ok(points.into_iter().map(baseline).collect());
        };
        // Guesses alone are followed by half: the other half finds out whether they are worth it.
        let guessed = fitted.models.iter().all(|model| model.measured == 0);
        let lost = !guessed && self.knows_nothing(fitted.of_responses());
        let wanted = match guessed || lost {
            false => q,
            // Of single points every second is spread evenly.
            true if lost && q == 1 => self.record.trials.len() % 2,
            true => q.div_ceil(2),
        };
        let mut points = Vec::new();
        let mut known = pending.to_vec();
        // Each part counts on what those before it will bring.
        for number in 0..PARTS_MAX.min(wanted as u64) {
            let part = (wanted - points.len()).min(PART_MAX);
            let seed = if number == 0 {
                seed
            } else {
                seed.derive("part", number)
            };
            let chosen = self.choose(&fitted.models, part, &known, &taken, seed);
            let all = chosen.len() == part;
            taken.extend(chosen.iter().cloned());
            known.splice(0..0, chosen.iter().cloned());
            points.extend(chosen);
            if points.len() == wanted || !all {
                break;
            }
        }
        self.fitted = Some(fitted);
        let chosen = points.len();
        if chosen < q {
            points.extend(self.even(q - chosen, &mut taken, seed)?);
        }
        self.rounds = self.rounds.map(|rounds| rounds.saturating_sub(1));
        let predictions = self.predict(&points).unwrap_or_default();
        let sign = self.sign(0);
        let values = self.measured().1;
        let models = self.fitted.as_ref().map_or(&[][..], Fitted::of_responses);
        let best = believed(&values, models)[0]
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
                let why = if self.record.was_told(&point) {
                    Why::Replicate
                } else if i >= chosen {
                    Why::Baseline
                } else if near && !map {
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

    fn check(&self, trials: &[Trial]) -> Result<(), TellError> {
        self.record.check(trials)
    }

    fn refit(&mut self) {
        self.fit();
    }

    fn predict(&self, points: &[Point]) -> Option<Vec<Prediction>> {
        self.predict_all(points).map(|mut all| all.swap_remove(0))
    }

    fn predict_all(&self, points: &[Point]) -> Option<Vec<Vec<Prediction>>> {
        let rows = self.encoding.rows(points);
        let models = self.fitted.as_ref()?.of_responses().iter().enumerate();
        let turned = |response: usize, all: Vec<Prediction>| {
            let turn = self.sign(response) < 0.0;
            all.into_iter()
                .map(|prediction| {
                    if turn {
                        prediction.turned()
                    } else {
                        prediction
                    }
                })
                .collect()
        };
        Some(
            models
                .map(|(response, model)| turned(response, model.predict(&rows)))
                .collect(),
        )
    }

    fn pass(&mut self) {
        self.rounds = self.rounds.map(|rounds| rounds.saturating_sub(1));
    }

    fn guess(&mut self, guesses: &[Trial]) -> Result<(), TellError> {
        self.record.guess(guesses)
    }

    fn hold(&mut self, held: &[(usize, Level)]) -> bool {
        self.held = if held.is_empty() {
            self.record.question.target.clone()
        } else {
            held.to_vec()
        };
        true
    }

    fn bearing(&self, point: &Point) -> Option<Vec<(usize, f64)>> {
        self.bearing_on(point)
    }

    fn importance(&self) -> Option<Vec<f64>> {
        self.factor_shares()
    }

    fn note(&self) -> Option<String> {
        let fitted = self.fitted.as_ref()?;
        let models = fitted.of_responses().iter();
        let mut texts: Vec<String> = models.map(Surrogate::describe).collect();
        let trials = &self.record.trials;
        let failed = trials
            .iter()
            .filter(|trial| trial.outcome == Outcome::Failed)
            .count();
        if failed > 0 {
            let learnt = match fitted.models.len() > fitted.responses {
                true => "where they do is learnt",
                false => "where they do can't be told",
            };
            texts.push(format!(
                "{failed} of {} trials failed, {learnt}",
                trials.len()
            ));
        }
        Some(texts.join("; "))
    }
}
