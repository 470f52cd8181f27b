//! Are there more significant results than the sources' power allows?

use super::tails::{normal_cdf, normal_p, normal_quantile};
use super::{Effects, MetaError, Tau2, Test, fit};

/// Ioannidis and Trikalinos' test of excess significance (Clin. Trials 4 (2007) 245).
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Excess {
    /// Sources with p below 0.05, two-sided.
    pub observed: usize,
    /// How many are expected from the sources' power at the mean effect and its spread.
    pub expected: f64,
    /// The chance of as many or more, exact: a sum of unlike coins.
    pub p_exact: f64,
    /// The same by the signed root of chi-squared.
    pub p_chi_squared: f64,
}

/// Tests for an excess of significant results, with the restricted maximum likelihood mean and spread as the
/// truth.
///
/// # Errors
/// With two sources or fewer.
pub fn excess_significance(effects: &Effects) -> Result<Excess, MetaError> {
    let plain = effects.plain();
    let found = fit(&plain, Tau2::Restricted, Test::Normal)?;
    let (mean, tau2) = (found.mean().estimate, found.heterogeneity.tau2);
    let critical = normal_quantile(0.975);
    let power: Vec<f64> = plain
        .v
        .iter()
        .map(|v| {
            let (reach, spread) = (critical * v.sqrt(), (v + tau2).sqrt());
            normal_cdf((-reach - mean) / spread) + normal_cdf((mean - reach) / spread)
        })
        .collect();
    let observed = plain
        .y
        .iter()
        .zip(&plain.v)
        .filter(|(y, v)| y.abs() > critical * v.sqrt())
        .count();
    let expected: f64 = power.iter().sum();
    let mut chance = vec![1.0];
    for p in &power {
        let mut next = vec![0.0; chance.len() + 1];
        for (count, share) in chance.iter().enumerate() {
            next[count] += share * (1.0 - p);
            next[count + 1] += share * p;
        }
        chance = next;
    }
    let more = observed as f64 - expected;
    let squared = more * more / expected + more * more / (plain.len() as f64 - expected);
    let root = squared.sqrt().copysign(more);
    Ok(Excess {
        observed,
        expected,
        p_exact: chance[observed..].iter().sum::<f64>().min(1.0),
        p_chi_squared: if root >= 0.0 {
            0.5 * normal_p(root)
        } else {
            1.0 - 0.5 * normal_p(root)
        },
    })
}
