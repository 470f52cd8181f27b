//! What a set of responses is worth, as one number.

use quantity::Rng;

use crate::question::{Question, Side};
use crate::space::normal;

/// Turns the values of all responses, goals oriented so that more is better, into one utility. With
/// several goals every sample has its own direction: the expected gain of the best over directions is
/// proportional to the gain in hypervolume (Zhang and Golovin, ICML 2020, lemma 5). A point that breaks
/// a limit is worth less than any that keeps all, and less the further it breaks them.
#[derive(Clone, Debug)]
pub(crate) struct Utility {
    goals: usize,
    /// For each limit the sign that makes "at most" of it, its bound, and its scale.
    limits: Vec<(f64, f64, f64)>,
    /// Several goals: the reference, oriented, and the range of each goal.
    reference: Vec<(f64, f64)>,
    /// Below any goal's value that may come.
    floor: f64,
    /// The spread of the goal's values, that a broken limit is weighed with.
    spread: f64,
}

impl Utility {
    /// `known`: for each response its oriented values so far.
    pub(crate) fn new(question: &Question, known: &[Vec<f64>]) -> Utility {
        let goals = question.goals.len();
        let range = |values: &[f64]| {
            let (low, high) = values
                .iter()
                .fold((f64::INFINITY, f64::NEG_INFINITY), |(low, high), &v| {
                    (low.min(v), high.max(v))
                });
            let (low, high) = (low.max(-LARGEST), high.min(LARGEST));
            if low < high {
                (low, high)
            } else {
                (low.min(0.0), low.min(0.0) + 1.0)
            }
        };
        let limits = question
            .limits
            .iter()
            .zip(&known[goals..])
            .map(|(limit, values)| {
                let sign = if limit.side == Side::AtMost {
                    1.0
                } else {
                    -1.0
                };
                let (low, high) = range(values);
                (sign, limit.bound, high - low)
            })
            .collect();
        let front = front(&known[..goals]);
        let reference =
            (0..goals)
                .map(|goal| {
                    let values: Vec<f64> = front.iter().map(|&i| known[goal][i]).collect();
                    let (low, high) = range(&values);
                    let oriented = question.reference.as_ref().map(|reference| {
                        match question.goals[goal].aim {
                            crate::question::Aim::Minimise => -reference[goal],
                            _ => reference[goal],
                        }
                    });
                    let from = oriented.unwrap_or(low - 0.1 * (high - low));
                    (
                        from,
                        (high - from)
                            .max(1e-9 * (high - low))
                            .max(f64::MIN_POSITIVE),
                    )
                })
                .collect();
        let (low, high) = range(&known[0]);
        Utility {
            goals,
            limits,
            reference,
            floor: if goals == 1 {
                low - 2.0 * (high - low)
            } else {
                -10.0
            },
            spread: if goals == 1 { high - low } else { 1.0 },
        }
    }

    /// The spread of the goal's values so far; one for several goals, whose utility has no unit.
    pub(crate) fn spread(&self) -> f64 {
        self.spread
    }

    /// A random direction: for one goal there is only one.
    pub(crate) fn direction(&self, rng: &mut Rng) -> Vec<f64> {
        if self.goals == 1 {
            return vec![1.0];
        }
        let mut direction: Vec<f64> = (0..self.goals)
            .map(|_| normal(rng).abs().max(1e-6))
            .collect();
        let norm = direction.iter().map(|d| d * d).sum::<f64>().sqrt();
        direction.iter_mut().for_each(|d| *d /= norm);
        direction
    }

    /// The utility of these values of all responses in this direction.
    pub(crate) fn of(&self, values: &[f64], direction: &[f64]) -> f64 {
        let broken: f64 = self
            .limits
            .iter()
            .zip(&values[self.goals..])
            .map(|((sign, bound, scale), value)| (sign * (value - bound)).max(0.0) / scale)
            .sum();
        if broken > 0.0 {
            return self.floor - self.spread * broken;
        }
        if self.goals == 1 {
            return values[0];
        }
        let least = (0..self.goals)
            .map(|goal| {
                let (from, range) = self.reference[goal];
                (values[goal] - from) / range / direction[goal]
            })
            .fold(f64::INFINITY, f64::min);
        // Inside the reference the power makes expected gains add up to volume; outside, the distance
        // still leads there.
        if least > 0.0 {
            least.powi(self.goals as i32)
        } else {
            least.max(-9.0)
        }
    }

    /// A smooth stand-in for the utility that has its tops nearly where the utility has them, for climbing:
    /// the least of several goals is a soft one, and limits push back gently before they are broken. Fills
    /// `weights` with its derivative by each value.
    pub(crate) fn smooth(&self, values: &[f64], direction: &[f64], weights: &mut [f64]) -> f64 {
        weights.fill(0.0);
        let mut height = 0.0;
        if self.goals == 1 {
            height = values[0];
            weights[0] = 1.0;
        } else {
            let share = |goal: usize| {
                let (from, range) = self.reference[goal];
                (values[goal] - from) / range / direction[goal]
            };
            let least = (0..self.goals).map(share).fold(f64::INFINITY, f64::min);
            let parts = || (0..self.goals).map(|goal| (-SHARPNESS * (share(goal) - least)).exp());
            let total: f64 = parts().sum();
            height += least - total.ln() / SHARPNESS;
            for (goal, part) in parts().enumerate() {
                weights[goal] = part / total / self.reference[goal].1 / direction[goal];
            }
        }
        for (i, (sign, bound, scale)) in self.limits.iter().enumerate() {
            let broken = sign * (values[self.goals + i] - bound) / scale / LIMIT_SOFT;
            let force = LIMIT_FORCE * self.spread;
            // The logarithm of one plus the exponential, without overflow.
            height -= force * LIMIT_SOFT * (broken.max(0.0) + (-broken.abs()).exp().ln_1p());
            weights[self.goals + i] -= force * sign / scale / (1.0 + (-broken).exp());
        }
        height
    }
}

/// Values further out than this are taken to be there: a few of their ranges still are numbers.
const LARGEST: f64 = 1e306;
/// How sharp the soft least of several goals is, in their ranges.
const SHARPNESS: f64 = 50.0;
/// How strongly a limit pushes back, in the spread of the goal over the spread of what is limited, and over
/// what share of that spread it sets in.
const LIMIT_FORCE: f64 = 10.0;
const LIMIT_SOFT: f64 = 0.005;

/// Places of the points that no other beats in every goal.
fn front(goals: &[Vec<f64>]) -> Vec<usize> {
    let n = goals.first().map_or(0, Vec::len);
    // Best first by the first goal: only an earlier point can beat a later one.
    let mut order: Vec<usize> = (0..n).collect();
    order.sort_by(|&a, &b| {
        let by_goal = goals.iter().map(|values| values[b].total_cmp(&values[a]));
        by_goal
            .fold(std::cmp::Ordering::Equal, std::cmp::Ordering::then)
            .then(a.cmp(&b))
    });
    let mut front: Vec<usize> = Vec::new();
    for i in order {
        let beaten = front.iter().any(|&j| {
            goals.iter().all(|values| values[j] >= values[i])
                && goals.iter().any(|values| values[j] > values[i])
        });
        if !beaten {
            front.push(i);
        }
    }
    front
}
