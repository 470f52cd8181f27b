//! The independent look at all of the time: no two bodies overlap at any moment, not only at those
//! looked at.
//!
//! Time goes by in slices. What a body covers in a slice lies in a box that follows from where it is
//! at both ends and how far it goes between them. Two bodies whose boxes meet are looked at closer:
//! they are apart in the whole of a span if at one end of it they are further apart than both
//! together move in it; where that doesn't tell, each half of the span is looked at, down to
//! [`FINEST`]. Like [`crate::check`] this knows nothing of zones, windows or rules.

use crate::check::{Doing, Fault, Watch, separation};
use crate::geometry::{Pose, wrap};
use crate::track::Footprint;
use quantity::{Duration, Instant, Length, MoverId};
use std::f64::consts::PI;

/// Boxes are made for spans of this length.
const SLICE: Duration = Duration::from_millis(250);
/// Spans are halved until they are this short; then the bodies at both ends decide.
pub const FINEST: Duration = Duration::from_base(250_000);
/// Slices for which each mover is looked at before the next one is.
const TOGETHER: usize = 16;
/// Side of a square of the floor, in metres, and how many squares in a row there are lists for.
const CELL: f64 = 1.0;
const CELLS: usize = 64;
/// No mover is faster, in metres a second.
const FASTEST: f64 = 6.0;
/// Where one motion ends and the next begins, poses differ at most by this, in metres.
const REST: f64 = 1e-3;
/// The resolution of poses is a micrometre each.
const RESOLUTION: f64 = 4e-6;
/// No curve of a track is tighter, in metres; sharper corners are turned on the spot.
const TIGHTEST: f64 = 0.05;

/// What was seen.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Swept {
    /// Pairs of bodies that were looked at closer, in so many slices.
    pub close: u64,
    /// Spans of at most [`FINEST`] for which only the bodies at both ends tell that they were apart.
    pub unproven: u64,
    /// The least distance of two bodies at any moment looked at, in metres.
    pub least: f64,
}

/// What a body covers in a span of time.
#[derive(Clone, Copy, Debug)]
struct Cover {
    /// At the beginning and at the end; none if it was not on the track.
    ends: [Option<Pose>; 2],
    /// No point of it is further from where it is at either end, in metres.
    moves: f64,
    low: [f64; 2],
    high: [f64; 2],
    /// How far it has gone at the end on the ride that began at a moment.
    gone: Option<(Instant, Length)>,
}

/// Follows a [`Watch`] and looks at every span of time once.
#[derive(Clone, Debug)]
pub struct Sweep {
    footprint: Footprint,
    until: Instant,
    covers: Vec<Option<Cover>>,
    cells: Cells,
    swept: Swept,
}

/// Which movers cover something of which square of the floor. Squares far apart may share a list.
#[derive(Clone, Debug)]
struct Cells {
    lists: Vec<Vec<u32>>,
}

impl Cells {
    fn new() -> Self {
        Self {
            lists: vec![Vec::new(); CELLS * CELLS],
        }
    }

    /// The lists of all squares that a cover touches, each once.
    fn of(cover: &Cover) -> impl Iterator<Item = usize> + use<> {
        let range = |axis: usize| {
            let [low, high] =
                [cover.low[axis], cover.high[axis]].map(|m| (m / CELL).floor() as i64);
            low..=high.min(low + CELLS as i64 - 1)
        };
        let (xs, ys) = (range(0), range(1));
        let wrapped = |i: i64| i.rem_euclid(CELLS as i64) as usize;
        xs.flat_map(move |x| ys.clone().map(move |y| wrapped(y) * CELLS + wrapped(x)))
    }

    fn enter(&mut self, mover: usize, cover: &Cover) {
        for list in Self::of(cover) {
            self.lists[list].push(mover as u32);
        }
    }

    fn leave(&mut self, mover: usize, cover: &Cover) {
        for list in Self::of(cover) {
            self.lists[list].retain(|m| *m != mover as u32);
        }
    }
}

impl Sweep {
    /// Looks at what happens from a moment on.
    #[must_use]
    pub fn new(watch: &Watch, from: Instant) -> Self {
        let movers = watch.doing.len();
        Self {
            footprint: watch.track.footprint(),
            until: from,
            covers: vec![None; movers],
            cells: Cells::new(),
            swept: Swept {
                close: 0,
                unproven: 0,
                least: f64::INFINITY,
            },
        }
    }

    /// What was seen so far.
    #[must_use]
    pub fn swept(&self) -> Swept {
        self.swept
    }

    /// Until when all was looked at.
    #[must_use]
    pub fn checked_until(&self) -> Instant {
        self.until
    }

    /// Looks at all that happened until a moment; the watch forgets what was before it.
    ///
    /// # Errors
    /// The first fault seen.
    pub fn until(&mut self, watch: &mut Watch, to: Instant) -> Result<(), Fault> {
        // What was told since the last time may be other than what was looked at then.
        let mut known = false;
        while self.until < to {
            let mut ends = vec![self.until];
            while ends.len() <= TOGETHER && ends[ends.len() - 1] < to {
                ends.push((ends[ends.len() - 1] + SLICE).min(to));
            }
            self.slices(watch, &ends, known)?;
            (self.until, known) = (ends[ends.len() - 1], true);
        }
        watch.forget(to);
        Ok(())
    }

