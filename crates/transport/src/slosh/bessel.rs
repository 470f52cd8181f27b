//! Modified Bessel function of the first kind, order one.

/// I1(x) = sum of (x/2)^(2m+1) / (m! (m+1)!): Abramowitz and Stegun 9.6.10. Every term is
/// positive, so it loses no digits; used for x below 30, where 80 terms are plenty.
pub(super) fn i1(x: f64) -> f64 {
    if x > LARGE {
        return LARGE.exp();
    }
    let quarter = x * x / 4.0;
    let mut term = x / 2.0;
    let mut sum = term;
    for m in 1..TERMS {
        term *= quarter / f64::from(m * (m + 1));
        sum += term;
    }
    sum
}

/// I1'(x), term by term.
pub(super) fn i1_slope(x: f64) -> f64 {
    if x > LARGE {
        // I1 and its slope have the same leading term for large x (9.7.1 and 9.7.3): their
        // quotient is 1 + 1 / (2 x).
        return LARGE.exp() * (1.0 - 1.0 / (2.0 * x));
    }
    let quarter = x * x / 4.0;
    let mut term = 0.5;
    let mut sum = term;
    for m in 1..TERMS {
        term *= quarter / f64::from(m * (m + 1));
        sum += term * f64::from(2 * m + 1);
    }
    sum
}

const LARGE: f64 = 30.0;
const TERMS: i32 = 80;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tabulated_values() {
        // Abramowitz and Stegun, table 9.8: I1(1) = 0.565159, I1(5) = 24.335642.
        assert!((i1(1.0) - 0.565_159_104).abs() < 1e-9);
        assert!((i1(5.0) - 24.335_642_142).abs() < 1e-8);
        // I1'(x) = I0(x) - I1(x)/x; I0(1) = 1.266066.
        assert!((i1_slope(1.0) - (1.266_065_878 - 0.565_159_104)).abs() < 1e-9);
    }

    #[test]
    fn the_quotient_is_continuous_where_the_method_changes() {
        let q = |x: f64| i1(x) / i1_slope(x);
        assert!((q(LARGE - 1e-6) - q(LARGE + 1e-6)).abs() < 2e-3);
    }
}
