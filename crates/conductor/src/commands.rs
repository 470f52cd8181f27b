//! Commands in flight: whose they are, and by when they must have had their final report.

use crate::limits::{ANSWER_TIME, DEADLINE_MARGIN, DEADLINE_SHARE, PERSON_TIME};
use crate::order::OpenFault;
use bus::{Action, Command, Device};
use quantity::{
    CommandId, Duration, Instant, InstrumentId, MoverId, OrderId, PersonTaskId, StationId,
};
use std::collections::BTreeMap;

/// Who goes on when a command has had its final report.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Owner {
    /// The arm's work on an order's leg.
    Arm(OrderId),
    /// The run of a mover.
    Ride(MoverId),
    /// The step of an order.
    Work(OrderId),
    /// A reset before a step is tried again.
    ResetWork(OrderId, InstrumentId),
    /// A reset of an arm.
    ResetArm(StationId),
    /// A reset of a mover that is stuck.
    ResetMover(MoverId),
    /// A stop on the track; what comes of it is told by the run that it ends.
    Halt,
    /// A question about another command.
    Query(CommandId),
    /// A request to a person.
    Task(PersonTaskId),
}

/// A command without its final report.
#[derive(Clone, Debug)]
pub(crate) struct InFlight {
    pub command: Command,
    pub owner: Owner,
    pub issued: Instant,
    /// How long it should take; what the device said itself, once it did.
    pub expected: Duration,
    /// When it is in doubt.
    pub deadline: Instant,
    /// Times that the device was asked about it.
    pub asked: u8,
    /// The question that is out.
    pub question: Option<CommandId>,
    /// Its station is gone: it is not asked about until that joins again.
    pub suspended: bool,
    /// A person was sent to look after the device.
    pub person: bool,
    /// That the device is silent, until it is heard again.
    pub fault: Option<OpenFault>,
}

impl InFlight {
    pub fn device(&self) -> Device {
        self.command.action.device()
    }
}

/// All commands in flight, by id.
#[derive(Clone, Debug, Default)]
pub(crate) struct Commands {
    next: u64,
    open: BTreeMap<CommandId, InFlight>,
}

impl Commands {
    /// Notes a new command, with a deadline that follows from how long it should take.
    pub fn open(
        &mut self,
        action: Action,
        order: Option<OrderId>,
        owner: Owner,
        expected: Duration,
        now: Instant,
    ) -> &InFlight {
        let id = CommandId(self.next);
        self.next += 1;
        let deadline = now + allowed(&action, expected);
        let flight = InFlight {
            command: Command { id, order, action },
            owner,
            issued: now,
            expected,
            deadline,
            asked: 0,
            question: None,
            suspended: false,
            person: false,
            fault: None,
        };
        self.open.entry(id).or_insert(flight)
    }

    pub fn get(&self, id: CommandId) -> Option<&InFlight> {
        self.open.get(&id)
    }

    pub fn get_mut(&mut self, id: CommandId) -> Option<&mut InFlight> {
        self.open.get_mut(&id)
    }

    /// The command has had its final report, or is given up.
    pub fn close(&mut self, id: CommandId) -> Option<InFlight> {
        self.open.remove(&id)
    }

    pub fn iter(&self) -> impl Iterator<Item = (CommandId, &InFlight)> {
        self.open.iter().map(|(id, flight)| (*id, flight))
    }
}

/// How long after it was issued a command is in doubt.
pub(crate) fn allowed(action: &Action, expected: Duration) -> Duration {
    match action {
        Action::Ask { .. } => PERSON_TIME,
        Action::Query { .. }
        | Action::Reset { .. }
        | Action::Abort { .. }
        | Action::Halt { .. } => ANSWER_TIME,
        _ => expected + expected.scale(DEADLINE_SHARE) + DEADLINE_MARGIN,
    }
}
