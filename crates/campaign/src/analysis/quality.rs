//! How well a plate separates its controls.

use super::stats::{finite, mad, mean, median, sd};

/// What the controls of one plate say about it.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Separation {
    /// Z′ = 1 - 3 (s₊ + s₋) / |m₊ - m₋| (Zhang, Chung, Oldenburg, J. Biomol. Screen. 4 (1999) 67).
    pub z_prime: f64,
    /// The same with medians and 1.4826 MAD.
    pub robust_z_prime: f64,
    /// Strictly standardised mean difference (m₊ - m₋) / √(s₊² + s₋²) (Zhang, Genomics 89 (2007) 552).
    pub ssmd: f64,
    /// The higher mean over the lower one.
    pub signal_to_background: f64,
}

/// The separation of positive from negative controls; NaN where there are fewer than two of either.
#[must_use]
pub fn separation(positive: &[f64], negative: &[f64]) -> Separation {
    let (positive, negative) = (finite(positive), finite(negative));
    let (mean_p, mean_n) = (mean(&positive), mean(&negative));
    let (sd_p, sd_n) = (sd(&positive), sd(&negative));
    let robust_gap = (median(&positive) - median(&negative)).abs();
    let robust_spread = if positive.len() < 2 || negative.len() < 2 {
        f64::NAN
    } else {
        mad(&positive) + mad(&negative)
    };
    Separation {
        z_prime: 1.0 - 3.0 * (sd_p + sd_n) / (mean_p - mean_n).abs(),
        robust_z_prime: 1.0 - 3.0 * robust_spread / robust_gap,
        ssmd: (mean_p - mean_n) / sd_p.hypot(sd_n),
        signal_to_background: mean_p.max(mean_n) / mean_p.min(mean_n),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn worked_example() {
        let positive = [20.1, 22.4, 19.5, 21.0, 18.8, 20.6, 23.0, 21.7];
        let negative = [101.2, 97.5, 104.8, 99.0, 100.6, 95.9, 103.3, 98.7];
        let found = separation(&positive, &negative);
        assert!((found.z_prime - 0.833_590_750_815_973_2).abs() < 1e-12);
        assert!((found.robust_z_prime - 0.833_911_265_822_784_7).abs() < 1e-12);
        assert!((found.ssmd - -24.085_133_263_187_27).abs() < 1e-10);
        assert!((found.signal_to_background - 4.793_536_804_308_797).abs() < 1e-12);
    }

    #[test]
    fn too_few_controls_say_nothing() {
        let found = separation(&[1.0], &[2.0, 3.0]);
        assert!(found.z_prime.is_nan() && found.robust_z_prime.is_nan() && found.ssmd.is_nan());
    }
}
