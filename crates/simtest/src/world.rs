//! A random world: a hall, protocols, orders and bad luck, all from one seed.

use bus::Device;
use lab::{Hall, LabFile};
use labware::Catalogue;
use protocol::{Order, Protocol, ProtocolFile, Transfer, Worklist};
use quantity::{
    ArmId, CampaignId, Duration, Instant, InstrumentId, MoverId, OrderId, PlateId, ReagentId, Rng,
    Seed, StationId, Volume,
};
use rand::RngExt;
use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::sync::Arc;
use twin::nature::{Reagent, ReagentMeaning};
use twin::{
    Answer, FaultKind, FaultPlan, FaultRates, Outage, Rule, StationLoss, Target, TwinConfig,
};

/// Most stations of a small random hall.
pub const STATIONS_MAX: usize = 12;
/// Most orders of a random world.
pub const ORDERS_MAX: u32 = 14;
/// Reagents that worklists use.
const REAGENTS: u32 = 3;
/// Virtual time by which every order must have ended.
pub const TIME_MAX: Duration = Duration::from_hours(24 * 60);

/// A random world.
#[derive(Clone, Debug)]
pub struct World {
    /// The lab file that the hall was read from.
    pub lab: String,
    /// The hall.
    pub hall: Arc<Hall>,
    /// The protocols as files.
    pub protocols: Vec<String>,
    /// The orders.
    pub orders: Vec<Arc<Order>>,
    /// Orders to cancel when another has done a step.
    pub cancel: BTreeMap<OrderId, OrderId>,
    /// The twin's world.
    pub twin: TwinConfig,
    /// Turns after which the process is killed.
    pub kills: Vec<u64>,
}

/// Instruments of work, as lines of a lab file, with what they offer.
const WORK: [(&str, &[&str]); 9] = [
    ("reagent_dispenser", &["dispense"]),
    ("incubator", &["incubate"]),
    ("shaker", &["shake"]),
    ("heater_shaker_bank", &["shake"]),
    ("plate_reader", &["read_absorbance", "read_fluorescence"]),
    ("sealer", &["seal"]),
    ("peeler", &["peel"]),
    ("lid_handler", &["lid", "delid"]),
    ("absorbance_reader", &["read_absorbance"]),
];

fn pick<'a, T>(rng: &mut Rng, list: &'a [T]) -> &'a T {
    &list[rng.random_range(0..list.len())]
}

impl World {
    /// The world of a seed.
    ///
    /// # Errors
    /// What is wrong with the generator: worlds are meant to be sound.
    pub fn new(seed: Seed) -> Result<World, String> {
        let lab = lab_text(seed);
        let (file, _) = LabFile::parse("random", &lab)
            .map_err(|problems| format!("the lab is not sound: {problems}\n{lab}"))?;
        let hall = file.hall;
        let offered = offered(&hall);
        let mut rng = seed.derive("orders", 0).rng();
        let mut protocols = Vec::new();
        let mut read = Vec::new();
        let mut spins = (hall.instruments.iter())
            .any(|instrument| instrument.capability("centrifuge").is_some())
            .then(|| seed.derive("spins", 0).rng());
        for n in 0..rng.random_range(1..=3) {
            let text = protocol_text(&mut rng, n, &offered, spins.as_mut());
            let (file, _) = ProtocolFile::parse("random", &text, &Catalogue::standard())
                .map_err(|problems| format!("the protocol is not sound: {problems}\n{text}"))?;
            protocols.push(text);
            read.push(file.protocol);
        }
        let count = rng.random_range(1..=ORDERS_MAX);
        let mut orders: Vec<Order> = (0..count).map(|n| order(&mut rng, n, &read)).collect();
        wishes(&mut seed.derive("wishes", 0).rng(), &mut orders);
        let orders = orders.into_iter().map(Arc::new).collect();
        let mut cancel = BTreeMap::new();
        if count > 2 && rng.random_bool(0.3) {
            cancel.insert(OrderId(0), OrderId(count - 1));
        }
        let twin = bad_luck(seed, &hall);
        let mut rng = seed.derive("kills", 0).rng();
        let kills = (0..rng.random_range(0..4))
            .map(|_| rng.random_range(1..1200))
            .collect();
        Ok(World {
            lab,
            hall,
            protocols,
            orders,
            cancel,
            twin,
            kills,
        })
    }
}

/// The hall of sixty stations that ships.
const SHIPPED: &str = include_str!("../../../labs/hall.toml");

/// Most stations of a lab that is generated as `nilo lab generate` does.
const GENERATED_MAX: usize = 100;

/// Share of the instruments of a random lab that are closed at times.
const CLOSED: f64 = 0.1;

