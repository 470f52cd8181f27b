//! Runs the engine on problems with known answers, many seeds at a time, and prints what it reached.
//!
//! `bench speed N D Q` times one ask after N trials in D dimensions.
//!
//! `bench scale N M Q` times one ask of Q out of M candidates, of which N are measured.
//!
//! `bench words LETTERS ALPHABET N Q` times one ask after N words of so many letters; `bench levels FACTORS LEVELS N Q`
//! one after N trials of so many factors with so many levels each.
//!
//! `bench likelihood TABLE...` prints, as a line of JSON for each table, what the fit of the plainest model to its
//! first plates reaches, for `bench/design/likelihood.py`.
//!
//! `bench PROBLEM[,PROBLEM...] [q] [rounds] [seeds] [policy]`, where a problem is a built-in function or
//! a file of `{"init": ..., "outcomes": [[...], ...]}` with the table of a finite problem. One line per
//! problem: median and quartiles over seeds of the final regret, and for tables the share of the best
//! 1 % found, averaged over rounds. A file may give the first plate of each seed as `"starts"`; a function takes
//! them from the file after an `@`, as `hartmann6@starts.json`. Words are looked for on `pairs12-1` and
//! `nk20-1`, where the last number is the landscape's; there the policy may be `genetic`.

// A bench stops at the first thing that is wrong.
#![allow(clippy::unwrap_used, clippy::type_complexity)]

mod belief;
mod functions;
mod problem;
mod runs;
mod table;
mod timing;
mod unseen;
mod words;

use belief::{calibration, likelihood};
use runs::report;
use timing::{levels, scale, speed, words};

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    if arguments[0] == "calibration" {
        calibration(&arguments[1..]);
        return;
    }
    if arguments[0] == "likelihood" {
        likelihood(&arguments[1..]);
        return;
    }
    let number = |place: usize, default: usize| {
        arguments
            .get(place)
            .map_or(default, |text| text.parse().unwrap())
    };
    let (q, rounds, seeds) = (number(1, 96), number(2, 5), number(3, 10));
    if arguments[0] == "speed" {
        speed(q, number(2, 20), number(3, 96));
        return;
    }
    if arguments[0] == "scale" {
        scale(q, number(2, 1_000_000), number(3, 96));
        return;
    }
    if arguments[0] == "words" {
        words(q, number(2, 20), number(3, 480), number(4, 96));
        return;
    }
    if arguments[0] == "levels" {
        levels(q, number(2, 30), number(3, 480), number(4, 96));
        return;
    }
    let policy_name = arguments.get(4).map_or("gp", String::as_str);
    let threads = std::env::var("BENCH_THREADS").map_or(2, |text| text.parse().unwrap());
    for name in arguments[0].split(',') {
        report(name, q, rounds, seeds, policy_name, threads);
    }
}
