//! A kernel between a point and a handful of rows at a time, so that what is summed over groups stays in
//! registers.

use super::kernel::Ready;
use super::matern::{Side, Sides, matern_and_slope};
use crate::encode::{Group, Rows};

/// Rows that are taken in at a time: two of the widest registers.
pub(super) const LANES: usize = 16;

/// A number for each of those rows, in memory as registers like it.
#[derive(Clone, Copy, Debug)]
#[repr(align(64))]
pub(super) struct Lane(pub [f64; LANES]);

impl Lane {
    pub(super) const ZERO: Lane = Lane([0.0; LANES]);

    /// Values by lanes, the last of which is filled up with the last value.
    pub(super) fn all(values: &[f64]) -> Vec<Lane> {
        values
            .chunks(LANES)
            .map(|own| Lane(std::array::from_fn(|i| own[i.min(own.len() - 1)])))
            .collect()
    }
}

/// Rows by column, in lanes.
#[derive(Clone, Debug)]
pub(crate) struct Table {
    /// The number of rows.
    pub len: usize,
    columns: Vec<Vec<Lane>>,
}

impl Table {
    pub(crate) fn new(rows: &Rows) -> Table {
        let len = rows.len();
        let mut column = vec![0.0; len];
        let columns = (0..rows.width).map(|place| {
            for (row, cell) in column.iter_mut().enumerate() {
                *cell = rows.row(row)[place];
            }
            Lane::all(&column)
        });
        Table {
            len,
            columns: columns.collect(),
        }
    }

    #[inline(always)]
    pub(super) fn column(&self, column: usize) -> &[Lane] {
        &self.columns[column]
    }

    /// Squared distances of the rows of one lane to `x` in one group.
    #[inline(always)]
    pub(super) fn squares(&self, group: Group, x: &[f64], lane: usize) -> [f64; LANES] {
        match group {
            Group::Number { column } => {
                let (at, Lane(values)) = (x[column], self.columns[column][lane]);
                values.map(|value| (value - at) * (value - at))
            }
            Group::Code { column, .. } => {
                let (at, Lane(values)) = (x[column], self.columns[column][lane]);
                values.map(|value| if value == at { 0.0 } else { 1.0 })
            }
            Group::Vector { start, end } => {
                let mut out = [0.0; LANES];
                for column in start..end {
                    let (at, Lane(values)) = (x[column], self.columns[column][lane]);
                    for i in 0..LANES {
                        let apart = values[i] - at;
                        out[i] = apart.mul_add(apart, out[i]);
                    }
                }
                out
            }
        }
    }
}

/// A point that rows are compared with.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Seen<'a> {
    pub x: &'a [f64],
    /// Its factors by group, see [`super::matern::Sides`]; anything for groups without.
    pub sides: &'a [Side],
}

/// Points made ready to be compared with rows.
#[derive(Clone, Debug)]
pub(super) struct Points<'a> {
    rows: &'a Rows,
    sides: Vec<Side>,
    each: usize,
}

impl Points<'_> {
    /// The point at a place.
    #[inline(always)]
    pub(super) fn at(&self, place: usize) -> Seen<'_> {
        Seen {
            x: self.rows.row(place),
            sides: &self.sides[place * self.each..(place + 1) * self.each],
        }
    }
}

impl Ready {
    /// A point, with its factors written to `sides`.
    pub(crate) fn point<'a>(
        &self,
        groups: &[Group],
        x: &'a [f64],
        sides: &'a mut Vec<Side>,
    ) -> Seen<'a> {
        sides.clear();
        self.add_sides(groups, x, sides);
        Seen { x, sides }
    }

    fn add_sides(&self, groups: &[Group], x: &[f64], sides: &mut Vec<Side>) {
        let all = self.sides.iter().zip(groups);
        sides.extend(all.map(|(own, group)| match (own, group) {
            (Some(own), Group::Number { column }) => own.at(x[*column]),
            _ => Side::default(),
        }));
    }

    /// Some points.
    pub(super) fn points<'a>(&self, groups: &[Group], rows: &'a Rows) -> Points<'a> {
        let mut sides = Vec::with_capacity(rows.len() * self.sides.len());
        (0..rows.len()).for_each(|place| self.add_sides(groups, rows.row(place), &mut sides));
        let each = self.sides.len();
        Points { rows, sides, each }
    }

    /// The rows that it was made ready for.
    pub(super) fn own_points<'a>(&self, rows: &'a Rows) -> Points<'a> {
        let mut sides = Vec::with_capacity(rows.len() * self.sides.len());
        for place in 0..rows.len() {
            let own = |own: &Option<Sides>| own.as_ref().map(|own| own.at_place(place));
            sides.extend(self.sides.iter().map(|all| own(all).unwrap_or_default()));
        }
        let each = self.sides.len();
        Points { rows, sides, each }
    }
}

