//! Scaling laws: what one more experiment, and one more GPU hour, buys.
//!
//! - [`Table`]: resources spent and what came of it.
//! - [`Terms`]: sums of power-law terms, with or without a floor; [`fit_terms`] fits them by robust
//!   loss on the logarithm, from many starts, and [`bootstrap`] gives their uncertainty.
//! - [`broken`]: the smoothly broken power law, with the question whether data identify its limit.
//! - [`shapes`]: whether data speak for a break or for saturation.
//! - [`choose`]: which law, by penalised likelihood and by prediction of held-out larger scale.
//! - [`split`]: how to divide a budget between two resources, with uncertainty.
//! - [`proxy`]: closed forms on why a proxy is not the verifier.
//!
//! Every fit carries its loss, the rows used and the rows left out, since the same data give other
//! parameters under another loss.
#![cfg_attr(test, allow(clippy::unwrap_used))]

pub mod broken;
mod broken_or_smooth;
pub mod choose;
mod fit;
mod linear;
mod loss;
mod newton;
pub mod proxy;
pub mod split;
mod table;
mod terms;

pub use broken_or_smooth::{Shape, Shapes, shapes};
pub use fit::{Bootstrap, Interval, TermsFit, bootstrap, fit_terms};
pub use loss::Loss;
pub use table::{Table, TableError};
pub use terms::{Term, Terms};
