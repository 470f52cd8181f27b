//! A world is run, killed, run again, and judged.

use crate::customer::Batch;
use crate::judge;
use crate::world::{TIME_MAX, World};
use bus::{Command, Driver, Durability, Received};
use conductor::{Conductor, Shell, ShellError, Stop};
use journal::{Header, Journal};
use quantity::{Instant, Seed};
use std::cell::{Cell, RefCell};
use std::fmt;
use std::rc::Rc;
use twin::{FaultKind, Twin};

/// What a seed's run came to.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Summary {
    /// Orders handed in.
    pub orders: usize,
    /// Of them completed.
    pub completed: usize,
    /// Faults noticed.
    pub faults: u64,
    /// Inputs of the conductor.
    pub inputs: u64,
    /// Times that a process was killed and started again.
    pub kills: usize,
}

impl std::ops::AddAssign for Summary {
    fn add_assign(&mut self, other: Summary) {
        self.orders += other.orders;
        self.completed += other.completed;
        self.faults += other.faults;
        self.inputs += other.inputs;
        self.kills += other.kills;
    }
}

/// What must not be, and was.
#[derive(Clone, Debug)]
pub struct Failure {
    /// The seed.
    pub seed: u64,
    /// What.
    pub what: String,
}

impl Failure {
    /// The command that runs its world again.
    #[must_use]
    pub fn replay(&self) -> String {
        format!("nilo simtest --seed {}", self.seed)
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "seed {}: {}\nreplay it with: {}",
            self.seed,
            self.what,
            self.replay()
        )
    }
}

impl std::error::Error for Failure {}

/// Which of the ways to run a world.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Mode {
    /// Never killed.
    Whole,
    /// Everything is killed, and the world is rebuilt from the journal.
    Killed,
    /// The conductor alone is killed; the world goes on.
    Outlived,
}

/// A twin that outlives the conductor. While it is deaf, commands that are in the journal do not
/// reach it, as when the process dies between writing and sending.
#[derive(Clone, Debug)]
struct Outliving {
    twin: Rc<RefCell<Twin>>,
    deaf: Rc<Cell<bool>>,
}

impl Driver for Outliving {
    fn durability(&self) -> Durability {
        Durability::Outlives
    }

    fn perform(&mut self, command: &Command, now: Instant) {
        if !self.deaf.get() {
            self.twin.borrow_mut().perform(command, now);
        }
    }

    fn next(&mut self, until: Instant) -> Option<Received> {
        self.twin.borrow_mut().next(until)
    }
}

/// Runs the world of a seed in every way, and judges it.
///
/// # Errors
/// What must not be, and was.
pub fn check_seed(seed: u64) -> Result<Summary, Failure> {
    let fail = |what: String| Failure { seed, what };
    let world = World::new(Seed(seed)).map_err(fail)?;
    let (whole, mut summary) = run(&world, Mode::Whole).map_err(fail)?;
    if !world.kills.is_empty() {
        let (killed, _) = run(&world, Mode::Killed)
            .map_err(|what| fail(format!("killed and resumed: {what}")))?;
        if killed != whole {
            return Err(fail(format!(
                "a run that was killed and resumed ended with {killed:?}, and one that was not with {whole:?}"
            )));
        }
        run(&world, Mode::Outlived)
            .map_err(|what| fail(format!("the conductor killed alone: {what}")))?;
        summary.kills = world.kills.len() * 2;
    }
    Ok(summary)
}

/// The events of a seed's run, as lines for people, up to where it ended or failed; `way` is `whole`,
/// `killed` or `outlived`.
///
/// # Errors
/// There is no such way, or no such world.
pub fn tell(seed: u64, way: &str) -> Result<Vec<String>, String> {
    let world = World::new(Seed(seed))?;
    let mode = match way {
        "whole" => Mode::Whole,
        "killed" => Mode::Killed,
        "outlived" => Mode::Outlived,
        other => return Err(format!("'{other}' is not one of whole, killed, outlived")),
    };
    let mut lines = vec![world.lab.clone()];
    lines.extend(world.protocols.clone());
    lines.push(format!(
        "kills {:?}, faults {:?}",
        world.kills, world.twin.plan
    ));
    let heard = Rc::new(RefCell::new(Vec::new()));
    HEARD.with(|slot| *slot.borrow_mut() = Some(heard.clone()));
    let result = run(&world, mode);
    HEARD.with(|slot| *slot.borrow_mut() = None);
    lines.append(&mut heard.borrow_mut());
    lines.push(format!("{result:?}"));
    Ok(lines)
}

thread_local! {
    /// Where [`tell`] listens.
    static HEARD: RefCell<Option<Rc<RefCell<Vec<String>>>>> = const { RefCell::new(None) };
}

/// Lets [`tell`] hear what a shell has added to its journal.
fn overheard<D: Driver>(shell: &Shell<D, Batch>, from: journal::Version) {
    HEARD.with(|slot| {
        if let Some(heard) = slot.borrow().as_ref()
            && let Ok(events) = shell.journal().read(from.next(), journal::Version::MAX)
        {
            heard.borrow_mut().extend(events.flatten().map(|event| {
                format!(
                    "{:>12.3} {} {}",
                    event.at.as_secs_f64(),
                    event.kind,
                    String::from_utf8_lossy(&event.body)
                )
            }));
        }
    });
}

