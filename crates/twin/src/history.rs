//! What truly happened, as a list to compare two runs by, and what should never happen.

use labware::Place;
use quantity::{
    BerthId, CommandId, Instant, InstrumentId, MoverId, NestId, PlateId, StepId, Volume,
};

/// A physical fact.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Fact {
    /// A plate was brought into the hall.
    Brought {
        /// Which.
        plate: PlateId,
        /// Where it was put.
        nest: NestId,
    },
    /// A plate changed place.
    Moved {
        /// Which.
        plate: PlateId,
        /// From where.
        from: Place,
        /// To where.
        to: Place,
    },
    /// An operation was carried out on a plate.
    Operated {
        /// On which.
        plate: PlateId,
        /// The step it was for.
        step: StepId,
        /// Where.
        instrument: InstrumentId,
        /// When it began; the fact is of the moment when it ended.
        began: Instant,
    },
    /// A run of several plates began.
    Run {
        /// Where.
        instrument: InstrumentId,
        /// How many plates took part.
        plates: u32,
    },
    /// Liquid was put in.
    Dispensed {
        /// Into which plate.
        plate: PlateId,
        /// The sum over its wells, as it truly came out.
        volume: Volume,
    },
    /// Something was measured.
    Measured {
        /// On which plate.
        plate: PlateId,
        /// The step it was for.
        step: StepId,
        /// The values, as [`values_hash`] gives them.
        values: u64,
    },
    /// Liquid leapt from wells.
    Spilled {
        /// Of which plate.
        plate: PlateId,
        /// How much in all.
        volume: Volume,
    },
    /// A mover came to a berth.
    Arrived {
        /// Which.
        mover: MoverId,
        /// Where.
        berth: BerthId,
    },
    /// An operation spoilt a plate.
    Spoilt {
        /// Which.
        plate: PlateId,
    },
}

/// Something that must never happen, and did.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Violation {
    /// When.
    pub at: Instant,
    /// By which command.
    pub command: CommandId,
    /// What.
    pub what: Breach,
}

/// What must never happen.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Breach {
    /// An arm reached for a plate where none was.
    NothingThere {
        /// Where it reached.
        place: Place,
    },
    /// An arm or person put a plate where one was.
    PlaceTaken {
        /// Where.
        place: Place,
        /// The plate that was put.
        plate: PlateId,
        /// The plate that was there.
        by: PlateId,
    },
    /// An arm was told to take a plate while it held one, or to put one down while it held none or
    /// another.
    GripperState {
        /// The plate that it held.
        holds: Option<PlateId>,
    },
    /// A place that the arm can't reach, or a mover that was not at its dock.
    OutOfReach {
        /// Where.
        place: Place,
    },
    /// A device was given a command while at another.
    Busy {
        /// The command that it was at.
        with: CommandId,
    },
    /// A run of several plates was not balanced.
    Unbalanced {
        /// Plates that were in it.
        plates: u32,
    },
    /// A plate was put into an instrument while a run went on there.
    LidShut {
        /// The command that it was at.
        with: CommandId,
    },
    /// A plate was taken from a nest, or its mover sent off, while something was done to it there.
    MovedInProcess {
        /// Which.
        plate: PlateId,
        /// The command that it was being served by.
        command: CommandId,
    },
    /// An irreversible operation was carried out twice for one step of one plate.
    IrreversibleTwice {
        /// On which plate.
        plate: PlateId,
        /// For which step.
        step: StepId,
    },
    /// An operation met another plate than it was meant for.
    WrongPlate {
        /// The plate meant.
        meant: PlateId,
        /// The plate there.
        found: PlateId,
    },
    /// An operation began with a cover that it doesn't work with, or on labware that the
    /// instrument doesn't take.
    Unfit {
        /// Which plate.
        plate: PlateId,
    },
    /// An instrument was told to do what it can't.
    NoSuchCapability {
        /// Which.
        instrument: InstrumentId,
    },
    /// Two movers were in one place of the track.
    Collision {
        /// The one that the command moved.
        mover: MoverId,
        /// The other.
        with: MoverId,
    },
    /// A mover was sent along a path that doesn't start where it stands, is broken, or doesn't lead
    /// to the berth.
    BrokenPath {
        /// Which.
        mover: MoverId,
    },
    /// Liquid overflowed a well.
    Overflow {
        /// Of which plate.
        plate: PlateId,
    },
    /// A reagent was dispensed that nobody said the meaning of.
    UnknownReagent {
        /// Which plate it went to.
        plate: PlateId,
    },
    /// A command came with an id that was used before.
    IdUsedTwice,
    /// Something that doesn't exist was named.
    NoSuchThing,
}

/// The history: a hash over every fact, and the facts if they are kept.
#[derive(Clone, Debug)]
pub(crate) struct History {
    hash: u64,
    length: u64,
    facts: Option<Vec<(Instant, Fact)>>,
}

impl History {
    pub(crate) fn new(keep: bool) -> Self {
        Self {
            hash: 0x243f_6a88_85a3_08d3,
            length: 0,
            facts: keep.then(Vec::new),
        }
    }

    pub(crate) fn push(&mut self, at: Instant, fact: Fact) {
        let words: [u64; 4] = match fact {
            Fact::Brought { plate, nest } => [1, plate.0.into(), nest.0.into(), 0],
            Fact::Moved { plate, from, to } => {
                [2, plate.0.into(), place_word(from), place_word(to)]
            }
            Fact::Operated {
                plate,
                step,
                instrument,
                began,
            } => {
                let place = u64::from(step.0) << 32 | u64::from(instrument.0);
                [3, plate.0.into(), place, began.base() as u64]
            }
            Fact::Dispensed { plate, volume } => [4, plate.0.into(), volume.base() as u64, 0],
            Fact::Measured {
                plate,
                step,
                values,
            } => [5, plate.0.into(), values, step.0.into()],
            Fact::Spilled { plate, volume } => [6, plate.0.into(), volume.base() as u64, 0],
            Fact::Arrived { mover, berth } => [7, mover.0.into(), berth.0.into(), 0],
            Fact::Run { instrument, plates } => [9, instrument.0.into(), plates.into(), 0],
            Fact::Spoilt { plate } => [8, plate.0.into(), 0, 0],
        };
        self.hash = mix(self.hash, at.base() as u64);
        for word in words {
            self.hash = mix(self.hash, word);
        }
        self.length += 1;
        if let Some(facts) = &mut self.facts {
            facts.push((at, fact));
        }
    }

    pub(crate) fn hash(&self) -> u64 {
        mix(self.hash, self.length)
    }

    pub(crate) fn facts(&self) -> &[(Instant, Fact)] {
        self.facts.as_deref().unwrap_or(&[])
    }
}

/// A hash over measured values, by their bits and in their order.
pub fn values_hash<'a>(values: impl IntoIterator<Item = &'a f64>) -> u64 {
    values
        .into_iter()
        .fold(0, |hash, value| mix(hash, value.to_bits()))
}

/// One step of a multiply-rotate hash; good enough to compare runs, not meant against forgery (the
/// journal is).
pub(crate) fn mix(hash: u64, word: u64) -> u64 {
    (hash.rotate_left(5) ^ word).wrapping_mul(0x9e37_79b9_7f4a_7c15) ^ (hash >> 29)
}

fn place_word(place: Place) -> u64 {
    let (kind, id) = match place {
        Place::Nest(id) => (1_u64, id.0),
        Place::Mover(id) => (2, id.0),
        Place::Arm(id) => (3, id.0),
        Place::Floor(id) => (4, id.0),
        Place::Outside => (5, 0),
    };
    kind << 32 | u64::from(id)
}
