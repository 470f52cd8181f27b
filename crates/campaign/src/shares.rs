//! What campaigns in one hall got of what they compete for.

use crate::turn::Loop;
use bus::Role;
use lab::Hall;
use quantity::{Duration, Instant};
use std::collections::BTreeMap;
use std::sync::Arc;

/// What campaigns had of a hall while all of them had plates in it.
#[derive(Clone, Debug, PartialEq)]
pub struct Shares {
    /// The instruments that were busiest; none if none did anything.
    pub bottleneck: Option<Bottleneck>,
    /// Until when it is counted: the first of them had no plate any more, or now.
    pub until: Instant,
    /// By campaign.
    pub each: Vec<Share>,
}

/// The kind of instrument that was busiest.
#[derive(Clone, Debug, PartialEq)]
pub struct Bottleneck {
    /// Its kind, as lab files name it.
    pub kind: Arc<str>,
    /// How many of it the hall has.
    pub instruments: usize,
    /// The share of their time and places that was used.
    pub used: f64,
}

/// What a campaign had.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Share {
    /// Its weight over those of all.
    pub due: f64,
    /// The share that it had of what was used of the bottleneck.
    pub had: f64,
    /// Its plates that came to their end until then.
    pub plates: u32,
}

/// Works out what campaigns had of their hall so far.
#[must_use]
pub fn shares(each: &[Loop], hall: &Hall, now: Instant) -> Shares {
    let ends = each.iter().filter(|own| own.answer().is_some());
    let last = |own: &Loop| {
        let ends = own.state().plates.iter();
        ends.filter_map(|plate| Some(plate.ended.as_ref()?.1)).max()
    };
    let until = ends.filter_map(last).fold(now, Instant::min);
    // Time in use by kind, and by campaign.
    let mut busy: BTreeMap<&str, Vec<Duration>> = BTreeMap::new();
    for (place, own) in each.iter().enumerate() {
        for step in own.state().plates.iter().flat_map(|plate| &plate.steps) {
            let instrument = hall.instrument(step.instrument);
            let ended = step.ended.unwrap_or(now).min(until);
            if instrument.role == Role::Work && step.began < ended {
                let all = busy.entry(&*instrument.kind);
                let all = all.or_insert_with(|| vec![Duration::ZERO; each.len()]);
                all[place] += ended.since(step.began);
            }
        }
    }
    let seconds = |all: &[Duration]| all.iter().map(|one| one.as_secs_f64()).sum::<f64>();
    let of_kind = |kind: &str| {
        let all = hall.instruments.iter().filter(|one| *one.kind == *kind);
        all.fold((0, 0.0), |(count, places), one| {
            (count + 1, places + f64::from(one.simultaneous.max(1)))
        })
    };
    let elapsed = until.as_secs_f64();
    let used = |kind: &str, all: &[Duration]| seconds(all) / (of_kind(kind).1 * elapsed);
    let top = busy
        .iter()
        .map(|(kind, all)| (used(kind, all), *kind, all))
        .max_by(|a, b| a.0.total_cmp(&b.0));
    let weight = |own: &Loop| f64::from(own.campaign().hall.weight.max(1));
    let weights: f64 = each.iter().map(weight).sum();
    let share = |(place, own): (usize, &Loop)| Share {
        due: weight(own) / weights,
        had: top.map_or(0.0, |(_, _, all)| {
            all[place].as_secs_f64() / seconds(all).max(f64::MIN_POSITIVE)
        }),
        plates: own
            .state()
            .plates
            .iter()
            .filter(|plate| plate.refused.is_none())
            .filter(|plate| plate.ended.as_ref().is_some_and(|(_, at)| *at <= until))
            .count() as u32,
    };
    Shares {
        bottleneck: top.map(|(used, kind, _)| Bottleneck {
            kind: kind.into(),
            instruments: of_kind(kind).0,
            used,
        }),
        until,
        each: each.iter().enumerate().map(share).collect(),
    }
}
