//! Making a solution cheaper: take a few agents out, plan them anew one after the other around the
//! rest, keep what is not worse (Li, Chen, Harabor, Stuckey, Koenig, IJCAI 2021).

use super::grid::NONE;
use super::{Cell, Distances, Instance, Plan, trim};
use quantity::{Rng, Seed};
use rand::RngExt;

/// Agents taken out at a time.
const TAKEN: usize = 8;
/// Rounds after which a way of choosing agents is weighed by what it gained.
const REACTION: f64 = 0.02;
/// Ways of choosing agents: behind a late one, around a crossing, at random.
const WAYS: usize = 3;
/// The most agents: they are numbered in 16 bits where everybody is at every step.
const AGENTS_MAX: usize = 65_000;

/// Improves a plan round by round.
pub struct Refiner<'a> {
    instance: &'a Instance,
    distances: &'a [Distances],
    plan: Plan,
    cost: u64,
    steps: usize,
    /// Who is in a cell at a step, plus one: cells x steps; and whether anybody is, as bits.
    who: Vec<u16>,
    taken: Vec<u64>,
    words: usize,
    /// From which step on a cell is its agent's goal reached for good.
    parked: Vec<u32>,
    /// Search states are cells at the beginning of a time in which they are free: the round in
    /// which one was seen, the arrival in it, and the state before it.
    seen: Vec<u32>,
    arrival: Vec<u16>,
    before: Vec<u32>,
    round: u32,
    buckets: Vec<Vec<(u32, u16)>>,
    rng: Rng,
    weights: [f64; WAYS],
}

impl std::fmt::Debug for Refiner<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Refiner")
            .field("agents", &self.plan.paths.len())
            .field("cost", &self.cost)
            .finish()
    }
}

impl<'a> Refiner<'a> {
    /// Starts from a plan that is right; none for more agents than fit in 16 bits.
    #[must_use]
    pub fn new(
        instance: &'a Instance,
        distances: &'a [Distances],
        plan: Plan,
        seed: Seed,
    ) -> Option<Self> {
        let mut refiner = Self::empty(instance, distances, plan.makespan() + 2, seed)?;
        for (agent, path) in plan.paths.iter().enumerate() {
            refiner.enter(agent, path);
        }
        refiner.cost = plan.sum_of_costs();
        refiner.plan = plan;
        Some(refiner)
    }

    /// Nobody on the map yet, and plans of at most so many steps.
    pub(crate) fn empty(
        instance: &'a Instance,
        distances: &'a [Distances],
        steps: usize,
        seed: Seed,
    ) -> Option<Self> {
        let cells = instance.grid.cells();
        let agents = instance.starts.len();
        let states = steps.saturating_mul(cells);
        if agents > AGENTS_MAX || steps > AGENTS_MAX || states >= NONE as usize {
            return None;
        }
        // One bit more than steps, so that a search for the next one ends.
        let words = steps / 64 + 1;
        Some(Self {
            instance,
            distances,
            cost: 0,
            steps,
            who: vec![0; steps * cells],
            taken: vec![0; cells * words],
            words,
            parked: vec![NONE; cells],
            seen: vec![0; steps * cells],
            arrival: vec![0; steps * cells],
            before: vec![0; steps * cells],
            round: 0,
            buckets: vec![Vec::new(); steps + 2],
            rng: seed.derive("refine", 0).rng(),
            weights: [1.0; WAYS],
            plan: Plan {
                paths: vec![Vec::new(); agents],
            },
        })
    }

    /// Gives an agent that has no path one around those that have; false if there is none.
    pub(crate) fn add(&mut self, agent: usize) -> bool {
        let Some(path) = self.find(agent, self.steps - 2) else {
            return false;
        };
        self.cost += path.len() as u64 - 1;
        self.enter(agent, &path);
        self.plan.paths[agent] = path;
        true
    }

    /// Takes an agent's path away.
    pub(crate) fn remove(&mut self, agent: usize) {
        let path = std::mem::take(&mut self.plan.paths[agent]);
        self.cost -= path.len() as u64 - 1;
        self.leave(&path);
    }

