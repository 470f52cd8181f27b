//! Packing plates: every plate is a pattern of needs on timetables; all must fit before a deadline.
//!
//! Large neighbourhood search (Shaw 1998) with patterns inserted exactly: a few plates are taken out and
//! put back at their earliest or latest place in another order. What finds no place before the
//! deadline waits outside; the search goes on until the outside is empty, then the deadline is
//! tightened.

use crate::grid::Grid;
use crate::line::FAR;
use crate::pattern::{Pattern, give, take};
use crate::planner::Draw;
use quantity::Seed;

/// One kind of plate: its pattern for every way to choose among machines.
#[derive(Clone, Debug)]
pub(crate) struct Kind {
    /// At least one; all with the same network.
    pub(crate) variants: Vec<Pattern>,
    /// From the last node to completion.
    pub(crate) tail: i64,
    /// From the release to the first node.
    pub(crate) head: i64,
}

/// A plate to pack.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Plate {
    pub(crate) kind: usize,
    pub(crate) release: i64,
}

/// Where a plate is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Place {
    pub(crate) variant: u32,
    pub(crate) times: Vec<i64>,
}

/// Plates on timetables.
#[derive(Clone, Debug)]
pub(crate) struct Pack<'a> {
    pub(crate) kinds: &'a [Kind],
    pub(crate) plates: &'a [Plate],
    pub(crate) lines: Vec<Grid>,
    pub(crate) places: Vec<Option<Place>>,
    scratch: Vec<i64>,
    late: Vec<i64>,
}

impl<'a> Pack<'a> {
    pub(crate) fn new(kinds: &'a [Kind], plates: &'a [Plate], capacities: &[u8]) -> Self {
        Self {
            kinds,
            plates,
            lines: capacities.iter().map(|&c| Grid::new(c)).collect(),
            places: vec![None; plates.len()],
            scratch: Vec::new(),
            late: Vec::new(),
        }
    }

    pub(crate) fn completion(&self, plate: usize) -> i64 {
        self.places[plate].as_ref().map_or(FAR, |p| {
            p.times[p.times.len() - 1] + self.kinds[self.plates[plate].kind].tail
        })
    }

    pub(crate) fn makespan(&self) -> i64 {
        (0..self.plates.len())
            .map(|p| self.completion(p))
            .max()
            .unwrap_or(0)
    }

    /// Takes a plate out.
    pub(crate) fn lift(&mut self, plate: usize) -> Option<Place> {
        let place = self.places[plate].take()?;
        let kind = &self.kinds[self.plates[plate].kind];
        let needs = &kind.variants[place.variant as usize].needs;
        give(needs, &mut self.lines, &place.times);
        Some(place)
    }

    /// Puts a plate where it fits.
    pub(crate) fn lay(&mut self, plate: usize, place: Place) {
        let kind = &self.kinds[self.plates[plate].kind];
        let needs = &kind.variants[place.variant as usize].needs;
        take(needs, &mut self.lines, &place.times);
        self.places[plate] = Some(place);
    }

    /// The earliest place whose first node is at or after `from` (and the release) and that is complete
    /// by `deadline`; then everything but the end as late as possible.
    pub(crate) fn earliest(
        &mut self,
        plate: usize,
        variant: u32,
        from: i64,
        deadline: i64,
    ) -> Option<Place> {
        let Plate { kind, release } = self.plates[plate];
        let kind = &self.kinds[kind];
        let pattern = &kind.variants[variant as usize];
        let nodes = pattern.nodes();
        let first = from.max(release + kind.head);
        let limit = deadline - kind.tail;
        let times = &mut self.scratch;
        times.clear();
        times.resize(nodes, -FAR);
        pattern.net.raise(times, 0, first);
        if times[nodes - 1] > limit {
            return None;
        }
        pattern
            .earliest(&self.lines, times, 0, i64::MIN, limit)
            .ok()?;
        let late = &mut self.late;
        late.clear();
        late.resize(nodes, FAR);
        pattern.net.lower(late, nodes - 1, times[nodes - 1]);
        let done = pattern.latest(&self.lines, late, 0, i64::MIN).is_some();
        let times = if done { late } else { times };
        Some(Place {
            variant,
            times: times.clone(),
        })
    }

