//! Functions that nothing in the engine was chosen on, written from their published definitions: Surjanovic and Bingham,
//! Virtual Library of Simulation Experiments (2013), unless another source is named. Those whose lowest point
//! lies in the middle of the box are shifted.

use std::f64::consts::PI;

/// Shekel's foxholes with ten holes, on 0 to 10 four times; the lowest is -10.5364.
pub fn shekel(x: &[f64]) -> f64 {
    const HOLES: [[f64; 4]; 10] = [
        [4.0, 4.0, 4.0, 4.0],
        [1.0, 1.0, 1.0, 1.0],
        [8.0, 8.0, 8.0, 8.0],
        [6.0, 6.0, 6.0, 6.0],
        [3.0, 7.0, 3.0, 7.0],
        [2.0, 9.0, 2.0, 9.0],
        [5.0, 5.0, 3.0, 3.0],
        [8.0, 1.0, 8.0, 1.0],
        [6.0, 2.0, 6.0, 2.0],
        [7.0, 3.6, 7.0, 3.6],
    ];
    const WIDTHS: [f64; 10] = [0.1, 0.2, 0.2, 0.4, 0.4, 0.6, 0.3, 0.7, 0.5, 0.5];
    let holes = HOLES.iter().zip(WIDTHS);
    -holes
        .map(|(hole, width)| {
            let square = x.iter().zip(hole).map(|(x, c)| (x - c).powi(2));
            (square.sum::<f64>() + width).recip()
        })
        .sum::<f64>()
}

/// Hartmann's function of three factors, on 0 to 1; the lowest is -3.86278.
pub fn hartmann_of_3(x: &[f64]) -> f64 {
    const A: [[f64; 3]; 4] = [
        [3.0, 10.0, 30.0],
        [0.1, 10.0, 35.0],
        [3.0, 10.0, 30.0],
        [0.1, 10.0, 35.0],
    ];
    const P: [[f64; 3]; 4] = [
        [0.3689, 0.1170, 0.2673],
        [0.4699, 0.4387, 0.7470],
        [0.1091, 0.8732, 0.5547],
        [0.0381, 0.5743, 0.8828],
    ];
    let weights = [1.0, 1.2, 3.0, 3.2];
    -(0..4)
        .map(|k| {
            let square = (0..3).map(|i| A[k][i] * (x[i] - P[k][i]).powi(2));
            weights[k] * (-square.sum::<f64>()).exp()
        })
        .sum::<f64>()
}

/// The six-hump camel back, on -3 to 3 and -2 to 2; the lowest is -1.0316.
pub fn camel(x: &[f64]) -> f64 {
    let (a, b) = (x[0] * x[0], x[1] * x[1]);
    (4.0 - 2.1 * a + a * a / 3.0) * a + x[0] * x[1] + (4.0 * b - 4.0) * b
}

/// Cosine mixture (Ali, Khompatraporn and Zabinsky, J. Global Optim. 31 (2005) 635), on -1 to 1, shifted; the
/// lowest is -0.1 a factor.
pub fn cosines(x: &[f64]) -> f64 {
    shifted(x, 0.6)
        .map(|x| x * x - 0.1 * (5.0 * PI * x).cos())
        .sum()
}

/// Rastrigin's function, on -5.12 to 5.12, shifted; the lowest is 0.
pub fn rastrigin(x: &[f64]) -> f64 {
    shifted(x, 3.5)
        .map(|x| 10.0 + x * x - 10.0 * (2.0 * PI * x).cos())
        .sum()
}

/// A point moved, each factor by another part of `most` either way.
fn shifted(x: &[f64], most: f64) -> impl Iterator<Item = f64> {
    x.iter()
        .enumerate()
        .map(move |(i, x)| x - most * (2.3 * i as f64 + 0.7).cos())
}