    /// The plan as it is.
    #[must_use]
    pub fn plan(&self) -> &Plan {
        &self.plan
    }

    /// The plan, taken.
    #[must_use]
    pub fn into_plan(self) -> Plan {
        self.plan
    }

    /// Its sum of costs.
    #[must_use]
    pub fn cost(&self) -> u64 {
        self.cost
    }

    fn enter(&mut self, agent: usize, path: &[Cell]) {
        for (step, cell) in path.iter().enumerate() {
            let cell = *cell as usize;
            self.who[cell * self.steps + step] = agent as u16 + 1;
            self.taken[cell * self.words + step / 64] |= 1 << (step % 64);
        }
        if let Some(goal) = path.last() {
            self.parked[*goal as usize] = path.len() as u32 - 1;
        }
    }

    fn leave(&mut self, path: &[Cell]) {
        for (step, cell) in path.iter().enumerate() {
            let cell = *cell as usize;
            self.who[cell * self.steps + step] = 0;
            self.taken[cell * self.words + step / 64] &= !(1 << (step % 64));
        }
        if let Some(goal) = path.last() {
            self.parked[*goal as usize] = NONE;
        }
    }

    /// The first step from `step` on at which somebody is in a cell; `steps` if never.
    fn next_taken(&self, cell: Cell, step: usize) -> usize {
        let parked = self.parked[cell as usize] as usize;
        let row = cell as usize * self.words;
        let mut word = step / 64;
        let mut bits = self.taken[row + word] & (u64::MAX << (step % 64));
        loop {
            if bits != 0 {
                let found = word * 64 + bits.trailing_zeros() as usize;
                return found.min(parked.max(step)).min(self.steps);
            }
            word += 1;
            if word == self.words {
                return parked.max(step).min(self.steps);
            }
            bits = self.taken[row + word];
        }
    }

    /// The first step from `step` on at which nobody is in a cell; `steps` if never.
    fn next_free(&self, cell: Cell, step: usize) -> usize {
        let row = cell as usize * self.words;
        let mut word = step / 64;
        let mut bits = !self.taken[row + word] & (u64::MAX << (step % 64));
        let found = loop {
            if bits != 0 {
                break word * 64 + bits.trailing_zeros() as usize;
            }
            word += 1;
            if word == self.words {
                break self.steps;
            }
            bits = !self.taken[row + word];
        };
        if found >= self.parked[cell as usize] as usize {
            self.steps
        } else {
            found.min(self.steps)
        }
    }

    /// From when on a cell has been free, seen from a step at which it is.
    fn free_since(&self, cell: Cell, step: usize) -> usize {
        let row = cell as usize * self.words;
        let mut word = step / 64;
        let mut bits = self.taken[row + word] & (u64::MAX >> (63 - step % 64));
        loop {
            if bits != 0 {
                return word * 64 + 64 - bits.leading_zeros() as usize;
            }
            if word == 0 {
                return 0;
            }
            word -= 1;
            bits = self.taken[row + word];
        }
    }

    /// So many rounds; what they gained.
    pub fn rounds(&mut self, rounds: usize) -> u64 {
        let before = self.cost;
        for _ in 0..rounds {
            let total: f64 = self.weights.iter().sum();
            let mut pick = self.rng.random::<f64>() * total;
            let mut way = 0;
            while way + 1 < WAYS && pick > self.weights[way] {
                pick -= self.weights[way];
                way += 1;
            }
            let agents = match way {
                0 => self.behind_a_late_one(),
                1 => self.around_a_crossing(),
                _ => self.anybody(),
            };
            let gained = self.replan(&agents);
            let weight = &mut self.weights[way];
            *weight = (*weight * (1.0 - REACTION) + REACTION * gained as f64).max(0.01);
        }
        before - self.cost
    }

    fn delay(&self, agent: usize) -> usize {
        let path = &self.plan.paths[agent];
        path.len() - 1 - usize::from(self.distances[agent].from(path[0]))
    }

