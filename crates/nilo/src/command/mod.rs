//! One file for each command.

pub mod assay;
pub mod bench;
pub mod cause;
mod check;
pub mod claims;
pub mod design;
mod journal;
pub mod lab;
pub mod plan;
pub mod proposer;
mod replay;
mod run;
mod runs;
pub mod scaling;
pub mod simtest;

use crate::cli::{Cli, Command};
use crate::exit::{Exit, Failure};
use crate::output::Output;
use clap::CommandFactory;

/// Runs a command.
pub fn run(command: Command, output: &Output) -> Result<Exit, Failure> {
    match command {
        Command::Check { files } => check::check(&files, output),
        Command::Cause(command) => cause::cause(command, output),
        Command::Scaling(command) => scaling::scaling(command, output),
        Command::Assay(command) => assay::assay(command, output),
        Command::Run(args) => run::run(&args, output),
        Command::Runs { folder } => runs::list(&folder, output),
        Command::Show { run } => runs::show(&run, output),
        Command::Replay(args) => replay::replay(&args, output),
        Command::Lab(command) => lab::lab(command, output),
        Command::Plan(args) => plan::run(&args, output),
        Command::Bench(command) => bench::bench(&command, output),
        Command::Journal(command) => journal::journal(command, output),
        Command::Simtest(args) => simtest::simtest(&args, output),
        Command::Claims(command) => claims::claims(command, output),
        Command::Proposer(command) => proposer::proposer(&command, output),
        Command::Design(args) => design::design(&args),
        Command::Completions { shell } => {
            let mut script = Vec::new();
            clap_complete::generate(shell, &mut Cli::command(), "nilo", &mut script);
            output.text(String::from_utf8_lossy(&script).trim_end())?;
            Ok(Exit::Success)
        }
    }
}
