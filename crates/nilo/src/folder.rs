//! The folder of a run: `journal.sqlite`, `report.html`, `data/`.

use crate::exit::{Exit, Failure};
use crate::loading::Loaded;
use conductor::record::{VERSION, VERSION_KEY};
use journal::{Header, Journal, OpenError};
use lab::Hall;
use source::Problem;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// Where runs are kept when nothing else is said.
pub const RUNS: &str = "runs";
/// The journal's file.
pub const JOURNAL: &str = "journal.sqlite";
/// The report's file.
pub const REPORT: &str = "report.html";

/// Keys of the journal's header.
pub mod key {
    /// The campaign's seed.
    pub const SEED: &str = "seed";
    /// The program's version.
    pub const PROGRAM: &str = "program";
    /// By which rules its hall is planned; a run without it goes by the first.
    pub const RULES: &str = "rules";
    /// The campaign file's path, as it was given. Where several share the hall, this and the keys below end in the place of
    /// the campaign: `campaign.00`, `campaign.01`, …
    pub const CAMPAIGN: &str = "campaign";
    /// A campaign's name, where several share the hall.
    pub const NAME: &str = "name";
    /// What its notes and barcodes begin with, where several share the hall.
    pub const STEM: &str = "stem";
    /// The hash of the campaign file, and of each file that it names: `input.0`, `input.1`, …
    pub const INPUT: &str = "input.";
}

/// The rules by which halls are planned now.
const RULES: &str = "3";

/// The hall as the run with this journal is planned.
#[must_use]
pub fn planned(hall: &Arc<Hall>, found: &Header) -> Arc<Hall> {
    let planning = match found.get(key::RULES) {
        None => hall.planning.by_first_rules(),
        Some("2") => hall.planning.by_second_rules(),
        Some(_) => return hall.clone(),
    };
    let mut earlier = Hall::clone(hall);
    earlier.planning = planning;
    Arc::new(earlier)
}

/// A run's folder.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Folder(pub PathBuf);

impl Folder {
    /// The folder of a run that is named by its folder, or by a name below [`RUNS`].
    #[must_use]
    pub fn named(name: &Path) -> Self {
        let as_given = Folder(name.to_path_buf());
        if as_given.journal().exists() || name.components().count() > 1 {
            as_given
        } else {
            Folder(Path::new(RUNS).join(name))
        }
    }

    /// The journal's path.
    #[must_use]
    pub fn journal(&self) -> PathBuf {
        self.0.join(JOURNAL)
    }

    /// The report's path.
    #[must_use]
    pub fn report(&self) -> PathBuf {
        self.0.join(REPORT)
    }

    /// The run's name.
    #[must_use]
    pub fn name(&self) -> String {
        self.0
            .file_name()
            .map_or_else(|| "run".into(), |name| name.to_string_lossy().into_owned())
    }

    /// Opens its journal for reading.
    ///
    /// # Errors
    /// If there is none, with the runs that there are.
    pub fn read(&self) -> Result<Journal, Failure> {
        if !self.journal().exists() {
            let known: Vec<String> = all(Path::new(RUNS)).iter().map(Folder::name).collect();
            let name = self.name();
            let near =
                quantity::nearest(&name, known.iter().map(String::as_str)).map(str::to_owned);
            let mut problem = Problem::error(format!("there is no run in {}", self.0.display()))
                .nearest(near)
                .help("nilo runs lists the runs there are");
            if !known.is_empty() && known.len() <= 12 {
                problem = problem.expected(format!("one of {}", known.join(", ")));
            }
            return Err(Failure::problem(problem));
        }
        Journal::open_read_only(self.journal()).map_err(opening)
    }
}

/// What went wrong when a journal was opened.
pub(crate) fn opening(error: OpenError) -> Failure {
    match &error {
        OpenError::Tampered { .. } => Failure::new(Exit::Lost, error),
        OpenError::Store { .. } => Failure::io(error.to_string()),
        _ => Failure::problem(Problem::error(error.to_string())),
    }
}

/// Every run below a folder, by name.
#[must_use]
pub fn all(below: &Path) -> Vec<Folder> {
    let mut found: Vec<Folder> = std::fs::read_dir(below)
        .into_iter()
        .flatten()
        .flatten()
        .map(|entry| Folder(entry.path()))
        .filter(|folder| folder.journal().exists())
        .collect();
    found.sort_by_key(Folder::name);
    found
}

/// What the journal of a run is of.
#[must_use]
pub fn header(folder: &Folder, path: &Path, loaded: &Loaded) -> Header {
    let header = blank(folder)
        .with(key::CAMPAIGN, path.display().to_string())
        .with(key::SEED, loaded.file.campaign.seed.0.to_string());
    with_inputs(header, key::INPUT, loaded)
}

/// What the journals of all runs say.
pub(crate) fn blank(folder: &Folder) -> Header {
    Header::new(folder.name())
        .with(VERSION_KEY, VERSION.to_string())
        .with(key::PROGRAM, env!("CARGO_PKG_VERSION"))
        .with(key::RULES, RULES)
}

/// With the hash of each file of a campaign, under keys that begin so.
pub(crate) fn with_inputs(mut header: Header, keys: &str, loaded: &Loaded) -> Header {
    for (number, (name, text)) in loaded.inputs.iter().enumerate() {
        // Names may hold the path of a machine; what counts is the text.
        let short = Path::new(name)
            .file_name()
            .map_or_else(String::new, |n| n.to_string_lossy().into_owned());
        let hash = blake3::hash(text.as_bytes()).to_hex();
        header = header.with(format!("{keys}{number:02}"), format!("{hash} {short}"));
    }
    header
}

/// What differs between the journal of a run and what it should be of; `None` if nothing that counts.
#[must_use]
pub fn difference(found: &Header, wanted: &Header) -> Option<String> {
    let (begun, now) = (names(found), names(wanted));
    if begun != now {
        return Some(format!("it is of {begun}, not of {now}"));
    }
    let keys = || found.pairs().keys().chain(wanted.pairs().keys());
    for key in keys().filter(|key| key.starts_with(key::SEED)) {
        if found.get(key) != wanted.get(key) {
            return Some(format!(
                "it was begun with seed {}, and now the seed is {}",
                found.get(key).unwrap_or("?"),
                wanted.get(key).unwrap_or("?")
            ));
        }
    }
    for key in keys().filter(|key| key.starts_with(key::INPUT)) {
        let (old, new) = (found.get(key), wanted.get(key));
        if old.map(hash_of) != new.map(hash_of) {
            let name = new
                .or(old)
                .and_then(|text| text.split_once(' '))
                .map_or("a file", |split| split.1);
            return Some(format!("{name} has changed since it was begun"));
        }
    }
    None
}

/// The campaigns that share a hall by the header of its journal, in words; one that has it for itself is not named there.
fn names(header: &Header) -> String {
    let pairs = header.pairs().iter();
    let names: Vec<String> = pairs
        .filter(|(key, _)| key.split_once('.').is_some_and(|(key, _)| key == key::NAME))
        .map(|(_, name)| format!("'{name}'"))
        .collect();
    match names.len() {
        0 => "one campaign".to_owned(),
        _ => names.join(" and "),
    }
}

fn hash_of(text: &str) -> &str {
    text.split(' ').next().unwrap_or(text)
}