/// What two runs are compared by: hash of the journal, hash of the physical history.
type Trace = (String, u64);

fn run(world: &World, mode: Mode) -> Result<(Trace, Summary), String> {
    let new_twin = || Twin::new(world.hall.clone(), world.twin.clone()).map_err(|e| e.to_string());
    match mode {
        Mode::Whole | Mode::Killed => {
            let mut shell = open(
                world,
                new_twin()?,
                Journal::in_memory(Header::new("simtest")),
            )?;
            if mode == Mode::Killed {
                for turns in &world.kills {
                    if drive(&mut shell, *turns)? {
                        break;
                    }
                    let (_, _, _, journal) = shell.into_parts();
                    let journal =
                        Journal::on_store(journal.into_store()).map_err(|e| e.to_string())?;
                    shell = open(world, new_twin()?, journal)?;
                }
            }
            drive(&mut shell, u64::MAX)?;
            judge::judge(world, shell.conductor(), shell.driver(), shell.customer())?;
            let trace = end(&shell, shell.driver().history_hash())?;
            let summary = summary(&shell);
            // A second process that reads the journal comes to the same state.
            if mode == Mode::Whole {
                let hash = shell.driver().history_hash();
                let (conductor, _, customer, journal) = shell.into_parts();
                let again = open(world, new_twin()?, journal)?;
                if again.driver().history_hash() != hash
                    || again.customer().told() != customer.told()
                    || again.conductor().counters() != conductor.counters()
                    || again.conductor().custody() != conductor.custody()
                {
                    return Err("a replay of the journal came to another state".to_owned());
                }
            }
            Ok((trace, summary))
        }
        Mode::Outlived => {
            // A stop that was written down and never sent can't be made up for: the mover is through
            // by then. So none is needed in this way of running.
            let mut world = world.clone();
            world.twin.faults.mover_stuck = 0.0;
            world
                .twin
                .plan
                .rules
                .retain(|rule| !matches!(rule.fault, FaultKind::MoverStuck { .. }));
            let world = &world;
            let new_twin =
                || Twin::new(world.hall.clone(), world.twin.clone()).map_err(|e| e.to_string());
            let twin = Rc::new(RefCell::new(new_twin()?));
            let driver = Outliving {
                twin: twin.clone(),
                deaf: Rc::default(),
            };
            let mut shell = open(
                world,
                driver.clone(),
                Journal::in_memory(Header::new("simtest")),
            )?;
            for turns in &world.kills {
                if drive(&mut shell, *turns)? {
                    break;
                }
                driver.deaf.set(true);
                let finished = drive(&mut shell, 1)?;
                driver.deaf.set(false);
                if finished {
                    break;
                }
                let (_, _, _, journal) = shell.into_parts();
                let journal = Journal::on_store(journal.into_store()).map_err(|e| e.to_string())?;
                shell = open(world, driver.clone(), journal)?;
            }
            drive(&mut shell, u64::MAX)?;
            judge::judge(world, shell.conductor(), &twin.borrow(), shell.customer())?;
            let hash = twin.borrow().history_hash();
            Ok((end(&shell, hash)?, summary(&shell)))
        }
    }
}

fn open<D: Driver>(world: &World, driver: D, journal: Journal) -> Result<Shell<D, Batch>, String> {
    let conductor = Conductor::new(world.hall.clone()).map_err(|e| e.to_string())?;
    let customer = Batch::new(world.orders.clone(), world.cancel.clone());
    Shell::open(conductor, driver, customer, journal).map_err(|e| e.to_string())
}

/// Runs so many turns, or to the end; whether that has come.
fn drive<D: Driver>(shell: &mut Shell<D, Batch>, turns: u64) -> Result<bool, String> {
    let until = Instant::EPOCH + TIME_MAX;
    for _ in 0..turns {
        let version = shell.journal().version();
        let stop = shell
            .advance(until)
            .map_err(|error: ShellError| error.to_string())?;
        overheard(shell, version);
        let wrong = shell.conductor().check_invariants();
        if !wrong.is_empty() {
            return Err(format!(
                "at {} s the conductor's state is wrong: {wrong:#?}",
                shell.now().as_secs_f64()
            ));
        }
        match stop {
            None => {}
            Some(Stop::Finished) => return Ok(true),
            Some(stop) => {
                return Err(format!(
                    "at {} s not every order has ended ({stop:?}): {:#?}",
                    shell.now().as_secs_f64(),
                    shell.conductor().explain_waiting()
                ));
            }
        }
    }
    Ok(false)
}

fn end<D: Driver>(shell: &Shell<D, Batch>, history: u64) -> Result<Trace, String> {
    let journal = shell.journal();
    match journal.verify(None) {
        Ok(Ok(_)) => {}
        Ok(Err(fault)) => return Err(format!("the journal is not sound: {fault}")),
        Err(error) => return Err(error.to_string()),
    }
    let hash = journal
        .hash_at(journal.version())
        .map_err(|e| e.to_string())?;
    Ok((hash.to_string(), history))
}

fn summary<D: Driver>(shell: &Shell<D, Batch>) -> Summary {
    let counters = shell.conductor().counters();
    Summary {
        orders: shell.customer().orders().len(),
        completed: shell.customer().completed(),
        faults: counters.faults,
        inputs: counters.inputs,
        kills: 0,
    }
}
