//! The standard normal.

/// Its density.
pub(crate) fn density(z: f64) -> f64 {
    (-0.5 * z * z).exp() / std::f64::consts::TAU.sqrt()
}

/// Its distribution function: Abramowitz and Stegun (1964), 26.2.17, to 1e-7; in the lower tail the same
/// share of the density, so that its logarithm holds.
pub(crate) fn cumulative(z: f64) -> f64 {
    if z > 0.0 {
        return 1.0 - cumulative(-z);
    }
    let t = 1.0 / (1.0 - 0.231_641_9 * z);
    let series = [
        1.330_274_429,
        -1.821_255_978,
        1.781_477_937,
        -0.356_563_782,
        0.319_381_530,
    ];
    density(z) * series.iter().fold(0.0, |sum, c| (sum + c) * t)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn known_values() {
        // Abramowitz and Stegun (1964), table 26.1.
        for (z, share) in [
            (0.0, 0.5),
            (1.0, 0.841_344_746),
            (-1.0, 0.158_655_254),
            (-3.0, 0.001_349_898),
        ] {
            assert!((cumulative(z) - share).abs() < 1e-7, "{z}");
        }
    }
}
