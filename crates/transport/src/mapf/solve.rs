//! From an instance to a plan that gets better as long as one likes.

use super::guide::{Guidance, Lesson};
use super::prioritised::prioritised;
use super::{Distances, Instance, Lacam, Plan, Progress, Refiner};
use quantity::Seed;

/// Expansions of the first search, and rounds of the refiner, between two looks at the caller.
const EXPANSIONS: usize = 20;
const ROUNDS: usize = 10;
/// Expansions after which a search by learnt guidance is given up, in all and for each step that
/// agents go on average.
const EXPANSIONS_MIN: usize = 300;
const EXPANSIONS_TIMES: usize = 12;
/// With more agents, distances are computed no further from a goal than they are needed.
const WHOLE_TABLES_MAX: usize = 2_000;

/// What is learnt for those.
const SHORT: Lesson = Lesson {
    sweeps: 2,
    drivers: 600,
    ..Lesson::ALL[0]
};

/// What came of an instance.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// The best plan found.
    Solved(Plan),
    /// There is none.
    Impossible,
    /// Stopped before there was one.
    Stopped,
}

/// Finds a plan and makes it cheaper until `go_on` says no; it is asked often, and told the best
/// sum of costs so far, if there is a plan.
///
/// Where agents are few for the map they are planned one after the other; else LaCAM goes by
/// learnt [`Guidance`], and if all of that leads to jams, by distances: it is complete.
pub fn solve(
    instance: &Instance,
    seed: Seed,
    mut go_on: impl FnMut(Option<u64>) -> bool,
) -> Outcome {
    let agents = instance.starts.len();
    let grid = &*instance.grid;
    let steps = || -> Vec<Distances> {
        let goals = instance.goals.iter();
        goals.map(|g| Distances::to(grid, *g)).collect()
    };
    let mut distances = None;
    let mut first = None;
    if super::prioritised::is_sparse(instance) {
        let table = steps();
        first = prioritised(instance, &table, seed);
        distances = Some(table);
    }
    let mut best = first;
    // Streams settle differently; where a lesson leads to a jam, another may not.
    for lesson in if best.is_none() {
        &Lesson::ALL[..]
    } else {
        &[]
    } {
        let many = agents > WHOLE_TABLES_MAX;
        if best.is_some() && (many || !go_on(best.as_ref().map(Plan::sum_of_costs))) {
            break;
        }
        let lesson = if many { &SHORT } else { lesson };
        let guidance = Guidance::learnt(instance, *lesson);
        let ends = instance.starts.iter().zip(&instance.goals);
        let guided: Vec<Distances> = ends
            .map(|(start, goal)| match many {
                true => guidance.distances_between(grid, *start, *goal),
                false => guidance.distances(grid, *goal),
            })
            .collect();
        let bound = instance.lower_bound(&guided) / u64::from(Guidance::STEP);
        let most = EXPANSIONS_MIN + EXPANSIONS_TIMES * (bound / agents.max(1) as u64) as usize;
        let mut search = Lacam::new(instance, &guided, seed);
        for _ in 0..most.div_ceil(EXPANSIONS) {
            match search.search(EXPANSIONS) {
                Progress::Solved(plan) => {
                    let cost = plan.sum_of_costs();
                    if best.as_ref().is_none_or(|b| cost < b.sum_of_costs()) {
                        best = Some(plan);
                    }
                    break;
                }
                Progress::Impossible => return Outcome::Impossible,
                Progress::Searching => {
                    if !go_on(best.as_ref().map(Plan::sum_of_costs)) {
                        return best.map_or(Outcome::Stopped, Outcome::Solved);
                    }
                }
            }
        }
    }
    if best.is_some() && !go_on(best.as_ref().map(Plan::sum_of_costs)) {
        return best.map_or(Outcome::Stopped, Outcome::Solved);
    }
    let distances = distances.unwrap_or_else(steps);
    let plan = match best {
        Some(plan) => plan,
        None => {
            let mut search = Lacam::new(instance, &distances, seed);
            loop {
                match search.search(EXPANSIONS) {
                    Progress::Solved(plan) => break plan,
                    Progress::Impossible => return Outcome::Impossible,
                    Progress::Searching if !go_on(None) => return Outcome::Stopped,
                    Progress::Searching => {}
                }
            }
        }
    };
    let Some(mut refiner) = Refiner::new(instance, &distances, plan.clone(), seed) else {
        return Outcome::Solved(plan);
    };
    while go_on(Some(refiner.cost())) && refiner.cost() > instance.lower_bound(&distances) {
        refiner.rounds(ROUNDS);
    }
    Outcome::Solved(refiner.into_plan())
}