/// Share of the instruments of a random lab that need a set-up between unlike work.
const SET_UP: f64 = 0.15;

/// Share of the random labs with a centrifuge, and of the incubators and banks that work by the run.
const RUNS: f64 = 0.35;

/// Share of steps after which a plate is spun, where there is a centrifuge.
const SPUN: f64 = 0.4;

/// Share of those with a consumable whose refills are planned.
const REFILLED: f64 = 0.5;

/// A lab file: mostly a small random one, now and then a large one.
fn lab_text(seed: Seed) -> String {
    let mut rng = seed.derive("size", 0).rng();
    match rng.random_range(0..100) {
        0..3 => SHIPPED.to_owned(),
        3..8 => lab::generate(rng.random_range(6..=GENERATED_MAX)),
        8..18 => random_lab(seed, Some("kind = \"floor\"\n")),
        _ => random_lab(seed, None),
    }
}

/// What the hall offers of that which protocols are made of here.
fn offered(hall: &Hall) -> Vec<&'static str> {
    let mut names: Vec<_> = WORK
        .iter()
        .flat_map(|(_, offers)| *offers)
        .copied()
        .collect();
    names.sort_unstable();
    names.dedup();
    names.retain(|name| {
        let mut all = hall.instruments.iter();
        all.any(|instrument| instrument.capability(name).is_some())
    });
    names
}

/// A small lab with this track, or a random one.
fn random_lab(seed: Seed, track: Option<&str>) -> String {
    let mut draws = seed.derive("hall", 0).rng();
    let mut nights = seed.derive("closed", 0).rng();
    let mut changes = seed.derive("setup", 0).rng();
    let mut runs = seed.derive("runs", 0).rng();
    let rng = &mut draws;
    let mut text = String::from("name = \"random\"\n\n[track]\n");
    let rails = match rng.random_range(0..4) {
        0 => "kind = \"ladder\"\nlanes = 2\nevery = 2\n",
        1 => "kind = \"streets\"\neach = 4\n",
        2 => "kind = \"comb\"\n",
        _ => "kind = \"loop\"\n",
    };
    text.push_str(track.unwrap_or(rails));
    let _ = writeln!(text, "\n[movers]\ncount = {}\n", rng.random_range(1..=4));
    let work = rng.random_range(1..=STATIONS_MAX - 3);
    for station in 0..work {
        let mut list = Vec::new();
        let mut kinds = Vec::new();
        for _ in 0..rng.random_range(1..=2) {
            let (kind, _) = if station == 0 && kinds.is_empty() {
                WORK[0]
            } else {
                *pick(rng, &WORK)
            };
            if kinds.contains(&kind) {
                continue;
            }
            kinds.push(kind);
            let nests = match kind {
                "incubator" => format!(", nests = {}", rng.random_range(1..=4)),
                "heater_shaker_bank" => format!(", nests = {}", rng.random_range(1..=3)),
                _ => String::new(),
            };
            let closed = if nights.random_bool(CLOSED) {
                format!(
                    ", closed = [{{ from = \"{} min\", until = \"{} min\", every = \"3 h\", times = 4 }}]",
                    nights.random_range(0..=60),
                    nights.random_range(61..=120)
                )
            } else {
                String::new()
            };
            let setup = if changes.random_bool(SET_UP) {
                let between = match kind {
                    "incubator" => ["temperature", "protocol"],
                    _ => ["operation", "protocol"],
                };
                format!(
                    ", setup = {{ between = \"{}\", time = \"{} s\" }}",
                    between[usize::from(changes.random_bool(0.5))],
                    changes.random_range(10..=900)
                )
            } else {
                String::new()
            };
            let several = matches!(kind, "incubator" | "heater_shaker_bank")
                && nests != ", nests = 1"
                && setup.is_empty();
            let batch = if several && runs.random_bool(RUNS) {
                let plates = nests.trim_start_matches(", nests = ");
                format!(", batch = {{ plates = {plates} }}")
            } else {
                String::new()
            };
            // Refills are planned where their time is told.
            let stock = match kind {
                "liquid_handler" | "liquid_handler_96" => "tips",
                "sealer" => "seals",
                "peeler" => "tape",
                "washer" => "buffer",
                _ => "",
            };
            let refill = if !stock.is_empty() && changes.random_bool(REFILLED) {
                let full = if stock == "tips" {
                    384
                } else {
                    changes.random_range(2..6)
                };
                format!(", consumables = {{ {stock} = {{ full = {full}, refill = \"10 min\" }} }}")
            } else {
                String::new()
            };
            list.push(format!(
                "{{ kind = \"{kind}\"{nests}{closed}{setup}{refill}{batch} }}"
            ));
        }
        let docks = if rng.random_bool(0.3) {
            "docks = 2\n"
        } else {
            ""
        };
        let _ = writeln!(
            text,
            "[[station]]\nname = \"s{station}\"\n{docks}instruments = [{}]\n",
            list.join(", ")
        );
    }
    if runs.random_bool(RUNS) {
        let plates = runs.random_range(2..=4);
        let balance = *pick(&mut runs, &["even", "any"]);
        let _ = writeln!(
            text,
            "[[station]]\nname = \"spin\"\ninstruments = [{{ kind = \"centrifuge\", count = {}, nests = \
             {plates}, batch = {{ plates = {plates}, balance = \"{balance}\", counterweights = 1 }} }}]\n",
            runs.random_range(1..=2)
        );
    }
    let hotels = rng.random_range(1..=2);
    for hotel in 0..hotels {
        let _ = writeln!(
            text,
            "[[station]]\nname = \"h{hotel}\"\ninstruments = [{{ kind = \"hotel\", nests = {} }}]\n",
            rng.random_range(2..=8)
        );
    }
    let _ = writeln!(
        text,
        "[[station]]\nname = \"exit\"\ninstruments = [{{ kind = \"waste\" }}, {{ kind = \
         \"quarantine\", nests = {} }}]",
        rng.random_range(1..=3)
    );
    text
}

