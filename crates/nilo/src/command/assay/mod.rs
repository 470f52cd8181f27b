//! `nilo assay`: dose-response curves and plate quality, from a table of anyone's readings.

mod fit;
mod qc;

use crate::exit::{Exit, Failure};
use crate::output::Output;
use clap::Subcommand;

/// Assay statistics.
#[derive(Debug, Subcommand)]
pub enum Assay {
    /// Fit four-parameter dose-response curves
    Fit(fit::Fit),
    /// Judge plates: separation of controls, position effects, hits
    Qc(qc::Qc),
}

/// Runs a command.
pub fn assay(command: Assay, output: &Output) -> Result<Exit, Failure> {
    match command {
        Assay::Fit(args) => fit::fit(&args, output),
        Assay::Qc(args) => qc::qc(&args, output),
    }
}
