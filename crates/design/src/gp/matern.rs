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

/// A value for Matérn-5/2 without a root or an exponential for each pair: times a rate, root five over the
/// length scale, and e to the power of that, less a half, both ways. `e^(-s|x - y|)` is the smaller of
/// `e^(s x) e^(-s y)` and `e^(-s x) e^(s y)`. For values from 0 to 1.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Side {
    pub(super) scaled: f64,
    up: f64,
    down: f64,
}

/// A lane of such values.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Sides {
    pub(super) scaled: Lane,
    up: Lane,
    down: Lane,
}

/// What one pair of values is to a kernel.
#[derive(Clone, Copy, Debug)]
pub(super) struct Pair {
    /// The difference times the rate, and its square.
    pub apart: f64,
    pub square: f64,
    /// The kernel, and 6/5 of minus its derivative by the squared scaled distance.
    pub base: f64,
    pub fall: f64,
}

/// The rate of a single kernel with this one over the squared length scale.
pub(super) fn rate(inverse: f64) -> f64 {
    SQRT5 * inverse.sqrt()
}

impl Side {
    pub(super) fn new(rate: f64, x: f64) -> Side {
        let up = (rate * (x - 0.5)).exp();
        Side {
            scaled: rate * x,
            up,
            down: up.recip(),
        }
    }

    /// A value of which only the product with the rate is asked for.
    pub(super) fn plain(rate: f64, x: f64) -> Side {
        let scaled = rate * x;
        Side {
            scaled,
            ..Side::default()
        }
    }
}

impl Sides {
    pub(super) const ZERO: Sides = Sides {
        scaled: Lane::ZERO,
        up: Lane::ZERO,
        down: Lane::ZERO,
    };

    #[inline(always)]
    pub(super) fn new(rate: f64, Lane(values): &Lane) -> Sides {
        let mut out = Sides::ZERO;
        for i in 0..LANES {
            out.scaled.0[i] = rate * values[i];
            out.up.0[i] = exp(rate * (values[i] - 0.5));
            out.down.0[i] = out.up.0[i].recip();
        }
        out
    }

    /// The value at a place of the lane.
    #[inline(always)]
    pub(super) fn at(&self, place: usize) -> Side {
        Side {
            scaled: self.scaled.0[place],
            up: self.up.0[place],
            down: self.down.0[place],
        }
    }

    /// Another value beside the one at a place of the lane.
    #[inline(always)]
    pub(super) fn pair(&self, place: usize, other: Side) -> Pair {
        let apart = other.scaled - self.scaled.0[place];
        let square = apart * apart;
        let e = lesser(self.up.0[place] * other.down, self.down.0[place] * other.up);
        let one = 1.0 + apart.abs();
        Pair {
            apart,
            square,
            base: square.mul_add(1.0 / 3.0, one) * e,
            fall: one * e,
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
            let rate = rate(inverse);
            for x in [0.0, 0.31, 0.5, 1.0] {
                for values in &column {
                    let lane = Sides::new(rate, values);
                    for i in 0..LANES {
                        let pair = lane.pair(i, Side::new(rate, x));
                        let square = (values.0[i] - x).powi(2);
                        let (k, fall) = matern_and_slope(inverse * square);
                        assert!((pair.base - k).abs() < 1e-13, "{log} {x}");
                        assert!((5.0 / 6.0 * pair.fall - fall).abs() < 1e-13, "{log} {x}");
                        let scaled = pair.square / (5.0 * inverse);
                        assert!((scaled - square).abs() < 1e-13, "{log} {x}");
                        assert!((pair.apart - rate * (x - values.0[i])).abs() < 1e-13);
                    }
                }
            }
        }
    }
}
