//! The command line of Nilometer.
fn main() {}
