//! The thin shell: it carries inputs to the conductor, effects to the journal, the customer and the
//! driver, and decides nothing.

use crate::customer::Deed;
use crate::record::{
    EFFECT, INPUT, InputError, NOTE, Reader, VERSION, VERSION_KEY, Writer, effect_kind,
    write_effect,
};
use crate::{Conductor, Customer, Effect, Input, Note, Turn};
use bus::{Command, Driver, Durability, Received};
use journal::{AppendError, CommitError, Journal, NewEvent, ReadError, Version};
use quantity::Instant;
use std::collections::VecDeque;
use thiserror::Error;

/// Why a run can't go on.
#[derive(Debug, Error)]
pub enum ShellError {
    /// The journal takes nothing more.
    #[error("the journal can't be written: {0}")]
    Append(#[from] AppendError),
    /// The journal can't be made durable.
    #[error("the journal can't be written: {0}")]
    Commit(#[from] CommitError),
    /// The journal can't be read.
    #[error("the journal can't be read: {0}")]
    Read(#[from] ReadError),
    /// The journal was written in a form that this program does not know.
    #[error("the journal's inputs have version {found}, and this program reads {VERSION}")]
    Version {
        /// As the header has it.
        found: String,
    },
    /// An input in the journal can't be read.
    #[error("event {version}: {source}")]
    Input {
        /// The event.
        version: Version,
        /// Why.
        source: InputError,
    },
    /// This program would act differently from the one that wrote the journal.
    #[error(
        "event {version} ('{kind}') is not what follows from the events before it: this program \
         would write '{expected}'; run it with the program, lab and campaign that wrote the journal"
    )]
    Differs {
        /// The event.
        version: Version,
        /// Its kind.
        kind: String,
        /// What would follow: kind and body.
        expected: String,
    },
    /// The customer can't take a note that it is said to have made.
    #[error("event {version}: {why}")]
    Note {
        /// The event.
        version: Version,
        /// Why.
        why: String,
    },
    /// A world that was rebuilt by doing the same again did something else.
    #[error(
        "the driver's world does not follow the journal: at {at} it reports {found}, and event \
         {version} has something else; is it the same lab, seed and faults?"
    )]
    Diverged {
        /// The event.
        version: Version,
        /// When.
        at: Instant,
        /// What the driver reported, if anything.
        found: String,
    },
}

/// Why [`Shell::run`] came back.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stop {
    /// The customer is finished and every order has ended.
    Finished,
    /// The moment that was asked for has come.
    Reached,
    /// Nothing will happen any more, and the customer is not finished: nobody has anything to do
    /// until somebody hands something in.
    Still,
}

/// Performs a conductor's commands and keeps its journal; see the [module](self).
#[derive(Debug)]
pub struct Shell<D, C> {
    conductor: Conductor,
    driver: D,
    customer: C,
    journal: Journal,
    writer: Writer,
    now: Instant,
    group: Vec<NewEvent>,
    queue: VecDeque<Effect>,
    commands: Vec<Command>,
    out: Vec<Effect>,
    started: bool,
}

impl<D: Driver, C: Customer> Shell<D, C> {
    /// A shell on a journal: a new run on an empty one, or the same run going on. What the journal
    /// holds is folded into the conductor and the customer first.
    ///
    /// A driver that follows the journal has its world rebuilt: the commands are performed again at
    /// their moments, and its reports must be those of the journal. For one that outlives it,
    /// commands without a final report are in doubt from now on, and settled by asking.
    ///
    /// # Errors
    /// See [`ShellError`].
    pub fn open(
        conductor: Conductor,
        driver: D,
        customer: C,
        journal: Journal,
    ) -> Result<Self, ShellError> {
        if let Some(found) = journal.header().get(VERSION_KEY)
            && found.parse() != Ok(VERSION)
        {
            return Err(ShellError::Version {
                found: found.to_owned(),
            });
        }
        let mut shell = Self {
            conductor,
            driver,
            customer,
            journal,
            writer: Writer::default(),
            now: Instant::EPOCH,
            group: Vec::new(),
            queue: VecDeque::new(),
            commands: Vec::new(),
            out: Vec::new(),
            started: false,
        };
        if shell.journal.version() > Version::ZERO {
            shell.replay()?;
            shell.started = true;
            if shell.driver.durability() == Durability::Outlives {
                shell.turn(Input::Restarted, shell.now)?;
            }
        }
        Ok(shell)
    }

    /// The conductor.
    pub fn conductor(&self) -> &Conductor {
        &self.conductor
    }

    /// The driver.
    pub fn driver(&self) -> &D {
        &self.driver
    }

