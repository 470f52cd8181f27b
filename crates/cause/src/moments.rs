//! Counts, means and scatter of rows: all that Gaussian scores need of them.

/// Rows summed up.
#[derive(Clone, Debug, PartialEq)]
pub struct Moments {
    /// How many rows.
    pub rows: f64,
    /// Mean of each variable.
    pub mean: Vec<f64>,
    /// Sums of products of deviations from the mean, row-major.
    pub scatter: Vec<f64>,
}

impl Moments {
    /// Of nothing.
    #[must_use]
    pub fn none(variables: usize) -> Self {
        Self {
            rows: 0.0,
            mean: vec![0.0; variables],
            scatter: vec![0.0; variables * variables],
        }
    }

    /// Of rows.
    #[must_use]
    pub fn of<'a>(variables: usize, rows: impl Iterator<Item = &'a [f64]> + Clone) -> Self {
        let mut out = Self::none(variables);
        for row in rows.clone() {
            out.rows += 1.0;
            for (sum, x) in out.mean.iter_mut().zip(row) {
                *sum += x;
            }
        }
        if out.rows > 0.0 {
            for sum in &mut out.mean {
                *sum /= out.rows;
            }
        }
        let mut centred = vec![0.0; variables];
        for row in rows {
            for ((c, x), mean) in centred.iter_mut().zip(row).zip(&out.mean) {
                *c = x - mean;
            }
            for (a, line) in out.scatter.chunks_exact_mut(variables).enumerate() {
                let at = centred[a];
                for (s, c) in line.iter_mut().zip(&centred) {
                    *s += at * c;
                }
            }
        }
        out
    }

    /// Both together (Chan, Golub and LeVeque, COMPSTAT 1982, for pairs of samples).
    pub fn add(&mut self, other: &Self) {
        if other.rows == 0.0 {
            return;
        }
        let total = self.rows + other.rows;
        let weight = self.rows * other.rows / total;
        let n = self.mean.len();
        let apart: Vec<f64> = other
            .mean
            .iter()
            .zip(&self.mean)
            .map(|(b, a)| b - a)
            .collect();
        for a in 0..n {
            for b in 0..n {
                self.scatter[a * n + b] += other.scatter[a * n + b] + weight * apart[a] * apart[b];
            }
        }
        for (mean, d) in self.mean.iter_mut().zip(&apart) {
            *mean += d * other.rows / total;
        }
        self.rows = total;
    }

    /// One entry of the scatter.
    #[must_use]
    pub fn at(&self, a: usize, b: usize) -> f64 {
        self.scatter[a * self.mean.len() + b]
    }
}
