//! Damped Newton descent with an exact Hessian.

use crate::linear::solve_spd;

/// The most steps of one descent.
const STEPS_MAX: usize = 500;
/// A step that lowers the objective by less than this share is the last.
const GAIN_MIN: f64 = 1e-15;
/// Damping beyond which no step helps.
const DAMPING_MAX: f64 = 1e12;
/// Parameters don't move further than this in one step (they are logarithms and exponents).
const MOVE_MAX: f64 = 2.0;

/// Value, gradient and Hessian (row-major) at a point.
pub(crate) struct Local {
    pub value: f64,
    pub gradient: Vec<f64>,
    pub hessian: Vec<f64>,
}

/// Descends from `start`; gives the point and its value.
pub(crate) fn minimise(
    start: &[f64],
    value: impl Fn(&[f64]) -> f64,
    local: impl Fn(&[f64]) -> Local,
) -> (Vec<f64>, f64) {
    let n = start.len();
    let mut at = start.to_vec();
    let mut here = local(&at);
    let mut damping = 1e-3;
    let mut stalled = 0;
    for _ in 0..STEPS_MAX {
        if !here.value.is_finite() {
            break;
        }
        let trace = (0..n)
            .map(|i| here.hessian[i * n + i].abs())
            .fold(1e-300, f64::max);
        let mut moved = false;
        while damping < DAMPING_MAX {
            let mut matrix = here.hessian.clone();
            for i in 0..n {
                let own = here.hessian[i * n + i].abs().max(trace * 1e-9);
                matrix[i * n + i] += damping * own;
            }
            let right: Vec<f64> = here.gradient.iter().map(|g| -g).collect();
            if let Some(mut step) = solve_spd(&matrix, &right) {
                let longest = step.iter().fold(0.0_f64, |m, s| m.max(s.abs()));
                if longest > MOVE_MAX {
                    step.iter_mut().for_each(|s| *s *= MOVE_MAX / longest);
                }
                let next: Vec<f64> = at.iter().zip(&step).map(|(x, s)| x + s).collect();
                let reached = value(&next);
                if reached < here.value {
                    let gain = (here.value - reached) / here.value.abs().max(1e-300);
                    at = next;
                    here = local(&at);
                    damping = (damping * 0.2).max(1e-14);
                    moved = true;
                    stalled = if gain < GAIN_MIN { stalled + 1 } else { 0 };
                    break;
                }
            }
            damping *= 6.0;
        }
        if !moved || stalled > 2 {
            break;
        }
    }
    (at, here.value)
}
