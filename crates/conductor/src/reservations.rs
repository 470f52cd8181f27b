//! Nests, homes and promises: what makes the hall never stuck.
//!
//! - A plate leaves a nest only with a [`Promised`] nest to come to. The token can't be copied:
//!   it is used up by [`Reservations::arrive`] or [`Reservations::give_back`].
//! - A nest is promised to one plate at a time, and never one that is another plate's home. A waste's
//!   nest is promised to any number: what is put into it is gone at once, so nobody has it before
//!   another, and a plate that is done does not keep an instrument's nest for want of it.
//! - Every plate in the hall has a home in a hotel, or is on its way into one; the home is kept
//!   free for it until it leaves the hall, so there is always a nest that it can be cleared into.
//! - A promised nest is empty, or *leaving*: its plate has a mover at the dock (or goes by the arm
//!   alone) and a promised nest itself, so nothing but the arm is needed to free it.

use bus::Role;
use lab::Hall;
use labware::{Custody, CustodyError, Place};
use quantity::{InstrumentId, NestId, PlateId};

/// A nest that is promised to a plate. Whoever holds it must use it up.
#[derive(Debug, PartialEq, Eq)]
#[must_use]
pub(crate) struct Promised {
    nest: NestId,
    plate: PlateId,
}

impl Promised {
    /// The nest.
    pub fn nest(&self) -> NestId {
        self.nest
    }
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Nest {
    promised: Option<PlateId>,
    home: Option<PlateId>,
    leaving: bool,
    /// Of a waste: empty whenever the arm has put something in.
    bottomless: bool,
}

/// Where every plate is believed to be, and which nests are promised to whom.
#[derive(Debug)]
pub(crate) struct Reservations {
    custody: Custody,
    nests: Vec<Nest>,
    /// Free homes of each hotel, by instrument.
    free_homes: Vec<u32>,
}

impl Reservations {
    pub fn new(hall: &Hall) -> Self {
        let free_homes = hall
            .instruments
            .iter()
            .map(|i| match i.role {
                Role::Storage => i.nests.len() as u32,
                _ => 0,
            })
            .collect();
        let mut nests = vec![Nest::default(); hall.nests.len()];
        for nest in hall.with_role(Role::Waste).flat_map(|i| &i.nests) {
            nests[nest.index()].bottomless = hall.planning.careful;
        }
        Self {
            custody: Custody::default(),
            nests,
            free_homes,
        }
    }

    pub fn custody(&self) -> &Custody {
        &self.custody
    }

    /// Where a plate is believed to be; outside if it was never seen.
    pub fn place(&self, plate: PlateId) -> Place {
        self.custody.place(plate).unwrap_or(Place::Outside)
    }

    pub fn plate_in(&self, nest: NestId) -> Option<PlateId> {
        self.custody.plate_at(Place::Nest(nest))
    }

    /// How many homes of a hotel are free.
    pub fn free_homes(&self, hotel: InstrumentId) -> u32 {
        self.free_homes[hotel.index()]
    }

    /// Registers a plate outside and keeps a home for it in this hotel.
    pub fn move_in(&mut self, plate: PlateId, hotel: InstrumentId, hall: &Hall) -> Option<NestId> {
        let nest = hall.instrument(hotel).nests.iter().copied().find(|nest| {
            let state = &self.nests[nest.index()];
            state.home.is_none() && state.promised.is_none() && self.plate_in(*nest).is_none()
        })?;
        self.custody.register(plate, Place::Outside).ok()?;
        self.nests[nest.index()].home = Some(plate);
        self.free_homes[hotel.index()] -= 1;
        Some(nest)
    }

    /// The plate left the hall for good (or its home was never used): its home is free for others.
    pub fn move_out(&mut self, plate: PlateId, home: NestId, hotel: InstrumentId) {
        let state = &mut self.nests[home.index()];
        if state.home == Some(plate) {
            state.home = None;
            self.free_homes[hotel.index()] += 1;
        }
    }

