//! Batches from joint samples, one point at a time.

use faer::Mat;

/// Chooses `q` rows of `samples` (one row per candidate, one column per joint sample of the utility) to
/// raise most, on average over the samples, the sum of the `top` best utilities, counting `known` rows
/// as chosen already. With `top` 1 this is greedy batch expected improvement under noise (Letham,
/// Karrer, Ottoni and Bakshy, Bayesian Analysis 14 (2019) 495), within 1 - 1/e of the best batch by
/// submodularity (Wilson, Hutter and Deisenroth, NeurIPS 2018). `costs`, one per row or none, divide the
/// gains. Returned are the rows and what each gained on average when it was chosen.
pub(crate) fn best_sum(
    samples: &Mat<f64>,
    known: &Mat<f64>,
    q: usize,
    top: usize,
    costs: &[f64],
) -> Vec<(usize, f64)> {
    let (m, s) = (samples.nrows(), samples.ncols());
    // For each sample the `top` best so far, best first.
    let mut bests: Vec<Vec<f64>> = (0..s)
        .map(|sample| {
            let mut values = known.col_as_slice(sample).to_vec();
            values.sort_by(|a, b| b.total_cmp(a));
            values.truncate(top);
            values
        })
        .collect();
    // Rows of candidates, contiguous: each step reads all of them.
    let rows: Vec<Vec<f64>> = (0..m)
        .map(|i| (0..s).map(|j| samples[(i, j)]).collect())
        .collect();
    let lowest = rows
        .iter()
        .flatten()
        .copied()
        .filter(|v| v.is_finite())
        .fold(f64::INFINITY, f64::min);
    let threshold = |best: &Vec<f64>| {
        if best.len() < top {
            lowest
        } else {
            best[top - 1]
        }
    };
    let mut thresholds: Vec<f64> = bests.iter().map(threshold).collect();
    let mut free = vec![true; m];
    let mut chosen = Vec::with_capacity(q);
    // Gains never grow while others are chosen, so a stale gain is an upper bound: only candidates
    // whose bound beats the best fresh gain are recomputed (Minoux, 1978).
    let gain = |i: usize, thresholds: &[f64]| -> f64 {
        let total: f64 = rows[i]
            .iter()
            .zip(thresholds)
            .map(|(value, threshold)| (value - threshold).max(0.0))
            .sum();
        total / costs.get(i).copied().unwrap_or(1.0)
    };
    let totals: Vec<f64> = rows.iter().map(|row| row.iter().sum()).collect();
    let mut bounds: Vec<f64> = (0..m).map(|i| gain(i, &thresholds)).collect();
    while chosen.len() < q.min(m) {
        let mut order: Vec<usize> = (0..m).filter(|&i| free[i]).collect();
        order.sort_by(|&a, &b| bounds[b].total_cmp(&bounds[a]).then(a.cmp(&b)));
        let (mut best, mut most) = (order[0], f64::NEG_INFINITY);
        for &i in &order {
            if bounds[i] <= most {
                break;
            }
            bounds[i] = gain(i, &thresholds);
            if bounds[i] > most {
                (best, most) = (i, bounds[i]);
            }
        }
        if most <= 0.0 {
            // No sample has anything left to gain: take what comes closest on average.
            best = order
                .iter()
                .copied()
                .map(|i| (totals[i], i))
                .max_by(|a, b| a.0.total_cmp(&b.0).then(b.1.cmp(&a.1)))
                .map_or(best, |found| found.1);
        }
        free[best] = false;
        chosen.push((best, most.max(0.0) / s as f64));
        for sample in 0..s {
            let value = rows[best][sample];
            let list = &mut bests[sample];
            if list.len() < top || value > thresholds[sample] {
                let place = list.partition_point(|&other| other >= value);
                list.insert(place, value);
                list.truncate(top);
                thresholds[sample] = threshold(list);
            }
        }
    }
    chosen
}

/// Chooses `q` of the points with this covariance (lower half) so that the summed variance of all of
/// them falls most when they are measured with this noise variance, one at a time (Cohn, Ghahramani
/// and Jordan, JAIR 4 (1996) 129). Only the first `eligible` can be chosen. `weights`, one per point or none,
/// say how much each point's variance matters.
pub(crate) fn least_error(
    covariance: &Mat<f64>,
    weights: &[f64],
    noise: f64,
    eligible: usize,
    q: usize,
) -> Vec<usize> {
    let m = covariance.nrows();
    let mut full: Vec<Vec<f64>> = (0..m)
        .map(|i| (0..m).map(|j| covariance[(i.max(j), i.min(j))]).collect())
        .collect();
    let mut free = vec![true; eligible];
    let mut chosen = Vec::new();
    while chosen.len() < q.min(eligible) {
        let best = (0..eligible)
            .filter(|&i| free[i])
            .map(|i| {
                let fall: f64 = if weights.is_empty() {
                    full[i].iter().map(|c| c * c).sum()
                } else {
                    full[i].iter().zip(weights).map(|(c, w)| w * c * c).sum()
                };
                (fall / (full[i][i].max(0.0) + noise.max(1e-12)), i)
            })
            .max_by(|a, b| a.0.total_cmp(&b.0).then(b.1.cmp(&a.1)));
        let Some((_, best)) = best else { break };
        free[best] = false;
        chosen.push(best);
        let column = full[best].clone();
        let scale = 1.0 / (column[best].max(0.0) + noise.max(1e-12));
        for (i, row) in full.iter_mut().enumerate() {
            let factor = column[i] * scale;
            row.iter_mut()
                .zip(&column)
                .for_each(|(cell, c)| *cell -= factor * c);
        }
    }
    chosen
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_batch_covers_the_samples() {
        // Two samples disagree on which of rows 0 and 1 is good; row 2 is second best in both.
        let samples = Mat::from_fn(3, 2, |i, j| [[5.0, 0.0], [0.0, 4.0], [3.9, 1.0]][i][j]);
        let known = Mat::from_fn(1, 2, |_, _| 0.5);
        let rows = |q, top, costs: &[f64]| -> Vec<usize> {
            best_sum(&samples, &known, q, top, costs)
                .iter()
                .map(|c| c.0)
                .collect()
        };
        assert_eq!(rows(2, 1, &[]), vec![0, 1]);
        assert_eq!(rows(3, 1, &[]), vec![0, 1, 2]);
        assert_eq!(rows(2, 2, &[]), vec![0, 2]);
        // Dear rows wait.
        assert_eq!(rows(1, 1, &[9.0, 9.0, 1.0]), vec![2]);
    }

    #[test]
    fn error_falls_most_where_many_points_are_near() {
        let at: [f64; 5] = [0.0, 0.1, 0.2, 5.0, 0.15];
        let covariance = Mat::from_fn(5, 5, |i, j| (-(at[i] - at[j]).powi(2)).exp());
        assert_eq!(least_error(&covariance, &[], 0.01, 4, 2), vec![1, 3]);
        let far = [0.0, 0.0, 0.0, 1.0, 0.0];
        assert_eq!(least_error(&covariance, &far, 0.01, 4, 1), vec![3]);
    }
}
