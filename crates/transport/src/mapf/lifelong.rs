//! Lifelong: robots with headings, each with its own list of errands (League of Robot Runners
//! 2023: a step is one cell forward, a turn of 90 degrees, or waiting).

use super::grid::NONE;
use super::manoeuvre::{AHEAD, Manoeuvres, Path, Rate, step};
use super::yielding::{self, Yielding};
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
    crowd: 3.0,
    ahead: 12.0,
    sweeps: 4,
    drivers: DRIVERS,
};
/// Robots that choose between two looks at the caller.
const LOOK_EVERY: usize = 16;
/// How often robots may be asked to give way, one for another, before one robot's choice; in all,
/// and each of them.
const ASKED_MAX: u32 = 3_000;
const VISITS_MAX: u32 = 30;
/// Chains of changes that are tried in a step: for each robot, and in all.
const CHAINS_EACH: usize = 10;
const CHAINS_MAX: usize = 4_000;
/// Robots in a chain of changes, and manoeuvres tried for one chain.
const CHAIN_MAX: u32 = 12;
const TRIED_MAX: u32 = 400;
/// What a step costs, and how much more it counts where a manoeuvre ends than on the way there.
const STEP: u32 = Guidance::STEP as u32;
const WORTH: u32 = 32;
/// What the first in the order of priority counts, for one where the last counts one.
const FIRST: usize = 1_000;
/// An errand that takes longer than so many steps counts more, by the fourth power and at most so
/// often: else the gains of many undo for ever what lets one out of a jam.
const LATE: f64 = 150.0;
const LATE_MAX: f64 = 1_000.0;

/// Robots that go from errand to errand.
///
/// Every robot always has a manoeuvre of four steps, and all of these together are free of
/// collisions: at first everybody waits, and after a step what is left of the manoeuvres, with a
/// wait at the end, still is. In each step robots choose better manoeuvres in order of priority; one
/// may ask one other robot to choose anew, and that one another, as in priority inheritance with
/// backtracking (Okumura et al. 2022), here over manoeuvres instead of steps (in the way of
/// *Enhanced PIBT*, Yukhnevich and Andreychuk 2025). Then chains of changes that together gain are
/// carried out as long as the caller lets it, or so many have been tried. On a crowded map some only
/// give way for a time.
pub struct Lifelong {
    grid: Arc<Grid>,
    at: Vec<Cell>,
    /// East, south, west, north.
    heading: Vec<u8>,
    goal: Vec<Cell>,
    errands: Vec<Cell>,
    /// How many errands each robot has finished.
    served: Vec<usize>,
    guidance: Guidance,
    /// The costs of the way to each robot's goal; with headings if `turning`.
    costs: Vec<Distances>,
    turning: bool,
    /// The manoeuvres there are, and the one that each robot has.
    manoeuvres: Manoeuvres,
    plan: Vec<[Turn; AHEAD]>,
    /// Where each robot is at each step of its manoeuvre.
    path: Vec<Path>,
    /// What its manoeuvre costs.
    cost: Vec<u32>,
    /// What each robot may do in this step, the best first; of which step each is.
    choices: Vec<Vec<Choice>>,
    written: Vec<u64>,
    /// Since which call of one robot upon others each was asked, and how often.
    visits: Vec<(u64, u32)>,
    call: u64,
    /// Who is in each cell at each step.
    who: Vec<[u32; AHEAD + 1]>,
    /// In which round each robot chose.
    chosen: Vec<u64>,
    asked: u32,
    waited: Vec<u32>,
    order: Vec<u32>,
    step: u64,
    /// Counts choices of all, and chains: a robot chooses once in each.
    round: u64,
    /// What costs of each robot count, by its priority.
    weight: Vec<i64>,
    done: usize,
    yielding: Yielding,
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

/// What a robot may do.
#[derive(Clone, Copy, Debug)]
struct Choice {
    cost: u32,
    /// Decides between equal costs.
    chance: u32,
    manoeuvre: u16,
    path: Path,
}

/// What places cost one robot.
struct Costs<'a> {
    grid: &'a Grid,
    costs: &'a Distances,
    goal: Cell,
    turning: bool,
}

impl Costs<'_> {
    /// The cost of the way to the goal from a cell and heading.
    #[inline]
    fn rest(&self, cell: Cell, heading: u8) -> u32 {
        if self.turning {
            return u32::from(self.costs.from(cell * 4 + Cell::from(heading)));
        }
        let far = self.costs.from(cell);
        if far == Distances::FAR {
            return u32::from(far) + self.grid.apart(cell, self.goal) as u32 * STEP;
        }
        let sides = self.grid.sides(cell).iter().enumerate();
        let turns = sides
            .filter(|(_, c)| **c != NONE && self.costs.from(**c) < far)
            .map(|(side, _)| [0, 1, 2, 1][(side + 4 - usize::from(heading)) % 4])
            .min()
            .unwrap_or(0);
        u32::from(far) + turns * STEP
    }
}

