//! What is known of the parameters of one hypothesis: weighted places in the unit cube of their ranges.
//!
//! Sequential Monte Carlo (Del Moral, Doucet and Jasra, J. R. Stat. Soc. B 68 (2006) 411): each batch is taken in
//! by steps of its likelihood's power, so small that half of the particles keep their weight; then they are
//! drawn anew and moved by Metropolis steps. The evidence comes along.

use super::noise::Noise;
use super::readings::Readings;
use super::{Datum, Hypothesis, Scratch};
use quantity::Rng;
use rand::RngExt;

/// Particles of one hypothesis.
const COUNT: usize = 512;
/// Metropolis sweeps after particles were drawn anew.
const SWEEPS: usize = 6;
/// Least change of the power, so that hopeless hypotheses end too.
const POWER_MIN: f64 = 1e-4;

#[derive(Clone, Debug)]
pub(super) struct Particles {
    places: Vec<Vec<f64>>,
    /// Logarithms of weights, of sum one.
    log_weights: Vec<f64>,
    log_evidence: f64,
}

fn log_sum(values: impl Iterator<Item = f64> + Clone) -> f64 {
    let top = values.clone().fold(f64::NEG_INFINITY, f64::max);
    if top == f64::NEG_INFINITY {
        return top;
    }
    top + values.map(|v| (v - top).exp()).sum::<f64>().ln()
}

impl Particles {
    /// Even over the ranges of a law's parameters, and of the errors that are learned with it.
    pub(super) fn new(h: &Hypothesis, noise: Option<&Noise>, rng: &mut Rng) -> Self {
        let free = h.parameters.len() + noise.map_or(0, Noise::free);
        // Without parameters one particle is all there is.
        let count = if free == 0 { 1 } else { COUNT };
        Self {
            places: (0..count)
                .map(|_| (0..free).map(|_| rng.random::<f64>()).collect())
                .collect(),
            log_weights: vec![-(count as f64).ln(); count],
            log_evidence: 0.0,
        }
    }

    pub(super) fn log_evidence(&self) -> f64 {
        self.log_evidence
    }

    pub(super) fn weighted(&self) -> impl Iterator<Item = (f64, &[f64])> {
        self.log_weights
            .iter()
            .map(|w| w.exp())
            .zip(self.places.iter().map(Vec::as_slice))
    }

    /// The mean place of each parameter, and of the errors that are learned.
    pub(super) fn centre(&self) -> Vec<f64> {
        let mut centre = vec![0.0; self.places[0].len()];
        for (weight, places) in self.weighted() {
            for (sum, place) in centre.iter_mut().zip(places) {
                *sum += weight * place;
            }
        }
        centre
    }

    /// Places drawn by their weights, evenly (systematic resampling).
    pub(super) fn draw(&self, count: usize, rng: &mut Rng) -> Vec<&[f64]> {
        let step = 1.0 / count as f64;
        let mut reach = rng.random::<f64>() * step;
        let (mut sum, mut at) = (self.log_weights[0].exp(), 0);
        (0..count)
            .map(|_| {
                while sum < reach && at + 1 < self.places.len() {
                    at += 1;
                    sum += self.log_weights[at].exp();
                }
                reach += step;
                self.places[at].as_slice()
            })
            .collect()
    }

    /// Takes in `data[before..]`; what lies before was taken in already.
    pub(super) fn tell(
        &mut self,
        h: &Hypothesis,
        noise: Option<&Noise>,
        data: &[Datum],
        before: usize,
        rng: &mut Rng,
    ) {
        let (earlier, batch) = (
            Readings::of(&data[..before], noise),
            Readings::of(&data[before..], noise),
        );
        let scratch = &mut Scratch::default();
        let mut likelihoods: Vec<f64> = self
            .places
            .iter()
            .map(|p| batch.log_likelihood(h, p, scratch))
            .collect();
        let mut power = 0.0;
        while power < 1.0 {
            let step = self.step(&likelihoods, 1.0 - power);
            power = if power + step > 1.0 - 1e-12 {
                1.0
            } else {
                power + step
            };
            let raised: Vec<f64> = self
                .log_weights
                .iter()
                .zip(&likelihoods)
                .map(|(w, l)| w + step * l)
                .collect();
            let whole = log_sum(raised.iter().copied());
            if whole == f64::NEG_INFINITY {
                self.log_evidence = f64::NEG_INFINITY;
                return;
            }
            self.log_evidence += whole;
            self.log_weights = raised.into_iter().map(|w| w - whole).collect();
            if self.places.len() > 1 && self.effective() < 0.55 * self.places.len() as f64 {
                likelihoods = self.renew(h, &earlier, &batch, power, rng);
            }
        }
    }

