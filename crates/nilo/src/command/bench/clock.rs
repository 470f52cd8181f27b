//! Clocks of benchmarks.

use rustix::time::{ClockId, Timespec, clock_gettime};
use std::time::Instant;

/// What seconds are counted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub enum ClockKind {
    /// Seconds on the wall
    Wall,
    /// Seconds that this thread had a processor
    Cpu,
}

/// Time since it was made, on the thread that made it.
#[derive(Debug)]
pub struct Clock {
    kind: ClockKind,
    wall: Instant,
    cpu: Timespec,
}

impl Clock {
    /// Begins to count.
    pub fn start(kind: ClockKind) -> Self {
        Self {
            kind,
            wall: Instant::now(),
            cpu: clock_gettime(ClockId::ThreadCPUTime),
        }
    }

    /// Seconds since.
    pub fn seconds(&self) -> f64 {
        match self.kind {
            ClockKind::Wall => self.wall.elapsed().as_secs_f64(),
            ClockKind::Cpu => {
                let now = clock_gettime(ClockId::ThreadCPUTime);
                let whole = (now.tv_sec - self.cpu.tv_sec) as f64;
                whole + (now.tv_nsec - self.cpu.tv_nsec) as f64 / 1e9
            }
        }
    }
}
