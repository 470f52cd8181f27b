//! Gaussian processes.

// Several arrays run in step here: one index reads better than zips of zips.
#![allow(clippy::needless_range_loop)]

mod around;
mod doubt;
mod elementary;
mod exact;
mod features;
mod fit;
mod gradient;
mod inducing;
mod kernel;
mod lanes;
mod lbfgs;
mod matern;
mod normals;
mod paths;
mod prior;
mod sites;
mod trend;

pub(crate) use around::{Around, means_beside};
pub(crate) use doubt::plausible;
pub(crate) use elementary::{exp, ln};
pub(crate) use exact::{Exact, Solved};
pub(crate) use fit::{Data, Fit, Start, fit, fit_last, fit_widely, leave_one_out, log_likelihood};
pub(crate) use kernel::Shape;
pub(crate) use lbfgs::{Bending, minimise_in_box};
pub(crate) use matern::{dot, wide};
pub(crate) use normals::normals;
pub(crate) use paths::{Paths, SlopeWork, mean_slope};
pub(crate) use trend::Trend;

#[cfg(test)]
mod vectors;
