//! What was written, as a campaign's prior: it says where to look first, and wells say what of it holds.
//!
//! Claims about the same level of a factor are put together by meta-analysis, with the spread between sources.
//! What follows for points is told to the policy as guesses, which it believes as far as they make
//! wells better predicted. At the end the effect of each is estimated from wells alone, the other factors
//! held by least squares, and compared with what was claimed.

use crate::analysis::stats;
use crate::assay::Campaign;
use crate::map::Content;
use crate::state::State;
use design::{FactorKind, Level, Outcome, Point, Space, Trial};
use quantity::Seed;
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;

/// Points for which the prior is told to the policy.
const GUESSES: usize = 200;
/// Random points that are tried for them.
const TRIES_MAX: usize = 2_000;
/// Wells that are named for each claim.
const NAMED: usize = 5;
/// Two-sided 95 % of a normal distribution.
const Z95: f64 = 1.959_964;
/// Fewest points with a response, beyond the parameters, from which effects are estimated.
const FREEDOM_MIN: usize = 4;

/// What is expected before any well.
#[derive(Clone, Debug, PartialEq)]
pub struct Prior {
    /// The response where no claim speaks.
    pub baseline: f64,
    /// What was claimed.
    pub beliefs: Vec<Belief>,
}

/// What sources together say of one level of a factor, or of a factor that is a number.
#[derive(Clone, Debug, PartialEq)]
pub struct Belief {
    /// The intervention as the claims name it.
    pub words: String,
    /// The factor's place in the space.
    pub factor: usize,
    /// The level, where levels are names; the effect of one unit otherwise.
    pub level: Option<usize>,
    /// What it adds to the response.
    pub estimate: f64,
    /// Its standard deviation, the spread between sources included.
    pub sd: f64,
    /// Who says so.
    pub sources: Vec<String>,
}

impl Belief {
    /// By how much of the effect a point differs from a middling one.
    fn dose(&self, space: &Space, point: &Point) -> f64 {
        match (self.level, point.levels().get(self.factor)) {
            (Some(level), Some(Level::Category(at))) => f64::from(u8::from(*at == level)),
            (None, Some(other)) => {
                let (low, high) = space.factors[self.factor].range().unwrap_or((0.0, 0.0));
                other
                    .number()
                    .map_or(0.0, |number| number - 0.5 * (low + high))
            }
            _ => 0.0,
        }
    }
}

impl Prior {
    /// The response that the claims let expect at a point.
    #[must_use]
    pub fn expects(&self, space: &Space, point: &Point) -> f64 {
        let effects = self
            .beliefs
            .iter()
            .map(|belief| belief.estimate * belief.dose(space, point));
        self.baseline + effects.sum::<f64>()
    }

    /// What is expected of points all over the space.
    pub(crate) fn guesses(&self, space: &Space, seed: Seed) -> Vec<Trial> {
        let mut rng = seed.rng();
        let mut points = BTreeSet::new();
        for _ in 0..TRIES_MAX {
            if points.len() == GUESSES {
                break;
            }
            // A space without a point is refused where it is asked.
            let Ok(point) = space.sample(&mut rng) else {
                break;
            };
            points.insert(point);
        }
        points
            .into_iter()
            .map(|point| {
                let expected = self.expects(space, &point);
                Trial {
                    point,
                    outcome: Outcome::Measured {
                        values: vec![expected],
                        sd: None,
                        replicates: 1,
                    },
                    batch: 0,
                }
            })
            .collect()
    }
}

/// What became of a claim.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Fate {
    /// Wells agree with it.
    Held,
    /// Wells say less than half of it, or the contrary.
    Overruled,
    /// Wells agree with its direction, and not with its size.
    Corrected,
    /// Too few wells speak of it.
    Open,
}

impl Fate {
    fn words(self) -> &'static str {
        match self {
            Fate::Held => "held",
            Fate::Overruled => "overruled",
            Fate::Corrected => "right in direction, not in size",
            Fate::Open => "not settled by these wells",
        }
    }
}

/// A well that speaks of a claim.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Speaks {
    /// The plate's barcode.
    pub plate: String,
    /// The well, such as `B7`.
    pub well: String,
    /// What it gave.
    pub value: f64,
    /// What the claims let expect of it.
    pub expected: f64,
}

/// A claim, and what wells say of it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct PriorFound {
    /// The intervention.
    pub claim: String,
    /// Who said so.
    pub sources: Vec<String>,
    /// The effect that was claimed, and its standard deviation.
    pub claimed: (f64, f64),
    /// The effect by wells alone, and its standard error.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub wells: Option<(f64, f64)>,
    /// What became of it.
    pub fate: Fate,
    /// Points that speak of it.
    pub points: u32,
    /// The wells that lie farthest from what was claimed, or nearest where it held.
    pub evidence: Vec<Speaks>,
}

