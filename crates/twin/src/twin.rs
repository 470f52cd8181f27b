//! The twin: a driver whose world is its own memory.

use crate::agenda::{Agenda, Event};
use crate::config::TwinConfig;
use crate::fault::{Answer, FaultKind, Outage};
use crate::history::{Breach, Fact, History, Violation};
use crate::mover::{MoverState, TrackBook};
use crate::nature::{Bound, NatureError, Reagent};
use crate::random::Draws;
use crate::truth::Truth;
use bus::{Action, Command, Device, Driver, Durability, Fault, Known, Outcome, Received, Report};
use lab::Hall;
use quantity::{CommandId, Duration, Instant, MoverId, PlateId, ReagentId, StationId};
use std::collections::VecDeque;
use std::sync::Arc;

/// The most that command ids may run ahead of the number of commands: ids are dense, so one beyond
/// is an error of the caller, and is refused instead of filling the memory.
const ID_GAP_MAX: u64 = 1 << 20;

/// A hall in virtual time. See the crate's documentation.
#[derive(Debug)]
pub struct Twin {
    pub(crate) hall: Arc<Hall>,
    pub(crate) config: TwinConfig,
    pub(crate) now: Instant,
    agenda: Agenda,
    outbox: VecDeque<Received>,
    pub(crate) records: Vec<Record>,
    jobs: Vec<Option<Job>>,
    free: Vec<u32>,
    pub(crate) truth: Truth,
    pub(crate) stations: Vec<StationState>,
    pub(crate) instruments: Vec<InstrumentState>,
    pub(crate) arms: Vec<ArmState>,
    pub(crate) movers: Vec<MoverState>,
    /// The mover that stands in each berth.
    pub(crate) berths: Vec<Option<MoverId>>,
    pub(crate) book: TrackBook,
    pub(crate) bound: Vec<Bound>,
    pub(crate) violations: Vec<Violation>,
    pub(crate) history: History,
    pub(crate) events: u64,
    pub(crate) scratch: crate::read::Scratch,
}

/// What a device remembers of a command.
#[derive(Clone, Debug, Default)]
pub(crate) enum Record {
    /// It never came.
    #[default]
    Never,
    /// It is at it; the slot of its job.
    Running(u32),
    /// What it would answer.
    Ended(Known),
}

/// A command that is being carried out.
#[derive(Clone, Debug)]
pub(crate) struct Job {
    pub id: CommandId,
    pub action: Action,
    pub began: Instant,
    pub ends: Instant,
    /// What goes wrong with it.
    pub fault: Option<FaultKind>,
    /// What the device has already decided to say at the end.
    pub verdict: Option<Fault>,
    /// Its final report is lost.
    pub muted: bool,
    /// The plate in it was taken away meanwhile, or the like.
    pub ruined: bool,
    /// Tries that a grip takes.
    pub tries: u8,
    /// The plate that an operation truly works on.
    pub on: Option<PlateId>,
}

#[derive(Clone, Copy, Debug)]
pub(crate) struct StationState {
    pub online: bool,
}

#[derive(Clone, Debug)]
pub(crate) struct InstrumentState {
    pub running: Vec<CommandId>,
    /// Needs a person.
    pub down: bool,
    /// Needs a reset.
    pub error: bool,
    pub silent_until: Instant,
    /// Pieces left of each consumable.
    pub stock: Vec<u32>,
    /// Lasting bias of each channel of a dispenser.
    pub biases: Vec<f64>,
}

#[derive(Clone, Copy, Debug)]
pub(crate) struct ArmState {
    pub running: Option<CommandId>,
    pub down: bool,
    pub error: bool,
    pub silent_until: Instant,
}

