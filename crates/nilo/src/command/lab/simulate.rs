//! `nilo lab simulate`: what a lab gets done under a load, and what it waits for.

use super::load::{LoadArgs, Loaded};
use crate::exit::{Exit, Failure};
use crate::files;
use crate::output::Output;
use lab::{Hall, LabFile};
use layout::bound::{Load, loads};
use layout::next::{Change, one_less, one_more};
use layout::simulate::{Outcome, Request, simulate};
use quantity::Seed;
use serde_json::{Value, json};
use source::Problems;
use std::fmt::Write;
use std::path::PathBuf;

/// Which lab, under which load, for how long.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// The lab file
    lab: PathBuf,
    #[command(flatten)]
    load: LoadArgs,
    /// Plates an hour that are handed in; as many as the lab can do if not given
    #[arg(long)]
    rate: Option<f64>,
    /// Hours that are simulated
    #[arg(long, default_value_t = 24.0)]
    hours: f64,
    /// Hours at the start that do not count; a third of all if not given
    #[arg(long)]
    warm_up: Option<f64>,
    /// How often things break, as a multiple of what is typical
    #[arg(long, default_value_t = 0.0)]
    faults: f64,
    /// The seed of every random choice
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// How many instruments are tried, one more of each, to find which would help most
    #[arg(long, default_value_t = 3)]
    next: usize,
    /// Runs in which each of these is compared with the lab as it is, with the same draws in both
    #[arg(long, default_value_t = 4, value_parser = clap::value_parser!(u64).range(2..=1000))]
    runs: u64,
}

impl Args {
    fn request(&self) -> Result<Request, Failure> {
        let positive = |name: &str, number: f64| {
            let sound = number.is_finite() && number > 0.0;
            sound.then_some(number).ok_or_else(|| {
                Failure::refused(format!("--{name} {number}: expected a number above zero"))
            })
        };
        let hours = positive("hours", self.hours)?;
        let warm_up = self.warm_up.unwrap_or(hours / 3.0);
        if !(0.0..hours).contains(&warm_up) {
            return Err(Failure::refused(format!(
                "--warm-up {warm_up}: expected hours from 0 to less than the {hours} that are simulated"
            )));
        }
        if !(self.faults.is_finite() && self.faults >= 0.0) {
            return Err(Failure::refused(format!(
                "--faults {}: expected 0 or more",
                self.faults
            )));
        }
        Ok(Request {
            rate: self.rate.map(|rate| positive("rate", rate)).transpose()?,
            hours,
            warm_up,
            faults: self.faults,
            seed: Seed(self.seed),
        })
    }
}

/// Simulates.
pub fn run(args: &Args, output: &Output) -> Result<Exit, Failure> {
    let request = args.request()?;
    let document = files::document(&args.lab)?;
    let (file, warnings) = LabFile::read(&document).map_err(Failure::problems)?;
    if !warnings.is_empty() {
        output.message(&warnings.to_string());
    }
    let load = args.load.read()?;
    fits(&file.hall, &load)?;
    let refused = |why: &dyn std::fmt::Display| Failure::refused(why.to_string());
    let bounds = loads(&file.hall, &load.mix).map_err(|why| refused(&why))?;
    let outcome = simulate(&file.hall, &load.mix, request).map_err(|why| refused(&why))?;
    // What helps is asked of a lab that is kept full: below that, nothing does.
    let full = Request {
        rate: None,
        ..request
    };
    let (most, next) = match args.next {
        0 => (outcome.plates_per_hour(), Vec::new()),
        tried => {
            one_more(&file.hall, &load.mix, full, tried, args.runs).map_err(|why| refused(&why))?
        }
    };
    let less = one_less(&file.hall, &load.mix);
    let report = Report {
        hall: &file.hall,
        request,
        outcome: &outcome,
        bounds: &bounds,
        most,
        runs: args.runs,
        next: &next,
        less: &less,
    };
    output.result("lab simulate", report.text().trim_end(), report.json())?;
    Ok(Exit::Success)
}

/// Refuses a load that the hall can't do.
pub fn fits(hall: &Hall, load: &Loaded) -> Result<(), Failure> {
    let mut problems = Problems::default();
    for file in &load.files {
        problems.extend(lab::check(hall, file));
    }
    if problems.errors() > 0 {
        return Err(Failure::problems(problems));
    }
    Ok(())
}

