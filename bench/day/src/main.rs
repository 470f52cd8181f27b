//! A day of the hall that ships, as full as it can be: how much faster than real time it runs.
//!
//! `cargo run --release -p day -- [--hours H] [--backlog N] [--faults X] [--only PROTOCOL] [--lab FILE]
//! [--stations N] [--seed S] [--quantile Q] [--file] [--no-split] [--explain]`

mod load;
mod meter;

use conductor::record::{INPUT, Reader};
use conductor::{Conductor, Shell};
use journal::{Header, Journal, NewEvent, Version};
use lab::LabFile;
use labware::Catalogue;
use layout::load::Recipe;
use layout::simulate::Meter as Notes;
use load::Load;
use meter::Meter;
use protocol::ProtocolFile;
use quantity::{Duration, Instant, MassConcentration, Seed};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Instant as Wall;
use twin::nature::{Antibiotics, Natures, Reagent, ReagentMeaning, Strength};
use twin::{FaultRates, Twin, TwinConfig};

type Failure = Box<dyn std::error::Error>;
type Run = Shell<Meter<Notes<Twin>>, Load>;

/// What is ordered, and how many of each in a round. Waiting steps are long in some and instruments
/// are few for others; with these shares no kind of order waits for ever while another runs.
const MIX: [(&str, u32); 7] = [
    ("growth-inhibition", 12),
    ("electrolyte", 4),
    ("variant-fitness", 12),
    ("gene-network", 8),
    ("qpcr", 4),
    ("elisa", 1),
    ("reaction-screen", 1),
];

struct Args {
    hours: f64,
    backlog: u32,
    faults: f64,
    only: Option<String>,
    lab: Option<PathBuf>,
    stations: Option<usize>,
    seed: u64,
    quantile: Option<String>,
    in_file: bool,
    split: bool,
    explain: bool,
}

fn main() -> Result<(), Failure> {
    let mut args = Args {
        hours: 24.0,
        backlog: 600,
        faults: 1.0,
        only: None,
        lab: None,
        stations: None,
        seed: TwinConfig::default().seed.0,
        quantile: None,
        in_file: false,
        split: true,
        explain: false,
    };
    let mut words = std::env::args().skip(1);
    while let Some(word) = words.next() {
        let mut value = || words.next().ok_or(format!("{word} needs a value"));
        match word.as_str() {
            "--hours" => args.hours = value()?.parse()?,
            "--backlog" => args.backlog = value()?.parse()?,
            "--faults" => args.faults = value()?.parse()?,
            "--only" => args.only = Some(value()?),
            "--lab" => args.lab = Some(value()?.into()),
            "--stations" => args.stations = Some(value()?.parse()?),
            "--seed" => args.seed = value()?.parse()?,
            "--quantile" => args.quantile = Some(value()?),
            "--file" => args.in_file = true,
            "--no-split" => args.split = false,
            "--explain" => args.explain = true,
            other => return Err(format!("unknown argument {other}").into()),
        }
    }
    let folder = tempfile::tempdir()?;
    run(&args, false, folder.path())?;
    if args.in_file {
        run(&args, true, folder.path())?;
    }
    Ok(())
}

fn root(path: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("../..")
        .join(path)
}

/// The hall that ships, another lab, or one made to size.
fn hall(args: &Args) -> Result<Arc<lab::Hall>, Failure> {
    let text = match args.stations {
        Some(stations) => lab::generate(stations),
        None => {
            let path = args.lab.clone().unwrap_or_else(|| root("labs/hall.toml"));
            std::fs::read_to_string(path)?
        }
    };
    let text = match &args.quantile {
        None => text,
        Some(share) if text.contains("[planning]\n") => text.replacen(
            "[planning]\n",
            &format!("[planning]\nquantile = {share}\n"),
            1,
        ),
        Some(share) => format!("{text}\n[planning]\nquantile = {share}\n"),
    };
    let (file, _) = LabFile::parse("hall", &text).map_err(|p| format!("{p:?}"))?;
    Ok(file.hall)
}

fn recipes(only: Option<&str>) -> Result<Vec<(Recipe, u32)>, Failure> {
    let catalogue = Catalogue::standard();
    MIX.iter()
        .filter(|(name, _)| only.is_none_or(|only| only == *name))
        .map(|(name, share)| {
            let text = std::fs::read_to_string(root(&format!("protocols/{name}.toml")))?;
            let (file, _) =
                ProtocolFile::parse(name, &text, &catalogue).map_err(|p| format!("{p:?}"))?;
            Ok((Recipe::new(file.protocol, 4), *share))
        })
        .collect()
}

