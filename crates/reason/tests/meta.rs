//! Behaviour that no reference states: what is refused, what can't be estimated, and what draws look like.
#![allow(clippy::unwrap_used)]

mod common;

use common::{data, effects};
use reason::meta::bayes::{MeanPrior, TauPrior, posterior};
use reason::meta::selection::{Favoured, Selection, fit_selection};
use reason::meta::{Effects, MetaError, Tau2, Test, fit};

#[test]
fn the_trap_is_avoided() {
    let Some(folder) = data() else { return };
    let trap = fit_selection(
        &effects(&folder, "li2007_magnesium"),
        &Selection::Steps(vec![0.025]),
        Favoured::Less,
    )
    .unwrap();
    assert!(
        (trap.mean - 0.0234).abs() < 1e-4 && trap.tau2 == 0.0,
        "{trap:?}"
    );
    assert!((trap.log_likelihood + 23.2003).abs() < 1e-4, "{trap:?}");
}

#[test]
fn draws_have_the_posteriors_moments() {
    let schools = Effects::new(
        vec![28.39, 7.94, -2.75, 6.82, -0.64, 0.63, 18.01, 12.16],
        [14.9_f64, 10.2, 16.3, 11.0, 9.4, 11.4, 10.4, 17.6]
            .map(|e| e * e)
            .to_vec(),
    )
    .unwrap();
    let found = posterior(
        &schools,
        MeanPrior {
            mean: 0.0,
            sd: 50.0,
        },
        TauPrior::HalfCauchy(25.0),
    )
    .unwrap();
    // A van der Corput sequence would be correlated between the four numbers of a draw; a generator is not.
    let mut state = 7_u64;
    let mut uniform = || {
        state = state
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        let mixed = (state ^ (state >> 29)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        ((mixed ^ (mixed >> 32)) >> 11) as f64 / (1_u64 << 53) as f64
    };
    let draws = found.draws(40_000, &mut uniform);
    let n = draws.len() as f64;
    let mean = draws.iter().map(|d| d.mean).sum::<f64>() / n;
    let sd = (draws.iter().map(|d| (d.mean - mean).powi(2)).sum::<f64>() / n).sqrt();
    let tau = draws.iter().map(|d| d.tau).sum::<f64>() / n;
    let below = draws.iter().filter(|d| d.new < 0.0).count() as f64 / n;
    assert!((mean - found.mean()).abs() < 0.1, "{mean}");
    assert!((sd - found.sd()).abs() < 0.1, "{sd}");
    assert!((tau - found.tau_mean()).abs() < 0.12, "{tau}");
    assert!((below - found.new_below(0.0)).abs() < 0.01, "{below}");
}

#[test]
fn what_cannot_be_estimated_is_said() {
    // All effects one and the same significant size: a selection step has nothing beyond its cut.
    let same = Effects::new(vec![1.0; 6], vec![0.01; 6]).unwrap();
    let found = fit_selection(&same, &Selection::Steps(vec![0.025]), Favoured::Greater);
    match found {
        Err(error) => assert!(error.to_string().starts_with("not estimable"), "{error}"),
        Ok(found) => assert!(
            found.mean_se.is_none() || found.selection[0].1.is_none(),
            "{found:?}"
        ),
    }
    let two = Effects::new(vec![0.1, 0.4], vec![0.1; 2]).unwrap();
    assert!(matches!(
        fit_selection(&two, &Selection::Beta, Favoured::Greater),
        Err(MetaError::TooFew { .. })
    ));
}

#[test]
fn bad_input_is_named() {
    assert_eq!(
        Effects::new(vec![0.1, 0.2], vec![0.1, 0.0])
            .unwrap_err()
            .to_string(),
        "row 2: the variance is 0; it must be above zero"
    );
    let one = Effects::new(vec![0.1], vec![0.1]).unwrap();
    assert_eq!(
        fit(&one, Tau2::Restricted, Test::Normal)
            .unwrap_err()
            .to_string(),
        "too few sources: 1, and at least 2 are needed"
    );
    let constant = Effects::new(vec![0.1, 0.2, 0.4], vec![0.1; 3])
        .unwrap()
        .moderated("x", vec![2.0; 3])
        .unwrap();
    assert!(fit(&constant, Tau2::Restricted, Test::Normal).is_err());
}
