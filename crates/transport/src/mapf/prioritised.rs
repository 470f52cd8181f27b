//! A first solution for sparse instances: one agent after the other, each around those before.
//!
//! Not complete: an agent may find its start or goal cut off by those before it. It is then put
//! first, a few times (Erdmann and Lozano-Pérez, Algorithmica 2 (1987) 477; the restarts after
//! Bennewitz et al., Robot. Auton. Syst. 41 (2002) 89).

use super::refine::Refiner;
use super::{Distances, Instance, Plan};
use quantity::Seed;

/// More agents for each cell are too many for this.
const DENSITY_MAX: f64 = 0.08;
/// How often agents that found no path may be put first.
const RESTARTS: usize = 30;
/// Steps that a plan may take: so many times the longest way, and some more.
const LONGER: usize = 2;
const SPARE: usize = 64;

/// Whether agents are few for the map.
pub(crate) fn is_sparse(instance: &Instance) -> bool {
    instance.starts.len() as f64 <= DENSITY_MAX * instance.grid.cells() as f64
}

/// A plan that is near the best where agents are few for the map; none if it does not come out.
#[must_use]
pub(crate) fn prioritised(
    instance: &Instance,
    distances: &[Distances],
    seed: Seed,
) -> Option<Plan> {
    let agents = instance.starts.len();
    let far = |a: usize| distances[a].from(instance.starts[a]);
    let longest = usize::from((0..agents).map(far).max()?);
    let mut planner = Refiner::empty(instance, distances, longest * LONGER + SPARE, seed)?;
    // Those with short ways park first, others go round them; else they would wait until all have
    // passed their goals.
    let mut order: Vec<usize> = (0..agents).collect();
    order.sort_by_key(|a| far(*a));
    for _ in 0..RESTARTS {
        let failed = order.iter().position(|a| !planner.add(*a));
        let Some(failed) = failed else {
            return Some(planner.into_plan());
        };

        for a in &order[..failed] {
            planner.remove(*a);
        }
        order[..=failed].rotate_right(1);
    }
    None
}
