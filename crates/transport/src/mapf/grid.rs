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

    /// Rows and columns between two cells: no way is shorter.
    #[must_use]
    pub fn apart(&self, a: Cell, b: Cell) -> usize {
        let ((ax, ay), (bx, by)) = (self.position(a), self.position(b));
        ax.abs_diff(bx) + ay.abs_diff(by)
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

    /// From costs computed elsewhere.
    pub(crate) fn from_costs(costs: Vec<u16>) -> Self {
        Self(costs)
    }

    /// The least cost from a cell by any heading, where costs know headings.
    pub(crate) fn least(&self, cell: Cell, headings: bool) -> u16 {
        if !headings {
            return self.from(cell);
        }
        let first = cell as usize * 4;
        let [a, b, c, d] = [0, 1, 2, 3].map(|k| self.0[first + k]);
        a.min(b).min(c.min(d))
    }

    /// Steps from a cell.
    #[must_use]
    #[inline]
    pub fn from(&self, cell: Cell) -> u16 {
        self.0[cell as usize]
    }
}
