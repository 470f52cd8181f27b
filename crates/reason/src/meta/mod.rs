//! Meta-analysis: effects from several sources put together.
//!
//! [`tables`] turns what trials counted into effects. [`Effects`] are estimates with their variances, and moderators that may explain why they differ.
//! [`fit`] puts them together under one of the estimators of [`Tau2`]; [`bias`] asks what may be
//! missing; [`selection`] models what was never published; [`levels`] knows sources that share an
//! origin; [`bayes`] gives the posterior under stated priors; [`gain`] says what the next source
//! would tell.
//!
//! Notation: `y_i` an estimate, `v_i` its variance, `k` their number, `p` coefficients, `tau2` the
//! variance between sources. Formulas: Viechtbauer, J. Stat. Softw. 36(3) (2010); Veroniki et al.,
//! Res. Synth. Methods 7 (2016) 55 for the estimators of `tau2`.

pub mod bayes;
pub mod bias;
mod effects;
pub mod excess;
pub mod gain;
pub mod influence;
pub mod levels;
mod minimum;
mod model;
pub mod selection;
pub mod tables;
mod tails;
mod tau2;
pub mod together;

pub use effects::{Effects, EffectsError};
pub use model::{
    Coefficient, Fit, Heterogeneity, HeterogeneityInterval, MetaError, Test, fit,
    prediction_interval, profile_tau2,
};
pub(crate) use tails::{chi_squared_p, fisher_p, normal_quantile};
pub use tau2::Tau2;
