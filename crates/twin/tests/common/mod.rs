//! A hand that gives a twin commands one by one, and hears what comes back.
#![allow(dead_code)]

use bus::{Action, Command, Device, Driver, Fault, Known, Outcome, Received, Report, Request};
use lab::{Hall, LabFile};
use labware::{Catalogue, LabwareType, Place, Well};
use protocol::{Operation, Params, Repeat, Transfer, Value, Worklist};
use quantity::{
    ArmId, BerthId, CommandId, Duration, Instant, InstrumentId, Kind, MoverId, NestId,
    PersonTaskId, PlateId, ReagentId, StepId, Volume,
};
use std::sync::Arc;
use transport::{Limits, Motion, Traffic};
use twin::{FaultRates, Twin, TwinConfig};

pub const PLATE: PlateId = PlateId(0);

/// The bench lab that ships.
pub fn bench() -> Arc<Hall> {
    let text = include_str!("../../../../labs/bench.toml");
    LabFile::parse("bench.toml", text).unwrap().0.hall
}

/// A configuration in which nothing goes wrong but by script.
pub fn calm() -> TwinConfig {
    TwinConfig {
        faults: FaultRates::none(),
        keep_history: true,
        keep_contents: true,
        ..TwinConfig::default()
    }
}

pub fn labware(name: &str) -> Arc<LabwareType> {
    Catalogue::standard().get(name).unwrap().clone()
}

pub struct Hand {
    pub hall: Arc<Hall>,
    pub twin: Twin,
    pub traffic: Traffic,
    pub now: Instant,
    pub next: u64,
    pub tasks: u32,
    /// Everything that was reported.
    pub heard: Vec<Received>,
    /// Everything that was issued, and when.
    pub issued: Vec<(Command, Instant)>,
}

impl Hand {
    pub fn new(config: TwinConfig) -> Self {
        let hall = bench();
        let fleet: Vec<_> = hall.movers.iter().map(|m| (m.spec, m.home)).collect();
        Self {
            twin: Twin::new(hall.clone(), config).unwrap(),
            traffic: Traffic::new(hall.track.clone(), &fleet).unwrap(),
            hall,
            now: Instant::EPOCH,
            next: 0,
            tasks: 0,
            heard: Vec::new(),
            issued: Vec::new(),
        }
    }

    /// Issues a command, now.
    pub fn issue(&mut self, action: Action) -> CommandId {
        let id = CommandId(self.next);
        self.next += 1;
        let command = Command {
            id,
            order: None,
            action,
        };
        self.twin.perform(&command, self.now);
        self.issued.push((command, self.now));
        id
    }

    /// Waits for the final report of a command, at most so long.
    pub fn wait(&mut self, id: CommandId, most: Duration) -> Option<Report> {
        let until = self.now + most;
        while let Some(received) = self.twin.next(until) {
            self.now = received.at;
            self.heard.push(received.clone());
            let found = match &received.report {
                Report::Done { command, .. }
                | Report::Failed { command, .. }
                | Report::MoverStuck { command, .. }
                | Report::MoverStopped { command, .. } => *command == id,
                Report::Status { query, .. } => *query == id,
                Report::TaskDone { task, .. } => {
                    u64::from(task.0) == id.0 && received.from == Some(Device::Person)
                }
                _ => false,
            };
            if found {
                return Some(received.report);
            }
        }
        self.now = until;
        None
    }

    pub fn run(&mut self, action: Action) -> Option<Report> {
        let id = self.issue(action);
        self.wait(id, Duration::from_hours(12))
    }

    /// Runs a command that must be done.
    pub fn must(&mut self, action: Action) -> Outcome {
        match self.run(action) {
            Some(Report::Done { outcome, .. }) => outcome,
            other => panic!("{other:?}"),
        }
    }

    /// Runs a command that must fail.
    pub fn fails(&mut self, action: Action) -> Fault {
        match self.run(action) {
            Some(Report::Failed { fault, .. }) => fault,
            other => panic!("{other:?}"),
        }
    }

    /// Asks a person; tasks are numbered like commands here.
    pub fn ask(&mut self, request: Request) -> Option<Place> {
        let task = PersonTaskId(self.next as u32);
        match self.run(Action::Ask { task, request }) {
            Some(Report::TaskDone { found, .. }) => found,
            other => panic!("{other:?}"),
        }
    }

    pub fn query(&mut self, device: Device, command: CommandId) -> Option<Known> {
        let id = self.issue(Action::Query { device, command });
        match self.wait(id, Duration::from_mins(5)) {
            Some(Report::Status { known, .. }) => Some(known),
            None => None,
            other => panic!("{other:?}"),
        }
    }

    /// The first instrument that offers a capability (or has a kind of name).
    pub fn instrument(&self, capability: &str) -> InstrumentId {
        self.hall
            .instruments
            .iter()
            .find(|i| i.capability(capability).is_some() || &*i.kind == capability)
            .unwrap_or_else(|| panic!("no {capability}"))
            .id
    }

