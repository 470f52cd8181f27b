//! Columns of levels with descriptors, made ready for a kernel: what two levels add to its sums is looked up.

use super::kernel::Scales;
use super::lanes::{LANES, Sums};
use super::matern::matern_and_slope;
use crate::descriptors::Described;
use crate::encode::Group;

/// What is looked up for a pair of levels: numbers side by side, as one register.
type Entry = [f64; 4];

/// A column of levels.
#[derive(Clone, Debug)]
pub(super) struct Site {
    pub column: usize,
    /// The place of the group of its descriptors, and of that which tells levels apart, among all groups.
    pub described: usize,
    pub plain: Option<usize>,
    levels: usize,
    /// For a kernel of the radial part alone: squared distances in radial length scales.
    radial: Vec<f64>,
    /// For one with low-order parts: the same, single kernels, and their squares.
    low: Vec<Entry>,
    /// Of the descriptors alone, for slopes: squared distance, single kernel, and minus its slope by the
    /// logarithm of the squared distance.
    own: Vec<Entry>,
}

/// As many levels are read from a table as any may have, so that no look-up can be outside.
const ROW: usize = Described::MOST;

/// The row of a table of pairs of levels that belongs to a level.
#[inline(always)]
fn row<T>(table: &[T], levels: usize, level: usize) -> Option<&[T; ROW]> {
    table.get(level * levels..)?.first_chunk()
}

/// The levels of a lane's rows.
pub(super) type Codes = [u8; LANES];

/// Levels as whole numbers.
pub(super) fn codes(values: &[f64; LANES]) -> Codes {
    values.map(|value| value as u8)
}

#[inline(always)]
fn at(code: u8) -> usize {
    usize::from(code) % ROW
}

impl Site {
    pub(super) fn all(groups: &[Group], scales: &Scales) -> Vec<Site> {
        let described = groups.iter().enumerate();
        let made = described.filter_map(|(place, group)| match group {
            Group::Described { column, levels } => {
                let plain = groups.iter().position(
                    |group| matches!(group, Group::Code { column: other, .. } if other == column),
                );
                Some(Site::new(*column, levels, place, plain, scales))
            }
            _ => None,
        });
        made.collect()
    }

    fn new(
        column: usize,
        described: &Described,
        place: usize,
        plain: Option<usize>,
        scales: &Scales,
    ) -> Site {
        let levels = described.count();
        let low = !scales.single_inverse.is_empty();
        let size = levels * levels + ROW;
        let mut site = Site {
            column,
            described: place,
            plain,
            levels,
            radial: vec![0.0; if low { 0 } else { size }],
            low: vec![[0.0; 4]; if low { size } else { 0 }],
            own: vec![[0.0; 4]; size],
        };
        let inverse = scales.radial_inverse[place];
        let single = scales.single_inverse.get(place).copied();
        let apart = plain.map_or(0.0, |plain| scales.radial_inverse[plain]);
        let other = plain.and_then(|plain| scales.single_inverse.get(plain));
        let other = other.map_or(0.0, |&inverse| matern_and_slope(inverse).0);
        let same = if plain.is_some() { 1.0 } else { 0.0 };
        for a in 0..levels {
            for b in 0..=a {
                let square = described.square(a, b);
                let total = inverse.mul_add(square, if a == b { 0.0 } else { apart });
                let (base, slope) = match single {
                    Some(single) => matern_and_slope(single * square),
                    None => (0.0, 0.0),
                };
                let plain = if a == b { same } else { other };
                let both = base.mul_add(base, plain * plain);
                for place in [a * levels + b, b * levels + a] {
                    site.own[place] = [square, base, slope * square, 0.0];
                    if low {
                        site.low[place] = [total, base + plain, both, 0.0];
                    } else {
                        site.radial[place] = total;
                    }
                }
            }
        }
        site
    }

