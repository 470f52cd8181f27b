//! Minimising a smooth function in a box.

use std::collections::VecDeque;

/// Curvature pairs that are kept.
const MEMORY: usize = 24;
/// Share of the predicted decrease that a step must achieve (Armijo).
const DECREASE: f64 = 1e-4;
/// Steps in a row that gain too little, after which the search ends: one may be short by chance.
const SMALL_STEPS: usize = 2;
/// Halvings of a step before the search ends.
const HALVINGS: usize = 25;

/// A minimum found, and its value.
#[derive(Clone, Debug)]
pub(crate) struct Minimum {
    pub x: Vec<f64>,
    pub value: f64,
    /// How the function was seen to bend on the way.
    pub bending: Bending,
}

/// How a function bends: steps, the differences of the gradient along them, and one over their product.
#[derive(Clone, Debug, Default)]
pub(crate) struct Bending(VecDeque<(Vec<f64>, Vec<f64>, f64)>);

impl Bending {
    /// For a function that is so many times as large, and has `more` variables from place `at` on.
    pub(crate) fn grown(&self, factor: f64, at: usize, more: usize) -> Bending {
        let wider = |all: &[f64], factor: f64| {
            let mut out: Vec<f64> = all.iter().map(|x| factor * x).collect();
            out.splice(at..at, std::iter::repeat_n(0.0, more));
            out
        };
        let pairs = self.0.iter();
        Bending(
            pairs
                .map(|(s, y, rho)| (wider(s, 1.0), wider(y, factor), rho / factor))
                .collect(),
        )
    }
}

/// Minimises by projected L-BFGS from `start`: quasi-Newton steps (Nocedal and Wright, Numerical
/// Optimization (2006), algorithm 7.4) on the variables that aren't held at a bound, with a
/// backtracking search along the projected path (Bertsekas, SIAM J. Control Optim. 20 (1982) 221).
///
/// `function` writes the gradient and returns the value; a value that isn't finite is treated as
/// worse than any other. Ends after `evaluations`, or when steps gain less than `tolerance`. `bending` is
/// what is known of how it bends.
pub(crate) fn minimise_in_box(
    mut function: impl FnMut(&[f64], &mut [f64]) -> f64,
    start: &[f64],
    low: &[f64],
    high: &[f64],
    evaluations: usize,
    tolerance: f64,
    Bending(mut pairs): Bending,
) -> Minimum {
    let n = start.len();
    let mut x: Vec<f64> = (0..n).map(|i| start[i].clamp(low[i], high[i])).collect();
    let mut gradient = vec![0.0; n];
    let mut value = function(&x, &mut gradient);
    let (mut used, mut small) = (1, 0);
    let (mut next, mut next_gradient) = (vec![0.0; n], vec![0.0; n]);
    while value.is_finite() && used < evaluations {
        let held: Vec<bool> = (0..n)
            .map(|i| {
                (x[i] <= low[i] && gradient[i] > 0.0) || (x[i] >= high[i] && gradient[i] < 0.0)
            })
            .collect();
        let mut direction: Vec<f64> = (0..n)
            .map(|i| if held[i] { 0.0 } else { -gradient[i] })
            .collect();
        let steepest = direction.clone();
        two_loops(&pairs, &mut direction);
        for i in 0..n {
            if held[i] {
                direction[i] = 0.0;
            }
        }
        let mut slope = dot(&direction, &gradient);
        if slope >= 0.0 || !slope.is_finite() {
            direction = steepest;
            slope = dot(&direction, &gradient);
            pairs.clear();
        }
        if slope >= 0.0 || !slope.is_finite() {
            break;
        }
        // Without curvature the length of the gradient says nothing: begin with a step of a tenth of
        // the box, or less.
        let mut step = if pairs.is_empty() {
            let largest = (0..n)
                .map(|i| direction[i].abs() / (high[i] - low[i]).max(f64::MIN_POSITIVE))
                .fold(0.0, f64::max);
            (0.1 / largest).min(1.0)
        } else {
            1.0
        };
        let mut moved = false;
        for _ in 0..HALVINGS {
            for i in 0..n {
                next[i] = (x[i] + step * direction[i]).clamp(low[i], high[i]);
            }
            let gain: f64 = (0..n).map(|i| gradient[i] * (next[i] - x[i])).sum();
            let found = function(&next, &mut next_gradient);
            used += 1;
            if found.is_finite() && found <= value + DECREASE * gain && gain < 0.0 {
                moved = true;
                let s: Vec<f64> = (0..n).map(|i| next[i] - x[i]).collect();
                let y: Vec<f64> = (0..n).map(|i| next_gradient[i] - gradient[i]).collect();
                let curvature = dot(&s, &y);
                if curvature > 1e-12 * dot(&y, &y) {
                    if pairs.len() == MEMORY {
                        pairs.pop_front();
                    }
                    pairs.push_back((s, y, curvature.recip()));
                }
                let gained = value - found;
                value = found;
                std::mem::swap(&mut x, &mut next);
                std::mem::swap(&mut gradient, &mut next_gradient);
                small = if gained < tolerance { small + 1 } else { 0 };
                if small == SMALL_STEPS {
                    let bending = Bending(pairs);
                    return Minimum { x, value, bending };
                }
                break;
            }
            if used >= evaluations {
                break;
            }
            step *= if found.is_finite() { 0.4 } else { 0.1 };
        }
        if !moved {
            if pairs.is_empty() {
                break;
            }
            pairs.clear();
        }
    }
    let bending = Bending(pairs);
    Minimum { x, value, bending }
}

