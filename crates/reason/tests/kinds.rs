//! Rivals of every kind: what each is worth on the same wells, against computations of another kind.
#![allow(clippy::unwrap_used)]

use quantity::Seed;
use rand::RngExt;
use reason::rivals::{
    Axis, Datum, Formula, Hypothesis, Parameter, Rivals, Source, Spread, Stated, Surrogate, Wells,
};
use std::collections::BTreeMap;

fn gauss(rng: &mut quantity::Rng) -> f64 {
    (-2.0 * (1.0 - rng.random::<f64>()).ln()).sqrt()
        * (2.0 * std::f64::consts::PI * rng.random::<f64>()).cos()
}

fn axis(factor: usize, high: f64) -> Axis {
    Axis {
        factor,
        name: format!("x{factor}"),
        range: (0.0, high),
        names: false,
    }
}

fn formula(name: &str, text: &str, parameters: Vec<Parameter>, factors: &[&str]) -> Hypothesis {
    Hypothesis::new(
        name,
        1.0,
        Formula::parse(text).unwrap(),
        parameters,
        factors,
    )
    .unwrap()
}

fn datum(x: &[f64], y: f64, sd: f64) -> Datum {
    Datum {
        x: x.to_vec(),
        y,
        sd,
        spread: None,
    }
}

/// Density of three numbers that are jointly normal, by determinant and adjugate.
fn normal_of_three(y: [f64; 3], c: [[f64; 3]; 3]) -> f64 {
    let minor = |i: usize, j: usize| {
        let (a, b) = ((i + 1) % 3, (i + 2) % 3);
        let (k, l) = ((j + 1) % 3, (j + 2) % 3);
        c[a][k] * c[b][l] - c[a][l] * c[b][k]
    };
    let determinant: f64 = (0..3).map(|j| c[0][j] * minor(0, j)).sum();
    let mut square = 0.0;
    for (i, yi) in y.iter().enumerate() {
        for (j, yj) in y.iter().enumerate() {
            square += yi * yj * minor(i, j) / determinant;
        }
    }
    (-0.5 * square).exp() / ((2.0 * std::f64::consts::PI).powi(3) * determinant).sqrt()
}

#[test]
fn the_evidence_of_a_smooth_response_is_that_of_quadrature() {
    let level = (0.0, 2.0);
    let surrogate = Surrogate::new(vec![axis(0, 4.0)], level);
    let (size, reach) = (surrogate.size, surrogate.reach);
    // A law without parameters beside it: its evidence is the density of the wells itself.
    let fixed = formula("fixed", "0.5 + 0.25 * x0", vec![], &["x0"]);
    let smooth = Hypothesis::smooth("smooth", 1.0, surrogate);
    let mut rng = Seed(5).rng();
    let mut rivals = Rivals::new(vec![fixed, smooth], &mut rng).unwrap();
    let (x, y, sd) = ([0.5, 1.5, 3.5], [0.7, 0.8, 1.45], 0.1);
    let data: Vec<Datum> = x.iter().zip(y).map(|(x, y)| datum(&[*x], y, sd)).collect();
    // Told in two batches, as plates come.
    rivals.tell(&data[..1], &mut rng);
    rivals.tell(&data[1..], &mut rng);
    let matern = |d: f64| {
        let d = 5.0_f64.sqrt() * d;
        (1.0 + d + d * d / 3.0) * (-d).exp()
    };
    let n = 400;
    let mut sum = 0.0;
    for i in 0..n {
        for j in 0..n {
            let even = |at: i32, (low, high): (f64, f64)| {
                low * (high / low).powf((f64::from(at) + 0.5) / f64::from(n))
            };
            let s = even(i, size) * (level.1 - level.0);
            let r = even(j, reach) * 4.0;
            let mut c = [[0.0; 3]; 3];
            for (a, row) in c.iter_mut().enumerate() {
                for (b, c) in row.iter_mut().enumerate() {
                    let error = if a == b { sd * sd } else { 0.0 };
                    *c = 1.0 + s * s * matern((x[a] - x[b]).abs() / r) + error;
                }
            }
            sum += normal_of_three(y.map(|y| y - 1.0), c);
        }
    }
    let smooth = sum / f64::from(n * n);
    let fixed: f64 = x
        .iter()
        .zip(y)
        .map(|(x, y)| {
            let z = (y - 0.5 - 0.25 * x) / sd;
            (-0.5 * z * z).exp() / (sd * (2.0 * std::f64::consts::PI).sqrt())
        })
        .product();
    let shares = rivals.probabilities();
    // Of a law's prior a twentieth is that nature deviates from it.
    let expected = smooth / (0.95 * fixed);
    let found = shares[1] / shares[0];
    assert!(
        (found / expected).ln().abs() < 0.1,
        "{found} against {expected} by quadrature"
    );
}

/// Wells of a truth along two factors, four to a point, with errors that are learned.
fn told(
    hypotheses: Vec<Hypothesis>,
    truth: impl Fn(f64, f64) -> f64,
    points: usize,
    seed: u64,
) -> Rivals {
    let mut rng = Seed(seed).rng();
    let wells = Wells {
        each: 4,
        doses: vec![0, 1],
    };
    let mut rivals = Rivals::new(hypotheses, &mut rng)
        .unwrap()
        .over(vec![(0.0, 20.0), (0.0, 4.0)])
        .learning_errors(&wells, &mut rng);
    for _ in 0..2 {
        let batch: Vec<Datum> = (0..points)
            .map(|_| {
                let x = [20.0 * rng.random::<f64>(), 4.0 * rng.random::<f64>()];
                let each: Vec<f64> = (0..4)
                    .map(|_| {
                        let dose = |x: f64, rng: &mut quantity::Rng| x * (1.0 + 0.02 * gauss(rng));
                        let (a, b) = (dose(x[0], &mut rng), dose(x[1], &mut rng));
                        truth(a, b) + 0.02 * gauss(&mut rng)
                    })
                    .collect();
                let mean = each.iter().sum::<f64>() / 4.0;
                let square: f64 = each.iter().map(|y| (y - mean).powi(2)).sum();
                Datum {
                    x: x.to_vec(),
                    y: mean,
                    sd: 0.01,
                    spread: Some(Spread {
                        wells: 4.0,
                        sd: (square / 3.0).sqrt(),
                    }),
                }
            })
            .collect();
        rivals.tell(&batch, &mut rng);
    }
    rivals
}

