//! Causes as what a campaign asks: interventions that tell who drives whom.
//!
//! A well is a row: every measured variable, and which variables were acted on. Wells that nobody acted on belong to
//! every batch: those that vouch for the plate anyway, and where these are too few, more of the same. The belief is
//! [`cause::belief`], hidden common causes allowed for; which interventions come next, single and combined, is
//! [`cause::next`].

//!
//! Where the graphs are given as rival hypotheses, [`GraphPolicy`] tells them apart by the same wells.

mod arrows;
mod findings;
mod graphs;
mod policy;
mod table;
#[cfg(test)]
mod tests;

pub use arrows::{GraphError, GraphRival};
pub use findings::{Findings, Link, Stage};
pub use graphs::GraphPolicy;
pub use policy::CausePolicy;

/// Most variables that a campaign relates.
pub const VARIABLES_MAX: usize = cause::belief::MAX_HIDDEN;
/// Most interventions among which the next ones are chosen.
pub const INTERVENTIONS_MAX: usize = 400;
/// Likely graphs that stand for all where the next interventions are chosen.
const GRAPHS: usize = 100;

/// A factor whose high end acts on a variable, and whose low end does not.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Act {
    /// The factor's place in the space.
    pub factor: usize,
    /// The variable's place among those that are measured.
    pub variable: usize,
}

/// How causes are asked for.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct CauseOptions {
    /// The probability at which every link, or its absence, is taken for settled.
    pub certainty: f64,
    /// Whether variables may have hidden common causes.
    pub hidden: bool,
    /// Whether the drivers of a variable that is acted on go on acting.
    pub soft: bool,
    /// What acting on a variable leaves of it, as a share, before any well has shown it.
    pub leaves: f64,
    /// Most acts in one well.
    pub combine: usize,
    /// Wells of one intervention in a batch.
    pub replicates: usize,
    /// Wells where nothing is done that are measured and told with every batch, whatever is asked for.
    pub controls: usize,
    /// Interventions by lot and not by what they should tell: what choosing is to be compared with.
    pub by_lot: bool,
}
