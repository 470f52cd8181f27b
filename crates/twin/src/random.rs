//! Draws: each command and purpose has a stream of its own, so that no draw shifts another.

use quantity::{Duration, Rng, Seed};
use rand::Rng as _;

/// Odds that a duration has a tail, and the mean of its exponential stretch: instruments that hesitate
/// (typical figures).
const TAIL_ODDS: f64 = 0.005;
const TAIL_MEAN: f64 = 0.3;

/// A stream of draws.
#[derive(Debug)]
pub(crate) struct Draws {
    rng: Rng,
    spare: Option<f64>,
}

impl Draws {
    /// The stream of one purpose of one number (mostly a command's).
    pub(crate) fn new(seed: Seed, purpose: &str, number: u64) -> Self {
        Self {
            rng: seed.derive(purpose, number).rng(),
            spare: None,
        }
    }

    /// Uniform in `[0, 1)`.
    pub(crate) fn unit(&mut self) -> f64 {
        (self.rng.next_u64() >> 11) as f64 * (1.0 / (1_u64 << 53) as f64)
    }

    /// Uniform between two values.
    pub(crate) fn between(&mut self, low: f64, high: f64) -> f64 {
        low + (high - low) * self.unit()
    }

    /// True with these odds.
    pub(crate) fn chance(&mut self, odds: f64) -> bool {
        odds > 0.0 && self.unit() < odds
    }

    /// Standard normal, by the polar method (Marsaglia and Bray, SIAM Review 6 (1964) 260).
    pub(crate) fn normal(&mut self) -> f64 {
        if let Some(spare) = self.spare.take() {
            return spare;
        }
        loop {
            let (x, y) = (2.0 * self.unit() - 1.0, 2.0 * self.unit() - 1.0);
            let square = x * x + y * y;
            if square > 0.0 && square < 1.0 {
                let scale = (-2.0 * square.ln() / square).sqrt();
                self.spare = Some(y * scale);
                return x * scale;
            }
        }
    }

    /// Exponential with this mean.
    pub(crate) fn exponential(&mut self, mean: f64) -> f64 {
        -mean * (1.0 - self.unit()).ln()
    }

    /// A number below `n`.
    pub(crate) fn below(&mut self, n: usize) -> usize {
        ((self.unit() * n as f64) as usize).min(n.saturating_sub(1))
    }

    /// `median` spread by a lognormal factor with this standard deviation of the logarithm, and now
    /// and then a tail.
    pub(crate) fn spread(&mut self, median: Duration, deviation: f64) -> Duration {
        let mut factor = (deviation * self.normal()).exp();
        if deviation > 0.0 && self.chance(TAIL_ODDS) {
            factor *= 1.0 + self.exponential(TAIL_MEAN);
        }
        median.scale(factor)
    }
}

/// A standard normal for a place on a grid (an instrument's drift at an hour), without a stream.
pub(crate) fn normal_at(seed: Seed, purpose: &str, number: u64) -> f64 {
    Draws::new(seed, purpose, number).normal()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn moments_are_right() {
        let mut draws = Draws::new(Seed(1), "test", 0);
        let n = 40_000;
        let normals: Vec<f64> = (0..n).map(|_| draws.normal()).collect();
        let mean = normals.iter().sum::<f64>() / f64::from(n);
        let variance = normals.iter().map(|x| x * x).sum::<f64>() / f64::from(n);
        assert!(
            mean.abs() < 0.02 && (variance - 1.0).abs() < 0.03,
            "{mean} {variance}"
        );
        let mean = (0..n).map(|_| draws.exponential(3.0)).sum::<f64>() / f64::from(n);
        assert!((mean - 3.0).abs() < 0.08, "{mean}");
        let median = Duration::from_secs(10);
        let mut spread: Vec<_> = (0..1001).map(|_| draws.spread(median, 0.1)).collect();
        spread.sort();
        assert!((spread[500].as_secs_f64() - 10.0).abs() < 0.2);
        assert_eq!(draws.spread(median, 0.0), median);
    }

    #[test]
    fn streams_of_two_purposes_differ() {
        let first = |purpose, number| Draws::new(Seed(1), purpose, number).unit();
        assert_ne!(first("pose", 1), first("pose", 2));
        assert_ne!(first("pose", 1), first("grip", 1));
        assert_eq!(first("pose", 1), first("pose", 1));
    }
}
