//! The state, and the one function that changes it.

use crate::commands::{Commands, Owner};
use crate::counters::Counters;
use crate::durations::Durations;
use crate::families::Families;
use crate::health::Health;
use crate::limits::{FORGET_EVERY, PLAN_MEMORY, WAY_MEMORY};
use crate::movers::Fleet;
use crate::order::{OrderState, Phase};
use crate::persons::Persons;
use crate::placing::Placing;
use crate::queue::Queue;
use crate::reservations::Reservations;
use crate::ride::Rides;
use crate::timers::{Timer, Timers};
use crate::waits::{Waits, Want};
use crate::{Effect, Input};
use bus::{Action, Report};
use lab::Hall;
use protocol::Order;
use quantity::{CommandId, Duration, Instant, InstrumentId, OrderId, PlateId, StationId};
use schedule::Planner;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use thiserror::Error;
use transport::{Traffic, TrafficError};

/// Why there can be no conductor for a hall.
#[derive(Debug, Error)]
pub enum HallError {
    /// The track and its movers don't fit.
    #[error("the track can't be used: {0}")]
    Track(#[from] TrafficError),
    /// Stations and instruments don't fit.
    #[error("the stations can't be planned for: {0:?}")]
    Shop(schedule::Why),
    /// A station without a dock.
    #[error("station '{0}' has no dock on the track")]
    NoDock(Arc<str>),
}

/// Carries out orders in one hall. A value without clock, input or output: see the
/// [crate](crate)'s documentation for how it is used, and for why it is never stuck.
#[derive(Debug)]
pub struct Conductor {
    pub(crate) hall: Arc<Hall>,
    pub(crate) now: Instant,
    pub(crate) out: Vec<Effect>,
    /// Orders that have not ended; an order that is being looked at is taken out of its box.
    pub(crate) orders: BTreeMap<OrderId, Option<Box<OrderState>>>,
    /// Every order id that was ever used.
    pub(crate) known_orders: BTreeSet<OrderId>,
    /// The order of each plate that was ever used.
    pub(crate) plates: BTreeMap<PlateId, OrderId>,
    pub(crate) places: Reservations,
    pub(crate) fleet: Fleet,
    pub(crate) placing: Placing,
    pub(crate) health: Health,
    pub(crate) commands: Commands,
    pub(crate) persons: Persons,
    pub(crate) timers: Timers,
    pub(crate) waits: Waits,
    pub(crate) queue: Queue,
    pub(crate) ready: BTreeSet<(Instant, OrderId)>,
    pub(crate) planner: Planner,
    pub(crate) traffic: Traffic,
    pub(crate) counters: Counters,
    /// Orders that were admitted and whose plates have not left home yet.
    pub(crate) unbegun: usize,
    pub(crate) repair_wanted: bool,
    pub(crate) last_repair: Instant,
    /// Typical time of an empty run to each station.
    pub(crate) call_time: Vec<Duration>,
    pub(crate) rides: Rides,
    pub(crate) families: Families,
    /// What operations really take.
    pub(crate) durations: Durations,
}

impl Conductor {
    /// A conductor of an empty hall, with all movers in their parking berths.
    ///
    /// # Errors
    /// What in the hall does not fit together.
    pub fn new(hall: Arc<Hall>) -> Result<Self, HallError> {
        let movers: Vec<_> = hall.movers.iter().map(|m| (m.spec, m.home)).collect();
        let mut traffic = Traffic::new(hall.track.clone(), &movers)?;
        let mut families = Families::default();
        let (shop, call_time) = crate::shop::shop(&hall, &mut traffic, &mut families)?;
        let planner = Planner::new(shop).map_err(HallError::Shop)?;
        Ok(Self {
            places: Reservations::new(&hall),
            fleet: Fleet::new(&hall),
            placing: Placing::new(&hall),
            health: Health::new(&hall),
            now: Instant::EPOCH,
            out: Vec::new(),
            orders: BTreeMap::new(),
            known_orders: BTreeSet::new(),
            plates: BTreeMap::new(),
            commands: Commands::default(),
            persons: Persons::default(),
            timers: Timers::default(),
            waits: Waits::default(),
            queue: Queue::default(),
            ready: BTreeSet::new(),
            planner,
            traffic,
            counters: Counters::default(),
            unbegun: 0,
            repair_wanted: false,
            last_repair: Instant::EPOCH,
            call_time,
            rides: Rides::default(),
            families,
            durations: Durations::default(),
            hall,
        })
    }

