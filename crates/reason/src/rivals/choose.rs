//! Which points tell most about which hypothesis holds.
//!
//! What a hypothesis expects of points has a mean and a covariance over its open parameters, to which the errors of wells
//! are added: points tell hypotheses apart where no setting of the parameters of one could answer as the other does. What
//! the readings of points are expected to tell about which hypothesis holds is bounded from below by the distances between
//! these distributions, taken for normal (Kolchinsky and Tracey, Entropy 19 (2017) 361, equation 10, with the distance of
//! Bhattacharyya).

use super::belief::{Expected, Pictured};
use super::{Rivals, SHARE_MIN, columns};
use quantity::Rng;
use rand::RngExt;

/// Pictures that stand for a law which nobody wrote down.
const PICTURES: usize = 192;

/// Most rivals of one question.
pub const RIVALS_MAX: usize = 32;

/// A normal number from two even ones (Box and Muller 1958).
pub(super) fn normal(rng: &mut Rng) -> f64 {
    let radius = (-2.0 * (1.0 - rng.random::<f64>()).ln()).sqrt();
    radius * (2.0 * std::f64::consts::PI * rng.random::<f64>()).cos()
}

impl Expected {
    /// The variance of a reading at a point, parameters and error together.
    fn variance(&self, at: usize) -> f64 {
        self.covariance[at * self.means.len() + at].max(0.0) + self.errors[at]
    }

    /// Takes in that there will be a reading at a point: what is left open afterwards.
    fn read(&mut self, at: usize) {
        let n = self.means.len();
        let row = self.covariance[at * n..(at + 1) * n].to_vec();
        let whole = self.variance(at);
        for (i, out) in self.covariance.chunks_exact_mut(n).enumerate() {
            let scaled = row[i] / whole;
            for (left, other) in out.iter_mut().zip(&row) {
                *left -= scaled * other;
            }
        }
    }
}

/// Two hypotheses, and how far apart readings are expected to put them.
struct Pair {
    places: (usize, usize),
    /// Half way between the two; its means are the difference of theirs, less what readings taken in account for.
    between: Expected,
    distance: f64,
}

impl Pair {
    fn new(places: (usize, usize), a: &Expected, b: &Expected) -> Self {
        let half = |a: &[f64], b: &[f64]| a.iter().zip(b).map(|(a, b)| 0.5 * (a + b)).collect();
        Self {
            places,
            between: Expected {
                means: a.means.iter().zip(&b.means).map(|(a, b)| a - b).collect(),
                covariance: half(&a.covariance, &b.covariance),
                errors: half(&a.errors, &b.errors),
            },
            distance: 0.0,
        }
    }

    /// What one more reading at a point adds to the distance of Bhattacharyya (Bull. Calcutta Math. Soc. 35 (1943) 99):
    /// an eighth of the squared difference over the variance, and half the logarithm of how much wider the middle is.
    fn farther(&self, at: usize, each: &[Expected]) -> f64 {
        let variance = self.between.variance(at);
        let (a, b) = (
            each[self.places.0].variance(at),
            each[self.places.1].variance(at),
        );
        0.125 * self.between.means[at].powi(2) / variance + 0.5 * (variance / (a * b).sqrt()).ln()
    }

    fn read(&mut self, at: usize) {
        let n = self.between.means.len();
        let share = self.between.means[at] / self.between.variance(at);
        let row = &self.between.covariance[at * n..(at + 1) * n];
        for (mean, row) in self.between.means.iter_mut().zip(row) {
            *mean -= share * row;
        }
        self.between.read(at);
    }
}

/// The least that is expected to be told, nats, by the distances between hypotheses of these shares.
fn told(shares: &[f64], pairs: &[Pair], farther: impl Fn(&Pair) -> f64) -> f64 {
    // Of its own kind every hypothesis is at no distance.
    let mut near = shares.to_vec();
    for pair in pairs {
        let (a, b) = pair.places;
        let overlap = (-(pair.distance + farther(pair))).exp();
        near[a] += shares[b] * overlap;
        near[b] += shares[a] * overlap;
    }
    let each = shares.iter().zip(&near);
    -each.map(|(share, near)| share * near.ln()).sum::<f64>()
}

impl Rivals {
    /// What a law that nobody wrote down expects of points: the best one, and a deviation that it does not know.
    fn expected_of_none(&self, points: &[Vec<f64>], sd: f64, rng: &mut Rng) -> Option<Expected> {
        let deviation = self.deviation.as_ref()?;
        let best = self.best_law()?;
        let columns = columns(points);
        let mut pictured = Pictured::new(self.asked(best), &columns, sd);
        let even = 1.0 / PICTURES as f64;
        let drawn = self.beliefs[best].particles()?.draw(PICTURES, rng);
        let mut pictures: Vec<(f64, Vec<f64>)> = drawn
            .into_iter()
            .map(|places| (even, pictured.of(even, places)))
            .collect();
        let deviations = deviation.draw(points, PICTURES, rng);
        // Deviations come by their kind; laws in the order of their places.
        for at in (1..pictures.len()).rev() {
            pictures.swap(at, rng.random_range(0..=at));
        }
        for ((_, law), deviation) in pictures.iter_mut().zip(&deviations) {
            law.iter_mut().zip(deviation).for_each(|(f, d)| *f += d);
        }
        Expected::of(&pictures, pictured.errors)
    }

    /// The places among `candidates` of the next `count` points, one after the other, each the one that adds most
    /// expected information about which hypothesis holds, or none, for its cost, given those before it. A point may come
    /// more than once where `again` allows it. `sd` is the error of a point, where it is not learned; also the least
    /// information expected of all of them together, nats.
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
        let none = self.none();
        let mut all = self.probabilities();
        all.iter_mut().for_each(|share| *share *= 1.0 - none);
        all.push(none);
        // What is as good as ruled out, or predicts nothing, takes no part.
        let (mut each, mut shares) = (Vec::new(), Vec::new());
        for (rival, share) in all
            .iter()
            .enumerate()
            .filter(|(_, share)| **share > SHARE_MIN)
        {
            let expected = if rival == self.hypotheses.len() {
                self.expected_of_none(candidates, sd, rng)
            } else {
                self.beliefs[rival].expected(self.asked(rival), candidates, sd)
            };
            if let Some(expected) = expected {
                each.push(expected);
                shares.push(*share);
            }
        }
        let total: f64 = shares.iter().sum();
        shares.iter_mut().for_each(|share| *share /= total);
        let mut pairs: Vec<Pair> = (0..each.len())
            .flat_map(|b| (0..b).map(move |a| (a, b)))
            .map(|(a, b)| Pair::new((a, b), &each[a], &each[b]))
            .collect();
        let mut chosen: Vec<usize> = Vec::with_capacity(count);
        let mut reached = 0.0;
        for _ in 0..count {
            let mut best: Option<(usize, f64, f64)> = None;
            for c in (0..candidates.len()).filter(|c| again || !chosen.contains(c)) {
                let information = told(&shares, &pairs, |pair| pair.farther(c, &each));
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
            for pair in &mut pairs {
                pair.distance += pair.farther(c, &each);
            }
            for pair in &mut pairs {
                pair.read(c);
            }
            for own in &mut each {
                own.read(c);
            }
        }
        let open: f64 = -shares.iter().map(|p| p * p.ln()).sum::<f64>();
        (chosen, reached.clamp(0.0, open))
    }
}
