//! `nilo bench`: anyone's instances solved, and the solutions written for anyone to check.

pub mod clock;
mod mapf;
mod qap;
mod schedule;

use crate::exit::{Exit, Failure};
use crate::output::Output;
use clap::Subcommand;

/// Which problem.
#[derive(Debug, Subcommand)]
pub enum Bench {
    /// Path finding for many agents on grids: MovingAI, League of Robot Runners 2023
    Mapf(mapf::Args),
    /// Quadratic assignment, in the formats of QAPLIB
    Qap(qap::Args),
    /// Scheduling: labsched-1, job shops, flexible job shops, S-LAB folders; told apart by content
    Schedule(schedule::Args),
}

/// Solves instances.
pub fn bench(command: &Bench, output: &Output) -> Result<Exit, Failure> {
    match command {
        Bench::Mapf(args) => mapf::run(args, output),
        Bench::Qap(args) => qap::run(args, output),
        Bench::Schedule(args) => schedule::run(args, output),
    }
}