/// Two drugs that act by themselves, or change each other; and any smooth response.
fn combinations() -> Vec<Hypothesis> {
    let mechanism = mechanism::named("drug-combination").unwrap();
    let inputs = BTreeMap::from([("first", Source::Factor(0)), ("second", Source::Factor(1))]);
    let narrow: BTreeMap<&str, Stated> = BTreeMap::from([
        ("growth", Stated::Fixed(0.85)),
        ("room", Stated::Fixed(320.0)),
        ("first_kill", Stated::Fixed(8.8)),
        ("second_kill", Stated::Fixed(4.0)),
        ("first_zmic", Stated::Open(5.0, 50.0)),
        ("second_zmic", Stated::Open(1.0, 10.0)),
        ("first_kappa", Stated::Open(0.5, 4.0)),
        ("second_kappa", Stated::Open(0.5, 4.0)),
    ]);
    let mut changing = narrow.clone();
    changing.insert("first_by_second", Stated::Open(-0.9, 1.0));
    changing.insert("second_by_first", Stated::Open(-0.9, 1.0));
    let law = |name: &str, stated: &BTreeMap<&str, Stated>| {
        Hypothesis::of_mechanism(name, 1.0, mechanism, &inputs, stated).unwrap()
    };
    vec![
        law("by themselves", &narrow),
        law("changing each other", &changing),
        Hypothesis::smooth(
            "some smooth response",
            1.0,
            Surrogate::new(vec![axis(0, 20.0), axis(1, 4.0)], (0.0, 1.0)),
        ),
    ]
}

#[test]
fn mechanisms_of_two_drugs_are_told_apart() {
    let mechanism = mechanism::named("drug-combination").unwrap();
    for (interaction, holds) in [(0.0, 0), (-0.7, 1)] {
        let parameters = [
            0.85,
            5.5,
            320.0,
            8.8,
            18.5,
            1.9,
            4.0,
            3.4,
            0.75,
            interaction,
            interaction,
        ];
        let truth = |a: f64, b: f64| mechanism.response(&[a, b], &parameters);
        let rivals = told(combinations(), truth, 16, 3);
        let (shares, _) = rivals.standing();
        assert!(shares[holds] > 0.9, "{interaction}: {shares:?}");
        let zmic = rivals.estimates(holds)[0];
        assert!((zmic.0 - 18.5).abs() < 4.0 * zmic.1, "{zmic:?}");
    }
}

#[test]
fn what_no_mechanism_says_is_some_smooth_response() {
    // Either drug takes back what the other does: no mechanism here does that.
    let truth = |a: f64, b: f64| 0.5 + 0.4 * (a / 5.0).sin() * (b / 1.5).cos();
    let rivals = told(combinations(), truth, 24, 4);
    let (shares, _) = rivals.standing();
    assert!(shares[2] > 0.99, "{shares:?}");
    assert!(!rivals.none_fits(), "{:?}", rivals.fit_check(2));
    // It foretells where nothing was measured.
    let mut rng = Seed(9).rng();
    for _ in 0..20 {
        let x = [
            2.0 + 16.0 * rng.random::<f64>(),
            0.5 + 3.0 * rng.random::<f64>(),
        ];
        let (mean, sd) = rivals.predict(&[x.to_vec()])[0];
        let off = (mean - truth(x[0], x[1])).abs();
        assert!(off < 4.0 * sd + 0.01 && sd < 0.3, "{x:?}: {off} {sd}");
    }
}

#[test]
fn a_smooth_response_is_told_apart_by_where_points_are_chosen() {
    let hypotheses = || {
        let k = Parameter::between("k", 0.1, 2.0);
        vec![
            formula("line", "k * x0", vec![k], &["x0"]),
            Hypothesis::smooth(
                "smooth",
                1.0,
                Surrogate::new(vec![axis(0, 4.0)], (0.0, 8.0)),
            ),
        ]
    };
    let candidates: Vec<Vec<f64>> = (0..=20).map(|i| vec![0.2 * f64::from(i)]).collect();
    for (bend, holds) in [(0.0, 0), (0.35, 1)] {
        let mut rng = Seed(7).rng();
        let mut rivals = Rivals::new(hypotheses(), &mut rng)
            .unwrap()
            .over(vec![(0.0, 4.0)]);
        for _ in 0..8 {
            let (chosen, told) = rivals.choose(&candidates, 3, 0.1, |_| 1.0, true, &mut rng);
            assert!(told >= 0.0);
            let batch: Vec<Datum> = chosen
                .into_iter()
                .map(|at| {
                    let x = candidates[at][0];
                    let y = x + bend * x * x - bend * x + 0.1 * gauss(&mut rng);
                    datum(&[x], y, 0.1)
                })
                .collect();
            rivals.tell(&batch, &mut rng);
        }
        let (shares, _) = rivals.standing();
        assert!(shares[holds] > 0.9, "{bend}: {shares:?}");
    }
}
