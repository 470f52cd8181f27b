//! `nilo plan`: what a lab would do with so many plates of these protocols, drawn before anything moves.

mod picture;
mod view;

use crate::exit::{Exit, Failure};
use crate::files;
use crate::loading::Loaded;
use crate::output::Output;
use conductor::{Forecast, forecast};
use lab::{Hall, LabFile};
use labware::Catalogue;
use layout::load::Recipe;
use layout::simulate::REAGENTS;
use protocol::{Order, ProtocolFile};
use quantity::{Duration, Instant, QuantityError};
use serde_json::json;
use source::Problems;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use view::View;

/// The most plates that are planned at once.
const PLATES_MOST: u32 = 10_000;

/// Which lab, and what is to be done.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// The lab file, with protocols; or a campaign file: its lab, its protocol, and as many plates as it keeps in
    /// flight, unless it says how many: gb1.toml=12
    lab: String,
    /// Protocol files, each with a number of plates if that is not one, and by when they must be finished if they
    /// must: elisa.toml=8, elisa.toml=8@6h
    protocols: Vec<String>,
    /// By when the plates must be finished for which nothing else is said: 6h. What can't be is refused, with the
    /// earliest that can be promised
    #[arg(long, value_name = "SPAN")]
    deadline: Option<String>,
    /// Draw the plan into this file
    #[arg(long)]
    svg: Option<PathBuf>,
    /// Tries to improve the plan
    #[arg(long, default_value_t = 2_000)]
    tries: u64,
    /// Columns of the drawing in the terminal
    #[arg(long, default_value_t = 96, value_parser = clap::value_parser!(u16).range(20..=1000))]
    columns: u16,
}

/// Plans and draws.
pub fn run(args: &Args, output: &Output) -> Result<Exit, Failure> {
    let (hall, wanted) = wanted(args, output)?;
    let plates = (wanted.iter()).fold(0_u32, |sum, w| sum.saturating_add(w.plates));
    if plates > PLATES_MOST {
        return Err(Failure::refused(format!(
            "{plates} plates: {PLATES_MOST} at most are planned at once"
        )));
    }
    let orders = dealt(&wanted);
    let forecast: Forecast = forecast(&hall, &orders, args.tries).map_err(Failure::refused)?;
    let wrong = forecast.planner.audit(Instant::EPOCH);
    if let Some(first) = wrong.first() {
        return Err(Failure::internal(format!("the plan is wrong: {first}")));
    }
    let view = View::new(&hall, &forecast);
    if let Some(path) = &args.svg {
        std::fs::write(path, picture::svg(&view))
            .map_err(|error| Failure::io(format!("{}: {error}", path.display())))?;
    }
    for refused in &forecast.refused {
        output.message(&format!("{} is not taken: {}", refused.order, refused.why));
    }
    let mut fields = view.json();
    fields["svg"] = json!(args.svg);
    output.result(
        "plan",
        view.text(usize::from(args.columns)).trim_end(),
        fields,
    )?;
    Ok(if forecast.refused.is_empty() {
        Exit::Success
    } else {
        Exit::Found
    })
}

/// A recipe, and what is wanted of it.
struct Wanted {
    recipe: Recipe,
    plates: u32,
    deadline: Option<Instant>,
}

/// The hall, and what is to be done there how often.
fn wanted(args: &Args, output: &Output) -> Result<(Arc<Hall>, Vec<Wanted>), Failure> {
    let deadline = args.deadline.as_deref().map(after_start).transpose()?;
    let (path, count, by) = counted(&args.lab)?;
    if args.protocols.is_empty() {
        let loaded = Loaded::open(&path)?;
        if !loaded.warnings.is_empty() {
            output.message(&loaded.warnings.to_string());
        }
        let wanted = Wanted {
            recipe: Recipe::new(loaded.file.protocol.protocol.clone(), REAGENTS),
            plates: count.unwrap_or(loaded.file.campaign.budget.in_flight),
            deadline: by.or(deadline),
        };
        return Ok((loaded.hall, vec![wanted]));
    }
    if count.is_some() || by.is_some() {
        return Err(Failure::refused(format!(
            "{}: a lab is not done a number of times, nor by some time",
            args.lab
        ))
        .help("write the number of plates behind their protocol, such as elisa.toml=8 or elisa.toml=8@6h"));
    }
    let document = files::document(&path)?;
    let (file, warnings) = LabFile::read(&document).map_err(Failure::problems)?;
    if !warnings.is_empty() {
        output.message(&warnings.to_string());
    }
    let catalogue = Catalogue::standard();
    let mut wanted = Vec::new();
    let mut problems = Problems::default();
    for word in &args.protocols {
        let (path, count, by) = counted(word)?;
        let document = files::document(&path)?;
        let (protocol, _) = ProtocolFile::read(&document, &catalogue).map_err(Failure::problems)?;
        problems.extend(lab::check(&file.hall, &protocol));
        wanted.push(Wanted {
            recipe: Recipe::new(protocol.protocol.clone(), REAGENTS),
            plates: count.unwrap_or(1),
            deadline: by.or(deadline),
        });
    }
    if problems.errors() > 0 {
        return Err(Failure::problems(problems));
    }
    Ok((file.hall, wanted))
}

/// Orders for all that is wanted, evenly mixed.
fn dealt(wanted: &[Wanted]) -> Vec<Arc<Order>> {
    let mut turns: Vec<(f64, usize)> = Vec::new();
    for (index, Wanted { plates, .. }) in wanted.iter().enumerate() {
        turns.extend((0..*plates).map(|n| ((f64::from(n) + 0.5) / f64::from(*plates), index)));
    }
    turns.sort_by(|a, b| a.0.total_cmp(&b.0).then(a.1.cmp(&b.1)));
    (turns.iter().zip(1..))
        .map(|(&(_, index), number)| {
            let order = wanted[index].recipe.order(number);
            match wanted[index].deadline {
                None => order,
                deadline => Arc::new(Order {
                    deadline,
                    ..(*order).clone()
                }),
            }
        })
        .collect()
}

/// So long after the start.
fn after_start(span: &str) -> Result<Instant, Failure> {
    let wrong = |why: String| {
        Failure::refused(format!(
            "'{span}' is no time by which to be finished: {why}"
        ))
        .help("write a span from the start with its unit, such as 6h or 90min")
    };
    let span: Duration = (span.parse()).map_err(|error: QuantityError| wrong(error.to_string()))?;
    if span <= Duration::ZERO {
        return Err(wrong("it is not after the start".into()));
    }
    Ok(Instant::EPOCH + span)
}

/// What `FILE`, `FILE=COUNT`, `FILE@SPAN` or `FILE=COUNT@SPAN` says.
type Counted = (PathBuf, Option<u32>, Option<Instant>);

fn counted(word: &str) -> Result<Counted, Failure> {
    if Path::new(word).exists() {
        return Ok((word.into(), None, None));
    }
    let (word, by) = match word.rsplit_once('@') {
        Some((word, span)) => (word, Some(after_start(span)?)),
        None => (word, None),
    };
    match word.rsplit_once('=') {
        Some((path, count)) if !Path::new(word).exists() => match count.parse() {
            Ok(count) if count > 0 => Ok((path.into(), Some(count), by)),
            _ => Err(
                Failure::refused(format!("{word}: '{count}' is not a number of plates"))
                    .help("write a whole number above zero after '=', such as elisa.toml=8"),
            ),
        },
        _ => Ok((word.into(), None, by)),
    }
}
