//! What every exchange of two places would change, kept up to date in constant time for each.

use super::Instance;

/// An instance made ready for search: if one of the matrices is symmetric, so is the other, made
/// from its two halves; then one product stands for both directions and costs count double.
#[derive(Debug)]
pub(super) struct Matrices {
    pub n: usize,
    flow: Vec<i64>,
    distance: Vec<i64>,
    symmetric: bool,
}

impl Matrices {
    pub fn new(instance: &Instance) -> Self {
        let n = instance.n;
        let (a, b) = (&instance.flow, &instance.distance);
        let is_symmetric = |m: &[i64]| (0..n).all(|i| (0..i).all(|j| m[i * n + j] == m[j * n + i]));
        let both = |m: &[i64]| -> Vec<i64> {
            let at = |k: usize| m[k] + m[k % n * n + k / n];
            (0..n * n).map(at).collect()
        };
        let (flow, distance, symmetric) = match (is_symmetric(a), is_symmetric(b)) {
            (true, _) => (a.clone(), both(b), true),
            (false, true) => (both(a), b.clone(), true),
            (false, false) => (a.iter().map(|x| 2 * x).collect(), b.clone(), false),
        };
        Self {
            n,
            flow,
            distance,
            symmetric,
        }
    }
}

/// A permutation with its cost and the change that each exchange would make, all doubled as
/// [`Matrices`] has them.
#[derive(Clone, Debug)]
pub(super) struct State {
    pub places: Vec<usize>,
    pub cost: i64,
    /// `changes[r * n + s]` for `r < s`.
    pub changes: Vec<i64>,
    /// Distances between units where they are now, so that sums over units run along rows.
    apart: Vec<i64>,
    out: [Vec<i64>; 2],
    back: [Vec<i64>; 2],
}

impl State {
    pub fn new(matrices: &Matrices, places: Vec<usize>) -> Self {
        let n = matrices.n;
        let none = || [vec![0; n], vec![0; n]];
        let mut state = Self {
            cost: 0,
            changes: vec![0; n * n],
            apart: vec![0; n * n],
            places,
            out: none(),
            back: none(),
        };
        state.evaluate(matrices);
        state
    }

    /// Takes other places.
    pub fn reset(&mut self, matrices: &Matrices, places: &[usize]) {
        self.places.clear();
        self.places.extend_from_slice(places);
        self.evaluate(matrices);
    }

    fn evaluate(&mut self, matrices: &Matrices) {
        let n = matrices.n;
        for (i, row) in self.apart.chunks_mut(n).enumerate() {
            let far = &matrices.distance[self.places[i] * n..][..n];
            for (distance, &place) in row.iter_mut().zip(&self.places) {
                *distance = far[place];
            }
        }
        let terms = matrices.flow.iter().zip(&self.apart);
        self.cost = terms.map(|(flow, distance)| flow * distance).sum();
        for r in 0..n {
            for s in r + 1..n {
                self.changes[r * n + s] = self.change(matrices, r, s);
            }
        }
    }

    /// What exchanging the places of `r` and `s` would change, in linear time.
    fn change(&self, matrices: &Matrices, r: usize, s: usize) -> i64 {
        let n = matrices.n;
        let (a, b) = (&matrices.flow, &self.apart);
        let rows = a[r * n..][..n].iter().zip(&a[s * n..][..n]);
        let far = b[r * n..][..n].iter().zip(&b[s * n..][..n]);
        let along: i64 = rows
            .zip(far)
            .map(|((ar, as_), (br, bs))| (ar - as_) * (bs - br))
            .sum();
        let at = |m: &[i64], i: usize, j: usize| m[i * n + j];
        // Terms with r and s themselves are not exchanged alike: they are taken out and put in.
        let inner = |k: usize| (at(a, r, k) - at(a, s, k)) * (at(b, s, k) - at(b, r, k));
        let along = along - inner(r) - inner(s);
        let across = if matrices.symmetric {
            along
        } else {
            (0..n)
                .filter(|&k| k != r && k != s)
                .map(|k| (at(a, k, r) - at(a, k, s)) * (at(b, k, s) - at(b, k, r)))
                .sum()
        };
        along
            + across
            + (at(a, r, r) - at(a, s, s)) * (at(b, s, s) - at(b, r, r))
            + (at(a, r, s) - at(a, s, r)) * (at(b, s, r) - at(b, r, s))
    }

