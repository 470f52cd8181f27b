//! What wells settle of what was proposed.

use super::{KeptWhat, Settled, own_choice};
use crate::assay::Campaign;
use crate::prior::{Belief, effect};
use crate::record::{Candidate, ToldPoint};
use crate::state::State;
use design::{Aim, FactorKind, Outcome, Point, Policy, RivalsFound, Trial};
use reason::rivals::{Formula, Hypothesis, Parameter, RivalOptions, RivalPolicy};

/// Fewest points of the campaign's own choice on a plate against which proposed ones are settled.
const OWN_MIN: usize = 4;
/// Standard errors at which the direction of an effect is settled: 99.9 %, since every plate looks again.
const SURE: f64 = 3.29;

/// The value that a quarter of these surpass (type 7 of Hyndman and Fan, Am. Stat. 50 (1996) 361).
fn upper_quartile(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    let place = 0.75 * (values.len() - 1) as f64;
    let (low, share) = (place.floor() as usize, place.fract());
    let high = (low + 1).min(values.len() - 1);
    values[low] + share * (values[high] - values[low])
}

/// Every proposal that is not settled yet: record, place in it.
fn open(state: &State) -> impl Iterator<Item = (&super::Proposed, u32, &super::Kept)> {
    let settled = |record: &super::Proposed, place: u32| {
        state.settled.iter().any(|one| {
            one.model == record.model && one.batch == record.batch && one.proposal == place
        })
    };
    state.proposed.iter().flat_map(move |record| {
        (0u32..)
            .zip(&record.taken)
            .filter(move |(place, _)| !settled(record, *place))
            .map(move |(place, kept)| (record, place, kept))
    })
}

fn settled(
    (record, place, kept): (&super::Proposed, u32, &super::Kept),
    came_true: bool,
    why: String,
) -> Settled {
    Settled {
        model: record.model.clone(),
        batch: record.batch,
        proposal: place,
        kind: kept.what.kind().to_owned(),
        confidence: kept.confidence,
        came_true,
        why,
    }
}

/// What a plate settles, before the state takes in what its points gave: points, and effects that have become sure.
pub(crate) fn at_plate(campaign: &Campaign, state: &State, told: &[ToldPoint]) -> Vec<Settled> {
    if state.proposed.is_empty() {
        return Vec::new();
    }
    let mut found = points(campaign, state, told);
    found.extend(effects(campaign, state, told));
    found
}

fn points(campaign: &Campaign, state: &State, told: &[ToldPoint]) -> Vec<Settled> {
    let sign = if campaign.aim == Aim::Minimise {
        -1.0
    } else {
        1.0
    };
    let own = own_choice(state, told);
    if own.len() < OWN_MIN {
        return Vec::new();
    }
    let wanted = upper_quartile(own.iter().map(|value| sign * value).collect());
    let mut found = Vec::new();
    for point in told {
        let asked = state.points.get(point.id as usize);
        let by = asked.and_then(|asked| asked.proposal.as_ref().map(|by| (asked.batch, by)));
        let (Some((batch, (model, place))), Some(value)) = (by, point.value) else {
            continue;
        };
        let this = open(state).find(|(record, own, _)| {
            record.batch == batch && record.model == *model && own == place
        });
        if let Some(this) = this {
            let better = if sign < 0.0 { "below" } else { "above" };
            let why = format!(
                "it gave {value:.4}; {better} {:.4} was three in four of the campaign's own {} points on its plate",
                sign * wanted,
                own.len()
            );
            found.push(settled(this, sign * value > wanted, why));
        }
    }
    found
}

fn effects(campaign: &Campaign, state: &State, told: &[ToldPoint]) -> Vec<Settled> {
    let measured: Vec<(&Point, f64)> = state
        .answered()
        .map(|(_, asked, value)| (&asked.point, value))
        .chain(told.iter().filter_map(|point| {
            let asked = state.points.get(point.id as usize)?;
            Some((&asked.point, point.value?))
        }))
        .collect();
    let mut found = Vec::new();
    for this in open(state) {
        let KeptWhat::Effect {
            factor,
            level,
            increases,
        } = &this.2.what
        else {
            continue;
        };
        let Some(at) = campaign.space.index(factor) else {
            continue;
        };
        let place = match (&campaign.space.factors[at].kind, level) {
            (FactorKind::Categorical { levels, .. }, Some(level)) => {
                levels.iter().position(|own| own == level)
            }
            _ => None,
        };
        let belief = Belief {
            words: String::new(),
            factor: at,
            level: place,
            estimate: 0.0,
            sd: 0.0,
            sources: Vec::new(),
        };
        if let Some((size, error)) = effect(&campaign.space, &belief, &measured)
            && size.abs() > SURE * error
        {
            let why = format!("wells say {size:.4} ± {error:.4}");
            found.push(settled(this, (size > 0.0) == *increases, why));
        }
    }
    found
}