impl Twin {
    /// A hall at the epoch: movers in their parking berths, no plate, everything full and fit.
    ///
    /// # Errors
    /// If a reagent means nothing to the nature.
    pub fn new(hall: Arc<Hall>, config: TwinConfig) -> Result<Self, NatureError> {
        let mut berths = vec![None; hall.track.berths().len()];
        let movers = hall
            .movers
            .iter()
            .map(|mover| {
                berths[mover.home.index()] = Some(mover.id);
                MoverState::parked(mover.home)
            })
            .collect();
        let instruments = hall
            .instruments
            .iter()
            .map(|instrument| InstrumentState {
                running: Vec::new(),
                down: false,
                error: false,
                silent_until: Instant::EPOCH,
                stock: instrument.consumables.iter().map(|c| c.stock).collect(),
                biases: crate::liquid::channel_biases(
                    config.seed,
                    instrument.id,
                    &config.physics.liquid,
                ),
            })
            .collect();
        let arm = ArmState {
            running: None,
            down: false,
            error: false,
            silent_until: Instant::EPOCH,
        };
        let bound = config
            .reagents
            .iter()
            .zip(0u32..)
            .map(|(reagent, id)| config.nature.bind(ReagentId(id), &reagent.meaning))
            .collect::<Result<_, _>>()?;
        let mut twin = Self {
            now: Instant::EPOCH,
            agenda: Agenda::default(),
            outbox: VecDeque::new(),
            records: Vec::new(),
            jobs: Vec::new(),
            free: Vec::new(),
            truth: Truth::new(&hall),
            stations: vec![StationState { online: true }; hall.stations.len()],
            instruments,
            arms: vec![arm; hall.stations.len()],
            movers,
            berths,
            book: TrackBook::new(&hall),
            bound,
            violations: Vec::new(),
            history: History::new(config.keep_history),
            events: 0,
            scratch: crate::read::Scratch::default(),
            hall,
            config,
        };
        twin.plan_losses();
        Ok(twin)
    }

    /// Says what a reagent is that was not in the configuration; ids follow one another.
    ///
    /// # Errors
    /// If it means nothing to the nature, or the id skips others.
    pub fn define_reagent(&mut self, id: ReagentId, reagent: Reagent) -> Result<(), NatureError> {
        if id.index() > self.bound.len() {
            return Err(NatureError::Parameters(format!(
                "{id} can't be defined before reagent-{}",
                self.bound.len()
            )));
        }
        let bound = self.config.nature.bind(id, &reagent.meaning)?;
        if id.index() == self.bound.len() {
            self.bound.push(bound);
            self.config.reagents.push(reagent);
        } else {
            self.bound[id.index()] = bound;
            self.config.reagents[id.index()] = reagent;
        }
        Ok(())
    }

    // ---- the engine ----

    pub(crate) fn draws(&self, purpose: &str, id: CommandId) -> Draws {
        Draws::new(self.config.seed, purpose, id.0)
    }

    pub(crate) fn breach(&mut self, command: CommandId, what: Breach) {
        self.violations.push(Violation {
            at: self.now,
            command,
            what,
        });
    }

    pub(crate) fn fact(&mut self, fact: Fact) {
        self.history.push(self.now, fact);
    }

    /// The station that a device belongs to.
    pub(crate) fn station_of(&self, device: Device) -> Option<StationId> {
        match device {
            Device::Arm(arm) => Some(StationId(arm.0)),
            Device::Instrument(instrument) => self
                .hall
                .instruments
                .get(instrument.index())
                .map(|i| i.station),
            Device::Mover(_) | Device::Person => None,
        }
    }

    fn exists(&self, device: Device) -> bool {
        match device {
            Device::Mover(id) => id.index() < self.movers.len(),
            Device::Arm(id) => id.index() < self.arms.len(),
            Device::Instrument(id) => id.index() < self.instruments.len(),
            Device::Person => true,
        }
    }

    fn silent_until(&self, device: Device) -> Instant {
        match device {
            Device::Mover(id) => self.movers[id.index()].silent_until,
            Device::Arm(id) => self.arms[id.index()].silent_until,
            Device::Instrument(id) => self.instruments[id.index()].silent_until,
            Device::Person => Instant::EPOCH,
        }
    }

    pub(crate) fn set_silent_until(&mut self, device: Device, until: Instant) {
        let slot = match device {
            Device::Mover(id) => self.movers.get_mut(id.index()).map(|s| &mut s.silent_until),
            Device::Arm(id) => self.arms.get_mut(id.index()).map(|s| &mut s.silent_until),
            Device::Instrument(id) => self
                .instruments
                .get_mut(id.index())
                .map(|s| &mut s.silent_until),
            Device::Person => None,
        };
        if let Some(slot) = slot {
            *slot = until;
        }
    }