/// What was found out about a hall under a load.
struct Report<'a> {
    hall: &'a Hall,
    request: Request,
    outcome: &'a Outcome,
    bounds: &'a [Load],
    /// Plates an hour when it is kept full.
    most: f64,
    /// Runs of each change.
    runs: u64,
    next: &'a [Change],
    less: &'a [Change],
}

/// Lines of lists that grow with the hall.
const LINES: usize = 8;

impl Report<'_> {
    fn text(&self) -> String {
        let (o, mut t) = (self.outcome, String::new());
        let load = match self.request.rate {
            Some(rate) => format!("{rate} plates an hour handed in"),
            None => "kept full".to_owned(),
        };
        let _ = writeln!(
            t,
            "{}: {} h, {load}; the last {:.1} h count",
            self.hall.name, self.request.hours, o.hours
        );
        let bound = self.bounds.first();
        let _ = writeln!(
            t,
            "  {:.2} plates an hour ({} finished){}; {:.1} % kept every limit between steps",
            o.plates_per_hour(),
            o.finished(),
            bound.map_or(String::new(), |b| format!(
                ", at most {:.2} by its instruments",
                b.plates_per_hour
            )),
            o.compliance() * 100.0
        );
        for (name, book) in &o.books {
            let _ = writeln!(
                t,
                "    {name}: {} finished, {} otherwise, {} limits broken",
                book.finished, book.otherwise, book.lags_broken
            );
        }
        for (why, count) in o.whys.iter().take(LINES) {
            let _ = writeln!(t, "    {count} {why}");
        }
        if let Some(b) = bound {
            let _ = writeln!(
                t,
                "  bottleneck: {} ({} at once, {:.0} s a plate): {:.2} plates an hour at most",
                b.kinds.join(", "),
                b.at_once,
                b.seconds,
                b.plates_per_hour
            );
        }
        let _ = writeln!(t, "  instruments at work:");
        for (kind, count, mean, most) in by_kind(o).into_iter().take(2 * LINES) {
            let (mean, most) = (mean * 100.0, most * 100.0);
            let _ = writeln!(
                t,
                "    {kind:<22} {count:>3}  mean {mean:>5.1} %  busiest {most:>5.1} %"
            );
        }
        if let Some(arm) = o.arms.first() {
            let mean = o.arms.iter().map(|a| a.share).sum::<f64>() / o.arms.len() as f64;
            let _ = writeln!(
                t,
                "  arms: mean {:.1} %, busiest {:.1} % ({}); movers: mean {:.1} %, busiest {:.1} %",
                mean * 100.0,
                arm.share * 100.0,
                arm.station,
                o.movers[0] * 100.0,
                o.movers[1] * 100.0
            );
        }
        let _ = writeln!(
            t,
            "  a plate: {:.1} m and {:.1} s of movers ({:.1} m of it empty), {:.2} h from order to end",
            o.metres(),
            o.mover_seconds(),
            o.metres_per_plate[1],
            o.flow_hours
        );
        for (name, hours) in &o.plate_hours {
            let _ = writeln!(t, "    {name:<24} {hours:>8.3} h");
        }
        let _ = writeln!(t, "  orders that wait, on average:");
        for (cause, count) in &o.waiting {
            let _ = writeln!(t, "    for {cause:<22} {count:>8.2}");
        }
        let _ = writeln!(
            t,
            "  busiest piece of track: {:.0} movers an hour",
            o.busiest_block_per_hour()
        );
        let [runs, plates] = o.shared;
        if runs > 0 {
            let each = plates as f64 / runs as f64;
            let _ = writeln!(
                t,
                "  {runs} runs of instruments that take several plates at once, {each:.2} in each"
            );
        }
        if !self.next.is_empty() {
            let _ = writeln!(
                t,
                "  kept full, as it is: {:.2} plates an hour in the mean of {} runs",
                self.most, self.runs
            );
        }
        for change in self.next {
            let percent = |rate: f64| rate / self.most.max(1e-9) * 100.0;
            let gain = change.gain.map_or(String::new(), |gain| {
                let (low, high) = (gain.mean - gain.within, gain.mean + gain.within);
                let shows = if gain.shows() {
                    ""
                } else {
                    ": no difference is seen"
                };
                format!(
                    " ({:+.1} %, with 90 % between {:+.1} and {:+.1}{shows})",
                    percent(gain.mean),
                    percent(low),
                    percent(high)
                )
            });
            let _ = writeln!(
                t,
                "  one more {}: {:.2} plates an hour{gain}",
                change.kind, change.plates_per_hour
            );
        }
        for change in self.less.iter().take(3) {
            let _ = writeln!(
                t,
                "  one {} out of order: at most {:.2} plates an hour",
                change.kind, change.plates_per_hour
            );
        }
        t
    }

    fn json(&self) -> Value {
        let o = self.outcome;
        let change = |c: &Change| {
            json!({
                "kind": c.kind,
                "plates_per_hour": c.plates_per_hour,
                "simulated": c.gain.is_some(),
                "gain": c.gain.map(|gain| json!({
                    "mean": gain.mean,
                    "low": gain.mean - gain.within,
                    "high": gain.mean + gain.within,
                    "shows": gain.shows(),
                })),
            })
        };
        json!({
            "lab": &*self.hall.name,
            "rate": self.request.rate,
            "hours": self.request.hours,
            "warm_up_hours": self.request.warm_up,
            "seed": self.request.seed.0,
            "result": outcome(o),
            "bounds": self.bounds.iter().map(|b| json!({
                "kinds": b.kinds,
                "instruments": b.instruments,
                "at_once": b.at_once,
                "seconds_per_plate": b.seconds,
                "plates_per_hour": b.plates_per_hour,
            })).collect::<Vec<_>>(),
            "plates_per_hour_when_full": self.most,
            "runs": self.runs,
            "one_more": self.next.iter().map(change).collect::<Vec<_>>(),
            "one_less": self.less.iter().map(change).collect::<Vec<_>>(),
        })
    }
}