/// A protocol of steps that the hall offers, in an order in which covers allow them.
fn protocol_text(
    rng: &mut Rng,
    number: usize,
    offered: &[&'static str],
    mut spins: Option<&mut Rng>,
) -> String {
    let mut text =
        format!("name = \"random-{number}\"\nlabware = \"corning_96_wellplate_360ul_flat\"\n\n");
    let has = |name: &str| offered.contains(&name);
    let mut cover = "open";
    let mut dispensed = 0;
    for step in 0..rng.random_range(1..=6) {
        let mut can: Vec<&str> = Vec::new();
        if cover == "open" {
            for name in ["dispense", "read_absorbance", "read_fluorescence"] {
                if has(name) && (name != "dispense" || dispensed < 4) {
                    can.push(name);
                }
            }
            if has("seal") && has("peel") {
                can.push("seal");
            }
            if has("lid") {
                can.push("lid");
            }
            if has("incubate") {
                can.push("incubate");
            }
        } else {
            can.push(if cover == "seal" { "peel" } else { "delid" });
            if has("incubate") {
                can.push("incubate");
            }
            if has("shake") {
                can.push("shake");
            }
        }
        if step == 0 {
            can = vec!["dispense"];
        }
        if can.is_empty() {
            break;
        }
        let name = *pick(rng, &can);
        let _ = writeln!(text, "[[step]]\nname = \"step-{step}\"\ndo = \"{name}\"");
        match name {
            "dispense" => {
                dispensed += 1;
                let _ = writeln!(text, "volume = \"40 µL\"");
            }
            "incubate" => {
                let minutes = rng.random_range(1..=40);
                let _ = writeln!(
                    text,
                    "temperature = \"37 °C\"\nduration = \"{minutes} min\""
                );
            }
            "shake" => {
                let minutes = rng.random_range(1..=10);
                let _ = writeln!(text, "speed = \"500 rpm\"\nduration = \"{minutes} min\"");
            }
            "read_absorbance" => {
                let _ = writeln!(text, "wavelength = \"600 nm\"");
            }
            "read_fluorescence" => {
                let _ = writeln!(text, "excitation = \"485 nm\"\nemission = \"528 nm\"");
            }
            "seal" => cover = "seal",
            "lid" => cover = "lid",
            _ => cover = "open",
        }
        if step > 0 && rng.random_bool(0.5) {
            let _ = writeln!(text, "within = \"{} min\"", rng.random_range(4..=40));
        }
        text.push('\n');
        if let Some(spins) = &mut spins
            && spins.random_bool(SPUN)
        {
            let _ = writeln!(
                text,
                "[[step]]\nname = \"spin-{step}\"\ndo = \"centrifuge\"\nspeed = \"{} rpm\"\nduration = \"1 min\"",
                [500, 1000][usize::from(spins.random_bool(0.3))]
            );
            if spins.random_bool(0.5) {
                let _ = writeln!(text, "within = \"{} min\"", spins.random_range(5..=40));
            }
            text.push('\n');
        }
    }
    text
}

fn order(rng: &mut Rng, n: u32, protocols: &[Arc<Protocol>]) -> Order {
    let protocol = pick(rng, protocols).clone();
    let mut chosen = Seed(rng.random()).rng();
    let worklists = protocol
        .steps
        .iter()
        .filter(|step| step.worklist.is_some())
        .map(|step| {
            let transfers = protocol
                .labware
                .each_well()
                .filter(|_| chosen.random_bool(0.3))
                .map(|well| Transfer {
                    well,
                    reagent: ReagentId(rng.random_range(0..REAGENTS)),
                    volume: Volume::from_ul(f64::from(rng.random_range(1..=40_u32))),
                })
                .collect();
            (step.id, Arc::new(Worklist { transfers }))
        })
        .collect();
    Order {
        id: OrderId(n),
        campaign: CampaignId(0),
        plate: PlateId(n),
        barcode: format!("R{n:04}").into(),
        protocol,
        worklists,
        release: Instant::from_secs_f64(f64::from(rng.random_range(0..3600_u32))),
        due: None,
        deadline: None,
        priority: rng.random_range(1..=3),
        weight: 1,
    }
}

/// For whom orders are, and by when they must be finished.
fn wishes(rng: &mut Rng, orders: &mut [Order]) {
    let campaigns = rng.random_range(1..=3);
    let weights = [1, rng.random_range(0..=4), 2];
    for order in orders {
        let campaign = rng.random_range(0..campaigns);
        order.campaign = CampaignId(campaign);
        order.weight = weights[usize::from(campaign)];
        if rng.random_bool(0.15) {
            let minutes = rng.random_range(5..=1200_u32);
            order.deadline = Some(Instant::from_secs_f64(f64::from(minutes) * 60.0));
        }
    }
}

/// Faults by chance, up to a lab where nothing works, and by script.
fn bad_luck(seed: Seed, hall: &Hall) -> TwinConfig {
    let mut rng = seed.derive("faults", 0).rng();
    let factor = *pick(&mut rng, &[0.0, 1.0, 5.0, 20.0, 60.0]);
    let mut plan = FaultPlan::default();
    if factor > 0.0 {
        for _ in 0..rng.random_range(0..=4) {
            let fault = fault(&mut rng);
            let target = match fault {
                FaultKind::Silent { .. } if rng.random_bool(0.7) => {
                    Target::Device(device(&mut rng, hall))
                }
                _ => Target::Any,
            };
            plan.rules.push(Rule {
                target,
                from: Instant::from_secs_f64(f64::from(rng.random_range(0..7200_u32))),
                skip: rng.random_range(0..30),
                times: rng.random_range(1..=5),
                fault,
            });
        }
        for _ in 0..rng.random_range(0..=2) {
            plan.losses.push(StationLoss {
                station: StationId(rng.random_range(0..hall.stations.len() as u32)),
                at: Instant::from_secs_f64(f64::from(rng.random_range(1..7200_u32))),
                lasts: Duration::from_secs(rng.random_range(1..3600)),
                outage: if rng.random_bool(0.5) {
                    Outage::Power
                } else {
                    Outage::Connection
                },
            });
        }
    }
    TwinConfig {
        seed: seed.derive("twin", 0),
        faults: FaultRates::scaled(factor),
        plan,
        reagents: (0..REAGENTS)
            .map(|n| Reagent::new(&format!("reagent-{n}"), ReagentMeaning::Inert))
            .collect(),
        keep_history: true,
        ..TwinConfig::default()
    }
}

fn device(rng: &mut Rng, hall: &Hall) -> Device {
    match rng.random_range(0..3) {
        0 => Device::Mover(MoverId(rng.random_range(0..hall.movers.len() as u32))),
        1 => Device::Arm(ArmId(rng.random_range(0..hall.stations.len() as u32))),
        _ => Device::Instrument(InstrumentId(
            rng.random_range(0..hall.instruments.len() as u32),
        )),
    }
}

fn fault(rng: &mut Rng) -> FaultKind {
    let yes = rng.random_bool(0.5);
    match rng.random_range(0..16) {
        0 => FaultKind::PoseOff { lasting: yes },
        1 => FaultKind::GripFailed,
        2 => FaultKind::Dropped,
        3 => FaultKind::BarcodeUnreadable { lasting: yes },
        4 => FaultKind::BarcodeMisread,
        5 => FaultKind::WrongPlateBrought,
        6 => FaultKind::Retryable,
        7 => FaultKind::NeedsService,
        8 => FaultKind::SampleLost,
        9 => FaultKind::OutcomeUnknown { done: yes },
        10 => FaultKind::Silent {
            done: yes,
            answer: match rng.random_range(0..3) {
                0 => Answer::After(Duration::from_secs(rng.random_range(1..600))),
                1 => Answer::Forgot(Duration::from_secs(rng.random_range(1..600))),
                _ => Answer::Never,
            },
        },
        11 => FaultKind::MoverStuck { hard: yes },
        12 => FaultKind::ConsumableEmpty,
        13 => FaultKind::VolumeShort { noticed: yes },
        14 => FaultKind::LidFailed,
        _ => FaultKind::SealFailed,
    }
}
