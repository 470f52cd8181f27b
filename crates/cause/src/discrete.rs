//! Scores of categorical variables.

use crate::fold::Fold;
use crate::nodes::Nodes;
use crate::score::{LocalScore, ln_gamma};
use std::collections::HashMap;
use std::sync::Mutex;

/// The Bayesian Dirichlet score with uniform joint prior, BDeu (Heckerman, Geiger and Chickering, Machine
/// Learning 20 (1995) 197), of categorical rows with interventions: rows in which a variable was set
/// from outside are left out of its term (Cooper and Yoo, UAI 1999). Equal for graphs that observation
/// can't tell apart.
#[derive(Debug)]
pub struct DiscreteScore {
    levels: Vec<usize>,
    /// By variable, the level of each row.
    columns: Vec<Vec<u16>>,
    /// What was set in each row.
    set: Vec<Nodes>,
    /// Rows' worth of the prior.
    weight: f64,
    cache: Mutex<HashMap<(usize, Nodes), f64, Fold>>,
}

/// Cells of a table that is kept whole; larger ones only keep what occurs.
const WHOLE_MAX: usize = 1 << 18;

impl DiscreteScore {
    /// For rows of levels numbered from 0, and what was set in each; the prior is worth `weight` rows.
    ///
    /// `None` if rows differ in length, or there are not as many sets as rows.
    #[must_use]
    pub fn new(rows: &[Vec<u16>], set: Vec<Nodes>, weight: f64) -> Option<Self> {
        let n = rows.first()?.len();
        if set.len() != rows.len() || rows.iter().any(|row| row.len() != n) {
            return None;
        }
        let columns: Vec<Vec<u16>> = (0..n)
            .map(|node| rows.iter().map(|row| row[node]).collect())
            .collect();
        Some(Self {
            levels: columns
                .iter()
                .map(|column| column.iter().max().map_or(1, |most| usize::from(*most) + 1))
                .collect(),
            columns,
            set,
            weight,
            cache: Mutex::default(),
        })
    }

    fn term(&self, node: usize, parents: Nodes) -> f64 {
        let own = self.levels[node];
        let settings = parents
            .iter()
            .try_fold(1_usize, |product, p| product.checked_mul(self.levels[p]));
        let Some(settings) = settings.filter(|q| q.checked_mul(own).is_some()) else {
            return f64::NEG_INFINITY;
        };
        let parents: Vec<usize> = parents.iter().collect();
        let place = |row: usize| {
            let above = parents.iter().fold(0, |at, p| {
                at * self.levels[*p] + usize::from(self.columns[*p][row])
            });
            above * own + usize::from(self.columns[node][row])
        };
        let used = (0..self.set.len()).filter(|row| !self.set[*row].has(node));
        let each = self.weight / settings as f64;
        let cell = each / own as f64;
        let add = |counts: &[u32]| -> f64 {
            let all: u32 = counts.iter().sum();
            let cells = counts.iter().filter(|count| **count > 0);
            let cells: f64 = cells
                .map(|count| ln_gamma(cell + f64::from(*count)) - ln_gamma(cell))
                .sum();
            cells + ln_gamma(each) - ln_gamma(each + f64::from(all))
        };
        if settings * own <= WHOLE_MAX {
            let mut counts = vec![0_u32; settings * own];
            for row in used {
                counts[place(row)] += 1;
            }
            let filled = counts
                .chunks(own)
                .filter(|c| c.iter().any(|count| *count > 0));
            return filled.map(add).sum();
        }
        let mut counts: HashMap<usize, Vec<u32>, Fold> = HashMap::default();
        for row in used {
            let at = place(row);
            counts.entry(at / own).or_insert_with(|| vec![0; own])[at % own] += 1;
        }
        // In the order of the settings, so that the sum does not depend on the hash map.
        let mut counts: Vec<(usize, Vec<u32>)> = counts.into_iter().collect();
        counts.sort_unstable();
        counts.iter().map(|(_, counts)| add(counts)).sum()
    }
}

impl LocalScore for DiscreteScore {
    fn variables(&self) -> usize {
        self.levels.len()
    }

    fn local(&self, node: usize, parents: Nodes) -> f64 {
        let key = (node, parents);
        let known = self.cache.lock().ok().and_then(|c| c.get(&key).copied());
        known.unwrap_or_else(|| {
            let value = self.term(node, parents);
            if let Ok(mut cache) = self.cache.lock() {
                cache.insert(key, value);
            }
            value
        })
    }

    fn targets(&self) -> Vec<Nodes> {
        let mut sets = self.set.clone();
        sets.sort_unstable();
        sets.dedup();
        sets
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// One coin, no parents, prior worth two rows: heads 3, tails 1 have probability
    /// B(1 + 3, 1 + 1) / B(1, 1) = 3! 1! / 5! = 1/20.
    #[test]
    fn a_coin_by_hand() {
        let rows = [[0], [0], [1], [0]].map(|row: [u16; 1]| row.to_vec());
        let score = DiscreteScore::new(&rows, vec![Nodes::NONE; 4], 2.0).unwrap();
        assert!((score.local(0, Nodes::NONE) - (1.0_f64 / 20.0).ln()).abs() < 1e-12);
        // Set from outside, a row says nothing.
        let set = DiscreteScore::new(&rows, vec![Nodes::one(0); 4], 2.0).unwrap();
        assert_eq!(set.local(0, Nodes::NONE), 0.0);
    }

    #[test]
    fn equivalent_graphs_score_alike() {
        let rows: Vec<Vec<u16>> = (0..50_u16)
            .map(|i| vec![i * 7 % 3, i * 5 % 11 % 2])
            .collect();
        let score = DiscreteScore::new(&rows, vec![Nodes::NONE; 50], 1.0).unwrap();
        let forth = score.local(0, Nodes::NONE) + score.local(1, Nodes::one(0));
        let back = score.local(1, Nodes::NONE) + score.local(0, Nodes::one(1));
        assert!((forth - back).abs() < 1e-9);
    }
}
