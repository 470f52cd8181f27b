//! Reports on the wire.

use super::parts::{DeviceWire, FlagWire, PlaceWire, WellWire, to_well, well};
use bus::{Fault, Known, Outcome, PoseError, Reading, Received, Report};
use quantity::{
    Angle, CommandId, Duration, Instant, InstrumentId, Length, PersonTaskId, PlateId, StationId,
    StepId, Volume,
};
use serde::{Deserialize, Serialize};
use std::sync::Arc;

#[derive(Serialize, Deserialize)]
pub(super) struct ReceivedWire {
    at: i64,
    #[serde(skip_serializing_if = "Option::is_none", default)]
    from: Option<DeviceWire>,
    report: ReportWire,
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum ReportWire {
    Started {
        command: u64,
        expected: Option<i64>,
    },
    Done {
        command: u64,
        outcome: OutcomeWire,
    },
    Failed {
        command: u64,
        fault: FaultWire,
    },
    Status {
        query: u64,
        command: u64,
        known: KnownWire,
    },
    MoverStopped {
        command: u64,
        at: i64,
    },
    MoverStuck {
        command: u64,
        at: i64,
    },
    StationJoined(u32),
    StationLeft(u32),
    TaskDone {
        task: u32,
        found: Option<PlaceWire>,
    },
}

/// Micrometres, micrometres, microradians.
type PoseWire = (i64, i64, i64);

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum OutcomeWire {
    Done,
    Picked {
        pose: PoseWire,
        tries: u8,
    },
    Placed {
        pose: PoseWire,
    },
    Scanned {
        text: Arc<str>,
    },
    Performed {
        began: i64,
        #[serde(skip_serializing_if = "Option::is_none", default)]
        ended: Option<i64>,
        #[serde(skip_serializing_if = "Vec::is_empty", default)]
        readings: Vec<ReadingWire>,
        #[serde(skip_serializing_if = "Vec::is_empty", default)]
        flagged: Vec<(WellWire, FlagWire)>,
        #[serde(skip_serializing_if = "Vec::is_empty", default)]
        left: Vec<(Arc<str>, u32)>,
    },
}

#[derive(Serialize, Deserialize)]
struct ReadingWire {
    plate: u32,
    step: u16,
    instrument: u32,
    channel: Arc<str>,
    unit: Arc<str>,
    at: i64,
    /// Null where there is none.
    values: Vec<Option<f64>>,
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum FaultWire {
    PoseOutOfTolerance(PoseWire),
    GripFailed,
    PlateDropped,
    BarcodeUnreadable,
    BarcodeWrong(Arc<str>),
    Retryable(u32),
    NeedsService(u32),
    SampleLost(u32),
    OutcomeUnknown,
    Silent,
    ConsumableEmpty(Arc<str>),
    VolumeShort(Vec<(WellWire, i64)>),
    LidFailed,
    SealFailed,
    Refused(Arc<str>),
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum KnownWire {
    Never,
    Running,
    Done(OutcomeWire),
    Failed(FaultWire),
    Unknown,
}

fn pose(pose: PoseError) -> PoseWire {
    (pose.x.base(), pose.y.base(), pose.theta.base())
}

fn to_pose((x, y, theta): PoseWire) -> PoseError {
    PoseError {
        x: Length::from_base(x),
        y: Length::from_base(y),
        theta: Angle::from_base(theta),
    }
}

impl From<&Received> for ReceivedWire {
    fn from(received: &Received) -> Self {
        Self {
            at: received.at.base(),
            from: received.from.map(Into::into),
            report: match &received.report {
                Report::Started { command, expected } => ReportWire::Started {
                    command: command.0,
                    expected: expected.map(Duration::base),
                },
                Report::Done { command, outcome } => ReportWire::Done {
                    command: command.0,
                    outcome: outcome.into(),
                },
                Report::Failed { command, fault } => ReportWire::Failed {
                    command: command.0,
                    fault: fault.into(),
                },
                Report::Status {
                    query,
                    command,
                    known,
                } => ReportWire::Status {
                    query: query.0,
                    command: command.0,
                    known: match known {
                        Known::Never => KnownWire::Never,
                        Known::Running => KnownWire::Running,
                        Known::Done(outcome) => KnownWire::Done(outcome.into()),
                        Known::Failed(fault) => KnownWire::Failed(fault.into()),
                        Known::Unknown => KnownWire::Unknown,
                    },
                },
                Report::MoverStopped { command, at } => ReportWire::MoverStopped {
                    command: command.0,
                    at: at.base(),
                },
                Report::MoverStuck { command, at } => ReportWire::MoverStuck {
                    command: command.0,
                    at: at.base(),
                },
                Report::StationJoined(station) => ReportWire::StationJoined(station.0),
                Report::StationLeft(station) => ReportWire::StationLeft(station.0),
                Report::TaskDone { task, found } => ReportWire::TaskDone {
                    task: task.0,
                    found: found.map(Into::into),
                },
            },
        }
    }
}

impl From<ReceivedWire> for Received {
    fn from(wire: ReceivedWire) -> Self {
        Self {
            at: Instant::from_base(wire.at),
            from: wire.from.map(Into::into),
            report: match wire.report {
                ReportWire::Started { command, expected } => Report::Started {
                    command: CommandId(command),
                    expected: expected.map(Duration::from_base),
                },
                ReportWire::Done { command, outcome } => Report::Done {
                    command: CommandId(command),
                    outcome: outcome.into(),
                },
                ReportWire::Failed { command, fault } => Report::Failed {
                    command: CommandId(command),
                    fault: fault.into(),
                },
                ReportWire::Status {
                    query,
                    command,
                    known,
                } => Report::Status {
                    query: CommandId(query),
                    command: CommandId(command),
                    known: match known {
                        KnownWire::Never => Known::Never,
                        KnownWire::Running => Known::Running,
                        KnownWire::Done(outcome) => Known::Done(outcome.into()),
                        KnownWire::Failed(fault) => Known::Failed(fault.into()),
                        KnownWire::Unknown => Known::Unknown,
                    },
                },
                ReportWire::MoverStopped { command, at } => Report::MoverStopped {
                    command: CommandId(command),
                    at: Length::from_base(at),
                },
                ReportWire::MoverStuck { command, at } => Report::MoverStuck {
                    command: CommandId(command),
                    at: Length::from_base(at),
                },
                ReportWire::StationJoined(station) => Report::StationJoined(StationId(station)),
                ReportWire::StationLeft(station) => Report::StationLeft(StationId(station)),
                ReportWire::TaskDone { task, found } => Report::TaskDone {
                    task: PersonTaskId(task),
                    found: found.map(Into::into),
                },
            },
        }
    }
}

impl From<&Outcome> for OutcomeWire {
    fn from(outcome: &Outcome) -> Self {
        match outcome {
            Outcome::Done => Self::Done,
            Outcome::Picked { pose: p, tries } => Self::Picked {
                pose: pose(*p),
                tries: *tries,
            },
            Outcome::Placed { pose: p } => Self::Placed { pose: pose(*p) },
            Outcome::Scanned { text } => Self::Scanned { text: text.clone() },
            Outcome::Performed {
                began,
                ended,
                readings,
                flagged,
                left,
            } => Self::Performed {
                began: began.base(),
                ended: ended.map(Instant::base),
                readings: readings.iter().map(reading).collect(),
                flagged: flagged
                    .iter()
                    .map(|(w, f)| (well(*w), (*f).into()))
                    .collect(),
                left: left.clone(),
            },
        }
    }
}

fn reading(reading: &Reading) -> ReadingWire {
    ReadingWire {
        plate: reading.plate.0,
        step: reading.step.0,
        instrument: reading.instrument.0,
        channel: reading.channel.clone(),
        unit: reading.unit.clone(),
        at: reading.at.base(),
        values: reading
            .values
            .iter()
            .map(|v| v.is_finite().then_some(*v))
            .collect(),
    }
}

impl From<OutcomeWire> for Outcome {
    fn from(wire: OutcomeWire) -> Self {
        match wire {
            OutcomeWire::Done => Self::Done,
            OutcomeWire::Picked { pose, tries } => Self::Picked {
                pose: to_pose(pose),
                tries,
            },
            OutcomeWire::Placed { pose } => Self::Placed {
                pose: to_pose(pose),
            },
            OutcomeWire::Scanned { text } => Self::Scanned { text },
            OutcomeWire::Performed {
                began,
                ended,
                readings,
                flagged,
                left,
            } => Self::Performed {
                began: Instant::from_base(began),
                ended: ended.map(Instant::from_base),
                readings: readings
                    .into_iter()
                    .map(|r| Reading {
                        plate: PlateId(r.plate),
                        step: StepId(r.step),
                        instrument: InstrumentId(r.instrument),
                        channel: r.channel,
                        unit: r.unit,
                        at: Instant::from_base(r.at),
                        values: r
                            .values
                            .into_iter()
                            .map(|v| v.unwrap_or(f64::NAN))
                            .collect(),
                    })
                    .collect(),
                flagged: flagged
                    .into_iter()
                    .map(|(w, f)| (to_well(w), f.into()))
                    .collect(),
                left,
            },
        }
    }
}

impl From<&Fault> for FaultWire {
    fn from(fault: &Fault) -> Self {
        match fault {
            Fault::PoseOutOfTolerance(p) => Self::PoseOutOfTolerance(pose(*p)),
            Fault::GripFailed => Self::GripFailed,
            Fault::PlateDropped => Self::PlateDropped,
            Fault::BarcodeUnreadable => Self::BarcodeUnreadable,
            Fault::BarcodeWrong { found } => Self::BarcodeWrong(found.clone()),
            Fault::Retryable { code } => Self::Retryable(*code),
            Fault::NeedsService { code } => Self::NeedsService(*code),
            Fault::SampleLost { code } => Self::SampleLost(*code),
            Fault::OutcomeUnknown => Self::OutcomeUnknown,
            Fault::Silent => Self::Silent,
            Fault::ConsumableEmpty { consumable } => Self::ConsumableEmpty(consumable.clone()),
            Fault::VolumeShort { wells } => {
                Self::VolumeShort(wells.iter().map(|(w, v)| (well(*w), v.base())).collect())
            }
            Fault::LidFailed => Self::LidFailed,
            Fault::SealFailed => Self::SealFailed,
            Fault::Refused { why } => Self::Refused(why.clone()),
        }
    }
}

impl From<FaultWire> for Fault {
    fn from(wire: FaultWire) -> Self {
        match wire {
            FaultWire::PoseOutOfTolerance(p) => Self::PoseOutOfTolerance(to_pose(p)),
            FaultWire::GripFailed => Self::GripFailed,
            FaultWire::PlateDropped => Self::PlateDropped,
            FaultWire::BarcodeUnreadable => Self::BarcodeUnreadable,
            FaultWire::BarcodeWrong(found) => Self::BarcodeWrong { found },
            FaultWire::Retryable(code) => Self::Retryable { code },
            FaultWire::NeedsService(code) => Self::NeedsService { code },
            FaultWire::SampleLost(code) => Self::SampleLost { code },
            FaultWire::OutcomeUnknown => Self::OutcomeUnknown,
            FaultWire::Silent => Self::Silent,
            FaultWire::ConsumableEmpty(consumable) => Self::ConsumableEmpty { consumable },
            FaultWire::VolumeShort(wells) => Self::VolumeShort {
                wells: wells
                    .into_iter()
                    .map(|(w, v)| (to_well(w), Volume::from_base(v)))
                    .collect(),
            },
            FaultWire::LidFailed => Self::LidFailed,
            FaultWire::SealFailed => Self::SealFailed,
            FaultWire::Refused(why) => Self::Refused { why },
        }
    }
}
