//! A campaign, or several side by side, run on the twin of their lab, from the beginning or from where they were.

use crate::endpoint::Endpoint;
use crate::exit::{Exit, Failure};
use crate::folder::{self, Folder, key, opening};
use crate::joint::Joint;
use crate::loading::Loaded;
use crate::works;
use bus::Driver;
use campaign::{Campaign, Campaigns, Loop, Shares, fill, fill_shared, shares};
use conductor::{Conductor, Shell, ShellError, Stop, Turn};
use journal::{Header, Journal};
use quantity::{Instant, Seed};
use report::{Provenance, Work, WriteError, Written};
use source::Problem;
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant as Clock};
use twin::Twin;

/// What a run is asked to be.
#[derive(Clone, Debug, Default)]
pub struct Request {
    /// The campaign files; more than one share a hall.
    pub campaigns: Vec<PathBuf>,
    /// Where the run is kept; below `runs/` under the campaigns' names if nothing is said.
    pub out: Option<PathBuf>,
    /// Another seed than those of the campaign files.
    pub seed: Option<u64>,
    /// Whether a run that is there is thrown away.
    pub fresh: bool,
}

/// How a run came to its end.
#[derive(Debug)]
pub struct Finished {
    /// Its folder.
    pub folder: Folder,
    /// Each campaign, by name.
    pub each: Vec<Done>,
    /// What they had of the hall and the page that says so, where there are several.
    pub shared: Option<Shared>,
    /// Whether it was finished already when it was called.
    pub was_finished: bool,
    /// The version at which it went on; 0 for a new one.
    pub resumed_at: u64,
    /// When it ended, on the lab's clock.
    pub now: Instant,
    /// The journal's last version and hash.
    pub head: (u64, String),
}

/// A campaign of a run that came to its end.
#[derive(Debug)]
pub struct Done {
    /// The campaign, and what it knows, with the answer.
    pub cycle: Loop,
    /// What was written.
    pub written: Written,
}

/// What campaigns had of the hall that they shared.
#[derive(Clone, Debug)]
pub struct Shared {
    /// Their shares.
    pub shares: Shares,
    /// The page of the hall.
    pub page: PathBuf,
}

impl Finished {
    /// The campaign of a run that has only one, or the first of several.
    #[must_use]
    pub fn cycle(&self) -> &Loop {
        &self.each[0].cycle
    }
}

/// Who watches a run.
pub trait Watcher {
    /// The run begins, or goes on from this version of its journal.
    fn begins(&mut self, campaigns: &[&Campaign], folder: &Folder, version: u64);
    /// Something may have happened.
    fn sees(&mut self, campaigns: &Campaigns, now: Instant);
}

/// How long what happened may stay out of the journal's file. Of what is lost by a kill, all is done
/// again in the same way; this only bounds how much.
const COMMIT_EVERY: Duration = Duration::from_millis(100);

/// Runs a campaign, or several side by side, to their end.
///
/// # Errors
/// See [`Failure`].
pub fn run(request: &Request, watcher: &mut dyn Watcher) -> Result<Finished, Failure> {
    let joint = Joint::open(&request.campaigns, request.seed)?;
    run_joint(&joint, request, watcher)
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
    let path = request.campaigns.first().cloned().unwrap_or_default();
    run_joint(&Joint::alone(path, loaded), request, watcher)
}

