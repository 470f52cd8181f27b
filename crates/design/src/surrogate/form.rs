//! The form of a model: how the response is bent, which parts the kernel has.

use quantity::Rng;
use rand::RngExt;

use super::Observed;
use crate::effort::Effort;
use crate::encode::Group;
use crate::gp::{Data, Fit, Shape, fit, fit_widely};
use crate::warp::Warp;

/// Fewest rows with which warps and shapes are compared; below, the plainest is taken.
const ROWS_TO_CHOOSE: usize = 8;
/// A part of those that each form is fitted to first, where there are more than half as many again: a fit to
/// half the rows costs an eighth.
const COARSE_ROWS: usize = 128;
/// Evaluations of the likelihood for each form, and where it was fitted to a part of the rows before.
pub(super) const CHOICE_EVALUATIONS: usize = 40;
const REFINING_EVALUATIONS: usize = 4;
/// Most groups for which pairs are considered.
const PAIRED_GROUPS_MAX: usize = 40;

/// A family of warps.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Bend {
    #[default]
    Straight,
    Power,
    Log,
}

impl Bend {
    pub(super) fn warp(self, values: &[f64]) -> Warp {
        match self {
            Bend::Straight => Warp::straight(values),
            Bend::Power => Warp::power(values),
            Bend::Log => Warp::log(values),
        }
    }
}

/// Places of at most `most` values: the better half of them the best, the rest at random.
pub(super) fn part(values: &[f64], most: usize, rng: &mut Rng) -> Vec<usize> {
    let n = values.len();
    let mut order: Vec<usize> = (0..n).collect();
    if n <= most {
        return order;
    }
    order.sort_by(|&a, &b| values[b].total_cmp(&values[a]).then(a.cmp(&b)));
    let best = most / 2;
    for i in best..most {
        let j = rng.random_range(i..n);
        order.swap(i, j);
    }
    order.truncate(most);
    order.sort_unstable();
    order
}

pub(crate) fn warped(observed: &Observed, warp: &Warp) -> Data {
    let values: Vec<f64> = observed
        .values
        .iter()
        .map(|&value| warp.forward(value))
        .collect();
    let noise_known = observed
        .values
        .iter()
        .zip(&observed.noise_known)
        // A known error is carried through the warp by its slope.
        .map(|(&value, &known)| {
            if known > 0.0 {
                known * (2.0 * warp.log_slope(value)).exp()
            } else {
                0.0
            }
        })
        .collect();
    Data {
        rows: observed.rows.clone(),
        values,
        noise_share: observed.noise_share.clone(),
        noise_known,
    }
}

/// Mean log density of a share of the values, best first, each given all others, in the response's own
/// unit.
pub(super) fn upper_score(fit: &Fit, warp: &Warp, values: &[f64], share: f64) -> f64 {
    let mut order: Vec<usize> = (0..values.len()).collect();
    order.sort_by(|&a, &b| values[b].total_cmp(&values[a]).then(a.cmp(&b)));
    order.truncate(((values.len() as f64 * share) as usize).max(4));
    let total: f64 = order
        .iter()
        .map(|&i| fit.leave_one_out[i] + warp.log_slope(values[i]))
        .sum();
    total / order.len().max(1) as f64
}

/// The kernel's shape, the warp, and the fit, of highest cross-validated score on the rows at `place` of the
/// first `count`. First the warp is chosen with the plainest shape, then the shape; each fit begins where
/// the one before it ended.
pub(super) fn choose(
    observed: &Observed,
    count: usize,
    place: &[usize],
    groups: &[Group],
    effort: Effort,
    rng: &mut Rng,
) -> Option<(Shape, Bend, Fit)> {
    let values: Vec<f64> = place.iter().map(|&place| observed.values[place]).collect();
    let rows = effort.side(COARSE_ROWS);
    let coarse = (2 * place.len() > 3 * rows).then(|| part(&values, rows, rng));
    let many = effort.of(CHOICE_EVALUATIONS);
    let fewer = effort.of(CHOICE_EVALUATIONS / 2);
    let mut best: Option<(Shape, Bend, Fit, f64)> = None;
    let mut consider = |shape: Shape, bend: Bend, start: Option<Fit>, evaluations: usize| {
        let warp = bend.warp(&observed.values[..count]);
        let data = warped(observed, &warp).pick(place);
        let start = start.map(|start| start.start(shape));
        let from = |data: &Data| match &start {
            Some(start) => fit(data, shape, groups, Some(start), evaluations),
            None => fit_widely(data, shape, groups, evaluations),
        };
        let fitted = match &coarse {
            Some(coarse) => {
                let start = from(&data.pick(coarse))?.start(shape);
                let evaluations = effort.of(REFINING_EVALUATIONS);
                fit(&data, shape, groups, Some(&start), evaluations)?
            }
            None => from(&data)?,
        };
        let score = upper_score(&fitted, &warp, &values, observed.judged);
        if best.as_ref().is_none_or(|best| score > best.3) {
            best = Some((shape, bend, fitted.clone(), score));
        }
        let bend = best.as_ref().map_or(Bend::Straight, |best| best.1);
        Some((fitted, bend, best.as_ref().map(|best| best.2.clone())))
    };
    let (plain, _, _) = consider(Shape::Radial, Bend::Straight, None, many)?;
    if values.len() >= ROWS_TO_CHOOSE {
        consider(Shape::Radial, Bend::Power, Some(plain.clone()), fewer);
        let (_, bend, leader) = consider(Shape::Radial, Bend::Log, Some(plain), fewer)?;
        if groups.len() > 1 {
            let (single, ..) = consider(Shape::Single, bend, leader, many)?;
            if groups.len() <= PAIRED_GROUPS_MAX {
                consider(Shape::Paired, bend, Some(single), fewer);
            }
        }
    }
    best.map(|(shape, bend, fitted, _)| (shape, bend, fitted))
}
