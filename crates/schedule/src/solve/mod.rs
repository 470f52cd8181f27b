//! Solvers for instances in the formats of others.
//!
//! A solver takes an [`Effort`]: a callback that says whether to go on (the clock is the caller's) and
//! a number of iterations, so that with the callback always true the result is the same everywhere.

mod bound;
mod jobshop;
mod lab;
mod online;
mod pack;
mod slab;

pub(crate) use bound::parallel;
pub use jobshop::{job_shop, job_shop_bound};
pub use lab::{lab, lab_bound};
pub use online::{Moment, Service, lab_online};
pub use slab::{slab, slab_bound};

use crate::formats::{Instance, Solution};

/// Solves any instance for the least makespan; the solution and how many steps the search made.
///
/// # Errors
/// Why there is no solution.
pub fn solve(instance: &Instance, name: &str, effort: Effort) -> Result<(Solution, u64), String> {
    match instance {
        Instance::Lab(it) => lab(it, effort).map(|(s, n)| (Solution::Lab(s), n)),
        Instance::JobShop(it) => {
            let (s, n) = job_shop(it, name, effort);
            Ok((Solution::JobShop(s), n))
        }
        Instance::Slab(it) => slab(it, name, effort).map(|(s, n)| (Solution::Slab(s), n)),
    }
}

/// What a solver may spend.
pub struct Effort<'a> {
    /// Asked now and then; the solver ends soon after it says no.
    pub go_on: &'a mut dyn FnMut() -> bool,
    /// At most this many iterations of its search.
    pub iterations: u64,
    /// Where its random choices start.
    pub seed: u64,
}

impl std::fmt::Debug for Effort<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Effort")
            .field("iterations", &self.iterations)
            .field("seed", &self.seed)
            .finish_non_exhaustive()
    }
}
