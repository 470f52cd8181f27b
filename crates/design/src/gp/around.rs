//! Values of functions at points that have most columns in common with another: only what the rest adds is made anew.

use super::exact::Exact;
use super::features::Nearby;
use super::kernel::Shape;
use super::lanes::{LANES, Look, Only, Sums};
use super::matern::{matern, total as sum_up, wide};
use super::paths::Paths;
use crate::encode::Rows;

/// What is kept of a point for others around it.
#[derive(Clone, Debug, Default)]
pub(crate) struct Around {
    /// The point; empty where nothing is kept.
    x: Vec<f64>,
    /// By lane of the data's rows.
    sums: Vec<Sums>,
    features: Nearby,
}

impl Paths<'_> {
    /// Values of one draw at points that differ from `x` in a few columns. `around` is for this draw alone.
    pub(crate) fn beside(
        &self,
        draw: usize,
        x: &[f64],
        others: &Rows,
        around: &mut Around,
    ) -> Vec<f64> {
        let weights = self.weights.col_as_slice(draw);
        if around.x != x {
            self.features.keep(weights, x, &mut around.features);
        }
        let update = self.update.col_as_slice(draw);
        let mut values = weighted_beside(self.process, update, x, others, around);
        let changed = changed(x, others);
        for (place, value) in values.iter_mut().enumerate() {
            let other = others.row(place);
            *value += self
                .features
                .beside(weights, x, other, &changed, &mut around.features);
        }
        values
    }
}

/// The process's expected values at points that differ from `x` in a few columns.
pub(crate) fn means_beside(
    process: &Exact,
    x: &[f64],
    others: &Rows,
    around: &mut Around,
) -> Vec<f64> {
    weighted_beside(process, &process.alpha, x, others, around)
}

/// The columns in which any of these differ from a point.
fn changed(x: &[f64], others: &Rows) -> Vec<usize> {
    let differs = |column: &usize| (0..others.len()).any(|i| others.row(i)[*column] != x[*column]);
    (0..x.len()).filter(differs).collect()
}

/// The mean plus the weighted sum of covariances with the data's rows.
fn weighted_beside(
    process: &Exact,
    weights: &[f64],
    x: &[f64],
    others: &Rows,
    around: &mut Around,
) -> Vec<f64> {
    wide(
        #[inline(always)]
        || match process.kernel.shape {
            Shape::Radial => beside_in_step::<false>(process, weights, x, others, around),
            _ => beside_in_step::<true>(process, weights, x, others, around),
        },
    )
}