    /// The earliest place whose end is `later` than it could be, for others to come through before.
    pub(crate) fn earliest_late(
        &mut self,
        plate: usize,
        variant: u32,
        deadline: i64,
        later: i64,
    ) -> Option<Place> {
        let found = self.earliest(plate, variant, 0, deadline)?;
        let Plate { kind, release } = self.plates[plate];
        let kind = &self.kinds[kind];
        let pattern = &kind.variants[variant as usize];
        let limit = deadline - kind.tail;
        let last = pattern.nodes() - 1;
        let times = &mut self.scratch;
        times.clear();
        times.resize(last + 1, -FAR);
        pattern.net.raise(times, 0, release + kind.head);
        pattern.net.raise(times, last, found.times[last] + later);
        if times[last] > limit {
            return Some(found);
        }
        match pattern.earliest(&self.lines, times, 0, i64::MIN, limit) {
            Ok(()) => Some(Place {
                variant,
                times: times.clone(),
            }),
            Err(_) => Some(found),
        }
    }

    /// The latest place that is complete by `deadline`; then everything but the begin as early as
    /// possible.
    pub(crate) fn latest(&mut self, plate: usize, variant: u32, deadline: i64) -> Option<Place> {
        let Plate { kind, release } = self.plates[plate];
        let kind = &self.kinds[kind];
        let pattern = &kind.variants[variant as usize];
        let nodes = pattern.nodes();
        let late = &mut self.late;
        late.clear();
        late.resize(nodes, FAR);
        pattern.net.lower(late, nodes - 1, deadline - kind.tail);
        pattern.latest(&self.lines, late, 0, i64::MIN)?;
        if late[0] < release + kind.head {
            return None;
        }
        let times = &mut self.scratch;
        times.clear();
        times.resize(nodes, -FAR);
        pattern.net.raise(times, 0, late[0]);
        let done = pattern
            .earliest(&self.lines, times, 0, i64::MIN, deadline - kind.tail)
            .is_ok();
        let times = if done { times } else { late };
        Some(Place {
            variant,
            times: times.clone(),
        })
    }

    /// The earliest place over all variants, tried from a drawn one on.
    pub(crate) fn earliest_of(
        &mut self,
        plate: usize,
        from: i64,
        deadline: i64,
        tries: usize,
        draw: &mut Draw,
    ) -> Option<Place> {
        let variants = self.kinds[self.plates[plate].kind].variants.len();
        let first = draw.below(variants);
        let mut best: Option<Place> = None;
        for turn in 0..variants.min(tries) {
            let variant = ((first + turn * 7) % variants) as u32;
            let limit = best.as_ref().map_or(deadline, |b| {
                let kind = &self.kinds[self.plates[plate].kind];
                b.times[b.times.len() - 1] + kind.tail - 1
            });
            if let Some(place) = self.earliest(plate, variant, from, limit) {
                best = Some(place);
            }
        }
        best
    }

    fn latest_of(&mut self, plate: usize, deadline: i64, draw: &mut Draw) -> Option<Place> {
        let variants = self.kinds[self.plates[plate].kind].variants.len();
        let variant = draw.below(variants) as u32;
        self.latest(plate, variant, deadline)
    }
}

/// A search for a packing with a small makespan.
pub(crate) struct Search<'a> {
    pack: Pack<'a>,
    best: Vec<Place>,
    makespan: i64,
    outside: Vec<usize>,
    deadline: i64,
    bound: i64,
    draw: Draw,
}

impl<'a> Search<'a> {
    /// Begins with one plate after the other; no solution is better than `bound`.
    pub(crate) fn new(
        kinds: &'a [Kind],
        plates: &'a [Plate],
        capacities: &[u8],
        seed: Seed,
        bound: i64,
    ) -> Self {
        let mut draw = Draw::new(seed);
        let pack = first(kinds, plates, capacities, &mut draw);
        let makespan = pack.makespan();
        Self {
            best: pack.places.iter().flatten().cloned().collect(),
            makespan,
            pack,
            outside: Vec::new(),
            deadline: makespan,
            bound,
            draw,
        }
    }

    /// The least makespan so far.
    pub(crate) fn makespan(&self) -> i64 {
        self.makespan
    }

    /// Where every plate is in the best packing so far.
    pub(crate) fn best(&self) -> &[Place] {
        &self.best
    }

