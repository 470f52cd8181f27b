//! Trees that vote: a second kind of model, for responses with steps and exceptions that no smooth process
//! follows.
//!
//! Trees grown on bootstrap samples (Breiman, Machine Learning 45 (2001) 5) with thresholds at random
//! (Geurts, Ernst and Wehenkel, Machine Learning 63 (2006) 3). What a forest leaves open is how its trees
//! differ, scaled so that rows outside a tree's sample are predicted as well as they are.

use faer::Mat;
use quantity::Rng;
use rand::RngExt;

use crate::descriptors::Described;
use crate::encode::{Group, Rows};
use crate::gp::normals;

/// Trees in a forest.
const TREES: usize = 96;
/// Rows with which a node isn't parted any more.
const NODE_MIN: usize = 4;
/// Share of the columns that a node is parted along the best of, and cuts tried in each.
const COLUMNS_TRIED: f64 = 0.5;
const CUTS_TRIED: usize = 2;
/// Factors by which the trees' differences are scaled, as powers of the root of two.
const SCALES: std::ops::RangeInclusive<i32> = -5..=4;
/// Noise variances that are tried, as shares of the mean square error: powers of two.
const NOISES: std::ops::RangeInclusive<i32> = -6..=0;

/// How a node parts its rows.
#[derive(Clone, Copy, Debug)]
enum Cut {
    /// Up to a number, and above.
    Below { column: u32, at: f64 },
    /// One level, and all others.
    Level { column: u32, level: f64 },
    /// Levels of which a descriptor is up to a number, as bits, and the others.
    Among { column: u32, levels: u64 },
}

impl Cut {
    fn left(self, row: &[f64]) -> bool {
        match self {
            Cut::Below { column, at } => row[column as usize] <= at,
            Cut::Level { column, level } => row[column as usize] == level,
            Cut::Among { column, levels } => levels >> row[column as usize] as u32 & 1 == 1,
        }
    }
}

#[derive(Clone, Copy, Debug)]
enum Node {
    /// A cut, and the place of the node for the rows on its right; those on its left follow at once.
    Branch(Cut, u32),
    Leaf(f64),
}

#[derive(Clone, Debug)]
struct Tree(Vec<Node>);

impl Tree {
    fn value(&self, row: &[f64]) -> f64 {
        let mut place = 0;
        loop {
            match self.0[place] {
                Node::Leaf(value) => return value,
                Node::Branch(cut, _) if cut.left(row) => place += 1,
                Node::Branch(_, right) => place = right as usize,
            }
        }
    }
}

/// A fitted forest.
#[derive(Clone, Debug)]
pub(crate) struct Forest {
    trees: Vec<Tree>,
    /// By how much the trees' differences are scaled.
    scale: f64,
    /// Error variance of one measurement.
    pub noise: f64,
    /// Log density of each row's value by the trees that didn't see it.
    pub held_out: Vec<f64>,
}

/// What rows can be parted along: the column it is read from, and how.
#[derive(Clone, Copy, Debug)]
struct Column<'a> {
    place: usize,
    kind: Kind<'a>,
}

#[derive(Clone, Copy, Debug)]
enum Kind<'a> {
    Number,
    /// Numbers that stand for levels without order.
    Levels,
    /// A descriptor of the level that the column's number stands for.
    Descriptor(&'a Described, usize),
}

// A bit for each level.
const _: () = assert!(Described::MOST <= u64::BITS as usize);

impl Column<'_> {
    fn number(&self, row: &[f64]) -> f64 {
        match self.kind {
            Kind::Descriptor(levels, which) => levels.rows[row[self.place] as usize][which],
            _ => row[self.place],
        }
    }

    /// The cut that leaves numbers up to this one on the left.
    fn below(&self, at: f64) -> Cut {
        let column = self.place as u32;
        let Kind::Descriptor(levels, which) = self.kind else {
            return Cut::Below { column, at };
        };
        let below = |level: &usize| levels.rows[*level][which] <= at;
        let levels = (0..levels.count()).filter(below);
        Cut::Among {
            column,
            levels: levels.fold(0, |bits, level| bits | 1 << level),
        }
    }
}

