//! One step of all agents: priority inheritance with backtracking, with the swap of LaCAM.

use super::Cell;
use super::grid::{Distances, Grid, NONE};
use quantity::Rng;
use rand::RngExt;

/// Makes one configuration from another.
#[derive(Clone, Debug)]
pub(crate) struct Stepper {
    /// Who is in a cell now, and next.
    now: Vec<u32>,
    next: Vec<u32>,
    /// Where each agent goes.
    pub(crate) to: Vec<Cell>,
    goals: Vec<Cell>,
    noise: u32,
}

/// A step away is worth this much more than any tie-breaker.
const STEP: u32 = 1 << 8;

impl Stepper {
    pub(crate) fn new(cells: usize, goals: &[Cell]) -> Self {
        Self {
            now: vec![NONE; cells],
            next: vec![NONE; cells],
            to: vec![NONE; goals.len()],
            goals: goals.to_vec(),
            noise: 0x9e37_79b9,
        }
    }

    /// The next configuration of agents at `from`, some bound to cells, served in `order`; none if
    /// the constraints can't be kept.
    pub(crate) fn step(
        &mut self,
        grid: &Grid,
        distances: &[Distances],
        from: &[Cell],
        order: &[u32],
        bound: &[(u32, Cell)],
        rng: &mut Rng,
    ) -> Option<Box<[Cell]>> {
        for (agent, &cell) in from.iter().enumerate() {
            self.now[cell as usize] = agent as u32;
            self.to[agent] = NONE;
        }
        self.noise = rng.random_range(1..u32::MAX);
        let good = self.assign(grid, distances, from, order, bound);
        let result = good.then(|| self.to.clone().into_boxed_slice());
        for (agent, &cell) in from.iter().enumerate() {
            self.now[cell as usize] = NONE;
            if self.to[agent] != NONE {
                self.next[self.to[agent] as usize] = NONE;
            }
        }
        result
    }

    fn assign(
        &mut self,
        grid: &Grid,
        distances: &[Distances],
        from: &[Cell],
        order: &[u32],
        bound: &[(u32, Cell)],
    ) -> bool {
        for &(agent, cell) in bound {
            if self.next[cell as usize] != NONE {
                return false;
            }
            let other = self.now[cell as usize];
            if other != NONE && other != agent && self.to[other as usize] == from[agent as usize] {
                return false;
            }
            self.to[agent as usize] = cell;
            self.next[cell as usize] = agent;
        }
        order.iter().all(|&agent| {
            self.to[agent as usize] != NONE || self.place(grid, distances, from, agent)
        })
    }

    fn random(&mut self) -> u32 {
        // xorshift32 (Marsaglia, J. Stat. Softw. 8 (2003)): only breaks ties.
        let mut x = self.noise;
        x ^= x << 13;
        x ^= x >> 17;
        x ^= x << 5;
        self.noise = x;
        x
    }

    fn place(&mut self, grid: &Grid, distances: &[Distances], from: &[Cell], agent: u32) -> bool {
        let i = agent as usize;
        let here = from[i];
        let mut options = [NONE; 5];
        let mut keys = [0_u32; 5];
        let mut n = 0;
        let near = grid.neighbours(here);
        for &cell in near.iter().chain(std::iter::once(&here)) {
            // An empty cell before one from which somebody must be pushed.
            let taken = u32::from(self.now[cell as usize] != NONE) << 7;
            let mut far = u32::from(distances[i].from(cell));
            if far == u32::from(Distances::FAR) {
                // Where no distance is known, back towards the goal as the crow flies.
                far += grid.apart(cell, self.goals[i]) as u32;
            }
            let key = far * STEP + taken + (self.random() >> 25);
            let mut k = n;
            while k > 0 && keys[k - 1] > key {
                keys[k] = keys[k - 1];
                options[k] = options[k - 1];
                k -= 1;
            }
            keys[k] = key;
            options[k] = cell;
            n += 1;
        }
        let swap = self.swap_with(grid, distances, from, agent, options[0]);
        if swap != NONE {
            options[..n].reverse();
        }
        for (k, &cell) in options[..n].iter().enumerate() {
            if self.next[cell as usize] != NONE {
                continue;
            }
            let other = self.now[cell as usize];
            if other != NONE && self.to[other as usize] == here && other != agent {
                continue;
            }
            self.next[cell as usize] = agent;
            self.to[i] = cell;
            if other == NONE || cell == here {
                self.pull(from, swap, here, k);
                return true;
            }
            if self.to[other as usize] == NONE && !self.place(grid, distances, from, other) {
                continue;
            }
            self.pull(from, swap, here, k);
            return true;
        }
        self.next[here as usize] = agent;
        self.to[i] = here;
        false
    }

    /// The partner of a swap follows into the cell that was left.
    fn pull(&mut self, from: &[Cell], swap: u32, here: Cell, k: usize) {
        if k == 0
            && swap != NONE
            && self.to[swap as usize] == NONE
            && self.next[here as usize] == NONE
            && from[swap as usize] != here
        {
            self.to[swap as usize] = here;
            self.next[here as usize] = swap;
        }
    }

    /// An agent with which to swap places, in a corridor in which neither can pass.
    fn swap_with(
        &self,
        grid: &Grid,
        distances: &[Distances],
        from: &[Cell],
        agent: u32,
        best: Cell,
    ) -> u32 {
        let here = from[agent as usize];
        if best == here {
            return NONE;
        }
        let other = self.now[best as usize];
        if other != NONE
            && self.to[other as usize] == NONE
            && self.swap_needed(grid, distances, agent, other, here, best)
            && self.swap_possible(grid, best, here)
        {
            return other;
        }
        for &cell in grid.neighbours(here) {
            let other = self.now[cell as usize];
            if other == NONE || best == cell {
                continue;
            }
            if self.swap_needed(grid, distances, other, agent, here, best)
                && self.swap_possible(grid, best, here)
            {
                return other;
            }
        }
        NONE
    }

    /// How many ways lead on from `puller`, those back and into dead ends where somebody is at
    /// home not counted, and one of them.
    fn ways_on(&self, grid: &Grid, pusher: Cell, puller: Cell) -> (usize, Cell) {
        let mut on = NONE;
        let mut n = 0;
        for &cell in grid.neighbours(puller) {
            let who = self.now[cell as usize];
            let home =
                grid.neighbours(cell).len() == 1 && who != NONE && self.goals[who as usize] == cell;
            if cell != pusher && !home {
                on = cell;
                n += 1;
            }
        }
        (n, on)
    }

    fn swap_needed(
        &self,
        grid: &Grid,
        distances: &[Distances],
        pusher: u32,
        puller: u32,
        pusher_at: Cell,
        puller_at: Cell,
    ) -> bool {
        let (mut a, mut b) = (pusher_at, puller_at);
        let far = |agent: u32, cell: Cell| distances[agent as usize].from(cell);
        while far(pusher, b) < far(pusher, a) {
            let (ways, on) = self.ways_on(grid, a, b);
            if ways >= 2 {
                return false;
            }
            if ways == 0 {
                break;
            }
            (a, b) = (b, on);
        }
        far(puller, a) < far(puller, b) && (far(pusher, a) == 0 || far(pusher, b) < far(pusher, a))
    }

    fn swap_possible(&self, grid: &Grid, pusher_at: Cell, puller_at: Cell) -> bool {
        let (mut a, mut b) = (pusher_at, puller_at);
        while b != pusher_at {
            let (ways, on) = self.ways_on(grid, a, b);
            if ways >= 2 {
                return true;
            }
            if ways == 0 {
                return false;
            }
            (a, b) = (b, on);
        }
        false
    }
}
