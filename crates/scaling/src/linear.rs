//! Small dense linear algebra: a handful of parameters.

/// Solves `a x = b` for a symmetric positive definite `a` (row-major, `n` by `n`); `None` if it is not.
pub(crate) fn solve_spd(a: &[f64], b: &[f64]) -> Option<Vec<f64>> {
    let n = b.len();
    let mut l = a.to_vec();
    for j in 0..n {
        for k in 0..j {
            let ljk = l[j * n + k];
            for i in j..n {
                l[i * n + j] -= l[i * n + k] * ljk;
            }
        }
        let pivot = l[j * n + j];
        // A pivot lost to rounding counts as singular.
        if !(pivot > a[j * n + j].abs() * 1e-14 && pivot.is_finite()) {
            return None;
        }
        let root = pivot.sqrt();
        for i in j..n {
            l[i * n + j] /= root;
        }
    }
    let mut x = b.to_vec();
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
    Some(x)
}

/// Non-negative least squares of `columns x = target` with row weights, for at most a few columns:
/// every subset of columns is tried, the best feasible one wins.
pub(crate) fn nonnegative_least_squares(
    columns: &[Vec<f64>],
    target: &[f64],
    weight: &[f64],
) -> (Vec<f64>, f64) {
    let n = columns.len();
    let mut best = (vec![0.0; n], f64::INFINITY);
    for subset in 1..(1_usize << n) {
        let chosen: Vec<usize> = (0..n).filter(|k| subset >> k & 1 == 1).collect();
        let m = chosen.len();
        let (mut gram, mut right) = (vec![0.0; m * m], vec![0.0; m]);
        for (i, &ci) in chosen.iter().enumerate() {
            for (j, &cj) in chosen.iter().enumerate() {
                gram[i * m + j] = (0..target.len())
                    .map(|r| columns[ci][r] * columns[cj][r] * weight[r])
                    .sum();
            }
            right[i] = (0..target.len())
                .map(|r| columns[ci][r] * target[r] * weight[r])
                .sum();
        }
        let Some(x) = solve_spd(&gram, &right) else {
            continue;
        };
        if x.iter().any(|v| *v < 0.0) {
            continue;
        }
        let rss = (0..target.len())
            .map(|r| {
                let predicted: f64 = chosen.iter().zip(&x).map(|(&c, v)| columns[c][r] * v).sum();
                (target[r] - predicted).powi(2) * weight[r]
            })
            .sum::<f64>();
        if rss < best.1 {
            let mut full = vec![0.0; n];
            chosen.iter().zip(&x).for_each(|(&c, v)| full[c] = *v);
            best = (full, rss);
        }
    }
    best
}

/// The `q` quantile of values that are sorted, by linear interpolation (type 7 of Hyndman and Fan,
/// Am. Stat. 50 (1996) 361).
pub(crate) fn quantile(sorted: &[f64], q: f64) -> f64 {
    let Some(last) = sorted.len().checked_sub(1) else {
        return f64::NAN;
    };
    let at = q.clamp(0.0, 1.0) * last as f64;
    let low = at.floor() as usize;
    let high = (low + 1).min(last);
    sorted[low] + (sorted[high] - sorted[low]) * (at - low as f64)
}