/// What trees are grown from.
struct Soil<'a> {
    rows: &'a Rows,
    values: &'a [f64],
    columns: Vec<Column<'a>>,
}

impl Forest {
    /// Grows a forest on encoded rows and their values. Nothing with too few rows to hold any out.
    pub(crate) fn grow(
        rows: &Rows,
        values: &[f64],
        groups: &[Group],
        rng: &mut Rng,
    ) -> Option<Forest> {
        let n = values.len();
        if n < 4 * NODE_MIN {
            return None;
        }
        let mut columns = Vec::new();
        for group in groups {
            let mut add = |place, kind| columns.push(Column { place, kind });
            match group {
                Group::Number { column } => add(*column, Kind::Number),
                Group::Code { column, .. } => add(*column, Kind::Levels),
                Group::Vector { start, end } => {
                    (*start..*end).for_each(|place| add(place, Kind::Number));
                }
                Group::Described { column, levels } => (0..levels.rows[0].len())
                    .for_each(|which| add(*column, Kind::Descriptor(levels, which))),
            }
        }
        let soil = Soil {
            rows,
            values,
            columns,
        };
        let mut trees = Vec::with_capacity(TREES);
        // Of the trees that didn't see a row: how many, the sum and the sum of squares of what they say.
        let mut unseen = vec![(0.0, 0.0, 0.0); n];
        for _ in 0..TREES {
            let mut sample: Vec<usize> = (0..n).map(|_| rng.random_range(0..n)).collect();
            let mut seen = vec![false; n];
            sample.iter().for_each(|&row| seen[row] = true);
            let mut nodes = Vec::new();
            soil.grow(&mut sample, &mut nodes, rng);
            let tree = Tree(nodes);
            for (row, unseen) in unseen.iter_mut().enumerate().filter(|(row, _)| !seen[*row]) {
                let value = tree.value(rows.row(row));
                *unseen = (unseen.0 + 1.0, unseen.1 + value, unseen.2 + value * value);
            }
            trees.push(tree);
        }
        let mut forest = Forest {
            trees,
            scale: 1.0,
            noise: 0.0,
            held_out: Vec::new(),
        };
        forest.calibrate(values, &unseen)?;
        Some(forest)
    }

    /// Finds the scale and the noise with which held out values are likeliest.
    fn calibrate(&mut self, values: &[f64], unseen: &[(f64, f64, f64)]) -> Option<()> {
        // A row that every tree saw is left out of the judgement.
        let held: Vec<Option<(f64, f64)>> = unseen
            .iter()
            .zip(values)
            .map(|(&(count, sum, squares), value)| {
                let mean = sum / count;
                let spread = (squares / count - mean * mean).max(0.0);
                (count >= 2.0).then_some((value - mean, spread))
            })
            .collect();
        let judged: Vec<(f64, f64)> = held.iter().copied().flatten().collect();
        let square = judged.iter().map(|held| held.0 * held.0).sum::<f64>() / judged.len() as f64;
        if !(square > 0.0 && square.is_finite()) {
            return None;
        }
        let density = |(error, spread): (f64, f64), scale: f64, noise: f64| {
            let variance = scale * scale * spread + noise;
            -0.5 * ((std::f64::consts::TAU * variance).ln() + error * error / variance)
        };
        let mut best = f64::NEG_INFINITY;
        for scale in SCALES.map(|power| 2_f64.powf(0.5 * f64::from(power))) {
            for noise in NOISES.map(|power| square * 2_f64.powi(power)) {
                let total: f64 = judged.iter().map(|&held| density(held, scale, noise)).sum();
                if total > best {
                    best = total;
                    (self.scale, self.noise) = (scale, noise);
                }
            }
        }
        let (scale, noise) = (self.scale, self.noise);
        let mean = best / judged.len() as f64;
        let own = |held: Option<(f64, f64)>| held.map_or(mean, |held| density(held, scale, noise));
        self.held_out = held.into_iter().map(own).collect();
        best.is_finite().then_some(())
    }

