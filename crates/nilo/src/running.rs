//! A campaign, run on the twin of its lab, from its beginning or from where it was.

use crate::endpoint::Endpoint;
use crate::exit::{Exit, Failure};
use crate::folder::{self, Folder, key, opening};
use crate::loading::Loaded;
use crate::works;
use bus::Driver;
use campaign::{Campaign, Loop, fill};
use conductor::{Conductor, Shell, ShellError, Stop, Turn};
use journal::Journal;
use quantity::{Instant, Seed};
use report::{Provenance, Written};
use source::Problem;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant as Clock};
use twin::Twin;

/// What a run is asked to be.
#[derive(Clone, Debug, Default)]
pub struct Request {
    /// The campaign file.
    pub campaign: PathBuf,
    /// Where the run is kept; below `runs/` under the campaign's name if nothing is said.
    pub out: Option<PathBuf>,
    /// Another seed than the campaign file's.
    pub seed: Option<u64>,
    /// Whether a run that is there is thrown away.
    pub fresh: bool,
}

/// How a run came to its end.
#[derive(Debug)]
pub struct Finished {
    /// Its folder.
    pub folder: Folder,
    /// The campaign.
    pub campaign: Arc<Campaign>,
    /// What it knows, with the answer.
    pub cycle: Loop,
    /// What was written.
    pub written: Written,
    /// Whether it was finished already when it was called.
    pub was_finished: bool,
    /// The version at which it went on; 0 for a new one.
    pub resumed_at: u64,
    /// When it ended, on the lab's clock.
    pub now: Instant,
    /// The journal's last version and hash.
    pub head: (u64, String),
}

/// Who watches a run.
pub trait Watcher {
    /// The run begins, or goes on from this version of its journal.
    fn begins(&mut self, campaign: &Campaign, folder: &Folder, version: u64);
    /// Something may have happened.
    fn sees(&mut self, cycle: &Loop, now: Instant);
}

/// How long what happened may stay out of the journal's file. Of what is lost by a kill, all is done
/// again in the same way; this only bounds how much.
const COMMIT_EVERY: Duration = Duration::from_millis(100);

/// Runs a campaign to its end.
///
/// # Errors
/// See [`Failure`].
pub fn run(request: &Request, watcher: &mut dyn Watcher) -> Result<Finished, Failure> {
    let loaded = Loaded::open(&request.campaign)?.with_seed(request.seed);
    run_loaded(loaded, request, watcher)
}

/// Runs a campaign that is loaded already, and may differ from its file.
///
/// # Errors
/// See [`Failure`].
pub fn run_loaded(
    loaded: Loaded,
    request: &Request,
    watcher: &mut dyn Watcher,
) -> Result<Finished, Failure> {
    let campaign = Arc::new(loaded.file.campaign.clone());
    let folder = folder_of(request, &campaign);
    if request.fresh {
        clear(&folder)?;
    }
    let cannot = |what: &str, why: std::io::Error| {
        Failure::io(format!("{what} {}: {why}", folder.0.display()))
    };
    std::fs::create_dir_all(&folder.0).map_err(|why| cannot("can't make the folder", why))?;
    let header = folder::header(&folder, &request.campaign, &loaded);
    let journal = Journal::open_or_create(folder.journal(), header.clone()).map_err(opening)?;
    if let Some(why) = folder::difference(journal.header(), &header) {
        return Err(Failure::problem(
            Problem::error(format!("{} holds another run: {why}", folder.0.display()))
                .help("give the run a folder of its own with --out, or throw the old one away with --fresh"),
        ));
    }
    let resumed_at = journal.version().0;
    watcher.begins(&campaign, &folder, resumed_at);

    let hall = folder::planned(&loaded.hall, journal.header());
    let twin = Twin::new(hall.clone(), loaded.world()?)
        .map_err(|why| Failure::problem(Problem::error(why.to_string())))?;
    let conductor = Conductor::new(hall).map_err(|why| {
        Failure::problem(Problem::error(why.to_string()).at(&loaded.file.lab.span))
    })?;
    let cycle = Loop::new(campaign.clone())
        .map_err(|why| Failure::problem(Problem::error(why.to_string())))?;
    let mut shell = Shell::open(conductor, twin, cycle, journal).map_err(failed)?;
    let was_finished = shell.customer().answer().is_some() && shell.conductor().is_idle();
    let mut committed = Clock::now();
    let stop = loop {
        ask(&mut shell)?;
        if let Some(stop) = shell.advance(Instant::MAX).map_err(failed)? {
            break stop;
        }
        if let Some(why) = shell.customer().broken() {
            return Err(Failure::internal(why.to_owned()));
        }
        watcher.sees(shell.customer(), shell.now());
        if committed.elapsed() >= COMMIT_EVERY {
            shell.commit().map_err(failed)?;
            committed = Clock::now();
        }
    };
    shell.commit().map_err(failed)?;
    watcher.sees(shell.customer(), shell.now());
    if stop != Stop::Finished {
        return Err(Failure::new(
            Exit::Device,
            format!(
                "nothing happens any more in the lab, and the campaign has no answer (at {})",
                shell.now()
            ),
        ));
    }
    let now = shell.now();
    let (_, _, cycle, journal) = shell.into_parts();
    let head = journal.head();
    let provenance = provenance(
        &folder,
        &loaded,
        request,
        head.version.0,
        head.hash.to_string(),
    );
    let work = works::of(&journal)?;
    let report = fill(&cycle, &loaded.hall, provenance, work);
    let written = report::write(&report, &folder.0)
        .map_err(|why| Failure::io(format!("{}: {}", why.path.display(), why.why)))?;
    Ok(Finished {
        folder,
        campaign,
        cycle,
        written,
        was_finished,
        resumed_at,
        now,
        head: (head.version.0, head.hash.to_string()),
    })
}