fn config(faults: f64, seed: u64) -> TwinConfig {
    let drug = |name: &str, mg_per_l| {
        let strength = Strength::Mass(MassConcentration::from_mg_per_l(mg_per_l));
        let substance = name.into();
        Reagent::new(
            name,
            ReagentMeaning::Solution {
                substance,
                strength,
            },
        )
    };
    TwinConfig {
        seed: Seed(seed),
        faults: FaultRates::scaled(faults),
        nature: Natures::from(Antibiotics::published()),
        reagents: vec![
            Reagent::new("cells", ReagentMeaning::Culture { density: 0.01 }),
            Reagent::new("medium", ReagentMeaning::Inert),
            drug("ampicillin", 10.0),
            drug("ciprofloxacin", 0.05),
            drug("streptomycin", 50.0),
        ],
        ..TwinConfig::default()
    }
}

/// Seconds of processor time that this process has used, user and system.
fn cpu() -> Result<f64, Failure> {
    // Fields 14 and 15 of stat(5), in ticks of 1/100 s; the name in field 2 may hold blanks.
    let stat = std::fs::read_to_string("/proc/self/stat")?;
    let rest = stat.rsplit(')').next().unwrap_or_default();
    let ticks: u64 = rest
        .split_whitespace()
        .skip(11)
        .take(2)
        .flat_map(str::parse::<u64>)
        .sum();
    Ok(ticks as f64 / 100.0)
}

fn run(args: &Args, in_file: bool, folder: &Path) -> Result<(), Failure> {
    let hall = hall(args)?;
    let header = Header::new("day");
    let journal = if in_file {
        Journal::create(folder.join("day.journal"), header)?
    } else {
        Journal::in_memory(header)
    };
    let twin = Twin::new(hall.clone(), config(args.faults, args.seed))?;
    let driver = Meter::new(Notes::new(twin, hall.clone(), Instant::EPOCH));
    let load = Load::new(recipes(args.only.as_deref())?, args.backlog);
    let mut shell = Shell::open(Conductor::new(hall)?, driver, load, journal)?;
    let until = Instant::EPOCH + Duration::from_secs_f64(args.hours * 3600.0);
    let (wall, begun) = (Wall::now(), cpu()?);
    let stop = shell.run(until)?;
    let (cpu, wall) = (cpu()? - begun, wall.elapsed().as_secs_f64());
    println!(
        "journal {}: {:.1} h of '{}' in {cpu:.2} s of processor time, {wall:.2} s on the wall: {:.0} \
         times real time (wall {:.0}); {stop:?}",
        if in_file {
            "in an SQLite file"
        } else {
            "in memory"
        },
        args.hours,
        shell.conductor().hall().name,
        args.hours * 3600.0 / cpu,
        args.hours * 3600.0 / wall,
    );
    print(&shell, args.hours * 3600.0, wall);
    if args.explain {
        println!("{:#?}", shell.conductor().explain_waiting());
        println!("{:#?}", shell.conductor().check_invariants());
        for broken in &shell.customer().breaks {
            println!("{broken}");
        }
    }
    if args.split {
        split(&shell)?;
    }
    Ok(())
}

