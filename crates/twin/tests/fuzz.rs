//! Any commands, sensible or not, with every fault at once: the world stays one.
#![allow(clippy::unwrap_used)]

mod common;

use bus::{Action, Command, Device, Driver, Request};
use common::{bench, calm, labware, operation, quantity};
use lab::Hall;
use labware::Place;
use proptest::prelude::*;
use protocol::{Repeat, Transfer, Worklist};
use quantity::{
    ArmId, BerthId, BlockId, CommandId, Duration, Instant, InstrumentId, Kind, MoverId, NestId,
    PersonTaskId, PlateId, ReagentId, Seed, StepId, Volume,
};
use std::sync::Arc;
use twin::{Fact, FaultRates, Twin, TwinConfig};

const KIND: &str = "corning_96_wellplate_360ul_flat";
const CAPABILITIES: [(&str, Repeat); 7] = [
    ("dispense", Repeat::Irreversible),
    ("seal", Repeat::Checkable),
    ("peel", Repeat::Checkable),
    ("incubate", Repeat::Repeatable),
    ("read_absorbance", Repeat::Repeatable),
    ("lcms", Repeat::Irreversible),
    ("dance", Repeat::Repeatable),
];

/// Numbers that become a command: what, who, with what, where, how long to wait after.
type Raw = (u8, u32, u32, u32, u16);

fn place(n: u32) -> Place {
    match n % 5 {
        0 => Place::Mover(MoverId(n / 5 % 5)),
        1 => Place::Arm(ArmId(n / 5 % 8)),
        2 => Place::Outside,
        _ => Place::Nest(NestId(n / 5 % 70)),
    }
}

fn device(n: u32) -> Device {
    match n % 4 {
        0 => Device::Mover(MoverId(n / 4 % 5)),
        1 => Device::Arm(ArmId(n / 4 % 8)),
        2 => Device::Instrument(InstrumentId(n / 4 % 25)),
        _ => Device::Person,
    }
}

fn action((what, a, b, c, _): Raw, id: u64, now: Instant) -> Action {
    let plate = PlateId(b % 5);
    match what % 12 {
        0 | 1 => Action::Pick {
            arm: ArmId(a % 7),
            plate,
            from: place(c),
        },
        2 | 3 => Action::Place {
            arm: ArmId(a % 7),
            plate,
            to: place(c),
        },
        4 => Action::Scan {
            arm: ArmId(a % 7),
            plate,
            expected: "x".into(),
        },
        5 | 6 => {
            let (capability, repeat) = CAPABILITIES[c as usize % CAPABILITIES.len()];
            let mut params = vec![("duration", quantity(Kind::Time, "90 s"))];
            if capability == "incubate" {
                params.push(("temperature", quantity(Kind::Temperature, "37 °C")));
            }
            let transfers = labware(KIND)
                .each_well()
                .take(a as usize % 97)
                .map(|well| Transfer {
                    well,
                    reagent: ReagentId(b % 4),
                    volume: Volume::from_ul(f64::from(c % 200)),
                })
                .collect();
            Action::Perform {
                instrument: InstrumentId(a % 25),
                nest: NestId(b % 70),
                plate,
                step: StepId((c % 9) as u16),
                operation: operation(capability, &params),
                worklist: (capability == "dispense").then(|| Arc::new(Worklist { transfers })),
                repeat,
                with: Vec::new(),
            }
        }
        7 => Action::Travel {
            mover: MoverId(a % 4),
            to: BerthId(b % 20),
            depart: now,
            arrive: now + Duration::from_secs(i64::from(c % 9)),
            path: (0..c % 6).map(|i| BlockId(b % 60 + i)).collect(),
            speed: quantity::Speed::from_m_per_s(1.0),
            acceleration: quantity::Acceleration::from_m_per_s2(f64::from(c % 7)),
            jerk: quantity::Jerk::from_m_per_s3(20.0),
        },
        8 => Action::Query {
            device: device(a),
            command: CommandId(u64::from(b) % (id + 2)),
        },
        9 => Action::Reset { device: device(a) },
        10 => match a % 3 {
            0 => Action::Abort {
                instrument: InstrumentId(b % 25),
                command: CommandId(u64::from(c) % (id + 2)),
            },
            _ => Action::Halt {
                mover: MoverId(b % 4),
            },
        },
        _ => {
            let request = match a % 6 {
                0 | 1 => Request::Bring {
                    plate,
                    labware: labware(KIND),
                    barcode: "x".into(),
                    nest: NestId(c % 70),
                },
                2 => Request::TakeAway {
                    plate,
                    place: place(c),
                },
                3 => Request::Service { device: device(c) },
                4 => Request::Free {
                    mover: MoverId(c % 5),
                },
                _ => Request::Empty {
                    instrument: InstrumentId(c % 25),
                },
            };
            Action::Ask {
                task: PersonTaskId(id as u32),
                request,
            }
        }
    }
}