/// What is compared: a point with the rows of a table.
#[derive(Clone, Copy, Debug)]
pub(super) struct Look<'a> {
    pub groups: &'a [Group],
    pub ready: &'a Ready,
    pub table: &'a Table,
    pub point: &'a Seen<'a>,
}

/// Sums over groups: of squared distances in radial length scales, of single kernels and of their squares.
#[derive(Clone, Copy, Debug)]
pub(super) struct Sums {
    pub total: [f64; LANES],
    pub single: [f64; LANES],
    pub squared: [f64; LANES],
}

/// By group, what slopes by a point are made of, see [`super::matern::Pair`]: differences, single kernels, and
/// differences times the fall. Only of numeric groups.
#[derive(Clone, Debug, Default)]
pub(super) struct Kept(Vec<[Lane; 3]>);

impl Kept {
    pub(super) fn new(groups: usize) -> Kept {
        Kept(vec![[Lane::ZERO; 3]; groups])
    }

    pub(super) fn groups(&self) -> usize {
        self.0.len()
    }

    /// Those of all groups, in order.
    #[inline(always)]
    pub(super) fn all(&self) -> impl Iterator<Item = &[Lane; 3]> {
        self.0.iter()
    }
}

impl Look<'_> {
    /// The sums for the rows of one lane; those of single kernels only with `LOW`, and then with `KEEP`
    /// also what slopes are made of.
    #[inline(always)]
    pub(super) fn sums<const LOW: bool, const KEEP: bool>(
        &self,
        lane: usize,
        kept: &mut Kept,
    ) -> Sums {
        let (mut total, mut single, mut squared) = ([0.0; LANES], [0.0; LANES], [0.0; LANES]);
        for (index, &group) in self.groups.iter().enumerate() {
            if LOW && let Some(sides) = &self.ready.sides[index] {
                let (own, point) = (sides.lane(lane), self.point.sides[index]);
                let (mut apart, mut falls) = ([0.0; LANES], [0.0; LANES]);
                let mut bases = [0.0; LANES];
                for i in 0..LANES {
                    let pair = own.pair(i, point);
                    total[i] = sides.ratio.mul_add(pair.square, total[i]);
                    single[i] += pair.base;
                    squared[i] = pair.base.mul_add(pair.base, squared[i]);
                    if KEEP {
                        bases[i] = pair.base;
                        apart[i] = pair.apart;
                        falls[i] = pair.apart * pair.fall;
                    }
                }
                if KEEP {
                    kept.0[index] = [Lane(apart), Lane(bases), Lane(falls)];
                }
                continue;
            }
            let squares = self.table.squares(group, self.point.x, lane);
            let inverse = self.ready.scales.radial_inverse[index];
            for i in 0..LANES {
                total[i] = inverse.mul_add(squares[i], total[i]);
            }
            if LOW {
                let (bases, _) = self.ready.others(group, index, &squares);
                for i in 0..LANES {
                    single[i] += bases[i];
                    squared[i] = bases[i].mul_add(bases[i], squared[i]);
                }
            }
        }
        Sums {
            total,
            single,
            squared,
        }
    }
}

impl Ready {
    /// For a group without sides: the kernel at squared distances, and minus its derivative by the squared
    /// scaled distance.
    #[inline(always)]
    pub(super) fn others(
        &self,
        group: Group,
        index: usize,
        squares: &[f64; LANES],
    ) -> ([f64; LANES], [f64; LANES]) {
        if matches!(group, Group::Code { .. }) {
            let (different, fall) = self.different[index];
            let base = |square| if square == 0.0 { 1.0 } else { different };
            return (squares.map(base), [fall; LANES]);
        }
        let inverse = self.scales.single_inverse[index];
        let both = squares.map(|square| matern_and_slope(inverse * square));
        (both.map(|both| both.0), both.map(|both| both.1))
    }
}
