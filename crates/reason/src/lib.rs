//! Evidence weighed: what people wrote is a record of a debate, and only wells settle it.
//!
//! - [`meta`]: effects from several sources put together, with what they disagree on and what may
//!   never have been published.
#![cfg_attr(test, allow(clippy::unwrap_used))]

mod matrix;
pub mod meta;