fn print(shell: &Run, span: f64, wall: f64) {
    let (hall, load, meter) = (shell.conductor().hall(), shell.customer(), shell.driver());
    let counters = shell.conductor().counters();
    println!(
        "  {} plates finished, {} otherwise; {} steps, {} legs, {} runs of movers, {} wells read",
        counters.completed,
        counters.ended_otherwise,
        counters.steps,
        counters.legs,
        counters.runs,
        load.readings
    );
    println!(
        "  {} commands, {} reports, {} inputs, {} events in the journal, {} events in the twin; {} \
         faults, {} repairs, {} cleared, {} lags broken, {} breaches",
        meter.commands,
        meter.reports,
        counters.inputs,
        shell.journal().version().0,
        meter.inner.inner.events(),
        counters.faults,
        counters.repairs,
        counters.cleared,
        counters.lags_broken,
        meter.inner.inner.violations().len()
    );
    println!(
        "  {:.0} plates a day; twin: {:.2} s, {:.0} % of the wall",
        counters.completed as f64 * 86400.0 / span,
        meter.spent.as_secs_f64(),
        meter.spent.as_secs_f64() / wall * 100.0
    );
    println!(
        "  plates waited for their movers {:.1} s in the mean of {} calls; {} rides of empty movers to better places",
        counters.mover_wait.as_secs_f64() / counters.fetched.max(1) as f64,
        counters.fetched,
        counters.placed
    );
    let (kept, broken, late) = load.promises;
    println!(
        "  {kept} plates finished by when they were promised first, {broken} later, by {:.0} min in the mean",
        late / 60.0 / broken.max(1) as f64
    );
    println!("  head {:?}", shell.journal().head());
    for (name, (done, otherwise)) in load.names().zip(&load.ended) {
        println!("  {name}: {done} finished, {otherwise} otherwise");
    }
    for (how, count) in load.otherwise.iter().take(12) {
        println!("  {count} {how}");
    }
    for ((name, lag), count) in &load.broken {
        println!("  lag {lag} of {name} broken {count} times");
    }
    let mut kinds: std::collections::BTreeMap<&str, (f64, f64)> = Default::default();
    for unit in &hall.instruments {
        let entry = kinds.entry(&unit.kind).or_default();
        entry.0 += load.busy.get(&unit.id).copied().unwrap_or(0.0);
        entry.1 += span * f64::from(unit.simultaneous.max(1));
    }
    let mut kinds: Vec<_> = kinds
        .into_iter()
        .map(|(k, (busy, all))| (busy / all, k))
        .collect();
    kinds.sort_by(|a, b| b.0.total_cmp(&a.0));
    let text: Vec<_> = kinds
        .iter()
        .take(12)
        .map(|(share, kind)| format!("{kind} {:.0} %", share * 100.0))
        .collect();
    println!("  at work: {}", text.join(", "));
    let most = |all: &mut Vec<f64>, count: usize| {
        all.sort_by(|a, b| b.total_cmp(a));
        let mean = all.iter().sum::<f64>() / count.max(1) as f64 / span * 100.0;
        let busiest = all.first().copied().unwrap_or(0.0) / span * 100.0;
        format!("mean {mean:.0} %, busiest {busiest:.0} %")
    };
    println!(
        "  movers moving: {}; arms: {}",
        most(&mut meter.inner.noted.movers.clone(), hall.movers.len()),
        most(&mut meter.inner.noted.arms.clone(), hall.stations.len())
    );
}

/// The conductor and the journal again, each alone, on what the journal holds.
fn split(shell: &Run) -> Result<(), Failure> {
    let journal = shell.journal();
    let mut conductor = Conductor::new(shell.conductor().hall().clone())?;
    let mut reader = Reader::default();
    let mut inputs = Vec::new();
    let mut again = Vec::new();
    for event in journal.read(Version(1), Version::MAX)? {
        let event = event?;
        if event.kind.starts_with(INPUT)
            && let Some(input) = reader.input(&event.kind, &event.body, event.at)?
        {
            inputs.push((input, event.at));
        }
        again.push(NewEvent::new(event.at, event.kind, event.body));
    }
    let mut times = Vec::with_capacity(inputs.len());
    let mut out = Vec::new();
    let begun = cpu()?;
    // Steps that made the plan anew, and what they took in all.
    let (mut repairs, mut repairing) = (0_u32, 0.0);
    for (input, at) in inputs {
        let before = conductor.counters().repairs;
        let since = Wall::now();
        conductor.step(input, at, &mut out);
        let took = since.elapsed().as_secs_f64() * 1e6;
        if conductor.counters().repairs > before {
            repairs += 1;
            repairing += took;
        }
        times.push(took);
        out.clear();
    }
    let share = repairing / times.iter().sum::<f64>().max(1.0) * 100.0;
    // Single steps are timed on the wall, which other work on the machine stretches; the mean is not.
    let total = cpu()? - begun;
    let mean = total * 1e6 / times.len().max(1) as f64;
    times.sort_by(f64::total_cmp);
    let at = |share: f64| {
        times
            .get((times.len() as f64 * share) as usize)
            .copied()
            .unwrap_or(0.0)
    };
    println!(
        "  conductor alone: {total:.2} s of processor time, {mean:.1} µs a step; on the wall half of them \
         take {:.1}, 99 of 100 {:.0}, the longest {:.0}",
        at(0.5),
        at(0.99),
        times.last().copied().unwrap_or(0.0)
    );
    println!("  of that {share:.0} % in {repairs} steps that repaired the plan");
    let mut fresh = Journal::in_memory(Header::new("again"));
    let begun = cpu()?;
    let mut rest = again.into_iter().peekable();
    while rest.peek().is_some() {
        let group = rest.by_ref().take(8).collect();
        fresh.append(fresh.version(), group)?;
    }
    fresh.commit()?;
    println!("  journal alone: {:.2} s of processor time", cpu()? - begun);
    Ok(())
}
