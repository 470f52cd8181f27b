//! A smooth monotone change of the response's scale, so that a Gaussian process suits it better.

/// Standardises, then bends by the Yeo-Johnson family (Yeo and Johnson, Biometrika 87 (2000) 954), then
/// standardises again. A bend of 1 is straight.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Warp {
    centre: f64,
    scale: f64,
    bend: f64,
    mean: f64,
    sd: f64,
    /// Lowest and highest bent value that is turned back: somewhat beyond what was seen.
    low: f64,
    high: f64,
}

/// How far beyond the values seen, in their range, a warp can be turned back.
const BEYOND: f64 = 1.0;
/// Range in which a bend is searched, and the number of steps.
const BEND_LOW: f64 = -1.0;
const BEND_HIGH: f64 = 3.0;
const BEND_STEPS: usize = 40;

impl Warp {
    /// The straight warp of these values.
    pub(crate) fn straight(values: &[f64]) -> Warp {
        Warp::bent(values, 1.0)
    }

    /// The bend that makes the values look most like draws from a normal density (maximum likelihood).
    pub(crate) fn most_normal(values: &[f64]) -> Warp {
        let score = |bend: f64| {
            let warp = Warp::bent(values, bend);
            let logs: f64 = values.iter().map(|&value| warp.log_slope(value)).sum();
            if logs.is_finite() {
                logs
            } else {
                f64::NEG_INFINITY
            }
        };
        let bends = (0..=BEND_STEPS)
            .map(|i| BEND_LOW + (BEND_HIGH - BEND_LOW) * i as f64 / BEND_STEPS as f64);
        let best = bends
            .map(|bend| (score(bend), bend))
            .max_by(|a, b| a.0.total_cmp(&b.0));
        Warp::bent(values, best.map_or(1.0, |best| best.1))
    }

    /// The warp of these values with a given bend.
    pub(crate) fn bent(values: &[f64], bend: f64) -> Warp {
        let (centre, scale) = moments(values);
        let mut warp = Warp {
            centre,
            scale,
            bend,
            mean: 0.0,
            sd: 1.0,
            low: 0.0,
            high: 0.0,
        };
        let bent: Vec<f64> = values.iter().map(|&value| warp.forward(value)).collect();
        (warp.mean, warp.sd) = moments(&bent);
        let (low, high) = values
            .iter()
            .fold((f64::INFINITY, f64::NEG_INFINITY), |(low, high), &v| {
                (low.min(v), high.max(v))
            });
        let room = BEYOND * (high - low).max(1e-9 * scale);
        warp.low = warp.forward(low - room);
        warp.high = warp.forward(high + room);
        warp
    }

    /// Whether the warp only shifts and scales.
    pub(crate) fn is_straight(&self) -> bool {
        self.bend == 1.0
    }

    /// The bend; 1 is straight.
    pub(crate) fn bend(&self) -> f64 {
        self.bend
    }

    /// From the response to what the process sees.
    pub(crate) fn forward(&self, value: f64) -> f64 {
        let z = (value - self.centre) / self.scale;
        let l = self.bend;
        let bent = if z >= 0.0 {
            if l.abs() < 1e-9 {
                z.ln_1p()
            } else {
                ((1.0 + z).powf(l) - 1.0) / l
            }
        } else {
            let m = 2.0 - l;
            if m.abs() < 1e-9 {
                -(-z).ln_1p()
            } else {
                -((1.0 - z).powf(m) - 1.0) / m
            }
        };
        (bent - self.mean) / self.sd
    }

    /// From what the process sees to the response. A bent warp stops a little beyond what was seen.
    pub(crate) fn back(&self, value: f64) -> f64 {
        if self.is_straight() {
            return self.centre + self.scale * (self.mean + self.sd * value);
        }
        let bent = self.mean + self.sd * value.clamp(self.low, self.high);
        let l = self.bend;
        let z = if bent >= 0.0 {
            if l.abs() < 1e-9 {
                bent.exp_m1()
            } else {
                (1.0 + l * bent).max(0.0).powf(1.0 / l) - 1.0
            }
        } else {
            let m = 2.0 - l;
            if m.abs() < 1e-9 {
                -(-bent).exp_m1()
            } else {
                1.0 - (1.0 - m * bent).max(0.0).powf(1.0 / m)
            }
        };
        self.centre + self.scale * z
    }

    /// Logarithm of the slope of [`Warp::forward`].
    pub(crate) fn log_slope(&self, value: f64) -> f64 {
        let z = (value - self.centre) / self.scale;
        let l = self.bend;
        let power = if z >= 0.0 {
            (l - 1.0) * z.ln_1p()
        } else {
            (1.0 - l) * (-z).ln_1p()
        };
        power - self.sd.ln() - self.scale.ln()
    }

