//! Checks and generators of the repository itself.
fn main() {}
