//! The rival that nobody wrote down: the best law, plus a smooth deviation that it does not know.
//!
//! What misses is a Gaussian process over the space, of a size worth knowing of and of any of a few reaches. Both it
//! and the law alone are weighed with the law's parameters integrated out round their estimate (Laplace's
//! approximation: O'Hagan, J. R. Stat. Soc. B 40 (1978) 1; Kennedy and O'Hagan, J. R. Stat. Soc. B 63 (2001) 425). So
//! a law is certain only once wells lie where a deviation would have shown, and wells that lie there are
//! what choosing points asks for.

use super::noise::Noise;
use super::{Datum, Hypothesis, Scratch, columns};
use crate::matrix::{Lower, Square, dot};
use quantity::Rng;

/// How probable it is before any well that none of the hypotheses holds.
pub const NONE_PRIOR: f64 = 0.05;
/// Sizes of a deviation, of what responses span. One smaller than the least of them is not looked for here.
const SIZES: [f64; 5] = [0.025, 0.05, 0.1, 0.2, 0.4];
/// How far it reaches, of the range of a factor.
const REACHES: [f64; 3] = [0.15, 0.3, 0.6];
/// Standard deviation of a parameter's place in its range beforehand: that of an even spread over [0, 1].
const PLACE_SD: f64 = 0.288_675;
/// Step of differences in places.
const STEP: f64 = 1e-3;
/// Error of either end of the scale of a plate, of what responses span: the dozen control wells that set each err by some
/// 5 %, and all wells of the plate with them.
const PLATE: f64 = 0.015;
/// Points above which only every second, third … is looked at.
const POINTS_MAX: usize = 240;

/// What is known of a deviation.
#[derive(Clone, Debug)]
pub(super) struct Deviation {
    /// Logarithm of how much better data are foretold with it than without.
    pub log_factor: f64,
    ranges: Vec<(f64, f64)>,
    points: Vec<Vec<f64>>,
    residuals: Vec<f64>,
    noise: Square,
    /// Size, reach and share of each kind of deviation.
    kinds: Vec<(f64, f64, f64)>,
}

/// Wells of one point of a plate together.
struct Pooled {
    point: Vec<f64>,
    plate: usize,
    mean: f64,
    precision: f64,
}

/// Weighted means of wells of one point, plate by plate.
fn pooled(data: &[Datum], plates: &[usize]) -> Vec<Pooled> {
    let mut order: Vec<(&Datum, usize)> = data.iter().zip(plates.iter().copied()).collect();
    order.sort_by(|(a, own), (b, other)| {
        let each = a.x.iter().zip(&b.x).map(|(a, b)| a.total_cmp(b));
        let by_point = each.fold(std::cmp::Ordering::Equal, std::cmp::Ordering::then);
        by_point.then(own.cmp(other))
    });
    let groups = order.chunk_by(|(a, own), (b, other)| a.x == b.x && own == other);
    let all = groups.map(|group| {
        let precision: f64 = group.iter().map(|(d, _)| d.sd.powi(-2)).sum();
        let sum: f64 = group.iter().map(|(d, _)| d.sd.powi(-2) * d.y).sum();
        Pooled {
            point: group[0].0.x.clone(),
            plate: group[0].1,
            mean: sum / precision,
            precision,
        }
    });
    let all: Vec<Pooled> = all.collect();
    let step = all.len().div_ceil(POINTS_MAX).max(1);
    all.into_iter().step_by(step).collect()
}

