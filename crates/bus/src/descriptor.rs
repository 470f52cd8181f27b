//! What a plugged-in station says of itself.

use labware::{Cover, LabwareClass};
use protocol::{Operation, Repeat, Value, Worklist};
use quantity::{ArmId, Duration, Instant, InstrumentId, Kind, NestId, Ratio, StationId};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// How long an operation takes: `fixed + per_well x wells + the parameter named`, spread by a
/// lognormal factor.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DurationModel {
    /// Whatever the plate.
    pub fixed: Duration,
    /// For each well that the operation touches.
    pub per_well: Duration,
    /// The parameter whose time is added (an incubation's `duration`).
    pub parameter: Option<Arc<str>>,
    /// Standard deviation of the logarithm of `fixed + per_well x wells`; a stated parameter is kept exactly.
    pub spread: Ratio,
}

impl DurationModel {
    /// The median time for an operation on `wells` wells.
    #[must_use]
    pub fn median(&self, operation: &Operation, wells: usize) -> Duration {
        self.handling(wells) + self.stated(operation)
    }

    /// The time that a share `Phi(z)` of operations stays within; `z` counts standard deviations.
    #[must_use]
    pub fn quantile(&self, operation: &Operation, wells: usize, z: f64) -> Duration {
        self.handling(wells).scale((z * self.spread.as_f64()).exp()) + self.stated(operation)
    }

    /// The part that spreads.
    #[must_use]
    pub fn handling(&self, wells: usize) -> Duration {
        self.fixed + self.per_well * wells as i64
    }

    /// The part that the protocol states.
    #[must_use]
    pub fn stated(&self, operation: &Operation) -> Duration {
        self.parameter
            .as_deref()
            .and_then(|name| operation.duration(name))
            .unwrap_or(Duration::ZERO)
    }
}

/// What values of one parameter an instrument can do.
#[derive(Clone, Debug, PartialEq)]
pub enum Range {
    /// From, to, in base units of the kind.
    Quantity(Kind, i64, i64),
    /// From, to.
    Integer(i64, i64),
    /// One of these.
    OneOf(Vec<Arc<str>>),
}

impl Range {
    /// Whether a value is in it.
    #[must_use]
    pub fn holds(&self, value: &Value) -> bool {
        match (self, value) {
            (Range::Quantity(kind, low, high), Value::Quantity(found, base)) => {
                kind == found && (low..=high).contains(&base)
            }
            (Range::Integer(low, high), Value::Integer(value)) => (low..=high).contains(&value),
            (Range::OneOf(words), Value::Text(text)) => words.contains(text),
            _ => false,
        }
    }
}

/// An operation that an instrument offers.
#[derive(Clone, Debug, PartialEq)]
pub struct Capability {
    /// The name in the vocabulary.
    pub name: Arc<str>,
    /// Parameters that are limited here; others are free.
    pub limits: BTreeMap<Arc<str>, Range>,
    /// The classes of labware that it takes.
    pub labware: Vec<LabwareClass>,
    /// The covers with which it works.
    pub covers: Vec<Cover>,
    /// What may be done with one in doubt.
    pub repeat: Repeat,
    /// How long it takes.
    pub duration: DurationModel,
    /// The consumable that it uses, and how much for each well or each plate.
    pub uses: Option<Use>,
}

impl Capability {
    /// Whether it covers an operation on a plate of this class under this cover.
    #[must_use]
    pub fn covers_operation(
        &self,
        operation: &Operation,
        class: LabwareClass,
        cover: Cover,
    ) -> bool {
        let within = |(name, range): (&Arc<str>, &Range)| {
            let value = operation.params.get(name);
            value.is_none_or(|value| range.holds(value))
        };
        *self.name == *operation.capability
            && self.labware.contains(&class)
            && self.covers.contains(&cover)
            && self.limits.iter().all(within)
    }
}

/// The use of a consumable by an operation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Use {
    /// Which of the instrument's consumables.
    pub consumable: Arc<str>,
    /// Pieces for each plate.
    pub per_plate: u32,
    /// Pieces for each well that is touched.
    pub per_well: u32,
}

/// Something that an instrument uses up: tips, seals, buffer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Consumable {
    /// Its name in the instrument.
    pub name: Arc<str>,
    /// Pieces when full.
    pub stock: u32,
    /// How long a refill takes, with the time until somebody is there, where refills are to be planned;
    /// otherwise a person is asked when it runs low.
    pub refill: Option<Duration>,
}

/// What an instrument is for in the hall.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Role {
    /// Does operations.
    Work,
    /// Keeps plates between operations: a hotel. Every plate in the hall has a nest of its own in one.
    Storage,
    /// Takes plates that are done with, for ever.
    Waste,
    /// Takes plates that something is wrong with, until a person looks.
    Quarantine,
}

