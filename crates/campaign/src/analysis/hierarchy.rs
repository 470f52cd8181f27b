//! Several things that were measured with known errors, and how different they truly are.
//!
//! The normal hierarchical model: each measured value is a true one plus an error of known size, and the true
//! ones are normal around a common mean, with a spread that is not known (Gelman et al., *Bayesian
//! Data Analysis*, 3rd ed., 2013, section 5.4). The mean has a flat prior, the spread a half-Cauchy one
//! as wide as the errors (Gelman, Bayesian Anal. 1 (2006) 515), and is averaged over, not guessed.
//!
//! Whoever takes the best of several posterior means is not fooled by the luckiest of them: where
//! the values differ by no more than their errors explain, all are drawn to the mean.

/// Spreads over which is averaged.
const GRID: usize = 400;
/// The greatest spread that is looked at, over the range of the values and their errors together.
const WIDEST: f64 = 10.0;

/// What several measured values say together.
#[derive(Clone, Debug, PartialEq)]
pub struct Hierarchy {
    /// Posterior mean and standard deviation of each true value.
    pub values: Vec<(f64, f64)>,
    /// Posterior mean of the square of the true spread.
    pub variance: f64,
}

/// Values with the standard deviations of their errors, which are above zero. Nothing of less than two.
#[must_use]
pub fn hierarchy(values: &[f64], errors: &[f64]) -> Option<Hierarchy> {
    let count = values.len();
    let sound = |error: &f64| *error > 0.0 && error.is_finite();
    if count < 2 || errors.len() != count || !errors.iter().all(sound) {
        return None;
    }
    let scale = (errors.iter().map(|e| e * e).sum::<f64>() / count as f64).sqrt();
    let low = values.iter().copied().fold(f64::INFINITY, f64::min);
    let high = values.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    // Even steps of the angle are even steps of a half-Cauchy prior.
    let last = (WIDEST * (high - low + scale) / scale).atan();
    let mut rows = Vec::with_capacity(GRID);
    for step in 0..GRID {
        let spread = scale * (last * (step as f64 + 0.5) / GRID as f64).tan();
        let variance = spread * spread;
        let weights = errors.iter().map(|e| 1.0 / (e * e + variance));
        let (mut sum, mut weighed, mut log) = (0.0, 0.0, 0.0);
        for (weight, value) in weights.zip(values) {
            sum += weight;
            weighed += weight * value;
            log += 0.5 * weight.ln();
        }
        let mean = weighed / sum;
        for (error, value) in errors.iter().zip(values) {
            log -= 0.5 * (value - mean).powi(2) / (error * error + variance);
        }
        rows.push((log - 0.5 * sum.ln(), variance, mean, 1.0 / sum));
    }
    let most = rows.iter().map(|row| row.0).fold(f64::MIN, f64::max);
    let mut total = 0.0;
    let mut variance_sum = 0.0;
    let mut moments = vec![(0.0, 0.0); count];
    for (log, variance, mean, mean_variance) in rows {
        let weight = (log - most).exp();
        total += weight;
        variance_sum += weight * variance;
        for (moment, (value, error)) in moments.iter_mut().zip(values.iter().zip(errors)) {
            let drawn = error * error / (error * error + variance);
            let centre = value + drawn * (mean - value);
            let spread = (1.0 - drawn) * error * error + drawn * drawn * mean_variance;
            moment.0 += weight * centre;
            moment.1 += weight * (spread + centre * centre);
        }
    }
    let values = moments
        .into_iter()
        .map(|(first, second)| {
            let mean = first / total;
            (mean, (second / total - mean * mean).max(0.0).sqrt())
        })
        .collect();
    Some(Hierarchy {
        values,
        variance: variance_sum / total,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use quantity::Seed;
    use rand::RngExt;

    fn normal(rng: &mut quantity::Rng) -> f64 {
        (0..12).map(|_| rng.random::<f64>()).sum::<f64>() - 6.0
    }

    #[test]
    fn what_differs_clearly_is_left_alone_and_what_does_not_is_drawn_together() {
        let far = hierarchy(&[1.0, 5.0, 9.0], &[0.01; 3]).unwrap();
        for ((mean, sd), value) in far.values.iter().zip([1.0, 5.0, 9.0]) {
            assert!(
                (mean - value).abs() < 1e-3 && (sd - 0.01).abs() < 1e-3,
                "{mean} {sd}"
            );
        }
        let near = hierarchy(&[4.9, 5.0, 5.1], &[1.0; 3]).unwrap();
        for (mean, sd) in &near.values {
            // The error of a mean of three is 0.58; a spread that can't be excluded adds to it.
            assert!(
                (mean - 5.0).abs() < 0.06 && (0.58..1.0).contains(sd),
                "{mean} {sd}"
            );
        }
        assert_eq!(hierarchy(&[1.0], &[1.0]), None);
        assert_eq!(hierarchy(&[1.0, 2.0], &[1.0, 0.0]), None);
    }

    #[test]
    fn the_best_of_several_is_within_its_interval_as_often_as_it_says() {
        // Whatever the true spread, from none to several times the error.
        for spread in [0.0, 0.3, 1.0, 3.0] {
            let mut rng = Seed(11).derive("best", (10.0 * spread) as u64).rng();
            let (mut within, mut bias) = (0, 0.0);
            const RUNS: u32 = 2000;
            for _ in 0..RUNS {
                let truth: Vec<f64> = (0..5).map(|_| spread * normal(&mut rng)).collect();
                let seen: Vec<f64> = truth.iter().map(|t| t + normal(&mut rng)).collect();
                let told = hierarchy(&seen, &[1.0; 5]).unwrap();
                let best = (0..5)
                    .max_by(|a, b| told.values[*a].0.total_cmp(&told.values[*b].0))
                    .unwrap();
                let (mean, sd) = told.values[best];
                within += u32::from((mean - truth[best]).abs() <= 1.96 * sd);
                bias += (mean - truth[best]) / f64::from(RUNS);
            }
            let share = f64::from(within) / f64::from(RUNS);
            // Of 95; with a spread of three errors the prior draws together a little too hard.
            assert!((0.91..=1.0).contains(&share), "{spread}: {share}");
            // The best as it was seen is 1.16 too good where nothing truly differs.
            assert!(bias.abs() < 0.45, "{spread}: {bias}");
        }
    }
}
