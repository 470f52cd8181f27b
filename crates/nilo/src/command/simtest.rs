//! `nilo simtest`: the deterministic simulation test, as long as one likes.

use crate::exit::{Exit, Failure};
use crate::output::Output;
use clap::Args;
use serde_json::json;
use simtest::{Sweep, Swept};
use std::ops::Range;
use std::sync::Mutex;
use std::thread::available_parallelism;
use std::time::{Duration, Instant};

/// Failing seeds after which a sweep ends: more say nothing new.
const FAILURES_MAX: usize = 10;

/// Time between two lines of progress.
const SAY_EVERY: Duration = Duration::from_secs(5);

/// The first seed if none is given, so that the same command runs the same worlds.
const SEED_FIRST: u64 = 0;

/// Seeds that are run if neither they nor a time is given.
const SEEDS_DEFAULT: u64 = 1000;

/// Which worlds to run.
#[derive(Debug, Args)]
pub struct Simtest {
    /// Run seeds for so many hours
    #[arg(long, value_parser = hours)]
    pub hours: Option<f64>,
    /// Run these seeds, such as 0..1000; the last is not included, and may be left out with --hours
    #[arg(long, value_parser = seeds, conflicts_with = "seed")]
    pub seeds: Option<Range<u64>>,
    /// Run this one seed
    #[arg(long)]
    pub seed: Option<u64>,
    /// Print the events of the seed, in a run that is never killed, killed whole, or outlived by its world
    #[arg(long, requires = "seed", value_name = "WAY", value_parser = ["whole", "killed", "outlived"])]
    pub tell: Option<String>,
    /// Threads; as many as there are cores if not given
    #[arg(long)]
    pub threads: Option<usize>,
}

fn hours(text: &str) -> Result<f64, String> {
    match text.parse::<f64>() {
        Ok(hours) if hours > 0.0 && hours < 1e6 => Ok(hours),
        _ => Err("expected a number of hours above 0, such as 0.05".to_owned()),
    }
}

fn seeds(text: &str) -> Result<Range<u64>, String> {
    let wrong = || "expected a range of seeds, such as 0..1000 or 5000..".to_owned();
    let (from, to) = text.split_once("..").ok_or_else(wrong)?;
    let from = from.parse().map_err(|_| wrong())?;
    let to = if to.is_empty() {
        u64::MAX
    } else {
        to.parse().map_err(|_| wrong())?
    };
    if from < to {
        Ok(from..to)
    } else {
        Err(format!("there is no seed in {text}"))
    }
}

impl Simtest {
    fn sweep(&self) -> Sweep {
        let seeds = match (self.seed, &self.seeds) {
            (Some(seed), _) => seed..seed.saturating_add(1),
            (None, Some(seeds)) => seeds.clone(),
            (None, None) if self.hours.is_some() => SEED_FIRST..u64::MAX,
            (None, None) => SEED_FIRST..SEED_FIRST + SEEDS_DEFAULT,
        };
        let cores = || available_parallelism().map_or(1, usize::from);
        Sweep {
            from: seeds.start,
            to: (seeds.end < u64::MAX).then_some(seeds.end),
            lasts: self.hours.map(|h| Duration::from_secs_f64(h * 3600.0)),
            threads: self.threads.unwrap_or_else(cores).max(1),
            failures_max: FAILURES_MAX,
        }
    }
}

/// Runs the simulation test.
pub fn simtest(args: &Simtest, output: &Output) -> Result<Exit, Failure> {
    if let (Some(seed), Some(way)) = (args.seed, &args.tell) {
        return tell(seed, way, output);
    }
    let what = args.sweep();
    if what.to.is_none() && what.lasts.is_none() {
        return Err(
            Failure::refused("a range of seeds without an end never ends")
                .help("give its end, or --hours"),
        );
    }
    let begun = Instant::now();
    // The code under test may panic on several threads; its message belongs to the seed's failure.
    let hook = std::panic::take_hook();
    std::panic::set_hook(Box::new(|_| {}));
    let said = Mutex::new(begun);
    let swept = simtest::sweep(what, |swept| {
        if let Ok(mut said) = said.lock()
            && said.elapsed() >= SAY_EVERY
        {
            *said = Instant::now();
            output.message(&line(swept, begun.elapsed()));
        }
    });
    std::panic::set_hook(hook);
    for failure in &swept.failures {
        output.message(&format!("failed: {failure}"));
    }
    let fields = json!({
        "ok": swept.failures.is_empty(),
        "seeds": swept.seeds,
        "from": what.from,
        "next": swept.next,
        "orders": swept.sum.orders,
        "completed": swept.sum.completed,
        "faults": swept.sum.faults,
        "inputs": swept.sum.inputs,
        "kills": swept.sum.kills,
        "seconds": begun.elapsed().as_secs_f64(),
        "failures": swept.failures.iter().map(|failure| json!({
            "seed": failure.seed,
            "what": failure.what,
            "replay": failure.replay(),
        })).collect::<Vec<_>>(),
    });
    output.result("simtest", &line(&swept, begun.elapsed()), fields)?;
    Ok(if swept.failures.is_empty() {
        Exit::Success
    } else {
        Exit::Found
    })
}

fn line(swept: &Swept, took: Duration) -> String {
    let sum = &swept.sum;
    format!(
        "{} seeds in {} s, {} failed: {} orders of which {} completed, {} faults, {} kills",
        swept.seeds,
        took.as_secs(),
        swept.failures.len(),
        sum.orders,
        sum.completed,
        sum.faults,
        sum.kills
    )
}

fn tell(seed: u64, way: &str, output: &Output) -> Result<Exit, Failure> {
    let lines = simtest::tell(seed, way).map_err(Failure::internal)?;
    let fields = json!({ "seed": seed, "way": way, "lines": lines });
    output.result("simtest", &lines.join("\n"), fields)?;
    Ok(Exit::Success)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranges_of_seeds() {
        assert_eq!(seeds("3..9"), Ok(3..9));
        assert_eq!(seeds("3.."), Ok(3..u64::MAX));
        for wrong in ["9..3", "3", "..3", "a..b", "3..3"] {
            assert!(seeds(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn hours_are_above_nothing() {
        assert_eq!(hours("0.5"), Ok(0.5));
        for wrong in ["0", "-1", "NaN", "inf", "x"] {
            assert!(hours(wrong).is_err(), "{wrong}");
        }
    }
}
