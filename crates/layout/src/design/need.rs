//! How many instruments of which kind a load needs, and which ways its plates go.

use super::DesignError;
use crate::load::{Mix, Recipe};
use crate::sizes;
use bus::cover_after;
use lab::{Kind, Kinds};
use labware::Cover;
use std::collections::BTreeMap;

/// Seconds for which a nest is kept beyond the step: the arm puts the plate in, a mover comes, the
/// arm takes it out (arms 11 s each way, a mover within half a minute; typical).
const HANDLING_S: f64 = 50.0;
/// Plates have a home for as long as they are in the hall; so many homes for each that is under way.
const HOMES_SPARE: f64 = 1.35;
/// Seconds of waiting and riding beside each step, for how long plates are under way.
const BETWEEN_S: f64 = 180.0;
/// A waste takes a plate in a few arm moves; beyond this many an hour there is another.
const WASTE_PER_HOUR: f64 = 60.0;

/// What a load needs.
#[derive(Clone, Debug, PartialEq)]
pub struct Need {
    /// How many instruments of each kind.
    pub counts: BTreeMap<String, usize>,
    /// Plates an hour from kind to kind; they come from a `hotel` and end in a `waste`.
    pub flows: BTreeMap<(String, String), f64>,
    /// How many instruments of each kind would be busy all the time, if plates never waited.
    pub busy: BTreeMap<String, f64>,
    /// Mean hours of a plate in the hall.
    pub flow_hours: f64,
}

/// A step of a recipe, and the kinds that can do it with their seconds.
struct Step<'k> {
    recipe: usize,
    word: String,
    options: Vec<(&'k str, f64)>,
}

fn options<'k>(
    kinds: &'k Kinds,
    recipe: &Recipe,
    index: usize,
) -> Result<Vec<Step<'k>>, DesignError> {
    let protocol = recipe.protocol();
    let mut cover = Cover::Open;
    let mut steps = Vec::new();
    for step in &protocol.steps {
        let (operation, class) = (&step.operation, protocol.labware.class);
        let options: Vec<(&str, f64)> = kinds
            .iter()
            .filter_map(|(name, kind)| {
                let offers = kind.capabilities();
                let offer = offers
                    .iter()
                    .find(|offer| offer.covers_operation(operation, class, cover))?;
                let time = offer.duration.median(operation, recipe.wells());
                Some((name, time.as_secs_f64()))
            })
            .collect();
        if options.is_empty() {
            return Err(DesignError::NoKind {
                protocol: protocol.name.to_string(),
                step: step.name.to_string(),
                word: operation.capability.to_string(),
            });
        }
        cover = cover_after(&operation.capability).unwrap_or(cover);
        steps.push(Step {
            recipe: index,
            word: operation.capability.to_string(),
            options,
        });
    }
    Ok(steps)
}

/// What a load of `rate` plates an hour needs, with no instrument busier than `target`: of all ways
/// to share the steps out among kinds that can do them, one whose instruments are cheap.
///
/// # Errors
/// If no kind can do a step.
pub fn need(kinds: &Kinds, mix: &Mix, rate: f64, target: f64) -> Result<Need, DesignError> {
    let mut steps = Vec::new();
    for (index, (recipe, _)) in mix.parts().enumerate() {
        steps.extend(options(kinds, recipe, index)?);
    }
    let shares: Vec<f64> = mix.parts().map(|(_, share)| share).collect();
    let mut chosen: Vec<usize> = steps
        .iter()
        .map(|step| {
            let price = |o: &(&str, f64)| sizes::of(o.0).price * o.1;
            let at = (0..step.options.len())
                .min_by(|&a, &b| price(&step.options[a]).total_cmp(&price(&step.options[b])));
            at.unwrap_or_default()
        })
        .collect();
    let busy = |chosen: &[usize]| -> BTreeMap<String, f64> {
        let mut busy = BTreeMap::new();
        let mut last = (usize::MAX, "");
        for (step, at) in steps.iter().zip(chosen) {
            let (kind, seconds) = step.options[*at];
            // Consecutive steps in one instrument are one stay.
            let handling = if last == (step.recipe, kind) {
                0.0
            } else {
                handling(kinds, kind)
            };
            last = (step.recipe, kind);
            *busy.entry(kind.to_owned()).or_default() +=
                rate * shares[step.recipe] / 3600.0 * (seconds + handling);
        }
        busy
    };
    let price = |chosen: &[usize]| -> f64 {
        busy(chosen)
            .iter()
            .map(|(kind, busy)| count(kinds, kind, *busy, target) as f64 * sizes::of(kind).price)
            .sum()
    };
    // One step, or all steps of one word together, to another kind, as long as it gets cheaper.
    let mut best = price(&chosen);
    loop {
        let before = best;
        for at in 0..steps.len() {
            for option in 0..steps[at].options.len() {
                let kind = steps[at].options[option].0;
                for all in [false, true] {
                    let mut other = chosen.clone();
                    for (k, step) in steps.iter().enumerate() {
                        let same = k == at || all && step.word == steps[at].word;
                        if same && let Some(to) = step.options.iter().position(|o| o.0 == kind) {
                            other[k] = to;
                        }
                    }
                    let price = price(&other);
                    if price < best - 1e-9 {
                        (best, chosen) = (price, other);
                    }
                }
            }
        }
        if best >= before - 1e-9 {
            break;
        }
    }
    let busy = busy(&chosen);
    let mut counts: BTreeMap<String, usize> = busy
        .iter()
        .map(|(kind, busy)| (kind.clone(), count(kinds, kind, *busy, target)))
        .collect();
    let mut flows: BTreeMap<(String, String), f64> = BTreeMap::new();
    let mut flow_hours = 0.0;
    for (recipe, share) in shares.iter().enumerate() {
        let own = steps
            .iter()
            .zip(&chosen)
            .filter(|(s, _)| s.recipe == recipe);
        let mut last = "hotel";
        for (step, at) in own {
            let (kind, seconds) = step.options[*at];
            flow_hours += share * (seconds + BETWEEN_S) / 3600.0;
            if kind != last {
                let way = (last.to_owned(), kind.to_owned());
                *flows.entry(way).or_default() += rate * share;
            }
            last = kind;
        }
        let way = (last.to_owned(), "waste".to_owned());
        *flows.entry(way).or_default() += rate * share;
    }
    let nests = |kind: &str| kinds.get(kind).map_or(1, |k| k.nests).max(1);
    let homes = rate * flow_hours * HOMES_SPARE;
    counts.insert(
        "hotel".into(),
        (homes / f64::from(nests("hotel"))).ceil().max(1.0) as usize,
    );
    counts.insert(
        "waste".into(),
        (rate / WASTE_PER_HOUR).ceil().max(1.0) as usize,
    );
    counts.insert("quarantine".into(), 1);
    Ok(Need {
        counts,
        flows,
        busy,
        flow_hours,
    })
}

/// Time of a nest beyond the step: none where another plate can wait beside the one that is worked on.
fn handling(kinds: &Kinds, kind: &str) -> f64 {
    let spare = |k: &Kind| k.nests > k.at_once();
    if kinds.get(kind).is_some_and(spare) {
        0.0
    } else {
        HANDLING_S
    }
}

/// So many instruments, none busier than the target.
fn count(kinds: &Kinds, kind: &str, busy: f64, target: f64) -> usize {
    let at_once = kinds.get(kind).map_or(1, Kind::at_once).max(1);
    (busy / (target * f64::from(at_once))).ceil().max(1.0) as usize
}
