//! Distributions, as the tail areas and quantiles that the formulas ask for.

use statrs::distribution::{ChiSquared, ContinuousCDF, FisherSnedecor, Normal, StudentsT};

pub(crate) fn normal_cdf(z: f64) -> f64 {
    // The complementary error function keeps its digits far out in the tail.
    0.5 * statrs::function::erf::erfc(-z / std::f64::consts::SQRT_2)
}

pub(crate) fn normal_density(z: f64) -> f64 {
    (-0.5 * z * z).exp() / (2.0 * std::f64::consts::PI).sqrt()
}

pub(crate) fn normal_quantile(p: f64) -> f64 {
    Normal::standard().inverse_cdf(p)
}

/// Both tails.
pub(crate) fn normal_p(z: f64) -> f64 {
    2.0 * normal_cdf(-z.abs())
}

pub(crate) fn student_p(t: f64, freedom: f64) -> f64 {
    StudentsT::new(0.0, 1.0, freedom).map_or(f64::NAN, |d| 2.0 * d.sf(t.abs()))
}

pub(crate) fn student_quantile(p: f64, freedom: f64) -> f64 {
    StudentsT::new(0.0, 1.0, freedom).map_or(f64::NAN, |d| d.inverse_cdf(p))
}

/// Upper tail.
pub(crate) fn chi_squared_p(x: f64, freedom: f64) -> f64 {
    if freedom < 1.0 {
        return f64::NAN;
    }
    ChiSquared::new(freedom).map_or(f64::NAN, |d| d.sf(x.max(0.0)))
}

pub(crate) fn chi_squared_quantile(p: f64, freedom: f64) -> f64 {
    ChiSquared::new(freedom).map_or(f64::NAN, |d| d.inverse_cdf(p))
}

/// Upper tail.
pub(crate) fn fisher_p(x: f64, first: f64, second: f64) -> f64 {
    FisherSnedecor::new(first, second).map_or(f64::NAN, |d| d.sf(x))
}