    /// Exchanges the places of `r < s`.
    ///
    /// For units other than these the change of an exchange of `i` and `j` grows by
    /// `(uᵢ − uⱼ)(vᵢ − vⱼ)` in each direction, with `u` the difference of the flows of `r` and `s`
    /// and `v` that of the distances from their new places (Taillard 1991).
    pub fn exchange(&mut self, matrices: &Matrices, r: usize, s: usize) {
        let n = matrices.n;
        self.cost += self.changes[r * n + s];
        self.places.swap(r, s);
        for k in 0..n {
            self.apart.swap(r * n + k, s * n + k);
        }
        for k in 0..n {
            self.apart.swap(k * n + r, k * n + s);
        }
        let (a, b) = (&matrices.flow, &self.apart);
        for i in 0..n {
            self.out[0][i] = a[r * n + i] - a[s * n + i];
            self.out[1][i] = b[s * n + i] - b[r * n + i];
        }
        let both = if matrices.symmetric { 2 } else { 1 };
        grow(&mut self.changes, &self.out, both);
        if !matrices.symmetric {
            for i in 0..n {
                self.back[0][i] = a[i * n + r] - a[i * n + s];
                self.back[1][i] = b[i * n + s] - b[i * n + r];
            }
            grow(&mut self.changes, &self.back, 1);
        }
        for k in 0..n {
            for unit in [r, s] {
                let (low, high) = (k.min(unit), k.max(unit));
                if low != high {
                    self.changes[low * n + high] = self.change(matrices, low, high);
                }
            }
        }
    }
}

fn grow(changes: &mut [i64], [u, v]: &[Vec<i64>; 2], factor: i64) {
    let n = u.len();
    for i in 0..n {
        let (ui, vi) = (factor * u[i], v[i]);
        let row = &mut changes[i * n + i + 1..(i + 1) * n];
        for ((change, uj), vj) in row.iter_mut().zip(&u[i + 1..]).zip(&v[i + 1..]) {
            *change += (ui - factor * uj) * (vi - vj);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use quantity::Seed;
    use rand::seq::SliceRandom;

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(60))]
        #[test]
        fn changes_stay_what_the_sums_say(
            n in 2_usize..9,
            kind in 0..4,
            entries in proptest::collection::vec(-20_i64..50, 162),
            pairs in proptest::collection::vec((0_usize..9, 0_usize..9), 1..12),
            seed in 0_u64..1000,
        ) {
            let mut flow = entries[..n * n].to_vec();
            let mut distance = entries[81..81 + n * n].to_vec();
            for (matrix, bit) in [(&mut flow, 1), (&mut distance, 2)] {
                for k in 0..n * n {
                    if kind & bit != 0 && k / n < k % n {
                        matrix[k] = matrix[k % n * n + k / n];
                    }
                }
            }
            let instance = Instance::new(n, flow, distance).unwrap();
            let matrices = Matrices::new(&instance);
            let mut places: Vec<usize> = (0..n).collect();
            places.shuffle(&mut Seed(seed).rng());
            let mut state = State::new(&matrices, places);
            for (r, s) in pairs {
                let (r, s) = (r % n, s % n);
                if r != s {
                    state.exchange(&matrices, r.min(s), r.max(s));
                }
                prop_assert_eq!(state.cost, 2 * instance.cost(&state.places));
                for i in 0..n {
                    for j in i + 1..n {
                        let mut other = state.places.clone();
                        other.swap(i, j);
                        let change = 2 * (instance.cost(&other) - instance.cost(&state.places));
                        prop_assert_eq!(state.changes[i * n + j], change);
                    }
                }
            }
        }
    }
}
