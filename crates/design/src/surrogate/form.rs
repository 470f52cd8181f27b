//! The form of a model: how the response is bent, which parts the kernel has.

use quantity::Rng;
use rand::RngExt;

use super::Observed;
use crate::effort::Effort;
use crate::encode::Group;
use crate::gp::{Data, Fit, Shape, Trend, fit, fit_widely};
use crate::warp::Warp;

/// Fewest rows with which warps and shapes are compared; below, the plainest is taken.
const ROWS_TO_CHOOSE: usize = 8;
/// A part of those that each form is fitted to first, where there are more than half as many again: a fit to
/// half the rows costs an eighth.
const COARSE_ROWS: usize = 128;
/// Evaluations of the likelihood for each form.
pub(super) const CHOICE_EVALUATIONS: usize = 40;
/// Where it was fitted to a part of the rows before, on all of them; and there for the form that is chosen. Of a
/// finite list more is found when forms are told apart more closely: there every start is followed to its end, too.
const REFINING_EVALUATIONS: usize = 2;
const CHOSEN_EVALUATIONS: usize = 30;
const REFINING_LISTED: usize = 4;
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

pub(crate) fn warped(observed: &Observed, warp: &Warp, trend: Trend, groups: &[Group]) -> Data {
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
        terms: trend.terms(groups, &observed.rows),
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

/// What a model's form is made of.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Choice {
    pub shape: Shape,
    pub bend: Bend,
    pub trend: Trend,
}

/// The comparison of forms by cross-validated score.
struct Comparison<'a> {
    observed: &'a Observed,
    groups: &'a [Group],
    effort: Effort,
    /// The rows that forms are compared on, the values there, and the part of them that is fitted to first.
    place: &'a [usize],
    values: Vec<f64>,
    coarse: Option<Vec<usize>>,
    /// The rows that warps are made for.
    count: usize,
    /// Warps made so far.
    warps: Vec<(Bend, Warp)>,
    /// The best so far, with its score.
    best: Option<(Choice, Fit, f64)>,
}

impl Comparison<'_> {
    fn warp(&mut self, bend: Bend) -> Warp {
        if let Some((_, warp)) = self.warps.iter().find(|made| made.0 == bend) {
            return *warp;
        }
        let warp = bend.warp(&self.observed.values[..self.count]);
        self.warps.push((bend, warp));
        warp
    }

    /// Fits one form, from another's fit or from several starts.
    fn consider(&mut self, choice: Choice, start: Option<&Fit>, evaluations: usize) -> Option<Fit> {
        let Choice { shape, bend, trend } = choice;
        let groups = self.groups;
        let warp = self.warp(bend);
        let data = warped(self.observed, &warp, trend, groups).pick(self.place);
        let start = start.map(|start| start.start(shape));
        let from = |data: &Data| match &start {
            Some(start) => fit(data, shape, groups, Some(start), evaluations),
            None => fit_widely(data, shape, groups, evaluations, !self.observed.listed),
        };
        let fitted = match &self.coarse {
            Some(coarse) => {
                let start = from(&data.pick(coarse))?.start(shape);
                let evaluations = match self.observed.listed {
                    true => REFINING_LISTED,
                    false => REFINING_EVALUATIONS,
                };
                let evaluations = self.effort.of(evaluations);
                fit(&data, shape, groups, Some(&start), evaluations)?
            }
            None => from(&data)?,
        };
        let score = upper_score(&fitted, &warp, &self.values, self.observed.judged);
        if self.best.as_ref().is_none_or(|best| score > best.2) {
            self.best = Some((choice, fitted.clone(), score));
        }
        Some(fitted)
    }
}

/// The form, its fit and its warp, of highest cross-validated score on the rows at `place` of the first `count`. First
/// trend and warp are chosen with the plainest shape, then the shape; each fit begins where one before it ended.
pub(super) fn choose(
    observed: &Observed,
    count: usize,
    place: &[usize],
    groups: &[Group],
    effort: Effort,
    rng: &mut Rng,
) -> Option<(Choice, Fit, Warp)> {
    let values: Vec<f64> = place.iter().map(|&place| observed.values[place]).collect();
    let rows = effort.side(COARSE_ROWS);
    let coarse = (2 * place.len() > 3 * rows).then(|| part(&values, rows, rng));
    let many = effort.of(CHOICE_EVALUATIONS);
    let fewer = effort.of(CHOICE_EVALUATIONS / 2);
    let mut comparison = Comparison {
        observed,
        groups,
        effort,
        place,
        values,
        coarse,
        count,
        warps: Vec::new(),
        best: None,
    };
    let plain = Choice::default();
    let level = comparison.consider(plain, None, many)?;
    if place.len() >= ROWS_TO_CHOOSE {
        let (mut leader, mut first) = (plain, level);
        // What lies beyond the rows of a table isn't asked for.
        if Trend::useful(groups) && !observed.listed {
            let trend = Trend::Edges;
            comparison.consider(Choice { trend, ..plain }, Some(&first), fewer);
            (leader, first, _) = comparison.best.clone()?;
        }
        for bend in [Bend::Power, Bend::Log] {
            comparison.consider(Choice { bend, ..leader }, Some(&first), fewer);
        }
        if groups.len() > 1 {
            let (choice, leader, _) = comparison.best.clone()?;
            let shape = Shape::Single;
            let single = comparison.consider(Choice { shape, ..choice }, Some(&leader), many)?;
            if groups.len() <= PAIRED_GROUPS_MAX {
                let shape = Shape::Paired;
                comparison.consider(Choice { shape, ..choice }, Some(&single), fewer);
            }
        }
    }
    let (choice, mut found, _) = comparison.best.take()?;
    let Choice { shape, bend, trend } = choice;
    let warp = comparison.warp(bend);
    if comparison.coarse.is_some() && !observed.listed {
        let data = warped(observed, &warp, trend, groups).pick(place);
        let evaluations = effort.of(CHOSEN_EVALUATIONS);
        found = fit(&data, shape, groups, Some(&found.start(shape)), evaluations)?;
    }
    Some((choice, found, warp))
}
