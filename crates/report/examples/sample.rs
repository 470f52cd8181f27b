//! Writes the report of a run that never was, to look at: `cargo run -p report --example sample
//! [FOLDER]`. Its hall, wells and faults are drawn from a seed, with the structure of a real run.

#[path = "../tests/sample/mod.rs"]
mod sample;

use std::path::PathBuf;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let folder = std::env::args_os().nth(1);
    let folder = folder.map_or_else(|| std::env::temp_dir().join("report-sample"), PathBuf::from);
    let written = report::write(&sample::run(), &folder)?;
    println!("{}", written.html.display());
    Ok(())
}
