//! What is settled once the form of a model is chosen: gross errors, uneven noise, guesses.

use super::Observed;
use super::{FIT_EVALUATIONS, GUESSES_MAX, TRUSTS};
use crate::encode::{Group, Rows};
use crate::gp::{Data, Fit, Trend, fit};
use crate::scatter::{Residuals, Scatter, gross};
use crate::warp::Warp;

/// By how much a change of the noise or a belief in guesses must raise the cross-validated mean log density.
const WORTHWHILE: f64 = 0.02;

/// Sets gross errors aside and lets the noise vary, where that makes the rest better predicted: the rest as
/// a whole, and for varying noise also the share of the values, best first, that the model's form is judged
/// by. Noise that grows towards the best values otherwise blurs them to predict the rest.
pub(super) fn settle_noise(
    data: &mut Data,
    fitted: &mut Fit,
    groups: &[Group],
    judged: f64,
) -> (Option<Scatter>, Vec<usize>) {
    let shape = fitted.kernel.shape;
    let Some(residuals) = Residuals::new(data, fitted) else {
        return (None, Vec::new());
    };
    let again = |data: &Data, fitted: &Fit| -> Option<(Fit, Residuals)> {
        let start = fitted.start(shape);
        let next = fit(data, shape, groups, Some(&start), FIT_EVALUATIONS)?;
        let residuals = Residuals::new(data, &next)?;
        Some((next, residuals))
    };
    let mut outliers = gross(&residuals);
    let mut current = residuals;
    let rest = |outliers: &[usize]| -> Vec<usize> {
        (0..data.values.len())
            .filter(|row| !outliers.contains(row))
            .collect()
    };
    let mut kept = rest(&outliers);
    if !outliers.is_empty() {
        let mut tamed = data.clone();
        for &row in &outliers {
            tamed.noise_known[row] += current.errors[row] * current.errors[row];
        }
        match again(&tamed, fitted) {
            Some((next, residuals))
                if residuals.density(&kept) > current.density(&kept) + WORTHWHILE =>
            {
                (*data, *fitted, current) = (tamed, next, residuals);
            }
            _ => {
                outliers.clear();
                kept = (0..data.values.len()).collect();
            }
        }
    }
    let mut scatter = None;
    if let Some(found) = Scatter::new(data, fitted, &current, &outliers) {
        let mut uneven = data.clone();
        found.apply(&mut uneven, &current);
        let mut best = kept.clone();
        best.sort_by(|&a, &b| data.values[b].total_cmp(&data.values[a]).then(a.cmp(&b)));
        best.truncate(((kept.len() as f64 * judged) as usize).max(4));
        if let Some((next, residuals)) = again(&uneven, fitted)
            && [&kept, &best]
                .iter()
                .all(|rows| residuals.density(rows) > current.density(rows) + WORTHWHILE)
        {
            (*data, *fitted) = (uneven, next);
            scatter = Some(found);
        }
    }
    (scatter, outliers)
}

/// Adds the guesses to the data, as values with an error, where they make the measured values better
/// predicted; the error is the one with which they do most so.
pub(super) fn believe_guesses(
    observed: &Observed,
    warp: &Warp,
    data: &mut Data,
    rows: &[usize],
    fitted: &mut Fit,
    groups: &[Group],
) -> Option<f64> {
    let (points, values) = &observed.guesses;
    if values.is_empty() {
        return None;
    }
    let most = values.len().min(GUESSES_MAX);
    let places: Vec<usize> = (0..most).map(|i| i * values.len() / most).collect();
    let mut best = (WORTHWHILE, None);
    let picked = data.pick(rows);
    for trust in TRUSTS {
        let with = |data: &Data| {
            let mut data = data.clone();
            for &place in &places {
                data.rows.push(points.row(place));
                data.values.push(warp.forward(values[place]));
                data.noise_share.push(0.0);
                let mut point = Rows::new(points.width);
                point.push(points.row(place));
                let terms = data.terms.iter_mut();
                let own = Trend::Edges.terms(groups, &point);
                terms.zip(own).for_each(|(term, own)| term.extend(own));
                data.noise_known.push(trust * trust);
            }
            data
        };
        let shape = fitted.kernel.shape;
        let start = fitted.start(shape);
        let Some(next) = fit(&with(&picked), shape, groups, Some(&start), FIT_EVALUATIONS) else {
            continue;
        };
        let gains: Vec<f64> = next.leave_one_out[..rows.len()]
            .iter()
            .zip(&fitted.leave_one_out)
            .map(|(with, without)| with - without)
            .collect();
        // What the mean gain is at least: two standard errors below it, since few values agree with wrong
        // guesses by chance.
        let n = gains.len() as f64;
        let mean = gains.iter().sum::<f64>() / n;
        let variance = gains.iter().map(|gain| (gain - mean).powi(2)).sum::<f64>() / n;
        let gain = mean - 2.0 * (variance / n).sqrt();
        if gain > best.0 {
            best = (gain, Some((trust, next, with(data))));
        }
    }
    let (trust, next, with) = best.1?;
    (*fitted, *data) = (next, with);
    Some(trust)
}
