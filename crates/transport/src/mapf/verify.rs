//! Checking a solution, slowly and plainly.

use super::{Cell, Instance, Plan};
use std::collections::BTreeMap;
use thiserror::Error;

/// What is wrong with a solution.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum PlanFault {
    /// Not one path for each agent.
    #[error("{found} paths for {wanted} agents")]
    Agents {
        /// Paths.
        found: usize,
        /// Agents.
        wanted: usize,
    },
    /// A path does not begin at the start or end at the goal.
    #[error("agent {agent} does not {what}")]
    Ends {
        /// The agent.
        agent: usize,
        /// `begin at its start` or `end at its goal`.
        what: &'static str,
    },
    /// Not a step to a neighbour.
    #[error("agent {agent} jumps at step {step}")]
    Jump {
        /// The agent.
        agent: usize,
        /// The step.
        step: usize,
    },
    /// Two agents in one cell.
    #[error("agents {a} and {b} are in one cell at step {step}")]
    Meet {
        /// One agent.
        a: usize,
        /// The other.
        b: usize,
        /// The step.
        step: usize,
    },
    /// Two agents swap.
    #[error("agents {a} and {b} swap at step {step}")]
    Swap {
        /// One agent.
        a: usize,
        /// The other.
        b: usize,
        /// The step.
        step: usize,
    },
}

/// Checks every rule at every step.
///
/// # Errors
/// The first fault found.
pub fn check(instance: &Instance, plan: &Plan) -> Result<(), PlanFault> {
    let agents = instance.starts.len();
    if plan.paths.len() != agents {
        return Err(PlanFault::Agents {
            found: plan.paths.len(),
            wanted: agents,
        });
    }
    for (agent, path) in plan.paths.iter().enumerate() {
        if path.first() != Some(&instance.starts[agent]) {
            let what = "begin at its start";
            return Err(PlanFault::Ends { agent, what });
        }
        if path.last() != Some(&instance.goals[agent]) {
            let what = "end at its goal";
            return Err(PlanFault::Ends { agent, what });
        }
        for (step, pair) in path.windows(2).enumerate() {
            let [from, to] = [pair[0], pair[1]];
            if from != to && !instance.grid.neighbours(from).contains(&to) {
                return Err(PlanFault::Jump { agent, step });
            }
        }
    }
    let at = |agent: usize, step: usize| -> Cell {
        let path = &plan.paths[agent];
        path[step.min(path.len() - 1)]
    };
    let mut before: BTreeMap<Cell, usize> = BTreeMap::new();
    for step in 0..=plan.makespan() {
        let mut now: BTreeMap<Cell, usize> = BTreeMap::new();
        for b in 0..agents {
            if let Some(a) = now.insert(at(b, step), b) {
                return Err(PlanFault::Meet { a, b, step });
            }
        }
        if step > 0 {
            for b in 0..agents {
                let (from, to) = (at(b, step - 1), at(b, step));
                if let Some(&a) = before.get(&to)
                    && a != b
                    && at(a, step) == from
                {
                    return Err(PlanFault::Swap { a, b, step });
                }
            }
        }
        before = now;
    }
    Ok(())
}