impl Deviation {
    /// Weighs a deviation from a law with parameters at `places`. `scale` is the variance of wells over what was
    /// stated; `learned` are errors that were learned with it; `plates` says which data share a plate. `None` without data, or where the law has no value.
    pub(super) fn weigh(
        law: &Hypothesis,
        learned: Option<&Noise>,
        places: &[f64],
        (data, plates): (&[Datum], &[usize]),
        scale: f64,
        ranges: &[(f64, f64)],
    ) -> Option<Self> {
        let rows = pooled(data, plates);
        let n = rows.len();
        if n < 2 {
            return None;
        }
        let points: Vec<Vec<f64>> = rows.iter().map(|row| row.point.clone()).collect();
        let means: Vec<f64> = rows.iter().map(|row| row.mean).collect();
        let columns = columns(&points);
        let mut scratch = Scratch::default();
        let mut respond = |places: &[f64]| {
            if let Some(noise) = learned {
                return noise.moments(law, &columns, places, &mut scratch).means;
            }
            let mut out = vec![0.0; n];
            law.responses(&columns, places, &mut out, &mut scratch);
            out
        };
        let centre = respond(places);
        let residuals: Vec<f64> = means.iter().zip(&centre).map(|(y, f)| y - f).collect();
        let low = means.iter().copied().fold(f64::INFINITY, f64::min);
        let high = means.iter().copied().fold(f64::NEG_INFINITY, f64::max);
        let span = high - low;
        if !(residuals.iter().all(|r| r.is_finite()) && span > 0.0) {
            return None;
        }
        // Errors of wells, of the ends of a plate's scale, and what open parameters leave open.
        let mut noise = Square::zero(n);
        for (at, row) in rows.iter().enumerate() {
            noise.add(at, at, scale / row.precision + 1e-12 * span * span);
        }
        let up: Vec<f64> = centre
            .iter()
            .map(|f| ((f - low) / span).clamp(0.0, 1.0))
            .collect();
        for i in 0..n {
            for j in (0..n).filter(|j| rows[*j].plate == rows[i].plate) {
                let shared = up[i] * up[j] + (1.0 - up[i]) * (1.0 - up[j]);
                noise.add(i, j, (PLATE * span).powi(2) * shared);
            }
        }
        for parameter in 0..law.parameters.len() {
            let at = |place: f64| {
                let mut moved = places.to_vec();
                moved[parameter] = place.clamp(0.0, 1.0);
                moved
            };
            let (above, below) = (at(places[parameter] + STEP), at(places[parameter] - STEP));
            let width = above[parameter] - below[parameter];
            let (up, down) = (respond(&above), respond(&below));
            let slope: Vec<f64> = up
                .iter()
                .zip(&down)
                .map(|(up, down)| PLACE_SD * (up - down) / width)
                .collect();
            if slope.iter().all(|s| s.is_finite()) {
                for i in 0..n {
                    for j in 0..n {
                        noise.add(i, j, slope[i] * slope[j]);
                    }
                }
            }
        }
        let log_density = |covariance: &Square| {
            let factor = Lower::of(covariance.a.clone(), n)?;
            let mut reduced = residuals.clone();
            factor.forward(&mut reduced);
            Some(-0.5 * (dot(&reduced, &reduced) + factor.log_determinant()))
        };
        let alone = log_density(&noise)?;
        let mut found = Self {
            log_factor: 0.0,
            ranges: ranges.to_vec(),
            points,
            residuals: residuals.clone(),
            noise: noise.clone(),
            kinds: Vec::new(),
        };
        let mut logs = Vec::new();
        for reach in REACHES {
            for size in SIZES {
                let size = size * span;
                let kernel = found.kernel(&found.points, &found.points, size, reach);
                let mut whole = noise.clone();
                for (own, k) in whole.a.iter_mut().zip(kernel) {
                    *own += k;
                }
                if let Some(log) = log_density(&whole) {
                    logs.push(log - alone);
                    found.kinds.push((size, reach, 0.0));
                }
            }
        }
        let top = logs.iter().copied().fold(f64::NEG_INFINITY, f64::max);
        let sum: f64 = logs.iter().map(|log| (log - top).exp()).sum();
        for (kind, log) in found.kinds.iter_mut().zip(&logs) {
            kind.2 = (log - top).exp() / sum;
        }
        found.log_factor = top + (sum / logs.len() as f64).ln();
        found.log_factor.is_finite().then_some(found)
    }

    /// How probable it is that none of the hypotheses holds.
    pub(super) fn share(&self) -> f64 {
        let odds = (NONE_PRIOR / (1.0 - NONE_PRIOR)).ln() + self.log_factor;
        1.0 / (1.0 + (-odds).exp())
    }

    fn kernel(&self, a: &[Vec<f64>], b: &[Vec<f64>], size: f64, reach: f64) -> Vec<f64> {
        let mut all = Vec::with_capacity(a.len() * b.len());
        for one in a {
            for other in b {
                let square: f64 = one
                    .iter()
                    .zip(other)
                    .zip(&self.ranges)
                    .map(|((x, y), (low, high))| ((x - y) / ((high - low) * reach)).powi(2))
                    .sum();
                all.push(size * size * (-0.5 * square).exp());
            }
        }
        all
    }

    /// Deviations drawn at points, given the data.
    pub(super) fn draw(&self, at: &[Vec<f64>], count: usize, rng: &mut Rng) -> Vec<Vec<f64>> {
        let (n, m) = (self.points.len(), at.len());
        let mut drawn = Vec::with_capacity(count);
        let mut passed = 0.0;
        for (place, (size, reach, share)) in self.kinds.iter().enumerate() {
            passed += share;
            let end = if place + 1 == self.kinds.len() {
                count
            } else {
                (passed * count as f64).round() as usize
            };
            let wanted = end.saturating_sub(drawn.len());
            if wanted == 0 {
                continue;
            }
            let mut whole = self.noise.clone();
            let own = self.kernel(&self.points, &self.points, *size, *reach);
            for (sum, k) in whole.a.iter_mut().zip(own) {
                *sum += k;
            }
            let across = self.kernel(at, &self.points, *size, *reach);
            let mut left = self.kernel(at, at, *size, *reach);
            let mut mean = vec![0.0; m];
            if let Some((inverse, _)) = whole.inverse() {
                let weights = inverse.times(&self.residuals);
                for i in 0..m {
                    let row = &across[i * n..(i + 1) * n];
                    mean[i] = row.iter().zip(&weights).map(|(k, w)| k * w).sum();
                    let projected = inverse.times(row);
                    for j in 0..m {
                        let other = &across[j * n..(j + 1) * n];
                        left[i * m + j] -=
                            projected.iter().zip(other).map(|(p, k)| p * k).sum::<f64>();
                    }
                }
            }
            let root = factor(&mut left, m, 1e-8 * size * size);
            for _ in 0..wanted {
                let errors: Vec<f64> = (0..m).map(|_| super::choose::normal(rng)).collect();
                let draw = (0..m).map(|i| {
                    let row = &root[i * m..=i * m + i];
                    mean[i] + row.iter().zip(&errors).map(|(l, e)| l * e).sum::<f64>()
                });
                drawn.push(draw.collect());
            }
        }
        drawn
    }
}

/// The lower Cholesky factor; what rounding made negative counts as `least`.
fn factor(a: &mut [f64], n: usize, least: f64) -> &[f64] {
    for j in 0..n {
        for k in 0..j {
            let ljk = a[j * n + k];
            for i in j..n {
                a[i * n + j] -= a[i * n + k] * ljk;
            }
        }
        let root = a[j * n + j].max(least).sqrt();
        for i in j..n {
            a[i * n + j] /= root;
        }
        a[j * n + j] = root;
    }
    a
}
