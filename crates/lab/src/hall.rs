//! The enumerated hall: everything by id.

use crate::Planning;
use bus::{Capability, Instrument, Role, Station};
use quantity::{BerthId, InstrumentId, MoverId, NestId, StationId};
use std::sync::Arc;
use transport::{MoverSpec, Track};

/// A mover as enumerated.
#[derive(Clone, Debug, PartialEq)]
pub struct Mover {
    /// Its id in the hall.
    pub id: MoverId,
    /// Its name.
    pub name: Arc<str>,
    /// What it can do.
    pub spec: MoverSpec,
    /// The parking berth that is kept for it.
    pub home: BerthId,
}

/// One track with its stations. Every id indexes the list of its kind.
#[derive(Clone, Debug)]
pub struct Hall {
    /// Its name.
    pub name: Arc<str>,
    /// The track.
    pub track: Arc<Track>,
    /// The movers; `movers[i].id == MoverId(i)`.
    pub movers: Vec<Mover>,
    /// The stations; `stations[i].id == StationId(i)`, its arm is `ArmId(i)`.
    pub stations: Vec<Station>,
    /// The docks of each station, by station: berths that its arm reaches.
    pub docks: Vec<Vec<BerthId>>,
    /// The instruments; `instruments[i].id == InstrumentId(i)`.
    pub instruments: Vec<Instrument>,
    /// The instrument that each nest belongs to; indexed by nest.
    pub nests: Vec<InstrumentId>,
    /// How it is planned.
    pub planning: Planning,
}

impl Hall {
    /// The station with this id.
    #[must_use]
    pub fn station(&self, id: StationId) -> &Station {
        &self.stations[id.index()]
    }

    /// The instrument with this id.
    #[must_use]
    pub fn instrument(&self, id: InstrumentId) -> &Instrument {
        &self.instruments[id.index()]
    }

    /// The instrument that a nest belongs to.
    #[must_use]
    pub fn instrument_of(&self, nest: NestId) -> &Instrument {
        self.instrument(self.nests[nest.index()])
    }

    /// The station that a nest belongs to.
    #[must_use]
    pub fn station_of(&self, nest: NestId) -> StationId {
        self.instrument_of(nest).station
    }

    /// The instruments that offer a capability, with their offer, in order of id.
    pub fn offering<'a>(
        &'a self,
        capability: &'a str,
    ) -> impl Iterator<Item = (&'a Instrument, &'a Capability)> + 'a {
        self.instruments.iter().filter_map(move |instrument| {
            instrument
                .capability(capability)
                .map(|offer| (instrument, offer))
        })
    }

    /// The instruments with this role, in order of id.
    pub fn with_role(&self, role: Role) -> impl Iterator<Item = &Instrument> + '_ {
        self.instruments
            .iter()
            .filter(move |instrument| instrument.role == role)
    }
}
