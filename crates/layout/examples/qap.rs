//! The table of QAPLIB instances: `qap [SECONDS] [NAME…]`, from the root of the repository, with
//! instances in the folder `qap` of `NILO_DATA`. One thread; seconds are of processor time, so that
//! other work on the machine does not count.

use layout::qap::{self, Progress};
use quantity::Seed;
use std::path::PathBuf;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut words = std::env::args().skip(1);
    let seconds: f64 = words.next().map_or(Ok(5.0), |word| word.parse())?;
    let chosen: Vec<String> = words.collect();
    let data = std::env::var("NILO_DATA").unwrap_or_else(|_| "../shared/data".into());
    let folder = PathBuf::from(data).join("qap");
    let mut paths: Vec<PathBuf> = std::fs::read_dir(&folder)
        .map_err(|why| format!("{}: {why}; set NILO_DATA", folder.display()))?
        .filter_map(|entry| Some(entry.ok()?.path()))
        .filter(|path| path.extension().is_some_and(|ext| ext == "qap"))
        .collect();
    paths.sort();
    println!("| instance | n | best known | found | gap % | found after s | turns/s |");
    println!("| --- | ---: | ---: | ---: | ---: | ---: | ---: |");
    for path in paths {
        let name = path.file_stem().unwrap_or_default().to_string_lossy();
        if !chosen.is_empty() && !chosen.iter().any(|c| *c == name) {
            continue;
        }
        let (instance, stated) = qap::read_instance(&std::fs::read_to_string(&path)?)?;
        let target = stated.optimum.or(stated.best_known);
        let begun = cpu()?;
        let used = || cpu().unwrap_or(f64::INFINITY) - begun;
        let (mut last, mut found) = (i64::MAX, 0.0);
        let mut turns = 0;
        let solution = qap::solve(&instance, Seed(1), &mut |progress: Progress| {
            if progress.cost < last {
                (last, found) = (progress.cost, used());
            }
            turns = progress.turns;
            used() < seconds && target.is_none_or(|t| last > t)
        });
        if !solution.holds(&instance) {
            return Err(format!("{name}: the solution does not hold").into());
        }
        let best = target.unwrap_or(solution.cost);
        println!(
            "| {name} | {} | {best} | {} | {:.3} | {:.2} | {:.0} |",
            instance.size(),
            solution.cost,
            (solution.cost - best) as f64 / best as f64 * 100.0,
            found,
            turns as f64 / used().max(0.01)
        );
    }
    Ok(())
}

/// Seconds of processor time that this process has used.
fn cpu() -> Result<f64, Box<dyn std::error::Error>> {
    // Fields 14 and 15 of stat(5), in ticks of 1/100 s; the name in field 2 may hold blanks.
    let stat = std::fs::read_to_string("/proc/self/stat")?;
    let rest = stat.rsplit(')').next().unwrap_or_default();
    let fields = rest.split_whitespace().skip(11).take(2);
    Ok(fields.flat_map(str::parse::<u64>).sum::<u64>() as f64 / 100.0)
}
