//! What a hall offers: machines with slots at stations, arms, movers and the way between.

use quantity::{Duration, Instant};

/// A span of time from `from` up to, not including, `until`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Window {
    /// First moment.
    pub from: Instant,
    /// First moment after; [`FOREVER`] for an open end.
    pub until: Instant,
}

/// The moment that never comes: the open end of a [`Window`].
pub const FOREVER: Instant = Instant::from_base(i64::MAX / 4);

/// As many as one likes: for slots, arms or movers that are never short.
pub const UNLIMITED: u32 = u32::MAX;

/// What a machine needs between stays of unlike families ([`crate::Choice::family`]): cleaning, another
/// temperature, another rotor. The whole machine is set up for one family at a time: stays of one family
/// may overlap where it has several places, those of unlike families never do, and from the last
/// unloading of one to the first loading of another at least the time of the set-up passes, in which
/// nothing is in the machine. Nothing is needed before its first stay.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Setups {
    /// The time between two unlike families that `pairs` does not name.
    pub usual: Duration,
    /// From one family to another, where that takes another time. A way round by a third family must not
    /// be quicker.
    pub pairs: Vec<(u32, u32, Duration)>,
}

impl Setups {
    /// The time from stays of one family to those of another; none within a family.
    #[must_use]
    pub fn between(&self, from: u32, to: u32) -> Duration {
        if from == to {
            return Duration::ZERO;
        }
        let named = self.pairs.iter().find(|p| (p.0, p.1) == (from, to));
        named.map_or(self.usual, |p| p.2)
    }

    /// The longest of all times.
    #[must_use]
    pub fn longest(&self) -> Duration {
        let pairs = self.pairs.iter().map(|p| p.2);
        pairs.fold(self.usual, Duration::max)
    }

    /// Three families of which the way from the first to the last is quicker by the second, if any.
    pub(crate) fn shortcut(&self) -> Option<(u32, u32, u32)> {
        let mut named: Vec<u32> = self.pairs.iter().flat_map(|p| [p.0, p.1]).collect();
        named.sort_unstable();
        named.dedup();
        // One more stands for all that are not named.
        let other = (0..).find(|f| named.binary_search(f).is_err());
        named.extend(other);
        let all = || named.iter().copied();
        all()
            .flat_map(|a| all().flat_map(move |b| all().map(move |c| (a, b, c))))
            .find(|&(a, b, c)| self.between(a, c) > self.between(a, b) + self.between(b, c))
    }
}

/// Consumables that a machine may have, at most.
pub const STOCKS_MOST: usize = 3;

/// Something that a machine uses up and that is refilled: tips, seals, buffer. A refill takes the whole
/// machine, empty, for some time, and fills it up. The planner plans refills by itself, as orders of its
/// own that hold no plate ([`crate::Planner::refills`]).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Stock {
    /// Its name for people.
    pub name: String,
    /// Pieces when full.
    pub full: u32,
    /// How long a refill takes, with the time until somebody is there.
    pub refill: Duration,
}

/// A machine that takes its plates by the run: a centrifuge. All that share a run are loaded before it
/// starts, one after the other, and unloaded after its end; they do the same work
/// ([`crate::Choice::family`]), and nothing else is in the machine meanwhile.
///
/// Counterweights stand in for plates that are missing. One plate and what counterweights there are must
/// always be enough, so nobody is ever stuck for want of a partner ([`Batch::most`]).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Batch {
    /// Places that are filled at least, with plates or counterweights; 0 and 1 say nothing.
    pub least: u32,
    /// The number of plates and counterweights in a run is even: it is balanced.
    pub even: bool,
    /// Counterweights that are kept there.
    pub weights: u32,
}

impl Batch {
    /// How many counterweights a run of so many plates needs in a machine with `slots` places; `None` if
    /// it can't be balanced.
    #[must_use]
    pub fn weights_for(&self, plates: u32, slots: u32) -> Option<u32> {
        (0..=self.weights).find(|weights| {
            let filled = plates + weights;
            filled >= self.least && filled <= slots && !(self.even && filled % 2 == 1)
        })
    }

    /// Plates that may share a run in a machine with `slots` places: as many as can, and any smaller
    /// number too. None if a plate alone can't go.
    #[must_use]
    pub fn most(&self, slots: u32) -> u32 {
        let alright = |plates: &u32| self.weights_for(*plates, slots).is_some();
        (1..=slots).take_while(alright).last().unwrap_or(0)
    }
}

