//! `nilo design`: the design engine alone, as JSON lines.

use std::path::PathBuf;

use crate::exit::{Exit, Failure};

/// Arguments of `nilo design`.
#[derive(Debug, clap::Args)]
pub struct Design {
    /// Keep the campaign in this file: a process started again on it goes on where the last one stopped
    #[arg(long, value_name = "FILE")]
    state: Option<PathBuf>,
}

/// Serves one campaign on standard input and output.
pub fn design(args: &Design) -> Result<Exit, Failure> {
    let (input, out) = (std::io::stdin().lock(), std::io::stdout().lock());
    match &args.state {
        Some(path) => design::serve_with_state(input, out, path),
        None => design::serve(input, out),
    }
    .map_err(Failure::io)?;
    Ok(Exit::Success)
}
