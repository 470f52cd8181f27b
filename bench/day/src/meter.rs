//! A driver in between that takes the time of the one behind it, and notes how busy arms and movers are.

use bus::{Action, Command, Driver, Durability, Received, Report};
use quantity::{ArmId, CommandId, Instant, MoverId};
use std::collections::BTreeMap;
use std::time::{Duration, Instant as Wall};

/// Measures a driver.
#[derive(Debug)]
pub struct Meter<D> {
    /// The driver that is measured.
    pub inner: D,
    /// Time spent in it.
    pub spent: Duration,
    /// Commands performed.
    pub commands: u64,
    /// Reports received.
    pub reports: u64,
    /// Seconds that each arm worked.
    pub arms: BTreeMap<ArmId, f64>,
    /// Seconds that each mover moved.
    pub movers: BTreeMap<MoverId, f64>,
    arm_begun: BTreeMap<CommandId, (ArmId, Instant)>,
}

impl<D> Meter<D> {
    /// A meter for a driver.
    pub fn new(inner: D) -> Self {
        Self {
            inner,
            spent: Duration::ZERO,
            commands: 0,
            reports: 0,
            arms: BTreeMap::new(),
            movers: BTreeMap::new(),
            arm_begun: BTreeMap::new(),
        }
    }
}

impl<D: Driver> Driver for Meter<D> {
    fn durability(&self) -> Durability {
        self.inner.durability()
    }

    fn perform(&mut self, command: &Command, now: Instant) {
        match &command.action {
            Action::Pick { arm, .. } | Action::Place { arm, .. } => {
                self.arm_begun.insert(command.id, (*arm, now));
            }
            Action::Travel {
                mover,
                depart,
                arrive,
                ..
            } => {
                *self.movers.entry(*mover).or_default() += arrive.since(*depart).as_secs_f64();
            }
            _ => {}
        }
        self.commands += 1;
        let begun = Wall::now();
        self.inner.perform(command, now);
        self.spent += begun.elapsed();
    }

    fn next(&mut self, until: Instant) -> Option<Received> {
        let begun = Wall::now();
        let received = self.inner.next(until);
        self.spent += begun.elapsed();
        if let Some(received) = &received {
            self.reports += 1;
            if let Report::Done { command, .. } | Report::Failed { command, .. } = &received.report
                && let Some((arm, since)) = self.arm_begun.remove(command)
            {
                *self.arms.entry(arm).or_default() += received.at.since(since).as_secs_f64();
            }
        }
        received
    }
}
