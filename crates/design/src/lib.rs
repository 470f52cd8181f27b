//! Spaces, surrogates, batch acquisition; ask and tell.
//!
//! A [`Space`] says what may be varied, a [`Question`] what is wanted, and a [`Policy`] chooses the
//! next points from what it was told. The crate knows nothing of plates and instruments.
//!
//! ```
//! use std::sync::Arc;
//! use design::{Factor, Options, Question, Space, Trial, policy};
//! use quantity::Seed;
//!
//! let space = Arc::new(Space::new(vec![
//!     Factor::continuous("temperature", "°C", 20.0, 80.0),
//!     Factor::categorical("solvent", &["water", "ethanol"]),
//! ]));
//! let question = Question::maximise("yield");
//! let mut chooser = policy("sobol", space.clone(), question, Options::default(), Seed(1)).unwrap();
//! let mut pending = Vec::new();
//! for (batch, proposal) in chooser.ask(4, &pending, Seed(2)).unwrap().into_iter().enumerate() {
//!     println!("{}", space.print(&proposal.point));
//!     pending.push(proposal.point.clone());
//!     chooser.tell(&[Trial::measured(proposal.point, 0.5, batch as u64)]).unwrap();
//! }
//! ```
//!
//! Points that were proposed and are still being measured are given to every [`Policy::ask`] as
//! `pending`. What failed is told as [`Outcome::Failed`]: its point is spoken for, no response is
//! believed of it, and where trials fail is learnt.

#![cfg_attr(test, allow(clippy::unwrap_used))]

mod acquire;
mod descriptors;
mod effort;
mod encode;
mod forest;
mod gp;
mod likelihood;
mod linear_algebra;
mod normal;
mod outlier;
mod policy;
mod question;
mod scatter;
mod serve;
mod space;
mod surrogate;
mod trial;
mod warp;

pub use effort::{Effort, EffortError};
pub use likelihood::{PlainFit, plain_fit};
pub use policy::{
    AskError, Options, POLICIES, Policy, PolicyError, Rival, RivalsFound, TellError, policy,
};
pub use question::{Aim, Costs, Goal, Limit, Question, Side};
pub use serve::{Task, read_task, serve, serve_with_state};
pub use space::{
    CandidateTable, Cardinality, Condition, Exclusion, Factor, FactorKind, Level, LevelError,
    LinearConstraint, Point, Relation, Space, SpaceProblem, WhyNot,
};
pub use trial::{Outcome, Prediction, Proposal, Trial, Why};
