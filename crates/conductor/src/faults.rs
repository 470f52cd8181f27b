//! Faults: noticed, worked on, and told of when they have ended.
//!
//! Every class has a recovery, and an end for where that fails; `tests/recovery.rs` of `simtest`
//! strikes each of them.
//!
//! | fault | recovery | where that fails |
//! | --- | --- | --- |
//! | pose out of tolerance, failed grip | the arm measures and grips again, [`ARM_RETRIES`] times | quarantine: a person takes the plate from where it is |
//! | dropped plate | none: the plate is lost, the arm is reset | a person clears the floor and services the arm |
//! | unreadable barcode | read again, [`ARM_RETRIES`] times | quarantine |
//! | wrong barcode | none: quarantine of this plate, and of the one whose barcode it carries | a person takes them away |
//! | device error, retryable | reset, and the step again, [`WORK_RETRIES`] times | service by a person, then again, [`WORK_MOVES`] times; then quarantine |
//! | device error, needs service | service by a person, then again, [`WORK_MOVES`] times; other plates are planned round it | quarantine |
//! | device error, sample lost | none: quarantine | |
//! | device error, outcome unknown | a repeatable operation: reset, and again | an irreversible one is never done again: its wells are in doubt, quarantine |
//! | device silent | asked [`QUERIES`] times; what it says it did counts, with its own times | a person services it (a mover is freed), and it is asked again; then as outcome unknown |
//! | arm out of order | reset, then service by a person, who says where the plate is | after [`ARM_SERVICES`] services for one way of a plate the person takes it away |
//! | station gone | its plates wait; others are planned round it; plates on their way there go home | it joins again, and its devices are asked what they did |
//! | mover stuck | reset, [`MOVER_RETRIES`] times; others stop short of it or go round it | a person frees it |
//! | consumable empty | a person refills it (asked before it is empty); other plates go on | |
//! | volume short | the step counts, its wells are flagged | |
//! | lid or seal failure | reset, and again, [`WORK_RETRIES`] times | quarantine |
//! | refused | none: quarantine | |
//!
//! A quarantined plate's wells that wait for something are told as lost, so that whoever wants them
//! asks again on a new plate. A person who does not come is asked again after [`PERSON_TIME`].
//!
//! [`ARM_RETRIES`]: crate::limits::ARM_RETRIES
//! [`ARM_SERVICES`]: crate::limits::ARM_SERVICES
//! [`WORK_RETRIES`]: crate::limits::WORK_RETRIES
//! [`WORK_MOVES`]: crate::limits::WORK_MOVES
//! [`MOVER_RETRIES`]: crate::limits::MOVER_RETRIES
//! [`QUERIES`]: crate::limits::QUERIES
//! [`PERSON_TIME`]: crate::limits::PERSON_TIME

use crate::Effect;
use crate::conductor::Conductor;
use crate::effect::{FaultEnd, FaultHandled};
use crate::order::{OpenFault, OrderState, Phase};
use bus::Device;
use quantity::{CommandId, InstrumentId, OrderId};

impl Conductor {
    /// A fault is noticed.
    pub(crate) fn notice(
        &mut self,
        class: &str,
        device: Option<Device>,
        command: Option<CommandId>,
    ) -> OpenFault {
        self.counters.faults += 1;
        OpenFault {
            id: self.counters.faults,
            class: class.into(),
            device,
            command,
            recovery: "".into(),
            noticed: self.now,
        }
    }

    /// A fault that strikes an order; it stays open until the order goes on or is given up.
    pub(crate) fn open_fault(
        &mut self,
        o: &mut OrderState,
        class: &str,
        device: Option<Device>,
        command: Option<CommandId>,
        recovery: &str,
    ) {
        let mut fault = self.notice(class, device, command);
        fault.recovery = recovery.into();
        o.faults.push(fault);
    }

    /// Tells how a fault ended.
    pub(crate) fn tell_fault(&mut self, fault: OpenFault, order: Option<OrderId>, ended: FaultEnd) {
        self.emit(Effect::FaultHandled(FaultHandled {
            id: fault.id,
            class: fault.class,
            device: fault.device,
            command: fault.command,
            order,
            recovery: fault.recovery,
            ended,
            noticed: fault.noticed,
        }));
    }

    /// All open faults of an order have ended. One for which a person was needed says so.
    pub(crate) fn close_faults(&mut self, o: &mut OrderState, ended: FaultEnd) {
        for fault in std::mem::take(&mut o.faults) {
            let person = matches!(&*fault.recovery, "service" | "refill");
            let ended = match ended {
                FaultEnd::Recovered if person => FaultEnd::ByPerson,
                other => other,
            };
            self.tell_fault(fault, Some(o.id()), ended);
        }
    }

    /// Faults of orders that wait for this instrument were set right.
    pub(crate) fn close_instrument_faults(&mut self, instrument: InstrumentId, ended: FaultEnd) {
        let struck: Vec<OrderId> = self
            .orders
            .iter()
            .filter_map(|(id, o)| Some((*id, o.as_ref()?)))
            .filter(|(_, o)| {
                !o.faults.is_empty()
                    && matches!(&o.phase, Phase::Working(work) if work.instrument == instrument)
            })
            .map(|(id, _)| id)
            .collect();
        for order in struck {
            self.with(order, |this, o| this.close_faults(o, ended));
        }
    }
}
