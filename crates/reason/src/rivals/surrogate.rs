//! Some smooth response, whichever: what a surrogate says before any well.
//!
//! A Gaussian process (Rasmussen and Williams, *Gaussian Processes for Machine Learning*, MIT Press 2006) round a level that
//! is not known either, with the Matérn covariance of order 5/2 (their equation 4.17). How much it varies and how far it
//! reaches along each factor are open, even over the logarithm of their ranges.

use super::Parameter;

/// The size of what varies, of the width of the level's range, where nobody says.
pub const SIZE: (f64, f64) = (0.1, 1.0);
/// How far it reaches, of a factor's range, where nobody says.
pub const REACH: (f64, f64) = (0.1, 2.0);

/// A factor along which a smooth response varies.
#[derive(Clone, Debug, PartialEq)]
pub struct Axis {
    /// The factor's place in the space.
    pub factor: usize,
    /// Its name.
    pub name: String,
    /// Its range.
    pub range: (f64, f64),
    /// Whether its values are names: all as far from one another as the ends of the range.
    pub names: bool,
}

/// Some smooth response.
#[derive(Clone, Debug, PartialEq)]
pub struct Surrogate {
    /// What it depends on.
    pub axes: Vec<Axis>,
    /// Between what values most responses are expected.
    pub level: (f64, f64),
    /// Standard deviation of what varies, of the width of `level`.
    pub size: (f64, f64),
    /// Distance over which responses are alike, of a factor's range.
    pub reach: (f64, f64),
}

impl Surrogate {
    /// A smooth response with the usual sizes and reaches.
    #[must_use]
    pub fn new(axes: Vec<Axis>, level: (f64, f64)) -> Self {
        Self {
            axes,
            level,
            size: SIZE,
            reach: REACH,
        }
    }

    /// In one line.
    #[must_use]
    pub fn text(&self) -> String {
        let names: Vec<&str> = self.axes.iter().map(|axis| axis.name.as_str()).collect();
        format!("some smooth response to {}", names.join(", "))
    }

    fn width(&self) -> f64 {
        self.level.1 - self.level.0
    }

    /// The middle of what is expected, and the standard deviation of the level round it.
    pub(super) fn middle(&self) -> (f64, f64) {
        (0.5 * (self.level.0 + self.level.1), 0.5 * self.width())
    }

    /// What is open: the size, in units of the response, and the reach along each factor, in its unit.
    pub(super) fn parameters(&self) -> Vec<Parameter> {
        let open = |name: &str, (low, high): (f64, f64), unit: f64| Parameter {
            name: name.into(),
            low: low * unit,
            high: high * unit,
            log: true,
        };
        let size = open("size", self.size, self.width());
        let reach = self.axes.iter().map(|axis| {
            let (low, high) = axis.range;
            open(&format!("reach of {}", axis.name), self.reach, high - low)
        });
        std::iter::once(size).chain(reach).collect()
    }

    /// Squared distance of two points in reaches.
    fn square(&self, a: &[f64], b: &[f64], reaches: &[f64]) -> f64 {
        let each = self.axes.iter().zip(reaches).map(|(axis, reach)| {
            let apart = a[axis.factor] - b[axis.factor];
            let apart = if axis.names && apart != 0.0 {
                axis.range.1 - axis.range.0
            } else {
                apart
            };
            (apart / reach).powi(2)
        });
        each.sum()
    }

    /// Covariance of the responses at two points, where `values` are the size and the reaches.
    pub(super) fn covariance(&self, a: &[f64], b: &[f64], values: &[f64]) -> f64 {
        let (size, level) = (values[0], self.middle().1);
        let d = (5.0 * self.square(a, b, &values[1..])).sqrt();
        level * level + size * size * (1.0 + d + d * d / 3.0) * (-d).exp()
    }

    /// Covariance of the slope at `a` along an axis with the response at `b`.
    pub(super) fn slope(&self, a: &[f64], b: &[f64], values: &[f64], axis: usize) -> f64 {
        let own = &self.axes[axis];
        if own.names {
            return 0.0;
        }
        let (size, reach) = (values[0], values[1 + axis]);
        let d = (5.0 * self.square(a, b, &values[1..])).sqrt();
        let apart = (a[own.factor] - b[own.factor]) / (reach * reach);
        -size * size * (5.0 / 3.0) * (1.0 + d) * (-d).exp() * apart
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn slopes_are_those_of_differences() {
        let axis = |factor: usize, high: f64| Axis {
            factor,
            name: format!("x{factor}"),
            range: (0.0, high),
            names: false,
        };
        let surrogate = Surrogate::new(vec![axis(0, 2.0), axis(1, 5.0)], (-1.0, 3.0));
        let values = [0.7, 0.9, 2.0];
        let (a, b) = ([0.3, 1.0], [1.1, 2.5]);
        let h = 1e-6;
        for along in 0..2 {
            let moved = |step: f64| {
                let mut a = a;
                a[along] += step;
                surrogate.covariance(&a, &b, &values)
            };
            let by_difference = (moved(h) - moved(-h)) / (2.0 * h);
            let found = surrogate.slope(&a, &b, &values, along);
            assert!(
                (found - by_difference).abs() < 1e-8,
                "{found} {by_difference}"
            );
        }
        // At one point: the level's variance and the size's.
        assert!((surrogate.covariance(&a, &a, &values) - (4.0 + 0.49)).abs() < 1e-12);
    }
}