fn run_joint(
    joint: &Joint,
    request: &Request,
    watcher: &mut dyn Watcher,
) -> Result<Finished, Failure> {
    let folder = folder_of(request, joint);
    if request.fresh {
        clear(&folder)?;
    }
    let cannot = |what: &str, why: std::io::Error| {
        Failure::io(format!("{what} {}: {why}", folder.0.display()))
    };
    std::fs::create_dir_all(&folder.0).map_err(|why| cannot("can't make the folder", why))?;
    let header = joint.header(&folder);
    let journal = Journal::open_or_create(folder.journal(), header.clone()).map_err(opening)?;
    if let Some(why) = folder::difference(journal.header(), &header) {
        return Err(Failure::problem(
            Problem::error(format!("{} holds another run: {why}", folder.0.display()))
                .help("give the run a folder of its own with --out, or throw the old one away with --fresh"),
        ));
    }
    let resumed_at = journal.version().0;
    let campaigns: Vec<&Campaign> = joint.each().iter().map(|one| one.campaign()).collect();
    watcher.begins(&campaigns, &folder, resumed_at);

    let hall = folder::planned(joint.hall(), journal.header());
    let twin = Twin::new(hall.clone(), joint.world()?)
        .map_err(|why| Failure::problem(Problem::error(why.to_string())))?;
    let conductor = Conductor::new(hall).map_err(|why| {
        let lab = &joint.each()[0].loaded.file.lab;
        Failure::problem(Problem::error(why.to_string()).at(&lab.span))
    })?;
    let mut shell = Shell::open(conductor, twin, joint.customer()?, journal).map_err(failed)?;
    let answered = |own: &Loop| own.answer().is_some();
    let was_finished = shell.customer().each().iter().all(answered) && shell.conductor().is_idle();
    let mut committed = Clock::now();
    let stop = loop {
        ask(&mut shell)?;
        if let Some(stop) = shell.advance(Instant::MAX).map_err(failed)? {
            break stop;
        }
        // Where others share the hall, they go on.
        if let [own] = shell.customer().each()
            && let Some(why) = own.broken()
        {
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
    let some = shell.customer().each().iter().any(answered);
    if stop != Stop::Finished && !some {
        return Err(Failure::new(
            Exit::Device,
            format!(
                "nothing happens any more in the lab, and {} (at {})",
                match joint.each().len() {
                    1 => "the campaign has no answer",
                    _ => "no campaign has an answer",
                },
                shell.now()
            ),
        ));
    }
    let now = shell.now();
    let (_, _, cycles, journal) = shell.into_parts();
    let head = (journal.head().version.0, journal.head().hash.to_string());
    let (each, shared) = written(joint, cycles, &folder, &head, works::of(&journal)?, now)?;
    Ok(Finished {
        folder,
        each,
        shared,
        was_finished,
        resumed_at,
        now,
        head,
    })
}

/// Writes the report of each campaign, and that of the hall where several share it.
fn written(
    joint: &Joint,
    cycles: Campaigns,
    folder: &Folder,
    head: &(u64, String),
    work: Vec<Work>,
    now: Instant,
) -> Result<(Vec<Done>, Option<Shared>), Failure> {
    let failed = |why: WriteError| Failure::io(format!("{}: {}", why.path.display(), why.why));
    let shares = shares(cycles.each(), joint.hall(), now);
    let cycles = cycles.into_each();
    let mut runs = Vec::new();
    for (place, cycle) in cycles.iter().enumerate() {
        let numbers = &cycle.campaign().numbers;
        let own = |work: &&Work| work.plate.is_none_or(|plate| numbers.is_plate(plate));
        let work = work.iter().filter(own).cloned().collect();
        let from = provenance(joint, &[place], folder, head);
        runs.push(fill(cycle, joint.hall(), from, work));
    }
    let mut pages = Vec::new();
    for (place, run) in runs.iter().enumerate() {
        let at = joint.folder(folder, place);
        pages.push(report::write(run, &at).map_err(failed)?);
    }
    let mut shared = None;
    if let [_, _, ..] = cycles.as_slice() {
        let all: Vec<usize> = (0..cycles.len()).collect();
        let link = |written: &Written| {
            let page = written
                .html
                .strip_prefix(&folder.0)
                .unwrap_or(&written.html);
            page.to_string_lossy().into_owned()
        };
        let links: Vec<String> = pages.iter().map(link).collect();
        let page = fill_shared(
            &cycles.iter().collect::<Vec<_>>(),
            &runs,
            (&shares, &links),
            (joint.hall(), work),
            provenance(joint, &all, folder, head),
        );
        let page = report::write_shared(&page, &folder.0).map_err(failed)?;
        shared = Some(Shared { shares, page });
    }
    let each = cycles.into_iter().zip(pages);
    let each = each.map(|(cycle, written)| Done { cycle, written });
    Ok((each.collect(), shared))
}

/// Asks language models as long as the campaign waits for their proposals. An answer is made durable before anything
/// else happens: asked again, a model may say something else.
fn ask<D: Driver>(shell: &mut Shell<D, Campaigns>) -> Result<(), Failure> {
    loop {
        let now = shell.now();
        let Some((place, proposer, question, seed)) = shell.customer().question(now) else {
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
        let hand = |all: &mut Campaigns, now, turn: &mut Turn| {
            all.propose(place, answer, now, turn);
        };
        shell.tell(hand).map_err(failed)?;
        shell.commit().map_err(failed)?;
    }
}

fn folder_of(request: &Request, joint: &Joint) -> Folder {
    match &request.out {
        Some(out) => Folder(out.clone()),
        None => {
            let name = match request.seed {
                Some(seed) => format!("{}-seed-{seed}", joint.name()),
                None => joint.name(),
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

/// Where what some of the campaigns found comes from.
fn provenance(
    joint: &Joint,
    of: &[usize],
    folder: &Folder,
    (version, hash): &(u64, String),
) -> Provenance {
    let seeds: BTreeSet<u64> = (joint.each().iter().map(|one| one.campaign().seed.0)).collect();
    // One seed that is given is that of all.
    let with_seed = match seeds.len() {
        1 => seeds.iter().map(|seed| format!(" --seed {seed}")).collect(),
        _ => String::new(),
    };
    let files: Vec<String> = (joint
        .each()
        .iter()
        .map(|one| one.path.display().to_string()))
    .collect();
    let own = of.iter().map(|place| &joint.each()[*place]);
    let headers = own
        .clone()
        .map(|one| folder::header(folder, &one.path, &one.loaded));
    let headers: Vec<Header> = headers.collect();
    let pairs = headers.iter().flat_map(|header| header.pairs().iter());
    let inputs = pairs
        .filter(|(key, _)| key.starts_with(key::INPUT))
        .filter_map(|(_, value)| value.split_once(' '))
        .map(|(hash, name)| (name.to_owned(), hash.to_owned()))
        .collect();
    Provenance {
        run: folder.name(),
        program: format!("nilo {}", env!("CARGO_PKG_VERSION")),
        seed: own.map(|one| one.campaign().seed).next().unwrap_or(Seed(0)),
        world: "a digital twin of the lab: instruments, arms, movers, liquids and nature were simulated".into(),
        inputs,
        version: *version,
        hash: hash.clone(),
        reproduce: format!("nilo run {}{with_seed} --out NEW_FOLDER", files.join(" ")),
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
