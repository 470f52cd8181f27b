//! What interventions did, without any graph: differences between regimes with their errors.

use crate::data::Data;

/// The change of one variable between two regimes.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Change {
    /// Mean there less mean in the reference, in the variable's unit.
    pub difference: f64,
    /// Its standard error.
    pub error: f64,
    /// Welch's t (Biometrika 34 (1947) 28).
    pub t: f64,
    /// Its degrees of freedom.
    pub freedom: f64,
    /// Rows there.
    pub rows: usize,
}

impl Change {
    /// The 95 % interval, by the normal quantile above 30 degrees of freedom and a widened one below
    /// (Cornish and Fisher, Rev. Int. Stat. Inst. 5 (1938) 307, three terms).
    #[must_use]
    pub fn interval(&self) -> (f64, f64) {
        let z = 1.959_964_f64;
        let v = self.freedom.max(1.0);
        let t = z
            + (z.powi(3) + z) / (4.0 * v)
            + (5.0 * z.powi(5) + 16.0 * z.powi(3) + 3.0 * z) / (96.0 * v * v)
            + (3.0 * z.powi(7) + 19.0 * z.powi(5) + 17.0 * z.powi(3) - 15.0 * z)
                / (384.0 * v.powi(3));
        (
            self.difference - t * self.error,
            self.difference + t * self.error,
        )
    }
}

/// The change of a variable in a regime against another; `None` with fewer than two rows in either.
#[must_use]
pub fn change(data: &Data, node: usize, regime: usize, reference: usize) -> Option<Change> {
    let of = |regime: usize| {
        let values = data.values(regime, node);
        let n = values.len() as f64;
        let mean = values.iter().sum::<f64>() / n;
        let variance = values.iter().map(|v| (v - mean).powi(2)).sum::<f64>() / (n - 1.0);
        (values.len() >= 2).then_some((n, mean, variance))
    };
    let ((n1, m1, v1), (n0, m0, v0)) = (of(regime)?, of(reference)?);
    let (a, b) = (v1 / n1, v0 / n0);
    let error = (a + b).sqrt();
    Some(Change {
        difference: m1 - m0,
        error,
        t: (m1 - m0) / error,
        freedom: (a + b).powi(2) / (a * a / (n1 - 1.0) + b * b / (n0 - 1.0)),
        rows: n1 as usize,
    })
}

/// A reagent whose effect on what it acts on is not what its label says.
#[derive(Clone, Debug, PartialEq)]
pub struct Contradiction {
    /// The regime.
    pub regime: usize,
    /// The variable that it is said to act on.
    pub target: usize,
    /// How the measured target changed.
    pub target_change: Change,
    /// Variables that changed as the label would have it: those below an inhibited target fall.
    pub as_labelled: Vec<(usize, Change)>,
}

/// |t| above which a change is taken for real here: two-sided p below 1e-5 at any usual number of rows,
/// so that some hundred comparisons raise no false alarm.
const T_SURE: f64 = 4.5;

/// Finds out whether a reagent that is said to lower (or raise) a variable moved its measured level the
/// other way while something below the target, `followers`, moved as it should: a sign that it acts on the
/// target's activity and not on its level, so that the measured level is no stand-in for what was set.
#[must_use]
pub fn contradiction(
    data: &Data,
    (regime, reference): (usize, usize),
    target: usize,
    lowers: bool,
    followers: &[usize],
) -> Option<Contradiction> {
    let sign = if lowers { -1.0 } else { 1.0 };
    let sure = |change: &Change, direction: f64| change.t * direction > T_SURE;
    let target_change = change(data, target, regime, reference)?;
    if !sure(&target_change, -sign) {
        return None;
    }
    let as_labelled: Vec<(usize, Change)> = followers
        .iter()
        .filter_map(|node| Some((*node, change(data, *node, regime, reference)?)))
        .filter(|(_, change)| sure(change, sign))
        .collect();
    (!as_labelled.is_empty()).then_some(Contradiction {
        regime,
        target,
        target_change,
        as_labelled,
    })
}