    /// Looks at the slices between some moments; what was found for the end of the slice before holds for the
    /// beginning of the first one if it is `known`.
    fn slices(&mut self, watch: &Watch, ends: &[Instant], known: bool) -> Result<(), Fault> {
        // Mover by mover, as its ride is fetched from memory once then.
        let mut changes: Vec<Vec<(usize, Option<Cover>)>> = vec![Vec::new(); ends.len() - 1];
        for i in 0..self.covers.len() {
            let mut cover = self.covers[i];
            let mut known = known;
            let mut stays = ends[0];
            for (slice, changes) in ends.windows(2).zip(&mut changes) {
                let (from, to) = (slice[0], slice[1]);
                if to >= stays && cover.is_some_and(|c| c.moves == 0.0) {
                    stays = stands_until(watch, i, from);
                }
                if to >= stays {
                    let before = cover.filter(|_| known);
                    cover = Cover::after(before, watch, self.footprint, i, from, to)?;
                    changes.push((i, cover));
                }
                known = true;
            }
        }
        for (slice, changes) in ends.windows(2).zip(&changes) {
            self.slice(watch, changes, slice[0], slice[1])?;
        }
        Ok(())
    }

    /// Looks at a slice in which some movers cover something else than before.
    fn slice(
        &mut self,
        watch: &Watch,
        changes: &[(usize, Option<Cover>)],
        from: Instant,
        to: Instant,
    ) -> Result<(), Fault> {
        for (i, cover) in changes {
            if let Some(before) = &self.covers[*i] {
                self.cells.leave(*i, before);
            }
            if let Some(cover) = cover {
                self.cells.enter(*i, cover);
            }
            self.covers[*i] = *cover;
        }
        // Who stood and still stands is apart from others that do as before.
        let mut near = Vec::new();
        for &(i, _) in changes {
            let Some(a) = self.covers[i] else { continue };
            near.clear();
            for list in Cells::of(&a) {
                near.extend(self.cells.lists[list].iter().map(|j| *j as usize));
            }
            near.retain(|j| {
                *j != i
                    && self.covers[*j].as_ref().is_some_and(|b| {
                        (0..2)
                            .all(|axis| a.low[axis] <= b.high[axis] && b.low[axis] <= a.high[axis])
                    })
            });
            near.sort_unstable();
            near.dedup();
            for &j in &near {
                let once = j > i || changes.binary_search_by_key(&j, |c| c.0).is_err();
                if once && let Some(b) = self.covers[j] {
                    self.swept.close += 1;
                    self.apart(watch, [i, j], [a, b], from, to)?;
                }
            }
        }
        Ok(())
    }

    /// Whether two bodies are apart in a whole span.
    fn apart(
        &mut self,
        watch: &Watch,
        pair: [usize; 2],
        covers: [Cover; 2],
        from: Instant,
        to: Instant,
    ) -> Result<(), Fault> {
        let [a, b] = covers;
        if (0..2).any(|axis| a.low[axis] > b.high[axis] || b.low[axis] > a.high[axis]) {
            return Ok(());
        }
        for (end, at) in [from, to].into_iter().enumerate() {
            if let (Some(pose_a), Some(pose_b)) = (a.ends[end], b.ends[end]) {
                let distance = separation(self.footprint, pose_a, pose_b);
                self.swept.least = self.swept.least.min(distance);
                if distance < -RESOLUTION {
                    return Err(Fault::Overlap {
                        a: MoverId(pair[0] as u32),
                        b: MoverId(pair[1] as u32),
                        at,
                        pose_a,
                        pose_b,
                    });
                }
                if distance > a.moves + b.moves + RESOLUTION {
                    return Ok(());
                }
            }
        }
        if to.since(from) <= FINEST {
            self.swept.unproven += 1;
            return Ok(());
        }
        let middle = from + Duration::from_base(to.since(from).base() / 2);
        for (from, to) in [(from, middle), (middle, to)] {
            let new = |i: usize| Cover::new(watch, self.footprint, i, from, to);
            let (Some(a), Some(b)) = (new(pair[0])?, new(pair[1])?) else {
                continue;
            };
            self.apart(watch, pair, [a, b], from, to)?;
        }
        Ok(())
    }
}

/// Until when a mover that stood so far, to a moment, stands there for certain.
fn stands_until(watch: &Watch, mover: usize, from: Instant) -> Instant {
    let doing = &watch.doing[mover];
    let i = doing.partition_point(|(since, _)| *since <= from).max(1) - 1;
    let stands = doing[i].0 < from
        && match &doing[i].1 {
            Doing::Stands(_) => true,
            Doing::Rides(motion) => motion.arrive < from,
            Doing::Gone => false,
        };
    match doing.get(i + 1) {
        _ if !stands => from,
        Some((since, _)) => *since,
        None => Instant::MAX,
    }
}

