//! Rival hypotheses, as the answer keeps them.

use crate::assay::Campaign;
use design::{Level, Point, Policy};
use serde::{Deserialize, Serialize};

/// Places along the factor at which what a hypothesis expects is kept.
const PLACES: usize = 81;

/// What wells made of rival hypotheses.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct RivalFits {
    /// Each of them, in the order of the campaign file.
    pub each: Vec<RivalFit>,
    /// Whether even the best of them misses what wells said by more than wells err.
    pub none_fits: bool,
}

/// One hypothesis, fitted.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct RivalFit {
    /// What it is made of: `formula`, `mechanism`, `surrogate` or `graph`; earlier journals don't say.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub kind: String,
    /// Its open parameters: name, mean and standard deviation.
    pub parameters: Vec<(String, f64, f64)>,
    /// What it expects: level, mean, and standard deviation without the error of wells. Only where
    /// one factor is varied, and that is a number.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub curve: Vec<(f64, f64, f64)>,
}

/// The probability of each hypothesis after each plate, last that none holds, and each as fitted.
pub(crate) fn found(
    campaign: &Campaign,
    policy: &dyn Policy,
) -> (Vec<(String, Vec<f64>)>, Option<RivalFits>) {
    let Some(found) = policy.rivals() else {
        return (Vec::new(), None);
    };
    let places = places(campaign);
    let curve = |rival: usize| {
        let points: Vec<Point> = places
            .iter()
            .map(|level| Point(vec![Level::Real(*level)]))
            .collect();
        let expected = policy.rival_expects(rival, &points).unwrap_or_default();
        let along = places.iter().zip(expected);
        along
            .map(|(level, expected)| (*level, expected.mean, expected.sd))
            .filter(|(_, mean, sd)| mean.is_finite() && sd.is_finite())
            .collect()
    };
    let (contenders, _) = campaign.contenders();
    let kind = |rival: usize| {
        let own = contenders.get(rival);
        own.map_or(String::new(), |own| own.kind.to_owned())
    };
    let fits = RivalFits {
        each: found
            .each
            .iter()
            .enumerate()
            .map(|(at, rival)| RivalFit {
                kind: kind(at),
                parameters: rival.parameters.clone(),
                curve: curve(at),
            })
            .collect(),
        none_fits: found.none_fits,
    };
    let each = found
        .each
        .into_iter()
        .map(|rival| (rival.name, rival.probabilities))
        .chain([("none of these".to_owned(), found.none)]);
    (each.collect(), Some(fits))
}

/// Levels from the lowest to the highest, where one factor is varied and that is continuous.
fn places(campaign: &Campaign) -> Vec<f64> {
    let [factor] = &campaign.space.factors[..] else {
        return Vec::new();
    };
    let design::FactorKind::Continuous { low, high, .. } = factor.kind else {
        return Vec::new();
    };
    let step = (high - low) / (PLACES - 1) as f64;
    (0..PLACES).map(|place| low + step * place as f64).collect()
}
