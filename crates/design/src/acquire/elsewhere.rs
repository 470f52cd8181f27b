//! Hills other than those whose tops are known.

use std::collections::BTreeSet;

use faer::Mat;
use quantity::Seed;
use rand::RngExt;

use super::climb::Ground;
use super::pool::{DRAW_TOLERANCE, Gathering, Pool, Source, affordable, even_points, near};
use super::surface::Response;
use crate::encode::{Group, Rows};
use crate::gp::Paths;
use crate::space::Point;
use crate::surrogate::Surrogate;

/// Points looked at on the way from one point to another.
const STEPS: usize = 5;
/// How deep a valley is, at least, in the spread of the values.
const VALLEY: f64 = 0.02;
/// Draws whose other tops are looked for, at least and at most; and places from which each is climbed until one is found.
const DRAWS: (usize, usize) = (16, 64);
const STARTS: usize = 3;
/// Evaluations of one climb.
const CLIMB: usize = 40;
/// Measured points that climbs start from, and points near each top found.
const LEADERS: usize = 24;
const NEAR: usize = 4;
/// Places of each factor at which points that have all else in common with a known top are looked at, and how many
/// such points there are at most.
const ACROSS: usize = 8;
const ACROSS_MAX: usize = 256;

/// Points on the straight way from one encoded point to another, both left out. Levels without an order
/// change half-way.
fn way(groups: &[Group], from: &[f64], to: &[f64], rows: &mut Rows) {
    for step in 1..=STEPS {
        let share = step as f64 / (STEPS + 1) as f64;
        let mut row: Vec<f64> = from
            .iter()
            .zip(to)
            .map(|(from, to)| from + share * (to - from))
            .collect();
        for group in groups {
            if let Group::Code { column, .. } = group {
                row[*column] = if share < 0.5 { from } else { to }[*column];
            }
        }
        rows.push(&row);
    }
}

/// Whether a valley lies between two points, given their heights and those on the way.
fn valley(ends: f64, way: impl Iterator<Item = f64>) -> bool {
    way.fold(f64::INFINITY, f64::min) < ends - VALLEY
}

/// Whether the model expects each of the encoded points to lie on the hill of one of the tops: on the straight
/// way there nothing is lower than both ends (Ursem, Multinational evolutionary algorithms, CEC 1999).
pub(crate) fn on_hills(model: &Surrogate, groups: &[Group], rows: &Rows, tops: &Rows) -> Vec<bool> {
    let heights = model.rough_means(rows);
    let mut on = vec![false; rows.len()];
    for top in 0..tops.len() {
        let top = tops.row(top);
        let left: Vec<usize> = (0..rows.len()).filter(|&i| !on[i]).collect();
        let mut ways = Rows::new(rows.width);
        left.iter()
            .for_each(|&i| way(groups, rows.row(i), top, &mut ways));
        let heights_on_ways = model.rough_means(&ways);
        let mut of_top = Rows::new(rows.width);
        of_top.push(top);
        let top = model.rough_means(&of_top)[0];
        for (way, &i) in heights_on_ways.chunks(STEPS).zip(&left) {
            on[i] = !valley(heights[i].min(top), way.iter().copied());
        }
    }
    on
}

