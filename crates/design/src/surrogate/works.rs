//! Where trials work and where they fail.

use quantity::Seed;

use super::form::part;
use super::{CHOICE_ROWS, Memory, Surrogate, processes};
use crate::effort::Effort;
use crate::encode::{Group, Rows};
use crate::gp::{Data, Shape, fit_widely, leave_one_out};
use crate::normal::cumulative;
use crate::warp::Warp;

/// What the process is told of a trial that worked, and of one that failed; between the two lies what is as
/// likely to work as to fail.
const WORKED: f64 = 1.0;
const FAILED: f64 = -1.0;
/// Evaluations of the likelihood from each start.
const EVALUATIONS: usize = 20;
/// By how many standard errors of it labels must be better predicted than by their shares.
const ERRORS: f64 = 2.0;
/// No probability of a label is taken for smaller, when predictions are judged.
const CHANCE_MIN: f64 = 0.02;

impl Surrogate {
    /// A model of where trials work, given at encoded points whether they did: a process of the labels as numbers,
    /// above 0 where a trial is likelier to work than to fail (least squares classification: Rasmussen and
    /// Williams (2006), section 6.5). Nothing where it doesn't tell failures better than their share among all
    /// trials does: wells that fail anywhere are no reason to keep away from anything.
    pub(crate) fn of_failures(
        rows: &Rows,
        worked: &[bool],
        groups: &[Group],
        effort: Effort,
        seed: Seed,
    ) -> Option<Surrogate> {
        let n = worked.len();
        let values: Vec<f64> = worked
            .iter()
            .map(|&worked| if worked { WORKED } else { FAILED })
            .collect();
        if values.iter().all(|&value| value == values[0]) {
            return None;
        }
        let warp = Warp::straight(&values);
        let data = Data {
            rows: rows.clone(),
            values: values.iter().map(|&value| warp.forward(value)).collect(),
            noise_share: vec![1.0; n],
            noise_known: vec![0.0; n],
            terms: Vec::new(),
        };
        let mut rng = seed.derive("works", n as u64).rng();
        // The rarer label is the one that tells more.
        let common = 2 * worked.iter().filter(|&&worked| worked).count() > n;
        let rare_first: Vec<f64> = match common {
            true => values.iter().map(|value| -value).collect(),
            false => values.clone(),
        };
        let places = part(&rare_first, effort.side(CHOICE_ROWS), &mut rng);
        let picked = data.pick(&places);
        let evaluations = effort.of(EVALUATIONS);
        let fitted = fit_widely(&picked, Shape::Radial, groups, evaluations, true)?;
        let (errors, sds) = leave_one_out(&picked, &fitted)?;
        let level = warp.forward(0.5 * (WORKED + FAILED));
        let told = |chance: f64| chance.clamp(CHANCE_MIN, 1.0 - CHANCE_MIN).ln();
        let count = places.len() as f64;
        let alike = |label: bool| places.iter().filter(|&&p| worked[p] == label).count() as f64;
        // Each by the share among the others, by the rule of succession.
        let shares = [false, true].map(|label| told(alike(label) / (count + 1.0)));
        let gains: Vec<f64> = places
            .iter()
            .enumerate()
            .map(|(i, &place)| {
                let above = cumulative((picked.values[i] - errors[i] - level) / sds[i]);
                let chance = if worked[place] { above } else { 1.0 - above };
                told(chance) - shares[usize::from(worked[place])]
            })
            .collect();
        // Few failures lie together by chance, too.
        let mean = gains.iter().sum::<f64>() / count;
        let variance = gains.iter().map(|gain| (gain - mean).powi(2)).sum::<f64>() / count;
        if mean <= ERRORS * (variance / count).sqrt() {
            return None;
        }
        let (process, others) = processes(&data, &fitted, &rare_first, effort, &mut rng)?;
        Some(Surrogate {
            warp,
            process,
            others,
            blend: None,
            data,
            measured: n,
            fitted_on: places.len(),
            memory: Memory::default(),
            score: 0.0,
            told: 0.0,
            scatter: None,
            outliers: Vec::new(),
            trust: None,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rand::RngExt;

    fn labels(fails: impl Fn(&[f64], f64) -> bool) -> Option<Surrogate> {
        let mut rng = Seed(4).rng();
        let mut rows = Rows::new(2);
        let worked: Vec<bool> = (0..60)
            .map(|_| {
                let row = [rng.random::<f64>(), rng.random::<f64>()];
                rows.push(&row);
                !fails(&row, rng.random())
            })
            .collect();
        let groups = [Group::Number { column: 0 }, Group::Number { column: 1 }];
        Surrogate::of_failures(&rows, &worked, &groups, Effort::default(), Seed(1))
    }

    #[test]
    fn a_region_that_fails_is_told_from_failures_anywhere() {
        let model = labels(|x, _| x[0] + x[1] > 1.2).unwrap();
        let mut rows = Rows::new(2);
        for row in [[0.2, 0.3], [0.9, 0.1], [0.9, 0.9], [0.6, 0.95]] {
            rows.push(&row);
        }
        let expected: Vec<f64> = model.means(&rows);
        let sides: Vec<bool> = expected.iter().map(|&m| model.warp.back(m) > 0.0).collect();
        assert_eq!(sides, [true, true, false, false], "{expected:?}");
        assert!(labels(|_, chance| chance < 0.15).is_none());
        assert!(labels(|_, _| true).is_none());
    }
}