/// The same kinds of command, made to fit the world as it is where that can be done.
fn sensible(raw: Raw, id: u64, now: Instant, hall: &Hall, twin: &Twin) -> Action {
    let (what, a, b, c, _) = raw;
    let plate = PlateId(b % 5);
    let at = twin.place_of(plate);
    let arm_of = |place| match place {
        Place::Nest(nest) => Some(ArmId(hall.station_of(nest).0)),
        Place::Mover(mover) => {
            let berth = twin.berth_of(mover)?;
            let station = hall.docks.iter().position(|docks| docks.contains(&berth))?;
            Some(ArmId(station as u32))
        }
        _ => None,
    };
    match (what % 12, at) {
        (0..=3, Some(Place::Arm(arm))) => {
            let near = |nest: &u32| hall.station_of(NestId(*nest)).0 == arm.0;
            let nests: Vec<u32> = (0..hall.nests.len() as u32).filter(near).collect();
            let docked = (0..hall.movers.len() as u32)
                .map(|m| Place::Mover(MoverId(m)))
                .find(|mover| arm_of(*mover) == Some(arm));
            let nest = Place::Nest(NestId(nests[a as usize % nests.len()]));
            let to = docked.filter(|_| c % 2 == 0).unwrap_or(nest);
            Action::Place { arm, plate, to }
        }
        (0..=3, Some(from)) if arm_of(from).is_some() => Action::Pick {
            arm: arm_of(from).unwrap(),
            plate,
            from,
        },
        (5..=6, Some(Place::Nest(nest))) => {
            let Action::Perform { worklist, step, .. } = action((5, a, b, 0, 0), id, now) else {
                return action(raw, id, now);
            };
            let unit = hall.instrument_of(nest);
            let Some(offer) = unit
                .capabilities
                .get(c as usize % unit.capabilities.len().max(1))
            else {
                return action(raw, id, now);
            };
            let params = [
                ("duration", quantity(Kind::Time, "90 s")),
                ("temperature", quantity(Kind::Temperature, "37 °C")),
                ("wavelength", quantity(Kind::Wavelength, "600 nm")),
            ];
            Action::Perform {
                instrument: unit.id,
                nest,
                plate,
                step,
                operation: operation(&offer.name, &params),
                worklist: worklist.filter(|_| offer.repeat == Repeat::Irreversible),
                repeat: offer.repeat,
                with: Vec::new(),
            }
        }
        (7, _) => {
            let mover = MoverId(a % hall.movers.len() as u32);
            let berths = hall.track.berths();
            let to = berths[b as usize % berths.len()].id;
            match twin.berth_of(mover).and_then(|from| way(hall, from, to)) {
                Some(path) => Action::Travel {
                    mover,
                    to,
                    depart: now,
                    arrive: now + Duration::from_secs(5),
                    path,
                    speed: quantity::Speed::from_m_per_s(1.5),
                    acceleration: quantity::Acceleration::from_m_per_s2(1.0 + f64::from(c % 9)),
                    jerk: quantity::Jerk::from_m_per_s3(30.0),
                },
                None => action(raw, id, now),
            }
        }
        _ => action(raw, id, now),
    }
}

