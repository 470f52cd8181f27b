//! The quadratic assignment problem: `n` units put into `n` places so that the sum over pairs of
//! units of flow × distance is least (Koopmans and Beckmann, Econometrica 25 (1957)).
//!
//! - [`read_instance`], [`read_solution`], [`write_solution`]: the formats of QAPLIB (Burkard, Karisch
//!   and Rendl, J. Global Optim. 10 (1997)).
//! - [`solve`]: a memetic search (Benlic and Hao, Expert Syst. Appl. 42 (2015)) over robust tabu
//!   search (Taillard, Parallel Comput. 17 (1991)). It goes on until it is told to stop.
//! - [`Instance::cost`]: the obvious sum, by which every answer is checked.

mod evaluate;
mod memetic;
mod read;
mod tabu;

pub use memetic::{Progress, solve};
pub use read::{FormatError, Stated, read_instance, read_solution, write_solution};

/// The most units of an instance: two matrices of so many rows are 1 GiB.
pub const UNITS_MAX: usize = 8192;

/// Flows between units and distances between places.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Instance {
    n: usize,
    flow: Vec<i64>,
    distance: Vec<i64>,
}

impl Instance {
    /// From two square matrices, row by row.
    ///
    /// # Errors
    /// If they aren't `n × n`, or so large that a cost could overflow.
    pub fn new(n: usize, flow: Vec<i64>, distance: Vec<i64>) -> Result<Self, FormatError> {
        let wrong = |what: String| Err(FormatError { line: 0, what });
        if n == 0 || n > UNITS_MAX {
            return wrong(format!("{n} units; expected 1 to {UNITS_MAX}"));
        }
        if flow.len() != n * n || distance.len() != n * n {
            return wrong(format!(
                "{} flows and {} distances; expected {} of each",
                flow.len(),
                distance.len(),
                n * n
            ));
        }
        let most = |list: &[i64]| list.iter().map(|x| x.unsigned_abs()).max().unwrap_or(0);
        let product = u128::from(most(&flow)) * u128::from(most(&distance));
        if product * 4 * (n as u128).pow(2) >= 1 << 62 {
            return wrong(format!(
                "flows up to {} and distances up to {} are too large for {n} units: costs would leave 63 bits",
                most(&flow),
                most(&distance)
            ));
        }
        Ok(Self { n, flow, distance })
    }

    /// How many units there are, and how many places.
    #[must_use]
    pub fn size(&self) -> usize {
        self.n
    }

    /// The flow from one unit to another.
    #[must_use]
    pub fn flow(&self, from: usize, to: usize) -> i64 {
        self.flow[from * self.n + to]
    }

    /// The distance from one place to another.
    #[must_use]
    pub fn distance(&self, from: usize, to: usize) -> i64 {
        self.distance[from * self.n + to]
    }

    /// The cost of putting unit `i` into place `places[i]`.
    #[must_use]
    pub fn cost(&self, places: &[usize]) -> i64 {
        let pairs = (0..self.n).flat_map(|i| (0..self.n).map(move |j| (i, j)));
        pairs
            .map(|(i, j)| self.flow(i, j) * self.distance(places[i], places[j]))
            .sum()
    }

    /// The same problem with the roles of flows and distances exchanged: the inverse permutations
    /// have the same costs.
    #[must_use]
    pub fn exchanged(&self) -> Self {
        Self {
            n: self.n,
            flow: self.distance.clone(),
            distance: self.flow.clone(),
        }
    }
}

/// A place for each unit, and what that costs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Solution {
    /// The place of each unit.
    pub places: Vec<usize>,
    /// Its cost.
    pub cost: i64,
}

impl Solution {
    /// Whether it is a permutation with the cost that it states.
    #[must_use]
    pub fn holds(&self, instance: &Instance) -> bool {
        let mut seen = vec![false; instance.size()];
        let permutation = self.places.len() == instance.size()
            && self
                .places
                .iter()
                .all(|&place| place < seen.len() && !std::mem::replace(&mut seen[place], true));
        permutation && instance.cost(&self.places) == self.cost
    }
}
