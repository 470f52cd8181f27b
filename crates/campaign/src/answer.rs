//! The answer: which point is best, how good it is, and how sure that is.
//!
//! The best of many noisy values is likely to be a lucky one. So the estimate of a candidate rests on
//! wells that were measured after it was chosen, and on nothing before; and since the best of the
//! candidates is chosen by those same wells, all of them are estimated together, each drawn to the
//! others as far as their errors could explain the difference ([`hierarchy`]).
//!
//! Wells of one plate share errors that no number of them averages out: those of the controls that
//! they are in relation to, and what plates differ by where nothing on them takes it out. Both are
//! part of the interval.

use crate::analysis::hierarchy::hierarchy;
use crate::analysis::stats;
use crate::assay::Campaign;
use crate::causes;
use crate::prior;
use crate::proposer;
use crate::record::{Answer, Candidate, VERSION};
use crate::rivals;
use crate::state::State;
use design::{Aim, Level, Point, Policy, Space};
use std::collections::BTreeMap;

/// Two-sided 95 % of a normal distribution.
const Z95: f64 = 1.959_963_984_540_054;
/// Two-sided 90 % of a normal distribution.
const Z90: f64 = 1.644_853_626_951_472_7;
/// The model's doubt is widened up to this many times.
const WIDEST: f64 = 10.0;
/// Share of a factor's range within which two levels are taken to be the same candidate.
const NEAR: f64 = 0.01;
/// Fewest points of a plate by which the model's doubt is judged.
const JUDGED_MIN: usize = 10;
/// Candidates that an answer without a confirmation names.
const NAMED: usize = 5;
/// Why points of a confirmation are asked.
pub(crate) const CONFIRM: &str = "confirm";

/// The mean of a point's wells on one plate.
#[derive(Clone, Copy, Debug)]
struct Mean {
    value: f64,
    /// Standard deviation of the wells' own errors in it, if known.
    sd: Option<f64>,
    /// Standard deviation of the error that the whole plate shares, if known.
    shared: Option<f64>,
    wells: f64,
}

/// Everything measured of one point.
#[derive(Clone, Debug, Default)]
struct Measured {
    levels: Vec<String>,
    /// Before the confirmation.
    before: Vec<Mean>,
    /// In the confirmation.
    after: Vec<Mean>,
    /// What the model expected just before the confirmation.
    model: Option<(f64, f64)>,
}

fn measured(state: &State) -> BTreeMap<Point, Measured> {
    let mut all: BTreeMap<Point, Measured> = BTreeMap::new();
    for (_, asked, value) in state.answered() {
        let of = all.entry(asked.point.clone()).or_default();
        of.levels.clone_from(&asked.levels);
        let Some((told, _)) = &asked.told else {
            continue;
        };
        let mean = Mean {
            value,
            sd: told.sd,
            shared: told.shared,
            wells: f64::from(told.wells),
        };
        if &*asked.why == CONFIRM {
            of.after.push(mean);
            of.model = of.model.or(told.expected);
        } else {
            of.before.push(mean);
        }
    }
    all
}

/// Mean over all wells, and their number.
fn pooled(means: &[Mean]) -> Option<(f64, f64)> {
    let wells: f64 = means.iter().map(|mean| mean.wells).sum();
    let sum: f64 = means.iter().map(|mean| mean.value * mean.wells).sum();
    (wells > 0.0).then(|| (sum / wells, wells))
}

/// The standard deviation of the pooled mean, where each plate says its own part of it.
fn spread(means: &[Mean], part: impl Fn(&Mean) -> Option<f64>) -> Option<f64> {
    let wells: f64 = means.iter().map(|mean| mean.wells).sum();
    let mut squares = 0.0;
    for mean in means {
        squares += (part(mean)? * mean.wells).powi(2);
    }
    (wells > 0.0).then(|| squares.sqrt() / wells)
}

/// By what share of a response plates differ, where responses are not in relation to controls: by as
/// much as controls of the same kind do beyond their own errors. Zero if that can't be seen.
fn between_plates(state: &State) -> f64 {
    let counted = state.plates.iter().filter(|plate| plate.counts());
    let levels: Vec<(f64, f64)> = counted
        .filter_map(|plate| plate.analysed.as_ref()?.standard)
        .filter(|(level, error)| *level > 0.0 && *error > 0.0)
        .collect();
    let relative: Vec<f64> = levels.iter().map(|(level, _)| level.ln()).collect();
    let errors: Vec<f64> = levels.iter().map(|(level, error)| error / level).collect();
    hierarchy(&relative, &errors).map_or(0.0, |plates| plates.variance.sqrt())
}

