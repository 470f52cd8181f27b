//! A smooth monotone change of the response's scale, so that a Gaussian process suits it better.

use crate::gp::{exp, ln, wide};

/// Standardises, bends, and standardises again.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Warp {
    centre: f64,
    scale: f64,
    form: Form,
    mean: f64,
    sd: f64,
    /// Lowest and highest warped value that is turned back: somewhat beyond what was seen.
    low: f64,
    high: f64,
}

/// How a standardised response is bent.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Form {
    /// Not at all.
    Straight,
    /// By the Yeo-Johnson family (Biometrika 87 (2000) 954) with this power; 1 would be straight.
    Power(f64),
    /// The logarithm of the height above `floor`, plus `start` (Tukey, Exploratory Data Analysis (1977),
    /// chapter 3): for responses that spread over orders of magnitude above a floor. Below the floor it
    /// goes on straight.
    Log { floor: f64, start: f64 },
}

/// Largest power of e that is taken.
const EXP_MOST: f64 = 709.0;
/// How far beyond the values seen, in their range, a warp can be turned back.
const BEYOND: f64 = 1.0;
/// Values that are turned back in step.
const TOGETHER: usize = 16;
/// Powers that are tried.
const POWER_LOW: f64 = -1.0;
const POWER_HIGH: f64 = 3.0;
const POWER_STEPS: usize = 40;
/// Starts that are tried, in standard deviations.
const STARTS: [f64; 6] = [1e-3, 3e-3, 1e-2, 3e-2, 0.1, 0.3];

impl Warp {
    /// The warp that only shifts and scales.
    pub(crate) fn straight(values: &[f64]) -> Warp {
        Warp::new(values, Form::Straight)
    }

    /// The power that makes the values look most like draws from a normal density.
    pub(crate) fn power(values: &[f64]) -> Warp {
        let step = (POWER_HIGH - POWER_LOW) / POWER_STEPS as f64;
        let powers = (0..=POWER_STEPS).map(|i| Form::Power(POWER_LOW + step * i as f64));
        most_normal(values, powers)
    }

    /// The start that makes the values look most like draws from a normal density.
    pub(crate) fn log(values: &[f64]) -> Warp {
        let (centre, scale) = moments(values);
        let floor = values.iter().copied().fold(f64::INFINITY, f64::min);
        let floor = (floor - centre) / scale;
        most_normal(
            values,
            STARTS.into_iter().map(|start| Form::Log { floor, start }),
        )
    }

