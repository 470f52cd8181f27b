//! The points that a batch is chosen from.

use std::collections::BTreeSet;

use faer::Mat;
use quantity::{Rng, Seed};
use rand::RngExt;

use super::climb::Ground;
use super::surface::{Response, Together};
use super::utility::Utility;
use crate::effort::Effort;
use crate::encode::{Encoding, Rows};
use crate::gp::{Paths, Solved};
use crate::policy::Sequence;
use crate::space::{Level, Point, Space, moved};
use crate::surrogate::Surrogate;

/// Where a pool takes its points from.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Source<'a> {
    pub space: &'a Space,
    pub encoding: &'a Encoding,
    /// One model per response.
    pub models: &'a [Surrogate],
    pub utility: &'a Utility,
    /// Measured points, best first by what the models expect, moved to where factors are held.
    pub leaders: &'a [Point],
    /// Factors that stay at a level.
    pub held: &'a [(usize, Level)],
    /// How much may be spent.
    pub effort: Effort,
}

/// Points that may be proposed, encoded too.
#[derive(Clone, Debug)]
pub(crate) struct Pool {
    pub points: Vec<Point>,
    pub rows: Rows,
    /// What the data say of the points, where it was computed on the way.
    pub solved: Option<Solved>,
}

/// Covariances of a pool with the data, at most, that are kept.
const KEPT_MAX: usize = 600_000;

impl Pool {
    pub(super) fn new(encoding: &Encoding, points: Vec<Point>) -> Pool {
        let rows = encoding.rows(&points);
        Pool {
            points,
            rows,
            solved: None,
        }
    }

    /// The points that may be best by one model.
    pub(crate) fn promising(self, model: &Surrogate, most: usize) -> Pool {
        if self.points.len() <= most {
            return self;
        }
        let places: Vec<usize> = (0..self.points.len()).collect();
        let process = &model.process;
        let little = places.len() * process.table.len <= KEPT_MAX;
        let solved = (little && model.is_one_process()).then(|| process.solved(&self.rows));
        let (means, variances) = match &solved {
            Some(solved) => process.moments(solved),
            None => model.moments(&self.rows),
        };
        let kept = promising(&places, &means, &variances, most);
        Pool {
            solved: solved.map(|solved| solved.pick(&kept)),
            points: kept
                .iter()
                .map(|&place| self.points[place].clone())
                .collect(),
            rows: self.rows.pick(&kept),
        }
    }
}

impl Pool {
    /// The points that are likelier to work than to fail by a model of that, or are where that is so many standard
    /// deviations higher than it expects; of others as many of the likeliest as make so many in all.
    pub(crate) fn working(self, works: &Surrogate, hope: f64, least: usize) -> Pool {
        let level = works.warp.forward(0.0);
        let (means, variances) = works.moments(&self.rows);
        let hopes: Vec<f64> = means
            .iter()
            .zip(&variances)
            .map(|(mean, variance)| mean + hope * variance.sqrt())
            .collect();
        let likely = hopes.iter().filter(|&&hope| hope >= level).count();
        if likely == hopes.len() {
            return self;
        }
        let places: Vec<usize> = (0..hopes.len()).collect();
        let mut kept = top(&places, &hopes, likely.max(least));
        kept.sort_unstable();
        Pool {
            points: kept
                .iter()
                .map(|&place| self.points[place].clone())
                .collect(),
            rows: self.rows.pick(&kept),
            solved: None,
        }
    }

    /// The same, to be sampled from several models.
    pub(crate) fn unsolved(self) -> Pool {
        Pool {
            solved: None,
            ..self
        }
    }
}

