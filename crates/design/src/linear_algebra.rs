//! The few dense operations that the models need, sequential and in one place.

use faer::dyn_stack::{MemBuffer, MemStack};
use faer::linalg::cholesky::llt;
use faer::linalg::matmul::{self, triangular};
use faer::linalg::{triangular_inverse, triangular_solve};
use faer::{Accum, Mat, MatMut, MatRef, Par};

use crate::gp::{dot, wide};

/// The lower Cholesky factor of a symmetric matrix of which the lower half is read; nothing when it
/// is not positive definite. The upper half of the result is zero.
pub(crate) fn cholesky(mut matrix: Mat<f64>) -> Option<Mat<f64>> {
    factorise(&mut matrix)?;
    for j in 0..matrix.nrows() {
        matrix.col_as_slice_mut(j)[..j].fill(0.0);
    }
    Some(matrix)
}

/// The same in place, the upper half left as it is.
pub(crate) fn factorise(matrix: &mut Mat<f64>) -> Option<()> {
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
    let sound = |j: usize| matrix[(j, j)].is_finite() && matrix[(j, j)] > 0.0;
    (0..n).all(sound).then_some(())
}

/// The Cholesky factor after adding as little to the diagonal as makes it succeed: nothing at first,
/// then from a 1e-10th of the mean diagonal up, ten times more each time.
pub(crate) fn cholesky_jittered(matrix: &Mat<f64>) -> Option<Mat<f64>> {
    let n = matrix.nrows();
    let mean = (0..n).map(|i| matrix[(i, i)]).sum::<f64>() / n.max(1) as f64;
    cholesky_raised(matrix, mean)
}

/// The same with the steps as shares of `scale`: for a difference of large numbers, whose rounding errors
/// are of their size and not of its own.
pub(crate) fn cholesky_raised(matrix: &Mat<f64>, scale: f64) -> Option<Mat<f64>> {
    if let Some(factor) = cholesky(matrix.clone()) {
        return Some(factor);
    }
    if !(scale.is_finite() && scale > 0.0) {
        return None;
    }
    for power in RAISED_LOWEST..=RAISED_HIGHEST {
        let mut raised = matrix.clone();
        for i in 0..matrix.nrows() {
            raised[(i, i)] += scale * 10_f64.powi(power);
        }
        if let Some(factor) = cholesky(raised) {
            return Some(factor);
        }
    }
    None
}

/// Powers of ten that a diagonal is raised by, as shares of a scale.
const RAISED_LOWEST: i32 = -10;
const RAISED_HIGHEST: i32 = -2;

/// The lower half of the inverse of the matrix whose lower Cholesky factor is given.
pub(crate) fn inverse_from_factor(factor: &Mat<f64>) -> Mat<f64> {
    let n = factor.nrows();
    let (mut inverted, mut out) = (Mat::zeros(n, n), Mat::zeros(n, n));
    invert_factor(factor, &mut inverted, &mut out);
    out
}

/// The same, written to the lower half of `out`; `inverted` is for the inverse of the factor.
pub(crate) fn invert_factor(factor: &Mat<f64>, inverted: &mut Mat<f64>, out: &mut Mat<f64>) {
    triangular_inverse::invert_lower_triangular(inverted.as_mut(), factor.as_ref(), Par::Seq);
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
}

/// Replaces `right` by the solution of `factor * x = right`, `factor` lower triangular.
pub(crate) fn solve_lower(factor: &Mat<f64>, right: MatMut<'_, f64>) {
    triangular_solve::solve_lower_triangular_in_place(factor.as_ref(), right, Par::Seq);
}

/// Replaces `right` by the solution of `factor^T * x = right`, `factor` lower triangular.
pub(crate) fn solve_lower_transposed(factor: &Mat<f64>, right: MatMut<'_, f64>) {
    triangular_solve::solve_upper_triangular_in_place(factor.transpose(), right, Par::Seq);
}

/// The solution of `factor * factor^T * x = right`. A column at a time: for one right side the blocked
/// solves above are many times slower.
pub(crate) fn solve(factor: &Mat<f64>, right: &[f64]) -> Vec<f64> {
    let mut x = right.to_vec();
    wide(
        #[inline(always)]
        || {
            let n = x.len();
            for j in 0..n {
                let column = &factor.col_as_slice(j)[j..];
                let (own, below) = x[j..].split_at_mut(1);
                own[0] /= column[0];
                for (x, l) in below.iter_mut().zip(&column[1..]) {
                    *x -= own[0] * l;
                }
            }
            for j in (0..n).rev() {
                let column = &factor.col_as_slice(j)[j..];
                let (own, below) = x[j..].split_at_mut(1);
                own[0] = (own[0] - dot(&column[1..], below)) / column[0];
            }
        },
    );
    x
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

/// `out += left * right`, where `left` is lower triangular.
pub(crate) fn add_lower_product(
    out: MatMut<'_, f64>,
    left: MatRef<'_, f64>,
    right: MatRef<'_, f64>,
) {
    triangular::matmul(
        out,
        triangular::BlockStructure::Rectangular,
        Accum::Add,
        left,
        triangular::BlockStructure::TriangularLower,
        right,
        triangular::BlockStructure::Rectangular,
        1.0,
        Par::Seq,
    );
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
