//! A run of two small plates with one of everything, for snapshots.

use quantity::{
    ArmId, BatchId, CampaignId, Duration, Instant, InstrumentId, OrderId, PersonTaskId, PlateId,
    Seed, StationId, Volume,
};
use report::{
    Answer, Campaign, Candidate, Device, DeviceInfo, Evidence, Experiment, Factor, FactorKind,
    Fault, FaultEnd, Goal, Hall, Level, Liquid, Loss, Lost, Measured, Plate, PointInWell,
    Prediction, Promises, Provenance, Quality, Reading, Role, Run, Station, Task, Verdict, Well,
    Work,
};

const READER: Device = Device::Instrument(InstrumentId(0));
const ARM: Device = Device::Arm(ArmId(0));

fn minute(count: i64) -> Instant {
    Instant::EPOCH + Duration::from_mins(count)
}

fn levels(dose: f64, medium: &str) -> Vec<Level> {
    vec![
        Level::Number(dose),
        Level::Integer(3),
        Level::Text(medium.into()),
    ]
}

fn factor(name: &str, unit: &str, kind: FactorKind) -> Factor {
    Factor {
        name: name.into(),
        unit: unit.into(),
        kind,
    }
}

fn device(device: Device, name: &str, kind: &str) -> DeviceInfo {
    DeviceInfo {
        device,
        station: Some(StationId(0)),
        name: name.into(),
        kind: kind.into(),
        places: 1,
    }
}

fn work(device: Device, plate: u32, operation: &str, from: i64, to: i64, done: bool) -> Work {
    Work {
        device,
        plate: Some(PlateId(plate)),
        operation: operation.into(),
        began: minute(from),
        ended: minute(to),
        done,
    }
}

fn well(index: u8, role: Role, value: Option<f64>) -> Well {
    let point = (role == Role::Sample).then(|| PointInWell {
        point: u32::from(index),
        replicate: 0,
        batch: BatchId(0),
        levels: levels(f64::from(index) / 2.0, "LB"),
    });
    let reading = value.map(|value| Reading {
        instrument: InstrumentId(0),
        began: minute(30),
        ended: minute(32),
        raw: 1.2 - value,
        corrected: (role != Role::Blank).then_some(value),
    });
    let liquid = |name: &str, ul| Liquid {
        name: name.into(),
        volume: Volume::from_ul(ul),
    };
    Well {
        row: index / 3,
        column: index % 3,
        role,
        point,
        liquids: vec![
            liquid("medium", 40.0),
            liquid("drug \"A\"", 0.5),
            liquid("medium", 2.5),
        ],
        reading,
        flags: vec![],
        failed: None,
    }
}

fn plate(number: u32, verdict: Verdict) -> Plate {
    let mut wells = vec![
        well(0, Role::Positive("high".into()), Some(1.0)),
        well(1, Role::Negative("none".into()), Some(0.0)),
        well(2, Role::Blank, Some(1.1)),
        well(3, Role::Sample, Some(0.4)),
        well(4, Role::Sample, Some(0.75)),
        well(5, Role::Sample, None),
    ];
    wells[4].flags = vec!["saturated".into()];
    wells[5].failed = Some("the tip was empty".into());
    Plate {
        id: PlateId(number),
        order: OrderId(number),
        barcode: format!("NL{number}"),
        labware: "6-well".into(),
        rows: 2,
        columns: 3,
        batch: Some(BatchId(0)),
        policy: "gp".into(),
        purpose: None,
        began: Some(minute(0)),
        ended: Some(minute(40)),
        raw_unit: "OD600".into(),
        corrected_unit: "%".into(),
        verdict,
        quality: Quality {
            z_prime: Some(0.71),
            control_cv: Some(0.034),
            valid: 2,
            wanted: 3,
            ..Quality::default()
        },
        wells,
    }
}

fn experiment(point: u32, plate: u32, value: Option<f64>, expected: Option<f64>) -> Experiment {
    Experiment {
        point,
        batch: BatchId(0),
        policy: "gp".into(),
        why: "explore".into(),
        plate: Some(PlateId(plate)),
        told: Some(minute(40)),
        levels: levels(f64::from(point) / 2.0, "LB"),
        expected: expected.map(|mean| Prediction { mean, sd: 0.1 }),
        measured: value.map(|value| Measured {
            value,
            sd: Some(0.05),
            wells: 1,
        }),
        failed: value.is_none().then(|| "the tip was empty".into()),
    }
}

