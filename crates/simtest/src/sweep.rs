//! Many seeds on all cores.

use crate::run::{Failure, Summary, check_seed};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};

/// Which seeds to run, and for how long.
#[derive(Clone, Copy, Debug)]
pub struct Sweep {
    /// The first seed.
    pub from: u64,
    /// The seed after the last; `None` goes on until the time is over.
    pub to: Option<u64>,
    /// No seed is begun after this time.
    pub lasts: Option<Duration>,
    /// Threads that run seeds; which there are does not change what a seed comes to.
    pub threads: usize,
    /// So many failing seeds end it.
    pub failures_max: usize,
}

/// What a sweep came to.
#[derive(Clone, Debug, Default)]
pub struct Swept {
    /// Seeds that were run.
    pub seeds: u64,
    /// The seed after the last that was begun.
    pub next: u64,
    /// The sum over all seeds that held.
    pub sum: Summary,
    /// Those that did not, in order of seed.
    pub failures: Vec<Failure>,
}

impl Swept {
    fn add(&mut self, result: Result<Summary, Failure>) {
        self.seeds += 1;
        match result {
            Ok(summary) => self.sum += summary,
            Err(failure) => {
                let at = self.failures.partition_point(|f| f.seed < failure.seed);
                self.failures.insert(at, failure);
            }
        }
    }
}

/// Runs the seeds of a sweep, each on one thread; `progress` is called after each seed.
///
/// A panic of the code under test is a failure of its seed like any other.
pub fn sweep(what: Sweep, progress: impl Fn(&Swept) + Sync) -> Swept {
    let begun = Instant::now();
    let next = AtomicU64::new(what.from);
    let enough = AtomicBool::new(false);
    let swept = Mutex::new(Swept::default());
    let work = || {
        loop {
            let over = what.lasts.is_some_and(|lasts| begun.elapsed() >= lasts);
            if over || enough.load(Ordering::Relaxed) {
                return;
            }
            let seed = next.fetch_add(1, Ordering::Relaxed);
            if what.to.is_some_and(|to| seed >= to) {
                return;
            }
            let result = guarded(seed, check_seed);
            let Ok(mut swept) = swept.lock() else { return };
            swept.add(result);
            swept.next = swept.next.max(seed + 1);
            if swept.failures.len() >= what.failures_max {
                enough.store(true, Ordering::Relaxed);
            }
            progress(&swept);
        }
    };
    std::thread::scope(|scope| {
        for _ in 1..what.threads {
            scope.spawn(work);
        }
        work();
    });
    swept
        .into_inner()
        .unwrap_or_else(std::sync::PoisonError::into_inner)
}

/// Runs one seed; a panic becomes its failure.
fn guarded(seed: u64, run: impl Fn(u64) -> Result<Summary, Failure>) -> Result<Summary, Failure> {
    catch_unwind(AssertUnwindSafe(|| run(seed))).unwrap_or_else(|panic| {
        let text = panic
            .downcast_ref::<&str>()
            .map(|text| (*text).to_owned())
            .or_else(|| panic.downcast_ref::<String>().cloned())
            .unwrap_or_else(|| "without a message".to_owned());
        Err(Failure {
            seed,
            what: format!("it panicked: {text}"),
        })
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const SMALL: Sweep = Sweep {
        from: 100,
        to: Some(108),
        lasts: None,
        threads: 1,
        failures_max: 1,
    };

    #[test]
    fn every_seed_is_run_once_on_any_number_of_threads() {
        let one = sweep(SMALL, |_| {});
        let four = sweep(
            Sweep {
                threads: 4,
                ..SMALL
            },
            |_| {},
        );
        assert_eq!((one.seeds, one.next), (8, 108));
        assert_eq!((four.seeds, four.next), (8, 108));
        assert_eq!(one.sum, four.sum);
        assert!(one.sum.orders > 0);
    }

    #[test]
    fn it_ends_when_its_time_is_over() {
        let swept = sweep(
            Sweep {
                to: None,
                lasts: Some(Duration::ZERO),
                ..SMALL
            },
            |_| {},
        );
        assert_eq!(swept.seeds, 0);
    }

    #[test]
    fn a_panic_is_a_failure_of_its_seed() {
        let failure = guarded(7, |_| panic!("no such dock")).unwrap_err();
        assert_eq!(failure.seed, 7);
        assert!(failure.to_string().contains("no such dock"));
        assert!(failure.to_string().contains("nilo simtest --seed 7"));
    }
}
