//! Why a proxy is not the verifier: closed forms.

/// KL divergence (nats) of the best of `n` samples from one sample: `ln n - (n-1)/n`
/// (Beirami et al. 2024, arXiv 2401.01879, as an upper bound; exact without ties).
#[must_use]
pub fn best_of_n_divergence(n: f64) -> f64 {
    n.ln() - (n - 1.0) / n
}

/// The chance that at least one of `k` tries succeeds, estimated without bias from `successes` in
/// `tries`: `1 - C(n-c, k) / C(n, k)` (Chen et al. 2021, arXiv 2107.03374).
#[must_use]
pub fn pass_at_k(tries: u64, successes: u64, k: u64) -> f64 {
    if successes == 0 || k == 0 {
        return 0.0;
    }
    if tries - successes.min(tries) < k {
        return 1.0;
    }
    let none: f64 = (tries - successes + 1..=tries)
        .map(|i| 1.0 - k as f64 / i as f64)
        .product();
    1.0 - none
}

/// A peak of the true reward along the distance `d = sqrt(KL)` that optimising a proxy moves away.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Peak {
    /// Distance of the peak.
    pub distance: f64,
    /// Reward there.
    pub reward: f64,
}

/// Best-of-n: `R(d) = d (a - b d)` (Gao, Schulman and Hilton 2023, arXiv 2210.10760).
#[must_use]
pub fn best_of_n_peak(a: f64, b: f64) -> Peak {
    Peak {
        distance: a / (2.0 * b),
        reward: a * a / (4.0 * b),
    }
}

/// Reinforcement learning: `R(d) = d (a - b ln d)` (same source).
#[must_use]
pub fn reinforcement_peak(a: f64, b: f64) -> Peak {
    let distance = (a / b - 1.0).exp();
    Peak {
        distance,
        reward: b * distance,
    }
}
