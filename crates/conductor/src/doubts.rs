//! Commands without a final report: asked about, settled, sent again where that does no harm.
//!
//! A command that is overdue is asked about. What the device knows settles it; a device that never
//! got it gets it again under a new id. Where the device can't tell, or does not answer, the kind of
//! operation decides: a reading is done again, a grip is looked at by a person, and an irreversible
//! operation is never done again (its wells are lost, see [`crate::work`]).

use crate::commands::{Owner, allowed};
use crate::conductor::Conductor;
use crate::effect::FaultEnd;
use crate::limits::{ANSWER_TIME, DEADLINE_MARGIN, QUERIES};
use crate::order::{Phase, Work, WorkStage};
use crate::persons::Purpose;
use crate::timers::Timer;
use bus::{Action, Device, Fault, Known, Outcome};
use quantity::{CommandId, Duration, MoverId, OrderId, StationId};

impl Conductor {
    /// A command has had its final report, or nobody waits for it any more.
    pub(crate) fn close(&mut self, command: CommandId) {
        self.fleet.doubted.remove(&command);
        if let Some(flight) = self.commands.close(command) {
            self.timers.stop(Timer::Deadline(command));
            if let Some(question) = flight.question {
                self.commands.close(question);
                self.timers.stop(Timer::Deadline(question));
            }
            if let Some(mut fault) = flight.fault {
                // It was in doubt, and nobody had to ask any more.
                let (recovery, ended) = if flight.person {
                    ("service", FaultEnd::ByPerson)
                } else {
                    ("its report came late", FaultEnd::Recovered)
                };
                fault.recovery = recovery.into();
                self.tell_fault(fault, flight.command.order, ended);
            }
        }
    }

    /// The device has started, and may say how long it will take.
    pub(crate) fn started(&mut self, command: CommandId, expected: Option<Duration>) {
        let now = self.now;
        let Some(flight) = self.commands.get_mut(command) else {
            return;
        };
        if let Some(expected) = expected {
            flight.expected = flight.expected.max(expected);
        }
        flight.deadline = now + allowed(&flight.command.action, flight.expected);
        let deadline = flight.deadline;
        self.timers.set(Timer::Deadline(command), deadline);
    }

    /// The orders that a command works on, where it is a step.
    fn working(&self, command: CommandId) -> Vec<OrderId> {
        match self.commands.get(command).map(|flight| flight.owner) {
            Some(Owner::Work(order)) => self.crew_of(command, order),
            _ => Vec::new(),
        }
    }

    /// A command was carried out.
    pub(crate) fn done(&mut self, command: CommandId, outcome: Outcome) {
        let Some(flight) = self.commands.get(command) else {
            return;
        };
        let (owner, issued) = (flight.owner, flight.issued);
        let crew = self.working(command);
        self.close(command);
        match owner {
            Owner::Arm(order) => self.arm_done(order, outcome),
            Owner::Ride(mover) => self.rode(mover),
            Owner::Work(_) => {
                for (turn, order) in crew.into_iter().enumerate() {
                    self.work_done(order, issued, outcome.clone(), turn == 0);
                }
            }
            Owner::ResetWork(order, _) => self.work_reset(order, true),
            Owner::ResetArm(station) => self.arm_reset(station, true),
            Owner::ResetMover(mover) => self.mover_reset(mover, true),
            Owner::Task(task) => self.task_done(task, None),
            Owner::Halt | Owner::Query(_) => {}
        }
    }

    /// A command was not carried out as asked.
    pub(crate) fn failed(&mut self, command: CommandId, fault: Fault) {
        let Some(flight) = self.commands.get(command) else {
            return;
        };
        let (owner, issued, device) = (flight.owner, flight.issued, flight.device());
        if matches!(fault, Fault::OutcomeUnknown) && matches!(owner, Owner::Arm(_)) {
            return self.in_doubt(command);
        }
        if matches!(fault, Fault::Silent) {
            return self.question(command);
        }
        let action = flight.command.action.clone();
        let crew = self.working(command);
        self.close(command);
        match owner {
            Owner::Arm(order) => self.arm_failed(order, command, &fault),
            Owner::Ride(mover) => self.ride_failed(mover, command, action, &fault),
            Owner::Work(_) => {
                for order in crew {
                    self.work_failed(order, command, issued, &fault);
                }
            }
            Owner::ResetWork(order, _) => self.work_reset(order, false),
            Owner::ResetArm(station) => self.arm_reset(station, false),
            Owner::ResetMover(mover) => self.mover_reset(mover, false),
            Owner::Task(task) => self.remind(task),
            Owner::Query(about) => self.no_answer(about),
            Owner::Halt => debug_assert!(device != Device::Person),
        }
    }

