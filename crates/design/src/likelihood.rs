//! What the fit of the plainest model reaches, to be held against other implementations.

use crate::effort::Effort;
use crate::encode::{Encoding, Group};
use crate::gp::{Data, Shape, fit_last, fit_widely, log_likelihood};
use crate::space::{Point, Space};
use crate::warp::Warp;

/// The plainest model the engine has, fitted: a constant mean, a Matérn-5/2 kernel with one length scale to
/// each factor, normal noise of one variance; values are standardised by their mean and their standard
/// deviation over all of them. Numbers stand on 0 to 1 over the factor's range; two levels of a categorical
/// factor without descriptors are at a distance of 1.
#[derive(Clone, Debug, PartialEq)]
pub struct PlainFit {
    /// Natural logarithm of the marginal likelihood of the standardised values, the mean at its best.
    pub log_likelihood: f64,
    /// The same plus the logarithm of the prior's density without its constant: what the fit makes largest.
    pub log_posterior: f64,
    /// Logarithm of the kernel's variance.
    pub log_variance: f64,
    /// Logarithm of each length scale, in the order of the factors.
    pub log_lengths: Vec<f64>,
    /// Logarithm of the noise variance.
    pub log_noise: f64,
}

/// Evaluations of the likelihood from each start: as many as an ask spends on the form that it chooses.
const EVALUATIONS: usize = 40;

/// Fits the plainest model as an ask does. Nothing without values, where nothing can be factored, or where a
/// factor is more than a number or a set of levels (a sequence, or levels with descriptors).
pub fn plain_fit(space: &Space, points: &[Point], values: &[f64]) -> Option<PlainFit> {
    let encoding = Encoding::new(space);
    let plain = |group: &Group| matches!(group, Group::Number { .. } | Group::Code { .. });
    if encoding.groups.len() != space.factors.len() || !encoding.groups.iter().all(plain) {
        return None;
    }
    let warp = Warp::straight(values);
    let data = Data {
        rows: encoding.rows(points),
        values: values.iter().map(|&value| warp.forward(value)).collect(),
        noise_share: vec![1.0; values.len()],
        noise_known: vec![0.0; values.len()],
        terms: Vec::new(),
    };
    let fitted = fit_widely(&data, Shape::Radial, &encoding.groups, EVALUATIONS, false)?;
    let start = fitted.start(Shape::Radial);
    let fitted = fit_last(
        &data,
        Shape::Radial,
        &encoding.groups,
        &start,
        true,
        Effort::default(),
    )?;
    let (log_likelihood, log_posterior) = log_likelihood(&data, &fitted)?;
    Some(PlainFit {
        log_likelihood,
        log_posterior,
        log_variance: fitted.kernel.logs[0],
        log_lengths: fitted.kernel.logs[1..].to_vec(),
        log_noise: fitted.noise,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::space::{Factor, Level};

    #[test]
    fn a_fit_is_stated_and_what_is_not_plain_is_refused() {
        let space = Space::new(vec![Factor::continuous("x", "", 0.0, 2.0)]);
        let points: Vec<Point> = (0..24)
            .map(|i| Point(vec![Level::Real(f64::from(i) / 12.0)]))
            .collect();
        let values: Vec<f64> = (0..24).map(|i| (f64::from(i) / 4.0).sin()).collect();
        let found = plain_fit(&space, &points, &values).unwrap();
        // Better than values that tell nothing of each other: 24 standard normal ones.
        let apart = -12.0 * (std::f64::consts::TAU.ln() + 1.0);
        assert!(found.log_likelihood > apart + 20.0, "{found:?}");
        assert!(found.log_posterior <= found.log_likelihood);
        assert_eq!(found.log_lengths.len(), 1);
        let words = Space::new(vec![Factor::sequence("w", "ACGT", 3)]);
        assert!(plain_fit(&words, &[], &[]).is_none());
    }
}
