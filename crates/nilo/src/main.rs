//! The command line of Nilometer.

use clap::Parser;
use nilo::{cli::Cli, command, output::Output};

fn main() -> std::process::ExitCode {
    let cli = Cli::parse();
    let output = Output::new(cli.json);
    match command::run(cli.command, &output) {
        Ok(code) => code.into(),
        Err(failure) => output.failure(&failure).into(),
    }
}