    fn anybody(&mut self) -> Vec<usize> {
        let n = self.plan.paths.len();
        let mut agents = Vec::with_capacity(TAKEN);
        while agents.len() < TAKEN.min(n) {
            let agent = self.rng.random_range(0..n);
            if !agents.contains(&agent) {
                agents.push(agent);
            }
        }
        agents
    }

    /// One of the latest, and those that it would meet on shorter ways.
    fn behind_a_late_one(&mut self) -> Vec<usize> {
        let n = self.plan.paths.len();
        let candidates: [usize; 8] = std::array::from_fn(|_| self.rng.random_range(0..n));
        let late = candidates
            .into_iter()
            .max_by_key(|a| self.delay(*a))
            .unwrap_or(0);
        let mut agents = vec![late];
        for _ in 0..10 {
            let walker = agents[self.rng.random_range(0..agents.len())];
            let length = self.plan.paths[walker].len();
            let mut step = self.rng.random_range(0..length);
            let mut at = self.plan.paths[walker][step];
            while step + 1 < length && agents.len() < TAKEN {
                let near = self.instance.grid.neighbours(at);
                let k = self.rng.random_range(0..=near.len());
                let to = *near.get(k).unwrap_or(&at);
                let rest = usize::from(self.distances[walker].from(to));
                step += 1;
                if step + rest >= length {
                    // Not shorter than its path: try another side, for a later step.
                    continue;
                }
                let mut meet = |who: u16| {
                    let who = usize::from(who);
                    if who > 0 && !agents.contains(&(who - 1)) {
                        agents.push(who - 1);
                    }
                };
                if step < self.steps {
                    meet(self.who[to as usize * self.steps + step]);
                    meet(self.who[to as usize * self.steps + step - 1]);
                }
                if self.parked[to as usize] <= step as u32 {
                    // Somebody stands there for good: it is known by its goal.
                    let last = self.parked[to as usize] as usize;
                    meet(self.who[to as usize * self.steps + last]);
                }
                at = to;
            }
            if agents.len() >= TAKEN {
                break;
            }
        }
        agents
    }

    /// Those that pass a crossing, and the cells around it, about one time.
    fn around_a_crossing(&mut self) -> Vec<usize> {
        let n = self.plan.paths.len();
        let path = &self.plan.paths[self.rng.random_range(0..n)];
        let step = self.rng.random_range(0..path.len());
        let middle = path[step];
        let mut agents = Vec::with_capacity(TAKEN);
        let mut cells = vec![middle];
        let mut i = 0;
        while i < cells.len() && agents.len() < TAKEN && i < 64 {
            let cell = cells[i];
            i += 1;
            for step in step.saturating_sub(3)..(step + 4).min(self.steps) {
                let who = usize::from(self.who[cell as usize * self.steps + step]);
                if who > 0 && !agents.contains(&(who - 1)) && agents.len() < TAKEN {
                    agents.push(who - 1);
                }
            }
            for &near in self.instance.grid.neighbours(cell) {
                if !cells.contains(&near) {
                    cells.push(near);
                }
            }
        }
        agents
    }

    /// Plans agents anew; keeps the old paths unless the new ones are no longer in all.
    fn replan(&mut self, agents: &[usize]) -> u64 {
        let mut order = agents.to_vec();
        for k in (1..order.len()).rev() {
            order.swap(k, self.rng.random_range(0..=k));
        }
        let old: Vec<Vec<Cell>> = order
            .iter()
            .map(|a| std::mem::take(&mut self.plan.paths[*a]))
            .collect();
        let before: usize = old.iter().map(|p| p.len() - 1).sum();
        for path in &old {
            self.leave(path);
        }
        // What the agents still to be planned need at least.
        let mut ahead: usize = order
            .iter()
            .map(|a| usize::from(self.distances[*a].from(self.instance.starts[*a])))
            .sum();
        let mut spent = 0;
        let mut done = 0;
        for &agent in &order {
            ahead -= usize::from(self.distances[agent].from(self.instance.starts[agent]));
            let most = before - spent - ahead.min(before - spent);
            let Some(path) = self.find(agent, most) else {
                break;
            };
            spent += path.len() - 1;
            self.enter(agent, &path);
            self.plan.paths[agent] = path;
            done += 1;
        }
        if done == order.len() && spent <= before {
            self.cost -= (before - spent) as u64;
            return (before - spent) as u64;
        }
        for &agent in &order[..done] {
            let path = std::mem::take(&mut self.plan.paths[agent]);
            self.leave(&path);
        }
        for (agent, path) in order.iter().zip(old) {
            self.enter(*agent, &path);
            self.plan.paths[*agent] = path;
        }
        0
    }