    /// Expected values.
    pub(crate) fn means(&self, points: &Rows) -> Vec<f64> {
        let mut sums = vec![0.0; points.len()];
        for tree in &self.trees {
            for (place, sum) in sums.iter_mut().enumerate() {
                *sum += tree.value(points.row(place));
            }
        }
        let share = 1.0 / self.trees.len() as f64;
        sums.into_iter().map(|sum| share * sum).collect()
    }

    /// Expected values and variances, noise left out.
    pub(crate) fn predict(&self, points: &Rows) -> (Vec<f64>, Vec<f64>) {
        let share = 1.0 / self.trees.len() as f64;
        (0..points.len())
            .map(|place| {
                let row = points.row(place);
                let (mut sum, mut squares) = (0.0, 0.0);
                for tree in &self.trees {
                    let value = tree.value(row);
                    sum += value;
                    squares += value * value;
                }
                let mean = share * sum;
                let spread = (share * squares - mean * mean).max(0.0);
                (mean, self.scale * self.scale * spread)
            })
            .unzip()
    }

    /// Joint samples at points, noise left out, one column per sample: normal, with the covariance that the
    /// trees' differences have, scaled.
    pub(crate) fn samples(&self, points: &Rows, count: usize, rng: &mut Rng) -> Mat<f64> {
        let (m, trees) = (points.len(), self.trees.len());
        let means = self.means(points);
        let width = self.scale / (trees as f64).sqrt();
        let apart = Mat::from_fn(m, trees, |i, t| {
            width * (self.trees[t].value(points.row(i)) - means[i])
        });
        let mut weights = Mat::zeros(trees, count);
        for s in 0..count {
            normals(weights.col_as_slice_mut(s), rng);
        }
        let mut out = Mat::from_fn(m, count, |i, _| means[i]);
        crate::linear_algebra::add_product(out.as_mut(), apart.as_ref(), weights.as_ref(), 1.0);
        out
    }
}

