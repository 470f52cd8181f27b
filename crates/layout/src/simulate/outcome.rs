//! What a simulation tells.

use super::feed::{Book, Feed};
use super::meter::Noted;
use crate::load::Mix;
use lab::Hall;
use quantity::StationId;
use std::collections::BTreeMap;

/// How busy an instrument was.
#[derive(Clone, Debug, PartialEq)]
pub struct Use {
    /// Its name.
    pub name: String,
    /// Its kind.
    pub kind: String,
    /// The share of its time that it worked, of all that it can work on at once.
    pub share: f64,
}

/// How busy an arm was.
#[derive(Clone, Debug, PartialEq)]
pub struct Arm {
    /// Its station.
    pub station: String,
    /// The share of its time that it worked.
    pub share: f64,
}

/// What a hall did, counted after the warm-up.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Outcome {
    /// Hours that count.
    pub hours: f64,
    /// What became of the orders of each protocol.
    pub books: Vec<(String, Book)>,
    /// Why orders ended otherwise.
    pub whys: BTreeMap<String, u32>,
    /// Instruments that do steps, the busiest first.
    pub instruments: Vec<Use>,
    /// Arms, the busiest first.
    pub arms: Vec<Arm>,
    /// The share of their time that movers moved: the mean, and the busiest.
    pub movers: [f64; 2],
    /// Metres of movers for each finished plate, with a plate on them and without.
    pub metres_per_plate: [f64; 2],
    /// Seconds of moving movers for each finished plate, with a plate on them and without.
    pub mover_seconds_per_plate: [f64; 2],
    /// Mean hours from being handed in to the end.
    pub flow_hours: f64,
    /// Mean hours of a plate at work, resting in its home, waiting in instruments, in arms, riding
    /// and waiting on movers.
    pub plate_hours: BTreeMap<&'static str, f64>,
    /// How many orders waited for each kind of thing, on average.
    pub waiting: BTreeMap<&'static str, f64>,
    /// Movers an hour over each block of the track.
    pub block_per_hour: Vec<f64>,
    /// Rides an hour with a plate, and without, between stations.
    pub trips: BTreeMap<(StationId, StationId), [f64; 2]>,
    /// Plates that were put back into their homes so that others could go on.
    pub cleared: u64,
    /// Runs of instruments that work on several plates at once, and plates in them, since the start.
    pub shared: [u64; 2],
    /// Rules of the twin's world that were broken: none, ever.
    pub breaches: usize,
}

impl Outcome {
    pub(super) fn new(
        hall: &Hall,
        mix: &Mix,
        hours: f64,
        feed: &Feed,
        noted: &Noted,
        waiting: BTreeMap<&'static str, f64>,
    ) -> Self {
        let span = (hours * 3600.0).max(1.0);
        let names = mix.parts().map(|(r, _)| r.protocol().name.to_string());
        let books: Vec<(String, Book)> = names.zip(feed.books.iter().cloned()).collect();
        let finished: u32 = books.iter().map(|(_, book)| book.finished).sum();
        let each = 1.0 / f64::from(finished.max(1));
        let mut instruments: Vec<Use> = hall
            .instruments
            .iter()
            .filter(|i| !i.capabilities.is_empty())
            .map(|i| Use {
                name: i.name.to_string(),
                kind: i.kind.to_string(),
                share: feed.busy[i.id.index()] / span / f64::from(i.simultaneous.max(1)),
            })
            .collect();
        instruments.sort_by(|a, b| b.share.total_cmp(&a.share));
        let mut arms: Vec<Arm> = hall
            .stations
            .iter()
            .map(|station| Arm {
                station: station.name.to_string(),
                share: noted.arms[station.id.index()] / span,
            })
            .collect();
        arms.sort_by(|a, b| b.share.total_cmp(&a.share));
        let worked: f64 = feed.busy.iter().sum();
        let [home, nest, arm, mover] = noted.standing;
        let plate_hours = [
            ("at work", worked),
            ("resting at home", home),
            ("waiting in instruments", (nest - worked).max(0.0)),
            ("in arms", arm),
            ("riding", noted.riding[0]),
            ("waiting on movers", (mover - noted.riding[0]).max(0.0)),
        ];
        let movers = noted.movers.len().max(1) as f64;
        let busiest = noted.movers.iter().copied().fold(0.0, f64::max);
        Self {
            hours,
            whys: feed.whys.clone(),
            instruments,
            arms,
            movers: [
                noted.movers.iter().sum::<f64>() / movers / span,
                busiest / span,
            ],
            metres_per_plate: noted.metres.map(|m| m * each),
            mover_seconds_per_plate: noted.riding.map(|s| s * each),
            flow_hours: feed.flow_hours * each,
            plate_hours: plate_hours
                .map(|(name, seconds)| (name, seconds / 3600.0 * each))
                .into(),
            waiting,
            block_per_hour: noted
                .passes
                .iter()
                .map(|count| f64::from(*count) / hours.max(1e-9))
                .collect(),
            trips: noted
                .trips
                .iter()
                .map(|(way, count)| (*way, count.map(|c| f64::from(c) / hours.max(1e-9))))
                .collect(),
            books,
            cleared: 0,
            shared: [0; 2],
            breaches: 0,
        }
    }

    /// Plates that were finished.
    #[must_use]
    pub fn finished(&self) -> u32 {
        self.books.iter().map(|(_, book)| book.finished).sum()
    }

    /// Plates that were finished in an hour.
    #[must_use]
    pub fn plates_per_hour(&self) -> f64 {
        f64::from(self.finished()) / self.hours.max(1e-9)
    }

    /// The share of finished plates that kept every limit between steps.
    #[must_use]
    pub fn compliance(&self) -> f64 {
        let late: u32 = self.books.iter().map(|(_, book)| book.late).sum();
        1.0 - f64::from(late) / f64::from(self.finished().max(1))
    }

    /// Movers an hour over the busiest block of the track.
    #[must_use]
    pub fn busiest_block_per_hour(&self) -> f64 {
        self.block_per_hour.iter().copied().fold(0.0, f64::max)
    }

    /// Metres of movers for each finished plate, all rides.
    #[must_use]
    pub fn metres(&self) -> f64 {
        self.metres_per_plate.iter().sum()
    }

    /// Seconds of moving movers for each finished plate, all rides.
    #[must_use]
    pub fn mover_seconds(&self) -> f64 {
        self.mover_seconds_per_plate.iter().sum()
    }
}
