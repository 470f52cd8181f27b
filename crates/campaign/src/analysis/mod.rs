//! From what a reader measured to the response that a campaign asks about.
//!
//! Plain functions over plain numbers: responses have whatever unit the assay gives them. A well
//! without a value is NaN, in and out.

pub mod dose;
pub mod gain;
pub mod hierarchy;
pub mod position;
pub mod quality;
pub mod reference;
pub mod stats;
