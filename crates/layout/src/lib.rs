//! Which instruments a hall needs, how many, and where they stand.
//!
//! - [`design`]: a hall computed for a load; [`picture`]: drawn.
//! - [`simulate`]: a hall under a load, in the twin; [`bound`]: what no hall could exceed.
//! - [`qap`]: the quadratic assignment problem, which placing things is.
#![cfg_attr(test, allow(clippy::unwrap_used))]

pub mod bound;
pub mod design;
pub mod load;
pub mod more;
pub mod next;
pub mod picture;
pub mod qap;
pub mod simulate;
pub mod sizes;
