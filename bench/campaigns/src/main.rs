//! Runs campaigns that ship over many seeds, and says what their answers are worth in truth.
//!
//! `cargo run --release -p campaigns -- [NAME…] [--seeds 10] [--policy NAME]`

mod truth;

use campaign::{Campaign, Loop};
use nilo::folder::Folder;
use nilo::running::{self, Request, Watcher};
use quantity::Instant;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use truth::Truth;

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
    fn begins(&mut self, _: &Campaign, _: &Folder, _: u64) {}
    fn sees(&mut self, _: &Loop, _: Instant) {}
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
        "| campaign | seed | truth at the answer | estimate, 95 % | plates | lost, faults | s |"
    );
    println!("| --- | --- | --- | --- | --- | --- | --- |");
    let mut all = true;
    for name in &names {
        let file = root.join("campaigns").join(format!("{name}.toml"));
        let truth = Truth::of(name, &data)?.ok_or_else(|| format!("nothing is known of {name}"))?;
        if let Truth::Mechanism { best, at, .. } = &truth {
            eprintln!("{name}: the best is {best:.4} at {at:.3?}");
        }
        let mut good = 0;
        let mut worths = Vec::new();
        for seed in 1..=seeds {
            let worth = one(name, &file, seed, &truth)?;
            good += u64::from(worth.good);
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
            "| **{name}** | all | **{good} of {seeds}** {} | least {least:.3}, most points better {} | | | |",
            if worths.iter().all(|worth| worth.share.is_some()) {
                "within 5 % of the optimum"
            } else {
                "among the best 1 %"
            },
            better.iter().max().unwrap_or(&0),
        );
        all &= good * 10 >= seeds * 8;
    }
    Ok(all)
}

fn one(name: &str, file: &Path, seed: u64, truth: &Truth) -> Result<truth::Worth, String> {
    let folder = tempfile::tempdir().map_err(|why| why.to_string())?;
    let request = Request {
        campaign: file.to_owned(),
        out: Some(folder.path().join("run")),
        seed: Some(seed),
        fresh: false,
    };
    let clock = std::time::Instant::now();
    let run = running::run(&request, &mut Unwatched).map_err(|why| format!("{name}: {why:?}"))?;
    let seconds = clock.elapsed().as_secs_f64();
    let answer = run.cycle.answer().ok_or("no answer")?;
    let best = answer
        .candidates
        .first()
        .ok_or("an answer without a candidate")?;
    let worth = truth.worth(name, &best.levels)?;
    let value = match (worth.share, worth.better) {
        (Some(share), _) => format!("{:.4}, {:.1} % of the best", worth.value, 100.0 * share),
        (_, Some(better)) => format!("{:.3}, {better} points are better", worth.value),
        _ => format!("{:.3}", worth.value),
    };
    let state = run.cycle.state();
    println!(
        "| {name} | {seed} | {value}{} | {:.4}, {:.4} to {:.4} | {} | {}, {} | {seconds:.1} |",
        if worth.good { "" } else { " (**not good**)" },
        best.estimate,
        best.interval.0,
        best.interval.1,
        answer.plates,
        answer.rejected,
        state.chronicle.faults.len(),
    );
    Ok(worth)
}
