//! A forest beside the processes, where it predicts better than they do.

use quantity::Rng;

use super::Observed;
use crate::encode::Group;
use crate::forest::Forest;
use crate::gp::{Data, Fit, leave_one_out};

/// A forest, and its share in what is expected and drawn.
#[derive(Clone, Debug)]
pub(super) struct Blend {
    pub forest: Forest,
    pub share: f64,
}

/// Steps of the search for the share.
const STEPS: usize = 40;
/// By how much the forest must raise the mean log density of held out values.
const WORTHWHILE: f64 = 0.01;

impl Blend {
    /// The forest with the share that makes held out values likeliest: of the rows at `rows`, those that
    /// forms are judged by (stacking of predictive densities: Yao, Vehtari, Simpson and Gelman, Bayesian
    /// Analysis 13 (2018) 917). Nothing where the process alone makes them likelier than the forest alone, or
    /// where the two gain too little. With it comes the mean gain.
    pub(super) fn new(
        observed: &Observed,
        data: &Data,
        rows: &[usize],
        fit: &Fit,
        groups: &[Group],
        rng: &mut Rng,
    ) -> Option<(Blend, f64)> {
        let forest = Forest::grow(&data.rows, &data.values, groups, rng)?;
        let (errors, sds) = leave_one_out(&data.pick(rows), fit)?;
        let mut order: Vec<usize> = (0..rows.len()).collect();
        let value = |i: usize| observed.values[rows[i]];
        order.sort_by(|&a, &b| value(b).total_cmp(&value(a)).then(a.cmp(&b)));
        order.truncate(((rows.len() as f64 * observed.judged) as usize).max(4));
        let pairs: Vec<(f64, f64)> = order
            .into_iter()
            .map(|i| {
                let z = errors[i] / sds[i];
                let own = -0.5 * std::f64::consts::TAU.ln() - sds[i].ln() - 0.5 * z * z;
                (own, forest.held_out[rows[i]])
            })
            .collect();
        // A forest that predicts less well than the process would still get a share, but what it draws of the
        // best rows costs more than what it adds (bench/design/README.md).
        let total = |of: fn(&(f64, f64)) -> f64| pairs.iter().map(of).sum::<f64>();
        if total(|pair| pair.1) <= total(|pair| pair.0) {
            return None;
        }
        let (share, gain) = share(&pairs);
        (gain > WORTHWHILE).then_some((Blend { forest, share }, gain))
    }
}

/// The share of the second in a mixture of two densities, whose logarithms are given, that makes the mean log
/// density largest, and by how much it is larger than that of the first (expectation maximisation).
fn share(pairs: &[(f64, f64)]) -> (f64, f64) {
    let n = pairs.len() as f64;
    let mut share = 0.5;
    for _ in 0..STEPS {
        let belongs = |&(a, b): &(f64, f64)| share / (share + (1.0 - share) * (a - b).exp());
        share = pairs.iter().map(belongs).sum::<f64>() / n;
    }
    let gain = |&(a, b): &(f64, f64)| ((1.0 - share) + share * (b - a).exp()).ln();
    (share, pairs.iter().map(gain).sum::<f64>() / n)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_better_of_two_gets_the_larger_share() {
        // Three in five rows are e times likelier under the first, two in five under the second.
        let pairs: Vec<(f64, f64)> = (0..40)
            .map(|i| if i % 5 < 2 { (0.0, 1.0) } else { (1.0, 0.0) })
            .collect();
        let (found, gain) = share(&pairs);
        let value = |s: f64| {
            0.6 * (1.0 - s + s * (-1.0_f64).exp()).ln() + 0.4 * (1.0 - s + s * 1_f64.exp()).ln()
        };
        assert!(gain > 0.0 && found < 0.5, "{found}");
        assert!((gain - value(found)).abs() < 1e-12);
        for other in [found - 0.02, found + 0.02] {
            assert!(value(other) <= gain + 1e-4, "{found} {other}");
        }
        let (all, gain) = share(&[(-3.0, 0.0), (-4.0, 0.0)]);
        assert!(all > 0.99 && gain > 3.0, "{all} {gain}");
    }
}
