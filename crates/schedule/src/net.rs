//! The simple temporal network of one plate, closed: every least distance between two of its times.
//!
//! Dechter, Meiri and Pearl, Temporal constraint networks, Artificial Intelligence 49 (1991).

/// No bound.
pub(crate) const NONE: i64 = i64::MIN / 4;

/// Lower bounds on differences: `time[to] >= time[from] + bound(from, to)`.
#[derive(Clone, Debug)]
pub(crate) struct Net {
    nodes: usize,
    bound: Vec<i64>,
}

impl Net {
    pub(crate) fn new(nodes: usize) -> Self {
        let mut bound = vec![NONE; nodes * nodes];
        for node in 0..nodes {
            bound[node * nodes + node] = 0;
        }
        Self { nodes, bound }
    }

    pub(crate) fn nodes(&self) -> usize {
        self.nodes
    }

    /// Adds `time[to] >= time[from] + least`.
    pub(crate) fn at_least(&mut self, from: usize, to: usize, least: i64) {
        let cell = &mut self.bound[from * self.nodes + to];
        *cell = (*cell).max(least);
    }

    /// Adds `time[to] <= time[from] + most`.
    pub(crate) fn at_most(&mut self, from: usize, to: usize, most: i64) {
        self.at_least(to, from, -most);
    }

    pub(crate) fn bound(&self, from: usize, to: usize) -> i64 {
        self.bound[from * self.nodes + to]
    }

    /// Makes every bound that follows explicit (Floyd and Warshall); whether they can all hold.
    pub(crate) fn close(&mut self) -> bool {
        let n = self.nodes;
        for via in 0..n {
            for from in 0..n {
                let first = self.bound[from * n + via];
                if first <= NONE {
                    continue;
                }
                for to in 0..n {
                    let second = self.bound[via * n + to];
                    if second > NONE {
                        let cell = &mut self.bound[from * n + to];
                        *cell = (*cell).max(first + second);
                    }
                }
            }
            if self.bound[via * n + via] > 0 {
                return false;
            }
        }
        (0..n).all(|node| self.bound[node * n + node] <= 0)
    }

    /// Raises one time to `value` and all others as far as they must follow.
    pub(crate) fn raise(&self, times: &mut [i64], node: usize, value: i64) {
        let row = &self.bound[node * self.nodes..(node + 1) * self.nodes];
        for (time, &bound) in times.iter_mut().zip(row) {
            *time = (*time).max(value + bound);
        }
    }

    /// Lowers one time to `value` and all others as far as they must follow.
    pub(crate) fn lower(&self, times: &mut [i64], node: usize, value: i64) {
        for (other, time) in times.iter_mut().enumerate() {
            *time = (*time).min(value - self.bound[other * self.nodes + node]);
        }
    }
}
