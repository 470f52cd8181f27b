//! Which ways come too near to each other: a grid to find them, and sets to join them in.

use std::collections::BTreeMap;

/// A hash-free grid of boxes: which things are near which.
pub(super) struct Near {
    cell: f64,
    cells: BTreeMap<(i64, i64), Vec<usize>>,
}

impl Near {
    pub(super) fn new(cell: f64) -> Self {
        Self {
            cell,
            cells: BTreeMap::new(),
        }
    }

    fn key(&self, x: f64, y: f64) -> (i64, i64) {
        (
            (x / self.cell).floor() as i64,
            (y / self.cell).floor() as i64,
        )
    }

    pub(super) fn add(&mut self, i: usize, b: [f64; 4], margin: f64) {
        let low = self.key(b[0] - margin, b[1] - margin);
        let high = self.key(b[2] + margin, b[3] + margin);
        for x in low.0..=high.0 {
            for y in low.1..=high.1 {
                self.cells.entry((x, y)).or_default().push(i);
            }
        }
    }

    pub(super) fn at(&self, [x, y]: [f64; 2]) -> impl Iterator<Item = usize> {
        self.cells
            .get(&self.key(x, y))
            .into_iter()
            .flatten()
            .copied()
    }

    pub(super) fn pairs(&self) -> Vec<(usize, usize)> {
        let mut pairs: Vec<(usize, usize)> = self
            .cells
            .values()
            .flat_map(|list| {
                list.iter().enumerate().flat_map(move |(k, &a)| {
                    list[k + 1..].iter().map(move |&b| (a.min(b), a.max(b)))
                })
            })
            .collect();
        pairs.sort_unstable();
        pairs.dedup();
        pairs
    }
}

/// Sets that can be joined.
pub(super) struct Groups(Vec<usize>);

impl Groups {
    pub(super) fn new(n: usize) -> Self {
        Self((0..n).collect())
    }

    pub(super) fn find(&mut self, mut i: usize) -> usize {
        while self.0[i] != i {
            self.0[i] = self.0[self.0[i]];
            i = self.0[i];
        }
        i
    }

    pub(super) fn join(&mut self, a: usize, b: usize) {
        let (a, b) = (self.find(a), self.find(b));
        self.0[a.max(b)] = a.min(b);
    }
}
