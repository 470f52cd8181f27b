//! A hall computed from a load: how many of which instrument, where, on what track.
//!
//! 1. [`need()`]: counts from the load and a target utilisation, and the flows between kinds.
//! 2. [`group`]: which instruments share a station and an arm, so that plates stay in it.
//! 3. [`site`]: a track with slots for the stations.
//! 4. [`place`]: stations into slots by flow × distance; first with expected flows, then with those
//!    that the twin shows.
//! 5. The twin runs the load; where it falls short, what was waited for most is added, and again.
//!
//! [`human`] lays the same instruments out as people would, by the same code, for comparison.

pub mod group;
mod need;
mod place;
pub mod site;
mod write;

pub use group::{Frame, Item, Module};
pub use need::{Need, need};
pub use site::{Form, Site};

use crate::load::Mix;
use crate::simulate::{Outcome, Request, SimulateError, simulate};
use crate::sizes;
use lab::{Hall, Kinds, LabFile};
use quantity::Seed;
use std::sync::Arc;
use thiserror::Error;
use transport::Point;

/// How stations are built and set up.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Style {
    /// What a station holds.
    pub frame: Frame,
    /// Metres from the track's berths to the back of a station: its arm and its deepest instrument.
    pub depth: f64,
    /// Metres kept free behind stations: for people, or for a machine that swaps whole stations.
    pub path: f64,
    /// The most stations along one side of a track, where the style has a limit.
    pub along: Option<usize>,
}

/// An arm takes this much in front of instruments of up to 0.80 m.
const DEPTH: f64 = 0.35 + 0.80;

/// Fronts of stations that are tried, metres: five and six tiles, within an arm's reach to both sides.
const FRONTS: [f64; 2] = [1.20, 1.44];

/// Stations of 1.2 m or 1.44 m with two shelves, swapped as wholes over a path of 1 m behind them.
pub const COMPUTED: Style = Style {
    frame: Frame {
        front: 1.2,
        levels: 2,
        arm: 0.5,
    },
    depth: DEPTH,
    path: 1.0,
    along: None,
};

/// Benches of 1.8 m with one shelf at working height, and aisles of 1.5 m (at least 5 ft within a
/// laboratory module, bench tops 30 to 33 in deep: 'Design: sizing lab modules', R&D Magazine,
/// Laboratory Design News, November 2010). Rows of at most four benches (7.7 m, a common room depth).
pub const HUMAN: Style = Style {
    frame: Frame {
        front: 1.8,
        levels: 1,
        arm: 0.5,
    },
    depth: DEPTH,
    path: 1.5,
    along: Some(4),
};

/// What is wanted.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Wanted {
    /// Plates an hour.
    pub rate: f64,
    /// No instrument is planned to be busier than this.
    pub utilisation: f64,
    /// Every draw follows from it.
    pub seed: Seed,
}

/// A hall, and how it does.
#[derive(Clone, Debug)]
pub struct Design {
    /// The lab file.
    pub text: String,
    /// What it says.
    pub hall: Arc<Hall>,
    /// How its stations are built.
    pub style: Style,
    /// What its load needs.
    pub need: Need,
    /// Its stations, by station id.
    pub modules: Vec<Module>,
    /// Its track and slots.
    pub site: Site,
    /// What it does under its load.
    pub outcome: Outcome,
    /// The floor that it takes.
    pub floor: Floor,
    /// What it costs.
    pub price: Price,
}

/// A rectangle of floor, metres.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Floor {
    /// Its south-west corner.
    pub low: [f64; 2],
    /// Its north-east corner.
    pub high: [f64; 2],
}

impl Floor {
    /// Square metres.
    #[must_use]
    pub fn area(&self) -> f64 {
        (self.high[0] - self.low[0]) * (self.high[1] - self.low[1])
    }
}

/// What a hall costs, in thousands of euros, by [`crate::sizes`].
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Price {
    /// Instruments.
    pub instruments: f64,
    /// Arms and frames of stations.
    pub stations: f64,
    /// Track and movers.
    pub transport: f64,
    /// Floor.
    pub floor: f64,
}

