//! A run: its campaigns, the hall that carried them out, and where to look it all up.

use crate::Campaign;
use quantity::{
    ArmId, Duration, Instant, InstrumentId, MoverId, PersonTaskId, PlateId, Seed, StationId,
};

/// Everything that a report says.
///
/// Moments are those of the run: nanoseconds since its epoch. Nothing here is looked up or
/// computed elsewhere: what is not in this value is not in the report.
#[derive(Clone, Debug, PartialEq)]
pub struct Run {
    /// The report's title.
    pub title: String,
    /// The campaigns; most runs have one.
    pub campaigns: Vec<Campaign>,
    /// The hall.
    pub hall: Hall,
    /// When the first order came in.
    pub began: Instant,
    /// When the last one had ended.
    pub ended: Instant,
    /// What each device did, by beginning.
    pub work: Vec<Work>,
    /// Every fault, by time.
    pub faults: Vec<Fault>,
    /// What was lost, by time.
    pub losses: Vec<Loss>,
    /// What persons were asked for, by time.
    pub tasks: Vec<Task>,
    /// Where it comes from.
    pub provenance: Provenance,
}

/// The hall that carried a run out.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Hall {
    /// Its name.
    pub name: String,
    /// Its stations, in the order in which they are to be shown.
    pub stations: Vec<Station>,
    /// Its devices, in the order in which they are to be shown within their station.
    pub devices: Vec<DeviceInfo>,
}

/// A station.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Station {
    /// Its id.
    pub id: StationId,
    /// Its name.
    pub name: String,
}

/// What can be at work.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Device {
    /// An instrument.
    Instrument(InstrumentId),
    /// An arm.
    Arm(ArmId),
    /// A mover.
    Mover(MoverId),
}

/// A device of the hall.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DeviceInfo {
    /// Its id.
    pub device: Device,
    /// The station that it stands at; none for movers.
    pub station: Option<StationId>,
    /// Its name.
    pub name: String,
    /// Its kind for people: `absorbance reader`.
    pub kind: String,
    /// How many plates it can work on or hold at once.
    pub places: u32,
}

/// One operation of a device on a plate.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Work {
    /// The device.
    pub device: Device,
    /// The plate.
    pub plate: Option<PlateId>,
    /// The operation for people: `read`, `incubate`, `carry`.
    pub operation: String,
    /// When it began.
    pub began: Instant,
    /// When it ended.
    pub ended: Instant,
    /// Whether it did what it was to do.
    pub done: bool,
}

/// Something that broke.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fault {
    /// When it was noticed.
    pub at: Instant,
    /// The device, if it is one's.
    pub device: Option<Device>,
    /// The place for people: `reader-2 at station 4`.
    pub place: String,
    /// The plate that was touched by it.
    pub plate: Option<PlateId>,
    /// Its class: `failed grip`, `device silent`.
    pub class: String,
    /// What was done about it, in words.
    pub recovery: String,
    /// How it ended.
    pub end: FaultEnd,
    /// When it ended; none if it has not.
    pub ended: Option<Instant>,
}

/// How a fault ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum FaultEnd {
    /// Everything went on as if nothing had been.
    Recovered,
    /// It went on, and wells or a plate were lost.
    WithLoss,
    /// The plate went to quarantine.
    Quarantined,
    /// A person took care of it.
    ByPerson,
    /// It was still open when the run ended.
    Open,
}

/// Something that was lost.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Loss {
    /// When it became known.
    pub at: Instant,
    /// What.
    pub what: Lost,
    /// Why, in words.
    pub why: String,
    /// How it was made good: `asked again on plate-7`; none if it was not.
    pub made_good: Option<String>,
}

/// What was lost.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Lost {
    /// Some wells of a plate, as (row, column) from 0.
    Wells {
        /// The plate.
        plate: PlateId,
        /// The wells.
        wells: Vec<(u8, u8)>,
    },
    /// A whole plate.
    Plate(PlateId),
    /// A lag of the protocol was broken; its wells are flagged.
    Lag {
        /// The plate.
        plate: PlateId,
        /// The lag for people: `from dispense to read`.
        lag: String,
        /// The limit.
        allowed: Duration,
        /// What it was.
        actual: Duration,
    },
}

/// Something that only a person could do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Task {
    /// Its id.
    pub id: PersonTaskId,
    /// When it was asked for.
    pub at: Instant,
    /// What was asked.
    pub request: String,
    /// Why.
    pub why: String,
    /// When it was done; none if it was not.
    pub done: Option<Instant>,
}

/// Where a run comes from, and how to check that.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Provenance {
    /// The identity of the run.
    pub run: String,
    /// Name and version of the program.
    pub program: String,
    /// The seed of every random choice.
    pub seed: Seed,
    /// Whether instruments and nature were simulated, in words for the reader.
    pub world: String,
    /// The files that it was made from: name and hash.
    pub inputs: Vec<(String, String)>,
    /// The version of the journal's last event.
    pub version: u64,
    /// The journal's hash there.
    pub hash: String,
    /// The command that runs it again.
    pub reproduce: String,
    /// The command that checks the journal against this report.
    pub verify: String,
}

impl Hall {
    /// A device's name for people.
    #[must_use]
    pub fn name_of(&self, device: Device) -> String {
        match self.devices.iter().find(|info| info.device == device) {
            Some(info) => info.name.clone(),
            None => match device {
                Device::Instrument(id) => id.to_string(),
                Device::Arm(id) => id.to_string(),
                Device::Mover(id) => id.to_string(),
            },
        }
    }
}
