//! Which points tell most about which hypothesis holds.

use super::Rivals;
use quantity::Rng;
use rand::RngExt;

/// Imagined worlds: a hypothesis, its parameters, and the errors of its wells.
const WORLDS: usize = 96;
/// Parameters that stand for what is known of each hypothesis.
const STAND_INS: usize = 48;

/// A normal number from two even ones (Box and Muller 1958).
fn normal(rng: &mut Rng) -> f64 {
    let radius = (-2.0 * (1.0 - rng.random::<f64>()).ln()).sqrt();
    radius * (2.0 * std::f64::consts::PI * rng.random::<f64>()).cos()
}

impl Rivals {
    /// The places among `candidates` of the next `count` points, one after the other, each the one that adds most
    /// expected information about which hypothesis holds for its cost, given those before it. A point may come
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
        let shares = self.probabilities();
        let rivals = shares.len();
        let stand_ins: Vec<Vec<Vec<f64>>> = (0..rivals)
            .map(|h| {
                let drawn = self.particles[h].draw(STAND_INS, rng);
                drawn
                    .iter()
                    .map(|places| {
                        candidates
                            .iter()
                            .map(|x| self.hypotheses[h].response(x, places))
                            .collect()
                    })
                    .collect()
            })
            .collect();
        // Worlds by the probability of their hypothesis, evenly.
        let offset = rng.random::<f64>();
        let worlds: Vec<(usize, Vec<f64>)> = (0..WORLDS)
            .map(|world| {
                let reach = (world as f64 + offset) / WORLDS as f64;
                let mut sum = 0.0;
                let truth = shares
                    .iter()
                    .position(|share| {
                        sum += share;
                        sum >= reach
                    })
                    .unwrap_or(rivals - 1);
                let parameters = self.particles[truth].draw(1, rng)[0];
                let responses = candidates
                    .iter()
                    .map(|x| self.hypotheses[truth].response(x, parameters))
                    .collect();
                (truth, responses)
            })
            .collect();
        let mut logs = vec![vec![vec![0.0; STAND_INS]; rivals]; WORLDS];
        let prior: f64 = shares
            .iter()
            .filter(|p| **p > 0.0)
            .map(|p| p * p.ln())
            .sum();
        let mut chosen: Vec<usize> = Vec::with_capacity(count);
        let mut reached = 0.0;
        for _ in 0..count {
            let errors: Vec<f64> = (0..WORLDS).map(|_| normal(rng)).collect();
            let mut best: Option<(usize, f64, f64)> = None;
            for c in 0..candidates.len() {
                if !again && chosen.contains(&c) {
                    continue;
                }
                let mut sum = 0.0;
                for (world, (truth, responses)) in worlds.iter().enumerate() {
                    let y = responses[c] + sd * errors[world];
                    sum += self.log_posterior(&shares, &logs[world], &stand_ins, *truth, c, y, sd);
                }
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
            for (world, (_, responses)) in worlds.iter().enumerate() {
                let y = responses[c] + sd * errors[world];
                for (own, stand) in logs[world].iter_mut().zip(&stand_ins) {
                    for (log, predicted) in own.iter_mut().zip(stand) {
                        *log += log_bell(y, predicted[c], sd);
                    }
                }
            }
        }
        (chosen, reached.clamp(0.0, -prior))
    }

    /// Log of the probability that the true hypothesis of a world has after all its wells and one more.
    #[expect(clippy::too_many_arguments)]
    fn log_posterior(
        &self,
        shares: &[f64],
        logs: &[Vec<f64>],
        stand_ins: &[Vec<Vec<f64>>],
        truth: usize,
        c: usize,
        y: f64,
        sd: f64,
    ) -> f64 {
        let mut marginals = [f64::NEG_INFINITY; RIVALS_MAX];
        for h in 0..shares.len().min(RIVALS_MAX) {
            if shares[h] <= 0.0 {
                continue;
            }
            let each = |m: usize| logs[h][m] + log_bell(y, stand_ins[h][m][c], sd);
            let top = (0..STAND_INS).map(each).fold(f64::NEG_INFINITY, f64::max);
            if top > f64::NEG_INFINITY {
                let sum: f64 = (0..STAND_INS).map(|m| (each(m) - top).exp()).sum();
                marginals[h] = shares[h].ln() + top + (sum / STAND_INS as f64).ln();
            }
        }
        let top = marginals.iter().copied().fold(f64::NEG_INFINITY, f64::max);
        let whole = top + marginals.iter().map(|m| (m - top).exp()).sum::<f64>().ln();
        // A world so odd that its own hypothesis does not know it counts as lost, not as infinitely so.
        (marginals[truth.min(RIVALS_MAX - 1)] - whole).max(-30.0)
    }
}

/// Most rivals of one question.
pub const RIVALS_MAX: usize = 32;

fn log_bell(y: f64, mean: f64, sd: f64) -> f64 {
    if !mean.is_finite() || !y.is_finite() {
        return -1e9;
    }
    let z = (y - mean) / sd;
    -0.5 * z * z
}