/// A pool of points that may lead to other tops than these: even points that the model expects on no hill
/// of theirs, the tops of draws that have a valley between them and all of these, and points near those.
pub(crate) fn elsewhere_pool(
    source: &Source<'_>,
    taken: &BTreeSet<Point>,
    tops: &[Point],
    across: bool,
    q: usize,
    seed: Seed,
) -> Pool {
    let [model, ..] = source.models else {
        return Pool::new(source.encoding, Vec::new());
    };
    let effort = source.effort;
    let groups = &source.encoding.groups;
    let mut rng = seed.derive("elsewhere", 0).rng();
    let mut ground = Ground::new(source.space, source.encoding, source.held);
    ground.tolerance = DRAW_TOLERANCE;
    let mut pool = Gathering::new(source, taken);
    let mut starts = even_points(source, seed.derive("elsewhere", 1));
    starts.extend(source.leaders.iter().take(LEADERS).cloned());
    let most = if across { effort.of(ACROSS_MAX) } else { 0 };
    let mut across: Vec<Point> = tops
        .iter()
        .flat_map(|top| ground.across(top, ACROSS, &mut rng))
        .filter(|point| source.space.contains(point))
        .collect();
    for place in 0..across.len().min(most) {
        let other = rng.random_range(place..across.len());
        across.swap(place, other);
    }
    across.truncate(most);
    starts.extend(across);
    let tops = &source.encoding.rows(tops);
    let on = on_hills(model, groups, &source.encoding.rows(&starts), tops);
    let starts: Vec<Point> = starts
        .into_iter()
        .zip(on)
        .filter(|(_, on)| !on)
        .map(|(point, _)| point)
        .collect();
    starts.iter().for_each(|point| pool.add(point.clone()));
    let rows = source.encoding.rows(&starts);
    let affordable = affordable(model.process.table.len);
    let draws = effort.of(q.clamp(DRAWS.0, DRAWS.1).min(affordable));
    let mut found = Vec::new();
    let voices = model.count();
    for (voice, process) in model.processes().enumerate() {
        let count = (voice..draws).step_by(voices).len();
        let paths = Paths::draw(process, &model.data, count, &mut rng);
        let heights = paths.at(&rows);
        for draw in 0..count {
            let mut order: Vec<usize> = (0..starts.len()).collect();
            order.sort_by(|&a, &b| {
                let by_height = heights[(b, draw)].total_cmp(&heights[(a, draw)]);
                by_height.then(a.cmp(&b))
            });
            let mut height = Response::draw(&paths, draw);
            for &start in order.iter().take(STARTS) {
                let (top, _) = ground.climb(&starts[start], &mut height, CLIMB, &mut rng);
                if apart(&paths, draw, groups, &source.encoding.row(&top), tops) {
                    found.push(top);
                    break;
                }
            }
        }
    }
    found.iter().for_each(|point| pool.add(point.clone()));
    near(&ground, &found, NEAR, 0.1, &mut pool, &mut rng);
    Pool::new(source.encoding, pool.points)
}

/// Whether a draw has a valley between a point and each of the tops.
fn apart(paths: &Paths<'_>, draw: usize, groups: &[Group], row: &[f64], tops: &Rows) -> bool {
    (0..tops.len()).all(|top| {
        let mut rows = Rows::new(row.len());
        rows.push(row);
        rows.push(tops.row(top));
        way(groups, row, tops.row(top), &mut rows);
        let heights: Mat<f64> = paths.at(&rows);
        let ends = heights[(0, draw)].min(heights[(1, draw)]);
        valley(ends, (2..rows.len()).map(|i| heights[(i, draw)]))
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::effort::Effort;
    use crate::encode::Encoding;
    use crate::space::{Factor, Level, Space};
    use crate::surrogate::{Memory, Observed};

    #[test]
    fn a_valley_parts_two_hills() {
        let space = Space::new(vec![Factor::continuous("x", "", 0.0, 1.0)]);
        let encoding = Encoding::new(&space);
        let at = |x: f64| Point(vec![Level::Real(x)]);
        let places: Vec<f64> = (0..=20).map(|i| f64::from(i) / 20.0).collect();
        let points: Vec<Point> = places.iter().map(|&x| at(x)).collect();
        // Tops at 0.2 and 0.7, the bottom between them at 0.45.
        let values: Vec<f64> = places
            .iter()
            .map(|x| (std::f64::consts::TAU * (x - 0.2) * 2.0).cos())
            .collect();
        let count = values.len();
        let observed = Observed {
            listed: false,
            judged: 1.0,
            rows: encoding.rows(&points),
            values,
            noise_share: vec![1.0; count],
            noise_known: vec![0.0; count],
            guesses: (Rows::new(encoding.width), Vec::new()),
        };
        let memory = Memory::default();
        let model = Surrogate::new(
            &observed,
            &encoding.groups,
            &memory,
            Effort::default(),
            Seed(1),
        )
        .unwrap();
        let asked: Vec<Point> = [0.05, 0.3, 0.4, 0.55, 0.7, 0.9].map(at).to_vec();
        let tops = encoding.rows(&[at(0.2)]);
        let on = on_hills(&model, &encoding.groups, &encoding.rows(&asked), &tops);
        assert_eq!(on, [true, true, true, false, false, false]);
        let both = encoding.rows(&[at(0.2), at(0.7)]);
        let on = on_hills(&model, &encoding.groups, &encoding.rows(&asked), &both);
        assert!(on.iter().all(|on| *on), "{on:?}");
    }
}
