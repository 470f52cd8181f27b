//! What is believed of a kernel's numbers before any data, for responses of unit variance.

use super::kernel::Shape;

/// A normal density of one logarithm, and bounds far out in its tails.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Normal {
    pub mean: f64,
    pub sd: f64,
    pub low: f64,
    pub high: f64,
}

impl Normal {
    /// Log density up to a constant.
    pub(crate) fn log(self, x: f64) -> f64 {
        -0.5 * ((x - self.mean) / self.sd).powi(2)
    }

    /// Its derivative.
    pub(crate) fn slope(self, x: f64) -> f64 {
        -(x - self.mean) / (self.sd * self.sd)
    }
}

/// The prior of each of a kernel's numbers, then of the log noise variance.
///
/// Radial length scales: log-normal, growing with the root of the dimension, so that the complexity
/// believed in doesn't grow with it (Hvarfner, Hellsten and Nardi, ICML 2024, section 4). The others
/// are weak: variances near the response's own, noise near a thousandth of it but free over orders of
/// magnitude, single length scales near half the range.
pub(crate) fn priors(shape: Shape, groups: usize) -> Vec<Normal> {
    let root = (groups.max(1) as f64).ln() / 2.0;
    let radial = Normal {
        mean: std::f64::consts::SQRT_2 + root - 0.5 * 3.0_f64.sqrt(),
        sd: 3.0_f64.sqrt(),
        low: -4.6,
        high: 7.0 + root,
    };
    let variance = Normal {
        mean: 0.0,
        sd: 1.5,
        low: -12.0,
        high: 6.0,
    };
    let single = Normal {
        mean: -0.3,
        sd: 1.2,
        low: -4.6,
        high: 5.0,
    };
    let low_order = Normal {
        mean: -1.0,
        sd: 2.0,
        low: -12.0,
        high: 7.0,
    };
    let noise = Normal {
        mean: -6.0,
        sd: 2.5,
        low: -18.0,
        high: 1.0,
    };
    let mut all = vec![variance];
    all.extend(std::iter::repeat_n(radial, groups));
    if shape != Shape::Radial {
        all.push(low_order);
        all.extend(std::iter::repeat_n(single, groups));
    }
    if shape == Shape::Paired {
        all.push(low_order);
    }
    all.push(noise);
    all
}

/// The prior's means, in its order.
pub(crate) fn prior_means(shape: Shape, groups: usize) -> Vec<f64> {
    priors(shape, groups)
        .iter()
        .map(|prior| prior.mean)
        .collect()
}
