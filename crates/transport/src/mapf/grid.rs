//! Grid maps and distances on them.

use super::Cell;
use std::collections::VecDeque;

/// No cell, and no agent.
pub(crate) const NONE: u32 = u32::MAX;

/// The free cells of a map, numbered by rows, with their free neighbours.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Grid {
    width: usize,
    height: usize,
    /// The free cell at each place of the map, or none.
    at: Vec<u32>,
    /// The place on the map of each free cell: row * width + column.
    place: Vec<u32>,
    /// East, south, west, north of each free cell.
    side: Vec<[u32; 4]>,
    /// The free neighbours only, packed, and how many.
    near: Vec<([u32; 4], u8)>,
}

impl Grid {
    /// From free places, row by row.
    #[must_use]
    pub fn new(width: usize, height: usize, free: &[bool]) -> Self {
        let mut at = vec![NONE; width * height];
        let mut place = Vec::new();
        for (i, free) in free.iter().enumerate().take(width * height) {
            if *free {
                at[i] = place.len() as u32;
                place.push(i as u32);
            }
        }
        let side: Vec<[u32; 4]> = place
            .iter()
            .map(|&i| {
                let (x, y) = (i as usize % width, i as usize / width);
                let get = |ok: bool, j: usize| if ok { at[j] } else { NONE };
                let i = i as usize;
                [
                    get(x + 1 < width, i + 1),
                    get(y + 1 < height, i + width),
                    get(x > 0, i.wrapping_sub(1)),
                    get(y > 0, i.wrapping_sub(width)),
                ]
            })
            .collect();
        let near = side
            .iter()
            .map(|side| {
                let mut packed = [NONE; 4];
                let mut n = 0;
                for &cell in side {
                    if cell != NONE {
                        packed[n] = cell;
                        n += 1;
                    }
                }
                (packed, n as u8)
            })
            .collect();
        Self {
            width,
            height,
            at,
            place,
            side,
            near,
        }
    }

    /// How many free cells there are.
    #[must_use]
    pub fn cells(&self) -> usize {
        self.place.len()
    }

    /// Columns of the map.
    #[must_use]
    pub fn width(&self) -> usize {
        self.width
    }

    /// Rows of the map.
    #[must_use]
    pub fn height(&self) -> usize {
        self.height
    }

    /// The free cell at a column and row.
    #[must_use]
    pub fn cell(&self, x: usize, y: usize) -> Option<Cell> {
        if x >= self.width || y >= self.height {
            return None;
        }
        Some(self.at[y * self.width + x]).filter(|c| *c != NONE)
    }

    /// Column and row of a cell.
    #[must_use]
    pub fn position(&self, cell: Cell) -> (usize, usize) {
        let place = self.place[cell as usize] as usize;
        (place % self.width, place / self.width)
    }

    /// The free neighbours of a cell.
    #[must_use]
    pub fn neighbours(&self, cell: Cell) -> &[Cell] {
        let (cells, n) = &self.near[cell as usize];
        &cells[..*n as usize]
    }

    /// East, south, west and north of a cell; `u32::MAX` where there is none.
    pub(crate) fn sides(&self, cell: Cell) -> &[u32; 4] {
        &self.side[cell as usize]
    }
}

/// Steps from every cell to one goal.
#[derive(Clone, Debug)]
pub struct Distances(Vec<u16>);

impl Distances {
    /// Further than this counts as unreachable.
    pub const FAR: u16 = u16::MAX;

    /// Breadth-first search from the goal.
    #[must_use]
    pub fn to(grid: &Grid, goal: Cell) -> Self {
        let mut steps = vec![Self::FAR; grid.cells()];
        let mut queue = VecDeque::with_capacity(256);
        steps[goal as usize] = 0;
        queue.push_back(goal);
        while let Some(cell) = queue.pop_front() {
            let next = steps[cell as usize].saturating_add(1);
            for &near in grid.neighbours(cell) {
                if steps[near as usize] == Self::FAR && next < Self::FAR {
                    steps[near as usize] = next;
                    queue.push_back(near);
                }
            }
        }
        Self(steps)
    }

    /// Costs to a goal where going along a lane costs `along` and against it `against`: rows lead
    /// in turn east and west, columns in turn south and north, as guidance that keeps streams
    /// apart. Dial's bucket queue (Commun. ACM 12 (1969) 632).
    #[must_use]
    pub fn guided(grid: &Grid, goal: Cell, along: u16, against: u16) -> Self {
        let mut cost = vec![Self::FAR; grid.cells()];
        let ring = usize::from(along.max(against)) + 1;
        let mut buckets: Vec<Vec<Cell>> = vec![Vec::new(); ring];
        cost[goal as usize] = 0;
        buckets[0].push(goal);
        let (mut level, mut empty) = (0_usize, 0);
        while empty < ring {
            let Some(cell) = buckets[level % ring].pop() else {
                level += 1;
                empty += 1;
                continue;
            };
            empty = 0;
            if usize::from(cost[cell as usize]) != level {
                continue;
            }
            let (x, y) = grid.position(cell);
            // Backwards: from the neighbour on a side one comes over the opposite side.
            let lane = [y % 2 == 1, x % 2 == 1, y % 2 == 0, x % 2 == 0];
            for (side, &near) in grid.sides(cell).iter().enumerate() {
                if near == NONE {
                    continue;
                }
                let step = if lane[side] { along } else { against };
                let next = (level + usize::from(step)).min(usize::from(Self::FAR) - 1);
                if next < usize::from(cost[near as usize]) {
                    cost[near as usize] = next as u16;
                    buckets[next % ring].push(near);
                }
            }
        }
        Self(cost)
    }

    /// Steps from a cell.
    #[must_use]
    #[inline]
    pub fn from(&self, cell: Cell) -> u16 {
        self.0[cell as usize]
    }
}
