//! A driver in between that takes the time of the one behind it.

use bus::{Command, Driver, Durability, Received};
use quantity::Instant;
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
}

impl<D> Meter<D> {
    /// A meter for a driver.
    pub fn new(inner: D) -> Self {
        Self {
            inner,
            spent: Duration::ZERO,
            commands: 0,
            reports: 0,
        }
    }
}

impl<D: Driver> Driver for Meter<D> {
    fn durability(&self) -> Durability {
        self.inner.durability()
    }

    fn perform(&mut self, command: &Command, now: Instant) {
        self.commands += 1;
        let begun = Wall::now();
        self.inner.perform(command, now);
        self.spent += begun.elapsed();
    }

    fn next(&mut self, until: Instant) -> Option<Received> {
        let begun = Wall::now();
        let received = self.inner.next(until);
        self.spent += begun.elapsed();
        self.reports += u64::from(received.is_some());
        received
    }
}
