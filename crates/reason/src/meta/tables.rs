//! Effects from what trials counted: two-by-two tables.
//!
//! Formulas: Higgins et al. (eds), Cochrane Handbook 6.5, chapters 6.4 and 10.4; Yusuf et al., Prog.
//! Cardiovasc. Dis. 27 (1985) 335 for Peto's method; Greenland and Robins, Biometrics 41 (1985) 55 for the
//! variance of Mantel and Haenszel's risk ratio; Hedges, J. Educ. Stat. 6 (1981) 107 for the standardised
//! mean difference.

use super::{Effects, EffectsError};
use thiserror::Error;

/// A trial with two arms and a yes-or-no outcome.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct TwoByTwo {
    /// Treated with the event.
    pub a: f64,
    /// Treated without.
    pub b: f64,
    /// Controls with the event.
    pub c: f64,
    /// Controls without.
    pub d: f64,
}

/// What a table is turned into.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Measure {
    /// Logarithm of the risk ratio.
    LogRiskRatio,
    /// Logarithm of the odds ratio.
    LogOddsRatio,
    /// Difference of the risks.
    RiskDifference,
}

/// Why a table has no effect.
#[derive(Clone, Debug, PartialEq, Error)]
pub enum TableError {
    /// A count below zero, or not a number.
    #[error("row {row}: {value} is no count; expected a number of at least 0")]
    Count {
        /// The row, from one.
        row: usize,
        /// What was found.
        value: f64,
    },
    /// An arm without anybody.
    #[error("row {row}: one arm has nobody in it")]
    Empty {
        /// The row, from one.
        row: usize,
    },
    /// No events at all, or nothing but events, tells nothing about a ratio.
    #[error(
        "row {row}: the events are none, or all, in both arms, which tells nothing of a ratio; leave the row out"
    )]
    NoEvents {
        /// The row, from one.
        row: usize,
    },
    /// What came out can't be used.
    #[error(transparent)]
    Effects(#[from] EffectsError),
}

/// Added to each cell of a table that has an empty one.
const CORRECTION: f64 = 0.5;

impl TwoByTwo {
    fn check(&self, row: usize) -> Result<(), TableError> {
        for value in [self.a, self.b, self.c, self.d] {
            if !(value.is_finite() && value >= 0.0) {
                return Err(TableError::Count { row, value });
            }
        }
        if self.a + self.b == 0.0 || self.c + self.d == 0.0 {
            return Err(TableError::Empty { row });
        }
        Ok(())
    }

    /// The effect and its variance, with a half added to each cell where one is empty; `None` where a ratio
    /// does not exist: events in nobody, or in everybody, of both arms.
    #[must_use]
    pub fn effect(&self, measure: Measure) -> Option<(f64, f64)> {
        let ratio = measure != Measure::RiskDifference;
        if ratio && (self.a + self.c == 0.0 || self.b + self.d == 0.0) {
            return None;
        }
        let empty = [self.a, self.b, self.c, self.d].contains(&0.0);
        let add = if empty { CORRECTION } else { 0.0 };
        let (a, b, c, d) = (self.a + add, self.b + add, self.c + add, self.d + add);
        let (n1, n2) = (a + b, c + d);
        Some(match measure {
            Measure::LogRiskRatio => (
                ((a / n1) / (c / n2)).ln(),
                1.0 / a - 1.0 / n1 + 1.0 / c - 1.0 / n2,
            ),
            Measure::LogOddsRatio => (
                (a * d / (b * c)).ln(),
                1.0 / a + 1.0 / b + 1.0 / c + 1.0 / d,
            ),
            Measure::RiskDifference => (a / n1 - c / n2, a * b / n1.powi(3) + c * d / n2.powi(3)),
        })
    }
}

/// The effects of some tables.
///
/// # Errors
/// Names the first row that can't be used.
pub fn effects(tables: &[TwoByTwo], measure: Measure) -> Result<Effects, TableError> {
    let (mut y, mut v) = (Vec::new(), Vec::new());
    for (at, table) in tables.iter().enumerate() {
        table.check(at + 1)?;
        let (effect, variance) = table
            .effect(measure)
            .ok_or(TableError::NoEvents { row: at + 1 })?;
        y.push(effect);
        v.push(variance);
    }
    Ok(Effects::new(y, v)?)
}

