//! A kernel between a point and a handful of rows at a time, so that what is summed over groups stays in
//! registers.

use super::kernel::{Kernel, Scales, Shape};
use super::matern::{Side, Sides, matern_and_slope, rate, wide};
use super::sites::{Codes, Site, add_sites, codes};
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
    /// By column that has levels with descriptors: the level of each row.
    codes: Vec<Vec<Codes>>,
}

impl Table {
    pub(crate) fn new(rows: &Rows, groups: &[Group]) -> Table {
        let len = rows.len();
        let mut column = vec![0.0; len];
        let columns = (0..rows.width).map(|place| {
            for (row, cell) in column.iter_mut().enumerate() {
                *cell = rows.row(row)[place];
            }
            Lane::all(&column)
        });
        let columns: Vec<Vec<Lane>> = columns.collect();
        let mut all_codes = vec![Vec::new(); rows.width];
        for group in groups {
            if let Group::Described { column, .. } = group {
                let lanes = columns[*column].iter();
                all_codes[*column] = lanes.map(|lane| codes(&lane.0)).collect();
            }
        }
        Table {
            len,
            columns,
            codes: all_codes,
        }
    }

    /// The levels of the rows of one lane in a column that has levels with descriptors.
    #[inline(always)]
    pub(super) fn codes(&self, column: usize, lane: usize) -> &Codes {
        &self.codes[column][lane]
    }

    /// Squared distances of the rows of one lane to `x` in one group.
    #[inline(always)]
    pub(super) fn squares(&self, group: &Group, x: &[f64], lane: usize) -> [f64; LANES] {
        // Loops, since closures given to `map` of an array aren't compiled for wide vectors.
        let mut out = [0.0; LANES];
        match *group {
            Group::Number { column } => {
                let (at, Lane(values)) = (x[column], self.columns[column][lane]);
                for i in 0..LANES {
                    out[i] = (values[i] - at) * (values[i] - at);
                }
            }
            Group::Code { column, .. } => {
                let (at, Lane(values)) = (x[column], self.columns[column][lane]);
                for i in 0..LANES {
                    out[i] = if values[i] == at { 0.0 } else { 1.0 };
                }
            }
            Group::Vector { start, end } => {
                for column in start..end {
                    let (at, Lane(values)) = (x[column], self.columns[column][lane]);
                    for i in 0..LANES {
                        let apart = values[i] - at;
                        out[i] = apart.mul_add(apart, out[i]);
                    }
                }
            }
            // Looked up, see `Site`.
            Group::Described { .. } => {}
        }
        out
    }
}

/// A kernel made ready for the rows of a table.
#[derive(Clone, Debug)]
pub(crate) struct Ready {
    pub scales: Scales,
    /// The numeric groups, the columns of levels with descriptors, and the places of the other groups.
    pub(super) numbers: Vec<Number>,
    pub(super) sites: Vec<Site>,
    pub(super) others: Vec<usize>,
    /// Those of the others that no column of levels with descriptors takes in.
    apart: Vec<usize>,
    /// By lane, then by numeric group: the rows of a kernel of the radial part alone, over the length scale.
    pub(super) scaled: Vec<Lane>,
    /// The same of a kernel with low-order parts.
    pub(super) sides: Vec<Sides>,
    /// For each group of a kernel with low-order parts, the single kernel at a distance of 1, and minus its
    /// derivative by the squared scaled distance.
    different: Vec<(f64, f64)>,
}

/// A numeric group of a kernel.
#[derive(Clone, Copy, Debug)]
pub(super) struct Number {
    /// Its place among the groups, and its column.
    pub index: usize,
    pub column: usize,
    /// What its values are multiplied by.
    pub rate: f64,
    /// What the squares of differences are multiplied by then, to have them in the radial length scale.
    pub ratio: f64,
}