impl Cover {
    /// What a mover covers in a span; none if it is not on the track.
    fn new(
        watch: &Watch,
        footprint: Footprint,
        mover: usize,
        from: Instant,
        to: Instant,
    ) -> Result<Option<Self>, Fault> {
        Self::after(None, watch, footprint, mover, from, to)
    }

    /// The same, from what is known of its beginning as the end of the span before.
    fn after(
        before: Option<Self>,
        watch: &Watch,
        footprint: Footprint,
        mover: usize,
        from: Instant,
        to: Instant,
    ) -> Result<Option<Self>, Fault> {
        let id = MoverId(mover as u32);
        let begins = before.map_or_else(|| watch.pose(id, from), |before| before.ends[1]);
        let ends = [begins, watch.pose(id, to)];
        let (goes, gone) = goes(watch, mover, from, to, before.and_then(|b| b.gone))?;
        let half = footprint.diagonal() / 2.0;
        let (a, b) = match ends {
            [Some(a), Some(b)] => (a, b),
            // Lifted off or set down in the span.
            [Some(a), None] | [None, Some(a)] => {
                let ([x, y], reach) = (a.point.xy(), half + goes);
                return Ok(Some(Self {
                    ends,
                    moves: goes + 2.0 * half,
                    low: [x - reach, y - reach],
                    high: [x + reach, y + reach],
                    gone,
                }));
            }
            [None, None] => return Ok(None),
        };
        let ([ax, ay], [bx, by]) = (a.point.xy(), b.point.xy());
        let chord = (bx - ax).hypot(by - ay);
        let straight = goes - chord <= RESOLUTION;
        // A square looks the same after a quarter turn, any other rectangle after half a turn.
        let same = if footprint.length == footprint.width {
            PI / 2.0
        } else {
            PI
        };
        let turned = wrap(a.heading.as_rad() - b.heading.as_rad()).rem_euclid(same);
        let turned = turned.min(same - turned);
        let turns = if straight {
            turned
        } else {
            turned.max((goes / TIGHTEST).min(PI))
        };
        // The centre stays in the ellipse about both ends from which the way is as long as it goes.
        let aside = (goes * goes - chord * chord).max(0.0).sqrt() / 2.0;
        let (sin, cos) = a.heading.as_rad().sin_cos();
        let (sin, cos) = (sin.abs(), cos.abs());
        let (l, w) = (footprint.length.as_m() / 2.0, footprint.width.as_m() / 2.0);
        let reach = if turns < 1e-6 {
            [cos * l + sin * w, sin * l + cos * w]
        } else {
            [half, half]
        };
        let aside = if straight { RESOLUTION } else { aside };
        Ok(Some(Self {
            ends,
            moves: goes + half * turns,
            low: [ax.min(bx) - aside - reach[0], ay.min(by) - aside - reach[1]],
            high: [ax.max(bx) + aside + reach[0], ay.max(by) + aside + reach[1]],
            gone,
        }))
    }
}

/// How far a mover goes in a span, in metres, and how far it has gone then on the last ride, which may be
/// known for the beginning; a fault if it jumps on the way.
fn goes(
    watch: &Watch,
    mover: usize,
    from: Instant,
    to: Instant,
    known: Option<(Instant, Length)>,
) -> Result<(f64, Option<(Instant, Length)>), Fault> {
    let doing = &watch.doing[mover];
    let mut i = doing.partition_point(|(since, _)| *since <= from).max(1) - 1;
    let (mut goes, mut at) = (0.0, from);
    let mut last = None;
    let pose_at = |doing: &Doing, at: Instant| match doing {
        Doing::Stands(pose) => Some(*pose),
        Doing::Rides(motion) => Some(motion.pose_at(&watch.track, at)),
        Doing::Gone => None,
    };
    loop {
        let next = doing.get(i + 1).filter(|(since, _)| *since <= to);
        let end = next.map_or(to, |(since, _)| *since);
        let jump = |from: Pose, to: Pose| Fault::Jump {
            mover: MoverId(mover as u32),
            at: end,
            from,
            to,
        };
        if let Doing::Rides(motion) = &doing[i].1 {
            let begins = match known {
                Some((since, gone)) if at == from && since == doing[i].0 => gone,
                _ => motion.gone_at(at),
            };
            let ends = motion.gone_at(end);
            last = Some((doing[i].0, ends));
            let gone = ends.as_m() - begins.as_m();
            if !(-RESOLUTION..=FASTEST * end.since(at).as_secs_f64() + REST).contains(&gone) {
                return Err(jump(
                    motion.pose_at(&watch.track, at),
                    motion.pose_at(&watch.track, end),
                ));
            }
            goes += gone;
        }
        let Some((_, after)) = next else {
            return Ok((goes, last));
        };
        if let (Some(was), Some(is)) = (pose_at(&doing[i].1, end), pose_at(after, end)) {
            let apart = was.point.distance(is.point).as_m();
            if apart > REST {
                return Err(jump(was, is));
            }
            goes += apart;
        }
        (i, at) = (i + 1, end);
    }
}