/// The standard deviation of one well's response: from replicates where there are any, else from
/// the spread of everything, which is too wide rather than too narrow.
fn well_sd(state: &State) -> f64 {
    let (mut squares, mut plates) = (0.0, 0);
    for sd in state
        .plates
        .iter()
        .filter_map(|plate| plate.analysed.as_ref()?.replicate_sd)
    {
        squares += sd * sd;
        plates += 1;
    }
    if plates > 0 {
        return (squares / f64::from(plates)).sqrt();
    }
    let values: Vec<f64> = state.answered().map(|answered| answered.2).collect();
    let spread = stats::sd(&values);
    if spread.is_finite() { spread } else { 0.0 }
}

/// How a response counts for the aim: higher is better.
fn merit(aim: Aim, value: f64) -> f64 {
    if aim == Aim::Minimise { -value } else { value }
}

/// A point that the model had not seen, and what it gave.
#[derive(Clone, Copy, Debug)]
struct Unseen {
    /// Measured minus expected.
    error: f64,
    /// The standard deviation that was stated for the expected value.
    sd: f64,
    /// The standard deviation of the measured value's own error.
    own: f64,
}

impl Unseen {
    /// The standard deviation of the difference, if the model is right.
    fn total(&self) -> f64 {
        self.sd.hypot(self.own).max(f64::MIN_POSITIVE)
    }

    /// By what factor the model's standard deviation would have to be multiplied for the 90 % interval to
    /// just hold the value.
    fn factor(&self) -> f64 {
        let beyond = (self.error / Z90).powi(2) - self.own.powi(2);
        beyond.max(0.0).sqrt() / self.sd.max(f64::MIN_POSITIVE)
    }
}

/// Points that were foretold and are no candidates, plate by plate.
fn unseen(state: &State) -> BTreeMap<usize, Vec<Unseen>> {
    let noise = well_sd(state);
    let mut plates: BTreeMap<usize, Vec<Unseen>> = BTreeMap::new();
    for (_, asked, value) in state.answered() {
        let Some((told, _)) = asked.told.as_ref().filter(|_| &*asked.why != CONFIRM) else {
            continue;
        };
        let (Some((mean, sd)), Some(order)) = (told.expected, asked.order) else {
            continue;
        };
        let own = told
            .sd
            .unwrap_or(noise / f64::from(told.wells.max(1)).sqrt());
        plates.entry(order.index()).or_default().push(Unseen {
            error: value - mean,
            sd,
            own,
        });
    }
    plates
}

/// The factor by which the model's standard deviations are to be multiplied before they are stated: what
/// it takes for 90 of 100 points of the plates before to lie in their 90 % intervals, plate after plate
/// (the idea of split conformal prediction: Lei et al., JASA 113 (2018) 1094). Models choose where they
/// expect most, and so are wrong there more often than on points at random.
#[must_use]
pub(crate) fn widening(state: &State) -> f64 {
    let mut widening: f64 = 1.0;
    let plates = unseen(state).into_values();
    for points in plates.filter(|points| points.len() >= JUDGED_MIN) {
        let mut factors: Vec<f64> = points.iter().map(Unseen::factor).collect();
        factors.sort_by(f64::total_cmp);
        let at = (0.9 * factors.len() as f64).ceil() as usize;
        if let Some(factor) = at.checked_sub(1).and_then(|at| factors.get(at)) {
            widening = (widening * factor).clamp(1.0, WIDEST);
        }
    }
    widening
}

/// What was expected of points that the model had not seen, against what they gave: error, noise, and
/// the share within the 95 % interval that was stated.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
struct Calibration {
    error: Option<f64>,
    noise: Option<f64>,
    covered: Option<f64>,
}

fn calibration(state: &State) -> Calibration {
    // The model of the last plate is the one that answers; earlier ones knew less.
    let Some((_, rows)) = unseen(state).pop_last() else {
        return Calibration::default();
    };
    let count = rows.len() as f64;
    let mean = |of: &dyn Fn(&Unseen) -> f64| rows.iter().map(of).sum::<f64>() / count;
    Calibration {
        error: Some(mean(&|row| row.error.powi(2)).sqrt()),
        noise: Some(mean(&|row| row.own.powi(2)).sqrt()),
        covered: Some(mean(&|row| {
            f64::from(u8::from(row.error.abs() <= Z95 * row.total()))
        })),
    }
}