impl PriorFound {
    /// In a sentence.
    #[must_use]
    pub fn words(&self) -> String {
        let wells = self
            .wells
            .map_or("wells say nothing of it".to_owned(), |(effect, error)| {
                format!("wells say {effect:.2} ± {error:.2}")
            });
        let each: Vec<String> = self
            .evidence
            .iter()
            .map(|one| {
                format!(
                    "{} {} gave {:.2} where {:.2} was expected",
                    one.plate, one.well, one.value, one.expected
                )
            })
            .collect();
        let each = if each.is_empty() {
            String::new()
        } else {
            format!(": {}", each.join(", "))
        };
        format!(
            "Claimed of '{}' by {}: {:.2} ± {:.2}; {wells}, from {} points: {}{each}.",
            self.claim,
            self.sources.join(", "),
            self.claimed.0,
            self.claimed.1,
            self.points,
            self.fate.words()
        )
    }
}

/// What wells say of every claim.
pub(crate) fn found(campaign: &Campaign, state: &State) -> Vec<PriorFound> {
    let Some(prior) = &campaign.prior else {
        return Vec::new();
    };
    let space = &campaign.space;
    let measured: Vec<(&Point, f64)> = state
        .answered()
        .map(|(_, asked, value)| (&asked.point, value))
        .collect();
    prior
        .beliefs
        .iter()
        .map(|belief| {
            let speaks = |point: &Point| belief.dose(space, point) != 0.0;
            let points = measured.iter().filter(|(point, _)| speaks(point)).count();
            let wells = effect(space, belief, &measured);
            let fate = wells.map_or(Fate::Open, |wells| fate(belief, wells));
            let mut evidence = wells_of(campaign, state, &speaks, prior);
            let distance = |one: &Speaks| (one.value - one.expected).abs();
            evidence.sort_by(|a, b| distance(b).total_cmp(&distance(a)));
            if fate == Fate::Held {
                evidence.reverse();
            }
            evidence.truncate(NAMED);
            PriorFound {
                claim: belief.words.clone(),
                sources: belief.sources.clone(),
                claimed: (belief.estimate, belief.sd),
                wells,
                fate,
                points: points as u32,
                evidence,
            }
        })
        .collect()
}

fn fate(belief: &Belief, (effect, error): (f64, f64)) -> Fate {
    let apart = (effect - belief.estimate).abs() / error.hypot(belief.sd);
    if apart < Z95 {
        // Wells that could as well say nothing do not confirm.
        return if error < 0.5 * belief.estimate.abs() {
            Fate::Held
        } else {
            Fate::Open
        };
    }
    if effect * belief.estimate <= 0.0 || effect.abs() < 0.5 * belief.estimate.abs() {
        Fate::Overruled
    } else {
        Fate::Corrected
    }
}

/// The wells of points that speak of a claim.
fn wells_of(
    campaign: &Campaign,
    state: &State,
    speaks: &dyn Fn(&Point) -> bool,
    prior: &Prior,
) -> Vec<Speaks> {
    let mut all = Vec::new();
    for plate in state.plates.iter().filter(|plate| plate.counts()) {
        let judged = plate.judgement(&campaign.assay);
        for ((well, content), result) in plate.map.iter().zip(&judged.wells) {
            let Content::Sample { seat, .. } = content else {
                continue;
            };
            let point = &state.points[plate.seats[seat as usize] as usize].point;
            if result.valid && speaks(point) {
                all.push(Speaks {
                    plate: plate.barcode.to_string(),
                    well: report::Plate::well_name(well.row, well.column),
                    value: result.response,
                    expected: prior.expects(&campaign.space, point),
                });
            }
        }
    }
    all
}

