//! Plans of all robots for some steps ahead, free of collisions, and rounds that make them better.

use super::grid::NONE;
use super::{Cell, Distances, Grid, Guidance, Turn};

/// Steps that are planned ahead.
pub(crate) const AHEAD: usize = 12;
/// Robots that may plan anew in one round.
const ROUND_MAX: usize = 12;
/// What it costs, for planning only, to take a cell that another robot has at a step: it must
/// then plan anew. The first robot of a round pays this once, the next twice, and so on, so that
/// rounds end.
const TAKEN: u32 = 16;
/// States looked at for one robot at most.
const LOOKED_AT_MAX: usize = 20_000;
/// Plans cost at most this much more than the way without others.
const LATE_MAX: usize = 40 * STEP as usize;
const STEP: u32 = Guidance::STEP as u32;
const LAYERS: usize = AHEAD + 1;

/// What a round came to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Round {
    /// All plans together cost less by so much, which may be nothing.
    Better(u32),
    /// Nothing changed.
    Kept,
}

/// What robots go by.
#[derive(Clone, Copy)]
pub(crate) struct Places<'a> {
    pub(crate) grid: &'a Grid,
    pub(crate) guidance: &'a Guidance,
    /// By robot; with headings if `turning`.
    pub(crate) costs: &'a [Distances],
    pub(crate) turning: bool,
    pub(crate) goals: &'a [Cell],
}

impl Places<'_> {
    /// The cost of the way from a cell and heading to a robot's goal.
    #[inline]
    fn rest(&self, i: usize, cell: Cell, heading: u8) -> u32 {
        let costs = &self.costs[i];
        if self.turning {
            return u32::from(costs.from(cell * 4 + Cell::from(heading)));
        }
        let far = costs.from(cell);
        if far == Distances::FAR {
            return u32::from(far) + self.grid.apart(cell, self.goals[i]) as u32 * STEP;
        }
        let sides = self.grid.sides(cell).iter().enumerate();
        let turns = sides
            .filter(|(_, c)| **c != NONE && costs.from(**c) < far)
            .map(|(side, _)| [0, 1, 2, 1][(side + 4 - usize::from(heading)) % 4])
            .min()
            .unwrap_or(0);
        u32::from(far) + turns * STEP
    }
}

/// A robot's place at each step of its plan: cell and heading.
type Path = [(Cell, u8); LAYERS];

/// The plans of all robots.
#[derive(Debug)]
pub(crate) struct Window {
    paths: Vec<Path>,
    cost: Vec<u32>,
    /// Who is in each cell at each step: one layer of cells a step, in a ring.
    who: Vec<u32>,
    front: usize,
    cells: usize,
    /// The round in which a robot has planned anew.
    moved: Vec<u32>,
    round: u32,
    search: Search,
    /// Of the round that goes on: who planned, with the plan before; and who is still to.
    before: Vec<(u32, Path, u32)>,
    waiting: Vec<u32>,
}

impl Window {
    /// Everybody waits, facing east.
    pub(crate) fn new(grid: &Grid, starts: &[Cell]) -> Self {
        let cells = grid.cells();
        let mut window = Self {
            paths: starts.iter().map(|s| [(*s, 0); LAYERS]).collect(),
            cost: vec![0; starts.len()],
            who: vec![NONE; cells * LAYERS],
            front: 0,
            cells,
            moved: vec![0; starts.len()],
            round: 0,
            search: Search::new(cells),
            before: Vec::new(),
            waiting: Vec::new(),
        };
        for i in 0..starts.len() {
            window.enter(i);
        }
        window
    }

    #[inline]
    fn slot(&self, step: usize, cell: Cell) -> usize {
        let layer = self.front + step;
        let layer = if layer >= LAYERS {
            layer - LAYERS
        } else {
            layer
        };
        layer * self.cells + cell as usize
    }

    fn enter(&mut self, i: usize) {
        for step in 0..LAYERS {
            let slot = self.slot(step, self.paths[i][step].0);
            self.who[slot] = i as u32;
        }
    }

    fn leave(&mut self, i: usize) {
        for step in 0..LAYERS {
            let slot = self.slot(step, self.paths[i][step].0);
            self.who[slot] = NONE;
        }
    }

