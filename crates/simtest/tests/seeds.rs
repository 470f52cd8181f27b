//! A few seeds with every build; `nilo simtest` runs as many as one likes.
#![allow(clippy::unwrap_used)]

/// Seeds that once failed, and a run of fresh ones.
#[test]
fn what_must_hold_holds() {
    let seeds = (0..60).chain([
        90, 181, 190, 275, 301, 324, 352, 1338, 1425, 1670, 1737, 1839, 1882, 1948, 1993, 2100,
        2495, 2684, 3169, 3649, 1125, 1968, 5728,
    ]);
    let mut failures = Vec::new();
    let mut completed = 0;
    for seed in seeds {
        match simtest::check_seed(seed) {
            Ok(summary) => completed += summary.completed,
            Err(failure) => failures.push(failure.to_string()),
        }
    }
    assert!(failures.is_empty(), "{}", failures.join("\n"));
    assert!(completed > 250, "only {completed} orders were completed");
}
