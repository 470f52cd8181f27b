//! Choosing a batch with the models.

use std::collections::BTreeSet;

use faer::Mat;
use quantity::Seed;

use super::model::Model;
use crate::acquire::{
    Pool, Source, Utility, best_share, best_sum, even_pool, even_table_pool, open_pool, table_pool,
};
use crate::normal::{cumulative, density};
use crate::question::{Aim, Limit, Question, Side};
use crate::space::{Point, moved};
use crate::surrogate::Surrogate;

/// Joint samples that a batch is chosen by: more for larger batches, within these.
const SAMPLES: usize = 512;
const SAMPLES_MAX: usize = 1_024;
/// Points of an open space that are sampled together: four to each that is wanted, or so many.
const SAMPLED_MIN: usize = 256;
/// Standard deviations above what is expected at which a point still may work, where some fail.
const WORKING_HOPE: f64 = 1.5;
/// Most pending points that are sampled with the pool.
pub(super) const PENDING_MAX: usize = 2_000;
/// Most rows of a table that a batch is chosen to raise together, or to find its share of.
const TOP_MAX: usize = 16;
/// Measured points that are sampled with the pool.
const KNOWN_MAX: usize = 64;
/// Measured points whose replication is weighed, and the largest share of a batch that replicates take.
const REPLICATED_MAX: usize = 24;
const REPLICATES_SHARE: f64 = 1.0 / 3.0;

impl Model {
    /// How many of the best a batch is chosen to raise together. In a table, whose rows are what there
    /// is to be found, up to a hundredth of them; otherwise the one best.
    fn top(&self, q: usize) -> usize {
        match &self.record.space.candidates {
            Some(table) => (table.distinct() / 100).clamp(1, TOP_MAX.min(q.max(1))),
            None => 1,
        }
    }

    /// For a batch of fewer points than rows count: how many of a list's best rows count, up to a tenth of all. It
    /// is chosen to find as large a share of them as it can; sums of the best would leave it to look for the one
    /// best. Larger batches find as many by their sums (bench/design/README.md). Points that may be repeated
    /// are weighed by what they raise.
    fn shared(&self, q: usize) -> Option<usize> {
        let list = self.record.space.candidates.as_ref()?;
        let most = (list.distinct() / 10).clamp(1, TOP_MAX);
        (!self.record.options.repeats && q < most).then_some(most)
    }

    /// Up to `q` points, none of them taken.
    pub(super) fn choose(
        &self,
        models: &[Surrogate],
        q: usize,
        pending: &[Point],
        taken: &BTreeSet<Point>,
        seed: Seed,
    ) -> Vec<Point> {
        let (points, values, _, _) = self.measured();
        let responses = self.record.question.responses();
        let works = models.get(responses);
        let mut known: Vec<Vec<f64>> = match values[0].is_empty() {
            false => believed(&values, &models[..responses]),
            // Guesses alone: what they say stands for what is known.
            true => models
                .iter()
                .map(|model| {
                    model
                        .data
                        .values
                        .iter()
                        .map(|&v| model.warp.back(v))
                        .collect()
                })
                .collect(),
        };
        let utility = match works {
            None => Utility::new(&self.record.question, &known),
            Some(_) => {
                known.push(vec![-1.0, 1.0]);
                Utility::new(&works_too(&self.record.question), &known)
            }
        };
        let leaders = self.leaders(models, &utility, &points);
        let effort = self.record.options.effort;
        let source = Source {
            space: &self.record.space,
            encoding: &self.encoding,
            models,
            utility: &utility,
            leaders: &leaders,
            held: &self.held,
            effort,
        };
        let question = &self.record.question;
        let map = question.goals[0].aim == Aim::Map;
        let level = question.level.map(|level| models[0].warp.forward(level));
        let pool = match &self.table {
            Some((points, rows)) => {
                let mut free: Vec<usize> = (0..points.len())
                    .filter(|&i| !taken.contains(&points[i]))
                    .filter(|&i| self.held.iter().all(|(f, level)| &points[i].0[*f] == level))
                    .collect();
                if map {
                    even_table_pool(&source, &mut free, points, rows, q, level, seed)
                } else {
                    table_pool(&source, &free, points, rows, q)
                }
            }
            None if map => even_pool(&source, taken, q, level, seed),
            None => open_pool(&source, taken, q, seed),
        };
        if pool.points.is_empty() {
            return Vec::new();
        }
        let pool = match works {
            Some(works) if map => pool.working(works, 0.0, q),
            _ => pool,
        };
        if map {
            let chosen = self.for_the_map(&models[0], &pool, pending, q, level);
            return chosen
                .into_iter()
                .map(|place| pool.points[place].clone())
                .collect();
        }
        let pool = match (models, &self.table) {
            ([model], None) => {
                let most = effort.side((4 * q).max(SAMPLED_MIN));
                pool.promising(model, most.max(2 * q))
            }
            ([model, works], None) if responses == 1 => {
                let most = effort.side((4 * q).max(SAMPLED_MIN)).max(2 * q);
                pool.working(works, WORKING_HOPE, most)
                    .promising(model, most)
                    .unsolved()
            }
            _ => pool,
        };
        let chosen = self.by_samples(models, &utility, &pool, &leaders, pending, q, seed);
        let gains: Vec<f64> = chosen.iter().map(|chosen| chosen.1).collect();
        let mut batch: Vec<Point> = chosen
            .into_iter()
            .map(|(place, _)| pool.points[place].clone())
            .collect();
        if let [model, ..] = models
            && question.responses() == 1
            && self.table.is_none()
            && question.costs.is_none()
            && !leaders.is_empty()
        {
            let kept = self.worth_measuring(model, &leaders[0], &gains);
            if kept < batch.len() {
                let rest = batch.split_off(kept);
                let mut taken = taken.clone();
                taken.extend(batch.iter().cloned());
                batch.extend(self.elsewhere(&source, pending, &taken, rest.len(), seed));
                // Where there is too little elsewhere, the others stay.
                taken.extend(batch[kept..].iter().cloned());
                let stay = rest.into_iter().filter(|point| !taken.contains(point));
                batch.extend(stay.take(q - batch.len()));
            }
        }
        if self.record.options.repeats && responses == 1 {
            let again = replicates(&models[0], &self.encoding.rows(&leaders), &gains);
            let kept = batch.len() - again.len();
            batch.truncate(kept);
            batch.extend(again.into_iter().map(|leader| leaders[leader].clone()));
        }
        if question.cheaper && question.rounds.is_none_or(|_| self.rounds != Some(1)) {
            self.go_cheaper(&models[0], &pool, &leaders, &mut batch, taken, seed);
        }
        batch
    }