fn two_loops(pairs: &VecDeque<(Vec<f64>, Vec<f64>, f64)>, direction: &mut [f64]) {
    let Some((s, y, _)) = pairs.back() else {
        return;
    };
    let scale = dot(s, y) / dot(y, y);
    let mut alphas = vec![0.0; pairs.len()];
    for (alpha, (s, y, rho)) in alphas.iter_mut().zip(pairs).rev() {
        *alpha = rho * dot(s, direction);
        for (d, y) in direction.iter_mut().zip(y) {
            *d -= *alpha * y;
        }
    }
    direction.iter_mut().for_each(|d| *d *= scale);
    for (alpha, (s, y, rho)) in alphas.iter().zip(pairs) {
        let beta = rho * dot(y, direction);
        for (d, s) in direction.iter_mut().zip(s) {
            *d += (alpha - beta) * s;
        }
    }
}

fn dot(a: &[f64], b: &[f64]) -> f64 {
    a.iter().zip(b).map(|(x, y)| x * y).sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rosenbrock(x: &[f64], g: &mut [f64]) -> f64 {
        let (a, b) = (1.0 - x[0], x[1] - x[0] * x[0]);
        g[0] = -2.0 * a - 400.0 * x[0] * b;
        g[1] = 200.0 * b;
        a * a + 100.0 * b * b
    }

    #[test]
    fn finds_the_bottom_of_a_valley() {
        let found = minimise_in_box(
            rosenbrock,
            &[-1.2, 1.0],
            &[-2.0; 2],
            &[2.0; 2],
            200,
            1e-14,
            Bending::default(),
        );
        assert!(found.value < 1e-10, "{found:?}");
    }

    #[test]
    fn stops_at_a_bound() {
        let found = minimise_in_box(
            rosenbrock,
            &[-1.2, 0.3],
            &[-2.0; 2],
            &[0.5; 2],
            200,
            1e-14,
            Bending::default(),
        );
        assert!(
            (found.x[0] - 0.5).abs() < 1e-6 && (found.x[1] - 0.25).abs() < 1e-6,
            "{found:?}"
        );
    }

    #[test]
    fn survives_values_that_are_not_numbers() {
        let hole = |x: &[f64], g: &mut [f64]| {
            g[0] = 2.0 * (x[0] - 0.5);
            if x[0] > 0.4 {
                f64::NAN
            } else {
                (x[0] - 0.5).powi(2)
            }
        };
        let found = minimise_in_box(hole, &[0.0], &[-1.0], &[1.0], 100, 0.0, Bending::default());
        assert!(found.x[0] <= 0.4 && found.value.is_finite());
    }
}
