//! Guidance: what a step costs where, such that streams keep apart before anybody moves.
//!
//! Agents choose paths one after the other, and again after all have chosen, as drivers who learn
//! the traffic: a step costs more onto a cell that many pass, and more still against a stream. Once
//! the streams have settled, what the steps cost then is the guidance, and distances by it are
//! what agents go by (the idea of Chen, Harabor, Li and Stuckey, *Traffic Flow Optimisation for
//! Lifelong MAPF*, AAAI 2024, and of guidance graphs, Zhang et al., IJCAI 2024; here the costs of
//! the last round serve all agents, so that one who is pushed off its path finds the streams again).

use super::grid::NONE;
use super::{Cell, Distances, Grid, Instance};

/// What a step costs by itself.
pub(crate) const STEP: u32 = 16;
/// What guidance adds at most to a step.
const MORE_MAX: f32 = 64.0;
/// Buckets of a search: more than a step can cost.
const RING: usize = 128;
/// By how many steps somebody may be pushed aside.
const ASIDE: usize = 30;
/// A path may cost this much more than the shortest one's steps, plus half of those again.
const LONGER: u32 = 10;

/// How traffic is learnt.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Lesson {
    /// What a step costs more for an average load of its cell, in sixteenths of a step.
    pub crowd: f32,
    /// And for an average load of a stream from ahead; going along with a stream takes off half as
    /// much of it.
    pub ahead: f32,
    /// How often all choose.
    pub sweeps: usize,
    /// From how many agents it is learnt at most.
    pub drivers: usize,
}

impl Lesson {
    /// Those that served best on benchmark maps, in order.
    pub const ALL: [Self; 3] = [
        Self::new(1.0, 12.0, 6),
        Self::new(2.0, 24.0, 1),
        Self::new(1.0, 24.0, 3),
    ];

    const fn new(crowd: f32, ahead: f32, sweeps: usize) -> Self {
        Self {
            crowd,
            ahead,
            sweeps,
            drivers: 2_000,
        }
    }
}

/// The cost of every step on a map.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Guidance {
    /// By cell and side (east, south, west, north) of the cell that is *left*.
    price: Vec<[u8; 4]>,
}

impl Guidance {
    /// What a step costs at least.
    pub const STEP: u8 = STEP as u8;

    /// Every step costs the same.
    #[must_use]
    pub fn even(grid: &Grid) -> Self {
        Self {
            price: vec![[STEP as u8; 4]; grid.cells()],
        }
    }

    /// What a step costs from a cell over a side.
    #[inline]
    pub(crate) fn price(&self, cell: Cell, side: u8) -> u32 {
        u32::from(self.price[cell as usize][usize::from(side)])
    }

    /// Costs to a goal for one that goes only where it faces, and turns by 90 degrees in a step: by
    /// cell * 4 + heading.
    pub(crate) fn turning(&self, grid: &Grid, goal: Cell) -> Distances {
        let mut cost = vec![Distances::FAR; grid.cells() * 4];
        let mut buckets: [Vec<u32>; RING] = std::array::from_fn(|_| Vec::new());
        for state in goal * 4..goal * 4 + 4 {
            cost[state as usize] = 0;
            buckets[0].push(state);
        }
        let (mut level, mut empty) = (0_usize, 0);
        while empty < RING {
            let Some(state) = buckets[level % RING].pop() else {
                level += 1;
                empty += 1;
                continue;
            };
            empty = 0;
            if usize::from(cost[state as usize]) != level {
                continue;
            }
            let (cell, heading) = (state / 4, (state % 4) as usize);
            let behind = grid.sides(cell)[heading ^ 2];
            let came = match behind {
                NONE => None,
                from => Some((from * 4 + heading as u32, self.price(from, heading as u8))),
            };
            let turned = [1, 3].map(|by| (cell * 4 + (heading as u32 + by) % 4, STEP));
            for (state, step) in came.into_iter().chain(turned) {
                let next = level + step as usize;
                if next < usize::from(cost[state as usize]) {
                    cost[state as usize] = next as u16;
                    buckets[next % RING].push(state);
                }
            }
        }
        Distances::from_costs(cost)
    }