    /// Whether a device can be heard and hears.
    fn reachable(&self, device: Device) -> bool {
        self.station_of(device)
            .is_none_or(|station| self.stations[station.index()].online)
            && self.silent_until(device) <= self.now
    }

    /// Sends a report of a device, if the device can be heard.
    pub(crate) fn report(&mut self, from: Device, report: Report) {
        if self.reachable(from) {
            self.outbox.push_back(Received {
                at: self.now,
                from: Some(from),
                report,
            });
        }
    }

    /// Works off everything that is due before a command begins, or up to a moment.
    fn advance(&mut self, until: Instant, command: Option<CommandId>, stop_at_report: bool) {
        while !stop_at_report || self.outbox.is_empty() {
            let Some((at, event)) = self.agenda.pop_before(until, command) else {
                break;
            };
            self.now = self.now.max(at);
            self.events += 1;
            match event {
                Event::End(id) => self.end(id),
                Event::StationLeaves(station, n) => self.station_leaves(station, n),
                Event::StationJoins(station, n) => self.station_joins(station, n),
            }
        }
    }

    fn begin(&mut self, command: &Command) {
        let device = command.action.device();
        if !self.exists(device) {
            self.breach(command.id, Breach::NoSuchThing);
            return;
        }
        if !self.reachable(device) {
            return;
        }
        self.events += 1;
        let fault = self
            .config
            .plan
            .strike(command.id, &command.action, self.now);
        match &command.action {
            Action::Travel { .. } => self.begin_travel(command, fault),
            Action::Halt { mover } => self.begin_halt(command, *mover),
            Action::Pick { arm, .. } | Action::Place { arm, .. } | Action::Scan { arm, .. } => {
                self.begin_arm(command, *arm, fault);
            }
            Action::Perform { .. } => self.begin_perform(command, fault),
            Action::Abort { .. } => self.begin_abort(command),
            Action::Query { .. } => {
                let answer = self.config.physics.devices.answer;
                self.start(Job::new(command, self.now, answer));
            }
            Action::Reset { device } => self.begin_reset(command, *device),
            Action::Ask { request, .. } => self.begin_ask(command, request, fault),
        }
    }

    /// Starts a job: it is remembered, and ends by itself.
    pub(crate) fn start(&mut self, job: Job) {
        let (id, ends) = (job.id, job.ends);
        let slot = self.free.pop().unwrap_or_else(|| {
            self.jobs.push(None);
            self.jobs.len() as u32 - 1
        });
        self.jobs[slot as usize] = Some(job);
        self.records[id.0 as usize] = Record::Running(slot);
        self.agenda.push(ends, Event::End(id));
    }

    /// Lets a running job end at another moment; the event of the old end will find nothing.
    pub(crate) fn end_at(&mut self, id: CommandId, ends: Instant) {
        if let Some(job) = self.job_mut(id) {
            job.ends = ends;
            self.agenda.push(ends, Event::End(id));
        }
    }

    /// Refuses a command after the time that a device takes to answer.
    pub(crate) fn refuse(&mut self, command: &Command, fault: Fault) {
        let mut job = Job::new(command, self.now, self.config.physics.devices.answer);
        job.verdict = Some(fault);
        self.start(job);
    }

    /// The job of a command that runs.
    pub(crate) fn job(&self, id: CommandId) -> Option<&Job> {
        match self.records.get(id.0 as usize)? {
            Record::Running(slot) => self.jobs[*slot as usize].as_ref(),
            _ => None,
        }
    }

    pub(crate) fn job_mut(&mut self, id: CommandId) -> Option<&mut Job> {
        match self.records.get(id.0 as usize)? {
            Record::Running(slot) => self.jobs[*slot as usize].as_mut(),
            _ => None,
        }
    }

    /// Takes a running job out; its end event will find nothing.
    pub(crate) fn take_job(&mut self, id: CommandId) -> Option<Job> {
        let Some(Record::Running(slot)) = self.records.get(id.0 as usize) else {
            return None;
        };
        let slot = *slot;
        self.free.push(slot);
        self.jobs[slot as usize].take()
    }

