//! A hall that campaigns shared.

use crate::{Promises, Run};
use quantity::Instant;

/// Everything that the page of a hall says in which campaigns ran side by side. Each has a page of its own.
#[derive(Clone, Debug, PartialEq)]
pub struct Shared {
    /// What happened in the hall: the work, faults, losses and tasks of all; without the campaigns themselves.
    pub run: Run,
    /// The campaigns.
    pub members: Vec<Member>,
    /// The instruments that were busiest, if any did anything.
    pub bottleneck: Option<Bottleneck>,
    /// Until when shares are counted: the first campaign had no plate in the hall any more.
    pub until: Instant,
}

/// What campaigns competed for.
#[derive(Clone, Debug, PartialEq)]
pub struct Bottleneck {
    /// The kind of instrument, for people.
    pub kind: String,
    /// How many there are.
    pub instruments: usize,
    /// The share of their time and places that was used, from 0 to 1.
    pub used: f64,
}

/// A campaign of a shared hall.
#[derive(Clone, Debug, PartialEq)]
pub struct Member {
    /// Its name.
    pub name: String,
    /// What it asks.
    pub question: String,
    /// Its page, from the folder of the hall's.
    pub page: String,
    /// How it ended or stands, for people: `answered`.
    pub state: String,
    /// Plates that count.
    pub plates: u32,
    /// Plates that it has for spending.
    pub budget: u32,
    /// The share of the hall that is its by weight, from 0 to 1.
    pub due: f64,
    /// The share of what was used of the bottleneck that it had, from 0 to 1.
    pub had: f64,
    /// What the hall promised it.
    pub promises: Promises,
}