    /// The shortest path of at most `most` steps around everybody that is entered: A* over safe
    /// intervals (Phillips and Likhachev, *SIPP*, ICRA 2011).
    fn find(&mut self, agent: usize, most: usize) -> Option<Vec<Cell>> {
        let steps = self.steps;
        let (start, goal) = (self.instance.starts[agent], self.instance.goals[agent]);
        let distances = &self.distances[agent];
        let grid = &self.instance.grid;
        let most = most.min(steps - 2);
        // It may stay at its goal only after everybody has passed there.
        let stay = self.free_since(goal, steps - 1);
        let estimate =
            |cell: Cell, step: usize| (step + usize::from(distances.from(cell))).max(stay);
        let first = estimate(start, 0);
        if first > most || self.who[start as usize * steps] != 0 {
            return None;
        }
        self.round += 1;
        let round = self.round;
        for bucket in &mut self.buckets {
            bucket.clear();
        }
        let state = start as usize * steps;
        self.seen[state] = round;
        self.arrival[state] = 0;
        self.before[state] = NONE;
        self.buckets[first].push((state as u32, 0));
        let mut level = first;
        while level <= most {
            let Some((state, step)) = self.buckets[level].pop() else {
                level += 1;
                continue;
            };
            if self.arrival[state as usize] != step {
                continue;
            }
            let cell = (state as usize / steps) as Cell;
            let step = usize::from(step);
            if cell == goal && step >= stay {
                return Some(self.trace(state, step));
            }
            let free_until = self.next_taken(cell, step);
            for &to in grid.neighbours(cell) {
                let rest = usize::from(distances.from(to));
                // Free times of the next cell that can be entered before this one is taken.
                let latest = free_until.min(most.saturating_sub(rest));
                let mut enter = self.next_free(to, step + 1);
                while enter <= latest && enter < steps {
                    let swaps = enter == free_until && enter < steps && {
                        let other = self.who[cell as usize * steps + enter];
                        other != 0 && other == self.who[to as usize * steps + enter - 1]
                    };
                    let since = self.free_since(to, enter);
                    let state_to = to as usize * steps + since;
                    let better =
                        self.seen[state_to] != round || usize::from(self.arrival[state_to]) > enter;
                    let estimate = estimate(to, enter);
                    if !swaps && better && estimate <= most {
                        self.seen[state_to] = round;
                        self.arrival[state_to] = enter as u16;
                        self.before[state_to] = state;
                        self.buckets[estimate].push((state_to as u32, enter as u16));
                    }
                    let taken = self.next_taken(to, enter);
                    if taken >= latest {
                        break;
                    }
                    enter = self.next_free(to, taken);
                }
            }
        }
        None
    }

    fn trace(&self, state: u32, last: usize) -> Vec<Cell> {
        let cell_of = |state: u32| (state as usize / self.steps) as Cell;
        let mut path = vec![cell_of(state); last + 1];
        let mut state = state;
        while self.before[state as usize] != NONE {
            let arrival = usize::from(self.arrival[state as usize]);
            state = self.before[state as usize];
            let since = usize::from(self.arrival[state as usize]);
            path[since..arrival].fill(cell_of(state));
        }
        trim(&mut path);
        path
    }
}