    #[allow(clippy::too_many_arguments)]
    pub(super) fn by_samples(
        &self,
        models: &[Surrogate],
        utility: &Utility,
        pool: &Pool,
        leaders: &[Point],
        pending: &[Point],
        q: usize,
        seed: Seed,
    ) -> Vec<(usize, f64)> {
        let mut rng = seed.derive("samples", 0).rng();
        let mut rows = pool.rows.clone();
        let top = self.shared(q).unwrap_or_else(|| self.top(q));
        let known = leaders
            .iter()
            .take(KNOWN_MAX.max(2 * top))
            .chain(pending.iter().take(PENDING_MAX));
        known.for_each(|point| rows.push(&self.encoding.row(point)));
        let effort = self.record.options.effort;
        let count = effort.of((2 * q).clamp(SAMPLES, SAMPLES_MAX));
        let samples: Option<Vec<Mat<f64>>> = models
            .iter()
            .map(|model| {
                let mut samples = model.samples(&rows, pool.solved.as_ref(), count, &mut rng)?;
                (0..count).for_each(|j| model.warp.all_back(samples.col_as_slice_mut(j)));
                Some(samples)
            })
            .collect();
        let Some(samples) = samples else {
            return (0..q.min(pool.points.len()))
                .map(|place| (place, 0.0))
                .collect();
        };
        let directions: Vec<Vec<f64>> = (0..count).map(|_| utility.direction(&mut rng)).collect();
        let mut values = vec![0.0; models.len()];
        let mut at = |i: usize, j: usize| {
            for (value, samples) in values.iter_mut().zip(&samples) {
                *value = samples[(i, j)];
            }
            utility.of(&values, &directions[j])
        };
        let m = pool.points.len();
        let free = Mat::from_fn(m, count, &mut at);
        let known = Mat::from_fn(rows.len() - m, count, |i, j| at(m + i, j));
        let costs: Vec<f64> = match &self.record.question.costs {
            Some(costs) => pool.points.iter().map(|point| costs.of(point)).collect(),
            None => Vec::new(),
        };
        match self.shared(q) {
            Some(most) if self.record.question.goals.len() == 1 => {
                best_share(&free, &known, q, most, &costs)
            }
            // With several goals the hypervolume alone goes by the few rows that may add much to it, the share
            // alone by those near what is known.
            Some(most) => in_turn(
                best_sum(&free, &known, q, 1, &costs),
                best_share(&free, &known, q, most, &costs),
                q,
            ),
            None => best_sum(&free, &known, q, top, &costs),
        }
    }

