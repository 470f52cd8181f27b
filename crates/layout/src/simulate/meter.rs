//! A driver in between that notes what arms and movers do, and where plates spend their time.

use bus::{Action, Command, Driver, Durability, Outcome, Received, Report, Role};
use lab::Hall;
use labware::Place;
use quantity::{ArmId, BerthId, BlockId, CommandId, Instant, MoverId, PlateId, StationId};
use std::collections::BTreeMap;
use std::sync::Arc;

/// What is noted, from the moment on from which it counts.
#[derive(Clone, Debug, Default)]
pub struct Noted {
    /// Seconds that each arm worked, by station.
    pub arms: Vec<f64>,
    /// Seconds that each mover moved.
    pub movers: Vec<f64>,
    /// Metres that movers ran with a plate, and without.
    pub metres: [f64; 2],
    /// Seconds of rides with a plate, and without.
    pub riding: [f64; 2],
    /// Rides with a plate, and without, from station to station.
    pub trips: BTreeMap<(StationId, StationId), [u32; 2]>,
    /// Movers over each block of the track.
    pub passes: Vec<u32>,
    /// Plate seconds in nests of hotels, in nests of instruments, in arms and on movers, since the
    /// plates were first taken from their homes.
    pub standing: [f64; 4],
}

/// Notes what a driver is told and what it reports.
#[derive(Debug)]
pub struct Meter<D> {
    /// The driver.
    pub inner: D,
    /// What was noted.
    pub noted: Noted,
    hall: Arc<Hall>,
    since: Instant,
    station_of: BTreeMap<BerthId, StationId>,
    berths: Vec<BerthId>,
    cargo: Vec<Option<PlateId>>,
    under_way: BTreeMap<CommandId, (ArmId, Instant, PlateId, Option<Place>)>,
    places: BTreeMap<PlateId, (Place, Instant)>,
}

impl<D> Meter<D> {
    /// In front of a driver of this hall; what is before `since` does not count.
    pub fn new(inner: D, hall: Arc<Hall>, since: Instant) -> Self {
        let docks = hall.docks.iter().enumerate();
        let noted = Noted {
            arms: vec![0.0; hall.stations.len()],
            movers: vec![0.0; hall.movers.len()],
            passes: vec![0; hall.track.blocks().len()],
            ..Noted::default()
        };
        Self {
            inner,
            noted,
            since,
            station_of: docks
                .flat_map(|(at, list)| list.iter().map(move |b| (*b, StationId(at as u32))))
                .collect(),
            berths: hall.movers.iter().map(|m| m.home).collect(),
            cargo: vec![None; hall.movers.len()],
            under_way: BTreeMap::new(),
            places: BTreeMap::new(),
            hall,
        }
    }

    /// Counts the time of plates that stand where they are, up to now.
    pub fn end(&mut self, now: Instant) {
        let plates: Vec<(PlateId, Place)> = self.places.iter().map(|(p, at)| (*p, at.0)).collect();
        for (plate, place) in plates {
            self.goes(plate, place, now);
        }
    }

    fn travels(&mut self, mover: MoverId, to: BerthId, span: [Instant; 2], path: &[BlockId]) {
        let index = mover.index();
        let from = std::mem::replace(&mut self.berths[index], to);
        let [depart, arrive] = span;
        if depart < self.since {
            return;
        }
        let seconds = arrive.since(depart).as_secs_f64();
        let track = &self.hall.track;
        let blocks: f64 = path.iter().map(|b| track.block(*b).length.as_m()).sum();
        let sidings = track.berth(from).leave.length + track.berth(to).enter.length;
        let empty = usize::from(self.cargo[index].is_none());
        self.noted.metres[empty] += blocks + sidings.as_m();
        self.noted.riding[empty] += seconds;
        self.noted.movers[index] += seconds;
        for block in path {
            self.noted.passes[block.index()] += 1;
        }
        if let (Some(a), Some(b)) = (self.station_of.get(&from), self.station_of.get(&to)) {
            self.noted.trips.entry((*a, *b)).or_default()[empty] += 1;
        }
    }

    fn goes(&mut self, plate: PlateId, to: Place, now: Instant) {
        if let Some((from, since)) = self.places.insert(plate, (to, now)) {
            let spent = now.since(since.max(self.since)).as_secs_f64().max(0.0);
            let role = |nest| self.hall.instrument_of(nest).role;
            let column = match from {
                Place::Nest(nest) if role(nest) == Role::Work => 1,
                Place::Nest(nest) if role(nest) == Role::Storage => 0,
                Place::Arm(_) => 2,
                Place::Mover(_) => 3,
                _ => return,
            };
            self.noted.standing[column] += spent;
        }
    }

    fn done(&mut self, command: CommandId, at: Instant, outcome: &Outcome) {
        let Some((arm, since, plate, to)) = self.under_way.remove(&command) else {
            return;
        };
        let worked = at.since(since.max(self.since)).as_secs_f64();
        self.noted.arms[arm.index()] += worked.max(0.0);
        match (outcome, to) {
            (Outcome::Picked { .. }, _) => {
                for cargo in self.cargo.iter_mut().filter(|c| **c == Some(plate)) {
                    *cargo = None;
                }
                self.goes(plate, Place::Arm(arm), at);
            }
            (Outcome::Placed { .. }, Some(to)) => {
                if let Place::Mover(mover) = to {
                    self.cargo[mover.index()] = Some(plate);
                }
                self.goes(plate, to, at);
                let left = matches!(to, Place::Nest(n)
                    if matches!(self.hall.instrument_of(n).role, Role::Waste | Role::Quarantine));
                if left {
                    self.places.remove(&plate);
                }
            }
            _ => {}
        }
    }
}

impl<D: Driver> Driver for Meter<D> {
    fn durability(&self) -> Durability {
        self.inner.durability()
    }

    fn perform(&mut self, command: &Command, now: Instant) {
        match &command.action {
            Action::Pick { arm, plate, .. } => {
                let entry = (*arm, now, *plate, None);
                self.under_way.insert(command.id, entry);
            }
            Action::Place { arm, plate, to } => {
                let entry = (*arm, now, *plate, Some(*to));
                self.under_way.insert(command.id, entry);
            }
            Action::Travel {
                mover,
                to,
                depart,
                arrive,
                path,
                ..
            } => self.travels(*mover, *to, [*depart, *arrive], path),
            _ => {}
        }
        self.inner.perform(command, now);
    }

    fn next(&mut self, until: Instant) -> Option<Received> {
        let received = self.inner.next(until);
        match received.as_ref().map(|received| &received.report) {
            Some(Report::Done { command, outcome }) => {
                let (command, at) = (*command, received.as_ref().map_or(until, |r| r.at));
                let outcome = outcome.clone();
                self.done(command, at, &outcome);
            }
            Some(Report::Failed { command, .. }) => {
                self.under_way.remove(command);
            }
            _ => {}
        }
        received
    }
}