    /// The warp of these values with a given form.
    pub(crate) fn new(values: &[f64], form: Form) -> Warp {
        let (centre, scale) = moments(values);
        let mut warp = Warp {
            centre,
            scale,
            form,
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
        let room = BEYOND * finite(high - low).max(1e-9 * scale);
        warp.low = warp.forward(finite(low - room));
        warp.high = warp.forward(finite(high + room));
        warp
    }

    /// Whether the warp only shifts and scales.
    pub(crate) fn is_straight(&self) -> bool {
        self.form == Form::Straight
    }

    /// How the response is bent.
    pub(crate) fn form(&self) -> Form {
        self.form
    }

    /// From the response to what the process sees.
    pub(crate) fn forward(&self, value: f64) -> f64 {
        let z = self.standard(value);
        let bent = match self.form {
            Form::Straight => z,
            Form::Power(l) if z >= 0.0 => {
                if l.abs() < 1e-9 {
                    z.ln_1p()
                } else {
                    ((1.0 + z).powf(l) - 1.0) / l
                }
            }
            Form::Power(l) => {
                let m = 2.0 - l;
                if m.abs() < 1e-9 {
                    -(-z).ln_1p()
                } else {
                    -((1.0 - z).powf(m) - 1.0) / m
                }
            }
            Form::Log { floor, start } if z >= floor => (z - floor + start).ln(),
            Form::Log { floor, start } => start.ln() + (z - floor) / start,
        };
        (bent - self.mean) / self.sd
    }

    /// Standard deviations above the mean.
    fn standard(&self, value: f64) -> f64 {
        let z = (value - self.centre) / self.scale;
        if z.is_finite() {
            z
        } else {
            // The difference of the largest numbers there are is no number.
            value / self.scale - self.centre / self.scale
        }
    }

    /// From what the process sees to the response. A bent warp stops a little beyond what was seen.
    pub(crate) fn back(&self, value: f64) -> f64 {
        if self.is_straight() {
            return finite(self.centre + self.scale * (self.mean + self.sd * value));
        }
        let bent = self.mean + self.sd * value.clamp(self.low, self.high);
        let z = match self.form {
            Form::Straight => bent,
            Form::Power(l) if bent >= 0.0 => {
                if l.abs() < 1e-9 {
                    bent.exp_m1()
                } else {
                    (1.0 + l * bent).max(0.0).powf(1.0 / l) - 1.0
                }
            }
            Form::Power(l) => {
                let m = 2.0 - l;
                if m.abs() < 1e-9 {
                    -(-bent).exp_m1()
                } else {
                    1.0 - (1.0 - m * bent).max(0.0).powf(1.0 / m)
                }
            }
            Form::Log { floor, start } if bent >= start.ln() => floor + bent.exp() - start,
            Form::Log { floor, start } => floor + (bent - start.ln()) * start,
        };
        finite(self.centre + self.scale * z)
    }

    /// The same for many values, in place; of powers and exponentials the last digits differ.
    pub(crate) fn all_back(&self, values: &mut [f64]) {
        match self.form {
            Form::Power(l) if l.abs() >= 1e-3 && (2.0 - l).abs() >= 1e-3 => wide(
                #[inline(always)]
                || {
                    let mut parts = values.chunks_exact_mut(TOGETHER);
                    for part in &mut parts {
                        if let Ok(part) = <&mut [f64; TOGETHER]>::try_from(part) {
                            self.powers_back(l, part);
                        }
                    }
                    let rest = parts.into_remainder();
                    let mut last = [0.0; TOGETHER];
                    last[..rest.len()].copy_from_slice(rest);
                    self.powers_back(l, &mut last);
                    rest.copy_from_slice(&last[..rest.len()]);
                },
            ),
            _ => values
                .iter_mut()
                .for_each(|value| *value = self.back(*value)),
        }
    }

    /// Turns back values bent by a power that is neither 0 nor 2.
    #[inline(always)]
    fn powers_back(&self, l: f64, values: &mut [f64; TOGETHER]) {
        // Copies and plain comparisons: what might panic isn't done in step.
        let Warp { low, high, .. } = *self;
        let over = [l.recip(), (2.0 - l).recip()];
        for value in values {
            let inside = if *value < low { low } else { *value };
            let inside = if inside > high { high } else { inside };
            let bent = self.sd.mul_add(inside, self.mean);
            let up = bent >= 0.0;
            let (power, over) = if up { (l, over[0]) } else { (2.0 - l, over[1]) };
            let base = power.mul_add(bent.abs(), 1.0);
            let base = if base < f64::MIN_POSITIVE {
                f64::MIN_POSITIVE
            } else {
                base
            };
            let power = ln(base) * over;
            let power = if power > EXP_MOST { EXP_MOST } else { power };
            let off = exp(power) - 1.0;
            let z = if up { off } else { -off };
            let found = self.scale.mul_add(z, self.centre);
            let found = if found > f64::MAX { f64::MAX } else { found };
            *value = if found < -f64::MAX { -f64::MAX } else { found };
        }
    }

    /// Logarithm of the slope of [`Warp::forward`].
    pub(crate) fn log_slope(&self, value: f64) -> f64 {
        let z = self.standard(value);
        let bent = match self.form {
            Form::Straight => 0.0,
            Form::Power(l) if z >= 0.0 => (l - 1.0) * z.ln_1p(),
            Form::Power(l) => (1.0 - l) * (-z).ln_1p(),
            Form::Log { floor, start } => -((z - floor).max(0.0) + start).ln(),
        };
        bent - self.sd.ln() - self.scale.ln()
    }

    /// Mean and standard deviation of the response, where the process expects a normal with this mean
    /// and standard deviation: Gauss-Hermite quadrature with 7 nodes (Abramowitz and Stegun (1964),
    /// table 25.10).
    pub(crate) fn moments_back(&self, mean: f64, sd: f64) -> (f64, f64) {
        if self.is_straight() {
            return (self.back(mean), finite(self.scale * self.sd * sd));
        }
        const NODES: [(f64, f64); 4] = [
            (0.0, 0.810_264_617_556_8),
            (0.816_287_882_858_965, 0.425_607_252_610_1),
            (1.673_551_628_767_471, 0.054_515_582_819_13),
            (2.651_961_356_835_233, 0.000_971_781_245_099_5),
        ];
        // Squares of the largest numbers there are would be none.
        let scale = self.scale.max(self.centre.abs());
        let scale = if scale < LARGE { 1.0 } else { scale };
        let (mut total, mut first, mut second) = (0.0, 0.0, 0.0);
        for (node, weight) in NODES {
            for side in [-1.0, 1.0] {
                let weight = if node == 0.0 { weight / 2.0 } else { weight };
                let value = self.back(mean + side * node * std::f64::consts::SQRT_2 * sd);
                let value = value / scale;
                total += weight;
                first += weight * value;
                second += weight * value * value;
            }
        }
        let average = first / total;
        let spread = (second / total - average * average).max(0.0).sqrt();
        (finite(scale * average), finite(scale * spread))
    }
}

/// The warp, among these forms, under which the values are likeliest draws from a normal density.
fn most_normal(values: &[f64], forms: impl Iterator<Item = Form>) -> Warp {
    let score = |warp: &Warp| {
        let logs: f64 = values.iter().map(|&value| warp.log_slope(value)).sum();
        if logs.is_finite() {
            logs
        } else {
            f64::NEG_INFINITY
        }
    };
    let warps = forms
        .map(|form| Warp::new(values, form))
        .map(|warp| (score(&warp), warp));
    let best = warps.max_by(|a, b| a.0.total_cmp(&b.0));
    best.map_or_else(|| Warp::straight(values), |best| best.1)
}

/// Beyond this, squares and differences are kept in proportion.
const LARGE: f64 = 1e150;

/// The nearest finite number.
fn finite(value: f64) -> f64 {
    value.clamp(-f64::MAX, f64::MAX)
}

/// Mean and standard deviation; 1 for the latter where the values don't differ. Scaled first, so that
/// large numbers don't overflow.
fn moments(values: &[f64]) -> (f64, f64) {
    let n = values.len().max(1) as f64;
    let mean = values.iter().map(|value| value / n).sum::<f64>();
    // Half of each, since a difference may be twice the largest number there is.
    let unit = if values.iter().any(|value| value.abs() > LARGE) {
        0.5
    } else {
        1.0
    };
    let off = |value: &f64| value * unit - mean * unit;
    let largest = values
        .iter()
        .map(|value| off(value).abs())
        .fold(0.0, f64::max);
    if largest.is_nan() || largest <= 1e-13 * mean.abs() || largest < 1e-300 {
        return (mean, 1.0);
    }
    let variance = values
        .iter()
        .map(|value| (off(value) / largest).powi(2))
        .sum::<f64>()
        / n;
    // A spread that leaves room for a few of itself.
    (
        mean,
        (largest * variance.sqrt() / unit).min(f64::MAX / 64.0),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn forms() -> Vec<Form> {
        let mut forms: Vec<Form> = [-1.0, 0.0, 0.3, 1.0, 2.0, 2.7].map(Form::Power).to_vec();
        forms.push(Form::Straight);
        forms.push(Form::Log {
            floor: -0.3,
            start: 0.05,
        });
        forms
    }

    #[test]
    fn many_are_turned_back_as_one_is() {
        let values: Vec<f64> = (0..50).map(|i| (f64::from(i) / 9.0).exp()).collect();
        let forms = [-1.0, -0.3, 0.0, 0.6, 1.4, 2.0, 3.0].map(Form::Power);
        let others = [
            Form::Straight,
            Form::Log {
                floor: -1.0,
                start: 0.1,
            },
        ];
        for form in forms.into_iter().chain(others) {
            let warp = Warp::new(&values, form);
            let bent: Vec<f64> = (-40..=40).map(|i| f64::from(i) / 10.0).collect();
            let mut all = bent.clone();
            warp.all_back(&mut all);
            for (bent, value) in bent.iter().zip(&all) {
                let one = warp.back(*bent);
                let off = 1e-12 * (1.0 + one.abs());
                assert!((one - value).abs() < off, "{form:?} {bent}: {one} {value}");
            }
        }
    }

    #[test]
    fn warps_turn_back_and_slopes_are_slopes() {
        let values: Vec<f64> = (0..50).map(|i| (f64::from(i) * 0.2).exp()).collect();
        for form in forms() {
            let warp = Warp::new(&values, form);
            for &value in &values[5..] {
                let there = warp.forward(value);
                assert!(
                    (warp.back(there) - value).abs() < 1e-6 * value,
                    "{form:?} {value}"
                );
                let step = 1e-6 * value;
                let slope =
                    (warp.forward(value + step) - warp.forward(value - step)) / (2.0 * step);
                assert!(
                    (slope.ln() - warp.log_slope(value)).abs() < 1e-4,
                    "{form:?} {value}"
                );
            }
        }
        assert!(matches!(Warp::power(&values).form(), Form::Power(power) if power < 0.7));
    }

    #[test]
    fn moments_come_back() {
        let values: Vec<f64> = (0..50).map(|i| (f64::from(i) * 0.1).exp()).collect();
        let warp = Warp::new(&values, Form::Power(0.0));
        let (mean, sd) = warp.moments_back(0.2, 0.3);
        let (mut first, mut second, steps) = (0.0, 0.0, 20_000);
        for i in 0..steps {
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
            for warp in [
                Warp::straight(&values),
                Warp::power(&values),
                Warp::log(&values),
            ] {
                for &value in &values {
                    assert!(warp.forward(value).is_finite(), "{values:?}");
                    assert!(warp.back(warp.forward(value)).is_finite(), "{values:?}");
                }
            }
        }
    }
}
