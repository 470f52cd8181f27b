//! `nilo claims`: what people wrote, weighed.

mod effects;
mod ledger;
mod meta;

use crate::exit::{Exit, Failure};
use crate::output::Output;
use clap::Subcommand;

/// What to do with claims.
#[derive(Debug, Subcommand)]
pub enum Claims {
    /// Put the effects of a table together: how large, how sure, how much sources differ, what may be missing
    Meta(Box<meta::Meta>),
    /// Take claims into a ledger, from a table, from JSON, or from a text that a language model reads
    Import(ledger::Import),
    /// List the claims of a ledger
    List(ledger::About),
    /// Show who says what, under which conditions, and how much each source is worth
    Debate(ledger::About),
    /// Rank the next trials by what they are expected to tell
    Rank(ledger::Rank),
}

/// Runs a command on claims.
pub fn claims(command: Claims, output: &Output) -> Result<Exit, Failure> {
    match command {
        Claims::Meta(args) => meta::meta(&args, output),
        Claims::Import(args) => ledger::import(&args, output),
        Claims::List(about) => ledger::list(&about, output),
        Claims::Debate(about) => ledger::show_debate(&about, output),
        Claims::Rank(args) => ledger::show_rank(&args, output),
    }
}
