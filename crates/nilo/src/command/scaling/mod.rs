//! `nilo scaling`: what more of a resource buys.

mod fit;
mod measure;

use crate::exit::{Exit, Failure};
use crate::output::Output;
use clap::Subcommand;

/// Scaling laws.
#[derive(Debug, Subcommand)]
pub enum Scaling {
    /// Fit a scaling law to a table: resources spent, and what came of it
    Fit(fit::Fit),
    /// Run a campaign at many budgets in the twin, with experiments chosen by the loop, at random, and
    /// as passive data have them, and fit what more experiments buy
    Measure(measure::Measure),
}

/// Runs a command.
pub fn scaling(command: Scaling, output: &Output) -> Result<Exit, Failure> {
    match command {
        Scaling::Fit(args) => fit::fit(&args, output),
        Scaling::Measure(args) => measure::measure(&args, output),
    }
}
