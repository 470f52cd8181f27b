//! The few dense operations that the models need, sequential and in one place.

use faer::dyn_stack::{MemBuffer, MemStack};
use faer::linalg::cholesky::llt;
use faer::linalg::matmul::{self, triangular};
use faer::linalg::{triangular_inverse, triangular_solve};
use faer::{Accum, Mat, MatMut, MatRef, Par};

/// The lower Cholesky factor of a symmetric matrix of which the lower half is read; nothing when it
/// is not positive definite. The upper half of the result is zero.
pub(crate) fn cholesky(mut matrix: Mat<f64>) -> Option<Mat<f64>> {
    let n = matrix.nrows();
    let params = faer::Spec::default();
    let scratch = llt::factor::cholesky_in_place_scratch::<f64>(n, Par::Seq, params);
    let mut memory = MemBuffer::try_new(scratch).ok()?;
    let params = faer::Spec::default();
    llt::factor::cholesky_in_place(
        matrix.as_mut(),
        llt::factor::LltRegularization::default(),
        Par::Seq,
        MemStack::new(&mut memory),
        params,
    )
    .ok()?;
    for j in 0..n {
        let column = matrix.col_as_slice_mut(j);
        if !(column[j].is_finite() && column[j] > 0.0) {
            return None;
        }
        column[..j].fill(0.0);
    }
    Some(matrix)
}

/// The Cholesky factor after adding as little to the diagonal as makes it succeed: nothing at first,
/// then from a 1e-10th of the mean diagonal up, ten times more each time.
pub(crate) fn cholesky_jittered(matrix: &Mat<f64>) -> Option<Mat<f64>> {
    if let Some(factor) = cholesky(matrix.clone()) {
        return Some(factor);
    }
    let n = matrix.nrows();
    let mean = (0..n).map(|i| matrix[(i, i)]).sum::<f64>() / n.max(1) as f64;
    if !(mean.is_finite() && mean > 0.0) {
        return None;
    }
    for power in -10..=-2 {
        let mut raised = matrix.clone();
        for i in 0..n {
            raised[(i, i)] += mean * 10_f64.powi(power);
        }
        if let Some(factor) = cholesky(raised) {
            return Some(factor);
        }
    }
    None
}

/// The lower half of the inverse of the matrix whose lower Cholesky factor is given.
pub(crate) fn inverse_from_factor(factor: &Mat<f64>) -> Mat<f64> {
    let n = factor.nrows();
    let mut inverted = Mat::zeros(n, n);
    triangular_inverse::invert_lower_triangular(inverted.as_mut(), factor.as_ref(), Par::Seq);
    let mut out = Mat::zeros(n, n);
    triangular::matmul(
        out.as_mut(),
        triangular::BlockStructure::TriangularLower,
        Accum::Replace,
        inverted.transpose(),
        triangular::BlockStructure::TriangularUpper,
        inverted.as_ref(),
        triangular::BlockStructure::TriangularLower,
        1.0,
        Par::Seq,
    );
    out
}

/// Replaces `right` by the solution of `factor * x = right`, `factor` lower triangular.
pub(crate) fn solve_lower(factor: &Mat<f64>, right: MatMut<'_, f64>) {
    triangular_solve::solve_lower_triangular_in_place(factor.as_ref(), right, Par::Seq);
}

/// Replaces `right` by the solution of `factor^T * x = right`, `factor` lower triangular.
pub(crate) fn solve_lower_transposed(factor: &Mat<f64>, right: MatMut<'_, f64>) {
    triangular_solve::solve_upper_triangular_in_place(factor.transpose(), right, Par::Seq);
}

/// The solution of `factor * factor^T * x = right`.
pub(crate) fn solve(factor: &Mat<f64>, right: &[f64]) -> Vec<f64> {
    let mut x = Mat::from_fn(right.len(), 1, |i, _| right[i]);
    solve_lower(factor, x.as_mut());
    solve_lower_transposed(factor, x.as_mut());
    x.col_as_slice(0).to_vec()
}

/// `out += scale * left * right`.
pub(crate) fn add_product(
    out: MatMut<'_, f64>,
    left: MatRef<'_, f64>,
    right: MatRef<'_, f64>,
    scale: f64,
) {
    matmul::matmul(out, Accum::Add, left, right, scale, Par::Seq);
}

/// Subtracts `left^T * left` from the lower half of `out`.
pub(crate) fn subtract_gram(out: MatMut<'_, f64>, left: MatRef<'_, f64>) {
    triangular::matmul(
        out,
        triangular::BlockStructure::TriangularLower,
        Accum::Add,
        left.transpose(),
        triangular::BlockStructure::Rectangular,
        left,
        triangular::BlockStructure::Rectangular,
        -1.0,
        Par::Seq,
    );
}

#[cfg(test)]
mod tests {
    use super::*;

    fn spd(n: usize) -> Mat<f64> {
        Mat::from_fn(n, n, |i, j| {
            (-((i as f64 - j as f64) / 3.0).powi(2)).exp() + if i == j { 0.1 } else { 0.0 }
        })
    }

    #[test]
    fn factor_solve_and_inverse_agree() {
        let a = spd(37);
        let factor = cholesky(a.clone()).unwrap();
        let right: Vec<f64> = (0..37).map(|i| f64::from(i).sin()).collect();
        let x = solve(&factor, &right);
        let inverse = inverse_from_factor(&factor);
        for i in 0..37 {
            let back: f64 = (0..37).map(|j| a[(i, j)] * x[j]).sum();
            assert!((back - right[i]).abs() < 1e-11);
            let through: f64 = (0..37)
                .map(|j| inverse[(i.max(j), i.min(j))] * right[j])
                .sum();
            assert!((through - x[i]).abs() < 1e-9);
        }
    }

    #[test]
    fn a_singular_matrix_is_raised() {
        let ones = Mat::from_fn(5, 5, |_, _| 1.0);
        assert!(cholesky_jittered(&ones).is_some());
        assert!(cholesky_jittered(&Mat::from_fn(3, 3, |_, _| f64::NAN)).is_none());
    }
}
