//! A run that never was, with the structure of a real one: five 384-well plates of two antibiotics
//! against a bacterium, a plate that is repeated, faults, losses and tasks.

use quantity::{
    ArmId, BatchId, CampaignId, Duration, Instant, InstrumentId, MoverId, OrderId, PersonTaskId,
    PlateId, Rng, Seed, StationId, Volume,
};
use rand::RngExt;
use report::{
    Answer, Campaign, Candidate, Device, DeviceInfo, Evidence, Experiment, Factor, FactorKind,
    Fault, FaultEnd, Goal, Hall, Level, Liquid, Loss, Lost, Measured, Plate, PointInWell,
    Prediction, Promises, Provenance, Quality, Reading, Role, Run, Station, Task, Verdict, Well,
    Work,
};

const ROWS: u8 = 16;
const COLUMNS: u8 = 24;
const PLATES: u32 = 6;
const REPEATED: u32 = 3;
const READER: InstrumentId = InstrumentId(4);

fn minutes(count: f64) -> Instant {
    Instant::from_secs_f64(count * 60.0)
}

/// About normal: the sum of twelve even draws.
fn normal(rng: &mut Rng) -> f64 {
    (0..12).map(|_| rng.random_range(0.0..1.0)).sum::<f64>() - 6.0
}

/// Growth inhibition by two drugs in a medium.
fn nature(a: f64, b: f64, ph: f64) -> f64 {
    let hill = |x: f64, half: f64, n: f64| x.powf(n) / (half.powf(n) + x.powf(n));
    let (a, b) = (hill(a, 3.0, 2.2), hill(b, 0.8, 1.6));
    let together = a + b - a * b + 0.35 * a * b * (1.0 - a) * (1.0 - b);
    together * (1.0 - 0.08 * (ph - 7.2).powi(2)) * 0.97
}

pub fn run() -> Run {
    let mut rng = Seed(11).derive("sample", 0).rng();
    let hall = hall();
    let mut work = Vec::new();
    let mut plates = Vec::new();
    let mut experiments = Vec::new();
    for number in 1..=PLATES {
        let (plate, measured) = plate(number, &mut rng, &mut work);
        plates.push(plate);
        experiments.extend(measured);
    }
    work.sort_by_key(|w: &Work| (w.began, w.device));
    let answer = answer(&experiments, &plates, &mut rng);
    let ended = work.iter().map(|w| w.ended).max().unwrap_or(Instant::EPOCH);
    Run {
        title: "Which two antibiotics together stop E. coli?".into(),
        campaigns: vec![Campaign {
            id: CampaignId(0),
            name: "antibiotics".into(),
            question: "Which doses of ciprofloxacin and gentamicin, at which pH, inhibit growth most?".into(),
            goal: Goal::Maximise,
            response: "growth inhibition".into(),
            unit: String::new(),
            factors: factors(),
            answer,
            experiments,
            plates,
            proposers: Vec::new(),
            promises: Promises::default(),
        }],
        hall,
        began: Instant::EPOCH,
        ended,
        work,
        faults: faults(),
        losses: losses(),
        tasks: tasks(),
        provenance: Provenance {
            run: "antibiotics-2026-11-24-7".into(),
            program: "nilo 0.1.0".into(),
            seed: Seed(7),
            world: "simulated: instruments and nature are a digital twin".into(),
            inputs: vec![
                ("campaigns/antibiotics.toml".into(), "f9eb87d7e772f3a073edf67bb375001765c43f37e3ea8bee3acdf79b20916256".into()),
                ("labs/bench.toml".into(), "6a723bcf1604bc97243a01c7ef61baa1a35a3b3ae2cf34a8c553ac12325dac0f".into()),
            ],
            version: 18_274,
            hash: "f04f86ab8eeb430c7578d6ecbd15a1a0c3c54d2e6d5f3ad2a18c8495ff101847".into(),
            reproduce: "nilo run campaigns/antibiotics.toml --seed 7".into(),
            verify: "nilo journal verify runs/antibiotics-2026-11-24-7 --head 18274:f04f86ab8eeb430c7578d6ecbd15a1a0c3c54d2e6d5f3ad2a18c8495ff101847".into(),
        },
    }
}

fn factors() -> Vec<Factor> {
    let factor = |name: &str, unit: &str, kind| Factor {
        name: name.into(),
        unit: unit.into(),
        kind,
    };
    vec![
        factor("ciprofloxacin", "mg/L", FactorKind::Number),
        factor("gentamicin", "mg/L", FactorKind::Number),
        factor("pH", "", FactorKind::Number),
        factor("medium", "", FactorKind::Text),
    ]
}

