//! Multi-agent path finding on grids: classic one-shot instances and lifelong ones.
//!
//! Rules of the classic problem (Stern et al., SoCS 2019): time steps; an agent waits or goes to
//! one of four neighbours; no two agents in a cell, none swap along an edge; agents stay at their
//! goals. The sum of costs counts every step until an agent's last arrival at its goal; it is at
//! least the sum of the shortest paths.
//!
//! [`solve`] does all of it. [`Lacam`] finds a first solution: a depth-first search over configurations whose successors are
//! made by PIBT under constraints that are added lazily, so it is complete (Okumura, *LaCAM*, AAAI
//! 2023, and *Improving LaCAM*, IJCAI 2023; PIBT: Okumura et al., Artif. Intell. 310 (2022)).
//! Agents go by [`Guidance`], learnt before anybody moves, that keeps opposite streams apart.
//! [`Refiner`] makes a solution cheaper as long as one likes: large neighbourhood search (Li et
//! al., *Anytime MAPF via LNS*, IJCAI 2021). [`check()`] is independent of both. [`Lifelong`] moves
//! agents with headings from errand to errand.
//!
//! Everything here is counted in steps, cells and agents; there is no clock: callers ask for so
//! many expansions or rounds and look at their own clock in between.

mod grid;
mod guide;
mod lacam;
mod lifelong;
mod manoeuvre;
mod pibt;
mod prioritised;
mod read;
mod refine;
mod solve;
mod verify;
mod yielding;

pub use grid::{Distances, Grid};
pub use guide::{Guidance, Lesson};
pub use lacam::{Lacam, Progress};
pub use lifelong::{Lifelong, LifelongFault, Turn};
pub use read::{MapError, read_errands, read_map, read_scenario};
pub use refine::Refiner;
pub use solve::{Outcome, solve};
pub use verify::{PlanFault, check};

use std::sync::Arc;

/// A cell: an index into the free cells of a [`Grid`].
pub type Cell = u32;

/// A one-shot instance.
#[derive(Clone, Debug)]
pub struct Instance {
    /// The map.
    pub grid: Arc<Grid>,
    /// Where each agent starts; all different.
    pub starts: Vec<Cell>,
    /// Where each agent is to be; all different.
    pub goals: Vec<Cell>,
}

impl Instance {
    /// The sum of shortest paths, given steps to each agent's goal: no plan costs less.
    #[must_use]
    pub fn lower_bound(&self, distances: &[Distances]) -> u64 {
        let steps = |(goal, start): (&Distances, &Cell)| u64::from(goal.from(*start));
        distances.iter().zip(&self.starts).map(steps).sum()
    }
}

/// A solution: for each agent its cell at every step from the start to its last arrival.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Plan {
    /// One path per agent; after its end the agent stays where it is.
    pub paths: Vec<Vec<Cell>>,
}

impl Plan {
    /// From configurations, one per step; waiting at the goal at the end is cut.
    #[must_use]
    pub fn from_configurations(configurations: &[Box<[Cell]>]) -> Self {
        let agents = configurations.first().map_or(0, |c| c.len());
        let paths = (0..agents)
            .map(|agent| {
                let mut path: Vec<Cell> = configurations.iter().map(|c| c[agent]).collect();
                trim(&mut path);
                path
            })
            .collect();
        Self { paths }
    }

    /// Steps of all agents until their last arrivals.
    #[must_use]
    pub fn sum_of_costs(&self) -> u64 {
        self.paths.iter().map(|p| p.len() as u64 - 1).sum()
    }

    /// Steps until the last agent has arrived.
    #[must_use]
    pub fn makespan(&self) -> usize {
        self.paths.iter().map(|p| p.len() - 1).max().unwrap_or(0)
    }
}

/// Cuts waiting at the end of a path.
pub(crate) fn trim(path: &mut Vec<Cell>) {
    while path.len() > 1 && path[path.len() - 1] == path[path.len() - 2] {
        path.pop();
    }
}
