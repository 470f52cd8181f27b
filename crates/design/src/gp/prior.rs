//! What is believed of a kernel's numbers before any data, for responses of unit variance.

use super::kernel::Shape;
use crate::encode::Group;

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
/// believed in doesn't grow with it (Hvarfner, Hellsten and Nardi, ICML 2024, section 4, whose location is
/// the root of two and whose scale the root of three). Their density over lengths is highest where the
/// logarithm is the location less the squared scale, 3; here the density of the logarithm is highest at
/// the location less 2: with 3, two factors and forty rows have their noise taken for shape, with half the
/// scale, as once, many factors are taken to be flatter than they are (bench/design/README.md). Levels
/// without an order, all at a distance of 1, and those known by descriptors are believed to be more
/// alike: a level that nothing is known of would tell nothing of any other. The others are weak: variances
/// near the response's own, noise near a thousandth of it but free over orders of magnitude, single length
/// scales near half the range.
pub(crate) fn priors(shape: Shape, groups: &[Group]) -> Vec<Normal> {
    let root = (groups.len().max(1) as f64).ln() / 2.0;
    let radial = |group: &Group| {
        let ordered = matches!(group, Group::Number { .. });
        let less = if ordered { 2.0 } else { 0.5 * 3.0_f64.sqrt() };
        Normal {
            mean: std::f64::consts::SQRT_2 + root - less,
            sd: 3.0_f64.sqrt(),
            low: -4.6,
            high: 7.0 + root,
        }
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
    all.extend(groups.iter().map(radial));
    if shape != Shape::Radial {
        all.push(low_order);
        all.extend(std::iter::repeat_n(single, groups.len()));
    }
    if shape == Shape::Paired {
        all.push(low_order);
    }
    all.push(noise);
    all
}

/// The prior's means, in its order.
pub(crate) fn prior_means(shape: Shape, groups: &[Group]) -> Vec<f64> {
    priors(shape, groups)
        .iter()
        .map(|prior| prior.mean)
        .collect()
}
