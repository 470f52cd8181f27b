//! How fast the twin alone works its events off: some hours of the hall that ships under a scripted full
//! load. The commands are made once, with traffic control in the loop, and then given to a fresh
//! twin again at their moments, with only the twin on the clock.
//!
//! `cargo run --release -p twin --example speed [hours] [lab file]`

use bus::{Action, Command, Device, Driver, Fault, Report, Request, Role};
use lab::LabFile;
use labware::{Catalogue, Cover, Place};
use protocol::{Operation, Params, Transfer, Value, Worklist, vocabulary};
use quantity::{
    ArmId, BerthId, CommandId, Duration, Instant, InstrumentId, Kind, MassConcentration, MoverId,
    NestId, PersonTaskId, PlateId, ReagentId, StepId, Volume,
};
use std::sync::Arc;
use std::time::Instant as Wall;
use transport::Traffic;
use twin::nature::{Antibiotics, Natures, Reagent, ReagentMeaning, Strength};
use twin::{FaultRates, Twin, TwinConfig};

/// Movers that ride without a pause.
const RIDING: u32 = 6;

type Failure = Box<dyn std::error::Error>;

/// One worker: an instrument with one plate that its arm takes out and puts back between operations.
struct Worker {
    instrument: InstrumentId,
    nest: NestId,
    arm: ArmId,
    plate: PlateId,
    next: Step,
    step: u16,
}

#[derive(Clone, Copy, PartialEq)]
enum Step {
    Work,
    Pick,
    Place,
}

struct Load {
    hall: Arc<lab::Hall>,
    labware: Arc<labware::LabwareType>,
    twin: Twin,
    traffic: Traffic,
    now: Instant,
    next: u64,
    script: Vec<(Command, Instant)>,
    workers: Vec<Worker>,
    worklist: Arc<Worklist>,
    docks: Vec<BerthId>,
    dice: u64,
    /// What each command in flight is for.
    owner: Vec<Owner>,
}

#[derive(Clone, Copy)]
enum Owner {
    Worker(usize),
    /// Whether it rides, or only waits a moment.
    Mover(MoverId, bool),
    Refresh(usize),
}

fn main() -> Result<(), Failure> {
    let mut args = std::env::args().skip(1);
    let hours: i64 = args.next().map_or(Ok(4), |text| text.parse())?;
    let path = args.next().unwrap_or_else(|| "labs/hall.toml".to_owned());
    let text = std::fs::read_to_string(&path)?;
    let (file, _) = LabFile::parse(&path, &text).map_err(|problems| format!("{problems:?}"))?;
    let mut load = Load::new(file.hall)?;
    let until = Instant::EPOCH + Duration::from_hours(hours);
    let begun = Wall::now();
    load.run(until)?;
    println!(
        "{}: {} stations, {} instruments, {} movers",
        path,
        load.hall.stations.len(),
        load.hall.instruments.len(),
        load.hall.movers.len()
    );
    println!(
        "script of {} commands for {hours} h, made in {:.2} s with traffic control",
        load.script.len(),
        begun.elapsed().as_secs_f64()
    );
    let expected = load.twin.history_hash();
    for _ in 0..3 {
        let mut twin = Twin::new(load.hall.clone(), config())?;
        let begun = Wall::now();
        let mut reports = 0_u64;
        for (command, at) in &load.script {
            while twin.next(*at).is_some() {
                reports += 1;
            }
            twin.perform(command, *at);
        }
        while twin.next(until).is_some() {
            reports += 1;
        }
        let wall = begun.elapsed().as_secs_f64();
        let events = twin.events();
        println!(
            "{events} events, {reports} reports in {wall:.3} s: {:.2} µs an event, {:.0} times real time, same history: {}",
            wall * 1e6 / events as f64,
            hours as f64 * 3600.0 / wall,
            twin.history_hash() == expected
        );
    }
    let mut breaches: Vec<String> = load
        .twin
        .violations()
        .iter()
        .map(|violation| {
            let text = format!("{:?}", violation.what);
            text.split([' ', '{']).next().unwrap_or_default().to_owned()
        })
        .collect();
    let all = breaches.len();
    breaches.sort();
    breaches.dedup();
    println!("breaches: {all} {breaches:?}");
    Ok(())
}