    /// Goes on from a packing that another search found.
    pub(crate) fn take_over(&mut self, places: &[Place]) {
        for plate in 0..self.pack.plates.len() {
            self.pack.lift(plate);
        }
        for (plate, place) in places.iter().enumerate() {
            self.pack.lay(plate, place.clone());
        }
        self.outside.clear();
    }

    /// Tries one neighbourhood. False once nothing better can be found.
    pub(crate) fn step(&mut self) -> bool {
        if self.outside.is_empty() {
            self.makespan = self.pack.makespan();
            self.best = self.pack.places.iter().flatten().cloned().collect();
            if self.makespan <= self.bound {
                return false;
            }
            // Tighten: throw out what is now too late.
            let step = ((self.makespan - self.bound) / 200).max(1);
            self.deadline = self.makespan - step;
            for plate in 0..self.pack.plates.len() {
                if self.pack.completion(plate) > self.deadline {
                    self.pack.lift(plate);
                    self.outside.push(plate);
                }
            }
        }
        let (outside, draw) = (&mut self.outside, &mut self.draw);
        neighbourhood(&mut self.pack, outside, self.deadline, draw);
        true
    }
}

/// One plate after the other at its earliest place, in a drawn order.
fn first<'a>(
    kinds: &'a [Kind],
    plates: &'a [Plate],
    capacities: &[u8],
    draw: &mut Draw,
) -> Pack<'a> {
    let mut pack = Pack::new(kinds, plates, capacities);
    for plate in 0..plates.len() {
        if let Some(place) = pack.earliest_of(plate, 0, FAR, 2, draw) {
            pack.lay(plate, place);
        }
    }
    pack
}

/// Takes a few plates out and puts them back with those outside; undone if more stay outside.
fn neighbourhood(pack: &mut Pack, outside: &mut Vec<usize>, deadline: i64, draw: &mut Draw) {
    let count = pack.plates.len();
    let size = 1 + draw.below(8.min(count));
    let mut removed: Vec<(usize, Place)> = Vec::with_capacity(size);
    // Neighbours in time of a drawn moment, or anyone.
    let centre = draw.below(deadline.max(1) as usize) as i64;
    let near = draw.below(3) > 0;
    for _ in 0..size * 4 {
        let plate = draw.below(count);
        let Some(place) = &pack.places[plate] else {
            continue;
        };
        let (from, until) = (place.times[0], place.times[place.times.len() - 1]);
        if near && (centre < from || centre > until) {
            continue;
        }
        if let Some(place) = pack.lift(plate) {
            removed.push((plate, place));
        }
        if removed.len() == size {
            break;
        }
    }
    let mut order: Vec<usize> = removed.iter().map(|r| r.0).collect();
    let waiting = outside.len().min(4);
    for _ in 0..waiting {
        let plate = outside[draw.below(outside.len())];
        if !order.contains(&plate) {
            order.push(plate);
        }
    }
    for i in (1..order.len()).rev() {
        order.swap(i, draw.below(i + 1));
    }
    let mut laid = Vec::with_capacity(order.len());
    let mut left = Vec::new();
    let alike = (draw.below(2) == 0).then(|| draw.below(5));
    for &plate in &order {
        let place = match alike.unwrap_or_else(|| draw.below(5)) {
            0 => pack.latest_of(plate, deadline, draw),
            1 => {
                let from = draw.below(deadline.max(1) as usize) as i64;
                pack.earliest_of(plate, from, deadline, 1, draw)
            }
            2 => {
                let variants = pack.kinds[pack.plates[plate].kind].variants.len();
                let variant = draw.below(variants) as u32;
                let later = 1 << draw.below(7);
                pack.earliest_late(plate, variant, deadline, later + draw.below(32) as i64)
            }
            _ => pack.earliest_of(plate, 0, deadline, 1, draw),
        };
        match place {
            Some(place) => {
                pack.lay(plate, place);
                laid.push(plate);
            }
            None => left.push(plate),
        }
        if left.len() > order.len() - removed.len() {
            break;
        }
    }
    if left.len() > order.len() - removed.len() {
        for plate in laid {
            pack.lift(plate);
        }
        for (plate, place) in removed {
            pack.lay(plate, place);
        }
        return;
    }
    outside.retain(|p| !order.contains(p));
    outside.extend(left);
}
