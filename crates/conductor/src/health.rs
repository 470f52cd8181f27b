//! Which devices are fit, busy or out of use.

use crate::order::OpenFault;
use bus::Instrument;
use lab::Hall;
use quantity::{CommandId, Instant, InstrumentId, OrderId, PersonTaskId, StationId};
use std::collections::BTreeMap;
use std::sync::Arc;

/// What is known of an instrument.
#[derive(Clone, Debug, Default)]
pub(crate) struct InstrumentState {
    /// Plates that it works on.
    pub running: u32,
    /// The kind of work that it was last set up for, where that matters.
    pub set_for: Option<Arc<str>>,
    /// When its last work ended.
    pub idle_since: Instant,
    /// It waits for a person's service.
    pub service: Option<PersonTaskId>,
    /// What it still has of each consumable, and whether a person was asked to refill it.
    pub stock: BTreeMap<Arc<str>, Stock>,
}

/// What is left of a consumable.
#[derive(Clone, Debug)]
pub(crate) struct Stock {
    pub left: u32,
    pub full: u32,
    pub refill: Option<PersonTaskId>,
    /// Its index among the stocks that the planner counts, where its refills are planned.
    pub planned: Option<usize>,
    /// The planned refill that is going on.
    pub service: Option<OrderId>,
}

/// What is known of a station's arm.
#[derive(Clone, Debug, Default)]
pub(crate) struct ArmState {
    /// The order whose plate it handles.
    pub holder: Option<OrderId>,
    /// A reset that is under way.
    pub reset: Option<CommandId>,
    /// It waits for a person's service.
    pub service: Option<PersonTaskId>,
}

impl ArmState {
    /// Whether it can take a plate on.
    pub fn is_free(&self) -> bool {
        self.holder.is_none() && self.reset.is_none() && self.service.is_none()
    }
}

/// What is known of a station as a whole.
#[derive(Clone, Debug, Default)]
pub(crate) struct StationState {
    /// It was pulled, or lost power.
    pub gone: bool,
    pub fault: Option<OpenFault>,
}

/// What is known of every device but the movers.
#[derive(Clone, Debug)]
pub(crate) struct Health {
    pub instruments: Vec<InstrumentState>,
    pub arms: Vec<ArmState>,
    pub stations: Vec<StationState>,
}

impl Health {
    pub fn new(hall: &Hall) -> Self {
        let instruments = hall
            .instruments
            .iter()
            .map(|instrument| InstrumentState {
                stock: stocks(instrument),
                ..InstrumentState::default()
            })
            .collect();
        Self {
            instruments,
            arms: vec![ArmState::default(); hall.stations.len()],
            stations: vec![StationState::default(); hall.stations.len()],
        }
    }

    pub fn instrument(&self, id: InstrumentId) -> &InstrumentState {
        &self.instruments[id.index()]
    }

    pub fn instrument_mut(&mut self, id: InstrumentId) -> &mut InstrumentState {
        &mut self.instruments[id.index()]
    }

    /// The arm of a station.
    pub fn arm(&self, station: StationId) -> &ArmState {
        &self.arms[station.index()]
    }

    /// The arm of a station.
    pub fn arm_mut(&mut self, station: StationId) -> &mut ArmState {
        &mut self.arms[station.index()]
    }

    pub fn is_gone(&self, station: StationId) -> bool {
        self.stations[station.index()].gone
    }

    pub fn station_mut(&mut self, station: StationId) -> &mut StationState {
        &mut self.stations[station.index()]
    }
}

/// The consumables of an instrument, all full.
fn stocks(instrument: &Instrument) -> BTreeMap<Arc<str>, Stock> {
    let mut planned = 0..;
    let all = instrument.consumables.iter().map(|c| {
        let stock = Stock {
            left: c.stock,
            full: c.stock,
            refill: None,
            planned: c.refill.and_then(|_| planned.next()),
            service: None,
        };
        (c.name.clone(), stock)
    });
    all.collect()
}