impl Rate for Costs<'_> {
    fn reached(&self, cell: Cell) -> bool {
        cell == self.goal
    }

    fn arrival(&self, step: usize) -> u32 {
        STEP * step as u32
    }

    /// The way to the goal from where a manoeuvre ends counts most; from the steps before a little:
    /// what is nearer along the way was nearer early.
    #[inline]
    fn rate(&self, cell: Cell, heading: u8, last: bool) -> u32 {
        if last {
            (self.rest(cell, heading) + STEP) * WORTH
        } else if self.turning {
            self.rest(cell, heading)
        } else {
            u32::from(self.costs.from(cell))
        }
    }
}

impl Lifelong {
    /// Robots at their starts, facing east. Errand `j` of robot `r` of `n` is `errands[j n + r]`,
    /// from the front again after the last; without errands robots stay where they are.
    #[must_use]
    pub fn new(grid: Arc<Grid>, starts: &[Cell], errands: &[Cell], seed: Seed) -> Self {
        let n = starts.len();
        let cells = grid.cells();
        let errand = |i: usize| match errands.len() {
            0 => None,
            all => Some(errands[i % all]),
        };
        let rides = Instance {
            grid: Arc::clone(&grid),
            starts: (0..DRIVERS).filter_map(errand).collect(),
            goals: (0..DRIVERS).filter_map(|i| errand(i + n)).collect(),
        };
        let mut world = Self {
            guidance: Guidance::learnt(&rides, LESSON),
            turning: n * cells * 4 <= ENTRIES_MAX,
            costs: Vec::with_capacity(n),
            at: starts.to_vec(),
            heading: vec![0; n],
            goal: (0..n).map(|i| errand(i).unwrap_or(starts[i])).collect(),
            errands: errands.to_vec(),
            served: vec![0; n],
            manoeuvres: Manoeuvres::new(),
            plan: vec![[Turn::Wait; AHEAD]; n],
            path: starts.iter().map(|s| [*s; AHEAD + 1]).collect(),
            cost: vec![0; n],
            choices: vec![Vec::new(); n],
            written: vec![0; n],
            visits: vec![(0, 0); n],
            call: 0,
            who: vec![[NONE; AHEAD + 1]; cells],
            chosen: vec![0; n],
            asked: 0,
            waited: vec![0; n],
            order: (0..n as u32).collect(),
            step: 0,
            round: 0,
            weight: vec![1; n],
            done: 0,
            yielding: Yielding::new(n),
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

    /// Errands finished by each robot.
    #[must_use]
    pub fn served(&self) -> &[usize] {
        &self.served
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

    /// [`Self::advance`], with no further planning once `go_on` says no: the robots that have not
    /// chosen then keep what they had, which is free of collisions at any time.
    pub fn advance_while(&mut self, mut go_on: impl FnMut() -> bool) -> Vec<Turn> {
        let n = self.at.len();
        for i in 0..n {
            self.reserve(i);
            self.cost[i] = self.own(i);
        }
        self.step += 1;
        self.round += 1;
        // Near its goal before far from it, but nobody is passed over for good.
        let mut order = std::mem::take(&mut self.order);
        order.sort_by_cached_key(|i| {
            let far = i64::from(self.far(*i as usize)) / i64::from(STEP);
            let yields = self.yielding.yields(*i as usize, self.step);
            (yields, far - i64::from(self.waited[*i as usize]), *i)
        });
        let awake = order.partition_point(|i| !self.yielding.yields(*i as usize, self.step));
        let on_their_way = awake.min(yielding::most_on_their_way(self.grid.cells(), n));
        for i in &order[..on_their_way] {
            let i = *i as usize;
            let far = self.far(i);
            self.yielding.on_its_way(i, far, self.step, &mut self.rng);
        }
        for (rank, i) in order.iter().enumerate() {
            let late = (f64::from(self.waited[*i as usize]) / LATE).powi(4);
            let weight = 1 + ((n - rank) * FIRST / n) as i64;
            self.weight[*i as usize] = if rank < on_their_way {
                weight * (1.0 + late.min(LATE_MAX)) as i64
            } else {
                0
            };
        }
        for (k, &i) in order[..on_their_way].iter().enumerate() {
            if k % LOOK_EVERY == 0 && !go_on() {
                break;
            }
            if self.chosen[i as usize] != self.round {
                self.asked = 0;
                self.call += 1;
                self.release(i as usize);
                if !self.choose(i as usize) {
                    self.reserve(i as usize);
                    self.chosen[i as usize] = self.round;
                }
            }
        }
        self.order = order;
        self.improve(go_on);
        let turns: Vec<Turn> = self.plan.iter().map(|p| p[0]).collect();
        for i in 0..n {
            self.release(i);
        }
        self.carry_out(&turns);
        turns
    }

    /// What a robot's way to its goal costs, whichever way it faces.
    fn far(&self, i: usize) -> u16 {
        self.costs[i].least(self.at[i], self.turning)
    }

    fn reserve(&mut self, i: usize) {
        for (step, cell) in self.path[i].iter().enumerate() {
            self.who[*cell as usize][step] = i as u32;
        }
    }

    fn release(&mut self, i: usize) {
        for (step, cell) in self.path[i].iter().enumerate() {
            self.who[*cell as usize][step] = NONE;
        }
    }

    fn costs_for(&self, i: usize) -> Costs<'_> {
        Costs {
            grid: &self.grid,
            costs: &self.costs[i],
            goal: self.goal[i],
            turning: self.turning,
        }
    }

    /// What the robot's own manoeuvre costs.
    fn own(&self, i: usize) -> u32 {
        let costs = self.costs_for(i);
        let (mut cell, mut heading, mut sum) = (self.at[i], self.heading[i], 0);
        for (k, turn) in self.plan[i].iter().enumerate() {
            (cell, heading) = step(&self.grid, cell, heading, *turn).unwrap_or((cell, heading));
            if costs.reached(cell) {
                return costs.arrival(k);
            }
            sum += costs.rate(cell, heading, k + 1 == AHEAD);
        }
        sum
    }

    /// Lists what a robot may do in this step, the best first, equal ones by chance.
    fn list(&mut self, i: usize) {
        if self.written[i] == self.step {
            return;
        }
        self.written[i] = self.step;
        let mut chance = self.rng.random::<u32>() | 1;
        let mut choices = std::mem::take(&mut self.choices[i]);
        choices.clear();
        let costs = self.costs_for(i);
        let from = (self.at[i], self.heading[i]);
        self.manoeuvres
            .each(&self.grid, from, &costs, |manoeuvre, cost, path| {
                // Xorshift (Marsaglia, J. Stat. Softw. 8 (2003) 14).
                chance ^= chance << 13;
                chance ^= chance >> 17;
                chance ^= chance << 5;
                choices.push(Choice {
                    cost,
                    chance,
                    manoeuvre,
                    path: *path,
                });
            });
        choices.sort_unstable_by_key(|c| (c.cost, c.chance));
        self.choices[i] = choices;
    }

    fn take(&mut self, i: usize, choice: &Choice) {
        self.plan[i] = *self.manoeuvres.turns(choice.manoeuvre);
        self.path[i] = choice.path;
        self.cost[i] = choice.cost;
        self.reserve(i);
    }

    /// Gives a robot that has none the best manoeuvre that is free, or that one other robot makes
    /// free by choosing anew. False leaves everything as it was.
    fn choose(&mut self, i: usize) -> bool {
        self.chosen[i] = self.round;
        self.asked += 1;
        if self.visits[i].0 != self.call {
            self.visits[i] = (self.call, 0);
        }
        self.visits[i].1 += 1;
        self.list(i);
        let old = (self.plan[i], self.path[i], self.cost[i]);
        for k in 0..self.choices[i].len() {
            let choice = self.choices[i][k];
            let Some(other) = self.in_the_way(i, &choice.path) else {
                continue;
            };
            if other != NONE
                && (self.chosen[other as usize] == self.round
                    || self.asked > ASKED_MAX
                    || !self.can_clear(other as usize, &choice.path)
                    || (self.visits[other as usize].0 == self.call
                        && self.visits[other as usize].1 >= VISITS_MAX))
            {
                continue;
            }
            if other != NONE {
                self.release(other as usize);
            }
            self.take(i, &choice);
            if other == NONE || self.choose(other as usize) {
                return true;
            }
            self.release(i);
            self.reserve(other as usize);
        }
        (self.plan[i], self.path[i], self.cost[i]) = old;
        self.chosen[i] = 0;
        false
    }

    /// Makes the weighted sum of costs lower, if it can: a robot takes something better, one in its
    /// way something else, and so on as long as all together gain (a chain in the way of Lin and
    /// Kernighan, Oper. Res. 21 (1973) 498). `lost` is what the chain has lost so far, below zero
    /// for a gain. The robot has no reservation; false leaves everything as it was.
    fn chain(&mut self, i: usize, lost: i64, robots: u32) -> bool {
        self.chosen[i] = self.round;
        self.list(i);
        let weight = self.weight[i];
        let old = (self.plan[i], self.path[i], self.cost[i]);
        for k in 0..self.choices[i].len() {
            let choice = self.choices[i][k];
            let loss = lost + weight * (i64::from(choice.cost) - i64::from(old.2));
            if loss >= 0 {
                break;
            }
            let Some(other) = self.in_the_way(i, &choice.path) else {
                continue;
            };
            self.asked += 1;
            let asks = other != NONE;
            if asks
                && (self.chosen[other as usize] == self.round
                    || robots == CHAIN_MAX
                    || !self.can_clear(other as usize, &choice.path))
            {
                continue;
            }
            if self.asked > TRIED_MAX {
                break;
            }
            if asks {
                self.release(other as usize);
            }
            self.take(i, &choice);
            if !asks || self.chain(other as usize, loss, robots + 1) {
                return true;
            }
            self.release(i);
            self.reserve(other as usize);
        }
        (self.plan[i], self.path[i], self.cost[i]) = old;
        self.chosen[i] = 0;
        false
    }

    /// Tries chains from robots chosen by chance.
    fn improve(&mut self, mut go_on: impl FnMut() -> bool) {
        let n = self.at.len();
        for k in 0..(n * CHAINS_EACH).min(CHAINS_MAX) {
            if k % LOOK_EVERY == 0 && !go_on() {
                break;
            }
            let i = self.rng.random_range(0..n);
            self.round += 1;
            self.asked = 0;
            self.release(i);
            if !self.chain(i, 0, 1) {
                self.reserve(i);
            }
        }
    }

    /// Whether a robot can turn and leave its cell before a path comes there, other than to where the
    /// path begins.
    fn can_clear(&self, other: usize, path: &Path) -> bool {
        let here = self.at[other];
        let Some(step) = path.iter().position(|c| *c == here) else {
            return true;
        };
        let sides = self.grid.sides(here);
        (0..4_u8).any(|side| {
            let to = sides[usize::from(side)];
            let turns = [0, 1, 2, 1][usize::from((side + 4 - self.heading[other]) % 4)];
            to != NONE && to != path[0] && turns < step
        })
    }

    /// Who is in the way of a path: nobody, one robot, or (none) several.
    fn in_the_way(&self, i: usize, path: &Path) -> Option<u32> {
        let mut found = NONE;
        for step in 1..=AHEAD {
            let (from, to) = (path[step - 1] as usize, path[step] as usize);
            let meets = self.who[to][step];
            let comes = self.who[from][step];
            let swaps = if comes != NONE && self.who[to][step - 1] == comes {
                comes
            } else {
                NONE
            };
            for other in [meets, swaps] {
                if other != NONE && other as usize != i && other != found {
                    if found != NONE {
                        return None;
                    }
                    found = other;
                }
            }
        }
        Some(found)
    }

    fn carry_out(&mut self, turns: &[Turn]) {
        for (i, turn) in turns.iter().enumerate() {
            match turn {
                Turn::Forward => self.at[i] = self.path[i][1],
                Turn::Clockwise => self.heading[i] = (self.heading[i] + 1) % 4,
                Turn::Counter => self.heading[i] = (self.heading[i] + 3) % 4,
                Turn::Wait => {}
            }
            self.plan[i].rotate_left(1);
            self.plan[i][AHEAD - 1] = Turn::Wait;
            self.path[i].rotate_left(1);
            self.path[i][AHEAD] = self.path[i][AHEAD - 1];
            self.waited[i] += 1;
        }
        let n = self.at.len();
        for i in 0..n {
            let arrived = self.at[i] == self.goal[i] && !self.errands.is_empty();
            if arrived {
                self.yielding.begins(i);
                self.done += 1;
                self.waited[i] = 0;
                self.served[i] += 1;
                self.goal[i] = self.errands[(self.served[i] * n + i) % self.errands.len()];
            }
            // Somebody pushed off all known ways looks for new ones.
            if arrived || self.far(i) == Distances::FAR {
                self.costs[i] = self.costs_of(i);
            }
        }
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

impl Lifelong {
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
        check_step(&self.grid, &at, &headings, &turns)?;
        Ok(turns)
    }
}
