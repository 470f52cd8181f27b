//! Commands to devices: what the conductor asks for, and what drivers remember by id.

use labware::{Cover, LabwareType, Place, Well};
use protocol::{Operation, Repeat, Worklist};
use quantity::{
    Acceleration, ArmId, BerthId, BlockId, CommandId, Instant, InstrumentId, Jerk, MoverId, NestId,
    OrderId, PersonTaskId, PlateId, Speed, StepId,
};
use std::sync::Arc;

/// Who performs a command.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Device {
    /// A mover (through the track's controller).
    Mover(MoverId),
    /// The arm of a station.
    Arm(ArmId),
    /// An instrument.
    Instrument(InstrumentId),
    /// A person.
    Person,
}

/// One physical action.
#[derive(Clone, Debug, PartialEq)]
pub struct Command {
    /// Unique in the hall for ever; the driver remembers it.
    pub id: CommandId,
    /// The order that it serves, if one.
    pub order: Option<OrderId>,
    /// What is to be done.
    pub action: Action,
}

/// A plate that shares a run with the one that a command names.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Companion {
    /// The nest.
    pub nest: NestId,
    /// The plate that should be there.
    pub plate: PlateId,
    /// The step of the plate's own protocol; it is the same operation.
    pub step: StepId,
}

/// What is to be done.
#[derive(Clone, Debug, PartialEq)]
pub enum Action {
    /// A mover runs to a berth without stopping, over track reserved for it.
    Travel {
        /// Which mover.
        mover: MoverId,
        /// Where it ends.
        to: BerthId,
        /// When it starts; not before.
        depart: Instant,
        /// When it will be there.
        arrive: Instant,
        /// The blocks that it runs over, in order.
        path: Arc<[BlockId]>,
        /// Top speed.
        speed: Speed,
        /// Greatest acceleration.
        acceleration: Acceleration,
        /// Greatest jerk.
        jerk: Jerk,
    },
    /// A mover stops as soon as its limits allow, before the obstacle ahead.
    Halt {
        /// Which mover.
        mover: MoverId,
    },
    /// An arm measures the plate's pose, corrects, and grips it.
    Pick {
        /// Which arm.
        arm: ArmId,
        /// The plate that should be there.
        plate: PlateId,
        /// From a nest of its station or from a mover at its dock.
        from: Place,
    },
    /// An arm puts down the plate it holds.
    Place {
        /// Which arm.
        arm: ArmId,
        /// The plate that it should hold.
        plate: PlateId,
        /// Into a nest of its station or onto a mover at its dock.
        to: Place,
    },
    /// A barcode is read at the arm, with the plate in its gripper.
    Scan {
        /// Which arm.
        arm: ArmId,
        /// The plate that it should hold.
        plate: PlateId,
        /// What the barcode should say.
        expected: Arc<str>,
    },
    /// An instrument does an operation on the plate in a nest.
    Perform {
        /// Which instrument.
        instrument: InstrumentId,
        /// The nest.
        nest: NestId,
        /// The plate that should be there.
        plate: PlateId,
        /// The step of the plate's protocol.
        step: StepId,
        /// What to do.
        operation: Operation,
        /// What liquid goes where, for a step that puts liquid in.
        worklist: Option<Arc<Worklist>>,
        /// What may be done if its outcome is unknown.
        repeat: Repeat,
        /// Plates that take part in the same run, on an instrument that works by the run; nothing else may
        /// be in it.
        with: Vec<Companion>,
    },
    /// An operation that runs is given up.
    Abort {
        /// Which instrument.
        instrument: InstrumentId,
        /// The command to give up.
        command: CommandId,
    },
    /// The device is asked what became of a command.
    Query {
        /// Which device.
        device: Device,
        /// The command in doubt.
        command: CommandId,
    },
    /// A device is brought back to a known state (initialise, home), without touching a sample.
    Reset {
        /// Which device.
        device: Device,
    },
    /// A person is asked for something.
    Ask {
        /// The task.
        task: PersonTaskId,
        /// What.
        request: Request,
    },
}

/// What only a person can do.
#[derive(Clone, Debug, PartialEq)]
pub enum Request {
    /// Bring a fresh plate into the hall.
    Bring {
        /// Which plate.
        plate: PlateId,
        /// What kind of plate.
        labware: Arc<LabwareType>,
        /// What its barcode is to say.
        barcode: Arc<str>,
        /// Into which nest.
        nest: NestId,
    },
    /// Look at a plate that something is wrong with, and take it out of the hall.
    TakeAway {
        /// Which plate.
        plate: PlateId,
        /// Where it is believed to be.
        place: Place,
    },
    /// Repair or service a device, then report it fit. Of an arm the person also says whether a
    /// plate is in its gripper: `found` is the gripper's place then, and nothing otherwise.
    Service {
        /// Which device.
        device: Device,
    },
    /// Fill up a consumable.
    Refill {
        /// Of which instrument.
        instrument: InstrumentId,
        /// Which consumable.
        consumable: Arc<str>,
    },
    /// Free a mover that is stuck; one that is not stuck on the way is pushed into the berth that it
    /// was last sent to.
    Free {
        /// Which mover.
        mover: MoverId,
    },
    /// Empty a waste or full quarantine.
    Empty {
        /// Which instrument.
        instrument: InstrumentId,
    },
}

impl Action {
    /// Who performs it.
    #[must_use]
    pub fn device(&self) -> Device {
        match self {
            Action::Travel { mover, .. } | Action::Halt { mover } => Device::Mover(*mover),
            Action::Pick { arm, .. } | Action::Place { arm, .. } | Action::Scan { arm, .. } => {
                Device::Arm(*arm)
            }
            Action::Perform { instrument, .. } | Action::Abort { instrument, .. } => {
                Device::Instrument(*instrument)
            }
            Action::Query { device, .. } | Action::Reset { device } => *device,
            Action::Ask { .. } => Device::Person,
        }
    }

    /// What may be done if its outcome is unknown. A grip or a place can be seen by looking.
    #[must_use]
    pub fn repeat(&self) -> Repeat {
        match self {
            Action::Perform { repeat, .. } => *repeat,
            Action::Pick { .. } | Action::Place { .. } | Action::Travel { .. } => Repeat::Checkable,
            _ => Repeat::Repeatable,
        }
    }
}

/// The state of cover that an operation leaves behind, if it changes it.
#[must_use]
pub fn cover_after(capability: &str) -> Option<Cover> {
    match capability {
        "seal" => Some(Cover::Seal),
        "lid" => Some(Cover::Lid),
        "peel" | "delid" => Some(Cover::Open),
        _ => None,
    }
}

/// Wells by name, for messages: `A1, A2, B7 and 12 more`.
#[must_use]
pub fn list_wells(wells: &[Well]) -> String {
    const SHOWN: usize = 6;
    let names: Vec<String> = wells.iter().take(SHOWN).map(ToString::to_string).collect();
    match wells.len().saturating_sub(SHOWN) {
        0 => names.join(", "),
        more => format!("{} and {more} more", names.join(", ")),
    }
}