/// Mantel and Haenszel's log risk ratio and its standard error; `None` without events in an arm.
#[must_use]
pub fn mantel_haenszel_risk_ratio(tables: &[TwoByTwo]) -> Option<(f64, f64)> {
    let (mut treated, mut control, mut spread) = (0.0, 0.0, 0.0);
    for t in tables {
        let (n1, n2) = (t.a + t.b, t.c + t.d);
        let n = n1 + n2;
        treated += t.a * n2 / n;
        control += t.c * n1 / n;
        spread += (n1 * n2 * (t.a + t.c) - t.a * t.c * n) / (n * n);
    }
    (treated > 0.0 && control > 0.0).then(|| {
        (
            (treated / control).ln(),
            (spread / (treated * control)).sqrt(),
        )
    })
}

/// Peto's log odds ratio and its standard error; `None` where no table has both outcomes.
#[must_use]
pub fn peto_odds_ratio(tables: &[TwoByTwo]) -> Option<(f64, f64)> {
    let (mut beyond, mut variance) = (0.0, 0.0);
    for t in tables {
        let (n1, n2) = (t.a + t.b, t.c + t.d);
        let n = n1 + n2;
        let events = t.a + t.c;
        beyond += t.a - n1 * events / n;
        if n > 1.0 {
            variance += n1 * n2 * events * (n - events) / (n * n * (n - 1.0));
        }
    }
    (variance > 0.0).then(|| (beyond / variance, variance.sqrt().recip()))
}

/// A group that was measured: how many, their mean and standard deviation.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Group {
    /// How many.
    pub n: f64,
    /// Their mean.
    pub mean: f64,
    /// Their standard deviation.
    pub sd: f64,
}

/// Difference of two means and its variance; groups may spread differently.
#[must_use]
pub fn mean_difference(treated: Group, control: Group) -> (f64, f64) {
    let variance = treated.sd.powi(2) / treated.n + control.sd.powi(2) / control.n;
    (treated.mean - control.mean, variance)
}

/// Hedges' g, the difference of two means in pooled standard deviations freed of its small-sample bias
/// exactly, and its large-sample variance `1/n1 + 1/n2 + g^2 / (2 (n1 + n2))`.
#[must_use]
pub fn standardised_mean_difference(treated: Group, control: Group) -> (f64, f64) {
    let freedom = treated.n + control.n - 2.0;
    let pooled = (((treated.n - 1.0) * treated.sd.powi(2)
        + (control.n - 1.0) * control.sd.powi(2))
        / freedom)
        .sqrt();
    let ln_gamma = statrs::function::gamma::ln_gamma;
    let correction =
        (ln_gamma(freedom / 2.0) - 0.5 * (freedom / 2.0).ln() - ln_gamma((freedom - 1.0) / 2.0))
            .exp();
    let g = correction * (treated.mean - control.mean) / pooled;
    let variance = 1.0 / treated.n + 1.0 / control.n + g * g / (2.0 * (treated.n + control.n));
    (g, variance)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn empty_cells_and_arms_are_told_apart() {
        let t = TwoByTwo {
            a: 0.0,
            b: 10.0,
            c: 2.0,
            d: 8.0,
        };
        let (y, v) = t.effect(Measure::LogOddsRatio).unwrap();
        assert!((y - (0.5 * 8.5 / (10.5 * 2.5_f64)).ln()).abs() < 1e-12);
        assert!((v - (1.0 / 0.5 + 1.0 / 10.5 + 1.0 / 2.5 + 1.0 / 8.5)).abs() < 1e-12);
        let none = TwoByTwo {
            a: 0.0,
            b: 10.0,
            c: 0.0,
            d: 8.0,
        };
        assert_eq!(none.effect(Measure::LogRiskRatio), None);
        assert!(none.effect(Measure::RiskDifference).is_some());
        let nobody = TwoByTwo {
            a: 0.0,
            b: 0.0,
            c: 1.0,
            d: 8.0,
        };
        let said = effects(&[t, nobody], Measure::LogRiskRatio)
            .unwrap_err()
            .to_string();
        assert_eq!(said, "row 2: one arm has nobody in it");
    }

    #[test]
    fn hedges_correction_is_exact() {
        // J(10) = 0.9227..., Hedges 1981, table 1.
        let own = Group {
            n: 6.0,
            mean: 1.0,
            sd: 1.0,
        };
        let other = Group {
            n: 6.0,
            mean: 0.0,
            sd: 1.0,
        };
        let (g, v) = standardised_mean_difference(own, other);
        assert!((g - 0.9228).abs() < 2e-4, "{g}");
        assert!((v - (1.0 / 3.0 + g * g / 24.0)).abs() < 1e-12);
        assert_eq!(mean_difference(own, other), (1.0, 1.0 / 3.0));
    }
}
