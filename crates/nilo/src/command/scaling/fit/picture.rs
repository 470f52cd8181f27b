//! The figure of a fit.

use super::Fit;
use report::figure::{Axis, Curves, Mark, Series};
use scaling::Table;

/// Points of a drawn curve.
const CURVE: usize = 120;
/// How far a drawn curve goes beyond the data, as a factor.
pub(super) const BEYOND: f64 = 4.0;

/// The measured points on logarithmic axes.
pub(super) fn plot(args: &Fit, table: &Table, title: String) -> Curves {
    Curves {
        description: format!(
            "{} rows of {} against {}",
            table.rows(),
            args.y,
            args.x.join(" and ")
        ),
        title,
        x: Axis {
            label: args.x[0].clone(),
            logarithmic: true,
        },
        y: Axis {
            label: args.y.clone(),
            logarithmic: true,
        },
        series: vec![Series {
            name: "measured".into(),
            mark: Mark::Points,
            colour: 0,
            points: table
                .log_resource(0)
                .iter()
                .zip(table.response())
                .map(|(x, y)| (x.exp(), *y))
                .collect(),
            intervals: Vec::new(),
        }],
    }
}

/// Even steps on the logarithm, from the first row to beyond the last; how many lie within the data.
pub(super) fn grid(table: &Table, last: f64) -> (Vec<f64>, usize) {
    let first = table
        .log_resource(0)
        .iter()
        .copied()
        .fold(f64::INFINITY, f64::min)
        .exp();
    let end = last * BEYOND;
    let step = (end / first).ln() / (CURVE - 1) as f64;
    let mut xs: Vec<f64> = (0..CURVE)
        .map(|i| first * (step * i as f64).exp())
        .collect();
    let inside = xs.partition_point(|x| *x < last);
    xs.insert(inside, last);
    (xs, inside + 1)
}

/// A curve of a function.
pub(super) fn line(name: &str, mark: Mark, xs: &[f64], of: impl Fn(f64) -> f64) -> Series {
    Series {
        name: name.into(),
        mark,
        colour: 1,
        points: xs.iter().map(|x| (*x, of(*x))).collect(),
        intervals: Vec::new(),
    }
}