/// The points to be confirmed: in turn the best by what the model expects of them and the best as
/// they were measured. A model smooths a lone peak away, and a peak may be a disturbed well: wells of
/// the confirmation are what tells the two apart. Without a model, the best by their shrunk mean.
#[must_use]
pub(crate) fn to_confirm(campaign: &Campaign, state: &State, policy: &dyn Policy) -> Vec<Point> {
    let all = measured(state);
    let points: Vec<Point> = all.keys().cloned().collect();
    let scores = scores(&all, &points, policy);
    let mut order: Vec<usize> = (0..points.len())
        .filter(|at| scores[*at].0.is_finite())
        .collect();
    order.sort_by(|a, b| {
        let score = |at: usize| merit(campaign.aim, scores[at].0);
        score(*b).total_cmp(&score(*a)).then(a.cmp(b))
    });
    let mut peaks = order.clone();
    let seen = |at: usize| pooled(&all[&points[at]].before).map_or(f64::NAN, |(mean, _)| mean);
    peaks.retain(|at| seen(*at).is_finite());
    peaks.sort_by(|a, b| {
        let score = |at: usize| merit(campaign.aim, seen(at));
        score(*b).total_cmp(&score(*a)).then(a.cmp(b))
    });
    let mut chosen: Vec<usize> = Vec::new();
    let (mut expected, mut peaks) = (order.into_iter(), peaks.into_iter());
    while chosen.len() < campaign.confirm.candidates as usize {
        let before = chosen.len();
        for turn in [&mut expected, &mut peaks] {
            let another = |at: &usize| {
                let mut chosen = chosen.iter();
                !chosen.any(|other| alike(&campaign.space, &points[*other], &points[*at]))
            };
            if let Some(at) = turn.find(another) {
                chosen.push(at);
            }
        }
        if chosen.len() == before {
            break;
        }
    }
    chosen.truncate(campaign.confirm.candidates as usize);
    chosen.into_iter().map(|at| points[at].clone()).collect()
}

/// Whether two points are too near to each other to be two candidates: they differ in numbers only, and in
/// none by more than [`NEAR`] of its range.
fn alike(space: &Space, a: &Point, b: &Point) -> bool {
    let mut factors = space.factors.iter().zip(a.levels().iter().zip(b.levels()));
    factors.all(|(factor, levels)| match (levels, factor.range()) {
        ((Level::Real(a), Level::Real(b)), Some((low, high))) => {
            (a - b).abs() <= NEAR * (high - low)
        }
        ((a, b), _) => a == b,
    })
}

/// Mean and standard deviation of the estimate for each point: the model's, or else the mean of the
/// wells drawn towards the mean of all (empirical Bayes: Efron and Morris, JASA 70 (1975) 311).
fn scores(
    all: &BTreeMap<Point, Measured>,
    points: &[Point],
    policy: &dyn Policy,
) -> Vec<(f64, f64)> {
    if let Some(predicted) = policy.predict(points) {
        return predicted.iter().map(|p| (p.mean, p.sd)).collect();
    }
    let means: Vec<(f64, f64)> = points
        .iter()
        .map(|point| {
            let of = &all[point];
            let values: Vec<Mean> = of.before.iter().chain(&of.after).copied().collect();
            let mean = pooled(&values).map_or(f64::NAN, |(mean, _)| mean);
            let sd = values
                .iter()
                .filter_map(|mean| mean.sd)
                .fold(f64::NAN, f64::min);
            (mean, sd)
        })
        .collect();
    let values: Vec<f64> = means.iter().map(|mean| mean.0).collect();
    let (centre, spread) = (stats::mean(&values), stats::sd(&values));
    means
        .into_iter()
        .map(|(mean, sd)| {
            if sd.is_finite() && spread > 0.0 {
                let keep = (1.0 - sd * sd / (spread * spread)).max(0.0);
                (centre + keep * (mean - centre), keep.sqrt() * sd)
            } else {
                (mean, spread)
            }
        })
        .collect()
}

