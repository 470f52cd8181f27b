//! Derivative-free descent for a few parameters.

/// Steps of one descent.
const STEPS_MAX: usize = 4000;
/// Steps of a first look.
const STEPS_LOOK: usize = 50;

/// Nelder and Mead's simplex (Comput. J. 7 (1965) 308), restarted at its end until a restart gains
/// nothing: a collapsed simplex is not a minimum.
pub(crate) fn minimise(start: &[f64], step: f64, f: &impl Fn(&[f64]) -> f64) -> (Vec<f64>, f64) {
    let mut best = simplex(start, step, STEPS_MAX, f);
    for _ in 0..6 {
        let again = simplex(&best.0, step * 0.3, STEPS_MAX, f);
        let gained = best.1 - again.1;
        if again.1 < best.1 {
            best = again;
        }
        if gained < 1e-10 * (1.0 + best.1.abs()) {
            break;
        }
    }
    best
}

/// Where a start leads after a few steps: enough to tell which are worth a full descent.
pub(crate) fn look(start: &[f64], step: f64, f: &impl Fn(&[f64]) -> f64) -> (Vec<f64>, f64) {
    simplex(start, step, STEPS_LOOK, f)
}

fn simplex(
    start: &[f64],
    step: f64,
    steps_max: usize,
    f: &impl Fn(&[f64]) -> f64,
) -> (Vec<f64>, f64) {
    let n = start.len();
    let value = |x: &[f64]| {
        let v = f(x);
        if v.is_nan() { f64::INFINITY } else { v }
    };
    let mut points: Vec<(Vec<f64>, f64)> = (0..=n)
        .map(|i| {
            let mut x = start.to_vec();
            if i > 0 {
                x[i - 1] += step;
            }
            let v = value(&x);
            (x, v)
        })
        .collect();
    for _ in 0..steps_max {
        points.sort_by(|a, b| a.1.total_cmp(&b.1));
        let spread = points[n].1 - points[0].1;
        let width = (0..n)
            .map(|i| (points[n].0[i] - points[0].0[i]).abs())
            .fold(0.0, f64::max);
        if spread <= 1e-15 * (1.0 + points[0].1.abs()) && width < 1e-9 {
            break;
        }
        let centre: Vec<f64> = (0..n)
            .map(|i| points[..n].iter().map(|p| p.0[i]).sum::<f64>() / n as f64)
            .collect();
        let along = |t: f64| -> (Vec<f64>, f64) {
            let x: Vec<f64> = (0..n)
                .map(|i| centre[i] + t * (points[n].0[i] - centre[i]))
                .collect();
            let v = value(&x);
            (x, v)
        };
        let reflected = along(-1.0);
        if reflected.1 < points[0].1 {
            let expanded = along(-2.0);
            points[n] = if expanded.1 < reflected.1 {
                expanded
            } else {
                reflected
            };
        } else if reflected.1 < points[n - 1].1 {
            points[n] = reflected;
        } else {
            let contracted = if reflected.1 < points[n].1 {
                along(-0.5)
            } else {
                along(0.5)
            };
            if contracted.1 < points[n].1.min(reflected.1) {
                points[n] = contracted;
            } else {
                let best = points[0].0.clone();
                for point in &mut points[1..] {
                    point
                        .0
                        .iter_mut()
                        .zip(&best)
                        .for_each(|(x, b)| *x = b + 0.5 * (*x - b));
                    point.1 = value(&point.0);
                }
            }
        }
    }
    points.sort_by(|a, b| a.1.total_cmp(&b.1));
    points.swap_remove(0)
}

/// Second derivatives by central differences with these steps.
pub(crate) fn curvature(at: &[f64], steps: &[f64], f: &impl Fn(&[f64]) -> f64) -> Vec<f64> {
    let n = at.len();
    let shifted = |moves: &[(usize, f64)]| {
        let mut x = at.to_vec();
        moves.iter().for_each(|(i, by)| x[*i] += by);
        f(&x)
    };
    let here = f(at);
    let mut hessian = vec![0.0; n * n];
    for i in 0..n {
        for j in 0..=i {
            let (hi, hj) = (steps[i], steps[j]);
            let value = if i == j {
                (shifted(&[(i, hi)]) - 2.0 * here + shifted(&[(i, -hi)])) / (hi * hi)
            } else {
                (shifted(&[(i, hi), (j, hj)])
                    - shifted(&[(i, hi), (j, -hj)])
                    - shifted(&[(i, -hi), (j, hj)])
                    + shifted(&[(i, -hi), (j, -hj)]))
                    / (4.0 * hi * hj)
            };
            hessian[i * n + j] = value;
            hessian[j * n + i] = value;
        }
    }
    hessian
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rosenbrock_is_solved() {
        let f = |x: &[f64]| (1.0 - x[0]).powi(2) + 100.0 * (x[1] - x[0] * x[0]).powi(2);
        let (x, value) = minimise(&[-1.2, 1.0], 0.5, &f);
        assert!(value < 1e-14 && (x[0] - 1.0).abs() < 1e-6, "{x:?} {value}");
        let h = curvature(&[1.0, 1.0], &[1e-4, 1e-4], &f);
        assert!(
            (h[0] - 802.0).abs() < 0.1 && (h[1] + 400.0).abs() < 0.1 && (h[3] - 200.0).abs() < 0.1,
            "{h:?}"
        );
    }
}
