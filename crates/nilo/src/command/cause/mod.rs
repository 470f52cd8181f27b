//! `nilo cause`: who drives whom, from a table of anyone's measurements.

mod fit;
mod next;
mod rows;

use crate::exit::{Exit, Failure};
use crate::output::Output;
use clap::Subcommand;

/// Causes.
#[derive(Debug, Subcommand)]
pub enum Cause {
    /// Learn a causal graph from observation and interventions
    Fit(fit::Fit),
    /// Choose the next interventions: a plate of wells that should tell the likely graphs apart
    Next(next::Next),
}

/// Runs a command.
pub fn cause(command: Cause, output: &Output) -> Result<Exit, Failure> {
    match command {
        Cause::Fit(args) => fit::fit(&args, output),
        Cause::Next(args) => next::next(&args, output),
    }
}
