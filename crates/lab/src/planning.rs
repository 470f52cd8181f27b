//! How cautiously a hall is planned.
//!
//! ```toml
//! [planning]
//! quantile = 0.9   # plans allow for what nine of ten operations stay within
//! learn = true     # from what operations took, not from descriptors alone
//! place_movers = true   # empty movers wait near the docks that call them
//! ```

use crate::limits::{MAX_QUANTILE, MAX_QUANTILE_Z};
use source::Table;

/// Standard deviations of durations that plans allow for when a file says nothing: nine of ten operations
/// stay within that. With fewer limits break and promises slip, with more fewer plates are done where
/// an instrument is short (bench/day).
const Z: f64 = 1.281_6;
/// The same by the first rules.
const FIRST_Z: f64 = 1.0;

/// How a hall is planned.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Planning {
    /// Standard deviations of an operation's duration that plans allow for.
    pub z: f64,
    /// Whether plans learn from what operations took, or trust descriptors for ever.
    pub learn: bool,
    /// Whether empty movers go to where they will be called from, or stay until their place is needed.
    pub place_movers: bool,
    /// Whether plans leave a part of every greatest lag unused, plates may be on their way to one waste
    /// together, and promises far ahead have more margin: all but runs by the first rules.
    pub careful: bool,
    /// Whether orders that have not begun are planned anew in the turn of their promises where a repair would put some of them
    /// behind all others: all but runs by the first and second rules.
    pub in_turn: bool,
}

impl Planning {
    /// As halls were planned first: a journal that was begun by these rules goes on by them, since it is
    /// read by deciding everything in it again.
    #[must_use]
    pub fn by_first_rules(self) -> Self {
        Self {
            z: if self.z == Z { FIRST_Z } else { self.z },
            careful: false,
            in_turn: false,
            ..self
        }
    }

    /// As halls were planned next, for journals that were begun by these rules.
    #[must_use]
    pub fn by_second_rules(self) -> Self {
        Self {
            in_turn: false,
            ..self
        }
    }
}

impl Default for Planning {
    fn default() -> Self {
        Self {
            z: Z,
            learn: true,
            place_movers: false,
            careful: true,
            in_turn: true,
        }
    }
}

/// Reads `[planning]`.
pub(crate) fn read(root: &Table<'_>) -> Planning {
    let usual = Planning::default();
    let Some(table) = root.table("planning") else {
        return usual;
    };
    let quantile = table
        .item("quantile")
        .and_then(|item| item.number_in(0.5..=MAX_QUANTILE));
    let learn = table.or("learn", usual.learn);
    let place_movers = table.or("place_movers", usual.place_movers);
    table.finish();
    Planning {
        z: quantile.map_or(usual.z, |share| normal_quantile(share).min(MAX_QUANTILE_Z)),
        learn,
        place_movers,
        careful: usual.careful,
        in_turn: usual.in_turn,
    }
}

/// The standard deviations that a share of at least a half of a normal distribution stays below, to
/// 0.0005 (Abramowitz and Stegun, Handbook of Mathematical Functions, 26.2.23).
fn normal_quantile(share: f64) -> f64 {
    let t = (-2.0 * (1.0 - share).ln()).sqrt();
    let above = 2.515_517 + t * (0.802_853 + t * 0.010_328);
    let below = 1.0 + t * (1.432_788 + t * (0.189_269 + t * 0.001_308));
    (t - above / below).max(0.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quantiles_of_the_normal_distribution() {
        for (share, z) in [
            (0.5, 0.0),
            (0.841_345, 1.0),
            (0.9, 1.281_552),
            (0.99, 2.326_348),
        ] {
            let found = normal_quantile(share);
            assert!((found - z).abs() < 5e-4, "{share}: {found}");
        }
    }
}
