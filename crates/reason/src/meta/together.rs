//! Wells and papers in one model.
//!
//! A paper estimates the effect with its error and a bias of its own: `y_i ~ N(mu + b_i, v_i)`, `b_i ~ N(0, tau^2)`,
//! where `tau` is not known. A well has its real precision and no bias: `y_w ~ N(mu, v_w)`. Papers that agree with wells
//! make `tau` small and lend them their weight; papers that don't make it large, and are overruled, however small an
//! error they state.

use super::bayes::{MeanPrior, Posterior, TauPrior, posterior, posterior_with_wells};
use super::{Effects, MetaError};

/// A paper is overruled where what it says of the effect keeps less than this probability.
const OVERRULED: f64 = 0.05;
/// Half width of a 95 % interval, in standard errors.
const Z95: f64 = 1.959_963_984_540_054;

/// What wells say of one paper.
#[derive(Clone, Debug, PartialEq)]
pub struct Verdict {
    /// The paper's place.
    pub paper: usize,
    /// Probability that the effect lies in the paper's 95 % interval, before the wells.
    pub before: f64,
    /// The same after them.
    pub after: f64,
    /// Whether it is overruled.
    pub overruled: bool,
    /// The wells that speak against it, loudest first: their place, and the nats by which they do.
    pub by: Vec<(usize, f64)>,
}

/// Wells and papers together.
#[derive(Clone, Debug, PartialEq)]
pub struct Together {
    /// What papers alone say.
    pub papers: Posterior,
    /// What all say.
    pub all: Posterior,
    /// What wells say of each paper.
    pub verdicts: Vec<Verdict>,
}

fn log_bell(y: f64, mean: f64, variance: f64) -> f64 {
    -0.5 * ((y - mean).powi(2) / variance + variance.ln())
}

/// Puts papers and wells together.
///
/// # Errors
/// Without papers.
pub fn together(
    papers: &Effects,
    wells: &Effects,
    mean: MeanPrior,
    bias: TauPrior,
) -> Result<Together, MetaError> {
    let before = posterior(papers, mean, bias)?;
    let after = posterior_with_wells(papers, wells, mean, bias)?;
    let (centre, spread) = (after.mean(), after.sd().powi(2));
    let verdicts = papers
        .estimates()
        .iter()
        .zip(papers.variances())
        .enumerate()
        .map(|(paper, (y, v))| {
            let half = Z95 * v.sqrt();
            let within = |p: &Posterior| p.below(y + half) - p.below(y - half);
            let (was, is) = (within(&before), within(&after));
            let mut by: Vec<(usize, f64)> = wells
                .estimates()
                .iter()
                .zip(wells.variances())
                .map(|(own, w)| log_bell(*own, centre, w + spread) - log_bell(*own, *y, w + v))
                .enumerate()
                .filter(|(_, nats)| *nats > 0.0)
                .collect();
            by.sort_by(|a, b| b.1.total_cmp(&a.1));
            let overruled = is < OVERRULED && was > is;
            Verdict {
                paper,
                before: was,
                after: is,
                overruled,
                by,
            }
        })
        .collect();
    Ok(Together {
        papers: before,
        all: after,
        verdicts,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const PRIOR: MeanPrior = MeanPrior { mean: 0.0, sd: 2.0 };
    const BIAS: TauPrior = TauPrior::HalfCauchy(0.5);

    fn effects(of: &[(f64, f64)]) -> Effects {
        let (y, v) = of.iter().map(|(y, se)| (*y, se * se)).unzip();
        Effects::new(y, v).unwrap()
    }

    #[test]
    fn a_wrong_and_confident_paper_is_overruled_by_the_wells_that_say_so() {
        let paper = effects(&[(2.0, 0.05)]);
        let wells = effects(&[
            (0.1, 0.3),
            (-0.2, 0.3),
            (0.15, 0.3),
            (0.0, 0.3),
            (1.9, 0.8),
            (0.1, 0.3),
        ]);
        let found = together(&paper, &wells, PRIOR, BIAS).unwrap();
        assert!(
            found.papers.mean() > 1.5 && found.all.mean().abs() < 0.3,
            "{}",
            found.all.mean()
        );
        let verdict = &found.verdicts[0];
        assert!(verdict.overruled && verdict.before > 0.1, "{verdict:?}");
        // The well that agreed with the paper is not among those that overruled it; the lowest is the loudest.
        assert!(verdict.by.iter().all(|(well, _)| *well != 4), "{verdict:?}");
        assert_eq!(verdict.by[0].0, 1, "{verdict:?}");
    }

    #[test]
    fn papers_that_agree_with_wells_lend_them_their_weight() {
        let papers = effects(&[(1.0, 0.1), (1.1, 0.1), (0.95, 0.1), (1.02, 0.1)]);
        let wells = effects(&[(1.1, 0.3), (0.9, 0.3)]);
        let found = together(&papers, &wells, PRIOR, BIAS).unwrap();
        assert!(found.all.sd() < 0.08, "{}", found.all.sd());
        assert!(
            found.verdicts.iter().all(|v| !v.overruled),
            "{:?}",
            found.verdicts
        );
        // And with no paper's word for it the wells alone would be far less sure.
        assert!(found.all.sd() < 0.5 * 0.3 / 2.0_f64.sqrt());
    }
}