/// Asks language models as long as the campaign waits for their proposals. An answer is made durable before anything
/// else happens: asked again, a model may say something else.
fn ask<D: Driver>(shell: &mut Shell<D, Loop>) -> Result<(), Failure> {
    loop {
        let now = shell.now();
        let Some((proposer, question, seed)) = shell.customer().question(now) else {
            return Ok(());
        };
        let endpoint = Endpoint::named(&proposer.address, &proposer.key, &proposer.model);
        let answer = match endpoint {
            Ok(endpoint) => endpoint
                .ask(question, seed.0)
                .map_err(|why| why.to_string()),
            // A campaign does without: a proposer is never needed.
            Err(failure) => Err(match failure.help {
                Some(help) => format!("{}: {help}", failure.what),
                None => failure.what.to_string(),
            }),
        };
        let hand = |cycle: &mut Loop, now, turn: &mut Turn| cycle.propose(answer, now, turn);
        shell.tell(hand).map_err(failed)?;
        shell.commit().map_err(failed)?;
    }
}

fn folder_of(request: &Request, campaign: &Campaign) -> Folder {
    match &request.out {
        Some(out) => Folder(out.clone()),
        None => {
            let name = match request.seed {
                Some(seed) => format!("{}-seed-{seed}", campaign.name),
                None => campaign.name.to_string(),
            };
            Folder(Path::new(folder::RUNS).join(name))
        }
    }
}

/// Throws a run away; only what a run writes, and only where there is one.
fn clear(folder: &Folder) -> Result<(), Failure> {
    if !folder.journal().exists() {
        return Ok(());
    }
    // Whoever holds the journal is still at work.
    drop(Journal::open(folder.journal()).map_err(opening)?);
    let journal = folder.journal();
    let beside = |suffix: &str| journal.with_file_name(format!("{}{suffix}", folder::JOURNAL));
    for path in [
        journal.clone(),
        beside("-wal"),
        beside("-shm"),
        beside(".lock"),
        folder.report(),
    ] {
        match std::fs::remove_file(&path) {
            Err(why) if why.kind() != std::io::ErrorKind::NotFound => {
                return Err(Failure::io(format!(
                    "can't remove {}: {why}",
                    path.display()
                )));
            }
            _ => {}
        }
    }
    Ok(())
}

fn provenance(
    folder: &Folder,
    loaded: &Loaded,
    request: &Request,
    version: u64,
    hash: String,
) -> Provenance {
    let seed: Seed = loaded.file.campaign.seed;
    let header = folder::header(folder, &request.campaign, loaded);
    let inputs = header
        .pairs()
        .iter()
        .filter(|(key, _)| key.starts_with(key::INPUT))
        .filter_map(|(_, value)| value.split_once(' '))
        .map(|(hash, name)| (name.to_owned(), hash.to_owned()))
        .collect();
    Provenance {
        run: folder.name(),
        program: format!("nilo {}", env!("CARGO_PKG_VERSION")),
        seed,
        world: "a digital twin of the lab: instruments, arms, movers, liquids and nature were simulated".into(),
        inputs,
        version,
        hash,
        reproduce: format!("nilo run {} --seed {} --out NEW_FOLDER", request.campaign.display(), seed.0),
        verify: format!("nilo journal verify {}", folder.0.display()),
    }
}

/// What a shell's failure is to the person.
pub(crate) fn failed(error: ShellError) -> Failure {
    match &error {
        ShellError::Append(_) | ShellError::Commit(_) => Failure::io(error.to_string()),
        ShellError::Read(_) | ShellError::Differs { .. } | ShellError::Diverged { .. } => {
            Failure::new(Exit::Lost, error)
        }
        _ => Failure::new(Exit::Lost, error),
    }
}
