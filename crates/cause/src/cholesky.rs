//! Small symmetric positive definite systems.

/// The lower factor of a symmetric positive definite matrix in place (row-major, `n` × `n`); the
/// logarithm of its determinant, or `None` if it is not positive definite to rounding.
pub(crate) fn factor(matrix: &mut [f64], n: usize) -> Option<f64> {
    let mut log_det = 0.0;
    for j in 0..n {
        let whole = matrix[j * n + j];
        let mut d = whole;
        for k in 0..j {
            d -= matrix[j * n + k] * matrix[j * n + k];
        }
        // What rounding leaves of a column that the others determine.
        if d.is_nan() || d <= 1e-11 * whole.abs() || d <= 0.0 {
            return None;
        }
        let root = d.sqrt();
        log_det += d.ln();
        matrix[j * n + j] = root;
        for i in j + 1..n {
            let mut s = matrix[i * n + j];
            for k in 0..j {
                s -= matrix[i * n + k] * matrix[j * n + k];
            }
            matrix[i * n + j] = s / root;
        }
    }
    Some(log_det)
}

/// Solves with a factor, in place.
pub(crate) fn solve(factor: &[f64], n: usize, b: &mut [f64]) {
    forward(factor, n, b);
    for i in (0..n).rev() {
        let mut s = b[i];
        for k in i + 1..n {
            s -= factor[k * n + i] * b[k];
        }
        b[i] = s / factor[i * n + i];
    }
}

/// Solves with the lower factor alone, in place.
pub(crate) fn forward(factor: &[f64], n: usize, b: &mut [f64]) {
    for i in 0..n {
        let mut s = b[i];
        for k in 0..i {
            s -= factor[i * n + k] * b[k];
        }
        b[i] = s / factor[i * n + i];
    }
}

/// The inverse of a symmetric positive definite matrix and the logarithm of its determinant.
pub(crate) fn inverse(matrix: &[f64], n: usize) -> Option<(Vec<f64>, f64)> {
    let mut l = matrix.to_vec();
    let log_det = factor(&mut l, n)?;
    let mut out = vec![0.0; n * n];
    let mut column = vec![0.0; n];
    for c in 0..n {
        column.fill(0.0);
        column[c] = 1.0;
        solve(&l, n, &mut column);
        for r in 0..n {
            out[r * n + c] = column[r];
        }
    }
    Some((out, log_det))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn inverse_and_determinant_by_hand() {
        let (inv, log_det) = inverse(&[4.0, 2.0, 2.0, 3.0], 2).unwrap();
        for (found, expected) in inv.iter().zip([0.375, -0.25, -0.25, 0.5]) {
            assert!((found - expected).abs() < 1e-14);
        }
        assert!((log_det - 8f64.ln()).abs() < 1e-14);
        assert!(inverse(&[1.0, 1.0, 1.0, 1.0], 2).is_none());
    }
}