    /// What each robot does first.
    pub(crate) fn first_turns(&self) -> Vec<Turn> {
        let turn = |path: &Path| {
            let ((from, a), (to, b)) = (path[0], path[1]);
            match (b + 4 - a) % 4 {
                _ if from != to => Turn::Forward,
                0 => Turn::Wait,
                1 => Turn::Clockwise,
                _ => Turn::Counter,
            }
        };
        self.paths.iter().map(turn).collect()
    }

    /// The first step is done; at the end everybody waits for one more.
    pub(crate) fn shift(&mut self) {
        let (old, cells) = (self.front, self.cells);
        self.who[old * cells..(old + 1) * cells].fill(NONE);
        self.front = (self.front + 1) % LAYERS;
        for (i, path) in self.paths.iter_mut().enumerate() {
            path.rotate_left(1);
            path[AHEAD] = path[AHEAD - 1];
            self.who[old * cells + path[AHEAD].0 as usize] = i as u32;
        }
    }

    /// Computes what all plans cost.
    pub(crate) fn weigh(&mut self, places: &Places<'_>) {
        for i in 0..self.paths.len() {
            self.cost[i] = plan_cost(places, i, &self.paths[i]);
        }
    }

    /// What a robot's plan costs more than its way without others.
    pub(crate) fn delay(&self, places: &Places<'_>, i: usize) -> u32 {
        let (cell, heading) = self.paths[i][0];
        self.cost[i].saturating_sub(places.rest(i, cell, heading))
    }

    /// One robot plans anew, through others if that pays, and these around it in turn. Kept if
    /// all of them together cost less than before, or as much and `sideways` is set.
    pub(crate) fn round(&mut self, places: &Places<'_>, first: usize, sideways: bool) -> Round {
        self.round += 1;
        self.before.clear();
        self.waiting.clear();
        self.take(first);
        let (mut was, mut is) = (self.cost[first], 0);
        let mut good = true;
        while let Some(i) = self.waiting.pop() {
            let i = i as usize;
            let mut search = std::mem::take(&mut self.search);
            let found = search.find(self, places, i);
            self.search = search;
            let Some((path, cost)) = found else {
                good = false;
                break;
            };
            is += cost;
            self.paths[i] = path;
            self.cost[i] = cost;
            for step in 1..LAYERS {
                let (from, to) = (path[step - 1].0, path[step].0);
                let meets = self.who[self.slot(step, to)];
                let comes = self.who[self.slot(step, from)];
                let swaps =
                    from != to && comes != NONE && self.who[self.slot(step - 1, to)] == comes;
                for other in [meets, if swaps { comes } else { NONE }] {
                    if other != NONE {
                        self.take(other as usize);
                        was += self.cost[other as usize];
                    }
                }
            }
            self.enter(i);
            let left: u32 = self
                .waiting
                .iter()
                .map(|w| self.least(places, *w as usize))
                .sum();
            if self.before.len() > ROUND_MAX || is + left > was || (is + left == was && !sideways) {
                good = false;
                break;
            }
        }
        if good {
            return Round::Better(was - is);
        }
        for k in 0..self.before.len() {
            let i = self.before[k].0;
            if !self.waiting.contains(&i) && self.is_in(i as usize) {
                self.leave(i as usize);
            }
        }
        for k in 0..self.before.len() {
            let (i, path, cost) = self.before[k];
            self.paths[i as usize] = path;
            self.cost[i as usize] = cost;
            self.enter(i as usize);
        }
        Round::Kept
    }

    fn is_in(&self, i: usize) -> bool {
        self.who[self.slot(0, self.paths[i][0].0)] == i as u32
    }

    fn least(&self, places: &Places<'_>, i: usize) -> u32 {
        let (cell, heading) = self.paths[i][0];
        places.rest(i, cell, heading)
    }

    /// Takes a robot's plan out, for it to plan anew.
    fn take(&mut self, i: usize) {
        self.leave(i);
        self.moved[i] = self.round;
        self.before.push((i as u32, self.paths[i], self.cost[i]));
        self.waiting.push(i as u32);
    }
}

/// What a plan costs: the steps to the goal, or those of the window and the way from its end.
fn plan_cost(places: &Places<'_>, i: usize, path: &Path) -> u32 {
    let mut cost = 0;
    for (step, pair) in path.windows(2).enumerate() {
        if path[step].0 == places.goals[i] {
            return cost;
        }
        let ((from, heading), (to, _)) = (pair[0], pair[1]);
        cost += if from == to {
            STEP
        } else {
            places.guidance.price(from, heading)
        };
    }
    let (cell, heading) = path[AHEAD];
    cost + places.rest(i, cell, heading)
}