/// Even points of the whole space in a pool.
const EVEN: usize = 256;
/// Measured points around which a pool looks, and points near each.
const LEADERS: usize = 12;
const NEAR_LEADER: usize = 32;
/// Draws that are climbed, at most; and at least where data are few enough.
const DRAWS_MAX: usize = 96;
/// What a step must gain, in the spread of the values, for a climb of a draw and of the mean to go on.
pub(super) const DRAW_TOLERANCE: f64 = 1e-4;
const MEAN_TOLERANCE: f64 = 1e-9;
/// Leaders from which the mean is climbed.
const MEAN_STARTS: usize = 8;
/// Evaluations of one climb.
const CLIMB: usize = 40;
/// Rows of data times evaluations that all climbs of one ask may cost.
const CLIMB_WORK: usize = 2_000_000;

/// A pool for a space without a candidate table: even points, points near the best, the tops of draws
/// from the models and of their mean, and points near those.
pub(crate) fn open_pool(
    source: &Source<'_>,
    taken: &BTreeSet<Point>,
    q: usize,
    seed: Seed,
) -> Pool {
    let effort = source.effort;
    let mut rng = seed.derive("pool", 0).rng();
    let mut ground = Ground::new(source.space, source.encoding, source.held);
    let mut pool = Gathering::new(source, taken);
    even_points(source, seed)
        .into_iter()
        .for_each(|point| pool.add(point));
    let leaders: Vec<Point> = source.leaders.iter().take(LEADERS).cloned().collect();
    let each = effort.of(NEAR_LEADER);
    near(&ground, &leaders, each, 0.4, &mut pool, &mut rng);
    let screened = pool.points.clone();
    // Several responses are climbed together in the goal's unit, which may be a tiny one.
    let unit = match source.models {
        [_] => 1.0,
        _ => source.utility.spread().min(1.0),
    };
    ground.tolerance = DRAW_TOLERANCE * unit;
    let tops = climb_draws(source, &ground, &screened, q, &mut rng);
    ground.tolerance = MEAN_TOLERANCE * unit;
    tops.iter().cloned().for_each(|point| pool.add(point));
    let peaks = climb_mean(source, &ground, &mut rng);
    peaks.iter().cloned().for_each(|point| pool.add(point));
    near(&ground, &peaks, effort.of(16), 0.1, &mut pool, &mut rng);
    near(
        &ground,
        &tops,
        (256 / tops.len().max(1)).clamp(1, 8),
        0.1,
        &mut pool,
        &mut rng,
    );
    // A batch must fit, whatever the space.
    let mut tries = 0;
    while pool.points.len() < 2 * q && tries < 20 * q {
        tries += 1;
        match source.space.sample(&mut rng) {
            Ok(point) => pool.add(point),
            Err(_) => break,
        }
    }
    Pool::new(source.encoding, pool.points)
}

/// Points spread evenly over the space.
pub(super) fn even_points(source: &Source<'_>, seed: Seed) -> Vec<Point> {
    let mut sequence = Sequence::new(seed.derive("pool", 1));
    sequence
        .points(
            source.space,
            source.effort.of(EVEN),
            &mut BTreeSet::new(),
            true,
            seed.derive("pool", 2),
        )
        .unwrap_or_default()
}

/// A pool for a question about the whole of a space without a candidate table: even points alone, since
/// what is asked weighs all places alike; where a level is looked for, also those of many more even points,
/// and of points near them, that are likeliest to be on the wrong side of it by the model.
pub(crate) fn even_pool(
    source: &Source<'_>,
    taken: &BTreeSet<Point>,
    q: usize,
    level: Option<f64>,
    seed: Seed,
) -> Pool {
    let mut rng = seed.derive("even pool", 0).rng();
    let gathering = |count: usize, stream: u64| {
        let mut pool = Gathering::new(source, taken);
        let mut sequence = Sequence::new(seed.derive("even pool", stream));
        let free = &mut BTreeSet::new();
        let even = sequence.points(source.space, count, free, true, seed.derive("fill", stream));
        even.unwrap_or_default()
            .into_iter()
            .for_each(|point| pool.add(point));
        pool
    };
    let mut pool = gathering((2 * q).max(source.effort.side(2 * EVEN)), 1);
    if let (Some(level), [model, ..]) = (level, source.models) {
        let most = (2 * q).max(EVEN);
        let ground = Ground::new(source.space, source.encoding, source.held);
        let mut other = gathering(CROSSING_LOOKS, 2);
        let closest = closest(
            model,
            source.encoding,
            &other.points,
            level,
            CROSSING_STARTS,
        );
        near(&ground, &closest, NEAR_LEADER, 0.2, &mut other, &mut rng);
        self::closest(model, source.encoding, &other.points, level, most)
            .into_iter()
            .for_each(|point| pool.add(point));
    }
    Pool::new(source.encoding, pool.points)
}

