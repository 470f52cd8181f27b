//! How to divide a budget between two resources.

use crate::{Bootstrap, Interval};

/// A law of two resources without its floor: `A c^-alpha + B x^-beta` is what spending can reduce.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Reducible {
    /// Coefficient of the first resource.
    pub a: f64,
    /// Exponent of the first resource.
    pub alpha: f64,
    /// Coefficient of the second resource.
    pub b: f64,
    /// Exponent of the second resource.
    pub beta: f64,
}

/// A division of a budget.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Split {
    /// Units of the first resource.
    pub first: f64,
    /// Units of the second resource.
    pub second: f64,
    /// Share of the budget spent on the first.
    pub share_first: f64,
    /// What remains of the reducible part.
    pub reducible: f64,
}

impl Reducible {
    /// What remains at these amounts.
    #[must_use]
    pub fn at(&self, first: f64, second: f64) -> f64 {
        self.a * first.powf(-self.alpha) + self.b * second.powf(-self.beta)
    }

    /// The division of `budget` at these unit prices that leaves least, where the last unit of money
    /// buys the same in both: `alpha A c^(-alpha-1) / p_c = beta B x^(-beta-1) / p_x`.
    ///
    /// `None` if a coefficient, exponent, price or the budget is not above zero: then one resource
    /// buys nothing, or all that there is.
    #[must_use]
    pub fn divide(&self, budget: f64, price_first: f64, price_second: f64) -> Option<Split> {
        let all = [
            self.a,
            self.alpha,
            self.b,
            self.beta,
            budget,
            price_first,
            price_second,
        ];
        if all.iter().any(|v| !(v.is_finite() && *v > 0.0)) {
            return None;
        }
        // The difference of the marginal gains falls in the logit of the share: bisection.
        let log_gain = |coefficient: f64, exponent: f64, units: f64, price: f64| {
            (exponent * coefficient / price).ln() - (exponent + 1.0) * units.ln()
        };
        let difference = |logit: f64| {
            // Both shares are computed directly, so that neither is lost next to one.
            let (share, rest) = (1.0 / (1.0 + (-logit).exp()), 1.0 / (1.0 + logit.exp()));
            log_gain(
                self.a,
                self.alpha,
                share * budget / price_first,
                price_first,
            ) - log_gain(
                self.b,
                self.beta,
                rest * budget / price_second,
                price_second,
            )
        };
        let (mut low, mut high) = (-500.0, 500.0);
        for _ in 0..200 {
            let middle = 0.5 * (low + high);
            if difference(middle) > 0.0 {
                low = middle
            } else {
                high = middle
            }
        }
        let logit = 0.5 * (low + high);
        let (share, rest) = (1.0 / (1.0 + (-logit).exp()), 1.0 / (1.0 + logit.exp()));
        let (first, second) = (share * budget / price_first, rest * budget / price_second);
        Some(Split {
            first,
            second,
            share_first: share,
            reducible: self.at(first, second),
        })
    }

    /// The amounts that leave least under a product budget `factor * first * second = compute`, such as
    /// `6 N D = C` for language models: `N = G (C/6)^a`, `G = (alpha A / (beta B))^(1/(alpha+beta))`,
    /// `a = beta / (alpha + beta)` (Hoffmann et al. 2022, arXiv 2203.15556, equation 4).
    #[must_use]
    pub fn divide_product(&self, compute: f64, factor: f64) -> (f64, f64) {
        let sum = self.alpha + self.beta;
        let g = (self.alpha * self.a / (self.beta * self.b)).powf(1.0 / sum);
        let product = compute / factor;
        let first = g * product.powf(self.beta / sum);
        (first, product / first)
    }
}

/// The share of the budget for the first resource over the draws of a bootstrap whose parameters are
/// `E, A, alpha, B, beta`; draws in which one resource buys nothing count as share 0 or 1.
#[must_use]
pub fn share_interval(
    draws: &Bootstrap,
    level: f64,
    budget: f64,
    price_first: f64,
    price_second: f64,
) -> Interval {
    draws.interval(level, |p| {
        let law = Reducible {
            a: p[1],
            alpha: p[2],
            b: p[3],
            beta: p[4],
        };
        law.divide(budget, price_first, price_second).map_or_else(
            || if law.alpha > 0.0 { 1.0 } else { 0.0 },
            |split| split.share_first,
        )
    })
}
