//! Rows, and what was done to the system when each was measured.

use crate::moments::Moments;
use crate::nodes::{MAX_VARIABLES, Nodes};

/// What was done while some rows were measured: nothing, or an intervention, single or combined.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Regime {
    /// What people call it.
    pub name: String,
    /// Variables that were set from outside: nothing else drives them here (a perfect intervention).
    pub hard: Nodes,
    /// Variables whose own mechanism was changed while their drivers still act (a soft or mechanism
    /// intervention; Eaton and Murphy, AISTATS 2007).
    pub soft: Nodes,
    /// Whether it may have changed any variable's mechanism, and only data can say which.
    pub unknown: bool,
}

impl Regime {
    /// Observation: nothing was done.
    #[must_use]
    pub fn observation() -> Self {
        Self {
            name: "observation".into(),
            ..Self::default()
        }
    }

    /// Some variables were set from outside.
    #[must_use]
    pub fn setting(targets: Nodes, name: impl Into<String>) -> Self {
        Self {
            name: name.into(),
            hard: targets,
            ..Self::default()
        }
    }

    /// What the regime may be said to act on.
    #[must_use]
    pub fn targets(&self) -> Nodes {
        self.hard.or(self.soft)
    }
}

/// Why rows are no data.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum DataError {
    /// Too few or too many variables.
    #[error("{found} variables; between 2 and {MAX_VARIABLES} can be related")]
    Variables {
        /// How many there are.
        found: usize,
    },
    /// A row has the wrong length.
    #[error("row {row} has {found} values, and there are {expected} variables")]
    Length {
        /// Which row, from 1.
        row: usize,
        /// Its values.
        found: usize,
        /// The variables.
        expected: usize,
    },
    /// A value is no number.
    #[error("row {row}, variable '{variable}': the value is no finite number")]
    NotFinite {
        /// Which row, from 1.
        row: usize,
        /// Which variable.
        variable: String,
    },
    /// A row names a regime that isn't.
    #[error("row {row} belongs to regime {regime}, and there are {regimes}")]
    Regime {
        /// Which row, from 1.
        row: usize,
        /// What it says.
        regime: usize,
        /// How many there are.
        regimes: usize,
    },
    /// A variable never varies.
    #[error("variable '{0}' has the same value in every row; leave it out")]
    Constant(String),
}

/// Measured rows of continuous variables.
#[derive(Clone, Debug)]
pub struct Data {
    names: Vec<String>,
    regimes: Vec<Regime>,
    rows: Vec<(usize, Vec<f64>)>,
    moments: Vec<Moments>,
    centre: Vec<f64>,
    scale: Vec<f64>,
}

impl Data {
    /// Rows with the number of their regime. Values are centred and scaled to unit variance over all
    /// rows for the arithmetic; effects are given back in the variables' own units.
    ///
    /// # Errors
    /// See [`DataError`].
    pub fn new(
        names: Vec<String>,
        regimes: Vec<Regime>,
        rows: Vec<(usize, Vec<f64>)>,
    ) -> Result<Self, DataError> {
        let p = names.len();
        if !(2..=MAX_VARIABLES).contains(&p) {
            return Err(DataError::Variables { found: p });
        }
        for (at, (regime, values)) in rows.iter().enumerate() {
            if values.len() != p {
                return Err(DataError::Length {
                    row: at + 1,
                    found: values.len(),
                    expected: p,
                });
            }
            if let Some(bad) = values.iter().position(|v| !v.is_finite()) {
                return Err(DataError::NotFinite {
                    row: at + 1,
                    variable: names[bad].clone(),
                });
            }
            if *regime >= regimes.len() {
                return Err(DataError::Regime {
                    row: at + 1,
                    regime: *regime,
                    regimes: regimes.len(),
                });
            }
        }
        let all = Moments::of(p, rows.iter().map(|(_, values)| values.as_slice()));
        let scale: Vec<f64> = (0..p)
            .map(|a| (all.at(a, a) / all.rows.max(1.0)).sqrt())
            .collect();
        let tiny = |a: usize| scale[a] <= 1e-12 * all.mean[a].abs().max(f64::MIN_POSITIVE);
        if let Some(bad) = (0..p).find(|a| scale[*a].is_nan() || tiny(*a)) {
            return Err(DataError::Constant(names[bad].clone()));
        }
        let centre = all.mean;
        let rows: Vec<(usize, Vec<f64>)> = rows
            .into_iter()
            .map(|(regime, values)| {
                let scaled = (0..p).map(|a| (values[a] - centre[a]) / scale[a]).collect();
                (regime, scaled)
            })
            .collect();
        let moments = (0..regimes.len())
            .map(|at| {
                let of = rows.iter().filter(|(regime, _)| *regime == at);
                Moments::of(p, of.map(|(_, values)| values.as_slice()))
            })
            .collect();
        Ok(Self {
            names,
            regimes,
            rows,
            moments,
            centre,
            scale,
        })
    }

    /// How many variables.
    #[must_use]
    pub fn variables(&self) -> usize {
        self.names.len()
    }

    /// Their names.
    #[must_use]
    pub fn names(&self) -> &[String] {
        &self.names
    }

    /// What was done.
    #[must_use]
    pub fn regimes(&self) -> &[Regime] {
        &self.regimes
    }

    /// How many rows.
    #[must_use]
    pub fn rows(&self) -> usize {
        self.rows.len()
    }

    /// The values of a variable in a regime, in its own unit.
    #[must_use]
    pub fn values(&self, regime: usize, node: usize) -> Vec<f64> {
        self.rows
            .iter()
            .filter(|(of, _)| *of == regime)
            .map(|(_, row)| row[node] * self.scale[node] + self.centre[node])
            .collect()
    }

    /// Moments of each regime, in centred and scaled units.
    #[must_use]
    pub fn moments(&self) -> &[Moments] {
        &self.moments
    }

    /// Mean and standard deviation of a variable over all rows.
    #[must_use]
    pub fn unit(&self, node: usize) -> (f64, f64) {
        (self.centre[node], self.scale[node])
    }

    /// The sets of targets of all regimes that have rows, for [`crate::Dag::essential`].
    #[must_use]
    pub fn targets(&self) -> Vec<Nodes> {
        let mut sets: Vec<Nodes> = self
            .regimes
            .iter()
            .zip(&self.moments)
            .filter(|(_, moments)| moments.rows > 0.0)
            .map(|(regime, _)| regime.targets())
            .collect();
        sets.sort_unstable();
        sets.dedup();
        sets
    }
}