    /// The customer.
    pub fn customer(&self) -> &C {
        &self.customer
    }

    /// The journal.
    pub fn journal(&self) -> &Journal {
        &self.journal
    }

    /// Now.
    pub fn now(&self) -> Instant {
        self.now
    }

    /// Takes the shell apart. What was not committed is lost if the journal is dropped.
    pub fn into_parts(self) -> (Conductor, D, C, Journal) {
        (self.conductor, self.driver, self.customer, self.journal)
    }

    /// Runs until the customer is finished, or a moment has come.
    ///
    /// # Errors
    /// See [`ShellError`]. What the journal holds is sound all the same.
    pub fn run(&mut self, until: Instant) -> Result<Stop, ShellError> {
        loop {
            if let Some(stop) = self.advance(until)? {
                self.journal.commit()?;
                return Ok(stop);
            }
        }
    }

    /// Makes durable what has happened so far. [`Shell::run`] does so when it comes back; whoever
    /// calls [`Shell::advance`] says when.
    ///
    /// # Errors
    /// See [`ShellError`].
    pub fn commit(&mut self) -> Result<(), ShellError> {
        self.journal.commit()?;
        Ok(())
    }

    /// Takes the next thing that happens: a report, or a moment that the conductor waits for.
    /// `None` if it did, and more may follow.
    ///
    /// # Errors
    /// See [`ShellError`].
    pub fn advance(&mut self, until: Instant) -> Result<Option<Stop>, ShellError> {
        if !self.started {
            self.started = true;
            let mut turn = Turn::default();
            self.customer.start(self.now, &mut turn);
            self.react(turn, self.now);
            self.settle(self.now);
            self.keep(self.now)?;
            return Ok(None);
        }
        if self.customer.finished() && self.conductor.is_idle() {
            return Ok(Some(Stop::Finished));
        }
        let wake = self.conductor.next_wake();
        let limit = wake.map_or(until, |wake| wake.min(until)).max(self.now);
        match self.driver.next(limit) {
            Some(received) => {
                let at = received.at.max(self.now);
                self.turn(Input::Report(received), at)?;
            }
            None if wake.is_some_and(|wake| wake <= until) => {
                self.turn(Input::Wake, limit)?;
            }
            None => {
                let still = wake.is_none() && until == Instant::MAX;
                self.now = if still { self.now } else { until.max(self.now) };
                return Ok(Some(if still { Stop::Still } else { Stop::Reached }));
            }
        }
        Ok(None)
    }

    /// Hands in an input from outside, such as a person's order or cancellation.
    ///
    /// # Errors
    /// See [`ShellError`].
    pub fn hand_in(&mut self, input: Input) -> Result<(), ShellError> {
        self.turn(input, self.now)
    }

    /// Hands the customer something from outside, such as an answer that it waits for; what it does about it is
    /// kept like any reaction.
    ///
    /// # Errors
    /// See [`ShellError`].
    pub fn tell(
        &mut self,
        hand: impl FnOnce(&mut C, Instant, &mut Turn),
    ) -> Result<(), ShellError> {
        let (at, mut turn) = (self.now, Turn::default());
        hand(&mut self.customer, at, &mut turn);
        self.react(turn, at);
        self.settle(at);
        self.keep(at)
    }

    fn turn(&mut self, input: Input, at: Instant) -> Result<(), ShellError> {
        self.take(input, at);
        self.settle(at);
        self.keep(at)
    }

    /// An input, into the journal's group and the conductor.
    fn take(&mut self, input: Input, at: Instant) {
        let (kind, body) = self.writer.input(&input);
        self.group.push(NewEvent::new(at, kind, body));
        self.conductor.step(input, at, &mut self.out);
        self.queue.extend(self.out.drain(..));
    }

    /// Every effect, into the group and to the customer, with what the customer does about it.
    fn settle(&mut self, at: Instant) {
        while let Some(effect) = self.queue.pop_front() {
            let body = write_effect(&effect);
            self.group
                .push(NewEvent::new(at, effect_kind(&effect), body));
            if let Effect::Command(command) = effect {
                self.commands.push(command);
            } else {
                let mut turn = Turn::default();
                self.customer.on_effect(&effect, at, &mut turn);
                self.react(turn, at);
            }
        }
    }

    fn react(&mut self, turn: Turn, at: Instant) {
        for deed in turn.deeds {
            match deed {
                Deed::Note(note) => {
                    let kind = format!("{NOTE}{}", note.kind);
                    self.group.push(NewEvent::new(at, kind, note.body));
                }
                Deed::Input(input) => self.take(input, at),
            }
        }
    }