/// What the answer settles: where the best point lies, which hypothesis holds, and whether formulas are borne out.
pub(crate) fn at_answer(
    campaign: &Campaign,
    state: &State,
    policy: &dyn Policy,
    best: Option<&Candidate>,
) -> Vec<Settled> {
    let rivals = policy.rivals().filter(|_| policy.settled().is_some());
    let mut found = Vec::new();
    for this in open(state) {
        let verdict = match &this.2.what {
            KeptWhat::Range { factor, low, high } => best.and_then(|best| {
                // A best point that was not measured again may be a lucky one.
                best.confirmed?;
                let at = campaign.space.index(factor)?;
                let value: f64 = best.levels.get(at)?.parse().ok()?;
                let inside = (*low..=*high).contains(&value);
                Some((inside, format!("the best point has {factor} at {value:.4}")))
            }),
            KeptWhat::Hypothesis {
                rival: Some(name), ..
            } => rivals.as_ref().and_then(|found| holds(found, name)),
            KeptWhat::Hypothesis {
                formula: Some(formula),
                parameters,
                ..
            } => borne_out(campaign, state, formula, parameters),
            _ => None,
        };
        if let Some((came_true, why)) = verdict {
            found.push(settled(this, came_true, why));
        }
    }
    found
}

/// Whether a hypothesis of the campaign's is the one that wells left.
fn holds(found: &RivalsFound, name: &str) -> Option<(bool, String)> {
    let last = |all: &[f64]| all.last().copied().unwrap_or(0.0);
    let own = found.each.iter().find(|rival| rival.name == name)?;
    let share = last(&own.probabilities);
    let first = found
        .each
        .iter()
        .all(|other| last(&other.probabilities) <= share);
    Some((
        first && !found.none_fits,
        format!("wells leave it a probability of {share:.3}"),
    ))
}

/// Whether a formula foretells what wells said better than one value everywhere does, and without a misfit that is
/// certain. Nothing where too little was measured, or the formula can't be read any more.
fn borne_out(
    campaign: &Campaign,
    state: &State,
    formula: &str,
    parameters: &[(String, f64, f64)],
) -> Option<(bool, String)> {
    let values: Vec<f64> = state.answered().map(|(_, _, value)| value).collect();
    let low = values.iter().copied().fold(f64::INFINITY, f64::min);
    let high = values.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    if values.len() < OWN_MIN * 4 || low >= high {
        return None;
    }
    let factors: Vec<&str> = campaign
        .space
        .factors
        .iter()
        .map(|factor| factor.name.as_str())
        .collect();
    let parameters: Vec<Parameter> = parameters
        .iter()
        .map(|(name, low, high)| Parameter {
            name: name.clone(),
            low: *low,
            high: *high,
            log: *low > 0.0 && high / low > 10.0,
        })
        .collect();
    let mut name = "level".to_owned();
    while factors.contains(&name.as_str()) {
        name.push('_');
    }
    let level = Parameter {
        name: name.clone(),
        low,
        high,
        log: false,
    };
    let proposed = Formula::parse(formula).ok()?;
    let proposed = Hypothesis::new("proposed", 1.0, proposed, parameters, &factors).ok()?;
    let flat = Formula::parse(&name).ok()?;
    let flat = Hypothesis::new("the same everywhere", 1.0, flat, vec![level], &factors).ok()?;
    let options = RivalOptions {
        certainty: 0.99,
        noise: None,
        repeats: true,
        by_lot: true,
    };
    let seed = campaign.seed.derive("proposed law", 0);
    let mut between =
        RivalPolicy::new(campaign.space.clone(), vec![proposed, flat], options, seed).ok()?;
    let trials: Vec<Trial> = state
        .answered()
        .map(|(_, asked, value)| {
            let told = asked.told.as_ref().map(|told| &told.0);
            Trial {
                point: asked.point.clone(),
                outcome: Outcome::Measured {
                    values: vec![value],
                    sd: told.and_then(|told| told.sd),
                    replicates: told.map_or(1, |told| told.wells.max(1)),
                },
                batch: 0,
            }
        })
        .collect();
    between.tell(&trials).ok()?;
    let share = between.rivals().probabilities()[0];
    let misfit = between.rivals().none_fits();
    let words = format!(
        "wells leave it a probability of {share:.3} against one value everywhere{}",
        if misfit {
            ", and show that it misses"
        } else {
            ""
        }
    );
    Some((share > 0.5 && !misfit, words))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_quarter_surpasses_the_upper_quartile() {
        assert_eq!(upper_quartile(vec![4.0, 1.0, 3.0, 2.0, 5.0]), 4.0);
        assert_eq!(upper_quartile(vec![1.0, 2.0, 3.0, 4.0]), 3.25);
        assert_eq!(upper_quartile(vec![7.0]), 7.0);
    }
}
