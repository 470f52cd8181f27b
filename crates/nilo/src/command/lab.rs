//! `nilo lab`: labs made, looked at and tried out.

pub mod design;
mod load;
pub mod simulate;

use crate::cli::Lab;
use crate::exit::{Exit, Failure};
use crate::files;
use crate::output::Output;
use bus::Role;
use lab::{Hall, LabFile};
use serde_json::json;
use std::collections::BTreeMap;
use std::fmt::Write;
use std::path::Path;

/// Runs a command on labs.
pub fn lab(command: Lab, output: &Output) -> Result<Exit, Failure> {
    match command {
        Lab::Generate { stations, out } => generate(stations, out.as_deref(), output),
        Lab::Show { file } => show(&file, output),
        Lab::Design(args) => design::run(&args, output),
        Lab::Simulate(args) => simulate::run(&args, output),
    }
}

/// The smallest hall that can do every protocol that ships: a bench.
const STATIONS_MIN: usize = 6;

fn generate(stations: usize, out: Option<&Path>, output: &Output) -> Result<Exit, Failure> {
    if !(STATIONS_MIN..=lab::limits::MAX_STATIONS).contains(&stations) {
        return Err(Failure::refused(format!(
            "a hall of {stations} stations can't be made: {} to {} can",
            STATIONS_MIN,
            lab::limits::MAX_STATIONS
        )));
    }
    let text = lab::generate(stations);
    match out {
        None if output.is_json() => output.result(
            "lab generate",
            "",
            json!({ "stations": stations, "toml": text }),
        )?,
        None => output.text(text.trim_end())?,
        Some(path) => {
            std::fs::write(path, &text)
                .map_err(|error| Failure::io(format!("{}: {error}", path.display())))?;
            let line = format!("{}: a lab of {stations} stations", path.display());
            output.result(
                "lab generate",
                &line,
                json!({ "stations": stations, "file": path }),
            )?;
        }
    }
    Ok(Exit::Success)
}

fn show(path: &Path, output: &Output) -> Result<Exit, Failure> {
    let document = files::document(path)?;
    let (file, warnings) = LabFile::read(&document).map_err(Failure::problems)?;
    if !warnings.is_empty() {
        output.message(&warnings.to_string());
    }
    let hall = &file.hall;
    let mut kinds: BTreeMap<&str, usize> = BTreeMap::new();
    for instrument in &hall.instruments {
        *kinds.entry(&instrument.kind).or_default() += 1;
    }
    output.result(
        "lab show",
        text(hall, file.about.as_deref(), &kinds).trim_end(),
        json!({
            "name": &*hall.name,
            "stations": hall.stations.len(),
            "movers": hall.movers.len(),
            "instruments": kinds,
            "nests": hall.nests.len(),
            "homes": homes(hall),
            "berths": hall.track.berths().len(),
            "track_m": length_m(hall),
        }),
    )?;
    Ok(Exit::Success)
}

fn homes(hall: &Hall) -> usize {
    hall.with_role(Role::Storage)
        .map(|hotel| hotel.nests.len())
        .sum()
}

fn length_m(hall: &Hall) -> f64 {
    hall.track
        .blocks()
        .iter()
        .map(|block| block.length.as_m())
        .sum()
}

fn text(hall: &Hall, about: Option<&str>, kinds: &BTreeMap<&str, usize>) -> String {
    let mut text = String::new();
    let _ = writeln!(
        text,
        "{}{}",
        hall.name,
        about.map(|about| format!(": {about}")).unwrap_or_default()
    );
    let _ = writeln!(
        text,
        "  {} stations, {} instruments with {} nests, room for {} plates",
        hall.stations.len(),
        hall.instruments.len(),
        hall.nests.len(),
        homes(hall)
    );
    let _ = writeln!(
        text,
        "  {} movers on {:.0} m of track with {} berths",
        hall.movers.len(),
        length_m(hall),
        hall.track.berths().len()
    );
    for (kind, count) in kinds {
        let _ = writeln!(text, "  {count:>4} {kind}");
    }
    text
}