fn hall() -> Hall {
    let stations = ["store", "liquids", "growth", "readers", "sealing", "out"];
    let kinds = [
        (0, "hotel-1", "hotel", 40),
        (1, "acoustic-1", "acoustic dispenser", 1),
        (1, "handler-1", "liquid handler", 2),
        (2, "incubator-1", "incubator", 8),
        (3, "reader-1", "absorbance reader", 1),
        (3, "reader-2", "fluorescence reader", 1),
        (4, "sealer-1", "sealer", 1),
        (4, "peeler-1", "peeler", 1),
        (5, "waste-1", "waste", 20),
    ];
    let mut devices: Vec<DeviceInfo> = kinds
        .iter()
        .enumerate()
        .map(|(id, (station, name, kind, places))| DeviceInfo {
            device: Device::Instrument(InstrumentId(id as u32)),
            station: Some(StationId(*station)),
            name: (*name).into(),
            kind: (*kind).into(),
            places: *places,
        })
        .collect();
    for arm in 0..6 {
        devices.push(DeviceInfo {
            device: Device::Arm(ArmId(arm)),
            station: Some(StationId(arm)),
            name: format!("arm-{}", arm + 1),
            kind: "arm".into(),
            places: 1,
        });
    }
    for mover in 0..4 {
        devices.push(DeviceInfo {
            device: Device::Mover(MoverId(mover)),
            station: None,
            name: format!("mover-{}", mover + 1),
            kind: "mover".into(),
            places: 1,
        });
    }
    Hall {
        name: "bench".into(),
        stations: stations
            .iter()
            .enumerate()
            .map(|(id, name)| Station {
                id: StationId(id as u32),
                name: (*name).into(),
            })
            .collect(),
        devices,
    }
}

