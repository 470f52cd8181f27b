//! Batches from joint samples, by the share of the best rows of a list that they are expected to find.

use std::cmp::Ordering;

use faer::Mat;

/// Chooses the `q` rows of `samples` (one row per candidate, one column per joint sample) that are expected to
/// find most of the best: the share found of the best `k` rows, averaged over `k` from 1 to `most`, where
/// `known` rows stand among the others but are found already. A row's part in that is the mean over samples
/// of what its place is worth, and nothing else: parts add up, so the best rows make the best batch. Only
/// the order of values counts, not how far apart they are, so that a few samples with very high values don't
/// decide. `costs`, one per row or none, divide the parts. Returned are the rows, best first, and their parts.
pub(crate) fn best_share(
    samples: &Mat<f64>,
    known: &Mat<f64>,
    q: usize,
    most: usize,
    costs: &[f64],
) -> Vec<(usize, f64)> {
    let (m, draws) = (samples.nrows(), samples.ncols());
    let worth = worth(most);
    let mut parts = vec![0.0; m];
    let mut totals = vec![0.0; m];
    let mut order: Vec<usize> = Vec::new();
    for draw in 0..draws {
        let own = samples.col_as_slice(draw);
        let others = known.col_as_slice(draw);
        let value = |row: usize| if row < m { own[row] } else { others[row - m] };
        let by_value =
            |a: &usize, b: &usize| value(*b).total_cmp(&value(*a)).then(a.cmp(b)) as Ordering;
        order.clear();
        order.extend(0..m + others.len());
        if order.len() > most {
            order.select_nth_unstable_by(most - 1, by_value);
            order.truncate(most);
        }
        order.sort_unstable_by(by_value);
        for (&row, worth) in order.iter().zip(&worth) {
            if row < m {
                parts[row] += worth / draws as f64;
            }
        }
        for (total, value) in totals.iter_mut().zip(own) {
            *total += value;
        }
    }
    for (part, cost) in parts.iter_mut().zip(costs) {
        *part /= cost;
    }
    let mut rows: Vec<usize> = (0..m).collect();
    // Of rows that are never among the best, those that come closest on average.
    rows.sort_by(|&a, &b| {
        let closest = totals[b].total_cmp(&totals[a]).then(a.cmp(&b));
        parts[b].total_cmp(&parts[a]).then(closest)
    });
    rows.truncate(q);
    rows.into_iter().map(|row| (row, parts[row])).collect()
}

/// What the places, best first, are worth: the share of the best `k` that one row is, averaged over `k` from 1
/// to `most`, where it is among them.
fn worth(most: usize) -> Vec<f64> {
    let mut worth = vec![0.0; most];
    let mut sum = 0.0;
    for place in (0..most).rev() {
        sum += 1.0 / (place + 1) as f64;
        worth[place] = sum / most as f64;
    }
    worth
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_places_together_are_worth_the_whole() {
        for most in [1, 2, 16] {
            let worth = worth(most);
            assert!((worth.iter().sum::<f64>() - 1.0).abs() < 1e-12);
            assert!(worth.windows(2).all(|pair| pair[0] > pair[1]));
        }
    }

    #[test]
    fn the_likeliest_of_the_best_come_first_however_high_others_may_be() {
        // Row 0 is best in two of three samples; row 1 in one, by far; row 2 is always second; row 3
        // never counts.
        let values = [
            [3.0, 3.0, 0.0],
            [-2.0, -2.0, 99.0],
            [2.0, 2.0, 1.0],
            [-1.0, -1.0, -1.0],
        ];
        let samples = Mat::from_fn(4, 3, |i, j| values[i][j]);
        let none = Mat::zeros(0, 3);
        let rows = |known: &Mat<f64>, q, most, costs: &[f64]| -> Vec<usize> {
            let chosen = best_share(&samples, known, q, most, costs);
            chosen.iter().map(|c| c.0).collect()
        };
        assert_eq!(rows(&none, 2, 1, &[]), vec![0, 1]);
        // A row that is never best, but second in all samples, is worth more than one that is best in one.
        assert_eq!(rows(&none, 2, 3, &[]), vec![0, 2]);
        assert_eq!(rows(&none, 4, 1, &[]), vec![0, 1, 2, 3]);
        assert_eq!(rows(&none, 1, 1, &[9.0, 1.0, 1.0, 1.0]), vec![1]);
        // A known row that is better in the first two samples holds the best place there.
        let known = Mat::from_fn(1, 3, |_, _| 5.0);
        assert_eq!(rows(&known, 1, 1, &[]), vec![1]);
        // What all places are worth is shared out, less what the known row holds.
        let parts: f64 = best_share(&samples, &known, 4, 3, &[])
            .iter()
            .map(|c| c.1)
            .sum();
        let worth = worth(3);
        let held = (2.0 * worth[0] + worth[1]) / 3.0;
        assert!((parts - (1.0 - held)).abs() < 1e-12);
    }
}