/// A* over steps, cells and headings, for one robot. States after the goal are apart: there
/// nothing costs any more but to be in others' way.
#[derive(Debug, Default)]
struct Search {
    seen: Vec<u32>,
    cost: Vec<u32>,
    from: Vec<u32>,
    round: u32,
    buckets: Vec<Vec<(u32, u32)>>,
}

impl Search {
    fn new(cells: usize) -> Self {
        let states = cells * LAYERS * 8;
        Self {
            seen: vec![0; states],
            cost: vec![0; states],
            from: vec![NONE; states],
            round: 0,
            buckets: vec![Vec::new(); LATE_MAX + 1],
        }
    }

    /// The plan of a robot that costs least, and its cost: around those that have planned in this
    /// round, through others for a price.
    fn find(&mut self, window: &Window, places: &Places<'_>, i: usize) -> Option<(Path, u32)> {
        self.round += 1;
        for bucket in &mut self.buckets {
            bucket.clear();
        }
        let cells = window.cells;
        let goal = places.goals[i];
        let taken = TAKEN * window.before.len() as u32;
        let full = window.before.len() >= ROUND_MAX;
        let (cell, heading) = window.paths[i][0];
        let first = places.rest(i, cell, heading);
        let state = |step: usize, cell: Cell, heading: u8, done: bool| {
            ((step * cells + cell as usize) * 8 + usize::from(heading) * 2 + usize::from(done))
                as u32
        };
        self.open(state(0, cell, heading, cell == goal), NONE, 0, 0);
        let (mut level, mut looked_at) = (0, 0);
        while level < self.buckets.len() {
            let Some((at, cost)) = self.buckets[level].pop() else {
                level += 1;
                continue;
            };
            if self.cost[at as usize] != cost {
                continue;
            }
            looked_at += 1;
            if looked_at > LOOKED_AT_MAX {
                return None;
            }
            let done = at % 2 == 1;
            let heading = (at / 2 % 4) as u8;
            let cell = at / 8 % cells as u32;
            let step = (at / 8) as usize / cells;
            if step == AHEAD {
                let path = self.trace(at, cells);
                return Some((path, plan_cost(places, i, &path)));
            }
            let ahead = places.grid.sides(cell)[usize::from(heading)];
            let next = [
                (cell, heading),
                (cell, (heading + 3) % 4),
                (cell, (heading + 1) % 4),
                (ahead, heading),
            ];
            for (to, turned) in next {
                if to == NONE {
                    continue;
                }
                let meets = window.who[window.slot(step + 1, to)];
                let comes = window.who[window.slot(step + 1, cell)];
                let swaps =
                    to != cell && comes != NONE && window.who[window.slot(step, to)] == comes;
                let mut price = 0;
                let mut blocked = false;
                for other in [meets, if swaps { comes } else { NONE }] {
                    if other != NONE {
                        blocked |= full || window.moved[other as usize] == window.round;
                        price += taken;
                    }
                }
                if blocked {
                    continue;
                }
                if !done {
                    price += match to == cell {
                        true => STEP,
                        false => places.guidance.price(cell, heading),
                    };
                }
                let done = done || to == goal;
                let rest = if done { 0 } else { places.rest(i, to, turned) };
                let cost = cost + price;
                let late = (cost + rest).saturating_sub(first) as usize;
                if late < self.buckets.len() {
                    self.open(state(step + 1, to, turned, done), at, cost, late.max(level));
                }
            }
        }
        None
    }

    fn open(&mut self, state: u32, from: u32, cost: u32, level: usize) {
        let s = state as usize;
        if self.seen[s] != self.round || cost < self.cost[s] {
            self.seen[s] = self.round;
            self.cost[s] = cost;
            self.from[s] = from;
            self.buckets[level].push((state, cost));
        }
    }

    fn trace(&self, last: u32, cells: usize) -> Path {
        let mut path = [(0, 0); LAYERS];
        let mut state = last;
        for place in path.iter_mut().rev() {
            *place = (state / 8 % cells as u32, (state / 2 % 4) as u8);
            state = self.from[state as usize];
        }
        path
    }
}
