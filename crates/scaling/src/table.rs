//! Resources spent and what came of it.

use thiserror::Error;

/// Why rows can't be fitted.
#[derive(Clone, Debug, PartialEq, Error)]
pub enum TableError {
    /// The columns differ in length.
    #[error("column '{name}' has {found} values where the response has {expected}")]
    Ragged {
        /// The column.
        name: String,
        /// Its length.
        found: usize,
        /// The response's length.
        expected: usize,
    },
    /// A value that a law on a logarithmic scale can't take.
    #[error(
        "row {row}: '{name}' is {value}; resources and responses must be finite and above zero"
    )]
    NotPositive {
        /// The row, from one.
        row: usize,
        /// The column.
        name: String,
        /// The value.
        value: f64,
    },
    /// Too few rows for the number of parameters.
    #[error("too few rows: {rows}, and at least {} are needed", parameters + 1)]
    TooFew {
        /// Rows there are.
        rows: usize,
        /// Parameters of the law.
        parameters: usize,
    },
}

/// Observations of a response under one or more resources, all above zero.
#[derive(Clone, Debug, PartialEq)]
pub struct Table {
    names: Vec<String>,
    /// Natural logarithm of the resources: `log_x[resource][row]`.
    log_x: Vec<Vec<f64>>,
    y: Vec<f64>,
}

impl Table {
    /// A table from named resource columns and the response.
    ///
    /// # Errors
    /// Names the first column or row that can't be used.
    pub fn new(
        resources: Vec<(String, Vec<f64>)>,
        response: (&str, Vec<f64>),
    ) -> Result<Self, TableError> {
        let (label, y) = response;
        let check = |name: &str, values: &[f64]| match values
            .iter()
            .position(|v| !(v.is_finite() && *v > 0.0))
        {
            Some(at) => Err(TableError::NotPositive {
                row: at + 1,
                name: name.to_owned(),
                value: values[at],
            }),
            None => Ok(()),
        };
        check(label, &y)?;
        let (mut names, mut log_x) = (Vec::new(), Vec::new());
        for (name, values) in resources {
            if values.len() != y.len() {
                return Err(TableError::Ragged {
                    name,
                    found: values.len(),
                    expected: y.len(),
                });
            }
            check(&name, &values)?;
            log_x.push(values.iter().map(|v| v.ln()).collect());
            names.push(name);
        }
        Ok(Self { names, log_x, y })
    }

    /// The number of rows.
    #[must_use]
    pub fn rows(&self) -> usize {
        self.y.len()
    }

    /// The names of the resources.
    #[must_use]
    pub fn resources(&self) -> &[String] {
        &self.names
    }

    /// The natural logarithm of a resource, by row.
    #[must_use]
    pub fn log_resource(&self, resource: usize) -> &[f64] {
        &self.log_x[resource]
    }

    /// The response by row.
    #[must_use]
    pub fn response(&self) -> &[f64] {
        &self.y
    }

    /// The rows named, in that order; a row may come twice.
    #[must_use]
    pub fn select(&self, rows: &[usize]) -> Self {
        Self {
            names: self.names.clone(),
            log_x: self
                .log_x
                .iter()
                .map(|column| rows.iter().map(|&row| column[row]).collect())
                .collect(),
            y: rows.iter().map(|&row| self.y[row]).collect(),
        }
    }

    /// The rows that are not among the `count` highest responses, ties at the border left out too:
    /// the exclusion rule of Besiroglu et al. 2024 (arXiv 2404.10102) with `count` 5.
    #[must_use]
    pub fn without_highest(&self, count: usize) -> Vec<usize> {
        let mut sorted = self.y.clone();
        sorted.sort_by(|a, b| b.total_cmp(a));
        let Some(limit) = count.checked_sub(1).and_then(|at| sorted.get(at)) else {
            return (0..self.rows()).collect();
        };
        (0..self.rows())
            .filter(|&row| self.y[row] < *limit)
            .collect()
    }
}