fn plate(number: u32, rng: &mut Rng, work: &mut Vec<Work>) -> (Plate, Vec<Experiment>) {
    let id = PlateId(number);
    let batch = BatchId(number - 1 - u32::from(number > REPEATED));
    let start = f64::from(number - 1) * 34.0;
    let confirms = number == PLATES;
    steps(id, start, rng, work);
    let (began, ended) = (minutes(start + 176.0), minutes(start + 180.5));
    let broken = number == REPEATED;
    let mut wells = Vec::new();
    let mut experiments = Vec::new();
    for index in 0..u32::from(ROWS) * u32::from(COLUMNS) {
        let (row, column) = ((index / 24) as u8, (index % 24) as u8);
        let edge = row == 0 || column == 0 || row == ROWS - 1 || column == COLUMNS - 1;
        let role = match (index * 7 + number * 5) % 24 {
            0 => Role::Positive("ciprofloxacin 10 mg/L".into()),
            1 => Role::Negative("medium only".into()),
            2 if index % 2 == 0 => Role::Blank,
            _ if edge && index % 5 == 0 => Role::Empty,
            _ => Role::Sample,
        };
        let skill = f64::from(batch.0) / 4.0;
        let towards = |rng: &mut Rng, best: f64, low: f64, high: f64| {
            let wide = low + (high - low) * rng.random_range(0.0..1.0);
            wide + (best - wide) * skill * rng.random_range(0.3..1.0)
        };
        let (a, b, ph) = (
            towards(rng, 9.0, 0.0, 10.0),
            towards(rng, 3.6, 0.0, 4.0),
            towards(rng, 7.2, 5.5, 8.5),
        );
        let medium = if rng.random_range(0.0..1.0) < 0.6 {
            "LB"
        } else {
            "M9 <minimal>"
        };
        let truth = match &role {
            Role::Positive(_) => 0.99,
            Role::Negative(_) | Role::Blank | Role::Empty | Role::Control(_) => 0.0,
            Role::Sample => nature(a, b, ph) * if medium == "LB" { 1.0 } else { 0.97 },
        };
        let noise = if broken { 0.17 } else { 0.018 } * normal(rng);
        let position = if edge { 0.04 } else { 0.0 } + 0.05 * f64::from(column) / 23.0;
        let growth = if role == Role::Blank {
            0.08
        } else {
            0.08 + 1.15 * (1.0 - truth)
        };
        let raw = growth * (1.0 + position) + noise;
        let failed =
            (!broken && index % 97 == 13).then(|| "the tip reported too little liquid".to_owned());
        let doubt = index % 61 == 20 && role == Role::Sample;
        let corrected = (role != Role::Blank).then_some(truth + noise * 0.9);
        let levels = vec![
            Level::Number(a),
            Level::Number(b),
            Level::Number(ph),
            Level::Text(medium.into()),
        ];
        let point = (role == Role::Sample).then(|| PointInWell {
            point: (number - 1) * 400 + index,
            replicate: 0,
            batch,
            levels: levels.clone(),
        });
        let liquid = |name: &str, ul: f64| Liquid {
            name: name.into(),
            volume: Volume::from_ul(ul),
        };
        let liquids = match &role {
            Role::Empty => vec![],
            Role::Blank => vec![liquid("medium", 50.0)],
            _ => vec![
                liquid("E. coli culture", 45.0),
                liquid("ciprofloxacin 100 mg/L", a / 2.0),
                liquid("gentamicin 50 mg/L", b),
            ],
        };
        if let (Role::Sample, Some(value), false) = (&role, corrected, broken) {
            let spread = 0.16 / (1.0 + 3.0 * f64::from(batch.0));
            let expected = (batch.0 > 0).then(|| Prediction {
                mean: truth + spread * normal(rng) * 1.05,
                sd: spread,
            });
            experiments.push(Experiment {
                point: (number - 1) * 400 + index,
                batch,
                policy: "gp".into(),
                why: if confirms {
                    "confirm"
                } else if batch.0 == 0 {
                    "explore"
                } else {
                    "improve"
                }
                .into(),
                plate: Some(id),
                told: Some(ended),
                levels,
                expected,
                measured: failed.is_none().then_some(Measured {
                    value,
                    sd: Some(0.018),
                    wells: 1,
                }),
                failed: failed.clone(),
            });
        }
        wells.push(Well {
            row,
            column,
            point,
            liquids,
            reading: (role != Role::Empty && failed.is_none()).then_some(Reading {
                instrument: READER,
                began,
                ended,
                raw,
                corrected,
            }),
            flags: if doubt {
                vec!["edge evaporation".into()]
            } else {
                vec![]
            },
            failed: failed.filter(|_| role == Role::Sample),
            role,
        });
    }
    let wanted = wells.iter().filter(|w| w.role == Role::Sample).count() as u32;
    let valid = wells
        .iter()
        .filter(|w| w.role == Role::Sample && w.reading.is_some())
        .count() as u32;
    let plate = Plate {
        id,
        order: OrderId(number),
        barcode: format!("NL{number:05}"),
        labware: "384-well flat".into(),
        rows: ROWS,
        columns: COLUMNS,
        batch: Some(batch),
        policy: "gp".into(),
        purpose: match number {
            PLATES => Some("confirmation".into()),
            4 => Some("repeat of plate-3".into()),
            _ => None,
        },
        began: Some(minutes(start)),
        ended: Some(minutes(start + 184.0)),
        raw_unit: "OD600".into(),
        corrected_unit: String::new(),
        verdict: if broken {
            Verdict::Repeated(vec![
                "Z′ is 0.08, and at least 0.5 is wanted".into(),
                "the CV of the negative controls is 16 %, and at most 10 % is allowed".into(),
            ])
        } else {
            Verdict::Accepted
        },
        quality: Quality {
            z_prime: Some(if broken {
                0.08
            } else {
                0.9 - 0.01 * f64::from(number)
            }),
            robust_z_prime: Some(if broken {
                0.11
            } else {
                0.91 - 0.01 * f64::from(number)
            }),
            ssmd: Some(if broken {
                4.1
            } else {
                31.0 + f64::from(number)
            }),
            control_cv: Some(if broken { 0.16 } else { 0.021 }),
            replicate_sd: None,
            valid: if broken { 0 } else { valid },
            wanted,
        },
        wells,
    };
    (plate, experiments)
}

/// What the devices did with a plate.
fn steps(id: PlateId, start: f64, rng: &mut Rng, work: &mut Vec<Work>) {
    let steps = [
        (0, "store", 0.0, 2.0, 0),
        (1, "dispense", 4.0, 12.0, 1),
        (2, "fill", 18.0, 10.0, 1),
        (6, "seal", 30.0, 1.2, 4),
        (3, "incubate", 33.0, 140.0, 2),
        (7, "peel", 174.0, 1.0, 4),
        (4, "read", 176.0, 4.5, 3),
        (8, "discard", 183.0, 1.0, 5),
    ];
    for (index, (instrument, operation, after, length, station)) in steps.into_iter().enumerate() {
        let began = start + after + rng.random_range(0.0..0.4);
        let mut push = |device, operation: &str, began: f64, length: f64| {
            work.push(Work {
                device,
                plate: Some(id),
                operation: operation.into(),
                began: minutes(began),
                ended: minutes(began + length),
                done: !(id.0 == 2 && operation == "seal"),
            });
        };
        push(
            Device::Instrument(InstrumentId(instrument)),
            operation,
            began,
            length,
        );
        push(Device::Arm(ArmId(station)), "place", began - 0.4, 0.35);
        push(Device::Arm(ArmId(station)), "pick", began + length, 0.35);
        push(
            Device::Mover(MoverId((id.0 + index as u32) % 4)),
            "carry",
            began - 1.2,
            0.8,
        );
    }
}

