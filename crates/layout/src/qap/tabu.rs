//! Robust tabu search (Taillard, Parallel Comput. 17 (1991)): the best exchange that is not
//! forbidden, taken even if it makes things worse; who leaves a place may not come back for a while.

use super::evaluate::{Matrices, State};
use quantity::Rng;
use rand::RngExt;

/// How long a unit may not come back is drawn anew each time: `TENURE x n` times the cube of a
/// uniform number, so mostly short and now and then long (Taillard's later choice, 8 n).
const TENURE: f64 = 8.0;
/// An exchange that was possible and not made for `PATIENCE x n²` turns is made (5 n²).
const PATIENCE: u64 = 5;

/// What is forbidden: by unit and place, the turn until which the unit may not come back.
#[derive(Debug)]
pub(super) struct Tabu {
    until: Vec<u64>,
    turn: u64,
    /// The best places met in this search.
    pub best: Vec<usize>,
    /// Their cost.
    pub cost: i64,
}

impl Tabu {
    pub fn new(n: usize) -> Self {
        Self {
            until: vec![0; n * n],
            turn: 0,
            best: Vec::new(),
            cost: i64::MAX,
        }
    }

    /// Begins a search at a state.
    pub fn begin(&mut self, state: &State) {
        let n = state.places.len() as u64;
        self.turn = PATIENCE * n * n + 1;
        // As if every unit had left every place in turn: none is forced at once.
        for (index, until) in self.until.iter_mut().enumerate() {
            *until = self.turn - (index as u64 % (n * n));
        }
        self.best.clone_from(&state.places);
        self.cost = state.cost;
    }

    /// Makes so many exchanges.
    pub fn run(&mut self, matrices: &Matrices, state: &mut State, turns: u64, rng: &mut Rng) {
        let n = matrices.n;
        let patience = PATIENCE * (n * n) as u64;
        for _ in 0..turns {
            let (r, s) = self.choose(state, n, patience).unwrap_or_else(|| {
                let r = rng.random_range(0..n - 1);
                (r, rng.random_range(r + 1..n))
            });
            for unit in [r, s] {
                let share: f64 = rng.random();
                let tenure = 1.0 + share * share * share * TENURE * n as f64;
                self.until[unit * n + state.places[unit]] = self.turn + tenure as u64;
            }
            state.exchange(matrices, r, s);
            self.turn += 1;
            if state.cost < self.cost {
                self.cost = state.cost;
                self.best.clone_from(&state.places);
            }
        }
    }

    /// The best exchange that is not forbidden, or that leads to a cost never met; one that waited
    /// too long comes first.
    fn choose(&self, state: &State, n: usize, patience: u64) -> Option<(usize, usize)> {
        let mut found = None;
        let (mut least, mut forced) = (i64::MAX, false);
        for r in 0..n {
            let until_r = &self.until[r * n..][..n];
            let place_r = state.places[r];
            let row = &state.changes[r * n + r + 1..(r + 1) * n];
            for (k, &change) in row.iter().enumerate() {
                let s = r + 1 + k;
                let (one, other) = (until_r[state.places[s]], self.until[s * n + place_r]);
                let waited = one.max(other) + patience < self.turn;
                if change >= least && !waited || forced && (!waited || change >= least) {
                    continue;
                }
                let free = one.min(other) < self.turn;
                if free || waited || state.cost + change < self.cost {
                    found = Some((r, s));
                    least = change;
                    forced |= waited;
                }
            }
        }
        found
    }
}
