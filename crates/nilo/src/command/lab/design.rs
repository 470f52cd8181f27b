//! `nilo lab design`: a lab computed for a load, beside the same instruments on benches.

use super::load::LoadArgs;
use super::simulate::outcome;
use crate::exit::{Exit, Failure};
use crate::output::Output;
use lab::Kinds;
use layout::design::{self, Design, Form, Wanted};
use layout::picture;
use quantity::Seed;
use serde_json::{Value, json};
use std::fmt::Write as _;
use std::path::{Path, PathBuf};

/// What the lab is to do, and where to write it.
#[derive(Debug, clap::Args)]
pub struct Args {
    #[command(flatten)]
    load: LoadArgs,
    /// Plates an hour, of all protocols together
    #[arg(long)]
    rate: f64,
    /// No instrument is planned to be busier than this share of its time
    #[arg(long, default_value_t = 0.75)]
    utilisation: f64,
    /// Forms of track that are tried
    #[arg(long, value_enum, value_delimiter = ',', default_values_t = [Track::Loop, Track::Ladder, Track::Tiles])]
    track: Vec<Track>,
    /// The seed of every random choice
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// Where to write the lab file; standard output if not given
    #[arg(long)]
    out: Option<PathBuf>,
    /// Where to draw it; beside the lab file if not given
    #[arg(long)]
    svg: Option<PathBuf>,
    /// Also lay the same instruments out on benches with aisles, and compare
    #[arg(long)]
    compare: bool,
}

/// Forms of track.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub enum Track {
    /// A one-way loop of rails
    Loop,
    /// Lanes of rails in turn one way and the other
    Ladder,
    /// A tile floor of one, two or three spines
    Tiles,
}

impl Track {
    fn forms(self) -> &'static [Form] {
        match self {
            Track::Loop => &[Form::Loop],
            Track::Ladder => &[Form::Ladder(2), Form::Ladder(4)],
            Track::Tiles => &[Form::Tiles(1), Form::Tiles(2), Form::Tiles(3)],
        }
    }
}

/// Designs.
pub fn run(args: &Args, output: &Output) -> Result<Exit, Failure> {
    let load = args.load.read()?;
    let refused = |why: design::DesignError| Failure::refused(why);
    let kinds = Kinds::standard().map_err(|problems| Failure::problems(problems.clone()))?;
    let wanted = Wanted {
        rate: args.rate,
        utilisation: args.utilisation,
        seed: Seed(args.seed),
    };
    let forms: Vec<Form> = args.track.iter().flat_map(|t| t.forms()).copied().collect();
    let designs = design::design(kinds, &load.mix, wanted, &forms).map_err(refused)?;
    let Some(best) = designs.first() else {
        return Err(Failure::refused("no form of track is to be tried")
            .help("name one or more: --track loop,ladder,tiles"));
    };
    let human = args
        .compare
        .then(|| design::human(&load.mix, wanted, &best.need, false))
        .transpose()
        .map_err(refused)?;
    let svg = match &human {
        None => picture::svg(best, "Computed"),
        Some(human) => picture::page(&[
            (best, "Computed"),
            (
                human,
                "The same instruments on benches, by zones, with aisles of 1.5 m",
            ),
        ]),
    };
    let drawing = args
        .svg
        .clone()
        .or_else(|| args.out.as_ref().map(|out| out.with_extension("svg")));
    if let Some(path) = &drawing {
        write(path, &svg)?;
    }
    if let Some(path) = &args.out {
        write(path, &best.text)?;
    }
    let mut text = table(&designs, human.as_ref(), wanted);
    if !best.suffices(wanted.rate) {
        output.message(&format!(
            "warning: in the twin it does {:.2} of the {} plates an hour, and {:.1} % keep every limit",
            best.outcome.plates_per_hour(),
            wanted.rate,
            best.outcome.compliance() * 100.0
        ));
    }
    if args.out.is_none() && !output.is_json() {
        // The lab file is the result; what is known about it goes beside it.
        output.message(&text);
        text.clone_from(&best.text);
    }
    let fields = json!({
        "rate": wanted.rate,
        "utilisation": wanted.utilisation,
        "seed": args.seed,
        "suffices": best.suffices(wanted.rate),
        "toml": best.text,
        "file": args.out,
        "svg": drawing,
        "need": { "counts": best.need.counts, "flow_hours": best.need.flow_hours },
        "designs": designs.iter().map(fields).collect::<Vec<_>>(),
        "benches": human.as_ref().map(fields),
    });
    output.result("lab design", text.trim_end(), fields)?;
    Ok(if best.suffices(wanted.rate) {
        Exit::Success
    } else {
        Exit::Found
    })
}

fn write(path: &Path, text: &str) -> Result<(), Failure> {
    std::fs::write(path, text).map_err(|error| Failure::io(format!("{}: {error}", path.display())))
}

fn fields(design: &Design) -> Value {
    let price = design.price;
    json!({
        "track": design.site.form.to_string(),
        "stations": design.hall.stations.len(),
        "instruments": design.hall.instruments.len(),
        "movers": design.hall.movers.len(),
        "floor_m2": design.floor.area(),
        "price_keur": {
            "instruments": price.instruments,
            "stations": price.stations,
            "transport": price.transport,
            "floor": price.floor,
            "total": price.total(),
        },
        "result": outcome(&design.outcome),
    })
}

/// A line for each design, the first one taken.
fn table(designs: &[Design], human: Option<&Design>, wanted: Wanted) -> String {
    let mut text = format!(
        "{:<18} {:>9} {:>8} {:>7} {:>9} {:>9} {:>10} {:>9} {:>8}\n",
        "track", "stations", "movers", "m²", "k€", "plates/h", "plates/h/m²", "m/plate", "s/plate"
    );
    let mut line = |name: String, d: &Design| {
        let o = &d.outcome;
        let _ = writeln!(
            text,
            "{name:<18} {:>9} {:>8} {:>7.1} {:>9.0} {:>9.2} {:>10.3} {:>9.1} {:>8.1}{}",
            d.hall.stations.len(),
            d.hall.movers.len(),
            d.floor.area(),
            d.price.total(),
            o.plates_per_hour(),
            o.plates_per_hour() / d.floor.area(),
            o.metres(),
            o.mover_seconds(),
            if d.suffices(wanted.rate) {
                ""
            } else {
                "  falls short"
            }
        );
    };
    for design in designs {
        line(design.site.form.to_string(), design);
    }
    if let (Some(human), Some(best)) = (human, designs.first()) {
        line("benches, aisles".to_owned(), human);
        let less = |a: f64, b: f64| (1.0 - a / b) * 100.0;
        let _ = writeln!(
            text,
            "the first needs {:.0} % less floor and {:.0} % fewer mover-metres a plate than the benches",
            less(best.floor.area(), human.floor.area()),
            less(best.outcome.metres(), human.outcome.metres())
        );
    }
    if let Some(best) = designs.first() {
        let counts: Vec<String> = best
            .need
            .counts
            .iter()
            .map(|(kind, count)| format!("{count} {kind}"))
            .collect();
        let _ = writeln!(text, "instruments: {}", counts.join(", "));
    }
    text
}
