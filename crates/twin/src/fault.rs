//! Faults: what can go wrong, how often, and a script for tests.

use bus::{Action, Device};
use quantity::{CommandId, Duration, Instant, StationId};
use std::sync::Arc;

/// Something that goes wrong with one command, as it is in truth; what is reported of it follows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FaultKind {
    /// The arm measures a pose outside what its gripper can correct. Lasting: the plate really lies
    /// askew, until a person comes; otherwise the measurement was wrong, and the next try succeeds.
    PoseOff {
        /// Whether the plate really lies so.
        lasting: bool,
    },
    /// The gripper closes on nothing; the plate stays where it is.
    GripFailed,
    /// The plate falls on the floor of the station; the arm needs a reset.
    Dropped,
    /// The barcode can't be read. Lasting: the label is damaged.
    BarcodeUnreadable {
        /// Whether the label is damaged.
        lasting: bool,
    },
    /// The reader reads another text than is there.
    BarcodeMisread,
    /// The person brings a plate with another label than was asked for.
    WrongPlateBrought,
    /// The instrument stops before it touched the sample; a reset helps.
    Retryable,
    /// The instrument stops before it touched the sample, and needs a person.
    NeedsService,
    /// The instrument spoils the sample.
    SampleLost,
    /// The instrument restarts during the operation and does not know what became of it.
    OutcomeUnknown {
        /// Whether the operation was carried out in truth.
        done: bool,
    },
    /// The device falls silent.
    Silent {
        /// Whether it carries the command out all the same.
        done: bool,
        /// Whether it answers a query after a while, and if, what it remembers.
        answer: Answer,
    },
    /// A mover stops on the way. Hard: only a person can free it; otherwise a reset does.
    MoverStuck {
        /// Whether only a person can free it.
        hard: bool,
    },
    /// A magazine jams or was counted wrong: nothing is left of the consumable.
    ConsumableEmpty,
    /// A clot or an air bubble in one channel: some wells get less, and the device notices.
    VolumeShort {
        /// Whether the device notices.
        noticed: bool,
    },
    /// A lid was not taken or not put on.
    LidFailed,
    /// A seal did not hold or did not come off.
    SealFailed,
}

/// What a silent device does when it is asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Answer {
    /// Answers again after this long, and knows what it did.
    After(Duration),
    /// Answers again after this long, and has forgotten.
    Forgot(Duration),
    /// Never answers again until a person comes.
    Never,
}

/// Odds of each fault. The defaults are typical figures, not claims: pick or place 1e-4 to 1e-3 a
/// move, barcode 1e-4 to 1e-3, clots 1e-3 a plate, an instrument fault in 2 to 14 days of work.
#[derive(Clone, Debug, PartialEq)]
pub struct FaultRates {
    /// Multiplies every rate; zero is a lab where nothing breaks.
    pub factor: f64,
    /// A pose out of tolerance, for each pick (beyond what follows from poses themselves).
    pub pose_off: f64,
    /// A failed grip, for each pick.
    pub grip_failed: f64,
    /// A dropped plate, for each pick and each place.
    pub dropped: f64,
    /// An unreadable barcode, for each scan.
    pub barcode_unreadable: f64,
    /// A misread barcode, for each scan.
    pub barcode_misread: f64,
    /// A wrong plate, for each plate brought.
    pub wrong_plate: f64,
    /// Working time of an instrument between two faults.
    pub between_instrument_faults: Duration,
    /// Shares of an instrument's faults; they need not sum to one.
    pub instrument_shares: InstrumentShares,
    /// A silent arm, for each of its commands.
    pub arm_silent: f64,
    /// A stuck mover, for each travel.
    pub mover_stuck: f64,
    /// A silent mover, for each travel.
    pub mover_silent: f64,
    /// A jam of a magazine, for each operation that uses a consumable.
    pub consumable_empty: f64,
    /// A clot or bubble, for each dispense on a plate.
    pub volume_short: f64,
    /// A failed lidding or delidding.
    pub lid_failed: f64,
    /// A failed sealing or peeling.
    pub seal_failed: f64,
    /// Time between two losses of one station.
    pub between_station_losses: Duration,
}

/// How an instrument's faults divide.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct InstrumentShares {
    /// A reset helps.
    pub retryable: f64,
    /// A person is needed.
    pub needs_service: f64,
    /// The sample is spoilt.
    pub sample_lost: f64,
    /// The device restarted.
    pub outcome_unknown: f64,
    /// The device falls silent.
    pub silent: f64,
}

impl Default for FaultRates {
    fn default() -> Self {
        Self {
            factor: 1.0,
            pose_off: 2e-4,
            grip_failed: 5e-4,
            dropped: 2e-5,
            barcode_unreadable: 5e-4,
            barcode_misread: 2e-5,
            wrong_plate: 5e-5,
            between_instrument_faults: Duration::from_hours(7 * 24),
            instrument_shares: InstrumentShares {
                retryable: 0.55,
                needs_service: 0.20,
                sample_lost: 0.05,
                outcome_unknown: 0.08,
                silent: 0.12,
            },
            arm_silent: 2e-5,
            mover_stuck: 5e-5,
            mover_silent: 1e-5,
            consumable_empty: 1e-4,
            volume_short: 1e-3,
            lid_failed: 1e-3,
            seal_failed: 1e-3,
            between_station_losses: Duration::from_hours(30 * 24),
        }
    }
}

impl FaultRates {
    /// A lab where nothing breaks.
    #[must_use]
    pub fn none() -> Self {
        Self {
            factor: 0.0,
            ..Self::default()
        }
    }

    /// The defaults times a factor.
    #[must_use]
    pub fn scaled(factor: f64) -> Self {
        Self {
            factor,
            ..Self::default()
        }
    }
}