/// The effect of one belief's level or unit by least squares, with the other factors' levels held, and its
/// standard error; nothing where too few points vary.
pub(crate) fn effect(
    space: &Space,
    belief: &Belief,
    measured: &[(&Point, f64)],
) -> Option<(f64, f64)> {
    let mut columns: Vec<Vec<f64>> = vec![
        vec![1.0; measured.len()],
        measured
            .iter()
            .map(|(point, _)| belief.dose(space, point))
            .collect(),
    ];
    for (at, factor) in space.factors.iter().enumerate() {
        if at == belief.factor {
            continue;
        }
        let level = |point: &Point| point.levels()[at].clone();
        match &factor.kind {
            FactorKind::Categorical { levels, .. } => {
                let seen = |wanted: usize| -> Vec<f64> {
                    let is = |(point, _): &(&Point, f64)| {
                        f64::from(u8::from(level(point) == Level::Category(wanted)))
                    };
                    measured.iter().map(is).collect()
                };
                // The first level that occurs is the one that others are compared with.
                let occurring = (0..levels.len())
                    .map(seen)
                    .filter(|column| column.contains(&1.0));
                columns.extend(occurring.skip(1));
            }
            FactorKind::Sequence { .. } => {}
            _ => columns.push(
                measured
                    .iter()
                    .map(|(point, _)| level(point).number().unwrap_or(0.0))
                    .collect(),
            ),
        }
    }
    // What never varies tells nothing.
    let varies = |column: &Vec<f64>| column.iter().any(|value| *value != column[0]);
    if measured.is_empty() || !varies(&columns[1]) {
        return None;
    }
    let kept: Vec<Vec<f64>> = columns
        .into_iter()
        .enumerate()
        .filter(|(at, column)| *at == 0 || varies(column))
        .map(|(_, column)| column)
        .collect();
    let p = kept.len();
    if measured.len() < p + FREEDOM_MIN {
        return None;
    }
    let y: Vec<f64> = measured.iter().map(|(_, value)| *value).collect();
    let inner = |a: &[f64], b: &[f64]| a.iter().zip(b).map(|(a, b)| a * b).sum::<f64>();
    let mut matrix = vec![vec![0.0; 2 * p]; p];
    for (i, row) in matrix.iter_mut().enumerate() {
        for j in 0..p {
            row[j] = inner(&kept[i], &kept[j]);
        }
        // Levels that always come together are told apart by nothing: a trace of a penalty shares them out.
        row[i] += 1e-9 * (1.0 + row[i]);
        row[p + i] = 1.0;
    }
    let inverse = invert(matrix, p)?;
    let right: Vec<f64> = kept.iter().map(|column| inner(column, &y)).collect();
    let slopes: Vec<f64> = inverse.iter().map(|row| inner(row, &right)).collect();
    let residuals: Vec<f64> = (0..y.len())
        .map(|at| y[at] - (0..p).map(|j| slopes[j] * kept[j][at]).sum::<f64>())
        .collect();
    let squares = inner(&residuals, &residuals) / (y.len() - p) as f64;
    let error = (squares * inverse[1][1]).sqrt();
    let spread = stats::sd(&y);
    (slopes[1].is_finite() && error.is_finite() && error < 1e3 * spread.max(f64::MIN_POSITIVE))
        .then_some((slopes[1], error))
}

/// The inverse of a symmetric positive matrix that is given with the identity beside it.
fn invert(mut rows: Vec<Vec<f64>>, n: usize) -> Option<Vec<Vec<f64>>> {
    for i in 0..n {
        let pivot = rows[i][i];
        if pivot.abs() <= f64::MIN_POSITIVE || !pivot.is_finite() {
            return None;
        }
        rows[i].iter_mut().for_each(|value| *value /= pivot);
        let own = rows[i].clone();
        for (j, row) in rows.iter_mut().enumerate() {
            if j != i {
                let factor = row[i];
                row.iter_mut()
                    .zip(&own)
                    .for_each(|(value, of)| *value -= factor * of);
            }
        }
    }
    Some(rows.into_iter().map(|row| row[n..].to_vec()).collect())
}

#[cfg(test)]
mod tests {
    use super::*;
    use design::Factor;

    #[test]
    fn an_effect_is_found_beside_that_of_another_factor() {
        let space = Space::new(vec![
            Factor::categorical("ligand", &["a", "b", "c"]),
            Factor::continuous("heat", "°C", 0.0, 10.0),
        ]);
        let belief = Belief {
            words: "ligand = b".into(),
            factor: 0,
            level: Some(1),
            estimate: 30.0,
            sd: 2.0,
            sources: vec!["someone".into()],
        };
        // Ligand b takes 4 away; heat adds 2 a degree, and b was measured hot.
        let points: Vec<(Point, f64)> = (0..30)
            .map(|at| {
                let ligand = at % 3;
                let heat = if ligand == 1 { 6.0 } else { 1.0 } + 0.1 * (at / 3) as f64;
                let wiggle = if at % 2 == 0 { 0.1 } else { -0.1 };
                let own = if ligand == 1 { -4.0 } else { 0.0 };
                let point = Point(vec![Level::Category(ligand), Level::Real(heat)]);
                (point, 5.0 + own + 2.0 * heat + wiggle)
            })
            .collect();
        let measured: Vec<(&Point, f64)> = points.iter().map(|(p, y)| (p, *y)).collect();
        let (found, error) = effect(&space, &belief, &measured).unwrap();
        assert!(
            (found + 4.0).abs() < 3.0 * error && error < 0.5,
            "{found} {error}"
        );
        assert_eq!(fate(&belief, (found, error)), Fate::Overruled);
        assert_eq!(fate(&belief, (29.0, 1.0)), Fate::Held);
        assert_eq!(fate(&belief, (20.0, 1.0)), Fate::Corrected);
        assert_eq!(fate(&belief, (10.0, 30.0)), Fate::Open);
        let prior = Prior {
            baseline: 40.0,
            beliefs: vec![belief],
        };
        assert_eq!(prior.expects(&space, &points[1].0), 70.0);
        assert_eq!(prior.expects(&space, &points[0].0), 40.0);
    }
}