    /// Measured points, moved to where factors are held, best first by what the models expect there.
    fn leaders(&self, models: &[Surrogate], utility: &Utility, points: &[&Point]) -> Vec<Point> {
        let responses = self.record.question.responses();
        let (models, works) = models.split_at(responses.min(models.len()));
        if models.iter().any(|model| model.measured != points.len()) {
            return Vec::new();
        }
        let points: Vec<Point> = points
            .iter()
            .map(|point| moved((*point).clone(), &self.held))
            .collect();
        let rows = self.encoding.rows(&points);
        let expected: Vec<Vec<f64>> = models
            .iter()
            .map(|model| {
                let means = if self.held.is_empty() {
                    model.means_told(&rows)
                } else {
                    model.means(&rows)
                };
                means.iter().map(|&mean| model.warp.back(mean)).collect()
            })
            .chain(works.iter().map(|works| match self.held.is_empty() {
                // These did work.
                true => vec![1.0; points.len()],
                false => {
                    let means = works.means(&rows);
                    means.iter().map(|&mean| works.warp.back(mean)).collect()
                }
            }))
            .collect();
        let mut rng = Seed(points.len() as u64).derive("leaders", 0).rng();
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
}

/// The first `q` rows of two rankings, one of each in turn, each row once.
fn in_turn(one: Vec<(usize, f64)>, other: Vec<(usize, f64)>, q: usize) -> Vec<(usize, f64)> {
    let mut seen = BTreeSet::new();
    one.into_iter()
        .zip(other)
        .flat_map(|(one, other)| [one, other])
        .filter(|row| seen.insert(row.0))
        .take(q)
        .collect()
}

/// The question with one more limit: that a trial is likelier to work than to fail.
fn works_too(question: &Question) -> Question {
    let mut question = question.clone();
    question.limits.push(Limit {
        name: "works".into(),
        side: Side::AtLeast,
        bound: 0.0,
    });
    question
}

/// The values of each response without the trials that any model takes for a gross error.
pub(super) fn believed(values: &[Vec<f64>], models: &[Surrogate]) -> Vec<Vec<f64>> {
    let wrong = |row: &usize| models.iter().any(|model| model.outliers.contains(row));
    let rows: Vec<usize> = (0..values[0].len()).filter(|row| !wrong(row)).collect();
    let keep = |of: &Vec<f64>| rows.iter().map(|&row| of[row]).collect();
    values.iter().map(keep).collect()
}

/// Which of the leaders to measure again, one entry per replicate, in place of the last of the new points,
/// whose gains are given: each where the expected gain by knowing the leader better (the knowledge
/// gradient of Frazier, Powell and Dayanik, SIAM J. Control Optim. 47 (2008) 2410) is larger.
fn replicates(model: &Surrogate, leaders: &crate::encode::Rows, gains: &[f64]) -> Vec<usize> {
    let places: Vec<usize> = (0..leaders.len().min(REPLICATED_MAX)).collect();
    let expected = model.predict(&leaders.pick(&places));
    let mut counts = vec![0_u32; places.len()];
    let value = |leader: usize, count: u32| {
        if count == 0 {
            return 0.0;
        }
        let own = &expected[leader];
        let rival = (0..places.len())
            .filter(|&other| other != leader)
            .map(|other| expected[other].mean)
            .fold(f64::NEG_INFINITY, f64::max);
        let error = own.noise * own.noise / f64::from(count);
        let learnt = own.sd * own.sd / (own.sd * own.sd + error).max(f64::MIN_POSITIVE).sqrt();
        if learnt <= 0.0 || !rival.is_finite() {
            return 0.0;
        }
        let z = -(own.mean - rival).abs() / learnt;
        learnt * (density(z) + z * cumulative(z))
    };
    let mut chosen = Vec::new();
    let most = (gains.len() as f64 * REPLICATES_SHARE) as usize;
    while chosen.len() < most {
        let step =
            |leader: usize| value(leader, counts[leader] + 1) - value(leader, counts[leader]);
        let best = places
            .iter()
            .map(|&leader| (step(leader), leader))
            .max_by(|a, b| a.0.total_cmp(&b.0).then(b.1.cmp(&a.1)));
        match best {
            Some((gain, leader)) if gain > gains[gains.len() - 1 - chosen.len()] => {
                counts[leader] += 1;
                chosen.push(leader);
            }
            _ => break,
        }
    }
    chosen
}
