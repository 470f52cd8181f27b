//! Stations come and go.

use crate::commands::Owner;
use crate::conductor::Conductor;
use crate::effect::FaultEnd;
use crate::order::Phase;
use crate::timers::Timer;
use crate::waits::Want;
use bus::Device;
use quantity::{ArmId, CommandId, OrderId, StationId};

impl Conductor {
    fn devices(&self, station: StationId) -> Vec<Device> {
        let mut devices = vec![Device::Arm(ArmId(station.0))];
        devices.extend(
            self.hall
                .station(station)
                .instruments
                .iter()
                .map(|i| Device::Instrument(*i)),
        );
        devices
    }

    /// A station was pulled, or lost power: its plates wait, everything else is planned anew.
    pub(crate) fn station_left(&mut self, station: StationId) {
        if station.index() >= self.hall.stations.len() || self.health.is_gone(station) {
            return;
        }
        let mut fault = self.notice("station gone", Some(Device::Arm(ArmId(station.0))), None);
        fault.recovery = "its plates waited, others were planned anew".into();
        let state = self.health.station_mut(station);
        state.gone = true;
        state.fault = Some(fault);
        let devices = self.devices(station);
        let open: Vec<(CommandId, Option<CommandId>)> = self
            .commands
            .iter()
            .filter(|(_, flight)| devices.contains(&flight.device()))
            .filter(|(_, flight)| matches!(flight.owner, Owner::Arm(_) | Owner::Work(_)))
            .map(|(id, flight)| (id, flight.question))
            .collect();
        for (command, question) in open {
            if let Some(question) = question {
                self.close(question);
            }
            if let Some(flight) = self.commands.get_mut(command) {
                flight.suspended = true;
                flight.question = None;
            }
            self.timers.stop(Timer::Deadline(command));
        }
        for instrument in self.hall.station(station).instruments.clone() {
            self.planner
                .machine_down(instrument.index(), self.now, None);
        }
        self.repair_wanted = true;
        self.look_at_legs();
    }

    /// Every order on its way looks again at whether it still can go there.
    fn look_at_legs(&mut self) {
        let legs: Vec<OrderId> = self
            .orders
            .iter()
            .filter(|(_, o)| o.as_ref().is_some_and(|o| matches!(o.phase, Phase::Leg(_))))
            .map(|(id, _)| *id)
            .collect();
        for order in legs {
            self.look_at(order);
        }
    }

    /// A station was plugged in, or answers again: commands in doubt are asked about.
    pub(crate) fn station_joined(&mut self, station: StationId) {
        if station.index() >= self.hall.stations.len() || !self.health.is_gone(station) {
            return;
        }
        let state = self.health.station_mut(station);
        state.gone = false;
        if let Some(fault) = state.fault.take() {
            self.tell_fault(fault, None, FaultEnd::ByPerson);
        }
        self.up_again(station);
        for device in self.devices(station) {
            self.ask_again(device);
        }
        self.freed(Want::Station(station));
        self.freed(Want::Arm(station));
        self.freed(Want::Plan);
        self.freed(Want::Home);
        for instrument in self.hall.station(station).instruments.clone() {
            self.freed(Want::Instrument(instrument));
            self.freed(Want::Nest(instrument));
        }
        self.look_at_legs();
    }

    /// Those instruments of a station that are fit can be planned for again.
    pub(crate) fn up_again(&mut self, station: StationId) {
        if self.health.is_gone(station) || self.health.arm(station).service.is_some() {
            return;
        }
        for instrument in self.hall.station(station).instruments.clone() {
            if self.health.instrument(instrument).service.is_none() {
                self.planner.machine_up(instrument.index(), self.now);
            }
        }
        self.repair_wanted = true;
        self.freed(Want::Plan);
    }
}