    /// Whether a nest could be promised to this plate now: empty before leaving.
    fn vacancy(&self, nest: NestId, plate: PlateId) -> Option<bool> {
        let state = &self.nests[nest.index()];
        if state.bottomless {
            return Some(true);
        }
        let others_home = state.home.is_some_and(|owner| owner != plate);
        if state.promised.is_some() || others_home {
            return None;
        }
        match self.plate_in(nest) {
            None => Some(true),
            Some(_) if state.leaving => Some(false),
            Some(_) => None,
        }
    }

    /// Whether a nest that is nobody's home could be promised now.
    pub fn is_vacant(&self, nest: NestId) -> bool {
        let state = &self.nests[nest.index()];
        state.bottomless
            || state.promised.is_none() && (state.leaving || self.plate_in(nest).is_none())
    }

    /// Promises a nest of an instrument: `wished` if it can be had, else an empty one, else one
    /// that is leaving.
    pub fn promise(
        &mut self,
        plate: PlateId,
        instrument: InstrumentId,
        wished: Option<NestId>,
        hall: &Hall,
    ) -> Option<Promised> {
        let mut leaving = None;
        let nests = &hall.instrument(instrument).nests;
        for nest in wished.iter().chain(nests).copied() {
            match self.vacancy(nest, plate) {
                Some(true) => return Some(self.promised(plate, nest)),
                Some(false) if leaving.is_none() => leaving = Some(nest),
                _ => {}
            }
        }
        leaving.map(|nest| self.promised(plate, nest))
    }

    /// Promises a plate its own home. Only one promise of a home is out at a time.
    pub fn promise_home(&mut self, plate: PlateId, home: NestId) -> Option<Promised> {
        (self.nests[home.index()].home == Some(plate) && self.vacancy(home, plate) == Some(true))
            .then(|| self.promised(plate, home))
    }

    fn promised(&mut self, plate: PlateId, nest: NestId) -> Promised {
        let state = &mut self.nests[nest.index()];
        if !state.bottomless {
            state.promised = Some(plate);
        }
        Promised { nest, plate }
    }

    /// The plate will not come.
    pub fn give_back(&mut self, promised: Promised) {
        self.nests[promised.nest.index()].promised = None;
    }

    /// Whether the promised nest is empty by now.
    pub fn is_empty(&self, promised: &Promised) -> bool {
        self.plate_in(promised.nest).is_none()
    }

    /// The plate in a nest is about to be picked and needs nothing more but the arm: its nest may
    /// be promised to the next.
    pub fn set_leaving(&mut self, nest: NestId, leaving: bool) {
        self.nests[nest.index()].leaving = leaving;
    }

    /// Whether a nest's plate is about to leave it.
    pub fn is_leaving(&self, nest: NestId) -> bool {
        self.nests[nest.index()].leaving
    }

    /// Whom a nest is promised to.
    pub fn promised_to(&self, nest: NestId) -> Option<PlateId> {
        self.nests[nest.index()].promised
    }

    /// A hand-off that was reported: from one place to another that is not a nest.
    pub fn hand_off(&mut self, plate: PlateId, from: Place, to: Place) -> Result<(), CustodyError> {
        self.custody.hand_off(plate, from, to)?;
        if let Place::Nest(nest) = from {
            self.nests[nest.index()].leaving = false;
        }
        Ok(())
    }

    /// The plate came into the nest that it was promised.
    pub fn arrive(&mut self, promised: Promised, from: Place) -> Result<(), CustodyError> {
        self.nests[promised.nest.index()].promised = None;
        self.hand_off(promised.plate, from, Place::Nest(promised.nest))
    }

    /// Whether a nest may be promised to any number of plates.
    pub fn is_bottomless(&self, nest: NestId) -> bool {
        self.nests[nest.index()].bottomless
    }

    /// Each nest with whom it is promised to and whose home it is, for the checker.
    pub fn nests(&self) -> impl Iterator<Item = (NestId, Option<PlateId>, Option<PlateId>)> + '_ {
        self.nests
            .iter()
            .enumerate()
            .map(|(at, nest)| (NestId(at as u32), nest.promised, nest.home))
    }
}
