//! Faults: noticed, worked on, and told of when they have ended.

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