/// An outcome as JSON.
pub fn outcome(o: &Outcome) -> Value {
    json!({
        "plates_per_hour": o.plates_per_hour(),
        "finished": o.finished(),
        "lag_compliance": o.compliance(),
        "protocols": o.books.iter().map(|(name, b)| json!({
            "name": name,
            "finished": b.finished,
            "otherwise": b.otherwise,
            "lags_broken": b.lags_broken,
        })).collect::<Vec<_>>(),
        "ended_otherwise": o.whys,
        "instruments": o.instruments.iter().map(|i| json!({
            "name": i.name, "kind": i.kind, "utilisation": i.share,
        })).collect::<Vec<_>>(),
        "arms": o.arms.iter().map(|a| json!({
            "station": a.station, "utilisation": a.share,
        })).collect::<Vec<_>>(),
        "movers": { "mean": o.movers[0], "busiest": o.movers[1] },
        "metres_per_plate": { "loaded": o.metres_per_plate[0], "empty": o.metres_per_plate[1] },
        "mover_seconds_per_plate": {
            "loaded": o.mover_seconds_per_plate[0], "empty": o.mover_seconds_per_plate[1],
        },
        "flow_hours": o.flow_hours,
        "plate_hours": o.plate_hours,
        "waiting": o.waiting,
        "busiest_block_per_hour": o.busiest_block_per_hour(),
        "cleared": o.cleared,
        "shared_runs": o.shared[0],
        "shared_plates": o.shared[1],
        "breaches": o.breaches,
    })
}

/// Kinds with how many, the mean and the greatest share of their time at work; the busiest first.
fn by_kind(o: &Outcome) -> Vec<(&str, usize, f64, f64)> {
    let mut kinds: Vec<(&str, usize, f64, f64)> = Vec::new();
    for one in &o.instruments {
        match kinds.iter_mut().find(|k| k.0 == one.kind) {
            Some(kind) => {
                kind.1 += 1;
                kind.2 += one.share;
                kind.3 = kind.3.max(one.share);
            }
            None => kinds.push((&one.kind, 1, one.share, one.share)),
        }
    }
    for kind in &mut kinds {
        kind.2 /= kind.1 as f64;
    }
    kinds.sort_by(|a, b| b.2.total_cmp(&a.2));
    kinds
}