fn answer(experiments: &[Experiment], plates: &[Plate], rng: &mut Rng) -> Answer {
    let mut best: Vec<&Experiment> = experiments
        .iter()
        .filter(|e| e.measured.is_some())
        .collect();
    let value = |e: &&Experiment| e.measured.map_or(0.0, |m| m.value);
    best.sort_by(|a, b| value(b).total_cmp(&value(a)));
    let last = plates.last().map_or(PlateId(0), |p| p.id);
    let candidates = best
        .iter()
        .take(5)
        .enumerate()
        .map(|(rank, e)| {
            let before = value(e);
            let confirmed = before - 0.012 - 0.002 * rank as f64;
            let sd = 0.006 + 0.001 * rank as f64;
            let wells = (0..8)
                .map(|well| Evidence {
                    plate: if well < 1 {
                        e.plate.unwrap_or(last)
                    } else {
                        last
                    },
                    row: 2 + well,
                    column: 3 + rank as u8,
                    value: confirmed + 0.015 * normal(rng),
                    confirms: well > 0,
                })
                .collect();
            Candidate {
                levels: e.levels.clone(),
                estimate: confirmed,
                sd,
                interval: (confirmed - 1.96 * sd, confirmed + 1.96 * sd),
                model: e.expected,
                before: Some(before),
                confirmed: (rank < 3).then_some(confirmed),
                wells,
            }
        })
        .collect();
    Answer {
        candidates,
        unanswered: 3,
        early: None,
        notes: vec![],
        causes: None,
        rivals: None,
    }
}

fn faults() -> Vec<Fault> {
    let fault = |at: f64,
                 device,
                 place: &str,
                 plate,
                 class: &str,
                 recovery: &str,
                 end,
                 after: Option<f64>| Fault {
        at: minutes(at),
        device,
        place: place.into(),
        plate: Some(PlateId(plate)),
        class: class.into(),
        recovery: recovery.into(),
        end,
        ended: after.map(|after| minutes(at + after)),
    };
    let instrument = |id| Some(Device::Instrument(InstrumentId(id)));
    vec![
        fault(
            22.0,
            Some(Device::Arm(ArmId(1))),
            "arm-2 at liquids",
            1,
            "pose out of tolerance",
            "measured again and gripped with a corrected pose",
            FaultEnd::Recovered,
            Some(0.3),
        ),
        fault(
            66.0,
            instrument(6),
            "sealer-1 at sealing",
            2,
            "device error, retryable",
            "sealed again after a reset",
            FaultEnd::Recovered,
            Some(2.6),
        ),
        fault(
            74.5,
            instrument(1),
            "acoustic-1 at liquids",
            3,
            "volume short",
            "the wells were marked and asked for again",
            FaultEnd::WithLoss,
            Some(0.1),
        ),
        fault(
            131.0,
            Some(Device::Mover(MoverId(2))),
            "mover-3 on block-41",
            4,
            "mover stuck",
            "a person freed it, the others drove around",
            FaultEnd::ByPerson,
            Some(17.0),
        ),
        fault(
            214.0,
            instrument(4),
            "reader-1 at readers",
            2,
            "device silent",
            "asked after the connection came back; the read had ended well",
            FaultEnd::Recovered,
            Some(1.4),
        ),
        fault(
            301.0,
            Some(Device::Arm(ArmId(3))),
            "arm-4 at readers",
            5,
            "failed grip",
            "gripped again",
            FaultEnd::Recovered,
            Some(0.4),
        ),
    ]
}

fn losses() -> Vec<Loss> {
    vec![
        Loss {
            at: minutes(74.5),
            what: Lost::Wells {
                plate: PlateId(3),
                wells: vec![(2, 4), (2, 5), (9, 11)],
            },
            why: "acoustic-1 reported too little liquid in the source well".into(),
            made_good: Some("asked again on plate-4".into()),
        },
        Loss {
            at: minutes(148.0),
            what: Lost::Lag {
                plate: PlateId(4),
                lag: "from filling to sealing".into(),
                allowed: Duration::from_mins(5),
                actual: Duration::from_secs(392),
            },
            why: "the plate waited behind mover-3".into(),
            made_good: None,
        },
    ]
}

fn tasks() -> Vec<Task> {
    vec![
        Task {
            id: PersonTaskId(1),
            at: minutes(131.5),
            request: "free mover-3 on block-41".into(),
            why: "it does not move and does not say why".into(),
            done: Some(minutes(148.0)),
        },
        Task {
            id: PersonTaskId(2),
            at: minutes(190.0),
            request: "fill gentamicin 50 mg/L in acoustic-1".into(),
            why: "0.4 mL are left, and the next plate needs 0.6 mL".into(),
            done: None,
        },
    ]
}
