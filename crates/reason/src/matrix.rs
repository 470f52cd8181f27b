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

/// Sum of products, in lanes that a processor adds side by side.
pub(crate) fn dot(a: &[f64], b: &[f64]) -> f64 {
    const LANES: usize = 8;
    let (mut sums, mut rest) = ([0.0; LANES], 0.0);
    let (first, second) = (a.chunks_exact(LANES), b.chunks_exact(LANES));
    for (x, y) in first.remainder().iter().zip(second.remainder()) {
        rest += x * y;
    }
    for (x, y) in first.zip(second) {
        for lane in 0..LANES {
            sums[lane] += x[lane] * y[lane];
        }
    }
    sums.iter().sum::<f64>() + rest
}

/// The lower Cholesky factor of a symmetric positive definite matrix.
#[derive(Clone, Debug)]
pub(crate) struct Lower {
    n: usize,
    a: Vec<f64>,
}

impl Lower {
    /// Of a matrix given by its lower half, row-major; `None` if it is not positive definite.
    pub fn of(mut a: Vec<f64>, n: usize) -> Option<Self> {
        for i in 0..n {
            let (above, own) = a.split_at_mut(i * n);
            let own = &mut own[..n];
            for j in 0..i {
                let other = &above[j * n..j * n + n];
                own[j] = (own[j] - dot(&own[..j], &other[..j])) / other[j];
            }
            let pivot = own[i] - dot(&own[..i], &own[..i]);
            if !(pivot > own[i].abs() * 1e-14 && pivot.is_finite()) {
                return None;
            }
            own[i] = pivot.sqrt();
        }
        Some(Self { n, a })
    }

    /// A row; what stands right of the diagonal means nothing.
    pub fn row(&self, at: usize) -> &[f64] {
        &self.a[at * self.n..(at + 1) * self.n]
    }

    /// Logarithm of the determinant of the matrix.
    pub fn log_determinant(&self) -> f64 {
        2.0 * (0..self.n).map(|i| self.row(i)[i].ln()).sum::<f64>()
    }

    /// Solves with the factor alone, in place.
    pub fn forward(&self, b: &mut [f64]) {
        for i in 0..self.n {
            let row = self.row(i);
            b[i] = (b[i] - dot(&row[..i], &b[..i])) / row[i];
        }
    }

    /// Solves with the whole matrix, in place.
    pub fn solve(&self, b: &mut [f64]) {
        self.forward(b);
        for i in (0..self.n).rev() {
            let row = self.row(i);
            b[i] /= row[i];
            let own = b[i];
            for (b, l) in b[..i].iter_mut().zip(row) {
                *b -= l * own;
            }
        }
    }
}
