//! What devices report.

use crate::Device;
use labware::{Place, Well};
use quantity::{
    Angle, CommandId, Duration, Instant, InstrumentId, Length, PersonTaskId, PlateId, StationId,
    StepId, Volume,
};
use std::sync::Arc;

/// A message from a device, a station or a person.
#[derive(Clone, Debug, PartialEq)]
pub enum Report {
    /// The device has taken the command on and started.
    Started {
        /// Which command.
        command: CommandId,
        /// How long the device thinks that it will take, if it says.
        expected: Option<Duration>,
    },
    /// The command was carried out.
    Done {
        /// Which command.
        command: CommandId,
        /// What came of it.
        outcome: Outcome,
    },
    /// The command was not carried out as asked.
    Failed {
        /// Which command.
        command: CommandId,
        /// What went wrong.
        fault: Fault,
    },
    /// The answer to a query.
    Status {
        /// The query.
        query: CommandId,
        /// The command that was asked about.
        command: CommandId,
        /// What the device knows of it.
        known: Known,
    },
    /// A mover came to a stand on the track, at this distance along its path.
    MoverStopped {
        /// Its travel command.
        command: CommandId,
        /// Distance run along the path.
        at: Length,
    },
    /// A mover can't move.
    MoverStuck {
        /// Its travel command.
        command: CommandId,
        /// Distance run along the path.
        at: Length,
    },
    /// A station was plugged in, or answers again.
    StationJoined(StationId),
    /// A station was pulled, or lost power.
    StationLeft(StationId),
    /// A person did what was asked.
    TaskDone {
        /// Which task.
        task: PersonTaskId,
        /// For a device in doubt, the place where each plate was found.
        found: Option<Place>,
    },
}

/// What came of a command.
#[derive(Clone, Debug, PartialEq)]
pub enum Outcome {
    /// A mover, a reset, an abort, a halt: done, nothing more to say.
    Done,
    /// A plate was gripped.
    Picked {
        /// The pose that was measured before the grip.
        pose: PoseError,
        /// Tries that it took.
        tries: u8,
    },
    /// A plate was put down.
    Placed {
        /// How far off it was put.
        pose: PoseError,
    },
    /// A barcode was read.
    Scanned {
        /// What it says.
        text: Arc<str>,
    },
    /// An operation ended.
    Performed {
        /// When it began.
        began: Instant,
        /// When it ended, by the device's own account, since its report may come much later; `None`
        /// from one that keeps no account.
        ended: Option<Instant>,
        /// What was measured.
        readings: Vec<Reading>,
        /// Wells where the instrument itself says that something was off.
        flagged: Vec<(Well, Flag)>,
        /// What the instrument still has of each consumable.
        left: Vec<(Arc<str>, u32)>,
    },
}

/// How far a plate is off its nominal pose.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub struct PoseError {
    /// Along the long side.
    pub x: Length,
    /// Along the short side.
    pub y: Length,
    /// About the vertical.
    pub theta: Angle,
}

/// What one step measured on one plate, in one channel.
#[derive(Clone, Debug, PartialEq)]
pub struct Reading {
    /// Which plate.
    pub plate: PlateId,
    /// Which step.
    pub step: StepId,
    /// Which instrument.
    pub instrument: InstrumentId,
    /// What was measured: `absorbance 600 nm`, `conductivity`.
    pub channel: Arc<str>,
    /// The unit of the values.
    pub unit: Arc<str>,
    /// When.
    pub at: Instant,
    /// A value for each well in row-major order; NaN where there is none.
    pub values: Arc<[f64]>,
}

/// A mark on a well or an observation.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Flag {
    /// The reader's upper limit was reached.
    Saturated,
    /// Less was dispensed than asked.
    VolumeShort,
    /// Nothing usable was measured.
    NoSignal,
    /// A bubble, clot or other visible defect.
    Defect,
    /// A lag of the protocol was broken.
    LagBroken,
    /// Liquid spilled from or into the well.
    Spilled,
    /// The well's operation is in doubt.
    InDoubt,
    /// The plate failed quality control.
    PlateRejected,
}

/// What went wrong.
#[derive(Clone, Debug, PartialEq)]
pub enum Fault {
    /// The plate lies outside what the gripper can correct.
    PoseOutOfTolerance(PoseError),
    /// The gripper closed on nothing, or the plate slipped; it is where it was.
    GripFailed,
    /// The plate fell.
    PlateDropped,
    /// No barcode could be read.
    BarcodeUnreadable,
    /// The barcode says something else.
    BarcodeWrong {
        /// What it says.
        found: Arc<str>,
    },
    /// The device says: try again.
    Retryable {
        /// Its own code.
        code: u32,
    },
    /// The device says: call service; the sample is as it was.
    NeedsService {
        /// Its own code.
        code: u32,
    },
    /// The device says: the sample is spoilt.
    SampleLost {
        /// Its own code.
        code: u32,
    },
    /// The device does not know what became of the operation.
    OutcomeUnknown,
    /// The device does not answer.
    Silent,
    /// A consumable ran out before the operation began.
    ConsumableEmpty {
        /// Which.
        consumable: Arc<str>,
    },
    /// Some wells got less than asked; the others are as asked.
    VolumeShort {
        /// What each of them lacks.
        wells: Vec<(Well, Volume)>,
    },
    /// A lid was not taken or not put on.
    LidFailed,
    /// A seal did not hold or did not come off.
    SealFailed,
    /// The device refused the command: it can't be done here. An error of the plan, not of the device.
    Refused {
        /// Why.
        why: Arc<str>,
    },
}

/// What a device knows of a command.
#[derive(Clone, Debug, PartialEq)]
pub enum Known {
    /// It never got it.
    Never,
    /// It is at it.
    Running,
    /// It carried it out.
    Done(Outcome),
    /// It failed.
    Failed(Fault),
    /// It got it, and can't tell what became of it.
    Unknown,
}

impl Fault {
    /// The class by which faults are counted and recovered from.
    #[must_use]
    pub fn class(&self) -> &'static str {
        match self {
            Fault::PoseOutOfTolerance(_) => "pose out of tolerance",
            Fault::GripFailed => "failed grip",
            Fault::PlateDropped => "dropped plate",
            Fault::BarcodeUnreadable => "unreadable barcode",
            Fault::BarcodeWrong { .. } => "wrong barcode",
            Fault::Retryable { .. } => "device error, retryable",
            Fault::NeedsService { .. } => "device error, needs service",
            Fault::SampleLost { .. } => "device error, sample lost",
            Fault::OutcomeUnknown => "device error, outcome unknown",
            Fault::Silent => "device silent",
            Fault::ConsumableEmpty { .. } => "consumable empty",
            Fault::VolumeShort { .. } => "volume short",
            Fault::LidFailed => "lid failure",
            Fault::SealFailed => "seal failure",
            Fault::Refused { .. } => "refused",
        }
    }
}

/// A device's answer as seen from the shell: the report and who sent it, when.
#[derive(Clone, Debug, PartialEq)]
pub struct Received {
    /// When.
    pub at: Instant,
    /// From whom.
    pub from: Option<Device>,
    /// What.
    pub report: Report,
}
