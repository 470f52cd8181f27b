//! The loss of a residual on the logarithmic scale.

/// Huber's loss, summed over rows: quadratic within `delta`, linear outside.
///
/// P. J. Huber, Ann. Math. Statist. 35 (1964) 73. With `delta` far above the residuals it is least
/// squares; with `delta` towards zero, divided by it, least absolute deviations.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Loss {
    /// Where quadratic turns linear, in units of the natural logarithm.
    pub delta: f64,
}

impl Loss {
    /// The choice of Hoffmann et al. 2022 (arXiv 2203.15556): 1e-3.
    pub const CHINCHILLA: Self = Self { delta: 1e-3 };
    /// Least squares on the logarithm.
    pub const SQUARES: Self = Self {
        delta: f64::INFINITY,
    };

    /// The loss of one residual.
    #[must_use]
    pub fn of(self, residual: f64) -> f64 {
        let size = residual.abs();
        if size <= self.delta {
            0.5 * residual * residual
        } else {
            self.delta * (size - 0.5 * self.delta)
        }
    }

    /// Its first derivative.
    #[must_use]
    pub fn slope(self, residual: f64) -> f64 {
        residual.clamp(-self.delta, self.delta)
    }

    /// Its second derivative.
    #[must_use]
    pub fn curvature(self, residual: f64) -> f64 {
        if residual.abs() <= self.delta {
            1.0
        } else {
            0.0
        }
    }

    /// What an objective is divided by so that its size does not vanish with `delta`.
    pub(crate) fn scale(self) -> f64 {
        self.delta.min(1.0)
    }
}