    /// What the agents of an instance learn from each other's paths.
    #[must_use]
    pub fn learnt(instance: &Instance, lesson: Lesson) -> Self {
        let grid = &*instance.grid;
        let agents = instance.starts.len().min(lesson.drivers);
        let distances: Vec<Distances> = instance.goals[..agents]
            .iter()
            .map(|g| Distances::to(grid, *g))
            .collect();
        let total: f32 = (0..agents)
            .map(|a| f32::from(distances[a].from(instance.starts[a])))
            .sum();
        let mut traffic = Traffic::new(grid.cells(), total, lesson);
        let mut search = Search::new(grid.cells());
        let mut paths: Vec<Vec<(Cell, u8)>> = vec![Vec::new(); agents];
        for _ in 0..lesson.sweeps {
            for agent in 0..agents {
                let ends = (instance.starts[agent], instance.goals[agent]);
                traffic.count(&paths[agent], -1.0);
                paths[agent] = search.path(grid, &distances[agent], ends, &traffic);
                traffic.count(&paths[agent], 1.0);
            }
        }
        let price = (0..grid.cells() as Cell).map(|cell| {
            let sides = grid.sides(cell);
            std::array::from_fn(|side| match sides[side] {
                NONE => STEP as u8,
                to => traffic.price(cell, side, to) as u8,
            })
        });
        Self {
            price: price.collect(),
        }
    }

    /// Costs from every cell to a goal by this guidance. Dial's bucket queue (Commun. ACM 12 (1969)
    /// 632).
    #[must_use]
    pub fn distances(&self, grid: &Grid, goal: Cell) -> Distances {
        self.search(grid, goal, |_| 0, |_, _| usize::MAX)
    }

    /// The same from the cells that somebody may pass who goes from a start to the goal and is
    /// pushed aside by some steps; others are [`Distances::FAR`]. This is A*, for many agents.
    #[must_use]
    pub fn distances_between(&self, grid: &Grid, start: Cell, goal: Cell) -> Distances {
        let (x, y) = grid.position(start);
        let rest = |cell: Cell| {
            let (a, b) = grid.position(cell);
            (a.abs_diff(x) + b.abs_diff(y)) * STEP as usize
        };
        self.search(grid, goal, rest, |cell, level| {
            if cell == start {
                level + level / 16 + ASIDE * 2 * STEP as usize
            } else {
                usize::MAX
            }
        })
    }

    /// From a goal outwards, by cost and what is left at least, up to a level that a cell may set.
    fn search(
        &self,
        grid: &Grid,
        goal: Cell,
        rest: impl Fn(Cell) -> usize,
        limit: impl Fn(Cell, usize) -> usize,
    ) -> Distances {
        const { assert!(2 * STEP as usize + (MORE_MAX as usize) < RING) };
        let mut cost = vec![Distances::FAR; grid.cells()];
        let mut buckets: [Vec<Cell>; RING] = std::array::from_fn(|_| Vec::new());
        let mut level = rest(goal);
        cost[goal as usize] = 0;
        buckets[level % RING].push(goal);
        let mut empty = 0;
        let mut last = usize::MAX;
        while empty < RING && level <= last {
            let Some(cell) = buckets[level % RING].pop() else {
                level += 1;
                empty += 1;
                continue;
            };
            empty = 0;
            let here = usize::from(cost[cell as usize]);
            if here + rest(cell) != level {
                continue;
            }
            last = last.min(limit(cell, level));
            for (side, &near) in grid.sides(cell).iter().enumerate() {
                if near == NONE {
                    continue;
                }
                // The neighbour on a side comes here over its opposite side.
                let next = here + usize::from(self.price[near as usize][side ^ 2]);
                // What is too far for the numbers counts as unreachable.
                if next < usize::from(cost[near as usize]) {
                    cost[near as usize] = next as u16;
                    buckets[(next + rest(near)) % RING].push(near);
                }
            }
        }
        Distances::from_costs(cost)
    }
}

/// How many paths pass each cell, and leave it by each side.
struct Traffic {
    uses: Vec<f32>,
    flow: Vec<[f32; 4]>,
    crowd: f32,
    ahead: f32,
}

impl Traffic {
    /// `total` steps are expected in all: the average load scales the costs.
    fn new(cells: usize, total: f32, lesson: Lesson) -> Self {
        let mean = (total / cells as f32).max(1.0);
        Self {
            uses: vec![0.0; cells],
            flow: vec![[0.0; 4]; cells],
            crowd: lesson.crowd / mean,
            ahead: lesson.ahead / mean,
        }
    }

    fn count(&mut self, path: &[(Cell, u8)], by: f32) {
        for &(cell, side) in path {
            self.uses[cell as usize] += by;
            self.flow[cell as usize][usize::from(side)] += by;
        }
    }

