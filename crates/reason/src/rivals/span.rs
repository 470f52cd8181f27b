//! What laws expect before any well, all together: where a surrogate beside them is to look.

use super::{Hypothesis, Scratch, columns};
use quantity::Rng;
use rand::RngExt;

/// Settings of each law that are looked at.
const SETTINGS: usize = 128;
/// Share of values at either end that are left out: some settings of some formulas have no bounds.
const OUT: f64 = 0.025;

/// The range of nearly all responses that hypotheses expect at points before any well, each as much as every other. `None`
/// where no parameters determine a response, or all say the same number.
#[must_use]
pub fn span(hypotheses: &[Hypothesis], points: &[Vec<f64>], rng: &mut Rng) -> Option<(f64, f64)> {
    let columns = columns(points);
    let (mut out, mut scratch) = (vec![0.0; points.len()], Scratch::default());
    let mut ends: Vec<(f64, f64)> = Vec::new();
    for law in hypotheses.iter().filter(|own| own.law.is_determined()) {
        let mut values = Vec::with_capacity(SETTINGS * points.len());
        for _ in 0..SETTINGS {
            let places: Vec<f64> = law.parameters.iter().map(|_| rng.random()).collect();
            law.responses(&columns, &places, &mut out, &mut scratch);
            values.extend(out.iter().filter(|value| value.is_finite()));
        }
        if values.is_empty() {
            continue;
        }
        values.sort_by(f64::total_cmp);
        let at = |share: f64| values[((values.len() - 1) as f64 * share).round() as usize];
        ends.push((at(OUT), at(1.0 - OUT)));
    }
    let low = ends.iter().map(|(low, _)| *low).reduce(f64::min)?;
    let high = ends.iter().map(|(_, high)| *high).reduce(f64::max)?;
    (high > low).then_some((low, high))
}
