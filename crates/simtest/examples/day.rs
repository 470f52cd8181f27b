//! A day of a hall under full load: `day [LAB] [HOURS] [IN_FLIGHT] [FAULTS] [file]`, from the root of
//! the repository. Prints how much faster than real time it ran on one core.

use conductor::{Conductor, Customer, Effect, Ending, Input, Note, Shell, Turn};
use journal::{Header, Journal};
use lab::LabFile;
use labware::Catalogue;
use protocol::{Order, Protocol, ProtocolFile, Transfer, Worklist};
use quantity::{CampaignId, Duration, Instant, OrderId, PlateId, ReagentId, Volume};
use std::collections::BTreeMap;
use std::sync::Arc;
use twin::nature::{Reagent, ReagentMeaning};
use twin::{FaultRates, Twin, TwinConfig};

/// Keeps so many orders in flight, of all protocols in turn.
#[derive(Debug)]
struct Feed {
    protocols: Vec<Arc<Protocol>>,
    in_flight: u32,
    next: u32,
    completed: u32,
    otherwise: BTreeMap<String, u32>,
    refused: u32,
    lags: u32,
    faults: BTreeMap<String, u32>,
    busy: BTreeMap<u32, Duration>,
}

impl Feed {
    fn order(&mut self) -> Input {
        let n = self.next;
        self.next += 1;
        let protocol = self.protocols[n as usize % self.protocols.len()].clone();
        let volume = protocol.labware.well.max_volume.scale(0.15);
        let worklists = protocol
            .steps
            .iter()
            .filter(|step| step.worklist.is_some())
            .map(|step| {
                let each = protocol.labware.each_well();
                let transfers = each.map(|well| Transfer {
                    well,
                    reagent: ReagentId(0),
                    volume: volume.min(Volume::from_ul(20.0)),
                });
                let list = Worklist {
                    transfers: transfers.collect(),
                };
                (step.id, Arc::new(list))
            })
            .collect();
        Input::Submit(Arc::new(Order {
            id: OrderId(n),
            campaign: CampaignId(0),
            plate: PlateId(n),
            barcode: format!("D{n:06}").into(),
            protocol,
            worklists,
            release: Instant::EPOCH,
            due: None,
            priority: 1,
        }))
    }
}

impl Customer for Feed {
    fn start(&mut self, _now: Instant, turn: &mut Turn) {
        for _ in 0..self.in_flight {
            let input = self.order();
            turn.input(input);
        }
    }

    fn on_effect(&mut self, effect: &Effect, _now: Instant, turn: &mut Turn) {
        match effect {
            Effect::OrderEnded { how, .. } => {
                match how {
                    Ending::Completed => self.completed += 1,
                    other => *self.otherwise.entry(other.to_string()).or_default() += 1,
                }
                let input = self.order();
                turn.input(input);
            }
            Effect::Refused { order, why } => {
                println!("{order} refused: {why}");
                self.refused += 1;
            }
            Effect::LagBroken { .. } => self.lags += 1,
            Effect::FaultHandled(fault) => {
                *self.faults.entry(fault.class.to_string()).or_default() += 1;
            }
            Effect::StepDone {
                instrument,
                began,
                ended,
                ..
            } => *self.busy.entry(instrument.0).or_default() += ended.since(*began),
            _ => {}
        }
    }

    fn replay_effect(&mut self, _effect: &Effect, _now: Instant) {}

    fn replay_note(&mut self, _note: &Note, _now: Instant) -> Result<(), String> {
        Ok(())
    }

    fn finished(&self) -> bool {
        false
    }
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let argument = |at: usize| std::env::args().nth(at);
    let number = |at: usize, default: f64| {
        argument(at)
            .and_then(|text| text.parse().ok())
            .unwrap_or(default)
    };
    let lab = argument(1).unwrap_or_else(|| "labs/hall.toml".to_owned());
    let hours = number(2, 24.0);
    let in_flight = number(3, 200.0) as u32;
    let faults = number(4, 1.0);
    let text = std::fs::read_to_string(&lab)?;
    let (file, _) = LabFile::parse(&lab, &text).map_err(|p| p.to_string())?;
    let hall = file.hall;
    let mut protocols = Vec::new();
    let mut paths: Vec<_> = std::fs::read_dir("protocols")?
        .filter_map(|entry| Some(entry.ok()?.path()))
        .filter(|path| path.extension().is_some_and(|ext| ext == "toml"))
        .collect();
    paths.sort();
    for path in paths {
        let text = std::fs::read_to_string(&path)?;
        let name = path.display().to_string();
        let (file, _) =
            ProtocolFile::parse(&name, &text, &Catalogue::standard()).map_err(|p| p.to_string())?;
        protocols.push(file.protocol);
    }
    let twin = Twin::new(
        hall.clone(),
        TwinConfig {
            faults: FaultRates::scaled(faults),
            reagents: vec![Reagent::new("water", ReagentMeaning::Inert)],
            ..TwinConfig::default()
        },
    )?;
    let feed = Feed {
        protocols,
        in_flight,
        next: 0,
        completed: 0,
        otherwise: BTreeMap::new(),
        refused: 0,
        lags: 0,
        faults: BTreeMap::new(),
        busy: BTreeMap::new(),
    };
    let journal = match argument(5) {
        Some(path) => Journal::create(path, Header::new("day"))?,
        None => Journal::in_memory(Header::new("day")),
    };
    let before = std::time::Instant::now();
    let conductor = Conductor::new(hall.clone())?;
    println!("set up in {:?}", before.elapsed());
    let mut shell = Shell::open(conductor, twin, feed, journal)?;
    let began = std::time::Instant::now();
    shell.run(Instant::EPOCH + Duration::from_secs_f64(hours * 3600.0))?;
    let took = began.elapsed().as_secs_f64();
    let counters = shell.conductor().counters().clone();
    let feed = shell.customer();
    println!(
        "{hours} h in {took:.2} s: {:.0} times real time",
        hours * 3600.0 / took
    );
    println!(
        "plates completed {}, otherwise {:?}, refused {}, lags broken {}",
        feed.completed, feed.otherwise, feed.refused, feed.lags
    );
    println!("faults {:?}", feed.faults);
    println!("{counters:?}");
    println!(
        "journal {} events, twin {} events, {:.2} µs for each input in all",
        shell.journal().version(),
        shell.driver().events(),
        took * 1e6 / counters.inputs as f64
    );
    let mut busy: Vec<(f64, &str)> = feed
        .busy
        .iter()
        .map(|(id, time)| {
            let instrument = &hall.instruments[*id as usize];
            let share = time.as_secs_f64() / hours / 3600.0 / f64::from(instrument.simultaneous);
            (share, &*instrument.name)
        })
        .collect();
    busy.sort_by(|a, b| b.0.total_cmp(&a.0));
    for (share, name) in busy.iter().take(8) {
        println!("{:5.1} %  {name}", share * 100.0);
    }
    println!("violations {:?}", shell.driver().violations());
    if std::env::var_os("EXPLAIN").is_some() {
        for line in shell.conductor().explain_waiting() {
            println!("{line}");
        }
    }
    Ok(())
}
