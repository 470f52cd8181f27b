//! The functions that kernels are made of, in forms that compilers vectorise.

use super::elementary::exp;
use super::lanes::{LANES, Lane};

const SQRT5: f64 = 2.236_067_977_499_79;

/// Matérn-5/2 at a squared scaled distance.
#[inline(always)]
pub(crate) fn matern(square: f64) -> f64 {
    let t = SQRT5 * square.sqrt();
    (t * t).mul_add(1.0 / 3.0, 1.0 + t) * exp(-t)
}

/// Matérn-5/2 at a squared scaled distance, and minus its derivative by that square.
#[inline(always)]
pub(crate) fn matern_and_slope(square: f64) -> (f64, f64) {
    let t = SQRT5 * square.sqrt();
    let e = exp(-t);
    (
        (t * t).mul_add(1.0 / 3.0, 1.0 + t) * e,
        5.0 / 6.0 * (1.0 + t) * e,
    )
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
    up: Vec<Lane>,
    down: Vec<Lane>,
}

impl Sides {
    /// For a column of values and one over the squared length scale.
    pub(super) fn new(inverse: f64, column: &[Lane]) -> Sides {
        let rate = SQRT5 * inverse.sqrt();
        let lane = |Lane(values): &Lane| Lane(values.map(|x| (rate * (x - 0.5)).exp()));
        let up: Vec<Lane> = column.iter().map(lane).collect();
        let down = up.iter().map(|Lane(up)| Lane(up.map(f64::recip)));
        Sides {
            rate,
            down: down.collect(),
            up,
        }
    }

    /// The factors of the value at a place.
    pub(super) fn at_place(&self, place: usize) -> (f64, f64) {
        let (lane, at) = (place / LANES, place % LANES);
        (self.up[lane].0[at], self.down[lane].0[at])
    }

    /// The factors of one more value.
    #[inline(always)]
    pub(crate) fn at(&self, x: f64) -> (f64, f64) {
        let up = (self.rate * (x - 0.5)).exp();
        (up, up.recip())
    }

    /// The kernel between a value, whose factors are given, and one lane of the values that these sides were
    /// made of, and minus its derivative by the squared scaled distance.
    #[inline(always)]
    pub(super) fn lane(
        &self,
        Lane(values): &Lane,
        lane: usize,
        x: f64,
        (up_x, down_x): (f64, f64),
    ) -> ([f64; LANES], [f64; LANES]) {
        let (Lane(up), Lane(down)) = (&self.up[lane], &self.down[lane]);
        let (mut kernel, mut slope) = ([0.0; LANES], [0.0; LANES]);
        for i in 0..LANES {
            let t = self.rate * (values[i] - x).abs();
            let e = lesser(up[i] * down_x, down[i] * up_x);
            let one = 1.0 + t;
            kernel[i] = (t * t).mul_add(1.0 / 3.0, one) * e;
            slope[i] = 5.0 / 6.0 * one * e;
        }
        (kernel, slope)
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
            partial[k] = x[k].mul_add(y[k], partial[k]);
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
    fn sides_give_the_same_kernel() {
        let values: Vec<f64> = (0..=40).map(|i| f64::from(i) / 40.0).collect();
        let column = Lane::all(&values);
        for log in [-4.6, -2.0, 0.0, 3.0] {
            let inverse = (-2.0_f64 * log).exp();
            let sides = Sides::new(inverse, &column);
            for x in [0.0, 0.31, 0.5, 1.0] {
                for (lane, values) in column.iter().enumerate() {
                    let (kernel, slope) = sides.lane(values, lane, x, sides.at(x));
                    for i in 0..LANES {
                        let (k, fall) = matern_and_slope(inverse * (values.0[i] - x).powi(2));
                        assert!((kernel[i] - k).abs() < 1e-13, "{log} {x}");
                        assert!((slope[i] - fall).abs() < 1e-13, "{log} {x}");
                    }
                }
            }
        }
    }
}