/// A point that rows are compared with.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Seen<'a> {
    pub x: &'a [f64],
    /// Its values of numeric groups.
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
    pub(super) fn new(kernel: &Kernel, table: &Table) -> Ready {
        let scales = kernel.scales();
        let low = kernel.shape != Shape::Radial;
        let (mut numbers, mut others) = (Vec::new(), Vec::new());
        for (index, group) in kernel.groups.iter().enumerate() {
            let radial = scales.radial_inverse[index];
            let column = match group {
                Group::Number { column } => *column,
                Group::Described { .. } => continue,
                Group::Code { .. } | Group::Vector { .. } => {
                    others.push(index);
                    continue;
                }
            };
            let single = scales.single_inverse.get(index).copied();
            numbers.push(Number {
                index,
                column,
                rate: single.map_or(radial.sqrt(), rate),
                ratio: single.map_or(1.0, |single| radial / (5.0 * single)),
            });
        }
        let sites = Site::all(&kernel.groups, &scales);
        let mut apart = others.clone();
        apart.retain(|&index| sites.iter().all(|site| site.plain != Some(index)));
        let lanes = table.len.div_ceil(LANES);
        let count = lanes * numbers.len();
        let mut scaled = vec![Lane::ZERO; if low { 0 } else { count }];
        let mut sides = vec![Sides::ZERO; if low { count } else { 0 }];
        wide(
            #[inline(always)]
            || {
                for lane in 0..lanes {
                    for (at, number) in numbers.iter().enumerate() {
                        let values = &table.columns[number.column][lane];
                        let place = lane * numbers.len() + at;
                        if low {
                            sides[place] = Sides::new(number.rate, values);
                        } else {
                            scaled[place] = Lane(values.0.map(|x| number.rate * x));
                        }
                    }
                }
            },
        );
        let different = scales.single_inverse.iter();
        Ready {
            different: different.map(|&single| matern_and_slope(single)).collect(),
            scales,
            numbers,
            sites,
            others,
            apart,
            scaled,
            sides,
        }
    }

    /// A point, with its values of numeric groups written to `sides`.
    pub(crate) fn point<'a>(&self, x: &'a [f64], sides: &'a mut Vec<Side>) -> Seen<'a> {
        sides.clear();
        self.add_sides(x, sides);
        Seen { x, sides }
    }

    fn add_sides(&self, x: &[f64], sides: &mut Vec<Side>) {
        let numbers = self.numbers.iter();
        if self.scales.single_inverse.is_empty() {
            sides.extend(numbers.map(|number| Side::plain(number.rate, x[number.column])));
        } else {
            sides.extend(numbers.map(|number| Side::new(number.rate, x[number.column])));
        }
    }

    /// Some points.
    pub(super) fn points<'a>(&self, rows: &'a Rows) -> Points<'a> {
        let each = self.numbers.len();
        let mut sides = Vec::with_capacity(rows.len() * each);
        (0..rows.len()).for_each(|place| self.add_sides(rows.row(place), &mut sides));
        Points { rows, sides, each }
    }

    /// The rows that it was made ready for.
    pub(super) fn own_points<'a>(&self, rows: &'a Rows) -> Points<'a> {
        let each = self.numbers.len();
        let low = !self.scales.single_inverse.is_empty();
        let mut sides = Vec::with_capacity(rows.len() * each);
        for place in 0..rows.len() {
            let (lane, at) = (place / LANES, place % LANES);
            let own = lane * each..(lane + 1) * each;
            if low {
                sides.extend(self.sides[own].iter().map(|sides| sides.at(at)));
            } else {
                let own = self.scaled[own].iter();
                sides.extend(own.map(|Lane(scaled)| Side::plain(1.0, scaled[at])));
            }
        }
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

impl Sums {
    pub(super) const ZERO: Sums = Sums {
        total: [0.0; LANES],
        single: [0.0; LANES],
        squared: [0.0; LANES],
    };
}

/// What slopes by a point are made of in one numeric group, see [`super::matern::Pair`]: single kernels, and
/// falls times differences.
#[derive(Clone, Copy, Debug)]
pub(super) struct Kept {
    pub bases: Lane,
    pub falls: Lane,
}

impl Kept {
    pub(super) const ZERO: Kept = Kept {
        bases: Lane::ZERO,
        falls: Lane::ZERO,
    };
}

/// What pairs of a row and a point weigh in the sums of one group.
#[derive(Clone, Copy, Debug)]
pub(super) struct Weights {
    /// The radial part's fall with the total squared distance.
    pub falls: [f64; LANES],
    /// What a group's own part is multiplied by, and the share of the group itself in that.
    pub outer: [f64; LANES],
    pub inner: [f64; LANES],
}

impl Weights {
    pub(super) const ZERO: Weights = Weights {
        falls: [0.0; LANES],
        outer: [0.0; LANES],
        inner: [0.0; LANES],
    };
}

impl Look<'_> {
    /// The sums for the rows of one lane; those of single kernels only with `LOW`, and then with `KEEP`
    /// also, by numeric group, what slopes are made of.
    #[inline(always)]
    pub(super) fn sums<const LOW: bool, const KEEP: bool>(
        &self,
        lane: usize,
        kept: &mut [Kept],
    ) -> Sums {
        let (mut total, mut single, mut squared) = ([0.0; LANES], [0.0; LANES], [0.0; LANES]);
        let Ready { numbers, .. } = self.ready;
        let own = lane * numbers.len()..(lane + 1) * numbers.len();
        if LOW {
            let all = numbers.iter().zip(&self.ready.sides[own]);
            for (at, ((number, own), point)) in all.zip(self.point.sides).enumerate() {
                let (mut bases, mut falls) = ([0.0; LANES], [0.0; LANES]);
                for i in 0..LANES {
                    let pair = own.pair(i, *point);
                    total[i] = number.ratio.mul_add(pair.square, total[i]);
                    single[i] += pair.base;
                    squared[i] = pair.base.mul_add(pair.base, squared[i]);
                    if KEEP {
                        bases[i] = pair.base;
                        falls[i] = pair.apart * pair.fall;
                    }
                }
                if KEEP {
                    kept[at] = Kept {
                        bases: Lane(bases),
                        falls: Lane(falls),
                    };
                }
            }
        } else {
            let all = self.ready.scaled[own].iter();
            for (Lane(own), point) in all.zip(self.point.sides) {
                for i in 0..LANES {
                    let apart = point.scaled - own[i];
                    total[i] = apart.mul_add(apart, total[i]);
                }
            }
        }
        let mut sums = Sums {
            total,
            single,
            squared,
        };
        for &index in &self.ready.apart {
            self.add_apart::<LOW>(index, lane, &mut sums);
        }
        if !self.ready.sites.is_empty() {
            let codes = |column: usize| self.table.codes(column, lane);
            add_sites::<LOW>(self.ready.sites.iter(), self.point.x, codes, &mut sums);
        }
        sums
    }
}