    /// A command should have had its final report by now.
    pub(crate) fn overdue(&mut self, command: CommandId) {
        let Some(flight) = self.commands.get(command) else {
            return;
        };
        match flight.owner {
            Owner::Query(about) => {
                self.close(command);
                self.no_answer(about);
            }
            Owner::ResetWork(order, _) => {
                self.close(command);
                self.work_reset(order, false);
            }
            Owner::ResetArm(station) => {
                self.close(command);
                self.arm_reset(station, false);
            }
            Owner::ResetMover(mover) => {
                self.close(command);
                self.mover_reset(mover, false);
            }
            Owner::Halt => self.close(command),
            Owner::Arm(_) | Owner::Ride(_) | Owner::Work(_) | Owner::Task(_) => {
                self.question(command);
            }
        }
    }

    /// Asks the device what became of a command, unless a question is out already.
    pub(crate) fn question(&mut self, command: CommandId) {
        let Some(flight) = self.commands.get(command) else {
            return;
        };
        if flight.question.is_some() || flight.suspended {
            return;
        }
        let device = flight.device();
        let order = flight.command.order;
        let first = flight.asked == 0 && !flight.person;
        let query = self.issue(
            Action::Query { device, command },
            order,
            Owner::Query(command),
            ANSWER_TIME,
        );
        if let Some(flight) = self.commands.get_mut(command) {
            flight.question = Some(query);
            flight.asked += 1;
        }
        let open = self
            .commands
            .get(command)
            .is_some_and(|f| f.fault.is_none());
        let overdue = self
            .commands
            .get(command)
            .is_some_and(|f| f.deadline <= self.now);
        if first && open && overdue && device != Device::Person {
            let fault = self.notice("device silent", Some(device), Some(command));
            if let Some(flight) = self.commands.get_mut(command) {
                flight.fault = Some(fault);
            }
        }
    }

    /// A question was not answered.
    fn no_answer(&mut self, about: CommandId) {
        let Some(flight) = self.commands.get_mut(about) else {
            return;
        };
        flight.question = None;
        if flight.suspended {
            return;
        }
        self.fleet.doubted.remove(&about);
        if flight.asked < QUERIES {
            return self.question(about);
        }
        flight.asked = 0;
        flight.person = true;
        self.send_person(about);
    }

    /// A person looks after the device of a command that it does not answer for.
    fn send_person(&mut self, command: CommandId) {
        let Some(flight) = self.commands.get(command) else {
            return;
        };
        match flight.device() {
            Device::Arm(arm) => self.service_arm(StationId(arm.0)),
            Device::Instrument(instrument) => {
                self.ask_service(instrument, "the instrument does not answer");
            }
            Device::Mover(mover) => self.free_mover(mover, "the mover does not answer"),
            Device::Person => {
                if let Owner::Task(task) = flight.owner {
                    self.close(command);
                    self.remind(task);
                }
            }
        }
    }