fn config() -> TwinConfig {
    let drug = |name: &str, mg_per_l| {
        Reagent::new(
            name,
            ReagentMeaning::Solution {
                substance: name.into(),
                strength: Strength::Mass(MassConcentration::from_mg_per_l(mg_per_l)),
            },
        )
    };
    TwinConfig {
        faults: FaultRates::none(),
        nature: Natures::from(Antibiotics::published()),
        reagents: vec![
            Reagent::new("medium", ReagentMeaning::Inert),
            Reagent::new("cells", ReagentMeaning::Culture { density: 0.01 }),
            drug("ampicillin", 10.0),
            drug("ciprofloxacin", 0.05),
            drug("streptomycin", 50.0),
        ],
        ..TwinConfig::default()
    }
}

impl Load {
    fn new(hall: Arc<lab::Hall>) -> Result<Self, Failure> {
        let labware = Catalogue::standard()
            .get("corning_384_wellplate_112ul_flat")?
            .clone();
        let fleet: Vec<_> = hall.movers.iter().map(|m| (m.spec, m.home)).collect();
        let transfers = labware
            .each_well()
            .flat_map(|well| {
                (0..4).map(move |reagent| Transfer {
                    well,
                    reagent: ReagentId(1 + reagent),
                    volume: Volume::from_ul(if reagent == 0 { 3.0 } else { 0.5 }),
                })
            })
            .collect();
        let docks = hall.docks.iter().flatten().copied().collect();
        Ok(Self {
            twin: Twin::new(hall.clone(), config())?,
            traffic: Traffic::new(hall.track.clone(), &fleet)?,
            labware,
            now: Instant::EPOCH,
            next: 0,
            script: Vec::new(),
            workers: Vec::new(),
            worklist: Arc::new(Worklist { transfers }),
            docks,
            dice: 1,
            owner: Vec::new(),
            hall,
        })
    }

    fn roll(&mut self, n: usize) -> usize {
        self.dice = self
            .dice
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        (self.dice >> 33) as usize % n.max(1)
    }

    fn issue(&mut self, action: Action, owner: Owner) {
        let command = Command {
            id: CommandId(self.next),
            order: None,
            action,
        };
        self.next += 1;
        self.owner.push(owner);
        self.twin.perform(&command, self.now);
        self.script.push((command, self.now));
    }

    /// A worker at each station, each with a plate; some movers always on their way.
    fn run(&mut self, until: Instant) -> Result<(), Failure> {
        let hall = self.hall.clone();
        for station in &hall.stations {
            let able = station.instruments.iter().filter(|id| {
                let unit = hall.instrument(**id);
                unit.role == Role::Work
                    && unit.capabilities.iter().any(|offer| {
                        offer.labware.contains(&self.labware.class)
                            && offer.covers.contains(&Cover::Open)
                            && bus::cover_after(&offer.name).is_none()
                    })
            });
            for id in able.take(1).copied().collect::<Vec<_>>() {
                let nest = hall.instrument(id).nests[0];
                let plate = PlateId(self.workers.len() as u32);
                self.workers.push(Worker {
                    instrument: id,
                    nest,
                    arm: ArmId(station.id.0),
                    plate,
                    next: Step::Work,
                    step: 0,
                });
                self.bring(self.workers.len() - 1);
            }
        }
        // As many rides as plates need, not as the track could carry.
        for mover in 0..(hall.movers.len() as u32).min(RIDING) {
            self.send(MoverId(mover));
        }
        while let Some(received) = self.twin.next(until) {
            self.now = received.at;
            match received.report {
                Report::Done { command, .. } => match self.owner[command.0 as usize] {
                    Owner::Worker(worker) | Owner::Refresh(worker) => self.work(worker),
                    Owner::Mover(mover, rode) => {
                        self.traffic.forget_before(self.now);
                        if rode {
                            self.traffic.arrived(mover, self.now)?;
                        }
                        self.send(mover);
                    }
                },
                Report::TaskDone { task, .. } => match self.owner[task.0 as usize] {
                    Owner::Refresh(worker) => self.work(worker),
                    _ => return Err("a task of nobody".into()),
                },
                Report::Failed {
                    command,
                    fault: Fault::ConsumableEmpty { consumable },
                } => {
                    let Owner::Worker(worker) = self.owner[command.0 as usize] else {
                        return Err("a mover without tips".into());
                    };
                    self.workers[worker].next = Step::Work;
                    let request = Request::Refill {
                        instrument: self.workers[worker].instrument,
                        consumable,
                    };
                    let task = PersonTaskId(self.next as u32);
                    self.issue(Action::Ask { task, request }, Owner::Refresh(worker));
                }
                // One placement in tens of thousands lies askew: that plate is taken away.
                Report::Failed {
                    command,
                    fault: Fault::PoseOutOfTolerance(_),
                } => {
                    if let Owner::Worker(worker) = self.owner[command.0 as usize] {
                        self.replace(worker);
                    }
                }
                Report::Started { .. } => {}
                other => return Err(format!("{other:?}").into()),
            }
        }
        Ok(())
    }