pub fn run() -> Run {
    let candidate = |estimate: f64, dose, confirmed| Candidate {
        levels: levels(dose, "LB"),
        estimate,
        sd: 0.02,
        interval: (estimate - 0.04, estimate + 0.04),
        model: Some(Prediction { mean: 0.7, sd: 0.1 }),
        before: Some(estimate + 0.05),
        confirmed,
        wells: vec![
            Evidence {
                plate: PlateId(1),
                row: 1,
                column: 1,
                value: estimate + 0.05,
                confirms: false,
            },
            Evidence {
                plate: PlateId(2),
                row: 1,
                column: 0,
                value: estimate,
                confirms: true,
            },
        ],
    };
    Run {
        title: "A small run".into(),
        campaigns: vec![Campaign {
            id: CampaignId(0),
            name: "small".into(),
            question: "Which dose kills most?".into(),
            goal: Goal::Maximise,
            response: "killing".into(),
            unit: "%".into(),
            factors: vec![
                factor("dose", "mg/L", FactorKind::Number),
                factor("times", "", FactorKind::Integer),
                factor("medium", "", FactorKind::Text),
            ],
            answer: Answer {
                candidates: vec![candidate(0.70, 2.0, Some(0.70)), candidate(0.68, 1.5, None)],
                unanswered: 1,
                early: None,
                notes: vec!["A note.".into()],
                causes: None,
                rivals: None,
            },
            experiments: vec![
                experiment(3, 1, Some(0.4), None),
                experiment(4, 1, Some(0.75), None),
                experiment(6, 2, Some(0.5), Some(0.55)),
                experiment(7, 2, Some(0.9), Some(0.5)),
                experiment(5, 2, None, None),
            ],
            proposers: Vec::new(),
            promises: Promises::default(),
            plates: vec![
                plate(1, Verdict::Accepted),
                plate(2, Verdict::Repeated(vec!["Z′ is too low".into()])),
            ],
        }],
        hall: Hall {
            name: "bench".into(),
            stations: vec![Station {
                id: StationId(0),
                name: "readers".into(),
            }],
            devices: vec![
                device(READER, "reader-1", "reader"),
                device(ARM, "arm-1", "arm"),
            ],
        },
        began: minute(0),
        ended: minute(80),
        work: vec![
            work(ARM, 1, "place", 2, 3, true),
            work(READER, 1, "read", 30, 44, true),
            work(READER, 2, "read", 60, 61, false),
        ],
        faults: vec![Fault {
            at: minute(61),
            device: Some(READER),
            place: "reader-1 at readers".into(),
            plate: Some(PlateId(2)),
            class: "device silent".into(),
            recovery: "asked again".into(),
            end: FaultEnd::WithLoss,
            ended: Some(minute(63)),
        }],
        losses: vec![
            Loss {
                at: minute(61),
                what: Lost::Wells {
                    plate: PlateId(2),
                    wells: vec![(1, 2)],
                },
                why: "the tip was empty".into(),
                made_good: Some("asked again on plate-3".into()),
            },
            Loss {
                at: minute(62),
                what: Lost::Lag {
                    plate: PlateId(2),
                    lag: "from fill to read".into(),
                    allowed: Duration::from_mins(5),
                    actual: Duration::from_secs(400),
                },
                why: "reader-1 was silent".into(),
                made_good: None,
            },
            Loss {
                at: minute(70),
                what: Lost::Plate(PlateId(2)),
                why: "dropped".into(),
                made_good: None,
            },
        ],
        tasks: vec![Task {
            id: PersonTaskId(1),
            at: minute(61),
            request: "look at reader-1".into(),
            why: "it is silent".into(),
            done: None,
        }],
        provenance: Provenance {
            run: "small-1".into(),
            program: "nilo 0.1.0".into(),
            seed: Seed(7),
            world: "simulated".into(),
            inputs: vec![("small.toml".into(), "00ff".into())],
            version: 12,
            hash: "abcd".into(),
            reproduce: "nilo run small.toml --seed 7".into(),
            verify: "nilo journal verify small-1".into(),
        },
    }
}
