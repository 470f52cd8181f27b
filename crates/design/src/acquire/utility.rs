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

    /// Which response rules the utility at these values, with the sign of its influence.
    pub(crate) fn active(&self, values: &[f64], direction: &[f64]) -> (usize, f64) {
        let worst = self
            .limits
            .iter()
            .enumerate()
            .map(|(i, (sign, bound, scale))| {
                (
                    (sign * (values[self.goals + i] - bound)) / scale,
                    self.goals + i,
                    -sign,
                )
            })
            .filter(|broken| broken.0 > 0.0)
            .max_by(|a, b| a.0.total_cmp(&b.0));
        if let Some((_, response, sign)) = worst {
            return (response, sign);
        }
        let least = (0..self.goals).min_by(|&a, &b| {
            let at = |goal: usize| {
                (values[goal] - self.reference[goal].0) / self.reference[goal].1 / direction[goal]
            };
            at(a).total_cmp(&at(b))
        });
        (least.unwrap_or(0), 1.0)
    }
}

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