    fn end(&mut self, id: CommandId) {
        // A job that was stopped earlier, or replaced by a later end, is none of this event's business.
        if self.job(id).is_none_or(|job| job.ends != self.now) {
            return;
        }
        let Some(job) = self.take_job(id) else {
            return;
        };
        if job.verdict.is_some() && !matches!(job.action, Action::Perform { .. }) {
            self.fail_with_verdict(job);
            return;
        }
        match &job.action {
            Action::Travel { .. } => self.end_travel(job),
            Action::Halt { .. } | Action::Abort { .. } => self.finish(&job, Ok(Outcome::Done)),
            Action::Pick { .. } => self.end_pick(job),
            Action::Place { .. } => self.end_place(job),
            Action::Scan { .. } => self.end_scan(job),
            Action::Perform { .. } => self.end_perform(job),
            Action::Query { device, command } => {
                let (device, about) = (*device, *command);
                self.answer(&job, device, about);
            }
            Action::Reset { .. } => self.end_reset(job),
            Action::Ask { .. } => self.end_ask(job),
        }
    }

    fn fail_with_verdict(&mut self, mut job: Job) {
        if let Some(fault) = job.verdict.take() {
            self.finish(&job, Err(fault));
        }
    }

    /// Records how a job ended, and reports it.
    pub(crate) fn finish(&mut self, job: &Job, result: Result<Outcome, Fault>) {
        let device = job.action.device();
        let (known, report) = match result {
            Ok(outcome) => (
                Known::Done(outcome.clone()),
                Report::Done {
                    command: job.id,
                    outcome,
                },
            ),
            Err(fault) => (
                match &fault {
                    Fault::OutcomeUnknown => Known::Unknown,
                    fault => Known::Failed(fault.clone()),
                },
                Report::Failed {
                    command: job.id,
                    fault,
                },
            ),
        };
        let known = match job.fault {
            Some(FaultKind::Silent {
                answer: Answer::Forgot(_),
                ..
            }) => Known::Unknown,
            _ => known,
        };
        self.records[job.id.0 as usize] = Record::Ended(known);
        if !job.muted {
            self.report(device, report);
        }
    }

    fn answer(&mut self, job: &Job, device: Device, about: CommandId) {
        let known = match self.records.get(about.0 as usize) {
            None | Some(Record::Never) => Known::Never,
            Some(Record::Running(_)) => Known::Running,
            Some(Record::Ended(known)) => known.clone(),
        };
        self.records[job.id.0 as usize] = Record::Ended(Known::Done(Outcome::Done));
        self.report(
            device,
            Report::Status {
                query: job.id,
                command: about,
                known,
            },
        );
    }

    /// A fault that silences a device, as a job of it begins.
    pub(crate) fn silence(&mut self, device: Device, answer: Answer) {
        let until = match answer {
            Answer::After(span) | Answer::Forgot(span) => self.now.saturating_add(span),
            Answer::Never => Instant::MAX,
        };
        self.set_silent_until(device, until);
    }

    /// A chance silence.
    pub(crate) fn some_silence(&self, draws: &mut Draws) -> FaultKind {
        let (low, high) = self.config.physics.devices.silence;
        let span = Duration::from_secs_f64(draws.between(low.as_secs_f64(), high.as_secs_f64()));
        let done = draws.chance(0.5);
        let answer = match draws.below(4) {
            0 => Answer::Never,
            1 => Answer::Forgot(span),
            _ => Answer::After(span),
        };
        FaultKind::Silent { done, answer }
    }

    // ---- stations come and go ----

    fn plan_losses(&mut self) {
        for station in 0..self.stations.len() as u32 {
            self.plan_loss(StationId(station), 0);
        }
        for loss in &self.config.plan.losses {
            // Scripted losses are numbered from the top, away from those by chance.
            self.agenda
                .push(loss.at, Event::StationLeaves(loss.station, u32::MAX));
        }
    }

    /// Plans the n-th loss of a station by chance.
    fn plan_loss(&mut self, station: StationId, n: u32) {
        let faults = &self.config.faults;
        if faults.factor <= 0.0 {
            return;
        }
        let mean = faults.between_station_losses.as_secs_f64() / faults.factor;
        let number = u64::from(station.0) << 32 | u64::from(n);
        let wait = Draws::new(self.config.seed, "station loss", number).exponential(mean);
        let at = self.now.saturating_add(Duration::from_secs_f64(wait));
        self.agenda.push(at, Event::StationLeaves(station, n));
    }