/// Which commands a rule of a script strikes.
#[derive(Clone, Debug, PartialEq)]
pub enum Target {
    /// Every command.
    Any,
    /// The command with this id.
    Command(CommandId),
    /// Commands of one device.
    Device(Device),
    /// Commands of one kind: `travel`, `pick`, `place`, `scan`, `perform`, `reset`, `ask`.
    Kind(&'static str),
    /// Operations of this capability.
    Capability(Arc<str>),
}

/// One line of a script: commands of the target, from a moment on, leaving out the first few,
/// suffer the fault, this many times.
#[derive(Clone, Debug, PartialEq)]
pub struct Rule {
    /// Which commands.
    pub target: Target,
    /// Only those that begin at this moment or later.
    pub from: Instant,
    /// How many that fit are let off first.
    pub skip: u32,
    /// How many are struck.
    pub times: u32,
    /// By what.
    pub fault: FaultKind,
}

/// What happens to a station that is lost.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Outage {
    /// Only the connection: what runs goes on, its reports are lost.
    Connection,
    /// The power: what runs is broken off, and its devices forget it.
    Power,
}

/// A station that is lost at a moment, for a while.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct StationLoss {
    /// Which station.
    pub station: StationId,
    /// When.
    pub at: Instant,
    /// For how long.
    pub lasts: Duration,
    /// How.
    pub outage: Outage,
}

/// A script of faults, beside those that fall by chance.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct FaultPlan {
    /// Faults of commands; the first rule that strikes a command wins.
    pub rules: Vec<Rule>,
    /// Stations lost.
    pub losses: Vec<StationLoss>,
}

impl FaultPlan {
    /// Adds a fault for the next command of a target.
    #[must_use]
    pub fn once(self, target: Target, fault: FaultKind) -> Self {
        self.times(1, target, fault)
    }

    /// Adds a fault for the next few commands of a target.
    #[must_use]
    pub fn times(mut self, times: u32, target: Target, fault: FaultKind) -> Self {
        self.rules.push(Rule {
            target,
            from: Instant::from_base(i64::MIN),
            skip: 0,
            times,
            fault,
        });
        self
    }

    /// Adds a lost station.
    #[must_use]
    pub fn lose(
        mut self,
        station: StationId,
        at: Instant,
        lasts: Duration,
        outage: Outage,
    ) -> Self {
        self.losses.push(StationLoss {
            station,
            at,
            lasts,
            outage,
        });
        self
    }

    /// The fault that the script has for a command that begins now.
    pub(crate) fn strike(
        &mut self,
        id: CommandId,
        action: &Action,
        now: Instant,
    ) -> Option<FaultKind> {
        for rule in &mut self.rules {
            if rule.times == 0
                || now < rule.from
                || !hits(&rule.target, id, action)
                || !fits(rule.fault, action)
            {
                continue;
            }
            if rule.skip > 0 {
                rule.skip -= 1;
                continue;
            }
            rule.times -= 1;
            return Some(rule.fault);
        }
        None
    }
}

fn hits(target: &Target, id: CommandId, action: &Action) -> bool {
    match target {
        Target::Any => true,
        Target::Command(wanted) => *wanted == id,
        Target::Device(device) => action.device() == *device,
        Target::Kind(kind) => kind_of(action) == *kind,
        Target::Capability(name) => {
            matches!(action, Action::Perform { operation, .. } if operation.capability == *name)
        }
    }
}

/// Whether this fault can strike this action at all.
fn fits(fault: FaultKind, action: &Action) -> bool {
    match fault {
        FaultKind::PoseOff { .. } | FaultKind::GripFailed => {
            matches!(action, Action::Pick { .. })
        }
        FaultKind::Dropped => matches!(action, Action::Pick { .. } | Action::Place { .. }),
        FaultKind::BarcodeUnreadable { .. } | FaultKind::BarcodeMisread => {
            matches!(action, Action::Scan { .. })
        }
        FaultKind::WrongPlateBrought => {
            matches!(
                action,
                Action::Ask {
                    request: bus::Request::Bring { .. },
                    ..
                }
            )
        }
        FaultKind::MoverStuck { .. } => matches!(action, Action::Travel { .. }),
        FaultKind::Silent { .. } => matches!(
            action,
            Action::Travel { .. }
                | Action::Pick { .. }
                | Action::Place { .. }
                | Action::Scan { .. }
                | Action::Perform { .. }
        ),
        FaultKind::VolumeShort { .. } => {
            matches!(action, Action::Perform { worklist, .. } if worklist.is_some())
        }
        FaultKind::LidFailed => capability_is(action, &["lid", "delid"]),
        FaultKind::SealFailed => capability_is(action, &["seal", "peel"]),
        FaultKind::Retryable
        | FaultKind::NeedsService
        | FaultKind::SampleLost
        | FaultKind::OutcomeUnknown { .. }
        | FaultKind::ConsumableEmpty => matches!(action, Action::Perform { .. }),
    }
}

fn capability_is(action: &Action, names: &[&str]) -> bool {
    matches!(action, Action::Perform { operation, .. } if names.contains(&&*operation.capability))
}

/// The kind of an action as scripts name it.
#[must_use]
pub fn kind_of(action: &Action) -> &'static str {
    match action {
        Action::Travel { .. } => "travel",
        Action::Halt { .. } => "halt",
        Action::Pick { .. } => "pick",
        Action::Place { .. } => "place",
        Action::Scan { .. } => "scan",
        Action::Perform { .. } => "perform",
        Action::Abort { .. } => "abort",
        Action::Query { .. } => "query",
        Action::Reset { .. } => "reset",
        Action::Ask { .. } => "ask",
    }
}
