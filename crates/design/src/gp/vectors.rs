//! Agreement with an independent computation to 50 digits: `tests/vectors/make.py`.

use serde_json::Value;

use super::exact::Exact;
use super::fit::{Data, Fit, Room, likelihood};
use super::kernel::{Kernel, Shape};
use super::lanes::Table;
use super::lbfgs::Bending;
use crate::encode::{Group, Rows};

/// Largest difference that counts as agreement, relative to the larger of 1 and the number itself.
const AGREE: f64 = 1e-10;

fn numbers(value: &Value) -> Vec<f64> {
    value
        .as_array()
        .unwrap()
        .iter()
        .map(|v| v.as_f64().unwrap())
        .collect()
}

fn rows(value: &Value) -> Rows {
    let mut rows = Rows::new(4);
    value
        .as_array()
        .unwrap()
        .iter()
        .for_each(|row| rows.push(&numbers(row)));
    rows
}

fn check(what: &str, ours: &[f64], theirs: &[f64]) {
    assert_eq!(ours.len(), theirs.len());
    for (a, b) in ours.iter().zip(theirs) {
        assert!(
            (a - b).abs() <= AGREE * b.abs().max(1.0),
            "{what}: {a} against {b}"
        );
    }
}

#[test]
fn likelihood_gradient_and_posterior_agree_with_fifty_digits() {
    let text = include_str!("../../tests/vectors/gp.json");
    let cases: Value = serde_json::from_str(text).unwrap();
    for case in cases.as_array().unwrap() {
        let shape = match case["shape"].as_str().unwrap() {
            "radial" => Shape::Radial,
            "single" => Shape::Single,
            _ => Shape::Paired,
        };
        let groups = vec![
            Group::Number { column: 0 },
            Group::Code {
                column: 1,
                levels: 3,
            },
            Group::Vector { start: 2, end: 4 },
        ];
        let data = Data {
            rows: rows(&case["rows"]),
            values: numbers(&case["values"]),
            noise_share: numbers(&case["noise_share"]),
            noise_known: numbers(&case["noise_known"]),
            terms: Vec::new(),
        };
        let mut logs = numbers(&case["numbers"]);
        let noise = logs.pop().unwrap();
        let kernel = Kernel {
            shape,
            groups,
            logs,
        };
        let mut gradient = vec![0.0; kernel.logs.len() + 1];
        let table = Table::new(&data.rows, &kernel.groups);
        let mut room = Room::new(data.values.len());
        let value = likelihood(
            &data,
            &table,
            &kernel,
            noise,
            &mut room,
            Some(&mut gradient),
        )
        .unwrap();
        check(
            "likelihood",
            &[value],
            &[case["likelihood"].as_f64().unwrap()],
        );
        check("gradient", &gradient, &numbers(&case["gradient"]));
        let fit = Fit {
            kernel,
            noise,
            leave_one_out: Vec::new(),
            height: f64::INFINITY,
            bending: Bending::default(),
        };
        let process = Exact::new(&data, &fit).unwrap();
        let (means, variances) = process.predict(&rows(&case["points"]));
        check("mean", &means, &numbers(&case["means"]));
        check("variance", &variances, &numbers(&case["variances"]));
    }
}
