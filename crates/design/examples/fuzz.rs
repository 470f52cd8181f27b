//! Breaks conversations with the engine until it is told to stop, and prints each that it answers wrongly.
//!
//! `fuzz [--hours H] [--from N]`: from conversation N on, for H hours (a tenth where none are given). Ends with
//! status 1 when anything was wrong. What is checked: tests/mutate/mod.rs.

#![allow(clippy::print_stdout, clippy::print_stderr)]

#[path = "../tests/mutate/mod.rs"]
mod mutate;

use std::panic::catch_unwind;
use std::process::ExitCode;
use std::time::{Duration, Instant};

use quantity::Seed;

fn argument(name: &str) -> Option<f64> {
    let mut arguments = std::env::args().skip_while(|argument| argument != name);
    arguments.nth(1)?.parse().ok()
}

fn main() -> ExitCode {
    let hours = argument("--hours").unwrap_or(0.1);
    let from = argument("--from").unwrap_or(0.0) as u64;
    let (began, mut wrong, mut case) = (Instant::now(), 0, from);
    while began.elapsed() < Duration::from_secs_f64(3600.0 * hours) {
        let seed = Seed(7).derive("conversation", case);
        let found = catch_unwind(|| mutate::check(seed));
        let why = match found {
            Ok(Ok(())) => None,
            Ok(Err(why)) => Some(why),
            Err(_) => Some("a panic".to_string()),
        };
        if let Some(why) = why {
            wrong += 1;
            println!("conversation {case}: {why}");
            for line in mutate::lines(seed) {
                println!("    {}", String::from_utf8_lossy(&line));
            }
        }
        case += 1;
    }
    println!("{} conversations, {wrong} answered wrongly", case - from);
    if wrong == 0 {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    }
}
