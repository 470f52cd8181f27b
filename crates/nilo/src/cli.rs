//! The commands and their arguments.

use clap::{Args, Parser, Subcommand};
use std::path::PathBuf;

/// An operating system for experiment clusters: from a question in a file to an answer in a report.
#[derive(Debug, Parser)]
#[command(name = "nilo", version, about, max_term_width = 100)]
pub struct Cli {
    /// Print one JSON object on standard output (docs/json.md)
    #[arg(long, global = true)]
    pub json: bool,
    /// What to do
    #[command(subcommand)]
    pub command: Command,
}

/// What to do.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Run a campaign, or several side by side, or go on with what was interrupted
    Run(Run),
    /// List the runs there are
    Runs {
        /// The folder that holds them
        #[arg(default_value = crate::folder::RUNS)]
        folder: PathBuf,
    },
    /// Show a run: its answer, its plates, its faults
    Show {
        /// A run's name or folder
        run: PathBuf,
    },
    /// Rebuild the state of any moment of a run: where each plate was, and what went on
    Replay(Replay),
    /// Check lab, protocol and campaign files without running anything
    Check {
        /// Files of any kind; protocols are also checked against each lab that is named with them
        #[arg(required = true)]
        files: Vec<PathBuf>,
    },
    /// Look at labs, and make them
    #[command(subcommand)]
    Lab(Lab),
    /// Plan plates in a lab without running anything, and draw the plan
    Plan(crate::command::plan::Args),
    /// Solve instances of well-known problems, and write solutions that anyone can check
    #[command(subcommand)]
    Bench(crate::command::bench::Bench),
    /// Read and verify the journal of a run
    #[command(subcommand)]
    Journal(Journal),
    /// What people wrote, weighed: put effects together, and see what would settle the debate
    #[command(subcommand)]
    Claims(crate::command::claims::Claims),
    /// Language models that propose: how well what they said held against wells
    #[command(subcommand)]
    Proposer(crate::command::proposer::Proposer),
    /// Choose experiments: JSON lines on standard input and output
    Design(crate::command::design::Design),
    /// Random halls, orders, faults, kills and replays against the twin, judged by its truth
    Simtest(crate::command::simtest::Simtest),
    /// Learn who drives whom from observation and interventions, and choose the next ones
    #[command(subcommand)]
    Cause(crate::command::cause::Cause),
    /// Fit scaling laws: what more of a resource buys
    #[command(subcommand)]
    Scaling(crate::command::scaling::Scaling),
    /// Dose-response curves and plate quality
    #[command(subcommand)]
    Assay(crate::command::assay::Assay),
    /// Print completions for a shell
    Completions {
        /// Which shell
        shell: clap_complete::Shell,
    },
}

/// Labs.
#[derive(Debug, Subcommand)]
pub enum Lab {
    /// Write a lab file for a hall of so many stations
    Generate {
        /// How many stations
        #[arg(long)]
        stations: usize,
        /// Where to write it; standard output if not given
        #[arg(long)]
        out: Option<PathBuf>,
    },
    /// Say what a lab has
    Show {
        /// The lab file
        file: PathBuf,
    },
    /// Compute a lab for a load: which instruments, how many, where, on what track
    Design(crate::command::lab::design::Args),
    /// Run a lab in the twin under a load: throughput, utilisation, waiting, what would help most
    Simulate(crate::command::lab::simulate::Args),
}

/// Journals.
#[derive(Debug, Subcommand)]
pub enum Journal {
    /// Walk the hash chain, and name the first event that is not as it was written
    Verify {
        /// A run's folder or its journal
        run: PathBuf,
    },
    /// Print the last events
    Tail {
        /// A run's folder or its journal
        run: PathBuf,
        /// How many
        #[arg(short, long, default_value_t = 20)]
        count: u64,
    },
    /// Print one event
    Show {
        /// A run's folder or its journal
        run: PathBuf,
        /// Its version
        version: u64,
    },
    /// Write events as JSON lines
    Export(Export),
}

/// What to export.
#[derive(Debug, Args)]
pub struct Export {
    /// A run's folder or its journal
    pub run: PathBuf,
    /// The first version
    #[arg(long, default_value_t = 1)]
    pub from: u64,
    /// The last version
    #[arg(long)]
    pub to: Option<u64>,
    /// Where to write; standard output if not given
    #[arg(long)]
    pub out: Option<PathBuf>,
}

/// What to run, and where.
#[derive(Debug, Args)]
pub struct Run {
    /// The campaign file; several run side by side, in the one lab that all of them name
    #[arg(required = true)]
    pub campaigns: Vec<PathBuf>,
    /// The folder of the run; runs/ and the names of its campaigns if not given
    #[arg(long)]
    pub out: Option<PathBuf>,
    /// Another seed than that of each campaign file
    #[arg(long)]
    pub seed: Option<u64>,
    /// Throw away the run that is in the folder, and begin anew
    #[arg(long)]
    pub fresh: bool,
}

/// Which moment of which run.
#[derive(Debug, Args)]
pub struct Replay {
    /// A run's name or folder
    pub run: PathBuf,
    /// The moment since the run's beginning, such as '6 h' or '1 d 2 h'; the end if not given
    #[arg(long, conflicts_with = "version")]
    pub at: Option<String>,
    /// The version of the journal
    #[arg(long)]
    pub version: Option<u64>,
}
