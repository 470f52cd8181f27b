//! `nilo claims`: what people wrote, weighed.

mod effects;
mod import;
mod ledger;
mod meta;
mod picture;
mod views;

use crate::exit::{Exit, Failure};
use crate::output::Output;
use clap::Subcommand;

/// What to do with claims.
#[derive(Debug, Subcommand)]
pub enum Claims {
    /// Put the effects of a table together: how large, how sure, how much sources differ, what may be missing
    Meta(Box<meta::Meta>),
    /// Take claims into a ledger, from a table, from JSON, or from a text that a language model reads
    Import(import::Import),
    /// List the claims of a ledger
    List(views::About),
    /// Show who says what, under which conditions, and how much each source is worth
    Debate(views::About),
    /// Rank the next trials by what they are expected to tell
    Rank(views::Rank),
}

/// Runs a command on claims.
pub fn claims(command: Claims, output: &Output) -> Result<Exit, Failure> {
    match command {
        Claims::Meta(args) => meta::meta(&args, output),
        Claims::Import(args) => import::import(&args, output),
        Claims::List(about) => views::list(&about, output),
        Claims::Debate(about) => views::show_debate(&about, output),
        Claims::Rank(args) => views::show_rank(&args, output),
    }
}

/// `NAME=VALUE`.
fn pair(text: &str) -> Result<(String, String), String> {
    match text.split_once('=') {
        Some((name, value)) if !name.is_empty() => Ok((name.to_owned(), value.to_owned())),
        _ => Err(format!("'{text}': expected a name, '=', and a value")),
    }
}