    fn station_leaves(&mut self, station: StationId, n: u32) {
        if station.index() >= self.stations.len() {
            return;
        }
        let scripted = self
            .config
            .plan
            .losses
            .iter()
            .find(|loss| n == u32::MAX && loss.station == station && loss.at == self.now)
            .copied();
        let (lasts, outage) = if let Some(loss) = scripted {
            (loss.lasts, loss.outage)
        } else {
            let number = u64::from(station.0) << 32 | u64::from(n);
            let mut draws = Draws::new(self.config.seed, "outage", number);
            let devices = &self.config.physics.devices;
            let (low, high) = devices.outage;
            let span =
                Duration::from_secs_f64(draws.between(low.as_secs_f64(), high.as_secs_f64()));
            let outage = if draws.chance(devices.power_share) {
                Outage::Power
            } else {
                Outage::Connection
            };
            (span, outage)
        };
        if self.stations[station.index()].online {
            self.outbox.push_back(Received {
                at: self.now,
                from: None,
                report: Report::StationLeft(station),
            });
            self.stations[station.index()].online = false;
            if outage == Outage::Power {
                self.power_off(station);
            }
        }
        self.agenda.push(
            self.now.saturating_add(lasts),
            Event::StationJoins(station, n),
        );
    }

    /// Breaks off what runs in a station: arms stop before or after the hand-over, instruments in the
    /// middle, and none of them knows.
    fn power_off(&mut self, station: StationId) {
        let running: Vec<CommandId> = self
            .jobs
            .iter()
            .flatten()
            .filter(|job| self.station_of(job.action.device()) == Some(station))
            .map(|job| job.id)
            .collect();
        let mut running = running;
        running.sort_unstable();
        for id in running {
            let done = self.draws("power", id).chance(0.5);
            if let Some(mut job) = self.take_job(id) {
                job.fault = Some(FaultKind::OutcomeUnknown { done });
                job.verdict = None;
                job.muted = true;
                match &job.action {
                    Action::Pick { .. } => self.end_pick(job),
                    Action::Place { .. } => self.end_place(job),
                    Action::Scan { .. } => self.end_scan(job),
                    Action::Perform { .. } => self.end_perform(job),
                    _ => self.finish(&job, Err(Fault::OutcomeUnknown)),
                }
            }
        }
    }

    fn station_joins(&mut self, station: StationId, n: u32) {
        if !self.stations[station.index()].online {
            self.stations[station.index()].online = true;
            self.outbox.push_back(Received {
                at: self.now,
                from: None,
                report: Report::StationJoined(station),
            });
        }
        if n != u32::MAX {
            self.plan_loss(station, n + 1);
        }
    }
}

impl Job {
    pub(crate) fn new(command: &Command, now: Instant, takes: Duration) -> Self {
        Self {
            id: command.id,
            action: command.action.clone(),
            began: now,
            ends: now.saturating_add(takes.max(Duration::from_base(1))),
            fault: None,
            verdict: None,
            muted: false,
            ruined: false,
            tries: 1,
            on: None,
        }
    }
}

impl Driver for Twin {
    /// The twin's world is rebuilt by performing the journaled commands again at their times.
    fn durability(&self) -> Durability {
        Durability::FollowsJournal
    }

    fn perform(&mut self, command: &Command, now: Instant) {
        self.advance(now, Some(command.id), false);
        self.now = self.now.max(now);
        let index = command.id.0;
        if index >= self.records.len() as u64 + ID_GAP_MAX {
            self.breach(command.id, Breach::NoSuchThing);
            return;
        }
        let index = index as usize;
        if self.records.len() <= index {
            self.records.resize_with(index + 1, Record::default);
        }
        if !matches!(self.records[index], Record::Never) {
            // A driver remembers the id of every command that it got.
            self.breach(command.id, Breach::IdUsedTwice);
            return;
        }
        self.begin(command);
    }

    fn next(&mut self, until: Instant) -> Option<Received> {
        self.advance(until, None, true);
        match self.outbox.front() {
            Some(first) if first.at <= until => self.outbox.pop_front(),
            Some(_) => None,
            None => {
                if until < Instant::MAX {
                    self.now = self.now.max(until);
                }
                None
            }
        }
    }
}