/// The answer from what is known now.
#[must_use]
pub(crate) fn answer(
    campaign: &Campaign,
    state: &State,
    policy: &dyn Policy,
    early: Option<String>,
) -> Answer {
    let calibration = calibration(state);
    let all = measured(state);
    let (rivals, fits) = rivals::found(campaign, policy);
    let mut candidates = if campaign.aim == Aim::Map {
        Vec::new()
    } else {
        candidates(campaign, state, policy, &all)
    };
    candidates.sort_by(|a, b| {
        merit(campaign.aim, b.estimate).total_cmp(&merit(campaign.aim, a.estimate))
    });
    let unanswered = state
        .points
        .iter()
        .filter(|p| p.told.as_ref().is_none_or(|told| told.0.value.is_none()))
        .count();
    Answer {
        v: VERSION,
        settled: proposer::at_answer(campaign, state, policy, candidates.first()),
        candidates,
        model_error: calibration.error,
        noise: calibration.noise,
        covered: calibration.covered,
        verdict: policy.settled(),
        rivals,
        fits,
        causes: causes::found(campaign, state).map(Box::new),
        prior: prior::found(campaign, state),
        points: all.len() as u32,
        plates: state.counted() as u32,
        rejected: state.rejected() as u32,
        unanswered: unanswered as u32,
        early,
    }
}

fn candidates(
    campaign: &Campaign,
    state: &State,
    policy: &dyn Policy,
    all: &BTreeMap<Point, Measured>,
) -> Vec<Candidate> {
    let confirmed = confirmed(state, all);
    if !confirmed.is_empty() {
        return confirmed;
    }
    let (noise, widening) = (well_sd(state), widening(state));
    let points: Vec<Point> = all.keys().cloned().collect();
    let scores = scores(all, &points, policy);
    let mut order: Vec<usize> = (0..points.len())
        .filter(|at| scores[*at].0.is_finite())
        .collect();
    order.sort_by(|a, b| {
        merit(campaign.aim, scores[*b].0)
            .total_cmp(&merit(campaign.aim, scores[*a].0))
            .then(a.cmp(b))
    });
    order
        .into_iter()
        .take(NAMED)
        .map(|at| {
            let of = &all[&points[at]];
            let (estimate, sd) = (scores[at].0, scores[at].1 * widening);
            let sd = if sd.is_finite() { sd } else { noise };
            let before = pooled(&of.before);
            Candidate {
                levels: of.levels.clone(),
                model: None,
                before: before.map(|(mean, _)| mean),
                confirmed: None,
                wells: before.map_or(0, |(_, wells)| wells as u32),
                estimate,
                sd,
                plate_sd: None,
                interval: (estimate - Z95 * sd, estimate + Z95 * sd),
            }
        })
        .collect()
}

/// The candidates that were measured once more after they were chosen.
fn confirmed(state: &State, all: &BTreeMap<Point, Measured>) -> Vec<Candidate> {
    let noise = well_sd(state);
    let between = between_plates(state);
    let candidates: Vec<(&Measured, f64, f64)> = all
        .values()
        .filter_map(|of| {
            let (mean, wells) = pooled(&of.after)?;
            Some((of, mean, wells))
        })
        .collect();
    let means: Vec<f64> = candidates.iter().map(|candidate| candidate.1).collect();
    let errors: Vec<f64> = candidates
        .iter()
        .map(|(of, _, wells)| spread(&of.after, |mean| mean.sd).unwrap_or(noise / wells.sqrt()))
        .collect();
    let estimates = hierarchy(&means, &errors).map_or_else(
        || means.iter().copied().zip(errors).collect(),
        |together| together.values,
    );
    candidates
        .into_iter()
        .zip(estimates)
        .map(|((of, mean, wells), (estimate, own))| {
            let shared = spread(&of.after, |mean| mean.shared).unwrap_or(0.0);
            let differ = spread(&of.after, |mean| Some(between * mean.value)).unwrap_or(0.0);
            let plate = shared.hypot(differ);
            let sd = own.hypot(plate);
            Candidate {
                levels: of.levels.clone(),
                model: of.model,
                before: pooled(&of.before).map(|(mean, _)| mean),
                confirmed: Some(mean),
                wells: wells as u32,
                estimate,
                sd,
                plate_sd: (plate > 0.0).then_some(plate),
                interval: (estimate - Z95 * sd, estimate + Z95 * sd),
            }
        })
        .collect()
}
