//! Lifelong: robots with headings, each with its own list of errands (League of Robot Runners
//! 2023: a step is one cell forward, a turn of 90 degrees, or waiting).

use super::grid::NONE;
use super::window::{Places, Round, Window};
use super::{Cell, Distances, Grid, Guidance, Instance, Lesson};
use quantity::{Rng, Seed};
use rand::RngExt;
use std::sync::Arc;
use thiserror::Error;

/// What a robot does in a step.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Turn {
    /// One cell ahead.
    Forward,
    /// 90 degrees clockwise.
    Clockwise,
    /// 90 degrees counter-clockwise.
    Counter,
    /// Nothing.
    Wait,
}

/// What is wrong with a step.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum LifelongFault {
    /// Off the map or into an obstacle.
    #[error("robot {0} leaves the map")]
    Off(usize),
    /// Two robots in one cell.
    #[error("robots {0} and {1} are in one cell")]
    Meet(usize, usize),
    /// Two robots swap.
    #[error("robots {0} and {1} swap")]
    Swap(usize, usize),
}

/// Costs with headings are kept where they take at most so many entries (2 bytes each) in all.
const ENTRIES_MAX: usize = 200_000_000;
/// From how many rides the streams are learnt.
const DRIVERS: usize = 2_000;
/// How streams are learnt: robots that go on and on fill the map evenly.
const LESSON: Lesson = Lesson {
    crowd: 1.0,
    ahead: 12.0,
    sweeps: 4,
    drivers: DRIVERS,
};
/// How often in a step every robot that is late may begin a round.
const PASSES: usize = 8;
/// Rounds between two looks at the caller.
const ROUNDS: usize = 16;

/// Robots that go from errand to errand.
///
/// Every robot always has a plan for some steps ahead, and all of these together are free of
/// collisions: at first everybody waits, and after a step what is left of the plans, with a wait
/// at the end, still is. In each step the plans are made better, in rounds: a robot that is late
/// takes the way that costs least, through others if that pays; those plan anew around it, and
/// may do the same to others; the round counts if all of them together are no later than before.
/// So it is large neighbourhood search in a window (as in Jiang et al., *Scaling lifelong MAPF to
/// more realistic settings*, 2024, the winner of that league) with the pushing of priority
/// inheritance (Okumura et al. 2022).
pub struct Lifelong {
    grid: Arc<Grid>,
    guidance: Guidance,
    /// Whether costs know headings.
    turning: bool,
    costs: Vec<Distances>,
    at: Vec<Cell>,
    /// East, south, west, north.
    heading: Vec<u8>,
    goal: Vec<Cell>,
    errands: Vec<Cell>,
    /// How many errands each robot has finished.
    served: Vec<usize>,
    window: Window,
    done: usize,
    step: u64,
    rng: Rng,
}

impl std::fmt::Debug for Lifelong {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Lifelong")
            .field("robots", &self.at.len())
            .field("step", &self.step)
            .field("done", &self.done)
            .finish()
    }
}

impl Lifelong {
    /// Robots at their starts, facing east. Errand `j` of robot `r` of `n` is `errands[j n + r]`,
    /// from the front again after the last; without errands robots stay where they are.
    #[must_use]
    pub fn new(grid: Arc<Grid>, starts: &[Cell], errands: &[Cell], seed: Seed) -> Self {
        let n = starts.len();
        let errand = |i: usize| match errands.len() {
            0 => None,
            all => Some(errands[i % all]),
        };
        let goal: Vec<Cell> = (0..n).map(|i| errand(i).unwrap_or(starts[i])).collect();
        let rides = Instance {
            grid: Arc::clone(&grid),
            starts: (0..DRIVERS).filter_map(&errand).collect(),
            goals: (0..DRIVERS).filter_map(|i| errand(i + n)).collect(),
        };
        let mut world = Self {
            guidance: Guidance::learnt(&rides, LESSON),
            turning: n * grid.cells() * 4 <= ENTRIES_MAX,
            costs: Vec::with_capacity(n),
            at: starts.to_vec(),
            heading: vec![0; n],
            goal,
            errands: errands.to_vec(),
            served: vec![0; n],
            window: Window::new(&grid, starts),
            done: 0,
            step: 0,
            rng: seed.derive("lifelong", 0).rng(),
            grid,
        };
        for i in 0..n {
            let costs = world.costs_of(i);
            world.costs.push(costs);
        }
        world
    }

    /// Errands finished so far.
    #[must_use]
    pub fn done(&self) -> usize {
        self.done
    }

    /// Steps so far.
    #[must_use]
    pub fn steps(&self) -> u64 {
        self.step
    }

    /// Where the robots are.
    #[must_use]
    pub fn positions(&self) -> &[Cell] {
        &self.at
    }

    /// Which way they face: 0 east, 1 south, 2 west, 3 north.
    #[must_use]
    pub fn headings(&self) -> &[u8] {
        &self.heading
    }

    /// Where they go.
    #[must_use]
    pub fn goals(&self) -> &[Cell] {
        &self.goal
    }

