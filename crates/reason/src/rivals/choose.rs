//! Which points tell most about which hypothesis holds.

use super::{Rivals, SHARE_MIN, Scratch, columns};
use quantity::Rng;
use rand::RngExt;

/// Imagined worlds: a hypothesis, its parameters, and the errors of its wells.
const WORLDS: usize = 96;
/// Parameters that stand for what is known of each hypothesis.
const STAND_INS: usize = 48;
/// A world so odd that its own hypothesis does not know it counts as lost, not as infinitely so.
const LOG_LEAST: f64 = -30.0;

/// Most rivals of one question.
pub const RIVALS_MAX: usize = 32;

/// A normal number from two even ones (Box and Muller 1958).
pub(super) fn normal(rng: &mut Rng) -> f64 {
    let radius = (-2.0 * (1.0 - rng.random::<f64>()).ln()).sqrt();
    radius * (2.0 * std::f64::consts::PI * rng.random::<f64>()).cos()
}

/// A world, and what is known in it after the wells chosen so far.
struct World {
    truth: usize,
    /// What it answers at each candidate.
    responses: Vec<f64>,
    /// Posterior weights of all stand-ins, those of one hypothesis after those of another.
    weights: Vec<f64>,
}

impl World {
    /// Log of the probability of its truth after one more well that reads `y`, where stand-ins predict `predicted`.
    fn log_posterior(&self, y: f64, predicted: &[f64], sd: f64) -> f64 {
        let (mut own, mut whole) = (0.0, 0.0);
        let groups = self.weights.chunks_exact(STAND_INS);
        for (rival, (weights, means)) in groups.zip(predicted.chunks_exact(STAND_INS)).enumerate() {
            let sum: f64 = if y.is_finite() {
                let each = weights.iter().zip(means);
                each.map(|(weight, mean)| weight * bell(y, *mean, sd)).sum()
            } else {
                weights.iter().sum()
            };
            whole += sum;
            if rival == self.truth {
                own = sum;
            }
        }
        if own > 0.0 {
            (own / whole).ln().max(LOG_LEAST)
        } else {
            LOG_LEAST
        }
    }

    /// Takes in a well.
    fn learn(&mut self, y: f64, predicted: &[f64], sd: f64) {
        if !y.is_finite() {
            return;
        }
        let each = self.weights.iter().zip(predicted);
        let next: Vec<f64> = each.map(|(w, mean)| w * bell(y, *mean, sd)).collect();
        let whole: f64 = next.iter().sum();
        // A well that no stand-in explains tells nothing between them.
        if whole > 0.0 {
            self.weights = next.into_iter().map(|w| w / whole).collect();
        }
    }
}

/// A bell of height one.
fn bell(y: f64, mean: f64, sd: f64) -> f64 {
    let z = (y - mean) / sd;
    let half = 0.5 * z * z;
    if half < 60.0 { (-half).exp() } else { 0.0 }
}

impl Rivals {
    /// What parameters drawn of a hypothesis predict at points, given as rows and as columns; of a law that
    /// nobody wrote down, after the last one.
    fn pictures(
        &self,
        rival: usize,
        points: &[Vec<f64>],
        columns: &[Vec<f64>],
        count: usize,
        rng: &mut Rng,
    ) -> Vec<Vec<f64>> {
        let mut scratch = Scratch::default();
        if rival == self.hypotheses.len() {
            let Some(deviation) = &self.deviation else {
                return Vec::new();
            };
            // The best law, and what it may not know.
            let best = self.best().0;
            let mut laws = self.pictures(best, points, columns, count, rng);
            let deviations = deviation.draw(points, count, rng);
            // Deviations come by their kind; laws in the order of their places.
            for at in (1..laws.len()).rev() {
                laws.swap(at, rng.random_range(0..=at));
            }
            for (law, deviation) in laws.iter_mut().zip(&deviations) {
                law.iter_mut().zip(deviation).for_each(|(f, d)| *f += d);
            }
            return laws;
        }
        let points = points.len();
        let drawn = self.particles[rival].draw(count, rng);
        let each = drawn.into_iter().map(|places| {
            let mut out = vec![0.0; points];
            self.hypotheses[rival].responses(columns, places, &mut out, &mut scratch);
            out
        });
        each.collect()
    }

