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
    pub(super) rate: f64,
    /// The squared rate in units of another squared length scale: what the square of a scaled distance is
    /// multiplied by to have it in that scale.
    pub(super) ratio: f64,
    scaled: Vec<Lane>,
    up: Vec<Lane>,
    down: Vec<Lane>,
}

/// A value for [`Sides`]: times the rate, and its two factors.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Side {
    pub(super) scaled: f64,
    up: f64,
    down: f64,
}

/// The values of one lane, in the same way.
#[derive(Clone, Copy, Debug)]
pub(super) struct LaneSides {
    scaled: [f64; LANES],
    up: [f64; LANES],
    down: [f64; LANES],
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

impl Sides {
    /// For a column of values, one over its squared length scale, and one over that of another kernel of the
    /// same column.
    pub(super) fn new(inverse: f64, other: f64, column: &[Lane]) -> Sides {
        let rate = SQRT5 * inverse.sqrt();
        let zeros = || vec![Lane::ZERO; column.len()];
        let (mut scaled, mut up, mut down) = (zeros(), zeros(), zeros());
        wide(
            #[inline(always)]
            || {
                for (lane, Lane(values)) in column.iter().enumerate() {
                    for i in 0..LANES {
                        scaled[lane].0[i] = rate * values[i];
                        up[lane].0[i] = exp(rate * (values[i] - 0.5));
                        down[lane].0[i] = up[lane].0[i].recip();
                    }
                }
            },
        );
        Sides {
            rate,
            ratio: other / (5.0 * inverse),
            scaled,
            up,
            down,
        }
    }

    /// The value at a place.
    pub(super) fn at_place(&self, place: usize) -> Side {
        let (lane, at) = (place / LANES, place % LANES);
        Side {
            scaled: self.scaled[lane].0[at],
            up: self.up[lane].0[at],
            down: self.down[lane].0[at],
        }
    }

    /// One more value.
    #[inline(always)]
    pub(crate) fn at(&self, x: f64) -> Side {
        let up = (self.rate * (x - 0.5)).exp();
        Side {
            scaled: self.rate * x,
            up,
            down: up.recip(),
        }
    }

    /// One lane of the values that these sides were made of.
    #[inline(always)]
    pub(super) fn lane(&self, lane: usize) -> LaneSides {
        LaneSides {
            scaled: self.scaled[lane].0,
            up: self.up[lane].0,
            down: self.down[lane].0,
        }
    }
}

impl LaneSides {
    /// The value at a place of the lane.
    #[inline(always)]
    pub(super) fn at(&self, place: usize) -> Side {
        Side {
            scaled: self.scaled[place],
            up: self.up[place],
            down: self.down[place],
        }
    }

    /// A value beside the one at a place of the lane.
    #[inline(always)]
    pub(super) fn pair(&self, place: usize, other: Side) -> Pair {
        let apart = other.scaled - self.scaled[place];
        let square = apart * apart;
        let e = lesser(self.up[place] * other.down, self.down[place] * other.up);
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
            let sides = Sides::new(inverse, 0.3, &column);
            for x in [0.0, 0.31, 0.5, 1.0] {
                for (lane, values) in column.iter().enumerate() {
                    let lane = sides.lane(lane);
                    for i in 0..LANES {
                        let pair = lane.pair(i, sides.at(x));
                        let square = (values.0[i] - x).powi(2);
                        let (k, fall) = matern_and_slope(inverse * square);
                        assert!((pair.base - k).abs() < 1e-13, "{log} {x}");
                        assert!((5.0 / 6.0 * pair.fall - fall).abs() < 1e-13, "{log} {x}");
                        let other = sides.ratio * pair.square;
                        assert!((other - 0.3 * square).abs() < 1e-13, "{log} {x}");
                        assert!((pair.apart - sides.rate * (x - values.0[i])).abs() < 1e-13);
                    }
                }
            }
        }
    }
}