    fn bring(&mut self, worker: usize) {
        let Worker { plate, nest, .. } = self.workers[worker];
        let request = Request::Bring {
            plate,
            labware: self.labware.clone(),
            barcode: "NIL".into(),
            nest,
        };
        let task = PersonTaskId(self.next as u32);
        self.issue(Action::Ask { task, request }, Owner::Refresh(worker));
    }

    fn work(&mut self, index: usize) {
        let hall = self.hall.clone();
        let Worker {
            instrument,
            nest,
            arm,
            plate,
            next,
            step,
        } = self.workers[index];
        let place = Place::Nest(nest);
        let (action, then) = match next {
            Step::Pick => (
                Action::Pick {
                    arm,
                    plate,
                    from: place,
                },
                Step::Place,
            ),
            Step::Place => (
                Action::Place {
                    arm,
                    plate,
                    to: place,
                },
                Step::Work,
            ),
            Step::Work if step > 0 && step % 8 == 0 && self.next.is_multiple_of(2) => {
                // A fresh plate, now and then.
                return self.replace(index);
            }
            Step::Work => {
                if self.twin.plate_at(place) != Some(plate) {
                    return self.bring(index);
                }
                (
                    self.operation(&hall, instrument, nest, plate, step),
                    Step::Pick,
                )
            }
        };
        self.workers[index].next = then;
        self.workers[index].step += 1;
        self.issue(action, Owner::Worker(index));
    }

    /// Has a worker's plate taken away; a fresh one comes next.
    fn replace(&mut self, index: usize) {
        let Worker { plate, nest, .. } = self.workers[index];
        let place = Place::Nest(nest);
        let request = Request::TakeAway { plate, place };
        let task = PersonTaskId(self.next as u32);
        self.issue(Action::Ask { task, request }, Owner::Refresh(index));
        let fresh = self.workers.iter().map(|w| w.plate.0).max().unwrap_or(0) + 1;
        let worker = &mut self.workers[index];
        worker.plate = PlateId(fresh);
        worker.next = Step::Work;
        worker.step += 1;
    }

    fn operation(
        &self,
        hall: &lab::Hall,
        instrument: InstrumentId,
        nest: NestId,
        plate: PlateId,
        step: u16,
    ) -> Action {
        let unit = hall.instrument(instrument);
        let offer = unit
            .capabilities
            .iter()
            .find(|offer| {
                offer.covers.contains(&Cover::Open) && bus::cover_after(&offer.name).is_none()
            })
            .unwrap_or(&unit.capabilities[0]);
        let mut params = Params::new();
        let mut give = |name: &str, kind: Kind, base: i64| {
            params.insert(name.into(), Value::Quantity(kind, base));
        };
        give("duration", Kind::Time, Duration::from_secs(120).base());
        if &*offer.name == "incubate" {
            give("temperature", Kind::Temperature, 310_150);
        }
        if offer.name.starts_with("read_absorbance") {
            give("wavelength", Kind::Wavelength, 600_000);
        }
        let word = vocabulary::word(&offer.name);
        let adds = word.is_some_and(|word| word.adds_liquid);
        Action::Perform {
            instrument,
            nest,
            plate,
            step: StepId(step),
            operation: Operation {
                capability: offer.name.clone(),
                params,
            },
            worklist: adds.then(|| self.worklist.clone()),
            repeat: offer.repeat,
            with: Vec::new(),
        }
    }

    /// Sends a mover to some berth that is free.
    fn send(&mut self, mover: MoverId) {
        let limits = self.hall.movers[mover.index()].spec.limits;
        let home = self.hall.movers[mover.index()].home;
        for try_at in 0..8 {
            let some = self.roll(self.docks.len());
            let to = if try_at == 7 { home } else { self.docks[some] };
            if let Ok(motion) = self.traffic.plan(mover, to, limits, self.now, self.now) {
                let action = Action::Travel {
                    mover,
                    to,
                    depart: motion.depart,
                    arrive: motion.arrive,
                    path: motion.path().into(),
                    speed: limits.speed,
                    acceleration: limits.acceleration,
                    jerk: limits.jerk,
                };
                return self.issue(action, Owner::Mover(mover, true));
            }
        }
        // Nowhere to go now: ask the track's controller for a moment of patience.
        let device = Device::Mover(mover);
        self.issue(Action::Reset { device }, Owner::Mover(mover, false));
    }
}