impl Price {
    /// All of it.
    #[must_use]
    pub fn total(&self) -> f64 {
        self.instruments + self.stations + self.transport + self.floor
    }
}

/// Why there is no design.
#[derive(Debug, Error)]
pub enum DesignError {
    /// No kind of instrument can do a step.
    #[error("no kind of instrument can do step '{step}' ({word}) of '{protocol}'")]
    NoKind {
        /// The protocol.
        protocol: String,
        /// The step.
        step: String,
        /// What it is to do.
        word: String,
    },
    /// What was asked for is no number to work with.
    #[error("{what} {found}: expected {expected}")]
    Number {
        /// What it is.
        what: &'static str,
        /// What was asked for.
        found: f64,
        /// What can be.
        expected: &'static str,
    },
    /// The lab file that was written is not sound.
    #[error("the lab file that was made is not sound: {0}")]
    Unsound(String),
    /// The twin can't run it.
    #[error(transparent)]
    Simulate(#[from] SimulateError),
}

/// The share of the wanted throughput below which a hall falls short of it.
pub const ENOUGH: f64 = 0.97;
/// The share of plates that must keep every limit between steps.
pub const COMPLIANCE: f64 = 0.95;
/// Prices are known no better than to this share.
const PRICE_KNOWN: f64 = 0.03;
/// Movers are added to benches as long as each time they bring this share more plates.
const MOVERS_HELP: f64 = 0.01;
/// Corrections by simulation.
const CORRECTIONS: usize = 6;
/// Seconds of a mover for a leg: an empty ride, an arm, a ride, an arm (rides of some metres 3 to
/// 5 s, arms 11 s).
const LEG_S: f64 = 40.0;
/// Movers are planned to be busy at most this share of their time.
const MOVER_BUSY: f64 = 0.7;
/// Hours that are measured, after a warm-up of twice the time that a plate is in the hall.
const MEASURED_HOURS: f64 = 8.0;

impl Design {
    /// Whether it does what was wanted.
    #[must_use]
    pub fn suffices(&self, rate: f64) -> bool {
        let o = &self.outcome;
        o.plates_per_hour() >= ENOUGH * rate && o.compliance() >= COMPLIANCE
    }
}

/// Designs a hall: of every form of track the best arrangement. Those that do what is wanted come
/// first, and of them the cheapest; of those whose prices differ by less than prices are known to,
/// the one with the least floor.
///
/// # Errors
/// See [`DesignError`].
pub fn design(
    kinds: &Kinds,
    mix: &Mix,
    wanted: Wanted,
    forms: &[Form],
) -> Result<Vec<Design>, DesignError> {
    check(wanted)?;
    let need = need(kinds, mix, wanted.rate, wanted.utilisation)?;
    let mut designs = Vec::new();
    for form in forms {
        designs.push(corrected(*form, mix, wanted, need.clone())?);
    }
    let lacks = |d: &Design| !d.suffices(wanted.rate);
    let price = |d: &Design| d.price.total();
    let area = |d: &Design| d.floor.area();
    designs.sort_by(|a, b| {
        let by_price = price(a).total_cmp(&price(b));
        lacks(a).cmp(&lacks(b)).then(by_price)
    });
    let equal = designs.iter().take_while(|d| {
        lacks(d) == lacks(&designs[0]) && price(d) <= price(&designs[0]) * (1.0 + PRICE_KNOWN)
    });
    let least = equal
        .enumerate()
        .min_by(|a, b| area(a.1).total_cmp(&area(b.1)));
    let least = least.map_or(0, |(at, _)| at);
    designs[..=least].rotate_right(1);
    Ok(designs)
}

/// The same instruments as people lay them out: zones one after another along rows of benches with
/// aisles, on a tile floor. Movers are added until the throughput is the same. If they are
/// `arranged`, the same benches stand where flow × distance is least, to tell what that alone brings.
///
/// # Errors
/// See [`DesignError`].
pub fn human(
    mix: &Mix,
    wanted: Wanted,
    need: &Need,
    arranged: bool,
) -> Result<Design, DesignError> {
    check(wanted)?;
    let modules = group::by_kind(need, HUMAN.frame);
    let rows = HUMAN.along.unwrap_or(usize::MAX);
    let form = Form::Tiles(modules.len().div_ceil(2 * rows).max(1));
    let mut movers = movers(need, &modules, wanted.rate);
    let mut best: Option<Design> = None;
    loop {
        let plan = Plan {
            style: HUMAN,
            form,
            need: need.clone(),
            movers,
            arranged,
        };
        let design = plan.build("benches", mix, wanted, &modules, None)?;
        let most = site::parking_max(form, modules.len()) * 10 / 11;
        let done = design.suffices(wanted.rate) || movers >= most;
        // Where more movers bring no more plates, it is not movers that are missing.
        let rate = design.outcome.plates_per_hour();
        let helps = |best: &Design| rate > best.outcome.plates_per_hour() * (1.0 + MOVERS_HELP);
        match best {
            Some(best) if !design.suffices(wanted.rate) && !helps(&best) => return Ok(best),
            _ if done => return Ok(design),
            _ => best = Some(design),
        }
        movers += movers.div_ceil(2);
    }
}

fn check(wanted: Wanted) -> Result<(), DesignError> {
    let wrong = |what, found, expected| {
        Err(DesignError::Number {
            what,
            found,
            expected,
        })
    };
    if !(wanted.rate.is_finite() && wanted.rate > 0.0 && wanted.rate <= 10_000.0) {
        return wrong(
            "a rate of",
            wanted.rate,
            "plates an hour, above 0 and up to 10,000",
        );
    }
    if !(wanted.utilisation > 0.0 && wanted.utilisation <= 1.0) {
        return wrong(
            "a utilisation of",
            wanted.utilisation,
            "a share above 0 and up to 1",
        );
    }
    Ok(())
}

/// Movers for the rides between stations.
fn movers(need: &Need, modules: &[Module], rate: f64) -> usize {
    let flows = group::flows_between(need, modules);
    let rides: f64 = flows.iter().flatten().sum();
    let least = (rides.max(rate) * LEG_S / 3600.0 / MOVER_BUSY).ceil();
    (least as usize).max(2)
}

/// A hall on one form of track; what falls short in the twin is added, and again.
fn corrected(form: Form, mix: &Mix, wanted: Wanted, need: Need) -> Result<Design, DesignError> {
    let mut style = COMPUTED;
    let mut need = need;
    let mut spare_movers = 0;
    let mut best: Option<Design> = None;
    for _ in 0..=CORRECTIONS {
        let modules = stations(&need, &mut style, wanted.seed);
        let plan = Plan {
            style,
            form,
            movers: movers(&need, &modules, wanted.rate) + spare_movers,
            need: need.clone(),
            arranged: true,
        };
        let mut design = plan.build("computed", mix, wanted, &modules, None)?;
        // Once more with the rides that were made in the twin.
        let rides = rides(&design);
        let again = plan.build("computed", mix, wanted, &modules, Some(&rides))?;
        if again.suffices(wanted.rate) >= design.suffices(wanted.rate)
            && again.outcome.metres() < design.outcome.metres()
        {
            design = again;
        }
        let cause = missing(&design);
        let done = design.suffices(wanted.rate);
        let better = best.as_ref().is_none_or(|best| {
            done || design.outcome.plates_per_hour() > best.outcome.plates_per_hour()
        });
        if better {
            best = Some(design);
        }
        if done {
            break;
        }
        match cause {
            Missing::Mover => spare_movers += 1 + spare_movers / 2,
            Missing::Arm => style.frame.arm *= 0.75,
            Missing::Kind(kind) => *need.counts.entry(kind).or_default() += 1,
        }
    }
    best.ok_or_else(|| DesignError::Unsound("nothing was tried".into()))
}

/// Stations with the front that makes them and their floor cheapest; of fronts between which prices
/// can't tell, the one that takes the least floor.
fn stations(need: &Need, style: &mut Style, seed: Seed) -> Vec<Module> {
    let counts = need.counts.iter();
    let fixed: f64 = counts
        .map(|(kind, count)| sizes::of(kind).price * *count as f64)
        .sum();
    let deep = style.depth + style.path + site::TILE * 2.0;
    let tried = FRONTS.map(|front| {
        let frame = Frame {
            front,
            ..style.frame
        };
        let modules = group::by_flow(need, frame, seed);
        // Stations stand on both sides of a track: an odd one leaves a place empty.
        let floor = modules.len().next_multiple_of(2) as f64 * front * deep;
        let each = sizes::ARM_PRICE + sizes::FRAME_PRICE;
        let price = fixed + modules.len() as f64 * each + floor * sizes::FLOOR_PRICE;
        (price, floor, frame, modules)
    });
    let least = tried.iter().map(|t| t.0).fold(f64::INFINITY, f64::min);
    let best = tried
        .into_iter()
        .filter(|t| t.0 <= least * (1.0 + PRICE_KNOWN))
        .min_by(|a, b| a.1.total_cmp(&b.1));
    best.map_or_else(Vec::new, |(_, _, frame, modules)| {
        style.frame = frame;
        modules
    })
}

/// What a hall waits for most.
enum Missing {
    Mover,
    Arm,
    Kind(String),
}

fn missing(design: &Design) -> Missing {
    let o = &design.outcome;
    let wait = |cause: &str| o.waiting.get(cause).copied().unwrap_or(0.0);
    let mover = wait("a mover");
    let arm = wait("an arm") + wait("a dock");
    let home = wait("a home in a hotel");
    let instrument =
        wait("an instrument") + wait("an instrument's nest") + wait("room in the plan");
    if home > mover + arm + instrument {
        return Missing::Kind("hotel".into());
    }
    if mover > arm + instrument {
        return Missing::Mover;
    }
    if arm > instrument {
        return Missing::Arm;
    }
    let mut kinds: std::collections::BTreeMap<&str, (f64, f64)> = Default::default();
    for one in &o.instruments {
        let entry = kinds.entry(&one.kind).or_default();
        entry.0 += one.share;
        entry.1 += 1.0;
    }
    let busiest = kinds
        .into_iter()
        .max_by(|a, b| (a.1.0 / a.1.1).total_cmp(&(b.1.0 / b.1.1)));
    busiest.map_or(Missing::Mover, |(kind, _)| Missing::Kind(kind.to_owned()))
}

/// Rides an hour between the stations of a design, with plates and without.
fn rides(design: &Design) -> Vec<Vec<f64>> {
    let n = design.modules.len();
    let mut rides = vec![vec![0.0; n]; n];
    for ((from, to), count) in &design.outcome.trips {
        rides[from.index()][to.index()] += count[0] + count[1];
    }
    rides
}

struct Plan {
    style: Style,
    form: Form,
    need: Need,
    movers: usize,
    /// Whether stations are placed by flows; else one after another.
    arranged: bool,
}

impl Plan {
    /// Places stations by the rides that are expected, or that were seen, and runs the load.
    fn build(
        &self,
        name: &str,
        mix: &Mix,
        wanted: Wanted,
        modules: &[Module],
        seen: Option<&[Vec<f64>]>,
    ) -> Result<Design, DesignError> {
        let parking = self.movers + self.movers.div_ceil(10);
        let site = site::site(self.form, modules.len(), parking, &self.style);
        let about = format!(
            "{} stations on {} for {} plates an hour",
            modules.len(),
            site.form,
            wanted.rate
        );
        let written = |slots: &[usize]| {
            let text = write::text(name, &about, modules, slots, &site, self.movers);
            match LabFile::parse(name, &text) {
                Ok((file, _)) => Ok((text, file.hall)),
                Err(problems) => Err(DesignError::Unsound(format!("{problems}\n{text}"))),
            }
        };
        let identity: Vec<usize> = (0..modules.len()).collect();
        let (mut text, mut hall) = written(&identity)?;
        if self.arranged {
            let berths: Option<Vec<_>> = site
                .slots
                .iter()
                .map(|docks| hall.track.berth_named(docks.first()?))
                .collect();
            let berths = berths.ok_or_else(|| DesignError::Unsound("a dock is missing".into()))?;
            let far = place::distances(&hall.track, &berths);
            let flows = match seen {
                Some(rides) => rides.to_vec(),
                None => group::flows_between(&self.need, modules),
            };
            (text, hall) = written(&place::place(&flows, &far, wanted.seed))?;
        }
        let warm_up = 2.0 * self.need.flow_hours + 2.0;
        let request = Request {
            rate: Some(wanted.rate),
            hours: warm_up + MEASURED_HOURS,
            warm_up,
            faults: 0.0,
            seed: wanted.seed,
        };
        let outcome = simulate(&hall, mix, request)?;
        let floor = floor(&hall, &self.style, site.pitch);
        let price = price(&hall, site.form, floor);
        Ok(Design {
            text,
            style: self.style,
            need: self.need.clone(),
            modules: modules.to_vec(),
            site,
            outcome,
            floor,
            price,
            hall,
        })
    }
}

/// A station's place on the floor: the middle of its front, and the way from the track to its back.
#[must_use]
pub fn standing(hall: &Hall, station: usize) -> ([f64; 2], [f64; 2]) {
    let docks: Vec<Point> = hall.docks[station]
        .iter()
        .map(|id| hall.track.berth(*id).position)
        .collect();
    let n = docks.len().max(1) as f64;
    let sum = |f: fn(&Point) -> f64| docks.iter().map(f).sum::<f64>() / n;
    let middle = [sum(|p| p.x.as_m()), sum(|p| p.y.as_m())];
    let out = hall.docks[station].first().map_or([0.0, 1.0], |id| {
        let berth = hall.track.berth(*id);
        let node = hall.track.node(berth.enter.node).point;
        let (dx, dy) = (
            (berth.position.x - node.x).as_m(),
            (berth.position.y - node.y).as_m(),
        );
        let length = dx.hypot(dy).max(1e-9);
        [dx / length, dy / length]
    });
    let half = site::TILE / 2.0;
    ([middle[0] + out[0] * half, middle[1] + out[1] * half], out)
}

/// The least rectangle with the track, every station and the path behind it.
fn floor(hall: &Hall, style: &Style, pitch: f64) -> Floor {
    let (low, high) = hall.track.bounds();
    let half = site::TILE / 2.0;
    let mut floor = Floor {
        low: [low.x.as_m() - half, low.y.as_m() - half],
        high: [high.x.as_m() + half, high.y.as_m() + half],
    };
    for station in 0..hall.stations.len() {
        let (front, out) = standing(hall, station);
        let along = [-out[1], out[0]];
        for (side, deep) in [(-0.5, 0.0), (0.5, 0.0), (-0.5, 1.0), (0.5, 1.0)] {
            for axis in 0..2 {
                let deep = deep * (style.depth + style.path);
                let at = front[axis] + out[axis] * deep + along[axis] * side * pitch;
                floor.low[axis] = floor.low[axis].min(at);
                floor.high[axis] = floor.high[axis].max(at);
            }
        }
    }
    floor
}

fn price(hall: &Hall, form: Form, floor: Floor) -> Price {
    let track = match form {
        Form::Tiles(_) => {
            // A tile for each place where ways meet, and for each berth.
            let tile = site::TILE;
            let cell = |p: Point| {
                (
                    (p.x.as_m() / tile).floor() as i64,
                    (p.y.as_m() / tile).floor() as i64,
                )
            };
            let mut cells: Vec<(i64, i64)> = hall
                .track
                .blocks()
                .iter()
                .map(|b| cell(hall.track.pose_on(b.id, b.length.scale(0.5)).point))
                .chain(hall.track.berths().iter().map(|b| cell(b.position)))
                .collect();
            cells.sort_unstable();
            cells.dedup();
            cells.len() as f64 * sizes::TILE_PRICE
        }
        _ => hall.track.rail_length().as_m() * sizes::RAIL_PRICE,
    };
    Price {
        instruments: hall
            .instruments
            .iter()
            .map(|i| sizes::of(&i.kind).price)
            .sum(),
        stations: hall.stations.len() as f64 * (sizes::ARM_PRICE + sizes::FRAME_PRICE),
        transport: track + hall.movers.len() as f64 * sizes::MOVER_PRICE,
        floor: floor.area() * sizes::FLOOR_PRICE,
    }
}