    /// Mean and standard deviation of the response, where the process expects a normal with this mean
    /// and standard deviation: Gauss-Hermite quadrature with 7 nodes (Abramowitz and Stegun (1964),
    /// table 25.10).
    pub(crate) fn moments_back(&self, mean: f64, sd: f64) -> (f64, f64) {
        if self.is_straight() {
            return (self.back(mean), self.scale * self.sd * sd);
        }
        const NODES: [(f64, f64); 4] = [
            (0.0, 0.810_264_617_556_8),
            (0.816_287_882_858_965, 0.425_607_252_610_1),
            (1.673_551_628_767_471, 0.054_515_582_819_13),
            (2.651_961_356_835_233, 0.000_971_781_245_099_5),
        ];
        let (mut total, mut first, mut second) = (0.0, 0.0, 0.0);
        for (node, weight) in NODES {
            for side in [-1.0, 1.0] {
                let weight = if node == 0.0 { weight / 2.0 } else { weight };
                let value = self.back(mean + side * node * std::f64::consts::SQRT_2 * sd);
                total += weight;
                first += weight * value;
                second += weight * value * value;
            }
        }
        let average = first / total;
        (
            average,
            (second / total - average * average).max(0.0).sqrt(),
        )
    }
}

/// Mean and standard deviation; 1 for the latter where the values don't differ. Scaled first, so that
/// large numbers don't overflow.
fn moments(values: &[f64]) -> (f64, f64) {
    let n = values.len().max(1) as f64;
    let mean = values.iter().map(|value| value / n).sum::<f64>();
    let largest = values
        .iter()
        .map(|value| (value - mean).abs())
        .fold(0.0, f64::max);
    if largest.is_nan() || largest <= 1e-13 * mean.abs() || largest < 1e-300 {
        return (mean, 1.0);
    }
    let variance = values
        .iter()
        .map(|value| ((value - mean) / largest).powi(2))
        .sum::<f64>()
        / n;
    (mean, largest * variance.sqrt())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn warps_turn_back_and_slopes_are_slopes() {
        let values: Vec<f64> = (0..50).map(|i| (f64::from(i) * 0.2).exp()).collect();
        for bend in [-1.0, 0.0, 0.3, 1.0, 2.0, 2.7] {
            let warp = Warp::bent(&values, bend);
            for &value in &values[5..] {
                let there = warp.forward(value);
                assert!(
                    (warp.back(there) - value).abs() < 1e-6 * value,
                    "{bend} {value}"
                );
                let step = 1e-6 * value;
                let slope =
                    (warp.forward(value + step) - warp.forward(value - step)) / (2.0 * step);
                assert!(
                    (slope.ln() - warp.log_slope(value)).abs() < 1e-4,
                    "{bend} {value}"
                );
            }
        }
        assert!(Warp::most_normal(&values).bend() < 0.7);
    }

    #[test]
    fn moments_come_back() {
        let values: Vec<f64> = (0..50).map(|i| (f64::from(i) * 0.1).exp()).collect();
        let warp = Warp::bent(&values, 0.0);
        let (mean, sd) = warp.moments_back(0.2, 0.3);
        let (mut first, mut second, steps) = (0.0, 0.0, 20_000);
        for i in 0..steps {
            // Midpoints of the unit interval through the normal quantile, by bisection of erf's kin:
            // a plain sum over a fine grid of the density does as well.
            let z = -6.0 + 12.0 * (f64::from(i) + 0.5) / f64::from(steps);
            let weight =
                (-0.5 * z * z).exp() / (std::f64::consts::TAU).sqrt() * 12.0 / f64::from(steps);
            let value = warp.back(0.2 + 0.3 * z);
            first += weight * value;
            second += weight * value * value;
        }
        assert!((mean - first).abs() < 1e-3 * first, "{mean} {first}");
        assert!((sd - (second - first * first).sqrt()).abs() < 1e-2 * sd);
    }

    #[test]
    fn equal_and_huge_values_are_harmless() {
        for values in [
            vec![3.0; 5],
            vec![1e300, -1e300, 0.0],
            vec![1e-310, 0.0],
            vec![5.0],
        ] {
            let warp = Warp::most_normal(&values);
            for &value in &values {
                assert!(warp.forward(value).is_finite(), "{values:?}");
                assert!(warp.back(warp.forward(value)).is_finite(), "{values:?}");
            }
        }
    }
}