    /// The places among `candidates` of the next `count` points, one after the other, each the one that adds most
    /// expected information about which hypothesis holds, or none, for its cost, given those before it. A point may come
    /// more than once where `again` allows it. `sd` is the error of one well; also the expected information of
    /// all of them together, nats.
    #[must_use]
    pub fn choose(
        &self,
        candidates: &[Vec<f64>],
        count: usize,
        sd: f64,
        cost: impl Fn(usize) -> f64,
        again: bool,
        rng: &mut Rng,
    ) -> (Vec<usize>, f64) {
        let columns = columns(candidates);
        let none = self.deviation.as_ref().map_or(0.0, |own| own.share());
        let mut all = self.probabilities();
        all.iter_mut().for_each(|share| *share *= 1.0 - none);
        all.push(none);
        // What is as good as ruled out takes no part.
        let kept: Vec<usize> = (0..all.len()).filter(|h| all[*h] > SHARE_MIN).collect();
        let total: f64 = kept.iter().map(|h| all[*h]).sum();
        let shares: Vec<f64> = kept.iter().map(|h| all[*h] / total).collect();
        // By candidate, all stand-ins: what is read together lies together.
        let mut predicted = vec![vec![0.0; STAND_INS * kept.len()]; candidates.len()];
        for (place, rival) in kept.iter().enumerate() {
            let pictures = self.pictures(*rival, candidates, &columns, STAND_INS, rng);
            for (m, picture) in pictures.iter().enumerate() {
                for (at, value) in picture.iter().enumerate() {
                    predicted[at][place * STAND_INS + m] = if value.is_finite() {
                        *value
                    } else {
                        // Predicts nothing: no reading is near it.
                        f64::INFINITY
                    };
                }
            }
        }
        let mut worlds = self.worlds(&kept, &shares, candidates, &columns, rng);
        let prior: f64 = shares.iter().map(|p| p * p.ln()).sum();
        let mut chosen: Vec<usize> = Vec::with_capacity(count);
        let mut reached = 0.0;
        for _ in 0..count {
            let errors: Vec<f64> = (0..WORLDS).map(|_| sd * normal(rng)).collect();
            let mut best: Option<(usize, f64, f64)> = None;
            for (c, means) in predicted.iter().enumerate() {
                if !again && chosen.contains(&c) {
                    continue;
                }
                let sum: f64 = worlds
                    .iter()
                    .zip(&errors)
                    .map(|(world, e)| world.log_posterior(world.responses[c] + e, means, sd))
                    .sum();
                let information = sum / WORLDS as f64 - prior;
                let gain = (information - reached) / cost(c);
                if best.is_none_or(|(_, top, _)| gain > top) {
                    best = Some((c, gain, information));
                }
            }
            let Some((c, _, information)) = best else {
                break;
            };
            reached = information;
            chosen.push(c);
            for (world, e) in worlds.iter_mut().zip(&errors) {
                world.learn(world.responses[c] + e, &predicted[c], sd);
            }
        }
        (chosen, reached.clamp(0.0, -prior))
    }

    /// Worlds by the probability of their hypothesis, evenly.
    fn worlds(
        &self,
        kept: &[usize],
        shares: &[f64],
        points: &[Vec<f64>],
        columns: &[Vec<f64>],
        rng: &mut Rng,
    ) -> Vec<World> {
        let weights: Vec<f64> = shares
            .iter()
            .flat_map(|share| std::iter::repeat_n(share / STAND_INS as f64, STAND_INS))
            .collect();
        let offset = rng.random::<f64>();
        let mut counts = vec![0; kept.len()];
        for world in 0..WORLDS {
            let reach = (world as f64 + offset) / WORLDS as f64;
            let mut sum = 0.0;
            let found = shares.iter().position(|share| {
                sum += share;
                sum >= reach
            });
            counts[found.unwrap_or(kept.len() - 1)] += 1;
        }
        let mut worlds = Vec::with_capacity(WORLDS);
        for (truth, count) in counts
            .into_iter()
            .enumerate()
            .filter(|(_, count)| *count > 0)
        {
            let pictures = self.pictures(kept[truth], points, columns, count, rng);
            worlds.extend(pictures.into_iter().map(|responses| World {
                truth,
                responses,
                weights: weights.clone(),
            }));
        }
        worlds
    }
}