#[inline(always)]
fn beside_in_step<const LOW: bool>(
    process: &Exact,
    weights: &[f64],
    x: &[f64],
    others: &Rows,
    around: &mut Around,
) -> Vec<f64> {
    let (kernel, table, ready) = (&process.kernel, &process.table, &process.ready);
    let lanes = table.len.div_ceil(LANES);
    let mut sides = Vec::new();
    let look = Look {
        groups: &kernel.groups,
        ready,
        table,
        point: &ready.point(x, &mut sides),
    };
    // Loops: what closures given to iterators do isn't compiled for wide vectors.
    if around.x != x {
        around.x = x.to_vec();
        around.sums.clear();
        for lane in 0..lanes {
            around.sums.push(look.sums::<LOW, false>(lane, &mut []));
        }
    }
    let only = Only::new(ready, &kernel.groups, &changed(x, others));
    let mut rest = Vec::with_capacity(lanes);
    for lane in 0..lanes {
        let mut sums = around.sums[lane];
        let own = look.part::<LOW>(lane, &only);
        for i in 0..LANES {
            sums.total[i] -= own.total[i];
            sums.single[i] -= own.single[i];
            sums.squared[i] -= own.squared[i];
        }
        rest.push(sums);
    }
    let (first, second) = kernel.shares(&ready.scales);
    let mut sides = Vec::new();
    let mut values = Vec::with_capacity(others.len());
    for place in 0..others.len() {
        let look = Look {
            point: &ready.point(others.row(place), &mut sides),
            ..look
        };
        let mut value = [0.0; LANES];
        for lane in 0..lanes {
            let (rest, own) = (&rest[lane], look.part::<LOW>(lane, &only));
            let mut w = [0.0; LANES];
            let weights = &weights[lane * LANES..table.len.min((lane + 1) * LANES)];
            w[..weights.len()].copy_from_slice(weights);
            for i in 0..LANES {
                // What is left of a difference may be less than nothing by rounding.
                let total = rest.total[i] + own.total[i];
                let total = if total > 0.0 { total } else { 0.0 };
                let mut k = ready.scales.radial * matern(total);
                if LOW {
                    let single = rest.single[i] + own.single[i];
                    let squared = rest.squared[i] + own.squared[i];
                    let pairs = single.mul_add(single, -squared);
                    k += first.mul_add(single, second * pairs);
                }
                value[i] = w[i].mul_add(k, value[i]);
            }
        }
        values.push(process.mean.at(&kernel.groups, others.row(place)) + sum_up(&value));
    }
    values
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::descriptors::Described;
    use crate::encode::Group;
    use crate::gp::fit::{Data, Fit};
    use crate::gp::kernel::Kernel;
    use crate::gp::lbfgs::Bending;
    use crate::gp::{SlopeWork, mean_slope};
    use quantity::{Rng, Seed};
    use rand::RngExt;

    fn row(rng: &mut Rng) -> Vec<f64> {
        let mut row: Vec<f64> = (0..5).map(|_| rng.random()).collect();
        row[1] = f64::from(rng.random_range(0..4_u8));
        row[2] = f64::from(rng.random_range(0..3_u8));
        row
    }

    #[test]
    fn points_beside_are_worth_what_they_are_alone() {
        let mut rng = Seed(4).rng();
        let described = Described::new(vec![vec![0.1, 0.4], vec![0.9, 0.2], vec![0.3, -0.5]]);
        let groups = vec![
            Group::Number { column: 0 },
            Group::Code {
                column: 1,
                levels: 4,
            },
            Group::Code {
                column: 2,
                levels: 3,
            },
            Group::Vector { start: 3, end: 5 },
            Group::Described {
                column: 2,
                levels: Arc::new(described),
            },
        ];
        let n = 37;
        let mut rows = Rows::new(5);
        (0..n).for_each(|_| rows.push(&row(&mut rng)));
        let data = Data {
            values: (0..n).map(|i| (i as f64).sin()).collect(),
            rows,
            noise_share: vec![1.0; n],
            noise_known: vec![0.0; n],
            terms: Vec::new(),
        };
        for shape in [Shape::Radial, Shape::Single, Shape::Paired] {
            let logs = (0..Kernel::count(shape, groups.len()))
                .map(|i| 0.4 * (i as f64 * 1.3).sin() - 0.2)
                .collect();
            let kernel = Kernel {
                shape,
                groups: groups.clone(),
                logs,
            };
            let fit = Fit {
                kernel,
                noise: -4.0,
                leave_one_out: Vec::new(),
                height: f64::INFINITY,
                bending: Bending::default(),
            };
            let process = Exact::new(&data, &fit).unwrap();
            let paths = Paths::draw(&process, &data, 2, &mut rng);
            let mut around = Around::default();
            let mut work = SlopeWork::default();
            let mut slope = vec![0.0; 5];
            for columns in [0..1, 1..2, 2..3, 3..5, 0..5] {
                let x = row(&mut rng);
                let mut others = Rows::new(5);
                for _ in 0..4 {
                    let mut other = x.clone();
                    let fresh = row(&mut rng);
                    other[columns.clone()].copy_from_slice(&fresh[columns.clone()]);
                    others.push(&other);
                }
                let drawn = paths.beside(1, &x, &others, &mut around);
                let means = means_beside(&process, &x, &others, &mut Around::default());
                for place in 0..4 {
                    let alone = paths.slope(1, others.row(place), &mut work, &mut slope);
                    assert!(
                        (drawn[place] - alone).abs() < 1e-10,
                        "{shape:?} {columns:?}"
                    );
                    let mean = mean_slope(&process, others.row(place), &mut work, &mut slope);
                    assert!((means[place] - mean).abs() < 1e-10, "{shape:?} {columns:?}");
                }
            }
        }
    }
}
