//! Climbing one utility from a point of the space.

use quantity::Rng;
use rand::RngExt;

use super::slide::Faces;
use super::surface::Height;
use crate::encode::{Continuous, Encoding, Rows};
use crate::gp::{Bending, minimise_in_box};
use crate::space::{FactorKind, Level, Point, Space, normal};

/// What climbing needs to know of a space.
#[derive(Clone, Debug)]
pub(crate) struct Ground<'a> {
    pub space: &'a Space,
    pub encoding: &'a Encoding,
    continuous: Vec<Continuous>,
    /// Whether rules across factors must be kept.
    pub ruled: bool,
    discrete: Vec<usize>,
    /// The faces along which real factors slide, where linear rules bind them.
    faces: Option<Faces>,
    /// A step that gains less ends a climb along the slope.
    pub tolerance: f64,
}

/// Share of words near another that have another length, where lengths vary.
const LENGTHS_SHARE: f64 = 0.2;
/// Sweeps over all factors, at most, where none is continuous.
const SWEEPS: usize = 8;
/// Levels of one factor tried in a sweep; of more, a random choice.
const LEVELS_TRIED: usize = 24;

impl<'a> Ground<'a> {
    /// The ground of a space in which these factors stay as they are.
    pub(crate) fn new(
        space: &'a Space,
        encoding: &'a Encoding,
        held: &[(usize, Level)],
    ) -> Ground<'a> {
        let is_held = |factor: usize| held.iter().any(|(other, _)| *other == factor);
        let mut continuous = encoding.continuous(space);
        continuous.retain(|c| !is_held(c.factor));
        let mixture =
            |factor: usize| matches!(space.factors[factor].kind, FactorKind::Mixture { .. });
        let discrete = (0..space.factors.len())
            .filter(|&factor| !continuous.iter().any(|c| c.factor == factor) && !mixture(factor))
            .filter(|&factor| !is_held(factor))
            .filter(|&factor| {
                space.factors[factor]
                    .count()
                    .is_none_or(|count| count > 1.0)
            })
            .collect();
        let ruled = !space.linear_rules().is_empty()
            || !space.exclusions.is_empty()
            || space.cardinality.is_some();
        Ground {
            space,
            encoding,
            continuous,
            ruled,
            discrete,
            faces: Faces::of(space, encoding),
            tolerance: 1e-9,
        }
    }

    /// The number of factors that can vary one by one.
    pub(crate) fn freedoms(&self) -> usize {
        self.continuous.len() + self.discrete.len()
    }

    /// Climbs from `start`: continuous factors along the slope, the others level by level, in turn.
    pub(crate) fn climb(
        &self,
        start: &Point,
        height: &mut dyn Height,
        evaluations: usize,
        rng: &mut Rng,
    ) -> (Point, f64) {
        let row = self.encoding.row(start);
        let mut slope = vec![0.0; row.len()];
        let mut best = start.clone();
        let mut value = height.slope(&row, &mut slope);
        let rounds = if self.discrete.is_empty() || self.continuous.is_empty() {
            1
        } else {
            2
        };
        for _ in 0..rounds {
            if let Some(faces) = &self.faces {
                let most = 2 * evaluations / rounds;
                faces.climb(
                    self.space,
                    self.encoding,
                    &mut best,
                    &mut value,
                    height,
                    most,
                );
            } else if !self.continuous.is_empty() {
                self.along_slope(&mut best, &mut value, height, evaluations / rounds);
            }
            let sweeps = match self.continuous.is_empty() {
                true => SWEEPS,
                false => 1,
            };
            for _ in 0..sweeps {
                let before = value;
                for &factor in &self.discrete {
                    self.over_levels(&mut best, &mut value, factor, height, rng);
                }
                if value <= before {
                    break;
                }
            }
        }
        (best, value)
    }

    /// Sets a factor that isn't continuous to the best of its other levels, if one is better; of a word, each letter in
    /// turn.
    fn over_levels(
        &self,
        best: &mut Point,
        value: &mut f64,
        factor: usize,
        height: &mut dyn Height,
        rng: &mut Rng,
    ) {
        let Level::Sequence(word) = &best.0[factor] else {
            let levels = self.levels(best, factor, rng);
            return self.to_best(best, value, factor, levels, height);
        };
        for site in 0..word.len() {
            let levels = self.other_letters(best, factor, site);
            self.to_best(best, value, factor, levels, height);
        }
        let levels = self.other_lengths(best, factor, rng);
        self.to_best(best, value, factor, levels, height);
    }

    /// Sets a factor to the best of some levels, if it is better than what it is.
    fn to_best(
        &self,
        best: &mut Point,
        value: &mut f64,
        factor: usize,
        levels: Vec<Level>,
        height: &mut dyn Height,
    ) {
        let mut point = best.clone();
        let mut rows = Rows::new(self.encoding.width);
        let mut row = self.encoding.row(best);
        let start = row.clone();
        let mut allowed = Vec::with_capacity(levels.len());
        for level in levels {
            point.0[factor] = level;
            if self.ruled && !self.space.contains(&point) {
                continue;
            }
            self.encoding.write(&point, &mut row);
            rows.push(&row);
            allowed.push(point.0[factor].clone());
        }
        if allowed.is_empty() {
            return;
        }
        for (level, found) in allowed.into_iter().zip(height.beside(&start, &rows)) {
            if found > *value {
                (best.0[factor], *value) = (level, found);
            }
        }
    }

    /// A word with each other letter at a site.
    fn other_letters(&self, point: &Point, factor: usize, site: usize) -> Vec<Level> {
        let (FactorKind::Sequence { alphabet, .. }, Level::Sequence(word)) =
            (&self.space.factors[factor].kind, &point.0[factor])
        else {
            return Vec::new();
        };
        let others = (0..alphabet.len() as u32).filter(|&letter| u32::from(word[site]) != letter);
        others
            .map(|letter| {
                let mut other = word.clone();
                other[site] = letter as u8;
                Level::Sequence(other)
            })
            .collect()
    }

    /// A word with a letter less or more, at a few places.
    fn other_lengths(&self, point: &Point, factor: usize, rng: &mut Rng) -> Vec<Level> {
        let FactorKind::Sequence {
            alphabet,
            shortest,
            longest,
        } = &self.space.factors[factor].kind
        else {
            return Vec::new();
        };
        let Level::Sequence(word) = &point.0[factor] else {
            return Vec::new();
        };
        let (shorter, longer) = (word.len() > *shortest, word.len() < *longest);
        if !shorter && !longer {
            return Vec::new();
        }
        (0..LEVELS_TRIED)
            .map(|_| {
                let mut other = word.clone();
                if shorter && (!longer || rng.random::<bool>()) {
                    other.remove(rng.random_range(0..word.len()));
                } else {
                    let letter = rng.random_range(0..alphabet.len()) as u8;
                    other.insert(rng.random_range(0..=word.len()), letter);
                }
                Level::Sequence(other)
            })
            .collect()
    }

    /// A word with one letter changed or, where lengths vary, now and then one less or more.
    fn near_word(&self, point: &Point, factor: usize, rng: &mut Rng) -> Option<Level> {
        let (FactorKind::Sequence { alphabet, .. }, Level::Sequence(word)) =
            (&self.space.factors[factor].kind, &point.0[factor])
        else {
            return None;
        };
        let count = alphabet.len() - 1;
        let lengths = self.other_lengths(point, factor, rng);
        let stays = word.is_empty() || count == 0;
        if !lengths.is_empty() && (stays || rng.random::<f64>() < LENGTHS_SHARE) {
            return lengths.into_iter().next();
        }
        if stays {
            return None;
        }
        // Any letter but its own, at any site.
        let chosen = rng.random_range(0..word.len() * count);
        let (site, letter) = (chosen / count, (chosen % count) as u8);
        let mut next = word.clone();
        next[site] = letter + u8::from(letter >= word[site]);
        Some(Level::Sequence(next))
    }

    fn along_slope(
        &self,
        best: &mut Point,
        value: &mut f64,
        height: &mut dyn Height,
        evaluations: usize,
    ) {
        let mut row = self.encoding.row(best);
        let start: Vec<f64> = self.continuous.iter().map(|c| row[c.column]).collect();
        let mut slope = vec![0.0; row.len()];
        let (low, high) = (vec![0.0; start.len()], vec![1.0; start.len()]);
        let found = minimise_in_box(
            |x, gradient| {
                for (c, x) in self.continuous.iter().zip(x) {
                    row[c.column] = *x;
                }
                let height = height.slope(&row, &mut slope);
                for (gradient, c) in gradient.iter_mut().zip(&self.continuous) {
                    *gradient = -slope[c.column];
                }
                -height
            },
            &start,
            &low,
            &high,
            evaluations,
            self.tolerance,
            Bending::default(),
        );
        if !found.value.is_finite() || -found.value <= *value {
            return;
        }
        let along = |share: f64| {
            let mut point = best.clone();
            for ((c, from), to) in self.continuous.iter().zip(&start).zip(&found.x) {
                point.0[c.factor] = c.level(from + share * (to - from));
            }
            point
        };
        let mut point = along(1.0);
        let mut reached = -found.value;
        if self.ruled && !self.space.contains(&point) {
            // As far towards it as the rules allow.
            let (mut inside, mut outside) = (0.0, 1.0);
            for _ in 0..12 {
                let middle = 0.5 * (inside + outside);
                if self.space.contains(&along(middle)) {
                    inside = middle
                } else {
                    outside = middle
                }
            }
            point = along(inside);
            if !self.space.contains(&point) {
                return;
            }
            reached = height.slope(&self.encoding.row(&point), &mut slope);
            if reached <= *value {
                return;
            }
        }
        (*best, *value) = (point, reached);
    }

    /// Other levels of a factor that isn't continuous.
    fn levels(&self, point: &Point, factor: usize, rng: &mut Rng) -> Vec<Level> {
        let kind = &self.space.factors[factor].kind;
        match (kind, &point.0[factor]) {
            (FactorKind::Sequence { .. }, Level::Sequence(word)) => (0..word.len())
                .flat_map(|site| self.other_letters(point, factor, site))
                .collect(),
            (FactorKind::Integer { low, high }, Level::Integer(value))
                if high - low >= LEVELS_TRIED as i64 =>
            {
                let mut all = Vec::new();
                for _ in 0..LEVELS_TRIED / 2 {
                    let reach = (*high - *low) as f64 * 0.5 * rng.random::<f64>().powi(4);
                    let step = (reach as i64).max(1);
                    all.push(Level::Integer((value.saturating_sub(step)).max(*low)));
                    all.push(Level::Integer((value.saturating_add(step)).min(*high)));
                }
                all
            }
            (_, current) => {
                let mut all = self.space.factors[factor].levels().unwrap_or_default();
                all.retain(|level| level != current);
                if all.len() > LEVELS_TRIED {
                    for i in 0..LEVELS_TRIED {
                        let j = rng.random_range(i..all.len());
                        all.swap(i, j);
                    }
                    all.truncate(LEVELS_TRIED);
                }
                all
            }
        }
    }

    /// Points that differ from one in a single factor: continuous ones at so many places over their range, the others
    /// at other levels. Whether they keep rules isn't asked.
    pub(crate) fn across(&self, point: &Point, places: usize, rng: &mut Rng) -> Vec<Point> {
        let mut all = Vec::new();
        for c in &self.continuous {
            for place in 0..places {
                let mut next = point.clone();
                next.0[c.factor] = c.level((place as f64 + rng.random::<f64>()) / places as f64);
                all.push(next);
            }
        }
        for &factor in &self.discrete {
            for level in self.levels(point, factor, rng) {
                let mut next = point.clone();
                next.0[factor] = level;
                all.push(next);
            }
        }
        all
    }

    /// A point near another: some continuous factors moved by about `reach` of their range, and with
    /// some chance another factor set to another level; under rules a step towards or away from a
    /// second point, which mixtures and equations survive.
    pub(crate) fn near(&self, point: &Point, other: &Point, reach: f64, rng: &mut Rng) -> Point {
        let mut next = point.clone();
        if self.ruled && rng.random::<f64>() < 0.6 {
            let step = reach * normal(rng);
            for (factor, level) in next.0.iter_mut().enumerate() {
                if let (Level::Real(value), Level::Real(to)) = (&mut *level, &other.0[factor])
                    && !self.discrete.contains(&factor)
                {
                    let (low, high) = self.space.factors[factor]
                        .range()
                        .unwrap_or((*value, *value));
                    *value = (*value + step * (to - *value)).clamp(low, high);
                }
            }
            return next;
        }
        let count = self.freedoms().max(1);
        // About a handful of factors at a time: a step along all of many at once is nearly never good.
        let chance = (4.0 / count as f64).clamp(0.15, 1.0);
        let certain = rng.random_range(0..count);
        for (index, c) in self.continuous.iter().enumerate() {
            if index == certain || rng.random::<f64>() < chance {
                let mut row = vec![0.0; self.encoding.width];
                self.encoding.write(point, &mut row);
                next.0[c.factor] = c.level(row[c.column] + reach * normal(rng));
            }
        }
        for (index, &factor) in self.discrete.iter().enumerate() {
            let chosen = index + self.continuous.len() == certain;
            if chosen || rng.random::<f64>() < chance * reach.min(0.5) {
                if let Some(level) = self.near_word(point, factor, rng) {
                    next.0[factor] = level;
                    continue;
                }
                let levels = self.levels(point, factor, rng);
                if !levels.is_empty() {
                    next.0[factor] = levels[rng.random_range(0..levels.len())].clone();
                }
            }
        }
        next
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::space::Factor;
    use quantity::Seed;

    /// Each site has a letter of its own that it should hold, and letters at all sites are worth something.
    fn worth(row: &[f64], sites: usize, letters: usize) -> f64 {
        let at = |site: usize| match row[site] as usize {
            letter if letter == letters => 0.0,
            letter if letter == 3 * site % letters => 1.0,
            _ => 0.1,
        };
        (0..sites).map(at).sum()
    }

    #[test]
    fn a_climb_changes_every_letter_of_a_word() {
        let space = Space::new(vec![Factor::sequence("word", "ABCDEFG", 9)]);
        let encoding = Encoding::new(&space);
        let ground = Ground::new(&space, &encoding, &[]);
        let mut height = |row: &[f64], _: &mut [f64]| worth(row, 9, 7);
        let start = Point(vec![Level::Sequence(vec![6; 9])]);
        let (top, value) = ground.climb(&start, &mut height, 40, &mut Seed(1).rng());
        let best: Vec<u8> = (0..9).map(|site| (3 * site % 7) as u8).collect();
        assert_eq!((top, value), (Point(vec![Level::Sequence(best)]), 9.0));
    }

    #[test]
    fn a_climb_finds_the_length_of_a_word() {
        let mut word = Factor::sequence("word", "ABCDEFG", 9);
        if let FactorKind::Sequence { shortest, .. } = &mut word.kind {
            *shortest = 2;
        }
        let space = Space::new(vec![word]);
        let encoding = Encoding::new(&space);
        let ground = Ground::new(&space, &encoding, &[]);
        let mut height = |row: &[f64], _: &mut [f64]| worth(row, 9, 7);
        let mut rng = Seed(2).rng();
        let start = Point(vec![Level::Sequence(vec![6; 4])]);
        let (top, value) = ground.climb(&start, &mut height, 40, &mut rng);
        assert!(space.contains(&top));
        assert!(value > 8.0, "{value} {top:?}");
        // Points near a word have other lengths too, and all are in the space.
        let near: Vec<Point> = (0..100)
            .map(|_| ground.near(&start, &start, 0.1, &mut rng))
            .collect();
        assert!(near.iter().all(|point| space.contains(point)));
        let length = |point: &Point| match &point.0[0] {
            Level::Sequence(word) => word.len(),
            _ => 0,
        };
        for wanted in 3..=5 {
            assert!(near.iter().any(|point| length(point) == wanted), "{wanted}");
        }
    }
}