    /// The hall.
    #[must_use]
    pub fn hall(&self) -> &Arc<Hall> {
        &self.hall
    }

    /// What was counted so far.
    #[must_use]
    pub fn counters(&self) -> &Counters {
        &self.counters
    }

    /// The last moment that it was told of.
    #[must_use]
    pub fn now(&self) -> Instant {
        self.now
    }

    /// When it wants to be called with [`Input::Wake`], unless something happens before.
    #[must_use]
    pub fn next_wake(&self) -> Option<Instant> {
        self.timers.next()
    }

    /// Whether every order that was handed in has ended.
    #[must_use]
    pub fn is_idle(&self) -> bool {
        self.orders.is_empty()
    }

    /// The orders that have not ended.
    pub fn orders(&self) -> impl Iterator<Item = OrderId> + '_ {
        self.orders.keys().copied()
    }

    /// Where each plate is believed to be, in order of plate.
    pub fn custody(&self) -> &labware::Custody {
        self.places.custody()
    }

    /// Takes one input and adds its effects to `out`. `now` never goes back.
    pub fn step(&mut self, input: Input, now: Instant, out: &mut Vec<Effect>) {
        self.now = now.max(self.now);
        self.counters.inputs += 1;
        match input {
            Input::Submit(order) => self.submit(order),
            Input::Cancel(order) => self.cancel(order),
            Input::Report(received) => self.report(received.report),
            Input::Restarted => self.restarted(),
            Input::Wake => {}
        }
        while let Some(timer) = self.timers.due(self.now) {
            self.timer(timer);
        }
        self.settle();
        if self.repair_wanted {
            self.repair();
            self.settle();
        }
        self.place_empty();
        self.watch_plan();
        if self.counters.inputs.is_multiple_of(FORGET_EVERY) {
            self.planner.forget_before(self.now - PLAN_MEMORY);
        }
        self.traffic.forget_before(self.now - WAY_MEMORY);
        out.append(&mut self.out);
    }

    fn timer(&mut self, timer: Timer) {
        match timer {
            Timer::Order(order) => self.look_at(order),
            Timer::Deadline(command) => self.overdue(command),
            Timer::Repair => self.repair_wanted = true,
            Timer::Refill => self.begin_refills(),
            Timer::Ways => {
                self.ride_in_quiet();
                self.let_helped_go();
                self.freed(Want::Way);
                self.send_home();
            }
            Timer::Plan => self.freed(Want::Plan),
        }
    }

    fn report(&mut self, report: Report) {
        match report {
            Report::Started { command, expected } => self.started(command, expected),
            Report::Done { command, outcome } => self.done(command, outcome),
            Report::Failed { command, fault } => self.failed(command, fault),
            Report::Status {
                query,
                command,
                known,
            } => self.answered(query, command, known),
            Report::MoverStopped { command, at } => self.mover_stopped(command, at),
            Report::MoverStuck { command, at } => self.mover_stuck(command, at),
            Report::StationJoined(station) => self.station_joined(station),
            Report::StationLeft(station) => self.station_left(station),
            Report::TaskDone { task, found } => self.task_done(task, found),
        }
    }

    /// Lets every order that has something to look at look at it, until none has.
    fn settle(&mut self) {
        // Each pass either issues a command, changes a phase or waits; so it ends. The bound
        // makes an error of that argument a loud one.
        let mut passes = 0_u64;
        while let Some((_, id)) = self.ready.pop_first() {
            self.advance(id);
            passes += 1;
            if passes > 1_000_000 {
                debug_assert!(false, "orders wake one another without end");
                break;
            }
        }
    }

    /// An order looks at its state once more before this step ends.
    pub(crate) fn look_at(&mut self, order: OrderId) {
        if self.orders.contains_key(&order) {
            self.ready.insert((self.now, order));
        }
    }

