//! Runs campaigns that ship over many seeds, and says what their answers are worth in truth.
//!
//! `cargo run --release -p campaigns -- [NAME…] [--seeds 10] [--policy NAME]`

mod truth;

use campaign::{Campaign, Campaigns, State};
use nilo::folder::Folder;
use nilo::running::{self, Request, Watcher};
use quantity::Instant;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use truth::{Truth, Worth};
use twin::nature::{AMBIENT_CELSIUS, Antibiotics, Exposure};

const ALL: [&str; 7] = [
    "antibiotics",
    "gb1",
    "tfbind8",
    "electrolyte",
    "gene-network",
    "reaction-yield",
    "photovoltaics",
];

/// Watches nothing.
struct Unwatched;

impl Watcher for Unwatched {
    fn begins(&mut self, _: &[&Campaign], _: &Folder, _: u64) {}
    fn sees(&mut self, _: &Campaigns, _: Instant) {}
}

fn main() -> ExitCode {
    match bench() {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::from(1),
        Err(why) => {
            eprintln!("{why}");
            ExitCode::from(2)
        }
    }
}

fn bench() -> Result<bool, String> {
    let (mut names, mut seeds) = (Vec::new(), 10);
    let mut arguments = std::env::args().skip(1);
    while let Some(argument) = arguments.next() {
        if argument == "--seeds" {
            let count = arguments.next().and_then(|count| count.parse().ok());
            seeds = count.ok_or("--seeds wants a number")?;
        } else {
            names.push(argument);
        }
    }
    if names.is_empty() {
        names = ALL.iter().map(ToString::to_string).collect();
    }
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let data = std::env::var_os("NILO_DATA").map_or(root.join("../shared/data"), PathBuf::from);
    println!(
        "| campaign | seed | truth at the answer | wells would give | estimate, 95 % | plates | lost, faults | CPU s |"
    );
    println!("| --- | --- | --- | --- | --- | --- | --- | --- |");
    let mut all = true;
    for name in &names {
        let file = root.join("campaigns").join(format!("{name}.toml"));
        let truth = Truth::of(name, &data)?.ok_or_else(|| format!("nothing is known of {name}"))?;
        if let Truth::Mechanism { best, at, .. } = &truth {
            eprintln!("{name}: the best is {best:.4} at {at:.3?}");
        }
        let (mut good, mut held, mut spent) = (0, 0, 0.0);
        let mut worths = Vec::new();
        for seed in 1..=seeds {
            let One {
                worth,
                covered,
                cpu,
            } = one(name, &file, seed, &truth)?;
            good += u64::from(worth.good);
            held += u64::from(covered);
            spent += cpu;
            worths.push(worth);
        }
        let (values, better): (Vec<f64>, Vec<usize>) = worths
            .iter()
            .map(|worth| {
                (
                    worth.share.unwrap_or(worth.value),
                    worth.better.unwrap_or(0),
                )
            })
            .unzip();
        let least = values.iter().copied().fold(f64::INFINITY, f64::min);
        println!(
            "| **{name}** | all | **{good} of {seeds}** {} | least {least:.3}, most points better {} | \
             **{held} of {seeds}** intervals hold it | | | {:.1} a run |",
            if worths.iter().all(|worth| worth.share.is_some()) {
                "within 5 % of the optimum"
            } else {
                "among the best 1 %"
            },
            better.iter().max().unwrap_or(&0),
            spent / seeds as f64,
        );
        all &= good * 10 >= seeds * 8;
    }
    Ok(all)
}

/// Seconds of processor time that this process has used, user and system.
fn cpu() -> f64 {
    // Fields 14 and 15 of stat(5), in ticks of 1/100 s; the name in field 2 may hold blanks.
    let stat = std::fs::read_to_string("/proc/self/stat").unwrap_or_default();
    let rest = stat.rsplit(')').next().unwrap_or_default();
    let ticks = rest.split_whitespace().skip(11).take(2);
    ticks.flat_map(str::parse::<u64>).sum::<u64>() as f64 / 100.0
}

/// The hours at 37 °C that the culture of the plates that confirm grew for until it was read; none grows
/// where no step is called `grow`.
fn grown(campaign: &Campaign, state: &State) -> f64 {
    let step = |name: &str| {
        let steps = &campaign.assay.protocol.steps;
        steps
            .iter()
            .find(|step| &*step.name == name)
            .map(|step| step.id)
    };
    let (Some(culture), Some(grow), Some(read)) = (step("culture"), step("grow"), step("od600"))
    else {
        return 0.0;
    };
    let mut hours = Vec::new();
    for plate in state.plates.iter().filter(|p| p.counts() && p.confirms) {
        let of = |id| plate.steps.iter().rev().find(|times| times.step == id);
        let (Some(culture), Some(grow), Some(read)) = (of(culture), of(grow), of(read)) else {
            continue;
        };
        let (Some(filled), Some(out)) = (culture.ended, grow.ended) else {
            continue;
        };
        let warm = out.since(grow.began).as_secs_f64();
        let outside = read.began.since(filled).as_secs_f64() - warm;
        let spans = [(warm, 37.0), (outside, AMBIENT_CELSIUS)];
        hours.push(Antibiotics::hours(&Exposure { spans: &spans }));
    }
    hours.iter().sum::<f64>() / hours.len().max(1) as f64
}

/// What came of one run.
struct One {
    worth: Worth,
    /// Whether the interval holds what wells would give.
    covered: bool,
    cpu: f64,
}

fn one(name: &str, file: &Path, seed: u64, truth: &Truth) -> Result<One, String> {
    let folder = tempfile::tempdir().map_err(|why| why.to_string())?;
    let request = Request {
        campaigns: vec![file.to_owned()],
        out: Some(folder.path().join("run")),
        seed: Some(seed),
        fresh: false,
    };
    let begun = cpu();
    let run = running::run(&request, &mut Unwatched).map_err(|why| format!("{name}: {why:?}"))?;
    let spent = cpu() - begun;
    let answer = run.cycle().answer().ok_or("no answer")?;
    let best = answer
        .candidates
        .first()
        .ok_or("an answer without a candidate")?;
    let state = run.cycle().state();
    let hours = grown(run.cycle().campaign(), state);
    let worth = truth.worth(name, &best.levels, hours)?;
    let (low, high) = best.interval;
    let covered = (low..=high).contains(&worth.response);
    let value = match (worth.share, worth.better) {
        (Some(share), _) => format!("{:.4}, {:.1} % of the best", worth.value, 100.0 * share),
        (_, Some(better)) => format!("{:.3}, {better} points are better", worth.value),
        _ => format!("{:.3}", worth.value),
    };
    println!(
        "| {name} | {seed} | {value}{} | {:.4} | {:.4}, {low:.4} to {high:.4}{} | {} | {}, {} | {spent:.1} |",
        if worth.good { "" } else { " (**not good**)" },
        worth.response,
        best.estimate,
        if covered { "" } else { " (**without it**)" },
        answer.plates,
        answer.rejected,
        state.chronicle.faults.len(),
    );
    Ok(One {
        worth,
        covered,
        cpu: spent,
    })
}