/// Even points that are looked at for a level, and those of them around which is looked further.
const CROSSING_LOOKS: usize = 2_048;
const CROSSING_STARTS: usize = 24;

/// How likely points are on the wrong side of a level, as the order of these numbers.
pub(super) fn doubts(model: &Surrogate, rows: &Rows, level: f64) -> Vec<f64> {
    let (means, variances) = model.moments(rows);
    let sides = means.iter().zip(&variances);
    sides
        .map(|(mean, variance)| -(mean - level).abs() / variance.sqrt())
        .collect()
}

/// The points likeliest to be on the wrong side of a level, given as the process sees it.
fn closest(
    model: &Surrogate,
    encoding: &Encoding,
    points: &[Point],
    level: f64,
    most: usize,
) -> Vec<Point> {
    let doubts = doubts(model, &encoding.rows(points), level);
    let places: Vec<usize> = (0..points.len()).collect();
    let kept = top(&places, &doubts, most);
    kept.into_iter()
        .map(|place| points[place].clone())
        .collect()
}

pub(super) struct Gathering<'a> {
    space: &'a Space,
    held: &'a [(usize, Level)],
    taken: &'a BTreeSet<Point>,
    seen: BTreeSet<Point>,
    pub(super) points: Vec<Point>,
}

impl<'a> Gathering<'a> {
    pub(super) fn new(source: &Source<'a>, taken: &'a BTreeSet<Point>) -> Gathering<'a> {
        Gathering {
            space: source.space,
            held: source.held,
            taken,
            seen: BTreeSet::new(),
            points: Vec::new(),
        }
    }

    pub(super) fn add(&mut self, point: Point) {
        let point = moved(point, self.held);
        if self.space.contains(&point)
            && !self.taken.contains(&point)
            && self.seen.insert(point.clone())
        {
            self.points.push(point);
        }
    }
}

pub(super) fn near(
    ground: &Ground<'_>,
    centres: &[Point],
    each: usize,
    widest: f64,
    pool: &mut Gathering<'_>,
    rng: &mut Rng,
) {
    for centre in centres {
        for i in 0..each {
            // Reaches fall off geometrically over three decades.
            let reach = widest * 10_f64.powf(-3.0 * (i as f64 + rng.random::<f64>()) / each as f64);
            let other = if ground.ruled {
                ground.space.sample(rng).unwrap_or_else(|_| centre.clone())
            } else {
                centre.clone()
            };
            pool.add(ground.near(centre, &other, reach, rng));
        }
    }
}

/// How many draws may be climbed, given so many rows of data.
pub(super) fn affordable(n: usize) -> usize {
    (CLIMB_WORK / (CLIMB * (n + 200))).max(8)
}