/// Some way between two berths.
fn way(hall: &Hall, from: BerthId, to: BerthId) -> Option<Arc<[BlockId]>> {
    let track = &hall.track;
    let mut before = vec![None; track.blocks().len()];
    let mut open: Vec<BlockId> = track.berth(from).leaves_to.clone();
    let mut seen: Vec<bool> = vec![false; track.blocks().len()];
    while let Some(block) = open.pop() {
        if std::mem::replace(&mut seen[block.index()], true) {
            continue;
        }
        if track.berth(to).entered_from.contains(&block) {
            let mut path = vec![block];
            while let Some(earlier) = before[path[path.len() - 1].index()] {
                path.push(earlier);
            }
            path.reverse();
            return Some(path.into());
        }
        for next in &track.block(block).next {
            if !seen[next.index()] {
                before[next.index()] = Some(block);
                open.push(*next);
            }
        }
    }
    None
}

fn wild(seed: u64) -> TwinConfig {
    TwinConfig {
        seed: Seed(seed),
        faults: FaultRates {
            between_station_losses: Duration::from_hours(3000),
            between_instrument_faults: Duration::from_hours(24 * 30),
            ..FaultRates::scaled(300.0)
        },
        ..calm()
    }
}

/// Performs commands and fetches reports in between, or performs a script and leaves them lying.
fn run(hall: &Hall, twin: &mut Twin, raw: &[Raw], script: Option<&[Command]>) -> Vec<Command> {
    let mut now = Instant::EPOCH;
    let mut issued = Vec::new();
    for (i, raw) in raw.iter().enumerate() {
        let command = Command {
            id: CommandId(i as u64),
            order: None,
            action: match &script {
                Some(script) => script[i].action.clone(),
                None if i < 5 => Action::Ask {
                    task: PersonTaskId(i as u32),
                    request: Request::Bring {
                        plate: PlateId(i as u32),
                        labware: labware(KIND),
                        barcode: "x".into(),
                        nest: NestId(raw.3 % 20),
                    },
                },
                None if raw.1 % 8 == 0 => action(*raw, i as u64, now),
                None => sensible(*raw, i as u64, now, hall, twin),
            },
        };
        twin.perform(&command, now);
        issued.push(command);
        now += Duration::from_millis(i64::from(raw.4) * 10);
        while script.is_none() && twin.next(now).is_some() {}
    }
    now += Duration::from_hours(2);
    while twin.next(now).is_some() {}
    issued
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 100, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn no_command_breaks_the_world(
        seed in 0_u64..1000,
        raw in prop::collection::vec((any::<u8>(), any::<u32>(), any::<u32>(), any::<u32>(), 0_u16..3000), 20..500),
    ) {
        let hall = bench();
        let mut twin = Twin::new(hall.clone(), wild(seed)).unwrap();
        let script = run(&hall, &mut twin, &raw, None);
        prop_assert!(twin.custody_agrees());
        for (plate, _) in twin.plates() {
            let poured: Volume = twin
                .history()
                .iter()
                .filter_map(|(_, fact)| match fact {
                    Fact::Dispensed { plate: into, volume } if *into == plate => Some(*volume),
                    _ => None,
                })
                .sum();
            let held: Volume = twin
                .contents(plate)
                .unwrap()
                .wells()
                .iter()
                .map(|well| well.volume())
                .sum();
            prop_assert_eq!(held + twin.lost_liquid(plate).unwrap(), poured);
        }
        // What happens does not depend on when reports are fetched.
        let mut lazy = Twin::new(hall.clone(), wild(seed)).unwrap();
        run(&hall, &mut lazy, &raw, Some(&script));
        prop_assert_eq!(lazy.history_hash(), twin.history_hash());
        prop_assert_eq!(lazy.violations(), twin.violations());
    }
}