/// An instrument as enumerated.
#[derive(Clone, Debug, PartialEq)]
pub struct Instrument {
    /// Its id in the hall.
    pub id: InstrumentId,
    /// The station that it stands in.
    pub station: StationId,
    /// Its name, unique in the hall.
    pub name: Arc<str>,
    /// Its kind: `incubator`, `absorbance_reader`.
    pub kind: Arc<str>,
    /// What it is for.
    pub role: Role,
    /// Its nests, in order.
    pub nests: Vec<NestId>,
    /// The classes of labware that fit its nests.
    pub labware: Vec<LabwareClass>,
    /// How many plates it works on at once: 1, or the number of nests (an incubator).
    pub simultaneous: u32,
    /// One door: the arm loads or unloads one plate at a time while nothing else is handled.
    pub door: bool,
    /// What it offers.
    pub capabilities: Vec<Capability>,
    /// What it uses up.
    pub consumables: Vec<Consumable>,
    /// When it can't be used (maintenance, nights without a person), sorted and disjoint.
    pub closed: Vec<Closed>,
    /// The time that it needs between unlike work; `None` if any work may follow any other.
    pub setup: Option<Setup>,
    /// It works on all plates in it at once, in one run; `None` if each is worked on by itself.
    pub batch: Option<Batch>,
}

/// How an instrument works that takes plates by the run: a centrifuge. All plates of a run are put in before
/// it starts and taken out after its end, and their operations are alike. Counterweights stand in for
/// plates that are missing; one plate and what counterweights there are must be enough.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Batch {
    /// Plates and counterweights that it holds at most.
    pub plates: u32,
    /// The number of plates and counterweights in a run is even: it is balanced.
    pub even: bool,
    /// Counterweights that are kept there.
    pub counterweights: u32,
}

impl Batch {
    /// The counterweights that a run of so many plates needs; `None` if it can't be balanced.
    #[must_use]
    pub fn counterweights_for(&self, plates: u32) -> Option<u32> {
        let odd = u32::from(self.even && plates % 2 == 1);
        (plates > 0 && plates + odd <= self.plates && odd <= self.counterweights).then_some(odd)
    }

    /// Plates in a run at most.
    #[must_use]
    pub fn most(&self) -> u32 {
        (1..=self.plates)
            .take_while(|plates| self.counterweights_for(*plates).is_some())
            .last()
            .unwrap_or(0)
    }
}

/// What makes work unlike, so that an instrument has to be cleaned or set up in between.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Between {
    /// Another protocol.
    Protocol,
    /// Another operation.
    Operation,
    /// Another set of liquids that it puts into wells.
    Liquid,
    /// Another value of this parameter, or none.
    Parameter(Arc<str>),
}

/// The time that an instrument needs between unlike work: to clean itself, to change its temperature. It is
/// set up as a whole, and works on plates of one kind of work at a time.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Setup {
    /// What makes work unlike.
    pub between: Between,
    /// How long it takes.
    pub time: Duration,
    /// From one kind of work to another, where it takes a shorter time: as [`Setup::work`] names them.
    pub pairs: Vec<(Arc<str>, Arc<str>, Duration)>,
}

impl Setup {
    /// The name of the kind of work that an operation is.
    #[must_use]
    pub fn work(
        &self,
        protocol: &str,
        operation: &Operation,
        worklist: Option<&Worklist>,
    ) -> Arc<str> {
        match &self.between {
            Between::Protocol => protocol.into(),
            Between::Operation => operation.capability.clone(),
            Between::Parameter(name) => {
                let value = operation.params.get(name);
                value.map_or_else(|| "none".into(), |value| value.to_string().into())
            }
            Between::Liquid => {
                let transfers = worklist.map_or(&[][..], |list| &list.transfers);
                let liquids: BTreeSet<String> =
                    transfers.iter().map(|t| t.reagent.to_string()).collect();
                let liquids: Vec<String> = liquids.into_iter().collect();
                liquids.join(" + ").into()
            }
        }
    }

    /// The time from one kind of work to another; none if they are alike.
    #[must_use]
    pub fn time_between(&self, from: &str, to: &str) -> Duration {
        if from == to {
            return Duration::ZERO;
        }
        let named = (self.pairs.iter()).find(|pair| *pair.0 == *from && *pair.1 == *to);
        named.map_or(self.time, |pair| pair.2)
    }
}

/// A time in which an instrument does no work, from `from` up to, not including, `until`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Closed {
    /// First moment.
    pub from: Instant,
    /// First moment after.
    pub until: Instant,
}

impl Instrument {
    /// The first moment from `at` on from which it is open for so long.
    #[must_use]
    pub fn open_for(&self, at: Instant, span: Duration) -> Instant {
        let mut open = at;
        for closed in &self.closed {
            if closed.from < open + span && open < closed.until {
                open = closed.until;
            }
        }
        open
    }

    /// The capability with this name.
    #[must_use]
    pub fn capability(&self, name: &str) -> Option<&Capability> {
        self.capabilities
            .iter()
            .find(|capability| &*capability.name == name)
    }
}

/// A station as enumerated: one arm between a dock on the track and the nests of its instruments.
#[derive(Clone, Debug, PartialEq)]
pub struct Station {
    /// Its id in the hall.
    pub id: StationId,
    /// Its name, unique in the hall.
    pub name: Arc<str>,
    /// Its arm.
    pub arm: Arm,
    /// Its instruments.
    pub instruments: Vec<InstrumentId>,
}

/// The arm of a station.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Arm {
    /// Its id in the hall.
    pub id: ArmId,
    /// Time to grip a plate, wherever it is, with measuring its pose.
    pub pick: Duration,
    /// Time to put a plate down.
    pub place: Duration,
    /// Time of each further try at a grip.
    pub regrip: Duration,
}
