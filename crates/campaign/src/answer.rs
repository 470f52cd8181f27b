//! The answer: which point is best, how good it is, and how sure that is.
//!
//! The best of many noisy values is likely to be a lucky one. So the estimate of a candidate rests on
//! wells that were measured after it was chosen, and on what the model expected before them, with
//! the model's own spread widened to what its errors on unseen points turned out to be.

use crate::analysis::stats;
use crate::assay::Campaign;
use crate::record::{Answer, Candidate, VERSION};
use crate::state::State;
use design::{Aim, Point, Policy};
use std::collections::BTreeMap;

/// Two-sided 95 % of a normal distribution.
const Z95: f64 = 1.959_963_984_540_054;
/// Candidates that an answer without a confirmation names.
const NAMED: usize = 5;
/// Why points of a confirmation are asked.
pub(crate) const CONFIRM: &str = "confirm";

/// Everything measured of one point.
#[derive(Clone, Debug, Default)]
struct Measured {
    levels: Vec<String>,
    /// Value, its standard deviation if known, wells; before the confirmation.
    before: Vec<(f64, Option<f64>, u32)>,
    /// The same in the confirmation.
    after: Vec<(f64, Option<f64>, u32)>,
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
        if &*asked.why == CONFIRM {
            of.after.push((value, told.sd, told.wells));
            of.model = of.model.or(told.expected);
        } else {
            of.before.push((value, told.sd, told.wells));
        }
    }
    all
}

/// Mean over all wells, and their number.
fn pooled(values: &[(f64, Option<f64>, u32)]) -> Option<(f64, u32)> {
    let wells: u32 = values.iter().map(|value| value.2).sum();
    let sum: f64 = values
        .iter()
        .map(|value| value.0 * f64::from(value.2))
        .sum();
    (wells > 0).then(|| (sum / f64::from(wells), wells))
}

/// The standard deviation of the mean over all wells, where each value says its own.
fn spread(values: &[(f64, Option<f64>, u32)]) -> Option<f64> {
    let wells: u32 = values.iter().map(|value| value.2).sum();
    let mut squares = 0.0;
    for (_, sd, of) in values {
        squares += (sd.as_ref()? * f64::from(*of)).powi(2);
    }
    (wells > 0).then(|| squares.sqrt() / f64::from(wells))
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

/// What the model expected of points that it had not seen, against what they gave: error, noise,
/// share within 95 %, and by how much the model's spread has to be widened.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
struct Calibration {
    error: Option<f64>,
    noise: Option<f64>,
    covered: Option<f64>,
    widen: f64,
}

fn calibration(state: &State) -> Calibration {
    let noise = well_sd(state);
    let unseen: Vec<(f64, f64, f64, usize)> = state
        .answered()
        .filter(|(_, asked, _)| &*asked.why != CONFIRM)
        .filter_map(|(_, asked, value)| {
            let told = &asked.told.as_ref()?.0;
            let (mean, sd) = told.expected?;
            let own = told
                .sd
                .unwrap_or(noise / f64::from(told.wells.max(1)).sqrt());
            Some((value - mean, sd, own, asked.order?.index()))
        })
        .collect();
    // The model of the last plate is the one that answers; earlier ones knew less.
    let last = unseen.iter().map(|row| row.3).max();
    let rows: Vec<_> = unseen.iter().filter(|row| Some(row.3) == last).collect();
    if rows.is_empty() {
        return Calibration {
            widen: 1.0,
            ..Calibration::default()
        };
    }
    let count = rows.len() as f64;
    type Row = (f64, f64, f64, usize);
    let mean = |of: &dyn Fn(&Row) -> f64| rows.iter().map(|row| of(row)).sum::<f64>() / count;
    let total = |row: &Row| row.1.hypot(row.2).max(f64::MIN_POSITIVE);
    let z_squared = mean(&|row| (row.0 / total(row)).powi(2));
    Calibration {
        error: Some(mean(&|row| row.0.powi(2)).sqrt()),
        noise: Some(mean(&|row| row.2.powi(2)).sqrt()),
        covered: Some(mean(&|row| {
            f64::from(u8::from(row.0.abs() <= Z95 * total(row)))
        })),
        widen: z_squared.sqrt().clamp(1.0, 10.0),
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
        let turns = [
            expected.find(|at| !chosen.contains(at)),
            peaks.find(|at| !chosen.contains(at)),
        ];
        let before = chosen.len();
        for at in turns.into_iter().flatten() {
            if !chosen.contains(&at) {
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
            let values: Vec<_> = of.before.iter().chain(&of.after).copied().collect();
            let mean = pooled(&values).map_or(f64::NAN, |(mean, _)| mean);
            let sd = values
                .iter()
                .filter_map(|value| value.1)
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
    let mut candidates = if campaign.aim == Aim::Map {
        Vec::new()
    } else {
        candidates(campaign, state, policy, &all, &calibration)
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
        candidates,
        model_error: calibration.error,
        noise: calibration.noise,
        covered: calibration.covered,
        verdict: policy.settled(),
        rivals: policy.rivals(),
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
    calibration: &Calibration,
) -> Vec<Candidate> {
    let noise = well_sd(state);
    let confirmed: Vec<Candidate> = all
        .values()
        .filter_map(|of| {
            let (mean, wells) = pooled(&of.after)?;
            let own = spread(&of.after).unwrap_or(noise / f64::from(wells).sqrt());
            let model = of
                .model
                .map(|(expected, sd)| (expected, sd * calibration.widen));
            let (estimate, sd) = match model {
                Some((expected, spread)) if spread > 0.0 && own > 0.0 => {
                    let (a, b) = (1.0 / own.powi(2), 1.0 / spread.powi(2));
                    ((a * mean + b * expected) / (a + b), (a + b).sqrt().recip())
                }
                _ => (mean, own),
            };
            Some(Candidate {
                levels: of.levels.clone(),
                model: of.model,
                before: pooled(&of.before).map(|(mean, _)| mean),
                confirmed: Some(mean),
                wells,
                estimate,
                sd,
                interval: (estimate - Z95 * sd, estimate + Z95 * sd),
            })
        })
        .collect();
    if !confirmed.is_empty() {
        return confirmed;
    }
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
            let (estimate, sd) = (scores[at].0, scores[at].1 * calibration.widen);
            let sd = if sd.is_finite() { sd } else { noise };
            let before = pooled(&of.before);
            Candidate {
                levels: of.levels.clone(),
                model: None,
                before: before.map(|(mean, _)| mean),
                confirmed: None,
                wells: before.map_or(0, |(_, wells)| wells),
                estimate,
                sd,
                interval: (estimate - Z95 * sd, estimate + Z95 * sd),
            }
        })
        .collect()
}
