//! Small dense symmetric matrices, row-major.

/// A square matrix.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Square {
    pub n: usize,
    pub a: Vec<f64>,
}

impl Square {
    pub fn zero(n: usize) -> Self {
        Self {
            n,
            a: vec![0.0; n * n],
        }
    }

    pub fn at(&self, row: usize, column: usize) -> f64 {
        self.a[row * self.n + column]
    }

    pub fn add(&mut self, row: usize, column: usize, value: f64) {
        self.a[row * self.n + column] += value;
    }

    /// Inverse and log-determinant of a positive definite matrix; `None` if it is not.
    pub fn inverse(&self) -> Option<(Self, f64)> {
        let n = self.n;
        let mut l = self.a.clone();
        let mut log_determinant = 0.0;
        for j in 0..n {
            for k in 0..j {
                let ljk = l[j * n + k];
                for i in j..n {
                    l[i * n + j] -= l[i * n + k] * ljk;
                }
            }
            let pivot = l[j * n + j];
            // Relative to its own diagonal: a column that depends on others leaves only rounding.
            if !(pivot > self.a[j * n + j].abs() * 1e-13 && pivot.is_finite()) {
                return None;
            }
            log_determinant += pivot.ln();
            let root = pivot.sqrt();
            for i in j..n {
                l[i * n + j] /= root;
            }
        }
        let mut inverse = Self::zero(n);
        for column in 0..n {
            let mut x = vec![0.0; n];
            x[column] = 1.0;
            for i in 0..n {
                for k in 0..i {
                    x[i] -= l[i * n + k] * x[k];
                }
                x[i] /= l[i * n + i];
            }
            for i in (0..n).rev() {
                for k in i + 1..n {
                    x[i] -= l[k * n + i] * x[k];
                }
                x[i] /= l[i * n + i];
            }
            for (row, value) in x.into_iter().enumerate() {
                inverse.a[row * n + column] = value;
            }
        }
        Some((inverse, log_determinant))
    }

    pub fn times(&self, x: &[f64]) -> Vec<f64> {
        (0..self.n)
            .map(|i| (0..self.n).map(|j| self.at(i, j) * x[j]).sum())
            .collect()
    }

    /// `x' A x`.
    pub fn quadratic(&self, x: &[f64]) -> f64 {
        self.times(x).iter().zip(x).map(|(a, b)| a * b).sum()
    }

    /// The rows and columns named.
    pub fn part(&self, keep: &[usize]) -> Self {
        let mut part = Self::zero(keep.len());
        for (i, &row) in keep.iter().enumerate() {
            for (j, &column) in keep.iter().enumerate() {
                part.a[i * keep.len() + j] = self.at(row, column);
            }
        }
        part
    }
}