/// Some of a kernel's groups: by their places among the numeric ones, the columns of levels with descriptors, and the
/// other groups.
#[derive(Clone, Debug)]
pub(super) struct Only {
    numbers: Vec<usize>,
    sites: Vec<usize>,
    apart: Vec<usize>,
}

impl Only {
    /// Those that see any of these columns.
    pub(super) fn new(ready: &Ready, groups: &[Group], columns: &[usize]) -> Only {
        let number = |place: &usize| columns.contains(&ready.numbers[*place].column);
        let site = |place: &usize| columns.contains(&ready.sites[*place].column);
        let apart = |index: &usize| match &groups[*index] {
            Group::Number { column }
            | Group::Code { column, .. }
            | Group::Described { column, .. } => columns.contains(column),
            Group::Vector { start, end } => columns.iter().any(|c| (start..end).contains(&c)),
        };
        Only {
            numbers: (0..ready.numbers.len()).filter(number).collect(),
            sites: (0..ready.sites.len()).filter(site).collect(),
            apart: ready.apart.iter().copied().filter(apart).collect(),
        }
    }
}

impl Look<'_> {
    /// What some groups add to the sums for the rows of one lane.
    #[inline(always)]
    pub(super) fn part<const LOW: bool>(&self, lane: usize, only: &Only) -> Sums {
        let mut sums = Sums::ZERO;
        let Ready { numbers, .. } = self.ready;
        for &at in &only.numbers {
            let (place, point) = (lane * numbers.len() + at, self.point.sides[at]);
            if LOW {
                let own = &self.ready.sides[place];
                for i in 0..LANES {
                    let pair = own.pair(i, point);
                    sums.total[i] = numbers[at].ratio.mul_add(pair.square, sums.total[i]);
                    sums.single[i] += pair.base;
                    sums.squared[i] = pair.base.mul_add(pair.base, sums.squared[i]);
                }
            } else {
                let Lane(own) = &self.ready.scaled[place];
                for i in 0..LANES {
                    let apart = point.scaled - own[i];
                    sums.total[i] = apart.mul_add(apart, sums.total[i]);
                }
            }
        }
        for &index in &only.apart {
            self.add_apart::<LOW>(index, lane, &mut sums);
        }
        let codes = |column: usize| self.table.codes(column, lane);
        let sites = only.sites.iter().map(|&place| &self.ready.sites[place]);
        add_sites::<LOW>(sites, self.point.x, codes, &mut sums);
        sums
    }

    /// Adds to the sums what a group without sides or look-ups does.
    #[inline(always)]
    fn add_apart<const LOW: bool>(&self, index: usize, lane: usize, sums: &mut Sums) {
        let group = &self.groups[index];
        let squares = self.table.squares(group, self.point.x, lane);
        let inverse = self.ready.scales.radial_inverse[index];
        for i in 0..LANES {
            sums.total[i] = inverse.mul_add(squares[i], sums.total[i]);
        }
        if LOW {
            let (bases, _) = self.ready.single_of(group, index, &squares);
            for i in 0..LANES {
                sums.single[i] += bases[i];
                sums.squared[i] = bases[i].mul_add(bases[i], sums.squared[i]);
            }
        }
    }
}

impl Ready {
    /// For a group without sides: the kernel at squared distances, and minus its derivative by the squared
    /// scaled distance.
    #[inline(always)]
    pub(super) fn single_of(
        &self,
        group: &Group,
        index: usize,
        squares: &[f64; LANES],
    ) -> ([f64; LANES], [f64; LANES]) {
        let (mut bases, mut falls) = ([0.0; LANES], [0.0; LANES]);
        if matches!(group, Group::Code { .. }) {
            let (different, fall) = self.different[index];
            for i in 0..LANES {
                bases[i] = if squares[i] == 0.0 { 1.0 } else { different };
                falls[i] = fall;
            }
        } else {
            let inverse = self.scales.single_inverse[index];
            for i in 0..LANES {
                (bases[i], falls[i]) = matern_and_slope(inverse * squares[i]);
            }
        }
        (bases, falls)
    }
}
