//! `nilo claims`: what people wrote, weighed.

mod effects;
mod meta;

use crate::exit::{Exit, Failure};
use crate::output::Output;
use clap::Subcommand;

/// What to do with claims.
#[derive(Debug, Subcommand)]
pub enum Claims {
    /// Put the effects of a table together: how large, how sure, how much sources differ, what may be missing
    Meta(Box<meta::Meta>),
}

/// Runs a command on claims.
pub fn claims(command: Claims, output: &Output) -> Result<Exit, Failure> {
    match command {
        Claims::Meta(args) => meta::meta(&args, output),
    }
}
