//! Causes: from what was observed and what was done to a graph of who drives whom.
//!
//! - [`Data`]: rows with the [`Regime`] under which each was measured: observation, or an intervention
//!   that sets variables (hard), changes their mechanism (soft), or does something unknown.
//! - [`Dag`], [`Essential`]: graphs, and what observation and interventions can tell of them.
//! - [`GaussianScore`] and [`LocalScore`]: how well parents explain a variable.
//! - [`exact`]: every graph weighed, up to 6 variables. [`search`]: the best graph, to 128.
//! - [`Mixed`], [`MixedScore`]: graphs in which some variables have hidden common causes, which
//!   interventions tell from arrows. [`sample`]: such graphs drawn by their probability.
//! - [`active`]: which variable to act on, if answers had no noise.
#![cfg_attr(test, allow(clippy::unwrap_used))]

pub mod active;
mod cholesky;
mod data;
mod district;
pub mod enumerate;
pub mod exact;
mod graph;
mod mixed;
mod moments;
mod nodes;
pub mod sample;
mod score;
pub mod search;

pub use data::{Data, DataError, Regime};
pub use district::GroupFit;
pub use graph::{Dag, Essential};
pub use mixed::{Mixed, MixedScore, weigh};
pub use moments::Moments;
pub use nodes::{MAX_VARIABLES, Nodes};
pub use score::{Gaussian, GaussianScore, LocalScore, total};
