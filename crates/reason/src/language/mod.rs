//! A language model as an index of what was written, never as a judge.
//!
//! Nothing here does I/O: an [`Exchange`] says what to send and takes in what came back; the edge sends it. What
//! a model claims to have read is checked against the text ([`extract`]); what it proposes is scored against
//! what wells said ([`track`]), and that score weighs what it proposes next.

mod exchange;
pub mod extract;
mod proposal;
pub mod propose;
pub mod track;

pub use exchange::{ANSWER_MAX, Exchange, Failed, Message, Reply, Request, Step, Task};
pub use proposal::{Proposal, Proposals, Proposed, Source};