/// An instrument, or a hotel, as the planner sees it: places for plates at a station.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Machine {
    /// Its name for people.
    pub name: String,
    /// Index of its station in [`Shop::stations`].
    pub station: usize,
    /// Plates that it holds at a time; [`UNLIMITED`] for a machine that is never full.
    pub slots: u32,
    /// Handling time of putting a plate in; the slot is taken meanwhile.
    pub load: Duration,
    /// Handling time of taking a plate out; the slot is still taken meanwhile.
    pub unload: Duration,
    /// One door: handlings at this machine must not overlap one another.
    pub gate: bool,
    /// When it can't be used at all (calendar, maintenance), sorted and disjoint. A plate is neither
    /// loaded, held nor unloaded in such a window.
    pub down: Vec<Window>,
    /// What it needs between unlike work; `None` if stays of all families may follow one another and
    /// overlap.
    pub setups: Option<Setups>,
    /// What it uses up, at most [`STOCKS_MOST`]; full at the start.
    pub stocks: Vec<Stock>,
    /// It takes its plates by the run; `None` if each is worked on by itself.
    pub batch: Option<Batch>,
}

impl Machine {
    /// Plates that are worked on together at most, where it takes them by the run.
    #[must_use]
    pub fn run_most(&self) -> Option<u32> {
        self.batch.map(|batch| batch.most(self.slots))
    }
}

/// A dock on the track with its arm.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct StationNode {
    /// Handlings at a time (arms); [`UNLIMITED`] if handling is never short.
    pub arms: u32,
    /// The arm carries plates between machines of this station by itself: such a leg takes no mover,
    /// takes unload + travel(station, station) + load, holds one arm throughout and allows no wait.
    pub direct: bool,
}

/// Travel times between stations on a mover, with the nominal margins.
///
/// A full matrix for a hall; zones for a building: the time between two stations is that between
/// their zones plus the access times of both ends, so that memory stays linear in the stations.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Travel {
    zone: Vec<u32>,
    access: Vec<Duration>,
    zones: usize,
    between: Vec<Duration>,
}

impl Travel {
    /// From a function of two station indices (from, to), for `stations` stations.
    #[must_use]
    pub fn matrix(stations: usize, mut time: impl FnMut(usize, usize) -> Duration) -> Self {
        let between = (0..stations * stations)
            .map(|cell| time(cell / stations, cell % stations))
            .collect();
        Self {
            zone: (0..stations).map(|s| s as u32).collect(),
            access: vec![Duration::ZERO; stations],
            zones: stations,
            between,
        }
    }

    /// From the zone and the access time of every station and a function of two zones.
    #[must_use]
    pub fn zoned(
        stations: &[(u32, Duration)],
        zones: usize,
        mut time: impl FnMut(usize, usize) -> Duration,
    ) -> Self {
        Self {
            zone: stations.iter().map(|s| s.0).collect(),
            access: stations.iter().map(|s| s.1).collect(),
            zones,
            between: (0..zones * zones)
                .map(|cell| time(cell / zones, cell % zones))
                .collect(),
        }
    }

    /// Seconds on the track from one station to another.
    #[must_use]
    pub fn time(&self, from: usize, to: usize) -> Duration {
        let cell = self.zone[from] as usize * self.zones + self.zone[to] as usize;
        self.between[cell] + self.access[from] + self.access[to]
    }

    /// The zone of a station.
    pub(crate) fn zone(&self, station: usize) -> u32 {
        self.zone[station]
    }

    /// Zones that it knows.
    pub(crate) fn zones(&self) -> usize {
        self.zones
    }

    /// From a station to the border of its zone, or back.
    pub(crate) fn access(&self, station: usize) -> Duration {
        self.access[station]
    }

    /// From the border of one zone to that of another.
    pub(crate) fn between(&self, from: u32, to: u32) -> Duration {
        self.between[from as usize * self.zones + to as usize]
    }

    /// Stations that it knows.
    #[must_use]
    pub fn stations(&self) -> usize {
        self.zone.len()
    }
}

/// A hall as the planner sees it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Shop {
    /// Machines; their index is their name here.
    pub machines: Vec<Machine>,
    /// Stations; their index is their name here.
    pub stations: Vec<StationNode>,
    /// Movers of the hall, one pool. A mover is held from the begin of unloading at one end of a leg
    /// to the end of loading at the other; [`UNLIMITED`] if movers are never short.
    pub movers: u32,
    /// Travel times between stations.
    pub travel: Travel,
    /// How long a plate may stand on its mover within one leg, on top of unload + travel + load.
    pub mover_wait_max: Duration,
}

impl Shop {
    /// The shortest time from the begin of unloading at one machine to the end of loading at
    /// another: unload + travel + load.
    #[must_use]
    pub fn leg(&self, from: usize, to: usize) -> Duration {
        let (a, b) = (&self.machines[from], &self.machines[to]);
        a.unload + self.travel.time(a.station, b.station) + b.load
    }

    /// Whether a leg between two machines is done by the arm alone, without a mover.
    #[must_use]
    pub fn direct(&self, from: usize, to: usize) -> bool {
        let station = self.machines[from].station;
        station == self.machines[to].station && self.stations[station].direct
    }
}
