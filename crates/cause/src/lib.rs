//! Causes: from what was observed and what was done to a graph of who drives whom.
//!
//! - [`Data`]: rows with the [`Regime`] under which each was measured: observation, or an intervention
//!   that sets variables (hard), changes their mechanism (soft), or does something unknown.
//! - [`Dag`], [`Essential`]: graphs, and what observation and interventions can tell of them.
//! - [`GaussianScore`], [`DiscreteScore`] and [`LocalScore`]: how well parents explain a variable.
//! - [`exact`]: every graph weighed, up to 6 variables. [`search`]: the best graph, to 128.
//! - [`Mixed`], [`MixedScore`]: graphs in which some variables have hidden common causes, which
//!   interventions tell from arrows. [`sample`]: such graphs drawn by their probability.
//! - [`belief`]: all of this in one call, and [`next`]: which wells next, by what they should tell.
//! - [`effects`]: what interventions did, without any graph.
//! - [`active`]: which variable to act on, if answers had no noise.
#![cfg_attr(test, allow(clippy::unwrap_used))]

pub mod active;
pub mod belief;
mod cholesky;
mod data;
mod discrete;
mod district;
pub mod effects;
pub mod enumerate;
pub mod exact;
mod fold;
mod graph;
mod marginal;
mod mixed;
mod moments;
pub mod next;
mod nodes;
mod order;
mod predict;
pub mod sample;
mod score;
pub mod search;

pub use data::{Data, DataError, Regime};
pub use discrete::DiscreteScore;
pub use district::GroupFit;
pub use graph::{Dag, Essential};
pub use marginal::MarginalScore;
pub use mixed::{Mixed, MixedScore, weigh};
pub use moments::Moments;
pub use nodes::{MAX_VARIABLES, Nodes};
pub use predict::{Effect, Expected, Fitted, Intervention};
pub use score::{Gaussian, GaussianScore, LocalScore, arrow_cost, total};