/// The tops of draws from the models, each climbed from the best of the screened points.
fn climb_draws(
    source: &Source<'_>,
    ground: &Ground<'_>,
    screened: &[Point],
    q: usize,
    rng: &mut Rng,
) -> Vec<Point> {
    let n = source
        .models
        .iter()
        .map(|model| model.process.table.len)
        .max()
        .unwrap_or(0);
    let draws = source.effort.of(q.clamp(8, DRAWS_MAX).min(affordable(n)));
    let starts: Vec<Point> = screened
        .iter()
        .chain(source.leaders.iter().take(LEADERS))
        .cloned()
        .collect();
    let rows = source.encoding.rows(&starts);
    let mut tops = Vec::new();
    // Each of the processes draws its share.
    let most = source.models.iter().map(Surrogate::count).max();
    let voices = most.unwrap_or(1);
    for voice in 0..voices {
        let count = (voice..draws).step_by(voices).len();
        let paths: Vec<Paths<'_>> = source
            .models
            .iter()
            .filter_map(|model| {
                let process = model.processes().nth(voice % model.count())?;
                Some(Paths::draw(process, &model.data, count, rng))
            })
            .collect();
        let heights: Vec<_> = paths.iter().map(|paths| paths.at(&rows)).collect();
        climb_paths(source, ground, &starts, &paths, &heights, rng, &mut tops);
    }
    tops
}

/// Climbs each of the draws, whose heights at the starts are given, from the best of these.
fn climb_paths(
    source: &Source<'_>,
    ground: &Ground<'_>,
    starts: &[Point],
    paths: &[Paths<'_>],
    heights: &[Mat<f64>],
    rng: &mut Rng,
    tops: &mut Vec<Point>,
) {
    let mut values = vec![0.0; paths.len()];
    for draw in 0..heights.first().map_or(0, Mat::ncols) {
        let direction = source.utility.direction(rng);
        let mut utility_at = |at: &dyn Fn(usize) -> f64| {
            for (response, model) in source.models.iter().enumerate() {
                values[response] = model.warp.back(at(response));
            }
            source.utility.of(&values, &direction)
        };
        let start = (0..starts.len())
            .map(|i| (utility_at(&|response| heights[response][(i, draw)]), i))
            .max_by(|a, b| a.0.total_cmp(&b.0).then(b.1.cmp(&a.1)));
        let Some((_, start)) = start else { continue };
        let responses = paths.iter().map(|paths| Response::draw(paths, draw));
        let mut height = Together::new(source, direction, responses.collect());
        tops.push(ground.climb(&starts[start], &mut height, CLIMB, rng).0);
    }
}

/// The tops of the expected utility, climbed from the leaders.
fn climb_mean(source: &Source<'_>, ground: &Ground<'_>, rng: &mut Rng) -> Vec<Point> {
    source
        .leaders
        .iter()
        .take(source.effort.of(MEAN_STARTS))
        .map(|leader| {
            let direction = source.utility.direction(rng);
            let models = source.models.iter();
            let responses = models.map(|model| Response::mean(&model.process));
            let mut height = Together::new(source, direction, responses.collect());
            ground.climb(leader, &mut height, 2 * CLIMB, rng).0
        })
        .collect()
}

/// At most so many of the places, where these values and variances are expected: a third of them the best
/// expected, the others the best hoped for. In their order.
pub(super) fn promising(
    places: &[usize],
    means: &[f64],
    variances: &[f64],
    most: usize,
) -> Vec<usize> {
    let hopes: Vec<f64> = means
        .iter()
        .zip(variances)
        .map(|(mean, variance)| mean + 2.0 * variance.sqrt())
        .collect();
    let mut kept: BTreeSet<usize> = top(places, means, most / 3).into_iter().collect();
    for place in top(places, &hopes, most) {
        if kept.len() == most {
            break;
        }
        kept.insert(place);
    }
    kept.into_iter().collect()
}

/// The places with the highest scores, best first.
pub(super) fn top(places: &[usize], scores: &[f64], count: usize) -> Vec<usize> {
    let mut order: Vec<usize> = (0..places.len()).collect();
    order.sort_by(|&a, &b| scores[b].total_cmp(&scores[a]).then(a.cmp(&b)));
    order.truncate(count);
    order.into_iter().map(|i| places[i]).collect()
}
