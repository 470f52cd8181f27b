//! The functions that kernels are made of, in forms that compilers vectorise.

use std::ops::Range;

const SQRT5: f64 = 2.236_067_977_499_79;

/// `e^x` for `x <= 0`, to a few units in the last place, in a form that compilers vectorise: reduction
/// by powers of two, then the Taylor polynomial of degree 13 on half an octave.
#[inline(always)]
pub(crate) fn exp_negative(x: f64) -> f64 {
    // Adding this puts the nearest whole number into the low bits of the mantissa.
    const ROUND: f64 = 6_755_399_441_055_744.0;
    const LN2_HIGH: f64 = 6.931_471_803_691_238e-1;
    const LN2_LOW: f64 = 1.908_214_929_270_587_7e-10;
    let x = if x < -708.0 { -708.0 } else { x };
    let shifted = x * std::f64::consts::LOG2_E + ROUND;
    let whole = shifted - ROUND;
    let r = (x - whole * LN2_HIGH) - whole * LN2_LOW;
    let mut p = 1.0 / 6_227_020_800.0;
    p = p * r + 1.0 / 479_001_600.0;
    p = p * r + 1.0 / 39_916_800.0;
    p = p * r + 1.0 / 3_628_800.0;
    p = p * r + 1.0 / 362_880.0;
    p = p * r + 1.0 / 40_320.0;
    p = p * r + 1.0 / 5_040.0;
    p = p * r + 1.0 / 720.0;
    p = p * r + 1.0 / 120.0;
    p = p * r + 1.0 / 24.0;
    p = p * r + 1.0 / 6.0;
    p = p * r + 0.5;
    p = p * r + 1.0;
    p = p * r + 1.0;
    p * f64::from_bits(shifted.to_bits().wrapping_add(1023) << 52)
}

/// Matérn-5/2 at a squared scaled distance.
#[inline(always)]
pub(crate) fn matern(square: f64) -> f64 {
    let t = SQRT5 * square.sqrt();
    (1.0 + t + t * t / 3.0) * exp_negative(-t)
}

/// Matérn-5/2 at a squared scaled distance, and minus its derivative by that square.
#[inline(always)]
pub(crate) fn matern_and_slope(square: f64) -> (f64, f64) {
    let t = SQRT5 * square.sqrt();
    let e = exp_negative(-t);
    ((1.0 + t + t * t / 3.0) * e, 5.0 / 6.0 * (1.0 + t) * e)
}

/// Runs a loop compiled for the widest vectors that this machine has. The order of operations is the
/// code's own, so that the result doesn't depend on the width.
#[inline(always)]
pub(crate) fn wide<R>(work: impl FnOnce() -> R) -> R {
    pulp::Arch::new().dispatch(work)
}

/// Matérn-5/2 between a value and many, without a root or an exponential for each pair: `e^(-s|x - y|)` is
/// the smaller of `e^(s x) e^(-s y)` and `e^(-s x) e^(s y)`, and those factors are computed once a value.
/// For values from 0 to 1.
#[derive(Clone, Debug)]
pub(crate) struct Sides {
    /// Root five over the length scale.
    rate: f64,
    up: Vec<f64>,
    down: Vec<f64>,
}

impl Sides {
    /// For a column of values and one over the squared length scale.
    pub(crate) fn new(inverse: f64, column: &[f64]) -> Sides {
        let rate = SQRT5 * inverse.sqrt();
        let up: Vec<f64> = column.iter().map(|x| (rate * (x - 0.5)).exp()).collect();
        let down = up.iter().map(|up| up.recip()).collect();
        Sides { rate, up, down }
    }

    /// The factors of the value at a place.
    pub(crate) fn at_place(&self, place: usize) -> (f64, f64) {
        (self.up[place], self.down[place])
    }

    /// The factors of one more value.
    #[inline(always)]
    pub(crate) fn at(&self, x: f64) -> (f64, f64) {
        let up = (self.rate * (x - 0.5)).exp();
        (up, up.recip())
    }

