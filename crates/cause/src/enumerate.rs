//! Every acyclic graph over a few variables.

use crate::graph::{Dag, Essential};
use crate::nodes::Nodes;
use std::collections::HashSet;

/// The most variables whose graphs are enumerated: 3,781,503 graphs (Robinson 1973).
pub const MAX_ENUMERATED: usize = 6;

/// Calls `visit` with the parents of each variable, once for every acyclic graph.
///
/// # Panics
/// If there are more than [`MAX_ENUMERATED`] variables.
pub fn graphs(variables: usize, mut visit: impl FnMut(&[Nodes])) {
    assert!(
        variables <= MAX_ENUMERATED,
        "{variables} variables have too many graphs to enumerate"
    );
    let mut parents = vec![Nodes::NONE; variables];
    // Everything that lies below each variable, itself included.
    let below: Vec<u8> = (0..variables).map(|node| 1 << node).collect();
    choose(0, &below, &mut parents, &mut visit);
}

fn choose(node: usize, below: &[u8], parents: &mut [Nodes], visit: &mut impl FnMut(&[Nodes])) {
    let n = parents.len();
    if node == n {
        visit(parents);
        return;
    }
    // What lies below this variable can't drive it.
    let free = !below[node] & ((1_u16 << n) - 1) as u8;
    // Every subset of the free ones.
    let mut set = free;
    loop {
        parents[node] = Nodes(u128::from(set));
        let mut next = [0_u8; MAX_ENUMERATED];
        next[..n].copy_from_slice(below);
        for above in 0..n {
            // Whoever reaches a new parent now reaches this variable and all below it.
            if below[above] & set != 0 {
                next[above] |= below[node];
            }
        }
        choose(node + 1, &next[..n], parents, visit);
        if set == 0 {
            break;
        }
        set = (set - 1) & free;
    }
}

/// How many acyclic graphs there are.
#[must_use]
pub fn count_graphs(variables: usize) -> u64 {
    let mut count = 0;
    graphs(variables, |_| count += 1);
    count
}

/// How many Markov equivalence classes there are.
#[must_use]
pub fn count_classes(variables: usize) -> usize {
    let mut classes: HashSet<Essential> = HashSet::new();
    graphs(variables, |parents| {
        if let Some(dag) = Dag::from_parents(parents.to_vec()) {
            classes.insert(dag.essential(&[]));
        }
    });
    classes.len()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// OEIS A003024 and A007984.
    #[test]
    fn counts_are_exact() {
        let graphs: Vec<u64> = (2..=5).map(count_graphs).collect();
        assert_eq!(graphs, [3, 25, 543, 29281]);
        let classes: Vec<usize> = (2..=5).map(count_classes).collect();
        assert_eq!(classes, [2, 11, 185, 8782]);
    }

    #[test]
    fn six_variables_are_within_reach() {
        assert_eq!(count_graphs(6), 3_781_503);
    }
}