    fn costs_of(&self, i: usize) -> Distances {
        match self.turning {
            true => self.guidance.turning(&self.grid, self.goal[i]),
            false => self
                .guidance
                .distances_between(&self.grid, self.at[i], self.goal[i]),
        }
    }

    /// Plans one step, carries it out, and says what each robot did.
    pub fn advance(&mut self) -> Vec<Turn> {
        self.advance_while(|| true)
    }

    /// [`Self::advance`], with no further planning once `go_on` says no. It is asked every few
    /// rounds; a plan that is free of collisions there is at any time.
    pub fn advance_while(&mut self, mut go_on: impl FnMut() -> bool) -> Vec<Turn> {
        self.improve(&mut go_on);
        let turns = self.window.first_turns();
        self.carry_out(&turns);
        turns
    }

    fn improve(&mut self, go_on: &mut impl FnMut() -> bool) {
        let places = Places {
            grid: &self.grid,
            guidance: &self.guidance,
            costs: &self.costs,
            turning: self.turning,
            goals: &self.goal,
        };
        self.window.weigh(&places);
        let mut late: Vec<u32> = Vec::new();
        for _ in 0..PASSES {
            late.clear();
            let robots = 0..self.at.len() as u32;
            late.extend(robots.filter(|i| self.window.delay(&places, *i as usize) > 0));
            // Near its goal before far from it.
            late.sort_by_key(|i| self.costs[*i as usize].least(self.at[*i as usize], self.turning));
            let mut gained = 0;
            for (k, &i) in late.iter().enumerate() {
                if k % ROUNDS == 0 && !go_on() {
                    return;
                }
                let sideways = self.rng.random::<u32>() % 2 == 0;
                if let Round::Better(by) = self.window.round(&places, i as usize, sideways) {
                    gained += by;
                }
            }
            if gained == 0 {
                return;
            }
        }
    }

    fn carry_out(&mut self, turns: &[Turn]) {
        self.step += 1;
        for (i, turn) in turns.iter().enumerate() {
            match turn {
                Turn::Forward => {
                    self.at[i] = self.grid.sides(self.at[i])[usize::from(self.heading[i])];
                }
                Turn::Clockwise => self.heading[i] = (self.heading[i] + 1) % 4,
                Turn::Counter => self.heading[i] = (self.heading[i] + 3) % 4,
                Turn::Wait => {}
            }
        }
        self.window.shift();
        let n = self.at.len();
        for i in 0..n {
            let arrived = self.at[i] == self.goal[i] && !self.errands.is_empty();
            if arrived {
                self.done += 1;
                self.served[i] += 1;
                self.goal[i] = self.errands[(self.served[i] * n + i) % self.errands.len()];
            }
            // Somebody pushed off all known ways looks for new ones.
            if arrived || self.costs[i].least(self.at[i], self.turning) == Distances::FAR {
                self.costs[i] = self.costs_of(i);
            }
        }
    }

    /// [`Self::advance_while`], with the step checked by code that shares nothing with the planner.
    ///
    /// # Errors
    /// What is wrong with the step.
    pub fn advance_within(
        &mut self,
        go_on: impl FnMut() -> bool,
    ) -> Result<Vec<Turn>, LifelongFault> {
        let (at, headings) = (self.at.clone(), self.heading.clone());
        let turns = self.advance_while(go_on);
        let to = check_step(&self.grid, &at, &headings, &turns)?;
        debug_assert_eq!(to, self.at);
        Ok(turns)
    }
}

/// Checks a step independently: from positions and headings by turns.
///
/// # Errors
/// What is wrong with it.
pub(crate) fn check_step(
    grid: &Grid,
    at: &[Cell],
    headings: &[u8],
    turns: &[Turn],
) -> Result<Vec<Cell>, LifelongFault> {
    let mut to = at.to_vec();
    for (i, turn) in turns.iter().enumerate() {
        if *turn == Turn::Forward {
            let (x, y) = grid.position(at[i]);
            let ahead = match headings[i] {
                0 => grid.cell(x + 1, y),
                1 => grid.cell(x, y + 1),
                2 => x.checked_sub(1).and_then(|x| grid.cell(x, y)),
                _ => y.checked_sub(1).and_then(|y| grid.cell(x, y)),
            };
            to[i] = ahead.ok_or(LifelongFault::Off(i))?;
        }
    }
    let mut was = vec![NONE; grid.cells()];
    let mut is = vec![NONE; grid.cells()];
    for (i, &cell) in at.iter().enumerate() {
        was[cell as usize] = i as u32;
    }
    for (i, &cell) in to.iter().enumerate() {
        let other = std::mem::replace(&mut is[cell as usize], i as u32);
        if other != NONE {
            return Err(LifelongFault::Meet(other as usize, i));
        }
        let other = was[cell as usize];
        if other != NONE && other as usize != i && to[other as usize] == at[i] {
            return Err(LifelongFault::Swap(i, other as usize));
        }
    }
    Ok(to)
}
