//! Instances in the formats of others.

pub mod jobshop;
pub mod lab;
pub mod slab;
