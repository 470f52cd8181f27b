//! Exit codes and the failures behind them.

use std::fmt;
use std::process::ExitCode;

/// How a command ended, as its exit code says. `docs/json.md` documents them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Exit {
    /// All went as asked.
    Success = 0,
    /// A check or a verification found something wrong.
    Found = 1,
    /// The input was refused: an argument, a file, a folder.
    Refused = 2,
    /// A device or the hall failed, and the work could not be finished.
    Device = 3,
    /// Something was lost: the outcome of work that was done is not known.
    Lost = 4,
    /// A file could not be read or written.
    Io = 5,
    /// Nilometer is at fault.
    Internal = 70,
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> ExitCode {
        ExitCode::from(exit as u8)
    }
}

/// Why a command did not do what was asked.
#[derive(Debug)]
pub struct Failure {
    /// The kind, as exit code.
    pub exit: Exit,
    /// What is wrong.
    pub what: String,
    /// What to do, where that is known.
    pub help: Option<String>,
    /// The problems of files, already sorted.
    pub problems: Option<source::Problems>,
}

impl Failure {
    /// A failure of this kind.
    pub fn new(exit: Exit, what: impl fmt::Display) -> Self {
        Self {
            exit,
            what: what.to_string(),
            help: None,
            problems: None,
        }
    }

    /// The input was refused.
    pub fn refused(what: impl fmt::Display) -> Self {
        Self::new(Exit::Refused, what)
    }

    /// A file could not be read or written.
    pub fn io(what: impl fmt::Display) -> Self {
        Self::new(Exit::Io, what)
    }

    /// Nilometer is at fault.
    pub fn internal(what: impl fmt::Display) -> Self {
        Self::new(Exit::Internal, what)
    }

    /// The input was refused, for one stated problem.
    pub fn problem(problem: source::Problem) -> Self {
        Self::problems(problem.into())
    }

    /// Files have problems.
    pub fn problems(problems: source::Problems) -> Self {
        let first = problems
            .iter()
            .find(|problem| problem.severity == source::Severity::Error)
            .map_or("a problem", |problem| &problem.message);
        let what = match problems.errors() {
            0 | 1 => first.to_owned(),
            count => format!("{first}, and {} more", count - 1),
        };
        Self {
            exit: Exit::Refused,
            what,
            help: None,
            problems: Some(problems),
        }
    }

    /// With what to do about it.
    pub fn help(mut self, help: impl Into<String>) -> Self {
        self.help = Some(help.into());
        self
    }
}
