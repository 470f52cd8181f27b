//! Values so far beyond all others that they would widen the spread that everything is judged by.

use crate::encode::Group;
use crate::gp::{Exact, Shape, Trend, fit};
use crate::surrogate::{Observed, warped};
use crate::warp::Warp;

/// Fewest values among which one can be far out.
const ROWS_MIN: usize = 8;
/// How far from the median, in the width of the middle four fifths, a value is looked at: too low, and too
/// high, where what looks too good may be what is looked for.
const FAR_LOW: f64 = 10.0;
const FAR_HIGH: f64 = 30.0;
/// Largest share of the values that may be set aside; one always.
const SHARE: f64 = 0.04;
/// Rows that the model of the others is fitted to, at most, and evaluations of its likelihood.
const ROWS: usize = 256;
const EVALUATIONS: usize = 40;
/// The others must be predicted this closely, in their spread, noise included: in a response that isn't
/// smooth anyway one value far out is no error.
const OPEN_LOW: f64 = 0.75;
const OPEN_HIGH: f64 = 0.5;
/// Standard deviations from what the others say that a gross error is off at least.
const OFF: f64 = 8.0;
/// With what error, in the width of the middle values, a value that is set aside is kept.
const KEPT: f64 = 1e3;

/// Takes values that can't belong to the others for what the others say, with an error so large that they
/// say nothing themselves; returns their places. A value is judged by a model of the others alone.
pub(crate) fn set_aside(observed: &mut Observed, groups: &[Group]) -> Vec<usize> {
    let n = observed.values.len();
    if n < ROWS_MIN {
        return Vec::new();
    }
    let mut sorted = observed.values.clone();
    sorted.sort_by(f64::total_cmp);
    let (median, width) = (sorted[n / 2], sorted[n - 1 - n / 10] - sorted[n / 10]);
    if !(width > 0.0 && width.is_finite()) {
        return Vec::new();
    }
    let off = |row: &usize| (observed.values[*row] - median) / width;
    let far = |row: &usize| off(row) < -FAR_LOW || off(row) > FAR_HIGH;
    let mut suspects: Vec<usize> = (0..n).filter(far).collect();
    suspects.sort_by(|a, b| off(b).abs().total_cmp(&off(a).abs()).then(a.cmp(b)));
    suspects.truncate(((n as f64 * SHARE) as usize).max(1));
    if suspects.is_empty() {
        return suspects;
    }
    let others: Vec<usize> = (0..n).filter(|row| !suspects.contains(row)).collect();
    let most = others.len().min(ROWS);
    let others: Vec<usize> = (0..most).map(|i| others[i * others.len() / most]).collect();
    let values: Vec<f64> = others.iter().map(|&row| observed.values[row]).collect();
    let warp = Warp::straight(&values);
    let data = warped(observed, &warp, Trend::Level, groups).pick(&others);
    let fitted = fit(&data, Shape::Radial, groups, None, EVALUATIONS);
    let Some(process) = fitted.and_then(|fitted| Exact::new(&data, &fitted)) else {
        return Vec::new();
    };
    let (means, variances) = process.predict(&observed.rows.pick(&suspects));
    let mut found = Vec::new();
    for (i, &row) in suspects.iter().enumerate() {
        let sd = (variances[i] + process.noise.exp()).sqrt();
        let error = warp.forward(observed.values[row]) - means[i];
        let open = if error < 0.0 { OPEN_LOW } else { OPEN_HIGH };
        if sd < open && error.abs() > OFF * sd {
            observed.values[row] = warp.back(means[i]);
            observed.noise_share[row] = 0.0;
            observed.noise_known[row] = (KEPT * width).powi(2).min(f64::MAX.sqrt());
            found.push(row);
        }
    }
    found.sort_unstable();
    found
}
