//! How much computing an ask may spend.

/// How much computing an ask may spend, as a multiple of the usual: what is tried while the models are
/// fitted, the points that are looked at, the joint samples that a batch is chosen by. At 1, the default,
/// the engine does what it always does. The same effort, data and seed bring the same batch.
///
/// ```
/// use design::Effort;
///
/// assert_eq!(Effort::new(2.0).unwrap().factor(), 2.0);
/// assert!(Effort::new(0.0).is_err());
/// ```
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Effort(f64);

/// A number that is no effort.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[error(
    "effort is {found}, expected a number from {} to {}",
    Effort::LEAST,
    Effort::MOST
)]
pub struct EffortError {
    /// The number that was given.
    pub found: f64,
}

impl Default for Effort {
    fn default() -> Effort {
        Effort(1.0)
    }
}

impl Effort {
    /// The least and the most there is.
    pub const LEAST: f64 = 0.05;
    /// See [`Effort::LEAST`].
    pub const MOST: f64 = 20.0;

    /// An effort of so many times the usual.
    ///
    /// # Errors
    /// When the number isn't between [`Effort::LEAST`] and [`Effort::MOST`].
    pub fn new(factor: f64) -> Result<Effort, EffortError> {
        if (Effort::LEAST..=Effort::MOST).contains(&factor) {
            Ok(Effort(factor))
        } else {
            Err(EffortError { found: factor })
        }
    }

    /// The multiple of the usual.
    pub fn factor(self) -> f64 {
        self.0
    }

    /// How many things to do one after the other where so many are usual: at least one of any.
    pub(crate) fn of(self, usual: usize) -> usize {
        scaled(usual, self.0)
    }

    /// How many points to treat together where so many are usual: they cost as their cube.
    pub(crate) fn side(self, usual: usize) -> usize {
        scaled(usual, self.0.cbrt())
    }
}

fn scaled(usual: usize, factor: f64) -> usize {
    ((usual as f64 * factor).round() as usize).max(usual.min(1))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_usual_effort_changes_nothing() {
        for usual in [0, 1, 4, 12, 513, 2_000_000] {
            assert_eq!(Effort::default().of(usual), usual);
            assert_eq!(Effort::default().side(usual), usual);
        }
    }

    #[test]
    fn work_grows_with_effort_and_never_vanishes() {
        let (little, much) = (Effort::new(0.05).unwrap(), Effort::new(8.0).unwrap());
        assert_eq!((little.of(4), much.of(4), much.side(256)), (1, 32, 512));
    }

    #[test]
    fn what_is_no_effort_is_refused() {
        for wrong in [0.0, -1.0, f64::NAN, f64::INFINITY, 21.0] {
            let told = Effort::new(wrong).unwrap_err().to_string();
            assert!(told.contains("expected a number from 0.05 to 20"), "{told}");
        }
    }
}