    fn effective(&self) -> f64 {
        1.0 / self
            .log_weights
            .iter()
            .map(|w| (2.0 * w).exp())
            .sum::<f64>()
    }

    /// The greatest change of power, up to `most`, that leaves half of the particles with weight.
    fn step(&self, likelihoods: &[f64], most: f64) -> f64 {
        let left = |step: f64| {
            let raised: Vec<f64> = self
                .log_weights
                .iter()
                .zip(likelihoods)
                .map(|(w, l)| w + step * l)
                .collect();
            let whole = log_sum(raised.iter().copied());
            1.0 / raised
                .iter()
                .map(|w| (2.0 * (w - whole)).exp())
                .sum::<f64>()
        };
        let enough = 0.5 * self.effective();
        if self.places.len() == 1 || left(most) >= enough {
            return most;
        }
        let (mut low, mut high) = (0.0, most);
        for _ in 0..40 {
            let middle = 0.5 * (low + high);
            if left(middle) >= enough {
                low = middle
            } else {
                high = middle
            }
        }
        low.max(POWER_MIN).min(most)
    }

    /// Draws particles anew and moves them, under all data before and the batch to this power; the likelihoods
    /// of the batch where they came to lie.
    fn renew(
        &mut self,
        h: &Hypothesis,
        earlier: &Readings<'_>,
        batch: &Readings<'_>,
        power: f64,
        rng: &mut Rng,
    ) -> Vec<f64> {
        let count = self.places.len();
        let free = self.places[0].len();
        let mut places: Vec<Vec<f64>> = self
            .draw(count, rng)
            .into_iter()
            .map(<[f64]>::to_vec)
            .collect();
        self.log_weights = vec![-(count as f64).ln(); count];
        let mut scratch = Scratch::default();
        // What is aimed at, and the likelihood of the batch.
        let mut target = |p: &[f64]| {
            let own = batch.log_likelihood(h, p, &mut scratch);
            let before = earlier.log_likelihood(h, p, &mut scratch);
            (before + power * own, own)
        };
        let mut values: Vec<(f64, f64)> = places.iter().map(|p| target(p)).collect();
        let mut scale = 1.0;
        for _ in 0..SWEEPS {
            // Steps between two random others follow the shape of the whole, however it is bent
            // (ter Braak, Stat. Comput. 16 (2006) 239).
            let others = places.clone();
            let mut moved = 0;
            for at in 0..count {
                let (a, b) = (rng.random_range(0..count), rng.random_range(0..count));
                let gamma = scale * 2.38 / (2.0 * free as f64).sqrt();
                let next: Vec<f64> = (0..free)
                    .map(|i| {
                        let jitter = 1e-4 * (rng.random::<f64>() - 0.5);
                        places[at][i] + gamma * (others[a][i] - others[b][i]) + jitter
                    })
                    .collect();
                if next.iter().any(|place| !(0.0..=1.0).contains(place)) {
                    continue;
                }
                let value = target(&next);
                if value.0 - values[at].0 > rng.random::<f64>().max(1e-300).ln() {
                    places[at] = next;
                    values[at] = value;
                    moved += 1;
                }
            }
            let share = moved as f64 / count as f64;
            scale = (scale
                * if share < 0.15 {
                    0.6
                } else if share > 0.4 {
                    1.4
                } else {
                    1.0
                })
            .clamp(0.02, 2.0);
        }
        self.places = places;
        values.into_iter().map(|value| value.1).collect()
    }
}