/// Two figures of a graph that need no true graph (Chevalley et al., Commun. Biol. 8 (2025), CausalBench).
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Evaluation {
    /// Mean Wasserstein distance between a variable's values in observation and where its supposed
    /// driver was acted on, over the arrows whose driver was acted on; in standard deviations. Higher is
    /// better. NaN if there is no such arrow.
    pub wasserstein: f64,
    /// Arrows that it is the mean of.
    pub arrows: usize,
    /// Of the pairs without a way from one to the other, the share in which acting on the one
    /// nevertheless changed the other (Mann-Whitney, two-sided p < 0.05). Lower is better. NaN if there
    /// is no such pair.
    pub false_omissions: f64,
    /// Pairs that it is the share of.
    pub omitted: usize,
}

/// Evaluates a graph, given by its arrows, against the data's single interventions.
#[must_use]
pub fn evaluate(data: &Data, dag: &crate::Dag, reference: usize) -> Evaluation {
    let above = dag.ancestors();
    let (mut sum, mut arrows, mut missed, mut omitted) = (0.0, 0, 0, 0);
    for (at, regime) in data.regimes().iter().enumerate() {
        let targets = regime.targets();
        if targets.len() != 1 || data.moments()[at].rows < 2.0 {
            continue;
        }
        let Some(from) = targets.iter().next() else {
            continue;
        };
        for to in (0..data.variables()).filter(|to| *to != from) {
            let (mut x, mut y) = (data.values(reference, to), data.values(at, to));
            if x.is_empty() || y.is_empty() {
                continue;
            }
            x.sort_by(f64::total_cmp);
            y.sort_by(f64::total_cmp);
            if dag.parents(to).has(from) {
                sum += wasserstein(&x, &y) / data.unit(to).1;
                arrows += 1;
            } else if !above[to].has(from) {
                omitted += 1;
                missed += usize::from(mann_whitney(&x, &y).abs() > 1.959_964);
            }
        }
    }
    Evaluation {
        wasserstein: sum / f64::from(arrows),
        arrows: arrows as usize,
        false_omissions: missed as f64 / omitted as f64,
        omitted,
    }
}

/// The area between two empirical distribution functions; sorted values.
fn wasserstein(x: &[f64], y: &[f64]) -> f64 {
    let mut all: Vec<f64> = x.iter().chain(y).copied().collect();
    all.sort_by(f64::total_cmp);
    let (mut i, mut j, mut area) = (0, 0, 0.0);
    for pair in all.windows(2) {
        while i < x.len() && x[i] <= pair[0] {
            i += 1;
        }
        while j < y.len() && y[j] <= pair[0] {
            j += 1;
        }
        let gap = i as f64 / x.len() as f64 - j as f64 / y.len() as f64;
        area += gap.abs() * (pair[1] - pair[0]);
    }
    area
}

/// The standardised rank sum (Mann and Whitney, Ann. Math. Stat. 18 (1947) 50), ties at their mean rank
/// with the variance corrected; sorted values.
fn mann_whitney(x: &[f64], y: &[f64]) -> f64 {
    let mut all: Vec<(f64, bool)> = x.iter().map(|v| (*v, true)).collect();
    all.extend(y.iter().map(|v| (*v, false)));
    all.sort_by(|a, b| a.0.total_cmp(&b.0));
    let (n, m) = (x.len() as f64, y.len() as f64);
    let (mut ranks, mut ties, mut at) = (0.0, 0.0, 0);
    while at < all.len() {
        let same = all[at..].iter().take_while(|v| v.0 == all[at].0).count();
        let mean = at as f64 + (same as f64 + 1.0) / 2.0;
        ranks += mean * all[at..at + same].iter().filter(|v| v.1).count() as f64;
        let t = same as f64;
        ties += t * t * t - t;
        at += same;
    }
    let total = n + m;
    let variance = n * m / 12.0 * (total + 1.0 - ties / (total * (total - 1.0)));
    if variance <= 0.0 {
        return 0.0;
    }
    (ranks - n * (total + 1.0) / 2.0) / variance.sqrt()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn distances_and_ranks_by_hand() {
        assert!((wasserstein(&[0.0, 1.0], &[2.0, 3.0]) - 2.0).abs() < 1e-12);
        assert!((wasserstein(&[0.0], &[0.0, 1.0]) - 0.5).abs() < 1e-12);
        // Ranks 1, 2, 3 of 6: U = 0, z = -4.5 / √5.25.
        let z = mann_whitney(&[1.0, 2.0, 3.0], &[4.0, 5.0, 6.0]);
        assert!((z + 4.5 / 5.25f64.sqrt()).abs() < 1e-12);
        assert_eq!(mann_whitney(&[1.0, 1.0], &[1.0]), 0.0);
    }
}