    /// What slopes are made of, for pairs with a level.
    #[inline(always)]
    pub(super) fn own(&self, level: f64, codes: &Codes, out: &mut [[f64; LANES]; 3]) {
        let Some(own) = row(&self.own, self.levels, level as usize) else {
            return;
        };
        for i in 0..LANES {
            let entry = own[at(codes[i])];
            out[0][i] = entry[0];
            out[1][i] = entry[1];
            out[2][i] = entry[2];
        }
    }
}

/// Rows taken in at a time: what is summed for each of them stays in a register.
const TOGETHER: usize = 8;

/// Adds to the sums of the rows of one lane what these columns do beside a point; `codes` are the lane's levels by
/// column.
#[inline(always)]
pub(super) fn add_sites<'a, const LOW: bool>(
    sites: impl Iterator<Item = &'a Site> + Clone,
    x: &[f64],
    codes: impl Fn(usize) -> &'a Codes,
    sums: &mut Sums,
) {
    if LOW {
        for start in (0..LANES).step_by(TOGETHER) {
            let mut all = [[0.0; 4]; TOGETHER];
            for site in sites.clone() {
                let codes = codes(site.column);
                let Some(row) = row(&site.low, site.levels, x[site.column] as usize) else {
                    continue;
                };
                for i in 0..TOGETHER {
                    let entry = &row[at(codes[start + i])];
                    for k in 0..4 {
                        all[i][k] += entry[k];
                    }
                }
            }
            for i in 0..TOGETHER {
                sums.total[start + i] += all[i][0];
                sums.single[start + i] += all[i][1];
                sums.squared[start + i] += all[i][2];
            }
        }
    } else {
        for site in sites {
            let codes = codes(site.column);
            let Some(row) = row(&site.radial, site.levels, x[site.column] as usize) else {
                continue;
            };
            for i in 0..LANES {
                sums.total[i] += row[at(codes[i])];
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::encode::Rows;
    use crate::gp::fit::{Data, Room, likelihood};
    use crate::gp::kernel::{Kernel, Shape};
    use crate::gp::lanes::Table;

    /// The same levels, once looked up and once with their descriptors beside them in the rows.
    #[test]
    fn levels_looked_up_are_what_their_descriptors_say() {
        let levels: Vec<Vec<f64>> = (0..5)
            .map(|i| vec![(f64::from(i) * 1.1).sin(), (f64::from(i) * 2.3).cos()])
            .collect();
        let (mut looked_up, mut beside) = (Rows::new(2), Rows::new(4));
        let n = 41;
        for i in 0..n {
            let (number, level) = ((i as f64 * 0.7).sin().abs(), i * i % 5);
            looked_up.push(&[number, level as f64]);
            beside.push(&[number, level as f64, levels[level][0], levels[level][1]]);
        }
        let groups = |last: Group| {
            let code = Group::Code {
                column: 1,
                levels: 5,
            };
            vec![Group::Number { column: 0 }, code, last]
        };
        let described = Group::Described {
            column: 1,
            levels: Arc::new(Described::new(levels)),
        };
        for shape in [Shape::Radial, Shape::Single, Shape::Paired] {
            let count = Kernel::count(shape, 3);
            let told = |rows: &Rows, last: &Group| {
                let kernel = Kernel {
                    shape,
                    groups: groups(last.clone()),
                    logs: (0..count).map(|i| 0.3 * (i as f64).sin()).collect(),
                };
                let data = Data {
                    rows: rows.clone(),
                    values: (0..n).map(|i| (i as f64).cos()).collect(),
                    noise_share: vec![1.0; n],
                    noise_known: vec![0.0; n],
                    terms: Vec::new(),
                };
                let table = Table::new(rows, &kernel.groups);
                let mut room = Room::new(n);
                let mut all = vec![0.0; count + 1];
                let value = likelihood(&data, &table, &kernel, -3.0, &mut room, Some(&mut all));
                all.push(value.unwrap());
                all
            };
            let ours = told(&looked_up, &described);
            let theirs = told(&beside, &Group::Vector { start: 2, end: 4 });
            for (a, b) in ours.iter().zip(&theirs) {
                assert!((a - b).abs() < 1e-9 * b.abs().max(1.0), "{shape:?} {a} {b}");
            }
        }
    }
}