    /// The group goes into the journal, whole; then its commands are performed.
    fn keep(&mut self, at: Instant) -> Result<(), ShellError> {
        self.now = at;
        if !self.group.is_empty() {
            let version = self.journal.version();
            self.journal
                .append(version, std::mem::take(&mut self.group))?;
        }
        // Of a world that goes on without us neither a command that it gets nor a report that it
        // gave may be forgotten.
        if self.driver.durability() == Durability::Outlives {
            self.journal.commit()?;
        }
        for command in self.commands.drain(..) {
            self.driver.perform(&command, at);
        }
        Ok(())
    }

    /// Folds what the journal holds, and rebuilds the driver's world if it follows the journal.
    fn replay(&mut self) -> Result<(), ShellError> {
        let follows = self.driver.durability() == Durability::FollowsJournal;
        let mut reader = Reader::default();
        let mut page = Vec::new();
        let mut next = Version(1);
        let end = self.journal.version();
        while next <= end {
            for event in self.journal.read(next, Version(next.0 + 4095).min(end))? {
                page.push(event?);
            }
            next = Version(next.0 + 4096);
            for event in page.drain(..) {
                if event.kind.starts_with(INPUT) && follows {
                    // The commands of the turn before were performed before this input came.
                    self.follow_up();
                }
                self.now = event.at;
                if event.kind.starts_with(INPUT) {
                    let input =
                        reader
                            .input(&event.kind, &event.body, event.at)
                            .map_err(|source| ShellError::Input {
                                version: event.version,
                                source,
                            })?;
                    let Some(input) = input else { continue };
                    if follows {
                        self.follow(&input, event.at, event.version)?;
                    }
                    self.conductor.step(input, event.at, &mut self.out);
                    self.queue.extend(self.out.drain(..));
                } else if event.kind.starts_with(EFFECT) {
                    self.refold(&event, follows)?;
                } else if let Some(kind) = event.kind.strip_prefix(NOTE) {
                    let note = Note {
                        kind: kind.to_owned(),
                        body: event.body,
                    };
                    self.customer
                        .replay_note(&note, event.at)
                        .map_err(|why| ShellError::Note {
                            version: event.version,
                            why,
                        })?;
                }
            }
        }
        self.writer = reader.into_writer();
        if follows {
            self.follow_up();
        }
        if let Some(effect) = self.queue.pop_front() {
            return Err(ShellError::Differs {
                version: end.next(),
                kind: "the end".to_owned(),
                expected: effect_kind(&effect).to_owned(),
            });
        }
        Ok(())
    }

    /// An effect in the journal must be the next that follows.
    fn refold(&mut self, event: &journal::Event, follows: bool) -> Result<(), ShellError> {
        let expected = self.queue.pop_front();
        let same = expected
            .as_ref()
            .is_some_and(|e| effect_kind(e) == event.kind && write_effect(e) == event.body);
        let (true, Some(effect)) = (same, &expected) else {
            return Err(ShellError::Differs {
                version: event.version,
                kind: event.kind.clone(),
                expected: expected.map_or_else(
                    || "nothing".to_owned(),
                    |e| {
                        let body = write_effect(&e);
                        format!("{} {}", effect_kind(&e), String::from_utf8_lossy(&body))
                    },
                ),
            });
        };
        if let Effect::Command(command) = effect {
            if follows {
                self.commands.push(command.clone());
            }
        } else {
            self.customer.replay_effect(effect, event.at);
        }
        Ok(())
    }

    /// Performs what the journal says was performed up to now.
    fn follow_up(&mut self) {
        for command in self.commands.drain(..) {
            self.driver.perform(&command, self.now);
        }
    }

    /// The rebuilt world must report what it reported then, and nothing when it did not.
    fn follow(&mut self, input: &Input, at: Instant, version: Version) -> Result<(), ShellError> {
        let expected = match input {
            Input::Report(received) => Some(received),
            Input::Wake => None,
            Input::Restarted | Input::Submit(_) | Input::Cancel(_) => return Ok(()),
        };
        let until = expected.map_or(at, |received| received.at);
        let found = self.driver.next(until);
        // Compared as it is written, since NaN is not equal to itself.
        let written =
            |received: &Received| Writer::default().input(&Input::Report(received.clone())).1;
        if found.as_ref().map(written) == expected.map(written) {
            return Ok(());
        }
        Err(ShellError::Diverged {
            version,
            at,
            found: found.map_or_else(|| "nothing".to_owned(), |found| format!("{found:?}")),
        })
    }
}
