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
    /// Protocol files, each with a number of plates if that is not one: elisa.toml=8
    protocols: Vec<String>,
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
    let (hall, recipes) = wanted(args, output)?;
    let plates = recipes.iter().fold(0_u32, |sum, r| sum.saturating_add(r.1));
    if plates > PLATES_MOST {
        return Err(Failure::refused(format!(
            "{plates} plates: {PLATES_MOST} at most are planned at once"
        )));
    }
    let orders = dealt(&recipes);
    let forecast: Forecast = forecast(&hall, &orders, args.tries).map_err(Failure::refused)?;
    let wrong = forecast.planner.audit(quantity::Instant::EPOCH);
    if let Some(first) = wrong.first() {
        return Err(Failure::internal(format!("the plan is wrong: {first}")));
    }
    let view = View::new(&hall, &forecast);
    if let Some(path) = &args.svg {
        std::fs::write(path, picture::svg(&view))
            .map_err(|error| Failure::io(format!("{}: {error}", path.display())))?;
    }
    for (order, why) in &forecast.refused {
        output.message(&format!("{order} is not taken: {why}"));
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

/// Recipes, each with a number of plates.
type Counted = Vec<(Recipe, u32)>;

/// The hall, and what is to be done there how often.
fn wanted(args: &Args, output: &Output) -> Result<(Arc<Hall>, Counted), Failure> {
    let (path, count) = counted(&args.lab)?;
    if args.protocols.is_empty() {
        let loaded = Loaded::open(&path)?;
        if !loaded.warnings.is_empty() {
            output.message(&loaded.warnings.to_string());
        }
        let recipe = Recipe::new(loaded.file.protocol.protocol.clone(), REAGENTS);
        let in_flight = loaded.file.campaign.budget.in_flight;
        return Ok((loaded.hall, vec![(recipe, count.unwrap_or(in_flight))]));
    }
    if let Some(count) = count {
        return Err(Failure::refused(format!(
            "{}={count}: a lab is not done a number of times",
            path.display()
        ))
        .help("write the number of plates behind their protocol, such as elisa.toml=8"));
    }
    let document = files::document(&path)?;
    let (file, warnings) = LabFile::read(&document).map_err(Failure::problems)?;
    if !warnings.is_empty() {
        output.message(&warnings.to_string());
    }
    let catalogue = Catalogue::standard();
    let mut recipes = Vec::new();
    let mut problems = Problems::default();
    for word in &args.protocols {
        let (path, count) = counted(word)?;
        let document = files::document(&path)?;
        let (protocol, _) = ProtocolFile::read(&document, &catalogue).map_err(Failure::problems)?;
        problems.extend(lab::check(&file.hall, &protocol));
        let recipe = Recipe::new(protocol.protocol.clone(), REAGENTS);
        recipes.push((recipe, count.unwrap_or(1)));
    }
    if problems.errors() > 0 {
        return Err(Failure::problems(problems));
    }
    Ok((file.hall, recipes))
}

/// Orders of all recipes, evenly mixed.
fn dealt(recipes: &[(Recipe, u32)]) -> Vec<Arc<Order>> {
    let mut turns: Vec<(f64, usize)> = Vec::new();
    for (index, (_, count)) in recipes.iter().enumerate() {
        turns.extend((0..*count).map(|n| ((f64::from(n) + 0.5) / f64::from(*count), index)));
    }
    turns.sort_by(|a, b| a.0.total_cmp(&b.0).then(a.1.cmp(&b.1)));
    (turns.iter().zip(1..))
        .map(|(&(_, recipe), number)| recipes[recipe].0.order(number))
        .collect()
}

/// `FILE` or `FILE=COUNT`.
fn counted(word: &str) -> Result<(PathBuf, Option<u32>), Failure> {
    match word.rsplit_once('=') {
        Some((path, count)) if !Path::new(word).exists() => match count.parse() {
            Ok(count) if count > 0 => Ok((path.into(), Some(count))),
            _ => Err(
                Failure::refused(format!("{word}: '{count}' is not a number of plates"))
                    .help("write a whole number above zero after '=', such as elisa.toml=8"),
            ),
        },
        _ => Ok((word.into(), None)),
    }
}