impl Soil<'_> {
    /// Grows the nodes below one that holds these rows.
    fn grow(&self, sample: &mut [usize], nodes: &mut Vec<Node>, rng: &mut Rng) {
        let n = sample.len() as f64;
        let sum: f64 = sample.iter().map(|&row| self.values[row]).sum();
        let leaf = Node::Leaf(sum / n);
        let cut = if sample.len() < NODE_MIN {
            None
        } else {
            self.cut(sample, sum, rng)
        };
        let Some(cut) = cut else {
            nodes.push(leaf);
            return;
        };
        let place = nodes.len();
        nodes.push(leaf);
        // Those on the left first.
        let mut middle = 0;
        for i in 0..sample.len() {
            if cut.left(self.rows.row(sample[i])) {
                sample.swap(i, middle);
                middle += 1;
            }
        }
        let (left, right) = sample.split_at_mut(middle);
        self.grow(left, nodes, rng);
        nodes[place] = Node::Branch(cut, nodes.len() as u32);
        self.grow(right, nodes, rng);
    }

    /// The best of some random cuts; none where nothing is told apart.
    fn cut(&self, sample: &[usize], sum: f64, rng: &mut Rng) -> Option<Cut> {
        let wanted = ((self.columns.len() as f64 * COLUMNS_TRIED) as usize).max(1);
        let mut order: Vec<usize> = (0..self.columns.len()).collect();
        let (mut best, mut most) = (None, 0.0);
        let mut tried = 0;
        for i in 0..order.len() {
            if tried == wanted {
                break;
            }
            let j = rng.random_range(i..order.len());
            order.swap(i, j);
            let column = self.columns[order[i]];
            let number = |row: usize| column.number(self.rows.row(row));
            let (low, high) = sample
                .iter()
                .fold((f64::INFINITY, f64::NEG_INFINITY), |(low, high), &row| {
                    (low.min(number(row)), high.max(number(row)))
                });
            // A column that is the same in all rows isn't counted.
            if low >= high {
                continue;
            }
            tried += 1;
            for _ in 0..CUTS_TRIED {
                let place = column.place as u32;
                let cut = if let Kind::Levels = column.kind {
                    let row = sample[rng.random_range(0..sample.len())];
                    Cut::Level {
                        column: place,
                        level: number(row),
                    }
                } else {
                    let at = low + (high - low) * rng.random::<f64>();
                    column.below(at)
                };
                let (mut count, mut part) = (0.0, 0.0);
                for &row in sample {
                    if cut.left(self.rows.row(row)) {
                        count += 1.0;
                        part += self.values[row];
                    }
                }
                let others = sample.len() as f64 - count;
                if count == 0.0 || others == 0.0 {
                    continue;
                }
                // What the sum of squares falls by.
                let all = count + others;
                let gain =
                    part * part / count + (sum - part) * (sum - part) / others - sum * sum / all;
                if gain > most {
                    (best, most) = (Some(cut), gain);
                }
            }
        }
        best
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::space::normal;
    use quantity::Seed;

    /// A step along one number and one exceptional level among four.
    fn stepped(n: usize) -> (Rows, Vec<f64>, Vec<Group>) {
        let mut rng = Seed(5).rng();
        let mut rows = Rows::new(2);
        let mut values = Vec::new();
        for _ in 0..n {
            let (x, level) = (rng.random::<f64>(), f64::from(rng.random_range(0..4_u8)));
            rows.push(&[x, level]);
            let step = if x > 0.6 { 2.0 } else { 0.0 };
            values.push(step + if level == 3.0 { -3.0 } else { 0.0 } + 0.1 * normal(&mut rng));
        }
        let groups = vec![
            Group::Number { column: 0 },
            Group::Code {
                column: 1,
                levels: 4,
            },
        ];
        (rows, values, groups)
    }

    #[test]
    fn a_forest_finds_steps_and_exceptions() {
        let (rows, values, groups) = stepped(300);
        let forest = Forest::grow(&rows, &values, &groups, &mut Seed(1).rng()).unwrap();
        let mut points = Rows::new(2);
        for point in [[0.2, 0.0], [0.9, 1.0], [0.9, 3.0], [0.3, 3.0]] {
            points.push(&point);
        }
        let (means, variances) = forest.predict(&points);
        for (mean, expected) in means.iter().zip([0.0, 2.0, -1.0, -3.0]) {
            assert!((mean - expected).abs() < 0.25, "{means:?}");
        }
        // Known to a tenth; the trees differ by less.
        assert!(variances.iter().all(|v| *v < 0.05), "{variances:?}");
        assert!(
            (0.05..0.3).contains(&forest.noise.sqrt()),
            "{}",
            forest.noise
        );
        // Samples have these means and variances.
        let samples = forest.samples(&points, 4_000, &mut Seed(2).rng());
        for (i, (mean, variance)) in means.iter().zip(&variances).enumerate() {
            let all: Vec<f64> = (0..4_000).map(|s| samples[(i, s)]).collect();
            let own = all.iter().sum::<f64>() / 4_000.0;
            let spread = all.iter().map(|v| (v - own).powi(2)).sum::<f64>() / 4_000.0;
            assert!((own - mean).abs() < 0.01);
            assert!((spread - variance).abs() < 0.1 * variance + 1e-9);
        }
    }

    #[test]
    fn nothing_grows_on_constants_or_too_few_rows() {
        let (rows, _, groups) = stepped(40);
        let mut rng = Seed(1).rng();
        assert!(Forest::grow(&rows, &[1.0; 40], &groups, &mut rng).is_none());
        let few = rows.pick(&[0, 1, 2]);
        assert!(Forest::grow(&few, &[1.0, 2.0, 3.0], &groups, &mut rng).is_none());
    }
}