    /// Calls `each` with the place in `rows` and the kernel of those values of `column`, which these sides
    /// were made of, with `x`.
    #[inline(always)]
    pub(crate) fn each(
        &self,
        column: &[f64],
        x: f64,
        rows: Range<usize>,
        mut each: impl FnMut(usize, f64),
    ) {
        let (up_x, down_x) = self.at(x);
        let (column, up) = (&column[rows.clone()], &self.up[rows.clone()]);
        let down = &self.down[rows];
        for j in 0..column.len() {
            let t = self.rate * (column[j] - x).abs();
            let e = lesser(up[j] * down_x, down[j] * up_x);
            each(j, (1.0 + t + t * t * (1.0 / 3.0)) * e);
        }
    }

    /// The same with minus the kernel's derivative by the squared scaled distance, and the factors of `x` given.
    #[inline(always)]
    pub(crate) fn each_with_slope(
        &self,
        column: &[f64],
        x: f64,
        (up_x, down_x): (f64, f64),
        rows: Range<usize>,
        mut each: impl FnMut(usize, f64, f64),
    ) {
        let (column, up) = (&column[rows.clone()], &self.up[rows.clone()]);
        let down = &self.down[rows];
        for j in 0..column.len() {
            let t = self.rate * (column[j] - x).abs();
            let e = lesser(up[j] * down_x, down[j] * up_x);
            let one = 1.0 + t;
            each(j, (one + t * t * (1.0 / 3.0)) * e, 5.0 / 6.0 * one * e);
        }
    }
}

/// The lesser of two numbers that aren't NaN.
#[inline(always)]
fn lesser(a: f64, b: f64) -> f64 {
    if a < b { a } else { b }
}

/// The sum of products.
#[inline(always)]
pub(crate) fn dot(a: &[f64], b: &[f64]) -> f64 {
    // Eight partial sums let the compiler use wide registers.
    let mut partial = [0.0; 8];
    let (a4, b4) = (a.chunks_exact(8), b.chunks_exact(8));
    let rest: f64 = a4
        .remainder()
        .iter()
        .zip(b4.remainder())
        .map(|(x, y)| x * y)
        .sum();
    for (x, y) in a4.zip(b4) {
        for k in 0..8 {
            partial[k] += x[k] * y[k];
        }
    }
    partial.iter().sum::<f64>() + rest
}

/// The sum.
#[inline(always)]
pub(crate) fn total(values: &[f64]) -> f64 {
    let mut partial = [0.0; 8];
    let eights = values.chunks_exact(8);
    let rest: f64 = eights.remainder().iter().sum();
    for eight in eights {
        for k in 0..8 {
            partial[k] += eight[k];
        }
    }
    partial.iter().sum::<f64>() + rest
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn exponential_is_exact_to_a_few_last_places() {
        let mut x: f64 = 0.0;
        while x > -700.0 {
            let (ours, theirs) = (exp_negative(x), x.exp());
            assert!(
                (ours - theirs).abs() <= 4.0 * f64::EPSILON * theirs,
                "{x}: {ours} {theirs}"
            );
            x -= 0.037;
        }
        assert!(exp_negative(-1e9) < 1e-300);
    }

    #[test]
    fn sides_give_the_same_kernel() {
        let column: Vec<f64> = (0..=40).map(|i| f64::from(i) / 40.0).collect();
        for log in [-4.6, -2.0, 0.0, 3.0] {
            let inverse = (-2.0_f64 * log).exp();
            let sides = Sides::new(inverse, &column);
            for x in [0.0, 0.31, 0.5, 1.0] {
                sides.each_with_slope(&column, x, sides.at(x), 0..column.len(), |j, k, slope| {
                    let (kernel, fall) = matern_and_slope(inverse * (column[j] - x).powi(2));
                    assert!((k - kernel).abs() < 1e-13, "{log} {x}");
                    assert!((slope - fall).abs() < 1e-13, "{log} {x}");
                });
            }
        }
    }
}
