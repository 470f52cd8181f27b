//! The most plates an hour that the instruments of a hall could do, whoever plans.
//!
//! For every set of instruments, the work that only they can do takes their time: a mix that needs
//! `w` seconds of them for a plate lets a hall do at most `c / w` plates a second, with `c` how many
//! they work on at once. The least over all sets is the bound (the dual of sharing work out among
//! able instruments in any proportion). Sets that matter are unions of those named by steps.

use crate::load::{Mix, Recipe};
use bus::{Instrument, cover_after};
use lab::Hall;
use labware::Cover;
use std::collections::{BTreeMap, BTreeSet};

/// More distinct sets than this are joined only in pairs; the bound stays sound.
const JOINED_MAX: usize = 14;

/// Work that the instruments of a set, and no others, can do.
#[derive(Clone, Debug, PartialEq)]
pub struct Load {
    /// The kinds of the instruments.
    pub kinds: Vec<String>,
    /// How many instruments.
    pub instruments: usize,
    /// How many plates they work on at once.
    pub at_once: u32,
    /// Seconds of one of them for a plate of the mix, on average.
    pub seconds: f64,
    /// Plates an hour at which they are never idle.
    pub plates_per_hour: f64,
}

/// A step that no instrument of the hall can do.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("step '{step}' of '{protocol}' can't be done by any instrument of this hall")]
pub struct Impossible {
    /// The protocol.
    pub protocol: String,
    /// The step.
    pub step: String,
}

/// The instruments that can do each step of a recipe, with seconds for each.
///
/// # Errors
/// If no instrument can do a step.
pub fn able<'h>(
    hall: &'h Hall,
    recipe: &'h Recipe,
) -> Result<Vec<Vec<(&'h Instrument, f64)>>, Impossible> {
    let protocol = recipe.protocol();
    let mut cover = Cover::Open;
    let mut able = Vec::with_capacity(protocol.steps.len());
    for step in &protocol.steps {
        let operation = &step.operation;
        let fit: Vec<_> = hall
            .offering(&operation.capability)
            .filter(|(_, offer)| offer.covers_operation(operation, protocol.labware.class, cover))
            .map(|(instrument, offer)| {
                let time = offer.duration.median(operation, recipe.wells());
                (instrument, time.as_secs_f64())
            })
            .collect();
        if fit.is_empty() {
            return Err(Impossible {
                protocol: protocol.name.to_string(),
                step: step.name.to_string(),
            });
        }
        able.push(fit);
        cover = cover_after(&operation.capability).unwrap_or(cover);
    }
    Ok(able)
}

/// Every load that limits the hall, the tightest first. The first one's rate is the bound.
///
/// # Errors
/// If no instrument can do a step.
pub fn loads(hall: &Hall, mix: &Mix) -> Result<Vec<Load>, Impossible> {
    let mut work: BTreeMap<BTreeSet<usize>, f64> = BTreeMap::new();
    for (recipe, share) in mix.parts() {
        for fit in able(hall, recipe)? {
            let least = fit.iter().map(|f| f.1).fold(f64::INFINITY, f64::min);
            let set = fit.iter().map(|f| f.0.id.index()).collect();
            *work.entry(set).or_default() += least * share;
        }
    }
    let sets: Vec<&BTreeSet<usize>> = work.keys().collect();
    let mut candidates: BTreeSet<BTreeSet<usize>> = sets.iter().map(|set| (*set).clone()).collect();
    let rounds = if sets.len() <= JOINED_MAX {
        sets.len()
    } else {
        1
    };
    for _ in 0..rounds {
        let before = candidates.len();
        let joined: Vec<BTreeSet<usize>> = candidates
            .iter()
            .flat_map(|one| sets.iter().map(move |other| (one, *other)))
            // Sets that share no instrument bound each other no further than each alone does.
            .filter(|(one, other)| !one.is_disjoint(other))
            .map(|(one, other)| one.union(other).copied().collect())
            .collect();
        candidates.extend(joined);
        if candidates.len() == before {
            break;
        }
    }
    let mut loads: Vec<Load> = candidates
        .iter()
        .filter_map(|set| {
            let inside = work.iter().filter(|(other, _)| other.is_subset(set));
            let seconds: f64 = inside.map(|(_, seconds)| seconds).sum();
            let instruments = || set.iter().map(|i| &hall.instruments[*i]);
            let at_once: u32 = instruments().map(|i| i.simultaneous).sum();
            let kinds: BTreeSet<String> = instruments().map(|i| i.kind.to_string()).collect();
            (seconds > 0.0).then(|| Load {
                kinds: kinds.into_iter().collect(),
                instruments: set.len(),
                at_once,
                seconds,
                plates_per_hour: f64::from(at_once) / seconds * 3600.0,
            })
        })
        .collect();
    loads.sort_by(|a, b| a.plates_per_hour.total_cmp(&b.plates_per_hour));
    Ok(loads)
}