    /// Something came free that orders may wait for. Of those that wait for a home only the one
    /// whose turn it is looks; it wakes the next when it needs no home any more.
    pub(crate) fn freed(&mut self, want: Want) {
        if want != Want::Home {
            return self.waits.freed(want, &mut self.ready);
        }
        if let Some(first) = self.queue.first(self.now)
            && self.waits.of(first) == Some(Want::Home)
        {
            self.waits.cancel(first);
            self.ready.insert((self.now, first));
        }
    }

    /// Takes an order out of its box, lets it be worked on, and puts it back unless it ended.
    pub(crate) fn with<R>(
        &mut self,
        id: OrderId,
        work: impl FnOnce(&mut Self, &mut OrderState) -> R,
    ) -> Option<R> {
        let mut state = self.orders.get_mut(&id)?.take()?;
        let result = work(self, &mut state);
        if let Some(slot) = self.orders.get_mut(&id) {
            *slot = Some(state);
        }
        Some(result)
    }

    pub(crate) fn order(&self, id: OrderId) -> Option<&OrderState> {
        self.orders.get(&id)?.as_deref()
    }

    fn advance(&mut self, id: OrderId) {
        self.waits.cancel(id);
        self.with(id, |this, o| {
            let mut passes = 0;
            while this.advance_once(o) == Flow::Again && this.orders.contains_key(&id) {
                passes += 1;
                if passes > 1000 {
                    debug_assert!(false, "{id} goes round in circles: {:?}", o.phase);
                    break;
                }
            }
        });
    }

    fn advance_once(&mut self, o: &mut OrderState) -> Flow {
        match o.phase {
            Phase::Queued => self.try_admit(o),
            Phase::Resting => self.rest(o),
            Phase::Working(_) => self.work(o),
            Phase::Leg(_) => self.go_on(o),
            Phase::Bringing(_) | Phase::TakenAway(_) => Flow::Stop,
        }
    }

    /// Issues a command.
    pub(crate) fn issue(
        &mut self,
        action: Action,
        order: Option<OrderId>,
        owner: Owner,
        expected: Duration,
    ) -> CommandId {
        let flight = self.commands.open(action, order, owner, expected, self.now);
        let (id, deadline) = (flight.command.id, flight.deadline);
        let command = flight.command.clone();
        self.timers.set(Timer::Deadline(id), deadline);
        self.counters.commands += 1;
        self.out.push(Effect::Command(command));
        id
    }

    pub(crate) fn emit(&mut self, effect: Effect) {
        self.out.push(effect);
    }

    /// The order waits until somebody gives free what it wants.
    pub(crate) fn wait(&mut self, o: &OrderState, want: Want) -> Flow {
        let rank = self.rank(o);
        self.waits.wait(o.id(), want, rank);
        Flow::Stop
    }

    /// The order waits until a moment.
    pub(crate) fn wait_until(&mut self, o: &OrderState, at: Instant) -> Flow {
        debug_assert!(at > self.now, "{} waits for the past", o.id());
        self.timers.set(Timer::Order(o.id()), at);
        Flow::Stop
    }

    /// The order looks again at a moment at the latest, whatever it waits for.
    pub(crate) fn look_again(&mut self, o: &OrderState, at: Instant) {
        self.timers.sooner(Timer::Order(o.id()), at);
    }

    /// What orders are served by: when their next leg is planned to start.
    fn rank(&self, o: &OrderState) -> Instant {
        self.planner
            .plan(o.id())
            .and_then(|plan| plan.visits.get(o.planned_task()))
            .map_or(o.order.release, |visit| visit.leg_start)
    }

    pub(crate) fn station_of_instrument(&self, instrument: InstrumentId) -> StationId {
        self.hall.instrument(instrument).station
    }

    fn submit(&mut self, order: Arc<Order>) {
        self.admit_or_refuse(order);
    }
}

/// Whether an order has more to look at in this moment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Flow {
    /// Its state changed: look again.
    Again,
    /// It waits for something that will come.
    Stop,
}
