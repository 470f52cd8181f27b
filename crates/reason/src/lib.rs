//! Evidence weighed: what people wrote is a record of a debate, and only wells settle it.
//!
//! - [`claims`]: who says what, what each source is worth, and which next trial would tell most.
//! - [`rivals`]: hypotheses that predict responses, told apart by wells.
//! - [`causes`]: interventions chosen and told until it is known who drives whom.
//! - [`language`]: a language model as an index of what was written, scored against wells.
//! - [`meta`]: effects from several sources put together, with what they disagree on and what may
//!   never have been published.
#![cfg_attr(test, allow(clippy::unwrap_used))]

pub mod causes;
pub mod claims;
pub mod language;
mod matrix;
pub mod meta;
pub mod rivals;