    pub fn nest(&self, capability: &str) -> NestId {
        self.hall.instrument(self.instrument(capability)).nests[0]
    }

    pub fn arm_of(&self, nest: NestId) -> ArmId {
        ArmId(self.hall.station_of(nest).0)
    }

    /// Brings a plate into a nest.
    pub fn bring(&mut self, plate: PlateId, kind: &str, nest: NestId) {
        let found = self.ask(Request::Bring {
            plate,
            labware: labware(kind),
            barcode: format!("NIL-{}", plate.0).into(),
            nest,
        });
        assert_eq!(found, Some(Place::Nest(nest)));
    }

    pub fn pick(&self, plate: PlateId, from: Place) -> Action {
        Action::Pick {
            arm: self.reaching(from),
            plate,
            from,
        }
    }

    pub fn place(&self, plate: PlateId, to: Place) -> Action {
        Action::Place {
            arm: self.reaching(to),
            plate,
            to,
        }
    }

    /// The arm that reaches a place now.
    pub fn reaching(&self, place: Place) -> ArmId {
        match place {
            Place::Nest(nest) => self.arm_of(nest),
            Place::Mover(mover) => {
                let berth = self.traffic.berth_of(mover, self.now).unwrap();
                let station = self
                    .hall
                    .docks
                    .iter()
                    .position(|docks| docks.contains(&berth));
                ArmId(station.unwrap() as u32)
            }
            _ => panic!("{place}"),
        }
    }

    /// A dock of the station that a nest belongs to.
    pub fn dock(&self, nest: NestId) -> BerthId {
        self.hall.docks[self.hall.station_of(nest).index()][0]
    }

    pub fn plan(&mut self, mover: MoverId, to: BerthId, limits: Option<Limits>) -> Motion {
        let limits = limits.unwrap_or(self.hall.movers[mover.index()].spec.limits);
        self.traffic
            .plan(mover, to, limits, self.now, self.now)
            .unwrap()
    }

    pub fn travel_of(motion: &Motion, to: BerthId) -> Action {
        Action::Travel {
            mover: motion.mover,
            to,
            depart: motion.depart,
            arrive: motion.arrive,
            path: motion.path().into(),
            speed: motion.limits.speed,
            acceleration: motion.limits.acceleration,
            jerk: motion.limits.jerk,
        }
    }

    /// Sends a mover to a berth and waits until it is there.
    pub fn send(&mut self, mover: MoverId, to: BerthId, limits: Option<Limits>) {
        if self.traffic.berth_of(mover, self.now) == Some(to) {
            return;
        }
        let motion = self.plan(mover, to, limits);
        assert_eq!(self.must(Self::travel_of(&motion, to)), Outcome::Done);
        assert_eq!(self.now, motion.arrive, "as planned");
        self.traffic.arrived(mover, self.now).unwrap();
    }

    /// Carries a plate from nest to nest by arms and a mover.
    pub fn carry(&mut self, plate: PlateId, from: NestId, to: NestId) {
        let mover = MoverId(0);
        if self.hall.station_of(from) == self.hall.station_of(to) {
            self.must(self.pick(plate, Place::Nest(from)));
            self.must(self.place(plate, Place::Nest(to)));
            return;
        }
        self.send(mover, self.dock(from), None);
        self.must(self.pick(plate, Place::Nest(from)));
        self.must(self.place(plate, Place::Mover(mover)));
        let gentle = Limits::from_si(1.0, 1.0, 10.0);
        self.send(mover, self.dock(to), Some(gentle));
        self.must(self.pick(plate, Place::Mover(mover)));
        self.must(self.place(plate, Place::Nest(to)));
    }

    pub fn perform(
        &self,
        plate: PlateId,
        step: u16,
        capability: &str,
        params: &[(&str, Value)],
        worklist: Option<Worklist>,
    ) -> Action {
        let repeat =
            protocol::vocabulary::word(capability).map_or(Repeat::Repeatable, |word| word.repeat);
        let instrument = self.instrument(capability);
        Action::Perform {
            instrument,
            nest: self.hall.instrument(instrument).nests[0],
            plate,
            step: StepId(step),
            operation: operation(capability, params),
            worklist: worklist.map(Arc::new),
            repeat,
            with: Vec::new(),
        }
    }
}

pub fn operation(capability: &str, params: &[(&str, Value)]) -> Operation {
    let params: Params = params
        .iter()
        .map(|(name, value)| ((*name).into(), value.clone()))
        .collect();
    Operation {
        capability: capability.into(),
        params,
    }
}

pub fn quantity(kind: Kind, text: &str) -> Value {
    Value::Quantity(kind, kind.parse(text).unwrap())
}

/// The same volume of one reagent into wells.
pub fn fill(wells: impl IntoIterator<Item = Well>, reagent: u32, ul: f64) -> Vec<Transfer> {
    wells
        .into_iter()
        .map(|well| Transfer {
            well,
            reagent: ReagentId(reagent),
            volume: Volume::from_ul(ul),
        })
        .collect()
}

pub fn wells(kind: &str) -> Vec<Well> {
    labware(kind).each_well().collect()
}
