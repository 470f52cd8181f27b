//! A hall under a load, in the twin with the conductor: what it gets done, and what it waits for.
//!
//! [`simulate`] runs conductor, twin and an in-memory journal in virtual time: what the conductor
//! would do in the lab is what is measured.

mod feed;
mod meter;
mod outcome;

pub use feed::{Arrivals, Book};
pub use meter::{Meter, Noted};
pub use outcome::{Arm, Outcome, Use};

use crate::load::Mix;
use bus::Role;
use conductor::{Conductor, HallError, Input, Shell, ShellError, Stop};
use feed::Feed;
use journal::{Header, Journal};
use lab::Hall;
use quantity::{Duration, Instant, Seed};
use std::collections::BTreeMap;
use std::sync::Arc;
use thiserror::Error;
use twin::nature::{Reagent, ReagentMeaning};
use twin::{FaultRates, Twin, TwinConfig};

/// How often waiting orders are counted.
const LOOK_EVERY: Duration = Duration::from_secs(60);
/// Beyond the homes that the hall has, so many orders wait outside when it is kept full.
const WAITING_OUTSIDE: u32 = 16;
/// Liquids of a transfer, and stock liquids that the twin has for it.
pub const REAGENTS: u32 = 4;

/// What is simulated.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Request {
    /// Plates handed in an hour; none to keep the hall as full as it can be.
    pub rate: Option<f64>,
    /// Hours that are simulated.
    pub hours: f64,
    /// Hours at the start that do not count, while the hall fills.
    pub warm_up: f64,
    /// How often things break, as a multiple of what is typical.
    pub faults: f64,
    /// Every draw follows from it.
    pub seed: Seed,
}

impl Default for Request {
    fn default() -> Self {
        Self {
            rate: None,
            hours: 24.0,
            warm_up: 8.0,
            faults: 0.0,
            seed: Seed(1),
        }
    }
}

/// Why a hall can't be simulated.
#[derive(Debug, Error)]
pub enum SimulateError {
    /// The load is empty.
    #[error("there is nothing to do: no protocol has a rate above zero")]
    Idle,
    /// The hall is not one that a conductor takes.
    #[error(transparent)]
    Hall(#[from] HallError),
    /// The twin refused.
    #[error("the twin can't stand in for this hall: {0}")]
    Twin(String),
    /// The shell stopped.
    #[error(transparent)]
    Shell(#[from] ShellError),
}

/// Runs a hall under a load.
///
/// # Errors
/// See [`SimulateError`].
pub fn simulate(hall: &Arc<Hall>, mix: &Mix, request: Request) -> Result<Outcome, SimulateError> {
    if mix.is_empty() {
        return Err(SimulateError::Idle);
    }
    let moment = |hours: f64| Instant::EPOCH + Duration::from_secs_f64(hours * 3600.0);
    let (since, until) = (moment(request.warm_up), moment(request.hours));
    let water = |n: u32| Reagent::new(&format!("liquid {n}"), ReagentMeaning::Inert);
    let config = TwinConfig {
        seed: request.seed.derive("twin", 0),
        faults: FaultRates::scaled(request.faults),
        reagents: (0..=REAGENTS).map(water).collect(),
        ..TwinConfig::default()
    };
    let twin =
        Twin::new(hall.clone(), config).map_err(|why| SimulateError::Twin(why.to_string()))?;
    let arrivals = match request.rate {
        Some(rate) => Arrivals::Every(3600.0 / rate),
        None => {
            let homes: usize = hall.with_role(Role::Storage).map(|i| i.nests.len()).sum();
            Arrivals::Backlog(homes as u32 + WAITING_OUTSIDE)
        }
    };
    let feed = Feed::new(mix.clone(), arrivals, hall.instruments.len(), since);
    let meter = Meter::new(twin, hall.clone(), since);
    let journal = Journal::in_memory(Header::new("simulation"));
    let mut shell = Shell::open(Conductor::new(hall.clone())?, meter, feed, journal)?;
    let mut waits: BTreeMap<&'static str, f64> = BTreeMap::new();
    let mut looks = 0_u32;
    let mut dealer = crate::load::Dealer::new(mix);
    let mut handed_in = 0_u32;
    let mut look = Instant::EPOCH;
    while look < until {
        let next = (look + LOOK_EVERY).min(until);
        if let Arrivals::Every(seconds) = arrivals {
            loop {
                let due = Duration::from_secs_f64(seconds * f64::from(handed_in));
                let due = Instant::EPOCH + due;
                if due >= next {
                    break;
                }
                run(&mut shell, due)?;
                let recipe = mix.recipe(dealer.next().unwrap_or_default());
                shell.hand_in(Input::Submit(recipe.order(handed_in)))?;
                handed_in += 1;
            }
        }
        run(&mut shell, next)?;
        look = next;
        if look >= since {
            looks += 1;
            for (cause, count) in shell.conductor().waiting() {
                *waits.entry(cause).or_default() += count as f64;
            }
        }
    }
    for count in waits.values_mut() {
        *count /= f64::from(looks.max(1));
    }
    let counters = shell.conductor().counters();
    let (cleared, shared) = (
        counters.cleared,
        [counters.shared_runs, counters.shared_plates],
    );
    let (_, mut meter, feed, _) = shell.into_parts();
    meter.end(until);
    let breaches = meter.inner.violations().len();
    let hours = request.hours - request.warm_up;
    let mut outcome = Outcome::new(hall, mix, hours, &feed, &meter.noted, waits);
    outcome.cleared = cleared;
    outcome.shared = shared;
    outcome.breaches = breaches;
    Ok(outcome)
}

fn run(shell: &mut Shell<Meter<Twin>, Feed>, until: Instant) -> Result<(), ShellError> {
    if shell.now() < until || until == Instant::EPOCH {
        while shell.run(until)? == Stop::Still {}
    }
    Ok(())
}
