//! Exact optima of natures, for tests and benches; the loop never sees them.

/// The best point of a function, and its value there.
#[derive(Clone, Debug, PartialEq)]
pub struct Optimum {
    /// The point.
    pub point: Vec<f64>,
    /// The value.
    pub value: f64,
}

/// Points of the first, coarse look.
const COARSE: usize = 30_000;
/// How many of them are refined.
const STARTS: usize = 16;
/// Steps shorter than this share of the range end a refinement.
const FINE: f64 = 1e-7;

/// Maximises a function over a box by a Kronecker lattice (Niederreiter, *Random Number Generation
/// and Quasi-Monte Carlo Methods*, SIAM 1992, chapter 3) and compass search (Kolda, Lewis and
/// Torczon, SIAM Review 45 (2003) 385) from its best points.
pub fn maximise_in_box(bounds: &[(f64, f64)], value: impl Fn(&[f64]) -> f64) -> Optimum {
    let n = bounds.len();
    let steps = irrational_steps(n);
    let at = |unit: &[f64]| -> Vec<f64> {
        unit.iter()
            .zip(bounds)
            .map(|(u, (low, high))| low + (high - low) * u)
            .collect()
    };
    let lattice = (1..=COARSE).map(|i| {
        steps
            .iter()
            .map(|step| (0.5 + step * i as f64).fract())
            .collect::<Vec<f64>>()
    });
    let mut starts = best_of(lattice, |unit| value(&at(unit)));
    for start in &mut starts {
        let mut size = 0.05;
        while size > FINE {
            let mut moved = false;
            for axis in 0..n {
                for step in [-size, size] {
                    let mut next = start.1.clone();
                    next[axis] = (next[axis] + step).clamp(0.0, 1.0);
                    moved |= improve(start, next, |unit| value(&at(unit)));
                }
            }
            if !moved {
                size *= 0.5;
            }
        }
    }
    finish(starts, at)
}

/// Maximises a function over the shares of a whole (none negative, sum one), likewise; steps move
/// share from one part to another.
pub fn maximise_on_simplex(parts: usize, value: impl Fn(&[f64]) -> f64) -> Optimum {
    let steps = irrational_steps(parts);
    let lattice = (1..=COARSE).map(|i| {
        let logs: Vec<f64> = steps
            .iter()
            .map(|step| -(1.0 - (0.5 + step * i as f64).fract()).max(1e-12).ln())
            .collect();
        let sum: f64 = logs.iter().sum();
        logs.into_iter().map(|x| x / sum).collect::<Vec<f64>>()
    });
    let mut starts = best_of(lattice, &value);
    for start in &mut starts {
        let mut size = 0.05;
        while size > FINE {
            let mut moved = false;
            for from in 0..parts {
                for to in (0..parts).filter(|to| *to != from) {
                    let mut next = start.1.clone();
                    let step = size.min(next[from]);
                    next[from] -= step;
                    next[to] += step;
                    moved |= improve(start, next, &value);
                }
            }
            if !moved {
                size *= 0.5;
            }
        }
    }
    finish(starts, <[f64]>::to_vec)
}

/// Square roots of primes: steps of a Kronecker lattice.
fn irrational_steps(n: usize) -> Vec<f64> {
    const PRIMES: [f64; 12] = [
        2.0, 3.0, 5.0, 7.0, 11.0, 13.0, 17.0, 19.0, 23.0, 29.0, 31.0, 37.0,
    ];
    (0..n).map(|i| PRIMES[i % 12].sqrt()).collect()
}

fn best_of(
    points: impl Iterator<Item = Vec<f64>>,
    value: impl Fn(&[f64]) -> f64,
) -> Vec<(f64, Vec<f64>)> {
    let mut best: Vec<(f64, Vec<f64>)> = points.map(|point| (value(&point), point)).collect();
    best.sort_by(|a, b| b.0.total_cmp(&a.0));
    best.truncate(STARTS);
    best
}

fn improve(start: &mut (f64, Vec<f64>), next: Vec<f64>, value: impl Fn(&[f64]) -> f64) -> bool {
    let found = value(&next);
    let better = found > start.0;
    if better {
        *start = (found, next);
    }
    better
}

fn finish(starts: Vec<(f64, Vec<f64>)>, at: impl Fn(&[f64]) -> Vec<f64>) -> Optimum {
    starts
        .into_iter()
        .max_by(|a, b| a.0.total_cmp(&b.0))
        .map_or(
            Optimum {
                point: Vec::new(),
                value: f64::NAN,
            },
            |(value, unit)| Optimum {
                point: at(&unit),
                value,
            },
        )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn known_optima_are_found() {
        let hill = maximise_in_box(&[(-2.0, 2.0), (0.0, 3.0)], |p| {
            -(p[0] - 0.7).powi(2) - 3.0 * (p[1] - 1.1).powi(2)
        });
        assert!((hill.point[0] - 0.7).abs() < 1e-5 && (hill.point[1] - 1.1).abs() < 1e-5);
        // The product of shares is largest where all are equal; entropy-weighted at the weights.
        let equal = maximise_on_simplex(3, |p| p.iter().product());
        assert!((equal.value - 1.0 / 27.0).abs() < 1e-9);
        let corner = maximise_on_simplex(3, |p| p[2] - p[0]);
        assert!((corner.point[2] - 1.0).abs() < 1e-6);
    }
}