    /// A device answered what it knows of a command.
    pub(crate) fn answered(&mut self, query: CommandId, command: CommandId, known: Known) {
        self.close(query);
        let now = self.now;
        let Some(flight) = self.commands.get_mut(command) else {
            return;
        };
        flight.question = None;
        flight.asked = 0;
        // Whatever it was, it is known now.
        self.fleet.doubted.remove(&command);
        if let Owner::Ride(mover) = flight.owner
            && flight.person
            && !matches!(known, Known::Never | Known::Running)
        {
            let mut tasks = self.persons.open.values();
            if tasks.any(|task| task.purpose == Purpose::Mover(mover)) {
                // Asked after a restart, before the person has come: it is asked again then.
                return;
            }
            // A person has pushed it into the berth that it was bound for.
            self.answered_for(command, "freed by a person");
            self.close(command);
            return self.rode(mover);
        }
        match known {
            Known::Running => {
                let deadline = now + flight.expected + DEADLINE_MARGIN;
                flight.deadline = deadline;
                self.timers.set(Timer::Deadline(command), deadline);
            }
            Known::Never => {
                self.answered_for(command, "sent again");
                self.send_again(command);
            }
            Known::Done(outcome) => {
                self.answered_for(command, "the device was asked");
                match self.commands.get(command).map(|f| f.owner) {
                    // A person who is done says so by the task, once.
                    Some(Owner::Task(task)) => self.task_done(task, None),
                    _ => self.done(command, outcome),
                }
            }
            Known::Failed(fault) => {
                self.answered_for(command, "the device was asked");
                self.failed(command, fault);
            }
            Known::Unknown => {
                self.answered_for(command, "the device does not know");
                self.in_doubt(command);
            }
        }
    }

    /// The device of a silent command was heard again.
    fn answered_for(&mut self, command: CommandId, recovery: &str) {
        let Some(flight) = self.commands.get_mut(command) else {
            return;
        };
        let order = flight.command.order;
        let person = flight.person;
        if let Some(mut fault) = flight.fault.take() {
            fault.recovery = recovery.into();
            let ended = if person {
                FaultEnd::ByPerson
            } else {
                FaultEnd::Recovered
            };
            self.tell_fault(fault, order, ended);
        }
    }

    /// A command that its device never got is sent again, under a new id.
    fn send_again(&mut self, command: CommandId) {
        let Some(flight) = self.commands.get(command) else {
            return;
        };
        let (owner, action) = (flight.owner, flight.command.action.clone());
        let crew = self.working(command);
        self.close(command);
        match owner {
            Owner::Arm(order) => {
                self.with(order, |_, o| {
                    if let Phase::Leg(leg) = &mut o.phase
                        && let Some(handling) = &mut leg.handling
                    {
                        handling.command = None;
                    }
                });
                self.look_at(order);
            }
            Owner::Work(_) => {
                for order in crew {
                    self.with(order, |this, o| {
                        if let Phase::Working(work) = &mut o.phase {
                            work.stage = WorkStage::Ready;
                            let instrument = work.instrument;
                            this.instrument_done(instrument);
                        }
                    });
                    self.look_at(order);
                }
            }
            Owner::Ride(mover) => self.ride_later(mover, command, action),
            Owner::Task(task) => self.remind(task),
            // These have no harm in being done again.
            Owner::ResetWork(order, _) => {
                let again = self.issue(action, Some(order), owner, Duration::ZERO);
                self.with(order, |_, o| {
                    if let Phase::Working(work) = &mut o.phase {
                        work.stage = WorkStage::Resetting(again);
                    }
                });
            }
            Owner::ResetArm(station) => {
                let again = self.issue(action, None, owner, Duration::ZERO);
                self.health.arm_mut(station).reset = Some(again);
            }
            Owner::ResetMover(_) | Owner::Halt => {
                self.issue(action, None, owner, Duration::ZERO);
            }
            Owner::Query(_) => {}
        }
    }

    /// The conductor was started again: all that is open is asked about.
    pub(crate) fn restarted(&mut self) {
        let open: Vec<CommandId> = self
            .commands
            .iter()
            .filter(|(_, flight)| !matches!(flight.owner, Owner::Query(_)))
            .map(|(id, _)| id)
            .collect();
        for command in open {
            let Some(flight) = self.commands.get_mut(command) else {
                continue;
            };
            flight.asked = 0;
            let ride = matches!(flight.owner, Owner::Ride(_));
            if let Some(question) = flight.question.take() {
                self.close(question);
            }
            if ride {
                self.fleet.doubted.insert(command);
            }
            self.question(command);
        }
    }

    /// A mover is to make the same run: it did not set out, and its berth is kept for it. Its way is
    /// not, so it waits until nobody else moves, and meanwhile nobody sets out.
    fn ride_later(&mut self, mover: MoverId, command: CommandId, action: Action) {
        // Until then nobody takes it for a mover that stands where it was to go.
        self.fleet.get_mut(mover).ride = Some(command);
        self.fleet.again.push_back((mover, action));
        self.ride_in_quiet();
    }

