//! Functions that the engine was made better on, from their published definitions.

use std::f64::consts::{PI, TAU};

pub fn hartmann(x: &[f64]) -> f64 {
    const A: [[f64; 6]; 4] = [
        [10.0, 3.0, 17.0, 3.5, 1.7, 8.0],
        [0.05, 10.0, 17.0, 0.1, 8.0, 14.0],
        [3.0, 3.5, 1.7, 10.0, 17.0, 8.0],
        [17.0, 8.0, 0.05, 10.0, 0.1, 14.0],
    ];
    const P: [[f64; 6]; 4] = [
        [1312.0, 1696.0, 5569.0, 124.0, 8283.0, 5886.0],
        [2329.0, 4135.0, 8307.0, 3736.0, 1004.0, 9991.0],
        [2348.0, 1451.0, 3522.0, 2883.0, 3047.0, 6650.0],
        [4047.0, 8828.0, 8732.0, 5743.0, 1091.0, 381.0],
    ];
    let weights = [1.0, 1.2, 3.0, 3.2];
    -(0..4)
        .map(|k| {
            weights[k]
                * (-(0..6)
                    .map(|i| A[k][i] * (x[i] - 1e-4 * P[k][i]).powi(2))
                    .sum::<f64>())
                .exp()
        })
        .sum::<f64>()
}

pub fn ackley(x: &[f64]) -> f64 {
    let d = x.len() as f64;
    let square = x.iter().map(|x| x * x).sum::<f64>() / d;
    let cosine = x.iter().map(|x| (TAU * x).cos()).sum::<f64>() / d;
    -20.0 * (-0.2 * square.sqrt()).exp() - cosine.exp() + 20.0 + 1_f64.exp()
}

pub fn levy(x: &[f64]) -> f64 {
    let w: Vec<f64> = x.iter().map(|x| 1.0 + (x - 1.0) / 4.0).collect();
    let last = w[w.len() - 1];
    (PI * w[0]).sin().powi(2)
        + w[..w.len() - 1]
            .iter()
            .map(|w| (w - 1.0).powi(2) * (1.0 + 10.0 * (PI * w + 1.0).sin().powi(2)))
            .sum::<f64>()
        + (last - 1.0).powi(2) * (1.0 + (TAU * last).sin().powi(2))
}

pub fn branin(x: &[f64]) -> f64 {
    let (b, c, t) = (5.1 / (4.0 * PI * PI), 5.0 / PI, 1.0 / (8.0 * PI));
    (x[1] - b * x[0] * x[0] + c * x[0] - 6.0).powi(2) + 10.0 * (1.0 - t) * x[0].cos() + 10.0
}

pub fn rosenbrock(x: &[f64]) -> f64 {
    x.windows(2)
        .map(|w| 100.0 * (w[1] - w[0] * w[0]).powi(2) + (1.0 - w[0]).powi(2))
        .sum()
}

pub fn griewank(x: &[f64]) -> f64 {
    let square = x.iter().map(|x| x * x).sum::<f64>() / 4_000.0;
    let waves = x.iter().enumerate();
    1.0 + square
        - waves
            .map(|(i, x)| (x / (i as f64 + 1.0).sqrt()).cos())
            .product::<f64>()
}

pub fn styblinski(x: &[f64]) -> f64 {
    x.iter()
        .map(|x| 0.5 * (x.powi(4) - 16.0 * x * x + 5.0 * x))
        .sum()
}

pub fn michalewicz(x: &[f64]) -> f64 {
    let each = x.iter().enumerate();
    -each
        .map(|(i, x)| x.sin() * ((i as f64 + 1.0) * x * x / PI).sin().powi(20))
        .sum::<f64>()
}

pub fn schwefel(x: &[f64]) -> f64 {
    418.982_887_272_433_8 * x.len() as f64 - x.iter().map(|x| x * x.abs().sqrt().sin()).sum::<f64>()
}

/// A quadratic bowl out of the middle, ten times as steep along its last axis as along its first, mirrored so that
/// no axis is a factor's.
pub fn ellipsoid(x: &[f64]) -> f64 {
    let d = x.len() as f64;
    let normal: Vec<f64> = (0..x.len()).map(|i| (1.7 * i as f64 + 0.5).sin()).collect();
    let long = normal.iter().map(|n| n * n).sum::<f64>();
    let from: Vec<f64> = x
        .iter()
        .enumerate()
        .map(|(i, x)| x - 0.5 - 0.3 * (2.3 * i as f64).cos())
        .collect();
    let along = 2.0 * from.iter().zip(&normal).map(|(a, b)| a * b).sum::<f64>() / long;
    let turned = from.iter().zip(&normal).map(|(a, b)| a - along * b);
    turned
        .enumerate()
        .map(|(i, y)| 10_f64.powf(i as f64 / (d - 1.0)) * y * y)
        .sum()
}

pub fn hartmann_of_20(x: &[f64]) -> f64 {
    hartmann(&[x[1], x[4], x[7], x[10], x[13], x[16]])
}

pub fn dtlz2(x: &[f64]) -> Vec<f64> {
    let g: f64 = x[1..].iter().map(|x| (x - 0.5).powi(2)).sum();
    vec![
        (1.0 + g) * (x[0] * PI / 2.0).cos(),
        (1.0 + g) * (x[0] * PI / 2.0).sin(),
    ]
}

pub fn vehicle(x: &[f64]) -> Vec<f64> {
    let [a, b, c, d, e] = [x[0], x[1], x[2], x[3], x[4]];
    vec![
        1640.2823 + 2.3573285 * a + 2.3220035 * b + 4.5688768 * c + 7.7213633 * d + 4.4559504 * e,
        6.5856 + 1.15 * a - 1.0427 * b + 0.9738 * c + 0.8364 * d - 0.3695 * a * d
            + 0.0861 * a * e
            + 0.3628 * b * d
            - 0.1106 * a * a
            - 0.3437 * c * c
            + 0.1764 * d * d,
        -0.0551 + 0.0181 * a + 0.1024 * b + 0.0421 * c - 0.0073 * a * b + 0.024 * b * c
            - 0.0118 * b * d
            - 0.0204 * c * d
            - 0.008 * c * e
            - 0.0241 * b * b
            + 0.0109 * d * d,
    ]
}
