//! Estimates with variances and moderators.

use thiserror::Error;

/// Why estimates can't be put together.
#[derive(Clone, Debug, PartialEq, Error)]
pub enum EffectsError {
    /// Columns differ in length.
    #[error("'{name}' has {found} rows where there are {expected} estimates")]
    Ragged {
        /// The column.
        name: String,
        /// Its length.
        found: usize,
        /// The number of estimates.
        expected: usize,
    },
    /// An estimate or moderator that is not a number.
    #[error("row {row}: '{name}' is not a finite number; leave the row out, or give its value")]
    NotFinite {
        /// The row, from one.
        row: usize,
        /// The column.
        name: String,
    },
    /// A variance that is not above zero.
    #[error("row {row}: the variance is {value}; it must be above zero")]
    Variance {
        /// The row, from one.
        row: usize,
        /// Its value.
        value: f64,
    },
}

/// Estimates `y` with variances `v`, and a design matrix whose first column is the intercept.
#[derive(Clone, Debug, PartialEq)]
pub struct Effects {
    pub(crate) y: Vec<f64>,
    pub(crate) v: Vec<f64>,
    pub(crate) names: Vec<String>,
    /// By column.
    pub(crate) x: Vec<Vec<f64>>,
}

impl Effects {
    /// Estimates with their variances.
    ///
    /// # Errors
    /// Names the first row that can't be used.
    pub fn new(y: Vec<f64>, v: Vec<f64>) -> Result<Self, EffectsError> {
        if v.len() != y.len() {
            return Err(EffectsError::Ragged {
                name: "variance".into(),
                found: v.len(),
                expected: y.len(),
            });
        }
        if let Some(at) = y.iter().position(|value| !value.is_finite()) {
            return Err(EffectsError::NotFinite {
                row: at + 1,
                name: "estimate".into(),
            });
        }
        if let Some(at) = v
            .iter()
            .position(|value| !(value.is_finite() && *value > 0.0))
        {
            return Err(EffectsError::Variance {
                row: at + 1,
                value: v[at],
            });
        }
        let ones = vec![1.0; y.len()];
        Ok(Self {
            y,
            v,
            names: vec!["intercept".into()],
            x: vec![ones],
        })
    }

    /// Adds a moderator as it is.
    ///
    /// # Errors
    /// If its length is wrong or a value is not a number.
    pub fn moderated(mut self, name: &str, values: Vec<f64>) -> Result<Self, EffectsError> {
        if values.len() != self.y.len() {
            return Err(EffectsError::Ragged {
                name: name.into(),
                found: values.len(),
                expected: self.y.len(),
            });
        }
        if let Some(at) = values.iter().position(|value| !value.is_finite()) {
            return Err(EffectsError::NotFinite {
                row: at + 1,
                name: name.into(),
            });
        }
        self.names.push(name.to_owned());
        self.x.push(values);
        Ok(self)
    }

    /// Adds a moderator of named levels: an indicator for each but the first in order of name.
    ///
    /// # Errors
    /// If its length is wrong.
    pub fn by_level(mut self, name: &str, levels: &[&str]) -> Result<Self, EffectsError> {
        let mut distinct = levels.to_vec();
        distinct.sort_unstable();
        distinct.dedup();
        for level in distinct.into_iter().skip(1) {
            let indicator = levels
                .iter()
                .map(|own| f64::from(u8::from(*own == level)))
                .collect();
            self = self.moderated(&format!("{name}={level}"), indicator)?;
        }
        Ok(self)
    }

    /// The number of estimates.
    #[must_use]
    pub fn len(&self) -> usize {
        self.y.len()
    }

    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.y.is_empty()
    }

    /// The estimates.
    #[must_use]
    pub fn estimates(&self) -> &[f64] {
        &self.y
    }

    /// Their variances.
    #[must_use]
    pub fn variances(&self) -> &[f64] {
        &self.v
    }

    /// The rows named, in that order.
    #[must_use]
    pub fn select(&self, rows: &[usize]) -> Self {
        let pick = |column: &Vec<f64>| rows.iter().map(|&row| column[row]).collect();
        Self {
            y: pick(&self.y),
            v: pick(&self.v),
            names: self.names.clone(),
            x: self.x.iter().map(pick).collect(),
        }
    }

    /// Without moderators.
    #[must_use]
    pub fn plain(&self) -> Self {
        Self {
            y: self.y.clone(),
            v: self.v.clone(),
            names: vec![self.names[0].clone()],
            x: vec![self.x[0].clone()],
        }
    }
}