    /// A mover makes the same run now.
    pub(crate) fn ride_again(&mut self, mover: MoverId, action: Action) {
        let Action::Travel {
            mover: id,
            to,
            depart,
            arrive,
            path,
            speed,
            acceleration,
            jerk,
        } = action
        else {
            return;
        };
        let takes = arrive.since(depart);
        let order = self.fleet.get(mover).job;
        let command = self.issue(
            Action::Travel {
                mover: id,
                to,
                depart: self.now,
                arrive: self.now + takes,
                path,
                speed,
                acceleration,
                jerk,
            },
            order,
            Owner::Ride(mover),
            takes,
        );
        self.fleet.quiet_from = Some(self.now + takes);
        self.fleet.get_mut(mover).ride = Some(command);
    }

    /// A run was not made.
    fn ride_failed(&mut self, mover: MoverId, command: CommandId, action: Action, fault: &Fault) {
        let overdue = self
            .traffic
            .motion_of(mover)
            .is_none_or(|motion| motion.arrive <= self.now);
        self.fleet.get_mut(mover).ride = None;
        if overdue && matches!(fault, Fault::Retryable { .. }) {
            // It never set out.
            let mut noticed = self.notice(fault.class(), Some(Device::Mover(mover)), Some(command));
            noticed.recovery = "sent again".into();
            let order = self.fleet.get(mover).job;
            self.tell_fault(noticed, order, crate::FaultEnd::Recovered);
            self.ride_later(mover, command, action);
        } else {
            self.strand_mover(mover, command, fault.class());
        }
    }

    /// Nobody but a person can tell what became of a command.
    fn in_doubt(&mut self, command: CommandId) {
        let Some(flight) = self.commands.get_mut(command) else {
            return;
        };
        let (owner, person) = (flight.owner, flight.person);
        flight.person = true;
        match owner {
            Owner::Arm(order) => {
                let station = self
                    .order(order)
                    .and_then(|o| match &o.phase {
                        Phase::Leg(leg) => leg.handling,
                        _ => None,
                    })
                    .map(|handling| handling.station);
                self.timers.stop(Timer::Deadline(command));
                if let Some(station) = station {
                    let device = Device::Arm(quantity::ArmId(station.0));
                    self.with(order, |this, o| {
                        this.open_fault(
                            o,
                            Fault::OutcomeUnknown.class(),
                            Some(device),
                            Some(command),
                            "service",
                        );
                    });
                    self.service_arm(station);
                }
            }
            Owner::Work(_) => {
                let crew = self.working(command);
                self.close(command);
                for order in crew {
                    self.with(order, |this, o| {
                        let Phase::Working(work) = o.phase else {
                            return;
                        };
                        let work = Work {
                            stage: WorkStage::Ready,
                            ..work
                        };
                        o.phase = Phase::Working(work);
                        this.instrument_done(work.instrument);
                        this.work_in_doubt(o, work, Some(command), Fault::OutcomeUnknown.class());
                    });
                    self.look_at(order);
                }
            }
            Owner::Ride(mover) => {
                debug_assert!(!person, "{mover} was freed and is still in doubt");
                self.free_mover(mover, "the mover does not know where it is");
            }
            Owner::Task(task) => {
                self.close(command);
                self.remind(task);
            }
            Owner::ResetWork(..)
            | Owner::ResetArm(_)
            | Owner::ResetMover(_)
            | Owner::Halt
            | Owner::Query(_) => self.close(command),
        }
    }

    /// A device is fit again, or heard again: what is open there is asked about.
    pub(crate) fn ask_again(&mut self, device: Device) {
        let open: Vec<CommandId> = self
            .commands
            .iter()
            .filter(|(_, flight)| flight.device() == device)
            .filter(|(_, flight)| {
                matches!(
                    flight.owner,
                    Owner::Arm(_) | Owner::Work(_) | Owner::Ride(_)
                )
            })
            .map(|(id, _)| id)
            .collect();
        for command in open {
            if let Some(flight) = self.commands.get_mut(command) {
                flight.suspended = false;
                flight.asked = 0;
            }
            self.question(command);
        }
    }
}