    #[inline]
    fn price(&self, cell: Cell, side: usize, to: Cell) -> u32 {
        let crowded = self.uses[to as usize] * self.crowd;
        let against = self.flow[to as usize][side ^ 2];
        let along = self.flow[cell as usize][side] * 0.5;
        let more = crowded + ((against - along) * self.ahead).max(0.0);
        STEP + more.min(MORE_MAX) as u32
    }
}

/// A* with buckets over whole costs.
struct Search {
    cost: Vec<u32>,
    from: Vec<u8>,
    seen: Vec<u32>,
    round: u32,
    buckets: Vec<Vec<(Cell, u32)>>,
}

impl Search {
    fn new(cells: usize) -> Self {
        Self {
            cost: vec![0; cells],
            from: vec![0; cells],
            seen: vec![0; cells],
            round: 0,
            buckets: Vec::new(),
        }
    }

    /// The cheapest path that does not stray far from the shortest, as cells and the sides by
    /// which they are left, from its end.
    fn path(
        &mut self,
        grid: &Grid,
        distances: &Distances,
        (start, goal): (Cell, Cell),
        traffic: &Traffic,
    ) -> Vec<(Cell, u8)> {
        self.round += 1;
        let round = self.round;
        let shortest = u32::from(distances.from(start));
        let far = shortest + shortest / 2 + LONGER;
        let estimate = |cell: Cell| u32::from(distances.from(cell)) * STEP;
        let first = estimate(start);
        for bucket in &mut self.buckets {
            bucket.clear();
        }
        self.cost[start as usize] = 0;
        self.seen[start as usize] = round;
        self.put(0, start, 0);
        let mut level = 0;
        while level < self.buckets.len() {
            let Some((cell, cost)) = self.buckets[level].pop() else {
                level += 1;
                continue;
            };
            if self.cost[cell as usize] != cost {
                continue;
            }
            if cell == goal {
                break;
            }
            for (side, &to) in grid.sides(cell).iter().enumerate() {
                if to == NONE || u32::from(distances.from(to)) > far {
                    continue;
                }
                let next = cost + traffic.price(cell, side, to);
                if self.seen[to as usize] != round || next < self.cost[to as usize] {
                    self.seen[to as usize] = round;
                    self.cost[to as usize] = next;
                    self.from[to as usize] = side as u8;
                    self.put((next + estimate(to) - first) as usize, to, next);
                }
            }
        }
        let mut path = Vec::new();
        if self.seen[goal as usize] != round {
            return path;
        }
        let mut at = goal;
        while at != start {
            let side = self.from[at as usize];
            at = grid.sides(at)[usize::from(side ^ 2)];
            path.push((at, side));
        }
        path
    }

    fn put(&mut self, level: usize, cell: Cell, cost: u32) {
        if level >= self.buckets.len() {
            self.buckets.resize(level + 1, Vec::new());
        }
        self.buckets[level].push((cell, cost));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::mapf::read_map;
    use std::sync::Arc;

    #[test]
    fn even_guidance_is_distance() {
        let grid = read_map("height 3\nwidth 4\nmap\n....\n.@@.\n....\n").unwrap();
        let steps = Distances::to(&grid, 0);
        let costs = Guidance::even(&grid).distances(&grid, 0);
        for cell in 0..grid.cells() as Cell {
            assert_eq!(
                u32::from(costs.from(cell)),
                u32::from(steps.from(cell)) * STEP
            );
        }
    }

    #[test]
    fn opposite_streams_take_different_lanes() {
        // Two lanes between two rooms, 12 agents each way: against the stream costs more.
        let map =
            "height 4\nwidth 12\nmap\n............\n@@@@....@@@@\n............\n............\n";
        let grid = Arc::new(read_map(map).unwrap());
        let (mut starts, mut goals) = (Vec::new(), Vec::new());
        for y in [0, 2, 3] {
            for x in 0..4 {
                let (here, there) = (grid.cell(x, y).unwrap(), grid.cell(11 - x, y).unwrap());
                starts.extend([here, there]);
                goals.extend([there, here]);
            }
        }
        let instance = Instance {
            grid,
            starts,
            goals,
        };
        let guidance = Guidance::learnt(&instance, Lesson::ALL[0]);
        let grid = &instance.grid;
        let through = |y: usize| {
            let east = guidance.price[grid.cell(5, y).unwrap() as usize][0];
            let west = guidance.price[grid.cell(6, y).unwrap() as usize][2];
            (east, west)
        };
        assert!((0..4).any(|y| through(y).0 > through(y).1));
        assert!((0..4).any(|y| through(y).0 < through(y).1));
    }
}
